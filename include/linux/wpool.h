/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wpool: bounded worker pools.
 *
 * A pool runs tasks, one function call each, on at most `capacity` kernel threads. At most
 * `queue_depth` more tasks are queued.
 *
 *	// in the init of a module
 *	pool = wpool_create("my_pool", &(struct wpool_attrs) { .capacity = 4 });
 *	if (IS_ERR(pool))
 *		return PTR_ERR(pool);
 *
 *	// where work is to be done
 *	struct wpool_task task;
 *
 *	wpool_task_init(&task, my_fn, my_arg);
 *	err = wpool_schedule(pool, &task);
 *	if (err)
 *		return err;
 *	result = wpool_wait(&task);
 *
 *	// in the exit
 *	wpool_destroy(pool);
 *
 * What may be called where:
 *
 *	any context (hard irq included, unless the call excludes it), never sleeps:
 *		scheduling: wpool_try_schedule(), wpool_try_schedule_fn(),
 *		wpool_schedule_delayed(), wpool_schedule_every(), wpool_modify_delayed(),
 *		wpool_set_try_schedule(), and wpool_schedule_how() with %WPOOL_NOWAIT,
 *		%WPOOL_FORCE, %WPOOL_IF_FREE or a time
 *		a task: wpool_task_init(), wpool_keyed_task_init(),
 *		wpool_delayed_task_init(), wpool_release_task_init(),
 *		wpool_task_set_priority(), wpool_task_set_detached(),
 *		wpool_task_set_release(), wpool_task_queued(), wpool_task_running(),
 *		wpool_cancel(), wpool_periods_skipped(), wpool_ask_stop()
 *		inside a task: wpool_current(), wpool_should_stop()
 *		a group: wpool_group_init()
 *		a pool: wpool_default(), wpool_get(), wpool_put(), wpool_name(),
 *		wpool_priv(), wpool_stats(), wpool_resize(), wpool_pause(),
 *		wpool_resume(), wpool_shutdown()
 *		a set: wpool_set_nth(), wpool_set_shutdown()
 *	process context, may sleep:
 *		everything else
 *
 * In an NMI no task may be set up if the kernel has CONFIG_DEBUG_OBJECTS. On PREEMPT_RT the first
 * list also holds in a hard interrupt, with a raw spinlock held, and with interrupts or preemption
 * disabled. Only wpool_try_schedule_fn() cannot allocate there: with a release, or if the pool has
 * no spare task, it returns -ENOMEM after a message. Use wpool_try_schedule() there.
 *
 * Who frees the memory of a task?
 *
 *	a plain task			its owner, after a wait
 *	a detached task			its function; if that never begins, its release
 *	a task with a release		the release, which is called once for each acceptance
 *	of wpool_schedule_fn()		the pool; the argument: its function, or the release
 *
 * From when it is accepted until it has ended, a task belongs to the pool: do not free it, write
 * to it, set it up again, or leave the function on whose stack it lies. CONFIG_DEBUG_OBJECTS,
 * CONFIG_DEBUG_LIST and KASAN report that; other kernels may crash. Before a group is freed, wait
 * for the group: a wait for its tasks is not enough. wpool_destroy() drops the reference of
 * wpool_create(), wpool_put() that of wpool_get() or wpool_find().
 */
#ifndef _LINUX_WPOOL_H
#define _LINUX_WPOOL_H

#include <linux/build_bug.h>
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/rbtree_types.h>
#include <linux/sched/task_stack.h>
#include <linux/spinlock_types.h>
#include <linux/timer.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/wpool_version.h>

struct cpumask;
struct device;
struct module;
struct task_struct;
struct wpool;
struct wpool_run;
struct wpool_set;
struct wpool_worker;

/* The longest name of a pool, without the terminating NUL. */
#define WPOOL_NAME_MAX		31

#define WPOOL_DEFAULT_CAPACITY	100
#define WPOOL_MAX_CAPACITY	10000
#define WPOOL_MAX_PERCENT	10000	/* of &wpool_attrs.capacity_percent */
#define WPOOL_DEFAULT_DEPTH	1024
#define WPOOL_DEFAULT_IDLE_MS	10000

/* How deep a worker may nest the tasks that it waits for. */
#define WPOOL_MAX_NESTING	16

/* Special values of &wpool_attrs.queue_depth. */
#define WPOOL_QUEUE_HANDOFF	(-1)	/* no queue: a worker is free, or the pool is full */
#define WPOOL_QUEUE_UNBOUNDED	(-2)

/**
 * typedef wpool_fn_t - the function of a task
 * @arg: as given to wpool_task_init(); the pool does not use it
 *
 * It must return with interrupts, softirqs, preemption, RCU and locks as it found them. If not, the
 * log names it. All but the locks are restored before the next task.
 *
 * Context: A worker of the pool. With %WPOOL_FULL_CALLER_RUNS also the thread that schedules the
 * task, inside that call. May sleep.
 * Return: the result of the task: 0, -errno, or any int.
 */
typedef int (*wpool_fn_t)(void *arg);

/**
 * enum wpool_priority - which queued task starts first
 * @WPOOL_PRIO_HIGH: before all others
 * @WPOOL_PRIO_NORMAL: the default
 * @WPOOL_PRIO_LOW: when no other task is queued
 * @WPOOL_NR_PRIOS: how many there are
 *
 * Strict: a task starts only when no task of a higher priority is queued. Within one priority,
 * tasks start first in, first out: if one call had returned before another began, its task starts
 * first. Exceptions:
 *
 * - a task that its waiter or its submitter runs;
 * - a task that is deferred by its key;
 * - a delayed task: it takes its place when its delay is over;
 * - a task that is scheduled while it runs, or a detached task at the address of one that runs: it
 *   takes its place when that run has ended.
 */
enum wpool_priority {
	WPOOL_PRIO_HIGH,
	WPOOL_PRIO_NORMAL,
	WPOOL_PRIO_LOW,
	WPOOL_NR_PRIOS
};

/**
 * enum wpool_full - what wpool_schedule() does when the queue is full
 * @WPOOL_FULL_BLOCK: sleep until there is room; first come, first served
 * @WPOOL_FULL_FAIL: return -EAGAIN
 * @WPOOL_FULL_CALLER_RUNS: run the task in the caller, and return 0; see below
 * @WPOOL_FULL_DISCARD: drop the task, and return 0; its result is -ECANCELED. If the task schedules
 *	itself, only the second run is dropped, and its waiters get the result of the first.
 * @WPOOL_FULL_DISCARD_OLDEST: accept the task, and drop the oldest task of the lowest priority that
 *	is queued. Tasks that are deferred behind their key or their own run are not dropped. If
 *	there is no other, as %WPOOL_FULL_DISCARD.
 *
 * A task that its caller runs does not count as running, nor in the capacity. No hook of &struct
 * wpool_ops is called for it. If it kills the thread, it ends with -EOWNERDEAD. The call sleeps for
 * room, as with %WPOOL_FULL_BLOCK, if:
 *
 * - the pool is ordered, paused or frozen;
 * - the task has a key, or another thread is inside it;
 * - the caller is inside %WPOOL_MAX_NESTING tasks, or has used half of its stack;
 * - there is no memory.
 *
 * A task that schedules itself needs no room, unless the pool is ordered, paused or frozen, or the
 * task has a key. The caller that runs it runs it again. If it is detached or has a release, it is
 * queued instead.
 */
enum wpool_full {
	WPOOL_FULL_BLOCK,
	WPOOL_FULL_FAIL,
	WPOOL_FULL_CALLER_RUNS,
	WPOOL_FULL_DISCARD,
	WPOOL_FULL_DISCARD_OLDEST,
};

/**
 * enum wpool_state - the life of a pool, in this order; wpool_restart() leads back
 * @WPOOL_STATE_RUNNING: accepts tasks and runs them
 * @WPOOL_STATE_SHUTDOWN: accepts none; accepted tasks still run
 * @WPOOL_STATE_STOP: accepts none; queued tasks are cancelled
 * @WPOOL_STATE_TIDYING: no task and no worker is left
 * @WPOOL_STATE_TERMINATED: wpool_await_termination() returns 0
 */
