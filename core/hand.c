// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that a worker has taken several at a time.
 *
 * When more tasks wait than there are workers at it, a worker takes a few in one hold
 * of pool->lock: its hand. It begins and ends them one by one under a lock of its own,
 * for which hardly anybody else asks.
 * Until they begin they wait as those on the queue do: who has pool->lock can have
 * them back there at any time, by hands_recall(), and whoever needs to know what
 * waits, or is to change what may begin, does so first. So but for that call the
 * rest of the pool need not know of hands, and none of them outlives a worker that
 * is out of work, a pause, a resize, a shutdown, a task of higher priority or a worker
 * that waits. A flush need not: a hand is of one color (flush.c), so who waits for one
 * of it waits for all, and its worker counts them when it comes for pool->lock.
 *
 * A task that is taken, or begun by a worker with a hand, is loose: its state has
 * TASK_LOOSE and is changed by that worker, under worker->lock. Others, who have
 * pool->lock, call task_grip() first, and so recall the hand: under both locks what
 * has not begun is put back, and what has begun loses the bit. Then its worker leaves
 * the state alone and ends the run under pool->lock, like any other. To add a waiter
 * to a task, or to submit it again while it runs, takes a grip of it first.
 *
 * After the worker has set TASK_DONE it does not touch the task. Who grips a task is
 * given it by its owner, who keeps it meanwhile.
 *
 * Modelled in scripts/model/hand.pml.
 */
#include <linux/lockdep.h>
#include <linux/jiffies.h>

#include "internal.h"

/*
 * In jiffies: a hand that takes longer makes tasks wait for one another that others
 * could run. It is taken back, and its worker takes none for so many tasks.
 */
#define SLOW		1
#define SLOW_PAUSE	64

/*
 * Puts what is left of a hand back where it was taken, and has the worker end what
 * it is inside under pool->lock. Context: pool->lock held.
 */
static void hand_recall(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	struct wpool_task *task;

	raw_spin_lock(&worker->lock);
	while (worker->hand_left) {
		shared_dec(worker->hand_left);
		task = worker->hand[worker->hand_at + worker->hand_left];
		WRITE_ONCE(task->state, TASK_QUEUED);
		list_add(&task->node, &pool->queue[WPOOL_PRIO_NORMAL]);
		shared_inc(pool->nr_queued);
	}
	task = worker->runs[0].task;
	if (task)
		WRITE_ONCE(task->state, TASK_IN_FN);
	raw_spin_unlock(&worker->lock);

	list_del_init(&worker->hand_node);
	WRITE_ONCE(pool->nr_taken, pool->nr_taken - worker->nr_taken);
	worker->nr_taken = 0;
}

/*
 * The rest of hands_recall(). Always all, and the last taken first, so that they come
 * in order.
 */
void __hands_recall(struct wpool *pool)
{
	struct wpool_worker *worker, *next;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry_safe_reverse(worker, next, &pool->hands, hand_node)
		hand_recall(worker);
}

/*
 * The rest of hands_review(). What is in hands goes before tasks of low priority; and
 * a hand that was taken long ago is that of a worker whose task takes long.
 */
void __hands_review(struct wpool *pool)
{
	struct wpool_worker *oldest =
		list_first_entry(&pool->hands, struct wpool_worker, hand_node);

	if (jiffies - oldest->taken_at > SLOW ||
	    (list_empty(&pool->queue[WPOOL_PRIO_HIGH]) &&
	     list_empty(&pool->queue[WPOOL_PRIO_NORMAL])))
		__hands_recall(pool);
}

/*
 * The rest of task_grip(). &wpool_task.run says which worker has the task, if any
 * has; if none, the task has ended meanwhile, may be in another pool already, and
 * that word something else.
 */
void __task_grip(struct wpool *pool, struct wpool_task *task)
{
	const struct wpool_run *run = READ_ONCE(task->run);
	struct wpool_worker *worker;

	lockdep_assert_held(&pool->lock);
	list_for_each_entry(worker, &pool->hands, hand_node) {
		if (run == &worker->runs[0]) {
			__hands_recall(pool);
			return;
		}
	}
}

/* Only what ends without anybody to be told. */
static bool task_fits(const struct wpool_task *task, u8 color)
{
	u8 flags = task->flags & ~WPOOL_TASK_PINNED;

	return !task->watchers && task->color == color &&
	       (!flags || flags == WPOOL_TASK_DETACHED || task_is_ours(task));
}

/*
 * How many tasks a worker may take beside the first: its share of what is ready,
 * which leaves some to those who look. None if somebody is to be told of each one's
 * end, or for a while after tasks were too long to wait for one another.
 */
static int hand_room(struct wpool_worker *worker)
{
	const struct wpool *pool = worker->pool;
	unsigned int ready = pool->nr_queued - pool->nr_held;

	if (worker->hand_max < 1) {
		worker->hand_max++;
		return 0;
	}
	if (pool->one_by_one || pool->nr_blocked ||
	    pool->state != WPOOL_STATE_RUNNING ||
	    !list_empty(&pool->queue[WPOOL_PRIO_HIGH]))
		return 0;
	return min_t(unsigned int, worker->hand_max,
		     ready / (pool->nr_running + pool->nr_looking + 1));
}

/*
 * The rest of hand_take(): more is ready than there are workers at it. Return: true if
 * it took any; then @first, which has just left the queue, is to be loose as they are.
 */
bool __hand_take(struct wpool_worker *worker, const struct wpool_task *first)
{
	struct wpool *pool = worker->pool;
	struct list_head *queue = &pool->queue[WPOOL_PRIO_NORMAL];
	int room = hand_room(worker), n = 0;
	struct wpool_task *task, *next;

	if (!room || !task_fits(first, first->color))
		return false;
	list_for_each_entry_safe(task, next, queue, node) {
		if (n == room || !task_fits(task, first->color))
			break;
		task->run = &worker->runs[0];
		WRITE_ONCE(task->state, TASK_QUEUED | TASK_LOOSE);
		worker->hand[n++] = task;
	}
	if (!n)
		return false;
	__list_del(queue, &task->node);
	WRITE_ONCE(pool->nr_queued, pool->nr_queued - n);
	WRITE_ONCE(pool->nr_taken, pool->nr_taken + n);
	list_add_tail(&worker->hand_node, &pool->hands);
	worker->nr_taken = n;
	worker->taken_at = jiffies;
	worker->hand_color = first->color;
	worker->hand_at = 0;
	WRITE_ONCE(worker->hand_left, n);
	return true;
}

/**
 * hand_done() - be done with a hand
 * @worker: the current thread, which has found its hand empty or gives up the rest;
 *	or dead
 * @wakes: gets those whose wait is over
 *
 * Counts what was ended without pool->lock. The next hand is larger, unless this one
 * took long. Context: pool->lock held.
 */
void hand_done(struct wpool_worker *worker, struct wpool_wakes *wakes)
{
	unsigned int n = worker->ended - worker->harvested;

	if (!list_empty(&worker->hand_node))
		hand_recall(worker);
	worker->hand_max = jiffies - worker->taken_at > SLOW ? -SLOW_PAUSE :
			   min(2 * worker->hand_max, WPOOL_HAND_MAX);
	worker->harvested = worker->ended;
	if (worker->begun)
		tasks_retire(worker->pool, worker->begun, wakes);
	worker->begun = NULL;
	tasks_uncount(worker->pool, worker->hand_color, n, wakes);
}
