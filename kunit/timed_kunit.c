// SPDX-License-Identifier: GPL-2.0
/*
 * Calls with a time limit, whose task may outlive the caller's patience; and without any patience.
 */
#include "wpool_kunit.h"

static int timed_init(struct kunit *test)
{
	return wpt_init(test, "wpool_timed");
}

/* wpool_run_timeout(), in a thread's stead. */
struct timed {
	wpool_fn_t	fn;
	void		*arg;
	unsigned long	timeout;
	unsigned long	began;		/* in jiffies */
};

static int call_run_timeout(struct wpt_thread *self)
{
	struct timed *timed = self->arg;

	timed->began = jiffies;
	return wpool_run_timeout(self->pool, timed->fn, timed->arg,
				 timed->timeout, NULL);
}

static struct timed *timed(struct kunit *test, wpool_fn_t fn, void *arg, unsigned long timeout)
{
	struct timed *timed = wpt_alloc(test, sizeof(*timed));

	timed->fn = fn;
	timed->arg = arg;
	timed->timeout = timeout;
	return timed;
}

static const unsigned int timeout_cases[] = { 0, 1, HZ / 50 + 2 };

static void timeout_name(const unsigned int *timeout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u jiffies", *timeout);
}

KUNIT_ARRAY_PARAM(timeout, timeout_cases, timeout_name);

/* 51: in time, the result */
static void timed_in_time(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	job->result = -EIO;
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_run_timeout, pool,
				       timed(test, wpt_run_job, job, WPT_LIMIT)), -EIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 0);
}

/* 20, 51: given up while it waits: taken back, never early, and never run */
static void timed_queued(struct kunit *test)
{
	unsigned int timeout = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct timed *call = timed(test, wpt_run_job, job, timeout);

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_run_timeout, pool, call), -ETIMEDOUT);
	WPT_EXPECT_WAITED(test, call->began, timeout);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* 20, 51: given up while it waits for room: nothing is left of it */
static void timed_blocked(struct kunit *test)
{
	unsigned int timeout = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct timed *call = timed(test, wpt_run_job, job, timeout);

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_run_timeout, pool, call), -ETIMEDOUT);
	WPT_EXPECT_WAITED(test, call->began, timeout);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 1);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* Of those that are to be given up while they run; a second, in which all should begin. */
#define PATIENCE	HZ

/* What has not begun in that time is taken back, and shows nothing. */
static void need_begun(struct kunit *test, struct wpool *pool)
{
	if (wpt_stat(pool, WPOOL_STAT_CANCELLED))
		kunit_skip(test, "a task did not begin in a second");
}

/* 51: given up while it runs: asked to stop, and the worker is free for others */
static void timed_running(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *slow = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct timed *call = timed(test, wpt_run_until_stopped, slow, PATIENCE);

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_run_timeout, pool, call), -ETIMEDOUT);
	WPT_EXPECT_WAITED(test, call->began, PATIENCE);
	need_begun(test, pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	/* its gate is still closed: it is over because it was asked */
	KUNIT_EXPECT_EQ(test, atomic_read(&slow->runs), 1);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 2);
}

/* 51: one that does not look outlives its caller; KASAN watches its memory */
static void timed_outlives(struct kunit *test)
{
	struct wpt_thread *threads[4];
	const unsigned int n = ARRAY_SIZE(threads);
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = n });
	struct wpt_job *jobs = wpt_jobs(test, n, wpt_gate(test));
	unsigned int i;

	for (i = 0; i < n; i++)
		threads[i] = wpt_thread(test, call_run_timeout, pool, NULL,
					timed(test, wpt_run_job, &jobs[i], PATIENCE));
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), -ETIMEDOUT);
	need_begun(test, pool);
	for (i = 0; i < n; i++) {
		wpt_begun(test, &jobs[i]);
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 0);
	}
	WPT_EXPECT_STAT(test, pool, RUNNING, n);
	wpt_open(jobs->gate);
	wpt_destroy(test, pool);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
}

static int run_fatal(void *arg)
{
	return wpool_run_timeout(arg, wpt_die, NULL, MAX_SCHEDULE_TIMEOUT, NULL);
}

/* 42, 51: a worker without a limit runs it itself, and dies of it: it is freed */
static void timed_dies_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });

	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_fatal, pool), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
	WPT_EXPECT_STAT(test, pool, OOPSED, 2);
}

/* The first worker that starts dies in such a call. */
static void run_fatal_at_start(struct wpool *pool)
{
	struct timed *first = wpool_priv(pool);

	if (!xchg(&first->began, 1))
		WARN_ON(wpool_run_timeout(pool, first->fn, NULL, first->timeout, NULL) >= 0);
}

static const struct wpool_ops fatal_ops = { .worker_start = run_fatal_at_start };

