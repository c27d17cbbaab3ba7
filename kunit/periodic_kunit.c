// SPDX-License-Identifier: GPL-2.0
/* Periodic tasks: when they run, and what is skipped. */
#include <linux/kthread.h>
#include "periodic_scene.h"

/* Of some jiffies, at any HZ. */
#define PERIOD		(HZ / 100 + 3)

static int periodic_init(struct kunit *test)
{
	return wpt_init(test, "wpool_periodic");
}

/* Every time that is over has had a run, or was skipped; the next is one period later. */
static void expect_on_time(struct kunit *test, struct tick *tick, u64 first)
{
	u64 n = atomic_read(&tick->runs) + wpool_periods_skipped(&tick->dtask);

	KUNIT_EXPECT_EQ(test, tick->dtask.due, first + n * tick->dtask.period);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->beside), 0);
}

/*
 * Submits it. Return: when it is due first; the pool is paused until that is read, or it might
 * have run already.
 */
static u64 every(struct kunit *test, struct wpool *pool, struct tick *tick, unsigned long period)
{
	u64 first;

	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule_every(pool, &tick->dtask, period), 0);
	first = tick->dtask.due;
	wpool_resume(pool);
	return first;
}

/* Notes a run that comes before it is due. */
static int inside_look(struct tick *tick)
{
	unsigned long n = atomic_read(&tick->runs) + wpool_periods_skipped(&tick->dtask);

	/* The first is due after one period, and the jiffy that had begun does not count. */
	if (!time_after64(get_jiffies_64(), tick->first + (n - 1) * tick->dtask.period))
		tick->error = -ETIME;
	/* The next run does not come later because of this. */
	schedule_timeout_idle(2);
	return TICK_RESULT;
}

/* 95: at a fixed rate from when it was due, however long it runs, and never early */
static void periodic_keeps_rate(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = tick_task(test, pool, NULL);
	unsigned int i;
	u64 first;

	tick->inside = inside_look;
	tick->first = get_jiffies_64() + PERIOD;
	first = every(test, pool, tick, PERIOD);
	for (i = 0; i < 6; i++)
		tick_begun(test, tick);
	KUNIT_EXPECT_TRUE(test, wpt_call(test, tick_call_cancel_sync, pool, tick));
	KUNIT_EXPECT_EQ(test, tick->error, 0);
	expect_on_time(test, tick, first);
	WPT_EXPECT_STAT(test, pool, COMPLETED, atomic_read(&tick->runs));
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, atomic_read(&tick->runs) + 1);
}

static int inside_be_slow(struct tick *tick)
{
	schedule_timeout_idle(3);
	return TICK_RESULT;
}

/* 95: never beside itself, though it is due in each jiffy and workers are free */
static void periodic_not_beside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });
	struct tick *tick = tick_task(test, pool, NULL);
	unsigned int i;
	u64 first;

	tick->inside = inside_be_slow;
	first = every(test, pool, tick, 1);
	for (i = 0; i < 10; i++)
		tick_begun(test, tick);
	wpt_call(test, tick_call_cancel_sync, pool, tick);
	expect_on_time(test, tick, first);
	/* each run has passed over one that was due, at least */
	KUNIT_EXPECT_GE(test, wpool_periods_skipped(&tick->dtask), 9);
	WPT_EXPECT_STAT(test, pool, SKIPPED, wpool_periods_skipped(&tick->dtask));
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

/* 95: what passes while it runs is counted, and does not come in a burst after that */
static void periodic_skips_while_running(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });
	struct wpt_gate *gate = wpt_gate(test);
	struct tick *tick = tick_task(test, pool, gate);
	u64 first = every(test, pool, tick, 2);

	tick_begun(test, tick);
	tick_await(test, first + 20);
	WPT_EXPECT_STAT(test, pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&tick->dtask.task));
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&tick->dtask.task));
	wpt_open(gate);
	tick_begun(test, tick);
	KUNIT_EXPECT_GE(test, wpool_periods_skipped(&tick->dtask), 10);
	wpt_call(test, tick_call_cancel_sync, pool, tick);
	expect_on_time(test, tick, first);
}

