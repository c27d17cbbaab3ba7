// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_disk: a disk whose requests are tasks of a pool. Its blocks are in a file, and next to
 * it is a sum of each. Here is the disk itself: its queue and its pool, and how it is made and
 * removed. A driver of other hardware would copy this and wpool_disk_tasks.h, where a request
 * becomes a task; wpool_disk_sums.h has the blocks, and wpool_disk_file.h opens the files.
 *
 *	insmod wpool_disk.ko path=FILE size=1G workers=4
 *	mkfs.ext4 /dev/wpool0
 *
 * - A request is a task in the request's own memory: nothing is allocated on its way. Its
 *   release ends it, so that a request is answered once, whatever becomes of its task: if the
 *   function kills its worker, that one request fails with EIO.
 * - A full pool pushes back: blk-mq keeps the request, and issues it again when another has
 *   ended. No list grows.
 * - Its key is its stripe, and no request is longer than that: what reads, changes and writes
 *   a block, or compares it with its sum, is alone with it.
 * - A flush is a group of two tasks: one writes the data back, one the sums.
 * - Swap may be on this disk, hence WPOOL_MEM_RECLAIM.
 *
 * Needs 6.1 to 6.8, or 6.11 and later.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blk-mq.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/version.h>
#include <linux/wpool.h>

#include "wpool_disk_file.h"
#include "wpool_disk_sums.h"
#include "wpool_disk_tasks.h"

#define DISK_NAME	"wpool0"
/* The longest request, and the buffer that each has. */
#define DISK_STRIPE	SZ_128K
/* Of all requests that are not about a stripe. */
#define DISK_KEY_FLUSH	U64_MAX
#define DISK_REQUESTS	64

static char *path;
module_param(path, charp, 0444);
MODULE_PARM_DESC(path, "File that holds the blocks; made if there is none (no default)");

static char *size = "0";
module_param(size, charp, 0444);
MODULE_PARM_DESC(size, "Length of the file, with K, M or G, in whole 4K; 0 as it is (default 0)");

static unsigned int workers = 4;
module_param(workers, uint, 0444);
MODULE_PARM_DESC(workers, "Requests at once, 1 to 64 (default 4); later: capacity of the pool");

static struct disk *the_disk;

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define DISK_NODE	unsigned int
#else
#define DISK_NODE	int
#endif

/* --- the queue ----------------------------------------------------------------------- */

static u64 disk_key(struct request *rq)
{
	if (req_op(rq) == REQ_OP_FLUSH)
		return DISK_KEY_FLUSH;
	return blk_rq_pos(rq) / (DISK_STRIPE >> SECTOR_SHIFT);
}

static blk_status_t disk_queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct request *rq = bd->rq;
	struct disk_request *dr = blk_mq_rq_to_pdu(rq);
	struct disk *disk = rq->q->queuedata;

	dr->status = BLK_STS_IOERR;	/* if the function does not say otherwise */
	blk_mq_start_request(rq);
	switch (wpool_schedule_how(disk->pool, &dr->task.task, &(struct wpool_how) {
		.flags = WPOOL_KEYED | WPOOL_NOWAIT, .key = disk_key(rq),
	})) {
	case 0:
		return BLK_STS_OK;
	case -EAGAIN:
		/* All that fills the pool are requests: the end of one runs the queue again. */
		atomic_long_inc(&disk->nr_pushed_back);
		return BLK_STS_DEV_RESOURCE;
	default:
		return BLK_STS_IOERR;
	}
}

static int disk_init_request(struct blk_mq_tag_set *set, struct request *rq, unsigned int hctx,
			     DISK_NODE node)
{
	struct disk_request *dr = blk_mq_rq_to_pdu(rq);

	/* Also when its scheduler is changed, and nothing can be written to this disk. */
	dr->buffer = kvmalloc_node(DISK_STRIPE, GFP_NOIO, node);
	if (!dr->buffer)
		return -ENOMEM;
	wpool_keyed_task_init(&dr->task, disk_fn, rq);
	wpool_task_set_release(&dr->task, disk_release);
	return 0;
}

static void disk_exit_request(struct blk_mq_tag_set *set, struct request *rq, unsigned int hctx)
{
	struct disk_request *dr = blk_mq_rq_to_pdu(rq);

	kvfree(dr->buffer);
}

