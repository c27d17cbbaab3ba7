// SPDX-License-Identifier: GPL-2.0
/*
 * Delayed tasks that are submitted again while they run, and at a time.
 */
#include <linux/kthread.h>
#include "periodic_scene.h"

static int rearm_init(struct kunit *test)
{
	return wpt_init(test, "wpool_rearm");
}

/* Notes if a run comes early, and asks for the next: in tick->first. */
static int inside_again(struct tick *tick)
{
	if (time_before64(get_jiffies_64(), tick->first))
		return -ETIME;
	if (atomic_read(&tick->runs) == 4)
		return TICK_RESULT;
	tick->first = get_jiffies_64() + 3;
	return wpool_schedule_delayed(tick->pool, &tick->dtask, 3) ?: -EAGAIN;
}

/* 98: from its own function, any number of times; its waiter waits for the last */
static void rearm_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = tick_task(test, pool, NULL);

	tick->inside = inside_again;
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->beside), 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 4);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 4);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
}

/* A tick that runs, and waits for its gate. */
static struct tick *running(struct kunit *test, struct wpool *pool)
{
	struct tick *tick = tick_task(test, pool, wpt_gate(test));

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	tick_begun(test, tick);
	return tick;
}

/* 98: from another thread: once, and it runs when both the run and the delay are over */
static void rearm_outside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct tick *tick = running(test, pool);

	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), -EBUSY);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&tick->dtask.task));
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_open(tick->gate);
	WPT_ASSERT_STAT(test, pool, COMPLETED, 1);
	WPT_ASSERT_UNTIL(test, wpool_task_queued(&tick->dtask.task));
	WPT_ASSERT_STAT(test, pool, DELAYED, 1);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	tick_begun(test, tick);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 2);
}

/* 98: a delay that is over before the run is: it has not begun beside it, and is lost no time */
static void rearm_overdue(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct tick *tick = running(test, pool);

	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 1), 0);
	tick_await(test, get_jiffies_64() + 5);
	WPT_EXPECT_STAT(test, pool, RUNNING, 1);
	wpt_open(tick->gate);
	tick_begun(test, tick);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->beside), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
}

/* 98: taken back while it runs: that run goes on, and tells its waiter */
static void rearm_cancel(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = running(test, pool);
	struct wpt_thread *waiter;

	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	waiter = wpt_thread(test, tick_call_wait, pool, NULL, tick);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&tick->dtask.task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&tick->dtask.task));
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	wpt_open(tick->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
}

/* 50, 98: a thread that asks it to stop does not want it to run again */
static void rearm_stop(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = running(test, pool);

	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&tick->dtask.task));
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 1), -ECANCELED);
	wpt_open(tick->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
}

/* 54: a shutdown cancels it when its run has ended */
static void rearm_at_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = running(test, pool);

	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, NEVER), 0);
	wpool_shutdown(pool);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	wpt_open(tick->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
}

/* 54: one that is due when its run has ended comes, as one that waits in the queue does */
static void rearm_due_at_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = running(test, pool);

	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	wpool_shutdown(pool);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	wpt_open(tick->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 0);
}

/* 54: one that was not due at the shutdown is cancelled, although it is when its run ends */
static void rearm_due_after_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = running(test, pool);
	u64 due = get_jiffies_64() + HZ;

	KUNIT_ASSERT_EQ(test, wpool_schedule_at(pool, &tick->dtask, due), 0);
	wpool_shutdown(pool);
	if (time_after_eq64(get_jiffies_64(), due))
		kunit_skip(test, "the shutdown came too late");
	WPT_ASSERT_UNTIL(test, time_after64(get_jiffies_64(), due));
	wpt_open(tick->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
}

/* 54: a shutdown now does not wait for the run, and takes its next one back */
static void rearm_at_shutdown_now(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = running(test, pool);
	LIST_HEAD(unrun);

	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	wpt_open(tick->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
}

static int inside_again_and_die(struct tick *tick)
{
	if (atomic_read(&tick->runs) > 1)
		return TICK_RESULT;
	tick->error = wpool_schedule_delayed(tick->pool, &tick->dtask, 0);
	atomic_dec(&tick->within);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* 38, 98: it kills its worker after it has submitted itself: it runs again */
static void rearm_death(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct tick *tick = tick_task(test, pool, NULL);

	tick->inside = inside_again_and_die;
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, tick->error, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
	WPT_EXPECT_STAT(test, pool, OOPSED, 1);
}

static int inside_now_then_later(struct tick *tick)
{
	if (atomic_read(&tick->runs) > 1)
		return TICK_RESULT;
	/* each is taken back, and the next one is of another kind */
	tick->error = wpool_schedule_delayed(tick->pool, &tick->dtask, 0) ?:
		      wpool_modify_delayed(tick->pool, &tick->dtask, NEVER) ?:
		      wpool_modify_delayed(tick->pool, &tick->dtask, 1);
	if (!wpool_cancel(&tick->dtask.task))
		return -EINVAL;
	tick->error = tick->error ?: wpool_modify_delayed(tick->pool, &tick->dtask, 1);
	return TICK_RESULT;
}

/* 98: what is to run again at once is delayed instead, and so on */
static void rearm_modify(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct tick *tick = tick_task(test, pool, NULL);

	tick->inside = inside_now_then_later;
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, tick->error, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 2);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
}

/* Submits itself in a group, for later. */
static int inside_group_then_later(struct tick *tick)
{
	struct wpool_group *group = tick->group;

	if (atomic_read(&tick->runs) > 1)
		return -ENODATA;
	tick->error = wpool_group_schedule_delayed(group, tick->pool, &tick->dtask, 5);
	return TICK_RESULT;
}

static struct tick *member(struct kunit *test, struct wpool *pool, struct wpool_group *group)
{
	struct tick *tick = tick_task(test, pool, NULL);

	tick->inside = inside_group_then_later;
	tick->group = group;
	return tick;
}

/* 52: in a group, which it ends as late as it ends itself */
static void rearm_in_group(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct tick *tick = member(test, pool, group);

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_COMPLETED) >= 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ENODATA);
	KUNIT_EXPECT_EQ(test, tick->error, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
}

