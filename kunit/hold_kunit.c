// SPDX-License-Identifier: GPL-2.0
/*
 * 83: how long a pool's lock is held, whatever there is to do. In steps, which kernels
 * with lockdep count; see core/lock_hold.h.
 */
#include <linux/slab.h>
#include "wpool_kunit.h"

#ifdef CONFIG_LOCKDEP
static void expect_bounded(struct kunit *test, struct wpool *pool)
{
	KUNIT_EXPECT_GT(test, wpool_longest_hold(pool), 0);
	KUNIT_EXPECT_LE(test, wpool_longest_hold(pool), WPT_HOLD_MAX);
}

static int hold_init(struct kunit *test)
{
	return wpt_init(test, "wpool_hold");
}
#else
static void expect_bounded(struct kunit *test, struct wpool *pool)
{
}

static int hold_init(struct kunit *test)
{
	int ret = wpt_init(test, "wpool_hold");

	kunit_skip(test, "this kernel does not count");
	return ret;
}
#endif

/* More than a hold may take, many times over; and so many threads. */
#define MANY		5000
#define THREADS		300

/* Longer than any test. */
#define NEVER		(10 * WPT_LIMIT)

static struct wpool *hold_pool(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
}

/* 40, 83: closing takes back any number of delayed tasks */
static void hold_delayed(struct kunit *test)
{
	struct wpool_delayed_task *late = wpt_alloc(test, MANY * sizeof(*late));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = hold_pool(test, 1);
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		wpool_delayed_task_init(&late[i], wpt_run_job, job);
		/* some may just fire */
		KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late[i],
							     i % 50 ? NEVER : i / 100), 0);
	}
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpt_stat(pool, WPOOL_STAT_CANCELLED),
			MANY - atomic_read(&job->runs));
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	expect_bounded(test, pool);
}

/* 27, 83: also where nothing may sleep */
static void hold_delayed_atomic(struct kunit *test)
{
	struct wpool_delayed_task *late = wpt_alloc(test, MANY * sizeof(*late));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = hold_pool(test, 1);
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		wpool_delayed_task_init(&late[i], wpt_run_job, job);
		KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late[i], NEVER), 0);
	}
	preempt_disable();
	wpool_shutdown(pool);
	preempt_enable();
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpt_stat(pool, WPOOL_STAT_CANCELLED), MANY);
	expect_bounded(test, pool);
}

/* 54, 83: and wpool_shutdown_now() any number that is queued */
static void hold_shutdown_now(struct kunit *test)
{
	struct wpool *pool = hold_pool(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, MANY, NULL);
	unsigned int i = 0, wrong = 0;
	struct wpool_task *task;
	LIST_HEAD(unrun);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, MANY), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), MANY);
	list_for_each_entry(task, &unrun, node)
		wrong += task != &jobs[i++].task;
	KUNIT_EXPECT_EQ(test, i, MANY);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	expect_bounded(test, pool);
	wpt_open(hold->gate);
}

/* 53, 83: the tasks of a group are looked for among any number of others */
static void hold_group_cancel(struct kunit *test)
{
	struct wpool *pool = hold_pool(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, MANY, NULL);
	struct wpool_group *group = wpt_group(test, false);
	unsigned int i, grouped = 0, wrong = 0;

	for (i = 0; i < MANY; i++) {
		bool mine = i % 7 == 3 || i >= MANY - 500;

		wpool_task_set_priority(&jobs[i].task, i % WPOOL_NR_PRIOS);
		grouped += mine;
		wrong += mine ? wpool_group_schedule(group, pool, &jobs[i].task) :
				wpool_schedule(pool, &jobs[i].task);
	}
	KUNIT_ASSERT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), grouped);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, QUEUED, MANY - grouped);
	expect_bounded(test, pool);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	for (i = 0; i < MANY; i++)
		wrong += atomic_read(&jobs[i].runs) != !(i % 7 == 3 || i >= MANY - 500);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* 53, 83: also while workers take what is before them, and others submit behind */
static void hold_group_cancel_races(struct kunit *test)
{
	struct wpool *pool = hold_pool(test, 2);
	struct wpt_job *jobs = wpt_jobs(test, MANY, NULL);
	struct wpool_group *group = wpt_group(test, false);
	unsigned int i, cancelled = 0, runs = 0, wrong = 0;

	for (i = 0; i < MANY; i++) {
		bool mine = i % 3 == 1;

		wrong += mine ? wpool_group_schedule(group, pool, &jobs[i].task) :
				wpool_schedule(pool, &jobs[i].task);
		if (i % 500 == 499)
			cancelled += wpool_group_cancel(group);
	}
	cancelled += wpool_group_cancel(group);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	wpt_group_wait(test, group);
	expect_bounded(test, pool);
	wpt_destroy(test, pool);
	for (i = 0; i < MANY; i++) {
		runs += atomic_read(&jobs[i].runs);
		wrong += i % 3 != 1 && atomic_read(&jobs[i].runs) != 1;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, runs, MANY - cancelled);
}

