// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that their submitters run, as the pool is full: what else is in flight there.
 */
#include <linux/kthread.h>
#include "actor.h"

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

static int call_nothing(struct actor *self)
{
	return 0;
}

/* Has its worker run another one, as there is no room for that. */
static int call_submit(struct actor *self)
{
	struct actor *other = self->other;

	return wpool_schedule(other->pool, &other->task);
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

static int die_in_run(void *arg)
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
	struct actor *blocks = actor(test, pool, actor_call_schedule, &job->task);
	struct actor *waits;
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));

	member->group = wpt_group(test, false);
	member->gate = wpt_gate(test);
	member->task = task;
	init_completion(&member->begun);
	wpool_task_init(task, die_in_run, member);
	waits = actor(test, pool, actor_call_group_wait, member->group);
	actor_start(test, waits);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(member->group, pool, &blocks->task), 0);
	actor_begun(test, blocks);
	wpt_thread(test, thread_submit_member, pool, NULL, member);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&member->begun, WPT_LIMIT), 0);
	actor_go_to_sleep(test, waits);
	actor_go_to_sleep(test, blocks);
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
	wpt_open(member->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, actor_end(test, blocks), -EDEADLK);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), -EOWNERDEAD);
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
	struct actor *waits = actor(test, pool, actor_call_group_wait, group);
	struct actor *blocks = actor(test, pool, actor_call_schedule, &fill[1].task);
	struct actor *runs = actor(test, pool, call_nothing, NULL);
	struct wpt_thread *caller;

	actor_start(test, waits);
	actor_start(test, blocks);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fill[0].task), 0);
	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	actor_begun(test, runs);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	KUNIT_ASSERT_TRUE(test, wpool_cancel(&fill[0].task));
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &runs->task), 0);
	actor_go_to_sleep(test, waits);
	actor_go_to_sleep(test, blocks);
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 1);
	wpt_open(runs->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, blocks), 0);
	KUNIT_EXPECT_EQ(test, runs->runs, 2);
}

/*
 * 81: a submitter waits for a group inside a task that it runs itself, and that is to run again in
 * that group: it is refused, as it would wait for itself
 */
static void caller_mix_group_joined(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 1, 1), *other = wpt_pool(test, NULL);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *hold = wpt_hold(test, pool, 1), *fill = wpt_jobs(test, 1, NULL);
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));
	struct actor *waits = actor(test, pool, actor_call_group_wait, group);
	struct wpt_thread *caller;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fill->task), 0);
	wpt_group_schedule(test, group, other, first, 1);
	caller = wpt_thread(test, thread_submit, pool, NULL, waits);
	actor_begun(test, waits);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	actor_go_to_sleep(test, waits);
	KUNIT_ASSERT_EQ(test, wpool_group_force_schedule(group, pool, &waits->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, waits->got, -EDEADLK);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &waits->task), 0);
	KUNIT_EXPECT_EQ(test, waits->runs, 2);
	wpt_open(first->gate);
	KUNIT_EXPECT_EQ(test, wpool_group_wait(group), 0);
}

/* The same that is taken back: then only workers are left, as in the first of these tests. */
static void caller_mix_group_again_cancelled(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 2, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *fill = wpt_jobs(test, 3, NULL);
	struct actor *waits = actor(test, pool, actor_call_group_wait, group);
	struct actor *blocks = actor(test, pool, actor_call_schedule, &fill[1].task);
	struct actor *runs = actor(test, pool, call_nothing, NULL);
	struct wpt_thread *caller;

	actor_start(test, waits);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &blocks->task), 0);
	actor_begun(test, blocks);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fill[0].task), 0);
	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	actor_begun(test, runs);
	KUNIT_ASSERT_TRUE(test, wpool_cancel(&fill[0].task));
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &runs->task), 0);
	actor_go_to_sleep(test, waits);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&runs->task));
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fill[2].task), 0);
	wpt_open(blocks->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, blocks), -EDEADLK);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), -ECANCELED);
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
	struct actor *blocks = actor(test, pool, actor_call_schedule, &job->task);
	struct actor *runs = actor(test, pool, call_again, again);
	struct wpt_gate *gates = wpt_alloc(test, 2 * sizeof(*gates));
	struct wpt_thread *caller;
	unsigned int i;

	for (i = 0; i < 2; i++)
		init_completion(&gates[i].opened);
	init_completion(again);
	runs->gate = gates;
	wpt_open(&gates[0]);
	hold = wpt_hold(test, pool, 1);
	actor_start(test, blocks);
	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(again, WPT_LIMIT), 0);
	wpt_open(hold->gate);
	wpt_wait(test, hold);
	actor_go_to_sleep(test, blocks);
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 1);
	wpt_open(&gates[1]);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, runs->runs, 2);
	KUNIT_EXPECT_EQ(test, actor_end(test, blocks), 0);
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
		inner[i] = actor(test, pool, actor_call_wait, NULL);
	for (i = 0; i < 2; i++) {
		inner[i]->other = &inner[!i]->task;
		outer[i] = actor(test, pool, call_submit, inner[i]);
		actor_start(test, outer[i]);
	}
	for (i = 0; i < 2; i++) {
		wpt_open(outer[i]->gate);
		actor_begun(test, inner[i]);
	}
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 2);
	for (i = 0; i < 2; i++)
		wpt_open(inner[i]->gate);
	for (i = 0; i < 2; i++)
		got[i] = actor_end(test, inner[i]);
	/* the younger one */
	KUNIT_EXPECT_EQ(test, got[0], 0);
	KUNIT_EXPECT_EQ(test, got[1], -EDEADLK);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, actor_end(test, outer[i]), 0);
}

