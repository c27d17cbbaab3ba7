// SPDX-License-Identifier: GPL-2.0
/*
 * A CPU that does nothing else for a while; halt.h says what for.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "halt.h"

/* Below the 10 seconds that the kernel calls a hard lockup, and the 21 that RCU calls a stall. */
#define HALT_LIMIT	(8 * HZ)

/* The interrupt has been sent. */
static bool asked;

static void halt_here(void *arg)
{
	struct wpt_halt *halt = arg;
	/* A thread that the test waits for may have been put on this CPU. */
	unsigned long end = jiffies + HALT_LIMIT;

	WRITE_ONCE(halt->halted, true);
	while (!READ_ONCE(halt->go) && time_before(READ_ONCE(jiffies), end))
		cpu_relax();
	WRITE_ONCE(halt->early, !READ_ONCE(halt->go));
	smp_store_release(&halt->left, true);	/* it may be freed from here on */
}

struct wpt_halt *wpt_halt_other(struct kunit *test)
{
	struct wpt_halt *halt = wpt_alloc(test, sizeof(*halt));

	smp_call_function_single(cpumask_last(cpu_online_mask), halt_here, halt, false);
	WRITE_ONCE(asked, true);
	wpt_spin_until(READ_ONCE(halt->halted));
	return halt;
}

struct wpt_halt *wpt_halt_thread(struct kunit *test, struct task_struct *thread)
{
	struct wpt_halt *halt;

	KUNIT_ASSERT_NOT_NULL(test, thread);
	set_cpus_allowed_ptr(thread, cpumask_of(cpumask_last(cpu_online_mask)));
	halt = wpt_halt_other(test);
	halt->kept = thread;
	return halt;
}

struct wpt_halt *wpt_halt_manager(struct kunit *test)
{
	return wpt_halt_thread(test, wpt_manager());
}

void wpt_go_on(struct wpt_halt *halt)
{
	WRITE_ONCE(asked, false);
	WRITE_ONCE(halt->go, true);
	while (!smp_load_acquire(&halt->left))	/* or it is read and written after the test */
		cpu_relax();
	if (!halt->kept)
		return;
	set_cpus_allowed_ptr(halt->kept, cpu_possible_mask);
	halt->kept = NULL;
}

bool wpt_await_halt(void)
{
	u64 end = ktime_get_mono_fast_ns() + (u64)HALT_LIMIT * TICK_NSEC;

	while (!READ_ONCE(asked) && ktime_get_mono_fast_ns() < end)
		cpu_relax();
	return READ_ONCE(asked);
}
