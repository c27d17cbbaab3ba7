// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: a pool's hooks. They are counted, as they must be paired whatever happens;
 * and in an arena they sleep, die, or call what they may.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include "torture_arena.h"

/* NULL, or why it is left out. */
const char *tort_hook_why_not(enum tort_hook hook, enum tort_mood mood)
{
	if (mood == TORT_MOOD_DIES && !tort_kill)
		return "nobody is to die";
	if (mood == TORT_MOOD_DIES && (hook == TORT_HOOK_TASK_OOPS || hook == TORT_HOOK_TERMINATED))
		return "it would cost its pool";
	return NULL;
}

static int empty(void *arg)
{
	return 0;
}

/* To another pool, whatever it takes. */
static void call_other(struct tort_ctx *ctx)
{
	struct wpool_attrs attrs = { .capacity = 1 + tort_pick(ctx, 2) };
	struct tort_pool *tp = tort_pool_create(ctx, &attrs);
	struct wpool *pool;

	if (!tp)
		return;
	pool = tp->pools[0];
	atomic64_inc(&tp->unsure);
	if (wpool_run(pool, empty, NULL) >= 0)
		atomic64_inc(&tp->returned);
	wpool_prestart(pool, 1);
	wpool_flush(pool);
	wpool_shutdown(pool);
	tp->closing = true;
	wpool_await_termination(pool, MAX_SCHEDULE_TIMEOUT);
	tort_restart(ctx, tp, pool);
	tort_pool_destroy(tp);
}

/* To its own: what does not wait for a worker. */
static void call_own(struct tort_ctx *ctx)
{
	static const enum tort_act acts[] = {
		ACT_TRY, ACT_TRY_FN, ACT_TRY_FN, ACT_DELAYED, ACT_CANCEL, ACT_CANCEL_DELAYED,
		ACT_MODIFY_DELAYED, ACT_RESIZE, ACT_PAUSE, ACT_PRESTART, ACT_SHUTDOWN,
		ACT_SHUTDOWN_NOW,
	};
	enum tort_act act = acts[tort_pick(ctx, ARRAY_SIZE(acts))];

	if (tort_act_possible(ctx->tp, act, ACT_INSIDE | tort_arena_ends(ctx->tp)))
		tort_deeds[act].fn(ctx, act);
	else
		tort_pool_sample(ctx->tp);
}

static void hook_calls(struct tort_ctx *ctx)
{
	if (tort_one_in(ctx, 3))
		call_other(ctx);
	else
		call_own(ctx);
}

/* What makes the most of what is in flight; TORT_NR_MOODS is none. */
static enum tort_mood choose_mood(struct tort_pool *tp, enum tort_hook hook)
{
	unsigned int moods = READ_ONCE(tp->moods[hook]), gain, most = 0;
	enum tort_mood mood, best = TORT_NR_MOODS;
	DECLARE_BITMAP(seen, NR_FLIGHTS);

	if (!moods || tort_tame() ||
	    (!READ_ONCE(tp->arena->duel) && atomic_read(&tp->arena->beats) % 3 == 0))
		return TORT_NR_MOODS;
	tort_in_flight(tp, seen);
	for (mood = 0; mood < TORT_NR_MOODS; mood++) {
		if (!(moods & BIT(mood)) ||
		    (mood == TORT_MOOD_DIES &&
		     !tort_duel_may_die(tp, tort_hook_act(hook, mood))))
			continue;
		gain = 1 + tort_wanted(tort_hook_act(hook, mood), seen);
		if (gain > most) {
			most = gain;
			best = mood;
		}
	}
	return best;
}

static void act(struct tort_pool *tp, enum tort_hook hook)
{
	enum tort_mood mood = choose_mood(tp, hook);
	struct tort_frame frame;
	struct tort_mark mark;

	if (mood == TORT_NR_MOODS)
		return;
	tort_hook_begin(&frame, tp);
	if (mood == TORT_MOOD_DIES && !tort_hook_may_die(&frame, hook)) {
		tort_hook_end(&frame);
		return;
	}
	tort_begin(&frame.ctx, &mark, tp, tort_hook_act(hook, mood));
	switch (mood) {
	case TORT_MOOD_SLEEPS:
		tort_arena_hold(&frame.ctx);
		break;
	case TORT_MOOD_DIES:
		tort_arena_hold(&frame.ctx);
		tort_hook_dies(&frame, hook);
		break;
	default:
		hook_calls(&frame.ctx);
	}
	tort_end(&frame.ctx, &mark);
	tort_hook_end(&frame);
}

/* May a task end without its function having had a say in it? */
bool tort_hooks_kill(const struct tort_pool *tp)
{
	return READ_ONCE(tp->hooks_die) & (BIT(TORT_HOOK_TASK_BEGIN) | BIT(TORT_HOOK_TASK_END));
}

/* Is it a reason why workers are missing: no memory, or they die as they start? */
bool tort_no_worker(const struct tort_pool *tp, int ret)
{
	return ret == -ENOMEM ||
	       (ret == -EOWNERDEAD && READ_ONCE(tp->hooks_die) & BIT(TORT_HOOK_WORKER_START));
}

static void hook_worker_start(struct wpool *pool)
{
	struct tort_pool *tp = wpool_priv(pool);

	atomic64_inc(&tp->worker_start);
	act(tp, TORT_HOOK_WORKER_START);
}

static void hook_worker_stop(struct wpool *pool)
{
	struct tort_pool *tp = wpool_priv(pool);

	atomic64_inc(&tp->worker_stop);
	act(tp, TORT_HOOK_WORKER_STOP);
}

static void hook_task_begin(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct tort_pool *tp = wpool_priv(pool);

	tort_check(fn == tort_fn || fn == empty, "%s: task_begin of %ps", tp->name, fn);
	atomic64_inc(&tp->task_begin);
	act(tp, TORT_HOOK_TASK_BEGIN);
}

static void hook_task_end(struct wpool *pool, wpool_fn_t fn, void *arg, int result)
{
	struct tort_pool *tp = wpool_priv(pool);

	atomic64_inc(&tp->task_end);
	act(tp, TORT_HOOK_TASK_END);
}

static void hook_task_oops(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct tort_pool *tp = wpool_priv(pool);

	atomic64_inc(&tp->task_oops);
	act(tp, TORT_HOOK_TASK_OOPS);
}

static void hook_terminated(struct wpool *pool)
{
	struct tort_pool *tp = wpool_priv(pool);

	atomic64_inc(&tp->terminated);
	act(tp, TORT_HOOK_TERMINATED);
}

const struct wpool_ops tort_hooks = {
	.worker_start	= hook_worker_start,
	.worker_stop	= hook_worker_stop,
	.task_begin	= hook_task_begin,
	.task_end	= hook_task_end,
	.task_oops	= hook_task_oops,
	.terminated	= hook_terminated,
};
