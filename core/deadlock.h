/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workers that wait for one another; see deadlock.c.
 */
#ifndef _WPOOL_DEADLOCK_H
#define _WPOOL_DEADLOCK_H

#include "capacity_slots.h"
#include "pool.h"
#include "spawn_state.h"
#include "task_lists.h"
#include "types.h"
#include "waiter.h"
#include "worker_list.h"

/**
 * struct wpool_circle - the search for a circle that a worker has closed
 * @waiter: of that worker
 * @member: how far the search has come
 * @left: how many more members there may be
 * @victim: the member that is best refused, or NULL
 * @victim_turn: &wpool_waiter.turn of it
 * @least: the harm of refusing it
 */
struct wpool_circle {
	struct wpool_waiter	*waiter;
	struct wpool_worker	*member;
	unsigned int		left;
	struct wpool_worker	*victim;
	u64			victim_turn;
	int			least;
};

void deadlock_init(struct wpool *pool);
void deadlock_break(struct wpool *pool);
void deadlock_count(struct wpool_waiter *waiter, bool needs_worker);
void deadlock_block(struct wpool_waiter *waiter);
bool deadlock_enter(struct wpool_waiter *waiter, struct wpool_circle *circle);
bool deadlock_follow(struct wpool_circle *circle);
void deadlock_leave(struct wpool_waiter *waiter);
void deadlock_go_on(struct wpool *pool);
bool deadlock_if_asleep(const struct wpool_waiter *waiter);

/* The hold of the lock is over in which a worker went to sleep, if one did. Needs it still. */
static inline void deadlock_entered(struct wpool *pool)
{
	pool->deadlock.entering = NULL;
}

/* Does a worker sleep that is looked at here? Needs pool->lock. */
static inline bool deadlock_has_sleepers(const struct wpool *pool)
{
	return sleepers(pool) || pool->deadlock.nr_stuck;
}

/*
 * If this many workers sleep in the pool's own calls, no worker is left that could end a task.
 * It is the capacity, or, if no more workers can be made, or not soon, the number of workers. If
 * all tasks that wait are deferred, and none comes by itself or from another thread, it is the
 * number of workers inside a task, and of those that sleep in a hook of theirs: more workers could
 * begin nothing. As long as the manager is to
 * wake workers that can go on, see key_behind.c, no number is enough. Needs pool->lock.
 */
static inline unsigned int pool_all_asleep(const struct wpool *pool)
{
	unsigned int there = pool_alive(pool) + workers_last_runs(pool);

	if (unlikely(pool->behind_unwoken))
		return UINT_MAX;
	if (tasks_queued(pool) == tasks_deferred(pool) && !tasks_to_come(pool) &&
	    !runs_outside(pool))
		return workers_running(pool) + sleepers_in_hooks(pool);
	return spawn_error(pool) ? there : max(pool_capacity(pool), there);
}

#endif /* _WPOOL_DEADLOCK_H */
