// SPDX-License-Identifier: GPL-2.0
/*
 * A delay that is over while its pool is shut down, or its group cancelled: the timer has
 * fired, and its function waits for the lock that the call has. An event under that lock
 * makes it so. Where the lock is to be dropped meanwhile, the timer calls a function of the
 * test's first, which holds it up.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/string.h>
#include "at_event.h"
#include "halt.h"
#include "wpool_kunit.h"

/* The shortest delay, in jiffies, and the longest. */
#define FIRST_TRY	4UL
#define LAST_TRY	(4UL * HZ)

static struct {
	const char			*pool;	/* its name */
	struct wpool_delayed_task	*dtask;
	bool				met;
} firing;

/* Called with the lock of a pool held. */
static void await_timer(const char *pool)
{
	u64 end = ktime_get_mono_fast_ns() + 2ULL * LAST_TRY * TICK_NSEC;
	struct timer_list *timer;

	if (!READ_ONCE(firing.dtask) || strcmp(pool, firing.pool))
		return;
	timer = &firing.dtask->timer;
	WRITE_ONCE(firing.dtask, NULL);
	if (!timer_pending(timer))
		return;		/* too late: it has the lock behind it */
	while (timer_pending(timer) && ktime_get_mono_fast_ns() < end)
		cpu_relax();
	firing.met = !timer_pending(timer);
}

/* Before the state is another. */
static void at_state(void *unused, const char *pool, int from, int to)
{
	await_timer(pool);
}

/* Before the next task is looked at. */
static void at_cancel(void *unused, const char *pool, const void *task, wpool_fn_t fn)
{
	await_timer(pool);
}

static struct wpt_event state_event = { .name = "wpool_pool_state", .probe = at_state };
static struct wpt_event cancel_event = { .name = "wpool_task_cancel", .probe = at_cancel };

static int delayed_fire_suite_init(struct kunit_suite *suite)
{
	return wpt_event_on(&state_event) ?: wpt_event_on(&cancel_event);
}

static void delayed_fire_suite_exit(struct kunit_suite *suite)
{
	wpt_event_off(&cancel_event);
	wpt_event_off(&state_event);
}

static int delayed_fire_init(struct kunit *test)
{
	return wpt_init(test, "wpool_delayed_fire");
}

static const struct end {
	const char	*name;
	bool		now;
} ends[] = {
	{ "shutdown", false },
	{ "shutdown now", true },
};

