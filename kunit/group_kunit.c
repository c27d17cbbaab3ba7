// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are waited for, and taken back, together.
 */
#include <linux/kthread.h>
#include <linux/slab.h>
#include "wpool_kunit.h"

static int group_init(struct kunit *test)
{
	return wpt_init(test, "wpool_group");
}

/* 52: an empty group returns at once */
static void group_empty(struct kunit *test)
{
	struct wpool_group *group = wpt_group(test, false);

	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 0);
}

struct result_case {
	const char	*name;
	int		results[4];
	int		expected;
};

static const struct result_case result_cases[] = {
	{ "no error", { 0, 0, 0, 0 }, 0 },
	{ "positive results", { 1, INT_MAX, 2, 3 }, 0 },
	{ "the first fails", { -EIO, 0, -ENOMEM, 0 }, -EIO },
	{ "a later one fails", { 0, 7, -ENOMEM, -EIO }, -ENOMEM },
	{ "the last fails", { 0, 0, 0, -EPERM }, -EPERM },
};

static void result_name(const struct result_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(result, result_cases, result_name);

/* 52: the first error to occur; and each task keeps its own result */
static void group_results(struct kunit *test)
{
	const struct result_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	unsigned int i;

	for (i = 0; i < 4; i++)
		jobs[i].result = param->results[i];
	wpt_group_schedule(test, group, pool, jobs, 4);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), param->expected);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), param->results[i]);
	}
	/* a later wait returns the same */
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), param->expected);
}

/* 52: first to occur is not first to be submitted */
static void group_first_to_occur(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	jobs[0].gate = wpt_gate(test);
	jobs[0].result = -EIO;
	jobs[1].result = -ENOMEM;
	wpt_group_schedule(test, group, pool, jobs, 2);
	wpt_wait(test, &jobs[1]);
	wpt_open(jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ENOMEM);
}

/* 52: any number wait, none returns before the last task has ended */
static void group_waits_for_all(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 6, NULL);
	struct wpt_thread *waiters[3];
	unsigned int i;

	jobs[2].gate = wpt_gate(test);
	wpt_group_schedule(test, group, pool, jobs, 6);
	for (i = 0; i < 3; i++) {
		waiters[i] = wpt_thread(test, wpt_call_group_wait, NULL, NULL, group);
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiters[i]));
	}
	WPT_ASSERT_STAT(test, pool, COMPLETED, 5);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_FALSE(test, completion_done(&waiters[i]->done));
	wpt_open(jobs[2].gate);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiters[i]), 0);
}

static const unsigned int timeout_cases[] = { 0, 1, HZ / 50 + 2 };

static void timeout_name(const unsigned int *timeout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u jiffies", *timeout);
}

KUNIT_ARRAY_PARAM(timeout, timeout_cases, timeout_name);

/* 20: -ETIMEDOUT, never early, and the group goes on */
static void group_times_out(struct kunit *test)
{
	unsigned int timeout = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	unsigned long began;

	job->result = -EIO;
	wpt_group_schedule(test, group, pool, job, 1);
	began = jiffies;
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, timeout), -ETIMEDOUT);
	WPT_EXPECT_WAITED(test, began, timeout);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, WPT_LIMIT), -EIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 53: takes back what of this group waits, and nothing else */
static void group_cancel(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpool_group *other = wpt_group(test, false);
	struct wpt_job *running = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 9, NULL);
	unsigned int i;

	wpt_group_schedule(test, group, pool, running, 1);
	wpt_begun(test, running);
	for (i = 0; i < 9; i += 3) {
		wpt_group_schedule(test, group, pool, &jobs[i], 1);
		wpt_group_schedule(test, other, pool, &jobs[i + 1], 1);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i + 2].task), 0);
	}
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 3);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 6);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 3);
	for (i = 0; i < 9; i += 3)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), -ECANCELED);
	/* what runs goes on */
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, 0), -ETIMEDOUT);
	wpt_open(running->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, other), 0);
	wpt_destroy(test, pool);
	for (i = 0; i < 9; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), i % 3 ? 1 : 0);
}

