/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct wpool, and questions about it; made in create.c. Nothing here changes it, except for
 * the marks.
 */
#ifndef _WPOOL_POOL_H
#define _WPOOL_POOL_H

#include <linux/jiffies.h>
#include <linux/timer.h>

#include "types.h"

/**
 * struct wpool - a bounded set of workers and the tasks that wait for them
 *
 * @lock: guards all that is tagged L, and the private members of every task that is accepted
 *	and has not ended
 * @state: S
 * @marks: L: which invariants may be broken, see below
 * @end_marks: L: which of them the end of a task may break
 * @wake_queue: L: the threads to wake once @lock is dropped
 * @staging: tasks that are on their way to @queue, see staging.c
 * @batch: tasks that were at the head of @queue, see queue_batch.c
 * @queue: L: the tasks that wait, a list per priority, oldest first
 * @nr_queued: S: accepted and not begun, but for those in @batch or @staging
 * @one_by_one: I: nothing is batched: each task is looked at as it begins or ends
 * @nr_deferred: S: those of @nr_queued that are not on @queue: still inside their function, or
 *	behind another of their key
 * @again: L: the runs, of workers and of callers, whose task waits to run again
 * @nr_outside: L: how many of these are in threads that are no workers of the pool
 * @deferred: L: the tasks deferred behind another of their key, oldest first
 * @walk: taken by a thread that walks along @queue, @again, @deferred and @delayed, see
 *	queue_walk.c
 * @cursor: L: the next entry of a walk, or NULL
 * @walked: L: the list of @cursor
 * @put_off: L: a queued task of a group has become delayed again, since a walk began
 * @mend: the tasks that were found broken
 * @mend_limit: limits how often that is reported
 * @keys: L: the heads of the keys in use, see key.c
 * @behind_untold: S: how often some that wait behind a key were left asleep, since the manager
 *	last woke them, see key_behind.c
 * @delayed: L: delayed tasks
 * @nr_delayed: S
 * @paused: L: no task begins
 * @nr_running: S: workers inside a function
 * @nr_searching: L: workers awake that will look at @queue before they sleep, and have not yet
 *	since they were counted
 * @idle: L: workers asleep; LIFO, so that the warmest is woken
 * @nr_idle: S
 * @worker_credit: L: the spin credit of workers, see spin_wait.c
 * @waiter_credit: L: the spin credit of threads that wait for a task
 * @blocked: L: submitters asleep for lack of room, FIFO; only when there is none
 * @nr_blocked: S
 * @blocked_workers: L: those of them that are counted in @nr_asleep
 * @stuck: L: workers counted there that are nested too deep for what they wait for, see
 *	deadlock.c
 * @nr_stuck: L
 * @stuck_left: L: how many of those must still be looked at, as none can go on
 * @entering: L: the one of them that has just gone to sleep, in this hold of @lock, or NULL
 * @rings: L: counts up, see &wpool_waiter.ring
 * @turns: L: counts up, see &wpool_waiter.turn
 * @nr_asleep: L: workers of this pool asleep in calls on this pool that only its workers can
 *	end, see deadlock.c
 * @serial: L: counts runs as they begin, see &wpool_run.serial
 * @flushers: L: callers of flush, FIFO
 * @drainers: L: callers of drain
 * @drained: L: those of them whose wait is over, to be completed
 * @nr_flushing: L: all of these
 * @zeros: L: how often a color has come to zero while there was one of these
 * @awaited_colors: L: the colors that any of @flushers waits for
 * @color: L: what the next accepted task counts under
 * @in_flight: L: tasks accepted and not ended, by color; without those in @staging
 * @stats: S: the counters; those of enum wpool_stat that are marked "now" are elsewhere
 * @stats_seq: L: for readers that add up the counts of pool and workers
 *
 * @capacity: S
 * @resizes: L: how often wpool_resize() has begun to change it
 * @slots: counts how many workers may still be made; one is taken by the manager before it
 *	makes a worker and given back when it reaps it
 * @slot_debt: L: slots in use beyond @capacity since it was lowered: that many are not given
 *	back
 * @workers: L, read under RCU
 * @nr_workers: S: made and not reaped
 * @nr_leaving: L: those of them that take no more tasks
 * @nr_last_runs: L: those of these that are still inside a task, which they waited for in their
 *	worker_stop
 * @nr_starting: L: those that were made and have not looked at @queue yet:
 *	&wpool_ops.worker_start may be slow; without those inside a task there
 * @callers: L, read under RCU: threads inside tasks that they have submitted themselves
 * @next_id: M
 * @backoff: M: in jiffies: how long the last worker that died outside of a task has put off the
 *	making of the next, or 0
 * @backoff_until: M: in jiffies
 * @backoff_id: M: no worker from this one on is known to have run a task
 * @spawn_asked: L: the manager knows that a worker is wanted
 * @spawn_error: L: why the last thread could not be made, or 0
 * @starter: L: the thread that waits for workers to be made, or NULL
 * @to_start: L: how many more than those to be kept it asked for
 * @prestarted: L: how many of those have been made
 * @timer: kicks the manager: when an idle worker's time is over, a thread that could not be
 *	made is to be tried again, or the watchdog is to look. Only ever moved forward, as each
 *	look arms it anew for all that it finds.
 * @manage_node: kicked.lock: on the manager's list; then it holds a reference
 *
 * @latency: I: histograms, or NULL
 *
 * @min_workers: I, as all that follows from the attributes
 * @queue_depth: as in the attributes; UINT_MAX is unbounded
 * @open_depth: L: the queue depth for a newcomer: 0 while others wait for room
 * @full: policy
 * @idle_timeout: in jiffies
 * @max_blocked: 0 is unlimited
 * @spin_us: as in the attributes
 * @watchdog: in jiffies, how long a task may run unreported; 0 is for ever
 * @flags: as in the attributes, and POOL_PREFERS_CPUS, POOL_KEEPS_CPUS
 * @percent: the capacity as a share of the CPUs online, or 0
 * @nice: of the workers
 * @node: or NUMA_NO_NODE
 * @cpumask: where the workers are to run, if @flags says that it is set
 * @ops: hooks, or NULL
 * @priv: for the hooks
 * @hooks: the thread for those that no worker can call
 *
 * @terminated: completed by the manager on the way to WPOOL_STATE_TERMINATED
 * @nr_awaiting: S: threads that wait for it; a restart lets them return first
 * @awaited: L: in jiffies: since when they wait, and the pool is closed
 * @report_at: L: in jiffies: when what they wait for is reported
 * @kref: held by the creator, each worker, each thread asleep in a call on the pool, and the
 *	manager while it looks at it
 * @epoch: L: how often it was restarted
 * @entry: R
 * @destroyed: S: wpool_destroy() has been called
 * @dir: I: in debugfs
 * @owner: I: the module whose own tasks are not pinned
 * @hold: L: the steps of this hold of @lock, see lock_hold.h
 * @longest_hold: S: the most steps in one hold
 * @dep: I: what lockdep takes for all its tasks, or NULL; see depmap.c
 * @objects_node: on the list of all pools, see objects.c
 * @rcu: for task_lock_pool()
 * @name: I
 */
