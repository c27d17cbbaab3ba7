// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a pool: closed to new tasks, drained or emptied, terminated by the manager,
 * destroyed; and its restart. scripts/model/teardown.pml shows that a pool terminates once, and
 * that nobody misses the end or touches the pool after it.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/wait_bit.h>
#include <trace/events/wpool.h>

#include "attrs.h"
#include "counter.h"
#include "current_thread.h"
#include "dead_run.h"
#include "delayed.h"
#include "depmap.h"
#include "lock_hold.h"
#include "manager_kick.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_again.h"
#include "inbox.h"
#include "refs.h"
#include "registry.h"
#include "release.h"
#include "resize.h"
#include "shutdown.h"
#include "spawn_state.h"
#include "stop.h"
#include "task_end.h"
#include "task_lists.h"
#include "waiter.h"
#include "watchdog.h"

void end_init(struct wpool *pool)
{
	init_completion(&pool->end.terminated);
}

/* Does a thread wait for the end? Needs no lock. */
bool end_is_awaited(const struct wpool *pool)
{
	return READ_ONCE(pool->end.nr_awaiting);
}

void pool_set_state(struct wpool *pool, enum wpool_state state)
{
	lockdep_assert_held(&pool->lock);
	trace_wpool_pool_state(pool->name, pool->state, state);
	smp_store_release(&pool->state, state);	/* pairs with wpool_should_stop() */
	/* Under the lock, so that a restart comes before both or after both. */
	if (state == WPOOL_STATE_TERMINATED)
		complete(&pool->end.terminated);
	pool_watch(pool, WATCH_CLOSED, state != WPOOL_STATE_RUNNING);
	pool_set_end_mark(pool, MARK_END, pool_is_closing(pool));
	if (pool_is_closing(pool))
		pool_mark(pool, MARK_ROOM | MARK_MANAGER);
}

/*
 * Closes a pool that is open, or closes it further. Once the state is set no more tasks come,
 * so what the pool no longer keeps may be ended in several holds. Some delayed tasks are
 * cancelled here, the rest by the manager, at its own pace; blocked submitters are refused when
 * the lock is dropped. The pool does not terminate before all of this is done.
 *
 * Context: pool->lock held.
 */
