// SPDX-License-Identifier: GPL-2.0
/* wpool_first: the consumer in README.md. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/wpool.h>

static struct wpool *pool;

static int square(void *arg)		/* in a worker; may sleep */
{
	int *n = arg;

	return *n * *n;
}

static int __init wpool_first_init(void)
{
	struct wpool_task task;		/* on the stack: waited for below */
	int n = 12, result;

	pool = wpool_create("first", &(struct wpool_attrs) { .capacity = 4, .queue_depth = 64 });
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	wpool_task_init(&task, square, &n);
	result = wpool_schedule(pool, &task) ?: wpool_wait(&task);
	pr_info("square(%d): %d\n", n, result);
	if (result < 0)			/* the pool's, not square()'s */
		wpool_destroy(pool);
	return min(result, 0);
}

static void __exit wpool_first_exit(void)
{
	wpool_destroy(pool);		/* waits for accepted tasks */
}

module_init(wpool_first_init);
module_exit(wpool_first_exit);
MODULE_DESCRIPTION("wpool sample: one task and its result");
MODULE_LICENSE("GPL");
