// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_crc: the CRC-32 of a file, its chunks read and summed by a pool.
 *
 *	insmod wpool_crc.ko path=FILE chunk=1048576 workers=4
 *
 * However long the file is, the memory used is that of one ring of chunks, a
 * few more than there are workers: wpool_schedule() sleeps while the pool is
 * full, so the loop in crc_pass() runs no further ahead than the workers let it.
 * The checksum is the one of zlib, gzip and PNG.
 *
 * While it runs, look on with wpool-top, or into /sys/kernel/debug/wpool/crc/.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crc32.h>
#include <linux/crc32poly.h>
#include <linux/fs.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/wpool.h>

/* A chunk is read in pieces, so that its size does not decide over memory. */
#define CRC_PIECE	SZ_64K
#define CRC_MAX_CHUNK	SZ_1G
/* Each of them has pieces in the ring, see crc_ring_alloc(). */
#define CRC_MAX_WORKERS	256

static char *path;
module_param(path, charp, 0444);
MODULE_PARM_DESC(path, "File to read (no default)");

static unsigned long chunk = SZ_1M;
module_param(chunk, ulong, 0444);
MODULE_PARM_DESC(chunk, "Bytes per task (default 1048576)");

static int workers = 4;
module_param(workers, int, 0444);
MODULE_PARM_DESC(workers, "Most chunks read at once (default 4)");

struct crc_file {
	struct file		*file;
	loff_t			size;
	struct task_struct	*reader;	/* waits for the checksum */
};

/* One chunk on its way through the pool. */
struct crc_chunk {
	struct wpool_task	task;
	struct crc_file		*file;
	void			*piece;
	loff_t			pos;
	u32			len;		/* 0: this one is free */
	u32			crc;
};

struct crc_ring {
	struct crc_chunk	*chunk;
	void			*pieces;
	unsigned int		nr;
	unsigned int		next;		/* the one that has been in use for longest */
	u32			crc;		/* of everything before that one */
};

/*
 * The product of two polynomials over GF(2), modulo that of the CRC-32. As in
 * the CRC itself, bit 31 is the coefficient of x^0 and bit 0 that of x^31.
 */
static u32 gf2_multiply(u32 a, u32 b)
{
	u32 product = 0;

	for (; a; a <<= 1) {
		if (a & BIT(31))
			product ^= b;
		b = (b >> 1) ^ (b & 1 ? CRC32_POLY_LE : 0);	/* b *= x */
	}
	return product;
}

/*
 * The CRC-32 of two pieces of data laid end to end. Appending len bytes of
 * zeroes to the first multiplies its CRC by x^(8 * len), found by squaring; the
 * second then adds its own. (Not crc32_le_combine(): newer kernels have it not.)
 */
static u32 crc_combine(u32 first, u32 second, u32 len)
{
	u32 power = BIT(31 - 8);	/* x^8, then x^16, x^32 and so on */

	for (; len; len >>= 1) {
		if (len & 1)
			first = gf2_multiply(first, power);
		power = gf2_multiply(power, power);
	}
	return first ^ second;
}

/* The task: reads one chunk, many of them at once, each at its own offset. */
static int crc_fn(void *arg)
{
	struct crc_chunk *c = arg;
	struct crc_file *f = c->file;
	loff_t pos = c->pos;
	loff_t end = pos + c->len;
	u32 crc = ~0;
	ssize_t got;

	while (pos < end) {
		/* A worker gets no signals: it looks for those of the reader. */
		if (wpool_should_stop() || fatal_signal_pending(f->reader))
			return -EINTR;
		got = kernel_read(f->file, c->piece,
				  min_t(loff_t, end - pos, CRC_PIECE), &pos);
		if (got < 0)
			return got;
		if (!got)
			return -ENODATA;	/* the file is shorter than it was */
		crc = crc32_le(crc, c->piece, got);
	}
	c->crc = ~crc;
	return 0;
}

/* Wait for a chunk, which must be the oldest, and make it free for another. */
static int crc_collect(struct crc_ring *ring, struct crc_chunk *c)
{
	int err = wpool_wait(&c->task);

	if (err) {
		pr_err("%s: %u bytes at %lld: %pe%s\n", path, c->len, c->pos, ERR_PTR(err),
		       err == -ENODATA ? ", the file has become shorter" : "");
		return err;
	}
	ring->crc = crc_combine(ring->crc, c->crc, c->len);
	c->len = 0;
	return 0;
}

/* Take the next chunk of the ring, collected if it was in use. */
static struct crc_chunk *crc_next(struct crc_ring *ring)
{
	struct crc_chunk *c = &ring->chunk[ring->next];
	int err = c->len ? crc_collect(ring, c) : 0;

	if (++ring->next == ring->nr)
		ring->next = 0;
	return err ? ERR_PTR(err) : c;
}

static int crc_pass(struct wpool *pool, struct crc_file *f, struct crc_ring *ring)
{
	struct crc_chunk *c;
	unsigned int i;
	loff_t pos;
	int err;

	for (pos = 0; pos < f->size; pos += c->len) {
		c = crc_next(ring);
		if (IS_ERR(c))
			return PTR_ERR(c);
		c->pos = pos;
		c->len = min_t(loff_t, chunk, f->size - pos);
		err = wpool_schedule(pool, &c->task);
		if (err) {
			pr_err("%s: cannot schedule %u bytes at %lld: %pe\n",
			       path, c->len, c->pos, ERR_PTR(err));
			return err;
		}
	}
	for (i = 0; i < ring->nr; i++) {
		c = crc_next(ring);
		if (IS_ERR(c))
			return PTR_ERR(c);
	}
	return 0;
}

