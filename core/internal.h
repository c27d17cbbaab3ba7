/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of core/ share; nobody else includes it but wpool_mod.c.
 *
 * Who guards what. Each member below carries one of these tags:
 *
 * I: Set before the object is published, read-only from then on.
 * L: pool->lock, which is taken by pool_lock(); but for workers, see staging.c.
 * S: Written under pool->lock, read anywhere with READ_ONCE().
 * W: Written by the worker itself under pool->lock, read by itself without and
 *    by others under it. Readers that only look (debugfs) use READ_ONCE().
 * H: wpool_batch.lock; filled and reclaimed under pool->lock too.
 * B: wpool_staging.lock.
 * P: Written under pool->lock and wpool_staging.lock, read under either.
 * M: Only touched by the manager thread.
 * R: registry_lock in pool.c.
 *
 * Lock order, outermost first:
 *
 *	registry_lock			mutex; pool.c
 *	  pool->lock			raw, interrupts off
 *	    group->lock			raw
 *	      rest_lock()		raw; group.c
 *	      worker->groups_lock	raw; stack.c
 *	    manager.lock		raw; manager.c
 *	    batch.lock			raw; batch.c
 *	    staging.lock		raw; staging.c
 *	    pool->slots.lock		inside down_trylock() and up()
 *	    pool->walk.lock		inside up()
 *	    timer base lock		inside timer_reduce() and mod_timer()
 *
 * tasklist_lock and pid->wait_pidfd.lock are held around exit_seen(), which
 * therefore takes no lock of a pool. table.lock in caller.c is taken alone.
 *
 * Under pool->lock nothing is called that belongs to somebody else, nothing is
 * allocated or freed, and nobody is woken but the manager: whom to wake is
 * collected in &wpool.wakes and done after the lock is dropped. Of what
 * a caller owns only the struct wpool_task is touched under it, so a fault
 * inside the critical section would take a caller that frees a queued task.
 *
 * The life of a pool's memory: it is freed by RCU after its last reference is
 * gone, and an accepted task that has not ended keeps its pool from terminating.
 * So who finds, inside an RCU read-side critical section, a task that has not
 * ended, may lock task->pool; see task_lock_pool().
 */
#ifndef _WPOOL_INTERNAL_H
#define _WPOOL_INTERNAL_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/lockdep_types.h>
#include <linux/llist.h>
#include <linux/rbtree_types.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/wpool.h>

#include "exit.h"
#include "hooks.h"

#undef pr_fmt
#define pr_fmt(fmt) "wpool: " fmt

/* Bits of &wpool_task.state; 0 is a task that was never accepted. */
#define TASK_QUEUED	0x01	/* accepted, not begun */
#define TASK_IN_FN	0x02	/* inside its function; with TASK_QUEUED: again after that */
#define TASK_DONE	0x04	/* has a result; nobody but the caller touches it now */
#define TASK_DELAYED	0x08	/* accepted, on &wpool.delayed */
#define TASK_BATCHED	0x10	/* begins and ends without pool->lock, see batch.c */

/* The pool's: task->pool may be locked, see task_lock_pool(). */
#define TASK_ACCEPTED	(TASK_QUEUED | TASK_IN_FN | TASK_DELAYED)

/*
 * Bits of &wpool.flags beside those of the attributes: who keeps the workers on the CPUs
 * of &wpool.cpumask. With neither that is not set, and the kernel does as it likes.
 */
#define POOL_PREFERS_CPUS	BIT(30)	/* the kernel */
#define POOL_KEEPS_CPUS		BIT(31)	/* each worker, see worker_keep_cpus() */

/* How many flushes may be told apart at once; more share the last. */
#define WPOOL_NR_COLORS		16

/* How many tasks are batched at once, see batch.c. */
#define WPOOL_BATCH_MAX		31

/*
 * How many tasks of wpool's own memory a pool keeps for the next: memory that one CPU
 * allocates and another frees is dear. None where KASAN is to see each one freed.
 */
#define WPOOL_MAX_SPARE		(IS_ENABLED(CONFIG_KASAN) ? 0 : 64)

/* How many pools with something of its stack a worker can tell apart. */
#define WPOOL_MAX_LENT		4

/* After a thread could not be made: long enough for memory to come back. */
#define WPOOL_SPAWN_RETRY	(HZ / 10 + 1)

