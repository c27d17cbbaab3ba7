// SPDX-License-Identifier: GPL-2.0
/*
 * Spins for a while before a sleep, in pools with spin_us: a worker for its next task, a caller
 * for the end of the task that it waits for.
 *
 * If the event comes within spin_us, the thread has it without a wake-up; otherwise the spin
 * has cost that much CPU for nothing. So each of the two sides has a spin credit, and spins
 * only while it is above 0: a spin that succeeds raises the credit, a spin that fails halves
 * it. A thread that slept at once raises it too, if the event came within the time that it
 * would have spun. Its waker finds that out, because the time from the wake-up until the thread
 * runs is what a spin saves. So no thread has to try whether spinning pays again. But this is a
 * guess: where virtual CPUs share a real one, a spinning thread may keep off the one that it
 * waits for. So a credit that was tried and used up becomes negative.
 *
 * A spin counts as a success when it begins, and a failed spin takes that back: a thread that
 * has seen the end of its task may not touch the pool any more, as the pool may be gone.
 */
#include <linux/cpumask.h>
#include <linux/lockdep.h>
#include <linux/sched/clock.h>
#include <linux/sched/stat.h>

#include "counter.h"
#include "pool.h"
#include "spin_wait.h"

/*
 * However long spinning was good, this many failed spins stop it. Also the lowest negative
 * credit.
 */
#define SPIN_MAX_CREDIT	8

static u64 spin_ns(const struct wpool *pool)
{
	return (u64)READ_ONCE(pool->conf.spin_us) * NSEC_PER_USEC;
}

static void raise_credit(int *credit)
{
	if (*credit < SPIN_MAX_CREDIT)
		++*credit;
}

/* The time now, for spin_learn(): noted by a thread that sleeps without a spin. */
u64 spin_slept_at(const struct wpool *pool)
{
	return READ_ONCE(pool->conf.spin_us) ? local_clock() : 0;
}

/**
 * spin_learn() - the event of a sleeping thread has come: would a spin have met it?
 * @pool: the pool
 * @side: the sleeper's
 * @slept_at: from spin_slept_at(), or 0 if there is nothing to learn
 *
 * @slept_at may be the clock of another CPU; the difference can only cause a wrong guess.
 * Context: pool->lock held.
 */
void spin_learn(struct wpool *pool, enum spin_side side, u64 slept_at)
{
	lockdep_assert_held(&pool->lock);
	if (slept_at && local_clock() - slept_at < spin_ns(pool))
		raise_credit(&pool->spin_credit[side]);
}

/**
 * spin_try_begin() - begin a spin if it is worth it
 * @pool: the pool
 * @side: the caller's
 *
 * With only one CPU online the event cannot come during a spin.
 *
 * Context: pool->lock held.
 * Return: true if it is; then it counts as a success.
 */
bool spin_try_begin(struct wpool *pool, enum spin_side side)
{
	lockdep_assert_held(&pool->lock);
	if (pool->spin_credit[side] <= 0 || num_online_cpus() == 1)
		return false;
	raise_credit(&pool->spin_credit[side]);
	stat_inc(pool, WPOOL_STAT_SPINS);
	return true;
}

/* The spin has failed; others may have failed meanwhile. Context: pool->lock held. */
void spin_miss(struct wpool *pool, enum spin_side side)
{
	int *credit = &pool->spin_credit[side];

	lockdep_assert_held(&pool->lock);
	*credit = *credit > 2 ? (*credit - 1) / 2 : -SPIN_MAX_CREDIT;
	stat_inc(pool, WPOOL_STAT_SPINS_LOST);
}

/* The time at which a spin that begins now ends. */
u64 spin_limit(const struct wpool *pool)
{
	return local_clock() + spin_ns(pool);
}

/*
 * May the spin go on? Not if its time is over, or others want the CPU. For a loop: waits a
 * little.
 */
bool spin_on(u64 limit)
{
	cpu_relax();
	return local_clock() < limit && !need_resched() && single_task_running();
}
