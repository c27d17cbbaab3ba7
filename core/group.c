// SPDX-License-Identifier: GPL-2.0
/*
 * Groups: a caller waits for several tasks, of one pool or of several, together.
 *
 * A group knows how many of its tasks have not ended, but not which: each task knows its group
 * (task_waiters.c). So to cancel a group one looks for its tasks where they wait.
 *
 * The pool of the group's first task is its home. Some tasks are elsewhere: those in other
 * pools; those that run in a thread that is not a worker of the pool, or that are to run again
 * after such a run; and those that are delayed. While there are any, a worker of the home that
 * waits for the group may be woken by others than workers of its home, so it is not counted as
 * asleep, see deadlock.c. A worker that is counted is woken with its pool's lock held; so
 * before a task goes elsewhere, the counted workers are woken to look again.
 *
 * The thread that ends the last task of a group does not touch the group after it has dropped
 * the group's lock, and nobody returns from a wait before it has held that lock. So the group
 * may be freed when all its waiters have returned.
 *
 * A task that is being submitted joins the group, and belongs to it when it is accepted. Nobody
 * waits for it before: perhaps only those who wait for the group can make room for it. But it
 * counts as elsewhere from the beginning, and the group keeps its home meanwhile: when it is
 * accepted the lock of its own pool is held, and no workers of another one can be woken.
 *
 * Workers may have to run tasks of the group and are on a list of their own. Of many waiters
 * some are completed at once, and the last of those goes on with the rest, see
 * waiters_complete(). All that was on the lists at one time has one number, so a waiter of a
 * rest is recognized. The lock of a rest is not the group's, as the group may be gone by then.
 *
 * A group on the stack of a worker is gone if the worker dies, see worker_stack.c. So its owner
 * is noted. Other threads hold that worker during a call on the group, and touch the group in
 * RCU read-side critical sections, if stack_is_ending() says that it still exists. Threads on
 * its list of waiters, and runs of its tasks, need not ask: the waiters are completed and the
 * runs are found before the stack goes.
 */
#include <linux/hash.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/preempt.h>

#include "group.h"
#include "pool.h"
#include "waiter.h"
#include "worker_stack.h"

#define REST_BITS	4

static raw_spinlock_t rest_locks[1 << REST_BITS] = {
	[0 ... (1 << REST_BITS) - 1] = __RAW_SPIN_LOCK_UNLOCKED(rest_locks),
};

/* The lock of those who waited for a group, which may be gone; taken inside the group's lock. */
static raw_spinlock_t *rest_lock(const struct wpool_group *group)
{
	return &rest_locks[hash_ptr(group, REST_BITS)];
}

/**
 * wpool_group_init() - set up a group
 * @group: the group; empty afterwards, and without an error
 * @flags: 0, or %WPOOL_GROUP_FAIL_FAST
 *
 * With %WPOOL_GROUP_FAIL_FAST the first error, also of a task that is cancelled or dropped, cancels
 * the tasks that have not begun, and later ones. They end at once if a thread waits for the group
 * with time left, or cancels it. Otherwise each ends when a worker takes it.
 *
 * Context: Any.
 */
void wpool_group_init(struct wpool_group *group, unsigned int flags)
{
	*group = (struct wpool_group) { .flags = flags, .owner = stack_owner(group) };
	raw_spin_lock_init(&group->lock);
	INIT_LIST_HEAD(&group->waiters);
	INIT_LIST_HEAD(&group->helpers);
}
EXPORT_SYMBOL_GPL(wpool_group_init);

/*
 * Completes all waiters of the group, or only the workers among them. Those that are counted as
 * asleep are of its home, whose lock is held then. Context: its lock held.
 */
static void group_wake(struct wpool_group *group, struct wpool *pool, bool workers, int status)
{
	LIST_HEAD(waiters);

	if (!workers)
		list_splice_tail_init(&group->waiters, &waiters);
	list_splice_init(&group->helpers, &waiters);
	if (list_empty(&waiters))
		return;
	group->ring++;
	if (group->nr_counted) {
		lockdep_assert_held(&group->home->lock);
		sleepers_sub(group->home, group->nr_counted);
		group->nr_counted = 0;
	}
	raw_spin_lock(rest_lock(group));
	waiters_complete(pool, &waiters, status, group->error, pool_wake_queue(pool));
	raw_spin_unlock(rest_lock(group));
}

