// SPDX-License-Identifier: GPL-2.0
/*
 * Submitters that have slept for room, and whose task has been accepted: they are woken some at a
 * time.
 *
 * Whoever makes room accepts the task of the first that sleeps for it, see queue.c. If each were
 * woken at once, one that is faster than the workers would be woken for each single task, to submit
 * the next and to sleep again. So it sleeps on until a quarter of the queue has come free since the
 * first of them was admitted, be it given to others that slept or be it left; tasks that cannot
 * begin yet count as free. Its task is accepted meanwhile, and begins in its turn: mostly behind
 * what is left of the queue, so that its submitter is awake before it begins.
 *
 * It is woken at once
 *
 * - if the pool closes;
 * - after ADMITTED_JIFFIES: tasks may take long, or wait for what the submitter has. Then the timer
 *   kicks the manager, and for PROMPT_JIFFIES none is put off;
 * - if others depend on it, or the timer may not come: a worker of the pool, a real-time thread,
 *   any in a pool whose workers are real-time threads;
 * - if its task goes before others that wait;
 * - if it waits for that task next, as wpool_run() and wpool_run_timeout() do: it would return
 *   later than its function.
 *
 * Everything here needs pool->lock. Modelled in scripts/model/handover.pml.
 */
#include <linux/jiffies.h>
#include <linux/lockdep.h>

#include "admitted.h"
#include "lock_hold.h"
#include "manager_kick.h"
#include "marks.h"
#include "task_lists.h"
#include "waiter.h"

/* More than one: the first may be over at once. */
#define ADMITTED_JIFFIES	2

/* For so long none is put off after one was in vain: tasks may take long now. */
#define PROMPT_JIFFIES		HZ

/* A wake-up for so many places costs little; and they come free soon. */
#define MOST_PLACES		64U

/* So many places come free before they are woken; if that is one, none is put off. */
static unsigned int quarter_of(const struct wpool *pool)
{
	return min(pool->conf.queue_depth / 4, MOST_PLACES);
}

static bool enough_is_free(const struct wpool *pool)
{
	return queue_nr_ready(pool) + quarter_of(pool) <=
	       pool->conf.queue_depth + pool->admitted.nr;
}

/* Does none that waits begin after the task, which is accepted? */
static bool begins_last(struct wpool *pool, const struct wpool_task *task)
{
	unsigned int prio;

	for (prio = task->prio + 1; prio < WPOOL_NR_PRIOS; prio++) {
		if (!list_empty(list_of_prio(pool, prio)))
			return false;
	}
	return true;
}

/* Does it pay to put off a wake-up? */
static bool pays(struct wpool *pool)
{
	struct wpool_admitted *admitted = &pool->admitted;

	if (admitted->in_vain && jiffies - admitted->in_vain_at >= PROMPT_JIFFIES)
		admitted->in_vain = false;
	return !admitted->in_vain;
}

/* One has slept on until its time was over, or until it gave up. */
static void note_in_vain(struct wpool *pool)
{
	pool->admitted.in_vain = true;
	pool->admitted.in_vain_at = jiffies;
}

/* Is it time to wake them? Then it stays so until all are. */
static bool are_due(struct wpool *pool)
{
	struct wpool_admitted *admitted = &pool->admitted;
	bool late = time_after_eq(jiffies, admitted->until);

	if (admitted->due)
		return true;
	if (!late && pool->state == WPOOL_STATE_RUNNING && !enough_is_free(pool))
		return false;
	if (late)
		note_in_vain(pool);
	admitted->due = true;
	return true;
}

/**
 * admitted_add() - the task of a submitter that slept for room has been accepted
 * @pool: the pool; the caller calls admitted_wake() before it drops the lock
 * @waiter: of the submitter, just taken off its list; it is completed now or later
 */
void admitted_add(struct wpool *pool, struct wpool_waiter *waiter)
{
	struct wpool_admitted *admitted = &pool->admitted;

	lockdep_assert_held(&pool->lock);
	if (waiter->hurries || quarter_of(pool) < 2 || !begins_last(pool, waiter->task) ||
	    !pays(pool)) {
		submitter_wakes(pool);
		waiter_complete(waiter, 0, pool_wake_queue(pool));
		return;
	}
	if (!admitted->nr) {
		admitted->until = jiffies + ADMITTED_JIFFIES;
		kick_pool_at(pool, admitted->until);
		pool_set_end_mark(pool, MARK_ADMITTED, true);
	}
	waiter->status = 0;
	waiter->admitted = true;
	list_add_tail(&waiter->node, &admitted->list);
	admitted->nr++;
}

static void admitted_del(struct wpool *pool, struct wpool_waiter *waiter)
{
	list_del(&waiter->node);
	waiter->admitted = false;
	pool->admitted.nr--;
	submitter_wakes(pool);
	if (admitted_asleep(pool))
		return;
	pool->admitted.due = false;
	pool_set_end_mark(pool, MARK_ADMITTED, false);
}

/**
 * admitted_leave() - a submitter has woken by itself: a time-out, or a signal
 * @pool: the pool
 * @waiter: of the current thread; off the list of those that wait for room
 *
 * Return: true if nobody will complete it.
 */
bool admitted_leave(struct wpool *pool, struct wpool_waiter *waiter)
{
	lockdep_assert_held(&pool->lock);
	if (!waiter->admitted)
		return false;
	if (!pool->admitted.due)
		note_in_vain(pool);
	admitted_del(pool, waiter);
	return true;
}

/**
 * admitted_wake() - complete them if it is time
 * @pool: the pool
 *
 * Return: true if more must be completed.
 */
bool admitted_wake(struct wpool *pool)
{
	struct wpool_waiter *waiter;

	lockdep_assert_held(&pool->lock);
	if (!admitted_asleep(pool) || !are_due(pool))
		return false;
	while ((waiter = list_first_entry_or_null(&pool->admitted.list,
						  struct wpool_waiter, node))) {
		if (wake_queue_is_long(pool))
			return true;
		hold_step(pool);
		admitted_del(pool, waiter);
		waiter_complete(waiter, 0, pool_wake_queue(pool));
	}
	return false;
}

/* For the manager, when the timer has kicked it, perhaps for something else. */
void admitted_look(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (!admitted_asleep(pool))
		return;
	if (pool->state == WPOOL_STATE_RUNNING && time_before(jiffies, pool->admitted.until))
		kick_pool_at(pool, pool->admitted.until);
	else
		pool_mark(pool, MARK_ADMITTED);
}
