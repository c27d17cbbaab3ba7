// SPDX-License-Identifier: GPL-2.0
/*
 * Looking: hooks of workers and tasks, counters, histograms, settings, the watchdog.
 */
#include <linux/namei.h>
#include <linux/path.h>
#include "tour.h"

/* What the hooks have seen; each pool has one, its wpool_priv(). */
struct told {
	atomic_t	worker_start;
	atomic_t	worker_stop;
	atomic_t	worker_died;
	atomic_t	task_begin;
	atomic_t	task_end;
	atomic_t	task_oops;
	atomic_t	terminated;
};

static void worker_start(struct wpool *pool)
{
	struct told *told = wpool_priv(pool);

	atomic_inc(&told->worker_start);
}

static void worker_stop(struct wpool *pool)
{
	struct told *told = wpool_priv(pool);

	atomic_inc(&told->worker_stop);
}

static void worker_died(struct wpool *pool, struct task_struct *thread)
{
	struct told *told = wpool_priv(pool);

	atomic_inc(&told->worker_died);
}

static void task_begin(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct told *told = wpool_priv(pool);

	atomic_inc(&told->task_begin);
}

static void task_end(struct wpool *pool, wpool_fn_t fn, void *arg, int result)
{
	struct told *told = wpool_priv(pool);

	atomic_inc(&told->task_end);
}

static void task_oops(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct told *told = wpool_priv(pool);

	atomic_inc(&told->task_oops);
}

static void terminated(struct wpool *pool)
{
	struct told *told = wpool_priv(pool);

	atomic_inc(&told->terminated);
}

static const struct wpool_ops ops = {
	.worker_start	= worker_start,
	.worker_stop	= worker_stop,
	.worker_died	= worker_died,
	.task_begin	= task_begin,
	.task_end	= task_end,
	.task_oops	= task_oops,
	.terminated	= terminated,
};

static int nothing(void *arg)
{
	return 0;
}

/* Each beginning has its end, also when a task kills its worker. */
static int show_hooks(void)
{
	struct told told = { };
	struct wpool_attrs attrs = { .capacity = 2, .ops = &ops, .priv = &told };
	struct wpool *pool;
	int i, err = 0;

	pool = wpool_create("tour-hooks", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	for (i = 0; i < 9 && !err; i++)
		err = wpool_schedule_fn(pool,
					i == 4 ? tour_end_worker : nothing,
					NULL, NULL);
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(atomic_read(&told.task_begin) == 9 && atomic_read(&told.task_end) == 8 &&
			 atomic_read(&told.task_oops) == 1 &&
			 atomic_read(&told.worker_start) == atomic_read(&told.worker_stop) &&
			 atomic_read(&told.worker_died) == 1 &&
			 atomic_read(&told.terminated) == 1,
			 "hooks: %d tasks begun, %d ended, %d died; %d workers started, %d stopped, %d of them dead",
			 atomic_read(&told.task_begin), atomic_read(&told.task_end),
			 atomic_read(&told.task_oops), atomic_read(&told.worker_start),
			 atomic_read(&told.worker_stop), atomic_read(&told.worker_died));
}

/* At rest every task that was accepted is accounted for. */
static int show_stats(void)
{
	struct wpool_stats stats;
	u64 *count = stats.count;

	wpool_drain(tour_pool);
	wpool_stats(tour_pool, &stats);
	return tour_show(stats.state == WPOOL_STATE_RUNNING &&
			 count[WPOOL_STAT_LARGEST] <= 2 &&
			 count[WPOOL_STAT_SUBMITTED] ==
			 count[WPOOL_STAT_COMPLETED] + count[WPOOL_STAT_CANCELLED] +
			 count[WPOOL_STAT_DROPPED] + count[WPOOL_STAT_OOPSED],
			 "stats: %llu accepted = %llu completed + %llu cancelled + %llu dropped + %llu died",
			 count[WPOOL_STAT_SUBMITTED], count[WPOOL_STAT_COMPLETED],
			 count[WPOOL_STAT_CANCELLED], count[WPOOL_STAT_DROPPED],
			 count[WPOOL_STAT_OOPSED]);
}

/* The pool was made with WPOOL_LATENCY: how long tasks waited, and how long they ran. */
static int show_latency(void)
{
	u64 completed = tour_stat(tour_pool, WPOOL_STAT_COMPLETED);

	return tour_show(completed > 0,
			 "latency: of %llu tasks, in /sys/kernel/debug/wpool/%s/latency",
			 completed, wpool_name(tour_pool));
}

static bool is_in_sysfs(struct wpool *pool)
{
	char name[64];
	struct path path;

	snprintf(name, sizeof(name), "/sys/kernel/wpool/%s", wpool_name(pool));
	if (kern_path(name, 0, &path))
		return false;
	path_put(&path);
	return true;
}

/* An administrator may change a pool, unless its maker says that nobody else may. */
static int show_settings(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .flags = WPOOL_NO_SYSFS };
	struct wpool *pool = wpool_create("tour-own", &attrs);
	bool own, common;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	own = is_in_sysfs(pool);
	common = is_in_sysfs(tour_pool);
	wpool_destroy(pool);
	return tour_show(common && !own,
			 "settings: in /sys/kernel/wpool/%s, but of no pool with WPOOL_NO_SYSFS",
			 wpool_name(tour_pool));
}

/* Ends when the pool's watchdog has counted it. */
static int until_overdue(void *arg)
{
	struct wpool *pool = arg;

	while (!tour_stat(pool, WPOOL_STAT_OVERDUE))
		schedule_timeout_idle(1);
	return 0;
}

/* A task that takes too long is reported in the log, with its stack. */
static int show_watchdog(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .watchdog_ms = 20 };
	struct wpool *pool = wpool_create("tour-watchdog", &attrs);
	int err;
	u64 overdue;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	err = wpool_run(pool, until_overdue, pool);
	overdue = tour_stat(pool, WPOOL_STAT_OVERDUE);
	wpool_destroy(pool);
	return tour_show(!err && overdue == 1,
			 "watchdog: %llu task ran for more than 20 ms, and is reported above",
			 overdue);
}

const struct tour_stop tour_looks[] = {
	{ "hooks",	show_hooks },
	{ "stats",	show_stats },
	{ "latency",	show_latency },
	{ "settings",	show_settings },
	{ "watchdog",	show_watchdog },
	{ }
};
