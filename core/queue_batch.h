/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The next tasks to begin; see queue_batch.c.
 */
#ifndef _WPOOL_QUEUE_BATCH_H
#define _WPOOL_QUEUE_BATCH_H

#include "pool.h"
#include "types.h"

void __batch_reclaim(struct wpool *pool);
void __task_grab(struct wpool *pool, struct wpool_task *task);
bool __batch_fill(struct wpool *pool, const struct wpool_task *first);

/* How many tasks the worker has ended that &wpool.in_flight still counts. */
static inline unsigned int worker_unharvested(const struct wpool_worker *worker)
{
	return (unsigned int)atomic64_read(&worker->ended) - READ_ONCE(worker->harvested);
}

/**
 * batch_reclaim() - move the batch back to the queue
 * @pool: the pool
 *
 * For a caller that changes what may begin, or which task is next.
 */
static inline void batch_reclaim(struct wpool *pool)
{
	if (unlikely(READ_ONCE(pool->batch.left)))
		__batch_reclaim(pool);
}

/**
 * task_grab() - make pool->lock alone guard the state of a task
 * @pool: its pool, if it is accepted
 * @task: the task; may have ended when this returns
 */
static inline void task_grab(struct wpool *pool, struct wpool_task *task)
{
	if (READ_ONCE(task->state) & TASK_BATCHED)
		__task_grab(pool, task);
}

/**
 * batch_fill() - move the next tasks of the queue to the batch
 * @pool: the pool; its batch is empty
 * @first: the one before them, which has just left the queue
 *
 * Return: true if it moved any; then @first counts as batched too.
 */
static inline bool batch_fill(struct wpool *pool, const struct wpool_task *first)
{
	return pool->nr_queued > pool->nr_deferred && __batch_fill(pool, first);
}

#endif /* _WPOOL_QUEUE_BATCH_H */
