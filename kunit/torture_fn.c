// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what goes on inside a task.
 *
 * A task knows the calls that its thread is inside by their frames, found by the
 * thread: one that a worker runs while it waits is not one task running more, and
 * who dies settles the accounts of all that die with it.
 */
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture.h"

#define FRAME_BITS	6

static int *tort_nowhere;

static struct {
	raw_spinlock_t		lock;
	struct hlist_head	frames;
} buckets[1 << FRAME_BITS] = {
	[0 ... (1 << FRAME_BITS) - 1] = {
		.lock = __RAW_SPIN_LOCK_UNLOCKED(buckets.lock),
	},
};

/* The innermost of the current thread. */
struct tort_frame *tort_current_frame(void)
{
	unsigned int hash = hash_ptr(current, FRAME_BITS);
	struct tort_frame *frame, *found = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&buckets[hash].lock, flags);
	hlist_for_each_entry(frame, &buckets[hash].frames, node) {
		if (frame->task == current) {
			found = frame;
			break;
		}
	}
	raw_spin_unlock_irqrestore(&buckets[hash].lock, flags);
	return found;
}

static void frame_link(struct tort_frame *frame)
{
	unsigned int hash = hash_ptr(current, FRAME_BITS);
	unsigned long flags;

	raw_spin_lock_irqsave(&buckets[hash].lock, flags);
	hlist_add_head(&frame->node, &buckets[hash].frames);
	raw_spin_unlock_irqrestore(&buckets[hash].lock, flags);
}

static void frame_unlink(struct tort_frame *frame)
{
	unsigned int hash = hash_ptr(current, FRAME_BITS);
	unsigned long flags;

	raw_spin_lock_irqsave(&buckets[hash].lock, flags);
	hlist_del(&frame->node);
	raw_spin_unlock_irqrestore(&buckets[hash].lock, flags);
}

/* --- beginning ------------------------------------------------------------------ */

static void check_key(struct tort_frame *frame, u64 seq)
{
	struct tort_key *key = frame->key;

	if (!key)
		return;
	tort_check(!atomic_xchg(&key->busy, 1), "%s: two tasks of a key at once",
		   frame->ctx.tp->name);
	tort_check(seq > READ_ONCE(key->begun),
		   "%s: task %llu of a key begins after %llu", frame->ctx.tp->name,
		   seq, key->begun);
	WRITE_ONCE(key->begun, seq);
}

/* Only what a worker takes from the queue is in order. */
static void check_order(struct tort_frame *frame, u64 seq)
{
	struct tort_pool *tp = frame->ctx.tp;

	if (!seq || frame->key || frame->outer || frame->in_caller)
		return;
	tort_check(seq > READ_ONCE(tp->begun), "%s: task %llu begins after %llu",
		   tp->name, seq, tp->begun);
	WRITE_ONCE(tp->begun, seq);
	tort_count(TORT_ORDERED_CHECK);
}

static void check_begin(struct tort_frame *frame, struct tort_task *tt)
{
	const char *name = frame->ctx.tp->name;
	int begun = atomic_inc_return(&tt->begun);
	unsigned long due = READ_ONCE(tt->due);

	tort_check(tt->magic == TORT_MAGIC, "%s: task %p: memory overwritten", name, tt);
	tort_check(begun <= atomic_read(&tt->accepted),
		   "%s: a task accepted %d times begins for the %dth time", name,
		   atomic_read(&tt->accepted), begun);
	tort_check(!due || !time_before(jiffies, due),
		   "%s: a delayed task is %lu jiffies early", name, due - jiffies);
	tort_check(frame->in_caller || !tort_frozen() ||
		   !(tt->tp->attrs.flags & WPOOL_FREEZABLE),
		   "%s: a task begins while the pool is frozen", name);
	if (!tt->loose && !tt->shared)
		tort_check(wpool_task_running(&tt->task),
			   "%s: a task runs that does not", name);
}

static void frame_init(struct tort_frame *frame, struct tort_task *tt)
{
	*frame = (struct tort_frame) {
		.task		= current,
		.outer		= tort_current_frame(),
		.ctx		= { .rnd = tt->rnd, .tp = tt->tp, .frame = frame },
		.tt		= tt,
		.key		= tt->key,
		.gen		= tt->gen,
		.result		= tt->result,
		.in_caller	= !tort_pool_is_current(tt->tp),
		.may_die	= tt->may_die,
	};
	/* A worker of this pool that finds it full may run it in its own call. */
	if (frame->outer && frame->outer->ctx.submitting)
		frame->in_caller = true;
	frame->counted = !frame->in_caller && !frame->outer;
	tt->rnd += 2;	/* the next run does something else */
}

static void frame_begin(struct tort_frame *frame, struct tort_task *tt)
{
	frame_init(frame, tt);
	check_begin(frame, tt);
	tort_pool_enter(frame->ctx.tp, frame->counted);
	check_key(frame, tt->seq);
	check_order(frame, tt->seq);
	frame_link(frame);
	if (frame->in_caller) {
		atomic64_inc(&frame->ctx.tp->in_caller);
		tort_count(TORT_CALLER_RUNS);
	} else if (frame->outer) {
		tort_count(TORT_NESTED);
	}
	if (!tt->loose)
		return;
	/* The pool does not look at it any more: free it now. */
	tort_task_unlink(tt);
	frame->tt = NULL;
	tort_task_put(tt);
}

