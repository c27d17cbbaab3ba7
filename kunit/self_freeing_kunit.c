// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that free themselves in their function, and do not run beside themselves.
 */
#include <linux/kthread.h>
#include "release_scene.h"

static int self_init(struct kunit *test)
{
	return wpt_init(test, "wpool_self_freeing");
}

/* The memory of such a task, used by one object after another. */
struct self {
	union {
		struct wpool_release_task	ttask;
		struct wpool_delayed_task	dtask;
	};
	struct wpool		*pool;
	struct wpt_gate		*gate;		/* of the first run */
	struct completion	begun;
	atomic_t		runs, inside, most, ends;
	bool			dies;		/* the first run, at its gate */
	bool			again;		/* it submits itself */
	int			err;
	struct wpt_thread	*thread;	/* as that of an item */
};

static int self_run(void *arg)
{
	struct self *self = arg;
	int inside = atomic_inc_return(&self->inside);
	bool first = atomic_inc_return(&self->runs) == 1;

	if (inside > atomic_read(&self->most))
		atomic_set(&self->most, inside);
	complete_all(&self->begun);
	if (first && self->again)
		self->err = wpool_schedule(self->pool, &self->ttask.task);
	if (first && self->gate)
		wait_for_completion(&self->gate->opened);
	atomic_dec(&self->inside);
	if (first && self->dies && self->thread)
		complete_all(&self->thread->done);
	if (first && self->dies)
		kthread_complete_and_exit(NULL, 0);
	atomic_inc(&self->ends);
	return 0;
}

static int self_run_too(void *arg)
{
	return self_run(arg);
}

static void self_set_up(struct self *self, wpool_fn_t fn)
{
	wpool_release_task_init(&self->ttask, fn, self);
	wpool_task_set_detached(&self->ttask.task);
}

static struct self *self_new(struct kunit *test, struct wpool *pool)
{
	struct self *self = wpt_alloc(test, sizeof(*self));

	self->pool = pool;
	self->gate = wpt_gate(test);
	init_completion(&self->begun);
	self_set_up(self, self_run);
	return self;
}

/* Its first run is inside when this returns. */
static void self_start(struct kunit *test, struct self *self)
{
	KUNIT_ASSERT_EQ(test, wpool_schedule(self->pool, &self->ttask.task), 0);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&self->begun, WPT_LIMIT), 0);
}

/* The same for a delayed one. */
static void self_start_delayed(struct kunit *test, struct self *self)
{
	wpool_delayed_task_init(&self->dtask, self_run, self);
	wpool_task_set_detached(&self->dtask.task);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(self->pool, &self->dtask, 0), 0);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&self->begun, WPT_LIMIT), 0);
}

static struct wpool *pool_of(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
}

/* It has run so often, and never beside itself. */
static void self_expect(struct kunit *test, struct self *self, int runs)
{
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, self->pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&self->runs), runs);
	KUNIT_EXPECT_EQ(test, atomic_read(&self->most), min(runs, 1));
	KUNIT_EXPECT_EQ(test, atomic_read(&self->inside), 0);
}

/* A task of the pool that comes later does not wait for it. */
static void expect_others_run(struct kunit *test, struct wpool *pool)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* 94: submitted while it runs, with workers free: it waits for that run */
static void self_deferred(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));
	struct wpool_task *task = &self->ttask.task;

	self_start(test, self);
	KUNIT_EXPECT_EQ(test, wpool_wait(task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, task), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(task));
	KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, task), -EBUSY);
	WPT_EXPECT_STAT(test, self->pool, QUEUED, 1);
	expect_others_run(test, self->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&self->runs), 1);
	wpt_open(self->gate);
	self_expect(test, self, 2);
}

/* 94: the memory belongs to another object: it waits too, unless its function is another */
static void self_reused(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));

	self_start(test, self);
	self_set_up(self, self_run);
	KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, &self->ttask.task), 0);
	expect_others_run(test, self->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&self->runs), 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&self->ttask.task));
	self_set_up(self, self_run_too);
	KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, &self->ttask.task), 0);
	WPT_ASSERT_UNTIL(test, atomic_read(&self->ends) == 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&self->most), 2);
	wpt_open(self->gate);
}

/* 94: one that waits for its own run is taken back, and may be submitted again */
static void self_cancelled(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));
	struct wpool_task *task = &self->ttask.task;
	unsigned int i;

	self_start(test, self);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, task), 0);
		KUNIT_EXPECT_TRUE(test, wpool_cancel(task));
		KUNIT_EXPECT_FALSE(test, wpool_task_queued(task));
		KUNIT_EXPECT_FALSE(test, wpool_cancel(task));
	}
	KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, task), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel_sync(task));
	wpt_open(self->gate);
	self_expect(test, self, 1);
}

/* 94: in a group, which is cancelled, or ends when the second run has */
static void self_group(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));
	struct wpool_group *group = wpt_group(test, false);
	struct wpool_task *task = &self->ttask.task;

	self_start(test, self);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule(group, self->pool, task), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	wpool_group_init(group, 0);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule(group, self->pool, task), 0);
	wpt_open(self->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&self->ends), 2);
	self_expect(test, self, 2);
}

/* 94, 54: wpool_shutdown_now() takes it back, and does not hand it out */
static void self_shutdown_now(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));
	LIST_HEAD(unrun);

	self_start(test, self);
	KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, &self->ttask.task), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(self->pool, &unrun), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&self->ttask.task));
	wpt_open(self->gate);
	self_expect(test, self, 1);
}

