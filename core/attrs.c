// SPDX-License-Identifier: GPL-2.0
/*
 * From the attributes that a caller asks for to what the pool is: checks them and fills in
 * defaults.
 */
#include <linux/cpumask.h>
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/nodemask.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>

#include "attrs.h"
#include "capacity_slots.h"
#include "claim.h"
#include "flush_color.h"
#include "inbox.h"
#include "latency.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"

#define ALL_FLAGS (WPOOL_PREALLOC | WPOOL_ORDERED | WPOOL_FREEZABLE |	\
		   WPOOL_MEM_RECLAIM | WPOOL_KEEP_IDLE | WPOOL_LATENCY | WPOOL_NUMBERED | \
		   WPOOL_RECURSIVE | WPOOL_ROUND_DOWN | WPOOL_NO_SYSFS)

static const char *capacity_fault(const struct wpool_attrs *attrs,
				  unsigned int capacity)
{
	if (attrs->capacity_percent && attrs->capacity)
		return "both capacity and capacity_percent";
	if (attrs->flags & WPOOL_ROUND_DOWN && !attrs->capacity_percent)
		return "WPOOL_ROUND_DOWN without capacity_percent";
	if (attrs->capacity_percent > WPOOL_MAX_PERCENT)
		return "capacity_percent > 10000";
	if (attrs->flags & WPOOL_ORDERED &&
	    (capacity > 1 || attrs->capacity_percent))
		return "WPOOL_ORDERED with capacity > 1";
	if (attrs->min_workers > capacity && !attrs->capacity_percent)
		return "min_workers > capacity";
	return NULL;
}

static const char *queue_fault(const struct wpool_attrs *attrs)
{
	if (attrs->queue_depth < WPOOL_QUEUE_UNBOUNDED)
		return "queue_depth < -2";
	if ((unsigned int)attrs->full > WPOOL_FULL_DISCARD_OLDEST)
		return "unknown full-queue policy";
	if (attrs->full == WPOOL_FULL_DISCARD_OLDEST &&
	    attrs->queue_depth == WPOOL_QUEUE_HANDOFF)
		return "WPOOL_FULL_DISCARD_OLDEST with WPOOL_QUEUE_HANDOFF";
	if (attrs->max_blocked && attrs->full != WPOOL_FULL_BLOCK)
		return "max_blocked without WPOOL_FULL_BLOCK";
	return NULL;
}

static const char *worker_fault(const struct wpool_attrs *attrs)
{
	int node = attrs->node - 1;

	if (attrs->spin_us > WPOOL_MAX_SPIN_US)
		return "spin_us > 1 s";
	if (attrs->nice < MIN_NICE || attrs->nice > MAX_NICE)
		return "nice";
	if (attrs->policy && attrs->policy != SCHED_FIFO && attrs->policy != SCHED_RR)
		return "policy is not SCHED_NORMAL, SCHED_FIFO or SCHED_RR";
	if (attrs->policy ? attrs->rt_priority - 1 >= MAX_RT_PRIO - 1 : attrs->rt_priority)
		return "rt_priority without a policy, or not 1 to 99 with one";
	if (attrs->policy && attrs->nice)
		return "both nice and policy";
	if (attrs->node && (node < 0 || node >= MAX_NUMNODES || !node_online(node)))
		return "node without a NUMA node online";
	if (attrs->cpumask && !cpumask_intersects(attrs->cpumask, cpu_online_mask))
		return "cpumask without a CPU online";
	return NULL;
}

/* Why these attributes are refused, or NULL. */
static const char *attrs_fault(const struct wpool_attrs *attrs,
			       unsigned int capacity)
{
	if (attrs->flags & ~ALL_FLAGS)
		return "unknown flags";
	return capacity_fault(attrs, capacity) ?: queue_fault(attrs) ?: worker_fault(attrs);
}

/**
 * attrs_percent_of_cpus() - a capacity as a share of the CPUs online
 * @percent: the share
 * @flags: of the pool, with %WPOOL_ROUND_DOWN or not
 *
 * Return: 1 to %WPOOL_MAX_CAPACITY.
 */
unsigned int attrs_percent_of_cpus(unsigned int percent, unsigned int flags)
{
	u64 share = (u64)num_online_cpus() * percent;

	share = flags & WPOOL_ROUND_DOWN ? div_u64(share, 100) : DIV_ROUND_UP_ULL(share, 100);
	return clamp_t(u64, share, 1, WPOOL_MAX_CAPACITY);
}

static unsigned int attrs_capacity(const struct wpool_attrs *attrs,
				   const char *name)
{
	if (attrs->capacity_percent)
		return attrs_percent_of_cpus(attrs->capacity_percent, attrs->flags);
	if (!attrs->capacity)
		return attrs->flags & WPOOL_ORDERED ? 1 : WPOOL_DEFAULT_CAPACITY;
	if (attrs->capacity <= WPOOL_MAX_CAPACITY)
		return attrs->capacity;
	pr_notice("%s: capacity %u is too large, using %u\n", name,
		  attrs->capacity, WPOOL_MAX_CAPACITY);
	return WPOOL_MAX_CAPACITY;
}

static unsigned int attrs_depth(const struct wpool_attrs *attrs)
{
	switch (attrs->queue_depth) {
	case WPOOL_QUEUE_UNBOUNDED:
		return UINT_MAX;
	case WPOOL_QUEUE_HANDOFF:
		return 0;
	case 0:
		return WPOOL_DEFAULT_DEPTH;
	default:
		return attrs->queue_depth;
	}
}

