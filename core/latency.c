// SPDX-License-Identifier: GPL-2.0
/*
 * How long tasks wait and run, for pools made with WPOOL_LATENCY, or if root asks for it.
 *
 * A static key guards this, so a system without such a pool pays for a jump that is not taken.
 * The time of acceptance is stored in the task's result, which has no meaning until the task is
 * done. A task that was accepted before the switch has none: its color is old.
 *
 * Everything here but latency_start() and latency_stop() needs pool->lock.
 */
#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>

#include "color_count.h"
#include "counter.h"
#include "latency.h"
#include "pool.h"

DEFINE_STATIC_KEY_FALSE(latency_key);

/*
 * In units: local_clock() of one CPU may be behind that of another, but by less than this,
 * which is a second.
 */
#define LATENCY_SKEW	BIT(20)

/* In units of 1024 ns; two values up to 73 minutes apart can be compared. */
static u32 latency_now(void)
{
	return local_clock() >> 10;
}

static void latency_add(atomic64_t *histogram, u32 from)
{
	u32 units = latency_now() - from;
	unsigned int bucket;

	/* It ended before it began: hardly any time has passed. */
	if (units > U32_MAX - LATENCY_SKEW)
		units = 0;
	bucket = units ? ilog2(units) + 1 : 0;
	bucket = min_t(unsigned int, bucket, WPOOL_LATENCY_BUCKETS - 1);
	counter_add(&histogram[bucket], 1);
}

void __latency_accept(struct wpool *pool, struct wpool_task *task)
{
	if (!pool->conf.latency)
		return;
	/*
	 * The task leaves TASK_DONE before it loses its result: see wait_result(). A thread
	 * that sees the new state may lock task->pool, which is set; the lock is held until the
	 * rest is set too.
	 */
	if (task->state == TASK_DONE)
		smp_store_release(&task->state, TASK_QUEUED);	/* as queue_put() */
	smp_wmb();	/* pairs with the barrier in wait_result() */
	WRITE_ONCE(task->result, (int)latency_now());
}

void __latency_begin(struct wpool *pool, struct wpool_task *task,
		     struct wpool_run *run)
{
	if (!pool->conf.latency || color_is_old(pool, run->color))
		return;
	latency_add(pool->latency->waiting, (u32)task->result);
	run->began = latency_now();
}

void __latency_end(struct wpool *pool, struct wpool_run *run)
{
	if (pool->conf.latency && !color_is_old(pool, run->color))
		latency_add(pool->latency->running, run->began);
}

/*
 * Before &wpool_conf.latency is 1, once or more. Context: Process context; no lock held. Reverted
 * by latency_stop().
 */
int latency_start(struct wpool *pool)
{
	struct wpool_latency *made;

	if (READ_ONCE(pool->latency))
		return 0;
	made = kzalloc(sizeof(*made), GFP_KERNEL);
	if (!made)
		return -ENOMEM;
	static_branch_inc(&latency_key);
	if (cmpxchg(&pool->latency, NULL, made)) {
		static_branch_dec(&latency_key);
		kfree(made);
	}
	return 0;
}

/* Context: Process context; no lock held. Nothing reads the histograms any more. */
void latency_stop(struct wpool *pool)
{
	if (pool->latency)
		static_branch_dec(&latency_key);
	kfree(pool->latency);
}
