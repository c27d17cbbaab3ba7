/* SPDX-License-Identifier: GPL-2.0 */
/* The taskq of the whole system, made and unmade with wpool. */
#ifndef _WPOOL_TASKQ_H
#define _WPOOL_TASKQ_H

int taskq_init(void);
void taskq_exit(void);

#endif /* _WPOOL_TASKQ_H */
