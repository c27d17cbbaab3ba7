// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what goes on inside a task.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture.h"

/* --- what a task does --------------------------------------------------------------- */

void tort_nap(struct tort_ctx *ctx, unsigned int most)
{
	schedule_timeout_idle(1 + tort_pick(ctx, most));
}

static void do_spin(struct tort_ctx *ctx)
{
	udelay(tort_pick(ctx, 100));
}

static void do_sleep(struct tort_ctx *ctx)
{
	tort_nap(ctx, 2);
}

static void do_slow(struct tort_ctx *ctx)
{
	bool watched = ctx->tp->attrs.watchdog_ms;

	if (!tort_one_in(ctx, watched ? 4 : 10))
		return;
	tort_nap(ctx, watched ? 2 * HZ : HZ);
	tort_count(TORT_SLOW);
}

static void do_until_stopped(struct tort_ctx *ctx)
{
	unsigned long end = jiffies + HZ;

	while (!wpool_should_stop() && time_before(jiffies, end))
		schedule_timeout_idle(1);
	if (wpool_should_stop())
		tort_count(TORT_STOPPED);
}

static int resubmit(struct tort_ctx *ctx, struct tort_task *tt)
{
	if (tt->kind == TORT_TASK_DELAYED)
		return wpool_schedule_delayed(tt->pool, &tt->delayed, tort_pick(ctx, 3));
	return wpool_try_schedule(tt->pool, &tt->task);
}

static void do_resubmit(struct tort_ctx *ctx)
{
	struct tort_task *tt = ctx->frame->tt;

	if (!tt || tt->resubmitted == tt->resubmits)
		return;
	tt->resubmitted++;
	tt->seq = 0;
	tort_accept(tt);
	/* It may be its second time. */
	if (tort_account(ctx, ctx->tp, resubmit(ctx, tt), TORT_TRY_SCHEDULE, true))
		tort_unaccept(tt);
	tort_count(TORT_RESUBMIT);
}

static enum tort_kind random_way(struct tort_ctx *ctx)
{
	static const enum tort_kind ways[] = {
		TORT_SCHEDULE, TORT_TRY_SCHEDULE, TORT_SCHEDULE_TIMEOUT
	};

	return ways[tort_pick(ctx, ARRAY_SIZE(ways))];
}

static int submit_inside(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way)
{
	int ret;

	tort_count(TORT_IN_TASK);
	ctx->submitting = true;
	ret = tort_submit(ctx, tt, way);
	ctx->submitting = false;
	return ret;
}

static void do_child_unwaited(struct tort_ctx *ctx)
{
	bool bare = tort_one_in(ctx, 2);
	struct tort_task *tt = tort_task_unwaited(ctx, ctx->tp, !bare, GFP_KERNEL);

	if (tt)
		submit_inside(ctx, tt, bare ? TORT_TRY_SCHEDULE_FN : random_way(ctx));
}

/* Submits a task and waits for it, to its own pool or a younger one. */
static void do_child_wait(struct tort_ctx *ctx)
{
	struct tort_pool *younger = tort_one_in(ctx, 3) ? tort_pool_any(ctx) : NULL;
	struct tort_task *tt = tort_task_new(ctx, younger ?: ctx->tp,
					     TORT_TASK_PLAIN, GFP_KERNEL);
	int result;

	/* The task has a reference, which outlives us. */
	if (younger)
		tort_pool_put(younger);
	if (!tt)
		return;
	tort_task_may_release(ctx, tt);
	if (tort_one_in(ctx, 2))
		tort_publish(ctx, tt);
	ctx->frame->child = tt;
	if (!submit_inside(ctx, tt, random_way(ctx))) {
		if (tort_one_in(ctx, 4))
			tort_cancel(ctx, tt);
		if (tort_one_in(ctx, 3))
			tort_wait_timeout(ctx, tt);
		else
			tort_wait(ctx, tt, &result);
		tort_count(TORT_WAIT_INSIDE);
	}
	ctx->frame->child = NULL;
	tort_unpublish(tt);
	tort_task_put(tt);
}

/* Of its own pool. Where the caller may run it, it could not die in there. */
static void do_run(struct tort_ctx *ctx)
{
	if (ctx->tp->attrs.full != WPOOL_FULL_CALLER_RUNS)
		tort_run(ctx, tort_one_in(ctx, 2) ? ACT_RUN_TIMEOUT : ACT_RUN);
}

/* Of this pool or a younger one: may close a circle. */
static void do_wait_shared(struct tort_ctx *ctx)
{
	struct tort_task *tt = tort_victim(ctx);
	int result;

	if (!tt)
		return;
	if (!atomic_read(&tt->accepted)) {
		tort_task_put(tt);
		return;
	}
	ctx->frame->child = tt;
	switch (tort_pick(ctx, 4)) {
	case 0:
		tort_cancel(ctx, tt);
		break;
	case 1:
		tort_wait_timeout(ctx, tt);
		break;
	default:
		tort_wait(ctx, tt, &result);
	}
	ctx->frame->child = NULL;
	tort_count(TORT_WAIT_SHARED);
	tort_task_put(tt);
}

