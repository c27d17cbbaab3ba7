// SPDX-License-Identifier: GPL-2.0
/*
 * A pool's life: paused and resumed, ended early, and opened again.
 */
#include <linux/list.h>
#include "wpool_kunit.h"

static int life_init(struct kunit *test)
{
	return wpt_init(test, "wpool_life");
}

/* Running tasks end, queued ones stay and more are accepted; then all run. */
static void life_pause(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .min_workers = 3,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_job *jobs = wpt_jobs(test, 6, NULL);
	unsigned int i;

	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 6), 0);
	wpt_open(hold->gate);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &hold[i]), 0);
	WPT_ASSERT_STAT(test, pool, IDLE, 3);
	WPT_EXPECT_STAT(test, pool, QUEUED, 6);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
	wpool_pause(pool);
	wpool_resume(pool);
	for (i = 0; i < 6; i++) {
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	}
	/* again does no harm */
	wpool_resume(pool);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, jobs), 0);
}

/* 64: resuming puts as many workers to work as there may be */
static void life_resume_wakes_all(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .min_workers = 2,
	});
	struct wpt_job *jobs = wpt_jobs(test, 4, wpt_gate(test));
	unsigned int i;

	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 4), 0);
	WPT_ASSERT_STAT(test, pool, IDLE, 2);
	wpool_resume(pool);
	for (i = 0; i < 4; i++)
		wpt_begun(test, &jobs[i]);
	wpt_open(jobs->gate);
}

/* 17, 18: a paused pool is full when it is full, and has room as any other */
static void life_pause_full(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
	});
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct wpt_thread *thread;

	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &jobs[2].task), -EAGAIN);
	thread = wpt_thread(test, wpt_call_schedule, pool, &jobs[2], NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[0].task));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpool_resume(pool);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[2]), 0);
}

/* 54: shutting down ends a pause */
static void life_pause_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	unsigned int i;

	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 5), 0);
	wpool_shutdown(pool);
	wpool_pause(pool);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
}

static int wait_for_job(void *arg)
{
	struct wpt_job *job = arg;

	complete_all(&job[0].begun);
	wait_for_completion(&job[0].gate->opened);
	return wpool_wait(&job[1].task);
}

/* 16: what a worker waits for it runs all the same */
static void life_pause_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	jobs[0].gate = wpt_gate(test);
	jobs[1].result = 4;
	wpool_task_init(&jobs[0].task, wait_for_job, jobs);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	wpt_begun(test, &jobs[0]);
	wpool_pause(pool);
	wpt_open(jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 4);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
}

/* 54: 5 tasks, 2 workers: exactly 3 are handed back, in order */
static void life_shutdown_now(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool *other = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct wpool_task *task, *next;
	unsigned int i = 0;
	LIST_HEAD(unrun);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 3), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 3);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_STOP);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, NULL), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 3);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 2);

	/* they belong to their owner, which may submit them elsewhere */
	list_for_each_entry_safe(task, next, &unrun, node) {
		list_del(&task->node);
		KUNIT_ASSERT_LT(test, i, 3);
		KUNIT_EXPECT_PTR_EQ(test, task, &jobs[i].task);
		KUNIT_EXPECT_EQ(test, wpt_result(test, task), -ECANCELED);
		KUNIT_ASSERT_EQ(test, wpool_schedule(other, task), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i++].runs), 1);
	}
	KUNIT_EXPECT_EQ(test, i, 3);
}

