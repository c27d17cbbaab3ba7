/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The structures that the files of core/ share; struct wpool is in pool.h.
 *
 * Who guards what? Each member below carries one of these tags:
 *
 * I: Set before the object is published, read-only from then on.
 * L: pool->lock, which is taken by pool_lock().
 * S: Written under pool->lock, read anywhere with READ_ONCE().
 * W: Written by the worker itself under pool->lock, read by itself without and
 *    by others under it. Readers that only look (debugfs) use READ_ONCE().
 * N: wpool_inbox.lock.
 * P: Written under pool->lock and wpool_inbox.lock, read under either.
 * M: Only touched by the manager thread.
 * R: registry_lock in registry.c.
 *
 * Lock order, outermost first:
 *
 *	registry_lock			mutex; registry.c
 *	pool->claim.lock		mutex; claim.c
 *	set->buckets->lock		raw, interrupts off; set_submit.c
 *	  pool->lock			raw, interrupts off
 *	    group->lock			raw
 *	      rest_lock()		raw; group.c
 *	      worker->on_stack.lock	raw; worker_stack.c
 *	    kicked.lock			raw; manager_kick.c
 *	    asked.lock			raw; spare.c
 *	    inbox.lock			raw; inbox.c
 *	    pool->slots.free.lock	inside down_trylock() and up()
 *	    pool->walk.lock		inside up()
 *	    timer base lock		inside timer_reduce() and mod_timer()
 *	    workqueue's locks		inside queue_work()
 *
 * tasklist_lock and pid->wait_pidfd.lock are held around exit_seen(), which therefore takes no
 * lock of a pool. table.lock in current_thread.c is taken alone.
 *
 * Under pool->lock no code of another module is called, nothing is allocated or freed (except
 * by the kernel's object debugging, if there is any), and no thread is woken but the manager, which
 * wakes the maker, one of a workqueue, and those that wait for the pool's end or for their turn to
 * walk its lists:
 * the other threads to wake are collected in &wpool.wake_queue, and woken after the lock is
 * dropped.
 * Of the memory of callers only struct wpool_task is touched under it.
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
#define TASK_QUEUED	__WPOOL_TASK_QUEUED	/* accepted, not begun */
#define TASK_IN_FN	__WPOOL_TASK_RUNNING	/* inside it; with TASK_QUEUED: again after that */
#define TASK_DONE	0x04	/* has a result; only the caller touches it now */
/* accepted, waits for its time on &wpool_lists.delayed; with TASK_IN_FN: after that */
#define TASK_DELAYED	__WPOOL_TASK_DELAYED

/* It has not begun; with TASK_IN_FN it is to begin again. */
#define TASK_WAITS	(TASK_QUEUED | TASK_DELAYED)

/* The task belongs to the pool: task->pool may be locked, see task_lock_pool(). */
#define TASK_ACCEPTED	(TASK_WAITS | TASK_IN_FN)

/* The sides that spin before they sleep, see spin_wait.c. */
enum spin_side {
	SPIN_WORKER,	/* for the next task */
	SPIN_WAITER,	/* until a task has ended */
	SPIN_NR_SIDES,
};

/* How many flushes have colors of their own; further flushes share the last. */
#define WPOOL_NR_COLORS		16

/* The color of a periodic task whose time has not come: no flush waits for it. */
#define COLOR_IDLE		WPOOL_NR_COLORS

/*
 * How many spare tasks of wpool's own memory a pool keeps: it is costly if one CPU allocates
 * memory and another frees it. None with KASAN, which must see each task freed.
 */
#define WPOOL_MAX_SPARE		(IS_ENABLED(CONFIG_KASAN) ? 0 : 64)

/* How many pools a worker can note that have tasks on its stack. */
#define WPOOL_MAX_LENT		4

/* The delay after a thread could not be made: long enough for memory to come back. */
#define WPOOL_SPAWN_RETRY	(HZ / 10 + 1)

/* A making that has lasted so long counts as failed for those who rely on it. */
#define WPOOL_SPAWN_LONG	(4 * HZ)

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
 *	&wpool_blocked.list, or one of the lists of flush_color.c; or on the @rest of another
 * @rest: L: the waiters that this one completes itself, in the same way, see waiters_complete()
 * @stuck: L: on &wpool_deadlock.stuck, or on one of the lists of those blocked
 * @done: completed, once, by the thread that took the waiter off its list
 * @status: L: -EINPROGRESS while on a list, but for that of admitted.c, then an errno, or 0 for
 *	success
 * @value: L: the result of the task, if it waited for one and @status is 0
 * @task: I: the task that it waits for; for a blocked submitter: the task to accept
 * @group: I: the group that it waits for; for a blocked submitter: the group that @task will
 *	belong to, or NULL; L: for the first of a ring: the group of @task
 * @owner: I: from stack_hold() of @group, or NULL
 * @key: I: for a blocked submitter: the key for @task, or NULL for no new one
 * @worker: I, for a waiter of a group L: the worker of this pool that sleeps here without a time
 *	limit, or NULL
 * @counted: L: in &wpool.nr_asleep until it is completed, see deadlock.c
 * @nr_counted: L: for the first of a ring: how many of the ring are @counted
 * @can_help: I: can itself run what it waits for, and the head of its key
 * @ring: L: the number of the ring, or of the lists of the group at one time
 * @turn: L: counts up in the order in which workers went to sleep for a task
 * @too_deep: I: cannot run what it waits for, as it is nested too deep; for a group: and there
 *	was something to run
 * @cancels: I: has promised that the task does not run when it returns
 * @takes_back: L: was refused, and takes the task back itself if that still waits
 * @hurries: I: of a blocked submitter: it is to be woken as soon as @task is accepted
 * @admitted: L: on the list of admitted.c
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
	const struct wpool_worker *owner;
	const u64		*key;
	struct wpool_worker	*worker;
	bool			counted;
	bool			can_help;
	unsigned int		nr_counted;
	unsigned long		ring;
	u64			turn;
	bool			too_deep;
	bool			cancels;
	bool			takes_back;
	bool			hurries;
	bool			admitted;
	u64			slept_at;
	unsigned int		colors;
};

