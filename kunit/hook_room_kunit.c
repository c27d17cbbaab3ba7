// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks that submit to their own pool when it is full: they do not keep it from going on.
 */
#include "wpool_kunit.h"

#define MOST_WORKERS	2
#define DEPTH		4

static int hook_room_init(struct kunit *test)
{
	return wpt_init(test, "wpool_hook_room");
}

/* The workers of a pool, each of which submits a job to it; the priv of that pool. */
struct starters {
	const struct start_case	*scene;
	struct wpt_gate		*gate;
	struct wpt_job		*jobs;		/* those that they submit */
	struct wpool_task	task;		/* does it for a worker that has started */
	atomic_t		begun, refused, failed;
};

/* How many workers there may be, and how many of them submit in a task. */
static const struct start_case {
	const char	*name;
	unsigned int	capacity, in_task;
} start_cases[] = {
	{ "one worker", 1, 0 }, { "two workers", 2, 0 }, { "one of two in a task", 2, 1 },
};

static void start_name(const struct start_case *scene, char *desc)
{
	strscpy(desc, scene->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(start, start_cases, start_name);

static void submit_one(struct wpool *pool, struct starters *starters, unsigned int nr)
{
	int err;

	wait_for_completion(&starters->gate->opened);
	err = wpool_schedule(pool, &starters->jobs[nr].task);
	if (err == -EDEADLK)
		atomic_inc(&starters->refused);
	else if (err)
		atomic_inc(&starters->failed);
}

static void on_start(struct wpool *pool)
{
	struct starters *starters = wpool_priv(pool);
	unsigned int nr = atomic_fetch_inc(&starters->begun);

	if (nr >= starters->scene->in_task)
		submit_one(pool, starters, nr);
}

static int submit_in_task(void *arg)
{
	submit_one(wpool_current(), arg, 0);
	return 0;
}

static const struct wpool_ops start_ops = { .worker_start = on_start };

/* A pool whose workers are all about to submit. */
static struct wpool *starting_pool(struct kunit *test, struct starters *starters)
{
	const struct start_case *scene = starters->scene;
	struct wpool *pool;

	starters->gate = wpt_gate(test);
	starters->jobs = wpt_jobs(test, MOST_WORKERS, NULL);
	wpool_task_init(&starters->task, submit_in_task, starters);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = scene->capacity, .queue_depth = DEPTH, .ops = &start_ops,
		.priv = starters,
	});
	if (scene->in_task) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &starters->task), 0);
		WPT_ASSERT_UNTIL(test, wpool_task_running(&starters->task));
	}
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, wpt_jobs(test, MOST_WORKERS, NULL),
					       scene->capacity - scene->in_task), 0);
	WPT_ASSERT_UNTIL(test, atomic_read(&starters->begun) == scene->capacity);
	return pool;
}

/* 187: if all workers would sleep for room, also in the hook of their start, one is refused */
static void hook_room_refused(struct kunit *test)
{
	struct starters *starters = wpt_alloc(test, sizeof(*starters));
	struct wpt_job *jobs = wpt_jobs(test, 2 * DEPTH, NULL);
	struct wpool *pool;
	unsigned int n = 0;

	starters->scene = test->param_value;
	pool = starting_pool(test, starters);
	while (n < 2 * DEPTH && !wpool_try_schedule(pool, &jobs[n].task))
		n++;
	KUNIT_ASSERT_LT(test, n, 2 * DEPTH);
	wpt_open(starters->gate);
	/* All but the one refused: what workers submit, what they began for, and the rest. */
	WPT_ASSERT_STAT(test, pool, COMPLETED, 2 * starters->scene->capacity + n - 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->refused), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->failed), 0);
}

static struct kunit_case hook_room_cases[] = {
	KUNIT_CASE_PARAM(hook_room_refused, start_gen_params),
	{}
};

static struct kunit_suite hook_room_suite = {
	.name = "wpool_hook_room",
	.init = hook_room_init,
	.exit = wpt_exit,
	.test_cases = hook_room_cases,
};

kunit_test_suite(hook_room_suite);