static void end_name(const struct end *end, char *desc)
{
	strscpy(desc, end->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(end, ends, end_name);

struct scene {
	struct wpool_delayed_task	dtask;
	const struct end		*end;
	unsigned long			delay;
};

/* The timer is where it was armed: on the first, which is likely to count the time. */
static int call_delay(struct wpt_thread *self)
{
	struct scene *scene = self->arg;

	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	return wpool_schedule_delayed(self->pool, &scene->dtask, scene->delay);
}

/* Needs an event under the lock, and a CPU for each of the two. */
static bool may_meet(void)
{
	return state_event.tracepoint && num_online_cpus() > 1;
}

/* Where the timer is not; the next event of the pool is the one. */
static void arm(struct wpool *pool, struct wpool_delayed_task *dtask)
{
	unsigned int cpu = cpumask_next(cpumask_first(cpu_online_mask), cpu_online_mask);

	if (!may_meet())
		return;
	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	firing.pool = wpool_name(pool);
	WRITE_ONCE(firing.dtask, dtask);
}

static int call_end(struct wpt_thread *self)
{
	struct scene *scene = self->arg;

	arm(self->pool, &scene->dtask);
	if (scene->end->now)
		return wpool_shutdown_now(self->pool, NULL);
	wpool_shutdown(self->pool);
	return 0;
}

/*
 * Return: the pool, which is closed. The delay may have been over before: then, with a
 * longer one, all begins again. Where the two cannot meet the end must be the same.
 */
static struct wpool *shut_down_as_it_fires(struct kunit *test, struct scene *scene,
					   struct wpt_job *job)
{
	struct wpool *pool;
	int ended;

	firing.met = !may_meet();
	scene->delay = may_meet() ? FIRST_TRY : 10 * WPT_LIMIT;
	do {
		pool = wpt_pool(test, NULL);
		atomic_set(&job->runs, 0);
		wpool_delayed_task_init(&scene->dtask, wpt_run_job, job);
		KUNIT_ASSERT_EQ(test, wpt_call(test, call_delay, pool, scene), 0);
		ended = wpt_call(test, call_end, pool, scene);
		KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
		scene->delay *= 2;
	} while (!firing.met && scene->delay <= LAST_TRY);
	if (!firing.met)
		kunit_skip(test, "the timer did not fire meanwhile");
	/* A delay was cancelled. A task that had become queued would have been counted. */
	KUNIT_EXPECT_EQ(test, ended, 0);
	return pool;
}

/* 54, 78: it is cancelled once, by its timer or by the shutdown, and does not run */
static void delayed_fire_at_end(struct kunit *test)
{
	struct scene *scene = wpt_alloc(test, sizeof(*scene));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool;

	scene->end = test->param_value;
	pool = shut_down_as_it_fires(test, scene, job);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &scene->dtask.task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
}

/* Two tasks of a group, the first of which is not to run for long. */
struct pair {
	struct wpool_delayed_task	first;
	struct scene			second;
	struct wpool_group		group;
};

static int call_group_cancel(struct wpt_thread *self)
{
	struct pair *pair = self->arg;

	arm(self->pool, &pair->second.dtask);
	return wpool_group_cancel(&pair->group);
}

static int call_delay_in_group(struct wpt_thread *self)
{
	struct scene *scene = self->arg;

	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	return wpool_modify_delayed(self->pool, &scene->dtask, scene->delay);
}

/* Return: how many were cancelled; as shut_down_as_it_fires(). */
static int cancel_as_it_fires(struct kunit *test, struct pair *pair, struct wpt_job *job)
{
	struct wpool *pool = wpt_pool(test, NULL);
	int cancelled;

	/* So that what comes to the queue is there when it is looked for. */
	wpool_pause(pool);
	firing.met = !may_meet();
	pair->second.delay = may_meet() ? FIRST_TRY : LAST_TRY;
	do {
		wpool_group_init(&pair->group, 0);
		wpool_delayed_task_init(&pair->first, wpt_run_job, job);
		wpool_delayed_task_init(&pair->second.dtask, wpt_run_job, job);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(&pair->group, pool,
								   &pair->first, 3600 * HZ), 0);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(&pair->group, pool,
								   &pair->second.dtask,
								   3600 * HZ), 0);
		KUNIT_ASSERT_EQ(test, wpt_call(test, call_delay_in_group, pool, &pair->second), 0);
		cancelled = wpt_call(test, call_group_cancel, pool, pair);
		KUNIT_ASSERT_EQ(test, wpt_group_wait(test, &pair->group), -ECANCELED);
		pair->second.delay *= 2;
	} while (!firing.met && pair->second.delay <= LAST_TRY);
	if (!firing.met)
		kunit_skip(test, "the timer did not fire meanwhile");
	return cancelled;
}

/* 53, 78: it is taken back on the queue, where its timer has brought it meanwhile */
static void delayed_fire_at_group_cancel(struct kunit *test)
{
	struct pair *pair = wpt_alloc(test, sizeof(*pair));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_EQ(test, cancel_as_it_fires(test, pair, job), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &pair->second.dtask.task), -ECANCELED);
}

/* Below the 10 seconds that the kernel calls a hard lockup. */
#define HOLD_UP_LIMIT	(8ULL * NSEC_PER_SEC)

/* Many times what a walk along two tasks takes. */
#define WALK_TIME	(50ULL * NSEC_PER_MSEC)

static struct {
	void	(*fire)(struct timer_list *timer);
	bool	fires, go;
	bool	early;		/* went on before it was told to */
} held_up;

