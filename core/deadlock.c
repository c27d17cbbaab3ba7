// SPDX-License-Identifier: GPL-2.0
/*
 * Workers that wait for one another: who has to give up if nobody can go on.
 *
 * A worker may sleep, without a limit, in a call on its own pool: for room, for a task, for
 * a group. It is counted in &wpool.nr_asleep if nothing but a worker of the pool can end
 * that. Not counted: who waits for a task that a timer will bring or that another thread
 * runs, for a group with tasks elsewhere, or for a limited time; each of them looks again,
 * and may be counted then, when that is over. What threads do that are no workers of the
 * pool cannot be known.
 *
 * A circle of workers each of which waits for a task that the next is inside is found by
 * the one that would close it, in break_circle(). A worker that is refused returns to the
 * function that waits. Should this be the one that had the task submitted, then the task
 * may lie in its frame, or be freed next: so it is not the one. The functions that the
 * workers of a circle are inside have begun one after the other; what the last of them
 * waits for had begun before it, as that is what the next worker is inside, or is an outer
 * function of what it is inside. So it was not submitted by the last, and there always is
 * one to be refused. A run tells its age by &wpool_run.serial.
 *
 * If all that there may be are asleep, one gives up that may: who waits for room; or who
 * waits for what it could run itself, were it not nested too deep. (Somewhere down each
 * chain of those who wait for one another is such a one, but for circles by way of groups,
 * which are not found out.)
 *
 * With a refused wait the pool lets go of a task that had not begun. So after each wait the
 * memory is the caller's, but for a task that runs and was not submitted by it.
 *
 * Modelled in scripts/model/deadlock.pml.
 */
#include <linux/lockdep.h>

#include "internal.h"

/* The worker inside the task, or inside the one that must end before. Or NULL. */
static struct wpool_worker *runner_of(struct wpool *pool, struct wpool_task *task)
{
	task = key_head(pool, task);
	return task->state & TASK_IN_FN ? task->run->worker : NULL;
}

/* Will the task end by nobody but a worker? */
static bool needs_worker(struct wpool *pool, struct wpool_task *task)
{
	task = key_head(pool, task);
	if (task->state & TASK_IN_FN)
		return task->run->worker;
	return !(task->state & TASK_DELAYED);
}

/* What a worker waits for, if that is a task. */
static struct wpool_task *awaited(const struct wpool_worker *worker)
{
	return worker->waiter ? worker->waiter->task : NULL;
}

/*
 * Makes a worker give up its wait. The pool lets go of a task that has not begun; it goes
 * on with one that has, and with a group. Context: pool->lock held.
 */
static void refuse(struct wpool *pool, struct wpool_worker *worker,
		   struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter = worker->waiter;
	struct wpool_task *task = waiter->task;

	if (!task) {
		group_forget(waiter);
		waiter_tell(waiter, -EDEADLK, wakes);
		return;
	}
	watch_del(task, waiter);
	waiter_tell(waiter, -EDEADLK, wakes);
	if (task->state & TASK_QUEUED) {
		queue_take_back(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED, wakes);
	}
}

/* What comes of refusing a worker of a circle: the least of it is done. */
enum harm {
	NO_HARM,	/* the task goes on, and was not submitted by who waits for it */
	TASK_LOST,	/* it has not begun, and will not */
	PROMISE_BROKEN,	/* wpool_cancel_sync() returns, and the task goes on */
	MEMORY_LOST,	/* it goes on, and was perhaps submitted by who waits for it */
};

/* It waits for a task that runs, or for one held back behind such a one. */
static enum harm refusal_harm(struct wpool *pool, const struct wpool_worker *worker)
{
	const struct wpool_run *run = &worker->runs[worker->depth - 1];
	struct wpool_task *task = awaited(worker);

	if (key_head(pool, task) != task)
		return TASK_LOST;
	if ((long)(task->run->serial - run->serial) > 0)
		return MEMORY_LOST;
	return worker->waiter->cancels ? PROMISE_BROKEN : NO_HARM;
}

/*
 * Refuses one of the circle that a worker has just closed, if it has. There is no other:
 * each was broken as it was closed. Context: pool->lock held.
 */
static void break_circle(struct wpool *pool, struct wpool_worker *worker,
			 struct wpool_wakes *wakes)
{
	struct wpool_worker *member = worker, *victim = NULL, *next;
	enum harm least = MEMORY_LOST, harm;

	do {
		next = awaited(member) ? runner_of(pool, awaited(member)) : NULL;
		if (!next || !member->depth)
			return;
		harm = refusal_harm(pool, member);
		if (harm < least) {
			least = harm;
			victim = member;
		}
		member = next;
	} while (member != worker);
	if (!WARN_ON_ONCE(!victim))
		refuse(pool, victim, wakes);
}

