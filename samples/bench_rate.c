// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: how many empty tasks a second.
 *
 * All are scheduled as fast as their producers can, whether or not they run
 * meanwhile. The time is that from the producers' start to the last task's end.
 */
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "bench.h"

#define MAX_PRODUCERS	8
#define BATCH		32U
#define CURVE_TASKS	200000U

struct producer {
	const struct bench_work	*work;
	struct bench_lane	*lane;
	struct task_struct	*thread;
	unsigned int		first;
	unsigned int		n;
};

static struct completion producers_ready, producers_go;

static void produce(struct producer *p)
{
	struct bench_item *item = bench_items + p->first, *end = item + p->n;
	const struct bench_peer *peer = p->lane->peer;
	unsigned int part;

	if (p->work->way == BENCH_MANY && peer->submit_many) {
		for (; item < end; item += part) {
			part = min_t(unsigned int, BATCH, end - item);
			peer->submit_many(p->lane, item, part);
		}
	} else if (p->work->way == BENCH_NEW) {
		for (; item < end; item++)
			peer->submit_new(p->lane);
	} else {
		for (; item < end; item++)
			peer->submit(p->lane, item);
	}
}

static int producer_main(void *data)
{
	struct producer *p = data;

	complete(&producers_ready);
	wait_for_completion(&producers_go);
	if (p->work->ahead)
		sched_set_fifo(current);
	produce(p);
	if (p->work->ahead)
		sched_set_normal(current, 0);
	return 0;
}

/* Each of the floor's does its share itself, on its own CPU; so up to MAX_PRODUCERS CPUs. */
static unsigned int producers_of(const struct bench_work *work, const struct bench_lane *lane)
{
	if (lane->peer == &bench_inline)
		return min_t(unsigned int, num_online_cpus(), MAX_PRODUCERS);
	return work->producers;
}

/* Return: how many there are; all have an equal share. */
static unsigned int producers_make(struct producer *p, const struct bench_work *work,
				   struct bench_lane *lane, unsigned int n)
{
	unsigned int i, share = work->tasks / n;
	struct task_struct *thread;
	int cpu = -1;

	init_completion(&producers_ready);
	init_completion(&producers_go);
	for (i = 0; i < n; i++) {
		p[i] = (struct producer) {
			.work = work, .lane = lane, .first = i * share, .n = share,
		};
		thread = kthread_create(producer_main, &p[i], "bench_make/%u", i);
		if (IS_ERR(thread)) {
			bench_now.error = PTR_ERR(thread);
			break;
		}
		cpu = cpumask_next(cpu, cpu_online_mask);
		if (lane->peer == &bench_inline && cpu < nr_cpu_ids)
			kthread_bind(thread, cpu);
		p[i].thread = get_task_struct(thread);
		wake_up_process(thread);
		wait_for_completion(&producers_ready);
	}
	return i;
}

static void producers_join(struct producer *p, unsigned int n)
{
	while (n--) {
		kthread_stop(p[n].thread);
		put_task_struct(p[n].thread);
	}
}

/* How often those who call the functions went to sleep or were made to wait. */
static void record_switches(const struct bench_work *work, struct bench_lane *lane,
			    u64 switches)
{
	char name[32];

	if (!lane->peer->threads)
		return;
	snprintf(name, sizeof(name), "%s, switches", work->name);
	bench_record(name, lane->label, "per 1000", switches * BENCH_SCALE * 1000 / work->tasks);
}

/**
 * bench_rate() - a sample of all items, scheduled as fast as their producers can
 * @work: says how many, and by how many producers
 * @lane: who does it
 * @fn: what they call
 *
 * Records what a task takes, and how often their threads slept.
 */
void bench_rate(const struct bench_work *work, struct bench_lane *lane,
		void (*fn)(struct bench_item *item))
{
	unsigned int i, n, wanted = producers_of(work, lane);
	struct producer producers[MAX_PRODUCERS];
	struct bench_usage before, after;
	u64 took;

	bench_init_items(lane, work->tasks);
	n = producers_make(producers, work, lane, wanted);
	if (n == wanted) {
		bench_usage(lane->peer->threads, &before);
		bench_begin(lane, work->tasks / n * n, fn);
		complete_all(&producers_go);
		took = bench_await(lane);
		bench_usage(lane->peer->threads, &after);
		bench_record_each(work, lane, took);
		record_switches(work, lane, after.switches - before.switches);
	} else {
		/* Those that there are have nothing to do. */
		for (i = 0; i < n; i++)
			producers[i].n = 0;
		complete_all(&producers_go);
	}
	producers_join(producers, n);
}

