// SPDX-License-Identifier: GPL-2.0
/* Submitting tasks beyond the bound of the queue, or only to a worker that is free. */
#include <linux/module.h>

#include "queue_full.h"
#include "submit.h"

/**
 * wpool_force_schedule() - run a task, also beyond the bound of the queue
 * @pool: the pool
 * @task: as for wpool_schedule()
 *
 * For what must not fail: if there is no room, the task is accepted all the same, and counted
 * in %WPOOL_STAT_FORCED. It goes before the submitters that sleep for room, and they get none
 * before the queue is within its bound again. Never sleeps and never allocates. The caller
 * limits what it submits; the pool does not. With %WPOOL_FULL_DISCARD_OLDEST a later submission
 * may drop it, as any other task.
 *
 * Context: Any but NMI.
 * Return: as wpool_try_schedule(), but never -EAGAIN.
 */
int wpool_force_schedule(struct wpool *pool, struct wpool_task *task)
{
	return submit_to_pool(pool, task, NULL, SUBMIT_FORCED);
}
EXPORT_SYMBOL_GPL(wpool_force_schedule);

/**
 * wpool_force_schedule_keyed() - run a task with a key, also beyond the bound of the queue
 * @pool: the pool
 * @task: as for wpool_schedule_keyed()
 * @key: likewise
 *
 * Context: Any but NMI.
 * Return: as wpool_force_schedule(); also -EBUSY as wpool_schedule_keyed().
 */
int wpool_force_schedule_keyed(struct wpool *pool, struct wpool_keyed_task *task, u64 key)
{
	return submit_to_pool(pool, task ? &task->task : NULL, &key, SUBMIT_FORCED);
}
EXPORT_SYMBOL_GPL(wpool_force_schedule_keyed);

/**
 * wpool_schedule_if_free() - run a task if it need not wait for a worker
 * @pool: the pool
 * @task: as for wpool_schedule()
 *
 * Accepts the task only if a worker is free for it or may be made: if the tasks that run and
 * those that wait are fewer than the capacity, nobody sleeps for room, and the pool is not
 * paused. (That the system freezes is not looked at, nor that a worker is not there yet: while one
 * that leaves is in its worker_stop, hooks are called for one that has died, or none can be made,
 * the task waits.) Otherwise the caller may do the work itself, or leave it. Never sleeps and never
 * allocates.
 *
 * Context: Any but NMI.
 * Return: as wpool_try_schedule(); -EAGAIN if the task would wait.
 */
int wpool_schedule_if_free(struct wpool *pool, struct wpool_task *task)
{
	if (!submit_args_ok(pool, task, SUBMIT_PLAIN))
		return -EINVAL;
	return submit_one(pool, &(struct wpool_submission) {
		.task = task, .timeout = SUBMIT_IF_FREE,
	});
}
EXPORT_SYMBOL_GPL(wpool_schedule_if_free);
