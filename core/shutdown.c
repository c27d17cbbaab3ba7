// SPDX-License-Identifier: GPL-2.0
/*
 * A pool's end: closed to new tasks, drained or emptied, terminated by the manager,
 * destroyed; and its way back, the restart. That it comes to its end once, and that
 * nobody misses it or touches the pool after it, is shown by
 * scripts/model/teardown.pml.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/wait_bit.h>
#include <trace/events/wpool.h>

#include "counter.h"
#include "current_thread.h"
#include "dead_run.h"
#include "delayed.h"
#include "depmap.h"
#include "hooks.h"
#include "latency.h"
#include "lock_hold.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_batch.h"
#include "refs.h"
#include "registry.h"
#include "resize.h"
#include "shutdown.h"
#include "task_end.h"
#include "waiter.h"
#include "watchdog.h"

void pool_set_state(struct wpool *pool, enum wpool_state state)
{
	lockdep_assert_held(&pool->lock);
	trace_wpool_pool_state(pool->name, pool->state, state);
	WRITE_ONCE(pool->state, state);
	if (pool_is_closing(pool)) {
		pool->end_marks |= MARK_END;
		pool_mark(pool, MARK_ROOM | MARK_MANAGER);
	}
}

/*
 * Closes a pool, if it is open or less closed. Once the state is set no more comes, so
 * what it keeps no longer may be ended in several holds: of delayed tasks some here, the rest
 * by the manager, which may take its time; submitters that block are turned away as the lock
 * is dropped. The pool does not come to its end before all of it has.
 *
 * Context: pool->lock held.
 */
static void close_pool(struct wpool *pool, enum wpool_state state)
{
	bool was_open = pool->state == WPOOL_STATE_RUNNING;

	lockdep_assert_held(&pool->lock);
	if (pool->state >= state)
		return;
	batch_reclaim(pool);
	pool_set_state(pool, state);
	if (was_open)
		watchdog_await(pool);
	/* A pause ends here: nothing may keep a pool from its end. */
	pool->paused = state == WPOOL_STATE_STOP;
	delayed_cancel_some(pool);
}

/**
 * pool_go_on_closing() - end what a closed pool keeps no longer
 * @pool: the pool, in any state
 *
 * Context: the manager. Returns after some of it, so that other pools have their turn, and
 * is to be called again then.
 */
void pool_go_on_closing(struct wpool *pool)
{
	unsigned long flags;

	if (READ_ONCE(pool->state) == WPOOL_STATE_RUNNING)
		return;
	pool_lock(pool, flags);
	if (pool_is_closing(pool) && delayed_cancel_some(pool))
		pool_mark(pool, MARK_MANAGER);
	pool_unlock(pool, flags);
}

static void shut_down(struct wpool *pool)
{
	unsigned long flags;

	pool_lock(pool, flags);
	close_pool(pool, WPOOL_STATE_SHUTDOWN);
	pool_unlock(pool, flags);
}

/**
 * wpool_shutdown() - accept no more tasks
 * @pool: the pool; NULL is ignored, the default pool refused with a message
 *
 * What was accepted still runs; blocked submitters get -ESHUTDOWN. Does not
 * wait: of many delayed tasks and blocked submitters some are still to be told when it
 * returns, by another thread and at once. Again does no harm.
 *
 * Context: Any but NMI. Takes a time that does not depend on what the pool has.
 */
void wpool_shutdown(struct wpool *pool)
{
	if (!IS_ERR_OR_NULL(pool) && !pool_is_shared(pool, "wpool_shutdown()"))
		shut_down(pool);
}
EXPORT_SYMBOL_GPL(wpool_shutdown);

/*
 * Waits for the end. Counted, because it is not over for a waiter when it is told:
 * were the completion used anew before he has run, he would sleep on.
 *
 * There is one wake-up, which each passes on to the next: so nobody wakes all of them with
 * interrupts off. Who does not find it, as another has it just then, sees by the state that
 * the end has come; that stays so while it is counted.
 */
static bool await_end(struct wpool *pool, unsigned long timeout)
{
	struct wpool_deadline deadline;
	unsigned long flags;
	bool ended;

	deadline_set(&deadline, timeout);
	dep_wait_pool(pool, deadline.never);
	dep_wait_manager(deadline.never);
	pool_lock(pool, flags);
	shared_inc(pool->nr_awaiting);
	if (pool->nr_awaiting == 1)
		watchdog_await(pool);
	pool_unlock(pool, flags);

	ended = wait_for_completion_timeout(&pool->terminated,
					    deadline_left(&deadline));

	pool_lock(pool, flags);
	if (ended)
		complete(&pool->terminated);
	else
		ended = pool->state == WPOOL_STATE_TERMINATED;
	shared_dec(pool->nr_awaiting);
	pool_unlock(pool, flags);
	/* The count before the look for sleepers; pairs with wait_var_event(). */
	smp_mb();
	wake_up_var(&pool->nr_awaiting);
	return ended;
}

