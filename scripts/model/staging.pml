/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that are accepted without pool->lock: core/staging.c, and what a worker does that
 * comes back from a task with it open. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * task_stranded	never does a task wait, staged, on the queue or in the batch,
 *			while a worker idles or could be made, unless somebody looks or
 *			the manager is asked, or, if none idles, as many start as tasks
 *			wait; and when all have come to rest, with tasks
 *			that sleep for long, none waits while fewer run than the capacity
 * room_unseen		whoever has seen the end of a run finds the room: its worker counts as
 *			free, or has taken the next task from the batch
 * bound_broken		none is accepted beyond the depth and the workers that are free
 * order_broken		tasks begin in the order in which they were accepted, or in which
 *			they were no longer deferred by their key, whoever runs them
 * cap_passed		none begins straight from the staging queue while more workers live than
 *			the capacity allows
 * task_lost		every task begins and ends, once
 * ends_too_early	a flush, a drain or a wait for the pool's end is over after the last
 *			task; and none is accepted once the pool is closed
 * end_missed		they are over
 * waiter_missed	none ends without pool->lock that has been grabbed
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_IDLE_OPEN	staging_collect() opens it again with no task on the queue, so that its
 *			worker idles with it open: task_stranded
 * BUG_OPEN_IDLE	staging_may_open() does not ask whether a worker idles: task_stranded
 * BUG_BELIEVE_LIMIT	staging_put() does not look at the limit again under staging->lock:
 *			task_stranded bound_broken order_broken ends_too_early
 * BUG_EMPTY_UNLOCKED	staging_collect() counts what is in it before it has staging->lock:
 *			task_stranded task_lost bound_broken end_missed
 * BUG_BATCH_FORGOTTEN	staging_open() takes no account of the batch: bound_broken
 * BUG_COUNTED_TWICE	staging_put() counts what staging_empty() counts: end_missed
 * BUG_LINK_OPEN	queue_link() does not shut it: order_broken
 * BUG_COMPLETE_OPEN	flush_complete() does not shut it: ends_too_early
 * BUG_FLUSH_OPEN	flush_wait() does not shut it: ends_too_early
 * BUG_CLOSE_OPEN	shut_down() does not shut it: ends_too_early
 * BUG_SUBMIT_OPEN	submit_slowly() does not shut it: bound_broken
 * BUG_ENDED_FIRST	run_batch() ends a run before it has the lock, though no other follows:
 *			room_unseen
 * BUG_POP_QUEUED	next_staged() does not ask whether a task is queued: order_broken
 * BUG_FILLED_LATE	__batch_fill() counts what leaves the queue before it is in the
 *			batch: order_broken
 * BUG_POPPED_FORGOTTEN	staging_empty() does not count what workers took: end_missed
 *			ends_too_early
 * BUG_POPPED_LATE	run_batch() does not count it before it counts down: end_missed
 * BUG_TAKER_KEPT	staging_empty() leaves a worker its right to go on without batch->lock:
 *			order_broken waiter_missed
 * BUG_TAKER_ANY	staging_take() does not ask whose right that is: waiter_missed
 * BUG_RESIZE_OPEN	wpool_resize() does not shut it: task_stranded
 * BUG_SHRINK_OPEN	the same, if there are to be fewer workers: cap_passed
 * BUG_REAP_OPEN	reap_worker() does not shut it: task_stranded
 *
 * What stands for what: an atomic block that waits for !locked is one hold of
 * pool->lock by somebody who shuts the staging queue first: then nobody can come in between. A
 * worker that comes back from a task holds pool->lock over several steps; a hold of
 * staging->lock, or of batch->lock and that, is one step between any two of them. To leave the
 * queue and to begin is one step, as is to grab a task, for which somebody waits. A submitter that has read the limit
 * at another time goes to pool->lock though it is open; it opens it if it likes.
 * Of flushes there are two colors, of keys one with two tasks, the batch has one. A
 * task's function returns, or sleeps until everything else is at rest, or takes its
 * worker down.
 *
 * Left out: how a worker is woken, and that a worker_start sleeps (wake.pml), how batched tasks
 * change their state (batch.pml), submitters that sleep for room (handover.pml), priorities,
 * pause, nesting.
 */
