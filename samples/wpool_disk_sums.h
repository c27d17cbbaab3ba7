/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The file of wpool_disk.c, which alone includes this, and beside it FILE.sums: a block that
 * begins with struct disk_header, and the CRC-32C of each block of the file.
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
/* Its sums are allocated at once. */
#define DISK_MOST	((loff_t)BIT_ULL(40))
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

/* Before the first block is stored. */
static int disk_begin_storing(struct disk_file *file)
{
	return disk_write_header(file, false);
}

/* When none is stored any more. Blocks that nobody has read may still be newer than their sums. */
static int disk_end_storing(struct disk_file *file)
{
	unsigned long block;

	for_each_set_bit(block, file->unsure, file->blocks)
		disk_set_sum(file, block, 0);
	return vfs_fsync(file->file, 0) ?: disk_sync_sums(file) ?: disk_write_header(file, true);
}

/* --- opened and closed ----------------------------------------------------------------- */

static int disk_read_sums(struct disk_file *file)
{
	struct disk_header header = { .clean = true };
	int err = 0;

	if (i_size_read(file_inode(file->side)))
		err = disk_read_at(file->side, &header, sizeof(header), 0);
	if (err)
		return err;
	/* Without a header nothing has been stored yet. */
	if (header.magic) {
		if (header.magic != DISK_MAGIC || header.blocks != file->blocks) {
			pr_err("%s.sums is not of this file, or not of this size\n", file->path);
			return -EINVAL;
		}
		err = disk_read_at(file->side, file->sums, disk_sums_pages(file) * PAGE_SIZE,
				   DISK_BLOCK);
		if (err)
			return err;
	} else {
		bitmap_fill(file->changed, disk_sums_pages(file));
	}
	if (!header.clean)
		bitmap_fill(file->unsure, file->blocks);
	return disk_sync_sums(file);
}

static int disk_alloc_sums(struct disk_file *file)
{
	u64 pages = disk_sums_pages(file);

	file->sums = kvcalloc(pages, PAGE_SIZE, GFP_KERNEL);
	file->unsure = kvcalloc(BITS_TO_LONGS(file->blocks), sizeof(long), GFP_KERNEL);
	file->changed = kvcalloc(BITS_TO_LONGS(pages), sizeof(long), GFP_KERNEL);
	return file->sums && file->unsure && file->changed ? 0 : -ENOMEM;
}

/* It will be as long as was asked for, but nothing is cut off. */
static int disk_measure(struct disk_file *file, const char *size)
{
	loff_t have = i_size_read(file_inode(file->file)), wanted;
	char *rest;

	wanted = memparse(size, &rest);
	if (*rest || wanted < 0) {
		pr_err("size=%s: not a number of bytes\n", size);
		return -EINVAL;
	}
	wanted = wanted ?: have;
	if (wanted > DISK_MOST) {
		pr_err("%s: size=%s: more than %lld bytes\n", file->path, size, DISK_MOST);
		return -EINVAL;
	}
	if (wanted < have || wanted < DISK_BLOCK) {
		pr_err("%s: has %lld bytes, and size=%s\n", file->path, have, size);
		return -EINVAL;
	}
	file->blocks = wanted / DISK_BLOCK;
	return 0;
}

/* The last step, so that a file which is refused stays as it was. */
static int disk_lengthen(struct disk_file *file)
{
	loff_t wanted = file->blocks * DISK_BLOCK;

	return i_size_read(file_inode(file->file)) < wanted ?
	       vfs_truncate(&file->file->f_path, wanted) : 0;
}

static struct file *disk_open_one(const char *name)
{
	struct file *file = filp_open(name, O_RDWR | O_CREAT | O_LARGEFILE, 0600);

	if (IS_ERR(file)) {
		pr_err("%s: %pe\n", name, file);
	} else if (!S_ISREG(file_inode(file)->i_mode)) {
		pr_err("%s: not a regular file\n", name);
		filp_close(file, NULL);
		file = ERR_PTR(-EINVAL);
	}
	return file;
}

static int disk_open_both(struct disk_file *file)
{
	char *name = kasprintf(GFP_KERNEL, "%s.sums", file->path);

	if (!name)
		return -ENOMEM;
	file->file = disk_open_one(file->path);
	file->side = IS_ERR(file->file) ? file->file : disk_open_one(name);
	kfree(name);
	if (!IS_ERR(file->side))
		return 0;
	if (!IS_ERR(file->file))
		filp_close(file->file, NULL);
	return PTR_ERR(file->side);
}

static void disk_file_close(struct disk_file *file)
{
	kvfree(file->changed);
	kvfree(file->unsure);
	kvfree(file->sums);
	filp_close(file->side, NULL);
	filp_close(file->file, NULL);
}

static int disk_file_open(struct disk_file *file, const char *path, const char *size)
{
	int err;

	file->path = path;
	err = disk_open_both(file);
	if (err)
		return err;
	err = disk_measure(file, size) ?: disk_alloc_sums(file) ?: disk_read_sums(file) ?:
	      disk_lengthen(file);
	if (err)
		disk_file_close(file);
	return err;
}

#endif
