// SPDX-License-Identifier: GPL-2.0
/*
 * What the guide and the tour show, done inside tasks, nested as deep as tasks may be
 * and deeper. What they wait for lies in their frame or is freed at its end, so each of
 * them is right, or is refused with nothing left in the pool.
 */
#include <linux/kthread.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include "wpool_kunit.h"

static int depth_init(struct kunit *test)
{
	return wpt_init(test, "wpool_depth");
}

/*
 * An example returns 0 if it was right, -EDEADLK if it was refused; in *@left whether the
 * pool had anything of it when it was about to return.
 */
struct example {
	const char	*name;
	int		(*use)(struct wpool *pool, bool *left);
};

/* A task that the pool has not let go of is taken from it before its memory goes. */
static void note_left(struct wpool_task *task, bool *left)
{
	if (!wpool_task_queued(task) && !wpool_task_running(task))
		return;
	*left = true;
	wpool_cancel_sync(task);
}

static int add_one(void *arg)
{
	return (long)arg + 1;
}

static int judge(int result, int expected)
{
	if (result == expected)
		return 0;
	return result == -EDEADLK ? -EDEADLK : -EPROTO;
}

static int use_wait(struct wpool *pool, bool *left)
{
	struct wpool_task task;
	int err;

	wpool_task_init(&task, add_one, (void *)1L);
	err = wpool_schedule(pool, &task);
	if (!err)
		err = wpool_wait(&task);
	note_left(&task, left);
	return judge(err, 2);
}

static int use_run(struct wpool *pool, bool *left)
{
	return judge(wpool_run(pool, add_one, (void *)41L), 42);
}

static int use_run_timeout(struct wpool *pool, bool *left)
{
	return judge(wpool_run_timeout(pool, add_one, (void *)41L, MAX_SCHEDULE_TIMEOUT, NULL),
		     42);
}

/* Waits for each, also if it was refused for another. */
static int wait_for_all(struct wpool_task **tasks, unsigned int n, int expected, bool *left)
{
	int ret = 0, err;

	while (n--) {
		err = judge(wpool_wait(tasks[n]), expected);
		ret = ret ?: err;
		note_left(tasks[n], left);
	}
	return ret;
}

static int use_batch(struct wpool *pool, bool *left)
{
	struct wpool_task tasks[3], *pointers[3];
	int i, n;

	for (i = 0; i < 3; i++) {
		wpool_task_init(&tasks[i], add_one, NULL);
		pointers[i] = &tasks[i];
	}
	n = wpool_schedule_batch(pool, pointers, 3);
	return n < 0 ? n : wait_for_all(pointers, n, 1, left);
}

static int use_atomic(struct wpool *pool, bool *left)
{
	struct wpool_task task, *pointer = &task;
	static DEFINE_SPINLOCK(lock);
	unsigned long flags;
	int err;

	wpool_task_init(&task, add_one, NULL);
	spin_lock_irqsave(&lock, flags);
	err = wpool_try_schedule(pool, &task);
	spin_unlock_irqrestore(&lock, flags);
	return err ?: wait_for_all(&pointer, 1, 1, left);
}

static int use_priorities(struct wpool *pool, bool *left)
{
	struct wpool_task tasks[WPOOL_NR_PRIOS], *pointers[WPOOL_NR_PRIOS];
	int i, err = 0;

	for (i = 0; i < WPOOL_NR_PRIOS && !err; i++) {
		wpool_task_init(&tasks[i], add_one, NULL);
		wpool_task_set_priority(&tasks[i], i);
		pointers[i] = &tasks[i];
		err = wpool_schedule(pool, &tasks[i]);
	}
	return err ?: wait_for_all(pointers, i, 1, left);
}

static int use_keys(struct wpool *pool, bool *left)
{
	struct wpool_keyed_task ktasks[3];
	struct wpool_task *pointers[3];
	int i, err = 0;

	for (i = 0; i < 3 && !err; i++) {
		wpool_keyed_task_init(&ktasks[i], add_one, NULL);
		pointers[i] = &ktasks[i].task;
		err = wpool_schedule_keyed(pool, &ktasks[i], (unsigned long)ktasks);
	}
	return err ?: wait_for_all(pointers, i, 1, left);
}

/* One with a limit, which the task stays the pool's after; then it is taken back. */
static int use_timeout(struct wpool *pool, bool *left)
{
	struct wpool_task task;
	int err, result = 0;

	wpool_task_init(&task, add_one, (void *)1L);
	err = wpool_schedule(pool, &task);
	if (err)
		return err;
	err = wpool_wait_timeout(&task, 1, &result);
	wpool_cancel_sync(&task);
	note_left(&task, left);
	return err == -ETIMEDOUT ? 0 : err ?: judge(result, 2);
}

struct lap {
	struct wpool_task	task;
	int			runs;
};

