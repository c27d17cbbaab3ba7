/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that run again and again: because they are periodic, or submit themselves.
 */
#ifndef _WPOOL_PERIODIC_SCENE_H
#define _WPOOL_PERIODIC_SCENE_H

#include "wpool_kunit.h"

/* Longer than any test: what waits so long does not run by itself. */
#define NEVER		(10 * WPT_LIMIT)

/* What the function of a tick returns by itself. */
#define TICK_RESULT	5

/* A delayed task that tells of each of its runs. */
struct tick {
	struct wpool_delayed_task	dtask;
	struct wpool			*pool;
	struct wpool_group		*group;		/* for @inside */
	struct wpt_gate			*gate;		/* waited for in each run, or NULL */
	int				(*inside)(struct tick *tick);	/* or NULL */
	atomic_t			runs;		/* begun */
	atomic_t			within;		/* in the function now */
	atomic_t			beside;		/* begun while there was one */
	int				error;		/* what a call of @inside gave */
	u64				first;		/* when it was due first */
	struct completion		begun;		/* once for each run */
};

/* The function of a tick. */
int tick_run(void *arg);

struct tick *tick_task(struct kunit *test, struct wpool *pool, struct wpt_gate *gate);

/* A tick that is periodic already. */
struct tick *tick_every(struct kunit *test, struct wpool *pool, struct wpt_gate *gate,
			unsigned long period);

/* Waits for the next run that has not been waited for. */
void tick_begun(struct kunit *test, struct tick *tick);

/* Waits until jiffies_64 has come to a time. */
void tick_await(struct kunit *test, u64 time);

/* For wpt_thread(), with the tick as its argument. */
int tick_call_wait(struct wpt_thread *self);
int tick_call_cancel_sync(struct wpt_thread *self);

#endif /* _WPOOL_PERIODIC_SCENE_H */
