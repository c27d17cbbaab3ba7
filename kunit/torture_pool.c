// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: a pool's life.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include "torture.h"

static DEFINE_RAW_SPINLOCK(slots_lock);
static struct tort_pool *slots[TORT_POOLS + 1];	/* the last: the default pool */
static atomic_t next_id;

/* --- creation ------------------------------------------------------------- */

static void random_size(struct tort_ctx *ctx, struct wpool_attrs *attrs)
{
	unsigned int capacity = 1 + tort_pick(ctx, TORT_MAX_CAPACITY);

	if (tort_one_in(ctx, 4)) {
		attrs->flags |= WPOOL_ORDERED;
		capacity = 1;
	}
	if (capacity > 1 && tort_one_in(ctx, 4)) {
		attrs->capacity_percent = 50 + tort_pick(ctx, 300);
		return;
	}
	attrs->capacity = capacity;
	attrs->min_workers = tort_pick(ctx, capacity + 1);
	if (attrs->min_workers && tort_one_in(ctx, 4))
		attrs->flags |= WPOOL_MEM_RECLAIM;
}

void tort_random_attrs(struct tort_ctx *ctx, struct wpool_attrs *attrs)
{
	static const int depths[] = {
		WPOOL_QUEUE_HANDOFF, 1, 2, 8, 32, WPOOL_QUEUE_UNBOUNDED
	};
	static const unsigned int flags[] = {
		WPOOL_PREALLOC, WPOOL_FREEZABLE, WPOOL_KEEP_IDLE, WPOOL_LATENCY, WPOOL_RECURSIVE
	};
	unsigned int i;

	random_size(ctx, attrs);
	attrs->queue_depth = depths[tort_pick(ctx, ARRAY_SIZE(depths))];
	attrs->full = tort_pick(ctx, WPOOL_FULL_DISCARD_OLDEST + 1);
	if (attrs->queue_depth == WPOOL_QUEUE_HANDOFF &&
	    attrs->full == WPOOL_FULL_DISCARD_OLDEST)
		attrs->full = WPOOL_FULL_BLOCK;
	if (attrs->full == WPOOL_FULL_BLOCK && tort_one_in(ctx, 3))
		attrs->max_blocked = 1 + tort_pick(ctx, 3);
	attrs->idle_timeout_ms = 1 + tort_pick(ctx, 40);
	attrs->spin_us = tort_one_in(ctx, 3) ? tort_pick(ctx, 100) : 0;
	attrs->watchdog_ms = tort_one_in(ctx, 3) ? 300 + tort_pick(ctx, 700) : 0;
	attrs->nice = tort_pick(ctx, 20);
	if (tort_one_in(ctx, 4))
		attrs->cpumask = cpumask_of(tort_pick(ctx, num_present_cpus()));
	if (tort_one_in(ctx, 4))
		attrs->node = WPOOL_NODE(first_online_node);
	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		if (tort_one_in(ctx, 5))
			attrs->flags |= flags[i];
	}
	if (!tort_one_in(ctx, 4))
		attrs->ops = &tort_hooks;
}

static struct tort_pool *pool_alloc(const struct wpool_attrs *attrs)
{
	struct tort_pool *tp = kzalloc(sizeof(*tp), GFP_KERNEL);
	int i;

	if (!tp)
		return NULL;
	kref_init(&tp->ref);
	tp->attrs = *attrs;
	tp->attrs.priv = tp;
	tp->n = 1;
	raw_spin_lock_init(&tp->size_lock);
	raw_spin_lock_init(&tp->unwaited_lock);
	mutex_init(&tp->order);
	init_rwsem(&tp->set_sem);
	INIT_LIST_HEAD(&tp->unwaited);
	for (i = 0; i < TORT_KEYS; i++)
		mutex_init(&tp->keys[i].order);
	tp->lossy = attrs->full == WPOOL_FULL_DISCARD ||
		    attrs->full == WPOOL_FULL_DISCARD_OLDEST;
	tp->fifo = attrs->flags & WPOOL_ORDERED;
	return tp;
}

static void set_bounds(struct tort_pool *tp)
{
	unsigned int bound = tp->attrs.capacity, i;

	if (tp->attrs.capacity_percent) {
		tp->fixed = true;
		bound = DIV_ROUND_UP(nr_cpu_ids * tp->attrs.capacity_percent, 100);
	} else if (tp->name[0] == 'w') {
		/* Its debugfs file is written to meanwhile, from user space. */
		tp->fixed = true;
		bound = TORT_MAX_CAPACITY;
	}
	for (i = 0; i < tp->n; i++)
		tp->bound[i] = bound;
}

