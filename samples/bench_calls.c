// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: what other calls take: a task that is queued already, a delayed task that is put off
 * again or cancelled, a wait for a task that has ended.
 *
 * No function runs meanwhile: each is the time of one thread.
 */
#include <linux/completion.h>
#include <linux/module.h>

#include "bench.h"
#include "bench_compat.h"

/* Nothing comes before the sample is over. */
#define FAR	(1000UL * HZ)

/**
 * struct caller - how one kind of peer is called
 * @init: sets its objects up
 * @hold: has the peer call a function that returns when it is released
 * @submit: one that waits behind it
 * @delay: schedules one with a delay that is not there
 * @move: gives it another delay, waiting or not
 * @cancel: cancels it
 * @flush: waits for all, of which there is none
 * @join: cancels one that has ended long since, and waits for it
 */
struct caller {
	void (*init)(void);
	void (*hold)(struct bench_lane *lane);
	void (*submit)(struct bench_lane *lane);
	void (*delay)(struct bench_lane *lane);
	void (*move)(struct bench_lane *lane, unsigned long delay);
	void (*cancel)(void);
	void (*flush)(struct bench_lane *lane);
	void (*join)(void);
};

static struct completion go, begun;

static void wait_for_go(void)
{
	complete(&begun);
	wait_for_completion(&go);
}

/* --- wpool --- */

static struct wpool_task hold_task, task;
static struct wpool_delayed_task delayed_task;

static int hold_fn(void *arg)
{
	wait_for_go();
	return 0;
}

static int nothing_fn(void *arg)
{
	return 0;
}

static void refuse(int err)
{
	if (unlikely(err))
		WRITE_ONCE(bench_now.error, err);
}

static void task_init(void)
{
	wpool_task_init(&hold_task, hold_fn, NULL);
	wpool_task_init(&task, nothing_fn, NULL);
	wpool_delayed_task_init(&delayed_task, nothing_fn, NULL);
}

static void task_hold(struct bench_lane *lane)
{
	refuse(wpool_try_schedule(lane->pool, &hold_task));
}

static void task_submit(struct bench_lane *lane)
{
	int err = wpool_try_schedule(lane->pool, &task);

	refuse(err == -EBUSY ? 0 : err);
}

static void task_delay(struct bench_lane *lane)
{
	refuse(wpool_schedule_delayed(lane->pool, &delayed_task, FAR));
}

static void task_move(struct bench_lane *lane, unsigned long delay)
{
	refuse(wpool_modify_delayed(lane->pool, &delayed_task, delay));
}

static void task_cancel(void)
{
	wpool_cancel(&delayed_task.task);
}

static void task_flush(struct bench_lane *lane)
{
	refuse(wpool_flush(lane->pool));
}

static void task_join(void)
{
	wpool_cancel_sync(&task);
}

static const struct caller task_caller = {
	task_init, task_hold, task_submit, task_delay, task_move, task_cancel, task_flush,
	task_join,
};

/* --- workqueues --- */

static struct work_struct hold_work, work_item;
static struct delayed_work delayed_work_item;

static void hold_work_fn(struct work_struct *work)
{
	wait_for_go();
}

static void nothing_work_fn(struct work_struct *work)
{
}

static void work_init(void)
{
	INIT_WORK(&hold_work, hold_work_fn);
	INIT_WORK(&work_item, nothing_work_fn);
	INIT_DELAYED_WORK(&delayed_work_item, nothing_work_fn);
}

static void work_hold(struct bench_lane *lane)
{
	queue_work(lane->wq, &hold_work);
}

static void work_submit(struct bench_lane *lane)
{
	queue_work(lane->wq, &work_item);
}

static void work_delay(struct bench_lane *lane)
{
	queue_delayed_work(lane->wq, &delayed_work_item, FAR);
}

static void work_move(struct bench_lane *lane, unsigned long delay)
{
	mod_delayed_work(lane->wq, &delayed_work_item, delay);
}

static void work_cancel(void)
{
	cancel_delayed_work(&delayed_work_item);
}

static void work_flush(struct bench_lane *lane)
{
	__flush_workqueue(lane->wq);
}

static void work_join(void)
{
	cancel_work_sync(&work_item);
}

static const struct caller work_caller = {
	work_init, work_hold, work_submit, work_delay, work_move, work_cancel, work_flush,
	work_join,
};

/* --- kthread_worker --- */

static struct kthread_work hold_kwork, kwork;
static struct kthread_delayed_work delayed_kwork;

static void hold_kwork_fn(struct kthread_work *work)
{
	wait_for_go();
}

