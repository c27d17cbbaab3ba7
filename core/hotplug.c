// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that go and come. Pools whose capacity is a share of the online CPUs follow them;
 * workers that must stay on certain CPUs go back to them.
 *
 * There are two states, because a coming CPU counts as online from the start of the one, and a
 * going CPU until the end of the other.
 *
 * No pool misses a change, even if it is closed or not yet visible: whoever opens a pool, or
 * has made it visible, looks at the CPUs afterwards and under the pool's lock, see
 * pool_follow_cpus(); and a CPU has changed before these functions are called.
 */
#include <linux/cpuhotplug.h>

#include "hotplug.h"
#include "pool.h"
#include "registry.h"
#include "resize.h"
#include "worker_list.h"

static int online_state, dead_state;

static void follow(struct wpool *pool, void *unused)
{
	pool_follow_cpus(pool);
}

static int cpu_came(unsigned int cpu)
{
	/* Release: a thread that sees the new count sees the CPU online. */
	smp_store_release(&hotplug_came, hotplug_came + 1);
	visit_pools(follow, NULL);
	return 0;
}

static int cpu_gone(unsigned int cpu)
{
	visit_pools(follow, NULL);
	return 0;
}

int __init hotplug_init(void)
{
	online_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN,
						 "wpool:online", cpu_came,
						 NULL);
	if (online_state < 0)
		return online_state;
	dead_state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					       "wpool:dead", NULL, cpu_gone);
	if (dead_state < 0) {
		cpuhp_remove_state_nocalls(online_state);
		return dead_state;
	}
	return 0;
}

void hotplug_exit(void)
{
	cpuhp_remove_state_nocalls(dead_state);
	cpuhp_remove_state_nocalls(online_state);
}