static void frame_end(struct tort_frame *frame)
{
	struct tort_pool *tp = frame->ctx.tp;

	frame_unlink(frame);
	if (frame->key)
		atomic_set(&frame->key->busy, 0);
	tort_pool_leave(tp, frame->counted);
}

/* --- death ------------------------------------------------------------------------ */

/* What a caller runs cannot be buried: only its worker can. */
static bool may_die(const struct tort_frame *frame)
{
	if (!frame->may_die || tort_stopping())
		return false;
	for (; frame; frame = frame->outer) {
		if (frame->in_caller)
			return false;
	}
	return true;
}

/* Takes the worker down, and with it all that it is inside. */
static void die(struct tort_frame *innermost)
{
	struct tort_frame *frame;

	if (innermost->outer)
		tort_count(TORT_NESTED_DEATH);
	for (frame = innermost; frame; frame = frame->outer) {
		if (frame->tt)
			frame->tt->died = true;
		if (frame->child) {
			tort_unpublish(frame->child);
			tort_task_put(frame->child);
		}
		if (frame->group)
			tort_reap_group(frame->group);
		atomic64_inc(&frame->ctx.tp->died);
		tort_count(TORT_DEATH);
		frame_end(frame);
	}
	if (tort_kill_hard)
		WRITE_ONCE(*tort_nowhere, 0);
	kthread_complete_and_exit(NULL, 0);
}

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
	if (!tort_one_in(ctx, 20))
		return;
	tort_nap(ctx, HZ);
	tort_count(TORT_SLOW);
}

static void do_until_stopped(struct tort_ctx *ctx)
{
	unsigned long end = jiffies + HZ / 10 + 1;

	while (!wpool_should_stop() && time_before(jiffies, end))
		schedule_timeout_idle(1);
	if (wpool_should_stop())
		tort_count(TORT_STOPPED);
}

static void do_resubmit(struct tort_ctx *ctx)
{
	struct tort_task *tt = ctx->frame->tt;

	if (!tt || tt->resubmitted == tt->resubmits)
		return;
	tt->resubmitted++;
	tt->seq = 0;
	tort_accept(tt);
	if (tort_account(ctx, ctx->tp, wpool_try_schedule(tt->pool, &tt->task),
			 TORT_TRY_SCHEDULE, true))	/* may be its second time */
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

static void do_child_loose(struct tort_ctx *ctx)
{
	bool bare = tort_one_in(ctx, 2);
	struct tort_task *tt = tort_task_loose(ctx, ctx->tp, !bare, GFP_KERNEL);

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
	if (tort_one_in(ctx, 2))
		tort_publish(ctx, tt);
	ctx->frame->child = tt;
	if (!submit_inside(ctx, tt, random_way(ctx))) {
		if (tort_one_in(ctx, 4))
			tort_cancel(tt);
		if (tort_one_in(ctx, 3))
			wpool_wait_timeout(&tt->task, tort_pick(ctx, 3), NULL);
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
		tort_run(ctx, tort_one_in(ctx, 2));
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
		tort_cancel(tt);
		break;
	case 1:
		wpool_wait_timeout(&tt->task, tort_pick(ctx, 3), NULL);
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
	wpool_group_init(&group->group);
	ctx->frame->group = group;
	ctx->submitting = true;
	while (n--) {
		tt = tort_task_loose(ctx, ctx->tp, false, GFP_KERNEL);
		if (!tt)
			break;
		tt->gen = TORT_MAX_GEN;
		tort_count(TORT_GROUP_SCHEDULE_FN);
		tort_accept(tt);
		if (!tort_account(ctx, ctx->tp,
				  wpool_group_schedule_fn(&group->group, tt->pool,
							  tort_fn, tt),
				  TORT_GROUP_SCHEDULE_FN, false))
			continue;
		tort_unaccept(tt);
		tort_task_unlink(tt);
		tort_task_put(tt);
	}
	ctx->submitting = false;
	ret = wpool_group_wait(&group->group);
	ctx->frame->group = NULL;
	if (ret == -EDEADLK) {
		/* Nested too deep to help: not over yet. */
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
	if (!tort_one_in(ctx, 5) || ctx->tp->is_default || ctx->tp->n > 1)
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
	do_resubmit, do_child_loose, do_child_wait, do_child_wait, do_run,
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

	frame_begin(&frame, tt);
	if (frame.tt && tt->scene)
		tt->scene(tt);
	else
		act(&frame);
	/* Also one that was not asked for yet when it began. */
	do_resubmit(&frame.ctx);
	if (may_die(&frame))
		die(&frame);
	frame_end(&frame);
	atomic64_inc(&frame.ctx.tp->returned);
	return frame.result;
}
