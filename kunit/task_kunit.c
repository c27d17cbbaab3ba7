// SPDX-License-Identifier: GPL-2.0
/*
 * Running: every task once, with its argument, its result, and its memory.
 */
#include <linux/slab.h>
#include "wpool_kunit.h"

static int task_init(struct kunit *test)
{
	return wpt_init(test, "wpool_task");
}

/* 6: one task runs, once */
static void task_runs_once(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 7: 2,000 tasks on 100 workers, each once */
static void task_two_thousand(struct kunit *test)
{
	const unsigned int n = 2000;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 100, .min_workers = 100, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	unsigned int i, wrong = 0;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, n), 0);
	wpt_destroy(test, pool);
	for (i = 0; i < n; i++)
		wrong += atomic_read(&jobs[i].runs) != 1;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

#define CROWD		2500	/* tasks of one submitter */

static int call_submit_crowd(struct wpt_thread *self)
{
	return wpt_schedule_all(self->pool, self->job, CROWD);
}

/* 8, at a hundredth: 10,000 tasks, 100 workers, a queue of 100; four submitters */
static void task_ten_thousand(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 100, .min_workers = 100, .queue_depth = 100,
	});
	struct wpt_thread *threads[4];
	unsigned int i, j, wrong = 0;

	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = wpt_thread(test, call_submit_crowd, pool,
					wpt_jobs(test, CROWD, NULL), NULL);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		WPT_ASSERT_WHILE_BUSY(test, pool,
				      wait_for_completion_timeout(&threads[i]->done, WPT_LIMIT));
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	}
	wpt_call(test, wpt_call_drain, pool, NULL);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		for (j = 0; j < CROWD; j++)
			wrong += atomic_read(&threads[i]->job[j].runs) != 1;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, ARRAY_SIZE(threads) * CROWD);
	WPT_EXPECT_STAT(test, pool, LARGEST, 100);
}

/* Counts those inside, and the most there were. */
struct crowd {
	atomic_t		inside;
	atomic_t		most;
	atomic_t		entered;
	unsigned int		wanted;		/* how many are to meet */
	struct completion	met;
};

static int crowd_enter(struct crowd *crowd)
{
	int inside = atomic_inc_return(&crowd->inside);
	int most = atomic_read(&crowd->most);

	while (most < inside)
		most = atomic_cmpxchg(&crowd->most, most, inside);
	return inside;
}

static int meet(void *arg)
{
	struct crowd *crowd = arg;

	if (crowd_enter(crowd) == crowd->wanted)
		complete_all(&crowd->met);
	return wait_for_completion_timeout(&crowd->met, WPT_LIMIT) ? 0 : -ETIMEDOUT;
}

static const unsigned int meet_cases[] = { 1, 2, 7, 32 };

static void meet_name(const unsigned int *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u tasks", *n);
}

KUNIT_ARRAY_PARAM(meet, meet_cases, meet_name);

/* 9: as many as the capacity run at a time */
static void task_all_meet(struct kunit *test)
{
	unsigned int n = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = n });
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	struct crowd *crowd = wpt_alloc(test, sizeof(*crowd));
	unsigned int i;

	crowd->wanted = n;
	init_completion(&crowd->met);
	for (i = 0; i < n; i++) {
		wpool_task_init(&jobs[i].task, meet, crowd);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
	}
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	WPT_EXPECT_STAT(test, pool, LARGEST, n);
}

static int pass_through(void *arg)
{
	struct crowd *crowd = arg;

	crowd_enter(crowd);
	/* Some stay, or with one CPU no two would ever be inside. */
	if (atomic_inc_return(&crowd->entered) % 16 == 0)
		schedule_timeout_idle(1);
	atomic_dec(&crowd->inside);
	return 0;
}

