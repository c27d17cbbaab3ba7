/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tells the kernel's object debugging about tasks and groups; see objects.c. Empty in kernels
 * without it.
 */
#ifndef _WPOOL_OBJECTS_H
#define _WPOOL_OBJECTS_H

struct wpool;
struct wpool_group;
struct wpool_task;

#ifdef CONFIG_DEBUG_OBJECTS
void objects_init(void (*task_lost)(struct wpool_task *task));
void objects_pool_init(struct wpool *pool);
void objects_pool_free(struct wpool *pool);
void objects_task_submitted(struct wpool_task *task);
void objects_task_accepted(struct wpool_task *task);
void objects_task_begins(struct wpool_task *task);
void objects_task_ended(struct wpool_task *task);
void objects_task_gone(struct wpool_task *task);
void objects_group_init(struct wpool_group *group);
void objects_group_begins(struct wpool_group *group);
void objects_group_ended(struct wpool_group *group);
#else
static inline void objects_init(void (*task_lost)(struct wpool_task *task)) { }
static inline void objects_pool_init(struct wpool *pool) { }
static inline void objects_pool_free(struct wpool *pool) { }
static inline void objects_task_submitted(struct wpool_task *task) { }
static inline void objects_task_accepted(struct wpool_task *task) { }
static inline void objects_task_begins(struct wpool_task *task) { }
static inline void objects_task_ended(struct wpool_task *task) { }
static inline void objects_task_gone(struct wpool_task *task) { }
static inline void objects_group_init(struct wpool_group *group) { }
static inline void objects_group_begins(struct wpool_group *group) { }
static inline void objects_group_ended(struct wpool_group *group) { }
#endif

#endif /* _WPOOL_OBJECTS_H */
