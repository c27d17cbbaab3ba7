/* SPDX-License-Identifier: GPL-2.0 */
/* Objects that go with a stack; see dead_stack.c. */
#ifndef _WPOOL_DEAD_STACK_H
#define _WPOOL_DEAD_STACK_H

#include <linux/types.h>

struct wpool;
struct wpool_run;
struct wpool_worker;

void stack_watch(struct wpool_worker *worker);

#endif /* _WPOOL_DEAD_STACK_H */
