/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of tasks with a release: release.c, late.c, walk_cancel() in queue_walk.c and
 * wpool_shutdown_now() in shutdown.c. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * released_twice	the release of each submission is called once, and not more often
 * release_lost		nor is it forgotten
 * not_cancelled	a cancel that returns has left none of the tasks that it wanted
 * ended_early		a pool comes to its end after the last release has returned, or has ended
 *			its thread
 * freed_in_use		late.c does not read the run of a worker whose memory is gone
 * end_stuck		everybody comes to rest, and the pool to its end
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_RELEASE_IN_WALK	walk_cancel() calls releases before it lets others walk: end_stuck
 * BUG_WALKED_ONCE	group_cancel() does not walk again when ends_full(): not_cancelled
 * BUG_COUNTED_FIRST	ends_call() counts, then calls: ended_early
 * BUG_DEATH_UNCOUNTED	ends_forget() does not count: end_stuck
 * BUG_REST_FORGOTTEN	ends_forget() does not call the rest: release_lost end_stuck
 * BUG_DEATH_CLOSES_NOTHING	ends_forget() does not have late.c close the pool: end_stuck
 *			release_lost
 * BUG_SLOT_READ_LATE	release_of_run() reads the run when it has dropped the lock: release_lost
 *			released_twice
 * BUG_RUN_NOT_KEPT	reap_run() does not take a reference: freed_in_use
 * BUG_LATE_LOOKS_ONCE	kick_work() does nothing while the work runs: end_stuck release_lost
 *
 * What stands for what: an atomic block is one hold of pool->lock. There are two tasks; the first
 * is submitted twice. There is room for one of them in an array of those that have ended, or for
 * two, if both have ended in one hold. One worker runs tasks, and may die in one; its run has one
 * slot, which another task gets when the lock is dropped. A worker of another pool cancels all that
 * it finds, or closes the pool, and may die in a release. A release looks for tasks to cancel, too.
 */
#include "check.inc"

#define NR	2
#define NONE	NR

mtype = { QUEUED, IN_FN, DONE };

mtype state[NR] = QUEUED;
byte accepted[NR] = 1, released[NR];
byte in_flight = NR;
bool walked, kicked, late_runs, closes, stopped, terminated;
byte slot;			/* the task of the worker's run */
bool used;			/* the run is */
byte dead_run = NONE;		/* of a run of a dead one */
bool freed;			/* the dead one */

bool released_twice, release_lost, not_cancelled, ended_early, freed_in_use, end_stuck;

inline release(t)
{
	atomic {
		released[t]++;
		check(released_twice, released[t] <= accepted[t])
	}
}

/* ends_call() */
inline finish(t)
{
#ifdef BUG_COUNTED_FIRST
	atomic { in_flight-- };
	release(t)
#else
	release(t);
	atomic { in_flight-- }
#endif
}

inline kick_work()
{
#ifdef BUG_LATE_LOOKS_ONCE
	kicked = kicked || !late_runs
#else
	kicked = true
#endif
}

/* Takes a task that is queued, or both at once. */
inline take(one, two)
{
	one = NONE;
	two = NONE;
	if
	:: state[0] == QUEUED -> one = 0; state[0] = DONE
	:: state[1] == QUEUED -> one = 1; state[1] = DONE
	:: state[0] == QUEUED && state[1] == QUEUED ->
		one = 0; two = 1;
		state[0] = DONE; state[1] = DONE
	:: state[0] != QUEUED && state[1] != QUEUED
	fi
}

/* The function of a task returns, or its worker dies. Then another has its place. */
proctype worker()
{
	byte t;

again:	do
	:: atomic { state[0] == QUEUED && !stopped && !used ->
		t = 0; state[0] = IN_FN; slot = 0; used = true
	   }
	   break
	:: atomic { state[1] == QUEUED && !stopped && !used ->
		t = 1; state[1] = IN_FN; slot = 1; used = true
	   }
	   break
	:: terminated -> goto over
	od;
	if
	:: dead_run == NONE && !freed ->
		/* run_reap_one(): its release is left to late.c; the worker is reaped. */
		atomic {
			state[t] = DONE;
			used = false;
			dead_run = t;
			kick_work();
#ifdef BUG_RUN_NOT_KEPT
			freed = true
#endif
		}
	:: true ->
		/* run_end(), release_of_run(). Nested, or a new one, another run gets the slot. */
		atomic {
			state[t] = DONE;
			used = false;
#ifndef BUG_SLOT_READ_LATE
			t = slot
#endif
		}
#ifdef BUG_SLOT_READ_LATE
		t = slot;
#endif
		finish(t)
	fi;
	goto again;
over:
	skip
}

