// SPDX-License-Identifier: GPL-2.0
/*
 * Submitters that slept for room and sleep on for a while when their tasks have been accepted.
 */
#include <linux/preempt.h>
#include "admitted_scene.h"

void admitted_fill(struct kunit *test, struct admitted_scene *scene, unsigned int depth,
		   enum wpool_priority prio)
{
	unsigned int i;

	scene->queued = wpt_jobs(test, depth, NULL);
	for (i = 0; i < depth; i++)
		wpool_task_set_priority(&scene->queued[i].task, prio);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, scene->queued, depth), 0);
}

struct admitted_scene *admitted_scene_as(struct kunit *test, const struct wpool_attrs *attrs,
					 enum wpool_priority prio)
{
	struct admitted_scene *scene = wpt_alloc(test, sizeof(*scene));

	scene->pool = wpt_pool(test, attrs);
	scene->hold = wpt_hold(test, scene->pool, attrs->capacity);
	admitted_fill(test, scene, attrs->queue_depth, prio);
	return scene;
}

struct admitted_scene *admitted_scene(struct kunit *test, unsigned int depth)
{
	return admitted_scene_as(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = depth,
	}, WPOOL_PRIO_NORMAL);
}

struct wpt_thread *admitted_sleeper_in(struct kunit *test, struct admitted_scene *scene,
				       int (*call)(struct wpt_thread *))
{
	u64 before = wpt_stat(scene->pool, WPOOL_STAT_BLOCKED);
	struct wpt_thread *thread = wpt_thread(test, call, scene->pool,
					       wpt_jobs(test, 1, NULL), NULL);

	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, before + 1);
	return thread;
}

struct wpt_thread *admitted_sleeper(struct kunit *test, struct admitted_scene *scene)
{
	return admitted_sleeper_in(test, scene, wpt_call_schedule);
}

void admitted_make_place(struct kunit *test, struct admitted_scene *scene)
{
	if (!scene->nr_taken)
		scene->since = jiffies;
	/* No assertion: the caller may have preemption off. */
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&scene->queued[scene->nr_taken++].task));
}

struct wpt_thread *admitted_put_off(struct kunit *test, unsigned int depth, unsigned int places,
				    struct admitted_scene **scene)
{
	struct wpt_thread *thread;
	unsigned int i, j;
	bool asleep;

	for (i = 0; i < ADMITTED_TRIES; i++) {
		*scene = admitted_scene(test, depth);
		thread = admitted_sleeper(test, *scene);
		preempt_disable();	/* or else it is late for want of a CPU */
		for (j = 0; j < places; j++)
			admitted_make_place(test, *scene);
		asleep = !admitted_is_awake(thread);
		preempt_enable();
		if (asleep)
			return thread;
		if (!admitted_is_late(*scene))
			return NULL;
		wpt_open((*scene)->hold->gate);
	}
	return NULL;
}