#include "check.inc"

#define TASKS		5
#define NONE		TASKS
#define NOBODY		2
#define DEPTH		3

mtype = { DRAIN, FLUSH, CLOSE, GROW, SHRINK, WAIT };

#ifdef BUG_FLUSH_OPEN
#define FORGETFUL	FLUSH
#elif defined(BUG_CLOSE_OPEN)
#define FORGETFUL	CLOSE
#elif defined(BUG_RESIZE_OPEN)
#define FORGETFUL	GROW
#elif defined(BUG_SHRINK_OPEN)
#define FORGETFUL	SHRINK
#else
#define FORGETFUL	0
#endif

/* struct wpool_staging; room is what is left up to the limit */
chan staging = [TASKS] of { byte };
bool open, in_color;
byte room, uncounted, taker = NOBODY;

/* struct wpool; head is of the key, nr_deferred behind it */
chan queue = [TASKS] of { byte };
bool locked, closed, terminated, spawn_asked, color;
byte nr_queued, nr_deferred, nr_running, nr_searching, nr_starting, nr_idle, nr_workers;
byte nr_leaving;
byte capacity = 1, in_flight[2], head = NONE;

/* struct wpool_batch */
byte batch = NONE;

/* struct wpool_worker; batched is what its run is */
bool alive[2], gone[2], idle[2], searching[2], starting[2], leaving[2], batched[2];
byte task[2] = NONE, nr_ended[2];

/* Something flushes, or drains: then there are no colors */
bool flushing, drains;
byte colors, before;

/* The world's part, and its accounts: tasks are numbered as they come to be ready */
byte ready, ended, begun, last;
bool color_of[TASKS], deaths, with_keys, waiting, rest;
hidden byte x, n;

bool task_stranded, room_unseen, bound_broken, order_broken, task_lost, ends_too_early;
bool end_missed, cap_passed, waiter_missed;

#define when(so, do_it)	if :: so -> do_it :: else fi
#ifdef BUG_POP_QUEUED
#define queued_before	0
#else
#define queued_before	nr_queued
#endif
#define bit(t)		(1 << (t))
#define all_ready	(bit(ready) - 1)
#define nr_batched	(batch != NONE)
#define queue_ready	(nr_queued > nr_deferred)
#define nr_ready	(nr_queued - nr_deferred + nr_batched)
#define pool_ready	(queue_ready || nr_batched)
#define may_begin	(pool_ready || len(staging))
#define waits		(nr_queued + len(staging) + nr_batched)
#define nr_free		((capacity > nr_running) * (capacity - nr_running))
#define too_many	(nr_workers - nr_leaving > capacity)
#define may_pop(w)	(batched[w] && nr_batched && color_of[batch] == color_of[task[w]])
#define may_take(w)	(batched[w] && open && !nr_batched && !queued_before && \
			 len(staging) == 1 && in_color == color_of[task[w]])
#ifdef BUG_TAKER_ANY
#define may_go_on(w)	(taker != NOBODY && len(staging) == 1)
#else
#define may_go_on(w)	(taker == w && len(staging) == 1)
#endif
#define pool_is_over	(closed && !pool_ready && !nr_deferred)

inline look_for_stranded()
{
	check(task_stranded, !may_begin || nr_searching ||
	      (!nr_idle && (nr_workers >= capacity || spawn_asked ||
			    nr_ready + len(staging) <= nr_starting)))
}

inline unidle(w) { idle[w] = false; nr_idle-- }

inline will_search(w) { searching[w] = true; nr_searching++ }

inline wake_for_queue()
{
	if
	:: pool_ready && !nr_searching && (nr_idle || nr_workers < capacity) ->
		if
		:: idle[0] -> unidle(0); will_search(0)
		:: idle[1] -> unidle(1); will_search(1)
		:: !nr_idle && nr_ready > nr_starting -> spawn_asked = true
		:: !nr_idle && nr_ready <= nr_starting
		fi
	:: else
	fi
}

