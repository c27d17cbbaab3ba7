// SPDX-License-Identifier: GPL-2.0
/*
 * The staging queue: submitters leave tasks here without meeting the workers at pool->lock.
 *
 * It is a list with a lock of its own, behind the queue. While it is open a plain task is
 * accepted by putting it there. That takes one hold of its lock; a worker takes this lock only
 * when it comes for its next task, to collect all staged tasks at once, or to take the only one.
 * All submitters share one list, so the order of acceptance is the order of the holds of its
 * lock.
 *
 * The rest of the pool need not know it: pool_lock() shuts the staging queue and moves its
 * tasks to the queue. So for a thread with pool->lock there is no staging queue. Only a worker
 * that comes back from a task takes the lock without shutting it, in task_run.c. Whatever that
 * worker must not overlook there is handled by staging_collect() before it looks at the queue,
 * and by the calls of staging_shut() in queue_link() and flush_complete().
 *
 * It is opened when staging_may_open() says that one more task needs nothing but its place on
 * the queue; above all no wake-up, because some worker is searching, or all are busy. This
 * stays true while it is open: a thread that pauses or closes the pool, sleeps in it, reaps a
 * worker or raises the capacity has shut it, and so has a worker that counts as searching when
 * it takes the lock. So no task is stranded here, see pool_lock.c.
 *
 * A worker keeps it open only as long as it finds a task to run, of normal priority; so if no task
 * is left it is shut before its worker sleeps. A submitter opens it if more tasks are ready than
 * workers are searching for them, or all are busy. So of tasks of which each submits the next, in
 * the only worker, all but the first come that way.
 *
 * There the worker finds the one that follows, and takes it from here without pool->lock:
 * staging_pop(). While the staging queue is open, the queue gets tasks only from here and, under
 * batch->lock, from the batch, and the batch only under that lock. So with both locks, if none is
 * queued or batched, each that came before the first one here has been taken by a worker. This one
 * then runs as if it were batched. It is counted under its color when the staging queue is shut, or
 * before its worker counts it down. Until then more tasks are in flight than the color says, but
 * none that a flush waits for: a flush begins with the staging queue shut.
 *
 * From then on nothing is queued or batched until the staging queue is shut or collected. And a
 * thread that grabs a task, waits for one, asks a run to stop or looks at what runs has shut it. So
 * that worker, the taker, needs batch->lock no more: it ends its run and begins the only staged
 * task under staging->lock alone, by staging_take(). If anybody had asked for its run or its task,
 * it would not be the taker any more. It comes back to pool->lock after WPOOL_STAGED_MAX tasks, and
 * those that it had from the batch before, at the latest.
 *
 * Modelled in scripts/model/staging.pml.
 */
#include <linux/lockdep.h>

#include "color_count.h"
#include "counter.h"
#include "pool.h"
#include "queue_batch.h"
#include "staging.h"
#include "task.h"
#include "task_lists.h"

/* The most room that it gets at a time: sums of it stay in 32 bits. */
#define MOST_ROOM	0x100000U

void staging_init(struct wpool *pool)
{
	raw_spin_lock_init(&pool->staging.lock);
	INIT_LIST_HEAD(&pool->staging.tasks);
}

/* Counts @n tasks, and those that workers have taken, under the color. Needs both locks. */
static void staging_count_some(struct wpool *pool, unsigned int n)
{
	struct wpool_staging *staging = &pool->staging;

	color_add(pool, staging->color, n + staging_uncounted(pool));
	WRITE_ONCE(staging->counted, (unsigned int)staging_collected(pool) + n);
}

/* Moves all its tasks to the queue. */
static void staging_empty(struct wpool *pool)
{
	struct wpool_staging *staging = &pool->staging;
	unsigned int n = staging_count(pool);

	lockdep_assert_held(&pool->lock);
	lockdep_assert_held(&staging->lock);
	staging_count_some(pool, n);
	staging->taker = 0;	/* from here on tasks may be queued, batched or grabbed */
	if (!n)
		return;
	list_splice_tail_init(&staging->tasks, list_of_prio(pool, WPOOL_PRIO_NORMAL));
	counter_add(&staging->collected, n);
	queued_add(pool, n);
}

/* Opens it for as many tasks as there is room for. It must be empty. */
static void staging_open(struct wpool *pool)
{
	struct wpool_staging *staging = &pool->staging;
	unsigned int waiting = pool_collected(pool);

	lockdep_assert_held(&pool->lock);
	lockdep_assert_held(&staging->lock);
	staging->color = color_next(pool);
	WRITE_ONCE(staging->limit, pool->conf.queue_depth > waiting ?
		   atomic64_read(&staging->accepted) +
		   min(pool->conf.queue_depth - waiting, MOST_ROOM) : 0);
}

