// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that are led astray; detour.h says what for.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/kprobes.h>
#include "detour.h"

#if defined(CONFIG_KPROBES) && defined(CONFIG_X86_64)

static struct {
	struct kprobe		probe;
	struct task_struct	*thread;
	void			(*to)(void);
	atomic_t		taken;
} detour;

/* At the function's first instruction: there, the stack is as @to expects it, too. */
static int at_junction(struct kprobe *probe, struct pt_regs *regs)
{
	if (current != detour.thread || atomic_cmpxchg(&detour.taken, 0, 1))
		return 0;
	instruction_pointer_set(regs, (unsigned long)detour.to);
	return 1;
}

/* That there is one keeps the kernel from a jump in place of the trap, which cannot do that. */
static void past_junction(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

int wpt_detour(struct task_struct *thread, const char *from, void (*to)(void))
{
	detour.thread = thread;
	detour.to = to;
	atomic_set(&detour.taken, 0);
	detour.probe = (struct kprobe) {
		.symbol_name	= from,
		.pre_handler	= at_junction,
		.post_handler	= past_junction,
	};
	return register_kprobe(&detour.probe);
}

bool wpt_detour_end(void)
{
	unregister_kprobe(&detour.probe);
	return atomic_read(&detour.taken);
}

#else

int wpt_detour(struct task_struct *thread, const char *from, void (*to)(void))
{
	return -EOPNOTSUPP;
}

bool wpt_detour_end(void)
{
	return false;
}

#endif