/*
 * The threads to wake, and the tasks to free, once pool->lock is dropped.
 * Owner: waiter.c.
 */
struct wpool_wake_queue {
	struct hlist_head	waiters;	/* completed in turn */
	unsigned int		nr_waiters;	/* how many of them there are */
	struct task_struct	*worker;	/* was taken off the idle list, or NULL */
	/* tasks of wpool's own slab cache that have ended, see task_chain() */
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
 * struct wpool_ended - a task that has ended, and whose release is still to be called
 * @pool: the task's, which the task keeps until the release has returned
 * @release: what to call, or NULL
 * @arg: with this
 * @fate: and this
 * @color: counts as in flight until it has returned
 * @owner: the module pinned until then, or NULL
 * @ours: the task, if it is of wpool's own memory and to be freed; or NULL
 */
struct wpool_ended {
	struct wpool		*pool;
	wpool_release_t		release;
	void			*arg;
	enum wpool_fate		fate;
	u8			color;
	struct module		*owner;
	struct wpool_task	*ours;
};

/* Whoever ends more calls their releases first. */
#define WPOOL_MOST_ENDS		8

/**
 * struct wpool_ends - tasks that a thread has ended, on its stack, for ends_finish()
 * @nr: how many
 * @at: the one whose release is being called
 * @outer: of a worker: those whose release it is inside meanwhile, or NULL
 * @ended: the tasks
 */
struct wpool_ends {
	unsigned int		nr;
	unsigned int		at;
	struct wpool_ends	*outer;
	struct wpool_ended	ended[WPOOL_MOST_ENDS];
};

/**
 * struct wpool_run - one of the functions that a thread is inside
 * @worker: the worker of the task's pool that is inside it; NULL for another thread, which runs
 *	the task that it has submitted
 * @caller: I: that other thread's, or NULL; see caller_runs.c
 * @task: the task, or NULL for one that may not be touched any more
 * @fn: S: its function
 * @arg: its argument
 * @owner: S: the module pinned for it, or NULL
 * @group: the group that it belongs to, or NULL
 * @again: L: the task, if it was submitted again meanwhile
 * @again_node: L: on &wpool_lists.again, if there is @again; of a dead thread on &wpool_late.runs
 * @again_owner: L: the module pinned for @again, or NULL; this and the next two are used if the
 *	task is gone with the stack of the thread
 * @again_group: L: the group that @again belongs to, or NULL
 * @again_color: L: of @again
 * @again_alive: L: when @again was submitted the thread of @caller was alive
 * @later: L: @again waits for its time first, as a delayed task
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
 * @helped: L: @worker runs it while it waits for it, or for one behind it
 * @reported: L: was reported for taking too long, see watchdog.c
 * @tracked: L: the next three are set, because the task has a release, or is detached
 * @release: L: of the task, or NULL: nothing is to be called
 * @ours: L: a task of wpool's own memory, to be freed when it was released; or NULL
 * @ended: L: what the run owes when it has ended: the release of this submission, and of @again
 * @nr_ended: L: how many of these are in use
 * @self: L: the address of a detached task, or NULL
 * @self_node: L: in &wpool.selves, if there is @self
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
	bool			again_alive;
	bool			later;
	bool			revoked;
	unsigned long		started;
	u64			serial;
	u32			began;
	int			preempt;
	int			rcu;
	u8			color;
	bool			stop;
	bool			orphan;
	bool			helped;
	bool			reported;
	bool			tracked;
	wpool_release_t		release;
	struct wpool_task	*ours;
	struct wpool_ended	ended[2];
	unsigned int		nr_ended;
	const struct wpool_task	*self;
	struct rb_node		self_node;
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
 * @naps: sleeps until it is asked to stop, see stop.c
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
	bool			naps;
	struct wpool_run	run;
	struct rcu_head		rcu;
};

/* What a worker counts as. Owner: worker_list.c. */
struct wpool_place {
	struct list_head	node;	/* L, read under RCU: on &wpool_workers.list */
	struct list_head	idle_node;	/* L: on &wpool_workers.idle, if it is idle */
	unsigned long		since;	/* S: in jiffies: since when it is idle, or searching */
	/* L: since when it is idle, for spin_learn(); or 0 */
	u64			slept_at;
	/* S: asleep until another thread takes it off &wpool_workers.idle */
	bool			idle;
	/* S: counted in &wpool_workers.nr_starting, unless inside a task or asleep for room */
	bool			starting;
	bool			searching;	/* L: counted in &wpool_workers.nr_searching */
	/* S: counted in &wpool_workers.nr_leaving; takes no more tasks */
	bool			leaving;
};

/* What other threads know of that lies on a worker's stack. Owner: worker_stack.c. */
struct wpool_on_stack {
	/* how many of lent are in use, or more if there were not enough; the worker's own */
	unsigned int		nr_lent;
	/* pools to which it has submitted tasks on its stack; the worker's own; only compared */
	struct wpool		*lent[WPOOL_MAX_LENT];
	/* the worker's own: it has set up a group on its stack */
	bool			has_groups;
	/*
	 * its stack is about to go: set by the worker, read in RCU read-side critical sections,
	 * see stack_is_ending()
	 */
	bool			ending;
	raw_spinlock_t		lock;	/* guards the groups */
	struct list_head	groups;	/* the groups on its stack that have tasks */
};

/* One kthread of a pool. */
struct wpool_worker {
	struct wpool		*pool;	/* I: holds a reference. Owner: all. */
	struct task_struct	*thread;	/* I: that of exit. Owner: all. */
	struct wpool_exit	exit;	/* I: of its thread. Owner: all. */
	/*
	 * I: its number, for readers without a reference. Owner: worker_spawn.c. All may read it.
	 */
	pid_t			pid_nr;
	/*
	 * I: the address of its stack, for run_reap(); the stack is gone by then. Owner:
	 * worker_spawn.c. All may read it.
	 */
	unsigned long		stack;
	/* I: counted up per pool. Owner: worker_spawn.c. All may read it. */
	unsigned int		id;
	/*
	 * I: from when it begins on: likewise, in the order of the list of workers. Owner:
	 * worker_spawn.c. All may read it.
	 */
	unsigned int		turn;
	/* L: may begin; read by itself with acquire. Owner: worker.c. */
	bool			begins;
	bool			unmade;	/* is to end, and never begins. Owner: worker.c. */
	/* S: its thread has ended without having left. Owner: worker_list.c. All may read it. */
	bool			dead;
	struct list_head	dead_node;	/* L: on &wpool_hooks.dead. Owner: hooks.c. */