/* pool_unlock() */
inline unlock() { wake_for_queue(); locked = false; look_for_stranded() }

/* --- staging.h ------------------------------------------------------------ */

#ifdef BUG_OPEN_IDLE
#define staging_may_open	(!closed && (nr_searching || nr_workers >= capacity))
#else
#define staging_may_open	(!closed && (nr_searching || (!nr_idle && nr_workers >= capacity)))
#endif

#ifdef BUG_BATCH_FORGOTTEN
#define used		nr_queued
#else
#define used		(nr_queued + nr_batched)
#endif

inline staging_open()
{
	open = DEPTH > used;
	room = (open -> DEPTH - used : 0);
	in_color = color
}

inline count_popped()
{
	in_flight[in_color] = in_flight[in_color] + uncounted;
	uncounted = 0
}

inline staging_empty(many)
{
	in_flight[in_color] = in_flight[in_color] + many;
#ifndef BUG_POPPED_FORGOTTEN
	count_popped();
#endif
	nr_queued = nr_queued + many;
	do
	:: nempty(staging) -> staging?x; queue!x
	:: empty(staging) -> break
	od;
	open = false;
#ifndef BUG_TAKER_KEPT
	taker = NOBODY;
#endif
	room = 0;
	in_color = 0
}

inline staging_shut()
{
	when(open, staging_empty(len(staging)))
}

inline staging_collect(many)
{
	if
#ifdef BUG_IDLE_OPEN
	:: open -> staging_empty(many); staging_open()
#else
	:: open -> staging_empty(many); when(queue_ready, staging_open())
#endif
	:: !open
	fi
}

/* --- queue.c, key.c, queue_batch.c, waiter.c ------------------------------------- */

inline queue_link()
{
#ifndef BUG_LINK_OPEN
	staging_shut();
#endif
	queue!ready;
	ready++
}

inline key_release(t)
{
	if
	:: t == head && nr_deferred ->
		head = ready;
		nr_deferred--;
		color_of[ready] = color_of[t];
		queue_link()
	:: t == head && !nr_deferred -> head = NONE
	:: else
	fi
}

/* Goes in front of the others. */
inline batch_reclaim()
{
	if
	:: batch != NONE ->
		n = len(queue);
		queue!batch;
		do
		:: n -> queue?x; queue!x; n--
		:: !n -> break
		od;
		batch = NONE;
		nr_queued++
	:: else
	fi
}

/* If it likes. The batch gets @more. */
inline batch_fill(w, first, more)
{
	batched[w] = open && first != head;
	if
	:: queue_ready && first != head && !closed && !too_many ->
		queue?<x>;
		if
		:: x != head && color_of[x] == color_of[first] ->
			queue?more;
			nr_queued--;
			batched[w] = true
		:: true
		fi
	:: true
	fi
}

/* --- flush.c ------------------------------------------------------------ */

inline complete(tasks)
{
	check(ends_too_early, (ended & (tasks)) == (tasks));
	flushing = false;
	before = 0
}

inline flush_complete(c)
{
#ifndef BUG_COMPLETE_OPEN
	staging_shut();
#endif
	colors = colors & ~bit(c);
	if
	:: drains && !in_flight[0] && !in_flight[1] -> complete(all_ready)
	:: !drains && !colors -> complete(before)
	:: else
	fi;
	color = (colors & bit(color) -> c : color)
}

inline tasks_uncount(c, many)
{
	in_flight[c] = in_flight[c] - many;
	when(flushing && !in_flight[c], flush_complete(c))
}

/* --- task_run.c, worker.c ---------------------------------------------------- */

inline begin(w, t)
{
	check(task_lost, !(begun & bit(t)));
	check(order_broken, t >= last);
	last = t;
	begun = begun | bit(t);
	task[w] = t
}

inline end_batched(w) { ended = ended | bit(task[w]); nr_ended[w]++ }

