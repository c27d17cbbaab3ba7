// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what is done in an arena, an act each.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture_arena.h"

/* --- submitting -------------------------------------------------------------- */

static void call_submit(struct tort_ctx *ctx)
{
	ctx->ret = tort_submit(ctx, ctx->tt, ctx->way);
}

static enum tort_kind kind_of(enum tort_act act)
{
	switch (act) {
	case ACT_TRY:
		return TORT_TRY_SCHEDULE;
	case ACT_TIMEOUT:
		return TORT_SCHEDULE_TIMEOUT;
	case ACT_FN:
		return TORT_SCHEDULE_FN;
	case ACT_TRY_FN:
		return TORT_TRY_SCHEDULE_FN;
	case ACT_KEYED:
		return TORT_KEYED;
	case ACT_DELAYED:
		return TORT_DELAYED;
	default:
		return TORT_SCHEDULE;
	}
}

static int submit(struct tort_ctx *ctx, struct tort_task *tt, enum tort_act act)
{
	bool outer = ctx->submitting;
	int ret;

	ctx->tt = tt;
	ctx->way = kind_of(act);
	ctx->submitting = true;
	if (act == ACT_TRY || act == ACT_DELAYED)
		tort_anywhere(ctx, call_submit);
	else
		call_submit(ctx);
	ctx->submitting = outer;
	ret = ctx->ret;
	return ret;
}

/* A task that others may find. */
static struct tort_task *new_task(struct tort_ctx *ctx, enum tort_act act)
{
	enum tort_task_kind kind = act == ACT_KEYED ? TORT_TASK_KEYED :
				   act == ACT_DELAYED ? TORT_TASK_DELAYED : TORT_TASK_PLAIN;
	struct tort_task *tt = tort_task_new(ctx, ctx->tp, kind, GFP_KERNEL);

	/* Others may set another delay, and so submit it. */
	if (tt)
		tt->shared = kind == TORT_TASK_DELAYED || tort_one_in(ctx, 3);
	return tt;
}

static void act_task(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_task *tt;

	/* The queue's bound is none for these. */
	if (act == ACT_DELAYED && tort_arena_crowded(ctx->tp))
		return;
	tt = new_task(ctx, act);
	if (!tt)
		return;
	if (submit(ctx, tt, act))
		tort_task_put(tt);
	else
		tort_arena_keep(ctx, tt);
}

static void act_fn(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_task *tt = tort_task_unwaited(ctx, ctx->tp, false, GFP_KERNEL);

	if (tt)
		submit(ctx, tt, act);
}

static void act_batch(struct tort_ctx *ctx, enum tort_act act)
{
	unsigned int i, n, wanted = 1 + tort_pick(ctx, 3);
	struct tort_task *tts[TORT_MANY];
	bool outer = ctx->submitting;
	unsigned int accepted;

	for (n = 0; n < wanted; n++) {
		tts[n] = tort_task_new(ctx, ctx->tp, TORT_TASK_PLAIN, GFP_KERNEL);
		if (!tts[n])
			break;
	}
	ctx->submitting = true;
	accepted = tort_submit_batch(ctx, ctx->tp->pools[0], tts, n);
	ctx->submitting = outer;
	for (i = 0; i < n; i++) {
		if (i < accepted)
			tort_arena_keep(ctx, tts[i]);
		else
			tort_task_put(tts[i]);
	}
}

static void act_run(struct tort_ctx *ctx, enum tort_act act)
{
	/* The first task of the key may wait for this one's group: no circle by way of a group. */
	if (act == ACT_STACK_KEYED && ctx->frame->grouped)
		return;
	/* Within one call, what its submitter runs is not told from what it helps with. */
	if (!ctx->frame || ctx->tp->attrs.full != WPOOL_FULL_CALLER_RUNS ||
	    act == ACT_STACK_TASK || act == ACT_STACK_KEYED)
		tort_run(ctx, act);
}

/* As many as the pool takes. */
void tort_fill(struct tort_ctx *ctx)
{
	unsigned int n;

	for (n = 0; n < 24; n++) {
		struct tort_task *tt = new_task(ctx, ACT_TRY);

		if (!tt)
			return;
		tt->deed = tort_deed_hold;
		if (tort_submit(ctx, tt, TORT_TRY_SCHEDULE)) {
			tort_task_put(tt);
			return;
		}
		tort_arena_keep(ctx, tt);
	}
}

/* Was it the policy that decided? */
static bool by_policy(enum tort_act act, int ret, u64 dropped, bool slept)
{
	switch (act) {
	case ACT_BLOCK:
		return slept;
	case ACT_FAIL:
		return ret == -EAGAIN;
	default:
		return !ret && dropped;
	}
}

