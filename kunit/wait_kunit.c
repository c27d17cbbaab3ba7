// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a task, also from inside another, and for all of them.
 */
#include "wpool_kunit.h"

static int wait_init(struct kunit *test)
{
	return wpt_init(test, "wpool_wait");
}

/* Any number of threads may wait for one task. */
static void wait_many(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_hold(test, pool, 1);
	struct wpt_thread *waiters[4];
	unsigned int i;

	job->result = 11;
	for (i = 0; i < 4; i++) {
		waiters[i] = wpt_thread(test, wpt_call_wait, pool, job, NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiters[i]));
	}
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_FALSE(test, completion_done(&waiters[i]->done));
	wpt_open(job->gate);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiters[i]), 11);
}

static const unsigned int timeout_cases[] = { 0, 1, HZ / 50 + 2, HZ / 10 };

static void timeout_name(const unsigned int *timeout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u jiffies", *timeout);
}

KUNIT_ARRAY_PARAM(timeout, timeout_cases, timeout_name);

/* 20: -ETIMEDOUT, never early; the task stays the pool's, the result untouched */
static void wait_times_out(struct kunit *test)
{
	unsigned int timeout = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_hold(test, pool, 1);
	unsigned long began = jiffies;
	int result = 99;

	job->result = 12;
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&job->task, timeout, &result), -ETIMEDOUT);
	WPT_EXPECT_WAITED(test, began, timeout);
	KUNIT_EXPECT_EQ(test, result, 99);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&job->task));

	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&job->task, WPT_LIMIT, &result), 0);
	KUNIT_EXPECT_EQ(test, result, 12);
	/* done: no time is needed, and no place for the result */
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&job->task, 0, NULL), 0);
}

/* It returns when the task is neither queued nor running: not between two runs. */
static void wait_for_both_runs(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_hold(test, pool, 1);
	struct wpt_job *between = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *waiter;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &between->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	waiter = wpt_thread(test, wpt_call_wait, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpt_open(job->gate);
	wpt_begun(test, between);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&job->task, 1, NULL), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, completion_done(&waiter->done));
	wpt_open(between->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 2);
}

/* A task whose function submits the next one and waits for it. */
struct link {
	struct wpool_task	task;
	struct wpool		*pool;
	struct link		*next;
	int			waited;		/* what that gave */
	u64			running;	/* seen by the innermost */
};

static int link_run(void *arg)
{
	struct link *link = arg;

	link->running = wpt_stat(link->pool, WPOOL_STAT_RUNNING);
	if (!link->next)
		return 0;
	link->waited = wpool_schedule(link->pool, &link->next->task);
	if (link->waited)
		return 0;
	link->waited = wpool_wait(&link->next->task);
	return 1;
}

static struct link *chain(struct kunit *test, struct wpool *pool, unsigned int n)
{
	struct link *links = wpt_alloc(test, n * sizeof(*links));
	unsigned int i;

	for (i = 0; i < n; i++) {
		links[i].pool = pool;
		links[i].next = i + 1 < n ? &links[i + 1] : NULL;
		wpool_task_init(&links[i].task, link_run, &links[i]);
	}
	return links;
}

/* 16: nested runs inside one another, and counted as such, not as running */
static void wait_nested(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct link *links = chain(test, pool, 5);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &links->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&links->task, WPT_LIMIT, NULL), 0);
	WPT_EXPECT_STAT(test, pool, NESTED, 4);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 5);
	KUNIT_EXPECT_EQ(test, links[4].running, 1);
	KUNIT_EXPECT_EQ(test, links[0].waited, 1);
}

/* Deeper than the stack allows is refused to the only worker, and does not run later. */
static void wait_nested_too_deep(struct kunit *test)
{
	const unsigned int n = 24;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct link *links = chain(test, pool, n);
	unsigned int ran;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &links->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &links->task), 1);
	ran = wpt_stat(pool, WPOOL_STAT_COMPLETED);
	KUNIT_ASSERT_GT(test, ran, 1);
	KUNIT_ASSERT_LE(test, ran, WPOOL_MAX_NESTING);
	KUNIT_EXPECT_EQ(test, links[ran - 1].waited, -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &links[ran].task), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, ran + 1);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

