/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What RCU keeps for threads without the lock, on a machine whose memory is weakly ordered, see
 * weak.inc. Checked by `make model`.
 *
 * What is shown, of every order in which such a machine may do the threads' steps:
 *
 * use_after_free	nobody touches memory that has been freed
 * half_made		nobody sees an object before what it consists of
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_WOKEN_OUTSIDE_RCU	wpool_ask_stop() or stop_wake_all() wakes outside of it:
 *				use_after_free
 * BUG_NAPS_NO_GRACE_PERIOD	caller_exited() does not wait for one: use_after_free
 * BUG_NAPS_LATE		caller_exited() says that nobody naps after that: use_after_free
 * BUG_WOKEN_PREEMPTIBLE	a worker is woken with preemption on: use_after_free
 * BUG_PREEMPTION_OFF_LATE	__pool_unlock_wake() drops the lock, then sets it off:
 *				use_after_free
 * BUG_WORKER_FREED_AT_ONCE	worker_release() does not use RCU: use_after_free
 * BUG_LISTED_OUTSIDE_RCU	a list of workers or callers is read outside of it: use_after_free
 * BUG_LISTED_PLAIN		worker_link() or caller_link() is not list_add_tail_rcu():
 *				half_made
 * BUG_UNLISTED_FREED_AT_ONCE	what worker_unlink() or caller_unlink() has taken off is freed at
 *				once: use_after_free
 * BUG_ENDING_BEFORE_RCU	group_add(), group_join() ask first, and then enter RCU:
 *				use_after_free
 * BUG_ENDING_NO_GRACE_PERIOD	stack_end() does not wait for one: use_after_free
 * BUG_ENDING_LATE		stack_end() sets it after that: use_after_free
 * BUG_STATE_BEFORE_RCU		__task_lock_pool() reads the state, then enters RCU: use_after_free
 * BUG_POOL_FREED_AT_ONCE	pool_release() does not use RCU: use_after_free
 */
#include "weak.inc"

mtype = {
	NAPS, LOCK, IDLE, LIST, OBJECT, ENDING, STATE, REFS, FREED,
	naps, idle, awake, entry, object, ending, state, last, freed
};

bool use_after_free, half_made;

/* stop_wake_all(), wpool_ask_stop(), abandon(); caller_exited() of a thread that has died */
inline nap_ends()
{
	d_step {
		at_first(NAPS, 1);
		thread();
		rcu_read_lock(BUG_WOKEN_OUTSIDE_RCU);
		read(naps, NAPS);
		read(freed, FREED);
		rcu_read_unlock();
		thread();
		unless(BUG_NAPS_LATE, write(NAPS, 0));
		synchronize_rcu(BUG_NAPS_NO_GRACE_PERIOD);
		only(BUG_NAPS_LATE, write(NAPS, 0));
		write(FREED, 1)
	}
	play();
	check(use_after_free, !mem[naps] || !mem[freed])
}

/*
 * wake_for_queue(), __pool_unlock_wake(), wake_queue_worker(). The worker wakes by itself, sees
 * that it is not idle any more, leaves, and is reaped: worker_release().
 */
inline unidled()
{
	d_step {
		at_first(IDLE, 1);
		thread();
		lock(LOCK);
		read(idle, IDLE);
		write(IDLE, 0);
		unless(BUG_PREEMPTION_OFF_LATE, rcu_read_lock(BUG_WOKEN_PREEMPTIBLE));
		unlock(LOCK);
		only(BUG_PREEMPTION_OFF_LATE, rcu_read_lock());
		read(freed, FREED);
		rcu_read_unlock();
		thread();
		lock(LOCK);
		read(awake, IDLE);
		unlock(LOCK);
		given(awake, 0);
		synchronize_rcu(BUG_WORKER_FREED_AT_ONCE);
		write(FREED, 1)
	}
	play();
	check(use_after_free, !mem[freed])
}

/* A reader comes to an object by a pointer, of a list or not. */
#define reads_object(outside) \
	thread(); \
	rcu_read_lock(outside); \
	read(entry, LIST); \
	follow(object, OBJECT, entry); \
	follow(freed, FREED, entry); \
	rcu_read_unlock()

#define frees_object(at_once) \
	write(LIST, 0); \
	synchronize_rcu(at_once); \
	write(FREED, 1)

inline object_read()
{
	play();
	check(use_after_free, !mem[entry] || !mem[freed]);
	check(half_made, !mem[entry] || mem[object])
}

/* for_each_worker_rcu(), for_each_caller_rcu(), caller_current(); worker_unlink(), caller_free() */
inline listed()
{
	d_step {
		reads_object(BUG_LISTED_OUTSIDE_RCU);
		thread();
		write(OBJECT, 1);
		release(LIST, 1, BUG_LISTED_PLAIN);
		frees_object(BUG_UNLISTED_FREED_AT_ONCE)
	}
	object_read()
}

/* stack_is_ending() before a touch of a group; stack_end(), then the stack is gone */
inline stack_goes()
{
	d_step {
		thread();
		only(BUG_ENDING_BEFORE_RCU, read(ending, ENDING));
		rcu_read_lock();
		unless(BUG_ENDING_BEFORE_RCU, read(ending, ENDING));
		read(freed, FREED);
		rcu_read_unlock();
		thread();
		unless(BUG_ENDING_LATE, write(ENDING, 1));
		synchronize_rcu(BUG_ENDING_NO_GRACE_PERIOD);
		only(BUG_ENDING_LATE, write(ENDING, 1));
		write(FREED, 1)
	}
	play();
	check(use_after_free, mem[ending] || !mem[freed])
}

/*
 * __task_lock_pool() touches the pool of a task. The task ends; then its owner, another thread,
 * drops the last reference: pool_release().
 */
inline pool_goes()
{
	d_step {
		at_first(STATE, 1);
		thread();
		only(BUG_STATE_BEFORE_RCU, acquire(state, STATE));
		rcu_read_lock();
		unless(BUG_STATE_BEFORE_RCU, acquire(state, STATE));
		read(freed, FREED);
		rcu_read_unlock();
		thread();
		release(STATE, 0);
		release(REFS, 1);
		thread();
		acquire(last, REFS);
		given(last, 1);
		synchronize_rcu(BUG_POOL_FREED_AT_ONCE);
		write(FREED, 1)
	}
	play();
	check(use_after_free, !mem[state] || !mem[freed])
}

init
{
	if
	:: nap_ends()
	:: unidled()
	:: listed()
	:: stack_goes()
	:: pool_goes()
	fi
}
