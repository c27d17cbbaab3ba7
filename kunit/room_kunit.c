// SPDX-License-Identifier: GPL-2.0
/*
 * Who comes while room is still being handed to those who wait for it: of many submitters
 * that are turned away, each hold of the lock tells some.
 */
#include <linux/cpumask.h>
#include <linux/preempt.h>
#include "halt.h"

/* Threads that submit one and the same task: more than are told in four holds. */
#define MANY	200

static int room_init(struct kunit *test)
{
	return wpt_init(test, "wpool_room");
}

/* A pool that is full; its worker, its queue, and those who wait for room. */
struct scene {
	struct wpool		*pool;
	struct wpt_job		*hold, *queued, *same, *last, *newcomer;
	struct wpt_thread	*many[MANY], *behind;
	const struct cpumask	*here;
};

/* It sleeps for room, and will run nowhere but where the test does. */
static struct wpt_thread *wait_for_room(struct kunit *test, struct scene *scene,
					struct wpt_job *job)
{
	struct wpt_thread *thread = wpt_thread(test, wpt_call_schedule, scene->pool, job, NULL);

	set_cpus_allowed_ptr(thread->kthread, scene->here);
	return thread;
}

/* @behind: does somebody wait behind those that are turned away? */
static struct scene *new_scene(struct kunit *test, bool behind)
{
	struct scene *scene = wpt_alloc(test, sizeof(*scene));
	unsigned int i;

	scene->here = cpumask_of(cpumask_first(cpu_online_mask));
	scene->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1, .queue_depth = 2 });
	scene->hold = wpt_hold(test, scene->pool, 1);
	scene->queued = wpt_jobs(test, 2, NULL);
	scene->same = wpt_jobs(test, 1, NULL);
	scene->last = wpt_jobs(test, 1, NULL);
	scene->newcomer = wpt_jobs(test, 1, NULL);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, scene->queued, 2), 0);
	for (i = 0; i < MANY; i++)
		scene->many[i] = wait_for_room(test, scene, scene->same);
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, MANY);
	if (behind)
		scene->behind = wait_for_room(test, scene, scene->last);
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, MANY + behind);
	for (i = 0; i < MANY; i++)
		WPT_ASSERT_UNTIL(test, wpt_asleep(scene->many[i]));
	return scene;
}

/*
 * Makes room for two, of whom the many are one, and submits one more task before anybody
 * else has the pool's lock. Return: what that gives.
 */
static int come_between(struct kunit *test, struct scene *scene)
{
	struct wpt_halt *halt = NULL;
	int ret;

	set_cpus_allowed_ptr(current, scene->here);
	if (num_online_cpus() > 1)
		halt = wpt_halt_manager(test);
	preempt_disable();
	wpool_cancel(&scene->queued[0].task);
	wpool_cancel(&scene->queued[1].task);
	ret = wpool_try_schedule(scene->pool, &scene->newcomer->task);
	preempt_enable();
	if (halt)
		wpt_go_on(halt);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	if (halt && halt->early)
		kunit_skip(test, "the manager was not kept from looking");
	return ret;
}

/* One of them has submitted it, and nobody else. */
static void expect_many_told(struct kunit *test, struct scene *scene)
{
	unsigned int i, accepted = 0, busy = 0;
	int ret;

	for (i = 0; i < MANY; i++) {
		ret = wpt_join(test, scene->many[i]);
		accepted += !ret;
		busy += ret == -EBUSY;
	}
	KUNIT_EXPECT_EQ(test, accepted, 1);
	KUNIT_EXPECT_EQ(test, busy, MANY - 1);
}

/* 18, 73: who waits behind many that are turned away has the room, not one who comes then */
static void room_behind_many(struct kunit *test)
{
	struct scene *scene = new_scene(test, true);

	KUNIT_EXPECT_EQ(test, come_between(test, scene), -EAGAIN);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&scene->last->task));
	expect_many_told(test, scene);
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, scene->behind), 0);
	wpool_drain(scene->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->last->runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->newcomer->runs), 0);
}

/* 17: room that nobody waits for is had at once, though many are still to be turned away */
static void room_after_many(struct kunit *test)
{
	struct scene *scene = new_scene(test, false);

	KUNIT_EXPECT_EQ(test, come_between(test, scene), 0);
	expect_many_told(test, scene);
	wpt_open(scene->hold->gate);
	wpool_drain(scene->pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->newcomer->runs), 1);
}

static struct kunit_case room_cases[] = {
	KUNIT_CASE(room_behind_many),
	KUNIT_CASE(room_after_many),
	{}
};

static struct kunit_suite room_suite = {
	.name = "wpool_room",
	.init = room_init,
	.exit = wpt_exit,
	.test_cases = room_cases,
};

kunit_test_suite(room_suite);
