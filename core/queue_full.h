/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks for which there is no room; see queue_full.c.
 */
#ifndef _WPOOL_QUEUE_FULL_H
#define _WPOOL_QUEUE_FULL_H

#include "types.h"

/* Result of submit_not_accepted(), besides 0 and errnos. */
#define SUBMIT_AGAIN		1

/**
 * struct wpool_submission - a task, and how it is submitted
 * @task: the task
 * @how: as the caller said
 * @owner: as stack_hold() of &wpool_how.group, or NULL
 * @caller: memory for the submitter to run it, if there is still no room, or NULL
 * @no_caller: there was no memory for that
 */
struct wpool_submission {
	struct wpool_task	*task;
	const struct wpool_how	*how;
	const struct wpool_worker *owner;
	struct wpool_caller	*caller;
	bool			no_caller;
};

int submit_not_accepted(struct wpool *pool, struct wpool_submission *sub, int ret,
			unsigned long flags) __releases(&pool->lock);

#endif /* _WPOOL_QUEUE_FULL_H */
