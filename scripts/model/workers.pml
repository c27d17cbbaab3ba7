/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How many workers there are, made, retired and reaped by core/manager.c, while
 * core/resize.c changes how many there may be. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * cap_exceeded		no task begins, and no worker is counted, beyond the capacity
 * slot_lost		the semaphore's count, the workers and the debt add up
 * last_worker_gone	one worker stays as long as none dies
 * worker_kept		who idles too long is retired, who has ended is reaped
 * task_stranded	never does a task wait while a worker idles or could be made,
 *			unless somebody looks at the queue or is asked to make one;
 *			nor at rest, while fewer run than the capacity
 * task_lost		every accepted task ends, once
 * never_rests		every order of steps comes to rest
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_LEAVE_BY_NR_WORKERS	worker_must_leave() counts those who leave already:
 *				last_worker_gone
 * BUG_RETIRE_BY_NR_WORKERS	next_to_retire() does: last_worker_gone
 * BUG_SLOT_FORGOTTEN		worker_unlink() gives no slot back: slot_lost
 * BUG_DEBT_FORGOTTEN		worker_put_slot() calls up() with a debt: slot_lost
 * BUG_LINK_UNCHECKED		worker_link() trusts in its slot, though the capacity
 *				was lowered since: cap_exceeded
 * BUG_ASKED_FORGOTTEN		spawn_missing() clears spawn_asked when the capacity
 *				was lowered meanwhile: task_stranded
 * BUG_RETRY_WITHOUT_TIMER	spawn_missing() leaves spawn_asked set after a failure
 *				that no timer follows: task_stranded
 * BUG_RUN_UNREAPED		run_reap() does not end the task: task_lost
 * BUG_REAP_SILENT		reap() does not kick the manager: worker_kept
 * BUG_TIMER_FOR_KEPT		next_to_retire() arms the timer for those who are kept,
 *				too: never_rests
 *
 * What stands for what: an atomic block is one hold of pool->lock, or one call of
 * down_trylock(). Workers are told apart by what they do, and counted; that they are
 * woken, and the manager is, is not the point here (wake.pml, manager.pml): it
 * happens at once, and what they do then at any time. Time is a matter of order: a
 * timer goes off at any time after it was armed, and a worker's idle time is over
 * when one went off.
 */
#include "check.inc"

#define CAPACITY	2	/* and 1 while it is lowered */

mtype = { OK, BUSY, FAILED };

/* struct wpool */
byte nr_queued, nr_running, nr_searching, nr_idle, nr_workers;
byte nr_leaving;		/* they end at any time, and are reaped */
byte capacity = CAPACITY, slots = CAPACITY, slot_debt;
bool spawn_asked, timer, expired;
byte min_workers = 1;

bool kicked;			/* manager.c */
bool making;			/* a slot is taken, the worker not yet counted */

/* The world's part, and its accounts: of the running, those who sleep for long, the dead */
byte nr_slow, nr_dead, deaths, failures;
byte nr_accepted, nr_ended;
bool rest;

bool cap_exceeded, slot_lost, last_worker_gone, worker_kept, task_stranded, task_lost;

#define alive		(nr_workers - nr_leaving)
#define below_keep	(alive < min_workers && alive < capacity)
#define above_keep	(alive > min_workers || alive > capacity)

inline unlock()
{
	check(task_stranded, !nr_queued || nr_searching || (!nr_idle &&
	      (nr_workers >= capacity || spawn_asked)));
	check(slot_lost, slots + nr_workers + making == capacity + slot_debt)
}

inline wake_for_queue()
{
	if
	:: nr_queued && !nr_searching && nr_idle -> nr_idle--; nr_searching++
	:: nr_queued && !nr_searching && !nr_idle && !spawn_asked && nr_workers < capacity ->
		spawn_asked = true;
		kicked = true
	:: else
	fi
}

/* --- worker.c ----------------------------------------------------------- */

#ifdef BUG_LEAVE_BY_NR_WORKERS
#define worker_must_leave	(nr_workers > capacity)
#else
#define worker_must_leave	(alive > capacity)
#endif

inline worker_leave() { nr_leaving++; check(last_worker_gone, !below_keep) }

inline worker_put_slot()
{
#ifdef BUG_DEBT_FORGOTTEN
	slots++
#else
	if
	:: slot_debt -> slot_debt--
	:: else -> slots++
	fi
#endif
}

/* worker_loop(): takes a task, or leaves, or idles */
inline look()
{
	if
	:: worker_must_leave -> worker_leave(); wake_for_queue()
	:: !worker_must_leave && nr_queued ->
		nr_queued--;
		nr_running++;
		check(cap_exceeded, nr_running <= capacity);
		if
		:: !rest -> nr_slow++
		:: true
		fi;
		wake_for_queue()
	:: else -> nr_idle++; timer = timer || above_keep
	fi
}

