// SPDX-License-Identifier: GPL-2.0
/*
 * Who frees what a task works on, when nobody waits for it? A release, or the task itself.
 */
#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/slab.h>
#include "tour.h"

/* What a task gets, and what must not be leaked, whatever becomes of the task. */
struct letter_box {
	struct wpool_release_task	ttask;
	atomic_t			*read, *thrown_away;
};

static int read_box(void *arg)
{
	struct letter_box *box = arg;

	atomic_inc(box->read);
	return 0;
}

/* Called once, and the last to have it. */
static void free_box(void *arg, enum wpool_fate fate)
{
	struct letter_box *box = arg;

	if (fate != WPOOL_FATE_RAN)
		atomic_inc(box->thrown_away);
	kfree(box);
}

static struct letter_box *new_box(atomic_t *read, atomic_t *thrown_away)
{
	struct letter_box *box = kzalloc(sizeof(*box), GFP_KERNEL);

	if (!box)
		return NULL;
	box->read = read;
	box->thrown_away = thrown_away;
	wpool_release_task_init(&box->ttask, read_box, box);
	wpool_task_set_release(&box->ttask, free_box);
	return box;
}

/* One that is cancelled, and one that runs; nobody waits for either. */
static int show_release(void)
{
	atomic_t read = ATOMIC_INIT(0), thrown_away = ATOMIC_INIT(0);
	struct letter_box *box;
	struct tour_hold hold;
	struct wpool *pool;
	int i, err;

	pool = wpool_create("tour-release", &(struct wpool_attrs) { .capacity = 1 });
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	err = tour_hold(pool, &hold);
	for (i = 0; i < 2 && !err; i++) {
		box = new_box(&read, &thrown_away);
		err = box ? wpool_schedule(pool, &box->ttask.task) : -ENOMEM;
		if (err)
			kfree(box);	/* it was refused, so it is still ours */
		else if (i)	/* it is there as yet: the only worker is held */
			wpool_cancel(&box->ttask.task);
	}
	tour_release(&hold);
	wpool_destroy(pool);		/* waits for the releases, too */
	if (err)
		return err;
	return tour_show(atomic_read(&read) == 1 && atomic_read(&thrown_away) == 1,
			 "release: %d ran and %d did not, both freed",
			 atomic_read(&read), atomic_read(&thrown_away));
}

/* The same for a function: without a task. */
static int show_release_fn(void)
{
	atomic_t read = ATOMIC_INIT(0), thrown_away = ATOMIC_INIT(0);
	struct letter_box *boxes[3] = { };
	struct wpool_group group;
	int i, err = 0;

	for (i = 0; i < 3; i++) {
		boxes[i] = new_box(&read, &thrown_away);
		if (!boxes[i])
			err = -ENOMEM;
	}
	wpool_group_init(&group, 0);
	if (!err)
		err = wpool_schedule_fn(tour_pool, read_box, boxes[0], free_box);
	if (!err) {
		boxes[0] = NULL;
		err = wpool_try_schedule_fn(tour_pool, read_box, boxes[1], free_box);
	}
	if (!err) {
		boxes[1] = NULL;
		err = wpool_group_schedule_fn(&group, tour_pool, read_box, boxes[2], free_box);
	}
	if (!err)
		boxes[2] = NULL;
	for (i = 0; i < 3; i++)
		kfree(boxes[i]);
	wpool_group_wait(&group);
	wpool_flush(tour_pool);		/* read and thrown_away are ours */
	if (err)
		return err;
	return tour_show(atomic_read(&read) == 3, "release: the arguments of %d calls were freed",
			 atomic_read(&read));
}

/* Returns soon if it is asked to. */
static int sleep_on_box(void *arg)
{
	while (!wpool_sleep(HZ))
		;
	return read_box(arg);
}

/* With a time limit: the function outlives the call, and its argument outlives the function. */
static int show_release_timeout(void)
{
	atomic_t read = ATOMIC_INIT(0), thrown_away = ATOMIC_INIT(0);
	struct letter_box *box = new_box(&read, &thrown_away);
	int err;

	if (!box)
		return -ENOMEM;
	err = wpool_run_timeout(tour_pool, sleep_on_box, box, msecs_to_jiffies(10), free_box);
	wpool_flush(tour_pool);
	return tour_show(err == -ETIMEDOUT &&
			 atomic_read(&read) + atomic_read(&thrown_away) > 0,
			 "release: after %pe the function ended, and its argument was freed",
			 ERR_PTR(err));
}

/* An object with references. Its task has one each time that it is scheduled. */
struct counted {
	struct kref			kref;
	struct wpool_release_task	ttask;
	atomic_t			*runs, *freed;
};

static void counted_free(struct kref *kref)
{
	struct counted *counted = container_of(kref, struct counted, kref);

	atomic_inc(counted->freed);
	kfree(counted);
}

/* Drops the reference that it was scheduled with: then the object may be gone, task and all. */
static int counted_fn(void *arg)
{
	struct counted *counted = arg;

	atomic_inc(counted->runs);
	kref_put(&counted->kref, counted_free);
	return 0;
}

/* In place of the function, if that never begins. */
static void counted_release(void *arg, enum wpool_fate fate)
{
	struct counted *counted = arg;

	kref_put(&counted->kref, counted_free);
}

static int counted_submit(struct wpool *pool, struct counted *counted)
{
	int err;

	kref_get(&counted->kref);
	err = wpool_schedule(pool, &counted->ttask.task);
	if (err)	/* -EBUSY: it is queued already, and will run */
		kref_put(&counted->kref, counted_free);
	return err == -EBUSY ? 0 : err;
}

/* May be scheduled at any time, also while it runs: then it runs again after that. */
static int show_counted(void)
{
	struct counted *counted = kzalloc(sizeof(*counted), GFP_KERNEL);
	atomic_t runs = ATOMIC_INIT(0), freed = ATOMIC_INIT(0);
	int i, err = 0;

	if (!counted)
		return -ENOMEM;
	kref_init(&counted->kref);
	counted->runs = &runs;
	counted->freed = &freed;
	wpool_release_task_init(&counted->ttask, counted_fn, counted);
	wpool_task_set_detached(&counted->ttask.task);
	wpool_task_set_release(&counted->ttask, counted_release);
	for (i = 0; i < 5 && !err; i++)
		err = counted_submit(tour_pool, counted);
	kref_put(&counted->kref, counted_free);
	wpool_flush(tour_pool);
	if (err)
		return err;
	return tour_show(atomic_read(&runs) && atomic_read(&freed) == 1,
			 "detached, with references: scheduled 5 times, it ran %d times, and was freed",
			 atomic_read(&runs));
}

const struct tour_stop tour_releases[] = {
	{ "release",		show_release },
	{ "release of functions", show_release_fn },
	{ "release of a call",	show_release_timeout },
	{ "detached, with references", show_counted },
	{ }
};
