/* SPDX-License-Identifier: GPL-2.0 */
/* Where the workers of a pool run, and how nice they are; see claim.c. */
#ifndef _WPOOL_CLAIM_H
#define _WPOOL_CLAIM_H

#include <linux/sched.h>

#include "pool.h"

struct cpumask;
struct task_struct;

int claim_init(struct wpool *pool, int nice, const struct cpumask *mask);
void claim_free(struct wpool *pool);
int claim_prepare(struct wpool *pool, struct task_struct *thread);
bool claim_take(struct wpool_worker *worker);
bool claim_keep_cpus(struct wpool_worker *worker);
bool claim_may_keep(const struct wpool *pool);
int claim_set_nice(struct wpool *pool, int nice);
int claim_set_cpus(struct wpool *pool, const struct cpumask *mask);
bool claim_cpus(struct wpool *pool, struct cpumask *mask);
bool claim_is_lost(const struct wpool_worker *worker);

/* Must each worker go back to its CPUs by itself? Needs pool->lock. */
static inline bool claim_is_kept(const struct wpool *pool)
{
	return pool->claim.kept;
}

/* How nice the workers are; read anywhere. */
static inline int claim_nice(const struct wpool *pool)
{
	return READ_ONCE(pool->claim.nice);
}

#endif /* _WPOOL_CLAIM_H */
