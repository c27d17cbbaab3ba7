// SPDX-License-Identifier: GPL-2.0
/*
 * The life of a worker: made, searching for tasks, idle, leaving.
 *
 * A worker takes its tasks itself. It is on pool->workers from before its first instruction
 * until after its last. Then thread_exit.c informs the manager, which reaps it. So the worker
 * itself settles nothing of what it owes.
 *
 * scripts/model/wake.pml shows that this works in every order of steps.
 */
#include <linux/freezer.h>
#include <linux/lockdep.h>
#include <linux/sched/task_stack.h>
#include <trace/events/wpool.h>

#include "capacity_slots.h"
#include "claim.h"
#include "dead_stack.h"
#include "inbox.h"
#include "leak.h"
#include "manager_kick.h"
#include "pool.h"
#include "pool_lock.h"
#include "spin_wait.h"
#include "task_lists.h"
#include "task_run.h"
#include "waiter.h"
#include "worker.h"
#include "worker_list.h"
#include "worker_stack.h"

/* If the capacity was lowered and there are too many workers, the next one that comes by leaves. */
static bool worker_must_leave(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	if (worker_is_leaving(worker) || pool_alive(pool) > pool_capacity(pool))
		return true;
	return pool_is_over(pool);
}

/*
 * At most one worker of a pool spins. Not if there is memory to free first, as a kernel with
 * full preemption does not allow that while preemption is off.
 */
static bool worker_may_spin(struct wpool *pool)
{
	return !workers_searching(pool) && !wake_queue_has_garbage(pool) &&
	       spin_try_begin(pool, SPIN_WORKER);
}

/*
 * Spins for a while, and counts as searching meanwhile, so that a submitter need not wake a
 * worker. Preemption is off as long as it counts: nothing waits for a worker that searches but
 * does not run. Locking: pool->lock held; released and regrabbed.
 */
static void worker_spin(struct wpool_worker *worker, unsigned long *flags)
	__must_hold(&worker->pool->lock)
{
	struct wpool *pool = worker->pool;
	u64 limit = spin_limit(pool);

	worker_will_search(worker);
	preempt_disable();
	pool_unlock(pool, *flags);
	while (tasks_queued(pool) == tasks_deferred(pool) && !inbox_has_some(pool) &&
	       READ_ONCE(pool->state) == WPOOL_STATE_RUNNING && spin_on(limit))
		;
	pool_lock(pool, *flags);
	preempt_enable();
	worker_has_searched(worker);
	if (!queue_ready(pool))
		spin_miss(pool, SPIN_WORKER);
}

/*
 * Sleeps until a thread takes the worker off the idle list and wakes it.
 *
 * Locking: pool->lock held; released and regrabbed. No wake-up is lost: see pool_lock.c.
 */
static void worker_idle(struct wpool_worker *worker, u64 slept_at, unsigned long *flags)
	__must_hold(&worker->pool->lock)
{
	struct wpool *pool = worker->pool;

	worker_go_idle(worker, slept_at);
	if (workers_living(pool) > pool_keep(pool) && !(pool->conf.flags & WPOOL_KEEP_IDLE))
		kick_pool_at(pool, jiffies + pool_idle_timeout(pool));

	while (worker_is_idle(worker)) {
		set_current_state(pool->conf.flags & WPOOL_FREEZABLE ?
				  TASK_IDLE | TASK_FREEZABLE : TASK_IDLE);
		pool_unlock(pool, *flags);
		trace_wpool_worker_idle(pool->name, worker->id);
		schedule();
		pool_lock(pool, *flags);
	}
}

/*
 * Puts the worker on the CPUs of the pool's mask. A thread loses its mask when the last of these
 * CPUs goes offline, or is about to, and the kernel does not restore it: so this is done again
 * after a CPU has come, or when the mask is seen to be lost. If none of them is there to stay, the
 * worker stays where it is until one is.
 */
static void worker_keep_cpus(struct wpool_worker *worker, bool begins)
{
	/* Read this before they are looked at; pairs with cpu_came(). */
	unsigned int came = smp_load_acquire(&hotplug_came);
	bool moved = begins ? claim_take(worker) : claim_keep_cpus(worker);

	worker->hotplug_came = moved ? came : came - 1;
}

/*
 * Does what the system asks of some workers between tasks: to freeze, or to move to another
 * CPU.
 *
 * Locking: pool->lock held; released and regrabbed if it returns true.
 */
