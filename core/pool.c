// SPDX-License-Identifier: GPL-2.0
/*
 * A pool's life: created, found by its name, counted, paused; its end is in
 * shutdown.c.
 *
 * It dies in two phases. wpool_destroy() makes it unreachable: no task gets in,
 * the workers leave, its name and its debugfs directory go. Its memory follows
 * when the last reference is dropped: see scripts/model/release.pml.
 */
#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/rculist.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <trace/events/wpool.h>

#include "internal.h"

/*
 * Who reclaims memory may come for this lock, so nothing is allocated under it, and nothing
 * called that takes its time: who visits all pools has a bookmark in the list meanwhile.
 */
static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry);
static struct wpool *default_pool;

/* The first pool from an entry on, or NULL. */
static struct wpool *registry_pool_from(struct list_head *node)
{
	struct wpool_entry *entry = list_entry(node, struct wpool_entry, node);

	lockdep_assert_held(&registry_lock);
	list_for_each_entry_from(entry, &registry, node) {
		if (entry->pool)
			return entry->pool;
	}
	return NULL;
}

static struct wpool *registry_lookup(const char *name)
{
	struct wpool_entry *entry;

	lockdep_assert_held(&registry_lock);
	list_for_each_entry(entry, &registry, node) {
		if (entry->pool && !strcmp(entry->pool->name, name))
			return entry->pool;
	}
	return NULL;
}

/* Takes the name, and only then makes the directory: nobody finds the pool meanwhile. */
static int registry_add(struct wpool *pool)
{
	bool taken;

	mutex_lock(&registry_lock);
	taken = registry_lookup(pool->name);
	if (!taken) {
		pool->entry.pool = pool;
		list_add_tail(&pool->entry.node, &registry);
	}
	mutex_unlock(&registry_lock);
	if (taken)
		return -EEXIST;
	debugfs_add_pool(pool);
	mutex_lock(&registry_lock);
	pool->entry.may_be_found = true;
	mutex_unlock(&registry_lock);
	return 0;
}

/**
 * visit_pools() - call a function for every pool that has a name
 * @fn: the function; may sleep. No lock is held.
 * @arg: its second argument
 *
 * A pool that comes meanwhile is visited, one that goes may be.
 */
void visit_pools(void (*fn)(struct wpool *pool, void *arg), void *arg)
{
	struct wpool_entry bookmark = { };
	struct wpool *pool;

	mutex_lock(&registry_lock);
	list_add(&bookmark.node, &registry);
	while ((pool = registry_pool_from(bookmark.node.next))) {
		list_move(&bookmark.node, &pool->entry.node);
		wpool_get(pool);	/* registered: its creator's is there */
		mutex_unlock(&registry_lock);
		fn(pool, arg);
		wpool_put(pool);
		mutex_lock(&registry_lock);
	}
	list_del(&bookmark.node);
	mutex_unlock(&registry_lock);
}

/*
 * The directory first, while the name is taken: a new pool of that name makes its
 * own. Not under the lock: it waits for those who read.
 */
void registry_remove(struct wpool *pool)
{
	debugfs_remove_pool(pool);
	mutex_lock(&registry_lock);
	list_del(&pool->entry.node);
	mutex_unlock(&registry_lock);
}

/* A name is a directory, part of a thread's name, and a word in the log. */
static bool name_ok(const char *name)
{
	size_t len = name ? strnlen(name, WPOOL_NAME_MAX + 1) : 0;

	if (!len || len > WPOOL_NAME_MAX || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		return false;
	for (; *name; name++) {
		if (!isascii(*name) || !isgraph(*name) || *name == '/')
			return false;
	}
	return true;
}

/* Idle time is over, or a thread is to be tried for again. */
static void pool_timer(struct timer_list *timer)
{
	manager_kick(container_of(timer, struct wpool, timer));
}

/*
 * A pool keeps wpool from being unloaded, but for wpool's own, until it is
 * destroyed. Not until it is released: that may be by the manager, a little after
 * wpool_destroy() has returned, and wpool's exit waits for the manager.
 */
static void pool_pin_wpool(const struct wpool *pool)
{
	if (pool->owner != THIS_MODULE)
		__module_get(THIS_MODULE);
}

void pool_unpin_wpool(const struct wpool *pool)
{
	if (pool->owner != THIS_MODULE)
		module_put(THIS_MODULE);
}

static struct wpool *pool_alloc(const char *name, struct module *owner)
{
	struct wpool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	int prio;

	if (!pool)
		return NULL;
	raw_spin_lock_init(&pool->lock);
	raw_spin_lock_init(&pool->staging.lock);
	INIT_LIST_HEAD(&pool->staging.tasks);
	raw_spin_lock_init(&pool->batch.lock);
	seqcount_raw_spinlock_init(&pool->stats_seq, &pool->lock);
	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++)
		INIT_LIST_HEAD(&pool->queue[prio]);
	INIT_LIST_HEAD(&pool->again);
	INIT_LIST_HEAD(&pool->held);
	sema_init(&pool->walk, 1);
	INIT_LIST_HEAD(&pool->idle);
	INIT_LIST_HEAD(&pool->blocked);
	INIT_LIST_HEAD(&pool->blocked_workers);
	INIT_LIST_HEAD(&pool->stuck);
	INIT_LIST_HEAD(&pool->flushers);
	INIT_LIST_HEAD(&pool->drainers);
	INIT_LIST_HEAD(&pool->drained);
	INIT_LIST_HEAD(&pool->delayed);
	INIT_LIST_HEAD(&pool->workers);
	INIT_LIST_HEAD(&pool->callers);
	INIT_LIST_HEAD(&pool->manage_node);
	timer_setup(&pool->timer, pool_timer, 0);
	init_completion(&pool->terminated);
	kref_init(&pool->kref);

	pool->owner = owner;
	strscpy(pool->name, name, sizeof(pool->name));
	pool_pin_wpool(pool);
	dep_pool_init(pool);
	return pool;
}