/* Shuts down and waits until no task and no worker is left. */
void pool_stop(struct wpool *pool)
{
	shut_down(pool);
	await_end(pool, MAX_SCHEDULE_TIMEOUT);
}

/*
 * Is a task that was taken back to be handed to who shuts the pool down? Not what somebody
 * else has in hand: who waits for it, or may wait again, whose stack it lies on, whose
 * group it is in. Context: pool->lock held.
 */
static bool is_owners(const struct wpool_task *task)
{
	const u8 others = WPOOL_TASK_ALLOCATED | WPOOL_TASK_PRIVATE |
			  WPOOL_TASK_ONSTACK | WPOOL_TASK_AWAITED;

	return !(task->flags & others) && !task->waiters &&
	       !(task->state & TASK_IN_FN);
}

/*
 * Takes back some of what is queued, and adds up how many. Context: pool->lock held. Return:
 * false if there are no more.
 */
static bool take_back_some(struct wpool *pool, struct list_head *unrun, unsigned int *n)
{
	struct wpool_task *task;
	struct wpool_run *run;
	unsigned int i;

	for (i = 0; i < WPOOL_CHUNK; i++) {
		run = list_first_entry_or_null(&pool->again, struct wpool_run, again_node);
		if (run && run_revoke(pool, run)) {
			++*n;
			continue;
		}
		task = queue_find(pool);
		if (!task)
			return false;
		queue_take_back(pool, task);
		/* Before the end is told: from then on its owner may free it. */
		if (unrun && is_owners(task))
			list_add_tail(&task->node, unrun);
		task_drop(pool, task, WPOOL_STAT_CANCELLED);
		++*n;
	}
	return true;
}

/**
 * wpool_shutdown_now() - accept no more tasks and begin none
 * @pool: the pool; NULL is ignored, the default pool refused with a message
 * @unrun: gets those that were queued and that nobody else has in hand, linked by
 *	their member node, in the order in which they would have begun; or NULL
 *
 * All that were queued end with -ECANCELED; those that run are asked to stop, see
 * wpool_should_stop(). Does not wait for them. Opened again meanwhile, the pool keeps
 * what it has accepted since.
 *
 * Whose a task is then: with @unrun the caller's, if nobody has called wpool_wait() or
 * wpool_wait_timeout() on it since it was submitted, if it is in no group, and if it does
 * not lie on the stack of the thread that submitted it. The caller must not free or
 * submit it before it is off the list. Who comes to wait for it after that gets
 * -ECANCELED at once, but not the memory. So if threads other than the caller submit
 * tasks and free them after a wait of their own, @unrun must be NULL, unless they have
 * all begun to wait.
 *
 * All others are not on the list and are whose they were: who waits for one is told
 * -ECANCELED and has its memory back, as after wpool_cancel(). So it is with all if
 * @unrun is NULL, and with delayed tasks and the second run of a task that is running in
 * any case. What wpool_schedule_fn(), wpool_run() and the like have made goes by itself.
 *
 * Context: Process context; may sleep.
 * Return: how many were queued, on the list or not.
 */
unsigned int wpool_shutdown_now(struct wpool *pool, struct list_head *unrun)
{
	unsigned int n = 0, epoch;
	unsigned long flags;
	bool more = true;

	might_sleep();
	if (IS_ERR_OR_NULL(pool) || pool_is_shared(pool, "wpool_shutdown_now()"))
		return 0;
	pool_lock(pool, flags);
	epoch = pool->epoch;
	close_pool(pool, WPOOL_STATE_STOP);
	for (;;) {
		/* What was accepted after a restart is none of ours. */
		if (pool->epoch != epoch)
			more = false;
		else if (pool->nr_delayed)
			delayed_cancel_some(pool);
		else if (!pool->nr_blocked)
			more = take_back_some(pool, unrun, &n);
		pool_unlock(pool, flags);
		if (!more)
			return n;
		cond_resched();
		pool_lock(pool, flags);
	}
}
EXPORT_SYMBOL_GPL(wpool_shutdown_now);

