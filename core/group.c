// SPDX-License-Identifier: GPL-2.0
/*
 * Groups: tasks, of one pool or several, that are waited for together.
 *
 * A group knows how many of its tasks have not ended, not which: a task knows its
 * group (watch.c). So cancelling a group looks for its tasks where they wait.
 *
 * Who ends the last task of a group does not touch it after it dropped the
 * group's lock, and nobody returns from a wait before having held that lock: the
 * group may be freed then.
 */
#include <linux/lockdep.h>
#include <linux/module.h>

#include "internal.h"

static void __group_init(struct wpool_group *group, unsigned int flags)
{
	*group = (struct wpool_group) { .flags = flags };
	raw_spin_lock_init(&group->lock);
}

/**
 * wpool_group_init() - set up a group
 * @group: the group; empty afterwards
 *
 * Context: Any.
 */
void wpool_group_init(struct wpool_group *group)
{
	__group_init(group, 0);
}
EXPORT_SYMBOL_GPL(wpool_group_init);

/**
 * wpool_group_init_fail_fast() - set up a group that is cancelled on its first
 *	error
 * @group: the group; empty afterwards
 *
 * Once a task of it has returned an error, those that have not begun end with
 * -ECANCELED, also those submitted later.
 *
 * Context: Any.
 */
void wpool_group_init_fail_fast(struct wpool_group *group)
{
	__group_init(group, WPOOL_GROUP_FAIL_FAST);
}
EXPORT_SYMBOL_GPL(wpool_group_init_fail_fast);

/* All who wait for the group, or the workers among them. Context: its lock held. */
static void group_tell(struct wpool_group *group, bool workers, int told,
		       struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;
	struct hlist_node *next;

	hlist_for_each_entry_safe(waiter, next, &group->waiters, hnode) {
		if (workers && !waiter->helper)
			continue;
		hlist_del(&waiter->hnode);
		waiter->value = group->error;
		waiter_tell(waiter, told, wakes);
	}
}

/**
 * group_task_done() - count a task of a group that has ended
 * @group: the group; not to be touched afterwards
 * @result: of the task
 * @wakes: gets those who wait for the group
 *
 * Context: the lock of the task's pool held.
 */
void group_task_done(struct wpool_group *group, int result,
		     struct wpool_wakes *wakes)
{
	bool first;

	raw_spin_lock(&group->lock);
	first = result < 0 && !group->error;
	if (first)
		WRITE_ONCE(group->error, result);	/* pairs with group_failed() */
	if (!--group->pending)
		group_tell(group, false, 0, wakes);
	else if (first && (group->flags & WPOOL_GROUP_FAIL_FAST))
		group_tell(group, false, -EAGAIN, wakes);	/* to cancel the rest */
	raw_spin_unlock(&group->lock);
}

static bool group_failed(const struct wpool_group *group)
{
	return (group->flags & WPOOL_GROUP_FAIL_FAST) && READ_ONCE(group->error);
}

/* Is a task that is about to begin not to? Context: pool->lock held. */
bool group_cancels(const struct wpool_task *task)
{
	const struct wpool_group *group = watch_group(task);

	return group && group_failed(group);
}

static void group_add(struct wpool_group *group)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&group->lock, flags);
	group->pending++;
	raw_spin_unlock_irqrestore(&group->lock, flags);
}

/* Takes back group_add() for a task that was not accepted. */
static void group_sub(struct wpool_group *group)
{
	struct wpool_wakes wakes = {};
	unsigned long flags;

	raw_spin_lock_irqsave(&group->lock, flags);
	if (!--group->pending)
		group_tell(group, false, 0, &wakes);
	raw_spin_unlock_irqrestore(&group->lock, flags);
	wakes_issue(&wakes);
}

/**
 * group_tell_workers() - have the workers that wait for a group look again
 * @group: the group, which the caller or an unended task keeps
 * @wakes: gets them
 *
 * They run tasks of it that wait in their own pool, and there may be one now. Who
 * has looked and is on the way to its sleep will see it, see group_sleep().
 *
 * Context: any; pool->lock may be held.
 */
