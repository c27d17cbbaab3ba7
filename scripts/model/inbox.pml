/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that are accepted without pool->lock: core/inbox.c, and what a worker does that
 * comes back from a task with inboxes open. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * task_stranded	never does a task wait, in an inbox, on the queue or in a hand,
 *			while a worker idles or could be made, unless somebody looks or
 *			the manager is asked; and when all have come to rest, with tasks
 *			that sleep for long, none waits while fewer run than the capacity
 * bound_broken		none is accepted beyond the depth and the workers that are free
 * room_lost		what is counted as given out is what the inboxes may accept, and have
 * order_broken		where one worker begins tasks, it begins them in the order in which
 *			they were accepted, or in which they ceased to be held back by their
 *			key: of all, if the pool is for one worker, else of each submitter
 * task_lost		every task begins and ends, once
 * ends_too_early	who flushes, drains or awaits the pool's end is told after the last
 *			task; and none is accepted once the pool is closed
 * end_missed		they are told
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_IDLE_OPEN	inbox_turn() leaves them open though nothing was in them, so that its
 *			worker idles with them open: task_stranded
 * BUG_BELIEVE_LIMIT	inbox_put() does not look at the limit again under inbox->lock:
 *			task_stranded bound_broken room_lost order_broken ends_too_early
 * BUG_EMPTY_UNLOCKED	inbox_turn() counts what is in one before it has inbox->lock:
 *			task_stranded task_lost bound_broken room_lost end_missed
 * BUG_SHUT_ONE		inbox_shut() shuts one of two: task_stranded room_lost ends_too_early
 * BUG_TAKEN_FORGOTTEN	room_left() takes no account of nr_taken: bound_broken
 * BUG_GIVEN_FORGOTTEN	room_left() takes no account of inbox_room: bound_broken
 * BUG_ROOM_KEPT	inbox_empty() does not take what was in it from inbox_room, so that
 *			there seems to be less room than there is: room_lost
 * BUG_BY_CPU		inbox_of_caller() goes by the CPU, not by the thread: order_broken
 * BUG_FIRST_SHARED	the first inbox is one of those that are used together, so that who
 *			has read the old mask finds it open: order_broken
 * BUG_COUNTED_TWICE	inbox_put() counts what inbox_empty() counts: end_missed
 * BUG_LINK_OPEN	queue_link() does not shut them: order_broken
 * BUG_TELL_OPEN	flush_tell() does not shut them: ends_too_early
 * BUG_FLUSH_OPEN	flush_wait() does not shut them: ends_too_early
 * BUG_CLOSE_OPEN	shut_down() does not shut them: ends_too_early
 * BUG_SUBMIT_OPEN	submit_to_pool() does not shut them: bound_broken
 * BUG_RESIZE_OPEN	wpool_resize() does not shut them: task_stranded
 * BUG_BURY_OPEN	bury() does not shut them: task_stranded
 *
 * What stands for what: an atomic block that waits for !locked is one hold of
 * pool->lock by somebody who shuts all inboxes first: then nobody can come in between. A
 * worker that comes back from a task holds pool->lock over several steps; a hold of
 * inbox->lock is one step between any two of them. To shut two is one step: a submitter
 * that comes between, to the one or the other, might as well have come before or after.
 * There are the first inbox and two others, and two submitters. Who opens them does so if
 * it likes: both others, if there is room for both, or the first. A submitter may have
 * read which are open at any time since its last task; one that has read the limit at
 * another time goes to pool->lock though its inbox is open.
 * Of flushes there are two colors, of keys one with two tasks, a hand has one task. A
 * task's function returns, or sleeps until everything else is at rest, or takes its
 * worker down.
 *
 * Left out: how a worker is woken (wake.pml), how loose tasks change their state
 * (hand.pml), submitters that sleep for room (handover.pml), a task that two submit at once
 * (accept.pml), priorities, pause, nesting.
 */
#include "check.inc"

#define TASKS		5
#define NONE		TASKS
#define DEPTH		3

mtype = { DRAIN, FLUSH, CLOSE, GROW, SHRINK };

