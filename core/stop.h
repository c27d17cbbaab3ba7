/* SPDX-License-Identifier: GPL-2.0 */
/* Asking tasks to stop; see stop.c. */
#ifndef _WPOOL_STOP_H
#define _WPOOL_STOP_H

#include "types.h"

struct task_struct *stop_run(struct wpool_run *run);
void stop_wake_all(struct wpool *pool);
void stop_group(const struct wpool_group *group, const struct wpool_worker *owner);

#endif /* _WPOOL_STOP_H */
