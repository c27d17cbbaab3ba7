/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every task goes through, so that it costs a test where nothing is to be
 * done: most of these stand in front of a function, told of in its own file, for
 * the case that is rare. Included by internal.h alone. All need pool->lock.
 */
#ifndef _WPOOL_FASTPATH_H
#define _WPOOL_FASTPATH_H

#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <trace/events/wpool.h>

static inline bool key_held_back(struct wpool *pool, struct wpool_task *task)
{
	return unlikely(task->flags & WPOOL_TASK_KEYED) &&
	       __key_held_back(pool, task);
}

static inline bool key_is_follower(const struct wpool_task *task)
{
	return unlikely(task->flags & WPOOL_TASK_KEYED) &&
	       __key_is_follower(task);
}

static inline void key_release(struct wpool *pool, struct wpool_task *task)
{
	if (unlikely(task->flags & WPOOL_TASK_KEYED))
		__key_release(pool, task);
}

static inline struct wpool_group *watch_take_group(struct wpool_task *task)
{
	return unlikely(task->watchers) ? __watch_take_group(task) : NULL;
}

static inline void watch_tell(struct wpool_task *task, int told, int value)
{
	if (unlikely(task->watchers))
		__watch_tell(task, told, value);
}

/* Counts a task that is being accepted. */
static inline void task_count(struct wpool *pool, struct wpool_task *task)
{
	WRITE_ONCE(task->pool, pool);
	task->color = pool->color;
	pool->undone[task->color]++;
	stat_inc(pool, WPOOL_STAT_SUBMITTED);
}

/* What the worker has ended that &wpool.undone does not know of. */
static inline unsigned int worker_unharvested(const struct wpool_worker *worker)
{
	return (unsigned int)atomic64_read(&worker->ended) - READ_ONCE(worker->harvested);
}

/* Counts tasks that have ended, accepted under @color. */
static inline void flush_done(struct wpool *pool, u8 color, unsigned int n)
{
	pool->undone[color] -= n;
	if (unlikely(pool->nr_flushing) && !pool->undone[color])
		flush_tell(pool, color);
}

/* Takes an entry off a list that may be walked, see walk.c. */
static inline void walk_del(struct wpool *pool, struct list_head *entry)
{
	if (unlikely(pool->cursor == entry))
		pool->cursor = entry->next;
	list_del(entry);
}

/**
 * batch_reclaim() - have all tasks that wait on the queue
 * @pool: the pool
 *
 * For who changes what may begin, or which is the next.
 */
static inline void batch_reclaim(struct wpool *pool)
{
	if (unlikely(READ_ONCE(pool->batch.left)))
		__batch_reclaim(pool);
}

/**
 * task_grab() - have a task's state change under the lock alone
 * @pool: its pool, if it is accepted
 * @task: the task; may have ended when this returns
 */
static inline void task_grab(struct wpool *pool, struct wpool_task *task)
{
	if (READ_ONCE(task->state) & TASK_BATCHED)
		__task_grab(pool, task);
}

/**
 * batch_fill() - move the next tasks on the queue to the batch
 * @pool: the pool; its batch is empty
 * @first: the one before them, which has just left the queue
 *
 * Return: true if there are any; then @first is to be batched as they are.
 */
static inline bool batch_fill(struct wpool *pool, const struct wpool_task *first)
{
	return pool->nr_queued > pool->nr_held && __batch_fill(pool, first);
}

/* What the thread has that begins a nested run. Needs pool->lock, which counts. */
static inline void leak_note(struct wpool_run *run)
{
	run->preempt = preempt_count() - PREEMPT_DISABLE_OFFSET;
	run->rcu = rcu_preempt_depth();
}

/**
 * leak_check() - see whether a function has left something behind, see leak.c
 * @pool: the pool
 * @run: the run that it belongs to
 * @fn: what has returned: a hook, or NULL for the function of the run
 * @locks: lockdep_depth() before it was called
 */
