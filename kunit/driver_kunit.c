// SPDX-License-Identifier: GPL-2.0
/*
 * What drivers want of a pool: that it goes with the device, how its workers are scheduled, and
 * which of them died.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/sched.h>
#include "wpool_kunit.h"

static int wpt_driver_init(struct kunit *test)
{
	return wpt_init(test, "wpool_driver");
}

static struct device *new_device(struct kunit *test)
{
	/* Of no module: 6.1 runs the tests before the module is in sysfs. */
	struct device *dev = __root_device_register("wpool_kunit", NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	return dev;
}

/* 106: it has run all its tasks, and its name is free, when the device has gone */
static void driver_pool_of_device(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct wpt_job *jobs = wpt_jobs(test, 8, NULL);
	struct device *dev = new_device(test);
	struct wpool *pool = devm_wpool_create(dev, "kunit-device", &attrs);
	unsigned int i;

	if (IS_ERR(pool))
		root_device_unregister(dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_EXPECT_EQ(test, wpt_schedule_all(pool, jobs, 8), 0);
	root_device_unregister(dev);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	KUNIT_EXPECT_NULL(test, wpool_find("kunit-device"));
}

/* 106, 2: what wpool_create() refuses, and then nothing is left for the device to undo */
static void driver_device_refused(struct kunit *test)
{
	struct device *dev = new_device(test);
	struct wpool *pool = devm_wpool_create(dev, "kunit device", NULL);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -EINVAL);
	root_device_unregister(dev);
}

static int unbind(void *arg)
{
	root_device_unregister(arg);
	return 0;
}

/* 106: a task that unbinds the device of its own pool shuts it down, and does not wait for it */
static void driver_device_unbound_inside(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct device *dev = new_device(test);
	struct wpool *pool = devm_wpool_create(dev, "kunit-inside", NULL);

	if (IS_ERR(pool))
		root_device_unregister(dev);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	wpt_adopt(test, pool);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, unbind, dev), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_NULL(test, wpool_find("kunit-inside"));
}

static int tell_policy(void *arg)
{
	int *told = arg;

	told[0] = current->policy;
	told[1] = current->rt_priority;
	return 0;
}

/* 107: workers have the policy and the priority that was asked for, those made later, too */
static void driver_policy(struct kunit *test)
{
	static const int policies[] = { SCHED_NORMAL, SCHED_FIFO, SCHED_RR };
	int *told = wpt_alloc(test, 2 * sizeof(*told));
	struct wpool *pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(policies); i++) {
		pool = wpt_pool(test, &(struct wpool_attrs) {
			.capacity = 2, .policy = policies[i],
			.rt_priority = policies[i] ? 1 + 97 * (i - 1) : 0,
		});
		wpt_hold(test, pool, 1);
		KUNIT_EXPECT_EQ(test, wpt_run(test, pool, tell_policy, told), 0);
		KUNIT_EXPECT_EQ(test, told[0], policies[i]);
		KUNIT_EXPECT_EQ(test, told[1], policies[i] ? 1 + 97 * (i - 1) : 0);
	}
}

static const struct wpool_attrs bad_policies[] = {
	{ .policy = SCHED_FIFO },
	{ .policy = SCHED_FIFO, .rt_priority = 100 },
	{ .policy = SCHED_RR, .rt_priority = UINT_MAX },
	{ .policy = SCHED_RR, .rt_priority = 1, .nice = 1 },
	{ .policy = SCHED_IDLE },
	{ .policy = -1, .rt_priority = 1 },
	{ .rt_priority = 1 },
};

/* 107, 2: none without a priority, no priority without one, not together with nice */
static void driver_policy_refused(struct kunit *test)
{
	struct wpool *pool;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad_policies); i++) {
		pool = wpool_create("kunit-bad", &bad_policies[i]);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -EINVAL);
		if (!IS_ERR_OR_NULL(pool))
			wpool_destroy(pool);
	}
}

