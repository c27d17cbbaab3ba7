// SPDX-License-Identifier: GPL-2.0
/*
 * The work of the manager: pools to look at, and threads that have ended; and the work of hooks.c
 * and late.c.
 *
 * Work can be added from everywhere, with any lock held. No wake-up is lost: whoever adds to a
 * list wakes the manager afterwards, and the manager sets its state before it looks at the
 * lists. Modelled in scripts/model/manager.pml.
 */
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "manager_kick.h"
#include "pool.h"

static struct {
	raw_spinlock_t		lock;
	struct list_head	pools;	/* kicked.lock; each entry holds a reference */
	struct llist_head	dead;	/* threads that have ended, and workers to reap */
	struct task_struct	*manager;
} kicked = {
	.lock	= __RAW_SPIN_LOCK_UNLOCKED(kicked.lock),
	.pools	= LIST_HEAD_INIT(kicked.pools),
	.dead	= LLIST_HEAD_INIT(kicked.dead),
};

/* For the code of other modules alone, which may never end. */
static struct workqueue_struct *code_wq;

int __init kick_init(void)
{
	code_wq = alloc_workqueue("wpool_code", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return code_wq ? 0 : -ENOMEM;
}

/* No pool is left, and nobody kicks any more. */
void kick_exit_all(void)
{
	destroy_workqueue(code_wq);
}

/* Sets the thread to wake, before there is a pool. */
void kick_set_manager(struct task_struct *manager)
{
	kicked.manager = manager;
}

/* It is time for the manager to look: see &wpool_kick.timer. */
static void kick_timer(struct timer_list *timer)
{
	kick_pool(container_of(timer, struct wpool, kick.timer));
}

void kick_pool_init(struct wpool *pool)
{
	INIT_LIST_HEAD(&pool->kick.node);
	timer_setup(&pool->kick.timer, kick_timer, 0);
}

/* Kicks it at that time, in jiffies, unless that happens earlier. Context: any. */
void kick_pool_at(struct wpool *pool, unsigned long when)
{
	timer_reduce(&pool->kick.timer, when);
}

/* The timer kicks it no more. Context: Process context; may sleep. */
void kick_pool_stop(struct wpool *pool)
{
	timer_delete_sync(&pool->kick.timer);
}

/**
 * kick_pool() - make the manager look at a pool
 * @pool: the pool; the caller or the lock that it holds keeps it alive
 *
 * Context: any.
 */
void kick_pool(struct wpool *pool)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&kicked.lock, flags);
	if (list_empty(&pool->kick.node)) {
		wpool_get(pool);
		list_add_tail(&pool->kick.node, &kicked.pools);
	}
	raw_spin_unlock_irqrestore(&kicked.lock, flags);
	wake_up_process(kicked.manager);
}

/**
 * kick_exit() - make the manager handle the end of a thread
 * @exit: of the thread; not on the manager's list yet
 *
 * Context: any.
 */
void kick_exit(struct wpool_exit *exit)
{
	llist_add(&exit->node, &kicked.dead);
	wake_up_process(kicked.manager);
}

/**
 * kick_work() - have the work of hooks.c or late.c done for a pool
 * @pool: the pool; as for kick_pool()
 * @work: which
 *
 * Context: any.
 */
void kick_work(struct wpool *pool, struct work_struct *work)
{
	/* First: the work may be over before this returns. */
	wpool_get(pool);
	if (!queue_work(code_wq, work))
		wpool_put(pool);
}

/* The next pool to look at, with a reference, or NULL. Called by the manager. */
struct wpool *kick_next_pool(void)
{
	struct wpool *pool;
	unsigned long flags;

	raw_spin_lock_irqsave(&kicked.lock, flags);
	pool = list_first_entry_or_null(&kicked.pools, struct wpool, kick.node);
	if (pool)
		list_del_init(&pool->kick.node);
	raw_spin_unlock_irqrestore(&kicked.lock, flags);
	return pool;
}

/* All threads that have ended, in the order of their ends, or NULL. Called by the manager. */
struct llist_node *kick_take_dead(void)
{
	return llist_reverse_order(llist_del_all(&kicked.dead));
}
