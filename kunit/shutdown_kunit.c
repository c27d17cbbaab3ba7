// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a pool.
 */
#include <linux/sched/task.h>
#include "wpool_kunit.h"

static int shutdown_init(struct kunit *test)
{
	return wpt_init(test, "wpool_shutdown");
}

/* 54: what was accepted still runs */
static void shutdown_drains(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 5), 0);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_SHUTDOWN);
	WPT_EXPECT_STAT(test, pool, QUEUED, 5);
	WPT_EXPECT_STAT(test, pool, RUNNING, 2);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_TERMINATED);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	WPT_EXPECT_STAT(test, pool, WORKERS, 0);
}

/* 54: destroy alone does all of it */
static void shutdown_by_destroy(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	struct wpt_thread *thread;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 5), 0);
	wpool_get(pool);
	wpt_forget(test, pool);
	thread = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(pool) == WPOOL_STATE_SHUTDOWN);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_TERMINATED);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	wpool_put(pool);
}

/* 26: every submission is refused, and nothing runs */
static void shutdown_refuses(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	wpool_shutdown(pool);
	/* while it shuts down, and when it is down */
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &job->task), -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(pool, &job->task, 1), -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(pool, &job->task, 0), -ESHUTDOWN);
		KUNIT_EXPECT_EQ(test,
				wpool_schedule_fn(pool, wpt_run_job, job, NULL),
				-ESHUTDOWN);
		KUNIT_EXPECT_EQ(test,
				wpool_try_schedule_fn(pool, wpt_run_job, job, NULL),
				-ESHUTDOWN);
		KUNIT_EXPECT_EQ(test, wpool_run(pool, wpt_run_job, job), -ESHUTDOWN);
		wpt_open(hold->gate);
		KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 1);
	WPT_EXPECT_STAT(test, pool, REJECTED, 14);
}

static int submit_to(void *arg)
{
	struct wpt_thread *call = arg;

	complete_all(&call->job->begun);
	wait_for_completion(&call->job->gate->opened);
	call->result = wpool_schedule(call->pool, &call->job->task);
	return 0;
}

/* 26: a task that runs cannot submit to it any more, itself again for one */
static void shutdown_refuses_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_thread *call = wpt_alloc(test, sizeof(*call));
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));

	call->pool = pool;
	call->job = job;
	wpool_task_init(&job->task, submit_to, call);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_begun(test, job);
	wpool_shutdown(pool);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, call->result, -ESHUTDOWN);
}

static const unsigned int timeout_cases[] = { 0, 1, HZ / 50 + 2 };

static void timeout_name(const unsigned int *timeout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u jiffies", *timeout);
}

KUNIT_ARRAY_PARAM(timeout, timeout_cases, timeout_name);

/* 55: await times out on a live pool, and on one whose task goes on; never early */
static void shutdown_await_times_out(struct kunit *test)
{
	unsigned int timeout = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	unsigned long began = jiffies;

	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, timeout), -ETIMEDOUT);
	WPT_EXPECT_WAITED(test, began, timeout);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, timeout), -ETIMEDOUT);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 0), 0);
}

static int call_await(struct wpt_thread *self)
{
	return wpool_await_termination(self->pool, MAX_SCHEDULE_TIMEOUT);
}

/* 55: any number of callers */
static void shutdown_await_many(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *threads[4];
	unsigned int i;

	for (i = 0; i < 4; i++) {
		threads[i] = wpt_thread(test, call_await, pool, NULL, NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(threads[i]));
	}
	wpool_shutdown(pool);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_FALSE(test, completion_done(&threads[i]->done));
	wpt_open(hold->gate);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
}

struct states {
	unsigned int	seen;		/* a bit each */
	unsigned int	back;		/* how often one came after a later one */
};

static int call_watch(struct wpt_thread *self)
{
	enum wpool_state state, last = WPOOL_STATE_RUNNING;
	struct states *states = self->arg;

	do {
		state = wpt_state(self->pool);
		WRITE_ONCE(states->seen, states->seen | BIT(state));
		states->back += state < last;
		last = state;
		cond_resched();
	} while (state != WPOOL_STATE_TERMINATED);
	return 0;
}