/* Walks along all that is queued, until it is told to stop. */
struct walker {
	struct wpool_group	*group;
	struct wpt_gate		*end;
};

static int call_walk(struct wpt_thread *self)
{
	struct walker *walker = self->arg;
	unsigned int found = 0;

	while (!completion_done(&walker->end->opened))
		found += wpool_group_cancel(walker->group);
	return found;
}

/* 53, 83: also while others take away the very task that it has come to */
static void hold_group_cancel_passed(struct kunit *test)
{
	const unsigned int n = 256, rounds = 300;
	unsigned long end = jiffies + WPT_LIMIT;
	struct wpool *pool = hold_pool(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	struct walker *walker = wpt_alloc(test, sizeof(*walker));
	struct wpt_thread *thread;
	unsigned int i, round, wrong = 0;

	walker->group = wpt_group(test, false);
	walker->end = wpt_gate(test);
	thread = wpt_thread(test, call_walk, pool, NULL, walker);
	for (round = 0; round < rounds && time_before(jiffies, end); round++) {
		wrong += wpt_schedule_all(pool, jobs, n) != 0;
		for (i = 0; i < n; i++)
			wrong += !wpool_cancel(&jobs[(i * 77 + round) % n].task);
		cond_resched();
	}
	wpt_open(walker->end);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	expect_bounded(test, pool);
	wpt_open(hold->gate);
}

struct helper {
	struct wpool_group	*group;
	struct wpt_gate		*gate;
};

static int wait_for_group(void *arg)
{
	struct helper *helper = arg;

	wait_for_completion(&helper->gate->opened);
	return wpool_group_wait(helper->group);
}

/* 52, 83: a worker that waits for a group looks for its tasks likewise */
static void hold_group_help(struct kunit *test)
{
	struct wpool *pool = hold_pool(test, 1);
	struct helper *helper = wpt_alloc(test, sizeof(*helper));
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	struct wpt_job *jobs = wpt_jobs(test, MANY, NULL);
	struct wpt_job *mine = wpt_jobs(test, 3, NULL);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	unsigned int i;

	helper->group = wpt_group(test, false);
	helper->gate = wpt_gate(test);
	wpool_task_init(task, wait_for_group, helper);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	for (i = 0; i < MANY; i++)
		jobs[i].clock = clock;
	for (i = 0; i < 3; i++)
		mine[i].clock = clock;
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, MANY), 0);
	wpt_group_schedule(test, helper->group, pool, mine, 3);
	wpt_open(helper->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, mine[i].turn, i + 1);
	WPT_EXPECT_STAT(test, pool, NESTED, 3);
	expect_bounded(test, pool);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(clock), MANY + 3);
}

static struct wpt_thread **blocked_threads(struct kunit *test, struct wpool *pool,
					   struct wpt_job *jobs)
{
	struct wpt_thread **threads = wpt_alloc(test, THREADS * sizeof(*threads));
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, THREADS);
	return threads;
}

static struct wpool *full_pool(struct kunit *test, struct wpt_job **hold)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});

	*hold = wpt_hold(test, pool, 1);
	return pool;
}

/* 57, 83: any number of blocked submitters is turned away */
static void hold_turned_away(struct kunit *test)
{
	struct wpt_job *hold, *jobs = wpt_jobs(test, THREADS, NULL);
	struct wpool *pool = full_pool(test, &hold);
	struct wpt_thread **threads = blocked_threads(test, pool, jobs);
	unsigned int i;

	wpool_shutdown(pool);
	for (i = 0; i < THREADS; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), -ESHUTDOWN);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	expect_bounded(test, pool);
}

/* 29, 83: or let in */
static void hold_let_in(struct kunit *test)
{
	struct wpt_job *hold, *jobs = wpt_jobs(test, THREADS, NULL);
	struct wpool *pool = full_pool(test, &hold);
	struct wpt_thread **threads = blocked_threads(test, pool, jobs);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, wpool_resize(pool, 2 * THREADS), 0);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * THREADS);
	for (i = 0; i < THREADS; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	expect_bounded(test, pool);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	for (i = 0; i < THREADS; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
}

/* 28, 83: up and down again, by thousands */
static void hold_resize(struct kunit *test)
{
	static const unsigned int steps[] = { 1, WPOOL_MAX_CAPACITY, 1, 5000, 4999, 5001, 7 };
	struct wpool *pool = hold_pool(test, 20);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		KUNIT_EXPECT_EQ(test, wpool_resize(pool, steps[i]), 0);
		WPT_EXPECT_STAT(test, pool, CAPACITY, steps[i]);
	}
	/* Seven it is: no slot was lost, and none is too many. */
	wpt_open(wpt_hold(test, pool, 7)->gate);
	KUNIT_EXPECT_LE(test, wpt_stat(pool, WPOOL_STAT_LARGEST), 20);
	expect_bounded(test, pool);
}

