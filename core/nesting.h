/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How deep tasks may be nested; see nesting.c.
 */
#ifndef _WPOOL_NESTING_H
#define _WPOOL_NESTING_H

#include <linux/types.h>

struct wpool_worker;

bool run_may_nest(const struct wpool_worker *worker);

#endif /* _WPOOL_NESTING_H */