/* The most by which the next is put off, if one dies after another as they start. */
#define WPOOL_SPAWN_BACKOFF	(10 * HZ)

/* The longest spin_us: beyond that, sleeping costs nothing in comparison. */
#define WPOOL_MAX_SPIN_US	(USEC_PER_SEC)

/**
 * struct wpool_waiter - one thread asleep in one of the pool's own calls
 * @hnode: L: on &wpool_wakes.waiters
 * @node: L: in the ring of those who wait for @task, see watch.c; on a list of @group, on
 *	&wpool.blocked, or one of the lists of flush.c; or on the @rest of another
 * @rest: L: those who are to be told what it is told itself, by itself, see waiters_tell()
 * @stuck: L: on &wpool.stuck, or &wpool.blocked_workers
 * @done: completed, once, by whoever took the waiter off its list
 * @told: L: -EINPROGRESS while on a list, then an errno, or 0 for what it wants
 * @value: L: the result of the task, for who waited for one and was told 0
 * @task: I: what is waited for; of a blocked submitter: what it wants accepted
 * @group: I: what is waited for; of a blocked submitter: to which @task is to belong,
 *	or NULL; L: of the first of a ring: that to which @task does
 * @owner: I: on whose stack @group lies, or NULL; of who waits for it, from stack_hold()
 * @key: I: of a blocked submitter: under which it is to run, or NULL for no new one
 * @worker: I: the worker of this pool that sleeps here without a time limit, or
 *	NULL
 * @counted: L: in &wpool.nr_asleep until it is told, see deadlock.c
 * @nr_counted: L: of the first of a ring: how many of it are @counted
 * @can_help: I: runs what it waits for itself, and what holds that back by its key
 * @watch: L: the ring, or what was on the group's list at once, has this number
 * @turn: L: counts up in the order in which workers went to sleep for a task
 * @too_deep: I: cannot run what it waits for, as it is nested too deep; for a group: and
 *	there was something to run
 * @cancels: I: promised that the task does not run when it returns
 * @helper: I: the worker that waits for a group here, or NULL
 * @slept_at: I: of who waits for a task, for spin_learn(); or 0
 * @colors: L: of a flusher: the colors that it waits for
 *
 * Lives on the sleeper's stack. What is tagged L is guarded by group->lock if it waits for
 * a group, but for @stuck. Who gives up (time-out, signal) takes itself
 * off under the lock; who finds itself off already waits for @done, which is
 * then imminent, because its waker still writes to it.
 */
struct wpool_waiter {
	union {
		struct hlist_node	hnode;
		struct list_head	node;
	};
	struct list_head	rest;
	struct list_head	stuck;
	struct completion	done;
	int			told;
	int			value;
	struct wpool_task	*task;
	struct wpool_group	*group;
	struct wpool_worker	*owner;
	const u64		*key;
	struct wpool_worker	*worker;
	bool			counted;
	bool			can_help;
	unsigned int		nr_counted;
	unsigned long		watch;
	unsigned long		turn;
	bool			too_deep;
	bool			cancels;
	struct wpool_worker	*helper;
	u64			slept_at;
	unsigned int		colors;
};

/*
 * Values of &wpool_submission.timeout beyond those in jiffies: what the pool's full-queue
 * policy says, or -EAGAIN at once.
 */
#define SUBMIT_BY_POLICY	ULONG_MAX
#define SUBMIT_OR_FAIL		(ULONG_MAX - 1)

/**
 * struct wpool_submission - a task that a full pool did not accept
 * @task: the task
 * @group: to which it is to belong, or NULL
 * @owner: as stack_hold() of @group, or NULL
 * @key: under which it is to run, or NULL for no new one
 * @timeout: for how long to wait for room, in jiffies, or SUBMIT_BY_POLICY and so on
 * @caller: for the submitter to run it, if there is no room this time either, or NULL
 * @no_caller: there is no memory for that
 */
struct wpool_submission {
	struct wpool_task	*task;
	struct wpool_group	*group;
	const struct wpool_worker *owner;
	const u64		*key;
	unsigned long		timeout;
	struct wpool_caller	*caller;
	bool			no_caller;
};