/* May a pool fail to be made? Memory or threads may be denied to it; its CPU may be offline. */
static bool excused(const struct tort_pool *tp, int ret)
{
	return ret == -ENOMEM || ret == -EAGAIN || ret == -EINTR ||
	       (ret == -EINVAL && tp->attrs.cpumask && tort_has_hotplug());
}

static int open_set(struct tort_ctx *ctx, struct tort_pool *tp)
{
	enum wpool_rule rule = tort_pick(ctx, WPOOL_NR_RULES);
	char name[WPOOL_NAME_MAX + 1];
	unsigned int i;

	tp->n = 2 + tort_pick(ctx, TORT_SET_MAX - 1);
	tp->fifo = false;
	if (rule == WPOOL_RULE_CPU)
		tp->attrs.cpumask = NULL;
	tp->set = wpool_set_create(tp->name, &tp->attrs, tp->n, rule);
	if (IS_ERR(tp->set))
		return PTR_ERR(tp->set);
	for (i = 0; i < tp->n; i++) {
		snprintf(name, sizeof(name), "%.20s.%u", tp->name, i);
		tp->pools[i] = wpool_find(name);
		if (!tort_check(tp->pools[i], "%s: not found", name))
			return -ENOENT;
	}
	tort_count(TORT_CREATE_SET);
	return 0;
}

static int open_pool(struct tort_ctx *ctx, struct tort_pool *tp)
{
	struct wpool *pool;

	pool = wpool_create(tp->name, &tp->attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tp->pools[0] = wpool_get(pool);
	tort_count(TORT_CREATE);
	return 0;
}

/* With attributes it is for a scene, else random. NULL if it cannot be made. */
struct tort_pool *tort_pool_create(struct tort_ctx *ctx,
				   const struct wpool_attrs *attrs)
{
	struct wpool_attrs own = {};
	struct tort_pool *tp;
	bool writable;
	int ret;

	if (!attrs)
		tort_random_attrs(ctx, &own);
	writable = !attrs && own.capacity > 1 && tort_one_in(ctx, 4);
	tp = pool_alloc(attrs ?: &own);
	if (!tp)
		return NULL;
	tp->id = atomic_inc_return(&next_id);
	snprintf(tp->name, sizeof(tp->name), "%s%u", writable ? "w" : "t", tp->id);
	if (!attrs && tort_one_in(ctx, 6))
		ret = open_set(ctx, tp);
	else
		ret = open_pool(ctx, tp);
	set_bounds(tp);
	if (!ret)
		return tp;
	tort_check(excused(tp, ret), "%s: creation gave %d", tp->name, ret);
	kfree(tp);
	return NULL;
}

struct tort_pool *tort_pool_wrap_default(void)
{
	struct wpool_attrs attrs = WPOOL_ATTRS_INIT;
	struct tort_pool *tp = pool_alloc(&attrs);

	if (!tp)
		return NULL;
	tp->is_default = true;
	tp->fixed = true;
	tp->pools[0] = wpool_get(wpool_default());
	wpool_stats(tp->pools[0], &tp->base);
	tp->bound[0] = tp->base.count[WPOOL_STAT_CAPACITY];
	strscpy(tp->name, "default", sizeof(tp->name));
	slots[TORT_POOLS] = tp;
	return tp;
}

/* --- which pool ------------------------------------------------------------ */

struct tort_pool *tort_pool_get(struct tort_pool *tp)
{
	kref_get(&tp->ref);
	return tp;
}

/* A pool in use; inside a task one that it may wait for. May be NULL. */
struct tort_pool *tort_pool_any(struct tort_ctx *ctx)
{
	unsigned int slot = tort_pick(ctx, 10 * ARRAY_SIZE(slots));
	struct tort_pool *tp;
	unsigned long flags;

	slot = slot < 4 ? TORT_POOLS : slot % TORT_POOLS;
	raw_spin_lock_irqsave(&slots_lock, flags);
	tp = slots[slot];
	if (tp && ctx->frame && tp->id <= ctx->tp->id)
		tp = NULL;
	if (tp)
		tort_pool_get(tp);
	raw_spin_unlock_irqrestore(&slots_lock, flags);
	return tp;
}

/* Puts a pool in a slot. Return: the one that was there. */
struct tort_pool *tort_pool_swap(unsigned int slot, struct tort_pool *tp)
{
	unsigned long flags;
	struct tort_pool *old;

	raw_spin_lock_irqsave(&slots_lock, flags);
	old = slots[slot];
	slots[slot] = tp;
	raw_spin_unlock_irqrestore(&slots_lock, flags);
	return old;
}

void tort_pool_for_each(void (*fn)(struct tort_pool *tp))
{
	struct tort_pool *tp;
	unsigned long flags;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slots); i++) {
		raw_spin_lock_irqsave(&slots_lock, flags);
		tp = slots[i];
		if (tp)
			tort_pool_get(tp);
		raw_spin_unlock_irqrestore(&slots_lock, flags);
		if (!tp)
			continue;
		fn(tp);
		tort_pool_put(tp);
	}
}

