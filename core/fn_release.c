// SPDX-License-Identifier: GPL-2.0
/* Calls of a function whose argument is released: a tracked task in wpool's own memory. */
#include <linux/module.h>

#include "pool.h"
#include "release.h"
#include "submit.h"

static int done(struct wpool_task *task, int ret)
{
	if (ret)
		tracked_free(task);
	return ret;
}

/* Without a release nobody would free what the task works on. */
static bool has_release(struct wpool *pool, wpool_release_t release)
{
	if (!release && !IS_ERR_OR_NULL(pool))
		pr_err_ratelimited("%s: submitted: a task without a release\n", pool->name);
	return release;
}

/**
 * __wpool_schedule_fn_release() - the function behind wpool_schedule_fn_release()
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @release: called with @arg
 * @owner: the module that @fn and @release belong to
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule_fn().
 */
int __wpool_schedule_fn_release(struct wpool *pool, wpool_fn_t fn, void *arg,
				wpool_release_t release, struct module *owner)
{
	struct wpool_task *task;

	might_sleep();
	if (!has_release(pool, release))
		return -EINVAL;
	task = tracked_alloc(fn, arg, release, owner, GFP_KERNEL);
	return task ? done(task, wpool_schedule(pool, task)) : -ENOMEM;
}
EXPORT_SYMBOL_GPL(__wpool_schedule_fn_release);

/**
 * __wpool_try_schedule_fn_release() - the function behind wpool_try_schedule_fn_release()
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @release: called with @arg
 * @owner: the module that @fn and @release belong to
 *
 * Context: Any but NMI. On PREEMPT_RT, see wpool_try_schedule_fn_release().
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
int __wpool_try_schedule_fn_release(struct wpool *pool, wpool_fn_t fn, void *arg,
				    wpool_release_t release, struct module *owner)
{
	struct wpool_task *task = NULL;

	if (!has_release(pool, release))
		return -EINVAL;
	if (submit_may_allocate())
		task = tracked_alloc(fn, arg, release, owner, GFP_ATOMIC);
	else
		submit_cannot_allocate(pool, __func__, __builtin_return_address(0), false);
	return task ? done(task, wpool_try_schedule(pool, task)) : -ENOMEM;
}
EXPORT_SYMBOL_GPL(__wpool_try_schedule_fn_release);

/**
 * __wpool_group_schedule_fn_release() - the function behind wpool_group_schedule_fn_release()
 * @group: the group
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @release: called with @arg
 * @owner: the module that @fn and @release belong to
 *
 * Context: Process context; may sleep.
 * Return: as wpool_group_schedule(), or -ENOMEM.
 */
int __wpool_group_schedule_fn_release(struct wpool_group *group, struct wpool *pool,
				      wpool_fn_t fn, void *arg, wpool_release_t release,
				      struct module *owner)
{
	struct wpool_task *task;

	might_sleep();
	if (!has_release(pool, release))
		return -EINVAL;
	task = tracked_alloc(fn, arg, release, owner, GFP_KERNEL);
	return task ? done(task, wpool_group_schedule(group, pool, task)) : -ENOMEM;
}
EXPORT_SYMBOL_GPL(__wpool_group_schedule_fn_release);
