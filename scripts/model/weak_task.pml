/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of a task on a machine whose memory is weakly ordered, see weak.inc: what a thread
 * without the lock may rely on that has seen it. Checked by `make model`.
 *
 * What is shown, of every order in which such a machine may do the threads' steps:
 *
 * foreign_pool		a thread that sees that a task is accepted locks the pool that has it
 * stale_result		a thread that sees that a task is done has its result
 * time_returned	that is not the time at which it was accepted
 * touched_when_gone	a task is not touched when its owner has it back
 * flags_lost		the next who has it sees what the last has written
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_ACCEPTED_PLAIN		__inbox_put(), claim(), queue_put() or delayed_link() sets the
 *				state without a release: foreign_pool
 * BUG_JOINED_PLAIN		__self_join() does: foreign_pool
 * BUG_LOOKED_PLAIN		__task_lock_pool() reads the state without an acquire: foreign_pool
 * BUG_LOOKED_AGAIN_PLAIN	__task_lock_pool(), with the lock, or task_waiter_is_on() does:
 *				foreign_pool
 * BUG_DONE_PLAIN		task_settle() or end_simple() sets the state without a release:
 *				stale_result touched_when_gone
 * BUG_WAITED_PLAIN		wait_result() reads the state without an acquire: stale_result
 * BUG_TIME_NO_WMB		__latency_accept() has no barrier: time_returned
 * BUG_RESULT_NO_RMB		wait_result() has none: time_returned
 * BUG_LET_GO_PLAIN		run_set_up() or begin_simple() takes the last task out of its run
 *				without a release: touched_when_gone
 * BUG_BEGUN_PLAIN		run_set_up() or begin_simple() sets the state without a release:
 *				touched_when_gone flags_lost
 * BUG_OURS_ASKED_LATE		__run_task() calls task_is_ours() when the state is set:
 *				touched_when_gone
 * BUG_CHECKED_PLAIN		queue_check() or __inbox_put() reads the state without an acquire:
 *				flags_lost
 */
#include "weak.inc"

mtype = {
	STATE, POOL, RESULT, FLAGS, TASK, RUN, LOCK,
	first, state, pool, again, result, used, flags
};

#define QUEUED	1
#define DONE	2
#define ELSEWHERE	3	/* queued in the second pool */

bool foreign_pool, stale_result, time_returned, touched_when_gone, flags_lost;

/* __task_lock_pool() looks, and has no lock; so does task_waiter_is_on(), of another task's pool */
#define looks() \
	thread(); \
	acquire(state, STATE, BUG_LOOKED_PLAIN); \
	read(pool, POOL)

/*
 * __inbox_put() and, as it calls task_count() first, queue_put(). Under the lock others change the
 * state without a release: queue_put_later().
 */
inline accepted()
{
	d_step {
		thread();
		lock(LOCK);
		write(POOL, 1);
		release(STATE, QUEUED, BUG_ACCEPTED_PLAIN);
		unlock(LOCK);
		thread();
		lock(LOCK);
		read(again, STATE);
		given(again, QUEUED);
		write(STATE, DONE);
		unlock(LOCK);
		looks()
	}
	play();
	check(foreign_pool, !mem[state] || mem[pool])
}

/* queue_put() of a task that waits behind a run: __self_join() has set a state */
inline joined()
{
	d_step {
		thread();
		write(POOL, 1);
		release(STATE, QUEUED, BUG_JOINED_PLAIN);
		release(STATE, DONE);
		looks()
	}
	play();
	check(foreign_pool, !mem[state] || mem[pool])
}

/*
 * The task ends in one pool, and its owner submits it to another. __task_lock_pool() has the lock
 * of the first, and must not take it for the lock of the second.
 */
inline moved()
{
	d_step {
		at_first(STATE, QUEUED);
		at_first(POOL, 1);
		thread();
		lock(LOCK);
		release(STATE, DONE);
		unlock(LOCK);
		thread();
		acquire(used, STATE);
		given(used, DONE);
		write(POOL, 2);
		release(STATE, ELSEWHERE);
		thread();
		acquire(first, STATE, BUG_LOOKED_PLAIN);
		read(pool, POOL);
		given(pool, 1);
		lock(LOCK);
		acquire(state, STATE, BUG_LOOKED_AGAIN_PLAIN);
		read(again, POOL);
		unlock(LOCK)
	}
	play();
	check(foreign_pool, !(mem[first] == ELSEWHERE && mem[pool] == 1));
	check(foreign_pool, !(mem[state] == ELSEWHERE && mem[again] == 1))
}

/* wait_once() has seen no pool; wait_result() */
#define waits() \
	thread(); \
	acquire(first, STATE); \
	read(result, RESULT); \
	rmb(BUG_RESULT_NO_RMB); \
	acquire(state, STATE, BUG_WAITED_PLAIN); \
	read(again, RESULT)

#define returned \
	(mem[first] != QUEUED && mem[state] == DONE && mem[result] == mem[again])

/* task_settle(), end_simple(); who has waited may free the task, or submit it */
inline ended()
{
	d_step {
		thread();
		release(STATE, QUEUED);
		read(used, TASK);
		write(RESULT, 1);
		release(STATE, DONE, BUG_DONE_PLAIN);
		waits();
		given(state, DONE);
		write(TASK, 1)
	}
	play();
	check(stale_result, !returned || mem[result] == 1);
	check(touched_when_gone, !mem[used])
}

/* A task on the stack of a thread that dies ends, and the next begins in its run; has_to_do() does not find it in a run */
inline let_go()
{
	d_step {
		at_first(RUN, 1);
		thread();
		release(STATE, DONE);
		read(used, TASK);
		release(RUN, 0, BUG_LET_GO_PLAIN);
		thread();
		acquire(first, RUN);
		given(first, 0);
		write(TASK, 1)
	}
	play();
	check(touched_when_gone, !mem[used])
}

/* A task that was done is accepted: __latency_accept(); and ends */
inline timed()
{
	d_step {
		at_first(STATE, DONE);
		at_first(RESULT, 1);
		thread();
		release(STATE, QUEUED);
		wmb(BUG_TIME_NO_WMB);
		write(RESULT, 9);
		write(RESULT, 2);
		release(STATE, DONE);
		waits()
	}
	play();
	check(time_returned, !returned || mem[result] != 9)
}

/*
 * run_set_up(), begin_simple() of a detached task: it is its owner's before it runs. Then
 * queue_check() or __inbox_put() accepts it, and queue_pin_owner() changes its flags.
 */
inline detached()
{
	d_step {
		at_first(STATE, QUEUED);
		at_first(FLAGS, 1);
		thread();
		unless(BUG_OURS_ASKED_LATE, read(used, TASK));
		write(FLAGS, 0);
		release(STATE, 0, BUG_BEGUN_PLAIN);
		only(BUG_OURS_ASKED_LATE, read(used, TASK));
		thread();
		acquire(state, STATE, BUG_CHECKED_PLAIN);
		read(flags, FLAGS);
		given(state, 0);
		write(TASK, 1)
	}
	play();
	check(touched_when_gone, !mem[used]);
	check(flags_lost, mem[state] || !mem[flags])
}

init
{
	if
	:: accepted()
	:: joined()
	:: moved()
	:: ended()
	:: let_go()
	:: timed()
	:: detached()
	fi
}
