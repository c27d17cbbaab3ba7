// SPDX-License-Identifier: GPL-2.0
/*
 * What happens to a task if the pool has no room: scripts/model/handover.pml models block(),
 * and deadlock.pml models how it refuses workers.
 */
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <trace/events/wpool.h>

#include "admitted.h"
#include "caller_runs.h"
#include "counter.h"
#include "current_thread.h"
#include "deadlock.h"
#include "delayed.h"
#include "depmap.h"
#include "group.h"
#include "how.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_full.h"
#include "release.h"
#include "task_end.h"
#include "waiter.h"

/* Locking: pool->lock held; released. Return: @ret. */
static int reject(struct wpool *pool, const struct wpool_submission *sub, int ret,
		  unsigned long flags)
	__releases(&pool->lock)
{
	queue_count_refused(pool, sub->task, ret);
	pool_unlock(pool, flags);
	return ret;
}

/* An error of queue_take(), which is no refusal by the pool. Locking, return: as reject(). */
static int not_taken(struct wpool *pool, int ret, unsigned long flags)
	__releases(&pool->lock)
{
	pool_unlock(pool, flags);
	return ret;
}

/*
 * Accepts a task without room: beyond the bound, or, if it is not @forced, one that the caller is
 * inside, and that submits itself. Locking: pool->lock held; released.
 */
static int take(struct wpool *pool, const struct wpool_submission *sub, bool forced,
		unsigned long flags)
	__releases(&pool->lock)
{
	int ret = queue_take(pool, sub->task, sub->how->group, how_key(sub->how));

	if (ret)
		return not_taken(pool, ret, flags);
	queue_put(pool, sub->task);
	if (sub->how->group)
		group_task_waits(sub->how->group, sub->task);
	if (forced)
		stat_inc(pool, WPOOL_STAT_FORCED);
	else if (sub->task->run->caller)
		sub->task->run->caller->again = true;
	pool_unlock(pool, flags);
	return 0;
}

/* What whoever makes room must know. */
static void block_as(struct wpool *pool, const struct wpool_submission *sub,
		     struct wpool_waiter *waiter)
{
	waiter_init(waiter);
	waiter->task = sub->task;
	waiter->group = sub->how->group;
	waiter->owner = sub->owner;
	waiter->key = how_key(sub->how);
	waiter->hurries = pool->conf.policy || current_is_of(pool) ||
			  /* Others may boost it just now: no matter. */
			  data_race(current->prio) < MAX_RT_PRIO ||
			  /* The flags are this thread's, or, if the task runs, this lock's. */
			  sub->task->flags & WPOOL_TASK_AWAITED;
}

/* Puts a submitter on the list, or says why not. Context: pool->lock held. */
static int block_begin(struct wpool *pool, struct wpool_waiter *waiter)
{
	if (pool->conf.max_blocked && submitters_asleep(pool) >= pool->conf.max_blocked)
		return -EAGAIN;
	if (waiter->worker && deadlock_if_asleep(waiter))
		return -EDEADLK;
	if (waiter->worker)
		deadlock_block(waiter);
	queue_block(pool, waiter);
	return 0;
}

/* A worker that does not look at its error loses the task. */
static void report_deadlock(const struct wpool *pool, int err)
{
	if (err == -EDEADLK)
		pr_err_ratelimited("%s: refused: a task scheduled by one of its own workers: the queue is full, and all workers would wait; see WPOOL_RECURSIVE\n",
				   pool->name);
}

/* When a submitter goes to sleep, if anybody wants to know how long it has slept; or 0. */
static u64 trace_block(const struct wpool *pool, const struct wpool_submission *sub)
{
	trace_wpool_task_block(pool->name, sub->task, sub->task->fn);
	return trace_wpool_task_unblock_enabled() ? ktime_get_ns() : 0;
}

/* It sleeps no more. The task may have been accepted, and be gone. */
static void trace_unblock(const struct wpool *pool, const struct wpool_task *task, wpool_fn_t fn,
			  u64 since, int result)
{
	if (since)
		trace_wpool_task_unblock(pool->name, task, fn, ktime_get_ns() - since, result);
}

/*
 * Blocks the caller until there is room. Locking: pool->lock held; released. In a recursive
 * pool its own tasks do not wait for room, as perhaps only they can make any.
 *
 * Whoever makes room accepts the task for the caller and takes it off the list, so after a
 * time-out or a signal the list shows which came first.
 */
