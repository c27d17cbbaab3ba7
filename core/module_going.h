/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Modules that go; see module_going.c.
 */
#ifndef _WPOOL_MODULE_GOING_H
#define _WPOOL_MODULE_GOING_H

#include <linux/types.h>

void owner_init(void);
void owner_exit(void);

#endif /* _WPOOL_MODULE_GOING_H */
