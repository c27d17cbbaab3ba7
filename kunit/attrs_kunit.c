// SPDX-License-Identifier: GPL-2.0
/*
 * What a pool is asked to be, and whether it is: its workers, their number, where
 * they run, and with what claim on the CPU.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/freezer.h>
#include <linux/nodemask.h>
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

/*
 * 33: no thread and no memory: what was promised at creation goes on, in all the ways
 * in that need none. A request in the canary's place would be seen by it.
 */
static void attrs_mem_reclaim(struct kunit *test)
{
#ifdef CONFIG_FAULT_INJECTION
	const unsigned int n = 200;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .min_workers = 1, .flags = WPOOL_MEM_RECLAIM,
	});
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	unsigned int i, refused = 0, left;

	KUNIT_ASSERT_TRUE(test, wpt_fail_spawn(1));
	/* the next allocation of this thread that may fail would */
	current->fail_nth = 1;
	for (i = 0; i < n; i++)
		refused += (i % 2 ? wpool_try_schedule(pool, &jobs[i].task) :
				    wpool_schedule(pool, &jobs[i].task)) != 0;
	wpool_cancel(&jobs[n - 1].task);
	left = current->fail_nth;
	current->fail_nth = 0;
	KUNIT_EXPECT_EQ(test, left, 1);
	KUNIT_EXPECT_EQ(test, refused, 0);
	for (i = 0; i < n - 1; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	WPT_EXPECT_STAT(test, pool, WORKERS, 1);
#else
	kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
#endif
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

/* Without a mask: everywhere but on isolated CPUs. */
static void attrs_no_cpumask(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));

	cpumask_copy(mask, housekeeping_cpumask(HK_TYPE_DOMAIN));
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

		cpumask_copy(mask, housekeeping_cpumask(HK_TYPE_DOMAIN));
		if (cpumask_intersects(mask, cpumask_of_node(node)))
			cpumask_and(mask, mask, cpumask_of_node(node));
		KUNIT_EXPECT_EQ(test, wpt_run(test, pool, runs_within, mask), 1);
	}
}

static const unsigned int percent_cases[] = { 1, 50, 100, 200, 1000 };

static void percent_name(const unsigned int *percent, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u percent", *percent);
}

KUNIT_ARRAY_PARAM(percent, percent_cases, percent_name);

/* A share of the CPUs online, and one at least. */
static void attrs_percent(struct kunit *test)
{
	unsigned int percent = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity_percent = percent });
	u64 capacity = wpt_stat(pool, WPOOL_STAT_CAPACITY);
	u64 share = (u64)num_online_cpus() * percent;

	KUNIT_EXPECT_GE(test, capacity, 1);
	/* the nearest number, to one side or the other */
	KUNIT_EXPECT_GT(test, capacity * 100 + 100, share);
	KUNIT_EXPECT_TRUE(test, capacity == 1 || capacity * 100 < share + 100);
}

/* Takes a CPU away, and brings it back when its gate is opened. */
struct absence {
	unsigned int	cpu;
	struct wpt_gate	*end;
	struct completion gone;
	int		err;
};

static int call_absence(struct wpt_thread *self)
{
	struct absence *absence = self->arg;

#ifdef CONFIG_HOTPLUG_CPU
	absence->err = remove_cpu(absence->cpu);
#else
	absence->err = -EOPNOTSUPP;
#endif
	complete_all(&absence->gone);
	wait_for_completion(&absence->end->opened);
#ifdef CONFIG_HOTPLUG_CPU
	return absence->err ?: add_cpu(absence->cpu);
#else
	return absence->err;
#endif
}

/* 69: it follows the CPUs as they go and come; tasks on others go on */
static void attrs_percent_hotplug(struct kunit *test)
{
	struct absence *absence = wpt_alloc(test, sizeof(*absence));
	unsigned int cpus = num_online_cpus();
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool, *other;
	struct wpt_thread *thread;

	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || cpus < 2)
		kunit_skip(test, "needs CONFIG_HOTPLUG_CPU and two CPUs");
	pool = wpt_pool(test, &(struct wpool_attrs) { .capacity_percent = 200 });
	other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	hold = wpt_hold(test, pool, 2 * cpus);
	absence->cpu = cpumask_last(cpu_online_mask);
	absence->end = wpt_gate(test);
	init_completion(&absence->gone);
	thread = wpt_thread(test, call_absence, NULL, NULL, absence);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&absence->gone, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, absence->err, 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * (cpus - 1));
	WPT_EXPECT_STAT(test, other, CAPACITY, 3);
	KUNIT_EXPECT_EQ(test, wpool_schedule(other, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	/* the bound holds as soon as running tasks end */
	wpt_open(hold->gate);
	WPT_ASSERT_STAT(test, pool, WORKERS, 2 * (cpus - 1));
	wpt_open(absence->end);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * cpus);
	wpt_open(wpt_hold(test, pool, 2 * cpus)->gate);
}

static int is_freezable(void *arg)
{
	return !(current->flags & PF_NOFREEZE);
}

/*
 * 70: the freezer stops the workers of a freezable pool, and of no other. That it
 * does is for the tests from user space to show: nothing can freeze the machine
 * while a module with tests is being loaded.
 */
static void attrs_freezable(struct kunit *test)
{
	struct wpool *freezable = wpt_pool(test, &(struct wpool_attrs) {
		.flags = WPOOL_FREEZABLE,
	});
	struct wpool *other = wpt_pool(test, NULL);

	if (!IS_ENABLED(CONFIG_FREEZER))
		kunit_skip(test, "needs CONFIG_FREEZER");
	KUNIT_EXPECT_EQ(test, wpt_run(test, freezable, is_freezable, NULL), 1);
	KUNIT_EXPECT_EQ(test, wpt_run(test, other, is_freezable, NULL), 0);
}

static struct kunit_case attrs_cases[] = {
	KUNIT_CASE(attrs_prealloc),
	KUNIT_CASE(attrs_prealloc_fails),
	KUNIT_CASE(attrs_keep_idle),
	KUNIT_CASE(attrs_ordered),
	KUNIT_CASE(attrs_ordered_resize),
	KUNIT_CASE(attrs_ordered_discard),
	KUNIT_CASE(attrs_mem_reclaim),
	KUNIT_CASE_PARAM(attrs_nice, nice_gen_params),
	KUNIT_CASE(attrs_cpumask),
	KUNIT_CASE(attrs_no_cpumask),
	KUNIT_CASE(attrs_node),
	KUNIT_CASE_PARAM(attrs_percent, percent_gen_params),
	KUNIT_CASE(attrs_percent_hotplug),
	KUNIT_CASE(attrs_freezable),
	{}
};

static struct kunit_suite attrs_suite = {
	.name = "wpool_attrs",
	.init = attrs_init,
	.exit = wpt_exit,
	.test_cases = attrs_cases,
};

kunit_test_suite(attrs_suite);
