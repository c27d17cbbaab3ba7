// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_disk: a disk whose requests are tasks of a pool. Its blocks are in a file, and beside
 * it is a sum of each: see wpool_disk_sums.h.
 *
 *	insmod wpool_disk.ko path=FILE size=1G workers=4
 *	mkfs.ext4 /dev/wpool0
 *
 * - A request is a task in the request's own memory: nothing is allocated on its way. Its
 *   release ends it, so that a request is answered once, whatever becomes of its task: if the
 *   function kills its worker, that one request fails with EIO.
 * - A full pool pushes back: blk-mq keeps the request, and submits it again when another has
 *   ended. No list grows.
 * - Its key is its stripe, and no request is longer than that: what reads, changes and writes
 *   a block, or compares it with its sum, is alone with it.
 * - A flush is a group of two tasks: one writes the data back, one the sums.
 * - Swap may be on this disk, hence WPOOL_MEM_RECLAIM.
 *
 * Needs 6.1 to 6.8, or 6.11 and later.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/blk-cgroup.h>
#include <linux/blk-mq.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/task_work.h>
#include <linux/version.h>
#include <linux/wpool.h>

#include "wpool_disk_sums.h"

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
MODULE_PARM_DESC(size, "Bytes, with K, M or G: the file is made so long; 0 as it is (default 0)");

static unsigned int workers = 4;
module_param(workers, uint, 0444);
MODULE_PARM_DESC(workers, "Most requests at once (default 4); later: capacity of the pool");

static int kill;
module_param(kill, int, 0600);
MODULE_PARM_DESC(kill, "How many of the next requests kill their worker: for tests (default 0)");

struct disk {
	struct wpool		*pool;
	struct gendisk		*gendisk;
	struct blk_mq_tag_set	tags;
	struct disk_file	file;		/* each block is its stripe's key's */
	bool			gone;		/* pulled out */
	atomic_long_t		nr_died;
	atomic_long_t		nr_pushed_back;
};

/* In each request, for as long as the disk lives. */
struct disk_request {
	struct wpool_keyed_task	task;
	blk_status_t		status;
	char			*buffer;
};

static struct disk *the_disk;

#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 0, 0)
#define DISK_NODE	unsigned int
#else
#define DISK_NODE	int
#endif

/* --- the tasks ----------------------------------------------------------------------- */

static void disk_copy(struct request *rq, char *buffer, bool in)
{
	struct req_iterator iter;
	struct bio_vec vec;

	rq_for_each_segment(vec, rq, iter) {
		if (in)
			memcpy_from_bvec(buffer, &vec);
		else
			memcpy_to_bvec(&vec, buffer);
		buffer += vec.bv_len;
	}
}

static int disk_read(struct disk *disk, struct request *rq, char *buffer)
{
	u64 pos = (u64)blk_rq_pos(rq) << SECTOR_SHIFT, block = pos / DISK_BLOCK;
	u64 end = DIV_ROUND_UP(pos + blk_rq_bytes(rq), DISK_BLOCK);
	int err = disk_load(&disk->file, buffer, block, end - block);

	if (!err)
		disk_copy(rq, buffer + pos % DISK_BLOCK, false);
	return err;
}

/* A block that is not written whole is read before. */
static int disk_write(struct disk *disk, struct request *rq, char *buffer)
{
	u64 pos = (u64)blk_rq_pos(rq) << SECTOR_SHIFT, block = pos / DISK_BLOCK;
	u64 last = (pos + blk_rq_bytes(rq) - 1) / DISK_BLOCK;
	bool whole_last = !((pos + blk_rq_bytes(rq)) % DISK_BLOCK);
	int err = 0;

	if (pos % DISK_BLOCK)
		err = disk_load(&disk->file, buffer, block, 1);
	if (!err && !whole_last && (last != block || !(pos % DISK_BLOCK)))
		err = disk_load(&disk->file, buffer + (last - block) * DISK_BLOCK, last, 1);
	if (err)
		return err;
	disk_copy(rq, buffer + pos % DISK_BLOCK, true);
	return disk_store(&disk->file, buffer, block, last - block + 1);
}

static int disk_flush_data(void *arg)
{
	return disk_sync_data(arg);
}

static int disk_flush_sums(void *arg)
{
	return disk_sync_sums(arg);
}