static const struct blk_mq_ops disk_queue_ops = {
	.queue_rq	= disk_queue_rq,
	.init_request	= disk_init_request,
	.exit_request	= disk_exit_request,
};

static const struct block_device_operations disk_ops = {
	.owner	= THIS_MODULE,
};

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define BLK_MQ_F_SHOULD_MERGE	0	/* is always so */
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 9, 0)
static struct gendisk *disk_alloc(struct disk *disk)
{
	struct gendisk *gendisk = blk_mq_alloc_disk(&disk->tags, disk);
	struct request_queue *queue;

	if (IS_ERR(gendisk))
		return gendisk;
	queue = gendisk->queue;
	blk_queue_physical_block_size(queue, DISK_BLOCK);
	blk_queue_io_min(queue, DISK_BLOCK);
	blk_queue_chunk_sectors(queue, DISK_STRIPE >> SECTOR_SHIFT);
	blk_queue_max_hw_sectors(queue, DISK_STRIPE >> SECTOR_SHIFT);
	blk_queue_flag_set(QUEUE_FLAG_NONROT, queue);
	blk_queue_write_cache(queue, true, false);
	return gendisk;
}
#else
static struct gendisk *disk_alloc(struct disk *disk)
{
	struct queue_limits limits = {
		.physical_block_size	= DISK_BLOCK,
		.io_min			= DISK_BLOCK,
		.chunk_sectors		= DISK_STRIPE >> SECTOR_SHIFT,
		.max_hw_sectors		= DISK_STRIPE >> SECTOR_SHIFT,
		.features		= BLK_FEAT_WRITE_CACHE,
	};

	return blk_mq_alloc_disk(&disk->tags, &limits, disk);
}
#endif

/* --- what an administrator sees ------------------------------------------------------- */

#define DISK_COUNTER(name, counter)						\
static ssize_t name##_show(struct device *dev, struct device_attribute *attr, char *text) \
{										\
	struct disk *disk = dev_to_disk(dev)->private_data;			\
										\
	return sysfs_emit(text, "%ld\n", atomic_long_read(&(counter)));		\
}										\
static DEVICE_ATTR_RO(name)

DISK_COUNTER(adopted, disk->file.nr_adopted);
DISK_COUNTER(corrupt, disk->file.nr_corrupt);
DISK_COUNTER(died, disk->nr_died);
DISK_COUNTER(pushed_back, disk->nr_pushed_back);

static struct attribute *disk_counters[] = {
	&dev_attr_adopted.attr,
	&dev_attr_corrupt.attr,
	&dev_attr_died.attr,
	&dev_attr_pushed_back.attr,
	NULL
};

/* /sys/block/wpool0/wpool/ */
static const struct attribute_group disk_group = {
	.name	= "wpool",
	.attrs	= disk_counters,
};

static const struct attribute_group *disk_groups[] = { &disk_group, NULL };

/* --- made, pulled out, and gone -------------------------------------------------------- */

/* As many requests wait in the pool as run; more are with blk-mq, which sorts and merges them. */
static int disk_make_pool(struct disk *disk)
{
	const struct wpool_attrs attrs = {
		.capacity	= workers,
		.queue_depth	= workers,
		.flags		= WPOOL_MEM_RECLAIM | WPOOL_RECURSIVE,
		.watchdog_ms	= 30000,
		.ops		= &disk_pool_ops,
	};

	disk->pool = wpool_create(DISK_NAME, &attrs);
	return PTR_ERR_OR_ZERO(disk->pool);
}

static int disk_make_queue(struct disk *disk)
{
	int err;

	disk->tags = (struct blk_mq_tag_set) {
		.ops		= &disk_queue_ops,
		.nr_hw_queues	= 1,
		.queue_depth	= DISK_REQUESTS,
		.numa_node	= NUMA_NO_NODE,
		.cmd_size	= sizeof(struct disk_request),
		.flags		= BLK_MQ_F_SHOULD_MERGE,
	};
	err = blk_mq_alloc_tag_set(&disk->tags);
	if (err)
		return err;
	disk->gendisk = disk_alloc(disk);
	if (IS_ERR(disk->gendisk)) {
		blk_mq_free_tag_set(&disk->tags);
		return PTR_ERR(disk->gendisk);
	}
	strscpy(disk->gendisk->disk_name, DISK_NAME, DISK_NAME_LEN);
	disk->gendisk->fops = &disk_ops;
	disk->gendisk->private_data = disk;
	disk->gendisk->flags |= GENHD_FL_NO_PART;
	set_capacity(disk->gendisk, disk->file.blocks * (DISK_BLOCK >> SECTOR_SHIFT));
	return 0;
}

