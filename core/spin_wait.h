/* SPDX-License-Identifier: GPL-2.0 */
/* Spinning before a sleep; see spin_wait.c. */
#ifndef _WPOOL_SPIN_WAIT_H
#define _WPOOL_SPIN_WAIT_H

#include "types.h"

u64 spin_slept_at(const struct wpool *pool);
void spin_learn(struct wpool *pool, enum spin_side side, u64 slept_at);
bool spin_try_begin(struct wpool *pool, enum spin_side side);
void spin_miss(struct wpool *pool, enum spin_side side);
u64 spin_limit(const struct wpool *pool);
bool spin_on(u64 limit);

#endif /* _WPOOL_SPIN_WAIT_H */
