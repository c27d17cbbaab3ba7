/* SPDX-License-Identifier: GPL-2.0 */
/* Runs whose thread is dead; see dead_run.c. */
#ifndef _WPOOL_DEAD_RUN_H
#define _WPOOL_DEAD_RUN_H

#include <linux/types.h>

struct wpool;
struct wpool_run;

bool run_revoke(struct wpool *pool, struct wpool_run *run);
bool run_reap_one(struct wpool *pool, struct wpool_run *run);

#endif /* _WPOOL_DEAD_RUN_H */
