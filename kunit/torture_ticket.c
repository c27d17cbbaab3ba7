// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: tickets. Any task that is submitted by itself may be submitted with one; the last one
 * is in its memory, and may stand for a submission that is over.
 */
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include "torture_arena.h"

/*
 * Of a bare function the task is wpool's; of a set it is not known which pool it comes to. And a
 * ticket is allocated, which PREEMPT_RT cannot do in a hard interrupt.
 */
bool tort_ticket_fits(const struct tort_task *tt, enum tort_kind way)
{
	return tt->tickets && way != TORT_SCHEDULE_FN && way != TORT_TRY_SCHEDULE_FN &&
	       way != TORT_SET_SCHEDULE && way != TORT_SET_TRY_SCHEDULE && !in_hardirq() &&
	       !irqs_disabled();
}

/* Nothing of that submission goes on. */
static void check_over(struct tort_ctx *ctx, struct tort_task *tt, const char *what, int ret)
{
	bool inside = ctx->frame && tt->pool == wpool_current();

	tort_check(ret == (inside ? -EDEADLK : 0), "%s: %s gave %d", tt->tp->name, what, ret);
	if (ret || tort_is_shared(tt) || tt->resubmits)
		return;
	tort_check(!wpool_task_queued(&tt->task) && !wpool_task_running(&tt->task),
		   "%s: %s left a task behind", tt->tp->name, what);
	tort_check(!tt->releases || atomic_read(&tt->released) == atomic_read(&tt->accepted),
		   "%s: %s did not wait for a release", tt->tp->name, what);
}

void tort_ticket_wait(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_mark mark;
	int ret;

	tort_begin(ctx, &mark, tt->tp, ACT_WAIT_ID);
	ret = wpool_wait_id(tt->pool, READ_ONCE(tt->ticket));
	tort_end(ctx, &mark);
	tort_count(TORT_WAIT_ID);
	check_over(ctx, tt, "wpool_wait_id()", ret);
}

void tort_ticket_flush(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_mark mark;
	int ret;

	tort_begin(ctx, &mark, tt->tp, ACT_FLUSH_TO);
	ret = wpool_flush_to(tt->pool, READ_ONCE(tt->ticket));
	tort_end(ctx, &mark);
	tort_count(TORT_FLUSH_TO);
	check_over(ctx, tt, "wpool_flush_to()", ret);
}

/* Any context. */
void tort_ticket_cancel(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_mark mark;
	int ret;

	/* As in tort_cancel(). */
	atomic_inc(&tt->cancels);
	tort_begin(ctx, &mark, tt->tp, ACT_CANCEL_ID);
	ret = wpool_cancel_id(tt->pool, READ_ONCE(tt->ticket));
	tort_end(ctx, &mark);
	if (ret)
		atomic_dec(&tt->cancels);
	else
		tort_count(TORT_CANCELLED_ID);
	tort_count(TORT_CANCEL_ID);
	tort_check(!ret || ret == -EBUSY || ret == -ENOENT, "%s: wpool_cancel_id() gave %d",
		   tt->tp->name, ret);
}

/* In its release: the ticket ends after that. */
void tort_ticket_released(struct tort_task *tt)
{
	u64 ticket = READ_ONCE(tt->ticket);

	if (!ticket || tort_is_shared(tt) || tt->resubmits)
		return;
	tort_check(wpool_cancel_id(tt->pool, ticket) == -EBUSY,
		   "%s: a ticket has ended before the release", tt->tp->name);
}

static void call_cancel(struct tort_ctx *ctx)
{
	tort_ticket_cancel(ctx, ctx->tt);
}

/* To a task that was submitted with one, perhaps by another. */
void tort_ticket_meddle(struct tort_ctx *ctx, struct tort_task *tt)
{
	ctx->tt = tt;
	switch (tort_pick(ctx, 4)) {
	case 0:
		tort_ticket_wait(ctx, tt);
		break;
	case 1:
		tort_ticket_flush(ctx, tt);
		break;
	default:
		tort_anywhere(ctx, call_cancel);
	}
}

/* --- in an arena --------------------------------------------------------------- */

static struct tort_task *new_task(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_task_new(ctx, ctx->tp, TORT_TASK_PLAIN, GFP_KERNEL);

	if (tt)
		tt->shared = tort_one_in(ctx, 3);
	return tt;
}

/* One with a ticket, or NULL. */
static struct tort_task *target(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_arena_target(ctx, false);

	if (tt && READ_ONCE(tt->ticket))
		return tt;
	if (tt)
		tort_task_put(tt);
	tt = new_task(ctx);
	if (!tt)
		return NULL;
	tt->tickets = true;
	if (!tort_submit(ctx, tt, TORT_TRY_SCHEDULE))
		return tt;
	tort_task_put(tt);
	return NULL;
}

/* Takes back, or waits for. */
void tort_by_ticket(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_task *tt = target(ctx);

	if (!tt)
		return;
	ctx->tt = tt;
	if (act == ACT_CANCEL_ID)
		tort_anywhere(ctx, call_cancel);
	else if (act == ACT_WAIT_ID)
		tort_ticket_wait(ctx, tt);
	else
		tort_ticket_flush(ctx, tt);
	tort_task_put(tt);
}

/* A release is counted as it is called. */
void tort_have_released(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_task *tt = new_task(ctx);

	if (!tt)
		return;
	tt->tickets = tort_one_in(ctx, 2);
	tort_task_releases(tt);
	if (tort_submit(ctx, tt, TORT_TRY_SCHEDULE))
		tort_task_put(tt);
	else
		tort_arena_keep(ctx, tt);
}
