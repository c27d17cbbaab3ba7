// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: waiting for tasks and groups, and taking them back.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include "torture_arena.h"

/* --- one task ------------------------------------------------------------------- */

/* Return: false if it was refused, for lack of a way to keep the promise. */
bool tort_wait(struct tort_ctx *ctx, struct tort_task *tt, int *result)
{
	struct tort_mark mark;
	int ret;

	tort_begin(ctx, &mark, tt->tp, ctx->frame ? ACT_WAIT_INSIDE : ACT_WAIT);
	ret = wpool_wait(&tt->task);
	tort_end(ctx, &mark);
	tort_count(TORT_WAIT);
	if (ret == -EDEADLK) {
		/* What had not begun was taken back. */
		WRITE_ONCE(tt->lossy, true);
		tort_count(TORT_RET_EDEADLK);
		tort_check(ctx->frame, "%s: wait refused to a thread of its own",
			   tt->tp->name);
		return false;
	}
	if (ret == -EINVAL) {
		tort_check(tort_is_shared(tt), "%s: wait for an accepted task gave %d",
			   tt->tp->name, ret);
		return false;
	}
	*result = ret;
	return true;
}

void tort_wait_timeout(struct tort_ctx *ctx, struct tort_task *tt)
{
	unsigned long timeout = tort_pick(ctx, 4), began = jiffies;
	struct tort_mark mark;
	int result, ret;

	tort_begin(ctx, &mark, tt->tp, ACT_WAIT_TIMEOUT);
	ret = wpool_wait_timeout(&tt->task, timeout, &result);
	tort_end(ctx, &mark);
	tort_count(TORT_WAIT_TIMEOUT);
	if (ret == -ETIMEDOUT)
		tort_check(jiffies - began >= timeout, "%s: timed out after %lu of %lu",
			   tt->tp->name, jiffies - began, timeout);
	else
		tort_check(!ret || (tort_is_shared(tt) && ret == -EINVAL) ||
			   (ctx->frame && ret == -EDEADLK) ||
			   (ret == -ECANCELED && wpool_should_stop()),
			   "%s: a timed wait gave %d", tt->tp->name, ret);
}

/* Looks all the time: whatever state it passes through must be one of waiting. */
void tort_poll(struct tort_ctx *ctx, struct tort_task *tt)
{
	unsigned long end = jiffies + 2;
	struct tort_mark mark;
	int ret;

	tort_begin(ctx, &mark, tt->tp, ACT_WAIT_TIMEOUT);
	do {
		ret = wpool_wait_timeout(&tt->task, 0, NULL);
	} while (ret == -ETIMEDOUT && time_before(jiffies, end));
	tort_end(ctx, &mark);
	tort_check(!ret || ret == -ETIMEDOUT || (tort_is_shared(tt) && ret == -EINVAL),
		   "%s: a look at a task gave %d", tt->tp->name, ret);
}

/* Any context. */
void tort_cancel(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_mark mark;
	bool cancelled;

	/* Before: it may be over, and looked at, when the call returns. */
	atomic_inc(&tt->cancels);
	tort_begin(ctx, &mark, tt->tp, ACT_CANCEL);
	cancelled = wpool_cancel(&tt->task);
	tort_end(ctx, &mark);
	if (cancelled)
		tort_count(TORT_CANCELLED);
	else
		atomic_dec(&tt->cancels);
	/* That of the submission. */
	if (cancelled && tt->self_freeing && !tt->releases)
		tort_task_put(tt);
	tort_count(TORT_CANCEL);
}

void tort_cancel_sync(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_mark mark;

	/* It also takes back what a task that it asks to stop has submitted. */
	if (tt->shared || tt->resubmits)
		WRITE_ONCE(tt->lossy, true);
	atomic_inc(&tt->cancels);
	tort_begin(ctx, &mark, tt->tp, ACT_CANCEL_SYNC);
	if (!wpool_cancel_sync(&tt->task))
		atomic_dec(&tt->cancels);
	tort_end(ctx, &mark);
	tort_count(TORT_CANCEL_SYNC);
	tort_check(tort_is_shared(tt) || tt->resubmits ||
		   !wpool_task_queued(&tt->task),
		   "%s: a task waits after wpool_cancel_sync()", tt->tp->name);
}

