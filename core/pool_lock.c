// SPDX-License-Identifier: GPL-2.0
/*
 * What holds of a pool whenever its lock is free.
 *
 * A pool is a monitor. Whoever has pool->lock may change it as he likes; what must hold
 * for everybody else is restored as the lock is dropped, by pool_unlock(), and nowhere
 * else:
 *
 * 1. Submitters block only while there is no room for the first of them, and the pool is
 *    open.
 * 2. If tasks are ready, some worker looks for one; or nobody is idle, and no worker can be
 *    made, or the manager has been asked for one.
 * 3. Not all workers are asleep in calls on their own pool, or none of them can be refused;
 *    see deadlock.c.
 * 4. Of a closed pool in which nothing is left the manager knows, and of whatever else is
 *    for it to do.
 *
 * The second is read off the pool at each unlock. The others are looked at if what they are
 * made of has changed: who changes it marks that (pool_mark()), and it is changed in few
 * places, each of which is the only one for its kind of change. What the end of a task, or
 * its leaving the queue, has to do with them is in one word, &wpool.end_marks.
 *
 * A hold of the lock is bounded, see lock_hold.h. If there is more to restore than may be done in
 * one, the marks stay and the manager is kicked: whoever drops the lock next goes on.
 *
 * Why no task is stranded: by 2, in each hold of the lock in which a task is put on the
 * queue, or a worker takes one and leaves more behind, or a worker that was searching leaves
 * for good. A worker that looks takes the lock and finds the task, and in its turn wakes the
 * next: one wake-up is under way at a time, and the chain ends when the queue is empty or
 * the idle are used up. A worker that starts does not look yet, as its worker_start may
 * sleep: nobody who idles waits for it. But no more are made than tasks wait beside those
 * that start; it looks when it has, or has died. That goes for tasks in the batch (queue_batch.c)
 * too, from which a worker that looks takes first; and for those in the staging queue
 * (staging.c), which is open only while one more task asks for no wake-up.
 *
 * Why no wake-up is lost: a worker goes on the idle list and sets its state before it drops
 * the lock; who wakes it takes it off the list under the lock and calls wake_up_process()
 * after.
 *
 * Both are shown, of every order of steps, by scripts/model/wake.pml, and of the first
 * invariant by handover.pml beside it.
 */
#include <linux/lockdep.h>
#include <linux/preempt.h>

#include "deadlock.h"
#include "manager_kick.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "spin_wait.h"
#include "waiter.h"
#include "worker_list.h"

/* More than this comes of one change only if many wait for it. */
#define MOST_ROUNDS	4

/* An idle worker is used before one is made. */
static void wake_for_queue(struct wpool *pool)
{
	struct wpool_worker *worker;

	worker = list_first_entry_or_null(&pool->idle, struct wpool_worker,
					  idle_node);
	if (worker) {
		spin_learn(pool, &pool->worker_credit, worker->slept_at);
		worker_unidle(worker);
		worker_will_search(worker);
		pool->wake_queue.worker = worker->thread;
	} else if (!pool->spawn_asked && queue_wants_worker(pool)) {
		pool->spawn_asked = true;
		kick_pool(pool);
	}
}

/* Return: the marks that stay. */
static u8 restore_round(struct wpool *pool, u8 marks)
{
	u8 left = 0;

	if (marks & MARK_ROOM && queue_admit_blocked(pool))
		left = MARK_ROOM;
	if (marks & MARK_ASLEEP)
		deadlock_break(pool);
	if (pool_is_closing(pool) &&
	    (marks & MARK_ROOM || (marks & MARK_END && !pool_in_flight(pool))))
		marks |= MARK_MANAGER;
	if (marks & MARK_MANAGER)
		kick_pool(pool);
	return left;
}

/* What the end of a task may change, as things are. */
static u8 marks_of_end(const struct wpool *pool)
{
	return (list_empty(&pool->blocked) ? 0 : MARK_ROOM) |
	       (pool->nr_asleep ? MARK_ASLEEP : 0) |
	       (pool_is_closing(pool) ? MARK_END : 0);
}

/* The rest of pool_restore(): something has changed. */
void __pool_restore(struct wpool *pool)
{
	unsigned int round;
	u8 marks, left = 0;

	lockdep_assert_held(&pool->lock);
	/* To refuse one that is asleep may end a task, and so on. */
	for (round = 0; pool->marks && round < MOST_ROUNDS; round++) {
		marks = pool->marks;
		pool->marks = 0;
		left |= restore_round(pool, marks);
	}
	pool->entering = NULL;
	pool->end_marks = marks_of_end(pool);
	pool_mark(pool, left);
	if (pool->marks)
		kick_pool(pool);
}

/* For pool_unlock(): something has changed, or tasks are ready and nobody looks. */
void pool_restore_all(struct wpool *pool)
{
	pool_restore(pool);
	if (queue_unseen(pool))
		wake_for_queue(pool);
}

/*
 * The worker to be woken is not on the idle list any more, but it may wake up by
 * itself, run, leave and be reaped before we come to it: RCU keeps its
 * task_struct, see worker_free(). Preemption is off, which is an RCU read-side critical
 * section, and keeps a worker that is counted as searching from waiting for a turn of ours.
 */
static void wake_worker(struct wpool_wake_queue *wake_queue)
{
	if (wake_queue->worker)
		wake_up_process(wake_queue->worker);
}

/* They are ours from here on; the pool may be gone as soon as the lock is dropped. */
static void take_wake_queue(struct wpool *pool, struct wpool_wake_queue *wake_queue)
{
	*wake_queue = pool->wake_queue;
	hlist_move_list(&pool->wake_queue.waiters, &wake_queue->waiters);
	pool->wake_queue = (struct wpool_wake_queue) {};
}

/* The rest of pool_unlock(): there is somebody to wake, or to free. */
void __pool_unlock_wake(struct wpool *pool, unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_wake_queue wake_queue;

	take_wake_queue(pool, &wake_queue);
	preempt_disable();
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	wake_worker(&wake_queue);
	preempt_enable();
	wake_queue_issue(&wake_queue);
}

void __pool_unlock_wake_irq(struct wpool *pool)
	__releases(&pool->lock)
{
	struct wpool_wake_queue wake_queue;

	take_wake_queue(pool, &wake_queue);
	preempt_disable();
	raw_spin_unlock_irq(&pool->lock);
	wake_worker(&wake_queue);
	preempt_enable();
	wake_queue_issue(&wake_queue);
}
