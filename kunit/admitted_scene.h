/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Submitters that slept for room and sleep on for a while when their tasks have been accepted: see
 * core/admitted.c.
 *
 * Places are made free one by one, as tasks are taken back. The call that makes one free wakes
 * whoever is to be woken before it returns.
 */
#ifndef _WPOOL_ADMITTED_SCENE_H
#define _WPOOL_ADMITTED_SCENE_H

#include "wpool_kunit.h"

/* How often a scene may come too late, as other threads of the machine were in between. */
#define ADMITTED_TRIES	200

/* A pool whose workers are held, and whose queue is full. */
struct admitted_scene {
	struct wpool	*pool;
	struct wpt_job	*hold;
	struct wpt_job	*queued;
	unsigned int	nr_taken;	/* of those that were queued */
	unsigned long	since;		/* when the first place was made */
};

struct admitted_scene *admitted_scene_as(struct kunit *test, const struct wpool_attrs *attrs,
					 enum wpool_priority prio);
struct admitted_scene *admitted_scene(struct kunit *test, unsigned int depth);
void admitted_fill(struct kunit *test, struct admitted_scene *scene, unsigned int depth,
		   enum wpool_priority prio);
/* A thread that sleeps for room in that pool, and does so by a certain call. */
struct wpt_thread *admitted_sleeper(struct kunit *test, struct admitted_scene *scene);
struct wpt_thread *admitted_sleeper_in(struct kunit *test, struct admitted_scene *scene,
				       int (*call)(struct wpt_thread *));
void admitted_make_place(struct kunit *test, struct admitted_scene *scene);
/* One sleeps on in the scene, after places have come free. Return: NULL if it never did. */
struct wpt_thread *admitted_put_off(struct kunit *test, unsigned int depth, unsigned int places,
				    struct admitted_scene **scene);

/* It has been woken, at least. */
static inline bool admitted_is_awake(struct wpt_thread *thread)
{
	return !wpt_asleep(thread) || completion_done(&thread->done);
}

/* The time for which one sleeps on may be over. */
static inline bool admitted_is_late(const struct admitted_scene *scene)
{
	return jiffies - scene->since > 1;
}

/* If it is late, the manager may just be about to wake it. */
static inline bool admitted_is_awake_or_late(const struct admitted_scene *scene,
					     struct wpt_thread *thread)
{
	return admitted_is_awake(thread) || admitted_is_late(scene);
}

#endif /* _WPOOL_ADMITTED_SCENE_H */
