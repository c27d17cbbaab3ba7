// SPDX-License-Identifier: GPL-2.0
/*
 * Loading and unloading: the parameters, the default pool, and the parts of core/, which are
 * set up in order and torn down in reverse order.
 */
#include <linux/module.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/wpool_version.h>

#include "core/create.h"
#include "core/current_thread.h"
#include "core/debugfs.h"
#include "core/depmap.h"
#include "core/hotplug.h"
#include "core/manager.h"
#include "core/module_going.h"
#include "core/names.h"
#include "core/objects.h"
#include "core/settings.h"
#include "core/summary.h"
#include "core/task.h"
#include "core/worker.h"
#include "lib/taskq.h"

static int capacity = WPOOL_DEFAULT_CAPACITY;
module_param(capacity, int, 0444);
MODULE_PARM_DESC(capacity, "Most workers of the default pool, 1 to "
		 __stringify(WPOOL_MAX_CAPACITY)
		 "; 0: the default (default " __stringify(WPOOL_DEFAULT_CAPACITY) ")");

static int queue_depth = WPOOL_DEFAULT_DEPTH;
module_param(queue_depth, int, 0444);
MODULE_PARM_DESC(queue_depth, "Most queued tasks of the default pool beyond those that a worker can take at once; -1: none, -2: no bound, 0: the default (default "
		 __stringify(WPOOL_DEFAULT_DEPTH) ")");

static char *full = "block";
module_param(full, charp, 0444);
MODULE_PARM_DESC(full, "Policy of the default pool when its queue is full: block, fail, caller_runs, discard or discard_oldest (default block)");

static unsigned int idle_timeout_ms = WPOOL_DEFAULT_IDLE_MS;
module_param(idle_timeout_ms, uint, 0444);
MODULE_PARM_DESC(idle_timeout_ms, "Milliseconds after which an idle worker of the default pool exits; 0: the default (default "
		 __stringify(WPOOL_DEFAULT_IDLE_MS) ")");

static unsigned int spin_us;
module_param(spin_us, uint, 0444);
MODULE_PARM_DESC(spin_us, "Microseconds that a worker of the default pool spins before it sleeps (default 0: never)");

static unsigned int watchdog_ms;
module_param(watchdog_ms, uint, 0444);
MODULE_PARM_DESC(watchdog_ms, "Milliseconds after which a running task of the default pool is reported in the log (default 0: never)");

/* Bad module parameters are corrected where that is harmless, with a message. */
static void __init correct_capacity(void)
{
	int given = capacity;

	if (capacity <= 0)
		capacity = WPOOL_DEFAULT_CAPACITY;
	if (capacity > WPOOL_MAX_CAPACITY)
		capacity = WPOOL_MAX_CAPACITY;
	if (capacity != given)
		pr_notice("default: capacity %d is out of range, using %d\n",
			  given, capacity);
}

static int __init make_default_pool(void)
{
	struct wpool_attrs attrs = {
		.queue_depth		= queue_depth,
		.idle_timeout_ms	= idle_timeout_ms,
		.spin_us		= spin_us,
		.watchdog_ms		= watchdog_ms,
	};

	int policy = full_by_name(full);

	if (policy < 0) {
		pr_err("default: full=%s: no such policy\n", full);
		return -EINVAL;
	}
	correct_capacity();
	attrs.capacity = capacity;
	attrs.full = policy;
	return pool_make_default(&attrs);
}

static int __init wpool_mod_init(void)
{
	int ret;

	current_init(worker_main);
	ret = task_init();
	if (ret)
		return ret;
	ret = manager_init();
	if (ret)
		goto exit_run;
	ret = settings_init();
	if (ret)
		goto exit_manager;
	debugfs_init();
	summary_init();
	ret = make_default_pool();
	if (ret)
		goto exit_debugfs;
	ret = taskq_init() ?: hotplug_init();
	if (ret)
		goto destroy_default;
	owner_init();
	return 0;

destroy_default:
	taskq_exit();
	pool_destroy_default();
exit_debugfs:
	debugfs_exit();
	settings_exit();
exit_manager:
	manager_exit();
exit_run:
	task_exit();
	dep_exit();
	return ret;
}

static void __exit wpool_mod_exit(void)
{
	owner_exit();
	hotplug_exit();
	taskq_exit();
	pool_destroy_default();
	debugfs_exit();
	settings_exit();
	manager_exit();
	task_exit();
	dep_exit();
}

/* Built into the kernel, it is there before those that use it from their module_init(). */
subsys_initcall(wpool_mod_init);
module_exit(wpool_mod_exit);

MODULE_DESCRIPTION("Bounded worker pools for kernel modules");
MODULE_VERSION(WPOOL_RELEASE);
MODULE_LICENSE("GPL");