/* One chunk more than the pool accepts, so that it is the pool that says stop. */
static int crc_ring_alloc(struct crc_ring *ring, struct crc_file *f,
			  const struct wpool_attrs *attrs)
{
	size_t piece = min_t(size_t, chunk, CRC_PIECE);
	unsigned int i;

	ring->nr = attrs->capacity + attrs->queue_depth + 1;
	ring->next = 0;
	ring->crc = 0;
	ring->chunk = kvcalloc(ring->nr, sizeof(*ring->chunk), GFP_KERNEL);
	if (!ring->chunk)
		return -ENOMEM;
	ring->pieces = kvmalloc_array(ring->nr, piece, GFP_KERNEL);
	if (!ring->pieces) {
		kvfree(ring->chunk);
		return -ENOMEM;
	}
	for (i = 0; i < ring->nr; i++) {
		ring->chunk[i].file = f;
		ring->chunk[i].piece = ring->pieces + i * piece;
		wpool_task_init(&ring->chunk[i].task, crc_fn, &ring->chunk[i]);
	}
	return 0;
}

static void crc_ring_free(struct crc_ring *ring)
{
	kvfree(ring->pieces);
	kvfree(ring->chunk);
}

/* The whole file once, by a pool of nr workers. */
static int crc_run(struct crc_file *f, unsigned int nr, u32 *crc, s64 *ms)
{
	struct wpool_attrs attrs = {
		.capacity	= nr,
		.queue_depth	= nr,		/* the next chunk of each worker is at hand */
		.full		= WPOOL_FULL_BLOCK,
		.flags		= WPOOL_LATENCY,	/* for wpool-top */
	};
	struct crc_ring ring;
	struct wpool *pool;
	ktime_t start;
	int err;

	err = crc_ring_alloc(&ring, f, &attrs);
	if (err)
		return err;
	pool = wpool_create("crc", &attrs);
	if (IS_ERR(pool)) {
		err = PTR_ERR(pool);	/* wpool has said why */
		goto free_ring;
	}

	start = ktime_get();
	err = crc_pass(pool, f, &ring);
	*ms = ktime_ms_delta(ktime_get(), start);
	*crc = ring.crc;
	if (err)
		wpool_shutdown_now(pool, NULL);	/* the rest is not wanted */

	/* Waits for tasks that were not collected: they still use the ring. */
	wpool_destroy(pool);
free_ring:
	crc_ring_free(&ring);
	return err;
}

/*
 * Three passes, for the times to mean something: one that brings the file into
 * the page cache, so far as it fits there, and the two to compare.
 */
static int crc_compare(struct crc_file *f)
{
	const unsigned int nr[] = { workers, 1, workers };
	u32 crc[ARRAY_SIZE(nr)];
	s64 ms[ARRAY_SIZE(nr)];
	int i, err;

	pr_info("%s: %lld bytes, %lu a task\n", path, f->size, chunk);
	for (i = 0; i < ARRAY_SIZE(nr); i++) {
		err = crc_run(f, nr[i], &crc[i], &ms[i]);
		if (err)
			return err;
		pr_info("%s: workers=%u: %lld ms%s\n", path, nr[i], ms[i],
			i ? "" : " (warm-up)");
		if (crc[i] != crc[0]) {
			pr_err("%s: read twice with different contents (%08x, %08x)\n",
			       path, crc[0], crc[i]);
			return -EIO;
		}
	}
	pr_info("%s: crc32 0x%08x, workers=1: %lld ms, workers=%d: %lld ms\n",
		path, crc[0], ms[1], workers, ms[2]);
	return 0;
}

static int crc_check_file(struct crc_file *f)
{
	struct inode *inode = file_inode(f->file);

	if (S_ISDIR(inode->i_mode)) {
		pr_err("%s: is a directory\n", path);
		return -EISDIR;
	}
	if (!S_ISREG(inode->i_mode)) {
		pr_err("%s: is not a regular file\n", path);
		return -EINVAL;
	}
	f->size = i_size_read(inode);
	if (!f->size) {
		pr_err("%s: is empty\n", path);
		return -ENODATA;
	}
	return 0;
}

static int crc_check_params(void)
{
	if (!path || !*path) {
		pr_err("path= is missing: the file to read\n");
		return -EINVAL;
	}
	if (chunk < 1 || chunk > CRC_MAX_CHUNK) {
		pr_err("chunk=%lu: must be 1 to %d\n", chunk, CRC_MAX_CHUNK);
		return -EINVAL;
	}
	if (workers < 1 || workers > CRC_MAX_WORKERS) {
		pr_err("workers=%d: must be 1 to %d\n", workers, CRC_MAX_WORKERS);
		return -EINVAL;
	}
	return 0;
}

static int __init crc_init(void)
{
	struct crc_file f = { .reader = current };
	int err;

	err = crc_check_params();
	if (err)
		return err;
	/* O_NONBLOCK: a named pipe without a writer would not let us look at it. */
	f.file = filp_open(path, O_RDONLY | O_LARGEFILE | O_NONBLOCK, 0);
	if (IS_ERR(f.file)) {
		pr_err("%s: cannot open: %pe\n", path, f.file);
		return PTR_ERR(f.file);
	}
	err = crc_check_file(&f);
	if (!err)
		err = crc_compare(&f);
	filp_close(f.file, NULL);
	return err;
}

static void __exit crc_exit(void)
{
	/* Each pool was freed as soon as the file had been read. */
}

module_init(crc_init);
module_exit(crc_exit);
MODULE_DESCRIPTION("wpool sample: CRC-32 of a file, chunk by chunk");
MODULE_LICENSE("GPL");
