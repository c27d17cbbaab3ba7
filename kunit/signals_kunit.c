// SPDX-License-Identifier: GPL-2.0
/* Waits that a signal ends, and submitting without a wait for room, or with a limited one. */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "actor.h"
#include "halt.h"

struct signals_scene;

struct signals_case {
	const char	*what;
	int		(*call)(struct signals_scene *scene);
	bool		killable;
	bool		for_group;
};

/* A thread in a call that a signal may end. */
struct signals_scene {
	const struct signals_case *param;
	struct wpool		*pool;
	struct wpool_task	*task;		/* what it submits, or waits for */
	struct wpool_group	*group;
	struct wpool_keyed_task	keyed;
	struct wpt_job		*hold;		/* what runs meanwhile */
	struct wpt_thread	*thread;
	struct completion	gave_up;
	struct wpt_gate		*gate;
};

static int call_wait_killable(struct signals_scene *scene)
{
	return wpool_wait_killable(scene->task, NULL);
}

static int call_wait_interruptible(struct signals_scene *scene)
{
	return wpool_wait_interruptible(scene->task, NULL);
}

static int call_group_killable(struct signals_scene *scene)
{
	return wpool_group_wait_killable(scene->group);
}

static int call_group_interruptible(struct signals_scene *scene)
{
	return wpool_group_wait_interruptible(scene->group);
}

static int call_schedule_interruptible(struct signals_scene *scene)
{
	return wpool_schedule_interruptible(scene->pool, scene->task);
}

static int call_keyed_interruptible(struct signals_scene *scene)
{
	return wpool_schedule_keyed_interruptible(scene->pool, &scene->keyed, 7);
}

static int call_member_interruptible(struct signals_scene *scene)
{
	return wpool_group_schedule_interruptible(scene->group, scene->pool, scene->task);
}

static int call_keyed_member_interruptible(struct signals_scene *scene)
{
	return wpool_group_schedule_keyed_interruptible(scene->group, scene->pool, &scene->keyed,
							7);
}

static const struct signals_case wait_cases[] = {
	{ "for a task, killable", call_wait_killable, true },
	{ "for a task, interruptible", call_wait_interruptible },
	{ "for a group, killable", call_group_killable, true, true },
	{ "for a group, interruptible", call_group_interruptible, false, true },
};

static const struct signals_case room_cases[] = {
	{ "with a task", call_schedule_interruptible },
	{ "with a task that has a key", call_keyed_interruptible },
	{ "with a task of a group", call_member_interruptible },
	{ "with a task of a group that has a key", call_keyed_member_interruptible },
};

static void signals_name(const struct signals_case *param, char *desc)
{
	strscpy(desc, param->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(wait, wait_cases, signals_name);
KUNIT_ARRAY_PARAM(room, room_cases, signals_name);

/* The call of the case, by a thread that gets signals. */
static int signals_call(struct signals_scene *scene)
{
	int ret;

	allow_signal(SIGKILL);
	allow_signal(SIGUSR1);
	ret = scene->param->call(scene);
	flush_signals(current);
	disallow_signal(SIGUSR1);
	disallow_signal(SIGKILL);
	return ret;
}

static int thread_call(struct wpt_thread *self)
{
	return signals_call(self->arg);
}

static void signals_send(const struct signals_scene *scene, struct task_struct *thread)
{
	send_sig(scene->param->killable ? SIGKILL : SIGUSR1, thread, 1);
}

static struct signals_scene *signals_scene(struct kunit *test, struct wpool *pool)
{
	struct signals_scene *scene = wpt_alloc(test, sizeof(*scene));

	scene->param = test->param_value;
	scene->pool = pool;
	scene->task = &wpt_jobs(test, 1, NULL)->task;
	scene->group = wpt_group(test, false);
	wpool_keyed_task_init(&scene->keyed, wpt_run_job, wpt_jobs(test, 1, NULL));
	init_completion(&scene->gave_up);
	scene->gate = wpt_gate(test);
	return scene;
}

/* One with a full pool, whose worker is inside a task of the group. */
static struct signals_scene *signals_full(struct kunit *test)
{
	struct signals_scene *scene = signals_scene(test, wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	}));

	scene->hold = wpt_jobs(test, 1, wpt_gate(test));
	wpt_group_schedule(test, scene->group, scene->pool, scene->hold, 1);
	wpt_begun(test, scene->hold);
	return scene;
}

