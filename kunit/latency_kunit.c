// SPDX-License-Identifier: GPL-2.0
/*
 * The histograms of a pool that asks for them, read by a shell as a user would.
 */
#include <linux/sched/clock.h>
#include "sysfs_scene.h"

/*
 * Adds up the columns: w tasks have waited, r have run. Without the buckets that
 * fulfil a condition; one ends at twice its beginning.
 */
#define ADD_UP(except)								\
	"w=0 r=0; while read from waited ran; do case $from in [0-9]*) "	\
	except " || w=$((w + waited)) r=$((r + ran));; esac; done <latency; "

static int latency_init(struct kunit *test)
{
	int err = wpt_init(test, "wpool_latency");

	if (!err && wpt_shell("test -d " WPT_POOLS))
		kunit_skip(test, "needs /bin/sh and a mounted debugfs");
	return err;
}

static struct wpool *latency_pool(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .flags = WPOOL_LATENCY,
	});
}

/* A task counts as one that has waited when it begins, as one that ran when it ends. */
static void latency_counts(struct kunit *test)
{
	struct wpool *pool = latency_pool(test, 2);
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 5), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, ADD_UP("false") "[ $w/$r = 2/0 ]"), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[0].task));
	wpt_open(hold->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, ADD_UP("false") "[ $w/$r = 6/6 ]"), 0);
}

/* How long both took at the least. */
#define LEAST_MS	40

static int take_time(void *arg)
{
	u64 began = local_clock();

	/* By the clock of the histogram: several jiffies may come at once. */
	do
		schedule_timeout_idle(1);
	while (local_clock() - began < (LEAST_MS + 1) * NSEC_PER_MSEC);
	return 0;
}

/* None in a bucket for less than it took: of two that are there, one has waited for the other. */
static void latency_not_too_short(struct kunit *test)
{
	struct wpool *pool = latency_pool(test, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	unsigned int i;

	wpool_pause(pool);
	for (i = 0; i < 2; i++) {
		wpool_task_init(&jobs[i].task, take_time, NULL);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
	}
	wpool_resume(pool);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, ADD_UP("[ $((from * 2)) -lt 40000 ]")
					   "[ $r = 2 ] && [ $w -ge 1 ]"), 0);
}

static int note_begin(void *arg)
{
	u64 *began = arg;

	*began = local_clock();
	return 0;
}

/* A task with a delay waits for a worker when its time has come, and not since it was submitted. */
static void latency_without_delay(struct kunit *test)
{
	struct wpool_delayed_task *later = wpt_alloc(test, sizeof(*later));
	struct wpool *pool = latency_pool(test, 1);
	u64 *began = wpt_alloc(test, sizeof(*began));
	char script[160];
	unsigned int i;
	u64 come;

	wpool_delayed_task_init(later, note_begin, began);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, later, WPT_LIMIT), 0);
	for (i = 0; i < 4; i++)
		take_time(NULL);
	come = local_clock();
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, later, 0), 0);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, ADD_UP("false") "[ $w/$r = 1/1 ]"), 0);
	/* The clocks of two CPUs may differ by a tick. */
	scnprintf(script, sizeof(script), ADD_UP("[ $from -le %llu ]") "[ $w = 0 ]",
		  div_u64(*began - come, NSEC_PER_USEC) + jiffies_to_usecs(2));
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, script), 0);
}

/* 36: one that killed its worker has run, too */
static void latency_death(struct kunit *test)
{
	struct wpool *pool = latency_pool(test, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	wpool_task_init(&job->task, wpt_die, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, ADD_UP("false") "[ $w/$r = 1/1 ]"), 0);
}

/* 14: that the time is kept in a task does not cost it its result */
static void latency_keeps_result(struct kunit *test)
{
	struct wpool *pool = latency_pool(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	jobs[0].result = -7;
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[1].task));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), -7);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, hold), 0);
}

