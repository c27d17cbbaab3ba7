/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workers that wait behind the head of a key; see key_behind.c.
 */
#ifndef _WPOOL_KEY_BEHIND_H
#define _WPOOL_KEY_BEHIND_H

struct wpool;

void behind_look(struct wpool *pool);

#endif /* _WPOOL_KEY_BEHIND_H */