#ifdef BUG_FLUSH_OPEN
#define FORGETFUL	FLUSH
#elif defined(BUG_CLOSE_OPEN)
#define FORGETFUL	CLOSE
#elif defined(BUG_RESIZE_OPEN)
#define FORGETFUL	GROW
#else
#define FORGETFUL	0
#endif

/* struct wpool_inbox; room is what is left up to the limit, the color that of all */
chan inbox[3] = [TASKS] of { byte };
byte room[3];
bool in_color;

/* struct wpool; head is of the key, nr_held behind it */
chan queue = [TASKS] of { byte };
bool locked, closed, terminated, spawn_asked, color, open;
bool several;	/* inbox_mask: the others are in use, not the first */
byte inbox_room, nr_queued, nr_held, nr_running, nr_looking, nr_idle, nr_workers, nr_leaving;
byte capacity = 1, undone[2], head = NONE;

/* struct wpool_worker; on_hands is what its hand counts for in nr_taken */
bool alive[2], gone[2], idle[2], looking[2], leaving[2], on_hands[2];
byte task[2] = NONE, hand[2] = NONE, nr_ended[2];

/* Who flushes, or drains: then there are no colors */
bool flushing, drains;
byte colors, before;

/* The world's part, and its accounts: tasks are numbered as they come to be ready */
byte ready, ended, begun, last[2];
bool color_of[TASKS], whose[TASKS], deaths, alone, waiting, rest;
hidden byte x, n, i, share;

bool task_stranded, bound_broken, room_lost, order_broken, task_lost;
bool ends_too_early, end_missed;

#define when(so, do_it)	if :: so -> do_it :: else fi
#define bit(t)		(1 << (t))
#define all_ready	(bit(ready) - 1)
#define nr_taken	(on_hands[0] + on_hands[1])
#define in_hands	((hand[0] != NONE) + (hand[1] != NONE))
#define queue_ready	(nr_queued > nr_held)
#define in_inboxes	(len(inbox[0]) + len(inbox[1]) + len(inbox[2]))
#define may_begin	(queue_ready || in_inboxes || in_hands)
#define waits		(nr_queued + in_inboxes + in_hands)
#define nr_free		((capacity > nr_running) * (capacity - nr_running))
#define too_many	(nr_workers - nr_leaving > capacity)
#define pool_is_over	(closed && !queue_ready)

inline look_for_stranded()
{
	check(task_stranded, !may_begin || nr_looking ||
	      (!nr_idle && (nr_workers >= capacity || spawn_asked)))
}

inline unlock()
{
	locked = false;
	check(room_lost, inbox_room == in_inboxes + room[0] + room[1] + room[2]);
	look_for_stranded()
}

/* --- inbox.c, inbox.h --------------------------------------------------- */

#define inbox_may_open	(!closed && (nr_looking || (!nr_idle && nr_workers >= capacity)))

#ifdef BUG_FIRST_SHARED
#define one_of		0
#else
#define one_of		several
#endif
#define the_other	(one_of + several)

#ifdef BUG_TAKEN_FORGOTTEN
#define used		(nr_queued + inbox_room)
#elif defined(BUG_GIVEN_FORGOTTEN)
#define used		(nr_queued + nr_taken)
#else
#define used		(nr_queued + nr_taken + inbox_room)
#endif
#define room_left	(DEPTH > used -> DEPTH - used : 0)

inline inbox_give_room(which)
{
	n = (room[which] < share -> share - room[which] : 0);
	n = (n > room_left -> room_left : n);
	inbox_room = inbox_room + n;
	room[which] = room[which] + n
}

inline inbox_offer()
{
	if
	:: capacity > 1 && room_left >= 2 -> several = true
	:: several = false
	fi;
	open = true;
	in_color = color;
	share = room_left / (1 + several);
	for (i : one_of .. the_other) {
		inbox_give_room(i)
	}
}

