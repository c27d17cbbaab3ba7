// SPDX-License-Identifier: GPL-2.0
/*
 * A pool's life: found by name, paused, shut down in steps, restarted, destroyed.
 */
#include <linux/list.h>
#include "tour.h"

static int answer(void *arg)
{
	return 42;
}

/* Anybody who knows the name may use a pool, and keep it for a while. */
static int show_find(void)
{
	struct wpool *pool = wpool_find("tour");
	struct wpool *none = wpool_find("tour-nowhere");
	int err = tour_show(pool == tour_pool && !none, "find: \"%s\" is there, \"%s\" is not",
			    pool ? wpool_name(pool) : "", "tour-nowhere");

	wpool_put(pool);
	wpool_put(none);
	return err;
}

/* One for each device: the name says which, and a number tells apart what it does not. */
static int show_names(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .flags = WPOOL_NUMBERED };
	struct wpool *first, *second;
	int err;

	first = wpool_create_fmt(&attrs, "tour-%s", "disk");
	if (IS_ERR(first))
		return PTR_ERR(first);
	second = wpool_create_fmt(&attrs, "tour-%s", "disk");
	if (IS_ERR(second)) {
		wpool_destroy(first);
		return PTR_ERR(second);
	}
	err = tour_show(strcmp(wpool_name(first), wpool_name(second)),
			"names: \"%s\" and \"%s\"", wpool_name(first), wpool_name(second));
	wpool_destroy(second);
	wpool_destroy(first);
	return err;
}

/* Tasks are accepted, but none begins. */
static int show_pause(void)
{
	struct tour_letter letters[3];
	struct tour_page page;
	u64 queued;
	int i, err = 0;

	tour_letters_init(letters, 3, &page, "abc");
	wpool_pause(tour_pool);
	for (i = 0; i < 3 && !err; i++)
		err = wpool_schedule(tour_pool, &letters[i].task);
	msleep(20);
	queued = tour_stat(tour_pool, WPOOL_STAT_QUEUED);
	wpool_resume(tour_pool);
	wpool_flush(tour_pool);
	if (err)
		return err;
	return tour_show(queued == 3 && strlen(page.text) == 3,
			 "pause: %llu tasks waited for 20 ms; after resume %zu ran",
			 queued, strlen(page.text));
}

