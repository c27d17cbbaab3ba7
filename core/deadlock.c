// SPDX-License-Identifier: GPL-2.0
/*
 * Workers that wait for one another: which one gives up if none can go on.
 *
 * A worker may sleep without a time limit in a call on its own pool: for room, for a task, for
 * a group. It is counted in &wpool.nr_asleep if only a worker of the pool can end that sleep.
 * It is not counted if it waits for a task that a timer will bring or that another thread runs, or
 * for a group with tasks elsewhere; when that is over it looks again, and may be counted then. One
 * with a time limit is nothing to this file: it runs nothing, and ends by itself. The pool cannot
 * know what threads do that are not its workers.
 *
 * Circles. In a circle each worker waits for a task that the next worker is inside. The worker
 * that closes the circle finds it: it follows the chain of waits until the chain ends or comes
 * back to itself. That may take several holds of the lock. Waits are numbered, and it follows
 * no wait that is younger than its own. So all waits that it follows existed when its own
 * began, all at the same time, as a wait that has ended does not come back. If a wait of a
 * circle has ended meanwhile, the circle is broken.
 *
 * Which one to refuse. A refused worker returns to the function that waits. If that function
 * submitted the task, the task may lie in its frame or may be freed next, so this worker is the
 * wrong one. There is always a better one: the functions that the workers of a circle are
 * inside began one after the other. Take the last of them. What it waits for began before it,
 * as that is what the next worker is inside, or an outer function of that. So the last did not
 * submit it, and its worker can be refused. &wpool_run.serial is the age of a run. A task that
 * a worker runs as its submitter counts as such a function too, if it is of this pool; a task
 * of another pool counts as the function of this pool around it, which began earlier.
 *
 * Or the last did submit it, but while it ran already, and so not in memory of its own. The second
 * run is not taken back: others may want it, and the task would go on without it, too.
 *
 * All asleep. If all possible workers are asleep, one gives up that may: one that waits for
 * room; or one that waits for a task that it could run itself, if it were not nested too deep.
 * (Each chain of waits ends at such a worker, except for circles by way of groups, which are
 * not found.)
 *
 * When a wait is refused, the pool lets go of its task if that had not begun. So after each
 * wait the memory belongs to the caller, unless the task runs and the caller did not submit it, or
 * only while it ran.
 *
 * Modelled in scripts/model/deadlock.pml.
 */
#include <linux/lockdep.h>

#include "deadlock.h"
#include "group.h"
#include "inbox.h"
#include "key.h"
#include "lock_hold.h"
#include "marks.h"
#include "pool.h"
#include "queue.h"
#include "queue_again.h"
#include "task_end.h"
#include "task_waiters.h"
#include "waiter.h"
#include "worker_list.h"

void deadlock_init(struct wpool *pool)
{
	INIT_LIST_HEAD(&pool->deadlock.blocked);
	INIT_LIST_HEAD(&pool->deadlock.blocked_in_hook);
	INIT_LIST_HEAD(&pool->deadlock.stuck);
}

/* The worker inside the task, or inside the head of its key. Or NULL. */
static struct wpool_worker *runner_of(struct wpool *pool, struct wpool_task *task)
{
	task = key_head(pool, task);
	return task->state & TASK_IN_FN ? task->run->worker : NULL;
}

/* Can only a worker end the task? */
static bool needs_worker(struct wpool *pool, struct wpool_task *task)
{
	task = key_head(pool, task);
	if (task->state & TASK_IN_FN)
		return task->run->worker;
	return !(task->state & TASK_DELAYED);
}

/* The task that a worker waits for, if it does and is not completed yet. */
static struct wpool_task *blocked_on(const struct wpool_worker *worker)
{
	const struct wpool_waiter *waiter = worker->waiter;

	return waiter && task_waiter_is_on(worker->pool, waiter) ? waiter->task : NULL;
}

/*
 * Makes a worker give up its wait for a task. The pool lets go of a task that has not begun,
 * and keeps one that has. Context: pool->lock held.
 */
static void refuse(struct wpool *pool, struct wpool_waiter *waiter)
{
	struct wpool_task *task = waiter->task;

	task_waiter_del(pool, waiter);
	waiter_complete(waiter, -EDEADLK, pool_wake_queue(pool));
	if (task->state != TASK_QUEUED)
		return;
	/* A task with a release is taken back by the worker itself, see sleep_on(). */
	waiter->takes_back = task_has_release(task);
	if (waiter->takes_back) {
		task_tracking(task)->refused = true;
	} else {
		queue_take_back(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED, NULL);
	}
}

/* The harm of refusing a worker of a circle. The pool chooses the least. */
enum harm {
	NO_HARM,	/* the task goes on, and the waiter did not submit it */
	TASK_LOST,	/* it has not begun, and will not */
	PROMISE_BROKEN,	/* wpool_cancel_sync() returns, and the task goes on */
	MEMORY_LOST,	/* it goes on, and the waiter may have submitted it */
};

