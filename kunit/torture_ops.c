// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what a consumer thread does to tasks, in every way there is.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture_arena.h"

/* --- from another context ------------------------------------------------------- */

static void called(struct tort_thread *thread)
{
	tort_check(!wpool_current(), "an interrupt is inside a task of %s",
		   wpool_name(wpool_current()));
	thread->call(&thread->ctx);
	complete(&thread->called);
}

static void in_hardirq_work(struct irq_work *work)
{
	called(container_of(work, struct tort_thread, work));
}

static void in_softirq_timer(struct timer_list *timer)
{
	called(container_of(timer, struct tort_thread, timer));
}

void tort_thread_setup(struct tort_thread *thread)
{
	thread->work = IRQ_WORK_INIT_HARD(in_hardirq_work);
	timer_setup(&thread->timer, in_softirq_timer, 0);
	init_completion(&thread->called);
	thread->ctx.thread = thread;
}

/* Makes a call that may be made anywhere, somewhere. Returns when it was made. */
void tort_anywhere(struct tort_ctx *ctx, void (*call)(struct tort_ctx *ctx))
{
	struct tort_thread *thread = ctx->thread;
	unsigned long flags;
	bool duels;

	/* In a duel there is no time to wait for a tick. */
	duels = ctx->tp->arena && READ_ONCE(ctx->tp->arena->duel);
	if (!thread || (duels ? !tort_one_in(ctx, 4) : tort_one_in(ctx, 3))) {
		tort_count(TORT_PROCESS);
		call(ctx);
		return;
	}
	if (duels || tort_one_in(ctx, 4)) {
		tort_count(TORT_IRQS_OFF);
		local_irq_save(flags);
		call(ctx);
		local_irq_restore(flags);
		return;
	}
	thread->call = call;
	reinit_completion(&thread->called);
	if (tort_one_in(ctx, 2)) {
		tort_count(TORT_SOFTIRQ);
		mod_timer(&thread->timer, jiffies);
	} else {
		tort_count(TORT_HARDIRQ);
		irq_work_queue(&thread->work);
	}
	wait_for_completion(&thread->called);
	timer_delete_sync(&thread->timer);
	irq_work_sync(&thread->work);
}

/* Has a timer make a call soon, while the thread does something else. */
void tort_later(struct tort_ctx *ctx, void (*call)(struct tort_ctx *ctx))
{
	ctx->thread->call = call;
	reinit_completion(&ctx->thread->called);
	mod_timer(&ctx->thread->timer, jiffies + 2);
}

/* Returns when it was made. */
void tort_called(struct tort_ctx *ctx)
{
	wait_for_completion(&ctx->thread->called);
	timer_delete_sync(&ctx->thread->timer);
}

/* --- one task --------------------------------------------------------------------- */

static void call_submit(struct tort_ctx *ctx)
{
	ctx->ret = tort_submit(ctx, ctx->tt, ctx->way);
}

static int submit_somehow(struct tort_ctx *ctx, struct tort_task *tt)
{
	switch (tort_pick(ctx, 4)) {
	case 0:
		return tort_submit(ctx, tt, TORT_SCHEDULE);
	case 1:
		return tort_submit(ctx, tt, TORT_SCHEDULE_TIMEOUT);
	case 2:
		if (tt->tp->n > 1)
			return tort_submit(ctx, tt, tort_one_in(ctx, 2) ? TORT_SET_SCHEDULE :
					   TORT_SET_TRY_SCHEDULE);
	}
	ctx->tt = tt;
	ctx->way = TORT_TRY_SCHEDULE;
	tort_anywhere(ctx, call_submit);
	return ctx->ret;
}

static void call_cancel(struct tort_ctx *ctx)
{
	tort_cancel(ctx, ctx->tt);
}

static void call_query(struct tort_ctx *ctx)
{
	wpool_task_queued(&ctx->tt->task);
	wpool_task_running(&ctx->tt->task);
	tort_check(!wpool_should_stop() || ctx->frame, "told to stop outside of a task");
	tort_count(TORT_QUERY);
}

/* To a task that was accepted, perhaps by another. */
static void meddle(struct tort_ctx *ctx, struct tort_task *tt)
{
	int result;

	ctx->tt = tt;
	switch (tort_pick(ctx, 6)) {
	case 0:
		tort_anywhere(ctx, call_cancel);
		break;
	case 1:
		tort_cancel_sync(ctx, tt);
		break;
	case 2:
		tort_wait_timeout(ctx, tt);
		break;
	case 3:
		tort_anywhere(ctx, call_query);
		break;
	case 4:
		tort_wait(ctx, tt, &result);
		break;
	default:
		tort_poll(ctx, tt);
	}
}

