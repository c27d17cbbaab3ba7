/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wpool: bounded worker pools.
 *
 * A pool runs tasks (one function call each) on at most `capacity` kernel threads of its own
 * and lets at most `queue_depth` more tasks wait. A module that wants a pool to call one of its
 * functions writes
 *
 *	static struct wpool_task task;
 *
 *	wpool_task_init(&task, my_fn, my_arg);
 *	err = wpool_schedule(wpool_default(), &task);
 *	...
 *	result = wpool_wait(&task);
 *
 * What may be called where:
 *
 *	any context (hard irq included; what its own description excludes, such as
 *	NMI, excepted), never sleeps:
 *		submitting: wpool_try_schedule(), wpool_try_schedule_fn(),
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
 *		In an NMI no task is set up if the kernel has CONFIG_DEBUG_OBJECTS.
 *	process context, may sleep:
 *		everything else
 *
 * On PREEMPT_RT, too, all but one of the first list may be called in a hard interrupt, with a raw
 * spinlock held, and with interrupts or preemption disabled. But nothing can be allocated there:
 * wpool_try_schedule_fn() returns -ENOMEM with a release, or if the pool has no spare task; a
 * message says so. Only a kernel that is built with PREEMPT_RT can tell. Where that may happen
 * submit a task of your own by wpool_try_schedule().
 *
 * Who frees the memory of a task?
 *
 *	a plain one, waited for		its owner, after the wait
 *	a detached one			its function; if that never begins, its release
 *	one with a release		the release, which is called once for each acceptance
 *	of wpool_schedule_fn()		the pool; the argument is the function's, or the release's
 *
 * The pool touches a task from a successful submission until its result is set. A caller must not
 * free it, overwrite it, set it up again or return from the function with it on the stack before
 * that: as with a work_struct, CONFIG_DEBUG_OBJECTS, CONFIG_DEBUG_LIST and KASAN report it, and
 * other kernels may crash. A group is waited for as a group before its memory goes, not by waiting
 * for its tasks. A pool has references: wpool_destroy() drops the one of wpool_create(),
 * wpool_put() those of wpool_get() and wpool_find().
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

/* The longest name of a pool, without its terminating NUL. */
#define WPOOL_NAME_MAX		31

#define WPOOL_DEFAULT_CAPACITY	100
#define WPOOL_MAX_CAPACITY	10000
#define WPOOL_MAX_PERCENT	10000	/* of &wpool_attrs.capacity_percent */
#define WPOOL_DEFAULT_DEPTH	1024
#define WPOOL_DEFAULT_IDLE_MS	10000

/* How deep a worker nests tasks that it waits for. */
#define WPOOL_MAX_NESTING	16

/* Special values of &wpool_attrs.queue_depth. */
#define WPOOL_QUEUE_HANDOFF	(-1)	/* no task waits: a worker is free or the pool is full */
#define WPOOL_QUEUE_UNBOUNDED	(-2)

/**
 * typedef wpool_fn_t - the function of a task
 * @arg: as given to wpool_task_init(); the pool does not use it
 *
 * Context: a worker kthread of the pool; with %WPOOL_FULL_CALLER_RUNS also the thread that submits
 * it, which may be a user's, inside that call. May sleep. Must return with interrupts, softirqs,
 * preemption, RCU and locks as it found them. Otherwise the log says so, and all but the locks
 * is put right before the next task.
 * Return: the result of the task: 0, -errno, or any int.
 */
typedef int (*wpool_fn_t)(void *arg);

/**
 * enum wpool_priority - which of the waiting tasks goes first
 * @WPOOL_PRIO_HIGH: before all others
 * @WPOOL_PRIO_NORMAL: the default
 * @WPOOL_PRIO_LOW: when nothing else waits
 * @WPOOL_NR_PRIOS: how many there are
 *
 * Strict: a task starts only when none of a higher priority waits. First in, first out within
 * one priority, with any number of workers and of submitters: a task whose submission had
 * returned before that of another was called starts first. Exceptions: a task that its waiter
 * runs nested, one that is deferred by its key, one that its submitter runs. A delayed task
 * counts as submitted when its delay is over, and a task that is submitted inside its function,
 * or waits behind the run of a detached task at its address, when that run has ended.
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
 * @WPOOL_FULL_DISCARD: drop the task, and return 0; its result is -ECANCELED. Of a task that
 *	submits itself only the second run is dropped, and its waiters get the result of the first.
 * @WPOOL_FULL_DISCARD_OLDEST: drop the task that has waited longest among those of the lowest
 *	waiting priority, and accept this one. Tasks that are deferred, behind their key or their
 *	own run, are passed over; if no other waits, as %WPOOL_FULL_DISCARD
 *
 * A task that its caller runs is a task of the pool like any other, but it counts neither as
 * running nor in the capacity, and no hook of &struct wpool_ops is called for it. If it kills
 * the thread, it ends with -EOWNERDEAD. If the caller cannot run the task at once, the call
 * behaves as with %WPOOL_FULL_BLOCK: if the pool is ordered, paused or frozen; if the task has
 * a key, or another thread is inside it; if the caller is inside %WPOOL_MAX_NESTING tasks
 * already or has used half of its stack; if there is no memory. A task that submits itself is
 * accepted without room, unless the pool is ordered, paused or frozen, or the task has a key; if
 * its caller runs it, the caller runs it again after that, unless it is detached, or has a
 * release: then it waits in the queue.
 */
enum wpool_full {
	WPOOL_FULL_BLOCK,
	WPOOL_FULL_FAIL,
	WPOOL_FULL_CALLER_RUNS,
	WPOOL_FULL_DISCARD,
	WPOOL_FULL_DISCARD_OLDEST,
};

/**
 * enum wpool_state - the life of a pool, passed in this order; wpool_restart() leads back
 * @WPOOL_STATE_RUNNING: accepts tasks and runs them
 * @WPOOL_STATE_SHUTDOWN: accepts none; accepted tasks still run
 * @WPOOL_STATE_STOP: accepts none; queued tasks have been handed back
 * @WPOOL_STATE_TIDYING: no task and no worker is left
 * @WPOOL_STATE_TERMINATED: the threads that waited for the end are woken
 */
