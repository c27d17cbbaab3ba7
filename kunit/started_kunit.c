// SPDX-License-Identifier: GPL-2.0
/* wpool_prestart() returns when worker_start has run in all workers. */
#include <linux/kthread.h>

#include "wpool_kunit.h"

static int started_init(struct kunit *test)
{
	return wpt_init(test, "wpool_started");
}

/* The priv of a pool whose workers are slow to start, or die of it. */
struct slow {
	struct wpool	*pool;
	struct wpt_gate	*gate;		/* waited for in worker_start */
	struct wpt_gate	*last_gate;	/* the first waits for this too; or NULL */
	unsigned int	deaths;		/* so many of the first die after that */
	atomic_t	begun, done;
	int		inside;		/* what the call returned there */
};

/* Several threads may ask: one after the other is answered. */
static int wait_started(struct wpool *pool)
{
	int ret;

	do {
		ret = wpool_prestart(pool, 0);
	} while (ret == -EBUSY);
	return ret;
}

static void start_slowly(struct wpool *pool)
{
	struct slow *slow = wpool_priv(pool);
	unsigned int nth = atomic_inc_return(&slow->begun);

	wait_for_completion(&slow->gate->opened);
	if (nth == 1 && slow->last_gate)
		wait_for_completion(&slow->last_gate->opened);
	slow->inside = wpool_prestart(pool, 0);
	if (nth <= slow->deaths)
		kthread_complete_and_exit(NULL, 0);
	atomic_inc(&slow->done);
}

static const struct wpool_ops slow_ops = { .worker_start = start_slowly };

static struct slow *slow_new_after(struct kunit *test, unsigned int workers,
				   struct wpt_gate *last_gate)
{
	struct slow *slow = wpt_alloc(test, sizeof(*slow));

	slow->gate = wpt_gate(test);
	slow->last_gate = last_gate;
	slow->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 8, .min_workers = workers, .ops = &slow_ops, .priv = slow,
	});
	return slow;
}

static struct slow *slow_new(struct kunit *test, unsigned int workers)
{
	return slow_new_after(test, workers, NULL);
}

static int call_prestart(struct wpt_thread *self)
{
	return wpool_prestart(self->pool, 3);
}

static int call_started(struct wpt_thread *self)
{
	return wait_started(self->pool);
}

/* 112: any number of callers wait until the last worker has started, and then at once */
static void started_all(struct kunit *test)
{
	struct slow *slow = slow_new(test, 2);
	struct wpt_thread *more, *threads[40];
	unsigned int i;

	more = wpt_thread(test, call_prestart, slow->pool, NULL, NULL);
	WPT_ASSERT_STAT(test, slow->pool, WORKERS, 5);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = wpt_thread(test, call_started, slow->pool, NULL, NULL);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		WPT_ASSERT_UNTIL(test, wpt_asleep(threads[i]));
	wpt_open(slow->gate);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, more), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&slow->done), 5);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_started, slow->pool, NULL), 0);
}

/* 112: it is not enough that some have started */
static void started_but_one(struct kunit *test)
{
	struct slow *slow = slow_new_after(test, 3, wpt_gate(test));
	struct wpt_thread *thread = wpt_thread(test, call_started, slow->pool, NULL, NULL);

	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	wpt_open(slow->gate);
	WPT_ASSERT_STAT(test, slow->pool, IDLE, 2);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	wpt_open(slow->last_gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&slow->done), 3);
}

/* 112: one that dies in its worker_start does not keep the caller */
static void started_or_died(struct kunit *test)
{
	struct slow *slow = slow_new(test, 1);
	struct wpt_thread *thread;

	slow->deaths = 1;
	thread = wpt_thread(test, call_started, slow->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	wpt_open(slow->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	WPT_ASSERT_STAT(test, slow->pool, DIED, 1);
}

/* 112: without the hook too */
static void started_without_hook(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .min_workers = 4,
	});

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_started, pool, NULL), 0);
	WPT_EXPECT_STAT(test, pool, WORKERS, 4);
}

static int inside_task(void *arg)
{
	return wait_started(arg);
}

/* 112: refused in a worker of the pool, wherever that is, and without a pool */
static void started_refused(struct kunit *test)
{
	struct slow *slow = slow_new(test, 1);
	struct wpool *other = wpt_pool(test, NULL);

	wpt_open(slow->gate);
	KUNIT_EXPECT_EQ(test, wpt_run(test, slow->pool, inside_task, slow->pool), -EDEADLK);
	KUNIT_EXPECT_EQ(test, slow->inside, -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_run(test, other, inside_task, slow->pool), 0);
	KUNIT_EXPECT_EQ(test, wpool_prestart(NULL, 0), -EINVAL);
}

/* 112: a pool that is destroyed meanwhile has no worker that starts; the caller has a reference */
static void started_and_destroyed(struct kunit *test)
{
	struct slow *slow = slow_new(test, 3);
	struct wpt_thread *waits, *destroys;

	wpool_get(slow->pool);
	waits = wpt_thread(test, call_started, slow->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waits));
	wpt_forget(test, slow->pool);
	destroys = wpt_thread(test, wpt_call_destroy, slow->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(slow->pool) != WPOOL_STATE_RUNNING);
	wpt_open(slow->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waits), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroys), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&slow->done), 3);
	wpool_put(slow->pool);
}

static struct kunit_case started_cases[] = {
	KUNIT_CASE(started_all),
	KUNIT_CASE(started_but_one),
	KUNIT_CASE(started_or_died),
	KUNIT_CASE(started_without_hook),
	KUNIT_CASE(started_refused),
	KUNIT_CASE(started_and_destroyed),
	{}
};

static struct kunit_suite started_suite = {
	.name = "wpool_started",
	.init = started_init,
	.exit = wpt_exit,
	.test_cases = started_cases,
};

kunit_test_suite(started_suite);
