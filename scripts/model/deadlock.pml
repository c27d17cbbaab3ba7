/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workers that wait for one another, and who gives up: core/deadlock.c, help() in
 * core/wait.c, block() in core/queue_full.c. Checked by `make model`.
 *
 * What is shown, of every order in which the workers' steps may come:
 *
 * stuck		all tasks end: no worker sleeps for ever
 * refused_wrongly	nobody who waits for room, or nested too deep, is refused while
 *			a worker goes on, or will by itself
 * memory_lost		when a wait is refused, the task is none that the waiting function
 *			has submitted and that is queued or runs
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_COUNT_DELAYED	who waits for a task that a timer brings is counted as asleep:
 *			refused_wrongly
 * BUG_TIMER_SILENT	delayed_fire() does not have its waiters look again: stuck
 * BUG_REFUSE_LAST	who closes a circle is refused, whatever it waits for:
 *			memory_lost
 * BUG_TASK_KEPT	a task that had not begun stays queued when the wait for it is
 *			refused: memory_lost
 * BUG_ROOM_ONLY	only who waits for room is made to give up: stuck
 * BUG_CIRCLE_LEFT	nobody looks for circles: stuck
 *
 * What stands for what: an atomic block is one hold of pool->lock. A task's function
 * submits others and waits for any, twice in all, or returns. Two tasks are queued at
 * first, one is delayed. The queue has room for nobody but what free workers take. Each hold of
 * the lock ends with a look at who sleeps; in the code it is there only if a mark says that
 * something has changed: pool_mark(), and pool_set_end_mark() while a worker sleeps.
 *
 * In one hold a chain of workers that wait for one another is followed by one of them; so
 * which is %WPOOL_CHUNK here is one.
 *
 * Left out: groups and keys, waits with a limit, workers that are yet to be made, the
 * moment between a wake-up and the first step after it (handover.pml); the submission of a task
 * that runs already: its first run is another's, and the second is never taken back; tasks with a
 * release, which refuse() leaves to the worker: that takes such a task back in another
 * hold, see take_back_refused().
 */
#include "check.inc"

#define WORKERS		2
#define TASKS		5
#define NEST		2
#define ACTS		2
#define NOBODY		TASKS
#define NOTHING		TASKS

mtype = { FREE, DELAYED, QUEUED, RUNS, DONE };
mtype = { AWAKE, BLOCKED, WAITS };

/* struct wpool_task; its run */
mtype state[TASKS] = FREE;
byte runner[TASKS], serial[TASKS], submitter[TASKS] = NOBODY;

/* struct wpool */
byte clock, nr_queued, nr_delayed, nr_running, nr_asleep;

/* struct wpool_worker, with its functions one inside the other */
byte depth[WORKERS], inside[WORKERS * NEST], awaits[WORKERS * NEST], acts[WORKERS * NEST];
mtype sleeps[WORKERS] = AWAKE;
byte wanted[WORKERS];
bool counted[WORKERS], too_deep[WORKERS];
bool follows[WORKERS];		/* looks whether it has closed a circle */
byte youngest;			/* whose wait began last */

bool stuck, refused_wrongly, memory_lost;

#define top(w)		((w) * NEST + depth[w] - 1)
#define other(w)	(1 - (w))
#define all_asleep	(nr_queued || nr_delayed -> WORKERS : nr_running)
#define has_room	(nr_queued < WORKERS - nr_running)

/* Has something to do, or waits for what comes without a worker. */
#define goes_on(w)	((sleeps[w] == AWAKE && (depth[w] || nr_queued || nr_delayed)) || \
			 (sleeps[w] == WAITS && state[awaits[top(w)]] == DELAYED))

inline wake(w)
{
	nr_asleep = nr_asleep - counted[w];
	counted[w] = false;
	too_deep[w] = false;
	wanted[w] = NOTHING;
	sleeps[w] = AWAKE
}

