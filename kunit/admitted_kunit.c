// SPDX-License-Identifier: GPL-2.0
/*
 * A submitter that slept for room sleeps on for a while when its task has been accepted: see
 * core/admitted.c.
 */
#include <linux/sched/signal.h>
#include "admitted_scene.h"
#include "halt.h"

#define DEPTH	16
#define QUARTER	(DEPTH / 4)

static int admitted_init(struct kunit *test)
{
	return wpt_init(test, "wpool_admitted");
}

/* 18, 181: its task is accepted when there is room; it sleeps on until a quarter is free */
static void admitted_sleeps_on(struct kunit *test)
{
	struct wpt_thread *thread;
	struct admitted_scene *scene;

	thread = admitted_put_off(test, DEPTH, QUARTER - 1, &scene);
	KUNIT_ASSERT_NOT_NULL(test, thread);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&thread->job->task));
	admitted_make_place(test, scene);
	KUNIT_EXPECT_TRUE(test, admitted_is_awake_or_late(scene, thread));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	WPT_EXPECT_STAT(test, scene->pool, BLOCKED, 0);
}

/* 19: it counts as one that sleeps for room */
static void admitted_is_counted(struct kunit *test)
{
	struct wpt_thread *thread;
	struct admitted_scene *scene;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ADMITTED_TRIES && ret != -EAGAIN; i++) {
		scene = admitted_scene_as(test, &(struct wpool_attrs) {
			.capacity = 1, .queue_depth = DEPTH, .max_blocked = 1,
		}, WPOOL_PRIO_NORMAL);
		thread = admitted_sleeper(test, scene);
		admitted_make_place(test, scene);
		ret = wpool_schedule_timeout(scene->pool, &wpt_jobs(test, 1, NULL)->task, 1);
		if (!admitted_is_late(scene))
			break;
		wpt_open(scene->hold->gate);
	}
	KUNIT_EXPECT_EQ(test, ret, -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
}

/* 182: it does not sleep for ever if no more comes free */
static void admitted_not_for_ever(struct kunit *test)
{
	struct admitted_scene *scene = admitted_scene(test, DEPTH);
	struct wpt_thread *thread = admitted_sleeper(test, scene);

	admitted_make_place(test, scene);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&thread->job->task));
}

/* After that none is put off for a second. */
static void admitted_prompt_after(struct kunit *test)
{
	struct admitted_scene *scene = admitted_scene(test, DEPTH);
	struct wpt_thread *thread = admitted_sleeper(test, scene);
	unsigned long began = jiffies;
	bool slept;

	admitted_make_place(test, scene);
	KUNIT_ASSERT_EQ(test, wpt_join(test, thread), 0);
	thread = admitted_sleeper(test, scene);
	admitted_make_place(test, scene);
	slept = !admitted_is_awake(thread);
	if (jiffies - began < HZ)
		KUNIT_EXPECT_FALSE(test, slept);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
}

/* 181: what was given to others that slept counts as free: all are woken together. */
static void admitted_together(struct kunit *test)
{
	struct admitted_scene *scene = admitted_scene(test, DEPTH);
	struct wpt_thread *threads[QUARTER];
	unsigned int i, asleep = 0;

	for (i = 0; i < QUARTER; i++) {
		threads[i] = wpt_thread(test, wpt_call_schedule, scene->pool,
					wpt_jobs(test, 1, NULL), NULL);
		WPT_ASSERT_STAT(test, scene->pool, BLOCKED, i + 1);
		WPT_ASSERT_UNTIL(test, wpt_asleep(threads[i]));
	}
	for (i = 0; i < QUARTER; i++)
		admitted_make_place(test, scene);
	for (i = 0; i < QUARTER; i++)
		asleep += !admitted_is_awake_or_late(scene, threads[i]);
	KUNIT_EXPECT_EQ(test, asleep, 0);
	for (i = 0; i < QUARTER; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, DEPTH);
}

/* 57: a shutdown wakes it, and its task has been accepted */
static void admitted_at_shutdown(struct kunit *test)
{
	struct wpt_thread *thread;
	struct admitted_scene *scene;

	thread = admitted_put_off(test, DEPTH, 1, &scene);
	KUNIT_ASSERT_NOT_NULL(test, thread);
	wpool_shutdown(scene->pool);
	KUNIT_EXPECT_TRUE(test, admitted_is_awake_or_late(scene, thread));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, thread->job), 0);
}

static int schedule_until_killed(struct wpt_thread *self)
{
	int ret;

	allow_signal(SIGKILL);
	ret = wpt_call_schedule(self);
	flush_signals(current);
	disallow_signal(SIGKILL);
	return ret;
}

