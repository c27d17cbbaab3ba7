// SPDX-License-Identifier: GPL-2.0
/*
 * What a worker has on its stack, and a pool as well: tasks that a function of it has
 * submitted and not yet waited for.
 *
 * If the function takes the worker down, the stack goes with the thread. So a worker
 * notes which pools have something of its stack. Its thread itself, when it ends, before
 * its stack is freed and others have the memory, takes back there what waits and lets go
 * of what runs; whoever waits for one of these tasks is told.
 *
 * Later, when the worker is buried, its stack is gone, and not touched any more.
 */
#include <linux/lockdep.h>
#include <linux/rculist.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/task_work.h>

#include "internal.h"

/* Did it lie on the stack of this worker? */
static bool stack_has(const struct wpool_worker *worker, const void *object)
{
	return (unsigned long)object - worker->stack < THREAD_SIZE;
}

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

static bool wants_stack(const struct wpool_task *task, const void *worker)
{
	return stack_has(worker, task);
}

/* Ends a task that its run goes on without. Context: pool->lock held. */
static void let_go(struct wpool *pool, struct wpool_run *run, struct wpool_wakes *wakes)
{
	struct wpool_task *task = run->task;

	run->task = NULL;
	task_grab(pool, task);
	if (task->pool != pool || !(task->state & TASK_IN_FN) || task->run != run)
		return;		/* was hit */
	if (task->state & TASK_QUEUED) {
		queue_take_back(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED, wakes);
	}
	key_release(pool, task, wakes);
	task_settle(task, -EOWNERDEAD, wakes);
}

static void let_go_of_runs(struct wpool *pool, struct wpool_worker *runner,
			   const struct wpool_worker *dead)
{
	struct wpool_wakes wakes = {};
	unsigned long flags;
	unsigned int i;

	pool_lock(pool, flags);
	for (i = 0; i < runner->depth; i++) {
		if (stack_has(dead, runner->runs[i].task))
			let_go(pool, &runner->runs[i], &wakes);
	}
	wake_for_queue(pool, &wakes);
	pool_unlock_wake(pool, flags, &wakes);
}

/* May be inside a task of the stack. None begins any more. */
static bool may_run(const struct wpool_worker *runner, const struct wpool_worker *dead)
{
	unsigned int i;

	for (i = 0; i < WPOOL_MAX_NESTING; i++) {
		if (stack_has(dead, READ_ONCE(runner->runs[i].task)))
			return true;
	}
	return false;
}

/* In one pool: what waits first, so that no more of it begins. */
static void forget_in(struct wpool *pool, void *arg)
{
	struct wpool_worker *worker, *dead = arg;

	if (!stack_lent_to(dead, pool))
		return;
	walk_cancel(pool, wants_stack, dead);
	rcu_read_lock();
	list_for_each_entry_rcu(worker, &pool->workers, node) {
		if (may_run(worker, dead))
			let_go_of_runs(pool, worker, dead);
	}
	rcu_read_unlock();
}

/*
 * By the thread of the worker as it ends. If it has left by itself there is nothing, but
 * for what a function has returned from and should not have.
 */
static void stack_forget(struct callback_head *work)
{
	struct wpool_worker *worker = container_of(work, struct wpool_worker, exit_work);

	if (!worker->nr_lent)
		return;
	/* It may have died in an RCU read-side critical section, and we sleep. */
	while (rcu_preempt_depth()) {
		rcu_read_unlock();
		__acquire(RCU);
	}
	visit_pools(forget_in, worker);
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
