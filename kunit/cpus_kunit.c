// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that go and come: how many workers a pool may have then.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include "wpool_kunit.h"

/* The one that goes: the last of those that were online when the test began. */
struct cpus {
	unsigned int	cpu;
	unsigned int	online;
	bool		gone;
};

static struct cpus cpus;

static int cpus_init(struct kunit *test)
{
	int err = wpt_init(test, "wpool_cpus");

	if (err)
		return err;
	cpus.cpu = cpumask_last(cpu_online_mask);
	cpus.online = num_online_cpus();
	cpus.gone = false;
	return 0;
}

/* Bring the CPU, or take it away. The machine is in motion for some milliseconds. */
static int cpus_change(bool gone)
{
	int err = -EOPNOTSUPP;

	if (cpus.gone == gone)
		return 0;
#ifdef CONFIG_HOTPLUG_CPU
	err = gone ? remove_cpu(cpus.cpu) : add_cpu(cpus.cpu);
#endif
	if (!err)
		cpus.gone = gone;
	return err;
}

static void cpus_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, cpus_change(false), 0);
	wpt_exit(test);
}

static void needs_hotplug(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || cpus.online < 2)
		kunit_skip(test, "needs CONFIG_HOTPLUG_CPU and two CPUs");
}

static int call_restart(struct wpt_thread *self)
{
	return wpool_restart(self->pool);
}

/* Closes the pool, lets the CPU go or come, and opens it again. */
static void restart_with(struct kunit *test, struct wpool *pool, bool gone)
{
	wpool_shutdown(pool);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, cpus_change(gone), 0);
	KUNIT_ASSERT_EQ(test, wpt_call(test, call_restart, pool, NULL), 0);
}

/* 59, 69: one that goes or comes while the pool is closed counts when it opens again */
static void cpus_while_closed(struct kunit *test)
{
	struct wpool *pool;

	needs_hotplug(test);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity_percent = 200, .flags = WPOOL_PREALLOC,
	});
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * cpus.online);
	restart_with(test, pool, true);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * (cpus.online - 1));
	WPT_EXPECT_STAT(test, pool, WORKERS, 2 * (cpus.online - 1));
	restart_with(test, pool, false);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * cpus.online);
	WPT_EXPECT_STAT(test, pool, WORKERS, 2 * cpus.online);
	/* and it follows again */
	KUNIT_ASSERT_EQ(test, cpus_change(true), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * (cpus.online - 1));
}

static int call_go_and_come(struct wpt_thread *self)
{
	struct wpt_gate *end = self->arg;
	int err = 0;

	while (!err && !completion_done(&end->opened))
		err = cpus_change(!cpus.gone);
	return err;
}

/* 69: nor is one missed that goes or comes while the pool is being created */
static void cpus_while_created(struct kunit *test)
{
	const unsigned int percent = 1000, rounds = 30;
	struct wpt_gate *end = wpt_gate(test);
	struct wpt_thread *thread;
	unsigned int i, wrong = 0;

	needs_hotplug(test);
	thread = wpt_thread(test, call_go_and_come, NULL, NULL, end);
	for (i = 0; i < rounds; i++) {
		struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
			.capacity_percent = percent, .flags = WPOOL_PREALLOC,
		});

		/* Nothing is in motion now, and who was to be told has been. */
		cpus_read_lock();
		wrong += wpt_stat(pool, WPOOL_STAT_CAPACITY) != num_online_cpus() * percent / 100;
		cpus_read_unlock();
		wpt_destroy(test, pool);
	}
	wpt_open(end);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static struct kunit_case cpus_cases[] = {
	KUNIT_CASE(cpus_while_closed),
	KUNIT_CASE(cpus_while_created),
	{}
};

static struct kunit_suite cpus_suite = {
	.name = "wpool_cpus",
	.init = cpus_init,
	.exit = cpus_exit,
	.test_cases = cpus_cases,
};

kunit_test_suite(cpus_suite);
