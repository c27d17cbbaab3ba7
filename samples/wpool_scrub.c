// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_scrub: looks at a few buffers again and again, whether they still are what they were.
 *
 *	insmod wpool_scrub.ko buffers=4 period_ms=1000 spoil=2
 *
 * Each buffer has a periodic task. A pass that takes longer than the period is never joined by
 * the next one: that is skipped, and counted.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/crc32.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/wpool.h>

#define SCRUB_SIZE	SZ_64K

static unsigned int buffers = 4;
module_param(buffers, uint, 0444);
MODULE_PARM_DESC(buffers, "How many buffers (default 4)");

static unsigned int period_ms = 1000;
module_param(period_ms, uint, 0444);
MODULE_PARM_DESC(period_ms, "How often to look at each (default 1000)");

static int spoil = -1;
module_param(spoil, int, 0444);
MODULE_PARM_DESC(spoil, "A buffer to flip a bit of, to see it found (default -1, none)");

struct scrub {
	struct wpool_delayed_task	dtask;
	u8				*data;
	u32				crc;
	int				nr;
	unsigned int			passes;
};

static struct wpool *pool;
static struct scrub *scrubs;

static int scrub_pass(void *arg)
{
	struct scrub *s = arg;

	if (s->passes++ && s->nr == spoil)
		s->data[0] ^= 1;
	if (crc32_le(~0, s->data, SCRUB_SIZE) == s->crc)
		return 0;
	pr_err("buffer %d is spoilt, seen in pass %u; %lu were skipped\n",
	       s->nr, s->passes, wpool_periods_skipped(&s->dtask));
	/* One spoilt buffer is one line in the log: this one is not looked at any more. */
	wpool_cancel(&s->dtask.task);
	return -EIO;
}

static int scrub_begin(struct scrub *s)
{
	s->data = kvzalloc(SCRUB_SIZE, GFP_KERNEL);
	if (!s->data)
		return -ENOMEM;
	s->crc = crc32_le(~0, s->data, SCRUB_SIZE);
	s->nr = s - scrubs;
	wpool_delayed_task_init(&s->dtask, scrub_pass, s);
	return wpool_schedule_every(pool, &s->dtask, msecs_to_jiffies(period_ms));
}

static void scrub_end(void)
{
	unsigned int i, passes = 0;

	wpool_destroy(pool);		/* ends the tasks, and waits for running passes */
	for (i = 0; i < buffers; i++) {
		passes += scrubs[i].passes;
		kvfree(scrubs[i].data);
	}
	kfree(scrubs);
	pr_info("%u passes\n", passes);
}

static int __init scrub_init(void)
{
	unsigned int i;
	int err = 0;

	scrubs = kcalloc(buffers, sizeof(*scrubs), GFP_KERNEL);
	if (!scrubs)
		return -ENOMEM;
	pool = wpool_create("scrub", &(struct wpool_attrs) { .capacity = 2 });
	if (IS_ERR(pool)) {
		kfree(scrubs);
		return PTR_ERR(pool);
	}
	for (i = 0; i < buffers && !err; i++)
		err = scrub_begin(&scrubs[i]);
	if (err)
		scrub_end();
	return err;
}

module_init(scrub_init);
module_exit(scrub_end);
MODULE_DESCRIPTION("wpool sample: looks at buffers again and again");
MODULE_LICENSE("GPL");
