// SPDX-License-Identifier: GPL-2.0
/*
 * The tasks that wait, and those who wait to add one.
 *
 * Everything here needs pool->lock; nothing sleeps, wakes or calls the rest of
 * the pool, flush accounting apart.
 *
 * The one rule of admission: a task is accepted if those queued and those
 * running are together fewer than the capacity plus the queue depth. What a
 * worker is free to take at once, or could be made to take, thus never counts
 * against the depth.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <trace/events/wpool.h>

#include "internal.h"

static bool queue_has_room(const struct wpool *pool)
{
	if (pool->depth == UINT_MAX)
		return true;
	return pool->nr_queued + pool->nr_running < pool->capacity + pool->depth;
}

static void queue_link(struct wpool *pool, struct wpool_task *task)
{
	list_add_tail(&task->node, &pool->queue[task->prio]);
}

/*
 * A task of the pool's own module is not pinned: that module's exit destroys the
 * pool, which waits for it.
 */
static bool queue_pin_owner(struct wpool *pool, struct wpool_task *task)
{
	if (!task->owner || task->owner == pool->owner)
		return true;
	if (!try_module_get(task->owner))
		return false;
	task->flags |= WPOOL_TASK_PINNED;
	return true;
}

/**
 * queue_take_pin() - take over the reference that a queued task has on its owner
 * @task: the task
 *
 * Return: what to module_put(), or NULL.
 */
struct module *queue_take_pin(struct wpool_task *task)
{
	if (!(task->flags & WPOOL_TASK_PINNED))
		return NULL;
	task->flags &= ~WPOOL_TASK_PINNED;
	return task->owner;
}

/**
 * queue_accept() - accept a task, or say why not
 * @pool: the pool
 * @task: the task; its state may be under another pool's lock
 *
 * Context: pool->lock held.
 * Return: 0, -ESHUTDOWN, -EBUSY, -EAGAIN, -ENOENT as in wpool_schedule().
 */
int queue_accept(struct wpool *pool, struct wpool_task *task)
{
	/* Pairs with the release in task_tell_waiters(), maybe in another pool. */
	u8 state = smp_load_acquire(&task->state);

	lockdep_assert_held(&pool->lock);
	if (pool->state != WPOOL_STATE_RUNNING)
		return -ESHUTDOWN;
	if (state & TASK_QUEUED)
		return -EBUSY;
	if ((state & TASK_IN_FN) && READ_ONCE(task->pool) != pool)
		return -EBUSY;
	if (!queue_has_room(pool))
		return -EAGAIN;
	if (!queue_pin_owner(pool, task))
		return -ENOENT;

	WRITE_ONCE(task->pool, pool);
	flush_accept(pool, task);
	pool->stats[WPOOL_STAT_SUBMITTED]++;
	WRITE_ONCE(pool->nr_queued, pool->nr_queued + 1);
	if (state & TASK_IN_FN)
		pool->nr_requeued++;
	else
		queue_link(pool, task);
	/* Release: who sees the state may lock task->pool; see task_lock_pool(). */
	smp_store_release(&task->state, (state & TASK_IN_FN) | TASK_QUEUED);
	trace_wpool_task_queue(pool->name, task, task->fn);
	return 0;
}

/**
 * queue_remove() - take a waiting task off its list
 * @pool: the pool
 * @task: queued, and not inside its function
 *
 * Its state is the caller's to set. Context: pool->lock held.
 */
void queue_remove(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	list_del(&task->node);
	WRITE_ONCE(pool->nr_queued, pool->nr_queued - 1);
}

/**
 * queue_pop() - take the task that is to run next
 * @pool: the pool
 *
 * Context: pool->lock held.
 * Return: the oldest of the highest priority, or NULL.
 */
struct wpool_task *queue_pop(struct wpool *pool)
{
	struct wpool_task *task;
	int prio;

	if (!queue_ready(pool))
		return NULL;
	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++) {
		task = list_first_entry_or_null(&pool->queue[prio],
						struct wpool_task, node);
		if (task) {
			queue_remove(pool, task);
			return task;
		}
	}
	return NULL;
}

/**
 * queue_relink() - let a task that was submitted inside its function wait
 * @pool: the pool
 * @task: queued; its function has just ended
 *
 * Context: pool->lock held.
 */
void queue_relink(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	pool->nr_requeued--;
	queue_link(pool, task);
	WRITE_ONCE(task->state, TASK_QUEUED);
}

/**
 * queue_unrequeue() - forget that a running task is to run again
 * @pool: the pool
 * @task: queued and inside its function
 *
 * Context: pool->lock held.
 */
void queue_unrequeue(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	pool->nr_requeued--;
	WRITE_ONCE(pool->nr_queued, pool->nr_queued - 1);
	WRITE_ONCE(task->state, TASK_IN_FN);
}

/**
 * queue_admit_blocked() - hand the room there is to those who wait for it
 * @pool: the pool
 * @wakes: gets the submitters
 *
 * The longest blocked first, and its task is queued here and now: nobody who
 * comes later can take the room. Called wherever room may have come about, so
 * that blocked submitters mean that there is none. Context: pool->lock held.
 */
void queue_admit_blocked(struct wpool *pool, struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;
	int ret;

	lockdep_assert_held(&pool->lock);
	while ((waiter = list_first_entry_or_null(&pool->blocked,
						  struct wpool_waiter, node))) {
		ret = queue_accept(pool, waiter->task);
		if (ret == -EAGAIN)
			break;
		list_del(&waiter->node);
		pool->nr_blocked--;
		if (ret == -ESHUTDOWN)
			pool->stats[WPOOL_STAT_REJECTED]++;
		waiter_tell(waiter, ret, wakes);
	}
}
