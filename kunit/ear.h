/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Listens to the log, as a console, for what wpool says of one pool of a test's. What a test
 * expects there it also promises to a reader of the log.
 */
#ifndef _WPOOL_EAR_H
#define _WPOOL_EAR_H

#include "wpool_kunit.h"

/*
 * For the init and exit of a suite: for which of @n words, twelve at most. One with a + is of a
 * stack trace, whose lines name no pool, and heard of any.
 */
void ear_open(const char * const *words, unsigned int n);
void ear_close(void);

/* From now on of this pool, or with NULL of none; nothing has been heard yet. */
void ear_listen(const struct wpool *pool);

/* The same for a pool that is yet to be made. */
void ear_listen_to(const char *name);

/* How many lines of the pool had the nth word. */
int ear_heard(unsigned int n);

#endif /* _WPOOL_EAR_H */
