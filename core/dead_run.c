// SPDX-License-Identifier: GPL-2.0
/*
 * Runs whose thread is dead, or may be: their end, without a touch of what lay on its stack.
 */
#include <linux/lockdep.h>

#include "broken_mend.h"
#include "dead_run.h"
#include "pool.h"
#include "queue.h"
#include "task_end.h"
#include "task_run.h"
#include "task_waiters.h"

/* A task or a group on the stack of the thread of a run: gone if that thread is. */
static bool run_on_own_stack(const struct wpool_run *run, const void *object)
{
	unsigned long stack = run->caller ? run->caller->stack : run->worker->stack;

	return (unsigned long)object - stack < THREAD_SIZE;
}

/**
 * run_revoke() - have a task not run again that may be gone already
 * @pool: the pool
 * @run: on &wpool.again
 *
 * It is broken, see broken_mend.c; or it lies on the stack of a thread that is no worker, and may
 * have died just now. So nobody touches the task but who is given it, or the thread at the
 * end of the run: see run_clean().
 * The stack of a worker stays until all that lies on it has been let go of, see worker_stack.c.
 *
 * Context: pool->lock held.
 * Return: false if it is no such task.
 */
bool run_revoke(struct wpool *pool, struct wpool_run *run)
{
	lockdep_assert_held(&pool->lock);
	if (mend_run_ok(run) &&
	    (!run->caller || run->caller->worker || !run_on_own_stack(run, run->again)))
		return false;
	run_forget_again(pool, run);
	run->revoked = true;
	return true;
}

/*
 * Nothing of what lay on the stack of the dead is touched any more. Who waited for that has
 * been told by stack_forget(), if the thread was a worker. Context: pool->lock held.
 */
static void run_forget_stack(struct wpool *pool, struct wpool_run *run)
{
	if (run_on_own_stack(run, run->group))
		run->group = NULL;
	if (run->again && run_on_own_stack(run, run->again_group)) {
		run->again_group = NULL;
		if (!run_on_own_stack(run, run->again) && mend_run_ok(run))
			task_take_group(run->again);
	}
	if (!run_on_own_stack(run, run->task))
		return;
	run->task = NULL;
	if (run->again)
		run_forget_again(pool, run);
}

/*
 * Ends the task that a dead thread was inside. All reapings come by here. @nested: inside
 * another run of a worker. Needs pool->lock.
 */
void run_reap_one(struct wpool *pool, struct wpool_run *run, bool nested)
{
	run_forget_stack(pool, run);
	if (run->task && !mend_run_ok(run))
		run_lose_task(pool, run);
	/* Only who waited for it would run it here: nobody is left to free it. */
	if (nested && run->task && run->task->flags & WPOOL_TASK_ALLOCATED)
		run->orphan = true;
	run_close(pool, run, -EOWNERDEAD, WPOOL_STAT_OOPSED);
}