/* Without debugfs nobody could look at the times. */
static unsigned int attrs_flags(const struct wpool_attrs *attrs, const char *name)
{
	if (!(attrs->flags & WPOOL_LATENCY) || debugfs_initialized())
		return attrs->flags;
	pr_notice("%s: there is no debugfs: WPOOL_LATENCY is ignored\n", name);
	return attrs->flags & ~WPOOL_LATENCY;
}

/* On a smaller machine the pool keeps fewer workers, until more CPUs come. */
static void note_min_workers(const struct wpool *pool, const struct wpool_attrs *attrs)
{
	if (attrs->min_workers > pool_capacity(pool))
		pr_notice("%s: min_workers %u is more than %u%% of the CPUs online, keeping %u\n",
			  pool->name, attrs->min_workers, attrs->capacity_percent,
			  pool_capacity(pool));
}

/**
 * attrs_apply() - set up a new pool from its attributes
 * @pool: has its name, is zeroed otherwise
 * @attrs: what is asked for, or NULL
 * @cpus: where the workers run, instead of &wpool_attrs.cpumask; or NULL
 *
 * Context: Process context; may sleep.
 * Return: 0, -EINVAL after a message that says why, or -ENOMEM.
 */
int attrs_apply(struct wpool *pool, const struct wpool_attrs *attrs, const struct cpumask *cpus)
{
	static const struct wpool_attrs defaults = WPOOL_ATTRS_INIT;
	const char *fault;
	int ret;

	attrs = attrs ?: &defaults;
	slots_init(pool, attrs_capacity(attrs, pool->name));
	fault = attrs_fault(attrs, pool_capacity(pool));
	if (fault) {
		pr_err("%s: bad attributes: %s\n", pool->name, fault);
		return -EINVAL;
	}
	note_min_workers(pool, attrs);
	/* The pool always keeps one, so that no task depends on the making of a thread. */
	pool->conf.min_workers = attrs->flags & WPOOL_PREALLOC ?
			    WPOOL_MAX_CAPACITY : max(attrs->min_workers, 1U);
	pool->conf.queue_depth = attrs_depth(attrs);
	pool->conf.full = attrs->full;
	pool->conf.max_blocked = attrs->max_blocked;
	pool->conf.idle_timeout_ms = attrs->idle_timeout_ms ?: WPOOL_DEFAULT_IDLE_MS;
	pool->conf.spin_us = attrs->spin_us;
	pool->conf.watchdog_ms = attrs->watchdog_ms;
	pool->conf.flags = attrs_flags(attrs, pool->name);
	pool->conf.latency = !!(pool->conf.flags & WPOOL_LATENCY);
	pool->conf.capacity = pool_capacity(pool);
	pool->conf.percent = attrs->capacity_percent;
	pool->conf.policy = attrs->policy;
	pool->conf.rt_priority = attrs->rt_priority;
	pool->conf.node = attrs->node ? attrs->node - 1 : NUMA_NO_NODE;
	pool->conf.ops = attrs->ops;
	pool->conf.priv = attrs->priv;
	pool_watch(pool, WATCH_TIMES, pool->conf.latency);
	pool_watch(pool, WATCH_WORKER, pool->conf.flags & WPOOL_FREEZABLE);
	ret = claim_init(pool, attrs->nice, cpus ?: attrs->cpumask);
	if (!ret && pool->conf.latency)
		ret = latency_start(pool);
	return ret;
}

/**
 * attrs_free() - free what attrs_apply() has made
 * @pool: has come to its end, for good; or there was nothing but attrs_apply()
 *
 * Context: Process context; may sleep.
 */
void attrs_free(struct wpool *pool)
{
	latency_stop(pool);
	claim_free(pool);
}

/*
 * From here on an administrator changes them, of a pool that works. They are written under
 * pool->lock; a thread that reads them without it gets one value or the other. Return: 0, or with
 * nothing changed -EINVAL, or what is said below. Context: Any, unless it says so.
 */
static int change(struct wpool *pool, unsigned int *number, unsigned int value)
{
	unsigned long flags;
	int ret = 0;

	pool_lock(pool, flags);
	inbox_shut(pool);
	/* To tell the tasks before from those after, which have a time. */
	if (number == &pool->conf.latency && value > *number && !flush_renew(pool))
		ret = -EBUSY;
	else
		WRITE_ONCE(*number, value);
	pool_watch(pool, WATCH_TIMES, pool->conf.latency);
	pool_mark(pool, MARK_MANAGER);
	pool_unlock(pool, flags);
	return ret;
}

/* How long threads spin before they sleep. A spin that has begun ends when it would have. */
int attrs_set_spin(struct wpool *pool, unsigned int us)
{
	return us > WPOOL_MAX_SPIN_US ? -EINVAL : change(pool, &pool->conf.spin_us, us);
}

/*
 * How long a worker idles before it leaves; not 0. Workers that idle already may have done so for
 * longer: the manager looks at them.
 */
int attrs_set_idle_timeout(struct wpool *pool, unsigned int ms)
{
	return ms ? change(pool, &pool->conf.idle_timeout_ms, ms) : -EINVAL;
}

/*
 * How long a task may run unreported; 0 is for ever. Tasks that run already are watched, too. The
 * manager looks at them, and goes on looking.
 */
int attrs_set_watchdog(struct wpool *pool, unsigned int ms)
{
	return change(pool, &pool->conf.watchdog_ms, ms);
}

/*
 * Are histograms kept? Without debugfs nobody could look at them: -EOPNOTSUPP. -EBUSY: many threads
 * flush the pool. -ENOMEM. Context: Process context; may sleep.
 */
int attrs_set_latency(struct wpool *pool, unsigned int on)
{
	int ret = on > 1 ? -EINVAL : on && !debugfs_initialized() ? -EOPNOTSUPP : 0;

	if (!ret && on)
		ret = latency_start(pool);
	return ret ?: change(pool, &pool->conf.latency, on);
}
