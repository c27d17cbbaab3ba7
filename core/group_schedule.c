// SPDX-License-Identifier: GPL-2.0
/* Submitting tasks to a group, and taking them back; group.c has what a group is. */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/rcupdate.h>

#include "delayed_schedule.h"
#include "depmap.h"
#include "group.h"
#include "group_schedule.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue_walk.h"
#include "registry.h"
#include "release.h"
#include "submit.h"
#include "task_end.h"
#include "worker_stack.h"

/*
 * Counts a task that is about to be submitted. Context: its lock held. Return: as
 * group_get_counting_home(), if the task is elsewhere.
 */
static struct wpool *group_count(struct wpool_group *group, struct wpool *pool,
				 const struct wpool_task *task)
{
	lockdep_assert_held(&group->lock);
	if (!group->pending && !group->joining) {
		group->home = pool;
		if (group->owner)
			stack_link_group(group);
	}
	group->joining++;
	dep_group_add(group, pool, task->fn);
	if (group->home == pool)
		return NULL;
	group->elsewhere++;
	return group_get_counting_home(group);
}

/* Return: 0, or -EOWNERDEAD: the group is gone, with the stack of @owner. */
static int group_add(struct wpool_group *group, struct wpool *pool,
		     const struct wpool_task *task, const struct wpool_worker *owner)
{
	struct wpool *home = NULL;
	unsigned long flags;
	bool gone;

	rcu_read_lock();
	gone = stack_is_ending(owner);
	if (!gone) {
		raw_spin_lock_irqsave(&group->lock, flags);
		home = group_count(group, pool, task);
		raw_spin_unlock_irqrestore(&group->lock, flags);
	}
	rcu_read_unlock();
	if (!home)
		return gone ? -EOWNERDEAD : 0;
	pool_lock(home, flags);
	if (!stack_is_ending(owner))
		group_wake_workers(group, home);
	pool_unlock(home, flags);
	wpool_put(home);
	return 0;
}

/*
 * Ends a submission that has begun with stack_hold() and group_add(). If it has failed, the group
 * does not count the task any more, unless it is gone. Return: @ret.
 */
static int group_submitted(struct wpool_group *group, struct wpool *pool,
			   struct wpool_worker *owner, int ret)
{
	unsigned long flags;

	if (ret) {
		pool_lock(pool, flags);
		if (!stack_is_ending(owner))
			group_task_refused(group, pool);
		pool_unlock(pool, flags);
	}
	stack_release(owner);
	return ret;
}

/**
 * group_submit() - submit a task that belongs to a group
 * @pool: the pool
 * @task: with a time, passed delayed_args_ok()
 * @how: has the group
 *
 * Context: as wpool_schedule_how().
 * Return: likewise.
 */
int group_submit(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how)
{
	struct wpool_group *group = how->group;
	struct wpool_worker *owner;
	int ret;

	if (!submit_args_ok(pool, task, how))
		return -EINVAL;
	owner = stack_hold(group);
	ret = group_add(group, pool, task, owner);
	if (!ret)
		ret = how->flags & WPOOL_AT ? delayed_submit_group(pool, task, how, owner) :
					      submit_one(pool, task, how, owner);
	return group_submitted(group, pool, owner, ret);
}

struct group_cancel {
	const struct wpool_group	*group;
	const struct wpool_worker	*owner;
	unsigned int			cancelled;
	struct wpool_ends		ends;
};

static void group_cancel_in(struct wpool *pool, void *arg)
{
	struct group_cancel *what = arg;

	/* From then on another group may lie there. */
	if (!ends_full(&what->ends) && !stack_is_ending(what->owner))
		what->cancelled += walk_cancel(pool, walk_wants_group, what->group, &what->ends);
}

/*
 * As wpool_group_cancel(), for a caller that has the @owner from stack_hold(): it does not touch
 * the group, which may be gone.
 */
unsigned int group_cancel(const struct wpool_group *group, const struct wpool_worker *owner)
{
	struct group_cancel what = { .group = group, .owner = owner };
	unsigned int all = 0;
	bool full;

	/* What a release submits does not prolong it. */
	rcu_read_lock();
	if (!stack_is_ending(owner))
		all = READ_ONCE(group->pending);
	rcu_read_unlock();
	do {
		what.ends.nr = 0;
		visit_all_pools(group_cancel_in, &what);
		full = ends_full(&what.ends);
		ends_finish(&what.ends);
	} while (full && what.cancelled < all);
	return what.cancelled;
}

/**
 * wpool_group_cancel() - cancel all tasks of a group that have not begun
 * @group: the group; must exist when the call begins
 *
 * It looks through the queues of all pools, so its time grows with the number of queued tasks.
 *
 * Context: Process context; may sleep.
 * Return: how many were cancelled; their waiters get -ECANCELED.
 */
unsigned int wpool_group_cancel(struct wpool_group *group)
{
	struct wpool_worker *owner;
	unsigned int n;

	might_sleep();
	if (!group)
		return 0;
	owner = stack_hold(group);
	n = group_cancel(group, owner);
	stack_release(owner);
	return n;
}
EXPORT_SYMBOL_GPL(wpool_group_cancel);
