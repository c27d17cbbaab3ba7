// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_walk: a tree is walked by tasks that schedule tasks.
 *
 *	insmod wpool_walk.ko nodes=100000
 *
 * Each node is visited by a task, which schedules one for each node below. Only these tasks
 * could make room in a full queue, so the pool is recursive. How many nodes there are is not
 * known beforehand, so the memory of a task is had when its node is found. If there is none, that
 * is the error of the walk.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/wpool.h>

#define BELOW	8U	/* a node has so many below it */
#define MOST	10000000U	/* most of them may be queued at once, each in its own memory */

static unsigned int nodes = 100000;
module_param(nodes, uint, 0444);
MODULE_PARM_DESC(nodes, "How many nodes the tree has (up to 10000000; default 100000)");

static struct wpool_group walk;
static atomic_t visited;

static int visit(void *arg)
{
	size_t first = BELOW * (size_t)arg + 1, i;
	int err = 0;

	atomic_inc(&visited);
	for (i = first; i < min_t(size_t, first + BELOW, nodes) && !err; i++)
		err = wpool_group_schedule_fn(&walk, wpool_current(), visit, (void *)i, NULL);
	return err;	/* makes it the error of the walk */
}

static int __init wpool_walk_init(void)
{
	struct wpool_attrs attrs = { .capacity_percent = 100, .flags = WPOOL_RECURSIVE };
	struct wpool *pool;
	int err;

	if (!nodes || nodes > MOST)
		return -EINVAL;
	pool = wpool_create("walk", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	wpool_group_init(&walk, 0);
	err = wpool_group_schedule_fn(&walk, pool, visit, NULL, NULL) ?: wpool_group_wait(&walk);
	wpool_destroy(pool);
	pr_info("visited %d of %u nodes: %pe\n", atomic_read(&visited), nodes, ERR_PTR(err));
	return err;
}

static void __exit wpool_walk_exit(void)
{
}

module_init(wpool_walk_init);
module_exit(wpool_walk_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A tree walked by tasks that schedule tasks");
