// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: the ways in, the answers they may give, and waiting.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include "torture.h"

/* --- submission -------------------------------------------------------------- */

/* May wpool_schedule() and the like refuse for want of room? */
static bool may_be_refused(const struct tort_pool *tp, enum tort_kind way)
{
	if (tp->attrs.queue_depth == WPOOL_QUEUE_UNBOUNDED)
		return false;
	if (way == TORT_TRY_SCHEDULE || way == TORT_TRY_SCHEDULE_FN)
		return true;
	if (way == TORT_DELAYED)
		return false;
	return tp->attrs.max_blocked ||
	       (tp->attrs.full == WPOOL_FULL_FAIL && way != TORT_SCHEDULE_TIMEOUT);
}

/* Is this an answer that the call may give? */
int tort_account(struct tort_ctx *ctx, struct tort_pool *tp, int ret,
		 enum tort_kind way, bool shared)
{
	bool ok = false;

	switch (ret) {
	case 0:
		ok = true;
		break;
	case -EAGAIN:
		tort_count(TORT_RET_EAGAIN);
		if (way == TORT_SCHEDULE && tp->attrs.full == WPOOL_FULL_FAIL)
			tort_count(TORT_FULL_FAIL);
		ok = may_be_refused(tp, way);
		break;
	case -EBUSY:
		tort_count(TORT_RET_EBUSY);
		ok = shared;
		break;
	case -ESHUTDOWN:
		tort_count(TORT_RET_ESHUTDOWN);
		ok = READ_ONCE(tp->closing);
		break;
	case -EDEADLK:
		tort_count(TORT_RET_EDEADLK);
		ok = ctx->frame;
		break;
	case -ETIMEDOUT:
		tort_count(TORT_RET_ETIMEDOUT);
		ok = way == TORT_SCHEDULE_TIMEOUT || way == TORT_RUN_TIMEOUT;
		break;
	case -EINTR:
		tort_count(TORT_RET_EINTR);
		ok = ctx->thread && ctx->thread->killable;
		break;
	case -ENOMEM:
		tort_count(TORT_FAIL_ALLOC);
		ok = way == TORT_SCHEDULE_FN || way == TORT_TRY_SCHEDULE_FN ||
		     way == TORT_GROUP_SCHEDULE_FN || way == TORT_RUN_TIMEOUT;
		break;
	}
	tort_check(ok, "%s: way in %d gave %d (policy %d, depth %d, at most %u blocked)",
		   tp->name, way, ret, tp->attrs.full, tp->attrs.queue_depth,
		   tp->attrs.max_blocked);
	return ret;
}

static int schedule_timeout_in(struct tort_ctx *ctx, struct tort_task *tt)
{
	unsigned long timeout = tort_pick(ctx, 5), began = jiffies;
	int ret = wpool_schedule_timeout(tt->pool, &tt->task, timeout);

	if (ret == -ETIMEDOUT)
		tort_check(jiffies - began >= timeout, "%s: timed out after %lu of %lu",
			   wpool_name(tt->pool), jiffies - began, timeout);
	return ret;
}

/* In the order of their key, which one mutex makes that of submission. */
static int schedule_keyed_in(struct tort_task *tt)
{
	struct tort_key *key = tt->key;
	int ret;

	mutex_lock(&key->order);
	tt->seq = ++key->submitted;
	ret = wpool_schedule_keyed(tt->pool, &tt->keyed, tt->key_nr);
	mutex_unlock(&key->order);
	return ret;
}

static int schedule_delayed_in(struct tort_ctx *ctx, struct tort_task *tt)
{
	unsigned long delay = tort_pick(ctx, 4);

	if (!tt->shared)
		WRITE_ONCE(tt->due, jiffies + delay);
	return wpool_schedule_delayed(tt->pool, &tt->delayed, delay);
}

static int schedule_set_in(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct tort_pool *tp = tt->tp;	/* tt may be gone after the call */
	int ret = -ESHUTDOWN;

	down_read(&tp->set_sem);
	if (tp->set)
		ret = wpool_set_schedule(tp->set, &tt->task, ctx->rnd);
	up_read(&tp->set_sem);
	return ret;
}

static int submit_by(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way)
{
	switch (way) {
	case TORT_TRY_SCHEDULE:
		return wpool_try_schedule(tt->pool, &tt->task);
	case TORT_SCHEDULE_TIMEOUT:
		return schedule_timeout_in(ctx, tt);
	case TORT_SCHEDULE_FN:
		return wpool_schedule_fn(tt->pool, tort_fn, tt);
	case TORT_TRY_SCHEDULE_FN:
		return wpool_try_schedule_fn(tt->pool, tort_fn, tt);
	case TORT_KEYED:
		return schedule_keyed_in(tt);
	case TORT_DELAYED:
		return schedule_delayed_in(ctx, tt);
	case TORT_SET_SCHEDULE:
		return schedule_set_in(ctx, tt);
	default:
		return wpool_schedule(tt->pool, &tt->task);
	}
}

static bool has_order(const struct tort_task *tt)
{
	return tt->tp->fifo && tt->kind == TORT_TASK_PLAIN && !tt->shared;
}

