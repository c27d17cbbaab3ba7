// SPDX-License-Identifier: GPL-2.0
/*
 * The release of a task: code of its owner that is called when the pool is done with the task.
 *
 * It may free the task, or submit it. So it is called after the last touch of the task, and with
 * no lock held: the end of the task, under pool->lock, takes a copy of what is needed, and
 * pool_unlock() makes the call after it has dropped the lock. Nothing of this lies in the task:
 * it may be submitted again, and end again, before the call is made.
 *
 * It is called by the thread that has ended the task, and by no other that holds a lock: that
 * thread knows which locks it holds, and a thread that only comes by does not. So a worker whose
 * wait is refused takes the task back itself, see wait.c, as any thread may find that the wait must
 * be refused.
 *
 * A release may end its thread, above all one whose argument was already the death of a worker. So
 * wpool's own threads call none, nor does a worker that is dying, or inside a call that would be
 * left half done: these hand them over to a thread of their own, see releaser.c. And a worker notes
 * what it calls: if it dies there, the rest is handed over as it ends, see dead_stack.c. Other
 * threads are not watched.
 *
 * The copies are in the pool, in an array, and not in the tasks. So only a few tasks with a
 * release may end in one hold of the lock: the end of a run and, if it does not run again, of
 * the same task. Whatever ends many tasks drops the lock as soon as pool_must_release() says
 * that one of them had a release.
 *
 * Until the call has returned the task counts as in flight: a flush and the end of the pool wait
 * for it, so the pool and the module of the task exist.
 */
#include <linux/bug.h>
#include <linux/hash.h>
#include <linux/lockdep.h>
#include <linux/mempool.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/debug.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>

#include "marks.h"
#include "pool.h"
#include "release.h"

static unsigned int owner_index(const struct module *owner)
{
	return hash_ptr(owner, WPOOL_OWNER_BITS);
}

/* The module of a pool has no other tasks left when it goes, so its own are not counted. */
static void count_owner(struct wpool *pool, const struct module *owner, int n)
{
	if (owner)
		pool->releases.by_owner[owner_index(owner)] += n;
}

/**
 * release_note() - have the release of a task called when the lock is dropped
 * @pool: its pool
 * @ended: copied
 *
 * Context: pool->lock held.
 * Return: false if there are too many, which is a bug.
 */
bool release_note(struct wpool *pool, const struct wpool_ended *ended)
{
	struct wpool_releases *releases = &pool->releases;

	lockdep_assert_held(&pool->lock);
	if (WARN_ON_ONCE(releases->nr == WPOOL_MAX_ENDED))
		return false;
	releases->ended[releases->nr++] = *ended;
	releases->by_color[ended->color]++;
	count_owner(pool, ended->owner, 1);
	pool_mark(pool, MARK_RELEASE);
	return true;
}

/**
 * releases_take() - take over what is to be called
 * @pool: the pool
 * @ended: gets it; %WPOOL_MAX_ENDED
 *
 * Context: pool->lock held.
 * Return: how many.
 */
unsigned int releases_take(struct wpool *pool, struct wpool_ended *ended)
{
	struct wpool_releases *releases = &pool->releases;
	unsigned int n = releases->nr;

	lockdep_assert_held(&pool->lock);
	memcpy(ended, releases->ended, n * sizeof(*ended));
	releases->nr = 0;
	return n;
}

/* Calls those that are left. Context: any; no lock of a pool held. */
void releases_call(struct wpool_release_call *call)
{
	const struct wpool_ended *ended;

	for (; call->at < call->n; call->at++) {
		ended = &call->ended[call->at];
		if (ended->ours)
			tracked_free(ended->ours);
		if (ended->release)
			ended->release(ended->arg, ended->fate);
	}
}

/* The same in a worker, of any pool. */
void releases_call_noted(struct wpool_worker *worker, struct wpool_release_call *call)
{
	call->outer = worker->releasing;
	worker->releasing = call;
	releases_call(call);
	worker->releasing = call->outer;
}

/**
 * releases_lost() - take off what a dead worker was calling
 * @worker: the current thread, which is dying: its stack is still there, with no room to print
 *
 * The release that has ended it counts as returned.
 *
 * Return: what it called; the innermost first, then NULL.
 */
struct wpool_release_call *releases_lost(struct wpool_worker *worker)
{
	struct wpool_release_call *call = worker->releasing;

	if (!call)
		return NULL;
	worker->releasing = call->outer;
	if (!worker->died_in)
		worker->died_in = call->ended[call->at].release;
	call->at++;
	return call;
}

/* As many calls can be handed over where there is no memory. */
#define CALLS_KEPT	32

static mempool_t *calls_kept;

int __init releases_init(void)
{
	calls_kept = mempool_create_kmalloc_pool(CALLS_KEPT, sizeof(struct wpool_release_call));
	return calls_kept ? 0 : -ENOMEM;
}

/* None is handed over any more, and all have been called. */
void releases_exit(void)
{
	mempool_destroy(calls_kept);
}

/* What other threads than those that have ended the tasks call. */
static struct {
	raw_spinlock_t		lock;
	struct list_head	calls;	/* handed.lock; the oldest first */
	struct task_struct	*releaser;	/* S by handed.lock; NULL while there is none */
	/* what the releaser calls, or NULL; its own, or the manager's once it is dead */
	struct wpool_release_call	*now;
} handed = {
	.lock	= __RAW_SPIN_LOCK_UNLOCKED(handed.lock),
	.calls	= LIST_HEAD_INIT(handed.calls),
};