/* 56: states only forward, to the end */
static void shutdown_states(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .min_workers = 4,
	});
	struct states *states = wpt_alloc(test, sizeof(*states));
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_thread *thread = wpt_thread(test, call_watch, pool, NULL, states);

	WPT_ASSERT_UNTIL(test, READ_ONCE(states->seen) & BIT(WPOOL_STATE_RUNNING));
	wpool_shutdown(pool);
	WPT_ASSERT_UNTIL(test, READ_ONCE(states->seen) & BIT(WPOOL_STATE_SHUTDOWN));
	wpt_open(hold->gate);
	wpt_join(test, thread);
	KUNIT_EXPECT_EQ(test, states->back, 0);
	KUNIT_EXPECT_TRUE(test, states->seen & BIT(WPOOL_STATE_TERMINATED));
	KUNIT_EXPECT_FALSE(test, states->seen & BIT(WPOOL_STATE_STOP));
}

/* 57: blocked submitters return at once, -ESHUTDOWN, and leave nothing */
static void shutdown_wakes_blocked(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct wpt_thread *threads[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
		WPT_ASSERT_STAT(test, pool, BLOCKED, i + 1);
	}
	wpool_shutdown(pool);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), -ESHUTDOWN);
		KUNIT_EXPECT_FALSE(test, wpool_task_queued(&jobs[i].task));
	}
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
	WPT_EXPECT_STAT(test, pool, REJECTED, 2);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs) + atomic_read(&jobs[1].runs), 0);
}

/* 58: again does no harm: while it shuts down, when it is down, and of none */
static void shutdown_twice(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);

	wpool_shutdown(NULL);
	wpool_shutdown(pool);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_SHUTDOWN);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_TERMINATED);
	KUNIT_EXPECT_EQ(test, atomic_read(&hold->runs), 1);
}

/* 58: two callers destroy: both return at the end, one of them with 0 */
static void shutdown_destroy_twice(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *first, *second;

	wpool_get(pool);
	wpt_forget(test, pool);
	first = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(pool) == WPOOL_STATE_SHUTDOWN);
	second = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(second));
	KUNIT_EXPECT_FALSE(test, completion_done(&first->done));
	KUNIT_EXPECT_FALSE(test, completion_done(&second->done));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, first), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, second), -ESHUTDOWN);
	/* one that comes later */
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), -ESHUTDOWN);
	/* KASAN would tell if a reference had been dropped with it */
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_TERMINATED);
	wpool_put(pool);
}

/* 60: no thread of the pool is left */
static void shutdown_no_thread_left(struct kunit *test)
{
	const unsigned int n = 8;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = n });
	struct wpt_job *hold = wpt_hold(test, pool, n);
	struct task_struct *workers[8];
	unsigned int i, j, left = 0, twice = 0;

	for (i = 0; i < n; i++) {
		workers[i] = get_task_struct(hold[i].worker);
		for (j = 0; j < i; j++)
			twice += workers[j] == workers[i];
	}
	wpt_open(hold->gate);
	wpt_forget(test, pool);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
	for (i = 0; i < n; i++) {
		left += !READ_ONCE(workers[i]->exit_state);
		put_task_struct(workers[i]);
	}
	KUNIT_EXPECT_EQ(test, left, 0);
	KUNIT_EXPECT_EQ(test, twice, 0);
}

static const unsigned int after_cases[] = { 0, 20, 200 };

static void after_name(const unsigned int *after, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "after %u tasks", *after);
}

KUNIT_ARRAY_PARAM(after, after_cases, after_name);

#define RING		8

/* Submits its jobs in turn until it is refused; how many were accepted. */
static int call_submit_on(struct wpt_thread *self)
{
	unsigned int accepted = 0;
	int err;

	for (;;) {
		struct wpt_job *job = &self->job[accepted % RING];

		if (accepted >= RING && wpool_wait_timeout(&job->task, WPT_LIMIT, NULL))
			return -EPROTO;
		err = wpool_schedule(self->pool, &job->task);
		if (err)
			return err == -ESHUTDOWN ? accepted : err;
		accepted++;
	}
}

