// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks with a key, and all the rest: full queues, deaths, the end of the pool,
 * groups, submission from inside.
 */
#include <linux/kthread.h>
#include <linux/mutex.h>
#include "wpool_kunit.h"

static int keyed_mix_init(struct kunit *test)
{
	return wpt_init(test, "wpool_keyed_mix");
}

/* Tasks of one key, whose jobs take their turn at a clock. */
struct keyed {
	struct wpt_job		*jobs;
	struct wpool_keyed_task	*ktasks;
};

static struct keyed keyed(struct kunit *test, unsigned int n, struct wpt_gate *gate)
{
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	struct keyed keyed = {
		.jobs	= wpt_jobs(test, n, gate),
		.ktasks	= wpt_alloc(test, n * sizeof(*keyed.ktasks)),
	};
	unsigned int i;

	for (i = 0; i < n; i++) {
		keyed.jobs[i].clock = clock;
		wpool_keyed_task_init(&keyed.ktasks[i], wpt_run_job, &keyed.jobs[i]);
	}
	return keyed;
}

static void schedule_all(struct kunit *test, struct wpool *pool,
			 struct wpool_keyed_task *ktasks, unsigned int n, u64 key)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &ktasks[i], key), 0);
}

static int call_schedule_keyed(struct wpt_thread *self)
{
	return wpool_schedule_keyed(self->pool, self->arg, 1);
}

/* 24: one that is dropped does not stand in the way of its key */
static void keyed_discard(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2, .full = WPOOL_FULL_DISCARD,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct keyed keyed_3 = keyed(test, 3, NULL);
	unsigned int i;

	schedule_all(test, pool, keyed_3.ktasks, 2, 1);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_schedule_keyed, pool, &keyed_3.ktasks[2]), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed_3.ktasks[2].task), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, DROPPED, 1);
	wpt_open(hold->gate);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed_3.ktasks[i].task), 0);
	schedule_all(test, pool, &keyed_3.ktasks[2], 1, 1);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed_3.ktasks[2].task), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, keyed_3.jobs[i].turn, i + 1);
}

/* 24: nor does one that never had a place: what comes later does not overtake the others */
static void keyed_discard_order(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2, .full = WPOOL_FULL_DISCARD,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_gate *gate = wpt_gate(test);
	struct keyed keyed_4 = keyed(test, 4, gate);
	unsigned int i;

	schedule_all(test, pool, keyed_4.ktasks, 3, 1);	/* the last one is dropped */
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed_4.ktasks[2].task), -ECANCELED);
	wpt_open(hold->gate);
	wpt_begun(test, &keyed_4.jobs[0]);
	schedule_all(test, pool, &keyed_4.ktasks[3], 1, 1);
	wpt_open(gate);
	for (i = 0; i < 4; i++) {
		if (i != 2)
			KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed_4.ktasks[i].task), 0);
	}
	KUNIT_EXPECT_EQ(test, keyed_4.jobs[1].turn, 2);
	KUNIT_EXPECT_EQ(test, keyed_4.jobs[3].turn, 3);
}

/* 23: the oldest that waits is the first of its key: the next takes its place */
static void keyed_discard_oldest(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 3, .full = WPOOL_FULL_DISCARD_OLDEST,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct keyed four = keyed(test, 4, NULL);
	unsigned int i;

	schedule_all(test, pool, four.ktasks, 3, 1);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_schedule_keyed, pool, &four.ktasks[3]), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &four.ktasks[0].task), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, QUEUED, 3);
	wpt_open(hold->gate);
	for (i = 1; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, wpt_result(test, &four.ktasks[i].task), 0);
		KUNIT_EXPECT_EQ(test, four.jobs[i].turn, i);
	}
}

/* 25: a caller does not run one ahead of its key: it waits for room */
static void keyed_caller_waits(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct keyed two = keyed(test, 2, NULL);
	struct wpt_thread *thread;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_call(test, call_schedule_keyed, pool, &two.ktasks[0]), 0);
	thread = wpt_thread(test, call_schedule_keyed, pool, NULL, &two.ktasks[1]);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&two.jobs[1].runs), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, wpt_result(test, &two.ktasks[i].task), 0);
		KUNIT_EXPECT_EQ(test, two.jobs[i].turn, i + 1);
	}
}

