// SPDX-License-Identifier: GPL-2.0
/*
 * The threads and the group to inform of a task's end: any number of waiters, and one group.
 *
 * A task has one spare word, &wpool_task.waiters. It points to the first of its waiters, which
 * form a ring; or, if there are none, to the group, with the lowest bit set. The first waiter
 * keeps what else there is to know of all of them: the group, and how many count as asleep. So
 * no step here takes longer if there are many.
 *
 * The waiters are completed in their order, but workers that could run the task that defers
 * this one come first, see key.c. Of many waiters only some are completed at once; the ring is
 * theirs then and no longer the task's, and the last of them goes on with the rest, see
 * waiters_complete(). No waiter of the rest counts as asleep any more, and task_waiter_is_on()
 * says that it no longer waits. Modelled in scripts/model/rest.pml.
 *
 * Everything here needs the lock of the task's pool. If the task is in no pool, the caller must
 * be its only user.
 */
#include <linux/compiler.h>
#include <linux/uaccess.h>

#include "key.h"
#include "pool.h"
#include "spin_wait.h"
#include "task_waiters.h"
#include "waiter.h"

/* Sets @first, or the group if there are no waiters. */
static void task_waiters_set(struct wpool_task *task, struct wpool_waiter *first,
		      struct wpool_group *group)
{
	if (first) {
		first->group = group;
		task->waiters = (unsigned long)first;
	} else {
		task->waiters = group ? (unsigned long)group | WAITERS_GROUP : 0;
	}
}

void task_add_group(struct wpool_task *task, struct wpool_group *group)
{
	task_waiters_set(task, task_first_waiter(task), group);
}

struct wpool_group *__task_take_group(struct wpool_task *task)
{
	struct wpool_group *group = task_group_of(task);

	task_waiters_set(task, task_first_waiter(task), NULL);
	return group;
}

/**
 * task_waiter_add() - make a thread wait for a task's end
 * @task: accepted by the pool that the caller has locked
 * @waiter: of the thread; on no list
 */
void task_waiter_add(struct wpool_task *task, struct wpool_waiter *waiter)
{
	struct wpool_waiter *first = task_first_waiter(task);
	struct wpool_group *group = task_group_of(task);

	if (first) {
		list_add_tail(&waiter->node, &first->node);
		waiter->ring = first->ring;
		waiter->nr_counted = first->nr_counted;
	} else {
		INIT_LIST_HEAD(&waiter->node);
		waiter->ring = ++task->pool->rings;
	}
	if (!first || waiter->can_help)
		task_waiters_set(task, waiter, group);
	if (waiter->can_help)
		key_await(task->pool, task);
}

/**
 * task_waiter_count() - one of a task's waiters counts as asleep now
 * @task: the task
 */
void task_waiter_count(struct wpool_task *task)
{
	task_first_waiter(task)->nr_counted++;
}

/* A waiter of the task that could run the head of its key, or NULL. */
struct wpool_waiter *task_waiter_helper(const struct wpool_task *task)
{
	struct wpool_waiter *first = task_first_waiter(task);

	return first && first->can_help ? first : NULL;
}

/*
 * The word of a task that may be gone: when one of its waiters has been completed its owner may
 * free it, and others of the same ring may be a rest still. Return: 0 also if nothing is there
 * now. KASAN does not see the read.
 */
static unsigned long peek_waiters(const struct wpool_task *task)
{
#ifdef CONFIG_UML
	/* The UML kernel does not survive a fault, and modules cannot use its way to try a read. */
	return READ_ONCE_NOCHECK(task->waiters);
#else
	unsigned long word;

	__get_kernel_nofault(&word, &task->waiters, unsigned long, gone);
	return word;
gone:
	/*
	 * GCC bug 113921, in 12.2 and others: what is only moved to a register on the way out of
	 * an asm goto is lost. So the 0 is made here.
	 */
	word = 0;
	OPTIMIZER_HIDE_VAR(word);
	return word;
#endif
}

/**
 * task_waiter_is_on() - does a waiter still wait for its task?
 * @pool: the pool in which it waits
 * @waiter: the waiter, which has not been completed
 *
 * If it does not, it is one of a rest and is about to be completed; the task may belong to
 * anybody. Context: pool->lock held.
 */
bool task_waiter_is_on(const struct wpool *pool, const struct wpool_waiter *waiter)
{
	const struct wpool_task *task = waiter->task;
	const struct wpool_waiter *first;
	u8 state;

	if (!peek_waiters(task))
		return false;
	/* Acquire: if the task is in another pool now, this reads that pool. */
	state = smp_load_acquire(&task->state);
	if (!(state & TASK_ACCEPTED) || READ_ONCE(task->pool) != pool)
		return false;
	first = task_first_waiter(task);
	return first && first->ring == waiter->ring;
}

/**
 * task_waiter_del() - take a waiter off its list that was not completed
 * @pool: the pool in which it waits
 * @waiter: the waiter
 */
void task_waiter_del(const struct wpool *pool, struct wpool_waiter *waiter)
{
	struct wpool_waiter *first, *next = NULL;
	struct wpool_task *task = waiter->task;

	if (!task_waiter_is_on(pool, waiter)) {
		waiter->counted = false;	/* nobody of a rest is */
		list_del(&waiter->node);
		return;
	}
	first = task_first_waiter(task);
	first->nr_counted -= waiter->counted;
	if (!list_empty(&waiter->node))
		next = list_next_entry(waiter, node);
	list_del(&waiter->node);
	if (first != waiter)
		return;
	if (next)
		next->nr_counted = first->nr_counted;
	task_waiters_set(task, next, first->group);
	if (first->can_help && !task_waiter_helper(task))
		key_unawait(task);
}

/**
 * __task_waiters_complete() - complete all waiters of a task; its group stays
 * @task: the task
 * @status: 0, or an errno
 * @value: the result that goes with it
 */
void __task_waiters_complete(struct wpool_task *task, int status, int value)
{
	struct wpool_waiter *first = task_first_waiter(task);
	struct wpool *pool = task->pool;
	LIST_HEAD(waiters);

	if (!first)
		return;
	if (!status)
		spin_learn(pool, SPIN_WAITER, first->slept_at);
	task_waiters_set(task, NULL, first->group);
	if (first->can_help)
		key_unawait(task);
	sleepers_sub(pool, first->nr_counted);
	list_add_tail(&waiters, &first->node);	/* before the first: a ring to a list */
	waiters_complete(pool, &waiters, status, value, pool_wake_queue(pool));
}
