// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: real work, 4 KiB a task, by the kernel's own crypto and page cache.
 *
 * The floor is the same work inline: a thread on each CPU, and no pool at all. What it
 * takes, compared with a pool, is how much of the machine the work gets.
 */
#include <crypto/acompress.h>
#include <crypto/hash.h>
#include <crypto/skcipher.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/scatterlist.h>
#include <linux/semaphore.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "bench.h"
#include "bench_compat.h"

/* So many tasks have their own memory. */
#define PARTS		4000U
#define KEY_SIZE	64		/* AES-256-XTS has two */

/**
 * struct bench_kind - what each task of a work does
 * @algorithm: the kernel's name for it, or NULL
 * @open: gets ready for it
 * @close: the opposite, also of half of it
 * @work: does it, with the memory of that task
 */
struct bench_kind {
	const char	*algorithm;
	int		(*open)(const struct bench_kind *kind);
	void		(*close)(void);
	int		(*work)(unsigned int nr);
};

/* Of each task: from where to where. */
static struct real_part {
	struct page		*from;
	struct page		*to;
	struct scatterlist	from_list;
	struct scatterlist	to_list;
} *parts;

/* The one that is being done. */
static const struct bench_kind *kind_now;

/* --- checksums --- */

static struct crypto_shash *hash;

static int hash_open(const struct bench_kind *kind)
{
	hash = crypto_alloc_shash(kind->algorithm, 0, 0);
	return PTR_ERR_OR_ZERO(hash);
}

static void hash_close(void)
{
	if (!IS_ERR(hash))
		crypto_free_shash(hash);
}

static int hash_work(unsigned int nr)
{
	SHASH_DESC_ON_STACK(desc, hash);

	desc->tfm = hash;
	return crypto_shash_digest(desc, page_address(parts[nr].from), PAGE_SIZE,
				   page_address(parts[nr].to));
}

/* --- encryption --- */

static struct crypto_sync_skcipher *cipher;

static int cipher_open(const struct bench_kind *kind)
{
	u8 key[KEY_SIZE];
	unsigned int i;

	cipher = crypto_alloc_sync_skcipher(kind->algorithm, 0, 0);
	if (IS_ERR(cipher))
		return PTR_ERR(cipher);
	for (i = 0; i < KEY_SIZE; i++)
		key[i] = i;
	return crypto_sync_skcipher_setkey(cipher, key, KEY_SIZE);
}

static void cipher_close(void)
{
	if (!IS_ERR(cipher))
		crypto_free_sync_skcipher(cipher);
}

static int cipher_work(unsigned int nr)
{
	SYNC_SKCIPHER_REQUEST_ON_STACK(request, cipher);
	u8 tweak[16] = { nr, nr >> 8 };

	skcipher_request_set_sync_tfm(request, cipher);
	skcipher_request_set_callback(request, 0, NULL, NULL);
	skcipher_request_set_crypt(request, &parts[nr].from_list, &parts[nr].to_list, PAGE_SIZE,
				   tweak);
	return crypto_skcipher_encrypt(request);
}

/* --- compression --- */

/* One has up to a megabyte. As many threads may be in it at once; others sleep. */
#define REQUESTS	16U

static struct crypto_acomp *packer;
static struct acomp_req *requests[REQUESTS];
static unsigned long requests_used;
static struct semaphore requests_free;

static int pack_open(const struct bench_kind *kind)
{
	unsigned int i;

	sema_init(&requests_free, REQUESTS);
	packer = crypto_alloc_acomp(kind->algorithm, 0, CRYPTO_ALG_ASYNC);
	if (IS_ERR(packer))
		return PTR_ERR(packer);
	for (i = 0; i < REQUESTS; i++) {
		requests[i] = acomp_request_alloc(packer);
		if (!requests[i])
			return -ENOMEM;
	}
	return 0;
}

static void pack_close(void)
{
	unsigned int i;

	for (i = 0; i < REQUESTS && requests[i]; i++) {
		acomp_request_free(requests[i]);
		requests[i] = NULL;
	}
	if (!IS_ERR(packer))
		crypto_free_acomp(packer);
}

static unsigned int request_get(void)
{
	unsigned int i;

	down(&requests_free);
	do
		i = find_first_zero_bit(&requests_used, REQUESTS);
	while (i >= REQUESTS || test_and_set_bit_lock(i, &requests_used));
	return i;
}

