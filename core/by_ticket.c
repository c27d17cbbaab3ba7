// SPDX-License-Identifier: GPL-2.0
/*
 * The calls on tickets: drawn around a submission; a task taken back, or waited for, by its
 * number. ticket.c has what a ticket is.
 *
 * None of these has a task from its caller, so each looks it up under pool->lock, and touches it
 * only in the same hold. A waiter sleeps on the ticket, and not on the task: so it learns that
 * the task has ended, and nothing of its result.
 */
#include <linux/module.h>
#include <linux/sched.h>

#include "broken_mend.h"
#include "current_thread.h"
#include "depmap.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_batch.h"
#include "release.h"
#include "submit.h"
#include "task_end.h"
#include "task_lock.h"
#include "ticket.h"
#include "waiter.h"

/*
 * Its flags say that a task has a tracking. They are not changed while a pool has it. Context:
 * the lock of the pool that it is to be submitted to held.
 */
static bool make_tracked(struct wpool *pool, struct wpool_task *task)
{
	unsigned int state;

	/* The run that a submission without a ticket waits for would have this one's. */
	if (READ_ONCE(task->pool) == pool ? task_waits(pool, task) :
					    READ_ONCE(task->state) & TASK_WAITS)
		return false;
	/* Pairs with the release in task_settle(). */
	state = smp_load_acquire(&task->state);
	if (READ_ONCE(task->flags) & WPOOL_TASK_TRACKED)
		return true;
	if (state & TASK_ACCEPTED)
		return false;
	WRITE_ONCE(task->flags, task->flags | WPOOL_TASK_TRACKED);
	return true;
}

static bool ticket_args_ok(const struct wpool *pool, const struct wpool_task *task)
{
	if (IS_ERR_OR_NULL(pool))
		return false;
	if (task && !(READ_ONCE(task->flags) & WPOOL_TASK_ONSTACK))
		return true;
	pr_err_ratelimited("%s: a ticket for %s\n", pool->name,
			   task ? "a task on the stack" : "no task");
	return false;
}

/**
 * __wpool_ticket_draw() - draw a ticket for a submission that comes next
 * @pool: the pool
 * @task: to be submitted
 * @tracking: of the task
 * @gfp: how to allocate the ticket
 * @nr: set to its number; may be shared by threads that submit one task, so it does not say
 *	whose it is
 * @drawn: set to its number
 *
 * Context: Any but NMI; as @gfp.
 * Return: 0, -EINVAL, -ENOMEM, -EBUSY. Only 0 changes @nr and @drawn.
 */
int __wpool_ticket_draw(struct wpool *pool, struct wpool_task *task,
			struct wpool_tracking *tracking, gfp_t gfp, u64 *nr, u64 *drawn)
{
	struct wpool_ticket *ticket = NULL;
	unsigned long flags;
	bool done;

	if (!ticket_args_ok(pool, task))
		return -EINVAL;
	if (submit_may_allocate())
		ticket = ticket_alloc(pool, gfp);
	else
		submit_cannot_allocate(pool, __func__, __builtin_return_address(0), false);
	if (!ticket)
		return -ENOMEM;
	pool_lock(pool, flags);
	done = make_tracked(pool, task) && ticket_draw(ticket, task, tracking);
	if (done)
		*nr = *drawn = ticket->nr;
	pool_unlock(pool, flags);
	if (done)
		return 0;
	ticket_free(ticket);
	return -EBUSY;
}
EXPORT_SYMBOL_GPL(__wpool_ticket_draw);

/**
 * __wpool_ticket_refused() - the submission that a ticket was drawn for was refused
 * @pool: the pool
 * @tracking: of the task
 * @drawn: its number
 * @nr: set to 0, if it still is that number
 *
 * Context: Any but NMI.
 */
void __wpool_ticket_refused(struct wpool *pool, struct wpool_tracking *tracking, u64 drawn,
			    u64 *nr)
{
	struct wpool_ticket *ticket;
	unsigned long flags;

	pool_lock(pool, flags);
	ticket = ticket_find(pool, drawn);
	if (ticket && ticket_take_drawn(ticket, tracking))
		pool_end_ticket(pool, ticket);
	else
		ticket = NULL;
	if (*nr == drawn)
		*nr = 0;
	pool_unlock(pool, flags);
	if (ticket)
		ticket_free(ticket);
}
EXPORT_SYMBOL_GPL(__wpool_ticket_refused);

static int schedule_fn(struct wpool *pool, struct wpool_task *task, gfp_t gfp, u64 *nr,
		       int (*schedule)(struct wpool *pool, struct wpool_task *task))
{
	struct wpool_tracked_task *ttask = container_of(task, struct wpool_tracked_task, task);
	int ret;

	ret = wpool_with_ticket(pool, ttask, gfp, nr, schedule(pool, task));
	if (ret)
		tracked_free(task);
	return ret;
}