struct wpool *tort_pool_pick(struct tort_ctx *ctx, struct tort_pool *tp)
{
	if (tp->n == 1)
		return tp->pools[0];
	/* A task must not wait for its pool's sisters: they might for it. */
	if (ctx->frame && tort_pool_is_current(tp))
		return wpool_current();
	return tp->pools[tort_pick(ctx, tp->n)];
}

bool tort_pool_is_current(const struct tort_pool *tp)
{
	struct wpool *pool = wpool_current();

	if (!pool)
		return false;
	return tp->is_default ? pool == tp->pools[0] : wpool_priv(pool) == tp;
}

/* --- the end ------------------------------------------------------------------ */

/* By now every task has run, or been taken back. */
static void free_unwaited(struct tort_pool *tp)
{
	struct tort_task *tt, *next;

	list_for_each_entry_safe(tt, next, &tp->unwaited, node) {
		tort_check(tp->lossy || READ_ONCE(tt->lossy), "%s: task %p never ran",
			   tp->name, tt);
		list_del(&tt->node);
		tort_task_free(tt);
	}
}

static void pool_release(struct kref *ref)
{
	struct tort_pool *tp = container_of(ref, struct tort_pool, ref);
	unsigned int i;

	tort_pool_check_rest(tp);
	free_unwaited(tp);
	for (i = 0; i < tp->n; i++)
		wpool_put(tp->pools[i]);
	OPTIMIZER_HIDE_VAR(tp);	/* GCC 12 for s390x takes its first member for all of it */
	memset(tp, 0x6b, sizeof(*tp));
	kfree(tp);
}

/* Not from interrupts: they have those of their consumer. */
void tort_pool_put(struct tort_pool *tp)
{
	kref_put(&tp->ref, pool_release);
}

static void check_over(struct tort_pool *tp, struct wpool *pool)
{
	struct wpool_stats stats;
	struct wpool *found = wpool_find(wpool_name(pool));

	wpool_stats(pool, &stats);
	tort_check(stats.state == WPOOL_STATE_TERMINATED, "%s: destroyed, state %d",
		   tp->name, stats.state);
	tort_check(!stats.count[WPOOL_STAT_WORKERS], "%s: destroyed, %llu workers",
		   tp->name, stats.count[WPOOL_STAT_WORKERS]);
	tort_check(!found || READ_ONCE(tp->raced), "%s: destroyed, still found", tp->name);
	wpool_put(found);
}

/* Threads that are inside must come out, so that is when they learn of it. */
static int destroy_set(struct tort_pool *tp)
{
	struct wpool_set *set = tp->set;

	wpool_set_shutdown(set);
	down_write(&tp->set_sem);
	tp->set = NULL;
	up_write(&tp->set_sem);
	return wpool_set_destroy(set);
}

/* Drops the creator's reference. */
void tort_pool_destroy(struct tort_pool *tp)
{
	struct tort_mark mark;
	unsigned int i;
	int ret;

	WRITE_ONCE(tp->closing, true);
	tort_begin(NULL, &mark, tp, ACT_DESTROY);
	if (tp->set)
		ret = destroy_set(tp);
	else if (tp->is_default)
		ret = 0, wpool_drain(tp->pools[0]);
	else
		ret = wpool_destroy(tp->pools[0]);
	tort_end(NULL, &mark);
	tort_check(!ret || (ret == -ESHUTDOWN && READ_ONCE(tp->raced)),
		   "%s: destroy gave %d", tp->name, ret);
	for (i = 0; i < tp->n && !tp->is_default; i++)
		check_over(tp, tp->pools[i]);
	tort_count(TORT_DESTROY);
	tort_pool_put(tp);
}
