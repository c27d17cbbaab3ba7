// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: wpool and every other way the kernel has to run functions later.
 *
 *	insmod wpool_bench.ko
 *	cat /sys/kernel/debug/wpool_bench/progress	# until it says: done
 *	cat /sys/kernel/debug/wpool_bench/table
 *
 * All do the same work in the same run, in turn, for a number of rounds. A figure
 * may be compared only with others of its work: this is why the tables have ratios. It
 * takes some minutes, in which the machine had better have nothing else to do.
 *
 *	bench_peers.c	who is compared
 *	bench_rate.c	how many tasks a second
 *	bench_mixed.c	the same with keys, groups and cancels on the same pool
 *	bench_trip.c	there and back, and in chains
 *	bench_flat.c	what grows with queues, workers and pools
 *	bench_growth.c	what the next one costs of what there is much of
 *	bench_wait.c	how long tasks wait, at different loads
 *	bench_rest.c	idle pools; memory
 *	bench_real.c	work that takes time, and what of that a pool costs
 *	bench_counts.c	how often things happen, instead of how long it takes
 *	bench_report.c	figures, tables, targets
 */
#include <linux/debugfs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/vmalloc.h>

#include "bench.h"

unsigned int bench_rounds = 7;
module_param_named(rounds, bench_rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "How often each figure is taken, after once to warm up (default 7)");

static char *works = "";
module_param(works, charp, 0444);
MODULE_PARM_DESC(works, "The works to be done, by their first letters, with commas (default: all but curve, growth, load and real)");

struct bench_now bench_now;
struct bench_item *bench_items;
bool bench_warming;	/* figures do not count */

static struct task_struct *bench_thread;
static struct dentry *bench_dir;
static const char *progress = "starting";
static const char *progress_work = "";
static unsigned int progress_round;

void bench_empty_fn(struct bench_item *item)
{
	bench_ended();
}

void bench_init_items(struct bench_lane *lane, unsigned int n)
{
	struct bench_item *item = bench_items, *end = item + n;

	for (; item < end; item++)
		lane->peer->init(item);
}

/**
 * bench_begin() - start a sample
 * @lane: who does it
 * @n: how many items it has
 * @fn: what they call; it or what it starts calls bench_ended() once for each
 */
void bench_begin(struct bench_lane *lane, unsigned int n,
		 void (*fn)(struct bench_item *item))
{
	bench_now.fn = fn;
	atomic_set(&bench_now.left, n);
	init_completion(&bench_now.done);
	if (lane->peer->start)
		lane->peer->start(lane);
	bench_counts_begin();
	bench_now.began = ktime_get_ns();
}

/**
 * bench_end() - the sample is over
 * @lane: who did it
 */
void bench_end(struct bench_lane *lane)
{
	if (lane->peer->stop)
		lane->peer->stop(lane);
}

/**
 * bench_await() - wait for the end of a sample
 * @lane: who does it
 *
 * Return: how long it took, in nanoseconds.
 */
u64 bench_await(struct bench_lane *lane)
{
	wait_for_completion(&bench_now.done);
	bench_end(lane);
	return bench_now.end - bench_now.began;
}

/**
 * bench_submit_all() - a sample of all items, scheduled one after the other
 * @work: says how many
 * @lane: who does it
 * @fn: what they call
 *
 * Return: how long it took, in nanoseconds.
 */
u64 bench_submit_all(const struct bench_work *work, struct bench_lane *lane,
		     void (*fn)(struct bench_item *item))
{
	struct bench_item *item = bench_items, *end = item + work->tasks;

	bench_init_items(lane, work->tasks);
	bench_begin(lane, work->tasks, fn);
	for (; item < end; item++)
		lane->peer->submit(lane, item);
	return bench_await(lane);
}

/**
 * bench_refused() - an item that was scheduled does not run
 * @error: why
 *
 * The sample ends without it, and the bench with an error.
 */
void bench_refused(int error)
{
	WRITE_ONCE(bench_now.error, error);
	bench_ended();
}

/* Return: an error if the bench is to end. */
int bench_stopped(void)
{
	if (kthread_should_stop())
		return -EINTR;
	return bench_now.error;
}

static void close_first(struct bench_lane *lanes, unsigned int n)
{
	while (n--)
		lanes[n].peer->close(&lanes[n]);
}

/**
 * bench_open() - get ready those who do a work
 * @lanes: the last has no label
 *
 * Return: 0 or an error; then none is left open.
 */
int bench_open(struct bench_lane *lanes)
{
	unsigned int i;
	int err;

	for (i = 0; lanes[i].label; i++) {
		if (!lanes[i].workers)
			lanes[i].workers = num_online_cpus();
		err = lanes[i].peer->open(&lanes[i]);
		if (err) {
			pr_err("%s: %pe\n", lanes[i].label, ERR_PTR(err));
			close_first(lanes, i);
			return err;
		}
	}
	return 0;
}

