// SPDX-License-Identifier: GPL-2.0
/*
 * run=leave: loading fails, with tasks left in the default pool, of each kind, and with a
 * pool of its own that has some.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include "stress.h"

#define LEFT	20

static struct wpool_task running, queued[LEFT];
static struct wpool_keyed_task keyed[LEFT];
static struct wpool_delayed_task delayed;

static int sleep_on(void *arg)
{
	msleep(300);
	return 0;
}

static int leave_in(struct wpool *pool)
{
	unsigned int i;
	int ret;

	wpool_task_init(&running, sleep_on, NULL);
	ret = wpool_schedule(pool, &running);
	for (i = 0; i < LEFT && !ret; i++) {
		wpool_task_init(&queued[i], sleep_on, NULL);
		wpool_keyed_task_init(&keyed[i], sleep_on, NULL);
		ret = wpool_schedule(pool, &queued[i]) ?:
		      wpool_schedule_keyed(pool, &keyed[i], i % 2) ?:
		      wpool_schedule_fn(pool, sleep_on, NULL);
	}
	wpool_delayed_task_init(&delayed, sleep_on, NULL);
	return ret ?: wpool_schedule_delayed(pool, &delayed, HZ);
}

int stress_leave(void)
{
	struct wpool *own = wpool_create("left", NULL);
	unsigned int i;
	int ret = PTR_ERR_OR_ZERO(own);

	for (i = 0; i < LEFT && !ret; i++)
		ret = wpool_schedule_fn(own, sleep_on, NULL);
	ret = ret ?: leave_in(wpool_default());
	pr_info("leaves: %d\n", ret);
	return -ENODEV;
}