static void sample_rate(const struct bench_work *work, struct bench_lane *lane)
{
	bench_rate(work, lane, bench_empty_fn);
}

static struct bench_lane rate_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "wpool spin",		&bench_wpool_spin },
	{ "wpool 1",		&bench_wpool, 1 },
	{ "wpool ordered",	&bench_wpool_ordered, 1 },
	{ "wpool by CPU",	&bench_wpool_by_cpu },
	{ "per-CPU",		&bench_percpu },
	{ "ordered",		&bench_ordered },
	{ "kthread_worker",	&bench_kworker },
	{ "unbound",		&bench_unbound },
	{ "unbound system",	&bench_unbound_system },
#ifdef CONFIG_PADATA
	{ "padata",		&bench_padata },
#endif
	{ "(llist)",		&bench_llist },
	{ "(call)",		&bench_call },
	{ }
};

static struct bench_lane new_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "wpool by CPU",	&bench_wpool_by_cpu },
	{ "unbound",		&bench_unbound },
	{ "unbound system",	&bench_unbound_system },
	{ "per-CPU",		&bench_percpu },
	{ }
};

static struct bench_lane thread_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "kthread a task",	&bench_kthread },
	{ }
};

/* As many workers as there are CPUs, and a growing number of producers. */
static struct bench_lane curve_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "wpool by CPU",	&bench_wpool_by_cpu },
	{ "unbound",		&bench_unbound },
	{ "unbound system",	&bench_unbound_system },
	{ "per-CPU",		&bench_percpu },
	{ "kthread_worker",	&bench_kworker },
	{ "(llist)",		&bench_llist },
	{ }
};

/* Until the module goes: so that something else can be measured meanwhile. */
static void sample_load(const struct bench_work *work, struct bench_lane *lane)
{
	while (!bench_stopped())
		sample_rate(work, lane);
}

#define LOAD(name, label, peer)						\
	{ "load " name, (struct bench_lane[]) { { label, peer }, { } },	\
	  sample_load, CURVE_TASKS, 2, .asked = true }

#define PRODUCERS(n) {							\
	"curve producers " #n, curve_lanes, sample_rate,		\
	CURVE_TASKS, n, .asked = true					\
}

/* Four producers, and a growing number of workers: of the peers that allow it. */
#define WORKERS(n) {							\
	"curve workers " #n,						\
	(struct bench_lane[]) {						\
		{ "wpool", &bench_wpool, n },				\
		{ "unbound", &bench_unbound, n },			\
		{ }							\
	},								\
	sample_rate, CURVE_TASKS, 4, .asked = true			\
}

const struct bench_work bench_rate_works[] = {
	{ "empty 1", rate_lanes, sample_rate, 200000, 1 },
	{ "empty 4", rate_lanes, sample_rate, 200000, 4 },
	{ "allocated", new_lanes, sample_rate, 200000, 1, .way = BENCH_NEW },
	{ "batches", bench_lanes, sample_rate, 200000, 1, .way = BENCH_MANY },
	{ "ahead in batches", bench_lanes, sample_rate, 200000, 1, .way = BENCH_MANY,
	  .ahead = true, .asked = true },
	{ "thread a task", thread_lanes, sample_rate, 2000, 1 },
	LOAD("wpool", "wpool", &bench_wpool), LOAD("unbound", "unbound", &bench_unbound),
	PRODUCERS(1), PRODUCERS(2), PRODUCERS(3), PRODUCERS(4),
	PRODUCERS(5), PRODUCERS(6), PRODUCERS(7), PRODUCERS(8),
	WORKERS(1), WORKERS(2), WORKERS(3), WORKERS(4),
	WORKERS(5), WORKERS(6), WORKERS(7), WORKERS(8),
	{ }
};
