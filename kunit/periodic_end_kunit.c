// SPDX-License-Identifier: GPL-2.0
/*
 * How a periodic task ends: it is taken back, asked to stop, or its pool ends.
 */
#include <linux/irq_work.h>
#include <linux/slab.h>
#include "periodic_scene.h"

static int periodic_end_init(struct kunit *test)
{
	return wpt_init(test, "wpool_periodic_end");
}

/* 96: between two runs; its waiter is woken, and its memory free at once */
static void periodic_end_between(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = tick_every(test, pool, NULL, NEVER);
	struct wpt_thread *waiter = wpt_thread(test, tick_call_wait, pool, NULL, tick);

	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	tick_begun(test, tick);
	WPT_ASSERT_STAT(test, pool, COMPLETED, 1);
	/* it waits on, for there will be another */
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_EXPECT_FALSE(test, completion_done(&waiter->done));
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&tick->dtask.task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&tick->dtask.task));
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&tick->dtask.task));
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 2);
}

/* 96: while it waits in the queue */
static void periodic_end_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct tick *tick = tick_every(test, pool, NULL, 1);

	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&tick->dtask.task));
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 0);
}

/* How it is ended while it runs. */
struct ending {
	const char	*name;
	bool		(*end)(struct wpool_delayed_task *dtask);
};

static bool by_task(struct wpool_delayed_task *dtask)
{
	return wpool_cancel(&dtask->task);
}

static bool by_ask_stop(struct wpool_delayed_task *dtask)
{
	return wpool_ask_stop(&dtask->task);
}

static bool by_shutdown(struct wpool_delayed_task *dtask)
{
	wpool_shutdown(dtask->task.pool);
	return true;
}

struct interrupt {
	struct irq_work			work;
	struct wpool_delayed_task	*dtask;
	bool				cancelled;
};

static void interrupted(struct irq_work *work)
{
	struct interrupt *interrupt = container_of(work, struct interrupt, work);

	interrupt->cancelled = wpool_cancel(&interrupt->dtask->task);
}

static bool by_hard_irq(struct wpool_delayed_task *dtask)
{
	struct interrupt interrupt = { .dtask = dtask };

	interrupt.work = IRQ_WORK_INIT_HARD(interrupted);
	irq_work_queue(&interrupt.work);
	irq_work_sync(&interrupt.work);
	return interrupt.cancelled;
}

static bool by_raw_locked(struct wpool_delayed_task *dtask)
{
	raw_spinlock_t lock;
	unsigned long flags;
	bool ret;

	raw_spin_lock_init(&lock);
	raw_spin_lock_irqsave(&lock, flags);
	ret = wpool_cancel(&dtask->task);
	raw_spin_unlock_irqrestore(&lock, flags);
	return ret;
}

static const struct ending endings[] = {
	{ "wpool_cancel()", by_task },
	{ "wpool_cancel(), raw lock held", by_raw_locked },
	{ "wpool_cancel(), hard irq", by_hard_irq },
	{ "wpool_ask_stop()", by_ask_stop },
	{ "wpool_shutdown()", by_shutdown },
};

static void ending_name(const struct ending *ending, char *desc)
{
	strscpy(desc, ending->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ending, endings, ending_name);

/* 96: while it runs: that run goes on, its result is the result, and there is no other */
static void periodic_end_running(struct kunit *test)
{
	const struct ending *ending = test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_gate *gate = wpt_gate(test);
	struct tick *tick = tick_every(test, pool, gate, 1);
	struct wpt_thread *waiter;

	tick_begun(test, tick);
	waiter = wpt_thread(test, tick_call_wait, pool, NULL, tick);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_EXPECT_TRUE(test, ending->end(&tick->dtask));
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&tick->dtask.task));
	wpt_open(gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), TICK_RESULT);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&tick->dtask.task));
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
}

/* 96: a run that is due comes after a shutdown, also if the one before kept it off */
static void periodic_end_asked(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = tick_every(test, pool, wpt_gate(test), NEVER);

	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	tick_begun(test, tick);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	wpool_shutdown(pool);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&tick->dtask.task));
	wpt_open(tick->gate);
	KUNIT_EXPECT_EQ(test, wpool_wait(&tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 0);
	wpt_destroy(test, pool);
}

static int inside_sleep(struct tick *tick)
{
	return wpool_sleep(NEVER);
}

/* 50, 96: a cancel that waits asks it to stop, and returns when it has */
static void periodic_end_sync(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = tick_task(test, pool, NULL);

	tick->inside = inside_sleep;
	KUNIT_ASSERT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 1), 0);
	tick_begun(test, tick);
	KUNIT_EXPECT_TRUE(test, wpt_call(test, tick_call_cancel_sync, pool, tick));
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&tick->dtask.task));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&tick->dtask.task));
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 1);
}

static int inside_cancel_second(struct tick *tick)
{
	if (atomic_read(&tick->runs) == 2)
		tick->error = !wpool_cancel(&tick->dtask.task);
	return TICK_RESULT;
}

static int inside_sync_second(struct tick *tick)
{
	if (atomic_read(&tick->runs) == 2)
		tick->error = !wpool_cancel_sync(&tick->dtask.task);
	return TICK_RESULT;
}

