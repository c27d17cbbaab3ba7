// SPDX-License-Identifier: GPL-2.0
/*
 * A worker's life: made, searching for tasks, idle, leaving.
 *
 * A worker takes its tasks itself. It is kept on pool->workers from before its
 * first instruction until after its last, of which thread_exit.c tells the manager, which
 * reaps it. So nothing that a worker owes is paid by the worker.
 *
 * That it works out in every order of steps is shown by scripts/model/wake.pml.
 */
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>
#include <trace/events/wpool.h>

#include "counter.h"
#include "dead_stack.h"
#include "hotplug.h"
#include "leak.h"
#include "pool.h"
#include "pool_lock.h"
#include "spin_wait.h"
#include "staging.h"
#include "task_run.h"
#include "worker.h"
#include "worker_list.h"
#include "worker_stack.h"

/* More than the capacity, which was lowered: whoever comes by leaves. */
static bool worker_must_leave(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	if (worker->leaving || pool_alive(pool) > pool->capacity)
		return true;
	return pool_is_over(pool);
}

/*
 * At most one of a pool does. Not with memory to be freed before, which a kernel
 * that preempts everywhere does not allow while preemption is off.
 */
static bool worker_may_spin(struct wpool *pool)
{
	return !pool->nr_searching && !pool->wake_queue.garbage &&
	       spin_begin(pool, &pool->worker_credit);
}

/*
 * Looks on for a while, counted as searching, so that a submitter need not wake
 * anybody. Preemption is off for as long as it counts: nobody waits for one that
 * looks but does not run. Locking: pool->lock held; released and regrabbed.
 */
static void worker_spin(struct wpool_worker *worker, unsigned long *flags)
	__must_hold(&worker->pool->lock)
{
	struct wpool *pool = worker->pool;
	u64 limit = spin_limit(pool);

	worker_will_search(worker);
	preempt_disable();
	pool_unlock(pool, *flags);
	while (pool_waiting(pool) == READ_ONCE(pool->nr_deferred) &&
	       READ_ONCE(pool->state) == WPOOL_STATE_RUNNING && spin_on(limit))
		;
	pool_lock(pool, *flags);
	preempt_enable();
	worker_has_searched(worker);
	if (!queue_ready(pool))
		spin_miss(pool, &pool->worker_credit);
}

/*
 * Sleeps until somebody takes the worker off the idle list and wakes it.
 * Locking: pool->lock held; released and regrabbed. No wake-up is lost: see
 * pool_lock.c.
 */
static void worker_idle(struct wpool_worker *worker, unsigned long *flags)
	__must_hold(&worker->pool->lock)
{
	struct wpool *pool = worker->pool;

	list_add(&worker->idle_node, &pool->idle);
	WRITE_ONCE(worker->idle, true);
	shared_inc(pool->nr_idle);
	WRITE_ONCE(worker->since, jiffies);
	if (pool_alive(pool) > pool_keep(pool) && !(pool->flags & WPOOL_KEEP_IDLE))
		timer_reduce(&pool->timer, jiffies + pool->idle_timeout);

	while (worker->idle) {
		set_current_state(pool->flags & WPOOL_FREEZABLE ?
				  TASK_IDLE | TASK_FREEZABLE : TASK_IDLE);
		pool_unlock(pool, *flags);
		trace_wpool_worker_idle(pool->name, worker->id);
		schedule();
		pool_lock(pool, *flags);
	}
}

/*
 * Goes to the CPUs of the pool's mask. A thread loses its mask when the last of them
 * goes offline, and the kernel does not give it back: so again when one has come. If none
 * of them is online it stays where it is, until then.
 */
static void worker_keep_cpus(struct wpool_worker *worker)
{
	/* Before the look at who is online; pairs with cpu_came(). */
	worker->hotplug_came = smp_load_acquire(&hotplug_came);
	set_cpus_allowed_ptr(current, worker->pool->cpumask);
}