enum wpool_state {
	WPOOL_STATE_RUNNING,
	WPOOL_STATE_SHUTDOWN,
	WPOOL_STATE_STOP,
	WPOOL_STATE_TIDYING,
	WPOOL_STATE_TERMINATED,
};

/* Bits of &wpool_task.flags, for wpool itself. */
#define WPOOL_TASK_DETACHED	0x01	/* not touched when its function has begun */
#define WPOOL_TASK_ALLOCATED	0x02	/* the pool frees it */
#define WPOOL_TASK_PINNED	0x04	/* holds a reference to its owner */
#define WPOOL_TASK_KEYED	0x08	/* in a struct wpool_keyed_task */
#define WPOOL_TASK_TRACKED	0x10	/* its struct wpool_tracking is in use */
#define WPOOL_TASK_ONSTACK	0x20	/* perhaps on a stack: never handed back */
#define WPOOL_TASK_AWAITED	0x40	/* a thread has waited for it: likewise */
#define WPOOL_TASK_PERIODIC	0x80	/* runs again, each period */

/**
 * struct wpool_task - one function call
 *
 * Part of a structure of the caller's, or on the stack. Set up by wpool_task_init() or
 * DEFINE_WPOOL_TASK(). Every member is private.
 */
struct wpool_task {
	/* private: */
	union {
		struct list_head	node;	/* queued */
		struct wpool_run	*run;	/* running */
	};
	wpool_fn_t		fn;
	void			*arg;
	struct wpool		*pool;
	struct module		*owner;
	unsigned long		waiters;
	int			result;
	u8			state;
	u8			prio : 7;
	u8			delayed : 1;	/* in a struct wpool_delayed_task */
	u8			flags;
	u8			color;
};

/* 64 bytes, or 36 where a long has 32 bits. */
static_assert(sizeof(struct wpool_task) <= 7 * sizeof(long) + 8);

#define __WPOOL_TASK_INITIALIZER(_fn, _arg) {				\
	.fn	= (_fn),						\
	.arg	= (_arg),						\
	.owner	= THIS_MODULE,						\
	.prio	= WPOOL_PRIO_NORMAL,					\
	.flags	= WPOOL_TASK_ONSTACK,	/* until scheduled */	\
}

/**
 * DEFINE_WPOOL_TASK - define a task and set it up
 * @name: the variable
 * @fn: the function, a wpool_fn_t
 * @arg: the argument of @fn, which may be NULL
 */
#define DEFINE_WPOOL_TASK(name, fn, arg)				\
	struct wpool_task name = __WPOOL_TASK_INITIALIZER(fn, arg)

/* Kernels with CONFIG_DEBUG_OBJECTS check whether a task is set up again while a pool has it. */
#ifdef CONFIG_DEBUG_OBJECTS
void __wpool_task_object_init(struct wpool_task *task);
#else
static inline void __wpool_task_object_init(struct wpool_task *task)
{
}
#endif

static inline void __wpool_task_init(struct wpool_task *task, wpool_fn_t fn,
				     void *arg, struct module *owner)
{
	__wpool_task_object_init(task);
	*task = (struct wpool_task) {
		.fn	= fn,
		.arg	= arg,
		.owner	= owner,
		.prio	= WPOOL_PRIO_NORMAL,
		.flags	= object_is_on_stack(task) ? WPOOL_TASK_ONSTACK : 0,
	};
}

/**
 * wpool_task_init() - set up a task
 * @task: the task; neither queued nor running
 * @fn: the function, a wpool_fn_t
 * @arg: the argument of @fn, which may be NULL
 *
 * The calling module becomes the owner. A pool of another module pins the owner from when the task
 * is accepted until a moment after it has ended: rmmod may be refused right after a wait.
 *
 * Context: any.
 */
#define wpool_task_init(task, fn, arg)					\
	__wpool_task_init(task, fn, arg, THIS_MODULE)

/**
 * wpool_task_set_priority() - set the priority of a task
 * @task: the task; neither queued nor running
 * @prio: the priority, from the next time it is scheduled
 *
 * Context: any.
 */
static inline void wpool_task_set_priority(struct wpool_task *task,
					   enum wpool_priority prio)
{
	/* An unknown priority is refused when the task is scheduled. */
	task->prio = min_t(unsigned int, prio, WPOOL_NR_PRIOS);
}

/**
 * wpool_task_set_detached() - let the function of a task free the task
 * @task: the task; neither queued nor running
 *
 * The pool does not touch a detached task once its function has begun. So nobody can wait for it:
 * wpool_wait() returns -EINVAL. If its function never begins, its release is called, and only then:
 * see wpool_task_set_release(). A detached task without a release must not be dropped or cancelled.
 * Its memory is lost then, unless wpool_shutdown_now() hands it back.
 *
 * It never runs twice at the same time in one pool. If it is scheduled while its function runs, it
 * is accepted and may be cancelled, and is queued when that run has ended. This also holds for a
 * new task with the same function at the same address. In two pools it may run at the same time. It
 * must have no key and no period.
 *
 * Context: any.
 */
static inline void wpool_task_set_detached(struct wpool_task *task)
{
	task->flags |= WPOOL_TASK_DETACHED;
}

/**
 * enum wpool_fate - what became of an accepted task
 * @WPOOL_FATE_RAN: its function has returned
 * @WPOOL_FATE_CANCELLED: it did not run: it was cancelled, or its group has failed, or the pool was
 *	shut down
 * @WPOOL_FATE_DROPPED: it did not run: there was no room, and the policy of the pool is to drop
 * @WPOOL_FATE_DIED: its function, or a hook before or after it, has killed the thread
 */
enum wpool_fate {
	WPOOL_FATE_RAN,
	WPOOL_FATE_CANCELLED,
	WPOOL_FATE_DROPPED,
	WPOOL_FATE_DIED,
};

/**
 * typedef wpool_release_t - the function that a pool calls when it is done with a task
 * @arg: the argument of the task's function
 * @fate: what became of the task
 *
 * See wpool_task_set_release(). Other releases, flushes and the end of the pool wait for it.
 *
 * Context: Any, hard irq included, if the task is cancelled there. Must not sleep. No lock of wpool
 * is held. On PREEMPT_RT it must not call kfree() in a hard irq; kfree_rcu() may be called there.
 */
typedef void (*wpool_release_t)(void *arg, enum wpool_fate fate);

/* Part of larger tasks. Every member is private. */
struct wpool_tracking {
	/* private: */
	wpool_release_t		release;
	bool			awaited;	/* the waiter frees the task */
	bool			refused;	/* a wait for it returned -EDEADLK */
};

/**
 * struct wpool_release_task - a task that has a release
 *
 * Every member is private. Pass its member task to wpool_schedule(), wpool_cancel() and others.
 */
struct wpool_release_task {
	/* private: */
	struct wpool_task	task;
	struct wpool_tracking	tracking;
};

/**
 * wpool_release_task_init() - set up a task that will have a release
 * @ttask: the task; neither queued nor running
 * @fn: the function, a wpool_fn_t
 * @arg: the argument of @fn and of the release
 *
 * Context: any.
 */
#define wpool_release_task_init(ttask, fn, arg) do {			\
	struct wpool_release_task *__ttask = (ttask);			\
									\
	wpool_task_init(&__ttask->task, fn, arg);			\
	__ttask->tracking = (struct wpool_tracking) { };		\
} while (0)

static inline void __wpool_task_set_release(struct wpool_task *task,
					    struct wpool_tracking *tracking,
					    wpool_release_t release)
{
	task->flags |= WPOOL_TASK_TRACKED;
	tracking->release = release;
}