/* 54, 65: the order is that in which they would have begun */
static void life_shutdown_now_order(struct kunit *test)
{
	static const enum wpool_priority prios[] = {
		WPOOL_PRIO_LOW, WPOOL_PRIO_NORMAL, WPOOL_PRIO_HIGH, WPOOL_PRIO_LOW, WPOOL_PRIO_HIGH,
	};
	static const unsigned int order[] = { 2, 4, 1, 0, 3 };
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	struct wpool_task *task, *next;
	unsigned int i;
	LIST_HEAD(unrun);

	for (i = 0; i < 5; i++) {
		wpool_task_set_priority(&jobs[i].task, prios[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
	}
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 5);
	i = 0;
	list_for_each_entry_safe(task, next, &unrun, node) {
		list_del(&task->node);
		KUNIT_ASSERT_LT(test, i, 5);
		KUNIT_EXPECT_PTR_EQ(test, task, &jobs[order[i++]].task);
	}
	wpt_open(hold->gate);
}

/* 54: those without a task of their own are counted, not handed back, not leaked */
static void life_shutdown_now_fn(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	unsigned int i;
	LIST_HEAD(unrun);

	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_EQ(test,
				wpool_schedule_fn(pool, wpt_run_job, &jobs[0], NULL),
				0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[1].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 11);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&unrun));
	KUNIT_EXPECT_PTR_EQ(test, unrun.next, &jobs[1].task.node);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 0);
}

/* 54: those that run are asked to stop; also by a second, sharper shutdown */
static void life_shutdown_now_asks(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpt_job *jobs = wpt_jobs(test, 3, wpt_gate(test));
	unsigned int i;

	for (i = 0; i < 3; i++)
		wpool_task_init(&jobs[i].task, wpt_run_until_stopped, &jobs[i]);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 3), 0);
	for (i = 0; i < 3; i++)
		wpt_begun(test, &jobs[i]);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 2), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), WPT_STOPPED);
}

/* 54: the run that is still to come of one that runs is taken back */
static void life_shutdown_now_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_hold(test, pool, 1);
	LIST_HEAD(unrun);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 57: blocked submitters return, and a pause is no obstacle */
static void life_shutdown_now_paused(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
	});
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct wpt_thread *thread;

	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	thread = wpt_thread(test, wpt_call_schedule, pool, &jobs[2], NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, NULL), 2);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs) + atomic_read(&jobs[1].runs), 0);
}

struct restart_case {
	const char		*name;
	struct wpool_attrs	attrs;
	unsigned int		workers;	/* at once */
	bool			now;
};

static const struct restart_case restart_cases[] = {
	{ "after a shutdown", { .capacity = 3 }, 1, false },
	{ "after a shutdown_now", { .capacity = 3 }, 1, true },
	{ "min_workers 2", { .capacity = 3, .min_workers = 2 }, 2, false },
	{ "WPOOL_PREALLOC", { .capacity = 3, .flags = WPOOL_PREALLOC }, 3, false },
	{ "WPOOL_PREALLOC, shutdown_now", { .capacity = 3, .flags = WPOOL_PREALLOC }, 3, true },
};

static void restart_name(const struct restart_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(restart, restart_cases, restart_name);

/* 59: a pool that has ended is opened again, as it was made, more than once */
static void life_restart(struct kunit *test)
{
	const struct restart_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &param->attrs);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	for (i = 0; i < 5; i++) {
		wpt_open(wpt_hold(test, pool, 3)->gate);
		wpool_pause(pool);
		if (param->now)
			wpool_shutdown_now(pool, NULL);
		else
			wpool_shutdown(pool);
		KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
		WPT_EXPECT_STAT(test, pool, WORKERS, 0);
		KUNIT_ASSERT_EQ(test, wpool_restart(pool), 0);
		KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
		WPT_EXPECT_STAT(test, pool, WORKERS, param->workers);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
		KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 0), -ETIMEDOUT);
	}
	/* counters go on */
	WPT_EXPECT_STAT(test, pool, COMPLETED, 4 * 5);
	WPT_EXPECT_STAT(test, pool, LARGEST, 3);
	wpt_destroy(test, pool);
}

/* 56: only from the end, and not of a pool that is destroyed */
static void life_restart_refused(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);

	KUNIT_EXPECT_EQ(test, wpool_restart(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), -EBUSY);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), -EBUSY);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_SHUTDOWN);
	wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	wpool_get(pool);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_TERMINATED);
	wpool_put(pool);
}

/* 5, 59: one that fails leaves the pool at its end; the next may succeed */
static void life_restart_fails(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .flags = WPOOL_PREALLOC,
	});

	wpool_shutdown(pool);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	if (!wpt_fail_spawn(3))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), -ENOMEM);
	wpt_fail_spawn(0);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_TERMINATED);
	WPT_EXPECT_STAT(test, pool, WORKERS, 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), 0);
	WPT_EXPECT_STAT(test, pool, WORKERS, 4);
	wpt_open(wpt_hold(test, pool, 4)->gate);
}

