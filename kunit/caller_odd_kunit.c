// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that their submitters run, as the pool is full: what lies on stacks, and submitters
 * and pools of a special kind.
 */
#include <linux/kthread.h>
#include "wpool_kunit.h"

static int caller_odd_init(struct kunit *test)
{
	return wpt_init(test, "wpool_caller_odd");
}

static struct wpool *caller_pool(struct kunit *test)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
}

/* A task that submits itself to a group, and takes that back; it may go with its stack. */
struct doubter {
	struct wpool_task	task;
	struct wpool_group	*group;
	bool			shutdown;
	bool			anew;		/* submits itself once more */
	unsigned int		runs;
	unsigned int		cancelled;
	int			err;
};

static int run_doubter(void *arg)
{
	struct doubter *self = arg;
	struct wpool *pool = wpool_current();

	if (self->runs++)
		return 0;
	self->err = wpool_group_schedule(self->group, pool, &self->task);
	self->cancelled = self->shutdown ? wpool_shutdown_now(pool, NULL) :
					   wpool_group_cancel(self->group);
	if (self->anew && !self->err)
		self->err = wpool_schedule(pool, &self->task);
	return 0;
}

static int doubt(struct wpool *pool, const struct doubter *how)
{
	struct doubter self = *how;
	int err;

	wpool_task_init(&self.task, run_doubter, &self);
	err = wpool_schedule(pool, &self.task);
	if (!err)
		err = wpool_wait(&self.task);
	if (err || self.err)
		return err ?: self.err;
	return self.runs == 1 + self.anew && self.cancelled == 1 ? 0 : -ERANGE;
}

static int doubt_in_worker(void *arg)
{
	return doubt(wpool_current(), arg);
}

static int doubt_in_thread(struct wpt_thread *self)
{
	return doubt(self->pool, self->arg);
}

/* 12, 53, 54, 82: a task on the stack of the thread that runs it, to be run again: taken back */
static void caller_odd_taken_back(struct kunit *test)
{
	struct doubter *how = wpt_alloc(test, sizeof(*how));
	unsigned int i;

	for (i = 0; i < 6; i++) {
		struct wpool *pool = caller_pool(test);
		struct wpt_job *hold;

		how->group = wpt_group(test, false);
		how->shutdown = i & 2;
		how->anew = i & 4;
		if (i & 1) {
			KUNIT_EXPECT_EQ(test, wpt_run(test, pool, doubt_in_worker, how), 0);
		} else {
			hold = wpt_hold(test, pool, 1);
			KUNIT_EXPECT_EQ(test, wpt_call(test, doubt_in_thread, pool, how), 0);
			wpt_open(hold->gate);
		}
		KUNIT_EXPECT_EQ(test, wpt_group_wait(test, how->group), -ECANCELED);
		WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
		WPT_EXPECT_STAT(test, pool, QUEUED, 0);
		wpt_destroy(test, pool);
	}
}

/* A group on the stack of a worker that dies, after a submitter runs a task of it. */
struct heir {
	struct wpool		*full;
	struct wpool_group	*group;
	struct completion	has_group;
	struct wpt_gate		*gate;
	struct wpt_job		*job;
};

static int die_with_group(void *arg)
{
	struct heir *heir = arg;
	struct wpool_group group;

	wpool_group_init(&group);
	heir->group = &group;
	complete_all(&heir->has_group);
	wait_for_completion(&heir->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static int call_inherit(struct wpt_thread *self)
{
	struct heir *heir = self->arg;

	return wpool_group_schedule(heir->group, heir->full, &heir->job->task);
}

/* 82: the group is gone, the task goes on, and ends in no group */
static void caller_odd_dead_group(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct heir *heir = wpt_alloc(test, sizeof(*heir));
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	struct wpt_job *hold;
	struct wpt_thread *caller;

	heir->full = caller_pool(test);
	heir->gate = wpt_gate(test);
	heir->job = wpt_jobs(test, 1, wpt_gate(test));
	init_completion(&heir->has_group);
	hold = wpt_hold(test, heir->full, 1);
	wpool_task_init(task, die_with_group, heir);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&heir->has_group, WPT_LIMIT), 0);
	caller = wpt_thread(test, call_inherit, NULL, NULL, heir);
	wpt_begun(test, heir->job);
	wpt_open(heir->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, heir->full, CALLER_RUNS, 1);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&heir->job->task));
	wpt_open(heir->job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, heir->job), 0);
	wpt_open(hold->gate);
}

/* What a worker submits before its first task. */
struct starter {
	struct wpool_task	task;
	struct wpt_gate		*full;
	bool			armed;
	int			err;
};

static int run_starter(void *arg)
{
	struct starter *starter = arg;

	return wpool_wait(&starter->task);
}

static void submit_at_start(struct wpool *pool)
{
	struct starter *starter = wpool_priv(pool);

	if (!READ_ONCE(starter->armed))
		return;
	wait_for_completion(&starter->full->opened);
	starter->err = wpool_schedule(pool, &starter->task);
}

static const struct wpool_ops starter_ops = { .worker_start = submit_at_start };

/* 76, 82: a worker that is in no task yet runs one as a submitter; it does not wait for itself */
static void caller_odd_hook(struct kunit *test)
{
	struct starter *starter = wpt_alloc(test, sizeof(*starter));
	struct wpt_job *hold;
	struct wpool *pool;

	wpool_task_init(&starter->task, run_starter, starter);
	starter->full = wpt_gate(test);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 1, .full = WPOOL_FULL_CALLER_RUNS,
		.flags = WPOOL_KEEP_IDLE, .ops = &starter_ops, .priv = starter,
	});
	hold = wpt_hold(test, pool, 1);
	WRITE_ONCE(starter->armed, true);
	/* two that wait, and a worker to be made for one of them */
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, wpt_jobs(test, 2, NULL), 2), 0);
	wpt_open(starter->full);
	WPT_ASSERT_STAT(test, pool, CALLER_RUNS, 1);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &starter->task), -EDEADLK);
	wpt_open(hold->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_EQ(test, starter->err, 0);
}

/* 61, 82: a pool that is needed to free memory takes none that it would have to wait for */
static void caller_odd_reclaim(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .min_workers = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.flags = WPOOL_MEM_RECLAIM, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *caller;

	caller = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_CALLER_RUNS) ||
			 wpt_stat(pool, WPOOL_STAT_BLOCKED));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

static struct kunit_case caller_odd_cases[] = {
	KUNIT_CASE(caller_odd_taken_back),
	KUNIT_CASE(caller_odd_dead_group),
	KUNIT_CASE(caller_odd_hook),
	KUNIT_CASE(caller_odd_reclaim),
	{}
};

static struct kunit_suite caller_odd_suite = {
	.name = "wpool_caller_odd",
	.init = caller_odd_init,
	.exit = wpt_exit,
	.test_cases = caller_odd_cases,
};

kunit_test_suite(caller_odd_suite);
