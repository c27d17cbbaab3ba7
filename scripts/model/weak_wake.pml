/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How threads sleep and are woken on a machine whose memory is weakly ordered, see weak.inc.
 * Checked by `make model`.
 *
 * What is shown, of every order in which such a machine may do the threads' steps:
 *
 * sleeps_on		a thread that goes to sleep has seen what it is woken for, or is woken
 * half_handed		a thread that finds something has all that was written before
 * touched_when_gone	nobody touches the stack of a thread that has returned from a wait
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_ASKED_NO_MB		stop_run() has no barrier: sleeps_on
 * BUG_ALL_ASKED_NO_MB		stop_wake_all() has none: sleeps_on
 * BUG_ASKED_PLAIN		stop_run() writes without a release: half_handed
 * BUG_ALL_ASKED_PLAIN		pool_set_state() does: half_handed
 * BUG_SHOULD_STOP_PLAIN	wpool_should_stop() reads without an acquire: half_handed
 * BUG_NAPPED_NO_MB		wpool_sleep() sets its state without a barrier: sleeps_on
 * BUG_IDLED_LATE		worker_idle() sets its state when it has dropped the lock:
 *				sleeps_on
 * BUG_IDLE_WOKEN_FIRST		a worker is woken, then taken off the idle list: sleeps_on
 * BUG_PARKED_NO_MB		worker_park() sets its state without a barrier: sleeps_on
 * BUG_PARKED_PLAIN		worker_park() reads without an acquire: half_handed
 * BUG_LET_BEGIN_PLAIN		worker_let_begin() writes without a release: half_handed
 * BUG_KICKED_LATE		kick_exit() wakes the manager, then adds to its list: sleeps_on
 * BUG_KICKED_PLAIN		it adds without a barrier: half_handed
 * BUG_TAKEN_PLAIN		kick_take_dead() takes without one: half_handed
 * BUG_POOL_KICKED_LATE		kick_pool() wakes, then adds: sleeps_on
 * BUG_POOL_KICKED_UNLOCKED	it adds without kicked.lock: half_handed
 * BUG_POOL_KICKED_FIRST	the manager is kicked, then there is something to do: half_handed
 * BUG_MANAGER_STATE_LATE	manager_main() looks, then sets its state: sleeps_on
 * BUG_MANAGER_NO_MB		it sets its state without a barrier, and misses that it is to stop:
 *				sleeps_on
 * BUG_ASKED_LATE		spare_ask() wakes the maker, then adds to its list: sleeps_on
 * BUG_ASKED_UNLOCKED		spare_ask() adds without asked.lock: half_handed
 * BUG_MAKER_STATE_LATE		maker_main() looks, then sets its state: sleeps_on
 * BUG_MAKER_NO_MB		as the manager: sleeps_on
 * BUG_AWAITED_NO_MB		await_counted() has no barrier: sleeps_on
 * BUG_RESTART_LOOKS_FIRST	wpool_restart() looks, then goes to those that wait: sleeps_on
 * BUG_LEFT_UNAWAITED		who gives up does not wait for its completion: touched_when_gone
 * BUG_COMPLETED_FIRST		a waiter is completed, then gets its status: half_handed
 * BUG_REST_UNLOCKED		group_wake_rest() looks without the lock whether there is a rest:
 *				touched_when_gone
 *
 * Where others add under a lock, and the thread looks under it or by an exchange, that is enough.
 * There the barrier after the state is for kthread_should_stop(), which takes no lock.
 */
#include "weak.inc"

mtype = {
	STOP, NAPS, THREAD, LOCK, QUEUE, IDLE, BEGINS, WORK, LIST, WAITERS, AWAITING, VALUE,
	STATUS, DONE, DONE_LOCK, STACK,
	stop, naps, woken, stopped, queue, idle, begins, work, list, waiters, awaiting, value,
	status, again, gone
};

bool sleeps_on, half_handed, touched_when_gone;

/*
 * wpool_sleep(): current_set_naps() and a look; wpool_wait_event_stop() does the same, and then looks at its
 * condition
 */