static int wait_for_arg(void *arg)
{
	return wpool_wait(arg);
}

/* A task that waits for itself. */
static void wait_for_itself(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	int result = 0;

	wpool_task_init(task, wait_for_arg, task);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(task, WPT_LIMIT, &result), 0);
	KUNIT_EXPECT_EQ(test, result, -EDEADLK);
}

/* A task that waits for the one it is nested in. */
static void wait_for_enclosing(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct link *links = chain(test, pool, 2);
	int result = 0;

	wpool_task_init(&links[1].task, wait_for_arg, &links[0].task);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &links->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&links->task, WPT_LIMIT, NULL), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&links[1].task, 0, &result), 0);
	KUNIT_EXPECT_EQ(test, result, -EDEADLK);
	KUNIT_EXPECT_EQ(test, links->waited, -EDEADLK);
}

struct partner {
	struct wpool_task	task;
	struct wpool_task	*other;
	struct wpt_gate		*gate;
	struct completion	begun;
};

static int wait_for_partner(void *arg)
{
	struct partner *partner = arg;

	complete_all(&partner->begun);
	wait_for_completion(&partner->gate->opened);
	return wpool_wait(partner->other);
}

/* Two running tasks that wait for each other: one of them is refused. */
static void wait_in_a_circle(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });
	struct partner *partners = wpt_alloc(test, 2 * sizeof(*partners));
	struct wpt_gate *gate = wpt_gate(test);
	int results[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		partners[i].other = &partners[!i].task;
		partners[i].gate = gate;
		init_completion(&partners[i].begun);
		wpool_task_init(&partners[i].task, wait_for_partner, &partners[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &partners[i].task), 0);
		KUNIT_ASSERT_GT(test,
				wait_for_completion_timeout(&partners[i].begun, WPT_LIMIT), 0);
	}
	wpt_open(gate);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&partners[i].task, WPT_LIMIT,
							 &results[i]), 0);
	/* the other one waits for it, and returns what it returned */
	KUNIT_EXPECT_EQ(test, results[0], -EDEADLK);
	KUNIT_EXPECT_EQ(test, results[1], -EDEADLK);
}

/* A worker of one pool waits for a task of another. */
static void wait_for_other_pool(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_hold(test, other, 1);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	int result = 0;

	job->result = 13;
	wpool_task_init(task, wait_for_arg, &job->task);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	WPT_ASSERT_STAT(test, pool, RUNNING, 1);
	wpt_open(job->gate);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(task, WPT_LIMIT, &result), 0);
	KUNIT_EXPECT_EQ(test, result, 13);
	WPT_EXPECT_STAT(test, other, NESTED, 0);
}

static int return_two(void *arg)
{
	return 2;
}

static int run_inside(void *arg)
{
	return wpool_run(arg, return_two, NULL) + 1;
}

/* 16: wpool_run() inside a task of the same pool, on its only worker */
static void wait_run_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });

	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_inside, pool), 3);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 2);
}

/* flush waits for what was accepted before it, and for nothing after */
static void wait_flush(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *before = wpt_hold(test, pool, 1);
	struct wpt_job *queued = wpt_jobs(test, 5, NULL);
	struct wpt_thread *thread;
	struct wpt_job *after;
	unsigned int i, not_run = 0;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, queued, 5), 0);
	thread = wpt_thread(test, wpt_call_flush, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	after = wpt_hold(test, pool, 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	wpt_open(before->gate);
	wpt_join(test, thread);
	for (i = 0; i < 5; i++)
		not_run += atomic_read(&queued[i].runs) != 1;
	KUNIT_EXPECT_EQ(test, not_run, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&before->runs), 1);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&after->task));
	wpt_open(after->gate);
}

