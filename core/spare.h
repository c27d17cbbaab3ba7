/* SPDX-License-Identifier: GPL-2.0 */
/* Workers that have been made and have not begun; see spare.c. */
#ifndef _WPOOL_SPARE_H
#define _WPOOL_SPARE_H

#include "pool.h"
#include "types.h"

int maker_init(void);
void maker_exit(void);
void spare_init(struct wpool *pool);
struct wpool_worker *spare_take(struct wpool *pool);
int spare_keep(struct wpool *pool);
void spare_withdraw(struct wpool *pool);
struct wpool_worker *spare_surplus(struct wpool *pool);
void spare_unmake(struct wpool_worker *worker);

/* Is the one to be kept not there? Needs pool->lock, as the next. */
static inline bool spare_is_lacking(const struct wpool *pool)
{
	return pool->conf.flags & WPOOL_MEM_RECLAIM && !pool->spare.kept;
}

/* Is one there that has not begun, but for the one to be kept? */
static inline bool spare_is_made(const struct wpool *pool)
{
	return pool->spare.made && !spare_is_lacking(pool);
}

/* Has the maker been asked, and not answered? */
static inline bool spare_is_making(const struct wpool *pool)
{
	return pool->spare.making;
}

/* In jiffies: when it is too late for the answer. */
static inline unsigned long spare_late_at(const struct wpool *pool)
{
	return pool->spare.since + WPOOL_SPAWN_LONG;
}

/* Is any there, or being made, or a failure not yet seen, which is not for a restart to report? */
static inline bool spare_is_pending(const struct wpool *pool)
{
	const struct wpool_spare *spare = &pool->spare;

	return spare->kept || spare->made || spare->making || spare->error || spare->ending;
}

#endif /* _WPOOL_SPARE_H */
