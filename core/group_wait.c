// SPDX-License-Identifier: GPL-2.0
/* Waiting for a group; group.c has what a group is. */
#include <linux/lockdep.h>
#include <linux/module.h>

#include "caller_runs.h"
#include "current_thread.h"
#include "deadlock.h"
#include "depmap.h"
#include "group.h"
#include "nesting.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_walk.h"
#include "stop.h"
#include "task_run.h"
#include "waiter.h"
#include "worker_stack.h"

/* A wait for a group, from the caller's point of view. */
struct group_wait {
	struct wpool_group	*group;
	struct wpool_worker	*worker;	/* the caller, if it has no time limit */
	struct wpool_worker	*owner;		/* owner of the group, see stack_hold() */
	struct wpool_deadline	deadline;
	unsigned int		state;		/* of the thread while it sleeps */
	bool			cancels;	/* takes tasks back, and runs none */
	unsigned int		came;		/* how many had come when it began to do so */
	bool			failed;		/* what it does if the group fails is done */
	int			error;
};

/*
 * Must it look again when a task joins? A worker may have to run that; one that cancels, or whose
 * group has failed, takes it back; and a thread may be inside it, as its submitter: see
 * thread_inside_group().
 */
static bool looks_again(const struct group_wait *wait)
{
	return wait->worker || wait->cancels || wait->failed || caller_current(wait->worker);
}

/*
 * Has something happened since the caller looked for which it is woken when it sleeps? Context:
 * the group's lock held.
 */
static bool group_has_news(const struct group_wait *wait)
{
	const struct wpool_group *group = wait->group;

	lockdep_assert_held(&group->lock);
	if (!wait->cancels && group_failed(group) && !wait->failed)
		return true;
	return looks_again(wait) && group->came != wait->came;
}

/*
 * Adds a waiter for the end of the group. Return: -EINPROGRESS; 0 if the group is empty, or gone;
 * -EAGAIN if the caller must look at it again.
 */
static int group_join(struct group_wait *wait, struct wpool_waiter *waiter)
{
	struct wpool_group *group = wait->group;
	unsigned long flags;
	int ret = 0;

	waiter->group = group;
	waiter->owner = wait->owner;
	waiter->value = -EOWNERDEAD;
	rcu_read_lock();
	if (!stack_is_ending(wait->owner)) {
		raw_spin_lock_irqsave(&group->lock, flags);
		waiter->value = group->error;
		waiter->ring = group->ring;
		if (group->pending)
			ret = group_has_news(wait) ? -EAGAIN : -EINPROGRESS;
		if (ret == -EINPROGRESS)
			list_add_tail(&waiter->node, looks_again(wait) ?
				      &group->helpers : &group->waiters);
		raw_spin_unlock_irqrestore(&group->lock, flags);
	}
	rcu_read_unlock();
	return ret;
}

/* Others no longer find the waiter of a worker. Context: the lock of its pool held. */
static void group_hide_waiter(struct wpool_worker *worker, struct wpool_waiter *waiter)
{
	worker->group_waiter = NULL;
	if (waiter->worker)
		deadlock_leave(waiter);
}

/*
 * Takes a waiter of a worker off its list. As this worker may be counted as asleep, and as
 * others look for it there, that needs the lock of its pool. Return: as group_give_way().
 */
static bool group_give_way_worker(struct wpool_worker *worker, struct wpool_waiter *waiter)
{
	unsigned long flags;
	bool gave_up;

	pool_lock(worker->pool, flags);
	gave_up = group_forget(waiter);
	if (gave_up)
		waiter_awake(waiter);
	group_hide_waiter(worker, waiter);
	pool_unlock(worker->pool, flags);
	return gave_up;
}

/*
 * Takes a waiter off its list whose time is over, or that got a signal. Return: false if it has
 * been completed, or is about to be.
 */
static bool group_give_way(struct group_wait *wait, struct wpool_waiter *waiter)
{
	struct wpool_group *group = wait->group;
	bool gave_up = false;
	unsigned long flags;

	if (wait->worker)
		return group_give_way_worker(wait->worker, waiter);
	rcu_read_lock();
	if (!stack_is_ending(wait->owner)) {
		raw_spin_lock_irqsave(&group->lock, flags);
		gave_up = group_leave(waiter);
		raw_spin_unlock_irqrestore(&group->lock, flags);
	}
	rcu_read_unlock();
	return gave_up;
}