/*
 * The innermost function of its own pool that a worker is inside, or NULL. The worker is
 * asleep, so the tasks that it is inside as a submitter do not change.
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

/* It waits for a task that runs, or for one that is deferred behind such a task. */
static enum harm refusal_harm(struct wpool *pool, const struct wpool_worker *worker)
{
	const struct wpool_run *run = innermost_run(worker);
	struct wpool_task *task = blocked_on(worker);

	if (key_head(pool, task) != task)
		return TASK_LOST;
	if (task->run->serial > run->serial)
		return MEMORY_LOST;
	return worker->waiter->cancels ? PROMISE_BROKEN : NO_HARM;
}

static void circle_begin(struct wpool_circle *circle, struct wpool_waiter *waiter)
{
	*circle = (struct wpool_circle) {
		.waiter = waiter,
		.member = waiter->worker,
		.left = workers_made(waiter->worker->pool),
		.least = MEMORY_LOST,
	};
}

/* Notes a member of a possible circle. Return: the next, or NULL: this is no circle. */
static struct wpool_worker *circle_next(struct wpool *pool, struct wpool_circle *circle)
{
	struct wpool_worker *member = circle->member, *next;
	enum harm harm;

	next = blocked_on(member) ? runner_of(pool, blocked_on(member)) : NULL;
	if (!next || !innermost_run(member) || !circle->left--)
		return NULL;
	/* This wait is younger: if there is a circle, that worker has closed it. */
	if (member->waiter->turn > circle->waiter->turn)
		return NULL;
	harm = refusal_harm(pool, member);
	if (harm < circle->least) {
		circle->least = harm;
		circle->victim = member;
		circle->victim_turn = member->waiter->turn;
	}
	return next;
}

/* Refuses one worker of a circle, unless the circle is broken already. Context: pool->lock held. */
static void circle_break(struct wpool *pool, struct wpool_circle *circle)
{
	struct wpool_worker *victim = circle->victim;

	if (WARN_ON_ONCE(!victim))
		return;
	if (blocked_on(victim) && victim->waiter->turn == circle->victim_turn)
		refuse(pool, victim->waiter);
}

/*
 * If the worker has just closed a circle, refuses one worker of it. There is no other circle:
 * each is broken by the worker that closed it. Context: pool->lock held. Return: true if more
 * of the chain must be followed.
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
 * Makes a worker give up that is nested too deep, if nobody has begun the task it waits for.
 * For a group this is known only within the hold of the lock in which the worker looked: in a
 * later hold the worker looks again, and comes back here if there is still a task that it could
 * run.
 *
 * Context: pool->lock held. Return: false if the worker need not give up.
 */
static bool refuse_stuck_group(struct wpool *pool, struct wpool_waiter *waiter)
{
	int status = waiter == pool->deadlock.entering ? -EDEADLK : -EAGAIN;

	if (!group_forget(waiter))
		return false;
	waiter_complete(waiter, status, pool_wake_queue(pool));
	return true;
}

static bool refuse_stuck(struct wpool *pool, struct wpool_waiter *waiter)
{
	if (!waiter->task)
		return refuse_stuck_group(pool, waiter);
	/* After wpool_shutdown_now() nothing begins: the task will soon be cancelled. */
	if (waiter->status != -EINPROGRESS || !task_waiter_is_on(pool, waiter) ||
	    pool->state >= WPOOL_STATE_STOP ||
	    key_head(pool, waiter->task)->state != TASK_QUEUED)
		return false;
	refuse(pool, waiter);
	return true;
}

/* Looks at some of the workers that are left to look at. Context: pool->lock held. */
static void refuse_some(struct wpool *pool)
{
	struct wpool_waiter *waiter;
	unsigned int n;

	for (n = 0; n < WPOOL_CHUNK && pool->deadlock.left; n++) {
		hold_step(pool);
		pool->deadlock.left--;
		waiter = list_first_entry(&pool->deadlock.stuck, struct wpool_waiter, stuck);
		if (refuse_stuck(pool, waiter)) {
			pool->deadlock.left = 0;
			return;
		}
		list_move_tail(&waiter->stuck, &pool->deadlock.stuck);
	}
	if (pool->deadlock.left)
		pool_mark(pool, MARK_MANAGER);
}

/*
 * The worker that sleeps for room and is to be refused, or NULL. One in a task comes first: when
 * that ends, the worker takes the next. One in a hook may find none that it can begin, or is to
 * leave. Context: pool->lock held.
 */
static struct wpool_waiter *first_blocked(struct wpool_deadlock *deadlock)
{
	struct list_head *list = list_empty(&deadlock->blocked) ? &deadlock->blocked_in_hook :
				 &deadlock->blocked;

	return list_first_entry_or_null(list, struct wpool_waiter, stuck);
}

/* Can nobody go on? Context: pool->lock held. */
static bool all_asleep(const struct wpool *pool)
{
	return sleepers(pool) && sleepers(pool) >= pool_all_asleep(pool);
}

