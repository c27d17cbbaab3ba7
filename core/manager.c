// SPDX-License-Identifier: GPL-2.0
/*
 * The manager: one thread for all pools. Only the manager lets workers begin, retires them, reaps
 * them, reports tasks that take too long, and terminates a pool. It runs no code of other
 * modules: workers do, and hooks.c, and late.c for the releases of tasks that the manager ends. It
 * does not wait for memory: another thread makes what it lets begin, see spare.c.
 *
 * It sleeps until a pool is kicked or a worker has died, and has no timer of its own. It learns
 * from the state of a pool what there is to do, so a kick carries no message, and an extra kick
 * does no harm.
 *
 * A pool makes progress without the manager: a submitter wakes an idle worker, and the last
 * worker is never retired while tasks may come. Only a submitter that is put off may need it, see
 * admitted.c.
 *
 * Models: scripts/model/manager.pml of its sleep, workers.pml of how many workers it makes,
 * wake.pml of the workers that it wakes, teardown.pml of terminate().
 */
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <trace/events/wpool.h>

#include "admitted.h"
#include "caller_runs.h"
#include "capacity_slots.h"
#include "color_count.h"
#include "deadlock.h"
#include "depmap.h"
#include "hooks.h"
#include "key_behind.h"
#include "manager.h"
#include "manager_kick.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "service.h"
#include "shutdown.h"
#include "spare.h"
#include "spawn_state.h"
#include "watchdog.h"
#include "worker_list.h"
#include "worker_spawn.h"

static struct task_struct *thread;

/*
 * The worker that has idled longest, if its time is over or the pool has no more use for it.
 * Arms the timer for the next one. Context: pool->lock held.
 */
static struct wpool_worker *pick_to_retire(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned long expires;

	worker = worker_coldest(pool);
	if (!worker || pool_alive(pool) > pool_capacity(pool) || pool_is_over(pool))
		return worker;
	if (workers_living(pool) <= pool_keep(pool) ||
	    pool->conf.flags & WPOOL_KEEP_IDLE)
		return NULL;

	expires = worker_expires(worker);
	if (time_before(jiffies, expires)) {
		kick_pool_at(pool, expires);
		return NULL;
	}
	worker_expired(worker);
	return worker;
}

