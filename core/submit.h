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

/* What a task is part of. Each call that submits takes one kind. */
enum submit_kind {
	SUBMIT_PLAIN,	/* nothing, or a struct wpool_tracked_task */
	SUBMIT_KEYED,	/* a struct wpool_keyed_task */
	SUBMIT_DELAYED,	/* a struct wpool_delayed_task */
};

/* That of the task that comes with @key, or NULL. */
static inline enum submit_kind submit_kind_by(const u64 *key)
{
	return key ? SUBMIT_KEYED : SUBMIT_PLAIN;
}

bool submit_may_allocate(void);
void submit_cannot_allocate(const struct wpool *pool, const char *call, void *caller, bool served);
bool submit_args_ok(struct wpool *pool, const struct wpool_task *task, enum submit_kind kind);
int submit_to_pool(struct wpool *pool, struct wpool_task *task, const u64 *key,
		   unsigned long timeout);
int submit_one(struct wpool *pool, struct wpool_submission *sub);

/* What a time limit is to submit_to_pool(); none is left with 0. */
static inline unsigned long submit_timeout(unsigned long timeout)
{
	return timeout ? min_t(unsigned long, timeout, MAX_SCHEDULE_TIMEOUT) : SUBMIT_OR_FAIL;
}

/* And its answer, for a caller that has given one. */
static inline int submit_timed_out(int ret, unsigned long timeout)
{
	return ret == -EAGAIN && !timeout ? -ETIMEDOUT : ret;
}

#endif /* _WPOOL_SUBMIT_H */
