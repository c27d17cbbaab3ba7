// SPDX-License-Identifier: GPL-2.0
/*
 * Asking a running task to stop, and tasks that submit or free themselves.
 */
#include <linux/kthread.h>
#include <linux/slab.h>
#include "wpool_kunit.h"

static int stop_init(struct kunit *test)
{
	return wpt_init(test, "wpool_stop");
}

static struct wpt_job *long_jobs(struct kunit *test, unsigned int n)
{
	struct wpt_job *jobs = wpt_jobs(test, n, wpt_gate(test));
	unsigned int i;

	for (i = 0; i < n; i++)
		wpool_task_init(&jobs[i].task, wpt_run_until_stopped, &jobs[i]);
	return jobs;
}

static int call_cancel_sync(struct wpt_thread *self)
{
	return wpool_cancel_sync(&self->job->task);
}

static bool cancel_sync(struct kunit *test, struct wpt_job *job)
{
	return wpt_join(test, wpt_thread(test, call_cancel_sync, NULL, job, NULL));
}

/* 50: a running task is asked to stop, and waited for; no other is asked */
static void stop_running(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *jobs = long_jobs(test, 2);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	for (i = 0; i < 2; i++)
		wpt_begun(test, &jobs[i]);
	KUNIT_EXPECT_FALSE(test, cancel_sync(test, &jobs[0]));
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&jobs[0].task));
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 1);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), WPT_STOPPED);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&jobs[1].task));
	wpt_open(jobs->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), WPT_NOT_STOPPED);
}

/* 50: what was asked of one run is not asked of the next */
static void stop_is_forgotten(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = long_jobs(test, 1);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_begun(test, job);
	cancel_sync(test, job);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), WPT_STOPPED);
	wpt_open(job->gate);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), WPT_NOT_STOPPED);
}

/* 50: one that does not look goes on to its end, and is waited for all the same */
static void stop_not_heard(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_hold(test, pool, 1);
	struct wpt_thread *thread = wpt_thread(test, call_cancel_sync, pool, job, NULL);

	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&job->task));
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), false);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&job->task));
}

/* 47: a queued one is taken back, without waiting for anybody */
static void stop_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_TRUE(test, cancel_sync(test, job));
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -ECANCELED);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&hold->task));
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* 50: of one that runs and is queued again, neither goes on */
static void stop_requeued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *job = long_jobs(test, 1);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_begun(test, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_TRUE(test, cancel_sync(test, job));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&job->task));
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

static bool ask_stop(struct kunit *test, struct wpt_job *job)
{
	return wpool_ask_stop(&job->task);
}

/* Until its task ends the thread sleeps in the call. */
static bool begin_cancel_sync(struct kunit *test, struct wpt_job *job)
{
	struct wpt_thread *thread = wpt_thread(test, call_cancel_sync, NULL, job, NULL);

	return wpt_until(wpt_asleep(thread));
}

static const struct asking {
	const char	*name;
	bool		(*ask)(struct kunit *test, struct wpt_job *job);
} asking_cases[] = {
	{ "wpool_ask_stop()", ask_stop },
	{ "wpool_cancel_sync()", begin_cancel_sync },
};

static void asking_name(const struct asking *asking, char *desc)
{
	strscpy(desc, asking->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(asking, asking_cases, asking_name);

/* 50: one that was asked is refused until that run has ended, and nobody gets the result of that */
static void stop_refuses(struct kunit *test)
{
	const struct asking *asking = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_hold(test, pool, 1);
	struct wpool_task *task = &job->task;

	KUNIT_ASSERT_TRUE(test, asking->ask(test, job));
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(pool, task, 1), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_schedule_batch(pool, &task, 1), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_force_schedule(pool, task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule(group, pool, task), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(task));
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, 0), 0);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	job->result = 5;
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 2);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 2);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 0);
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
}

/* 50, 52: what was accepted before it was asked is taken back; its waiters wait for that run */
static void stop_takes_back(struct kunit *test)
{
	const struct asking *asking = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_hold(test, pool, 1);
	struct wpt_thread *waiter;

	job->result = 3;
	wpt_group_schedule(test, group, pool, job, 1);
	waiter = wpt_thread(test, wpt_call_wait, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_ASSERT_TRUE(test, asking->ask(test, job));
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), -ECANCELED);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 3);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* Looks whether it is to stop, and if not, submits itself. */
struct again {
	struct wpt_job	*job;
	struct wpool	*pool;
	int		error;
};

static int run_again(void *arg)
{
	struct again *again = arg;
	bool stop = wpool_should_stop();

	complete_all(&again->job->begun);
	/* The next run is asked for after it looked, the first time round. */
	wait_for_completion(&again->job->gate->opened);
	/* Teardown shuts the pool down, so this ends. */
	if (!stop)
		again->error = wpool_schedule(again->pool, &again->job->task);
	return stop ? WPT_STOPPED : WPT_NOT_STOPPED;
}

