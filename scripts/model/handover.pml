/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Waiters that are completed, and waiters that give up: block() in core/queue_full.c,
 * sleep_on() in core/wait.c, queue_admit_blocked() in core/queue.c, core/admitted.c,
 * wake_queue_waiters() in core/waiter.c. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * answered_wrongly		a task is accepted if and only if its submitter learns so
 * stack_touched	nobody writes to a waiter whose caller has returned
 * overtaken		no newcomer gets the room that somebody sleeps for
 * call_stuck		every call returns: a sleeper is completed when there is room or
 *			the pool is closed
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_GIVE_UP_BLINDLY		block() does not look whether it was completed meanwhile:
 *				answered_wrongly stack_touched
 * BUG_RETURN_BEFORE_DONE	a waiter that was completed and has timed out does not wait for
 *				its waker: stack_touched
 * BUG_COMPLETE_UNLOCKED		waiter_complete() after the lock is dropped: call_stuck
 *				answered_wrongly stack_touched
 * BUG_NEWCOMER_FIRST		queue_accept() looks for room alone, not for those that wait:
 *				overtaken
 * BUG_REST_FORGOTTEN		queue_admit_blocked() leaves some, and does not say so:
 *				call_stuck
 * BUG_ROOM_KEPT		pool_unlock() has nobody admitted or refused that blocks: call_stuck
 * BUG_RESULT_BY_TIMEOUT	block() says that it timed out if it did, completed or not:
 *				answered_wrongly
 * BUG_ADMITTED_KEPT		the manager wakes nobody that was admitted: call_stuck
 * BUG_ADMITTED_STAYS		block() does not take itself off the list of those admitted:
 *				stack_touched
 * BUG_ADMITTED_AWAITED		block() waits for its waker though it was still on that list:
 *				call_stuck
 *
 * What stands for what: an atomic block is one hold of pool->lock, or one call of
 * complete(). The queue has one place, taken at first. A submitter sleeps for
 * ever, or may time out at any time. Another thread may submit the first one's task
 * meanwhile: then the first is refused. One is refused in a hold; then the manager, or the
 * next submitter, goes on. sleep_on() is the same with a task's end for the room. Each hold of
 * the lock ends with a look at those that block; in the code it is there only if a mark says that
 * something has changed: pool_mark(), and pool_set_end_mark() while somebody blocks.
 *
 * One that was admitted is completed in that hold, or in any later one, be it that enough is free,
 * or that the manager looks when its time is over.
 *
 * Left out: the inbox, which is shut while a submitter blocks; inbox.pml has both.
 */
#include "check.inc"

#define SUBMITTERS	3
#define DEPTH		1

mtype = { SLEEPS, ACCEPTED, CLOSED, BUSY, GAVE_UP };

chan blocked = [SUBMITTERS] of { byte };
byte admitted;		/* a bit for each */
byte nr_blocked;
byte nr_queued = DEPTH, nr_accepted = DEPTH, nr_answered = DEPTH, nr_taken;
bool closed, first_is_busy;
bool mark_room;		/* MARK_ROOM, left as the lock is dropped */
byte callers = SUBMITTERS;

/* struct wpool_waiter, on its submitter's stack */
bool on_stack[SUBMITTERS], done[SUBMITTERS];
mtype status[SUBMITTERS] = SLEEPS;

bool answered_wrongly, stack_touched, overtaken, call_stuck;

inline queue_put() { nr_queued++; nr_accepted++ }

inline waiter_complete(who, what)
{
#ifndef BUG_COMPLETE_UNLOCKED
	status[who] = what;
#endif
	wake_queue = wake_queue | (1 << who)
}

#define is_busy(who)	(who == 0 && first_is_busy)

/* What admitted_add() does: now or later. */
inline admitted_add(who)
{
	if
	:: waiter_complete(who, ACCEPTED)
	:: status[who] = ACCEPTED; admitted = admitted | (1 << who)
	fi
}

/* All, as in the code. */
inline admitted_wake()
{
	wake_queue = wake_queue | admitted;
	admitted = 0
}

inline queue_admit_blocked()
{
	turned_away = false;
	mark_room = false;
	do
	:: nr_blocked ->
		blocked?<who>;
		if
		:: turned_away ->
#ifndef BUG_REST_FORGOTTEN
			mark_room = true;
#endif
			break
		:: !turned_away && (closed || is_busy(who)) ->
			turned_away = true;
			if
			:: closed -> waiter_complete(who, CLOSED)
			:: else -> waiter_complete(who, BUSY)
			fi
		:: !turned_away && !closed && !is_busy(who) && nr_queued < DEPTH ->
			queue_put();
			admitted_add(who)
		:: else -> break
		fi;
		blocked?who;
		nr_blocked--
	:: else -> break
	od;
	who = 0
}

