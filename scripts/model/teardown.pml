/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool's end and its way back: core/shutdown.c, terminate() in core/manager.c, and serve_end()
 * in core/hooks.c. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * end_seen_early	who waited for the end finds no task and no worker left, and the hook for
 *			the end has returned
 * terminated_twice	the pool comes to its end once, or once per restart
 * call_stuck		every call returns, and every worker leaves
 * destroyed_alive	a pool that is destroyed stays at its end
 * taken_after_restart	wpool_shutdown_now() takes back nothing that was accepted after a restart
 * closed_anothers	a restart that fails closes nothing that another thread has opened
 * end_missed		no wait times out when the end has come
 * never_rests		every order of steps comes to rest
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_WORKERS_BY_ALIVE		terminate() does not see workers that are leaving:
 *				end_seen_early
 * BUG_IN_FLIGHT_NOT_SEEN		terminate() looks at workers only: end_seen_early
 * BUG_OVER_BY_NOT_RUNNING	terminate() takes any state but RUNNING for one to be
 *				ended: terminated_twice
 * BUG_COMPLETE_UNLOCKED	terminate() completes when it has dropped the lock:
 *				end_seen_early
 * BUG_AWAIT_UNCOUNTED		await_end() does not count who waits: call_stuck
 *				end_seen_early
 * BUG_RESTART_DESTROYED	reopen() does not ask whether it is destroyed:
 *				destroyed_alive call_stuck end_seen_early
 * BUG_BLOCKED_NOT_SEEN		terminate() does not see submitters that block:
 *				end_seen_early
 * BUG_REST_SILENT		who closes some, and leaves a rest, does not kick the manager
 *				again: call_stuck
 * BUG_EPOCH_NOT_SEEN		wpool_shutdown_now() does not see a restart between two of its
 *				holds: taken_after_restart
 * BUG_END_KEPT			await_end() does not pass on the one wake-up: call_stuck
 * BUG_STATE_NOT_SEEN		await_end() goes by the wake-up alone when its time is over:
 *				end_missed
 * BUG_LAST_TASK_SILENT		the end of the last task is not marked: call_stuck
 * BUG_REAP_SILENT		worker_give_place() does not mark: call_stuck
 * BUG_HOOK_SILENT		serve_end() does not mark: call_stuck
 * BUG_HOOK_UNAWAITED		terminate() does not ask hooks_are_ending(): end_seen_early
 * BUG_CLOSED_ANOTHERS		close_again() does not see that another thread has begun anew:
 *				closed_anothers
 * BUG_RESTART_BUSY		wpool_restart() tries again at once: never_rests
 *
 * What stands for what: an atomic block is one hold of pool->lock. In one hold a call
 * closes, or takes back, one of each kind; the rest in others, as those of %WPOOL_CHUNK. What
 * blocks is turned away when the pool closes, and never let in (handover.pml). The capacity is
 * one. The pool has the hook for the end, and the work that calls it; without, terminate() goes on
 * at once. That the worker is woken, and the manager is, is a
 * guard here (wake.pml, manager.pml). Everybody has a reference: release.pml is about those.
 *
 * Left out: the hooks for dead workers, timers that fire, names and debugfs, the pin of the module.
 */
#include "check.inc"

#define RUNNING		0
#define SHUTDOWN	1
#define STOP		2
#define TIDYING		3
#define TERMINATED	4

mtype = { NONE, AWAKE, IDLE, IN_FN, LEFT, DIED };	/* the last two: to be reaped */

/* struct wpool, and its worker */
mtype worker = NONE;
byte state = RUNNING, nr_queued, nr_delayed, nr_blocked, nr_in_flight, nr_awaiting;
bool terminated, destroyed, starter, started, start_failed, epoch;
byte turned_away;		/* blocked submitters that were refused */

bool kicked;			/* the pool is on the manager's list */
bool ending;			/* hooks.ending */
bool ended;			/* since it was made, or restarted */
byte callers, deaths, failures;

bool end_seen_early, terminated_twice, call_stuck, destroyed_alive, taken_after_restart;
bool end_missed, closed_anothers;

#define queue_ready	(nr_queued && state != STOP)
#define pool_is_closing	(state == SHUTDOWN || state == STOP)
#define pool_is_over	(state != RUNNING && !queue_ready && !nr_delayed)

/* The end of a task, accepted before. */
inline task_uncount()
{
	nr_in_flight--;
#ifndef BUG_LAST_TASK_SILENT
	kicked = kicked || (state != RUNNING && !nr_in_flight)
#endif
}

