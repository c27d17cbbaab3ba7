// SPDX-License-Identifier: GPL-2.0
/*
 * What others are just about to do as a pool is closed. An event under its lock, or in the
 * manager, makes them meet.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "at_event.h"
#include "wpool_kunit.h"

/* More than are turned away in the first few holds of the lock. */
#define SUBMITTERS	400

/* For how long an event may wait for another thread. */
#define MEET_LIMIT	(5ULL * NSEC_PER_SEC)

/* For what the test or another thread sets; also with interrupts off. In ns. */
#define spin_for(condition, limit)					\
do {									\
	u64 __end = ktime_get_mono_fast_ns() + (limit);			\
									\
	while (!(condition) && ktime_get_mono_fast_ns() < __end)	\
		cpu_relax();						\
} while (0)

/* The pool that is looked at, and what happens there; one test at a time. */
static struct {
	struct wpool	*pool;
	bool		close;		/* by the manager, as a worker of it has died */
	bool		closed;
	s64		blocked;	/* as it came to its end */
	struct wpt_job	*jobs;		/* of the submitters */
	atomic_t	refused;	/* so many of them */
	struct helper	*helper;	/* to be waited for in the hold in which it is closed */
	u64		patience;	/* for how long, once it is in its call; in ns */
	struct task_struct *manager;	/* goes first; or NULL */
} scene;

/* A worker that is to wait for the last of the tasks, or for its group. */
struct helper {
	struct wpool_task	task;
	struct wpt_job		*last;
	struct wpool_group	*group;		/* or NULL */
	bool			go, calling, slept;
	struct completion	begun;
};

/* As long as another worker, or the shutdown, has the lock, it waits for that here. */
static int help(void *arg)
{
	struct helper *helper = arg;
	unsigned long sleeps = current->nvcsw;
	int ret;

	complete_all(&helper->begun);
	spin_for(READ_ONCE(helper->go), MEET_LIMIT);
	WRITE_ONCE(helper->calling, true);
	ret = helper->group ? wpool_group_wait(helper->group) : wpool_wait(&helper->last->task);
	helper->slept = current->nvcsw != sleeps;
	return ret;
}

/* Neither refused, nor let in and run. */
static int still_blocked(void)
{
	int i, n = SUBMITTERS - atomic_read(&scene.refused);

	for (i = 0; i < SUBMITTERS; i++)
		n -= atomic_read(&scene.jobs[i].runs);
	return n;
}

/* Under the lock of the pool, as the next. */
static void at_refuse(void *unused, const char *name, const struct wpool_task *task,
		      wpool_fn_t fn, int err)
{
	if (scene.pool && !strcmp(name, wpool_name(scene.pool)))
		atomic_inc(&scene.refused);
}

static void at_state(void *unused, const char *name, int from, int to)
{
	struct helper *helper = scene.helper;

	if (!scene.pool || strcmp(name, wpool_name(scene.pool)))
		return;
	if (to == WPOOL_STATE_TIDYING && scene.jobs)
		scene.blocked = still_blocked();
	if (to != WPOOL_STATE_STOP || !helper)
		return;
	WRITE_ONCE(helper->go, true);
	spin_for(READ_ONCE(helper->calling), MEET_LIMIT);
	/* Until it waits for the lock; if that was not enough, it is tried again, with more. */
	spin_for(false, scene.patience);
}

/* Told by the manager, which has no lock then. */
static void at_exit(void *unused, const char *name, unsigned int worker)
{
	if (!scene.close || strcmp(name, wpool_name(scene.pool)))
		return;
	scene.close = false;
	wpool_shutdown(scene.pool);
	scene.closed = true;
}

static struct wpt_event state_event = { .name = "wpool_pool_state", .probe = at_state };
static struct wpt_event exit_event = { .name = "wpool_worker_exit", .probe = at_exit };

static struct wpt_event refuse_event = { .name = "wpool_task_refuse", .probe = at_refuse };

static int closing_suite_init(struct kunit_suite *suite)
{
	int ret = wpt_event_on(&state_event);

	if (ret)
		return ret;
	ret = wpt_event_on(&exit_event);
	if (ret)
		goto state_off;
	ret = wpt_event_on(&refuse_event);
	if (ret)
		goto exit_off;
	return 0;

exit_off:
	wpt_event_off(&exit_event);
state_off:
	wpt_event_off(&state_event);
	return ret;
}

static void closing_suite_exit(struct kunit_suite *suite)
{
	wpt_event_off(&refuse_event);
	wpt_event_off(&exit_event);
	wpt_event_off(&state_event);
}

static int closing_init(struct kunit *test)
{
	int ret = wpt_init(test, "wpool_closing");

	if (!ret && !state_event.tracepoint)
		kunit_skip(test, "needs tracepoints");
	return ret;
}

static void closing_exit(struct kunit *test)
{
	if (scene.manager) {
		sched_set_normal(scene.manager, 0);
		set_cpus_allowed_ptr(scene.manager, cpu_possible_mask);
	}
	scene.manager = NULL;
	scene.pool = NULL;
	scene.jobs = NULL;
	scene.close = false;
	scene.helper = NULL;
	wpt_exit(test);
}

