// SPDX-License-Identifier: GPL-2.0
/*
 * Many tasks handed over at once.
 */
#include "wpool_kunit.h"

static int batch_init(struct kunit *test)
{
	return wpt_init(test, "wpool_batch");
}

/* A batch, and the thread that hands it over. */
struct batch {
	struct wpool_task	**tasks;
	unsigned int		n;
};

static int call_batch(struct wpt_thread *self)
{
	struct batch *batch = self->arg;

	return wpool_schedule_batch(self->pool, batch->tasks, batch->n);
}

static struct batch *batch_of(struct kunit *test, struct wpt_job *jobs, unsigned int n)
{
	struct batch *batch = wpt_alloc(test, sizeof(*batch));
	unsigned int i;

	batch->tasks = wpt_alloc(test, n * sizeof(*batch->tasks));
	batch->n = n;
	for (i = 0; i < n; i++)
		batch->tasks[i] = &jobs[i].task;
	return batch;
}

static const unsigned int size_cases[] = { 0, 1, 2, 63, 64, 65, 300 };

static void size_name(const unsigned int *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u tasks", *n);
}

KUNIT_ARRAY_PARAM(size, size_cases, size_name);

/* 6, 65: all are accepted, run once each, and in order */
static void batch_all(struct kunit *test)
{
	unsigned int n = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	struct batch *batch = batch_of(test, jobs, n);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	unsigned int i, wrong = 0;

	for (i = 0; i < n; i++)
		jobs[i].clock = clock;
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_batch, pool, batch), n);
	WPT_EXPECT_STAT(test, pool, QUEUED, n);
	wpt_open(hold->gate);
	for (i = 0; i < n; i++) {
		wpt_wait(test, &jobs[i]);
		wrong += jobs[i].turn != i + 1 || atomic_read(&jobs[i].runs) != 1;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, n + 1);
}

/* 64: one batch puts as many workers to work as there may be */
static void batch_wakes_all(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 6, .min_workers = 3,
	});
	struct wpt_job *jobs = wpt_jobs(test, 6, wpt_gate(test));
	unsigned int i;

	WPT_ASSERT_STAT(test, pool, IDLE, 3);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_batch, pool, batch_of(test, jobs, 6)), 6);
	for (i = 0; i < 6; i++)
		wpt_begun(test, &jobs[i]);
	wpt_open(jobs->gate);
}

/* 17: as many as there is room for; and an error if there is none */
static void batch_some(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 3, .full = WPOOL_FULL_FAIL,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	struct batch *rest = batch_of(test, &jobs[3], 2);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_batch, pool, batch_of(test, jobs, 5)), 3);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, wpool_task_queued(&jobs[i].task), i < 3);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_batch, pool, rest), -EAGAIN);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), i < 3 ? 1 : 0);
}

/* 18: where the policy is to wait, it waits for room for all of them */
static void batch_blocks(struct kunit *test)
{
	const unsigned int n = 20;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 3,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	struct wpt_thread *thread;
	unsigned int i;

	thread = wpt_thread(test, call_batch, pool, NULL, batch_of(test, jobs, n));
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 3);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), n);
	wpt_destroy(test, pool);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
}

/* 57: a pool that closes meanwhile: what was accepted, and no error */
static void batch_cut_short(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 3,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 8, NULL);
	struct batch *batch = batch_of(test, jobs, 8);
	struct wpt_thread *thread = wpt_thread(test, call_batch, pool, NULL, batch);
	unsigned int i;

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 3);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_batch, pool, batch), -ESHUTDOWN);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), i < 3 ? 1 : 0);
}

/* 24: if the policy drops, all are accepted, and each waiter is woken */
static void batch_discards(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2, .full = WPOOL_FULL_DISCARD,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 6, NULL);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_batch, pool, batch_of(test, jobs, 6)), 6);
	WPT_EXPECT_STAT(test, pool, DROPPED, 4);
	wpt_open(hold->gate);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), i < 2 ? 0 : -ECANCELED);
}

/* 25: where the caller is to run, it runs what there is no room for */
static void batch_caller_runs(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 6, NULL);
	struct wpt_thread *thread;
	unsigned int i;

	thread = wpt_thread(test, call_batch, pool, NULL, batch_of(test, jobs, 6));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 6);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), i < 2 ? 0 : 1);
	KUNIT_EXPECT_PTR_EQ(test, jobs[5].worker, thread->kthread);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs) + atomic_read(&jobs[1].runs), 2);
}

struct faulty_case {
	const char	*name;
	unsigned int	at;		/* of 4 */
	int		expected;
};

static const struct faulty_case faulty_cases[] = {
	{ "the first", 0, -EINVAL },
	{ "the second", 1, 1 },
	{ "the last", 3, 3 },
};

static void faulty_name(const struct faulty_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(faulty, faulty_cases, faulty_name);

/* 13: a task that is none: those before it are accepted, those behind it not */
static void batch_faulty(struct kunit *test)
{
	const struct faulty_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	struct batch *batch = batch_of(test, jobs, 4);
	unsigned int i;

	batch->tasks[param->at] = NULL;
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_batch, pool, batch), param->expected);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, wpool_task_queued(&jobs[i].task), i < param->at);
	wpt_open(hold->gate);
}

/* A task twice in one batch is busy the second time. */
static void batch_twice_the_same(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	struct batch *batch = batch_of(test, jobs, 4);

	batch->tasks[2] = &jobs[0].task;
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_batch, pool, batch), 2);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_batch, pool, batch), -EBUSY);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&jobs[3].task));
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 1);
}

/* No pool, no tasks. */
static void batch_null(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct batch *batch = batch_of(test, wpt_jobs(test, 1, NULL), 1);

	KUNIT_EXPECT_EQ(test, wpool_schedule_batch(NULL, batch->tasks, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_batch(pool, NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_batch(pool, NULL, 0), 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
}

static struct kunit_case batch_cases[] = {
	KUNIT_CASE_PARAM(batch_all, size_gen_params),
	KUNIT_CASE(batch_wakes_all),
	KUNIT_CASE(batch_some),
	KUNIT_CASE(batch_blocks),
	KUNIT_CASE(batch_cut_short),
	KUNIT_CASE(batch_discards),
	KUNIT_CASE(batch_caller_runs),
	KUNIT_CASE_PARAM(batch_faulty, faulty_gen_params),
	KUNIT_CASE(batch_twice_the_same),
	KUNIT_CASE(batch_null),
	{}
};

static struct kunit_suite batch_suite = {
	.name = "wpool_batch",
	.init = batch_init,
	.exit = wpt_exit,
	.test_cases = batch_cases,
};

kunit_test_suite(batch_suite);
