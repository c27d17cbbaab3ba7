// SPDX-License-Identifier: GPL-2.0
/*
 * A submitter comes while room is still being handed to those who wait for it: of many submitters
 * that are turned away, each hold of the lock tells some.
 */
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include "halt.h"

/* Threads that submit one and the same task: more than four holds refuse. */
#define MANY	200

static int room_init(struct kunit *test)
{
	return wpt_init(test, "wpool_room");
}

/*
 * A pool that is full, its queue, and those who wait for room. They will run nowhere but on
 * the last of the CPUs, its workers and the test on the first.
 */
struct scene {
	const struct cpumask	*here, *there;
	struct wpool		*pool;
	struct wpt_job		*queued, *same, *last, *newcomer;
	struct wpt_thread	*many[MANY];
	struct wpt_halt		*halt;
};

static struct wpt_thread *wait_for_room(struct kunit *test, struct scene *scene,
					struct wpt_job *job)
{
	struct wpt_thread *thread = wpt_thread(test, wpt_call_schedule, scene->pool, job, NULL);

	set_cpus_allowed_ptr(thread->kthread, scene->there);
	return thread;
}

static struct scene *new_scene(struct kunit *test, unsigned int capacity)
{
	struct scene *scene = wpt_alloc(test, sizeof(*scene));

	scene->here = cpumask_of(cpumask_first(cpu_online_mask));
	scene->there = cpumask_of(cpumask_last(cpu_online_mask));
	scene->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .queue_depth = 2, .cpumask = scene->here,
	});
	scene->queued = wpt_jobs(test, 2, NULL);
	scene->same = wpt_jobs(test, 1, NULL);
	scene->last = wpt_jobs(test, 1, NULL);
	scene->newcomer = wpt_jobs(test, 1, NULL);
	return scene;
}

/* Its workers are at work; when it returns the many wait for room. */
static void fill(struct kunit *test, struct scene *scene)
{
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, scene->queued, 2), 0);
	for (i = 0; i < MANY; i++)
		scene->many[i] = wait_for_room(test, scene, scene->same);
	for (i = 0; i < MANY; i++)
		WPT_ASSERT_UNTIL(test, wpt_asleep(scene->many[i]));
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, MANY);
}

/*
 * Makes room for two; the many count as one. Until go_on() neither they nor the manager
 * do anything; with one CPU, until the test sleeps: preemption is off.
 */
static void make_room(struct kunit *test, struct scene *scene)
{
	set_cpus_allowed_ptr(current, scene->here);
	if (num_online_cpus() > 1)
		scene->halt = wpt_halt_manager(test);
	preempt_disable();
	wpool_cancel(&scene->queued[0].task);
	wpool_cancel(&scene->queued[1].task);
}

static void go_on(struct kunit *test, struct scene *scene)
{
	if (scene->halt)
		wpt_go_on(scene->halt);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	if (scene->halt && scene->halt->early)
		kunit_skip(test, "the manager was not kept from looking");
}

/* Submits one more task before anybody else has the pool's lock. Return: what that gives. */
static int come_between(struct kunit *test, struct scene *scene)
{
	int ret;

	make_room(test, scene);
	ret = wpool_try_schedule(scene->pool, &scene->newcomer->task);
	preempt_enable();
	go_on(test, scene);
	return ret;
}

/* Return: how many of them have submitted it; the others came too late. */
static unsigned int many_accepted(struct kunit *test, struct scene *scene)
{
	unsigned int i, accepted = 0, busy = 0;
	int ret;

	for (i = 0; i < MANY; i++) {
		ret = wpt_join(test, scene->many[i]);
		accepted += !ret;
		busy += ret == -EBUSY;
	}
	KUNIT_EXPECT_EQ(test, accepted + busy, MANY);
	return accepted;
}

/* 18, 73: a waiter behind many that are refused gets the room, not a newcomer */
static void room_behind_many(struct kunit *test)
{
	struct scene *scene = new_scene(test, 1);
	struct wpt_job *hold = wpt_hold(test, scene->pool, 1);
	struct wpt_thread *behind;

	fill(test, scene);
	behind = wait_for_room(test, scene, scene->last);
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, MANY + 1);
	KUNIT_EXPECT_EQ(test, come_between(test, scene), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&scene->last->task));
	KUNIT_EXPECT_EQ(test, many_accepted(test, scene), 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, behind), 0);
	wpool_drain(scene->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->last->runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->newcomer->runs), 0);
}

/* 17: room that nobody waits for is had at once, though many are still to be turned away */
static void room_after_many(struct kunit *test)
{
	struct scene *scene = new_scene(test, 1);
	struct wpt_job *hold = wpt_hold(test, scene->pool, 1);

	fill(test, scene);
	KUNIT_EXPECT_EQ(test, come_between(test, scene), 0);
	KUNIT_EXPECT_EQ(test, many_accepted(test, scene), 1);
	wpt_open(hold->gate);
	wpool_drain(scene->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->newcomer->runs), 1);
}

/* A task that makes a call on its own pool when it is told to. */
struct member {
	struct wpool_task	task;
	struct wpt_gate		*gate;
	struct wpool		*pool;
	struct wpool_task	*what;
	struct task_struct	*worker;
	bool			calling;
};

static int run_member(struct member *self, int (*call)(struct member *))
{
	WRITE_ONCE(self->worker, current);
	wait_for_completion(&self->gate->opened);
	WRITE_ONCE(self->calling, true);
	return call(self);
}

static int call_schedule(struct member *self)
{
	return wpool_schedule(self->pool, self->what);
}

static int call_wait(struct member *self)
{
	return wpool_wait(self->what);
}

static int submit_one_more(void *arg)
{
	return run_member(arg, call_schedule);
}

static int wait_for_it(void *arg)
{
	return run_member(arg, call_wait);
}

static struct member *new_member(struct kunit *test, struct scene *scene, wpool_fn_t fn,
				 struct wpool_task *what)
{
	struct member *member = wpt_alloc(test, sizeof(*member));

	member->gate = wpt_gate(test);
	member->pool = scene->pool;
	member->what = what;
	wpool_task_init(&member->task, fn, member);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &member->task), 0);
	WPT_ASSERT_UNTIL(test, READ_ONCE(member->worker));
	return member;
}

static bool member_sleeps(struct member *member)
{
	return READ_ONCE(member->calling) &&
	       READ_ONCE(member->worker->__state) & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE);
}

/* 18, 81: a worker for which there is room is not refused it, though all are asleep */
static void room_for_worker(struct kunit *test)
{
	struct scene *scene = new_scene(test, 2);
	struct member *submits, *waits;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	submits = new_member(test, scene, submit_one_more, &scene->last->task);
	waits = new_member(test, scene, wait_for_it, &submits->task);
	fill(test, scene);
	wpt_open(submits->gate);
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, MANY + 1);
	make_room(test, scene);
	preempt_enable();
	wpt_open(waits->gate);
	wpt_busy_until(member_sleeps(waits) || !wpool_task_running(&waits->task));
	go_on(test, scene);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &submits->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &waits->task), 0);
	/* Some may be refused only when it has run. */
	KUNIT_EXPECT_GE(test, many_accepted(test, scene), 1);
	wpool_drain(scene->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->last->runs), 1);
}

static struct kunit_case room_cases[] = {
	KUNIT_CASE(room_behind_many),
	KUNIT_CASE(room_after_many),
	KUNIT_CASE(room_for_worker),
	{}
};

static struct kunit_suite room_suite = {
	.name = "wpool_room",
	.init = room_init,
	.exit = wpt_exit,
	.test_cases = room_cases,
};

kunit_test_suite(room_suite);
