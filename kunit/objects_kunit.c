// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's object debugging reports of tasks and groups, and that their pool goes
 * on without what was freed or set up again. See core/objects.c.
 *
 * The kernel tells five such errors and no more until the next boot. So they are provoked
 * in machines of their own, five at most in each, by a parameter: provoke=NAME.
 */
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

/* Memory that the fixture knows nothing of. */
static struct wpool_task *task_alloc(struct scene *scene)
{
	struct wpool_task *task = kzalloc(sizeof(*task), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(scene->test, task);
	return task;
}

static void expect_waiting(struct scene *scene, u64 queued, u64 delayed, u64 cancelled)
{
	WPT_EXPECT_STAT(scene->test, scene->pool, QUEUED, queued);
	WPT_EXPECT_STAT(scene->test, scene->pool, DELAYED, delayed);
	WPT_EXPECT_STAT(scene->test, scene->pool, CANCELLED, cancelled);
}

static void free_queued(struct scene *scene)
{
	struct wpool_task *task = task_alloc(scene);

	wpool_task_init(task, nothing, NULL);
	KUNIT_EXPECT_EQ(scene->test, wpool_schedule(scene->pool, task), 0);
	expect_waiting(scene, 1, 0, 0);
	expect_report("free active", "wpool_task");
	kfree(task);
	expect_waiting(scene, 0, 0, 1);
}

static void free_delayed(struct scene *scene)
{
	struct wpool_delayed_task *late = kzalloc(sizeof(*late), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(scene->test, late);
	wpool_delayed_task_init(late, nothing, NULL);
	KUNIT_EXPECT_EQ(scene->test, wpool_schedule_delayed(scene->pool, late, WPT_LIMIT), 0);
	expect_waiting(scene, 0, 1, 1);
	expect_report("free active", "timer_list");
	expect_report("free active", "wpool_task");
	kfree(late);
	expect_waiting(scene, 0, 0, 2);
}

static void free_running(struct scene *scene)
{
	struct wpt_gate *gate = wpt_gate(scene->test);
	struct wpt_job *job = wpt_jobs(scene->test, 1, gate);
	struct wpool_task *task = task_alloc(scene);

	wpool_task_init(task, wpt_run_job, job);
	KUNIT_EXPECT_EQ(scene->test, wpool_schedule(scene->pool, task), 0);
	wpt_open(scene->hold->gate);
	wpt_begun(scene->test, job);
	expect_report("free active", "wpool_task");
	kfree(task);
	wpt_open(gate);
	WPT_ASSERT_STAT(scene->test, scene->pool, RUNNING, 0);
	WPT_ASSERT_STAT(scene->test, scene->pool, COMPLETED, 2);
}

static void by_freeing(struct scene *scene)
{
	free_queued(scene);
	free_delayed(scene);
	free_running(scene);
}

static void set_up_queued(struct scene *scene)
{
	struct wpt_job *job = wpt_jobs(scene->test, 1, NULL);

	KUNIT_EXPECT_EQ(scene->test, wpool_schedule(scene->pool, &job->task), 0);
	expect_report("init active", "wpool_task");
	wpool_task_init(&job->task, wpt_run_job, job);
	expect_waiting(scene, 0, 0, 1);
	KUNIT_EXPECT_EQ(scene->test, wpool_schedule(scene->pool, &job->task), 0);
	KUNIT_EXPECT_TRUE(scene->test, wpool_cancel(&job->task));
}

/*
 * Its frame is left too early. The task is still in order as it is set up again, which the
 * compiler would not leave it otherwise.
 */
static noinline int leave_frame(struct wpool *pool, bool cancel)
{
	struct wpool_task task __attribute__((uninitialized));
	int err;

	wpool_task_init(&task, nothing, NULL);
	err = wpool_try_schedule(pool, &task);
	return !err && cancel ? !wpool_cancel(&task) : err;
}

/* With interrupts off, so that nothing comes upon the stack in between. */
static void set_up_on_stack(struct scene *scene)
{
	int i, err = 0;

	expect_report("init active", "wpool_task");
	local_irq_disable();
	for (i = 0; i < 2; i++)
		err = err ?: leave_frame(scene->pool, i);
	local_irq_enable();
	KUNIT_EXPECT_EQ(scene->test, err, 0);
	expect_waiting(scene, 0, 0, 6);
}

static void set_up_running(struct scene *scene)
{
	struct wpt_job *job = scene->hold;

	expect_report("init active", "wpool_task");
	wpool_task_init(&job->task, wpt_run_job, job);
	KUNIT_EXPECT_FALSE(scene->test, wpool_task_running(&job->task));
	WPT_EXPECT_STAT(scene->test, scene->pool, RUNNING, 1);
	wpt_open(job->gate);
	WPT_ASSERT_STAT(scene->test, scene->pool, COMPLETED, 1);
	KUNIT_EXPECT_EQ(scene->test, atomic_read(&job->runs), 1);
}

static void set_up_group(struct scene *scene)
{
	struct wpool_group *group = wpt_alloc(scene->test, sizeof(*group)), before;
	struct wpt_job *job = wpt_jobs(scene->test, 1, NULL);

	wpool_group_init(group);
	wpt_group_schedule(scene->test, group, scene->pool, job, 1);
	before = *group;
	expect_report("init active", "wpool_group");
	wpool_group_init(group);
	*group = before;	/* nobody else has it */
	KUNIT_EXPECT_TRUE(scene->test, wpool_cancel(&job->task));
	KUNIT_EXPECT_EQ(scene->test, wpool_group_wait(group), -ECANCELED);
}

static void never_set_up(struct scene *scene)
{
	struct wpool_task *task = task_alloc(scene);

	task->fn = nothing;
	expect_report("activate not available", "wpool_task");
	KUNIT_EXPECT_EQ(scene->test, wpool_schedule(scene->pool, task), 0);
	/* as if it had been */
	KUNIT_EXPECT_TRUE(scene->test, wpool_cancel(task));
	kfree(task);
}

static void by_setting_up(struct scene *scene)
{
	set_up_queued(scene);
	set_up_group(scene);
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

/* Each such fault in a task or a group that a pool has is reported, and the pool goes on */
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