/* 42, 51: nor is it kept if it does so in a hook */
static void timed_dies_in_hook(struct kunit *test)
{
	struct timed *first = timed(test, wpt_die, NULL, MAX_SCHEDULE_TIMEOUT);
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .ops = &fatal_ops, .priv = first,
	});
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	WPT_EXPECT_STAT(test, pool, OOPSED, 1);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
}

static const unsigned int capacity_cases[] = { 1, 2, 4 };

static void capacity_name(const unsigned int *capacity, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "capacity %u", *capacity);
}

KUNIT_ARRAY_PARAM(capacity, capacity_cases, capacity_name);

static int run_call_inside(void *arg)
{
	struct timed *call = arg;

	call->began = jiffies;
	return wpool_run_timeout(wpool_current(), call->fn, call->arg,
				 call->timeout, NULL);
}

/* 20, 51, 174: made by a task of the pool: idle workers run its function, or nobody does */
static void timed_call_inside(struct kunit *test)
{
	unsigned int capacity = *(const unsigned int *)test->param_value, i, ran = 0;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .flags = WPOOL_PREALLOC,
	});
	struct wpool_task *outer = wpt_alloc(test, sizeof(*outer));
	struct wpt_job *patient = wpt_jobs(test, 5, wpt_gate(test));
	struct timed *call;

	for (i = 0; i < 5; i++) {
		call = timed(test, wpt_run_until_stopped, &patient[i], HZ / 10 + 1);
		wpool_task_init(outer, run_call_inside, call);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, outer), 0);
		KUNIT_EXPECT_EQ(test, wpt_result(test, outer), -ETIMEDOUT);
		WPT_EXPECT_WAITED(test, call->began, call->timeout);
	}
	/* Those that have begun end because they are asked: their gate is closed. */
	wpt_call(test, wpt_call_drain, pool, NULL);
	for (i = 0; i < 5; i++)
		ran += atomic_read(&patient[i].runs);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 5 + ran);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 5 - ran);
	WPT_EXPECT_STAT(test, pool, NESTED, 0);
	if (capacity == 1)
		KUNIT_EXPECT_EQ(test, ran, 0);
}

struct race {
	atomic_t	runs;
	atomic_t	results;
	atomic_t	given_up;
};

static int run_a_while(void *arg)
{
	struct race *race = arg;

	/* About as long as its caller waits. */
	if (atomic_inc_return(&race->runs) % 2)
		schedule_timeout_idle(1);
	return WPT_STOPPED;
}

static int call_race(struct wpt_thread *self)
{
	struct race *race = self->arg;
	int i, ret;

	for (i = 0; i < 40; i++) {
		ret = wpool_run_timeout(self->pool, run_a_while, race, i % 4,
					NULL);
		if (ret == WPT_STOPPED)
			atomic_inc(&race->results);
		else if (ret == -ETIMEDOUT)
			atomic_inc(&race->given_up);
		else
			return ret;
	}
	return 0;
}

/* 51: the end of a task and that of its caller's patience, at about the same time */
static void timed_races(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 2,
	});
	struct race *race = wpt_alloc(test, sizeof(*race));
	struct wpt_thread *threads[4];
	unsigned int i;

	for (i = 0; i < 4; i++)
		threads[i] = wpt_thread(test, call_race, pool, NULL, race);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->results) + atomic_read(&race->given_up), 160);
	KUNIT_EXPECT_GE(test, atomic_read(&race->runs), atomic_read(&race->results));
	WPT_EXPECT_STAT(test, pool, COMPLETED, atomic_read(&race->runs));
	WPT_EXPECT_STAT(test, pool, SUBMITTED, wpt_stat(pool, WPOOL_STAT_COMPLETED) +
			wpt_stat(pool, WPOOL_STAT_CANCELLED));
}

/* Waits for a task and for a group for a limited time. */
struct look {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpool_group	*group;
	struct wpt_job		*alone, *grouped;
	unsigned long		timeout;
	int			err, at_task, at_group;
	bool			slept;
};

static void look(struct look *look)
{
	unsigned long sleeps = current->nvcsw;

	look->at_task = wpool_wait_timeout(&look->alone->task, look->timeout, NULL);
	look->at_group = wpool_group_wait_timeout(look->group, look->timeout);
	look->slept = current->nvcsw != sleeps;
}

static int look_inside(void *arg)
{
	struct look *inside = arg;

	inside->err = wpool_schedule(inside->pool, &inside->alone->task) ?:
		      wpool_group_schedule(inside->group, inside->pool, &inside->grouped->task);
	look(inside);
	return atomic_read(&inside->alone->runs) + atomic_read(&inside->grouped->runs);
}

/* The other workers of the pool are busy. */
static const struct look_case {
	unsigned int	capacity, timeout;
} look_cases[] = {
	{ 1, 0 }, { 2, 0 }, { 4, 0 }, { 1, HZ / 50 + 2 }, { 2, HZ / 50 + 2 }, { 4, HZ / 50 + 2 },
};

