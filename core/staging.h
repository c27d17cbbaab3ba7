/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the staging queue that every task passes; see staging.c. */
#ifndef _WPOOL_STAGING_H
#define _WPOOL_STAGING_H

#include <linux/lockdep.h>
#include <trace/events/wpool.h>

#include "counter.h"
#include "marks.h"
#include "objects.h"
#include "pool.h"
#include "queue_batch.h"
#include "task.h"
#include "task_lists.h"
#include "types.h"
#include "worker_list.h"

void staging_init(struct wpool *pool);
void staging_free(struct wpool *pool);
void staging_give_back(struct wpool *pool, struct wpool_task *task);
struct wpool_task *staging_keep(struct wpool *pool, struct wpool_task *chain);
void __staging_shut(struct wpool *pool);
void __staging_collect(struct wpool *pool);
void __staging_offer(struct wpool *pool);
void __staging_count(struct wpool *pool);
struct wpool_task *__staging_pop(struct wpool *pool, const struct wpool_worker *worker, u8 color);

/*
 * May it be opened: does one more task need nothing but its place? This stays true while it is
 * open: a thread that changes it has shut the staging queue first. Needs pool->lock.
 */
static inline bool staging_may_open(const struct wpool *pool)
{
	return pool->state == WPOOL_STATE_RUNNING && !pool->conf.one_by_one &&
	       !pool_is_paused(pool) && !pool_end_marks(pool, MARK_ROOM | MARK_ASLEEP) &&
	       (workers_searching(pool) ||
		(!workers_idle(pool) && !pool_may_grow(pool)));
}

/* Needs pool->lock. */
static inline bool staging_is_open(const struct wpool *pool)
{
	return pool->staging.limit;
}

/* Tasks accepted that came this way; read anywhere. */
static inline u64 staging_accepted(const struct wpool *pool)
{
	return atomic64_read(&pool->staging.accepted);
}

/* How many of them went on; read anywhere. */
static inline u64 staging_collected(const struct wpool *pool)
{
	return atomic64_read(&pool->staging.collected);
}

/* How many of those are not counted under the color yet. */
static inline unsigned int staging_uncounted(const struct wpool *pool)
{
	return (unsigned int)staging_collected(pool) - READ_ONCE(pool->staging.counted);
}

/*
 * For &wpool_run.serial. If a run submits the task of another one, the other sees both counters no
 * lower than the first did, and has added one.
 */
static inline u64 pool_serial(const struct wpool *pool)
{
	return runs_counted(pool) + staging_collected(pool);
}

/* For a run that begins now. Needs pool->lock. */
static inline u64 pool_next_serial(struct wpool *pool)
{
	return runs_count(pool) + staging_collected(pool);
}

/* How many tasks are in it. Needs no lock, but then may be out of date. */
static inline unsigned int staging_count(const struct wpool *pool)
{
	unsigned int collected = staging_collected(pool);

	smp_rmb();	/* pairs with the lock: what is collected was accepted before */
	return (unsigned int)staging_accepted(pool) - collected;
}

/* How many tasks were accepted and have not begun. Locking as for staging_count(). */
static inline unsigned int pool_waiting(const struct wpool *pool)
{
	return pool_collected(pool) + staging_count(pool);
}

/**
 * staging_shut() - move all staged tasks to the queue, and let no more come
 * @pool: the pool
 *
 * Context: pool->lock held.
 */
static inline void staging_shut(struct wpool *pool)
{
	if (unlikely(staging_is_open(pool)))
		__staging_shut(pool);
}

/**
 * staging_collect() - move all staged tasks to the queue
 * @pool: the pool
 *
 * For a worker that is about to look at the queue. If that has no task of normal priority then, the
 * staging queue is shut: so no worker goes to sleep while it is open. Context: pool->lock held.
 */
static inline void staging_collect(struct wpool *pool)
{
	if (staging_is_open(pool))
		__staging_collect(pool);
}

/*
 * May a staged task follow, by staging_pop(), when a worker has ended this one? Needs pool->lock.
 */
static inline bool staging_may_follow(const struct wpool *pool, const struct wpool_task *task)
{
	return staging_is_open(pool) && batch_fits(task, task->color);
}