/* Accepts no more, but runs what it has. */
static int show_shutdown(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	int err, early, refused, late;
	struct tour_letter letter;
	struct tour_page page;
	struct tour_hold hold;
	struct wpool *pool;

	pool = wpool_create("tour-shutdown", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tour_letters_init(&letter, 1, &page, "x");
	err = tour_hold(pool, &hold);
	if (err) {
		wpool_destroy(pool);
		return err;
	}
	err = wpool_schedule(pool, &letter.task);
	wpool_shutdown(pool);
	refused = wpool_schedule_fn(pool, answer, NULL, NULL);
	early = wpool_await_termination(pool, msecs_to_jiffies(10));
	tour_release(&hold);
	late = wpool_await_termination(pool, MAX_SCHEDULE_TIMEOUT);
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(refused == -ESHUTDOWN && early == -ETIMEDOUT && !late &&
			 !strcmp(page.text, "x"),
			 "shutdown: new tasks get %pe, what was queued ran; end: %pe, then 0",
			 ERR_PTR(refused), ERR_PTR(early));
}

static int until_stopped(void *arg)
{
	complete(arg);
	while (!wpool_should_stop())
		usleep_range(1000, 2000);
	return 0;
}

/* Counts the tasks that were handed back, and writes their letters. */
static unsigned int collect(struct list_head *unrun, char *text)
{
	struct wpool_task *task, *next;
	unsigned int n = 0;

	list_for_each_entry_safe(task, next, unrun, node) {
		list_del(&task->node);
		text[n++] = container_of(task, struct tour_letter, task)->letter;
	}
	return n;
}

/* 2 tasks run and are asked to stop, 3 have not begun and are handed back. */
static int show_shutdown_now(void)
{
	struct wpool_attrs attrs = { .capacity = 2 };
	static struct tour_letter letters[3];	/* from a stack none is handed back */
	struct completion begun[2];
	struct wpool_task running[2];
	struct tour_page page;
	char text[4] = "";
	struct wpool *pool;
	unsigned int n, collected;
	LIST_HEAD(unrun);
	int i, err = 0;

	pool = wpool_create("tour-now", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tour_letters_init(letters, 3, &page, "abc");
	for (i = 0; i < 2 && !err; i++) {
		init_completion(&begun[i]);
		wpool_task_init(&running[i], until_stopped, &begun[i]);
		err = wpool_schedule(pool, &running[i]);
		if (!err)
			wait_for_completion(&begun[i]);
	}
	for (i = 0; i < 3 && !err; i++)
		err = wpool_schedule(pool, &letters[i].task);
	n = wpool_shutdown_now(pool, &unrun);
	collected = collect(&unrun, text);
	wpool_destroy(pool);		/* returns: those that ran have stopped */
	if (err)
		return err;
	return tour_show(n == 3 && collected == 3 && !strcmp(text, "abc") && !page.text[0],
			 "shutdown now: 2 running tasks stopped, %u handed back unrun: \"%s\"",
			 n, text);
}

static int show_restart(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	int closed, err, result;
	struct wpool *pool;

	pool = wpool_create("tour-restart", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	wpool_shutdown(pool);
	closed = wpool_run(pool, answer, NULL);
	err = wpool_await_termination(pool, MAX_SCHEDULE_TIMEOUT) ?: wpool_restart(pool);
	result = err ?: wpool_run(pool, answer, NULL);
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(closed == -ESHUTDOWN && result == 42,
			 "restart: %pe when shut down, %d after the restart",
			 ERR_PTR(closed), result);
}

static int destroy_fn(void *arg)
{
	return wpool_destroy(wpool_current());
}

/* A reference keeps the memory, and the counters; the pool itself has ended. */
static int show_destroy(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct wpool_stats stats;
	struct wpool *pool;
	int inside, err;

	pool = wpool_create("tour-destroy", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	wpool_get(pool);
	inside = wpool_run(pool, destroy_fn, NULL);
	err = wpool_destroy(pool);
	wpool_stats(pool, &stats);
	wpool_put(pool);
	if (err)
		return err;
	return tour_show(inside == -EDEADLK && stats.state == WPOOL_STATE_TERMINATED &&
			 stats.count[WPOOL_STAT_COMPLETED] == 1 &&
			 !stats.count[WPOOL_STAT_WORKERS],
			 "destroy: %pe from inside; from outside all has ended, %llu workers left",
			 ERR_PTR(inside), stats.count[WPOOL_STAT_WORKERS]);
}

static int nap_fn(void *arg)
{
	complete(arg);
	return wpool_sleep(MAX_SCHEDULE_TIMEOUT);
}

/* For a device that is gone: its queued tasks are not worth running. */
static int show_destroy_now(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	DECLARE_COMPLETION_ONSTACK(begun);
	struct tour_letter letter;
	struct wpool_task naps;
	struct tour_page page;
	struct wpool *pool;
	int err;

	pool = wpool_create("tour-now", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	wpool_task_init(&naps, nap_fn, &begun);
	tour_letters_init(&letter, 1, &page, "x");
	err = wpool_schedule(pool, &naps);
	if (!err) {
		wait_for_completion(&begun);
		err = wpool_schedule(pool, &letter.task);
	}
	wpool_destroy_now(pool);
	if (err)
		return err;
	return tour_show(wpool_wait(&naps) == -ECANCELED &&
			 wpool_wait(&letter.task) == -ECANCELED && !page.text[0],
			 "destroy now: the task that slept was woken, the next did not begin");
}

const struct tour_stop tour_life[] = {
	{ "find",		show_find },
	{ "names",		show_names },
	{ "pause",		show_pause },
	{ "shutdown",		show_shutdown },
	{ "shutdown now",	show_shutdown_now },
	{ "restart",		show_restart },
	{ "destroy",		show_destroy },
	{ "destroy now",	show_destroy_now },
	{ }
};
