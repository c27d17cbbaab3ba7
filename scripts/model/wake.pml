/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How workers sleep and are woken, made and buried: core/wake.c, core/worker.c,
 * core/manager.c, and wpool_resize() in core/pool.c. Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * task_stranded	never does a task wait while a worker idles or could be made,
 *			unless somebody looks at the queue or is asked to make one;
 *			and when all have come to rest, with tasks that sleep for
 *			long, none waits while fewer run than the capacity
 * task_lost		every accepted task ends, once
 * cap_exceeded		no task begins, and no worker is counted, beyond the capacity
 * slot_lost		the semaphore's count, the workers and the debt add up
 * last_worker_gone	one worker stays as long as none dies
 * worker_kept		who idles too long is retired, who has ended is buried
 * list_corrupted	nobody is put on the idle list twice
 * use_after_free	nobody is woken whose struct is gone
 * never_rests		every order of steps comes to rest
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_STATE_AFTER_UNLOCK	worker_idle() sets its state when it has dropped the
 *				lock: task_stranded worker_kept
 * BUG_BELIEVE_ANY_WAKEUP	worker_idle() does not look whether it is still on the
 *				idle list: list_corrupted task_stranded
 * BUG_WAKE_BEFORE_UNIDLE	the waker wakes first, then takes the worker off the
 *				list: task_stranded
 * BUG_WAKE_WITHOUT_RCU		pool_unlock_wake() wakes with preemption on:
 *				use_after_free
 * BUG_CHAIN_BROKEN		run_task() does not wake the next: task_stranded
 * BUG_LEAVE_SILENTLY		worker_main() leaves without wake_for_queue():
 *				task_stranded
 * BUG_SPIN_AGAIN		worker_loop() forgets that it has spun: never_rests
 * BUG_LEAVE_BY_NR_WORKERS	worker_must_leave() counts those who leave already:
 *				last_worker_gone
 * BUG_RETIRE_BY_NR_WORKERS	next_to_retire() does: last_worker_gone
 * BUG_STILL_LOOKING		unlink_worker() forgets that the dead one was looking:
 *				task_stranded
 * BUG_SLOT_FORGOTTEN		unlink_worker() gives no slot back: slot_lost
 * BUG_DEBT_FORGOTTEN		worker_put_slot() calls up() with a debt: slot_lost
 * BUG_LINK_UNCHECKED		worker_link() trusts in its slot, though the capacity
 *				was lowered since: cap_exceeded
 * BUG_ASKED_FORGOTTEN		spawn_missing() clears spawn_asked when the capacity
 *				was lowered meanwhile: task_stranded
 * BUG_RETRY_WITHOUT_TIMER	spawn_missing() leaves spawn_asked set after a failure
 *				that no timer follows: task_stranded
 * BUG_WAKE_BEFORE_ADD		manager_bury() wakes the manager, then adds to its
 *				list: worker_kept slot_lost task_stranded task_lost
 * BUG_LOOK_BEFORE_STATE	manager_main() looks at its lists, then sets its state:
 *				worker_kept slot_lost task_stranded task_lost
 *
 * What stands for what: an atomic block with lock() is one hold of pool->lock. One
 * step is enough: what it reads and writes is touched by nobody without the lock,
 * but for slots, the manager's lists and threads' states, of each of which it does
 * no more than one thing that others see. The rest is a step each. Variables and
 * inlines are named after those that they stand for. Of idle workers any may be
 * woken or retired first. Time is a matter of order: a timer goes off at any time
 * after it was armed, and a worker's idle time is over when one went off. A task's
 * function returns, or sleeps until everything else is at rest, or takes its
 * worker down. RCU's promise is taken for granted.
 *
 * Left out: the end of the pool (teardown.pml), priorities, keys, nesting, the
 * limit of the queue (handover.pml), pause, prestart, freezing.
 */
#define CAPACITY	2	/* and 1 while it is lowered */

#define WORKERS		3	/* one more than the capacity, for who is kept by RCU */
#define NOBODY		WORKERS

mtype = { GONE, AWAKE, ASLEEP, ENDED };
mtype = { OK, BUSY, FAILED };

/* struct wpool_worker, and the state of its thread */
mtype thread[WORKERS] = GONE;
bool looking[WORKERS], leaving[WORKERS], on_idle[WORKERS], in_fn[WORKERS];
byte waking[WORKERS];		/* those inside RCU who are about to wake it */

