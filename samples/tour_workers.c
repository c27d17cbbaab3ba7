// SPDX-License-Identifier: GPL-2.0
/*
 * Workers: how many there are and when, on which CPUs and at what priority they
 * run, and what they are there for.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/topology.h>
#include "tour.h"

/* Made at once and kept, or made as they are needed. */
static int show_prealloc(void)
{
	struct wpool_attrs attrs = { .capacity = 4, .flags = WPOOL_PREALLOC };
	struct wpool_attrs some = { .capacity = 4, .min_workers = 2 };
	struct wpool *pool;
	u64 all, kept;

	pool = wpool_create("tour-prealloc", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	all = tour_stat(pool, WPOOL_STAT_WORKERS);
	wpool_destroy(pool);

	pool = wpool_create("tour-min", &some);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	kept = tour_stat(pool, WPOOL_STAT_WORKERS);
	wpool_destroy(pool);
	return tour_show(all == 4 && kept == 2,
			 "prealloc: %llu of 4 workers made at once; with min_workers = 2: %llu",
			 all, kept);
}

/* Workers beyond min_workers leave when they have idled long enough, or never. */
static int show_idle(void)
{
	struct wpool_attrs attrs = { .capacity = 4, .idle_timeout_ms = 10 };
	struct wpool *pool, *keeping;
	unsigned long begin = jiffies, lasted = 0;
	int started, err = 0;
	u64 left = 0, kept = 0;

	pool = wpool_create("tour-idle", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	attrs.flags = WPOOL_KEEP_IDLE;
	keeping = wpool_create("tour-keep-idle", &attrs);
	if (IS_ERR(keeping)) {
		err = PTR_ERR(keeping);
		goto destroy;
	}
	started = wpool_prestart(keeping, 3);
	if (started >= 0)
		started = wpool_prestart(pool, 3);
	if (started >= 0 && tour_until(tour_stat(pool, WPOOL_STAT_WORKERS) == 1)) {
		left = tour_stat(pool, WPOOL_STAT_EXPIRED);
		lasted = jiffies - begin;
		kept = tour_stat(keeping, WPOOL_STAT_WORKERS);
	}
	wpool_destroy(keeping);
	if (started < 0)
		err = started;
destroy:
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(started == 3 && left == 3 && kept == 4 &&
			 lasted >= 2 * msecs_to_jiffies(10),
			 "idle: prestarted %d more, %llu left, one in 10 ms; with WPOOL_KEEP_IDLE %llu stayed",
			 started, left, kept);
}

static void open_a_file(struct wpool *pool)
{
	atomic_inc(wpool_priv(pool));
}

/* Workers that have done their part before the first task comes. */
static int show_started(void)
{
	static const struct wpool_ops ops = { .worker_start = open_a_file };
	atomic_t opened = ATOMIC_INIT(0);
	struct wpool_attrs attrs = { .capacity = 3, .ops = &ops, .priv = &opened };
	struct wpool *pool = wpool_create("tour-started", &attrs);
	int started, had;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	started = wpool_prestart(pool, 2);
	had = atomic_read(&opened);
	wpool_destroy(pool);
	if (started < 0)
		return started;
	return tour_show(had == started + 1, "started: %d workers were ready for their first task",
			 had);
}

/* Up takes effect at once, down as running tasks end. */
static int show_resize(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct tour_hold holds[3];
	struct wpool *pool;
	int i, n, err;
	bool grown = false, shrunk;
	u64 before = 0;

	pool = wpool_create("tour-resize", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	err = tour_hold(pool, &holds[0]);
	for (n = !err; n < 3 && !err; n += !err) {
		tour_hold_init(&holds[n]);
		err = wpool_schedule(pool, &holds[n].task);
	}
	if (!err) {
		before = tour_stat(pool, WPOOL_STAT_RUNNING);
		err = wpool_resize(pool, 3);
		grown = tour_until(tour_stat(pool, WPOOL_STAT_RUNNING) == 3);
	}
	if (!err)
		err = wpool_resize(pool, 1);
	for (i = 0; i < n; i++)
		tour_release(&holds[i]);
	shrunk = tour_until(tour_stat(pool, WPOOL_STAT_WORKERS) <= 1);
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(before == 1 && grown && shrunk,
			 "resize: %llu of 3 tasks ran, after resize to 3 all, after resize to 1 one worker was left",
			 before);
}

struct place {
	int		nice;
	unsigned int	cpus;
};

static int place_fn(void *arg)
{
	struct place *place = arg;

	place->nice = task_nice(current);
	place->cpus = cpumask_weight(current->cpus_ptr);
	return raw_smp_processor_id();
}

static int show_nice_cpu(void)
{
	int cpu = cpumask_last(cpu_online_mask);
	struct wpool_attrs attrs = {
		.capacity	= 1,
		.nice		= 5,
		.cpumask	= cpumask_of(cpu),
	};
	struct place place = { };
	struct wpool *pool;
	int ran_on;

	pool = wpool_create("tour-cpu", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	ran_on = wpool_run(pool, place_fn, &place);
	wpool_destroy(pool);
	return tour_show(ran_on == cpu && place.cpus == 1 && place.nice == 5,
			 "cpumask and nice: ran on CPU %d and nowhere else, at nice %d",
			 ran_on, place.nice);
}

static int node_fn(void *arg)
{
	return numa_node_id();
}

static int show_node(void)
{
	int node = numa_node_id(), ran_on;
	struct wpool_attrs attrs = { .capacity = 1, .node = WPOOL_NODE(node) };
	struct wpool *pool;

	pool = wpool_create("tour-node", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	ran_on = wpool_run(pool, node_fn, NULL);
	wpool_destroy(pool);
	return tour_show(ran_on == node, "node: asked for node %d, ran on node %d", node, ran_on);
}

/* The capacity of a pool that is made for a look at that; or an error. */
static int capacity_of(const struct wpool_attrs *attrs)
{
	struct wpool *pool = wpool_create("tour-percent", attrs);
	int capacity;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	capacity = tour_stat(pool, WPOOL_STAT_CAPACITY);
	wpool_destroy(pool);
	return capacity;
}

/* Follows the CPUs that come and go. */
static int show_percent(void)
{
	struct wpool_attrs attrs = { .capacity_percent = 150 };
	unsigned int cpus = num_online_cpus();
	int up = capacity_of(&attrs), down;

	attrs.flags = WPOOL_ROUND_DOWN;
	down = capacity_of(&attrs);
	return tour_show(up == DIV_ROUND_UP(3 * cpus, 2) && down == 3 * cpus / 2,
			 "capacity_percent: 150 %% of %u CPUs is %d, or %d with WPOOL_ROUND_DOWN",
			 cpus, up, down);
}

/* A worker is there before memory is short, and stays; so is a thread for when it dies. */
static int show_mem_reclaim(void)
{
	struct wpool_attrs attrs = {
		.capacity	= 2,
		.idle_timeout_ms = 1,
		.flags		= WPOOL_MEM_RECLAIM,
	};
	struct wpool *pool;
	int result, died, again;
	u64 before, expired;

	pool = wpool_create("tour-reclaim", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	before = tour_stat(pool, WPOOL_STAT_WORKERS);
	result = wpool_run(pool, node_fn, NULL);	/* allocates nothing */
	msleep(20);
	expired = tour_stat(pool, WPOOL_STAT_EXPIRED);
	died = wpool_run(pool, tour_end_worker, NULL);
	again = wpool_run(pool, node_fn, NULL);	/* by the spare thread */
	wpool_destroy(pool);
	return tour_show(before == 1 && result >= 0 && !expired && died == -EOWNERDEAD &&
			 again >= 0,
			 "mem_reclaim: %llu worker was there before the first task, and was kept; when it died its spare ran tasks",
			 before);
}

static int freezable_fn(void *arg)
{
	return !(current->flags & PF_NOFREEZE);
}

/* Begins no task while the system goes to sleep; some kernels never do. */
static int show_freezable(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .flags = WPOOL_FREEZABLE };
	int other = wpool_run(tour_pool, freezable_fn, NULL);
	struct wpool *pool;
	int freezable;

	pool = wpool_create("tour-freezable", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	freezable = wpool_run(pool, freezable_fn, NULL);
	wpool_destroy(pool);
	return tour_show(freezable == IS_ENABLED(CONFIG_FREEZER) && other == 0,
			 "freezable: its workers stop for a suspend (%d), others do not (%d)",
			 freezable, other);
}

/* A worker that spins for a while before it sleeps is quick to find the next task. */
static int show_spin(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .spin_us = 20 };
	int i, result = 0, sum = 0;
	struct wpool *pool;

	pool = wpool_create("tour-spin", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	for (i = 0; i < 100 && result >= 0; i++) {
		result = wpool_run(pool, freezable_fn, NULL);
		sum += !result;
	}
	wpool_destroy(pool);
	return tour_show(sum == 100,
			 "spin_us: %d round trips with a worker that spins for 20 us", sum);
}

/* What cannot be is refused, with a line in the log that says what. */
static int show_refused(void)
{
	struct wpool_attrs attrs = { .capacity = 2, .flags = WPOOL_ORDERED };
	struct wpool *pool = wpool_create("tour-impossible", &attrs);

	if (!IS_ERR(pool))
		wpool_destroy(pool);
	return tour_show(pool == ERR_PTR(-EINVAL), "refused: ordered, but capacity 2: %pe", pool);
}

const struct tour_stop tour_workers[] = {
	{ "prealloc",		show_prealloc },
	{ "idle",		show_idle },
	{ "started",		show_started },
	{ "resize",		show_resize },
	{ "cpumask and nice",	show_nice_cpu },
	{ "node",		show_node },
	{ "capacity_percent",	show_percent },
	{ "mem_reclaim",	show_mem_reclaim },
	{ "freezable",		show_freezable },
	{ "spin_us",		show_spin },
	{ "refused",		show_refused },
	{ }
};
