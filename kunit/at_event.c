// SPDX-License-Identifier: GPL-2.0
/*
 * What is called at events; at_event.h says what for.
 */
#include <linux/module.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include "at_event.h"

#ifdef CONFIG_TRACEPOINTS
/* The one that is looked for. */
static struct wpt_event *wanted;

static void find_event(struct tracepoint *tracepoint, void *unused)
{
	if (!strcmp(tracepoint->name, wanted->name))
		wanted->tracepoint = tracepoint;
}

static int find_in_module(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct tp_module *module = data;
	unsigned int i;

	for (i = 0; action == MODULE_STATE_COMING && i < module->mod->num_tracepoints; i++)
		find_event(tracepoint_ptr_deref(&module->mod->tracepoints_ptrs[i]), NULL);
	return NOTIFY_OK;
}

/* A registration reports the modules that are loaded already. */
static struct notifier_block finder = { .notifier_call = find_in_module };

int wpt_event_on(struct wpt_event *event)
{
	int err;

	wanted = event;
	err = register_tracepoint_module_notifier(&finder);
	if (err)
		return err;
	unregister_tracepoint_module_notifier(&finder);
	for_each_kernel_tracepoint(find_event, NULL);	/* wpool may be built in */
	return event->tracepoint ?
	       tracepoint_probe_register(event->tracepoint, event->probe, NULL) : 0;
}

void wpt_event_off(struct wpt_event *event)
{
	if (event->tracepoint)
		tracepoint_probe_unregister(event->tracepoint, event->probe, NULL);
	event->tracepoint = NULL;
	tracepoint_synchronize_unregister();
}
#else
int wpt_event_on(struct wpt_event *event)
{
	return 0;
}

void wpt_event_off(struct wpt_event *event)
{
}
#endif /* CONFIG_TRACEPOINTS */
