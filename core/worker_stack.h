/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What lies on the stack of a worker, see worker_stack.c.
 */
#ifndef _WPOOL_WORKER_STACK_H
#define _WPOOL_WORKER_STACK_H

#include "pool.h"
#include "types.h"

void stack_init(struct wpool_worker *worker);
void stack_lend(struct wpool *pool);
struct wpool_worker *stack_owner(const void *object);
struct wpool_worker *stack_hold(const struct wpool_group *group);
void stack_release(struct wpool_worker *owner);
void stack_link_group(struct wpool_group *group);
void stack_unlink_group(struct wpool_group *group);
void stack_leave_groups(struct wpool_worker *worker);
bool stack_end(struct wpool_worker *worker);
struct list_head *stack_groups(struct wpool_worker *worker);
bool stack_concerns(const struct wpool_worker *worker, const struct wpool *pool);
void worker_get(struct wpool_worker *worker);
void worker_put(struct wpool_worker *worker);

/*
 * Is the stack about to go, with the groups that lie on it? @owner: the worker whose stack it
 * is, or NULL. If it is not, it stays until the end of the caller's RCU read-side critical
 * section; holding a raw spinlock is one.
 */
static inline bool stack_is_ending(const struct wpool_worker *owner)
{
	return owner && READ_ONCE(owner->on_stack.ending);
}

static inline bool is_on_stack(const void *object, unsigned long stack)
{
	return (unsigned long)object - stack < THREAD_SIZE;
}

/* Does it lie on the stack of this worker? */
static inline bool stack_has(const struct wpool_worker *worker, const void *object)
{
	return is_on_stack(object, worker->stack);
}

#endif /* _WPOOL_WORKER_STACK_H */
