// SPDX-License-Identifier: GPL-2.0
/*
 * Tells lockdep which thread waits for what, as workqueue.c does. So a task that waits for
 * itself in a roundabout way is reported when each part has been seen once, in any order, and
 * before anything hangs. The most common case: a task takes a mutex, and a thread that holds
 * the mutex waits for the task.
 *
 * A run holds two maps, that of its pool and that of its function. A thread that waits for a
 * pool, or for a task, takes the map for write and drops it at once, while it holds its other
 * locks.
 *
 * Which waits are the same to lockdep? All waits for one pool: each pool has its own class. And
 * all waits for tasks of one function, as all locks are the same that are set up at one place.
 * This must not report a circle where there is none:
 *
 * - A run takes its maps for read and by trylock, so lockdep learns nothing about the locks
 *   held before; what the run takes afterwards follows from its maps and from those locks.
 * - A worker that waits for a task of its own pool is not recorded. It runs the task itself
 *   if nobody has begun it, and if workers wait for one another the pool refuses one.
 * - If a worker waits for anything else, the functions that it is inside are not recorded.
 *   Tasks of one function may wait for one another, as those of an upper device wait for
 *   those of a lower one. The locks that it holds and its pool are recorded.
 * - A wait inside a function for another task of the same function is not recorded: code
 *   that goes down a tree holds the lock of each level, and tells lockdep by subclasses.
 * - A wait with a time limit is not recorded, as it ends by itself.
 * - The workers of a freezable pool hold no maps: the freezer reports sleepers that do.
 * - Nor does a submitter that runs its task itself: it may die inside, and is no worker.
 *
 * So two tasks of one function are the same to lockdep even if their arguments make them take
 * different locks; the same goes for a wrapper that calls different functions by a pointer. Two
 * functions instead of one solve this.
 *
 * No worker may die with a map: see dep_thread_ends().
 */
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "current_thread.h"
#include "depmap.h"
#include "pool.h"

/*
 * The most pools with a class of their own. It takes time to remove a class, and lockdep has
 * room for some thousands; further pools have none.
 */
#define DEP_POOLS_MAX	256

/**
 * struct wpool_dep - the class of a pool
 * @key: registered
 * @map: held by each thread that runs a task of the pool
 * @node: on dep_gone
 * @name: of the class
 */
struct wpool_dep {
	struct lock_class_key	key;
	struct lockdep_map	map;
	struct llist_node	node;
	char			name[WPOOL_NAME_MAX + sizeof("wpool ")];
};

static atomic_t dep_pools;
static LLIST_HEAD(dep_gone);

/* May take a while for each pool: it waits for RCU. */
static void dep_collect(struct work_struct *work)
{
	struct wpool_dep *dep, *next;

	llist_for_each_entry_safe(dep, next, llist_del_all(&dep_gone), node) {
		lockdep_unregister_key(&dep->key);
		kfree(dep);
		atomic_dec(&dep_pools);
	}
}

static DECLARE_WORK(dep_work, dep_collect);

/* Context: may sleep. */
void dep_pool_init(struct wpool *pool)
{
	struct wpool_dep *dep = NULL;

	if (atomic_inc_return(&dep_pools) <= DEP_POOLS_MAX)
		dep = kzalloc(sizeof(*dep), GFP_KERNEL | __GFP_NOWARN);
	if (!dep) {
		atomic_dec(&dep_pools);
		return;
	}
	snprintf(dep->name, sizeof(dep->name), "wpool %s", pool->name);
	lockdep_register_key(&dep->key);
	lockdep_init_map(&dep->map, dep->name, &dep->key, 0);
	pool->dep = dep;
}

/* Context: any; nobody uses the pool any more. */
void dep_pool_free(struct wpool *pool)
{
	if (pool->dep && llist_add(&pool->dep->node, &dep_gone))
		schedule_work(&dep_work);
}

/* When all pools are freed. */
void dep_exit(void)
{
	flush_work(&dep_work);
}

/*
 * A function of a module is its own key: lockdep takes an address in a module for a static key,
 * and forgets the class when the module goes. A function of the kernel itself cannot be a key.
 */
