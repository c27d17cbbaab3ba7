// SPDX-License-Identifier: GPL-2.0
/*
 * What a pool was asked to be, and all pools at a glance, in debugfs, read by a shell as a user
 * would.
 */
#include <linux/cpumask.h>
#include <linux/module.h>
#include <linux/sched.h>
#include "wpool_kunit.h"

static int shown_init(struct kunit *test)
{
	int err = wpt_init(test, "wpool_shown");

	if (!err && wpt_shell("test -d " WPT_POOLS))
		kunit_skip(test, "needs /bin/sh and a mounted debugfs");
	return err;
}

struct attrs_case {
	const char		*line;
	struct wpool_attrs	attrs;
};

static const struct attrs_case attrs_cases[] = {
	{ "capacity 100", { } },
	{ "capacity 3", { .capacity = 3 } },
	{ "capacity 1", { .flags = WPOOL_ORDERED } },
	{ "capacity_asked 3", { .capacity = 3 } },
	{ "capacity_percent 0", { } },
	{ "capacity_percent 150", { .capacity_percent = 150 } },
	{ "min_workers 1", { } },
	{ "min_workers 2", { .capacity = 3, .min_workers = 2 } },
	{ "min_workers 3", { .capacity = 3, .flags = WPOOL_PREALLOC } },
	{ "queue_depth 1024", { } },
	{ "queue_depth 7", { .queue_depth = 7 } },
	{ "queue_depth -1", { .queue_depth = WPOOL_QUEUE_HANDOFF } },
	{ "queue_depth -2", { .queue_depth = WPOOL_QUEUE_UNBOUNDED } },
	{ "full block", { } },
	{ "full fail", { .full = WPOOL_FULL_FAIL } },
	{ "full caller_runs", { .full = WPOOL_FULL_CALLER_RUNS } },
	{ "full discard", { .full = WPOOL_FULL_DISCARD } },
	{ "full discard_oldest", { .full = WPOOL_FULL_DISCARD_OLDEST } },
	{ "max_blocked 4", { .max_blocked = 4 } },
	{ "flags -", { } },
	{ "flags prealloc", { .capacity = 1, .flags = WPOOL_PREALLOC } },
	{ "flags latency,recursive", { .flags = WPOOL_RECURSIVE | WPOOL_LATENCY } },
	{ "flags prealloc,freezable,mem_reclaim,keep_idle",
	  { .capacity = 1, .flags = WPOOL_PREALLOC | WPOOL_FREEZABLE | WPOOL_MEM_RECLAIM |
				    WPOOL_KEEP_IDLE } },
	{ "flags round_down", { .capacity_percent = 1, .flags = WPOOL_ROUND_DOWN } },
	{ "flags ordered", { .flags = WPOOL_ORDERED } },
	{ "nice -5", { .nice = -5 } },
	{ "policy normal", { } },
	{ "policy fifo", { .policy = SCHED_FIFO, .rt_priority = 2 } },
	{ "policy rr", { .policy = SCHED_RR, .rt_priority = 2 } },
	{ "rt_priority 2", { .policy = SCHED_RR, .rt_priority = 2 } },
	{ "node -1", { } },
	{ "node 0", { .node = WPOOL_NODE(0) } },
	{ "idle_timeout_ms 10000", { } },
	{ "idle_timeout_ms 7", { .idle_timeout_ms = 7 } },
	{ "watchdog_ms 0", { } },
	{ "watchdog_ms 60001", { .watchdog_ms = 60001 } },
	{ "spin_us 3", { .spin_us = 3 } },
};

static void attrs_name(const struct attrs_case *param, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", param->line);
}

KUNIT_ARRAY_PARAM(attrs, attrs_cases, attrs_name);

/* 140: each attribute has a line */
static void shown_attrs(struct kunit *test)
{
	const struct attrs_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &param->attrs);
	char script[120];

	snprintf(script, sizeof(script), "grep -qx '%s' attrs", param->line);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, script), 0);
}

/* 140: of two words, and only one line */
static void shown_attrs_lines(struct kunit *test)
{
	const char *twice = "[ -z \"$(cut -d' ' -f1 attrs | sort | uniq -d)\" ]";
	const char *odd = "! grep -vx '[a-z_]* [^ ]*' attrs";
	struct wpool *pool = wpt_pool(test, NULL);

	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, odd), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, twice), 0);
}

/* 140: the module that has made it */
static void shown_owner(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	char script[MODULE_NAME_LEN + 32];

	snprintf(script, sizeof(script), "grep -qx 'owner %.*s' attrs", (int)MODULE_NAME_LEN,
		 module_name(THIS_MODULE));
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, script), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, wpool_default(),
					   "grep -qxE 'owner (wpool|kernel)' attrs"), 0);
}

/* 140: and the CPUs, if some were named */
static void shown_cpumask(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .cpumask = cpumask_of(0) });

	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "grep -qx 'cpumask 0' attrs"), 0);
	if (num_online_cpus() < 2)
		return;
	pool = wpt_pool(test, &(struct wpool_attrs) { .cpumask = cpu_online_mask });
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "grep -qx 'cpumask 0-[0-9]*' attrs"), 0);
}

