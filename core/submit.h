/* SPDX-License-Identifier: GPL-2.0 */
/* Submitting tasks; see submit.c. */
#ifndef _WPOOL_SUBMIT_H
#define _WPOOL_SUBMIT_H

#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "queue_full.h"

struct wpool;
struct wpool_task;

bool submit_may_allocate(void);
bool submit_args_ok(struct wpool *pool, const struct wpool_task *task);
int submit_one(struct wpool *pool, struct wpool_submission *sub);

/* What a time limit is to submit_to_pool(); none is left with 0. */
static inline unsigned long submit_timeout(unsigned long timeout)
{
	return timeout ? min_t(unsigned long, timeout, MAX_SCHEDULE_TIMEOUT) : SUBMIT_OR_FAIL;
}

/* And its answer, to who has given one. */
static inline int submit_timed_out(int ret, unsigned long timeout)
{
	return ret == -EAGAIN && !timeout ? -ETIMEDOUT : ret;
}

#endif /* _WPOOL_SUBMIT_H */