static bool worker_gives_way(struct wpool_worker *worker, unsigned long *flags)
	__must_hold(&worker->pool->lock)
{
	struct wpool *pool = worker->pool;
	bool move;

	if (likely(!(pool->watch & WATCH_WORKER)))
		return false;
	move = claim_is_kept(pool) &&
	       (worker->hotplug_came != READ_ONCE(hotplug_came) || claim_is_lost(worker)) &&
	       claim_may_keep(pool);
	if (!move && !(pool->conf.flags & WPOOL_FREEZABLE && freezing(current)))
		return false;
	worker_will_search(worker);	/* when it thaws, as the others do */
	pool_unlock(pool, *flags);
	if (move)
		worker_keep_cpus(worker, false);
	try_to_freeze();
	pool_lock(pool, *flags);
	return true;
}

/*
 * Takes and runs tasks until there is a reason to leave. Threads that the end of one task has
 * put on the wake queue are woken when the lock is dropped for the next task, or for lack of
 * one.
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
		if (run_next(worker)) {
			spun = false;
			continue;
		}
		if (!spun && worker_may_spin(pool)) {
			worker_spin(worker, flags);
			spun = true;
		} else {
			worker_idle(worker, spun ? 0 : spin_slept_at(pool), flags);
			spun = false;
		}
	}
}

/* Done here, because the kernel sets its own mask when a thread first runs. */
static void worker_set_up(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;

	worker_keep_cpus(worker, true);
	if (pool->conf.flags & WPOOL_FREEZABLE)
		set_freezable();
	if (pool->conf.ops && pool->conf.ops->worker_start) {
		pool->conf.ops->worker_start(pool);
		leak_check(pool, &worker->runs[0], pool->conf.ops->worker_start, 0);
	}
}

static void worker_live(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	unsigned long flags;
	int locks;

	worker_set_up(worker);
	pool_lock(pool, flags);
	worker_started(worker);
	worker_loop(worker, &flags);
	worker_leave(worker);
	pool_unlock(pool, flags);
	if (pool->conf.ops && pool->conf.ops->worker_stop) {
		locks = lockdep_depth(current);
		pool->conf.ops->worker_stop(pool);
		leak_check(pool, &worker->runs[0], pool->conf.ops->worker_stop, locks);
	}
}

/* Several times what the end of a thread needs of its stack. */
#define WORKER_SPARE	(THREAD_SIZE / 8)

/*
 * After an oops a thread ends on its own stack, from the top down. What its functions had there,
 * tasks, releases and hooks, is still needed until then, see worker_stack.c: so they begin further
 * down. (The end uses 1.2 KB of 16, 2.4 of 32 with KASAN and lockdep; seen on x86 after NULL and
 * BUG().)
 */
static noinline void worker_live_below(struct wpool_worker *worker)
{
	unsigned long size = WORKER_SPARE;
	char *spare;

	OPTIMIZER_HIDE_VAR(size);	/* the compiler warns of a large fixed frame */
	spare = __builtin_alloca(size);
	barrier_data(spare);
	worker_live(worker);
	barrier_data(spare);	/* it is in use until here */
}

/* It has been parked until now; the caller wakes it. Context: pool->lock held. */
void worker_let_begin(struct wpool_worker *worker)
{
	/* Release: pairs with worker_park(). */
	smp_store_release(&worker->begins, true);
}

/* It has been parked until now, and ends; the caller wakes it. Context: the manager. */
void worker_let_end(struct wpool_worker *worker)
{
	WRITE_ONCE(worker->unmade, true);
}

/* Sleeps until the worker begins. Return: false if it never will. */
static bool worker_park(struct wpool_worker *worker)
{
	for (;;) {
		set_current_state(TASK_IDLE);
		/*
		 * Acquire: pairs with worker_let_begin(). A thread that sets one of these wakes
		 * this one then.
		 */
		if (smp_load_acquire(&worker->begins) || READ_ONCE(worker->unmade))
			break;
		schedule();
	}
	__set_current_state(TASK_RUNNING);
	return worker->begins;
}

int worker_main(void *data)
{
	struct wpool_worker *worker = data;
	struct wpool *pool = worker->pool;

	if (!worker_park(worker))
		return 0;
	stack_watch(worker);
	trace_wpool_worker_start(pool->name, worker->id);
	worker_live_below(worker);
	trace_wpool_worker_exit(pool->name, worker->id);
	stack_leave_groups(worker);
	return 0;
}
