// SPDX-License-Identifier: GPL-2.0
/*
 * What calls do with bad input, and which attributes do not go together:
 * an errno, and nothing changes.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/nodemask.h>
#include "wpool_kunit.h"

static int calls_init(struct kunit *test)
{
	return wpt_init(test, "wpool_calls");
}

static int nothing(void *arg)
{
	return 0;
}

static const struct cpumask no_cpu;

struct impossible_case {
	const char		*what;
	struct wpool_attrs	attrs;
};

static const struct impossible_case impossible_cases[] = {
	{ "ordered, capacity 2", { .capacity = 2, .flags = WPOOL_ORDERED } },
	{ "ordered, capacity_percent", { .capacity_percent = 100, .flags = WPOOL_ORDERED } },
	{ "capacity_percent beyond its limit", { .capacity_percent = WPOOL_MAX_PERCENT + 1 } },
	{ "capacity and capacity_percent", { .capacity = 2, .capacity_percent = 50 } },
	{ "discard oldest, hand-off", { .queue_depth = WPOOL_QUEUE_HANDOFF,
	  .full = WPOOL_FULL_DISCARD_OLDEST } },
	{ "max_blocked, fail", { .max_blocked = 1, .full = WPOOL_FULL_FAIL } },
	{ "max_blocked, caller runs", { .max_blocked = 1, .full = WPOOL_FULL_CALLER_RUNS } },
	{ "max_blocked, discard", { .max_blocked = 1, .full = WPOOL_FULL_DISCARD } },
	{ "policy -1", { .full = -1 } },
	{ "nice -21", { .nice = -21 } },
	{ "nice 20", { .nice = 20 } },
	{ "node -1", { .node = -1 } },
	{ "node INT_MIN", { .node = INT_MIN } },
	{ "node beyond the last", { .node = WPOOL_NODE(MAX_NUMNODES) } },
	{ "node INT_MAX", { .node = INT_MAX } },
	{ "cpumask without a CPU", { .cpumask = &no_cpu } },
	{ "the flag after the last", { .flags = 0x1000 } },
	{ "the flag that was RUN_OUT_DELAYED", { .flags = 0x20 } },
	{ "the flag that was CHAIN", { .flags = 0x800 } },
	{ "min above one, ordered", { .min_workers = 2, .flags = WPOOL_ORDERED } },
};

static void impossible_name(const struct impossible_case *param, char *desc)
{
	strscpy(desc, param->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(impossible, impossible_cases, impossible_name);

/* 2: refused, and nothing is left */
static void calls_impossible(struct kunit *test)
{
	const struct impossible_case *param = test->param_value;
	struct wpool *pool = wpool_create("kunit-impossible", &param->attrs);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -EINVAL);
	if (!IS_ERR_OR_NULL(pool))
		wpool_destroy(pool);
	KUNIT_EXPECT_PTR_EQ(test, wpool_find("kunit-impossible"), (struct wpool *)NULL);
}

static const struct impossible_case possible_cases[] = {
	{ "ordered, capacity 1", { .capacity = 1, .flags = WPOOL_ORDERED | WPOOL_PREALLOC } },
	{ "MEM_RECLAIM alone", { .flags = WPOOL_MEM_RECLAIM } },
	{ "MEM_RECLAIM, PREALLOC", { .capacity = 2, .flags = WPOOL_MEM_RECLAIM | WPOOL_PREALLOC } },
	{ "MEM_RECLAIM, ordered", { .min_workers = 1,
	  .flags = WPOOL_MEM_RECLAIM | WPOOL_ORDERED } },
	{ "min at capacity", { .capacity = 3, .min_workers = 3 } },
	{ "discard oldest, depth 1", { .queue_depth = 1, .full = WPOOL_FULL_DISCARD_OLDEST } },
	{ "discard, hand-off", { .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_DISCARD } },
	{ "all that go together", { .capacity = 2, .min_workers = 1, .max_blocked = 5,
	  .nice = 5, .spin_us = 10, .flags = WPOOL_FREEZABLE | WPOOL_MEM_RECLAIM |
	  WPOOL_KEEP_IDLE | WPOOL_LATENCY } },
};

KUNIT_ARRAY_PARAM(possible, possible_cases, impossible_name);

