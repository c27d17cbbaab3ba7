/* SPDX-License-Identifier: GPL-2.0 */
/* The attributes of a pool as text; see attrs_show.c. */
#ifndef _WPOOL_ATTRS_SHOW_H
#define _WPOOL_ATTRS_SHOW_H

struct seq_file;
struct wpool;

int queue_depth_asked(const struct wpool *pool);
int attrs_print(struct seq_file *m, struct wpool *pool);

#endif /* _WPOOL_ATTRS_SHOW_H */
