// SPDX-License-Identifier: GPL-2.0
/*
 * What lies on the stack of a worker and is known to others: groups, and tasks that a function
 * has submitted and not yet waited for.
 *
 * If a function kills the worker, the stack goes with the thread. So when the thread ends,
 * before its stack is freed and reused, the thread itself makes all others let go of what is on
 * it: stack_forget(). Later, when the worker is reaped, its stack is gone and nothing on it is
 * touched: see run_reap(). The end of the thread does not overwrite what is on it: see
 * worker_live_below().
 *
 * Tasks: a worker notes which pools have tasks on its stack. In these pools such tasks are
 * taken back if they wait; if another worker is inside one, its run goes on without the task.
 * Waiters are completed.
 *
 * Groups: their tasks may be anywhere, and any thread may have submitted them. Those that have
 * not begun are taken back, as their data is as a rule on the stack too; those that have begun
 * go on, in no group. Threads may be inside a call on a group. Those that sleep there are
 * completed, and those that are awake learn from stack_is_ending() that the group goes: once
 * that is set and an RCU grace period is over, only a thread that ends a task of the group
 * touches it, under the lock of a pool, and these runs are found in the pools. Blocked
 * submitters notice when there is room.
 *
 * Five things are not handled: a task on its stack that the dead function let another thread
 * submit; a thread in wpool_wait() for a task on the stack that has been woken to look at it again
 * and has not yet done so, or that gives up as one of a rest, see waiters_complete(); a thread that
 * had a pointer to the group, and whose call came to stack_hold() only after the death; a cancel of
 * the group that is going over one pool at the death, and is still at that when the next worker
 * has that stack and a group in that place, of which it takes tasks back; and the stacks of threads
 * that are not workers.
 *
 * Modelled in scripts/model/stack.pml.
 */
#include <linux/kref.h>
#include <linux/lockdep.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>

#include "current_thread.h"
#include "pool.h"
#include "thread_exit.h"
#include "worker_stack.h"

/**
 * stack_lend() - note that a pool has a task on the stack of the current thread
 * @pool: the pool
 *
 * Context: any; pool->lock may be held.
 */
void stack_lend(struct wpool *pool)
{
	struct wpool_worker *worker = worker_current(NULL);
	unsigned int i;

	if (!worker || worker->on_stack.nr_lent > WPOOL_MAX_LENT)
		return;
	for (i = 0; i < worker->on_stack.nr_lent; i++) {
		if (worker->on_stack.lent[i] == pool)
			return;
	}
	if (i < WPOOL_MAX_LENT)
		worker->on_stack.lent[i] = pool;
	worker->on_stack.nr_lent++;
}

/* May a pool know of something on a stack that ends? For that worker itself. */
bool stack_concerns(const struct wpool_worker *worker, const struct wpool *pool)
{
	unsigned int i;

	if (worker->on_stack.ending || worker->on_stack.nr_lent > WPOOL_MAX_LENT)
		return true;
	for (i = 0; i < worker->on_stack.nr_lent; i++) {
		if (worker->on_stack.lent[i] == pool)
			return true;
	}
	return false;
}

/**
 * stack_owner() - the current thread, if it is a worker and an object lies on its stack
 * @object: the object
 *
 * Context: any.
 * Return: the worker, or NULL.
 */
struct wpool_worker *stack_owner(const void *object)
{
	struct wpool_worker *worker = worker_current(NULL);

	if (!worker || !stack_has(worker, object))
		return NULL;
	worker->on_stack.has_groups = true;
	return worker;
}

/**
 * stack_hold() - begin a call on a group
 * @group: the group
 *
 * The worker on whose stack it lies may die at any time. If it lives when the section below
 * begins, the grace period of stack_end() keeps group and worker until the worker is held. If it
 * has died before, its stack may be gone: only who shares a group can see to that. If the caller
 * is a worker and dies itself, the memory of the other is lost.
 *
 * Context: any.
 * Return: the worker for stack_is_ending() during this call, and for stack_release() at its
 * end. NULL if the group does not go before the caller does.
 */
struct wpool_worker *stack_hold(const struct wpool_group *group)
{
	struct wpool_worker *owner;

	rcu_read_lock();
	owner = group->owner;
	if (owner == worker_current(NULL))
		owner = NULL;
	if (owner)
		worker_get(owner);
	rcu_read_unlock();
	return owner;
}

void stack_release(struct wpool_worker *owner)
{
	if (owner)
		worker_put(owner);
}

/* The functions have returned that have set up groups on it. For that worker itself. */
void stack_leave_groups(struct wpool_worker *worker)
{
	worker->on_stack.has_groups = false;
}

/**
 * stack_end() - a stack is about to go
 * @worker: the current thread, whose it is
 *
 * Context: may sleep.
 * Return: false if no pool knows of anything on it.
 */
bool stack_end(struct wpool_worker *worker)
{
	if (worker->on_stack.has_groups) {
		WRITE_ONCE(worker->on_stack.ending, true);
		synchronize_rcu();	/* pairs with stack_is_ending() */
	}
	return worker->on_stack.ending || worker->on_stack.nr_lent;
}

/* The groups that have tasks, of a stack that ends: no more come. */
struct list_head *stack_groups(struct wpool_worker *worker)
{
	return &worker->on_stack.groups;
}

/* A group on its stack has tasks now. Context: group->lock held. */
void stack_link_group(struct wpool_group *group)
{
	lockdep_assert_held(&group->lock);
	raw_spin_lock(&group->owner->on_stack.lock);
	list_add(&group->node, &group->owner->on_stack.groups);
	raw_spin_unlock(&group->owner->on_stack.lock);
}

/* Context: the lock of the stack's list held. */
static void group_unlink(struct wpool_group *group)
{
	lockdep_assert_held(&group->owner->on_stack.lock);
	list_del(&group->node);
}

/* It has none any more. Context: group->lock held. */
void stack_unlink_group(struct wpool_group *group)
{
	lockdep_assert_held(&group->lock);
	raw_spin_lock(&group->owner->on_stack.lock);
	group_unlink(group);
	raw_spin_unlock(&group->owner->on_stack.lock);
}

/*
 * Freed by RCU, for a thread that took the worker off the idle list and is about to wake it;
 * the worker may have ended long ago.
 */
static void worker_free(struct rcu_head *rcu)
{
	struct wpool_worker *worker = container_of(rcu, struct wpool_worker, rcu);

	exit_put(&worker->exit);
	kfree(worker);
}

static void worker_release(struct kref *kref)
{
	call_rcu(&container_of(kref, struct wpool_worker, kref)->rcu, worker_free);
}

/* The memory of a worker stays, also when it is reaped. */
void worker_get(struct wpool_worker *worker)
{
	kref_get(&worker->kref);
}

/**
 * worker_put() - drop a reference to the memory of a worker
 * @worker: the worker
 *
 * Context: any.
 */
void worker_put(struct wpool_worker *worker)
{
	kref_put(&worker->kref, worker_release);
}

/* Called before the thread runs. */
void stack_init(struct wpool_worker *worker)
{
	kref_init(&worker->kref);
	raw_spin_lock_init(&worker->on_stack.lock);
	INIT_LIST_HEAD(&worker->on_stack.groups);
}
