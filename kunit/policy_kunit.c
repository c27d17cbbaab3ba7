// SPDX-License-Identifier: GPL-2.0
/*
 * What a full queue does with a task, by the policy of its pool, and many tasks
 * handed over at once.
 */
#include "wpool_kunit.h"

static int policy_init(struct kunit *test)
{
	return wpt_init(test, "wpool_policy");
}

/* A pool of one worker that is busy, and room for no more than depth others. */
static struct wpool *full_pool(struct kunit *test, enum wpool_full full, int depth,
			       struct wpt_job **hold)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = depth, .full = full,
	});

	*hold = wpt_hold(test, pool, 1);
	return pool;
}

/* In a thread, so that the test goes on if it never returns. */
static int schedule_job(struct kunit *test, struct wpool *pool, struct wpt_job *job)
{
	return wpt_join(test, wpt_thread(test, wpt_call_schedule, pool, job, NULL));
}

/* 25: the task runs in the thread that submits it, before that returns */
static void policy_caller_runs(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = full_pool(test, WPOOL_FULL_CALLER_RUNS, WPOOL_QUEUE_HANDOFF, &hold);
	struct wpt_thread *thread;

	job->result = 21;
	thread = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	KUNIT_EXPECT_PTR_EQ(test, job->worker, thread->kthread);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 21);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 2);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 1);
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
	wpt_open(hold->gate);
}

/* 25: with room it does not */
static void policy_caller_has_room(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = full_pool(test, WPOOL_FULL_CALLER_RUNS, 1, &hold);

	KUNIT_EXPECT_EQ(test, schedule_job(test, pool, job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&job->task));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 0);
}

/* 25: what a caller runs is the pool's: waited for, and its end awaits it */
static void policy_caller_is_waited_for(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool *pool = full_pool(test, WPOOL_FULL_CALLER_RUNS, WPOOL_QUEUE_HANDOFF, &hold);
	struct wpt_thread *waiter;

	job->result = 22;
	wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&job->task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&job->task));
	waiter = wpt_thread(test, wpt_call_wait, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpool_shutdown(pool);
	wpt_open(hold->gate);
	wpt_wait(test, hold);
	WPT_ASSERT_STAT(test, pool, WORKERS, 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 1), -ETIMEDOUT);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 22);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
}

static int call_schedule_fn(struct wpt_thread *self)
{
	return wpool_schedule_fn(self->pool, wpt_run_job, self->job, NULL);
}

/* 25: also a function without a task of its own */
static void policy_caller_runs_fn(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = full_pool(test, WPOOL_FULL_CALLER_RUNS, WPOOL_QUEUE_HANDOFF, &hold);
	struct wpt_thread *thread = wpt_thread(test, call_schedule_fn, pool, job, NULL);

	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	KUNIT_EXPECT_PTR_EQ(test, job->worker, thread->kthread);
	wpt_open(hold->gate);
}

/* 24: accepted and dropped: its waiter is woken, and what waited before still does */
static void policy_discard(struct kunit *test)
{
	struct wpt_job *hold, *jobs = wpt_jobs(test, 2, NULL);
	struct wpool *pool = full_pool(test, WPOOL_FULL_DISCARD, 1, &hold);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 1), 0);
	KUNIT_EXPECT_EQ(test, schedule_job(test, pool, &jobs[1]), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&jobs[1].task));
	WPT_EXPECT_STAT(test, pool, DROPPED, 1);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 3);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
}

/* 23: dropped is the head of the lowest priority that waits, and no other */
static void policy_discard_oldest(struct kunit *test)
{
	static const enum wpool_priority prios[] = {
		WPOOL_PRIO_NORMAL, WPOOL_PRIO_LOW, WPOOL_PRIO_LOW, WPOOL_PRIO_HIGH,
	};
	static const unsigned int victims[] = { 1, 2, 0 };
	struct wpt_job *hold, *jobs = wpt_jobs(test, 7, NULL);
	struct wpool *pool = full_pool(test, WPOOL_FULL_DISCARD_OLDEST, 4, &hold);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		wpool_task_set_priority(&jobs[i].task, prios[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
	}
	for (i = 0; i < 3; i++) {
		wpool_task_set_priority(&jobs[4 + i].task, WPOOL_PRIO_HIGH);
		KUNIT_EXPECT_EQ(test, schedule_job(test, pool, &jobs[4 + i]), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[victims[i]]), -ECANCELED);
		KUNIT_EXPECT_TRUE(test, wpool_task_queued(&jobs[4 + i].task));
		WPT_EXPECT_STAT(test, pool, DROPPED, i + 1);
		WPT_EXPECT_STAT(test, pool, QUEUED, 4);
	}
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	for (i = 0; i < 7; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), i < 3 ? 0 : 1);
}

/* 23: if none waits but runs that are to come after others, the new one is dropped */
static void policy_discard_oldest_none(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = full_pool(test, WPOOL_FULL_DISCARD_OLDEST, 1, &hold);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &hold->task), 0);
	KUNIT_EXPECT_EQ(test, schedule_job(test, pool, job), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -ECANCELED);
	wpt_open(hold->gate);
	wpt_wait(test, hold);
	KUNIT_EXPECT_EQ(test, atomic_read(&hold->runs), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	WPT_EXPECT_STAT(test, pool, DROPPED, 1);
}

