/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A run of a task; see task_run.c.
 */
#ifndef _WPOOL_TASK_RUN_H
#define _WPOOL_TASK_RUN_H

#include <linux/types.h>

struct wpool;
struct wpool_ends;
struct wpool_run;
struct wpool_task;
struct wpool_worker;

bool run_drop_failed(struct wpool *pool, struct wpool_task *task, struct wpool_ends *ends);
void run_open(struct wpool *pool, struct wpool_run *run, struct wpool_worker *worker,
	      struct wpool_task *task);
int run_function(struct wpool *pool, struct wpool_run *run, struct wpool_task *task);
void run_close(struct wpool *pool, struct wpool_run *run, int result, enum wpool_stat how);
bool run_next(struct wpool_worker *worker)
	__must_hold(&worker->pool->lock);
void run_task(struct wpool_worker *worker, struct wpool_task *task)
	__must_hold(&worker->pool->lock);

#endif /* _WPOOL_TASK_RUN_H */
