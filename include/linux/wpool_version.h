/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The version of wpool, in this place alone: what must repeat it (dkms.conf, debian/changelog,
 * CHANGES, the manual page) is compared with it by `make lint`. A consumer that needs to know:
 *
 *	#include <linux/wpool.h>
 *
 *	#if WPOOL_VERSION_CODE < WPOOL_VERSION(1, 0, 0)
 *	#error "wpool 1.0.0 or later is needed"
 *	#endif
 *
 * What may change from one version to the next is in Documentation/reference.md.
 */
#ifndef _LINUX_WPOOL_VERSION_H
#define _LINUX_WPOOL_VERSION_H

#include <linux/stringify.h>

#define WPOOL_VERSION_MAJOR	1
#define WPOOL_VERSION_MINOR	0
#define WPOOL_VERSION_PATCH	0
#define WPOOL_VERSION_EXTRA	"~rc1"	/* nothing once it is released */

/* As KERNEL_VERSION(); each of b and c is below 256. */
#define WPOOL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define WPOOL_VERSION_CODE						\
	WPOOL_VERSION(WPOOL_VERSION_MAJOR, WPOOL_VERSION_MINOR, WPOOL_VERSION_PATCH)

/* As a string, which `modinfo wpool` and /sys/module/wpool/version say of the module. */
#define WPOOL_RELEASE							\
	__stringify(WPOOL_VERSION_MAJOR) "." __stringify(WPOOL_VERSION_MINOR) "."	\
	__stringify(WPOOL_VERSION_PATCH) WPOOL_VERSION_EXTRA

#endif /* _LINUX_WPOOL_VERSION_H */
