// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that their submitters run, as the pool is full: what else is in flight there.
 */
#include <linux/kthread.h>
#include "wpool_kunit.h"

static int caller_mix_init(struct kunit *test)
{
	return wpt_init(test, "wpool_caller_mix");
}

static struct wpool *caller_pool(struct kunit *test, unsigned int capacity, int depth)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .queue_depth = depth, .flags = WPOOL_KEEP_IDLE,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
}

/* A task that makes one call when its gate is opened, and tells what it gave. */
struct actor {
	struct wpool_task	task;
	struct wpool		*pool;
	int			(*call)(struct actor *self);
	void			*other;		/* what the call is about */
	struct wpt_gate		*gate;
	struct completion	begun;
	struct task_struct	*thread;
	unsigned int		runs;
	bool			calling;
	int			got;
};

static int act(void *arg)
{
	struct actor *self = arg;

	if (self->runs++)
		return 0;
	self->thread = current;
	complete_all(&self->begun);
	wait_for_completion(&self->gate->opened);
	WRITE_ONCE(self->calling, true);
	self->got = self->call(self);
	return self->got;
}

static struct actor *new_actor(struct kunit *test, struct wpool *pool,
			       int (*call)(struct actor *), void *other)
{
	struct actor *actor = wpt_alloc(test, sizeof(*actor));

	actor->pool = pool;
	actor->call = call;
	actor->other = other;
	actor->gate = wpt_gate(test);
	actor->got = -ENODATA;
	init_completion(&actor->begun);
	wpool_task_init(&actor->task, act, actor);
	return actor;
}

static void begun(struct kunit *test, struct actor *actor)
{
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&actor->begun, WPT_LIMIT), 0);
}

static void start(struct kunit *test, struct actor *actor)
{
	KUNIT_ASSERT_EQ(test, wpool_schedule(actor->pool, &actor->task), 0);
	begun(test, actor);
}

static bool sleeps(struct actor *actor)
{
	struct task_struct *thread = READ_ONCE(actor->thread);

	return READ_ONCE(actor->calling) &&
	       READ_ONCE(thread->__state) & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE);
}

/* Has it make its call, and waits until that sleeps. */
static void go_to_sleep(struct kunit *test, struct actor *actor)
{
	wpt_open(actor->gate);
	WPT_ASSERT_UNTIL(test, sleeps(actor));
}

static int end(struct kunit *test, struct actor *actor)
{
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&actor->task, WPT_LIMIT, NULL), 0);
	return actor->got;
}

static int call_nothing(struct actor *self)
{
	return 0;
}

static int call_group_wait(struct actor *self)
{
	return wpool_group_wait(self->other);
}

static int call_wait(struct actor *self)
{
	return wpool_wait(self->other);
}

/* Whatever the policy is, it waits for room. */
static int call_block(struct actor *self)
{
	return wpool_schedule_timeout(self->pool, self->other, MAX_SCHEDULE_TIMEOUT);
}

/* Has its worker run another one, as there is no room for that. */
static int call_submit(struct actor *self)
{
	struct actor *other = self->other;

	return wpool_schedule(self->pool, &other->task);
}

/* By a thread that is no worker; to the group that is given. */
static int thread_submit(struct wpt_thread *self)
{
	struct actor *actor = self->arg;

	return wpool_schedule(self->pool, &actor->task);
}

struct member {
	struct wpool_group	*group;
	struct wpool_task	*task;
	struct wpt_thread	*thread;	/* that the task takes down, or NULL */
	struct wpt_gate		*gate;
	struct completion	begun;
};

static int thread_submit_member(struct wpt_thread *self)
{
	struct member *member = self->arg;

	member->thread = self;
	return wpool_group_schedule(member->group, self->pool, member->task);
}

