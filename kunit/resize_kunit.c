// SPDX-License-Identifier: GPL-2.0
/*
 * A pool that grows and shrinks on request.
 */
#include <linux/delay.h>
#include "wpool_kunit.h"

static int resize_init(struct kunit *test)
{
	return wpt_init(test, "wpool_resize");
}

/* 28: 10 -> 9 -> 10 -> 1 -> 10: as many as it says run, and no more */
static void resize_up_and_down(struct kunit *test)
{
	static const unsigned int capacities[] = { 10, 9, 10, 1, 10 };
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 10 });
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(capacities); i++) {
		struct wpt_job *more = wpt_jobs(test, 5, NULL);
		struct wpt_job *hold;

		KUNIT_ASSERT_EQ(test, wpool_resize(pool, capacities[i]), 0);
		WPT_EXPECT_STAT(test, pool, CAPACITY, capacities[i]);
		WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_WORKERS) <= capacities[i]);
		hold = wpt_hold(test, pool, capacities[i]);
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, more, 5), 0);
		WPT_EXPECT_STAT(test, pool, RUNNING, capacities[i]);
		WPT_EXPECT_STAT(test, pool, WORKERS, capacities[i]);
		WPT_EXPECT_STAT(test, pool, QUEUED, 5);
		wpt_open(hold->gate);
		for (j = 0; j < capacities[i]; j++)
			wpt_wait(test, &hold[j]);
		for (j = 0; j < 5; j++)
			wpt_wait(test, &more[j]);
	}
	WPT_EXPECT_STAT(test, pool, LARGEST, 10);
}

/* 28: downwards while all are busy: a bound as soon as running tasks end */
static void resize_down_busy(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 6 });
	struct wpt_job *hold = wpt_hold(test, pool, 5);
	struct wpt_job *last = wpt_hold(test, pool, 1);
	struct wpt_job *queued = wpt_jobs(test, 1, NULL);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &queued->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_resize(pool, 1), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 1);
	WPT_EXPECT_STAT(test, pool, RUNNING, 6);

	wpt_open(hold->gate);
	for (i = 0; i < 5; i++)
		wpt_wait(test, &hold[i]);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&queued->runs), 0);

	wpt_open(last->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, queued), 0);
}

/* 28: idle workers beyond the new capacity leave, at once */
static void resize_down_idle(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 8, .min_workers = 8, .idle_timeout_ms = UINT_MAX,
	});

	WPT_ASSERT_STAT(test, pool, IDLE, 8);
	KUNIT_ASSERT_EQ(test, wpool_resize(pool, 3), 0);
	WPT_ASSERT_STAT(test, pool, WORKERS, 3);
	/* min_workers is bounded by the capacity, and comes back with it */
	KUNIT_ASSERT_EQ(test, wpool_resize(pool, 8), 0);
	wpt_open(wpt_hold(test, pool, 8)->gate);
}

/* 28: the room of the queue follows the capacity */
static void resize_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .queue_depth = 2,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 3);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpool_resize(pool, 2), 0);
	/* Three run, so no worker is free: two may wait. */
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &jobs[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &jobs[1].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &jobs[2].task), -EAGAIN);
	KUNIT_ASSERT_EQ(test, wpool_resize(pool, 4), 0);
	/* One more worker may be made. */
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &jobs[2].task), 0);
	wpt_begun(test, &jobs[0]);
	wpt_open(hold->gate);
	for (i = 0; i < 3; i++)
		wpt_wait(test, &jobs[i]);
}

struct up_case {
	const char	*name;
	unsigned int	capacity;
	unsigned int	served;
};

static const struct up_case up_cases[] = {
	{ "by one wakes one", 2, 1 },
	{ "by two wakes two", 3, 2 },
	{ "by many wakes all", 20, 5 },
};

static void up_name(const struct up_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(up, up_cases, up_name);

/* 29: upwards, blocked submitters get the new room, the longest blocked first */
static void resize_wakes_blocked(struct kunit *test)
{
	const struct up_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 5, hold->gate);
	struct wpt_thread *threads[5];
	unsigned int i;

	for (i = 0; i < 5; i++) {
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
		WPT_ASSERT_STAT(test, pool, BLOCKED, i + 1);
	}
	KUNIT_ASSERT_EQ(test, wpool_resize(pool, param->capacity), 0);
	for (i = 0; i < param->served; i++) {
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
		wpt_begun(test, &jobs[i]);
	}
	WPT_EXPECT_STAT(test, pool, BLOCKED, 5 - param->served);
	WPT_EXPECT_STAT(test, pool, RUNNING, 1 + param->served);

	wpt_open(hold->gate);
	for (; i < 5; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	for (i = 0; i < 5; i++)
		wpt_wait(test, &jobs[i]);
}

static const unsigned int refused_cases[] = {
	0, WPOOL_MAX_CAPACITY + 1, -1, INT_MAX,
};

static void refused_name(const unsigned int *capacity, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u", *capacity);
}

KUNIT_ARRAY_PARAM(refused, refused_cases, refused_name);

/* 30: a refused value changes nothing */
static void resize_refused(struct kunit *test)
{
	unsigned int capacity = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });

	KUNIT_EXPECT_EQ(test, wpool_resize(pool, capacity), -EINVAL);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 3);
	wpt_open(wpt_hold(test, pool, 3)->gate);
	wpt_destroy(test, pool);
}