/* 23, 24: a dropped function without a task of its own is not leaked */
static void policy_discard_fn(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = full_pool(test, WPOOL_FULL_DISCARD_OLDEST, 1, &hold);
	unsigned int i;

	for (i = 0; i < 5; i++) {
		struct wpt_thread *thread = wpt_thread(test, call_schedule_fn, pool, job, NULL);

		KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	}
	WPT_EXPECT_STAT(test, pool, DROPPED, 4);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

static const enum wpool_full full_cases[] = {
	WPOOL_FULL_BLOCK, WPOOL_FULL_FAIL, WPOOL_FULL_CALLER_RUNS, WPOOL_FULL_DISCARD,
	WPOOL_FULL_DISCARD_OLDEST,
};

static void full_name(const enum wpool_full *full, char *desc)
{
	static const char * const names[] = {
		[WPOOL_FULL_BLOCK] = "block", [WPOOL_FULL_FAIL] = "fail",
		[WPOOL_FULL_CALLER_RUNS] = "caller runs", [WPOOL_FULL_DISCARD] = "discard",
		[WPOOL_FULL_DISCARD_OLDEST] = "discard oldest",
	};

	strscpy(desc, names[*full], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(full, full_cases, full_name);

static int call_try(struct wpt_thread *self)
{
	return wpool_try_schedule(self->pool, &self->job->task);
}

static int call_timeout(struct wpt_thread *self)
{
	return wpool_schedule_timeout(self->pool, &self->job->task, (unsigned long)self->arg);
}

/* 17, 20: a try, and a wait with a time limit, do not follow the policy */
static void policy_not_for_others(struct kunit *test)
{
	enum wpool_full full = *(const enum wpool_full *)test->param_value;
	struct wpt_job *hold, *jobs = wpt_jobs(test, 2, NULL);
	struct wpool *pool = full_pool(test, full, 1, &hold);
	unsigned long timeout;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, wpt_thread(test, call_try, pool, &jobs[1], NULL)),
			-EAGAIN);
	for (timeout = 0; timeout < 2; timeout++) {
		struct wpt_thread *thread = wpt_thread(test, call_timeout, pool, &jobs[1],
						       (void *)timeout);

		KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ETIMEDOUT);
	}
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&jobs[0].task));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&jobs[1].task));
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
	WPT_EXPECT_STAT(test, pool, REJECTED, 3);
	WPT_EXPECT_STAT(test, pool, DROPPED, 0);
	wpt_open(hold->gate);
}

static const unsigned int limit_cases[] = { 1, 3 };

static void limit_name(const unsigned int *limit, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "max_blocked %u", *limit);
}

KUNIT_ARRAY_PARAM(limit, limit_cases, limit_name);

/* 19: so many may block, the next gets -EAGAIN; until one of them has been served */
static void policy_max_blocked(struct kunit *test)
{
	unsigned int limit = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .max_blocked = limit,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, limit, wpt_gate(test));
	struct wpt_job *late = wpt_jobs(test, 1, NULL);
	struct wpt_thread *threads[3];
	unsigned int i;

	for (i = 0; i < limit; i++) {
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
		WPT_ASSERT_STAT(test, pool, BLOCKED, i + 1);
	}
	KUNIT_EXPECT_EQ(test, schedule_job(test, pool, late), -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(pool, &late->task, WPT_LIMIT), -EAGAIN);
	WPT_EXPECT_STAT(test, pool, BLOCKED, limit);
	WPT_EXPECT_STAT(test, pool, REJECTED, 2);

	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, threads[0]), 0);
	wpt_thread(test, wpt_call_schedule, pool, late, NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, limit);
	wpt_open(jobs->gate);
	for (i = 1; i < limit; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	WPT_ASSERT_STAT(test, pool, COMPLETED, limit + 2);
	WPT_EXPECT_STAT(test, pool, REJECTED, 2);
}

/* 18: blocked submitters get room in the order in which they came */
static void policy_blocked_in_order(struct kunit *test)
{
	const unsigned int n = 8;
	struct wpt_job *hold, *jobs = wpt_jobs(test, n, NULL);
	struct wpool *pool = full_pool(test, WPOOL_FULL_BLOCK, WPOOL_QUEUE_HANDOFF, &hold);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	struct wpt_thread *threads[8];
	unsigned int i;

	for (i = 0; i < n; i++) {
		jobs[i].clock = clock;
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
		WPT_ASSERT_STAT(test, pool, BLOCKED, i + 1);
	}
	wpt_open(hold->gate);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
		KUNIT_EXPECT_EQ(test, jobs[i].turn, i + 1);
	}
}

static struct kunit_case policy_cases[] = {
	KUNIT_CASE(policy_caller_runs),
	KUNIT_CASE(policy_caller_has_room),
	KUNIT_CASE(policy_caller_is_waited_for),
	KUNIT_CASE(policy_caller_runs_fn),
	KUNIT_CASE(policy_discard),
	KUNIT_CASE(policy_discard_oldest),
	KUNIT_CASE(policy_discard_oldest_none),
	KUNIT_CASE(policy_discard_fn),
	KUNIT_CASE_PARAM(policy_not_for_others, full_gen_params),
	KUNIT_CASE_PARAM(policy_max_blocked, limit_gen_params),
	KUNIT_CASE(policy_blocked_in_order),
	{}
};

static struct kunit_suite policy_suite = {
	.name = "wpool_policy",
	.init = policy_init,
	.exit = wpt_exit,
	.test_cases = policy_cases,
};

kunit_test_suite(policy_suite);
