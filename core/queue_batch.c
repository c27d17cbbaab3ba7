// SPDX-License-Identifier: GPL-2.0
/*
 * The head of the queue, from which workers take tasks without pool->lock.
 *
 * When a worker takes a task from the queue and more wait, it moves the next few into the
 * pool's batch: an array with a lock of its own. All workers take from it, one task at a
 * time and in its order, before anybody takes from the queue. So it does not change
 * which task is the next to begin, and a task in it waits for nobody in particular: it
 * begins as soon as any worker is free, also if those that took the tasks before it
 * sleep for ever.
 *
 * A worker that has ended a task of the batch takes the next under batch.lock alone, as
 * long as nothing about either needs pool->lock. Only plain tasks are batched, of one
 * color (flush_color.c): nobody waits for them, and none is in a group or has a key.
 *
 * Whoever has pool->lock can have what is in the batch back on the queue at any time, by
 * batch_reclaim(), and does so before it changes what may begin, or which task goes first:
 * a pause, a close, a resize, a task of higher priority, a submitter that blocks. While
 * one of these holds the batch is not filled again, see batch_may_fill().
 *
 * A task that is batched, or was begun from the batch, has TASK_BATCHED in its state,
 * which is changed under batch.lock then. Others, who have pool->lock, call task_grab()
 * first: what has not begun is on the queue then, and what has begun loses the bit; its
 * worker leaves the state alone and ends the run under pool->lock, like any other. To add
 * a waiter to a task, or to submit it again while it runs, grabs it first.
 *
 * After the worker has set TASK_DONE it does not touch the task. Who grabs a task is
 * given it by its owner, who keeps it meanwhile.
 *
 * Modelled in scripts/model/batch.pml.
 */
#include <linux/lockdep.h>

#include "broken_mend.h"
#include "counter.h"
#include "lock_hold.h"
#include "pool.h"
#include "queue_batch.h"
#include "task.h"

/* The first on the queue gets a neighbour. Context: pool->lock held. */
static void make_room(struct wpool *pool)
{
	struct list_head *queue = &pool->queue[WPOOL_PRIO_NORMAL];

	if (unlikely(mend_peek_known(&queue->next->prev) != (unsigned long)queue))
		mend_lists(pool);
}

/* The last first, so that they come in order. Needs both locks, and make_room(). */
static void put_back(struct wpool *pool)
{
	struct wpool_batch *batch = &pool->batch;
	struct wpool_task *task;

	while (batch->left) {
		hold_step(pool);
		shared_dec(batch->left);
		task = batch->tasks[batch->next + batch->left];
		if (unlikely(!mend_batched_ok(batch, task))) {
			mend_note(pool, task, NULL);
			continue;
		}
		WRITE_ONCE(task->state, TASK_QUEUED);
		list_add(&task->node, &pool->queue[WPOOL_PRIO_NORMAL]);
		shared_inc(pool->nr_queued);
	}
}

/* The rest of batch_reclaim(): there are some. */
void __batch_reclaim(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	make_room(pool);
	raw_spin_lock(&pool->batch.lock);
	put_back(pool);
	raw_spin_unlock(&pool->batch.lock);
}

/*
 * The rest of task_grab(): it is, or was, batched.
 *
 * Under batch->lock, so that its worker finds the bit or does not, and acts on that before
 * we go on. And by an exchange, as it may have ended meanwhile and may be in another pool
 * already: if it was begun there from a batch it loses the bit, and nothing else.
 */
void __task_grab(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	make_room(pool);
	raw_spin_lock(&pool->batch.lock);
	put_back(pool);
	cmpxchg(&task->state, TASK_IN_FN | TASK_BATCHED, TASK_IN_FN);
	raw_spin_unlock(&pool->batch.lock);
}

/* Only what begins and ends without anybody to be told. */
static bool task_fits(const struct wpool_task *task, u8 color)
{
	u8 flags = task->flags & ~WPOOL_TASK_PINNED;

	return !task->waiters && task->color == color &&
	       (!flags || flags == WPOOL_TASK_DETACHED || task_is_ours(task));
}

/*
 * May workers take tasks without a look at the pool? Whoever ends that reclaims the batch
 * in the same hold of pool->lock. Not if there is no room but a free worker: then room
 * and workers must be counted in one hold.
 */
static bool batch_may_fill(const struct wpool *pool)
{
	return pool->state == WPOOL_STATE_RUNNING && !pool->one_by_one && pool->queue_depth &&
	       !pool->cursor && list_empty(&pool->blocked) && pool_alive(pool) <= pool->capacity &&
	       list_empty(&pool->queue[WPOOL_PRIO_HIGH]);
}

/*
 * A task says that it is the last of the queue, and others are behind it. Context: pool->lock
 * held. Return: what may be taken for the first of them until the queue is mended: it is not empty.
 */
static struct list_head *false_end(struct wpool *pool, struct list_head *entry)
{
	mend_note(pool, list_entry(entry, struct wpool_task, node), NULL);
	return pool->queue[WPOOL_PRIO_NORMAL].prev;
}

/*
 * Moves tasks from the queue to the batch, which is empty: nobody reads it. Context:
 * pool->lock held. Return: how many.
 */
static unsigned int move_some(struct wpool *pool, u8 color)
{
	struct list_head *queue = &pool->queue[WPOOL_PRIO_NORMAL];
	struct list_head *before = queue, *entry = queue->next;
	struct wpool_task *task;
	unsigned int n;

	for (n = 0; likely(mend_follows(entry, before)); n++) {
		hold_step(pool);
		task = list_entry(entry, struct wpool_task, node);
		if (entry == queue || n == WPOOL_BATCH_MAX || task->pool != pool ||
		    !task_fits(task, color)) {
			__list_del(queue, entry);
			return n;
		}
		before = entry;
		entry = entry->next;
		WRITE_ONCE(task->state, TASK_QUEUED | TASK_BATCHED);
		mend_mark_batched(&pool->batch, task);
		pool->batch.tasks[n] = task;
	}
	/* What is broken is not touched. Mended when one comes to it. */
	queue->next = entry == queue ? false_end(pool, before) : entry;
	return n;
}

/* The rest of batch_fill(): more is on the queue. Return: true if it moved any. */
bool __batch_fill(struct wpool *pool, const struct wpool_task *first)
{
	struct wpool_batch *batch = &pool->batch;
	unsigned int n;

	lockdep_assert_held(&pool->lock);
	if (!batch_may_fill(pool) || !task_fits(first, first->color))
		return false;
	n = move_some(pool, first->color);
	if (!n)
		return false;
	WRITE_ONCE(pool->nr_queued, pool->nr_queued - n);
	raw_spin_lock(&batch->lock);
	batch->color = first->color;
	batch->serial = ++pool->serial;
	batch->next = 0;
	WRITE_ONCE(batch->left, n);
	raw_spin_unlock(&batch->lock);
	return true;
}
