// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: what a pool takes while it has nothing to do, and how much memory.
 */
#include <linux/delay.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "bench.h"

#define IDLE_MS		1000U
/* Many, because the kernel counts its free pages only roughly. */
#define MEMORY_MANY	1000U
#define MEMORY_TASKS	100000U
/* When as many looks in a row find the same, except for what others do. */
#define SETTLE_MS	50U
#define SETTLE_QUIET	4U
#define SETTLE_LOOKS	200U
#define SETTLE_NOISE	(16 * (s64)PAGE_SIZE)

/**
 * bench_usage() - what some threads have used up so far
 * @threads: how their names begin; NULL is none
 * @usage: gets it
 */
void bench_usage(const char *threads, struct bench_usage *usage)
{
	struct task_struct *thread;

	*usage = (struct bench_usage) { };
	if (!threads)
		return;
	rcu_read_lock();
	for_each_process(thread) {
		/* One that has ended may be gone at the next look, with what it used. */
		if (thread->exit_state || strncmp(thread->comm, threads, strlen(threads)))
			continue;
		usage->cpu += thread->se.sum_exec_runtime;
		usage->switches += thread->nvcsw + thread->nivcsw;
	}
	rcu_read_unlock();
}

/* Of all threads of wpool: the workers, and the manager, which a timer of a pool wakes. */
static void bench_usage_all(struct bench_usage *usage)
{
	struct bench_usage manager;

	bench_usage("bench-", usage);
	bench_usage("wpool-", &manager);
	usage->cpu += manager.cpu;
	usage->switches += manager.switches;
}

/* After some work. */
static void sample_idle(const struct bench_work *work, struct bench_lane *lane)
{
	struct bench_usage before, after;

	bench_submit_all(work, lane, bench_empty_fn);
	msleep(IDLE_MS / 10);
	bench_usage_all(&before);
	msleep(IDLE_MS);
	bench_usage_all(&after);
	bench_record("idle, wake-ups", lane->label, "a second",
		     (after.switches - before.switches) * BENCH_SCALE * MSEC_PER_SEC / IDLE_MS);
	bench_record("idle, CPU", lane->label, "ns a second",
		     (after.cpu - before.cpu) * BENCH_SCALE * MSEC_PER_SEC / IDLE_MS);
}

static struct bench_lane idle_lanes[] = {
	{ "wpool",		&bench_wpool, 8 },
	{ "wpool spin",		&bench_wpool_spin, 8 },
	{ }
};

/* --- memory --- */

/* Free pages that a CPU keeps for itself count as used. */
static s64 pages_kept(struct zone *zone)
{
	s64 kept = 0;
	int cpu;

	for_each_online_cpu(cpu)
		kept += READ_ONCE(per_cpu_ptr(zone->per_cpu_pageset, cpu)->count);
	return kept;
}

/* In bytes. */
static s64 memory_free(void)
{
	struct sysinfo info;
	struct zone *zone;
	int node, nr;
	s64 pages;

	si_meminfo(&info);
	pages = info.freeram;
	for_each_online_node(node) {
		for (nr = 0; nr < MAX_NR_ZONES; nr++) {
			zone = &NODE_DATA(node)->node_zones[nr];
			if (populated_zone(zone))
				pages += pages_kept(zone);
		}
	}
	return pages << PAGE_SHIFT;
}

/* Threads give their memory back some time after they have ended: no more comes. */
static s64 memory_settled(void)
{
	unsigned int quiet = 0, looks;
	s64 free, before = 0;

	for (looks = 0; looks < SETTLE_LOOKS && quiet < SETTLE_QUIET; looks++) {
		rcu_barrier();
		msleep(SETTLE_MS);
		free = memory_free();
		quiet = abs(free - before) <= SETTLE_NOISE ? quiet + 1 : 0;
		before = free;
	}
	return before;
}

static s64 memory_slab(void)
{
	return (s64)(global_node_page_state_pages(NR_SLAB_UNRECLAIMABLE_B) +
		     global_node_page_state_pages(NR_SLAB_RECLAIMABLE_B)) << PAGE_SHIFT;
}

/* What so many of something have taken since there was so much memory free. */
static void record_memory(const char *name, const char *label, s64 before, unsigned int n)
{
	bench_record(name, label, "bytes",
		     div_u64(max(before - memory_free(), 0LL) * BENCH_SCALE, n));
}

