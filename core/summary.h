/* SPDX-License-Identifier: GPL-2.0 */
/* All pools in one file; see summary.c. */
#ifndef _WPOOL_SUMMARY_H
#define _WPOOL_SUMMARY_H

void summary_init(void);

#endif /* _WPOOL_SUMMARY_H */
