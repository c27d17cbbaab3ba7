// SPDX-License-Identifier: GPL-2.0
/* Pools that go with a device. */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/wpool.h>

#include "current_thread.h"
#include "shutdown.h"

static void destroy_with_device(void *data)
{
	struct wpool *pool = data;

	/* A task of the pool unbinds its own device: the pool would wait for itself. */
	if (worker_refused(pool, "the end of its device"))
		wpool_shutdown_now(pool, NULL);
	else
		pool_destroy(pool, false);
}

/* Behind devm_wpool_create(). */
struct wpool *__devm_wpool_create(struct device *dev, const char *name,
				  const struct wpool_attrs *attrs, struct module *owner)
{
	struct wpool *pool;
	int err;

	might_sleep();
	pool = __wpool_create(name, attrs, owner);
	if (IS_ERR(pool))
		return pool;
	err = devm_add_action_or_reset(dev, destroy_with_device, pool);
	return err ? ERR_PTR(err) : pool;
}
EXPORT_SYMBOL_GPL(__devm_wpool_create);
