/* SPDX-License-Identifier: GPL-2.0 */
/* The end of a thread that runs code of other modules; see thread_exit.c. */
#ifndef _WPOOL_THREAD_EXIT_H
#define _WPOOL_THREAD_EXIT_H

#include "types.h"

void exit_watch(struct wpool_exit *exit, struct task_struct *thread,
		void (*reap)(struct wpool_exit *exit));
void exit_notice(struct wpool_exit *exit);
void exit_unwatch(struct wpool_exit *exit);
void exit_join(struct wpool_exit *exit);
void exit_put(struct wpool_exit *exit);

#endif /* _WPOOL_THREAD_EXIT_H */