/* Asks for more workers until its gate, the argument, is opened. */
static int call_prestart(struct wpt_thread *self)
{
	struct wpt_gate *gate = self->arg;
	int ret;

	while (!completion_done(&gate->opened)) {
		ret = wpool_prestart(self->pool, 1);
		if (ret < 0 && ret != -ESHUTDOWN && ret != -EBUSY)
			return ret;
		cond_resched();
	}
	return 0;
}

/* 59: a thread that asks for workers as the pool opens does not keep it from opening */
static void life_restart_races_prestart(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });
	struct wpt_gate *gate = wpt_gate(test);
	struct wpt_thread *asker = wpt_thread(test, call_prestart, pool, NULL, gate);
	unsigned int i;

	for (i = 0; i < 200; i++) {
		wpool_shutdown(pool);
		KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
		KUNIT_ASSERT_EQ(test, wpool_restart(pool), 0);
	}
	wpt_open(gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, asker), 0);
}

static const unsigned int prestart_cases[] = { 0, 1, 3, 20 };

static void prestart_name(const unsigned int *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u more", *n);
}

KUNIT_ARRAY_PARAM(prestart, prestart_cases, prestart_name);

/* 4: exactly so many, as far as the capacity allows, and it says how many */
static void life_prestart(struct kunit *test)
{
	unsigned int n = *(const unsigned int *)test->param_value;
	unsigned int expected = min(n, 7U);
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 8 });

	KUNIT_EXPECT_EQ(test, wpool_prestart(pool, n), expected);
	WPT_EXPECT_STAT(test, pool, WORKERS, 1 + expected);
	WPT_ASSERT_STAT(test, pool, IDLE, 1 + expected);
	KUNIT_EXPECT_EQ(test, wpool_prestart(pool, n), min(n, 7 - expected));
	WPT_EXPECT_STAT(test, pool, CREATED, wpt_stat(pool, WPOOL_STAT_WORKERS));
	wpt_open(wpt_hold(test, pool, 8)->gate);
}

/* 4, 31, 33: they leave again; fewer if threads cannot be made; none at the end */
static void life_prestart_limits(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 6, .idle_timeout_ms = 1,
	});

	KUNIT_EXPECT_EQ(test, wpool_prestart(NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_prestart(pool, 5), 5);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	if (wpt_fail_spawn(3))
		KUNIT_EXPECT_EQ(test, wpool_prestart(pool, 5), 2);
	wpt_fail_spawn(0);
	wpt_open(wpt_hold(test, pool, 6)->gate);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_prestart(pool, 1), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	WPT_EXPECT_STAT(test, pool, WORKERS, 0);
}

static struct kunit_case life_cases[] = {
	KUNIT_CASE(life_pause),
	KUNIT_CASE(life_resume_wakes_all),
	KUNIT_CASE(life_pause_full),
	KUNIT_CASE(life_pause_shutdown),
	KUNIT_CASE(life_pause_inside),
	KUNIT_CASE(life_shutdown_now),
	KUNIT_CASE(life_shutdown_now_order),
	KUNIT_CASE(life_shutdown_now_fn),
	KUNIT_CASE(life_shutdown_now_asks),
	KUNIT_CASE(life_shutdown_now_again),
	KUNIT_CASE(life_shutdown_now_paused),
	KUNIT_CASE_PARAM(life_restart, restart_gen_params),
	KUNIT_CASE(life_restart_refused),
	KUNIT_CASE(life_restart_fails),
	KUNIT_CASE(life_restart_races_prestart),
	KUNIT_CASE_PARAM(life_prestart, prestart_gen_params),
	KUNIT_CASE(life_prestart_limits),
	{}
};

static struct kunit_suite life_suite = {
	.name = "wpool_life",
	.init = life_init,
	.exit = wpt_exit,
	.test_cases = life_cases,
};

kunit_test_suite(life_suite);
