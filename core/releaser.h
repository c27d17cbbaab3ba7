/* SPDX-License-Identifier: GPL-2.0 */
/* The thread that calls releases in place of the manager; see releaser.c. */
#ifndef _WPOOL_RELEASER_H
#define _WPOOL_RELEASER_H

int releaser_init(void);
void releaser_exit(void);

#endif /* _WPOOL_RELEASER_H */
