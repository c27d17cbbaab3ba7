// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what must hold of a pool at any time, and at rest.
 */
#include <linux/module.h>
#include "torture.h"

u64 tort_stat(struct wpool *pool, enum wpool_stat which)
{
	struct wpool_stats stats;

	wpool_stats(pool, &stats);
	return stats.count[which];
}

/* --- how many at once ------------------------------------------------------- */

/*
 * A task has begun. Exact: the bound is raised before the pool is resized, and
 * lowered only when no more workers are left than that.
 */
void tort_pool_enter(struct tort_pool *tp, bool counted)
{
	unsigned int bound = 0, running, i;
	unsigned long flags;

	if (!counted)
		return;
	raw_spin_lock_irqsave(&tp->size_lock, flags);
	running = ++tp->running;
	for (i = 0; i < tp->n; i++)
		bound += tp->bound[i];
	raw_spin_unlock_irqrestore(&tp->size_lock, flags);
	tort_check(running <= bound, "%s: %u tasks run, of at most %u",
		   tp->name, running, bound);
}

void tort_pool_leave(struct tort_pool *tp, bool counted)
{
	unsigned long flags;

	if (!counted)
		return;
	raw_spin_lock_irqsave(&tp->size_lock, flags);
	tp->running--;
	raw_spin_unlock_irqrestore(&tp->size_lock, flags);
}

/* Context: size_lock held. */
static void check_size(struct tort_pool *tp, unsigned int i)
{
	struct wpool_stats stats;
	const u64 *count = stats.count;

	wpool_stats(tp->pools[i], &stats);
	if (count[WPOOL_STAT_BLOCKED] && tp->attrs.full == WPOOL_FULL_BLOCK)
		tort_count(TORT_FULL_BLOCK);
	tort_check(count[WPOOL_STAT_WORKERS] <= tp->bound[i],
		   "%s: %llu workers, of at most %u", tp->name,
		   count[WPOOL_STAT_WORKERS], tp->bound[i]);
	tort_check(count[WPOOL_STAT_COMPLETED] + count[WPOOL_STAT_CANCELLED] +
		   count[WPOOL_STAT_DROPPED] + count[WPOOL_STAT_OOPSED] <=
		   count[WPOOL_STAT_SUBMITTED], "%s: more ended than submitted",
		   tp->name);
	if (!tp->fixed && count[WPOOL_STAT_WORKERS] <= count[WPOOL_STAT_CAPACITY])
		tp->bound[i] = count[WPOOL_STAT_CAPACITY];
}

/* Any context. */
void tort_pool_resize(struct tort_ctx *ctx)
{
	struct tort_pool *tp = ctx->tp;
	unsigned int i = tort_pick(ctx, tp->n), capacity;
	struct tort_mark mark;
	unsigned long flags;
	int ret;

	if (tp->fixed || tp->attrs.flags & WPOOL_ORDERED)
		return;
	capacity = 1 + tort_pick(ctx, TORT_MAX_CAPACITY);
	raw_spin_lock_irqsave(&tp->size_lock, flags);
	check_size(tp, i);
	tp->bound[i] = max(tp->bound[i], capacity);
	tort_begin(ctx, &mark, tp, ACT_RESIZE);
	ret = wpool_resize(tp->pools[i], capacity);
	tort_end(ctx, &mark);
	check_size(tp, i);
	raw_spin_unlock_irqrestore(&tp->size_lock, flags);
	tort_check(!ret || (ret == -ESHUTDOWN && READ_ONCE(tp->closing)),
		   "%s: resize to %u gave %d", tp->name, capacity, ret);
	tort_count(TORT_RESIZE);
}

/* --- accounts ---------------------------------------------------------------- */

static u64 sum(const struct tort_pool *tp, enum wpool_stat which)
{
	u64 total = 0;
	unsigned int i;

	for (i = 0; i < tp->n; i++)
		total += tort_stat(tp->pools[i], which);
	return total - tp->base.count[which];
}

/* 56: states only go forward, but for a restart. */
static void check_state(struct tort_pool *tp, struct wpool *pool)
{
	s64 reopenings = atomic64_read(&tp->reopenings);
	struct wpool_stats first, second;

	if (atomic_read(&tp->restarters))
		return;
	wpool_stats(pool, &first);
	wpool_stats(pool, &second);
	/* Nobody was about to when we began, and nobody has begun to since. */
	if (reopenings == atomic64_read(&tp->reopenings))
		tort_check(first.state <= second.state, "%s: state %d after %d",
			   tp->name, second.state, first.state);
}