/* 61: submit racing shutdown: refused or run, never lost */
static void shutdown_races_submit(struct kunit *test)
{
	unsigned int after = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .queue_depth = 2, .idle_timeout_ms = 1,
	});
	struct wpt_job *jobs = wpt_jobs(test, 4 * RING, NULL);
	struct wpt_thread *threads[4];
	int accepted = 0, runs = 0;
	unsigned int i;

	for (i = 0; i < 4; i++)
		threads[i] = wpt_thread(test, call_submit_on, pool, &jobs[i * RING], NULL);
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_SUBMITTED) >= after);
	wpool_shutdown(pool);
	for (i = 0; i < 4; i++) {
		int n = wpt_join(test, threads[i]);

		KUNIT_EXPECT_GE(test, n, 0);
		accepted += n;
	}
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	for (i = 0; i < 4 * RING; i++)
		runs += atomic_read(&jobs[i].runs);
	KUNIT_EXPECT_EQ(test, runs, accepted);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, accepted);
	WPT_EXPECT_STAT(test, pool, COMPLETED, accepted);
}

static int end_pool(void *arg)
{
	int await = wpool_await_termination(arg, WPT_LIMIT);
	int destroy = wpool_destroy(arg);

	return await == -EDEADLK && destroy == -EDEADLK;
}

/* 62: destroy and await from inside are -EDEADLK, and the pool lives on */
static void shutdown_from_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	int result = 0;

	wpool_task_init(task, end_pool, pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(task, WPT_LIMIT, &result), 0);
	KUNIT_EXPECT_EQ(test, result, 1);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

static int destroy_other(void *arg)
{
	return wpool_destroy(arg);
}

/* 62: from a worker of another pool it is allowed */
static void shutdown_from_other_pool(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool *other = wpt_pool(test, NULL);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	int result = -1;

	wpt_forget(test, other);
	wpool_task_init(task, destroy_other, other);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(task, WPT_LIMIT, &result), 0);
	KUNIT_EXPECT_EQ(test, result, 0);
}

/* 60, 61: pools by the dozen, each ended in the midst of its first work */
static void shutdown_many_pools(struct kunit *test)
{
	struct wpt_job *jobs = wpt_jobs(test, 8, NULL);
	unsigned int i, j;

	for (i = 0; i < 30; i++) {
		struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
			.capacity = 4, .min_workers = i % 5,
		});

		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, i % 9), 0);
		wpt_forget(test, pool);
		KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
		for (j = 0; j < i % 9; j++) {
			KUNIT_EXPECT_EQ(test, atomic_read(&jobs[j].runs), 1);
			atomic_set(&jobs[j].runs, 0);
		}
	}
}

static struct kunit_case shutdown_cases[] = {
	KUNIT_CASE(shutdown_drains),
	KUNIT_CASE(shutdown_by_destroy),
	KUNIT_CASE(shutdown_refuses),
	KUNIT_CASE(shutdown_refuses_inside),
	KUNIT_CASE_PARAM(shutdown_await_times_out, timeout_gen_params),
	KUNIT_CASE(shutdown_await_many),
	KUNIT_CASE(shutdown_states),
	KUNIT_CASE(shutdown_wakes_blocked),
	KUNIT_CASE(shutdown_twice),
	KUNIT_CASE(shutdown_destroy_twice),
	KUNIT_CASE(shutdown_no_thread_left),
	KUNIT_CASE_PARAM(shutdown_races_submit, after_gen_params),
	KUNIT_CASE(shutdown_from_inside),
	KUNIT_CASE(shutdown_from_other_pool),
	KUNIT_CASE(shutdown_many_pools),
	{}
};

static struct kunit_suite shutdown_suite = {
	.name = "wpool_shutdown",
	.init = shutdown_init,
	.exit = wpt_exit,
	.test_cases = shutdown_cases,
};

kunit_test_suite(shutdown_suite);
