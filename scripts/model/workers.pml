/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many workers there are: core/manager.c has them made by another thread, lets them
 * begin, retires and reaps them, while core/resize.c changes how many there may be.
 * Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * cap_exceeded		no task begins, and no worker is counted, beyond the capacity
 * slot_lost		the semaphore's count, the workers and the debt add up
 * last_worker_gone	one worker stays as long as none dies, and after a death there is one
 *			again; in a pool that keeps a spare, though none can be made
 * worker_kept		who idles too long is retired, who has ended is reaped
 * task_stranded	never does a task wait while a worker idles or could be made,
 *			unless somebody looks at the queue or is asked to make one, or, if
 *			none idles, as many start as tasks wait; nor at rest, while fewer
 *			run than the capacity, or, if none can be made, while none runs
 *			that lives
 * task_lost		every accepted task ends, once
 * old_error		why none was made is not given to the next that asks
 * end_missed		a closed pool ends, though the maker never begins with what was asked
 * never_rests		every order of steps comes to rest
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_LEAVE_BY_NR_WORKERS	worker_must_leave() counts those who leave already:
 *				last_worker_gone
 * BUG_RETIRE_BY_NR_WORKERS	pick_to_retire() does: last_worker_gone
 * BUG_SLOT_FORGOTTEN		worker_give_place() gives no slot back: slot_lost
 * BUG_DEBT_FORGOTTEN		slots_put() calls up() with a debt: slot_lost
 * BUG_LATE_UNCHECKED		begin_missing() lets one begin that comes late, though the
 *				capacity was lowered since: cap_exceeded
 * BUG_MAKER_SILENT		maker_make() does not kick the manager: task_stranded
 * BUG_RETRY_WITHOUT_TIMER	spawn_missing() leaves spawn_asked set after a failure
 *				that no timer follows: task_stranded
 * BUG_ERROR_KEPT		spare_surplus() keeps an error that nobody waits for: old_error
 * BUG_SPARE_FOR_GROWTH		spare_take() takes the kept one while others live:
 *				last_worker_gone
 * BUG_DEAD_COUNTED		spare_take() counts the dead whose hooks run: task_stranded
 * BUG_DEATH_SILENT		worker_died() does not kick the manager: task_stranded
 * BUG_MAKER_AWAITED		spawn_missing() waits for the maker when the pool is over:
 *				end_missed
 * BUG_RUN_UNREAPED		run_reap() does not end the task: task_lost
 * BUG_REAP_SILENT		worker_give_place() does not kick the manager: last_worker_gone
 * BUG_DEAD_KEPT		pick_to_retire() counts the dead whose hooks run: last_worker_gone
 * BUG_TIMER_FORGOTTEN		worker_idle() arms no timer: worker_kept
 * BUG_TIMER_FOR_KEPT		pick_to_retire() arms the timer for those who are kept,
 *				too: never_rests
 *
 * What stands for what: an atomic block is one hold of pool->lock. Workers are told apart by
 * what they do, and counted; that they are woken, and the manager and the maker are, is not
 * the point here (wake.pml, manager.pml): it happens at once, and what they do then at any
 * time. Time is a matter of order: a timer goes off at any time after it was armed, and a
 * worker's idle time is over when one went off. The maker can be stuck, in the making of
 * another pool's worker, from some time on.
 *
 * Left out: that dead workers put off the next; that a worker_start sleeps, or dies (wake.pml); and
 * that run_reap() may drop the lock when worker_give_place() has given the place of a dead worker,
 * which counts as running until all tasks that it was inside have ended.
 */
#include "check.inc"

#define CAPACITY	2	/* and 1 while it is lowered */

mtype = { OK, MAKING, FAILED };

/* struct wpool */
byte nr_queued, nr_running, nr_searching, nr_starting, nr_idle, nr_workers;
byte nr_leaving;		/* they end at any time, and are reaped */
byte capacity = CAPACITY, slots = CAPACITY, slot_debt, min_workers;
bool spawn_asked, timer, expired, closing, reclaim;
bool making, made, kept, error;	/* pool->spare */

bool kicked;			/* manager.c */
bool asked;			/* spare.c: the pool is on the list, the maker has not begun */

/* The world's part, and its accounts: of the running, those who sleep for long, the dead */
byte nr_slow, nr_dead, deaths, failures;
bool nr_hooks, held;		/* of the dead: those whose hooks run, which may take long */
byte nr_accepted, nr_ended;
bool rest, stuck;
bool unwanted;			/* since one was asked for, none was missing */

bool cap_exceeded, slot_lost, last_worker_gone, worker_kept, task_stranded, task_lost;
bool old_error, end_missed;

