// SPDX-License-Identifier: GPL-2.0
/* Tasks in wpool's own memory. */
#include <linux/module.h>
#include <linux/slab.h>
#include <trace/events/wpool.h>

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
