/* SPDX-License-Identifier: GPL-2.0 */
/* What is called when the pool is done with a task; see release.c. */
#ifndef _WPOOL_RELEASE_H
#define _WPOOL_RELEASE_H

#include "pool.h"
#include "types.h"

bool release_note(struct wpool *pool, const struct wpool_ended *ended);
unsigned int releases_take(struct wpool *pool, struct wpool_ended *ended);
int releases_init(void);
void releases_exit(void);
void releases_free(struct wpool_release_call *call);
bool releaser_current(void);
bool releaser_inside(const struct wpool *pool);
void releases_survive(pid_t pid);
void releases_call(struct wpool_release_call *call);
void releases_call_noted(struct wpool_worker *worker, struct wpool_release_call *call);
struct wpool_release_call *releases_lost(struct wpool_worker *worker);
bool releases_hand_over(const struct wpool_release_call *call, struct wpool_worker *by);
void releases_await(struct wpool_worker *worker);
void releases_put_back(struct wpool_release_call *call, bool first);
struct wpool_release_call *releases_next(void);
void releases_set_thread(struct task_struct *thread);
void releases_show(void);
void release_returned(struct wpool *pool, const struct wpool_ended *ended);
bool releases_are_of(const struct wpool *pool, const struct module *module);
struct wpool_task *tracked_alloc(wpool_fn_t fn, void *arg, wpool_release_t release,
				 struct module *owner, gfp_t gfp);
void tracked_free(struct wpool_task *task);

/* What a task has behind it, or NULL. */
static inline struct wpool_tracking *task_tracking(struct wpool_task *task)
{
	if (likely(!(READ_ONCE(task->flags) & WPOOL_TASK_TRACKED)))
		return NULL;
	return &container_of(task, struct wpool_release_task, task)->tracking;
}

/*
 * Was a wait for this submission refused? By then its owner may have set it up anew, as a task
 * without either. Context: the lock of its pool held.
 */
static inline bool task_refused(struct wpool_task *task)
{
	struct wpool_tracking *tracking = task_tracking(task);

	return tracking && tracking->refused;
}

static inline bool task_has_release(struct wpool_task *task)
{
	const struct wpool_tracking *tracking = task_tracking(task);

	return tracking && tracking->release;
}

/* Those of a color that count as in flight only for their releases. Needs pool->lock. */
static inline unsigned int releases_of(const struct wpool *pool, unsigned int color)
{
	return pool->releases.by_color[color];
}

#endif /* _WPOOL_RELEASE_H */
