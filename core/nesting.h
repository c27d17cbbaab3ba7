/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How deep tasks may be nested; see nesting.c.
 */
#ifndef _WPOOL_NESTING_H
#define _WPOOL_NESTING_H

#include "counter.h"
#include "types.h"

bool run_may_nest(const struct wpool_worker *worker);

/* A worker is inside one more function, or one less. Needs pool->lock, as all here. */
static inline void nesting_add(struct wpool_worker *worker, int n)
{
	shared_add(worker->nesting, n);
}

/* It is dead, and so inside none. Return: how many they were. */
static inline unsigned int nesting_end(struct wpool_worker *worker)
{
	unsigned int nesting = worker->nesting;

	WRITE_ONCE(worker->nesting, 0);
	return nesting;
}

#endif /* _WPOOL_NESTING_H */
