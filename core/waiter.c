// SPDX-License-Identifier: GPL-2.0
/*
 * Those who wait in the pool's own calls, and how they are told. They are collected in
 * &wpool.wakes, and woken after the lock is dropped, see pool_lock.c. That nobody is missed, or
 * touched when it is gone, is shown by scripts/model/handover.pml.
 */
#include <linux/lockdep.h>

#include "lock_hold.h"
#include "pool.h"
#include "task.h"
#include "waiter.h"

void waiter_init(struct wpool_waiter *waiter)
{
	*waiter = (struct wpool_waiter) { .told = -EINPROGRESS };
	init_completion(&waiter->done);
	INIT_LIST_HEAD(&waiter->rest);
	INIT_LIST_HEAD(&waiter->stuck);
}

/**
 * waiter_tell() - tell a waiter that was just taken off its list
 * @waiter: the waiter
 * @told: what it is told
 * @wakes: gets it
 *
 * A worker counts as awake from here on, not from when it runs.
 *
 * Context: the lock that guards the list held; pool->lock if it is a worker that waits
 * for a task, or is counted.
 */
void waiter_tell(struct wpool_waiter *waiter, int told,
		 struct wpool_wakes *wakes)
{
	waiter->told = told;
	if (waiter->worker && waiter->task)
		waiter->worker->waiter = NULL;
	if (waiter->counted) {
		lockdep_assert_held(&waiter->worker->pool->lock);
		waiter->worker->pool->nr_asleep--;
		waiter->counted = false;
	}
	hlist_add_head(&waiter->hnode, &wakes->waiters);
	wakes->told++;
}

/**
 * waiters_tell() - tell the same to any number of waiters
 * @pool: the pool if its lock is held, or NULL
 * @waiters: the list; empty afterwards. They are not counted as asleep any more.
 * @told: what they are told
 * @value: and the value that goes with it
 * @wakes: gets the first of them
 *
 * The last of these has the others on its list of the rest. It calls waiters_tell() for
 * them when it is awake: until then it does not return, so all of them, and what they wait
 * for, are there. One may give up meanwhile: it is on a list, and takes itself off. Modelled
 * in scripts/model/rest.pml.
 *
 * Context: the lock that guards the list held.
 */
void waiters_tell(struct wpool *pool, struct list_head *waiters, int told, int value,
		  struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;

	do {
		if (pool)
			hold_step(pool);
		waiter = list_first_entry(waiters, struct wpool_waiter, node);
		list_del(&waiter->node);
		waiter->value = value;
		waiter->counted = false;
		waiter_tell(waiter, told, wakes);
		if (list_empty(waiters))
			return;
	} while (wakes->told < WPOOL_CHUNK);
	list_splice_init(waiters, &waiter->rest);
}

/**
 * wakes_issue() - wake waiters and free what has ended; for who holds no lock
 * @wakes: to be thrown away then
 *
 * A waiter may be gone as soon as it is completed.
 */
void wakes_issue(struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;
	struct hlist_node *next;

	hlist_for_each_entry_safe(waiter, next, &wakes->waiters, hnode)
		complete(&waiter->done);
	task_free_chain(wakes->garbage);
}

/**
 * deadline_set() - begin to wait
 * @deadline: when to end
 * @timeout: how long, in jiffies; %MAX_SCHEDULE_TIMEOUT is for ever, and so is one
 *	less: with the jiffy that has begun, which does not count, it is as much
 */
void deadline_set(struct wpool_deadline *deadline, unsigned long timeout)
{
	deadline->never = timeout >= MAX_SCHEDULE_TIMEOUT - 1;
	deadline->at = deadline->never ? 0 : jiffies + timeout + 1;
}

/* What is left, for the kernel's waits with a time-out. */
unsigned long deadline_left(const struct wpool_deadline *deadline)
{
	unsigned long now = jiffies;

	if (deadline->never)
		return MAX_SCHEDULE_TIMEOUT;
	return time_before(now, deadline->at) ? deadline->at - now : 0;
}
