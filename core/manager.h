/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The thread that looks after all pools; see manager.c.
 */
#ifndef _WPOOL_MANAGER_H
#define _WPOOL_MANAGER_H

#include <linux/types.h>

int manager_init(void);
void manager_exit(void);

#endif /* _WPOOL_MANAGER_H */
