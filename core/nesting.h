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

#endif /* _WPOOL_NESTING_H */