/* 50: one that submits itself until it is asked not to does not outlive that */
static void stop_submits_itself(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct again *again = wpt_alloc(test, sizeof(*again));
	struct wpt_thread *thread;

	again->job = job;
	again->pool = pool;
	wpool_task_init(&job->task, run_again, again);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_begun(test, job);
	thread = wpt_thread(test, call_cancel_sync, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	wpt_open(job->gate);
	wpt_join(test, thread);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&job->task));
	KUNIT_EXPECT_EQ(test, again->error, -ECANCELED);
}

/* 50: one that is done, or was never submitted */
static void stop_not_there(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_FALSE(test, cancel_sync(test, job));
	job->result = 3;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_wait(test, job);
	KUNIT_EXPECT_FALSE(test, cancel_sync(test, job));
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 3);
	KUNIT_EXPECT_FALSE(test, wpool_cancel_sync(NULL));
}

static int die_later(void *arg)
{
	struct wpt_job *job = arg;

	complete_all(&job->begun);
	wait_for_completion(&job->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* 37: a wait for one that kills its worker ends */
static void stop_dies(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *thread;

	wpool_task_init(&job->task, die_later, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_begun(test, job);
	thread = wpt_thread(test, call_cancel_sync, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), false);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -EOWNERDEAD);
}

static int stop_self(void *arg)
{
	struct wpool_task *task = arg;
	bool before = wpool_should_stop();
	bool cancelled = wpool_cancel_sync(task);

	return !before && !cancelled && wpool_should_stop() ? WPT_STOPPED : WPT_NOT_STOPPED;
}

/* 50: from its own function it asks itself, and does not wait */
static void stop_itself(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));

	wpool_task_init(task, stop_self, task);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), WPT_STOPPED);
	/* a thread outside of a task is never asked */
	KUNIT_EXPECT_FALSE(test, wpool_should_stop());
}

/* A detached task that submits itself, and in its last run frees itself. */
struct phoenix {
	struct wpool_task	task;
	struct wpool		*pool;
	atomic_t		*runs;
	int			left;
};

static int rise(void *arg)
{
	struct phoenix *phoenix = arg;
	int err;

	atomic_inc(phoenix->runs);
	if (phoenix->left--) {
		/* From here on it may run elsewhere, and be gone. */
		err = wpool_schedule(phoenix->pool, &phoenix->task);
		if (!err)
			return 0;
	}
	kfree(phoenix);
	return 0;
}

/* 12: detached tasks may submit themselves, and free themselves in the end */
static void stop_detached_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .min_workers = 3,
	});
	atomic_t *runs = wpt_alloc(test, sizeof(*runs));
	unsigned int i;

	for (i = 0; i < 5; i++) {
		struct phoenix *phoenix = kzalloc(sizeof(*phoenix), GFP_KERNEL);
		int err;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, phoenix);
		phoenix->pool = pool;
		phoenix->runs = runs;
		phoenix->left = 99;
		wpool_task_init(&phoenix->task, rise, phoenix);
		wpool_task_set_detached(&phoenix->task);
		err = wpool_schedule(pool, &phoenix->task);
		if (err)
			kfree(phoenix);
		KUNIT_ASSERT_EQ(test, err, 0);
	}
	WPT_ASSERT_STAT(test, pool, COMPLETED, 500);
	KUNIT_EXPECT_EQ(test, atomic_read(runs), 500);
}

/* 47: a detached one that is taken back is its caller's; nobody can wait for it */
static void stop_detached_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_task *task = kmalloc(sizeof(*task), GFP_KERNEL);
	int err, wait;
	bool cancelled;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
	wpool_task_init(task, wpt_run_job, hold);
	wpool_task_set_detached(task);
	err = wpool_schedule(pool, task);
	wait = wpool_wait(task);
	cancelled = wpool_cancel_sync(task);
	kfree(task);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, wait, -EINVAL);
	KUNIT_EXPECT_TRUE(test, cancelled);
	wpt_open(hold->gate);
	wpt_wait(test, hold);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
}

static struct kunit_case stop_cases[] = {
	KUNIT_CASE(stop_running),
	KUNIT_CASE(stop_is_forgotten),
	KUNIT_CASE(stop_not_heard),
	KUNIT_CASE(stop_queued),
	KUNIT_CASE(stop_requeued),
	KUNIT_CASE_PARAM(stop_refuses, asking_gen_params),
	KUNIT_CASE_PARAM(stop_takes_back, asking_gen_params),
	KUNIT_CASE(stop_submits_itself),
	KUNIT_CASE(stop_not_there),
	KUNIT_CASE(stop_dies),
	KUNIT_CASE(stop_itself),
	KUNIT_CASE(stop_detached_again),
	KUNIT_CASE(stop_detached_queued),
	{}
};

static struct kunit_suite stop_suite = {
	.name = "wpool_stop",
	.init = stop_init,
	.exit = wpt_exit,
	.test_cases = stop_cases,
};

kunit_test_suite(stop_suite);
