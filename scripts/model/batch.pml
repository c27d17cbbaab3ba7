/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that workers take from the batch without pool->lock: core/queue_batch.c, and run_batch().
 * Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * begun_twice		no task begins twice, or after it was cancelled
 * order_broken		tasks begin in the order in which they were accepted
 * task_lost		every task ends, and is counted as ended once
 * task_stranded	at rest, with a task that sleeps for ever, no other waits, on
 *			the queue or in the batch, while a worker idles
 * waiter_missed	a waiter of a task is completed at its end
 * flush_early		a flush is over when all of its color have ended, not before
 * use_after_free	nobody touches a task that its owner has back
 * not_ours		nobody touches one that is in another pool
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_STATE_AFTER_UNLOCK	run_end_batched() sets the state after batch->lock was
 *				dropped: waiter_missed task_lost
 * BUG_RESULT_AFTER_STATE	run_end_batched() sets the state, then the result:
 *				use_after_free
 * BUG_GRABBED_COUNTED		run_next_batched() counts what is ended later, too:
 *				flush_early task_lost
 * BUG_GRAB_MOVED		__task_grab() does not look whose the task is: not_ours
 * BUG_GRAB_UNLOCKED		__task_grab() has dropped batch->lock before it changes
 *				the state: waiter_missed
 * BUG_NOT_RECLAIMED		__task_grab() leaves what waits in the batch:
 *				begun_twice
 * BUG_RUNNER_SPARED		__task_grab() leaves what runs batched: waiter_missed
 * BUG_LOOK_ONCE		__task_lock_pool() does not look at the state again
 *				after its grab: waiter_missed not_ours
 * BUG_POOL_BY_STATE		__task_lock_pool() does not look again at whose the
 *				task is: not_ours
 * BUG_NOT_HARVESTED		batch_harvest() forgets those that have ended: task_lost
 * BUG_COLOR_IGNORED		batch_pop() takes a task of another color: flush_early
 *				task_lost
 * BUG_UNCOUNTED_FIRST		run_finish() calls task_uncount() in a hold of pool->lock, and
 *				task_settle() in the next: flush_early
 * BUG_WATCHED_TAKEN		batch_fits() does not look for waiters: waiter_missed
 * BUG_BATCH_UNSEEN		pool_ready(), of queue_unseen(), does not count the batch:
 *				task_stranded
 * BUG_QUEUE_FIRST		run_next() looks at the queue before the batch:
 *				order_broken
 * BUG_KEPT			run_batch() takes the next task before it calls the
 *				last: order_broken task_stranded
 *
 * What stands for what: an atomic block that waits for !locked is one hold of
 * pool->lock. A hold of batch->lock is one step: what it reads and writes is changed
 * under that lock alone. __task_lock_pool() looks at a state that changes meanwhile,
 * so there pool->lock is held over several steps. A task sleeps until all else is at
 * rest, or returns. Left out: which tasks fit but for those with waiters, priorities,
 * detached tasks, deaths, and how one is woken (wake.pml).
 */
#include "check.inc"

#define TASKS		4
#define NONE		TASKS

#define QUEUED		1	/* bits of &wpool_task.state, as in types.h */
#define IN_FN		2
#define DONE		4
#define BATCHED		16
#define ACCEPTED	(QUEUED | IN_FN)

/* struct wpool_task; moved is one that is in another pool */
byte state[TASKS];
bool moved[TASKS], waited_for[TASKS], completed[TASKS], color_of[TASKS];

/* struct wpool_worker; color is that of its last run */
byte ended[2];
bool idle[2], searching[2] = true, color[2];

/* struct wpool; queue and batch have a bit a task */
bool locked, flusher, flushed, batch_color;
byte queue, batch, in_flight[2];

/* The world's part, and its accounts */
byte users[TASKS];		/* they keep it */
bool given_back[TASKS], begun[TASKS], rest;
byte waiting;

bool begun_twice, order_broken, task_lost, task_stranded, waiter_missed, flush_early;
bool use_after_free, not_ours;

#define bit(t)		(1 << (t))
#define oldest(set)	(set & 1 -> 0 : (set & 2 -> 1 : (set & 4 -> 2 : 3)))
#define ended_(t)	(!state[t] || state[t] == DONE)
#define all_done	(ended_(0) && ended_(1) && ended_(2) && ended_(3))
#define waits(t)	(state[t] & QUEUED)
#define any_waits	(waits(0) || waits(1) || waits(2) || waits(3))
#define older_waits(t)	((t > 0 && waits(0)) || (t > 1 && waits(1)) || (t > 2 && waits(2)))

inline touch(t)
{
	check(use_after_free, !given_back[t]);
	check(not_ours, !moved[t])
}

/* --- queue_batch.c ------------------------------------------------------------ */

inline set_queued(tasks)
{
	queue = queue | tasks;
	state[0] = (tasks & 1 -> QUEUED : state[0]);
	state[1] = (tasks & 2 -> QUEUED : state[1]);
	state[2] = (tasks & 4 -> QUEUED : state[2]);
	state[3] = (tasks & 8 -> QUEUED : state[3])
}

