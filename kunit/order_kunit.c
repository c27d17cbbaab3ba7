// SPDX-License-Identifier: GPL-2.0
/*
 * Which task goes when, and what tasks that submit tasks may do.
 */
#include "wpool_kunit.h"

static int order_init(struct kunit *test)
{
	return wpt_init(test, "wpool_order");
}

/* 65: first in, first out */
static void order_fifo(struct kunit *test)
{
	const unsigned int n = 100;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	unsigned int i, wrong = 0;

	for (i = 0; i < n; i++)
		jobs[i].clock = clock;
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, n), 0);
	wpt_open(hold->gate);
	for (i = 0; i < n; i++) {
		wpt_wait(test, &jobs[i]);
		wrong += jobs[i].turn != i + 1;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* 65: strictly by priority, first in first out within one */
static void order_priority(struct kunit *test)
{
	static const enum wpool_priority submitted[] = {
		WPOOL_PRIO_LOW, WPOOL_PRIO_NORMAL, WPOOL_PRIO_HIGH, WPOOL_PRIO_LOW,
		WPOOL_PRIO_HIGH, WPOOL_PRIO_NORMAL, WPOOL_PRIO_NORMAL, WPOOL_PRIO_HIGH,
	};
	static const int turns[] = { 7, 4, 1, 8, 2, 5, 6, 3 };
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, ARRAY_SIZE(submitted), NULL);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(submitted); i++) {
		jobs[i].clock = clock;
		wpool_task_set_priority(&jobs[i].task, submitted[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
	}
	wpt_open(hold->gate);
	for (i = 0; i < ARRAY_SIZE(submitted); i++) {
		wpt_wait(test, &jobs[i]);
		KUNIT_EXPECT_EQ(test, jobs[i].turn, turns[i]);
	}
}

static const unsigned int sleeper_cases[] = { 0, 1, 15, 31 };

static void sleeper_name(const unsigned int *at, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "the sleeper is number %u", *at);
}

KUNIT_ARRAY_PARAM(sleeper, sleeper_cases, sleeper_name);

/* 64: 1 sleeper and 31 quick ones on 2 workers: the 31 end while it sleeps */
static void order_work_conserving(struct kunit *test)
{
	unsigned int at = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_job *jobs = wpt_jobs(test, 32, NULL);
	struct wpt_gate *gate = wpt_gate(test);
	unsigned int i;

	/* All wait in the queue before a worker looks at it. */
	jobs[at].gate = gate;
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 32), 0);
	wpt_open(hold->gate);
	for (i = 0; i < 32; i++) {
		if (i != at)
			wpt_wait(test, &jobs[i]);
	}
	/* the gate is still closed */
	wpt_begun(test, &jobs[at]);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[at].runs), 0);
	wpt_open(gate);
	wpt_wait(test, &jobs[at]);
}

/* 64: a worker is made for a task that finds all others busy */
static void order_grows_to_capacity(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 10 });
	struct wpt_job *hold = wpt_hold(test, pool, 10);

	WPT_EXPECT_STAT(test, pool, RUNNING, 10);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_open(hold->gate);
}

struct spawner {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_job		*inner;
	bool			waits;
	int			submitted;
};

static int submit_inner(void *arg)
{
	struct spawner *spawner = arg;

	spawner->submitted = wpool_schedule(spawner->pool, &spawner->inner->task);
	return spawner->waits ? wpool_wait(&spawner->inner->task) : 0;
}

/* 16: a task submits to its own pool, at capacity 1 */
static void order_submit_from_task(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct spawner *spawner = wpt_alloc(test, sizeof(*spawner));

	spawner->pool = pool;
	spawner->inner = wpt_jobs(test, 1, NULL);
	wpool_task_init(&spawner->task, submit_inner, spawner);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &spawner->task), 0);
	WPT_ASSERT_STAT(test, pool, COMPLETED, 2);
	KUNIT_EXPECT_EQ(test, spawner->submitted, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&spawner->inner->runs), 1);
}

/* 16: and waits for it there */
static void order_wait_from_task(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct spawner *spawner = wpt_alloc(test, sizeof(*spawner));
	int result;

	spawner->pool = pool;
	spawner->waits = true;
	spawner->inner = wpt_jobs(test, 1, NULL);
	spawner->inner->result = 17;
	wpool_task_init(&spawner->task, submit_inner, spawner);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &spawner->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&spawner->task, WPT_LIMIT, &result), 0);
	KUNIT_EXPECT_EQ(test, result, 17);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 2);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

struct relay {
	struct wpool_task	task;
	struct wpool		*pool;
	atomic_t		inside;
	atomic_t		overlaps;
	unsigned int		runs;
	unsigned int		wanted;
	int			error;
	struct completion	done;
};

static int submit_self(void *arg)
{
	struct relay *relay = arg;
	bool again;

	if (atomic_inc_return(&relay->inside) != 1)
		atomic_inc(&relay->overlaps);
	again = ++relay->runs < relay->wanted;
	if (again) {
		int err = wpool_schedule(relay->pool, &relay->task);

		if (err)
			relay->error = err;
		/* An idle worker would come now, if it could. */
		if (relay->runs % 16 == 0)
			schedule_timeout_idle(1);
	}
	atomic_dec(&relay->inside);
	if (!again || relay->error)
		complete_all(&relay->done);
	return 0;
}

/* 12: a task submits itself: it runs again, after the current run */
static void order_submit_self(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .min_workers = 4,
	});
	struct relay *relay = wpt_alloc(test, sizeof(*relay));

	relay->pool = pool;
	relay->wanted = 100;
	init_completion(&relay->done);
	wpool_task_init(&relay->task, submit_self, relay);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &relay->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&relay->done, WPT_LIMIT), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, relay->error, 0);
	KUNIT_EXPECT_EQ(test, relay->runs, 100);
	KUNIT_EXPECT_EQ(test, atomic_read(&relay->overlaps), 0);
}

/* 12: submitted by another while it runs: queued, and runs after that */
static void order_submit_running(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .min_workers = 4,
	});
	struct wpt_job *job = wpt_hold(test, pool, 1);

	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&job->task));
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&job->task));
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	WPT_EXPECT_STAT(test, pool, RUNNING, 1);
	/* and only once */
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), -EBUSY);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);

	wpt_open(job->gate);
	wpt_wait(test, job);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 2);
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&job->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
}

static struct kunit_case order_cases[] = {
	KUNIT_CASE(order_fifo),
	KUNIT_CASE(order_priority),
	KUNIT_CASE_PARAM(order_work_conserving, sleeper_gen_params),
	KUNIT_CASE(order_grows_to_capacity),
	KUNIT_CASE(order_submit_from_task),
	KUNIT_CASE(order_wait_from_task),
	KUNIT_CASE(order_submit_self),
	KUNIT_CASE(order_submit_running),
	{}
};

static struct kunit_suite order_suite = {
	.name = "wpool_order",
	.init = order_init,
	.exit = wpt_exit,
	.test_cases = order_cases,
};

kunit_test_suite(order_suite);
