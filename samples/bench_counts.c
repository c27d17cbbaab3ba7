// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: how often things happen while a work is done, instead of how long it takes.
 *
 * A busy machine changes times, and hardly these. They are counted by tracepoints, which take
 * time themselves: so a run has either counts or times. All that happens in the machine between
 * bench_begin() and the end of the sample counts, also what others do. What a kernel has no
 * tracepoint for is not counted: IPIs but on x86; locks but with lockdep; and which of them come
 * from another CPU, with their lines, but with CONFIG_LOCK_STAT. Emulated CPUs run in turn, for
 * long: on real ones more locks move. With lockdep the longest hold of a pool's lock is there as
 * well, since the pool was made, in the steps of core/lock_hold.h: a task, a waiter, an entry.
 */
#include <linux/interrupt.h>
#include <linux/lockdep.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>

#include "bench.h"

bool bench_counts;
module_param_named(counts, bench_counts, bool, 0444);
MODULE_PARM_DESC(counts, "Record how often things happen, instead of times (default N)");

enum event { WAKE_UPS, SWITCHES, IPIS, CONTENTIONS, LOCKS, MOVES, NR_EVENTS };

static const char * const event_names[] = {
	[WAKE_UPS] = "wake-ups",
	[SWITCHES] = "all switches",
	[IPIS] = "IPIs",
	[CONTENTIONS] = "waits for locks",
	[LOCKS] = "locks",
	[MOVES] = "locks that move",
};

static DEFINE_PER_CPU(unsigned long [NR_EVENTS], event_counts);
static unsigned long counted_before[NR_EVENTS];
static bool counted[NR_EVENTS];	/* the kernel has a tracepoint for it */
static bool counting;		/* since bench_begin() */

static void wake_up_probe(void *unused, struct task_struct *thread)
{
	this_cpu_inc(event_counts[WAKE_UPS]);
}

static void switch_probe(void *unused, bool preempt, struct task_struct *prev,
			 struct task_struct *next, unsigned int prev_state)
{
	this_cpu_inc(event_counts[SWITCHES]);
}

static void ipi_probe(void *unused, int vector)
{
	this_cpu_inc(event_counts[IPIS]);
}

static void contention_probe(void *unused, void *lock, unsigned int flags)
{
	this_cpu_inc(event_counts[CONTENTIONS]);
}

#ifdef CONFIG_LOCKDEP
/* A spinlock, raw or not, a mutex and so on: not RCU, nor what only lockdep knows. */
static bool is_lock(const struct lockdep_map *lock, int read)
{
	return lock->wait_type_inner >= LD_WAIT_SPIN && !read;
}

static void lock_probe(void *unused, struct lockdep_map *lock, unsigned int subclass,
		       int trylock, int read, int check, struct lockdep_map *next,
		       unsigned long ip)
{
	if (is_lock(lock, read))
		this_cpu_inc(event_counts[LOCKS]);
}
#endif

#ifdef CONFIG_LOCK_STAT
/* The last one to take it was another CPU. */
static void move_probe(void *unused, struct lockdep_map *lock, unsigned int subclass,
		       int trylock, int read, int check, struct lockdep_map *next,
		       unsigned long ip)
{
	if (is_lock(lock, read) && lock->cpu != raw_smp_processor_id())
		this_cpu_inc(event_counts[MOVES]);
}
#endif

static struct probe {
	const char		*name;
	enum event		event;
	void			*fn;
	struct tracepoint	*tracepoint;	/* it is attached to this */
} probes[] = {
	{ "sched_waking", WAKE_UPS, wake_up_probe },
	{ "sched_switch", SWITCHES, switch_probe },
	{ "reschedule_entry", IPIS, ipi_probe },
	{ "call_function_entry", IPIS, ipi_probe },
	{ "call_function_single_entry", IPIS, ipi_probe },
	{ "contention_begin", CONTENTIONS, contention_probe },
#ifdef CONFIG_LOCKDEP
	{ "lock_acquire", LOCKS, lock_probe },
#endif
#ifdef CONFIG_LOCK_STAT
	{ "lock_acquire", MOVES, move_probe },
#endif
};

static void attach(struct tracepoint *tracepoint, void *unused)
{
	struct probe *probe;

	for (probe = probes; probe < probes + ARRAY_SIZE(probes); probe++) {
		if (strcmp(probe->name, tracepoint->name))
			continue;
		if (tracepoint_probe_register(tracepoint, probe->fn, NULL))
			continue;
		probe->tracepoint = tracepoint;
		counted[probe->event] = true;
	}
}

void bench_counts_init(void)
{
	if (IS_ENABLED(CONFIG_TRACEPOINTS) && bench_counts)
		for_each_kernel_tracepoint(attach, NULL);
}

void bench_counts_exit(void)
{
	struct probe *probe;

	if (!IS_ENABLED(CONFIG_TRACEPOINTS))
		return;
	for (probe = probes; probe < probes + ARRAY_SIZE(probes); probe++) {
		if (probe->tracepoint)
			tracepoint_probe_unregister(probe->tracepoint, probe->fn, NULL);
	}
	tracepoint_synchronize_unregister();
}

static unsigned long count_so_far(enum event event)
{
	unsigned long n = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		n += per_cpu(event_counts, cpu)[event];
	return n;
}

/* A sample begins: see bench_begin(). */
void bench_counts_begin(void)
{
	enum event event;

	counting = bench_counts;
	for (event = 0; counting && event < NR_EVENTS; event++)
		counted_before[event] = count_so_far(event);
}

/**
 * bench_counts_end() - record what has happened since bench_counts_begin()
 * @work: what was done
 * @lane: who did it
 *
 * Nothing if there was no begin, or an end since.
 */
void bench_counts_end(const struct bench_work *work, const struct bench_lane *lane)
{
	enum event event;
	char name[40];

	if (!counting || !work->tasks)
		return;
	counting = false;
	if (IS_ENABLED(CONFIG_LOCKDEP) && IS_ENABLED(CONFIG_KUNIT) && lane->peer->longest_hold) {
		snprintf(name, sizeof(name), "%s, longest hold", work->name);
		bench_record_count(name, lane->label, "steps",
				   (u64)lane->peer->longest_hold(lane) * BENCH_SCALE);
	}
	for (event = 0; event < NR_EVENTS; event++) {
		unsigned long n = count_so_far(event) - counted_before[event];

		snprintf(name, sizeof(name), "%s, %s", work->name, event_names[event]);
		if (counted[event])
			bench_record_count(name, lane->label, "per 1000",
					   div_u64(n * 1000 * BENCH_SCALE, work->tasks));
	}
}