inline put_back() { set_queued(batch); batch = 0 }

/* With batch->lock; an owner may submit an ended task to another pool meanwhile. */
inline task_grab(t)
{
	if
	:: state[t] & BATCHED ->
		atomic {
#ifndef BUG_NOT_RECLAIMED
			put_back();
#endif
#ifdef BUG_GRAB_MOVED
			running = (state[t] == (IN_FN | BATCHED));
#else
			running = (state[t] == (IN_FN | BATCHED) && !moved[t]);
#endif
#ifndef BUG_RUNNER_SPARED
			if
			:: running -> state[t] = IN_FN
			:: else
			fi
#endif
		}
	:: else
	fi
}

/* queue_unseen(), wake_for_queue(): one at a time is under way. */
#ifdef BUG_BATCH_UNSEEN
#define unseen		(queue && !searching[0] && !searching[1])
#else
#define unseen		((queue | batch) && !searching[0] && !searching[1])
#endif

inline wake()
{
	if
	:: unseen && idle[0] -> idle[0] = false; searching[0] = true
	:: unseen && !idle[0] && idle[1] -> idle[1] = false; searching[1] = true
	:: else
	fi
}

#ifdef BUG_WATCHED_TAKEN
#define task_fits(t, c)	(color_of[t] == c)
#else
#define task_fits(t, c)	(!waited_for[t] && color_of[t] == c)
#endif

/* As many as it likes. */
inline batch_fill(first)
{
	do
	:: queue && task_fits(first, color_of[first]) &&
	   task_fits(oldest(queue), color_of[first]) ->
		next = oldest(queue);
		queue = queue & ~bit(next);
		batch = batch | bit(next);
		batch_color = color_of[first];
		state[next] = QUEUED | BATCHED
	:: break
	od
}

inline flush_complete() { flushed = flushed || (flusher && !in_flight[0]) }

inline batch_harvest(me)
{
#ifndef BUG_NOT_HARVESTED
	in_flight[color[me]] = in_flight[color[me]] - ended[me];
#endif
	ended[me] = 0;
	flush_complete()
}

/* --- task_run.c, worker.c ---------------------------------------------------- */

inline task_settle(t)
{
	touch(t);
	state[t] = DONE;
	completed[t] = waited_for[t]
}

inline task_uncount(c) { in_flight[c]--; flush_complete() }

inline begin(me, t, how)
{
	check(begun_twice, !begun[t] && (state[t] & QUEUED));
	check(order_broken, !older_waits(t));
	touch(t);
	begun[t] = true;
	state[t] = how
}

#ifdef BUG_COLOR_IGNORED
#define may_pop(me)	batch
#else
#define may_pop(me)	(batch && batch_color == color[me])
#endif

inline batch_pop(t) { t = oldest(batch); batch = batch & ~bit(t) }

/* With batch->lock. */
inline run_end_batched(me, t)
{
	touch(t);
	ended[me]++;
#ifndef BUG_STATE_AFTER_UNLOCK
	state[t] = DONE
#endif
}

proctype worker(byte me)
{
	byte t, next, last;
	bool batched, grabbed, more;

look:	atomic {
		!locked;
		searching[me] = false;
		if
#ifdef BUG_QUEUE_FIRST
		:: batch && !queue ->
#else
		:: batch ->
#endif
			batch_pop(t);
			batched = true
#ifdef BUG_QUEUE_FIRST
		:: queue ->
#else
		:: !batch && queue ->
#endif
			t = oldest(queue);
			queue = queue & ~bit(t);
			batched = false;
			if
			:: !batch -> batch_fill(t); batched = (batch != 0)
			:: else
			fi
		:: else -> idle[me] = true; goto end_idle
		fi;
		color[me] = color_of[t];
		begin(me, t, (batched -> IN_FN | BATCHED : IN_FN));
		wake()
	}
call:
#ifdef BUG_KEPT
	next = NONE;
	atomic {
		if
		:: batched && may_pop(me) -> batch_pop(next)
		:: else
		fi
	}
#endif
	if
	:: skip
	:: t == 0 -> rest
	fi;
	grabbed = true;
	more = false;
	atomic {
		last = t;
		if
		:: batched ->
			grabbed = !(state[t] & BATCHED);
#ifdef BUG_GRAB_UNLOCKED
		:: else
		fi
	}
	atomic {
		if
		:: batched ->
#endif
			if
#ifdef BUG_KEPT
			:: !grabbed && next != NONE -> t = next; more = true
			:: grabbed && next != NONE -> batch = batch | bit(next)
#endif
			:: !grabbed && may_pop(me) -> batch_pop(t); more = true
			:: else
			fi;
			if
			:: more -> run_end_batched(me, last)
#ifdef BUG_GRABBED_COUNTED
			:: grabbed -> ended[me]++
#endif
			:: else
			fi
		:: else
		fi;
		if
		:: more -> begin(me, t, IN_FN | BATCHED)
		:: else
		fi
	}
#ifdef BUG_STATE_AFTER_UNLOCK
	if
	:: more -> state[last] = DONE
	:: else
	fi;
#elif defined(BUG_RESULT_AFTER_STATE)
	if
	:: more -> touch(last)
	:: else
	fi;
#endif
	if
	:: more -> goto call
	:: else
	fi;
	atomic {
		!locked;
#ifdef BUG_UNCOUNTED_FIRST
		task_uncount(color[me])
	}
	atomic {
		!locked;
		task_settle(t);
#else
		task_settle(t);
		task_uncount(color[me]);
#endif
		batch_harvest(me);
		goto look
	}

end_idle:
	searching[me];
	goto look
}

