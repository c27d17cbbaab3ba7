// SPDX-License-Identifier: GPL-2.0
/*
 * The releases that nobody else calls: of tasks whose thread is dead, and of delayed tasks of a
 * closed pool. The manager calls no code of other modules, and a timer calls no release.
 *
 * Each pool has a work item for them, on the workqueue of hooks.c. It is another item: a release
 * must not sleep, so a hook that does holds up none. If a release never returns, that costs its
 * pool its end, and no other pool anything.
 */
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "caller_runs.h"
#include "late.h"
#include "pool.h"
#include "pool_lock.h"
#include "release.h"
#include "shutdown.h"
#include "tracked_run.h"
#include "worker_stack.h"

/* Calls what a run owes whose thread is dead. Return: false if there is none. */
static bool late_run(struct wpool *pool)
{
	struct wpool_run *run;
	struct wpool_ends ends;
	unsigned long flags;

	pool_lock(pool, flags);
	run = list_first_entry_or_null(&pool->late.runs, struct wpool_run, again_node);
	if (run)
		list_del(&run->again_node);
	pool_unlock(pool, flags);
	if (!run)
		return false;
	run_take_ends(run, &ends);
	if (run->caller)
		caller_free(run->caller);
	else
		worker_put(run->worker);
	ends_finish(&ends);
	return true;
}

static void late_work(struct work_struct *work)
{
	struct wpool *pool = container_of(work, struct wpool, late.work);

	WRITE_ONCE(pool->late.thread, get_task_struct(current));
	while (late_run(pool) || pool_close_late(pool))
		cond_resched();
	WRITE_ONCE(pool->late.thread, NULL);
	put_task_struct(current);
	wpool_put(pool);
}

void late_init(struct wpool *pool)
{
	INIT_WORK(&pool->late.work, late_work);
	INIT_LIST_HEAD(&pool->late.runs);
}
