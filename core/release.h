/* SPDX-License-Identifier: GPL-2.0 */
/* What is called when the pool is done with a task; see release.c. */
#ifndef _WPOOL_RELEASE_H
#define _WPOOL_RELEASE_H

#include "pool.h"
#include "types.h"

void ends_finish(struct wpool_ends *ends);
void ends_let_go(struct wpool_ends *ends, const struct wpool_worker *dead);
void ends_forget(struct wpool_worker *worker);
struct wpool_task *tracked_alloc(wpool_fn_t fn, void *arg, wpool_release_t release,
				 struct module *owner, gfp_t gfp);
void tracked_free(struct wpool_task *task);

#endif /* _WPOOL_RELEASE_H */
