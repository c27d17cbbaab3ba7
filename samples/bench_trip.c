// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: one task at a time. There and back, in a chain, and how much two
 * workers are worth.
 */
#include <linux/module.h>
#include <linux/sort.h>

#include "bench.h"

static void told_fn(struct bench_item *item)
{
	complete(&bench_now.done);
}

/* The submitter sleeps on its own completion. */
static void sample_trip(const struct bench_work *work, struct bench_lane *lane)
{
	struct bench_item *item = bench_items;
	unsigned int n;
	u64 took;

	bench_begin(lane, 1, told_fn);
	for (n = work->tasks; n && !bench_now.error; n--, item++) {
		lane->peer->init(item);
		reinit_completion(&bench_now.done);
		lane->peer->submit(lane, item);
		wait_for_completion(&bench_now.done);
	}
	took = ktime_get_ns() - bench_now.began;
	bench_end(lane);
	bench_record_each(work, lane, took);
}

static void nothing_fn(struct bench_item *item)
{
}

/* The submitter waits by what the peer has for that. */
static void sample_own_wait(const struct bench_work *work, struct bench_lane *lane)
{
	struct bench_item *item = bench_items;
	unsigned int n;

	bench_begin(lane, 1, nothing_fn);
	for (n = work->tasks; n && !bench_now.error; n--, item++) {
		lane->peer->init(item);
		lane->peer->submit(lane, item);
		lane->peer->wait(lane, item);
	}
	bench_record_each(work, lane, ktime_get_ns() - bench_now.began);
}

/* If it is refused, those that it would have scheduled never come: the sample ends. */
static void submit_link(struct bench_lane *lane, struct bench_item *item)
{
	lane->peer->submit(lane, item);
	if (READ_ONCE(bench_now.error))
		complete(&bench_now.done);
}

static struct bench_lane *chain_lane;
static unsigned int chain_length;

/*
 * Each item once, so that none is scheduled while its function has yet to return.
 */
static void chain_fn(struct bench_item *item)
{
	if (bench_item_nr(item) + 1 < chain_length)
		submit_link(chain_lane, item + 1);
	bench_ended();
}

static void sample_chain(const struct bench_work *work, struct bench_lane *lane)
{
	bench_init_items(lane, work->tasks);
	chain_lane = lane;
	chain_length = work->tasks;
	bench_begin(lane, work->tasks, chain_fn);
	submit_link(lane, bench_items);
	bench_record_each(work, lane, bench_await(lane));
}

#define GOES_ON_US	20000U	/* several jiffies */
#define PAIRS		25U

static u64 pair_submitted, pair_waited[PAIRS];

/* The first of a pair schedules the second, and continues. */
static void pair_fn(struct bench_item *item)
{
	unsigned int nr = bench_item_nr(item);

	if (nr % 2) {
		pair_waited[nr / 2] = ktime_get_ns() - pair_submitted;
	} else {
		pair_submitted = ktime_get_ns();
		chain_lane->peer->submit(chain_lane, item + 1);
		bench_burn(GOES_ON_US);
	}
	bench_ended();
}

static int compare_times(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

/* How long the second waits. */
static void sample_second(const struct bench_work *work, struct bench_lane *lane)
{
	unsigned int i;

	bench_init_items(lane, work->tasks);
	chain_lane = lane;
	bench_begin(lane, 0, pair_fn);
	for (i = 0; i < work->tasks && !bench_now.error; i += 2) {
		atomic_set(&bench_now.left, 2);
		reinit_completion(&bench_now.done);
		submit_link(lane, &bench_items[i]);
		wait_for_completion(&bench_now.done);
	}
	bench_end(lane);
	sort(pair_waited, PAIRS, sizeof(u64), compare_times, NULL);
	bench_record("second of a chain, p50", lane->label, "us",
		     pair_waited[PAIRS / 2] * BENCH_SCALE / NSEC_PER_USEC);
	bench_record("second of a chain, most", lane->label, "us",
		     pair_waited[PAIRS - 1] * BENCH_SCALE / NSEC_PER_USEC);
}

static unsigned int burn_us;

static void burn_fn(struct bench_item *item)
{
	bench_burn(burn_us);
	bench_ended();
}

/* As much work in all, in tasks of so many microseconds. */
static void sample_speedup(const struct bench_work *work, struct bench_lane *lane)
{
	burn_us = work->arg;
	bench_record_each(work, lane, bench_submit_all(work, lane, burn_fn));
}

static struct bench_lane trip_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "wpool spin",		&bench_wpool_spin },
	{ "wpool 1",		&bench_wpool, 1 },
	{ "wpool ordered",	&bench_wpool_ordered, 1 },
	{ "wpool by CPU",	&bench_wpool_by_cpu },
	{ "per-CPU",		&bench_percpu },
	{ "ordered",		&bench_ordered },
	{ "kthread_worker",	&bench_kworker },
	{ "unbound",		&bench_unbound },
	{ "unbound system",	&bench_unbound_system },
	{ "(llist)",		&bench_llist },
	{ }
};

/* Not the llist: its thread spins, and is never late. */
static struct bench_lane second_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "wpool spin",		&bench_wpool_spin },
	{ "wpool 1",		&bench_wpool, 1 },
	{ "wpool ordered",	&bench_wpool_ordered, 1 },
	{ "wpool by CPU",	&bench_wpool_by_cpu },
	{ "per-CPU",		&bench_percpu },
	{ "ordered",		&bench_ordered },
	{ "kthread_worker",	&bench_kworker },
	{ "unbound",		&bench_unbound },
	{ }
};

static struct bench_lane speedup_lanes[] = {
	{ "wpool 1 worker",	&bench_wpool, 1 },
	{ "wpool 2 workers",	&bench_wpool, 2 },
	{ "unbound 1 worker",	&bench_unbound, 1 },
	{ "unbound 2 workers",	&bench_unbound, 2 },
	{ }
};

const struct bench_work bench_trip_works[] = {
	{ "round trip", trip_lanes, sample_trip, 1000 },
	{ "round trip, own wait", bench_lanes, sample_own_wait, 1000 },
	{ "chain", trip_lanes, sample_chain, 5000 },
	{ "second of a chain", second_lanes, sample_second, 2 * PAIRS },
	{ "workers at 10 us", speedup_lanes, sample_speedup, 10000, 0, 10 },
	{ "workers at 100 us", speedup_lanes, sample_speedup, 1000, 0, 100 },
	{ "workers at 1000 us", speedup_lanes, sample_speedup, 100, 0, 1000 },
	{ }
};
