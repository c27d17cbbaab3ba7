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
	const struct start_case	*scene;		/* or NULL: all begin at once */
	struct wpt_gate		*gate;
	struct wpt_gate		*task_gate;	/* the same, or what a task waits for before */
	struct wpt_job		*jobs;		/* those that they submit */
	struct wpool_task	task;		/* does it for a worker that has started */
	atomic_t		begun, stopped, refused, failed;
};

/* How many of the first workers submit, and how many of these in a task. */
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
	const struct start_case *scene = starters->scene;
	unsigned int nr = atomic_fetch_inc(&starters->begun);

	if (scene && nr >= scene->in_task && nr < scene->capacity)
		submit_one(pool, starters, nr);
}

/* Only the first one. */
static void on_stop(struct wpool *pool)
{
	struct starters *starters = wpool_priv(pool);

	if (!atomic_fetch_inc(&starters->stopped))
		submit_one(pool, starters, 1);
}

static int submit_in_task(void *arg)
{
	struct starters *starters = arg;

	wait_for_completion(&starters->task_gate->opened);
	submit_one(wpool_current(), starters, 0);
	return 0;
}

static int do_nothing(void *arg)
{
	return 0;
}

static const struct wpool_ops start_ops = { .worker_start = on_start };
static const struct wpool_ops stop_ops = { .worker_start = on_start, .worker_stop = on_stop };

static void starters_init(struct kunit *test, struct starters *starters)
{
	starters->gate = wpt_gate(test);
	starters->task_gate = starters->gate;
	starters->jobs = wpt_jobs(test, MOST_WORKERS, NULL);
	wpool_task_init(&starters->task, submit_in_task, starters);
}

/* Return: how many tasks were accepted before the pool was full. */
static unsigned int fill(struct kunit *test, struct wpool *pool)
{
	struct wpt_job *jobs = wpt_jobs(test, 2 * DEPTH, NULL);
	unsigned int n = 0;

	while (n < 2 * DEPTH && !wpool_try_schedule(pool, &jobs[n].task))
		n++;
	KUNIT_ASSERT_LT(test, n, 2 * DEPTH);
	return n;
}

/* A pool whose workers are all about to submit. */
static struct wpool *starting_pool(struct kunit *test, struct starters *starters)
{
	const struct start_case *scene = starters->scene;
	struct wpool *pool;

	starters_init(test, starters);
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
	struct wpool *pool;
	unsigned int n;

	starters->scene = test->param_value;
	pool = starting_pool(test, starters);
	n = fill(test, pool);
	wpt_open(starters->gate);
	/* All but the one refused: what workers submit, what they began for, and the rest. */
	WPT_ASSERT_STAT(test, pool, COMPLETED, 2 * starters->scene->capacity + n - 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->refused), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->failed), 0);
}

/* Tasks of one key, until the pool is full. Return: how many were accepted. */
static unsigned int fill_key(struct kunit *test, struct wpool *pool)
{
	struct wpool_keyed_task *tasks = wpt_alloc(test, 2 * DEPTH * sizeof(*tasks));
	unsigned int n = 0;

	do {
		wpool_keyed_task_init(&tasks[n], do_nothing, NULL);
	} while (!wpool_try_schedule_keyed(pool, &tasks[n], 1) && ++n < 2 * DEPTH);
	KUNIT_ASSERT_LT(test, n, 2 * DEPTH);
	return n;
}

/*
 * 187: one in a task is refused before one in a hook, though that has slept for longer: when the
 * task ends there is room, while the worker of the other might find nothing that it can begin
 */
static void hook_room_task_first(struct kunit *test)
{
	static const struct start_case one_in_task = { .capacity = 2, .in_task = 1 };
	struct wpool_delayed_task *later = wpt_alloc(test, sizeof(*later));
	struct wpool_keyed_task *head = wpt_alloc(test, sizeof(*head));
	struct starters *starters = wpt_alloc(test, sizeof(*starters));
	struct wpool *pool;
	unsigned int n;

	starters->scene = &one_in_task;
	starters_init(test, starters);
	starters->task_gate = wpt_gate(test);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .min_workers = 2, .queue_depth = DEPTH, .ops = &start_ops,
		.priv = starters,
	});
	wpool_keyed_task_init(head, submit_in_task, starters);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, head, 1), 0);
	WPT_ASSERT_UNTIL(test, wpool_task_running(&head->task));
	/* As long as it may come, nobody waits in vain. */
	wpool_delayed_task_init(later, do_nothing, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, later, 3600 * HZ), 0);
	n = fill_key(test, pool);
	wpt_open(starters->gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpt_open(starters->task_gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 2);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&later->task));
	/* The head, those behind it, and what the hook submits. */
	WPT_ASSERT_STAT(test, pool, COMPLETED, 1 + n + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->refused), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->jobs[0].runs), 0);	/* the task's */
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->failed), 0);
}

/* 187: or in that of their end: nobody has the place of such a worker yet */
static void hook_room_at_end(struct kunit *test)
{
	struct starters *starters = wpt_alloc(test, sizeof(*starters));
	struct wpool *pool;
	unsigned int n;

	starters_init(test, starters);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = DEPTH, .ops = &stop_ops, .priv = starters,
		.idle_timeout_ms = 1,
	});
	wpt_open(wpt_hold(test, pool, 2)->gate);	/* then one of two workers leaves */
	WPT_ASSERT_UNTIL(test, atomic_read(&starters->stopped));
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &starters->task), 0);
	WPT_ASSERT_UNTIL(test, wpool_task_running(&starters->task));
	n = fill(test, pool);
	wpt_open(starters->gate);
	WPT_ASSERT_STAT(test, pool, COMPLETED, 2 + 1 + n + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->refused), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->failed), 0);
}

/* 187: while it sleeps it does not count as one that will soon look at the queue */
static void hook_room_others_made(struct kunit *test)
{
	static const struct start_case one = { .capacity = 1 };
	struct starters *starters = wpt_alloc(test, sizeof(*starters));
	struct wpool *pool;
	unsigned int n;

	starters->scene = &one;
	starters_init(test, starters);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = DEPTH, .ops = &start_ops, .priv = starters,
	});
	/* One of them is ready, so one worker is made, and the others wait behind it. */
	n = fill_key(test, pool);
	WPT_ASSERT_UNTIL(test, atomic_read(&starters->begun) == 1);
	WPT_EXPECT_STAT(test, pool, WORKERS, 1);
	wpt_open(starters->gate);
	WPT_ASSERT_STAT(test, pool, COMPLETED, n + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->refused), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&starters->failed), 0);
}

static struct kunit_case hook_room_cases[] = {
	KUNIT_CASE_PARAM(hook_room_refused, start_gen_params),
	KUNIT_CASE(hook_room_task_first),
	KUNIT_CASE(hook_room_at_end),
	KUNIT_CASE(hook_room_others_made),
	{}
};

static struct kunit_suite hook_room_suite = {
	.name = "wpool_hook_room",
	.init = hook_room_init,
	.exit = wpt_exit,
	.test_cases = hook_room_cases,
};

kunit_test_suite(hook_room_suite);
