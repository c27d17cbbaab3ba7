// SPDX-License-Identifier: GPL-2.0
/*
 * The peers: a few lines each, in the way that its users use it.
 *
 * Each calls bench_now.fn through its own function, as a user's function would
 * be called, so that one indirect call more is the same for all.
 */
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "bench.h"
#include "bench_compat.h"

static int nothing_to_open(struct bench_lane *lane)
{
	return 0;
}

static void nothing_to_close(struct bench_lane *lane)
{
}

static void nothing_to_init(struct bench_item *item)
{
}

/* --- workqueues --- */

static void work_fn(struct work_struct *work)
{
	bench_now.fn(container_of(work, struct bench_item, work));
}

/* As its users do: the function frees what the submitter allocated. */
static void work_new_fn(struct work_struct *work)
{
	bench_now.fn(NULL);
	kfree(work);
}

static int unbound_open(struct bench_lane *lane)
{
	lane->wq = alloc_workqueue("bench_unbound", WQ_UNBOUND, lane->workers);
	return lane->wq ? 0 : -ENOMEM;
}

static int percpu_open(struct bench_lane *lane)
{
	lane->wq = alloc_workqueue("bench_percpu", WQ_PERCPU, 0);
	return lane->wq ? 0 : -ENOMEM;
}

static int ordered_open(struct bench_lane *lane)
{
	lane->wq = alloc_ordered_workqueue("bench_ordered", 0);
	return lane->wq ? 0 : -ENOMEM;
}

static void wq_close(struct bench_lane *lane)
{
	destroy_workqueue(lane->wq);
}

static int system_open(struct bench_lane *lane)
{
	lane->wq = system_dfl_wq;
	return 0;
}

/* The items have ended, but maybe not yet the functions that counted them. */
static void wq_stop(struct bench_lane *lane)
{
	__flush_workqueue(lane->wq);
}

static void work_init(struct bench_item *item)
{
	INIT_WORK(&item->work, work_fn);
}

static void work_submit(struct bench_lane *lane, struct bench_item *item)
{
	if (unlikely(!queue_work(lane->wq, &item->work)))
		bench_refused(-EBUSY);
}

static void work_submit_new(struct bench_lane *lane)
{
	struct work_struct *work = kmalloc(sizeof(*work), GFP_KERNEL);

	if (!work) {
		bench_refused(-ENOMEM);
		return;
	}
	INIT_WORK(work, work_new_fn);
	queue_work(lane->wq, work);
}

static void work_wait(struct bench_lane *lane, struct bench_item *item)
{
	flush_work(&item->work);
}

#define WORKQUEUE_PEER(_open, _close) {		\
	.threads	= "kworker/",		\
	.open		= _open,		\
	.close		= _close,		\
	.stop		= wq_stop,		\
	.init		= work_init,		\
	.submit		= work_submit,		\
	.submit_new	= work_submit_new,	\
	.wait		= work_wait,		\
}

const struct bench_peer bench_unbound = WORKQUEUE_PEER(unbound_open, wq_close);
const struct bench_peer bench_unbound_system = WORKQUEUE_PEER(system_open, nothing_to_close);
const struct bench_peer bench_percpu = WORKQUEUE_PEER(percpu_open, wq_close);
const struct bench_peer bench_ordered = WORKQUEUE_PEER(ordered_open, wq_close);

/* --- kthread_worker --- */

static void kwork_fn(struct kthread_work *kwork)
{
	bench_now.fn(container_of(kwork, struct bench_item, kwork));
}

static int kworker_open(struct bench_lane *lane)
{
	lane->kworker = kthread_run_worker(0, "bench_kworker");
	return PTR_ERR_OR_ZERO(lane->kworker);
}

static void kworker_close(struct bench_lane *lane)
{
	kthread_destroy_worker(lane->kworker);
}

static void kworker_stop(struct bench_lane *lane)
{
	kthread_flush_worker(lane->kworker);
}

static void kwork_init(struct bench_item *item)
{
	kthread_init_work(&item->kwork, kwork_fn);
}

static void kwork_submit(struct bench_lane *lane, struct bench_item *item)
{
	if (unlikely(!kthread_queue_work(lane->kworker, &item->kwork)))
		bench_refused(-EBUSY);
}

static void kwork_wait(struct bench_lane *lane, struct bench_item *item)
{
	kthread_flush_work(&item->kwork);
}

const struct bench_peer bench_kworker = {
	.threads	= "bench_kworker",
	.open		= kworker_open,
	.close		= kworker_close,
	.stop		= kworker_stop,
	.init		= kwork_init,
	.submit		= kwork_submit,
	.wait		= kwork_wait,
};

/* --- a kthread a task --- */

static int kthread_fn(void *item)
{
	bench_now.fn(item);
	/* Nobody waits for it: it must not return into a module that is gone. */
	module_put_and_kthread_exit(0);
}

static void kthread_submit(struct bench_lane *lane, struct bench_item *item)
{
	struct task_struct *thread;

	__module_get(THIS_MODULE);
	thread = kthread_run(kthread_fn, item, "bench_task");
	if (IS_ERR(thread)) {
		module_put(THIS_MODULE);
		bench_refused(PTR_ERR(thread));
	}
}

const struct bench_peer bench_kthread = {
	.open		= nothing_to_open,
	.close		= nothing_to_close,
	.init		= nothing_to_init,
	.submit		= kthread_submit,
};

/* --- padata: items end in the order in which they came --- */

#ifdef CONFIG_PADATA
struct bench_padata {
	struct padata_instance	*instance;
	struct padata_shell	*shell;
	struct padata_priv	last;
	struct completion	came;
};

static void padata_parallel(struct padata_priv *padata)
{
	padata_do_serial(padata);
}