static int block(struct wpool *pool, const struct wpool_submission *sub, unsigned long flags)
	__releases(&pool->lock)
{
	wpool_fn_t fn = sub->task->fn;
	struct wpool_deadline deadline;
	struct wpool_waiter waiter;
	bool coming;
	long left;
	u64 since;
	int ret;

	if (pool->conf.flags & WPOOL_RECURSIVE && current_is_of(pool))
		return take(pool, sub, true, flags);
	deadline_set(&deadline, sub->how->flags & WPOOL_TIMED ? sub->how->timeout :
		     MAX_SCHEDULE_TIMEOUT);
	block_as(pool, sub, &waiter);
	if (deadline.never)
		waiter.worker = worker_current(pool);
	ret = block_begin(pool, &waiter);
	if (ret) {
		report_deadlock(pool, reject(pool, sub, ret, flags));
		return ret;
	}
	since = trace_block(pool, sub);
	wpool_get(pool);
	pool_unlock(pool, flags);

	dep_wait_room();
	left = waiter_sleep(&waiter, &deadline, sub->how->flags & WPOOL_INTERRUPTIBLE ?
			    TASK_INTERRUPTIBLE : TASK_KILLABLE, true);

	pool_lock(pool, flags);
	if (waiter.status == -EINPROGRESS) {
		waiter_awake(&waiter);
		queue_unblock(pool, &waiter);
		waiter.status = reject(pool, sub, left < 0 ? left : -ETIMEDOUT, flags);
	} else {
		coming = left <= 0 && !admitted_leave(pool, &waiter);
		pool_unlock(pool, flags);
		if (coming)
			wait_for_completion(&waiter.done);
	}
	trace_unblock(pool, sub->task, fn, since, waiter.status);
	report_deadlock(pool, waiter.status);
	wpool_put(pool);
	return waiter.status;
}

/* Accepts the task and drops it, or drops the oldest instead. Locking: as block(). */
static int discard(struct wpool *pool, const struct wpool_submission *sub,
		   unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_task *task = sub->task, *victim = NULL;
	struct wpool_ends ends;
	int ret;

	ends.nr = 0;
	ret = queue_take(pool, task, sub->how->group, how_key(sub->how));
	if (ret)
		return not_taken(pool, ret, flags);
	if (pool->conf.full == WPOOL_FULL_DISCARD_OLDEST)
		victim = queue_pop_oldest(pool);
	/* One task for one: any room goes to others when the lock is dropped. */
	if (victim) {
		queue_put(pool, task);
		if (sub->how->group)
			group_task_waits(sub->how->group, task);
	} else {
		victim = task;
	}
	if (victim == task || !delayed_drop_run(pool, victim))
		task_drop(pool, victim, WPOOL_STAT_DROPPED, &ends);
	pool_unlock(pool, flags);
	ends_finish(&ends);
	return 0;
}

/* Runs the task in the caller. Locking: as block(). */
static int run_by_caller(struct wpool *pool, struct wpool_submission *sub,
			 unsigned long flags)
	__releases(&pool->lock)
{
	int ret = queue_take(pool, sub->task, sub->how->group, NULL);

	if (ret)
		return not_taken(pool, ret, flags);
	caller_run(sub->caller, sub->task, flags);
	sub->caller = NULL;
	return 0;
}

/*
 * Allocates what the caller needs to run the task itself. That may sleep, and there may be room
 * afterwards. If it fails, the caller waits for room. Locking: as block().
 */
static int prepare_caller(struct wpool *pool, struct wpool_submission *sub,
			  unsigned long flags)
	__releases(&pool->lock)
{
	pool_unlock(pool, flags);
	sub->caller = caller_alloc(pool);
	sub->no_caller = !sub->caller;
	return SUBMIT_AGAIN;
}

/* Follows the policy of a full pool. Locking: as block(). */
static int when_full(struct wpool *pool, struct wpool_submission *sub,
		     unsigned long flags)
	__releases(&pool->lock)
{
	switch (pool->conf.full) {
	case WPOOL_FULL_CALLER_RUNS:
		if (caller_may_run_again(pool, sub->task))
			return take(pool, sub, false, flags);
		if (sub->no_caller || !caller_may_run(pool, sub->task))
			break;
		return sub->caller ? run_by_caller(pool, sub, flags) :
				     prepare_caller(pool, sub, flags);
	case WPOOL_FULL_DISCARD:
	case WPOOL_FULL_DISCARD_OLDEST:
		return discard(pool, sub, flags);
	case WPOOL_FULL_FAIL:
		return reject(pool, sub, -EAGAIN, flags);
	case WPOOL_FULL_BLOCK:
		break;
	}
	return block(pool, sub, flags);
}

/**
 * submit_not_accepted() - handle a task that was not accepted
 * @pool: the pool
 * @sub: the task, and how it was submitted
 * @ret: of queue_accept()
 * @flags: from pool_lock()
 *
 * Locking: pool->lock held; released.
 * Return: as wpool_schedule(): 0 if it was accepted in the end; or SUBMIT_AGAIN: the caller
 * must submit it once more.
 */
int submit_not_accepted(struct wpool *pool, struct wpool_submission *sub, int ret,
			unsigned long flags)
	__releases(&pool->lock)
{
	unsigned int how = sub->how->flags;

	/* Room is still being handed to those that have waited. What they leave is free then. */
	if (ret == -EAGAIN && pool_marks(pool) & MARK_ROOM) {
		pool_unlock(pool, flags);
		return SUBMIT_AGAIN;
	}
	if (ret == -ESHUTDOWN)
		return reject(pool, sub, ret, flags);
	if (ret != -EAGAIN)
		return not_taken(pool, ret, flags);
	if (how & WPOOL_FORCE)
		return take(pool, sub, true, flags);
	if (how & (WPOOL_NOWAIT | WPOOL_IF_FREE))
		return reject(pool, sub, ret, flags);
	if (how & WPOOL_TIMED && !sub->how->timeout)
		return reject(pool, sub, -ETIMEDOUT, flags);
	if (how & (WPOOL_TIMED | WPOOL_INTERRUPTIBLE))
		return block(pool, sub, flags);
	return when_full(pool, sub, flags);
}
