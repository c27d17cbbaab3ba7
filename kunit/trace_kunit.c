// SPDX-License-Identifier: GPL-2.0
/*
 * What the tracepoints tell, read by a shell as a user would. That each fires at all, and that
 * their numbers add up, is for the tests from user space.
 */
#include <linux/jiffies.h>
#include "wpool_kunit.h"

#define TRACING		"/sys/kernel/tracing"

static int trace_begin(struct kunit *test)
{
	int err = wpt_init(test, "wpool_trace");

	if (err)
		return err;
	if (wpt_shell("cd " TRACING " && echo >trace && echo 1 >events/wpool/enable"))
		kunit_skip(test, "needs /bin/sh, and tracepoints of modules");
	return 0;
}

static void trace_end(struct kunit *test)
{
	wpt_shell("cd " TRACING " && echo 0 >events/wpool/enable && echo >trace");
	wpt_exit(test);
}

/* So many lines of an event of the pool end as the pattern, an extended one, says. */
static int has_lines(struct kunit *test, struct wpool *pool, int n, const char *event,
		     const char *end)
{
	char *script = wpt_alloc(test, 300);

	snprintf(script, 300,
		 "[ $(grep -cE ' wpool_%s: pool=%s .*%s$' " TRACING "/trace) = %d ]",
		 event, wpool_name(pool), end, n);
	return wpt_shell(script);
}

/* 146: each submission that is refused, with its errno, and no other */
static void trace_refused(struct kunit *test)
{
	const char *full = "fn=" WPT_RUN_JOB ".* error=-11";
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &job->task), -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &job->task), -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(pool, &job->task, 1), -ETIMEDOUT);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), -ESHUTDOWN);
	wpt_open(hold->gate);
	WPT_EXPECT_STAT(test, pool, REJECTED, 4);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 4, "task_refuse", ""), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 2, "task_refuse", full), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_refuse", "error=-110"), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_refuse", "error=-108"), 0);
}

/* 146: also one that slept for room until the pool was closed */
static void trace_refused_asleep(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *thread = wpt_thread(test, wpt_call_schedule, pool,
					       wpt_jobs(test, 1, NULL), NULL);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ESHUTDOWN);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_refuse", "error=-108"), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_unblock", "result=-108"), 0);
}

/* 147: a sleep for room, its length, and what came of it */
static void trace_blocked(struct kunit *test)
{
	const char *slept = "fn=" WPT_RUN_JOB ".* ns=([2-9][0-9]{7}|[1-9][0-9]{8,}) result=0";
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *thread = wpt_thread(test, wpt_call_schedule, pool,
					       wpt_jobs(test, 1, NULL), NULL);
	u64 began;

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	/* Until it sleeps, it may not have begun to count. */
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	began = ktime_get_ns();
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_block", "fn=" WPT_RUN_JOB ".*"), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 0, "task_unblock", ""), 0);
	/* In a machine whose ticks come late jiffies do not tell. */
	do
		schedule_timeout_idle(1);
	while (ktime_get_ns() - began < 21 * NSEC_PER_MSEC);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	/* at least 20 ms */
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_unblock", slept), 0);
}

/* 148: a task that waits for its time, for another one, and for none any more */
static void trace_delayed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_delayed_task *later = wpt_alloc(test, sizeof(*later));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	u64 when = get_jiffies_64() + WPT_LIMIT;
	char due[60];

	wpool_delayed_task_init(later, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule_at(pool, later, when), 0);
	snprintf(due, sizeof(due), "fn=" WPT_RUN_JOB ".* due=%llu", when);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_delay", due), 0);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, later, 2 * WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 2, "task_delay", ""), 0);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, later, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &later->task), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 2, "task_delay", ""), 0);
}

/* 149: a task that kills its worker, and the worker */
static void trace_died(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });

	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, wpt_die, NULL), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_die",
				  "fn=" WPT_FN("wpt_die") ".* pid=[1-9][0-9]*"), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "worker_die", "worker=[0-9]+"), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 0, "task_end", ""), 0);
}

/* 149: a task that takes too long, once */
static void trace_overdue(struct kunit *test)
{
	const char *late = "fn=" WPT_RUN_JOB ".* pid=[1-9][0-9]* ms=([2-9][0-9]|[1-9][0-9]{2,})";
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .watchdog_ms = 20 });
	struct wpt_job *hold;

	pr_info("wpool_kunit: expect: %s: .*has been in " WPT_RUN_JOB ".* for \\d+ ms\n",
		wpool_name(pool));
	hold = wpt_hold(test, pool, 1);
	WPT_ASSERT_STAT(test, pool, OVERDUE, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, hold), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_overdue", late), 0);
	KUNIT_EXPECT_EQ(test, has_lines(test, pool, 1, "task_overdue", ""), 0);
}

static struct kunit_case trace_cases[] = {
	KUNIT_CASE(trace_refused),
	KUNIT_CASE(trace_refused_asleep),
	KUNIT_CASE(trace_blocked),
	KUNIT_CASE(trace_delayed),
	KUNIT_CASE(trace_died),
	KUNIT_CASE(trace_overdue),
	{}
};

static struct kunit_suite trace_suite = {
	.name = "wpool_trace",
	.init = trace_begin,
	.exit = trace_end,
	.test_cases = trace_cases,
};

kunit_test_suite(trace_suite);
