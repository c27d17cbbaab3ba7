/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Of wpool_disk.c, which alone includes this: the blocks of its file, and next to it FILE.sums: a
 * block that begins with struct disk_header, and the CRC-32C of each block of the file.
 *
 * A block that does not fit its sum is corrupt: EILSEQ. But a sum that is not known, as in a new
 * file, is taken from the first read; and so is one that does not fit after a power cut, since
 * the block may be newer.
 */
#ifndef _WPOOL_DISK_SUMS_H
#define _WPOOL_DISK_SUMS_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/crc32c.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>

#define DISK_BLOCK	4096
#define DISK_MAGIC	0x6b736964
#define DISK_SUMS_PAGE	(PAGE_SIZE / sizeof(u32))

/*
 * A file of blocks, and the sum of each. Several threads may use it at once, but not the same
 * block: see disk_key().
 */
struct disk_file {
	const char		*path;
	struct file		*file;
	struct file		*side;
	u64			blocks;
	bool			clean;		/* as the side file said when it was opened */
	/* Bytes that each of the files had when it was opened. */
	loff_t			file_had;
	loff_t			side_had;

	/* Of one block each; whoever has the block. */
	u32			*sums;		/* 0: not known */
	unsigned long		*unsure;	/* the sum may be older than the block */
	/* Of one page of sums each: set after a sum was, cleared before they are written. */
	unsigned long		*changed;

	atomic_long_t		nr_adopted;
	atomic_long_t		nr_corrupt;
};

/* What the side file begins with. The sums follow in its next block. */
struct disk_header {
	u32			magic;
	u32			clean;		/* no sum is older than its block */
	u64			blocks;
};

static int disk_read_at(struct file *file, void *to, size_t len, loff_t pos)
{
	while (len) {
		ssize_t got = kernel_read(file, to, len, &pos);

		if (got <= 0)
			return got ?: -EIO;	/* the file is shorter than it was */
		to += got;
		len -= got;
	}
	return 0;
}

static int disk_write_at(struct file *file, const void *from, size_t len, loff_t pos)
{
	while (len) {
		ssize_t put = kernel_write(file, from, len, &pos);

		if (put <= 0)
			return put ?: -EIO;
		from += put;
		len -= put;
	}
	return 0;
}

/* --- blocks and their sums ------------------------------------------------------------- */

static u32 disk_sum(const char *data)
{
	return crc32c(~0, data, DISK_BLOCK) ?: 1;
}

static void disk_set_sum(struct disk_file *file, u64 block, u32 sum)
{
	WRITE_ONCE(file->sums[block], sum);
	smp_mb__before_atomic();	/* pairs with disk_sync_sums() */
	set_bit(block / DISK_SUMS_PAGE, file->changed);
}

static void disk_sum_up(struct disk_file *file, const char *data, u64 block, unsigned int n)
{
	for (; n; n--, block++, data += DISK_BLOCK) {
		clear_bit(block, file->unsure);
		disk_set_sum(file, block, disk_sum(data));
	}
}

static int disk_compare(struct disk_file *file, const char *data, u64 block, unsigned int n)
{
	for (; n; n--, block++, data += DISK_BLOCK) {
		bool unsure = test_and_clear_bit(block, file->unsure);
		u32 sum = disk_sum(data);

		if (sum == file->sums[block])
			continue;
		if (file->sums[block] && !unsure) {
			atomic_long_inc(&file->nr_corrupt);
			pr_err_ratelimited("%s: block %llu does not fit its sum\n", file->path,
					   block);
			return -EILSEQ;
		}
		atomic_long_inc(&file->nr_adopted);
		disk_set_sum(file, block, sum);
	}
	return 0;
}

/* Some blocks of which nobody else is reading or writing one. */
static int disk_load(struct disk_file *file, char *to, u64 block, unsigned int n)
{
	int err = disk_read_at(file->file, to, n * DISK_BLOCK, block * DISK_BLOCK);

	return err ?: disk_compare(file, to, block, n);
}

/* If it fails, the sums of what was written do not fit: what is there, nobody knows. */
static int disk_store(struct disk_file *file, const char *from, u64 block, unsigned int n)
{
	int err = disk_write_at(file->file, from, n * DISK_BLOCK, block * DISK_BLOCK);

	if (!err)
		disk_sum_up(file, from, block, n);
	return err;
}

static int disk_sync_data(struct disk_file *file)
{
	return vfs_fsync(file->file, 1);
}

static u64 disk_sums_pages(const struct disk_file *file)
{
	return DIV_ROUND_UP(file->blocks, DISK_SUMS_PAGE);
}

/*
 * What was stored before lasts after this and disk_sync_data(). Called by one thread at a time. A
 * sum that is changed meanwhile leaves its page changed.
 */
static int disk_sync_sums(struct disk_file *file)
{
	unsigned long page;
	int err;

	for_each_set_bit(page, file->changed, disk_sums_pages(file)) {
		clear_bit(page, file->changed);
		smp_mb__after_atomic();	/* pairs with disk_set_sum() */
		err = disk_write_at(file->side, file->sums + page * DISK_SUMS_PAGE, PAGE_SIZE,
				    DISK_BLOCK + page * PAGE_SIZE);
		if (err) {
			set_bit(page, file->changed);
			return err;
		}
	}
	err = vfs_fsync(file->side, 1);
	if (err)
		/* It says so once, and of which pages it does not say. */
		bitmap_fill(file->changed, disk_sums_pages(file));
	return err;
}

static int disk_write_header(struct disk_file *file, bool clean)
{
	const struct disk_header header = {
		.magic	= DISK_MAGIC,
		.clean	= clean,
		.blocks	= file->blocks,
	};

	return disk_write_at(file->side, &header, sizeof(header), 0) ?: vfs_fsync(file->side, 1);
}

/* Before the first block is stored, and before either file has been changed. */
static int disk_begin_storing(struct disk_file *file)
{
	loff_t bytes = file->blocks * DISK_BLOCK;
	int err = disk_sync_sums(file) ?: disk_write_header(file, false);

	if (err) {
		pr_err("%s.sums: %pe\n", file->path, ERR_PTR(err));
	} else if (file->file_had < bytes) {
		err = vfs_truncate(&file->file->f_path, bytes);
		if (err)
			pr_err("%s: cannot have %lld bytes: %pe\n", file->path, bytes,
			       ERR_PTR(err));
	}
	/* No block will be stored. */
	if (err && file->clean)
		disk_write_header(file, true);
	return err;
}

/* When none is stored any more. Blocks that nobody has read may still be newer than their sums. */
static int disk_end_storing(struct disk_file *file)
{
	unsigned long block;

	for_each_set_bit(block, file->unsure, file->blocks)
		disk_set_sum(file, block, 0);
	return vfs_fsync(file->file, 0) ?: disk_sync_sums(file) ?: disk_write_header(file, true);
}

#endif