static void act_full(struct tort_ctx *ctx, enum tort_act act)
{
	struct wpool *pool = ctx->tp->pools[0];
	struct tort_mark mark;
	struct tort_task *tt;
	u64 dropped;
	int ret;

	/* It must be full when the other is there. */
	if (act != ACT_CALLER_RUNS)
		tort_duel_before(ctx->tp, act);
	tort_fill(ctx);
	tt = new_task(ctx, ACT_SCHEDULE);
	if (!tt)
		return;
	tt->shared = true;	/* waits for no turn of ours */
	/* Counted as it begins. */
	if (act == ACT_CALLER_RUNS) {
		if (submit(ctx, tt, ACT_SCHEDULE))
			tort_task_put(tt);
		else
			tort_arena_keep(ctx, tt);
		return;
	}
	dropped = tort_stat(pool, WPOOL_STAT_DROPPED);
	tort_begin_maybe(ctx, &mark, ctx->tp, act);
	ret = submit(ctx, tt, ACT_SCHEDULE);
	dropped = tort_stat(pool, WPOOL_STAT_DROPPED) - dropped;
	tort_end_maybe(ctx, &mark, by_policy(act, ret, dropped, ctx->slept));
	if (ret)
		tort_task_put(tt);
	else
		tort_arena_keep(ctx, tt);
}

/* --- waiting and taking back ------------------------------------------------------ */

/* One that is there, or one that is made for it. */
static struct tort_task *target(struct tort_ctx *ctx, bool delayed, bool waits)
{
	struct tort_task *tt = NULL;

	if (!tort_one_in(ctx, 4))
		tt = tort_arena_target(ctx, delayed);
	if (tt)
		return tt;
	if (delayed && tort_arena_crowded(ctx->tp))
		return NULL;
	tt = new_task(ctx, delayed ? ACT_DELAYED : ACT_TRY);
	/* What was never submitted may be taken back, too. */
	if (tt && submit(ctx, tt, delayed ? ACT_DELAYED : ACT_TRY) && waits) {
		tort_task_put(tt);
		return NULL;
	}
	return tt;
}

static void call_cancel(struct tort_ctx *ctx)
{
	tort_cancel(ctx, ctx->tt);
}

static void act_target(struct tort_ctx *ctx, enum tort_act act)
{
	bool delayed = act == ACT_CANCEL_DELAYED || act == ACT_MODIFY_DELAYED;
	struct tort_task *tt;
	int result;

	/* A task waits for none but those that it has made. */
	if (ctx->frame && (act == ACT_WAIT_TIMEOUT || act == ACT_CANCEL_SYNC)) {
		tort_wait_inside(ctx, act);
		return;
	}
	tt = target(ctx, delayed, act == ACT_WAIT || act == ACT_WAIT_TIMEOUT);
	if (!tt)
		return;
	switch (act) {
	case ACT_WAIT:
		tort_wait(ctx, tt, &result);
		break;
	case ACT_WAIT_TIMEOUT:
		tort_wait_timeout(ctx, tt);
		break;
	case ACT_CANCEL:
		ctx->tt = tt;
		tort_anywhere(ctx, call_cancel);
		break;
	case ACT_CANCEL_SYNC:
		tort_cancel_sync(ctx, tt);
		break;
	case ACT_CANCEL_DELAYED:
		tort_cancel_delayed(ctx, tt);
		break;
	default:
		tort_modify_delayed(ctx, tt);
	}
	tort_task_put(tt);
}

static void group_submit(struct tort_ctx *ctx, struct tort_group *tg, enum tort_act act,
			 bool lossy)
{
	struct tort_task *tt;

	if (act == ACT_GROUP || (act != ACT_GROUP_FN && tort_one_in(ctx, 2))) {
		tt = new_task(ctx, ACT_GROUP);
		if (!tt)
			return;
		tt->lossy = lossy;
		if (tort_submit_group(ctx, tg, tt))
			tort_task_put(tt);
		else
			tort_arena_keep(ctx, tt);
		return;
	}
	tt = tort_task_unwaited(ctx, ctx->tp, false, GFP_KERNEL);
	if (!tt)
		return;
	tt->lossy = lossy;
	tort_submit_group_fn(ctx, &tg->group, tt);
}

static void act_group(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_group *tg = ctx->frame ? NULL : kzalloc(sizeof(*tg), GFP_KERNEL);
	bool fast = tort_one_in(ctx, 3);
	bool cancel = act == ACT_GROUP_CANCEL || tort_one_in(ctx, 6);
	unsigned int n = 1 + tort_pick(ctx, 3);
	int ret = -ETIMEDOUT;

	if (ctx->frame)
		tort_group_inside(ctx, act);
	if (!tg)
		return;
	if (fast)
		wpool_group_init(&tg->group, WPOOL_GROUP_FAIL_FAST);
	else
		wpool_group_init(&tg->group, 0);
	while (n--)
		group_submit(ctx, tg, act, fast || cancel);
	if (cancel)
		tort_group_cancel(ctx, &tg->group);
	if (act == ACT_GROUP_WAIT_TIMEOUT || tort_one_in(ctx, 3))
		ret = tort_group_wait_timeout(ctx, &tg->group);
	if (ret == -ETIMEDOUT)
		ret = tort_group_wait(ctx, &tg->group);
	memset(tg, 0x6b, sizeof(*tg));
	kfree(tg);
}