static bool dep_has_class(wpool_fn_t fn)
{
#if defined(CONFIG_RISCV) || defined(CONFIG_S390)
	/* MODULES_VADDR cannot be linked there; the kernel is not in the range of vmalloc. */
	return is_vmalloc_or_module_addr(fn);
#elif defined(MODULES_VADDR)
	return (unsigned long)fn >= MODULES_VADDR && (unsigned long)fn < MODULES_END;
#else
	return is_vmalloc_addr(fn);
#endif
}

/* Without a name a class is reported by the symbol of its key. */
static void dep_map_init(struct lockdep_map *map, wpool_fn_t fn)
{
	lockdep_init_map(map, "wpool task", (struct lock_class_key *)fn, 0);
	map->name = NULL;
}

/* Is the worker inside the function, and does it hold the map? */
static bool dep_inside(const struct wpool_worker *worker, wpool_fn_t fn)
{
	unsigned int i;

	for (i = 0; worker && i < worker->nesting; i++) {
		if (worker->runs[i].dep_held && worker->runs[i].fn == fn)
			return true;
	}
	return false;
}

/**
 * dep_run_begins() - a worker is about to call a function
 * @pool: its pool
 * @run: the run; the innermost
 */
void dep_run_begins(struct wpool *pool, struct wpool_run *run)
{
	struct wpool_worker *worker = run->worker;

	run->dep_held = false;
	if (run->caller || pool->conf.flags & WPOOL_FREEZABLE)
		return;
	if (pool->dep && run == &worker->runs[0]) {
		lock_map_acquire_tryread(&pool->dep->map);
		worker->dep_held = true;
	}
	if (!dep_has_class(run->fn) || dep_inside(worker, run->fn))
		return;
	dep_map_init(&run->dep, run->fn);
	lock_map_acquire_tryread(&run->dep);
	run->dep_held = true;
}

/* Mirrors dep_run_begins(). */
void dep_run_ends(struct wpool *pool, struct wpool_run *run)
{
	struct wpool_worker *worker = run->worker;

	if (run->caller)
		return;
	if (run->dep_held) {
		run->dep_held = false;
		lock_map_release(&run->dep);
	}
	if (worker->dep_held && run == &worker->runs[0]) {
		worker->dep_held = false;
		lock_map_release(&pool->dep->map);
	}
}

/**
 * dep_thread_ends() - the thread of a worker is ending
 * @worker: the current thread
 *
 * A worker that was killed still has its maps. Lockdep reports a thread that ends with a lock,
 * and stops checking.
 */
void dep_thread_ends(struct wpool_worker *worker)
{
	unsigned int i = worker->nesting;

	while (i--)
		dep_run_ends(worker->pool, &worker->runs[i]);
}

/*
 * Drops the maps of the functions that a worker is inside, so that its wait is not recorded for
 * them.
 */
static void dep_hide(struct wpool_worker *worker)
{
	unsigned int i;

	for (i = worker ? worker->nesting : 0; i--;) {
		if (worker->runs[i].dep_held)
			lock_map_release(&worker->runs[i].dep);
	}
}

static void dep_show(struct wpool_worker *worker)
{
	unsigned int i;

	for (i = 0; worker && i < worker->nesting; i++) {
		if (worker->runs[i].dep_held)
			lock_map_acquire_tryread(&worker->runs[i].dep);
	}
}

static void dep_wait_map(struct wpool_worker *worker, struct lockdep_map *map)
{
	dep_hide(worker);
	lock_map_acquire(map);
	lock_map_release(map);
	dep_show(worker);
}

static void dep_wait_fn(const struct wpool *pool, wpool_fn_t fn)
{
	struct wpool_worker *worker = worker_current(NULL);
	struct lockdep_map map;

	/* A thread that runs a task of the pool as its submitter is treated as a worker of it. */
	if ((worker && worker->pool == pool) || wpool_current() == pool)
		return;
	if (!dep_has_class(fn) || dep_inside(worker, fn))
		return;
	dep_map_init(&map, fn);
	dep_wait_map(worker, &map);
}

