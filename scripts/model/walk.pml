/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looking for tasks where they wait, with the lock dropped on the way: core/queue_walk.c.
 * Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * touched_when_gone	who walks looks at no entry that is off the list
 * task_missed		of those that are wanted, and were there when the walk began, none
 *			waits when it has ended, for how many others come meanwhile
 * walk_stuck		every walk comes to its end
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_CURSOR_LEFT	walk_del() does not move the cursor: touched_when_gone
 * BUG_QUEUE_FIRST	walk_cancel() goes along the queue first: task_missed
 * BUG_NO_TURNS		two walk at once: task_missed touched_when_gone
 * BUG_FIRING_PASSED	cancel_one() takes a task whose timer is firing for one that it has
 *			taken back: task_missed touched_when_gone
 * BUG_MOVED_UNSEEN	walk_finish() does not see that a task has moved: task_missed
 * BUG_PUT_BACK_UNSAID	delayed_cancel_some() moves a task whose timer is firing to the end,
 *			and does not say so: task_missed
 * BUG_TURN_KEPT	walk_cancel() does not let the next have its turn: walk_stuck
 *
 * What stands for what: an atomic block is one hold of pool->lock, in which one entry is
 * passed over. There is one list of those with a delay, one of deferred ones, one queue.
 * An entry is known by its list and by when it came there. What finds a timer that is firing
 * looks again until that has run: a guard here. One task is moved from the queue to those with
 * a delay, which are walked first; its timer does not fire. Of a pool that is closed, what the
 * shutdown and then the manager do is shown for the task whose timer is firing: they leave it to
 * that, and go on with others.
 *
 * Left out: tasks that are to run again, which are on a list like any other; what is done
 * with a task that was taken back (handover.pml).
 */
#include "check.inc"

#define TASKS		5
#define END		TASKS	/* the head of the list */
#define NONE		(TASKS + 1)

#define DELAYED		0	/* the lists, in the order of a walk */
#define HELD		1
#define QUEUE		2
#define GONE		3

byte where[TASKS] = GONE, came[TASKS + 1];	/* END came last */
bool firing;			/* the timer of task 0, which has a delay */
bool moved;
bool closed;			/* the pool: its delayed tasks end */
byte cursor = NONE, clock;
bool walking;			/* wpool.walk is taken */
byte walkers = 2;

bool touched_when_gone, task_missed, walk_stuck;

#define is_wanted(t)	((t) != 1)
#define fires(t)	((t) == 0 && where[0] == DELAYED && firing)
#define waits(t)	(where[t] != GONE)
#define nr_waiting	(waits(0) + waits(1) + waits(2) + waits(3) + waits(4))

/* In found: which of a list came next after that, or its head. */
inline find(list, after)
{
	found = END;
	i = 0;
	do
	:: i == TASKS -> break
	:: i < TASKS && where[i] == list && came[i] > (after) && came[i] < came[found] ->
		found = i;
		i++
	:: else -> i++
	od;
	i = 0
}

inline append(t, list) { clock++; came[t] = clock; where[t] = list }

inline walk_del(t)
{
#ifndef BUG_CURSOR_LEFT
	if
	:: cursor == t -> find(where[t], came[t]); cursor = found
	:: else
	fi;
#endif
	where[t] = GONE
}

/* In walked: one more, unless it is to be looked at again. */
inline cancel_one(t)
{
	if
#ifdef BUG_FIRING_PASSED
	:: true -> walked++
#else
	:: fires(t) -> cursor = t; again = true
	:: else -> walked++
#endif
	fi;
	if
	:: !fires(t) -> where[t] = GONE
	:: else
	fi
}

/* walk_on(), and what is done with the entry */
inline pass()
{
	t = cursor;
	check(touched_when_gone, t < TASKS && where[t] == list);
	find(list, came[t]);
	cursor = found;
	if
	:: is_wanted(t) -> cancel_one(t)
	:: else -> walked++
	fi;
	t = 0
}

#ifdef BUG_MOVED_UNSEEN
#define begins_anew	false
#else
#define begins_anew	moved
#endif

/* walk_cancel(): cancel_on() for each list, and again if a task has moved */
proctype walker()
{
	byte nth, list, walked, all, t, i, found;
	bool before[TASKS], again;

	atomic {
#ifndef BUG_NO_TURNS
		!walking ->
#endif
		walking = true;
		do
		:: i == TASKS -> break
		:: else -> before[i] = waits(i) && is_wanted(i); i++
		od;
		i = 0
	}
	do
	:: atomic { nth == GONE && begins_anew -> nth = 0 }	/* walk_finish() */
	:: atomic { nth == GONE && !begins_anew ->
		check(task_missed, !(before[0] && waits(0)) && !(before[2] && waits(2)) &&
		      !(before[3] && waits(3)) && !(before[4] && waits(4)));
#ifndef BUG_TURN_KEPT
		walking = false;
#endif
		walkers--;
		break
	   }
	:: nth < GONE ->
		atomic {
			moved = moved && nth;		/* walk_look_for() */
#ifdef BUG_QUEUE_FIRST
			list = QUEUE - nth;
#else
			list = nth;
#endif
			find(list, 0);
			cursor = found;
			all = nr_waiting;
			walked = 0
		}
		do
		:: atomic { walked < all && cursor != END && (!again || !firing) ->
			again = false;
			pass()
		   }
		:: atomic { walked == all || cursor == END -> cursor = NONE; break }
		od;
		nth++
	od
}

/* Begins what is first. */
proctype worker()
{
	byte first, i, found;

end:	do
	:: atomic { where[1] == QUEUE || where[2] == QUEUE || where[3] == QUEUE ->
		find(QUEUE, 0);
		first = found;
		walk_del(first);
		first = 0
	   }
	od
}

/* delayed_fire() */
proctype timer()
{
	byte i, found;

end:	atomic { where[0] == DELAYED -> firing = true }
	atomic {
		if
		:: where[0] == DELAYED && closed -> walk_del(0)
		:: where[0] == DELAYED && !closed -> walk_del(0); append(0, QUEUE)
		:: else
		fi;
		firing = false
	}
}

/* The head of a key ends. */
proctype releaser()
{
	byte i, found;

	atomic {
		if
		:: where[2] == HELD -> walk_del(2); append(2, QUEUE)
		:: else
		fi
	}
}

/* Gives a task that waits a delay: walk_moved() */
proctype mover()
{
	byte i, found;

end:	atomic { where[3] == QUEUE ->
		walk_del(3);
		append(3, DELAYED);
		moved = true
	}
}

/* delayed_cancel_some(), of a task that it cannot take back */
inline put_back(t)
{
	walk_del(t);
	append(t, DELAYED);
#ifndef BUG_PUT_BACK_UNSAID
	moved = true
#endif
}

/* wpool_shutdown(), and the manager */
proctype closer()
{
	byte i, found;

end:	atomic { fires(0) -> closed = true; put_back(0) }
end_manager:
	atomic { fires(0) -> put_back(0) }
}

/* wpool_schedule(), of one that is wanted by a second walk only */
proctype submitter() { atomic { append(4, QUEUE) } }

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(walk_stuck, !walkers)
}

/* In a world each: all together would be too many orders to go through. */
init
{
	atomic {
		came[END] = 255;
		append(0, DELAYED);
		append(1, QUEUE);
		append(2, HELD);
		append(3, QUEUE);
		run walker();
		run walker();
		run worker();
		run timer();
		if
		:: run mover()
		:: run closer()
		:: run releaser(); run submitter()
		fi;
		run oracle()
	}
}
