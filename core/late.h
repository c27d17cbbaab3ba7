/* SPDX-License-Identifier: GPL-2.0 */
/* The releases that nobody else calls; see late.c. */
#ifndef _WPOOL_LATE_H
#define _WPOOL_LATE_H

struct wpool;

void late_init(struct wpool *pool);

#endif /* _WPOOL_LATE_H */
