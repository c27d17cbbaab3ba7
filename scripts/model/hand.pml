/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that a worker has taken several at a time: core/hand.c, and run_hand(). Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * begun_twice		no task begins twice, or after it was cancelled
 * task_lost		every task ends, and is counted as ended once
 * task_stranded	no task waits, on the queue or in a hand, while a worker idles
 * waiter_missed	who waits for a task learns of its end
 * flush_early		who flushes is told when all have ended, not before
 * use_after_free	nobody touches a task that its owner has back
 * not_ours		nobody touches the hand of a worker of another pool
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_STATE_AFTER_UNLOCK	run_end_loose() sees that the task is loose, and sets
 *				its state when it has dropped worker->lock:
 *				waiter_missed task_lost
 * BUG_RESULT_AFTER_STATE	run_end_loose() sets the state, then the result:
 *				use_after_free
 * BUG_RECALL_UNLOCKED		hand_recall() looks at what runs, then changes its
 *				state, without worker->lock: use_after_free
 *				waiter_missed task_lost
 * BUG_RUNNER_SPARED		hand_recall() leaves what runs loose: waiter_missed
 * BUG_RUNNER_PUT_BACK		hand_recall() puts back what runs, too: begun_twice
 * BUG_RUN_KEEPS_TASK		run_end_loose() leaves run->task set: use_after_free
 *				task_lost flush_early
 * BUG_LOOK_ONCE		__task_lock_pool() does not look at the state again
 *				after its grip: waiter_missed
 * BUG_GRIP_BY_RUN		__task_grip() believes task->run: not_ours
 * BUG_POOL_BY_STATE		__task_lock_pool() does not look again at whose the
 *				task is: not_ours
 * BUG_GRIPPED_COUNTED		run_end_loose() counts what is ended later, too:
 *				flush_early task_lost
 * BUG_NOT_HARVESTED		hand_done() forgets those that have ended: task_lost
 * BUG_IDLE_WITH_HANDS		worker_loop() idles though others have hands:
 *				task_stranded
 * BUG_TAKE_WHILE_IDLE		hand_room() does not look for idle workers:
 *				task_stranded
 * BUG_WATCHED_TAKEN		task_fits() does not look for waiters: waiter_missed
 * BUG_DEATH_NOT_COUNTED	unlink_worker() does not call hand_done(): task_lost
 *
 * What stands for what: an atomic block that waits for !locked is one hold of
 * pool->lock; in the others a hold of worker->lock is one step, as all that it reads
 * and writes is changed under that lock alone. __task_lock_pool() looks at a state
 * that changes under its hands, so there pool->lock is held over several steps. The
 * queue and a hand are sets, so that tasks may come in any order. A function sleeps
 * until all else is at rest, or takes its worker down, or returns.
 *
 * Left out: which tasks fit a hand, priorities, colors, blocked submitters, and who
 * wakes whom (wake.pml).
 */
#define TASKS		3
#define WORKERS		2
#define ALL		7
#define NONE		TASKS
#define ELSEWHERE	WORKERS	/* a worker of another pool, by its place in run_of[] */

#define QUEUED		1	/* bits of &wpool_task.state, as in internal.h */
#define IN_FN		2
#define DONE		4
#define LOOSE		16
#define ACCEPTED	(QUEUED | IN_FN)

/* struct wpool_task */
byte state[TASKS];
byte run_of[TASKS] = NONE;		/* whose */
bool moved[TASKS];		/* it is in another pool */
bool watched[TASKS], told[TASKS];

/* struct wpool_worker */
byte hand[WORKERS], ended[WORKERS], task[WORKERS] = NONE;
bool on_hands[WORKERS], idle[WORKERS];

/* struct wpool */
bool locked, flusher, flushed;
byte queue, undone;

/* The world's part, and its accounts */
byte users[TASKS];		/* who may look at it; 0 and given_back: nobody */
bool given_back[TASKS], begun[TASKS];
byte waiting, deaths;	/* those who sleep; how many may die */
bool rest;

bool begun_twice, task_lost, task_stranded, waiter_missed, flush_early;
bool use_after_free, not_ours;

#define bit(t)		(1 << (t))
#define lowest(set)	(set & 1 -> 0 : (set & 2 -> 1 : 2))
#define any_hands	(on_hands[0] || on_hands[1])