/*
 * All flushes have one key, so no other is under way. The disk has no FUA: blk-mq makes a flush
 * of it. An fsync for one request would take the error that the next flush has to report.
 */
static int disk_flush(struct disk *disk)
{
	DEFINE_WPOOL_TASK(data, disk_flush_data, &disk->file);
	DEFINE_WPOOL_TASK(sums, disk_flush_sums, &disk->file);
	struct wpool_group both;
	int err;

	wpool_group_init(&both);
	err = wpool_group_schedule(&both, disk->pool, &data);
	if (!err)
		err = wpool_group_schedule(&both, disk->pool, &sums);
	/* Always waited for: they are on this stack. */
	return wpool_group_wait(&both) ?: err;
}

static int disk_do(struct disk *disk, struct request *rq, char *buffer)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return disk_read(disk, rq, buffer);
	case REQ_OP_WRITE:
		return disk_write(disk, rq, buffer);
	case REQ_OP_FLUSH:
		return disk_flush(disk);
	default:
		return -EOPNOTSUPP;
	}
}

/* A worker that dies here holds no lock of the file system below. */
static void disk_perhaps_die(void)
{
	int left = READ_ONCE(kill);

	while (left > 0 && !try_cmpxchg(&kill, &left, left - 1))
		;
	BUG_ON(left > 0);
}

#ifdef CONFIG_BLK_CGROUP
/* What is read is charged to who asked for it. Only the thread itself can say so. */
static void disk_charge(struct request *rq)
{
	kthread_associate_blkcg(rq && rq->bio ? bio_blkcg_css(rq->bio) : NULL);
}
#else
static void disk_charge(struct request *rq)
{
}
#endif

static int disk_fn(void *arg)
{
	struct request *rq = arg;
	struct disk_request *dr = blk_mq_rq_to_pdu(rq);
	struct disk *disk = rq->q->queuedata;
	int err;

	if (READ_ONCE(disk->gone))
		return -EIO;
	disk_charge(rq);
	disk_perhaps_die();
	err = disk_do(disk, rq, dr->buffer);
	disk_charge(NULL);
	dr->status = errno_to_blk_status(err);
	return err;
}

/* The pool is done with the request, which may be used again from here on. */
static void disk_release(void *arg, enum wpool_fate fate)
{
	struct request *rq = arg;
	struct disk_request *dr = blk_mq_rq_to_pdu(rq);
	struct disk *disk = rq->q->queuedata;

	if (fate == WPOOL_FATE_DIED)
		atomic_long_inc(&disk->nr_died);
	blk_mq_end_request(rq, dr->status);
}

/* In the thread, as it ends: one that was killed may still be charging somebody. */
static void disk_worker_ends(struct callback_head *at_end)
{
	disk_charge(NULL);
	kfree(at_end);
}

/* Freeing memory may need this disk, so its workers do not do so; nor are they throttled. */
static void disk_worker_start(struct wpool *pool)
{
	struct callback_head *at_end;

	current->flags |= PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE;
	/* This may be the only worker, and memory wait for it. Without, a death costs a cgroup. */
	at_end = kmalloc(sizeof(*at_end), GFP_NOWAIT | __GFP_NOWARN);
	if (!at_end)
		return;
	/* It is over before wpool_destroy() returns, which waits for the end of each thread. */
	init_task_work(at_end, disk_worker_ends);
	task_work_add(current, at_end, TWA_NONE);
}

static const struct wpool_ops disk_pool_ops = {
	.worker_start	= disk_worker_start,
};

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
	switch (wpool_try_schedule_keyed(disk->pool, &dr->task, disk_key(rq))) {
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

static int disk_make(struct disk *disk)
{
	int err = disk_file_open(&disk->file, path, size);

	if (err)
		return err;
	err = disk_make_pool(disk);
	if (err)
		goto close_file;
	err = disk_make_queue(disk);
	if (err)
		goto destroy_pool;
	/* Last, so that a disk which cannot be made stays clean. */
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
close_file:
	disk_file_close(&disk->file);
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

static int __init disk_init(void)
{
	struct disk *disk;
	int err;

	if (!path) {
		pr_err("path= is missing\n");
		return -EINVAL;
	}
	if (!workers) {
		pr_err("workers=0: no request would end\n");
		return -EINVAL;
	}
	disk = kzalloc(sizeof(*disk), GFP_KERNEL);
	if (!disk)
		return -ENOMEM;
	err = disk_make(disk);
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
