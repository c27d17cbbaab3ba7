// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: how long tasks wait before they begin, when they come by the clock
 * and not when somebody is ready to schedule the next; a burst after a pause.
 */
#include <linux/delay.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "bench.h"
#include "bench_compat.h"

/* How long each task takes, in microseconds. */
#define LOAD_TASK_US	100U
#define BURST_TASK_US	10U
#define PACED_TASK_US	20U
#define PACED_GAP_US	1000U
#define IDLE_MS		1000U

/* --- work of a known length --- */

static u64 burn_loops_per_ms;

static noinline void burn_loops(u64 loops)
{
	while (loops--)
		barrier();
}

/**
 * bench_calibrate() - find out how much this CPU does in a microsecond
 *
 * The quickest of several tries: what disturbs it only makes it slower.
 */
void bench_calibrate(void)
{
	const u64 loops = 20000;
	u64 best = U64_MAX;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		u64 began = ktime_get_ns();

		burn_loops(loops);
		best = min(best, ktime_get_ns() - began);
		cond_resched();
	}
	burn_loops_per_ms = div64_u64(loops * NSEC_PER_MSEC, max(best, 1ULL));
}

/* A fixed amount of work, so not less of it if the CPU is taken away meanwhile. */
void bench_burn(unsigned int us)
{
	burn_loops(us * burn_loops_per_ms / USEC_PER_MSEC);
}

/* --- tasks that come by the clock --- */

/* Times of all tasks, in nanoseconds. */
struct load_time {
	u64	due;
	u64	began;
	u64	ran;
};

static struct load {
	struct hrtimer		timer;
	struct bench_lane	*lane;
	struct load_time	*times;
	unsigned int		next;
	unsigned int		n;
	void			(*run)(unsigned int nr);
} load;

/* Never skips one: who comes late because the CPU was busy has waited already. */
static enum hrtimer_restart load_arrive(struct hrtimer *timer)
{
	while (load.next < load.n && load.times[load.next].due <= ktime_get_ns()) {
		load.lane->peer->submit(load.lane, &bench_items[load.next]);
		load.next++;
	}
	if (load.next == load.n)
		return HRTIMER_NORESTART;
	hrtimer_set_expires(timer, ns_to_ktime(load.times[load.next].due));
	return HRTIMER_RESTART;
}

static void load_fn(struct bench_item *item)
{
	unsigned int nr = bench_item_nr(item);
	struct load_time *time = &load.times[nr];

	time->began = ktime_get_ns();
	load.run(nr);
	time->ran = ktime_get_ns() - time->began;
	bench_ended();
}

/*
 * Gaps as between independent events: -ln of the middle of each 32nd, times 1000.
 * Their mean is 983.
 */
static u64 load_gap(struct rnd_state *random, u64 mean)
{
	static const u16 gaps[] = {
		4159, 3060, 2549, 2213, 1962, 1761, 1594, 1451, 1326, 1214, 1114, 1023, 940,
		863, 792, 725, 663, 605, 549, 496, 447, 399, 353, 309, 267, 227, 188, 151,
		115, 80, 47, 16,
	};

	return mean * gaps[prandom_u32_state(random) % ARRAY_SIZE(gaps)] / 983;
}

/* Has the tasks of a sample arrive, and waits for their end. @gap: mean, in ns. */
static bool load_run(const struct bench_work *work, struct bench_lane *lane, u64 gap,
		     void (*run)(unsigned int nr), bool even)
{
	struct rnd_state random;
	unsigned int i;
	u64 due;

	load.times = kvcalloc(work->tasks, sizeof(*load.times), GFP_KERNEL);
	if (!load.times) {
		bench_now.error = -ENOMEM;
		return false;
	}
	load.lane = lane;
	load.next = 0;
	load.n = work->tasks;
	load.run = run;
	/* The same arrivals for all. */
	prandom_seed_state(&random, 1);
	bench_begin(lane, work->tasks, load_fn);
	due = ktime_get_ns() + NSEC_PER_MSEC;
	for (i = 0; i < work->tasks; i++) {
		lane->peer->init(&bench_items[i]);
		due += even ? gap : load_gap(&random, gap);
		load.times[i].due = due;
	}
	hrtimer_setup(&load.timer, load_arrive, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_HARD);
	hrtimer_start(&load.timer, ns_to_ktime(load.times[0].due), HRTIMER_MODE_ABS_HARD);
	bench_await(lane);
	hrtimer_cancel(&load.timer);
	return true;
}

static int compare_waits(const void *a, const void *b)
{
	const struct load_time *x = a, *y = b;
	u64 left = x->began - x->due, right = y->began - y->due;

	return left < right ? -1 : left > right;
}

static void record_wait(const struct bench_work *work, struct bench_lane *lane,
			const char *what, unsigned int permille)
{
	struct load_time *time = &load.times[work->tasks * permille / 1000];
	char name[40];

	snprintf(name, sizeof(name), "%s, %s", work->name, what);
	bench_record(name, lane->label, "us",
		     (time->began - time->due) * BENCH_SCALE / NSEC_PER_USEC);
}