void group_tell_workers(struct wpool_group *group, struct wpool_wakes *wakes)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&group->lock, flags);
	group_tell(group, true, -EAGAIN, wakes);
	raw_spin_unlock_irqrestore(&group->lock, flags);
}

/**
 * wpool_group_schedule() - have a task run as part of a group
 * @group: the group; not freed before the call has returned
 * @pool: the pool; the tasks of a group may be in several
 * @task: as for wpool_schedule()
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), and -EINVAL for a NULL group; the group has grown
 * if it is 0.
 */
int wpool_group_schedule(struct wpool_group *group, struct wpool *pool,
			 struct wpool_task *task)
{
	struct wpool_wakes wakes = {};
	int ret;

	might_sleep();
	if (!group)
		return -EINVAL;
	group_add(group);
	ret = submit_to_group(pool, task, group);
	if (ret)
		group_sub(group);
	else
		group_tell_workers(group, &wakes);
	wakes_issue(&wakes);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_group_schedule);

/**
 * __wpool_group_schedule_fn() - what wpool_group_schedule_fn() is made of
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
	struct wpool_task *task = task_alloc(fn, arg, owner, GFP_KERNEL);
	int ret;

	if (!task)
		return -ENOMEM;
	ret = wpool_group_schedule(group, pool, task);
	if (ret)
		task_free(task);
	return ret;
}
EXPORT_SYMBOL_GPL(__wpool_group_schedule_fn);

/*
 * A task of the group that the worker could run. Locking: pool->lock held; may be released
 * and regrabbed.
 */
static struct wpool_task *group_find(struct wpool_group *group, struct wpool *pool,
				     unsigned long *flags)
	__must_hold(&pool->lock)
{
	struct wpool_task *task;

	if (pool->state >= WPOOL_STATE_STOP)
		return NULL;
	task = walk_find(pool, group, flags);
	return pool->state < WPOOL_STATE_STOP ? task : NULL;
}

static bool group_has_work(struct wpool_group *group, struct wpool *pool)
{
	struct wpool_task *task;
	unsigned long flags;

	pool_lock(pool, flags);
	task = group_find(group, pool, &flags);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return task;
}

/*
 * Runs a task of the group that waits in the worker's own pool, if there is one.
 * Return: 1, 0 if there is none, -EDEADLK: nested too deep.
 */
static int group_help_once(struct wpool_group *group, struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	struct wpool_wakes wakes = {};
	struct wpool_task *task;
	unsigned long flags;
	int ret = 0;

	pool_lock(pool, flags);
	task = group_find(group, pool, &flags);
	if (task && !run_may_nest(worker)) {
		ret = -EDEADLK;
	} else if (task) {
		queue_remove(pool, task);
		run_task(worker, task, &wakes);
		ret = 1;
	}
	pool_unlock_wake(pool, flags, &wakes);
	return ret;
}

/*
 * Runs what there is to run until the time is over. Return: 0, or -EDEADLK: nested too
 * deep, or inside a task of the group itself.
 */
static int group_help(struct wpool_group *group, struct wpool_worker *worker,
		      const struct wpool_deadline *deadline)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < worker->depth; i++) {
		if (worker->runs[i].group == group)
			return -EDEADLK;
	}
	/* Each task takes as long as it takes. */
	while (deadline_left(deadline)) {
		ret = group_help_once(group, worker);	/* of a failed group it drops it */
		if (ret <= 0)
			break;
	}
	return min(ret, 0);
}

/*
 * Return: 0 if the group is empty, with its error; -EAGAIN; -ETIMEDOUT.
 *
 * A worker looks for tasks to run once more when it can be told of new ones: else
 * one that came since it looked would wait for a worker that waits for it. Not when its
 * time is over: then it runs no more.
 */