/* As many lanes of a peer: each a pool, a queue, a thread that waits for work. */
static void sample_objects(const char *label, const struct bench_peer *peer)
{
	struct bench_lane *lanes = kvcalloc(MEMORY_MANY + 1, sizeof(*lanes), GFP_KERNEL);
	unsigned int i;
	s64 before;

	for (i = 0; lanes && i < MEMORY_MANY; i++)
		lanes[i] = (struct bench_lane) { label, peer, 1 };
	before = memory_settled();
	bench_now.error = lanes ? bench_open(lanes) : -ENOMEM;
	if (!bench_now.error) {
		record_memory("memory, pool of one", label, before, MEMORY_MANY);
		bench_close(lanes);
	}
	kvfree(lanes);
}

static void sample_workers(void)
{
	struct bench_lane lanes[] = { { "wpool", &bench_wpool, MEMORY_MANY + 1 }, { } };
	s64 before;

	bench_now.error = bench_open(lanes);
	if (bench_now.error)
		return;
	before = memory_settled();
	if (wpool_prestart(lanes[0].pool, MEMORY_MANY) != MEMORY_MANY)
		bench_now.error = -ENOMEM;
	record_memory("memory, worker", "wpool", before, MEMORY_MANY);
	bench_close(lanes);
}

static void sample_tasks(struct bench_lane *lane)
{
	unsigned int i;
	s64 before;

	wpool_pause(lane->pool);
	before = memory_settled();
	bench_begin(lane, MEMORY_TASKS, bench_empty_fn);
	for (i = 0; i < MEMORY_TASKS; i++)
		lane->peer->submit_new(lane);
	record_memory("memory, task", "wpool allocated", before, MEMORY_TASKS);
	wpool_resume(lane->pool);
	bench_await(lane);
}

static struct completion threads_end;

static void thread_fn(struct bench_item *item)
{
	wait_for_completion(&threads_end);
	bench_ended();
}

/*
 * A thread a task, each as far as a task that waits is: not begun. It is also what
 * a thread takes that waits for work, whoever's it is.
 */
static void sample_threads(struct bench_lane *lane)
{
	unsigned int i;
	s64 before;

	init_completion(&threads_end);
	before = memory_settled();
	bench_begin(lane, MEMORY_MANY, thread_fn);
	for (i = 0; i < MEMORY_MANY; i++)
		bench_kthread.submit(lane, NULL);
	record_memory("memory, task", "kthread a task", before, MEMORY_MANY);
	record_memory("memory, worker", "kthread", before, MEMORY_MANY);
	complete_all(&threads_end);
	bench_await(lane);
}

static void sizes_of_tasks(void)
{
	bench_record("memory, task", "wpool", "bytes", sizeof(struct wpool_task) * BENCH_SCALE);
	bench_record("memory, task", "work_struct", "bytes",
		     sizeof(struct work_struct) * BENCH_SCALE);
	bench_record("memory, task", "kthread_work", "bytes",
		     sizeof(struct kthread_work) * BENCH_SCALE);
	bench_record("memory, task", "padata_priv", "bytes",
		     sizeof(struct padata_priv) * BENCH_SCALE);
}

static void sample_memory(const struct bench_work *work, struct bench_lane *lane)
{
	sizes_of_tasks();
	sample_tasks(lane);
	sample_threads(lane);
	sample_workers();
	sample_objects("wpool", &bench_wpool);
	sample_objects("unbound", &bench_unbound);
	sample_objects("per-CPU", &bench_percpu);
	sample_objects("kthread_worker", &bench_kworker);
}

/* What a million tasks leave in the kernel's caches: nothing, if none is allocated. */
static void sample_steady(const struct bench_work *work, struct bench_lane *lane)
{
	s64 before = memory_slab();

	bench_submit_all(work, lane, bench_empty_fn);
	bench_record(work->name, lane->label, "bytes a task",
		     max(memory_slab() - before, 0LL) * BENCH_SCALE / work->tasks);
}

static struct bench_lane memory_lanes[] = {
	{ "wpool",		&bench_wpool, 1 },
	{ }
};

static struct bench_lane steady_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "unbound",		&bench_unbound },
	{ }
};

const struct bench_work bench_rest_works[] = {
	{ "idle", idle_lanes, sample_idle, 1000 },
	{ "memory", memory_lanes, sample_memory },
	{ "steady", steady_lanes, sample_steady, 1000000 },
	{ }
};