/**
 * struct wpool_wakes - whom to wake once pool->lock is dropped
 * @waiters: completed in turn
 * @worker: an idle worker that was taken off the idle list, or NULL
 * @told: how many of @waiters there are
 * @garbage: tasks of wpool's own slab cache that have ended, see task_chain()
 */
struct wpool_wakes {
	struct hlist_head	waiters;
	unsigned int		told;
	struct task_struct	*worker;
	struct wpool_task	*garbage;
};

/**
 * struct wpool_circle - the search for a circle of workers that one has closed
 * @waiter: of the one that has
 * @member: how far we have come
 * @left: how many more there may be
 * @victim: the one of them that is best refused, or NULL
 * @victim_turn: &wpool_waiter.turn of it
 * @least: the harm that does
 */
struct wpool_circle {
	struct wpool_waiter	*waiter;
	struct wpool_worker	*member;
	unsigned int		left;
	struct wpool_worker	*victim;
	unsigned long		victim_turn;
	int			least;
};

/**
 * struct wpool_deadline - until when a thread waits
 * @never: it has no limit
 * @at: in jiffies
 */
struct wpool_deadline {
	bool			never;
	unsigned long		at;
};

/**
 * struct wpool_run - one of the functions that a thread is inside
 * @worker: the worker of the task's pool that is inside it; NULL for another thread,
 *	which has submitted the task and runs it itself
 * @caller: I: the latter, or NULL; see caller.c
 * @task: the task, or NULL for one that may not be touched any more
 * @fn: S: its function
 * @arg: and argument
 * @owner: the module pinned for it, or NULL
 * @group: the group that it belongs to, or NULL
 * @again: L: the task, if it was submitted again meanwhile
 * @again_node: L: on &wpool.again, if there is @again
 * @again_owner: L: the module pinned for @again, or NULL; this and the next two for when the
 *	task is gone with the stack of the thread
 * @again_group: L: the group that @again belongs to, or NULL
 * @again_color: L: of @again
 * @revoked: L: the task says that it is to run again, and is not, see run_revoke()
 * @started: S: in jiffies
 * @began: when, see latency.c
 * @serial: L: not less than that of any that had begun when its task was accepted,
 *	and more than that of the one that had it accepted, see deadlock.c
 * @preempt: W: preempt_count() of the thread when it began, see leak.c; so @rcu: the
 *	depth of RCU read-side critical sections. Both are 0 but in a nested run.
 * @rcu: W
 * @color: what its end counts down, see flush.c
 * @stop: S: asked to end, see wpool_should_stop()
 * @orphan: L: nobody waits for @task any more, and it is ours to free
 * @named: L: has been named for taking too long, see watchdog.c
 * @dep: W: what lockdep takes for the function, see depmap.c
 * @dep_held: W: held by the worker
 *
 * Everything that its burial needs if the function never returns; hence in
 * struct wpool_worker or wpool_caller and not on the stack, which an oops rewinds.
 */
struct wpool_run {
	struct wpool_worker	*worker;
	struct wpool_caller	*caller;
	struct wpool_task	*task;
	wpool_fn_t		fn;
	void			*arg;
	struct module		*owner;
	struct wpool_group	*group;
	struct wpool_task	*again;
	struct list_head	again_node;
	struct module		*again_owner;
	struct wpool_group	*again_group;
	u8			again_color;
	bool			revoked;
	unsigned long		started;
	unsigned long		serial;
	u32			began;
	int			preempt;
	int			rcu;
	u8			color;
	bool			stop;
	bool			orphan;
	bool			named;
#ifdef CONFIG_PROVE_LOCKING
	struct lockdep_map	dep;
	bool			dep_held;
#endif
};