#define alive		(nr_workers - nr_leaving)
#define below_keep	(!closing && alive < min_workers && alive < capacity)
#define living		(alive - nr_hooks)	/* without the dead whose hooks run */
#ifdef BUG_DEAD_KEPT
#define above_keep	(alive > min_workers || alive > capacity)
#else
#define above_keep	(living > min_workers || alive > capacity)
#endif
#define over		(closing && !nr_queued)

#define queue_wants_worker	(nr_queued > nr_searching + nr_starting)

inline unlock()
{
	check(task_stranded, !nr_queued || nr_searching || (!nr_idle &&
	      (nr_workers >= capacity || spawn_asked || nr_queued <= nr_starting)));
	check(slot_lost, slots + nr_workers == capacity + slot_debt)
}

inline wake_for_queue()
{
	if
	:: nr_queued && !nr_searching && nr_idle -> nr_idle--; nr_searching++
	:: queue_wants_worker && !nr_searching && !nr_idle && !spawn_asked &&
	   nr_workers < capacity ->
		spawn_asked = true; kicked = true
	:: else
	fi
}

/* --- worker.c ----------------------------------------------------------- */

#ifdef BUG_LEAVE_BY_NR_WORKERS
#define worker_must_leave	(nr_workers > capacity || over)
#else
#define worker_must_leave	(alive > capacity || over)
#endif

inline worker_leave() { nr_leaving++; check(last_worker_gone, !below_keep) }

inline slots_put()
{
	if
#ifndef BUG_DEBT_FORGOTTEN
	:: slot_debt -> slot_debt--
#endif
	:: else -> slots++
	fi
}

/* worker_loop(): takes a task, or leaves, or idles */
inline look()
{
	if
	:: worker_must_leave -> worker_leave(); wake_for_queue()
	:: !worker_must_leave && nr_queued ->
		nr_queued--; nr_running++;
		check(cap_exceeded, nr_running <= capacity);
		if
		:: !rest -> nr_slow++
		:: true
		fi;
		wake_for_queue()
	:: else -> nr_idle++;
#ifndef BUG_TIMER_FORGOTTEN
		timer = timer || above_keep
#endif
	fi
}

/* And the timer. */
proctype workers()
{
end:	do
	:: atomic { nr_searching -> nr_searching--; look(); unlock() }
	:: atomic { nr_starting -> nr_starting--; look(); unlock() }
	:: atomic { nr_running > nr_slow + nr_dead -> nr_running--; nr_ended++; look(); unlock() }
	:: atomic { deaths && nr_running > nr_slow + nr_dead -> deaths--; nr_dead++ }
	:: atomic { timer -> timer = false; expired = true; kicked = true }
	od
}

/* --- manager.c ---------------------------------------------------------- */

inline reap()
{
	atomic {
		if
		:: nr_leaving -> nr_leaving--
		:: else ->
			nr_hooks = false; nr_dead--; nr_running--;	/* run_reap() */
#ifndef BUG_RUN_UNREAPED
			nr_ended++
#endif
		fi;
		nr_workers--;
#ifndef BUG_SLOT_FORGOTTEN
		slots_put();
#endif
#ifndef BUG_REAP_SILENT
		kicked = true;
#endif
		wake_for_queue();
		unlock()
	}
}

#ifdef BUG_RETIRE_BY_NR_WORKERS
#define too_many	(nr_workers > min_workers || nr_workers > capacity)
#else
#define too_many	above_keep
#endif
#define excess		(alive > capacity || over)

inline retire_idle()
{
	do
	:: atomic {
		if
		:: nr_idle && (excess || (too_many && expired)) ->
			expired = expired && excess;
			nr_idle--; worker_leave();
			unlock()
		:: else ->
			timer = timer || (nr_idle && too_many);
#ifdef BUG_TIMER_FOR_KEPT
			timer = timer || nr_idle;
#endif
			expired = false;
			break
		fi
	   }
	od
}

#define may_grow	(nr_workers < capacity)
#define worker_missing	(may_grow && (below_keep || (queue_wants_worker && !nr_idle)))
#ifdef BUG_LATE_UNCHECKED
#define worker_late	(made && (kept || !reclaim) && !closing)
#else
#define worker_late	(made && (kept || !reclaim) && !closing && may_grow)
#endif
#if defined(BUG_SPARE_FOR_GROWTH)
#define kept_is_due	(kept && !made)
#elif defined(BUG_DEAD_COUNTED)
#define kept_is_due	(kept && !alive)
#else
#define kept_is_due	(kept && !living)
#endif
#define may_begin	((worker_missing || worker_late) && (made || kept_is_due))

