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
 * The names and fields of the events are stable. A pointer to a task only tells tasks apart,
 * and may be that of freed memory.
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
 * @depth: how many tasks may wait beyond those; UINT_MAX is without a bound
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
 * wpool_pool_state - a pool goes from one state to the next
 * @pool: its name
 * @from: the &enum wpool_state that it leaves
 * @to: the &enum wpool_state that it enters
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
 * wpool_pool_resize - a pool gets another capacity
 * @pool: its name
 * @from: the most workers it might have before
 * @to: the most that it may have now
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
 */
DEFINE_EVENT(wpool_worker, wpool_worker_start,
	TP_PROTO(const char *pool, unsigned int id), TP_ARGS(pool, id));

/**
 * wpool_worker_idle - the current thread found no task and sleeps
 * @pool: the name of its pool
 * @id: its number
 */
DEFINE_EVENT(wpool_worker, wpool_worker_idle,
	TP_PROTO(const char *pool, unsigned int id), TP_ARGS(pool, id));

/**
 * wpool_worker_exit - a worker is gone
 * @pool: the name of its pool
 * @id: its number
 *
 * Also for a worker that its task killed; then the thread that reaps it emits the event.
 */
DEFINE_EVENT(wpool_worker, wpool_worker_exit,
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
 */
DEFINE_EVENT(wpool_task, wpool_task_queue,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn));

/**
 * wpool_task_start - the current worker begins a task
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 */
DEFINE_EVENT(wpool_task, wpool_task_start,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn));

/**
 * wpool_task_drop - a task was dropped for lack of room, by the pool's policy
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 */
DEFINE_EVENT(wpool_task, wpool_task_drop,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn));

/**
 * wpool_task_cancel - a waiting task was taken back
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 */
DEFINE_EVENT(wpool_task, wpool_task_cancel,
	TP_PROTO(const char *pool, const void *task, wpool_fn_t fn),
	TP_ARGS(pool, task, fn));

/**
 * wpool_task_end - the function of a task has returned
 * @pool: the name of the pool
 * @task: the task
 * @fn: its function
 * @result: what it returned
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
