/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Halts what runs on the last of the CPUs, by an interrupt: so between two holds of a pool's
 * lock, under which there are none. For calls that do much in many holds.
 */
#ifndef _WPOOL_HALT_H
#define _WPOOL_HALT_H

#include <kunit/test.h>
#include <linux/jiffies.h>
#include <linux/processor.h>
#include "wpool_kunit.h"

struct wpt_halt {
	bool			halted, go;
	bool			early;		/* went on before it was told to */
	bool			left;		/* touches this no more */
	struct task_struct	*kept;		/* there; or NULL */
};

/* With two CPUs at least; the caller is on the first. What it touches is the test's. */
struct wpt_halt *wpt_halt_other(struct kunit *test);
/* The same, and this thread can run nowhere else: it does nothing meanwhile. */
struct wpt_halt *wpt_halt_thread(struct kunit *test, struct task_struct *thread);
struct wpt_halt *wpt_halt_manager(struct kunit *test);
void wpt_go_on(struct wpt_halt *halt);

/*
 * Where there are no interrupts, on that CPU: returns when it is about to be halted as soon
 * as there are, so that it is between this hold of a pool's lock and the next; or false.
 */
bool wpt_await_halt(void);

/*
 * As wpt_until(), while a CPU is halted. It does not sleep: that CPU's timer may be the one
 * which is to wake it.
 */
#define wpt_busy_until(condition)					\
({									\
	unsigned long __end = jiffies + WPT_LIMIT;			\
	bool __true;							\
									\
	while (!(__true = (condition)) &&				\
	       time_before(READ_ONCE(jiffies), __end))			\
		cond_resched();						\
	__true;								\
})

/* As wpt_until(), for what is over before a tick is. */
#define wpt_spin_until(condition)					\
do {									\
	unsigned long __end = jiffies + WPT_LIMIT;			\
									\
	while (!(condition) && time_before(READ_ONCE(jiffies), __end))	\
		cpu_relax();						\
} while (0)

#endif /* _WPOOL_HALT_H */
