// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: which two are to meet in a duel, and on what pool.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include "torture_duel.h"

#define MOST_AGAIN	3	/* duels of a round of pairs that have been met */

static bool has_lethal(const struct tort_duel *duel)
{
	return tort_is_lethal(duel->act) || tort_is_lethal(duel->flight);
}

/* Does it take the thread of the pool's hooks? */
static bool is_of_hook_thread(unsigned int what)
{
	return tort_is_hook(what) && what >= tort_hook_act(TORT_HOOK_TASK_OOPS, 0);
}

static bool fits_one(const struct tort_pool *tp, unsigned int what)
{
	const struct wpool_attrs *attrs = &tp->attrs;

	if (tort_is_policy(what))
		return what - ACT_BLOCK == attrs->full;
	if (tort_is_hook(what))
		return attrs->ops;
	if (tort_is_back(what))
		return tp->arena->hoards;
	return what != ACT_RESIZE || !(attrs->capacity_percent || attrs->flags & WPOOL_ORDERED);
}

/* Does it take a worker, for as long as it is in flight? */
static bool needs_worker(unsigned int what)
{
	return what >= NR_ACTS || tort_is_hook(what) || what == ACT_DEPEND || what == ACT_DEATH ||
	       !(tort_deeds[what].flags & ACT_OUTSIDE);
}

static bool has_room(const struct wpool_attrs *attrs)
{
	return attrs->capacity != 1 && !(attrs->flags & WPOOL_ORDERED);
}

static bool is_chosen(const struct tort_arena *arena, const struct tort_duel *duel)
{
	const struct tort_duel *other;

	for (other = arena->duels; other < arena->duels + arena->nr_duels; other++) {
		if (other->act == duel->act && other->flight == duel->flight)
			return true;
	}
	return false;
}

static bool fits_both(const struct tort_pool *tp, const struct tort_duel *duel)
{
	if (needs_worker(duel->act) && needs_worker(duel->flight) && !has_room(&tp->attrs))
		return false;
	return fits_one(tp, duel->act) && fits_one(tp, duel->flight);
}

static bool fits(const struct tort_pool *tp, const struct tort_duel *duel)
{
	return !has_lethal(duel) && !tort_has_destroy(duel) && fits_both(tp, duel) &&
	       !is_chosen(tp->arena, duel);
}

/* What costs it the thread of its hooks. */
static bool fits_last(const struct tort_pool *tp, const struct tort_duel *duel)
{
	return has_lethal(duel) && !tort_has_destroy(duel) && fits_both(tp, duel);
}

static bool fits_the_end(const struct tort_pool *tp, const struct tort_duel *duel)
{
	return tort_has_destroy(duel) && !has_lethal(duel) && fits_both(tp, duel);
}

/* Of workers. */
static bool is_coming_and_going(unsigned int what)
{
	return what >= tort_hook_act(TORT_HOOK_WORKER_START, 0) &&
	       what < tort_hook_act(TORT_HOOK_TASK_BEGIN, 0);
}

static void suit_one(struct wpool_attrs *attrs, unsigned int what)
{
	if (tort_is_policy(what))
		attrs->full = what - ACT_BLOCK;
	if (tort_is_hook(what))
		attrs->ops = &tort_hooks;
	if (is_coming_and_going(what)) {
		attrs->flags &= ~(WPOOL_PREALLOC | WPOOL_KEEP_IDLE | WPOOL_MEM_RECLAIM);
		attrs->min_workers = 0;
		attrs->idle_timeout_ms = 1;
	}
	if (what == ACT_RESIZE) {
		attrs->flags &= ~WPOOL_ORDERED;
		attrs->capacity = attrs->capacity_percent ? 2 : attrs->capacity;
		attrs->capacity_percent = 0;
	}
}

/**
 * tort_duel_suit() - choose the first duel of a round, and make a pool suit it
 * @ctx: of the caller
 * @duel: gets it
 * @attrs: of the pool, which is yet to be made
 */
void tort_duel_suit(struct tort_ctx *ctx, struct tort_duel *duel, struct wpool_attrs *attrs)
{
	tort_choose_pair(ctx, NULL, NULL, duel);
	suit_one(attrs, duel->act);
	suit_one(attrs, duel->flight);
	if (needs_worker(duel->act) && needs_worker(duel->flight) && !has_room(attrs)) {
		attrs->flags &= ~WPOOL_ORDERED;
		attrs->capacity = 2;
	}
	if (attrs->full != WPOOL_FULL_BLOCK)
		attrs->max_blocked = 0;
	if (attrs->full == WPOOL_FULL_DISCARD_OLDEST &&
	    attrs->queue_depth == WPOOL_QUEUE_HANDOFF)
		attrs->queue_depth = 1;
}

/* Does the pool need tasks that stay for this one? */
bool tort_duel_hoards(const struct tort_duel *duel)
{
	return tort_is_back(duel->act) || tort_is_back(duel->flight);
}

/* Return: false if it has been met, so that there is no need, or there is none. */
static bool choose(struct tort_ctx *ctx, struct tort_arena *arena,
		   bool (*suits)(const struct tort_pool *tp, const struct tort_duel *duel))
{
	struct tort_duel *duel = &arena->duels[arena->nr_duels];

	if (!tort_choose_pair(ctx, arena->tp, suits, duel))
		return false;
	arena->nr_duels++;
	return !duel->again;
}

/**
 * tort_duels_choose() - choose the others
 * @ctx: of the caller
 * @arena: has its pool, and its first duel
 *
 * What costs the pool the thread of its hooks comes last; what ends it comes after that.
 */
void tort_duels_choose(struct tort_ctx *ctx, struct tort_arena *arena)
{
	struct tort_duel first = arena->duels[0], *last = &arena->duels[ARENA_DUELS - 1];
	bool lethal = has_lethal(&first), ends = tort_has_destroy(&first);
	unsigned int again = 0;

	arena->nr_duels = lethal || ends ? 0 : 1;
	while (arena->nr_duels < ARENA_DUELS - 2 && again < MOST_AGAIN)
		again += !choose(ctx, arena, fits);
	if (ends)
		*last = first;
	else
		tort_choose_pair(ctx, arena->tp, fits_the_end, last);
	if (lethal && !ends)
		arena->duels[arena->nr_duels++] = first;
	else if (!is_of_hook_thread(last->act) && !is_of_hook_thread(last->flight))
		choose(ctx, arena, fits_last);
}