/*
 * 16, 81, 82: one of the two runs the task of another pool, inside its own. It is not refused,
 * as the other's task may be one that its own has submitted.
 */
static void caller_mix_circle_by_way(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 2, WPOOL_QUEUE_HANDOFF);
	struct wpool *full = caller_pool(test, 1, WPOOL_QUEUE_HANDOFF);
	struct actor *inner = actor(test, full, actor_call_wait, NULL);
	struct actor *outer = actor(test, pool, call_submit, inner);
	struct actor *other = actor(test, pool, actor_call_wait, &outer->task);
	unsigned int i;

	inner->other = &other->task;
	/* there it is younger than all of them */
	for (i = 0; i < 4; i++)
		wpt_open(wpt_hold(test, full, 1)->gate);
	wpt_hold(test, full, 1);
	actor_start(test, outer);
	actor_start(test, other);
	wpt_open(outer->gate);
	actor_begun(test, inner);
	actor_go_to_sleep(test, other);
	wpt_open(inner->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, other), -EDEADLK);
	KUNIT_EXPECT_EQ(test, actor_end(test, inner), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, outer), 0);
}

static int call_flush(struct actor *self)
{
	return wpool_flush(self->other);
}

/* 81, 82: a thread inside tasks of two pools is inside the outer one's, too */
static void caller_mix_inside_both(struct kunit *test)
{
	struct wpool *pools[2];
	struct actor *inner, *outer;
	struct wpt_thread *caller;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		pools[i] = caller_pool(test, 1, WPOOL_QUEUE_HANDOFF);
		wpt_hold(test, pools[i], 1);
	}
	inner = actor(test, pools[1], call_flush, pools[0]);
	outer = actor(test, pools[0], call_submit, inner);
	wpt_open(inner->gate);
	wpt_open(outer->gate);
	caller = wpt_thread(test, thread_submit, pools[0], NULL, outer);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, inner), -EDEADLK);
}

/* 54, 58, 59, 82: the end of the pool waits for it, and then that may be opened again */
static void caller_mix_end(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 1, WPOOL_QUEUE_HANDOFF);
	struct actor *runs = actor(test, pool, call_nothing, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *caller, *drains;

	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	actor_begun(test, runs);
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
	struct actor *runs = actor(test, pool, call_nothing, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_thread *caller;

	caller = wpt_thread(test, thread_submit, pool, NULL, runs);
	actor_begun(test, runs);
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

/* Submits itself again inside its function, as it may be its own submitter, and is taken back. */
struct twice {
	struct wpt_job		*job;
	struct wpool		*pool;
	struct wpt_gate		*gate;
	struct completion	begun;
	struct task_struct	*by[2];
	unsigned int		runs;
	int			without, with;	/* room */
	bool			cancelled;
	atomic_t		*clock;
	int			turn;
};

static int run_twice(void *arg)
{
	struct twice *twice = arg;

	twice->by[twice->runs++ % 2] = current;
	twice->turn = atomic_inc_return(twice->clock);
	if (twice->runs != 1)
		return 0;
	twice->without = wpool_schedule(twice->pool, &twice->job->task);
	twice->cancelled = wpool_cancel(&twice->job->task);
	complete(&twice->begun);
	wait_for_completion(&twice->gate->opened);
	twice->with = wpool_schedule(twice->pool, &twice->job->task);
	return 0;
}

/* 71, 82: what is taken back, and comes again when there is room, has its place in the queue */
static void caller_mix_cancelled_again(struct kunit *test)
{
	struct wpool *pool = caller_pool(test, 1, 2);
	struct wpt_job *hold = wpt_hold(test, pool, 1), *fill = wpt_jobs(test, 2, NULL);
	struct wpt_job *before = wpt_jobs(test, 1, NULL);
	struct twice *twice = wpt_alloc(test, sizeof(*twice));
	struct wpt_thread *caller;

	twice->pool = pool;
	twice->gate = wpt_gate(test);
	twice->job = wpt_jobs(test, 1, NULL);
	twice->clock = wpt_alloc(test, sizeof(*twice->clock));
	before->clock = twice->clock;
	init_completion(&twice->begun);
	wpool_task_init(&twice->job->task, run_twice, twice);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, fill, 2), 0);
	caller = wpt_thread(test, wpt_call_schedule, pool, twice->job, NULL);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&twice->begun, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, twice->without, 0);
	KUNIT_EXPECT_TRUE(test, twice->cancelled);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &fill[1]), 0);
	hold = wpt_hold(test, pool, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &before->task), 0);
	wpt_open(twice->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, twice->with, 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &twice->job->task), 0);
	KUNIT_EXPECT_EQ(test, twice->runs, 2);
	KUNIT_EXPECT_PTR_NE(test, twice->by[1], twice->by[0]);
	KUNIT_EXPECT_GT(test, twice->turn, before->turn);
}

static struct kunit_case caller_mix_cases[] = {
	KUNIT_CASE(caller_mix_group_death),
	KUNIT_CASE(caller_mix_group_again),
	KUNIT_CASE(caller_mix_group_joined),
	KUNIT_CASE(caller_mix_group_again_cancelled),
	KUNIT_CASE(caller_mix_room_again),
	KUNIT_CASE(caller_mix_circle),
	KUNIT_CASE(caller_mix_circle_by_way),
	KUNIT_CASE(caller_mix_inside_both),
	KUNIT_CASE(caller_mix_end),
	KUNIT_CASE(caller_mix_not_counted),
	KUNIT_CASE(caller_mix_cancelled_again),
	{}
};

static struct kunit_suite caller_mix_suite = {
	.name = "wpool_caller_mix",
	.init = caller_mix_init,
	.exit = wpt_exit,
	.test_cases = caller_mix_cases,
};

kunit_test_suite(caller_mix_suite);