/* several flushes, each with its own tasks before it, end in their order */
static void wait_flushes(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });
	struct wpt_job *holds[3];
	struct wpt_thread *threads[3];
	unsigned int i, j;

	for (i = 0; i < 3; i++) {
		holds[i] = wpt_hold(test, pool, 1);
		threads[i] = wpt_thread(test, wpt_call_flush, pool, NULL, NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(threads[i]));
	}
	for (i = 0; i < 3; i++) {
		for (j = i; j < 3; j++)
			KUNIT_EXPECT_FALSE(test, completion_done(&threads[j]->done));
		wpt_open(holds[i]->gate);
		wpt_join(test, threads[i]);
	}
}

/* more flushes at once than can be told apart: all of them end */
static void wait_many_flushes(struct kunit *test)
{
	const unsigned int n = 24;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = n });
	struct wpt_job *holds[24];
	struct wpt_thread *threads[24];
	unsigned int i;

	for (i = 0; i < n; i++) {
		holds[i] = wpt_hold(test, pool, 1);
		threads[i] = wpt_thread(test, wpt_call_flush, pool, NULL, NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(threads[i]));
	}
	/* the first is still told apart: it does not wait for all */
	wpt_open(holds[0]->gate);
	wpt_join(test, threads[0]);
	/* newest first, but one, which is the one that the rest wait for */
	for (i = n - 1; i > 1; i--)
		wpt_open(holds[i]->gate);
	KUNIT_EXPECT_FALSE(test, completion_done(&threads[1]->done));
	wpt_open(holds[1]->gate);
	for (i = 1; i < n; i++)
		wpt_join(test, threads[i]);
}

/* flush of a pool that is at rest, and of none */
static void wait_flush_nothing(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);

	wpt_call(test, wpt_call_flush, pool, NULL);
	wpt_call(test, wpt_call_drain, pool, NULL);
	wpt_call(test, wpt_call_flush, NULL, NULL);
	wpt_call(test, wpt_call_drain, NULL, NULL);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
}

/* drain waits until nothing is queued and nothing runs, also for what came later */
static void wait_drain(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *before = wpt_hold(test, pool, 1);
	struct wpt_thread *thread = wpt_thread(test, wpt_call_drain, pool, NULL, NULL);
	struct wpt_job *after;

	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	after = wpt_hold(test, pool, 1);
	wpt_open(before->gate);
	wpt_wait(test, before);
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	wpt_open(after->gate);
	wpt_join(test, thread);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 2);
	WPT_EXPECT_STAT(test, pool, RUNNING, 0);
}

static int flush_and_drain(void *arg)
{
	int flushed = wpool_flush(arg);

	return flushed == wpool_drain(arg) ? flushed : 1;
}

/* from a worker of the pool refused: it would wait for itself */
static void wait_flush_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool *other = wpt_pool(test, NULL);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	int result = 0;

	wpool_task_init(task, flush_and_drain, pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(task, WPT_LIMIT, &result), 0);
	KUNIT_EXPECT_EQ(test, result, -EDEADLK);
	/* of another pool not */
	KUNIT_ASSERT_EQ(test, wpool_schedule(other, task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(task, WPT_LIMIT, &result), 0);
	KUNIT_EXPECT_EQ(test, result, 0);
}

static struct kunit_case wait_cases[] = {
	KUNIT_CASE(wait_many),
	KUNIT_CASE_PARAM(wait_times_out, timeout_gen_params),
	KUNIT_CASE(wait_for_both_runs),
	KUNIT_CASE(wait_nested),
	KUNIT_CASE(wait_nested_too_deep),
	KUNIT_CASE(wait_for_itself),
	KUNIT_CASE(wait_for_enclosing),
	KUNIT_CASE(wait_in_a_circle),
	KUNIT_CASE(wait_for_other_pool),
	KUNIT_CASE(wait_run_inside),
	KUNIT_CASE(wait_flush),
	KUNIT_CASE(wait_flushes),
	KUNIT_CASE(wait_many_flushes),
	KUNIT_CASE(wait_flush_nothing),
	KUNIT_CASE(wait_drain),
	KUNIT_CASE(wait_flush_inside),
	{}
};

static struct kunit_suite wait_suite = {
	.name = "wpool_wait",
	.init = wait_init,
	.exit = wpt_exit,
	.test_cases = wait_cases,
};

kunit_test_suite(wait_suite);
