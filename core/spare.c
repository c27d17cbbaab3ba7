// SPDX-License-Identifier: GPL-2.0
/*
 * Workers that have been made and have not begun, and the thread that makes them.
 *
 * To make a thread takes memory, and kthreadd, which may wait for memory itself. A pool that is
 * needed to free memory must not wait for either. So the manager does not: it asks the maker, one
 * thread for all pools, and goes on reaping workers and serving other pools. The maker makes one
 * worker at a time for a pool, and kicks the manager, which lets it begin. If that takes long, the
 * pool goes on as if it had failed: see watch_making() in manager.c.
 *
 * A pool with %WPOOL_MEM_RECLAIM keeps one more, parked: it begins when the pool has no worker
 * left, because the last has died. Then the next to be kept is made, when there is memory. It
 * begins for nothing else, so it is there whatever the pool has grown to. The other pools
 * keep none: what comes too late to be needed begins all the same, and idles, if there may be one
 * more, and is unmade if not.
 *
 * A worker that has not begun counts nowhere: it has no slot, is on no list of workers, and has
 * called no hook. The pool owns it, and does not terminate before it is unmade.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "service.h"
#include "spare.h"
#include "spawn_state.h"
#include "thread_exit.h"
#include "worker.h"
#include "worker_list.h"
#include "worker_spawn.h"

static struct {
	raw_spinlock_t		lock;
	struct list_head	pools;	/* asked.lock; each entry holds a reference */
	struct task_struct	*maker;
} asked = {
	.lock	= __RAW_SPIN_LOCK_UNLOCKED(asked.lock),
	.pools	= LIST_HEAD_INIT(asked.pools),
};

void spare_init(struct wpool *pool)
{
	INIT_LIST_HEAD(&pool->spare.node);
}

/* Context: asked.lock held. */
static void asked_add(struct wpool *pool)
{
	lockdep_assert_held(&asked.lock);
	list_add_tail(&pool->spare.node, &asked.pools);
}

/*
 * Asks the maker for one. Context: the manager; pool->lock held. Return: -EINPROGRESS: the
 * manager is kicked when it has been made, or could not be; or why the last could not, once.
 */
static int spare_ask(struct wpool *pool)
{
	struct wpool_spare *spare = &pool->spare;
	int err = spare->error;

	lockdep_assert_held(&pool->lock);
	if (spare->making)
		return -EINPROGRESS;
	spare->error = 0;
	if (err)
		return err;
	spare->making = true;
	spare->since = jiffies;
	spare->id = spawn_next_id(pool);
	wpool_get(pool);
	raw_spin_lock(&asked.lock);
	asked_add(pool);
	raw_spin_unlock(&asked.lock);
	wake_up_process(asked.maker);
	return -EINPROGRESS;
}

/**
 * spare_take() - take a worker that is to begin
 * @pool: the pool
 *
 * Context: the manager; pool->lock held.
 * Return: the worker, or as spare_ask().
 */
struct wpool_worker *spare_take(struct wpool *pool)
{
	struct wpool_spare *spare = &pool->spare;
	bool last = !workers_living(pool) && spare->kept;
	struct wpool_worker **from = last ? &spare->kept : &spare->made;
	struct wpool_worker *worker = *from;

	lockdep_assert_held(&pool->lock);
	if (!worker)
		return ERR_PTR(spare_ask(pool));
	*from = NULL;
	return worker;
}

/**
 * spare_keep() - see to it that the pool has the worker that it is to keep
 * @pool: the pool
 *
 * Context: the manager; pool->lock held.
 * Return: 0 if it has, or need not; else as spare_ask().
 */
int spare_keep(struct wpool *pool)
{
	struct wpool_spare *spare = &pool->spare;

	lockdep_assert_held(&pool->lock);
	if (!spare_is_lacking(pool) || pool_is_over(pool))
		return 0;
	swap(spare->kept, spare->made);
	return spare->kept ? 0 : spare_ask(pool);
}

/**
 * spare_withdraw() - do without the worker that is being made, if the maker has not begun with it
 * @pool: the pool
 *
 * Context: the manager, which has a reference of its own; pool->lock held.
 */
