// SPDX-License-Identifier: GPL-2.0
/*
 * What holds for a pool whenever its lock is free.
 *
 * A pool is a monitor. A thread that has pool->lock may change the pool; when it drops the
 * lock, pool_unlock() restores what must hold for all others, and nothing else does:
 *
 * 1. Submitters block only while the pool is open and has no room for the first of them. One
 *    whose task has been accepted then sleeps on for a while, see admitted.c.
 * 2. If tasks are ready, a worker searches for one; or no worker is idle, and none can be
 *    made, or the manager has been asked for one.
 * 3. Not all workers are asleep in calls on their own pool, or none of them can be refused;
 *    see deadlock.c.
 * 4. The manager knows if a closed pool has nothing left, and what else it has to do.
 *
 * The second is read from the pool at each unlock. The others are checked if what they depend
 * on has changed: whoever changes it marks that (pool_mark()). It is changed in few places,
 * each the only one for its kind of change. One word, &wpool_marks.end, says which invariants
 * may break when a task ends or leaves the queue.
 *
 * A hold of the lock is bounded, see lock_hold.h. If there is more to restore than one hold
 * allows, the marks stay and the manager is kicked: the next thread that drops the lock goes
 * on. A submitter that finds no room meanwhile goes on until all is restored, and tries again;
 * see submit_not_accepted().
 *
 * Why no task is stranded: invariant 2 holds after each hold of the lock in which a task is put
 * on the queue, or a worker takes one and leaves more behind, or a searching worker leaves for
 * good. A searching worker takes the lock and finds the task, and in turn wakes the next
 * worker: one wake-up is under way at a time, and the chain ends when the queue is empty or no
 * worker is idle. A starting worker does not search yet, as its worker_start may sleep: no idle
 * worker is left asleep because of it. But no more workers are made than tasks wait beside the
 * starting ones; each searches when it has started, or has died. The inbox is open only while one
 * more task needs no wake-up, see inbox.c.
 *
 * Why no wake-up is lost: a worker goes on the idle list and sets its state before it drops the
 * lock; the waker takes it off the list under the lock and calls wake_up_process() afterwards.
 *
 * scripts/model/wake.pml shows both for every order of steps, inbox.pml the first of them with the
 * inbox, and handover.pml shows the first invariant.
 */
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include "admitted.h"
#include "color_count.h"
#include "deadlock.h"
#include "manager_kick.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "spawn_state.h"
#include "spin_wait.h"
#include "task.h"
#include "waiter.h"
#include "worker_list.h"

/* One change needs more rounds than this only if many wait for it. */
#define MOST_ROUNDS	4

/* The idle worker that costs least to wake. */
static struct wpool_worker *worker_to_wake(struct wpool *pool)
{
	/*
	 * In an interrupt that has found this CPU idle, no other CPU has to be interrupted. Not by
	 * is_idle_task(): idle time that is injected goes on.
	 */
	if (!current->pid)
		return worker_warmest_on(pool, raw_smp_processor_id());
	return worker_warmest(pool);
}

/* Wakes an idle worker if there is one; only otherwise has one made. */
static void wake_for_queue(struct wpool *pool)
{
	struct wpool_worker *worker;

	worker = worker_to_wake(pool);
	if (worker) {
		/* Whoever spun would be the last that went to sleep. */
		spin_learn(pool, SPIN_WORKER, worker_slept_at(worker_warmest(pool)));
		worker_unidle(worker);
		worker_will_search(worker);
		wake_queue_add_worker(pool, worker);
	} else if (!spawn_is_asked(pool) && queue_wants_worker(pool)) {
		spawn_set_asked(pool, true);
		kick_pool(pool);
	}
}

/* Return: the marks that stay. */
static u8 restore_round(struct wpool *pool, u8 marks)
{
	u8 left = 0;

	/* Nobody is refused room while there may be some. */
	if (marks & MARK_ROOM && queue_admit_blocked(pool))
		left = MARK_ROOM | (marks & MARK_ASLEEP);
	else if (marks & MARK_ASLEEP)
		deadlock_break(pool);
	if (pool_is_closing(pool) &&
	    (marks & MARK_ROOM || (marks & MARK_END && !pool_in_flight(pool))))
		marks |= MARK_MANAGER;
	if (marks & MARK_MANAGER)
		kick_pool(pool);
	if (marks & (MARK_ADMITTED | MARK_ROOM) && admitted_wake(pool))
		left |= MARK_ADMITTED;
	if (marks & MARK_STARTED)
		waiters_complete(pool, workers_start_waiters(pool), 0, 0, pool_wake_queue(pool));
	return left;
}

/* The rest of pool_restore(): something has changed. */
void __pool_restore(struct wpool *pool)
{
	unsigned int round;
	u8 marks, left = 0;

	lockdep_assert_held(&pool->lock);
	/* The refusal of a sleeping worker may end a task, which may change more, and so on. */
	for (round = 0; pool_marks(pool) && round < MOST_ROUNDS; round++) {
		marks = marks_take(pool);
		left |= restore_round(pool, marks);
		if (left & MARK_ROOM)
			break;	/* or another round might refuse room */
	}
	deadlock_entered(pool);
	pool_mark(pool, left);
	if (pool_marks(pool))
		kick_pool(pool);
}

/* For pool_unlock(): something has changed, or queue_unseen(). */
void pool_restore_all(struct wpool *pool)
{
	pool_restore(pool);
	if (!queue_unseen(pool))
		return;
	inbox_shut(pool);
	if (queue_nr_ready(pool))
		wake_for_queue(pool);
}

/* The rest of pool_unlock(): there are threads to wake, or memory to free. */
void __pool_unlock_wake(struct wpool *pool, unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_wake_queue wake_queue;

	wake_queue_take(pool, &wake_queue);
	preempt_disable();
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	wake_queue_worker(&wake_queue);
	wake_queue_waiters(&wake_queue);
	preempt_enable();
	task_free_chain(wake_queue.garbage);	/* which may sleep on PREEMPT_RT */
}

void __pool_unlock_wake_irq(struct wpool *pool)
	__releases(&pool->lock)
{
	struct wpool_wake_queue wake_queue;

	wake_queue_take(pool, &wake_queue);
	preempt_disable();
	raw_spin_unlock_irq(&pool->lock);
	wake_queue_worker(&wake_queue);
	wake_queue_waiters(&wake_queue);
	preempt_enable();
	task_free_chain(wake_queue.garbage);	/* which may sleep on PREEMPT_RT */
}
