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
 *		wpool_try_schedule_fn_release(), wpool_try_schedule_fn_ticket(),
 *		wpool_with_ticket() around one of these,
 *		wpool_try_schedule_keyed(), wpool_group_try_schedule(),
 *		wpool_force_schedule(), wpool_force_schedule_keyed(),
 *		wpool_group_force_schedule(), wpool_group_try_schedule_keyed(),
 *		wpool_group_schedule_delayed(), wpool_schedule_if_free(),
 *		wpool_schedule_delayed(), wpool_schedule_at(),
 *		wpool_schedule_every(), wpool_modify_delayed(),
 *		wpool_set_try_schedule()
 *		a task: wpool_task_init(), wpool_keyed_task_init(),
 *		wpool_delayed_task_init(), wpool_tracked_task_init(),
 *		wpool_task_set_priority(), wpool_task_set_detached(),
 *		wpool_task_set_release(), wpool_task_set_self_freeing(),
 *		wpool_task_queued(),
 *		wpool_task_running(), wpool_cancel(), wpool_cancel_delayed(), wpool_cancel_id(),
 *		wpool_periods_skipped(), wpool_ask_stop()
 *		inside a task: wpool_current(), wpool_should_stop()
 *		a group: wpool_group_init(), wpool_group_init_fail_fast()
 *		a pool: wpool_default(), wpool_get(), wpool_put(), wpool_name(),
 *		wpool_priv(), wpool_is_own(), wpool_stats(), wpool_resize(), wpool_pause(),
 *		wpool_resume(), wpool_shutdown()
 *		a set: wpool_set_pick(), wpool_set_nth(), wpool_set_shutdown()
 *		In an NMI no task or group is set up if the kernel has CONFIG_DEBUG_OBJECTS.
 *	process context, may sleep:
 *		everything else
 *
 * On PREEMPT_RT, too, all but four of the first list may be called in a hard interrupt, with a raw
 * spinlock held, and with interrupts or preemption disabled. But nothing can be allocated there:
 * wpool_try_schedule_fn_release(), wpool_try_schedule_fn_ticket() and wpool_with_ticket() return
 * -ENOMEM, and so does wpool_try_schedule_fn() unless the pool has a spare task; a message says
 * so. Only a kernel that is built with PREEMPT_RT can tell. Where that may happen submit a task of
 * your own by wpool_try_schedule().
 *
 * So of the calls on delayed tasks only wpool_cancel_delayed_sync() sleeps: none waits for room.
 *
 * Who owns what? The memory of a task is its caller's, and the pool touches it from a
 * successful submission until its result is set. A caller that frees it, overwrites it, sets it
 * up again or returns from the function with it on the stack before that loses the task, and
 * the waiters of the task or of its group wait for ever; a line in the log says so. The pool
 * and its other tasks go on, unless the memory looks unchanged, or the task is delayed: its
 * timer belongs to the kernel. A task for which nobody waits may have a release, which is called
 * once when the pool is done with it, see wpool_task_set_release(). A pool has references:
 * wpool_destroy() drops the one of wpool_create(), wpool_put() those of wpool_get() and
 * wpool_find().
 */
#ifndef _LINUX_WPOOL_H
#define _LINUX_WPOOL_H

#include <linux/build_bug.h>
#include <linux/export.h>
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
struct wpool_ticket;
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
 * or waits behind a run at its address as it frees itself, when that run has ended.
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
 * its caller runs it, the caller runs it again after that, unless it frees itself, or has a
 * release or a ticket: then it waits in the queue.
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
 * The pool does not touch a detached task once its function has begun, so nobody can wait for
 * it: wpool_wait() is -EINVAL. The pool does not know that it runs either: if it is submitted
 * again meanwhile, it may run twice at the same time; see wpool_task_set_self_freeing(). If it is
 * dropped, cancelled or shut down, its function does not run, and nobody frees the memory: see
 * wpool_task_set_release().
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
	struct wpool_ticket	*drawn;		/* for a submission that goes on */
	struct wpool_ticket	*ticket;	/* of the next run; see wpool_with_ticket() */
	bool			self_freeing;
	bool			awaited;	/* in wpool's own memory, which a waiter frees */
	bool			refused;	/* a wait for it, and this submission goes on */
};

