/* SPDX-License-Identifier: GPL-2.0 */
/* The end of a run that leaves more behind than a result; see run_finish.c. */
#ifndef _WPOOL_RUN_FINISH_H
#define _WPOOL_RUN_FINISH_H

#include "pool.h"
#include "types.h"

void run_finish_rare(struct wpool *pool, struct wpool_run *run, int result);
void run_finish_tracked(struct wpool *pool, struct wpool_run *run, int result,
			enum wpool_stat how);

#endif /* _WPOOL_RUN_FINISH_H */
