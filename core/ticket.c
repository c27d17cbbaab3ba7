// SPDX-License-Identifier: GPL-2.0
/*
 * Tickets: numbers that stand for submissions, and are never used again in a pool.
 *
 * A ticket is drawn before the submission that it is for, so that even the function of the task
 * can find the number where the submitter has put it. It says whose submission that is: another
 * thread may submit the task meanwhile, as the first one sleeps for room, and that submission has
 * no part in it. When its own is accepted the task has the ticket, in its tracking; the
 * run takes it over as it begins, and lets go of the task. A task that ends without a run gives
 * it to the same place as the run does: to struct wpool_ended. So the end of a ticket is where
 * releases are called, in pool_lock.c: after the release has returned, its waiters are completed
 * and it is erased. Until then the task counts as in flight, so the pool has not terminated.
 *
 * All tickets of a pool are in a tree, which has nothing of the memory of tasks.
 *
 * A task that waits has one ticket at most, and one may be drawn for it, of one pool. Only the
 * lock of that pool guards the link to one that is drawn. If another pool has the task meanwhile
 * it leaves that ticket alone: that is why the ticket says whose it is, and why RCU frees it.
 *
 * Everything here needs pool->lock unless it says otherwise.
 */
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "pool.h"
#include "release.h"
#include "ticket.h"

static struct wpool_ticket *node_ticket(struct rb_node *node)
{
	return rb_entry(node, struct wpool_ticket, node);
}

/* Needs no lock. */
struct wpool_ticket *ticket_alloc(struct wpool *pool, gfp_t gfp)
{
	struct wpool_ticket *ticket = kmalloc(sizeof(*ticket), gfp);

	if (!ticket)
		return NULL;
	*ticket = (struct wpool_ticket) { .pool = pool };
	INIT_LIST_HEAD(&ticket->waiters);
	return ticket;
}

/* Also where PREEMPT_RT can free nothing. Needs no lock. */
void ticket_free(struct wpool_ticket *ticket)
{
	kfree_rcu(ticket, rcu);
}

/* As deep in interrupts as the caller: with PREEMPT_RT a soft one is not in preempt_count(). */
static u8 context_now(void)
{
	return interrupt_context_level() * 2 + (in_serving_softirq() ? 1 : 0);
}

/**
 * ticket_draw() - give a ticket the next number, for a submission of the current thread
 * @ticket: of this pool, without a number
 * @task: to be submitted
 * @tracking: of the task
 *
 * Return: false if one is drawn for the task already: it is being submitted.
 */
bool ticket_draw(struct wpool_ticket *ticket, struct wpool_task *task,
		 struct wpool_tracking *tracking)
{
	struct wpool *pool = ticket->pool;
	struct rb_node *last = NULL, **place = &pool->tickets.tree.rb_node;

	lockdep_assert_held(&pool->lock);
	/* The lock of another pool may be the one that guards what is there. */
	if (cmpxchg(&tracking->drawn, NULL, ticket))
		return false;
	ticket->nr = ++pool->tickets.last;
	ticket->fn = task->fn;
	ticket->submitter = current;
	ticket->context = context_now();
	while (*place) {
		last = *place;
		place = &last->rb_right;
	}
	rb_link_node(&ticket->node, last, place);
	rb_insert_color(&ticket->node, &pool->tickets.tree);
	return true;
}

/* Its submission was refused. Return: false if the task has it, or has had it. */
bool ticket_take_drawn(struct wpool_ticket *ticket, struct wpool_tracking *tracking)
{
	lockdep_assert_held(&ticket->pool->lock);
	if (READ_ONCE(tracking->drawn) != ticket)
		return false;
	WRITE_ONCE(tracking->drawn, NULL);
	return true;
}

/* The rest of ticket_is_mine(). With the lock held, RCU keeps even the ticket of another pool. */
bool __ticket_is_mine(struct wpool *pool, const struct wpool_tracking *tracking)
{
	const struct wpool_ticket *ticket = READ_ONCE(tracking->drawn);

	lockdep_assert_held(&pool->lock);
	return ticket && ticket->pool == pool && ticket->submitter == current &&
	       ticket->context == context_now();
}

/* The submission that a ticket was drawn for is accepted: the task has the ticket. */
void ticket_accepted(struct wpool_task *task)
{
	struct wpool_tracking *tracking = task_tracking(task);
	struct wpool_ticket *ticket = tracking->drawn;

	lockdep_assert_held(&ticket->pool->lock);
	WRITE_ONCE(tracking->drawn, NULL);
	WRITE_ONCE(tracking->ticket, ticket);
	ticket->task = task;
}

/* The ticket of a number, or NULL: it has ended. */
struct wpool_ticket *ticket_find(struct wpool *pool, u64 nr)
{
	struct wpool_ticket *ticket = ticket_near(pool, nr, true);

	return ticket && ticket->nr == nr ? ticket : NULL;
}

/*
 * The one of the lowest number from this one on, or, if it is not @from, of the highest up to this
 * one; or NULL.
 */
struct wpool_ticket *ticket_near(struct wpool *pool, u64 nr, bool from)
{
	struct rb_node *node = pool->tickets.tree.rb_node;
	struct wpool_ticket *ticket, *found = NULL;
	bool above;

	lockdep_assert_held(&pool->lock);
	while (node) {
		ticket = node_ticket(node);
		if (ticket->nr == nr)
			return ticket;
		above = ticket->nr > nr;
		if (above == from)
			found = ticket;
		node = above ? node->rb_left : node->rb_right;
	}
	return found;
}

/* The rest of ticket_take(). */
struct wpool_ticket *__ticket_take(struct wpool *pool, struct wpool_tracking *tracking)
{
	struct wpool_ticket *ticket = tracking->ticket;

	lockdep_assert_held(&pool->lock);
	WRITE_ONCE(tracking->ticket, NULL);
	ticket->task = NULL;
	return ticket;
}

/* It has ended: no number finds it any more. */
void ticket_erase(struct wpool_ticket *ticket)
{
	lockdep_assert_held(&ticket->pool->lock);
	rb_erase(&ticket->node, &ticket->pool->tickets.tree);
}

/* Nobody uses the pool any more. */
void tickets_free(struct wpool *pool)
{
	struct wpool_ticket *ticket, *next;

	rbtree_postorder_for_each_entry_safe(ticket, next, &pool->tickets.tree, node)
		kfree(ticket);
}
