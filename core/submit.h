/* SPDX-License-Identifier: GPL-2.0 */
/* The ways in; see submit.c. */
#ifndef _WPOOL_SUBMIT_H
#define _WPOOL_SUBMIT_H

#include <linux/types.h>
#include <linux/wpool.h>

struct wpool_worker;

/* Groups of &wpool_how.flags: what they say of room, and of time. */
#define HOW_ROOM	(WPOOL_NOWAIT | WPOOL_TIMED | WPOOL_INTERRUPTIBLE | WPOOL_FORCE | WPOOL_IF_FREE)
#define HOW_TIME	(WPOOL_AT | WPOOL_EVERY | WPOOL_MODIFY)
#define HOW_NEVER_SLEEPS (WPOOL_NOWAIT | WPOOL_FORCE | WPOOL_IF_FREE | HOW_TIME)

extern const struct wpool_how how_by_policy;
extern const struct wpool_how how_nowait;

/* What a task is part of. Each way in takes one kind. */
enum submit_kind {
	SUBMIT_PLAIN,	/* nothing, or a struct wpool_release_task */
	SUBMIT_KEYED,	/* a struct wpool_keyed_task */
	SUBMIT_DELAYED,	/* a struct wpool_delayed_task */
};

static inline enum submit_kind submit_kind_by(const struct wpool_how *how)
{
	return how->flags & HOW_TIME ? SUBMIT_DELAYED :
	       how->flags & WPOOL_KEYED ? SUBMIT_KEYED : SUBMIT_PLAIN;
}

/* The key that a task gets, or NULL to keep the one it has. */
static inline const u64 *submit_key(const struct wpool_how *how)
{
	return unlikely(how->flags & WPOOL_KEYED) ? &how->key : NULL;
}

bool submit_may_allocate(void);
void submit_cannot_allocate(const struct wpool *pool, const char *call, void *caller, bool served);
bool submit_args_ok(struct wpool *pool, const struct wpool_task *task, enum submit_kind kind);
int submit_one(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how,
	       const struct wpool_worker *owner);
int group_submit(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how);

#endif /* _WPOOL_SUBMIT_H */
