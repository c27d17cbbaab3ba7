/* SPDX-License-Identifier: GPL-2.0 */
/* The files of a pool in debugfs; see debugfs.c. */
#ifndef _WPOOL_DEBUGFS_H
#define _WPOOL_DEBUGFS_H

#include <linux/fs.h>

struct wpool;

#ifdef CONFIG_LOCKDEP
unsigned int wpool_longest_hold(const struct wpool *pool);
#endif
void debugfs_init(void);
void debugfs_exit(void);
void debugfs_add_file(const char *name, const struct file_operations *fops);
void debugfs_add_pool(struct wpool *pool);
void debugfs_remove_pool(struct wpool *pool);

#endif /* _WPOOL_DEBUGFS_H */
