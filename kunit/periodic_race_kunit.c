// SPDX-License-Identifier: GPL-2.0
/*
 * Periodic tasks, and those that submit themselves, beside threads that take them back, put
 * them off, ask them to stop and close their pool: one of them wins, and all of it adds up.
 */
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/slab.h>
#include "periodic_scene.h"

static int periodic_race_init(struct kunit *test)
{
	return wpt_init(test, "wpool_periodic_race");
}

/* A tick that is freed as soon as it is nobody's. */
static struct tick *race_tick(struct wpool *pool, int (*inside)(struct tick *))
{
	struct tick *tick = kzalloc(sizeof(*tick), GFP_KERNEL);

	if (!tick)
		return NULL;
	wpool_delayed_task_init(&tick->dtask, tick_run, tick);
	init_completion(&tick->begun);
	tick->pool = pool;
	tick->inside = inside;
	return tick;
}

static int inside_short(struct tick *tick)
{
	return TICK_RESULT;
}

static int inside_again(struct tick *tick)
{
	int ret = wpool_schedule_delayed(tick->pool, &tick->dtask, get_random_u32() % 3);

	return ret && ret != -EBUSY && ret != -ESHUTDOWN ? ret : TICK_RESULT;
}

static int inside_die_at_times(struct tick *tick)
{
	if (atomic_read(&tick->runs) % 5)
		return TICK_RESULT;
	atomic_dec(&tick->within);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static int inside_modify(struct tick *tick)
{
	return wpool_modify_delayed(tick->pool, &tick->dtask, get_random_u32() % 3) ?: TICK_RESULT;
}

static int inside_cancel_at_times(struct tick *tick)
{
	if (get_random_u32() % 4 == 0)
		wpool_cancel(&tick->dtask.task);
	return TICK_RESULT;
}

static const struct race {
	const char	*name;
	bool		periodic;
	int		(*inside)(struct tick *tick);
} races[] = {
	{ "periodic", true, inside_short },
	{ "periodic, dies at times", true, inside_die_at_times },
	{ "periodic, modifies itself", true, inside_modify },
	{ "periodic, ends itself at times", true, inside_cancel_at_times },
	{ "submits itself", false, inside_again },
	{ "modifies itself", false, inside_modify },
};

static void race_name(const struct race *race, char *desc)
{
	strscpy(desc, race->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(race, races, race_name);

static int begin(struct tick *tick, const struct race *race)
{
	return race->periodic ? wpool_schedule_every(tick->pool, &tick->dtask, 1) :
	       wpool_schedule_delayed(tick->pool, &tick->dtask, 1);
}

/* Some jiffies, or none; near the edge of one. */
static void let_it_run(unsigned int jiffies_max)
{
	unsigned long end = jiffies + get_random_u32() % (jiffies_max + 1);
	unsigned int spins = get_random_u32() % 2000;

	while (time_before(jiffies, end))
		schedule_timeout_idle(1);
	while (spins--)
		cpu_relax();
}

/* 40, 96: against its timer and its runs: freed when the cancel has returned, KASAN watches */
static void periodic_race_cancel(struct kunit *test)
{
	const struct race *race = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	unsigned int i, wrong = 0;
	u64 ended;

	for (i = 0; i < 30; i++) {
		struct tick *tick = race_tick(pool, race->inside);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tick);
		wrong += begin(tick, race) != 0;
		let_it_run(3);
		if (i % 2)
			wpool_cancel(&tick->dtask.task);
		if (!wpt_call(test, tick_call_cancel_sync, pool, tick) && race->periodic &&
		    race->inside == inside_short && !(i % 2))
			wrong++;
		wrong += wpool_task_running(&tick->dtask.task) ||
			 wpool_task_queued(&tick->dtask.task) ||
			 atomic_read(&tick->beside);
		kfree(tick);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	ended = wpt_stat(pool, WPOOL_STAT_COMPLETED) + wpt_stat(pool, WPOOL_STAT_CANCELLED) +
		wpt_stat(pool, WPOOL_STAT_OOPSED);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, ended);
}

/* Does all that may be done to it, until the gate of the job opens. */
static int call_meddle(struct wpt_thread *self)
{
	struct wpool_delayed_task *dtask = self->arg;
	int ret = 0;

	while (!completion_done(&self->job->gate->opened)) {
		switch (get_random_u32() % 8) {
		case 0:
			wpool_cancel(&dtask->task);
			break;
		case 1:
			wpool_ask_stop(&dtask->task);
			break;
		case 2:
			ret = wpool_schedule_every(self->pool, dtask, 1);
			break;
		case 3:
			ret = wpool_schedule_delayed(self->pool, dtask, get_random_u32() % 2);
			break;
		case 4:
			ret = wpool_schedule_at(self->pool, dtask, 0);
			break;
		default:
			ret = wpool_modify_delayed(self->pool, dtask, get_random_u32() % 3);
		}
		if (ret && ret != -EBUSY && ret != -ECANCELED && ret != -ESHUTDOWN &&
		    ret != -EAGAIN)
			return ret;
		cond_resched();
	}
	return 0;
}

#define MEDDLERS	3

/* 46, 95: three threads do all of it at once; it never runs beside itself */
static void periodic_race_meddle(struct kunit *test)
{
	const struct race *race = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct tick *tick = tick_task(test, pool, NULL);
	struct wpt_thread *threads[MEDDLERS];
	unsigned int i;
	u64 ended;

	tick->inside = race->inside;
	KUNIT_ASSERT_EQ(test, begin(tick, race), 0);
	for (i = 0; i < MEDDLERS; i++)
		threads[i] = wpt_thread(test, call_meddle, pool, job, &tick->dtask);
	tick_await(test, get_jiffies_64() + HZ / 6);
	wpt_open(job->gate);
	for (i = 0; i < MEDDLERS; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	wpt_call(test, tick_call_cancel_sync, pool, tick);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->beside), 0);
	ended = wpt_stat(pool, WPOOL_STAT_COMPLETED) + wpt_stat(pool, WPOOL_STAT_CANCELLED) +
		wpt_stat(pool, WPOOL_STAT_OOPSED);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, ended);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
}

