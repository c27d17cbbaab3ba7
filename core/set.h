/* SPDX-License-Identifier: GPL-2.0 */
/* A set of pools; see set.c. */
#ifndef _WPOOL_SET_H
#define _WPOOL_SET_H

#include <linux/cache.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/wpool.h>

/**
 * struct set_bucket - some of the tasks that a set is given
 * @lock: held while one of them is submitted by wpool_set_try_schedule(); then that of its pool
 */
struct set_bucket {
	raw_spinlock_t		lock;
} ____cacheline_aligned_in_smp;

/**
 * struct wpool_set - n pools and a rule
 * @rule: I
 * @n: I
 * @next: for round robin
 * @buckets: I: as many as pools
 * @rcu: to free it: see wpool_set_destroy()
 * @pools: I
 */
struct wpool_set {
	enum wpool_rule		rule;
	unsigned int		n;
	atomic_t		next;
	struct set_bucket	*buckets;
	struct rcu_head		rcu;
	struct wpool		*pools[];
};

struct wpool *set_pick(struct wpool_set *set, u64 key);

#endif /* _WPOOL_SET_H */