/**
 * deadlock_break() - make a worker give up if none can go on
 * @pool: the pool
 *
 * For %MARK_ASLEEP: when one more worker sleeps, when there may be one worker less, and when a
 * task has ended and its room went to none of them. Context: pool->lock held.
 */
void deadlock_break(struct wpool *pool)
{
	struct wpool_waiter *waiter;

	lockdep_assert_held(&pool->lock);
	if (!all_asleep(pool))
		return;
	waiter = first_blocked(&pool->deadlock);
	if (waiter) {
		queue_unblock(pool, waiter);
		queue_count_refused(pool, waiter->task, -EDEADLK);
		waiter_complete(waiter, -EDEADLK, pool_wake_queue(pool));
		return;
	}
	pool->deadlock.left = pool->deadlock.nr_stuck;
	refuse_some(pool);
}

/**
 * deadlock_count() - count a worker that is going to sleep
 * @waiter: with a worker, on no list yet
 * @needs_worker: can only a worker end its sleep?
 *
 * A worker inside a hook is not counted, as it does not count as running; but see
 * deadlock_block(). Context: the lock of its pool held.
 */
void deadlock_count(struct wpool_waiter *waiter, bool needs_worker)
{
	struct wpool *pool = waiter->worker->pool;

	waiter->counted = needs_worker && waiter->worker->nesting;
	if (!waiter->counted)
		return;
	inbox_shut(pool);
	sleepers_add(pool, false);
}

/**
 * deadlock_block() - count a worker that is going to sleep for room
 * @waiter: with a worker, on no list yet
 *
 * It is refused first. One inside the hook of its start or end is counted, too, as long as it
 * sleeps: it keeps its place, and begins no task until the hook returns. Context: the lock of its
 * pool held.
 */
void deadlock_block(struct wpool_waiter *waiter)
{
	struct wpool_worker *worker = waiter->worker;
	struct wpool *pool = worker->pool;

	waiter->counted = true;
	inbox_shut(pool);
	sleepers_add(pool, !worker->nesting);
	if (worker->nesting) {
		list_add_tail(&waiter->stuck, &pool->deadlock.blocked);
		return;
	}
	list_add_tail(&waiter->stuck, &pool->deadlock.blocked_in_hook);
	worker_enter_from_hook(worker);
	pool_mark(pool, MARK_ASLEEP);	/* deadlock_if_asleep() has not looked */
}

/* Would this worker sleep for ever? Context: the lock of its pool held. */
bool deadlock_if_asleep(const struct wpool_waiter *waiter)
{
	const struct wpool *pool = waiter->worker->pool;

	return waiter->worker->nesting && sleepers(pool) + 1 >= pool_all_asleep(pool);
}

/**
 * deadlock_enter() - let a worker go to sleep for a task or a group
 * @waiter: with a worker, and on its list; if it waits for a group, deadlock_count() was called
 *	if needed
 * @circle: for deadlock_follow(), or NULL if it is for a group
 *
 * The worker calls deadlock_leave() after it wakes. Context: the lock of its pool held.
 * Return: true if the caller must call deadlock_follow() in another hold of the lock.
 */
bool deadlock_enter(struct wpool_waiter *waiter, struct wpool_circle *circle)
{
	struct wpool_worker *worker = waiter->worker;
	struct wpool *pool = worker->pool;
	bool more = false;

	lockdep_assert_held(&pool->lock);
	if (waiter->task) {
		worker_waits_as(worker, waiter);
		waiter->turn = ++pool->deadlock.turns;
		deadlock_count(waiter, needs_worker(pool, waiter->task));
		if (waiter->counted)
			task_waiter_count(waiter->task);
	}
	if (waiter->counted && waiter->too_deep) {
		list_add(&waiter->stuck, &pool->deadlock.stuck);
		pool->deadlock.nr_stuck++;
	}
	if (!waiter->task)
		pool->deadlock.entering = waiter;
	if (circle)
		circle_begin(circle, waiter);
	if (circle && circle_follow(pool, circle))
		more = true;
	else
		pool_mark(pool, MARK_ASLEEP);
	return more;
}

/**
 * deadlock_follow() - follow the chain further
 * @circle: from deadlock_enter()
 *
 * Context: the lock of its pool held, in the same RCU read-side critical section as
 * deadlock_enter(): RCU keeps &wpool_circle.member, which may have left by now.
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

/* The worker is awake again. Context: the lock of its pool held. */
void deadlock_leave(struct wpool_waiter *waiter)
{
	struct wpool *pool = waiter->worker->pool;

	if (list_empty(&waiter->stuck))
		return;
	list_del_init(&waiter->stuck);
	pool->deadlock.nr_stuck--;
	pool->deadlock.left = min(pool->deadlock.left, pool->deadlock.nr_stuck);
}

/**
 * deadlock_go_on() - go on looking for a worker that can give up, if some are left
 * @pool: the pool
 *
 * Context: pool->lock held.
 */
void deadlock_go_on(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (!all_asleep(pool))
		pool->deadlock.left = 0;
	refuse_some(pool);
}
