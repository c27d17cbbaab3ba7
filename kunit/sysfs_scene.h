/* SPDX-License-Identifier: GPL-2.0 */
/* The settings of a pool in sysfs, read and written as a process would. */
#ifndef _WPOOL_SYSFS_SCENE_H
#define _WPOOL_SYSFS_SCENE_H

#include "wpool_kunit.h"

#define SETTINGS	"/sys/kernel/wpool"

/* The start of a test of that suite. */
int sysfs_begin(struct kunit *test, const char *suite);

/* A file of a pool, or its directory without a name. */
struct file *sysfs_open(struct wpool *pool, const char *name, int flags);
bool sysfs_is_there(struct wpool *pool, const char *name);

/* Return: 0 or what the file says. */
int sysfs_write(struct wpool *pool, const char *name, const char *text);

/* Its first line. */
const char *sysfs_read(struct kunit *test, struct wpool *pool, const char *name);

/* The function of a task. Return: its thread's niceness. */
int sysfs_run_nice(void *arg);

#endif /* _WPOOL_SYSFS_SCENE_H */