/* Return: 0 when the group is empty, -EAGAIN, -ETIMEDOUT, -EINTR, -EINVAL, -EDEADLK. */
static int group_await(struct group_wait *wait, struct wpool_waiter *waiter,
		       const struct wpool_deadline *deadline)
{
	long left = waiter_sleep(waiter, deadline, wait->state, false);

	if (left <= 0) {
		if (group_give_way(wait, waiter))
			return left < 0 ? left : -ETIMEDOUT;
		wait_for_completion(&waiter->done);
	}
	group_wake_rest(waiter);
	return waiter->status;
}

/* Return: as group_await(). */
static int group_sleep(struct group_wait *wait)
{
	struct wpool_waiter waiter;
	int ret;

	waiter_init(&waiter);
	ret = group_join(wait, &waiter);
	if (ret == -EINPROGRESS)
		ret = group_await(wait, &waiter, &wait->deadline);
	wait->error = waiter.value;
	return ret;
}

/*
 * Finds a task of the group that the worker could run. Locking: pool->lock held; may be released
 * and regrabbed.
 */
static struct wpool_task *group_find(struct wpool *pool, const struct group_wait *wait,
				     unsigned long *flags)
	__must_hold(&pool->lock)
{
	struct wpool_task *task;

	if (wait->cancels || pool->state >= WPOOL_STATE_STOP)
		return NULL;
	task = walk_find(pool, wait->group, flags);
	/* Another group may lie there once that stack is ending. */
	return pool->state < WPOOL_STATE_STOP && !stack_is_ending(wait->owner) ? task : NULL;
}

/*
 * A worker goes to sleep. It is counted as asleep if only workers of its pool can bring about the
 * end of the group. Otherwise the waiter has no worker, as it may be completed without the lock of
 * its pool. Context: pool->lock held.
 */
static void group_doze(struct group_wait *wait, struct wpool_waiter *waiter)
{
	struct wpool_group *group = wait->group;

	if (stack_is_ending(wait->owner))
		return;
	if (!waiter->too_deep)
		wait->worker->group_waiter = waiter;
	raw_spin_lock(&group->lock);
	/* Once it is in a rest, another lock guards its status. */
	if (waiter->ring == group->ring && waiter->status == -EINPROGRESS &&
	    !group->elsewhere && group->home == wait->worker->pool) {
		waiter->worker = wait->worker;
		deadlock_count(waiter, true);
		group->nr_counted += waiter->counted;
		if (!waiter->counted)
			waiter->worker = NULL;
	}
	raw_spin_unlock(&group->lock);
	if (waiter->worker)
		deadlock_enter(waiter, NULL);
}

/*
 * Locking: the lock of the worker's pool held; released. Return: as group_await().
 *
 * Once it can be woken for new tasks, it looks once more: otherwise a task that came after the
 * last look would wait for a worker that waits for the task. It does not look again if it has
 * found a task that is @too_deep for it, or if it runs no more tasks.
 *
 * Not inline: its stack frame must not lie under the tasks that the worker runs while it waits.
 */
static noinline int group_sleep_worker(struct wpool *pool, struct group_wait *wait,
				       bool too_deep, unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_deadline now = { .at = jiffies };
	struct wpool_waiter waiter;
	bool joined, again = false;
	int ret;

	waiter_init(&waiter);
	waiter.too_deep = too_deep;
	ret = group_join(wait, &waiter);
	joined = ret == -EINPROGRESS;
	if (joined && !too_deep)
		again = group_find(pool, wait, &flags);
	if (joined && !again)
		group_doze(wait, &waiter);
	pool_unlock(pool, flags);
	if (joined)
		ret = group_await(wait, &waiter, again ? &now : &wait->deadline);
	/* Only this thread puts it there. */
	if (wait->worker->group_waiter || data_race(!list_empty(&waiter.stuck))) {
		pool_lock(pool, flags);
		group_hide_waiter(wait->worker, &waiter);
		pool_unlock(pool, flags);
	}
	wait->error = waiter.value;
	return again && ret == -ETIMEDOUT ? -EAGAIN : ret;
}

/*
 * The worker looks at the group once: it runs a task of the group that waits in its own pool,
 * or sleeps. Return: as group_await().
 */
static int group_help(struct group_wait *wait)
{
	struct wpool_worker *worker = wait->worker;
	struct wpool *pool = worker->pool;
	struct wpool_task *task;
	unsigned long flags;

	pool_lock(pool, flags);
	task = group_find(pool, wait, &flags);
	if (!task || !run_may_nest(worker))
		return group_sleep_worker(pool, wait, task, flags);
	queue_remove(pool, task);
	run_task(worker, task);	/* drops it if the group has failed */
	pool_unlock(pool, flags);
	return -EAGAIN;
}

static int group_wait_once(struct group_wait *wait)
{
	return wait->worker ? group_help(wait) : group_sleep(wait);
}