static __always_inline void leak_check(const struct wpool *pool,
				       const struct wpool_run *run, const void *fn,
				       int locks)
{
	locks = lockdep_depth(current) - locks;
	if (unlikely(preempt_count() | rcu_preempt_depth() | locks) ||
	    unlikely(irqs_disabled()))
		__leak_check(pool, run, fn, locks);
}

/**
 * queue_take_pin() - take over the reference that a queued task has on its owner
 * @task: the task; waits no more
 *
 * Return: what to module_put(), or NULL.
 */
static inline struct module *queue_take_pin(struct wpool_task *task)
{
	const u8 waiting = WPOOL_TASK_PINNED | WPOOL_TASK_AWAITED;
	u8 flags = task->flags;

	if (likely(!(flags & waiting)))
		return NULL;
	WRITE_ONCE(task->flags, flags & ~waiting);
	return flags & WPOOL_TASK_PINNED ? task->owner : NULL;
}

/* Does what run_revoke() has left. Of a task of this pool. */
static inline void run_clean(struct wpool_task *task)
{
	if (unlikely(task->state == (TASK_IN_FN | TASK_QUEUED)) && task->run->revoked)
		__run_clean(task);
}

/* Somebody waits, or is about to, for a task that waits itself. Needs pool->lock. */
static inline void task_mark_awaited(struct wpool_task *task)
{
	if (task->state & (TASK_QUEUED | TASK_DELAYED))
		WRITE_ONCE(task->flags, task->flags | WPOOL_TASK_AWAITED);
}

/* Nobody has the task but the pool, which has it back as soon as it has begun. */
static inline bool task_is_ours(const struct wpool_task *task)
{
	const u8 both = WPOOL_TASK_ALLOCATED | WPOOL_TASK_DETACHED;

	return (task->flags & both) == both;
}

/*
 * Sets the result of a task, tells its waiters and lets go of it: not to be
 * touched afterwards.
 */
static inline void task_settle(struct wpool_task *task, int result)
{
	WRITE_ONCE(task->result, result);
	watch_tell(task, 0, result);
	/*
	 * Release: who reads this without the lock may read the result, and may
	 * free or submit the task at once. Pairs with the acquire in task_lock_pool(),
	 * wpool_task_queued() and queue_check().
	 */
	smp_store_release(&task->state, TASK_DONE);
}

/**
 * tasks_uncount() - count tasks that have ended
 * @pool: their pool
 * @color: under which they were accepted
 * @n: how many
 */
static inline void tasks_uncount(struct wpool *pool, u8 color, unsigned int n)
{
	flush_done(pool, color, n);
	pool_mark_end(pool);
}

/* What the end of any task that was not batched brings about. */
static inline void task_uncount(struct wpool *pool, struct module *pinned,
				struct wpool_group *group, u8 color,
				int result)
{
	if (unlikely(pinned))
		module_put(pinned);
	if (unlikely(group))
		group_task_done(group, pool, result);
	tasks_uncount(pool, color, 1);
}

/* A task of wpool's own memory. */
static inline void task_set_up(struct wpool_task *task, wpool_fn_t fn, void *arg,
			       struct module *owner)
{
	__wpool_task_init(task, fn, arg, owner);
	task->flags = WPOOL_TASK_DETACHED | WPOOL_TASK_ALLOCATED;
}

/* Tasks of wpool's own memory that nobody needs are linked by their watchers. */
static inline void task_chain(struct wpool_task **chain, struct wpool_task *task)
{
	task->watchers = (unsigned long)*chain;
	*chain = task;
}

static inline struct wpool_task *task_unchain(struct wpool_task **chain)
{
	struct wpool_task *task = *chain;

	if (task)
		*chain = (struct wpool_task *)task->watchers;
	return task;
}

static inline void task_retire(struct wpool *pool, struct wpool_task *task)
{
	task->watchers = 0;
	tasks_retire(pool, task);
}

#endif /* _WPOOL_FASTPATH_H */
