// SPDX-License-Identifier: GPL-2.0
/*
 * Submitting tasks with a key. key.c has what a key does.
 */
#include <linux/module.h>
#include <linux/sched.h>

#include "pool.h"
#include "submit.h"

/**
 * wpool_schedule_keyed() - run a task in order with the others of its key
 * @pool: the pool
 * @task: set up by wpool_keyed_task_init()
 * @key: any number; tasks of one key run one at a time, in submission order
 *
 * A task that is submitted again while it runs comes after the tasks of its key that wait
 * already. Priority only counts among tasks that are not deferred by their key. A call without
 * a key, wpool_schedule() or another, refuses the task. If a task lies on the stack of a worker
 * that dies while another worker runs it, the next of its key does not wait for the end of that.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(); also -EINVAL for a task that is detached, -EBUSY if it is running
 * with another key. If the policy is to run the task in the caller, a keyed task waits for room
 * instead; if it is to drop the oldest task, keyed tasks are dropped in order.
 */
int wpool_schedule_keyed(struct wpool *pool, struct wpool_keyed_task *task, u64 key)
{
	might_sleep();
	return submit_to_pool(pool, task ? &task->task : NULL, &key, SUBMIT_BY_POLICY);
}
EXPORT_SYMBOL_GPL(wpool_schedule_keyed);

/**
 * wpool_try_schedule_keyed() - run a task with a key if there is room
 * @pool: the pool
 * @task: as for wpool_schedule_keyed()
 * @key: likewise
 *
 * Never sleeps and never allocates, whatever the policy of the pool is.
 *
 * Context: Any but NMI.
 * Return: as wpool_try_schedule(); also -EBUSY as wpool_schedule_keyed().
 */
int wpool_try_schedule_keyed(struct wpool *pool, struct wpool_keyed_task *task, u64 key)
{
	return submit_to_pool(pool, task ? &task->task : NULL, &key, SUBMIT_OR_FAIL);
}
EXPORT_SYMBOL_GPL(wpool_try_schedule_keyed);

/**
 * wpool_schedule_keyed_timeout() - run a task with a key, and wait for room with a time limit
 * @pool: the pool
 * @task: as for wpool_schedule_keyed()
 * @key: likewise
 * @timeout: as for wpool_schedule_timeout()
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule_timeout(); also -EBUSY as wpool_schedule_keyed().
 */
int wpool_schedule_keyed_timeout(struct wpool *pool, struct wpool_keyed_task *task, u64 key,
				 unsigned long timeout)
{
	struct wpool_task *plain = task ? &task->task : NULL;

	might_sleep();
	return submit_timed_out(submit_to_pool(pool, plain, &key, submit_timeout(timeout)),
				timeout);
}
EXPORT_SYMBOL_GPL(wpool_schedule_keyed_timeout);

/**
 * wpool_schedule_keyed_interruptible() - run a task with a key, and wait for room until a
 *	signal comes
 * @pool: the pool
 * @task: as for wpool_schedule_keyed()
 * @key: likewise
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule_keyed(); -EINTR after any signal while waiting.
 */
int wpool_schedule_keyed_interruptible(struct wpool *pool, struct wpool_keyed_task *task,
				       u64 key)
{
	might_sleep();
	return submit_to_pool(pool, task ? &task->task : NULL, &key, SUBMIT_INTERRUPTIBLE);
}
EXPORT_SYMBOL_GPL(wpool_schedule_keyed_interruptible);