static int tell_pool(void *arg)
{
	*(struct wpool **)arg = wpool_current();
	return 0;
}

/* 108: a task learns which pool it is in */
static void driver_whose(struct kunit *test)
{
	struct wpool **told = wpt_alloc(test, sizeof(*told));
	struct wpool *pool = wpt_pool(test, NULL);

	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, tell_pool, told), 0);
	KUNIT_EXPECT_PTR_EQ(test, *told, pool);
	KUNIT_EXPECT_NULL(test, wpool_current());
}

struct deaths {
	struct task_struct	*thread;
	atomic_t		calls;
};

static void on_died(struct wpool *pool, struct task_struct *thread)
{
	struct deaths *deaths = wpool_priv(pool);

	deaths->thread = thread;
	atomic_inc(&deaths->calls);
}

static int note_and_die(void *arg)
{
	struct wpt_job *job = arg;

	job->worker = current;
	return wpt_die(arg);
}

/* 108: a hook learns which thread died, once, and before its task is known to have failed */
static void driver_who_died(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_died = on_died };
	struct deaths *deaths = wpt_alloc(test, sizeof(*deaths));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .ops = &ops, .priv = deaths,
	});
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	wpool_task_init(&jobs[0].task, note_and_die, &jobs[0]);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&deaths->calls), 1);
	KUNIT_EXPECT_PTR_EQ(test, deaths->thread, jobs[0].worker);
}

/* 109: a share of the CPUs may be rounded down, but not to nothing */
static void driver_rounded(struct kunit *test)
{
	/* With any likely number of CPUs there is a rest. */
	unsigned int percent = 130, cpus = num_online_cpus();
	struct wpool *up = wpt_pool(test, &(struct wpool_attrs) { .capacity_percent = percent });
	struct wpool *down = wpt_pool(test, &(struct wpool_attrs) {
		.capacity_percent = percent, .flags = WPOOL_ROUND_DOWN,
	});
	struct wpool *least = wpt_pool(test, &(struct wpool_attrs) {
		.capacity_percent = 1, .flags = WPOOL_ROUND_DOWN,
	});
	struct wpool_attrs bad = { .flags = WPOOL_ROUND_DOWN };

	WPT_EXPECT_STAT(test, up, CAPACITY, DIV_ROUND_UP(cpus * percent, 100));
	WPT_EXPECT_STAT(test, down, CAPACITY, cpus * percent / 100);
	WPT_EXPECT_STAT(test, least, CAPACITY, 1);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(wpool_create("kunit-bad", &bad)), -EINVAL);
}

#ifndef MODULE
static struct wpool *found_early;

/* As an initcall of a subsystem that is linked behind wpool; those of drivers come later. */
static int __init find_early(void)
{
	found_early = wpool_default();
	return 0;
}
subsys_initcall_sync(find_early);

/* 162: built into the kernel, it is there before the drivers */
static void driver_built_in(struct kunit *test)
{
	KUNIT_EXPECT_NOT_NULL(test, found_early);
	KUNIT_EXPECT_PTR_EQ(test, found_early, wpool_default());
}
#else
static void driver_built_in(struct kunit *test)
{
	kunit_skip(test, "needs a kernel that wpool is built into");
}
#endif

static struct kunit_case driver_cases[] = {
	KUNIT_CASE(driver_built_in),
	KUNIT_CASE(driver_pool_of_device),
	KUNIT_CASE(driver_device_refused),
	KUNIT_CASE(driver_device_unbound_inside),
	KUNIT_CASE(driver_policy),
	KUNIT_CASE(driver_policy_refused),
	KUNIT_CASE(driver_whose),
	KUNIT_CASE(driver_who_died),
	KUNIT_CASE(driver_rounded),
	{}
};

static struct kunit_suite driver_suite = {
	.name = "wpool_driver",
	.init = wpt_driver_init,
	.exit = wpt_exit,
	.test_cases = driver_cases,
};

kunit_test_suite(driver_suite);
