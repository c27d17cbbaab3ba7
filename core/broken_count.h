/* SPDX-License-Identifier: GPL-2.0 */
/* Tasks that were lost; see broken_count.c. */
#ifndef _WPOOL_BROKEN_COUNT_H
#define _WPOOL_BROKEN_COUNT_H

struct wpool;

void lost_init(struct wpool *pool);
void lost_look(struct wpool *pool);

#endif /* _WPOOL_BROKEN_COUNT_H */
