/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The way of a task: an inbox under its own lock (N), the queue under the pool's (P): core/inbox.c,
 * core/pool_lock.c. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * task_stranded	when P is free, no task is queued while a worker is idle or may be made,
 *			unless a worker searches, or one was asked for, or, if none is idle, as
 *			many start as tasks are queued
 * order_broken		a task begins after each task whose submission had returned before its own
 *			was called
 * bound_broken		none is accepted beyond the depth and the workers that are free
 * refused_in_vain	none is refused, or sleeps for room, while there is a place for it
 * room_unseen		when P is free, none sleeps for room while there is room for the first
 * task_twice		none is accepted twice
 * not_found		a thread with P that looks for a queued task finds it on the ready list
 * flush_early		a flush ends after each task whose submission had returned before it
 * end_early		a closed pool has come to its end after the last task
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_OPEN_IDLE	pool_unlock() leaves the inbox open while a worker is idle: task_stranded
 * BUG_SHUT_LATE	the inbox is shut after it was asked whether a task is ready:
 *			task_stranded
 * BUG_GROW_STALE	a pool that grows does not note that a worker may be made: task_stranded
 * BUG_BELIEVE_HINT	the room is not looked at again under N: bound_broken task_stranded
 *			end_early
 * BUG_ADD_UNCOLLECTED	a task goes to the ready list while older ones are in the inbox:
 *			order_broken
 * BUG_POP_INBOX	a worker takes from the inbox though a task is ready: order_broken
 * BUG_PLACE_KEPT	a task that comes by P does not take a place that the inbox has: bound_broken
 * BUG_ROOM_UNMARKED	it is not noted that a thread sleeps for room: room_unseen
 * BUG_REFUSE_SHUT	a shut inbox is taken for a full pool: refused_in_vain
 * BUG_STATE_EARLY	the state of a task is looked at without N: task_twice
 * BUG_LOOK_UNCOLLECTED	a thread that looks for a task does not collect first: not_found
 * BUG_FLUSH_OPEN	a flush does not collect before it begins another epoch: flush_early
 * BUG_CLOSE_OPEN	a pool is closed and its inbox is not shut: end_early
 *
 * What stands for what: a hold of N is one step. A hold of P is several, and others may have N
 * between them. A submitter that has read the room at another time goes to P although there is
 * room. Whether it pays to open the inbox is not asked: it is opened or not, by
 * whoever has P. Two workers, two
 * submitters; the first task may be submitted by both. The administrator does one thing: closes,
 * grows, shrinks, flushes, or cancels the first task.
 *
 * Left out: priorities, keys, delays, pauses, deaths, the wake-up itself.
 */
#include "check.inc"

#define TASKS		3
#define NONE		TASKS

mtype = { OK, BUSY, FULL, SHUT, ASLEEP };
mtype = { CLOSE, GROW, SHRINK, FLUSH, CANCEL };

/* N; cap is written with P too */
chan inbox = [TASKS] of { byte };
byte room, cap;
bool in_color;

/* P; closed is written with N too */
chan ready = [TASKS] of { byte };
chan blocked = [2] of { byte };		/* submitters */
bool locked, closed, asked, w_wake, w_room, w_once;
byte depth, nr_idle, nr_searching, nr_starting, nr_workers, nr_running, capacity, in_flight[2];
bool alive[2], idle[2], searching[2], starting[2];

/* By submitter, and by task */
mtype said[2];
byte wants[2], seen[2], before[TASKS];
bool color_of[TASKS];

/* Accounts: masks of tasks */
byte accepted, returned, begun, ended, cancelled;
hidden byte x;

bool task_stranded, order_broken, bound_broken, refused_in_vain, room_unseen;
bool task_twice, not_found, flush_early, end_early;

#define when(so, do_it)	if :: so -> do_it :: else fi
#define bit(t)		(1 << (t))
#define nr_queued	(len(ready) + len(inbox))
#define nr_free		((capacity > nr_running) * (capacity - nr_running))
#define places		(depth + nr_free)
/* Asked only while no place is lent to the inbox: room is 0. */
#define has_room	(nr_queued < places)
#define too_many	(nr_workers > capacity)

/* inbox_may_open() */
#define may_open	(!closed && !len(blocked) && \
			 (nr_searching || (!nr_idle && nr_workers >= capacity)))

/* --- the inbox: each of these is done with P and N ------------------------- */

inline collect()
{
	in_flight[in_color] = in_flight[in_color] + len(inbox);
	do
	:: len(inbox) -> inbox?x; ready!x
	:: !len(inbox) -> break
	od;
	cap = room
}

inline shut() { collect(); room = 0; cap = 0 }

inline open()
{
	collect();
	room = (depth > nr_queued -> depth - nr_queued : 0);
	cap = room
}