/* 140: the capacity of now beside the one that was asked for */
static void shown_resized(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 5, .min_workers = 4 });

	KUNIT_ASSERT_EQ(test, wpool_resize(pool, 3), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "grep -qx 'capacity 3' attrs"), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "grep -qx 'capacity_asked 5' attrs"), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "grep -qx 'min_workers 3' attrs"), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "grep -qx 'min_workers_asked 4' attrs"), 0);
}

/* 140: without a bit for writing: a kernel that is locked down opens only such files */
static void shown_readable(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);

	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "[ $(stat -c %a attrs) = 444 ]"), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "[ $(stat -c %a ../summary) = 444 ]"), 0);
}

/* Finds the column by the first line, as a reader should. Do the pool's values match? */
static int summary_has(struct kunit *test, struct wpool *pool, const char *columns,
		       const char *values)
{
	char *script = wpt_alloc(test, 400);

	snprintf(script, 400,
		 "[ \"$(awk -v what='%s' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }\n"
		 "$1 == \"%s\" { n = split(what, name, \" \")\n"
		 "for (i = 1; i <= n; i++) printf \"%%s \", $at[name[i]] }' ../summary)\" = '%s ' ]",
		 columns, wpool_name(pool), values);
	return wpt_shell_in(test, pool, script);
}

struct summary_case {
	const char	*columns;
	const char	*values;
};

static const struct summary_case summary_cases[] = {
	{ "state queue_depth capacity", "RUNNING 3 2" },
	{ "workers idle running", "2 0 2" },
	{ "queued delayed blocked", "3 1 1" },
	{ "submitted completed", "7 1" },
	{ "cancelled dropped rejected", "0 0 1" },
	{ "oopsed died overdue", "0 0 0" },
};

static void summary_name(const struct summary_case *param, char *desc)
{
	strscpy(desc, param->columns, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(summary, summary_cases, summary_name);

/* 141: a line says what the pool does, here a full one: as many wait as may */
static void shown_summary(struct kunit *test)
{
	const struct summary_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 3 });
	struct wpool_delayed_task *later = wpt_alloc(test, sizeof(*later));
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	struct wpt_job *refused = wpt_jobs(test, 1, NULL);
	struct wpt_job *hold;

	KUNIT_ASSERT_EQ(test, wpt_run(test, pool, wpt_run_job, wpt_jobs(test, 1, NULL)), 0);
	hold = wpt_hold(test, pool, 2);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 3), 0);
	wpool_delayed_task_init(later, wpt_run_job, wpt_jobs(test, 1, NULL));
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, later, WPT_LIMIT), 0);
	wpt_thread(test, wpt_call_schedule, pool, &jobs[3], NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_ASSERT_EQ(test, wpool_try_schedule(pool, &refused->task), -EAGAIN);
	KUNIT_EXPECT_EQ(test, summary_has(test, pool, param->columns, param->values), 0);
	wpt_open(hold->gate);
}

/* 141: one line for each pool, as long as it is there */
static void shown_summary_lines(struct kunit *test)
{
	struct wpool *first = wpt_pool(test, NULL), *second = wpt_pool(test, NULL);
	char script[120];

	snprintf(script, sizeof(script), "[ $(grep -cE '^(%s|%s) ' ../summary) = 2 ]",
		 wpool_name(first), wpool_name(second));
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, first, script), 0);
	snprintf(script, sizeof(script), "! grep -q '^%s ' ../summary", wpool_name(second));
	wpt_destroy(test, second);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, first, script), 0);
}

/* 141: as many words in each line as in the first */
static void shown_summary_words(struct kunit *test)
{
	const char *script = "[ $(awk '{ print NF }' ../summary | sort -u | wc -l) = 1 ]";
	struct wpool *pool = wpt_pool(test, NULL);

	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, script), 0);
}

static int call_read_summary(struct wpt_thread *self)
{
	return wpt_shell("cd " WPT_POOLS
			 " && for i in $(seq 50); do cat summary || exit; done >/dev/null");
}

/* 141: read in a loop while pools come and go */
static void shown_races_pools(struct kunit *test)
{
	struct wpool *stays = wpt_pool(test, NULL);
	struct wpt_thread *reader = wpt_thread(test, call_read_summary, stays, NULL, NULL);

	do {
		wpt_destroy(test, wpt_pool(test, &(struct wpool_attrs) {
			.capacity = 2, .cpumask = cpumask_of(0), .flags = WPOOL_LATENCY }));
	} while (!completion_done(&reader->done));
	KUNIT_EXPECT_EQ(test, wpt_join(test, reader), 0);
}

static struct kunit_case shown_cases[] = {
	KUNIT_CASE_PARAM(shown_attrs, attrs_gen_params),
	KUNIT_CASE(shown_attrs_lines),
	KUNIT_CASE(shown_owner),
	KUNIT_CASE(shown_cpumask),
	KUNIT_CASE(shown_resized),
	KUNIT_CASE(shown_readable),
	KUNIT_CASE_PARAM(shown_summary, summary_gen_params),
	KUNIT_CASE(shown_summary_lines),
	KUNIT_CASE(shown_summary_words),
	KUNIT_CASE(shown_races_pools),
	{}
};

static struct kunit_suite shown_suite = {
	.name = "wpool_shown",
	.init = shown_init,
	.exit = wpt_exit,
	.test_cases = shown_cases,
};

kunit_test_suite(shown_suite);