/**
 * struct wpool_tracked_task - a task that has a release or a ticket, or frees itself
 *
 * Every member is private. wpool_schedule(), wpool_cancel() and the like take its member task.
 */
struct wpool_tracked_task {
	/* private: guarded as those of the task */
	struct wpool_task	task;
	struct wpool_tracking	tracking;
};

/**
 * wpool_tracked_task_init() - set up a task that will have a release or a ticket, or that frees
 *	itself
 * @ttask: the task; neither queued nor running
 * @fn: what it calls, a wpool_fn_t
 * @arg: what it is called with
 *
 * Context: any.
 */
#define wpool_tracked_task_init(ttask, fn, arg) do {			\
	struct wpool_tracked_task *__ttask = (ttask);			\
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
 * @xtask: a struct wpool_tracked_task, wpool_keyed_task or wpool_delayed_task, set up, neither
 *	queued nor running; not on the stack
 * @release: what to call, a wpool_release_t; NULL for nothing
 *
 * It is called once for each time that the task was accepted, and not for a submission that was
 * refused. From then on the pool does not touch the task any more, on account of that
 * submission: @release may free the task, or submit it again.
 *
 * The thread that ends the task makes the call, after it has dropped the pool's lock: the worker
 * after the function, or in place of it if the group of the task has failed; the submitter that
 * runs the task, or whose task is dropped or drops another; the caller of wpool_cancel(),
 * wpool_cancel_id() or wpool_modify_delayed(), whatever its context; that of
 * wpool_cancel_sync(), wpool_group_cancel() or wpool_shutdown_now(), of a wait that is refused,
 * or of one for a group that has failed. None of these returns before @release has. A thread of
 * wpool's own, for all pools, makes the call if a worker has died, or a pool is shut down that
 * has delayed tasks; and in place of a worker that takes back the tasks of a group or of a pool,
 * drops one of a group that has failed, runs one as its submitter, or is in
 * wpool_run_timeout_release(), which waits for it; of one that dies and has tasks or a group on
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
 * %WPOOL_FATE_CANCELLED. Nothing is called for a task that was lost because its memory was freed
 * or overwritten while a pool had it, nor if its argument lies on the stack of the thread that dies
 * in it, or that takes it back as it dies.
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

static inline void __wpool_task_set_self_freeing(struct wpool_task *task,
						 struct wpool_tracking *tracking)
{
	task->flags |= WPOOL_TASK_TRACKED | WPOOL_TASK_DETACHED;
	tracking->self_freeing = true;
}

/**
 * wpool_task_set_self_freeing() - let the function free the memory of its task, and not run
 *	beside itself
 * @xtask: a struct wpool_tracked_task or wpool_delayed_task, set up, neither queued nor running;
 *	not on the stack
 *
 * For a task in an object with references, one of which each submission has: the last act of the
 * function drops it, and may free the object with the task in it. Like a detached task, this one
 * is not touched once its function has begun, and nobody can wait for it.
 *
 * But while its function runs, a submission of a task at the same address and with the same
 * function to the same pool is deferred: it is accepted, counts as queued, can be taken back,
 * and gets its place in the queue at the end of that run. So the function never runs beside
 * itself, and a submission is never lost. If the memory was freed and belongs to another object
 * now, its task waits for that run too, as in a workqueue. Submitted to two pools the task may
 * run in both.
 *
 * With a release that drops the reference instead, a detached task need not be self-freeing; a
 * self-freeing task may have a release as well.
 *
 * Context: any.
 */
#define wpool_task_set_self_freeing(xtask)				\
	__wpool_task_set_self_freeing(&(xtask)->task, &(xtask)->tracking)

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

#define WPOOL_TRACKING_OFFSET	offsetof(struct wpool_tracked_task, tracking)
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

