/* SPDX-License-Identifier: GPL-2.0 */
/* The life of a worker; see worker.c. */
#ifndef _WPOOL_WORKER_H
#define _WPOOL_WORKER_H

#include <linux/types.h>

struct wpool;

int worker_main(void *data);

#endif /* _WPOOL_WORKER_H */