/**
 * wpool_task_set_release() - set the function that the pool calls when it is done with a task
 * @xtask: a struct wpool_release_task, wpool_keyed_task or wpool_delayed_task that is set up, and
 *	neither queued nor running; not on the stack
 * @release: the function, a wpool_release_t; NULL for none
 *
 * @release is called once each time the task was accepted, and never if it was refused. After that
 * the pool does not touch the task: @release may free it or schedule it again. If the task is
 * detached, @release is called only if the function never begins.
 *
 * A worker, a work item or the thread that drops, cancels or delays the task makes the call.
 * A thread that cancels it, or that calls wpool_modify_delayed(), must hold no lock that @release
 * takes. Other than that, @release is never called in atomic context. wpool_cancel(),
 * wpool_cancel_sync(), wpool_group_cancel() and wpool_shutdown_now() return when @release has,
 * unless they are called in a hook or a release. A wait may return before @release is called: a
 * thread that waits for the task, cancels it or asks about it needs its own reference.
 * wpool_flush(), wpool_drain() and wpool_destroy() return after @release has.
 *
 * wpool_shutdown_now() does not hand such a task back: it ends as %WPOOL_FATE_CANCELLED. A periodic
 * task must not have a release. @release is not called if @arg lies on the stack of a thread that
 * dies in the task, or that is cancelling the task when it dies.
 *
 * The owner of the task cannot be unloaded before @release has returned. If @release kills a
 * worker, it counts as if it had returned. If it kills another thread, later flushes, the end of
 * the pool and the unloading of modules may hang.
 *
 * Context: any.
 */
#define wpool_task_set_release(xtask, release)				\
	__wpool_task_set_release(&(xtask)->task, &(xtask)->tracking, release)

/**
 * struct wpool_keyed_task - a task that runs in order with the others of its key
 *
 * Every member is private. See wpool_schedule_keyed().
 */
struct wpool_keyed_task {
	/* private: */
	struct wpool_task	task;
	struct wpool_tracking	tracking;
	u64			key;
	struct rb_node		link;
	struct list_head	followers;
	struct list_head	awaited;
	struct list_head	deferred;
};

/**
 * wpool_keyed_task_init() - set up a task for wpool_schedule_keyed()
 * @ktask: the task; neither queued nor running. Pass its member task to wait and cancel calls.
 * @fn: the function, a wpool_fn_t
 * @arg: the argument of @fn, which may be NULL
 *
 * Context: any.
 */
#define wpool_keyed_task_init(ktask, fn, arg) do {			\
	struct wpool_keyed_task *__ktask = (ktask);			\
									\
	wpool_task_init(&__ktask->task, fn, arg);			\
	*__ktask = (struct wpool_keyed_task) { .task = __ktask->task };	\
	__ktask->task.flags |= WPOOL_TASK_KEYED;			\
} while (0)

/**
 * struct wpool_delayed_task - a task that runs later, or periodically
 *
 * Every member is private. See wpool_schedule_delayed() and wpool_schedule_every().
 */
struct wpool_delayed_task {
	/* private: */
	struct wpool_task	task;
	struct wpool_tracking	tracking;
	struct timer_list	timer;
	u64			due;	/* in jiffies_64 */
	unsigned long		period;	/* in jiffies */
	unsigned long		skipped;	/* periods */
	bool			asked;	/* this time is not skipped */
};

#define WPOOL_TRACKING_OFFSET	offsetof(struct wpool_release_task, tracking)
static_assert(offsetof(struct wpool_keyed_task, tracking) == WPOOL_TRACKING_OFFSET);
static_assert(offsetof(struct wpool_delayed_task, tracking) == WPOOL_TRACKING_OFFSET);

void __wpool_delayed_task_init(struct wpool_delayed_task *dtask, wpool_fn_t fn,
			       void *arg, struct module *owner);

/**
 * wpool_delayed_task_init() - set up a task for wpool_schedule_delayed()
 * @dtask: the task; neither delayed, queued nor running; not on the stack. Pass its member task to
 *	wait and cancel calls.
 * @fn: the function, a wpool_fn_t
 * @arg: the argument of @fn, which may be NULL
 *
 * Context: any.
 */
#define wpool_delayed_task_init(dtask, fn, arg)				\
	__wpool_delayed_task_init(dtask, fn, arg, THIS_MODULE)

/**
 * struct wpool_group - tasks that a caller waits for together
 *
 * Set up by wpool_group_init(). It may lie on the stack. Every member is private.
 */
struct wpool_group {
	/* private: */
	raw_spinlock_t		lock;
	unsigned int		pending;
	unsigned int		elsewhere;
	unsigned int		joining;
	int			error;
	unsigned int		flags;
	struct wpool		*home;
	struct list_head	waiters;
	struct list_head	helpers;
	unsigned int		nr_counted;
	unsigned int		ring;
	unsigned int		came;
	unsigned int		stopping;
	struct wpool_worker	*owner;
	struct list_head	node;
#ifdef CONFIG_PROVE_LOCKING
	struct {
		const struct wpool	*pool;
		wpool_fn_t		fn;
	} dep[4];
#endif
};

/* For wpool_group_init(). */
#define WPOOL_GROUP_FAIL_FAST	0x01	/* its first error cancels what has not begun */

/**
 * struct wpool_ops - the hooks of a pool
 * @worker_start: called by a worker, before its first task
 * @worker_stop: called once for each @worker_start: by the worker after its last task, or, if the
 *	worker was killed, by a work item
 * @worker_died: called by a work item if a worker was killed, except by its own @worker_stop;
 *	before its other hooks. @thread is the dead thread, valid until the hook returns.
 * @task_begin: called by the worker, before the function of a task
 * @task_end: called by the worker, after the function
 * @task_oops: called by a work item, in place of @task_end, if the function, @task_begin or
 *	@task_end killed the worker. The waiters are woken after it, unless the task lay on the
 *	stack of that worker. An argument that lay there is NULL.
 * @terminated: called by a work item, once, when no task and no worker is left; before
 *	wpool_await_termination() returns
 *
 * Hooks are called without a lock of wpool, and may sleep. wpool_priv() returns &wpool_attrs.priv.
 * No hook is called for a task that its submitter runs, see %WPOOL_FULL_CALLER_RUNS.
 *
 * The work item calls one hook at a time. When wpool_destroy() returns 0, all have returned. Until
 * the hooks for a dead worker have returned, that worker counts in the capacity, and its task
 * counts as running. If such a hook never returns, or oopses, its pool never ends; no other pool is
 * harmed. A hook that oopses in a worker costs that worker.
 *
 * A hook may use any pool. If it waits for its own pool, it may deadlock. These calls return
 * -EDEADLK there: wpool_flush(), wpool_drain(), wpool_await_termination() and wpool_destroy(). A
 * call in @worker_start or @worker_stop that sleeps for room may return -EDEADLK if all workers
 * sleep. The work item must not wait for a task of its pool, nor sleep for room there: it gets no
 * -EDEADLK. Use wpool_try_schedule() or %WPOOL_FORCE there.
 */
struct wpool_ops {
	void (*worker_start)(struct wpool *pool);
	void (*worker_stop)(struct wpool *pool);
	void (*worker_died)(struct wpool *pool, struct task_struct *thread);
	void (*task_begin)(struct wpool *pool, wpool_fn_t fn, void *arg);
	void (*task_end)(struct wpool *pool, wpool_fn_t fn, void *arg, int result);
	void (*task_oops)(struct wpool *pool, wpool_fn_t fn, void *arg);
	void (*terminated)(struct wpool *pool);
};

/* Bits of &wpool_attrs.flags. */
#define WPOOL_PREALLOC		0x01	/* all workers are started at once and kept */
#define WPOOL_ORDERED		0x02	/* one task at a time, in order */
#define WPOOL_FREEZABLE		0x04	/* begins no task during suspend */
#define WPOOL_MEM_RECLAIM	0x08	/* needed to free memory: keeps a spare thread */
#define WPOOL_KEEP_IDLE		0x10	/* idle workers never exit */
#define WPOOL_LATENCY		0x40	/* keeps histograms, see debugfs */
#define WPOOL_NUMBERED		0x80	/* a number makes the name unique */
#define WPOOL_RECURSIVE		0x100	/* tasks schedule into it beyond its bound */
#define WPOOL_ROUND_DOWN	0x200	/* capacity_percent is rounded down, but not to 0 */
#define WPOOL_NO_SYSFS		0x400	/* cannot be changed by an administrator */