inline check(property, condition)
{
	property = !(condition);
	assert(!property)
}

inline touch(t)
{
	check(use_after_free, !given_back[t] && !moved[t])
}

inline any(set, t)
{
	if
	:: set & 1 -> t = 0
	:: set & 2 -> t = 1
	:: set & 4 -> t = 2
	fi
}

/* --- hand.c: pool->lock held -------------------------------------------- */

inline put_back(w)
{
	queue = queue | hand[w];
	state[0] = (hand[w] & 1 -> QUEUED : state[0]);
	state[1] = (hand[w] & 2 -> QUEUED : state[1]);
	state[2] = (hand[w] & 4 -> QUEUED : state[2]);
	hand[w] = 0;
	on_hands[w] = false
}

inline grip_runner(runner)
{
	if
	:: runner != NONE ->
		touch(runner);
#ifdef BUG_RUNNER_PUT_BACK
		queue = queue | bit(runner);
		state[runner] = QUEUED
#else
		state[runner] = IN_FN
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

inline hands_recall() { hand_recall(0); hand_recall(1) }

/* The rest of task_grip(), of which this is the first statement. */
inline task_grip(t)
{
	if
	:: state[t] & LOOSE ->
#ifdef BUG_RECALL_UNLOCKED
		atomic {
			inside = (run_of[t] < WORKERS && on_hands[run_of[t]] ->
				  task[run_of[t]] : NONE);
			if
			:: run_of[t] < WORKERS && on_hands[run_of[t]] -> put_back(run_of[t])
			:: else
			fi
		}
		grip_runner(inside)
#else
		atomic {
#ifdef BUG_GRIP_BY_RUN
			check(not_ours, run_of[t] < WORKERS);
#endif
			if
			:: run_of[t] < WORKERS && on_hands[run_of[t]] -> hands_recall()
			:: else
			fi
		}
#endif
	:: else
	fi
}

inline flush_tell()
{
	flushed = flushed || (flusher && !undone)
}

inline task_settle(t)
{
	touch(t);
	state[t] = DONE;
	told[t] = watched[t];
	undone--;
	flush_tell()
}

inline hand_done(me)
{
	hand_recall(me);
#ifndef BUG_NOT_HARVESTED
	undone = undone - ended[me];
#endif
	ended[me] = 0;
	flush_tell()
}

#ifdef BUG_TAKE_WHILE_IDLE
#define hand_room	true
#else
#define hand_room	(!idle[0] && !idle[1])
#endif

#ifdef BUG_WATCHED_TAKEN
#define task_fits(t)	true
#else
#define task_fits(t)	(!watched[t])
#endif

/* As many as it likes, so also none. */
inline hand_take(me, first, other)
{
	do
	:: queue && hand_room && task_fits(first) ->
		any(queue, other);
		if
		:: task_fits(other) ->
			queue = queue & ~bit(other);
			hand[me] = hand[me] | bit(other);
			state[other] = QUEUED | LOOSE;
			run_of[other] = me
		:: else -> break
		fi
	:: break
	od;
	on_hands[me] = (hand[me] != 0)
}

/* --- run.c, worker.c ---------------------------------------------------- */

inline begin(me, t, how)
{
	check(begun_twice, !begun[t] && (state[t] & QUEUED));
	touch(t);
	begun[t] = true;
	state[t] = how;
	run_of[t] = me;
	task[me] = t
}

/* worker->lock held. */
inline run_end_loose(me)
{
	gripped = !(state[t] & LOOSE);
	if
	:: !gripped ->
		touch(t);
#ifndef BUG_RUN_KEEPS_TASK
		task[me] = NONE;
#endif
#ifndef BUG_STATE_AFTER_UNLOCK
		state[t] = DONE;
#endif
		ended[me]++
	:: else ->
#ifdef BUG_GRIPPED_COUNTED
		ended[me]++
#endif
		skip
	fi
}

proctype worker(byte me)
{
	byte t, n;
	bool loose, gripped;

look:	atomic {
		!locked;
		idle[me] = false;
		if
#ifndef BUG_IDLE_WITH_HANDS
		:: !queue -> hands_recall()
#endif
		:: else
		fi;
		if
		:: queue ->
			any(queue, t);
			queue = queue & ~bit(t);
			hand_take(me, t, n);
			loose = on_hands[me];
			begin(me, t, (loose -> IN_FN | LOOSE : IN_FN))
		:: else -> idle[me] = true; goto end_idle
		fi
	}
call:
	if
	:: skip
	:: t == 0 -> rest
	:: atomic { deaths -> deaths--; goto died }
	fi;
	gripped = true;
	if
	:: loose ->
		atomic {
			run_end_loose(me);
#ifdef BUG_RESULT_AFTER_STATE
		}
		atomic {
			if
			:: !gripped -> touch(t)
			:: else
			fi;
#endif
#ifndef BUG_STATE_AFTER_UNLOCK
			if
			:: !gripped && hand[me] ->
				any(hand[me], t);
				hand[me] = hand[me] & ~bit(t);
				begin(me, t, IN_FN | LOOSE);
				goto call
			:: else
			fi
		}
#else
		}
		if
		:: !gripped -> state[t] = DONE
		:: else
		fi
#endif
	:: else
	fi;
	atomic {
		!locked;
		hand_done(me);
		if
		:: gripped -> task_settle(t); task[me] = NONE
		:: else
		fi;
		goto look
	}

died:	/* unlink_worker(), run_bury(); and another is made */
	atomic {
		!locked;
		hands_recall();
#ifndef BUG_DEATH_NOT_COUNTED
		hand_done(me);
#endif
		task_settle(t);
		task[me] = NONE;
		goto look
	}

end_idle:
	queue;
	goto look
}

