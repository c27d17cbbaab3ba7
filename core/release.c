// SPDX-License-Identifier: GPL-2.0
/*
 * The release of a task: code of its owner that is called when the pool is done with the task.
 *
 * It may free the task, or submit it. So it is called after the last touch of the task, and with no
 * lock of a pool held: the end of the task takes a copy of what is needed, on the stack of the
 * thread that has ended it, and that thread calls it when it has dropped the lock. Nothing of this
 * lies in the task, which may be submitted again, and end again, before the call is made. Of tasks
 * whose thread is dead the copy is in the run, and late.c calls the release.
 *
 * Until the call has returned the task counts as in flight: a flush and the end of the pool wait
 * for it, so the pool and the module of the task exist.
 *
 * A release may end its thread. If that is a worker, it counts as returned: the worker knows what
 * it is inside, see ends_forget(). So whoever calls it holds nothing that others wait for. Other
 * threads are not watched.
 *
 * scripts/model/end.pml models that each is called once, and that the pool ends after that.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "current_thread.h"
#include "manager_kick.h"
#include "pool.h"
#include "pool_lock.h"
#include "release.h"
#include "task_end.h"
#include "worker_stack.h"

/* Its release has returned, or has ended its thread. The pool may be gone afterwards. */
static void ended_count(const struct wpool_ended *ended)
{
	struct wpool *pool = ended->pool;
	unsigned long flags;

	pool_lock(pool, flags);
	pool->late.nr_owed--;
	task_uncount(pool, ended->owner, NULL, ended->color, 0);
	pool_unlock(pool, flags);
}

static void ends_call(struct wpool_ends *ends)
{
	const struct wpool_ended *ended;

	for (; ends->at < ends->nr; ends->at++) {
		ended = &ends->ended[ends->at];
		if (ended->ours)
			tracked_free(ended->ours);
		if (ended->release)
			ended->release(ended->arg, ended->fate);
		ended_count(ended);
	}
}

/**
 * ends_finish() - do what is left of the end of tasks
 * @ends: on the caller's stack
 *
 * Context: as the releases; no lock of a pool held.
 */
void ends_finish(struct wpool_ends *ends)
{
	struct wpool_worker *worker;

	if (!ends->nr)
		return;
	worker = worker_current(NULL);
	ends->at = 0;
	if (worker) {
		ends->outer = worker->ends;
		worker->ends = ends;
	}
	ends_call(ends);
	if (worker)
		worker->ends = ends->outer;
}

/* What lies on the stack of a worker that is dying is not released. */
void ends_let_go(struct wpool_ends *ends, const struct wpool_worker *dead)
{
	unsigned int i;

	for (i = 0; i < ends->nr; i++) {
		if (stack_has(dead, ends->ended[i].arg))
			ends->ended[i].release = NULL;
	}
}

/* A worker has died in wpool_shutdown_now(): late.c does the rest of that. */
static void close_late(struct wpool *pool)
{
	unsigned long flags;

	pool_lock(pool, flags);
	pool->late.closes = true;
	kick_work(pool, &pool->late.work);
	pool_unlock(pool, flags);
}

/**
 * ends_forget() - let go of the releases that a worker was inside
 * @worker: the current thread, which is dying: its stack is still there
 *
 * Those that it was still to call are called here.
 */
void ends_forget(struct wpool_worker *worker)
{
	struct wpool_ends *ends;

	while ((ends = worker->ends)) {
		worker->ends = ends->outer;
		if (!worker->died_in)
			worker->died_in = ends->ended[ends->at].release;
		if (ends->ended[ends->at].pool == worker->closing)
			close_late(worker->closing);
		ended_count(&ends->ended[ends->at++]);
		ends_let_go(ends, worker);
		ends_call(ends);
	}
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