/*
 * WPOOL_FREEZABLE: a task that sleeps for room in its own pool keeps the system awake. Give that
 * pool room, an unbounded queue, or WPOOL_RECURSIVE.
 *
 * WPOOL_MEM_RECLAIM: if the last worker dies and no thread can be made, a spare thread takes its
 * place, after 10 s at most. It does not count as a worker.
 *
 * WPOOL_RECURSIVE: a task that schedules into its own pool never sleeps for room; others do. Its
 * tasks are accepted beyond the bound and counted in WPOOL_STAT_FORCED. The policy of the pool and
 * calls that never sleep are as in any pool. Without this flag a pool that is full of its own tasks
 * refuses more of them with -EDEADLK.
 *
 * WPOOL_NO_SYSFS: without it an administrator may change, at any time, the capacity (in
 * /sys/kernel/wpool and in debugfs), idle_timeout_ms, spin_us, watchdog_ms, latency, nice and the
 * CPUs of the workers (in /sys/kernel/wpool).
 */

/* A NUMA node for &wpool_attrs.node. */
#define WPOOL_NODE(nid)		((nid) + 1)

/**
 * struct wpool_attrs - the attributes of a pool; all zero means all defaults
 * @capacity: the most workers, so the most tasks running at once; 0 means %WPOOL_DEFAULT_CAPACITY,
 *	or 1 with %WPOOL_ORDERED. More than %WPOOL_MAX_CAPACITY is reduced, with a notice.
 * @min_workers: how many workers are started at once and kept when idle; at least one. More than
 *	@capacity is refused; more than @capacity_percent allows is reduced, with a notice.
 * @queue_depth: how many tasks may be queued beyond those that a free or startable worker takes at
 *	once; 0 means %WPOOL_DEFAULT_DEPTH. Or %WPOOL_QUEUE_HANDOFF or %WPOOL_QUEUE_UNBOUNDED.
 * @full: what wpool_schedule() does when the queue is full
 * @max_blocked: how many submitters may sleep for room at once; the next gets -EAGAIN; 0 is no
 *	limit
 * @idle_timeout_ms: milliseconds that a worker beyond @min_workers is idle before it exits; at most
 *	one exits in that time; 0 means %WPOOL_DEFAULT_IDLE_MS
 * @spin_us: microseconds that a worker without a task spins before it sleeps, at most one worker of
 *	the pool at a time. A thread that is not a worker of the pool also spins, in a wait for a
 *	task or in wpool_run(). A spin stops when its CPU is needed, and spinning turns itself off
 *	when it does not help. 0 is no spinning; more than 1,000,000 is refused.
 * @watchdog_ms: milliseconds after which a running task is counted and reported in the log, once,
 *	with its worker and stack; 0 is never. If the end of the pool takes that long, the log says
 *	what it waits for, and again each time that time has doubled; without @watchdog_ms after 10
 *	s.
 * @nice: of the workers, -20 to 19
 * @policy: scheduling class of the workers: 0 (SCHED_NORMAL), or SCHED_FIFO or SCHED_RR with
 *	@rt_priority; not together with @nice
 * @rt_priority: 1 to 99, as in sched_setscheduler(2). A task that keeps its CPU busy then keeps all
 *	threads of lower priority off it, kernel threads included.
 * @cpumask: the CPUs of the workers; copied. NULL means all but isolated CPUs. One of these CPUs
 *	must be online when the pool is made. While none is online, workers run elsewhere.
 * @node: WPOOL_NODE() of the NUMA node for the workers and their memory; 0 is any
 * @capacity_percent: the capacity as a percentage of the online CPUs, at most %WPOOL_MAX_PERCENT,
 *	in place of @capacity. Rounded up, or down with %WPOOL_ROUND_DOWN, but never to 0. Follows
 *	CPU hotplug.
 * @flags: bits such as %WPOOL_PREALLOC; an unknown bit is refused
 * @ops: hooks, or NULL; must stay until the pool is destroyed
 * @priv: for the hooks, see wpool_priv()
 *
 * A 0 is always the default. If your module has a parameter for @capacity or @queue_depth, its
 * value 0 therefore means 100 workers or 1024 queued tasks, and not none: refuse or convert it. The
 * parameters of wpool itself do the same for the default pool.
 */
struct wpool_attrs {
	unsigned int	capacity;
	unsigned int	min_workers;
	int		queue_depth;
	enum wpool_full	full;
	unsigned int	max_blocked;
	unsigned int	idle_timeout_ms;
	unsigned int	spin_us;
	unsigned int	watchdog_ms;
	int		nice;
	int		policy;
	unsigned int	rt_priority;
	const struct cpumask *cpumask;
	int		node;
	unsigned int	capacity_percent;
	unsigned int	flags;
	const struct wpool_ops *ops;
	void		*priv;
};

#define WPOOL_ATTRS_INIT	{ }

/**
 * enum wpool_stat - what wpool_stats() counts; the same names in debugfs
 * @WPOOL_STAT_SUBMITTED: tasks accepted
 * @WPOOL_STAT_COMPLETED: tasks whose function has returned
 * @WPOOL_STAT_CANCELLED: tasks cancelled before they began
 * @WPOOL_STAT_DROPPED: tasks dropped for lack of room, by the policy of the pool
 * @WPOOL_STAT_OOPSED: tasks whose function, or a hook around it, killed its thread
 * @WPOOL_STAT_REJECTED: tasks refused: pool full or closed, timed out, submitter killed, or
 *	scheduled by a worker that would wait for ever
 * @WPOOL_STAT_NESTED: tasks run by a worker that waited for them
 * @WPOOL_STAT_CALLER_RUNS: tasks run by their submitter for lack of room
 * @WPOOL_STAT_FORCED: tasks accepted beyond the bound: %WPOOL_FORCE, %WPOOL_RECURSIVE
 * @WPOOL_STAT_CREATED: workers started
 * @WPOOL_STAT_EXPIRED: workers that exited after the idle timeout
 * @WPOOL_STAT_DIED: workers that were killed by a task, a release, or a hook other than their own
 *	worker_stop
 * @WPOOL_STAT_SKIPPED: periods in which a periodic task did not run, see wpool_periods_skipped()
 * @WPOOL_STAT_OVERDUE: tasks that ran for longer than &wpool_attrs.watchdog_ms
 * @WPOOL_STAT_SPINS: how often a thread spun before it would sleep, see &wpool_attrs.spin_us
 * @WPOOL_STAT_SPINS_LOST: how many of these spins failed
 * @WPOOL_STAT_LARGEST: the most workers there have been at once
 * @WPOOL_STAT_CAPACITY: now: the most workers there may be
 * @WPOOL_STAT_WORKERS: now: workers
 * @WPOOL_STAT_IDLE: now: workers without a task
 * @WPOOL_STAT_RUNNING: now: workers inside a function; one with nested tasks counts once
 * @WPOOL_STAT_QUEUED: now: queued tasks
 * @WPOOL_STAT_DELAYED: now: delayed tasks; also one that is running and due again later
 * @WPOOL_STAT_BLOCKED: now: submitters asleep for lack of room
 * @WPOOL_NR_STATS: how many there are
 *
 * At rest SUBMITTED == COMPLETED + CANCELLED + DROPPED + OOPSED; before that the sum is never
 * larger.
 */
enum wpool_stat {
	WPOOL_STAT_SUBMITTED,
	WPOOL_STAT_COMPLETED,
	WPOOL_STAT_CANCELLED,
	WPOOL_STAT_DROPPED,
	WPOOL_STAT_OOPSED,
	WPOOL_STAT_REJECTED,
	WPOOL_STAT_NESTED,
	WPOOL_STAT_CALLER_RUNS,
	WPOOL_STAT_FORCED,
	WPOOL_STAT_CREATED,
	WPOOL_STAT_EXPIRED,
	WPOOL_STAT_DIED,
	WPOOL_STAT_SKIPPED,
	WPOOL_STAT_OVERDUE,
	WPOOL_STAT_SPINS,
	WPOOL_STAT_SPINS_LOST,
	WPOOL_STAT_LARGEST,
	WPOOL_STAT_CAPACITY,
	WPOOL_STAT_WORKERS,
	WPOOL_STAT_IDLE,
	WPOOL_STAT_RUNNING,
	WPOOL_STAT_QUEUED,
	WPOOL_STAT_DELAYED,
	WPOOL_STAT_BLOCKED,
	WPOOL_NR_STATS
};