/**
 * struct wpool_worker - one kthread of a pool
 * @pool: I: holds a reference
 * @thread: I: that of @exit
 * @exit: I: of its thread
 * @pid_nr: I: its number, for who only looks and has no reference
 * @stack: I: the address of its stack, for run_bury(); itself gone by then
 * @id: I: counted up per pool
 * @dead: S: its thread has ended, and it had not left
 * @dead_node: L: on &wpool_hooks.dead
 * @node: L, read under RCU: on &wpool.workers
 * @idle_node: L: on &wpool.idle, if it is @idle
 * @idle: S: asleep until somebody takes it off &wpool.idle
 * @since: S: in jiffies: since when it is idle, or looks
 * @slept_at: L: since when it is idle, for spin_learn(); or 0
 * @starting: S: counted in &wpool.nr_starting
 * @looking: L: counted in &wpool.nr_looking
 * @leaving: S: counted in &wpool.nr_leaving; takes no task any more
 * @waiter: L: as what it sleeps without a time limit for a task, or NULL
 * @ended: tasks that it has ended without pool->lock; counted by itself, read anywhere
 * @harvested: S: those of @ended that &wpool.undone knows of; the low bits will do
 * @begun: those begun from the batch since then that are wpool's own memory; the
 *	worker's own, or L once it is dead
 * @hotplug_came: of the CPUs that came, how many it knows of; see worker_keep_cpus()
 * @caller: the innermost of what it runs as a submitter, or NULL; its own until it is dead
 * @depth: W: how many of @runs are in use
 * @runs: W: the functions it is inside, outermost first
 * @exit_work: run by the thread itself as it ends, see stack.c
 * @nr_lent: how many of @lent are in use, or more if they were not enough; the worker's
 *	own, as is @lent
 * @lent: pools to which it has submitted tasks that lie on its stack; only to be compared
 * @has_groups: the worker's own: it has set up a group on its stack
 * @groups_lock: guards @groups
 * @groups: those of them that have tasks
 * @ending: its stack is about to go: set by itself, read in RCU read-side critical
 *	sections, see stack_is_ending()
 * @kref: the thread until it is buried, others in calls on groups of its stack
 * @dep_held: W: holds &wpool.dep
 * @rcu: for readers of &wpool.workers
 */
struct wpool_worker {
	struct wpool		*pool;
	struct task_struct	*thread;
	struct wpool_exit	exit;
	pid_t			pid_nr;
	unsigned long		stack;
	unsigned int		id;
	bool			dead;
	struct list_head	dead_node;

	struct list_head	node;
	struct list_head	idle_node;
	unsigned long		since;
	u64			slept_at;
	bool			idle;
	bool			starting;
	bool			looking;
	bool			leaving;
	struct wpool_waiter	*waiter;

	atomic64_t		ended;
	unsigned int		harvested;
	struct wpool_task	*begun;

	unsigned int		hotplug_came;
	struct wpool_caller	*caller;

	struct callback_head	exit_work;
	unsigned int		nr_lent;
	struct wpool		*lent[WPOOL_MAX_LENT];
	bool			has_groups;
	raw_spinlock_t		groups_lock;
	struct list_head	groups;
	bool			ending;
	struct kref		kref;

	unsigned int		depth;
	struct wpool_run	runs[WPOOL_MAX_NESTING];
#ifdef CONFIG_PROVE_LOCKING
	bool			dep_held;
#endif
	struct rcu_head		rcu;
};

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

/**
 * struct wpool_batch - the next tasks to begin, see batch.c
 * @lock: guards what is tagged H, and the state of the tasks that are batched
 * @color: H: under which all of them were accepted
 * @serial: H: of their runs, see &wpool_run.serial
 * @next: H: the first of @tasks that has not begun
 * @left: H: how many have not; read anywhere with READ_ONCE()
 * @tasks: H: in the order in which they begin
 */
struct wpool_batch {
	raw_spinlock_t		lock;
	u8			color;
	unsigned long		serial;
	unsigned int		next;
	unsigned int		left;
	struct wpool_task	*tasks[WPOOL_BATCH_MAX];
} ____cacheline_aligned;

/**
 * struct wpool_staging - tasks accepted that the pool has not had a look at, see staging.c
 * @lock: guards what is tagged B or P
 * @limit: P: how far @accepted may go, as there is room; 0 if it is shut, which is asked
 *	without a lock: to be answered wrongly is harmless then
 * @accepted: B: tasks that came this way; read anywhere
 * @collected: P: those of them that the pool knows of, of which the low bits will do; read
 *	anywhere with READ_ONCE()
 * @tasks: B: the others, oldest first
 * @color: P: under which they are accepted
 * @nr_spare: B: how many there are of @spare
 * @spare: B: tasks of wpool's own memory that nobody needs, see task_chain()
 */
struct wpool_staging {
	raw_spinlock_t		lock;
	u8			color;
	unsigned int		nr_spare;
	u64			limit;
	atomic64_t		accepted;
	unsigned int		collected;
	struct list_head	tasks;
	struct wpool_task	*spare;
} ____cacheline_aligned;

