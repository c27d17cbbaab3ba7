/* SPDX-License-Identifier: GPL-2.0 */
/* What the workers count as; see worker_list.c. */
#ifndef _WPOOL_WORKER_LIST_H
#define _WPOOL_WORKER_LIST_H

#include "pool.h"
#include "types.h"

bool worker_link(struct wpool_worker *worker);
void worker_unlink(struct wpool_worker *worker);
void worker_unidle(struct wpool_worker *worker);
void worker_leave(struct wpool_worker *worker);
void worker_started(struct wpool_worker *worker);
void pool_set_spawn_error(struct wpool *pool, int err);

/* The worker is awake, and will look at the queue next. Needs pool->lock. */
static inline void worker_will_search(struct wpool_worker *worker)
{
	worker->searching = true;
	worker->pool->nr_searching++;
}

/* The worker has looked, or will do so in this hold of the lock, or never will. */
static inline void worker_has_searched(struct wpool_worker *worker)
{
	if (worker->searching) {
		worker->searching = false;
		worker->pool->nr_searching--;
	}
}

#endif /* _WPOOL_WORKER_LIST_H */
