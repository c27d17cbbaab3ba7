/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks for which there is no room; see queue_full.c.
 */
#ifndef _WPOOL_QUEUE_FULL_H
#define _WPOOL_QUEUE_FULL_H

#include "types.h"

/*
 * Values of &wpool_submission.timeout besides jiffies: follow the pool's policy, or return
 * -EAGAIN at once.
 */
#define SUBMIT_BY_POLICY	ULONG_MAX
#define SUBMIT_OR_FAIL		(ULONG_MAX - 1)
#define SUBMIT_INTERRUPTIBLE	(ULONG_MAX - 2)	/* by policy; any signal ends the wait */
#define SUBMIT_FORCED		(ULONG_MAX - 3)	/* accept it without room */
#define SUBMIT_IF_FREE		(ULONG_MAX - 4)	/* only if it need not wait for a worker */

/* Result of submit_not_accepted(), besides 0 and errnos. */
#define SUBMIT_AGAIN		1

/**
 * struct wpool_submission - a task, and how it is submitted
 * @task: the task
 * @group: that it will belong to, or NULL
 * @owner: as stack_hold() of @group, or NULL
 * @key: that it will run under, or NULL for no new one
 * @timeout: how long to wait for room, in jiffies; or SUBMIT_BY_POLICY and so on
 * @caller: memory for the submitter to run it, if there is still no room, or NULL
 * @no_caller: there was no memory for that
 */
struct wpool_submission {
	struct wpool_task	*task;
	struct wpool_group	*group;
	const struct wpool_worker *owner;
	const u64		*key;
	unsigned long		timeout;
	struct wpool_caller	*caller;
	bool			no_caller;
};

int submit_not_accepted(struct wpool *pool, struct wpool_submission *sub, int ret,
			unsigned long flags) __releases(&pool->lock);

#endif /* _WPOOL_QUEUE_FULL_H */
