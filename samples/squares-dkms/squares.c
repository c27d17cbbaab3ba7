// SPDX-License-Identifier: GPL-2.0
/*
 * squares: a consumer of wpool that is a DKMS package of its own: debian/ beside it makes it
 * one, `dpkg-buildpackage -b` builds it. Copy the folder and replace what is in this file.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/wpool.h>
#include <linux/err.h>
#include <linux/module.h>

#if WPOOL_VERSION_CODE < WPOOL_VERSION(0, 9, 0)
#error "wpool 0.9.0 or later is needed"
#endif

struct square {
	struct wpool_task	task;
	int			n;
};

static struct square squares[100];
static struct wpool *pool;

static int square(void *arg)
{
	struct square *s = arg;

	return s->n * s->n;
}

static int __init squares_init(void)
{
	struct wpool_attrs attrs = { .capacity = 4, .queue_depth = 8 };
	int i, err = 0, sum = 0;

	pool = wpool_create("squares", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);

	for (i = 0; i < ARRAY_SIZE(squares) && !err; i++) {
		squares[i].n = i;
		wpool_task_init(&squares[i].task, square, &squares[i]);
		err = wpool_schedule(pool, &squares[i].task);
	}
	if (err) {
		wpool_destroy(pool);	/* waits for those that were accepted */
		return err;
	}
	for (i = 0; i < ARRAY_SIZE(squares); i++)
		sum += wpool_wait(&squares[i].task);
	pr_info("the sum is %d, with wpool " WPOOL_RELEASE "\n", sum);
	return 0;
}

static void __exit squares_exit(void)
{
	wpool_destroy(pool);
}

module_init(squares_init);
module_exit(squares_exit);

MODULE_DESCRIPTION("A consumer of wpool");
MODULE_LICENSE("GPL");