static int run_lap(void *arg)
{
	struct lap *lap = arg;

	if (++lap->runs < 5)
		return wpool_schedule(wpool_current(), &lap->task);
	return lap->runs;
}

static int use_again(struct wpool *pool, bool *left)
{
	struct lap *lap = kzalloc(sizeof(*lap), GFP_KERNEL);
	int err;

	if (!lap)
		return -ENOMEM;
	wpool_task_init(&lap->task, run_lap, lap);
	err = wpool_schedule(pool, &lap->task);
	if (!err)
		err = wpool_wait(&lap->task);
	note_left(&lap->task, left);
	kfree(lap);
	return judge(err, 5);
}

static int use_delayed(struct wpool *pool, bool *left)
{
	struct wpool_delayed_task *dtask = kzalloc(sizeof(*dtask), GFP_KERNEL);
	int err;

	if (!dtask)
		return -ENOMEM;
	wpool_delayed_task_init(dtask, add_one, NULL);
	err = wpool_schedule_delayed(pool, dtask, 3600 * HZ);
	if (!err)
		err = wpool_modify_delayed(pool, dtask, 1) ?: wpool_wait(&dtask->task);
	note_left(&dtask->task, left);
	kfree(dtask);
	return judge(err, 1);
}

static int fail(void *arg)
{
	return -ENOSPC;
}

static int use_any_group(struct wpool *pool, struct wpool_group *group, bool *left)
{
	struct wpool_task tasks[3];
	int i, err = 0, result;

	for (i = 0; i < 3 && !err; i++) {
		wpool_task_init(&tasks[i], i == 1 ? fail : add_one, NULL);
		err = wpool_group_schedule(group, pool, &tasks[i]);
	}
	if (!err)
		err = wpool_group_schedule_fn(group, pool, add_one, NULL,
					      NULL);
	result = wpool_group_wait(group);
	while (wpool_group_wait_timeout(group, 0) == -ETIMEDOUT ||
	       wpool_group_wait_timeout(group, 0) == -EDEADLK) {
		*left = true;
		wpool_group_cancel(group);
	}
	for (i--; i >= 0; i--)
		note_left(&tasks[i], left);
	return err ?: judge(result, -ENOSPC);
}

static int use_group(struct wpool *pool, bool *left)
{
	struct wpool_group group;

	wpool_group_init(&group, 0);
	return use_any_group(pool, &group, left);
}

static int use_fail_fast(struct wpool *pool, bool *left)
{
	struct wpool_group group;

	wpool_group_init(&group, WPOOL_GROUP_FAIL_FAST);
	return use_any_group(pool, &group, left);
}

static const struct example examples[] = {
	{ "schedule, wait", use_wait },
	{ "run", use_run },
	{ "run_timeout, no limit", use_run_timeout },
	{ "batch", use_batch },
	{ "try_schedule", use_atomic },
	{ "priorities", use_priorities },
	{ "keys", use_keys },
	{ "wait_timeout, cancel_sync", use_timeout },
	{ "again", use_again },
	{ "delayed", use_delayed },
	{ "group", use_group },
	{ "group, fail fast", use_fail_fast },
};

static void example_name(const struct example *example, char *desc)
{
	strscpy(desc, example->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(example, examples, example_name);

/* A task that runs tasks inside one another, and an example in the innermost. */
struct dive {
	struct wpool_task	task;
	struct wpool		*pool;
	const struct example	*example;
	struct wpt_gate		*gate;		/* waited for at first, or NULL */
	unsigned int		depth;
	struct completion	begun;
	struct task_struct	*worker;
	int			got;
	bool			left;
};

static int go_down(void *arg)
{
	struct dive *dive = arg;
	int err;

	WRITE_ONCE(dive->worker, current);
	if (!--dive->depth) {
		dive->got = dive->example->use(dive->pool, &dive->left);
		return 0;
	}
	err = wpool_run(dive->pool, go_down, dive);
	if (err)
		dive->got = err;
	return 0;
}

static int begin_dive(void *arg)
{
	struct dive *dive = arg;

	complete_all(&dive->begun);
	if (dive->gate)
		wait_for_completion(&dive->gate->opened);
	return go_down(dive);
}

static struct dive *new_dive(struct kunit *test, struct wpool *pool, unsigned int depth,
			     struct wpt_gate *gate)
{
	struct dive *dive = wpt_alloc(test, sizeof(*dive));

	dive->pool = pool;
	dive->example = test->param_value;
	dive->gate = gate;
	dive->depth = depth;
	dive->got = -ENODATA;
	init_completion(&dive->begun);
	wpool_task_init(&dive->task, begin_dive, dive);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &dive->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&dive->begun, WPT_LIMIT), 0);
	return dive;
}

static struct wpool *diving_pool(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .flags = WPOOL_KEEP_IDLE,
	});
}

