// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: tasks that wait for what others do. As tasks begin in the order in which
 * they were accepted, who waits for what an earlier one does, or the next, is served.
 */
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture_arena.h"

static void give(struct tort_ctx *ctx)
{
	if (ctx->tp->arena)
		tort_arena_hold(ctx);
	complete_all(ctx->frame->deed_arg);
}

/* In its submitter it would wait for nobody. */
static void take(struct tort_ctx *ctx)
{
	struct tort_mark mark;

	if (ctx->frame->in_caller)
		return;
	tort_begin(ctx, &mark, ctx->tp, ACT_DEPEND);
	wait_for_completion(ctx->frame->deed_arg);
	tort_end(ctx, &mark);
}

static void set_up(struct tort_task *tt, struct completion *given,
		   void (*deed)(struct tort_ctx *ctx))
{
	tt->deed = deed;
	tt->deed_arg = given;
	tt->may_die = false;
	tt->resubmits = 0;
	wpool_task_set_priority(&tt->task, WPOOL_PRIO_NORMAL);
}

static void call_submit(struct tort_ctx *ctx)
{
	ctx->ret = tort_submit(ctx, ctx->tt, ctx->way);
}

static int submit(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way)
{
	ctx->tt = tt;
	ctx->way = way;
	if (way == TORT_TRY_SCHEDULE)
		tort_anywhere(ctx, call_submit);
	else
		call_submit(ctx);
	return ctx->ret;
}

static enum tort_kind random_way(struct tort_ctx *ctx)
{
	static const enum tort_kind ways[] = {
		TORT_SCHEDULE, TORT_TRY_SCHEDULE, TORT_SCHEDULE_TIMEOUT
	};

	return ways[tort_pick(ctx, ARRAY_SIZE(ways))];
}

/* --- in an arena ---------------------------------------------------------------- */

static struct tort_task *new_task(struct tort_ctx *ctx, struct completion *given,
				  void (*deed)(struct tort_ctx *ctx))
{
	struct tort_task *tt = tort_task_new(ctx, ctx->tp, TORT_TASK_PLAIN, GFP_KERNEL);

	if (tt)
		set_up(tt, given, deed);
	return tt;
}

/* A task waits for an earlier one; if that never runs, we see to it. */
void tort_depend(struct tort_ctx *ctx, enum tort_act act)
{
	DECLARE_COMPLETION_ONSTACK(given);
	struct tort_task *giver, *taker;
	int result, ret = -ENOMEM;

	giver = new_task(ctx, &given, give);
	if (!giver)
		return;
	if (submit(ctx, giver, random_way(ctx))) {
		tort_task_put(giver);
		return;
	}
	taker = new_task(ctx, &given, take);
	if (taker)
		ret = submit(ctx, taker, random_way(ctx));
	tort_wait(ctx, giver, &result);
	complete_all(&given);
	if (!ret)
		tort_wait(ctx, taker, &result);
	if (taker)
		tort_task_put(taker);
	tort_task_put(giver);
}

/* --- a scene ---------------------------------------------------------------------- */

#define MOST_PAIRS	64

struct depends {
	struct tort_pool	*tp;
	unsigned int		n;
	enum tort_kind		way;
	bool			detached;
	struct completion	given[MOST_PAIRS];
	struct tort_task	*tts[2 * MOST_PAIRS];
	unsigned int		nr_tts;
};

static bool add(struct tort_ctx *ctx, struct depends *depends, unsigned int i,
		void (*deed)(struct tort_ctx *ctx))
{
	bool bare = depends->way == TORT_SCHEDULE_FN || depends->way == TORT_TRY_SCHEDULE_FN;
	struct tort_task *tt;
	bool accepted;

	if (bare || depends->detached)
		tt = tort_task_unwaited(ctx, depends->tp, !bare, GFP_KERNEL);
	else
		tt = tort_task_new(ctx, depends->tp, TORT_TASK_PLAIN, GFP_KERNEL);
	if (!tt)
		return false;
	set_up(tt, &depends->given[i], deed);
	if (bare)
		return !submit(ctx, tt, depends->way);
	/* Freed while it waits, a detached one would hold up the next at its address. */
	if (tt->unwaited)
		tort_task_get(tt);
	accepted = !submit(ctx, tt, depends->way);
	if (accepted || !tt->unwaited)
		depends->tts[depends->nr_tts++] = tt;
	return accepted;
}

static void add_giver(struct tort_ctx *ctx, struct depends *depends, unsigned int i)
{
	if (!add(ctx, depends, i, give))
		complete_all(&depends->given[i]);
}

/* Both at once. */
static void add_pair(struct tort_ctx *ctx, struct depends *depends, unsigned int i)
{
	struct tort_task **tts = &depends->tts[depends->nr_tts];
	struct tort_pool *own = ctx->tp;
	unsigned int accepted;

	tts[0] = tort_task_new(ctx, depends->tp, TORT_TASK_PLAIN, GFP_KERNEL);
	if (!tts[0])
		return;
	tts[1] = tort_task_new(ctx, depends->tp, TORT_TASK_PLAIN, GFP_KERNEL);
	depends->nr_tts += tts[1] ? 2 : 1;
	set_up(tts[0], &depends->given[i], take);
	if (tts[1])
		set_up(tts[1], &depends->given[i], give);
	ctx->tp = depends->tp;
	accepted = tort_submit_batch(ctx, depends->tp->pools[0], tts, tts[1] ? 2 : 1);
	ctx->tp = own;
	if (accepted < 2)
		complete_all(&depends->given[i]);
}

