/* SPDX-License-Identifier: GPL-2.0 */
/* What &struct wpool_how says; see schedule_how.c. */
#ifndef _WPOOL_HOW_H
#define _WPOOL_HOW_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/wpool.h>

/* Groups of &wpool_how.flags: what they say of room, and of time. */
#define HOW_ROOM	(WPOOL_NOWAIT | WPOOL_TIMED | WPOOL_INTERRUPTIBLE | WPOOL_FORCE |	\
			 WPOOL_IF_FREE)
#define HOW_TIME	(WPOOL_AT | WPOOL_EVERY | WPOOL_MODIFY)

/* The key that a task gets, or NULL to keep the one it has. */
static inline const u64 *how_key(const struct wpool_how *how)
{
	return unlikely(how->flags & WPOOL_KEYED) ? &how->key : NULL;
}

#endif /* _WPOOL_HOW_H */
