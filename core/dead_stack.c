// SPDX-License-Identifier: GPL-2.0
/*
 * A dying worker lets go of what lies on its stack before the stack goes; see worker_stack.c.
 */
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/task_work.h>

#include "caller_runs.h"
#include "compat.h"
#include "dead_stack.h"
#include "depmap.h"
#include "group.h"
#include "key_release.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue_again.h"
#include "queue_walk.h"
#include "registry.h"
#include "release.h"
#include "task_end.h"
#include "worker_list.h"
#include "worker_stack.h"

static bool wants_stack(const struct walk_entry *entry, const void *worker)
{
	return stack_has(worker, entry->task) || stack_has(worker, entry->group);
}

/* Ends a task whose run goes on without it. Context: pool->lock held. */
static void run_let_go(struct wpool *pool, struct wpool_run *run)
{
	struct wpool_task *task = run->task;

	run->task = NULL;
	run->release = NULL;
	if (task->state & TASK_WAITS) {
		queue_take_back(pool, task);
		/* On a stack it has no release. */
		task_drop(pool, task, WPOOL_STAT_CANCELLED, NULL);
	}
	key_release(pool, task);
	task_settle(task, -EOWNERDEAD);
}

/* Lets a run go on without what it has of a stack. Context: pool->lock held. */
static void let_go(struct wpool *pool, struct wpool_run *run,
		   const struct wpool_worker *dead)
{
	struct wpool_group *group = run->group;

	if (stack_has(dead, run->task))
		run_let_go(pool, run);
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
	for (i = 0; i < runner->nesting; i++)
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

/*
 * Does a run use something on this stack? Needs no lock: no new run begins that does. Acquire: if
 * it does not, it has done with what it had there.
 */
static bool has_to_do(const struct wpool_run *run, const struct wpool_worker *dead)
{
	/* Pairs with run_set_up(). */
	const struct wpool_task *task = smp_load_acquire(&run->task);

	return stack_has(dead, task) || stack_has(dead, READ_ONCE(run->group));
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

/*
 * In one pool: first what waits, so that no more of it begins. A worker that had this stack
 * before is dead, too, and perhaps not reaped yet: what it had there is gone, and its reaping knows
 * that.
 */
static void forget_in(struct wpool *pool, struct wpool_worker *dead)
{
	struct wpool_caller *caller;
	struct wpool_worker *worker;
	struct wpool_ends ends;
	bool full;

	do {
		ends.nr = 0;
		walk_cancel(pool, wants_stack, dead, &ends);
		full = ends_full(&ends);
		ends_let_go(&ends, dead);
		ends_finish(&ends);
	} while (full);
	rcu_read_lock();
	for_each_worker_rcu(worker, pool) {
		if ((worker == dead || worker->stack != dead->stack) && may_run(worker, dead))
			let_go_of_runs(pool, worker, dead);
	}
	for_each_caller_rcu(caller, pool) {
		if ((caller->worker == dead || caller->stack != dead->stack) &&
		    has_to_do(&caller->run, dead))
			let_go_of_caller(caller, dead);
	}
	rcu_read_unlock();
}

static void forget_in_other(struct wpool *pool, void *arg)
{
	struct wpool_worker *dead = arg;

	if (pool != dead->pool && stack_concerns(dead, pool))
		forget_in(pool, dead);
}

/**
 * group_end() - wake all waiters of a group that is about to go
 * @group: no longer in any pool; on the stack of the current thread, which is dying
 *
 * Context: any.
 */
static void group_end(struct wpool_group *group)
{
	struct wpool *pool;
	unsigned long flags;

	/* No worker comes to be counted any more: group_doze() sees that the group ends. */
	raw_spin_lock_irqsave(&group->lock, flags);
	pool = group_get_counting_home(group) ?: wpool_get(group->owner->pool);
	raw_spin_unlock_irqrestore(&group->lock, flags);

	pool_lock(pool, flags);
	raw_spin_lock(&group->lock);
	group->pending = 0;
	group->joining = 0;	/* they will not touch it */
	if (!group->error)
		group->error = -EOWNERDEAD;
	group_empty(group, pool);
	raw_spin_unlock(&group->lock);
	pool_unlock(pool, flags);
	wpool_put(pool);
}

/* Groups that only dying or waiting threads know. */
static void forget_groups(struct wpool_worker *dead)
{
	struct wpool_group *group, *next;

	list_for_each_entry_safe(group, next, stack_groups(dead), node)
		group_end(group);
}

/*
 * Run by the thread of the worker as it ends. If the worker left normally there is nothing to
 * do, except for tasks from which a function returned too early.
 */
static void stack_forget(struct callback_head *work)
{
	struct wpool_worker *worker = container_of(work, struct wpool_worker, exit_work);

	/*
	 * The thread may have died in an RCU read-side critical section, and this function
	 * sleeps.
	 */
	while (rcu_preempt_depth()) {
		rcu_read_unlock();
		__acquire(RCU);
	}
	/* Or where it must not migrate: a change of its CPUs waits for the end of that. */
	while (WPOOL_MIGRATION_DISABLED(current))
		migrate_enable();
	dep_thread_ends(worker);
	ends_forget(worker);
	if (!stack_end(worker))
		return;
	/* Its own pool concerns it in any case. */
	forget_in(worker->pool, worker);
	visit_all_pools(forget_in_other, worker);
	if (stack_is_ending(worker))
		forget_groups(worker);
}

/*
 * As task_work_add() would with TWA_NONE, which mainline exports to no module. For the current
 * thread, as long as it is not about to end, there is no more to it.
 */
static void add_task_work(struct callback_head *work)
{
	struct callback_head *head = READ_ONCE(current->task_works);

	do {
		work->next = head;
	} while (!try_cmpxchg(&current->task_works, &head, work));
}

/**
 * stack_watch() - have a worker's thread do that when it ends
 * @worker: the current thread
 */
void stack_watch(struct wpool_worker *worker)
{
	init_task_work(&worker->exit_work, stack_forget);
	add_task_work(&worker->exit_work);
}