/* Nor does a waiter take the time for a result just when the task is submitted again. */
static void latency_races_again(struct kunit *test)
{
	struct wpool *pool = latency_pool(test, 1);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	int ret, result = -ECANCELED;
	struct wpt_thread *again;
	unsigned long end;

	wpool_pause(pool);
	again = wpt_thread(test, wpt_call_submit_and_cancel, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_CANCELLED) > 0);
	end = jiffies + HZ / 2;
	while (result == -ECANCELED && time_before(jiffies, end)) {
		cond_resched();
		if (wpool_task_queued(&job->task))
			continue;
		ret = wpool_wait_timeout(&job->task, 0, &result);
		if (ret)
			KUNIT_EXPECT_EQ(test, ret, -ETIMEDOUT);
	}
	KUNIT_EXPECT_EQ(test, result, -ECANCELED);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, again), 0);
}

static void expect_counts(struct kunit *test, struct wpool *pool, const char *counts)
{
	char script[200];

	snprintf(script, sizeof(script), ADD_UP("false") "[ $w/$r = %s ]", counts);
	KUNIT_EXPECT_EQ_MSG(test, wpt_shell_in(test, pool, script), 0, "not %s", counts);
}

/* 190: whatever the results were of tasks that were accepted before it was on */
static void latency_switched(struct kunit *test)
{
	struct wpool *first = latency_pool(test, 1);	/* keeps the key: see stress_pools.c */
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 99 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *before = wpt_jobs(test, 20, NULL);
	struct wpt_job *after = wpt_jobs(test, 9, NULL);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, before, 20), 0);
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "latency", "1\n"), 0);
	KUNIT_EXPECT_STREQ(test, sysfs_read(test, pool, "latency"), "1");
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, after, 9), 0);
	expect_counts(test, pool, "0/0");
	wpt_open(hold->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	expect_counts(test, pool, "9/9");
	/* Off: one that waits has a time, which counts no more; those after it have none. */
	hold = wpt_hold(test, pool, 1);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, after, 3), 0);
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "latency", "0"), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, before, 3), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "grep -q '^off' latency"), 0);
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "latency", "1"), 0);
	expect_counts(test, pool, "10/9");
	wpt_open(hold->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	expect_counts(test, pool, "10/9");
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "latency", "1"), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, after, 2), 0);
	wpt_call(test, wpt_call_drain, pool, NULL);
	expect_counts(test, pool, "12/11");
	KUNIT_EXPECT_EQ(test, sysfs_write(first, "latency", "0"), 0);
}

/* 190: while tasks come and go, also without pool->lock: no time is longer than all of it */
static void latency_switched_at_work(struct kunit *test)
{
	struct wpool *first = latency_pool(test, 1);
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 99 });
	struct wpt_job *jobs = wpt_jobs(test, 50, NULL);
	unsigned long end = jiffies + HZ;
	unsigned int on;

	for (on = 1; time_before(jiffies, end); on = !on) {
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 50), 0);
		KUNIT_ASSERT_EQ(test, sysfs_write(pool, "latency", on ? "1" : "0"), 0);
		wpt_call(test, wpt_call_drain, pool, NULL);
	}
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "latency", "1"), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, ADD_UP("[ $from -lt 100000000 ]")
					   "[ $w/$r = 0/0 ]"), 0);
	KUNIT_EXPECT_EQ(test, sysfs_write(first, "latency", "0"), 0);
}

/* A pool that has not asked has none, and says so, also while another has. */
static void latency_off(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool *other = latency_pool(test, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "grep -q '^off' latency"), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, other, "! grep -q '^off' latency"), 0);
}

static struct kunit_case latency_cases[] = {
	KUNIT_CASE(latency_counts),
	KUNIT_CASE(latency_not_too_short),
	KUNIT_CASE(latency_without_delay),
	KUNIT_CASE(latency_death),
	KUNIT_CASE(latency_keeps_result),
	KUNIT_CASE(latency_races_again),
	KUNIT_CASE(latency_switched),
	KUNIT_CASE(latency_switched_at_work),
	KUNIT_CASE(latency_off),
	{}
};

static struct kunit_suite latency_suite = {
	.name = "wpool_latency",
	.init = latency_init,
	.exit = wpt_exit,
	.test_cases = latency_cases,
};

kunit_test_suite(latency_suite);