/* One of each; there may be more. */
inline close_some()
{
	if
	:: nr_delayed -> nr_delayed--; task_uncount()
	:: else
	fi;
	if
	:: nr_blocked -> nr_blocked--; turned_away++
	:: else
	fi;
#ifndef BUG_REST_SILENT
	kicked = kicked || nr_delayed || nr_blocked
#endif
}

/* --- manager.c, worker.c ------------------------------------------------ */

inline reap()
{
	if
	:: worker == DIED -> task_uncount()
	:: else
	fi;
	worker = NONE;
#ifndef BUG_REAP_SILENT
	kicked = true
#endif
}

/* A thread may not come about; then a timer kicks the manager. */
inline spawn_missing()
{
	if
	:: worker == NONE && (state == RUNNING || queue_ready) ->
		if
		:: failures -> failures--; start_failed = true; kicked = true
		:: worker = AWAKE
		fi
	:: else
	fi;
	started = started || starter;
	starter = false
}

#if defined(BUG_WORKERS_BY_ALIVE)
#define nothing_left	((worker == NONE || worker == LEFT) && !nr_in_flight && !nr_blocked)
#elif defined(BUG_IN_FLIGHT_NOT_SEEN)
#define nothing_left	(worker == NONE && !nr_blocked)
#elif defined(BUG_BLOCKED_NOT_SEEN)
#define nothing_left	(worker == NONE && !nr_in_flight)
#else
#define nothing_left	(worker == NONE && !nr_in_flight && !nr_blocked)
#endif
#ifdef BUG_OVER_BY_NOT_RUNNING
#define closed		(state != RUNNING)
#else
#define closed		pool_is_closing
#endif

inline terminate()
{
	atomic {
		if
		:: closed && nothing_left -> state = TIDYING; ending = true	/* hooks_end() */
		:: else
		fi;
		if
#ifdef BUG_HOOK_UNAWAITED
		:: state == TIDYING
#else
		:: state == TIDYING && !ending
#endif
		:: else -> goto managed
		fi
	}
	atomic {
		state = TERMINATED;
#ifdef BUG_COMPLETE_UNLOCKED
	}
	atomic {
#endif
		terminated = true
	}
}

proctype manager()
{
end:	do
	:: atomic { worker == LEFT || worker == DIED -> reap() }
	:: kicked -> kicked = false;
	   atomic { worker = (worker == IDLE && pool_is_over -> LEFT : worker) }
	   atomic { spawn_missing() }
	   atomic {				/* pool_go_on_closing() */
		if
		:: pool_is_closing -> close_some()
		:: else
		fi
	   }
	   terminate();
managed:
	   skip
	od
}

/* serve_end() */
proctype hooks()
{
end:	do
	:: atomic { ending ->
		check(terminated_twice, !ended);
		ended = true;
#ifndef BUG_HOOK_SILENT
		kicked = true;
#endif
		ending = false
	   }
	od
}

proctype workers()
{
end:	do
	:: atomic { worker == AWAKE || (worker == IDLE && queue_ready) ->
		if
		:: queue_ready -> nr_queued--; worker = IN_FN
		:: pool_is_over -> worker = LEFT
		:: else -> worker = IDLE
		fi
	   }
	:: atomic { worker == IN_FN -> worker = AWAKE; task_uncount() }
	:: atomic { worker == IN_FN && deaths -> deaths--; worker = DIED }
	od
}

/* --- shutdown.c --------------------------------------------------------- */

inline close_in_hold(to)
{
	if
	:: state < to -> state = to; close_some(); kicked = true
	:: else
	fi
}

inline close_pool(to) { atomic { close_in_hold(to) } }

inline count_awaiting()
{
#ifdef BUG_AWAIT_UNCOUNTED
	skip
#else
	nr_awaiting++
#endif
}

/* With a limit its time may be over at any moment. */
inline await_counted(limited)
{
	if
	:: atomic { terminated -> terminated = false; has_end = true }
	:: limited -> has_end = false
	fi;
	atomic {
#ifndef BUG_AWAIT_UNCOUNTED
		nr_awaiting--;
#endif
		check(end_seen_early, !has_end ||
		      (state == TERMINATED && worker == NONE && !nr_in_flight && !nr_blocked &&
		       !ending));
#ifndef BUG_END_KEPT
		terminated = terminated || has_end;
#endif
#ifndef BUG_STATE_NOT_SEEN
		has_end = has_end || state == TERMINATED;
#endif
		check(end_missed, has_end || state != TERMINATED)
	}
}

