// SPDX-License-Identifier: GPL-2.0
/*
 * What a pool is asked to be, and whether it is: its workers, their number, where
 * they run, and with what claim on the CPU. What the system does to them
 * is in system_kunit.c and memory_kunit.c.
 */
#include <linux/cpumask.h>
#include <linux/nodemask.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/topology.h>
#include "wpool_kunit.h"

static int attrs_init(struct kunit *test)
{
	return wpt_init(test, "wpool_attrs");
}

/* All workers are made at once, and all are kept. */
static void attrs_prealloc(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 5, .flags = WPOOL_PREALLOC, .idle_timeout_ms = 1,
	});
	struct wpool *expires = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 5, .idle_timeout_ms = 1,
	});

	WPT_EXPECT_STAT(test, pool, WORKERS, 5);
	WPT_ASSERT_STAT(test, pool, IDLE, 5);
	wpt_open(wpt_hold(test, pool, 5)->gate);
	/* so long that another pool's have gone */
	wpt_open(wpt_hold(test, expires, 5)->gate);
	WPT_ASSERT_STAT(test, expires, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, WORKERS, 5);
	WPT_EXPECT_STAT(test, pool, CREATED, 5);
	WPT_EXPECT_STAT(test, pool, EXPIRED, 0);
}

/* 28: also those that it grows by, again after it has shrunk */
static void attrs_prealloc_grows(struct kunit *test)
{
	static const unsigned int sizes[] = { 5, 1, 12 };	/* more than are made at a time */
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .flags = WPOOL_PREALLOC, .idle_timeout_ms = 1,
	});
	int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, wpool_resize(pool, sizes[i]), 0);
		WPT_ASSERT_STAT(test, pool, WORKERS, sizes[i]);
		/* and are kept */
		wpt_open(wpt_hold(test, pool, sizes[i])->gate);
		WPT_ASSERT_STAT(test, pool, IDLE, sizes[i]);
	}
	WPT_EXPECT_STAT(test, pool, EXPIRED, 0);
}

/* 2: more to be kept than a small machine may have: as many as it may */
static void attrs_min_of_percent(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity_percent = 100, .min_workers = WPOOL_MAX_CAPACITY,
	});

	WPT_EXPECT_STAT(test, pool, CAPACITY, num_online_cpus());
	WPT_EXPECT_STAT(test, pool, WORKERS, num_online_cpus());
}

/* 5: all or none */
static void attrs_prealloc_fails(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 5, .flags = WPOOL_PREALLOC };
	char name[WPOOL_NAME_MAX + 1];
	struct wpool *pool;

	if (!wpt_fail_spawn(5))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	wpt_name(test, name, sizeof(name));
	pool = wpool_create(name, &attrs);
	wpt_fail_spawn(0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -ENOMEM);
	if (!IS_ERR(pool))
		wpool_destroy(pool);
	KUNIT_EXPECT_PTR_EQ(test, wpool_find(name), (struct wpool *)NULL);
}

/* 32: made when wanted, and kept for ever, while those beside them leave */
static void attrs_keep_idle(struct kunit *test)
{
	struct wpool *keeps = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 5, .flags = WPOOL_KEEP_IDLE, .idle_timeout_ms = 1,
	});
	struct wpool *expires = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 5, .idle_timeout_ms = 1,
	});
	unsigned int i;

	WPT_EXPECT_STAT(test, keeps, WORKERS, 1);
	wpt_open(wpt_hold(test, keeps, 4)->gate);
	WPT_ASSERT_STAT(test, keeps, IDLE, 4);
	for (i = 0; i < 3; i++) {
		wpt_open(wpt_hold(test, expires, 5)->gate);
		WPT_ASSERT_STAT(test, expires, WORKERS, 1);
	}
	WPT_EXPECT_STAT(test, keeps, WORKERS, 4);
	WPT_EXPECT_STAT(test, keeps, EXPIRED, 0);
	/* a lower capacity goes before */
	KUNIT_ASSERT_EQ(test, wpool_resize(keeps, 2), 0);
	WPT_ASSERT_STAT(test, keeps, WORKERS, 2);
}

