/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells lockdep which thread waits for what; see depmap.c. Empty in kernels that do not prove
 * locking.
 */
#ifndef _WPOOL_DEPMAP_H
#define _WPOOL_DEPMAP_H

#include "pool.h"
#include "types.h"

#ifdef CONFIG_PROVE_LOCKING
void dep_pool_init(struct wpool *pool);
void dep_pool_free(struct wpool *pool);
void dep_exit(void);
void dep_run_begins(struct wpool *pool, struct wpool_run *run);
void dep_run_ends(struct wpool *pool, struct wpool_run *run);
void dep_thread_ends(struct wpool_worker *worker);
void dep_wait_task(const struct wpool_task *task, bool forever);
void dep_wait_function(const struct wpool *pool, wpool_fn_t fn);
void dep_wait_pool(const struct wpool *pool, bool forever);
void dep_group_add(struct wpool_group *group, const struct wpool *pool, wpool_fn_t fn);
void dep_wait_group(struct wpool_group *group, bool forever);
void dep_manager_begins(void);
void dep_manager_ends(void);
void dep_wait_room(void);
void dep_wait_manager(bool forever);
#else
static inline void dep_pool_init(struct wpool *pool) { }
static inline void dep_pool_free(struct wpool *pool) { }
static inline void dep_exit(void) { }
static inline void dep_run_begins(struct wpool *pool, struct wpool_run *run) { }
static inline void dep_run_ends(struct wpool *pool, struct wpool_run *run) { }
static inline void dep_thread_ends(struct wpool_worker *worker) { }
static inline void dep_wait_task(const struct wpool_task *task, bool forever) { }
static inline void dep_wait_function(const struct wpool *pool, wpool_fn_t fn) { }
static inline void dep_wait_pool(const struct wpool *pool, bool forever) { }
static inline void dep_group_add(struct wpool_group *group, const struct wpool *pool,
				 wpool_fn_t fn) { }
static inline void dep_wait_group(struct wpool_group *group, bool forever) { }
static inline void dep_manager_begins(void) { }
static inline void dep_manager_ends(void) { }
static inline void dep_wait_room(void) { }
static inline void dep_wait_manager(bool forever) { }
#endif

#endif /* _WPOOL_DEPMAP_H */
