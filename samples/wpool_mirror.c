// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_mirror: a mirror in memory, in the habits of illumos: by the names of taskq(9F).
 *
 *	insmod wpool_mirror.ko blocks=1000
 *
 * Each block is written to both halves, by entries that lie in the request: the last one frees
 * it. Then the halves are compared, by calls that are waited for by the id of the last. A
 * deadman, a delayed call, says so if all that takes too long; otherwise it is cancelled.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hash.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <linux/wpool_taskq.h>

#define AT_ONCE		64U	/* blocks compared by one call */
#define DEADMAN_S	60

static unsigned int blocks = 1000;
module_param(blocks, uint, 0444);
MODULE_PARM_DESC(blocks, "How many blocks the mirror has, 1 to 1000000 (default 1000)");

struct request {
	struct half {
		taskq_ent_t	ent;
		struct request	*request;
		u64		*place;
	} halves[2];
	refcount_t		left;
	u64			data;
};

static u64 *halves[2];
static atomic_t differ;

static u64 value_of(unsigned long block)
{
	return block * GOLDEN_RATIO_64;
}

static void write_half(void *arg)
{
	struct half *half = arg;
	struct request *request = half->request;

	*half->place = request->data;
	/* The entry was the function's since this began. */
	if (refcount_dec_and_test(&request->left))
		kfree(request);
}

static int write_block(taskq_t *tq, unsigned int block)
{
	struct request *request = kzalloc(sizeof(*request), GFP_KERNEL);
	int i;

	if (!request)
		return -ENOMEM;
	refcount_set(&request->left, 2);
	request->data = value_of(block);
	for (i = 0; i < 2; i++) {
		request->halves[i].request = request;
		request->halves[i].place = &halves[i][block];
		taskq_init_ent(&request->halves[i].ent);
		taskq_dispatch_ent(tq, write_half, &request->halves[i], 0,
				   &request->halves[i].ent);
	}
	return 0;
}

static void compare(void *arg)
{
	unsigned long first = (unsigned long)arg, block;

	for (block = first; block < min_t(unsigned long, first + AT_ONCE, blocks); block++) {
		if (halves[0][block] != halves[1][block] ||
		    halves[0][block] != value_of(block))
			atomic_inc(&differ);
	}
}

static void deadman(void *arg)
{
	pr_warn("not done after %d s\n", DEADMAN_S);
}

static int mirror_use(taskq_t *tq)
{
	taskqid_t last = TASKQID_INVALID;
	unsigned long block;
	int err = 0;

	for (block = 0; block < blocks && !err; block++)
		err = write_block(tq, block);
	/* Entries have no id. */
	taskq_wait(tq);
	if (err)
		return err;
	for (block = 0; block < blocks; block += AT_ONCE)
		last = taskq_dispatch(tq, compare, (void *)block, TQ_SLEEP);
	taskq_wait_outstanding(tq, last);
	pr_info("%u blocks written twice, %d differ\n", blocks, atomic_read(&differ));
	return atomic_read(&differ) ? -EIO : 0;
}

/* Delayed calls are in another taskq: taskq_wait() would wait for them. */
static int mirror_watched(taskq_t *tq)
{
	taskqid_t alarm = taskq_dispatch_delay(system_taskq, deadman, NULL, TQ_SLEEP,
					       jiffies + DEADMAN_S * HZ);
	int err = mirror_use(tq);

	taskq_cancel_id(system_taskq, alarm);
	return err;
}

static int __init mirror_init(void)
{
	taskq_t *tq = NULL;
	int err = -ENOMEM;

	if (!blocks || blocks > 1000000)
		return -EINVAL;
	halves[0] = vzalloc(array_size(blocks, sizeof(u64)));
	halves[1] = vzalloc(array_size(blocks, sizeof(u64)));
	if (halves[0] && halves[1])
		tq = taskq_create("mirror", 100, minclsyspri, 0, INT_MAX,
				  TASKQ_DYNAMIC | TASKQ_THREADS_CPU_PCT);
	if (tq) {
		err = mirror_watched(tq);
		taskq_destroy(tq);
	}
	vfree(halves[0]);
	vfree(halves[1]);
	return err;
}

static void __exit mirror_exit(void)
{
	/* The taskq ended as soon as all was written. */
}

module_init(mirror_init);
module_exit(mirror_exit);
MODULE_DESCRIPTION("wpool sample: taskq(9F)");
MODULE_LICENSE("GPL");