/**
 * __wpool_create() - what wpool_create() is made of
 * @name: the name
 * @attrs: the attributes, or NULL
 * @owner: the module whose pool it is
 *
 * Context: Process context; may sleep.
 * Return: as wpool_create().
 */
struct wpool *__wpool_create(const char *name, const struct wpool_attrs *attrs,
			     struct module *owner)
{
	struct wpool *pool;
	int ret;

	might_sleep();
	if (!name_ok(name)) {
		pr_err("\"%*pE\": not a name for a pool (1 to %d printable characters, no slash)\n",
		       name ? (int)strnlen(name, WPOOL_NAME_MAX + 1) : 0, name,
		       WPOOL_NAME_MAX);
		return ERR_PTR(-EINVAL);
	}
	pool = pool_alloc(name, owner);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	ret = attrs_apply(pool, attrs);
	if (ret)
		goto put_pool;
	trace_wpool_pool_create(pool->name, pool->capacity, pool->depth);
	ret = hooks_start(pool);
	if (ret)
		goto tell;
	ret = pool_start(pool, 0);
	if (ret >= 0)
		ret = registry_add(pool);
	if (ret)
		goto stop_pool;
	pool_follow_cpus(pool);	/* nobody did while it was not to be seen */
	return pool;

stop_pool:
	pool_stop(pool);
	hooks_stop(pool);
tell:
	pr_err("%s: cannot be created: %pe\n", name, ERR_PTR(ret));
put_pool:
	latency_stop(pool);
	pool_unpin_wpool(pool);
	wpool_put(pool);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(__wpool_create);

/**
 * wpool_default() - the pool that everybody may use
 *
 * Made when wpool is loaded, as its module parameters say. Cannot be shut down
 * or destroyed but by unloading wpool.
 *
 * Context: Any.
 * Return: the pool, valid as long as wpool is loaded; no reference is taken.
 */
struct wpool *wpool_default(void)
{
	return default_pool;
}
EXPORT_SYMBOL_GPL(wpool_default);

/**
 * wpool_find() - get a pool by its name
 * @name: the name
 *
 * Context: Process context; may sleep.
 * Return: the pool, with a reference for wpool_put(), or NULL.
 */
struct wpool *wpool_find(const char *name)
{
	struct wpool *pool = NULL;

	might_sleep();
	if (!name)
		return NULL;
	mutex_lock(&registry_lock);
	pool = registry_lookup(name);
	if (pool && !pool->entry.may_be_found)
		pool = NULL;	/* its creator has not returned */
	if (pool)
		wpool_get(pool);	/* as in visit_pools() */
	mutex_unlock(&registry_lock);
	return pool;
}
EXPORT_SYMBOL_GPL(wpool_find);

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

	task_free_chain(pool->staging.spare);
	kfree(pool->latency);
	free_cpumask_var(pool->cpumask);
	dep_pool_free(pool);
	kfree(pool);
}

/*
 * Freed later: task_lock_pool() may be looking at it, and the last reference may be dropped
 * in a hard interrupt, where on PREEMPT_RT nothing can be freed. task_exit() waits for it.
 */
static void pool_release(struct kref *kref)
{
	struct wpool *pool = container_of(kref, struct wpool, kref);

	WARN_ON_ONCE(pool_undone(pool) || pool->nr_workers || pool->nr_blocked ||
		     pool->nr_asleep || pool->nr_stuck);
	call_rcu(&pool->rcu, pool_free);
}

/**
 * wpool_put() - drop a reference of wpool_get() or wpool_find()
 * @pool: the pool; NULL is ignored
 *
 * That of wpool_create() is dropped by wpool_destroy().
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
 * wpool_priv() - what the creator gave for its hooks
 * @pool: the pool
 *
 * Context: Any.
 * Return: &wpool_attrs.priv.
 */
void *wpool_priv(const struct wpool *pool)
{
	return IS_ERR_OR_NULL(pool) ? NULL : pool->priv;
}
EXPORT_SYMBOL_GPL(wpool_priv);

