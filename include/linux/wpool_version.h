/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The version of wpool. A consumer that depends on it:
 *
 *	#include <linux/wpool.h>
 *
 *	#if WPOOL_VERSION_CODE < WPOOL_VERSION(1, 0, 0)
 *	#error "wpool 1.0.0 or later is needed"
 *	#endif
 *
 * Documentation/reference.md says what may change from one version to the next.
 */
#ifndef _LINUX_WPOOL_VERSION_H
#define _LINUX_WPOOL_VERSION_H

#include <linux/stringify.h>

#define WPOOL_VERSION_MAJOR	1
#define WPOOL_VERSION_MINOR	0
#define WPOOL_VERSION_PATCH	0
#define WPOOL_VERSION_EXTRA	"~rc1"	/* empty in a release */

/* As KERNEL_VERSION(); b and c are below 256. */
#define WPOOL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define WPOOL_VERSION_CODE						\
	WPOOL_VERSION(WPOOL_VERSION_MAJOR, WPOOL_VERSION_MINOR, WPOOL_VERSION_PATCH)

/* The version as a string, as `modinfo wpool` and /sys/module/wpool/version print it. */
#define WPOOL_RELEASE							\
	__stringify(WPOOL_VERSION_MAJOR) "." __stringify(WPOOL_VERSION_MINOR) "."	\
	__stringify(WPOOL_VERSION_PATCH) WPOOL_VERSION_EXTRA

#endif /* _LINUX_WPOOL_VERSION_H */
