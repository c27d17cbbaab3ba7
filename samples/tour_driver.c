// SPDX-License-Identifier: GPL-2.0
/* What a driver asks of a pool. */
#include <linux/device.h>
#include <linux/sched.h>
#include "tour.h"

static int answer(void *arg)
{
	return 42;
}

/* The pool goes with its device: nobody destroys it. */
static int show_of_device(void)
{
	struct device *dev = root_device_register("tour");
	int result = -ENODEV;
	struct wpool *pool, *found;
	bool gone;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	pool = devm_wpool_create(dev, "tour-device", NULL);
	if (!IS_ERR(pool))
		result = wpool_run(pool, answer, NULL);
	root_device_unregister(dev);
	found = wpool_find("tour-device");
	gone = !found;
	wpool_put(found);
	return tour_show(result == 42 && gone, "of a device: its pool went with it");
}

static int policy_fn(void *arg)
{
	return current->policy == SCHED_FIFO ? current->rt_priority : -EINVAL;
}

static int show_policy(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .policy = SCHED_FIFO, .rt_priority = 10 };
	struct wpool *pool = wpool_create("tour-fifo", &attrs);
	int priority;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	priority = wpool_run(pool, policy_fn, NULL);
	wpool_destroy(pool);
	return tour_show(priority == 10, "policy: a worker of priority %d, first in first out",
			 priority);
}

const struct tour_stop tour_driver[] = {
	{ "of a device",	show_of_device },
	{ "policy",		show_policy },
	{ }
};
