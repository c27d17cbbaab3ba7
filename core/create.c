// SPDX-License-Identifier: GPL-2.0
/* Makes a pool, with its workers, its name and its directory. Its end is in shutdown.c. */
#include <linux/ctype.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <trace/events/wpool.h>

#include "attrs.h"
#include "caller_runs.h"
#include "capacity_slots.h"
#include "create.h"
#include "deadlock.h"
#include "depmap.h"
#include "flush_color.h"
#include "hooks.h"
#include "late.h"
#include "manager_kick.h"
#include "pool.h"
#include "queue.h"
#include "queue_walk.h"
#include "refs.h"
#include "registry.h"
#include "resize.h"
#include "shutdown.h"
#include "spare.h"
#include "inbox.h"
#include "task_lists.h"
#include "worker_list.h"

/* Names that cannot be directories of pools; "summary" is reserved for a file. */
static const char * const reserved[] = { ".", "..", "summary" };

/* A name is a directory, a part of a thread's name, and a word in the log. */
static bool name_ok(const char *name)
{
	size_t len = name ? strnlen(name, WPOOL_NAME_MAX + 1) : 0;

	if (!len || len > WPOOL_NAME_MAX ||
	    match_string(reserved, ARRAY_SIZE(reserved), name) >= 0)
		return false;
	for (; *name; name++) {
		if (!isascii(*name) || !isgraph(*name) || *name == '/')
			return false;
	}
	return true;
}

static struct wpool *pool_alloc(const char *name, struct module *owner)
{
	struct wpool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;
	raw_spin_lock_init(&pool->lock);
	inbox_init(pool);
	lists_init(pool);
	walk_init(pool);
	workers_init(pool);
	deadlock_init(pool);
	flush_init(pool);
	callers_init(pool);
	kick_pool_init(pool);
	end_init(pool);
	hooks_init(pool);
	late_init(pool);
	spare_init(pool);
	refs_init(pool);

	pool->owner = owner;
	strscpy(pool->name, name, sizeof(pool->name));
	strscpy(pool->owner_name, module_name(owner), sizeof(pool->owner_name));
	pool_pin_wpool(pool);
	return pool;
}

static struct wpool *not_created(const char *name, int ret)
{
	pr_err("%s: cannot be created: %pe\n", name, ERR_PTR(ret));
	return ERR_PTR(ret);
}

/**
 * pool_create() - create a pool
 * @name: the name
 * @attrs: the attributes, or NULL
 * @cpus: where the workers run, instead of &wpool_attrs.cpumask, whether a CPU is online or not;
 *	or NULL
 * @owner: the module whose pool it is
 *
 * Context: Process context; may sleep.
 * Return: as wpool_create().
 */
struct wpool *pool_create(const char *name, const struct wpool_attrs *attrs,
			  const struct cpumask *cpus, struct module *owner)
{
	struct wpool *pool;
	int ret;

	if (!name_ok(name)) {
		pr_err("\"%*pE\": not a name for a pool (1 to %d printable characters, no slash, not reserved)\n",
		       name ? (int)strnlen(name, WPOOL_NAME_MAX + 1) : 0, name,
		       WPOOL_NAME_MAX);
		return ERR_PTR(-EINVAL);
	}
	pool = pool_alloc(name, owner);
	if (!pool)
		return ERR_PTR(-ENOMEM);
	ret = attrs_apply(pool, attrs, cpus);
	if (ret)
		goto put_pool;
	queue_init(pool);
	ret = registry_add(pool);
	if (ret)
		goto say_why;
	dep_pool_init(pool);	/* by its name, which may have got a number */
	trace_wpool_pool_create(pool->name, pool_capacity(pool), pool->conf.queue_depth);
	ret = pool_start(pool, 0);
	if (ret < 0) {
		/* A hook may have handed it to others: these must not open it again. */
		pool_destroy(pool, false);
		return not_created(name, ret);
	}
	registry_publish(pool);
	pool_follow_cpus(pool);	/* it missed changes while it was not visible */
	return pool;

say_why:
	not_created(name, ret);
put_pool:
	attrs_free(pool);
	pool_unpin_wpool(pool);
	wpool_put(pool);
	return ERR_PTR(ret);
}

/* Behind wpool_create(). */
struct wpool *__wpool_create(const char *name, const struct wpool_attrs *attrs,
			     struct module *owner)
{
	might_sleep();
	return pool_create(name, attrs, NULL, owner);
}
EXPORT_SYMBOL_GPL(__wpool_create);

/* Behind wpool_create_fmt(). */
struct wpool *__wpool_create_fmt(const struct wpool_attrs *attrs, struct module *owner,
				 const char *fmt, ...)
{
	char name[WPOOL_NAME_MAX + 2];	/* one that is too long stays too long, and is refused */
	va_list args;

	might_sleep();
	va_start(args, fmt);
	vsnprintf(name, sizeof(name), fmt, args);
	va_end(args);
	return pool_create(name, attrs, NULL, owner);
}
EXPORT_SYMBOL_GPL(__wpool_create_fmt);

int __init pool_make_default(const struct wpool_attrs *attrs)
{
	struct wpool *pool = wpool_create("default", attrs);

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	pool_set_default(pool);
	return 0;
}

/* Called by the exit of wpool, so nobody can use the pool any more. */
void pool_destroy_default(void)
{
	struct wpool *pool = wpool_default();

	pool_set_default(NULL);
	pool_destroy(pool, false);
}