/* There is one manager, and it waits for nobody: otherwise all pools would wait with it. */
static struct lockdep_map dep_manager = STATIC_LOCKDEP_MAP_INIT("wpool manager", &dep_manager);

/* The manager has something to do. */
void dep_manager_begins(void)
{
	lock_map_acquire_tryread(&dep_manager);
}

void dep_manager_ends(void)
{
	lock_map_release(&dep_manager);
}

static void dep_not_manager(void)
{
	WARN_ONCE(debug_locks && lock_is_held(&dep_manager),
		  "wpool: a bug in wpool: the manager waits\n");
}

/**
 * dep_wait_manager() - the caller may wait for the manager
 * @forever: without a limit
 *
 * Context: process context; no lock of ours held.
 */
void dep_wait_manager(bool forever)
{
	dep_not_manager();
	if (forever)
		dep_wait_map(worker_current(NULL), &dep_manager);
}

/**
 * dep_wait_task() - the caller may wait for a task
 * @task: the task
 * @forever: without a limit
 *
 * Context: process context; no lock of ours held.
 */
void dep_wait_task(const struct wpool_task *task, bool forever)
{
	dep_not_manager();
	/* Not dereferenced: of a task that has ended the pool may be gone. */
	if (forever)
		dep_wait_fn(READ_ONCE(task->pool), READ_ONCE(task->fn));
}

/**
 * dep_wait_function() - the caller waits for a task that it does not have, without a limit
 * @pool: its pool
 * @fn: its function
 *
 * Context: process context; no lock of ours held.
 */
void dep_wait_function(const struct wpool *pool, wpool_fn_t fn)
{
	dep_not_manager();
	dep_wait_fn(pool, fn);
}

/**
 * dep_wait_pool() - the caller may wait for all tasks of a pool
 * @pool: the pool; the caller is none of its workers
 * @forever: without a limit
 *
 * Context: process context; no lock of ours held.
 */
void dep_wait_pool(const struct wpool *pool, bool forever)
{
	dep_not_manager();
	if (forever && pool->dep)
		dep_wait_map(worker_current(NULL), &pool->dep->map);
}

/* The caller waits for room in a queue: nobody can say how soon there will be some. */
void dep_wait_room(void)
{
	dep_not_manager();
}

/**
 * dep_group_add() - a task is added to a group
 * @group: the group, with the task counted as one that joins
 * @pool: where the task is to run
 * @fn: its function
 *
 * A group remembers the first few kinds of tasks that it has had since it was empty.
 *
 * Context: group->lock held.
 */
void dep_group_add(struct wpool_group *group, const struct wpool *pool, wpool_fn_t fn)
{
	int i;

	lockdep_assert_held(&group->lock);
	if (group->pending + group->joining == 1)
		memset(group->dep, 0, sizeof(group->dep));
	for (i = 0; i < ARRAY_SIZE(group->dep); i++) {
		if (!group->dep[i].fn)
			break;
		if (group->dep[i].fn == fn && group->dep[i].pool == pool)
			return;
	}
	if (i < ARRAY_SIZE(group->dep)) {
		group->dep[i].fn = fn;
		group->dep[i].pool = pool;
	}
}

/**
 * dep_wait_group() - the caller may wait for a group
 * @group: the group
 * @forever: without a limit
 *
 * Context: process context; no lock of ours held, but inside RCU, as the group may be about to go.
 */
void dep_wait_group(struct wpool_group *group, bool forever)
{
	typeof(group->dep) dep;
	unsigned long flags;
	int i;

	dep_not_manager();
	if (!forever)
		return;
	raw_spin_lock_irqsave(&group->lock, flags);
	memcpy(dep, group->dep, sizeof(dep));
	raw_spin_unlock_irqrestore(&group->lock, flags);
	for (i = 0; i < ARRAY_SIZE(dep); i++) {
		if (dep[i].fn)
			dep_wait_fn(dep[i].pool, dep[i].fn);
	}
}