enum wpool_state {
	WPOOL_STATE_RUNNING,
	WPOOL_STATE_SHUTDOWN,
	WPOOL_STATE_STOP,
	WPOOL_STATE_TIDYING,
	WPOOL_STATE_TERMINATED,
};

/* Bits of &wpool_task.flags. */
#define WPOOL_TASK_DETACHED	0x01	/* not touched once its function has begun */
#define WPOOL_TASK_ALLOCATED	0x02	/* from wpool's slab cache: the pool frees it */
#define WPOOL_TASK_PINNED	0x04	/* holds a reference on its owner */
#define WPOOL_TASK_KEYED	0x08	/* in a struct wpool_keyed_task */
#define WPOOL_TASK_TRACKED	0x10	/* followed by a struct wpool_tracking, which is in use */
#define WPOOL_TASK_ONSTACK	0x20	/* on a stack, or possibly so: never handed back */
#define WPOOL_TASK_AWAITED	0x40	/* waited for since a pool has it: likewise */
#define WPOOL_TASK_PERIODIC	0x80	/* waits for a run after which there will be another */

/**
 * struct wpool_task - one function call
 *
 * Embedded by the caller, on the stack if need be; set up by wpool_task_init() or
 * DEFINE_WPOOL_TASK(). From then on it belongs to the pool: every member is private.
 */
