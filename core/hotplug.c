// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that go and come: pools whose capacity is a share of the CPUs online follow them.
 *
 * Two states, because a CPU counts as online from the start of the one, when it
 * comes, and no more from the end of the other, when it goes.
 *
 * No pool misses a change, closed or not yet visible as it may be: who opens a pool, or
 * has made it visible, looks at the CPUs after that and under the pool's lock, see
 * pool_follow_cpus(); and a CPU has changed before we are called.
 */
#include <linux/cpuhotplug.h>

#include "internal.h"

static int online_state, dead_state;

static void follow(struct wpool *pool, void *unused)
{
	pool_follow_cpus(pool);
}

static int cpus_changed(unsigned int cpu)
{
	visit_pools(follow, NULL);
	return 0;
}

int __init hotplug_init(void)
{
	online_state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN,
						 "wpool:online", cpus_changed,
						 NULL);
	if (online_state < 0)
		return online_state;
	dead_state = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN,
					       "wpool:dead", NULL, cpus_changed);
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