/**
 * struct wpool_stats - the counters of a pool at one moment
 * @count: indexed by &enum wpool_stat
 * @state: the state of the pool
 */
struct wpool_stats {
	u64			count[WPOOL_NR_STATS];
	enum wpool_state	state;
};

/* Bits of &wpool_how.flags. */
#define WPOOL_NOWAIT		0x01	/* never sleeps: -EAGAIN when full */
#define WPOOL_TIMED		0x02	/* sleeps for room, @timeout at most */
#define WPOOL_INTERRUPTIBLE	0x04	/* sleeps for room until a signal comes */
#define WPOOL_FORCE		0x08	/* never sleeps: accepted beyond the bound */
#define WPOOL_IF_FREE		0x10	/* never sleeps: if a worker is free or can be made */
#define WPOOL_KEYED		0x20	/* under @key */
#define WPOOL_AT		0x40	/* queued at the time @due */
#define WPOOL_EVERY		0x80	/* each @period */
#define WPOOL_MODIFY		0x100	/* with WPOOL_AT: change the time of a task */

/**
 * struct wpool_how - how a task is scheduled, for wpool_schedule_how()
 * @flags: bits such as %WPOOL_NOWAIT
 * @timeout: with %WPOOL_TIMED: the longest wait for room, in jiffies; 0 tries once
 * @key: with %WPOOL_KEYED: tasks of one key run one at a time, in the order they were scheduled
 * @due: with %WPOOL_AT: when the task is queued, in jiffies of get_jiffies_64(), which stand still
 *	during suspend; at once if that time has passed
 * @period: with %WPOOL_EVERY: in jiffies, at least 1 and less than %MAX_SCHEDULE_TIMEOUT
 * @group: the group of the task, or NULL
 *
 * A member is read only if its flag is set; @group always. The policy of the pool decides unless
 * one of these five is set: %WPOOL_NOWAIT, %WPOOL_TIMED, %WPOOL_INTERRUPTIBLE, %WPOOL_FORCE,
 * %WPOOL_IF_FREE. Of these only %WPOOL_TIMED and %WPOOL_INTERRUPTIBLE may be combined. None of them
 * may be combined with %WPOOL_AT or %WPOOL_EVERY: such a task never waits for room.
 *
 * %WPOOL_FORCE is for tasks that must not be refused. They pass submitters that sleep for room,
 * which get none until the queue is within its bound again.
 *
 * %WPOOL_IF_FREE accepts the task only if fewer tasks than the capacity are queued and running, no
 * submitter sleeps for room, and the pool is not paused.
 *
 * %WPOOL_MODIFY accepts a task that is not accepted yet. A queued task is delayed again, or moves
 * to the end of the queue if the time has passed. Its group and its period stay. If the pool was
 * shut down, the task is cancelled.
 */
struct wpool_how {
	unsigned int		flags;
	unsigned long		timeout;
	u64			key;
	u64			due;
	unsigned long		period;
	struct wpool_group	*group;
};

/* Schedule */
int __must_check wpool_schedule(struct wpool *pool, struct wpool_task *task);
int __must_check wpool_try_schedule(struct wpool *pool, struct wpool_task *task);
int __must_check wpool_schedule_how(struct wpool *pool, struct wpool_task *task,
				    const struct wpool_how *how);
int __must_check wpool_schedule_batch(struct wpool *pool, struct wpool_task **tasks,
				      unsigned int n);
int __must_check __wpool_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
				     wpool_release_t release, struct module *owner);
int __must_check __wpool_try_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
					 wpool_release_t release, struct module *owner);
int __must_check __wpool_group_schedule_fn(struct wpool_group *group, struct wpool *pool,
					   wpool_fn_t fn, void *arg, wpool_release_t release,
					   struct module *owner);

/**
 * wpool_schedule_timeout() - schedule a task, and wait for room with a time limit
 * @pool: the pool
 * @task: as for wpool_schedule()
 * @timeout: the longest wait, in jiffies, whatever the policy of the pool is; never cut short
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), and -ETIMEDOUT.
 */
static inline int __must_check wpool_schedule_timeout(struct wpool *pool, struct wpool_task *task,
						      unsigned long timeout)
{
	return wpool_schedule_how(pool, task, &(struct wpool_how) {
		.flags = WPOOL_TIMED, .timeout = timeout,
	});
}

/**
 * wpool_schedule_keyed() - schedule a task in order with the others of its key
 * @pool: the pool
 * @task: set up by wpool_keyed_task_init()
 * @key: any number; tasks of one key run one at a time, in the order they were scheduled
 *
 * A task that is scheduled while it runs comes after the queued tasks of its key. A priority counts
 * only among tasks that are not deferred by their key. A policy to run the task in the caller makes
 * this call sleep for room. A policy to drop the oldest task drops tasks with a key in order.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(); -EBUSY also if the task runs with another key.
 */
static inline int __must_check wpool_schedule_keyed(struct wpool *pool,
						    struct wpool_keyed_task *task, u64 key)
{
	return wpool_schedule_how(pool, task ? &task->task : NULL, &(struct wpool_how) {
		.flags = WPOOL_KEYED, .key = key,
	});
}

/**
 * wpool_group_schedule() - schedule a task as part of a group
 * @group: the group; must stay until the call has returned
 * @pool: the pool; the tasks of a group may be in several
 * @task: as for wpool_schedule()
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), and -EINVAL for a NULL group. If it is 0, the task is in the group.
 */
static inline int __must_check wpool_group_schedule(struct wpool_group *group, struct wpool *pool,
						    struct wpool_task *task)
{
	return !group ? -EINVAL : wpool_schedule_how(pool, task, &(struct wpool_how) {
		.group = group,
	});
}

/* The current jiffy does not count, so this is never early. */
static inline u64 __wpool_due_after(unsigned long delay)
{
	if (!delay)
		return get_jiffies_64();
	return get_jiffies_64() + (delay < MAX_SCHEDULE_TIMEOUT ? delay + 1ULL : S64_MAX);
}

/**
 * wpool_schedule_delayed() - schedule a task after a delay
 * @pool: the pool
 * @dtask: set up by wpool_delayed_task_init(), and neither delayed nor queued, nor running in
 *	another pool; it belongs to the pool until it has run or was cancelled
 * @delay: in jiffies; never cut short. 0 queues the task at once. %MAX_SCHEDULE_TIMEOUT or more is
 *	for ever, until wpool_modify_delayed() sets another delay.
 *
 * When the delay is over, the task is queued even if the queue is full. A shutdown of the pool
 * cancels a task that is not due.
 *
 * A running task may be scheduled, also by its own function. It runs again when both that run and
 * the delay are over, and counts as delayed until then.
 *
 * Context: Any but NMI.
 * Return: as wpool_try_schedule(), but never -EAGAIN; -EINVAL also if it lies on the stack.
 */
static inline int __must_check wpool_schedule_delayed(struct wpool *pool,
						      struct wpool_delayed_task *dtask,
						      unsigned long delay)
{
	return wpool_schedule_how(pool, dtask ? &dtask->task : NULL, &(struct wpool_how) {
		.flags = WPOOL_AT, .due = __wpool_due_after(delay),
	});
}

