// SPDX-License-Identifier: GPL-2.0
/*
 * A thread waits for a group while a submitter waits for room for a task of it: perhaps only
 * those who wait can make the room.
 */
#include "actor.h"

#define ROUNDS	50

static int awaited_room_init(struct kunit *test)
{
	return wpt_init(test, "wpool_awaited_room");
}

/* A pool with one task in its queue, which is full; its workers wait for the group. */
struct scene {
	struct wpool		*pool;
	struct wpool_group	*group;
	struct actor		*waits;
	struct wpt_job		*queued, *more;
};

static struct scene *new_scene(struct kunit *test, unsigned int capacity)
{
	struct scene *scene = wpt_alloc(test, sizeof(*scene));

	scene->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .queue_depth = 1,
	});
	scene->group = wpt_group(test, false);
	scene->waits = actor(test, scene->pool, actor_call_group_wait, scene->group);
	scene->queued = wpt_jobs(test, 1, NULL);
	scene->more = wpt_jobs(test, 1, NULL);
	actor_start(test, scene->waits);
	return scene;
}

static void fill(struct kunit *test, struct scene *scene)
{
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &scene->queued->task), 0);
}

static int call_group_schedule(struct wpt_thread *self)
{
	return wpool_group_schedule(self->arg, self->pool, &self->job->task);
}

/* It may not have blocked yet when it returns. */
static struct wpt_thread *submit_more(struct kunit *test, struct scene *scene)
{
	return wpt_thread(test, call_group_schedule, scene->pool, scene->more, scene->group);
}

static struct wpt_thread *block(struct kunit *test, struct scene *scene)
{
	struct wpt_thread *thread = submit_more(test, scene);

	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, 1);
	return thread;
}

/* The worker returns and makes room, so the submitter returns; all have run. */
static void expect_end(struct kunit *test, struct scene *scene, struct wpt_thread *thread)
{
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&scene->waits->task, WPT_LIMIT, NULL), 0);
	wpool_cancel(&scene->queued->task);	/* so that the test ends, whatever happens */
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, scene->waits), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->more->runs), 1);
}

/* 81: the only worker that there may be waits for the group of which a task is to get room */
static void awaited_room_of_group(struct kunit *test)
{
	struct scene *scene = new_scene(test, 1);
	struct wpt_thread *thread;

	fill(test, scene);
	thread = block(test, scene);
	wpt_open(scene->waits->gate);
	expect_end(test, scene, thread);
}

/* 81: or begins to wait as that task is about to wait for room */
static void awaited_room_races(struct kunit *test)
{
	struct wpt_thread *thread;
	struct scene *scene;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		scene = new_scene(test, 1);
		fill(test, scene);
		thread = submit_more(test, scene);
		wpt_open(scene->waits->gate);
		expect_end(test, scene, thread);
	}
}

static int actor_call_group_schedule(struct actor *self)
{
	struct scene *scene = self->other;

	return wpool_group_schedule(scene->group, scene->pool, &scene->more->task);
}

/* 81: or another worker submits it: neither is refused */
static void awaited_room_by_worker(struct kunit *test)
{
	struct actor *submits;
	struct scene *scene;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		scene = new_scene(test, 2);
		submits = actor(test, scene->pool, actor_call_group_schedule, scene);
		actor_start(test, submits);
		fill(test, scene);
		wpt_open(i % 2 ? submits->gate : scene->waits->gate);
		wpt_open(i % 2 ? scene->waits->gate : submits->gate);
		KUNIT_EXPECT_EQ(test, actor_end(test, submits), 0);
		KUNIT_EXPECT_EQ(test, actor_end(test, scene->waits), 0);
		KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), 0);
	}
}

/* A worker that waits for the group, one that submits something else, and a thread. */
struct meeting {
	atomic_t	there;
	struct scene	*scene;
	struct wpt_job	*else_job;
};

static void meet(struct meeting *meeting)
{
	unsigned long end = jiffies + WPT_LIMIT;

	atomic_inc(&meeting->there);
	while (atomic_read(&meeting->there) < 3 && time_before(jiffies, end))
		cond_resched();
}

static int meet_and_wait(struct actor *self)
{
	struct meeting *meeting = self->other;

	meet(meeting);
	return wpool_group_wait(meeting->scene->group);
}

static int meet_and_schedule(struct actor *self)
{
	struct meeting *meeting = self->other;

	meet(meeting);
	return wpool_schedule(meeting->scene->pool, &meeting->else_job->task);
}

static int thread_meets(struct wpt_thread *self)
{
	struct meeting *meeting = self->arg;
	struct scene *scene = meeting->scene;

	meet(meeting);
	return wpool_group_schedule(scene->group, scene->pool, &scene->more->task);
}

