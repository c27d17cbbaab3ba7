// SPDX-License-Identifier: GPL-2.0
/*
 * Submitting tasks, all around submit(): by way of the inbox, or by submit_one().
 * queue_full.c has what happens when the pool is full, schedule_how.c all the ways but the plain
 * ones.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "caller_runs.h"
#include "group.h"
#include "how.h"
#include "inbox.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_full.h"
#include "submit.h"
#include "worker_stack.h"

/* How many tasks of a call are accepted in one hold of the lock. */
#define BATCH_MAX	64U

/*
 * A detached task cannot have a key: the key must be released after its end. A pool that has
 * the task already may be pinning its owner just now.
 */
static bool keyed_and_detached(const struct wpool_task *task)
{
	u8 both = WPOOL_TASK_KEYED | WPOOL_TASK_DETACHED;

	return (READ_ONCE(task->flags) & both) == both;
}

/* What a release gives back is not on the stack of the thread that sets it up. */
static bool tracked_on_stack(const struct wpool_task *task)
{
	u8 both = WPOOL_TASK_TRACKED | WPOOL_TASK_ONSTACK;

	return (READ_ONCE(task->flags) & both) == both;
}

/* What a task is part of. Each way to submit it takes one kind. */
enum submit_kind {
	SUBMIT_PLAIN,	/* nothing, or a struct wpool_release_task */
	SUBMIT_KEYED,	/* a struct wpool_keyed_task */
	SUBMIT_DELAYED,	/* a struct wpool_delayed_task */
};

static enum submit_kind kind_by(const struct wpool_how *how)
{
	return how->flags & HOW_TIME ? SUBMIT_DELAYED :
	       how->flags & WPOOL_KEYED ? SUBMIT_KEYED : SUBMIT_PLAIN;
}

static enum submit_kind kind_of(const struct wpool_task *task)
{
	if (task->delayed)
		return SUBMIT_DELAYED;
	return READ_ONCE(task->flags) & WPOOL_TASK_KEYED ? SUBMIT_KEYED : SUBMIT_PLAIN;
}

/* A task of this kind, given to a call for another: its key or its delay would not count. */
static const char * const kind_faults[] = {
	[SUBMIT_PLAIN] = "a plain task, scheduled with a key or a delay",
	[SUBMIT_KEYED] = "a keyed task, scheduled without a key",
	[SUBMIT_DELAYED] = "a delayed task, scheduled without a delay",
};

/* Reports why a task cannot run. */
static void report_fault(const struct wpool *pool, const struct wpool_task *task,
			 enum submit_kind kind)
{
	const char *fault;

	if (!task)
		fault = "no task";
	else if (!task->fn)
		fault = "a task without a function";
	else if (kind_of(task) != kind)
		fault = kind_faults[kind_of(task)];
	else if (keyed_and_detached(task))
		fault = "a keyed task that is detached";
	else if (tracked_on_stack(task))
		fault = "a task on the stack that has a release";
	else
		fault = "a task of unknown priority";
	pr_err_ratelimited("%s: refused: %s\n", pool->name, fault);
}

/* Has the task no fault, and is it of the kind that @how is for? Any other is reported. */
bool submit_args_ok(struct wpool *pool, const struct wpool_task *task, const struct wpool_how *how)
{
	enum submit_kind kind = kind_by(how);

	if (IS_ERR_OR_NULL(pool))
		return false;
	if (task && task->fn && kind_of(task) == kind && task->prio < WPOOL_NR_PRIOS &&
	    !keyed_and_detached(task) && !tracked_on_stack(task))
		return true;
	report_fault(pool, task, kind);
	return false;
}

/*
 * The submitting thread knows whether the task lies on its own stack. Nothing changes for a
 * task that a pool has already. Context: pool->lock held.
 */
