// SPDX-License-Identifier: GPL-2.0
/*
 * The semaphore that caps the workers of a pool: a slot for each that there may be.
 *
 * A slot is taken by the manager before it makes a worker, and put back when the worker has
 * been reaped. If the capacity is lowered while its slots are in use, the pool is in debt for
 * them: that many are not put back. The semaphore's count plus the slots in use less the debt is
 * the capacity.
 */
#include <linux/lockdep.h>
#include <linux/semaphore.h>

#include "capacity_slots.h"
#include "pool.h"

/* Of a pool of which no slot is in use. */
void slots_init(struct wpool *pool, unsigned int n)
{
	sema_init(&pool->slots, n);
	pool->slot_debt = 0;
}

/* Never sleeps. Return: false if all are in use. */
bool slots_take(struct wpool *pool)
{
	return !down_trylock(&pool->slots);
}

/**
 * slots_put() - put back what slots_take() took
 * @pool: the pool
 *
 * Or settle a debt with it, if the capacity was lowered meanwhile. Context:
 * pool->lock held.
 */
void slots_put(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (pool->slot_debt)
		pool->slot_debt--;
	else
		up(&pool->slots);
}

/* One less there is. Context: pool->lock held. */
void slots_remove(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (down_trylock(&pool->slots))
		pool->slot_debt++;
}
