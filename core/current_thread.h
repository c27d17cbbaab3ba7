/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the current thread is; see current_thread.c.
 */
#ifndef _WPOOL_CURRENT_THREAD_H
#define _WPOOL_CURRENT_THREAD_H

#include <linux/types.h>

struct wpool;
struct wpool_caller;
struct wpool_run;
struct wpool_worker;

void current_init(int (*worker)(void *data));
struct wpool_worker *worker_current(struct wpool *pool);
struct wpool_caller *caller_current(const struct wpool_worker *worker);
bool caller_inside(const struct wpool *pool);
void current_enter(struct wpool_caller *caller);
void current_leave(struct wpool_caller *caller);
const struct wpool_run *run_current(struct wpool **pool);
bool current_set_naps(bool naps);
bool run_is_of_current(const struct wpool_run *run);
bool current_is_of(struct wpool *pool);
bool worker_refused(struct wpool *pool, const char *what);
bool sleep_refused(void);

#endif /* _WPOOL_CURRENT_THREAD_H */
