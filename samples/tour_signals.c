// SPDX-License-Identifier: GPL-2.0
/*
 * Waits that a signal ends, for code that acts for a process, such as read() and write().
 */
#include <linux/sched/signal.h>
#include <linux/signal.h>
#include "tour.h"

/* A pool with no room; its worker is inside a task of the group. */
struct signalled {
	struct wpool		*pool;
	struct wpool_group	group;
	struct tour_hold	hold;
	struct wpool_task	task;
	struct wpool_keyed_task	ktask;
};

static int nothing(void *arg)
{
	return 0;
}

static int fill(struct signalled *s)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF };
	int err;

	s->pool = wpool_create("tour-signals", &attrs);
	if (IS_ERR(s->pool))
		return PTR_ERR(s->pool);
	wpool_group_init(&s->group, 0);
	wpool_task_init(&s->task, nothing, NULL);
	wpool_keyed_task_init(&s->ktask, nothing, NULL);
	tour_hold_init(&s->hold);
	err = wpool_group_schedule(&s->group, s->pool, &s->hold.task);
	if (err)
		wpool_destroy(s->pool);
	else
		wait_for_completion(&s->hold.begun);
	return err;
}

/* Runs in a worker of another pool. How many of its eight waits are ended by a signal? */
static int signalled_fn(void *arg)
{
	struct signalled *s = arg;
	int n = 0;

	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
	n += wpool_schedule_how(s->pool, &s->task, &(struct wpool_how) {
		.flags = WPOOL_INTERRUPTIBLE,
	}) == -EINTR;
	n += wpool_schedule_how(s->pool, &s->ktask.task, &(struct wpool_how) {
		.flags = WPOOL_KEYED | WPOOL_INTERRUPTIBLE, .key = 1,
	}) == -EINTR;
	n += wpool_schedule_how(s->pool, &s->task, &(struct wpool_how) {
		.flags = WPOOL_INTERRUPTIBLE, .group = &s->group,
	}) == -EINTR;
	n += wpool_schedule_how(s->pool, &s->ktask.task, &(struct wpool_how) {
		.flags = WPOOL_KEYED | WPOOL_INTERRUPTIBLE, .key = 1, .group = &s->group,
	}) == -EINTR;
	n += wpool_wait_interruptible(&s->hold.task, NULL) == -EINTR;
	n += wpool_wait_killable(&s->hold.task, NULL) == -EINTR;
	n += wpool_group_wait_interruptible(&s->group) == -EINTR;
	n += wpool_group_wait_killable(&s->group) == -EINTR;
	flush_signals(current);
	disallow_signal(SIGKILL);
	return n;
}

/* The tasks still run, and their memory is still the pool's. */
static int show_signals(void)
{
	struct signalled s;
	bool goes_on;
	int n, err;

	err = fill(&s);
	if (err)
		return err;
	n = wpool_run(tour_pool, signalled_fn, &s);
	goes_on = wpool_task_running(&s.hold.task);
	tour_release(&s.hold);
	err = wpool_group_wait(&s.group);
	wpool_destroy(s.pool);
	if (err)
		return err;
	return tour_show(n == 8 && goes_on,
			 "signals: %d of 8 waits ended with %pe; the task still ran",
			 n, ERR_PTR(-EINTR));
}

/* The same calls that do not wait, or not for long. */
static int show_no_wait(void)
{
	int group, key, group_later, key_later, both_later, forced, err;
	struct signalled s;

	err = fill(&s);
	if (err)
		return err;
	group = wpool_schedule_how(s.pool, &s.task, &(struct wpool_how) {
		.flags = WPOOL_NOWAIT, .group = &s.group,
	});
	key = wpool_schedule_how(s.pool, &s.ktask.task, &(struct wpool_how) {
		.flags = WPOOL_KEYED | WPOOL_NOWAIT, .key = 1,
	});
	group_later = wpool_schedule_how(s.pool, &s.task, &(struct wpool_how) {
		.flags = WPOOL_TIMED, .timeout = 1, .group = &s.group,
	});
	key_later = wpool_schedule_how(s.pool, &s.ktask.task, &(struct wpool_how) {
		.flags = WPOOL_KEYED | WPOOL_TIMED, .key = 1, .timeout = 1,
	});
	both_later = wpool_schedule_how(s.pool, &s.ktask.task, &(struct wpool_how) {
		.flags = WPOOL_KEYED | WPOOL_TIMED, .key = 1, .timeout = 1, .group = &s.group,
	});
	forced = wpool_schedule_how(s.pool, &s.task, &(struct wpool_how) {
		.flags = WPOOL_FORCE, .group = &s.group,
	}) ?: wpool_schedule_how(s.pool, &s.ktask.task, &(struct wpool_how) {
		.flags = WPOOL_KEYED | WPOOL_FORCE, .key = 1,
	});
	tour_release(&s.hold);
	err = wpool_group_wait(&s.group);
	wpool_destroy(s.pool);
	if (err)
		return err;
	return tour_show(group == -EAGAIN && key == -EAGAIN && group_later == -ETIMEDOUT &&
			 key_later == -ETIMEDOUT && both_later == -ETIMEDOUT && !forced,
			 "group and key, full: %pe at once, %pe after a jiffy; then forced",
			 ERR_PTR(group), ERR_PTR(key_later));
}

const struct tour_stop tour_signals[] = {
	{ "signals",			show_signals },
	{ "group and key, full",	show_no_wait },
	{ }
};
