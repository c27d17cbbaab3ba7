/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A task that two threads submit at once, each by way of an inbox of its own: inbox_put().
 * Checked by `make model`.
 *
 * What is shown, of every order in which the threads' steps may come:
 *
 * accepted_twice	the task is in one place at most: in an inbox, on the queue or with
 *			its worker
 * task_lost		it runs as often as somebody was told that it was accepted
 * counted_wrong	its end is counted under the color under which it was accepted
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_NO_EXCHANGE	inbox_put() stores the state, and does not ask whether another thread
 *			has: accepted_twice
 * BUG_LOSER_TOLD	inbox_put() says to who has come too late as well that the task was
 *			accepted: task_lost
 * BUG_LOCK_OPEN	pool_lock() does not shut the inboxes for who submits that way:
 *			accepted_twice
 * BUG_COLOR_EARLY	inbox_put() writes the color before it has inbox->lock, when it may be
 *			another than that of who accepts the task: counted_wrong
 *
 * What stands for what: each step that reads or writes the state is one, and so is each
 * hold of a lock that only looks. Both inboxes are opened together, by a submitter that
 * has pool->lock, if it likes. The color is another whenever the flusher has come by.
 *
 * Left out: the limit, all other tasks (inbox.pml), the task's second run while it is
 * inside its function, other pools, to which it may not be submitted at the same time.
 */
#include "check.inc"

#define TIMES		2

mtype = { FREE, QUEUED, IN_FN };

/* struct wpool_task */
mtype state = FREE;
bool color;

/* struct wpool, and its inboxes; on the queue is the task or not */
bool locked, pool_color, in_color, open[2], held[2];
byte inbox[2], queue, running;
short undone[2];

byte told, runs;
bool accepted_twice, task_lost, counted_wrong;

inline put_on(list)
{
	list++;
	check(accepted_twice, inbox[0] + inbox[1] + queue + running == 1)
}

inline take_lock() { atomic { !locked -> locked = true } }

/* Needs both locks. */
inline collect(which)
{
	queue = queue + inbox[which];
	undone[in_color] = undone[in_color] + inbox[which];
	inbox[which] = 0
}

/* Who holds an inbox is waited for. */
inline inbox_shut()
{
	atomic { !held[0] -> open[0] = false; collect(0) };
	atomic { !held[1] -> open[1] = false; collect(1) }
}

proctype submitter(bool own)
{
	byte todo = TIMES;
	mtype seen;
	bool accepted;

	do
	:: todo && open[own] ->
#ifdef BUG_COLOR_EARLY
		color = in_color;
#endif
		atomic { !held[own] -> held[own] = true; seen = state };
		if
		:: open[own] && seen == FREE ->
#ifndef BUG_COLOR_EARLY
			color = in_color;
#endif
			atomic {
#ifdef BUG_NO_EXCHANGE
				accepted = true;
#else
				accepted = (state == seen);
#endif
#ifdef BUG_LOSER_TOLD
				told = told + !accepted;
#endif
				state = (accepted -> QUEUED : state)
			}
		:: else
		fi;
		atomic {
			if
			:: accepted -> put_on(inbox[own]); todo--; told++
			:: else
			fi;
			held[own] = false
		}
		if
		:: accepted -> accepted = false
		:: else -> goto pool
		fi
	:: todo ->
pool:		take_lock();
#ifndef BUG_LOCK_OPEN
		inbox_shut();
#endif
		seen = state;
		atomic {
			if
			:: seen == FREE ->
				state = QUEUED;
				color = pool_color;
				undone[color]++;
				put_on(queue);
				told++
			:: else		/* -EBUSY */
			fi;
			if
			:: !open[own] -> open[0] = true; open[1] = true; in_color = pool_color
			:: true
			fi;
			todo--;
			locked = false
		}
	:: !todo -> break
	od
}

proctype flusher()
{
	take_lock();
	inbox_shut();
	atomic { pool_color = !pool_color; locked = false }
}

/* Comes back from a task; finds an inbox empty without its lock. */
inline look_into(which)
{
	if
	:: inbox[which] -> atomic { !held[which] -> collect(which) }
	:: else
	fi
}

proctype worker()
{
	bool mine;

end:	do
	:: atomic { !locked && (inbox[0] || inbox[1] || queue) -> locked = true };
		look_into(0);
		look_into(1);
		atomic {
			if
			:: queue -> queue--; running++; mine = color; state = IN_FN
			:: else
			fi;
			locked = false
		}
		if
		:: running ->
			take_lock();
			atomic {
				runs++;
				running--;
				undone[mine]--;
				check(counted_wrong, undone[mine] >= 0);
				mine = false;
				state = FREE;
				locked = false
			}
		:: else
		fi
	od
}

init
{
	atomic {
		run submitter(0);
		run submitter(1);
		run flusher();
		run worker()
	}
	timeout ->
	atomic {
		check(task_lost, runs == told && !inbox[0] && !inbox[1] && !queue);
		check(counted_wrong, !undone[0] && !undone[1])
	}
}
