/* SPDX-License-Identifier: GPL-2.0 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM wpool

#if !defined(_TRACE_WPOOL_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_WPOOL_H

#include <linux/tracepoint.h>
#include <linux/version.h>
#include <linux/wpool.h>

/* Since 6.10 the source comes from the declaration of the string. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 10, 0)
#define wpool_assign_str(dst, src)	__assign_str(dst, src)
#else
#define wpool_assign_str(dst, src)	__assign_str(dst)
#endif

/*
 * Each event says whether it is stable. A later version may have more events and more fields, and
 * may print them differently. A pointer to a task only tells tasks apart: its memory may be free.
 * In wpool_task_die and wpool_task_overdue the pointer to a detached task is NULL.
 */

#define show_wpool_state(state)						\
	__print_symbolic(state,						\
		{ WPOOL_STATE_RUNNING,		"RUNNING" },		\
		{ WPOOL_STATE_SHUTDOWN,		"SHUTDOWN" },		\
		{ WPOOL_STATE_STOP,		"STOP" },		\
		{ WPOOL_STATE_TIDYING,		"TIDYING" },		\
		{ WPOOL_STATE_TERMINATED,	"TERMINATED" })

TRACE_DEFINE_ENUM(WPOOL_STATE_RUNNING);
TRACE_DEFINE_ENUM(WPOOL_STATE_SHUTDOWN);
TRACE_DEFINE_ENUM(WPOOL_STATE_STOP);
TRACE_DEFINE_ENUM(WPOOL_STATE_TIDYING);
TRACE_DEFINE_ENUM(WPOOL_STATE_TERMINATED);

/**
 * wpool_pool_create - a pool is being created
 * @pool: its name
 * @capacity: the most workers it may have
 * @depth: how many tasks may be queued beyond those; UINT_MAX is no limit
 *
 * Stable: its name, and the names and meanings of its fields.
 */
TRACE_EVENT(wpool_pool_create,
	TP_PROTO(const char *pool, unsigned int capacity, unsigned int depth),
	TP_ARGS(pool, capacity, depth),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(unsigned int, capacity)
		__field(unsigned int, depth)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->capacity = capacity;
		__entry->depth = depth;
	),
	TP_printk("pool=%s capacity=%u depth=%u", __get_str(pool),
		  __entry->capacity, __entry->depth)
);

/**
 * wpool_pool_state - the state of a pool changes
 * @pool: its name
 * @from: the old &enum wpool_state
 * @to: the new &enum wpool_state
 *
 * Stable: its name, and the names and meanings of its fields.
 */
TRACE_EVENT(wpool_pool_state,
	TP_PROTO(const char *pool, int from, int to),
	TP_ARGS(pool, from, to),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(int, from)
		__field(int, to)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("pool=%s %s -> %s", __get_str(pool),
		  show_wpool_state(__entry->from), show_wpool_state(__entry->to))
);

/**
 * wpool_pool_resize - the capacity of a pool changes
 * @pool: its name
 * @from: the old capacity
 * @to: the new capacity
 *
 * Stable: its name, and the names and meanings of its fields.
 */
TRACE_EVENT(wpool_pool_resize,
	TP_PROTO(const char *pool, unsigned int from, unsigned int to),
	TP_ARGS(pool, from, to),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(unsigned int, from)
		__field(unsigned int, to)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("pool=%s %u -> %u", __get_str(pool), __entry->from, __entry->to)
);

DECLARE_EVENT_CLASS(wpool_worker,
	TP_PROTO(const char *pool, unsigned int id),
	TP_ARGS(pool, id),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(unsigned int, id)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->id = id;
	),
	TP_printk("pool=%s worker=%u", __get_str(pool), __entry->id)
);

/**
 * wpool_worker_start - the current thread begins as a worker
 * @pool: the name of its pool
 * @id: its number, counted up per pool
 *
 * Stable: its name, and the names and meanings of its fields.
 */
DEFINE_EVENT(wpool_worker, wpool_worker_start,
	TP_PROTO(const char *pool, unsigned int id), TP_ARGS(pool, id));

/**
 * wpool_worker_idle - the current worker has no task and sleeps
 * @pool: the name of its pool
 * @id: its number
 *
 * Stable: its name, and the names and meanings of its fields.
 */
DEFINE_EVENT(wpool_worker, wpool_worker_idle,
	TP_PROTO(const char *pool, unsigned int id), TP_ARGS(pool, id));

/**
 * wpool_worker_exit - a worker is gone
 * @pool: the name of its pool
 * @id: its number
 *
 * If the worker was killed, the thread that reaps it emits the event.
 *
 * Stable: its name, and the names and meanings of its fields.
 */
DEFINE_EVENT(wpool_worker, wpool_worker_exit,
	TP_PROTO(const char *pool, unsigned int id), TP_ARGS(pool, id));

/**
 * wpool_worker_die - a worker was killed, by a task or otherwise
 * @pool: the name of its pool
 * @id: its number
 *
 * Emitted by the thread that reaps it. wpool_task_die names the tasks that it was inside.
 *
 * Stable: its name, and the names and meanings of its fields.
 */
DEFINE_EVENT(wpool_worker, wpool_worker_die,
	TP_PROTO(const char *pool, unsigned int id), TP_ARGS(pool, id));

DECLARE_EVENT_CLASS(wpool_task,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(const void *, task)
		__field(void *, fn)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->task = task;
		__entry->fn = fn;
	),
	TP_printk("pool=%s task=%p fn=%ps", __get_str(pool), __entry->task,
		  __entry->fn)
);

/**
 * wpool_task_queue - a task was accepted
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 *
 * Stable: its name, and the names and meanings of its fields.
 */
