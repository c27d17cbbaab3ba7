// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: arenas.
 *
 * In a round, the threads of an arena do one act after the other on a pool of their
 * own: mostly that which would make the most of what is in flight there. What can be
 * held is held until others have begun something. What is over at once is aimed.
 */
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture_arena.h"

static struct tort_arena arenas[ARENAS];
static struct tort_thread fighters[ARENAS * ARENA_THREADS];

struct tort_thread *tort_arena_thread(unsigned int i)
{
	return i < ARRAY_SIZE(fighters) ? &fighters[i] : NULL;
}

/* --- what all have in common ------------------------------------------------ */

#define MOST_WAITING	24

/* Something has begun. Context: any. */
void tort_arena_beat(struct tort_pool *tp)
{
	struct tort_arena *arena = tp->arena;

	if (!arena)
		return;
	atomic_inc(&arena->beats);
	if (in_task() && !irqs_disabled())
		wake_up(&arena->beaten);
}

/* More than its workers run while all threads wait for what they have begun. */
bool tort_arena_crowded(struct tort_pool *tp)
{
	struct wpool_stats stats;

	wpool_stats(tp->pools[0], &stats);
	return stats.count[WPOOL_STAT_QUEUED] + stats.count[WPOOL_STAT_DELAYED] > MOST_WAITING;
}

/* Goes on with what it is at until others have begun something, but not for long. */
void tort_arena_hold(struct tort_ctx *ctx)
{
	struct tort_arena *arena = ctx->tp->arena;
	int until = atomic_read(&arena->beats) + 1 + tort_pick(ctx, 8);

	if (tort_arena_crowded(ctx->tp))
		return;
	wait_event_idle_timeout(arena->beaten, atomic_read(&arena->beats) - until >= 0 ||
				tort_stopping(), 1 + tort_pick(ctx, 2));
	if (tort_duel_holds(ctx->tp))
		wait_event_idle_timeout(arena->beaten, !tort_duel_holds(ctx->tp), HZ / 10 + 1);
}

/* Leaves it there, with the caller's reference, for any thread that needs one. */
void tort_arena_keep(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_arena *arena = ctx->tp->arena;
	unsigned int i = tort_pick(ctx, ARENA_TASKS);
	struct tort_task *old;
	unsigned long flags;

	raw_spin_lock_irqsave(&arena->lock, flags);
	old = arena->tasks[i];
	arena->tasks[i] = tt;
	raw_spin_unlock_irqrestore(&arena->lock, flags);
	if (old)
		tort_task_put(old);
}

/* Has it stay until the round is over, if there is need. */
void tort_arena_hoard(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_arena *arena = tt->tp->arena;

	if (!arena || !arena->hoards || ctx->private)
		return;
	tort_task_get(tt);
	llist_add(&tt->hoard, &arena->hoard);
}

/* One of them, with a reference, or NULL. */
struct tort_task *tort_arena_target(struct tort_ctx *ctx, bool delayed)
{
	struct tort_arena *arena = ctx->tp->arena;
	unsigned int i, first = tort_pick(ctx, ARENA_TASKS);
	struct tort_task *tt = NULL, *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&arena->lock, flags);
	for (i = 0; i < ARENA_TASKS && !found; i++) {
		tt = arena->tasks[(first + i) % ARENA_TASKS];
		if (tt && (!delayed || tt->kind == TORT_TASK_DELAYED))
			found = tt;
	}
	if (found)
		tort_task_get(found);
	raw_spin_unlock_irqrestore(&arena->lock, flags);
	return found;
}

/* By which ways those came that wait in the queue. Context: any. */
void tort_arena_queued(struct tort_pool *tp, unsigned long *seen)
{
	struct tort_arena *arena = tp->arena;
	struct tort_task *tt;
	unsigned long flags;
	unsigned int i;

	if (!arena)
		return;
	raw_spin_lock_irqsave(&arena->lock, flags);
	for (i = 0; i < ARENA_TASKS; i++) {
		tt = arena->tasks[i];
		if (tt && READ_ONCE(tt->way) < NR_WAYS && wpool_task_queued(&tt->task))
			__set_bit(TASK_OF(READ_ONCE(tt->way)), seen);
	}
	raw_spin_unlock_irqrestore(&arena->lock, flags);
}

/* --- which act --------------------------------------------------------------------- */

/* What makes the most of what is in flight; at times anything. */
enum tort_act tort_arena_choose(struct tort_ctx *ctx, unsigned int flags)
{
	unsigned int i, gain, most = 0, first = tort_pick(ctx, NR_ACTS);
	bool anything = tort_one_in(ctx, 4);
	DECLARE_BITMAP(seen, NR_FLIGHTS);
	enum tort_act act, best = NR_ACTS;

