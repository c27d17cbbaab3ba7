// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what wpool_shutdown_now() hands back is awaited, cancelled, freed at once or
 * submitted again by the thread that got it, while others wait for it or cancel it.
 *
 * Those others do not free it meanwhile: the arena hoards its tasks. Only what nobody
 * else knows of is freed; another thread that gets it leaves it alone.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture_arena.h"

#define MOST		16
#define MOST_OWN	3

struct back {
	struct tort_task	*own[MOST_OWN];	/* of nobody else */
	unsigned int		nr_own;
	struct tort_task	*tts[MOST];	/* handed back, of all */
	unsigned int		n;
	struct tort_task	*freed[MOST_OWN];	/* handed back, and its own */
	unsigned int		nr_freed;
};

static void add_own(struct tort_ctx *ctx, struct back *back)
{
	struct tort_task *tt;
	bool private = ctx->private;

	ctx->private = true;
	while (back->nr_own < MOST_OWN) {
		tt = tort_task_new(ctx, ctx->tp, TORT_TASK_PLAIN, GFP_KERNEL);
		if (!tt)
			break;
		tt->deed = tort_deed_hold;
		tt->own = true;
		if (tort_submit(ctx, tt, TORT_TRY_SCHEDULE)) {
			tort_task_put(tt);
			break;
		}
		back->own[back->nr_own++] = tt;
	}
	ctx->private = private;
}

static bool take_own(struct back *back, struct tort_task *tt)
{
	unsigned int i;

	for (i = 0; i < back->nr_own; i++) {
		if (back->own[i] == tt) {
			back->own[i] = back->own[--back->nr_own];
			back->freed[back->nr_freed++] = tt;
			return true;
		}
	}
	return false;
}

/* Off the list with all of them, before anybody may submit one of them again. */
static void get_back(struct tort_ctx *ctx, struct back *back)
{
	struct tort_arena *arena = ctx->tp->arena;
	struct wpool_task *task, *next;
	struct tort_task *tt;
	LIST_HEAD(unrun);

	down_write(&arena->handing);
	tort_shutdown_now(ctx, ctx->tp, &unrun);
	list_for_each_entry_safe(task, next, &unrun, node) {
		list_del(&task->node);
		tt = container_of(task, struct tort_task, task);
		tort_check(tt->magic == TORT_MAGIC, "%s: handed back: not ours", ctx->tp->name);
		if (!take_own(back, tt) && !tt->own && back->n < MOST)
			back->tts[back->n++] = tt;
	}
	up_write(&arena->handing);
}

/* It is cancelled and not waited for, whichever thread may submit it: the list says so. */
static void back_wait(struct tort_ctx *ctx, struct tort_task *tt)
{
	int result;

	if (tort_wait(ctx, tt, &result))
		tort_check(result == -ECANCELED || tt->shared,
			   "%s: handed back, its result is %d", ctx->tp->name, result);
}

static void back_cancel(struct tort_ctx *ctx, struct tort_task *tt)
{
	tort_check(tt->shared || !wpool_cancel(&tt->task),
		   "%s: handed back, and cancelled", ctx->tp->name);
}

static void back_submit(struct tort_ctx *ctx, struct tort_task *tt)
{
	if (!tt->shared || tt->kind == TORT_TASK_KEYED)
		return;
	down_read(&ctx->tp->arena->handing);
	tort_submit(ctx, tt, tt->kind == TORT_TASK_DELAYED ? TORT_DELAYED : TORT_TRY_SCHEDULE);
	up_read(&ctx->tp->arena->handing);
}

static void back_free(struct tort_task *tt)
{
	struct tort_pool *tp = tt->tp;

	tort_task_verify(tt, -ECANCELED);
	tort_task_free(tt);
	tort_pool_put(tp);
}

static void use(struct tort_ctx *ctx, struct back *back, enum tort_act act)
{
	unsigned int i;

	if (act == ACT_BACK_SUBMIT && !tort_await(ctx, ctx->tp, ctx->tp->pools[0]))
		tort_restart(ctx, ctx->tp, ctx->tp->pools[0]);
	for (i = 0; i < back->n; i++) {
		if (act == ACT_BACK_WAIT)
			back_wait(ctx, back->tts[i]);
		else if (act == ACT_BACK_CANCEL)
			back_cancel(ctx, back->tts[i]);
		else if (act == ACT_BACK_SUBMIT)
			back_submit(ctx, back->tts[i]);
	}
	while (back->nr_freed)
		back_free(back->freed[--back->nr_freed]);
}

/*
 * What another thread got of them has ended, and yet is on its list for as long as it has
 * that lock. Not under it do we wait: a task may need it, too.
 */
static void put_own(struct tort_ctx *ctx, struct back *back)
{
	unsigned int i;

	for (i = 0; i < back->nr_own; i++)
		wpool_wait(&back->own[i]->task);
	down_read(&ctx->tp->arena->handing);
	up_read(&ctx->tp->arena->handing);
	while (back->nr_own)
		tort_task_put(back->own[--back->nr_own]);
}

void tort_back(struct tort_ctx *ctx, enum tort_act act)
{
	struct back *back = kzalloc(sizeof(*back), GFP_KERNEL);
	struct tort_mark mark;

	if (!back)
		return;
	add_own(ctx, back);
	tort_fill(ctx);
	get_back(ctx, back);
	if (act == ACT_BACK_FREE ? back->nr_freed : back->n) {
		tort_begin(ctx, &mark, ctx->tp, act);
		tort_arena_hold(ctx);
		use(ctx, back, act);
		tort_end(ctx, &mark);
	} else {
		use(ctx, back, ACT_BACK_FREE);
	}
	put_own(ctx, back);
	kfree(back);
}
