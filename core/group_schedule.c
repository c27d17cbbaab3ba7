// SPDX-License-Identifier: GPL-2.0
/* Submitting tasks to a group, and taking them back; group.c has what a group is. */
#include <linux/lockdep.h>
#include <linux/module.h>

#include "delayed_schedule.h"
#include "depmap.h"
#include "group.h"
#include "objects.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue_walk.h"
#include "registry.h"
#include "submit.h"
#include "task.h"
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
		objects_group_begins(group);
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

static int group_submit(struct wpool_group *group, struct wpool *pool,
			struct wpool_task *task, const u64 *key, unsigned long timeout)
{
	struct wpool_worker *owner;
	int ret;

	if (!group || !submit_args_ok(pool, task, submit_kind_by(key)))
		return -EINVAL;
	owner = stack_hold(group);
	ret = group_add(group, pool, task, owner) ?:
	      submit_one(pool, &(struct wpool_submission) {
		.task = task, .group = group, .owner = owner, .key = key, .timeout = timeout,
	      });
	return group_submitted(group, pool, owner, ret);
}

/**
 * wpool_group_schedule() - run a task as part of a group
 * @group: the group; not freed before the call has returned
 * @pool: the pool; the tasks of a group may be in several
 * @task: as for wpool_schedule()
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), and -EINVAL for a NULL group; if it is 0, the group has grown.
 * -EOWNERDEAD: the group lay on the stack of a worker that has died meanwhile.
 */
int wpool_group_schedule(struct wpool_group *group, struct wpool *pool,
			 struct wpool_task *task)
{
	might_sleep();
	return group_submit(group, pool, task, NULL, SUBMIT_BY_POLICY);
}
EXPORT_SYMBOL_GPL(wpool_group_schedule);

/**
 * wpool_group_try_schedule() - run a task as part of a group if there is room
 * @group: as for wpool_group_schedule()
 * @pool: likewise
 * @task: likewise
 *
 * Never sleeps and never allocates, whatever the policy of the pool is.
 *
 * Context: Any but NMI.
 * Return: as wpool_try_schedule(), and -EINVAL and -EOWNERDEAD as wpool_group_schedule().
 */
int wpool_group_try_schedule(struct wpool_group *group, struct wpool *pool,
			     struct wpool_task *task)
{
	return group_submit(group, pool, task, NULL, SUBMIT_OR_FAIL);
}
EXPORT_SYMBOL_GPL(wpool_group_try_schedule);

/**
 * wpool_group_force_schedule() - run a task as part of a group, also beyond the bound
 * @group: as for wpool_group_schedule()
 * @pool: likewise
 * @task: likewise
 *
 * Context: Any but NMI.
 * Return: as wpool_force_schedule(), and -EINVAL and -EOWNERDEAD as wpool_group_schedule().
 */
int wpool_group_force_schedule(struct wpool_group *group, struct wpool *pool,
			       struct wpool_task *task)
{
	return group_submit(group, pool, task, NULL, SUBMIT_FORCED);
}
EXPORT_SYMBOL_GPL(wpool_group_force_schedule);

/**
 * wpool_group_schedule_timeout() - run a task as part of a group, and wait for room with a time
 *	limit
 * @group: as for wpool_group_schedule()
 * @pool: likewise
 * @task: likewise
 * @timeout: as for wpool_schedule_timeout()
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule_timeout(), and -EINVAL and -EOWNERDEAD as
 * wpool_group_schedule().
 */
int wpool_group_schedule_timeout(struct wpool_group *group, struct wpool *pool,
				 struct wpool_task *task, unsigned long timeout)
{
	might_sleep();
	return submit_timed_out(group_submit(group, pool, task, NULL, submit_timeout(timeout)),
				timeout);
}
EXPORT_SYMBOL_GPL(wpool_group_schedule_timeout);

/**
 * wpool_group_schedule_interruptible() - run a task as part of a group, and wait for room until a
 *	signal comes
 * @group: as for wpool_group_schedule()
 * @pool: likewise
 * @task: likewise
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_schedule(); -EINTR after any signal while waiting.
 */
int wpool_group_schedule_interruptible(struct wpool_group *group, struct wpool *pool,
				       struct wpool_task *task)
{
	might_sleep();
	return group_submit(group, pool, task, NULL, SUBMIT_INTERRUPTIBLE);
}
EXPORT_SYMBOL_GPL(wpool_group_schedule_interruptible);

/**
 * wpool_group_schedule_keyed() - run a task with a key as part of a group
 * @group: as for wpool_group_schedule()
 * @pool: likewise
 * @task: as for wpool_schedule_keyed()
 * @key: likewise
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule_keyed(), and -EINVAL and -EOWNERDEAD as wpool_group_schedule().
 */
int wpool_group_schedule_keyed(struct wpool_group *group, struct wpool *pool,
			       struct wpool_keyed_task *task, u64 key)
{
	might_sleep();
	return group_submit(group, pool, task ? &task->task : NULL, &key, SUBMIT_BY_POLICY);
}
EXPORT_SYMBOL_GPL(wpool_group_schedule_keyed);