/* --- who uses the pool -------------------------------------------------- */

inline submit(tasks)
{
	queue = queue | (tasks);
	state[0] = ((tasks) & 1 -> QUEUED : state[0]);
	state[1] = ((tasks) & 2 -> QUEUED : state[1]);
	state[2] = ((tasks) & 4 -> QUEUED : state[2]);
	undone = undone + ((tasks) & 1) + ((tasks) & 2) / 2 + ((tasks) & 4) / 4
}

proctype submitter()
{
	atomic { !locked; submit(3) }
}

/* If it returns with @got, pool->lock is held. */
inline task_lock_pool(t, got)
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

proctype waiter(byte t)
{
	byte inside;
	bool got;

	task_lock_pool(t, got);
	if
	:: got ->
		watched[t] = true;
		locked = false;
		told[t]
	:: else
	fi;
	atomic { waiting--; let_go(t) }
}

proctype canceller(byte t)
{
	byte inside;
	bool got;

	task_lock_pool(t, got);
	if
	:: got ->
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
	atomic { let_go(t) }
}

/* Its owner, who has seen that it has ended, submits it to another pool. */
proctype mover(byte t)
{
end:	atomic { state[t] == DONE -> moved[t] = true; run_of[t] = ELSEWHERE; state[t] = IN_FN | LOOSE }
	atomic { state[t] = DONE; let_go(t) }
}

proctype flush()
{
	atomic {
		!locked;
		hands_recall();
		flusher = true;
		flush_tell()
	}
	flushed;
	atomic {
		check(flush_early, state[0] == DONE && state[1] == DONE && state[2] == DONE);
		waiting--
	}
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(task_stranded, !(queue | hand[0] | hand[1]) || !(idle[0] || idle[1]));
	rest = true;
	timeout ->
	atomic {
		check(task_lost, !undone && state[0] == DONE && state[1] == DONE &&
		      state[2] == DONE);
		check(waiter_missed, !waiting)
	}
}

/* In a world each: all together would be too many orders to go through. */
init
{
	atomic {
		submit(4);
		if
		:: deaths = 1; waiting = 1; submit(3); run flush()
		:: run submitter()
		:: users[1] = 2; waiting = 1; submit(3); run waiter(1); run canceller(1)
		:: users[0] = 1; waiting = 1; deaths = 1; submit(3); run waiter(0)
		:: users[0] = 1; users[1] = 1; waiting = 2; submit(3); run waiter(0); run waiter(1)
		:: users[1] = 2; submit(3); run canceller(1); run mover(1)
		fi;
		run worker(0);
		run worker(1);
		run oracle()
	}
}
