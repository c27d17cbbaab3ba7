/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pool is made; see create.c.
 */
#ifndef _WPOOL_CREATE_H
#define _WPOOL_CREATE_H

#include <linux/types.h>

struct cpumask;
struct module;
struct wpool;
struct wpool_attrs;

struct wpool *pool_create(const char *name, const struct wpool_attrs *attrs,
			  const struct cpumask *cpus, struct module *owner);
int pool_make_default(const struct wpool_attrs *attrs);
void pool_destroy_default(void);

#endif /* _WPOOL_CREATE_H */
