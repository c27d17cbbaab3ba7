// SPDX-License-Identifier: GPL-2.0
/*
 * The workers of a pool, and what they count as: idle, searching, starting, leaving.
 *
 * Everything here needs pool->lock.
 */
#include <linux/jiffies.h>
#include <linux/rculist.h>
#include <linux/wpool.h>

#include "capacity_slots.h"
#include "counter.h"
#include "marks.h"
#include "pool.h"
#include "worker_list.h"

unsigned int hotplug_came;

void workers_init(struct wpool *pool)
{
	INIT_LIST_HEAD(&pool->workers.list);
	INIT_LIST_HEAD(&pool->workers.idle);
	INIT_LIST_HEAD(&pool->workers.start_waiters);
	pool->workers.next_expiry = jiffies;
	pool_watch(pool, WATCH_UNSEEN, true);
}

/* The idle worker to be let go first, or NULL. */
struct wpool_worker *worker_coldest(struct wpool *pool)
{
	return list_empty(&pool->workers.idle) ? NULL :
	       list_last_entry(&pool->workers.idle, struct wpool_worker, place.idle_node);
}

#define LOOKS	4

/* Of the first few idle ones the first that slept on this CPU, or else the warmest. */
struct wpool_worker *worker_warmest_on(struct wpool *pool, int cpu)
{
	struct wpool_worker *worker;
	unsigned int looks = LOOKS;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry(worker, &pool->workers.idle, place.idle_node) {
		if (task_cpu(worker->thread) == cpu)
			return worker;
		if (!--looks)
			break;
	}
	return worker_warmest(pool);
}

/**
 * worker_expires() - when an idle worker may be let go
 * @worker: idle
 *
 * After its idle timeout, and not before that time has passed since another one was let go: if
 * the work comes in bursts, the workers of one burst are there for the next.
 *
 * Context: pool->lock held.
 * Return: in jiffies; perhaps in the past.
 */
unsigned long worker_expires(const struct wpool_worker *worker)
{
	const struct wpool *pool = worker->pool;
	unsigned long at = worker_since(worker) + pool_idle_timeout(pool);
	unsigned long next = pool->workers.next_expiry;

	/* What is further away is very old: jiffies have gone round. */
	if (time_after(at, jiffies + pool_idle_timeout(pool)))
		at = jiffies;
	return time_before(at, next) &&
	       time_before_eq(next, jiffies + pool_idle_timeout(pool)) ? next : at;
}

/* The worker is let go because of that. Context: pool->lock held. */
void worker_expired(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	stat_inc(pool, WPOOL_STAT_EXPIRED);
	pool->workers.next_expiry = jiffies + pool_idle_timeout(pool);
}

/**
 * worker_go_idle() - put a worker on the idle list
 * @worker: the current thread
 * @slept_at: from spin_slept_at(), or 0
 *
 * Context: pool->lock held. The worker sleeps until it is not idle any more.
 */
void worker_go_idle(struct wpool_worker *worker, u64 slept_at)
{
	struct wpool *pool = worker->pool;

	list_add(&worker->place.idle_node, &pool->workers.idle);
	WRITE_ONCE(worker->place.idle, true);
	shared_inc(pool->workers.nr_idle);
	workers_recount(pool);
	WRITE_ONCE(worker->place.since, jiffies);
	worker->place.slept_at = slept_at;
}

/**
 * worker_unidle() - take a worker off the idle list
 * @worker: on it
 *
 * Context: pool->lock held. The caller wakes it.
 */
void worker_unidle(struct wpool_worker *worker)
{
	list_del(&worker->place.idle_node);
	WRITE_ONCE(worker->place.idle, false);
	shared_dec(worker->pool->workers.nr_idle);
	workers_recount(worker->pool);
}

/**
 * worker_leave() - let a worker take no more tasks
 * @worker: the worker
 *
 * Context: pool->lock held.
 */
