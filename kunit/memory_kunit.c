// SPDX-License-Identifier: GPL-2.0
/*
 * Without memory: each allocation in turn fails, or all of those that matter do.
 *
 * The kernel's failslab fails the allocations of single threads, so the rest of the
 * system does not suffer: current->fail_nth the so many-th from now on, once;
 * current->make_it_fail all. Those of workers are marked by their worker_start.
 */
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fault-inject.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include "wpool_kunit.h"

#if IS_ENABLED(CONFIG_FAILSLAB)

/* Those of marked threads fail, also those that may wait; and nobody tells of it. */
#define STARVE_ON							\
	"cd /sys/kernel/debug/fail_page_alloc && echo 0 >verbose && "	\
	"cd ../failslab && echo 0 >verbose && echo -1 >times && "	\
	"echo Y >task-filter && echo N >ignore-gfp-wait && echo 100 >probability"
#define STARVE_OFF							\
	"cd /sys/kernel/debug/failslab && echo 0 >probability && "	\
	"echo Y >ignore-gfp-wait && echo N >task-filter"

static struct task_struct *manager, *maker;

/* The thread of this test, and those of wpool's own. */
static void starve(bool on)
{
	current->make_it_fail = on;
	manager->make_it_fail = on;
	maker->make_it_fail = on;
}

static int memory_init(struct kunit *test)
{
	int err = wpt_init(test, "wpool_memory");

	if (!err && !manager)
		kunit_skip(test, "needs failslab in a mounted debugfs and /bin/sh");
	return err;
}

static void memory_exit(struct kunit *test)
{
	if (manager)
		starve(false);
	wpt_exit(test);
}

static int memory_suite_init(struct kunit_suite *suite)
{
	if (wpt_shell(STARVE_ON))
		return 0;
	manager = wpt_manager();
	maker = wpt_maker();
	return 0;
}

static void memory_suite_exit(struct kunit_suite *suite)
{
	wpt_shell(STARVE_OFF);
	manager = NULL;
}

static void worker_starves(struct wpool *pool)
{
	current->make_it_fail = 1;
}

static const struct wpool_ops starving = { .worker_start = worker_starves };

static struct wpool *starving_pool(struct kunit *test, unsigned int capacity, int depth)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .min_workers = 1, .queue_depth = depth,
		.idle_timeout_ms = 1, .flags = WPOOL_MEM_RECLAIM, .ops = &starving,
	});
}

/* What a task finds when it needs memory. */
static int find_none(void *arg)
{
	void *memory = kmalloc(32, GFP_KERNEL);

	kfree(memory);
	return memory ? 0 : -ENOMEM;
}

static const char * const whose_cases[] = { "its creator's", "the maker's" };