/*
 * Does a worker wait for what it is nested too deep to run, and nobody has begun? Of a group
 * that is known for as long as the lock is held in which it has looked. Context: pool->lock
 * held.
 */
static bool may_give_up(struct wpool *pool, const struct wpool_waiter *waiter)
{
	if (waiter->task)
		return key_head(pool, waiter->task)->state == TASK_QUEUED;
	return waiter->sure;
}

/*
 * Has a worker give up that is nested too deep. If none can be seen to be, one that waits for
 * a group is to look again: it is back here if there still is what it could run.
 *
 * Context: pool->lock held.
 */
static void refuse_too_deep(struct wpool *pool, struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter, *unsure = NULL;
	struct wpool_worker *worker;

	list_for_each_entry(worker, &pool->workers, node) {
		hold_step(pool);
		waiter = worker->waiter;
		if (!waiter || !waiter->counted || !waiter->too_deep)
			continue;
		if (may_give_up(pool, waiter)) {
			refuse(pool, worker, wakes);
			return;
		}
		if (!waiter->task)
			unsure = waiter;
	}
	if (unsure) {
		group_forget(unsure);
		waiter_tell(unsure, -EAGAIN, wakes);
	}
}

/**
 * __break_deadlock() - have a worker give up if nobody can go on
 * @pool: the pool
 * @wakes: gets it
 *
 * Called when one more sleeps, when one less may be there, and when a task has ended
 * without its room going to one of them. Context: pool->lock held.
 */
void __break_deadlock(struct wpool *pool, struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;

	lockdep_assert_held(&pool->lock);
	if (pool->nr_asleep < pool_all_asleep(pool))
		return;
	list_for_each_entry(waiter, &pool->blocked, node) {
		hold_step(pool);
		if (!waiter->counted)
			continue;
		list_del(&waiter->node);
		shared_dec(pool->nr_blocked);
		shared_inc(pool->stats[WPOOL_STAT_REJECTED]);
		waiter_tell(waiter, -EDEADLK, wakes);
		return;
	}
	refuse_too_deep(pool, wakes);
}

/**
 * deadlock_count() - count a worker that goes to sleep
 * @waiter: with a worker, on no list yet
 * @needs_worker: can nobody but a worker end its sleep?
 *
 * Not one inside a hook: it is not among those that run. Context: the lock of its pool
 * held.
 */
void deadlock_count(struct wpool_waiter *waiter, bool needs_worker)
{
	waiter->counted = needs_worker && waiter->worker->depth;
	if (waiter->counted)
		waiter->worker->pool->nr_asleep++;
}

/* Would this worker sleep for ever? Context: the lock of its pool held. */
bool deadlock_if_asleep(const struct wpool_waiter *waiter)
{
	const struct wpool *pool = waiter->worker->pool;

	return waiter->worker->depth && pool->nr_asleep + 1 >= pool_all_asleep(pool);
}

/* Is the worker inside the task, or inside the one that must end before? */
bool deadlock_is_own(struct wpool *pool, struct wpool_task *task,
		     const struct wpool_worker *worker)
{
	return runner_of(pool, task) == worker;
}

/**
 * deadlock_enter() - let a worker go to sleep for a task or a group
 * @waiter: with a worker, and on its list; has been counted or not if it is for a group
 * @wakes: gets whoever has to give up, maybe itself
 *
 * Context: the lock of its pool held.
 */
void deadlock_enter(struct wpool_waiter *waiter, struct wpool_wakes *wakes)
{
	struct wpool_worker *worker = waiter->worker;
	struct wpool *pool = worker->pool;

	lockdep_assert_held(&pool->lock);
	worker->waiter = waiter;
	if (waiter->task)
		deadlock_count(waiter, needs_worker(pool, waiter->task));
	waiter->sure = true;
	break_circle(pool, worker, wakes);
	break_deadlock(pool, wakes);
	waiter->sure = false;
}

/**
 * deadlock_tell_behind() - have workers that wait for one further back look again
 * @pool: the pool
 * @head: a task with a key that has just come to the queue
 * @wakes: gets them
 *
 * They run those before it themselves, and it may be that nobody else is free to. Context:
 * pool->lock held.
 */
void deadlock_tell_behind(struct wpool *pool, struct wpool_task *head,
			  struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;
	struct wpool_worker *worker;

	list_for_each_entry(worker, &pool->workers, node) {
		hold_step(pool);
		waiter = worker->waiter;
		if (!waiter || !waiter->task || key_head(pool, waiter->task) != head)
			continue;
		watch_del(waiter->task, waiter);
		waiter_tell(waiter, -EAGAIN, wakes);
	}
}