static int die(void *arg)
{
	struct member *member = arg;

	complete_all(&member->begun);
	wait_for_completion(&member->gate->opened);
	complete_all(&member->thread->done);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/*
 * 81, 82: a worker waits for a group of which a submitter runs a task, and dies. From
 * then on only workers can end the wait: one that finds no room is refused, and all end.
 */
static void caller_mix_group_death(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 2, WPOOL_QUEUE_HANDOFF);
	struct member *member = wpt_alloc(test, sizeof(*member));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct actor *blocks = new_actor(test, pool, call_block, &job->task);
	struct actor *waits;
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));

	member->group = wpt_group(test, false);
	member->gate = wpt_gate(test);
	member->task = task;
	init_completion(&member->begun);
	wpool_task_init(task, die, member);
	waits = new_actor(test, pool, call_group_wait, member->group);
	start(test, waits);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(member->group, pool, &blocks->task), 0);
	begun(test, blocks);
	wpt_thread(test, thread_submit_member, pool, NULL, member);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&member->begun, WPT_LIMIT), 0);
	go_to_sleep(test, waits);
	go_to_sleep(test, blocks);
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
	wpt_open(member->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, end(test, blocks), -EDEADLK);
	KUNIT_EXPECT_EQ(test, end(test, waits), -EOWNERDEAD);
}

/*
 * 81, 82: a worker waits for a group of which a task is to run again after a run in its
 * submitter. That comes by itself: nobody is refused.
 */
static void caller_mix_group_again(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 2, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *fill = wpt_jobs(test, 2, NULL);
	struct actor *waits = new_actor(test, pool, call_group_wait, group);
	struct actor *blocks = new_actor(test, pool, call_block, &fill[1].task);
	struct actor *runs = new_actor(test, pool, call_nothing, NULL);
	struct wpt_thread *caller;

	start(test, waits);
	start(test, blocks);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fill[0].task), 0);
	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	begun(test, runs);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	KUNIT_ASSERT_TRUE(test, wpool_cancel(&fill[0].task));
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &runs->task), 0);
	go_to_sleep(test, waits);
	go_to_sleep(test, blocks);
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 1);
	wpt_open(runs->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, end(test, waits), 0);
	KUNIT_EXPECT_EQ(test, end(test, blocks), 0);
	KUNIT_EXPECT_EQ(test, runs->runs, 2);
}

/* The same that is taken back: then only workers are left, as in the first of these tests. */
static void caller_mix_group_again_cancelled(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 2, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *fill = wpt_jobs(test, 3, NULL);
	struct actor *waits = new_actor(test, pool, call_group_wait, group);
	struct actor *blocks = new_actor(test, pool, call_block, &fill[1].task);
	struct actor *runs = new_actor(test, pool, call_nothing, NULL);
	struct wpt_thread *caller;

	start(test, waits);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &blocks->task), 0);
	begun(test, blocks);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fill[0].task), 0);
	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	begun(test, runs);
	KUNIT_ASSERT_TRUE(test, wpool_cancel(&fill[0].task));
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &runs->task), 0);
	go_to_sleep(test, waits);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&runs->task));
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fill[2].task), 0);
	wpt_open(blocks->gate);
	KUNIT_EXPECT_EQ(test, end(test, blocks), -EDEADLK);
	KUNIT_EXPECT_EQ(test, end(test, waits), -ECANCELED);
	wpt_open(runs->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, runs->runs, 1);
}

static int call_again(struct actor *self)
{
	int err = wpool_schedule(self->pool, &self->task);

	complete_all(self->other);
	wait_for_completion(&self->gate[1].opened);
	return err;
}

/*
 * 81, 82: what waits is to run after its run in a submitter, and a worker waits for room: that
 * comes when the submitter has.
 */
