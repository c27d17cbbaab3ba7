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
#define PATIENCE	20000	/* turns: in time, a host that is busy would end it */

/*
 * What is over at once waits until another begins something, so that both calls are
 * made at the same time. One at most: who comes meanwhile is the other.
 */
static void aim(struct tort_arena *arena, int beats)
{
	unsigned int turns = PATIENCE;

	if (atomic_cmpxchg(&arena->aiming, 0, 1))
		return;
	while (atomic_read(&arena->beats) == beats && turns--)
		cpu_relax();
	atomic_set(&arena->aiming, 0);
}

/* Something has begun. Context: any. */
void tort_arena_beat(struct tort_ctx *ctx, struct tort_pool *tp, enum tort_act act)
{
	struct tort_arena *arena = tp->arena;
	int beats;

	if (!arena)
		return;
	beats = atomic_inc_return(&arena->beats);
	if (in_task() && !irqs_disabled())
		wake_up(&arena->beaten);
	if (ctx && ctx->thread && ctx->thread->aims && tort_deeds[act].flags & ACT_SHORT)
		aim(arena, beats);
}

/* More than its workers get through while everybody waits for what he has begun. */
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
}

/* Has it wait there, with the caller's reference, for whoever needs one. */
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

/* How much there is to be gained if one begins while the other is in flight. */
static unsigned int gain(enum tort_act act, enum tort_act while_act)
{
	DECLARE_BITMAP(seen, NR_FLIGHTS);

	bitmap_zero(seen, NR_FLIGHTS);
	__set_bit(while_act, seen);
	return tort_wanted(act, seen);
}

/* Of some hundred pairs, of which one is short, that which has been met least. */
static bool choose_duel(struct tort_ctx *ctx, struct tort_arena *arena,
			struct tort_duel *duel)
{
	unsigned int tries, value, most = 0;
	enum tort_act one, two;

	for (tries = 0; tries < 300; tries++) {
		one = tort_pick(ctx, NR_ACTS);
		two = tort_pick(ctx, NR_ACTS);
		if (!tort_act_possible(arena->tp, one, ACT_OUTSIDE | ACT_SHORT) ||
		    !tort_act_possible(arena->tp, two, ACT_OUTSIDE))
			continue;
		value = gain(one, two) + gain(two, one);
		if (value > most) {
			most = value;
			duel->acts[0] = one;
			duel->acts[1] = two;
		}
	}
	atomic_set(&duel->come, 0);
	duel->over = false;
	return most;
}

