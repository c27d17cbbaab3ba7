/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of a worker; see bury.c.
 */
#ifndef _WPOOL_BURY_H
#define _WPOOL_BURY_H

#include <linux/types.h>

struct wpool_exit;

void worker_reap(struct wpool_exit *exit);

#endif /* _WPOOL_BURY_H */