/* Bits of &wpool_group.flags. */
#define WPOOL_GROUP_FAIL_FAST	0x01

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
 * is not found to wait for itself: there use wpool_try_schedule() or wpool_force_schedule(). If a
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
#define WPOOL_RUN_OUT_DELAYED	0x20	/* shutdown waits for delayed tasks, but periodic ones */
#define WPOOL_LATENCY		0x40	/* keeps histograms, see debugfs */
#define WPOOL_NUMBERED		0x80	/* a number makes the name unique */
#define WPOOL_RECURSIVE		0x100	/* its tasks submit to it, and do not wait for room */
#define WPOOL_ROUND_DOWN	0x200	/* capacity_percent is rounded down, but not to 0 */
#define WPOOL_NO_SYSFS		0x400	/* an administrator does not change it */
#define WPOOL_CHAIN		0x800	/* each task submits the next, and ends soon then */

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
 * @flags: of WPOOL_PREALLOC and so on; an unknown bit is refused. With %WPOOL_NO_SYSFS the pool
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
 *	before. With %WPOOL_CHAIN a task that one of its tasks submits by
 *	wpool_schedule() or the like, in no group and without a delay, wakes no idle worker if
 *	nothing else waits: the submitting worker runs it next. It waits for that until one more
 *	task comes, the submitting task calls the pool again, or has a release or a ticket and
 *	ends, but at most for two jiffies; then wpool's own thread has another worker woken.
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
 * @WPOOL_STAT_CANCELLED: tasks taken back before they began, and those that were lost because
 *	their memory was freed or overwritten while they were queued
 * @WPOOL_STAT_DROPPED: tasks dropped for lack of room, by the pool's policy
 * @WPOOL_STAT_OOPSED: tasks whose function, or a hook around it, killed its thread
 * @WPOOL_STAT_REJECTED: submissions refused: pool full or closed, timed out, submitter killed,
 *	or submitted by a worker that would wait for ever
 * @WPOOL_STAT_NESTED: tasks run by a worker that waited for them
 * @WPOOL_STAT_CALLER_RUNS: tasks run by their submitter for lack of room
 * @WPOOL_STAT_FORCED: tasks accepted beyond the bound: wpool_force_schedule(), %WPOOL_RECURSIVE
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

/* Submitting (core/submit.c, core/submit_forced.c) */
int __must_check wpool_schedule(struct wpool *pool, struct wpool_task *task);
int __must_check wpool_try_schedule(struct wpool *pool, struct wpool_task *task);
int __must_check wpool_schedule_timeout(struct wpool *pool, struct wpool_task *task,
					unsigned long timeout);
int __must_check wpool_schedule_interruptible(struct wpool *pool, struct wpool_task *task);
int __must_check wpool_schedule_if_free(struct wpool *pool, struct wpool_task *task);
int __must_check wpool_force_schedule(struct wpool *pool, struct wpool_task *task);
int __must_check wpool_force_schedule_keyed(struct wpool *pool, struct wpool_keyed_task *task,
					    u64 key);
int __must_check wpool_schedule_batch(struct wpool *pool, struct wpool_task **tasks,
				      unsigned int n);
int __must_check __wpool_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
				     struct module *owner);
int __must_check __wpool_try_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
					 struct module *owner);

/**
 * wpool_schedule_fn() - call a function in the pool, without a task of the caller's own
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with. It is lost if @fn is not called, as the pool is shut down, or drops
 *	what it has no room for; if @fn would free it, use wpool_schedule_fn_release()
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_schedule(), or -ENOMEM.
 */
#define wpool_schedule_fn(pool, fn, arg)				\
	__wpool_schedule_fn(pool, fn, arg, THIS_MODULE)

/**
 * wpool_try_schedule_fn() - call a function in the pool, from any context
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with; lost if @fn is not called, as for wpool_schedule_fn()
 *
 * Context: Any context but NMI. Allocates with GFP_ATOMIC. On PREEMPT_RT nothing can be
 * allocated in a hard interrupt, nor with interrupts or preemption disabled: there it uses a
 * spare task of the pool, if there is one. If there is none, a message says who called; in
 * kernels with DEBUG_ATOMIC_SLEEP also if there is one, since the next call may find none.
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
#define wpool_try_schedule_fn(pool, fn, arg)				\
	__wpool_try_schedule_fn(pool, fn, arg, THIS_MODULE)

/* The same with a release (core/fn_release.c) */
int __must_check __wpool_schedule_fn_release(struct wpool *pool, wpool_fn_t fn, void *arg,
					     wpool_release_t release, struct module *owner);
