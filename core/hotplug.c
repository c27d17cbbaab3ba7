// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that go and come. Pools whose capacity is a share of the CPUs online follow
 * them; workers that are kept on certain CPUs go back to them.
 *
 * Two states, because a CPU counts as online from the start of the one, when it
 * comes, and no more from the end of the other, when it goes.
 *
 * No pool misses a change, closed or not yet visible as it may be: who opens a pool, or
 * has made it visible, looks at the CPUs after that and under the pool's lock, see
 * pool_follow_cpus(); and a CPU has changed before we are called.
 */
#include <linux/cpuhotplug.h>

#include "hotplug.h"
#include "pool.h"
#include "registry.h"
#include "resize.h"

/* Counts the CPUs that came; see worker_keep_cpus(). */
unsigned int hotplug_came;

static int online_state, dead_state;

static void follow(struct wpool *pool, void *unused)
{
	pool_follow_cpus(pool);
}

static int cpu_came(unsigned int cpu)
{
	/* Release: who sees it sees the CPU online. */
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
