// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: threads that cannot be made, CPUs that come and go.
 */
#include <linux/cpu.h>
#include <linux/fault-inject.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include "torture.h"

static bool spawn = true;
module_param(spawn, bool, 0444);
MODULE_PARM_DESC(spawn, "Whether making a thread fails at times, where it can (default 1)");

static bool onoff = true;
module_param(onoff, bool, 0444);
MODULE_PARM_DESC(onoff, "Whether CPUs come and go, where they can (default 1)");

#ifdef CONFIG_FAULT_INJECTION
extern struct fault_attr wpool_fail_spawn;

void tort_fail_spawn(bool on)
{
	int left;

	if (!spawn)
		return;
	/* Once, while nobody makes any. */
	if (!wpool_fail_spawn.probability) {
		atomic_set(&wpool_fail_spawn.times, 0);
		wpool_fail_spawn.verbose = 0;
		wpool_fail_spawn.probability = 30;
	}
	/* Counted down by each that failed. */
	left = atomic_xchg(&wpool_fail_spawn.times, on ? INT_MAX : 0);
	if (left)
		atomic64_add(INT_MAX - left, &tort_counts[TORT_FAIL_SPAWN]);
}

bool tort_has_fail_spawn(void)
{
	return spawn;
}
#else
void tort_fail_spawn(bool on)
{
}

bool tort_has_fail_spawn(void)
{
	return false;
}
#endif

bool tort_has_hotplug(void)
{
	return IS_ENABLED(CONFIG_HOTPLUG_CPU) && onoff && num_present_cpus() > 1;
}

/* A CPU goes, any but the first, and comes back. */
void tort_hotplug(struct tort_ctx *ctx)
{
#ifdef CONFIG_HOTPLUG_CPU
	unsigned int cpu;

	if (!tort_has_hotplug())
		return;
	cpu = 1 + tort_pick(ctx, num_present_cpus() - 1);
	if (!cpu_present(cpu) || remove_cpu(cpu))
		return;
	schedule_timeout_idle(HZ / 2);
	if (tort_check(!add_cpu(cpu), "CPU %u does not come back", cpu))
		tort_count(TORT_HOTPLUG);
#endif
}
