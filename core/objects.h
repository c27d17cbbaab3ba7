/* SPDX-License-Identifier: GPL-2.0 */
/* Tells the kernel's object debugging about tasks; see objects.c. Empty in kernels without it. */
#ifndef _WPOOL_OBJECTS_H
#define _WPOOL_OBJECTS_H

struct wpool_task;

#ifdef CONFIG_DEBUG_OBJECTS
void objects_task_accepted(struct wpool_task *task);
void objects_task_begins(struct wpool_task *task);
void objects_task_ended(struct wpool_task *task);
void objects_task_gone(struct wpool_task *task);
#else
static inline void objects_task_accepted(struct wpool_task *task) { }
static inline void objects_task_begins(struct wpool_task *task) { }
static inline void objects_task_ended(struct wpool_task *task) { }
static inline void objects_task_gone(struct wpool_task *task) { }
#endif

#endif /* _WPOOL_OBJECTS_H */