/* And with a thread that waits for this task, or for the group. */
static struct signals_scene *signals_wait(struct kunit *test)
{
	struct signals_scene *scene = signals_full(test);

	scene->hold->result = 5;
	scene->task = &scene->hold->task;
	scene->thread = wpt_thread(test, thread_call, NULL, NULL, scene);
	WPT_ASSERT_UNTIL(test, wpt_asleep(scene->thread));
	return scene;
}

/* So many that not all are completed in one hold of the lock. */
#define MANY	40

static int call_wait(struct wpt_thread *self)
{
	struct signals_scene *scene = self->arg;

	return scene->param->for_group ? wpool_group_wait(scene->group) : wpool_wait(scene->task);
}

/*
 * A wait that is over, and a signal, before those are awake who are to complete it. Meanwhile the
 * task is accepted by the other pool, if there is one.
 */
static void end_rest(struct kunit *test, struct wpool *other)
{
	const struct cpumask *first = cpumask_of(cpumask_first(cpu_online_mask));
	struct wpt_thread **before = wpt_alloc(test, MANY * sizeof(*before));
	struct signals_scene *scene;
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_halt *halt;
	bool ended, over, early;
	int ret = 0;
	unsigned int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	scene = signals_scene(test, wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = first,
	}));
	scene->hold = wpt_jobs(test, 1, wpt_gate(test));
	scene->task = &scene->hold->task;
	wpt_group_schedule(test, scene->group, scene->pool, scene->hold, 1);
	wpt_begun(test, scene->hold);
	for (i = 0; i < MANY; i++) {
		before[i] = wpt_thread(test, call_wait, NULL, NULL, scene);
		WPT_ASSERT_UNTIL(test, wpt_asleep(before[i]));
		set_cpus_allowed_ptr(before[i]->kthread,
				     cpumask_of(cpumask_last(cpu_online_mask)));
	}
	scene->thread = wpt_thread(test, thread_call, NULL, NULL, scene);
	WPT_ASSERT_UNTIL(test, wpt_asleep(scene->thread));
	set_cpus_allowed_ptr(scene->thread->kthread, first);
	set_cpus_allowed_ptr(current, first);
	halt = wpt_halt_other(test);
	wpt_open(scene->hold->gate);
	ended = wpt_busy_until(!wpool_task_running(scene->task));
	if (other)
		ret = wpool_group_schedule(group, other, scene->task);
	signals_send(scene, scene->thread->kthread);
	over = wpt_busy_until(completion_done(&scene->thread->done));
	early = READ_ONCE(halt->early);
	wpt_go_on(halt);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, before[i]), 0);
	if (early)
		kunit_skip(test, "the CPU did not stay halted for so long");
	KUNIT_EXPECT_TRUE(test, ended);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_ASSERT_TRUE(test, over);
	KUNIT_EXPECT_EQ(test, wpt_join(test, scene->thread), -EINTR);
}

/* 87, 21: a signal ends a wait that is over, before those are awake who are to complete it */
static void signals_end_rest(struct kunit *test)
{
	end_rest(test, NULL);
}

/* 87, 21: and so if its task is another pool's by then */
static void signals_end_rest_elsewhere(struct kunit *test)
{
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, other, 1);

	end_rest(test, other);
	wpt_open(hold->gate);
}

/* 87, 21: a signal ends only the wait: the task goes on, and has its result */
static void signals_end_wait(struct kunit *test)
{
	struct signals_scene *scene = signals_wait(test);

	signals_send(scene, scene->thread->kthread);
	KUNIT_EXPECT_EQ(test, wpt_join(test, scene->thread), -EINTR);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(scene->task));
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, scene->hold), 5);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), 0);
}

/* 87: a signal that is not fatal does not end a killable wait; the others get none */
static void signals_wait_goes_on(struct kunit *test)
{
	struct signals_scene *scene = signals_wait(test);

	if (scene->param->killable) {
		send_sig(SIGUSR1, scene->thread->kthread, 1);
		/* A sleep that it ends is over when send_sig() returns. */
		KUNIT_EXPECT_TRUE(test, wpt_asleep(scene->thread));
	}
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, scene->thread), 0);
	KUNIT_EXPECT_FALSE(test, wpool_task_running(scene->task));
}

/*
 * 87, 21: any signal ends the wait for room: the task is not accepted. A thread that waits for
 * the group does not notice.
 */