/* --- delayed ------------------------------------------------------------------------ */

void tort_cancel_delayed(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_mark mark;

	atomic_inc(&tt->cancels);
	tort_begin(ctx, &mark, tt->tp, ACT_CANCEL_DELAYED);
	if (!wpool_cancel(&tt->delayed.task))
		atomic_dec(&tt->cancels);
	tort_end(ctx, &mark);
	tort_count(TORT_CANCEL_DELAYED);
}

/* It may be a first submission, or none. */
void tort_modify_delayed(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_mark mark;
	int ret;

	WRITE_ONCE(tt->lossy, true);
	WRITE_ONCE(tt->due, 0);
	atomic64_inc(&tt->tp->unsure);
	atomic_inc(&tt->accepted);
	tort_begin(ctx, &mark, tt->tp, ACT_MODIFY_DELAYED);
	/* It may be among those that are being handed back. */
	if (tt->tp->arena)
		down_read(&tt->tp->arena->handing);
	ret = wpool_modify_delayed(tt->pool, &tt->delayed, tort_pick(ctx, 4));
	if (tt->tp->arena)
		up_read(&tt->tp->arena->handing);
	tort_end(ctx, &mark);
	if (tort_account(ctx, tt->tp, ret, TORT_DELAYED, true))
		atomic_dec(&tt->accepted);
	tort_count(TORT_MODIFY_DELAYED);
}

/* --- groups, of @ctx's pool ------------------------------------------------------------ */

int tort_group_wait(struct tort_ctx *ctx, struct wpool_group *group)
{
	struct tort_mark mark;
	int ret;

	tort_begin(ctx, &mark, ctx->tp, ctx->frame ? ACT_GROUP_WAIT_INSIDE : ACT_GROUP_WAIT);
	ret = wpool_group_wait(group);
	tort_end(ctx, &mark);
	tort_count(TORT_GROUP_WAIT);
	return ret;
}

int tort_group_wait_timeout(struct tort_ctx *ctx, struct wpool_group *group)
{
	unsigned long timeout = tort_pick(ctx, 4), began = jiffies;
	struct tort_mark mark;
	int ret;

	tort_begin(ctx, &mark, ctx->tp, ACT_GROUP_WAIT_TIMEOUT);
	ret = wpool_group_wait_timeout(group, timeout);
	tort_end(ctx, &mark);
	if (ret == -ETIMEDOUT)
		tort_check(jiffies - began >= timeout, "%s: timed out after %lu of %lu",
			   ctx->tp->name, jiffies - began, timeout);
	tort_count(TORT_GROUP_WAIT_TIMEOUT);
	/* The error of a task; or the caller was asked to stop, and must wait again. */
	return ret == -ECANCELED ? -ETIMEDOUT : ret;
}

void tort_group_cancel(struct tort_ctx *ctx, struct wpool_group *group)
{
	struct tort_mark mark;

	tort_begin(ctx, &mark, ctx->tp, ACT_GROUP_CANCEL);
	/* Whoever calls this waits for the group next. */
	if (tort_one_in(ctx, 3))
		wpool_group_cancel_sync(group);
	else
		wpool_group_cancel(group);
	tort_end(ctx, &mark);
	tort_count(TORT_GROUP_CANCEL);
}

/* --- all of a pool's --------------------------------------------------------------------- */

void tort_flush(struct tort_ctx *ctx, struct wpool *pool, bool drain)
{
	struct tort_mark mark;

	tort_begin(ctx, &mark, ctx->tp, drain ? ACT_DRAIN : ACT_FLUSH);
	if (drain)
		wpool_drain(pool);
	else
		wpool_flush(pool);
	tort_end(ctx, &mark);
	tort_count(drain ? TORT_DRAIN : TORT_FLUSH);
}