/* On the last CPU, which does nothing else meanwhile; a timer may fire on any. */
static void hold_up(struct timer_list *timer)
{
	unsigned int last = cpumask_last(cpu_online_mask);
	u64 end = ktime_get_mono_fast_ns() + HOLD_UP_LIMIT;

	if (smp_processor_id() != last) {
		timer->expires = jiffies + 1;
		add_timer_on(timer, last);
		return;
	}
	WRITE_ONCE(held_up.fires, true);
	while (!READ_ONCE(held_up.go) && ktime_get_mono_fast_ns() < end)
		cpu_relax();
	WRITE_ONCE(held_up.early, !READ_ONCE(held_up.go));
	held_up.fire(timer);
}

/* So that it does not come to be on the CPU where the timer is. */
static void keep_off_timer(void)
{
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
}

static int call_cancel_behind_timer(struct wpt_thread *self)
{
	struct pair *pair = self->arg;

	keep_off_timer();
	WRITE_ONCE(self->calling, true);
	if (!wpt_busy_until(READ_ONCE(held_up.fires)))
		return -ETIMEDOUT;
	return wpool_group_cancel(&pair->group);
}

/* Two tasks wait; the timer of the second, the last of all, is to be held up. */
static void delay_pair(struct kunit *test, struct pair *pair, struct wpool *pool,
		       struct wpt_job *job)
{
	struct wpool_delayed_task *second = &pair->second.dtask;

	wpool_group_init(&pair->group, 0);
	wpool_delayed_task_init(&pair->first, wpt_run_job, job);
	wpool_delayed_task_init(second, wpt_run_job, job);
	held_up.fire = second->timer.function;
	second->timer.function = hold_up;
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(&pair->group, pool, &pair->first,
							   3600 * HZ), 0);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(&pair->group, pool, second, HZ / 20), 0);
}

/* 53, 78: it is not missed where a shutdown has come to it, too: the cancel awaits its timer */
static void delayed_fire_at_cancel_and_shutdown(struct kunit *test)
{
	struct pair *pair = wpt_alloc(test, sizeof(*pair));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_thread *walk;
	bool met, missed;
	u64 end;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs a CPU for the timer");
	held_up.fires = false;
	held_up.go = false;
	keep_off_timer();
	walk = wpt_thread(test, call_cancel_behind_timer, pool, NULL, pair);
	KUNIT_ASSERT_TRUE(test, wpt_until(READ_ONCE(walk->calling)));
	delay_pair(test, pair, pool, job);
	/* When the first is cancelled, the cancel is at the second, whose timer is firing. */
	met = wpt_busy_until(READ_ONCE(held_up.fires)) &&
	      wpt_busy_until(!wpool_task_queued(&pair->first.task));
	wpool_shutdown(pool);
	end = ktime_get_mono_fast_ns() + WALK_TIME;
	while (!completion_done(&walk->done) && ktime_get_mono_fast_ns() < end)
		usleep_range(1000, 2000);	/* the walk has this CPU */
	missed = completion_done(&walk->done);
	WRITE_ONCE(held_up.go, true);
	KUNIT_EXPECT_EQ(test, wpt_join(test, walk), 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, &pair->group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &pair->second.dtask.task), -ECANCELED);
	if (!met || READ_ONCE(held_up.early))
		kunit_skip(test, "the timer was not held up for long enough");
	KUNIT_EXPECT_FALSE(test, missed);
}

static struct kunit_case delayed_fire_cases[] = {
	KUNIT_CASE(delayed_fire_at_group_cancel),
	KUNIT_CASE(delayed_fire_at_cancel_and_shutdown),
	KUNIT_CASE_PARAM(delayed_fire_at_end, end_gen_params),
	{}
};

static struct kunit_suite delayed_fire_suite = {
	.name = "wpool_delayed_fire",
	.suite_init = delayed_fire_suite_init,
	.suite_exit = delayed_fire_suite_exit,
	.init = delayed_fire_init,
	.exit = wpt_exit,
	.test_cases = delayed_fire_cases,
};

kunit_test_suite(delayed_fire_suite);