int __must_check __wpool_try_schedule_fn_release(struct wpool *pool, wpool_fn_t fn, void *arg,
						 wpool_release_t release,
						 struct module *owner);

/**
 * wpool_schedule_fn_release() - call a function in the pool, and release its argument
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with
 * @release: called with @arg, once, if the call returns 0: see wpool_task_set_release()
 *
 * So that @arg is not leaked, whatever happens to the task.
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_schedule_fn().
 */
#define wpool_schedule_fn_release(pool, fn, arg, release)		\
	__wpool_schedule_fn_release(pool, fn, arg, release, THIS_MODULE)

/**
 * wpool_try_schedule_fn_release() - the same, from any context
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with
 * @release: as for wpool_schedule_fn_release()
 *
 * Context: Any but NMI. Allocates with GFP_ATOMIC. On PREEMPT_RT nothing can be allocated in a
 * hard interrupt, nor with interrupts or preemption disabled: there it is refused with a message.
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
#define wpool_try_schedule_fn_release(pool, fn, arg, release)		\
	__wpool_try_schedule_fn_release(pool, fn, arg, release, THIS_MODULE)

/* Tickets (core/by_ticket.c) */
int __must_check __wpool_ticket_draw(struct wpool *pool, struct wpool_task *task,
				     struct wpool_tracking *tracking, gfp_t gfp, u64 *nr,
				     u64 *drawn);
void __wpool_ticket_refused(struct wpool *pool, struct wpool_tracking *tracking, u64 drawn,
			    u64 *nr);

/* The value of a macro is to be looked at, as that of a function is. */
static inline int __must_check __wpool_checked(int err)
{
	return err;
}

int __must_check __wpool_schedule_fn_ticket(struct wpool *pool, wpool_fn_t fn, void *arg,
					    wpool_release_t release, struct module *owner,
					    u64 *nr);
int __must_check __wpool_try_schedule_fn_ticket(struct wpool *pool, wpool_fn_t fn, void *arg,
						wpool_release_t release, struct module *owner,
						u64 *nr);

/**
 * wpool_with_ticket() - submit a task, in any way, and get a ticket for that submission
 * @pool: the pool
 * @xtask: a struct wpool_tracked_task, wpool_keyed_task or wpool_delayed_task, set up; not on
 *	the stack
 * @gfp: how to allocate the ticket
 * @ticket: a u64 *, set to the ticket before the task is submitted, so that even its function
 *	finds it there; 0 again if @submission refuses it; not changed if no ticket is drawn
 * @submission: a call that submits the task to @pool, and is 0 if it was accepted; so not
 *	wpool_set_schedule() or the like, which may choose another pool
 *
 *	err = wpool_with_ticket(pool, &req->ttask, GFP_KERNEL, &req->ticket,
 *				wpool_group_schedule(&group, pool, &req->ttask.task));
 *
 * A ticket is a number, never 0, that stands for one submission, and is never used again in the
 * pool. It is for a caller that has no pointer to the task, or does not know whether it still
 * exists: wpool_cancel_id(), wpool_wait_id(), wpool_flush_to(). It ends with the submission, in
 * whatever way that ends, when the release has returned, if there is one. If others submit the
 * same task meanwhile, it is not for what they submit; but wpool_modify_delayed() that finds the
 * task waiting gives it to that submission, or to the next run of a periodic task;
 * wpool_schedule_every() takes none. A task that runs may be submitted again, and has two tickets
 * then.
 *
 * Context: Any but NMI, as @gfp and @submission.
 * Return: what @submission returned; before that -EINVAL (NULL pool; a message says what else),
 * -ENOMEM (also where PREEMPT_RT can allocate nothing), or -EBUSY: the task waits, or is being
 * submitted with a ticket, or runs and was submitted with neither a ticket nor a release.
 */
