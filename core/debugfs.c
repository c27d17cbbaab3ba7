// SPDX-License-Identifier: GPL-2.0
/*
 * Read-only files about a pool in debugfs, and its capacity, which can be written.
 *
 * A file can be open, and be read, while its pool goes away. debugfs takes care of that: it
 * enters a file operation only before debugfs_remove(), which waits for those inside, and
 * wpool_destroy() drops the reference on the pool only after it.
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "attrs_show.h"
#include "caller_runs.h"
#include "debugfs.h"
#include "latency.h"
#include "lock_hold.h"
#include "names.h"
#include "pool.h"
#include "resize.h"
#include "worker_list.h"

static struct dentry *root;

static int stats_show(struct seq_file *m, void *unused)
{
	struct wpool_stats stats;
	int i;

	wpool_stats(m->private, &stats);
	for (i = 0; i < WPOOL_NR_STATS; i++)
		seq_printf(m, "%s %llu\n", stat_name(i), stats.count[i]);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(stats);

static int state_show(struct seq_file *m, void *unused)
{
	const struct wpool *pool = m->private;

	seq_printf(m, "%s\n", state_name(READ_ONCE(pool->state)));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

static int attrs_show(struct seq_file *m, void *unused)
{
	return attrs_print(m, m->private);
}
DEFINE_SHOW_ATTRIBUTE(attrs);

/* One file for each value of the statistics. */
static int stat_show(struct seq_file *m, enum wpool_stat stat)
{
	struct wpool_stats stats;

	wpool_stats(m->private, &stats);
	seq_printf(m, "%llu\n", stats.count[stat]);
	return 0;
}

#define DEFINE_STAT_FILE(name, stat)					\
static int name##_show(struct seq_file *m, void *unused)		\
{									\
	return stat_show(m, stat);					\
}									\
DEFINE_SHOW_ATTRIBUTE(name)

DEFINE_STAT_FILE(running, WPOOL_STAT_RUNNING);
DEFINE_STAT_FILE(queued, WPOOL_STAT_QUEUED);
DEFINE_STAT_FILE(workers, WPOOL_STAT_WORKERS);
DEFINE_STAT_FILE(idle, WPOOL_STAT_IDLE);

/*
 * One line for each worker. Reads without a lock, so a line may mix two moments of its worker;
 * %ps copes with a function whose module is gone.
 */
static void task_line(struct seq_file *m, const struct wpool_worker *worker)
{
	unsigned int depth = READ_ONCE(worker->nesting);
	const struct wpool_run *run = &worker->runs[depth ? depth - 1 : 0];
	unsigned long since = depth ? READ_ONCE(run->started) :
				      worker_since(worker);

	seq_printf(m, "%d %s %llu ", worker->pid_nr,
		   READ_ONCE(worker->dead) ? "died" :
		   depth ? "running" :
		   worker_is_leaving(worker) ? "leaving" :
		   worker_is_starting(worker) ? "starting" :
		   worker_is_idle(worker) ? "idle" : "searching",
		   jiffies64_to_msecs(jiffies - since));
	if (depth)
		seq_printf(m, "%ps\n", READ_ONCE(run->fn));
	else
		seq_puts(m, "-\n");
}

/* The same for a task that its submitter runs. */
static void caller_line(struct seq_file *m, const struct wpool_caller *caller)
{
	unsigned long since = READ_ONCE(caller->run.started);	/* before jiffies: not later */

	seq_printf(m, "%d submitter %llu %ps\n", caller->pid_nr,
		   jiffies64_to_msecs(jiffies - since), READ_ONCE(caller->run.fn));
}

