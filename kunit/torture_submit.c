// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: submitting, and the answers that are right.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include "torture_arena.h"

/* --- submission -------------------------------------------------------------- */

/* May wpool_schedule() and the like refuse for want of room? */
static bool may_be_refused(const struct tort_pool *tp, enum tort_kind way)
{
	if (tp->attrs.queue_depth == WPOOL_QUEUE_UNBOUNDED)
		return false;
	if (way == TORT_TRY_SCHEDULE || way == TORT_TRY_SCHEDULE_FN ||
	    way == TORT_SET_TRY_SCHEDULE)
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
	case -ECANCELED:
		tort_count(TORT_RET_ECANCELED);
		/* Whoever knows it may ask it to stop; or the caller was asked. */
		ok = shared || wpool_should_stop();
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
		ok = way == TORT_SCHEDULE_TIMEOUT || way == TORT_RUN_TIMEOUT ||
		     way == TORT_GROUP_KEYED;
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
	tort_check(ok, "%s: submission %d gave %d (policy %d, depth %d, at most %u blocked)",
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

static int group_keyed_by(struct tort_ctx *ctx, struct wpool_group *group, struct tort_task *tt)
{
	switch (tort_pick(ctx, 3)) {
	case 0:
		return wpool_group_schedule_keyed(group, tt->pool, &tt->keyed, tt->key_nr);
	case 1:
		return wpool_group_schedule_keyed_timeout(group, tt->pool, &tt->keyed, tt->key_nr,
							  tort_pick(ctx, 5));
	default:
		return wpool_group_schedule_keyed_interruptible(group, tt->pool, &tt->keyed,
								tt->key_nr);
	}
}

/* In the order of their key, which one mutex makes that of submission. @group: or NULL. */
static int schedule_keyed_in(struct tort_ctx *ctx, struct wpool_group *group, struct tort_task *tt)
{
	struct tort_key *key = tt->key;
	int ret;

	mutex_lock(&key->order);
	tt->seq = ++key->submitted;
	if (group)
		ret = group_keyed_by(ctx, group, tt);
	else
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

static int schedule_set_in(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way)
{
	struct tort_pool *tp = tt->tp;	/* tt may be gone after the call */
	int ret = -ESHUTDOWN;

	down_read(&tp->set_sem);
	if (tp->set && way == TORT_SET_TRY_SCHEDULE)
		ret = wpool_set_try_schedule(tp->set, &tt->task, ctx->rnd);
	else if (tp->set)
		ret = wpool_set_schedule(tp->set, &tt->task, ctx->rnd);
	up_read(&tp->set_sem);
	return ret;
}

static enum tort_act act_of(const struct tort_task *tt, enum tort_kind way)
{
	switch (way) {
	case TORT_TRY_SCHEDULE:
		return ACT_TRY;
	case TORT_SCHEDULE_TIMEOUT:
		return ACT_TIMEOUT;
	case TORT_SCHEDULE_FN:
		return ACT_FN;
	case TORT_TRY_SCHEDULE_FN:
		return ACT_TRY_FN;
	case TORT_KEYED:
		return ACT_KEYED;
	case TORT_DELAYED:
		return ACT_DELAYED;
	default:
		return ACT_SCHEDULE;
	}
}

/* At once, or not at all; also beyond the bound, or only to a free worker. */
static int try_in(struct tort_ctx *ctx, struct tort_task *tt)
{
	if (tort_one_in(ctx, 8) && tort_stat(tt->pool, WPOOL_STAT_QUEUED) < TORT_MAX_QUEUED)
		return wpool_force_schedule(tt->pool, &tt->task);
	if (tt->tp->attrs.queue_depth != WPOOL_QUEUE_UNBOUNDED && tort_one_in(ctx, 8))
		return wpool_schedule_if_free(tt->pool, &tt->task);
	return wpool_try_schedule(tt->pool, &tt->task);
}

static int submit_by(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way)
{
	switch (way) {
	case TORT_TRY_SCHEDULE:
		return try_in(ctx, tt);
	case TORT_SCHEDULE_TIMEOUT:
		return schedule_timeout_in(ctx, tt);
	case TORT_SCHEDULE_FN:
		return wpool_schedule_fn(tt->pool, tort_fn, tt, NULL);
	case TORT_TRY_SCHEDULE_FN:
		return wpool_try_schedule_fn(tt->pool, tort_fn, tt, NULL);
	case TORT_KEYED:
		return schedule_keyed_in(ctx, NULL, tt);
	case TORT_DELAYED:
		return schedule_delayed_in(ctx, tt);
	case TORT_SET_SCHEDULE:
	case TORT_SET_TRY_SCHEDULE:
		return schedule_set_in(ctx, tt, way);
	default:
		return wpool_schedule(tt->pool, &tt->task);
	}
}

static bool has_order(const struct tort_task *tt)
{
	return tt->tp->fifo && tt->kind == TORT_TASK_PLAIN && !tt->shared;
}

/* A task does not wait for its turn: its holder may be waiting for the task's pool. */
static bool take_turn(struct tort_ctx *ctx, struct tort_pool *tp)
{
	if (ctx->frame)
		return mutex_trylock(&tp->order);
	mutex_lock(&tp->order);
	return true;
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

	if (!has_order(tt) || !in_task() || irqs_disabled() || !take_turn(ctx, tp))
		return submit_numbered(ctx, tt, way, false);
	ret = submit_numbered(ctx, tt, way, true);
	mutex_unlock(&tp->order);
	return ret;
}

/* 0, or an error, and then an unwaited task is gone. */
int tort_submit(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way)
{
	struct tort_pool *tp = tt->tp;
	bool shared = tt->shared, unwaited = tt->unwaited && !tt->self_freeing;
	enum tort_act act = act_of(tt, way);
	struct tort_mark mark;
	unsigned long slept;
	int ret = -EAGAIN;

	ctx->slept = 0;
	if ((tp->attrs.queue_depth == WPOOL_QUEUE_UNBOUNDED ||
	     tp->attrs.flags & WPOOL_RECURSIVE) &&
	    tort_stat(tt->pool, WPOOL_STAT_QUEUED) > TORT_MAX_QUEUED)
		goto refused;
	tort_accept(tt);
	if (ctx->thread)
		WRITE_ONCE(ctx->thread->killable, true);
	WRITE_ONCE(tt->way, act);
	tort_begin(ctx, &mark, tp, act);
	slept = current->nvcsw;
	ret = submit_ordered(ctx, tt, way);
	ctx->slept = current->nvcsw - slept;
	tort_end(ctx, &mark);
	tort_account(ctx, tp, ret, way, shared);
	tort_count(way);
	if (!ret)
		return 0;
	tort_unaccept(tt);
refused:
	if (unwaited) {
		tort_task_unlink(tt);
		tort_task_free(tt);
	}
	return ret;
}

/**
 * tort_submit_batch() - submit many tasks in one call
 * @ctx: of the caller
 * @pool: of @ctx->tp
 * @tts: tasks of nobody else's
 * @n: how many
 *
 * Return: how many were accepted; the others are accounted for.
 */
unsigned int tort_submit_batch(struct tort_ctx *ctx, struct wpool *pool,
			       struct tort_task **tts, unsigned int n)
{
	struct wpool_task *tasks[TORT_MANY];
	struct tort_pool *tp = ctx->tp;
	bool ordered = tp->fifo && take_turn(ctx, tp);
	struct tort_mark mark;
	unsigned int i;
	int ret;

	for (i = 0; i < n; i++) {
		tts[i]->pool = pool;
		tts[i]->seq = ordered ? ++tp->submitted : 0;
		tts[i]->way = ACT_BATCH;
		tasks[i] = &tts[i]->task;
		tort_accept(tts[i]);
	}
	if (ctx->thread)
		WRITE_ONCE(ctx->thread->killable, true);
	tort_begin(ctx, &mark, tp, ACT_BATCH);
	ret = wpool_schedule_batch(pool, tasks, n);
	tort_end(ctx, &mark);
	if (ordered)
		mutex_unlock(&tp->order);
	tort_check(ret <= (int)n && (ret || !n), "%s: %d of a batch of %u accepted",
		   tp->name, ret, n);
	if (ret < 0)
		tort_account(ctx, tp, ret, TORT_BATCH, false);
	for (i = max(ret, 0); i < n; i++)
		tort_unaccept(tts[i]);
	tort_count(TORT_BATCH);
	return max(ret, 0);
}

/* As part of a group. Return: as tort_submit(). */
int tort_submit_group(struct tort_ctx *ctx, struct tort_group *group,
		      struct tort_task *tt)
{
	enum tort_kind way = tt->kind == TORT_TASK_KEYED ? TORT_GROUP_KEYED : TORT_GROUP_SCHEDULE;
	struct tort_pool *tp = tt->tp;
	struct tort_mark mark;
	int ret;

	if (ctx->thread)
		WRITE_ONCE(ctx->thread->killable, true);
	WRITE_ONCE(tt->way, ACT_GROUP);
	tort_accept(tt);
	tort_begin(ctx, &mark, tp, ACT_GROUP);
	if (way == TORT_GROUP_KEYED)
		ret = schedule_keyed_in(ctx, &group->group, tt);
	else
		ret = wpool_group_schedule(&group->group, tt->pool, &tt->task);
	tort_end(ctx, &mark);
	tort_account(ctx, tp, ret, way, false);
	tort_count(way);
	if (ret)
		tort_unaccept(tt);
	return ret;
}

/* The same for a bare function, whose argument is gone if it is refused. */
int tort_submit_group_fn(struct tort_ctx *ctx, struct wpool_group *group,
			 struct tort_task *tt)
{
	struct tort_pool *tp = tt->tp;
	struct tort_mark mark;
	int ret;

	tt->way = ACT_GROUP_FN;
	tort_accept(tt);
	if (ctx->thread)
		WRITE_ONCE(ctx->thread->killable, true);
	tort_begin(ctx, &mark, tp, ACT_GROUP_FN);
	ret = wpool_group_schedule_fn(group, tt->pool, tort_fn, tt, NULL);
	tort_end(ctx, &mark);
	tort_account(ctx, tp, ret, TORT_GROUP_SCHEDULE_FN, false);
	tort_count(TORT_GROUP_SCHEDULE_FN);
	if (!ret)
		return 0;
	tort_unaccept(tt);
	tort_task_unlink(tt);
	tort_task_put(tt);
	return ret;
}

/* A wait that is refused to a worker nested too deep takes back what has not begun. */
void tort_group_lossy(struct tort_ctx *ctx, struct tort_task *tt)
{
	if (ctx->frame && ctx->frame->outer)
		WRITE_ONCE(tt->lossy, true);
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
		if (wpool_should_stop())
			goto unsure;
		tort_check(READ_ONCE(tt->tp->lossy) && !atomic_read(&tt->begun),
			   "%s: a call was cancelled", name);
		break;
	case -EOWNERDEAD:
		tort_check(atomic_read(&tt->begun) == 1 || tort_hooks_kill(tt->tp),
			   "%s: a call died that did not", name);
		return;
	case -ETIMEDOUT:
	case -EDEADLK:
unsure:
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

/* By hand what wpool_run() does, with the task on the stack of the caller. */
static int run_on_stack(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct wpool_task task;
	int ret;

	wpool_task_init(&task, tort_fn, tt);
	ctx->submitting = true;
	ret = wpool_schedule(tt->pool, &task);
	ctx->submitting = false;
	if (ret)
		return ret;
	if (tort_one_in(ctx, 3))
		tort_arena_hold(ctx);
	return wpool_wait(&task);
}

/* The same with a key, which others use too. */
static int run_keyed_on_stack(struct tort_ctx *ctx, struct tort_task *tt)
{
	struct wpool_keyed_task keyed;
	int ret;

	wpool_keyed_task_init(&keyed, tort_fn, tt);
	ctx->submitting = true;
	ret = wpool_schedule_keyed(tt->pool, &keyed, TORT_KEYS + tort_pick(ctx, 2));
	ctx->submitting = false;
	if (ret)
		return ret;
	if (tort_one_in(ctx, 3))
		tort_arena_hold(ctx);
	return wpool_wait(&keyed.task);
}

static int run_timed(struct tort_ctx *ctx, struct tort_task *tt)
{
	unsigned long timeout = tort_pick(ctx, 6), began = jiffies;
	int ret = wpool_run_timeout(tt->pool, tort_fn, tt, timeout, NULL);

	if (ret == -ETIMEDOUT)
		tort_check(jiffies - began >= timeout, "%s: timed out after %lu of %lu",
			   ctx->tp->name, jiffies - began, timeout);
	return ret;
}

static int run_by(struct tort_ctx *ctx, struct tort_task *tt, enum tort_act act)
{
	switch (act) {
	case ACT_STACK_TASK:
		return run_on_stack(ctx, tt);
	case ACT_STACK_KEYED:
		return run_keyed_on_stack(ctx, tt);
	case ACT_RUN_TIMEOUT:
		return run_timed(ctx, tt);
	default:
		return wpool_run(tt->pool, tort_fn, tt);
	}
}

/* Waits in the call. Accepted or not, there may be no telling. */
void tort_run(struct tort_ctx *ctx, enum tort_act act)
{
	enum tort_kind way = act == ACT_RUN_TIMEOUT ? TORT_RUN_TIMEOUT : TORT_RUN;
	struct tort_task *tt = tort_task_unwaited(ctx, ctx->tp, false, GFP_KERNEL);
	struct tort_mark mark;
	int ret;

	if (!tt)
		return;
	tort_task_get(tt);
	tort_accept(tt);
	tt->way = act;
	if (ctx->frame)
		ctx->frame->child = tt;
	tort_begin(ctx, &mark, tt->tp, act);
	ret = run_by(ctx, tt, act);
	tort_end(ctx, &mark);
	if (ctx->frame)
		ctx->frame->child = NULL;
	tort_count(way);
	run_account(ctx, tt, ret, way);
	tort_task_put(tt);
}
