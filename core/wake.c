// SPDX-License-Identifier: GPL-2.0
/*
 * Who is to be woken, and the waking, after the lock is dropped.
 *
 * Why no task is stranded: whenever a task is put on the queue, or a worker
 * takes one and leaves more behind, or a worker that was looking leaves for
 * good, wake_for_queue() sees to it, in the same hold of pool->lock, that some
 * worker is looking, or that every worker is busy and no more may be made. A
 * worker that looks takes the lock and finds the task, and in its turn wakes
 * the next: one wake-up is under way at a time, and the chain ends when the
 * queue is empty or the idle are used up. A worker that starts does not look yet,
 * as its worker_start may sleep: nobody who idles waits for it. But no more are made
 * than tasks wait beside those that start; it looks when it has, or has died.
 *
 * That goes for tasks in the batch (batch.c) too, from which a worker that looks takes
 * first; and for those in the staging queue (staging.c), which is open only while one
 * more task asks for no wake-up.
 *
 * Why no wake-up is lost: a worker goes on the idle list and sets its state
 * before it drops the lock; who wakes it takes it off the list under the lock
 * and calls wake_up_process() after.
 *
 * Both are shown, of every order of steps, by scripts/model/wake.pml; of those who
 * wait for something else handover.pml beside it shows as much.
 */
#include <linux/lockdep.h>
#include <linux/preempt.h>

#include "internal.h"

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
 * for, are there. One may give up meanwhile: it is on a list, and takes itself off.
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

/*
 * The rest of wake_for_queue(): tasks are ready, nobody looks, and somebody idles or
 * may be made.
 */
void __wake_for_queue(struct wpool *pool, struct wpool_wakes *wakes)
{
	struct wpool_worker *worker;

	lockdep_assert_held(&pool->lock);
	worker = list_first_entry_or_null(&pool->idle, struct wpool_worker,
					  idle_node);
	if (worker) {
		spin_learn(pool, &pool->worker_luck, worker->slept_at);
		worker_unidle(worker);
		worker_will_look(worker);
		wakes->worker = worker->thread;
	} else if (!pool->spawn_asked && queue_wants_worker(pool)) {
		pool->spawn_asked = true;
		manager_kick(pool);
	}
}

/**
 * wakes_issue() - wake waiters and free what has ended; for who holds no lock
 * @wakes: left empty; no worker is in it
 *
 * A waiter may be gone as soon as it is completed.
 */
void wakes_issue(struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;
	struct hlist_node *next;

	hlist_for_each_entry_safe(waiter, next, &wakes->waiters, hnode)
		complete(&waiter->done);
	INIT_HLIST_HEAD(&wakes->waiters);
	wakes->told = 0;
	task_free_chain(wakes->garbage);
	wakes->garbage = NULL;
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

/*
 * The worker to be woken is not on the idle list any more, but it may wake up by
 * itself, run, leave and be buried before we come to it: RCU keeps its
 * task_struct, see worker_free(). Preemption is off, which is an RCU read-side critical
 * section, and keeps a worker that is counted as looking from waiting for a turn of ours.
 */
static void wake_worker(struct wpool_wakes *wakes)
{
	if (wakes->worker)
		wake_up_process(wakes->worker);
	wakes->worker = NULL;
}

/* The rest of pool_unlock_wake(): there is somebody to wake, or to free. */
void __pool_unlock_wake(struct wpool *pool, unsigned long flags,
			struct wpool_wakes *wakes)
	__releases(&pool->lock)
{
	preempt_disable();
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	wake_worker(wakes);
	preempt_enable();
	wakes_issue(wakes);
}

void __pool_unlock_wake_irq(struct wpool *pool, struct wpool_wakes *wakes)
	__releases(&pool->lock)
{
	preempt_disable();
	raw_spin_unlock_irq(&pool->lock);
	wake_worker(wakes);
	preempt_enable();
	wakes_issue(wakes);
}

void __pool_unlock_queued(struct wpool *pool, unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_wakes wakes = {};

	__wake_for_queue(pool, &wakes);
	__pool_unlock_wake(pool, flags, &wakes);
}
