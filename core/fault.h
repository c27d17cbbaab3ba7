/* SPDX-License-Identifier: GPL-2.0 */
/* Makes the creation of threads fail, for tests; see fault.c. */
#ifndef _WPOOL_FAULT_H
#define _WPOOL_FAULT_H

#include <linux/types.h>

#ifdef CONFIG_FAULT_INJECTION
extern struct fault_attr wpool_fail_spawn;
#endif

bool spawn_must_fail(void);

#endif /* _WPOOL_FAULT_H */