static void whose_name(const char * const *whose, char *desc)
{
	strscpy(desc, *whose, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(whose, whose_cases, whose_name);

#define MOST		300	/* allocations, more than any creation makes */

/*
 * 5: none of the allocations that a creation makes may be the one to fail badly: there
 * is a pool that works, if perhaps not in debugfs, or there is nothing
 */
static void memory_create(struct kunit *test)
{
	bool by_maker = test->param_value != &whose_cases[0];
	struct task_struct *victim = by_maker ? maker : current;
	struct wpool_attrs attrs = {
		.capacity = 4, .min_workers = 2, .flags = WPOOL_LATENCY,
		.cpumask = cpu_online_mask,
	};
	unsigned int nth, left = 0, refused = 0;
	char name[WPOOL_NAME_MAX + 1];

	wpt_name(test, name, sizeof(name));
	for (nth = 1; nth < MOST && !left; nth++) {
		struct wpool *pool, *found;

		WRITE_ONCE(victim->fail_nth, nth);
		pool = wpool_create(name, &attrs);
		left = READ_ONCE(victim->fail_nth);
		WRITE_ONCE(victim->fail_nth, 0);
		found = wpool_find(name);
		wpool_put(found);
		if (IS_ERR(pool)) {
			refused++;
			KUNIT_EXPECT_EQ(test, PTR_ERR(pool), -ENOMEM);
			KUNIT_EXPECT_PTR_EQ(test, found, (struct wpool *)NULL);
			continue;
		}
		KUNIT_EXPECT_PTR_EQ(test, found, pool);
		KUNIT_EXPECT_EQ(test, wpool_run(pool, find_none, NULL), 0);
		WPT_EXPECT_STAT(test, pool, WORKERS, 2);
		KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
	}
	KUNIT_EXPECT_LT(test, nth, MOST);
	KUNIT_EXPECT_GT(test, refused, 0);
}

/* 5: of several pools, likewise; that which failed takes those before it along */
static void memory_create_set(struct kunit *test)
{
	unsigned int nth, left = 0, refused = 0;
	struct wpool_set *set;

	for (nth = 1; nth < MOST && !left; nth++) {
		current->fail_nth = nth;
		set = wpool_set_create("kunit-set", NULL, 2, WPOOL_RULE_ROUND_ROBIN);
		left = current->fail_nth;
		current->fail_nth = 0;
		if (IS_ERR(set)) {
			refused++;
			KUNIT_EXPECT_EQ(test, PTR_ERR(set), -ENOMEM);
			KUNIT_EXPECT_PTR_EQ(test, wpool_find("kunit-set.0"), (struct wpool *)NULL);
		} else {
			KUNIT_EXPECT_EQ(test, wpool_set_destroy(set), 0);
		}
	}
	KUNIT_EXPECT_LT(test, nth, MOST);
	KUNIT_EXPECT_GT(test, refused, 0);
}

static atomic_t nr_ended;

static void note_end(struct wpool *pool)
{
	atomic_inc(&nr_ended);
}

static const struct wpool_ops noting = { .terminated = note_end };

/* How many pools were made and ended again, if each allocation fails in its turn. */
static unsigned int managed_in_turn(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 1, .ops = &noting };
	unsigned int nth, left = 0;

	atomic_set(&nr_ended, 0);
	for (nth = 1; nth < MOST && !left; nth++) {
		struct device *dev = __root_device_register("wpool_kunit", NULL);
		struct wpool *pool, *found;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
		current->fail_nth = nth;
		pool = devm_wpool_create(dev, "kunit-managed", &attrs);
		left = current->fail_nth;
		current->fail_nth = 0;
		if (IS_ERR(pool))
			KUNIT_EXPECT_EQ(test, PTR_ERR(pool), -ENOMEM);
		else
			atomic_dec(&nr_ended);
		found = wpool_find("kunit-managed");
		KUNIT_EXPECT_PTR_EQ(test, found, IS_ERR(pool) ? NULL : pool);
		wpool_put(found);
		root_device_unregister(dev);
	}
	KUNIT_EXPECT_LT(test, nth, MOST);
	return atomic_read(&nr_ended);
}

/*
 * 5, 106: of a device; what would end it with the device is allocated after the pool. As in
 * taskq_memory, an allocation of debugobjects may fail in its place: then it is made again.
 */
static void memory_create_managed(struct kunit *test)
{
	unsigned int round, ended = 0;

	for (round = 0; round < 16 && !ended; round++)
		ended = managed_in_turn(test);
	KUNIT_EXPECT_GT(test, ended, 0);
}

/* The calls that allocate say so, and nothing is submitted. */
static void memory_allocating_calls(struct kunit *test)
{
	struct wpool_group *group = wpt_alloc(test, sizeof(*group));
	struct wpool *pool = starving_pool(test, 2, 0);

	wpool_group_init(group, 0);
	starve(true);
	KUNIT_EXPECT_EQ(test, wpool_schedule_fn(pool, find_none, NULL, NULL),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test,
			wpool_try_schedule_fn(pool, find_none, NULL, NULL),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test,
			wpool_run_timeout(pool, find_none, NULL, WPT_LIMIT, NULL),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test,
			wpool_group_schedule_fn(group, pool, find_none, NULL, NULL),
			-ENOMEM);
	starve(false);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, 0), 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
}

/* The memory of a task that has begun is there for the next, and counted in nothing. */
static void memory_kept_for_the_next(struct kunit *test)
{
	struct wpool *pool = starving_pool(test, 1, 0);
	unsigned int i;

	if (IS_ENABLED(CONFIG_KASAN))
		kunit_skip(test, "with KASAN a pool keeps none");
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn(pool, find_none, NULL, NULL),
			0);
	wpool_drain(pool);
	starve(true);
	for (i = 0; i < 100; i++) {
		KUNIT_EXPECT_EQ(test,
				wpool_schedule_fn(pool, find_none, NULL, NULL),
				0);
		wpool_drain(pool);
	}
	/* There is one, and it is in use. */
	wpool_pause(pool);
	KUNIT_EXPECT_EQ(test,
			wpool_try_schedule_fn(pool, find_none, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test,
			wpool_try_schedule_fn(pool, find_none, NULL, NULL),
			-ENOMEM);
	wpool_resume(pool);
	wpool_drain(pool);
	starve(false);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 102);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 102);
}

/* Tasks of all kinds. */
struct kinds {
	struct wpool_task		plain[3];
	struct wpool_task		batch[2];
	struct wpool_task		*batched[2];
	struct wpool_keyed_task		keyed[2];
	struct wpool_delayed_task	delayed;
	struct wpool_group		group;
	struct wpool_task		grouped;
};

