/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks for which there is no room; see queue_full.c.
 */
#ifndef _WPOOL_QUEUE_FULL_H
#define _WPOOL_QUEUE_FULL_H

#include "types.h"

/*
 * Values of &wpool_submission.timeout beyond those in jiffies: what the pool's full-queue
 * policy says, or -EAGAIN at once.
 */
#define SUBMIT_BY_POLICY	ULONG_MAX
#define SUBMIT_OR_FAIL		(ULONG_MAX - 1)

/* Of submit_not_accepted(), beside 0 and errnos. */
#define SUBMIT_AGAIN		1

/**
 * struct wpool_submission - a task that a full pool did not accept
 * @task: the task
 * @group: to which it is to belong, or NULL
 * @owner: as stack_hold() of @group, or NULL
 * @key: under which it is to run, or NULL for no new one
 * @timeout: for how long to wait for room, in jiffies, or SUBMIT_BY_POLICY and so on
 * @caller: for the submitter to run it, if there is no room this time either, or NULL
 * @no_caller: there is no memory for that
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