	struct wpool_place	place;
	/*
	 * L: its wait for a task without a time limit, or NULL. Owner: waiter.c. All may read
	 * it.
	 */
	struct wpool_waiter	*waiter;
	/*
	 * W: the same for a group of which it would run tasks. Owner: group_wait.c. All may read
	 * it.
	 */
	struct wpool_waiter	*group_waiter;

	/* how many CPUs had come when it last looked; see worker_keep_cpus(). Owner: worker.c. */
	unsigned int		hotplug_came;
	int			lacks;	/* W: claim_lacks() when last moved. Owner: claim.c. */
	bool			strays;	/* W: claim_strays() then. Owner: claim.c. */
	/*
	 * the innermost task that it runs as a submitter, or NULL; the worker's own until it is
	 * dead. Owner: caller_runs.c. All may read it.
	 */
	struct wpool_caller	*caller;

	/* run by the thread itself as it ends, see dead_stack.c. Owner: dead_stack.c. */
	struct callback_head	exit_work;
	/* the releases that it is inside, the innermost first; its own. Owner: release.c. */
	struct wpool_ends	*ends;
	/* the pool whose wpool_shutdown_now() it is inside, or NULL; its own. Owner: shutdown.c. */
	struct wpool		*closing;
	/*
	 * the release that has ended it, or NULL; its own until it is dead. Owner: release.c. All
	 * may read it.
	 */
	wpool_release_t		died_in;
	struct wpool_on_stack	on_stack;
	/*
	 * held by the thread until it is reaped, and by calls on groups on its stack. Owner:
	 * worker_stack.c.
	 */
	struct kref		kref;

	/* W: how many of runs are in use. Owner: nesting.c. All may read it. */
	unsigned int		nesting;
	/* W: the functions it is inside, outermost first. Owner: all, as each says. */
	struct wpool_run	runs[WPOOL_MAX_NESTING];
	bool			naps;	/* sleeps until it is asked to stop. Owner: stop.c. */
#ifdef CONFIG_PROVE_LOCKING
	bool			dep_held;	/* W: holds &wpool.dep. Owner: depmap.c. */
#endif
	/* for readers of &wpool_workers.list. Owner: worker_stack.c. */
	struct rcu_head		rcu;
};

#endif /* _WPOOL_TYPES_H */
