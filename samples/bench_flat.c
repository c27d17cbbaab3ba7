// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: what a task costs, with more and more of everything around it. The
 * cost ought not to grow.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "bench.h"

/* So many tasks are looked at, with as many more behind them as the lane says. */
#define FRONT		1000U
#define MOST_BEHIND	1000000U
#define MOST_POOLS	1000U

static u64 front_began, front_ended;

static void front_fn(struct bench_item *item)
{
	unsigned int nr = bench_item_nr(item);

	if (nr == 0)
		front_began = ktime_get_ns();
	if (nr == FRONT)
		front_ended = ktime_get_ns();
	bench_ended();
}

/*
 * Reads what the lane does not use, so that of the items that it does use as few
 * are in the CPU's caches as there are after a million others.
 */
static void cool_caches(unsigned int used, unsigned int all)
{
	unsigned long sum = 0;

	for (; used < all; used++)
		sum += READ_ONCE(*(unsigned long *)&bench_items[used]);
	OPTIMIZER_HIDE_VAR(sum);
}

/* To schedule the last ones into a queue of that length, and to run the first ones. */
static void sample_behind(const struct bench_work *work, struct bench_lane *lane)
{
	unsigned int i, n = FRONT + lane->arg + FRONT;
	u64 submitting;

	bench_init_items(lane, n);
	bench_begin(lane, n, front_fn);
	wpool_pause(lane->pool);
	for (i = 0; i < n - FRONT; i++)
		lane->peer->submit(lane, &bench_items[i]);
	cool_caches(n, work->tasks);
	submitting = ktime_get_ns();
	for (; i < n; i++)
		lane->peer->submit(lane, &bench_items[i]);
	submitting = ktime_get_ns() - submitting;
	wpool_resume(lane->pool);
	bench_await(lane);
	bench_record(work->name, lane->label, "ns",
		     (submitting + front_ended - front_began) * BENCH_SCALE / FRONT);
}

/* What a task costs in a lane, with whatever there is besides. */
static void sample_cost(const struct bench_work *work, struct bench_lane *lane)
{
	bench_record_each(work, lane, bench_submit_all(work, lane, bench_empty_fn));
}

/* Return: how many there are, @want unless one could not be made. */
static unsigned int make_pools(struct bench_lane *pools, unsigned int have, unsigned int want)
{
	for (; have < want; have++) {
		pools[have] = (struct bench_lane) { .label = "another", .workers = 1 };
		bench_now.error = bench_wpool.open(&pools[have]);
		if (bench_now.error)
			break;
	}
	return have;
}

/* One lane, with more and more other pools. */
static void sample_pools(const struct bench_work *work, struct bench_lane *lane)
{
	static const unsigned int steps[] = { 1, 100, MOST_POOLS };
	struct bench_lane *pools = kvcalloc(MOST_POOLS, sizeof(*pools), GFP_KERNEL);
	struct bench_lane beside = *lane;
	unsigned int i, n = 0;
	char label[16];

	if (!pools) {
		bench_now.error = -ENOMEM;
		return;
	}
	beside.label = label;
	for (i = 0; i < ARRAY_SIZE(steps) && !bench_now.error; i++) {
		n = make_pools(pools, n, steps[i] - 1);
		snprintf(label, sizeof(label), "%u", steps[i]);
		sample_cost(work, &beside);
	}
	while (n--)
		bench_wpool.close(&pools[n]);
	kvfree(pools);
}

static struct bench_lane behind_lanes[] = {
	{ "1000",	&bench_wpool, 1, 1000 },
	{ "100000",	&bench_wpool, 1, 100000 },
	{ "1000000",	&bench_wpool, 1, MOST_BEHIND },
	{ }
};

static struct bench_lane workers_lanes[] = {
	{ "1",		&bench_wpool, 1 },
	{ "100",	&bench_wpool, 100 },
	{ "1000",	&bench_wpool, 1000 },
	{ }
};

static struct bench_lane pools_lanes[] = {
	{ "wpool",	&bench_wpool, 1 },
	{ }
};

const struct bench_work bench_flat_works[] = {
	{ "flat queued", behind_lanes, sample_behind, MOST_BEHIND + 2 * FRONT },
	{ "flat workers", workers_lanes, sample_cost, 50000 },
	{ "flat pools", pools_lanes, sample_pools, 50000 },
	{ }
};
