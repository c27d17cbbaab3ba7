// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: a bound on queued tasks, and producers that are faster than the workers: they sleep
 * for room nearly all the time.
 *
 * No peer has a bound. Here they have one as their users make it: a semaphore, taken before an item
 * is scheduled, and released when its function begins.
 */
#include <linux/module.h>
#include <linux/semaphore.h>

#include "bench.h"

/* So many wait at most. */
#define BOUND	256

/* --- wpool --- */

static int bounded_fn(void *arg)
{
	bench_now.fn(arg);
	return 0;
}

static int bounded_open(struct bench_lane *lane)
{
	struct wpool_attrs attrs = {
		.capacity = lane->workers, .queue_depth = BOUND, .flags = WPOOL_NUMBERED,
	};

	lane->pool = wpool_create("bench-bounded", &attrs);
	return PTR_ERR_OR_ZERO(lane->pool);
}

static void bounded_close(struct bench_lane *lane)
{
	wpool_destroy(lane->pool);
}

static void bounded_stop(struct bench_lane *lane)
{
	wpool_drain(lane->pool);
}

static void bounded_init(struct bench_item *item)
{
	wpool_task_init(&item->wpool, bounded_fn, item);
}

static void bounded_submit(struct bench_lane *lane, struct bench_item *item)
{
	int err = wpool_schedule(lane->pool, &item->wpool);

	if (unlikely(err))
		bench_refused(err);
}

static const struct bench_peer bounded_wpool = {
	.threads	= "bench-bounded",
	.open		= bounded_open,
	.close		= bounded_close,
	.stop		= bounded_stop,
	.init		= bounded_init,
	.submit		= bounded_submit,
};

/* --- the peers, with a semaphore --- */

static struct semaphore room;

/* What bench_##name has, with another way to schedule. */
#define BOUNDED_PEER(name, _threads)							\
static int name##_open(struct bench_lane *lane)						\
{											\
	sema_init(&room, BOUND);							\
	return bench_##name.open(lane);							\
}											\
											\
static void name##_close(struct bench_lane *lane)					\
{											\
	bench_##name.close(lane);							\
}											\
											\
static void name##_stop(struct bench_lane *lane)					\
{											\
	bench_##name.stop(lane);							\
}											\
											\
static void name##_init(struct bench_item *item)					\
{											\
	bench_##name.init(item);							\
}											\
											\
static void name##_submit(struct bench_lane *lane, struct bench_item *item)		\
{											\
	down(&room);									\
	bench_##name.submit(lane, item);						\
}											\
											\
static const struct bench_peer bounded_##name = {					\
	.threads	= _threads,							\
	.open		= name##_open,							\
	.close		= name##_close,							\
	.stop		= name##_stop,							\
	.init		= name##_init,							\
	.submit		= name##_submit,						\
}

BOUNDED_PEER(unbound, "kworker/");
BOUNDED_PEER(percpu, "kworker/");
BOUNDED_PEER(kworker, "bench_kworker");

/* --- samples --- */

/* Not by a semaphore, in the sample that is being taken. */
static bool bounded_by_pool;

static struct bench_lane bounded_lanes[] = {
	{ "wpool",		&bounded_wpool },
	{ "wpool 1",		&bounded_wpool, 1 },
	{ "kthread_worker",	&bounded_kworker },
	{ "per-CPU",		&bounded_percpu },
	{ "unbound",		&bounded_unbound },
	{ }
};

/* Wpool's own has made room when it called this. */
static void make_room(void)
{
	if (!bounded_by_pool)
		up(&room);
}

static void empty_fn(struct bench_item *item)
{
	make_room();
	bench_ended();
}

#define SHORT_US	10

static void short_fn(struct bench_item *item)
{
	make_room();
	bench_burn(SHORT_US);
	bench_ended();
}

static void sample_bounded(const struct bench_work *work, struct bench_lane *lane)
{
	bounded_by_pool = lane->peer == &bounded_wpool;
	bench_rate(work, lane, work->arg ? short_fn : empty_fn);
}

const struct bench_work bench_bounded_works[] = {
	{ "bounded 1", bounded_lanes, sample_bounded, 100000, 1 },
	{ "bounded 4", bounded_lanes, sample_bounded, 100000, 4 },
	{ "bounded, 10 us 1", bounded_lanes, sample_bounded, 20000, 1, .arg = true },
	{ "bounded, 10 us 4", bounded_lanes, sample_bounded, 20000, 4, .arg = true },
	{ }
};
