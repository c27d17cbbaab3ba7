// SPDX-License-Identifier: GPL-2.0
/* Waits that a signal ends, and ways in that do not wait, or not for long. */
#include <linux/sched/signal.h>

#include "wpool_kunit.h"

struct signals_case {
	const char	*what;
	int		(*call)(struct wpt_thread *self);
	bool		killable;
};

/* A thread in a call that a signal may end. */
struct signals_scene {
	const struct signals_case *param;
	struct wpt_job		*hold;		/* what runs meanwhile */
	struct wpt_thread	*thread;
	struct wpool_group	*group;
	struct wpool_keyed_task	keyed;
};

static struct wpool_task *signals_task(struct wpt_thread *self)
{
	return &self->job->task;
}

static int call_wait_killable(struct wpt_thread *self)
{
	return wpool_wait_killable(signals_task(self), NULL);
}

static int call_wait_interruptible(struct wpt_thread *self)
{
	return wpool_wait_interruptible(signals_task(self), NULL);
}

static int call_group_killable(struct wpt_thread *self)
{
	struct signals_scene *scene = self->arg;

	return wpool_group_wait_killable(scene->group);
}

static int call_group_interruptible(struct wpt_thread *self)
{
	struct signals_scene *scene = self->arg;

	return wpool_group_wait_interruptible(scene->group);
}

static int call_schedule_interruptible(struct wpt_thread *self)
{
	return wpool_schedule_interruptible(self->pool, signals_task(self));
}

static int call_keyed_interruptible(struct wpt_thread *self)
{
	struct signals_scene *scene = self->arg;

	return wpool_schedule_keyed_interruptible(self->pool, &scene->keyed, 7);
}

static int call_member_interruptible(struct wpt_thread *self)
{
	struct signals_scene *scene = self->arg;

	return wpool_group_schedule_interruptible(scene->group, self->pool, signals_task(self));
}

static const struct signals_case wait_cases[] = {
	{ "for a task, killable", call_wait_killable, true },
	{ "for a task, interruptible", call_wait_interruptible },
	{ "for a group, killable", call_group_killable, true },
	{ "for a group, interruptible", call_group_interruptible },
};

static const struct signals_case room_cases[] = {
	{ "with a task", call_schedule_interruptible },
	{ "with a task that has a key", call_keyed_interruptible },
	{ "with a task of a group", call_member_interruptible },
};

static void signals_name(const struct signals_case *param, char *desc)
{
	strscpy(desc, param->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(wait, wait_cases, signals_name);
KUNIT_ARRAY_PARAM(room, room_cases, signals_name);

/* The call of the case, by a thread that gets signals. */
static int signals_call(struct wpt_thread *self)
{
	struct signals_scene *scene = self->arg;
	int ret;

	allow_signal(SIGKILL);
	allow_signal(SIGUSR1);
	ret = scene->param->call(self);
	flush_signals(current);
	return ret;
}

static struct signals_scene *signals_scene(struct kunit *test)
{
	struct signals_scene *scene = wpt_alloc(test, sizeof(*scene));

	scene->param = test->param_value;
	scene->group = wpt_group(test, false);
	wpool_keyed_task_init(&scene->keyed, wpt_run_job, wpt_jobs(test, 1, NULL));
	return scene;
}

/* A thread waits for a task of a group, which runs. */
static struct signals_scene *signals_wait(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct signals_scene *scene = signals_scene(test);

	scene->hold = wpt_jobs(test, 1, wpt_gate(test));
	scene->hold->result = 5;
	wpt_group_schedule(test, scene->group, pool, scene->hold, 1);
	wpt_begun(test, scene->hold);
	scene->thread = wpt_thread(test, signals_call, pool, scene->hold, scene);
	WPT_ASSERT_UNTIL(test, wpt_asleep(scene->thread));
	return scene;
}

/* 87, 21: a signal ends the wait alone: the task goes on, and has its result */
static void signals_end_wait(struct kunit *test)
{
	struct signals_scene *scene = signals_wait(test);

	send_sig(scene->param->killable ? SIGKILL : SIGUSR1, scene->thread->kthread, 1);
	KUNIT_EXPECT_EQ(test, wpt_join(test, scene->thread), -EINTR);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&scene->hold->task));
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, scene->hold), 5);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), 0);
}

