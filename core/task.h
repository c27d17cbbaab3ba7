/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory and the flags of a task; see task.c.
 */
#ifndef _WPOOL_TASK_H
#define _WPOOL_TASK_H

#include <linux/module.h>

#include "pool.h"
#include "types.h"

int task_init(void);
void task_exit(void);
struct wpool_task *task_alloc(wpool_fn_t fn, void *arg, struct module *owner,
			      gfp_t gfp);
void task_free(struct wpool_task *task);
void task_free_chain(struct wpool_task *task);

/**
 * queue_take_pin() - take over the reference that a queued task has on its owner; the flag of a
 *	periodic task that waits ends here, too
 * @task: the task; no longer waits
 *
 * Return: what to module_put(), or NULL.
 */
static inline struct module *queue_take_pin(struct wpool_task *task)
{
	const u8 waiting = WPOOL_TASK_PINNED | WPOOL_TASK_PERIODIC;
	u8 flags = task->flags;

	if (likely(!(flags & waiting)))
		return NULL;
	WRITE_ONCE(task->flags, flags & ~waiting);
	return flags & WPOOL_TASK_PINNED ? task->owner : NULL;
}

/*
 * A thread waits, or is about to wait, for a task that has not ended. The mark stays until it has:
 * if the task is submitted inside its function the thread goes on waiting, and while it is awake,
 * because it spins, runs the task itself or has been told to look again, the mark is all that
 * tells of it. Needs pool->lock.
 */
static inline void task_mark_awaited(struct wpool_task *task)
{
	WRITE_ONCE(task->flags, task->flags | WPOOL_TASK_AWAITED);
}

/* The task has ended: its next submission knows nothing of those waits. Needs pool->lock. */
static inline void task_unmark_awaited(struct wpool_task *task)
{
	if (unlikely(task->flags & WPOOL_TASK_AWAITED))
		WRITE_ONCE(task->flags, task->flags & ~WPOOL_TASK_AWAITED);
}

/* Only the pool has the task, and gets it back as soon as it has begun. */
static inline bool task_is_ours(const struct wpool_task *task)
{
	const u8 both = WPOOL_TASK_ALLOCATED | WPOOL_TASK_DETACHED;

	return (task->flags & both) == both;
}

/* Has it no key, group, release or waiter, and no pinned owner? It may be wpool's own memory. */
static __always_inline bool task_is_simple(const struct wpool_task *task)
{
	return !task->waiters && (likely(!task->flags) ||
				  task->flags == (WPOOL_TASK_ALLOCATED | WPOOL_TASK_DETACHED));
}

/* A task of wpool's own memory. */
static inline void task_set_up(struct wpool_task *task, wpool_fn_t fn, void *arg,
			       struct module *owner)
{
	__wpool_task_init(task, fn, arg, owner);
	task->flags = WPOOL_TASK_DETACHED | WPOOL_TASK_ALLOCATED;
}

/* What a task has behind it, or NULL. */
static inline struct wpool_tracking *task_tracking(struct wpool_task *task)
{
	if (likely(!(READ_ONCE(task->flags) & WPOOL_TASK_TRACKED)))
		return NULL;
	return &container_of(task, struct wpool_release_task, task)->tracking;
}

/*
 * Was a wait for this submission refused? By then its owner may have set it up anew, as a task
 * without either. Context: the lock of its pool held.
 */
static inline bool task_refused(struct wpool_task *task)
{
	struct wpool_tracking *tracking = task_tracking(task);

	return tracking && tracking->refused;
}

static inline bool task_has_release(struct wpool_task *task)
{
	const struct wpool_tracking *tracking = task_tracking(task);

	return tracking && tracking->release;
}

/* Links tasks of wpool's own memory that nobody needs, by their member for the waiters. */
static inline void task_chain(struct wpool_task **chain, struct wpool_task *task)
{
	task->waiters = (unsigned long)*chain;
	WRITE_ONCE(*chain, task);	/* that of an inbox is also read without its lock */
}

static inline struct wpool_task *task_unchain(struct wpool_task **chain)
{
	struct wpool_task *task = *chain;

	if (task)
		WRITE_ONCE(*chain, (struct wpool_task *)task->waiters);
	return task;
}

#endif /* _WPOOL_TASK_H */