inline await_end(limited) { count_awaiting(); await_counted(limited) }

inline pool_stop() { close_pool(SHUTDOWN); await_end(false) }

inline destroy()
{
	atomic { again = destroyed; destroyed = true }
	if
	:: again -> await_end(false)
	:: else -> pool_stop()
	fi
}

inline shutdown_now()
{
	atomic {
		mine = epoch;
		close_in_hold(STOP)
	}
	do
	:: atomic {
#ifndef BUG_EPOCH_NOT_SEEN
		epoch == mine &&
#endif
		(nr_queued || (pool_is_closing && (nr_delayed || nr_blocked))) ->
		check(taken_after_restart, epoch == mine);
		if
		:: nr_queued -> nr_queued--; task_uncount()
		:: else
		fi;
		close_some()
	   }
	:: else -> break
	od
}

inline spawn_ask_for()
{
	starter = true;
	started = false;
	start_failed = false;
	kicked = true
}

inline restart()
{
	do
#ifdef BUG_RESTART_BUSY
	:: true ->
#else
	:: !nr_awaiting || state != TERMINATED ->	/* wait_var_event() */
#endif
	   atomic {					/* reopen() */
		if
#ifndef BUG_RESTART_DESTROYED
		:: destroyed -> goto out
#endif
		:: state != TERMINATED -> goto out
		:: nr_awaiting && state == TERMINATED
		:: else ->
			check(destroyed_alive, !destroyed);
			terminated = false;
			ended = false;
			epoch = !epoch;
			mine = epoch;
			state = RUNNING;
			spawn_ask_for();
			break
		fi
	   }
	od;
	started;
	if
	:: start_failed ->
		atomic {				/* close_again() */
			if
#ifndef BUG_CLOSED_ANOTHERS
			:: epoch != mine -> goto out
#endif
			:: else ->
				check(closed_anothers, epoch == mine);
				close_in_hold(SHUTDOWN);
				count_awaiting()
			fi
		}
		await_counted(false)
	:: else
	fi
}

/* --- who uses the pool -------------------------------------------------- */

inline submit(n)
{
	atomic {
		if
		:: state == RUNNING ->
			nr_queued = nr_queued + n;
			nr_in_flight = nr_in_flight + n;
			kicked = kicked || worker == NONE
		:: else
		fi
	}
}

inline schedule_delayed()
{
	atomic {
		if
		:: state == RUNNING -> nr_delayed++; nr_in_flight++
		:: else
		fi
	}
}

/* One that waits, or whose time has not come. */
inline cancel()
{
	atomic {
		if
		:: nr_queued -> nr_queued--; task_uncount()
		:: nr_delayed -> nr_delayed--; task_uncount()
		:: else
		fi
	}
}

/* Two of them. */
inline block()
{
	atomic {
		if
		:: state == RUNNING -> nr_blocked = nr_blocked + 2
		:: else -> goto out
		fi
	}
	atomic { turned_away > 1 -> turned_away = turned_away - 2 }
}

inline run_in_caller()
{
	atomic {
		if
		:: state == RUNNING -> nr_in_flight++
		:: else -> goto out
		fi
	}
	atomic { task_uncount() }
}

proctype owner()
{
	bool again, has_end, mine;

	submit(2);
	schedule_delayed();
	if
	:: true -> close_pool(SHUTDOWN)
	:: true
	fi;
	destroy();
	callers--
}

proctype caller()
{
	bool again, has_end, mine;

	if
	:: true -> destroy()
	:: true -> pool_stop()
	:: true -> restart()
	:: true -> shutdown_now()
	:: true -> run_in_caller()
	:: true -> await_end(true)
	:: true -> block()
	:: true -> submit(1); cancel()
	:: true -> schedule_delayed()
	fi;
out:
	callers--
}

/* One whose restart fails, and one that closes what it has opened, and begins anew. */
proctype restarter(bool closes)
{
	bool has_end, mine;

	if
	:: closes -> close_pool(SHUTDOWN)
	:: else
	fi;
	restart();
out:
	callers--
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(destroyed_alive, state != RUNNING);
	check(call_stuck, !callers && worker == NONE && !nr_in_flight)
}

init
{
	atomic {
		if
		:: deaths = 1; run caller(); run caller()
		:: failures = 1; run caller(); run caller()
		:: failures = 1; run restarter(false); run restarter(true)
		fi;
		callers = 3;
		kicked = true;		/* pool_start() */
		run manager();
		run workers();
		run hooks();
		run owner();
		run oracle()
	}
}
