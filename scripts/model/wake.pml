/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How workers sleep and are woken: core/pool_lock.c, core/worker.c, core/manager.c.
 * Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * task_stranded	never does a task wait while a worker idles or could be made,
 *			unless somebody looks at the queue or is asked to make one,
 *			or, if none idles, as many start as tasks wait; and when all
 *			have come to rest, with tasks and hooks that sleep for long,
 *			none waits beside these while fewer run or start than the
 *			capacity
 * list_corrupted	nobody is put on the idle list twice
 * use_after_free	nobody is woken whose struct is gone
 * never_rests		every order of steps comes to rest
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_STATE_AFTER_UNLOCK	worker_idle() sets its state when it has dropped the
 *				lock: task_stranded
 * BUG_BELIEVE_ANY_WAKEUP	worker_idle() does not look whether it is still on the
 *				idle list: list_corrupted task_stranded
 * BUG_WAKE_BEFORE_UNIDLE	the waker wakes first, then takes the worker off the
 *				list: task_stranded
 * BUG_WAKE_WITHOUT_RCU		pool_unlock() wakes with preemption on:
 *				use_after_free
 * BUG_UNLOCK_SILENT		pool_unlock() does not restore: task_stranded
 * BUG_SPIN_AGAIN		worker_loop() forgets that it has spun: never_rests
 * BUG_STILL_SEARCHING		withdraw_worker() forgets that the dead one was searching:
 *				task_stranded
 * BUG_STARTING_SEARCHES	worker_link() counts a starting worker as searching: task_stranded
 *
 * What stands for what: an atomic block is one hold of pool->lock, the waking after
 * it a step of its own. Of idle workers any may be woken or retired first. A task's
 * function returns, or sleeps until everything else is at rest, or takes its worker
 * down; so may the hook that a starting worker calls. RCU's promise is taken for granted.
 *
 * Left out: how many workers there may be, and what the manager does to that end
 * (workers.pml, manager.pml), the end of the pool (teardown.pml), the limit of the
 * queue (handover.pml), priorities, keys, nesting, pause, freezing.
 */
#include "check.inc"

#define CAPACITY	2	/* and 1 when it was lowered */
#define WORKERS		3	/* one more, as RCU keeps one */
#define NOBODY		WORKERS

mtype = { GONE, AWAKE, ASLEEP, ENDED };

/* struct wpool_worker, and the state of its thread */
mtype thread[WORKERS] = GONE;
bool searching[WORKERS], leaving[WORKERS], on_idle[WORKERS], in_fn[WORKERS];
bool starting[WORKERS];
byte waking[WORKERS];		/* those inside RCU who are about to wake it */

/* struct wpool */
byte nr_queued, nr_searching, nr_starting, nr_idle, nr_workers, nr_leaving;
byte capacity = CAPACITY;
bool spawn_asked;

/* The world's part */
byte deaths;
bool odd_wakeup, rest;

bool task_stranded, list_corrupted, use_after_free;

#define nr_running	(in_fn[0] + in_fn[1] + in_fn[2])
#define someone_searches	(searching[0] || searching[1] || searching[2])
#define too_many	(nr_workers - nr_leaving > capacity)
#define any(what)	(what(0) -> 0 : (what(1) -> 1 : 2))

/* --- pool_lock.c ------------------------------------------------------- */

inline worker_unidle(w) { on_idle[w] = false; nr_idle-- }

inline worker_will_search(w) { searching[w] = true; nr_searching++ }

#define queue_wants_worker	(nr_queued > nr_searching + nr_starting)

/* Any idle one, to be woken once the lock is dropped; inside RCU from before that. */
inline choose_idle()
{
	if
	:: on_idle[0] -> wake_queue = 0
	:: on_idle[1] -> wake_queue = 1
	:: on_idle[2] -> wake_queue = 2
	fi;
#ifndef BUG_WAKE_BEFORE_UNIDLE
	worker_unidle(wake_queue);
#endif
#ifndef BUG_WAKE_WITHOUT_RCU
	waking[wake_queue]++
#endif
}

inline wake_for_queue()
{
	if
	:: nr_queued && !nr_searching && nr_idle ->
		choose_idle();
		worker_will_search(wake_queue)
	:: queue_wants_worker && !nr_searching && !nr_idle && nr_workers < capacity ->
		spawn_asked = true
	:: else
	fi
}

/* pool_unlock(), at the end of each hold of the lock */
inline unlock()
{
#ifndef BUG_UNLOCK_SILENT
	wake_for_queue();
#endif
	check(task_stranded, !nr_queued || someone_searches || (!nr_idle &&
	      (nr_workers >= capacity || spawn_asked || nr_queued <= nr_starting)))
}

/* What it does after it has dropped the lock. */
inline wake()
{
	if
	:: wake_queue != NOBODY ->
		atomic {
			check(use_after_free, thread[wake_queue] != GONE || waking[wake_queue]);
			thread[wake_queue] = (thread[wake_queue] == ASLEEP -> AWAKE : thread[wake_queue]);
#ifdef BUG_WAKE_BEFORE_UNIDLE
		}
		atomic {
			if
			:: on_idle[wake_queue] -> worker_unidle(wake_queue)
			:: else
			fi;
#endif
#ifndef BUG_WAKE_WITHOUT_RCU
			waking[wake_queue]--;
#endif
			wake_queue = NOBODY
		}
	:: else
	fi
}

/* --- worker.c ----------------------------------------------------------- */

inline worker_has_searched(w)
{
	nr_searching = nr_searching - searching[w];
	searching[w] = false
}

