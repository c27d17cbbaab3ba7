// SPDX-License-Identifier: GPL-2.0
/*
 * The thread that calls releases in place of those that must not die in one: of the tasks that
 * the manager has ended, because their worker has died or their pool is closed; of those that a
 * worker takes back in a long call; and what is left when a release has killed a worker. See
 * release.c.
 *
 * A release is a module's code: it may call any function of ours, or oops, all the more if
 * its argument has just been the death of a worker. Then it costs this thread, which is made anew,
 * and nothing else. Only a release that never returns holds up those behind it, of all pools.
 */
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/workqueue.h>

#include "pool_lock.h"
#include "release.h"
#include "releaser.h"
#include "service.h"
#include "thread_exit.h"

static void make_releaser(struct work_struct *work);

static struct {
	struct wpool_exit		exit;	/* its thread is NULL if there is none */
	struct delayed_work		make;
} releaser = {
	.make = __DELAYED_WORK_INITIALIZER(releaser.make, make_releaser, 0),
};

static int releaser_main(void *unused)
{
	struct wpool_release_call *call;

	while ((call = service_next(releases_next()))) {
		pool_call_releases(call);
		releases_free(call);
		cond_resched();
	}
	return 0;
}

/* Called by the manager if a release has ended the thread. */
static void releaser_reap(struct wpool_exit *exit)
{
	releases_set_thread(NULL);
	releases_survive(task_pid_nr(exit->thread));
	exit_join(exit);
	exit_put(exit);
	exit->thread = NULL;
	schedule_delayed_work(&releaser.make, 0);
}

static int releaser_make(void)
{
	struct task_struct *thread = kthread_create(releaser_main, NULL, "wpool-releaser");

	if (IS_ERR(thread))
		return PTR_ERR(thread);
	exit_watch(&releaser.exit, thread, releaser_reap);
	releases_set_thread(thread);
	wake_up_process(thread);
	return 0;
}

static void make_releaser(struct work_struct *work)
{
	if (releaser_make())
		schedule_delayed_work(&releaser.make, HZ);
}

int __init releaser_init(void)
{
	int err = releases_init() ?: releaser_make();

	if (err)
		releases_exit();
	return err;
}

/* No pool is left, and the manager is gone. */
void releaser_exit(void)
{
	cancel_delayed_work_sync(&releaser.make);
	if (releaser.exit.thread) {
		exit_join(&releaser.exit);
		exit_put(&releaser.exit);
	}
	releases_exit();
}