/**
 * struct wpool_entry - an entry of the registry in pool.c
 * @node: on the list
 * @pool: the pool, or NULL: a bookmark
 * @may_be_found: wpool_find() knows of it
 */
struct wpool_entry {
	struct list_head	node;
	struct wpool		*pool;
	bool			may_be_found;
};

/**
 * struct wpool - a bounded set of workers and the tasks that wait for them
 *
 * @lock: guards all that is tagged L, and the private members of every task
 *	that is accepted and has not ended
 * @state: S
 * @marks: L: which invariants may be broken, see lock.h
 * @end_marks: L: which of them the end of a task may break
 * @wakes: L: whom to wake once @lock is dropped
 * @staging: tasks that are on their way to @queue, see staging.c
 * @batch: tasks that were at the head of @queue, see batch.c
 * @queue: L: the tasks that wait, a list per priority, oldest first
 * @nr_queued: S: accepted and not begun, but for those in @batch or @staging
 * @one_by_one: I: nothing is batched: each task is looked at as it begins or ends
 * @nr_held: S: those of @nr_queued that are not on @queue: still inside their
 *	function, or behind another of their key
 * @again: L: the runs, of workers and of callers, whose task waits to run again
 * @nr_outside: L: how many of these are in threads that are no workers of the pool
 * @held: L: the tasks held back behind another of their key, oldest first
 * @walk: taken by who walks along @queue, @again, @held and @delayed, see walk.c
 * @cursor: L: the entry that is walked to next, or NULL
 * @keys: L: the heads of the keys in use, see key.c
 * @delayed: L: tasks whose time has not come
 * @nr_delayed: S
 * @paused: L: no task is begun
 * @nr_running: S: workers inside a function
 * @nr_looking: L: workers awake that will look at @queue before they sleep, and
 *	have not yet since they were counted
 * @idle: L: workers asleep; LIFO, so that the warmest is woken
 * @nr_idle: S
 * @worker_luck: L: of workers that look on before they sleep, see spin.c
 * @waiter_luck: L: of those who look on before they sleep until a task has ended
 * @blocked: L: submitters asleep for want of room, FIFO; only when there is none
 * @nr_blocked: S
 * @blocked_workers: L: those of them that are counted in @nr_asleep
 * @stuck: L: workers counted there that are nested too deep for what they wait for, see
 *	deadlock.c
 * @nr_stuck: L
 * @stuck_left: L: how many of those are to be looked at, as nobody can go on
 * @entering: L: the one of them that has just gone to sleep, in this hold of @lock, or NULL
 * @watches: L: counts up, see &wpool_waiter.watch
 * @turns: L: counts up, see &wpool_waiter.turn
 * @nr_asleep: L: workers of this pool asleep in calls on this pool that only its
 *	workers can end, see deadlock.c
 * @serial: L: counts runs as they begin, see &wpool_run.serial
 * @flushers: L: callers of flush, FIFO
 * @drainers: L: callers of drain
 * @drained: L: those of them whose wait is over, and who are to be told
 * @nr_flushing: L: all of these
 * @zeros: L: how often a color has come to zero while there was one of these
 * @awaited_colors: L: the colors that one of @flushers waits for
 * @color: L: what the next accepted task counts under
 * @undone: L: tasks accepted and not ended, by color; but for those in @staging
 * @stats: S: the counters; those of enum wpool_stat that are marked "now" are
 *	elsewhere
 * @stats_seq: L: for who adds up what pool and workers have counted
 *
 * @capacity: S
 * @resizes: L: how often wpool_resize() has begun to change it
 * @slots: counts how many workers may still be made; one is taken by the manager
 *	before it makes a worker and given back when it buries it
 * @slot_debt: L: slots in use beyond @capacity since it was lowered: that many
 *	are not given back
 * @workers: L, read under RCU
 * @nr_workers: S: made and not buried
 * @nr_leaving: L: those of them that take no task any more
 * @nr_starting: L: those that have been made, and have not come to look at @queue:
 *	&wpool_ops.worker_start may take its time
 * @callers: L, read under RCU: threads inside tasks that they have submitted themselves
 * @next_id: M
 * @backoff: M: in jiffies: how long the last worker that died outside of a task has
 *	put off the making of the next, or 0
 * @backoff_until: M: in jiffies
 * @backoff_id: M: no worker from this one on has been seen to have run a task
 * @spawn_asked: L: the manager knows that a worker is wanted
 * @spawn_error: L: why the last thread could not be made, or 0
 * @starter: L: who waits for workers to be made, or NULL
 * @to_start: L: how many more than those to be kept it asked for
 * @prestarted: L: how many of those have been made
 * @timer: kicks the manager: when an idle worker's time is over, a thread that
 *	could not be made is to be tried again, or the watchdog is to look. Only
 *	ever moved forward, as each look arms it anew for all that it finds.
 * @manage_node: manager.lock: on the manager's list; then it holds a reference
 *
 * @latency: I: histograms, or NULL
 *
 * @min_workers: I, as all that follows from the attributes
 * @depth: the queue depth; UINT_MAX is unbounded
 * @full: policy
 * @idle_timeout: in jiffies
 * @max_blocked: 0 is unlimited
 * @spin_us: as in the attributes
 * @watchdog: in jiffies, for how long a task may run unnamed; 0 is for ever
 * @flags: as in the attributes, and POOL_PREFERS_CPUS, POOL_KEEPS_CPUS
 * @percent: the capacity as a share of the CPUs online, or 0
 * @nice: of the workers
 * @node: or NUMA_NO_NODE
 * @cpumask: where the workers are to run, if @flags says that it is set
 * @ops: hooks, or NULL
 * @priv: for the hooks
 * @hooks: who calls those that no worker can
 *
 * @terminated: completed by the manager on the way to WPOOL_STATE_TERMINATED
 * @nr_awaiting: S: threads that wait for it; a restart lets them go first
 * @awaited: L: in jiffies: since when they wait, and the pool is closed
 * @name_at: L: in jiffies: when what they wait for is named
 * @kref: the creator, each worker, each thread asleep in a call on the pool, the
 *	manager while it looks at it
 * @epoch: L: how often it was restarted
 * @entry: R
 * @destroyed: S: wpool_destroy() has been called
 * @dir: I: in debugfs
 * @owner: I: the module whose own tasks are not pinned
 * @hold: L: the steps of this hold of @lock, see hold.h
 * @longest_hold: S: the most there were in one
 * @dep: I: what lockdep takes for all its tasks, or NULL; see depmap.c
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
	unsigned int		nr_held;
	u8			marks;
	u8			end_marks;
	struct wpool_wakes	wakes;
	struct list_head	again;
	unsigned int		nr_outside;
	struct list_head	held;
	struct list_head	*cursor;
	struct semaphore	walk;
	bool			paused;
	bool			one_by_one;
	unsigned int		nr_running;
	unsigned int		nr_looking;
	struct list_head	idle;
	unsigned int		nr_idle;
	int			worker_luck;
	int			waiter_luck;
	struct list_head	blocked;
	unsigned int		nr_blocked;
	struct list_head	blocked_workers;
	struct list_head	stuck;
	unsigned int		nr_stuck;
	unsigned int		stuck_left;
	struct wpool_waiter	*entering;
	unsigned long		watches;
	unsigned long		turns;
	unsigned int		nr_asleep;
	unsigned long		serial;
	struct list_head	flushers;
	struct list_head	drainers;
	struct list_head	drained;
	unsigned int		nr_flushing;
	unsigned int		zeros[WPOOL_NR_COLORS];
	unsigned int		awaited_colors;
	unsigned int		color;
	unsigned int		undone[WPOOL_NR_COLORS];
	struct list_head	delayed;
	unsigned int		nr_delayed;
	atomic64_t		stats[WPOOL_NR_STATS];
	seqcount_raw_spinlock_t	stats_seq;
	struct rb_root		keys;
	struct wpool_latency	*latency;

	unsigned int		capacity;
	unsigned int		resizes;
	struct semaphore	slots;
	unsigned int		slot_debt;
	struct list_head	workers;
	unsigned int		nr_workers;
	unsigned int		nr_leaving;
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
	unsigned int		depth;
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
	unsigned long		name_at;
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
	struct rcu_head		rcu;
	char			name[WPOOL_NAME_MAX + 1];
};

/*
 * Counts up by one writer at a time, for whom its tag says; read anywhere by
 * atomic64_read(). Nothing about it is atomic but that a long need not have 64 bits: where
 * it has, this is WRITE_ONCE() of a plain sum, and no more.
 */
