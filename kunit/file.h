/* SPDX-License-Identifier: GPL-2.0 */
/* Opening files from threads of the kernel. */
#ifndef _WPOOL_KUNIT_FILE_H
#define _WPOOL_KUNIT_FILE_H

#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/version.h>

/* Since 7.3 what is mounted is not seen from these threads, unless they ask. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#define scoped_with_init_fs()
#endif

static inline struct file *wpt_file_open(const char *path, int flags)
{
	struct file *file = NULL;

	scoped_with_init_fs()
		file = filp_open(path, flags, 0);
	return file;
}

#endif /* _WPOOL_KUNIT_FILE_H */