/* 66: one at a time and in submission order, whatever the priorities */
static void attrs_ordered(struct kunit *test)
{
	const unsigned int n = 30;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .flags = WPOOL_ORDERED });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	unsigned int i;

	WPT_EXPECT_STAT(test, pool, CAPACITY, 1);
	for (i = 0; i < n; i++) {
		jobs[i].clock = clock;
		wpool_task_set_priority(&jobs[i].task, i % WPOOL_NR_PRIOS);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
	}
	wpt_open(hold->gate);
	for (i = 0; i < n; i++) {
		wpt_wait(test, &jobs[i]);
		KUNIT_EXPECT_EQ(test, jobs[i].turn, i + 1);
	}
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

/* 66: and stays so */
static void attrs_ordered_resize(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .flags = WPOOL_ORDERED });

	KUNIT_EXPECT_EQ(test, wpool_resize(pool, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_resize(pool, 1), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 1);
}

/* 23: the oldest of an ordered pool is the oldest, whatever its priority */
static void attrs_ordered_discard(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.flags = WPOOL_ORDERED, .queue_depth = 2, .full = WPOOL_FULL_DISCARD_OLDEST,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	unsigned int i;

	wpool_task_set_priority(&jobs[0].task, WPOOL_PRIO_HIGH);
	wpool_task_set_priority(&jobs[1].task, WPOOL_PRIO_LOW);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), -ECANCELED);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[2]), 0);
}

static const int nice_cases[] = { -20, -5, 0, 19 };

static void nice_name(const int *nice, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "nice %d", *nice);
}

KUNIT_ARRAY_PARAM(nice, nice_cases, nice_name);

static int own_nice(void *arg)
{
	return task_nice(current);
}

/* Its claim on the CPU. */
static void attrs_nice(struct kunit *test)
{
	int nice = *(const int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .nice = nice });

	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, own_nice, NULL), nice);
}

/* Runs where it may, and nowhere else. */
static int runs_within(void *arg)
{
	return cpumask_equal(current->cpus_ptr, arg) &&
	       cpumask_test_cpu(raw_smp_processor_id(), arg);
}

/* The mask is copied, and each worker keeps to it. */
static void attrs_cpumask(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));
	struct cpumask *given = wpt_alloc(test, sizeof(*given));
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		struct wpool *pool;

		cpumask_clear(mask);
		cpumask_set_cpu(cpu, mask);
		cpumask_copy(given, mask);
		pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2, .cpumask = given });
		cpumask_clear(given);
		KUNIT_EXPECT_EQ(test, wpt_run(test, pool, runs_within, mask), 1);
		/* and one that is made later */
		wpt_hold(test, pool, 1);
		KUNIT_EXPECT_EQ(test, wpt_run(test, pool, runs_within, mask), 1);
	}
}

static void not_isolated(struct cpumask *mask)
{
	rcu_read_lock();	/* newer kernels replace it */
	cpumask_copy(mask, housekeeping_cpumask(HK_TYPE_DOMAIN));
	rcu_read_unlock();
}

/* Without a mask: everywhere but on isolated CPUs. */
static void attrs_no_cpumask(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));

	not_isolated(mask);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, runs_within, mask), 1);
}

/* On the CPUs of a node. */
static void attrs_node(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));
	int node;

	for_each_online_node(node) {
		struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
			.node = WPOOL_NODE(node),
		});

		not_isolated(mask);
		if (cpumask_intersects(mask, cpumask_of_node(node)))
			cpumask_and(mask, mask, cpumask_of_node(node));
		KUNIT_EXPECT_EQ(test, wpt_run(test, pool, runs_within, mask), 1);
	}
}

static struct kunit_case attrs_cases[] = {
	KUNIT_CASE(attrs_prealloc),
	KUNIT_CASE(attrs_prealloc_grows),
	KUNIT_CASE(attrs_min_of_percent),
	KUNIT_CASE(attrs_prealloc_fails),
	KUNIT_CASE(attrs_keep_idle),
	KUNIT_CASE(attrs_ordered),
	KUNIT_CASE(attrs_ordered_resize),
	KUNIT_CASE(attrs_ordered_discard),
	KUNIT_CASE_PARAM(attrs_nice, nice_gen_params),
	KUNIT_CASE(attrs_cpumask),
	KUNIT_CASE(attrs_no_cpumask),
	KUNIT_CASE(attrs_node),
	{}
};

static struct kunit_suite attrs_suite = {
	.name = "wpool_attrs",
	.init = attrs_init,
	.exit = wpt_exit,
	.test_cases = attrs_cases,
};

kunit_test_suite(attrs_suite);