struct wpool_task {
	/* private: guarded by the lock of the pool unless core/types.h says otherwise */
	union {
		struct list_head	node;	/* while it waits */
		struct wpool_run	*run;	/* while it runs */
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
	.flags	= WPOOL_TASK_ONSTACK,	/* until it is submitted */	\
}

/**
 * DEFINE_WPOOL_TASK - define a task and set it up
 * @name: the variable
 * @fn: what it calls, a wpool_fn_t
 * @arg: what it is called with; NULL is data
 */
#define DEFINE_WPOOL_TASK(name, fn, arg)				\
	struct wpool_task name = __WPOOL_TASK_INITIALIZER(fn, arg)

/* For kernels that check whether a task is set up again while a pool has it. */
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
 * @fn: what it calls, a wpool_fn_t
 * @arg: what it is called with; NULL is data
 *
 * Also records the calling module as the owner, which a pool of another module
 * pins for as long as the task is queued or running, and a moment longer than the
 * task can be waited for: rmmod may still be refused right after.
 *
 * Context: any.
 */
#define wpool_task_init(task, fn, arg)					\
	__wpool_task_init(task, fn, arg, THIS_MODULE)

/**
 * wpool_task_set_priority() - set the priority of a task
 * @task: the task; neither queued nor running
 * @prio: its priority from the next submission on
 *
 * Context: any.
 */
static inline void wpool_task_set_priority(struct wpool_task *task,
					   enum wpool_priority prio)
{
	/* An unknown one stays unknown: it is refused. */
	task->prio = min_t(unsigned int, prio, WPOOL_NR_PRIOS);
}

/**
 * wpool_task_set_detached() - let the function free the memory of its task
 * @task: the task; neither queued nor running
 *
 * The pool does not touch a detached task once its function has begun, so nobody can wait for it:
 * wpool_wait() is -EINVAL. Its function may free it, as the last act that drops a reference of the
 * object it lies in. If it never begins, since it is dropped, cancelled or shut down, its release
 * is called, and only then: see wpool_task_set_release(). Without a release it comes back by
 * wpool_shutdown_now(), or its memory is lost.
 *
 * It never runs beside itself: while its function runs, a submission of a task at the same address
 * with the same function to the same pool is deferred. It is accepted, counts as queued, can be
 * cancelled, and gets its place in the queue at the end of that run. If the memory was freed and
 * belongs to another object now, its task waits for that run too, as in a workqueue. Submitted to
 * two pools it may run in both. It has no key and no period.
 *
 * Context: any.
 */
static inline void wpool_task_set_detached(struct wpool_task *task)
{
	task->flags |= WPOOL_TASK_DETACHED;
}

/**
 * enum wpool_fate - what became of a task that was accepted
 * @WPOOL_FATE_RAN: its function has returned
 * @WPOOL_FATE_CANCELLED: it did not run: it was taken back, or its group has failed, or the pool
 *	was shut down before
 * @WPOOL_FATE_DROPPED: it did not run: there was no room, and the pool drops tasks then
 * @WPOOL_FATE_DIED: its function has killed the thread, or a hook before or after that has
 */
enum wpool_fate {
	WPOOL_FATE_RAN,
	WPOOL_FATE_CANCELLED,
	WPOOL_FATE_DROPPED,
	WPOOL_FATE_DIED,
};

/**
 * typedef wpool_release_t - what is called when the pool is done with a task
 * @arg: that of the function of the task
 * @fate: what became of the task
 *
 * See wpool_task_set_release().
 *
 * Context: Any, hard irq included, if the task is cancelled there; see below who calls it. No
 * lock of wpool is held. Must not sleep: a flush and the end of the pool wait for it, as may other
 * releases. On PREEMPT_RT kfree() is not for a hard irq; kfree_rcu() is.
 */
typedef void (*wpool_release_t)(void *arg, enum wpool_fate fate);

/* What a larger task has directly behind its member task. Every member is private. */
struct wpool_tracking {
	/* private: set before the task is submitted */
	wpool_release_t		release;
	bool			awaited;	/* in wpool's own memory, which a waiter frees */
	bool			refused;	/* a wait for it, and this submission goes on */
};

/**
 * struct wpool_release_task - a task that has a release
 *
 * Every member is private. wpool_schedule(), wpool_cancel() and the like take its member task.
 */
struct wpool_release_task {
	/* private: guarded as those of the task */
	struct wpool_task	task;
	struct wpool_tracking	tracking;
};

/**
 * wpool_release_task_init() - set up a task that will have a release
 * @ttask: the task; neither queued nor running
 * @fn: what it calls, a wpool_fn_t
 * @arg: what it is called with
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
 * wpool_task_set_release() - have something called when the pool is done with a task
 * @xtask: a struct wpool_release_task, wpool_keyed_task or wpool_delayed_task, set up, neither
 *	queued nor running; not on the stack
 * @release: what to call, a wpool_release_t; NULL for nothing
 *
 * It is called once for each time that the task was accepted, and not for a submission that was
 * refused. From then on the pool does not touch the task any more, on account of that
 * submission: @release may free the task, or submit it again.
 *
 * The thread that ends the task makes the call, after it has dropped the pool's lock: the worker
 * after the function, or in place of it if the group of the task has failed; the submitter that
 * runs the task, or whose task is dropped or drops another; the caller of wpool_cancel() or
 * wpool_modify_delayed(), whatever its context; that of
 * wpool_cancel_sync(), wpool_group_cancel() or wpool_shutdown_now(), of a wait that is refused,
 * or of one for a group that has failed. None of these returns before @release has. A thread of
 * wpool's own, for all pools, makes the call if a worker has died, or a pool is shut down that
 * has delayed tasks; and in place of a worker that takes back the tasks of a group or of a pool,
 * drops one of a group that has failed, runs one as its submitter, or is in
 * wpool_run_timeout(), which waits for it; of one that dies and has tasks or a group on
 * its stack; and of a thread of hooks, and of that thread itself in another release, which do
 * not wait.
 * So only the thread that itself cancels the task, or sets its delay, calls @release in atomic
 * context, and must hold no lock that @release takes.
 *
 * If @release ends its thread, by an oops, and that is a worker or wpool's own, this costs the
 * thread: the log names @release, which counts as if it had returned. Any other thread is not
 * watched: then wpool_flush(), wpool_drain(), wpool_destroy() and wpool_group_cancel() may wait
 * for ever, if it was in the last also the unloading of any module, and a task on its stack that
 * was just accepted in place of the released one is still read.
 *
 * A waiter gets the result, and a group its end, before the call. Then wpool_wait() does not
 * give the memory of the task back: a thread that waits for such a task, cancels it, or asks about
 * it needs a reference of its own, which @release does not drop. wpool_flush(), wpool_drain() and
 * wpool_destroy() do wait until the call has returned.
 *
 * wpool_shutdown_now() does not hand such a task back: it is released as
 * %WPOOL_FATE_CANCELLED. Nothing is called if its argument lies on the stack of the thread that
 * dies in it, or that takes it back as it dies.
 *
 * A periodic task has no release: see wpool_schedule_every().
 *
 * The module that owns the task may not go before the call has returned: a pool of another
 * module pins it, and wpool_destroy() waits.
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
	/* private: guarded as those of the task */
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
 * @ktask: the task; neither queued nor running. wpool_wait() and the like take its member task.
 * @fn: what it calls, a wpool_fn_t
 * @arg: what it is called with
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
 * struct wpool_delayed_task - a task that waits for a time first
 *
 * Every member is private. See wpool_schedule_delayed() and wpool_schedule_every().
 */
struct wpool_delayed_task {
	/* private: guarded as those of the task */
	struct wpool_task	task;
	struct wpool_tracking	tracking;
	struct timer_list	timer;
	u64			due;	/* in jiffies_64 */
	unsigned long		period;	/* in jiffies; used with WPOOL_TASK_PERIODIC */
	unsigned long		skipped;	/* written there, read anywhere */
	bool			asked;	/* for this time, which is not skipped */
};

#define WPOOL_TRACKING_OFFSET	offsetof(struct wpool_release_task, tracking)
static_assert(offsetof(struct wpool_keyed_task, tracking) == WPOOL_TRACKING_OFFSET);
static_assert(offsetof(struct wpool_delayed_task, tracking) == WPOOL_TRACKING_OFFSET);

void __wpool_delayed_task_init(struct wpool_delayed_task *dtask, wpool_fn_t fn,
			       void *arg, struct module *owner);

/**
 * wpool_delayed_task_init() - set up a task for wpool_schedule_delayed()
 * @dtask: the task; neither delayed, queued nor running. wpool_wait() and the like take its
 *	member task. Not on the stack.
 * @fn: what it calls, a wpool_fn_t
 * @arg: what it is called with
 *
 * Context: any.
 */
#define wpool_delayed_task_init(dtask, fn, arg)				\
	__wpool_delayed_task_init(dtask, fn, arg, THIS_MODULE)

/**
 * struct wpool_group - tasks that a caller waits for together
 *
 * Every member is private. Set up by wpool_group_init(); on the stack if need be.
 */
struct wpool_group {
	/* private: guarded by lock */
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
#define WPOOL_GROUP_FAIL_FAST	0x01	/* its first error cancels it */

/**
 * struct wpool_ops - the hooks of a pool
 * @worker_start: called by a worker, before its first task
 * @worker_stop: called once for each @worker_start: by the worker after its last task, or, if a
 *	task killed it, by the thread of the hooks
 * @worker_died: called by the thread of the hooks for a worker that was killed, by a task or
 *	otherwise, but not by its own @worker_stop, before its other hooks; @thread is the dead
 *	thread, valid until the hook returns
 * @task_begin: called by the worker, before a task's function
 * @task_end: called by the worker, after it
 * @task_oops: called by the thread of the hooks, in place of @task_end, if the function killed
 *	the worker, and also if @task_begin or @task_end did; before the waiters of the task are
 *	woken, unless the task lay on the stack of that worker, which is gone. The argument is NULL
 *	if it lay there
 * @terminated: called by the thread of the hooks, once, when no task and no worker is left;
 *	before the threads that wait for that are woken
 *
 * Called without any lock of wpool, and may sleep. wpool_priv() gives the &wpool_attrs.priv. No
 * hook is called for a task that its submitter runs, see %WPOOL_FULL_CALLER_RUNS.
 *
 * A pool with @worker_stop, @worker_died, @task_oops or @terminated has a thread for them, which
 * ends before the wpool_destroy() returns that is 0. It calls one hook at a time; a slow hook
 * harms its own pool alone.
 * While a hook runs, the dead worker keeps its place in the capacity and its task counts as
 * running. A hook may use any pool, but a hook that waits for its own pool might wait for
 * itself, for a task or for room: wpool_flush(), wpool_drain(), wpool_await_termination() and
 * wpool_destroy() of it are refused, as they are in a worker, and a worker that submits in its
 * @worker_start or @worker_stop is refused room if all workers sleep, after those that submit in a
 * task, and unless one of them waits for a task or a group in such a hook. The thread of the hooks
 * is not found to wait for itself: there use wpool_try_schedule() or %WPOOL_FORCE. If a
 * hook kills that thread, no further hook is called there: the pool goes on, and ends, without.
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
#define WPOOL_PREALLOC		0x01	/* all workers are made at once and kept */
#define WPOOL_ORDERED		0x02	/* one at a time, in submission order */
#define WPOOL_FREEZABLE		0x04	/* begins no task while the system sleeps */
#define WPOOL_MEM_RECLAIM	0x08	/* needed to free memory: keeps a worker, and a spare */
#define WPOOL_KEEP_IDLE		0x10	/* idle workers stay for ever */
#define WPOOL_LATENCY		0x40	/* keeps histograms, see debugfs */
#define WPOOL_NUMBERED		0x80	/* a number makes the name unique */
#define WPOOL_RECURSIVE		0x100	/* its tasks submit to it, and do not wait for room */
#define WPOOL_ROUND_DOWN	0x200	/* capacity_percent is rounded down, but not to 0 */
#define WPOOL_NO_SYSFS		0x400	/* an administrator does not change it */

/* A NUMA node for &wpool_attrs.node, which is 0 for any. */
#define WPOOL_NODE(nid)		((nid) + 1)

/**
 * struct wpool_attrs - the attributes of a pool; all zero means all defaults
 * @capacity: the most workers, so the most tasks running at once; 0 is %WPOOL_DEFAULT_CAPACITY,
 *	or 1 with %WPOOL_ORDERED; more than %WPOOL_MAX_CAPACITY is clamped with a notice
 * @min_workers: how many workers are started at once and kept when idle; at least one always
 *	is. More than @capacity is refused; more than @capacity_percent gives is reduced to
 *	that, with a notice.
 * @queue_depth: how many tasks may wait beyond those that a free or startable worker takes at
 *	once; 0 is %WPOOL_DEFAULT_DEPTH, or %WPOOL_QUEUE_HANDOFF or %WPOOL_QUEUE_UNBOUNDED
 * @full: what wpool_schedule() does when the queue is full
 * @max_blocked: how many submitters may sleep for room at once; the next gets -EAGAIN; 0 is no
 *	limit
 * @idle_timeout_ms: how long, in milliseconds, a worker beyond @min_workers idles before it
 *	leaves, at most one of them in that time; 0 is %WPOOL_DEFAULT_IDLE_MS
 * @spin_us: how long, in microseconds, a worker that found no task spins before it sleeps; a
 *	thread that waits for a task, by wpool_wait() and its forms, wpool_run() or
 *	wpool_run_timeout(), spins too, unless it is a worker of the pool that may run it; 0 is no
 *	spinning. At
 *	most one worker of a pool spins. Each side stops at once when its CPU is wanted, and
 *	does not spin while spins have lately failed because the event came later. More than
 *	1,000,000 is refused.
 * @watchdog_ms: a task that runs for longer, in milliseconds, is reported in the log once, with
 *	its worker and its stack, and counted; 0 is never. If the end of the pool takes that
 *	long, what it waits for is reported too, and again after twice as long each time;
 *	without @watchdog_ms after 10 s.
 * @nice: of the workers, -20 to 19
 * @policy: how the workers are scheduled: 0 (SCHED_NORMAL), or SCHED_FIFO or SCHED_RR with
 *	@rt_priority; not together with @nice
 * @rt_priority: 1 to 99, as in sched_setscheduler(2). A task that keeps its CPU busy then
 *	keeps all threads of lower priorities off it, those of the kernel included.
 * @cpumask: where they run; NULL is everywhere but on isolated CPUs. Copied. One of these
 *	CPUs must be online when the pool is made; while none is later they run elsewhere. From
 *	7.0 on the workers leave CPUs that are isolated later; if @cpumask names some that are
 *	isolated now, they come back to it when a CPU comes online.
 * @node: WPOOL_NODE() of the NUMA node to which they and their memory belong; 0 is none
 * @capacity_percent: the capacity as a share of the online CPUs, at most %WPOOL_MAX_PERCENT,
 *	instead of @capacity, rounded up, or down with %WPOOL_ROUND_DOWN, but never to 0; follows
 *	hotplug, also changes that a closed pool has missed
 * @flags: of WPOOL_PREALLOC and so on; an unknown bit is refused, as are the two that 1.0 has
 *	dropped, 0x20 and 0x800. With %WPOOL_NO_SYSFS the pool
 *	has no directory in /sys/kernel/wpool, where an administrator otherwise changes its
 *	capacity, @idle_timeout_ms, @spin_us, @watchdog_ms, @nice and the CPUs of its workers at
 *	any time, nor is its capacity changed in debugfs. With %WPOOL_FREEZABLE a task that
 *	sleeps for room in its own pool keeps the system awake, as the workers that would make
 *	some are frozen: give that pool room, an unbounded queue, or %WPOOL_RECURSIVE. With
 *	%WPOOL_MEM_RECLAIM the pool
 *	keeps a parked thread that takes the place of its last worker, if that dies, so that it
 *	goes on although no thread can be made; it counts as no worker, and the next one is made
 *	when there is memory. If workers have died as they began, it waits as long as the next
 *	of them would, 10 s at most. With %WPOOL_RECURSIVE a task
 *	that submits to its own pool never sleeps for room, which perhaps only such tasks can
 *	make: its tasks are accepted beyond the bound, and counted in %WPOOL_STAT_FORCED. The
 *	policy comes first, and a call that never sleeps for room is refused as in any pool.
 *	So with %WPOOL_FULL_CALLER_RUNS it runs them itself, as deep as it may. Others wait as
 *	before.
 * @ops: hooks, or NULL; stays the caller's, until the pool is destroyed
 * @priv: for the hooks, see wpool_priv()
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
 * @WPOOL_STAT_CANCELLED: tasks taken back before they began
 * @WPOOL_STAT_DROPPED: tasks dropped for lack of room, by the pool's policy
 * @WPOOL_STAT_OOPSED: tasks whose function, or a hook around it, killed its thread
 * @WPOOL_STAT_REJECTED: submissions refused: pool full or closed, timed out, submitter killed,
 *	or submitted by a worker that would wait for ever
 * @WPOOL_STAT_NESTED: tasks run by a worker that waited for them
 * @WPOOL_STAT_CALLER_RUNS: tasks run by their submitter for lack of room
 * @WPOOL_STAT_FORCED: tasks accepted beyond the bound: %WPOOL_FORCE, %WPOOL_RECURSIVE
 * @WPOOL_STAT_CREATED: workers started
 * @WPOOL_STAT_EXPIRED: workers that left because they had idled long enough
 * @WPOOL_STAT_DIED: workers that were killed by a task, a release, or a hook other than their own
 *	worker_stop
 * @WPOOL_STAT_SKIPPED: times at which periodic tasks were due and did not run, see
 *	wpool_periods_skipped()
 * @WPOOL_STAT_OVERDUE: tasks that ran for longer than &wpool_attrs.watchdog_ms
 * @WPOOL_STAT_SPINS: how often a thread spun before it would sleep, see &wpool_attrs.spin_us
 * @WPOOL_STAT_SPINS_LOST: how many of these spins failed
 * @WPOOL_STAT_LARGEST: the most workers there have been at once
 * @WPOOL_STAT_CAPACITY: now: the most workers there may be
 * @WPOOL_STAT_WORKERS: now: workers
 * @WPOOL_STAT_IDLE: now: workers without a task
 * @WPOOL_STAT_RUNNING: now: workers inside a function; one that runs what it waits for counts
 *	once
 * @WPOOL_STAT_QUEUED: now: tasks accepted and waiting
 * @WPOOL_STAT_DELAYED: now: delayed tasks; one that runs, and waits for its next run, is too
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
#define WPOOL_TIMED		0x02	/* sleeps for room, for @timeout at most, by no policy */
#define WPOOL_INTERRUPTIBLE	0x04	/* sleeps for room until a signal comes, likewise */
#define WPOOL_FORCE		0x08	/* never sleeps: accepted beyond the bound */
#define WPOOL_IF_FREE		0x10	/* never sleeps: only if a worker is free, or may be made */
#define WPOOL_KEYED		0x20	/* under @key */
#define WPOOL_AT		0x40	/* when the time is @due */
#define WPOOL_EVERY		0x80	/* each @period */
#define WPOOL_MODIFY		0x100	/* with WPOOL_AT: change the time of a delayed task */

/**
 * struct wpool_how - how a task is submitted, for wpool_schedule_how()
 * @flags: of %WPOOL_NOWAIT and so on
 * @timeout: with %WPOOL_TIMED: the longest wait for room, in jiffies; 0 tries once
 * @key: with %WPOOL_KEYED: tasks of one key run one at a time, in submission order
 * @due: with %WPOOL_AT: when it is queued, in jiffies as get_jiffies_64() tells them. These do not
 *	pass while the system is suspended. At once if that time has passed.
 * @period: with %WPOOL_EVERY: in jiffies, at least 1 and less than %MAX_SCHEDULE_TIMEOUT
 * @group: that the task belongs to, or NULL
 *
 * Members that no flag asks for are not read. Without %WPOOL_NOWAIT, %WPOOL_TIMED,
 * %WPOOL_INTERRUPTIBLE, %WPOOL_FORCE or %WPOOL_IF_FREE the policy of the pool holds. Of these five
 * only %WPOOL_TIMED and %WPOOL_INTERRUPTIBLE go together. A task with a time never waits for room:
 * none of them goes with %WPOOL_AT or %WPOOL_EVERY.
 *
 * %WPOOL_FORCE is for what must not fail. It is counted in %WPOOL_STAT_FORCED, and goes before the
 * submitters that sleep for room; these get none before the queue is within its bound again.
 *
 * %WPOOL_IF_FREE accepts the task only if the tasks that run and those that wait are fewer than the
 * capacity, nobody sleeps for room, and the pool is not paused.
 *
 * %WPOOL_MODIFY: a task that is not accepted yet is; one that waits in the queue is delayed again,
 * or with a time that has passed put at the end of it. It stays in its group, and a periodic one
 * stays periodic. If the pool was shut down the task is cancelled.
 */
struct wpool_how {
	unsigned int		flags;
	unsigned long		timeout;
	u64			key;
	u64			due;
	unsigned long		period;
	struct wpool_group	*group;
};

/* Submitting (core/submit.c, core/schedule_how.c, core/submit_fn.c) */
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
 * wpool_schedule_timeout() - run a task, and wait for room with a time limit
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
 * wpool_schedule_keyed() - run a task in order with the others of its key
 * @pool: the pool
 * @task: set up by wpool_keyed_task_init()
 * @key: any number; tasks of one key run one at a time, in submission order
 *
 * A task that is submitted again while it runs comes after the tasks of its key that wait
 * already. Priority only counts among tasks that are not deferred by their key. If the policy is to
 * run the task in the caller, it waits for room instead; if it is to drop the oldest task, tasks
 * with a key are dropped in order.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(); -EBUSY also if it runs with another key.
 */
static inline int __must_check wpool_schedule_keyed(struct wpool *pool,
						    struct wpool_keyed_task *task, u64 key)
{
	return wpool_schedule_how(pool, task ? &task->task : NULL, &(struct wpool_how) {
		.flags = WPOOL_KEYED, .key = key,
	});
}

/**
 * wpool_group_schedule() - run a task as part of a group
 * @group: the group; not freed before the call has returned
 * @pool: the pool; the tasks of a group may be in several
 * @task: as for wpool_schedule()
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), and -EINVAL for a NULL group; if it is 0, the group has grown.
 */
static inline int __must_check wpool_group_schedule(struct wpool_group *group, struct wpool *pool,
						    struct wpool_task *task)
{
	return !group ? -EINVAL : wpool_schedule_how(pool, task, &(struct wpool_how) {
		.group = group,
	});
}

/* The jiffy that has already begun does not count, so this is never early. Without a delay: now. */
static inline u64 __wpool_due_after(unsigned long delay)
{
	if (!delay)
		return get_jiffies_64();
	return get_jiffies_64() + (delay < MAX_SCHEDULE_TIMEOUT ? delay + 1ULL : S64_MAX);
}

/**
 * wpool_schedule_delayed() - run a task after a delay
 * @pool: the pool
 * @dtask: set up by wpool_delayed_task_init(), and neither delayed nor queued, nor running in
 *	another pool; it belongs to the pool until it has run or was cancelled
 * @delay: in jiffies; never cut short. With 0 it is queued at once, even if the queue is full.
 *	%MAX_SCHEDULE_TIMEOUT or more means for ever: until wpool_modify_delayed() sets another
 *	delay.
 *
 * A pool that is shut down cancels it. When the delay is over it is queued even if the queue is
 * full.
 *
 * A task that is running in the pool may be submitted, also from its own function: it runs
 * again, when both that run and the delay are over, and counts as delayed until then.
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
 * wpool_schedule_every() - run a task again and again, at a fixed rate
 * @pool: the pool; best one of the module's own, see below
 * @dtask: as for wpool_schedule_delayed(), and not detached; it belongs to the pool until it was
 *	cancelled
 * @period: in jiffies, at least 1 and less than %MAX_SCHEDULE_TIMEOUT
 *
 * It is due for the first time after one period, and then one period after it was due before,
 * whenever it has run. wpool_modify_delayed() changes when it is due next, and by that all times
 * after it: with a delay of 0 right after this call the first run is at once.
 *
 * It never runs beside itself. When it is due it is queued even if the queue is full, and waits
 * there, if the pool is busy, paused or frozen. The times that pass until its run has ended are
 * skipped, and counted: see wpool_periods_skipped(). So is a run that a pool drops which drops
 * its oldest task. If it kills its worker, it goes on with the next period.
 *
 * It ends when it is cancelled: by wpool_cancel(), also from its own function; by
 * wpool_cancel_sync(), which waits for a run that goes on; by wpool_ask_stop() while it runs; and
 * when the pool is shut down: a run that is due still comes after wpool_shutdown().
 * wpool_restart() does not bring it back.
 *
 * wpool_wait() returns when it has ended, with the result of the last run, or -ECANCELED if none
 * went on then. wpool_flush() and wpool_drain() wait only for a run that is due. Each run counts
 * as a task of its own, which is accepted when the one before it begins. wpool_task_queued()
 * says true until it is cancelled, but for a moment as each run begins, and as it ends: only a
 * wait, or wpool_cancel_sync(), tells that it is over.
 *
 * In a pool of another module, such as the default one, it pins its own module until it is
 * cancelled, as every accepted task does: that module cannot be unloaded before, so its exit is
 * no place to cancel it. In a pool of its own the exit's wpool_destroy() does.
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
 * See %WPOOL_MODIFY at &struct wpool_how. It does not move a task to another pool: take it back by
 * wpool_cancel_sync() for that, and submit it there.
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
 * wpool_periods_skipped() - how many times a periodic task was due and did not run
 * @dtask: the task
 *
 * Because the run before went on, or was still waiting in the pool, or was dropped there.
 *
 * Context: Any. Takes no lock.
 * Return: how many since wpool_schedule_every(), which may be 0 for one that never was periodic.
 */
static inline unsigned long wpool_periods_skipped(const struct wpool_delayed_task *dtask)
{
	return dtask ? READ_ONCE(dtask->skipped) : 0;
}

/**
 * wpool_schedule_fn() - call a function in the pool, without a task of the caller's own
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with
 * @release: called with @arg, once, if the call returns 0: see wpool_task_set_release(). Or NULL:
 *	then @arg is lost if @fn is not called, as the pool is shut down, or drops what it has no
 *	room for
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_schedule(), or -ENOMEM.
 */
#define wpool_schedule_fn(pool, fn, arg, release)			\
	__wpool_schedule_fn(pool, fn, arg, release, THIS_MODULE)

/**
 * wpool_try_schedule_fn() - call a function in the pool, from any context
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with
 * @release: as for wpool_schedule_fn()
 *
 * Context: Any context but NMI. Allocates with GFP_ATOMIC. On PREEMPT_RT nothing can be
 * allocated in a hard interrupt, nor with interrupts or preemption disabled: there it uses a
 * spare task of the pool, if there is one and @release is NULL. If not, a message says who called;
 * in kernels with DEBUG_ATOMIC_SLEEP also if there is one, since the next call may find none.
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
#define wpool_try_schedule_fn(pool, fn, arg, release)			\
	__wpool_try_schedule_fn(pool, fn, arg, release, THIS_MODULE)

/**
 * wpool_group_schedule_fn() - call a function in the pool, as part of a group
 * @group: the group; it may end before the release is called
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result counts for the group
 * @arg: what to call it with
 * @release: as for wpool_schedule_fn()
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_group_schedule(), or -ENOMEM.
 */
#define wpool_group_schedule_fn(group, pool, fn, arg, release)		\
	__wpool_group_schedule_fn(group, pool, fn, arg, release, THIS_MODULE)

/* Submitting and waiting (core/run_and_wait.c) */
int __must_check wpool_run(struct wpool *pool, wpool_fn_t fn, void *arg);
int __must_check __wpool_run_timeout(struct wpool *pool, wpool_fn_t fn, void *arg,
				     unsigned long timeout, wpool_release_t release,
				     struct module *owner);

/**
 * wpool_run_timeout() - call a function in the pool, and wait with a time limit
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t
 * @arg: what to call it with; without @release it must live until @fn has returned, which may be
 *	after this call has
 * @timeout: the longest wait, for room and for the result, in jiffies; never cut short.
 *	%MAX_SCHEDULE_TIMEOUT means for ever. With 0 a function that has not ended at once is given
 *	up, so as a rule it is not called.
 * @release: NULL, or called with @arg, once, whatever the call returns: as wpool_task_set_release()
 *	says if the task was accepted; if it was refused, by the caller, with %WPOOL_FATE_CANCELLED.
 *	Then @arg is not the caller's any more.
 *
 * After a time-out the function is not called any more, or, if it has begun, it is asked to
 * stop: see wpool_should_stop(). With a limit the caller never runs it, even as the only worker of
 * @pool. If @fn may return -ETIMEDOUT itself nobody can tell whether @arg is still in use: then
 * take a @release, or a task.
 *
 * Context: Process context; may sleep.
 * Return: what @fn returned, -ETIMEDOUT (@arg may still be in use), -ENOMEM, or as wpool_run().
 */
#define wpool_run_timeout(pool, fn, arg, timeout, release)		\
	__wpool_run_timeout(pool, fn, arg, timeout, release, THIS_MODULE)

/* One task (core/wait.c) */
bool wpool_cancel(struct wpool_task *task);
bool wpool_cancel_sync(struct wpool_task *task);
int __wpool_wait(struct wpool_task *task, unsigned long timeout, unsigned int state, int *result);

/**
 * wpool_wait() - wait for a task and get its result
 * @task: submitted before, and not detached
 *
 * Returns when the task is neither queued nor running; from then on its memory belongs to the
 * caller. If several threads wait, this holds when the last of them has returned. The result is
 * kept until the task is submitted again, and may be read more than once. If that happens before
 * the caller is awake, it may wait for that run, too.
 *
 * A worker that waits for a task of its own pool, without a time limit, runs the task itself if it
 * is still queued, or what its key puts before it: so hold no lock that these take. It does so up
 * to %WPOOL_MAX_NESTING inside one another and as long as half of its stack is free. If it is
 * nested deeper, it leaves the task to another worker. To prevent a deadlock, a wait that would
 * not end is refused with -EDEADLK:
 *
 * - a wait for the task that the caller is inside;
 * - one wait in a circle of workers that wait for one another's tasks;
 * - the wait of a worker that is nested too deep, when all possible workers are asleep, so
 *   that none can run the task.
 *
 * After -EDEADLK, a task that had not begun never will: it is cancelled, and its memory belongs to
 * the caller. A task that was running still belongs to the pool; then the calling function has not
 * submitted it, or only while it ran.
 *
 * If the function may return a negative errno, wpool_wait_timeout() with %MAX_SCHEDULE_TIMEOUT
 * tells its result from an error of the wait.
 *
 * Context: Process context; sleeps, uninterruptibly.
 * Return: what the function returned; -ECANCELED if it never ran, -EOWNERDEAD if it killed its
 * worker. Or, without a result, -EINVAL (NULL, detached or never submitted), -EDEADLK (as above).
 */
static inline int wpool_wait(struct wpool_task *task)
{
	int result;

	return __wpool_wait(task, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE, &result) ?: result;
}

/**
 * wpool_wait_timeout() - wait for a task with a time limit
 * @task: as for wpool_wait()
 * @timeout: the longest wait, in jiffies; never cut short. 0 only looks, and does not sleep.
 * @result: set to the result, and left alone on an error; may be NULL
 *
 * With a limit a worker runs nothing meanwhile: the wait ends by its limit, whatever the pool does.
 * %MAX_SCHEDULE_TIMEOUT is no limit.
 *
 * Context: Process context; may sleep.
 * Return: 0 (the memory of the task belongs to the caller), -ETIMEDOUT (it still belongs to the
 * pool), or -EINVAL and -EDEADLK as for wpool_wait(). With a limit it is -EDEADLK only for the
 * task that the caller is inside.
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
 * After -EINTR the task goes on, and still belongs to the pool. The caller must not free it,
 * nor leave the function on whose stack it lies, before another wait for it has succeeded or
 * wpool_cancel_sync() has returned: that asks a running function to stop, and waits for it
 * uninterruptibly.
 *
 * Context: Process context; may sleep.
 * Return: 0 (the memory of the task belongs to the caller), -EINTR, or -EINVAL and -EDEADLK as
 * for wpool_wait().
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

/* Bits of &wpool_task.state: accepted and not begun; inside its function; waits for its time. */
#define __WPOOL_TASK_QUEUED	0x01
#define __WPOOL_TASK_RUNNING	0x02
#define __WPOOL_TASK_DELAYED	0x08

/**
 * wpool_task_queued() - check whether a task is accepted and waiting
 * @task: the task
 *
 * Context: Any. Takes no lock: the answer may be out of date at once.
 * Return: true if it waits in the queue or is delayed; also for a running task that was
 * submitted again.
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

/* All tasks of a pool (core/flush.c) */
int wpool_flush(struct wpool *pool);
int wpool_drain(struct wpool *pool);

/* Inside a task (core/current_thread.c), and asking it to stop (core/stop.c) */
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
 * Return: 0 if @condition was true, -ECANCELED: it was not, and the task is to stop, see
 * wpool_should_stop(). -EINVAL (atomic context).
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

/* Groups (core/group.c, core/group_schedule.c, core/group_wait.c) */
void wpool_group_init(struct wpool_group *group, unsigned int flags);
int __wpool_group_wait(struct wpool_group *group, unsigned long timeout, unsigned int state);
unsigned int wpool_group_cancel(struct wpool_group *group);
int wpool_group_cancel_sync(struct wpool_group *group);

/**
 * wpool_group_wait() - wait until all tasks of a group have ended
 * @group: the group; afterwards the caller may free it or use it again. If several threads
 *	wait, this holds when the last of them has returned.
 *
 * A worker that waits, without a time limit, runs the tasks of the group that are queued in its
 * own pool, and the tasks that defer these by a key, nested as for wpool_wait(). If it is nested
 * too deep, it leaves them to other workers. If no worker is left for them, because all possible
 * workers are asleep, the wait is refused: the tasks of the group that have not begun are
 * cancelled, and the caller waits for those that run. Workers that wait for one another's groups
 * in a circle are not found, unlike workers that wait for one another's tasks; nor is a worker
 * that waits for a task that is deferred, by its key, behind the task that the worker is inside.
 *
 * A task belongs to the group once it has been accepted: nobody waits for a submitter that is
 * still asleep for room. But while one sleeps for room in another pool than the others, no wait
 * for the group is refused: a circle of such waits is not found.
 *
 * Context: Process context; sleeps, uninterruptibly.
 * Return: the first error in the group since it was set up: a negative result, -ECANCELED for a
 * task that never ran, -EOWNERDEAD for a task that killed its worker, or for a group on the
 * stack of a worker that has died. 0 if there was no error, so also for an empty group. -EINVAL
 * (NULL). -EDEADLK: the caller is inside a task of the group, or one that is to run again as a
 * task of it; the group goes on and must not be freed yet. Or it was nested too deep, as above,
 * and the group is empty.
 */
static inline int wpool_group_wait(struct wpool_group *group)
{
	return __wpool_group_wait(group, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE);
}

/**
 * wpool_group_wait_timeout() - wait for a group with a time limit
 * @group: the group
 * @timeout: the longest wait, in jiffies; never cut short. 0 only looks, and does not sleep.
 *
 * With a limit a worker runs nothing meanwhile, as in wpool_wait_timeout().
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_wait(), or -ETIMEDOUT: the group goes on and must not be freed yet.
 * A task of the group may have returned -ETIMEDOUT, too: wpool_group_cancel() and then
 * wpool_group_wait() are right after either.
 * With a limit it is -EDEADLK only inside a task of the group.
 */
static inline int wpool_group_wait_timeout(struct wpool_group *group, unsigned long timeout)
{
	return __wpool_group_wait(group, timeout, TASK_UNINTERRUPTIBLE);
}

/**
 * wpool_group_wait_killable() - wait for a group until a fatal signal comes
 * @group: as for wpool_group_wait()
 *
 * After a signal the group goes on. The caller must not free it, nor leave the function on
 * whose stack it or one of its tasks lies, before another wait for it has succeeded.
 * wpool_group_cancel() and then wpool_group_wait() do that soonest. They are right after every
 * -EINTR, as it may also be the error of a task.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_wait(), or -EINTR after a signal.
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

/* Pools (core/create.c, managed.c, refs.c, registry.c, stats.c, resize.c, pause.c, shutdown.c) */
struct wpool *__wpool_create(const char *name, const struct wpool_attrs *attrs,
			     struct module *owner);

/**
 * wpool_create() - make a pool and start its first workers
 * @name: 1 to %WPOOL_NAME_MAX printable characters of ASCII without a space or a slash, the only
 *	pool of that name; not "summary", nor a path's "." or ".."; copied
 * @attrs: the attributes of the pool, or NULL for the defaults; copied
 *
 * The calling module becomes the owner: tasks of its own do not pin it, so its exit must call
 * wpool_destroy().
 *
 * Context: Process context; may sleep.
 * Return: The pool, with one reference for wpool_destroy(), or an ERR_PTR: -EINVAL (name or
 * attributes; a message says which), -EEXIST (the name is taken), -ENAMETOOLONG (no room for
 * the number), -ENOMEM, -EOWNERDEAD (a worker has died as it started), or the error of creating
 * a thread.
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
 * The name that comes out must be one for wpool_create(). With %WPOOL_NUMBERED, here and in
 * wpool_create(), a dash and a number are added to it, which make it the only one.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_create().
 */
#define wpool_create_fmt(attrs, fmt, ...)				\
	__wpool_create_fmt(attrs, THIS_MODULE, fmt, ##__VA_ARGS__)

struct wpool *__devm_wpool_create(struct device *dev, const char *name,
				  const struct wpool_attrs *attrs, struct module *owner);

/**
 * devm_wpool_create() - make a pool that goes with its device
 * @dev: the device; the pool is destroyed, as by wpool_destroy(), when its driver is unbound
 * @name: as for wpool_create()
 * @attrs: likewise
 *
 * For a driver. What its tasks use must have been acquired before, so that it goes later; what
 * submits to it, such as an interrupt, after it, so that it goes first. The driver must not
 * destroy the pool itself, and no task of the pool may unbind the device: the pool would wait for
 * itself. Then its queued tasks are taken back, the pool is not destroyed, and the log says so.
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
 * name may be used again and its debugfs directory is gone. A second call, by a thread with a
 * reference of its own, waits for the same end and drops no reference.
 *
 * Another module, which has found the pool by its name, is refused at once: the reference
 * that this call drops is the creator's. wpool_put() drops the one of wpool_find(). All that is
 * built into the kernel counts as one module here.
 *
 * Context: Process context; may sleep, for as long as the tasks take.
 * Return: 0, -EINVAL (NULL, or the default pool), -EPERM (a pool of another module), -EDEADLK
 * (in a worker, a hook or a task of the pool, or in a release of it that wpool's own thread
 * calls), -ESHUTDOWN (destroyed already; it has ended now).
 */
#define wpool_destroy(pool)	__wpool_destroy(pool, THIS_MODULE)

int __wpool_destroy_now(struct wpool *pool, const struct module *owner);

/**
 * wpool_destroy_now() - as wpool_destroy(), but take queued tasks back, and ask the running ones
 *	to stop
 * @pool: as for wpool_destroy()
 *
 * wpool_shutdown_now() and then wpool_destroy(): tasks that have not begun end with -ECANCELED.
 * Tasks that sleep should do so in wpool_sleep() or wpool_wait_event_stop(), which end then.
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
 * @WPOOL_RULE_NODE: one that belongs to the caller's NUMA node; the pools take in turn the nodes
 *	that have CPUs
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

/* Sets of pools (core/set.c, core/set_submit.c) */
struct wpool_set *__wpool_set_create(const char *name,
				     const struct wpool_attrs *attrs,
				     unsigned int n, enum wpool_rule rule,
				     struct module *owner);

/**
 * wpool_set_create() - make several pools of one kind
 * @name: the pools are called name.0, name.1 and so on
 * @attrs: as for wpool_create(), for each pool
 * @n: how many, 1 to %WPOOL_SET_MAX; with %WPOOL_RULE_CPU also 0: one for each CPU that
 *	may come, up to %WPOOL_SET_MAX
 * @rule: which one gets the next task
 *
 * With %WPOOL_RULE_CPU the workers of pool i run on CPU i, and on CPU i + @n and so on if there are
 * more CPUs than pools, whether these are online yet or not; &wpool_attrs.cpumask must be NULL.
 * While none of them is online they run elsewhere, and return.
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
