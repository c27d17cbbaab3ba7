// SPDX-License-Identifier: GPL-2.0
/*
 * The module whose code a task runs: kept from being unloaded while one of its
 * tasks is in a pool that is not its own. That rmmod is then refused is for the
 * tests from user space to show.
 */
#include <linux/module.h>
#include "wpool_kunit.h"

static int owner_init(struct kunit *test)
{
	int err = wpt_init(test, "wpool_owner");

	if (!err)
		wpt_needs_module(test);
	return err;
}

/*
 * A wait may return before the run's pin is dropped, which comes after all that is the task's:
 * its memory may be the module's.
 */
static int pins(void)
{
	return wpt_pins(THIS_MODULE);
}

/* 67: pinned while queued and while running, on a pool of another module */
static void owner_is_pinned(struct kunit *test)
{
	struct wpt_job *jobs = wpt_jobs(test, 3, wpt_gate(test));
	int before = pins();
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(wpool_default(), jobs, 3), 0);
	KUNIT_EXPECT_EQ(test, pins(), before + 3);
	for (i = 0; i < 3; i++)
		wpt_begun(test, &jobs[i]);
	KUNIT_EXPECT_EQ(test, pins(), before + 3);
	wpt_open(jobs->gate);
	for (i = 0; i < 3; i++)
		wpt_wait(test, &jobs[i]);
	WPT_ASSERT_UNTIL(test, pins() == before);
}

/* 67: submitted again from its own function: once for each run */
static void owner_is_pinned_twice(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	int before = pins();

	KUNIT_ASSERT_EQ(test, wpool_schedule(wpool_default(), &job->task), 0);
	wpt_begun(test, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule(wpool_default(), &job->task), 0);
	KUNIT_EXPECT_EQ(test, pins(), before + 2);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&job->task));
	KUNIT_EXPECT_EQ(test, pins(), before + 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(wpool_default(), &job->task), 0);
	wpt_open(job->gate);
	wpt_wait(test, job);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 2);
	WPT_ASSERT_UNTIL(test, pins() == before);
}

/* 67: a pool of the module's own does not pin it */
static void owner_of_the_pool(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	int before = pins();
	struct wpt_job *job = wpt_hold(test, pool, 1);

	KUNIT_EXPECT_EQ(test, pins(), before);
	wpt_open(job->gate);
}

static int count(void *arg)
{
	atomic_inc(arg);
	return 0;
}

/* 67: a task of wpool_schedule_fn() pins the module that made the call */
static void owner_of_a_function(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	atomic_t *runs = wpt_alloc(test, sizeof(*runs));
	int before = pins();

	KUNIT_ASSERT_EQ(test,
			wpool_schedule_fn(wpool_default(), wpt_run_job, job, NULL),
			0);
	wpt_begun(test, job);
	KUNIT_EXPECT_EQ(test, pins(), before + 1);
	KUNIT_ASSERT_EQ(test,
			wpool_try_schedule_fn(wpool_default(), count, runs, NULL),
			0);
	wpt_open(job->gate);
	WPT_ASSERT_UNTIL(test, pins() == before);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(runs), 1);
}

/* 67, 37: given back when the task kills its worker */
static void owner_after_death(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	int before = pins();

	wpool_task_init(&job->task, wpt_die, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(wpool_default(), &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -EOWNERDEAD);
	WPT_ASSERT_UNTIL(test, pins() == before);
}

/* The owner is going away: refused, and nothing changes. */
static void owner_going(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	__wpool_task_init(&job->task, wpt_run_job, job, wpt_module(test, MODULE_STATE_GOING));
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), -ENOENT);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &job->task), -ENOENT);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
}

static const enum wpool_full full_cases[] = {
	WPOOL_FULL_CALLER_RUNS, WPOOL_FULL_DISCARD, WPOOL_FULL_DISCARD_OLDEST,
};

static void full_name(const enum wpool_full *full, char *desc)
{
	static const char * const names[] = {
		[WPOOL_FULL_CALLER_RUNS] = "caller runs", [WPOOL_FULL_DISCARD] = "discard",
		[WPOOL_FULL_DISCARD_OLDEST] = "discard oldest",
	};

	strscpy(desc, names[*full], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(full, full_cases, full_name);

/* 23, 24, 25: nor is it run in its caller, or takes the place of another */
static void owner_going_when_full(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
		.full = *(const enum wpool_full *)test->param_value,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	__wpool_task_init(&jobs[1].task, wpt_run_job, &jobs[1],
			  wpt_module(test, MODULE_STATE_GOING));
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &jobs[1].task), -ENOENT);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&jobs[1].task));
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&jobs[0].task));
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 2);
	WPT_EXPECT_STAT(test, pool, DROPPED, 0);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 0);
	/* It is not for want of room. */
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
}

