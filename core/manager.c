// SPDX-License-Identifier: GPL-2.0
/*
 * The manager: one thread for all pools. Only the manager makes workers, retires them, reaps
 * them, reports tasks that take too long, and terminates a pool. It runs no code of other
 * modules: workers call the hooks, or the thread of hooks.c.
 *
 * It sleeps until a pool is kicked or a worker has died, and has no timer of its own. It learns
 * from the state of a pool what there is to do, so a kick carries no message, and an extra kick
 * does no harm.
 *
 * A pool makes progress without the manager: a submitter wakes an idle worker, and the last
 * worker is never retired while tasks may come.
 *
 * Models: scripts/model/manager.pml of its sleep, workers.pml of how many workers it makes,
 * wake.pml of the workers that it wakes, teardown.pml of terminate().
 */
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <trace/events/wpool.h>

#include "broken_count.h"
#include "caller_runs.h"
#include "counter.h"
#include "deadlock.h"
#include "depmap.h"
#include "hooks.h"
#include "key_behind.h"
#include "manager.h"
#include "manager_kick.h"
#include "pool.h"
#include "pool_lock.h"
#include "shutdown.h"
#include "waiter.h"
#include "watchdog.h"
#include "worker_list.h"
#include "worker_spawn.h"

static struct task_struct *thread;

/*
 * The worker that has idled longest, if its time is over or the pool has no more use for it.
 * Arms the timer for the next one. Context: pool->lock held.
 */
static struct wpool_worker *next_to_retire(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned long expires;

	if (list_empty(&pool->idle))
		return NULL;
	worker = list_last_entry(&pool->idle, struct wpool_worker, idle_node);
	if (pool_alive(pool) > pool->capacity ||
	    pool_is_over(pool))
		return worker;
	if (pool_alive(pool) <= pool_keep(pool) ||
	    pool->flags & WPOOL_KEEP_IDLE)
		return NULL;

	expires = worker->since + pool->idle_timeout;
	if (time_before(jiffies, expires)) {
		timer_reduce(&pool->timer, expires);
		return NULL;
	}
	stat_inc(pool, WPOOL_STAT_EXPIRED);
	return worker;
}

static void retire_idle(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned long flags;

	pool_lock(pool, flags);
	while ((worker = next_to_retire(pool))) {
		worker_unidle(worker);
		worker_leave(worker);
		pool_unlock(pool, flags);
		wake_up_process(worker->thread);	/* only this thread reaps it */
		pool_lock(pool, flags);
	}
	pool_unlock(pool, flags);
}

/*
 * Must a worker be made? Yes to keep the number that is kept, or for a task for which no worker
 * is idle, searching or starting. Context: pool->lock held.
 */
static bool worker_missing(const struct wpool *pool)
{
	if (pool->nr_workers >= pool->capacity)
		return false;
	if (pool->state == WPOOL_STATE_RUNNING &&
	    (pool_alive(pool) < pool_keep(pool) || pool->to_start))
		return true;
	return list_empty(&pool->idle) && queue_wants_worker(pool);
}

/* How many workers of one pool are made before other pools have their turn. */
#define SPAWN_MAX	8

/* Completes the thread that asked for workers. Context: pool->lock held. */
static void complete_starter(struct wpool *pool, int err)
{
	struct wpool_waiter *starter = pool->starter;

	if (starter)
		starter->value = pool->prestarted;
	pool->to_start = 0;
	pool->prestarted = 0;
	pool->starter = NULL;
	if (!starter)
		return;
	waiter_complete(starter, pool_alive(pool) < pool_keep(pool) ? err : 0, &pool->wake_queue);
}

/*
 * After a failure spawn_asked stays set: the timer makes the manager try again, and submitters
 * need not kick it meanwhile.
 */
