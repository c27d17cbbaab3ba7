// SPDX-License-Identifier: GPL-2.0
/*
 * What bad input gets: its errno, and nothing changes.
 */
#include <linux/err.h>
#include "wpool_kunit.h"

static int misuse_init(struct kunit *test)
{
	return wpt_init(test, "wpool_misuse");
}

static int way_schedule(struct wpool *pool, struct wpool_task *task)
{
	return wpool_schedule(pool, task);
}

static int way_try(struct wpool *pool, struct wpool_task *task)
{
	return wpool_try_schedule(pool, task);
}

static int way_timeout(struct wpool *pool, struct wpool_task *task)
{
	return wpool_schedule_timeout(pool, task, WPT_LIMIT);
}

static int way_interruptible(struct wpool *pool, struct wpool_task *task)
{
	return wpool_schedule_interruptible(pool, task);
}

struct way {
	const char	*name;
	int		(*call)(struct wpool *pool, struct wpool_task *task);
};

static const struct way ways[] = {
	{ "wpool_schedule", way_schedule },
	{ "wpool_try_schedule", way_try },
	{ "wpool_schedule_timeout", way_timeout },
	{ "wpool_schedule_interruptible", way_interruptible },
};

static void way_name(const struct way *way, char *desc)
{
	strscpy(desc, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(ways, ways, way_name);

static int nothing(void *arg)
{
	return 0;
}

/* 13: no pool, no task, no function */
static void misuse_null(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));

	wpool_task_init(task, NULL, NULL);
	KUNIT_EXPECT_EQ(test, way->call(NULL, &job->task), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->call(pool, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, way->call(pool, task), -EINVAL);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
	/* the job is as it was */
	KUNIT_EXPECT_EQ(test, way->call(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* 13: the submissions that bring their own task */
static void misuse_null_fn(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);

	KUNIT_EXPECT_EQ(test, wpool_schedule_fn(NULL, nothing, NULL, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_fn(pool, NULL, NULL, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test,
			wpool_try_schedule_fn(NULL, nothing, NULL, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule_fn(pool, NULL, NULL, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_run(NULL, nothing, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_run(pool, NULL, NULL), -EINVAL);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
}

/* a pool that could not be made is no pool */
static void misuse_err_ptr(struct kunit *test)
{
	struct wpool *pool = ERR_PTR(-ENOMEM);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &job->task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_destroy(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_resize(pool, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_resize(NULL, 1), -EINVAL);
}

/* a task that is queued already */
static void misuse_twice(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_EQ(test, way->call(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, way->call(pool, &job->task), -EBUSY);
	KUNIT_EXPECT_EQ(test, way->call(other, &job->task), -EBUSY);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 2);
	WPT_EXPECT_STAT(test, other, SUBMITTED, 0);

	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	/* done, so free for any pool */
	KUNIT_EXPECT_EQ(test, way->call(other, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* a task that runs in another pool */
static void misuse_running_elsewhere(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool *other = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_hold(test, pool, 1);

	KUNIT_EXPECT_EQ(test, way->call(other, &job->task), -EBUSY);
	WPT_EXPECT_STAT(test, other, SUBMITTED, 0);
	wpt_open(job->gate);
	wpt_wait(test, job);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* waiting for what was never submitted, is nobody's, or may be gone */
static void misuse_wait(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_thread *thread;
	int result = 77;

	KUNIT_EXPECT_EQ(test, wpool_wait(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_wait(&job->task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&job->task, 1, &result), -EINVAL);
	KUNIT_EXPECT_EQ(test, result, 77);

	wpool_task_set_detached(&job->task);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	thread = wpt_thread(test, wpt_call_wait, pool, job, NULL);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -EINVAL);
	wpt_open(hold->gate);
}

/* cancelling and asking, likewise */
static void misuse_cancel(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_FALSE(test, wpool_cancel(NULL));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&job->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&job->task));
}

/* the default pool is nobody's to destroy */
static void misuse_destroy_default(struct kunit *test)
{
	struct wpool *pool = wpool_default();
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* A task on the stack of the worker that runs it. */
struct own {
	struct wpool		*pool;
	struct wpool_task	*task;
	atomic_t		runs;
	int			got;
};

static int submit_own(void *arg)
{
	struct own *own = arg;

	if (atomic_inc_return(&own->runs) == 1)
		own->got = wpool_schedule(own->pool, own->task);
	return 0;
}

static int wait_for_own(void *arg)
{
	struct wpool_task task;
	struct own *own = arg;
	int err;

	wpool_task_init(&task, submit_own, own);
	own->task = &task;
	err = wpool_schedule(own->pool, &task);
	return err ?: wpool_wait(&task);
}

/* 12, 75: no misuse: submitted again inside itself it runs once more */
static void misuse_own_stack(struct kunit *test)
{
	struct own *own = wpt_alloc(test, sizeof(*own));

	own->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	KUNIT_EXPECT_EQ(test, wpt_run(test, own->pool, wait_for_own, own), 0);
	KUNIT_EXPECT_EQ(test, own->got, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&own->runs), 2);
	WPT_EXPECT_STAT(test, own->pool, NESTED, 2);
}

/* 89: a delayed task on the stack is refused, its delay new or changed */
static void misuse_delayed_on_stack(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	/* A member of something larger: `make lint` would find it on its own. */
	struct { struct wpool_delayed_task late; } larger = { };

	/* Its timer is not set up: the kernel would report that, too. */
	wpool_task_init(&larger.late.task, nothing, NULL);
	larger.late.task.delayed = true;
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &larger.late, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_at(pool, &larger.late, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &larger.late, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &larger.late, 0), -EINVAL);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
}

static struct kunit_case misuse_cases[] = {
	KUNIT_CASE_PARAM(misuse_null, ways_gen_params),
	KUNIT_CASE(misuse_null_fn),
	KUNIT_CASE(misuse_err_ptr),
	KUNIT_CASE_PARAM(misuse_twice, ways_gen_params),
	KUNIT_CASE_PARAM(misuse_running_elsewhere, ways_gen_params),
	KUNIT_CASE(misuse_wait),
	KUNIT_CASE(misuse_cancel),
	KUNIT_CASE(misuse_destroy_default),
	KUNIT_CASE(misuse_own_stack),
	KUNIT_CASE(misuse_delayed_on_stack),
	{}
};

static struct kunit_suite misuse_suite = {
	.name = "wpool_misuse",
	.init = misuse_init,
	.exit = wpt_exit,
	.test_cases = misuse_cases,
};

kunit_test_suite(misuse_suite);
