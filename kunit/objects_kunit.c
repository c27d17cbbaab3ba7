// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's object debugging reports of tasks. See core/objects.c.
 *
 * The kernel tells five such errors and no more until the next boot. So they are provoked
 * in machines of their own, five at most in each, by a parameter: provoke=NAME.
 *
 * The pool still has what was freed or set up again, so each test makes that good before the pool
 * comes to it.
 */
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include "wpool_kunit.h"

static int objects_init_suite(struct kunit *test)
{
	return wpt_init(test, "wpool_objects");
}

static void expect_report(const char *what, const char *type)
{
	pr_info("wpool_kunit: expect: ODEBUG: %s .* object type: %s\n", what, type);
	pr_info("wpool_kunit: expect: WARNING: .*debug_print_object\n");
}

/* A pool whose only worker is held. */
struct scene {
	struct kunit	*test;
	struct wpool	*pool;
	struct wpt_job	*hold;
};

static int nothing(void *arg)
{
	return 0;
}

static void expect_queued(struct scene *scene, u64 queued)
{
	WPT_EXPECT_STAT(scene->test, scene->pool, QUEUED, queued);
}

/*
 * Frees a task, which has been said to be reported. What is freed in this cache stays what it is
 * until RCU readers are gone: so the task can be taken back, which the kernel takes for another
 * fault, of an object that it does not know any more.
 */
static void free_and_cancel(struct scene *scene, struct kmem_cache *cache,
			    struct wpool_task *task, void *memory)
{
	rcu_read_lock();
	kmem_cache_free(cache, memory);
	expect_report("deactivate not available", "wpool_task");
	KUNIT_EXPECT_TRUE(scene->test, wpool_cancel(task));
	rcu_read_unlock();
	expect_queued(scene, 0);
}

