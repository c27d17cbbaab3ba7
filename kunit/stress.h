/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wpool_stress: what takes a machine down, or should, on kernels without KUnit.
 *
 * wpool_stress.c	parameters, cases, verdicts, threads
 * stress_scene.c	how tasks die, and what is owed after
 * stress_deaths.c	run=deaths: tasks that kill their worker
 * stress_load.c	run=load: many tasks, many workers, a long queue
 * stress_pools.c	run=pools, run=hold: pools that come and go, modules that may not
 * stress_memory.c	run=memory: tasks that eat all there is
 * stress_irq.c		run=irq: calls from hard interrupts that hit an allocation
 * stress_leave.c	run=leave: fails to load, with tasks and a pool left
 */
#ifndef _WPOOL_STRESS_H
#define _WPOOL_STRESS_H

#undef pr_fmt
#define pr_fmt(fmt) "wpool_stress: " fmt

#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/wpool.h>

#include "ways.h"

/*
 * What must happen takes no longer, on the slowest machine: beyond that it hangs.
 * If it does, that is printed, and the wait goes on: the machine's time limit ends it.
 */
#define STRESS_LIMIT	(60 * HZ)

struct stress_case {
	const char	*name;
	void		(*run)(const void *arg);
	const void	*arg;
};

extern const struct stress_case stress_deaths[];
extern const struct stress_case stress_load[];
extern const struct stress_case stress_pools[];
extern const struct stress_case stress_memory[];
extern const struct stress_case stress_irq[];

/* run=hold stays after init */
int stress_leave(void);
int stress_forget(void);
int stress_hold(void);
void stress_hold_end(void);

/* The sizes; parameters in wpool_stress.c. */
extern unsigned int stress_tasks;
extern unsigned int stress_producers;
extern unsigned int stress_workers;
extern unsigned int stress_queue;
extern unsigned int stress_queued;
extern unsigned int stress_npools;
extern unsigned int stress_row;
extern unsigned int stress_hard_row;

/* How many tasks have run: printed every few seconds, to distinguish a hang from slowness. */
DECLARE_PER_CPU(unsigned long, stress_runs);

static inline void stress_ran(void)
{
	this_cpu_inc(stress_runs);
}

/* What is tried just now, for the reason, or NULL. */
extern const char *stress_trying;

/* Fails the case; the first reason is printed. From any thread. */
__printf(1, 2) void stress_fail(const char *fmt, ...);

#define stress_check(condition, fmt, ...)				\
({									\
	bool __holds = !!(condition);					\
									\
	if (!__holds)							\
		stress_fail(fmt, ##__VA_ARGS__);			\
	__holds;							\
})

/* Both numbers are printed. */
#define stress_equal(what, got, wanted)					\
({									\
	s64 __got = (got), __wanted = (wanted);				\
									\
	stress_check(__got == __wanted, "%s: %lld, wanted %lld",	\
		     what, __got, __wanted);				\
})

/* Wait for what nobody signals; false if it did not come true within the limit. */
#define stress_until(condition)						\
({									\
	unsigned long __end = jiffies + STRESS_LIMIT;			\
	bool __true;							\
									\
	while (!(__true = (condition)) && time_before(jiffies, __end))	\
		schedule_timeout_idle(1);				\
	stress_check(__true, "never came true: %s", #condition);	\
})

u64 stress_stat(struct wpool *pool, enum wpool_stat which);

/* A call in a thread of its own, because it may not return at once. */
struct stress_call {
	int			(*fn)(struct stress_call *call);
	struct wpool		*pool;
	struct wpool_task	*task;
	void			*arg;
	unsigned int		nr;
	struct task_struct	*thread;
	struct completion	done;
	int			ret;
};

bool stress_call(struct stress_call *call);
void stress_call_sleeps(struct stress_call *call);
int stress_call_end(struct stress_call *call, unsigned long limit);

#endif /* _WPOOL_STRESS_H */