void bench_close(struct bench_lane *lanes)
{
	unsigned int n = 0;

	while (lanes[n].label)
		n++;
	close_first(lanes, n);
}

/*
 * Each lane in turn, beginning with another one each time, so that nobody always
 * comes after the same.
 */
static int do_round(const struct bench_work *work, unsigned int round)
{
	unsigned int i, n = 0;
	struct bench_lane *lane;

	while (work->lanes[n].label)
		n++;
	for (i = 0; i < n && !bench_stopped(); i++) {
		lane = &work->lanes[(i + round) % n];
		work->sample(work, lane);
		bench_counts_end(work, lane);
	}
	return bench_stopped();
}

static int do_rounds(const struct bench_work *work)
{
	unsigned int round;
	int err;

	/* One more than asked for: the first warms up and does not count. */
	for (round = 0; round <= bench_rounds; round++) {
		progress_round = round;
		bench_warming = !round;
		err = do_round(work, round);
		if (err)
			return err;
	}
	return 0;
}

static int do_work(const struct bench_work *work)
{
	int err;

	progress_round = 0;
	progress_work = work->name;
	pr_info("%s\n", work->name);
	/* Cleared, so that no memory is touched for the first time under the clock. */
	bench_items = vzalloc(array_size(max(work->tasks, 1U), sizeof(*bench_items)));
	if (!bench_items)
		return -ENOMEM;
	err = bench_open(work->lanes);
	if (!err) {
		err = do_rounds(work);
		bench_close(work->lanes);
	}
	vfree(bench_items);
	return err;
}

/* In a parameter, a space of the name is an underscore. */
static bool word_begins(const char *word, size_t length, const char *name)
{
	for (; length; length--, word++, name++) {
		if (*word != *name && !(*word == '_' && *name == ' '))
			return false;
	}
	return true;
}

static bool work_wanted(const struct bench_work *work)
{
	const char *word = works;
	size_t length;

	if (!*works)
		return !work->asked;
	for (;;) {
		length = strcspn(word, ",");
		if (length && word_begins(word, length, work->name))
			return true;
		if (!word[length])
			return false;
		word += length + 1;
	}
}

static int do_works(const struct bench_work *work)
{
	int err = 0;

	for (; work->name && !err; work++) {
		if (!work_wanted(work))
			continue;
		err = do_work(work);
		if (err)
			pr_err("%s: %pe\n", work->name, ERR_PTR(err));
		else
			bench_report_work(work->name);
	}
	return err;
}

static int bench_main(void *unused)
{
	static const struct bench_work * const parts[] = {
		bench_rate_works, bench_mixed_works, bench_bounded_works, bench_calls_works,
		bench_trip_works, bench_flat_works, bench_wait_works, bench_rest_works,
		bench_growth_works,
#ifdef BENCH_REAL
		bench_real_works,
#endif
	};
	unsigned int i;
	int err = 0;

	bench_calibrate();
	progress = "running";
	for (i = 0; i < ARRAY_SIZE(parts) && !err; i++)
		err = do_works(parts[i]);
	progress = err ? "failed" : "done";
	pr_info("%s; the tables are in debugfs, wpool_bench/\n", progress);
	return err;
}

static int bench_progress_show(struct seq_file *seq, void *unused)
{
	seq_printf(seq, "%s %s %u\n", progress, progress_work, progress_round);
	return 0;
}

DEFINE_SHOW_ATTRIBUTE(bench_progress);
DEFINE_SHOW_ATTRIBUTE(bench_samples);
DEFINE_SHOW_ATTRIBUTE(bench_table);
DEFINE_SHOW_ATTRIBUTE(bench_verdicts);

static int __init bench_init(void)
{
	bench_rounds = clamp(bench_rounds, 1U, 99U);
	bench_thread = kthread_create(bench_main, NULL, "bench");
	if (IS_ERR(bench_thread))
		return PTR_ERR(bench_thread);
	bench_counts_init();
	get_task_struct(bench_thread);
	bench_dir = debugfs_create_dir("wpool_bench", NULL);
	debugfs_create_file("progress", 0400, bench_dir, NULL, &bench_progress_fops);
	debugfs_create_file("samples", 0400, bench_dir, NULL, &bench_samples_fops);
	debugfs_create_file("table", 0400, bench_dir, NULL, &bench_table_fops);
	debugfs_create_file("verdicts", 0400, bench_dir, NULL, &bench_verdicts_fops);
	wake_up_process(bench_thread);
	return 0;
}

/* Ends a bench that is under way, after the sample that is being taken. */
static void __exit bench_exit(void)
{
	kthread_stop(bench_thread);
	bench_counts_exit();
	put_task_struct(bench_thread);
	debugfs_remove_recursive(bench_dir);
	bench_forget();
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("wpool sample: how fast, compared with everything else");
MODULE_LICENSE("GPL");