/* 30: nor does one for a pool that is shut down */
static void resize_after_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);

	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_resize(pool, 5), -ESHUTDOWN);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 3);
	wpt_open(hold->gate);
}

/* How often a worker was made that was not to be made any more. */
static int call_resize_and_look(struct wpt_thread *self)
{
	struct wpool *pool = self->pool;
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < 100; i++) {
		u64 created;

		wpool_resize(pool, 9);
		wrong += !wpt_until(wpt_stat(pool, WPOOL_STAT_WORKERS) == 9);
		/* a worker is missing, until the manager has made it */
		wpool_resize(pool, 10);
		udelay(8 * i);
		wpool_resize(pool, 9);
		created = wpt_stat(pool, WPOOL_STAT_CREATED);
		/* returns when the manager has ended what it was at */
		wrong += wpool_prestart(pool, 0) != 0;
		wrong += wpt_stat(pool, WPOOL_STAT_CREATED) != created;
	}
	return wrong;
}

/* 28: lowered while workers are being made: none is made beyond it any more */
static void resize_races_spawn(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 10, .min_workers = 10,
	});

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_resize_and_look, pool, NULL), 0);
}

#define RING		16

/* Submits its jobs in turn until the gate is opened; how many were accepted. */
static int keep_busy(struct wpt_thread *self)
{
	struct wpt_gate *stop = self->arg;
	int accepted = 0;

	while (!completion_done(&stop->opened)) {
		struct wpt_job *job = &self->job[accepted % RING];

		if (accepted >= RING && wpool_wait_timeout(&job->task, WPT_LIMIT, NULL))
			return -EPROTO;
		if (wpool_schedule_timeout(self->pool, &job->task, WPT_LIMIT))
			return -EPROTO;
		accepted++;
	}
	return accepted;
}

/* 28, 10: resized all the time under load, everything runs, and once */
static void resize_under_load(struct kunit *test)
{
	static const unsigned int capacities[] = { 1, 5, 2, 8, 3, 1, 7 };
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .queue_depth = 3,
	});
	struct wpt_gate *stop = wpt_gate(test);
	struct wpt_job *jobs = wpt_jobs(test, 2 * RING, NULL);
	struct wpt_thread *threads[2];
	unsigned int i, wrong = 0;
	int accepted = 0, runs = 0;

	for (i = 0; i < 2; i++)
		threads[i] = wpt_thread(test, keep_busy, pool, &jobs[i * RING], stop);
	for (i = 0; i < 700; i++) {
		wrong += wpool_resize(pool, capacities[i % ARRAY_SIZE(capacities)]) != 0;
		wrong += wpt_stat(pool, WPOOL_STAT_WORKERS) > 8;
		/* lets workers be made now and then */
		if (i % 16 == 0)
			schedule_timeout_idle(1);
	}
	wpt_open(stop);
	for (i = 0; i < 2; i++) {
		int n = wpt_join(test, threads[i]);

		KUNIT_EXPECT_GE(test, n, 0);
		accepted += n;
	}
	wpt_destroy(test, pool);
	for (i = 0; i < 2 * RING; i++)
		runs += atomic_read(&jobs[i].runs);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, runs, accepted);
}

static struct kunit_case resize_cases[] = {
	KUNIT_CASE(resize_up_and_down),
	KUNIT_CASE(resize_down_busy),
	KUNIT_CASE(resize_down_idle),
	KUNIT_CASE(resize_room),
	KUNIT_CASE_PARAM(resize_wakes_blocked, up_gen_params),
	KUNIT_CASE_PARAM(resize_refused, refused_gen_params),
	KUNIT_CASE(resize_after_shutdown),
	KUNIT_CASE(resize_races_spawn),
	KUNIT_CASE(resize_under_load),
	{}
};

static struct kunit_suite resize_suite = {
	.name = "wpool_resize",
	.init = resize_init,
	.exit = wpt_exit,
	.test_cases = resize_cases,
};

kunit_test_suite(resize_suite);
