// SPDX-License-Identifier: GPL-2.0
/*
 * All pools in one file of debugfs, a line each.
 *
 * A pool may be destroyed, and its owner unloaded, while its line is printed: the visit holds a
 * reference, so only what is in the memory of the pool itself is read.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "attrs_show.h"
#include "debugfs.h"
#include "names.h"
#include "pool.h"
#include "registry.h"
#include "summary.h"

/* The counters of a line, after its name, owner, state and queue depth. */
static const enum wpool_stat columns[] = {
	WPOOL_STAT_CAPACITY, WPOOL_STAT_WORKERS, WPOOL_STAT_IDLE, WPOOL_STAT_RUNNING,
	WPOOL_STAT_QUEUED, WPOOL_STAT_DELAYED, WPOOL_STAT_BLOCKED, WPOOL_STAT_SUBMITTED,
	WPOOL_STAT_COMPLETED, WPOOL_STAT_CANCELLED, WPOOL_STAT_DROPPED, WPOOL_STAT_REJECTED,
	WPOOL_STAT_OOPSED, WPOOL_STAT_DIED, WPOOL_STAT_OVERDUE,
};

static void print_pool(struct wpool *pool, void *arg)
{
	struct wpool_stats stats;
	struct seq_file *m = arg;
	int i;

	wpool_stats(pool, &stats);
	seq_printf(m, "%s %s %s %d", pool->name, pool->owner_name, state_name(stats.state),
		   queue_depth_asked(pool));
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		seq_printf(m, " %llu", stats.count[columns[i]]);
	seq_putc(m, '\n');
}

static int summary_show(struct seq_file *m, void *unused)
{
	int i;

	seq_puts(m, "name owner state queue_depth");
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		seq_printf(m, " %s", stat_name(columns[i]));
	seq_putc(m, '\n');
	visit_pools(print_pool, m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(summary);

/* It goes with the directory. */
void __init summary_init(void)
{
	debugfs_add_file("summary", &summary_fops);
}
