// SPDX-License-Identifier: GPL-2.0
/*
 * run=leave: loading fails, with tasks left in the default pool, of each kind, that wait and
 * that run, one of them with a release that takes long, and with a pool of its own that has
 * some.
 *
 * With one worker and room for as many as are to wait, one of them is run by its submitter.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/module.h>
#include "stress.h"

#define LEFT	20

static struct wpool_task queued[LEFT];
static struct wpool_keyed_task keyed[LEFT];
static struct wpool_delayed_task delayed;	/* for ever: until it is taken back */
static DECLARE_COMPLETION(worker_is_inside);
static DECLARE_COMPLETION(submitter_is_inside);

static int sleep_on(void *arg)
{
	msleep(300);
	return 0;
}

/* Is still inside when what waits has been taken back. */
static int outlast(void *inside)
{
	complete(inside);
	stress_until(!wpool_task_queued(&delayed.task));
	return sleep_on(NULL);
}

/* The module is to stay until it returns: it takes long, and must not sleep. */
static void release_slowly(void *inside, enum wpool_fate fate)
{
	mdelay(300);
}

/* By a worker of the other pool, which may have to run it itself. */
static int submit_outlast(void *inside)
{
	return wpool_schedule_fn(wpool_default(), outlast, inside, NULL);
}

static int has_begun(struct completion *inside)
{
	return wait_for_completion_timeout(inside, STRESS_LIMIT) ? 0 : -ETIMEDOUT;
}

static int leave_in(struct wpool *pool)
{
	unsigned int i;
	int ret;

	wpool_delayed_task_init(&delayed, sleep_on, NULL);
	ret = wpool_schedule_delayed(pool, &delayed, MAX_SCHEDULE_TIMEOUT) ?:
	      wpool_schedule_fn(pool, outlast, &worker_is_inside,
				release_slowly) ?:
	      has_begun(&worker_is_inside);
	for (i = 0; i < LEFT && !ret; i++) {
		wpool_task_init(&queued[i], sleep_on, NULL);
		wpool_keyed_task_init(&keyed[i], sleep_on, NULL);
		ret = wpool_schedule(pool, &queued[i]) ?:
		      wpool_schedule_keyed(pool, &keyed[i], i % 2) ?:
		      wpool_schedule_fn(pool, sleep_on, NULL, NULL);
	}
	return ret;
}

int stress_leave(void)
{
	struct wpool *own = wpool_create("left", NULL);
	unsigned int i;
	int ret = PTR_ERR_OR_ZERO(own);

	ret = ret ?: leave_in(wpool_default());
	ret = ret ?: wpool_schedule_fn(own, submit_outlast,
				       &submitter_is_inside, NULL);
	ret = ret ?: has_begun(&submitter_is_inside);
	for (i = 0; i < LEFT && !ret; i++)
		ret = wpool_schedule_fn(own, sleep_on, NULL, NULL);
	pr_info("leaves: %d\n", ret);
	return -ENODEV;
}

static int nothing(void *arg)
{
	return 0;
}

/* Nothing that destroys it is in the module's exit. */
int stress_forget(void)
{
	struct wpool *own = wpool_create("forgotten", NULL);

	return PTR_ERR_OR_ZERO(own) ?: wpool_run(own, nothing, NULL);
}
