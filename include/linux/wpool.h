/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wpool: bounded worker pools.
 *
 * A pool runs tasks (one function call each) on at most `capacity` kernel
 * threads of its own and lets at most `queue_depth` more tasks wait. A module
 * that wants one of its functions called writes
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
 *	any context (hard irq included, not NMI), never sleeps:
 *		wpool_try_schedule(), wpool_try_schedule_fn(), wpool_cancel(),
 *		wpool_task_queued(), wpool_task_running(), wpool_shutdown(),
 *		wpool_stats(), wpool_get(), wpool_put(), wpool_current(),
 *		wpool_name(), wpool_resize()
 *	process context, may sleep:
 *		everything else
 *
 * Who owns what: the memory of a task is its caller's, and the pool touches it
 * from a successful submission until its result is set. A pool is counted: the
 * reference of wpool_create() is dropped by wpool_destroy(), that of
 * wpool_get() and wpool_find() by wpool_put().
 */
#ifndef _LINUX_WPOOL_H
#define _LINUX_WPOOL_H

#include <linux/build_bug.h>
#include <linux/export.h>
#include <linux/list.h>
#include <linux/types.h>

struct module;
struct wpool;

/* The longest name of a pool, its terminating NUL not counted. */
#define WPOOL_NAME_MAX		31

#define WPOOL_DEFAULT_CAPACITY	100
#define WPOOL_MAX_CAPACITY	10000
#define WPOOL_DEFAULT_DEPTH	1024
#define WPOOL_DEFAULT_IDLE_MS	10000

/* Special values of &wpool_attrs.queue_depth. */
#define WPOOL_QUEUE_HANDOFF	(-1)	/* nobody waits: a worker is free or the pool is full */
#define WPOOL_QUEUE_UNBOUNDED	(-2)

/**
 * typedef wpool_fn_t - what a task calls
 * @arg: as given to wpool_task_init(); the pool does not look at it
 *
 * Context: a worker kthread of the pool; may sleep. Must return with the
 * interrupts, preemption and locks as it found them.
 * Return: the result of the task: 0, -errno, or any int.
 */
typedef int (*wpool_fn_t)(void *arg);

/**
 * enum wpool_priority - which of the waiting tasks goes first
 * @WPOOL_PRIO_HIGH: before all others
 * @WPOOL_PRIO_NORMAL: what a task has unless told otherwise
 * @WPOOL_PRIO_LOW: when nothing else waits
 * @WPOOL_NR_PRIOS: how many there are
 *
 * Strict: a task starts only when none of a higher priority waits. First in,
 * first out within one priority.
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
 */
enum wpool_full {
	WPOOL_FULL_BLOCK,
	WPOOL_FULL_FAIL,
};

/**
 * enum wpool_state - the life of a pool, passed through in this order only
 * @WPOOL_STATE_RUNNING: accepts tasks and runs them
 * @WPOOL_STATE_SHUTDOWN: accepts none; what was accepted still runs
 * @WPOOL_STATE_STOP: accepts none; what was queued has been handed back
 * @WPOOL_STATE_TIDYING: no task and no worker is left
 * @WPOOL_STATE_TERMINATED: those who waited for the end have been told
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

/**
 * struct wpool_task - one function call to be made
 *
 * Embedded by the caller, on the stack if need be; set up by wpool_task_init()
 * or DEFINE_WPOOL_TASK(), and from then on the pool's: every member is private.
 */
struct wpool_task {
	/* private: guarded by the lock of the pool unless core/internal.h says otherwise */
	struct list_head	node;
	wpool_fn_t		fn;
	void			*arg;
	struct wpool		*pool;
	struct module		*owner;
	struct hlist_head	waiters;
	int			result;
	u8			state;
	u8			prio;
	u8			flags;
	u8			color;
};

#ifdef CONFIG_64BIT
static_assert(sizeof(struct wpool_task) <= 64);
#endif

#define __WPOOL_TASK_INITIALIZER(name, _fn, _arg) {			\
	.node	= LIST_HEAD_INIT((name).node),				\
	.fn	= (_fn),						\
	.arg	= (_arg),						\
	.owner	= THIS_MODULE,						\
	.prio	= WPOOL_PRIO_NORMAL,					\
}

/**
 * DEFINE_WPOOL_TASK - define a task and set it up
 * @name: the variable
 * @fn: what it calls, a wpool_fn_t
 * @arg: what it is called with; NULL is data
 */
