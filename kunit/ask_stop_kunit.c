// SPDX-License-Identifier: GPL-2.0
/*
 * Sleeps that end when the task is asked to stop, and asking without a wait.
 */
#include <linux/wait.h>
#include "actor.h"

#define TASKS	8

/* Longer than any test. */
#define NEVER	(10 * WPT_LIMIT)

static int ask_stop_init(struct kunit *test)
{
	return wpt_init(test, "wpool_ask_stop");
}

static int call_sleep(struct actor *self)
{
	return wpool_sleep(NEVER);
}

struct event {
	wait_queue_head_t	wq;
	bool			happened;
	/* What does not come to its end: a task, which is in a group; and its pool is full. */
	struct wpool		*full;
	struct wpt_job		*hold, *late;
	struct wpool_group	*group;
};

static int call_wait_event(struct actor *self)
{
	struct event *event = self->other;

	return wpool_wait_event_stop(event->wq, READ_ONCE(event->happened));
}

static struct event *new_event(struct kunit *test)
{
	struct event *event = wpt_alloc(test, sizeof(*event));

	init_waitqueue_head(&event->wq);
	event->full = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	event->hold = wpt_jobs(test, 1, wpt_gate(test));
	event->late = wpt_jobs(test, 1, NULL);
	event->group = wpt_group(test, false);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(event->group, event->full,
						   &event->hold->task), 0);
	wpt_begun(test, event->hold);
	return event;
}

static int call_schedule(struct actor *self)
{
	struct event *event = self->other;

	return wpool_schedule(event->full, &event->late->task);
}

static int call_schedule_timeout(struct actor *self)
{
	struct event *event = self->other;

	return wpool_schedule_timeout(event->full, &event->late->task, NEVER);
}

static int call_schedule_interruptible(struct actor *self)
{
	struct wpool_how how = { .flags = WPOOL_INTERRUPTIBLE };
	struct event *event = self->other;

	return wpool_schedule_how(event->full, &event->late->task, &how);
}

static int call_run_timeout(struct actor *self)
{
	struct event *event = self->other;

	return wpool_run_timeout(event->full, wpt_run_job, event->late, NEVER, NULL);
}

static int call_wait_timeout(struct actor *self)
{
	struct event *event = self->other;

	return wpool_wait_timeout(&event->hold->task, NEVER, NULL);
}

static int call_wait_killable(struct actor *self)
{
	struct event *event = self->other;

	return wpool_wait_killable(&event->hold->task, NULL);
}

static int call_wait_interruptible(struct actor *self)
{
	struct event *event = self->other;

	return wpool_wait_interruptible(&event->hold->task, NULL);
}

static int call_group_timeout(struct actor *self)
{
	struct event *event = self->other;

	return wpool_group_wait_timeout(event->group, NEVER);
}

static int call_group_killable(struct actor *self)
{
	struct event *event = self->other;

	return wpool_group_wait_killable(event->group);
}

static int call_group_interruptible(struct actor *self)
{
	struct event *event = self->other;

	return wpool_group_wait_interruptible(event->group);
}

static int call_wait(struct actor *self)
{
	struct event *event = self->other;

	return wpool_wait(&event->hold->task);
}

static int call_group_wait(struct actor *self)
{
	struct event *event = self->other;

	return wpool_group_wait(event->group);
}

typedef int (*call_t)(struct actor *);

static const struct way {
	const char	*name;
	call_t		call;
} ways[] = {
	{ "wpool_sleep", call_sleep },
	{ "wpool_wait_event_stop", call_wait_event },
	{ "wpool_schedule", call_schedule },
	{ "wpool_schedule_timeout", call_schedule_timeout },
	{ "WPOOL_INTERRUPTIBLE", call_schedule_interruptible },
	{ "wpool_run_timeout", call_run_timeout },
	{ "wpool_wait_timeout", call_wait_timeout },
	{ "wpool_wait_killable", call_wait_killable },
	{ "wpool_wait_interruptible", call_wait_interruptible },
	{ "wpool_group_wait_timeout", call_group_timeout },
	{ "wpool_group_wait_killable", call_group_killable },
	{ "wpool_group_wait_interruptible", call_group_interruptible },
};

static void way_name(const struct way *way, char *name)
{
	strscpy(name, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_name);

/* Tasks that sleep like that, in a pool of their own. */
static struct actor **sleepers(struct kunit *test, unsigned int n)
{
	const struct way *way = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = n });
	struct actor **all = wpt_alloc(test, n * sizeof(*all));
	unsigned int i;

	for (i = 0; i < n; i++) {
		all[i] = actor(test, pool, way->call, new_event(test));
		actor_start(test, all[i]);
		actor_go_to_sleep(test, all[i]);
	}
	return all;
}

