// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for a task, giving up on it, cancelling it, asking it to stop; and
 * waits that would never end.
 */
#include "tour.h"

/* Runs until it is asked not to. */
static int patient_fn(void *arg)
{
	while (!wpool_sleep(msecs_to_jiffies(1)))
		;	/* one step of the work */
	return 1;
}

static int add_one(void *arg)
{
	return (long)arg + 1;
}

/* The caller gets its time back; the task stays the pool's, and runs. */
static int show_wait_timeout(void)
{
	int err, early, late, result = -1;
	struct tour_hold hold;

	err = tour_hold(tour_pool, &hold);
	if (err)
		return err;
	early = wpool_wait_timeout(&hold.task, msecs_to_jiffies(10), &result);
	complete(&hold.end);
	late = wpool_wait_timeout(&hold.task, msecs_to_jiffies(TOUR_LIMIT_MS), &result);
	wpool_wait(&hold.task);
	return tour_show(early == -ETIMEDOUT && !late && !result,
			 "wait with a limit: %pe while it ran, then its result %d",
			 ERR_PTR(early), result);
}

/* Schedule, wait, result: a function call made by somebody else. */
static int show_run(void)
{
	int result = wpool_run(tour_pool, add_one, (void *)41L);

	return tour_show(result == 42, "run: the function returned %d", result);
}

/* Asked to stop when the time is over, so that its worker is free again. */
static int show_run_timeout(void)
{
	int err = wpool_run_timeout(tour_pool, patient_fn, NULL, msecs_to_jiffies(10), NULL);
	bool freed = tour_until(!tour_stat(tour_pool, WPOOL_STAT_RUNNING));

	return tour_show(err == -ETIMEDOUT && freed,
			 "run with a limit: %pe, and the worker is free again", ERR_PTR(err));
}