/* 81: a third who blocks meanwhile is not refused either, as the waiter need not wait */
static void awaited_room_of_third(struct kunit *test)
{
	struct actor *waits, *submits;
	struct meeting *meeting;
	struct wpt_thread *thread;
	struct scene *scene;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		meeting = wpt_alloc(test, sizeof(*meeting));
		scene = new_scene(test, 2);
		wpt_open(scene->waits->gate);
		KUNIT_ASSERT_EQ(test, actor_end(test, scene->waits), 0);
		meeting->scene = scene;
		meeting->else_job = wpt_jobs(test, 1, NULL);
		waits = actor(test, scene->pool, meet_and_wait, meeting);
		submits = actor(test, scene->pool, meet_and_schedule, meeting);
		actor_start(test, waits);
		actor_start(test, submits);
		fill(test, scene);
		wpt_open(waits->gate);
		wpt_open(submits->gate);
		thread = wpt_thread(test, thread_meets, NULL, NULL, meeting);
		KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
		KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
		KUNIT_EXPECT_EQ(test, actor_end(test, submits), 0);
		KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), 0);
	}
}

/* 81: the group has a task in another pool, where its first one was */
static void awaited_room_elsewhere(struct kunit *test)
{
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));
	struct scene *scene = new_scene(test, 1);
	struct wpt_thread *thread;

	wpt_group_schedule(test, scene->group, other, first, 1);
	wpt_begun(test, first);
	fill(test, scene);
	thread = block(test, scene);
	actor_go_to_sleep(test, scene->waits);
	wpt_open(first->gate);
	expect_end(test, scene, thread);
}

/* 52, 81: while a task of the group waits for room another goes to another pool */
static void awaited_room_home_kept(struct kunit *test)
{
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *second = wpt_jobs(test, 1, wpt_gate(test));
	struct scene *scene = new_scene(test, 1);
	struct actor *waits = actor(test, other, actor_call_group_wait, scene->group);
	struct wpt_thread *thread;

	scene->more->gate = wpt_gate(test);
	actor_start(test, waits);
	fill(test, scene);
	thread = block(test, scene);
	wpt_group_schedule(test, scene->group, other, second, 1);
	wpt_begun(test, second);
	actor_go_to_sleep(test, waits);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&scene->queued->task));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_open(second->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, second), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&waits->task, 1, NULL), -ETIMEDOUT);
	wpt_open(scene->more->gate);
	wpt_open(scene->waits->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, scene->waits), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->more->runs), 1);
}

/* 52: a submitter that is refused leaves the group as it was; it begins anew elsewhere */
static void awaited_room_refused(struct kunit *test)
{
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *after = wpt_jobs(test, 1, NULL);
	struct scene *scene = new_scene(test, 1);
	struct wpt_thread *thread;

	fill(test, scene);
	thread = block(test, scene);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), 0);
	wpool_shutdown(scene->pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), 0);
	after->result = -EIO;
	wpt_group_schedule(test, scene->group, other, after, 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), -EIO);
	wpt_open(scene->waits->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, scene->waits), -EIO);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->more->runs), 0);
}

/* 81: it was refused in another pool: from then on the worker counts as asleep */
static void awaited_room_refused_elsewhere(struct kunit *test)
{
	struct wpool *home = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 1,
	});
	struct wpt_job *queued = wpt_jobs(test, 1, NULL);
	struct scene *scene = new_scene(test, 1);
	struct actor *waits = actor(test, home, actor_call_group_wait, scene->group);
	struct actor *submits = actor(test, home, actor_call_schedule, &queued[0].task);
	struct wpt_job *fill_home = wpt_jobs(test, 1, NULL);
	struct wpt_thread *thread;

	actor_start(test, waits);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(scene->group, home, &submits->task), 0);
	actor_begun(test, submits);
	fill(test, scene);
	thread = block(test, scene);
	actor_go_to_sleep(test, waits);
	wpool_shutdown(scene->pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ESHUTDOWN);
	KUNIT_ASSERT_EQ(test, wpool_schedule(home, &fill_home->task), 0);
	wpt_open(submits->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, submits), -EDEADLK);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	wpt_open(scene->waits->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, scene->waits), 0);
}

static struct kunit_case awaited_room_cases[] = {
	KUNIT_CASE(awaited_room_of_group),
	KUNIT_CASE(awaited_room_races),
	KUNIT_CASE(awaited_room_by_worker),
	KUNIT_CASE(awaited_room_of_third),
	KUNIT_CASE(awaited_room_elsewhere),
	KUNIT_CASE(awaited_room_home_kept),
	KUNIT_CASE(awaited_room_refused),
	KUNIT_CASE(awaited_room_refused_elsewhere),
	{}
};

static struct kunit_suite awaited_room_suite = {
	.name = "wpool_awaited_room",
	.init = awaited_room_init,
	.exit = wpt_exit,
	.test_cases = awaited_room_cases,
};

kunit_test_suite(awaited_room_suite);
