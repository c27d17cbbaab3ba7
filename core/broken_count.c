// SPDX-License-Identifier: GPL-2.0
/*
 * Counts the tasks that were lost because they were broken, see broken_mend.c, and reports them.
 */
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/spinlock.h>

#include "broken_count.h"
#include "broken_mend.h"
#include "caller_runs.h"
#include "color_count.h"
#include "counter.h"
#include "flush_color.h"
#include "group.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue_batch.h"
#include "release.h"
#include "task_lists.h"
#include "task_waiters.h"
#include "types.h"
#include "waiter.h"
#include "worker_list.h"

void lost_init(struct wpool *pool)
{
	ratelimit_state_init(&pool->mend_limit, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
}

/* A broken color that is out of range says nothing. */
static void count(unsigned int *in_flight, u8 color)
{
	in_flight[min_t(u8, color, COLOR_IDLE)]++;
}

static void count_waiting(struct wpool *pool, unsigned int *in_flight)
{
	struct list_head *entry;
	struct wpool_task *task;
	struct wpool_run *run;
	unsigned int prio;

	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++) {
		list_for_each_entry(task, list_of_prio(pool, prio), node)
			count(in_flight, task->color);
	}
	list_for_each(entry, list_of_deferred(pool))
		count(in_flight, mend_deferred_task(entry)->color);
	list_for_each_entry(task, list_of_delayed(pool), node)
		count(in_flight, task->color);
	list_for_each_entry(run, list_of_again(pool), again_node)
		count(in_flight, run->again_color);
}

/* Of the batch, count only what runs, and what was run and has not been counted. */
static void count_running(struct wpool *pool, unsigned int *in_flight)
{
	struct wpool_worker *worker;
	struct wpool_caller *caller;
	unsigned int i;

	batch_lock(pool);
	for_each_worker(worker, pool) {
		for (i = 0; i < worker->nesting; i++)
			count(in_flight, worker->runs[i].color);
		in_flight[worker->runs[0].color] += worker_unharvested(worker);
	}
	batch_unlock(pool);
	for_each_caller(caller, pool)
		count(in_flight, caller->run.color);
}

/*
 * Counts all tasks that have not ended. Those that are missing were lost; those that are too
 * many were lost before and have been found. Context: pool->lock held, and the batch is empty.
 * Return: how many are missing.
 */
static unsigned int recount(struct wpool *pool)
{
	unsigned int in_flight[WPOOL_NR_COLORS + 1] = {}, color, sum = 0;
	int missing;

	count_waiting(pool, in_flight);
	count_running(pool, in_flight);
	for (color = 0; color <= COLOR_IDLE; color++) {
		in_flight[color] += releases_of(pool, color);
		missing = color_in_flight(pool, color) - in_flight[color];
		if (!missing)
			continue;
		sum += max(missing, 0);
		stat_add(pool, WPOOL_STAT_CANCELLED, missing);
		flush_done(pool, color, missing);
	}
	return sum;
}

/* Context: pool->lock held. */
static void wake_group_of(struct wpool *pool, const struct wpool_task *task)
{
	struct wpool_group *group = task->flags & WPOOL_TASK_KEYED ? task_group_of(task) : NULL;

	if (group)
		group_wake_workers(group, pool);
}

/*
 * Wakes the waiters of tasks with a key: what deferred them may have been lost, and the new keys do
 * not know who waits behind whose. Context: pool->lock held.
 */
static void wake_keyed(struct wpool *pool)
{
	struct wpool_worker *worker;
	struct wpool_waiter *waiter;
	struct wpool_task *task;
	struct list_head *entry;
	unsigned int prio;

	for_each_worker(worker, pool) {
		waiter = worker->waiter;
		if (!waiter || !task_waiter_is_on(pool, waiter))
			continue;
		task_waiter_del(pool, waiter);
		waiter_complete(waiter, -EAGAIN, pool_wake_queue(pool));
	}
	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++) {
		list_for_each_entry(task, list_of_prio(pool, prio), node)
			wake_group_of(pool, task);
	}
	list_for_each(entry, list_of_deferred(pool))
		wake_group_of(pool, mend_deferred_task(entry));
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

	if (!mend_is_pending(pool))
		return;
	pool_lock(pool, flags);
	batch_reclaim(pool);
	/* Something may have been broken since. The count must not meet it. */
	mend_lists(pool);
	mend_take(pool, &was);
	lost = recount(pool);
	if (was.keys)
		wake_keyed(pool);
	pool_mark(pool, MARK_ROOM | MARK_ASLEEP | MARK_END);
	pool_unlock(pool, flags);
	tell(pool, &was, lost);
}