/**
 * wpool_schedule_every() - schedule a task again and again, at a fixed rate
 * @pool: the pool; best one of the calling module, see below
 * @dtask: as for wpool_schedule_delayed(), not detached, without a release; it belongs to the pool
 *	until it was cancelled
 * @period: in jiffies, at least 1 and less than %MAX_SCHEDULE_TIMEOUT
 *
 * The task is due after one period, and then each period later, whenever it has run. To start at
 * once, call wpool_modify_delayed() with a delay of 0. That call moves all later times too.
 *
 * It never runs twice at the same time. When it is due it is queued even if the queue is full. The
 * periods that pass until its run has ended are skipped, see wpool_periods_skipped(). So is a run
 * that is dropped by the policy of the pool. If the task kills its worker, the next period is as
 * usual.
 *
 * It ends when it is cancelled, also from its own function; when it is asked to stop while it runs;
 * and when the pool is shut down. wpool_shutdown() still lets a run that is due begin.
 * wpool_restart() does not start it again.
 *
 * wpool_wait() returns when it has ended, with the result of the last run, or with -ECANCELED if it
 * was not running then. wpool_flush() and wpool_drain() wait only for a run that is due. Each run
 * counts as one task. wpool_task_queued() may be false for a moment as a run begins or ends: only a
 * wait or wpool_cancel_sync() can tell that the task has ended.
 *
 * In a pool of another module, such as the default pool, the task pins its own module until it is
 * cancelled. So it cannot be cancelled in that module's exit. In the module's own pool
 * wpool_destroy() cancels it.
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule_delayed(); -EINVAL also for a wrong period and for a task that is
 * detached or has a release.
 */
static inline int __must_check wpool_schedule_every(struct wpool *pool,
						    struct wpool_delayed_task *dtask,
						    unsigned long period)
{
	return wpool_schedule_how(pool, dtask ? &dtask->task : NULL, &(struct wpool_how) {
		.flags = WPOOL_EVERY, .period = period,
	});
}

/**
 * wpool_modify_delayed() - set another delay
 * @pool: the pool
 * @dtask: the task; accepted if it is not yet
 * @delay: from now; as for wpool_schedule_delayed()
 *
 * See %WPOOL_MODIFY at &struct wpool_how. It does not move a task to another pool: call
 * wpool_cancel_sync() first for that.
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule_delayed(): -EBUSY only if another pool has it.
 */
static inline int __must_check wpool_modify_delayed(struct wpool *pool,
						    struct wpool_delayed_task *dtask,
						    unsigned long delay)
{
	return wpool_schedule_how(pool, dtask ? &dtask->task : NULL, &(struct wpool_how) {
		.flags = WPOOL_AT | WPOOL_MODIFY, .due = __wpool_due_after(delay),
	});
}

/**
 * wpool_periods_skipped() - count the periods in which a periodic task did not run
 * @dtask: the task
 *
 * The run before was not over or still queued, or the run was dropped.
 *
 * Context: Any. Takes no lock.
 * Return: how many since wpool_schedule_every(); 0 if the task never was periodic.
 */
static inline unsigned long wpool_periods_skipped(const struct wpool_delayed_task *dtask)
{
	return dtask ? READ_ONCE(dtask->skipped) : 0;
}

/**
 * wpool_schedule_fn() - schedule a function, without a task of the caller
 * @pool: the pool
 * @fn: the function, a wpool_fn_t; its result is dropped
 * @arg: the argument of @fn
 * @release: NULL, or called with @arg, once, if the call returns 0: see wpool_task_set_release().
 *	Without it @arg is lost if @fn is not called: after a shutdown, or if the pool drops it.
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_schedule(), or -ENOMEM.
 */
#define wpool_schedule_fn(pool, fn, arg, release)			\
	__wpool_schedule_fn(pool, fn, arg, release, THIS_MODULE)

/**
 * wpool_try_schedule_fn() - schedule a function, from any context
 * @pool: the pool
 * @fn: the function, a wpool_fn_t; its result is dropped
 * @arg: the argument of @fn
 * @release: as for wpool_schedule_fn()
 *
 * On PREEMPT_RT a hard irq, and code with interrupts or preemption disabled, cannot allocate. There
 * the call takes a spare task of the pool, if it has one and @release is NULL. If not, it fails,
 * and the log names the caller.
 *
 * Context: Any context but NMI. Allocates with GFP_ATOMIC.
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
#define wpool_try_schedule_fn(pool, fn, arg, release)			\
	__wpool_try_schedule_fn(pool, fn, arg, release, THIS_MODULE)

/**
 * wpool_group_schedule_fn() - schedule a function, as part of a group
 * @group: the group; it may end before the release is called
 * @pool: the pool
 * @fn: the function, a wpool_fn_t; its result counts for the group
 * @arg: the argument of @fn
 * @release: as for wpool_schedule_fn()
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_group_schedule(), or -ENOMEM.
 */
#define wpool_group_schedule_fn(group, pool, fn, arg, release)		\
	__wpool_group_schedule_fn(group, pool, fn, arg, release, THIS_MODULE)

/* Schedule and wait */
int __must_check wpool_run(struct wpool *pool, wpool_fn_t fn, void *arg);
int __must_check __wpool_run_timeout(struct wpool *pool, wpool_fn_t fn, void *arg,
				     unsigned long timeout, wpool_release_t release,
				     struct module *owner);

/**
 * wpool_run_timeout() - call a function in the pool, and wait with a time limit
 * @pool: the pool
 * @fn: the function, a wpool_fn_t
 * @arg: the argument of @fn; without @release it must stay until @fn has returned, which may be
 *	after this call has
 * @timeout: the longest wait, for room and for the result, in jiffies; never cut short.
 *	%MAX_SCHEDULE_TIMEOUT is no limit. With 0 @fn is usually not called.
 * @release: NULL, or called with @arg, once, whatever the call returns. If the task was refused,
 *	the caller makes the call, with %WPOOL_FATE_CANCELLED. @arg is not the caller's any more.
 *
 * After a timeout @fn is not called, or, if it runs, is asked to stop: see wpool_should_stop().
 * So it is with -ECANCELED if the caller was asked to stop while it waited. With a limit the caller
 * never runs @fn itself. If @fn may return one of these errors, the caller cannot tell whether @arg
 * is in use: then use @release, or a task.
 *
 * Context: Process context; may sleep.
 * Return: what @fn returned, -ETIMEDOUT or -ECANCELED (@arg may still be in use), -ENOMEM, or as
 * wpool_run().
 */
#define wpool_run_timeout(pool, fn, arg, timeout, release)		\
	__wpool_run_timeout(pool, fn, arg, timeout, release, THIS_MODULE)

/* One task */
bool wpool_cancel(struct wpool_task *task);
bool wpool_cancel_sync(struct wpool_task *task);
int __wpool_wait(struct wpool_task *task, unsigned long timeout, unsigned int state, int *result);

/**
 * wpool_wait() - wait for a task and get its result
 * @task: was scheduled, and is not detached
 *
 * Returns when the task is neither queued nor running. Its memory is the caller's then. If several
 * threads wait, it is when the last of them has returned. The result stays until the task is
 * scheduled again. If that happens before the caller is awake, the caller may wait for that run
 * too.
 *
 * A worker that waits for a task of its own pool, without a time limit, runs that task if it is
 * queued, or the tasks of its key before it. So it must hold no lock that these take. It does so up
 * to %WPOOL_MAX_NESTING deep, and while half of its stack is free. A wait that would deadlock
 * returns -EDEADLK:
 *
 * - a wait for the task that the caller is inside;
 * - a wait in a circle of workers that wait for one another's tasks;
 * - a wait of a worker that is nested too deep, when all possible workers are asleep.
 *
 * After -EDEADLK a task that had not begun is cancelled, and its memory is the caller's. A task
 * that was running still belongs to the pool. This happens only if another function scheduled it,
 * or the caller did while it ran.
 *
 * If the function may return an errno of the wait itself, call wpool_wait_timeout() with
 * %MAX_SCHEDULE_TIMEOUT to tell them apart.
 *
 * Context: Process context; sleeps, uninterruptibly.
 * Return: what the function returned; -ECANCELED if it never ran, -EOWNERDEAD if it killed its
 * thread. Without a result: -EINVAL (NULL, detached, never scheduled, or it would have to sleep in
 * atomic context) or -EDEADLK (see above).
 */
