// SPDX-License-Identifier: GPL-2.0
/*
 * What a call reads without the pool's lock, while other threads change it: as often as KCSAN
 * needs to see a read or a write that is not marked. On other kernels these tests only see that the
 * calls do what they say.
 */
#include <linux/delay.h>
#include "wpool_kunit.h"

static int lockless_init(struct kunit *test)
{
	return wpt_init(test, "wpool_lockless");
}

/* For so long, in jiffies: KCSAN watches one access of a thousand, and that for some 80 us. */
#define PATIENCE	(IS_ENABLED(CONFIG_KCSAN) ? 3 * HZ : HZ / 10)

static bool goes_on(unsigned long began)
{
	cond_resched();
	return time_before(jiffies, began + PATIENCE);
}

/* A thread that does one thing again and again, until it is told to stop. */
struct churn {
	struct wpool		*pool;
	int			(*step)(struct wpool *pool);
	atomic_t		steps;
	bool			over;
	struct wpt_thread	*thread;
};

static int churn_on(struct wpt_thread *self)
{
	struct churn *churn = self->arg;
	int err = 0;

	while (!err && !READ_ONCE(churn->over)) {
		err = churn->step(churn->pool);
		atomic_inc(&churn->steps);
		cond_resched();
	}
	return err;
}

static struct churn *churn_begin(struct kunit *test, struct wpool *pool,
				 int (*step)(struct wpool *pool))
{
	struct churn *churn = wpt_alloc(test, sizeof(*churn));

	churn->pool = pool;
	churn->step = step;
	churn->thread = wpt_thread(test, churn_on, pool, NULL, churn);
	WPT_ASSERT_UNTIL(test, atomic_read(&churn->steps));
	return churn;
}

static void churn_end(struct kunit *test, struct churn *churn)
{
	WRITE_ONCE(churn->over, true);
	KUNIT_EXPECT_EQ(test, wpt_join(test, churn->thread), 0);
}

static int nothing(void *arg)
{
	return 0;
}

static int submit_one(struct wpool *pool)
{
	return wpool_schedule_fn(pool, nothing, NULL, NULL);
}

static int run_one(struct wpool *pool)
{
	return wpool_run(pool, nothing, NULL);
}

/*
 * 43: how many submitters are blocked is read while they come and go; and, in a queue as long as
 * this, while some sleep on although their task has been accepted
 */
static void lockless_blocked(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 16,
	});
	struct churn *first = churn_begin(test, pool, submit_one);
	struct churn *second = churn_begin(test, pool, submit_one);
	unsigned long began = jiffies;
	unsigned int wrong = 0;

	while (goes_on(began))
		wrong += wpt_stat(pool, WPOOL_STAT_BLOCKED) > 2;
	churn_end(test, first);
	churn_end(test, second);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static int end_and_restart(struct wpool *pool)
{
	int err;

	wpool_shutdown(pool);
	err = wpool_await_termination(pool, WPT_LIMIT);
	return err ?: wpool_restart(pool);
}

/* 57: the state of a pool is read while it changes */
static void lockless_state(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct churn *churn = churn_begin(test, pool, end_and_restart);
	unsigned long began = jiffies;
	unsigned int wrong = 0;

	while (goes_on(began))
		wrong += wpt_state(pool) > WPOOL_STATE_TERMINATED;
	churn_end(test, churn);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* A task that falls asleep again and again, whether it is asked to stop or not. */
struct napper {
	struct wpool_task	task;
	struct completion	begun;
	bool			over;
};

static int nap_on(void *arg)
{
	struct napper *napper = arg;
	int ret = 0;

	complete(&napper->begun);
	/* The last nap may have been over before it was asked to stop. */
	while (!READ_ONCE(napper->over) || !ret) {
		ret = wpool_sleep(1);
		cond_resched();
	}
	return ret;
}

/* 90: who naps is looked up while it falls asleep and wakes */
static void lockless_naps(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct napper *napper = wpt_alloc(test, sizeof(*napper));
	unsigned long began;

	init_completion(&napper->begun);
	wpool_task_init(&napper->task, nap_on, napper);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &napper->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&napper->begun, WPT_LIMIT), 0);
	began = jiffies;
	do
		KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, NULL), 0);
	while (goes_on(began));
	WRITE_ONCE(napper->over, true);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &napper->task), -ECANCELED);
}

