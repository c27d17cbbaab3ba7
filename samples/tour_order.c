// SPDX-License-Identifier: GPL-2.0
/*
 * Order and time: pools that run one task at a time, tasks that keep their order
 * by key, tasks for later.
 */
#include "tour.h"

/* One at a time, in the order of scheduling, whatever the priorities. */
static int show_ordered(void)
{
	struct wpool_attrs attrs = { .flags = WPOOL_ORDERED };
	struct tour_letter letters[5];
	struct tour_page page;
	struct wpool *pool;
	int i, err = 0;

	pool = wpool_create("tour-ordered", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tour_letters_init(letters, 5, &page, "order");
	wpool_task_set_priority(&letters[4].task, WPOOL_PRIO_HIGH);
	for (i = 0; i < 5 && !err; i++)
		err = wpool_schedule(pool, &letters[i].task);
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(!strcmp(page.text, "order"), "ordered: ran \"%s\"", page.text);
}

#define KEY_A	1
#define KEY_B	2

struct keyed_letter {
	struct wpool_keyed_task	ktask;
	struct tour_page	*page;
	char			letter;
	struct completion	*wait_for;
};

static int keyed_fn(void *arg)
{
	struct keyed_letter *l = arg;

	if (l->wait_for)
		wait_for_completion(l->wait_for);
	tour_write(l->page, l->letter);
	return 0;
}

/* One key stalls; the others run. Then its tasks run in their order. */
static int show_keyed(void)
{
	DECLARE_COMPLETION_ONSTACK(go);
	struct wpool_attrs attrs = { .capacity = 4 };
	static const char text[] = "abcxyz";
	struct keyed_letter letters[6];
	struct tour_page page = { };
	struct wpool *pool;
	int i, err = 0;
	bool stalled;

	pool = wpool_create("tour-keyed", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	for (i = 0; i < 6 && !err; i++) {
		letters[i].page = &page;
		letters[i].letter = text[i];
		letters[i].wait_for = i ? NULL : &go;
		wpool_keyed_task_init(&letters[i].ktask, keyed_fn, &letters[i]);
		err = wpool_schedule_keyed(pool, &letters[i].ktask, i < 3 ? KEY_A : KEY_B);
	}
	if (!err)
		wpool_wait(&letters[5].ktask.task);
	stalled = !strcmp(page.text, "xyz");
	complete(&go);
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(stalled && !strcmp(page.text, "xyzabc"),
			 "keyed: while key %d stalled key %d ran \"xyz\"; all in order: \"%s\"",
			 KEY_A, KEY_B, page.text);
}

/* Delayed tasks have a timer in them, and must not lie on the stack. */
struct reminder {
	struct wpool_delayed_task	dtask;
	unsigned long			rang;	/* when, in jiffies */
};

static struct reminder reminder;

static int ring(void *arg)
{
	struct reminder *a = arg;

	a->rang = jiffies;
	return 1;
}

static int show_delayed(void)
{
	unsigned long waited, start = jiffies;
	int err, result;

	wpool_delayed_task_init(&reminder.dtask, ring, &reminder);
	err = wpool_schedule_delayed(tour_pool, &reminder.dtask, msecs_to_jiffies(100));
	if (err)
		return err;
	result = wpool_wait(&reminder.dtask.task);
	waited = reminder.rang - start;
	return tour_show(result == 1 && waited >= msecs_to_jiffies(100),
			 "delayed: asked for 100 ms, began after %u ms", jiffies_to_msecs(waited));
}

static int show_cancel_delayed(void)
{
	bool cancelled;
	int err, result;

	wpool_delayed_task_init(&reminder.dtask, ring, &reminder);
	err = wpool_schedule_delayed(tour_pool, &reminder.dtask, HZ * 3600);
	if (err)
		return err;
	cancelled = wpool_cancel(&reminder.dtask.task);
	result = wpool_wait(&reminder.dtask.task);
	/* Nothing is left to cancel, or to wait for. */
	cancelled &= !wpool_cancel_sync(&reminder.dtask.task);
	return tour_show(cancelled && result == -ECANCELED,
			 "delayed, cancelled: in an hour, but cancelled (%pe)", ERR_PTR(result));
}

static int show_modify_delayed(void)
{
	unsigned long waited, start = jiffies;
	int err, result;

	wpool_delayed_task_init(&reminder.dtask, ring, &reminder);
	err = wpool_schedule_delayed(tour_pool, &reminder.dtask, HZ * 3600);
	if (err)
		return err;
	err = wpool_modify_delayed(tour_pool, &reminder.dtask, msecs_to_jiffies(10));
	if (err)
		wpool_cancel(&reminder.dtask.task);
	result = wpool_wait(&reminder.dtask.task);
	waited = reminder.rang - start;
	return tour_show(!err && result == 1 && waited >= msecs_to_jiffies(10),
			 "delayed, modified: from an hour to 10 ms; began after %u ms",
			 jiffies_to_msecs(waited));
}

/* A shutdown cancels tasks that are not due. */
static int show_delayed_shutdown(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct wpool *pool;
	int err, result;

	wpool_delayed_task_init(&reminder.dtask, ring, &reminder);
	pool = wpool_create("tour-delayed", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	err = wpool_schedule_delayed(pool, &reminder.dtask, HZ * 3600);
	wpool_destroy(pool);
	if (err)
		return err;
	result = wpool_wait(&reminder.dtask.task);
	return tour_show(result == -ECANCELED, "delayed, shut down: %pe", ERR_PTR(result));
}

static int show_delayed_at(void)
{
	u64 when = get_jiffies_64() + msecs_to_jiffies(30) + 1;
	int err, result;

	wpool_delayed_task_init(&reminder.dtask, ring, &reminder);
	err = wpool_schedule_how(tour_pool, &reminder.dtask.task, &(struct wpool_how) {
		.flags = WPOOL_AT, .due = when,
	});
	if (err)
		return err;
	result = wpool_wait(&reminder.dtask.task);
	return tour_show(result == 1 && time_after_eq64(get_jiffies_64(), when),
			 "delayed, at a time: jiffy %llu, and not before", when);
}

/* Periodic, and one that knows itself when it is to run again. */
struct rounds {
	struct wpool_delayed_task	dtask;
	int				n;
};

static struct rounds rounds;

static int five_rounds(void *arg)
{
	struct rounds *r = arg;

	if (++r->n == 5)
		wpool_cancel(&r->dtask.task);
	return r->n;
}

static int show_periodic(void)
{
	int err, result;

	rounds.n = 0;
	wpool_delayed_task_init(&rounds.dtask, five_rounds, &rounds);
	err = wpool_schedule_every(tour_pool, &rounds.dtask, msecs_to_jiffies(10) + 1);
	if (err)
		return err;
	result = wpool_wait(&rounds.dtask.task);
	return tour_show(result == 5 && !wpool_task_queued(&rounds.dtask.task),
			 "periodic: ran %d times, skipped %lu, and has ended itself",
			 result, wpool_periods_skipped(&rounds.dtask));
}

static int back_off(void *arg)
{
	struct rounds *r = arg;

	/* Twice as long each time. */
	if (++r->n < 4)
		return wpool_schedule_delayed(wpool_current(), &r->dtask, 1UL << r->n);
	return r->n;
}

static int show_delayed_again(void)
{
	int err, result;

	rounds.n = 0;
	wpool_delayed_task_init(&rounds.dtask, back_off, &rounds);
	err = wpool_schedule_delayed(tour_pool, &rounds.dtask, 1);
	if (err)
		return err;
	result = wpool_wait(&rounds.dtask.task);
	return tour_show(result == 4, "delayed, by itself: scheduled itself %d times", result - 1);
}

static int nothing(void *arg)
{
	return 0;
}

/* A group waits for tasks of every kind. */
static int show_kinds_in_group(void)
{
	struct wpool_keyed_task first, second;
	struct wpool_group group;
	unsigned long start = jiffies;
	int err;

	wpool_group_init(&group, 0);
	wpool_keyed_task_init(&first, nothing, NULL);
	wpool_keyed_task_init(&second, nothing, NULL);
	wpool_delayed_task_init(&reminder.dtask, ring, &reminder);
	err = wpool_schedule_how(tour_pool, &first.task, &(struct wpool_how) {
		.flags = WPOOL_KEYED, .key = KEY_A, .group = &group,
	});
	if (!err)
		err = wpool_schedule_how(tour_pool, &reminder.dtask.task, &(struct wpool_how) {
			.flags = WPOOL_AT, .due = get_jiffies_64() + 2 + 1, .group = &group,
		});
	if (!err)
		err = wpool_schedule_how(tour_pool, &second.task, &(struct wpool_how) {
			.flags = WPOOL_KEYED | WPOOL_NOWAIT, .key = KEY_A, .group = &group,
		});
	/* Also after an error: what was accepted lies on this stack. */
	err = wpool_group_wait(&group) ?: err;
	if (err)
		return err;
	return tour_show(reminder.rang - start >= 2,
			 "a group of two with a key and a delayed one: the last ran after %lu jiffies",
			 reminder.rang - start);
}

const struct tour_stop tour_order[] = {
	{ "ordered",			show_ordered },
	{ "keyed",			show_keyed },
	{ "delayed",			show_delayed },
	{ "delayed, cancelled",		show_cancel_delayed },
	{ "delayed, modified",		show_modify_delayed },
	{ "delayed, shut down",		show_delayed_shutdown },
	{ "delayed, at a time",		show_delayed_at },
	{ "delayed, by itself",		show_delayed_again },
	{ "keyed, delayed, in a group",	show_kinds_in_group },
	{ "periodic",			show_periodic },
	{ }
};
