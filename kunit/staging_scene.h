/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks in the inbox of a pool, see core/inbox.c.
 *
 * It is open while all workers are busy and more than one task waits. What is submitted
 * then lies in it until somebody takes pool->lock; who asks for the counters, or whether a
 * task is queued, does not.
 */
#ifndef _WPOOL_STAGING_SCENE_H
#define _WPOOL_STAGING_SCENE_H

#include "batch_scene.h"

/* How many wait on the queue before those that are staged: for KUNIT_ARRAY_PARAM(). */
extern const unsigned int staged_ahead_cases[2];
void staged_ahead_name(const unsigned int *ahead, char *desc);

static inline unsigned int staged_ahead(struct kunit *test)
{
	return *(const unsigned int *)test->param_value;
}

void staged_begin_alone(struct kunit *test, struct batch_scene *scene);
struct batch_scene *staged_fill(struct kunit *test, struct wpt_job *first, unsigned int n);

#endif /* _WPOOL_STAGING_SCENE_H */