#define wpool_with_ticket(pool, xtask, gfp, ticket, submission)		\
__wpool_checked(({							\
	struct wpool_tracking *__tracking = &(xtask)->tracking;		\
	struct wpool *__in = (pool);					\
	u64 *__nr = (ticket), __drawn;					\
	int __err;							\
									\
	__err = __wpool_ticket_draw(__in, &(xtask)->task, __tracking,	\
				    gfp, __nr, &__drawn);		\
	if (!__err) {							\
		__err = (submission);					\
		if (__err)						\
			__wpool_ticket_refused(__in, __tracking,	\
					       __drawn, __nr);		\
	}								\
	__err;								\
}))

/**
 * wpool_schedule_fn_ticket() - call a function in the pool, and get a ticket for that
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with
 * @release: called with @arg as for wpool_schedule_fn_release(), or NULL
 * @ticket: set to the ticket before the task is submitted; to 0 if the call fails
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_schedule_fn().
 */
#define wpool_schedule_fn_ticket(pool, fn, arg, release, ticket)	\
	__wpool_schedule_fn_ticket(pool, fn, arg, release, THIS_MODULE, ticket)

/**
 * wpool_try_schedule_fn_ticket() - the same, from any context
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with
 * @release: as for wpool_schedule_fn_ticket()
 * @ticket: set to the ticket before the task is submitted; to 0 if the call fails
 *
 * Context: Any but NMI. Allocates with GFP_ATOMIC. On PREEMPT_RT nothing can be allocated in a
 * hard interrupt, nor with interrupts or preemption disabled.
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
#define wpool_try_schedule_fn_ticket(pool, fn, arg, release, ticket)	\
	__wpool_try_schedule_fn_ticket(pool, fn, arg, release, THIS_MODULE, ticket)

int wpool_cancel_id(struct wpool *pool, u64 ticket);
int wpool_wait_id(struct wpool *pool, u64 ticket);
int wpool_wait_id_killable(struct wpool *pool, u64 ticket);
int wpool_wait_id_interruptible(struct wpool *pool, u64 ticket);
int wpool_flush_to(struct wpool *pool, u64 ticket);

/* With a key, and with a delay (core/submit_keyed.c, core/delayed_schedule.c) */
int __must_check wpool_schedule_keyed(struct wpool *pool, struct wpool_keyed_task *task,
				      u64 key);
int __must_check wpool_try_schedule_keyed(struct wpool *pool, struct wpool_keyed_task *task,
					  u64 key);
int __must_check wpool_schedule_keyed_timeout(struct wpool *pool, struct wpool_keyed_task *task,
					      u64 key, unsigned long timeout);
int __must_check wpool_schedule_keyed_interruptible(struct wpool *pool,
						    struct wpool_keyed_task *task, u64 key);
int __must_check wpool_schedule_delayed(struct wpool *pool, struct wpool_delayed_task *dtask,
					unsigned long delay);
int __must_check wpool_schedule_at(struct wpool *pool, struct wpool_delayed_task *dtask,
				   u64 when);
int __must_check wpool_schedule_every(struct wpool *pool, struct wpool_delayed_task *dtask,
				      unsigned long period);
unsigned long wpool_periods_skipped(const struct wpool_delayed_task *dtask);
int __must_check wpool_modify_delayed(struct wpool *pool, struct wpool_delayed_task *dtask,
				      unsigned long delay);
bool wpool_cancel_delayed(struct wpool_delayed_task *dtask);
bool wpool_cancel_delayed_sync(struct wpool_delayed_task *dtask);

/* Submitting and waiting (core/run_and_wait.c) */
int __must_check wpool_run(struct wpool *pool, wpool_fn_t fn, void *arg);
int __must_check __wpool_run_timeout(struct wpool *pool, wpool_fn_t fn, void *arg,
				     unsigned long timeout, struct module *owner);

