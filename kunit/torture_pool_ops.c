// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what a consumer thread does to pools, and to the other threads.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "torture.h"
#include "torture_arena.h"

static void call_sample(struct tort_ctx *ctx)
{
	tort_pool_sample(ctx->tp);
	tort_count(TORT_STATS);
}

static void op_sample(struct tort_ctx *ctx)
{
	tort_anywhere(ctx, call_sample);
}

static void op_resize(struct tort_ctx *ctx)
{
	tort_anywhere(ctx, tort_pool_resize);
}

static void call_pause(struct tort_ctx *ctx)
{
	unsigned int i;

	atomic_inc(&ctx->tp->paused);
	for (i = 0; i < ctx->tp->n; i++)
		wpool_pause(ctx->tp->pools[i]);
	tort_count(TORT_PAUSE);
}

static void call_resume(struct tort_ctx *ctx)
{
	unsigned int i;

	for (i = 0; i < ctx->tp->n; i++)
		wpool_resume(ctx->tp->pools[i]);
	atomic_dec(&ctx->tp->paused);
}

void tort_pause(struct tort_ctx *ctx)
{
	struct tort_mark mark;

	tort_begin(ctx, &mark, ctx->tp, ACT_PAUSE);
	tort_anywhere(ctx, call_pause);
	if (ctx->tp->arena)
		tort_arena_hold(ctx);
	else
		tort_nap(ctx, 3);
	tort_anywhere(ctx, call_resume);
	tort_end(ctx, &mark);
}

static void op_pause(struct tort_ctx *ctx)
{
	if (!ctx->tp->is_default)
		tort_pause(ctx);
}

void tort_prestart(struct tort_ctx *ctx)
{
	unsigned int n = tort_pick(ctx, TORT_MAX_CAPACITY);
	struct tort_mark mark;
	int ret;

	tort_begin(ctx, &mark, ctx->tp, ACT_PRESTART);
	ret = wpool_prestart(tort_pool_pick(ctx, ctx->tp), n);
	tort_end(ctx, &mark);
	tort_check(ret >= 0 || ret == -EBUSY || tort_no_worker(ctx->tp, ret) ||
		   (ctx->frame && ret == -EDEADLK) ||
		   (ret == -ESHUTDOWN && READ_ONCE(ctx->tp->closing)),
		   "%s: prestart of %u gave %d", ctx->tp->name, n, ret);
	tort_count(TORT_PRESTART);
}

/* --- all of a pool's tasks ----------------------------------------------------------- */

/* What was accepted before a flush has ended after it. */
static void op_flush(struct tort_ctx *ctx)
{
	struct wpool *pool = tort_pool_pick(ctx, ctx->tp);
	bool drain = tort_one_in(ctx, 4);
	struct tort_task *tts[4];
	unsigned int i, n;

	for (n = 0; n < ARRAY_SIZE(tts); n++) {
		tts[n] = tort_task_new(ctx, ctx->tp, TORT_TASK_PLAIN, GFP_KERNEL);
		if (!tts[n])
			break;
		tts[n]->resubmits = 0;
		tts[n]->pool = pool;
		tort_submit(ctx, tts[n], tort_one_in(ctx, 2) ? TORT_TRY_SCHEDULE :
			    TORT_SCHEDULE);
	}
	tort_flush(ctx, pool, drain);
	for (i = 0; i < n; i++) {
		tort_check(!wpool_task_queued(&tts[i]->task) &&
			   !wpool_task_running(&tts[i]->task),
			   "%s: %s left a task behind", ctx->tp->name,
			   drain ? "drain" : "flush");
		tort_task_put(tts[i]);
	}
}

/* --- life and death of pools ------------------------------------------------------------ */

static void call_shutdown(struct tort_ctx *ctx)
{
	struct tort_mark mark;
	unsigned int i;

	tort_begin(ctx, &mark, ctx->tp, ACT_SHUTDOWN);
	for (i = 0; i < ctx->tp->n; i++)
		wpool_shutdown(ctx->tp->pools[i]);
	tort_end(ctx, &mark);
}

/**
 * tort_shutdown_now() - shut a pool down at once
 * @ctx: of the caller
 * @tp: the pool
 * @unrun: as for wpool_shutdown_now(), of a pool that is no set
 *
 * Return: as wpool_shutdown_now()
 */
unsigned int tort_shutdown_now(struct tort_ctx *ctx, struct tort_pool *tp,
			       struct list_head *unrun)
{
	unsigned int i, n = 0;
	struct tort_mark mark;

	WRITE_ONCE(tp->closing, true);
	WRITE_ONCE(tp->lossy, true);
	tort_begin(ctx, &mark, tp, ACT_SHUTDOWN_NOW);
	for (i = 0; i < tp->n; i++)
		n += wpool_shutdown_now(tp->pools[i], unrun);
	tort_end(ctx, &mark);
	tort_count(TORT_SHUTDOWN_NOW);
	return n;
}

void tort_shutdown(struct tort_ctx *ctx, struct tort_pool *tp)
{
	struct tort_pool *own = ctx->tp;

	WRITE_ONCE(tp->closing, true);
	ctx->tp = tp;
	tort_anywhere(ctx, call_shutdown);
	ctx->tp = own;
	tort_count(TORT_SHUTDOWN);
}

