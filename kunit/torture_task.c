// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: a task's memory, its submission and its account.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture.h"

#define POISON		0x6b
#define NR_PUBLISHED	24

static struct tort_task *published[NR_PUBLISHED];
static DEFINE_RAW_SPINLOCK(published_lock);

static LLIST_HEAD(reap_tasks);
static LLIST_HEAD(reap_groups);
static struct task_struct *reaper;

/* --- memory ----------------------------------------------------------------- */

/* What a function returns; none of what the pool itself may say. */
static int random_result(u64 *rnd)
{
	static const int results[] = { 0, 0, 1, 42, INT_MAX, -EIO, -ENODATA, -EPERM };

	return results[tort_rnd(rnd, ARRAY_SIZE(results))];
}

static void init_by_kind(struct tort_task *tt)
{
	switch (tt->kind) {
	case TORT_TASK_PLAIN:
		wpool_task_init(&tt->task, tort_fn, tt);
		break;
	case TORT_TASK_KEYED:
		wpool_keyed_task_init(&tt->keyed, tort_fn, tt);
		tt->key_nr = tort_rnd(&tt->rnd, TORT_KEYS);
		tt->key = &tt->tp->keys[tt->key_nr];
		/* A key belongs to one pool of a set. */
		tt->pool = tt->tp->pools[tt->key_nr % tt->tp->n];
		break;
	case TORT_TASK_DELAYED:
		wpool_delayed_task_init(&tt->delayed, tort_fn, tt);
		break;
	}
}

static struct tort_task *task_alloc(struct tort_ctx *ctx, struct tort_pool *tp,
				    enum tort_task_kind kind, gfp_t gfp)
{
	struct tort_task *tt = kzalloc(sizeof(*tt), gfp);

	if (!tt)
		return NULL;
	atomic_inc(&tort_live);
	tt->magic = TORT_MAGIC;
	tt->kind = kind;
	tt->tp = tp;
	tt->pool = tort_pool_pick(ctx, tp);
	tt->slot = -1;
	refcount_set(&tt->refs, 1);
	tort_pick(ctx, 2);
	tt->rnd = ctx->rnd ^ 0x5bd1e995;
	tt->result = random_result(&tt->rnd);
	tt->gen = ctx->frame ? ctx->frame->gen + 1 : 0;
	tt->may_die = tort_kill && tort_one_in(ctx, 40);
	init_by_kind(tt);
	if (tort_one_in(ctx, 4)) {
		wpool_task_set_priority(&tt->task, tort_pick(ctx, WPOOL_NR_PRIOS));
		tort_count(TORT_PRIORITY);
	}
	return tt;
}

/* Somebody is to wait for it. */
struct tort_task *tort_task_new(struct tort_ctx *ctx, struct tort_pool *tp,
				enum tort_task_kind kind, gfp_t gfp)
{
	struct tort_task *tt = task_alloc(ctx, tp, kind, gfp);

	if (!tt)
		return NULL;
	tort_pool_get(tp);
	tt->resubmits = kind == TORT_TASK_PLAIN && tort_one_in(ctx, 8) ?
			1 + tort_pick(ctx, 3) : 0;
	return tt;
}

/* Nobody will wait for it: detached, or the argument of a bare function. */
struct tort_task *tort_task_loose(struct tort_ctx *ctx, struct tort_pool *tp,
				  bool detached, gfp_t gfp)
{
	struct tort_task *tt = task_alloc(ctx, tp, TORT_TASK_PLAIN, gfp);
	unsigned long flags;

	if (!tt)
		return NULL;
	tt->loose = true;
	if (detached) {
		wpool_task_set_detached(&tt->task);
		tort_count(TORT_DETACHED);
	}
	raw_spin_lock_irqsave(&tp->loose_lock, flags);
	list_add_tail(&tt->node, &tp->loose);
	raw_spin_unlock_irqrestore(&tp->loose_lock, flags);
	return tt;
}

/* It runs, or will never. */
void tort_task_unlink(struct tort_task *tt)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&tt->tp->loose_lock, flags);
	list_del_init(&tt->node);
	raw_spin_unlock_irqrestore(&tt->tp->loose_lock, flags);
}

void tort_task_free(struct tort_task *tt)
{
	memset(tt, POISON, sizeof(*tt));
	kfree(tt);
	atomic_dec(&tort_live);
}

void tort_task_get(struct tort_task *tt)
{
	refcount_inc(&tt->refs);
}

/* The last user frees it once it has ended; who cannot wait leaves it to the reaper. */
void tort_task_put(struct tort_task *tt)
{
	if (!refcount_dec_and_test(&tt->refs))
		return;
	if (tt->loose) {
		tort_task_free(tt);
	} else if (in_task() && !irqs_disabled() && !wpool_current()) {
		tort_task_finish(tt);
	} else {
		llist_add(&tt->reap, &reap_tasks);
		wake_up_process(reaper);
	}
}

/* --- account ----------------------------------------------------------------- */

static bool may_be_lost(const struct tort_task *tt)
{
	return READ_ONCE(tt->tp->lossy) || tt->lossy ||
	       (tt->kind == TORT_TASK_DELAYED && READ_ONCE(tt->tp->closing));
}