#define naps() \
	thread(); \
	write(NAPS, 1); \
	set_current_state(THREAD, BUG_NAPPED_NO_MB); \
	acquire(stop, STOP, BUG_SHOULD_STOP_PLAIN); \
	read(work, WORK)

/* stop_run() */
inline asked()
{
	d_step {
		naps();
		thread();
		write(WORK, 1);
		release(STOP, 1, BUG_ASKED_PLAIN);
		mb(BUG_ASKED_NO_MB);
		read(naps, NAPS);
		wake_up_process(woken, THREAD)
	}
	play();
	check(sleeps_on, mem[stop] || mem[naps] && mem[woken]);
	check(half_handed, !mem[stop] || mem[work])
}

/* pool_set_state(), then stop_wake_all() */
inline all_asked()
{
	d_step {
		naps();
		thread();
		write(WORK, 1);
		lock(LOCK);
		release(STOP, 1, BUG_ALL_ASKED_PLAIN);
		unlock(LOCK);
		mb(BUG_ALL_ASKED_NO_MB);
		read(naps, NAPS);
		wake_up_process(woken, THREAD)
	}
	play();
	check(sleeps_on, mem[stop] || mem[naps] && mem[woken]);
	check(half_handed, !mem[stop] || mem[work])
}

/* worker_idle(); wake_for_queue() or retire_idle(), then wake_queue_worker() */
inline idles()
{
	d_step {
		thread();
		lock(LOCK);
		read(queue, QUEUE);
		write(IDLE, 1);
		unless(BUG_IDLED_LATE, set_current_state(THREAD));
		unlock(LOCK);
		only(BUG_IDLED_LATE, set_current_state(THREAD));
		thread();
		only(BUG_IDLE_WOKEN_FIRST, wake_up_process(woken, THREAD));
		lock(LOCK);
		write(QUEUE, 1);
		read(idle, IDLE);
		given(idle, 1);
		write(IDLE, 0);
		unlock(LOCK);
		unless(BUG_IDLE_WOKEN_FIRST, wake_up_process(woken, THREAD))
	}
	play();
	check(sleeps_on, mem[queue] || mem[idle] && mem[woken])
}

/* worker_park(); worker_begin() and worker_let_begin(), then begin_missing() wakes it */
inline parked()
{
	d_step {
		thread();
		set_current_state(THREAD, BUG_PARKED_NO_MB);
		acquire(begins, BEGINS, BUG_PARKED_PLAIN);
		read(work, WORK);
		thread();
		write(WORK, 1);
		release(BEGINS, 1, BUG_LET_BEGIN_PLAIN);
		wake_up_process(woken, THREAD)
	}
	play();
	check(sleeps_on, mem[begins] || mem[woken]);
	check(half_handed, !mem[begins] || mem[work])
}

/*
 * Two threads sleep until there is something on a list: the manager and the maker. A thread that
 * finds something looks at what was written before. kthread_stop() ends it.
 */
#define adds(unlocked, late, early) \
	thread(); \
	unless(early, write(WORK, 1)); \
	only(late, wake_up_process(woken, THREAD)); \
	lock(LOCK, unlocked); \
	write(LIST, 1); \
	unlock(LOCK, unlocked); \
	only(early, write(WORK, 1)); \
	unless(late, wake_up_process(woken, THREAD))

#define takes() \
	lock(LOCK); \
	read(list, LIST); \
	unlock(LOCK)

#define sleeps(no_mb, state_late, what_it_takes) \
	thread(); \
	only(state_late, what_it_takes); \
	set_current_state(THREAD, no_mb); \
	unless(state_late, what_it_takes); \
	read(stop, STOP); \
	read(work, WORK)

#define stops() \
	thread(); \
	write(STOP, 1); \
	wake_up_process(stopped, THREAD)

inline finds_all()
{
	play();
	check(sleeps_on, mem[list] || mem[woken]);
	check(sleeps_on, mem[stop] || mem[stopped]);
	check(half_handed, !mem[list] || mem[work])
}