inline inbox_empty(which, many)
{
	undone[in_color] = undone[in_color] + many;
	nr_queued = nr_queued + many;
#ifndef BUG_ROOM_KEPT
	inbox_room = inbox_room - many;
#endif
	do
	:: nempty(inbox[which]) -> inbox[which]?x; queue!x
	:: empty(inbox[which]) -> break
	od
}

#ifdef BUG_SHUT_ONE
#define to_shut		one_of
#else
#define to_shut		the_other
#endif

inline inbox_shut()
{
	if
	:: open ->
		for (i : one_of .. to_shut) {
			room[i] = 0;
			inbox_empty(i, len(inbox[i]))
		}
		inbox_room = 0;
		open = false;
		in_color = 0
	:: !open
	fi
}

/* A part of inbox_turn() */
inline inbox_look_into(which, many)
{
	if
	:: open && len(inbox[which]) ->
		inbox_empty(which, many);
		share = DEPTH / (1 + several);
		inbox_give_room(which);
		found = true
	:: else
	fi
}

/* --- queue.c, key.c, hand.c, wake.c ------------------------------------- */

inline queue_link()
{
#ifndef BUG_LINK_OPEN
	inbox_shut();
#endif
	queue!ready;
	ready++
}

inline key_release(t)
{
	if
	:: t == head && nr_held ->
		head = ready;
		nr_held--;
		color_of[ready] = color_of[t];
		whose[ready] = whose[t];
		queue_link()
	:: t == head && !nr_held -> head = NONE
	:: else
	fi
}

/* Goes in front of the others. */
inline hand_recall(w)
{
	if
	:: hand[w] != NONE ->
		n = len(queue);
		queue!hand[w];
		do
		:: n -> queue?x; queue!x; n--
		:: !n -> break
		od;
		hand[w] = NONE;
		nr_queued++
	:: else
	fi;
	on_hands[w] = false
}

inline hands_recall() { hand_recall(0); hand_recall(1) }

/* If it likes. */
inline hand_take(w, first)
{
	if
	:: queue_ready && first != head ->
		queue?<x>;
		if
		:: x != head && color_of[x] == color_of[first] ->
			queue?hand[w];
			nr_queued--;
			on_hands[w] = true
		:: true
		fi
	:: true
	fi
}

inline unidle(w) { idle[w] = false; nr_idle-- }

inline will_look(w) { looking[w] = true; nr_looking++ }

inline wake_for_queue()
{
	if
	:: (queue_ready || nr_taken) && !nr_looking && (nr_idle || nr_workers < capacity) ->
		if
		:: idle[0] -> unidle(0); will_look(0)
		:: idle[1] -> unidle(1); will_look(1)
		:: !nr_idle -> spawn_asked = true
		fi
	:: else
	fi
}

/* --- flush.c ------------------------------------------------------------ */

inline tell(tasks)
{
	check(ends_too_early, (ended & (tasks)) == (tasks));
	flushing = false;
	before = 0
}

inline flush_tell(c)
{
#ifndef BUG_TELL_OPEN
	inbox_shut();
#endif
	colors = colors & ~bit(c);
	if
	:: drains && !undone[0] && !undone[1] -> tell(all_ready)
	:: !drains && !colors -> tell(before)
	:: else
	fi;
	color = (colors & bit(color) -> c : color)
}

inline tasks_uncount(c, many)
{
	undone[c] = undone[c] - many;
	when(flushing && !undone[c], flush_tell(c))
}

/* --- run.c, worker.c ---------------------------------------------------- */

inline begin(w, t)
{
	check(task_lost, !(begun & bit(t)));
	check(order_broken, !alone || t >= last[whose[t]]);
	last[whose[t]] = (alone -> t : 0);
	begun = begun | bit(t);
	task[w] = t
}

inline end_loose(w) { ended = ended | bit(task[w]); nr_ended[w]++ }

/* hand_done() and run_finish() */
inline finish(w)
{
	nr_running--;
	hand_recall(w);
	end_loose(w);
	t = task[w];
	task[w] = NONE;
	key_release(t);
	tasks_uncount(color_of[t], nr_ended[w]);
	nr_ended[w] = 0;
	t = 0
}

inline worker_looks(w) { nr_looking = nr_looking - looking[w]; looking[w] = false }

