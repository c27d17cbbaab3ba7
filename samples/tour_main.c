// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_tour: every feature of wpool once, each in its own function.
 *
 *	insmod wpool_tour.ko
 *
 * Each stop prints one line of what it saw, and insmod fails if one of them did
 * not see what it should. What you want to do with a pool is in one of
 *
 *	tour_tasks.c	tasks: results, priorities, memory, contexts, death
 *	tour_waits.c	waiting, cancelling, stopping, time limits
 *	tour_full.c	what happens when a pool is full
 *	tour_signals.c	waits that a signal ends
 *	tour_release.c	who frees what a task works on
 *	tour_driver.c	what a driver asks of a pool
 *	tour_order.c	order, by key too, and delay
 *	tour_groups.c	groups of tasks, sets of pools
 *	tour_workers.c	how many workers, and what they are like
 *	tour_life.c	pause, shutdown, restart, the end
 *	tour_looks.c	hooks, counters, histograms, settings
 *	tour_recipes.c, tour_recipes_time.c	whole recipes, to copy
 *
 * One pool, "tour", stays until rmmod: look into /sys/kernel/debug/wpool/tour/.
 */
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include "tour.h"

struct wpool *tour_pool;

static int hold_fn(void *arg)
{
	struct tour_hold *hold = arg;

	complete(&hold->begun);
	wait_for_completion(&hold->end);
	return 0;
}

void tour_hold_init(struct tour_hold *hold)
{
	init_completion(&hold->begun);
	init_completion(&hold->end);
	wpool_task_init(&hold->task, hold_fn, hold);
}

int tour_end_worker(void *arg)
{
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* Returns once a worker is inside it. */
int tour_hold(struct wpool *pool, struct tour_hold *hold)
{
	int err;

	tour_hold_init(hold);
	err = wpool_schedule(pool, &hold->task);
	if (!err)
		wait_for_completion(&hold->begun);
	return err;
}

void tour_release(struct tour_hold *hold)
{
	complete(&hold->end);
	wpool_wait(&hold->task);
}

void tour_write(struct tour_page *page, char letter)
{
	int place = atomic_inc_return(&page->length) - 1;

	if (place < sizeof(page->text) - 1)	/* the last one ends the text */
		page->text[place] = letter;
}

int tour_letter_fn(void *arg)
{
	struct tour_letter *l = arg;

	tour_write(l->page, l->letter);
	return 0;
}

/* A task for each letter of the text; the page empty. */
void tour_letters_init(struct tour_letter *letters, unsigned int n,
		       struct tour_page *page, const char *text)
{
	unsigned int i;

	*page = (struct tour_page) { };
	for (i = 0; i < n; i++) {
		letters[i].page = page;
		letters[i].letter = text[i];
		wpool_task_init(&letters[i].task, tour_letter_fn, &letters[i]);
	}
}

static int show_all(const struct tour_stop *stop, unsigned int *shown)
{
	int err;

	for (; stop->name; stop++) {
		err = stop->show();
		if (err) {
			pr_err("%s: %pe\n", stop->name, ERR_PTR(err));
			return err;
		}
		++*shown;
	}
	return 0;
}

static int __init tour_init(void)
{
	static const struct tour_stop * const parts[] = {
		tour_tasks, tour_waits, tour_full, tour_signals, tour_driver, tour_releases,
		tour_order, tour_groups, tour_workers, tour_life, tour_recipes, tour_recipes_time,
		tour_looks,	/* last, as it says how many tasks the pool has run */
	};
	struct wpool_attrs attrs = { .capacity = 2, .flags = WPOOL_LATENCY };
	unsigned int i, shown = 0;
	int err = 0;

	tour_pool = wpool_create("tour", &attrs);
	if (IS_ERR(tour_pool))
		return PTR_ERR(tour_pool);	/* wpool has said why */
	for (i = 0; i < ARRAY_SIZE(parts) && !err; i++)
		err = show_all(parts[i], &shown);
	if (err)
		wpool_destroy(tour_pool);
	else
		pr_info("all %u stops have shown what they should\n", shown);
	return err;
}

static void __exit tour_exit(void)
{
	wpool_destroy(tour_pool);
}

module_init(tour_init);
module_exit(tour_exit);
MODULE_DESCRIPTION("wpool sample: every feature once");
MODULE_LICENSE("GPL");
