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
#include "fault.h"
#include "pool.h"
#include "pool_lock.h"
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

static struct wpool_worker *worker_alloc(struct wpool *pool)
{
	struct wpool_worker *worker;
	struct task_struct *thread;

	if (spawn_must_fail())
		return ERR_PTR(-ENOMEM);
	worker = kzalloc_node(sizeof(*worker), GFP_KERNEL, pool->conf.node);
	if (!worker)
		return ERR_PTR(-ENOMEM);
	worker->pool = pool;
	worker->id = spawn_next_id(pool);
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
	return worker;
}

/**
 * worker_spawn() - make a worker, if the capacity has a slot for it
 * @pool: the pool
 *
 * Context: the manager; may sleep for memory and for kthreadd.
 * Return: 0, -EBUSY if there is no slot, or the error of kthread_create().
 */
int worker_spawn(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned long flags;
	bool linked = false;

	if (!slots_take(pool))
		return -EBUSY;
	worker = worker_alloc(pool);

	pool_lock(pool, flags);
	if (!IS_ERR(worker))
		linked = worker_link(worker);
	if (linked)
		wpool_get(pool);
	else
		slots_put(pool);
	pool_unlock(pool, flags);
	if (IS_ERR(worker))
		return PTR_ERR(worker);
	if (linked) {
		wake_up_process(worker->thread);
		return 0;
	}
	exit_join(&worker->exit);
	exit_put(&worker->exit);
	kfree(worker);
	return -EBUSY;
}