struct wpool {
	struct wpool_staging	staging;
	struct wpool_batch	batch;
	raw_spinlock_t		lock ____cacheline_aligned;
	enum wpool_state	state;
	struct list_head	queue[WPOOL_NR_PRIOS];
	unsigned int		nr_queued;
	unsigned int		nr_deferred;
	u8			marks;
	u8			end_marks;
	struct wpool_wake_queue	wake_queue;
	struct list_head	again;
	unsigned int		nr_outside;
	struct list_head	deferred;
	struct list_head	*cursor;
	bool			put_off;
	struct list_head	*walked;
	struct wpool_mend	mend;
	struct ratelimit_state	mend_limit;
	struct semaphore	walk;
	bool			paused;
	bool			one_by_one;
	unsigned int		nr_running;
	unsigned int		nr_searching;
	struct list_head	idle;
	unsigned int		nr_idle;
	int			worker_credit;
	int			waiter_credit;
	struct list_head	blocked;
	unsigned int		nr_blocked;
	struct list_head	blocked_workers;
	struct list_head	stuck;
	unsigned int		nr_stuck;
	unsigned int		stuck_left;
	struct wpool_waiter	*entering;
	unsigned long		rings;
	u64			turns;
	unsigned int		nr_asleep;
	u64			serial;
	struct list_head	flushers;
	struct list_head	drainers;
	struct list_head	drained;
	unsigned int		nr_flushing;
	unsigned int		zeros[WPOOL_NR_COLORS];
	unsigned int		awaited_colors;
	unsigned int		color;
	unsigned int		in_flight[WPOOL_NR_COLORS];
	struct list_head	delayed;
	unsigned int		nr_delayed;
	atomic64_t		stats[WPOOL_NR_STATS];
	seqcount_raw_spinlock_t	stats_seq;
	struct rb_root		keys;
	unsigned int		behind_untold;
	struct wpool_latency	*latency;

	unsigned int		capacity;
	unsigned int		resizes;
	struct semaphore	slots;
	unsigned int		slot_debt;
	struct list_head	workers;
	unsigned int		nr_workers;
	unsigned int		nr_leaving;
	unsigned int		nr_last_runs;
	unsigned int		nr_starting;
	struct list_head	callers;
	unsigned int		next_id;
	unsigned int		backoff_id;
	unsigned long		backoff;
	unsigned long		backoff_until;
	bool			spawn_asked;
	int			spawn_error;
	struct wpool_waiter	*starter;
	unsigned int		to_start;
	unsigned int		prestarted;
	struct timer_list	timer;
	struct list_head	manage_node;

	unsigned int		min_workers;
	unsigned int		queue_depth;
	unsigned int		open_depth;
	enum wpool_full		full;
	unsigned long		idle_timeout;
	unsigned int		max_blocked;
	unsigned int		spin_us;
	unsigned long		watchdog;
	unsigned int		flags;
	unsigned int		percent;
	int			nice;
	int			node;
	cpumask_var_t		cpumask;
	const struct wpool_ops	*ops;
	void			*priv;
	struct wpool_hooks	hooks;