struct busy {
	const char	*name;
	bool		paused;
	int		depth;
};

static const struct busy busy_cases[] = {
	{ "no worker is free", false, 0 },
	{ "the pool is full", false, WPOOL_QUEUE_HANDOFF },
	{ "the pool is paused", true, 0 },
};

static void busy_name(const struct busy *busy, char *desc)
{
	strscpy(desc, busy->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(busy, busy_cases, busy_name);

/* 95: it waits in the queue once, however many times pass, and these are counted */
static void periodic_skips_while_queued(struct kunit *test)
{
	const struct busy *busy = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = busy->depth,
	});
	struct wpt_job *hold = busy->paused ? NULL : wpt_hold(test, pool, 1);
	struct tick *tick;
	u64 first;

	if (busy->paused)
		wpool_pause(pool);
	tick = tick_every(test, pool, NULL, 2);
	first = tick->dtask.due;
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	tick_await(test, first + 20);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 0);
	if (hold)
		wpt_open(hold->gate);
	wpool_resume(pool);
	tick_begun(test, tick);
	/* counted when it begins */
	KUNIT_EXPECT_GE(test, wpool_periods_skipped(&tick->dtask), 10);
	tick_begun(test, tick);
	wpt_call(test, tick_call_cancel_sync, pool, tick);
	expect_on_time(test, tick, first);
}

/* 95: a pool that drops its oldest task drops a run of it, and not the task */
static void periodic_dropped(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_DISCARD_OLDEST,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct tick *tick = tick_every(test, pool, NULL, NEVER);
	u64 due;

	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	due = tick->dtask.due;
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	WPT_EXPECT_STAT(test, pool, DROPPED, 0);
	KUNIT_EXPECT_EQ(test, wpool_periods_skipped(&tick->dtask), 1);
	KUNIT_EXPECT_EQ(test, tick->dtask.due, due + NEVER);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	tick_begun(test, tick);
	KUNIT_EXPECT_TRUE(test, wpt_call(test, tick_call_cancel_sync, pool, tick));
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
}

static int inside_modify_once(struct tick *tick)
{
	if (atomic_read(&tick->runs) == 1)
		tick->error = wpool_modify_delayed(tick->pool, &tick->dtask, 0);
	return TICK_RESULT;
}

/* 95: the first run at once, and another at once, by a modification: then one period later */
static void periodic_modify(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = tick_task(test, pool, NULL);
	u64 due;

	tick->inside = inside_modify_once;
	KUNIT_ASSERT_EQ(test, wpool_schedule_every(pool, &tick->dtask, NEVER), 0);
	due = get_jiffies_64();
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	tick_begun(test, tick);
	/* that it is asked for while it runs is not skipped */
	tick_begun(test, tick);
	KUNIT_EXPECT_EQ(test, tick->error, 0);
	WPT_ASSERT_STAT(test, pool, RUNNING, 0);
	WPT_ASSERT_STAT(test, pool, DELAYED, 1);
	KUNIT_EXPECT_GE(test, tick->dtask.due, due + NEVER);
	KUNIT_EXPECT_EQ(test, wpool_periods_skipped(&tick->dtask), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&tick->dtask.task));
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
}

/* 95: one that is due and waits in the queue is put off, and stays periodic */
static void periodic_modify_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct tick *tick = tick_every(test, pool, NULL, 1);

	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, NEVER), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	wpt_open(hold->gate);
	/* nothing that is due */
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 0);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	tick_begun(test, tick);
	tick_begun(test, tick);
	wpt_call(test, tick_call_cancel_sync, pool, tick);
}

/* 95: in a batch of plain tasks it keeps its place, and stays periodic */
static void periodic_among_plain(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, 20, NULL);
	struct tick *tick;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 10), 0);
	tick = tick_every(test, pool, NULL, 1);
	WPT_ASSERT_STAT(test, pool, QUEUED, 11);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, &jobs[10], 10), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[19]), 0);
	KUNIT_EXPECT_GE(test, atomic_read(&tick->runs), 1);
	tick_begun(test, tick);
	tick_begun(test, tick);
	wpt_call(test, tick_call_cancel_sync, pool, tick);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->beside), 0);
}

