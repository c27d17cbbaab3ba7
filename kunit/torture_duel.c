// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: duels, in which two threads of an arena see to it that one act is begun while
 * the other is in flight. They do the two themselves, or have a task do them, or do what a
 * hook is called after; torture_meet.c has them meet.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include "torture_duel.h"

#define DUEL_TIME	(HZ / 5 + 1)	/* for the two to meet */

/* --- how it comes to each of them -------------------------------------------------- */

/* Of a task: what it does. */
static void deed_inside(struct tort_ctx *ctx)
{
	enum tort_act act = (unsigned long)ctx->frame->deed_arg;

	if (!tort_tame() && !ctx->frame->in_caller)
		tort_deeds[act].fn(ctx, act);
}

static void from_inside(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_task *tt = tort_task_new(ctx, ctx->tp, TORT_TASK_PLAIN, GFP_KERNEL);

	if (!tt)
		return;
	tt->deed = deed_inside;
	tt->deed_arg = (void *)(unsigned long)act;
	tt->may_die = false;
	if (tort_submit(ctx, tt, TORT_TRY_SCHEDULE))
		tort_task_put(tt);
	else
		tort_arena_keep(ctx, tt);
}

/* What makes workers go and come, if the pool lets it. */
static enum tort_act choose_unrest(struct tort_ctx *ctx)
{
	static const enum tort_act acts[] = {
		ACT_RESIZE, ACT_PRESTART, ACT_RESTART, ACT_TRY, ACT_TRY, ACT_TRY
	};
	enum tort_act act = acts[tort_pick(ctx, ARRAY_SIZE(acts))];

	return tort_act_possible(ctx->tp, act, ACT_OUTSIDE | ACT_ENDS) ||
	       tort_act_possible(ctx->tp, act, ACT_OUTSIDE) ? act : ACT_TRY;
}

/* Does what a hook is called after. */
static void provoke(struct tort_ctx *ctx, enum tort_hook hook)
{
	switch (hook) {
	case TORT_HOOK_WORKER_START:
	case TORT_HOOK_WORKER_STOP:
		tort_arena_do(ctx, choose_unrest(ctx));
		break;
	case TORT_HOOK_TASK_OOPS:
		tort_arena_do(ctx, ACT_DEATH);
		break;
	case TORT_HOOK_TERMINATED:
		tort_arena_do(ctx, ACT_RESTART);
		break;
	default:
		tort_arena_do(ctx, ACT_TRY);
	}
}

/* If two threads waited for the end of a pool, one would find it open again. */
static void keep_open(struct tort_ctx *ctx, const struct tort_duel *duel)
{
	struct wpool *pool = ctx->tp->pools[0];
	struct wpool_stats stats;

	if (duel->act == ACT_RESTART || duel->flight == ACT_RESTART)
		return;
	wpool_stats(pool, &stats);
	if (stats.state == WPOOL_STATE_TERMINATED)
		tort_restart(ctx, ctx->tp, pool);
	else if (stats.state != WPOOL_STATE_RUNNING)
		wait_event_idle_timeout(ctx->tp->arena->beaten, READ_ONCE(duel->over), 1);
}

/**
 * tort_duel_support() - have the pool open, while others have a duel there
 * @ctx: of a thread of its arena
 */
void tort_duel_support(struct tort_ctx *ctx)
{
	struct tort_duel *duel = tort_duel_on(ctx->tp);

	if (duel)
		keep_open(ctx, duel);
}

/* Not by a task, even of that thread's. */
static bool is_by_thread(unsigned int what)
{
	return what < NR_ACTS && tort_deeds[what].flags & ACT_OUTSIDE &&
	       what != ACT_DEPEND && what != ACT_DEATH && what != ACT_RELEASE;
}

/* Sees to it that it is begun, here or by another. */
static void perform(struct tort_ctx *ctx, struct tort_duel *duel, unsigned int what)
{
	enum tort_act act = what >= NR_ACTS ? what - NR_ACTS : what;

	keep_open(ctx, duel);
	if (act == ACT_HOTPLUG) {
		tort_hotplug(ctx);
	} else if (tort_is_hook(act)) {
		provoke(ctx, (act - ACT_HOOK) / TORT_NR_MOODS);
	} else if (tort_deeds[act].flags & ACT_OUTSIDE) {
		tort_arena_do(ctx, act);
		if (is_by_thread(what))
			return;
	} else {
		from_inside(ctx, act);
	}
	wait_event_idle_timeout(ctx->tp->arena->beaten, READ_ONCE(duel->over) ||
				READ_ONCE(duel->met), 1);
}

