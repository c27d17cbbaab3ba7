// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: the freezer.
 *
 * The system begins to suspend, and a device of ours refuses. It is asked when
 * all has frozen that can: from then until it has answered no pool that freezes may
 * begin a task. Those that do not freeze go on, and in the end all do.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include "torture.h"

static bool freeze = true;
module_param(freeze, bool, 0444);
MODULE_PARM_DESC(freeze, "Whether the system is frozen at times, where it can (default 1)");

#ifdef CONFIG_SUSPEND
static const struct wpool_attrs probe_attrs[] = {
	{ .capacity = 2, .flags = WPOOL_FREEZABLE },
	{ .capacity = 2 },
};

static struct probe {
	struct tort_pool	*tp;
	struct tort_task	*tt;
} probes[ARRAY_SIZE(probe_attrs)];

static struct device *device;
static struct tort_ctx *actor;		/* set while the probes are there */
static bool all_frozen;

bool tort_has_freezer(void)
{
	return freeze;
}

bool tort_frozen(void)
{
	return READ_ONCE(all_frozen);
}

static int refuse_to_suspend(struct device *dev)
{
	struct probe *freezes = &probes[0], *goes_on = &probes[1];
	bool both;

	/* Somebody else suspends the system. */
	if (!actor)
		return 0;
	WRITE_ONCE(all_frozen, true);
	both = !tort_submit(actor, freezes->tt, TORT_TRY_SCHEDULE) &&
	       !tort_submit(actor, goes_on->tt, TORT_TRY_SCHEDULE);
	if (both) {
		wpool_wait(&goes_on->tt->task);
		schedule_timeout_idle(HZ / 10);
		if (tort_check(wpool_task_queued(&freezes->tt->task),
			       "%s: a task begins in the freezer's probe",
			       freezes->tp->name))
			tort_count(TORT_FREEZE);
	}
	WRITE_ONCE(all_frozen, false);
	return -EBUSY;
}

static bool make_probe(struct tort_ctx *ctx, unsigned int i)
{
	struct probe *probe = &probes[i];

	probe->tt = NULL;
	probe->tp = tort_pool_create(ctx, &probe_attrs[i]);
	if (probe->tp)
		probe->tt = tort_task_new(ctx, probe->tp, TORT_TASK_PLAIN, GFP_KERNEL);
	if (!probe->tt)
		return false;
	probe->tt->resubmits = 0;
	probe->tt->may_die = false;
	return true;
}

/* The pool goes first, so that its task has ended. */
static void end_probe(struct probe *probe)
{
	if (probe->tp)
		tort_pool_destroy(probe->tp);
	if (probe->tt)
		tort_task_put(probe->tt);
}

void tort_freeze(struct tort_ctx *ctx)
{
	bool made = true;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		made &= make_probe(ctx, i);
	if (made) {
		actor = ctx;
		mutex_lock(&tort_machine);
		pm_suspend(PM_SUSPEND_TO_IDLE);
		mutex_unlock(&tort_machine);
		actor = NULL;
	}
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		end_probe(&probes[i]);
}

static const struct dev_pm_ops device_pm = {
	.suspend = refuse_to_suspend,
};

static const struct device_type device_type = {
	.name = "wpool_torture",
	.pm = &device_pm,
};

static void release_device(struct device *dev)
{
	kfree(dev);
}

int tort_freezer_start(void)
{
	int ret;

	if (!freeze)
		return 0;
	device = kzalloc(sizeof(*device), GFP_KERNEL);
	if (!device)
		return -ENOMEM;
	device_initialize(device);
	device->type = &device_type;
	device->release = release_device;
	ret = dev_set_name(device, "wpool_torture") ?: device_add(device);
	if (ret)
		put_device(device);
	return ret;
}

void tort_freezer_stop(void)
{
	if (device)
		device_unregister(device);
}
#else
int tort_freezer_start(void)
{
	return 0;
}

void tort_freezer_stop(void)
{
}

bool tort_has_freezer(void)
{
	return false;
}

void tort_freeze(struct tort_ctx *ctx)
{
}

bool tort_frozen(void)
{
	return false;
}
#endif