static void act_flush(struct tort_ctx *ctx, enum tort_act act)
{
	tort_flush(ctx, ctx->tp->pools[0], act == ACT_DRAIN);
}

static void act_await(struct tort_ctx *ctx, enum tort_act act)
{
	tort_await(ctx, ctx->tp, ctx->tp->pools[0]);
}

/* --- the pool -------------------------------------------------------------------------- */

static void call_resize(struct tort_ctx *ctx)
{
	unsigned int capacity = 1 + tort_pick(ctx, TORT_MAX_CAPACITY);
	struct tort_pool *tp = ctx->tp;
	struct tort_mark mark;
	int ret;

	tort_begin(ctx, &mark, tp, ACT_RESIZE);
	ret = wpool_resize(tp->pools[0], capacity);
	tort_end(ctx, &mark);
	tort_check(!ret || (ret == -ESHUTDOWN && READ_ONCE(tp->closing)),
		   "%s: resize to %u gave %d", tp->name, capacity, ret);
	tort_count(TORT_RESIZE);
}

static void act_resize(struct tort_ctx *ctx, enum tort_act act)
{
	tort_anywhere(ctx, call_resize);
}

static void act_setting(struct tort_ctx *ctx, enum tort_act act)
{
	tort_setting(ctx);
}

static void act_pause(struct tort_ctx *ctx, enum tort_act act)
{
	tort_pause(ctx);
}

static void act_prestart(struct tort_ctx *ctx, enum tort_act act)
{
	tort_prestart(ctx);
}

/* The next thread that comes by opens it again when it has terminated. */
static void act_shutdown(struct tort_ctx *ctx, enum tort_act act)
{
	if (act == ACT_SHUTDOWN)
		tort_shutdown(ctx, ctx->tp);
	else
		tort_shutdown_now(ctx, ctx->tp, NULL);
	tort_arena_hold(ctx);
}

static void act_restart(struct tort_ctx *ctx, enum tort_act act)
{
	struct wpool *pool = ctx->tp->pools[0];
	struct wpool_stats stats;

	wpool_stats(pool, &stats);
	if (stats.state == WPOOL_STATE_RUNNING)
		tort_shutdown(ctx, ctx->tp);
	if (!tort_await(ctx, ctx->tp, pool))
		tort_restart(ctx, ctx->tp, pool);
}

static void act_destroy(struct tort_ctx *ctx, enum tort_act act)
{
	tort_destroy_race(ctx);
}

static void act_hotplug(struct tort_ctx *ctx, enum tort_act act)
{
	if (tort_one_in(ctx, 8))
		tort_hotplug(ctx);
}

/* --- by tasks ------------------------------------------------------------------------------ */

/* Counted as it dies. */
static void act_death(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_task *tt = new_task(ctx, ACT_TRY);

	if (!tt)
		return;
	tt->may_die = tort_kill;
	if (submit(ctx, tt, ACT_TRY))
		tort_task_put(tt);
	else
		tort_arena_keep(ctx, tt);
}

/* A release is counted as it is called. */
static void act_release(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_task *tt = new_task(ctx, act);

	if (!tt)
		return;
	tort_task_releases(tt);
	if (tort_submit(ctx, tt, TORT_TRY_SCHEDULE))
		tort_task_put(tt);
	else
		tort_arena_keep(ctx, tt);
}

/* --- all of them ---------------------------------------------------------------------------- */

#define BOTH	(ACT_OUTSIDE | ACT_INSIDE)

