/* SPDX-License-Identifier: GPL-2.0 */
/* The run of a task that has a release, or is detached; see tracked_run.c. */
#ifndef _WPOOL_TRACKED_RUN_H
#define _WPOOL_TRACKED_RUN_H

#include "pool.h"
#include "types.h"

void tracked_run_begin(struct wpool *pool, struct wpool_run *run, struct wpool_task *task);
void tracked_run_owns(struct wpool_run *run);
void tracked_run_end(struct wpool *pool, struct wpool_run *run, int result, enum wpool_stat how);
void run_take_ends(const struct wpool_run *run, struct wpool_ends *ends);

/* Has it ended, and owes something? */
static inline bool run_owes(const struct wpool_run *run)
{
	return unlikely(run->tracked) && run->nr_ended;
}

#endif /* _WPOOL_TRACKED_RUN_H */
