// SPDX-License-Identifier: GPL-2.0
/*
 * Where submitters leave tasks without meeting the workers at pool->lock.
 *
 * The inbox is a list with a lock of its own, in front of the queue. While it is open a
 * plain task is accepted by putting it there: one hold of a lock that a worker takes
 * only to have all of them at once, when it comes for its next task.
 *
 * The rest of the pool need not know of it: pool_lock() shuts it, and what it held is
 * on the queue then, in the order in which it was accepted. So whoever has pool->lock
 * has the pool as if there were no inbox. Only a worker that comes back from a task
 * takes the lock without shutting it, in run.c; what it may find there that must
 * not be overlooked is seen to by inbox_turn() before it looks at the queue, and by
 * the calls of inbox_shut() in queue_link() and flush_tell().
 *
 * It is opened where inbox_may_open() says that one more task asks for nothing but its
 * place on the queue; above all for no wake-up, as somebody is looking, or everybody is
 * busy. That stays so while it is open: who pauses or closes the pool, sleeps in it,
 * buries a worker or raises the capacity has shut it, and so has a worker that is counted
 * as looking when it comes. So no task is stranded there, see wake.c.
 *
 * A worker keeps it open only as long as it finds something in it; so if no task is
 * left it is shut before its worker sleeps. A submitter opens it when more waits than
 * is being looked for.
 *
 * Modelled in scripts/model/inbox.pml.
 */
#include <linux/lockdep.h>

#include "internal.h"

/* The rest of inbox_shut(): it is open. */
void __inbox_shut(struct wpool *pool)
{
	struct wpool_inbox *inbox = &pool->inbox;

	lockdep_assert_held(&pool->lock);
	raw_spin_lock(&inbox->lock);
	WRITE_ONCE(inbox->limit, 0);
	inbox_empty(pool);
	raw_spin_unlock(&inbox->lock);
}

/* The rest of inbox_offer(): more waits than is being looked for. */
void __inbox_offer(struct wpool *pool)
{
	struct wpool_inbox *inbox = &pool->inbox;

	lockdep_assert_held(&pool->lock);
	if (inbox->limit || !inbox_may_open(pool))
		return;
	raw_spin_lock(&inbox->lock);
	inbox_open(pool);
	raw_spin_unlock(&inbox->lock);
}
