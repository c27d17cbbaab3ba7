/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The batch, the staging queue, and what is counted or reported without the lock, on a machine
 * whose memory is weakly ordered, see weak.inc. Checked by `make model`.
 *
 * What is shown, of every order in which such a machine may do the threads' steps:
 *
 * task_unseen		a task that has left the batch is found in its run
 * entry_overwritten	the batch is filled again when its last entry has been read, and not
 *			before; and its entries are read when they are there
 * count_below_zero	no more tasks are collected than were accepted
 * counted_twice	what a worker has ended is not counted twice, not even in an NMI
 * not_counted		nor left out, but in an NMI
 * ended_unsubmitted	no more tasks have ended than were submitted
 * hook_misdated	a hook that is reported began when it is said to have
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_SETTLED_UNLOCKED		batch_settle() does not take batch.lock: task_unseen
 * BUG_BEGUN_AFTER_HOLD		run_begin_batched() comes in another hold than batch_pop():
 *				task_unseen
 * BUG_POPPED_PLAIN		batch_pop() counts without a release: entry_overwritten
 * BUG_FILLED_BLINDLY		__batch_fill() does not know that the batch is empty:
 *				entry_overwritten
 * BUG_FILLED_UNLOCKED		__batch_fill() does not take batch.lock: entry_overwritten
 * BUG_COLLECTED_UNLOCKED	staging_empty() is called without staging.lock: count_below_zero
 * BUG_COUNTED_NO_RMB		staging_count() has no barrier: count_below_zero
 * BUG_UNLINKED_NO_WMB		worker_unlink() has none: counted_twice
 * BUG_SUMMED_NO_RMB		stats_add_up() has none: counted_twice
 * BUG_UNLINKED_NO_SEQ		worker_unlink() does not count that it moves: not_counted
 * BUG_SUMMED_ONCE		stats_add_up() does not look afterwards whether something was
 *				moved: not_counted
 * BUG_STATS_NO_RMB		wpool_stats() has no barrier: ended_unsubmitted
 * BUG_SUBMITTED_LATE		task_count() or staging_put() counts when the task is on the list,
 *				and the lock dropped: ended_unsubmitted
 * BUG_HOOK_PLAIN		hook_begins() writes without a release: hook_misdated
 * BUG_REPORTED_PLAIN		hooks_report() reads without an acquire: hook_misdated
 */
#include "weak.inc"

mtype = {
	LOCK, LEFT, RUN, ENTRY, ACCEPTED, COLLECTED, SEQ, COMPLETED, UNLISTED, SUBMITTED,
	QUEUE, ENDED, SINCE, HOOK,
	left, again, found, entry, later, accepted, collected, seq, completed, unlisted,
	submitted, queue, ended, since, hook
};

bool task_unseen, entry_overwritten, count_below_zero, counted_twice, not_counted;
bool ended_unsubmitted, hook_misdated;

/* run_batch(), run_from_batch(); batch_settle(), then a look at the runs without the lock */
inline settled()
{
	d_step {
		at_first(LEFT, 1);
		thread();
		lock(LOCK);
		read(left, LEFT);
		given(left, 1);
		write(LEFT, 0);
		unless(BUG_BEGUN_AFTER_HOLD, write(RUN, 1));
		unlock(LOCK);
		only(BUG_BEGUN_AFTER_HOLD, write(RUN, 1));
		thread();
		lock(LOCK, BUG_SETTLED_UNLOCKED);
		read(again, LEFT);
		unlock(LOCK, BUG_SETTLED_UNLOCKED);
		read(found, RUN)
	}
	play();
	check(task_unseen, mem[again] || mem[found])
}

/*
 * batch_pop() reads the last entry, and only then counts. __batch_fill() sees that none is left,
 * and has pool->lock alone when move_some() writes the entries. Another worker pops one of those.
 */
