/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks in the inbox of a pool, see core/inbox.c.
 *
 * It is open while all workers are busy and more than one task waits. What is submitted
 * then lies in it until somebody takes pool->lock; who asks for the counters, or whether a
 * task is queued, does not.
 */
#ifndef _WPOOL_INBOX_SCENE_H
#define _WPOOL_INBOX_SCENE_H

#include "hand_scene.h"

/* How many wait on the queue before those in the inbox: for KUNIT_ARRAY_PARAM(). */
extern const unsigned int inbox_ahead_cases[2];
void inbox_ahead_name(const unsigned int *ahead, char *desc);

static inline unsigned int inbox_ahead(struct kunit *test)
{
	return *(const unsigned int *)test->param_value;
}

void inbox_begin_alone(struct kunit *test, struct hand_table *table);
struct hand_table *inbox_fill(struct kunit *test, struct wpt_job *first, unsigned int n);

#endif /* _WPOOL_INBOX_SCENE_H */