inline worker_leave(w) { nr_leaving = nr_leaving + !leaving[w]; leaving[w] = true }

proctype worker(byte me)
{
	byte t;
	bool spun, found;

end:	atomic { alive[me] && !gone[me] && !idle[me] && !locked -> locked = true; inbox_shut() }
look:	atomic {
		worker_looks(me);
		if
		:: leaving[me] || too_many || pool_is_over ->
			worker_leave(me);
			wake_for_queue();
			spun = false;
			gone[me] = true;
			unlock();
			goto end
		:: else
		fi;
#ifdef BUG_EMPTY_UNLOCKED
		t = len(inbox[one_of])
	}
	atomic {
		inbox_look_into(one_of, t);
#else
		inbox_look_into(one_of, len(inbox[one_of]))
	}
	atomic {
#endif
		when(several, inbox_look_into(the_other, len(inbox[the_other])));
#ifndef BUG_IDLE_OPEN
		when(!found, inbox_shut());
#endif
		found = false;
		when(nr_taken && !len(queue), hands_recall());
		if
		:: queue_ready ->
			queue?t;
			nr_queued--;
			hand_take(me, t);
			begin(me, t);
			t = 0;
			nr_running++;
			wake_for_queue();
			spun = false;
			unlock()
		:: !queue_ready && !spun && !nr_looking ->
			spun = true;	/* worker_spin() */
			will_look(me);
			unlock();
			goto end
		:: !queue_ready ->
			spun = false;
			idle[me] = true;
			nr_idle++;
			unlock();
			goto end
		fi
	}
call:	if
	:: skip
	:: true -> rest
	:: atomic { deaths -> deaths = false; gone[me] = true; goto end }
	fi;
	if
	:: atomic { hand[me] != NONE ->	/* run_hand() */
		end_loose(me);
		begin(me, hand[me]);
		hand[me] = NONE;
		goto call
	   }
	:: atomic { hand[me] == NONE && !locked -> locked = true }
	fi;
	atomic { finish(me); goto look }
}

/* --- manager.c ---------------------------------------------------------- */

inline make(w) { alive[w] = true; nr_workers++; will_look(w) }

inline bury(w)
{
	hands_recall();
	worker_looks(w);
	nr_workers--;
	nr_leaving = nr_leaving - leaving[w];
	leaving[w] = false;
	when(task[w] != NONE, finish(w));
	alive[w] = false;
	gone[w] = false
}

inline retire(w) { unidle(w); worker_leave(w) }

proctype manager()
{
	byte t;

end:	do
	:: atomic { !locked && (gone[0] || gone[1]) ->
#ifndef BUG_BURY_OPEN
		inbox_shut();
#endif
		if
		:: gone[0] -> bury(0)
		:: gone[1] -> bury(1)
		fi;
		wake_for_queue();
		unlock()
	   }
	:: atomic { !locked && nr_idle && (too_many || pool_is_over) ->
		inbox_shut();
		if
		:: idle[0] -> retire(0)
		:: idle[1] -> retire(1)
		fi;
		unlock()
	   }
	:: atomic { !locked && spawn_asked ->
		inbox_shut();
		if
		:: nr_workers < capacity && !nr_idle && (queue_ready || nr_taken) &&
		   nr_queued - nr_held + nr_taken > nr_looking ->
			if
			:: !alive[0] -> make(0)
			:: !alive[1] -> make(1)
			fi
		:: else -> spawn_asked = false
		fi;
		unlock()
	   }
	:: atomic { !locked && closed && !terminated && !nr_workers && !undone[0] && !undone[1] ->
		check(ends_too_early, ended == all_ready);
		terminated = true
	   }
	od
}

/* --- who uses the pool -------------------------------------------------- */

#define inbox_of_caller()	(several -> one_of + own - 1 : 0)

