// SPDX-License-Identifier: GPL-2.0
/*
 * Pools whose workers, and those who wait for tasks, look on before they sleep. How
 * much that wins is for wpool_bench; here is when they do, and that nothing is lost.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include "wpool_kunit.h"

/* Longer than a few jiffies, so that it pays; and shorter than any. */
#define LONG_US		50000U
#define SHORT_US	1U

static int spin_init(struct kunit *test)
{
	return wpt_init(test, "wpool_spin");
}

static struct wpool *spin_pool(struct kunit *test, unsigned int spin_us)
{
	return wpt_pool(test, &(struct wpool_attrs) { .capacity = 1, .spin_us = spin_us });
}

static void needs_two_cpus(struct kunit *test)
{
	if (num_online_cpus() == 1)
		kunit_skip(test, "needs two CPUs: on one nobody spins");
}

static const unsigned int never_cases[] = { 0, SHORT_US };

static void never_name(const unsigned int *spin_us, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "spin_us %u", *spin_us);
}

KUNIT_ARRAY_PARAM(never, never_cases, never_name);

/* No thread spins without spin_us, nor if events always come later. */
static void spin_never(struct kunit *test)
{
	struct wpool *pool = spin_pool(test, *(const unsigned int *)test->param_value);
	struct wpt_thread *waiter;
	struct wpt_job *hold;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		WPT_ASSERT_STAT(test, pool, IDLE, 1);
		/* The jiffy that has begun is not a whole one. */
		schedule_timeout_idle(2);
		hold = wpt_hold(test, pool, 1);
		waiter = wpt_thread(test, wpt_call_wait, pool, hold, NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
		schedule_timeout_idle(2);
		wpt_open(hold->gate);
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 0);
	}
	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	WPT_EXPECT_STAT(test, pool, SPINS, 0);
}

/* Waits in another way than threads that may spin. */
static void one_task(struct kunit *test, struct wpool *pool)
{
	u64 completed = wpt_stat(pool, WPOOL_STAT_COMPLETED);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &wpt_jobs(test, 1, NULL)->task), 0);
	WPT_ASSERT_STAT(test, pool, COMPLETED, completed + 1);
}

/* A worker does when tasks come soon, and not before; it sleeps when no more come. */
static void spin_worker(struct kunit *test)
{
	struct wpool *pool = spin_pool(test, LONG_US);
	unsigned int i;
	u64 spins;

	needs_two_cpus(test);
	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	WPT_EXPECT_STAT(test, pool, SPINS, 0);
	for (i = 0; i < 500 && !wpt_stat(pool, WPOOL_STAT_SPINS); i++)
		one_task(test, pool);
	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	spins = wpt_stat(pool, WPOOL_STAT_SPINS);
	KUNIT_EXPECT_GE(test, spins, 1);
	/* at least the last one found nothing */
	KUNIT_EXPECT_GE(test, wpt_stat(pool, WPOOL_STAT_SPINS_LOST), 1);
	KUNIT_EXPECT_LE(test, wpt_stat(pool, WPOOL_STAT_SPINS_LOST), spins);
	/* and it is woken for the next */
	one_task(test, pool);
}

/* A few times in vain are the end of it. */
static void spin_gives_up(struct kunit *test)
{
	struct wpool *pool = spin_pool(test, LONG_US);
	unsigned int i;
	u64 spins = 0;

	needs_two_cpus(test);
	for (i = 0; i < 500 && !wpt_stat(pool, WPOOL_STAT_SPINS); i++)
		one_task(test, pool);
	KUNIT_ASSERT_GE(test, wpt_stat(pool, WPOOL_STAT_SPINS), 1);
	for (i = 0; i < 8; i++) {
		WPT_ASSERT_STAT(test, pool, IDLE, 1);
		if (i == 4)
			spins = wpt_stat(pool, WPOOL_STAT_SPINS);
		fsleep(2 * LONG_US);
		one_task(test, pool);
	}
	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	WPT_EXPECT_STAT(test, pool, SPINS, spins);
}

/* A thread that spins before it sleeps until a job has ended, which is held. */
static struct wpt_thread *spinning_waiter(struct kunit *test, struct wpool *pool,
					  struct wpt_job **hold)
{
	struct wpt_thread *waiter;
	unsigned int i;
	u64 spins;

