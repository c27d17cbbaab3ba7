// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the tasks that were lost because they were broken, see broken_mend.c, and reports
 * them.
 */
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>

#include "broken_count.h"
#include "broken_mend.h"
#include "counter.h"
#include "flush_color.h"
#include "group.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue_batch.h"
#include "task_waiters.h"
#include "types.h"
#include "waiter.h"

/* A broken color that is out of range says nothing. */
static void count(unsigned int *in_flight, u8 color)
{
	in_flight[color % WPOOL_NR_COLORS]++;
}

static void count_waiting(struct wpool *pool, unsigned int *in_flight)
{
	struct list_head *entry;
	struct wpool_task *task;
	struct wpool_run *run;
	unsigned int prio;

	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++) {
		list_for_each_entry(task, &pool->queue[prio], node)
			count(in_flight, task->color);
	}
	list_for_each(entry, &pool->deferred)
		count(in_flight, mend_held_task(entry)->color);
	list_for_each_entry(task, &pool->delayed, node)
		count(in_flight, task->color);
	list_for_each_entry(run, &pool->again, again_node)
		count(in_flight, run->again_color);
}

/* Of the batch, count only what runs, and what has been run and was not counted. */
static void count_running(struct wpool *pool, unsigned int *in_flight)
{
	struct wpool_worker *worker;
	struct wpool_caller *caller;
	unsigned int i;

	raw_spin_lock(&pool->batch.lock);
	list_for_each_entry(worker, &pool->workers, node) {
		for (i = worker->between; i < worker->nesting; i++)
			count(in_flight, worker->runs[i].color);
		in_flight[worker->runs[0].color] += worker_unharvested(worker);
	}
	raw_spin_unlock(&pool->batch.lock);
	list_for_each_entry(caller, &pool->callers, node)
		count(in_flight, caller->run.color);
}

/*
 * Counts all tasks that have not ended. Those that are missing were lost; those that are too
 * many were lost before and have been found. Context: pool->lock held, and the batch is empty.
 * Return: how many are missing.
 */
static unsigned int recount(struct wpool *pool)
{
	unsigned int in_flight[WPOOL_NR_COLORS] = {}, color, sum = 0;
	int missing;

	count_waiting(pool, in_flight);
	count_running(pool, in_flight);
	for (color = 0; color < WPOOL_NR_COLORS; color++) {
		missing = pool->in_flight[color] - in_flight[color];
		if (!missing)
			continue;
		sum += max(missing, 0);
		counter_add(&pool->stats[WPOOL_STAT_CANCELLED], missing);
		pool->in_flight[color] = in_flight[color];
		flush_done(pool, color, 0);
	}
	return sum;
}

/*
 * Wakes the waiters of deferred tasks: what deferred them may have been lost. Context:
 * pool->lock held.
 */
static void wake_keyed(struct wpool *pool)
{
	struct wpool_worker *worker;
	struct wpool_waiter *waiter;
	struct wpool_group *group;
	struct wpool_task *task;
	unsigned int prio;

	list_for_each_entry(worker, &pool->workers, node) {
		waiter = worker->waiter;
		if (!waiter || !waiter->task || !task_waiter_is_on(pool, waiter))
			continue;
		task_waiter_del(pool, waiter);
		waiter_complete(waiter, -EAGAIN, &pool->wake_queue);
	}
	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++) {
		list_for_each_entry(task, &pool->queue[prio], node) {
			group = task->flags & WPOOL_TASK_KEYED ? task_group_of(task) : NULL;
			if (group)
				group_wake_workers(group, pool);
		}
	}
}

/* If the memory of a function was overwritten, this prints what stands there now. */
static void tell(struct wpool *pool, const struct wpool_mend *was, unsigned int lost)
{
	if (!was->broken && !was->run_broken)
		return;
	if (!__ratelimit(&pool->mend_limit))
		return;
	if (was->run_broken)
		pr_err("%s: BUG: the task of %ps was freed or overwritten while it ran: its waiters are not woken\n",
		       pool->name, was->run_fn);
	if (was->broken)
		pr_err("%s: BUG: a task was freed, overwritten or set up again while it was queued: its function reads %ps; %u lost\n",
		       pool->name, was->fn, lost);
	if (was->broken && was->beside)
		pr_err("%s: one of %ps waited beside it\n", pool->name, was->beside);
}

/**
 * lost_look() - do the rest of the work after something was mended
 * @pool: the pool
 *
 * Context: the manager.
 */
void lost_look(struct wpool *pool)
{
	struct wpool_mend was;
	unsigned long flags;
	unsigned int lost;

	if (!READ_ONCE(pool->mend.pending))
		return;
	pool_lock(pool, flags);
	batch_reclaim(pool);
	/* Something may have been broken since. The count must not meet it. */
	mend_lists(pool);
	was = pool->mend;
	pool->mend.broken = false;
	pool->mend.run_broken = false;
	pool->mend.keys = false;
	WRITE_ONCE(pool->mend.pending, false);
	lost = recount(pool);
	if (was.keys)
		wake_keyed(pool);
	pool_mark(pool, MARK_ROOM | MARK_ASLEEP | MARK_END);
	pool_unlock(pool, flags);
	tell(pool, &was, lost);
}
