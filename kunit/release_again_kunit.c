// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks with a release that are submitted again, by the release or inside their function.
 */
#include "release_scene.h"

#define MANY	200

static int again_init(struct kunit *test)
{
	return wpt_init(test, "wpool_release_again");
}

static struct wpool *pool_of(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
}

/* Of a task that is submitted again by its release, as often as @left says. */
struct again {
	struct wpool_release_task	ttask;
	struct wpool			*pool;
	struct ledger			*ledger;
	unsigned int			left;
	bool				inside;		/* by its function too */
	int				err;
};

static int again_run(void *arg)
{
	struct again *again = arg;

	atomic_inc(&again->ledger->runs);
	if (again->inside)
		again->err = wpool_schedule(again->pool, &again->ttask.task);
	complete(&again->ledger->begun);
	if (again->ledger->gate)
		wait_for_completion(&again->ledger->gate->opened);
	return 0;
}

static void again_release(void *arg, enum wpool_fate fate)
{
	struct again *again = arg;

	atomic_inc(&again->ledger->released[fate]);
	if (again->left) {
		again->left--;
		again->err = wpool_try_schedule(again->pool, &again->ttask.task);
	}
}

static struct again *again_new(struct kunit *test, struct wpool *pool, struct wpt_gate *gate)
{
	struct again *again = wpt_alloc(test, sizeof(*again));

	again->pool = pool;
	again->ledger = ledger_new(test, gate);
	wpool_release_task_init(&again->ttask, again_run, again);
	wpool_task_set_release(&again->ttask, again_release);
	return again;
}

/* 92: the release submits the task again */
static void again_by_release(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct again *again = again_new(test, pool, NULL);

	again->left = MANY;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &again->ttask.task), 0);
	WPT_ASSERT_UNTIL(test, atomic_read(&again->ledger->runs) == MANY + 1);
	ledger_expect(test, again->ledger, pool, WPOOL_FATE_RAN, MANY + 1);
	KUNIT_EXPECT_EQ(test, again->err, 0);
}

/* 91: submitted again inside its function, and asked to stop: one has run, one was cancelled */
static void again_taken_back(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct again *again = again_new(test, pool, wpt_gate(test));
	struct ledger *ledger = again->ledger;

	again->inside = true;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &again->ttask.task), 0);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&ledger->begun, WPT_LIMIT), 0);
	/* taken back while the first run goes on */
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&again->ttask.task));
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_CANCELLED]), 1);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 1);
	/* both end when it returns */
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &again->ttask.task), 0);
	KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&again->ttask.task));
	wpt_open(ledger->gate);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_CANCELLED]), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_RAN]), 1);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->runs), 1);
}

/* Submits itself for later, twice. */
struct later {
	struct wpool_delayed_task	dtask;
	struct ledger			*ledger;
	int				err;
};

static int later_run(void *arg)
{
	struct later *later = arg;

	if (atomic_inc_return(&later->ledger->runs) < 3)
		later->err = wpool_schedule_delayed(wpool_current(), &later->dtask, 1);
	return 0;
}

static void later_release(void *arg, enum wpool_fate fate)
{
	struct later *later = arg;

	atomic_inc(&later->ledger->released[fate]);
}

/* 91, 95: a delayed task submits itself; a periodic one, which always waits, has no release */
static void again_later(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct later *later = wpt_alloc(test, sizeof(*later));

	later->ledger = ledger_new(test, NULL);
	wpool_delayed_task_init(&later->dtask, later_run, later);
	wpool_task_set_release(&later->dtask, later_release);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &later->dtask, 1), -EINVAL);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &later->dtask, 0), 0);
	WPT_ASSERT_UNTIL(test, atomic_read(&later->ledger->runs) == 3);
	ledger_expect(test, later->ledger, pool, WPOOL_FATE_RAN, 3);
	KUNIT_EXPECT_EQ(test, later->err, 0);
}

static struct kunit_case again_cases[] = {
	KUNIT_CASE(again_by_release),
	KUNIT_CASE(again_taken_back),
	KUNIT_CASE(again_later),
	{}
};

static struct kunit_suite again_suite = {
	.name = "wpool_release_again",
	.init = again_init,
	.exit = wpt_exit,
	.test_cases = again_cases,
};

kunit_test_suite(again_suite);