static void note_stack(struct wpool *pool, struct wpool_task *task)
{
	u8 flags = READ_ONCE(task->flags);
	bool on_stack;

	lockdep_assert_held(&pool->lock);
	if (likely(!(flags & WPOOL_TASK_ONSTACK)))
		return;
	on_stack = object_is_on_stack(task);
	if (on_stack)
		stack_lend(pool);
	/* Pairs with the release in task_settle(). */
	if (smp_load_acquire(&task->state) & TASK_ACCEPTED)
		return;
	__wpool_task_object_init(task);
	if (!on_stack)
		WRITE_ONCE(task->flags, flags & ~WPOOL_TASK_ONSTACK);
}

/*
 * Does the task wait in the pool already, as that of an interrupt that comes often? It begins under
 * the lock that is held here: its run sees what the caller has stored before.
 */
static bool waits_already(struct wpool *pool, const struct wpool_task *task)
{
	unsigned long flags;
	bool waits;

	if (likely(READ_ONCE(task->state) != TASK_QUEUED) ||
	    READ_ONCE(task->flags) & WPOOL_TASK_ONSTACK)
		return false;
	pool_lock(pool, flags);
	waits = pool->state == WPOOL_STATE_RUNNING && READ_ONCE(task->pool) == pool &&
		READ_ONCE(task->state) == TASK_QUEUED;
	pool_unlock(pool, flags);
	return waits;
}

/* Submits a task once. Return: as submit_not_accepted(). */
static int submit_once(struct wpool *pool, struct wpool_submission *sub)
{
	const struct wpool_how *how = sub->how;
	unsigned long flags;
	int ret;

	pool_lock(pool, flags);
	note_stack(pool, sub->task);
	ret = stack_is_ending(sub->owner) ? -EOWNERDEAD : queue_accept(pool, sub->task, how);
	if (unlikely(ret))
		return submit_not_accepted(pool, sub, ret, flags);
	/* Workers that wait for the group are woken in this hold: the task is ready for them. */
	if (how->group)
		group_task_waits(how->group, sub->task);
	else
		inbox_offer(pool, sub->task);
	pool_unlock(pool, flags);
	return 0;
}

/*
 * Submits a task that the inbox does not take; its arguments have been checked. @owner: as
 * stack_hold() of the group. Return: as wpool_schedule_how().
 */
int submit_one(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how,
	       const struct wpool_worker *owner)
{
	struct wpool_submission sub = { .task = task, .how = how, .owner = owner };
	int ret;

	do {
		ret = submit_once(pool, &sub);
	} while (ret == SUBMIT_AGAIN);
	/* A thread that the task kills does not come here: see caller_reap(). */
	if (sub.caller)
		caller_free(sub.caller);
	return ret;
}

static noinline int submit_slowly(struct wpool *pool, struct wpool_task *task,
				  const struct wpool_how *how)
{
	if (!submit_args_ok(pool, task, how))
		return -EINVAL;
	if (waits_already(pool, task))
		return -EBUSY;
	return submit_one(pool, task, how, NULL);
}

static __always_inline int submit(struct wpool *pool, struct wpool_task *task,
				  const struct wpool_how *how)
{
	return inbox_put(pool, task) ? 0 : submit_slowly(pool, task, how);
}

/* The same for those that are not as hot. Whether it may sleep is @how's matter. */
int submit_task(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how)
{
	/* The inbox knows of none of these. */
	if (how->flags & (WPOOL_KEYED | WPOOL_FORCE | WPOOL_IF_FREE))
		return submit_slowly(pool, task, how);
	return submit(pool, task, how);
}

const struct wpool_how how_by_policy;
const struct wpool_how how_nowait = { .flags = WPOOL_NOWAIT };

