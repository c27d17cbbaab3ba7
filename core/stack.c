// SPDX-License-Identifier: GPL-2.0
/*
 * What a worker has on its stack, and others know of: tasks that a function of it has
 * submitted and not yet waited for, and groups.
 *
 * If the function takes the worker down, the stack goes with the thread. So the thread
 * itself, when it ends, before its stack is freed and others have the memory, has all let
 * go of it: stack_forget(). Later, when the worker is buried, its stack is gone, and what
 * was on it is not touched any more: see run_bury(). What is on it is not overwritten by the
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
 * waiters_tell(); and the stacks of threads that are no workers.
 *
 * Modelled in scripts/model/stack.pml.
 */
#include <linux/kref.h>
#include <linux/lockdep.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/task_work.h>

#include "internal.h"

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

static bool stack_lent_to(const struct wpool_worker *worker, const struct wpool *pool)
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

static bool wants_stack(const struct walk_entry *entry, const void *worker)
{
	return stack_has(worker, entry->task) || stack_has(worker, entry->group);
}

/* Ends a task that its run goes on without. Context: pool->lock held. */
static void let_go_of_task(struct wpool *pool, struct wpool_run *run)
{
	struct wpool_task *task = run->task;

	task_grab(pool, task);
	run->task = NULL;
	if (task->state & TASK_QUEUED) {
		queue_take_back(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED);
	}
	key_release(pool, task);
	task_settle(task, -EOWNERDEAD);
}

/* Ends what a run has of a stack. Context: pool->lock held. */
static void let_go(struct wpool *pool, struct wpool_run *run,
		   const struct wpool_worker *dead)
{
	struct wpool_group *group = run->group;

	if (stack_has(dead, run->task))
		let_go_of_task(pool, run);
	if (!stack_has(dead, group))
		return;
	run->group = NULL;
	if (!run->worker)
		group_task_outside(group, pool, false);
	group_task_done(group, pool, -EOWNERDEAD);
}

static void let_go_of_runs(struct wpool *pool, struct wpool_worker *runner,
			   const struct wpool_worker *dead)
{
	unsigned long flags;
	unsigned int i;

	pool_lock(pool, flags);
	for (i = 0; i < runner->depth; i++)
		let_go(pool, &runner->runs[i], dead);
	pool_unlock(pool, flags);
}

/* The same for a task that its submitter runs. */
static void let_go_of_caller(struct wpool_caller *caller, const struct wpool_worker *dead)
{
	struct wpool *pool = caller->pool;
	unsigned long flags;

	pool_lock(pool, flags);
	if (caller->running)
		let_go(pool, &caller->run, dead);
	pool_unlock(pool, flags);
}

/* Has a run to do with the stack? Without a lock; none begins any more that has. */
static bool has_to_do(const struct wpool_run *run, const struct wpool_worker *dead)
{
	return stack_has(dead, READ_ONCE(run->task)) || stack_has(dead, READ_ONCE(run->group));
}

static bool may_run(const struct wpool_worker *runner, const struct wpool_worker *dead)
{
	unsigned int i;

	for (i = 0; i < WPOOL_MAX_NESTING; i++) {
		if (has_to_do(&runner->runs[i], dead))
			return true;
	}
	return false;
}

/* In one pool: what waits first, so that no more of it begins. */
static void forget_in(struct wpool *pool, struct wpool_worker *dead)
{
	struct wpool_caller *caller;
	struct wpool_worker *worker;

	walk_cancel(pool, wants_stack, dead);
	rcu_read_lock();
	list_for_each_entry_rcu(worker, &pool->workers, node) {
		if (may_run(worker, dead))
			let_go_of_runs(pool, worker, dead);
	}
	list_for_each_entry_rcu(caller, &pool->callers, node) {
		if (has_to_do(&caller->run, dead))
			let_go_of_caller(caller, dead);
	}
	rcu_read_unlock();
}

static void forget_in_other(struct wpool *pool, void *arg)
{
	struct wpool_worker *dead = arg;

	if (pool != dead->pool && (dead->ending || stack_lent_to(dead, pool)))
		forget_in(pool, dead);
}

/* What only threads know that are on their way out, or wait. */
static void forget_groups(struct wpool_worker *dead)
{
	struct wpool_group *group, *next;

	list_for_each_entry_safe(group, next, &dead->groups, node)
		group_end(group);
}

/*
 * By the thread of the worker as it ends. If it has left by itself there is nothing, but
 * for tasks that a function has returned from and should not have.
 */
static void stack_forget(struct callback_head *work)
{
	struct wpool_worker *worker = container_of(work, struct wpool_worker, exit_work);

	/* It may have died in an RCU read-side critical section, and we sleep. */
	while (rcu_preempt_depth()) {
		rcu_read_unlock();
		__acquire(RCU);
	}
	dep_thread_ends(worker);
	if (worker->has_groups) {
		WRITE_ONCE(worker->ending, true);
		synchronize_rcu();	/* pairs with stack_is_ending() */
	}
	if (!worker->ending && !worker->nr_lent)
		return;
	/* Perhaps not among all yet. */
	forget_in(worker->pool, worker);
	visit_pools(forget_in_other, worker);
	if (worker->ending)
		forget_groups(worker);
}

/* Before the thread runs. */
void stack_init(struct wpool_worker *worker)
{
	kref_init(&worker->kref);
	raw_spin_lock_init(&worker->groups_lock);
	INIT_LIST_HEAD(&worker->groups);
}

/**
 * stack_watch() - see to it that a worker's thread does that
 * @worker: the current thread
 */
void stack_watch(struct wpool_worker *worker)
{
	init_task_work(&worker->exit_work, stack_forget);
	task_work_add(current, &worker->exit_work, TWA_NONE);
}