/* struct wpool */
byte nr_queued, nr_running, nr_looking, nr_idle, nr_workers, nr_leaving;
byte capacity = CAPACITY, slots = CAPACITY, slot_debt;
bool making;			/* a slot is taken, the worker not yet counted */
bool spawn_asked, timer, expired;
byte min_workers = 1;

/* manager.c */
bool kicked, manager_asleep;
byte dead;			/* a bit a worker */

/* The world's part, and its accounts */
byte nr_accepted, nr_ended, deaths, failures;
bool odd_wakeup, rest;

bool task_stranded, task_lost, cap_exceeded, slot_lost, last_worker_gone;
bool worker_kept, list_corrupted, use_after_free;

#define alive		(nr_workers - nr_leaving)
#define below_keep	(alive < min_workers && alive < capacity)
#define above_keep	(alive > min_workers || alive > capacity)
#define someone_looks	(looking[0] || looking[1] || looking[2])

inline check(property, condition)
{
	property = !(condition);
	assert(!property)
}

#define lock()		skip

inline unlock()
{
	check(task_stranded, !nr_queued || someone_looks || (!nr_idle &&
	      (nr_workers >= capacity || spawn_asked)));
	check(slot_lost, slots + nr_workers + making == capacity + slot_debt)
}

inline manager_kick() { kicked = true; manager_asleep = false }

/* --- wake.c ------------------------------------------------------------- */

inline any_idle(w)
{
	if
	:: on_idle[0] -> w = 0
	:: on_idle[1] -> w = 1
	:: on_idle[2] -> w = 2
	fi
}

inline worker_unidle(w) { on_idle[w] = false; nr_idle-- }

/* To be woken once the lock is dropped; inside RCU from before that. */
inline collect(wakes)
{
#ifndef BUG_WAKE_WITHOUT_RCU
	waking[wakes]++
#endif
	skip
}

inline wake_for_queue(wakes)
{
	if
	:: !nr_queued || nr_looking
	:: else ->
		if
		:: nr_idle ->
			any_idle(wakes);
#ifndef BUG_WAKE_BEFORE_UNIDLE
			worker_unidle(wakes);
#endif
			looking[wakes] = true;
			nr_looking++;
			collect(wakes)
		:: !nr_idle && !spawn_asked && nr_workers < capacity ->
			spawn_asked = true;
			manager_kick()
		:: else
		fi
	fi
}

/* What pool_unlock_wake() does after it has dropped the lock. */
inline wake(wakes)
{
	if
	:: wakes != NOBODY ->
		atomic {
			check(use_after_free, waking[wakes] || thread[wakes] != GONE);
			if
			:: thread[wakes] == ASLEEP -> thread[wakes] = AWAKE
			:: else
			fi;
#ifdef BUG_WAKE_BEFORE_UNIDLE
		}
		atomic {
			if
			:: on_idle[wakes] -> worker_unidle(wakes)
			:: else
			fi;
#endif
#ifndef BUG_WAKE_WITHOUT_RCU
			waking[wakes]--;
#endif
			wakes = NOBODY
		}
	:: else
	fi
}

/* --- worker.c ----------------------------------------------------------- */

inline worker_looks(me)
{
	if
	:: looking[me] -> looking[me] = false; nr_looking--
	:: else
	fi
}

#ifdef BUG_LEAVE_BY_NR_WORKERS
#define worker_must_leave(me)	(leaving[me] || nr_workers > capacity)
#else
#define worker_must_leave(me)	(leaving[me] || alive > capacity)
#endif

inline worker_leave(w)
{
	if
	:: !leaving[w] ->
		leaving[w] = true;
		nr_leaving++;
		check(last_worker_gone, !below_keep)
	:: else
	fi
}

inline worker_put_slot()
{
#ifdef BUG_DEBT_FORGOTTEN
	slots++
#else
	if
	:: slot_debt -> slot_debt--
	:: else -> slots++
	fi
#endif
}

inline worker_idle(me)
{
	check(list_corrupted, !on_idle[me]);
	on_idle[me] = true;
	nr_idle++;
	if
	:: above_keep -> timer = true
	:: else
	fi;
#ifndef BUG_STATE_AFTER_UNLOCK
	thread[me] = ASLEEP
#endif
}

inline worker_spin(me)
{
	looking[me] = true;
	nr_looking++
}

inline run_begin(me)
{
	nr_queued--;
	in_fn[me] = true;
	nr_running++;
	check(cap_exceeded, nr_running <= capacity)
}

inline run_end(me)
{
	in_fn[me] = false;
	nr_running--;
	nr_ended++
}