	tort_in_flight(ctx->tp, seen);
	for (i = 0; i < NR_ACTS; i++) {
		act = (first + i) % NR_ACTS;
		if (!tort_act_possible(ctx->tp, act, flags))
			continue;
		gain = 1 + (anything ? 0 : tort_wanted(act, seen));
		if (gain > most) {
			most = gain;
			best = act;
		}
	}
	return best;
}

/* --- a thread's part ---------------------------------------------------------------- */

/*
 * wpool_drain() waits for a moment at which the pool is empty: as long as others go on to
 * submit there may be none. So when one of us has waited for a while they begin nothing.
 */
static void let_drain(struct tort_arena *arena)
{
	struct tort_thread *thread, *first = &fighters[(arena - arenas) * ARENA_THREADS];

	for (thread = first; thread < first + ARENA_THREADS; thread++) {
		while (READ_ONCE(thread->op) == tort_act_name(ACT_DRAIN) &&
		       time_after(jiffies, READ_ONCE(thread->since) + HZ))
			schedule_timeout_idle(1);
	}
}

/* Does it, told to the watchdog. */
void tort_arena_do(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_thread *thread = ctx->thread;

	let_drain(ctx->tp->arena);
	WRITE_ONCE(thread->since, jiffies);
	WRITE_ONCE(thread->op, tort_act_name(act));
	tort_deeds[act].fn(ctx, act);
	WRITE_ONCE(thread->op, NULL);
	WRITE_ONCE(thread->ops, thread->ops + 1);
	if (signal_pending(current))
		flush_signals(current);
	cond_resched();
}

static void do_some(struct tort_ctx *ctx, unsigned int n, unsigned int flags)
{
	enum tort_act act;

	while (n-- && !tort_stopping()) {
		act = tort_arena_choose(ctx, flags);
		if (act != NR_ACTS)
			tort_arena_do(ctx, act);
	}
}

/* Two have duels while the others do what comes, and keep the pool open. */
static void duels(struct tort_ctx *ctx, struct tort_arena *arena, unsigned int i)
{
	unsigned int n;

	for (n = 0; i < 2 && n < arena->nr_duels; n++)
		tort_duel(ctx, &arena->duels[n], !i);
	if (i < 2)
		atomic_dec(&arena->duelling);
	while (atomic_read(&arena->duelling) && !tort_stopping()) {
		tort_duel_support(ctx);
		do_some(ctx, 1, ACT_OUTSIDE);
	}
}

static unsigned int choose_moods(struct tort_ctx *ctx, enum tort_hook hook)
{
	unsigned int mood, moods = 0;

	for (mood = 0; mood < TORT_NR_MOODS; mood++) {
		if (!tort_hook_why_not(hook, mood) && tort_one_in(ctx, 2))
			moods |= BIT(mood);
	}
	return moods;
}

/* They do what comes, too. */
static void let_go_hooks(struct tort_ctx *ctx, struct tort_arena *arena)
{
	struct tort_pool *tp = arena->tp;
	unsigned int hook;

	WRITE_ONCE(arena->duel, NULL);
	atomic_set(&arena->hook_deaths, HOOK_DEATHS);
	for (hook = 0; tp->attrs.ops && hook < TORT_NR_HOOKS; hook++)
		WRITE_ONCE(tp->moods[hook], choose_moods(ctx, hook));
}

/* Then all do what comes, and in the end it may be ended. */
static void fight(struct tort_thread *thread, struct tort_arena *arena)
{
	unsigned int i = (thread - fighters) % ARENA_THREADS;
	struct tort_ctx *ctx = &thread->ctx;

	ctx->tp = arena->tp;
	WRITE_ONCE(thread->tp, arena->tp);
	duels(ctx, arena, i);
	if (!i)
		let_go_hooks(ctx, arena);
	do_some(ctx, 2 + tort_pick(ctx, 6), ACT_OUTSIDE);
	WRITE_ONCE(arena->ending, true);
	if (i < 2 && arena->ends_first)
		tort_duel_at_end(ctx, !i);
	do_some(ctx, 2 + tort_pick(ctx, 6), ACT_OUTSIDE | ACT_ENDS);
	if (i < 2 && !arena->ends_first)
		tort_duel_at_end(ctx, !i);
}

