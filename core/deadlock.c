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
 * the one that closes it: it follows the chain of those who wait until it comes to its end,
 * or back to itself. That may take several holds of the lock. Waits are numbered, and it
 * follows none that is younger than its own: so all that it has followed were there when its
 * own began, each of them at once, as none that has ended comes back. If one of a circle
 * has ended meanwhile, somebody else has broken it. A worker that is refused returns to the
 * function that waits. Should this be the one that had the task submitted, then the task
 * may lie in its frame, or be freed next: so it is not the one. The functions that the
 * workers of a circle are inside have begun one after the other; what the last of them
 * waits for had begun before it, as that is what the next worker is inside, or is an outer
 * function of what it is inside. So it was not submitted by the last, and there always is
 * one to be refused. A run tells its age by &wpool_run.serial. What a worker runs as the
 * submitter is such a function too, if it is of this pool; one of another pool counts for
 * that of this pool around it, which had begun before.
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

#include "counter.h"
#include "deadlock.h"
#include "group.h"
#include "key.h"
#include "lock_hold.h"
#include "pool.h"
#include "queue.h"
#include "task_end.h"
#include "task_waiters.h"
#include "waiter.h"

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

/* What a worker waits for, if that is a task, and it is still to be told. */
static struct wpool_task *blocked_on(const struct wpool_worker *worker)
{
	const struct wpool_waiter *waiter = worker->waiter;

	return waiter && task_waiter_is_on(worker->pool, waiter) ? waiter->task : NULL;
}

/*
 * Makes a worker give up its wait for a task. The pool lets go of one that has not begun,
 * and goes on with one that has. Context: pool->lock held.
 */
static void refuse(struct wpool *pool, struct wpool_waiter *waiter)
{
	struct wpool_task *task = waiter->task;

	task_waiter_del(pool, waiter);
	waiter_complete(waiter, -EDEADLK, &pool->wake_queue);
	if (task->state == TASK_QUEUED) {
		queue_take_back(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED);
	}
}

/* What comes of refusing a worker of a circle: the least of it is done. */
enum harm {
	NO_HARM,	/* the task goes on, and was not submitted by who waits for it */
	TASK_LOST,	/* it has not begun, and will not */
	PROMISE_BROKEN,	/* wpool_cancel_sync() returns, and the task goes on */
	MEMORY_LOST,	/* it goes on, and was perhaps submitted by who waits for it */
};

/*
 * The innermost function of its own pool that a worker is inside, or NULL. It is asleep, so
 * what it is inside as a submitter stays as it is.
 */
static const struct wpool_run *innermost_run(const struct wpool_worker *worker)
{
	const struct wpool_caller *caller = worker->caller;

	while (caller && caller->nested == worker->nesting && caller->pool != worker->pool)
		caller = caller->outer;
	if (caller && caller->nested == worker->nesting)
		return &caller->run;
	return worker->nesting ? &worker->runs[worker->nesting - 1] : NULL;
}

/* It waits for a task that runs, or for one held back behind such a one. */
static enum harm refusal_harm(struct wpool *pool, const struct wpool_worker *worker)
{
	const struct wpool_run *run = innermost_run(worker);
	struct wpool_task *task = blocked_on(worker);

	if (key_head(pool, task) != task)
		return TASK_LOST;
	if ((long)(task->run->serial - run->serial) > 0)
		return MEMORY_LOST;
	return worker->waiter->cancels ? PROMISE_BROKEN : NO_HARM;
}

static void circle_begin(struct wpool_circle *circle, struct wpool_waiter *waiter)
{
	*circle = (struct wpool_circle) {
		.waiter = waiter,
		.member = waiter->worker,
		.left = waiter->worker->pool->nr_workers,
		.least = MEMORY_LOST,
	};
}

/* Notes a member of what may be a circle. Return: the next, or NULL: it is none. */
static struct wpool_worker *circle_next(struct wpool *pool, struct wpool_circle *circle)
{
	struct wpool_worker *member = circle->member, *next;
	enum harm harm;

	next = blocked_on(member) ? runner_of(pool, blocked_on(member)) : NULL;
	if (!next || !innermost_run(member) || !circle->left--)
		return NULL;
	/* Younger: if it is a circle, it was closed by that one. */
	if ((long)(member->waiter->turn - circle->waiter->turn) > 0)
		return NULL;
	harm = refusal_harm(pool, member);
	if (harm < circle->least) {
		circle->least = harm;
		circle->victim = member;
		circle->victim_turn = member->waiter->turn;
	}
	return next;
}

/* Refuses one of a circle, if nobody has broken it yet. Context: pool->lock held. */
static void circle_break(struct wpool *pool, struct wpool_circle *circle)
{
	struct wpool_worker *victim = circle->victim;

	if (WARN_ON_ONCE(!victim))
		return;
	if (blocked_on(victim) && victim->waiter->turn == circle->victim_turn)
		refuse(pool, victim->waiter);
}

/*
 * Refuses one of the circle that a worker has just closed, if it has. There is no other: each
 * is broken by who closed it. Context: pool->lock held. Return: true if there is more of the
 * chain to be followed.
 */
static bool circle_follow(struct wpool *pool, struct wpool_circle *circle)
{
	unsigned int n;

	if (circle->waiter->status != -EINPROGRESS)
		return false;
	for (n = 0; n < WPOOL_CHUNK; n++) {
		hold_step(pool);
		circle->member = circle_next(pool, circle);
		if (!circle->member)
			return false;
		if (circle->member == circle->waiter->worker) {
			circle_break(pool, circle);
			return false;
		}
	}
	return true;
}