/**
 * __wpool_schedule_fn_ticket() - the function behind wpool_schedule_fn_ticket()
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @release: called with @arg, or NULL
 * @owner: the module that @fn and @release belong to
 * @nr: set to the ticket, or to 0
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule_fn().
 */
int __wpool_schedule_fn_ticket(struct wpool *pool, wpool_fn_t fn, void *arg,
			       wpool_release_t release, struct module *owner, u64 *nr)
{
	struct wpool_task *task;

	*nr = 0;
	might_sleep();
	task = tracked_alloc(fn, arg, release, owner, GFP_KERNEL);
	return task ? schedule_fn(pool, task, GFP_KERNEL, nr, wpool_schedule) : -ENOMEM;
}
EXPORT_SYMBOL_GPL(__wpool_schedule_fn_ticket);

/**
 * __wpool_try_schedule_fn_ticket() - the function behind wpool_try_schedule_fn_ticket()
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @release: called with @arg, or NULL
 * @owner: the module that @fn and @release belong to
 * @nr: set to the ticket, or to 0
 *
 * Context: Any but NMI. On PREEMPT_RT, see wpool_try_schedule_fn_ticket().
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
int __wpool_try_schedule_fn_ticket(struct wpool *pool, wpool_fn_t fn, void *arg,
				   wpool_release_t release, struct module *owner, u64 *nr)
{
	struct wpool_task *task = NULL;

	*nr = 0;
	if (submit_may_allocate())
		task = tracked_alloc(fn, arg, release, owner, GFP_ATOMIC);
	else
		submit_cannot_allocate(pool, __func__, __builtin_return_address(0), false);
	return task ? schedule_fn(pool, task, GFP_ATOMIC, nr, wpool_try_schedule) : -ENOMEM;
}
EXPORT_SYMBOL_GPL(__wpool_try_schedule_fn_ticket);

/*
 * Takes the task of a ticket off the lists of the pool. Return: as task_take_back_here(), or
 * -ENOENT. Context: pool->lock held.
 */
static int take_back(struct wpool *pool, struct wpool_ticket *ticket)
{
	struct wpool_task *task = ticket->task;

	if (!task)
		return -EBUSY;	/* it runs, or is being submitted */
	if (!mend_ticket_ok(ticket))
		return -ENOENT;
	run_clean(task);
	return task_take_back_here(pool, task);
}

/* Return: as wpool_cancel_id(), or -EAGAIN. */
static int cancel_once(struct wpool *pool, u64 nr)
{
	struct wpool_ticket *ticket;
	unsigned long flags;
	int ret = -ENOENT;

	pool_lock(pool, flags);
	ticket = ticket_find(pool, nr);
	if (ticket)
		ret = take_back(pool, ticket);
	if (!ret)
		task_drop(pool, ticket->task, WPOOL_STAT_CANCELLED);
	pool_unlock(pool, flags);
	return ret;
}

/**
 * wpool_cancel_id() - take a task back by its ticket
 * @pool: where the ticket was drawn
 * @ticket: the ticket
 *
 * As wpool_cancel(), for a caller that has no pointer to the task, or that does not know whether
 * it still exists.
 * A release is called before it returns, see wpool_task_set_release(). It does not wait: see
 * wpool_wait_id() for a task that has begun.
 *
 * Context: Any but NMI. The caller holds a reference.
 * Return: 0: it does not run. -EBUSY: it runs, or is being submitted, or its release is called
 * just now. -ENOENT: it has ended, in whatever way; or there is no such ticket. -EINVAL (NULL
 * pool).
 */
int wpool_cancel_id(struct wpool *pool, u64 ticket)
{
	int ret;

	if (IS_ERR_OR_NULL(pool))
		return -EINVAL;
	do {
		ret = cancel_once(pool, ticket);
	} while (ret == -EAGAIN);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_cancel_id);

/*
 * Sleeps until a ticket has ended. Return: 0 or -EINTR.
 *
 * No wake-up is lost: the waiter is on the list of the ticket before the lock is dropped, and
 * whoever ends the ticket completes the list in the hold of the lock in which the ticket goes.
 */
