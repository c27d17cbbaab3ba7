// SPDX-License-Identifier: GPL-2.0
/*
 * Tells the kernel's object debugging (CONFIG_DEBUG_OBJECTS) about tasks and groups, as
 * workqueue.c does for its own objects. So the kernel reports, with the stack of the culprit,
 * when a task is freed or set up again while a pool has it, or submitted without being set up.
 *
 * A task is active from its acceptance until its result is set. A detached task is active until
 * its function is called, which may free it. A task that is submitted again inside its function
 * stays active. All this is recorded before other threads can see it, as the owner may do with
 * the task what it likes from then on.
 *
 * A group is active as long as it has tasks.
 *
 * A task that was set up by an initializer, and not by a call, is set up here when it is first
 * submitted: %WPOOL_TASK_ONSTACK says so. So no object is recognized as static.
 *
 * Nothing reports that a function returns with a task in its frame. What is reported is that
 * the function returned too early: when the stack is freed, or when the next task is set up in
 * the same place. But a task that is run by the thread on whose stack it lies is not active: if
 * the thread dies, its stack may be freed before the manager reaps the task.
 *
 * After the report the pool lets go of the task, if the task still exists: its waiters are
 * completed, and the damage does not follow. If it does not exist, see broken_mend.c.
 */
#include <linux/debugobjects.h>
#include <linux/init.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched/task_stack.h>

#include "objects.h"
#include "pool.h"
#include "types.h"

/* Makes the pool of a task, which exists, go on without it. */
static void (*let_go)(struct wpool_task *task);

/**
 * objects_init() - before there are pools
 * @task_lost: makes the pool of a task go on without it, wherever the task is
 */
void __init objects_init(void (*task_lost)(struct wpool_task *task))
{
	let_go = task_lost;
}

/* All pools. Written under the lock, read under RCU. */
static LIST_HEAD(pools);
static DEFINE_RAW_SPINLOCK(pools_lock);

void objects_pool_init(struct wpool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pools_lock, flags);
	list_add_rcu(&pool->objects_node, &pools);
	raw_spin_unlock_irqrestore(&pools_lock, flags);
}

/* RCU frees its memory afterwards. Context: any. */
void objects_pool_free(struct wpool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pools_lock, flags);
	list_del_rcu(&pool->objects_node);
	raw_spin_unlock_irqrestore(&pools_lock, flags);
}

/* Does this pool exist? In an RCU read-side critical section. */
static bool is_pool(const struct wpool *wanted)
{
	struct wpool *pool;

	list_for_each_entry_rcu(pool, &pools, objects_node) {
		if (pool == wanted)
			return true;
	}
	return false;
}

/*
 * Object debugging has the task as active. Deactivate it, or it would be reported again and
 * again. The task may have been overwritten before: then its pool is none that exists, and the
 * task stays as it is.
 */
static bool fix_task(void *addr, enum debug_obj_state state)
{
	struct wpool_task *task = addr;

	if (state != ODEBUG_STATE_ACTIVE)
		return false;
	objects_task_ended(task);
	rcu_read_lock();
	if (is_pool(READ_ONCE(task->pool)))
		let_go(task);
	rcu_read_unlock();
	return true;
}

static bool fix_group(void *addr, enum debug_obj_state state)
{
	if (state != ODEBUG_STATE_ACTIVE)
		return false;
	objects_group_ended(addr);
	return true;
}

static void *task_hint(void *addr)
{
	return ((struct wpool_task *)addr)->fn;
}

static bool fix_task_activate(void *addr, enum debug_obj_state state);
static bool fix_group_activate(void *addr, enum debug_obj_state state);

static const struct debug_obj_descr task_descr = {
	.name		= "wpool_task",
	.debug_hint	= task_hint,
	.fixup_init	= fix_task,
	.fixup_activate	= fix_task_activate,
	.fixup_free	= fix_task,
};

static const struct debug_obj_descr group_descr = {
	.name		= "wpool_group",
	.fixup_init	= fix_group,
	.fixup_activate	= fix_group_activate,
	.fixup_free	= fix_group,
};

static void object_init(void *object, const struct debug_obj_descr *descr)
{
	if (object_is_on_stack(object))
		debug_object_init_on_stack(object, descr);
	else
		debug_object_init(object, descr);
}

/*
 * It was never set up: it is reported once. If it was active it was overwritten, and is active
 * again.
 */
static void fix_activate(void *object, const struct debug_obj_descr *descr,
			  enum debug_obj_state state)
{
	if (state != ODEBUG_STATE_NOTAVAILABLE)
		return;
	object_init(object, descr);
	debug_object_activate(object, descr);
}

static bool fix_task_activate(void *addr, enum debug_obj_state state)
{
	fix_activate(addr, &task_descr, state);
	return true;
}

static bool fix_group_activate(void *addr, enum debug_obj_state state)
{
	fix_activate(addr, &group_descr, state);
	return true;
}

/**
 * __wpool_task_object_init() - a task is about to be set up
 * @task: the task, as it was before
 *
 * Context: any.
 */
void __wpool_task_object_init(struct wpool_task *task)
{
	object_init(task, &task_descr);
}
EXPORT_SYMBOL_GPL(__wpool_task_object_init);

/**
 * objects_task_submitted() - a task is submitted that may have been set up by an initializer
 * @task: the task, in no pool
 *
 * Context: any.
 */
void objects_task_submitted(struct wpool_task *task)
{
	object_init(task, &task_descr);
}

/**
 * objects_task_accepted() - a task belongs to the pool from here on
 * @task: the task; if it is inside its function, it is active already
 *
 * Context: pool->lock held, or that of the staging queue.
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

/* Context: any. */
void objects_group_init(struct wpool_group *group)
{
	object_init(group, &group_descr);
}

/* Context: group->lock held. */
void objects_group_begins(struct wpool_group *group)
{
	lockdep_assert_held(&group->lock);
	debug_object_activate(group, &group_descr);
}

/* Context: any; only the address is used. */
void objects_group_ended(struct wpool_group *group)
{
	debug_object_deactivate(group, &group_descr);
}
