/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that a worker has taken several at a time: core/hand.c, and run_hand(). Checked
 * by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * begun_twice		no task begins twice, or after it was cancelled
 * task_lost		every task ends, and is counted as ended once
 * task_stranded	at rest, with a task that sleeps for long, no other waits, on
 *			the queue or in a hand, while a worker idles
 * waiter_missed	who waits for a task is told of its end
 * flush_early		who flushes is told when all have ended, not before
 * use_after_free	nobody touches a task that its owner has back
 * not_ours		nobody touches one that is in another pool, or a hand there
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_STATE_AFTER_UNLOCK	run_end_loose() finds the task loose, and sets its
 *				state when it has dropped worker->lock:
 *				waiter_missed task_lost
 * BUG_RESULT_AFTER_STATE	run_end_loose() sets the state, then the result:
 *				use_after_free
 * BUG_RUN_KEEPS_TASK		run_end_loose() leaves run->task set: use_after_free
 *				task_lost flush_early
 * BUG_GRIPPED_COUNTED		run_end_loose() counts what is ended later, too:
 *				flush_early task_lost
 * BUG_RECALL_UNLOCKED		hand_recall() looks at what runs, then changes its
 *				state, without worker->lock: use_after_free
 *				waiter_missed task_lost
 * BUG_RUNNER_SPARED		hand_recall() leaves what runs loose: waiter_missed
 * BUG_RUNNER_PUT_BACK		hand_recall() puts back what runs, too: begun_twice
 * BUG_GRIP_BY_RUN		__task_grip() believes task->run: not_ours
 * BUG_LOOK_ONCE		__task_lock_pool() does not look at the state again
 *				after its grip: waiter_missed not_ours
 * BUG_POOL_BY_STATE		__task_lock_pool() does not look again at whose the
 *				task is: not_ours
 * BUG_NOT_HARVESTED		hand_done() forgets those that have ended: task_lost
 * BUG_WATCHED_TAKEN		task_fits() does not look for waiters: waiter_missed
 * BUG_HANDS_UNSEEN		wake_for_queue() does not look at hands: task_stranded
 * BUG_IDLE_WITH_HANDS		worker_loop() idles though others have hands:
 *				task_stranded
 *
 * What stands for what: an atomic block that waits for !locked is one hold of
 * pool->lock. A hold of worker->lock is one step: what it reads and writes is changed
 * under that lock alone. __task_lock_pool() looks at a state that changes meanwhile,
 * so there pool->lock is held over several steps. A task sleeps until all else is at
 * rest, or returns. Left out: which tasks fit a hand but for those with waiters,
 * priorities, detached tasks, deaths, and how one is woken (wake.pml).
 */
#include "check.inc"

#define TASKS		3
#define NONE		TASKS
#define ELSEWHERE	2	/* a worker of another pool, in run_of[] */

#define QUEUED		1	/* bits of &wpool_task.state, as in internal.h */
#define IN_FN		2
#define DONE		4
#define LOOSE		16
#define ACCEPTED	(QUEUED | IN_FN)

/* struct wpool_task; moved is one that is in another pool */
byte state[TASKS], run_of[TASKS] = NONE;
bool moved[TASKS], watched[TASKS], told[TASKS];

/* struct wpool_worker; task is that of runs[0], hand and queue have a bit a task */
byte hand[2], ended[2], task[2] = NONE;
bool on_hands[2], idle[2], looking[2] = true;

/* struct wpool */
bool locked, flusher, flushed;
byte queue, undone;

/* The world's part, and its accounts */
byte users[TASKS];		/* they keep it */
bool given_back[TASKS], begun[TASKS], rest;
byte waiting;

bool begun_twice, task_lost, task_stranded, waiter_missed, flush_early;
bool use_after_free, not_ours;

#define bit(t)		(1 << (t))
#define oldest(set)	(set & 1 -> 0 : (set & 2 -> 1 : 2))
#define all_done	(state[0] == DONE && state[1] == DONE && state[2] == DONE)

inline touch(t)
{
	check(use_after_free, !given_back[t]);
	check(not_ours, !moved[t])
}

/* --- hand.c ------------------------------------------------------------- */

inline set_queued(tasks)
{
	queue = queue | tasks;
	state[0] = (tasks & 1 -> QUEUED : state[0]);
	state[1] = (tasks & 2 -> QUEUED : state[1]);
	state[2] = (tasks & 4 -> QUEUED : state[2])
}

inline put_back(w)
{
	set_queued(hand[w]);
	hand[w] = 0;
	on_hands[w] = false
}

inline grip_runner(t)
{
	if
	:: t != NONE ->
		touch(t);
#ifdef BUG_RUNNER_PUT_BACK
		queue = queue | bit(t);
		state[t] = QUEUED
#else
		state[t] = IN_FN
#endif
	:: else
	fi
}

inline hand_recall(w)
{
	if
	:: on_hands[w] ->
		put_back(w);
#ifndef BUG_RUNNER_SPARED
		grip_runner(task[w])
#endif
	:: else
	fi
}

inline task_grip(t)
{
	if
	:: state[t] & LOOSE ->
		atomic {
			w = run_of[t];
#ifdef BUG_GRIP_BY_RUN
			check(not_ours, w != ELSEWHERE);
#endif
			inside = NONE;
			if
			:: w < 2 && on_hands[w] ->
#ifdef BUG_RECALL_UNLOCKED
				inside = task[w];
				put_back(w)
#else
				hand_recall(0);
				hand_recall(1)
#endif
			:: else
			fi
		}
		grip_runner(inside)
	:: else
	fi
}