proctype worker(byte me)
{
	byte wakes = NOBODY;
	bool spun;

end_unborn:
	atomic {
		thread[me] == AWAKE;
		if		/* worker_set_up(): hooks may die, too */
		:: skip
		:: deaths -> deaths--; goto exited
		fi
	}

end_asleep:
	if
	:: atomic { odd_wakeup && thread[me] == ASLEEP ->
		odd_wakeup = false;
		thread[me] = AWAKE;
		goto end_asleep
	   }
	:: atomic { thread[me] == AWAKE ->
		lock();
#ifndef BUG_BELIEVE_ANY_WAKEUP
		if
		:: on_idle[me] -> thread[me] = ASLEEP; goto end_asleep
		:: else
		fi;
#endif
		worker_looks(me);
		if
		:: worker_must_leave(me) ->
			worker_leave(me);
#ifndef BUG_LEAVE_SILENTLY
			wake_for_queue(wakes);
#endif
			unlock();
			goto left
		:: else
		fi;
		if
		:: nr_queued ->
			spun = false;
			run_begin(me);
#ifndef BUG_CHAIN_BROKEN
			wake_for_queue(wakes);
#endif
			unlock();
			goto call
		:: !nr_queued && !spun && !nr_looking ->
#ifndef BUG_SPIN_AGAIN
			spun = true;
#endif
			worker_spin(me);
			unlock();
			goto end_asleep
		:: !nr_queued ->
			spun = false;
			worker_idle(me);
			unlock()
		fi
	   }
	fi;
#ifdef BUG_STATE_AFTER_UNLOCK
	thread[me] = ASLEEP;
#endif
	goto end_asleep;

call:
	wake(wakes);
	if
	:: skip
	:: skip -> rest
	:: atomic { deaths -> deaths--; goto exited }
	fi;
	atomic {
		lock();
		run_end(me);
		unlock()
	}
	goto end_asleep;

left:
	wake(wakes);

exited:	/* worker_exited(), manager_bury() */
#ifdef BUG_WAKE_BEFORE_ADD
	manager_asleep = false;
#endif
	atomic {
		spun = false;
		thread[me] = ENDED;
		dead = dead | (1 << me);
#ifndef BUG_WAKE_BEFORE_ADD
		manager_asleep = false;
#endif
		goto end_unborn
	}
}

/* --- manager.c ---------------------------------------------------------- */

inline bury(w)
{
	atomic {
		lock();
		if
		:: leaving[w] -> leaving[w] = false; nr_leaving--
		:: else
		fi;
		/* unlink_worker() */
#ifdef BUG_STILL_LOOKING
		looking[w] = false;
#else
		worker_looks(w);
#endif
		nr_workers--;
#ifndef BUG_SLOT_FORGOTTEN
		worker_put_slot();
#endif
		/* run_bury() */
		if
		:: in_fn[w] -> in_fn[w] = false; nr_running--; nr_ended++
		:: else
		fi;
		wake_for_queue(wakes);
		unlock();
		thread[w] = GONE
	}
	wake(wakes);
	manager_kick()
}

#ifdef BUG_RETIRE_BY_NR_WORKERS
#define spare	(nr_workers > min_workers || nr_workers > capacity)
#else
#define spare	above_keep
#endif

inline next_to_retire(w)
{
	w = NOBODY;
	if
	:: nr_idle && alive > capacity -> any_idle(w)
	:: nr_idle && alive <= capacity && spare ->
		if
		:: expired -> expired = false; any_idle(w)
		:: else -> timer = true
		fi
	:: else
	fi
}

inline retire_idle()
{
	do
	:: atomic {
		lock();
		next_to_retire(w);
		if
		:: w == NOBODY -> expired = false; unlock(); break
		:: else
		fi;
		worker_unidle(w);
		worker_leave(w);
		wakes = w;
		collect(wakes);
		unlock()
	   }
	   wake(wakes)
	od
}

#define worker_missing	(nr_workers < capacity && (below_keep || \
			 (nr_queued > nr_looking && !nr_idle)))

inline spawn_missing()
{
	err = OK;
	do
	:: atomic {
		lock();
		if
		:: err == OK && worker_missing
		:: else ->
#ifndef BUG_RETRY_WITHOUT_TIMER
			timer = timer || err == FAILED;
#endif
#ifdef BUG_ASKED_FORGOTTEN
			spawn_asked = (err == FAILED);
#else
			spawn_asked = (err != OK);
#endif
			unlock();
			break
		fi
	   }
	   worker_spawn()
	od
}

#ifdef BUG_LINK_UNCHECKED
#define link_checked	false
#else
#define link_checked	true
#endif