static void spawn_missing(struct wpool *pool)
{
	unsigned long flags;
	unsigned int made = 0, left;
	bool news, creating, lowered;
	int err = 0;

	pool_lock(pool, flags);
	while (!err && made < SPAWN_MAX && worker_missing(pool)) {
		if (pool_backs_off(pool)) {
			err = -EOWNERDEAD;
			break;
		}
		pool_unlock(pool, flags);
		err = worker_spawn(pool);
		pool_lock(pool, flags);
		made += !err;
		if (!err && pool_alive(pool) > pool_keep(pool) && pool->to_start) {
			pool->to_start--;
			pool->prestarted++;
		}
	}
	/* wpool_resize() has lowered the capacity meanwhile, and has kicked the manager again. */
	lowered = err == -EBUSY;
	if (lowered)
		err = 0;
	if (err)
		timer_reduce(&pool->timer, pool_backs_off(pool) ? pool->backoff_until :
			     jiffies + WPOOL_SPAWN_RETRY);
	news = err && pool->spawn_error != err;
	creating = pool->starter;	/* the thread that asked reports it */
	left = pool->nr_workers;
	pool_set_spawn_error(pool, err);
	pool->spawn_asked = err || lowered;
	if (!err && made == SPAWN_MAX) {
		pool->spawn_asked = true;
		pool_mark(pool, MARK_MANAGER);	/* goes on after the other pools had their turn */
	} else {
		complete_starter(pool, err);
	}
	pool_unlock(pool, flags);

	if (news && !creating)
		pr_err_ratelimited("%s: cannot make a worker: %pe; going on with %u, will try again\n",
				   pool->name, ERR_PTR(err), left);
}

/*
 * Nothing is left and nothing can come: calls the hook of the pool's owner, and when that has
 * returned wakes the threads that wait for the end.
 */
static void terminate(struct wpool *pool)
{
	unsigned long flags;
	bool over, ended = false;

	pool_lock(pool, flags);
	/* Blocked submitters must be refused first: see close_pool(). */
	if (pool_is_closing(pool) && !pool->nr_workers && !pool_in_flight(pool) &&
	    !pool->nr_blocked && !pool->mend.pending) {
		pool_set_state(pool, WPOOL_STATE_TIDYING);
		/*
		 * While the pool is closed nobody asks; after a restart a caller finds none and
		 * may ask.
		 */
		complete_starter(pool, -ESHUTDOWN);
		ended = hooks_end(pool);
	}
	over = pool->state == WPOOL_STATE_TIDYING && !pool->hooks.ending;
	pool_unlock(pool, flags);
	if (ended)
		hooks_wake(pool);
	if (!over)
		return;

	/*
	 * Nobody arms it any more: there is no worker, no task, no hook, and the pool is not
	 * closing.
	 */
	timer_delete_sync(&pool->timer);
	pool->backoff = 0;

	/* Under the lock, so that a restart comes before both or after both. */
	pool_lock(pool, flags);
	pool_set_state(pool, WPOOL_STATE_TERMINATED);
	complete(&pool->terminated);
	pool_unlock(pool, flags);
}

/* There may be more workers to look at than one hold of the lock allows. */
static void look_for_deadlock(struct wpool *pool)
{
	unsigned long flags;

	if (!READ_ONCE(pool->stuck_left))
		return;
	pool_lock(pool, flags);
	deadlock_go_on(pool);
	pool_unlock(pool, flags);
}

static void manage(struct wpool *pool)
{
	lost_look(pool);
	behind_look(pool);
	retire_idle(pool);
	spawn_missing(pool);
	pool_go_on_closing(pool);
	look_for_deadlock(pool);
	caller_look(pool);
	watchdog_look(pool);
	terminate(pool);
	wpool_put(pool);
}

/*
 * No wake-up is lost: the state is set before the lists are looked at, and whoever adds to a
 * list wakes the thread afterwards.
 */
static int manager_main(void *unused)
{
	for (;;) {
		struct wpool_exit *exit, *next;
		struct llist_node *dead;
		struct wpool *pool;

		set_current_state(TASK_IDLE);
		dead = kick_take_dead();
		pool = kick_next_pool();
		if (!dead && !pool) {
			if (kthread_should_stop())
				break;
			schedule();
			continue;
		}
		__set_current_state(TASK_RUNNING);
		dep_manager_begins();
		llist_for_each_entry_safe(exit, next, dead, node)
			exit->reap(exit);
		if (pool)
			manage(pool);
		dep_manager_ends();
		cond_resched();
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

int __init manager_init(void)
{
	thread = kthread_create(manager_main, NULL, "wpool-manager");
	if (IS_ERR(thread))
		return PTR_ERR(thread);
	get_task_struct(thread);
	kick_init(thread);
	wake_up_process(thread);
	return 0;
}

/* No pool is left: the manager itself may have dropped the last reference to a pool. */
void manager_exit(void)
{
	kthread_stop(thread);
	put_task_struct(thread);
	rcu_barrier();	/* worker_free() */
}
