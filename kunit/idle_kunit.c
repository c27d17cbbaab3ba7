// SPDX-License-Identifier: GPL-2.0
/*
 * Workers without work, and threads that cannot be made.
 */
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "detour.h"
#include "wpool_kunit.h"

static int idle_init(struct kunit *test)
{
	return wpt_init(test, "wpool_idle");
}

static const unsigned int min_cases[] = { 0, 1, 2, 6 };

static void min_name(const unsigned int *min, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "min_workers %u", *min);
}

KUNIT_ARRAY_PARAM(min, min_cases, min_name);

/* 31: idle workers expire to min_workers, and at least one stays */
static void idle_expire(struct kunit *test)
{
	unsigned int min = *(const unsigned int *)test->param_value;
	unsigned int kept = max(min, 1U);
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 6, .min_workers = min, .idle_timeout_ms = 1,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 6);

	WPT_EXPECT_STAT(test, pool, WORKERS, 6);
	WPT_EXPECT_STAT(test, pool, CREATED, 6);
	wpt_open(hold->gate);
	WPT_ASSERT_STAT(test, pool, WORKERS, kept);
	WPT_ASSERT_STAT(test, pool, IDLE, kept);
	/* none was made in place of another */
	WPT_EXPECT_STAT(test, pool, EXPIRED, 6 - kept);
	WPT_EXPECT_STAT(test, pool, CREATED, 6);
	/* and others come when there is work again */
	wpt_open(wpt_hold(test, pool, 6)->gate);
}

/* 110: they leave one at a time: what a burst needed is there for the next */
static void idle_one_at_a_time(struct kunit *test)
{
	const unsigned long timeout_ms = 50;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .idle_timeout_ms = timeout_ms,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 4);
	unsigned long began = jiffies;

	wpt_open(hold->gate);
	WPT_ASSERT_STAT(test, pool, EXPIRED, 3);
	WPT_EXPECT_WAITED(test, began, 3 * msecs_to_jiffies(timeout_ms) - 1);
	WPT_EXPECT_STAT(test, pool, CREATED, 4);
}

/* 31: busy ones do not, however long that is */
static void idle_busy_stay(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 6, .idle_timeout_ms = 1,
	});
	struct wpt_job *busy = wpt_hold(test, pool, 2);
	struct wpt_job *others = wpt_hold(test, pool, 4);
	unsigned int i;

	wpt_open(others->gate);
	/* the others left: so long have the busy ones been busy as well */
	WPT_ASSERT_STAT(test, pool, WORKERS, 2);
	WPT_EXPECT_STAT(test, pool, RUNNING, 2);
	wpt_open(busy->gate);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &busy[i]), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&busy[i].runs), 1);
	}
}

/* 32: with min_workers at the capacity all stay, while those beside them leave */
static void idle_all_stay(struct kunit *test)
{
	struct wpool *keeps = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 5, .min_workers = 5, .idle_timeout_ms = 1,
	});
	struct wpool *expires = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 5, .idle_timeout_ms = 1,
	});

	wpt_open(wpt_hold(test, keeps, 5)->gate);
	WPT_ASSERT_STAT(test, keeps, IDLE, 5);
	/* three times as long as another pool needs */
	wpt_open(wpt_hold(test, expires, 5)->gate);
	WPT_ASSERT_STAT(test, expires, WORKERS, 1);
	wpt_open(wpt_hold(test, expires, 5)->gate);
	WPT_ASSERT_STAT(test, expires, WORKERS, 1);
	wpt_open(wpt_hold(test, expires, 5)->gate);
	WPT_ASSERT_STAT(test, expires, WORKERS, 1);

	WPT_EXPECT_STAT(test, keeps, WORKERS, 5);
	WPT_EXPECT_STAT(test, keeps, EXPIRED, 0);
	WPT_EXPECT_STAT(test, keeps, CREATED, 5);
}

/* Never before its time: a long time-out keeps what a short one lets go. */
static void idle_not_early(struct kunit *test)
{
	struct wpool *slow = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 5, .idle_timeout_ms = 10 * 60 * MSEC_PER_SEC,
	});
	struct wpool *quick = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 5, .idle_timeout_ms = 1,
	});

	wpt_open(wpt_hold(test, slow, 5)->gate);
	WPT_ASSERT_STAT(test, slow, IDLE, 5);
	/* has the manager look at them, before it does at the others */
	KUNIT_ASSERT_EQ(test, wpool_resize(slow, 6), 0);
	wpt_open(wpt_hold(test, quick, 5)->gate);
	WPT_ASSERT_STAT(test, quick, WORKERS, 1);
	WPT_EXPECT_STAT(test, slow, WORKERS, 5);
	WPT_EXPECT_STAT(test, slow, EXPIRED, 0);
}