#define unused(w)	(thread[w] == GONE && !waking[w])

inline worker_link()
{
	w = (unused(0) -> 0 : (unused(1) -> 1 : 2));
	nr_workers++;
	looking[w] = true;
	nr_looking++;
	thread[w] = AWAKE;
	check(cap_exceeded, nr_workers <= capacity)
}

inline worker_spawn()
{
	atomic {		/* down_trylock() */
		if
		:: slots -> slots--; making = true
		:: else -> err = BUSY
		fi
	}
	if
	:: err == BUSY
	:: err == OK ->
		atomic {
			lock();
			making = false;
			if
			:: failures -> failures--; err = FAILED; worker_put_slot()
			:: link_checked && nr_workers >= capacity ->
				err = BUSY;
				worker_put_slot()
			:: !link_checked || nr_workers < capacity ->
				worker_link()
			fi;
			unlock()
		}
	fi
}

inline bury_all()
{
	do
	:: list ->
		w = (list & 1 -> 0 : (list & 2 -> 1 : 2));
		list = list & ~(1 << w);
		bury(w)
	:: else -> break
	od
}

proctype manager()
{
	byte w = NOBODY, wakes = NOBODY, list;
	bool pool;
	mtype err;

	do
	::
#ifndef BUG_LOOK_BEFORE_STATE
	   manager_asleep = true;
#endif
	   atomic {
		list = dead;
		dead = 0;
		pool = kicked;
		kicked = false;
#ifdef BUG_LOOK_BEFORE_STATE
	   }
	   atomic {
		manager_asleep = true;
#endif
		if
		:: list || pool -> manager_asleep = false
		:: else
		fi
	   }
end_asleep:
	   !manager_asleep;
	   bury_all();
	   if
	   :: pool -> retire_idle(); spawn_missing()
	   :: else
	   fi;
	   atomic { w = NOBODY; err = OK; pool = false }
	od
}

/* Idle time is over, or a thread is to be tried for again. */
proctype pool_timer()
{
end:	do
	:: atomic { timer -> timer = false; expired = true; manager_kick() }
	od
}

/* --- who uses the pool -------------------------------------------------- */

inline submit(n)
{
	atomic {
		lock();
		nr_queued = nr_queued + n;
		nr_accepted = nr_accepted + n;
		wake_for_queue(wakes);
		unlock()
	}
	wake(wakes)
}

inline cancel()
{
	atomic {
		lock();
		if
		:: nr_queued -> nr_queued--; nr_ended++; wake_for_queue(wakes)
		:: else
		fi;
		unlock()
	}
	wake(wakes)
}

proctype submitter()
{
	byte wakes = NOBODY;

	if
	:: submit(2)	/* as wpool_schedule_batch() does */
	:: submit(1);
	   if
	   :: cancel()
	   :: skip
	   fi;
	   submit(1)
	fi
}

inline resize(n)
{
	atomic {
		lock();
		if
		:: n < capacity ->
			if
			:: slots -> slots--
			:: else -> slot_debt++
			fi
		:: n > capacity -> worker_put_slot()
		fi;
		capacity = n;
		wake_for_queue(wakes);
		manager_kick();
		unlock()
	}
	wake(wakes)
}

proctype resizer()
{
	byte wakes = NOBODY;

	if
	:: resize(1);
	   if
	   :: resize(2)
	   :: skip
	   fi
	:: skip
	fi
}

/* What must be when nobody can do a step any more. */
proctype oracle()
{
	timeout ->
	check(task_stranded, !nr_queued || nr_running >= capacity);
	rest = true;
	timeout ->
	atomic {
		check(task_lost, nr_ended == nr_accepted && !nr_queued && !nr_running);
		check(worker_kept, !below_keep && !nr_leaving && !dead &&
		      !above_keep);
		check(slot_lost, slots + nr_workers == CAPACITY || capacity == 1);
		check(cap_exceeded, nr_workers <= capacity)
	}
}

/* In a world each: all together would be too many orders to go through. */
init
{
	atomic {
		if
		:: odd_wakeup = true
		:: odd_wakeup = true; min_workers = 2
		:: deaths = 1; failures = 1
		:: run resizer()
		:: deaths = 1; failures = 1; min_workers = 2
		:: deaths = 1; min_workers = 2; run resizer()
		fi;
		manager_kick();		/* pool_start() */
		run worker(0);
		run worker(1);
		run worker(2);
		run manager();
		run pool_timer();
		run submitter();
		run oracle()
	}
}
