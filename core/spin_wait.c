// SPDX-License-Identifier: GPL-2.0
/*
 * Looking on for a while before one sleeps, in pools with spin_us: a worker for its
 * next task, a caller for the end of the task that it waits for.
 *
 * What comes within spin_us is had without a wake-up; what does not has cost that
 * much CPU for nothing. So each of the two sides has its credit, and spins only while
 * it is above 0: a spin that finds what it looked for raises it, one in vain halves
 * it. Who slept at once raises it too, if what he waited for came in the time that he
 * would have spun. That is found out by who wakes him, as the way from there until
 * he runs is just what a spin saves. So nobody has to try whether it pays again.
 * But that is a guess: where virtual CPUs share a real one, who spins keeps off what
 * he looks for. So credit that was tried and used up turns into a debt.
 *
 * A spin is entered as won when it begins, and that is taken back if it is lost: who
 * has seen the end of his task may not touch the pool any more, which may be gone.
 */
#include <linux/cpumask.h>
#include <linux/lockdep.h>
#include <linux/sched/clock.h>
#include <linux/sched/stat.h>

#include "counter.h"
#include "pool.h"
#include "spin_wait.h"

/* However long it was good, a few spins in vain are its end. And the most of a debt. */
#define SPIN_MAX_CREDIT	8

static u64 spin_ns(const struct wpool *pool)
{
	return (u64)pool->spin_us * NSEC_PER_USEC;
}

static void raise_credit(int *credit)
{
	if (*credit < SPIN_MAX_CREDIT)
		++*credit;
}

/* Now, for spin_learn(): who sleeps without having spun notes it. */
u64 spin_slept_at(const struct wpool *pool)
{
	return pool->spin_us ? local_clock() : 0;
}

/**
 * spin_learn() - somebody asleep has what he waits for: would a spin have had it?
 * @pool: the pool
 * @credit: that of his side
 * @slept_at: from spin_slept_at(), or 0 if there is nothing to be learnt
 *
 * That may be the clock of another CPU; what it is off by is no more than a wrong
 * guess. Context: pool->lock held.
 */
void spin_learn(struct wpool *pool, int *credit, u64 slept_at)
{
	lockdep_assert_held(&pool->lock);
	if (slept_at && local_clock() - slept_at < spin_ns(pool))
		raise_credit(credit);
}

/**
 * spin_begin() - is a spin worth it?
 * @pool: the pool
 * @credit: that of the caller's side
 *
 * On the only CPU what one looks for cannot come while one looks.
 *
 * Context: pool->lock held.
 * Return: true if so; then it counts as won.
 */
bool spin_begin(struct wpool *pool, int *credit)
{
	lockdep_assert_held(&pool->lock);
	if (*credit <= 0 || num_online_cpus() == 1)
		return false;
	raise_credit(credit);
	stat_inc(pool, WPOOL_STAT_SPINS);
	return true;
}

/* It was in vain; others may have lost meanwhile. Context: pool->lock held. */
void spin_miss(struct wpool *pool, int *credit)
{
	lockdep_assert_held(&pool->lock);
	*credit = *credit > 2 ? (*credit - 1) / 2 : -SPIN_MAX_CREDIT;
	stat_inc(pool, WPOOL_STAT_SPINS_LOST);
}

/* Until when a spin goes on that begins now. */
u64 spin_limit(const struct wpool *pool)
{
	return local_clock() + spin_ns(pool);
}

/* May it, or is the time over, or wanted by others? For a loop: waits a little. */
bool spin_on(u64 limit)
{
	cpu_relax();
	return local_clock() < limit && !need_resched() && single_task_running();
}
