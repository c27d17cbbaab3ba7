// SPDX-License-Identifier: GPL-2.0
/* All ways to submit a task, behind one call. */
#include <linux/kernel.h>
#include <linux/module.h>

#include "delayed_schedule.h"
#include "group_schedule.h"
#include "how.h"
#include "pool.h"
#include "submit.h"

/* What is wrong with the flags, or NULL. */
static const char *how_fault(const struct wpool_how *how)
{
	unsigned int room = how->flags & HOW_ROOM, time = how->flags & HOW_TIME;

	if (how->flags & ~(HOW_ROOM | HOW_TIME | WPOOL_KEYED))
		return "with unknown flags";
	if (room & (room - 1) && room != (WPOOL_TIMED | WPOOL_INTERRUPTIBLE))
		return "with flags that contradict each other";
	if (time && (room || how->flags & WPOOL_KEYED))
		return "with a time and a key, or a time and a wait for room";
	if (time && time != WPOOL_AT && time != WPOOL_EVERY && time != (WPOOL_MODIFY | WPOOL_AT))
		return "with two times";
	if (time & ~WPOOL_AT && how->group)
		return "in a group, with a period or another time";
	return NULL;
}

/**
 * wpool_schedule_how() - schedule a task, in any way
 * @pool: the pool
 * @task: the task; with %WPOOL_KEYED the member of a struct wpool_keyed_task, with %WPOOL_AT or
 *	%WPOOL_EVERY of a struct wpool_delayed_task
 * @how: see &struct wpool_how
 *
 * A task of a group counts for the group until it has ended. In a group of %WPOOL_GROUP_FAIL_FAST
 * that has failed it ends with -ECANCELED.
 *
 * Context: Any but NMI with %WPOOL_NOWAIT, %WPOOL_FORCE, %WPOOL_IF_FREE or a time. Otherwise
 * process context; may sleep.
 * Return: 0 if accepted. Otherwise nothing has changed:
 * -EINVAL: a NULL pointer, no function, unknown priority, a task of another kind than @how is for,
 * a task on the stack with a release or a time, flags that contradict each other; the log says
 * which. Or it would have to sleep in atomic context;
 * -ESHUTDOWN: the pool accepts no more, or was shut down while the caller slept for room;
 * -EBUSY: already queued: the coming run sees all that the caller has stored before. Or another
 * pool has it, or it runs with another key;
 * -ECANCELED: it runs, and was asked to stop: see wpool_ask_stop(); or the caller was, while it
 * slept for room;
 * -EAGAIN: full, or with %WPOOL_IF_FREE no worker is free, or too many submitters sleep for room;
 * -ETIMEDOUT: there was no room within the time;
 * -EINTR: a fatal signal while asleep for room; with %WPOOL_INTERRUPTIBLE any signal;
 * -EDEADLK: the caller is a worker of this pool, and all its workers wait for one another;
 * -ENOENT: the task's module is going away;
 * -EOWNERDEAD: the group lay on the stack of a worker that has died meanwhile. -ESHUTDOWN comes
 * before -EBUSY, and this before -EAGAIN.
 */
int wpool_schedule_how(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how)
{
	const char *fault;

	if (IS_ERR_OR_NULL(pool) || !how)
		return -EINVAL;
	fault = how_fault(how);
	if (fault) {
		pr_err_ratelimited("%s: refused: a task %s\n", pool->name, fault);
		return -EINVAL;
	}
	might_sleep_if(!(how->flags & (WPOOL_NOWAIT | WPOOL_FORCE | WPOOL_IF_FREE | HOW_TIME)));
	if (how->flags & HOW_TIME && !delayed_args_ok(pool, task, how))
		return -EINVAL;
	if (how->group)
		return group_submit(pool, task, how);
	return how->flags & HOW_TIME ? delayed_submit(pool, task, how) :
				       submit_task(pool, task, how);
}
EXPORT_SYMBOL_GPL(wpool_schedule_how);