proctype workers()
{
end:	do
	:: atomic { nr_searching -> nr_searching--; look(); unlock() }
	:: atomic { nr_running > nr_slow + nr_dead ->
		nr_running--;
		nr_ended++;
		look();
		unlock()
	   }
	:: atomic { deaths && nr_running > nr_slow + nr_dead -> deaths--; nr_dead++ }
	od
}

/* --- manager.c ---------------------------------------------------------- */

inline reap()
{
	atomic {
		if
		:: nr_leaving -> nr_leaving--
		:: nr_dead ->
			nr_dead--;
			nr_running--;	/* run_reap() */
#ifndef BUG_RUN_UNREAPED
			nr_ended++
#endif
		fi;
		nr_workers--;
#ifndef BUG_SLOT_FORGOTTEN
		worker_put_slot();
#endif
		wake_for_queue();
		unlock()
	}
#ifndef BUG_REAP_SILENT
	kicked = true
#endif
}

#ifdef BUG_RETIRE_BY_NR_WORKERS
#define spare	(nr_workers > min_workers || nr_workers > capacity)
#else
#define spare	above_keep
#endif

inline retire_idle()
{
	do
	:: atomic {
		if
		:: nr_idle && (alive > capacity || (spare && expired)) ->
			expired = expired && alive > capacity;
			nr_idle--;
			worker_leave();
			unlock()
		:: else ->
#ifdef BUG_TIMER_FOR_KEPT
			timer = timer || nr_idle;
#else
			timer = timer || (nr_idle && spare);
#endif
			expired = false;
			break
		fi
	   }
	od
}

#define worker_missing	(nr_workers < capacity && (below_keep || \
			 (nr_queued > nr_searching && !nr_idle)))

inline spawn_missing()
{
	do
	:: atomic {
		if
		:: err == OK && worker_missing
		:: else ->
#ifndef BUG_RETRY_WITHOUT_TIMER
			timer = timer || err == FAILED;
#endif
#ifdef BUG_ASKED_FORGOTTEN
			spawn_asked = (err == FAILED);
#else
			spawn_asked = (err != OK);
#endif
			err = OK;
			unlock();
			break
		fi
	   }
	   worker_spawn()
	od
}

#ifdef BUG_LINK_UNCHECKED
#define may_link	true
#else
#define may_link	(nr_workers < capacity)
#endif

inline worker_spawn()
{
	atomic {
		if
		:: slots -> slots--; making = true
		:: else -> err = BUSY
		fi
	}
	atomic {
		if
		:: making && failures -> failures--; err = FAILED; worker_put_slot()
		:: making && !may_link -> err = BUSY; worker_put_slot()
		:: making && may_link ->	/* worker_link() */
			nr_workers++;
			nr_searching++;
			check(cap_exceeded, nr_workers <= capacity)
		:: !making
		fi;
		making = false;
		unlock()
	}
}

proctype manager()
{
	mtype err = OK;

end:	do
	:: nr_leaving || nr_dead -> reap()
	:: kicked -> kicked = false; retire_idle(); spawn_missing()
	od
}

proctype pool_timer()
{
end:	do
	:: atomic { timer -> timer = false; expired = true; kicked = true }
	od
}

/* --- who uses the pool -------------------------------------------------- */

inline submit(n)
{
	atomic {
		nr_queued = nr_queued + n;
		nr_accepted = nr_accepted + n;
		wake_for_queue();
		unlock()
	}
}

proctype submitter()
{
	if
	:: submit(2)
	:: submit(1); submit(1)
	fi
}

inline resize(n)
{
	atomic {
		if
		:: n < capacity && slots -> slots--
		:: n < capacity && !slots -> slot_debt++
		:: n > capacity -> worker_put_slot()
		fi;
		capacity = n;
		wake_for_queue();
		kicked = true;
		unlock()
	}
}

proctype resizer()
{
	resize(1);
	if
	:: resize(2)
	:: true
	fi
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(task_stranded, !nr_queued || nr_running >= capacity);
	atomic { rest = true; nr_slow = 0 }
	timeout ->
	check(task_lost, nr_ended == nr_accepted && !nr_queued && !nr_running);
	check(worker_kept, !below_keep && !above_keep && !nr_leaving && !nr_dead);
	check(slot_lost, slots + nr_workers == capacity)
}

init
{
	atomic {
		if
		:: true
		:: min_workers = 2
		fi;
		if
		:: run resizer()
		:: failures = 1
		fi;
		deaths = 1;
		kicked = true;		/* pool_start() */
		run workers();
		run manager();
		run pool_timer();
		run submitter();
		run oracle()
	}
}
