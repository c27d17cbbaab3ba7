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
	wpool_fail_spawn.verbose = 0;
	wpool_fail_spawn.interval = 1;
	atomic_set(&wpool_fail_spawn.times, -1);
	wpool_fail_spawn.probability = on ? 30 : 0;
	if (on)
		tort_count(TORT_FAIL_SPAWN);
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

/* The last CPU to go is the first to come back. */
void tort_toggle_cpu(void)
{
#ifdef CONFIG_HOTPLUG_CPU
	static int gone = -1;
	unsigned int cpu = num_possible_cpus() - 1;

	if (!onoff || !cpu)
		return;
	if (gone >= 0 && !add_cpu(gone))
		gone = -1;
	else if (!tort_stopping() && !remove_cpu(cpu))
		gone = cpu;
	tort_count(TORT_HOTPLUG);
#endif
}

bool tort_has_hotplug(void)
{
	return IS_ENABLED(CONFIG_HOTPLUG_CPU) && onoff && num_possible_cpus() > 1;
}
