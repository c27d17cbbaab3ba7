// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what a consumer thread does to tasks, in every way there is.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture.h"

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

	if (!thread || tort_one_in(ctx, 3)) {
		tort_count(TORT_PROCESS);
		call(ctx);
		return;
	}
	if (tort_one_in(ctx, 4)) {
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
			return tort_submit(ctx, tt, TORT_SET_SCHEDULE);
	}
	ctx->tt = tt;
	ctx->way = TORT_TRY_SCHEDULE;
	tort_anywhere(ctx, call_submit);
	return ctx->ret;
}

static void call_cancel(struct tort_ctx *ctx)
{
	tort_cancel(ctx->tt);
}

static void call_query(struct tort_ctx *ctx)
{
	wpool_task_queued(&ctx->tt->task);
	wpool_task_running(&ctx->tt->task);
	tort_check(!wpool_should_stop() || ctx->frame, "told to stop outside of a task");
	tort_count(TORT_QUERY);
}

static void cancel_sync(struct tort_task *tt)
{
	/* It also takes back what a task that it asks to stop has submitted. */
	if (tt->shared || tt->resubmits)
		WRITE_ONCE(tt->lossy, true);
	atomic_inc(&tt->cancels);
	if (!wpool_cancel_sync(&tt->task))
		atomic_dec(&tt->cancels);
	tort_count(TORT_CANCEL_SYNC);
	tort_check(tort_is_shared(tt) || tt->resubmits ||
		   !wpool_task_queued(&tt->task),
		   "%s: a task waits after wpool_cancel_sync()", tt->tp->name);
}

static void wait_timeout(struct tort_ctx *ctx, struct tort_task *tt)
{
	unsigned long timeout = tort_pick(ctx, 4), began = jiffies;
	int result, ret;

	ret = wpool_wait_timeout(&tt->task, timeout, &result);
	tort_count(TORT_WAIT_TIMEOUT);
	if (ret == -ETIMEDOUT)
		tort_check(jiffies - began >= timeout, "%s: timed out after %lu of %lu",
			   tt->tp->name, jiffies - began, timeout);
	else
		tort_check(!ret || (tort_is_shared(tt) && ret == -EINVAL),
			   "%s: a timed wait gave %d", tt->tp->name, ret);
}

/* Looks all the time: whatever state it passes through must be one of waiting. */
static void poll(struct tort_task *tt)
{
	unsigned long end = jiffies + 2;
	int ret;

	do {
		ret = wpool_wait_timeout(&tt->task, 0, NULL);
	} while (ret == -ETIMEDOUT && time_before(jiffies, end));
	tort_check(!ret || ret == -ETIMEDOUT || (tort_is_shared(tt) && ret == -EINVAL),
		   "%s: a look at a task gave %d", tt->tp->name, ret);
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
		cancel_sync(tt);
		break;
	case 2:
		wait_timeout(ctx, tt);
		break;
	case 3:
		tort_anywhere(ctx, call_query);
		break;
	case 4:
		tort_wait(ctx, tt, &result);
		break;
	default:
		poll(tt);
	}
}