static void caller_mix_room_again(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 2, WPOOL_QUEUE_HANDOFF);
	struct completion *again = wpt_alloc(test, sizeof(*again));
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct actor *blocks = new_actor(test, pool, call_block, &job->task);
	struct actor *runs = new_actor(test, pool, call_again, again);
	struct wpt_gate *gates = wpt_alloc(test, 2 * sizeof(*gates));
	struct wpt_thread *caller;
	unsigned int i;

	for (i = 0; i < 2; i++)
		init_completion(&gates[i].opened);
	init_completion(again);
	runs->gate = gates;
	wpt_open(&gates[0]);
	hold = wpt_hold(test, pool, 1);
	start(test, blocks);
	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(again, WPT_LIMIT), 0);
	wpt_open(hold->gate);
	wpt_wait(test, hold);
	go_to_sleep(test, blocks);
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 1);
	wpt_open(&gates[1]);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, runs->runs, 2);
	KUNIT_EXPECT_EQ(test, end(test, blocks), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* 16, 81, 82: two workers wait for what the other runs as its submitter: one is refused */
static void caller_mix_circle(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 2, WPOOL_QUEUE_HANDOFF);
	struct actor *inner[2], *outer[2];
	unsigned int i;
	int got[2];

	for (i = 0; i < 2; i++)
		inner[i] = new_actor(test, pool, call_wait, NULL);
	for (i = 0; i < 2; i++) {
		inner[i]->other = &inner[!i]->task;
		outer[i] = new_actor(test, pool, call_submit, inner[i]);
		start(test, outer[i]);
	}
	for (i = 0; i < 2; i++) {
		wpt_open(outer[i]->gate);
		begun(test, inner[i]);
	}
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 2);
	for (i = 0; i < 2; i++)
		wpt_open(inner[i]->gate);
	for (i = 0; i < 2; i++)
		got[i] = end(test, inner[i]);
	/* the younger one, and what that returned */
	KUNIT_EXPECT_EQ(test, got[0], -EDEADLK);
	KUNIT_EXPECT_EQ(test, got[1], -EDEADLK);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, end(test, outer[i]), 0);
}

/* 54, 58, 59, 82: the end of the pool waits for it, and then that may be opened again */
static void caller_mix_end(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 1, WPOOL_QUEUE_HANDOFF);
	struct actor *runs = new_actor(test, pool, call_nothing, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *caller, *drains;

	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	begun(test, runs);
	drains = wpt_thread(test, wpt_call_drain, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(drains));
	wpool_shutdown(pool);
	wpt_open(hold->gate);
	WPT_ASSERT_STAT(test, pool, WORKERS, 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 1), -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, wpt_asleep(drains));
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), -EBUSY);
	wpt_open(runs->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drains), 0);
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* 28, 82: a pause, a resize and a wait for workers know nothing of it */
static void caller_mix_not_counted(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 2, WPOOL_QUEUE_HANDOFF);
	struct actor *runs = new_actor(test, pool, call_nothing, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_thread *caller;

	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	begun(test, runs);
	WPT_EXPECT_STAT(test, pool, RUNNING, 2);
	KUNIT_EXPECT_EQ(test, wpool_resize(pool, 1), 0);
	wpt_open(hold->gate);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	WPT_ASSERT_STAT(test, pool, RUNNING, 0);
	KUNIT_EXPECT_EQ(test, wpool_resize(pool, 3), 0);
	KUNIT_EXPECT_EQ(test, wpool_prestart(pool, 2), 2);
	wpool_pause(pool);
	wpt_open(runs->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 3);
	WPT_EXPECT_STAT(test, pool, LARGEST, 3);
	wpool_resume(pool);
}

static struct kunit_case caller_mix_cases[] = {
	KUNIT_CASE(caller_mix_group_death),
	KUNIT_CASE(caller_mix_group_again),
	KUNIT_CASE(caller_mix_group_again_cancelled),
	KUNIT_CASE(caller_mix_room_again),
	KUNIT_CASE(caller_mix_circle),
	KUNIT_CASE(caller_mix_end),
	KUNIT_CASE(caller_mix_not_counted),
	{}
};

static struct kunit_suite caller_mix_suite = {
	.name = "wpool_caller_mix",
	.init = caller_mix_init,
	.exit = wpt_exit,
	.test_cases = caller_mix_cases,
};

kunit_test_suite(caller_mix_suite);
