// SPDX-License-Identifier: GPL-2.0
/*
 * Ending it all at once: a group by wpool_group_cancel_sync(), a pool by wpool_destroy_now().
 */
#include <linux/delay.h>
#include "actor.h"

#define TASKS	8
#define RACES	300
#define NEVER	(10 * WPT_LIMIT)

static int end_now_init(struct kunit *test)
{
	return wpt_init(test, "wpool_end_now");
}

static int call_sleep(struct actor *self)
{
	return wpool_sleep(NEVER);
}

static struct wpool *pool_of(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
}

/* Tasks of the group that sleep until they are asked to stop. */
static struct actor **sleepers(struct kunit *test, struct wpool_group *group,
			       struct wpool *pool, unsigned int n)
{
	struct actor **all = wpt_alloc(test, n * sizeof(*all));
	unsigned int i;

	for (i = 0; i < n; i++) {
		all[i] = actor(test, pool, call_sleep, NULL);
		KUNIT_ASSERT_EQ(test, group ? wpool_group_schedule(group, pool, &all[i]->task) :
				wpool_schedule(pool, &all[i]->task), 0);
		actor_begun(test, all[i]);
		actor_go_to_sleep(test, all[i]);
	}
	return all;
}

static int call_cancel_sync(struct wpt_thread *self)
{
	return wpool_group_cancel_sync(self->arg);
}

static int cancel_sync(struct kunit *test, struct wpool_group *group)
{
	return wpt_call(test, call_cancel_sync, NULL, group);
}

/* 104: those that run are asked, in all pools; those that wait are taken back; others stay */
static void end_now_group(struct kunit *test)
{
	struct wpool *one = pool_of(test, TASKS), *two = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct actor **all = sleepers(test, group, one, TASKS - 1);
	struct actor **other = sleepers(test, group, two, 1);
	struct actor **stranger = sleepers(test, NULL, one, 1);
	struct wpt_job *queued = wpt_jobs(test, TASKS, NULL), *later = wpt_jobs(test, 1, NULL);
	unsigned int i;

	wpt_group_schedule(test, group, two, queued, TASKS);
	KUNIT_ASSERT_EQ(test, wpool_schedule(two, &later->task), 0);
	KUNIT_EXPECT_EQ(test, cancel_sync(test, group), 0);
	for (i = 0; i < TASKS; i++) {
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &queued[i]), -ECANCELED);
		KUNIT_EXPECT_EQ(test, atomic_read(&queued[i].runs), 0);
	}
	for (i = 0; i < TASKS - 1; i++) {
		KUNIT_EXPECT_FALSE(test, wpool_task_running(&all[i]->task));
		KUNIT_EXPECT_EQ(test, all[i]->got, -ECANCELED);
	}
	KUNIT_EXPECT_EQ(test, other[0]->got, -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, later), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&stranger[0]->task));
	KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&stranger[0]->task));
	KUNIT_EXPECT_EQ(test, actor_end(test, stranger[0]), -ECANCELED);
}

static int call_should_stop(struct actor *self)
{
	return wpool_should_stop();
}

/* 104: what the group gets afterwards is not asked to stop */
static void end_now_afterwards(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct actor *next = actor(test, pool, call_should_stop, NULL);

	sleepers(test, group, pool, 1);
	KUNIT_EXPECT_EQ(test, cancel_sync(test, group), 0);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &next->task), 0);
	actor_begun(test, next);
	wpt_open(next->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, next), 0);
}

/* 104: an empty group, and none */
static void end_now_nothing(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, wpool_group_cancel_sync(wpt_group(test, false)), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel_sync(NULL), -EINVAL);
}

static int call_own(struct actor *self)
{
	return wpool_group_cancel_sync(self->other);
}

/* 104: inside a task of the group it is refused, and nothing is taken back */
static void end_now_own_group(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct actor *self = actor(test, pool, call_own, group);
	struct wpt_job *behind = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &self->task), 0);
	wpt_group_schedule(test, group, pool, behind, 1);
	wpt_open(self->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, self), -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, behind), 0);
}

/* 104: the only worker there may be takes them back; it runs none of them */
static void end_now_by_worker(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct actor *self = actor(test, pool, call_own, group);
	struct wpt_job *queued = wpt_jobs(test, TASKS, NULL);
	unsigned int i;

	actor_start(test, self);
	wpt_group_schedule(test, group, pool, queued, TASKS);
	wpt_open(self->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, self), 0);
	for (i = 0; i < TASKS; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&queued[i].runs), 0);
}

static int schedule_last(void *arg)
{
	struct actor *last = arg;

	wpool_sleep(NEVER);
	return wpool_group_schedule(last->other, last->pool, &last->task);
}

static int call_nothing(struct actor *self)
{
	return 0;
}

/* 104: a task that joins as its group is ended does not keep the worker that ends it */
static void end_now_joined(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1), *other = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct actor *self = actor(test, pool, call_own, group);
	struct actor *last = actor(test, pool, call_nothing, group);
	struct wpool_task *adds = wpt_alloc(test, sizeof(*adds));

	wpool_task_init(adds, schedule_last, last);
	wpt_open(last->gate);
	actor_start(test, self);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, other, adds), 0);
	WPT_ASSERT_STAT(test, other, RUNNING, 1);
	wpt_open(self->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, self), 0);
	KUNIT_EXPECT_EQ(test, last->runs, 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &last->task), -ECANCELED);
}

