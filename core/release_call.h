/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of tasks that have ended, for their releases; see release.c. */
#ifndef _WPOOL_RELEASE_CALL_H
#define _WPOOL_RELEASE_CALL_H

#include <linux/list.h>
#include <linux/wpool.h>

struct wpool_worker;

/**
 * struct wpool_ended - a task that has ended, and its release that is still to be called
 * @release: what to call, or NULL, if it lies on a stack that ends
 * @arg: with this
 * @fate: and this
 * @color: counts as in flight until it has returned
 * @owner: the module pinned until then, or NULL
 * @ours: the task, if it is of wpool's own memory and to be freed; or NULL
 */
struct wpool_ended {
	wpool_release_t		release;
	void			*arg;
	enum wpool_fate		fate;
	u8			color;
	struct module		*owner;
	struct wpool_task	*ours;
};

/* The most tasks with a release that end in one hold of the lock, see release.c. */
#define WPOOL_MAX_ENDED		4

/**
 * struct wpool_release_call - releases that a thread calls, one after another
 * @node: on the list of those that the releaser is to call
 * @outer: those that the thread, a worker, calls meanwhile, or NULL
 * @by: the worker that waits until the releaser has called them, or NULL
 * @pool: kept by the tasks, which count as in flight until the call has returned
 * @n: how many
 * @at: the one that is being called, and how many have returned
 * @ended: the tasks
 */
struct wpool_release_call {
	struct list_head		node;
	struct wpool_release_call	*outer;
	struct wpool_worker		*by;
	struct wpool			*pool;
	unsigned int			n;
	unsigned int			at;
	struct wpool_ended		ended[WPOOL_MAX_ENDED];
};

#endif /* _WPOOL_RELEASE_CALL_H */
