// SPDX-License-Identifier: GPL-2.0
/*
 * A pool that is needed to free memory keeps a worker that has not begun, for the moment when it
 * has none left and no thread can be made.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include "dead_scene.h"
#include "halt.h"

static int spare_test_init(struct kunit *test)
{
	return wpt_init(test, "wpool_spare");
}

/* What the hooks of a pool have seen; how many of those who start are to die. */
struct seen {
	atomic_t	starts, stops;
	atomic_t	deaths;
};

static void on_start(struct wpool *pool)
{
	struct seen *seen = wpool_priv(pool);

	atomic_inc(&seen->starts);
	if (atomic_dec_if_positive(&seen->deaths) >= 0)
		kthread_complete_and_exit(NULL, 0);
}

static void on_stop(struct wpool *pool)
{
	struct seen *seen = wpool_priv(pool);

	atomic_inc(&seen->stops);
}

static const struct wpool_ops seen_ops = { .worker_start = on_start, .worker_stop = on_stop };

static struct wpool *reclaim_pool(struct kunit *test, unsigned int capacity, struct seen **seen)
{
	*seen = wpt_alloc(test, sizeof(**seen));
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .min_workers = 1, .flags = WPOOL_MEM_RECLAIM,
		.ops = &seen_ops, .priv = *seen,
	});
}

/* Threads can be made again, and are where they like, also if the test is given up. */
static void spare_test_exit(struct kunit *test)
{
	set_cpus_allowed_ptr(wpt_manager(), cpu_possible_mask);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	wpt_fail_spawn(0);
	wpt_exit(test);
}

static void kill_worker(struct kunit *test, struct wpool *pool)
{
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, dead_die, NULL), -EOWNERDEAD);
}

/* 118: no thread can be made, and the only worker dies: the pool goes on with the spare */
static void spare_replaces_last(struct kunit *test)
{
	struct seen *seen;
	struct wpool *pool = reclaim_pool(test, 1, &seen);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs fault injection");
	kill_worker(test, pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	WPT_EXPECT_STAT(test, pool, CREATED, 2);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
	/* There was one. The next begins when it can be made. */
	kill_worker(test, pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[1].task), 0);
	WPT_ASSERT_STAT(test, pool, WORKERS, 0);
	wpt_fail_spawn(0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&seen->starts), 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&seen->stops), 3);
}

/* 118: and there is another one for the next time, as soon as it can be made */
static void spare_again(struct kunit *test)
{
	struct seen *seen;
	struct wpool *pool = reclaim_pool(test, 1, &seen);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	if (!wpt_fail_spawn(0))
		kunit_skip(test, "needs fault injection");
	for (i = 0; i < 5; i++) {
		/*
		 * This waits until the pool has all that it is to keep, or tells of an attempt
		 * that has failed before.
		 */
		WPT_ASSERT_UNTIL(test, !wpool_prestart(pool, 0));
		wpt_fail_spawn(1);
		kill_worker(test, pool);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		KUNIT_ASSERT_EQ(test, wpt_wait(test, job), 0);
		wpt_fail_spawn(0);
	}
	WPT_EXPECT_STAT(test, pool, DIED, 5);
}

/* 118: a pool that has grown, or would grow, keeps it for the last of its workers */
static void spare_not_for_growth(struct kunit *test)
{
	struct seen *seen;
	struct wpool *pool = reclaim_pool(test, 3, &seen);
	struct wpt_job *hold = wpt_hold(test, pool, 2), *more = wpt_jobs(test, 1, NULL);
	unsigned int i;

	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs fault injection");
	/* A third worker cannot be made for this. */
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &more->task), 0);
	KUNIT_EXPECT_EQ(test, wpool_prestart(pool, 1), 0);
	WPT_EXPECT_STAT(test, pool, WORKERS, 2);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, more), 0);
	for (i = 0; i < 2; i++)
		kill_worker(test, pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &more->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, more), 0);
	WPT_EXPECT_STAT(test, pool, WORKERS, 1);
}

