/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that make one call when they are told to, most of them one that sleeps.
 */
#ifndef _WPOOL_ACTOR_H
#define _WPOOL_ACTOR_H

#include "wpool_kunit.h"

struct actor {
	struct wpool_task	task;
	struct wpool		*pool;
	int			(*call)(struct actor *self);
	void			*other;		/* what the call is about */
	struct wpool_group	group;		/* for the call; empty */
	struct wpt_gate		*gate;		/* waited for before */
	struct completion	begun;
	struct task_struct	*thread;	/* that it runs in; no reference */
	unsigned int		runs;
	bool			calling;
	int			got;		/* what the call returned, or -ENODATA */
	bool			left;		/* see the calls */
};

/* Not submitted yet. */
struct actor *actor(struct kunit *test, struct wpool *pool, int (*call)(struct actor *),
		    void *other);
/* Its function: the first time, it makes the call. */
int actor_act(void *arg);

/* It is in its function when these return. */
void actor_start(struct kunit *test, struct actor *actor);
void actor_begun(struct kunit *test, struct actor *actor);

/* Has it make its call, and waits until that sleeps. */
void actor_go_to_sleep(struct kunit *test, struct actor *actor);
bool actor_sleeps(const struct actor *actor);
bool actor_asleep(const struct task_struct *thread);	/* NULL is not */

/* Waits for its end. Return: what the call gave. */
int actor_end(struct kunit *test, struct actor *actor);

/* Calls about a task, or a group. */
int actor_call_wait(struct actor *self);
int actor_call_schedule(struct actor *self);	/* waits, whatever the policy is */
int actor_call_group_wait(struct actor *self);

#endif /* _WPOOL_ACTOR_H */