/* 10: never more than the capacity, nor more workers, nor do counters say so */
static void task_never_too_many(struct kunit *test)
{
	const unsigned int n = 600, capacity = 3;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .idle_timeout_ms = 1,
	});
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	struct crowd *crowd = wpt_alloc(test, sizeof(*crowd));
	unsigned long end = jiffies + WPT_LIMIT;
	unsigned int i, wrong = 0;
	struct wpool_stats stats;

	/* Again where workers are made so slowly that no more than one was needed. */
	do {
		for (i = 0; i < n; i++) {
			wpool_task_init(&jobs[i].task, pass_through, crowd);
			KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
			if (i % 8)
				continue;
			wpool_stats(pool, &stats);
			wrong += stats.count[WPOOL_STAT_WORKERS] > capacity;
			wrong += stats.count[WPOOL_STAT_RUNNING] > capacity;
		}
		wpt_call(test, wpt_call_drain, pool, NULL);
	} while (atomic_read(&crowd->most) < capacity && time_before(jiffies, end));
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&crowd->most), capacity);
}

struct summand {
	struct wpool_task	task;
	atomic_t		*sum;
	int			value;
};

static int add(void *arg)
{
	struct summand *summand = arg;

	atomic_add(summand->value, summand->sum);
	return 0;
}

/* 11: each gets its own argument */
static void task_argument(struct kunit *test)
{
	const unsigned int n = 1000;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 8 });
	struct summand *summands = wpt_alloc(test, n * sizeof(*summands));
	atomic_t *sum = wpt_alloc(test, sizeof(*sum));
	unsigned int i;

	for (i = 0; i < n; i++) {
		summands[i].value = i;
		summands[i].sum = sum;
		wpool_task_init(&summands[i].task, add, &summands[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &summands[i].task), 0);
	}
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(sum), 499500);
}

/* 12: the same object, 1,000 times */
static void task_again_and_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		job->result = i;
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		KUNIT_ASSERT_EQ(test, wpt_wait(test, job), i);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1000);
}

static int is_null(void *arg)
{
	return arg ? -EINVAL : 1;
}

/* 13: a NULL argument is data */
static void task_null_argument(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	wpool_task_init(&job->task, is_null, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 1);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, is_null, NULL), 1);
}

static const int result_cases[] = { 0, 1, -1, -EIO, -ECANCELED, -EOWNERDEAD, INT_MAX, INT_MIN };

static void result_name(const int *result, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%d", *result);
}

KUNIT_ARRAY_PARAM(result, result_cases, result_name);

/* 14: what the function returns, however it is waited for, as often as asked */
static void task_result(struct kunit *test)
{
	int expected = *(const int *)test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	job->result = expected;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), expected);
	/* done, so this does not block */
	KUNIT_EXPECT_EQ(test, wpool_wait(&job->task), expected);
	KUNIT_EXPECT_EQ(test, wpool_wait(&job->task), expected);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, wpt_run_job, job), expected);
}

/* 15: an idle worker is used before one is created */
static void task_uses_idle(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 8 });
	struct wpt_job *jobs = wpt_jobs(test, 50, NULL);
	unsigned int i;

	for (i = 0; i < 50; i++) {
		WPT_ASSERT_STAT(test, pool, IDLE, 1);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
		wpt_wait(test, &jobs[i]);
	}
	WPT_EXPECT_STAT(test, pool, CREATED, 1);
}

/* Of several idle ones the one that ran last, whose cache is warm. */
static void task_uses_warmest(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .min_workers = 4,
	});
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct task_struct *first;
	unsigned int i;

	WPT_ASSERT_STAT(test, pool, IDLE, 4);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_wait(test, job);
	first = job->worker;
	for (i = 0; i < 10; i++) {
		WPT_ASSERT_STAT(test, pool, IDLE, 4);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		wpt_wait(test, job);
		KUNIT_EXPECT_PTR_EQ(test, job->worker, first);
	}
}

static int call_free_at_once(struct wpt_thread *self)
{
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < 300; i++) {
		struct wpool_task *task = kmalloc(sizeof(*task), GFP_KERNEL);

		if (!task)
			return -ENOMEM;
		wpool_task_init(task, is_null, NULL);
		wrong += wpool_schedule(self->pool, task) != 0;
		wrong += wpool_wait(task) != 1;
		kfree(task);
		/* and on the stack */
		wrong += wpool_run(self->pool, is_null, NULL) != 1;
	}
	return wrong;
}