static void choose_duels(struct tort_ctx *ctx, struct tort_arena *arena)
{
	unsigned int n = 0;

	while (n < ARENA_DUELS && choose_duel(ctx, arena, &arena->duels[n]))
		n++;
	arena->nr_duels = n;
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

static void do_act(struct tort_ctx *ctx, enum tort_act act)
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

#define DUEL_TIME	(HZ / 20 + 1)

/*
 * Again and again, as long as both are there, until they have met both ways. Before all
 * others, so that both have a CPU at once.
 */
static void duel(struct tort_ctx *ctx, struct tort_duel *duel, unsigned int i)
{
	struct tort_arena *arena = ctx->tp->arena;
	unsigned long end = jiffies + DUEL_TIME;

	if (atomic_inc_return(&duel->come) == 2)
		wake_up(&arena->beaten);
	wait_event_idle_timeout(arena->beaten, atomic_read(&duel->come) == 2, DUEL_TIME);
	do {
		/* It waits for the other only if it is the other who is yet to come. */
		ctx->thread->aims = gain(duel->acts[!i], duel->acts[i]) > 32;
		do_act(ctx, duel->acts[i]);
	} while (!READ_ONCE(duel->over) && time_before(jiffies, end) &&
		 (gain(duel->acts[0], duel->acts[1]) > 32 ||
		  gain(duel->acts[1], duel->acts[0]) > 32) && !tort_stopping());
	WRITE_ONCE(duel->over, true);
	ctx->thread->aims = false;
}

static void duels(struct tort_ctx *ctx, struct tort_arena *arena, unsigned int i)
{
	unsigned int n;

	sched_set_fifo_low(current);
	for (n = 0; n < arena->nr_duels; n++)
		duel(ctx, &arena->duels[n], i);
	sched_set_normal(current, 0);
}

/* The same short act, whatever the others do. */
static void burst(struct tort_ctx *ctx)
{
	enum tort_act act = tort_arena_choose(ctx, ACT_OUTSIDE | ACT_SHORT);
	unsigned long end = jiffies + DUEL_TIME;

	if (act == NR_ACTS)
		return;
	ctx->thread->aims = true;
	sched_set_fifo_low(current);
	while (time_before(jiffies, end) && !tort_stopping())
		do_act(ctx, act);
	sched_set_normal(current, 0);
	ctx->thread->aims = false;
}

static void do_some(struct tort_ctx *ctx, unsigned int n, unsigned int flags)
{
	enum tort_act act;

	while (n-- && !tort_stopping()) {
		act = tort_arena_choose(ctx, flags);
		if (act != NR_ACTS)
			do_act(ctx, act);
	}
}

/* Two have duels while the others do what comes; then all, and now it may be ended. */
static void fight(struct tort_thread *thread, struct tort_arena *arena)
{
	unsigned int i = (thread - fighters) % ARENA_THREADS, n = 3;
	struct tort_ctx *ctx = &thread->ctx;

	ctx->tp = arena->tp;
	WRITE_ONCE(thread->tp, arena->tp);
	if (i < 2) {
		duels(ctx, arena, i);
		atomic_dec(&arena->duelling);
	}
	while (atomic_read(&arena->duelling) && !tort_stopping()) {
		if (i == 2 && tort_one_in(ctx, 4))
			burst(ctx);
		do_some(ctx, 1, ACT_OUTSIDE);
	}
	do_some(ctx, 2 + tort_pick(ctx, 8), ACT_OUTSIDE);
	WRITE_ONCE(arena->ending, true);
	/* What ends it meets what is over at once, too. */
	while (i == 2 && n--)
		burst(ctx);
	do_some(ctx, 4 + tort_pick(ctx, 8), ACT_OUTSIDE | ACT_ENDS);
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

static unsigned int choose_moods(struct tort_ctx *ctx, enum tort_hook hook)
{
	unsigned int mood, moods = 0;

	for (mood = 0; mood < TORT_NR_MOODS; mood++) {
		if (!tort_hook_why_not(hook, mood) && tort_one_in(ctx, 2))
			moods |= BIT(mood);
	}
	return moods;
}

static void choose_attrs(struct tort_ctx *ctx, struct wpool_attrs *attrs)
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
}

static bool open_arena(struct tort_ctx *ctx, struct tort_arena *arena)
{
	struct wpool_attrs attrs = {};
	unsigned int hook;

	choose_attrs(ctx, &attrs);
	atomic_set(&arena->beats, 0);
	atomic_set(&arena->hook_deaths, 3);
	atomic_set(&arena->duelling, 2);
	arena->ending = false;
	arena->hoards = tort_one_in(ctx, 2);
	/* The first workers start before it is ours to tell what theirs do. */
	arena->tp = tort_pool_create(ctx, &attrs);
	if (!arena->tp)
		return false;
	arena->tp->arena = arena;
	/* Resized by several at once: how many may run is not known so exactly. */
	arena->tp->fixed = true;
	if (!attrs.capacity_percent)
		arena->tp->bound[0] = max(attrs.capacity, (unsigned int)TORT_MAX_CAPACITY);
	for (hook = 0; attrs.ops && hook < TORT_NR_HOOKS; hook++)
		WRITE_ONCE(arena->tp->moods[hook], choose_moods(ctx, hook));
	choose_duels(ctx, arena);
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