/* 57: all blocked submitters are refused before the pool terminates, however many */
static void closing_turns_away(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, SUBMITTERS, NULL);
	struct wpt_thread **threads = wpt_alloc(test, SUBMITTERS * sizeof(*threads));
	unsigned int i, wrong = 0;

	for (i = 0; i < SUBMITTERS; i++)
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, SUBMITTERS);
	scene.blocked = -1;
	scene.jobs = jobs;
	atomic_set(&scene.refused, 0);
	scene.pool = pool;
	wpt_open(hold->gate);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, scene.blocked, 0);
	for (i = 0; i < SUBMITTERS; i++) {
		int ret = wpt_join(test, threads[i]);

		/* or let in just before */
		wrong += ret != -ESHUTDOWN && (ret || atomic_read(&jobs[i].runs) != 1);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* For the rest of the test, before all that is not of real time. */
static void manager_goes_first(struct kunit *test, const struct cpumask *cpu)
{
	scene.manager = wpt_manager();
	KUNIT_ASSERT_NOT_NULL(test, scene.manager);
	set_cpus_allowed_ptr(scene.manager, cpu);
	sched_set_fifo(scene.manager);
}

static int die_in_run(void *arg)
{
	wpt_run_job(arg);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/*
 * 57: the only worker dies, and the pool is closed before it is reaped: nobody is left but
 * those who block, and who do not run before the manager is through, as it goes first on
 * their CPU. It turns all of them away before the pool comes to its end.
 */
static void closing_with_blocked(struct kunit *test)
{
	const struct cpumask *cpu = cpumask_of(cpumask_last(cpu_online_mask));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *fatal = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, SUBMITTERS, NULL);
	struct wpt_thread **threads = wpt_alloc(test, SUBMITTERS * sizeof(*threads));
	unsigned int i, wrong = 0;

	wpool_task_init(&fatal->task, die_in_run, fatal);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	wpt_begun(test, fatal);
	for (i = 0; i < SUBMITTERS; i++) {
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
		set_cpus_allowed_ptr(threads[i]->kthread, cpu);
	}
	WPT_ASSERT_STAT(test, pool, BLOCKED, SUBMITTERS);
	manager_goes_first(test, cpu);

	scene.blocked = -1;
	scene.jobs = jobs;
	atomic_set(&scene.refused, 0);
	scene.pool = pool;
	scene.closed = false;
	scene.close = true;
	wpt_open(fatal->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, fatal), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_TRUE(test, scene.closed);
	KUNIT_EXPECT_EQ(test, scene.blocked, 0);
	for (i = 0; i < SUBMITTERS; i++)
		wrong += wpt_join(test, threads[i]) != -ESHUTDOWN;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static const bool group_cases[] = { false, true };

static void group_name(const bool *group, char *desc)
{
	strscpy(desc, *group ? "of a group" : "alone", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(group, group_cases, group_name);

/* More than are taken back in the first hold of the lock. */
#define QUEUED	300

/*
 * How often it is tried to have the helper come between two holds, and how long it has for its
 * way to the lock: twice as long each time, up to what a virtual CPU may have to wait for a
 * real one.
 */
#define TRIES		30
#define PATIENCE(i)	((50 * NSEC_PER_USEC) << min(i, 10U))

/* Return: was the last of the tasks in the pool still, as the helper came? It slept then. */
static bool help_late(struct kunit *test, bool grouped, u64 patience)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *jobs = wpt_jobs(test, QUEUED, NULL);
	struct helper *helper = wpt_alloc(test, sizeof(*helper));
	struct wpt_job *last = &jobs[QUEUED - 1];

	init_completion(&helper->begun);
	helper->last = last;
	wpool_task_init(&helper->task, help, helper);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &helper->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&helper->begun, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, QUEUED - 1), 0);
	if (grouped) {
		helper->group = wpt_group(test, false);
		wpt_group_schedule(test, helper->group, pool, last, 1);
	} else {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &last->task), 0);
	}
	scene.pool = pool;
	scene.helper = helper;
	scene.patience = patience;
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, NULL), QUEUED);
	scene.helper = NULL;
	KUNIT_EXPECT_EQ(test, wpt_result(test, &helper->task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&last->runs), 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	return helper->slept;
}

/* 54: a worker comes to run what it waits for, as the pool is stopped: it begins it no more */
static void closing_with_helper(struct kunit *test)
{
	bool met = false;
	unsigned int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	for (i = 0; i < TRIES && !met; i++)
		met = help_late(test, *(const bool *)test->param_value, PATIENCE(i));
	if (!met)
		kunit_skip(test, "the helper never came in time");
}

static struct kunit_case closing_cases[] = {
	KUNIT_CASE(closing_turns_away),
	KUNIT_CASE(closing_with_blocked),
	KUNIT_CASE_PARAM(closing_with_helper, group_gen_params),
	{}
};

static struct kunit_suite closing_suite = {
	.name = "wpool_closing",
	.suite_init = closing_suite_init,
	.suite_exit = closing_suite_exit,
	.init = closing_init,
	.exit = closing_exit,
	.test_cases = closing_cases,
};

kunit_test_suite(closing_suite);
