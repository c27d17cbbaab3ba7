/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct wpool and the parts that it is made of; made in create.c.
 *
 * Each part, and each member that is none, has an owner: a .c file with its .h. No other file
 * touches what is in it: it calls a function of the owner. `make lint` checks that. "All may read"
 * means that only the owner writes; "Owner: all" is for what every file uses.
 */
#ifndef _WPOOL_POOL_H
#define _WPOOL_POOL_H

#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "types.h"

struct walk_entry;

#define WPOOL_LATENCY_BUCKETS	32

/**
 * struct wpool_latency - histograms of times, in powers of two of 1024 ns
 * @waiting: from acceptance to the beginning
 * @running: inside the function
 *
 * S, every counter.
 */
struct wpool_latency {
	atomic64_t		waiting[WPOOL_LATENCY_BUCKETS];
	atomic64_t		running[WPOOL_LATENCY_BUCKETS];
};

/* Tasks accepted without pool->lock, and not on the queue yet. Owner: inbox.c. */
struct wpool_inbox {
	raw_spinlock_t		lock;	/* guards what is tagged N or P */
	/*
	 * N: how many more it takes; 0 if it is shut. It does not leave 0 without pool->lock. It is
	 * also read without a lock: a wrong answer is harmless there
	 */
	u32			room;
	u32			cap;	/* P: room when it was last empty: cap - room are in it */
	u8			color;	/* P: what the next accepted task counts under */
	struct list_head	tasks;	/* N: oldest first */
	/* N: tasks of wpool's own memory that nobody needs, see task_chain() */
	struct wpool_task	*spare;
} ____cacheline_aligned;

/* Tasks of wpool's own memory that have begun, on their way to the inbox. Owner: inbox.c. */
struct wpool_retired {
	struct wpool_task	*tasks;	/* L: see task_chain() */
	unsigned int		nr;	/* L */
};

/**
 * struct wpool_entry - an entry of the registry
 * @node: on the list
 * @by_name: in the table of names; not of a bookmark
 * @pool: the pool, or NULL: a bookmark
 * @may_be_found: wpool_find() knows of it
 */
struct wpool_entry {
	struct list_head	node;
	struct hlist_node	by_name;
	struct wpool		*pool;
	bool			may_be_found;
};

/* The hooks that no worker can call. Owner: hooks.c. */
struct wpool_hooks {
	/* holds a reference to the pool while it is queued or runs */
	struct work_struct	work;
	/* L: workers whose hooks have not all returned, the oldest first */
	struct list_head	dead;
	/* L: the hook for the end of the pool has been asked for, and has not returned */
	bool			ending;
	/* who does the work, or NULL; holds a reference. Written by itself, read anywhere */
	struct task_struct	*thread;
	/* written by that thread alone, read anywhere: the hook that it is inside, or NULL */
	const char		*at;
	unsigned long		since;	/* likewise; in jiffies */
	int			locks;	/* of the thread: how many it held before that hook */
};

/* The releases that no worker and no caller calls. Owner: late.c. */
struct wpool_late {
	struct work_struct	work;	/* as that of the hooks */
	/* L: runs of dead threads that have ended; their releases are still to be called */
	struct list_head	runs;
	/* L: tasks that have ended and whose release has not returned, whoever calls it */
	unsigned int		nr_owed;
	/* L: a worker has died in wpool_shutdown_now() */
	bool			closes;
	struct task_struct	*thread;	/* as that of the hooks */
};

/*
 * What follows from the attributes: tagged I, unless it says so. Owner: attrs.c. All may read
 * it.
 */
struct wpool_conf {
	unsigned int		flags;	/* as in the attributes */
	unsigned int		queue_depth;	/* UINT_MAX is unbounded */
	enum wpool_full		full;	/* policy */
	unsigned int		min_workers;
	unsigned int		spin_us;	/* S */
	unsigned int		max_blocked;	/* 0 is unlimited */
	unsigned int		capacity;	/* with which it was made */
	/* the capacity as a share of the CPUs online, or 0 */
	unsigned int		percent;
	int			policy;	/* how the workers are scheduled */
	unsigned int		rt_priority;	/* of them, with a real-time policy */
	int			node;	/* or NUMA_NO_NODE */
	unsigned int		idle_timeout_ms;	/* S */
	/* S: how long a task may run unreported; 0 is for ever */
	unsigned int		watchdog_ms;
	unsigned int		latency;	/* S: 1 if histograms are kept */
	const struct wpool_ops	*ops;	/* hooks, or NULL */
	void			*priv;	/* for the hooks */
};

