/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that their submitters run; see caller_runs.c.
 */
#ifndef _WPOOL_CALLER_RUNS_H
#define _WPOOL_CALLER_RUNS_H

#include <linux/rculist.h>

#include "pool.h"
#include "types.h"

/* In an RCU read-side critical section. */
#define for_each_caller_rcu(caller, pool) \
	list_for_each_entry_rcu(caller, &(pool)->callers, node)

void callers_init(struct wpool *pool);
struct wpool_caller *caller_alloc(struct wpool *pool);
void caller_free(struct wpool_caller *caller);
bool thread_inside_group(const struct wpool_group *group, struct wpool_worker *worker);
bool caller_may_run(struct wpool *pool, const struct wpool_task *task);
bool caller_may_run_again(struct wpool *pool, const struct wpool_task *task);
void caller_run(struct wpool_caller *caller, struct wpool_task *task,
		unsigned long flags) __releases(&caller->pool->lock);
void caller_reap_all_of(struct wpool_worker *worker);
void caller_look(struct wpool *pool);

#endif /* _WPOOL_CALLER_RUNS_H */