static void close_pool(struct wpool *pool, enum wpool_state state)
{
	bool was_open = pool->state == WPOOL_STATE_RUNNING;

	lockdep_assert_held(&pool->lock);
	if (pool->state >= state)
		return;
	inbox_shut(pool);
	if (was_open)
		pool->closed_at = get_jiffies_64();
	pool_set_state(pool, state);
	if (was_open && pool->end.nr_awaiting)
		watchdog_await(pool);
	/* A pause ends here: nothing may keep a pool from its end. */
	pool_set_paused(pool, state == WPOOL_STATE_STOP);
	delayed_cancel_some(pool, NULL);
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
 * Accepted tasks still run, except delayed tasks that are not due: they are cancelled. Submitters
 * that sleep for room get -ESHUTDOWN. Does not wait. A second call does no harm.
 *
 * Context: Any but NMI. Its time does not depend on how many tasks the pool has.
 */
void wpool_shutdown(struct wpool *pool)
{
	if (!IS_ERR_OR_NULL(pool) && !pool_is_shared(pool, "wpool_shutdown()"))
		shut_down(pool);
}
EXPORT_SYMBOL_GPL(wpool_shutdown);

/*
 * Waits for the end. The waiters are counted, because a wait is not over when its completion is
 * signalled: if the completion were set up again before the waiter has run, the waiter would
 * sleep on.
 *
 * There is one wake-up, which each waiter passes on to the next: so nobody wakes all of them
 * with interrupts off. A waiter that times out while another has the wake-up sees from the
 * state that the end has come; the state stays as long as waiters are counted.
 */
static bool await_counted(struct wpool *pool, unsigned long timeout)
{
	struct wpool_deadline deadline;
	unsigned long flags;
	bool ended;

	deadline_set(&deadline, timeout);
	dep_wait_pool(pool, deadline.never);
	dep_wait_manager(deadline.never);
	ended = deadline_sleep(&pool->end.terminated, &deadline, TASK_UNINTERRUPTIBLE) > 0;

	pool_lock(pool, flags);
	if (ended)
		complete(&pool->end.terminated);
	else
		ended = pool->state == WPOOL_STATE_TERMINATED;
	shared_dec(pool->end.nr_awaiting);
	pool_unlock(pool, flags);
	/* Change the count before looking for sleepers; pairs with wait_var_event(). */
	smp_mb();
	wake_up_var(&pool->end.nr_awaiting);
	return ended;
}

/* A thread is going to wait for the end. Context: pool->lock held. */
static void count_awaiting(struct wpool *pool)
{
	shared_inc(pool->end.nr_awaiting);
	if (pool->end.nr_awaiting == 1)
		watchdog_await(pool);
}

static bool await_end(struct wpool *pool, unsigned long timeout)
{
	unsigned long flags;

	pool_lock(pool, flags);
	count_awaiting(pool);
	pool_unlock(pool, flags);
	return await_counted(pool, timeout);
}

/*
 * Does a task that was taken back go to the caller of wpool_shutdown_now()? Not if another
 * thread may still use it: one that waits for it, even if it is awake just now, or may wait again,
 * one on whose stack it lies, or the owner of its group; and not if it has a release.
 * Context: pool->lock held.
 */
static bool is_owners(struct wpool_task *task)
{
	const u8 others = WPOOL_TASK_ALLOCATED | WPOOL_TASK_ONSTACK | WPOOL_TASK_AWAITED;

	return !(task->flags & others) && !task->waiters &&
	       !(task->state & TASK_IN_FN) && !task_has_release(task);
}

/*
 * Takes back some queued tasks, and adds up how many. Context: pool->lock held. Return: false
 * if there are no more.
 */
static bool take_back_some(struct wpool *pool, struct list_head *unrun, unsigned int *n,
			   struct wpool_ends *ends)
{
	struct wpool_task *task;
	struct wpool_run *run;
	unsigned int i;
	bool later;

	for (i = 0; i < WPOOL_CHUNK_BACK && !ends_full(ends); i++) {
		run = list_first_entry_or_null(list_of_again(pool), struct wpool_run, again_node);
		if (run && run_revoke(pool, run)) {
			++*n;
			continue;
		}
		task = queue_find(pool);
		if (!task)
			return false;
		later = task->state & TASK_DELAYED;
		queue_take_back(pool, task);
		/* Before its end is visible: from then on its owner may free it. */
		if (unrun && is_owners(task))
			list_add_tail(&task->node, unrun);
		*n += !later;
		task_drop(pool, task, WPOOL_STAT_CANCELLED, ends);
	}
	return true;
}

/**
 * pool_go_on_closing() - end what a closed pool no longer keeps
 * @pool: the pool, in any state
 *
 * Context: the manager. Leaves those with a release, and what is behind them, to late.c.
 */
void pool_go_on_closing(struct wpool *pool)
{
	unsigned long flags;

	if (READ_ONCE(pool->state) == WPOOL_STATE_RUNNING)
		return;
	pool_lock(pool, flags);
	if (pool_is_closing(pool) && delayed_cancel_some(pool, NULL))
		kick_work(pool, &pool->late.work);
	pool_unlock(pool, flags);
}

/**
 * pool_close_late() - the same where releases may be called
 * @pool: the pool, in any state
 *
 * If a worker has died in wpool_shutdown_now(), this ends what it has left.
 *
 * Context: late.c
 * Return: true if there may be more.
 */
bool pool_close_late(struct wpool *pool)
{
	unsigned int n = 0;
	struct wpool_ends ends;
	unsigned long flags;
	bool more = false;

	ends.nr = 0;
	pool_lock(pool, flags);
	if (pool_is_closing(pool))
		more = delayed_cancel_some(pool, &ends);
	if (!more && pool->state == WPOOL_STATE_STOP && pool->late.closes)
		more = take_back_some(pool, NULL, &n, &ends);
	pool->late.closes &= more;
	pool_unlock(pool, flags);
	ends_finish(&ends);
	return more;
}

/**
 * wpool_shutdown_now() - accept no more tasks and begin none
 * @pool: the pool; NULL is ignored, the default pool refused with a message
 * @unrun: gets queued tasks, linked by their member node, in the order in which they would have
 *	begun; or NULL
 *
 * All queued tasks end with -ECANCELED. Running tasks are asked to stop, see wpool_should_stop(),
 * and not waited for.
 *
 * The caller owns each task on @unrun, and must not free or schedule it before it is off the list.
 * These are not on the list; their owners have them back as after wpool_cancel():
 *
 * - a task for which a thread has called a wait or wpool_cancel_sync() since it was scheduled; if
 *   it was scheduled again while it ran, since the first time;
 * - a task in a group, or with a release, which is called with %WPOOL_FATE_CANCELLED;
 * - a task on the stack of the thread that scheduled it;
 * - a delayed task that is not due, and the second run of a running task;
 * - a task of wpool_schedule_fn(), wpool_run() and other calls that take a function: wpool frees
 *   it.
 *
 * A thread that begins to wait for a task on the list gets -ECANCELED, and not its memory. So
 * @unrun must be NULL if other threads free tasks after a wait, unless they all wait already. A
 * task must not be scheduled again while a thread has not returned from its wait for the run
 * before.
 *
 * Context: Process context; may sleep.
 * Return: how many were queued, on the list or not. 0 for NULL or the default pool.
 */
unsigned int wpool_shutdown_now(struct wpool *pool, struct list_head *unrun)
{
	struct wpool_worker *worker = worker_current(NULL);
	struct wpool *outer = worker ? worker->closing : NULL;
	bool more = true, asked = false;
	struct wpool_ends ends;
	unsigned int n = 0, epoch;
	unsigned long flags;

	might_sleep();
	if (IS_ERR_OR_NULL(pool) || pool_is_shared(pool, "wpool_shutdown_now()"))
		return 0;
	if (worker)
		worker->closing = pool;
	pool_lock(pool, flags);
	epoch = pool->end.epoch;
	close_pool(pool, WPOOL_STATE_STOP);
	for (;;) {
		ends.nr = 0;
		/* What was accepted after a restart is not taken back. */
		if (pool->end.epoch != epoch)
			more = false;
		else if (tasks_timed(pool))
			delayed_cancel_some(pool, &ends);
		else if (!queue_blocked(pool))
			more = take_back_some(pool, unrun, &n, &ends);
		pool_unlock(pool, flags);
		ends_finish(&ends);
		if (!asked)
			stop_wake_all(pool);
		asked = true;
		if (!more)
			break;
		cond_resched();
		pool_lock(pool, flags);
	}
	if (worker)
		worker->closing = outer;
	return n;
}
EXPORT_SYMBOL_GPL(wpool_shutdown_now);

/**
 * wpool_await_termination() - wait for the end of a pool that was shut down
 * @pool: the pool
 * @timeout: the longest wait, in jiffies; never cut short. 0 only looks, %MAX_SCHEDULE_TIMEOUT is
 *	no limit.
 *
 * Any number of callers may wait. When it returns 0 no task and no worker of the pool is left.
 *
 * Context: Process context; may sleep, uninterruptibly. The caller holds a reference.
 * Return: 0, -ETIMEDOUT, -EINVAL (NULL or atomic context), -EDEADLK (in a worker, a hook, a task or
 * a release of the pool).
 */
int wpool_await_termination(struct wpool *pool, unsigned long timeout)
{
	might_sleep();
	if (IS_ERR_OR_NULL(pool) || (timeout && sleep_refused()))
		return -EINVAL;
	if (worker_refused(pool, "wpool_await_termination()"))
		return -EDEADLK;
	return await_end(pool, timeout) ? 0 : -ETIMEDOUT;
}
EXPORT_SYMBOL_GPL(wpool_await_termination);

/* Return: false for the first call, which has the pool to destroy. Context: pool->lock held. */
static bool mark_destroyed(struct wpool *pool)
{
	bool before = pool->end.destroyed;

	lockdep_assert_held(&pool->lock);
	pool->end.destroyed = true;
	return before;
}

/* Like wpool_destroy(), or with @now like wpool_destroy_now(), whichever module calls. */
int pool_destroy(struct wpool *pool, bool now)
{
	unsigned long flags;
	bool again;

	pool_lock(pool, flags);
	again = mark_destroyed(pool);
	pool_unlock(pool, flags);
	/* Nobody opens it again now. */
	if (now)
		wpool_shutdown_now(pool, NULL);
	if (!again)
		shut_down(pool);
	await_end(pool, MAX_SCHEDULE_TIMEOUT);
	if (again)
		return -ESHUTDOWN;
	registry_remove(pool);
	attrs_free(pool);
	pool_unpin_wpool(pool);
	wpool_put(pool);
	return 0;
}

/* Return: 0, or why this module must not destroy the pool, or not here. */
static int destroy_refused(struct wpool *pool, const struct module *owner, const char *what)
{
	might_sleep();
	if (IS_ERR_OR_NULL(pool) || pool_is_shared(pool, what) || sleep_refused())
		return -EINVAL;
	if (pool->owner != owner) {
		pr_err_ratelimited("%s: %s refused: it is not a pool of %s\n",
				   pool->name, what,
				   owner ? module_name((struct module *)owner) : "the kernel");
		return -EPERM;
	}
	return worker_refused(pool, what) ? -EDEADLK : 0;
}

/* Behind wpool_destroy(). */
int __wpool_destroy(struct wpool *pool, const struct module *owner)
{
	return destroy_refused(pool, owner, "wpool_destroy()") ?: pool_destroy(pool, false);
}
EXPORT_SYMBOL_GPL(__wpool_destroy);

/* Behind wpool_destroy_now(). */
int __wpool_destroy_now(struct wpool *pool, const struct module *owner)
{
	return destroy_refused(pool, owner, "wpool_destroy_now()") ?: pool_destroy(pool, true);
}
EXPORT_SYMBOL_GPL(__wpool_destroy_now);

/*
 * Opens the pool and asks for its first workers, in one hold of the lock: no wpool_prestart()
 * comes in between. *@epoch is what it has begun. Return: as wpool_restart(); -EAGAIN if a waiter
 * has not yet seen the end.
 */
static int reopen(struct wpool *pool, struct wpool_waiter *starter, unsigned int *epoch)
{
	unsigned long flags;
	int ret = 0;

	pool_lock(pool, flags);
	if (pool->end.destroyed) {
		ret = -ESHUTDOWN;
	} else if (pool->state != WPOOL_STATE_TERMINATED) {
		ret = -EBUSY;
	} else if (pool->end.nr_awaiting) {
		ret = -EAGAIN;
	} else {
		reinit_completion(&pool->end.terminated);
		*epoch = ++pool->end.epoch;
		pool_set_paused(pool, false);
		resize_closed(pool);
		pool_set_state(pool, WPOOL_STATE_RUNNING);
		spawn_ask_for(pool, starter, 0);
	}
	pool_unlock(pool, flags);
	return ret;
}

/* Shuts down what reopen() has opened, unless it has ended, and another thread has begun anew. */
static void close_again(struct wpool *pool, unsigned int epoch)
{
	unsigned long flags;
	bool is_ours;

	pool_lock(pool, flags);
	is_ours = pool->end.epoch == epoch;
	if (is_ours) {
		close_pool(pool, WPOOL_STATE_SHUTDOWN);
		count_awaiting(pool);	/* nobody begins anew before this thread has seen the end */
	}
	pool_unlock(pool, flags);
	if (is_ours)
		await_counted(pool, MAX_SCHEDULE_TIMEOUT);
}

/**
 * wpool_restart() - open a pool again that has terminated
 * @pool: terminated, and not destroyed
 *
 * Its capacity is as before, or the same percentage of the CPUs that are online now.
 *
 * Context: Process context; may sleep.
 * Return: 0; -EINVAL (NULL or atomic context), -EBUSY (not terminated), -ESHUTDOWN (destroyed), or
 * the error of making the first workers or the spare of %WPOOL_MEM_RECLAIM: then the pool is shut
 * down.
 */
int wpool_restart(struct wpool *pool)
{
	struct wpool_waiter starter;
	unsigned int epoch;
	int ret;

	might_sleep();
	if (sleep_refused() || IS_ERR_OR_NULL(pool))
		return -EINVAL;
	waiter_init(&starter);
	do {
		wait_var_event(&pool->end.nr_awaiting,
			       !READ_ONCE(pool->end.nr_awaiting) ||
			       READ_ONCE(pool->state) != WPOOL_STATE_TERMINATED);
		ret = reopen(pool, &starter, &epoch);
	} while (ret == -EAGAIN);
	if (ret)
		return ret;
	ret = pool_await_workers(&starter);
	if (ret)
		close_again(pool, epoch);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_restart);
