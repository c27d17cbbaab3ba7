// SPDX-License-Identifier: GPL-2.0
/* Finds the pool of a task, and locks it. */
#include <linux/lockdep.h>
#include <linux/rcupdate.h>

#include "delayed.h"
#include "inbox.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_again.h"
#include "task_lock.h"

/*
 * Locks the pool of a task that was accepted and has not ended; NULL if there is none. A task
 * that has not ended keeps its pool. When the state was read, inside the RCU read-side critical
 * section, the pool was there, so its memory stays until the end of that section; and if under
 * the lock the task has still not ended, the pool stays as long as the lock is held. Modelled
 * in scripts/model/release.pml.
 */
struct wpool *__task_lock_pool(struct wpool_task *task, unsigned long *flags)
{
	struct wpool *pool;
	bool held, ours;

	for (;;) {
		rcu_read_lock();
		if (!task_is_accepted(task)) {
			rcu_read_unlock();
			return NULL;
		}
		pool = READ_ONCE(task->pool);
		pool_lock(pool, *flags);
		/* If it is in the inbox now, it is on the queue after this. */
		held = inbox_hold(pool);
		/* Acquire: if the task is in another pool now, this reads that pool. */
		ours = (smp_load_acquire(&task->state) & TASK_ACCEPTED) &&
		       READ_ONCE(task->pool) == pool;
		inbox_release(pool, held);
		if (ours) {
			run_clean(task);
			rcu_read_unlock();
			__release(&pool->lock);	/* see task_lock_pool() */
			return pool;
		}
		/* It has ended meanwhile; perhaps another pool has accepted it. */
		pool_unlock(pool, *flags);
		rcu_read_unlock();
	}
}

/**
 * task_take_back_here() - take back a task that has not begun, wherever it waits in a pool
 * @pool: the pool
 * @task: a task that the pool has
 *
 * Context: pool->lock held.
 * Return: 0: it is on no list, and the caller sets its state. -EAGAIN: its timer is firing, see
 * delayed.c; let that have the lock, and look at the task again. -EBUSY: it does not wait.
 */
int task_take_back_here(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	if (task->state & TASK_QUEUED) {
		queue_take_back(pool, task);
		return 0;
	}
	if (!(task->state & TASK_DELAYED))
		return -EBUSY;
	return delayed_take_back(pool, task) ? 0 : -EAGAIN;
}

/**
 * __task_take_back() - take back a task that has not begun, wherever it waits
 * @task: the task
 * @only: the task is left alone in any other pool; NULL for none such
 * @flags: for pool_unlock()
 *
 * Context: Any but NMI.
 * Return: its pool, locked, with the task on no list; the caller sets its state. NULL if the
 * task does not wait, or not there.
 */
struct wpool *__task_take_back(struct wpool_task *task, const struct wpool *only,
			       unsigned long *flags)
{
	struct wpool *pool;
	int ret;

	for (;;) {
		pool = task_lock_pool(task, flags);
		if (!pool)
			return NULL;
		ret = !only || pool == only ? task_take_back_here(pool, task) : -EBUSY;
		if (!ret)
			break;
		pool_unlock(pool, *flags);
		if (ret != -EAGAIN)
			return NULL;
		cpu_relax();
	}
	__release(&pool->lock);	/* see task_take_back() */
	return pool;
}
