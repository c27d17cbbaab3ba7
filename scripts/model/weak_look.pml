/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Looks without a lock, or under another one, on a machine whose memory is weakly ordered, see
 * weak.inc: each of two threads writes, and then looks at what the other has written. Checked by
 * `make model`.
 *
 * What is shown, of every order in which such a machine may do the threads' steps:
 *
 * module_gone		no thread is inside a module when it goes
 * cpus_missed		a worker that has noted that a CPU came has seen the CPU
 * old_claim		a worker does not keep the claim of before
 * task_unseen		a task that comes to a group is taken back, or its waiter looks again
 * task_stays		a task of a group that has failed is cancelled
 * task_unasked		a task of a group that is to stop is asked to
 * half_told		what a task reads that is asked to has been written before
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_LEFT_BEFORE_HOLD		run_leave() comes before the hold of run_finish(): module_gone
 * BUG_OWNER_UNLOCKED		owner_is_inside() does not take the lock: module_gone
 * BUG_CPU_CAME_PLAIN		cpu_came() counts without a release: cpus_missed
 * BUG_CPU_NOTED_PLAIN		worker_keep_cpus() reads without an acquire: cpus_missed
 * BUG_CLAIM_NOT_LOOKED_AT	take() does not look again: old_claim
 * BUG_CLAIM_LOOKED_UNLOCKED	take() looks again without the lock: old_claim
 * BUG_CLAIM_GIVEN_FIRST	give() comes before the change: old_claim
 * BUG_CLAIM_CHANGED_UNLOCKED	claim_set_nice(), replace_cpus() do not take the lock: old_claim
 * BUG_CAME_NOTED_LATE		group_note_came() comes after the walk: task_unseen
 * BUG_JOINED_UNASKED		group_join() does not look again: task_unseen
 * BUG_CAME_COUNTED_EARLY	group_task_accepted() comes before the pool's lock: task_unseen
 * BUG_FAILED_ASKED_EARLY	put_in_group() looks before it has the lock: task_stays
 * BUG_WALKED_FIRST		the tasks are taken back, then it is seen that the group has
 *				failed: task_stays
 * BUG_STOPPING_NO_HOLD		stop_group_in() does not take the lock first: task_unasked
 * BUG_STOPPING_ASKED_EARLY	run_set_up() looks before it has the lock: task_unasked
 * BUG_STOPPING_PLAIN		group_stop_begun() writes without a release: half_told
 * BUG_STOPS_PLAIN		group_stops() reads without an acquire: half_told
 */
#include "weak.inc"

mtype = {
	LOCK, GROUP_LOCK, NESTING, RELEASES, MODULE, ONLINE, CAME, LIST, TURN, MASK, QUEUE,
	WAITERS, ERROR, STOPPING, WORK,
	nesting, releases, module, called, online, came, list, turn, again, queue, waiters,
	error, asked, stopping, work
};

bool module_gone, cpus_missed, old_claim, task_unseen, task_stays, task_unasked;
bool half_told;

/*
 * run_leave() and run_finish(), with module_put() or a release that is called after the hold, and
 * ended_count(); owner_runs(), then owner_is_inside()
 */
inline owner_goes()
{
	d_step {
		at_first(NESTING, 1);
		thread();
		only(BUG_LEFT_BEFORE_HOLD, write(NESTING, 0));
		lock(LOCK);
		unless(BUG_LEFT_BEFORE_HOLD, write(NESTING, 0));
		read(module, MODULE);
		write(RELEASES, 1);
		unlock(LOCK);
		read(called, MODULE);
		lock(LOCK);
		write(RELEASES, 0);
		unlock(LOCK);
		thread();
		read(nesting, NESTING);
		given(nesting, 0);
		lock(LOCK, BUG_OWNER_UNLOCKED);
		read(releases, RELEASES);
		unlock(LOCK, BUG_OWNER_UNLOCKED);
		given(releases, 0);
		write(MODULE, 1)
	}
	play();
	check(module_gone, !mem[module] && !mem[called])
}

/* cpu_came(); worker_keep_cpus(), then set_cpus_allowed_ptr() */
inline cpu_comes()
{
	d_step {
		thread();
		write(ONLINE, 1);
		release(CAME, 1, BUG_CPU_CAME_PLAIN);
		thread();
		acquire(came, CAME, BUG_CPU_NOTED_PLAIN);
		read(online, ONLINE)
	}
	play();
	check(cpus_missed, !mem[came] || mem[online])
}

