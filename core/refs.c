// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a pool, and the references that keep it. create.c makes it, shutdown.c closes
 * it.
 *
 * A pool dies in two phases. wpool_destroy() makes it unreachable: no task gets in, the workers
 * leave, its name and its debugfs directory go. Its memory is freed when the last reference is
 * dropped: see scripts/model/release.pml.
 */
#include <linux/kref.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "color_count.h"
#include "depmap.h"
#include "pool.h"
#include "refs.h"
#include "inbox.h"
#include "worker_list.h"

static struct wpool *default_pool;

/**
 * wpool_default() - the pool that all modules may use
 *
 * It is made when wpool is loaded. The administrator chooses its capacity and its policy, which may
 * be to drop tasks. It is destroyed when wpool is unloaded.
 *
 * Context: Any.
 * Return: the pool, valid as long as wpool is loaded; no reference is taken.
 */
struct wpool *wpool_default(void)
{
	return default_pool;
}
EXPORT_SYMBOL_GPL(wpool_default);

/*
 * A pool, except for wpool's own, keeps wpool loaded until it is destroyed. Not until it is
 * released: the manager may do that a little after wpool_destroy() has returned, and wpool's
 * exit waits for the manager.
 */
void pool_pin_wpool(const struct wpool *pool)
{
	if (pool->owner != THIS_MODULE)
		__module_get(THIS_MODULE);
}

void pool_unpin_wpool(const struct wpool *pool)
{
	if (pool->owner != THIS_MODULE)
		module_put(THIS_MODULE);
}

/* Only unloading wpool closes the default pool. */
bool pool_is_shared(const struct wpool *pool, const char *what)
{
	if (pool != wpool_default())
		return false;
	pr_err_ratelimited("%s: %s refused: this is the default pool, which all modules use\n",
			   pool->name, what);
	return true;
}

/* Called where it is made, and where it is unmade. */
void pool_set_default(struct wpool *pool)
{
	default_pool = pool;
}

/* The first belongs to the creator. */
void refs_init(struct wpool *pool)
{
	kref_init(&pool->kref);
}

/**
 * wpool_get() - take a reference
 * @pool: a pool to which the caller has one; NULL is ignored
 *
 * A reference keeps the memory, not the workers: see wpool_destroy().
 *
 * Context: Any.
 * Return: @pool.
 */
struct wpool *wpool_get(struct wpool *pool)
{
	if (!IS_ERR_OR_NULL(pool))
		kref_get(&pool->kref);
	return pool;
}
EXPORT_SYMBOL_GPL(wpool_get);

static void pool_free(struct rcu_head *rcu)
{
	struct wpool *pool = container_of(rcu, struct wpool, rcu);

	inbox_free(pool);
	dep_pool_free(pool);
	kfree(pool);
}

/*
 * Freed later: task_lock_pool() may be looking at it, and the last reference may be dropped in
 * a hard interrupt, where PREEMPT_RT can free nothing. task_exit() waits for it.
 */
static void pool_release(struct kref *kref)
{
	struct wpool *pool = container_of(kref, struct wpool, kref);

	WARN_ON_ONCE(pool_in_flight(pool) || workers_made(pool) || workers_last_runs(pool));
	call_rcu(&pool->rcu, pool_free);
}

/**
 * wpool_put() - drop a reference of wpool_get() or wpool_find()
 * @pool: the pool; NULL is ignored
 *
 * wpool_destroy() drops the reference of wpool_create().
 *
 * Context: Any but NMI.
 */
void wpool_put(struct wpool *pool)
{
	if (!IS_ERR_OR_NULL(pool))
		kref_put(&pool->kref, pool_release);
}
EXPORT_SYMBOL_GPL(wpool_put);

/**
 * wpool_name() - the name of a pool
 * @pool: the pool
 *
 * Context: Any.
 * Return: the name, valid as long as the caller's reference; NULL without a pool.
 */
const char *wpool_name(const struct wpool *pool)
{
	return IS_ERR_OR_NULL(pool) ? NULL : pool->name;
}
EXPORT_SYMBOL_GPL(wpool_name);

/**
 * wpool_priv() - get what the creator gave for its hooks
 * @pool: the pool
 *
 * Context: Any.
 * Return: &wpool_attrs.priv.
 */
void *wpool_priv(const struct wpool *pool)
{
	return IS_ERR_OR_NULL(pool) ? NULL : pool->conf.priv;
}
EXPORT_SYMBOL_GPL(wpool_priv);
