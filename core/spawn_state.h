/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The workers that are yet to be made; see spawn_state.c.
 */
#ifndef _WPOOL_SPAWN_STATE_H
#define _WPOOL_SPAWN_STATE_H

#include <linux/jiffies.h>

#include "pool.h"
#include "types.h"

#if defined(CONFIG_FAULT_INJECTION) && IS_ENABLED(CONFIG_KUNIT)
extern struct fault_attr wpool_fail_spawn;

/* Makes the creation of a thread fail, for tests. */
bool spawn_must_fail(void);
#else
static inline bool spawn_must_fail(void)
{
	return false;
}
#endif

void spawn_set_error(struct wpool *pool, int err);
void spawn_ask_for(struct wpool *pool, struct wpool_waiter *starter, unsigned int n);
void spawn_made(struct wpool *pool);
void spawn_complete(struct wpool *pool, int err);
void spawn_worker_ran(struct wpool *pool, const struct wpool_worker *worker);
void spawn_put_off(struct wpool_worker *dead);
void spawn_forget_backoff(struct wpool *pool);

/* Does the manager know that a worker is wanted? Needs pool->lock, as all but the last three. */
static inline bool spawn_is_asked(const struct wpool *pool)
{
	return pool->spawn.asked;
}

static inline void spawn_set_asked(struct wpool *pool, bool asked)
{
	pool->spawn.asked = asked;
}

/* Why the last worker could not be made, or -ETIMEDOUT if the next takes long, or 0. */
static inline int spawn_error(const struct wpool *pool)
{
	return pool->spawn.error;
}

/* Does a thread wait for workers to be made? */
static inline bool spawn_is_awaited(const struct wpool *pool)
{
	return pool->spawn.starter;
}

/* Are more to be made than those to be kept? */
static inline bool spawn_wants_more(const struct wpool *pool)
{
	return pool->spawn.to_start;
}

/*
 * Have as many begun as a thread has asked for? Where tasks kill workers as fast as they are made
 * there are never as many at once, and it is not to wait for that.
 */
static inline bool spawn_have_begun(const struct wpool *pool)
{
	return !pool->spawn.to_begin;
}

/* For the worker that is made now. By the manager. */
static inline unsigned int spawn_next_id(struct wpool *pool)
{
	return pool->spawn.next_id++;
}

/* For the worker that begins now. By the manager. */
static inline unsigned int spawn_next_turn(struct wpool *pool)
{
	return pool->spawn.next_turn++;
}

/*
 * Is the making of the next worker delayed? No delay is longer than %WPOOL_SPAWN_BACKOFF: on 32
 * bits, weeks after it has ended, until would seem to lie ahead again. For the manager.
 */
static inline bool spawn_is_put_off(const struct wpool *pool)
{
	unsigned long until = pool->spawn.until;

	return pool->spawn.backoff && time_before(jiffies, until) &&
	       time_before_eq(until, jiffies + WPOOL_SPAWN_BACKOFF);
}

/* In jiffies: when that is to be tried again. By the manager. */
static inline unsigned long spawn_retry_at(const struct wpool *pool)
{
	return spawn_is_put_off(pool) ? pool->spawn.until : jiffies + WPOOL_SPAWN_RETRY;
}

static inline unsigned long spawn_backoff(const struct wpool *pool)
{
	return pool->spawn.backoff;
}

#endif /* _WPOOL_SPAWN_STATE_H */