/* Where the workers run, and how nice they are. Owner: claim.c. */
struct wpool_claim {
	/* held by a thread that changes it, until all workers have it */
	struct mutex		lock;
	struct wpool_cpus	*cpus;	/* L: where they are to run; NULL: the kernel chooses */
	unsigned int		nr_cpus;	/* L: in that mask */
	bool			kept;	/* L: each goes there by itself; the kernel does not */
	int			nice;	/* S */
	unsigned int		turn;	/* L: counts up when it is changed */
};

/* Tasks accepted and not ended, by color; see flush_color.c. Owner: color_count.h. */
struct wpool_colors {
	/* L: those under each color, without what is in the inbox. COLOR_IDLE is last */
	unsigned int		in_flight[WPOOL_NR_COLORS + 1];
	unsigned int		old;	/* L: of tasks without a time, see latency.c */
};

/* The threads that wait for tasks to end. Owner: flush_color.c. */
struct wpool_flush {
	unsigned int		nr;	/* L: how many there are on all three lists */
	struct list_head	flushers;	/* L: callers of flush, FIFO */
	struct list_head	drainers;	/* L: callers of drain */
	/* L: those of them whose wait is over, to be completed */
	struct list_head	drained;
	/* L: how often a color has come to zero while there was one of these */
	unsigned int		zeros[WPOOL_NR_COLORS];
	/* L: the colors that any of the flushers waits for */
	unsigned int		awaited;
};

/* How many workers there may be. Owner: capacity_slots.c. */
struct wpool_slots {
	unsigned int		capacity;	/* S */
	/* L: slots in use beyond the capacity since it was lowered: that many are not given back */
	unsigned int		debt;
	/*
	 * counts how many workers may still be made; one is taken by the manager when a worker
	 * begins, and given back when it reaps it
	 */
	struct semaphore	free;
};

/* The workers, and what they count as. Owner: worker_list.c. */
struct wpool_workers {
	/*
	 * L: workers awake that will look at the queue before they sleep, and have not yet since
	 * they were counted
	 */
	unsigned int		nr_searching;
	unsigned int		nr;	/* S: made and not reaped */
	unsigned int		nr_leaving;	/* L: those of them that take no more tasks */
	unsigned int		nr_dead;	/* L: others that do not, as their hooks run */
	/*
	 * L: those of these that are still inside a task, which they waited for in their
	 * worker_stop, or that sleep for room there
	 */
	unsigned int		nr_last_runs;
	/*
	 * L: those that were made and have not looked at the queue yet: &wpool_ops.worker_start
	 * may be slow; without those inside a task there, or asleep for room
	 */
	unsigned int		nr_starting;
	/* L: those that have not come back from &wpool_ops.worker_start, wherever they are */
	unsigned int		nr_unstarted;
	/* L: callers that wait until there is none */
	struct list_head	start_waiters;
	unsigned int		nr_running;	/* S: workers inside a function */
	unsigned int		nr_idle;	/* S */
	struct list_head	idle;	/* L: workers asleep; LIFO, so that the warmest is woken */
	unsigned long		next_expiry;	/* L: in jiffies: not before this does one expire */
	struct list_head	list;	/* L, read under RCU: all of them */
};

/* Submitters asleep for lack of room. Owner: queue.c. */
struct wpool_blocked {
	/* L: the queue depth for a newcomer: 0 while others wait for room */
	unsigned int		open_depth;
	struct list_head	list;	/* L: FIFO; only when there is no room */
	unsigned int		nr;	/* L */
};

/* Those of them whose task has been accepted, and that sleep on. Owner: admitted.c. */
struct wpool_admitted {
	struct list_head	list;	/* L: FIFO */
	unsigned int		nr;	/* L */
	unsigned long		until;	/* L: when they are woken, at the latest; in jiffies */
	bool			due;	/* L: they are being woken */
	bool			in_vain;	/* L: one was put off in vain, not long ago */
	unsigned long		in_vain_at;	/* L: when; in jiffies */
};

/* The workers that may have to give up. Owner: deadlock.c. */
struct wpool_deadlock {
	/* L: those of &wpool_blocked.list that are counted in &wpool.nr_asleep */
	struct list_head	blocked;
	struct list_head	blocked_in_hook;	/* L: likewise, but in no task */
	/* L: workers counted there that are nested too deep for what they wait for */
	struct list_head	stuck;
	unsigned int		nr_stuck;	/* L */
	/* L: how many of those must still be looked at, as none can go on */
	unsigned int		left;
	/* L: the one of them that has just gone to sleep, in this hold of the lock, or NULL */
	struct wpool_waiter	*entering;
	u64			turns;	/* L: counts up, see &wpool_waiter.turn */
};