/**
 * staging_pop() - take the only staged task, if it is the next to begin
 * @pool: the pool
 * @worker: the current thread, which may begin it without pool->lock after its last run
 * @color: that of its last run
 *
 * For a chain: a worker comes back and finds what its task has submitted, and pool->lock is not
 * taken between the two. The next one may be for staging_take().
 *
 * Context: batch->lock held, and the batch is empty.
 * Return: the task, or NULL: it has others before it or behind it, or needs pool->lock.
 */
static __always_inline struct wpool_task *
staging_pop(struct wpool *pool, const struct wpool_worker *worker, u8 color)
{
	if (likely(staging_count(pool) != 1) || !worker_may_batch(worker))
		return NULL;
	return __staging_pop(pool, worker, color);
}

/* Interrupts are on. */
static __always_inline void staging_lock_irq(struct wpool *pool)
	__acquires(&pool->staging.lock)
{
	raw_spin_lock_irq(&pool->staging.lock);
}

static __always_inline void staging_unlock_irq(struct wpool *pool)
	__releases(&pool->staging.lock)
{
	raw_spin_unlock_irq(&pool->staging.lock);
}

/*
 * Has this worker taken its last task by staging_pop() or staging_take(), and nobody had a reason
 * to shut the staging queue since? Then staging->lock, which this needs, guards what its run says.
 * See staging.c.
 */
static __always_inline bool
staging_taker_is(const struct wpool *pool, const struct wpool_worker *worker)
{
	return pool->staging.taker == worker->pid_nr;
}

/* The first staged task, for staging_take(), or no task at all. Needs staging->lock. */
static __always_inline struct wpool_task *staging_first(struct wpool *pool)
{
	return list_first_entry(&pool->staging.tasks, struct wpool_task, node);
}

/*
 * Does nobody need to know when the staged task begins and ends? Nobody waits for it, and it has
 * no group: who changes that has shut the staging queue. It is plain, but may be wpool's. Of those
 * that are, the worker must not keep too many.
 */
static __always_inline bool staged_fits(const struct wpool_worker *worker,
					const struct wpool_task *task)
{
	return !task->flags || (task_is_ours(task) && worker_may_batch(worker));
}

/**
 * staging_take() - take the only staged task, without batch->lock
 * @pool: the pool
 * @worker: the current thread
 * @task: from staging_first()
 *
 * Context: staging->lock held, and the worker is the taker.
 * Return: true if it has @task now.
 */
static __always_inline bool
staging_take(struct wpool *pool, const struct wpool_worker *worker, const struct wpool_task *task)
{
	struct wpool_staging *staging = &pool->staging;
	struct list_head *tasks = &staging->tasks;

	if (!list_is_singular(tasks) || unlikely(!staged_fits(worker, task)))
		return false;
	INIT_LIST_HEAD(tasks);
	counter_add(&staging->collected, 1);
	return true;
}

/**
 * staging_count_popped() - count what workers have taken by staging_pop() under its color
 * @pool: the pool
 *
 * For a worker that is about to count such a task down. Context: pool->lock held.
 */
static inline void staging_count_popped(struct wpool *pool)
{
	if (staging_uncounted(pool))
		__staging_count(pool);
}

/*
 * Does the task need neither pool->lock nor a message? A pool that has the task already may be
 * pinning its owner just now.
 */
static __always_inline bool task_is_plain(const struct wpool *pool,
					  const struct wpool_task *task)
{
	return task && task->fn && task->prio == WPOOL_PRIO_NORMAL && !task->delayed &&
	       (likely(!(READ_ONCE(task->flags) & (WPOOL_TASK_KEYED | WPOOL_TASK_ONSTACK |
						   WPOOL_TASK_TRACKED | WPOOL_TASK_DETACHED))) ||
		task_is_ours(task)) &&
	       (!task->owner || task->owner == pool->owner);
}

/*
 * Is it worth to be opened? If a worker searches, when more tasks are ready than it and those woken
 * after it will take; else as soon as all are busy. Needs pool->lock.
 */