/* spare_take(), worker_begin() */
inline begin()
{
	if
	:: kept_is_due -> kept = false
	:: else -> made = false
	fi;
	nr_workers++; nr_starting++;
	check(cap_exceeded, nr_workers <= capacity);
	slots--
}

inline spare_ask()
{
	if
	:: making -> err = MAKING
	:: !making && error -> error = false; err = FAILED; check(old_error, !unwanted)
	:: else -> making = true; asked = true; unwanted = false; err = MAKING
	fi
}

inline spare_keep()
{
	if
	:: reclaim && !kept && !over && made -> kept = true; made = false
	:: reclaim && !kept && !over && !made -> spare_ask()
	:: else
	fi
}

inline spare_surplus()
{
#ifndef BUG_ERROR_KEPT
	error = false;
#endif
	kicked = kicked || made || (over && kept);
	made = made && over && kept;
	kept = kept && !over
}

inline spawn_missing()
{
	do
	:: atomic {
		if
		:: may_begin -> begin(); unlock()
		:: else ->
			if
			:: worker_missing -> spare_ask()
			:: else -> spare_keep()
			fi;
#ifndef BUG_RETRY_WITHOUT_TIMER
			timer = timer || err == FAILED;
#endif
			spawn_asked = (err != OK);
#ifndef BUG_MAKER_AWAITED
			making = making && !(over && asked);	/* spare_withdraw() */
			asked = asked && making;
#endif
			unwanted = unwanted || (err == OK && !making);
			if
			:: !making -> spare_surplus()
			:: else
			fi;
			err = OK; unlock();
			break
		fi
	   }
	od
}

proctype manager()
{
	mtype err = OK;

end:	do
	:: atomic { nr_dead > nr_hooks ->	/* worker_died() */
		nr_hooks = true;
#ifndef BUG_DEATH_SILENT
		kicked = true;
#endif
		wake_for_queue();
		unlock()
	   }
	:: nr_leaving || (nr_hooks && !held) -> reap()
	:: kicked -> kicked = false; retire_idle(); spawn_missing()
	od
}

proctype maker()
{
end:	do
	:: atomic { asked && !stuck -> asked = false }
	   atomic {			/* maker_make() */
		making = false;
		if
		:: failures -> failures--; error = true
		:: made = true
		fi;
#ifndef BUG_MAKER_SILENT
		kicked = true;
#endif
		unlock()
	   }
	od
}

/* --- who uses the pool -------------------------------------------------- */

inline submit(n)
{
	atomic {
		nr_queued = nr_queued + (closing -> 0 : n);
		nr_accepted = nr_accepted + (closing -> 0 : n);
		wake_for_queue();
		unlock()
	}
}

proctype submitter() { if :: submit(2) :: submit(1); submit(1) fi }

inline resize(n)
{
	atomic {
		if
		:: n < capacity && slots -> slots--
		:: n < capacity && !slots -> slot_debt++
		:: n > capacity -> slots_put()
		fi;
		capacity = n;
		wake_for_queue();
		kicked = true;
		unlock()
	}
}

proctype resizer() { resize(1); if :: resize(2) :: true fi }

proctype closer()
{
	nr_workers -> stuck = true;
	atomic { closing = true; kicked = true; unlock() }
}

/* A worker lives, and the spare is there, when no more can be made. */
proctype starver() { atomic { kept && nr_workers > nr_leaving + nr_dead -> stuck = true } }

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(task_stranded, !nr_queued || nr_running >= capacity ||
	      (stuck && nr_running > nr_dead));
	atomic { rest = true; nr_slow = 0; held = false }
	timeout ->
	check(task_lost, nr_ended == nr_accepted && !nr_queued && !nr_running);
	check(end_missed, !closing || (!nr_workers && !kept && !made && !making));
	check(last_worker_gone, closing || nr_workers);
	stuck = false;
	timeout ->
	check(worker_kept, !below_keep && !above_keep && !nr_leaving && !nr_dead);
	check(slot_lost, slots + nr_workers == capacity)
}

init
{
	atomic {
		select(min_workers : 1 .. 2);
		if
		:: run resizer(); deaths = 1
		:: failures = 1; deaths = 1
		:: reclaim = true; failures = 1; deaths = 1
		:: reclaim = true; run closer()
		:: reclaim = true; run starver(); deaths = 1
		:: reclaim = true; run starver(); deaths = 1; held = true
		fi;
		kicked = true;		/* pool_start() */
		run workers(); run manager(); run maker();
		run submitter(); run oracle()
	}
}
