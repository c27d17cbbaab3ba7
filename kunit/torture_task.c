// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: a task's memory, its submission and its account.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "torture_arena.h"

#define POISON		0x6b
#define NR_PUBLISHED	12

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
		wpool_release_task_init(&tt->tracked, tort_fn, tt);
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

	if (!tt) {
		tort_count(TORT_FAIL_ALLOC);
		return NULL;
	}
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
	tt->grouped = ctx->frame && ctx->frame->grouped;
	tt->may_die = tort_kill && tort_one_in(ctx, tp->arena ? 12 : 40);
	tt->way = NR_WAYS;
	tt->deed = tp->arena ? tort_deed : NULL;
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
	tt->resubmits = kind != TORT_TASK_KEYED && !tp->arena && tort_one_in(ctx, 8) ?
			1 + tort_pick(ctx, 3) : 0;
	tort_arena_hoard(ctx, tt);
	return tt;
}

/* Nobody will wait for it: detached, or the argument of a bare function. */
struct tort_task *tort_task_unwaited(struct tort_ctx *ctx, struct tort_pool *tp,
				     bool detached, gfp_t gfp)
{
	struct tort_task *tt = task_alloc(ctx, tp, TORT_TASK_PLAIN, gfp);
	unsigned long flags;

	if (!tt)
		return NULL;
	tt->unwaited = true;
	if (detached) {
		wpool_task_set_detached(&tt->task);
		tort_count(TORT_DETACHED);
	}
	raw_spin_lock_irqsave(&tp->unwaited_lock, flags);
	list_add_tail(&tt->node, &tp->unwaited);
	raw_spin_unlock_irqrestore(&tp->unwaited_lock, flags);
	return tt;
}

/* It frees itself when all of its submissions, and those that use it, have given it back. */
struct tort_task *tort_task_self_freeing(struct tort_ctx *ctx, struct tort_pool *tp, gfp_t gfp)
{
	struct tort_task *tt = tort_task_unwaited(ctx, tp, false, gfp);

	if (!tt)
		return NULL;
	tt->self_freeing = true;
	tt->shared = true;
	tt->resubmits = tort_pick(ctx, 3);
	wpool_task_set_detached(&tt->tracked.task);
	if (tort_one_in(ctx, 2))
		tort_task_releases(tt);
	return tt;
}

/* It runs, or will never. */
void tort_task_unlink(struct tort_task *tt)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&tt->tp->unwaited_lock, flags);
	list_del_init(&tt->node);
	raw_spin_unlock_irqrestore(&tt->tp->unwaited_lock, flags);
}

