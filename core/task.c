// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks of wpool's own memory, and the end of a task that never began.
 *
 * An accepted task ends once, in one of three ways, and each of them counts it
 * and tells its waiters in the hold of pool->lock in which it becomes certain:
 * run_end() after its function has returned, run_bury() after its function took
 * the worker down, task_drop() before it began. A task begun from the batch has
 * nobody to be told, and is counted later; see batch.c.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <trace/events/wpool.h>

#include "internal.h"

/* Tasks of wpool_schedule_fn(). */
static struct kmem_cache *task_cache;

int __init task_init(void)
{
	task_cache = KMEM_CACHE(wpool_task, SLAB_HWCACHE_ALIGN);
	return task_cache ? 0 : -ENOMEM;
}

void task_exit(void)
{
	/* Pools that are not freed yet have some to spare, see pool_release(). */
	rcu_barrier();
	dep_exit();
	kmem_cache_destroy(task_cache);
}

struct wpool_task *task_alloc(wpool_fn_t fn, void *arg, struct module *owner,
			      gfp_t gfp)
{
	struct wpool_task *task = kmem_cache_alloc(task_cache, gfp);

	if (task)
		task_set_up(task, fn, arg, owner);
	return task;
}

void task_free(struct wpool_task *task)
{
	kmem_cache_free(task_cache, task);
}

void task_free_chain(struct wpool_task *task)
{
	struct wpool_task *next;

	for (; task; task = next) {
		next = (struct wpool_task *)task->watchers;
		task_free(task);
	}
}

/**
 * tasks_retire() - keep tasks of wpool's own memory for who needs the next, or have
 *	them freed once the lock is dropped
 * @pool: the pool
 * @chain: the tasks, see task_chain()
 *
 * Context: pool->lock held.
 */
void tasks_retire(struct wpool *pool, struct wpool_task *chain)
{
	struct wpool_staging *staging = &pool->staging;
	struct wpool_task *task;

	if (READ_ONCE(staging->nr_spare) < WPOOL_MAX_SPARE) {
		raw_spin_lock(&staging->lock);
		while (staging->nr_spare < WPOOL_MAX_SPARE &&
		       (task = task_unchain(&chain))) {
			shared_inc(staging->nr_spare);
			task_chain(&staging->spare, task);
		}
		raw_spin_unlock(&staging->lock);
	}
	while ((task = task_unchain(&chain)))
		task_chain(&pool->wakes.garbage, task);
}

/**
 * task_drop() - end a task that was accepted and does not begin any more: its
 *	waiters are told -ECANCELED
 * @pool: its pool
 * @task: off the queue, or inside its function and off the queue again; in the
 *	first case not to be touched afterwards
 * @how: the counter for this kind of end
 *
 * Context: pool->lock held.
 */
void task_drop(struct wpool *pool, struct wpool_task *task, enum wpool_stat how)
{
	bool outside = task->state & TASK_IN_FN && !task->run->worker;
	struct wpool_group *group = watch_take_group(task);
	struct module *pinned = queue_take_pin(task);
	u8 color = task->color;

	hold_step(pool);
	if (how == WPOOL_STAT_DROPPED)
		trace_wpool_task_drop(pool->name, task, task->fn);
	else
		trace_wpool_task_cancel(pool->name, task, task->fn);
	stat_inc(pool, how);
	if (group && task->state & TASK_DELAYED)
		group_task_outside(group, pool, false);
	if (task_is_ours(task)) {
		task_retire(pool, task);
	} else if (!(task->state & TASK_IN_FN)) {
		/* Else it never had a place among those of its key. */
		if (task->state & TASK_QUEUED)
			key_release(pool, task);
		task_settle(task, -ECANCELED);
	}
	if (unlikely(group) && outside)
		group_task_outside(group, pool, false);
	task_uncount(pool, pinned, group, color, -ECANCELED);
}