/* 104: nor does one that joins between its look at the queue and its sleep */
static void end_now_races(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1), *other = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *busy, *last;
	struct actor *self;
	unsigned int i;

	for (i = 0; i < RACES; i++) {
		self = actor(test, pool, call_own, group);
		last = wpt_jobs(test, 1, NULL);
		busy = wpt_jobs(test, 1, wpt_gate(test));
		wpt_group_schedule(test, group, other, busy, 1);
		actor_start(test, self);
		wpt_open(self->gate);
		udelay(i % 50);
		wpt_group_schedule(test, group, pool, last, 1);
		wpt_open(busy->gate);
		KUNIT_ASSERT_GE(test, actor_end(test, self), 0);
		KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&last->task, WPT_LIMIT, NULL), 0);
	}
}

static int submit_to_full(void *arg)
{
	struct actor *sleeps = arg;

	return wpool_group_schedule(sleeps->other, sleeps->pool, &sleeps->task);
}

static int call_submit_to_full(struct wpt_thread *self)
{
	return submit_to_full(self->arg);
}

/* 104: a task that its submitter runs is asked, too */
static void end_now_in_caller(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct actor *sleeps = actor(test, pool, call_sleep, group);
	struct wpt_thread *caller;

	caller = wpt_thread(test, call_submit_to_full, pool, NULL, sleeps);
	actor_begun(test, sleeps);
	actor_go_to_sleep(test, sleeps);
	KUNIT_EXPECT_EQ(test, cancel_sync(test, group), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, sleeps->got, -ECANCELED);
	wpt_open(hold->gate);
}

/* 104: one that its submitter begins while the call sleeps does not wake it, and is asked */
static void end_now_begins_late(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpool *other = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *hold = wpt_hold(test, pool, 1), *busy = wpt_jobs(test, 1, wpt_gate(test));
	struct actor *sleeps = actor(test, pool, call_sleep, group);
	struct wpt_thread *canceller, *caller;

	wpt_group_schedule(test, group, other, busy, 1);
	wpt_begun(test, busy);
	canceller = wpt_thread(test, call_cancel_sync, NULL, NULL, group);
	WPT_ASSERT_UNTIL(test, wpt_asleep(canceller));
	wpt_open(sleeps->gate);
	caller = wpt_thread(test, call_submit_to_full, pool, NULL, sleeps);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, sleeps->got, -ECANCELED);
	wpt_open(busy->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, canceller), 0);
	wpt_open(hold->gate);
}

static int call_destroy_now(struct wpt_thread *self)
{
	return wpool_destroy_now(self->pool);
}

/* 105: queued tasks are taken back, and running ones are asked */
static void end_now_pool(struct kunit *test)
{
	struct wpool *pool = pool_of(test, TASKS);
	struct actor **all = sleepers(test, NULL, pool, TASKS);
	struct wpt_job *queued = wpt_jobs(test, TASKS, NULL);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, queued, TASKS), 0);
	wpt_forget(test, pool);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_destroy_now, pool, NULL), 0);
	for (i = 0; i < TASKS; i++) {
		KUNIT_EXPECT_EQ(test, all[i]->got, -ECANCELED);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &queued[i]), -ECANCELED);
		KUNIT_EXPECT_EQ(test, atomic_read(&queued[i].runs), 0);
	}
}

static int call_destroy_own(struct actor *self)
{
	return wpool_destroy_now(self->pool);
}

/* 105: also of a pool whose destruction another thread waits for already */
static void end_now_hurries(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct actor **all = sleepers(test, NULL, pool, 1);
	struct wpt_thread *first;

	wpool_get(pool);
	wpt_forget(test, pool);
	first = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(pool) == WPOOL_STATE_SHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_destroy_now, pool, NULL), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpt_join(test, first), 0);
	KUNIT_EXPECT_EQ(test, all[0]->got, -ECANCELED);
	wpool_put(pool);
}

/* 105: what is refused is refused before anything is shut down */
static void end_now_pool_refused(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct actor *own = actor(test, pool, call_destroy_own, NULL);

	KUNIT_EXPECT_EQ(test, wpool_destroy_now(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_destroy_now(wpool_default()), -EINVAL);
	/* As if called from another module. */
	KUNIT_EXPECT_EQ(test, __wpool_destroy_now(pool, &wpt_other_module), -EPERM);
	actor_start(test, own);
	wpt_open(own->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, own), -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
}

static struct kunit_case end_now_cases[] = {
	KUNIT_CASE(end_now_group),
	KUNIT_CASE(end_now_afterwards),
	KUNIT_CASE(end_now_nothing),
	KUNIT_CASE(end_now_own_group),
	KUNIT_CASE(end_now_by_worker),
	KUNIT_CASE(end_now_joined),
	KUNIT_CASE(end_now_races),
	KUNIT_CASE(end_now_in_caller),
	KUNIT_CASE(end_now_begins_late),
	KUNIT_CASE(end_now_pool),
	KUNIT_CASE(end_now_hurries),
	KUNIT_CASE(end_now_pool_refused),
	{}
};

static struct kunit_suite end_now_suite = {
	.name = "wpool_end_now",
	.init = end_now_init,
	.exit = wpt_exit,
	.test_cases = end_now_cases,
};

kunit_test_suite(end_now_suite);