void tort_task_free(struct tort_task *tt)
{
	memset(tt, POISON, sizeof(*tt));
	/* Here PREEMPT_RT can free nothing. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible())
		kfree_rcu(tt, rcu);
	else
		kfree(tt);
	atomic_dec(&tort_live);
}

/* As a release must not sleep. */
static void in_release(struct tort_task *tt)
{
	struct tort_mark mark;
	unsigned long flags;

	local_irq_save(flags);
	tort_begin(NULL, &mark, tt->tp, ACT_RELEASE);
	tort_end(NULL, &mark);
	local_irq_restore(flags);
}

/* The last user may be here, where nothing may wait: the reaper frees it. */
static void release(void *arg, enum wpool_fate fate)
{
	struct tort_task *tt = arg;

	tort_check(tt->magic == TORT_MAGIC && tt->releases &&
		   atomic_read(&tt->released) < atomic_read(&tt->accepted),
		   "a release of a task that is gone, or owes none");
	tort_check(fate != WPOOL_FATE_DIED || tt->died || tort_hooks_kill(tt->tp),
		   "%s: a task that lives is released as one that died", tt->tp->name);
	in_release(tt);
	atomic_inc(&tt->released);
	tort_count(TORT_RELEASE);
	if (tt->self_freeing) {
		tort_task_put(tt);
	} else if (refcount_dec_and_test(&tt->refs)) {
		llist_add(&tt->reap, &reap_tasks);
		wake_up_process(reaper);
	}
}

/* From here on it has a release; not submitted yet, not delayed, and somebody is to wait for it. */
void tort_task_releases(struct tort_task *tt)
{
	tt->releases = true;
	if (tt->kind == TORT_TASK_KEYED)
		wpool_task_set_release(&tt->keyed, release);
	else
		wpool_task_set_release(&tt->tracked, release);
}

/* From here on it may have a release; likewise. */
void tort_task_may_release(struct tort_ctx *ctx, struct tort_task *tt)
{
	/* Of a delayed one it is not known how often it was accepted, see tort_modify_delayed(). */
	if (tt->kind != TORT_TASK_DELAYED && tort_one_in(ctx, 3))
		tort_task_releases(tt);
}

void tort_task_get(struct tort_task *tt)
{
	refcount_inc(&tt->refs);
}

/* --- account ----------------------------------------------------------------- */

static bool may_be_lost(const struct tort_task *tt)
{
	return READ_ONCE(tt->tp->lossy) || READ_ONCE(tt->lossy) ||
	       (tt->kind == TORT_TASK_DELAYED && READ_ONCE(tt->tp->closing));
}

/* It is ours alone: each submission has begun once, or was taken back. */
static void verify_account(struct tort_task *tt)
{
	int accepted = atomic_read(&tt->accepted), begun = atomic_read(&tt->begun);
	int cancels = atomic_read(&tt->cancels);
	/* Once it has begun a detached one is its function's. */
	int to_release = tt->self_freeing ? accepted - begun : accepted;
	const char *name = tt->tp->name;

	tort_check(tt->magic == TORT_MAGIC, "%s: task %p: memory overwritten", name, tt);
	tort_check(!tt->releases || atomic_read(&tt->released) == to_release ||
		   (tt->self_freeing && tort_hooks_kill(tt->tp)),
		   "%s: a task accepted %d times, begun %d, was released %d times",
		   name, accepted, begun, atomic_read(&tt->released));
	tort_check(begun + cancels <= accepted,
		   "%s: a task accepted %d times began %d, was cancelled %d times",
		   name, accepted, begun, cancels);
	tort_check(begun + cancels == accepted || may_be_lost(tt),
		   "%s: a task accepted %d times only began %d, was cancelled %d times",
		   name, accepted, begun, cancels);
}

/*
 * The last user frees it once it has ended. A thread that cannot wait leaves it to the reaper;
 * so do a task, and a hook, which might wait for itself.
 */
void tort_task_put(struct tort_task *tt)
{
	if (!refcount_dec_and_test(&tt->refs))
		return;
	if (tt->self_freeing) {
		verify_account(tt);
		tort_task_unlink(tt);
		tort_task_free(tt);
	} else if (tt->unwaited) {
		tort_task_free(tt);
	} else if (in_task() && !irqs_disabled() && !tort_current_frame()) {
		tort_task_finish(tt);
	} else {
		llist_add(&tt->reap, &reap_tasks);
		wake_up_process(reaper);
	}
}

/* @result: what the last submission came to. It has ended, and is ours alone. */
void tort_task_verify(struct tort_task *tt, int result)
{
	bool begun = atomic_read(&tt->begun), cancels = atomic_read(&tt->cancels);
	const char *name = tt->tp->name;

	verify_account(tt);
	switch (result) {
	case -ECANCELED:
		tort_count(TORT_RET_ECANCELED);
		tort_check(cancels || may_be_lost(tt),
			   "%s: nobody cancelled a task, result -ECANCELED", name);
		break;
	case -EOWNERDEAD:
		tort_count(TORT_RET_EOWNERDEAD);
		tort_check(tt->died || tort_hooks_kill(tt->tp),
			   "%s: a task that lives, result -EOWNERDEAD", name);
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
	else
		tort_check(!atomic_read(&tt->released), "%s: refused, and released", tp->name);
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
	if (tt->releases || tt->self_freeing)
		tort_task_get(tt);
	atomic_inc(&tt->accepted);
	atomic64_inc(&tt->tp->accepted);
}

void tort_unaccept(struct tort_task *tt)
{
	atomic_dec(&tt->accepted);
	atomic64_dec(&tt->tp->accepted);
	if (tt->releases || tt->self_freeing)
		refcount_dec(&tt->refs);	/* the caller has one */
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
	unsigned int i, first = tort_pick(ctx, NR_PUBLISHED);
	struct tort_task *tt = NULL;
	unsigned long flags;

	raw_spin_lock_irqsave(&published_lock, flags);
	for (i = 0; !tt && i < NR_PUBLISHED; i++) {
		tt = published[(first + i) % NR_PUBLISHED];
		if (tt && ctx->frame && tt->pool != wpool_current() &&
		    tt->tp->id <= ctx->tp->id)
			tt = NULL;
	}
	if (tt)
		tort_task_get(tt);
	raw_spin_unlock_irqrestore(&published_lock, flags);
	return tt;
}
