/* SPDX-License-Identifier: GPL-2.0 */
/* The tickets of a pool; see ticket.c. */
#ifndef _WPOOL_TICKET_H
#define _WPOOL_TICKET_H

#include <linux/list.h>
#include <linux/rbtree_types.h>
#include <linux/rcupdate.h>
#include <linux/wpool.h>

#include "pool.h"
#include "release.h"
#include "types.h"

/**
 * struct wpool_ticket - a number that stands for one submission of a task
 * @pool: I: where it was drawn
 * @nr: I: the number
 * @fn: I: of the task
 * @submitter: I: the thread that submits the task; compared, and not touched
 * @context: I: and where: that thread, or an interrupt that it serves
 * @node: L: in &wpool_tickets.tree, until nobody waits for it any more
 * @task: L: the task while it waits, and &wpool_tracking.ticket is this one. Before that NULL: its
 *	submission goes on, and &wpool_tracking.drawn is this one. And after: the run has it, or
 *	what is left to do after its end
 * @waiters: L: those that wait for its end
 * @rcu: frees it
 *
 * In wpool's own memory, so that a number can be looked up that stands for a task which is gone.
 */
struct wpool_ticket {
	struct wpool		*pool;
	u64			nr;
	wpool_fn_t		fn;
	const struct task_struct *submitter;
	u8			context;
	struct rb_node		node;
	struct wpool_task	*task;
	struct list_head	waiters;
	struct rcu_head		rcu;
};

struct wpool_ticket *ticket_alloc(struct wpool *pool, gfp_t gfp);
void ticket_free(struct wpool_ticket *ticket);
bool ticket_draw(struct wpool_ticket *ticket, struct wpool_task *task,
		 struct wpool_tracking *tracking);
bool ticket_take_drawn(struct wpool_ticket *ticket, struct wpool_tracking *tracking);
bool __ticket_is_mine(struct wpool *pool, const struct wpool_tracking *tracking);
void ticket_accepted(struct wpool_task *task);
struct wpool_ticket *ticket_find(struct wpool *pool, u64 nr);
struct wpool_ticket *ticket_near(struct wpool *pool, u64 nr, bool from);
struct wpool_ticket *__ticket_take(struct wpool *pool, struct wpool_tracking *tracking);
void ticket_erase(struct wpool_ticket *ticket);
void tickets_free(struct wpool *pool);

/* Is this the submission for which a ticket of the pool was drawn? Needs pool->lock. */
static inline bool ticket_is_mine(struct wpool *pool, struct wpool_task *task)
{
	const struct wpool_tracking *tracking = task_tracking(task);

	return unlikely(tracking) && __ticket_is_mine(pool, tracking);
}

/* Is it being submitted with a ticket, of whatever pool? It must not be freed then. */
static inline bool ticket_is_drawn(struct wpool_task *task)
{
	const struct wpool_tracking *tracking = task_tracking(task);

	return tracking && READ_ONCE(tracking->drawn);
}

/**
 * ticket_take() - take over the ticket of a task that begins, or that ends without having begun
 * @pool: its pool
 * @tracking: of the task
 *
 * Context: pool->lock held.
 * Return: the ticket, or NULL.
 */
static inline struct wpool_ticket *ticket_take(struct wpool *pool,
					       struct wpool_tracking *tracking)
{
	return unlikely(READ_ONCE(tracking->ticket)) ? __ticket_take(pool, tracking) : NULL;
}

#endif /* _WPOOL_TICKET_H */
