// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: detached tasks. Each submission has a reference, which the function gives back at its
 * end, or the release if it never begins; the last frees the task. It is submitted while it
 * waits and while it runs, by a thread and by its own function. In a set it stays where it is, so
 * that it does not run beside itself.
 *
 * What a pool drops without a release gives nothing back: it is freed with its pool.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include "torture.h"

/* How it comes to its pool, or its set, whoever submits it. */
static enum tort_kind way_to(const struct tort_pool *tp)
{
	return tp->n > 1 ? TORT_SET_TRY_SCHEDULE : TORT_TRY_SCHEDULE;
}

void tort_self_begins(struct tort_frame *frame, struct tort_task *tt)
{
	frame->self = tt;
	frame->tt = NULL;
	tort_check(atomic_inc_return(&tt->inside) == 1,
		   "%s: a task that frees itself runs beside itself", tt->tp->name);
	tort_count(TORT_SELF_FREEING);
	if (tt->tp->n > 1)
		tort_count(TORT_SELF_IN_SET);
}

/* The pool does not look at it any more. */
void tort_self_ends(struct tort_frame *frame)
{
	struct tort_task *tt = frame->self;

	atomic_dec(&tt->inside);
	tort_task_put(tt);
}

/* By its own function. */
void tort_self_again(struct tort_ctx *ctx)
{
	struct tort_task *tt = ctx->frame->self;

	if (tt->resubmitted == tt->resubmits)
		return;
	tt->resubmitted++;
	if (!tort_submit(ctx, tt, way_to(tt->tp)))
		tort_count(TORT_SELF_AGAIN);
}

static void call_submit(struct tort_ctx *ctx)
{
	tort_submit(ctx, ctx->tt, ctx->way);
}

static void call_cancel(struct tort_ctx *ctx)
{
	tort_cancel(ctx, ctx->tt);
}

/* That of a set is submitted where a thread may sleep: see schedule_set_in(). */
void tort_self(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_task_self_freeing(ctx, ctx->tp, GFP_KERNEL);
	unsigned int n = 1 + tort_pick(ctx, TORT_MANY);

	if (!tt)
		return;
	ctx->tt = tt;
	ctx->way = way_to(ctx->tp);
	while (n--) {
		if (ctx->tp->n > 1)
			call_submit(ctx);
		else
			tort_anywhere(ctx, call_submit);
		if (tort_one_in(ctx, 8))
			tort_anywhere(ctx, call_cancel);
		if (tort_one_in(ctx, 8))
			tort_nap(ctx, 2);
	}
	tort_task_put(tt);
}