static void disk_free_queue(struct disk *disk)
{
	put_disk(disk->gendisk);
	blk_mq_free_tag_set(&disk->tags);
}

static int disk_make(struct disk *disk, u64 bytes)
{
	int err = disk_file_open(&disk->file, path, bytes);

	if (err)
		return err;
	err = disk_make_pool(disk);
	if (err)
		goto undo_file;
	err = disk_make_queue(disk);
	if (err)
		goto destroy_pool;
	/* Late, so that a disk which cannot be made stays clean. */
	err = disk_begin_storing(&disk->file);
	if (err)
		goto free_queue;
	err = device_add_disk(NULL, disk->gendisk, disk_groups);
	if (err)
		goto end_storing;
	return 0;

end_storing:
	disk_end_storing(&disk->file);
free_queue:
	disk_free_queue(disk);
destroy_pool:
	wpool_destroy(disk->pool);
undo_file:
	disk_file_undo(&disk->file);
	return err;
}

/* Pulled out: whoever has it open keeps what is left of it, and gets EIO. */
static void disk_remove(struct disk *disk, bool pulled)
{
	if (disk->gone)
		return;
	if (pulled)
		WRITE_ONCE(disk->gone, true);
	del_gendisk(disk->gendisk);
	WRITE_ONCE(disk->gone, true);
}

/* It was removed, and nobody has it open. */
static void disk_unmake(struct disk *disk)
{
	int err;

	/* First: the release of a flush may still be inside the queue. */
	wpool_destroy(disk->pool);
	disk_free_queue(disk);
	err = disk_end_storing(&disk->file);
	if (err)
		pr_err("%s: could not be written back: %pe\n", path, ERR_PTR(err));
	disk_file_close(&disk->file);
}

/* Called with the module's parameters locked: one at a time. */
static int disk_set_pulled(const char *text, const struct kernel_param *param)
{
	bool pulled;
	int err = kstrtobool(text, &pulled);

	if (err)
		return err;
	if (!pulled || !the_disk)
		return -EINVAL;
	disk_remove(the_disk, true);
	return 0;
}

static const struct kernel_param_ops disk_pulled_ops = {
	.set	= disk_set_pulled,
};
module_param_cb(pulled, &disk_pulled_ops, NULL, 0200);
MODULE_PARM_DESC(pulled, "Write 1 to remove the disk, whoever uses it");

/* Before any file is opened. More workers than requests would have nothing to do. */
static int disk_check_parameters(u64 *bytes)
{
	if (!path) {
		pr_err("path= is missing\n");
		return -EINVAL;
	}
	if (!workers || workers > DISK_REQUESTS) {
		pr_err("workers=%u: must be 1 to %u\n", workers, DISK_REQUESTS);
		return -EINVAL;
	}
	return disk_parse_size(size, bytes);
}

static int __init disk_init(void)
{
	struct disk *disk;
	u64 bytes;
	int err = disk_check_parameters(&bytes);

	if (err)
		return err;
	disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	if (!disk)
		return -ENOMEM;
	err = disk_make(disk, bytes);
	if (err) {
		kfree(disk);
		return err;
	}
	the_disk = disk;
	pr_info("%s: %llu blocks of %u bytes in %s\n", DISK_NAME, disk->file.blocks, DISK_BLOCK,
		path);
	return 0;
}
module_init(disk_init);

/* The parameters can still be written: see disk_set_pulled(). */
static void __exit disk_exit(void)
{
	struct disk *disk;

	kernel_param_lock(THIS_MODULE);
	disk = the_disk;
	the_disk = NULL;
	disk_remove(disk, false);
	kernel_param_unlock(THIS_MODULE);
	disk_unmake(disk);
	kfree(disk);
}
module_exit(disk_exit);

MODULE_DESCRIPTION("A disk whose requests are tasks of a wpool");
MODULE_LICENSE("GPL");
