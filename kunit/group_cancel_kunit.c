// SPDX-License-Identifier: GPL-2.0
/*
 * Groups: what is taken back wherever it waits, and how long a worker helps.
 */
#include <linux/sched.h>
#include "wpool_kunit.h"

static int group_cancel_init(struct kunit *test)
{
	return wpt_init(test, "wpool_group_cancel");
}

/*
 * A job that its submitter runs, in a pool that has room again, and that is submitted
 * once more, to a group if one is given.
 */
static struct wpool *run_by_caller(struct kunit *test, struct wpt_job *job,
				   struct wpool_group *group)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *fill = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, fill, 1), 0);
	wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	wpt_open(hold->gate);
	wpt_wait(test, fill);
	if (group)
		wpt_group_schedule(test, group, pool, job, 1);
	else
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	return pool;
}

/* 53: also the second run of a task whose submitter is inside the first */
static void group_cancel_in_caller(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_group *group = wpt_group(test, false);
	struct wpool *pool = run_by_caller(test, job, group);

	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 54: wpool_shutdown_now() counts that one too */
static void group_cancel_shutdown_now(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool *pool = run_by_caller(test, job, NULL);
	LIST_HEAD(unrun);

	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* A task that waits for a group for a while, as soon as the group is there. */
struct helper {
	struct wpool_group	*group;
	struct wpt_gate		*gate;
	unsigned int		timeout;
};

static int wait_for_group(void *arg)
{
	struct helper *helper = arg;

	wait_for_completion(&helper->gate->opened);
	return wpool_group_wait_timeout(helper->group, helper->timeout);
}

/* Each is as long as the helper is to wait for all of them. */
static int run_long(void *arg)
{
	struct helper *helper = arg;

	schedule_timeout_idle(helper->timeout + 1);
	return 0;
}

/* 20: a worker that helps looks at the clock before each task: it begins one too many */
static void group_wait_is_limited(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct helper *helper = wpt_alloc(test, sizeof(*helper));
	struct wpool_task *tasks = wpt_alloc(test, 6 * sizeof(*tasks));
	unsigned int i;

	helper->group = wpt_group(test, false);
	helper->gate = wpt_gate(test);
	helper->timeout = HZ / 20 + 1;
	wpool_task_init(&tasks[0], wait_for_group, helper);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &tasks[0]), 0);
	for (i = 1; i < 6; i++) {
		wpool_task_init(&tasks[i], run_long, helper);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule(helper->group, pool, &tasks[i]), 0);
	}
	wpt_open(helper->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tasks[0]), -ETIMEDOUT);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, helper->group), 0);
}

static struct kunit_case group_cancel_cases[] = {
	KUNIT_CASE(group_cancel_in_caller),
	KUNIT_CASE(group_cancel_shutdown_now),
	KUNIT_CASE(group_wait_is_limited),
	{}
};

static struct kunit_suite group_cancel_suite = {
	.name = "wpool_group_cancel",
	.init = group_cancel_init,
	.exit = wpt_exit,
	.test_cases = group_cancel_cases,
};

kunit_test_suite(group_cancel_suite);
