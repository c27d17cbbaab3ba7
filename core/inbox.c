// SPDX-License-Identifier: GPL-2.0
/*
 * The inbox: submitters leave tasks here without meeting the workers at pool->lock.
 *
 * It is a list with a lock of its own, behind the queue. While it is open a plain task is accepted
 * by putting it there, in one hold of its lock. A thread with pool->lock takes this lock inside it,
 * and moves the whole list behind the queue: no task is touched, so that costs the same for one
 * task and for a million.
 *
 * &wpool_inbox.room says how many more tasks may come; 0 is shut, for whatever reason. It is open
 * only while one more task needs nothing but its place, see inbox_may_open(): above all no wake-up,
 * because some worker searches, or all are busy and no more may be made.
 *
 * The order. Of two tasks the one whose acceptance was over when the other was scheduled begins
 * first. All submitters share one list. One that comes by pool->lock collects it first: pool_lock()
 * does, and inbox_hold(). A worker takes from the front of the queue, and looks here when no task
 * of normal priority is left there.
 *
 * The bound. The places that the inbox has are those of the queue depth alone: a worker that goes
 * takes none of them away. A task that comes by pool->lock takes one of them while there is any.
 *
 * No task is stranded. A submitter whose hold of inbox.lock is before the shut is collected by it.
 * One whose hold is after finds room 0 and comes to pool->lock. pool_unlock() shuts before it asks
 * whether a worker is to be woken.
 *
 * Modelled in scripts/model/inbox.pml.
 */
#include "color_count.h"
#include "counter.h"
#include "inbox.h"
#include "pool.h"
#include "task.h"
#include "task_lists.h"

/* The most room that it gets at a time: sums of it stay in 32 bits. */
#define MOST_ROOM	0x100000U

void inbox_init(struct wpool *pool)
{
	raw_spin_lock_init(&pool->inbox.lock);
	INIT_LIST_HEAD(&pool->inbox.tasks);
}

/* Moves its tasks to the queue. Needs both locks. */
void __inbox_take_all(struct wpool *pool)
{
	struct wpool_inbox *in = &pool->inbox;
	unsigned int n = in->cap - in->room;

	lockdep_assert_held(&pool->lock);
	lockdep_assert_held(&in->lock);
	if (!n)
		return;
	list_splice_tail_init(&in->tasks, list_of_prio(pool, WPOOL_PRIO_NORMAL));
	WRITE_ONCE(in->cap, in->room);
	queued_add(pool, n);
	color_add(pool, in->color, n);
	stat_add(pool, WPOOL_STAT_SUBMITTED, n);
}

/* The places that are free without a look at the workers. It is empty. Needs both locks. */
static void set_room(struct wpool *pool, bool open)
{
	unsigned int queued = tasks_queued(pool), depth = pool->conf.queue_depth;

	WRITE_ONCE(pool->inbox.room, open && depth > queued ? min(depth - queued, MOST_ROOM) : 0);
	WRITE_ONCE(pool->inbox.cap, pool->inbox.room);
}

/* The rest of inbox_shut(). */
void __inbox_shut(struct wpool *pool)
{
	raw_spin_lock(&pool->inbox.lock);
	__inbox_take_all(pool);
	set_room(pool, false);
	raw_spin_unlock(&pool->inbox.lock);
}

/* Tasks of wpool's own memory that have begun are those that are needed next. Needs pool->lock. */
void inbox_keep_spare(struct wpool *pool)
{
	if (!pool->retired.tasks || READ_ONCE(pool->inbox.spare))
		return;
	raw_spin_lock(&pool->inbox.lock);
	if (!pool->inbox.spare) {
		WRITE_ONCE(pool->inbox.spare, pool->retired.tasks);
		pool->retired.tasks = NULL;
		pool->retired.nr = 0;
	}
	raw_spin_unlock(&pool->inbox.lock);
}

/* The rest of inbox_collect() and inbox_refill(). */
void __inbox_collect(struct wpool *pool, bool refill)
{
	raw_spin_lock(&pool->inbox.lock);
	__inbox_take_all(pool);
	if (refill && pool->inbox.room)
		set_room(pool, true);
	raw_spin_unlock(&pool->inbox.lock);
}

/*
 * What comes next counts under @color. A flush calls it that waits for what came before. Needs
 * pool->lock.
 */
void inbox_set_color(struct wpool *pool, u8 color)
{
	raw_spin_lock(&pool->inbox.lock);
	__inbox_take_all(pool);
	pool->inbox.color = color;
	raw_spin_unlock(&pool->inbox.lock);
}

/*
 * Is it worth to be opened? If a worker searches, when more tasks are ready than it and those woken
 * after it will take; else as soon as all are busy. Needs pool->lock.
 */
static bool inbox_pays(const struct wpool *pool)
{
	unsigned int ready = tasks_queued(pool) - tasks_deferred(pool);
	unsigned int searching = workers_searching(pool);

	return searching ? ready > searching + 1 : ready && !workers_idle(pool);
}

/**
 * inbox_offer() - open it if that pays
 * @pool: the pool
 * @task: has just been accepted; it could have come that way, or nothing is opened
 *
 * Context: pool->lock held.
 */
void inbox_offer(struct wpool *pool, const struct wpool_task *task)
{
	if (inbox_is_open(pool) || !inbox_pays(pool) || !task_is_plain(pool, task) ||
	    !inbox_may_open(pool))
		return;
	raw_spin_lock(&pool->inbox.lock);
	__inbox_take_all(pool);
	set_room(pool, true);
	raw_spin_unlock(&pool->inbox.lock);
}

/* Gives back what inbox_put_spare() took, where nothing may be freed. */
void inbox_give_back(struct wpool *pool, struct wpool_task *task)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->inbox.lock, flags);
	task_chain(&pool->inbox.spare, task);
	raw_spin_unlock_irqrestore(&pool->inbox.lock, flags);
}

/* For a pool without references. */
void inbox_free(struct wpool *pool)
{
	task_free_chain(pool->inbox.spare);
	task_free_chain(pool->retired.tasks);
}