/**
 * bench_waits() - a sample of how long tasks wait that come by the clock
 * @work: its arg is the load: a share, in percent, of what its producers, or all CPUs, can do
 * @lane: who does it
 * @task_ns: how long a task runs, in nanoseconds
 * @run: what each does
 */
void bench_waits(const struct bench_work *work, struct bench_lane *lane, u64 task_ns,
		 void (*run)(unsigned int nr))
{
	u64 gap = div_u64(task_ns * 100, (work->producers ?: num_online_cpus()) * work->arg);

	if (load_run(work, lane, gap, run, false)) {
		sort(load.times, work->tasks, sizeof(*load.times), compare_waits, NULL);
		record_wait(work, lane, "p50", 500);
		record_wait(work, lane, "p99", 990);
		record_wait(work, lane, "p99.9", 999);
	}
	kvfree(load.times);
}

static void load_burn(unsigned int nr)
{
	bench_burn(LOAD_TASK_US);
}

static void sample_wait(const struct bench_work *work, struct bench_lane *lane)
{
	bench_waits(work, lane, LOAD_TASK_US * NSEC_PER_USEC, load_burn);
}

static void paced_burn(unsigned int nr)
{
	bench_burn(PACED_TASK_US);
}

static u64 spins_lost(const struct bench_lane *lane)
{
	struct wpool_stats stats;

	wpool_stats(lane->pool, &stats);
	return stats.count[WPOOL_STAT_SPINS_LOST];
}

/* What was spun in vain, which on a slow machine drowns in what a wake-up takes. */
static void record_spins(const struct bench_lane *lane, u64 lost, u64 wall)
{
	bench_record("paced, spun in vain", lane->label, "% CPU",
		     div64_u64(lost * BENCH_SPIN_US * NSEC_PER_USEC * 100 * BENCH_SCALE, wall));
}

/*
 * A task each millisecond: what its threads take of a CPU beyond the tasks.
 */
static void sample_paced(const struct bench_work *work, struct bench_lane *lane)
{
	bool spins = lane->peer == &bench_wpool_spin;
	u64 lost = spins ? spins_lost(lane) : 0;
	struct bench_usage before, after;
	u64 wall = ktime_get_ns(), tasks = 0, cpu;
	unsigned int i;

	bench_usage(lane->peer->threads, &before);
	if (load_run(work, lane, PACED_GAP_US * NSEC_PER_USEC, paced_burn, true)) {
		msleep(20);	/* the last worker's time is known when it sleeps */
		bench_usage(lane->peer->threads, &after);
		wall = ktime_get_ns() - wall;
		for (i = 0; i < work->tasks; i++)
			tasks += load.times[i].ran;
		cpu = after.cpu - before.cpu;
		cpu -= min(cpu, tasks);
		bench_record(work->name, lane->label, "% CPU",
			     div64_u64(cpu * 100 * BENCH_SCALE, wall));
		if (spins)
			record_spins(lane, spins_lost(lane) - lost, wall);
	}
	kvfree(load.times);
}

/* --- a burst --- */

static atomic64_t burst_first;

static void burst_fn(struct bench_item *item)
{
	if (!atomic64_read(&burst_first))
		atomic64_cmpxchg(&burst_first, 0, ktime_get_ns());
	bench_burn(BURST_TASK_US);
	bench_ended();
}

static void sample_burst(const struct bench_work *work, struct bench_lane *lane)
{
	u64 took;

	atomic64_set(&burst_first, 0);
	msleep(IDLE_MS);
	took = bench_submit_all(work, lane, burst_fn);
	bench_record("burst, first start", lane->label, "us",
		     (atomic64_read(&burst_first) - bench_now.began) * BENCH_SCALE /
		     NSEC_PER_USEC);
	bench_record("burst, last end", lane->label, "us", took * BENCH_SCALE / NSEC_PER_USEC);
}

static struct bench_lane burst_lanes[] = {
	{ "wpool",		&bench_wpool, 64 },
	{ "wpool by CPU",	&bench_wpool_by_cpu },
	{ "unbound",		&bench_unbound, 64 },
	{ "unbound system",	&bench_unbound_system },
	{ "per-CPU",		&bench_percpu },
	{ }
};

static struct bench_lane paced_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "wpool spin",		&bench_wpool_spin },
	{ "unbound",		&bench_unbound },
	{ }
};

const struct bench_work bench_wait_works[] = {
	{ "wait at 10%", bench_lanes, sample_wait, 2000, 0, 10 },
	{ "wait at 50%", bench_wide_lanes, sample_wait, 5000, 0, 50 },
	{ "wait at 90%", bench_wide_lanes, sample_wait, 5000, 0, 90 },
	{ "wait at 10% of one", bench_single_lanes, sample_wait, 2000, 1, 10 },
	{ "wait at 50% of one", bench_single_lanes, sample_wait, 5000, 1, 50 },
	{ "wait at 90% of one", bench_single_lanes, sample_wait, 5000, 1, 90 },
	{ "burst", burst_lanes, sample_burst, 10000 },
	{ "paced", paced_lanes, sample_paced, 1000 },
	{ }
};