/* What must hold at any time. Any context. */
void tort_pool_sample(struct tort_pool *tp)
{
	u64 completed = sum(tp, WPOOL_STAT_COMPLETED);
	u64 returned = atomic64_read(&tp->returned);
	unsigned long flags;
	unsigned int i;

	tort_check(completed <= returned, "%s: %llu completed, %llu have returned",
		   tp->name, completed, returned);
	raw_spin_lock_irqsave(&tp->size_lock, flags);
	for (i = 0; i < tp->n; i++)
		check_size(tp, i);
	raw_spin_unlock_irqrestore(&tp->size_lock, flags);
	check_state(tp, tp->pools[0]);
}

static void check_equal(struct tort_pool *tp, const char *what, u64 have, u64 want)
{
	tort_check(have == want, "%s: %s: %llu, should be %llu", tp->name, what,
		   have, want);
}

/* At its end: not one that was opened again, though its last worker has just died. */
static bool is_over(struct tort_pool *tp)
{
	struct wpool_stats stats;
	unsigned int i;

	for (i = 0; i < tp->n; i++) {
		wpool_stats(tp->pools[i], &stats);
		if (stats.state != WPOOL_STATE_TERMINATED)
			return false;
	}
	return true;
}

static void check_hooks(struct tort_pool *tp)
{
	u64 in_workers = sum(tp, WPOOL_STAT_COMPLETED) - sum(tp, WPOOL_STAT_CALLER_RUNS);
	s64 terminated;

	if (!tp->attrs.ops)
		return;
	check_equal(tp, "task_end", atomic64_read(&tp->task_end), in_workers);
	check_equal(tp, "task_begin", atomic64_read(&tp->task_begin),
		    atomic64_read(&tp->task_end) + sum(tp, WPOOL_STAT_OOPSED));
	if (is_over(tp))
		check_equal(tp, "worker_start", atomic64_read(&tp->worker_start),
			    sum(tp, WPOOL_STAT_CREATED));
	check_equal(tp, "task_oops", atomic64_read(&tp->task_oops),
		    sum(tp, WPOOL_STAT_OOPSED));
	if (!is_over(tp))
		return;
	check_equal(tp, "worker_stop", atomic64_read(&tp->worker_stop),
		    sum(tp, WPOOL_STAT_CREATED));
	terminated = atomic64_read(&tp->terminated) - tp->n;
	tort_check(terminated >= atomic64_read(&tp->reopened) &&
		   terminated <= atomic64_read(&tp->reopenings),
		   "%s: opened again %lld times, terminated %lld times more", tp->name,
		   atomic64_read(&tp->reopened), terminated);
}

/* Nobody submits, nothing waits, nothing runs. */
void tort_pool_check_rest(struct tort_pool *tp)
{
	u64 submitted = sum(tp, WPOOL_STAT_SUBMITTED);
	u64 accepted = atomic64_read(&tp->accepted);

	tort_check(submitted >= accepted &&
		   submitted <= accepted + atomic64_read(&tp->unsure),
		   "%s: %llu submitted, %llu were accepted, perhaps %llu more",
		   tp->name, submitted, accepted, atomic64_read(&tp->unsure));
	check_equal(tp, "completed", sum(tp, WPOOL_STAT_COMPLETED),
		    atomic64_read(&tp->returned));
	check_equal(tp, "oopsed", sum(tp, WPOOL_STAT_OOPSED),
		    atomic64_read(&tp->died));
	check_equal(tp, "caller_runs", sum(tp, WPOOL_STAT_CALLER_RUNS),
		    atomic64_read(&tp->in_caller));
	check_equal(tp, "balance", sum(tp, WPOOL_STAT_COMPLETED) +
		    sum(tp, WPOOL_STAT_CANCELLED) + sum(tp, WPOOL_STAT_DROPPED) +
		    sum(tp, WPOOL_STAT_OOPSED), submitted);
	if (sum(tp, WPOOL_STAT_OVERDUE))
		tort_count(TORT_OVERDUE);
	if (sum(tp, WPOOL_STAT_DROPPED))
		tort_count(tp->attrs.full == WPOOL_FULL_DISCARD ?
			   TORT_FULL_DISCARD : TORT_FULL_DISCARD_OLDEST);
	check_equal(tp, "queued", sum(tp, WPOOL_STAT_QUEUED), 0);
	check_equal(tp, "delayed", sum(tp, WPOOL_STAT_DELAYED), 0);
	check_equal(tp, "running", sum(tp, WPOOL_STAT_RUNNING), 0);
	check_equal(tp, "blocked", sum(tp, WPOOL_STAT_BLOCKED), 0);
	check_hooks(tp);
}