static int group_sleep(struct wpool_group *group, struct wpool_worker *worker,
		       unsigned long timeout, int *error)
{
	struct wpool_waiter waiter;
	bool gave_up, again;
	unsigned long flags;
	long left;

	waiter_init(&waiter);
	waiter.helper = worker;
	raw_spin_lock_irqsave(&group->lock, flags);
	if (!group->pending) {
		*error = group->error;
		raw_spin_unlock_irqrestore(&group->lock, flags);
		return 0;
	}
	hlist_add_head(&waiter.hnode, &group->waiters);
	raw_spin_unlock_irqrestore(&group->lock, flags);

	again = worker && timeout && group_has_work(group, worker->pool);
	left = wait_for_completion_timeout(&waiter.done, again ? 0 : timeout);
	if (!left) {
		raw_spin_lock_irqsave(&group->lock, flags);
		gave_up = waiter.told == -EINPROGRESS;
		if (gave_up)
			hlist_del(&waiter.hnode);
		raw_spin_unlock_irqrestore(&group->lock, flags);
		if (gave_up)
			return again ? -EAGAIN : -ETIMEDOUT;
		wait_for_completion(&waiter.done);
	}
	*error = waiter.value;
	return waiter.told;
}

/**
 * wpool_group_wait_timeout() - wait a limited time for a group
 * @group: the group
 * @timeout: the longest to wait, in jiffies; never cut short. A worker begins no more
 *	tasks of the group when the time is over, but what it is inside takes as long
 *	as it takes.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_wait(), or -ETIMEDOUT: the group goes on.
 */
int wpool_group_wait_timeout(struct wpool_group *group, unsigned long timeout)
{
	struct wpool_worker *worker = worker_current(NULL);
	struct wpool_deadline deadline;
	int ret, error;

	might_sleep();
	if (!group)
		return -EINVAL;
	deadline_set(&deadline, timeout);
	do {
		if (group_failed(group))
			wpool_group_cancel(group);
		ret = worker ? group_help(group, worker, &deadline) : 0;
		if (!ret)
			ret = group_sleep(group, worker, deadline_left(&deadline),
					  &error);
	} while (ret == -EAGAIN);
	return ret ?: error;
}
EXPORT_SYMBOL_GPL(wpool_group_wait_timeout);

/**
 * wpool_group_wait() - wait until all tasks of a group have ended
 * @group: the group; the caller's to free or to use again afterwards
 *
 * A worker that waits runs those tasks of the group itself that wait in its own
 * pool, nested as for wpool_wait(). Workers that wait in a circle for one another's
 * groups are not found out, as those are that wait for one another's tasks.
 *
 * Context: Process context; sleeps, uninterruptibly.
 * Return: the first error to occur in the group since it was set up: a negative
 * result, -ECANCELED for a task that never ran, -EOWNERDEAD for one that took its
 * worker down. 0 if there was none, so for an empty group. -EINVAL (NULL),
 * -EDEADLK (the caller is inside a task of the group, or nested too deep to run one
 * that waits): then the group goes on, and is not to be freed yet.
 */
int wpool_group_wait(struct wpool_group *group)
{
	return wpool_group_wait_timeout(group, MAX_SCHEDULE_TIMEOUT);
}
EXPORT_SYMBOL_GPL(wpool_group_wait);

struct group_cancel {
	struct wpool_group	*group;
	unsigned int		cancelled;
};

static void group_cancel_in(struct wpool *pool, void *arg)
{
	struct group_cancel *what = arg;

	what->cancelled += walk_cancel(pool, what->group);
}

/**
 * wpool_group_cancel() - take back all tasks of a group that have not begun
 * @group: the group; no other is touched
 *
 * Looks through the queues of all pools, so it takes a time that grows with what
 * is queued.
 *
 * Context: Process context; may sleep.
 * Return: how many were taken back; their waiters get -ECANCELED.
 */
unsigned int wpool_group_cancel(struct wpool_group *group)
{
	struct group_cancel what = { .group = group };

	might_sleep();
	if (group)
		visit_pools(group_cancel_in, &what);
	return what.cancelled;
}
EXPORT_SYMBOL_GPL(wpool_group_cancel);
