// SPDX-License-Identifier: GPL-2.0
/*
 * The pools by their names.
 */
#include <linux/hashtable.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringhash.h>

#include "debugfs.h"
#include "pool.h"
#include "registry.h"
#include "settings.h"

/*
 * Memory reclaim may need this lock, so nothing is allocated under it, and nothing slow is
 * called: a thread that visits all pools has a bookmark in the list meanwhile.
 */
static DEFINE_MUTEX(registry_lock);
static LIST_HEAD(registry);
static DEFINE_HASHTABLE(names, 10);

/* The number that the last numbered pool got; the next pool tries the one after it. */
static unsigned int last_number;

/* The first pool at or after an entry, or NULL. @found: of those that can be found. */
static struct wpool *registry_pool_from(struct list_head *node, bool found)
{
	struct wpool_entry *entry = list_entry(node, struct wpool_entry, node);

	lockdep_assert_held(&registry_lock);
	list_for_each_entry_from(entry, &registry, node) {
		if (entry->pool && (entry->may_be_found || !found))
			return entry->pool;
	}
	return NULL;
}

static u32 name_hash(const char *name)
{
	return full_name_hash(NULL, name, strlen(name));
}

static struct wpool *registry_lookup(const char *name)
{
	struct wpool_entry *entry;

	lockdep_assert_held(&registry_lock);
	hash_for_each_possible(names, entry, by_name, name_hash(name)) {
		if (!strcmp(entry->pool->name, name))
			return entry->pool;
	}
	return NULL;
}

/* Gives a pool the next number that leaves it the only one of its name. */
static int registry_number(struct wpool *pool)
{
	size_t len = strlen(pool->name), room = sizeof(pool->name) - len;

	lockdep_assert_held(&registry_lock);
	do {
		if (snprintf(pool->name + len, room, "-%u", ++last_number) >= room) {
			pool->name[len] = '\0';
			return -ENAMETOOLONG;
		}
	} while (registry_lookup(pool->name));
	return 0;
}

/*
 * Takes the name, before the pool's threads get it. Before registry_publish() the pool is not
 * found, and visited by visit_all_pools() only. Return: 0, -EEXIST, -ENAMETOOLONG (no room for the
 * number).
 */
int registry_add(struct wpool *pool)
{
	int ret = 0;

	mutex_lock(&registry_lock);
	if (pool->conf.flags & WPOOL_NUMBERED)
		ret = registry_number(pool);
	else if (registry_lookup(pool->name))
		ret = -EEXIST;
	if (!ret) {
		pool->entry.pool = pool;
		list_add_tail(&pool->entry.node, &registry);
		hash_add(names, &pool->entry.by_name, name_hash(pool->name));
	}
	mutex_unlock(&registry_lock);
	return ret;
}

/*
 * Makes the directories, and lets others find the pool. It goes to the end of the list, so a
 * visit that has begun comes to it.
 */
void registry_publish(struct wpool *pool)
{
	debugfs_add_pool(pool);
	settings_add_pool(pool);
	mutex_lock(&registry_lock);
	pool->entry.may_be_found = true;
	list_move_tail(&pool->entry.node, &registry);
	mutex_unlock(&registry_lock);
}

static void visit(void (*fn)(struct wpool *pool, void *arg), void *arg, bool found)
{
	struct wpool_entry on_stack = { }, *bookmark;
	struct wpool *pool;

	/* A thread that is no worker may die in a release below: others still find its bookmark. */
	bookmark = kzalloc(sizeof(*bookmark), GFP_NOWAIT | __GFP_NOWARN) ?: &on_stack;
	mutex_lock(&registry_lock);
	list_add(&bookmark->node, &registry);
	while ((pool = registry_pool_from(bookmark->node.next, found))) {
		list_move(&bookmark->node, &pool->entry.node);
		wpool_get(pool);	/* its creator's reference is there */
		mutex_unlock(&registry_lock);
		fn(pool, arg);
		wpool_put(pool);
		mutex_lock(&registry_lock);
	}
	list_del(&bookmark->node);
	mutex_unlock(&registry_lock);
	if (bookmark != &on_stack)
		kfree(bookmark);
}

/**
 * visit_pools() - call a function for every pool that can be found
 * @fn: the function; may sleep. No lock is held.
 * @arg: its second argument
 *
 * A pool that is published meanwhile is visited; one that is removed may be.
 */
void visit_pools(void (*fn)(struct wpool *pool, void *arg), void *arg)
{
	visit(fn, arg, true);
}

/**
 * visit_all_pools() - call a function for every pool, and for those that are being created
 * @fn: as in visit_pools()
 * @arg: its second argument
 *
 * The workers of a pool that is being created run hooks and tasks already.
 */
void visit_all_pools(void (*fn)(struct wpool *pool, void *arg), void *arg)
{
	visit(fn, arg, false);
}

/*
 * Removes the directories first, while the name is taken: a new pool of that name makes its own.
 * Not under the lock: this waits for readers and writers.
 */
void registry_remove(struct wpool *pool)
{
	settings_remove_pool(pool);
	debugfs_remove_pool(pool);
	mutex_lock(&registry_lock);
	list_del(&pool->entry.node);
	hash_del(&pool->entry.by_name);
	mutex_unlock(&registry_lock);
}

/**
 * wpool_find() - get a pool by its name
 * @name: the name
 *
 * Context: Process context; may sleep.
 * Return: the pool, with a reference for wpool_put(); NULL if there is none, or in atomic context.
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
		wpool_get(pool);	/* as in visit() */
	mutex_unlock(&registry_lock);
	return pool;
}
EXPORT_SYMBOL_GPL(wpool_find);