/* 53: in every priority */
static void group_cancel_priorities(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, WPOOL_NR_PRIOS, NULL);
	unsigned int i;

	for (i = 0; i < WPOOL_NR_PRIOS; i++)
		wpool_task_set_priority(&jobs[i].task, i);
	wpt_group_schedule(test, group, pool, jobs, WPOOL_NR_PRIOS);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), WPOOL_NR_PRIOS);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	wpt_open(hold->gate);
}

/* 52, 53: over several pools: waited for together, and taken back together */
static void group_several_pools(struct kunit *test)
{
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 6, wpt_gate(test));
	struct wpt_job *late = wpt_jobs(test, 6, NULL);
	struct wpt_thread *waiter;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });

		wpt_group_schedule(test, group, pool, &jobs[2 * i], 2);
		wpt_group_schedule(test, group, pool, &late[2 * i], 2);
	}
	for (i = 0; i < 6; i++)
		wpt_begun(test, &jobs[i]);
	waiter = wpt_thread(test, wpt_call_group_wait, NULL, NULL, group);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 6);
	KUNIT_EXPECT_FALSE(test, completion_done(&waiter->done));
	wpt_open(jobs->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	for (i = 0; i < 6; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&late[i].runs), 0);
	}
}

/* Functions without a task of their own; what they return counts. */
static void group_schedule_fn(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 20, NULL);
	unsigned int i, runs = 0;

	jobs[0].result = -EIO;
	for (i = 0; i < 20; i++)
		KUNIT_ASSERT_EQ(test,
				wpool_group_schedule_fn(group, pool, wpt_run_job, &jobs[i], NULL),
				0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	for (i = 0; i < 20; i++)
		runs += atomic_read(&jobs[i].runs);
	KUNIT_EXPECT_EQ(test, runs, 20);
}

/* 53: those are taken back as well, and not leaked */
static void group_cancel_fn(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	for (i = 0; i < 20; i++)
		KUNIT_ASSERT_EQ(test,
				wpool_group_schedule_fn(group, pool, wpt_run_job, job, NULL),
				0);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 20);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

static int call_group_schedule(struct wpt_thread *self)
{
	return wpool_group_schedule(self->arg, self->pool, &self->job->task);
}

/* 17, 26: what is refused does not belong to it */
static void group_refused(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_FAIL,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_thread *thread;

	thread = wpt_thread(test, call_group_schedule, pool, job, group);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -EAGAIN);
	KUNIT_EXPECT_EQ(test,
			wpool_group_schedule_fn(group, pool, wpt_run_job, job, NULL),
			-EAGAIN);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule(group, pool, &job->task), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule(group, NULL, &job->task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule(group, pool, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* 18: the task of a blocked submitter belongs to the group once it is accepted */
static void group_blocked(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *thread = wpt_thread(test, call_group_schedule, pool, job, group);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	job->result = -EIO;
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, 0), -ETIMEDOUT);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
}

/* 57: and if it is not accepted, the group does not wait for it */
static void group_blocked_at_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_thread *thread = wpt_thread(test, call_group_schedule, pool, job, group);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	wpt_open(hold->gate);
}

static struct kunit_case group_cases[] = {
	KUNIT_CASE(group_empty),
	KUNIT_CASE_PARAM(group_results, result_gen_params),
	KUNIT_CASE(group_first_to_occur),
	KUNIT_CASE(group_waits_for_all),
	KUNIT_CASE_PARAM(group_times_out, timeout_gen_params),
	KUNIT_CASE(group_cancel),
	KUNIT_CASE(group_cancel_priorities),
	KUNIT_CASE(group_several_pools),
	KUNIT_CASE(group_schedule_fn),
	KUNIT_CASE(group_cancel_fn),
	KUNIT_CASE(group_refused),
	KUNIT_CASE(group_blocked),
	KUNIT_CASE(group_blocked_at_shutdown),
	{}
};

static struct kunit_suite group_suite = {
	.name = "wpool_group",
	.init = group_init,
	.exit = wpt_exit,
	.test_cases = group_cases,
};

kunit_test_suite(group_suite);
