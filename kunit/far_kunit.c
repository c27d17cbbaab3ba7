// SPDX-License-Identifier: GPL-2.0
/*
 * Delays and time-outs that no test can wait for: as long as a long can say, and
 * longer than the kernel's timer wheel holds.
 *
 * The wheel lets a timer that is further away than it holds fire early, some days
 * from now. The tests do that in its stead: they bring the timer forward.
 *
 * And a delay for which the wheel goes in steps of many jiffies.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/timer.h>
#include "wpool_kunit.h"

static int far_init(struct kunit *test)
{
	return wpt_init(test, "wpool_far");
}

struct far {
	const char	*name;
	unsigned long	time;	/* in jiffies */
};

static const struct far far_cases[] = {
	{ "100 days",			100UL * 24 * 60 * 60 * HZ },
	{ "LONG_MAX / 2 + 1",		LONG_MAX / 2 + 1 },
	{ "LONG_MAX - 1",		LONG_MAX - 1 },
	{ "MAX_SCHEDULE_TIMEOUT",	MAX_SCHEDULE_TIMEOUT },
	{ "LONG_MAX + 1",		LONG_MAX + 1UL },
	{ "ULONG_MAX",			ULONG_MAX },
};

static void far_name(const struct far *far, char *desc)
{
	strscpy(desc, far->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(far, far_cases, far_name);

static unsigned long far_time(struct kunit *test)
{
	return ((const struct far *)test->param_value)->time;
}

static struct wpool_delayed_task *delayed_job(struct kunit *test, struct wpt_job *job)
{
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));

	wpool_delayed_task_init(dtask, wpt_run_job, job);
	return dtask;
}

/* Returns when what was to fire by now has had the time to. */
static void let_timers_fire(struct kunit *test, struct wpool *pool)
{
	struct wpool_delayed_task *dtask = delayed_job(test, wpt_jobs(test, 1, NULL));

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, 1), 0);
	KUNIT_ASSERT_EQ(test, wpt_result(test, &dtask->task), 0);
}

/* 20: its time has not come, however far away it is; taken back as any other */
static void far_delay(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, job);

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, far_time(test)), 0);
	let_timers_fire(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&dtask->task));
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
}

/* 20: nor has it when its timer fires early; then it still can be brought forward */
static void far_delay_fires_early(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, job);
	int i;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, far_time(test)), 0);
	for (i = 0; i < 3; i++) {
		mod_timer(&dtask->timer, jiffies);
		let_timers_fire(test, pool);
		KUNIT_ASSERT_EQ(test, atomic_read(&job->runs), 0);
		WPT_EXPECT_STAT(test, pool, DELAYED, 1);
		/* it is to fire again */
		WPT_ASSERT_UNTIL(test, timer_pending(&dtask->timer));
	}
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &dtask->task), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 20: its delay made so long, when it was short */
static void far_delay_modified(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, job);

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, dtask, far_time(test)), 0);
	let_timers_fire(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &dtask->task), -ECANCELED);
}

/* 40: an early timer beside a cancel: one of the two has it, and it is free after */
static void far_delay_cancel_races(struct kunit *test)
{
	const unsigned int n = 30;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, job);
	unsigned int i, wrong = 0;

	for (i = 0; i < n && !wrong; i++) {
		wrong += wpool_schedule_delayed(pool, dtask, far_time(test)) != 0;
		mod_timer(&dtask->timer, jiffies);
		if (i % 4)
			schedule_timeout_idle(i % 3);
		wrong += !wpool_cancel(&dtask->task);
		wrong += timer_pending(&dtask->timer);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, i);
}

/* What waits so long: each for what happens when the test opens the gate. */
struct waiting {
	unsigned long		time;
	struct wpool_group	*group;
};

static int call_wait_timeout(struct wpt_thread *self)
{
	struct waiting *waiting = self->arg;

	return wpool_wait_timeout(&self->job->task, waiting->time, NULL);
}

