// SPDX-License-Identifier: GPL-2.0
/*
 * The semaphore that limits the workers of a pool: one slot for each possible worker.
 *
 * The manager takes a slot when a worker begins, and puts it back when it has reaped the
 * worker. If the capacity is lowered while its slots are in use, the pool has a slot debt: that
 * many slots are not put back. The count of the semaphore, plus the slots in use, minus the
 * debt, is the capacity.
 */
#include <linux/lockdep.h>
#include <linux/semaphore.h>

#include "capacity_slots.h"
#include "lock_hold.h"
#include "pool.h"

/* For a pool without a slot in use. */
void slots_init(struct wpool *pool, unsigned int n)
{
	sema_init(&pool->slots.free, n);
	pool->slots.debt = 0;
	WRITE_ONCE(pool->slots.capacity, n);
}

/* Never sleeps. Return: false if all slots are in use. */
bool slots_take(struct wpool *pool)
{
	return !down_trylock(&pool->slots.free);
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
	if (pool->slots.debt)
		pool->slots.debt--;
	else
		up(&pool->slots.free);
}

/**
 * slots_resize() - have another number of slots
 * @pool: the pool
 * @capacity: how many; not many more, or less, than there are
 *
 * Context: pool->lock held.
 */
void slots_resize(struct wpool *pool, unsigned int capacity)
{
	unsigned int i;

	lockdep_assert_held(&pool->lock);
	for (i = capacity; i < pool->slots.capacity; i++) {
		hold_step(pool);
		if (down_trylock(&pool->slots.free))
			pool->slots.debt++;
	}
	for (i = pool->slots.capacity; i < capacity; i++) {
		hold_step(pool);
		slots_put(pool);
	}
	WRITE_ONCE(pool->slots.capacity, capacity);
}