/* 87: one that is not fatal does not end a killable wait; nobody has sent the others one */
static void signals_wait_goes_on(struct kunit *test)
{
	struct signals_scene *scene = signals_wait(test);

	if (scene->param->killable)
		send_sig(SIGUSR1, scene->thread->kthread, 1);
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, scene->thread), 0);
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&scene->hold->task));
}

/* 87, 21: any signal ends the wait for room: the task is not accepted, its group empty */
static void signals_end_wait_for_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct signals_scene *scene = signals_scene(test);
	struct wpt_thread *thread = wpt_thread(test, signals_call, pool, wpt_jobs(test, 1, NULL),
					       scene);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	send_sig(SIGUSR1, thread->kthread, 1);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -EINTR);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), 0);
	wpt_open(hold->gate);
}

/* Whatever the policy is: there is no room, and the call does not wait for it. */
static const enum wpool_full full_cases[] = {
	WPOOL_FULL_BLOCK, WPOOL_FULL_FAIL, WPOOL_FULL_CALLER_RUNS, WPOOL_FULL_DISCARD,
	WPOOL_FULL_DISCARD_OLDEST,
};

static void full_name(const enum wpool_full *full, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "policy %d", *full);
}

KUNIT_ARRAY_PARAM(full, full_cases, full_name);

/* 88: with a key or a group a full pool refuses at once who does not wait, or not long */
static void signals_try_when_full(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
		.full = *(const enum wpool_full *)test->param_value,
	});
	struct wpool_keyed_task *keyed = wpt_alloc(test, sizeof(*keyed));
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[0].task), 0);
	wpool_keyed_task_init(keyed, wpt_run_job, wpt_jobs(test, 1, NULL));
	KUNIT_EXPECT_EQ(test, wpool_try_schedule_keyed(pool, keyed, 1), -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed_timeout(pool, keyed, 1, 0), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed_timeout(pool, keyed, 1, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpool_group_try_schedule(group, pool, &jobs[1].task), -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_timeout(group, pool, &jobs[1].task, 0),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_timeout(group, pool, &jobs[1].task, 1),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);

	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
}

/* 88: where there is room they are accepted, as by the calls that wait */
static void signals_try_with_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_keyed_task *keyed = wpt_alloc(test, 2 * sizeof(*keyed));
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	unsigned int i;

	wpool_keyed_task_init(&keyed[0], wpt_run_job, &jobs[0]);
	wpool_keyed_task_init(&keyed[1], wpt_run_job, &jobs[1]);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule_keyed(pool, &keyed[0], 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed_timeout(pool, &keyed[1], 1, 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_try_schedule(group, pool, &jobs[2].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_timeout(group, pool, &jobs[3].task, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[1].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
}

static struct kunit_case signals_cases[] = {
	KUNIT_CASE_PARAM(signals_end_wait, wait_gen_params),
	KUNIT_CASE_PARAM(signals_wait_goes_on, wait_gen_params),
	KUNIT_CASE_PARAM(signals_end_wait_for_room, room_gen_params),
	KUNIT_CASE_PARAM(signals_try_when_full, full_gen_params),
	KUNIT_CASE(signals_try_with_room),
	{}
};

static int signals_test_init(struct kunit *test)
{
	return wpt_init(test, "wpool_signals");
}

static struct kunit_suite signals_suite = {
	.name = "wpool_signals",
	.init = signals_test_init,
	.exit = wpt_exit,
	.test_cases = signals_cases,
};

kunit_test_suite(signals_suite);
