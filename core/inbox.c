// SPDX-License-Identifier: GPL-2.0
/*
 * Where submitters leave tasks without meeting the workers at pool->lock, nor, if there
 * is room, one another.
 *
 * An inbox is a list with a lock of its own, in front of the queue. While it is open a
 * plain task is accepted by putting it there: one hold of a lock that a worker takes
 * only to have all of them at once, when it comes for its next task.
 *
 * The rest of the pool need not know of it: pool_lock() shuts all that are open, and what
 * they held is on the queue then. So whoever has pool->lock has the pool as if there were
 * no inbox. Only a worker that comes back from a task takes the lock without shutting
 * them, in run.c; what it may find there that must not be overlooked is seen to by
 * inbox_turn() before it looks at the queue, and by the calls of inbox_shut() in
 * queue_link() and flush_tell().
 *
 * They are opened where inbox_may_open() says that one more task asks for nothing but its
 * place on the queue; above all for no wake-up, as somebody is looking, or everybody is
 * busy. That stays so while they are open: who pauses or closes the pool, sleeps in it,
 * buries a worker or raises the capacity has shut them, and so has a worker that is
 * counted as looking when it comes. So no task is stranded there, see wake.c.
 *
 * A worker keeps them open only as long as it finds something in one; so if no task is
 * left they are shut before its worker sleeps. Submitters open them when more waits than
 * is being looked for.
 *
 * Open are either the first alone, or all others. Of the others a thread always uses the
 * same: so its tasks stay in order, and threads that submit at once do not share a cache
 * line. Tasks of two threads may change places, as they may where several workers begin
 * them. In a pool for one worker, and where room is short, the first serves all, and
 * keeps the order of all.
 *
 * Room is given out: an inbox accepts as many as it was given room for, and is given more
 * when it is emptied. Who finds none left goes by pool->lock, and so gets what the others
 * have not used.
 *
 * Modelled in scripts/model/inbox.pml; what two who submit one task at once meet, in
 * accept.pml beside it.
 */
#include <linux/lockdep.h>
#include <linux/log2.h>

#include "internal.h"

/* The most that an inbox is given room for at a time: sums of it stay in 32 bits. */
#define MOST_ROOM	0x100000U

/* Less for each than that is not handed out to several. */
#define LEAST_ROOM	64

/* What room there is that no inbox has been given. */
static unsigned int room_left(const struct wpool *pool)
{
	unsigned int used = pool->nr_queued + pool->nr_taken + pool->inbox_room;

	return pool->depth > used ? pool->depth - used : 0;
}

/* Which to open: &wpool.inbox_mask. */
static unsigned int inboxes_wanted(const struct wpool *pool)
{
	unsigned int n = min_t(unsigned int, WPOOL_INBOXES - 1,
			       roundup_pow_of_two(2 * nr_cpu_ids));

	return pool->capacity > 1 && room_left(pool) >= n * LEAST_ROOM ? n - 1 : 0;
}

/* The share of each that is open in so much room. */
static unsigned int inbox_share(const struct wpool *pool, unsigned int room)
{
	return min(room >> fls(pool->inbox_mask), MOST_ROOM);
}

/* Has one accept up to @share tasks, if there is room. Needs both locks. */
static void inbox_give_room(struct wpool *pool, struct wpool_inbox *inbox,
			    unsigned int share)
{
	unsigned int has = inbox->limit - inbox->accepted, room;

	if (has >= share)
		return;
	room = min(share - has, room_left(pool));
	pool->inbox_room += room;
	WRITE_ONCE(inbox->limit, inbox->limit + room);
}

/* Moves all that is in one to the queue. Needs both locks. */
static void inbox_empty(struct wpool *pool, struct wpool_inbox *inbox)
{
	unsigned int n = inbox->accepted - inbox->collected;

	if (!n)
		return;
	list_splice_tail_init(&inbox->tasks, &pool->queue[WPOOL_PRIO_NORMAL]);
	pool->undone[inbox->color] += n;
	pool->inbox_room -= n;
	WRITE_ONCE(inbox->collected, inbox->accepted);
	WRITE_ONCE(pool->nr_queued, pool->nr_queued + n);
}

/* The rest of inbox_shut(): they are open. */
void __inbox_shut(struct wpool *pool)
{
	struct wpool_inbox *inbox;
	unsigned int n;

	lockdep_assert_held(&pool->lock);
	for_each_inbox(pool, inbox, n) {
		raw_spin_lock(&inbox->lock);
		WRITE_ONCE(inbox->limit, 0);
		inbox_empty(pool, inbox);
		raw_spin_unlock(&inbox->lock);
	}
	pool->inbox_room = 0;
	pool->inbox_open = false;
}

/* The rest of inbox_turn(): they are open. */
void __inbox_turn(struct wpool *pool)
{
	unsigned int share = inbox_share(pool, pool->depth), n;
	struct wpool_inbox *inbox;
	bool found = false;

	lockdep_assert_held(&pool->lock);
	for_each_inbox(pool, inbox, n) {
		if (READ_ONCE(inbox->accepted) == inbox->collected)
			continue;
		raw_spin_lock(&inbox->lock);
		inbox_empty(pool, inbox);
		inbox_give_room(pool, inbox, share);
		raw_spin_unlock(&inbox->lock);
		found = true;
	}
	if (!found)
		__inbox_shut(pool);
}

/* The rest of inbox_offer(): more waits than is being looked for. */
void __inbox_offer(struct wpool *pool)
{
	struct wpool_inbox *inbox;
	unsigned int mask, share, n;

	lockdep_assert_held(&pool->lock);
	if (pool->inbox_open || !room_left(pool) || !inbox_may_open(pool))
		return;
	mask = inboxes_wanted(pool);
	if (mask != pool->inbox_mask)	/* every submitter reads that line */
		WRITE_ONCE(pool->inbox_mask, mask);
	share = inbox_share(pool, room_left(pool));
	for_each_inbox(pool, inbox, n) {
		raw_spin_lock(&inbox->lock);
		inbox->color = pool->color;
		WRITE_ONCE(inbox->limit, inbox->accepted);
		inbox_give_room(pool, inbox, share);
		raw_spin_unlock(&inbox->lock);
	}
	pool->inbox_open = true;
}