/* 2: and what is only unusual is not */
static void calls_possible(struct kunit *test)
{
	const struct impossible_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &param->attrs);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* 13: keyed tasks */
static void calls_keyed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_keyed_task *ktask = wpt_alloc(test, sizeof(*ktask));

	wpool_keyed_task_init(ktask, nothing, NULL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(NULL, ktask, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, NULL, 1), -EINVAL);
	wpool_keyed_task_init(ktask, NULL, NULL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, ktask, 1), -EINVAL);
	/* whose key could not be handed on */
	wpool_keyed_task_init(ktask, nothing, NULL);
	wpool_task_set_detached(&ktask->task);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, ktask, 1), -EINVAL);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&ktask->task));
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
	wpool_keyed_task_init(ktask, nothing, NULL);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, ktask, 1), -ESHUTDOWN);
}

/* 13: delayed tasks */
static void calls_delayed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));

	wpool_delayed_task_init(dtask, nothing, NULL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(NULL, dtask, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(NULL, dtask, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, NULL, 1), -EINVAL);
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&dtask->task));
	wpool_delayed_task_init(dtask, NULL, NULL);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, dtask, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, dtask, 1), -EINVAL);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
}

/* 13: groups */
static void calls_group(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_group *group = wpt_alloc(test, sizeof(*group));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_task *none = wpt_alloc(test, sizeof(*none));

	wpool_group_init(group, 0);
	wpool_task_init(none, NULL, NULL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule(NULL, pool, &job->task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule(group, pool, none), -EINVAL);
	KUNIT_EXPECT_EQ(test,
			wpool_group_schedule_fn(NULL, pool, nothing, NULL, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test,
			wpool_group_schedule_fn(group, NULL, nothing, NULL, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test,
			wpool_group_schedule_fn(group, pool, NULL, NULL, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_wait(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(NULL), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, 0), 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
}

/* 13: calls with a time limit */
static void calls_run_timeout(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);

	KUNIT_EXPECT_EQ(test, wpool_run_timeout(NULL, nothing, NULL, 1, NULL),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_run_timeout(pool, NULL, NULL, 1, NULL),
			-EINVAL);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_run_timeout(pool, nothing, NULL, 1, NULL),
			-ESHUTDOWN);
}

/* Calls on no pool at all. */
static void calls_no_pool(struct kunit *test)
{
	LIST_HEAD(unrun);

	wpool_pause(NULL);
	wpool_resume(NULL);
	KUNIT_EXPECT_EQ(test, wpool_prestart(NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_restart(NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(NULL, &unrun), 0);
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	KUNIT_EXPECT_EQ(test, wpool_resize(NULL, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(NULL, 0), -EINVAL);
}

/* The pool of all is nobody's to pause, to close, or to open again. */
static void calls_default_pool(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = wpool_default();
	LIST_HEAD(unrun);

	wpool_pause(pool);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 0);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), -EBUSY);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

static const int prio_cases[] = { -1, WPOOL_NR_PRIOS, 255 };

static void prio_name(const int *prio, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "priority %d", *prio);
}

KUNIT_ARRAY_PARAM(prio, prio_cases, prio_name);

/* 65: a priority that there is not */
static void calls_priority(struct kunit *test)
{
	int prio = *(const int *)test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	wpool_task_set_priority(&job->task, prio);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &job->task), -EINVAL);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
	wpool_task_set_priority(&job->task, WPOOL_PRIO_LOW);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

static struct kunit_case calls_cases[] = {
	KUNIT_CASE_PARAM(calls_impossible, impossible_gen_params),
	KUNIT_CASE_PARAM(calls_possible, possible_gen_params),
	KUNIT_CASE(calls_keyed),
	KUNIT_CASE(calls_delayed),
	KUNIT_CASE(calls_group),
	KUNIT_CASE(calls_run_timeout),
	KUNIT_CASE(calls_no_pool),
	KUNIT_CASE(calls_default_pool),
	KUNIT_CASE_PARAM(calls_priority, prio_gen_params),
	{}
};

static struct kunit_suite calls_suite = {
	.name = "wpool_calls",
	.init = calls_init,
	.exit = wpt_exit,
	.test_cases = calls_cases,
};

kunit_test_suite(calls_suite);
