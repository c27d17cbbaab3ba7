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

#if defined(CONFIG_FAULT_INJECTION) && IS_ENABLED(CONFIG_KUNIT)
extern struct fault_attr wpool_fail_spawn;

/* Are this thread's allocations to fail at times? Return: were they? */
bool tort_fail_thread(bool on)
{
	bool was = current->make_it_fail;

	current->make_it_fail = on;
	return was;
}

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
bool tort_fail_thread(bool on)
{
	return false;
}

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

/* While the system is frozen CPUs neither go nor come. */
DEFINE_MUTEX(tort_machine);

/* Kinds of pools: a bit for each flag of the attributes, and some more. */
#define KIND_PLAIN	BIT(5)
#define KIND_MASKED	BIT(7)
#define KIND_PERCENT	BIT(8)
#define KIND_SPINS	BIT(9)
#define KIND_HOOKED	BIT(10)
#define KIND_DEFAULT	BIT(11)
#define KIND_SET	BIT(12)
#define NR_POOL_KINDS	13

static const char * const pool_kinds[NR_POOL_KINDS] = {
	"prealloc", "ordered", "freezable", "mem_reclaim", "keep_idle", "plain",
	"latency", "cpumask", "percent", "spins", "hooked", "default", "set",
};

static atomic_t pools_under_hotplug[NR_POOL_KINDS];

/* Adds, to the pairs, the kinds of pools under which a CPU is to go and come. */
void tort_print_hotplug(unsigned int *possible, unsigned int *found)
{
	unsigned int i, n;

	for (i = 0; i < NR_POOL_KINDS && tort_has_hotplug(); i++) {
		n = atomic_read(&pools_under_hotplug[i]);
		++*possible;
		*found += !!n;
		pr_info("pairs kinds: pool:%s\n", pool_kinds[i]);
		if (!n)
			pr_info("pairs missed: hotplug while pool:%s\n", pool_kinds[i]);
	}
}

#ifdef CONFIG_HOTPLUG_CPU
static unsigned long kinds_of(const struct tort_pool *tp)
{
	unsigned long kinds = tp->attrs.flags;

	kinds |= tp->attrs.capacity_percent ? KIND_PERCENT : 0;
	kinds |= tp->attrs.cpumask ? KIND_MASKED : 0;
	kinds |= tp->attrs.spin_us ? KIND_SPINS : 0;
	kinds |= tp->attrs.ops ? KIND_HOOKED : 0;
	kinds |= tp->is_default ? KIND_DEFAULT : 0;
	kinds |= tp->n > 1 ? KIND_SET : 0;
	return kinds ?: KIND_PLAIN;
}

/* The pools that are there when a CPU goes, with a reference each. */
static struct {
	struct tort_pool	*tps[TORT_POOLS + 2];
	struct tort_mark	marks[TORT_POOLS + 2];
	unsigned int		n;
} hit;

static void hit_pool(struct tort_pool *tp)
{
	unsigned long kinds = kinds_of(tp);
	unsigned int i;

	for_each_set_bit(i, &kinds, NR_POOL_KINDS)
		atomic_inc(&pools_under_hotplug[i]);
	tort_begin(NULL, &hit.marks[hit.n], tp, ACT_HOTPLUG);
	hit.tps[hit.n++] = tort_pool_get(tp);
}

static void release_pools(void)
{
	while (hit.n--) {
		tort_end(NULL, &hit.marks[hit.n]);
		tort_pool_put(hit.tps[hit.n]);
	}
}

/* Goes, and comes back. The thread that does it gets its memory. */
static void cycle(unsigned int cpu)
{
	bool fails = tort_fail_thread(false);

	if (cpu_present(cpu) && !remove_cpu(cpu)) {
		schedule_timeout_idle(HZ / 4);
		if (tort_check(!add_cpu(cpu), "CPU %u does not come back", cpu))
			tort_count(TORT_HOTPLUG);
	}
	tort_fail_thread(fails);
}

/* A CPU goes, any but the first, and comes back. */
void tort_hotplug(struct tort_ctx *ctx)
{
	if (!tort_has_hotplug() || !mutex_trylock(&tort_machine))
		return;
	hit.n = 0;
	tort_pool_for_each(hit_pool);
	if (ctx->tp && ctx->tp->arena)
		hit_pool(ctx->tp);
	cycle(1 + tort_pick(ctx, num_present_cpus() - 1));
	release_pools();
	mutex_unlock(&tort_machine);
}
#else
void tort_hotplug(struct tort_ctx *ctx)
{
}
#endif
