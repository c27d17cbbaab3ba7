// SPDX-License-Identifier: GPL-2.0
/* Calls of a function: the task is wpool's own memory, which the pool frees. */
#include <linux/module.h>

#include "inbox.h"
#include "pool.h"
#include "release.h"
#include "submit.h"
#include "task.h"

/*
 * On PREEMPT_RT the allocator's locks sleep: a hard interrupt that allocates or frees may wait
 * for the very thread that it has interrupted.
 */
static bool submit_may_allocate(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible();
}

/*
 * Reports a call that needs memory where there is none. @served: the pool happened to have a spare
 * task, which only debugging kernels report.
 */
static void submit_cannot_allocate(const struct wpool *pool, const char *call, void *caller,
				   bool served)
{
	if (served && !IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		return;
	pr_err_ratelimited("%s: %s by %pS in atomic context %s: nothing can be allocated there on PREEMPT_RT\n",
			   IS_ERR_OR_NULL(pool) ? "-" : pool->name, call, caller,
			   served ? "has got a spare task" : "refused");
}

/* With a release the argument needs a struct wpool_release_task, which no spare task is. */
static int submit_released(struct wpool *pool, wpool_fn_t fn, void *arg, wpool_release_t release,
			   struct module *owner, gfp_t gfp, const struct wpool_how *how)
{
	struct wpool_task *task = NULL;
	int ret;

	if (submit_may_allocate())
		task = tracked_alloc(fn, arg, release, owner, gfp);
	if (!task)
		return -ENOMEM;
	ret = wpool_schedule_how(pool, task, how);
	if (ret)
		tracked_free(task);
	return ret;
}

static int submit_fn(struct wpool *pool, wpool_fn_t fn, void *arg, wpool_release_t release,
		     struct module *owner, gfp_t gfp, const struct wpool_how *how)
{
	struct wpool_task *task = NULL;
	bool accepted = false;
	int ret;

	if (release)
		return submit_released(pool, fn, arg, release, owner, gfp, how);
	if (!IS_ERR_OR_NULL(pool) && !how->group)
		task = inbox_put_spare(pool, fn, arg, owner, &accepted);
	if (accepted)
		return 0;
	if (!task && submit_may_allocate())
		task = task_alloc(fn, arg, owner, gfp);
	if (!task)
		return -ENOMEM;
	ret = wpool_schedule_how(pool, task, how);
	if (ret && submit_may_allocate())
		task_free(task);
	else if (ret)
		inbox_give_back(pool, task);
	return ret;
}

/* Behind wpool_schedule_fn(). */
int __wpool_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg, wpool_release_t release,
			struct module *owner)
{
	might_sleep();
	return submit_fn(pool, fn, arg, release, owner, GFP_KERNEL, &how_by_policy);
}
EXPORT_SYMBOL_GPL(__wpool_schedule_fn);

/* Behind wpool_try_schedule_fn(). */
int __wpool_try_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg, wpool_release_t release,
			    struct module *owner)
{
	int ret = submit_fn(pool, fn, arg, release, owner, GFP_ATOMIC, &how_nowait);

	if (unlikely(!submit_may_allocate()))
		submit_cannot_allocate(pool, __func__, __builtin_return_address(0),
				       ret != -ENOMEM);
	return ret;
}
EXPORT_SYMBOL_GPL(__wpool_try_schedule_fn);

/* Behind wpool_group_schedule_fn(). */
int __wpool_group_schedule_fn(struct wpool_group *group, struct wpool *pool, wpool_fn_t fn,
			      void *arg, wpool_release_t release, struct module *owner)
{
	struct wpool_how how = { .group = group };

	might_sleep();
	return group ? submit_fn(pool, fn, arg, release, owner, GFP_KERNEL, &how) : -EINVAL;
}
EXPORT_SYMBOL_GPL(__wpool_group_schedule_fn);
