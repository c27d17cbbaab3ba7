/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is reported without the lock, on a machine whose memory is weakly ordered, see weak.inc.
 * Checked by `make model`.
 *
 * What is shown, of every order in which such a machine may do the threads' steps:
 *
 * hook_misdated	a hook that is reported began when it is said to have
 *
 * Errors that one could make, and the properties that show them:
 *
 * BUG_HOOK_PLAIN		hook_begins() writes without a release: hook_misdated
 * BUG_REPORTED_PLAIN		hooks_report() reads without an acquire: hook_misdated
 */
#include "weak.inc"

mtype = { SINCE, HOOK, since, hook };

bool hook_misdated;

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

init { reported() }
