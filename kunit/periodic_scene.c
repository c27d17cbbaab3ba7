// SPDX-License-Identifier: GPL-2.0
/* See periodic_scene.h. */
#include "periodic_scene.h"

int tick_run(void *arg)
{
	struct tick *tick = arg;
	int result = TICK_RESULT;

	atomic_add(atomic_inc_return(&tick->within) > 1, &tick->beside);
	atomic_inc(&tick->runs);
	complete(&tick->begun);
	/* Teardown opens every gate, so this ends. */
	if (tick->gate)
		wait_for_completion(&tick->gate->opened);
	if (tick->inside)
		result = tick->inside(tick);
	atomic_dec(&tick->within);
	return result;
}

struct tick *tick_task(struct kunit *test, struct wpool *pool, struct wpt_gate *gate)
{
	struct tick *tick = wpt_alloc(test, sizeof(*tick));

	wpool_delayed_task_init(&tick->dtask, tick_run, tick);
	init_completion(&tick->begun);
	tick->pool = pool;
	tick->gate = gate;
	return tick;
}

struct tick *tick_every(struct kunit *test, struct wpool *pool, struct wpt_gate *gate,
			unsigned long period)
{
	struct tick *tick = tick_task(test, pool, gate);
	u64 before = get_jiffies_64();

	KUNIT_ASSERT_EQ(test, wpool_schedule_every(pool, &tick->dtask, period), 0);
	tick->first = before + period;
	return tick;
}

void tick_begun(struct kunit *test, struct tick *tick)
{
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&tick->begun, WPT_LIMIT), 0);
}

void tick_await(struct kunit *test, u64 time)
{
	WPT_ASSERT_UNTIL(test, time_after_eq64(get_jiffies_64(), time));
}

int tick_call_wait(struct wpt_thread *self)
{
	struct tick *tick = self->arg;

	return wpool_wait(&tick->dtask.task);
}

int tick_call_cancel_sync(struct wpt_thread *self)
{
	struct tick *tick = self->arg;

	return wpool_cancel_sync(&tick->dtask.task);
}
