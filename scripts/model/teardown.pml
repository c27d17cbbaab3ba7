/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool's end and its way back: core/shutdown.c, core/manager.c, the references
 * of core/pool.c, and who has none: __task_lock_pool() in core/wait.c. Checked by
 * `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * end_told_early	who waited for the end finds no task and no worker left
 * terminated_twice	the pool comes to its end once, or once per restart
 * call_stuck		every call returns, and every worker leaves
 * use_after_free	nobody touches the pool, or has its timer go off, when it is
 *			freed
 * reference_revived	nobody takes a reference when there is none left
 * released_in_use	nothing is counted any more when the last reference goes
 * never_freed		the last reference does go
 * never_rests		every order of steps comes to rest
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_KICK_WITHOUT_REF		manager_kick() takes no reference, manage() drops none:
 *				use_after_free
 * BUG_KICK_REF_KEPT		manager_kick() takes one for a pool that is on the list:
 *				never_freed
 * BUG_SLEEP_WITHOUT_REF	sleep_on() takes none: use_after_free
 * BUG_FREE_WITHOUT_RCU		pool_release() calls kfree(): use_after_free
 * BUG_LOOK_BEFORE_RCU		__task_lock_pool() reads the state, then enters RCU:
 *				use_after_free
 * BUG_LOOK_ONCE		__task_lock_pool() does not look again under the lock:
 *				reference_revived use_after_free
 * BUG_TIMER_NOT_SYNC		terminate() does not wait for the timer's function:
 *				use_after_free reference_revived
 * BUG_ARMED_AT_THE_END		watchdog_await() arms the timer of a pool that has
 *				ended: use_after_free reference_revived
 * BUG_WORKERS_BY_ALIVE		terminate() does not see workers that are leaving:
 *				end_told_early use_after_free
 * BUG_UNDONE_NOT_SEEN		terminate() looks at workers only: end_told_early
 * BUG_OVER_BY_NOT_RUNNING	terminate() takes any state but RUNNING for one to be
 *				ended: terminated_twice
 * BUG_COMPLETE_UNLOCKED	terminate() completes when it has dropped the lock:
 *				end_told_early
 * BUG_AWAIT_UNCOUNTED		await_end() does not count who waits: call_stuck
 *				end_told_early
 * BUG_RESTART_DESTROYED	reopen() does not ask whether it is destroyed:
 *				call_stuck never_freed end_told_early
 * BUG_DESTROYED_UNLOCKED	wpool_destroy() asks and says so in two holds of the
 *				lock: use_after_free reference_revived
 * BUG_LAST_TASK_SILENT		task_uncount() does not kick the manager: call_stuck
 * BUG_BURY_SILENT		bury() does not kick the manager: call_stuck
 * BUG_DESTROY_UNAWAITED	wpool_destroy() leaves the waiting to the references:
 *				released_in_use
 * BUG_RESTART_BUSY		wpool_restart() tries again at once: never_rests
 *
 * What stands for what: an atomic block with lock() is one hold of pool->lock, and
 * lock() is a touch of the pool's memory, which is freed at the first moment that
 * RCU allows. One worker at a time; that it is woken is a guard here, wake.pml has
 * the rest. Everybody who calls has a reference of his own, from wpool_find(); the
 * creator's is dropped by the first who destroys. Strangers have the task only.
 * The timer is armed by any worker that idles and by who awaits the end, and goes
 * off at any time.
 *
 * Left out: delayed tasks, blocked submitters (handover.pml), names and debugfs,
 * the pin of the module.
 */
#define RUNNING		0
#define SHUTDOWN	1
#define STOP		2
#define TIDYING		3
#define TERMINATED	4

mtype = { NEVER, QUEUED, IN_FN, DONE };

/* struct wpool */
byte state = RUNNING;
byte nr_other;			/* queued besides the task */
byte nr_undone, nr_workers, nr_awaiting;
byte kref = 1;			/* the creator's, and one each of who calls */
bool terminated, destroyed, starter, told, start_failed;
bool timer, timer_runs;

/* Its memory: readers inside RCU, and those of them that were so at its release */
byte readers, awaited;
bool released, freed;

mtype task = NEVER;		/* that the strangers know */

/* The worker */
bool alive, idle, leaving, in_fn, in_task;
bool dead;			/* and on the manager's list */

bool kicked;			/* the pool is on the manager's list */
bool ended;			/* since it was made, or restarted */
byte callers, others, deaths, failures;
bool timers, crowd;

bool end_told_early, terminated_twice, call_stuck, use_after_free;
bool reference_revived, released_in_use, never_freed;

#define accepted	(task == QUEUED || task == IN_FN)
#define queue_ready	((nr_other || task == QUEUED) && state != STOP)
#define pool_is_closing	(state == SHUTDOWN || state == STOP)
#define pool_is_over	(state != RUNNING && !queue_ready)

inline check(property, condition)
{
	property = !(condition);
	assert(!property)
}

#define touch()	check(use_after_free, !freed)
#define lock()	touch()

/* --- pool.c: references ------------------------------------------------- */

inline get()
{
	touch();
	check(reference_revived, kref);
	kref++
}

inline put()
{
	touch();
	check(reference_revived, kref);
	kref--;
	if
	:: !kref ->
		check(released_in_use, !nr_undone && !nr_workers);
		released = true;
#ifndef BUG_FREE_WITHOUT_RCU
		awaited = readers;
#endif
		freed = !awaited
	:: else
	fi
}

inline rcu_read_lock(me) { readers = readers | me }

inline rcu_read_unlock(me)
{
	readers = readers & ~me;
	awaited = awaited & ~me;
	freed = released && !awaited
}

/* --- manager.c ---------------------------------------------------------- */

inline manager_kick()
{
	touch();
	if
	:: !kicked ->
		kicked = true;
#ifndef BUG_KICK_WITHOUT_REF
		get()
#endif
	:: else
#ifdef BUG_KICK_REF_KEPT
		-> get()
#endif
	fi
}

/* The end of a task, accepted before. */
inline task_uncount()
{
	nr_undone--;
	if
#ifndef BUG_LAST_TASK_SILENT
	:: state != RUNNING && !nr_undone -> manager_kick()
#endif
	:: else
	fi
}

inline run_finish()
{
	if
	:: in_task -> task = DONE
	:: else
	fi;
	in_fn = false;
	in_task = false;
	task_uncount()
}

inline bury()
{
	dead = false;
	atomic {
		lock();
		leaving = false;
		nr_workers--;
		if
		:: in_fn -> run_finish()
		:: else
		fi
	}
#ifndef BUG_BURY_SILENT
	atomic { manager_kick() }
#endif
	atomic { put() }
}

inline retire_idle()
{
	atomic {
		lock();
		if
		:: idle && pool_is_over -> idle = false; leaving = true
		:: else
		fi
	}
}

inline spawn_missing()
{
	atomic {
		lock();
		missing = !nr_workers && (state == RUNNING || queue_ready)
	}
	atomic {
		lock();
		if
		:: missing && failures -> failures--; timer = true
		:: missing -> nr_workers++; get(); alive = true; missing = false
		:: !missing
		fi;
		if
		:: starter -> starter = false; told = true; start_failed = missing
		:: else
		fi;
		missing = false
	}
}

#if defined(BUG_WORKERS_BY_ALIVE)
#define nothing_left	((!nr_workers || leaving) && !nr_undone)
#elif defined(BUG_UNDONE_NOT_SEEN)
#define nothing_left	(!nr_workers)
#else
#define nothing_left	(!nr_workers && !nr_undone)
#endif
#ifdef BUG_OVER_BY_NOT_RUNNING
#define closed		(state != RUNNING)
#else
#define closed		pool_is_closing
#endif

inline terminate()
{
	atomic {
		lock();
		if
		:: closed && nothing_left -> state = TIDYING
		:: else -> goto managed
		fi
	}
#ifdef BUG_TIMER_NOT_SYNC
	timer = false;
#else
	atomic { !timer_runs -> timer = false }
#endif
	atomic {
		check(terminated_twice, !ended);
		ended = true		/* the pool's hook terminated() */
	}
	atomic {
		lock();
		state = TERMINATED;
#ifdef BUG_COMPLETE_UNLOCKED
	}
	atomic {
		touch();
#endif
		terminated = true
	}
}

proctype manager()
{
	bool missing;

end:	do
	:: dead -> bury()
	:: atomic { !dead && kicked -> touch(); kicked = false }
	   retire_idle();
	   spawn_missing();
	   terminate();
managed:
#ifndef BUG_KICK_WITHOUT_REF
	   atomic { put() }
#endif
	   skip
	od
}

proctype pool_timer()
{
end:	do
	:: atomic { timer -> touch(); timer = false; timer_runs = true }
	   atomic { manager_kick() }
	   timer_runs = false
	od
}

/* --- worker.c ----------------------------------------------------------- */

proctype worker()
{
end:	do
	:: atomic { alive && (!idle || queue_ready) ->
		lock();
		idle = false;
		if
		:: leaving || pool_is_over ->
			leaving = true;
			alive = false;
			dead = true
		:: else ->
			if
			:: task == QUEUED && state != STOP ->
				task = IN_FN;
				in_task = true;
				in_fn = true
			:: nr_other && state != STOP ->
				nr_other--;
				in_fn = true
			:: !queue_ready ->
				idle = true;
				timer = timers
			fi
		fi
	   }
	   if
	   :: atomic { alive && in_fn -> lock(); run_finish() }
	   :: atomic { alive && in_fn && deaths -> deaths--; alive = false; dead = true }
	   :: !alive || !in_fn
	   fi
	od
}

/* --- shutdown.c --------------------------------------------------------- */

inline close_pool(to)
{
	atomic {
		lock();
		if
		:: state < to -> state = to; manager_kick()
		:: else
		fi
	}
}

inline watchdog_await()
{
	if
#ifdef BUG_ARMED_AT_THE_END
	:: timers && state != RUNNING -> timer = true
#else
	:: timers && pool_is_closing -> timer = true
#endif
	:: else
	fi
}

inline await_end()
{
	atomic {
		lock();
#ifndef BUG_AWAIT_UNCOUNTED
		nr_awaiting++;
#endif
		watchdog_await()
	}
	atomic { terminated -> touch() }
	atomic {
		lock();
#ifndef BUG_AWAIT_UNCOUNTED
		nr_awaiting--;
#endif
		check(end_told_early, state == TERMINATED && !nr_workers && !nr_undone)
	}
}

inline pool_stop() { close_pool(SHUTDOWN); await_end() }

inline destroy()
{
	atomic {
		lock();
		again = destroyed;
#ifdef BUG_DESTROYED_UNLOCKED
	}
	atomic {
		lock();
#endif
		destroyed = true
	}
	if
	:: again -> await_end()
	:: else ->
#ifdef BUG_DESTROY_UNAWAITED
		close_pool(SHUTDOWN);
#else
		pool_stop();
#endif
		atomic { put() }
	fi
}

inline shutdown_now()
{
	close_pool(STOP);
	do
	:: atomic {
		lock();
		if
		:: task == QUEUED -> task = DONE; task_uncount()
		:: nr_other -> nr_other--; task_uncount()
		:: else -> break
		fi
	   }
	od
}

inline pool_start()
{
	atomic {
		lock();
		if
		:: state == RUNNING && !starter ->
			starter = true;
			told = false;
			manager_kick()
		:: else -> goto start_refused
		fi
	}
	atomic { told -> again = start_failed }
}

inline restart()
{
	do
	:: atomic {		/* wait_var_event() */
#ifndef BUG_RESTART_BUSY
		!nr_awaiting || state != TERMINATED;
#endif
		touch()
	   }
	   atomic {		/* reopen() */
		lock();
		if
#ifndef BUG_RESTART_DESTROYED
		:: destroyed -> goto out
#endif
		:: state != TERMINATED -> goto out
		:: nr_awaiting && state == TERMINATED
		:: else ->
			terminated = false;
			ended = false;
			state = RUNNING;
			break
		fi
	   }
	od;
	again = true;
	pool_start();
start_refused:
	if
	:: again -> pool_stop()
	:: else
	fi
}

/* --- who uses the pool -------------------------------------------------- */

inline submit()
{
	atomic {
		lock();
		if
		:: state == RUNNING ->
			task = QUEUED;
			nr_other = others;
			nr_undone = nr_undone + 1 + others;
			if
			:: !nr_workers -> manager_kick()
			:: else
			fi
		:: else
		fi
	}
}

inline run_in_caller()
{
	atomic {
		lock();
		if
		:: state == RUNNING -> nr_undone++
		:: else -> goto out
		fi
	}
	atomic {
		lock();
		task_uncount()
	}
}

proctype owner()
{
	bool again;

	submit();
	if
	:: close_pool(SHUTDOWN)
	:: skip
	fi;
	destroy();
	atomic { put(); callers-- }
}

proctype caller()
{
	bool again;

	if
	:: destroy()
	:: close_pool(SHUTDOWN); await_end()
	:: restart()
	:: !crowd -> shutdown_now()
	:: !crowd -> run_in_caller()
	fi;
out:
	atomic { put(); callers-- }
}

/* Has the task, and no reference: waits for it, or takes it back. */
proctype stranger(byte me)
{
#ifndef BUG_LOOK_BEFORE_RCU
	rcu_read_lock(me);
#endif
	if
	:: accepted
	:: else -> goto done
	fi;
#ifdef BUG_LOOK_BEFORE_RCU
	rcu_read_lock(me);
#endif
	atomic {
		lock();
		if
#ifndef BUG_LOOK_ONCE
		:: !accepted -> goto done
#endif
		:: task == QUEUED ->	/* wpool_cancel() */
			task = DONE;
			task_uncount();
			goto done
		:: else ->		/* sleep_on() */
#ifndef BUG_SLEEP_WITHOUT_REF
			get();
#endif
			rcu_read_unlock(me)
		fi
	}
	task == DONE;
	atomic { lock() }
#ifndef BUG_SLEEP_WITHOUT_REF
	atomic { put() }
#endif
done:
	atomic { rcu_read_unlock(me) }
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	atomic {
		check(call_stuck, !callers && !nr_workers && !accepted);
		check(never_freed, freed)
	}
}

/* In a world each: all together would be too many orders to go through. */
init
{
	atomic {
		if
		:: callers = 2; run caller(); others = 1; deaths = 1
		:: callers = 1; run stranger(1); run stranger(2)
		:: callers = 2; run caller(); timers = true; failures = 1; run pool_timer()
		:: callers = 2; run caller(); run stranger(1)
		:: callers = 3; crowd = true; run caller(); run caller()
		fi;
		kref = 1 + callers;
		manager_kick();		/* pool_start() */
		run manager();
		run worker();
		run owner();
		run oracle()
	}
}
