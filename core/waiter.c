// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that wait in the pool's own calls, and how their waits are completed. They are
 * collected in &wpool.wake_queue, and woken after the lock is dropped, see pool_lock.c.
 * scripts/model/handover.pml shows that no waiter is missed, or touched when it is gone.
 */
#include <linux/lockdep.h>
#include <linux/swait.h>

#include "current_thread.h"
#include "lock_hold.h"
#include "pool.h"
#include "waiter.h"
#include "worker_list.h"

/* A worker counts as awake from here on, not from when it runs. Context: as waiter_complete(). */
void waiter_awake(struct wpool_waiter *waiter)
{
	struct wpool_worker *worker = waiter->worker;

	if (worker && waiter->task)
		worker->waiter = NULL;
	if (!waiter->counted)
		return;
	lockdep_assert_held(&worker->pool->lock);
	sleepers_sub(worker->pool, 1);
	waiter->counted = false;
	if (!worker->nesting) {
		worker->pool->nr_in_hooks--;
		worker_return_to_hook(worker);
	}
}

void waiter_init(struct wpool_waiter *waiter)
{
	*waiter = (struct wpool_waiter) { .status = -EINPROGRESS };
	init_completion(&waiter->done);
	INIT_LIST_HEAD(&waiter->rest);
	INIT_LIST_HEAD(&waiter->stuck);
}

/**
 * waiter_complete() - complete a waiter that was just taken off its list
 * @waiter: the waiter
 * @status: 0, or an errno
 * @wake_queue: gets it
 *
 * Context: the lock that guards the list held; pool->lock if it is a worker that waits for a
 * task, or is counted.
 */
void waiter_complete(struct wpool_waiter *waiter, int status,
		 struct wpool_wake_queue *wake_queue)
{
	waiter->status = status;
	waiter_awake(waiter);
	hlist_add_head(&waiter->hnode, &wake_queue->waiters);
	wake_queue->nr_waiters++;
}

/**
 * waiters_complete() - complete any number of waiters in the same way
 * @pool: the pool if its lock is held, or NULL
 * @waiters: the list; empty afterwards. They no longer count as asleep.
 * @status: 0, or an errno
 * @value: and the value that goes with it
 * @wake_queue: gets the first of them
 *
 * The last of these has the others on its list, the rest. It calls waiters_complete() for them
 * when it is awake. Until then none of them returns, so all of them, and what they wait for,
 * exist. A waiter may give up meanwhile: it is on a list, and takes itself off. Modelled in
 * scripts/model/rest.pml.
 *
 * Context: the lock that guards the list held.
 */
void waiters_complete(struct wpool *pool, struct list_head *waiters, int status, int value,
		  struct wpool_wake_queue *wake_queue)
{
	struct wpool_waiter *waiter;

	do {
		if (pool)
			hold_step(pool);
		waiter = list_first_entry(waiters, struct wpool_waiter, node);
		list_del(&waiter->node);
		waiter->value = value;
		waiter->counted = false;
		waiter_complete(waiter, status, wake_queue);
		if (list_empty(waiters))
			return;
	} while (wake_queue->nr_waiters < WPOOL_CHUNK);
	list_splice_init(waiters, &waiter->rest);
}

/* What waiters_complete() has left to this one, which is awake. Needs pool->lock. */
void waiter_complete_rest(struct wpool *pool, struct wpool_waiter *waiter)
{
	if (!list_empty(&waiter->rest))
		waiters_complete(pool, &waiter->rest, waiter->status, waiter->value,
				 pool_wake_queue(pool));
}

/**
 * wake_queue_waiters() - wake waiters, without a lock held
 * @wake_queue: has no waiters afterwards
 *
 * A waiter may be gone as soon as it is completed. One that has a time limit, or was sent a signal,
 * waits for this as soon as it is off its list: so preemption has been off since the lock was held,
 * or else it might wait for as long as others keep this thread from running.
 */
void wake_queue_waiters(struct wpool_wake_queue *wake_queue)
{
	struct wpool_waiter *waiter;
	struct hlist_node *next;

	hlist_for_each_entry_safe(waiter, next, &wake_queue->waiters, hnode)
		complete(&waiter->done);
}