static int pack_work(unsigned int nr)
{
	unsigned int i = request_get();
	int err;

	acomp_request_set_callback(requests[i], 0, NULL, NULL);
	acomp_request_set_params(requests[i], &parts[nr].from_list, &parts[nr].to_list, PAGE_SIZE,
				 PAGE_SIZE);
	err = crypto_acomp_compress(requests[i]);
	clear_bit_unlock(i, &requests_used);
	up(&requests_free);
	return err;
}

/* --- a file in the page cache --- */

static struct file *file;

static int file_open(const struct bench_kind *kind)
{
	unsigned int i;
	ssize_t n;
	loff_t at = 0;

	file = shmem_file_setup("wpool_bench", (loff_t)PARTS * PAGE_SIZE, EMPTY_VMA_FLAGS);
	if (IS_ERR(file))
		return PTR_ERR(file);
	for (i = 0; i < PARTS; i++) {
		n = kernel_write(file, page_address(parts[i].from), PAGE_SIZE, &at);
		if (n != PAGE_SIZE)
			return n < 0 ? n : -ENOSPC;
	}
	return 0;
}

static void file_close(void)
{
	if (!IS_ERR(file))
		fput(file);
}

static int file_work(unsigned int nr)
{
	loff_t at = (loff_t)nr * PAGE_SIZE;
	ssize_t n = kernel_read(file, page_address(parts[nr].to), PAGE_SIZE, &at);

	return n == PAGE_SIZE ? 0 : n < 0 ? n : -EIO;
}

/* --- memory --- */

/* Four bits to a byte, and the same again after a while, as in much of what is stored. */
static void page_fill(struct page *page, struct rnd_state *random)
{
	u8 *bytes = page_address(page);
	unsigned int i;

	for (i = 0; i < PAGE_SIZE / 4; i++)
		bytes[i] = 'a' + prandom_u32_state(random) % 16;
	for (; i < PAGE_SIZE; i++)
		bytes[i] = bytes[i - PAGE_SIZE / 4 + (i & 1)];
}

static void parts_free(void)
{
	unsigned int i;

	for (i = 0; parts && i < PARTS; i++) {
		if (parts[i].from)
			__free_page(parts[i].from);
		if (parts[i].to)
			__free_page(parts[i].to);
	}
	kvfree(parts);
	parts = NULL;
}

static int parts_make(void)
{
	struct rnd_state random;
	struct real_part *part;
	unsigned int i;

	prandom_seed_state(&random, 1);
	parts = kvcalloc(PARTS, sizeof(*parts), GFP_KERNEL);
	if (!parts)
		return -ENOMEM;
	for (i = 0; i < PARTS; i++) {
		part = &parts[i];
		part->from = alloc_page(GFP_KERNEL);
		part->to = alloc_page(GFP_KERNEL);
		if (!part->from || !part->to)
			return -ENOMEM;
		page_fill(part->from, &random);
		sg_init_table(&part->from_list, 1);
		sg_set_page(&part->from_list, part->from, PAGE_SIZE, 0);
		sg_init_table(&part->to_list, 1);
		sg_set_page(&part->to_list, part->to, PAGE_SIZE, 0);
	}
	return 0;
}

static void real_close(void)
{
	kind_now->close();
	parts_free();
}

/* Return: false with the bench's error set. */
static bool real_open(const struct bench_kind *kind)
{
	int err = parts_make();

	kind_now = kind;
	if (err) {
		parts_free();
	} else {
		err = kind->open(kind);
		if (err)
			real_close();
	}
	if (err) {
		pr_err("%s: %pe\n", kind->algorithm ?: "file", ERR_PTR(err));
		bench_now.error = err;
	}
	return !err;
}

/* --- samples --- */

static void real_run(unsigned int nr)
{
	int err = kind_now->work(nr % PARTS);

	if (unlikely(err))
		WRITE_ONCE(bench_now.error, err);
}

/* A task by the clock takes longer than it takes to schedule it: so often is it done. */
#define WAIT_TASK_NS	(50 * NSEC_PER_USEC)

static unsigned int times_each;

static void real_run_long(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < times_each; i++)
		real_run(nr + i);
}

static void real_fn(struct bench_item *item)
{
	real_run(bench_item_nr(item));
	bench_ended();
}

