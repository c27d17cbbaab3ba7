/* SPDX-License-Identifier: GPL-2.0 */
/* Makes a worker; see worker_spawn.c. */
#ifndef _WPOOL_WORKER_SPAWN_H
#define _WPOOL_WORKER_SPAWN_H

struct wpool;
struct wpool_worker;

struct wpool_worker *worker_make(struct wpool *pool, unsigned int id);
void worker_begin(struct wpool_worker *worker);

#endif /* _WPOOL_WORKER_SPAWN_H */