/* The caller was woken, or is not to sleep: the group has tasks, and may have failed. */
static void group_look(struct group_wait *wait)
{
	rcu_read_lock();
	wait->failed = !stack_is_ending(wait->owner) && group_failed(wait->group);
	rcu_read_unlock();
}

/* How many tasks have come to the group is noted: those that come later may be missed. */
static void group_note_came(struct group_wait *wait)
{
	rcu_read_lock();
	if (!stack_is_ending(wait->owner))
		wait->came = READ_ONCE(wait->group->came);
	rcu_read_unlock();
}

/* From now on, or no more, what begins is asked to stop. */
static void group_stop_what_begins(struct group_wait *wait, bool from_now)
{
	rcu_read_lock();
	if (!stack_is_ending(wait->owner))
		group_stop_begun(wait->group, from_now ? 1 : -1);
	rcu_read_unlock();
}

/*
 * Empties the group, so that its memory belongs to the caller: takes back its tasks, and waits
 * for those that run. It is woken for each that comes meanwhile, and takes that back, too:
 * perhaps no worker is left to run it, or it goes on submitting itself. With @stop it asks those
 * that run; those that have come since it looked, and begin before it can take them back, are
 * asked as they begin. Return: how many it took back, or -EINVAL.
 */
static int group_clear(struct group_wait *wait, bool stop)
{
	int n = 0, ret;

	if (stop)
		group_stop_what_begins(wait, true);
	wait->cancels = true;
	wait->state = TASK_UNINTERRUPTIBLE;
	do {
		group_note_came(wait);
		n += group_cancel(wait->group, wait->owner);
		if (stop)
			stop_group(wait->group, wait->owner);
		ret = group_wait_once(wait);
	} while (ret == -EAGAIN);
	if (stop)
		group_stop_what_begins(wait, false);
	return ret == -EINVAL ? ret : n;
}

/* Lockdep learns of the wait; in a group that goes there is nothing left to wait for. */
static void group_wait_begin(struct group_wait *wait, unsigned long timeout)
{
	wait->owner = stack_hold(wait->group);
	deadline_set(&wait->deadline, timeout);
	rcu_read_lock();
	if (!stack_is_ending(wait->owner))
		dep_wait_group(wait->group, wait->deadline.never);
	rcu_read_unlock();
}

/* Behind wpool_group_wait() and its sisters. */
int __wpool_group_wait(struct wpool_group *group, unsigned long timeout, unsigned int state)
{
	struct group_wait wait = { .group = group, .state = state };
	struct wpool_worker *worker = worker_current(NULL);
	bool own;
	int ret;

	might_sleep();
	if (!group)
		return -EINVAL;
	group_wait_begin(&wait, timeout);
	if (wait.deadline.never)
		wait.worker = worker;
	do {
		/*
		 * Check each time: the wait is woken if a task joins, which may be the caller's
		 * own, to run again.
		 */
		group_note_came(&wait);
		own = thread_inside_group(group, worker);
		/*
		 * Not when the time is over, as that may sleep; nor if the group was empty: then a
		 * release may ask it for its error, in a thread that takes tasks back.
		 */
		if (wait.failed && deadline_left(&wait.deadline) && !own)
			group_cancel(group, wait.owner);
		ret = own ? -EDEADLK : group_wait_once(&wait);
		if (ret == -EAGAIN)
			group_look(&wait);
	} while (ret == -EAGAIN);
	if (ret == -EDEADLK && !own)
		group_clear(&wait, false);	/* no worker can run those that wait */
	stack_release(wait.owner);
	return ret ?: wait.error;
}
EXPORT_SYMBOL_GPL(__wpool_group_wait);

/**
 * wpool_group_cancel_sync() - cancel the tasks of a group, ask the running ones to stop, and wait
 * @group: the group; afterwards as after wpool_group_wait(). A task that was scheduled again while
 *	it ran, and is in the group only for that, may still run
 *
 * Tasks that join the group meanwhile are cancelled or asked to stop too.
 *
 * Context: Process context; sleeps, uninterruptibly.
 * Return: 0; -EINVAL (NULL); -EDEADLK (the caller is inside a task of the group, or one that is to
 * run again as a task of it): nothing was done then. -EINVAL also in atomic context, if tasks of
 * the group still run.
 */
int wpool_group_cancel_sync(struct wpool_group *group)
{
	struct group_wait wait = { .group = group, .worker = worker_current(NULL) };
	int ret = -EDEADLK;

	might_sleep();
	if (!group)
		return -EINVAL;
	if (thread_inside_group(group, wait.worker))
		return ret;
	group_wait_begin(&wait, MAX_SCHEDULE_TIMEOUT);
	ret = min(group_clear(&wait, true), 0);
	stack_release(wait.owner);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_group_cancel_sync);
