/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A task that is left to the worker that has submitted it: core/chain.c, wake_for_queue() in
 * core/pool_lock.c, queue_link() in core/queue.c.
 * Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * task_stranded	when nothing moves any more, as tasks sleep for long or workers have died,
 *			none waits while a worker idles
 * others_wait		no other task waits for a worker that would come for the first
 * asleep_kept		nothing is left to a worker that is inside another call on the pool
 * outsiders_wait	a task that another thread has submitted is left to nobody
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_NO_TIMER		__chain_put_off() does not have the manager look: task_stranded
 * BUG_ARMED_ONCE	__chain_put_off() does not have it look again if it comes too early, for
 *			something else: task_stranded
 * BUG_NOT_BROKEN	queue_link() does not end the chain of a task that waits: others_wait
 * BUG_ANOTHER_KEPT	queue_link() does not end the chain of a task that was taken, and the next
 *			counts as that: outsiders_wait
 * BUG_KEPT_AGAIN	__chain_put_off() does not see that its worker calls again: asleep_kept
 *
 * What stands for what: an atomic block is one hold of pool->lock. Of two tasks the first submits
 * the second inside its function, or another thread does; a third comes from outside at any
 * moment. A function returns, sleeps until all else is at rest, calls the pool again, or takes its
 * worker down. Two jiffies are over at any moment; once the manager comes before that, as the timer
 * has other uses. An idle worker that is woken is one that
 * searches: wake.pml has the waking.
 *
 * Left out: priorities; keys; that another task than the one that was left may come to be the first
 * of its list (chain_waits()); workers that may still be made, which are as good as idle ones; the
 * staging queue, as chain_offer() leaves no task to anybody while it is open, and offer_staging()
 * ends the chain as it opens it; and the batch, which is filled only if more than one task waits.
 */
#include "check.inc"

#define WORKERS		2
#define OUTSIDE		WORKERS		/* no worker */

mtype = { IDLE, SEARCHING, INSIDE, CALLING, DEAD };
mtype worker_is[WORKERS] = IDLE;

/* struct wpool: those ready, the submitter of the first of them; the chain */
byte nr_ready, first_by;
bool chained, fresh, overdue, timer;
byte owner;

byte to_submit = 1;	/* inside a function */
bool rest, deaths = true, early = true;

bool task_stranded, others_wait, asleep_kept, outsiders_wait;

#define searching	(worker_is[0] == SEARCHING || worker_is[1] == SEARCHING)
#define idle		(worker_is[0] == IDLE || worker_is[1] == IDLE)

/* Is it kept? As the lock is dropped by @me. */
inline chain_put_off(me)
{
	kept = chained;
#ifndef BUG_KEPT_AGAIN
	kept = kept && (fresh || owner != me);
#endif
	kept = kept && !overdue;
#ifdef BUG_ARMED_ONCE
	timer = timer || (kept && fresh);
#elif !defined(BUG_NO_TIMER)
	timer = timer || kept;
#endif
	fresh = false;
	chained = kept
}

/* pool_unlock() */
inline unlock(me)
{
	kept = false;
	if
	:: nr_ready && !searching && idle ->
		chain_put_off(me);
		if
		:: kept ->
			check(others_wait, nr_ready == 1);
			check(asleep_kept, worker_is[owner] != CALLING);
			check(outsiders_wait, first_by != OUTSIDE)
		:: !kept && worker_is[0] == IDLE -> worker_is[0] = SEARCHING
		:: !kept && worker_is[0] != IDLE -> worker_is[1] = SEARCHING
		fi
	:: else
	fi
}

/* queue_link() */
inline link(me)
{
	first_by = (nr_ready -> first_by : me);
	nr_ready++;
#ifdef BUG_NOT_BROKEN
	chained = chained && nr_ready > 1
#elif defined(BUG_ANOTHER_KEPT)
	chained = chained && nr_ready == 1
#else
	chained = false
#endif
}

/* The task leaves the queue; another may be the first then, from outside. */
inline take()
{
	nr_ready--;
	first_by = OUTSIDE
}

/* submit_to_pool() by a worker */
inline submit_inside(me)
{
	to_submit--;
	link(me);
	if
	:: nr_ready == 1 ->	/* chain_offer() */
		chained = true;
		fresh = true;
		overdue = false;
		owner = me
	:: else
	fi
}

proctype worker(byte me)
{
	bool kept;

end:	do
	:: atomic { worker_is[me] == SEARCHING ->
		if
		:: nr_ready -> take(); worker_is[me] = INSIDE
		:: else -> worker_is[me] = IDLE
		fi;
		unlock(me)
	   }
	:: atomic { worker_is[me] == INSIDE && to_submit -> submit_inside(me); unlock(me) }
	:: atomic { worker_is[me] == INSIDE -> worker_is[me] = CALLING; unlock(me) }
	:: atomic { worker_is[me] == INSIDE -> worker_is[me] = SEARCHING }	/* it returns */
	:: worker_is[me] == INSIDE -> rest; atomic { worker_is[me] = SEARCHING }
	:: worker_is[me] == CALLING -> rest; atomic { worker_is[me] = SEARCHING }
	:: atomic { worker_is[me] == INSIDE && deaths ->
		deaths = false;
		worker_is[me] = DEAD;
		unlock(OUTSIDE)		/* the manager's, as it reaps it */
	   }
	od
}

/* The time is over, and the manager looks. */
proctype manager()
{
	bool kept;

end:	do
	:: atomic { timer -> timer = false; overdue = true; unlock(OUTSIDE) }
	:: atomic { timer && early -> timer = false; early = false; unlock(OUTSIDE) }
	od
}

proctype submitter()
{
	bool kept;

	atomic { link(OUTSIDE); unlock(OUTSIDE) }
	if
	:: true
	:: atomic { nr_ready -> take(); unlock(OUTSIDE) }	/* wpool_cancel() */
	:: atomic { link(OUTSIDE); unlock(OUTSIDE) }
	fi
}

proctype oracle()
{
	timeout ->
	check(task_stranded, !nr_ready || !idle);
	rest = true;
	timeout ->
	check(task_stranded, !nr_ready || !idle)
}

init
{
	atomic {
		run worker(0);
		run worker(1);
		run manager();
		run submitter();
		run oracle()
	}
}