static inline bool staging_pays(const struct wpool *pool)
{
	unsigned int ready = tasks_queued(pool) - tasks_deferred(pool);
	unsigned int searching = workers_searching(pool);

	return searching ? ready > searching + 1 : ready && !workers_idle(pool);
}

/* Opens it if that pays, and if @task could have come that way. Needs pool->lock. */
static inline void staging_offer(struct wpool *pool, const struct wpool_task *task)
{
	if (staging_pays(pool) && task_is_plain(pool, task))
		__staging_offer(pool);
}

/*
 * list_add_tail() without the call that CONFIG_DEBUG_LIST adds to it, which distributions set: that
 * would be 27 instructions of each task. Needs staging->lock.
 */
static __always_inline void staging_link(struct wpool_staging *staging, struct wpool_task *task)
{
	struct list_head *last = staging->tasks.prev;

	task->node.next = &staging->tasks;
	task->node.prev = last;
	last->next = &task->node;
	staging->tasks.prev = &task->node;
}

/*
 * Accepts a plain task. Needs staging->lock. Return: false if it is shut or full, or a pool has
 * the task.
 */
static __always_inline bool staging_put(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_staging *staging = &pool->staging;
	/* Pairs with the release in task_settle(), perhaps in another pool. */
	u8 state = smp_load_acquire(&task->state);
	u64 accepted = atomic64_read(&staging->accepted);

	lockdep_assert_held(&staging->lock);
	if (unlikely(accepted >= staging->limit || state & TASK_ACCEPTED))
		return false;
	atomic64_set(&staging->accepted, accepted + 1);
	WRITE_ONCE(task->pool, pool);
	objects_task_accepted(task);
	task->color = staging->color;
	if (trace_wpool_task_queue_enabled())
		trace_wpool_task_queue(pool->name, task, task->fn);
	staging_link(staging, task);
	/* Release: as in queue_put(). */
	smp_store_release(&task->state, TASK_QUEUED);
	return true;
}

/**
 * staging_submit() - accept a task without pool->lock
 * @pool: the pool, or NULL
 * @task: the task, or NULL
 *
 * Return: false if this is not possible; then nothing has changed.
 */
static __always_inline bool staging_submit(struct wpool *pool, struct wpool_task *task)
{
	unsigned long flags;
	bool ret;

	if (IS_ERR_OR_NULL(pool) || !READ_ONCE(pool->staging.limit) ||
	    !task_is_plain(pool, task))
		return false;
	raw_spin_lock_irqsave(&pool->staging.lock, flags);
	ret = staging_put(pool, task);
	raw_spin_unlock_irqrestore(&pool->staging.lock, flags);
	return ret;
}

/* Submits as many as the staging queue takes, in one hold of its lock. */
static inline unsigned int staging_submit_some(struct wpool *pool,
					       struct wpool_task **tasks,
					       unsigned int n)
{
	unsigned int accepted = 0;
	unsigned long flags;

	if (!READ_ONCE(pool->staging.limit))
		return 0;
	raw_spin_lock_irqsave(&pool->staging.lock, flags);
	while (accepted < n && task_is_plain(pool, tasks[accepted]) &&
	       staging_put(pool, tasks[accepted]))
		accepted++;
	raw_spin_unlock_irqrestore(&pool->staging.lock, flags);
	return accepted;
}

/*
 * Takes a spare task of the pool, and submits it in the same hold of the lock if the staging
 * queue takes it. Return: NULL if there is none.
 */
static __always_inline struct wpool_task *
staging_submit_spare(struct wpool *pool, wpool_fn_t fn, void *arg, struct module *owner,
		     bool *accepted)
{
	struct wpool_staging *staging = &pool->staging;
	struct wpool_task *task;
	unsigned long flags;

	if (!READ_ONCE(staging->nr_spare))
		return NULL;
	raw_spin_lock_irqsave(&staging->lock, flags);
	task = task_unchain(&staging->spare);
	if (task) {
		shared_dec(staging->nr_spare);
		task_set_up(task, fn, arg, owner);
		*accepted = task_is_plain(pool, task) && staging_put(pool, task);
	}
	raw_spin_unlock_irqrestore(&staging->lock, flags);
	return task;
}

#endif /* _WPOOL_STAGING_H */