/*
 * Of pool and workers, each of which counts what it does without the lock. What a worker
 * has counted is the pool's when it is unlinked: it is not seen in both, as it is off the
 * list before. Who sees it in neither looks again; but for an NMI, which may have hit who
 * is unlinking it and would wait for ever.
 */
static void stats_add_up(struct wpool *pool, struct wpool_stats *stats)
{
	struct wpool_worker *worker;
	unsigned int seq;
	int i;

	rcu_read_lock();
	do {
		seq = raw_seqcount_begin(&pool->stats_seq);
		for (i = WPOOL_STAT_SUBMITTED + 1; i <= WPOOL_STAT_LARGEST; i++)
			stats->count[i] = atomic64_read(&pool->stats[i]);
		smp_rmb();	/* pairs with that in unlink_worker() */
		list_for_each_entry_rcu(worker, &pool->workers, node)
			stats->count[WPOOL_STAT_COMPLETED] +=
				atomic64_read(&worker->ended);
	} while (read_seqcount_retry(&pool->stats_seq, seq) && !in_nmi());
	rcu_read_unlock();
}

/**
 * wpool_stats() - read the counters of a pool
 * @pool: the pool
 * @stats: filled; zeroed without a pool
 *
 * Takes no lock, so while the pool is at work the values are of moments that
 * follow one another, and a task that goes from queue to worker just then may be
 * missed, or be seen in both. A task is in them as ended at the latest when its waiter
 * knows, and never as ended before it is as submitted.
 *
 * Context: Any. An NMI waits for nobody: it may miss what a worker has ended that is just
 * being buried; and where 64 bits are read under a lock (CONFIG_GENERIC_ATOMIC64) it gets
 * the state and what is marked "now", but for the number queued, and no more.
 */
void wpool_stats(struct wpool *pool, struct wpool_stats *stats)
{
	*stats = (struct wpool_stats) { };
	if (IS_ERR_OR_NULL(pool))
		return;
	stats->count[WPOOL_STAT_CAPACITY] = READ_ONCE(pool->capacity);
	stats->count[WPOOL_STAT_WORKERS] = READ_ONCE(pool->nr_workers);
	stats->count[WPOOL_STAT_IDLE] = READ_ONCE(pool->nr_idle);
	stats->count[WPOOL_STAT_RUNNING] = READ_ONCE(pool->nr_running);
	stats->count[WPOOL_STAT_DELAYED] = READ_ONCE(pool->nr_delayed);
	stats->count[WPOOL_STAT_BLOCKED] = READ_ONCE(pool->nr_blocked);
	stats->state = READ_ONCE(pool->state);
	if (IS_ENABLED(CONFIG_GENERIC_ATOMIC64) && in_nmi())
		return;
	stats->count[WPOOL_STAT_QUEUED] = pool_waiting(pool);
	stats_add_up(pool, stats);
	/* Last: pairs with the lock, under which a task is counted first here. */
	smp_rmb();
	stats->count[WPOOL_STAT_SUBMITTED] =
		atomic64_read(&pool->stats[WPOOL_STAT_SUBMITTED]) +
		atomic64_read(&pool->staging.accepted);
}
EXPORT_SYMBOL_GPL(wpool_stats);

/**
 * wpool_pause() - begin no more tasks
 * @pool: the pool; NULL is ignored, the default pool refused with a message
 *
 * Those that run go on; those queued stay, and more are accepted. A task that a
 * worker waits for is run by it all the same. Shutting the pool down ends a pause.
 *
 * Context: Any but NMI.
 */
void wpool_pause(struct wpool *pool)
{
	unsigned long flags;

	if (IS_ERR_OR_NULL(pool) || pool_is_shared(pool, "wpool_pause()"))
		return;
	pool_lock(pool, flags);
	if (pool->state == WPOOL_STATE_RUNNING) {
		batch_reclaim(pool);
		pool->paused = true;
	}
	pool_unlock(pool, flags);
}
EXPORT_SYMBOL_GPL(wpool_pause);

/**
 * wpool_resume() - begin tasks again
 * @pool: the pool; NULL is ignored
 *
 * Context: Any but NMI.
 */
void wpool_resume(struct wpool *pool)
{
	unsigned long flags;

	if (IS_ERR_OR_NULL(pool))
		return;
	pool_lock(pool, flags);
	if (pool->state == WPOOL_STATE_RUNNING)
		pool->paused = false;
	pool_unlock(pool, flags);
}
EXPORT_SYMBOL_GPL(wpool_resume);

int __init pool_make_default(const struct wpool_attrs *attrs)
{
	struct wpool *pool = wpool_create("default", attrs);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	default_pool = pool;
	return 0;
}

/* Called by the exit of wpool, so nobody is left who could use it. */
void pool_destroy_default(void)
{
	struct wpool *pool = default_pool;

	default_pool = NULL;
	wpool_destroy(pool);
}
