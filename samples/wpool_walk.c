// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_walk: a tree is walked by tasks that submit tasks.
 *
 *	insmod wpool_walk.ko nodes=100000
 *
 * Each node is visited by a task, which submits one for each node below. Nobody but these tasks
 * could make room in a full queue, so the pool is recursive.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/vmalloc.h>
#include <linux/wpool.h>

#define BELOW	8U	/* a node has so many below it */

static unsigned int nodes = 100000;
module_param(nodes, uint, 0444);
MODULE_PARM_DESC(nodes, "How many nodes the tree has (default 100000)");

static struct wpool *pool;
static struct wpool_group walk;
static struct wpool_task *tree;
static atomic_t visited;

static int visit(void *arg)
{
	struct wpool_task *node = arg;
	size_t first = BELOW * (node - tree) + 1, i;
	int err = 0;

	atomic_inc(&visited);
	for (i = first; i < min_t(size_t, first + BELOW, nodes) && !err; i++) {
		wpool_task_init(&tree[i], visit, &tree[i]);
		err = wpool_group_schedule(&walk, pool, &tree[i]);
	}
	return err;	/* makes it the error of the walk */
}

static int walk_tree(void)
{
	int err;

	wpool_group_init(&walk);
	wpool_task_init(&tree[0], visit, &tree[0]);
	err = wpool_group_schedule(&walk, pool, &tree[0]) ?: wpool_group_wait(&walk);
	pr_info("visited %d of %u nodes: %pe\n", atomic_read(&visited), nodes, ERR_PTR(err));
	return err;
}

static int __init wpool_walk_init(void)
{
	struct wpool_attrs attrs = { .capacity_percent = 100, .flags = WPOOL_RECURSIVE };
	int err;

	tree = nodes ? vcalloc(nodes, sizeof(*tree)) : NULL;
	if (!tree)
		return nodes ? -ENOMEM : -EINVAL;
	pool = wpool_create("walk", &attrs);
	err = PTR_ERR_OR_ZERO(pool);
	if (!err) {
		err = walk_tree();
		wpool_destroy(pool);
	}
	vfree(tree);
	return err;
}

static void __exit wpool_walk_exit(void)
{
}

module_init(wpool_walk_init);
module_exit(wpool_walk_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A tree walked by tasks that submit tasks");
