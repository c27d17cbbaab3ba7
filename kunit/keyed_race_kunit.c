// SPDX-License-Identifier: GPL-2.0
/*
 * A keyed task and its key: which call decides the key under which it waits.
 */
#include "wpool_kunit.h"

static int keyed_race_init(struct kunit *test)
{
	return wpt_init(test, "wpool_keyed_race");
}

/* Submits a task under its key, and takes it back, again and again. */
struct racer {
	struct wpool_keyed_task	*ktask;
	u64			key;
	unsigned int		other_key;
	unsigned int		other_error;
};

#define ROUNDS	5000

static int call_race(struct wpt_thread *self)
{
	struct racer *racer = self->arg;
	struct wpool_keyed_task *ktask = racer->ktask;
	unsigned int accepted = 0;
	int ret;

	while (accepted < ROUNDS && !racer->other_error) {
		ret = wpool_schedule_keyed(self->pool, ktask, racer->key);
		if (ret) {
			racer->other_error += ret != -EBUSY;
			cond_resched();
			continue;
		}
		accepted++;
		/*
		 * Nobody may change it before it is taken back, or has run: in a pool where it
		 * runs, the other one may be writing it by now.
		 */
		racer->other_key += data_race(ktask->key) != racer->key;
		if (!wpool_cancel(&ktask->task))
			wpool_wait(&ktask->task);
	}
	return 0;
}

/* Waits as long as it takes any back; see WPT_ASSERT_WHILE_BUSY(). */
static void await_racer(struct wpool *pool, struct wpt_thread *thread)
{
	u64 seen;

	do
		seen = wpt_stat(pool, WPOOL_STAT_CANCELLED);
	while (!wpt_until(completion_done(&thread->done)) &&
	       wpt_stat(pool, WPOOL_STAT_CANCELLED) != seen);
}

/* Two at once, by key 1 and key 2. */
static struct racer *run_race(struct kunit *test, struct wpool *pool,
			      struct wpool_keyed_task *ktask)
{
	struct racer *racers = wpt_alloc(test, 2 * sizeof(*racers));
	struct wpt_thread *threads[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		racers[i] = (struct racer) { .ktask = ktask, .key = i + 1 };
		threads[i] = wpt_thread(test, call_race, pool, NULL, &racers[i]);
	}
	for (i = 0; i < 2; i++) {
		await_racer(pool, threads[i]);
		KUNIT_ASSERT_EQ(test, wpt_join(test, threads[i]), 0);
		KUNIT_EXPECT_EQ(test, racers[i].other_error, 0);
	}
	return racers;
}

/* A task that has its worker until its gate opens, and its key. */
static struct wpt_job *hold_key(struct kunit *test, struct wpool *pool, u64 key)
{
	struct wpool_keyed_task *ktask = wpt_alloc(test, sizeof(*ktask));
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));

	wpool_keyed_task_init(ktask, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, ktask, key), 0);
	wpt_begun(test, job);
	return job;
}

/* A task waits under the key of the submitter that got 0, until it is taken back. */
static void keyed_race_of_two(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *first = hold_key(test, pool, 1), *second = hold_key(test, pool, 2);
	struct wpool_keyed_task *ktask = wpt_alloc(test, sizeof(*ktask));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct racer *racers;

	wpool_keyed_task_init(ktask, wpt_run_job, job);
	racers = run_race(test, pool, ktask);
	KUNIT_EXPECT_EQ(test, racers[0].other_key, 0);
	KUNIT_EXPECT_EQ(test, racers[1].other_key, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	wpt_open(first->gate);
	wpt_open(second->gate);
}

struct watch {
	struct wpool_keyed_task	*ktask;
	struct wpt_gate		*gate;
};

static int wait_a_moment(void *arg)
{
	struct wpool_keyed_task *ktask = arg;

	return wpool_wait_timeout(&ktask->task, 1, NULL);
}

static int wait_until_open(void *arg)
{
	struct watch *watch = arg;

	while (!completion_done(&watch->gate->opened)) {
		wait_a_moment(watch->ktask);
		cond_resched();
	}
	return 0;
}

/* 16: a worker that waits for such a task always finds the one before it */
static void keyed_race_awaited(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpt_job *first = hold_key(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct wpool_keyed_task *ktask = wpt_alloc(test, sizeof(*ktask));
	struct watch *watch = wpt_alloc(test, sizeof(*watch));

	watch->ktask = ktask;
	watch->gate = wpt_gate(test);
	wpool_keyed_task_init(ktask, wpt_run_job, &jobs[0]);
	wpool_task_init(&jobs[1].task, wait_until_open, watch);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[1].task), 0);
	run_race(test, pool, ktask);
	wpt_open(watch->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
	wpt_open(first->gate);
}

/* 12: submitted again under its key, and then under another one, which does not count */
static void keyed_race_same_key(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpt_job *jobs = wpt_jobs(test, 1, NULL), *first;
	struct wpool_keyed_task *ktask = wpt_alloc(test, sizeof(*ktask));

	wpool_keyed_task_init(ktask, wpt_run_job, jobs);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, ktask, 1), 0);
	KUNIT_ASSERT_EQ(test, wpt_result(test, &ktask->task), 0);
	first = hold_key(test, pool, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, ktask, 1), 0);
	/* a second key neither moves it nor is kept */
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, ktask, 2), -EBUSY);
	WPT_ASSERT_STAT(test, pool, IDLE, wpt_stat(pool, WPOOL_STAT_WORKERS) - 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs->runs), 1);
	KUNIT_EXPECT_EQ(test, wpool_run(pool, wait_a_moment, ktask), -ETIMEDOUT);
	wpt_open(first->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &ktask->task), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs->runs), 2);
}

static int call_schedule_2(struct wpt_thread *self)
{
	return wpool_schedule_keyed(self->pool, self->arg, 2);
}

/* 18: a submitter that waits for room with another key does not change the task's key */
static void keyed_race_blocked(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 1,
	});
	struct wpool_keyed_task *ktask = wpt_alloc(test, sizeof(*ktask));
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL), *first, *second;
	struct wpt_thread *thread;

	wpool_keyed_task_init(ktask, wpt_run_job, &jobs[0]);
	first = hold_key(test, pool, 1);
	second = hold_key(test, pool, 2);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[1].task), 0);
	thread = wpt_thread(test, call_schedule_2, pool, NULL, ktask);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_ASSERT_TRUE(test, wpool_cancel(&jobs[1].task));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, ktask, 1), -EBUSY);
	wpt_open(first->gate);
	WPT_ASSERT_STAT(test, pool, COMPLETED, 1);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&ktask->task, 2, NULL), -ETIMEDOUT);
	wpt_open(second->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &ktask->task), 0);
}

static struct kunit_case keyed_race_cases[] = {
	KUNIT_CASE(keyed_race_of_two),
	KUNIT_CASE(keyed_race_awaited),
	KUNIT_CASE(keyed_race_same_key),
	KUNIT_CASE(keyed_race_blocked),
	{}
};

static struct kunit_suite keyed_race_suite = {
	.name = "wpool_keyed_race",
	.init = keyed_race_init,
	.exit = wpt_exit,
	.test_cases = keyed_race_cases,
};

kunit_test_suite(keyed_race_suite);
