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

/* Must each worker go back to its CPUs by itself? Needs pool->lock. */
static inline bool claim_is_kept(const struct wpool *pool)
{
	return pool->claim.kept;
}

/*
 * How many CPUs fewer than the mask the current worker has; less than 0 if it has more. Context:
 * the lock of its pool held.
 */
static inline int claim_lacks(const struct wpool *pool)
{
	return (int)pool->claim.nr_cpus - current->nr_cpus_allowed;
}

/*
 * Has the worker, which is current, lost the mask? Also if a CPU that was going has stayed, for
 * which there is no call. Context: the lock of its pool held.
 *
 * A worker may lack CPUs for ever: since 6.2, if a user has given a mask to the thread, or to
 * kthreadd before it was made, the kernel gives it only what both masks have in common. So it is
 * not moved twice for the same lack. Each change of that moves it once: the kernel has let it go
 * anywhere, and has forgotten the user's mask; a user has set another one; or the pool has another
 * one that could not be given to it.
 */
static inline bool claim_is_lost(const struct wpool_worker *worker)
{
	return claim_lacks(worker->pool) != worker->lacks;
}

/* How nice the workers are; read anywhere. */
static inline int claim_nice(const struct wpool *pool)
{
	return READ_ONCE(pool->claim.nice);
}

#endif /* _WPOOL_CLAIM_H */