void worker_leave(struct wpool_worker *worker)
{
	if (worker->place.leaving)
		return;
	WRITE_ONCE(worker->place.leaving, true);
	worker->pool->workers.nr_leaving++;
	workers_recount(worker->pool);
	pool_mark(worker->pool, MARK_ASLEEP);
}

/**
 * worker_started() - a worker is about to look at the queue, or never will
 * @worker: the worker
 *
 * Context: pool->lock held.
 */
void worker_started(struct wpool_worker *worker)
{
	struct wpool_workers *workers = &worker->pool->workers;

	if (!worker->place.starting)
		return;
	WRITE_ONCE(worker->place.starting, false);
	/* Inside a task it is not counted, see worker_enter_from_hook(). */
	workers->nr_starting -= !worker->nesting;
	if (!--workers->nr_unstarted && !list_empty(&workers->start_waiters))
		pool_mark(worker->pool, MARK_STARTED);
}

/**
 * workers_await_start() - wait until no worker is inside its worker_start
 * @pool: the pool
 * @waiter: put on a list, from which %MARK_STARTED takes it
 *
 * Context: pool->lock held.
 * Return: false if there is none now.
 */
bool workers_await_start(struct wpool *pool, struct wpool_waiter *waiter)
{
	if (!pool->workers.nr_unstarted)
		return false;
	list_add_tail(&waiter->node, &pool->workers.start_waiters);
	return true;
}

/**
 * worker_enter_from_hook() - a worker is about to run a task that its hook waits for, or to sleep
 *	for room in its hook
 * @worker: the worker; inside no task
 *
 * Until worker_return_to_hook() it does not count as starting, and counts as one that could end a
 * task if it is leaving, as no other has its place yet. Context: pool->lock held.
 */
void worker_enter_from_hook(struct wpool_worker *worker)
{
	struct wpool_workers *workers = &worker->pool->workers;

	workers->nr_starting -= worker->place.starting;
	workers->nr_last_runs += worker->place.leaving;
}

/* It goes on in its hook. Context: pool->lock held. */
void worker_return_to_hook(struct wpool_worker *worker)
{
	struct wpool_workers *workers = &worker->pool->workers;

	workers->nr_starting += worker->place.starting;
	workers->nr_last_runs -= worker->place.leaving;
	pool_mark(worker->pool, MARK_ASLEEP);
}

/* Counts a worker, which is starting from here on. Context: pool->lock held. */
void worker_link(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	worker->place.since = jiffies;
	list_add_tail_rcu(&worker->place.node, &pool->workers.list);
	shared_inc(pool->workers.nr);
	workers_recount(pool);
	stat_inc(pool, WPOOL_STAT_CREATED);
	stat_raise(pool, WPOOL_STAT_LARGEST, pool->workers.nr);
	WRITE_ONCE(worker->place.starting, true);
	pool->workers.nr_starting++;
	pool->workers.nr_unstarted++;
}

/* Its thread has ended, and its hooks have not returned. Context: pool->lock held. */
void worker_die(struct wpool_worker *worker)
{
	WRITE_ONCE(worker->dead, true);
	worker->pool->workers.nr_dead += !worker->place.leaving;
}

/**
 * worker_give_place() - stop counting a worker that has left or is dead
 * @worker: the worker; another may take its place
 *
 * It stays on the list, where the tasks are found that it was inside.
 *
 * Context: pool->lock held.
 */
void worker_give_place(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	if (worker->place.leaving) {
		pool->workers.nr_leaving--;
		pool->workers.nr_last_runs -= !!worker->nesting;
	} else {
		pool->workers.nr_dead -= worker->dead;
	}
	shared_dec(pool->workers.nr);
	workers_recount(pool);
	slots_put(pool);
	pool_mark(pool, MARK_ASLEEP | MARK_MANAGER);
}

/* Takes a worker off the list that has no place, and is inside no task. Needs pool->lock. */
void worker_unlink(struct wpool_worker *worker)
{
	list_del_rcu(&worker->place.node);
}
