// SPDX-License-Identifier: GPL-2.0
/*
 * What an administrator changes of a pool: /sys/kernel/wpool/POOL, one value a file, as WQ_SYSFS
 * has them for workqueues.
 *
 * A file can be open, and be read or written, while its pool goes away. sysfs takes care of
 * that: it calls a function of a file only before kobject_del(), which waits for those inside.
 * So a thread that removes a directory holds no lock that a function takes; claim.lock is such a
 * lock, registry_lock is not.
 *
 * The kobjects are the kernel's own, made by kobject_create_and_add(), and so is their release:
 * however late it comes, it calls nothing of wpool's, and unloading need not wait for it.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "attrs.h"
#include "capacity_slots.h"
#include "claim.h"
#include "pool.h"
#include "resize.h"
#include "settings.h"

static struct kobject *root;

/* A file of a pool, made after one of kinds[]. */
struct setting {
	struct kobj_attribute	attr;
	struct wpool		*pool;
};

static struct wpool *pool_of(struct kobj_attribute *attr)
{
	return container_of(attr, struct setting, attr)->pool;
}

/* A setting that is a number: how it is read, and changed. */
#define DEFINE_NUMBER(name, type, format, parse, now, change)			\
static ssize_t name##_show(struct kobject *dir, struct kobj_attribute *attr,	\
			   char *text)						\
{										\
	const struct wpool *pool = pool_of(attr);				\
										\
	return sysfs_emit(text, format "\n", now);				\
}										\
										\
static ssize_t name##_store(struct kobject *dir, struct kobj_attribute *attr,	\
			    const char *text, size_t len)			\
{										\
	struct wpool *pool = pool_of(attr);					\
	type value;								\
	int ret;								\
										\
	if (parse(text, 10, &value))						\
		return -EINVAL;							\
	ret = change(pool, value);						\
	return ret ?: len;							\
}

DEFINE_NUMBER(capacity, unsigned int, "%u", kstrtouint, pool_capacity(pool), pool_resize)
DEFINE_NUMBER(idle_timeout_ms, unsigned int, "%u", kstrtouint,
	      READ_ONCE(pool->conf.idle_timeout_ms), attrs_set_idle_timeout)
DEFINE_NUMBER(spin_us, unsigned int, "%u", kstrtouint, READ_ONCE(pool->conf.spin_us),
	      attrs_set_spin)
DEFINE_NUMBER(watchdog_ms, unsigned int, "%u", kstrtouint,
	      READ_ONCE(pool->conf.watchdog_ms), attrs_set_watchdog)
DEFINE_NUMBER(latency, unsigned int, "%u", kstrtouint,
	      READ_ONCE(pool->conf.latency), attrs_set_latency)
DEFINE_NUMBER(nice, int, "%d", kstrtoint, claim_nice(pool), claim_set_nice)

/* In the form of a workqueue's: hexadecimal, the lowest CPU last. */
static ssize_t cpumask_show(struct kobject *dir, struct kobj_attribute *attr, char *text)
{
	cpumask_var_t mask;
	int len;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	claim_cpus(pool_of(attr), mask);
	len = sysfs_emit(text, "%*pb\n", cpumask_pr_args(mask));
	free_cpumask_var(mask);
	return len;
}

static ssize_t cpumask_store(struct kobject *dir, struct kobj_attribute *attr,
			     const char *text, size_t len)
{
	cpumask_var_t mask;
	int ret;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return -ENOMEM;
	ret = cpumask_parse(text, mask) ? -EINVAL : claim_set_cpus(pool_of(attr), mask);
	free_cpumask_var(mask);
	return ret ?: len;
}

static const struct kobj_attribute kinds[] = {
	__ATTR_RW(capacity),
	__ATTR_RW(idle_timeout_ms),
	__ATTR_RW(spin_us),
	__ATTR_RW(watchdog_ms),
	__ATTR_RW(latency),
	__ATTR_RW(nice),
	__ATTR_RW(cpumask),
};

/**
 * struct wpool_settings - the directory of a pool
 * @dir: in sysfs
 * @files: in it
 */
struct wpool_settings {
	struct kobject		*dir;
	struct setting		files[ARRAY_SIZE(kinds)];
};

/* What the pool cannot change has no bit for writing. */
static bool may_change(const struct wpool *pool, const struct kobj_attribute *kind)
{
	if (kind->store == capacity_store)
		return !(pool->conf.flags & WPOOL_ORDERED);
	if (kind->store == nice_store)
		return !pool->conf.policy;
	return true;
}

static int add_files(struct wpool *pool, struct wpool_settings *settings)
{
	int i, err = 0;

	for (i = 0; !err && i < ARRAY_SIZE(kinds); i++) {
		struct setting *file = &settings->files[i];

		file->pool = pool;
		file->attr = kinds[i];
		if (!may_change(pool, &kinds[i]))
			file->attr.attr.mode = 0444;
		sysfs_attr_init(&file->attr.attr);
		err = sysfs_create_file(settings->dir, &file->attr.attr);
	}
	return err;
}

/* Waits for those inside its files; the name is free afterwards. */
static void remove_dir(struct wpool_settings *settings)
{
	kobject_del(settings->dir);
	kobject_put(settings->dir);
	kfree(settings);
}

static struct wpool_settings *make_dir(struct wpool *pool)
{
	struct wpool_settings *settings = kzalloc(sizeof(*settings), GFP_KERNEL);
	int err;

	if (!settings)
		return ERR_PTR(-ENOMEM);
	settings->dir = kobject_create_and_add(pool->name, root);
	if (!settings->dir) {
		kfree(settings);
		return ERR_PTR(-ENOMEM);
	}
	err = add_files(pool, settings);
	if (!err)
		return settings;
	remove_dir(settings);
	return ERR_PTR(err);
}

/**
 * settings_add_pool() - let an administrator change a pool
 * @pool: the pool; has its name for itself
 *
 * The pool is as good without, so a failure is only said.
 *
 * Context: Process context; may sleep.
 */
void settings_add_pool(struct wpool *pool)
{
	struct wpool_settings *settings;

	if (pool->conf.flags & WPOOL_NO_SYSFS)
		return;
	settings = make_dir(pool);
	if (IS_ERR(settings))
		pr_notice("%s: has no directory in sysfs: %pe\n", pool->name, settings);
	else
		pool->settings = settings;
}

/* Before the name is free. Context: Process context; may sleep. No lock is held. */
void settings_remove_pool(struct wpool *pool)
{
	if (pool->settings)
		remove_dir(pool->settings);
	pool->settings = NULL;
}

int __init settings_init(void)
{
	root = kobject_create_and_add("wpool", kernel_kobj);
	return root ? 0 : -ENOMEM;
}

/* Removed now, not when the last directory in it is released: wpool may be loaded again. */
void settings_exit(void)
{
	kobject_del(root);
	kobject_put(root);
}