static int wait_for_ticket(struct wpool *pool, u64 nr, unsigned int state)
{
	struct wpool_deadline deadline = { .never = true };
	struct wpool_ticket *ticket;
	struct wpool_waiter waiter;
	unsigned long flags;
	wpool_fn_t fn;
	bool gave_up;
	long left;

	waiter_init(&waiter);
	pool_lock(pool, flags);
	ticket = ticket_find(pool, nr);
	if (!ticket) {
		pool_unlock(pool, flags);
		return 0;
	}
	/* Its task may have been lost together with broken ones. */
	if (unlikely(mend_has_islands(pool)))
		queue_recover_of(pool, ticket);
	fn = ticket->fn;
	list_add_tail(&waiter.node, &ticket->waiters);
	wpool_get(pool);
	pool_unlock(pool, flags);

	dep_wait_function(pool, fn);
	left = waiter_sleep(&waiter, &deadline, state);

	pool_lock(pool, flags);
	gave_up = waiter.status == -EINPROGRESS;
	if (gave_up)
		list_del(&waiter.node);
	waiter_complete_rest(pool, &waiter);
	pool_unlock(pool, flags);
	if (!gave_up && left <= 0)
		wait_for_completion(&waiter.done);
	wpool_put(pool);
	return gave_up ? left : 0;
}

static int wait_id(struct wpool *pool, u64 nr, unsigned int state, const char *what)
{
	might_sleep();
	if (IS_ERR_OR_NULL(pool))
		return -EINVAL;
	if (worker_refused(pool, what))
		return -EDEADLK;
	return wait_for_ticket(pool, nr, state);
}

/**
 * wpool_wait_id() - wait until the task of a ticket is no longer pending
 * @pool: where the ticket was drawn
 * @ticket: the ticket
 *
 * It is pending from its submission until it has run or was dropped, taken back or lost, with its
 * worker or as its memory was overwritten, and its release has returned. So nothing of that
 * submission goes on when the call returns 0; at once if it has ended before, or there is no such
 * ticket. The result of the task is not known here.
 *
 * Context: Process context; sleeps, uninterruptibly. The caller holds a reference.
 * Return: 0, -EINVAL (NULL pool; atomic context), -EDEADLK in a worker, a hook or a task of the
 * pool, or in a release of it that wpool's own thread calls, which perhaps would wait for itself:
 * there a caller that has the task can use wpool_wait().
 */
int wpool_wait_id(struct wpool *pool, u64 ticket)
{
	return wait_id(pool, ticket, TASK_UNINTERRUPTIBLE, "wpool_wait_id()");
}
EXPORT_SYMBOL_GPL(wpool_wait_id);

/**
 * wpool_wait_id_killable() - wait for a ticket until a fatal signal comes
 * @pool: where the ticket was drawn
 * @ticket: the ticket
 *
 * Context: Process context; may sleep. The caller holds a reference.
 * Return: as wpool_wait_id(), or -EINTR: the task may still be pending.
 */
int wpool_wait_id_killable(struct wpool *pool, u64 ticket)
{
	return wait_id(pool, ticket, TASK_KILLABLE, "wpool_wait_id_killable()");
}
EXPORT_SYMBOL_GPL(wpool_wait_id_killable);

/**
 * wpool_wait_id_interruptible() - wait for a ticket until a signal comes
 * @pool: where the ticket was drawn
 * @ticket: the ticket
 *
 * Context: Process context; may sleep. The caller holds a reference.
 * Return: as wpool_wait_id(), or -EINTR: the task may still be pending.
 */
int wpool_wait_id_interruptible(struct wpool *pool, u64 ticket)
{
	return wait_id(pool, ticket, TASK_INTERRUPTIBLE, "wpool_wait_id_interruptible()");
}
EXPORT_SYMBOL_GPL(wpool_wait_id_interruptible);

/* The last ticket up to this one that has not ended, or 0. */
static u64 last_pending(struct wpool *pool, u64 nr)
{
	struct wpool_ticket *ticket;
	unsigned long flags;

	pool_lock(pool, flags);
	ticket = ticket_near(pool, nr, false);
	nr = ticket ? ticket->nr : 0;
	pool_unlock(pool, flags);
	return nr;
}

/**
 * wpool_flush_to() - wait for all tickets up to one
 * @pool: where it was drawn
 * @ticket: the last to wait for
 *
 * As wpool_wait_id() for each ticket of the pool that was drawn before this one, and for this
 * one. Those drawn later do not prolong the wait, nor do tasks without a ticket: wpool_flush() is
 * for these.
 *
 * Context: Process context; may sleep. The caller holds a reference.
 * Return: as wpool_wait_id().
 */
int wpool_flush_to(struct wpool *pool, u64 ticket)
{
	might_sleep();
	if (IS_ERR_OR_NULL(pool))
		return -EINVAL;
	if (worker_refused(pool, "wpool_flush_to()"))
		return -EDEADLK;
	/* Backwards: while it waits for the last, most of those before it end. None comes anew. */
	while ((ticket = last_pending(pool, ticket))) {
		if (wait_for_ticket(pool, ticket, TASK_UNINTERRUPTIBLE))
			return -EINVAL;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(wpool_flush_to);