static void sample_real(const struct bench_work *work, struct bench_lane *lane)
{
	if (!real_open(work->kind))
		return;
	bench_rate(work, lane, real_fn);
	real_close();
}

/* What a task takes of a CPU that it has to itself: the best of several tries. */
static u64 task_ns(void)
{
	const unsigned int tries = 20, each = PARTS / tries;
	unsigned int i, nr = 0;
	u64 began, best = U64_MAX;

	for (i = 0; i < tries; i++) {
		began = ktime_get_ns();
		for (; nr < (i + 1) * each; nr++)
			real_run(nr);
		best = min(best, ktime_get_ns() - began);
		cond_resched();
	}
	return div_u64(best, each);
}

/* The tasks of all lanes come at the same times. */
static void sample_real_waits(const struct bench_work *work, struct bench_lane *lane)
{
	static const struct bench_work *last;
	static u64 ns;

	if (!real_open(work->kind))
		return;
	if (last != work)
		ns = max(task_ns(), 1ULL);
	last = work;
	times_each = DIV_ROUND_UP_ULL(WAIT_TASK_NS, ns);
	bench_waits(work, lane, ns * times_each, real_run_long);
	real_close();
}

static const struct bench_kind crc32c_kind = { "crc32c", hash_open, hash_close, hash_work };
static const struct bench_kind sha256_kind = { "sha256", hash_open, hash_close, hash_work };
static const struct bench_kind aes_kind = { "xts(aes)", cipher_open, cipher_close, cipher_work };
static const struct bench_kind lz4_kind = { "lz4", pack_open, pack_close, pack_work };
static const struct bench_kind zstd_kind = { "zstd", pack_open, pack_close, pack_work };
static const struct bench_kind file_kind = { NULL, file_open, file_close, file_work };

static struct bench_lane real_lanes[] = {
	{ "wpool",		&bench_wpool },
	{ "wpool spin",		&bench_wpool_spin },
	{ "wpool 1",		&bench_wpool, 1 },
	{ "wpool ordered",	&bench_wpool_ordered, 1 },
	{ "wpool by CPU",	&bench_wpool_by_cpu },
	{ "per-CPU",		&bench_percpu },
	{ "ordered",		&bench_ordered },
	{ "kthread_worker",	&bench_kworker },
	{ "unbound",		&bench_unbound },
	{ "unbound system",	&bench_unbound_system },
	{ "(inline)",		&bench_inline },
	{ }
};

#define RATE(name, _kind, tasks, producers) {					\
	"real " name " " #producers, real_lanes, sample_real, tasks, producers,	\
	.kind = (_kind), .asked = true						\
}

#define WAIT(name, _kind, load) {						\
	"real " name " at " #load "%", bench_lanes, sample_real_waits, PARTS,	\
	1, .arg = load, .kind = (_kind), .asked = true				\
}

const struct bench_work bench_real_works[] = {
	RATE("file", &file_kind, 10 * PARTS, 1),
	RATE("file", &file_kind, 10 * PARTS, 4),
	WAIT("file", &file_kind, 50),
	WAIT("file", &file_kind, 90),
	RATE("crc32c", &crc32c_kind, 10 * PARTS, 1),
	RATE("crc32c", &crc32c_kind, 10 * PARTS, 4),
	WAIT("crc32c", &crc32c_kind, 50),
	WAIT("crc32c", &crc32c_kind, 90),
	RATE("lz4", &lz4_kind, PARTS, 1),
	RATE("lz4", &lz4_kind, PARTS, 4),
	WAIT("lz4", &lz4_kind, 50),
	WAIT("lz4", &lz4_kind, 90),
	RATE("zstd", &zstd_kind, PARTS, 1),
	RATE("zstd", &zstd_kind, PARTS, 4),
	WAIT("zstd", &zstd_kind, 50),
	WAIT("zstd", &zstd_kind, 90),
	RATE("aes", &aes_kind, PARTS, 1),
	RATE("aes", &aes_kind, PARTS, 4),
	WAIT("aes", &aes_kind, 50),
	WAIT("aes", &aes_kind, 90),
	RATE("sha256", &sha256_kind, PARTS, 1),
	RATE("sha256", &sha256_kind, PARTS, 4),
	WAIT("sha256", &sha256_kind, 50),
	WAIT("sha256", &sha256_kind, 90),
	{ }
};