static void signals_end_wait_for_room(struct kunit *test)
{
	struct signals_scene *scene = signals_full(test);
	struct wpt_thread *waiter = wpt_thread(test, wpt_call_group_wait, NULL, NULL,
					       scene->group);

	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	scene->thread = wpt_thread(test, thread_call, NULL, NULL, scene);
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, 1);
	signals_send(scene, scene->thread->kthread);
	KUNIT_EXPECT_EQ(test, wpt_join(test, scene->thread), -EINTR);
	WPT_EXPECT_STAT(test, scene->pool, BLOCKED, 0);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 0);
	KUNIT_EXPECT_FALSE(test, completion_done(&waiter->done));
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 0);
	WPT_EXPECT_STAT(test, scene->pool, SUBMITTED, 1);
}

/* Makes the call of the case in a worker, and stays in its function. */
static int act_signalled(struct actor *self)
{
	struct signals_scene *scene = self->other;
	int ret = signals_call(scene);

	complete_all(&scene->gave_up);
	wait_for_completion(&scene->gate->opened);
	return ret;
}

/*
 * 87, 21: a worker whose wait a signal has ended is awake. So another worker that waits for
 * room is not the last one awake, and is not refused.
 */
static void signals_worker_awake(struct kunit *test)
{
	struct signals_scene *scene = signals_scene(test, wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF,
	}));
	struct actor *waits = actor(test, scene->pool, act_signalled, scene);
	struct actor *blocks = actor(test, scene->pool, actor_call_schedule, scene->task);

	KUNIT_ASSERT_EQ(test, wpool_group_schedule(scene->group, scene->pool, &blocks->task), 0);
	actor_begun(test, blocks);
	scene->task = &blocks->task;
	actor_start(test, waits);
	actor_go_to_sleep(test, waits);
	signals_send(scene, waits->thread);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&scene->gave_up, WPT_LIMIT), 0);

	wpt_open(blocks->gate);
	WPT_ASSERT_UNTIL(test, actor_sleeps(blocks) || READ_ONCE(blocks->got) != -ENODATA);
	WPT_EXPECT_STAT(test, scene->pool, BLOCKED, 1);
	wpt_open(scene->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), -EINTR);
	KUNIT_EXPECT_EQ(test, actor_end(test, blocks), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), 0);
}

#define RACES	60

static int race_fn(void *arg)
{
	udelay((long)arg);
	return 0;
}

/* Has the memory of a task on its stack back in the end, whatever the wait returned. */
static int race_task(struct wpool *pool, long i)
{
	struct wpool_task task;
	int ret, result = -ENODATA;

	wpool_task_init(&task, race_fn, (void *)(i % 8));
	ret = wpool_schedule_interruptible(pool, &task);
	if (ret)
		return ret == -EINTR ? 0 : ret;
	ret = wpool_wait_interruptible(&task, &result);
	if (!ret)
		return result;
	wpool_cancel_sync(&task);
	return ret == -EINTR ? 0 : ret;
}

/* And of a group. */
static int race_group(struct wpool *pool, long i)
{
	struct wpool_group group;
	struct wpool_task task;
	int ret;

	wpool_group_init(&group, 0);
	wpool_task_init(&task, race_fn, (void *)(i % 8));
	ret = wpool_group_schedule_interruptible(&group, pool, &task);
	if (ret)
		return ret == -EINTR ? 0 : ret;
	ret = wpool_group_wait_interruptible(&group);
	if (ret != -EINTR)
		return ret;
	wpool_group_cancel(&group);
	ret = wpool_group_wait(&group);
	return ret == -ECANCELED ? 0 : ret;
}

static int thread_race(struct wpt_thread *self)
{
	int ret = 0;
	long i;

	allow_signal(SIGUSR1);
	for (i = 0; i < RACES && !ret; i++) {
		ret = i % 2 ? race_task(self->pool, i / 2) : race_group(self->pool, i / 2);
		flush_signals(current);
	}
	disallow_signal(SIGUSR1);
	return ret;
}

/* 87: a signal that comes just as the task ends, or as there is room for it */
static void signals_race_with_end(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_thread *threads[2];
	unsigned long n = 0, i;

	for (i = 0; i < 2; i++)
		threads[i] = wpt_thread(test, thread_race, pool, NULL, NULL);
	while (!completion_done(&threads[0]->done) || !completion_done(&threads[1]->done)) {
		send_sig(SIGUSR1, threads[n++ % 2]->kthread, 1);
		udelay(n * 7 % 32);
		cond_resched();
	}
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	KUNIT_EXPECT_EQ(test, wpt_stat(pool, WPOOL_STAT_SUBMITTED),
			wpt_stat(pool, WPOOL_STAT_COMPLETED) +
			wpt_stat(pool, WPOOL_STAT_CANCELLED));
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, RUNNING, 0);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
}