inline take_staged(w)
{
	check(cap_passed, !too_many);
	end_batched(w);
	staging?x;
	uncounted++;
	begin(w, x)
}

/* batch_harvest() and run_finish() */
inline finish(w)
{
	nr_running--;
	end_batched(w);
#ifndef BUG_POPPED_LATE
	when(batched[w], count_popped());
#endif
	t = task[w];
	task[w] = NONE;
	key_release(t);
	tasks_uncount(color_of[t], nr_ended[w]);
	nr_ended[w] = 0;
	t = 0
}

inline worker_has_searched(w) { nr_searching = nr_searching - searching[w]; searching[w] = false }

inline worker_started(w) { nr_starting = nr_starting - starting[w]; starting[w] = false }

inline worker_leave(w) { nr_leaving = nr_leaving + !leaving[w]; leaving[w] = true }

proctype worker(byte me)
{
	byte t, more = NONE;
	bool spun;

end:	atomic { alive[me] && !gone[me] && !idle[me] && !locked -> locked = true; staging_shut() }
look:	atomic {
		worker_started(me);
		worker_has_searched(me);
		if
		:: leaving[me] || too_many || pool_is_over ->
			worker_leave(me);
			spun = false;
			gone[me] = true;
			unlock();
			goto end
		:: else
		fi;
#ifdef BUG_EMPTY_UNLOCKED
		t = len(staging)
	}
	atomic {
		staging_collect(t)
#else
		staging_collect(len(staging))
#endif
	}
	atomic {
		if
		:: nr_batched -> t = batch; batch = NONE; batched[me] = true
		:: pool_ready && !nr_batched -> queue?t; nr_queued--; batch_fill(me, t, more)
		:: !pool_ready && !spun && !nr_searching ->
			spun = true;	/* worker_spin() */
			will_search(me);
			unlock();
			goto end
		:: !pool_ready ->
			spun = false;
			idle[me] = true;
			nr_idle++;
			unlock();
			goto end
		fi;
#ifdef BUG_FILLED_LATE
	}
	atomic {
#endif
		batch = (more != NONE -> more : batch);
		more = NONE;
		begin(me, t);
		t = 0;
		nr_running++;
		spun = false;
		unlock()
	}
call:	if
	:: skip
	:: true -> rest
	:: atomic { deaths -> deaths = false; gone[me] = true; goto end }
	fi;
	if
	:: atomic { may_pop(me) ->	/* run_batch() */
		end_batched(me);
		begin(me, batch);
		batch = NONE;
		goto call
	   }
	:: atomic { may_take(me) ->	/* staging_pop() */
		taker = me;
		take_staged(me);
		goto call
	   }
	:: atomic { may_go_on(me) ->	/* staging_take() */
		check(waiter_missed, batched[me]);
		check(ends_too_early, in_color == color_of[task[me]]);
		take_staged(me);
		goto call
	   }
#ifdef BUG_ENDED_FIRST
	:: atomic { !may_pop(me) && batched[me] -> ended = ended | bit(task[me]) }
	   atomic { !locked -> locked = true }
#endif
	:: atomic { !may_pop(me) && !locked -> locked = true }
	fi;
	atomic { finish(me); goto look }
}

/* --- manager.c ---------------------------------------------------------- */

inline make(w) { alive[w] = true; nr_workers++; starting[w] = true; nr_starting++ }

inline reap(w)
{
	worker_started(w);
	worker_has_searched(w);
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
#ifndef BUG_REAP_OPEN
		staging_shut();
#endif
		if
		:: gone[0] -> reap(0)
		:: gone[1] -> reap(1)
		fi;
		unlock()
	   }
	:: atomic { !locked && nr_idle && (too_many || pool_is_over) ->
		staging_shut();
		if
		:: idle[0] -> retire(0)
		:: idle[1] -> retire(1)
		fi;
		unlock()
	   }
	:: atomic { !locked && spawn_asked ->
		staging_shut();
		if
		:: nr_workers < capacity && !nr_idle && pool_ready &&
		   nr_ready > nr_searching + nr_starting ->
			if
			:: !alive[0] -> make(0)
			:: !alive[1] -> make(1)
			fi
		:: else -> spawn_asked = false
		fi;
		unlock()
	   }
	:: atomic { !locked && closed && !terminated && !nr_workers && !in_flight[0] && !in_flight[1] ->
		check(ends_too_early, ended == all_ready);
		terminated = true
	   }
	od
}