/* --- by several threads ---------------------------------------------------------- */

/* A thread that submits in another's stead. */
struct helper {
	struct depends		*depends;
	struct tort_ctx		ctx;
	struct task_struct	*thread;
};

static int helper_end(void)
{
	while (!kthread_should_stop())
		schedule_timeout_idle(1);
	return 0;
}

static void add_takers(struct tort_ctx *ctx, struct depends *depends)
{
	unsigned int i;

	for (i = 0; i < depends->n; i++)
		add(ctx, depends, i, take);
}

static int taker_main(void *data)
{
	struct helper *helper = data;

	add_takers(&helper->ctx, helper->depends);
	return helper_end();
}

static void quick(struct tort_ctx *ctx)
{
}

static int quick_main(void *data)
{
	struct helper *helper = data;
	unsigned int n = 4 * MOST_PAIRS;
	struct tort_task *tt;

	while (n-- && !kthread_should_stop()) {
		tt = tort_task_unwaited(&helper->ctx, helper->ctx.tp, false, GFP_KERNEL);
		if (!tt)
			break;
		tt->deed = quick;
		tt->may_die = false;
		tort_submit(&helper->ctx, tt, TORT_TRY_SCHEDULE_FN);
		cond_resched();
	}
	return helper_end();
}

static void helper_start(struct tort_ctx *ctx, struct depends *depends,
			 struct helper *helper, int (*fn)(void *data))
{
	helper->depends = depends;
	helper->ctx = (struct tort_ctx) { .rnd = ctx->rnd + 1, .tp = depends->tp };
	helper->thread = kthread_run(fn, helper, "torture-helper");
}

static void helper_join(struct helper *helper)
{
	if (!IS_ERR(helper->thread))
		kthread_stop(helper->thread);
}

/*
 * 73: one submits what the others wait for; told that it has, another submits those; and
 * a third quick tasks all the while.
 */
static void add_by_threads(struct tort_ctx *ctx, struct depends *depends)
{
	struct helper taker, quick;
	unsigned int i;

	helper_start(ctx, depends, &quick, quick_main);
	for (i = 0; i < depends->n; i++)
		add_giver(ctx, depends, i);
	helper_start(ctx, depends, &taker, taker_main);
	if (IS_ERR(taker.thread))
		add_takers(ctx, depends);
	helper_join(&taker);
	helper_join(&quick);
	tort_count(TORT_SCENE_THREADS);
}

static void add_all(struct tort_ctx *ctx, struct depends *depends)
{
	unsigned int i;

	if (depends->way == TORT_BATCH) {
		for (i = 0; i < depends->n; i++)
			add_pair(ctx, depends, i);
	} else if (tort_one_in(ctx, 3)) {
		add_by_threads(ctx, depends);
	} else if (tort_one_in(ctx, 2)) {
		for (i = 0; i < depends->n; i++) {
			add(ctx, depends, i, take);
			add_giver(ctx, depends, i);
		}
	} else {
		for (i = 0; i < depends->n; i++)
			add_giver(ctx, depends, i);
		add_takers(ctx, depends);
	}
}

/*
 * 72 to 74: each waits for the next, or all for earlier ones; as many of them as there
 * may be workers, or far more. That none hangs is for the watchdog to see.
 */
void tort_scene_depend(struct tort_ctx *ctx)
{
	static const enum tort_kind ways[] = {
		TORT_SCHEDULE, TORT_TRY_SCHEDULE, TORT_SCHEDULE_FN, TORT_TRY_SCHEDULE_FN,
		TORT_BATCH
	};
	static const unsigned int numbers[] = { 2, 8, MOST_PAIRS };
	struct wpool_attrs attrs = {
		.capacity = tort_one_in(ctx, 2) ? 2 : 4,
		.queue_depth = WPOOL_QUEUE_UNBOUNDED,
		.flags = tort_one_in(ctx, 2) ? WPOOL_PREALLOC : 0,
		.spin_us = tort_pick(ctx, 2) * 50,
	};
	struct depends *depends;
	unsigned int i;

	depends = kzalloc(sizeof(*depends), GFP_KERNEL);
	if (!depends)
		return;
	for (i = 0; i < MOST_PAIRS; i++)
		init_completion(&depends->given[i]);
	depends->n = numbers[tort_pick(ctx, ARRAY_SIZE(numbers))];
	depends->way = ways[tort_pick(ctx, ARRAY_SIZE(ways))];
	depends->detached = tort_one_in(ctx, 3);
	depends->tp = tort_pool_create(ctx, &attrs);
	if (depends->tp) {
		add_all(ctx, depends);
		tort_count(TORT_SCENE_DEPEND);
		tort_pool_destroy(depends->tp);
	}
	for (i = 0; i < depends->nr_tts; i++)
		tort_task_put(depends->tts[i]);
	kfree(depends);
}