/* 94: its run begins in no pool that is paused, and a pool that is shut down runs it */
static void self_paused(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));

	self_start(test, self);
	wpool_pause(self->pool);
	KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, &self->ttask.task), 0);
	wpt_open(self->gate);
	WPT_ASSERT_UNTIL(test, atomic_read(&self->ends) == 1);
	WPT_ASSERT_STAT(test, self->pool, RUNNING, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&self->runs), 1);
	wpool_shutdown(self->pool);
	self_expect(test, self, 2);
}

/* 94: the function kills its thread: the next run begins then */
static void self_died(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));

	self->dies = true;
	self_start(test, self);
	KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, &self->ttask.task), 0);
	wpt_open(self->gate);
	self_expect(test, self, 2);
	WPT_EXPECT_STAT(test, self->pool, OOPSED, 1);
}

/* 94: its run is asked to stop: the task that waits behind it may be another object's, and runs */
static void self_asked(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));

	self_start(test, self);
	KUNIT_EXPECT_EQ(test, wpool_schedule(self->pool, &self->ttask.task), 0);
	KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&self->ttask.task));
	wpt_open(self->gate);
	self_expect(test, self, 2);
}

/* 94: its delay ends while it runs */
static void self_delayed(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));

	self_start_delayed(test, self);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(self->pool, &self->dtask, 1), 0);
	WPT_ASSERT_STAT(test, self->pool, QUEUED, 1);
	expect_others_run(test, self->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&self->runs), 1);
	wpt_open(self->gate);
	self_expect(test, self, 2);
}

/* 94, 98: it waits for its run, and is put off; or is submitted for later, and brought forward */
static void self_put_off(struct kunit *test)
{
	struct self *self = self_new(test, pool_of(test, 4));

	self_start_delayed(test, self);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(self->pool, &self->dtask, 0), 0);
	WPT_ASSERT_STAT(test, self->pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(self->pool, &self->dtask, 1000 * HZ), 0);
	WPT_EXPECT_STAT(test, self->pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, self->pool, DELAYED, 1);
	wpt_open(self->gate);
	WPT_ASSERT_UNTIL(test, atomic_read(&self->ends) == 1);
	WPT_ASSERT_UNTIL(test, wpool_task_queued(&self->ttask.task));
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(self->pool, &self->dtask, 0), 0);
	WPT_ASSERT_UNTIL(test, atomic_read(&self->ends) == 2);
	self_expect(test, self, 2);
}

static int call_schedule_self(struct wpt_thread *thread)
{
	struct self *self = thread->arg;

	self->thread = thread;
	return wpool_schedule(thread->pool, &self->ttask.task);
}

static int call_schedule_too(struct wpt_thread *thread)
{
	struct self *self = thread->arg;

	return wpool_schedule(thread->pool, &self->ttask.task);
}

static const bool booleans[] = { false, true };

static void dies_name(const bool *dies, char *desc)
{
	strscpy(desc, *dies ? "dies" : "returns", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(dies, booleans, dies_name);

/* 25, 94: run by its submitter; submitted there, it needs no room, and others wait for some */
static void self_caller_runs(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct self *self = self_new(test, pool);
	struct wpt_thread *first, *second;

	self->again = true;
	self->dies = *(const bool *)test->param_value;
	first = wpt_thread(test, call_schedule_self, pool, NULL, self);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&self->begun, WPT_LIMIT), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, self->err, 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&self->ttask.task));
	second = wpt_thread(test, call_schedule_too, pool, NULL, self);
	WPT_ASSERT_UNTIL(test, wpt_asleep(second));
	KUNIT_EXPECT_EQ(test, atomic_read(&self->runs), 1);
	wpt_open(self->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, first), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, second), 0);
	self_expect(test, self, 2);
}

/* 13, 91, 94: with a release on the stack, or with a key, it is refused */
static void self_refused(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct self *self = self_new(test, pool);
	struct wpool_release_task on_stack;
	struct wpool_keyed_task *ktask = wpt_alloc(test, sizeof(*ktask));

	wpool_release_task_init(&on_stack, self_run, self);
	wpool_task_set_release(&on_stack, item_release);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &on_stack.task), -EINVAL);
	wpool_keyed_task_init(ktask, self_run, self);
	wpool_task_set_detached(&ktask->task);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, ktask, 1), -EINVAL);
	self_expect(test, self, 0);
}

static struct kunit_case self_cases[] = {
	KUNIT_CASE(self_deferred),
	KUNIT_CASE(self_reused),
	KUNIT_CASE(self_cancelled),
	KUNIT_CASE(self_group),
	KUNIT_CASE(self_shutdown_now),
	KUNIT_CASE(self_paused),
	KUNIT_CASE(self_died),
	KUNIT_CASE(self_asked),
	KUNIT_CASE(self_delayed),
	KUNIT_CASE(self_put_off),
	KUNIT_CASE_PARAM(self_caller_runs, dies_gen_params),
	KUNIT_CASE(self_refused),
	{}
};

static struct kunit_suite self_suite = {
	.name = "wpool_self_freeing",
	.init = self_init,
	.exit = wpt_exit,
	.test_cases = self_cases,
};

kunit_test_suite(self_suite);