	struct completion	terminated;
	unsigned int		nr_awaiting;
	unsigned long		awaited;
	unsigned long		report_at;
	struct kref		kref;
	unsigned int		epoch;
	struct wpool_entry	entry;
	bool			destroyed;
	struct dentry		*dir;
	struct module		*owner;
#ifdef CONFIG_PROVE_LOCKING
	unsigned int		hold;
	unsigned int		longest_hold;
	struct wpool_dep	*dep;
#endif
#ifdef CONFIG_DEBUG_OBJECTS
	struct list_head	objects_node;
#endif
	struct rcu_head		rcu;
	char			name[WPOOL_NAME_MAX + 1];
};

/*
 * Bits of &wpool.marks: of which invariants a change may have broken, since the lock was
 * taken; see pool_lock.c.
 */
#define MARK_ROOM	0x01	/* blocked submitters may have room, or must be refused */
#define MARK_ASLEEP	0x02	/* all workers may be asleep in the pool's own calls */
#define MARK_END	0x04	/* a closed pool may have nothing left to do */
#define MARK_MANAGER	0x08	/* the manager has something to do */

/* Something has changed. Needs pool->lock. */
static inline void pool_mark(struct wpool *pool, u8 marks)
{
	pool->marks |= marks;
}

/* A task no longer waits, or has ended. Needs pool->lock. */
static inline void pool_mark_end(struct wpool *pool)
{
	if (unlikely(pool->end_marks))
		pool_mark(pool, pool->end_marks);
}

/* Takes an entry off a list that may be walked, see queue_walk.c. */
static inline void walk_del(struct wpool *pool, struct list_head *entry)
{
	if (unlikely(pool->cursor == entry))
		pool->cursor = entry->next;
	list_del(entry);
}

/* Are there tasks on the queue, for any worker to take? Needs pool->lock. */
static inline bool queue_ready(const struct wpool *pool)
{
	return pool->nr_queued > pool->nr_deferred && !pool->paused;
}

/* The tasks for any worker to take: on the queue and in the batch. Needs pool->lock. */
static inline unsigned int pool_ready(const struct wpool *pool)
{
	return (pool->paused ? 0 : pool->nr_queued - pool->nr_deferred) +
	       READ_ONCE(pool->batch.left);
}

/*
 * Tasks accepted that have not begun, without those in the staging queue. Exact under
 * pool->lock, except that workers may begin batched tasks meanwhile.
 */
static inline unsigned int pool_collected(const struct wpool *pool)
{
	return READ_ONCE(pool->batch.left) + READ_ONCE(pool->nr_queued);
}

/*
 * Are more tasks ready than workers are searching for them? Starting workers will search. Needs
 * pool->lock.
 */
static inline bool queue_wants_worker(const struct wpool *pool)
{
	return pool_ready(pool) > pool->nr_searching + pool->nr_starting;
}

/* Workers that take tasks. Needs pool->lock. */
static inline unsigned int pool_alive(const struct wpool *pool)
{
	return pool->nr_workers - pool->nr_leaving;
}

/* Accepts no more, and has not terminated. Needs pool->lock. */
static inline bool pool_is_closing(const struct wpool *pool)
{
	return pool->state == WPOOL_STATE_SHUTDOWN ||
	       pool->state == WPOOL_STATE_STOP;
}

/* The end is on its way, and has something left to wait for. Needs pool->lock. */
static inline bool pool_is_ending(const struct wpool *pool)
{
	return pool_is_closing(pool) || pool->hooks.ending;
}

/* Nothing is left to do and nothing will come. Needs pool->lock. */
static inline bool pool_is_over(const struct wpool *pool)
{
	return pool->state != WPOOL_STATE_RUNNING && !pool_ready(pool) &&
	       !pool->nr_delayed && !pool->nr_deferred;
}

/* Is the making of the next worker delayed? For the manager. */
static inline bool pool_backs_off(const struct wpool *pool)
{
	return pool->backoff && time_before(jiffies, pool->backoff_until);
}

/* How many workers are kept when idle. Needs pool->lock. */
static inline unsigned int pool_keep(const struct wpool *pool)
{
	return min(pool->min_workers, pool->capacity);
}

/* Tasks accepted and not ended. Context: pool->lock held. */
static inline unsigned int pool_in_flight(const struct wpool *pool)
{
	unsigned int color, in_flight = 0;

	for (color = 0; color < WPOOL_NR_COLORS; color++)
		in_flight += pool->in_flight[color];
	return in_flight;
}

/* There is something to watch from now on. Needs pool->lock. */
static inline void watchdog_arm(struct wpool *pool)
{
	if (unlikely(pool->watchdog))
		timer_reduce(&pool->timer, jiffies + pool->watchdog);
}

#endif /* _WPOOL_POOL_H */
