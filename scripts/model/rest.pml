/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Of many threads that wait for one task some are completed at once, and the last of those
 * completes the next: waiters_complete() in core/waiter.c, task_waiter_del() in
 * core/task_waiters.c, sleep_on() in core/wait.c.
 * Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * call_stuck		every call returns
 * stack_touched	nobody touches a waiter when the call that has it on its stack has
 *			returned
 * none_followed	who gives up looks for the first of a task's waiters only if there is
 *			one, and it is one of them
 * completed_twice		no waiter is completed twice, or after it has given up
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_REST_LEFT	sleep_on() does not tell those who are left: call_stuck stack_touched
 * BUG_REST_BY_PATIENT	sleep_on() tells them only if its own time is not over: call_stuck
 *			stack_touched
 * BUG_RETURN_BEFORE_DONE	sleep_on() goes by its status, and does not wait until it has
 *			been woken: stack_touched
 * BUG_RING_ONLY	task_waiter_del() takes nobody off that is one of a rest: stack_touched
 *			completed_twice call_stuck
 * BUG_OWN_REST		waiters_complete() leaves a waiter among those that it is to complete:
 *			completed_twice
 * BUG_NUMBER_NOT_SEEN	task_waiter_is_on() goes by the state of the task alone, which may wait
 *			again: none_followed
 *
 * What stands for what: an atomic block is one hold of pool->lock, or one call of
 * complete(). One is completed in a hold. The task ends, is submitted again, and ends again.
 * A waiter sleeps for ever, or its time may be over at any moment.
 *
 * Left out: that the lists of a group are guarded by its own lock (stack.pml).
 */
#include "check.inc"

#define WAITERS		3
#define NOBODY		WAITERS

/* struct wpool_task: is accepted, whoever waits for it, and their number */
bool accepted = true;
byte ring, number;

/* struct wpool_waiter: those on its list of the rest; a bit each */
byte rest[WAITERS + 1], number_of[WAITERS];
bool completed[WAITERS], done[WAITERS], on_stack[WAITERS];
byte callers = WAITERS;

bool call_stuck, stack_touched, none_followed, completed_twice;

#define bit(w)		(1 << (w))
#define first(set)	((set) & 1 -> 0 : ((set) & 2 -> 1 : 2))

/* Completes one of a set, which has the others from here on, by the wake queue. */
inline waiters_complete(set)
{
	wake_queue = first(set);
	check(stack_touched, on_stack[wake_queue]);
	check(completed_twice, !completed[wake_queue]);
	completed[wake_queue] = true;
#ifdef BUG_OWN_REST
	rest[wake_queue] = (set)
#else
	rest[wake_queue] = (set) & ~bit(wake_queue)
#endif
}

inline wake_queue_waiters()
{
	if
	:: wake_queue != NOBODY ->
		atomic {
			check(stack_touched, on_stack[wake_queue]);
			done[wake_queue] = true;
			wake_queue = NOBODY
		}
	:: else
	fi
}

inline task_waiter_del(me)
{
	if
#ifdef BUG_NUMBER_NOT_SEEN
	:: accepted ->
#else
	:: accepted && ring && number_of[me] == number ->
#endif
		check(none_followed, ring & bit(me));
		ring = ring & ~bit(me)
	:: else
#ifndef BUG_RING_ONLY
		-> rest[0] = rest[0] & ~bit(me);
		rest[1] = rest[1] & ~bit(me);
		rest[2] = rest[2] & ~bit(me)
#endif
	fi
}

/* sleep_on() */
proctype waiter(byte me; bool patient)
{
	byte wake_queue = NOBODY, left;
	bool gave_up;

	atomic {
		if
		:: !accepted -> goto out
		:: accepted ->
			on_stack[me] = true;
			number = number + !ring;
			number_of[me] = number;
			ring = ring | bit(me)
		fi
	}
	if
	:: done[me]
	:: !patient
	fi;
	atomic {
		gave_up = !completed[me];
		if
		:: gave_up -> completed[me] = true; task_waiter_del(me)
		:: else
		fi;
		left = rest[me];
		if
#ifdef BUG_REST_LEFT
		:: false
#elif defined(BUG_REST_BY_PATIENT)
		:: left && done[me] -> rest[me] = 0; waiters_complete(left)
#else
		:: left -> rest[me] = 0; waiters_complete(left)
#endif
		:: else
		fi;
		left = 0
	}
	wake_queue_waiters();
#ifndef BUG_RETURN_BEFORE_DONE
	gave_up || done[me];
#endif
	on_stack[me] = false;
out:	atomic { callers-- }
}

/* Ends the task, submits it again, and ends it again. */
proctype worker()
{
	byte wake_queue = NOBODY, all, runs = 2;

	do
	:: atomic { runs ->
		runs--;
		accepted = false;
		all = ring;
		ring = 0;
		if
		:: all -> waiters_complete(all)
		:: else
		fi;
		all = 0
	   }
	   wake_queue_waiters();
	   atomic { accepted = runs }
	:: !runs -> break
	od
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(call_stuck, !callers)
}

init
{
	atomic {
		run worker();
		run waiter(0, false);
		run waiter(1, false);
		run waiter(2, true);
		run oracle()
	}
}
