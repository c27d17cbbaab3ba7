/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How the manager sleeps and is woken: service_next() of manager_main(), kick_exit(),
 * kick_pool() in core/manager_kick.c. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * worker_unreaped	who has ended is reaped
 * kick_unheard		a pool that was kicked is looked at after that
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_WAKE_BEFORE_ADD		kick_exit() wakes the manager, then adds to its
 *				list: worker_unreaped
 * BUG_KICK_BEFORE_ADD		kick_pool() does: kick_unheard
 * BUG_LOOK_BEFORE_STATE	manager_main() looks at its lists, then sets its state:
 *				worker_unreaped kick_unheard
 *
 * What stands for what: a step is one access to a list or to the thread's state. That
 * all see them in this order is what set_current_state() and wake_up_process() are
 * for. There is one pool; a list of pools has it or not.
 */
#include "check.inc"

bool asleep;			/* the state of the manager's thread */
byte dead;			/* how many are on that list */
bool kicked;

byte nr_ended, nr_reaped;
bool news;			/* since the manager has looked at the pool */

bool worker_unreaped, kick_unheard;

inline kick_exit()
{
	nr_ended++;
#ifdef BUG_WAKE_BEFORE_ADD
	asleep = false;
	dead++
#else
	dead++;
	asleep = false
#endif
}

inline kick_pool()
{
	news = true;
#ifdef BUG_KICK_BEFORE_ADD
	asleep = false;
	kicked = true
#else
	kicked = true;
	asleep = false
#endif
}

proctype manager()
{
	byte list;
	bool pool;

	do
	::
#ifndef BUG_LOOK_BEFORE_STATE
	   asleep = true;
#endif
	   atomic { list = dead; dead = 0 }
	   atomic { pool = kicked; kicked = false }
#ifdef BUG_LOOK_BEFORE_STATE
	   asleep = true;
#endif
	   if
	   :: !list && !pool ->
end_asleep:	!asleep			/* schedule() */
	   :: else ->
		asleep = false;
		do
		:: list -> list--; nr_reaped++; kick_pool()
		:: else -> break
		od;
		news = news && !pool	/* manage() */
	   fi
	od
}

/* Any worker, any who changes the pool. */
proctype worker() { kick_exit() }

proctype caller() { kick_pool(); kick_pool() }

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(worker_unreaped, nr_reaped == nr_ended);
	check(kick_unheard, !news && !kicked)
}

init
{
	atomic {
		run manager();
		run worker();
		run worker();
		run caller();
		run oracle()
	}
}