static void close_pool(struct wpool *pool, unsigned int how)
{
	if (how % 3 == 0)
		wpool_shutdown_now(pool, NULL);
	else if (how % 3 == 1)
		wpool_shutdown(pool);
}

/* 40, 54: against the end of its pool, and threads that go on with it; freed after that */
static void periodic_race_end(struct kunit *test)
{
	const struct race *race = test->param_value;
	unsigned int i, wrong = 0;

	for (i = 0; i < 6; i++) {
		struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
		struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
		struct tick *tick = race_tick(pool, race->inside);
		struct wpt_thread *thread;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tick);
		wrong += begin(tick, race) != 0;
		thread = wpt_thread(test, call_meddle, pool, job, &tick->dtask);
		let_it_run(3);
		close_pool(pool, i);
		let_it_run(1);
		wpool_shutdown(pool);
		KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
		wrong += wpool_task_running(&tick->dtask.task) ||
			 wpool_task_queued(&tick->dtask.task) ||
			 atomic_read(&tick->beside);
		wpt_open(job->gate);
		wrong += wpt_join(test, thread) != 0;
		wpt_destroy(test, pool);
		kfree(tick);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* 59: it is begun again in each life of its pool, and each ends it */
static void periodic_race_restart(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct tick *tick = tick_task(test, pool, NULL);
	unsigned int i;

	for (i = 0; i < 6; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule_every(pool, &tick->dtask, 1), 0);
		let_it_run(4);
		close_pool(pool, i % 2);
		KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
		KUNIT_EXPECT_FALSE(test, wpool_task_queued(&tick->dtask.task));
		KUNIT_ASSERT_EQ(test, wpool_restart(pool), 0);
		WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->beside), 0);
}

static struct kunit_case periodic_race_cases[] = {
	KUNIT_CASE_PARAM(periodic_race_cancel, race_gen_params),
	KUNIT_CASE_PARAM(periodic_race_meddle, race_gen_params),
	KUNIT_CASE_PARAM(periodic_race_end, race_gen_params),
	KUNIT_CASE(periodic_race_restart),
	{}
};

static struct kunit_suite periodic_race_suite = {
	.name = "wpool_periodic_race",
	.init = periodic_race_init,
	.exit = wpt_exit,
	.test_cases = periodic_race_cases,
};

kunit_test_suite(periodic_race_suite);
