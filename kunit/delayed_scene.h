/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that wait for a time.
 */
#ifndef _WPOOL_DELAYED_SCENE_H
#define _WPOOL_DELAYED_SCENE_H

#include "wpool_kunit.h"

/* Longer than any test: what waits so long does not run by itself. */
#define NEVER		(10 * WPT_LIMIT)

/* A delayed task that tells when it ran. */
struct late {
	struct wpool_delayed_task	dtask;
	struct wpt_gate			*gate;
	unsigned long			ran;	/* in jiffies */
	atomic_t			runs;
	struct completion		begun;
};

/* Its function, for tests that set one up themselves. Return: 5. */
int late_run(void *arg);

struct late *late_tasks(struct kunit *test, unsigned int n, struct wpt_gate *gate);

/* For wpt_thread(); arg: what to wait for. */
int late_call_wait(struct wpt_thread *self);

#endif /* _WPOOL_DELAYED_SCENE_H */