/* Tasks that wait, without those in the inbox. Owner: task_lists.h. */
struct wpool_lists {
	/* L: the tasks that wait, a list per priority, oldest first */
	struct list_head	queue[WPOOL_NR_PRIOS];
	/* S: accepted and not begun, without those in the inbox and the delayed ones */
	unsigned int		nr_queued;
	/*
	 * S: those of them that are not on the queue: still inside their function, or behind
	 * another of their key
	 */
	unsigned int		nr_deferred;
	bool			paused;	/* L: no task begins */
	struct list_head	*cursor;	/* L: the next entry of a walk, or NULL */
	/* L: what a walk takes back, and the argument of this; NULL without such a walk */
	bool			(*wants)(const struct walk_entry *entry, const void *arg);
	const void		*wants_arg;
	bool			moved;	/* L: such a task has gone where the walk has been */
	/* L: the runs, of workers and of callers, whose task waits to run again */
	struct list_head	again;
	/* L: how many of these are in threads that are no workers of the pool */
	unsigned int		nr_outside;
	/* L: the tasks deferred behind another of their key, oldest first */
	struct list_head	deferred;
	/* L: delayed tasks, each with its timer */
	struct list_head	delayed;
	unsigned int		nr_delayed;	/* S: delayed tasks */
	unsigned int		nr_later;	/* L: those of them that are still on again */
	unsigned int		nr_periodic;	/* L: those on the list that are periodic */
};

/* When the manager is to look at a pool. Owner: manager_kick.c. */
struct wpool_kick {
	/*
	 * kicks the manager: when an idle worker's time is over, a thread that could not be made
	 * is to be tried again, the watchdog is to look, submitters that were admitted are to be
	 * woken, submitters that run tasks may have died, or the wait for the end is to be
	 * reported. Only ever moved forward, as each look arms it anew for all that it finds.
	 */
	struct timer_list	timer;
	/* kicked.lock: on the manager's list; then it holds a reference */
	struct list_head	node;
};

/* The counters. Owner: counter.h. */
struct wpool_counters {
	/* L: those of enum wpool_stat that are marked "now" are elsewhere */
	u64			count[WPOOL_NR_STATS];
};

/* The end of a pool. Owner: shutdown.c. */
struct wpool_end {
	/* completed by the manager on the way to WPOOL_STATE_TERMINATED */
	struct completion	terminated;
	/* S: threads that wait for it; a restart lets them return first */
	unsigned int		nr_awaiting;
	unsigned int		epoch;	/* L: how often it was restarted */
	bool			destroyed;	/* L: wpool_destroy() has been called */
};

/* When the watchdog reports what the end of a pool waits for. Owner: watchdog.c. */
struct wpool_report {
	/* L: in jiffies: since when threads wait for it, and the pool is closed */
	unsigned long		since;
	unsigned long		at;	/* L: in jiffies */
};

/* Workers that must still be made, and what delays that. Owner: spawn_state.c. */
struct wpool_spawn {
	bool			asked;	/* L: the manager knows that a worker is wanted */
	int			error;	/* L: why the last, or next, cannot be made, or 0 */
	/* L: the thread that waits for workers to be made, or NULL */
	struct wpool_waiter	*starter;
	/* L: how many more than those to be kept it asked for */
	unsigned int		to_start;
	unsigned int		started;	/* L: how many of those have been made */
	/* L: how many must begin until it has what it asked for, though some may die meanwhile */
	unsigned int		to_begin;
	unsigned int		next_id;	/* M: for the next that is made */
	unsigned int		next_turn;	/* M: for the next that begins */
	/*
	 * M: in jiffies: how long the last worker that died outside of a task has put off the
	 * making of the next, or 0
	 */
	unsigned long		backoff;
	unsigned long		until;	/* M: in jiffies */
	/* M: no worker from this one on is known to have run a task */
	unsigned int		backoff_turn;
};

/* Workers that have been made and have not begun. Owner: spare.c. */
struct wpool_spare {
	/* L: for a pool without a worker, with %WPOOL_MEM_RECLAIM; or NULL */
	struct wpool_worker	*kept;
	struct wpool_worker	*made;	/* L: the next to begin, or NULL */
	bool			making;	/* L: the maker has been asked, and has not answered */
	unsigned long		since;	/* L: when it was asked, in jiffies */
	int			error;	/* L: why it made none, until the manager looks; or 0 */
	unsigned int		ending;	/* L: of those unmade, how many threads are there still */
	/* the manager's, or, while it makes one, the maker's: of the one that it makes */
	unsigned int		id;
	struct list_head	node;	/* asked.lock: of what the maker has to do */
};