/* 118: it counts nowhere, calls no hook, and goes with the pool */
static void spare_is_no_worker(struct kunit *test)
{
	struct seen *seen;
	struct wpool *pool = reclaim_pool(test, 2, &seen);

	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	WPT_EXPECT_STAT(test, pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, CREATED, 1);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&seen->starts), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&seen->stops), 1);
}

/* 5, 118: if it cannot be made, there is no pool */
static void spare_needed_for_creation(struct kunit *test)
{
	struct wpool_attrs attrs = {
		.capacity = 1, .min_workers = 1, .flags = WPOOL_MEM_RECLAIM,
	};
	char name[WPOOL_NAME_MAX + 1];
	struct wpool *pool;

	if (!wpt_fail_spawn(2))
		kunit_skip(test, "needs fault injection");
	wpt_name(test, name, sizeof(name));
	pool = wpool_create(name, &attrs);
	wpt_fail_spawn(0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -ENOMEM);
	if (!IS_ERR(pool))
		wpool_destroy(pool);
}

/* 118: a restarted pool has one, too */
static void spare_after_restart(struct kunit *test)
{
	struct seen *seen;
	struct wpool *pool = reclaim_pool(test, 1, &seen);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	wpool_shutdown(pool);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpool_restart(pool), 0);
	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs fault injection");
	kill_worker(test, pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* A pool with a worker and a spare on the first CPU, as are the manager and the caller. */
struct beside_maker {
	struct wpool		*pool;
	struct seen		*seen;
	struct wpool_task	dies;
	struct wpt_halt		*halt;		/* of the maker */
};

static struct task_struct *spare_of(struct kunit *test, struct wpool *pool)
{
	struct task_struct *spare;
	char name[TASK_COMM_LEN];

	snprintf(name, sizeof(name), "%s/1", wpool_name(pool));
	spare = wpt_thread_named(name);
	KUNIT_ASSERT_NOT_NULL(test, spare);
	return spare;
}

static struct beside_maker *beside_maker(struct kunit *test)
{
	/* The hook of a dead worker has a thread of its own, which might be on the halted CPU. */
	static const struct wpool_ops ops = { .worker_start = on_start };
	const struct cpumask *first = cpumask_of(cpumask_first(cpu_online_mask));
	struct beside_maker *beside = wpt_alloc(test, sizeof(*beside));
	struct task_struct *spare;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	beside->seen = wpt_alloc(test, sizeof(*beside->seen));
	beside->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .min_workers = 1, .flags = WPOOL_MEM_RECLAIM, .cpumask = first,
		.ops = &ops, .priv = beside->seen,
	});
	/* It has no CPUs of its own before it begins: it might wake up on the halted one. */
	spare = spare_of(test, beside->pool);
	KUNIT_ASSERT_NOT_NULL(test, wpt_manager());
	set_cpus_allowed_ptr(spare, first);
	wpool_task_init(&beside->dies, dead_die, NULL);
	set_cpus_allowed_ptr(current, first);
	set_cpus_allowed_ptr(wpt_manager(), first);
	return beside;
}

/* Return: false if the maker went on before, so that nothing is known. */
static bool maker_goes_on(struct beside_maker *beside)
{
	bool early = READ_ONCE(beside->halt->early);

	wpt_go_on(beside->halt);
	return !early;
}

/* 118: the thread that makes workers is stuck in one for another pool: dead workers are reaped */
static void spare_maker_stuck(struct kunit *test)
{
	struct beside_maker *beside = beside_maker(test);
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .cpumask = cpumask_of(cpumask_first(cpu_online_mask)),
	});
	struct wpt_job *hold = wpt_hold(test, other, 1), *job = wpt_jobs(test, 1, NULL);
	struct wpt_job *stuck = wpt_jobs(test, 1, NULL);
	struct wpool_task *dies = &beside->dies;
	bool ran;

	beside->halt = wpt_halt_thread(test, wpt_maker());
	ran = !wpool_try_schedule(other, &stuck->task) && !wpool_try_schedule(beside->pool, dies) &&
	      wpt_busy_until(!wpool_task_queued(dies) && !wpool_task_running(dies)) &&
	      !wpool_try_schedule(beside->pool, &job->task) &&
	      wpt_busy_until(atomic_read(&job->runs));
	/* What waits for the maker goes on when the CPU does, which is early then. */
	ran = maker_goes_on(beside) && ran;
	KUNIT_EXPECT_EQ(test, wpt_wait(test, stuck), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_TRUE(test, ran);
	KUNIT_EXPECT_EQ(test, wpt_result(test, dies), -EOWNERDEAD);
}

