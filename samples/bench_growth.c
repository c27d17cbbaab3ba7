// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: what the next one of something costs, with more and more of it there:
 * made, or scheduled, and cancelled. The cost ought not to grow.
 */
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "bench.h"

/**
 * struct bench_kind - what there is more and more of
 * @size: of one
 * @front: so many are measured
 * @add: makes or schedules one, in a pool that is paused
 * @drop: cancels it
 */
struct bench_kind {
	size_t		size;
	unsigned int	front;
	int		(*add)(struct wpool *pool, void *one, unsigned int nr);
	void		(*drop)(void *one);
};

static int nothing_fn(void *arg)
{
	return 0;
}

/* --- tasks whose time has not come --- */

static int delayed_add(struct wpool *pool, void *one, unsigned int nr)
{
	wpool_delayed_task_init(one, nothing_fn, NULL);
	return wpool_schedule_delayed(pool, one, msecs_to_jiffies(3600 * MSEC_PER_SEC) + nr % 1000);
}

static void delayed_drop(void *one)
{
	struct wpool_delayed_task *delayed = one;

	wpool_cancel(&delayed->task);
}

/* --- keys in use: each task has its own --- */

static int keyed_add(struct wpool *pool, void *one, unsigned int nr)
{
	wpool_keyed_task_init(one, nothing_fn, NULL);
	return wpool_schedule_keyed(pool, one, nr + 1);
}

static void keyed_drop(void *one)
{
	struct wpool_keyed_task *keyed = one;

	wpool_cancel(&keyed->task);
}

/* --- groups, each with a task --- */

struct grouped {
	struct wpool_group	group;
	struct wpool_task	task;
};

static int group_add(struct wpool *pool, void *one, unsigned int nr)
{
	struct grouped *grouped = one;

	wpool_group_init(&grouped->group, 0);
	wpool_task_init(&grouped->task, nothing_fn, NULL);
	return wpool_group_schedule(&grouped->group, pool, &grouped->task);
}

static void group_drop(void *one)
{
	struct grouped *grouped = one;

	wpool_cancel(&grouped->task);
	wpool_group_wait(&grouped->group);
}

/* --- pools --- */

static int pool_add(struct wpool *beside, void *one, unsigned int nr)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct wpool **pool = one;

	*pool = wpool_create_fmt(&attrs, "grow-%u", nr);
	return PTR_ERR_OR_ZERO(*pool);
}

static void pool_drop(void *one)
{
	struct wpool **pool = one;

	wpool_destroy(*pool);
}

/* --- samples --- */

static void *nth(const struct bench_work *work, void *all, unsigned int nr)
{
	return all + nr * work->kind->size;
}

/* Return: how many there are; fewer than asked if one failed. */
static unsigned int add_some(const struct bench_work *work, struct bench_lane *lane, void *all,
			     unsigned int have, unsigned int want)
{
	for (; have < want && !bench_now.error; have += !bench_now.error)
		bench_now.error = work->kind->add(lane->pool, nth(work, all, have), have);
	return have;
}

static void drop_some(const struct bench_work *work, void *all, unsigned int first,
		      unsigned int end)
{
	for (; first < end; first++) {
		work->kind->drop(nth(work, all, first));
		if (!(first % 1024))
			cond_resched();
	}
}

/* The next ones, with as many as the lane says there already. */
static void sample_next(const struct bench_work *work, struct bench_lane *lane)
{
	unsigned int have, front = work->kind->front, all_nr = lane->arg + front;
	void *all = vzalloc(array_size(all_nr, work->kind->size));
	u64 took;

	if (!all) {
		bench_now.error = -ENOMEM;
		return;
	}
	wpool_pause(lane->pool);
	have = add_some(work, lane, all, 0, lane->arg);
	took = ktime_get_ns();
	have = add_some(work, lane, all, have, all_nr);
	drop_some(work, all, lane->arg, have);
	took = ktime_get_ns() - took;
	if (!bench_now.error)
		bench_record(work->name, lane->label, "ns", took * BENCH_SCALE / front);
	drop_some(work, all, 0, min(have, lane->arg));
	wpool_resume(lane->pool);
	wpool_drain(lane->pool);
	vfree(all);
}

#define NEXT_WORKERS	100U

/* Workers are made only. */
static void sample_workers(const struct bench_work *work, struct bench_lane *lane)
{
	struct bench_lane pool = { .label = lane->label, .workers = WPOOL_MAX_CAPACITY };
	u64 took;
	int n;

	bench_now.error = bench_wpool.open(&pool);
	if (bench_now.error)
		return;
	n = wpool_prestart(pool.pool, lane->arg);
	took = ktime_get_ns();
	if (n == lane->arg)
		n = wpool_prestart(pool.pool, NEXT_WORKERS);
	took = ktime_get_ns() - took;
	if (n != NEXT_WORKERS)
		bench_now.error = n < 0 ? n : -EAGAIN;
	else
		bench_record(work->name, lane->label, "ns", took * BENCH_SCALE / NEXT_WORKERS);
	bench_wpool.close(&pool);
}

static const struct bench_kind delayed = {
	sizeof(struct wpool_delayed_task), 1000, delayed_add, delayed_drop
};

static const struct bench_kind keyed = {
	sizeof(struct wpool_keyed_task), 1000, keyed_add, keyed_drop
};

static const struct bench_kind grouped = {
	sizeof(struct grouped), 1000, group_add, group_drop
};

static const struct bench_kind pools = { sizeof(struct wpool *), 100, pool_add, pool_drop };

static struct bench_lane million_lanes[] = {
	{ "1000",	&bench_wpool, 1, 1000 },
	{ "100000",	&bench_wpool, 1, 100000 },
	{ "1000000",	&bench_wpool, 1, 1000000 },
	{ }
};

static struct bench_lane groups_lanes[] = {
	{ "1000",	&bench_wpool, 1, 1000 },
	{ "10000",	&bench_wpool, 1, 10000 },
	{ "100000",	&bench_wpool, 1, 100000 },
	{ }
};

static struct bench_lane pools_lanes[] = {
	{ "100",	&bench_wpool, 1, 100 },
	{ "1000",	&bench_wpool, 1, 1000 },
	{ "10000",	&bench_wpool, 1, 10000 },
	{ }
};

static struct bench_lane workers_lanes[] = {
	{ "100",	&bench_wpool, 1, 100 },
	{ "1000",	&bench_wpool, 1, 1000 },
	{ "9800",	&bench_wpool, 1, 9800 },
	{ }
};

const struct bench_work bench_growth_works[] = {
	{ "growth delayed", million_lanes, sample_next, .kind = &delayed, .asked = true },
	{ "growth keys", million_lanes, sample_next, .kind = &keyed, .asked = true },
	{ "growth groups", groups_lanes, sample_next, .kind = &grouped, .asked = true },
	{ "growth pools", pools_lanes, sample_next, .kind = &pools, .asked = true },
	{ "growth workers", workers_lanes, sample_workers, .asked = true },
	{ }
};
