/* SPDX-License-Identifier: GPL-2.0 */
/* The life of a worker; see worker.c. */
#ifndef _WPOOL_WORKER_H
#define _WPOOL_WORKER_H

#include <linux/types.h>

struct wpool_worker;

int worker_main(void *data);
void worker_let_begin(struct wpool_worker *worker);
void worker_let_end(struct wpool_worker *worker);

#endif /* _WPOOL_WORKER_H */
