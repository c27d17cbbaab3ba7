/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that wait; see queue.c.
 */
#ifndef _WPOOL_QUEUE_H
#define _WPOOL_QUEUE_H

#include "admitted.h"
#include "pool.h"
#include "types.h"

int queue_check(struct wpool *pool, struct wpool_task *task, const u64 *key);
int queue_take(struct wpool *pool, struct wpool_task *task,
	       struct wpool_group *group, const u64 *key);
void queue_put_later(struct wpool *pool, struct wpool_task *task);
void queue_put(struct wpool *pool, struct wpool_task *task);
void queue_link(struct wpool *pool, struct wpool_task *task);
struct wpool_task *queue_pop_oldest(struct wpool *pool);
int queue_accept(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how);
struct wpool_task *queue_pop(struct wpool *pool);
void queue_remove(struct wpool *pool, struct wpool_task *task);
struct wpool_task *queue_find(struct wpool *pool);
void queue_count_refused(struct wpool *pool, const struct wpool_task *task, int err);
void queue_block(struct wpool *pool, struct wpool_waiter *waiter);
void queue_unblock(struct wpool *pool, struct wpool_waiter *waiter);
bool queue_admit_blocked(struct wpool *pool);
void __run_clean(struct wpool_task *task);

/* @pool: its attributes are known. */
static inline void queue_init(struct wpool *pool)
{
	INIT_LIST_HEAD(&pool->blocked.list);
	admitted_init(pool);
	pool->blocked.open_depth = pool->conf.queue_depth;
}

/* Submitters asleep for lack of room. Needs pool->lock. */
static inline unsigned int queue_blocked(const struct wpool *pool)
{
	return pool->blocked.nr;
}

/* Cleans up what run_revoke() has left. For a task of this pool. */
static inline void run_clean(struct wpool_task *task)
{
	if (unlikely(READ_ONCE(task->state) == (TASK_IN_FN | TASK_QUEUED)) && task->run->revoked)
		__run_clean(task);
}

/*
 * Was the run that the task is inside asked to stop? Not so for what waits behind a run that frees
 * its task: that may be another's. For a task of this pool; needs pool->lock.
 */
static inline bool run_was_asked(const struct wpool_task *task)
{
	return READ_ONCE(task->state) & TASK_IN_FN && task->run->stop && task->run->task;
}

#endif /* _WPOOL_QUEUE_H */