/* 67: given back for a task that does not begin, whatever keeps it from that */
static void owner_of_unrun(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2, .full = WPOOL_FULL_DISCARD_OLDEST,
	});
	struct module *module = wpt_module(test, MODULE_STATE_LIVE);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	unsigned int i;

	for (i = 0; i < 3; i++)
		__wpool_task_init(&jobs[i].task, wpt_run_job, &jobs[i], module);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	KUNIT_EXPECT_EQ(test, wpt_pins(module), 2);
	/* takes the place of the first */
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[2].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_pins(module), 2);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[1].task));
	KUNIT_EXPECT_EQ(test, wpt_pins(module), 1);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, NULL), 1);
	KUNIT_EXPECT_EQ(test, wpt_pins(module), 0);
	wpt_open(hold->gate);
}

/* 67: pinned too where the pool's own tasks come by the inbox, see core/inbox.c */
static void owner_behind_others(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct module *module = wpt_module(test, MODULE_STATE_LIVE);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);

	__wpool_task_init(&jobs[3].task, wpt_run_job, &jobs[3], module);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 4), 0);
	KUNIT_EXPECT_EQ(test, wpt_pins(module), 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[3]), 0);
	WPT_ASSERT_UNTIL(test, wpt_pins(module) == 0);
}

/* 67: so is the owner of functions that follow one another, and is let go for each */
static void owner_of_functions(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct module *module = wpt_module(test, MODULE_STATE_LIVE);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	unsigned int i;

	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, __wpool_schedule_fn(pool, wpt_run_job, &jobs[i], NULL,
							  module), 0);
	KUNIT_EXPECT_EQ(test, wpt_pins(module), 4);
	wpt_open(hold->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_EQ(test, wpt_pins(module), 0);
}

/* It went while the submitter was blocked: the room goes to the next. */
static void owner_went(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct module *module = wpt_module(test, MODULE_STATE_LIVE);
	struct wpt_thread *threads[2];
	unsigned int i;

	__wpool_task_init(&jobs[0].task, wpt_run_job, &jobs[0], module);
	for (i = 0; i < 2; i++) {
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
		WPT_ASSERT_STAT(test, pool, BLOCKED, i + 1);
	}
	module->state = MODULE_STATE_GOING;
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, threads[0]), -ENOENT);
	KUNIT_EXPECT_EQ(test, wpt_join(test, threads[1]), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 0);
}

/* A task that submits itself as its module is going away. */
struct leaver {
	struct wpool_task	task;
	struct module		*module;
	int			err;
};

static int submit_when_going(void *arg)
{
	struct leaver *self = arg;

	self->module->state = MODULE_STATE_GOING;
	self->err = wpool_schedule(wpool_current(), &self->task);
	return 0;
}

static int call_leave(struct wpt_thread *self)
{
	struct leaver *leaver = self->arg;

	return wpool_schedule(self->pool, &leaver->task);
}

/* 12, 67, 82: it runs in its submitter, and would be taken without room: refused, too */
static void owner_going_in_caller(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
	struct leaver *leaver = wpt_alloc(test, sizeof(*leaver));
	struct wpt_job *hold = wpt_hold(test, pool, 1);

	leaver->module = wpt_module(test, MODULE_STATE_LIVE);
	__wpool_task_init(&leaver->task, submit_when_going, leaver, leaver->module);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_leave, pool, leaver), 0);
	KUNIT_EXPECT_EQ(test, leaver->err, -ENOENT);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&leaver->task));
	KUNIT_EXPECT_EQ(test, wpt_pins(leaver->module), 0);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 2);
	/* It is not for want of room. */
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
	wpt_open(hold->gate);
}

static struct kunit_case owner_cases[] = {
	KUNIT_CASE(owner_is_pinned),
	KUNIT_CASE(owner_is_pinned_twice),
	KUNIT_CASE(owner_of_the_pool),
	KUNIT_CASE(owner_of_a_function),
	KUNIT_CASE(owner_after_death),
	KUNIT_CASE(owner_going),
	KUNIT_CASE_PARAM(owner_going_when_full, full_gen_params),
	KUNIT_CASE(owner_of_unrun),
	KUNIT_CASE(owner_behind_others),
	KUNIT_CASE(owner_of_functions),
	KUNIT_CASE(owner_went),
	KUNIT_CASE(owner_going_in_caller),
	{}
};

static struct kunit_suite owner_suite = {
	.name = "wpool_owner",
	.init = owner_init,
	.exit = wpt_exit,
	.test_cases = owner_cases,
};

kunit_test_suite(owner_suite);