#define DEFINE_WPOOL_TASK(name, fn, arg)				\
	struct wpool_task name = __WPOOL_TASK_INITIALIZER(name, fn, arg)

static inline void __wpool_task_init(struct wpool_task *task, wpool_fn_t fn,
				     void *arg, struct module *owner)
{
	*task = (struct wpool_task) {
		.node	= LIST_HEAD_INIT(task->node),
		.fn	= fn,
		.arg	= arg,
		.owner	= owner,
		.prio	= WPOOL_PRIO_NORMAL,
	};
}

/**
 * wpool_task_init() - set up a task
 * @task: the task; neither queued nor running
 * @fn: what it calls, a wpool_fn_t
 * @arg: what it is called with; NULL is data
 *
 * Also records the calling module as the owner, which a pool of another module
 * pins for as long as the task is queued or running.
 *
 * Context: any.
 */
#define wpool_task_init(task, fn, arg)					\
	__wpool_task_init(task, fn, arg, THIS_MODULE)

/**
 * wpool_task_set_priority() - say which of the waiting tasks goes first
 * @task: the task; neither queued nor running
 * @prio: its priority from the next submission on
 *
 * Context: any.
 */
static inline void wpool_task_set_priority(struct wpool_task *task,
					   enum wpool_priority prio)
{
	task->prio = prio;
}

/**
 * wpool_task_set_detached() - let the function free the memory of its task
 * @task: the task; neither queued nor running
 *
 * The pool does not touch a detached task once its function has begun, so
 * nobody can wait for it: wpool_wait() is -EINVAL.
 *
 * Context: any.
 */
static inline void wpool_task_set_detached(struct wpool_task *task)
{
	task->flags |= WPOOL_TASK_DETACHED;
}

/**
 * struct wpool_attrs - what a pool is to be; zero-filled is all defaults
 * @capacity: the most workers, so the most tasks running at once; 0 is
 *	%WPOOL_DEFAULT_CAPACITY, more than %WPOOL_MAX_CAPACITY is clamped with a
 *	notice
 * @min_workers: how many workers are started at once and kept when idle; at
 *	least one always is
 * @queue_depth: how many tasks may wait beyond those that a free or startable
 *	worker takes at once; 0 is %WPOOL_DEFAULT_DEPTH, or %WPOOL_QUEUE_HANDOFF
 *	or %WPOOL_QUEUE_UNBOUNDED
 * @full: what wpool_schedule() does when the queue is full
 * @idle_timeout_ms: how long, in milliseconds, a worker beyond @min_workers
 *	idles before it leaves; 0 is %WPOOL_DEFAULT_IDLE_MS
 * @spin_us: how long, in microseconds, a worker that found no task looks on
 *	before it sleeps; 0 is not at all. At most one worker of a pool does.
 * @flags: 0; any other bit is refused
 */
struct wpool_attrs {
	unsigned int	capacity;
	unsigned int	min_workers;
	int		queue_depth;
	enum wpool_full	full;
	unsigned int	idle_timeout_ms;
	unsigned int	spin_us;
	unsigned int	flags;
};

#define WPOOL_ATTRS_INIT	{ }

/**
 * enum wpool_stat - what wpool_stats() counts; the same names in debugfs
 * @WPOOL_STAT_SUBMITTED: tasks accepted
 * @WPOOL_STAT_COMPLETED: tasks whose function has returned
 * @WPOOL_STAT_CANCELLED: tasks taken back before they began
 * @WPOOL_STAT_OOPSED: tasks whose function took its worker down
 * @WPOOL_STAT_REJECTED: submissions refused: full, timed out, killed or closed
 * @WPOOL_STAT_NESTED: tasks run by a worker that waited for them
 * @WPOOL_STAT_CREATED: workers started
 * @WPOOL_STAT_EXPIRED: workers that left because they had idled long enough
 * @WPOOL_STAT_DIED: workers that a task took down
 * @WPOOL_STAT_LARGEST: the most workers there have been at once
 * @WPOOL_STAT_CAPACITY: now: the most workers there may be
 * @WPOOL_STAT_WORKERS: now: workers
 * @WPOOL_STAT_IDLE: now: workers without a task
 * @WPOOL_STAT_RUNNING: now: tasks inside their function
 * @WPOOL_STAT_QUEUED: now: tasks accepted and waiting
 * @WPOOL_STAT_BLOCKED: now: submitters asleep for want of room
 * @WPOOL_NR_STATS: how many there are
 *
 * At rest SUBMITTED == COMPLETED + CANCELLED + OOPSED; before, the sum is never
 * the larger.
 */