/* True: it had not begun, and now never does. Its waiters are woken. */
static int show_cancel(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	bool cancelled, again, running;
	struct tour_letter letter;
	struct tour_page page;
	struct tour_hold hold;
	struct wpool *pool;
	int err, result = 0;

	pool = wpool_create("tour-cancel", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tour_letters_init(&letter, 1, &page, "x");
	err = tour_hold(pool, &hold);
	if (err)
		goto destroy;
	err = wpool_schedule(pool, &letter.task);
	cancelled = wpool_cancel(&letter.task);
	again = wpool_cancel(&letter.task);
	running = wpool_cancel(&hold.task);
	if (!err)
		result = wpool_wait(&letter.task);
	tour_release(&hold);
destroy:
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(cancelled && !again && !running && result == -ECANCELED &&
			 !page.text[0],
			 "cancel: %d for a task that waited (its waiter got %pe), %d for one that ran",
			 cancelled, ERR_PTR(result), running);
}

/* Returns when the task is neither queued nor running. */
static int show_cancel_sync(void)
{
	struct wpool_task task;
	bool begun, cancelled;
	int err, result;

	wpool_task_init(&task, patient_fn, NULL);
	err = wpool_schedule(tour_pool, &task);
	if (err)
		return err;
	begun = tour_until(wpool_task_running(&task));
	cancelled = wpool_cancel_sync(&task);
	result = wpool_wait(&task);	/* kept until the task is used again */
	return tour_show(begun && !cancelled && result == 1 && !wpool_task_queued(&task) &&
			 !wpool_task_running(&task),
			 "cancel and wait: a running task was asked to stop, and returned %d",
			 result);
}

static int gloomy_fn(void *arg)
{
	return -ECANCELED;
}

/* What the function returned is told apart from what the wait has to say. */
static int show_told_apart(void)
{
	struct wpool_task task;
	int err, never, result = 0;

	wpool_task_init(&task, gloomy_fn, NULL);
	never = wpool_wait_timeout(&task, MAX_SCHEDULE_TIMEOUT, &result);
	err = wpool_schedule(tour_pool, &task);
	if (err)
		return err;
	err = wpool_wait_timeout(&task, MAX_SCHEDULE_TIMEOUT, &result);
	return tour_show(never == -EINVAL && !err && result == -ECANCELED,
			 "told apart: never scheduled is %pe; a wait of 0 had the result %pe",
			 ERR_PTR(never), ERR_PTR(result));
}

static DECLARE_WAIT_QUEUE_HEAD(nothing);

/* Waits for what never comes, until it is asked not to. */
static int hopeful_fn(void *arg)
{
	return wpool_wait_event_stop(nothing, false);
}

/* Two are asked, and end at the same time. */
static int show_ask_stop(void)
{
	struct wpool_task tasks[2];
	bool begun = true, asked = true;
	int err, i, results[2];

	for (i = 0; i < 2; i++) {
		wpool_task_init(&tasks[i], hopeful_fn, NULL);
		err = wpool_schedule(tour_pool, &tasks[i]);
		if (err)
			break;
		begun &= tour_until(wpool_task_running(&tasks[i]));
	}
	if (err) {
		if (i)
			wpool_cancel_sync(&tasks[0]);
		return err;
	}
	for (i = 0; i < 2; i++)
		asked &= wpool_ask_stop(&tasks[i]);
	for (i = 0; i < 2; i++) {
		wpool_cancel_sync(&tasks[i]);
		results[i] = wpool_wait(&tasks[i]);
	}
	return tour_show(begun && asked && results[0] == -ECANCELED && results[1] == -ECANCELED,
			 "ask to stop: two that waited for an event returned %pe",
			 ERR_PTR(results[0]));
}

struct nest {
	struct wpool_task	task;
	int			result;
};

/* Waits, as the only worker of its pool, for a task of the same pool. */
static int nest_fn(void *arg)
{
	struct nest *nest = arg;
	int err;

	wpool_task_init(&nest->task, add_one, (void *)1L);
	err = wpool_schedule(wpool_current(), &nest->task);
	return err ?: wpool_wait(&nest->task);
}

static int show_nested(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct wpool *pool;
	struct nest nest;
	int result;
	u64 nested;

	pool = wpool_create("tour-nested", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	result = wpool_run(pool, nest_fn, &nest);
	nested = tour_stat(pool, WPOOL_STAT_NESTED);
	wpool_destroy(pool);
	return tour_show(result == 2 && nested == 1,
			 "nested: the only worker waited for another task, so ran it itself: %d",
			 result);
}

static int wait_for_oneself(void *arg)
{
	return wpool_wait(arg);
}

/* A wait that could never end is refused, and so is scheduling. */
static int show_deadlock(void)
{
	struct wpool_task task;
	int err, result;

	wpool_task_init(&task, wait_for_oneself, &task);
	err = wpool_schedule(tour_pool, &task);
	if (err)
		return err;
	result = wpool_wait(&task);
	return tour_show(result == -EDEADLK, "deadlock: a task that waits for itself gets %pe",
			 ERR_PTR(result));
}

struct drained {
	struct wpool_task	task;
	struct wpool_task	child;
	atomic_t		ran;
};

static int child_fn(void *arg)
{
	atomic_inc(&((struct drained *)arg)->ran);
	return 0;
}

static int parent_fn(void *arg)
{
	struct drained *d = arg;

	atomic_inc(&d->ran);
	return wpool_schedule(wpool_current(), &d->child);
}

/* A flush waits for what was accepted before it, a drain until nothing is left. */
static int show_drain(void)
{
	struct drained d = { .ran = ATOMIC_INIT(0) };
	int err, flushed, drained;

	wpool_task_init(&d.task, parent_fn, &d);
	wpool_task_init(&d.child, child_fn, &d);
	err = wpool_schedule(tour_pool, &d.task);
	wpool_flush(tour_pool);
	flushed = atomic_read(&d.ran);
	wpool_drain(tour_pool);
	drained = atomic_read(&d.ran);
	if (err)
		return err;
	return tour_show(flushed >= 1 && drained == 2,
			 "flush and drain: the task had run, then also the one that it scheduled: %d",
			 drained);
}

const struct tour_stop tour_waits[] = {
	{ "wait with a limit",	show_wait_timeout },
	{ "run",		show_run },
	{ "run with a limit",	show_run_timeout },
	{ "cancel",		show_cancel },
	{ "cancel and wait",	show_cancel_sync },
	{ "told apart",		show_told_apart },
	{ "ask to stop",	show_ask_stop },
	{ "nested",		show_nested },
	{ "deadlock",		show_deadlock },
	{ "flush and drain",	show_drain },
	{ }
};
