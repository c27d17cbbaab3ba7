// SPDX-License-Identifier: GPL-2.0
/* Lets tests make the creation of threads fail. */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/fault-inject.h>	/* 6.1: needs the others before it */

#include "fault.h"

#ifdef CONFIG_FAULT_INJECTION
/* See the kernel's fault injection. */
struct fault_attr wpool_fail_spawn = FAULT_ATTR_INITIALIZER;
EXPORT_SYMBOL_GPL(wpool_fail_spawn);

bool spawn_must_fail(void)
{
	return should_fail(&wpool_fail_spawn, 1);
}
#else
bool spawn_must_fail(void)
{
	return false;
}
#endif