/* 97: a flush and a drain wait for a run that is due, and not for the time until the next */
static void periodic_flush(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_gate *gate = wpt_gate(test);
	struct tick *tick = tick_every(test, pool, gate, NEVER);
	struct wpt_thread *flush, *drain;

	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	tick_begun(test, tick);
	flush = wpt_thread(test, wpt_call_flush, pool, NULL, NULL);
	drain = wpt_thread(test, wpt_call_drain, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flush) && wpt_asleep(drain));
	wpt_open(gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flush), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drain), 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&tick->dtask.task));
}

/* 97: they wait for one in the queue, and no longer when it is put off */
static void periodic_flush_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct tick *tick;
	struct wpt_thread *flush, *drain;

	wpool_pause(pool);
	tick = tick_every(test, pool, NULL, 1);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	flush = wpt_thread(test, wpt_call_flush, pool, NULL, NULL);
	drain = wpt_thread(test, wpt_call_drain, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flush) && wpt_asleep(drain));
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flush), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drain), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 0);
}

/* 97: a flush waits for one in the queue, also if it is put at the end of it */
static void periodic_flush_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_thread *flush;
	struct tick *tick;

	wpool_pause(pool);
	tick = tick_every(test, pool, NULL, NEVER);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	flush = wpt_thread(test, wpt_call_flush, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flush));
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	KUNIT_EXPECT_FALSE(test, completion_done(&flush->done));
	KUNIT_EXPECT_TRUE(test, wpt_asleep(flush));
	wpool_resume(pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flush), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel_sync(&tick->dtask.task));
}

/* 97: or if it was asked for while the one before runs */
static void periodic_flush_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct tick *tick = tick_every(test, pool, wpt_gate(test), NEVER);
	struct wpt_thread *flush;

	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	tick_begun(test, tick);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	flush = wpt_thread(test, wpt_call_flush, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flush));
	/* It is asked for already. */
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, 0), 0);
	wpool_pause(pool);
	wpt_open(tick->gate);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&flush->done));
	KUNIT_EXPECT_TRUE(test, wpt_asleep(flush));
	wpool_resume(pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flush), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 2);
	KUNIT_EXPECT_TRUE(test, wpool_cancel_sync(&tick->dtask.task));
}

static int inside_die_once(struct tick *tick)
{
	if (atomic_read(&tick->runs) > 1)
		return TICK_RESULT;
	atomic_dec(&tick->within);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* 95: a run that kills its worker is counted, and the next period runs */
static void periodic_death(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct tick *tick = tick_task(test, pool, NULL);
	u64 first;

	tick->inside = inside_die_once;
	first = every(test, pool, tick, PERIOD);
	tick_begun(test, tick);
	tick_begun(test, tick);
	KUNIT_EXPECT_TRUE(test, wpt_call(test, tick_call_cancel_sync, pool, tick));
	WPT_EXPECT_STAT(test, pool, OOPSED, 1);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
	expect_on_time(test, tick, first);
}

static int call_wait_inside(void *arg)
{
	struct tick *tick = arg;

	return wpool_wait(&tick->dtask.task);
}

static int inside_end_third(struct tick *tick)
{
	if (atomic_read(&tick->runs) == 3)
		tick->error = !wpool_cancel(&tick->dtask.task);
	return TICK_RESULT;
}

/* 16, 95: the one worker waits for it, and runs it each time; its last result is the result */
static void periodic_wait_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct tick *tick = tick_task(test, pool, NULL);

	tick->inside = inside_end_third;
	KUNIT_ASSERT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 2), 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, call_wait_inside, tick), TICK_RESULT);
	KUNIT_EXPECT_EQ(test, tick->error, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 3);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

/* Submits more of its own key than there is room for. */
struct keyed_flood {
	struct wpool_keyed_task	first, more[8];
	struct wpool		*pool;
};

static int run_nothing(void *arg)
{
	return 0;
}

static int run_flood(void *arg)
{
	struct keyed_flood *flood = arg;
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(flood->more) && !err; i++)
		err = wpool_schedule_keyed(flood->pool, &flood->more[i], 1);
	return err;
}

