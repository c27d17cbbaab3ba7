// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks: a function, its argument, its result; who owns the memory; from where
 * they may be scheduled; what their death does.
 */
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "tour.h"

static int square(void *arg)
{
	long n = (long)arg;

	return n * n;
}

/* A task on the stack, waited for before it goes out of scope. */
static int show_result(void)
{
	struct wpool_task task;
	int err, result;

	wpool_task_init(&task, square, (void *)7L);
	err = wpool_schedule(tour_pool, &task);
	if (err)
		return err;
	result = wpool_wait(&task);
	return tour_show(result == 49, "result: the square of 7 is %d", result);
}

static DEFINE_WPOOL_TASK(static_task, square, (void *)8L);

/* The same task again and again, once it is done; into the pool of everybody. */
static int show_reuse(void)
{
	int i, err, sum = 0;

	for (i = 0; i < 3; i++) {
		err = wpool_schedule(wpool_default(), &static_task);
		if (err)
			return err;
		sum += wpool_wait(&static_task);
	}
	return tour_show(sum == 3 * 64, "reuse: one task, run 3 times in pool \"%s\": sum %d",
			 wpool_name(wpool_default()), sum);
}

static int add_fn(void *arg)
{
	atomic_inc((atomic_t *)arg);
	return 0;
}

/* No task: the pool allocates one, and nobody waits for it. */
static int show_function(void)
{
	atomic_t sum = ATOMIC_INIT(0);
	int i, err = 0;

	for (i = 0; i < 5 && !err; i++)
		err = wpool_schedule_fn(tour_pool, add_fn, &sum, NULL);
	wpool_flush(tour_pool);		/* also on an error: sum is ours */
	if (err)
		return err;
	return tour_show(atomic_read(&sum) == 5, "function: called %d times without a task",
			 atomic_read(&sum));
}

/* Under a spinlock with interrupts off, as in an interrupt handler. */
static int show_atomic(void)
{
	static DEFINE_SPINLOCK(lock);
	atomic_t sum = ATOMIC_INIT(0);
	struct wpool_task task;
	unsigned long flags;
	int err, err_fn;

	wpool_task_init(&task, add_fn, &sum);
	spin_lock_irqsave(&lock, flags);
	err = wpool_try_schedule(tour_pool, &task);
	err_fn = wpool_try_schedule_fn(tour_pool, add_fn, &sum, NULL);
	spin_unlock_irqrestore(&lock, flags);
	wpool_flush(tour_pool);
	if (err || err_fn)
		return err ?: err_fn;
	return tour_show(atomic_read(&sum) == 2,
			 "atomic: 2 tasks scheduled with interrupts off, %d ran",
			 atomic_read(&sum));
}

/* With one worker: what is urgent goes first, first come first served within. */
static int show_priority(void)
{
	static const enum wpool_priority prio[] = {
		WPOOL_PRIO_LOW, WPOOL_PRIO_NORMAL, WPOOL_PRIO_HIGH,
		WPOOL_PRIO_LOW, WPOOL_PRIO_NORMAL, WPOOL_PRIO_HIGH,
	};
	struct wpool_attrs attrs = { .capacity = 1 };
	struct tour_letter letters[6];
	struct tour_page page;
	struct tour_hold hold;
	struct wpool *pool;
	int i, err;

	pool = wpool_create("tour-priority", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tour_letters_init(letters, 6, &page, "enaftb");
	err = tour_hold(pool, &hold);
	if (err)
		goto destroy;
	for (i = 0; i < 6 && !err; i++) {
		wpool_task_set_priority(&letters[i].task, prio[i]);
		err = wpool_schedule(pool, &letters[i].task);
	}
	tour_release(&hold);
destroy:
	wpool_destroy(pool);		/* runs what was accepted */
	if (err)
		return err;
	return tour_show(!strcmp(page.text, "abntef"),
			 "priority: scheduled \"enaftb\", ran \"%s\"", page.text);
}

struct parcel {
	struct wpool_task	task;
	struct completion	*opened;
};

/* From here on the task is not the pool's any more: a detached one. */
static int open_parcel(void *arg)
{
	struct parcel *parcel = arg;
	struct completion *opened = parcel->opened;

	kfree(parcel);
	complete(opened);
	return 0;
}

/* A task in an object that its own function frees. */
static int show_detached(void)
{
	DECLARE_COMPLETION_ONSTACK(opened);
	struct parcel *parcel = kmalloc(sizeof(*parcel), GFP_KERNEL);
	int err;

	if (!parcel)
		return -ENOMEM;
	parcel->opened = &opened;
	wpool_task_init(&parcel->task, open_parcel, parcel);
	wpool_task_set_detached(&parcel->task);
	err = wpool_schedule(tour_pool, &parcel->task);
	if (err) {
		kfree(parcel);
		return err;
	}
	wait_for_completion(&opened);
	return tour_show(true, "detached: the task freed its own memory");
}

struct lap {
	struct wpool_task	task;
	int			runs;
};

/* Comes back until it has run five times; it never runs twice at a time. */
static int run_lap(void *arg)
{
	struct lap *lap = arg;

	if (++lap->runs < 5)
		return wpool_schedule(wpool_current(), &lap->task);
	return lap->runs;
}

static int show_again(void)
{
	struct lap lap = { .runs = 0 };
	int err, result;

	wpool_task_init(&lap.task, run_lap, &lap);
	err = wpool_schedule(tour_pool, &lap.task);
	if (err)
		return err;
	result = wpool_wait(&lap.task);	/* for all runs of it */
	return tour_show(result == 5, "again: a task that schedules itself ran %d times", result);
}

/* A task kills its worker; another worker runs the next one. */
static int show_death(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct wpool_task first, second;
	int err, died, result = 0;
	struct wpool *pool;
	u64 deaths;

	pool = wpool_create("tour-death", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	wpool_task_init(&first, tour_end_worker, NULL);
	wpool_task_init(&second, square, (void *)3L);
	err = wpool_schedule(pool, &first) ?: wpool_schedule(pool, &second);
	died = err ?: wpool_wait(&first);
	if (!err)
		result = wpool_wait(&second);
	deaths = tour_stat(pool, WPOOL_STAT_DIED);
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(died == -EOWNERDEAD && result == 9 && deaths == 1,
			 "death: a task ended its worker, its waiter got %pe; the next task's result is %d",
			 ERR_PTR(died), result);
}

const struct tour_stop tour_tasks[] = {
	{ "result",	show_result },
	{ "reuse",	show_reuse },
	{ "function",	show_function },
	{ "atomic",	show_atomic },
	{ "priority",	show_priority },
	{ "detached",	show_detached },
	{ "again",	show_again },
	{ "death",	show_death },
	{ }
};