inline inbox_put()
{
	check(bound_broken, waits < DEPTH);
	check(ends_too_early, !closed);
	color_of[ready] = in_color;
	whose[ready] = (alone && capacity > 1 -> own - 1 : 0);
	inbox[mine]!ready;
	ready++;
	room[mine] = (room[mine] -> room[mine] - 1 : 0);
#ifdef BUG_COUNTED_TWICE
	undone[in_color]++;
#endif
	when(!locked, look_for_stranded())
}

inline queue_accept(keyed)
{
	check(bound_broken, waits < DEPTH + nr_free);
	undone[color]++;
	nr_queued++;
	if
	:: keyed && head != NONE -> nr_held++
	:: else ->
		head = (keyed -> ready : head);
		color_of[ready] = color;
		whose[ready] = (alone && capacity > 1 -> own - 1 : 0);
		queue_link()
	fi
}

inline submit_to_pool(keyed)
{
#ifndef BUG_SUBMIT_OPEN
	inbox_shut();
#endif
	when(used >= DEPTH, hands_recall());
	if
	:: !closed && nr_queued < DEPTH + nr_free ->
		queue_accept(keyed);
		if
		:: inbox_may_open && !open && room_left -> inbox_offer()
		:: true
		fi;
		wake_for_queue()
	:: else
	fi;
	unlock()
}

/* From here on it may have looked for the next. */
inline done() { todo--; mine = inbox_of_caller() }

proctype submitter(byte own, todo, keyed)
{
	byte mine;

	do
	:: atomic { todo && mine != inbox_of_caller() -> mine = inbox_of_caller() }
#ifdef BUG_BELIEVE_LIMIT
	:: todo && !keyed && room[mine] -> atomic { inbox_put(); done() }
#else
	:: atomic { todo && !keyed && room[mine] -> inbox_put(); done() }
#endif
	:: atomic { todo && !locked ->
		submit_to_pool(keyed);
		done();
		keyed = (keyed -> keyed - 1 : 0)
	   }
#ifdef BUG_BY_CPU
	:: atomic { todo && mine -> mine = 3 - mine }
#endif
	:: !todo -> break
	od
}

/* wpool_flush(), wpool_drain(), wpool_shutdown(), wpool_resize() */
proctype changer(mtype what)
{
	atomic { !locked ->
		when(what != FORGETFUL, inbox_shut());
		if
		:: what == DRAIN -> drains = true
		:: what == FLUSH ->
			colors = (undone[0] > 0) + 2 * (undone[1] > 0);
			color = (undone[!color] -> color : !color)
		:: what == CLOSE -> closed = true; hands_recall()
		:: what == GROW -> capacity = 2; hands_recall()
		:: what == SHRINK -> capacity = 1; hands_recall()
		fi;
		before = all_ready;
		flushing = (what == DRAIN || what == FLUSH);
		when(flushing && !undone[0] && !undone[1], tell(before));
		wake_for_queue();
		unlock()
	}
	atomic { !flushing && closed <= terminated -> waiting = false }
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(task_stranded, !may_begin || nr_running >= capacity);
	rest = true;
	timeout ->
	atomic {
		check(task_lost, ended == all_ready && !nr_held);
		check(end_missed, !waiting)
	}
}

/* A worker that is inside a task for ever. */
inline make_busy() { capacity = 2; alive[1] = true; nr_workers++; nr_running++ }

/* In a world each: all together would be too many orders to go through. */
init
{
	bool busy;

	atomic {
		make(0);
		if
		:: alone = true
		:: alone = true; busy = true
		:: deaths = true
		:: waiting = true; run changer(FLUSH)
		:: waiting = true; run changer(DRAIN)
		:: waiting = true; busy = true; run changer(DRAIN)
		:: waiting = true; run changer(GROW)
		:: waiting = true; capacity = 2; make(1); run changer(SHRINK)
		:: waiting = true; capacity = 2; make(1); run changer(CLOSE)
		fi;
		if
		:: alone -> run submitter(1, 1, 0); run submitter(2, 4, 2)
		:: !alone -> run submitter(1, 3, 0); run submitter(2, 2, 0)
		fi;
		run worker(0);
		if
		:: busy -> make_busy()
		:: !busy -> run worker(1)
		fi;
		run manager();
		run oracle()
	}
}