/* wake_for_queue(): one at a time is under way. */
#ifdef BUG_HANDS_UNSEEN
#define unseen		(queue && !looking[0] && !looking[1])
#else
#define unseen		((queue | hand[0] | hand[1]) && !looking[0] && !looking[1])
#endif

inline wake()
{
	if
	:: unseen && idle[0] -> idle[0] = false; looking[0] = true
	:: unseen && !idle[0] && idle[1] -> idle[1] = false; looking[1] = true
	:: else
	fi
}

#ifdef BUG_WATCHED_TAKEN
#define task_fits(t)	true
#else
#define task_fits(t)	(!watched[t])
#endif

/* As many as it likes. */
inline hand_take(me, first)
{
	do
	:: queue && task_fits(first) && task_fits(oldest(queue)) ->
		next = oldest(queue);
		queue = queue & ~bit(next);
		hand[me] = hand[me] | bit(next);
		state[next] = QUEUED | LOOSE;
		run_of[next] = me
	:: break
	od;
	on_hands[me] = (hand[me] != 0);
	wake()
}

inline flush_tell() { flushed = flushed || (flusher && !undone) }

inline hand_done(me)
{
	hand_recall(me);
#ifndef BUG_NOT_HARVESTED
	undone = undone - ended[me];
#endif
	ended[me] = 0;
	flush_tell()
}

/* --- run.c, worker.c ---------------------------------------------------- */

inline task_settle(t)
{
	touch(t);
	state[t] = DONE;
	told[t] = watched[t];
	undone--;
	flush_tell()
}

inline begin(me, t, how)
{
	check(begun_twice, !begun[t] && (state[t] & QUEUED));
	touch(t);
	begun[t] = true;
	state[t] = how;
	run_of[t] = me;
	task[me] = t
}

/* With worker->lock; ends in it, or goes on without. */
inline run_end_loose(me, t)
{
	gripped = !(state[t] & LOOSE);
	if
	:: !gripped ->
		touch(t);
#ifndef BUG_RUN_KEEPS_TASK
		task[me] = NONE;
#endif
		ended[me]++;
#ifdef BUG_STATE_AFTER_UNLOCK
		goto unlocked
#else
		state[t] = DONE
#endif
	:: else
#ifdef BUG_GRIPPED_COUNTED
		-> ended[me]++
#endif
	fi
}

proctype worker(byte me)
{
	byte t, next;
	bool loose, gripped;

look:	atomic {
		!locked;
		looking[me] = false;
#ifndef BUG_IDLE_WITH_HANDS
		if
		:: !queue -> hand_recall(0); hand_recall(1)
		:: else
		fi;
#endif
		if
		:: queue ->
			t = oldest(queue);
			queue = queue & ~bit(t);
			hand_take(me, t);
			loose = on_hands[me];
			begin(me, t, (loose -> IN_FN | LOOSE : IN_FN))
		:: else -> idle[me] = true; goto end_idle
		fi
	}
call:
	if
	:: skip
	:: t == 0 -> rest
	fi;
	gripped = true;
	atomic {
		if
		:: loose -> run_end_loose(me, t)
		:: else
		fi;
#ifdef BUG_RESULT_AFTER_STATE
	}
	atomic {
		if
		:: !gripped -> touch(t)
		:: else
		fi;
#endif
		if
		:: !gripped && hand[me] ->
			t = oldest(hand[me]);
			hand[me] = hand[me] & ~bit(t);
			begin(me, t, IN_FN | LOOSE);
			goto call
		:: else
		fi
	}
#ifdef BUG_STATE_AFTER_UNLOCK
	goto done;
unlocked:
	state[t] = DONE;
done:
#endif
	atomic {
		!locked;
		hand_done(me);
		if
		:: gripped -> task_settle(t); task[me] = NONE
		:: else
		fi;
		goto look
	}

end_idle:
	looking[me];
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
		:: !moved[t] -> task_grip(t)
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
	byte w, inside;
	bool got;

	task_lock_pool(t);
	if
	:: got && waits ->
		watched[t] = true;
		locked = false;
		told[t]
	:: got && !waits ->
		atomic {
			if
			:: state[t] & QUEUED ->
				check(begun_twice, queue & bit(t));
				queue = queue & ~bit(t);
				task_settle(t)
			:: else
			fi;
			locked = false
		}
	:: else
	fi;
	atomic { waiting--; let_go(t) }
}

/* Who has seen that a task of his has ended submits it to another pool. */
proctype mover(byte t)
{
end:	atomic {
		state[t] == DONE;
		moved[t] = true;
		run_of[t] = ELSEWHERE;
		state[t] = IN_FN | LOOSE
	}
	atomic { state[t] = DONE; let_go(t) }
}

proctype flush()
{
	atomic { !locked; flusher = true; flush_tell() }
	flushed;
	atomic { check(flush_early, all_done); waiting-- }
}

inline submit(tasks, n) { set_queued(tasks); undone = undone + n; wake() }

proctype submitter()
{
	atomic { !locked; submit(3, 2) }
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(task_stranded, !(queue | hand[0] | hand[1]) || !(idle[0] || idle[1]));
	rest = true;
	timeout ->
	atomic { check(task_lost, !undone && all_done); check(waiter_missed, !waiting) }
}

/* In a world each: all together would be too many orders to go through. */
init
{
	atomic {
		submit(4, 1);
		if
		:: submit(3, 2); waiting = 1; run flush()
		:: run submitter()
		:: submit(3, 2); users[1] = 2; waiting = 2; run user(1, true); run user(1, false)
		:: submit(3, 2); users[0] = 1; users[1] = 1; waiting = 2;
		   run user(0, true); run user(1, true)
		:: submit(3, 2); users[1] = 2; waiting = 1; run user(1, false); run mover(1)
		fi;
		run worker(0);
		run worker(1);
		run oracle()
	}
}
