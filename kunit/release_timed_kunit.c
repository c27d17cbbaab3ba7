// SPDX-License-Identifier: GPL-2.0
/*
 * Calls with a time limit whose argument is released: by the caller, or when the function, which
 * may outlive the call, has returned.
 */
#include <linux/kthread.h>
#include <linux/slab.h>
#include "release_scene.h"

static int timed_init(struct kunit *test)
{
	return wpt_init(test, "wpool_release_timed");
}

struct timed {
	struct item		*item;
	unsigned long		timeout;
	struct task_struct	*thread;
};

static int call_timed(struct wpt_thread *self)
{
	struct timed *timed = self->arg;

	timed->thread = current;
	return wpool_run_timeout(self->pool, item_run, timed->item,
				 timed->timeout, item_release);
}

static struct timed *timed(struct kunit *test, struct ledger *ledger, unsigned long timeout)
{
	struct timed *timed = wpt_alloc(test, sizeof(*timed));

	timed->item = item_new(test, ledger, ITEM_FUNCTION);
	timed->timeout = timeout;
	return timed;
}

static struct wpool *pool_of(struct kunit *test, unsigned int capacity, int depth)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .queue_depth = depth,
	});
}

/* 51, 91: in time: the result, and one release */
static void timed_in_time(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1, 0);
	struct ledger *ledger = ledger_new(test, NULL);
	struct timed *call = timed(test, ledger, WPT_LIMIT);

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_timed, pool, call), 7);
	ledger_expect(test, ledger, pool, WPOOL_FATE_RAN, 1);
}

static const int depths[] = { 0, WPOOL_QUEUE_HANDOFF };

static void depth_name(const int *depth, char *desc)
{
	strscpy(desc, *depth ? "refused" : "queued", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(depth, depths, depth_name);

/* 51, 91: it waits, or is refused, when the time is over: released by the caller */
static void timed_never_ran(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1, *(const int *)test->param_value);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct timed *call = timed(test, ledger, 1);

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_timed, pool, call), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 1);
	KUNIT_EXPECT_PTR_EQ(test, ledger->released_by, call->thread);
	wpt_open(hold->gate);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->runs), 0);
}

/* 51, 91: it runs when the time is over, and goes on */
static void timed_outlives(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2, 0);
	struct ledger *ledger = ledger_new(test, wpt_gate(test));
	struct timed *call = timed(test, ledger, HZ), *fatal = timed(test, ledger, HZ);
	struct wpt_thread *thread = wpt_thread(test, call_timed, pool, NULL, call);

	fatal->item->dies = true;
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_timed, pool, fatal), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ETIMEDOUT);
	/* What has not begun in that time is taken back, and shows nothing. */
	if (wpt_stat(pool, WPOOL_STAT_CANCELLED))
		kunit_skip(test, "a task did not begin in a second");
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 0);
	wpt_open(ledger->gate);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_RAN]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_DIED]), 1);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 2);
}

/* 37, 91: it dies in time */
static void timed_dies(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1, 0);
	struct ledger *ledger = ledger_new(test, NULL);
	struct timed *call = timed(test, ledger, WPT_LIMIT);

	call->item->dies = true;
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_timed, pool, call), -EOWNERDEAD);
	ledger_expect(test, ledger, pool, WPOOL_FATE_DIED, 1);
}

struct inside {
	struct wpool		*pool;
	struct item		*item;
	unsigned long		timeout;
};

static int run_inside(void *arg)
{
	struct inside *inside = arg;

	return wpool_run_timeout(inside->pool, item_run, inside->item,
				 inside->timeout, item_release);
}

static struct inside *inside(struct kunit *test, struct wpool *pool, struct ledger *ledger,
			     unsigned long timeout)
{
	struct inside *inside = wpt_alloc(test, sizeof(*inside));

	inside->pool = pool;
	inside->item = item_new(test, ledger, ITEM_FUNCTION);
	inside->timeout = timeout;
	return inside;
}

/* 42, 91: a worker runs it itself, and dies of it: both are over, and it is freed */
static void timed_dies_inside(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1, 0);
	struct ledger *ledger = ledger_new(test, NULL);
	struct inside *call = inside(test, pool, ledger, MAX_SCHEDULE_TIMEOUT);

	call->item->dies = true;
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_inside, call), -EOWNERDEAD);
	ledger_expect(test, ledger, pool, WPOOL_FATE_DIED, 1);
	WPT_EXPECT_STAT(test, pool, OOPSED, 2);
}

static atomic_t nr_local;

static void release_local(void *arg, enum wpool_fate fate)
{
	atomic_inc(&nr_local);
}

static int run_with_local(void *arg)
{
	int local = 0;

	return wpool_run_timeout(arg, wpt_die, &local, MAX_SCHEDULE_TIMEOUT,
				 release_local);
}

/* 42, 75: with an argument on its stack it is not released, but freed: kmemleak looks on debug */
static void timed_dies_of_local(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1, 0);

	atomic_set(&nr_local, 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_with_local, pool), -EOWNERDEAD);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_local), 0);
}

/* 91, 167: one that ends the worker which takes it back, as the time is over: nothing leaks */
static void timed_release_dies_of_cancelled(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1, 0), *other = pool_of(test, 1, 0);
	struct wpt_job *hold = wpt_hold(test, other, 1);
	struct ledger *ledger = ledger_new(test, NULL);

	ledger->kills = true;
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_inside, inside(test, other, ledger, 1)),
			-EOWNERDEAD);
	wpt_open(hold->gate);
	ledger_expect(test, ledger, other, WPOOL_FATE_CANCELLED, 1);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
}

/* 91: without a pool */
static void timed_refused(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1, 0);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item = item_new(test, ledger, ITEM_FUNCTION);

	KUNIT_EXPECT_EQ(test,
			wpool_run_timeout(NULL, item_run, item, 1, item_release),
			-EINVAL);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 1);
}

static struct kunit_case timed_cases[] = {
	KUNIT_CASE(timed_in_time),
	KUNIT_CASE_PARAM(timed_never_ran, depth_gen_params),
	KUNIT_CASE(timed_outlives),
	KUNIT_CASE(timed_dies),
	KUNIT_CASE(timed_dies_inside),
	KUNIT_CASE(timed_dies_of_local),
	KUNIT_CASE(timed_release_dies_of_cancelled),
	KUNIT_CASE(timed_refused),
	{}
};

static struct kunit_suite timed_suite = {
	.name = "wpool_release_timed",
	.init = timed_init,
	.exit = wpt_exit,
	.test_cases = timed_cases,
};

kunit_test_suite(timed_suite);