inline admit(s)
{
	check(task_twice, !(accepted & bit(wants[s])));
	accepted = accepted | bit(wants[s]);
	before[wants[s]] = seen[s];
	color_of[wants[s]] = in_color
}

inline accept_ready(s)
{
	admit(s);
	in_flight[in_color]++;
	ready!wants[s];
	check(bound_broken, nr_queued <= places)
}

/* --- P is dropped ---------------------------------------------------------- */

inline recount() { w_wake = !nr_searching && (nr_idle || nr_workers < capacity) }

inline call(w) { idle[w] = false; nr_idle--; searching[w] = true; nr_searching++; recount() }

inline worker_call()
{
	if
	:: w_wake && len(ready) ->
		if
		:: idle[0] -> call(0)
		:: idle[1] -> call(1)
		:: !nr_idle && len(ready) > nr_starting -> asked = true
		:: !nr_idle && len(ready) <= nr_starting
		fi
	:: else
	fi
}

inline block_admit()
{
	do
	:: len(blocked) && closed -> blocked?x; said[x] = SHUT
	:: len(blocked) && !closed && has_room ->
		blocked?<x>;
		if
		:: accepted & bit(wants[x]) -> said[x] = BUSY
		:: else ->
			/* Collects nothing: room is 0, and nobody puts. */
			accept_ready(x);
			said[x] = OK
		fi;
		blocked?_
	:: else -> break
	od;
#ifdef BUG_ROOM_UNMARKED
	w_room = false
#else
	w_room = len(blocked) > 0
#endif
}

inline look_round()
{
	check(task_stranded, locked || !nr_queued || nr_searching || asked ||
	      (!nr_idle && (nr_workers >= capacity || nr_queued <= nr_starting)));
	check(room_unseen, !len(blocked) || (!closed && !has_room))
}

inline unlock()
{
	if
	:: atomic { w_wake || w_room || w_once || closed -> w_once = false; block_admit() };
#ifdef BUG_SHUT_LATE
		atomic { worker_call() };
		atomic { when(w_wake, shut()) };
#else
#ifndef BUG_OPEN_IDLE
		atomic { when(w_wake, shut()) };
#endif
		atomic { worker_call() };
#endif
	:: else
	fi;
	atomic {
		if
		:: may_open -> open()
		:: true
		fi;
		locked = false;
		look_round()
	}
}

/* --- a worker -------------------------------------------------------------- */

inline begin(t)
{
	check(order_broken, !(before[t] & accepted & ~(begun | cancelled)));
	begun = begun | bit(t);
	nr_running++
}

proctype worker(byte me)
{
	byte t = NONE;
	bool spun;

end:	atomic { alive[me] && !idle[me] && !locked ->
		locked = true;
		nr_searching = nr_searching - searching[me];
		searching[me] = false;
		nr_starting = nr_starting - starting[me];
		starting[me] = false;
		recount()
	}
look:	if
	:: atomic { too_many -> spun = false; alive[me] = false; nr_workers--; recount() };
		unlock();
		goto end
	:: else
	fi;
#ifdef BUG_POP_INBOX
	if
	:: atomic { len(inbox) -> inbox?t; in_flight[in_color]++; cap--; begin(t); goto calls }
	:: true
	fi;
#endif
	if
	:: atomic { !len(ready) && len(inbox) == 1 ->	/* inbox_pop_only() */
		inbox?t;
		in_flight[in_color]++;
		room = cap;
		spun = false;
		begin(t);
		goto calls
	   }
	:: true
	fi;
	atomic { when(!len(ready) && room != cap, collect(); when(room, open())) };
	if
	:: atomic { len(ready) -> ready?t; spun = false; begin(t) }
	:: atomic { !len(ready) && !spun && !nr_searching ->
		spun = true;		/* It spins, without P. */
		searching[me] = true;
		nr_searching++;
		recount()
	   };
		unlock();
		goto end
	:: !len(ready) ->
		/* What has come meanwhile is seen where P is dropped. */
		atomic { spun = false; idle[me] = true; nr_idle++; recount() };
		unlock();
		goto end
	fi;
calls:	unlock();
	atomic { !locked ->
		locked = true;
		ended = ended | bit(t);
		nr_running--;
		in_flight[color_of[t]]--;
		t = NONE;
		goto look
	}
}

proctype maker()
{
end:	do
	:: atomic { asked && !locked -> locked = true };
		atomic {
			if
			:: nr_workers < capacity && !nr_idle && len(ready) > nr_searching + nr_starting ->
				if
				:: !alive[0] -> alive[0] = true; starting[0] = true
				:: !alive[1] -> alive[1] = true; starting[1] = true
				fi;
				nr_workers++;
				nr_starting++
			:: else
			fi;
			asked = false;
			w_once = true;
			recount()
		};
		unlock()
	od
}