inline wake_queue_waiters(what)
{
	do
	:: wake_queue ->
		who = (wake_queue & 1 -> 0 : (wake_queue & 2 -> 1 : 2));
		wake_queue = wake_queue & ~(1 << who);
		atomic {
			check(stack_touched, on_stack[who]);
#ifdef BUG_COMPLETE_UNLOCKED
			status[who] = what;
#endif
			done[who] = true
		}
	:: else -> break
	od;
	who = 0
}

/* pool_unlock(), at the end of each hold of the lock: blocked means no room, but for the mark */
inline unlock()
{
#ifdef BUG_ROOM_KEPT
	skip
#else
	queue_admit_blocked();
	if
	:: admitted_wake()
	:: true
	fi
#endif
}

/* Takes what is queued. */
proctype worker()
{
	byte who, wake_queue;
	bool turned_away;

end:	do
	:: atomic { nr_queued ->
		nr_queued--;
		nr_taken++;
		unlock()
	   }
	   wake_queue_waiters(ACCEPTED)
	od
}

proctype manager()
{
	byte who, wake_queue;
	bool turned_away;

end:	do
	:: atomic { mark_room -> unlock() }
	   wake_queue_waiters(BUSY)
#ifndef BUG_ADMITTED_KEPT
	:: atomic { admitted -> admitted_wake() }
	   wake_queue_waiters(ACCEPTED)
#endif
	od
}

/* Submits the first one's task; that it has room for that is of no matter here. */
proctype somebody()
{
	first_is_busy = true
}

/* wpool_shutdown() */
proctype closer()
{
	byte who, wake_queue;
	bool turned_away;

	atomic {
		closed = true;
		unlock()
	}
	wake_queue_waiters(CLOSED)
}

/* submit() and block() */
proctype submitter(byte me; bool patient)
{
	mtype ret;
	bool left = true, turned_away;
	byte who, wake_queue;

again:
	atomic {
		if
		:: closed -> ret = CLOSED; goto out
		:: !closed && is_busy(me) -> ret = BUSY; goto out
#ifdef BUG_NEWCOMER_FIRST
		:: !closed && !is_busy(me) && nr_queued < DEPTH ->
#else
		:: !closed && !is_busy(me) && nr_queued < DEPTH && !nr_blocked ->
#endif
			check(overtaken, !nr_blocked);
			queue_put();
			ret = ACCEPTED;
			goto out
		:: else ->
			if
			:: mark_room -> unlock()
			:: else -> on_stack[me] = true; nr_blocked++; blocked!me; goto asleep
			fi
		fi
	}
	wake_queue_waiters(BUSY);
	goto again;
asleep:
	if
	:: done[me]
	:: !patient -> left = false
	fi;
	atomic {
		ret = status[me];
		if
#ifdef BUG_GIVE_UP_BLINDLY
		:: !left -> ret = GAVE_UP; on_stack[me] = false; goto out
#endif
		:: status[me] == SLEEPS -> ret = GAVE_UP; blocked??eval(me); nr_blocked--; left = true
#ifdef BUG_ADMITTED_AWAITED
		:: status[me] == ACCEPTED && (admitted & (1 << me)) -> admitted = admitted & ~(1 << me)
#elif defined(BUG_ADMITTED_STAYS)
		:: status[me] == ACCEPTED && (admitted & (1 << me)) -> left = true
#else
		:: status[me] == ACCEPTED && (admitted & (1 << me)) ->
			admitted = admitted & ~(1 << me);
			left = true
#endif
		:: else
		fi
	}
#ifndef BUG_RETURN_BEFORE_DONE
	left || done[me];
#endif
#ifdef BUG_RESULT_BY_TIMEOUT
	ret = (left -> ret : GAVE_UP);
#endif
	on_stack[me] = false;
out:
	atomic {
		if
		:: ret == ACCEPTED -> nr_answered++
		:: else
		fi;
		callers--
	}
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	atomic {
		check(call_stuck, !callers && nr_taken == nr_accepted);
		check(answered_wrongly, nr_answered == nr_accepted)
	}
}

init
{
	atomic {
		if
		:: run closer()
		:: skip
		fi;
		if
		:: run somebody()
		:: skip
		fi;
		run worker();
		run manager();
		run submitter(0, true);
		run submitter(1, false);
		run submitter(2, false);
		run oracle()
	}
}