static void look_name(const struct look_case *look, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "capacity %u, %u jiffies", look->capacity,
		 look->timeout);
}

KUNIT_ARRAY_PARAM(look, look_cases, look_name);

/* 20, 174: a worker runs neither the task nor one of the group; with a limit of 0 nobody sleeps */
static void timed_looks(struct kunit *test)
{
	const struct look_case *this = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = this->capacity });
	struct look *inside = wpt_alloc(test, sizeof(*inside));
	int began = 99;

	if (this->capacity > 1)
		wpt_hold(test, pool, this->capacity - 1);
	inside->timeout = this->timeout;
	inside->pool = pool;
	inside->group = wpt_group(test, false);
	inside->alone = wpt_jobs(test, 1, wpt_gate(test));
	inside->grouped = wpt_jobs(test, 1, NULL);
	wpool_task_init(&inside->task, look_inside, inside);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &inside->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&inside->task, WPT_LIMIT, &began), 0);
	KUNIT_EXPECT_EQ(test, inside->err, 0);
	KUNIT_EXPECT_EQ(test, began, 0);
	KUNIT_EXPECT_EQ(test, inside->at_task, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, inside->at_group, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, inside->slept, this->timeout > 0);

	wpt_begun(test, inside->alone);
	look(inside);
	KUNIT_EXPECT_EQ(test, inside->at_task, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, inside->at_group, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, inside->slept, this->timeout > 0);
	wpt_open(inside->alone->gate);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(inside->group, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&inside->alone->task, 0, NULL), 0);
}

/* 174, 53: at a fail-fast group that has failed, too: to take back the rest is left to a wait */
static void timed_looks_at_failed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_group *group = wpt_group(test, true);
	struct wpool_delayed_task *late = wpt_alloc(test, sizeof(*late));
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	jobs[0].result = -EIO;
	wpool_delayed_task_init(late, wpt_run_job, &jobs[1]);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(group, pool, late, 10 * WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &jobs[0].task), 0);
	WPT_ASSERT_STAT(test, pool, COMPLETED, 1);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, 0), -ETIMEDOUT);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, WPT_LIMIT), -EIO);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
}

/* 174: likewise for the end of a pool, and for a nap */
static void timed_looks_at_end(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_hold(test, pool, 1);
	unsigned long sleeps;
	int looked, napped;

	wpool_shutdown(pool);
	sleeps = current->nvcsw;
	looked = wpool_await_termination(pool, 0);
	napped = wpool_sleep(0);
	KUNIT_EXPECT_EQ(test, current->nvcsw, sleeps);
	KUNIT_EXPECT_EQ(test, looked, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, napped, 0);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 0), 0);
}

/* A task with a key, and one behind it that it looks at. */
struct behind {
	struct wpool_keyed_task	first, second;
	struct wpt_gate		*gate;
	int			seen;
};

static int look_behind(void *arg)
{
	struct behind *behind = arg;

	wait_for_completion(&behind->gate->opened);
	behind->seen = wpool_wait_timeout(&behind->second.task, 0, NULL);
	return 0;
}

static int return_7(void *arg)
{
	return 7;
}

/* 174: and takes nothing back, not even what cannot begin before the caller's own task ends */
static void timed_looks_behind(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct behind *behind = wpt_alloc(test, sizeof(*behind));
	int result;

	behind->gate = wpt_gate(test);
	wpool_keyed_task_init(&behind->first, look_behind, behind);
	wpool_keyed_task_init(&behind->second, return_7, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &behind->first, 1), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &behind->second, 1), 0);
	wpt_open(behind->gate);
	result = wpt_result(test, &behind->second.task);
	KUNIT_EXPECT_EQ(test, behind->seen, -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, result, 7);
}

static struct kunit_case timed_cases[] = {
	KUNIT_CASE(timed_in_time),
	KUNIT_CASE_PARAM(timed_queued, timeout_gen_params),
	KUNIT_CASE_PARAM(timed_blocked, timeout_gen_params),
	KUNIT_CASE(timed_running),
	KUNIT_CASE(timed_outlives),
	KUNIT_CASE_PARAM(timed_call_inside, capacity_gen_params),
	KUNIT_CASE(timed_dies_inside),
	KUNIT_CASE(timed_dies_in_hook),
	KUNIT_CASE(timed_races),
	KUNIT_CASE_PARAM(timed_looks, look_gen_params),
	KUNIT_CASE(timed_looks_behind),
	KUNIT_CASE(timed_looks_at_failed),
	KUNIT_CASE(timed_looks_at_end),
	{}
};

static struct kunit_suite timed_suite = {
	.name = "wpool_timed",
	.init = timed_init,
	.exit = wpt_exit,
	.test_cases = timed_cases,
};

kunit_test_suite(timed_suite);