static struct wpool_keyed_task *keyed_tasks(struct kunit *test, unsigned int n,
					    struct wpt_job *job)
{
	struct wpool_keyed_task *keyed = wpt_alloc(test, n * sizeof(*keyed));
	unsigned int i;

	for (i = 0; i < n; i++)
		wpool_keyed_task_init(&keyed[i], wpt_run_job, job);
	return keyed;
}

/* 83: any number of keys in use */
static void hold_keys(struct kunit *test)
{
	const unsigned int n = 6 * MANY;
	struct wpool *pool = hold_pool(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_keyed_task *keyed = keyed_tasks(test, n, job);
	unsigned int i, wrong = 0;

	for (i = 0; i < n; i++)
		wrong += wpool_schedule_keyed(pool, &keyed[i], i) != 0;
	KUNIT_EXPECT_EQ(test, wrong, 0);
	expect_bounded(test, pool);
	wpt_open(hold->gate);
	WPT_ASSERT_WHILE_BUSY(test, pool, wpt_until(atomic_read(&job->runs) == n));
	wpt_destroy(test, pool);
}

/* 83: any number behind one key, whose head is running */
static void hold_followers(struct kunit *test)
{
	struct wpool *pool = hold_pool(test, 2);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_keyed_task *keyed = keyed_tasks(test, MANY, job);
	unsigned int i, wrong = 0;
	LIST_HEAD(unrun);

	for (i = 0; i < MANY; i++)
		wrong += wpool_schedule_keyed(pool, &keyed[i], 7) != 0;
	wpt_begun(test, job);
	/* this one last: in no group, and nobody waits for it */
	wrong += !wpool_cancel(&keyed[MANY - 1].task);
	wrong += wpool_group_schedule_keyed(group, pool, &keyed[MANY - 1], 7) != 0;
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 1);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), MANY - 2);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	for (i = 1; i < MANY - 1; i++) {
		struct wpool_task *task = list_first_entry(&unrun, struct wpool_task, node);

		list_del(&task->node);
		wrong += task != &keyed[i].task;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	expect_bounded(test, pool);
}

static int call_flush_or_drain(struct wpt_thread *self)
{
	return self->arg ? wpt_call_drain(self) : wpt_call_flush(self);
}

/* 83: any number waits for all tasks */
static void hold_flushers(struct kunit *test)
{
	struct wpool *pool = hold_pool(test, 2);
	struct wpt_job *first = wpt_hold(test, pool, 1), *second = NULL;
	struct wpt_thread **threads = wpt_alloc(test, THREADS * sizeof(*threads));
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		if (i == THREADS / 2)
			second = wpt_hold(test, pool, 1);
		threads[i] = wpt_thread(test, call_flush_or_drain, pool, NULL,
					i % 2 ? pool : NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(threads[i]));
	}
	wpt_open(first->gate);
	/* those that flushed before the second one began */
	for (i = 0; i < THREADS / 2; i += 2)
		wpt_join(test, threads[i]);
	for (i = 1; i < THREADS; i += 2)
		KUNIT_EXPECT_FALSE(test, completion_done(&threads[i]->done));
	wpt_open(second->gate);
	for (i = 0; i < THREADS; i++)
		wpt_join(test, threads[i]);
	expect_bounded(test, pool);
}

static struct kunit_case hold_cases[] = {
	KUNIT_CASE(hold_delayed),
	KUNIT_CASE(hold_delayed_atomic),
	KUNIT_CASE(hold_shutdown_now),
	KUNIT_CASE(hold_group_cancel),
	KUNIT_CASE(hold_group_cancel_races),
	KUNIT_CASE(hold_group_cancel_passed),
	KUNIT_CASE(hold_group_help),
	KUNIT_CASE(hold_turned_away),
	KUNIT_CASE(hold_let_in),
	KUNIT_CASE(hold_resize),
	KUNIT_CASE(hold_keys),
	KUNIT_CASE(hold_followers),
	KUNIT_CASE(hold_flushers),
	{}
};

static struct kunit_suite hold_suite = {
	.name = "wpool_hold",
	.init = hold_init,
	.exit = wpt_exit,
	.test_cases = hold_cases,
};

kunit_test_suite(hold_suite);
