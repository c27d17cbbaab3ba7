/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The structures that the files of core/ share; struct wpool is in pool.h.
 *
 * Who guards what. Each member below carries one of these tags:
 *
 * I: Set before the object is published, read-only from then on.
 * L: pool->lock, which is taken by pool_lock(); for workers, see staging.c.
 * S: Written under pool->lock, read anywhere with READ_ONCE().
 * W: Written by the worker itself under pool->lock, read by itself without and
 *    by others under it. Readers that only look (debugfs) use READ_ONCE().
 * H: wpool_batch.lock; filled and reclaimed under pool->lock too.
 * B: wpool_staging.lock.
 * P: Written under pool->lock and wpool_staging.lock, read under either.
 * M: Only touched by the manager thread.
 * R: registry_lock in registry.c.
 *
 * Lock order, outermost first:
 *
 *	registry_lock			mutex; registry.c
 *	  pool->lock			raw, interrupts off
 *	    group->lock			raw
 *	      rest_lock()		raw; group.c
 *	      worker->groups_lock	raw; worker_stack.c
 *	    kicked.lock			raw; manager_kick.c
 *	    batch.lock			raw; queue_batch.c
 *	    staging.lock		raw; staging.c
 *	    pool->slots.lock		inside down_trylock() and up()
 *	    pool->walk.lock		inside up()
 *	    timer base lock		inside timer_reduce() and mod_timer()
 *
 * tasklist_lock and pid->wait_pidfd.lock are held around exit_seen(), which therefore takes no
 * lock of a pool. table.lock in current_thread.c is taken alone.
 *
 * Under pool->lock no code of another module is called, nothing is allocated or freed (except
 * by the kernel's object debugging, if there is any), and no thread is woken but the manager:
 * the threads to wake are collected in &wpool.wake_queue, and woken after the lock is dropped.
 * Of the memory of callers only struct wpool_task is touched under it. A queued task may have
 * been freed by mistake: broken_mend.c says how it is checked before it is trusted.
 *
 * The life of a pool's memory: RCU frees it after the last reference is dropped, and an
 * accepted task that has not ended keeps its pool from terminating. So a thread that finds,
 * inside an RCU read-side critical section, a task that has not ended may lock task->pool; see
 * task_lock_pool().
 */
#ifndef _WPOOL_TYPES_H
#define _WPOOL_TYPES_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/lockdep_types.h>
#include <linux/ratelimit_types.h>
#include <linux/rbtree_types.h>
#include <linux/sched.h>
#include <linux/semaphore.h>
#include <linux/seqlock.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wait.h>
#include <linux/wpool.h>

#undef pr_fmt
#define pr_fmt(fmt) "wpool: " fmt

/* Bits of &wpool_task.state; 0 is a task that was never accepted. */
#define TASK_QUEUED	0x01	/* accepted, not begun */
#define TASK_IN_FN	0x02	/* inside its function; with TASK_QUEUED: again after that */
#define TASK_DONE	0x04	/* has a result; only the caller touches it now */
#define TASK_DELAYED	0x08	/* accepted, on &wpool.delayed */
#define TASK_BATCHED	0x10	/* begins and ends without pool->lock, see queue_batch.c */

/* The task belongs to the pool: task->pool may be locked, see task_lock_pool(). */
#define TASK_ACCEPTED	(TASK_QUEUED | TASK_IN_FN | TASK_DELAYED)

/*
 * Bits of &wpool.flags besides those of the attributes: what keeps the workers on the CPUs of
 * &wpool.cpumask. With neither bit the mask is not set, and the kernel chooses the CPUs.
 */
#define POOL_PREFERS_CPUS	BIT(30)	/* the kernel */
#define POOL_KEEPS_CPUS		BIT(31)	/* each worker, see worker_keep_cpus() */

/* How many flushes have colors of their own; further flushes share the last. */
#define WPOOL_NR_COLORS		16

/* The most tasks in the batch, see queue_batch.c. */
#define WPOOL_BATCH_MAX		31

/*
 * How many spare tasks of wpool's own memory a pool keeps: it is costly if one CPU allocates
 * memory and another frees it. None with KASAN, which must see each task freed.
 */
#define WPOOL_MAX_SPARE		(IS_ENABLED(CONFIG_KASAN) ? 0 : 64)

/* How many pools a worker can note that have tasks on its stack. */
#define WPOOL_MAX_LENT		4

/* The delay after a thread could not be made: long enough for memory to come back. */
#define WPOOL_SPAWN_RETRY	(HZ / 10 + 1)

/* The longest delay for the next worker, if one after another dies as it starts. */
#define WPOOL_SPAWN_BACKOFF	(10 * HZ)

/* The longest spin_us: compared with more than that, a sleep costs nothing. */
#define WPOOL_MAX_SPIN_US	(USEC_PER_SEC)

/**
 * struct wpool_exit - lets the manager know that a thread has ended
 * @thread: I: the thread; holds a reference until exit_put()
 * @pid: I: holds a reference until exit_unwatch(), for @wait
 * @wait: I: entry on @pid->wait_pidfd, calls exit_seen()
 * @seen: @pid->wait_pidfd.lock
 * @node: on the manager's list
 * @reap: what the manager calls; set before this goes to the manager
 */
struct wpool_exit {
	struct task_struct	*thread;
	struct pid		*pid;
	struct wait_queue_entry	wait;
	bool			seen;
	struct llist_node	node;
	void			(*reap)(struct wpool_exit *exit);
};

/**
 * struct wpool_waiter - one thread asleep in one of the pool's own calls
 * @hnode: L: on &wpool_wake_queue.waiters
 * @node: L: in the ring of the waiters of @task, see task_waiters.c; on a list of @group, on
 *	&wpool.blocked, or one of the lists of flush_color.c; or on the @rest of another
 * @rest: L: the waiters that this one completes itself, in the same way, see waiters_complete()
 * @stuck: L: on &wpool.stuck, or &wpool.blocked_workers
 * @done: completed, once, by the thread that took the waiter off its list
 * @status: L: -EINPROGRESS while on a list, then an errno, or 0 for success
 * @value: L: the result of the task, if it waited for one and @status is 0
 * @task: I: the task that it waits for; for a blocked submitter: the task to accept
 * @group: I: the group that it waits for; for a blocked submitter: the group that @task will
 *	belong to, or NULL; L: for the first of a ring: the group of @task
 * @owner: I: the worker on whose stack @group lies, or NULL; for a waiter of the group, from
 *	stack_hold()
 * @key: I: for a blocked submitter: the key for @task, or NULL for no new one
 * @worker: I: the worker of this pool that sleeps here without a time limit, or NULL
 * @counted: L: in &wpool.nr_asleep until it is completed, see deadlock.c
 * @nr_counted: L: for the first of a ring: how many of the ring are @counted
 * @can_help: I: can itself run what it waits for, and the head of its key
 * @ring: L: the number of the ring, or of the lists of the group at one time
 * @turn: L: counts up in the order in which workers went to sleep for a task
 * @too_deep: I: cannot run what it waits for, as it is nested too deep; for a group: and there
 *	was something to run
 * @cancels: I: has promised that the task does not run when it returns
 * @helper: I: the worker that waits for a group here, or NULL
 * @slept_at: I: for a waiter of a task, for spin_learn(); or 0
 * @colors: L: for a flush: the colors that it waits for
 *
 * Lives on the sleeper's stack. If it waits for a group, group->lock guards the members tagged
 * L, except @stuck. A waiter that gives up (time-out, signal) takes itself off under the lock;
 * if it finds itself off already, it waits for @done, which comes soon, because its waker still
 * writes to it.
 */
struct wpool_waiter {
	union {
		struct hlist_node	hnode;
		struct list_head	node;
	};
	struct list_head	rest;
	struct list_head	stuck;
	struct completion	done;
	int			status;
	int			value;
	struct wpool_task	*task;
	struct wpool_group	*group;
	struct wpool_worker	*owner;
	const u64		*key;
	struct wpool_worker	*worker;
	bool			counted;
	bool			can_help;
	unsigned int		nr_counted;
	unsigned long		ring;
	u64			turn;
	bool			too_deep;
	bool			cancels;
	struct wpool_worker	*helper;
	u64			slept_at;
	unsigned int		colors;
};

/**
 * struct wpool_wake_queue - the threads to wake once pool->lock is dropped
 * @waiters: completed in turn
 * @worker: an idle worker that was taken off the idle list, or NULL
 * @nr_waiters: how many of @waiters there are
 * @garbage: tasks of wpool's own slab cache that have ended, see task_chain()
 */
struct wpool_wake_queue {
	struct hlist_head	waiters;
	unsigned int		nr_waiters;
	struct task_struct	*worker;
	struct wpool_task	*garbage;
};

/**
 * struct wpool_deadline - the end of a wait
 * @never: it has no limit
 * @at: in jiffies
 */
struct wpool_deadline {
	bool			never;
	unsigned long		at;
};

/**
 * struct wpool_run - one of the functions that a thread is inside
 * @worker: the worker of the task's pool that is inside it; NULL for another thread, which runs
 *	the task that it has submitted
 * @caller: I: that other thread's, or NULL; see caller_runs.c
 * @task: the task, or NULL for one that may not be touched any more
 * @fn: S: its function
 * @arg: its argument
 * @owner: the module pinned for it, or NULL
 * @group: the group that it belongs to, or NULL
 * @again: L: the task, if it was submitted again meanwhile
 * @again_node: L: on &wpool.again, if there is @again
 * @again_owner: L: the module pinned for @again, or NULL; this and the next two are used if the
 *	task is gone with the stack of the thread
 * @again_group: L: the group that @again belongs to, or NULL
 * @again_color: L: of @again
 * @revoked: L: the state of the task says that it will run again, but it will not, see
 *	run_revoke()
 * @started: S: in jiffies
 * @began: when, see latency.c
 * @serial: L: not less than that of any run that had begun when its task was accepted, and more
 *	than that of the run that submitted it, see deadlock.c
 * @preempt: W: preempt_count() of the thread when it began, see leak.c; @rcu is the depth of
 *	RCU read-side critical sections. Both are 0 except in a nested run.
 * @rcu: W
 * @color: the color that its end counts down, see flush_color.c
 * @stop: S: asked to end, see wpool_should_stop()
 * @orphan: L: nobody waits for @task any more, and wpool must free it
 * @reported: L: was reported for taking too long, see watchdog.c
 * @dep: W: what lockdep takes for the function, see depmap.c
 * @dep_held: W: held by the worker
 *
 * It has everything that the reaping needs if the function never returns. So it is in struct
 * wpool_worker or wpool_caller, and not on the stack, which an oops rewinds.
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
	u64			serial;
	u32			began;
	int			preempt;
	int			rcu;
	u8			color;
	bool			stop;
	bool			orphan;
	bool			reported;
#ifdef CONFIG_PROVE_LOCKING
	struct lockdep_map	dep;
	bool			dep_held;
#endif
};

/**
 * struct wpool_caller - a thread inside a task that it has submitted itself
 * @pool: I: the task's; holds a reference
 * @thread: I: valid as long as @running
 * @worker: I: the worker that @thread is, of any pool, or NULL
 * @outer: I: the one around it in @thread, or NULL
 * @depth: I: how many of them @thread is inside, with this one
 * @nested: I: &wpool_worker.nesting of @worker when this begins
 * @pid_nr: I: the number of @thread, for readers without a reference
 * @stack: I: the address of its stack, for run_reap(); the stack is gone by then
 * @polled: I: the kernel does not report the end of @thread: the manager looks for it
 * @exit: of @thread, unless it is a worker
 * @hash: in the table of current_thread.c, unless it is a worker
 * @node: L, read under RCU: on &wpool.callers
 * @running: L: on that list
 * @again: L: &wpool_run.again was accepted without room; @thread must run it
 * @run: the run
 * @rcu: for readers of &wpool.callers and of the table
 */
struct wpool_caller {
	struct wpool		*pool;
	struct task_struct	*thread;
	struct wpool_worker	*worker;
	struct wpool_caller	*outer;
	unsigned int		depth;
	unsigned int		nested;
	pid_t			pid_nr;
	unsigned long		stack;
	bool			polled;
	struct wpool_exit	exit;
	struct hlist_node	hash;
	struct list_head	node;
	bool			running;
	bool			again;
	struct wpool_run	run;
	struct rcu_head		rcu;
};

/**
 * struct wpool_worker - one kthread of a pool
 * @pool: I: holds a reference
 * @thread: I: that of @exit
 * @exit: I: of its thread
 * @pid_nr: I: its number, for readers without a reference
 * @stack: I: the address of its stack, for run_reap(); the stack is gone by then
 * @id: I: counted up per pool
 * @dead: S: its thread has ended without having left
 * @dead_node: L: on &wpool_hooks.dead
 * @node: L, read under RCU: on &wpool.workers
 * @idle_node: L: on &wpool.idle, if it is @idle
 * @idle: S: asleep until another thread takes it off &wpool.idle
 * @since: S: in jiffies: since when it is idle, or searching
 * @slept_at: L: since when it is idle, for spin_learn(); or 0
 * @starting: S: counted in &wpool.nr_starting, unless it is inside a task
 * @between: H: has ended its last batched task, and is about to record that
 * @searching: L: counted in &wpool.nr_searching
 * @leaving: S: counted in &wpool.nr_leaving; takes no more tasks
 * @waiter: L: its wait for a task without a time limit, or NULL
 * @group_waiter: W: the same for a group of which it would run tasks
 * @ended: tasks that it has ended without pool->lock; counted by itself, read anywhere
 * @harvested: S: those of @ended that &wpool.in_flight has subtracted; the low bits suffice
 * @begun: tasks of wpool's own memory begun from the batch since then; the worker's own, or L
 *	once it is dead
 * @hotplug_came: how many CPUs had come when it last looked; see worker_keep_cpus()
 * @caller: the innermost task that it runs as a submitter, or NULL; the worker's own until it
 *	is dead
 * @nesting: W: how many of @runs are in use
 * @runs: W: the functions it is inside, outermost first
 * @exit_work: run by the thread itself as it ends, see dead_stack.c
 * @nr_lent: how many of @lent are in use, or more if there were not enough; the worker's own,
 *	like @lent
 * @lent: pools to which it has submitted tasks on its stack; only for comparison
 * @has_groups: the worker's own: it has set up a group on its stack
 * @groups_lock: guards @groups
 * @groups: the groups on its stack that have tasks
 * @ending: its stack is about to go: set by the worker, read in RCU read-side critical
 *	sections, see stack_is_ending()
 * @kref: held by the thread until it is reaped, and by calls on groups on its stack
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
	bool			between;
	bool			searching;
	bool			leaving;
	struct wpool_waiter	*waiter;
	struct wpool_waiter	*group_waiter;

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

	unsigned int		nesting;
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
 * struct wpool_batch - the next tasks to begin, see queue_batch.c
 * @lock: guards what is tagged H, and the state of the tasks that are batched
 * @color: H: the color of all of them
 * @serial: H: of their runs, see &wpool_run.serial
 * @next: H: the first of @tasks that has not begun
 * @left: H: how many have not begun; read anywhere with READ_ONCE()
 * @tasks: H: in the order in which they begin
 */
struct wpool_batch {
	raw_spinlock_t		lock;
	u8			color;
	u64			serial;
	unsigned int		next;
	unsigned int		left;
	struct wpool_task	*tasks[WPOOL_BATCH_MAX];
} ____cacheline_aligned;

/**
 * struct wpool_mend - the tasks of a pool that were found broken, see broken_mend.c
 * @pending: S: the manager must still count, and report
 * @broken: L: a queued one was found since
 * @run_broken: L: one inside its function was found since
 * @keys: L: the keys were mended since
 * @islands: L: whole tasks may have been lost too
 * @times: L: how often the lists were mended
 * @fn: L: the function of the first of them; NULL if it cannot be read
 * @beside: L: the function of a task beside it, or NULL
 * @run_fn: L: the function of the run
 */
struct wpool_mend {
	bool			pending;
	bool			broken;
	bool			run_broken;
	bool			keys;
	bool			islands;
	unsigned int		times;
	wpool_fn_t		fn;
	wpool_fn_t		beside;
	wpool_fn_t		run_fn;
};

/**
 * struct wpool_staging - accepted tasks that are not on the queue yet, see staging.c
 * @lock: guards what is tagged B or P
 * @limit: P: how far @accepted may go, as there is room; 0 if it is shut. It is also read
 *	without a lock: a wrong answer is harmless there
 * @accepted: B: tasks that came this way; read anywhere
 * @collected: P: how many of them the queue has got, of which the low bits suffice; read
 *	anywhere with READ_ONCE()
 * @tasks: B: the others, oldest first
 * @color: P: the color of the tasks that it accepts
 * @nr_spare: B: how many tasks @spare has
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
 * struct wpool_entry - an entry of the registry
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
 * struct wpool_hooks - the thread of the hooks, and its work
 * @exit: I: of the thread; its thread is NULL if the pool needs none
 * @dead: L: workers whose hooks have not all returned, the oldest first
 * @ending: L: the hook for the end of the pool has been asked for, and has not returned
 * @lost: L: a hook has killed the thread: no hook is called any more
 * @at: S: the hook that the thread is inside, or NULL
 * @since: S: in jiffies
 */
struct wpool_hooks {
	struct wpool_exit	exit;
	struct list_head	dead;
	bool			ending;
	bool			lost;
	const char		*at;
	unsigned long		since;
};

#endif /* _WPOOL_TYPES_H */
