// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what the tasks of an arena do. What they wait for they have made themselves.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture_arena.h"

#define MAX_GEN	3

void tort_deed_hold(struct tort_ctx *ctx)
{
	if (!tort_tame())
		tort_arena_hold(ctx);
}

/* What a task of an arena does unless told otherwise. */
void tort_deed(struct tort_ctx *ctx)
{
	enum tort_act act;

	if (tort_tame())
		return;
	if (ctx->frame->in_caller || ctx->frame->gen >= MAX_GEN || tort_one_in(ctx, 2)) {
		tort_deed_hold(ctx);
		return;
	}
	act = tort_arena_choose(ctx, ACT_INSIDE | tort_arena_ends(ctx->tp));
	if (act != NR_ACTS)
		tort_deeds[act].fn(ctx, act);
}

static void wait_for_own(struct tort_ctx *ctx, struct tort_task *tt, enum tort_act act)
{
	int result;

	switch (act) {
	case ACT_WAIT_TIMEOUT:
		tort_wait_timeout(ctx, tt);
		break;
	case ACT_CANCEL_SYNC:
		tort_cancel_sync(ctx, tt);
		break;
	default:
		tort_wait(ctx, tt, &result);
	}
}

/* Submits a task and waits for it. */
void tort_wait_inside(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_task *tt = tort_task_new(ctx, ctx->tp, TORT_TASK_PLAIN, GFP_KERNEL);

	if (!tt)
		return;
	ctx->frame->child = tt;
	ctx->submitting = true;
	if (!tort_submit(ctx, tt, tort_one_in(ctx, 2) ? TORT_SCHEDULE : TORT_TRY_SCHEDULE)) {
		ctx->submitting = false;
		if (tort_one_in(ctx, 3))
			tort_arena_hold(ctx);
		wait_for_own(ctx, tt, act);
	}
	ctx->submitting = false;
	ctx->frame->child = NULL;
	tort_task_put(tt);
}

/* Of a group that may be cancelled, or go with this stack, none is missed. */
static void submit_some(struct tort_ctx *ctx, struct wpool_group *group, bool cancel)
{
	unsigned int n = 1 + tort_pick(ctx, 3);
	struct tort_task *tt;

	ctx->submitting = true;
	while (n--) {
		tt = tort_task_unwaited(ctx, ctx->tp, false, GFP_KERNEL);
		if (!tt)
			break;
		if (cancel)
			tt->lossy = true;
		tt->grouped = true;
		tort_group_lossy(ctx, tt);
		tort_submit_group_fn(ctx, group, tt);
	}
	ctx->submitting = false;
}

void tort_group_inside(struct tort_ctx *ctx, enum tort_act act)
{
	struct tort_group *group = kzalloc(sizeof(*group), GFP_KERNEL);
	int ret = -ETIMEDOUT;

	if (!group)
		return;
	group->tp = tort_pool_get(ctx->tp);
	wpool_group_init(&group->group, 0);
	ctx->frame->group = group;
	submit_some(ctx, &group->group, act == ACT_GROUP_CANCEL);
	if (act == ACT_GROUP_CANCEL)
		tort_group_cancel(ctx, &group->group);
	if (act == ACT_GROUP_WAIT_TIMEOUT)
		ret = tort_group_wait_timeout(ctx, &group->group);
	if (ret == -ETIMEDOUT)
		ret = tort_group_wait(ctx, &group->group);
	ctx->frame->group = NULL;
	if (ret == -EDEADLK) {
		/* Nested too deep, and empty; or inside a task of it, and not over yet. */
		tort_reap_group(group);
		return;
	}
	tort_pool_put(group->tp);
	memset(group, 0x6b, sizeof(*group));
	kfree(group);
}

/* A group that goes with the stack, if this thread dies in a task that it helps with. */
void tort_stack_group(struct tort_ctx *ctx, enum tort_act act)
{
	struct wpool_group group;
	struct tort_mark mark;

	wpool_group_init(&group, 0);
	tort_begin(ctx, &mark, ctx->tp, ACT_STACK_GROUP);
	submit_some(ctx, &group, true);
	while (tort_group_wait(ctx, &group) == -EDEADLK)
		schedule_timeout_idle(1);
	tort_end(ctx, &mark);
	memset(&group, 0x6b, sizeof(group));
}