void spare_withdraw(struct wpool *pool)
{
	struct wpool_spare *spare = &pool->spare;
	bool taken;

	lockdep_assert_held(&pool->lock);
	raw_spin_lock(&asked.lock);
	taken = !list_empty(&spare->node);
	list_del_init(&spare->node);
	raw_spin_unlock(&asked.lock);
	if (!taken)
		return;
	spare->making = false;
	wpool_put(pool);
}

/**
 * spare_surplus() - take off a worker for which there is no use any more
 * @pool: the pool; none is being made, nor is one missing that may begin now
 *
 * Why the last could not be made does not matter any more, either.
 *
 * Context: the manager; pool->lock held. If there may be another, the manager is kicked.
 * Return: a worker for spare_unmake(), or NULL.
 */
struct wpool_worker *spare_surplus(struct wpool *pool)
{
	struct wpool_spare *spare = &pool->spare;
	bool over = pool_is_over(pool);
	struct wpool_worker **from = over && spare->kept ? &spare->kept : &spare->made;
	struct wpool_worker *worker;

	lockdep_assert_held(&pool->lock);
	spare->error = 0;
	/* The next may not begin yet, as those before it died at once: nobody has kept it. */
	if (!over && spare_is_lacking(pool))
		swap(spare->kept, spare->made);
	worker = *from;
	*from = NULL;
	if (worker) {
		spare->ending++;
		pool_mark(pool, MARK_MANAGER);
	}
	return worker;
}

/* The thread of a worker that has not begun has ended. By the manager. */
static void spare_reap(struct wpool_exit *exit)
{
	struct wpool_worker *worker = container_of(exit, struct wpool_worker, exit);
	struct wpool *pool = worker->pool;
	unsigned long flags;

	exit_join(exit);
	exit_put(exit);
	kfree(worker);
	pool_lock(pool, flags);
	pool->spare.ending--;
	pool_mark(pool, MARK_MANAGER);
	pool_unlock(pool, flags);
	wpool_put(pool);
}

/**
 * spare_unmake() - undo worker_make()
 * @worker: has not begun; from spare_surplus()
 *
 * Its thread may have to wait for a CPU, or for memory, before it can end, so the manager does not
 * wait for that.
 *
 * Context: the manager.
 */
void spare_unmake(struct wpool_worker *worker)
{
	wpool_get(worker->pool);
	worker->exit.reap = spare_reap;
	worker_let_end(worker);
	wake_up_process(worker->thread);
}

/* The next pool that has asked, with a reference, or NULL. */
static struct wpool *maker_next(void)
{
	struct wpool *pool;
	unsigned long flags;

	raw_spin_lock_irqsave(&asked.lock, flags);
	pool = list_first_entry_or_null(&asked.pools, struct wpool, spare.node);
	if (pool)
		list_del_init(&pool->spare.node);
	raw_spin_unlock_irqrestore(&asked.lock, flags);
	return pool;
}

static void maker_make(struct wpool *pool)
{
	struct wpool_worker *worker = worker_make(pool, pool->spare.id);
	struct wpool_spare *spare = &pool->spare;
	unsigned long flags;

	pool_lock(pool, flags);
	spare->making = false;
	if (IS_ERR(worker))
		spare->error = PTR_ERR(worker);
	else
		spare->made = worker;
	pool_mark(pool, MARK_MANAGER);
	pool_unlock(pool, flags);
	wpool_put(pool);
}

static int maker_main(void *unused)
{
	struct wpool *pool;

	while ((pool = service_next(maker_next()))) {
		maker_make(pool);
		cond_resched();
	}
	return 0;
}

int __init maker_init(void)
{
	struct task_struct *maker = kthread_create(maker_main, NULL, "wpool-maker");

	if (IS_ERR(maker))
		return PTR_ERR(maker);
	asked.maker = get_task_struct(maker);
	wake_up_process(maker);
	return 0;
}

/* No pool is left. */
void maker_exit(void)
{
	kthread_stop(asked.maker);
	put_task_struct(asked.maker);
}
