// SPDX-License-Identifier: GPL-2.0
/*
 * How many workers a pool has and may have: those it begins with, more in advance, a new
 * capacity. The manager decides which workers are made, and when. Modelled in
 * scripts/model/workers.pml.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <trace/events/wpool.h>

#include "attrs.h"
#include "capacity_slots.h"
#include "current_thread.h"
#include "depmap.h"
#include "lock_hold.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "refs.h"
#include "resize.h"
#include "spawn_state.h"
#include "waiter.h"
#include "worker_list.h"

/*
 * Waits until the manager has made those that spawn_ask_for() has asked for. Return: how many of
 * them, or an error if because of it there are fewer than are to be kept.
 */
int pool_await_workers(struct wpool_waiter *starter)
{
	dep_wait_manager(true);
	wait_for_completion(&starter->done);
	return starter->status ?: starter->value;
}

/*
 * Asks for @n, and waits, for a caller without the lock. Return: as pool_await_workers(), or
 * -EBUSY, -ESHUTDOWN.
 */
int pool_start(struct wpool *pool, unsigned int n)
{
	struct wpool_waiter starter;
	unsigned long flags;
	int ret = 0;

	waiter_init(&starter);
	pool_lock(pool, flags);
	if (pool->state != WPOOL_STATE_RUNNING)
		ret = -ESHUTDOWN;
	else if (spawn_is_awaited(pool))
		ret = -EBUSY;
	else
		spawn_ask_for(pool, &starter, n);
	pool_unlock(pool, flags);
	return ret ?: pool_await_workers(&starter);
}

/*
 * Goes some steps towards a new capacity. Context: pool->lock held. Return: true if it is not
 * there yet.
 */
static bool resize_some(struct wpool *pool, unsigned int capacity)
{
	unsigned int now = pool_capacity(pool);
	unsigned int to = clamp(capacity, now - min(now, WPOOL_CHUNK), now + WPOOL_CHUNK);

	slots_resize(pool, to);
	workers_recount(pool);
	pool_mark(pool, MARK_ROOM | MARK_ASLEEP | MARK_MANAGER);
	return to != capacity;
}

/*
 * Goes to a capacity that was chosen in this hold of the lock: of several calls at the same
 * time the last to choose wins. Locking: pool->lock held; released and regrabbed.
 */
static void resize(struct wpool *pool, unsigned int capacity, unsigned long *flags)
	__must_hold(&pool->lock)
{
	unsigned int turn = ++pool->resizes;

	trace_wpool_pool_resize(pool->name, pool_capacity(pool), capacity);
	while (pool->resizes == turn && resize_some(pool, capacity)) {
		pool_unlock(pool, *flags);
		cpu_relax();
		pool_lock(pool, *flags);
	}
}

/**
 * resize_closed() - set the capacity of a pool that is about to open from the online CPUs
 * @pool: the pool; terminated, so all slots are free and nobody waits for one
 *
 * Only if its capacity is a share of them. Context: pool->lock held until the pool is open: for
 * a CPU that goes or comes later, pool_follow_cpus() is called.
 */
void resize_closed(struct wpool *pool)
{
	unsigned int capacity;

	lockdep_assert_held(&pool->lock);
	if (!pool->conf.percent)
		return;
	pool->resizes++;	/* makes a resize in progress stop */
	capacity = attrs_percent_of_cpus(pool->conf.percent, pool->conf.flags);
	trace_wpool_pool_resize(pool->name, pool_capacity(pool), capacity);
	slots_init(pool, capacity);
	workers_recount(pool);
}

/**
 * pool_follow_cpus() - set the capacity from the online CPUs
 * @pool: the pool
 *
 * Only if its capacity is a share of them, and the pool is open. They are counted under the
 * lock, so of two calls the later one wins.
 */
void pool_follow_cpus(struct wpool *pool)
{
	unsigned long flags;

	if (!pool->conf.percent)
		return;
	pool_lock(pool, flags);
	if (pool->state == WPOOL_STATE_RUNNING)
		resize(pool, attrs_percent_of_cpus(pool->conf.percent, pool->conf.flags), &flags);
	pool_unlock(pool, flags);
}

