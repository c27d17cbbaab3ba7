// SPDX-License-Identifier: GPL-2.0
/*
 * A pool's life: created, resized, shut down, destroyed; and the registry of
 * pools by name.
 *
 * It dies in two phases. wpool_destroy() makes it unreachable: no task gets in,
 * the workers leave, its name and its debugfs directory go. Its memory follows
 * when the last reference is dropped.
 */
#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <trace/events/wpool.h>

#include "internal.h"

static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry);
static struct wpool *default_pool;

static struct wpool *registry_lookup(const char *name)
{
	struct wpool *pool;

	lockdep_assert_held(&registry_lock);
	list_for_each_entry(pool, &registry, registry_node) {
		if (!strcmp(pool->name, name))
			return pool;
	}
	return NULL;
}

static int registry_add(struct wpool *pool)
{
	int ret = 0;

	mutex_lock(&registry_lock);
	if (registry_lookup(pool->name)) {
		ret = -EEXIST;
	} else {
		list_add_tail(&pool->registry_node, &registry);
		debugfs_add_pool(pool);
	}
	mutex_unlock(&registry_lock);
	return ret;
}

/* The directory first: a new pool of that name makes its own. */
static void registry_remove(struct wpool *pool)
{
	mutex_lock(&registry_lock);
	debugfs_remove_pool(pool);
	list_del(&pool->registry_node);
	mutex_unlock(&registry_lock);
}

/* Why these attributes make no pool, or NULL. */
static const char *attrs_fault(const struct wpool_attrs *attrs,
			       unsigned int capacity)
{
	if (attrs->min_workers > capacity)
		return "min_workers > capacity";
	if (attrs->queue_depth < WPOOL_QUEUE_UNBOUNDED)
		return "queue_depth";
	if (attrs->full != WPOOL_FULL_BLOCK && attrs->full != WPOOL_FULL_FAIL)
		return "full";
	if (attrs->spin_us > WPOOL_MAX_SPIN_US)
		return "spin_us > 1 s";
	if (attrs->flags)
		return "unknown flags";
	return NULL;
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

static unsigned int attrs_depth(const struct wpool_attrs *attrs)
{
	switch (attrs->queue_depth) {
	case WPOOL_QUEUE_UNBOUNDED:
		return UINT_MAX;
	case WPOOL_QUEUE_HANDOFF:
		return 0;
	case 0:
		return WPOOL_DEFAULT_DEPTH;
	default:
		return attrs->queue_depth;
	}
}

static unsigned int attrs_capacity(const struct wpool_attrs *attrs,
				   const char *name)
{
	if (!attrs->capacity)
		return WPOOL_DEFAULT_CAPACITY;
	if (attrs->capacity <= WPOOL_MAX_CAPACITY)
		return attrs->capacity;
	pr_notice("%s: capacity %u is too large, using %u\n", name,
		  attrs->capacity, WPOOL_MAX_CAPACITY);
	return WPOOL_MAX_CAPACITY;
}

/* Idle time is over, or a thread is to be tried for again. */
static void pool_timer(struct timer_list *timer)
{
	manager_kick(container_of(timer, struct wpool, timer));
}

static struct wpool *pool_alloc(const char *name, const struct wpool_attrs *attrs,
				unsigned int capacity, struct module *owner)
{
	struct wpool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);
	int prio;

	if (!pool)
		return NULL;
	raw_spin_lock_init(&pool->lock);
	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++)
		INIT_LIST_HEAD(&pool->queue[prio]);
	INIT_LIST_HEAD(&pool->idle);
	INIT_LIST_HEAD(&pool->blocked);
	INIT_LIST_HEAD(&pool->workers);
	INIT_LIST_HEAD(&pool->manage_node);
	timer_setup(&pool->timer, pool_timer, 0);
	init_completion(&pool->terminated);
	kref_init(&pool->kref);

	sema_init(&pool->slots, capacity);
	pool->capacity = capacity;
	/* One is always kept, so that no task depends on making a thread. */
	pool->min_workers = max(attrs->min_workers, 1U);
	pool->depth = attrs_depth(attrs);
	pool->full = attrs->full;
	pool->idle_timeout = msecs_to_jiffies(attrs->idle_timeout_ms ?:
					      WPOOL_DEFAULT_IDLE_MS);
	pool->spin_us = attrs->spin_us;
	pool->owner = owner;
	strscpy(pool->name, name, sizeof(pool->name));

	/* wpool's own pool must not keep it from being unloaded. */
	if (owner != THIS_MODULE)
		__module_get(THIS_MODULE);
	return pool;
}