/* 81: a worker that waits for room that it alone could make is refused beside one that waits */
static void periodic_deadlock(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .queue_depth = 2,
	});
	struct keyed_flood *flood = wpt_alloc(test, sizeof(*flood));
	struct tick *tick = tick_every(test, pool, NULL, NEVER);
	unsigned int i;

	flood->pool = pool;
	wpool_keyed_task_init(&flood->first, run_flood, flood);
	for (i = 0; i < ARRAY_SIZE(flood->more); i++)
		wpool_keyed_task_init(&flood->more[i], run_nothing, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &flood->first, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &flood->first.task), -EDEADLK);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&tick->dtask.task));
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
}

/* 67: it pins its module between its runs too, until it is cancelled */
static void periodic_pins(struct kunit *test)
{
	struct tick *tick;
	int before;

	wpt_needs_module(test);
	before = wpt_pins(THIS_MODULE);
	tick = tick_every(test, wpool_default(), NULL, 1);
	tick_begun(test, tick);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(wpool_default(), &tick->dtask, NEVER), 0);
	WPT_ASSERT_UNTIL(test, !wpool_task_running(&tick->dtask.task));
	/* The run's own is dropped last. */
	WPT_ASSERT_UNTIL(test, wpt_pins(THIS_MODULE) == before + 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&tick->dtask.task));
	KUNIT_EXPECT_EQ(test, wpt_pins(THIS_MODULE), before);
}

/* 13: a period of 0 or for ever, a detached task, none */
static void periodic_misuse(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct tick *tick = tick_task(test, pool, NULL);

	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(NULL, &tick->dtask, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &tick->dtask, MAX_SCHEDULE_TIMEOUT),
			-EINVAL);
	wpool_task_set_detached(&tick->dtask.task);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_periods_skipped(&tick->dtask), 0);
	KUNIT_EXPECT_EQ(test, wpool_periods_skipped(NULL), 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
}

/* Busy while it is periodic, from whoever submits it: then nothing changes. */
static void periodic_busy(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL), *other = wpt_pool(test, NULL);
	struct wpt_gate *gate = wpt_gate(test);
	struct tick *tick = tick_every(test, pool, gate, NEVER);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 1), -EBUSY);
		KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &tick->dtask, 1), -EBUSY);
		KUNIT_EXPECT_EQ(test, wpool_schedule_at(pool, &tick->dtask, 0), -EBUSY);
		KUNIT_EXPECT_EQ(test, wpool_modify_delayed(other, &tick->dtask, 1), -EBUSY);
		/* and while it runs */
		KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &tick->dtask, i * NEVER), 0);
		if (!i)
			tick_begun(test, tick);
	}
	wpt_open(gate);
	KUNIT_EXPECT_TRUE(test, wpt_call(test, tick_call_cancel_sync, pool, tick));
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), 1);
}

static struct kunit_case periodic_cases[] = {
	KUNIT_CASE(periodic_keeps_rate),
	KUNIT_CASE(periodic_not_beside),
	KUNIT_CASE(periodic_skips_while_running),
	KUNIT_CASE_PARAM(periodic_skips_while_queued, busy_gen_params),
	KUNIT_CASE(periodic_dropped),
	KUNIT_CASE(periodic_modify),
	KUNIT_CASE(periodic_modify_queued),
	KUNIT_CASE(periodic_among_plain),
	KUNIT_CASE(periodic_flush),
	KUNIT_CASE(periodic_flush_queued),
	KUNIT_CASE(periodic_flush_again),
	KUNIT_CASE(periodic_flush_inside),
	KUNIT_CASE(periodic_death),
	KUNIT_CASE(periodic_wait_inside),
	KUNIT_CASE(periodic_deadlock),
	KUNIT_CASE(periodic_pins),
	KUNIT_CASE(periodic_misuse),
	KUNIT_CASE(periodic_busy),
	{}
};

static struct kunit_suite periodic_suite = {
	.name = "wpool_periodic",
	.init = periodic_init,
	.exit = wpt_exit,
	.test_cases = periodic_cases,
};

kunit_test_suite(periodic_suite);