/**
 * wpool_run_timeout() - call a function in the pool, and wait with a time limit
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t
 * @arg: what to call it with; must live until @fn has returned, which may be after this call
 *	has
 * @timeout: the longest wait, for room and for the result, in jiffies; never cut short.
 *	%MAX_SCHEDULE_TIMEOUT means for ever. With 0 a function that has not ended at once is given
 *	up, so as a rule it is not called.
 *
 * After a time-out the function is not called any more, or, if it has begun, it is asked to
 * stop: see wpool_should_stop(). With a limit the caller never runs it, even as the only worker of
 * @pool. If @fn may return -ETIMEDOUT itself nobody can tell whether
 * @arg is still in use: then take wpool_run_timeout_release(), or a task.
 *
 * Context: Process context; may sleep.
 * Return: what @fn returned, -ETIMEDOUT (@arg may still be in use), -ENOMEM, or as wpool_run().
 */
#define wpool_run_timeout(pool, fn, arg, timeout)			\
	__wpool_run_timeout(pool, fn, arg, timeout, THIS_MODULE)

int __must_check __wpool_run_timeout_release(struct wpool *pool, wpool_fn_t fn, void *arg,
					     unsigned long timeout,
					     wpool_release_t release,
					     struct module *owner);

/**
 * wpool_run_timeout_release() - the same, and release the argument
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t
 * @arg: what to call it with
 * @timeout: as for wpool_run_timeout()
 * @release: called with @arg, once, whatever the call returns, unless it is NULL: as
 *	wpool_task_set_release() says if the task was accepted; if it was refused, by the caller,
 *	with %WPOOL_FATE_CANCELLED
 *
 * So @arg need not outlive @fn otherwise. It is not the caller's any more; what the caller wants
 * of it needs a reference.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_run_timeout(); -EINVAL also if @release is NULL.
 */
#define wpool_run_timeout_release(pool, fn, arg, timeout, release)	\
	__wpool_run_timeout_release(pool, fn, arg, timeout, release, THIS_MODULE)

/* One task (core/wait.c) */
bool wpool_cancel(struct wpool_task *task);
bool wpool_cancel_sync(struct wpool_task *task);
int wpool_wait(struct wpool_task *task);
int wpool_wait_killable(struct wpool_task *task, int *result);
int wpool_wait_interruptible(struct wpool_task *task, int *result);
int wpool_wait_timeout(struct wpool_task *task, unsigned long timeout,
		       int *result);
bool wpool_task_queued(const struct wpool_task *task);
bool wpool_task_running(const struct wpool_task *task);

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

/* Groups (core/group.c, core/group_schedule.c, core/fn_release.c, core/group_wait.c) */
void wpool_group_init(struct wpool_group *group);
void wpool_group_init_fail_fast(struct wpool_group *group);
int __must_check wpool_group_schedule(struct wpool_group *group, struct wpool *pool,
				      struct wpool_task *task);
int __must_check wpool_group_try_schedule(struct wpool_group *group, struct wpool *pool,
					  struct wpool_task *task);
int __must_check wpool_group_force_schedule(struct wpool_group *group, struct wpool *pool,
					    struct wpool_task *task);
int __must_check wpool_group_schedule_timeout(struct wpool_group *group, struct wpool *pool,
					      struct wpool_task *task, unsigned long timeout);
int __must_check wpool_group_schedule_interruptible(struct wpool_group *group,
						    struct wpool *pool,
						    struct wpool_task *task);
int __must_check wpool_group_schedule_keyed(struct wpool_group *group, struct wpool *pool,
					    struct wpool_keyed_task *task, u64 key);
int __must_check wpool_group_try_schedule_keyed(struct wpool_group *group, struct wpool *pool,
						struct wpool_keyed_task *task, u64 key);
int __must_check wpool_group_schedule_keyed_timeout(struct wpool_group *group,
						    struct wpool *pool,
						    struct wpool_keyed_task *task, u64 key,
						    unsigned long timeout);
int __must_check wpool_group_schedule_keyed_interruptible(struct wpool_group *group,
							  struct wpool *pool,
							  struct wpool_keyed_task *task, u64 key);