static void free_queued(struct scene *scene, struct kmem_cache *cache)
{
	struct wpool_task *task = kmem_cache_zalloc(cache, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(scene->test, task);
	wpool_task_init(task, nothing, NULL);
	KUNIT_EXPECT_EQ(scene->test, wpool_schedule(scene->pool, task), 0);
	expect_queued(scene, 1);
	expect_report("free active", "wpool_task");
	free_and_cancel(scene, cache, task, task);
}

/* As a part of something larger, which is freed. */
static void free_around_queued(struct scene *scene, struct kmem_cache *cache)
{
	struct wpool_keyed_task *keyed = kmem_cache_zalloc(cache, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(scene->test, keyed);
	wpool_keyed_task_init(keyed, nothing, NULL);
	KUNIT_EXPECT_EQ(scene->test, wpool_schedule_keyed(scene->pool, keyed, 1), 0);
	expect_queued(scene, 1);
	expect_report("free active", "wpool_task");
	free_and_cancel(scene, cache, &keyed->task, keyed);
}

static void by_freeing(struct scene *scene)
{
	struct kmem_cache *cache = kmem_cache_create("wpool_objects",
						     sizeof(struct wpool_keyed_task), 0,
						     SLAB_TYPESAFE_BY_RCU, NULL);

	KUNIT_ASSERT_NOT_NULL(scene->test, cache);
	free_queued(scene, cache);
	free_around_queued(scene, cache);
	kmem_cache_destroy(cache);
}

/* Sets a task up again that the pool has, and makes it good. */
static void set_up_again(struct wpool_task *task)
{
	struct wpool_task before;

	before = *task;
	expect_report("init active", "wpool_task");
	wpool_task_init(task, nothing, NULL);
	*task = before;
}

static void set_up_queued(struct scene *scene)
{
	struct wpt_job *job = wpt_jobs(scene->test, 1, NULL);

	KUNIT_EXPECT_EQ(scene->test, wpool_schedule(scene->pool, &job->task), 0);
	set_up_again(&job->task);
	KUNIT_EXPECT_TRUE(scene->test, wpool_cancel(&job->task));
	/* It is not reported once it is the owner's again. */
	wpool_task_init(&job->task, wpt_run_job, job);
	KUNIT_EXPECT_EQ(scene->test, wpool_schedule(scene->pool, &job->task), 0);
	KUNIT_EXPECT_TRUE(scene->test, wpool_cancel(&job->task));
}

static void set_up_running(struct scene *scene)
{
	struct wpt_job *job = scene->hold;

	set_up_again(&job->task);
	WPT_EXPECT_STAT(scene->test, scene->pool, RUNNING, 1);
	wpt_open(job->gate);
	WPT_ASSERT_STAT(scene->test, scene->pool, COMPLETED, 1);
	KUNIT_EXPECT_EQ(scene->test, atomic_read(&job->runs), 1);
}

/* Its frame is left too early; the next task is set up in the same place. */
static noinline int leave_frame(struct wpool *pool, struct wpool_task **task,
				struct wpool_task *before)
{
	struct wpool_task here __attribute__((uninitialized));
	int err;

	wpool_task_init(&here, nothing, NULL);
	if (*task) {
		here = *before;	/* which makes it good */
		return *task == &here && wpool_cancel(&here) ? 0 : -EINVAL;
	}
	err = wpool_try_schedule(pool, &here);
	*before = here;
	*task = &here;
	return err;
}

/* With interrupts off, so that nothing comes upon the stack in between. */
static void set_up_on_stack(struct scene *scene)
{
	struct wpool_task *task = NULL, before;
	int i, err = 0;

	expect_report("init active", "wpool_task");
	local_irq_disable();
	for (i = 0; i < 2; i++)
		err = err ?: leave_frame(scene->pool, &task, &before);
	local_irq_enable();
	KUNIT_EXPECT_EQ(scene->test, err, 0);
	expect_queued(scene, 0);
}

/* The kernel does not know it: it reports that it becomes active, and that it does not any more. */
static void never_set_up(struct scene *scene)
{
	struct wpool_task *task = wpt_alloc(scene->test, sizeof(*task));

	task->fn = nothing;
	expect_report("activate not available", "wpool_task");
	KUNIT_EXPECT_EQ(scene->test, wpool_schedule(scene->pool, task), 0);
	expect_report("deactivate not available", "wpool_task");
	KUNIT_EXPECT_TRUE(scene->test, wpool_cancel(task));
}

static void by_setting_up(struct scene *scene)
{
	set_up_queued(scene);
	never_set_up(scene);
	set_up_on_stack(scene);
	set_up_running(scene);
}

static const struct provocation {
	const char	*name;
	void		(*fn)(struct scene *scene);
} provocations[] = {
	{ "freed", by_freeing },
	{ "set_up", by_setting_up },
};

static void provocation_name(const struct provocation *provocation, char *desc)
{
	strscpy(desc, provocation->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(provocation, provocations, provocation_name);

/* Each such fault in a task that a pool has is reported, with the stack of the culprit */
static void objects_reports(struct kunit *test)
{
	const struct provocation *provocation = test->param_value;
	struct scene scene = { .test = test };

	if (!IS_ENABLED(CONFIG_DEBUG_OBJECTS_FREE))
		kunit_skip(test, "this kernel does not debug objects");
	if (!wpt_provoked(provocation->name))
		kunit_skip(test, "only with provoke=%s: the kernel tells few of them",
			   provocation->name);
	scene.pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	scene.hold = wpt_hold(test, scene.pool, 1);
	provocation->fn(&scene);
	wpt_open(scene.hold->gate);
	wpt_destroy(test, scene.pool);
}

/* A task that is there as long as its function runs, and no longer. */
static int free_own(void *arg)
{
	kfree(arg);
	return 0;
}

/* A detached task is its function's from the call on: it may be freed there, or used again */
static void objects_allows_detached(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	unsigned int i;

	for (i = 0; i < 40; i++) {
		struct wpool_task *task = kzalloc(sizeof(*task), GFP_KERNEL);

		KUNIT_ASSERT_NOT_NULL(test, task);
		wpool_task_init(task, free_own, task);
		wpool_task_set_detached(task);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	}
	wpt_open(hold->gate);
	WPT_ASSERT_STAT(test, pool, COMPLETED, 41);
}

static noinline int use_frame(struct wpool *pool)
{
	DEFINE_WPOOL_TASK(defined, nothing, NULL);
	struct wpool_task task;
	int i, err;

	wpool_task_init(&task, nothing, NULL);
	err = wpool_schedule(pool, &task) ?: wpool_schedule(pool, &defined);
	err = err ?: wpool_wait(&task) ?: wpool_wait(&defined);
	for (i = 0; i < 2; i++)
		err = err ?: wpool_schedule(pool, &defined) ?: wpool_wait(&defined);
	return err;
}

static int run_use_frame(void *arg)
{
	return use_frame(arg);
}

/* Tasks on the stack, of threads and of workers, that are waited for before it is left */
static void objects_allows_frames(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	int i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, use_frame(pool), 0);
		KUNIT_EXPECT_EQ(test, wpool_run(pool, run_use_frame, pool), 0);
	}
}

static struct kunit_case objects_cases[] = {
	KUNIT_CASE_PARAM(objects_reports, provocation_gen_params),
	KUNIT_CASE(objects_allows_detached),
	KUNIT_CASE(objects_allows_frames),
	{}
};

static struct kunit_suite objects_suite = {
	.name = "wpool_objects",
	.init = objects_init_suite,
	.exit = wpt_exit,
	.test_cases = objects_cases,
};

kunit_test_suite(objects_suite);
