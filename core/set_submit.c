// SPDX-License-Identifier: GPL-2.0
/*
 * Submitting a task to a set of pools.
 *
 * wpool_set_try_schedule() keeps a task where it is: no other pool gets it while a thread holds the
 * lock of that task's bucket, as all that submit it take that. It may end meanwhile; then it runs
 * once more in the pool that it was in.
 */
#include <linux/hash.h>
#include <linux/module.h>

#include "pool.h"
#include "pool_lock.h"
#include "self_run.h"
#include "set.h"
#include "types.h"

/**
 * wpool_set_schedule() - schedule a task in the next pool of a set
 * @set: the set
 * @task: as for wpool_schedule()
 * @key: for %WPOOL_RULE_KEY; else unused
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule().
 */
int wpool_set_schedule(struct wpool_set *set, struct wpool_task *task, u64 key)
{
	struct wpool *pool = set_pick(set, key);

	might_sleep();
	return wpool_schedule(pool, task);
}
EXPORT_SYMBOL_GPL(wpool_set_schedule);

/* Is a function that frees the task inside it? */
static bool set_frees_itself(struct wpool *pool, const struct wpool_task *task)
{
	unsigned long flags;
	bool ret;

	/* As self_find() asks; most tasks need not wait for a lock of another CPU's pool. */
	if (!(READ_ONCE(task->flags) & WPOOL_TASK_DETACHED))
		return false;
	pool_lock(pool, flags);
	ret = self_find(pool, task);
	pool_unlock(pool, flags);
	return ret;
}

static bool set_has(const struct wpool_set *set, const struct wpool *pool)
{
	unsigned int i;

	for (i = 0; i < set->n; i++) {
		if (set->pools[i] == pool)
			return true;
	}
	return false;
}

/*
 * The pool for the task: the one that has it, or else @picked. Whoever submitted it last held the
 * lock of its bucket, too: so @task->pool is that of this submission. It is not followed unless it
 * is one of the set: the task may come from a set that is gone. The task may end just now.
 *
 * Context: the lock of the bucket held.
 */
static struct wpool *set_pool_for(struct wpool_set *set, const struct wpool_task *task,
				  struct wpool *picked)
{
	struct wpool *pool = READ_ONCE(task->pool);

	if (!pool || pool == picked || !set_has(set, pool))
		return picked;
	return READ_ONCE(task->state) & TASK_ACCEPTED || set_frees_itself(pool, task) ? pool :
										       picked;
}

/**
 * wpool_set_try_schedule() - schedule a task in the next pool of a set, or where it is
 * @set: the set
 * @task: as for wpool_try_schedule(). While the set has it, or its detached function runs, it must
 *	not be scheduled by another call or into another set or pool
 * @key: for %WPOOL_RULE_KEY; else unused
 *
 * A queued or running task stays in its pool, so it never runs twice at the same time. If it is
 * running, it runs there once more. Several threads may schedule it at the same time. A per-CPU
 * workqueue does the same with its works.
 *
 * Context: Any but NMI. Never sleeps. The caller keeps the task as long as the call takes.
 * Return: as wpool_try_schedule().
 */
int wpool_set_try_schedule(struct wpool_set *set, struct wpool_task *task, u64 key)
{
	struct set_bucket *bucket;
	unsigned long flags;
	int ret;

	if (IS_ERR_OR_NULL(set) || !task)
		return wpool_try_schedule(set_pick(set, key), task);
	bucket = &set->buckets[hash_ptr(task, 32) % set->n];
	/* A pointer that is wrong costs this thread, here, and not all that wait for the lock. */
	(void)READ_ONCE(task->pool);
	raw_spin_lock_irqsave(&bucket->lock, flags);
	ret = wpool_try_schedule(set_pool_for(set, task, set_pick(set, key)), task);
	/* The task may have ended, and the set be destroyed: RCU keeps the lock till here. */
	raw_spin_unlock_irqrestore(&bucket->lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_set_try_schedule);
