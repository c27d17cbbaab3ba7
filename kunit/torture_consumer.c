// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: the consumers, and the gate behind which they rest.
 */
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include "torture_arena.h"

static struct tort_thread consumers[TORT_MAX_THREADS];
static DECLARE_COMPLETION(gate_opened);
static bool gate_closed;
static atomic_t nr_parked;
static DECLARE_WAIT_QUEUE_HEAD(parking);

/* One of the first tort_threads. */
struct tort_thread *tort_consumer(unsigned int i)
{
	return &consumers[i];
}

struct tort_thread *tort_any_thread(struct tort_ctx *ctx)
{
	return &consumers[tort_pick(ctx, tort_threads)];
}

static void act(struct tort_thread *thread, const struct tort_op *ops)
{
	struct tort_ctx *ctx = &thread->ctx;
	const struct tort_op *op;
	u32 total = 0, at;

	for (op = ops; op->fn; op++)
		total += op->weight;
	at = tort_pick(ctx, total);
	for (op = ops; at >= op->weight; op++)
		at -= op->weight;

	ctx->tp = tort_pool_any(ctx);
	if (!ctx->tp)
		return;
	WRITE_ONCE(thread->tp, ctx->tp);
	WRITE_ONCE(thread->since, jiffies);
	WRITE_ONCE(thread->op, op->name);
	op->fn(ctx);
	WRITE_ONCE(thread->op, NULL);
	WRITE_ONCE(thread->ops, thread->ops + 1);
	tort_pool_put(ctx->tp);
}

/* While the gate is closed nobody begins anything. */
static void park(struct tort_thread *thread)
{
	WRITE_ONCE(thread->parked, true);
	atomic_inc(&nr_parked);
	wake_up(&parking);
	wait_for_completion(&gate_opened);
	WRITE_ONCE(thread->parked, false);
	if (atomic_dec_and_test(&nr_parked))
		wake_up(&parking);
}

static const struct tort_op tort_arena_ops[] = {
	{ "a round in an arena",	tort_arena,		16 },
	{ "scene: depend",		tort_scene_depend,	1 },
	{ }
};

/* Whether it parks is for the master to say. */
int tort_consume(void *data)
{
	struct tort_thread *thread = data;

	allow_signal(SIGKILL);
	tort_fail_thread(tort_fail_alloc);
	while (!kthread_should_stop()) {
		if (READ_ONCE(gate_closed))
			park(thread);
		else if (tort_stopping())
			schedule_timeout_idle(1);
		else if (!tort_pick(&thread->ctx, 4))
			act(thread, tort_arena_ops);
		else if (!tort_pick(&thread->ctx, 20))
			act(thread, tort_scenes);
		else if (!tort_pick(&thread->ctx, 4))
			act(thread, tort_pool_ops);
		else
			act(thread, tort_task_ops);
		if (signal_pending(current))
			flush_signals(current);
		cond_resched();
	}
	return 0;
}

/* --- the gate ------------------------------------------------------------------------ */

/* Returns when all rest. */
void tort_gate_close(void)
{
	reinit_completion(&gate_opened);
	WRITE_ONCE(gate_closed, true);
	wait_event(parking, atomic_read(&nr_parked) == tort_threads);
}

/* The next thread that closes it closes it for all. */
void tort_gate_open(void)
{
	WRITE_ONCE(gate_closed, false);
	complete_all(&gate_opened);
	wait_event(parking, !atomic_read(&nr_parked));
}