static void do_group(struct tort_ctx *ctx)
{
	struct tort_group *group = kzalloc(sizeof(*group), GFP_KERNEL);
	struct tort_task *tt;
	unsigned int n = 1 + tort_pick(ctx, 3);
	int ret;

	if (!group)
		return;
	group->tp = tort_pool_get(ctx->tp);
	wpool_group_init(&group->group, 0);
	ctx->frame->group = group;
	ctx->submitting = true;
	while (n--) {
		tt = tort_task_unwaited(ctx, ctx->tp, false, GFP_KERNEL);
		if (!tt)
			break;
		tt->gen = TORT_MAX_GEN;
		tort_group_lossy(ctx, tt);
		tort_submit_group_fn(ctx, &group->group, tt);
	}
	ctx->submitting = false;
	ret = tort_group_wait(ctx, &group->group);
	ctx->frame->group = NULL;
	if (ret == -EDEADLK) {
		/* Inside a task of the group: not over yet. Nested too deep: it is. */
		tort_count(TORT_RET_EDEADLK);
		tort_reap_group(group);
		return;
	}
	tort_count(TORT_GROUP_INSIDE);
	tort_pool_put(group->tp);
	memset(group, 0x6b, sizeof(*group));
	kfree(group);
}

/* Would wait for themselves: refused, and but for the first with a message each. */
static void do_refused(struct tort_ctx *ctx)
{
	struct tort_task *self = ctx->frame->tt;

	if (self) {
		tort_check(wpool_wait(&self->task) == -EDEADLK,
			   "%s: a task waited for itself", ctx->tp->name);
		tort_count(TORT_RET_EDEADLK);
	}
	if (!tort_one_in(ctx, 2) || ctx->tp->is_default || ctx->tp->n > 1)
		return;
	tort_check(wpool_destroy(ctx->tp->pools[0]) == -EDEADLK,
		   "%s: destroyed from inside", ctx->tp->name);
	tort_check(wpool_await_termination(ctx->tp->pools[0], 1) == -EDEADLK,
		   "%s: its end awaited from inside", ctx->tp->name);
	wpool_flush(ctx->tp->pools[0]);
	tort_count(TORT_DESTROY_INSIDE);
}

/* A pool of its own, used once. */
static void do_pool(struct tort_ctx *ctx)
{
	struct wpool_attrs attrs = { .capacity = 1 + tort_pick(ctx, 2) };
	struct tort_pool *tp;

	if (!tort_one_in(ctx, 20))
		return;
	tp = tort_pool_create(ctx, &attrs);
	if (tp)
		tort_pool_destroy(tp);
}

static void (* const deeds[])(struct tort_ctx *ctx) = {
	do_spin, do_spin, do_spin, do_sleep, do_slow, do_until_stopped,
	do_resubmit, do_child_unwaited, do_child_wait, do_child_wait, do_run,
	do_wait_shared, do_wait_shared, do_group, do_refused, do_pool,
};

#define NR_LEAF_DEEDS	6

static void act(struct tort_frame *frame)
{
	struct tort_ctx *ctx = &frame->ctx;

	/* Half of all do nothing, so that much happens. */
	if (tort_bursting() || tort_one_in(ctx, 2))
		return;
	if (frame->in_caller || frame->gen >= TORT_MAX_GEN || tort_tame())
		deeds[tort_pick(ctx, NR_LEAF_DEEDS)](ctx);
	else
		deeds[tort_pick(ctx, ARRAY_SIZE(deeds))](ctx);
}

/* The function of all tasks. */
int tort_fn(void *arg)
{
	struct tort_task *tt = arg;
	struct tort_frame frame;

	if (tt->periodic) {
		/* Perhaps: not if the pool is closing, or if it was submitted by hand. */
		atomic64_inc(&tt->tp->unsure);
		atomic_inc(&tt->accepted);
		tort_count(TORT_PERIODIC);
	}
	tort_frame_begin(&frame, tt);
	if (frame.tt && tt->scene)
		tt->scene(tt);
	else if (frame.deed)
		frame.deed(&frame.ctx);
	else
		act(&frame);
	/* Also one that was not asked for yet when it began. */
	do_resubmit(&frame.ctx);
	if (frame.self)
		tort_self_again(&frame.ctx);
	if (frame.may_die && tort_may_die(&frame))
		tort_die(&frame);
	tort_frame_end(&frame);
	atomic64_inc(&frame.ctx.tp->returned);
	return frame.result;
}