/*
 * What the system asks of some workers between tasks: to freeze, to go to another CPU.
 * Locking: pool->lock held; released and regrabbed if it returns true.
 */
static bool worker_gives_way(struct wpool_worker *worker, unsigned long *flags)
	__must_hold(&worker->pool->lock)
{
	struct wpool *pool = worker->pool;
	bool move;

	if (likely(!(pool->flags & (WPOOL_FREEZABLE | POOL_KEEPS_CPUS))))
		return false;
	move = pool->flags & POOL_KEEPS_CPUS &&
	       worker->hotplug_came != READ_ONCE(hotplug_came);
	if (!move && !(pool->flags & WPOOL_FREEZABLE && freezing(current)))
		return false;
	worker_will_search(worker);	/* when it thaws, as the others do then */
	pool_unlock(pool, *flags);
	if (move)
		worker_keep_cpus(worker);
	try_to_freeze();
	pool_lock(pool, *flags);
	return true;
}

/*
 * Takes and runs tasks until there is a reason to leave. Those that the end of one task
 * has woken are woken when the lock is dropped for the next, or for want of one.
 */
static void worker_loop(struct wpool_worker *worker, unsigned long *flags)
	__must_hold(&worker->pool->lock)
{
	struct wpool *pool = worker->pool;
	bool spun = false;

	for (;;) {
		pool_restore(pool);
		worker_has_searched(worker);
		if (worker_must_leave(worker))
			break;
		if (worker_gives_way(worker, flags))
			continue;
		staging_collect(pool);
		if (run_next(worker)) {
			spun = false;
		} else if (!spun && worker_may_spin(pool)) {
			worker_spin(worker, flags);
			spun = true;
		} else {
			worker->slept_at = spun ? 0 : spin_slept_at(pool);
			worker_idle(worker, flags);
			spun = false;
		}
	}
}

/* Done here, because the kernel sets its own mask when a thread first runs. */
static void worker_set_up(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	set_user_nice(current, pool->nice);
	if (pool->flags & POOL_KEEPS_CPUS)
		worker_keep_cpus(worker);
	if (pool->flags & WPOOL_FREEZABLE)
		set_freezable();
	if (pool->ops && pool->ops->worker_start) {
		pool->ops->worker_start(pool);
		leak_check(pool, &worker->runs[0], pool->ops->worker_start, 0);
	}
}

/* How much of its stack the end of a thread needs, and several times that. */
#define WORKER_SPARE	(THREAD_SIZE / 8)

/*
 * After an oops a thread uses its stack anew, from the top, as it ends. What its functions
 * have there is still needed just then, see worker_stack.c: so they begin further down. (1.2 KB are
 * used of 16, 2.4 of 32 with KASAN and lockdep; seen on x86 after NULL and BUG().)
 */
static noinline void worker_loop_below(struct wpool_worker *worker, unsigned long *flags)
	__must_hold(&worker->pool->lock)
{
	unsigned long size = WORKER_SPARE;
	char *spare;

	OPTIMIZER_HIDE_VAR(size);	/* a frame of a fixed size would be complained of */
	spare = __builtin_alloca(size);
	barrier_data(spare);
	worker_loop(worker, flags);
	barrier_data(spare);	/* it is in use until then */
}

int worker_main(void *data)
{
	struct wpool_worker *worker = data;
	struct wpool *pool = worker->pool;
	unsigned long flags;

	stack_watch(worker);
	trace_wpool_worker_start(pool->name, worker->id);
	worker_set_up(worker);
	pool_lock(pool, flags);
	worker_started(worker);
	worker_loop_below(worker, &flags);
	worker_leave(worker);
	pool_unlock(pool, flags);
	if (pool->ops && pool->ops->worker_stop)
		pool->ops->worker_stop(pool);
	trace_wpool_worker_exit(pool->name, worker->id);
	worker->has_groups = false;	/* those functions have returned */
	return 0;
}