/**
 * deadline_set() - set when a wait ends
 * @deadline: when to end
 * @timeout: how long, in jiffies; %MAX_SCHEDULE_TIMEOUT is for ever, and so is one less, as the
 *	jiffy that has already begun does not count; 0 is over at once
 */
void deadline_set(struct wpool_deadline *deadline, unsigned long timeout)
{
	deadline->never = timeout >= MAX_SCHEDULE_TIMEOUT - 1;
	deadline->at = deadline->never ? 0 : jiffies + timeout + !!timeout;
}

/* The time that is left, for the kernel's waits with a time-out. */
unsigned long deadline_left(const struct wpool_deadline *deadline)
{
	unsigned long now = jiffies;

	if (deadline->never)
		return MAX_SCHEDULE_TIMEOUT;
	return time_before(now, deadline->at) ? deadline->at - now : 0;
}

/**
 * deadline_sleep() - sleep until a completion
 * @done: the completion
 * @deadline: until when at most
 * @state: %TASK_UNINTERRUPTIBLE, %TASK_KILLABLE or %TASK_INTERRUPTIBLE
 *
 * When the time is over it only looks: the kernel's waits would sleep until the next tick.
 *
 * Return: > 0 if it has come, 0 if the time is over, -EINTR after a signal, -EINVAL where nothing
 * may sleep.
 */
long deadline_sleep(struct completion *done, const struct wpool_deadline *deadline,
		    unsigned int state)
{
	unsigned long left = deadline_left(deadline);
	long ret;

	if (!left)
		return try_wait_for_completion(done);
	if (sleep_refused())
		return -EINVAL;
	if (state == TASK_INTERRUPTIBLE)
		ret = wait_for_completion_interruptible_timeout(done, left);
	else if (state == TASK_KILLABLE)
		ret = wait_for_completion_killable_timeout(done, left);
	else
		ret = wait_for_completion_timeout(done, left);
	return ret < 0 ? -EINTR : ret;
}

/* As deadline_sleep(), until the calling task is asked to stop: -ECANCELED. */
static long sleep_or_stop(struct completion *done, const struct wpool_deadline *deadline,
			  unsigned int state)
{
	DECLARE_SWAITQUEUE(wait);
	unsigned long left;
	long ret;

	/* First, before the state is set again: a thread that is completed does not look asleep. */
	while (!try_wait_for_completion(done)) {
		/* Sets the state: pairs with the barrier in stop_run(). */
		ret = prepare_to_swait_event(&done->wait, &wait, state) ? -EINTR : 0;
		if (!ret && wpool_should_stop())
			ret = -ECANCELED;
		left = deadline_left(deadline);
		if (completion_done(done))
			continue;
		if (ret || !left)
			goto gives_up;
		schedule_timeout(left);
	}
	ret = 1;
gives_up:
	finish_swait(&done->wait, &wait);
	return ret;
}

/**
 * waiter_sleep() - sleep until a waiter is completed
 * @waiter: the waiter
 * @deadline: until when at most
 * @state: as for deadline_sleep()
 * @for_room: for room. This, and a wait that may end before, ends when the calling task is asked to
 *	stop. Another goes on: what it waits for may lie on the caller's stack
 *
 * Return: as deadline_sleep(), or -ECANCELED. Without the completion it may be on its list, or
 * about to be completed.
 */
long waiter_sleep(struct wpool_waiter *waiter, const struct wpool_deadline *deadline,
		  unsigned int state, bool for_room)
{
	bool napped;
	long ret;

	if (!for_room && deadline->never && state == TASK_UNINTERRUPTIBLE)
		return deadline_sleep(&waiter->done, deadline, state);
	if (!deadline_left(deadline))
		return try_wait_for_completion(&waiter->done);
	if (sleep_refused())
		return -EINVAL;
	napped = current_set_naps(true);
	ret = sleep_or_stop(&waiter->done, deadline, state);
	current_set_naps(napped);
	return ret;
}