/* 21: a signal wakes it; its task stays accepted, and it is not touched any more */
static void admitted_killed(struct kunit *test)
{
	struct admitted_scene *scene = admitted_scene(test, DEPTH);
	struct wpt_thread *thread = admitted_sleeper_in(test, scene, schedule_until_killed);
	unsigned int i;

	admitted_make_place(test, scene);
	send_sig(SIGKILL, thread->kthread, 1);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	for (i = 0; i < QUARTER; i++)
		admitted_make_place(test, scene);
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, thread->job), 0);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
}

/* One that sleeps for room in the scene is woken when there is some. */
static void expect_woken_at_once(struct kunit *test, struct admitted_scene *scene,
				 int (*call)(struct wpt_thread *))
{
	struct wpt_thread *thread = admitted_sleeper_in(test, scene, call);

	admitted_make_place(test, scene);
	KUNIT_EXPECT_TRUE(test, admitted_is_awake(thread));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
}

/* A queue of which a quarter is one place puts nobody off. */
static void admitted_to_short_queue(struct kunit *test)
{
	expect_woken_at_once(test, admitted_scene(test, 7), wpt_call_schedule);
}

static int schedule_real_time(struct wpt_thread *self)
{
	int ret;

	sched_set_fifo(current);
	ret = wpt_call_schedule(self);
	sched_set_normal(current, 0);
	return ret;
}

/* A real-time thread is not put off. */
static void admitted_real_time(struct kunit *test)
{
	expect_woken_at_once(test, admitted_scene(test, DEPTH), schedule_real_time);
}

static int schedule_high(struct wpt_thread *self)
{
	wpool_task_set_priority(&self->job->task, WPOOL_PRIO_HIGH);
	return wpt_call_schedule(self);
}

/* Nor one whose task goes before the others: it may begin at once. */
static void admitted_high(struct kunit *test)
{
	expect_woken_at_once(test, admitted_scene(test, DEPTH), schedule_high);
}

static void admitted_before_low(struct kunit *test)
{
	struct admitted_scene *scene = admitted_scene_as(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = DEPTH,
	}, WPOOL_PRIO_LOW);

	expect_woken_at_once(test, scene, wpt_call_schedule);
}

/* Nor any where the workers are real-time threads: they may keep the timer off their CPU. */
static void admitted_by_real_time(struct kunit *test)
{
	struct admitted_scene *scene = admitted_scene_as(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = DEPTH, .policy = SCHED_FIFO, .rt_priority = 1,
	}, WPOOL_PRIO_NORMAL);

	expect_woken_at_once(test, scene, wpt_call_schedule);
}

static int run_in(struct wpt_thread *self)
{
	return wpool_run(self->pool, wpt_run_job, self->job);
}

static int run_timeout_in(struct wpt_thread *self)
{
	return wpool_run_timeout(self->pool, wpt_run_job, self->job,
				 WPT_LIMIT, NULL);
}

static void release_nothing(void *arg, enum wpool_fate fate)
{
}

static int run_timeout_release_in(struct wpt_thread *self)
{
	return wpool_run_timeout(self->pool, wpt_run_job, self->job,
				 WPT_LIMIT, release_nothing);
}

/* 181: nor one that waits for its task next: it sleeps there, and not for room, from then on. */
static void admitted_runs(struct kunit *test)
{
	int (*const calls[])(struct wpt_thread *) = {
		run_in, run_timeout_in, run_timeout_release_in,
	};
	struct wpt_thread *thread;
	struct admitted_scene *scene;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		scene = admitted_scene(test, DEPTH);
		thread = admitted_sleeper_in(test, scene, calls[i]);
		admitted_make_place(test, scene);
		WPT_EXPECT_STAT(test, scene->pool, BLOCKED, 0);
		wpt_open(scene->hold->gate);
		KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&thread->job->runs), 1);
	}
}

#define FOLLOWERS	(DEPTH - 2)

/*
 * One key has most of the queue, behind a task that runs; a thread sleeps for room. Then the other
 * worker runs what can begin, and idles. Return: true if the thread is awake before its time is
 * over.
 */
