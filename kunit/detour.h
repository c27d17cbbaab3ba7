/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Leads a thread astray: when it next calls a function of the kernel's, it finds itself
 * in one of the test's, once. For what happens to threads that no code of theirs does:
 * an oops in the scheduler, in a tracer, in memory that another has spoilt.
 *
 * By a debug register of each CPU. A kprobe changes the code, which all CPUs may be executing
 * meanwhile: some emulators then go on with what it was before.
 *
 * 64-bit x86 alone: see wpt_may_detour().
 */
#ifndef _WPOOL_DETOUR_H
#define _WPOOL_DETOUR_H

#include <linux/sched.h>

struct pt_regs;

/* Without kprobes the kernel lets none of its own code be broken at. */
#if defined(CONFIG_HAVE_HW_BREAKPOINT) && defined(CONFIG_KPROBES) && defined(CONFIG_X86_64)
#define WPT_MAY_DETOUR
#endif

#ifdef WPT_MAY_DETOUR
static inline bool wpt_may_detour(void)
{
	return true;
}
#else
static inline bool wpt_may_detour(void)
{
	return false;
}
#endif

/*
 * @from: the function that @thread is to call
 * @to: where it is then; must not return
 *
 * One thread at a time, until wpt_detour_end(): to be called before the test may end.
 * Return: 0, or why there is no way.
 */
int wpt_detour(struct task_struct *thread, void *from, void (*to)(void));
/* Return: true if the thread went that way. */
bool wpt_detour_end(void);

/*
 * Calls @hit when any thread is about to execute the first instruction of @at, in a context like
 * that of an NMI. One at a time, detours included, until wpt_break_end(). Return: as wpt_detour().
 */
int wpt_break(void *at, void (*hit)(struct pt_regs *regs));
void wpt_break_end(void);

#endif /* _WPOOL_DETOUR_H */
