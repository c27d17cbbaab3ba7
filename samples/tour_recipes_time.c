// SPDX-License-Identifier: GPL-2.0
/*
 * Whole recipes, to copy: a periodic job, a limit on the rate of a producer, a driver.
 */
#include <linux/device.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include "tour.h"

#define PERIOD_MS	20

struct monitor {
	struct wpool			*pool;
	struct wpool_delayed_task	dtask;	/* not on the stack: it has a timer */
	atomic_t			samples;
};

/* Never runs twice at a time. */
static int monitor_sample(void *arg)
{
	struct monitor *monitor = arg;

	atomic_inc(&monitor->samples);
	return 0;
}

static int monitor_begin(struct monitor *monitor)
{
	int err;

	monitor->pool = wpool_create("tour-monitor", &(struct wpool_attrs) { .capacity = 1 });
	if (IS_ERR(monitor->pool))
		return PTR_ERR(monitor->pool);
	wpool_delayed_task_init(&monitor->dtask, monitor_sample, monitor);
	err = wpool_schedule_every(monitor->pool, &monitor->dtask, msecs_to_jiffies(PERIOD_MS));
	if (err)
		wpool_destroy(monitor->pool);
	return err;
}

static void monitor_end(struct monitor *monitor)
{
	wpool_destroy(monitor->pool);	/* cancels the next run, waits for this one */
}

static int show_monitor(void)
{
	static struct monitor monitor;
	bool sampled;
	int err;

	monitor = (struct monitor) { };
	err = monitor_begin(&monitor);
	if (err)
		return err;
	sampled = tour_until(atomic_read(&monitor.samples) >= 2);
	monitor_end(&monitor);
	return tour_show(sampled && !wpool_task_queued(&monitor.dtask.task),
			 "recipe, periodic: %d samples before the pool was destroyed",
			 atomic_read(&monitor.samples));
}

#define BURST	3

/* At most BURST tasks in a period, and no more than the pool has room for. */
struct limiter {
	struct wpool			*pool;
	struct wpool_delayed_task	refill;
	wait_queue_head_t		wait;
	atomic_t			tokens;
};

static int limiter_refill(void *arg)
{
	struct limiter *limiter = arg;

	atomic_set(&limiter->tokens, BURST);
	wake_up_all(&limiter->wait);
	return 0;
}

static int limiter_schedule(struct limiter *limiter, struct wpool_task *task)
{
	if (wait_event_interruptible(limiter->wait, atomic_add_unless(&limiter->tokens, -1, 0)))
		return -ERESTARTSYS;
	return wpool_schedule_timeout(limiter->pool, task, HZ);
}

static int limiter_begin(struct limiter *limiter)
{
	int err;

	limiter->pool = wpool_create("tour-limiter", &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 2,
	});
	if (IS_ERR(limiter->pool))
		return PTR_ERR(limiter->pool);
	init_waitqueue_head(&limiter->wait);
	atomic_set(&limiter->tokens, BURST);
	wpool_delayed_task_init(&limiter->refill, limiter_refill, limiter);
	wpool_task_set_priority(&limiter->refill.task, WPOOL_PRIO_HIGH);
	err = wpool_schedule_every(limiter->pool, &limiter->refill, msecs_to_jiffies(PERIOD_MS));
	if (err)
		wpool_destroy(limiter->pool);
	return err;
}

/* After the end of its producers: nothing would wake them. */
static void limiter_end(struct limiter *limiter)
{
	wpool_destroy(limiter->pool);
}

static int add_fn(void *arg)
{
	atomic_inc((atomic_t *)arg);
	return 0;
}

static int show_limiter(void)
{
	static struct limiter limiter;
	static struct wpool_task tasks[2 * BURST + 1];
	unsigned long start = jiffies, took;
	atomic_t ran = ATOMIC_INIT(0);
	int i, err;

	limiter = (struct limiter) { };
	err = limiter_begin(&limiter);
	if (err)
		return err;
	for (i = 0; i < ARRAY_SIZE(tasks) && !err; i++) {
		wpool_task_init(&tasks[i], add_fn, &ran);
		err = limiter_schedule(&limiter, &tasks[i]);
	}
	took = jiffies - start;
	limiter_end(&limiter);
	if (err)
		return err;
	return tour_show(atomic_read(&ran) == ARRAY_SIZE(tasks) &&
			 took >= msecs_to_jiffies(PERIOD_MS),
			 "recipe, rate: %d tasks, at most %d in %d ms, took %u ms",
			 atomic_read(&ran), BURST, PERIOD_MS, jiffies_to_msecs(took));
}

static atomic_t gadget_runs;

static int gadget_work(void *arg)
{
	atomic_inc(&gadget_runs);
	return 0;
}

struct gadget {
	struct wpool		*pool;
	struct wpool_task	task;
};

/* A driver's, which needs no remove() then. */
static int gadget_probe(struct device *dev)
{
	struct gadget *gadget = devm_kzalloc(dev, sizeof(*gadget), GFP_KERNEL);

	if (!gadget)
		return -ENOMEM;
	wpool_task_init(&gadget->task, gadget_work, gadget);
	gadget->pool = devm_wpool_create(dev, dev_name(dev), NULL);
	if (IS_ERR(gadget->pool))
		return PTR_ERR(gadget->pool);
	dev_set_drvdata(dev, gadget);
	return 0;	/* next: devm_request_irq() */
}

static int show_gadget(void)
{
	struct device *dev = root_device_register("tour-gadget");
	struct wpool *found = NULL;
	struct gadget *gadget;
	int err;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	err = gadget_probe(dev);
	if (!err) {
		gadget = dev_get_drvdata(dev);
		err = wpool_schedule(gadget->pool, &gadget->task);
	}
	root_device_unregister(dev);
	found = wpool_find("tour-gadget");
	wpool_put(found);
	if (err)
		return err;
	return tour_show(atomic_read(&gadget_runs) == 1 && !found,
			 "recipe, driver: the device went, its task had run, its pool is gone");
}

const struct tour_stop tour_recipes_time[] = {
	{ "recipe, periodic",	show_monitor },
	{ "recipe, rate",	show_limiter },
	{ "recipe, driver",	show_gadget },
	{ }
};