/* Like wpool_resize(), for any pool: also for the administrator of the default pool. */
int pool_resize(struct wpool *pool, unsigned int capacity)
{
	unsigned long flags;
	int ret = 0;

	if (!capacity || capacity > WPOOL_MAX_CAPACITY)
		return -EINVAL;
	if (pool->conf.flags & WPOOL_ORDERED && capacity > 1)
		return -EINVAL;
	pool_lock(pool, flags);
	if (pool->state == WPOOL_STATE_RUNNING)
		resize(pool, capacity, &flags);
	else
		ret = -ESHUTDOWN;
	pool_unlock(pool, flags);
	return ret;
}

/**
 * wpool_resize() - change how many workers a pool may have
 * @pool: the pool
 * @capacity: 1 to %WPOOL_MAX_CAPACITY
 *
 * If it grows, submitters that sleep for room get it at once. If it shrinks, no task is
 * interrupted: workers beyond the new capacity exit when their tasks have ended. Does not wait for
 * that. Of several calls at the same time the last to begin wins.
 *
 * A capacity that is a percentage of the CPUs is set again by CPU hotplug and by wpool_restart().
 *
 * Context: Any but NMI.
 * Return: 0, or with nothing changed -EINVAL (NULL pool, capacity out of range, more than 1 for an
 * ordered pool), -EPERM (the default pool) or -ESHUTDOWN.
 */
int wpool_resize(struct wpool *pool, unsigned int capacity)
{
	if (IS_ERR_OR_NULL(pool))
		return -EINVAL;
	if (pool_is_shared(pool, "wpool_resize()"))
		return -EPERM;
	return pool_resize(pool, capacity);
}
EXPORT_SYMBOL_GPL(wpool_resize);

/*
 * Waits until no worker is inside its worker_start, or has died in it. One that is made meanwhile
 * prolongs the wait.
 */
static void await_start(struct wpool *pool)
{
	struct wpool_waiter waiter;
	unsigned long flags;
	bool waits;

	waiter_init(&waiter);
	wpool_get(pool);
	pool_lock(pool, flags);
	waits = workers_await_start(pool, &waiter);
	pool_unlock(pool, flags);
	if (waits) {
		/* It sees that a worker has died. */
		dep_wait_manager(true);
		wait_for_completion(&waiter.done);
		pool_lock(pool, flags);
		waiter_complete_rest(pool, &waiter);
		pool_unlock(pool, flags);
	}
	wpool_put(pool);
}

/**
 * wpool_prestart() - make workers before there are tasks for them
 * @pool: the pool
 * @n: how many more; 0 waits for those of wpool_create()
 *
 * Makes no more than the capacity allows. Returns when these and earlier workers have started:
 * &wpool_ops.worker_start has returned in each, or the worker has died in it. Workers beyond
 * &wpool_attrs.min_workers exit again after the idle timeout.
 *
 * Context: Process context; may sleep. The caller holds a reference.
 * Return: how many were made, which may be fewer than asked for and 0; -EINVAL (NULL or atomic
 * context), -ESHUTDOWN, -EBUSY (another call is doing the same), -EDEADLK (in a worker, a hook, a
 * task or a release of the pool). If the pool has fewer workers than it must keep, or lacks the
 * spare of %WPOOL_MEM_RECLAIM: the error of creating a thread, or -EOWNERDEAD (workers die before
 * they have run a task; the pool tries again).
 */
int wpool_prestart(struct wpool *pool, unsigned int n)
{
	int ret;

	might_sleep();
	if (sleep_refused() || IS_ERR_OR_NULL(pool))
		return -EINVAL;
	if (worker_refused(pool, "wpool_prestart()"))
		return -EDEADLK;
	ret = pool_start(pool, n);
	if (ret >= 0)
		await_start(pool);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_prestart);