inline worker_started(w)
{
	nr_starting = nr_starting - starting[w];
	starting[w] = false
}

#define worker_must_leave(w)	(leaving[w] || too_many)

inline worker_leave(w) { nr_leaving = nr_leaving + !leaving[w]; leaving[w] = true }

/* worker_loop(), from when it has the lock until it drops it; at first from worker_live() */
inline look(me)
{
	worker_started(me);
	worker_has_searched(me);
	if
	:: worker_must_leave(me) ->
		left = true;
		worker_leave(me)
	:: !worker_must_leave(me) && nr_queued ->
		spun = false;
		nr_queued--;
		in_fn[me] = true
	:: !worker_must_leave(me) && !nr_queued && !spun && !nr_searching ->
#ifndef BUG_SPIN_AGAIN
		spun = true;
#endif
		worker_will_search(me)	/* worker_spin() */
	:: else ->
		spun = false;
		check(list_corrupted, !on_idle[me]);
		on_idle[me] = true;
		nr_idle++;
		sleeps = true
	fi
}

proctype worker(byte me)
{
	byte wake_queue = NOBODY;
	bool spun, sleeps, left, hooked;

end:	do
	:: atomic { thread[me] == ASLEEP && odd_wakeup ->
		odd_wakeup = false;
		thread[me] = AWAKE
	   }
	:: atomic { thread[me] == AWAKE && (searching[me] || starting[me]) && deaths ->
		deaths--;
		hooked = false;
		thread[me] = ENDED
	   }
	:: atomic { thread[me] == AWAKE && starting[me] && !hooked && !rest ->
		hooked = true		/* worker_start sleeps */
	   }
	:: atomic { thread[me] == AWAKE && (!hooked || rest) ->
		hooked = false;
		if
#ifndef BUG_BELIEVE_ANY_WAKEUP
		:: on_idle[me] -> sleeps = true
#endif
		:: else -> in_fn[me] = false; look(me)
		fi;
#ifdef BUG_STATE_AFTER_UNLOCK
		unlock()
	   }
	   atomic {
		thread[me] = (sleeps -> ASLEEP : AWAKE);
#else
		thread[me] = (sleeps -> ASLEEP : AWAKE);
		unlock();
#endif
		sleeps = false
	   }
	   wake();
	   if
	   :: left -> atomic { left = false; spun = false; thread[me] = ENDED }
	   :: in_fn[me]			/* the function returns */
	   :: in_fn[me] -> rest
	   :: atomic { in_fn[me] && deaths -> deaths--; thread[me] = ENDED }
	   :: !left && !in_fn[me]
	   fi
	od
}

/* --- manager.c ---------------------------------------------------------- */

#define is_idle(w)	on_idle[w]
#define ended(w)	(thread[w] == ENDED)
#define unused(w)	(thread[w] == GONE && !waking[w])

/* worker_link() */
inline make()
{
	w = any(unused);
	nr_workers++;
	starting[w] = true;
	nr_starting++;
#ifdef BUG_STARTING_SEARCHES
	worker_will_search(w);
#endif
	thread[w] = AWAKE
}

inline reap()
{
	w = any(ended);
	nr_leaving = nr_leaving - leaving[w];
	leaving[w] = false;
	worker_started(w);
#ifdef BUG_STILL_SEARCHING
	searching[w] = false;
#else
	worker_has_searched(w);
#endif
	nr_workers--;
	in_fn[w] = false;
	thread[w] = GONE
}

proctype manager()
{
	byte w, wake_queue = NOBODY;

end:	do
	:: atomic { ended(0) || ended(1) || ended(2) -> reap(); unlock() }
	   wake()
	:: atomic { nr_idle && too_many ->	/* retire_idle() */
		w = any(is_idle);
		worker_unidle(w);
		worker_leave(w);
		unlock()
	   }
	   wake();
	   /* It is not reaped before: that is up to us. */
	   atomic { thread[w] = (thread[w] == ASLEEP -> AWAKE : thread[w]) }
	:: atomic { spawn_asked ->		/* spawn_missing() */
		if
		:: nr_workers < capacity && queue_wants_worker && !nr_idle -> make()
		:: else -> spawn_asked = false
		fi;
		unlock()
	   }
	od
}

/* --- who uses the pool -------------------------------------------------- */

inline submit(n)
{
	atomic {
		nr_queued = nr_queued + n;
		unlock()
	}
	wake()
}

proctype submitter()
{
	byte wake_queue = NOBODY;

	if
	:: submit(2)	/* as wpool_schedule_batch() does */
	:: submit(1);
	   if
	   :: atomic { nr_queued -> nr_queued-- }	/* wpool_cancel() */
	   :: true
	   fi;
	   submit(1)
	fi
}

proctype resizer()
{
	byte wake_queue = NOBODY;

	atomic { capacity = 1; unlock() }
	if
	:: true
	:: atomic { capacity = CAPACITY; unlock() }
	   wake()
	fi
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(task_stranded, nr_queued <= nr_starting || nr_running + nr_starting >= capacity);
	rest = true;
	timeout ->
	check(task_stranded, !nr_queued && !nr_running)
}

/* In a world each: all together would be too many orders to go through. */
init
{
	byte w;

	atomic {
		if
		:: odd_wakeup = true
		:: odd_wakeup = true; deaths = 1
		:: odd_wakeup = true; run resizer()
		:: deaths = 1; run resizer()
		fi;
		make();
		make();
		run worker(0);
		run worker(1);
		run worker(2);
		run manager();
		run submitter();
		run oracle()
	}
}
