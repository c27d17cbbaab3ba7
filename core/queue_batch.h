/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The next tasks to begin; see queue_batch.c.
 */
#ifndef _WPOOL_QUEUE_BATCH_H
#define _WPOOL_QUEUE_BATCH_H

#include <linux/lockdep.h>

#include "counter.h"
#include "pool.h"
#include "task.h"
#include "task_lists.h"
#include "types.h"

void batch_init(struct wpool *pool);
void batch_settle(struct wpool *pool);
void __task_grab(struct wpool *pool, struct wpool_task *task);
bool __batch_fill(struct wpool *pool, const struct wpool_task *first, u64 collected);

/* Tasks that a worker has ended without pool->lock; read anywhere. */
static inline u64 worker_ended(const struct wpool_worker *worker)
{
	return atomic64_read(&worker->share.ended);
}

/* How many tasks the worker has ended that &wpool_colors.in_flight still counts. */
static inline unsigned int worker_unharvested(const struct wpool_worker *worker)
{
	return (unsigned int)worker_ended(worker) - READ_ONCE(worker->share.harvested);
}

/* How many tasks are batched at a time, from the next time on. Needs pool->lock. */
static inline void batch_set_most(struct wpool *pool, unsigned int most)
{
	pool->batch.most = min_t(unsigned int, most, WPOOL_BATCH_MAX);
}

/* How many tasks of the batch have not begun; read anywhere. */
static inline unsigned int batch_left(const struct wpool *pool)
{
	return READ_ONCE(pool->batch.left);
}

/* The tasks for any worker to take: on the queue and in the batch. Needs pool->lock. */
static inline unsigned int pool_ready(const struct wpool *pool)
{
	return (pool_is_paused(pool) ? 0 : tasks_queued(pool) - tasks_deferred(pool)) +
	       batch_left(pool);
}

/*
 * Tasks accepted that have not begun, without those in the staging queue. Exact under
 * pool->lock, except that workers may begin batched tasks meanwhile.
 */
static inline unsigned int pool_collected(const struct wpool *pool)
{
	return batch_left(pool) + tasks_queued(pool);
}

/* Nothing is left to do and nothing will come. Needs pool->lock. */
static inline bool pool_is_over(const struct wpool *pool)
{
	return pool->state != WPOOL_STATE_RUNNING && !pool_ready(pool) &&
	       !tasks_delayed(pool) && !tasks_deferred(pool);
}

static __always_inline void batch_lock(struct wpool *pool)
	__acquires(&pool->batch.lock)
{
	raw_spin_lock(&pool->batch.lock);
}

static __always_inline void batch_unlock(struct wpool *pool)
	__releases(&pool->batch.lock)
{
	raw_spin_unlock(&pool->batch.lock);
}

/* Interrupts are on. */
static __always_inline void batch_lock_irq(struct wpool *pool)
	__acquires(&pool->batch.lock)
{
	raw_spin_lock_irq(&pool->batch.lock);
}

static __always_inline void batch_unlock_irq(struct wpool *pool)
	__releases(&pool->batch.lock)
{
	raw_spin_unlock_irq(&pool->batch.lock);
}

/* The color of its tasks. Needs batch->lock, as all until batch_count_end(). */
static inline u8 batch_color(const struct wpool *pool)
{
	return pool->batch.color;
}

/* That of the runs of its tasks. */
static inline u64 batch_serial(const struct wpool *pool)
{
	return pool->batch.serial;
}

/* May the worker end one more task without pool->lock, and count it later? */
static inline bool worker_may_batch(const struct wpool_worker *worker)
{
	return worker_unharvested(worker) < WPOOL_BATCH_MAX;
}

/* Does nobody need to know when this task begins and ends? */
static inline bool batch_fits(const struct wpool_task *task, u8 color)
{
	u8 flags = task->flags & ~WPOOL_TASK_PINNED;

	return !task->waiters && task->color == color &&
	       (!flags || task_is_ours(task));
}

/*
 * The next batched task, if the worker may begin it without pool->lock after its last run, of
 * @color: what it has ended in this way has one color, and is not too much to count.
 * Context: batch->lock held.
 */
static __always_inline struct wpool_task *
batch_pop(struct wpool *pool, const struct wpool_worker *worker, u8 color)
{
	struct wpool_batch *batch = &pool->batch;
	struct wpool_task *task;

	if (!batch->left || batch->color != color || !worker_may_batch(worker))
		return NULL;
	task = batch->tasks[batch->next];
	/*
	 * Release: from then on move_some() may overwrite the entry, without this lock. Pairs with
	 * the control dependency on batch_left() in run_next().
	 */
	smp_store_release(&batch->left, batch->left - 1);
	batch->next++;
	return task;
}

/* A worker has begun a task of wpool's own memory from the batch. */
static inline void batch_note_begun(struct wpool_worker *worker, struct wpool_task *task)
{
	task_chain(&worker->share.begun, task);
}

/* A worker has ended a task that it began from the batch. */
static inline void batch_count_end(struct wpool_worker *worker)
{
	counter_add(&worker->share.ended, 1);
}

/**
 * batch_take_ended() - count what a worker has ended without pool->lock
 * @worker: the current thread, or dead
 * @begun: those of wpool's own memory that it has begun, see task_chain()
 *
 * Context: pool->lock held.
 * Return: how many.
 */
static inline unsigned int batch_take_ended(struct wpool_worker *worker,
					    struct wpool_task **begun)
{
	unsigned int n = worker_unharvested(worker);

	WRITE_ONCE(worker->share.harvested, worker->share.harvested + n);
	*begun = worker->share.begun;
	worker->share.begun = NULL;
	return n;
}

/* Runs that have begun under pool->lock, and batches: a part of pool_serial(). Read anywhere. */
static inline u64 runs_counted(const struct wpool *pool)
{
	return atomic64_read(&pool->serial);
}

/* Counts one more. Needs pool->lock. */
static inline u64 runs_count(struct wpool *pool)
{
	counter_add(&pool->serial, 1);
	return runs_counted(pool);
}

/**
 * batch_reclaim() - move the batch back to the queue
 * @pool: the pool
 *
 * For a caller that changes what may begin, or which task is next.
 */
static inline void batch_reclaim(struct wpool *pool)
{
	if (unlikely(batch_left(pool)))
		batch_settle(pool);
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

/*
 * Does the task, of this pool, wait? If so its run sees what the caller has stored before, as it
 * begins under a lock that is held here. Needs pool->lock.
 */
static inline bool task_waits(struct wpool *pool, const struct wpool_task *task)
{
	u8 state = READ_ONCE(task->state);

	if (state & TASK_BATCHED) {
		batch_lock(pool);
		state = READ_ONCE(task->state);
		batch_unlock(pool);
	}
	return state & TASK_WAITS;
}

/**
 * batch_fill() - move the next tasks of the queue to the batch
 * @pool: the pool; its batch is empty
 * @first: the one before them, which has just left the queue
 * @collected: staging_collected()
 *
 * Return: true if it moved any; then @first counts as batched too.
 */
static inline bool batch_fill(struct wpool *pool, const struct wpool_task *first, u64 collected)
{
	return tasks_queued(pool) > tasks_deferred(pool) && __batch_fill(pool, first, collected);
}

#endif /* _WPOOL_QUEUE_BATCH_H */