/* A bounded set of workers and the tasks that wait for them. */
struct wpool {
	struct wpool_inbox	inbox;
	/*
	 * guards all that is tagged L, and the private members of every task that is accepted
	 * and has not ended. Owner: all.
	 */
	raw_spinlock_t		lock ____cacheline_aligned;
	enum wpool_state	state;	/* S. Owner: shutdown.c. All may read it. */
	struct wpool_lists	lists;
	u32			watch;	/* L: what is to be looked at. Owner: marks.h. */
	struct wpool_wake_queue	wake_queue;
	/* taken by a thread that walks along the lists. Owner: queue_walk.c. */
	struct semaphore	walk;
	struct wpool_workers	workers;
	/* L: the spin credit of each side. Owner: spin_wait.c. */
	int			spin_credit[SPIN_NR_SIDES];
	struct wpool_blocked	blocked;
	struct wpool_admitted	admitted;
	/*
	 * S: submitters asleep, of both these parts. One that goes from the first to the second
	 * does not touch it, so no reader counts it twice. Owner: admitted.h.
	 */
	unsigned int		nr_blocked;
	struct wpool_deadlock	deadlock;
	/* L: counts up, see &wpool_waiter.ring. Owner: task_waiters.c. */
	unsigned long		rings;
	/*
	 * L: workers of this pool asleep in calls on this pool that only its workers can end,
	 * see deadlock.c. Owner: waiter.c.
	 */
	unsigned int		nr_asleep;
	unsigned int		nr_in_hooks;	/* L: of these in hooks. Owner: waiter.c. */
	u64			serial;	/* L: counts runs as they begin. Owner: task_run.c. */
	struct wpool_flush	flush;
	struct wpool_colors	colors;
	struct wpool_counters	stats;
	struct wpool_retired	retired;
	/* L: the heads of the keys in use, see key.c. Owner: key_tree.h. */
	struct rb_root		keys;
	/*
	 * S: how often some that wait behind a key were left asleep, since the manager last woke
	 * them, see key_behind.c. Owner: key_release.c. All may read it.
	 */
	unsigned int		behind_unwoken;
	struct wpool_latency	*latency;	/* S: NULL until it is on. Owner: latency.c. */

	struct wpool_slots	slots;
	/* L: how often wpool_resize() has begun to change it. Owner: resize.c. */
	unsigned int		resizes;
	/*
	 * L, read under RCU: threads inside tasks that they have submitted themselves. Owner:
	 * caller_runs.c.
	 */
	struct list_head	callers;
	struct wpool_spawn	spawn;
	struct wpool_spare	spare;
	struct wpool_kick	kick;

	struct wpool_conf	conf;
	struct wpool_claim	claim;
	struct wpool_hooks	hooks;
	struct wpool_late	late;

	/* L: in jiffies_64, once it is closed. Owner: shutdown.c. All may read it. */
	u64			closed_at;
	struct wpool_end	end;
	struct wpool_report	report;
	/* L: the runs of detached tasks. Owner: self_run.c. */
	struct rb_root		selves;
	/*
	 * held by the creator, each worker, each thread asleep in a call on the pool, and the
	 * manager while it looks at it. Owner: refs.c.
	 */
	struct kref		kref;
	struct wpool_entry	entry;	/* R. Owner: registry.c. */
	struct dentry		*dir;	/* I: in debugfs. Owner: debugfs.c. */
	/* I: its directory in sysfs, or NULL. Owner: settings.c. */
	struct wpool_settings	*settings;
	/* I: the module whose own tasks are not pinned. Owner: all. */
	struct module		*owner;
#ifdef CONFIG_LOCKDEP
	/* L: the steps of this hold of the lock. Owner: lock_hold.h. */
	unsigned int		hold;
	/* S: the most steps in one hold. Owner: lock_hold.h. */
	unsigned int		longest_hold;
#endif
#ifdef CONFIG_PROVE_LOCKING
	/* I: what lockdep takes for all its tasks, or NULL; see depmap.c. Owner: depmap.c. */
	struct wpool_dep	*dep;
#endif
	struct rcu_head		rcu;	/* for task_lock_pool(). Owner: refs.c. */
	char			name[WPOOL_NAME_MAX + 1];	/* I. Owner: all. */
	/* I: of the module; for readers with a mere reference: it may be gone. Owner: all. */
	char			owner_name[MODULE_NAME_LEN];
};

/* How long a worker idles before it leaves, in jiffies. */
static inline unsigned long pool_idle_timeout(const struct wpool *pool)
{
	return msecs_to_jiffies(READ_ONCE(pool->conf.idle_timeout_ms));
}

/*
 * How long a task may run unreported, in jiffies; 0 is for ever. The jiffy that has already
 * begun does not count, so this is never early.
 */
static inline unsigned long pool_watchdog(const struct wpool *pool)
{
	unsigned int ms = READ_ONCE(pool->conf.watchdog_ms);

	return ms ? msecs_to_jiffies(ms) + 1 : 0;
}

/* Accepts no more, and has not terminated. Needs pool->lock. */
static inline bool pool_is_closing(const struct wpool *pool)
{
	return pool->state == WPOOL_STATE_SHUTDOWN ||
	       pool->state == WPOOL_STATE_STOP;
}

#endif /* _WPOOL_POOL_H */