static inline int wpool_wait(struct wpool_task *task)
{
	int result;

	return __wpool_wait(task, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE, &result) ?: result;
}

/**
 * wpool_wait_timeout() - wait for a task with a time limit
 * @task: as for wpool_wait()
 * @timeout: the longest wait, in jiffies. 0 only looks, and does not sleep.
 * @result: set to the result, unchanged on an error; may be NULL
 *
 * With a limit a worker runs nothing while it waits. %MAX_SCHEDULE_TIMEOUT is no limit.
 *
 * Context: Process context; may sleep.
 * Return: 0 (the memory of the task is the caller's), -ETIMEDOUT or -ECANCELED (the caller was
 * asked to stop; the task still belongs to the pool), or -EINVAL and -EDEADLK as for wpool_wait().
 * With a limit it is -EDEADLK only for the task that the caller is inside.
 */
static inline int wpool_wait_timeout(struct wpool_task *task, unsigned long timeout, int *result)
{
	return __wpool_wait(task, timeout, TASK_UNINTERRUPTIBLE, result);
}

/**
 * wpool_wait_killable() - wait for a task until a fatal signal comes
 * @task: as for wpool_wait()
 * @result: as for wpool_wait_timeout()
 *
 * After -EINTR or -ECANCELED the task still belongs to the pool. The caller must not free it, nor
 * leave the function on whose stack it lies, before another wait has succeeded or
 * wpool_cancel_sync() has returned, which asks the task to stop and waits uninterruptibly.
 *
 * Context: Process context; may sleep.
 * Return: 0 (the memory of the task is the caller's), -EINTR, -ECANCELED (the caller was asked to
 * stop), or -EINVAL and -EDEADLK as for
 * wpool_wait().
 */
static inline int wpool_wait_killable(struct wpool_task *task, int *result)
{
	return __wpool_wait(task, MAX_SCHEDULE_TIMEOUT, TASK_KILLABLE, result);
}

/**
 * wpool_wait_interruptible() - wait for a task until a signal comes
 * @task: as for wpool_wait()
 * @result: as for wpool_wait_timeout()
 *
 * Like wpool_wait_killable(), but any signal ends the wait.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_wait_killable().
 */
static inline int wpool_wait_interruptible(struct wpool_task *task, int *result)
{
	return __wpool_wait(task, MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE, result);
}

/* Bits of &wpool_task.state. */
#define __WPOOL_TASK_QUEUED	0x01
#define __WPOOL_TASK_RUNNING	0x02
#define __WPOOL_TASK_DELAYED	0x08

/**
 * wpool_task_queued() - check whether a task is queued
 * @task: the task
 *
 * Context: Any. Takes no lock: the answer may be out of date at once.
 * Return: true if it is queued or delayed; also for a running task that was scheduled again.
 */
static inline bool wpool_task_queued(const struct wpool_task *task)
{
	const u8 waits = __WPOOL_TASK_QUEUED | __WPOOL_TASK_DELAYED;

	/* Pairs with the release in task_settle(). */
	return task && smp_load_acquire(&task->state) & waits;
}

/**
 * wpool_task_running() - check whether a task is inside its function
 * @task: the task
 *
 * Context: Any. Takes no lock: the answer may be out of date at once.
 * Return: true if it is.
 */
static inline bool wpool_task_running(const struct wpool_task *task)
{
	/* Pairs with the release in task_settle(). */
	return task && smp_load_acquire(&task->state) & __WPOOL_TASK_RUNNING;
}

/* All tasks of a pool */
int wpool_flush(struct wpool *pool);
int wpool_drain(struct wpool *pool);

/* Inside a task, and asking it to stop */
struct wpool *wpool_current(void);
bool wpool_ask_stop(struct wpool_task *task);
bool wpool_should_stop(void);
int wpool_sleep(unsigned long timeout);
int __wpool_wait_event_stop(bool begins);

/**
 * wpool_wait_event_stop() - sleep until a condition is true, or the calling task is asked to stop
 * @wq: the struct wait_queue_head that is woken when the condition may have changed
 * @condition: a C expression
 *
 * As wait_event(). Outside of a task only the condition ends it. A condition that came true before
 * the task was asked is never missed.
 *
 * Context: Process context; sleeps, and signals do not end it.
 * Return: 0 if @condition was true; -ECANCELED if it was not, and the task must stop, see
 * wpool_should_stop(); -EINVAL (atomic context).
 */
#define wpool_wait_event_stop(wq, condition)				\
({									\
	int __stopped = __wpool_wait_event_stop(true);			\
									\
	if (!__stopped) {						\
		__stopped = -ECANCELED;					\
		(void)___wait_event(wq,					\
			({						\
				/* in this order, see wpool_should_stop() */ \
				bool __asked = wpool_should_stop();	\
									\
				(condition) ? (__stopped = 0, true) : __asked; \
			}),						\
			TASK_IDLE, 0, 0, schedule());			\
		__wpool_wait_event_stop(false);				\
	}								\
	__stopped;							\
})

/* Groups */
void wpool_group_init(struct wpool_group *group, unsigned int flags);
int __wpool_group_wait(struct wpool_group *group, unsigned long timeout, unsigned int state);
unsigned int wpool_group_cancel(struct wpool_group *group);
int wpool_group_cancel_sync(struct wpool_group *group);

/**
 * wpool_group_wait() - wait until all tasks of a group have ended
 * @group: the group; its memory is the caller's afterwards. If several threads wait, it is when the
 *	last of them has returned.
 *
 * A worker that waits, without a time limit, runs the queued tasks of the group in its own pool,
 * and the tasks of their keys before them, as in wpool_wait(). If it is nested too deep and all
 * possible workers are asleep, the wait returns -EDEADLK after the running tasks of the group have
 * ended: the others are cancelled. Not found are a circle of workers that wait for one another's
 * groups, a worker that waits for a task behind its own task of the same key, and a circle with a
 * submitter to the group that sleeps for room.
 *
 * A task belongs to the group once it is accepted: the wait ignores submitters that sleep for room.
 *
 * Context: Process context; sleeps, uninterruptibly.
 * Return: the first error in the group since it was set up: a negative result, -ECANCELED for a
 * task that never ran, or -EOWNERDEAD for a task that killed its thread or a group on the stack of
 * a worker that has died. 0 without an error, or if the group is empty. -EINVAL (NULL, or it would
 * have to sleep in atomic context). -EDEADLK: the caller is inside a task of the group, or one that
 * is to run again as a task of it: the group must not be freed yet. Or nested too deep, as above:
 * the group is empty.
 */
static inline int wpool_group_wait(struct wpool_group *group)
{
	return __wpool_group_wait(group, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE);
}

/**
 * wpool_group_wait_timeout() - wait for a group with a time limit
 * @group: the group
 * @timeout: the longest wait, in jiffies. 0 only looks, and does not sleep.
 *
 * With a limit a worker runs nothing while it waits.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_wait(), or -ETIMEDOUT, or -ECANCELED (the caller was asked to stop): the
 * group must not be freed yet. Either may also be the error of a task: call wpool_group_cancel()
 * and then wpool_group_wait() after it. With a
 * limit it is -EDEADLK only inside a task of the group.
 */
static inline int wpool_group_wait_timeout(struct wpool_group *group, unsigned long timeout)
{
	return __wpool_group_wait(group, timeout, TASK_UNINTERRUPTIBLE);
}

/**
 * wpool_group_wait_killable() - wait for a group until a fatal signal comes
 * @group: as for wpool_group_wait()
 *
 * After -EINTR the caller must not free the group, nor leave the function on whose stack it or one
 * of its tasks lies, before another wait has succeeded. As -EINTR may also be the error of a task,
 * call wpool_group_cancel() and then wpool_group_wait() after it.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_wait(), or -EINTR after a signal, or -ECANCELED: the caller was asked to
 * stop.
 */
static inline int wpool_group_wait_killable(struct wpool_group *group)
{
	return __wpool_group_wait(group, MAX_SCHEDULE_TIMEOUT, TASK_KILLABLE);
}