/* @result: what the last submission came to. It has ended, and is ours alone. */
void tort_task_verify(struct tort_task *tt, int result)
{
	int accepted = atomic_read(&tt->accepted), begun = atomic_read(&tt->begun);
	int cancels = atomic_read(&tt->cancels);
	const char *name = tt->tp->name;

	tort_check(tt->magic == TORT_MAGIC, "%s: task %p: memory overwritten", name, tt);
	tort_check(begun + cancels <= accepted,
		   "%s: a task accepted %d times began %d, was cancelled %d times",
		   name, accepted, begun, cancels);
	tort_check(begun + cancels == accepted || may_be_lost(tt),
		   "%s: a task accepted %d times only began %d, was cancelled %d times",
		   name, accepted, begun, cancels);
	switch (result) {
	case -ECANCELED:
		tort_count(TORT_RET_ECANCELED);
		tort_check(cancels || may_be_lost(tt),
			   "%s: nobody cancelled a task, result -ECANCELED", name);
		break;
	case -EOWNERDEAD:
		tort_count(TORT_RET_EOWNERDEAD);
		tort_check(tt->died, "%s: a task that lives, result -EOWNERDEAD", name);
		break;
	default:
		tort_check(begun && result == tt->result, "%s: result %d, should be %d",
			   name, result, tt->result);
	}
}

/* Waits for the end of a task that is ours alone, and frees it. */
void tort_task_finish(struct tort_task *tt)
{
	struct tort_pool *tp = tt->tp;

	if (atomic_read(&tt->accepted))
		tort_task_verify(tt, wpool_wait(&tt->task));
	tort_task_free(tt);
	tort_pool_put(tp);
}

void tort_reap_group(struct tort_group *group)
{
	llist_add(&group->reap, &reap_groups);
	wake_up_process(reaper);
}

static void reap(void)
{
	struct tort_group *group, *next_group;
	struct tort_task *tt, *next;

	llist_for_each_entry_safe(tt, next, llist_del_all(&reap_tasks), reap)
		tort_task_finish(tt);
	llist_for_each_entry_safe(group, next_group, llist_del_all(&reap_groups), reap) {
		wpool_group_wait(&group->group);
		tort_pool_put(group->tp);
		kfree(group);
	}
}

static int reaper_main(void *unused)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		if (llist_empty(&reap_tasks) && llist_empty(&reap_groups)) {
			if (kthread_should_stop())
				break;
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		reap();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

int tort_reaper_start(void)
{
	struct task_struct *task = kthread_create(reaper_main, NULL, "torture-reaper");

	if (IS_ERR(task))
		return PTR_ERR(task);
	reaper = task;
	wake_up_process(reaper);
	return 0;
}

void tort_reaper_stop(void)
{
	kthread_stop(reaper);
}

/* Before the call: a task may have run when it returns. */
void tort_accept(struct tort_task *tt)
{
	atomic_inc(&tt->accepted);
	atomic64_inc(&tt->tp->accepted);
}

void tort_unaccept(struct tort_task *tt)
{
	atomic_dec(&tt->accepted);
	atomic64_dec(&tt->tp->accepted);
}

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
		ok = way == TORT_SCHEDULE_FN || way == TORT_TRY_SCHEDULE_FN ||
		     way == TORT_GROUP_SCHEDULE_FN || way == TORT_RUN_TIMEOUT;
		break;
	}
	tort_check(ok, "%s: way in %d gave %d (policy %d, depth %d, max_blocked %u, set %d, inside %d)",
		   tp->name, way, ret, tp->attrs.full, tp->attrs.queue_depth,
		   tp->attrs.max_blocked, !!tp->set, !!ctx->frame);
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
		tt->due = jiffies + delay;
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
static int submit_ordered(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way)
{
	struct tort_pool *tp = tt->tp;
	bool ordered = has_order(tt) && in_task() && !irqs_disabled();
	int ret;

	if (ordered && ctx->frame)
		ordered = mutex_trylock(&tp->order);
	else if (ordered)
		mutex_lock(&tp->order);
	if (tt->kind != TORT_TASK_KEYED && !tt->shared)
		tt->seq = ordered ? ++tp->submitted : 0;
	ret = submit_by(ctx, tt, way);
	if (ordered)
		mutex_unlock(&tp->order);
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
	tt->lossy = true;
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

/* --- tasks for others to meddle with ------------------------------------------- */

void tort_publish(struct tort_ctx *ctx, struct tort_task *tt)
{
	int slot = tort_pick(ctx, NR_PUBLISHED);
	unsigned long flags;

	raw_spin_lock_irqsave(&published_lock, flags);
	if (!published[slot]) {
		tort_task_get(tt);
		tt->slot = slot;
		published[slot] = tt;
	}
	raw_spin_unlock_irqrestore(&published_lock, flags);
}

void tort_unpublish(struct tort_task *tt)
{
	unsigned long flags;
	bool found;

	raw_spin_lock_irqsave(&published_lock, flags);
	found = tt->slot >= 0 && published[tt->slot] == tt;
	if (found)
		published[tt->slot] = NULL;
	raw_spin_unlock_irqrestore(&published_lock, flags);
	if (found)
		tort_task_put(tt);
}

/* With a reference, or NULL. Inside a task: one that it may wait for. */
struct tort_task *tort_victim(struct tort_ctx *ctx)
{
	struct tort_task *tt;
	unsigned long flags;

	raw_spin_lock_irqsave(&published_lock, flags);
	tt = published[tort_pick(ctx, NR_PUBLISHED)];
	if (tt && ctx->frame && tt->pool != wpool_current() &&
	    tt->tp->id <= ctx->tp->id)
		tt = NULL;
	if (tt)
		tort_task_get(tt);
	raw_spin_unlock_irqrestore(&published_lock, flags);
	return tt;
}