/* Whatever the policy is, the call does not wait for room, or not longer than its limit. */
static const enum wpool_full full_cases[] = {
	WPOOL_FULL_BLOCK, WPOOL_FULL_FAIL, WPOOL_FULL_CALLER_RUNS, WPOOL_FULL_DISCARD,
	WPOOL_FULL_DISCARD_OLDEST,
};

static void full_name(const enum wpool_full *full, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "policy %d", *full);
}

KUNIT_ARRAY_PARAM(full, full_cases, full_name);

/* 88: a full pool refuses tasks with a key or of a group at once, or after the time limit */
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
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed_timeout(group, pool, keyed, 1, 0),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed_timeout(group, pool, keyed, 1, 1),
			-ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);

	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
}

/* 88: where there is room they are accepted, as with the calls that wait */
static void signals_try_with_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_keyed_task *keyed = wpt_alloc(test, 4 * sizeof(*keyed));
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 6, NULL);
	unsigned int i;

	for (i = 0; i < 4; i++)
		wpool_keyed_task_init(&keyed[i], wpt_run_job, &jobs[i]);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule_keyed(pool, &keyed[0], 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed_timeout(pool, &keyed[1], 1, 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed_timeout(group, pool, &keyed[2], 1, 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed_interruptible(group, pool, &keyed[3], 1),
			0);
	KUNIT_EXPECT_EQ(test, wpool_group_try_schedule(group, pool, &jobs[4].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_timeout(group, pool, &jobs[5].task, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[1].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
}

/* 87: without a signal they give the result of the task */
static void signals_give_result(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	int result = 0;

	job->result = 21;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_killable(&job->task, &result), 0);
	KUNIT_EXPECT_EQ(test, result, 21);
	result = 0;
	KUNIT_EXPECT_EQ(test, wpool_wait_interruptible(&job->task, &result), 0);
	KUNIT_EXPECT_EQ(test, result, 21);
}

/* 13: no pool, no task, no group, to each of these calls */
static void signals_null(struct kunit *test)
{
	struct signals_scene *scene = signals_scene(test, wpt_pool(test, NULL));
	struct wpool_keyed_task *keyed = &scene->keyed;
	struct wpool_group *group = scene->group;
	struct wpool_task *task = scene->task;
	struct wpool *pool = scene->pool;

	KUNIT_EXPECT_EQ(test, wpool_try_schedule_keyed(NULL, keyed, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule_keyed(pool, NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed_timeout(NULL, keyed, 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed_timeout(pool, NULL, 1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed_interruptible(NULL, keyed, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed_interruptible(pool, NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_try_schedule(NULL, pool, task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_try_schedule(group, NULL, task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_try_schedule(group, pool, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_timeout(NULL, pool, task, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_timeout(group, NULL, task, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_interruptible(NULL, pool, task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_interruptible(group, pool, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed_timeout(NULL, pool, keyed, 1, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed_timeout(group, pool, NULL, 1, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed_interruptible(NULL, pool, keyed, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed_interruptible(group, NULL, keyed, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_wait_killable(NULL, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_wait_interruptible(task, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_killable(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_interruptible(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_killable(group), 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
}

static struct kunit_case signals_cases[] = {
	KUNIT_CASE_PARAM(signals_end_wait, wait_gen_params),
	KUNIT_CASE_PARAM(signals_end_rest, wait_gen_params),
	KUNIT_CASE_PARAM(signals_end_rest_elsewhere, wait_gen_params),
	KUNIT_CASE_PARAM(signals_wait_goes_on, wait_gen_params),
	KUNIT_CASE_PARAM(signals_end_wait_for_room, room_gen_params),
	KUNIT_CASE_PARAM(signals_worker_awake, wait_gen_params),
	KUNIT_CASE(signals_race_with_end),
	KUNIT_CASE_PARAM(signals_try_when_full, full_gen_params),
	KUNIT_CASE(signals_try_with_room),
	KUNIT_CASE(signals_give_result),
	KUNIT_CASE(signals_null),
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
