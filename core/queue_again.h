/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that are to run again; see queue_again.c. */
#ifndef _WPOOL_QUEUE_AGAIN_H
#define _WPOOL_QUEUE_AGAIN_H

struct wpool;
struct wpool_run;
struct wpool_task;

void queue_forget_again(struct wpool *pool, struct wpool_run *run);
void queue_take_back(struct wpool *pool, struct wpool_task *task);
void queue_relink(struct wpool *pool, struct wpool_task *task);

#endif /* _WPOOL_QUEUE_AGAIN_H */