inline complete(t)
{
	if
	:: sleeps[0] == WAITS && awaits[top(0)] == t -> wake(0)
	:: else
	fi;
	if
	:: sleeps[1] == WAITS && awaits[top(1)] == t -> wake(1)
	:: else
	fi
}

inline accept(t, by)
{
	state[t] = QUEUED;
	submitter[t] = by;
	nr_queued++
}

inline admit(w)
{
	if
	:: sleeps[w] == BLOCKED && has_room -> accept(wanted[w], inside[top(w)]); wake(w)
	:: else
	fi
}

#define both_blocked	(sleeps[0] == BLOCKED && sleeps[1] == BLOCKED)

/* Locking aside, the order of two that block is left to chance. */
inline queue_admit_blocked()
{
	if
	:: both_blocked && has_room -> admit(1)
	:: true
	fi;
	admit(0);
	admit(1)
}

/* What the refused function does next is its own: it may return. */
inline refuse(w)
{
	gone = awaits[top(w)];
	awaits[top(w)] = NOTHING;
	wake(w);
	if
#ifndef BUG_TASK_KEPT
	:: state[gone] == QUEUED ->
		state[gone] = DONE;
		nr_queued--;
		complete(gone)
#endif
	:: else
	fi;
	check(memory_lost, submitter[gone] != inside[top(w)] || state[gone] == DONE);
	gone = 0
}

#define may_give_up(w)	(sleeps[w] == WAITS && too_deep[w] && state[awaits[top(w)]] == QUEUED)

inline break_deadlock()
{
	if
	:: nr_asleep && nr_asleep >= all_asleep ->
		if
		:: sleeps[0] == BLOCKED ->
			check(refused_wrongly, !goes_on(1));
			wake(0)
		:: sleeps[0] != BLOCKED && sleeps[1] == BLOCKED ->
			check(refused_wrongly, !goes_on(0));
			wake(1)
#ifndef BUG_ROOM_ONLY
		:: sleeps[0] != BLOCKED && sleeps[1] != BLOCKED && may_give_up(0) ->
			check(refused_wrongly, !goes_on(1));
			refuse(0)
		:: sleeps[0] != BLOCKED && sleeps[1] != BLOCKED && !may_give_up(0) &&
		   may_give_up(1) ->
			check(refused_wrongly, !goes_on(0));
			refuse(1)
#endif
		:: else
		fi
	:: else
	fi
}

/*
 * pool_unlock(), at the end of each hold of the lock. Not of one who has still to look for a
 * circle.
 */
inline unlock(w)
{
	queue_admit_blocked();
	if
	:: !follows[w] ->
		break_deadlock();
		if
		:: has_room -> queue_admit_blocked()
		:: else
		fi
	:: else
	fi
}

/* Of a circle of one or two, in which each waits for what the next is inside. */
#define runs_in(t, w)	(state[t] == RUNS && runner[t] == (w))
#define not_its_own(w)	(serial[awaits[top(w)]] <= serial[inside[top(w)]])

inline break_circle(w)
{
	if
#ifndef BUG_CIRCLE_LEFT
	:: runs_in(awaits[top(w)], w) -> refuse(w)
	:: runs_in(awaits[top(w)], other(w)) -> follows[w] = true
#endif
	:: else
	fi
}

/* The rest of it: deadlock_follow(). */
inline follow_circle(w)
{
	follows[w] = false;
	if
	:: sleeps[w] == WAITS && sleeps[other(w)] == WAITS && youngest == w &&
	   runs_in(awaits[top(other(w))], w) ->
		check(refused_wrongly, runs_in(awaits[top(w)], other(w)));
		if
#ifdef BUG_REFUSE_LAST
		:: true -> refuse(w)
#else
		:: not_its_own(w) -> refuse(w)
		:: else -> refuse(other(w))
#endif
		fi
	:: else
	fi
}

