// SPDX-License-Identifier: GPL-2.0
/*
 * Tells the kernel's object debugging (CONFIG_DEBUG_OBJECTS) about tasks, as workqueue.c does for
 * its own objects. So the kernel reports, with the stack of the culprit, when a task is freed or
 * set up again while a pool has it, or submitted without being set up. It reports, and no more:
 * the pool still has the task.
 *
 * A task is active from its acceptance until its result is set. A detached task is active until
 * its function is called, which may free it. A task that is submitted again inside its function
 * stays active. All this is recorded before other threads can see it, as the owner may do with
 * the task what it likes from then on.
 *
 * A task that was set up by an initializer, and not by a call, is set up here when it is first
 * submitted: %WPOOL_TASK_ONSTACK says so. So no object is recognized as static.
 *
 * Nothing reports that a function returns with a task in its frame. What is reported is that
 * the function returned too early: when the stack is freed, or when the next task is set up in
 * the same place. But a task that is run by the thread on whose stack it lies is not active: if
 * the thread dies, its stack may be freed before the manager reaps the task.
 */
#include <linux/debugobjects.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>

#include "objects.h"
#include "types.h"

static void *task_hint(void *addr)
{
	return ((struct wpool_task *)addr)->fn;
}

static bool fixup_free(void *addr, enum debug_obj_state state)
{
	if (state != ODEBUG_STATE_ACTIVE)
		return false;
	/* Or it would be reported without end. */
	objects_task_ended(addr);
	return true;
}

static const struct debug_obj_descr task_descr = {
	.name		= "wpool_task",
	.debug_hint	= task_hint,
	.fixup_free	= fixup_free,
};

/**
 * __wpool_task_object_init() - a task is about to be set up, or was by an initializer
 * @task: the task, as it was before
 *
 * Context: any.
 */
void __wpool_task_object_init(struct wpool_task *task)
{
	if (object_is_on_stack(task))
		debug_object_init_on_stack(task, &task_descr);
	else
		debug_object_init(task, &task_descr);
}
EXPORT_SYMBOL_GPL(__wpool_task_object_init);

/**
 * objects_task_accepted() - a task belongs to the pool from here on
 * @task: the task; if it is inside its function, it is active already
 *
 * Context: pool->lock held, or inbox.lock.
 */
void objects_task_accepted(struct wpool_task *task)
{
	if (!(READ_ONCE(task->state) & TASK_IN_FN))
		debug_object_activate(task, &task_descr);
}

/**
 * objects_task_begins() - the current thread is about to call the function of a task
 * @task: the task
 *
 * Context: the lock held under which it begins.
 */
void objects_task_begins(struct wpool_task *task)
{
	if (task->flags & WPOOL_TASK_DETACHED || object_is_on_stack(task))
		objects_task_ended(task);
}

/**
 * objects_task_ended() - a task belongs to its owner from here on
 * @task: the task; only its address is used
 *
 * Context: any.
 */
void objects_task_ended(struct wpool_task *task)
{
	debug_object_deactivate(task, &task_descr);
}

/**
 * objects_task_gone() - a task in a stack frame of wpool itself is not used any more
 * @task: ended, or never accepted
 *
 * Context: any.
 */
void objects_task_gone(struct wpool_task *task)
{
	debug_object_free(task, &task_descr);
}
