/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Of wpool_disk.c, which alone includes this: a request as a task. What its function does with
 * the blocks, who is charged, how it ends, and what becomes of it if its worker dies.
 */
#ifndef _WPOOL_DISK_TASKS_H
#define _WPOOL_DISK_TASKS_H

#include <linux/blk-cgroup.h>
#include <linux/blk-mq.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/wpool.h>

#include "wpool_disk_sums.h"

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

/* --- what is done ---------------------------------------------------------------------- */

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

	wpool_group_init(&both, 0);
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

/* --- who does it, and what if it dies -------------------------------------------------- */

static int kill;
module_param(kill, int, 0600);
MODULE_PARM_DESC(kill, "How many of the next requests kill their worker: for tests (default 0)");

/* A worker that dies here holds no lock of the file system below. */
static void disk_perhaps_die(void)
{
	int left = READ_ONCE(kill);

	while (left > 0 && !try_cmpxchg(&kill, &left, left - 1))
		;
	BUG_ON(left > 0);
}

#ifdef CONFIG_BLK_CGROUP
/* What is read is charged to the process that asked for it. Only the thread itself can say so. */
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

/* task_work_add(current, work, TWA_NONE), which not every kernel exports. */
static void disk_at_end(struct callback_head *work)
{
	struct callback_head *head = READ_ONCE(current->task_works);

	do {
		work->next = head;
	} while (!try_cmpxchg(&current->task_works, &head, work));
}

/* In the thread, as it ends: one that was killed may still be charging somebody. */
static void disk_worker_ends(struct callback_head *at_end)
{
	disk_charge(NULL);
	kfree(at_end);
}

/* Freeing memory may need this disk, so its workers do not do so, and are not throttled. */
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
	disk_at_end(at_end);
}

static const struct wpool_ops disk_pool_ops = {
	.worker_start	= disk_worker_start,
};

#endif