/* --- a duel ------------------------------------------------------------------------------ */

static void set_mood(struct tort_pool *tp, unsigned int what)
{
	if (!tort_is_hook(what) || !tp->attrs.ops)
		return;
	what -= ACT_HOOK;
	tp->moods[what / TORT_NR_MOODS] |= BIT(what % TORT_NR_MOODS);
	if (what % TORT_NR_MOODS == TORT_MOOD_DIES)
		atomic_set(&tp->arena->hook_deaths, HOOK_DEATHS);
}

/* Whatever hooks there are do nothing but what it takes. */
static void arm(struct tort_arena *arena, struct tort_duel *duel)
{
	struct tort_pool *tp = arena->tp;

	atomic_set(&arena->hook_deaths, 0);
	memset(tp->moods, 0, sizeof(tp->moods));
	set_mood(tp, duel->act);
	set_mood(tp, duel->flight);
	WRITE_ONCE(arena->duel, duel);
	wake_up_all(&arena->beaten);
}

/* Has the pool come to its end, or is it to? */
static bool is_end(unsigned int what)
{
	return what == ACT_RESTART || what == ACT_DESTROY || tort_is_back(what) ||
	       tort_is_lethal(what) ||
	       (tort_is_hook(what) && what >= tort_hook_act(TORT_HOOK_TERMINATED, 0));
}

/* Do threads do both, without a need for others? */
static bool is_quick(const struct tort_duel *duel)
{
	return is_by_thread(duel->act) && is_by_thread(duel->flight) &&
	       !is_end(duel->act) && !is_end(duel->flight) &&
	       (tort_deeds[duel->act].flags | tort_deeds[duel->flight].flags) & ACT_SHORT;
}

static unsigned long duel_time(const struct tort_duel *duel)
{
	if (duel->act == ACT_HOTPLUG || duel->flight == ACT_HOTPLUG)
		return TORT_LATE;
	/* All have to leave the pool first. */
	if (is_end(duel->act) || is_end(duel->flight))
		return 2 * DUEL_TIME * duel->patience;
	return DUEL_TIME * duel->patience;
}

/**
 * tort_duel() - one thread's part in a duel
 * @ctx: of the thread
 * @duel: which
 * @first: of the two: makes the act that must be in flight
 *
 * Again and again, until they have met. What is over at once has a CPU before all others, so
 * that both have one.
 */
void tort_duel(struct tort_ctx *ctx, struct tort_duel *duel, bool first)
{
	struct tort_arena *arena = ctx->tp->arena;
	unsigned int what = first ? duel->flight : duel->act;
	unsigned long end;

	if (atomic_inc_return(&duel->come) == 2)
		arm(arena, duel);
	wait_event_idle_timeout(arena->beaten, READ_ONCE(arena->duel) == duel ||
				READ_ONCE(duel->over), TORT_LATE);
	end = jiffies + duel_time(duel);
	if (is_quick(duel))
		sched_set_fifo_low(current);
	while (READ_ONCE(arena->duel) == duel && !READ_ONCE(duel->over) &&
	       time_before(jiffies, end) && !tort_pair_met(duel) && !tort_stopping())
		perform(ctx, duel, what);
	if (!READ_ONCE(duel->over) && tort_pair_met(duel))
		tort_count(TORT_DUEL);
	WRITE_ONCE(duel->over, true);
	wake_up_all(&arena->beaten);
	sched_set_normal(current, 0);
}

/* The last of a round: on a pool that is ended for good. */
void tort_duel_at_end(struct tort_ctx *ctx, bool first)
{
	struct tort_duel *duel = &ctx->tp->arena->duels[ARENA_DUELS - 1];

	if (tort_has_destroy(duel))
		tort_duel(ctx, duel, first);
}