static bool is_woken_beside_deferred(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = DEPTH,
	});
	struct wpool_keyed_task *followers = wpt_alloc(test, FOLLOWERS * sizeof(*followers));
	struct wpool_keyed_task *head = wpt_alloc(test, sizeof(*head));
	struct admitted_scene scene = { .pool = pool };
	struct wpt_job *behind, *first, *quick;
	struct wpt_thread *thread;
	unsigned int i;
	bool late;

	first = wpt_jobs(test, 1, wpt_gate(test));
	wpool_keyed_task_init(head, wpt_run_job, first);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, head, 1), 0);
	wpt_begun(test, first);
	scene.hold = wpt_hold(test, pool, 1);
	behind = wpt_jobs(test, FOLLOWERS, NULL);
	for (i = 0; i < FOLLOWERS; i++) {
		wpool_keyed_task_init(&followers[i], wpt_run_job, &behind[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &followers[i], 1), 0);
	}
	quick = wpt_jobs(test, DEPTH - FOLLOWERS, NULL);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, quick, DEPTH - FOLLOWERS), 0);
	thread = admitted_sleeper(test, &scene);
	scene.since = jiffies;
	wpt_open(scene.hold->gate);
	KUNIT_ASSERT_TRUE(test, wpt_busy_until(admitted_is_awake(thread)));
	late = admitted_is_late(&scene);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_open(first->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	return !late;
}

/* 181: tasks that cannot begin, behind their key, do not keep it asleep beside an idle worker */
static void admitted_beside_deferred(struct kunit *test)
{
	unsigned int tries = 0;

	while (!is_woken_beside_deferred(test))
		KUNIT_ASSERT_LT(test, ++tries, ADMITTED_TRIES);
}

/* A task that submits another one to its own pool when its gate opens. */
struct inside {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_job		*other;
	struct wpt_gate		*gate;
	struct task_struct	*worker;
	bool			submits;
};

static int submit_inside(void *arg)
{
	struct inside *inside = arg;

	WRITE_ONCE(inside->worker, current);
	wait_for_completion(&inside->gate->opened);
	WRITE_ONCE(inside->submits, true);
	return wpool_schedule(inside->pool, &inside->other->task);
}

static bool inside_sleeps(const struct inside *inside)
{
	return READ_ONCE(inside->submits) &&
	       READ_ONCE(inside->worker->__state) & TASK_UNINTERRUPTIBLE;
}

/* Nor a worker of the pool: its place is in use meanwhile. */
static void admitted_worker(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = DEPTH,
	});
	struct inside *inside = wpt_alloc(test, sizeof(*inside));
	struct wpt_job *hold, *queued;

	inside->pool = pool;
	inside->other = wpt_jobs(test, 1, NULL);
	inside->gate = wpt_gate(test);
	wpool_task_init(&inside->task, submit_inside, inside);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &inside->task), 0);
	hold = wpt_hold(test, pool, 1);
	queued = wpt_jobs(test, DEPTH, NULL);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, queued, DEPTH), 0);
	wpt_open(inside->gate);
	WPT_ASSERT_UNTIL(test, inside_sleeps(inside));
	KUNIT_ASSERT_TRUE(test, wpool_cancel(&queued[0].task));
	KUNIT_EXPECT_TRUE(test, !inside_sleeps(inside) || !wpool_task_running(&inside->task));
	KUNIT_EXPECT_EQ(test, wpt_result(test, &inside->task), 0);
	wpt_open(hold->gate);
}

/* 181: workers that run one task after the other notice it: they batch no more than a quarter */
static void admitted_beside_a_batch(struct kunit *test)
{
	struct admitted_scene *scene = admitted_scene(test, DEPTH);
	struct wpt_thread *thread = admitted_sleeper(test, scene);
	struct wpt_job *last = &scene->queued[2 * QUARTER];

	last->gate = wpt_gate(test);
	scene->since = jiffies;
	wpt_open(scene->hold->gate);
	wpt_begun(test, last);
	KUNIT_EXPECT_TRUE(test, admitted_is_awake_or_late(scene, thread));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_open(last->gate);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
}

static struct kunit_case admitted_cases[] = {
	KUNIT_CASE(admitted_sleeps_on),
	KUNIT_CASE(admitted_is_counted),
	KUNIT_CASE(admitted_not_for_ever),
	KUNIT_CASE(admitted_prompt_after),
	KUNIT_CASE(admitted_together),
	KUNIT_CASE(admitted_at_shutdown),
	KUNIT_CASE(admitted_killed),
	KUNIT_CASE(admitted_to_short_queue),
	KUNIT_CASE(admitted_real_time),
	KUNIT_CASE(admitted_high),
	KUNIT_CASE(admitted_before_low),
	KUNIT_CASE(admitted_by_real_time),
	KUNIT_CASE(admitted_runs),
	KUNIT_CASE(admitted_beside_deferred),
	KUNIT_CASE(admitted_worker),
	KUNIT_CASE(admitted_beside_a_batch),
	{}
};

static struct kunit_suite admitted_suite = {
	.name = "wpool_admitted",
	.init = admitted_init,
	.exit = wpt_exit,
	.test_cases = admitted_cases,
};

kunit_test_suite(admitted_suite);