/**
 * wpool_group_wait_interruptible() - wait for a group until a signal comes
 * @group: as for wpool_group_wait()
 *
 * Like wpool_group_wait_killable(), but any signal ends the wait.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_wait_killable().
 */
static inline int wpool_group_wait_interruptible(struct wpool_group *group)
{
	return __wpool_group_wait(group, MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE);
}

/* Pools */
struct wpool *__wpool_create(const char *name, const struct wpool_attrs *attrs,
			     struct module *owner);

/**
 * wpool_create() - make a pool and start its first workers
 * @name: 1 to %WPOOL_NAME_MAX printable characters of ASCII without a space or a slash; unique; not
 *	"summary", "." or ".."; copied
 * @attrs: the attributes of the pool, or NULL for the defaults; copied. A compound literal works:
 *	&(struct wpool_attrs) { .capacity = 4, .queue_depth = 64 }
 *
 * The calling module becomes the owner. Tasks of the owner do not pin it, so its exit must call
 * wpool_destroy().
 *
 * Context: Process context; may sleep.
 * Return: the pool, with one reference for wpool_destroy(), or an ERR_PTR: -EINVAL (name or
 * attributes; the log says which), -EEXIST (the name is taken), -ENAMETOOLONG (no room for the
 * number), -ENOMEM, -EOWNERDEAD (a worker died as it started), or the error of creating a thread.
 */
#define wpool_create(name, attrs...)					\
	__wpool_create(name, attrs, THIS_MODULE)

__printf(3, 4)
struct wpool *__wpool_create_fmt(const struct wpool_attrs *attrs, struct module *owner,
				 const char *fmt, ...);

/**
 * wpool_create_fmt() - make a pool whose name is formatted
 * @attrs: the attributes of the pool, or NULL for the defaults; copied
 * @fmt: the format of the name, as for printk(); its arguments follow
 *
 * The name must be one for wpool_create(). With %WPOOL_NUMBERED, here and in wpool_create(), a dash
 * and a number are added to it, which make it unique.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_create().
 */
#define wpool_create_fmt(attrs, fmt, ...)				\
	__wpool_create_fmt(attrs, THIS_MODULE, fmt, ##__VA_ARGS__)

struct wpool *__devm_wpool_create(struct device *dev, const char *name,
				  const struct wpool_attrs *attrs, struct module *owner);

/**
 * devm_wpool_create() - make a pool that is destroyed with its device
 * @dev: the device; the pool is destroyed, as by wpool_destroy(), when its driver is unbound
 * @name: as for wpool_create()
 * @attrs: likewise
 *
 * Acquire what the tasks use before this call, so that it is released later. Acquire what schedules
 * tasks, such as an interrupt, after this call, so that it is released first. The driver must not
 * destroy the pool itself. No task of the pool may unbind the device: then queued tasks are
 * cancelled, the pool is not destroyed, and the log says so.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_create().
 */
#define devm_wpool_create(dev, name, attrs)				\
	__devm_wpool_create(dev, name, attrs, THIS_MODULE)

struct wpool *wpool_default(void);
struct wpool *wpool_find(const char *name);
struct wpool *wpool_get(struct wpool *pool);
void wpool_put(struct wpool *pool);
const char *wpool_name(const struct wpool *pool);
void wpool_stats(struct wpool *pool, struct wpool_stats *stats);
void *wpool_priv(const struct wpool *pool);
int wpool_resize(struct wpool *pool, unsigned int capacity);
int wpool_prestart(struct wpool *pool, unsigned int n);
void wpool_pause(struct wpool *pool);
void wpool_resume(struct wpool *pool);
int wpool_restart(struct wpool *pool);
unsigned int wpool_shutdown_now(struct wpool *pool, struct list_head *unrun);
void wpool_shutdown(struct wpool *pool);
int wpool_await_termination(struct wpool *pool, unsigned long timeout);
int __wpool_destroy(struct wpool *pool, const struct module *owner);

/**
 * wpool_destroy() - shut a pool down, wait for its end, drop the creator's
 *	reference
 * @pool: a pool of the calling module; no longer the caller's, unless an error is returned
 *
 * Accepted tasks still run. When it returns 0, no task, worker or hook of the pool is left, its
 * name may be used again and its debugfs directory is gone. A second call, by a thread with its own
 * reference, waits for the same end and drops no reference.
 *
 * Only the owner may destroy a pool. A module that has found it by wpool_find() calls wpool_put().
 * All code that is built into the kernel counts as one module here.
 *
 * Context: Process context; may sleep, for as long as the tasks take.
 * Return: 0, -EINVAL (NULL, the default pool, or atomic context), -EPERM (a pool of another
 * module), -EDEADLK (in a worker, a hook, a task or a release of the pool), -ESHUTDOWN (destroyed
 * already; it has ended now).
 */
#define wpool_destroy(pool)	__wpool_destroy(pool, THIS_MODULE)

int __wpool_destroy_now(struct wpool *pool, const struct module *owner);

/**
 * wpool_destroy_now() - as wpool_destroy(), but cancel queued tasks, and ask running tasks to stop
 * @pool: as for wpool_destroy()
 *
 * The same as wpool_shutdown_now() and then wpool_destroy(): queued tasks end with -ECANCELED.
 * Tasks should sleep in wpool_sleep() or wpool_wait_event_stop(), which end then.
 *
 * Context: Process context; may sleep, until the running tasks have ended.
 * Return: as wpool_destroy().
 */
#define wpool_destroy_now(pool)	__wpool_destroy_now(pool, THIS_MODULE)

/**
 * enum wpool_rule - which pool of a set is next
 * @WPOOL_RULE_ROUND_ROBIN: each in turn
 * @WPOOL_RULE_LEAST_LOADED: the pool with the fewest tasks queued and running
 * @WPOOL_RULE_KEY: always the same for one key
 * @WPOOL_RULE_NODE: one of the caller's NUMA node; the nodes that have CPUs are given to the pools
 *	in turn
 * @WPOOL_RULE_CPU: the one whose workers run on the caller's CPU
 * @WPOOL_NR_RULES: how many there are
 */
enum wpool_rule {
	WPOOL_RULE_ROUND_ROBIN,
	WPOOL_RULE_LEAST_LOADED,
	WPOOL_RULE_KEY,
	WPOOL_RULE_NODE,
	WPOOL_RULE_CPU,
	WPOOL_NR_RULES
};

/* Sets of pools */
struct wpool_set *__wpool_set_create(const char *name,
				     const struct wpool_attrs *attrs,
				     unsigned int n, enum wpool_rule rule,
				     struct module *owner);

/**
 * wpool_set_create() - make several pools of one kind
 * @name: the pools are called name.0, name.1 and so on
 * @attrs: as for wpool_create(), for each pool
 * @n: how many, 1 to %WPOOL_SET_MAX; with %WPOOL_RULE_CPU 0 means one for each possible CPU
 * @rule: which one gets the next task
 *
 * With %WPOOL_RULE_CPU the workers of pool i run on CPUs i, i + @n and so on, online or not, and
 * &wpool_attrs.cpumask must be NULL. While none of these CPUs is online, the workers run elsewhere.
 *
 * Context: Process context; may sleep.
 * Return: the set, for wpool_set_destroy(), or an ERR_PTR as wpool_create().
 */
#define wpool_set_create(name, attrs, n, rule)				\
	__wpool_set_create(name, attrs, n, rule, THIS_MODULE)

#define WPOOL_SET_MAX		1024

struct wpool *wpool_set_nth(struct wpool_set *set, unsigned int i);
int __must_check wpool_set_schedule(struct wpool_set *set, struct wpool_task *task, u64 key);
int __must_check wpool_set_try_schedule(struct wpool_set *set, struct wpool_task *task, u64 key);
int wpool_set_flush(struct wpool_set *set);
int wpool_set_drain(struct wpool_set *set);
void wpool_set_shutdown(struct wpool_set *set);
int wpool_set_destroy(struct wpool_set *set);

#endif /* _LINUX_WPOOL_H */
