// SPDX-License-Identifier: GPL-2.0
/*
 * What a worker has on its stack, and others know of: tasks that a function of it has
 * submitted and not yet waited for, and groups.
 *
 * If the function takes the worker down, the stack goes with the thread. So the thread
 * itself, when it ends, before its stack is freed and others have the memory, has all let
 * go of it: stack_forget(). Later, when the worker is reaped, its stack is gone, and what
 * was on it is not touched any more: see run_reap(). What is on it is not overwritten by the
 * end of the thread: see worker_loop_below().
 *
 * Tasks: a worker notes which pools have had some of its stack. There they are taken back
 * if they wait; if another worker is inside one, it goes on without it. Who waits for one is
 * told.
 *
 * Groups: their tasks may be anywhere, submitted by anybody; those that have not begun are
 * taken back, as what they are to work on is on the stack as a rule, too; those that have
 * go on, in no group. Threads may be in a call on a group. Who sleeps there is told, those
 * who are awake find it gone by stack_is_ending(): once that is set, and an RCU grace period
 * is over, nobody touches the group but who ends a task of it, under a pool's lock, and
 * these are found in the pools. Blocked submitters have time until there is room.
 *
 * Not seen to is what only a function that died could have told of: a task on its stack that
 * it had another thread submit; a thread that has been woken in wpool_wait() for a task on
 * the stack, to look at it again, and has not yet, or that gives up as one of a rest, see
 * waiters_complete(); and the stacks of threads that are no workers.
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

	if (!worker || worker->nr_lent > WPOOL_MAX_LENT)
		return;
	for (i = 0; i < worker->nr_lent; i++) {
		if (worker->lent[i] == pool)
			return;
	}
	if (i < WPOOL_MAX_LENT)
		worker->lent[i] = pool;
	worker->nr_lent++;
}

bool stack_lent_to(const struct wpool_worker *worker, const struct wpool *pool)
{
	unsigned int i;

	if (worker->nr_lent > WPOOL_MAX_LENT)
		return true;
	for (i = 0; i < worker->nr_lent; i++) {
		if (worker->lent[i] == pool)
			return true;
	}
	return false;
}

/**
 * stack_owner() - the current thread, if it is a worker and something lies on its stack
 * @object: that
 *
 * Context: any.
 * Return: the worker, or NULL.
 */
struct wpool_worker *stack_owner(const void *object)
{
	struct wpool_worker *worker = worker_current(NULL);

	if (!worker || !stack_has(worker, object))
		return NULL;
	worker->has_groups = true;
	return worker;
}

/**
 * stack_hold() - begin a call on a group
 * @owner: of the group: the worker on whose stack it lies, or NULL
 *
 * The worker may die meanwhile. Should the caller do so, itself a worker, then the memory of
 * @owner is lost.
 *
 * Context: any.
 * Return: what to ask stack_is_ending() of in this call, for stack_release(). NULL if the
 * group does not go before the caller does.
 */
struct wpool_worker *stack_hold(struct wpool_worker *owner)
{
	if (!owner || owner == worker_current(NULL))
		return NULL;
	kref_get(&owner->kref);
	return owner;
}

void stack_release(struct wpool_worker *owner)
{
	if (owner)
		worker_put(owner);
}

/* A group of its stack has tasks now. Context: group->lock held. */
void stack_link_group(struct wpool_group *group)
{
	lockdep_assert_held(&group->lock);
	raw_spin_lock(&group->owner->groups_lock);
	list_add(&group->node, &group->owner->groups);
	raw_spin_unlock(&group->owner->groups_lock);
}

/* Or none any more. Context: group->lock held. */
void stack_unlink_group(struct wpool_group *group)
{
	lockdep_assert_held(&group->lock);
	raw_spin_lock(&group->owner->groups_lock);
	list_del(&group->node);
	raw_spin_unlock(&group->owner->groups_lock);
}

/*
 * RCU, because of who took the worker off the idle list and is about to wake it; the
 * thread may have ended long ago.
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

/* Before the thread runs. */
void stack_init(struct wpool_worker *worker)
{
	kref_init(&worker->kref);
	raw_spin_lock_init(&worker->groups_lock);
	INIT_LIST_HEAD(&worker->groups);
}