/**
 * releases_hand_over() - have the releaser call the releases that are left
 * @call: copied; not to be called by others
 * @by: the current thread, which will call releases_await(); or NULL
 *
 * Context: Any.
 * Return: false if there is no memory, and many calls wait already, or if none can be had here.
 */
bool releases_hand_over(const struct wpool_release_call *call, struct wpool_worker *by)
{
	struct wpool_release_call *copy;

	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible())
		return false;
	copy = mempool_alloc(calls_kept, GFP_NOWAIT | __GFP_NOWARN);
	if (!copy)
		return false;
	*copy = *call;
	copy->by = by;
	if (by)
		atomic_inc(&by->nr_handed);
	releases_put_back(copy, false);
	return true;
}

/* They are the @first, or the last, that the releaser is to call. */
void releases_put_back(struct wpool_release_call *call, bool first)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&handed.lock, flags);
	if (first)
		list_add(&call->node, &handed.calls);
	else
		list_add_tail(&call->node, &handed.calls);
	if (handed.releaser)
		wake_up_process(handed.releaser);
	raw_spin_unlock_irqrestore(&handed.lock, flags);
}

/* For the releaser: what it is to call next, for releases_free() then, or NULL. */
struct wpool_release_call *releases_next(void)
{
	struct wpool_release_call *call;
	unsigned long flags;

	raw_spin_lock_irqsave(&handed.lock, flags);
	call = list_first_entry_or_null(&handed.calls, struct wpool_release_call, node);
	if (call)
		list_del(&call->node);
	raw_spin_unlock_irqrestore(&handed.lock, flags);
	handed.now = call;
	return call;
}

/*
 * The releaser is dead: what it was calling comes first when there is another. Context: the
 * manager.
 */
void releases_survive(pid_t pid)
{
	struct wpool_release_call *call = handed.now;

	if (!call)
		return;
	pr_err("%s: the release thread (pid %d) died in %ps, which counts as if it had returned\n",
	       call->pool->name, pid, call->ended[call->at].release);
	call->at++;
	handed.now = NULL;
	releases_put_back(call, true);
}

/* Is the current thread the releaser? Context: any. */
bool releaser_current(void)
{
	return in_task() && current == READ_ONCE(handed.releaser);
}

/* Is the current thread the releaser, inside a release of this pool? Context: any. */
bool releaser_inside(const struct wpool *pool)
{
	return releaser_current() && handed.now && handed.now->pool == pool;
}

/* The releaser has called what releases_next() gave. */
void releases_free(struct wpool_release_call *call)
{
	struct wpool_worker *by = call->by;

	handed.now = NULL;
	mempool_free(call, calls_kept);
	/* It may be gone once it sees that none is left: from then on it is only an address. */
	if (by && atomic_dec_and_test(&by->nr_handed))
		wake_up_var(&by->nr_handed);
}

/*
 * Waits until all have returned that the current thread has handed over. Acquire: it sees what they
 * did; pairs with the end of releases_free().
 */
void releases_await(struct wpool_worker *worker)
{
	wait_var_event(&worker->nr_handed, !atomic_read_acquire(&worker->nr_handed));
}

/* From here on this thread is woken for them, or none. */
void releases_set_thread(struct task_struct *thread)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&handed.lock, flags);
	WRITE_ONCE(handed.releaser, thread);
	raw_spin_unlock_irqrestore(&handed.lock, flags);
}

/* Shows where the thread is that calls what was handed over. Only the manager frees it. */
void releases_show(void)
{
	struct task_struct *thread = READ_ONCE(handed.releaser);

	if (thread)
		sched_show_task(thread);
}

/* The caller counts it as ended. Context: pool->lock held. */
void release_returned(struct wpool *pool, const struct wpool_ended *ended)
{
	lockdep_assert_held(&pool->lock);
	pool->releases.by_color[ended->color]--;
	count_owner(pool, ended->owner, -1);
}

/* Has one not returned that is of a module, or perhaps of another? Context: pool->lock held. */
bool releases_are_of(const struct wpool *pool, const struct module *module)
{
	lockdep_assert_held(&pool->lock);
	return pool->releases.by_owner[owner_index(module)];
}

/**
 * struct own_task - a task of wpool's own memory with a release
 * @ttask: the task
 * @rcu: frees it
 */
struct own_task {
	struct wpool_release_task	ttask;
	struct rcu_head			rcu;
};

struct wpool_task *tracked_alloc(wpool_fn_t fn, void *arg, wpool_release_t release,
				 struct module *owner, gfp_t gfp)
{
	struct own_task *own = kmalloc(sizeof(*own), gfp);
	struct wpool_task *task;

	if (!own)
		return NULL;
	task = &own->ttask.task;
	__wpool_task_init(task, fn, arg, owner);
	own->ttask.tracking = (struct wpool_tracking) { .release = release };
	task->flags = WPOOL_TASK_ALLOCATED | WPOOL_TASK_TRACKED;
	return task;
}

/* It may have been cancelled where PREEMPT_RT can free nothing. */
void tracked_free(struct wpool_task *task)
{
	struct own_task *own = container_of(task, struct own_task, ttask.task);

	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible())
		kfree_rcu(own, rcu);
	else
		kfree(own);
}
