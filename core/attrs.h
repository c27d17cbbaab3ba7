/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Attributes; see attrs.c.
 */
#ifndef _WPOOL_ATTRS_H
#define _WPOOL_ATTRS_H

#include <linux/types.h>

struct cpumask;
struct wpool;
struct wpool_attrs;

int attrs_apply(struct wpool *pool, const struct wpool_attrs *attrs, const struct cpumask *cpus);
void attrs_free(struct wpool *pool);
int attrs_set_spin(struct wpool *pool, unsigned int us);
int attrs_set_idle_timeout(struct wpool *pool, unsigned int ms);
int attrs_set_watchdog(struct wpool *pool, unsigned int ms);
int attrs_set_latency(struct wpool *pool, unsigned int on);
unsigned int attrs_percent_of_cpus(unsigned int percent, unsigned int flags);

#endif /* _WPOOL_ATTRS_H */
