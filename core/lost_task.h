/* SPDX-License-Identifier: GPL-2.0 */
/* A task whose memory is about to go while its pool has it; see lost_task.c. */
#ifndef _WPOOL_LOST_TASK_H
#define _WPOOL_LOST_TASK_H

struct wpool_task;

#ifdef CONFIG_DEBUG_OBJECTS
void task_lost(struct wpool_task *task);
#else
static inline void task_lost(struct wpool_task *task) { }
#endif

#endif /* _WPOOL_LOST_TASK_H */