/* 90: each of many is asked, and then all of them end */
static void ask_stop_wakes(struct kunit *test)
{
	struct actor **all = sleepers(test, TASKS);
	unsigned int i;

	for (i = 1; i < TASKS; i++)
		KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&all[i]->task));
	for (i = 1; i < TASKS; i++)
		KUNIT_EXPECT_EQ(test, actor_end(test, all[i]), -ECANCELED);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&all[0]->task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel_sync(&all[0]->task));
	KUNIT_EXPECT_EQ(test, actor_end(test, all[0]), -ECANCELED);
}

/* 90: what was to be scheduled is not accepted, and may be scheduled again */
static void ask_stop_for_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct event *event = new_event(test);
	struct actor *sleeper = actor(test, pool, call_schedule, event);

	actor_start(test, sleeper);
	actor_go_to_sleep(test, sleeper);
	WPT_ASSERT_STAT(test, event->full, BLOCKED, 1);
	KUNIT_EXPECT_FALSE(test, wpool_cancel_sync(&sleeper->task));
	KUNIT_EXPECT_EQ(test, sleeper->got, -ECANCELED);
	WPT_EXPECT_STAT(test, event->full, BLOCKED, 0);
	WPT_EXPECT_STAT(test, event->full, SUBMITTED, 1);
	WPT_EXPECT_STAT(test, event->full, REJECTED, 1);
	wpt_open(event->hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_schedule(event->full, &event->late->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, event->late), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&event->late->runs), 1);
}

/* 90: nor does it end a wait whose task may lie on the stack of the caller */
static void ask_stop_not_heard(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct event *event = new_event(test);
	struct actor *both[] = {
		actor(test, pool, call_wait, event), actor(test, pool, call_group_wait, event),
	};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		actor_start(test, both[i]);
		actor_go_to_sleep(test, both[i]);
		KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&both[i]->task));
	}
	wpt_open(event->hold->gate);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, actor_end(test, both[i]), 0);
}

/* 54, 90: wpool_shutdown_now() asks all that run */
static void ask_stop_by_shutdown(struct kunit *test)
{
	struct actor **all = sleepers(test, TASKS);
	unsigned int i;

	wpool_shutdown_now(all[0]->pool, NULL);
	for (i = 0; i < TASKS; i++)
		KUNIT_EXPECT_EQ(test, actor_end(test, all[i]), -ECANCELED);
}

/* 90: who is asked before it sleeps does not sleep */
static void ask_stop_before(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct actor *early = actor(test, pool, way->call, new_event(test));

	KUNIT_EXPECT_FALSE(test, wpool_ask_stop(&early->task));	/* not submitted */
	actor_start(test, early);
	KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&early->task));
	wpt_open(early->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, early), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, wpool_ask_stop(&early->task));	/* done */
	KUNIT_EXPECT_FALSE(test, wpool_ask_stop(NULL));
}

/* 50, 90: a task that waits in the queue is not asked */
static void ask_stop_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct actor *queued = actor(test, pool, call_wait_event, new_event(test));
	struct event *event = queued->other;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &queued->task), 0);
	KUNIT_EXPECT_FALSE(test, wpool_ask_stop(&queued->task));
	event->happened = true;
	wpt_open(queued->gate);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, queued), 0);
}

/* 90: a wake-up alone does not end a sleep */
static void ask_stop_woken(struct kunit *test)
{
	struct actor *sleeper = sleepers(test, 1)[0];
	unsigned int i;

	for (i = 0; i < 10; i++) {
		wake_up_process(sleeper->thread);
		WPT_ASSERT_UNTIL(test, actor_sleeps(sleeper));
	}
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&sleeper->task));
	KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&sleeper->task));
	KUNIT_EXPECT_EQ(test, actor_end(test, sleeper), -ECANCELED);
}

/* 90: the condition ends the wait, also if the task is asked at the same time */
static void ask_stop_event(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct actor *both[2];
	struct event *event;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		both[i] = actor(test, pool, call_wait_event, new_event(test));
		actor_start(test, both[i]);
		actor_go_to_sleep(test, both[i]);
		/* It has looked at the condition, and has left its CPU. */
		WPT_ASSERT_UNTIL(test, !READ_ONCE(both[i]->thread->on_rq));
		event = both[i]->other;
		WRITE_ONCE(event->happened, true);
		if (i)
			KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&both[i]->task));
		else
			wake_up(&event->wq);
		KUNIT_EXPECT_EQ(test, actor_end(test, both[i]), 0);
	}
}