/* A task that a release runs while it waits, in the slot that has come free. */
proctype nested()
{
	byte t;

	if
	:: atomic { state[0] == QUEUED && !stopped && !used ->
		t = 0; state[0] = IN_FN; slot = 0; used = true
	   }
	:: atomic { state[1] == QUEUED && !stopped && !used ->
		t = 1; state[1] = IN_FN; slot = 1; used = true
	   }
	:: terminated -> goto over
	fi;
	atomic { state[t] = DONE; used = false };
	finish(t);
over:
	skip
}

/* The release of a task that was cancelled, in a worker, which it may end: ends_forget() */
inline call_released(one, two, dies)
{
	release(one);
	if
	:: atomic { !walked -> walked = true };	/* it walks itself, and returns */
	   walked = false;
	   atomic { in_flight-- }
	:: dies = true;
	   atomic {
#ifndef BUG_DEATH_CLOSES_NOTHING
		if
		:: stopped -> closes = true; kick_work()
		:: else
		fi;
#endif
#ifndef BUG_DEATH_UNCOUNTED
		in_flight--
#endif
	   }
#ifdef BUG_REST_FORGOTTEN
	   two = NONE
#endif
	fi;
	if
	:: two != NONE -> finish(two)
	:: else
	fi
}

/* A worker of another pool: wpool_group_cancel(), or wpool_shutdown_now() */
proctype canceller()
{
	byte one, two;
	bool dies;

	if
	:: true ->
walk:		atomic { !walked -> walked = true };
		atomic { take(one, two) };
#ifndef BUG_RELEASE_IN_WALK
		walked = false;
#endif
	:: true ->
		atomic { stopped = true };
close:		atomic { take(one, two) }
	fi;
	if
	:: one == NONE -> goto done
	:: else -> call_released(one, two, dies)
	fi;
#ifdef BUG_RELEASE_IN_WALK
	walked = false;
#endif
	if
	:: dies -> goto over
	:: !dies && stopped -> goto close
	:: else
#ifndef BUG_WALKED_ONCE
		-> goto walk
#endif
	fi;
done:
	check(not_cancelled, state[1] != QUEUED);
over:
	skip
}

/* late_work() */
proctype late()
{
	byte one, two;

end:	do
	:: atomic { kicked -> kicked = false; late_runs = true };
look:	   if
	   :: atomic { dead_run != NONE ->
		check(freed_in_use, !freed);
		one = dead_run;
		dead_run = NONE
	      };
	      finish(one);
	      goto look
	   :: atomic { dead_run == NONE && closes -> take(one, two); closes = (one != NONE) };
	      if
	      :: one != NONE -> finish(one)
	      :: else
	      fi;
	      if
	      :: two != NONE -> finish(two)
	      :: else
	      fi;
	      goto look
	   :: else
	   fi;
	   late_runs = false
	od
}

/* Submits the first task once more. */
proctype owner()
{
	if
	:: atomic { state[0] == DONE && in_flight && !stopped ->
		state[0] = QUEUED; accepted[0]++; in_flight++
	   }
	:: !in_flight || stopped
	fi
}

/* terminate() */
proctype manager()
{
	atomic {
		!in_flight ->
		terminated = true;
		check(ended_early, released[0] + released[1] == accepted[0] + accepted[1])
	}
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(release_lost, released[0] == accepted[0] && released[1] == accepted[1]);
	check(end_stuck, terminated && !walked)
}

init
{
	atomic {
		run worker();
		run nested();
		run canceller();
		run late();
		run owner();
		run manager();
		run oracle()
	}
}
