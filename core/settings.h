/* SPDX-License-Identifier: GPL-2.0 */
/* What an administrator changes of a pool, in sysfs; see settings.c. */
#ifndef _WPOOL_SETTINGS_H
#define _WPOOL_SETTINGS_H

struct wpool;

int settings_init(void);
void settings_exit(void);
void settings_add_pool(struct wpool *pool);
void settings_remove_pool(struct wpool *pool);

#endif /* _WPOOL_SETTINGS_H */