/*
 * 118: who is made while the next may not begin, as the one before has died at once, is kept:
 * memory may be short when that time has come
 */
static void spare_while_put_off(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct beside_maker *beside;
	bool died;

	if (!wpt_fail_spawn(0))
		kunit_skip(test, "needs fault injection");
	beside = beside_maker(test);
	atomic_set(&beside->seen->deaths, 1);
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_maker()));
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_manager()));
	beside->halt = wpt_halt_thread(test, wpt_maker());
	died = !wpool_try_schedule(beside->pool, &beside->dies) &&
	       wpt_busy_until(wpt_stat(beside->pool, WPOOL_STAT_DIED) == 2) &&
	       wpt_busy_until(!wpt_has_settled(wpt_maker()));
	maker_goes_on(beside);
	KUNIT_ASSERT_TRUE(test, died);
	/* Each has looked at what the other has done when it sleeps. */
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_maker()));
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_manager()));
	wpt_fail_spawn(1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(beside->pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &beside->dies), -EOWNERDEAD);
}

struct hog {
	struct wpool_task	task;
	struct completion	begun;
	bool			goes_on;
};

static int hog_cpu(void *arg)
{
	unsigned long end = jiffies + 2 * WPT_LIMIT;
	struct hog *hog = arg;

	complete(&hog->begun);
	while (!READ_ONCE(hog->goes_on) && time_before(jiffies, end))
		cond_resched();	/* to the kernel's own threads, but not to the spare */
	return 0;
}

/* 177: while a spare that is not needed any more waits for its CPU to end, other pools go on */
static void spare_ends_late(struct kunit *test)
{
	const struct cpumask *first = cpumask_of(cpumask_first(cpu_online_mask));
	struct wpool *pool, *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *hold = wpt_hold(test, other, 1), *job = wpt_jobs(test, 1, NULL);
	struct hog *hog = wpt_alloc(test, sizeof(*hog));
	struct task_struct *spare;
	bool told;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	KUNIT_ASSERT_NOT_NULL(test, wpt_manager());
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .min_workers = 1, .flags = WPOOL_MEM_RECLAIM,
		.policy = SCHED_FIFO, .rt_priority = 10,
		.cpumask = cpumask_of(cpumask_last(cpu_online_mask)),
	});
	set_cpus_allowed_ptr(current, first);
	set_cpus_allowed_ptr(wpt_manager(), first);
	init_completion(&hog->begun);
	wpool_task_init(&hog->task, hog_cpu, hog);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &hog->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&hog->begun, WPT_LIMIT), 0UL);
	spare = get_task_struct(spare_of(test, pool));
	wpool_shutdown(pool);
	told = wpt_busy_until(!wpt_has_settled(spare));	/* the timers may be behind the hog */
	put_task_struct(spare);
	KUNIT_ASSERT_TRUE(test, told);
	KUNIT_EXPECT_EQ(test, wpool_schedule(other, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	WRITE_ONCE(hog->goes_on, true);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
}

static struct kunit_case spare_cases[] = {
	KUNIT_CASE(spare_replaces_last),
	KUNIT_CASE(spare_again),
	KUNIT_CASE(spare_not_for_growth),
	KUNIT_CASE(spare_is_no_worker),
	KUNIT_CASE(spare_needed_for_creation),
	KUNIT_CASE(spare_after_restart),
	KUNIT_CASE(spare_maker_stuck),
	KUNIT_CASE(spare_while_put_off),
	KUNIT_CASE(spare_ends_late),
	{}
};

static struct kunit_suite spare_suite = {
	.name		= "wpool_spare",
	.init		= spare_test_init,
	.exit		= spare_test_exit,
	.test_cases	= spare_cases,
};

kunit_test_suite(spare_suite);