enum wpool_stat {
	WPOOL_STAT_SUBMITTED,
	WPOOL_STAT_COMPLETED,
	WPOOL_STAT_CANCELLED,
	WPOOL_STAT_OOPSED,
	WPOOL_STAT_REJECTED,
	WPOOL_STAT_NESTED,
	WPOOL_STAT_CREATED,
	WPOOL_STAT_EXPIRED,
	WPOOL_STAT_DIED,
	WPOOL_STAT_LARGEST,
	WPOOL_STAT_CAPACITY,
	WPOOL_STAT_WORKERS,
	WPOOL_STAT_IDLE,
	WPOOL_STAT_RUNNING,
	WPOOL_STAT_QUEUED,
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

/* Ways in (core/submit.c) */
int wpool_schedule(struct wpool *pool, struct wpool_task *task);
int wpool_try_schedule(struct wpool *pool, struct wpool_task *task);
int wpool_schedule_timeout(struct wpool *pool, struct wpool_task *task,
			   unsigned long timeout);
int wpool_run(struct wpool *pool, wpool_fn_t fn, void *arg);
int __wpool_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
			struct module *owner);
int __wpool_try_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
			    struct module *owner);

/**
 * wpool_schedule_fn() - have a function called, without a task of one's own
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with
 *
 * Context: Process context; may sleep. Allocates with GFP_KERNEL.
 * Return: as wpool_schedule(), or -ENOMEM.
 */
#define wpool_schedule_fn(pool, fn, arg)				\
	__wpool_schedule_fn(pool, fn, arg, THIS_MODULE)

/**
 * wpool_try_schedule_fn() - have a function called, from any context
 * @pool: the pool
 * @fn: what to call, a wpool_fn_t; its result is dropped
 * @arg: what to call it with
 *
 * Context: Any context but NMI. Allocates with GFP_ATOMIC.
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
#define wpool_try_schedule_fn(pool, fn, arg)				\
	__wpool_try_schedule_fn(pool, fn, arg, THIS_MODULE)

/* One task (core/wait.c) */
bool wpool_cancel(struct wpool_task *task);
int wpool_wait(struct wpool_task *task);
int wpool_wait_timeout(struct wpool_task *task, unsigned long timeout,
		       int *result);
bool wpool_task_queued(const struct wpool_task *task);
bool wpool_task_running(const struct wpool_task *task);

/* All tasks of a pool (core/wait.c) */
void wpool_flush(struct wpool *pool);
void wpool_drain(struct wpool *pool);

/* Inside a task (core/worker.c) */
struct wpool *wpool_current(void);

/* Pools (core/pool.c) */
struct wpool *__wpool_create(const char *name, const struct wpool_attrs *attrs,
			     struct module *owner);

/**
 * wpool_create() - make a pool and start its first workers
 * @name: 1 to %WPOOL_NAME_MAX printable characters without a slash, the only
 *	pool of that name; copied
 * @attrs: what the pool is to be, or NULL for the defaults; copied
 *
 * The calling module becomes the owner: tasks of its own do not pin it, so its
 * exit must call wpool_destroy().
 *
 * Context: Process context; may sleep.
 * Return: The pool, with one reference for wpool_destroy(), or an ERR_PTR:
 * -EINVAL (name or attributes; a message says which), -EEXIST (the name is
 * taken), -ENOMEM or what else creating a thread gave.
 */
#define wpool_create(name, attrs)					\
	__wpool_create(name, attrs, THIS_MODULE)

struct wpool *wpool_default(void);
struct wpool *wpool_find(const char *name);
struct wpool *wpool_get(struct wpool *pool);
void wpool_put(struct wpool *pool);
const char *wpool_name(const struct wpool *pool);
void wpool_stats(struct wpool *pool, struct wpool_stats *stats);
int wpool_resize(struct wpool *pool, unsigned int capacity);
void wpool_shutdown(struct wpool *pool);
int wpool_await_termination(struct wpool *pool, unsigned long timeout);
int wpool_destroy(struct wpool *pool);

#endif /* _LINUX_WPOOL_H */