/* When wpool_wait() has returned, the memory is the caller's: KASAN watches. */
static void task_freed_at_once(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_free_at_once, pool, NULL), 0);
}

/* Does not sleep until the task has ended, but looks. */
static int call_look_for_end(struct wpt_thread *self)
{
	struct wpt_job *job = self->arg;
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < 3000; i++) {
		wpool_task_init(&job->task, wpt_run_job, job);
		job->result = i;
		wrong += wpool_schedule(self->pool, &job->task) != 0;
		while (wpool_task_queued(&job->task) || wpool_task_running(&job->task))
			cond_resched();
		wrong += wpool_wait(&job->task) != i;
	}
	return wrong;
}

/* Nor is it the pool's any more when it is seen to have ended; and its result is there. */
static void task_seen_to_end(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_thread *thread = wpt_thread(test, call_look_for_end, pool, NULL, job);

	WPT_ASSERT_WHILE_BUSY(test, pool, wpt_until(completion_done(&thread->done)));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
}

static int run_freeing(void *arg)
{
	kfree(arg);
	return 0;
}

/* A detached task frees its own memory while it runs. */
static void task_detached(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	const unsigned int n = 300;
	unsigned int i;

	for (i = 0; i < n; i++) {
		struct wpool_task *task = kmalloc(sizeof(*task), GFP_KERNEL);
		int err;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
		wpool_task_init(task, run_freeing, task);
		wpool_task_set_detached(task);
		err = wpool_schedule(pool, task);
		KUNIT_EXPECT_EQ(test, err, 0);
		if (err)
			kfree(task);
	}
	WPT_ASSERT_STAT(test, pool, COMPLETED, n);
}

static int count(void *arg)
{
	atomic_inc(arg);
	return 0;
}

/* Tasks from the pool's own cache. */
static void task_schedule_fn(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	atomic_t *runs = wpt_alloc(test, sizeof(*runs));
	unsigned int i;

	for (i = 0; i < 200; i++) {
		KUNIT_EXPECT_EQ(test,
				wpool_schedule_fn(pool, count, runs, NULL), 0);
		KUNIT_EXPECT_EQ(test,
				wpool_try_schedule_fn(pool, count, runs, NULL),
				0);
	}
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(runs), 400);
}

static int is_current(void *arg)
{
	return wpool_current() == arg;
}

/* Inside a task its pool, elsewhere none. */
static void task_current(struct kunit *test)
{
	struct wpool *one = wpt_pool(test, NULL);
	struct wpool *other = wpt_pool(test, NULL);

	KUNIT_EXPECT_PTR_EQ(test, wpool_current(), (struct wpool *)NULL);
	KUNIT_EXPECT_EQ(test, wpt_run(test, one, is_current, one), 1);
	KUNIT_EXPECT_EQ(test, wpt_run(test, other, is_current, other), 1);
	KUNIT_EXPECT_EQ(test, wpt_run(test, one, is_current, other), 0);
}

static struct kunit_case task_cases[] = {
	KUNIT_CASE(task_runs_once),
	KUNIT_CASE(task_two_thousand),
	KUNIT_CASE(task_ten_thousand),
	KUNIT_CASE_PARAM(task_all_meet, meet_gen_params),
	KUNIT_CASE(task_never_too_many),
	KUNIT_CASE(task_argument),
	KUNIT_CASE(task_again_and_again),
	KUNIT_CASE(task_null_argument),
	KUNIT_CASE_PARAM(task_result, result_gen_params),
	KUNIT_CASE(task_uses_idle),
	KUNIT_CASE(task_uses_warmest),
	KUNIT_CASE(task_freed_at_once),
	KUNIT_CASE(task_seen_to_end),
	KUNIT_CASE(task_detached),
	KUNIT_CASE(task_schedule_fn),
	KUNIT_CASE(task_current),
	{}
};

static struct kunit_suite task_suite = {
	.name = "wpool_task",
	.init = task_init,
	.exit = wpt_exit,
	.test_cases = task_cases,
};

kunit_test_suite(task_suite);