static void retire_idle(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned long flags;

	pool_lock(pool, flags);
	while ((worker = pick_to_retire(pool))) {
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
	if (!pool_may_grow(pool))
		return false;
	if (pool->state == WPOOL_STATE_RUNNING &&
	    (pool_alive(pool) < pool_keep(pool) || spawn_wants_more(pool)))
		return true;
	return !workers_idle(pool) && queue_wants_worker(pool);
}

/*
 * Has one been made that is not missing any more? It begins, and idles: the next burst of tasks
 * finds it. Context: pool->lock held.
 */
static bool worker_late(const struct wpool *pool)
{
	return spare_is_made(pool) && pool->state == WPOOL_STATE_RUNNING && pool_may_grow(pool) &&
	       !spawn_is_put_off(pool);
}

/*
 * Lets workers begin: all that are there, if they are missing. Locking: pool->lock held; released
 * and regrabbed. Return: 0 if none is missing then, or why there is none, as spare_take().
 */
static int begin_missing(struct wpool *pool, unsigned long *flags)
	__must_hold(&pool->lock)
{
	struct wpool_worker *worker;

	while (worker_missing(pool) || worker_late(pool)) {
		if (spawn_is_put_off(pool))
			return -EOWNERDEAD;
		worker = spare_take(pool);
		if (IS_ERR(worker))
			return PTR_ERR(worker);
		worker_begin(worker);
		spawn_made(pool);
		spawn_set_error(pool, 0);
		pool_unlock(pool, *flags);
		wake_up_process(worker->thread);	/* only this thread reaps it */
		pool_lock(pool, *flags);
	}
	return 0;
}

/*
 * One is being made. The maker may hang, for lack of memory, for any time. So when that has taken
 * long, it counts as one that cannot be made, until it is: or a worker that sleeps, as another
 * could go on, would sleep for ever. Context: pool->lock held.
 */
static void watch_making(struct wpool *pool)
{
	unsigned long late_at = spare_late_at(pool);

	if (time_before(jiffies, late_at))
		kick_pool_at(pool, late_at);
	else if (!spawn_error(pool))
		spawn_set_error(pool, -ETIMEDOUT);
}

/*
 * While one is being made, and after a failure, spawn_asked stays set: the maker, or the timer,
 * makes the manager look again, and submitters need not kick it meanwhile.
 */
static void spawn_missing(struct wpool *pool)
{
	struct wpool_worker *surplus = NULL;
	bool news, creating, making;
	unsigned long flags;
	unsigned int left;
	int err;

	pool_lock(pool, flags);
	err = begin_missing(pool, &flags) ?: spare_keep(pool);
	making = err == -EINPROGRESS;
	if (making)
		err = 0;
	if (err)
		kick_pool_at(pool, spawn_retry_at(pool));
	news = err && spawn_error(pool) != err;
	if (making)
		watch_making(pool);
	else
		spawn_set_error(pool, err);
	creating = spawn_is_awaited(pool);	/* the thread that asked reports it */
	left = workers_made(pool);
	spawn_set_asked(pool, err || making);
	if (!making || (spawn_have_begun(pool) && !spare_is_lacking(pool)))
		spawn_complete(pool, pool_alive(pool) < pool_keep(pool) ||
			       spare_is_lacking(pool) ? err : 0);
	if (pool_is_over(pool))
		spare_withdraw(pool);
	/* In the hold in which none was missing: the maker may bring one at any time. */
	if (!spare_is_making(pool))
		surplus = spare_surplus(pool);
	pool_unlock(pool, flags);

	if (news && !creating)
		pr_err_ratelimited("%s: cannot make a worker: %pe; %u workers are left, will try again\n",
				   pool->name, ERR_PTR(err), left);
	if (surplus)
		spare_unmake(surplus);
}

/*
 * Nothing is left and nothing can come: calls the hook of the pool's owner, and when that has
 * returned wakes the threads that wait for the end.
 */
static void terminate(struct wpool *pool)
{
	unsigned long flags;
	bool over;

	pool_lock(pool, flags);
	/* Blocked submitters must be refused first: see close_pool(). */
	if (pool_is_closing(pool) && !workers_made(pool) && !pool_in_flight(pool) &&
	    !queue_blocked(pool) && !admitted_asleep(pool) &&
	    !spare_is_pending(pool)) {
		WARN_ON_ONCE(deadlock_has_sleepers(pool));
		pool_set_state(pool, WPOOL_STATE_TIDYING);
		/*
		 * While the pool is closed nobody asks; after a restart a caller finds none and
		 * may ask.
		 */
		spawn_complete(pool, -ESHUTDOWN);
		hooks_end(pool);
	}
	over = pool->state == WPOOL_STATE_TIDYING && !hooks_are_ending(pool);
	pool_unlock(pool, flags);
	if (!over)
		return;

	/*
	 * Nobody arms it any more: there is no worker, no task, no hook, and the pool is not
	 * closing.
	 */
	kick_pool_stop(pool);
	spawn_forget_backoff(pool);

	pool_lock(pool, flags);
	pool_set_state(pool, WPOOL_STATE_TERMINATED);
	pool_unlock(pool, flags);
}

/* There may be more workers to look at than one hold of the lock allows. */
static void look_for_deadlock(struct wpool *pool)
{
	unsigned long flags;

	pool_lock(pool, flags);
	admitted_look(pool);
	deadlock_go_on(pool);
	pool_unlock(pool, flags);
}

static void manage(struct wpool *pool)
{
	behind_look(pool);
	retire_idle(pool);
	spawn_missing(pool);
	pool_go_on_closing(pool);
	look_for_deadlock(pool);
	caller_look(pool);
	/* Without the lock: what is reported may just be over. */
	if (watchdog_look(pool, end_is_awaited(pool)) && data_race(spare_is_pending(pool)))
		pr_warn("%s: one of its workers is starting or exiting\n", pool->name);
	terminate(pool);
	wpool_put(pool);
}

/* Return: is there work? */
static bool take_work(struct llist_node **dead, struct wpool **pool)
{
	*dead = kick_take_dead();
	*pool = kick_next_pool();
	return *dead || *pool;
}

static int manager_main(void *unused)
{
	struct wpool_exit *exit, *next;
	struct llist_node *dead;
	struct wpool *pool;

	while (service_next(take_work(&dead, &pool))) {
		dep_manager_begins();
		llist_for_each_entry_safe(exit, next, dead, node)
			exit->reap(exit);
		if (pool)
			manage(pool);
		dep_manager_ends();
		cond_resched();
	}
	return 0;
}

int __init manager_init(void)
{
	int err = kick_init();

	if (err)
		return err;
	err = maker_init();
	if (err)
		goto exit_kick;
	thread = kthread_create(manager_main, NULL, "wpool-manager");
	if (IS_ERR(thread)) {
		err = PTR_ERR(thread);
		goto exit_maker;
	}
	get_task_struct(thread);
	kick_set_manager(thread);
	wake_up_process(thread);
	return 0;

exit_maker:
	maker_exit();
exit_kick:
	kick_exit_all();
	return err;
}

/* No pool is left: the manager itself may have dropped the last reference to a pool. */
void manager_exit(void)
{
	kthread_stop(thread);
	maker_exit();
	kick_exit_all();
	put_task_struct(thread);	/* which work may have woken until here */
	rcu_barrier();	/* worker_free() */
}