inline filled()
{
	d_step {
		at_first(LEFT, 1);
		at_first(ENTRY, 1);
		thread();
		lock(LOCK);
		read(left, LEFT);
		given(left, 1);
		read(entry, ENTRY);
		release(LEFT, 0, BUG_POPPED_PLAIN);
		unlock(LOCK);
		thread();
		read(again, LEFT);
		unless(BUG_FILLED_BLINDLY, given(again, 0));
		write(ENTRY, 2);
		lock(LOCK, BUG_FILLED_UNLOCKED);
		write(LEFT, 2);
		unlock(LOCK, BUG_FILLED_UNLOCKED);
		thread();
		lock(LOCK);
		read(found, LEFT);
		read(later, ENTRY);
		unlock(LOCK)
	}
	play();
	check(entry_overwritten, mem[left] != 1 || mem[entry] == 1);
	check(entry_overwritten, mem[found] != 2 || mem[later] == 2)
}

/* staging_put(), and the same thread in staging_empty(), so nothing else orders it */
inline staged()
{
	d_step {
		thread();
		lock(LOCK);
		write(ACCEPTED, 1);
		unlock(LOCK);
		lock(LOCK, BUG_COLLECTED_UNLOCKED);
		write(COLLECTED, 1);
		unlock(LOCK, BUG_COLLECTED_UNLOCKED);
		thread();
		read(collected, COLLECTED);
		rmb(BUG_COUNTED_NO_RMB);
		read(accepted, ACCEPTED)
	}
	play();
	check(count_below_zero, mem[accepted] >= mem[collected])
}

#define sum	(mem[completed] + !mem[unlisted])

/* worker_unlink() of one that has ended a task; stats_add_up(), and in an NMI without a retry */
inline unlinked()
{
	d_step {
		thread();
		unless(BUG_UNLINKED_NO_SEQ, write(SEQ, 1));
		wmb();
		write(UNLISTED, 1);
		wmb(BUG_UNLINKED_NO_WMB);
		write(COMPLETED, 1);
		wmb();
		unless(BUG_UNLINKED_NO_SEQ, write(SEQ, 2));
		thread();
		read(seq, SEQ);
		only(BUG_SUMMED_ONCE, read(again, SEQ));
		rmb();
		read(completed, COMPLETED);
		rmb(BUG_SUMMED_NO_RMB);
		read(unlisted, UNLISTED);
		rmb();
		unless(BUG_SUMMED_ONCE, read(again, SEQ))
	}
	play();
	check(counted_twice, sum <= 1);
	check(not_counted, mem[seq] == 1 || mem[seq] != mem[again] || sum == 1)
}

/* task_count() and queue_put(), or staging_put(); a worker; wpool_stats() */
inline submitted_first()
{
	d_step {
		thread();
		lock(LOCK);
		unless(BUG_SUBMITTED_LATE, write(SUBMITTED, 1));
		write(QUEUE, 1);
		unlock(LOCK);
		only(BUG_SUBMITTED_LATE, write(SUBMITTED, 1));
		thread();
		lock(LOCK);
		read(queue, QUEUE);
		unlock(LOCK);
		given(queue, 1);
		write(ENDED, 1);
		thread();
		read(ended, ENDED);
		rmb(BUG_STATS_NO_RMB);
		read(submitted, SUBMITTED)
	}
	play();
	check(ended_unsubmitted, mem[submitted] >= mem[ended])
}

/* hook_ends() and hook_begins() of the next one; hooks_report() */
inline reported()
{
	d_step {
		at_first(SINCE, 1);
		at_first(HOOK, 1);
		thread();
		write(HOOK, 0);
		write(SINCE, 2);
		release(HOOK, 2, BUG_HOOK_PLAIN);
		thread();
		acquire(hook, HOOK, BUG_REPORTED_PLAIN);
		read(since, SINCE)
	}
	play();
	check(hook_misdated, mem[hook] != 2 || mem[since] == 2)
}

init
{
	if
	:: settled()
	:: filled()
	:: staged()
	:: unlinked()
	:: submitted_first()
	:: reported()
	fi
}