static void op_single(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_task_new(ctx, ctx->tp, TORT_TASK_PLAIN, GFP_KERNEL);

	if (!tt)
		return;
	tort_task_may_release(ctx, tt);
	tt->shared = tort_one_in(ctx, 3);
	if (tt->shared || tort_one_in(ctx, 3))
		tort_publish(ctx, tt);
	if (!submit_somehow(ctx, tt))
		meddle(ctx, tt);
	/* Others find it, too. */
	if (tort_is_shared(tt) && tort_one_in(ctx, 3))
		tort_nap(ctx, 2);
	tort_unpublish(tt);
	tort_task_put(tt);
}

/* Submitted, and nobody looks any more. */
static void op_unwaited(struct tort_ctx *ctx)
{
	bool bare = tort_one_in(ctx, 2);
	unsigned int n = 1 + tort_pick(ctx, 4);
	struct tort_task *tt;

	while (n--) {
		tt = tort_task_unwaited(ctx, ctx->tp, !bare, GFP_KERNEL);
		if (!tt)
			return;
		if (bare)
			tort_submit(ctx, tt, tort_one_in(ctx, 2) ? TORT_SCHEDULE_FN :
				    TORT_TRY_SCHEDULE_FN);
		else
			submit_somehow(ctx, tt);
	}
}

static unsigned int new_many(struct tort_ctx *ctx, struct tort_task **tts,
			     enum tort_task_kind kind)
{
	unsigned int i, n = 1 + tort_pick(ctx, TORT_MANY);

	for (i = 0; i < n; i++) {
		tts[i] = tort_task_new(ctx, ctx->tp, kind, GFP_KERNEL);
		if (!tts[i])
			break;
		tts[i]->resubmits = 0;
		tort_task_may_release(ctx, tts[i]);
	}
	return i;
}

static void put_many(struct tort_task **tts, unsigned int n)
{
	while (n--)
		tort_task_put(tts[n]);
}

static void op_keyed(struct tort_ctx *ctx)
{
	struct tort_task *tts[TORT_MANY];
	unsigned int i, n = new_many(ctx, tts, TORT_TASK_KEYED);

	for (i = 0; i < n; i++) {
		if (tort_one_in(ctx, 3))
			tort_publish(ctx, tts[i]);
		if (tort_submit(ctx, tts[i], TORT_KEYED))
			break;
	}
	if (i && tort_one_in(ctx, 2))
		meddle(ctx, tts[tort_pick(ctx, i)]);
	for (i = 0; i < n; i++)
		tort_unpublish(tts[i]);
	put_many(tts, n);
}

static void op_batch(struct tort_ctx *ctx)
{
	struct tort_task *tts[TORT_MANY];
	unsigned int n = new_many(ctx, tts, TORT_TASK_PLAIN);

	tort_submit_batch(ctx, tort_pool_pick(ctx, ctx->tp), tts, n);
	put_many(tts, n);
}

static void op_run(struct tort_ctx *ctx)
{
	WRITE_ONCE(ctx->thread->killable, true);
	tort_run(ctx, tort_one_in(ctx, 2) ? ACT_RUN_TIMEOUT : ACT_RUN);
}

/* --- delayed ------------------------------------------------------------------------ */

static void meddle_delayed(struct tort_ctx *ctx, struct tort_task *tt)
{
	switch (tort_pick(ctx, 4)) {
	case 0:
		tort_cancel_delayed(ctx, tt);
		break;
	case 1:
		tort_modify_delayed(ctx, tt);
		break;
	default:
		meddle(ctx, tt);
	}
}

static void op_delayed(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_task_new(ctx, ctx->tp, TORT_TASK_DELAYED, GFP_KERNEL);

	if (!tt)
		return;
	tort_task_may_release(ctx, tt);
	tt->shared = tort_one_in(ctx, 2);
	if (tt->shared)
		tort_publish(ctx, tt);
	ctx->tt = tt;
	ctx->way = TORT_DELAYED;
	tort_anywhere(ctx, call_submit);
	if (!ctx->ret && tort_one_in(ctx, 2))
		meddle_delayed(ctx, tt);
	if (tt->shared)
		tort_nap(ctx, 2);
	tort_unpublish(tt);
	tort_task_put(tt);
}