/* --- who uses the pool -------------------------------------------------- */

/* If it returns with @got, pool->lock is held. */
inline task_lock_pool(t)
{
	do
	:: !(state[t] & ACCEPTED) || moved[t] -> got = false; break
	:: else ->
		atomic { !locked; locked = true }
		if
		:: !moved[t] -> task_grab(t)
		:: else
		fi;
#ifdef BUG_LOOK_ONCE
		got = true;
#elif defined(BUG_POOL_BY_STATE)
		got = (state[t] & ACCEPTED) != 0;
#else
		got = (state[t] & ACCEPTED) && !moved[t];
#endif
		if
		:: got -> check(not_ours, !moved[t]); break
		:: else -> locked = false
		fi
	od
}

/* A task's owner has it back when it has ended and nobody is in a call on it. */
inline let_go(t)
{
	users[t]--;
	given_back[t] = (!users[t] && state[t] == DONE)
}

/* wpool_wait(), or wpool_cancel(). */
proctype user(byte t; bool waits)
{
	bool got, running;

	task_lock_pool(t);
	if
	:: got && waits ->
		waited_for[t] = true;
		locked = false;
		completed[t]
	:: got && !waits ->
		atomic {
			if
			:: state[t] & QUEUED ->
				check(begun_twice, queue & bit(t));
				queue = queue & ~bit(t);
				task_settle(t);
				task_uncount(color_of[t])
			:: else
			fi;
			locked = false
		}
	:: else
	fi;
	atomic { waiting--; let_go(t) }
}

/* An owner that has seen the end of its task submits it to another pool. */
proctype mover(byte t)
{
end:	atomic {
		state[t] == DONE;
		moved[t] = true;
		state[t] = IN_FN | BATCHED
	}
	atomic { check(not_ours, state[t] == (IN_FN | BATCHED)); state[t] = DONE; let_go(t) }
}

proctype flush(byte tasks)
{
	atomic { !locked; flusher = true; flush_complete() }
	flushed;
	atomic {
		check(flush_early, state[0] == DONE && (tasks < 2 || state[1] == DONE) &&
		      (tasks < 3 || state[2] == DONE));
		waiting--
	}
}

/* Those after a flush are of another color. */
inline submit(tasks, n, c)
{
	color_of[1] = (tasks & 2 -> c : color_of[1]);
	color_of[2] = (tasks & 4 -> c : color_of[2]);
	color_of[3] = (tasks & 8 -> c : color_of[3]);
	set_queued(tasks);
	in_flight[c] = in_flight[c] + n;
	wake()
}

/* While both idle, maybe. */
proctype all_at_once()
{
	atomic { !locked; submit(7, 3, 0) }
}

proctype submitter(bool c)
{
	atomic { !locked; submit(6, 2, c) }
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(task_stranded, !any_waits || !(idle[0] || idle[1]));
	rest = true;
	timeout ->
	atomic {
		check(task_lost, !in_flight[0] && !in_flight[1] && all_done);
		check(waiter_missed, !waiting)
	}
}

/* In a world each: all together would be too many orders to go through. */
init
{
	atomic {
		if
		:: run all_at_once()
		:: submit(1, 1, 0)
		fi;
		if
		:: !state[0]
		:: state[0] -> submit(6, 2, 0); waiting = 1; run flush(3)
		:: state[0] -> submit(6, 2, 0); users[0] = 1; waiting = 2;
		   run user(0, true); run flush(3)
		:: state[0] -> submit(2, 1, 0); submit(12, 2, 1); waiting = 1; run flush(2)
		:: state[0] -> submit(6, 2, 1); waiting = 1; run flush(1)
		:: state[0] -> run submitter(0)
		:: state[0] -> run submitter(1)
		:: state[0] -> submit(6, 2, 0); users[1] = 2; waiting = 2; run user(1, true); run user(1, false)
		:: state[0] -> submit(6, 2, 0); users[0] = 1; users[1] = 1; waiting = 2;
		   run user(0, true); run user(1, true)
		:: state[0] -> submit(6, 2, 0); users[2] = 2; waiting = 1; run user(2, false); run mover(2)
		:: state[0] -> submit(6, 2, 0); users[2] = 1; users[1] = 1; waiting = 2;
		   run user(2, true); run user(1, true)
		fi;
		run worker(0);
		run worker(1);
		run oracle()
	}
}
