// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what a thread is inside.
 *
 * A task knows the calls that its thread is inside by their frames, found by the
 * thread: one that a worker runs while it waits is not one task running more, and
 * a dying thread settles the accounts of all that die with it.
 */
#include <linux/ctype.h>
#include <linux/hash.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include "torture_arena.h"

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
	if (!tt->unwaited && !tt->shared)
		tort_check(wpool_task_running(&tt->task),
			   "%s: a task runs that does not", name);
}

/*
 * By the thread's name, which begins with that of its pool: the default one, or see
 * pool_name(). Also of a thread for hooks; but what that submits it runs inside of a frame.
 */
static bool is_worker(void)
{
	return str_has_prefix(current->comm, "default/") ||
	       (strchr("wt", current->comm[0]) && isdigit(current->comm[1]));
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
		.grouped	= tt->grouped,
		.result		= tt->result,
		.in_caller	= !is_worker(),
		.may_die	= tt->may_die,
		.way		= READ_ONCE(tt->way),
		.deed		= tt->deed,
		.deed_arg	= tt->deed_arg,
	};
	tort_check(tort_pool_is_current(tt->tp), "%s: a task runs in another pool",
		   tt->tp->name);
	/* A worker that finds the pool full may run it in its own call. */
	if (frame->outer && frame->outer->ctx.submitting)
		frame->in_caller = true;
	frame->counted = !frame->in_caller && !frame->outer;
	tt->rnd += 2;	/* the next run does something else */
}

void tort_frame_begin(struct tort_frame *frame, struct tort_task *tt)
{
	frame_init(frame, tt);
	check_begin(frame, tt);
	tort_pool_enter(frame->ctx.tp, frame->counted);
	check_key(frame, tt->seq);
	check_order(frame, tt->seq);
	frame_link(frame);
	tort_fly(frame->ctx.tp, frame->way);
	if (frame->in_caller) {
		atomic64_inc(&frame->ctx.tp->in_caller);
		tort_count(TORT_CALLER_RUNS);
		tort_begin(&frame->ctx, &frame->caller_runs, frame->ctx.tp, ACT_CALLER_RUNS);
	} else if (frame->outer) {
		tort_count(TORT_NESTED);
	}
	if (tt->self_freeing)
		tort_self_begins(frame, tt);
	if (!tt->unwaited || tt->self_freeing)
		return;
	/* The pool does not look at it any more: free it now. */
	tort_task_unlink(tt);
	frame->tt = NULL;
	tort_task_put(tt);
}

void tort_frame_end(struct tort_frame *frame)
{
	struct tort_pool *tp = frame->ctx.tp;

	while (frame->marks)
		tort_end(&frame->ctx, frame->marks);
	tort_land(tp, frame->way);
	frame_unlink(frame);
	if (frame->key)
		atomic_set(&frame->key->busy, 0);
	tort_pool_leave(tp, frame->counted);
	if (frame->self)
		tort_self_ends(frame);
}

/* --- death ------------------------------------------------------------------------ */

/*
 * Not in what a caller runs: it would take the locks along with which it submits, and what
 * it has to account for.
 */
bool tort_may_die(const struct tort_frame *frame)
{
	if (tort_stopping())
		return false;
	for (; frame; frame = frame->outer) {
		if (frame->in_caller)
			return false;
	}
	return true;
}

static void frame_dies(struct tort_frame *frame)
{
	if (frame->tt)
		frame->tt->died = true;
	if (frame->self)
		frame->self->died = true;
	if (frame->child) {
		/* If it waits, and its task lies on this stack, it is taken back. */
		WRITE_ONCE(frame->child->lossy, true);
		tort_unpublish(frame->child);
		tort_task_put(frame->child);
	}
	if (frame->group)
		tort_reap_group(frame->group);
	if (!frame->hook) {
		atomic64_inc(&frame->ctx.tp->died);
		tort_count(TORT_DEATH);
	}
	tort_frame_end(frame);
}

/* The thread is about to die: by an oops, if that was asked for. */
void tort_oops_if_hard(void)
{
	if (tort_kill_hard)
		WRITE_ONCE(*tort_nowhere, 0);
}

/* Settles the accounts of all that die with it; see tort_die(). */
void tort_settle_death(struct tort_frame *innermost)
{
	struct tort_frame *frame, *outer;
	struct tort_mark mark;

	tort_begin(NULL, &mark, innermost->ctx.tp, ACT_DEATH);
	if (!innermost->no_worker)
		atomic64_inc(&innermost->ctx.tp->flights.deaths);
	tort_end(NULL, &mark);
	if (innermost->outer)
		tort_count(TORT_NESTED_DEATH);
	for (frame = innermost; frame; frame = outer) {
		outer = frame->outer;
		frame_dies(frame);
	}
	tort_oops_if_hard();
}

/* --- hooks ------------------------------------------------------------------------- */

/* What a hook does is done in a frame, too, so that a thread that dies there leaves none. */
void tort_hook_begin(struct tort_frame *frame, struct tort_pool *tp)
{
	*frame = (struct tort_frame) {
		.task	= current,
		.outer	= tort_current_frame(),
		.ctx	= { .rnd = ktime_get_ns(), .tp = tp, .frame = frame },
		.gen	= TORT_MAX_GEN,
		.way	= NR_WAYS,
		.hook	= true,
	};
	frame_link(frame);
}

void tort_hook_end(struct tort_frame *frame)
{
	tort_frame_end(frame);
}

/* If so, it must. */
bool tort_hook_may_die(const struct tort_frame *frame, enum tort_hook hook)
{
	struct tort_pool *tp = frame->ctx.tp;

	/* In a thread that is no worker of the pool it would cost the pool. */
	if (!wpool_current() || !tort_may_die(frame) ||
	    atomic_dec_if_positive(&tp->arena->hook_deaths) < 0)
		return false;
	set_bit(hook, &tp->hooks_die);
	WRITE_ONCE(tp->lossy, true);
	return true;
}

/* Of the frames that it is inside only the task must be accounted for. */
void tort_hook_dies(struct tort_frame *frame, enum tort_hook hook)
{
	struct tort_pool *tp = frame->ctx.tp;

	if (hook == TORT_HOOK_TASK_END) {
		atomic64_dec(&tp->returned);
		atomic64_dec(&tp->task_end);
	}
	if (hook == TORT_HOOK_TASK_END || hook == TORT_HOOK_TASK_BEGIN)
		atomic64_inc(&tp->died);
	/* One that is leaving is not counted as having died. */
	frame->no_worker = hook != TORT_HOOK_TASK_END && hook != TORT_HOOK_TASK_BEGIN &&
			   hook != TORT_HOOK_WORKER_START;
	tort_die(frame);
}