/* The look at the condition, and then, before anything else, the event and the question. */
static bool happens_late(struct actor *self)
{
	struct event *event = self->other;
	bool happened = event->happened;

	if (!happened) {
		event->happened = true;
		wpool_ask_stop(&self->task);
	}
	return happened;
}

static int call_wait_late(struct actor *self)
{
	struct event *event = self->other;

	return wpool_wait_event_stop(event->wq, happens_late(self));
}

/* 90: also if both come between the look at the condition and the sleep */
static void ask_stop_event_late(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct actor *late = actor(test, pool, call_wait_late, new_event(test));

	wpt_open(late->gate);
	actor_start(test, late);
	KUNIT_EXPECT_EQ(test, actor_end(test, late), 0);
}

static int call_short_sleep(struct actor *self)
{
	unsigned long begin = jiffies;
	int ret = wpool_sleep(2);

	return ret ?: time_before(jiffies, begin + 2);
}

/* 20, 90: a sleep lasts for its time, in a task and outside of one */
static void ask_stop_time(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct actor *shortly = actor(test, pool, call_short_sleep, NULL);

	wpt_open(shortly->gate);
	actor_start(test, shortly);
	KUNIT_EXPECT_EQ(test, actor_end(test, shortly), 0);
	KUNIT_EXPECT_EQ(test, call_short_sleep(shortly), 0);
	KUNIT_EXPECT_EQ(test, wpool_sleep(0), 0);
}

static int nap_fn(void *arg)
{
	struct wpt_job *job = arg;

	job->result = wpool_sleep(NEVER);
	complete_all(&job->gate->opened);
	return 0;
}

/* 20, 90: a call whose time is over wakes the task that it leaves behind */
static void ask_stop_timed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));

	KUNIT_EXPECT_EQ(test, wpool_run_timeout(pool, nap_fn, job, 2, NULL),
			-ETIMEDOUT);
	if (wpt_stat(pool, WPOOL_STAT_CANCELLED))
		kunit_skip(test, "it did not begin in time");
	KUNIT_EXPECT_GT(test, wait_for_completion_timeout(&job->gate->opened, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, job->result, -ECANCELED);
}

static int call_schedule_it(struct actor *self)
{
	struct actor *it = self->other;

	return wpool_schedule(it->pool, &it->task);
}

/* 82, 90: a task that its submitter runs, inside a task of another pool, and in its pool */
static void ask_stop_caller(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct actor *naps[2], *submits[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		naps[i] = actor(test, pool, call_sleep, NULL);
		submits[i] = actor(test, other, call_schedule_it, naps[i]);
		actor_start(test, submits[i]);
		wpt_open(submits[i]->gate);
		actor_begun(test, naps[i]);
		actor_go_to_sleep(test, naps[i]);
		KUNIT_EXPECT_PTR_EQ(test, naps[i]->thread, submits[i]->thread);
	}
	KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&submits[0]->task));	/* not the inner one */
	KUNIT_EXPECT_TRUE(test, wpool_ask_stop(&naps[1]->task));
	KUNIT_EXPECT_EQ(test, actor_end(test, submits[1]), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, naps[1]), -ECANCELED);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&naps[0]->task));
	wpool_shutdown_now(pool, NULL);
	KUNIT_EXPECT_EQ(test, actor_end(test, submits[0]), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, naps[0]), -ECANCELED);
	wpt_open(hold->gate);
}

static struct kunit_case ask_stop_cases[] = {
	KUNIT_CASE_PARAM(ask_stop_wakes, way_gen_params),
	KUNIT_CASE(ask_stop_for_room),
	KUNIT_CASE(ask_stop_not_heard),
	KUNIT_CASE_PARAM(ask_stop_by_shutdown, way_gen_params),
	KUNIT_CASE_PARAM(ask_stop_before, way_gen_params),
	KUNIT_CASE(ask_stop_queued),
	KUNIT_CASE_PARAM(ask_stop_woken, way_gen_params),
	KUNIT_CASE(ask_stop_event),
	KUNIT_CASE(ask_stop_event_late),
	KUNIT_CASE(ask_stop_time),
	KUNIT_CASE(ask_stop_timed),
	KUNIT_CASE(ask_stop_caller),
	{}
};

static struct kunit_suite ask_stop_suite = {
	.name = "wpool_ask_stop",
	.init = ask_stop_init,
	.exit = wpt_exit,
	.test_cases = ask_stop_cases,
};

kunit_test_suite(ask_stop_suite);