DEFINE_EVENT(wpool_task, wpool_task_queue,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn));

/**
 * wpool_task_start - the current worker begins a task
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 *
 * Stable: its name, and the names and meanings of its fields.
 */
DEFINE_EVENT(wpool_task, wpool_task_start,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn));

/**
 * wpool_task_drop - a task was dropped for lack of room, by the pool's policy
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 *
 * Stable: its name, and the names and meanings of its fields.
 */
DEFINE_EVENT(wpool_task, wpool_task_drop,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn));

/**
 * wpool_task_cancel - a queued or delayed task was cancelled
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 *
 * Stable: its name, and the names and meanings of its fields.
 */
DEFINE_EVENT(wpool_task, wpool_task_cancel,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn));

/**
 * wpool_task_block - a submitter is about to sleep until there is room
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 *
 * Stable: its name, and the names and meanings of its fields.
 */
DEFINE_EVENT(wpool_task, wpool_task_block,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn));

/**
 * wpool_task_unblock - the current thread has slept for room, and is awake
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 * @ns: how long, in nanoseconds, until it ran again
 * @result: 0 if the task was accepted meanwhile, or the errno that its call returns
 *
 * Not for a thread that went to sleep before this event was enabled. wpool_task_block need not be
 * enabled.
 *
 * Stable: its name, and the names and meanings of its fields.
 */
TRACE_EVENT(wpool_task_unblock,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn, u64 ns, int result),
	TP_ARGS(pool, task, fn, ns, result),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(const void *, task)
		__field(void *, fn)
		__field(u64, ns)
		__field(int, result)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->task = task;
		__entry->fn = fn;
		__entry->ns = ns;
		__entry->result = result;
	),
	TP_printk("pool=%s task=%p fn=%ps ns=%llu result=%d", __get_str(pool),
		  __entry->task, __entry->fn, __entry->ns, __entry->result)
);

/**
 * wpool_task_refuse - a task was refused
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 * @error: the errno that the call returns
 *
 * Once for each that %WPOOL_STAT_REJECTED counts.
 *
 * Stable: its name, and the names and meanings of its fields.
 */
TRACE_EVENT(wpool_task_refuse,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn, int error),
	TP_ARGS(pool, task, fn, error),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(const void *, task)
		__field(void *, fn)
		__field(int, error)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->task = task;
		__entry->fn = fn;
		__entry->error = error;
	),
	TP_printk("pool=%s task=%p fn=%ps error=%d", __get_str(pool),
		  __entry->task, __entry->fn, __entry->error)
);

/**
 * wpool_task_delay - a task is delayed, or its time was changed
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 * @due: when it is queued, in jiffies of get_jiffies_64()
 *
 * wpool_task_queue came before, when it was accepted, and wpool_task_start is next. Not for a task
 * without a delay, nor for the next time of a periodic task.
 *
 * Stable: its name, and the names and meanings of its fields.
 */
TRACE_EVENT(wpool_task_delay,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn, u64 due),
	TP_ARGS(pool, task, fn, due),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(const void *, task)
		__field(void *, fn)
		__field(u64, due)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->task = task;
		__entry->fn = fn;
		__entry->due = due;
	),
	TP_printk("pool=%s task=%p fn=%ps due=%llu", __get_str(pool),
		  __entry->task, __entry->fn, __entry->due)
);

/**
 * wpool_task_die - the function of a task has killed its thread
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 * @pid: the number of the thread, a worker or a submitter that ran the task itself
 *
 * Instead of wpool_task_end, when the thread is reaped.
 *
 * Stable: its name, and the names and meanings of its fields.
 */
TRACE_EVENT(wpool_task_die,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn, pid_t pid),
	TP_ARGS(pool, task, fn, pid),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(const void *, task)
		__field(void *, fn)
		__field(pid_t, pid)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->task = task;
		__entry->fn = fn;
		__entry->pid = pid;
	),
	TP_printk("pool=%s task=%p fn=%ps pid=%d", __get_str(pool),
		  __entry->task, __entry->fn, __entry->pid)
);

/**
 * wpool_task_overdue - a task has run for longer than the pool's watchdog allows
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 * @pid: the number of the thread that it runs in
 * @ms: how long it has run, in milliseconds
 *
 * Once for each that %WPOOL_STAT_OVERDUE counts; emitted by another thread.
 *
 * Stable: its name, and the names and meanings of its fields.
 */
TRACE_EVENT(wpool_task_overdue,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn, pid_t pid, unsigned int ms),
	TP_ARGS(pool, task, fn, pid, ms),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(const void *, task)
		__field(void *, fn)
		__field(pid_t, pid)
		__field(unsigned int, ms)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->task = task;
		__entry->fn = fn;
		__entry->pid = pid;
		__entry->ms = ms;
	),
	TP_printk("pool=%s task=%p fn=%ps pid=%d ms=%u", __get_str(pool),
		  __entry->task, __entry->fn, __entry->pid, __entry->ms)
);

/**
 * wpool_task_end - the function of a task has returned
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 * @result: what it returned
 *
 * Stable: its name, and the names and meanings of its fields.
 */
TRACE_EVENT(wpool_task_end,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn, int result),
	TP_ARGS(pool, task, fn, result),
	TP_STRUCT__entry(
		__string(pool, pool)
		__field(const void *, task)
		__field(void *, fn)
		__field(int, result)
	),
	TP_fast_assign(
		wpool_assign_str(pool, pool);
		__entry->task = task;
		__entry->fn = fn;
		__entry->result = result;
	),
	TP_printk("pool=%s task=%p fn=%ps result=%d", __get_str(pool),
		  __entry->task, __entry->fn, __entry->result)
);

#endif /* _TRACE_WPOOL_H */

#include <trace/define_trace.h>
