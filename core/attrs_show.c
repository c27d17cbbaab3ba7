// SPDX-License-Identifier: GPL-2.0
/*
 * The attributes of a pool as text, for debugfs. Read without a lock: two that are changed at
 * the same time may show two moments.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "attrs_show.h"
#include "capacity_slots.h"
#include "claim.h"
#include "names.h"
#include "pool.h"
#include "worker_list.h"

/* How many tasks may wait, as &wpool_attrs.queue_depth says it. */
int queue_depth_asked(const struct wpool *pool)
{
	switch (pool->conf.queue_depth) {
	case UINT_MAX:
		return WPOOL_QUEUE_UNBOUNDED;
	case 0:
		return WPOOL_QUEUE_HANDOFF;
	default:
		return pool->conf.queue_depth;
	}
}

/* Names with commas between them, or a dash: one word. */
static void print_flags(struct seq_file *m, const struct wpool *pool)
{
	const unsigned long flags = pool->conf.flags;
	const char *before = "flags ";
	unsigned int bit;

	for_each_set_bit(bit, &flags, BITS_PER_LONG) {
		seq_printf(m, "%s%s", before, flag_name(bit));
		before = ",";
	}
	seq_puts(m, *before == ',' ? "\n" : "flags -\n");
}

/* How the kernel schedules the workers, and where. */
static void print_claim(struct seq_file *m, const struct wpool *pool,
			const struct cpumask *cpumask)
{
	seq_printf(m, "nice %d\n", claim_nice(pool));
	seq_printf(m, "policy %s\n", pool->conf.policy == SCHED_FIFO ? "fifo" :
		   pool->conf.policy == SCHED_RR ? "rr" : "normal");
	seq_printf(m, "rt_priority %u\n", pool->conf.rt_priority);
	if (cpumask)
		seq_printf(m, "cpumask %*pbl\n", cpumask_pr_args(cpumask));
	else
		seq_puts(m, "cpumask -\n");
	seq_printf(m, "node %d\n", pool->conf.node);
}

/**
 * attrs_print() - print a line for each attribute: its name, and its value in one word
 * @m: where to
 * @pool: the pool
 *
 * Context: Process context; may sleep.
 * Return: 0 or -ENOMEM.
 */
int attrs_print(struct seq_file *m, struct wpool *pool)
{
	cpumask_var_t cpumask;

	if (!zalloc_cpumask_var(&cpumask, GFP_KERNEL))
		return -ENOMEM;
	seq_printf(m, "owner %s\n", pool->owner_name);
	seq_printf(m, "capacity %u\n", pool_capacity(pool));
	seq_printf(m, "capacity_asked %u\n", pool->conf.capacity);
	seq_printf(m, "capacity_percent %u\n", pool->conf.percent);
	seq_printf(m, "min_workers %u\n", pool_keep(pool));
	seq_printf(m, "min_workers_asked %u\n", pool->conf.min_workers);
	seq_printf(m, "queue_depth %d\n", queue_depth_asked(pool));
	seq_printf(m, "full %s\n", full_name(pool->conf.full));
	seq_printf(m, "max_blocked %u\n", pool->conf.max_blocked);
	print_flags(m, pool);
	print_claim(m, pool, claim_cpus(pool, cpumask) ? cpumask : NULL);
	seq_printf(m, "idle_timeout_ms %u\n", READ_ONCE(pool->conf.idle_timeout_ms));
	seq_printf(m, "watchdog_ms %u\n", READ_ONCE(pool->conf.watchdog_ms));
	seq_printf(m, "spin_us %u\n", READ_ONCE(pool->conf.spin_us));
	free_cpumask_var(cpumask);
	return 0;
}
