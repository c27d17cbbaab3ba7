// SPDX-License-Identifier: GPL-2.0
/*
 * What a module leaves behind when it goes.
 *
 * A module stays as long as tasks of it are in pools of others, which pin it, and it destroys
 * its own pools before it goes. But a module whose init fails goes although it is pinned, and a
 * module may forget a pool. So before its memory is freed this code takes back its tasks that
 * wait, waits for those that run, and destroys its pools. New tasks of it are refused by then,
 * as the module can no longer be pinned.
 */
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rculist.h>
#include <linux/sched.h>

#include "caller_runs.h"
#include "compat.h"
#include "module_going.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue_walk.h"
#include "registry.h"
#include "release.h"
#include "shutdown.h"
#include "task_end.h"
#include "worker_list.h"

/*
 * How often to look whether a task has ended. Nothing reports that here, and few threads wait
 * so.
 */
#define OWNER_LOOK	(HZ / 20 + 1)

static bool wants_owner(const struct walk_entry *entry, const void *module)
{
	return entry->owner == module;
}

/* Its function may be another's, and it may be the module's task only by its function. */
static bool owner_has(const struct wpool_run *run, const struct module *module)
{
	return READ_ONCE(run->owner) == module ||
	       within_module((unsigned long)READ_ONCE(run->fn), module);
}

/* Does a task or a function of the module run in the pool? No other task of it can begin. */
static bool owner_runs(struct wpool *pool, const struct module *module)
{
	const struct wpool_caller *caller;
	struct wpool_worker *worker;
	bool runs = false;
	unsigned int i;

	rcu_read_lock();
	for_each_worker_rcu(worker, pool) {
		for (i = 0; i < READ_ONCE(worker->nesting); i++) {
			if (owner_has(&worker->runs[i], module))
				runs = true;
		}
	}
	for_each_caller_rcu(caller, pool) {
		if (owner_has(&caller->run, module))
			runs = true;
	}
	rcu_read_unlock();
	return runs;
}

/*
 * Is a thread of the pool inside the module, or does it hold it? It leaves a function in a hold of
 * the pool's lock, in which it lets go of the module, or counts the release that it is to call.
 * When that has returned it lets go in the hold in which it counts that: so without a pin there is
 * none. The second look takes the lock, so such a hold is over.
 */
static bool owner_is_inside(struct wpool *pool, struct module *module)
{
	unsigned long flags;
	bool inside;

	if (owner_runs(pool, module))
		return true;
	pool_lock(pool, flags);
	/* Those of others are counted with its own, also one that never returns. */
	inside = WPOOL_MODULE_PINNED(module) && pool->late.nr_owed;
	pool_unlock(pool, flags);
	return inside;
}

static void leave_pool(struct wpool *pool, void *arg)
{
	struct module *module = arg;
	struct wpool_ends ends;
	unsigned int n = 0;
	bool full;

	if (pool->owner == module) {
		pr_err("%s: its module %s is being unloaded and has not destroyed it: wpool_destroy() is missing\n",
		       pool->name, module_name(module));
		wpool_shutdown_now(pool, NULL);
		pool_destroy(pool, false);
		return;
	}
	do {
		ends.nr = 0;
		n += walk_cancel(pool, wants_owner, module, &ends);
		full = ends_full(&ends);
		ends_finish(&ends);
	} while (full);
	if (n)
		pr_err("%s: module %s is being unloaded: its %u queued tasks are cancelled\n",
		       pool->name, module_name(module), n);
	if (!owner_is_inside(pool, module))
		return;
	pr_err("%s: module %s is being unloaded: waiting for its running tasks\n",
	       pool->name, module_name(module));
	while (owner_is_inside(pool, module))
		schedule_timeout_uninterruptible(OWNER_LOOK);
}

/* Called after the module's exit, or after its init has failed. May sleep. */
static int owner_goes(struct notifier_block *block, unsigned long event, void *module)
{
	if (event == MODULE_STATE_GOING && module != THIS_MODULE)
		visit_pools(leave_pool, module);
	return NOTIFY_OK;
}

static struct notifier_block owner_block = { .notifier_call = owner_goes };

/* This fails only for a block that is registered already. */
void __init owner_init(void)
{
	register_module_notifier(&owner_block);
}

void owner_exit(void)
{
	unregister_module_notifier(&owner_block);
}
