// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: what a pool takes while it has nothing to do, and how much memory.
 */
#include <linux/delay.h>
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
/* When as many looks in a row find the same, but for what others do. */
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
		if (strncmp(thread->comm, threads, strlen(threads)))
			continue;
		usage->cpu += thread->se.sum_exec_runtime;
		usage->switches += thread->nvcsw + thread->nivcsw;
	}
	rcu_read_unlock();
}

/* All threads of wpool, the manager too, which is who a timer of a pool wakes. */
static void sample_idle(const struct bench_work *work, struct bench_lane *lane)
{
	struct bench_usage before, after;

	msleep(IDLE_MS / 10);
	bench_usage("wpool-", &before);
	msleep(IDLE_MS);
	bench_usage("wpool-", &after);
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

/* As many lanes of a peer: each a pool, a queue, a thread that waits for work. */
static void sample_objects(const char *name, const char *label,
			   const struct bench_peer *peer)
{
	struct bench_lane *lanes = kvcalloc(MEMORY_MANY + 1, sizeof(*lanes), GFP_KERNEL);
	unsigned int i;
	s64 before;

	for (i = 0; lanes && i < MEMORY_MANY; i++)
		lanes[i] = (struct bench_lane) { label, peer, 1 };
	before = memory_settled();
	bench_now.error = lanes ? bench_open(lanes) : -ENOMEM;
	if (!bench_now.error) {
		bench_record(name, label, "bytes", max(before - memory_free(), 0LL) *
			     BENCH_SCALE / MEMORY_MANY);
		bench_close(lanes);
	}
	kvfree(lanes);
}

static void sample_workers(void)
{
	struct wpool_attrs attrs = { .capacity = MEMORY_MANY + 1 };
	struct wpool *pool = wpool_create("bench-memory", &attrs);
	s64 before;

	if (IS_ERR(pool)) {
		bench_now.error = PTR_ERR(pool);
		return;
	}
	before = memory_settled();
	bench_now.error = wpool_prestart(pool, MEMORY_MANY) == MEMORY_MANY ? 0 : -ENOMEM;
	bench_record("memory, worker", "wpool", "bytes", max(before - memory_free(), 0LL) *
		     BENCH_SCALE / MEMORY_MANY);
	wpool_destroy(pool);
}

static int task_fn(void *unused)
{
	return 0;
}

static void sample_tasks(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED };
	struct wpool *pool = wpool_create("bench-memory", &attrs);
	unsigned int i;
	s64 before;

	if (IS_ERR(pool)) {
		bench_now.error = PTR_ERR(pool);
		return;
	}
	wpool_pause(pool);
	before = memory_settled();
	for (i = 0; i < MEMORY_TASKS && !bench_now.error; i++)
		bench_now.error = wpool_schedule_fn(pool, task_fn, NULL);
	bench_record("memory, task", "wpool allocated", "bytes",
		     max(before - memory_free(), 0LL) * BENCH_SCALE / MEMORY_TASKS);
	wpool_destroy(pool);
}

static struct completion threads_end;

static void thread_fn(struct bench_item *item)
{
	wait_for_completion(&threads_end);
	bench_ended();
}

/* A thread a task, each as far as a task that waits is: not begun. */
static void sample_threads(struct bench_lane *lane)
{
	unsigned int i;
	s64 before;

	init_completion(&threads_end);
	bench_begin(lane, MEMORY_MANY, thread_fn);
	before = memory_settled();
	for (i = 0; i < MEMORY_MANY; i++)
		bench_kthread.submit(lane, NULL);
	bench_record("memory, task", "kthread a task", "bytes",
		     max(before - memory_free(), 0LL) * BENCH_SCALE / MEMORY_MANY);
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
	sample_tasks();
	sample_threads(lane);
	sample_workers();
	sample_objects("memory, pool of one", "wpool", &bench_wpool);
	sample_objects("memory, pool of one", "unbound", &bench_unbound);
	sample_objects("memory, pool of one", "per-CPU", &bench_percpu);
	sample_objects("memory, pool of one", "kthread_worker", &bench_kworker);
}

static void ended_fn(struct bench_item *item)
{
	bench_ended();
}

/* What a million tasks leave in the kernel's caches: nothing, if none is allocated. */
static void sample_steady(const struct bench_work *work, struct bench_lane *lane)
{
	s64 before = memory_slab();
	unsigned int i;

	bench_begin(lane, work->tasks, ended_fn);
	for (i = 0; i < work->tasks; i++) {
		lane->peer->init(&bench_items[i]);
		lane->peer->submit(lane, &bench_items[i]);
	}
	bench_await(lane);
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
	{ "idle", idle_lanes, sample_idle },
	{ "memory", memory_lanes, sample_memory },
	{ "steady", steady_lanes, sample_steady, 1000000 },
	{ }
};
