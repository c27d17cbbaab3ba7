/* SPDX-License-Identifier: GPL-2.0 */
/* Threads that wait in the pool's own calls; see waiter.c. */
#ifndef _WPOOL_WAITER_H
#define _WPOOL_WAITER_H

#include <linux/sched.h>

#include "lock_hold.h"
#include "marks.h"
#include "pool.h"
#include "types.h"

void waiter_init(struct wpool_waiter *waiter);
void waiter_awake(struct wpool_waiter *waiter);
void waiter_complete(struct wpool_waiter *waiter, int status,
		 struct wpool_wake_queue *wake_queue);
void waiters_complete(struct wpool *pool, struct list_head *waiters, int status, int value,
		  struct wpool_wake_queue *wake_queue);
void waiter_complete_rest(struct wpool *pool, struct wpool_waiter *waiter);
void wake_queue_waiters(struct wpool_wake_queue *wake_queue);

/* The threads to wake once pool->lock is dropped. Needs it. */
static inline struct wpool_wake_queue *pool_wake_queue(struct wpool *pool)
{
	return &pool->wake_queue;
}

static inline bool wake_queue_any(const struct wpool_wake_queue *wake_queue)
{
	return wake_queue->worker || wake_queue->garbage || !hlist_empty(&wake_queue->waiters);
}

/* From here on these belong to the caller; the pool may be gone as soon as the lock is dropped. */
static inline void wake_queue_take(struct wpool *pool,
				   struct wpool_wake_queue *wake_queue)
{
	*wake_queue = pool->wake_queue;
	hlist_move_list(&pool->wake_queue.waiters, &wake_queue->waiters);
	pool->wake_queue = (struct wpool_wake_queue) {};
}

/*
 * The worker to wake is no longer on the idle list, but it may wake by itself, run, leave and
 * be reaped before this is reached: RCU keeps its task_struct, see worker_free(). Preemption is
 * off, which is an RCU read-side critical section; it also means that a worker that counts as
 * searching does not wait until this thread is scheduled again.
 */
static inline void wake_queue_worker(struct wpool_wake_queue *wake_queue)
{
	if (wake_queue->worker)
		wake_up_process(wake_queue->worker);
}

/* A worker that was taken off the idle list; there is none yet. Needs pool->lock. */
static inline void wake_queue_add_worker(struct wpool *pool, struct wpool_worker *worker)
{
	pool->wake_queue.worker = worker->thread;
}

/* Are there so many that pool->lock must be dropped before more are added? Needs it. */
static inline bool wake_queue_is_long(const struct wpool *pool)
{
	return pool->wake_queue.nr_waiters >= WPOOL_CHUNK;
}

/* Needs pool->lock. */
static inline bool wake_queue_has_garbage(const struct wpool *pool)
{
	return pool->wake_queue.garbage;
}

/* A worker sleeps for a task, without a time limit, until waiter_complete(). Needs pool->lock. */
static inline void worker_waits_as(struct wpool_worker *worker, struct wpool_waiter *waiter)
{
	worker->waiter = waiter;
}

/*
 * Workers of a pool asleep in calls on it that only its workers can end, see deadlock.c. Needs
 * its lock, as the next three.
 */
static inline unsigned int sleepers(const struct wpool *pool)
{
	return pool->nr_asleep;
}

/* Those of them in the hook of their start or end, for room. */
static inline unsigned int sleepers_in_hooks(const struct wpool *pool)
{
	return pool->nr_in_hooks;
}

static inline void sleepers_add(struct wpool *pool, bool in_hook)
{
	pool->nr_asleep++;
	pool->nr_in_hooks += in_hook;
	pool_set_end_mark(pool, MARK_ASLEEP, true);
}

static inline void sleepers_sub(struct wpool *pool, unsigned int n)
{
	pool->nr_asleep -= n;
	pool_set_end_mark(pool, MARK_ASLEEP, pool->nr_asleep);
}

void deadline_set(struct wpool_deadline *deadline, unsigned long timeout);
unsigned long deadline_left(const struct wpool_deadline *deadline);
long deadline_sleep(struct completion *done, const struct wpool_deadline *deadline,
		    unsigned int state);
long waiter_sleep(struct wpool_waiter *waiter, const struct wpool_deadline *deadline,
		  unsigned int state, bool for_room);

/*
 * &wpool_task.waiters: the first waiter of the task, or, with the lowest bit set, its group;
 * see task_waiters.c.
 */
#define WAITERS_GROUP	1UL

/* Needs the lock of its pool. */
static inline struct wpool_waiter *task_first_waiter(const struct wpool_task *task)
{
	unsigned long link = task->waiters;

	return link & WAITERS_GROUP ? NULL : (struct wpool_waiter *)link;
}

/* The group of a task, or NULL; it does not change. */
static inline struct wpool_group *task_group_of(const struct wpool_task *task)
{
	struct wpool_waiter *first = task_first_waiter(task);

	return first ? first->group :
		       (struct wpool_group *)(task->waiters & ~WAITERS_GROUP);
}

#endif /* _WPOOL_WAITER_H */
