// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: how the two of a duel meet.
 *
 * Whoever comes to one of the two in the pool, be it a thread, a task or a hook, waits for
 * the other, but not for long. The thread that begins the one waits until the other is in flight.
 * Most others are over at once, so they are begun when somebody lies in wait, and go on when
 * that has begun: then both calls are made at the very same time. A task, a hook and who
 * has got tasks handed back may sleep while they are in flight, and do so.
 */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>
#include "torture_duel.h"

#define LINGER		(HZ / 10 + 1)	/* for one to wait for the other, asleep */
#define PATIENCE	20000		/* turns of a loop, or */
#define SHORTLY		2		/* ticks, times their patience: for awake threads */

/* The one that is on there, or NULL. */
struct tort_duel *tort_duel_on(const struct tort_pool *tp)
{
	struct tort_duel *duel = tp->arena ? READ_ONCE(tp->arena->duel) : NULL;

	return duel && !READ_ONCE(duel->over) && !tort_tame() ? duel : NULL;
}

static bool may_sleep(void)
{
	return in_task() && !irqs_disabled();
}

static void wake(struct tort_arena *arena)
{
	if (may_sleep())
		wake_up_all(&arena->beaten);
}

/* Is it met only while the pool is full? */
static bool asks_policy(unsigned int what)
{
	return tort_is_policy(what) && what != ACT_CALLER_RUNS;
}

/* May it sleep while it is in flight? */
static bool is_held(unsigned int what)
{
	return what >= NR_ACTS || tort_is_hook(what) || tort_is_back(what);
}

/* Does wpool say what is in flight, and not the thread that does it? */
static bool is_told(unsigned int what)
{
	return what == ACT_BLOCK || what == ACT_DEATH;
}

static bool in_flight(struct tort_pool *tp, unsigned int what)
{
	DECLARE_BITMAP(seen, NR_FLIGHTS);

	if (atomic_read(&tp->flights.count[what]) && !is_told(what))
		return true;
	if (!is_told(what) && what != ACT_SHUTDOWN && what != ACT_SHUTDOWN_NOW &&
	    what < NR_ACTS)
		return false;
	tort_in_flight(tp, seen);
	return test_bit(what, seen);
}

/* A host that is busy may let one CPU have its turn long after the other. */
#define spin_until(duel, condition)						\
do {										\
	unsigned long __end = jiffies + SHORTLY * (duel)->patience;		\
	unsigned int __turns = 0;						\
										\
	while (!(condition) && (__turns++ < PATIENCE || may_sleep()) &&		\
	       time_before(READ_ONCE(jiffies), __end)) {			\
		if (__turns > PATIENCE)						\
			cond_resched();						\
		cpu_relax();							\
	}									\
} while (0)

static bool is_over(const struct tort_duel *duel)
{
	return READ_ONCE(duel->over) || tort_tame();
}

/* There is no second time for what ends a pool for good, or the thread of its hooks. */
static unsigned long linger(const struct tort_duel *duel, unsigned int what)
{
	if (what == ACT_DESTROY || tort_is_lethal(what))
		return TORT_LATE;
	/* Nor soon, for what a pool had. */
	return (tort_is_back(what) ? 3 * LINGER : LINGER) * duel->patience;
}

/* Not all of what wpool tells wakes us. Return: is the other in flight? */
static bool lie_in_wait(struct tort_pool *tp, struct tort_duel *duel)
{
	struct tort_arena *arena = tp->arena;
	unsigned long end = jiffies + linger(duel, duel->act);
	bool there = false;

	atomic_inc(&duel->waiting);
	wake(arena);
	do {
		int beats = atomic_read(&arena->beats);

		spin_until(duel, (there = in_flight(tp, duel->flight)) || is_over(duel));
		if (there || is_over(duel) || !may_sleep())
			break;
		wait_event_idle_timeout(arena->beaten, is_over(duel) ||
					atomic_read(&arena->beats) != beats, 1);
	} while (time_before(jiffies, end));
	atomic_dec(&duel->waiting);
	return there;
}

/**
 * tort_duel_before() - something is about to begin
 * @tp: where
 * @what: an act, or the task of a submission
 *
 * Context: any. May sleep where one may.
 */
void tort_duel_before(struct tort_pool *tp, unsigned int what)
{
	struct tort_duel *duel = tort_duel_on(tp);

	if (!duel || (what != duel->act && what != duel->flight))
		return;
	if (what == duel->flight)
		WRITE_ONCE(duel->met, false);
	if (duel->act == duel->flight)
		return;
	if (what == duel->act)
		lie_in_wait(tp, duel);
	else if (!is_held(what) && !is_told(what) && may_sleep())
		wait_event_idle_timeout(tp->arena->beaten, is_over(duel) ||
					atomic_read(&duel->waiting), linger(duel, what));
}

/**
 * tort_duel_begun() - it has begun, and is in flight
 * @tp: as for tort_duel_before()
 * @what: likewise
 *
 * Context: as there.
 */
void tort_duel_begun(struct tort_pool *tp, unsigned int what)
{
	struct tort_duel *duel = tort_duel_on(tp);
	struct tort_arena *arena = tp->arena;

	if (!duel || what != duel->flight || is_told(what))
		return;
	wake(arena);
	if (is_held(what) && may_sleep())
		wait_event_idle_timeout(arena->beaten, is_over(duel) || READ_ONCE(duel->met),
					LINGER * duel->patience);
	else
		spin_until(duel, is_over(duel) || READ_ONCE(duel->met));
}

/**
 * tort_duel_met() - an act has begun, and was one
 * @tp: as for tort_duel_before()
 * @act: which
 * @seen: what was in flight
 *
 * Context: any.
 */
void tort_duel_met(struct tort_pool *tp, unsigned int act, const unsigned long *seen)
{
	struct tort_duel *duel = tort_duel_on(tp);

	if (!duel || act != duel->act || !test_bit(duel->flight, seen))
		return;
	WRITE_ONCE(duel->met, true);
	wake(tp->arena);
	/* What the pool answers to the other depends on which of the two comes first to it. */
	if (asks_policy(duel->flight))
		udelay(1 << atomic_read(&tp->arena->beats) % 10);
}

/**
 * tort_duel_holds() - is a pool to stay full?
 * @tp: the pool
 *
 * Return: true while somebody waits for what happens then, and it is open.
 */
bool tort_duel_holds(struct tort_pool *tp)
{
	struct tort_duel *duel = tort_duel_on(tp);
	struct wpool_stats stats;

	if (!duel || !(asks_policy(duel->act) || asks_policy(duel->flight)) ||
	    tort_pair_met(duel) || !(READ_ONCE(duel->met) || atomic_read(&duel->waiting)))
		return false;
	wpool_stats(tp->pools[0], &stats);
	return stats.state == WPOOL_STATE_RUNNING;
}

/**
 * tort_duel_may_die() - is a hook to die?
 * @tp: of which pool
 * @act: what that is
 *
 * Context: may sleep.
 * Return: false if it would die in vain, as the other of a duel does not come.
 */
bool tort_duel_may_die(struct tort_pool *tp, enum tort_act act)
{
	struct tort_duel *duel = tort_duel_on(tp);

	if (!duel || duel->act == duel->flight)
		return true;
	if (act == duel->act)
		return lie_in_wait(tp, duel);
	return act != duel->flight || atomic_read(&duel->waiting);
}