	for (i = 0; i < 500; i++) {
		*hold = wpt_hold(test, pool, 1);
		/* The only worker is in the job, so it is not the one that spins. */
		spins = wpt_stat(pool, WPOOL_STAT_SPINS);
		waiter = wpt_thread(test, wpt_call_wait, pool, *hold, NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiter) ||
				 wpt_stat(pool, WPOOL_STAT_SPINS) > spins);
		if (wpt_stat(pool, WPOOL_STAT_SPINS) > spins)
			return waiter;
		wpt_open((*hold)->gate);
		KUNIT_ASSERT_EQ(test, wpt_join(test, waiter), 0);
	}
	KUNIT_ASSERT_TRUE_MSG(test, false, "no waiter spins");
	return NULL;
}

/* A waiter spins when tasks end soon, and gets the result, after that or later. */
static void spin_waiter(struct kunit *test)
{
	struct wpool *pool = spin_pool(test, LONG_US);
	struct wpt_thread *waiter;
	struct wpt_job *hold;
	unsigned int i;

	needs_two_cpus(test);
	for (i = 1; i < 20; i++) {
		waiter = spinning_waiter(test, pool, &hold);
		hold->result = i;
		if (i % 4 == 0)
			WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
		wpt_open(hold->gate);
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), i);
	}
}

/* Nor does a waiter try more often. */
static void spin_waiter_gives_up(struct kunit *test)
{
	struct wpool *pool = spin_pool(test, LONG_US);
	struct wpt_thread *waiter;
	struct wpt_job *hold;
	unsigned int i;
	u64 spins;

	needs_two_cpus(test);
	waiter = spinning_waiter(test, pool, &hold);
	for (i = 0; i < 8; i++) {
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
		fsleep(2 * LONG_US);
		wpt_open(hold->gate);
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 0);

		hold = wpt_hold(test, pool, 1);
		spins = wpt_stat(pool, WPOOL_STAT_SPINS);
		waiter = wpt_thread(test, wpt_call_wait, pool, hold, NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
		if (i >= 4)
			WPT_EXPECT_STAT(test, pool, SPINS, spins);
	}
}

/* 20: -ETIMEDOUT all the same, never early, and nothing is touched */
static void spin_times_out(struct kunit *test)
{
	struct wpool *pool = spin_pool(test, LONG_US);
	struct wpt_thread *waiter;
	struct wpt_job *hold;
	unsigned long began;
	unsigned int timeout;
	int result = 99;

	needs_two_cpus(test);
	waiter = spinning_waiter(test, pool, &hold);
	for (timeout = 0; timeout < 5; timeout++) {
		began = jiffies;
		KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&hold->task, timeout, &result),
				-ETIMEDOUT);
		WPT_EXPECT_WAITED(test, began, timeout);
	}
	KUNIT_EXPECT_EQ(test, result, 99);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 0);
}

/* A waiter that has seen the last task end does not touch the pool: KASAN watches. */
static void spin_outlives_pool(struct kunit *test)
{
	struct wpt_thread *waiter;
	struct wpt_job *hold;
	struct wpool *pool;
	unsigned int i;

	needs_two_cpus(test);
	for (i = 0; i < 10; i++) {
		pool = spin_pool(test, LONG_US);
		waiter = spinning_waiter(test, pool, &hold);
		wpt_open(hold->gate);
		wpt_destroy(test, pool);
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 0);
	}
}

/* 14: there and back, each in memory that is freed at once: KASAN watches */
static int call_round_trips(struct wpt_thread *self)
{
	struct wpt_job *job;
	int i, result = 0;

	for (i = 1; i <= 500 && !result; i++) {
		job = kzalloc(sizeof(*job), GFP_KERNEL);
		if (!job)
			return -ENOMEM;
		init_completion(&job->begun);
		job->result = i;
		wpool_task_init(&job->task, wpt_run_job, job);
		result = wpool_schedule(self->pool, &job->task);
		if (!result)
			result = wpool_wait(&job->task) - i;
		kfree(job);
	}
	return result;
}

/* 6: none is lost or run twice if several spin on either side */
static void spin_round_trips(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .spin_us = 100,
	});
	struct wpt_thread *callers[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		callers[i] = wpt_thread(test, call_round_trips, pool, NULL, NULL);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, callers[i]), 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 1500);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 1500);
}

static struct kunit_case spin_cases[] = {
	KUNIT_CASE_PARAM(spin_never, never_gen_params),
	KUNIT_CASE(spin_worker),
	KUNIT_CASE(spin_gives_up),
	KUNIT_CASE(spin_waiter),
	KUNIT_CASE(spin_waiter_gives_up),
	KUNIT_CASE(spin_times_out),
	KUNIT_CASE(spin_outlives_pool),
	KUNIT_CASE(spin_round_trips),
	{}
};

static struct kunit_suite spin_suite = {
	.name = "wpool_spin",
	.init = spin_init,
	.exit = wpt_exit,
	.test_cases = spin_cases,
};

kunit_test_suite(spin_suite);
