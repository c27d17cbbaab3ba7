/* SPDX-License-Identifier: GPL-2.0 */
/* The combinations of wpool_schedule_how() that tests use often, under a name each. */
#ifndef _WPOOL_KUNIT_WAYS_H
#define _WPOOL_KUNIT_WAYS_H

#include <linux/wpool.h>

#define WAY(name, how...)						\
	static inline int __must_check name(struct wpool *pool, struct wpool_task *task) \
	{								\
		return wpool_schedule_how(pool, task, &(struct wpool_how) { how }); \
	}

WAY(wpool_schedule_interruptible, .flags = WPOOL_INTERRUPTIBLE)
WAY(wpool_schedule_if_free, .flags = WPOOL_IF_FREE)
WAY(wpool_force_schedule, .flags = WPOOL_FORCE)

/* @none: there is no group, which is an error of wpool_group_schedule(). */
#define KEYED_WAY(name, args, none, how...)				\
	static inline int __must_check name args			\
	{								\
		const struct wpool_how __how = { .key = key, how };	\
									\
		return none ? -EINVAL :					\
		       wpool_schedule_how(pool, task ? &task->task : NULL, &__how); \
	}

#define KEYED	struct wpool *pool, struct wpool_keyed_task *task, u64 key

KEYED_WAY(wpool_try_schedule_keyed, (KEYED), false, .flags = WPOOL_KEYED | WPOOL_NOWAIT)
KEYED_WAY(wpool_force_schedule_keyed, (KEYED), false, .flags = WPOOL_KEYED | WPOOL_FORCE)
KEYED_WAY(wpool_schedule_keyed_interruptible, (KEYED), false,
	  .flags = WPOOL_KEYED | WPOOL_INTERRUPTIBLE)
KEYED_WAY(wpool_schedule_keyed_timeout, (KEYED, unsigned long timeout), false,
	  .flags = WPOOL_KEYED | WPOOL_TIMED, .timeout = timeout)

#define GROUPED	struct wpool_group *group, KEYED

KEYED_WAY(wpool_group_schedule_keyed, (GROUPED), !group, .flags = WPOOL_KEYED, .group = group)
KEYED_WAY(wpool_group_try_schedule_keyed, (GROUPED), !group,
	  .flags = WPOOL_KEYED | WPOOL_NOWAIT, .group = group)
KEYED_WAY(wpool_group_schedule_keyed_interruptible, (GROUPED), !group,
	  .flags = WPOOL_KEYED | WPOOL_INTERRUPTIBLE, .group = group)
KEYED_WAY(wpool_group_schedule_keyed_timeout, (GROUPED, unsigned long timeout), !group,
	  .flags = WPOOL_KEYED | WPOOL_TIMED, .timeout = timeout, .group = group)

#undef GROUPED
#undef KEYED
#undef KEYED_WAY
#undef WAY

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
