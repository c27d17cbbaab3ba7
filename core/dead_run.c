// SPDX-License-Identifier: GPL-2.0
/* Ends runs whose thread is dead, or may be, and touches nothing that lay on its stack. */
#include <linux/lockdep.h>
#include <trace/events/wpool.h>

#include "dead_run.h"
#include "manager_kick.h"
#include "pool.h"
#include "task_end.h"
#include "task_run.h"
#include "task_waiters.h"
#include "tracked_run.h"
#include "worker_stack.h"

/* Is this task or group on the stack of the run's thread? Then it is gone if the thread is. */
static bool run_on_own_stack(const struct wpool_run *run, const void *object)
{
	return is_on_stack(object, run->caller ? run->caller->stack : run->worker->stack);
}

/**
 * run_revoke() - do not run a task again that may be gone already
 * @pool: the pool
 * @run: on &wpool_lists.again
 *
 * The task lies on the stack of a thread that is not a worker and may have died just now. So
 * only the caller that gets the task, or the thread at the end of the run, touches it: see
 * run_clean(). The stack of a worker stays until the pool has let go of all that lies on it, see
 * worker_stack.c.
 *
 * Context: pool->lock held.
 * Return: false if this is no such task.
 */
bool run_revoke(struct wpool *pool, struct wpool_run *run)
{
	lockdep_assert_held(&pool->lock);
	if (!run->caller || run->caller->worker || !run_on_own_stack(run, run->again))
		return false;
	run_forget_again(pool, run);
	run->revoked = true;
	return true;
}

/*
 * From here on nothing that lay on the stack of the dead thread is touched. If the thread was a
 * worker, stack_forget() has already woken the waiters. Context: pool->lock held.
 */
static void run_forget_stack(struct wpool *pool, struct wpool_run *run)
{
	if (run_on_own_stack(run, run->group))
		run->group = NULL;
	/*
	 * Where its stack has been another thread's may be by now: what was submitted since its
	 * death has nothing of it.
	 */
	if (run->again && run->again_alive && !run->caller->worker &&
	    run_on_own_stack(run, run->again_group)) {
		run->again_group = NULL;
		if (!run_on_own_stack(run, run->again))
			task_take_group(run->again);
	}
	if (run_on_own_stack(run, run->task) || run_on_own_stack(run, run->arg))
		run->release = NULL;
	if (!run_on_own_stack(run, run->task))
		return;
	run->task = NULL;
	if (run->again)
		run_forget_again(pool, run);
}

/*
 * Ends the task that a dead thread was inside. Every reaping of a run ends here. Needs pool->lock.
 * Return: true if late.c has the run now: the memory that it is in stays, and late.c frees it.
 */
bool run_reap_one(struct wpool *pool, struct wpool_run *run)
{
	trace_wpool_task_die(pool->name, run->task, run->fn,
			     run->caller ? run->caller->pid_nr : run->worker->pid_nr);
	run_forget_stack(pool, run);
	/* Only its waiter helps such a task. The waiter is dead, so it is freed here. */
	if (run->helped && run->task && run->task->flags & WPOOL_TASK_ALLOCATED) {
		if (run->tracked)
			tracked_run_owns(run);
		else
			run->orphan = true;
	}
	run_close(pool, run, -EOWNERDEAD, WPOOL_STAT_OOPSED);
	if (!run_owes(run))
		return false;
	list_add_tail(&run->again_node, &pool->late.runs);
	kick_work(pool, &pool->late.work);
	return true;
}
