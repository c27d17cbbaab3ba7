// SPDX-License-Identifier: GPL-2.0
/* Calls a function in a worker and waits for it: a task and a wait in one. */
#include <linux/module.h>
#include <linux/sched.h>

#include "current_thread.h"
#include "objects.h"
#include "pool.h"
#include "pool_lock.h"
#include "release.h"
#include "stop.h"
#include "task.h"
#include "task_end.h"
#include "task_lock.h"
#include "tracked_run.h"
#include "waiter.h"

/**
 * wpool_run() - call a function in a worker, and wait for its result
 * @pool: the pool
 * @fn: the function
 * @arg: the argument of @fn
 *
 * If the caller is a worker of @pool and no other worker takes the task, the caller runs it itself.
 *
 * Context: Process context; may sleep.
 * Return: what @fn returned, or an error of wpool_schedule(), or -EOWNERDEAD, -ECANCELED or
 * -EDEADLK as for wpool_wait(). With -EDEADLK @fn was not called and will not be called.
 */
int wpool_run(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct wpool_task task;
	int ret;

	might_sleep();
	if (sleep_refused())
		return -EINVAL;
	/* The caller stays until it is done, so no owner must be pinned. */
	__wpool_task_init(&task, fn, arg, NULL);
	/*
	 * As it will be; and not on the stack, or it would be lent to the pool. It is if the
	 * release of a task that it displaces may end this thread.
	 */
	task.flags = WPOOL_TASK_AWAITED;
	if (!IS_ERR_OR_NULL(pool) && pool->conf.full == WPOOL_FULL_DISCARD_OLDEST)
		task.flags |= WPOOL_TASK_ONSTACK;
	ret = wpool_schedule(pool, &task) ?: wpool_wait(&task);
	/* Refused or not, the pool has let go of it: it belongs to the caller again. */
	objects_task_gone(&task);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_run);

/*
 * Asks a task to stop that has begun, and has it freed when it has ended. Context: in an RCU
 * read-side critical section. Return: false if it is done; *@thread is as of stop_run().
 */
static bool abandon_running(struct wpool_task *task, struct task_struct **thread)
{
	struct wpool *pool;
	unsigned long flags;

	pool = task_lock_pool(task, &flags);
	if (!pool)
		return false;
	*thread = stop_run(task->run);
	if (task_tracking(task))
		tracked_run_owns(task->run);
	else
		task->run->orphan = true;
	pool_unlock(pool, flags);
	return true;
}

static void call_free(struct wpool_task *task)
{
	if (task_tracking(task))
		tracked_free(task);
	else
		task_free(task);
}

/* Cancels a task, and frees it before its release is called. Return: false if it has begun. */
static bool abandon_queued(struct wpool_task *task)
{
	struct wpool_tracking *tracking = task_tracking(task);
	struct wpool_ends ends;
	struct wpool *pool;
	unsigned long flags;

	pool = task_take_back(task, NULL, &flags);
	if (!pool)
		return false;
	ends.nr = 0;
	if (tracking)
		tracking->awaited = false;
	task_drop(pool, task, WPOOL_STAT_CANCELLED, &ends);
	pool_unlock(pool, flags);
	if (!tracking)
		task_free(task);
	ends_finish(&ends);
	return true;
}

/*
 * Gives up on a task of wpool_run_timeout(): either it does not run any more, or it is asked to
 * stop and freed when it has ended. Return: false if it is done.
 */
static bool abandon(struct wpool_task *task)
{
	struct task_struct *thread = NULL;
	bool abandoned;

	if (abandon_queued(task))
		return true;
	rcu_read_lock();
	abandoned = abandon_running(task, &thread);
	if (thread)
		wake_up_process(thread);
	rcu_read_unlock();
	return abandoned;
}

/*
 * What is left for the wait. A deadline does not count the jiffy that had begun, and the wait has
 * one of its own; but with nothing left it would only look. Without a limit there is still none.
 */
static unsigned long call_left(const struct wpool_deadline *deadline)
{
	unsigned long left = deadline_left(deadline);

	return deadline->never || left < 2 ? left : left - 1;
}

/* Submits a task of wpool's own memory, and frees it, or has it freed when it has ended. */
static int run_timeout(struct wpool *pool, struct wpool_task *task, unsigned long timeout,
		       bool *accepted)
{
	struct wpool_deadline deadline;
	int ret, result;

	deadline_set(&deadline, timeout);
	task->flags |= WPOOL_TASK_AWAITED;	/* as it will be */
	ret = wpool_schedule_timeout(pool, task, timeout);
	*accepted = !ret;
	if (!ret) {
		ret = wpool_wait_timeout(task, call_left(&deadline), &result);
		if ((ret == -ETIMEDOUT || ret == -EINVAL || ret == -ECANCELED) && abandon(task))
			return ret;
		/* It has ended just now; or it was refused, and the pool has let go of it. */
		if (ret != -EDEADLK)
			ret = task->result;
	}
	call_free(task);
	return ret;
}

/* Behind wpool_run_timeout(). */
int __wpool_run_timeout(struct wpool *pool, wpool_fn_t fn, void *arg, unsigned long timeout,
			wpool_release_t release, struct module *owner)
{
	struct wpool_task *task;
	bool accepted = false;
	int ret = -ENOMEM;

	might_sleep();
	if (release) {
		task = tracked_alloc(fn, arg, release, owner, GFP_KERNEL);
		if (task)
			task_tracking(task)->awaited = true;
	} else {
		task = task_alloc(fn, arg, owner, GFP_KERNEL);
		if (task)
			task->flags = WPOOL_TASK_ALLOCATED;
	}
	if (task)
		ret = run_timeout(pool, task, timeout, &accepted);
	if (release && !accepted)
		release(arg, WPOOL_FATE_CANCELLED);
	return ret;
}
EXPORT_SYMBOL_GPL(__wpool_run_timeout);