static int call_schedule_timeout(struct wpt_thread *self)
{
	struct waiting *waiting = self->arg;

	return wpool_schedule_timeout(self->pool, &self->job->task, waiting->time);
}

static int call_run_timeout(struct wpt_thread *self)
{
	struct waiting *waiting = self->arg;

	return wpool_run_timeout(self->pool, wpt_run_job, self->job,
				 waiting->time, NULL);
}

static int call_group_timeout(struct wpt_thread *self)
{
	struct waiting *waiting = self->arg;

	return wpool_group_wait_timeout(waiting->group, waiting->time);
}

static int call_await_timeout(struct wpt_thread *self)
{
	struct waiting *waiting = self->arg;

	return wpool_await_termination(self->pool, waiting->time);
}

/* 20: none of the waits ends before what it waits for, woken for nothing or not */
static void far_timeout(struct kunit *test)
{
	int (* const calls[])(struct wpt_thread *) = {
		call_wait_timeout, call_schedule_timeout, call_run_timeout,
		call_group_timeout, call_await_timeout,
	};
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct waiting *waiting = wpt_alloc(test, sizeof(*waiting));
	struct wpt_thread *threads[ARRAY_SIZE(calls)];
	struct wpt_job *hold = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, ARRAY_SIZE(calls), NULL);
	int i, round;

	waiting->time = far_time(test);
	waiting->group = wpt_group(test, false);
	wpt_group_schedule(test, waiting->group, pool, hold, 1);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		threads[i] = wpt_thread(test, calls[i], pool, i ? &jobs[i] : hold, waiting);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < ARRAY_SIZE(calls); i++) {
			WPT_ASSERT_UNTIL(test, wpt_asleep(threads[i]));
			wake_up_process(threads[i]->kthread);
		}
	}
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		KUNIT_EXPECT_FALSE(test, completion_done(&threads[i]->done));
	wpt_open(hold->gate);
	for (i = 0; i < ARRAY_SIZE(calls) - 1; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
}

/* The wheel's steps so far away, in jiffies. */
#define STEP	64

/*
 * Returns half a step after its time, on the CPU of its timer: if that has stood still meanwhile,
 * so has this thread, and what was to fire there before has fired.
 */
static void sleep_beyond(const struct wpool_delayed_task *dtask, u64 due)
{
	while (time_before64(get_jiffies_64(), due + STEP / 2)) {
		set_cpus_allowed_ptr(current,
				     cpumask_of(READ_ONCE(dtask->timer.flags) & TIMER_CPUMASK));
		schedule_timeout_uninterruptible(1);
	}
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

/* 189: the task comes before what is submitted after its time */
static void far_comes_in_time(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	/* The wheel would be late by a step. */
	u64 due = round_up(get_jiffies_64() + 9 * STEP, STEP) + 1;
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, &jobs[0]);

	jobs[0].clock = wpt_alloc(test, sizeof(atomic_t));
	jobs[1].clock = jobs[0].clock;
	KUNIT_ASSERT_EQ(test, wpool_schedule_at(pool, dtask, due), 0);
	sleep_beyond(dtask, due);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[1].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, jobs[0].turn, 1);
	KUNIT_EXPECT_EQ(test, jobs[1].turn, 2);
}

static struct kunit_case far_cases_all[] = {
	KUNIT_CASE_PARAM(far_delay, far_gen_params),
	KUNIT_CASE_PARAM(far_delay_fires_early, far_gen_params),
	KUNIT_CASE_PARAM(far_delay_modified, far_gen_params),
	KUNIT_CASE_PARAM(far_delay_cancel_races, far_gen_params),
	KUNIT_CASE_PARAM(far_timeout, far_gen_params),
	KUNIT_CASE(far_comes_in_time),
	{}
};

static struct kunit_suite far_suite = {
	.name = "wpool_far",
	.init = far_init,
	.exit = wpt_exit,
	.test_cases = far_cases_all,
};

kunit_test_suite(far_suite);
