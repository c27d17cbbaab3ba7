// SPDX-License-Identifier: GPL-2.0
/*
 * The semaphore that limits the workers of a pool: one slot for each possible worker.
 *
 * The manager takes a slot before it makes a worker, and puts it back when it has reaped the
 * worker. If the capacity is lowered while its slots are in use, the pool has a slot debt: that
 * many slots are not put back. The count of the semaphore, plus the slots in use, minus the
 * debt, is the capacity.
 */
#include <linux/lockdep.h>
#include <linux/semaphore.h>

#include "capacity_slots.h"
#include "pool.h"

/* For a pool without a slot in use. */
void slots_init(struct wpool *pool, unsigned int n)
{
	sema_init(&pool->slots, n);
	pool->slot_debt = 0;
}

/* Never sleeps. Return: false if all slots are in use. */
bool slots_take(struct wpool *pool)
{
	return !down_trylock(&pool->slots);
}

/**
 * slots_put() - put back what slots_take() took
 * @pool: the pool
 *
 * If the capacity was lowered meanwhile, this settles a part of the debt instead. Context:
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

/* Removes one slot, or adds it to the debt. Context: pool->lock held. */
void slots_remove(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (down_trylock(&pool->slots))
		pool->slot_debt++;
}