static inline void counter_add(atomic64_t *counter, u64 n)
{
	atomic64_set(counter, atomic64_read(counter) + n);
}

/* Needs pool->lock. */
static inline void stat_inc(struct wpool *pool, enum wpool_stat stat)
{
	counter_add(&pool->stats[stat], 1);
}

/* For what else is tagged S. Needs pool->lock. */
#define shared_inc(x)	WRITE_ONCE(x, (x) + 1)
#define shared_dec(x)	WRITE_ONCE(x, (x) - 1)

/* Tasks on the queue, so for any worker to take. Needs pool->lock. */
static inline bool queue_ready(const struct wpool *pool)
{
	return pool->nr_queued > pool->nr_held && !pool->paused;
}

/* Those for any worker to take: there and in the batch. Needs pool->lock. */
static inline unsigned int pool_ready(const struct wpool *pool)
{
	return (pool->paused ? 0 : pool->nr_queued - pool->nr_held) +
	       READ_ONCE(pool->batch.left);
}

/*
 * Tasks accepted that have not begun, but for those in the staging queue. Exact under
 * pool->lock, but that workers may begin some of the batch meanwhile.
 */
static inline unsigned int pool_collected(const struct wpool *pool)
{
	return READ_ONCE(pool->batch.left) + READ_ONCE(pool->nr_queued);
}