/**
 * group_wake_rest() - complete the waiters that are left
 * @waiter: the caller's, which has been completed
 *
 * Context: any; no lock held.
 */
void group_wake_rest(struct wpool_waiter *waiter)
{
	raw_spinlock_t *lock = rest_lock(waiter->group);
	struct wpool_wake_queue wake_queue = {};
	unsigned long flags;

	/*
	 * Not without the lock, even if there seem to be none: the head of the rest lies on this
	 * thread's stack, and the last of the rest may give up. Of the two stores of its list_del()
	 * in group_leave() one could be seen here, and the other come when the frame is gone.
	 */
	raw_spin_lock_irqsave(lock, flags);
	if (!list_empty(&waiter->rest))
		waiters_complete(NULL, &waiter->rest, waiter->status, waiter->value, &wake_queue);
	preempt_disable();
	raw_spin_unlock_irqrestore(lock, flags);
	wake_queue_waiters(&wake_queue);
	preempt_enable();
}

/* Nobody submits to the group any more, and its last task has ended. Context: its lock held. */
static void group_ended(struct wpool_group *group)
{
	if (group->owner)
		stack_unlink_group(group);
}

/* The last task of the group has ended. Context: its lock held. */
void group_empty(struct wpool_group *group, struct wpool *pool)
{
	if (!group->joining)
		group_ended(group);
	group_wake(group, pool, false, 0);
}

/**
 * group_task_accepted() - count a task of a group that a pool has accepted
 * @group: the group; exists
 *
 * Context: the lock of the task's pool held.
 */
void group_task_accepted(struct wpool_group *group)
{
	raw_spin_lock(&group->lock);
	group->joining--;
	group->pending++;
	WRITE_ONCE(group->came, group->came + 1);
	raw_spin_unlock(&group->lock);
}

/* A task is not elsewhere any more, or never came. Return: true if it was the last of those. */
static bool group_uncount_elsewhere(struct wpool_group *group, const struct wpool *pool)
{
	return group->home != pool && !--group->elsewhere;
}

/**
 * group_task_refused() - a task of a group was not accepted
 * @group: the group; exists, and is not to be touched afterwards
 * @pool: the task's
 *
 * Context: pool->lock held.
 */
void group_task_refused(struct wpool_group *group, struct wpool *pool)
{
	bool all_home;

	raw_spin_lock(&group->lock);
	all_home = group_uncount_elsewhere(group, pool);
	if (!--group->joining && !group->pending)
		group_ended(group);
	else if (all_home)
		group_wake(group, pool, true, -EAGAIN);	/* they are counted now */
	raw_spin_unlock(&group->lock);
}

/**
 * group_task_done() - count a task of a group that has ended
 * @group: the group; not to be touched afterwards
 * @pool: the task's
 * @result: of the task
 *
 * Context: the lock of the task's pool held.
 */
void group_task_done(struct wpool_group *group, struct wpool *pool, int result)
{
	bool first, all_home;

	raw_spin_lock(&group->lock);
	if (stack_is_ending(group->owner))
		result = -EOWNERDEAD;
	all_home = group_uncount_elsewhere(group, pool);
	first = result < 0 && !group->error;
	if (first)
		WRITE_ONCE(group->error, result);	/* pairs with group_failed() */
	if (!--group->pending)
		group_empty(group, pool);
	else if (first && (group->flags & WPOOL_GROUP_FAIL_FAST))
		group_wake(group, pool, false, -EAGAIN);	/* they cancel the rest */
	else if (all_home)
		group_wake(group, pool, true, -EAGAIN);	/* they are counted now */
	raw_spin_unlock(&group->lock);
}

/**
 * group_task_outside() - a task of a group goes outside of the workers, or comes back
 * @group: the group
 * @pool: the task's
 * @begins: it leaves: it runs in a thread that is not a worker, or it is delayed
 *
 * Context: pool->lock held.
 */