/* Others that wait for it do so until it has ended, which is here. */
static void op_periodic(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_task_new(ctx, ctx->tp, TORT_TASK_DELAYED, GFP_KERNEL);

	if (!tt)
		return;
	tt->periodic = true;
	tt->lossy = true;
	tt->resubmits = 0;
	tt->shared = tort_one_in(ctx, 2);
	if (tt->shared)
		tort_publish(ctx, tt);
	tort_accept(tt);
	if (tort_account(ctx, tt->tp, wpool_schedule_every(tt->pool, &tt->delayed,
							   1 + tort_pick(ctx, 2)),
			 TORT_DELAYED, tt->shared))
		tort_unaccept(tt);
	tort_nap(ctx, 4);
	switch (tort_pick(ctx, 4)) {
	case 0:
		tort_cancel_delayed(ctx, tt);
		break;
	case 1:
		tort_modify_delayed(ctx, tt);
		break;
	case 2:
		wpool_ask_stop(&tt->task);
	}
	if (tort_one_in(ctx, 2))
		tort_nap(ctx, 2);
	tort_unpublish(tt);
	tort_cancel_sync(ctx, tt);
	tort_task_put(tt);
}

/* --- other people's tasks -------------------------------------------------------------- */

static void op_victim(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_victim(ctx);
	unsigned int i;

	if (!tt)
		return;
	if (tt->kind == TORT_TASK_DELAYED && tt->shared)
		meddle_delayed(ctx, tt);
	if (tt->shared) {
		ctx->tt = tt;
		ctx->way = tt->kind == TORT_TASK_DELAYED ? TORT_DELAYED :
			   TORT_TRY_SCHEDULE;
		/* The second often finds it queued. */
		for (i = 0; i < 2; i++) {
			tort_anywhere(ctx, call_submit);
			tort_count(TORT_SHARED_SUBMIT);
		}
	}
	if (atomic_read(&tt->accepted))
		meddle(ctx, tt);
	tort_task_put(tt);
}

/* --- groups ------------------------------------------------------------------------------ */

/* Its error is that of one of its tasks, and there is none only if none has one. */
static void group_check(struct tort_ctx *ctx, struct tort_task **tts, unsigned int n,
			int error)
{
	bool any = false, found = !error;
	unsigned int i;
	int result;

	for (i = 0; i < n; i++) {
		if (!atomic_read(&tts[i]->accepted) ||
		    wpool_wait_timeout(&tts[i]->task, 0, &result))
			continue;
		any |= result < 0;
		found |= result == error;
	}
	tort_check(found && any == !!error, "%s: group of %u: error %d, is %s",
		   ctx->tp->name, n, error, any ? "another" : "nobody's");
}

static void op_group(struct tort_ctx *ctx)
{
	struct tort_group *group = kzalloc(sizeof(*group), GFP_KERNEL);
	struct tort_task *tts[TORT_MANY];
	bool fast = tort_one_in(ctx, 3), cancel = tort_one_in(ctx, 4);
	unsigned int i, n;
	int ret = -ETIMEDOUT;

	if (!group) {
		tort_count(TORT_FAIL_ALLOC);
		return;
	}
	if (fast)
		wpool_group_init(&group->group, WPOOL_GROUP_FAIL_FAST);
	else
		wpool_group_init(&group->group, 0);
	n = new_many(ctx, tts, tort_one_in(ctx, 3) ? TORT_TASK_KEYED : TORT_TASK_PLAIN);
	for (i = 0; i < n; i++)
		tts[i]->lossy = fast || cancel;
	for (i = 0; i < n; i++)
		tort_submit_group(ctx, group, tts[i]);
	if (cancel)
		tort_group_cancel(ctx, &group->group);
	if (tort_one_in(ctx, 2))
		ret = tort_group_wait_timeout(ctx, &group->group);
	if (ret == -ETIMEDOUT)
		ret = tort_group_wait(ctx, &group->group);
	memset(group, 0x6b, sizeof(*group));
	kfree(group);
	if (fast)
		tort_count(TORT_GROUP_FAIL_FAST);
	group_check(ctx, tts, n, ret);
	put_many(tts, n);
}

const struct tort_op tort_task_ops[] = {
	{ "a task",		op_single,	10 },
	{ "unwaited tasks",	op_unwaited,	6 },
	{ "a task that frees itself", tort_self, 6 },
	{ "keyed tasks",	op_keyed,	6 },
	{ "a batch",		op_batch,	4 },
	{ "wpool_run",		op_run,		4 },
	{ "a delayed task",	op_delayed,	5 },
	{ "a periodic task",	op_periodic,	3 },
	{ "another's task",	op_victim,	12 },
	{ "a group",		op_group,	5 },
	{ }
};