static void op_single(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_task_new(ctx, ctx->tp, TORT_TASK_PLAIN, GFP_KERNEL);

	if (!tt)
		return;
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
static void op_loose(struct tort_ctx *ctx)
{
	bool bare = tort_one_in(ctx, 2);
	unsigned int n = 1 + tort_pick(ctx, 4);
	struct tort_task *tt;

	while (n--) {
		tt = tort_task_loose(ctx, ctx->tp, !bare, GFP_KERNEL);
		if (!tt)
			return;
		if (bare)
			tort_submit(ctx, tt, tort_one_in(ctx, 2) ? TORT_SCHEDULE_FN :
				    TORT_TRY_SCHEDULE_FN);
		else
			submit_somehow(ctx, tt);
	}
}

#define MANY	8

static unsigned int new_many(struct tort_ctx *ctx, struct tort_task **tts,
			     enum tort_task_kind kind)
{
	unsigned int i, n = 1 + tort_pick(ctx, MANY);

	for (i = 0; i < n; i++) {
		tts[i] = tort_task_new(ctx, ctx->tp, kind, GFP_KERNEL);
		if (!tts[i])
			break;
		tts[i]->resubmits = 0;
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
	struct tort_task *tts[MANY];
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
	struct tort_task *tts[MANY];
	struct wpool_task *tasks[MANY];
	struct wpool *pool = tort_pool_pick(ctx, ctx->tp);
	unsigned int i, n = new_many(ctx, tts, TORT_TASK_PLAIN);
	bool fifo = ctx->tp->fifo;
	int ret;

	if (fifo)
		mutex_lock(&ctx->tp->order);
	for (i = 0; i < n; i++) {
		tts[i]->pool = pool;
		tts[i]->seq = fifo ? ++ctx->tp->submitted : 0;
		tasks[i] = &tts[i]->task;
		tort_accept(tts[i]);
	}
	WRITE_ONCE(ctx->thread->killable, true);
	ret = wpool_schedule_batch(pool, tasks, n);
	if (fifo)
		mutex_unlock(&ctx->tp->order);
	tort_check(ret <= (int)n && (ret || !n), "%s: %d of a batch of %u accepted",
		   ctx->tp->name, ret, n);
	if (ret < 0)
		tort_account(ctx, ctx->tp, ret, TORT_BATCH, false);
	for (i = max(ret, 0); i < n; i++)
		tort_unaccept(tts[i]);
	tort_count(TORT_BATCH);
	put_many(tts, n);
}

static void op_run(struct tort_ctx *ctx)
{
	WRITE_ONCE(ctx->thread->killable, true);
	tort_run(ctx, tort_one_in(ctx, 2));
}

/* --- delayed ------------------------------------------------------------------------ */

static void cancel_delayed(struct tort_task *tt)
{
	atomic_inc(&tt->cancels);
	if (!wpool_cancel_delayed(&tt->delayed))
		atomic_dec(&tt->cancels);
	tort_count(TORT_CANCEL_DELAYED);
}

/* It may be a first submission, or none. */
static void modify_delayed(struct tort_ctx *ctx, struct tort_task *tt)
{
	int ret;

	WRITE_ONCE(tt->lossy, true);
	WRITE_ONCE(tt->due, 0);
	atomic64_inc(&tt->tp->unsure);
	atomic_inc(&tt->accepted);
	ret = wpool_modify_delayed(tt->pool, &tt->delayed, tort_pick(ctx, 4));
	if (tort_account(ctx, tt->tp, ret, TORT_DELAYED, true))
		atomic_dec(&tt->accepted);
	tort_count(TORT_MODIFY_DELAYED);
}

static void meddle_delayed(struct tort_ctx *ctx, struct tort_task *tt)
{
	switch (tort_pick(ctx, 4)) {
	case 0:
		cancel_delayed(tt);
		break;
	case 1:
		modify_delayed(ctx, tt);
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

/* --- other people's tasks -------------------------------------------------------------- */

static void op_victim(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_victim(ctx);

	if (!tt)
		return;
	if (tt->kind == TORT_TASK_DELAYED && tt->shared)
		meddle_delayed(ctx, tt);
	if (tt->shared && tort_one_in(ctx, 2)) {
		ctx->tt = tt;
		ctx->way = tt->kind == TORT_TASK_DELAYED ? TORT_DELAYED :
			   TORT_TRY_SCHEDULE;
		tort_anywhere(ctx, call_submit);
		tort_count(TORT_SHARED_SUBMIT);
	}
	if (atomic_read(&tt->accepted))
		meddle(ctx, tt);
	tort_task_put(tt);
}

/* --- groups ------------------------------------------------------------------------------ */

static unsigned int group_submit(struct tort_ctx *ctx, struct tort_group *group,
				 struct tort_task **tts, unsigned int n)
{
	unsigned int i, accepted = 0;
	int ret;

	for (i = 0; i < n; i++) {
		tort_accept(tts[i]);
		ret = wpool_group_schedule(&group->group, tts[i]->pool, &tts[i]->task);
		tort_account(ctx, ctx->tp, ret, TORT_GROUP_SCHEDULE, false);
		tort_count(TORT_GROUP_SCHEDULE);
		accepted += !ret;
		if (ret)
			tort_unaccept(tts[i]);
	}
	return accepted;
}

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
	struct tort_task *tts[MANY];
	bool fast = tort_one_in(ctx, 3), cancel = tort_one_in(ctx, 4);
	unsigned int i, n;
	int ret = -ETIMEDOUT;

	if (!group) {
		tort_count(TORT_FAIL_ALLOC);
		return;
	}
	if (fast)
		wpool_group_init_fail_fast(&group->group);
	else
		wpool_group_init(&group->group);
	n = new_many(ctx, tts, TORT_TASK_PLAIN);
	for (i = 0; i < n; i++)
		tts[i]->lossy = fast || cancel;
	WRITE_ONCE(ctx->thread->killable, true);
	group_submit(ctx, group, tts, n);
	if (cancel)
		wpool_group_cancel(&group->group);
	if (tort_one_in(ctx, 2))
		ret = wpool_group_wait_timeout(&group->group, tort_pick(ctx, 4));
	if (ret == -ETIMEDOUT)
		ret = wpool_group_wait(&group->group);
	memset(group, 0x6b, sizeof(*group));
	kfree(group);
	tort_count(TORT_GROUP_WAIT);
	tort_count(fast ? TORT_GROUP_FAIL_FAST : TORT_GROUP_WAIT_TIMEOUT);
	if (cancel)
		tort_count(TORT_GROUP_CANCEL);
	group_check(ctx, tts, n, ret);
	put_many(tts, n);
}

const struct tort_op tort_task_ops[] = {
	{ "a task",		op_single,	10 },
	{ "loose tasks",	op_loose,	6 },
	{ "keyed tasks",	op_keyed,	6 },
	{ "a batch",		op_batch,	4 },
	{ "wpool_run",		op_run,		4 },
	{ "a delayed task",	op_delayed,	5 },
	{ "another's task",	op_victim,	12 },
	{ "a group",		op_group,	5 },
	{ }
};