static int fighter(void *data)
{
	struct tort_thread *thread = data;
	struct tort_arena *arena = &arenas[(thread - fighters) / ARENA_THREADS];
	unsigned int round = 0;

	allow_signal(SIGKILL);
	tort_fail_thread(tort_fail_alloc);
	for (;;) {
		wait_event_idle(arena->bell, READ_ONCE(arena->round) != round ||
				kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		round = READ_ONCE(arena->round);
		fight(thread, arena);
		if (atomic_dec_and_test(&arena->fighting))
			complete(&arena->over);
	}
}

/* --- a round --------------------------------------------------------------------------- */

static void choose_attrs(struct tort_ctx *ctx, struct tort_arena *arena,
			 struct wpool_attrs *attrs)
{
	static const int depths[] = { WPOOL_QUEUE_HANDOFF, 1, 2, 4, 16 };

	tort_random_attrs(ctx, attrs);
	attrs->queue_depth = depths[tort_pick(ctx, ARRAY_SIZE(depths))];
	if (!attrs->capacity_percent && attrs->capacity > 4) {
		attrs->capacity = 1 + tort_pick(ctx, 4);
		attrs->min_workers = min(attrs->min_workers, attrs->capacity);
	}
	if (attrs->queue_depth == WPOOL_QUEUE_HANDOFF &&
	    attrs->full == WPOOL_FULL_DISCARD_OLDEST)
		attrs->full = WPOOL_FULL_BLOCK;
	attrs->idle_timeout_ms = 1 + tort_pick(ctx, 10);
	tort_duel_suit(ctx, &arena->duels[0], attrs);
}

static bool open_arena(struct tort_ctx *ctx, struct tort_arena *arena)
{
	struct wpool_attrs attrs = {};

	choose_attrs(ctx, arena, &attrs);
	atomic_set(&arena->beats, 0);
	atomic_set(&arena->hook_deaths, 0);
	atomic_set(&arena->duelling, 2);
	arena->ending = false;
	arena->ends_first = tort_one_in(ctx, 2);
	arena->duel = NULL;
	arena->hoards = tort_duel_hoards(&arena->duels[0]) || tort_one_in(ctx, 2);
	/* The first workers start before it is ours to tell what theirs do. */
	arena->tp = tort_pool_create(ctx, &attrs);
	if (!arena->tp)
		return false;
	arena->tp->arena = arena;
	/* Resized by several at once: how many may run is not known so exactly. */
	arena->tp->fixed = true;
	if (!attrs.capacity_percent)
		arena->tp->bound[0] = max(attrs.capacity, (unsigned int)TORT_MAX_CAPACITY);
	tort_duels_choose(ctx, arena);
	return true;
}

/* The pool goes before its tasks, so that these have ended. */
static void close_arena(struct tort_arena *arena)
{
	struct tort_task *tt, *next;
	unsigned int i;

	WRITE_ONCE(arena->tp->raced, true);
	tort_pool_get(arena->tp);
	tort_pool_destroy(arena->tp);
	for (i = 0; i < ARENA_TASKS; i++) {
		if (arena->tasks[i])
			tort_task_put(arena->tasks[i]);
		arena->tasks[i] = NULL;
	}
	llist_for_each_entry_safe(tt, next, llist_del_all(&arena->hoard), hoard)
		tort_task_put(tt);
	tort_pool_put(arena->tp);
}

/* Calls @fn for the pool of each arena that has a round. */
void tort_arena_for_each(void (*fn)(struct tort_pool *tp))
{
	struct tort_arena *arena;

	for (arena = arenas; arena < arenas + ARENAS; arena++) {
		if (mutex_trylock(&arena->busy))
			mutex_unlock(&arena->busy);
		else if (atomic_read(&arena->fighting))
			fn(arena->tp);
	}
}

/* One round, if one of the arenas is free. */
void tort_arena(struct tort_ctx *ctx)
{
	struct tort_arena *arena = &arenas[tort_pick(ctx, ARENAS)];

	if (!mutex_trylock(&arena->busy))
		return;
	if (open_arena(ctx, arena)) {
		atomic_set(&arena->fighting, ARENA_THREADS);
		reinit_completion(&arena->over);
		WRITE_ONCE(arena->round, arena->round + 1);
		wake_up_all(&arena->bell);
		wait_for_completion(&arena->over);
		close_arena(arena);
		tort_count(TORT_ROUND);
	}
	mutex_unlock(&arena->busy);
}

/* --- the beginning and the end --------------------------------------------------------------- */

static void arena_init(struct tort_arena *arena)
{
	mutex_init(&arena->busy);
	init_waitqueue_head(&arena->bell);
	init_waitqueue_head(&arena->beaten);
	init_completion(&arena->over);
	raw_spin_lock_init(&arena->lock);
	init_llist_head(&arena->hoard);
	init_rwsem(&arena->handing);
}

void tort_arenas_stop(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fighters); i++) {
		if (!fighters[i].task)
			continue;
		kthread_stop(fighters[i].task);
		put_task_struct(fighters[i].task);
		fighters[i].task = NULL;
	}
}

int tort_arenas_start(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < ARENAS; i++)
		arena_init(&arenas[i]);
	for (i = 0; i < ARRAY_SIZE(fighters) && !ret; i++)
		ret = tort_make_thread(&fighters[i], 100 + i, fighter, "torture-arena");
	if (ret)
		tort_arenas_stop();
	for (i = 0; i < ARRAY_SIZE(fighters) && !ret; i++)
		wake_up_process(fighters[i].task);
	return ret;
}
