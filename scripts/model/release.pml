/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What keeps a pool's memory: the references of core/refs.c, taken by callers, workers
 * and the manager; and who has a task and no reference: __task_lock_pool() in
 * core/task_lock.c. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * use_after_free	nobody touches the pool, or has its timer go off, when it is
 *			freed
 * reference_revived	nobody takes a reference when there is none left
 * released_in_use	nothing is counted any more when the last reference goes
 * never_freed		the last reference does go
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_KICK_WITHOUT_REF		kick_pool() takes no reference, manage() drops none:
 *				use_after_free
 * BUG_KICK_REF_KEPT		kick_pool() takes one for a pool that is on the list:
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
 * BUG_DESTROYED_UNLOCKED	wpool_destroy() asks and says so in two holds of the
 *				lock: use_after_free reference_revived
 * BUG_DESTROY_UNAWAITED	wpool_destroy() leaves the waiting to the references:
 *				released_in_use
 *
 * What stands for what: an atomic block that begins with a lock is one hold of pool->lock,
 * and the lock is a touch of the pool's memory, which is freed at the first moment that
 * RCU allows. One worker, one task. Each caller has a reference of its own, from
 * wpool_find(); the creator's is dropped by the first who destroys. Strangers have
 * the task only. The timer is armed by any worker that idles and by what awaits the
 * end, and goes off at any time. How a pool ends is in teardown.pml.
 */
#include "check.inc"

#define RUNNING		0
#define SHUTDOWN	1
#define TIDYING		2
#define TERMINATED	3

mtype = { NEVER, QUEUED, IN_FN, DONE };
mtype = { NONE, AWAKE, IDLE, LEFT };	/* the last: to be reaped */

/* struct wpool */
byte kref = 3;			/* the creator's, and one each of the two who call */
byte state = RUNNING;
bool destroyed, timer, timer_runs;

/* Its memory: readers inside RCU, and those of them that were so at its release */
byte readers, awaited;
bool released, freed;

mtype task = NEVER;		/* that the strangers know */
mtype worker = NONE;
bool kicked;			/* the pool is on the manager's list */
byte failures;

bool use_after_free, reference_revived, released_in_use, never_freed;

#define accepted	(task == QUEUED || task == IN_FN)

#define touch()		check(use_after_free, !freed)
#define lock()		touch()

/* --- references, and RCU ------------------------------------------------ */

inline get()
{
	touch();
	check(reference_revived, kref);
	kref++
}

inline put()
{
	atomic {
		touch();
		check(reference_revived, kref);
		kref--;
		if
		:: !kref ->
			check(released_in_use, !accepted && worker == NONE);
			released = true;
#ifndef BUG_FREE_WITHOUT_RCU
			awaited = readers;
#endif
			freed = !awaited
		:: else
		fi
	}
}

inline rcu_read_lock(me) { readers = readers | me }

inline rcu_read_unlock(me)
{
	atomic {
		readers = readers & ~me;
		awaited = awaited & ~me;
		freed = freed || (released && !awaited)
	}
}

/* --- manager.c ---------------------------------------------------------- */

inline kick_pool()
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

inline reap()
{
	atomic { lock(); worker = NONE }
	atomic { kick_pool() }
	put()
}

inline spawn_missing()
{
	atomic {
		lock();
		if
		:: worker == NONE && (state == RUNNING || task == QUEUED) ->
			if
			:: failures -> failures--; timer = true
			:: worker = AWAKE; get()
			fi
		:: else
		fi
	}
}

inline terminate()
{
	atomic {
		lock();
		if
		:: state == SHUTDOWN && worker == NONE && !accepted -> state = TIDYING
		:: else -> goto managed
		fi
	}
#ifdef BUG_TIMER_NOT_SYNC
	timer = false;
#else
	atomic { !timer_runs -> timer = false }
#endif
	atomic { lock(); state = TERMINATED }
}

proctype manager()
{
end:	do
	:: worker == LEFT -> reap()
	:: atomic { kicked -> touch(); kicked = false }
	   spawn_missing();
	   terminate();
managed:
#ifndef BUG_KICK_WITHOUT_REF
	   put()
#endif
	   skip
	od
}

proctype pool_timer()
{
end:	do
	:: atomic { timer -> touch(); timer = false; timer_runs = true }
	   atomic { kick_pool() }
	   timer_runs = false
	od
}

/* --- the worker --------------------------------------------------------- */

inline task_end()
{
	task = DONE;
	if
	:: state != RUNNING -> kick_pool()
	:: else
	fi
}

proctype worker_main()
{
end:	do
	:: atomic { worker == AWAKE && task == IN_FN -> lock(); task_end() }
	:: atomic { worker == AWAKE && task != IN_FN ->
		lock();
		if
		:: task == QUEUED -> task = IN_FN
		:: task != QUEUED && state != RUNNING -> worker = LEFT
		:: else -> worker = IDLE; timer = true
		fi
	   }
	:: atomic { worker == IDLE && (task == QUEUED || state != RUNNING) -> worker = AWAKE }
	od
}

/* --- who uses the pool -------------------------------------------------- */

inline shut_down()
{
	atomic {
		lock();
		state = (state == RUNNING -> SHUTDOWN : state);
		kick_pool()
	}
}

inline await_end()
{
	atomic {		/* watchdog_await() */
		lock();
#ifndef BUG_ARMED_AT_THE_END
		timer = timer || state == SHUTDOWN
#else
		timer = true
#endif
	}
	atomic { state == TERMINATED -> touch() }
}

inline pool_stop() { shut_down(); await_end() }

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
#ifdef BUG_DESTROY_UNAWAITED
	:: again
	:: else -> shut_down(); put()
#else
	:: again -> await_end()
	:: else -> pool_stop(); put()
#endif
	fi
}

proctype owner()
{
	bool again;

	atomic {		/* wpool_schedule() */
		lock();
		task = (state == RUNNING -> QUEUED : NEVER);
		kick_pool()
	}
	destroy();
	put()
}

proctype caller()
{
	bool again;

	if
	:: destroy()
	:: pool_stop()
	fi;
	put()
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
		:: task == QUEUED -> task_end(); goto done	/* wpool_cancel() */
		:: else						/* sleep_on() */
#ifndef BUG_SLEEP_WITHOUT_REF
			-> get()
#endif
		fi
	}
	rcu_read_unlock(me);
	task == DONE;
	atomic { lock() }
#ifndef BUG_SLEEP_WITHOUT_REF
	put();
#endif
done:
	rcu_read_unlock(me)
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(never_freed, freed)
}

init
{
	atomic {
		if
		:: failures = 1
		:: run stranger(1); run stranger(2)
		fi;
		kick_pool();		/* pool_start() */
		run manager();
		run pool_timer();
		run worker_main();
		run owner();
		run caller();
		run oracle()
	}
}
