// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what an administrator changes of a pool, in sysfs.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>
#include "file.h"
#include "torture.h"

#define SETTINGS	"/sys/kernel/wpool"

static struct file *open_at(const char *pool, const char *name, int flags)
{
	char path[80];

	snprintf(path, sizeof(path), SETTINGS "/%s/%s", pool, name);
	return wpt_file_open(path, flags);
}

bool tort_has_settings(void)
{
	static int has = -1;
	struct file *file;

	if (READ_ONCE(has) >= 0)
		return READ_ONCE(has);
	file = open_at("default", "nice", O_RDONLY);
	if (file == ERR_PTR(-ENOENT))
		WRITE_ONCE(has, false);
	/* Not known yet after another error: memory may just be denied. */
	if (IS_ERR(file))
		return false;
	filp_close(file, NULL);
	WRITE_ONCE(has, true);
	return true;
}

/* How many may run at once must be known, but see choose_attrs() of arenas. */
static bool may_resize(const struct tort_pool *tp)
{
	return tp->arena && !tp->attrs.capacity_percent && !(tp->attrs.flags & WPOOL_ORDERED);
}

/* Return: the name of the file. */
static const char *choose(struct tort_ctx *ctx, char *text, size_t size)
{
	switch (tort_pick(ctx, may_resize(ctx->tp) ? 5 : 4)) {
	case 0:
		snprintf(text, size, "%u", tort_pick(ctx, 20));
		return "nice";
	case 1:
		snprintf(text, size, "%*pb", cpumask_pr_args(tort_one_in(ctx, 2) ?
			 cpu_possible_mask : cpumask_of(tort_pick(ctx, num_present_cpus()))));
		return "cpumask";
	case 2:
		snprintf(text, size, "%u", 1 + tort_pick(ctx, 40));
		return "idle_timeout_ms";
	case 3:
		snprintf(text, size, "%u", tort_pick(ctx, 100));
		return "spin_us";
	default:
		snprintf(text, size, "%u", 1 + tort_pick(ctx, TORT_MAX_CAPACITY));
		return "capacity";
	}
}

/* May a write fail? The pool goes; its CPU is not there; memory is denied. */
static bool excused(const struct tort_pool *tp, const char *name, ssize_t ret)
{
	return ret == -ENOMEM || ret == -EINTR ||
	       (READ_ONCE(tp->closing) && (ret == -ENODEV || ret == -ESHUTDOWN)) ||
	       (ret == -EINVAL && !strcmp(name, "cpumask"));
}

/* One of them, of one pool of its own. */
void tort_setting(struct tort_ctx *ctx)
{
	struct tort_pool *tp = ctx->tp;
	struct tort_mark mark;
	struct file *file;
	const char *name;
	char text[200];
	loff_t pos = 0;
	ssize_t ret;

	if (tp->is_default || tp->n > 1 || !tort_has_settings())
		return;
	name = choose(ctx, text, sizeof(text));
	file = open_at(tp->name, name, O_WRONLY);
	/* The directory of a pool that is destroyed goes first. */
	if (IS_ERR(file))
		return;
	tort_begin(ctx, &mark, tp, ACT_SETTING);
	ret = kernel_write(file, text, strlen(text), &pos);
	tort_end(ctx, &mark);
	filp_close(file, NULL);
	tort_check(ret == strlen(text) || excused(tp, name, ret), "%s: %s to %s gave %zd",
		   tp->name, name, text, ret);
	if (ret > 0)
		tort_count(TORT_SETTING);
}