/*
 * Has one give up that is nested too deep, if nobody has begun what it waits for. Of a group
 * that is known for as long as the lock is held in which it has looked: else it is to look
 * again, and is back here if there still is what it could run.
 *
 * Context: pool->lock held. Return: false if it is not to give up.
 */
static bool refuse_stuck_group(struct wpool *pool, struct wpool_waiter *waiter)
{
	int status = waiter == pool->entering ? -EDEADLK : -EAGAIN;

	if (!group_forget(waiter))
		return false;
	waiter_complete(waiter, status, &pool->wake_queue);
	return true;
}

static bool refuse_stuck(struct wpool *pool, struct wpool_waiter *waiter)
{
	if (!waiter->task)
		return refuse_stuck_group(pool, waiter);
	/* After wpool_shutdown_now() nothing begins: it is about to be ended. */
	if (waiter->status != -EINPROGRESS || !task_waiter_is_on(pool, waiter) ||
	    pool->state >= WPOOL_STATE_STOP ||
	    key_head(pool, waiter->task)->state != TASK_QUEUED)
		return false;
	refuse(pool, waiter);
	return true;
}

/* Looks at some of those that are yet to be looked at. Context: pool->lock held. */
static void refuse_some(struct wpool *pool)
{
	struct wpool_waiter *waiter;
	unsigned int n;

	for (n = 0; n < WPOOL_CHUNK && pool->stuck_left; n++) {
		hold_step(pool);
		pool->stuck_left--;
		waiter = list_first_entry(&pool->stuck, struct wpool_waiter, stuck);
		if (refuse_stuck(pool, waiter)) {
			pool->stuck_left = 0;
			return;
		}
		list_move_tail(&waiter->stuck, &pool->stuck);
	}
	if (pool->stuck_left)
		pool_mark(pool, MARK_MANAGER);
}

/* Can nobody go on? Context: pool->lock held. */
static bool all_asleep(const struct wpool *pool)
{
	return pool->nr_asleep && pool->nr_asleep >= pool_all_asleep(pool);
}

/**
 * deadlock_break() - have a worker give up if nobody can go on
 * @pool: the pool
 *
 * For %MARK_ASLEEP: when one more sleeps, when one less may be there, and when a task has
 * ended without its room going to one of them. Context: pool->lock held.
 */
void deadlock_break(struct wpool *pool)
{
	struct wpool_waiter *waiter;

	lockdep_assert_held(&pool->lock);
	if (!all_asleep(pool))
		return;
	waiter = list_first_entry_or_null(&pool->blocked_workers, struct wpool_waiter, stuck);
	if (waiter) {
		queue_unblock(pool, waiter);
		stat_inc(pool, WPOOL_STAT_REJECTED);
		waiter_complete(waiter, -EDEADLK, &pool->wake_queue);
		return;
	}
	pool->stuck_left = pool->nr_stuck;
	refuse_some(pool);
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
	struct wpool *pool = waiter->worker->pool;

	waiter->counted = needs_worker && waiter->worker->nesting;
	if (!waiter->counted)
		return;
	pool->nr_asleep++;
	pool->end_marks |= MARK_ASLEEP;
}

/* Would this worker sleep for ever? Context: the lock of its pool held. */
bool deadlock_if_asleep(const struct wpool_waiter *waiter)
{
	const struct wpool *pool = waiter->worker->pool;

	return waiter->worker->nesting && pool->nr_asleep + 1 >= pool_all_asleep(pool);
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
 * @circle: for deadlock_follow(), or NULL if it is for a group
 *
 * The worker calls deadlock_leave() when it is awake. Context: the lock of its pool held.
 * Return: true if deadlock_follow() is to be called, in another hold of the lock.
 */
bool deadlock_enter(struct wpool_waiter *waiter, struct wpool_circle *circle)
{
	struct wpool_worker *worker = waiter->worker;
	struct wpool *pool = worker->pool;
	bool more = false;

	lockdep_assert_held(&pool->lock);
	if (waiter->task) {
		worker->waiter = waiter;
		waiter->turn = ++pool->turns;
		deadlock_count(waiter, needs_worker(pool, waiter->task));
		if (waiter->counted)
			task_waiter_count(waiter->task);
	}
	if (waiter->counted && waiter->too_deep) {
		list_add(&waiter->stuck, &pool->stuck);
		pool->nr_stuck++;
	}
	if (!waiter->task)
		pool->entering = waiter;
	if (circle)
		circle_begin(circle, waiter);
	if (circle && circle_follow(pool, circle))
		more = true;
	else
		pool_mark(pool, MARK_ASLEEP);
	return more;
}

/**
 * deadlock_follow() - go on letting a worker go to sleep
 * @circle: from deadlock_enter()
 *
 * Context: the lock of its pool held, and in one RCU critical section since
 * deadlock_enter(): it keeps &wpool_circle.member, which may have left by now.
 * Return: as there.
 */
bool deadlock_follow(struct wpool_circle *circle)
{
	struct wpool *pool = circle->waiter->worker->pool;

	lockdep_assert_held(&pool->lock);
	if (circle_follow(pool, circle))
		return true;
	pool_mark(pool, MARK_ASLEEP);
	return false;
}

/* Awake again. Context: the lock of the worker's pool held. */
void deadlock_leave(struct wpool_waiter *waiter)
{
	struct wpool *pool = waiter->worker->pool;

	if (list_empty(&waiter->stuck))
		return;
	list_del_init(&waiter->stuck);
	pool->nr_stuck--;
	pool->stuck_left = min(pool->stuck_left, pool->nr_stuck);
}

/**
 * deadlock_go_on() - go on looking for one to give up
 * @pool: the pool
 *
 * Context: pool->lock held.
 */
void deadlock_go_on(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (!all_asleep(pool))
		pool->stuck_left = 0;
	refuse_some(pool);
}