void group_task_outside(struct wpool_group *group, struct wpool *pool, bool begins)
{
	raw_spin_lock(&group->lock);
	/* Otherwise it is elsewhere already. */
	if (group->home == pool) {
		if (begins ? !group->elsewhere++ : !--group->elsewhere)
			group_wake(group, pool, true, -EAGAIN);
	}
	raw_spin_unlock(&group->lock);
}

/**
 * group_task_waits() - a task of a group has come to wait in its pool
 * @group: the group
 * @task: the task; may still be inside its function
 *
 * If the task runs in a thread that is not a worker, it waits for that run, and no worker can
 * begin it: it counts as outside until that run has ended, or until it no longer waits.
 *
 * Context: the lock of its pool held.
 */
void group_task_waits(struct wpool_group *group, struct wpool_task *task)
{
	if (task->state & TASK_IN_FN && !task->run->worker)
		group_task_outside(group, task->pool, true);
	group_wake_workers(group, task->pool);
}

/**
 * group_leave() - take a waiter that gives up off its list
 * @waiter: the waiter; its group still exists
 *
 * Context: the group's lock held.
 * Return: false if it has been completed.
 */
bool group_leave(struct wpool_waiter *waiter)
{
	struct wpool_group *group = waiter->group;
	bool waits;

	lockdep_assert_held(&group->lock);
	raw_spin_lock(rest_lock(group));
	waits = waiter->status == -EINPROGRESS;
	if (waits)
		list_del(&waiter->node);	/* perhaps of a rest, see group_wake_rest() */
	raw_spin_unlock(rest_lock(group));
	return waits;
}

/**
 * group_forget() - make a worker give up its wait
 * @waiter: without a time limit
 *
 * Context: the lock of its pool held.
 * Return: false if it has been completed, or is about to be.
 */
bool group_forget(struct wpool_waiter *waiter)
{
	struct wpool_group *group = waiter->group;
	bool waits = false;

	if (stack_is_ending(waiter->owner))
		return false;
	raw_spin_lock(&group->lock);
	if (waiter->ring == group->ring && group_leave(waiter)) {
		group->nr_counted -= waiter->counted;
		waits = true;
	}
	raw_spin_unlock(&group->lock);
	return waits;
}

bool group_failed(const struct wpool_group *group)
{
	return (group->flags & WPOOL_GROUP_FAIL_FAST) && READ_ONCE(group->error);
}

/* Is the group of the task about to go with the stack that it lies on? Context: pool->lock held. */
bool group_ends(const struct wpool_task *task)
{
	const struct wpool_group *group = task_group_of(task);

	return group && stack_is_ending(group->owner);
}

/* Must a task that is about to begin be cancelled instead? Context: pool->lock held. */
bool group_cancels(const struct wpool_task *task)
{
	const struct wpool_group *group = task_group_of(task);

	return group && group_failed(group);
}

/**
 * group_wake_workers() - make the workers that wait for a group look again
 * @group: the caller or a task that has not ended keeps it
 * @pool: the pool that the caller has locked
 *
 * They run tasks of the group that wait in their own pool, and there is one now. They look and
 * go to sleep in one hold of that pool's lock, so none is missed.
 *
 * Context: the lock held of the pool that has a task to run.
 */
void group_wake_workers(struct wpool_group *group, struct wpool *pool)
{
	raw_spin_lock(&group->lock);
	group_wake(group, pool, true, -EAGAIN);
	raw_spin_unlock(&group->lock);
}

/**
 * group_stop_begun() - have each task of a group asked to stop as it begins, see group_stops()
 * @group: exists
 * @n: 1: from now on, -1: no more; several threads may want it
 *
 * Context: any.
 */
void group_stop_begun(struct wpool_group *group, int n)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&group->lock, flags);
	/* pairs with group_stops(): what a task's condition reads was written before */
	smp_store_release(&group->stopping, group->stopping + n);
	raw_spin_unlock_irqrestore(&group->lock, flags);
}

/* The group's home with a reference, if a counted worker of it waits: then the home exists. */
struct wpool *group_get_counting_home(struct wpool_group *group)
{
	lockdep_assert_held(&group->lock);
	return group->nr_counted ? wpool_get(group->home) : NULL;
}