/* A worker is awake, and the queue is what it looks at next. Needs pool->lock. */
static inline void worker_will_look(struct wpool_worker *worker)
{
	worker->looking = true;
	worker->pool->nr_looking++;
}

/*
 * More tasks are ready than workers awake to look for one; those that start will in
 * their time. Needs pool->lock.
 */
static inline bool queue_wants_worker(const struct wpool *pool)
{
	return pool_ready(pool) > pool->nr_looking + pool->nr_starting;
}

/* Workers that take tasks. Needs pool->lock. */
static inline unsigned int pool_alive(const struct wpool *pool)
{
	return pool->nr_workers - pool->nr_leaving;
}

/* Accepts no more and has not come to its end. Needs pool->lock. */
static inline bool pool_is_closing(const struct wpool *pool)
{
	return pool->state == WPOOL_STATE_SHUTDOWN ||
	       pool->state == WPOOL_STATE_STOP;
}

/* The end is on its way, and something is still to be waited for. Needs pool->lock. */
static inline bool pool_is_ending(const struct wpool *pool)
{
	return pool_is_closing(pool) || pool->hooks.ending;
}

/* Nothing is left to do and nothing will come. Needs pool->lock. */
static inline bool pool_is_over(const struct wpool *pool)
{
	return pool->state != WPOOL_STATE_RUNNING && !pool_ready(pool) &&
	       !pool->nr_delayed && !pool->nr_held;
}

/*
 * When so many sleep in the pool's own calls, nobody is left who could end one of
 * its tasks: all that there may be, or, if no more can be made, that there are. If
 * those that wait are all held back by others, and none is to come by itself or by another
 * thread, they are all that are inside a task: more workers could begin nothing.
 * Needs pool->lock.
 */
static inline unsigned int pool_all_asleep(const struct wpool *pool)
{
	if (pool_collected(pool) == pool->nr_held && !pool->nr_delayed &&
	    !pool->nr_outside)
		return pool->nr_running;
	return pool->spawn_error ? pool_alive(pool) :
	       max(pool->capacity, pool_alive(pool));
}

/* Is the making of the next worker put off? By the manager. */
static inline bool pool_backs_off(const struct wpool *pool)
{
	return pool->backoff && time_before(jiffies, pool->backoff_until);
}

/* How many workers are kept when idle. Needs pool->lock. */
static inline unsigned int pool_keep(const struct wpool *pool)
{
	return min(pool->min_workers, pool->capacity);
}

#include "prototypes.h"
#include "depmap.h"
#include "hold.h"
#include "stack.h"
#include "caller.h"
#include "staging.h"
#include "lock.h"
#include "fastpath.h"

#endif /* _WPOOL_INTERNAL_H */