/* --- those who use the pool ------------------------------------------------ */

inline slowly(s)
{
	atomic { !locked -> locked = true };
#ifdef BUG_STATE_EARLY
	said[s] = (accepted & bit(wants[s]) -> BUSY : OK);
#endif
	atomic {
#ifndef BUG_ADD_UNCOLLECTED
		collect();
#endif
#ifndef BUG_STATE_EARLY
		said[s] = (accepted & bit(wants[s]) -> BUSY : OK);
#endif
		if
		:: closed -> said[s] = SHUT
		:: !closed && said[s] == BUSY
		:: !closed && said[s] == OK && len(blocked) -> said[s] = FULL
#ifdef BUG_REFUSE_SHUT
		:: !closed && said[s] == OK && !len(blocked) && room ->
#else
		:: !closed && said[s] == OK && !len(blocked) && (room || has_room) ->
#endif
#ifndef BUG_PLACE_KEPT
			when(room, room--; cap--);
#endif
			accept_ready(s)
#ifdef BUG_REFUSE_SHUT
		:: !closed && said[s] == OK && !len(blocked) && !room -> said[s] = FULL
#else
		:: !closed && said[s] == OK && !len(blocked) && !room && !has_room -> said[s] = FULL
#endif
		fi;
		w_once = true
	};
	if
	:: said[s] == FULL ->
		check(refused_in_vain, len(blocked) || nr_queued >= places);
		if
		:: true			/* -EAGAIN */
		:: atomic { true -> said[s] = ASLEEP; blocked!s; w_room = true }
		fi
	:: else
	fi;
	unlock();
	said[s] != ASLEEP
}

inline schedule(s, t)
{
	atomic { wants[s] = t; seen[s] = returned };
	if
#ifdef BUG_BELIEVE_HINT
	:: room -> atomic {
		if
		:: accepted & bit(t) -> said[s] = BUSY
		:: else ->
			room = (room -> room - 1 : 0);
#else
	:: atomic { room ->
		if
		:: accepted & bit(t) -> said[s] = BUSY
		:: else ->
			room--;
#endif
			admit(s);
			inbox!t;
			check(bound_broken, nr_queued <= places);
			said[s] = OK;
			look_round()
		fi
	   }
	:: true -> slowly(s)
	fi;
	atomic { when(said[s] == OK, returned = returned | bit(t)); said[s] = 0 }
}

proctype submitter(byte me)
{
	if
	:: me == 0 -> schedule(me, 0); schedule(me, 1)
	:: me == 1 -> schedule(me, 2); schedule(me, 0)
	fi
}

proctype administrator(mtype does)
{
	byte mask;

	atomic { !locked -> locked = true; mask = returned };
	if
	:: does == GROW -> atomic {
		capacity = 2;
#ifndef BUG_GROW_STALE
		recount()
#endif
	   }
	:: does == SHRINK -> atomic {
		capacity = 1;
		if
		:: idle[0] -> call(0)
		:: !idle[0] && idle[1] -> call(1)
		:: !idle[0] && !idle[1]
		fi;
		recount()
	   }
	:: does == CLOSE -> atomic {
#ifndef BUG_CLOSE_OPEN
		shut();
#endif
		closed = true
	   }
	:: does == FLUSH -> atomic {
#ifndef BUG_FLUSH_OPEN
		collect();
#endif
		in_color = 1
	   }
	:: does == CANCEL -> atomic {
#ifndef BUG_LOOK_UNCOLLECTED
		collect();
#endif
		if
		:: accepted & bit(0) & ~begun ->
			check(not_found, ready??[0]);
			ready??0;
			in_flight[color_of[0]]--;
			cancelled = cancelled | bit(0)
		:: else
		fi
	   }
	fi;
	unlock();
	if
	:: does == FLUSH ->
#ifdef BUG_FLUSH_OPEN
end:
#endif
		atomic { !in_flight[0] -> check(flush_early, !(mask & ~(ended | cancelled))) }
	:: does == CLOSE ->
		atomic { !locked && !in_flight[0] && !in_flight[1] ->
			check(end_early, !(accepted & ~(ended | cancelled)))
		}
	:: else
	fi
}

init {
	atomic {
		alive[0] = true; idle[0] = true; nr_idle = 1; nr_workers = 1; capacity = 1; w_wake = true;
		if
		:: depth = 1
		:: depth = 2
		fi;
		run worker(0);
		run worker(1);
		run maker();
		run submitter(0);
		run submitter(1);
		if
		:: run administrator(CLOSE)
		:: run administrator(GROW)
		:: capacity = 2; run administrator(SHRINK)
		:: run administrator(FLUSH)
		:: run administrator(CANCEL)
		fi
	}
}
