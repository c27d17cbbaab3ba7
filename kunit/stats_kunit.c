// SPDX-License-Identifier: GPL-2.0
/*
 * What the counters say, and when.
 */
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/string.h>
#include "wpool_kunit.h"

static int stats_init(struct kunit *test)
{
	return wpt_init(test, "wpool_stats");
}

struct tally {
	atomic_t	tried;		/* before the call */
	atomic_t	accepted;	/* after it */
	atomic_t	ended;		/* last thing in the function */
};

struct tallied {
	struct wpool_task	task;
	struct tally		*tally;
};

static int tallied_run(void *arg)
{
	struct tallied *tallied = arg;

	/* Some stay, so that the queue is full at times. */
	if (atomic_read(&tallied->tally->ended) % 16 == 0)
		schedule_timeout_idle(1);
	atomic_inc(&tallied->tally->ended);
	return 0;
}

#define TALLIED		250

static int call_tallied(struct wpt_thread *self)
{
	struct tallied *tallied = self->arg;
	unsigned int i;
	int err = 0;

	for (i = 0; i < TALLIED && !err; i++) {
		atomic_inc(&tallied[i].tally->tried);
		err = wpool_schedule(self->pool, &tallied[i].task);
		atomic_inc(&tallied[i].tally->accepted);
		if (i % 5 == 0)
			wpool_cancel(&tallied[i].task);
	}
	return err;
}

/* What one look at the counters may not show; 0, or the number of the rule. */
static int overestimates(struct wpool *pool, struct tally *tally)
{
	int accepted = atomic_read(&tally->accepted);
	struct wpool_stats stats;
	u64 *count = stats.count;

	/* What was accepted is read before, what was tried and ended after. */
	smp_mb();
	wpool_stats(pool, &stats);
	smp_mb();	/* likewise */
	if (count[WPOOL_STAT_SUBMITTED] > atomic_read(&tally->tried))
		return 1;
	if (count[WPOOL_STAT_SUBMITTED] < accepted)
		return 2;
	if (count[WPOOL_STAT_COMPLETED] > atomic_read(&tally->ended))
		return 3;
	if (count[WPOOL_STAT_COMPLETED] + count[WPOOL_STAT_CANCELLED] +
	    count[WPOOL_STAT_OOPSED] > count[WPOOL_STAT_SUBMITTED])
		return 4;
	/* Each of these alone: they are not of one moment. */
	if (count[WPOOL_STAT_RUNNING] > count[WPOOL_STAT_CAPACITY])
		return 5;
	if (count[WPOOL_STAT_IDLE] > count[WPOOL_STAT_CAPACITY])
		return 6;
	if (count[WPOOL_STAT_WORKERS] > count[WPOOL_STAT_CAPACITY])
		return 7;
	if (count[WPOOL_STAT_BLOCKED] > 2)
		return 8;
	return 0;
}

/* 43: at no moment does a counter say more than there was */
static void stats_never_overestimate(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .queue_depth = 16, .idle_timeout_ms = 1,
	});
	struct tally *tally = wpt_alloc(test, sizeof(*tally));
	struct tallied *tallied = wpt_alloc(test, 2 * TALLIED * sizeof(*tallied));
	struct wpt_thread *threads[2];
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < 2 * TALLIED; i++) {
		tallied[i].tally = tally;
		wpool_task_init(&tallied[i].task, tallied_run, &tallied[i]);
	}
	for (i = 0; i < 2; i++)
		threads[i] = wpt_thread(test, call_tallied, pool, NULL, &tallied[i * TALLIED]);
	while (!wrong && !(completion_done(&threads[0]->done) &&
			   completion_done(&threads[1]->done))) {
		wrong = overestimates(pool, tally);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_EQ(test, overestimates(pool, tally), 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, atomic_read(&tally->ended));
}

/* 43: nor, with nothing else in the pool, that more have ended than were submitted */
static void stats_never_more_ended(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_stats stats;
	struct wpt_thread *thread;
	unsigned long end;

	wpool_pause(pool);
	thread = wpt_thread(test, wpt_call_submit_and_cancel, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_CANCELLED) > 0);
	end = jiffies + HZ / 2;
	do {
		wpool_stats(pool, &stats);
		cond_resched();
	} while (stats.count[WPOOL_STAT_CANCELLED] <= stats.count[WPOOL_STAT_SUBMITTED] &&
		 time_before(jiffies, end));
	KUNIT_EXPECT_LE(test, stats.count[WPOOL_STAT_CANCELLED],
			stats.count[WPOOL_STAT_SUBMITTED]);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
}