/* kick_exit() of a thread that has ended: llist_add(); kick_take_dead(): llist_del_all() */
inline kicked()
{
	d_step {
		thread();
		write(WORK, 1);
		only(BUG_KICKED_LATE, wake_up_process(woken, THREAD));
		exchange(again, LIST, 1, BUG_KICKED_PLAIN);
		unless(BUG_KICKED_LATE, wake_up_process(woken, THREAD));
		sleeps(0, BUG_MANAGER_STATE_LATE, exchange(list, LIST, 0, BUG_TAKEN_PLAIN));
		stops()
	}
	finds_all()
}

/*
 * kick_pool(), of a pool with deadlock.left or behind_unwoken; kick_next_pool()
 * comes before the looks at these
 */
inline pool_kicked()
{
	d_step {
		adds(BUG_POOL_KICKED_UNLOCKED, BUG_POOL_KICKED_LATE, BUG_POOL_KICKED_FIRST);
		sleeps(BUG_MANAGER_NO_MB, BUG_MANAGER_STATE_LATE, takes());
		stops()
	}
	finds_all()
}

/* spare_ask(), of the pool with spare.id; maker_main() */
inline made()
{
	d_step {
		adds(BUG_ASKED_UNLOCKED, BUG_ASKED_LATE, 0);
		sleeps(BUG_MAKER_NO_MB, BUG_MAKER_STATE_LATE, takes());
		stops()
	}
	finds_all()
}

/* await_counted(); wait_var_event() of wpool_restart() */
inline awaited_end()
{
	d_step {
		at_first(AWAITING, 1);
		thread();
		lock(LOCK);
		write(AWAITING, 0);
		unlock(LOCK);
		mb(BUG_AWAITED_NO_MB);
		read(waiters, WAITERS);
		thread();
		only(BUG_RESTART_LOOKS_FIRST, read(awaiting, AWAITING));
		write(WAITERS, 1);
		set_current_state(THREAD);
		unless(BUG_RESTART_LOOKS_FIRST, read(awaiting, AWAITING))
	}
	play();
	check(sleeps_on, !mem[awaiting] || mem[waiters])
}

/*
 * waiter_complete(), then wake_queue_waiters(). Of the waiters one gives up, as in sleep_on() and
 * block(), and one is completed; each of them returns, and its stack is used again.
 */
inline completed()
{
	d_step {
		thread();
		only(BUG_COMPLETED_FIRST, complete(DONE, DONE_LOCK, gone, STACK));
		lock(LOCK);
		write(VALUE, 1);
		write(STATUS, 1);
		unlock(LOCK);
		unless(BUG_COMPLETED_FIRST, complete(DONE, DONE_LOCK, gone, STACK));
		thread();
		lock(LOCK);
		read(status, STATUS);
		unlock(LOCK);
		given(status, 1);
		unless(BUG_LEFT_UNAWAITED, wait_for_completion(DONE, DONE_LOCK));
		write(STACK, 1);
		thread();
		wait_for_completion(DONE, DONE_LOCK);
		read(value, VALUE);
		lock(LOCK);
		read(again, STATUS);
		unlock(LOCK)
	}
	play();
	check(touched_when_gone, !mem[gone]);
	check(half_handed, mem[value] && mem[again])
}

/*
 * group_leave(), of the last of a rest, and group_wake_rest(). The first of the two stores of
 * list_del() to the head is shown as a look at whether it is still there. The thread that finds no
 * rest returns; one that finds a rest completes it, and the other then does not give up.
 */
inline rest_left()
{
	d_step {
		thread();
		lock(LOCK);
		read(gone, STACK);
		write(LIST, 1);
		unlock(LOCK);
		thread();
		lock(LOCK, BUG_REST_UNLOCKED);
		read(list, LIST);
		unlock(LOCK, BUG_REST_UNLOCKED);
		given(list, 1);
		write(STACK, 1)
	}
	play();
	check(touched_when_gone, !mem[gone])
}

init
{
	if
	:: asked()
	:: all_asked()
	:: idles()
	:: parked()
	:: kicked()
	:: pool_kicked()
	:: made()
	:: awaited_end()
	:: completed()
	:: rest_left()
	fi
}
