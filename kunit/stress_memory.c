// SPDX-License-Identifier: GPL-2.0
/*
 * Stress: tasks that allocate until the kernel kills a process for want of memory.
 * An accepted task runs, others get an error, and no worker is lost.
 */
#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/oom.h>
#include "stress.h"

#define EATERS	4

static bool full;		/* the kernel is about to kill */
static atomic_t runs;

/*
 * Set when the kernel must kill. Later callers learn that memory is coming, as
 * the eaters let go of theirs: else it may find nobody to kill but init's shell.
 */
static int on_oom(struct notifier_block *nb, unsigned long action, void *freed)
{
	if (READ_ONCE(full))
		*(unsigned long *)freed += 1;
	WRITE_ONCE(full, true);
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = on_oom };

/* Return: pages. */
static int eat(void *arg)
{
	struct page *page, *next;
	LIST_HEAD(pages);
	int n = 0;

	stress_ran();
	while (!READ_ONCE(full)) {
		page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
		if (!page)
			continue;
		list_add(&page->lru, &pages);
		n++;
	}
	list_for_each_entry_safe(page, next, &pages, lru)
		__free_page(page);
	return n;
}

static int count(void *unused)
{
	stress_ran();
	atomic_inc(&runs);
	return 0;
}

/* Submits until memory is out; at least so many, for it may be soon. */
#define AT_LEAST	1000

/* Return: how many were accepted; the others were refused for want of memory or room. */
static unsigned int submit_meanwhile(struct wpool *pool)
{
	unsigned int accepted = 0, i;
	int err;

	for (i = 0; i < AT_LEAST || !READ_ONCE(full); i++) {
		err = i % 2 ? wpool_try_schedule_fn(pool, count, NULL, NULL) :
			      wpool_schedule_fn(pool, count, NULL, NULL);
		if (!err)
			accepted++;
		else
			stress_check(err == -ENOMEM || err == -EAGAIN, "refused with %d", err);
		if (!(i % 64))
			schedule_timeout_idle(1);
	}
	pr_info("%u tasks accepted, %u refused\n", accepted, i - accepted);
	return accepted;
}

static void run_out(const void *unused)
{
	struct wpool_attrs attrs = { .capacity = EATERS + 4 };
	struct wpool *pool = wpool_create("memory", &attrs);
	struct wpool_task eaters[EATERS];
	unsigned int accepted, i, pages = 0;

	if (!stress_check(!IS_ERR(pool), "no pool"))
		return;
	for (i = 0; i < EATERS; i++) {
		wpool_task_init(&eaters[i], eat, NULL);
		stress_equal("wpool_schedule()", wpool_schedule(pool, &eaters[i]), 0);
	}
	accepted = submit_meanwhile(pool);
	for (i = 0; i < EATERS; i++)
		pages += wpool_wait(&eaters[i]);
	pr_info("%u pages were eaten\n", pages);
	wpool_drain(pool);
	stress_equal("tasks run", atomic_read(&runs), accepted);
	stress_equal("submitted", stress_stat(pool, WPOOL_STAT_SUBMITTED), accepted + EATERS);
	stress_equal("completed", stress_stat(pool, WPOOL_STAT_COMPLETED), accepted + EATERS);
	stress_equal("wpool_run() after that", wpool_run(pool, count, NULL), 0);
	stress_equal("wpool_destroy()", wpool_destroy(pool), 0);
}

static void be_told(const void *unused)
{
	if (!stress_equal("register_oom_notifier()", register_oom_notifier(&notifier), 0))
		return;
	run_out(unused);
	unregister_oom_notifier(&notifier);
}

const struct stress_case stress_memory[] = {
	{ "tasks that run out of memory", be_told },
	{}
};
