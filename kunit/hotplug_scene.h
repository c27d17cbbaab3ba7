/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A CPU that goes and comes.
 */
#ifndef _WPOOL_HOTPLUG_SCENE_H
#define _WPOOL_HOTPLUG_SCENE_H

#include "wpool_kunit.h"

/* The one that goes: the last of those that were online when the test began. */
struct hotplug_scene {
	unsigned int	cpu;
	unsigned int	online;
	bool		gone;
};

extern struct hotplug_scene hotplug;

/* Of a suite: the CPU is there again after each test. */
int hotplug_init(struct kunit *test, const char *suite);
void hotplug_exit(struct kunit *test);

/* Bring the CPU, or take it away. The machine is in motion for some milliseconds. */
int hotplug_change(bool gone);
/* Skip the test where none can go. */
void hotplug_needed(struct kunit *test);

/* A task's functions: on which CPU it runs, and on which it may (into a struct cpumask). */
int hotplug_where(void *arg);
int hotplug_mask(void *arg);

#endif /* _WPOOL_HOTPLUG_SCENE_H */