/**
 * wpool_schedule() - schedule a task, and wait for room if needed
 * @pool: the pool
 * @task: set up, and neither queued nor running elsewhere; it belongs to the pool until it has
 *	ended. Not the member of a struct wpool_keyed_task or wpool_delayed_task
 *
 * When the queue is full, the policy of the pool decides, see &enum wpool_full. Submitters that
 * sleep for room get it in order. A submitter may wake up to two jiffies after its task was
 * accepted.
 *
 * A task that is running in the same pool may be scheduled, also by its own function. It is queued
 * when that run has ended. The caller must not schedule one task into two pools at the same time.
 *
 * Context: Process context; may sleep. The caller holds a reference on @pool. Allocates with
 * GFP_KERNEL if the policy makes the caller run the task.
 * Return: 0 if accepted: then the task runs exactly once, or its waiter learns why not. Otherwise
 * nothing has changed, and it is an error of wpool_schedule_how().
 */
int wpool_schedule(struct wpool *pool, struct wpool_task *task)
{
	might_sleep();
	return submit(pool, task, &how_by_policy);
}
EXPORT_SYMBOL_GPL(wpool_schedule);

/**
 * wpool_try_schedule() - schedule a task if there is room
 * @pool: the pool
 * @task: as for wpool_schedule()
 *
 * Never sleeps and never allocates, whatever the policy of the pool is. Takes the lock of the pool,
 * a raw spinlock held for a bounded time.
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule(), but never -EINTR or -EDEADLK; -EAGAIN when full.
 */
int wpool_try_schedule(struct wpool *pool, struct wpool_task *task)
{
	return submit(pool, task, &how_nowait);
}
EXPORT_SYMBOL_GPL(wpool_try_schedule);

/* Return: how many, from the first on, have no fault; the next is reported. */
static unsigned int batch_faultless(struct wpool *pool, struct wpool_task **tasks, unsigned int n)
{
	unsigned int i = 0;

	while (i < n && submit_args_ok(pool, tasks[i], &how_by_policy))
		i++;
	return i;
}

/*
 * In one hold of the lock, submits as many as there is room for; *@ret says why no more. They
 * have no fault, and the inbox does not take the first.
 */
static unsigned int submit_some(struct wpool *pool, struct wpool_task **tasks,
				unsigned int n, int *ret)
{
	unsigned int accepted = 0;
	unsigned long flags;

	pool_lock(pool, flags);
	do {
		note_stack(pool, tasks[accepted]);
		*ret = queue_accept(pool, tasks[accepted], &how_by_policy);
	} while (!*ret && ++accepted < n);
	inbox_offer(pool, tasks[0]);
	pool_unlock(pool, flags);
	return accepted;
}

/**
 * wpool_schedule_batch() - schedule many tasks
 * @pool: the pool
 * @tasks: pointers to the tasks, each as for wpool_schedule()
 * @n: how many
 *
 * The same as wpool_schedule() for each in turn until one is refused, but cheaper.
 *
 * Context: Process context; may sleep.
 * Return: how many, from the first on, were accepted, at most %INT_MAX; if none was, the error of
 * wpool_schedule() for the first; 0 if @n is 0.
 */
int wpool_schedule_batch(struct wpool *pool, struct wpool_task **tasks,
			 unsigned int n)
{
	unsigned int done = 0, staged;
	bool checked = false;
	int ret = 0;

	might_sleep();
	if (IS_ERR_OR_NULL(pool) || (n && !tasks))
		return -EINVAL;
	n = min_t(unsigned int, n, INT_MAX);
	while (done < n) {
		staged = inbox_put_some(pool, tasks + done, min(n - done, BATCH_MAX));
		done += staged;
		if (staged)
			continue;
		/* Only here: what is staged has no fault, see task_is_plain(). */
		if (!checked) {
			checked = true;
			n = done + batch_faultless(pool, tasks + done, n - done);
			if (done == n)
				ret = -EINVAL;
			continue;
		}
		done += submit_some(pool, tasks + done, min(n - done, BATCH_MAX), &ret);
		/* There a refusal is counted too. */
		if (ret == -EAGAIN || ret == -ESHUTDOWN) {
			ret = submit(pool, tasks[done], &how_by_policy);
			done += !ret;
		}
		if (ret)
			break;
	}
	return done ?: ret;
}
EXPORT_SYMBOL_GPL(wpool_schedule_batch);
