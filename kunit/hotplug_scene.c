// SPDX-License-Identifier: GPL-2.0
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include "hotplug_scene.h"

struct hotplug_scene hotplug;

int hotplug_init(struct kunit *test, const char *suite)
{
	int err = wpt_init(test, suite);

	if (err)
		return err;
	hotplug.cpu = cpumask_last(cpu_online_mask);
	hotplug.online = num_online_cpus();
	hotplug.gone = false;
	return 0;
}

int hotplug_change(bool gone)
{
	int err = -EOPNOTSUPP;

	if (hotplug.gone == gone)
		return 0;
#ifdef CONFIG_HOTPLUG_CPU
	err = gone ? remove_cpu(hotplug.cpu) : add_cpu(hotplug.cpu);
#endif
	if (!err)
		hotplug.gone = gone;
	return err;
}

void hotplug_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, hotplug_change(false), 0);
	wpt_exit(test);
}

void hotplug_needed(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || hotplug.online < 2)
		kunit_skip(test, "needs CONFIG_HOTPLUG_CPU and two CPUs");
}

int hotplug_where(void *arg)
{
	return raw_smp_processor_id();
}

int hotplug_mask(void *arg)
{
	cpumask_copy(arg, current->cpus_ptr);
	return 0;
}