/* Has the manager make the first workers, and waits until it has. */
static int pool_start(struct wpool *pool)
{
	struct wpool_waiter starter;
	unsigned long flags;

	waiter_init(&starter);
	raw_spin_lock_irqsave(&pool->lock, flags);
	pool->starter = &starter;
	manager_kick(pool);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	wait_for_completion(&starter.done);
	return starter.told;
}

/* Shuts down and waits until no worker, task or manager has to do with it. */
static void pool_stop(struct wpool *pool)
{
	wpool_shutdown(pool);
	wait_for_completion(&pool->terminated);
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
	static const struct wpool_attrs defaults = WPOOL_ATTRS_INIT;
	unsigned int capacity;
	const char *fault;
	struct wpool *pool;
	int ret;

	might_sleep();
	if (!name_ok(name)) {
		pr_err("\"%*pE\": not a name for a pool (1 to %d printable characters, no slash)\n",
		       name ? (int)strnlen(name, WPOOL_NAME_MAX + 1) : 0, name,
		       WPOOL_NAME_MAX);
		return ERR_PTR(-EINVAL);
	}
	if (!attrs)
		attrs = &defaults;
	capacity = attrs_capacity(attrs, name);
	fault = attrs_fault(attrs, capacity);
	if (fault) {
		pr_err("%s: bad attributes: %s\n", name, fault);
		return ERR_PTR(-EINVAL);
	}

	pool = pool_alloc(name, attrs, capacity, owner);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	trace_wpool_pool_create(pool->name, capacity, pool->depth);
	ret = pool_start(pool);
	if (!ret)
		ret = registry_add(pool);
	if (!ret)
		return pool;

	pr_err("%s: cannot be created: %pe\n", name, ERR_PTR(ret));
	pool_stop(pool);
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
	if (pool)
		wpool_get(pool);	/* registered: its creator's is there */
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

static void pool_release(struct kref *kref)
{
	struct wpool *pool = container_of(kref, struct wpool, kref);
	bool pins_wpool = pool->owner != THIS_MODULE;

	WARN_ON_ONCE(pool->nr_undone || pool->nr_workers || pool->nr_blocked);
	/* task_lock_pool() may be looking at it. */
	kfree_rcu(pool, rcu);
	if (pins_wpool)
		module_put(THIS_MODULE);
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
 * wpool_stats() - read the counters of a pool
 * @pool: the pool
 * @stats: filled with the values of one moment; zeroed without a pool
 *
 * Context: Any but NMI. Holds the pool's raw lock for the copy.
 */
void wpool_stats(struct wpool *pool, struct wpool_stats *stats)
{
	unsigned long flags;

	if (IS_ERR_OR_NULL(pool)) {
		*stats = (struct wpool_stats) { };
		return;
	}
	raw_spin_lock_irqsave(&pool->lock, flags);
	memcpy(stats->count, pool->stats, sizeof(stats->count));
	stats->count[WPOOL_STAT_CAPACITY] = pool->capacity;
	stats->count[WPOOL_STAT_WORKERS] = pool->nr_workers;
	stats->count[WPOOL_STAT_IDLE] = pool->nr_idle;
	stats->count[WPOOL_STAT_RUNNING] = pool->nr_running;
	stats->count[WPOOL_STAT_QUEUED] = pool->nr_queued;
	stats->count[WPOOL_STAT_BLOCKED] = pool->nr_blocked;
	stats->state = pool->state;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}
EXPORT_SYMBOL_GPL(wpool_stats);

void pool_set_state(struct wpool *pool, enum wpool_state state)
{
	lockdep_assert_held(&pool->lock);
	trace_wpool_pool_state(pool->name, pool->state, state);
	WRITE_ONCE(pool->state, state);
}

/* The semaphore's count plus the slots in use less the debt is the capacity. */
static void resize_slots(struct wpool *pool, unsigned int capacity)
{
	lockdep_assert_held(&pool->lock);
	for (; pool->capacity > capacity; pool->capacity--) {
		if (down_trylock(&pool->slots))
			pool->slot_debt++;
	}
	for (; pool->capacity < capacity; pool->capacity++) {
		if (pool->slot_debt)
			pool->slot_debt--;
		else
			up(&pool->slots);
	}
}

/**
 * wpool_resize() - change how many workers a pool may have
 * @pool: the pool
 * @capacity: 1 to %WPOOL_MAX_CAPACITY
 *
 * Up: as many blocked submitters as now have room are let in at once. Down: no
 * task is begun beyond the new capacity, and the workers beyond it leave as the
 * tasks that they run end; none is interrupted. The workers to be kept are never
 * more than the capacity.
 *
 * Context: Any but NMI.
 * Return: 0, or with nothing changed -EINVAL (NULL pool, capacity out of range)
 * or -ESHUTDOWN.
 */
int wpool_resize(struct wpool *pool, unsigned int capacity)
{
	struct wpool_wakes wakes = {};
	unsigned long flags;
	int ret = 0;

	if (IS_ERR_OR_NULL(pool) || !capacity || capacity > WPOOL_MAX_CAPACITY)
		return -EINVAL;
	raw_spin_lock_irqsave(&pool->lock, flags);
	if (pool->state == WPOOL_STATE_RUNNING) {
		resize_slots(pool, capacity);
		queue_admit_blocked(pool, &wakes);
		wake_for_queue(pool, &wakes);
		manager_kick(pool);
	} else {
		ret = -ESHUTDOWN;
	}
	pool_unlock_wake(pool, flags, &wakes);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_resize);

static void shut_down(struct wpool *pool)
{
	struct wpool_wakes wakes = {};
	unsigned long flags;

	raw_spin_lock_irqsave(&pool->lock, flags);
	if (pool->state == WPOOL_STATE_RUNNING) {
		pool_set_state(pool, WPOOL_STATE_SHUTDOWN);
		/* Turns them all away, now that the pool is closed. */
		queue_admit_blocked(pool, &wakes);
		manager_kick(pool);
	}
	pool_unlock_wake(pool, flags, &wakes);
}

static bool is_default(const struct wpool *pool, const char *what)
{
	if (!pool || pool != default_pool)
		return false;
	pr_err("%s: %s refused: this pool is everybody's\n", pool->name, what);
	return true;
}

/**
 * wpool_shutdown() - accept no more tasks
 * @pool: the pool; NULL is ignored, the default pool refused with a message
 *
 * What was accepted still runs; blocked submitters get -ESHUTDOWN. Does not
 * wait. Again does no harm.
 *
 * Context: Any but NMI.
 */
void wpool_shutdown(struct wpool *pool)
{
	if (!IS_ERR_OR_NULL(pool) && !is_default(pool, "wpool_shutdown()"))
		shut_down(pool);
}
EXPORT_SYMBOL_GPL(wpool_shutdown);

/**
 * wpool_await_termination() - wait for the end of a pool that was shut down
 * @pool: the pool
 * @timeout: the longest to wait, in jiffies; never cut short.
 *	%MAX_SCHEDULE_TIMEOUT is for ever.
 *
 * Any number of callers may wait. When it returns 0 no task and no worker of the
 * pool is left.
 *
 * Context: Process context; may sleep. The caller holds a reference.
 * Return: 0, -ETIMEDOUT, -EINVAL (NULL), -EDEADLK (a worker of the pool).
 */
int wpool_await_termination(struct wpool *pool, unsigned long timeout)
{
	might_sleep();
	if (IS_ERR_OR_NULL(pool))
		return -EINVAL;
	if (worker_refused(pool, "wpool_await_termination()"))
		return -EDEADLK;
	if (timeout >= MAX_SCHEDULE_TIMEOUT) {
		wait_for_completion(&pool->terminated);
		return 0;
	}
	/* The jiffy that has begun does not count. */
	timeout = min_t(unsigned long, timeout + 1, MAX_SCHEDULE_TIMEOUT - 1);
	if (wait_for_completion_timeout(&pool->terminated, timeout))
		return 0;
	return -ETIMEDOUT;
}
EXPORT_SYMBOL_GPL(wpool_await_termination);

/**
 * wpool_destroy() - shut a pool down, wait for its end, drop the creator's
 *	reference
 * @pool: the pool; not the caller's any more, unless an error is returned
 *
 * What was accepted still runs. When it returns 0, no task and no worker of the
 * pool is left, its name may be used again and its debugfs directory is gone.
 * A second call, by somebody who holds a reference of his own, waits for the
 * same end and drops none.
 *
 * Context: Process context; may sleep, for as long as the tasks take.
 * Return: 0, -EINVAL (NULL, or the default pool), -EDEADLK (a worker of the
 * pool), -ESHUTDOWN (destroyed already; at its end now).
 */
int wpool_destroy(struct wpool *pool)
{
	unsigned long flags;
	bool again;

	might_sleep();
	if (IS_ERR_OR_NULL(pool) || is_default(pool, "wpool_destroy()"))
		return -EINVAL;
	if (worker_refused(pool, "wpool_destroy()"))
		return -EDEADLK;

	raw_spin_lock_irqsave(&pool->lock, flags);
	again = pool->destroyed;
	pool->destroyed = true;
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	if (again) {
		wait_for_completion(&pool->terminated);
		return -ESHUTDOWN;
	}
	pool_stop(pool);
	registry_remove(pool);
	wpool_put(pool);
	return 0;
}
EXPORT_SYMBOL_GPL(wpool_destroy);

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