inline begin(w, t)
{
	nr_queued--;
	nr_running = nr_running + !depth[w];
	depth[w]++;
	inside[top(w)] = t;
	awaits[top(w)] = NOTHING;
	acts[top(w)] = ACTS;
	state[t] = RUNS;
	runner[t] = w;
	clock++;
	serial[t] = clock
}

/* help() and sleep_on() */
inline look(w)
{
	t = awaits[top(w)];
	if
	:: state[t] == DONE -> awaits[top(w)] = NOTHING
	:: state[t] == QUEUED && depth[w] < NEST -> begin(w, t)
	:: else ->
		sleeps[w] = WAITS;
		too_deep[w] = state[t] == QUEUED;
#ifdef BUG_COUNT_DELAYED
		counted[w] = true;
#else
		counted[w] = state[t] != DELAYED;
#endif
		nr_asleep = nr_asleep + counted[w];
		youngest = w;
		break_circle(w)
	fi;
	t = 0
}

/* block(), or acceptance */
inline submit(w, t)
{
	if
	:: has_room -> accept(t, inside[top(w)])
	:: !has_room && nr_asleep + 1 >= all_asleep ->
		check(refused_wrongly, !goes_on(other(w)))
	:: else ->
		sleeps[w] = BLOCKED;
		wanted[w] = t;
		counted[w] = true;
		nr_asleep++
	fi
}

inline end_run(w)
{
	t = inside[top(w)];
	depth[w]--;
	nr_running = nr_running - !depth[w];
	state[t] = DONE;
	complete(t);
	t = 0
}

#define is_free(t)	(state[t] == FREE && wanted[other(me)] != t)

proctype worker(byte me)
{
	byte t, gone;

end:	do
	:: atomic { follows[me] -> follow_circle(me); unlock(me) }
	:: atomic { !follows[me] && sleeps[me] == AWAKE && !depth[me] && nr_queued ->
		if
		:: state[0] == QUEUED -> begin(me, 0)
		:: state[1] == QUEUED -> begin(me, 1)
		:: state[2] == QUEUED -> begin(me, 2)
		:: state[3] == QUEUED -> begin(me, 3)
		:: state[4] == QUEUED -> begin(me, 4)
		fi;
		unlock(me)
	   }
	:: atomic { !follows[me] && sleeps[me] == AWAKE && depth[me] && awaits[top(me)] != NOTHING ->
		look(me);
		unlock(me)
	   }
	:: atomic { !follows[me] && sleeps[me] == AWAKE && depth[me] && awaits[top(me)] == NOTHING &&
		acts[top(me)] ->
		acts[top(me)]--;
		if
		:: is_free(3) -> submit(me, 3)
		:: is_free(4) -> submit(me, 4)
		:: state[0] != FREE -> awaits[top(me)] = 0
		:: state[1] != FREE -> awaits[top(me)] = 1
		:: state[2] != FREE -> awaits[top(me)] = 2
		:: state[3] != FREE -> awaits[top(me)] = 3
		:: state[4] != FREE -> awaits[top(me)] = 4
		fi;
		unlock(me)
	   }
	:: atomic { !follows[me] && sleeps[me] == AWAKE && depth[me] && awaits[top(me)] == NOTHING ->
		end_run(me);
		unlock(me)
	   }
	od
}

/* delayed_fire() */
proctype timer()
{
	atomic { state[2] == DELAYED ->
		state[2] = QUEUED;
		nr_delayed--;
		nr_queued++;
#ifndef BUG_TIMER_SILENT
		complete(2)
#endif
	}
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(stuck, !nr_running && !nr_queued && !nr_delayed)
}

init
{
	atomic {
		wanted[0] = NOTHING;
		wanted[1] = NOTHING;
		accept(0, NOBODY);
		accept(1, NOBODY);
		state[2] = DELAYED;
		nr_delayed = 1;
		run worker(0);
		run worker(1);
		run timer();
		run oracle()
	}
}