const struct tort_deed tort_deeds[NR_ACTS] = {
	[ACT_SCHEDULE]		= { act_task, BOTH },
	[ACT_TRY]		= { act_task, BOTH | ACT_SHORT },
	[ACT_TIMEOUT]		= { act_task, BOTH },
	[ACT_FN]		= { act_fn, BOTH | ACT_SHORT },
	[ACT_TRY_FN]		= { act_fn, BOTH | ACT_SHORT },
	[ACT_BATCH]		= { act_batch, BOTH },
	[ACT_KEYED]		= { act_task, ACT_OUTSIDE | ACT_SHORT },
	[ACT_DELAYED]		= { act_task, BOTH | ACT_SHORT },
	[ACT_GROUP]		= { act_group, ACT_OUTSIDE | ACT_SHORT },
	[ACT_GROUP_FN]		= { act_group, BOTH | ACT_SHORT },
	[ACT_RUN]		= { act_run, BOTH },
	[ACT_RUN_TIMEOUT]	= { act_run, BOTH },
	[ACT_BLOCK]		= { act_full, ACT_OUTSIDE },
	[ACT_FAIL]		= { act_full, ACT_OUTSIDE | ACT_SHORT },
	[ACT_CALLER_RUNS]	= { act_full, ACT_OUTSIDE },
	[ACT_DISCARD]		= { act_full, ACT_OUTSIDE | ACT_SHORT },
	[ACT_DISCARD_OLDEST]	= { act_full, ACT_OUTSIDE | ACT_SHORT },
	[ACT_WAIT]		= { act_target, ACT_OUTSIDE },
	[ACT_WAIT_INSIDE]	= { tort_wait_inside, ACT_INSIDE },
	[ACT_WAIT_TIMEOUT]	= { act_target, BOTH },
	[ACT_GROUP_WAIT]	= { act_group, ACT_OUTSIDE },
	[ACT_GROUP_WAIT_INSIDE]	= { tort_group_inside, ACT_INSIDE },
	[ACT_GROUP_WAIT_TIMEOUT] = { act_group, BOTH },
	[ACT_FLUSH]		= { act_flush, ACT_OUTSIDE },
	[ACT_DRAIN]		= { act_flush, ACT_OUTSIDE },
	[ACT_AWAIT]		= { act_await, ACT_OUTSIDE },
	[ACT_CANCEL]		= { act_target, BOTH | ACT_SHORT },
	[ACT_CANCEL_SYNC]	= { act_target, BOTH },
	[ACT_CANCEL_DELAYED]	= { act_target, BOTH | ACT_SHORT },
	[ACT_MODIFY_DELAYED]	= { act_target, BOTH | ACT_SHORT },
	[ACT_GROUP_CANCEL]	= { act_group, BOTH | ACT_SHORT },
	[ACT_RESIZE]		= { act_resize, BOTH | ACT_SHORT },
	[ACT_PAUSE]		= { act_pause, BOTH },
	[ACT_PRESTART]		= { act_prestart, BOTH | ACT_SHORT },
	[ACT_SETTING]		= { act_setting, ACT_OUTSIDE | ACT_SHORT },
	[ACT_SHUTDOWN]		= { act_shutdown, BOTH | ACT_ENDS },
	[ACT_SHUTDOWN_NOW]	= { act_shutdown, BOTH | ACT_ENDS },
	[ACT_RESTART]		= { act_restart, ACT_OUTSIDE | ACT_ENDS },
	[ACT_DESTROY]		= { act_destroy, ACT_OUTSIDE | ACT_ENDS },
	[ACT_HOTPLUG]		= { act_hotplug, ACT_OUTSIDE },
	[ACT_BACK_WAIT]		= { tort_back, ACT_OUTSIDE | ACT_ENDS },
	[ACT_BACK_CANCEL]	= { tort_back, ACT_OUTSIDE | ACT_ENDS },
	[ACT_BACK_FREE]		= { tort_back, ACT_OUTSIDE | ACT_ENDS },
	[ACT_BACK_SUBMIT]	= { tort_back, ACT_OUTSIDE | ACT_ENDS },
	[ACT_STACK_TASK]	= { act_run, ACT_INSIDE },
	[ACT_STACK_KEYED]	= { act_run, ACT_INSIDE },
	[ACT_STACK_GROUP]	= { tort_stack_group, ACT_INSIDE },
	[ACT_DEPEND]		= { tort_depend, ACT_OUTSIDE },
	[ACT_RELEASE]		= { act_release, ACT_OUTSIDE | ACT_SHORT },
	[ACT_DEATH]		= { act_death, ACT_OUTSIDE },
};

static bool is_policy(enum tort_act act)
{
	return act >= ACT_BLOCK && act <= ACT_DISCARD_OLDEST;
}

/* By hotplug, or as one at a time it is. */
static bool has_size(const struct tort_pool *tp)
{
	return tp->attrs.capacity_percent || tp->attrs.flags & WPOOL_ORDERED;
}

/* May it be done here, by such a one? */
bool tort_act_possible(struct tort_pool *tp, enum tort_act act, unsigned int flags)
{
	const struct tort_deed *deed = &tort_deeds[act];

	/* What ends the pool is not for everybody. */
	if (deed->flags & ACT_ENDS && !(flags & ACT_ENDS))
		return false;
	flags &= ~ACT_ENDS;
	if (!deed->fn || (deed->flags & flags) != flags)
		return false;
	if (is_policy(act))
		return act - ACT_BLOCK == tp->attrs.full;
	if (act == ACT_RESIZE && has_size(tp))
		return false;
	if (act >= ACT_BACK_WAIT && act <= ACT_BACK_SUBMIT && !tp->arena->hoards)
		return false;
	return tort_act_here(act);
}
