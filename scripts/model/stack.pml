/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A group on the stack of a worker that dies: core/worker_stack.c, and what others do meanwhile
 * who are in a call on the group. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * touched_when_gone	nobody touches the group when the stack is gone
 * waiter_stuck		its waiter is completed, every call returns, and the stack goes
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_NO_GRACE_PERIOD		stack_forget() does not wait for one: touched_when_gone
 * BUG_ASKED_OUTSIDE_RCU	group_add() and group_join() ask first, and then enter RCU:
 *				touched_when_gone
 * BUG_ADDED_UNASKED		group_add() does not ask again when it has the lock of the group's
 *				home: touched_when_gone
 * BUG_ACCEPTED_UNASKED		submit_once() does not ask again under the pool's lock:
 *				touched_when_gone
 * BUG_ADMITTED_UNASKED		queue_admit_blocked() does not ask: touched_when_gone
 * BUG_TAKEN_BACK_UNASKED	group_submitted() does not ask: touched_when_gone
 * BUG_GIVEN_UP_UNASKED		group_give_way() does not ask: touched_when_gone
 * BUG_DOZED_UNASKED		group_doze() does not ask again when it has the lock back:
 *				touched_when_gone
 * BUG_GROUP_KEPT		let_go() leaves a run its group: touched_when_gone
 * BUG_RUNS_FIRST		forget_in() looks at what runs before what waits:
 *				touched_when_gone
 * BUG_LET_GO_UNCOUNTED		let_go() does not count the task of the run that it takes out
 *				of the group: waiter_stuck
 * BUG_LEFT_BEFORE_COMPLETE		group_await() does not wait for its completion by a group that goes:
 *				touched_when_gone
 *
 * What stands for what: an atomic block is one hold of the pool's lock, of the group's, or
 * of both. The owner has submitted one task of the group, another thread submits one more
 * and may block: the group does not count its task until it is accepted. The waiter, whose
 * time may be over at any moment, lies on a list that is in the group; when it has returned
 * its own memory is gone, so to tell it then is a touch as well.
 *
 * Left out: who owns the worker (a count), other pools (each is as this one), what workers that
 * help do before they sleep, and what becomes of tasks that lie on the stack.
 */
#include "check.inc"

mtype = { NEVER, BLOCKED, REFUSED, QUEUED, IN_FN, DONE };

/* struct wpool_group */
byte pending = 1;
bool listed;			/* the waiter is */

bool ending, gone;		/* the owner's stack */
mtype task[2];
bool in_group[2];		/* the run is */
bool completed, returned;		/* the waiter */

byte readers, awaited;		/* inside RCU, and those that were when asked */
byte callers = 2;

bool touched_when_gone, waiter_stuck;

#define touch()		check(touched_when_gone, !gone)

inline rcu_read_lock(me) { readers = readers | me }

inline rcu_read_unlock(me)
{
	atomic { readers = readers & ~me; awaited = awaited & ~me }
}

inline group_wake()
{
	if
	:: listed ->
		check(touched_when_gone, !returned);
		listed = false;
		completed = true
	:: else
	fi
}

inline group_task_done()
{
	touch();
	pending--;
	if
	:: !pending -> group_wake()
	:: else
	fi
}

/* --- the owner, which has died -------------------------------------------- */

inline walk_cancel()
{
	byte i = 0;

	do
	:: i < 2 ->
		atomic {
			if
			:: task[i] == QUEUED -> task[i] = DONE; group_task_done()
			:: else
			fi;
			i++
		}
	:: else -> break
	od
}

inline let_go_of_runs()
{
	byte j = 0;

	do
	:: j < 2 ->
		atomic {
			if
#ifndef BUG_GROUP_KEPT
			:: task[j] == IN_FN && in_group[j] ->
				in_group[j] = false;
#ifndef BUG_LET_GO_UNCOUNTED
				group_task_done()
#endif
#endif
			:: else
			fi;
			j++
		}
	:: else -> break
	od
}