/* 33: all submissions that do not allocate, and waits of all kinds; none is refused */
static void memory_ways_in(struct kunit *test)
{
	struct kinds *kinds = wpt_alloc(test, sizeof(*kinds));
	struct wpool *pool = starving_pool(test, 4, 0);
	unsigned int i;

	wpool_group_init(&kinds->group, 0);
	for (i = 0; i < 3; i++)
		wpool_task_init(&kinds->plain[i], find_none, NULL);
	for (i = 0; i < 2; i++) {
		wpool_task_init(&kinds->batch[i], find_none, NULL);
		kinds->batched[i] = &kinds->batch[i];
		wpool_keyed_task_init(&kinds->keyed[i], find_none, NULL);
	}
	wpool_delayed_task_init(&kinds->delayed, find_none, NULL);
	wpool_task_init(&kinds->grouped, find_none, NULL);

	starve(true);
	KUNIT_EXPECT_EQ(test, find_none(NULL), -ENOMEM);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &kinds->plain[0]), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &kinds->plain[1]), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(pool, &kinds->plain[2], WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_batch(pool, kinds->batched, 2), 2);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, &kinds->keyed[0], 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, &kinds->keyed[1], 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &kinds->delayed, 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule(&kinds->group, pool, &kinds->grouped), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &kinds->plain[i]), -ENOMEM);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, wpt_result(test, &kinds->batch[i]), -ENOMEM);
		KUNIT_EXPECT_EQ(test, wpt_result(test, &kinds->keyed[i].task), -ENOMEM);
	}
	KUNIT_EXPECT_EQ(test, wpt_result(test, &kinds->delayed.task), -ENOMEM);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(&kinds->group, WPT_LIMIT), -ENOMEM);
	KUNIT_EXPECT_EQ(test, wpool_run(pool, find_none, NULL), -ENOMEM);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 10);
	WPT_EXPECT_STAT(test, pool, CREATED, 1);
	starve(false);
}

#define MANY		500

static int call_submit_starving(struct wpt_thread *self)
{
	current->make_it_fail = 1;
	return wpt_schedule_all(self->pool, self->job, MANY);
}

/* 33: under load: submitters sleep for room and are served, more threads are wanted */
static void memory_load(struct kunit *test)
{
	struct wpool *pool = starving_pool(test, 4, 3);
	struct wpt_thread *threads[3];
	unsigned int i, j;

	manager->make_it_fail = 1;
	maker->make_it_fail = 1;
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = wpt_thread(test, call_submit_starving, pool,
					wpt_jobs(test, MANY, NULL), NULL);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
		for (j = 0; j < MANY; j++)
			KUNIT_ASSERT_EQ(test, wpt_wait(test, &threads[i]->job[j]), 0);
	}
	WPT_EXPECT_STAT(test, pool, COMPLETED, ARRAY_SIZE(threads) * MANY);
	WPT_EXPECT_STAT(test, pool, CREATED, 1);
}

struct nest {
	struct wpool_task	inner;
};

static int wait_for_inner(void *arg)
{
	struct nest *nest = arg;
	int err;

	wpool_task_init(&nest->inner, find_none, NULL);
	err = wpool_schedule(wpool_current(), &nest->inner);
	return err ?: wpool_wait(&nest->inner);
}

/* 16, 33: the only worker waits for what waits behind it */
static void memory_nested(struct kunit *test)
{
	struct nest *nest = wpt_alloc(test, sizeof(*nest));
	struct wpool *pool = starving_pool(test, 2, 0);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	wpool_task_init(&job->task, wait_for_inner, nest);
	starve(true);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -ENOMEM);
	starve(false);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
}

/* 31, 33: workers leave, tasks are taken back, the pool ends */
static void memory_end(struct kunit *test)
{
	struct wpool *pool = starving_pool(test, 3, 0);
	struct wpt_job *hold = wpt_hold(test, pool, 3);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);

	starve(true);
	KUNIT_EXPECT_EQ(test, wpt_schedule_all(pool, jobs, 3), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[0].task));
	KUNIT_EXPECT_TRUE(test, wpool_cancel_sync(&jobs[1].task));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[2]), 0);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	wpt_destroy(test, pool);
	starve(false);
}

/* 33, 38, 118: without a worker or a spare left, and none to be made, until there is memory */
static void memory_death(struct kunit *test)
{
	struct wpool *pool = starving_pool(test, 2, 0);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	unsigned int i;

	wpool_task_init(&jobs[0].task, wpt_die, NULL);
	wpool_task_init(&jobs[1].task, wpt_die, NULL);
	starve(true);
	KUNIT_EXPECT_EQ(test, wpt_schedule_all(pool, jobs, 4), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), -EOWNERDEAD);
	WPT_ASSERT_STAT(test, pool, WORKERS, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 2);
	starve(false);
	for (i = 2; i < 4; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE_PARAM(memory_create, whose_gen_params),
	KUNIT_CASE(memory_create_set),
	KUNIT_CASE(memory_create_managed),
	KUNIT_CASE(memory_allocating_calls),
	KUNIT_CASE(memory_kept_for_the_next),
	KUNIT_CASE(memory_ways_in),
	KUNIT_CASE(memory_load),
	KUNIT_CASE(memory_nested),
	KUNIT_CASE(memory_end),
	KUNIT_CASE(memory_death),
	{}
};

static struct kunit_suite memory_suite = {
	.name = "wpool_memory",
	.suite_init = memory_suite_init,
	.suite_exit = memory_suite_exit,
	.init = memory_init,
	.exit = memory_exit,
	.test_cases = memory_cases,
};

kunit_test_suite(memory_suite);

#endif /* CONFIG_FAILSLAB */
