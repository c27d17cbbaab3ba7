// SPDX-License-Identifier: GPL-2.0
/*
 * Submitters that sleep on although their tasks have been accepted, in long queues; and the timer
 * that ends this, when it has been set for something else before.
 */
#include <linux/jiffies.h>
#include <linux/preempt.h>
#include "admitted_scene.h"
#include "halt.h"

/* So many places come free before they are woken, of a queue of which a quarter is more. */
#define PLACES	64
#define DEPTH	(8 * PLACES)

static int admitted_long_init(struct kunit *test)
{
	return wpt_init(test, "wpool_admitted_long");
}

/* 18, 181: if a quarter of the queue is more than 64 places, these are enough */
static void admitted_long_sleeps_on(struct kunit *test)
{
	struct admitted_scene *scene;
	struct wpt_thread *thread;

	thread = admitted_put_off(test, DEPTH, PLACES - 1, &scene);
	KUNIT_ASSERT_NOT_NULL(test, thread);
	admitted_make_place(test, scene);
	KUNIT_EXPECT_TRUE(test, admitted_is_awake_or_late(scene, thread));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
}

/* More of them than one hold of the lock wakes; they are woken when a quarter has come free. */
#define CROWD	36

struct crowd {
	struct admitted_scene	*scene;
	struct wpt_thread	*threads[CROWD];
	bool			late;	/* it may have been time for them before that */
};

/* So many sleep on, and as many places have just come free. */
static struct crowd *crowd_is_due(struct kunit *test)
{
	struct crowd *crowd = wpt_alloc(test, sizeof(*crowd));
	unsigned int i;

	crowd->scene = admitted_scene(test, 4 * CROWD);
	for (i = 0; i < CROWD; i++)
		crowd->threads[i] = admitted_sleeper(test, crowd->scene);
	preempt_disable();	/* those that are woken make way */
	for (i = 0; i < CROWD; i++)
		admitted_make_place(test, crowd->scene);
	crowd->late = admitted_is_late(crowd->scene);
	preempt_enable();
	return crowd;
}

static void join_crowd(struct kunit *test, struct crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < CROWD; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, crowd->threads[i]), 0);
}

static void end_crowd(struct kunit *test, struct crowd *crowd)
{
	wpt_open(crowd->scene->hold->gate);
	wpt_call(test, wpt_call_drain, crowd->scene->pool, NULL);
}

/* After one of them has slept on until its time was over, the next ones are not put off. */
static bool next_sleeps_on(struct kunit *test, struct admitted_scene *scene)
{
	struct wpt_thread *thread = admitted_sleeper(test, scene);
	bool asleep;

	scene->since = jiffies;
	admitted_make_place(test, scene);
	asleep = !admitted_is_awake(thread);
	KUNIT_EXPECT_TRUE(test, asleep || admitted_is_late(scene));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	return asleep;
}

/* 181: when it is time for the first of them it is for all, however many are woken at once */
static void admitted_long_all(struct kunit *test)
{
	unsigned int tries = 0;
	struct crowd *crowd;
	bool met;

	do {
		KUNIT_ASSERT_LT(test, tries++, ADMITTED_TRIES);
		crowd = crowd_is_due(test);
		join_crowd(test, crowd);
		met = !crowd->late && next_sleeps_on(test, crowd->scene);
		end_crowd(test, crowd);
	} while (!met);
}

static bool all_awake(struct crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < CROWD && admitted_is_awake(crowd->threads[i]); i++)
		;
	return i == CROWD;
}

/*
 * Here the rest is woken by the manager, if it is not late. On an emulated machine it always is,
 * and where few CPUs carry many.
 */
#define REST_TRIES	40
#define REST_CPUS	2

/* 181: those that are not woken at once do not wait for the timer, or for a task that ends */
static void admitted_long_rest(struct kunit *test)
{
	unsigned int tries;
	struct crowd *crowd;
	bool late = true;

	for (tries = 0; late && tries < REST_TRIES; tries++) {
		crowd = crowd_is_due(test);
		KUNIT_EXPECT_TRUE(test, wpt_busy_until(all_awake(crowd)));
		late = admitted_is_late(crowd->scene);
		join_crowd(test, crowd);
		end_crowd(test, crowd);
	}
	if (!late)
		return;
	if (IS_ENABLED(CONFIG_UML) && num_online_cpus() <= REST_CPUS)
		KUNIT_FAIL(test, "they are late each time\n");
	else
		kunit_skip(test, "this machine is late each time");
}

/* As many jiffies after it has begun to idle, a worker leaves if it still does. */
#define IDLES	20

#define SHORT	16	/* a queue */

/*
 * A pool with a timer that is set for the time when a worker leaves that idles; but that is busy
 * again, and the queue is full. Return: NULL if it is not known for when it is set.
 */
static struct admitted_scene *with_timer(struct kunit *test, unsigned long *expires)
{
	struct admitted_scene *scene = wpt_alloc(test, sizeof(*scene));
	struct wpt_job *idles;
	unsigned long since;
	bool known;

	scene->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = SHORT, .min_workers = 1,
		.idle_timeout_ms = jiffies_to_msecs(IDLES),
	});
	scene->hold = wpt_hold(test, scene->pool, 1);
	idles = wpt_hold(test, scene->pool, 1);
	since = jiffies;
	wpt_open(idles->gate);
	wpt_wait(test, idles);	/* makes way for it */
	known = wpt_busy_until(wpt_stat(scene->pool, WPOOL_STAT_IDLE) == 1) &&
		!time_after(jiffies, since);
	*expires = since + IDLES;
	if (!known) {
		wpt_open(scene->hold->gate);
		return NULL;
	}
	wpt_hold(test, scene->pool, 1);
	admitted_fill(test, scene, SHORT, WPOOL_PRIO_NORMAL);
	return scene;
}

/*
 * A submitter is put off in the jiffy in which that timer expires: so it fires before the
 * submitter is to be woken. Return: false if it may have come before or after that.
 */
static bool timer_comes_early(struct kunit *test)
{
	struct admitted_scene *scene;
	struct wpt_thread *thread;
	unsigned long expires;
	bool met;

	scene = with_timer(test, &expires);
	if (!scene)
		return false;
	thread = admitted_sleeper(test, scene);
	wpt_busy_until(time_after_eq(READ_ONCE(jiffies), expires));
	admitted_make_place(test, scene);
	met = READ_ONCE(jiffies) == expires;
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_open(scene->hold->gate);
	return met;
}

/* Now and then the manager is late, and wakes the submitter for another reason. */
#define EARLY_TIMERS	3

/* 182: a timer that comes for something else before that does not come in its place */
static void admitted_long_early_timer(struct kunit *test)
{
	unsigned int tries, times = 0;

	for (tries = 0; times < EARLY_TIMERS; tries++) {
		if (tries == ADMITTED_TRIES)
			kunit_skip(test, "no jiffy is long enough");
		times += timer_comes_early(test);
	}
}

static struct kunit_case admitted_long_cases[] = {
	KUNIT_CASE(admitted_long_sleeps_on),
	KUNIT_CASE(admitted_long_all),
	KUNIT_CASE(admitted_long_rest),
	KUNIT_CASE(admitted_long_early_timer),
	{}
};

static struct kunit_suite admitted_long_suite = {
	.name = "wpool_admitted_long",
	.init = admitted_long_init,
	.exit = wpt_exit,
	.test_cases = admitted_long_cases,
};

kunit_test_suite(admitted_long_suite);