/**
 * wpool_group_try_schedule_keyed() - run a task with a key as part of a group if there is room
 * @group: as for wpool_group_schedule()
 * @pool: likewise
 * @task: as for wpool_schedule_keyed()
 * @key: likewise
 *
 * Never sleeps and never allocates, whatever the policy of the pool is.
 *
 * Context: Any but NMI.
 * Return: as wpool_try_schedule_keyed(), and -EINVAL and -EOWNERDEAD as wpool_group_schedule().
 */
int wpool_group_try_schedule_keyed(struct wpool_group *group, struct wpool *pool,
				   struct wpool_keyed_task *task, u64 key)
{
	return group_submit(group, pool, task ? &task->task : NULL, &key, SUBMIT_OR_FAIL);
}
EXPORT_SYMBOL_GPL(wpool_group_try_schedule_keyed);

/**
 * wpool_group_schedule_keyed_timeout() - run a task with a key as part of a group, and wait for
 *	room with a time limit
 * @group: as for wpool_group_schedule()
 * @pool: likewise
 * @task: as for wpool_schedule_keyed()
 * @key: likewise
 * @timeout: as for wpool_schedule_timeout()
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule_keyed_timeout(), and -EINVAL and -EOWNERDEAD as
 * wpool_group_schedule().
 */
int wpool_group_schedule_keyed_timeout(struct wpool_group *group, struct wpool *pool,
				       struct wpool_keyed_task *task, u64 key,
				       unsigned long timeout)
{
	might_sleep();
	return submit_timed_out(group_submit(group, pool, task ? &task->task : NULL, &key,
					     submit_timeout(timeout)), timeout);
}
EXPORT_SYMBOL_GPL(wpool_group_schedule_keyed_timeout);

/**
 * wpool_group_schedule_keyed_interruptible() - run a task with a key as part of a group, and wait
 *	for room until a signal comes
 * @group: as for wpool_group_schedule()
 * @pool: likewise
 * @task: as for wpool_schedule_keyed()
 * @key: likewise
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_schedule_keyed(); -EINTR after any signal while waiting.
 */
int wpool_group_schedule_keyed_interruptible(struct wpool_group *group, struct wpool *pool,
					     struct wpool_keyed_task *task, u64 key)
{
	might_sleep();
	return group_submit(group, pool, task ? &task->task : NULL, &key, SUBMIT_INTERRUPTIBLE);
}
EXPORT_SYMBOL_GPL(wpool_group_schedule_keyed_interruptible);

/**
 * wpool_group_schedule_delayed() - run a task after a delay, as part of a group
 * @group: as for wpool_group_schedule(); it does not end before the task has
 * @pool: likewise
 * @dtask: as for wpool_schedule_delayed()
 * @delay: likewise
 *
 * In a group that is cancelled on its first error, and has failed, the task ends at once, with
 * -ECANCELED; if it has a release or a ticket, when a worker comes to it. wpool_modify_delayed()
 * leaves the task in its group.
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule_delayed(), and -EINVAL and -EOWNERDEAD as wpool_group_schedule().
 */
int wpool_group_schedule_delayed(struct wpool_group *group, struct wpool *pool,
				 struct wpool_delayed_task *dtask, unsigned long delay)
{
	struct wpool_worker *owner;
	int ret;

	if (!group || !delayed_args_ok(pool, dtask))
		return -EINVAL;
	owner = stack_hold(group);
	ret = group_add(group, pool, &dtask->task, owner) ?:
	      delayed_submit_group(pool, dtask, delay, group, owner);
	return group_submitted(group, pool, owner, ret);
}
EXPORT_SYMBOL_GPL(wpool_group_schedule_delayed);

/**
 * __wpool_group_schedule_fn() - the function behind wpool_group_schedule_fn()
 * @group: the group
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @owner: the module that @fn belongs to
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_schedule(), or -ENOMEM.
 */
int __wpool_group_schedule_fn(struct wpool_group *group, struct wpool *pool,
			      wpool_fn_t fn, void *arg, struct module *owner)
{
	struct wpool_task *task;
	int ret;

	might_sleep();
	task = task_alloc(fn, arg, owner, GFP_KERNEL);
	if (!task)
		return -ENOMEM;
	ret = wpool_group_schedule(group, pool, task);
	if (ret)
		task_free(task);
	return ret;
}
EXPORT_SYMBOL_GPL(__wpool_group_schedule_fn);

struct group_cancel {
	const struct wpool_group	*group;
	const struct wpool_worker	*owner;
	unsigned int			cancelled;
};

static void group_cancel_in(struct wpool *pool, void *arg)
{
	struct group_cancel *what = arg;

	/* From then on another group may lie there. */
	if (!stack_is_ending(what->owner))
		what->cancelled += walk_cancel(pool, walk_wants_group, what->group);
}

/*
 * As wpool_group_cancel(), for a caller that has the @owner from stack_hold(): it does not touch
 * the group, which may be gone.
 */
unsigned int group_cancel(const struct wpool_group *group, const struct wpool_worker *owner)
{
	struct group_cancel what = { .group = group, .owner = owner };

	visit_all_pools(group_cancel_in, &what);
	return what.cancelled;
}

/**
 * wpool_group_cancel() - take back all tasks of a group that have not begun
 * @group: the group, which exists as the call begins; other groups are not touched
 *
 * This looks through the queues of all pools, so its time grows with the number of queued
 * tasks.
 *
 * Context: Process context; may sleep.
 * Return: how many were taken back; their waiters get -ECANCELED.
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