proctype stack_forget()
{
	ending = true;
#ifndef BUG_NO_GRACE_PERIOD
	awaited = readers;
	!awaited;
#endif
#ifdef BUG_RUNS_FIRST
	let_go_of_runs();
	walk_cancel();
#else
	walk_cancel();
	let_go_of_runs();
#endif
	gone = true
}

/* --- a pool --------------------------------------------------------------- */

proctype worker(byte n)
{
end:	do
	:: atomic { task[n] == QUEUED -> task[n] = IN_FN; in_group[n] = true }
	:: atomic {
		task[n] == IN_FN ->
		task[n] = DONE;
		if
		:: in_group[n] -> in_group[n] = false; group_task_done()
		:: else
		fi
	   }
	:: atomic {			/* queue_admit_blocked() */
		task[n] == BLOCKED ->
		if
#ifndef BUG_ADMITTED_UNASKED
		:: ending -> task[n] = REFUSED
#endif
		:: else -> task[n] = QUEUED; touch(); pending++
		fi
	   }
	od
}

/* --- who is in a call on the group ----------------------------------------- */

inline ask(me)
{
#ifdef BUG_ASKED_OUTSIDE_RCU
	asked = ending;
	rcu_read_lock(me);
#else
	rcu_read_lock(me);
	asked = ending;
#endif
}

proctype submitter()
{
	bool asked;

	ask(1);				/* group_add() */
	if
	:: asked -> goto out
	:: else
	fi;
	touch();			/* it joins */
	rcu_read_unlock(1);
	if				/* its home, if that is another pool, looks again */
	:: atomic {
		true ->
		if
#ifndef BUG_ADDED_UNASKED
		:: ending
#endif
		:: else -> touch()
		fi
	   }
	:: true
	fi;
	atomic {			/* submit_once() */
		if
#ifndef BUG_ACCEPTED_UNASKED
		:: ending -> task[1] = REFUSED
		:: !ending -> task[1] = QUEUED; touch(); pending++
		:: !ending -> task[1] = BLOCKED
#else
		:: task[1] = QUEUED; touch(); pending++
#endif
		fi
	}
	task[1] != BLOCKED;
	if
	:: task[1] == REFUSED ->
		atomic {		/* group_submitted() */
			if
#ifndef BUG_TAKEN_BACK_UNASKED
			:: ending
#endif
			:: else -> touch()
			fi
		}
	:: else
	fi;
out:	rcu_read_unlock(1);
	callers--
}

proctype waiter()
{
	bool asked;

	ask(2);				/* group_join() */
	if
	:: asked -> goto out
	:: else
	fi;
	atomic {
		touch();
		if
		:: pending -> listed = true
		:: else -> goto out
		fi
	}
	rcu_read_unlock(2);
	if				/* group_doze(), of a worker; its walk had let go of the lock */
	:: atomic {
		true ->
		if
#ifndef BUG_DOZED_UNASKED
		:: ending
#endif
		:: else -> touch()
		fi
	   }
	:: true
	fi;
	if				/* group_await() */
	:: completed -> goto out
	:: true
	fi;
	rcu_read_lock(2);		/* group_give_way() */
#ifndef BUG_GIVEN_UP_UNASKED
	if
	:: ending ->
		rcu_read_unlock(2);
#ifndef BUG_LEFT_BEFORE_COMPLETE
		completed;
#endif
		goto out
	:: else
	fi;
#endif
	atomic { touch(); listed = false }
out:	returned = true;
	rcu_read_unlock(2);
	callers--
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(waiter_stuck, !callers && gone)
}

init
{
	atomic {
		task[0] = QUEUED;
		task[1] = NEVER;
		run stack_forget();
		run worker(0);
		run worker(1);
		run submitter();
		run waiter();
		run oracle()
	}
}
