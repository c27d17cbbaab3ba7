// SPDX-License-Identifier: GPL-2.0
/*
 * A worker that waits for a task which its key holds back, or for the group of one, behind
 * others that somebody has waited for before.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>

#include "actor.h"

static int behind_init(struct kunit *test)
{
	return wpt_init(test, "wpool_behind");
}

/* More than are woken in one hold of the lock. */
#define MANY	40

/* The head of the key, whose thread is not free when that has ended. */
struct head {
	struct wpool_keyed_task	ktask;
	struct wpt_job		*job;
};

/* Runs the head itself, and then waits for its gate. */
static int call_run_head(struct actor *self)
{
	struct head *head = self->other;
	int err;

	wpool_keyed_task_init(&head->ktask, wpt_run_job, head->job);
	err = wpool_schedule_keyed(self->pool, &head->ktask, 0) ?: wpool_wait(&head->ktask.task);
	WRITE_ONCE(self->left, true);
	wait_for_completion(&head->job[1].gate->opened);
	return err;
}

/* What is behind the head: many of a group, and one that is awaited to the end. */
struct behind {
	struct wpool_group	*group;
	struct wpool_group	*last_group;
	struct wpool_task	*last;
	int			timed_out;
};

static int call_wait_for_group(struct actor *self)
{
	struct behind *behind = self->other;

	WRITE_ONCE(behind->timed_out, wpool_group_wait_timeout(behind->group, 1));
	return wpool_group_wait(behind->last_group);
}

static int call_wait_for_task(struct actor *self)
{
	struct behind *behind = self->other;

	WRITE_ONCE(behind->timed_out, wpool_group_wait_timeout(behind->group, 1));
	return wpool_wait(behind->last);
}

struct behind_case {
	const char	*name;
	int		(*call)(struct actor *self);
};

static const struct behind_case behind_cases[] = {
	{ "for a group", call_wait_for_group },
	{ "for a task", call_wait_for_task },
};

static void behind_name(const struct behind_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(behind, behind_cases, behind_name);

static void schedule_behind(struct kunit *test, struct wpool *pool, struct behind *behind)
{
	struct wpool_keyed_task *ktasks = wpt_alloc(test, (MANY + 1) * sizeof(*ktasks));
	struct wpt_job *jobs = wpt_jobs(test, MANY + 1, NULL);
	struct wpool_group *group;
	unsigned int i;

	behind->group = wpt_group(test, false);
	behind->last_group = wpt_group(test, false);
	behind->last = &ktasks[MANY].task;
	for (i = 0; i <= MANY; i++) {
		group = i < MANY ? behind->group : behind->last_group;
		wpool_keyed_task_init(&ktasks[i], wpt_run_job, &jobs[i]);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule_keyed(group, pool, &ktasks[i], 0), 0);
	}
}

/* 64: nobody else is free: it runs what holds its task back, however many are before it */
static void behind_many(struct kunit *test)
{
	const struct behind_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = MANY + 2 });
	struct wpt_job *others = wpt_hold(test, pool, MANY);
	struct behind *behind = wpt_alloc(test, sizeof(*behind));
	struct head *head = wpt_alloc(test, sizeof(*head));
	struct actor *waits = actor(test, pool, param->call, behind);
	struct actor *runs = actor(test, pool, call_run_head, head);
	struct wpt_gate *after = wpt_gate(test);

	head->job = wpt_jobs(test, 2, wpt_gate(test));
	head->job[1].gate = after;
	actor_start(test, waits);
	wpt_open(runs->gate);
	actor_start(test, runs);
	wpt_begun(test, &head->job[0]);
	schedule_behind(test, pool, behind);
	wpt_open(waits->gate);
	WPT_ASSERT_UNTIL(test, READ_ONCE(behind->timed_out) == -ETIMEDOUT &&
			 actor_sleeps(waits));
	wpt_open(head->job[0].gate);
	WPT_ASSERT_UNTIL(test, READ_ONCE(runs->left));
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	wpt_open(after);
	KUNIT_EXPECT_EQ(test, actor_end(test, runs), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, behind->group), 0);
	wpt_open(others->gate);
}

static const struct cpumask *one_cpu(void)
{
	return cpumask_of(cpumask_first(cpu_online_mask));
}

/* Behind a head come another, one that is taken back, and one more. */
struct taken {
	struct head		head;
	struct wpool_keyed_task	next, taken, last;
	struct actor		*waits_last;
	bool			cancelled;
};

/* Its worker is woken to run the next, and finds that the task has ended. */
static int call_wait_for_taken(struct actor *self)
{
	struct taken *behind = self->other;

	return wpool_wait(&behind->taken.task) == -ECANCELED ?
		wpool_wait(&behind->waits_last->task) : -EINVAL;
}

static int call_wait_for_last(struct actor *self)
{
	struct taken *behind = self->other;

	return wpool_wait(&behind->last.task);
}

/* Takes the task back before the worker that waits for it, on the same CPU, has looked. */
static int call_run_head_and_take(struct actor *self)
{
	struct taken *behind = self->other;
	struct wpt_job *job = behind->head.job;
	int err;

	set_cpus_allowed_ptr(current, one_cpu());
	sched_set_fifo(current);
	wpool_keyed_task_init(&behind->head.ktask, wpt_run_job, job);
	err = wpool_schedule_keyed(self->pool, &behind->head.ktask, 0) ?:
		wpool_wait(&behind->head.ktask.task);
	behind->cancelled = wpool_cancel(&behind->taken.task);
	sched_set_normal(current, 0);
	WRITE_ONCE(self->left, true);
	wait_for_completion(&job[1].gate->opened);
	return err;
}

/* 64: also if the task of the worker that was woken to run it was taken back meanwhile */
static void behind_taken(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct taken *behind = wpt_alloc(test, sizeof(*behind));
	struct actor *waits = actor(test, pool, call_wait_for_taken, behind);
	struct actor *waits_last = actor(test, pool, call_wait_for_last, behind);
	struct actor *runs = actor(test, pool, call_run_head_and_take, behind);
	struct wpool_keyed_task *ktasks[] = { &behind->next, &behind->taken, &behind->last };
	struct wpt_job *jobs = wpt_jobs(test, 2 + ARRAY_SIZE(ktasks), NULL);
	unsigned int i;

	jobs[0].gate = wpt_gate(test);
	jobs[1].gate = wpt_gate(test);
	behind->head.job = jobs;
	behind->waits_last = waits_last;
	actor_start(test, waits);
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(waits->thread, one_cpu()), 0);
	actor_start(test, waits_last);
	wpt_open(runs->gate);
	actor_start(test, runs);
	wpt_begun(test, &jobs[0]);
	for (i = 0; i < ARRAY_SIZE(ktasks); i++) {
		wpool_keyed_task_init(ktasks[i], wpt_run_job, &jobs[2 + i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, ktasks[i], 0), 0);
	}
	actor_go_to_sleep(test, waits);
	actor_go_to_sleep(test, waits_last);
	wpt_open(jobs[0].gate);
	WPT_ASSERT_UNTIL(test, READ_ONCE(runs->left));
	KUNIT_EXPECT_TRUE(test, behind->cancelled);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits_last), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	wpt_open(jobs[1].gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, runs), 0);
}

static struct kunit_case behind_kcases[] = {
	KUNIT_CASE_PARAM(behind_many, behind_gen_params),
	KUNIT_CASE(behind_taken),
	{}
};

static struct kunit_suite behind_suite = {
	.name = "wpool_behind",
	.init = behind_init,
	.exit = wpt_exit,
	.test_cases = behind_kcases,
};

kunit_test_suite(behind_suite);
