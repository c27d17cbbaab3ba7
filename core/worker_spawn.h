/* SPDX-License-Identifier: GPL-2.0 */
/* Makes a worker; see worker_spawn.c. */
#ifndef _WPOOL_WORKER_SPAWN_H
#define _WPOOL_WORKER_SPAWN_H

struct wpool;

int worker_spawn(struct wpool *pool);

#endif /* _WPOOL_WORKER_SPAWN_H */
