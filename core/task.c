// SPDX-License-Identifier: GPL-2.0
/* Tasks in wpool's own memory. */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <trace/events/wpool.h>

#include "counter.h"
#include "pool.h"
#include "task.h"

/* The tasks of wpool_schedule_fn(). */
static struct kmem_cache *task_cache;

int __init task_init(void)
{
	task_cache = KMEM_CACHE(wpool_task, SLAB_HWCACHE_ALIGN);
	return task_cache ? 0 : -ENOMEM;
}

void task_exit(void)
{
	/* Pools that are not freed yet have spare tasks, see pool_release(). */
	rcu_barrier();
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
		next = (struct wpool_task *)task->waiters;
		task_free(task);
	}
}

/**
 * tasks_retire() - keep tasks of wpool's own memory as spare ones, or free them when
 *	the lock is dropped
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
		task_chain(&pool->wake_queue.garbage, task);
}
