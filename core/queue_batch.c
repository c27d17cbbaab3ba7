// SPDX-License-Identifier: GPL-2.0
/*
 * The batch: the first tasks of the queue, which workers take without pool->lock.
 *
 * When a worker takes a task from the queue and more wait, it moves the next few into the
 * pool's batch, an array with a lock of its own. All workers take from the batch first, one
 * task at a time and in its order. So the batch does not change which task begins next. A
 * batched task waits for no particular worker: it begins as soon as any worker is free, even if
 * the workers that took the tasks before it sleep for ever.
 *
 * A worker that has ended a batched task takes the next one under batch.lock alone, if neither
 * task needs pool->lock. Only plain tasks of one color (flush_color.c) are batched: nobody
 * waits for them, and they have no group and no key. When the batch is empty, and so is the queue,
 * the worker may take a staged task instead: see staging_pop(). It may take the one after that
 * without batch.lock: then staging.lock guards the states of these two, in place of this lock. That
 * is over when the staging queue is shut, as it is by all who grab a task.
 *
 * Any thread that has pool->lock can move the batch back to the queue, by batch_reclaim(). It
 * does so before it changes what may begin or which task is next: for a pause, a close, a
 * resize, a task of higher priority, a submitter that blocks. As long as one of these lasts the
 * batch is not filled again, see batch_may_fill().
 *
 * A task that is batched, or was begun from the batch, has TASK_BATCHED in its state, and then
 * batch.lock guards the state. Other threads, with pool->lock, call task_grab() first: after it
 * a task that has not begun is on the queue, and one that has begun has lost the bit; its
 * worker then leaves the state alone and ends the run under pool->lock, like any other run. A
 * thread that adds a waiter to a task, or submits it again while it runs, grabs it first.
 *
 * There is one exception: if no such task follows, the run ends under pool->lock alone, though
 * its task may still have the bit. A thread that grabs a task of this pool has that lock.
 *
 * After the worker has set TASK_DONE it does not touch the task. A thread that grabs a task got
 * it from the owner, who keeps it meanwhile.
 *
 * Modelled in scripts/model/batch.pml.
 */
#include <linux/lockdep.h>

#include "capacity_slots.h"
#include "color_count.h"
#include "counter.h"
#include "lock_hold.h"
#include "marks.h"
#include "pool.h"
#include "queue_batch.h"
#include "task_lists.h"
#include "worker_list.h"

void batch_init(struct wpool *pool)
{
	raw_spin_lock_init(&pool->batch.lock);
	batch_set_most(pool, WPOOL_BATCH_MAX);
}

/* Starts with the last one, so that they keep their order. Needs both locks. */
static void put_back(struct wpool *pool)
{
	struct wpool_batch *batch = &pool->batch;
	struct wpool_task *task;

	while (batch->left) {
		hold_step(pool);
		shared_dec(batch->left);
		task = batch->tasks[batch->next + batch->left];
		WRITE_ONCE(task->state, TASK_QUEUED);
		list_add(&task->node, list_of_prio(pool, WPOOL_PRIO_NORMAL));
		queued_add(pool, 1);
	}
}

/**
 * batch_settle() - move the batch back to the queue, and know what has begun
 * @pool: the pool
 *
 * A worker that has just taken the last task off the batch has not begun it yet, nor noted that in
 * its run: it still has batch.lock. For a caller that must find each task, in the one place or in
 * the other, and for one that ends the beginning of tasks.
 *
 * Context: pool->lock held.
 */
void batch_settle(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	raw_spin_lock(&pool->batch.lock);
	put_back(pool);
	raw_spin_unlock(&pool->batch.lock);
}

/*
 * The rest of task_grab(): the task is, or was, batched.
 *
 * The state changes under batch->lock, so that the worker either finds the bit or does not, and
 * acts on that before this thread goes on. The task may have ended meanwhile, and may be in
 * another pool already, whose locks guard it then. With the bit set its pool says whose it is: one
 * of this pool does not end here, and none comes to it, as pool->lock is held and the staging queue
 * is shut.
 */
void __task_grab(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	raw_spin_lock(&pool->batch.lock);
	put_back(pool);
	/* pairs with the releases in run_begin_batched() and run_set_up(), in another pool */
	if (smp_load_acquire(&task->state) == (TASK_IN_FN | TASK_BATCHED) &&
	    READ_ONCE(task->pool) == pool)
		WRITE_ONCE(task->state, TASK_IN_FN);
	raw_spin_unlock(&pool->batch.lock);
}

/*
 * May workers take tasks without a look at the pool? A thread that ends this reclaims the batch
 * in the same hold of pool->lock. Not if the only room is a free worker: then room and workers
 * must be counted in one hold.
 */
static bool batch_may_fill(struct wpool *pool)
{
	return pool->state == WPOOL_STATE_RUNNING && !pool->conf.one_by_one &&
	       pool->conf.queue_depth && !walk_next(pool) && !pool_end_marks(pool, MARK_ROOM) &&
	       pool_alive(pool) <= pool_capacity(pool) &&
	       list_empty(list_of_prio(pool, WPOOL_PRIO_HIGH));
}

/*
 * Moves tasks from the queue to the batch. The batch is empty, so nobody reads it. Context:
 * pool->lock held. Return: how many.
 */
static unsigned int move_some(struct wpool *pool, u8 color)
{
	struct list_head *queue = list_of_prio(pool, WPOOL_PRIO_NORMAL);
	struct wpool_task *task;
	unsigned int n = 0;

	list_for_each_entry(task, queue, node) {
		hold_step(pool);
		if (n == pool->batch.most || !batch_fits(task, color))
			break;
		WRITE_ONCE(task->state, TASK_QUEUED | TASK_BATCHED);
		pool->batch.tasks[n++] = task;
	}
	__list_del(queue, &task->node);	/* all before that one, at once */
	return n;
}

/* The rest of batch_fill(): more tasks are on the queue. Return: true if it moved any. */
bool __batch_fill(struct wpool *pool, const struct wpool_task *first, u64 collected)
{
	struct wpool_batch *batch = &pool->batch;
	unsigned int n;

	lockdep_assert_held(&pool->lock);
	if (!batch_may_fill(pool) || color_is_old(pool, first->color) ||
	    !batch_fits(first, first->color))
		return false;
	n = move_some(pool, first->color);
	if (!n)
		return false;
	raw_spin_lock(&batch->lock);
	batch->color = first->color;
	batch->serial = runs_count(pool) + collected;
	batch->next = 0;
	WRITE_ONCE(batch->left, n);
	/* In this hold, and not before: see staging_pop(). */
	queued_add(pool, -n);
	raw_spin_unlock(&batch->lock);
	return true;
}
