/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Of wpool_disk.c, which alone includes this: how its two files are opened, measured and closed.
 * A disk that cannot be made leaves them as they were, and none where there was none.
 */
#ifndef _WPOOL_DISK_FILE_H
#define _WPOOL_DISK_FILE_H

#include <linux/bits.h>
#include <linux/ctype.h>
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/version.h>

#include "wpool_disk_sums.h"

/* The sums of so many bytes are allocated at once. */
#define DISK_MOST	BIT_ULL(40)

/* Not memparse(), to which "G" is 0, and which cuts off what has no place in 64 bits. */
static int disk_parse_size(const char *text, u64 *bytes)
{
	static const char units[] = "KMG";
	const char *at = text, *unit;
	unsigned int shift = 0;
	u64 n = 0;

	while (isdigit(*at) && n <= DISK_MOST)
		n = n * 10 + (*at++ - '0');
	unit = at > text && *at ? strchr(units, toupper(*at)) : NULL;
	if (unit) {
		shift = 10 * (unit - units + 1);
		at++;
	}
	if (at == text || *at || n > DISK_MOST >> shift || (n << shift) % DISK_BLOCK) {
		pr_err("size=%s: must be whole blocks of %u bytes, %llu at most, with K, M or G\n",
		       text, DISK_BLOCK, DISK_MOST);
		return -EINVAL;
	}
	*bytes = n << shift;
	return 0;
}

/* --- opened ---------------------------------------------------------------------------- */

static int disk_open_one(const char *name, struct file **opened, loff_t *had)
{
	struct file *file = filp_open(name, O_RDWR | O_CREAT | O_LARGEFILE, 0600);

	if (IS_ERR(file)) {
		pr_err("%s: %pe\n", name, file);
		return PTR_ERR(file);
	}
	if (!S_ISREG(file_inode(file)->i_mode)) {
		pr_err("%s: not a regular file\n", name);
		filp_close(file, NULL);
		return -EINVAL;
	}
	*opened = file;
	*had = i_size_read(file_inode(file));
	return 0;
}

static int disk_open_side(struct disk_file *file)
{
	char *name = kasprintf(GFP_KERNEL, "%s.sums", file->path);
	int err;

	if (!name)
		return -ENOMEM;
	err = disk_open_one(name, &file->side, &file->side_had);
	kfree(name);
	return err;
}

/* It will be as long as was asked for, but nothing is cut off. */
static int disk_measure(struct disk_file *file, u64 bytes)
{
	u64 wanted = bytes ?: file->file_had;

	if (!wanted || wanted < file->file_had || wanted % DISK_BLOCK || wanted > DISK_MOST) {
		pr_err("%s: has %lld bytes, and size=%llu\n", file->path, file->file_had, bytes);
		return -EINVAL;
	}
	file->blocks = wanted / DISK_BLOCK;
	return 0;
}

static int disk_alloc_sums(struct disk_file *file)
{
	u64 pages = disk_sums_pages(file);

	file->sums = kvcalloc(pages, PAGE_SIZE, GFP_KERNEL);
	file->unsure = kvcalloc(BITS_TO_LONGS(file->blocks), sizeof(long), GFP_KERNEL);
	file->changed = kvcalloc(BITS_TO_LONGS(pages), sizeof(long), GFP_KERNEL);
	return file->sums && file->unsure && file->changed ? 0 : -ENOMEM;
}

static int disk_read_sums(struct disk_file *file)
{
	struct disk_header header = { .clean = true };
	int err = 0;

	if (file->side_had)
		err = disk_read_at(file->side, &header, sizeof(header), 0);
	if (err)
		return err;
	/* Without a header nothing has been stored yet. */
	if (header.magic) {
		if (header.magic != DISK_MAGIC || header.blocks != file->blocks) {
			pr_err("%s.sums is not of this file, or not of this size\n", file->path);
			return -EINVAL;
		}
		file->clean = header.clean;
		err = disk_read_at(file->side, file->sums, disk_sums_pages(file) * PAGE_SIZE,
				   DISK_BLOCK);
	} else {
		bitmap_fill(file->changed, disk_sums_pages(file));
	}
	if (!header.clean)
		bitmap_fill(file->unsure, file->blocks);
	return err;
}

/* --- and closed ------------------------------------------------------------------------ */

static void disk_file_close(struct disk_file *file)
{
	kvfree(file->changed);
	kvfree(file->unsure);
	kvfree(file->sums);
	if (file->side)
		filp_close(file->side, NULL);
	if (file->file)
		filp_close(file->file, NULL);
}

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define mnt_idmap	mnt_user_ns
#endif

static int disk_remove_one(struct file *file)
{
	/* Held besides by the file, so that d_delete() leaves it its inode. */
	struct dentry *dentry = dget(file->f_path.dentry), *dir = dget_parent(dentry);
	int err = mnt_want_write_file(file);

	if (!err) {
		inode_lock_nested(d_inode(dir), I_MUTEX_PARENT);
		/* Unless somebody was faster. */
		if (dentry->d_parent == dir && !d_unhashed(dentry))
			err = vfs_unlink(mnt_idmap(file->f_path.mnt), d_inode(dir), dentry, NULL);
		inode_unlock(d_inode(dir));
		mnt_drop_write_file(file);
	}
	dput(dir);
	dput(dentry);
	return err;
}

/* It is as it was before disk_open_one(): not there, or as long as it had been. */
static void disk_undo_one(struct file *file, loff_t had)
{
	int err = 0;

	if (!file)
		return;
	if (file->f_mode & FMODE_CREATED)
		err = disk_remove_one(file);
	else if (i_size_read(file_inode(file)) > had)
		err = vfs_truncate(&file->f_path, had);
	if (err)
		pr_err("%pD: cannot be made as it was: %pe\n", file, ERR_PTR(err));
}

/* In place of disk_file_close(), if there will be no disk. */
static void disk_file_undo(struct disk_file *file)
{
	disk_undo_one(file->side, file->side_had);
	disk_undo_one(file->file, file->file_had);
	disk_file_close(file);
}

/* Changes nothing but that there are the files. disk_begin_storing() does the rest. */
static int disk_file_open(struct disk_file *file, const char *path, u64 bytes)
{
	int err;

	file->path = path;
	err = disk_open_one(path, &file->file, &file->file_had) ?: disk_open_side(file) ?:
	      disk_measure(file, bytes) ?: disk_alloc_sums(file) ?: disk_read_sums(file);
	if (err)
		disk_file_undo(file);
	return err;
}

#endif