/* 31: work that comes while workers leave is not lost */
static void idle_races_work(struct kunit *test)
{
	const unsigned int n = 300;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .idle_timeout_ms = 1,
	});
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	unsigned int i, j;

	for (i = 0; i < n; i += 4) {
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, &jobs[i], 4), 0);
		for (j = 0; j < 4; j++)
			wpt_wait(test, &jobs[i + j]);
		/* about as long as it takes them to go */
		if (i % 3 == 0)
			schedule_timeout_idle(1);
	}
	WPT_EXPECT_STAT(test, pool, COMPLETED, n);
}

/* 31: a worker that spins before it sleeps takes the tasks, and expires, likewise */
static void idle_spin(struct kunit *test)
{
	const unsigned int n = 200;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .idle_timeout_ms = 1, .spin_us = 200,
	});
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	unsigned int i;

	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, &jobs[i], 1), 0);
		if (i % 4 == 0)
			wpt_wait(test, &jobs[i]);
	}
	for (i = 0; i < n; i++)
		wpt_wait(test, &jobs[i]);
	wpt_open(wpt_hold(test, pool, 3)->gate);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	WPT_ASSERT_STAT(test, pool, COMPLETED, n + 3);
	wpt_destroy(test, pool);
}

/* 33: no thread can be made: the one that there is runs all */
static void idle_spawn_fails(struct kunit *test)
{
	const unsigned int n = 100;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	struct wpt_job *hold;
	unsigned int i;

	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	hold = wpt_hold(test, pool, 1);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, n), 0);
	wpt_open(hold->gate);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	WPT_EXPECT_STAT(test, pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, CREATED, 1);
}

/* 33: and when threads can be made again, they are, without being asked */
static void idle_spawn_recovers(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, hold->gate);
	unsigned int i;

	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	WPT_EXPECT_STAT(test, pool, WORKERS, 1);
	wpt_fail_spawn(0);
	for (i = 0; i < 2; i++)
		wpt_begun(test, &jobs[i]);
	WPT_EXPECT_STAT(test, pool, WORKERS, 3);
	wpt_open(hold->gate);
}

/* 33: a failure gives its slot back: the capacity is reached after many */
static void idle_spawn_keeps_slots(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 8 });

	/* every second one fails */
	if (!wpt_fail_spawn(2))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	wpt_open(wpt_hold(test, pool, 8)->gate);
	WPT_EXPECT_STAT(test, pool, LARGEST, 8);
}

static void die_astray(void)
{
	/* It was about to sleep. */
	__set_current_state(TASK_RUNNING);
	kthread_complete_and_exit(NULL, 0);
}

static struct {
	struct wpt_gate		*gate;
	struct completion	begun;
} astray;

static void die_behind_gate(void)
{
	__set_current_state(TASK_RUNNING);
	complete(&astray.begun);
	wait_for_completion(&astray.gate->opened);
	kthread_complete_and_exit(NULL, 0);
}

/* 35, 41: one that is woken for a task, and dies before it has taken it, leaves it to another */
static void idle_dies_when_woken(struct kunit *test)
{
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct wpool *pool;

	if (!wpt_may_detour())
		kunit_skip(test, "needs breakpoints of x86");
	pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2, .flags = WPOOL_PREALLOC });
	/* So the one that runs a task is the last to be idle again. */
	WPT_ASSERT_STAT(test, pool, IDLE, 2);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[0].task), 0);
	KUNIT_ASSERT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	WPT_ASSERT_STAT(test, pool, IDLE, 2);
	astray.gate = wpt_gate(test);
	init_completion(&astray.begun);
	KUNIT_ASSERT_EQ(test, wpt_detour(jobs[0].worker, schedule, die_behind_gate), 0);
	wake_up_process(jobs[0].worker);
	wait_for_completion_timeout(&astray.begun, WPT_LIMIT);
	KUNIT_EXPECT_TRUE(test, wpt_detour_end());
	/* the warmest is used first */
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[1].task), 0);
	WPT_EXPECT_STAT(test, pool, IDLE, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
	wpt_open(astray.gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
	WPT_ASSERT_STAT(test, pool, IDLE, 2);
}

/* 35, 41: an idle worker that dies is given no task, and another comes in its place */
static void idle_dies(struct kunit *test)
{
	struct wpool *pool;
	struct wpt_job *job = wpt_jobs(test, 1, NULL), *hold;

	if (!wpt_may_detour())
		kunit_skip(test, "needs breakpoints of x86");
	pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3, .flags = WPOOL_PREALLOC });
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_ASSERT_EQ(test, wpt_wait(test, job), 0);
	WPT_ASSERT_STAT(test, pool, IDLE, 3);
	KUNIT_ASSERT_EQ(test, wpt_detour(job->worker, schedule, die_astray), 0);
	/* It is still idle, and sleeps again. */
	wake_up_process(job->worker);
	wpt_until(wpt_stat(pool, WPOOL_STAT_DIED));
	KUNIT_EXPECT_TRUE(test, wpt_detour_end());
	WPT_EXPECT_STAT(test, pool, DIED, 1);
	WPT_ASSERT_STAT(test, pool, IDLE, 3);
	hold = wpt_hold(test, pool, 3);
	WPT_EXPECT_STAT(test, pool, IDLE, 0);
	WPT_EXPECT_STAT(test, pool, CREATED, 4);
	WPT_EXPECT_STAT(test, pool, OOPSED, 0);
	wpt_open(hold->gate);
}

