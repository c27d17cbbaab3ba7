/* SPDX-License-Identifier: GPL-2.0 */
/* The combinations of wpool_schedule_how() that tests use often, under a name each. */
#ifndef _WPOOL_KUNIT_WAYS_H
#define _WPOOL_KUNIT_WAYS_H

#include <linux/wpool.h>

static inline int __must_check
way(struct wpool *pool, struct wpool_task *task, unsigned int flags)
{
	return wpool_schedule_how(pool, task, &(struct wpool_how) { .flags = flags });
}

#define wpool_schedule_interruptible(pool, task)	way(pool, task, WPOOL_INTERRUPTIBLE)
#define wpool_schedule_if_free(pool, task)		way(pool, task, WPOOL_IF_FREE)
#define wpool_force_schedule(pool, task)		way(pool, task, WPOOL_FORCE)

static inline int __must_check
way_keyed(struct wpool_group *group, struct wpool *pool, struct wpool_keyed_task *task, u64 key,
	  unsigned int flags, unsigned long timeout)
{
	return wpool_schedule_how(pool, task ? &task->task : NULL, &(struct wpool_how) {
		.flags = WPOOL_KEYED | flags, .timeout = timeout, .key = key, .group = group,
	});
}

#define wpool_try_schedule_keyed(pool, task, key)			\
	way_keyed(NULL, pool, task, key, WPOOL_NOWAIT, 0)
#define wpool_force_schedule_keyed(pool, task, key)			\
	way_keyed(NULL, pool, task, key, WPOOL_FORCE, 0)
#define wpool_schedule_keyed_interruptible(pool, task, key)		\
	way_keyed(NULL, pool, task, key, WPOOL_INTERRUPTIBLE, 0)
#define wpool_schedule_keyed_timeout(pool, task, key, timeout)		\
	way_keyed(NULL, pool, task, key, WPOOL_TIMED, timeout)

/* That there is no group is an error of wpool_group_schedule(). */
static inline int __must_check
way_grouped(struct wpool_group *group, struct wpool *pool, struct wpool_keyed_task *task, u64 key,
	    unsigned int flags, unsigned long timeout)
{
	return group ? way_keyed(group, pool, task, key, flags, timeout) : -EINVAL;
}

#define wpool_group_schedule_keyed(group, pool, task, key)		\
	way_grouped(group, pool, task, key, 0, 0)
#define wpool_group_try_schedule_keyed(group, pool, task, key)		\
	way_grouped(group, pool, task, key, WPOOL_NOWAIT, 0)
#define wpool_group_schedule_keyed_interruptible(group, pool, task, key) \
	way_grouped(group, pool, task, key, WPOOL_INTERRUPTIBLE, 0)
#define wpool_group_schedule_keyed_timeout(group, pool, task, key, timeout) \
	way_grouped(group, pool, task, key, WPOOL_TIMED, timeout)

static inline int __must_check
way_in_group(struct wpool_group *group, struct wpool *pool, struct wpool_task *task,
	     unsigned int flags, unsigned long timeout)
{
	return !group ? -EINVAL : wpool_schedule_how(pool, task, &(struct wpool_how) {
		.flags = flags, .timeout = timeout, .group = group,
	});
}

#define wpool_group_try_schedule(group, pool, task)			\
	way_in_group(group, pool, task, WPOOL_NOWAIT, 0)
#define wpool_group_force_schedule(group, pool, task)			\
	way_in_group(group, pool, task, WPOOL_FORCE, 0)
#define wpool_group_schedule_interruptible(group, pool, task)		\
	way_in_group(group, pool, task, WPOOL_INTERRUPTIBLE, 0)
#define wpool_group_schedule_timeout(group, pool, task, timeout)	\
	way_in_group(group, pool, task, WPOOL_TIMED, timeout)

static inline int __must_check wpool_schedule_at(struct wpool *pool,
						 struct wpool_delayed_task *dtask, u64 when)
{
	return wpool_schedule_how(pool, dtask ? &dtask->task : NULL, &(struct wpool_how) {
		.flags = WPOOL_AT, .due = when,
	});
}

static inline int __must_check wpool_group_schedule_delayed(struct wpool_group *group,
							    struct wpool *pool,
							    struct wpool_delayed_task *dtask,
							    unsigned long delay)
{
	return !group ? -EINVAL :
	       wpool_schedule_how(pool, dtask ? &dtask->task : NULL, &(struct wpool_how) {
		.flags = WPOOL_AT, .due = __wpool_due_after(delay), .group = group,
	       });
}

#endif /* _WPOOL_KUNIT_WAYS_H */