static void shut_down(struct tort_ctx *ctx, struct tort_pool *tp)
{
	if (tort_one_in(ctx, 3))
		tort_shutdown_now(ctx, tp, NULL);
	else
		tort_shutdown(ctx, tp);
}

static bool is_terminated(struct wpool *pool)
{
	struct wpool_stats stats;

	wpool_stats(pool, &stats);
	return stats.state == WPOOL_STATE_TERMINATED;
}

/* It may have been closed by others, or opened. */
void tort_restart(struct tort_ctx *ctx, struct tort_pool *tp, struct wpool *pool)
{
	struct tort_mark mark;
	s64 reopenings;
	bool sure;
	int ret;

	tort_duel_before(tp, ACT_RESTART);
	/* In this order, see check_state(). */
	atomic_inc(&tp->restarters);
	reopenings = atomic64_inc_return(&tp->reopenings);
	/* Terminated while it was looked at what is in flight. */
	sure = is_terminated(pool);
	tort_begin_maybe(ctx, &mark, tp, ACT_RESTART);
	sure = sure && is_terminated(pool) && reopenings == atomic64_read(&tp->reopenings);
	ret = wpool_restart(pool);
	tort_end_maybe(ctx, &mark, sure && !ret);
	atomic_dec(&tp->restarters);
	if (!ret)
		atomic64_inc(&tp->reopened);
	tort_check(!ret || ret == -EBUSY || ret == -ESHUTDOWN || tort_no_worker(tp, ret),
		   "%s: restart gave %d", tp->name, ret);
	if (!ret)
		tort_count(TORT_RESTART);
}

int tort_await(struct tort_ctx *ctx, struct tort_pool *tp, struct wpool *pool)
{
	unsigned long timeout = tort_pick(ctx, 20), began = jiffies;
	struct tort_mark mark;
	int ret;

	tort_begin(ctx, &mark, tp, ACT_AWAIT);
	ret = wpool_await_termination(pool, timeout);
	tort_end(ctx, &mark);
	tort_check(!ret || (ret == -ETIMEDOUT && jiffies - began >= timeout),
		   "%s: await gave %d after %lu of %lu", tp->name, ret,
		   jiffies - began, timeout);
	tort_count(TORT_AWAIT);
	return ret;
}

static void op_shutdown(struct tort_ctx *ctx)
{
	struct tort_pool *tp = ctx->tp;
	unsigned int i;

	if (tp->is_default)
		return;
	shut_down(ctx, tp);
	for (i = 0; i < tp->n; i++) {
		if (!tort_await(ctx, tp, tp->pools[i]))
			tort_restart(ctx, tp, tp->pools[i]);
	}
}

/* The owner of a pool: another pool takes its place, whichever threads use it. */
static void op_replace(struct tort_ctx *ctx)
{
	struct tort_pool *tp = tort_pool_create(ctx, NULL);

	if (!tp)
		return;
	tp = tort_pool_swap(tort_pick(ctx, TORT_POOLS), tp);
	if (!tp)
		return;
	if (tort_one_in(ctx, 2))
		shut_down(ctx, tp);
	tort_pool_destroy(tp);
}

/* A thread with a reference of its own destroys it too, or first. */
void tort_destroy_race(struct tort_ctx *ctx)
{
	struct tort_pool *tp = ctx->tp;
	struct tort_mark mark;
	int ret;

	if (tp->is_default || tp->n > 1)
		return;
	WRITE_ONCE(tp->raced, true);
	WRITE_ONCE(tp->closing, true);
	tort_begin(ctx, &mark, tp, ACT_DESTROY);
	ret = wpool_destroy(tp->pools[0]);
	tort_end(ctx, &mark);
	tort_check(!ret || ret == -ESHUTDOWN, "%s: destroy gave %d", tp->name, ret);
	tort_count(TORT_DESTROY_RACE);
}

static void op_find(struct tort_ctx *ctx)
{
	struct tort_pool *tp = ctx->tp;
	struct wpool *pool;

	if (tp->n > 1)
		return;
	pool = wpool_find(tp->name);
	tort_check(pool == tp->pools[0] || (!pool && READ_ONCE(tp->closing)),
		   "%s: not found", tp->name);
	wpool_put(pool);
	tort_count(TORT_FIND);
}

/* --- other threads -------------------------------------------------------------------------- */

/* Only what waits for room takes notice. */
static void op_kill(struct tort_ctx *ctx)
{
	struct tort_thread *victim = tort_any_thread(ctx);

	if (victim == ctx->thread || !READ_ONCE(victim->killable))
		return;
	send_sig(SIGKILL, victim->task, 1);
	tort_count(TORT_KILL);
}

const struct tort_op tort_pool_ops[] = {
	{ "stats",		op_sample,		6 },
	{ "resize",		op_resize,		4 },
	{ "pause",		op_pause,		2 },
	{ "prestart",		tort_prestart,		1 },
	{ "setting",		tort_setting,		2 },
	{ "flush",		op_flush,		4 },
	{ "shutdown",		op_shutdown,		1 },
	{ "replace",		op_replace,		3 },
	{ "destroy",		tort_destroy_race,	1 },
	{ "find",		op_find,		1 },
	{ "kill",		op_kill,		2 },
	{ }
};
