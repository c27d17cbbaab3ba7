/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Modules that go; see owner.c.
 */
#ifndef _WPOOL_OWNER_H
#define _WPOOL_OWNER_H

#include <linux/types.h>

int owner_init(void);
void owner_exit(void);

#endif /* _WPOOL_OWNER_H */
