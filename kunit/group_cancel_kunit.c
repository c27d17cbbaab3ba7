// SPDX-License-Identifier: GPL-2.0
/*
 * Groups: what is taken back wherever it waits, and how long a worker helps.
 */
#include <linux/cpumask.h>
#include <linux/sched.h>
#include "halt.h"
#include "wpool_kunit.h"

static int group_cancel_init(struct kunit *test)
{
	return wpt_init(test, "wpool_group_cancel");
}

/*
 * A job that its submitter runs, in a pool that has room again, and that is submitted
 * once more, to a group if one is given.
 */
static struct wpool *run_by_caller(struct kunit *test, struct wpt_job *job,
				   struct wpool_group *group)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *fill = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, fill, 1), 0);
	wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	wpt_open(hold->gate);
	wpt_wait(test, fill);
	if (group)
		wpt_group_schedule(test, group, pool, job, 1);
	else
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	return pool;
}

/* 53: also the second run of a task whose submitter is inside the first */
static void group_cancel_in_caller(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_group *group = wpt_group(test, false);
	struct wpool *pool = run_by_caller(test, job, group);

	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 54: wpool_shutdown_now() counts that one too */
static void group_cancel_shutdown_now(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool *pool = run_by_caller(test, job, NULL);
	LIST_HEAD(unrun);

	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* A task that waits for a group for a while, as soon as the group is there. */
struct helper {
	struct wpool_group	*group;
	struct wpt_gate		*gate;
	unsigned int		timeout;
};

static int wait_for_group(void *arg)
{
	struct helper *helper = arg;

	wait_for_completion(&helper->gate->opened);
	return wpool_group_wait_timeout(helper->group, helper->timeout);
}

/* Each is as long as the helper is to wait for all of them. */
static int run_long(void *arg)
{
	struct helper *helper = arg;

	schedule_timeout_idle(helper->timeout + 1);
	return 0;
}

/* 20: a worker that helps looks at the clock before each task: it begins one too many */
static void group_wait_is_limited(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct helper *helper = wpt_alloc(test, sizeof(*helper));
	struct wpool_task *tasks = wpt_alloc(test, 6 * sizeof(*tasks));
	unsigned int i;

	helper->group = wpt_group(test, false);
	helper->gate = wpt_gate(test);
	helper->timeout = HZ / 20 + 1;
	wpool_task_init(&tasks[0], wait_for_group, helper);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &tasks[0]), 0);
	for (i = 1; i < 6; i++) {
		wpool_task_init(&tasks[i], run_long, helper);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule(helper->group, pool, &tasks[i]), 0);
	}
	wpt_open(helper->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tasks[0]), -ETIMEDOUT);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, helper->group), 0);
}

static const bool keyed_cases[] = { false, true };

static void keyed_name(const bool *keyed, char *desc)
{
	strscpy(desc, *keyed ? "deferred by a key" : "on the queue", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(keyed, keyed_cases, keyed_name);

/* Many times as many as are looked at in one hold of the pool's lock. */
#define MANY		1024
#define CHUNK		32
#define ROUNDS		10

struct crowd {
	struct wpool_keyed_task	*ktasks;
	unsigned int		first;		/* of those that are on the same list */
};

/* Takes back the one that a walk is to go on with, as soon as it has come so far. */
static int cancel_ahead(struct wpt_thread *self)
{
	unsigned long end = jiffies + WPT_LIMIT;
	struct crowd *crowd = self->arg;
	unsigned int i, n = 0;

	for (i = crowd->first + CHUNK; i < MANY; i += CHUNK) {
		while (wpool_task_queued(&crowd->ktasks[i - 1].task) && time_before(jiffies, end))
			cond_resched();
		n += wpool_cancel(&crowd->ktasks[i].task);
	}
	return n;
}

/* 53: a group is taken back while others take back tasks of it: each once, and none is missed */
static void group_cancel_beside_cancel(struct kunit *test)
{
	bool keyed = *(const bool *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct wpool_group *group = wpt_group(test, false);
	struct crowd *crowd = wpt_alloc(test, sizeof(*crowd));
	struct wpt_thread *thread;
	unsigned int i, round, n;

	crowd->ktasks = wpt_alloc(test, MANY * sizeof(*crowd->ktasks));
	crowd->first = keyed;		/* the head of the key is on the queue */
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < MANY; i++) {
			if (keyed)
				wpool_keyed_task_init(&crowd->ktasks[i], wpt_run_job, job);
			else
				wpool_task_init(&crowd->ktasks[i].task, wpt_run_job, job);
			KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool,
								   &crowd->ktasks[i].task), 0);
		}
		thread = wpt_thread(test, cancel_ahead, pool, NULL, crowd);
		n = wpool_group_cancel(group);
		KUNIT_EXPECT_EQ(test, wpt_join(test, thread) + n, MANY);
		KUNIT_ASSERT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
		WPT_EXPECT_STAT(test, pool, QUEUED, 0);
		wpool_group_init(group);
	}
	wpt_open(hold->gate);
	WPT_EXPECT_STAT(test, pool, CANCELLED, ROUNDS * MANY);
}

/* So many that looking at all of them takes a while. */
#define CROWD		80000

static int call_group_cancel(struct wpt_thread *self)
{
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_last(cpu_online_mask)));
	return wpool_group_cancel(self->arg);
}

/* 53: workers take what is before the tasks of a group while these are looked for */
static void group_cancel_beside_workers(struct kunit *test)
{
	const struct cpumask *here = cpumask_of(cpumask_first(cpu_online_mask));
	struct wpt_job *hold, *first, *plain, *slow, *grouped = wpt_jobs(test, 64, NULL);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_thread *thread;
	struct wpool *pool;
	struct wpt_halt *halt;
	bool halfway;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	set_cpus_allowed_ptr(current, here);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED, .cpumask = here,
	});
	hold = wpt_hold(test, pool, 1);
	first = wpt_jobs(test, 1, NULL);
	plain = wpt_jobs(test, CROWD, NULL);
	slow = wpt_jobs(test, 1, wpt_gate(test));
	wpt_group_schedule(test, group, pool, first, 1);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, plain, CROWD), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &slow->task), 0);
	wpt_group_schedule(test, group, pool, grouped, 64);
	thread = wpt_thread(test, call_group_cancel, pool, NULL, group);
	wpt_spin_until(!wpool_task_queued(&first->task));
	halt = wpt_halt_other(test);
	halfway = !completion_done(&thread->done) && wpt_stat(pool, WPOOL_STAT_CANCELLED) == 1;
	wpt_open(hold->gate);
	wpt_begun(test, slow);
	wpt_go_on(halt);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 65);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, COMPLETED, CROWD + 1);
	wpt_open(slow->gate);
	if (!halfway || halt->early)
		kunit_skip(test, "the call was not met half-way");
}

static struct kunit_case group_cancel_cases[] = {
	KUNIT_CASE(group_cancel_in_caller),
	KUNIT_CASE(group_cancel_shutdown_now),
	KUNIT_CASE(group_wait_is_limited),
	KUNIT_CASE_PARAM(group_cancel_beside_cancel, keyed_gen_params),
	KUNIT_CASE(group_cancel_beside_workers),
	{}
};

static struct kunit_suite group_cancel_suite = {
	.name = "wpool_group_cancel",
	.init = group_cancel_init,
	.exit = wpt_exit,
	.test_cases = group_cancel_cases,
};

kunit_test_suite(group_cancel_suite);