static void nothing_kwork_fn(struct kthread_work *work)
{
}

static void kwork_init(void)
{
	kthread_init_work(&hold_kwork, hold_kwork_fn);
	kthread_init_work(&kwork, nothing_kwork_fn);
	kthread_init_delayed_work(&delayed_kwork, nothing_kwork_fn);
}

static void kwork_hold(struct bench_lane *lane)
{
	kthread_queue_work(lane->kworker, &hold_kwork);
}

static void kwork_submit(struct bench_lane *lane)
{
	kthread_queue_work(lane->kworker, &kwork);
}

static void kwork_delay(struct bench_lane *lane)
{
	kthread_queue_delayed_work(lane->kworker, &delayed_kwork, FAR);
}

static void kwork_move(struct bench_lane *lane, unsigned long delay)
{
	kthread_mod_delayed_work(lane->kworker, &delayed_kwork, delay);
}

/* It has no other one. */
static void kwork_cancel(void)
{
	kthread_cancel_delayed_work_sync(&delayed_kwork);
}

static void kwork_flush(struct bench_lane *lane)
{
	kthread_flush_worker(lane->kworker);
}

static void kwork_join(void)
{
	kthread_cancel_work_sync(&kwork);
}

static const struct caller kwork_caller = {
	kwork_init, kwork_hold, kwork_submit, kwork_delay, kwork_move, kwork_cancel, kwork_flush,
	kwork_join,
};

/* --- samples --- */

static struct bench_lane call_lanes[] = {
	{ "wpool",		&bench_wpool, 1 },
	{ "kthread_worker",	&bench_kworker },
	{ "ordered",		&bench_ordered },
	{ "per-CPU",		&bench_percpu },
	{ }
};

static const struct caller *caller_of(const struct bench_lane *lane)
{
	return lane->peer == &bench_wpool ? &task_caller :
	       lane->peer == &bench_kworker ? &kwork_caller : &work_caller;
}

static void record(const struct bench_work *work, const struct bench_lane *lane, u64 began)
{
	bench_record_each(work, lane, ktime_get_ns() - began);
}

/* It waits behind one that does not end. */
static void sample_again(const struct bench_work *work, struct bench_lane *lane)
{
	const struct caller *caller = caller_of(lane);
	unsigned int i;
	u64 began;

	caller->init();
	init_completion(&go);
	init_completion(&begun);
	caller->hold(lane);
	wait_for_completion(&begun);
	caller->submit(lane);
	began = ktime_get_ns();
	for (i = 0; i < work->tasks; i++)
		caller->submit(lane);
	record(work, lane, began);
	complete(&go);
	caller->flush(lane);
}

static void sample_delay(const struct bench_work *work, struct bench_lane *lane)
{
	const struct caller *caller = caller_of(lane);
	unsigned int i;
	u64 began;

	caller->init();
	began = ktime_get_ns();
	for (i = 0; i < work->tasks; i++) {
		caller->delay(lane);
		caller->cancel();
	}
	record(work, lane, began);
}

static void sample_move(const struct bench_work *work, struct bench_lane *lane)
{
	const struct caller *caller = caller_of(lane);
	unsigned int i;
	u64 began;

	caller->init();
	caller->delay(lane);
	began = ktime_get_ns();
	for (i = 0; i < work->tasks; i++)
		caller->move(lane, FAR + i);
	record(work, lane, began);
	caller->cancel();
}

static void sample_flush(const struct bench_work *work, struct bench_lane *lane)
{
	const struct caller *caller = caller_of(lane);
	unsigned int i;
	u64 began = ktime_get_ns();

	for (i = 0; i < work->tasks; i++)
		caller->flush(lane);
	record(work, lane, began);
}

static void sample_join(const struct bench_work *work, struct bench_lane *lane)
{
	const struct caller *caller = caller_of(lane);
	unsigned int i;
	u64 began;

	caller->init();
	caller->submit(lane);
	caller->flush(lane);
	began = ktime_get_ns();
	for (i = 0; i < work->tasks; i++)
		caller->join();
	record(work, lane, began);
}

const struct bench_work bench_calls_works[] = {
	{ "call: queued already", call_lanes, sample_again, 10000 },
	{ "call: delay, cancel", call_lanes, sample_delay, 10000 },
	{ "call: move a delay", call_lanes, sample_move, 10000 },
	{ "call: flush of nothing", call_lanes, sample_flush, 1000 },
	{ "call: cancel_sync of nothing", call_lanes, sample_join, 10000 },
	{ }
};
