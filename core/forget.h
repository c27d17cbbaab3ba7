/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What goes with a stack; see forget.c.
 */
#ifndef _WPOOL_FORGET_H
#define _WPOOL_FORGET_H

#include <linux/types.h>

struct wpool_worker;

void stack_watch(struct wpool_worker *worker);

#endif /* _WPOOL_FORGET_H */