/* The rest of staging_shut(): it is open. */
void __staging_shut(struct wpool *pool)
{
	struct wpool_staging *staging = &pool->staging;

	lockdep_assert_held(&pool->lock);
	raw_spin_lock(&staging->lock);
	WRITE_ONCE(staging->limit, 0);
	staging_empty(pool);
	raw_spin_unlock(&staging->lock);
}

/* The rest of staging_collect(): it is open. */
void __staging_collect(struct wpool *pool)
{
	struct wpool_staging *staging = &pool->staging;

	lockdep_assert_held(&pool->lock);
	raw_spin_lock(&staging->lock);
	WRITE_ONCE(staging->limit, 0);
	staging_empty(pool);
	/*
	 * Otherwise the worker may go to sleep; or take one of low priority, before a task that is
	 * staged meanwhile.
	 */
	if (queue_ready(pool) && !list_empty(list_of_prio(pool, WPOOL_PRIO_NORMAL)))
		staging_open(pool);
	raw_spin_unlock(&staging->lock);
}

/* The rest of staging_offer(): that pays. */
void __staging_offer(struct wpool *pool)
{
	struct wpool_staging *staging = &pool->staging;

	lockdep_assert_held(&pool->lock);
	if (staging_is_open(pool) || !staging_may_open(pool))
		return;
	raw_spin_lock(&staging->lock);
	staging_open(pool);
	raw_spin_unlock(&staging->lock);
}

/* The rest of staging_count_popped(): there are some. */
void __staging_count(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	raw_spin_lock(&pool->staging.lock);
	staging_count_some(pool, 0);
	raw_spin_unlock(&pool->staging.lock);
}

/*
 * The task that is staged, if it is the only one, nothing else is to begin before it, and it fits.
 * Needs batch->lock and staging->lock.
 */
static struct wpool_task *next_staged(struct wpool *pool, u8 color)
{
	struct list_head *tasks = &pool->staging.tasks;
	struct wpool_task *task;

	if (!staging_is_open(pool) || pool->staging.color != color || tasks_queued(pool) ||
	    !list_is_singular(tasks))
		return NULL;
	task = list_first_entry(tasks, struct wpool_task, node);
	return batch_fits(task, color) ? task : NULL;
}

/*
 * The rest of staging_pop(): one is staged. A thread that takes pool->lock to look for it shuts the
 * staging queue first. So it finds it on the queue; or batched, and then it waits for batch->lock.
 */
struct wpool_task *__staging_pop(struct wpool *pool, const struct wpool_worker *worker, u8 color)
{
	struct wpool_staging *staging = &pool->staging;
	struct wpool_task *task;

	raw_spin_lock(&staging->lock);
	task = next_staged(pool, color);
	if (task) {
		INIT_LIST_HEAD(&staging->tasks);
		WRITE_ONCE(task->state, TASK_QUEUED | TASK_BATCHED);
		counter_add(&staging->collected, 1);
		staging->taker = worker->pid_nr;
	}
	raw_spin_unlock(&staging->lock);
	return task;
}

/* Gives back what staging_submit_spare() took, where nothing may be freed. */
void staging_give_back(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_staging *staging = &pool->staging;
	unsigned long flags;

	raw_spin_lock_irqsave(&staging->lock, flags);
	shared_inc(staging->nr_spare);
	task_chain(&staging->spare, task);
	raw_spin_unlock_irqrestore(&staging->lock, flags);
}

/**
 * staging_keep() - keep tasks of wpool's own memory for the next that are needed
 * @pool: the pool
 * @chain: the tasks, see task_chain()
 *
 * Context: pool->lock held.
 * Return: those that are too many.
 */
struct wpool_task *staging_keep(struct wpool *pool, struct wpool_task *chain)
{
	struct wpool_staging *staging = &pool->staging;
	struct wpool_task *task;

	if (READ_ONCE(staging->nr_spare) >= WPOOL_MAX_SPARE)
		return chain;
	raw_spin_lock(&staging->lock);
	while (staging->nr_spare < WPOOL_MAX_SPARE && (task = task_unchain(&chain))) {
		shared_inc(staging->nr_spare);
		task_chain(&staging->spare, task);
	}
	raw_spin_unlock(&staging->lock);
	return chain;
}

/* For a pool without references. */
void staging_free(struct wpool *pool)
{
	task_free_chain(pool->staging.spare);
}
