/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of a worker; see dead_worker.c.
 */
#ifndef _WPOOL_DEAD_WORKER_H
#define _WPOOL_DEAD_WORKER_H

#include <linux/types.h>

struct wpool_exit;

void worker_reap(struct wpool_exit *exit);

#endif /* _WPOOL_DEAD_WORKER_H */