/* 12: submitted again while it runs: after those of its key that wait */
static void keyed_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct keyed three = keyed(test, 3, NULL);

	three.jobs[0].gate = wpt_gate(test);
	schedule_all(test, pool, three.ktasks, 3, 1);
	wpt_begun(test, &three.jobs[0]);
	schedule_all(test, pool, three.ktasks, 1, 1);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, three.ktasks, 1), -EBUSY);
	wpt_open(three.jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &three.ktasks[0].task), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&three.jobs[0].runs), 2);
	KUNIT_EXPECT_EQ(test, three.jobs[1].turn, 2);
	KUNIT_EXPECT_EQ(test, three.jobs[2].turn, 3);
	KUNIT_EXPECT_EQ(test, three.jobs[0].turn, 4);
}

/* Another key only when it neither waits nor runs. */
static void keyed_other_key(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct keyed two = keyed(test, 2, NULL);

	two.jobs[0].gate = wpt_gate(test);
	schedule_all(test, pool, two.ktasks, 2, 1);
	wpt_begun(test, &two.jobs[0]);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, &two.ktasks[0], 2), -EBUSY);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, &two.ktasks[1], 2), -EBUSY);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	wpt_open(two.jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &two.ktasks[1].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, &two.ktasks[1], 2), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &two.ktasks[1].task), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&two.jobs[1].runs), 2);
}

static int die_in_run(void *arg)
{
	struct wpt_job *job = arg;

	complete_all(&job->begun);
	wait_for_completion(&job->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* 36: one that kills its worker does not take its key with it */
static void keyed_death(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct keyed four = keyed(test, 4, NULL);
	unsigned int i;

	four.jobs[0].gate = wpt_gate(test);
	wpool_keyed_task_init(&four.ktasks[0], die_in_run, &four.jobs[0]);
	schedule_all(test, pool, four.ktasks, 4, 1);
	wpt_begun(test, &four.jobs[0]);
	WPT_EXPECT_STAT(test, pool, QUEUED, 3);
	wpt_open(four.jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &four.ktasks[0].task), -EOWNERDEAD);
	for (i = 1; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, wpt_result(test, &four.ktasks[i].task), 0);
		KUNIT_EXPECT_EQ(test, four.jobs[i].turn, i);
	}
}

/* 54: a pool that shuts down runs the deferred tasks, too */
static void keyed_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct keyed five = keyed(test, 5, NULL);
	unsigned int i;

	five.jobs[0].gate = wpt_gate(test);
	schedule_all(test, pool, five.ktasks, 5, 1);
	wpt_begun(test, &five.jobs[0]);
	wpool_shutdown(pool);
	wpt_open(five.jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, five.jobs[i].turn, i + 1);
}

/* 54: and one that stops hands them back, in order, with those that are not */
static void keyed_shutdown_now(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct keyed three = keyed(test, 3, NULL);
	struct wpool_task *task, *next;
	LIST_HEAD(unrun);
	unsigned int i = 0;

	schedule_all(test, pool, three.ktasks, 3, 1);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 3);
	list_for_each_entry_safe(task, next, &unrun, node) {
		list_del(&task->node);
		KUNIT_ASSERT_LT(test, i, 3);
		KUNIT_EXPECT_PTR_EQ(test, task, &three.ktasks[i++].task);
		KUNIT_EXPECT_EQ(test, wpt_result(test, task), -ECANCELED);
	}
	KUNIT_EXPECT_EQ(test, i, 3);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&three.jobs[i].runs), 0);
}

/* 54: also while the first of them runs */
static void keyed_shutdown_now_running(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct keyed four = keyed(test, 4, NULL);
	struct wpool_task *task, *next;
	LIST_HEAD(unrun);
	unsigned int i, n = 0;

	four.jobs[0].gate = wpt_gate(test);
	schedule_all(test, pool, four.ktasks, 4, 1);
	wpt_begun(test, &four.jobs[0]);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 3);
	list_for_each_entry_safe(task, next, &unrun, node) {
		list_del(&task->node);
		n++;
	}
	wpt_open(four.jobs[0].gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &four.ktasks[0].task), 0);
	for (i = 1; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, wpt_result(test, &four.ktasks[i].task), -ECANCELED);
		KUNIT_EXPECT_EQ(test, atomic_read(&four.jobs[i].runs), 0);
	}
	KUNIT_EXPECT_EQ(test, n, 3);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 3);
}

