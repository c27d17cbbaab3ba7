// SPDX-License-Identifier: GPL-2.0
/*
 * What is particular in the run of a task that has a release, or that is detached.
 *
 * Both are known to the run from its beginning on: at its end the task may be gone.
 *
 * All here needs pool->lock.
 */
#include <linux/lockdep.h>

#include "pool.h"
#include "self_run.h"
#include "task.h"
#include "task_end.h"
#include "tracked_run.h"

/* The rest of run_set_up(): its function is known. */
void tracked_run_begin(struct wpool *pool, struct wpool_run *run, struct wpool_task *task)
{
	struct wpool_tracking *tracking = task_tracking(task);

	lockdep_assert_held(&pool->lock);
	run->tracked = true;
	run->release = NULL;
	run->ours = NULL;
	run->nr_ended = 0;
	run->self = NULL;
	if (tracking) {
		run->ours = task->flags & WPOOL_TASK_ALLOCATED && !tracking->awaited ? task : NULL;
		tracking->refused = false;
	}
	/* Its function frees a detached task; its release does if that never begins. */
	if (task->flags & WPOOL_TASK_DETACHED)
		self_begin(pool, run, task);
	else
		run->release = tracking->release;
}

/* Nobody waits for its task any more: it is freed when it is released. */
void tracked_run_owns(struct wpool_run *run)
{
	run->ours = run->task;
}

/* The last part of run_finish(), in place of task_uncount(): the task is not touched. */
void tracked_run_end(struct wpool *pool, struct wpool_run *run, int result, enum wpool_stat how)
{
	lockdep_assert_held(&pool->lock);
	if (!run->release && !run->ours) {
		task_uncount(pool, run->owner, run->group, run->color, result);
		return;
	}
	run->ended[run->nr_ended++] = (struct wpool_ended) {
		.pool = pool, .release = run->release, .arg = run->arg, .owner = run->owner,
		.fate = how == WPOOL_STAT_OOPSED ? WPOOL_FATE_DIED : WPOOL_FATE_RAN,
		.color = run->color, .ours = run->ours,
	};
	task_owes(pool, run->group, result);
}

/* Takes over what a run owes that has ended. */
void run_take_ends(const struct wpool_run *run, struct wpool_ends *ends)
{
	ends->nr = run->nr_ended;
	memcpy(ends->ended, run->ended, sizeof(run->ended));
}
