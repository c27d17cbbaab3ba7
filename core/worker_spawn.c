// SPDX-License-Identifier: GPL-2.0
/* Makes a worker: its memory, its thread, its place in the pool. */
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <uapi/linux/sched/types.h>

#include "capacity_slots.h"
#include "claim.h"
#include "dead_worker.h"
#include "pool.h"
#include "spawn_state.h"
#include "thread_exit.h"
#include "worker.h"
#include "worker_list.h"
#include "worker_spawn.h"
#include "worker_stack.h"

/* Gives a thread that has not run yet the attributes that it cannot give itself. */
static int prepare_thread(struct wpool *pool, struct task_struct *thread)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = pool->conf.policy,
		.sched_priority = pool->conf.rt_priority,
	};
	int err;

	err = claim_prepare(pool, thread);
	if (!err && pool->conf.policy)
		err = sched_setattr_nocheck(thread, &attr);
	return err;
}

/* It has not run yet. */
static struct task_struct *worker_thread(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	struct task_struct *thread;
	int err;

	thread = kthread_create_on_node(worker_main, worker, pool->conf.node,
					"%s/%u", pool->name, worker->id);
	if (IS_ERR(thread))
		return thread;
	err = prepare_thread(pool, thread);
	if (!err)
		return thread;
	kthread_stop(thread);
	return ERR_PTR(err);
}

/**
 * worker_make() - make a worker that has not begun
 * @pool: the pool
 * @id: its number
 *
 * Context: the maker; may sleep for memory and for kthreadd.
 * Return: the worker, or the error of kthread_create().
 */
struct wpool_worker *worker_make(struct wpool *pool, unsigned int id)
{
	struct wpool_worker *worker;
	struct task_struct *thread;

	if (spawn_must_fail())
		return ERR_PTR(-ENOMEM);
	worker = kzalloc_node(sizeof(*worker), GFP_KERNEL, pool->conf.node);
	if (!worker)
		return ERR_PTR(-ENOMEM);
	worker->pool = pool;
	worker->id = id;
	stack_init(worker);

	thread = worker_thread(worker);
	if (IS_ERR(thread)) {
		kfree(worker);
		return ERR_CAST(thread);
	}
	worker->thread = thread;
	worker->stack = (unsigned long)task_stack_page(thread);
	worker->pid_nr = task_pid_nr(thread);
	exit_watch(&worker->exit, thread, worker_reap);
	/* It may be kept for long: it is to sleep in worker_park(), not as the kernel left it. */
	if (pool->conf.flags & WPOOL_MEM_RECLAIM)
		wake_up_process(thread);
	return worker;
}

/**
 * worker_begin() - let a worker begin
 * @worker: has not begun; the capacity has a slot for it
 *
 * Context: the manager; pool->lock held. The caller wakes its thread.
 */
void worker_begin(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	WARN_ON_ONCE(!slots_take(pool));
	wpool_get(pool);
	worker->turn = spawn_next_turn(pool);
	worker_link(worker);
	worker_let_begin(worker);
}