/* worker_link(), take() of a worker that begins; claim_set_nice() or replace_cpus(), give() */
#define gives() \
	read(list, LIST); \
	given(list, 1); \
	write(MASK, 2)

inline claimed()
{
	d_step {
		thread();
		lock(LOCK);
		write(LIST, 1);
		unlock(LOCK);
		lock(LOCK);
		read(turn, TURN);
		unlock(LOCK);
		write(MASK, 1);
		lock(LOCK, BUG_CLAIM_LOOKED_UNLOCKED);
		unless(BUG_CLAIM_NOT_LOOKED_AT, read(again, TURN));
		unlock(LOCK, BUG_CLAIM_LOOKED_UNLOCKED);
		thread();
		only(BUG_CLAIM_GIVEN_FIRST, gives());
		lock(LOCK, BUG_CLAIM_CHANGED_UNLOCKED);
		write(TURN, 1);
		unlock(LOCK, BUG_CLAIM_CHANGED_UNLOCKED);
		unless(BUG_CLAIM_GIVEN_FIRST, gives())
	}
	play();
	check(old_claim, mem[turn] || mem[again] || mem[MASK] == 2)
}

/*
 * queue_take() with group_task_accepted(), queue_put(), group_task_waits(); group_clear(), and
 * __wpool_group_wait() of a thread inside a task of the group: it notes how many have come, takes back, or
 * looks at, what it finds, and joins those that wait
 */
#define counts_one() \
	lock(GROUP_LOCK); \
	write(CAME, 1); \
	unlock(GROUP_LOCK)

inline task_comes()
{
	d_step {
		thread();
		only(BUG_CAME_COUNTED_EARLY, counts_one());
		lock(LOCK);
		unless(BUG_CAME_COUNTED_EARLY, counts_one());
		write(QUEUE, 1);
		lock(GROUP_LOCK);
		read(waiters, WAITERS);
		unlock(GROUP_LOCK);
		unlock(LOCK);
		thread();
		unless(BUG_CAME_NOTED_LATE, read(came, CAME));
		lock(LOCK);
		read(queue, QUEUE);
		unlock(LOCK);
		only(BUG_CAME_NOTED_LATE, read(came, CAME));
		lock(GROUP_LOCK);
		unless(BUG_JOINED_UNASKED, read(again, CAME));
		write(WAITERS, 1);
		unlock(GROUP_LOCK)
	}
	play();
	check(task_unseen, mem[queue] || mem[waiters] || mem[came] != mem[again])
}

/* group_task_done(); group_look() of a waiter that it wakes, then the walk; put_in_group() */
#define walks() \
	lock(LOCK); \
	read(list, LIST); \
	unlock(LOCK)

inline group_fails()
{
	d_step {
		thread();
		lock(GROUP_LOCK);
		write(ERROR, 1);
		unlock(GROUP_LOCK);
		thread();
		only(BUG_WALKED_FIRST, walks());
		read(error, ERROR);
		given(error, 1);
		unless(BUG_WALKED_FIRST, walks());
		thread();
		only(BUG_FAILED_ASKED_EARLY, read(asked, ERROR));
		lock(LOCK);
		unless(BUG_FAILED_ASKED_EARLY, read(asked, ERROR));
		write(LIST, 1);
		unlock(LOCK)
	}
	play();
	check(task_stays, !mem[error] || mem[asked] || mem[list])
}

/*
 * group_stop_begun(), then stop_group_in() in each pool; run_set_up() with group_stops(), then the
 * task goes by a condition
 */
#define asks_group()	acquire(stopping, STOPPING, BUG_STOPS_PLAIN)

inline group_stopped()
{
	d_step {
		thread();
		write(WORK, 1);
		lock(GROUP_LOCK);
		release(STOPPING, 1, BUG_STOPPING_PLAIN);
		unlock(GROUP_LOCK);
		lock(LOCK, BUG_STOPPING_NO_HOLD);
		unlock(LOCK, BUG_STOPPING_NO_HOLD);
		read(list, LIST);
		thread();
		only(BUG_STOPPING_ASKED_EARLY, asks_group());
		lock(LOCK);
		unless(BUG_STOPPING_ASKED_EARLY, asks_group());
		write(LIST, 1);
		unlock(LOCK);
		read(work, WORK)
	}
	play();
	check(task_unasked, mem[stopping] || mem[list]);
	check(half_told, !mem[stopping] || mem[work])
}

init
{
	if
	:: owner_goes()
	:: cpu_comes()
	:: claimed()
	:: task_comes()
	:: group_fails()
	:: group_stopped()
	fi
}