/* Of a task in an order, or not: that depends on whether we may wait for our turn. */
static int submit_numbered(struct tort_ctx *ctx, struct tort_task *tt,
			   enum tort_kind way, bool ordered)
{
	if (tt->kind != TORT_TASK_KEYED && !tt->shared)
		tt->seq = ordered ? ++tt->tp->submitted : 0;
	return submit_by(ctx, tt, way);
}

static int submit_ordered(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way)
{
	struct tort_pool *tp = tt->tp;
	int ret;

	if (!has_order(tt) || !in_task() || irqs_disabled())
		return submit_numbered(ctx, tt, way, false);
	if (!ctx->frame) {
		mutex_lock(&tp->order);
		ret = submit_numbered(ctx, tt, way, true);
		mutex_unlock(&tp->order);
	} else if (mutex_trylock(&tp->order)) {
		ret = submit_numbered(ctx, tt, way, true);
		mutex_unlock(&tp->order);
	} else {
		ret = submit_numbered(ctx, tt, way, false);
	}
	return ret;
}

/* 0, or an error, and then a loose task is gone. */
int tort_submit(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way)
{
	struct tort_pool *tp = tt->tp;
	bool shared = tt->shared, loose = tt->loose;
	int ret = -EAGAIN;

	if (tp->attrs.queue_depth == WPOOL_QUEUE_UNBOUNDED &&
	    tort_stat(tt->pool, WPOOL_STAT_QUEUED) > TORT_MAX_QUEUED)
		goto refused;
	tort_accept(tt);
	if (ctx->thread)
		WRITE_ONCE(ctx->thread->killable, true);
	ret = tort_account(ctx, tp, submit_ordered(ctx, tt, way), way, shared);
	tort_count(way);
	if (!ret)
		return 0;
	tort_unaccept(tt);
refused:
	if (loose) {
		tort_task_unlink(tt);
		tort_task_free(tt);
	}
	return ret;
}

/* It may have been accepted, and may or may not run. */
static void run_unsure(struct tort_task *tt)
{
	WRITE_ONCE(tt->lossy, true);
	atomic64_inc(&tt->tp->unsure);
	atomic64_dec(&tt->tp->accepted);
}

static void run_account(struct tort_ctx *ctx, struct tort_task *tt, int ret,
			enum tort_kind way)
{
	const char *name = tt->tp->name;

	switch (ret) {
	case -ECANCELED:
		tort_check(READ_ONCE(tt->tp->lossy) && !atomic_read(&tt->begun),
			   "%s: a call was cancelled", name);
		break;
	case -EOWNERDEAD:
		tort_check(atomic_read(&tt->begun) == 1,
			   "%s: a call died that did not", name);
		return;
	case -ETIMEDOUT:
	case -EDEADLK:
		tort_account(ctx, tt->tp, ret, way, false);
		run_unsure(tt);
		return;
	default:
		if (atomic_read(&tt->begun)) {
			tort_check(ret == tt->result, "%s: a call gave %d, not %d",
				   name, ret, tt->result);
			return;
		}
		tort_account(ctx, tt->tp, ret, way, false);
		tort_check(ret, "%s: a call was not made", name);
		tort_unaccept(tt);
	}
	/* Not called, and never will be. */
	tort_task_unlink(tt);
	tort_task_put(tt);
}

/* Waits in the call. Accepted or not, there may be no telling. */
void tort_run(struct tort_ctx *ctx, bool timed)
{
	enum tort_kind way = timed ? TORT_RUN_TIMEOUT : TORT_RUN;
	struct tort_task *tt = tort_task_loose(ctx, ctx->tp, false, GFP_KERNEL);
	unsigned long timeout = tort_pick(ctx, 6), began = jiffies;
	int ret;

	if (!tt)
		return;
	tort_task_get(tt);
	tort_accept(tt);
	if (ctx->frame)
		ctx->frame->child = tt;
	if (timed)
		ret = wpool_run_timeout(tt->pool, tort_fn, tt, timeout);
	else
		ret = wpool_run(tt->pool, tort_fn, tt);
	if (ctx->frame)
		ctx->frame->child = NULL;
	tort_count(way);
	if (ret == -ETIMEDOUT)
		tort_check(jiffies - began >= timeout, "%s: timed out after %lu of %lu",
			   ctx->tp->name, jiffies - began, timeout);
	run_account(ctx, tt, ret, way);
	tort_task_put(tt);
}

/* --- waiting ------------------------------------------------------------------ */

/* Return: false if it was refused, for lack of a way to keep the promise. */
bool tort_wait(struct tort_ctx *ctx, struct tort_task *tt, int *result)
{
	int ret = wpool_wait(&tt->task);

	tort_count(TORT_WAIT);
	if (ret == -EDEADLK) {
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

/* Any context. */
void tort_cancel(struct tort_task *tt)
{
	/* Before: it may be over, and looked at, when the call returns. */
	atomic_inc(&tt->cancels);
	if (wpool_cancel(&tt->task))
		tort_count(TORT_CANCELLED);
	else
		atomic_dec(&tt->cancels);
	tort_count(TORT_CANCEL);
}
