/* SPDX-License-Identifier: GPL-2.0 */
/* What the workers count as; see worker_list.c. */
#ifndef _WPOOL_WORKER_LIST_H
#define _WPOOL_WORKER_LIST_H

#include <linux/freezer.h>

#include "capacity_slots.h"
#include "counter.h"
#include "marks.h"
#include "pool.h"
#include "types.h"

#define for_each_worker(worker, pool) \
	list_for_each_entry(worker, &(pool)->workers.list, place.node)

/* In an RCU read-side critical section. */
#define for_each_worker_rcu(worker, pool) \
	list_for_each_entry_rcu(worker, &(pool)->workers.list, place.node)

/* How many CPUs have come; see worker_keep_cpus(). */
extern unsigned int hotplug_came;

void workers_init(struct wpool *pool);
void worker_link(struct wpool_worker *worker);
void worker_die(struct wpool_worker *worker);
void worker_give_place(struct wpool_worker *worker);
void worker_unlink(struct wpool_worker *worker);
void worker_unidle(struct wpool_worker *worker);
void worker_go_idle(struct wpool_worker *worker, u64 slept_at);
struct wpool_worker *worker_coldest(struct wpool *pool);
void worker_leave(struct wpool_worker *worker);
unsigned long worker_expires(const struct wpool_worker *worker);
void worker_expired(struct wpool_worker *worker);
void worker_started(struct wpool_worker *worker);
bool workers_await_start(struct wpool *pool, struct wpool_waiter *waiter);
void worker_enter_from_hook(struct wpool_worker *worker);
void worker_return_to_hook(struct wpool_worker *worker);

/* Made and not reaped; read anywhere. So are the next two. */
static inline unsigned int workers_made(const struct wpool *pool)
{
	return READ_ONCE(pool->workers.nr);
}

static inline unsigned int workers_idle(const struct wpool *pool)
{
	return READ_ONCE(pool->workers.nr_idle);
}

/* Those inside a function. */
static inline unsigned int workers_running(const struct wpool *pool)
{
	return READ_ONCE(pool->workers.nr_running);
}

/* Those that will look at the queue before they sleep. Needs pool->lock, as the next five. */
static inline unsigned int workers_searching(const struct wpool *pool)
{
	return pool->workers.nr_searching;
}

/* Those that were made and have not looked at the queue yet. */
static inline unsigned int workers_starting(const struct wpool *pool)
{
	return pool->workers.nr_starting;
}

/* The callers that wait until all have started. */
static inline struct list_head *workers_start_waiters(struct wpool *pool)
{
	return &pool->workers.start_waiters;
}

/* Those that take tasks. */
static inline unsigned int pool_alive(const struct wpool *pool)
{
	return pool->workers.nr - pool->workers.nr_leaving;
}

/* Those of them that have not died. */
static inline unsigned int workers_living(const struct wpool *pool)
{
	return pool_alive(pool) - pool->workers.nr_dead;
}

/* Those that take none, and are inside a task that their worker_stop waits for, or asleep there. */
static inline unsigned int workers_last_runs(const struct wpool *pool)
{
	return pool->workers.nr_last_runs;
}

/* May one more be made? Needs pool->lock. */
static inline bool pool_may_grow(const struct wpool *pool)
{
	return workers_made(pool) < pool_capacity(pool);
}

/* How many workers are kept when idle. Needs pool->lock. */
static inline unsigned int pool_keep(const struct wpool *pool)
{
	return min(pool->conf.min_workers, pool_capacity(pool));
}

/* One of the numbers has changed on which this depends, or the capacity. Needs pool->lock. */
static inline void workers_recount(struct wpool *pool)
{
	pool_watch(pool, WATCH_UNSEEN, !workers_searching(pool) &&
		   (workers_idle(pool) || pool_may_grow(pool)));
	pool_watch(pool, WATCH_MANY, pool_alive(pool) > pool_capacity(pool));
}

/* Does the system ask something of the worker, which is current? See worker_gives_way(). */
static inline bool worker_is_called(const struct wpool_worker *worker)
{
	return (worker->pool->claim.kept && worker->hotplug_came != READ_ONCE(hotplug_came)) ||
	       freezing(current);
}

/* More are inside a function, or less. Needs pool->lock. */
static inline void running_add(struct wpool *pool, int n)
{
	shared_add(pool->workers.nr_running, n);
}

/* Asleep until another thread takes it off the idle list; read anywhere. So are the next three. */
static inline bool worker_is_idle(const struct wpool_worker *worker)
{
	return READ_ONCE(worker->place.idle);
}

static inline bool worker_is_starting(const struct wpool_worker *worker)
{
	return READ_ONCE(worker->place.starting);
}

static inline bool worker_is_leaving(const struct wpool_worker *worker)
{
	return READ_ONCE(worker->place.leaving);
}

/* In jiffies: since when it is idle, or searching. */
static inline unsigned long worker_since(const struct wpool_worker *worker)
{
	return READ_ONCE(worker->place.since);
}

/* Of an idle one: since when, for spin_learn(); or 0. Needs pool->lock. */
static inline u64 worker_slept_at(const struct wpool_worker *worker)
{
	return worker->place.slept_at;
}

/* The idle worker to be used first, or NULL. Needs pool->lock. */
static inline struct wpool_worker *worker_warmest(struct wpool *pool)
{
	return list_first_entry_or_null(&pool->workers.idle, struct wpool_worker,
					place.idle_node);
}

struct wpool_worker *worker_warmest_on(struct wpool *pool, int cpu);

/* The worker is awake, and will look at the queue next. Needs pool->lock. */
static inline void worker_will_search(struct wpool_worker *worker)
{
	worker->place.searching = true;
	worker->pool->workers.nr_searching++;
	workers_recount(worker->pool);
}

/* The worker has looked, or will do so in this hold of the lock, or never will. */
static inline void worker_has_searched(struct wpool_worker *worker)
{
	if (worker->place.searching) {
		worker->place.searching = false;
		worker->pool->workers.nr_searching--;
		workers_recount(worker->pool);
	}
}

#endif /* _WPOOL_WORKER_LIST_H */