int __must_check wpool_group_schedule_delayed(struct wpool_group *group, struct wpool *pool,
					      struct wpool_delayed_task *dtask,
					      unsigned long delay);
int __must_check __wpool_group_schedule_fn(struct wpool_group *group, struct wpool *pool,
					   wpool_fn_t fn, void *arg, struct module *owner);
int __must_check __wpool_group_schedule_fn_release(struct wpool_group *group,
						   struct wpool *pool, wpool_fn_t fn,
						   void *arg, wpool_release_t release,
						   struct module *owner);
int wpool_group_wait(struct wpool_group *group);
int wpool_group_wait_killable(struct wpool_group *group);
int wpool_group_wait_interruptible(struct wpool_group *group);
int wpool_group_wait_timeout(struct wpool_group *group, unsigned long timeout);
unsigned int wpool_group_cancel(struct wpool_group *group);
int wpool_group_cancel_sync(struct wpool_group *group);

/**
 * wpool_group_schedule_fn() - call a function in the pool, as part of a group
 * @group: the group
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result counts for the group
 * @arg: what to call it with
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_group_schedule(), or -ENOMEM.
 */
#define wpool_group_schedule_fn(group, pool, fn, arg)			\
	__wpool_group_schedule_fn(group, pool, fn, arg, THIS_MODULE)

/**
 * wpool_group_schedule_fn_release() - the same with a release
 * @group: the group
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result counts for the group
 * @arg: what to call it with
 * @release: as for wpool_schedule_fn_release(); the group may end before it is called
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_group_schedule(), or -ENOMEM.
 */
#define wpool_group_schedule_fn_release(group, pool, fn, arg, release)	\
	__wpool_group_schedule_fn_release(group, pool, fn, arg, release, THIS_MODULE)

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
struct wpool *wpool_of_thread(const struct task_struct *thread);
bool __wpool_is_own(const struct wpool *pool, const struct module *owner);

/**
 * wpool_is_own() - check whether a pool was made by the calling module
 * @pool: the pool, or NULL
 *
 * For code that may be called from any task: wpool_priv() of wpool_current() is what it takes
 * it for only if this is true.
 *
 * Context: any.
 * Return: true if it was; false for NULL.
 */
#define wpool_is_own(pool)	__wpool_is_own(pool, THIS_MODULE)

int wpool_resize(struct wpool *pool, unsigned int capacity);
int wpool_prestart(struct wpool *pool, unsigned int n);
int wpool_wait_started(struct wpool *pool);
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
 * @rule: which one wpool_set_pick() picks
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

__printf(5, 6)
struct wpool_set *__wpool_set_create_fmt(const struct wpool_attrs *attrs, unsigned int n,
					 enum wpool_rule rule, struct module *owner,
					 const char *fmt, ...);

/**
 * wpool_set_create_fmt() - make several pools of one kind, whose name is formatted
 * @attrs: as for wpool_create(), for each pool
 * @n: as for wpool_set_create()
 * @rule: which one wpool_set_pick() picks
 * @fmt: the format of the name, as for printk(); its arguments follow
 *
 * The pools get names as with wpool_set_create(); with %WPOOL_NUMBERED each has a dash and a number
 * of its own behind that.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_set_create().
 */
#define wpool_set_create_fmt(attrs, n, rule, fmt, ...)			\
	__wpool_set_create_fmt(attrs, n, rule, THIS_MODULE, fmt, ##__VA_ARGS__)

struct wpool *wpool_set_pick(struct wpool_set *set, u64 key);
struct wpool *wpool_set_nth(struct wpool_set *set, unsigned int i);
int __must_check wpool_set_schedule(struct wpool_set *set, struct wpool_task *task, u64 key);
int __must_check wpool_set_try_schedule(struct wpool_set *set, struct wpool_task *task, u64 key);
int wpool_set_flush(struct wpool_set *set);
int wpool_set_drain(struct wpool_set *set);
void wpool_set_shutdown(struct wpool_set *set);
int wpool_set_destroy(struct wpool_set *set);

#endif /* _LINUX_WPOOL_H */