static int tasks_show(struct seq_file *m, void *unused)
{
	const struct wpool *pool = m->private;
	const struct wpool_worker *worker;
	const struct wpool_caller *caller;

	seq_puts(m, "pid state for_ms function\n");
	rcu_read_lock();
	for_each_worker_rcu(worker, pool)
		task_line(m, worker);
	for_each_caller_rcu(caller, pool)
		caller_line(m, caller);
	rcu_read_unlock();
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(tasks);

/* One line for each bucket: the lowest time of the bucket in microseconds, and how many tasks. */
static int latency_show(struct seq_file *m, void *unused)
{
	const struct wpool *pool = m->private;
	const struct wpool_latency *latency = pool_latency(pool);
	int i;

	if (!latency) {
		seq_puts(m, "off\n");
		return 0;
	}
	seq_puts(m, "from_us waiting running\n");
	for (i = 0; i < WPOOL_LATENCY_BUCKETS; i++)
		seq_printf(m, "%llu %llu %llu\n", i ? div_u64(1024ULL << (i - 1), 1000) : 0,
			   (u64)atomic64_read(&latency->waiting[i]),
			   (u64)atomic64_read(&latency->running[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

static int capacity_show(struct seq_file *m, void *unused)
{
	return stat_show(m, WPOOL_STAT_CAPACITY);
}

static int capacity_open(struct inode *inode, struct file *file)
{
	return single_open(file, capacity_show, inode->i_private);
}

static ssize_t capacity_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *pos)
{
	struct wpool *pool = file_inode(file)->i_private;
	unsigned int capacity;
	int ret;

	/* A string that is too long for a number is none, however it begins. */
	if (len > 16)
		return -EINVAL;
	ret = kstrtouint_from_user(buf, len, 10, &capacity);
	if (ret)
		return ret == -EFAULT ? ret : -EINVAL;
	/* Its settings are its creator's, here as in sysfs. */
	ret = pool->conf.flags & WPOOL_NO_SYSFS ? -EPERM : pool_resize(pool, capacity);
	return ret ?: len;
}

static const struct file_operations capacity_fops = {
	.owner		= THIS_MODULE,
	.open		= capacity_open,
	.read		= seq_read,
	.write		= capacity_write,
	.llseek		= seq_lseek,
	.release	= single_release,
};

#ifdef CONFIG_LOCKDEP
unsigned int wpool_longest_hold(const struct wpool *pool)
{
	return hold_longest(pool);
}
EXPORT_SYMBOL_GPL(wpool_longest_hold);	/* for the tests and the bench */

static int longest_hold_show(struct seq_file *m, void *unused)
{
	seq_printf(m, "%u\n", wpool_longest_hold(m->private));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(longest_hold);
#endif

/*
 * Function names and running tasks are for root alone, as is the directory. A kernel that is
 * locked down opens no file that may be written, even to read it; so attrs has the capacity too.
 */
static const struct {
	const char			*name;
	umode_t				mode;
	const struct file_operations	*fops;
} files[] = {
	{ "running",	0400,	&running_fops },
	{ "queued",	0400,	&queued_fops },
	{ "workers",	0400,	&workers_fops },
	{ "idle",	0400,	&idle_fops },
	{ "capacity",	0600,	&capacity_fops },
	{ "state",	0400,	&state_fops },
	{ "stats",	0400,	&stats_fops },
	{ "tasks",	0400,	&tasks_fops },
	{ "latency",	0400,	&latency_fops },
	{ "attrs",	0444,	&attrs_fops },
#ifdef CONFIG_LOCKDEP
	{ "longest_hold", 0400,	&longest_hold_fops },
#endif
};

void debugfs_add_pool(struct wpool *pool)
{
	int i;

	pool->dir = debugfs_create_dir(pool->name, root);
	for (i = 0; i < ARRAY_SIZE(files); i++)
		debugfs_create_file(files[i].name, files[i].mode, pool->dir, pool,
				    files[i].fops);
}

void debugfs_remove_pool(struct wpool *pool)
{
	debugfs_remove(pool->dir);
}

/* A file about all pools. Everybody who can reach it may read it. */
void __init debugfs_add_file(const char *name, const struct file_operations *fops)
{
	debugfs_create_file(name, 0444, root, NULL, fops);
}

void __init debugfs_init(void)
{
	root = debugfs_create_dir("wpool", NULL);
}

void debugfs_exit(void)
{
	debugfs_remove(root);
}