struct group_wait {
	struct wpool_task	task;
	struct wpool_group	*group;
};

static int wait_for_group(void *arg)
{
	struct group_wait *wait = arg;

	return wpool_group_wait(wait->group);
}

/* 16, 52: the one worker waits for its group, and runs it when its time has come */
static void rearm_in_group_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct group_wait *wait = wpt_alloc(test, sizeof(*wait));
	struct tick *tick;

	wait->group = wpt_group(test, false);
	tick = member(test, pool, wait->group);
	wpool_task_init(&wait->task, wait_for_group, wait);
	/* The task is first on the queue. */
	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &wait->task), 0);
	wpool_resume(pool);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &wait->task), -ENODATA);
	KUNIT_EXPECT_EQ(test, tick->error, 0);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

static int inside_group_cancelled(struct tick *tick)
{
	struct wpool_group *group = tick->group;

	tick->error = wpool_group_schedule_delayed(group, tick->pool, &tick->dtask, 0);
	if (wpool_group_cancel(group) != 1)
		tick->error = -EINVAL;
	return TICK_RESULT;
}

/* 53: a cancel of its group finds it while it runs */
static void rearm_group_cancel(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct tick *tick = member(test, pool, group);

	tick->inside = inside_group_cancelled;
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, tick->error, 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
}

/* 20: at a time in jiffies_64: not before it, at once if it has passed, and never in effect */
static void rearm_at(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = tick_task(test, pool, NULL);
	u64 when = get_jiffies_64() + HZ / 20 + 2;

	KUNIT_ASSERT_EQ(test, wpool_schedule_at(pool, &tick->dtask, when), 0);
	tick_begun(test, tick);
	KUNIT_EXPECT_GE(test, get_jiffies_64(), when);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_ASSERT_EQ(test, wpool_schedule_at(pool, &tick->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	KUNIT_ASSERT_EQ(test, wpool_schedule_at(pool, &tick->dtask, U64_MAX), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&tick->dtask.task, 3, NULL), -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&tick->dtask.task));
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
	KUNIT_EXPECT_EQ(test, wpool_schedule_at(pool, NULL, when), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_at(NULL, &tick->dtask, when), -EINVAL);
}

/* A modification in another pool is refused, wherever the task is, and nothing changes. */
static void rearm_modify_elsewhere(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct tick *tick = tick_task(test, pool, wpt_gate(test));

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(other, &tick->dtask, 0), -EBUSY);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(other, &tick->dtask, NEVER), -EBUSY);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	wpt_open(hold->gate);
	tick_begun(test, tick);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(other, &tick->dtask, 0), -EBUSY);
	wpt_open(tick->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	/* now nobody has it */
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(other, &tick->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tick->dtask.task), TICK_RESULT);
	WPT_EXPECT_STAT(test, other, COMPLETED, 1);
}

static struct kunit_case rearm_cases[] = {
	KUNIT_CASE(rearm_inside),
	KUNIT_CASE(rearm_outside),
	KUNIT_CASE(rearm_overdue),
	KUNIT_CASE(rearm_cancel),
	KUNIT_CASE(rearm_stop),
	KUNIT_CASE(rearm_at_shutdown),
	KUNIT_CASE(rearm_due_at_shutdown),
	KUNIT_CASE(rearm_due_after_shutdown),
	KUNIT_CASE(rearm_at_shutdown_now),
	KUNIT_CASE(rearm_death),
	KUNIT_CASE(rearm_modify),
	KUNIT_CASE(rearm_in_group),
	KUNIT_CASE(rearm_in_group_inside),
	KUNIT_CASE(rearm_group_cancel),
	KUNIT_CASE(rearm_at),
	KUNIT_CASE(rearm_modify_elsewhere),
	{}
};

static struct kunit_suite rearm_suite = {
	.name = "wpool_rearm",
	.init = rearm_init,
	.exit = wpt_exit,
	.test_cases = rearm_cases,
};

kunit_test_suite(rearm_suite);