/* 44: completed rises only after the end of the function */
static void stats_completed_after_end(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_hold(test, pool, 1);

	WPT_EXPECT_STAT(test, pool, COMPLETED, 0);
	WPT_EXPECT_STAT(test, pool, RUNNING, 1);
	wpt_open(job->gate);
	wpt_wait(test, job);
	/* and before its waiter returns */
	WPT_EXPECT_STAT(test, pool, COMPLETED, 1);
	WPT_EXPECT_STAT(test, pool, RUNNING, 0);
}

/* 45: largest is a high-water mark, kept after shutdown */
static void stats_largest(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 10, .idle_timeout_ms = 1,
	});

	wpt_open(wpt_hold(test, pool, 7)->gate);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, LARGEST, 7);
	wpt_open(wpt_hold(test, pool, 2)->gate);
	WPT_EXPECT_STAT(test, pool, LARGEST, 7);

	wpool_get(pool);
	wpt_destroy(test, pool);
	WPT_EXPECT_STAT(test, pool, LARGEST, 7);
	WPT_EXPECT_STAT(test, pool, WORKERS, 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 9);
	wpool_put(pool);
}

/* A job may be given, to be run before. */
static int die_in_run(void *arg)
{
	if (arg)
		wpt_run_job(arg);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* 46: at rest, what was submitted has completed, been cancelled, or died */
static void stats_balance(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 30,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_job *jobs = wpt_jobs(test, 30, NULL);
	struct wpt_job *late = wpt_jobs(test, 1, NULL);
	unsigned int i;

	for (i = 0; i < 4; i++)
		wpool_task_init(&jobs[i].task, die_in_run, NULL);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 30), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &late->task), -EAGAIN);
	for (i = 20; i < 30; i++)
		KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[i].task));
	wpt_open(hold->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);

	WPT_EXPECT_STAT(test, pool, SUBMITTED, 32);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 18);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 10);
	WPT_EXPECT_STAT(test, pool, OOPSED, 4);
	WPT_EXPECT_STAT(test, pool, DIED, 4);
	WPT_EXPECT_STAT(test, pool, REJECTED, 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, RUNNING, 0);
}

/* What a pool says of itself while tasks run, wait and are kept out. */
static void stats_now(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .min_workers = 2, .queue_depth = 3,
	});
	struct wpt_job *hold;
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	struct wpt_thread *thread;

	WPT_ASSERT_STAT(test, pool, IDLE, 2);
	hold = wpt_hold(test, pool, 1);
	WPT_EXPECT_STAT(test, pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, pool, IDLE, 1);
	jobs[0].gate = hold->gate;
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 4), 0);
	wpt_begun(test, &jobs[0]);
	WPT_EXPECT_STAT(test, pool, RUNNING, 2);
	WPT_EXPECT_STAT(test, pool, IDLE, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 3);
	thread = wpt_thread(test, wpt_call_schedule, pool, wpt_jobs(test, 1, NULL), NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 5);
	WPT_EXPECT_STAT(test, pool, QUEUED, 3);

	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_call(test, wpt_call_drain, pool, NULL);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 6);
	WPT_ASSERT_STAT(test, pool, IDLE, 2);
}

/* Every kind of refusal is counted, a mistake is not. */
static void stats_rejected(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &job->task), -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(pool, &job->task, 0), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, NULL), -EINVAL);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &job->task), -ESHUTDOWN);
	WPT_EXPECT_STAT(test, pool, REJECTED, 3);
	wpt_open(hold->gate);
}

static struct kunit_case stats_cases[] = {
	KUNIT_CASE(stats_never_overestimate),
	KUNIT_CASE(stats_never_more_ended),
	KUNIT_CASE(stats_completed_after_end),
	KUNIT_CASE(stats_largest),
	KUNIT_CASE(stats_balance),
	KUNIT_CASE(stats_now),
	KUNIT_CASE(stats_rejected),
	{}
};

static struct kunit_suite stats_suite = {
	.name = "wpool_stats",
	.init = stats_init,
	.exit = wpt_exit,
	.test_cases = stats_cases,
};

kunit_test_suite(stats_suite);
