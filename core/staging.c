// SPDX-License-Identifier: GPL-2.0
/*
 * Where submitters leave tasks without meeting the workers at pool->lock.
 *
 * The staging queue is a list with a lock of its own, behind the queue. While it is open a
 * plain task is accepted by putting it there: one hold of a lock that a worker takes only
 * to have all of them at once, when it comes for its next task. It is one list for all
 * submitters, so the order of acceptance is that of the holds of its lock.
 *
 * The rest of the pool need not know of it: pool_lock() shuts it, and what it held is
 * on the queue then. So whoever has pool->lock has the pool as if there were no staging
 * queue. Only a worker that comes back from a task takes the lock without shutting it, in
 * task_run.c; what it may find there that must not be overlooked is seen to by
 * staging_collect() before it looks at the queue, and by the calls of staging_shut() in
 * queue_link() and flush_complete().
 *
 * It is opened where staging_may_open() says that one more task asks for nothing but its
 * place on the queue; above all for no wake-up, as somebody is searching, or everybody is
 * busy. That stays so while it is open: who pauses or closes the pool, sleeps in it,
 * reaps a worker or raises the capacity has shut it, and so has a worker that is counted
 * as searching when it comes. So no task is stranded there, see pool_lock.c.
 *
 * A worker keeps it open only as long as it finds something in it; so if no task is
 * left it is shut before its worker sleeps. A submitter opens it when more waits than
 * is being looked for.
 *
 * Modelled in scripts/model/staging.pml.
 */
#include <linux/lockdep.h>

#include "broken_mend.h"
#include "pool.h"
#include "staging.h"

/* The most that it is given room for at a time: sums of it stay in 32 bits. */
#define MOST_ROOM	0x100000U

/* Can the tasks in it be linked to those on the queue? Needs both locks. */
static bool staging_ok(const struct wpool *pool)
{
	const struct list_head *tasks = &pool->staging.tasks;

	return mend_peek_known(&tasks->next->prev) == (unsigned long)tasks &&
	       mend_tail_ok(tasks) && mend_tail_ok(&pool->queue[WPOOL_PRIO_NORMAL]);
}

/*
 * Leaves in it what is whole, see broken_mend.c. What is lost counts as collected, and the manager
 * finds it missing. Needs both locks. Return: how many are left.
 */
static unsigned int staging_mend(struct wpool *pool)
{
	mend_lists(pool);
	return mend_list(pool, &pool->staging.tasks, staging_count(pool));
}

/* Moves all that is in it to the queue. Needs both locks. */
static void staging_empty(struct wpool *pool)
{
	struct wpool_staging *staging = &pool->staging;
	unsigned int n = staging_count(pool), whole = n;

	if (!n)
		return;
	if (unlikely(!staging_ok(pool)))
		whole = staging_mend(pool);
	list_splice_tail_init(&staging->tasks, &pool->queue[WPOOL_PRIO_NORMAL]);
	pool->in_flight[staging->color] += n;
	WRITE_ONCE(staging->collected, staging->collected + n);
	WRITE_ONCE(pool->nr_queued, pool->nr_queued + whole);
}

/* Lets as many in as there is room for. Needs both locks, and that it is empty. */
static void staging_open(struct wpool *pool)
{
	struct wpool_staging *staging = &pool->staging;
	unsigned int waiting = pool_collected(pool);

	staging->color = pool->color;
	WRITE_ONCE(staging->limit, pool->queue_depth > waiting ?
		   atomic64_read(&staging->accepted) +
		   min(pool->queue_depth - waiting, MOST_ROOM) : 0);
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
	if (staging_count(pool)) {
		staging_empty(pool);
		/* What there was may have been lost; then the worker goes to sleep. */
		if (queue_ready(pool))
			staging_open(pool);
	}
	raw_spin_unlock(&staging->lock);
}

/* The rest of staging_offer(): more waits than is being looked for. */
void __staging_offer(struct wpool *pool)
{
	struct wpool_staging *staging = &pool->staging;

	lockdep_assert_held(&pool->lock);
	if (staging->limit || !staging_may_open(pool))
		return;
	raw_spin_lock(&staging->lock);
	staging_open(pool);
	raw_spin_unlock(&staging->lock);
}