/* --- who uses the pool -------------------------------------------------- */

inline staging_put()
{
	check(bound_broken, waits < DEPTH);
	check(ends_too_early, !closed);
	color_of[ready] = in_color;
	staging!ready;
	ready++;
	room = (room -> room - 1 : 0);
#ifdef BUG_COUNTED_TWICE
	in_flight[in_color]++;
#endif
	when(!locked, look_for_stranded())
}

inline queue_accept(keyed)
{
	check(bound_broken, waits < DEPTH + nr_free);
	in_flight[color]++;
	nr_queued++;
	if
	:: keyed && head != NONE -> nr_deferred++
	:: else ->
		head = (keyed -> ready : head);
		color_of[ready] = color;
		queue_link()
	fi
}

#define counts_ended(w)	(ended & bit(task[w]))

inline submit_slowly(keyed)
{
	check(room_unseen, !counts_ended(0) && !counts_ended(1));
#ifndef BUG_SUBMIT_OPEN
	staging_shut();
#endif
	if
	:: !closed && used < DEPTH + nr_free ->
		queue_accept(keyed);
		if
		:: staging_may_open -> staging_open()
		:: true
		fi
	:: else
	fi;
	unlock()
}

proctype submitter(byte todo, keyed)
{
	do
#ifdef BUG_BELIEVE_LIMIT
	:: todo && !keyed && open -> atomic { staging_put(); todo-- }
#else
	:: atomic { todo && !keyed && room -> staging_put(); todo-- }
#endif
	:: atomic { todo && !locked ->
		submit_slowly(keyed);
		todo--;
		keyed = (keyed -> keyed - 1 : 0)
	   }
	:: !todo -> break
	od
}

/* wpool_flush(), wpool_drain(), wpool_shutdown(), wpool_resize(), wpool_wait() */
proctype changer(mtype what)
{
	atomic { !locked ->
		when(what != FORGETFUL, staging_shut());
		if
		:: what == DRAIN -> drains = true
		:: what == FLUSH ->
			colors = (in_flight[0] > 0) + 2 * (in_flight[1] > 0);
			color = (in_flight[!color] -> color : !color)
		:: what == CLOSE -> closed = true; batch_reclaim()
		:: what == GROW -> capacity = 2; batch_reclaim()
		:: what == SHRINK -> capacity = 1; batch_reclaim()
		:: what == WAIT -> batch_reclaim(); batched[0] = false
		fi;
		before = all_ready;
		flushing = (what == DRAIN || what == FLUSH);
		when(flushing && !in_flight[0] && !in_flight[1], complete(before));
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
		check(task_lost, ended == all_ready && !nr_deferred);
		check(end_missed, !waiting)
	}
}

/* In a world each: all together would be too many orders to go through. */
init
{
	atomic {
		make(0);
		if
		:: with_keys = true; run submitter(4, 2); run submitter(1, 0)
		:: with_keys = true; capacity = 2; make(1); run submitter(4, 2); run submitter(1, 0)
		:: deaths = true
		:: waiting = true; run changer(FLUSH)
		:: waiting = true; run changer(DRAIN)
		:: waiting = true; run changer(GROW)
		:: waiting = true; run changer(WAIT)
		:: waiting = true; capacity = 2; make(1); run changer(WAIT)
		:: waiting = true; capacity = 2; make(1); run changer(SHRINK)
		:: waiting = true; capacity = 2; make(1); run changer(CLOSE)
		fi;
		if
		:: !with_keys -> run submitter(3, 0); run submitter(2, 0)
		:: with_keys
		fi;
		run worker(0);
		run worker(1);
		run manager();
		run oracle()
	}
}
