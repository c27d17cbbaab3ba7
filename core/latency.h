/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Histograms of times; see latency.c.
 */
#ifndef _WPOOL_LATENCY_H
#define _WPOOL_LATENCY_H

#include <linux/jump_label.h>

#include "pool.h"
#include "types.h"

DECLARE_STATIC_KEY_FALSE(latency_key);
int latency_start(struct wpool *pool);
void latency_stop(struct wpool *pool);
void __latency_accept(struct wpool *pool, struct wpool_task *task);
void __latency_begin(struct wpool *pool, struct wpool_task *task,
		     struct wpool_run *run);
void __latency_end(struct wpool *pool, struct wpool_run *run);

/* Or NULL, if they are off; every counter may be read anywhere. */
static inline const struct wpool_latency *pool_latency(const struct wpool *pool)
{
	return READ_ONCE(pool->conf.latency) ? READ_ONCE(pool->latency) : NULL;
}

static inline void latency_accept(struct wpool *pool, struct wpool_task *task)
{
	if (static_branch_unlikely(&latency_key))
		__latency_accept(pool, task);
}

static inline void latency_begin(struct wpool *pool, struct wpool_task *task,
				 struct wpool_run *run)
{
	if (static_branch_unlikely(&latency_key))
		__latency_begin(pool, task, run);
}

static inline void latency_end(struct wpool *pool, struct wpool_run *run)
{
	if (static_branch_unlikely(&latency_key))
		__latency_end(pool, run);
}

#endif /* _WPOOL_LATENCY_H */
