/* SPDX-License-Identifier: GPL-2.0 */
/*
 * CPUs that go and come; see hotplug.c.
 */
#ifndef _WPOOL_HOTPLUG_H
#define _WPOOL_HOTPLUG_H

int hotplug_init(void);
void hotplug_exit(void);

#endif /* _WPOOL_HOTPLUG_H */
