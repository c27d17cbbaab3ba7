// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that are led astray; detour.h says what for.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include "detour.h"

#ifdef WPT_MAY_DETOUR

static struct perf_event * __percpu *breakpoint;
static void (*on_hit)(struct pt_regs *regs);

static struct {
	struct task_struct	*thread;
	void			(*to)(void);
	atomic_t		taken;
} detour;

static void at_break(struct perf_event *event, struct perf_sample_data *data,
		     struct pt_regs *regs)
{
	on_hit(regs);
}

/* At the function's first instruction: there, the stack is as @to expects it, too. */
static void at_junction(struct perf_event *event, struct perf_sample_data *data,
			struct pt_regs *regs)
{
	if (current == detour.thread && !atomic_cmpxchg(&detour.taken, 0, 1))
		instruction_pointer_set(regs, (unsigned long)detour.to);
}

static int break_at(void *at, perf_overflow_handler_t handler)
{
	struct perf_event_attr attr;

	hw_breakpoint_init(&attr);
	attr.bp_addr = (unsigned long)at;
	attr.bp_len = sizeof(long);
	attr.bp_type = HW_BREAKPOINT_X;
	breakpoint = register_wide_hw_breakpoint(&attr, handler, NULL);
	return PTR_ERR_OR_ZERO((void __force *)breakpoint);
}

int wpt_break(void *at, void (*hit)(struct pt_regs *regs))
{
	on_hit = hit;
	return break_at(at, at_break);
}

void wpt_break_end(void)
{
	unregister_wide_hw_breakpoint(breakpoint);
}

int wpt_detour(struct task_struct *thread, void *from, void (*to)(void))
{
	detour.thread = thread;
	detour.to = to;
	atomic_set(&detour.taken, 0);
	return break_at(from, at_junction);
}

bool wpt_detour_end(void)
{
	wpt_break_end();
	return atomic_read(&detour.taken);
}

#else

int wpt_break(void *at, void (*hit)(struct pt_regs *regs))
{
	return -EOPNOTSUPP;
}

void wpt_break_end(void)
{
}

int wpt_detour(struct task_struct *thread, void *from, void (*to)(void))
{
	return -EOPNOTSUPP;
}

bool wpt_detour_end(void)
{
	return false;
}

#endif