/* 53: the cancelling of a group takes back its deferred tasks, too */
static void keyed_group_cancel(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_group *group = wpt_alloc(test, sizeof(*group));
	struct keyed four = keyed(test, 4, NULL);
	unsigned int i;

	wpool_group_init(group, 0);
	four.jobs[0].gate = wpt_gate(test);
	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test, wpool_group_schedule_keyed(group, pool, &four.ktasks[i],
								 0), 0);
	wpt_begun(test, &four.jobs[0]);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 3);
	wpt_open(four.jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, WPT_LIMIT), -ECANCELED);
	for (i = 1; i < 4; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&four.jobs[i].runs), 0);
}

/* A task that waits, under a lock, for one that is deferred behind another, which takes that. */
struct locked {
	struct wpool_task	task;
	struct wpool_keyed_task	stranger, mine;
	struct wpool		*pool;
	struct mutex		lock;	/* held by the one that waits, wanted by mine */
	struct completion	held;
};

static int take_lock(void *arg)
{
	struct locked *locked = arg;

	mutex_lock(&locked->lock);
	mutex_unlock(&locked->lock);
	return 0;
}

static int do_nothing(void *unused)
{
	return 0;
}

static int wait_under_lock(void *arg)
{
	struct locked *locked = arg;
	int ret;

	mutex_lock(&locked->lock);
	complete(&locked->held);
	while (!wpool_task_queued(&locked->stranger.task))
		schedule_timeout_idle(1);
	ret = wpool_schedule_keyed(locked->pool, &locked->mine, 7) ?:
	      wpool_wait_timeout(&locked->mine.task, HZ / 20 + 1, NULL);
	mutex_unlock(&locked->lock);
	return ret;
}

static const unsigned int capacity_cases[] = { 1, 2, 4 };

static void capacity_name(const unsigned int *capacity, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "capacity %u", *capacity);
}

KUNIT_ARRAY_PARAM(capacity, capacity_cases, capacity_name);

/* 20, 174: a worker that waits for a limited time does not run the head of a key either */
static void keyed_wait_under_lock(struct kunit *test)
{
	unsigned int capacity = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
	struct locked *locked = wpt_alloc(test, sizeof(*locked));

	if (capacity > 1)
		wpt_hold(test, pool, capacity - 1);
	locked->pool = pool;
	mutex_init(&locked->lock);
	init_completion(&locked->held);
	wpool_task_init(&locked->task, wait_under_lock, locked);
	wpool_keyed_task_init(&locked->stranger, take_lock, locked);
	wpool_keyed_task_init(&locked->mine, do_nothing, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &locked->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&locked->held, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &locked->stranger, 7), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &locked->task), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &locked->mine.task), 0);
	WPT_EXPECT_STAT(test, pool, NESTED, 0);
}

static struct kunit_case keyed_mix_cases[] = {
	KUNIT_CASE(keyed_discard),
	KUNIT_CASE(keyed_discard_order),
	KUNIT_CASE(keyed_discard_oldest),
	KUNIT_CASE(keyed_caller_waits),
	KUNIT_CASE(keyed_again),
	KUNIT_CASE(keyed_other_key),
	KUNIT_CASE(keyed_death),
	KUNIT_CASE(keyed_shutdown),
	KUNIT_CASE(keyed_shutdown_now),
	KUNIT_CASE(keyed_shutdown_now_running),
	KUNIT_CASE(keyed_group_cancel),
	KUNIT_CASE_PARAM(keyed_wait_under_lock, capacity_gen_params),
	{}
};

static struct kunit_suite keyed_mix_suite = {
	.name = "wpool_keyed_mix",
	.init = keyed_mix_init,
	.exit = wpt_exit,
	.test_cases = keyed_mix_cases,
};

kunit_test_suite(keyed_mix_suite);