/* A job that takes its worker to a CPU, and says which thread that is. */
struct settler {
	struct wpool_task	task;
	int			cpu;
	struct wpt_gate		*gate;
	struct completion	begun;
	struct task_struct	*thread;
};

static int settle(void *arg)
{
	struct settler *settler = arg;
	int err = set_cpus_allowed_ptr(current, cpumask_of(settler->cpu));

	settler->thread = current;
	complete_all(&settler->begun);
	wait_for_completion(&settler->gate->opened);
	return err;
}

/* Submits a task in an interrupt that finds its CPU idle. */
struct finder {
	struct wpool_task	task;
	struct wpool		*pool;
	int			cpu;
	bool			found;
	int			err;
	struct task_struct	*ran;
};

static void submit_if_idle(void *arg)
{
	struct finder *finder = arg;

	finder->found = is_idle_task(current) && wpt_stat(finder->pool, WPOOL_STAT_IDLE) == 2;
	if (finder->found)
		finder->err = wpool_try_schedule(finder->pool, &finder->task);
}

static bool finder_found(struct finder *finder)
{
	return !smp_call_function_single(finder->cpu, submit_if_idle, finder, true) &&
	       finder->found;
}

static int tell_who(void *arg)
{
	struct finder *finder = arg;

	finder->ran = current;
	return 0;
}

/* Has each worker sleep on a CPU of its own; the last to fall asleep is on the last. */
static void settle_all(struct kunit *test, struct wpool *pool, struct settler *settlers)
{
	unsigned int i;
	int cpu = -1;

	for (i = 0; i < 2; i++) {
		cpu = cpumask_next(cpu, cpu_online_mask);
		settlers[i].cpu = cpu;
		settlers[i].gate = wpt_gate(test);
		init_completion(&settlers[i].begun);
		wpool_task_init(&settlers[i].task, settle, &settlers[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &settlers[i].task), 0);
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&settlers[i].begun, WPT_LIMIT),
				0);
	}
	for (i = 0; i < 2; i++) {
		wpt_open(settlers[i].gate);
		KUNIT_ASSERT_EQ(test, wpt_result(test, &settlers[i].task), 0);
		WPT_ASSERT_STAT(test, pool, IDLE, i + 1);
	}
}

/* 180: an interrupt that finds its CPU idle wakes the one that slept there, not the warmest */
static void idle_where_it_slept(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .flags = WPOOL_PREALLOC });
	struct settler *settlers = wpt_alloc(test, 2 * sizeof(*settlers));
	struct finder *finder = wpt_alloc(test, sizeof(*finder));
	bool found;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	settle_all(test, pool, settlers);
	finder->pool = pool;
	finder->cpu = settlers[0].cpu;
	wpool_task_init(&finder->task, tell_who, finder);
	set_cpus_allowed_ptr(current, cpumask_of(settlers[1].cpu));
	found = wpt_until(finder_found(finder));
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	if (!found)
		kunit_skip(test, "no interrupt found that CPU idle");
	KUNIT_ASSERT_EQ(test, finder->err, 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &finder->task), 0);
	KUNIT_EXPECT_PTR_EQ(test, finder->ran, settlers[0].thread);
}

static struct kunit_case idle_cases[] = {
	KUNIT_CASE_PARAM(idle_expire, min_gen_params),
	KUNIT_CASE(idle_one_at_a_time),
	KUNIT_CASE(idle_busy_stay),
	KUNIT_CASE(idle_all_stay),
	KUNIT_CASE(idle_not_early),
	KUNIT_CASE(idle_races_work),
	KUNIT_CASE(idle_spin),
	KUNIT_CASE(idle_spawn_fails),
	KUNIT_CASE(idle_spawn_recovers),
	KUNIT_CASE(idle_spawn_keeps_slots),
	KUNIT_CASE(idle_dies),
	KUNIT_CASE(idle_dies_when_woken),
	KUNIT_CASE(idle_where_it_slept),
	{}
};

static struct kunit_suite idle_suite = {
	.name = "wpool_idle",
	.init = idle_init,
	.exit = wpt_exit,
	.test_cases = idle_cases,
};

kunit_test_suite(idle_suite);