static int inside_other_period(struct tick *tick)
{
	if (atomic_read(&tick->runs) != 2)
		return TICK_RESULT;
	tick->error = !wpool_cancel(&tick->dtask.task) ||
		      wpool_schedule_every(tick->pool, &tick->dtask, NEVER);
	return TICK_RESULT;
}

/* 96: by its own function, which gets the result through */
static void periodic_end_itself(struct kunit *test)
{
	int (*const insides[])(struct tick *) = { inside_cancel_second, inside_sync_second };
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(insides); i++) {
		tick = tick_task(test, pool, NULL);
		tick->inside = insides[i];
		KUNIT_ASSERT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 1), 0);
		KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
		KUNIT_EXPECT_EQ(test, tick->error, 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
	}
}

/* 96: and it begins anew with another period */
static void periodic_end_and_begin(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = tick_task(test, pool, NULL);

	tick->inside = inside_other_period;
	KUNIT_ASSERT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 1), 0);
	tick_begun(test, tick);
	tick_begun(test, tick);
	WPT_ASSERT_STAT(test, pool, RUNNING, 0);
	KUNIT_EXPECT_EQ(test, tick->error, 0);
	WPT_ASSERT_STAT(test, pool, DELAYED, 1);
	KUNIT_EXPECT_EQ(test, tick->dtask.period, NEVER);
	KUNIT_EXPECT_EQ(test, wpool_periods_skipped(&tick->dtask), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&tick->dtask.task));
	/* once, and not again */
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 3);
}

/* 54, 96: a shutdown ends it between its runs, and others that are delayed */
static void periodic_end_at_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *once = tick_task(test, pool, NULL), *later = tick_task(test, pool, NULL);
	struct tick *tick;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &once->dtask, NEVER), 0);
	tick = tick_every(test, pool, NULL, NEVER);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &later->dtask, NEVER), 0);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&once->runs), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&later->runs), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 1), -ESHUTDOWN);
	/* it does not come back */
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 1), 0);
	tick_begun(test, tick);
	tick_begun(test, tick);
	wpt_destroy(test, pool);
}

/* 54, 96: one that is due when the pool is shut down still runs, and no more */
static void periodic_end_due_at_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct tick *tick = tick_every(test, pool, NULL, 1);

	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	wpool_shutdown(pool);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
}

/* 54: a shutdown now hands back one that is due, ends another, and stops a third that runs */
static void periodic_end_at_shutdown_now(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct tick *due, *idle = tick_every(test, pool, NULL, NEVER);
	struct tick *runs = tick_task(test, pool, NULL);
	LIST_HEAD(unrun);

	runs->inside = inside_sleep;
	KUNIT_ASSERT_EQ(test, wpool_schedule_every(pool, &runs->dtask, 1), 0);
	tick_begun(test, runs);
	due = tick_every(test, pool, NULL, 1);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	WPT_EXPECT_STAT(test, pool, DELAYED, 2);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 1);
	KUNIT_EXPECT_PTR_EQ(test, unrun.next, &due->dtask.task.node);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&unrun));
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &idle->dtask.task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &runs->dtask.task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&due->runs) + atomic_read(&idle->runs), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&runs->runs), 1);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 3);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 1);
}

/* 40: many of them end with their pool, wherever they are; freed at once, KASAN watches */
static void periodic_end_many(struct kunit *test)
{
	const unsigned int n = 100;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct tick *ticks = kcalloc(n, sizeof(*ticks), GFP_KERNEL);
	unsigned int i, beside = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, ticks);
	for (i = 0; i < n; i++) {
		wpool_delayed_task_init(&ticks[i].dtask, tick_run, &ticks[i]);
		init_completion(&ticks[i].begun);
		KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &ticks[i].dtask,
							   i % 5 ? 1 + i % 3 : NEVER), 0);
	}
	tick_begun(test, &ticks[1]);
	tick_begun(test, &ticks[n - 1]);
	wpt_destroy(test, pool);
	for (i = 0; i < n; i++)
		beside += atomic_read(&ticks[i].beside) + atomic_read(&ticks[i].within);
	kfree(ticks);
	KUNIT_EXPECT_EQ(test, beside, 0);
}

static struct kunit_case periodic_end_cases[] = {
	KUNIT_CASE(periodic_end_between),
	KUNIT_CASE(periodic_end_queued),
	KUNIT_CASE_PARAM(periodic_end_running, ending_gen_params),
	KUNIT_CASE(periodic_end_asked),
	KUNIT_CASE(periodic_end_sync),
	KUNIT_CASE(periodic_end_itself),
	KUNIT_CASE(periodic_end_and_begin),
	KUNIT_CASE(periodic_end_at_shutdown),
	KUNIT_CASE(periodic_end_due_at_shutdown),
	KUNIT_CASE(periodic_end_at_shutdown_now),
	KUNIT_CASE(periodic_end_many),
	{}
};

static struct kunit_suite periodic_end_suite = {
	.name = "wpool_periodic_end",
	.init = periodic_end_init,
	.exit = wpt_exit,
	.test_cases = periodic_end_cases,
};

kunit_test_suite(periodic_end_suite);
