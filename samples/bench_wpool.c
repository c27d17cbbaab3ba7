// SPDX-License-Identifier: GPL-2.0
/* wpool itself, in the ways that its users use it; see bench_peers.c. */
#include <linux/module.h>

#include "bench.h"

static int wpool_fn(void *arg)
{
	bench_now.fn(arg);
	return 0;
}

/* Of a pool, or a set. */
static void next_name(char *name)
{
	static unsigned int serial;

	snprintf(name, WPOOL_NAME_MAX + 1, "bench-%u", serial++);
}

static int wpool_open_as(struct bench_lane *lane, unsigned int spin_us, unsigned int flags)
{
	struct wpool_attrs attrs = {
		.capacity	= lane->workers,
		.queue_depth	= WPOOL_QUEUE_UNBOUNDED,
		.spin_us	= spin_us,
		.flags		= flags,
	};
	char name[WPOOL_NAME_MAX + 1];

	next_name(name);
	lane->pool = wpool_create(name, &attrs);
	return PTR_ERR_OR_ZERO(lane->pool);
}

static int wpool_open(struct bench_lane *lane)
{
	return wpool_open_as(lane, 0, 0);
}

static int wpool_open_spin(struct bench_lane *lane)
{
	return wpool_open_as(lane, BENCH_SPIN_US, 0);
}

static int wpool_open_ordered(struct bench_lane *lane)
{
	return wpool_open_as(lane, 0, WPOOL_ORDERED);
}

static void wpool_close(struct bench_lane *lane)
{
	wpool_destroy(lane->pool);
}

static void wpool_stop(struct bench_lane *lane)
{
	wpool_drain(lane->pool);
}

static void wpool_init(struct bench_item *item)
{
	wpool_task_init(&item->wpool, wpool_fn, item);
}

static void wpool_submit(struct bench_lane *lane, struct bench_item *item)
{
	int err = wpool_try_schedule(lane->pool, &item->wpool);

	if (unlikely(err))
		bench_refused(err);
}

static void wpool_submit_many(struct bench_lane *lane, struct bench_item *items,
			      unsigned int n)
{
	struct wpool_task *tasks[32];
	unsigned int i, part;
	int taken;

	for (; n; n -= part, items += part) {
		part = min_t(unsigned int, n, ARRAY_SIZE(tasks));
		for (i = 0; i < part; i++)
			tasks[i] = &items[i].wpool;
		taken = wpool_schedule_batch(lane->pool, tasks, part);
		for (i = max(taken, 0); i < part; i++)
			bench_refused(taken);
	}
}

static void wpool_submit_new(struct bench_lane *lane)
{
	int err = wpool_schedule_fn(lane->pool, wpool_fn, NULL, NULL);

	if (unlikely(err))
		bench_refused(err);
}

static void wpool_await(struct bench_lane *lane, struct bench_item *item)
{
	wpool_wait(&item->wpool);
}

static unsigned int wpool_hold(const struct bench_lane *lane)
{
	return wpool_longest_hold(lane->pool);
}

#define WPOOL_PEER(_open) {			\
	.threads	= "bench-",		\
	.open		= _open,		\
	.close		= wpool_close,		\
	.stop		= wpool_stop,		\
	.init		= wpool_init,		\
	.submit		= wpool_submit,		\
	.submit_many	= wpool_submit_many,	\
	.submit_new	= wpool_submit_new,	\
	.wait		= wpool_await,		\
	.longest_hold	= wpool_hold,		\
}

const struct bench_peer bench_wpool = WPOOL_PEER(wpool_open);
const struct bench_peer bench_wpool_spin = WPOOL_PEER(wpool_open_spin);
const struct bench_peer bench_wpool_ordered = WPOOL_PEER(wpool_open_ordered);

/*
 * --- a pool with one worker for each CPU, like a per-CPU workqueue ---
 *
 * By the call that promises what a workqueue does: a task never runs twice at the same time.
 */

static int by_cpu_open(struct bench_lane *lane)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED };
	char name[WPOOL_NAME_MAX + 1];

	next_name(name);
	lane->set = wpool_set_create(name, &attrs, 0, WPOOL_RULE_CPU);
	return PTR_ERR_OR_ZERO(lane->set);
}

static void by_cpu_close(struct bench_lane *lane)
{
	wpool_set_destroy(lane->set);
}

static void by_cpu_stop(struct bench_lane *lane)
{
	wpool_set_drain(lane->set);
}

static unsigned int by_cpu_hold(const struct bench_lane *lane)
{
	unsigned int i, longest = 0;
	struct wpool *pool;

	for (i = 0; (pool = wpool_set_nth(lane->set, i)); i++)
		longest = max(longest, wpool_longest_hold(pool));
	return longest;
}

static void by_cpu_submit(struct bench_lane *lane, struct bench_item *item)
{
	int err = wpool_set_try_schedule(lane->set, &item->wpool, 0);

	if (unlikely(err))
		bench_refused(err);
}

static void by_cpu_submit_new(struct bench_lane *lane)
{
	struct wpool *here = wpool_set_nth(lane->set, raw_smp_processor_id());
	int err = wpool_schedule_fn(here, wpool_fn, NULL, NULL);

	if (unlikely(err))
		bench_refused(err);
}

const struct bench_peer bench_wpool_by_cpu = {
	.threads	= "bench-",
	.open		= by_cpu_open,
	.close		= by_cpu_close,
	.stop		= by_cpu_stop,
	.init		= wpool_init,
	.submit		= by_cpu_submit,
	.submit_new	= by_cpu_submit_new,
	.wait		= wpool_await,
	.longest_hold	= by_cpu_hold,
};
