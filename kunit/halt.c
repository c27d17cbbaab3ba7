// SPDX-License-Identifier: GPL-2.0
/*
 * A CPU that does nothing else for a while; halt.h says what for.
 */
#include <linux/cpumask.h>
#include <linux/smp.h>
#include "halt.h"

/* Far below what RCU calls a stall. */
#define HALT_LIMIT	(5 * HZ)

static void halt_here(void *arg)
{
	struct wpt_halt *halt = arg;
	/* A thread that the test waits for may have been put on this CPU. */
	unsigned long end = jiffies + HALT_LIMIT;

	WRITE_ONCE(halt->halted, true);
	while (!READ_ONCE(halt->go) && time_before(READ_ONCE(jiffies), end))
		cpu_relax();
	WRITE_ONCE(halt->early, !READ_ONCE(halt->go));
}

struct wpt_halt *wpt_halt_other(struct kunit *test)
{
	struct wpt_halt *halt = wpt_alloc(test, sizeof(*halt));

	smp_call_function_single(cpumask_last(cpu_online_mask), halt_here, halt, false);
	wpt_spin_until(READ_ONCE(halt->halted));
	return halt;
}

void wpt_go_on(struct wpt_halt *halt)
{
	WRITE_ONCE(halt->go, true);
}