/* At rest: no task, and none counted twice or not at all. */
static void come_to_rest(struct kunit *test, struct wpool *pool)
{
	WPT_ASSERT_STAT(test, pool, RUNNING, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	/* A worker leaves its task a little before it counts the task as ended. */
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_SUBMITTED) ==
			       wpt_stat(pool, WPOOL_STAT_COMPLETED) +
			       wpt_stat(pool, WPOOL_STAT_CANCELLED));
}

#define DEEPEST	(WPOOL_MAX_NESTING + 2)

/* 16, 81: on the only worker: right at first, refused from some depth on */
static void depth_alone(struct kunit *test)
{
	struct wpool *pool = diving_pool(test, 1);
	bool refused = false;
	unsigned int depth;

	for (depth = 1; depth <= DEEPEST; depth++) {
		struct dive *dive = new_dive(test, pool, depth, NULL);

		KUNIT_EXPECT_EQ(test, wpt_result(test, &dive->task), 0);
		KUNIT_EXPECT_FALSE_MSG(test, dive->left, "left at depth %u", depth);
		if (dive->got == -EDEADLK && depth > 1)
			refused = true;
		KUNIT_EXPECT_EQ_MSG(test, dive->got, refused ? -EDEADLK : 0, "depth %u", depth);
		come_to_rest(test, pool);
	}
	/* With a limit it is not the wait that is refused, but those above it. */
	KUNIT_EXPECT_TRUE(test, refused);
}

static bool asleep(struct task_struct *thread)
{
	return thread &&
	       (READ_ONCE(thread->__state) & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE));
}

static bool over(const struct dive *dive)
{
	return !wpool_task_queued(&dive->task) && !wpool_task_running(&dive->task);
}

/* How deep two can go, each as long as half of its stack is free. KMSAN needs more of it. */
#define BESIDE	(IS_ENABLED(CONFIG_KMSAN) ? 12 : DEEPEST)

/* 16, 81: others are busy, and run later what is too deep for the one that waits */
static void depth_beside(struct kunit *test, unsigned int capacity)
{
	struct wpool *pool = diving_pool(test, capacity);
	unsigned int depth;

	for (depth = 1; depth <= BESIDE; depth++) {
		struct wpt_job *hold = wpt_hold(test, pool, capacity - 1);
		struct dive *dive = new_dive(test, pool, depth, NULL);

		WPT_ASSERT_UNTIL(test, over(dive) || asleep(READ_ONCE(dive->worker)));
		wpt_open(hold->gate);
		KUNIT_EXPECT_EQ(test, wpt_result(test, &dive->task), 0);
		KUNIT_EXPECT_FALSE_MSG(test, dive->left, "left at depth %u", depth);
		KUNIT_EXPECT_EQ_MSG(test, dive->got, 0, "depth %u", depth);
		come_to_rest(test, pool);
	}
}

static void depth_beside_one(struct kunit *test)
{
	depth_beside(test, 2);
}

static void depth_beside_three(struct kunit *test)
{
	depth_beside(test, 4);
}

/* 16, 81: all workers go as deep: some are refused, so that the others come to an end */
static void depth_together(struct kunit *test, unsigned int capacity)
{
	struct wpool *pool = diving_pool(test, capacity);
	unsigned int depth, i, refused;
	struct dive *dives[4];

	for (depth = 1; depth <= DEEPEST; depth++) {
		struct wpt_gate *gate = wpt_gate(test);

		for (i = 0; i < capacity; i++)
			dives[i] = new_dive(test, pool, depth, gate);
		wpt_open(gate);
		for (i = 0, refused = 0; i < capacity; i++) {
			KUNIT_EXPECT_EQ(test, wpt_result(test, &dives[i]->task), 0);
			KUNIT_EXPECT_FALSE_MSG(test, dives[i]->left, "left at depth %u", depth);
			if (dives[i]->got == -EDEADLK)
				refused++;
			else
				KUNIT_EXPECT_EQ_MSG(test, dives[i]->got, 0, "depth %u", depth);
		}
		KUNIT_EXPECT_TRUE(test, depth > 1 || !refused);
		KUNIT_EXPECT_TRUE(test, depth <= WPOOL_MAX_NESTING || refused);
		come_to_rest(test, pool);
	}
}

static void depth_together_two(struct kunit *test)
{
	depth_together(test, 2);
}

static void depth_together_four(struct kunit *test)
{
	depth_together(test, 4);
}

static struct kunit_case depth_cases[] = {
	KUNIT_CASE_PARAM(depth_alone, example_gen_params),
	KUNIT_CASE_PARAM(depth_beside_one, example_gen_params),
	KUNIT_CASE_PARAM(depth_beside_three, example_gen_params),
	KUNIT_CASE_PARAM(depth_together_two, example_gen_params),
	KUNIT_CASE_PARAM(depth_together_four, example_gen_params),
	{}
};

static struct kunit_suite depth_suite = {
	.name = "wpool_depth",
	.init = depth_init,
	.exit = wpt_exit,
	.test_cases = depth_cases,
};

kunit_test_suite(depth_suite);