/**
 * wpool_await_termination() - wait for the end of a pool that was shut down
 * @pool: the pool
 * @timeout: the longest to wait, in jiffies; never cut short.
 *	%MAX_SCHEDULE_TIMEOUT is for ever.
 *
 * Any number of callers may wait. When it returns 0 no task and no worker of the
 * pool is left.
 *
 * Context: Process context; may sleep. The caller holds a reference.
 * Return: 0, -ETIMEDOUT, -EINVAL (NULL), -EDEADLK (a worker, a hook or a task of the pool).
 */
int wpool_await_termination(struct wpool *pool, unsigned long timeout)
{
	might_sleep();
	if (IS_ERR_OR_NULL(pool))
		return -EINVAL;
	if (worker_refused(pool, "wpool_await_termination()"))
		return -EDEADLK;
	return await_end(pool, timeout) ? 0 : -ETIMEDOUT;
}
EXPORT_SYMBOL_GPL(wpool_await_termination);

/**
 * wpool_destroy() - shut a pool down, wait for its end, drop the creator's
 *	reference
 * @pool: the pool; not the caller's any more, unless an error is returned
 *
 * What was accepted still runs. When it returns 0, no task, worker or hook of the
 * pool is left, its name may be used again and its debugfs directory is gone.
 * A second call, by somebody who holds a reference of his own, waits for the
 * same end and drops none.
 *
 * Context: Process context; may sleep, for as long as the tasks take.
 * Return: 0, -EINVAL (NULL, or the default pool), -EDEADLK (a worker, a hook or a
 * task of the pool), -ESHUTDOWN (destroyed already; at its end now).
 */
int wpool_destroy(struct wpool *pool)
{
	unsigned long flags;
	bool again;

	might_sleep();
	if (IS_ERR_OR_NULL(pool) || pool_is_shared(pool, "wpool_destroy()"))
		return -EINVAL;
	if (worker_refused(pool, "wpool_destroy()"))
		return -EDEADLK;

	pool_lock(pool, flags);
	again = pool->destroyed;
	pool->destroyed = true;
	pool_unlock(pool, flags);
	if (again) {
		await_end(pool, MAX_SCHEDULE_TIMEOUT);
		return -ESHUTDOWN;
	}
	pool_stop(pool);
	hooks_stop(pool);
	registry_remove(pool);
	latency_stop(pool);
	pool_unpin_wpool(pool);
	wpool_put(pool);
	return 0;
}
EXPORT_SYMBOL_GPL(wpool_destroy);

/*
 * Opens the pool and asks for its first workers, in one hold of the lock: no
 * wpool_prestart() comes in between. Return: as wpool_restart(); -EAGAIN if somebody
 * has yet to see the end.
 */
static int reopen(struct wpool *pool, struct wpool_waiter *starter)
{
	unsigned long flags;
	int ret = 0;

	pool_lock(pool, flags);
	if (pool->destroyed) {
		ret = -ESHUTDOWN;
	} else if (pool->state != WPOOL_STATE_TERMINATED) {
		ret = -EBUSY;
	} else if (pool->nr_awaiting) {
		ret = -EAGAIN;
	} else {
		reinit_completion(&pool->terminated);
		pool->epoch++;
		pool->paused = false;
		resize_closed(pool);
		pool_set_state(pool, WPOOL_STATE_RUNNING);
		pool_ask_workers(pool, starter, 0);
	}
	pool_unlock(pool, flags);
	return ret;
}

/**
 * wpool_restart() - open a pool again that has come to its end
 * @pool: terminated, and not destroyed
 *
 * It has the capacity that it had, or the same share of the CPUs that are online now.
 *
 * Context: Process context; may sleep.
 * Return: 0; -EINVAL (NULL), -EBUSY (not terminated), -ESHUTDOWN (destroyed), or
 * what making the first workers gave: then it is shut down again.
 */
int wpool_restart(struct wpool *pool)
{
	struct wpool_waiter starter;
	int ret;

	might_sleep();
	if (IS_ERR_OR_NULL(pool))
		return -EINVAL;
	waiter_init(&starter);
	do {
		wait_var_event(&pool->nr_awaiting,
			       !READ_ONCE(pool->nr_awaiting) ||
			       READ_ONCE(pool->state) != WPOOL_STATE_TERMINATED);
		ret = reopen(pool, &starter);
	} while (ret == -EAGAIN);
	if (ret)
		return ret;
	ret = pool_await_workers(&starter);
	if (ret)
		pool_stop(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_restart);