static int be_slow(void *arg)
{
	udelay(5);
	return 0;
}

#define RING	64

/* Keeps the queue at work, and leaves room for others. */
static int keep_busy(struct wpool *pool)
{
	return wpt_stat(pool, WPOOL_STAT_QUEUED) < RING ?
	       wpool_try_schedule_fn(pool, be_slow, NULL, NULL) : 0;
}

/* 5, 17: batches come in while the inbox is opened and shut */
static void lockless_batch(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2 * RING + 1, .full = WPOOL_FULL_FAIL,
	});
	struct churn *churn = churn_begin(test, pool, keep_busy);
	struct wpt_job *jobs = wpt_jobs(test, RING, NULL);
	unsigned int i = 0, accepted = 0, ran = 0;
	unsigned long began = jiffies;

	do {
		struct wpool_task *task = &jobs[i++ % RING].task;

		if (wpool_schedule_batch(pool, &task, 1) == 1)
			accepted++;
	} while (goes_on(began));
	churn_end(test, churn);
	wpt_call(test, wpt_call_drain, pool, NULL);
	for (i = 0; i < RING; i++)
		ran += atomic_read(&jobs[i].runs);
	KUNIT_EXPECT_GT(test, accepted, 0);
	KUNIT_EXPECT_EQ(test, ran, accepted);
}

/* 11: two threads take memory that the pool keeps for functions */
static void lockless_spare(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 64,
	});
	struct churn *churn = churn_begin(test, pool, submit_one);
	unsigned long began = jiffies;
	unsigned int n;

	for (n = 0; goes_on(began); n++)
		KUNIT_ASSERT_EQ(test, submit_one(pool), 0);
	churn_end(test, churn);
	wpt_call(test, wpt_call_drain, pool, NULL);
	WPT_EXPECT_STAT(test, pool, COMPLETED, n + atomic_read(&churn->steps));
}

/*
 * In one process: one of its own for each look takes the time of many looks. Only KCSAN looks so
 * closely that it pays to look often.
 */
static int call_read_tasks(struct wpt_thread *self)
{
	char script[120];

	snprintf(script, sizeof(script),
		 "cd " WPT_POOLS "/%s && cat $(yes tasks | head -n %u) >/dev/null",
		 wpool_name(self->pool), IS_ENABLED(CONFIG_KCSAN) ? 300 : 30);
	return wpt_shell(script);
}

/* 68: a worker is listed while it falls idle and wakes */
static void lockless_idle(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	unsigned int i, nr_reads = IS_ENABLED(CONFIG_KCSAN) ? 20 : 1;
	struct churn *churn;

	if (wpt_shell("test -d " WPT_POOLS))
		kunit_skip(test, "needs /bin/sh and a mounted debugfs");
	churn = churn_begin(test, pool, run_one);
	for (i = 0; i < nr_reads; i++)
		KUNIT_EXPECT_EQ(test, wpt_call(test, call_read_tasks, pool, NULL), 0);
	churn_end(test, churn);
}

static struct kunit_case lockless_cases[] = {
	KUNIT_CASE(lockless_blocked),
	KUNIT_CASE(lockless_state),
	KUNIT_CASE(lockless_naps),
	KUNIT_CASE(lockless_batch),
	KUNIT_CASE(lockless_spare),
	KUNIT_CASE(lockless_idle),
	{}
};

static struct kunit_suite lockless_suite = {
	.name = "wpool_lockless",
	.init = lockless_init,
	.exit = wpt_exit,
	.test_cases = lockless_cases,
};

kunit_test_suite(lockless_suite);