static void padata_serial(struct padata_priv *padata)
{
	bench_now.fn(container_of(padata, struct bench_item, padata));
}

static int padata_open(struct bench_lane *lane)
{
	struct bench_padata *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return -ENOMEM;
	p->instance = padata_alloc("bench_padata");
	if (p->instance)
		p->shell = padata_alloc_shell(p->instance);
	if (p->shell) {
		lane->padata = p;
		return 0;
	}
	if (p->instance)
		padata_free(p->instance);
	kfree(p);
	return -ENOMEM;
}

static void padata_close(struct bench_lane *lane)
{
	padata_free_shell(lane->padata->shell);
	padata_free(lane->padata->instance);
	kfree(lane->padata);
}

static void padata_last(struct padata_priv *last)
{
	complete(&container_of(last, struct bench_padata, last)->came);
}

/*
 * When the last item has ended padata's serial work may be queued once more, in vain;
 * and in 6.1 it frees a second time what padata_free_shell() has freed. After one
 * more item, alone, it is not.
 */
static void padata_quiesce(struct bench_lane *lane)
{
	int cpu = cpumask_first(cpu_online_mask);
	struct bench_padata *p = lane->padata;

	init_completion(&p->came);
	p->last = (struct padata_priv) {
		.parallel	= padata_parallel,
		.serial		= padata_last,
	};
	if (!padata_do_parallel(p->shell, &p->last, &cpu))
		wait_for_completion(&p->came);
}

static void padata_init_item(struct bench_item *item)
{
	item->padata = (struct padata_priv) {
		.parallel	= padata_parallel,
		.serial		= padata_serial,
	};
}

static void padata_submit(struct bench_lane *lane, struct bench_item *item)
{
	int cpu = cpumask_first(cpu_online_mask);
	int err;

	err = padata_do_parallel(lane->padata->shell, &item->padata, &cpu);
	if (unlikely(err))
		bench_refused(err);
}

const struct bench_peer bench_padata = {
	.open		= padata_open,
	.close		= padata_close,
	.stop		= padata_quiesce,
	.init		= padata_init_item,
	.submit		= padata_submit,
};
#endif

/* --- the floors --- */

static void call_submit(struct bench_lane *lane, struct bench_item *item)
{
	bench_now.fn(item);
}

const struct bench_peer bench_call = {
	.open		= nothing_to_open,
	.close		= nothing_to_close,
	.init		= nothing_to_init,
	.submit		= call_submit,
};

/* The same, by a thread on each CPU: no pool can be faster. */
const struct bench_peer bench_inline = {
	.open		= nothing_to_open,
	.close		= nothing_to_close,
	.init		= nothing_to_init,
	.submit		= call_submit,
};

/* One thread that never sleeps while there is something to come. */
struct bench_consumer {
	struct llist_head	list;
	struct task_struct	*thread;
	struct completion	go;
	struct completion	came;	/* and went */
	bool			busy;
};

static void consume(struct bench_consumer *c)
{
	struct bench_item *item, *next;
	struct llist_node *list;

	while (READ_ONCE(c->busy)) {
		list = llist_reverse_order(llist_del_all(&c->list));
		llist_for_each_entry_safe(item, next, list, node)
			bench_now.fn(item);
		cpu_relax();
		cond_resched();
	}
}

static int consumer_main(void *data)
{
	struct bench_consumer *c = data;

	for (;;) {
		wait_for_completion(&c->go);
		if (kthread_should_stop())
			return 0;
		complete(&c->came);
		consume(c);
		complete(&c->came);
	}
}

static int llist_open(struct bench_lane *lane)
{
	struct bench_consumer *c = kzalloc(sizeof(*c), GFP_KERNEL);
	struct task_struct *thread;

	if (!c)
		return -ENOMEM;
	init_completion(&c->go);
	init_completion(&c->came);
	thread = kthread_run(consumer_main, c, "bench_llist");
	if (IS_ERR(thread)) {
		kfree(c);
		return PTR_ERR(thread);
	}
	c->thread = get_task_struct(thread);
	lane->consumer = c;
	return 0;
}

static void llist_close(struct bench_lane *lane)
{
	struct bench_consumer *c = lane->consumer;

	complete_all(&c->go);
	kthread_stop(c->thread);
	put_task_struct(c->thread);
	kfree(c);
}

static void llist_start(struct bench_lane *lane)
{
	WRITE_ONCE(lane->consumer->busy, true);
	complete(&lane->consumer->go);
	wait_for_completion(&lane->consumer->came);
}

static void llist_stop(struct bench_lane *lane)
{
	WRITE_ONCE(lane->consumer->busy, false);
	wait_for_completion(&lane->consumer->came);
}

static void llist_submit(struct bench_lane *lane, struct bench_item *item)
{
	llist_add(&item->node, &lane->consumer->list);
}

const struct bench_peer bench_llist = {
	.open		= llist_open,
	.close		= llist_close,
	.init		= nothing_to_init,
	.start		= llist_start,
	.stop		= llist_stop,
	.submit		= llist_submit,
};

struct bench_lane bench_lanes[] = {
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
	{ }
};

struct bench_lane bench_wide_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "wpool spin",		&bench_wpool_spin },
	{ "unbound",		&bench_unbound },
	{ "unbound system",	&bench_unbound_system },
	{ }
};

struct bench_lane bench_single_lanes[] = {
	{ "wpool 1",		&bench_wpool, 1 },
	{ "wpool ordered",	&bench_wpool_ordered, 1 },
	{ "wpool by CPU",	&bench_wpool_by_cpu },
	{ "per-CPU",		&bench_percpu },
	{ "ordered",		&bench_ordered },
	{ "kthread_worker",	&bench_kworker },
	{ }
};
