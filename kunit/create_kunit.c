// SPDX-License-Identifier: GPL-2.0
/*
 * Creating, naming, finding and counting pools.
 */
#include <linux/err.h>
#include <linux/numa.h>
#include <linux/sched/prio.h>
#include <linux/string.h>
#include "ear.h"

static char name_300[301];

static const char * const words[] = { "is too large, using 10000" };

static int create_suite_init(struct kunit_suite *suite)
{
	ear_open(words, ARRAY_SIZE(words));
	return 0;
}

static void create_suite_exit(struct kunit_suite *suite)
{
	ear_close();
}

static int create_init(struct kunit *test)
{
	memset(name_300, 'x', sizeof(name_300) - 1);
	return wpt_init(test, "wpool_create");
}

struct capacity_case {
	const char	*name;
	unsigned int	asked;
	unsigned int	got;
};

static const struct capacity_case capacity_cases[] = {
	{ "zero is the default", 0, WPOOL_DEFAULT_CAPACITY },
	{ "one", 1, 1 },
	{ "the most", WPOOL_MAX_CAPACITY, WPOOL_MAX_CAPACITY },
	{ "one more than the most", WPOOL_MAX_CAPACITY + 1, WPOOL_MAX_CAPACITY },
	{ "a negative number", -5, WPOOL_MAX_CAPACITY },
};

static void capacity_name(const struct capacity_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(capacity, capacity_cases, capacity_name);

/* 1: an out-of-range capacity is corrected, with a notice */
static void create_corrects_capacity(struct kunit *test)
{
	const struct capacity_case *param = test->param_value;
	struct wpool *pool;

	ear_listen_to("kunit-corrected");
	pool = wpool_create("kunit-corrected", &(struct wpool_attrs) {
		.capacity = param->asked,
	});
	KUNIT_ASSERT_FALSE(test, IS_ERR(pool));
	wpt_adopt(test, pool);
	WPT_EXPECT_STAT(test, pool, CAPACITY, param->got);
	if (param->asked > WPOOL_MAX_CAPACITY)
		WPT_ASSERT_UNTIL(test, ear_heard(0) == 1);
	else
		KUNIT_EXPECT_EQ(test, ear_heard(0), 0);
}

/* Thirty-one and thirty-two characters. */
#define NAME_31		"kunit-refused-0123456789abcdefg"
#define NAME_32		NAME_31 "h"

struct refused_case {
	const char		*what;
	const char		*name;
	struct wpool_attrs	attrs;
};

static const struct refused_case refused_cases[] = {
	{ "no name", NULL },
	{ "empty name", "" },
	{ "name of 32 characters", NAME_32 },
	{ "name of 300 characters", name_300 },
	{ "slash in the name", "kunit/refused" },
	{ "only a slash", "/" },
	{ "one dot", "." },
	{ "two dots", ".." },
	{ "a name that is reserved", "summary" },
	{ "blank in the name", "kunit refused" },
	{ "newline in the name", "kunit\nrefused" },
	{ "min above capacity", "kunit-refused", { .capacity = 4, .min_workers = 5 } },
	{ "min above the default", "kunit-refused",
	  { .min_workers = WPOOL_DEFAULT_CAPACITY + 1 } },
	{ "unknown flag", "kunit-refused", { .flags = 0x80000000 } },
	{ "all flags", "kunit-refused", { .flags = ~0U } },
	{ "queue depth -3", "kunit-refused", { .queue_depth = -3 } },
	{ "queue depth INT_MIN", "kunit-refused", { .queue_depth = INT_MIN } },
	{ "unknown policy", "kunit-refused", { .full = 99 } },
	{ "spin_us for ever", "kunit-refused", { .spin_us = UINT_MAX } },
	{ "nice 20", "kunit-refused", { .nice = MAX_NICE + 1 } },
	{ "nice -21", "kunit-refused", { .nice = MIN_NICE - 1 } },
	{ "a node that cannot be", "kunit-refused", { .node = WPOOL_NODE(MAX_NUMNODES) } },
	{ "a node before the first", "kunit-refused", { .node = -1 } },
};

static void refused_name(const struct refused_case *param, char *desc)
{
	strscpy(desc, param->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refused, refused_cases, refused_name);

/* 1, 2: garbage and impossible combinations are refused, nothing is left */
static void create_refuses(struct kunit *test)
{
	const struct refused_case *param = test->param_value;
	struct wpool *pool;

	pool = wpool_create(param->name, &param->attrs);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -EINVAL);
	if (!IS_ERR_OR_NULL(pool)) {
		wpool_destroy(pool);
		return;
	}
	if (param->name)
		KUNIT_EXPECT_PTR_EQ(test, wpool_find(param->name), (struct wpool *)NULL);
}

#define MARK	"kunit: create_says"

/* Of the log: true if there is one line of wpool's after each mark, which says why. */
#define ONE_LINE_EACH								\
	"dmesg | awk '/" MARK "/ { bad += seen && n != 1; seen = 1; n = 0 } "	\
	"/(^|[ >])wpool: / { n += /not a name|bad attributes|cannot be created/ ? 1 : 2 } "	\
	"END { exit bad || n }'"

/* 2: each refusal is worth one line in the log, which names the fault */
static void create_says(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	unsigned int i;

	if (wpt_shell("dmesg | grep -q ."))
		kunit_skip(test, "needs /bin/sh and dmesg");
	for (i = 0; i < ARRAY_SIZE(refused_cases); i++) {
		pr_info(MARK ": %s\n", refused_cases[i].what);
		KUNIT_EXPECT_TRUE(test, IS_ERR(wpool_create(refused_cases[i].name,
							    &refused_cases[i].attrs)));
	}
	pr_info(MARK ": taken\n");
	KUNIT_EXPECT_TRUE(test, IS_ERR(wpool_create(wpool_name(pool), NULL)));
	pr_info(MARK ": the end\n");
	KUNIT_EXPECT_EQ(test, wpt_shell(ONE_LINE_EACH), 0);
}

/* 2: the longest name that is allowed */
static void create_accepts_long_name(struct kunit *test)
{
	struct wpool *pool = wpool_create(NAME_31, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_EXPECT_STREQ(test, wpool_name(pool), NAME_31);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
}

/* 2: a taken name is refused, and free again when its pool is gone */
static void create_refuses_duplicate(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool *other;
	char name[WPOOL_NAME_MAX + 1];

	strscpy(name, wpool_name(pool), sizeof(name));
	other = wpool_create(name, NULL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(other), -EEXIST);
	if (!IS_ERR(other))
		wpool_destroy(other);

	/* the one that has the name is as it was */
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);

	wpt_destroy(test, pool);
	other = wpool_create(name, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	KUNIT_EXPECT_EQ(test, wpool_destroy(other), 0);
}

/* 3: what a pool without attributes is */
static void create_has_defaults(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);

	WPT_EXPECT_STAT(test, pool, CAPACITY, WPOOL_DEFAULT_CAPACITY);
	WPT_EXPECT_STAT(test, pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, RUNNING, 0);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
}

/* 3: queue_depth 0 is 1024 */
static void create_has_default_depth(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, WPOOL_DEFAULT_DEPTH + 1, NULL);
	unsigned int i = 0;

	while (i <= WPOOL_DEFAULT_DEPTH && !wpool_try_schedule(pool, &jobs[i].task))
		i++;
	KUNIT_EXPECT_EQ(test, i, WPOOL_DEFAULT_DEPTH);
	wpt_open(hold->gate);
}

/* 3: the default pool, made when the module was loaded */
static void create_default_pool(struct kunit *test)
{
	struct wpool *pool = wpool_default();
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool *found;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	found = wpool_find(wpool_name(pool));
	KUNIT_EXPECT_PTR_EQ(test, found, pool);
	wpool_put(found);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
	job->result = 7;
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 7);
}

static const unsigned int min_cases[] = { 0, 1, 2, 8 };

static void min_name(const unsigned int *min, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "min_workers %u", *min);
}

KUNIT_ARRAY_PARAM(min, min_cases, min_name);

/* 4: exactly min_workers are started by creation, at least one */
static void create_starts_workers(struct kunit *test)
{
	unsigned int min = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 8, .min_workers = min,
	});

	WPT_EXPECT_STAT(test, pool, WORKERS, max(min, 1U));
	WPT_EXPECT_STAT(test, pool, CREATED, max(min, 1U));
	WPT_EXPECT_STAT(test, pool, LARGEST, max(min, 1U));
	WPT_ASSERT_STAT(test, pool, IDLE, max(min, 1U));
}

static const unsigned int half_way_cases[] = { 1, 3, 6 };

static void half_way_name(const unsigned int *nth, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "thread %u fails", *nth);
}

KUNIT_ARRAY_PARAM(half_way, half_way_cases, half_way_name);

/* 5: a thread that cannot be made fails the creation and leaves nothing */
static void create_unwinds(struct kunit *test)
{
	unsigned int nth = *(const unsigned int *)test->param_value;
	struct wpool_attrs attrs = { .capacity = 6, .min_workers = 6 };
	char name[WPOOL_NAME_MAX + 1];
	struct wpool *pool;

	if (!wpt_fail_spawn(nth))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");

	wpt_name(test, name, sizeof(name));
	pool = wpool_create(name, &attrs);
	wpt_fail_spawn(0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -ENOMEM);
	if (!IS_ERR_OR_NULL(pool))
		wpool_destroy(pool);
	KUNIT_EXPECT_PTR_EQ(test, wpool_find(name), (struct wpool *)NULL);

	/* nothing in the way of the next one */
	pool = wpool_create(name, &attrs);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	WPT_EXPECT_STAT(test, pool, WORKERS, 6);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
}

static void hold_first(struct wpool *pool)
{
	struct wpool **held = wpool_priv(pool);

	if (!cmpxchg(held, NULL, pool))
		wpool_get(pool);
}

/* 5: a pool whose creation has failed stays ended, also for those that a hook gave it to */
static void create_failed_stays_so(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_start = hold_first };
	struct wpool **held = wpt_alloc(test, sizeof(*held)), *pool;
	char name[WPOOL_NAME_MAX + 1];

	if (!wpt_fail_spawn(5))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	wpt_name(test, name, sizeof(name));
	pool = wpool_create(name, &(struct wpool_attrs) {
		.capacity = 6, .min_workers = 6, .ops = &ops, .priv = held,
	});
	wpt_fail_spawn(0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -ENOMEM);
	KUNIT_ASSERT_NOT_NULL(test, *held);
	KUNIT_EXPECT_EQ(test, wpool_restart(*held), -ESHUTDOWN);
	wpool_put(*held);
}

/* found by name, with a reference, until it is destroyed */
static void create_is_found(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	char name[WPOOL_NAME_MAX + 1];
	struct wpool *found;

	strscpy(name, wpool_name(pool), sizeof(name));
	found = wpool_find(name);
	KUNIT_ASSERT_PTR_EQ(test, found, pool);

	wpt_destroy(test, pool);
	KUNIT_EXPECT_PTR_EQ(test, wpool_find(name), (struct wpool *)NULL);
	/* KASAN would tell if this were freed memory */
	KUNIT_EXPECT_STREQ(test, wpool_name(found), name);
	KUNIT_EXPECT_EQ(test, wpt_state(found), WPOOL_STATE_TERMINATED);
	wpool_put(found);
}

/* no pool of that name, or no name */
static void create_is_not_found(struct kunit *test)
{
	KUNIT_EXPECT_PTR_EQ(test, wpool_find("kunit-nobody"), (struct wpool *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, wpool_find(""), (struct wpool *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, wpool_find(NULL), (struct wpool *)NULL);
}

/* the attributes and the name are copied */
static void create_copies(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 3, .min_workers = 3 };
	char name[WPOOL_NAME_MAX + 1], again[WPOOL_NAME_MAX + 1];
	struct wpool *pool;

	wpt_name(test, name, sizeof(name));
	strscpy(again, name, sizeof(again));
	pool = wpool_create(name, &attrs);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	memset(&attrs, 0xff, sizeof(attrs));
	memset(name, 'x', sizeof(name) - 1);
	KUNIT_EXPECT_STREQ(test, wpool_name(pool), again);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 3);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
}

static struct kunit_case create_cases[] = {
	KUNIT_CASE_PARAM(create_corrects_capacity, capacity_gen_params),
	KUNIT_CASE_PARAM(create_refuses, refused_gen_params),
	KUNIT_CASE(create_says),
	KUNIT_CASE(create_accepts_long_name),
	KUNIT_CASE(create_refuses_duplicate),
	KUNIT_CASE(create_has_defaults),
	KUNIT_CASE(create_has_default_depth),
	KUNIT_CASE(create_default_pool),
	KUNIT_CASE_PARAM(create_starts_workers, min_gen_params),
	KUNIT_CASE_PARAM(create_unwinds, half_way_gen_params),
	KUNIT_CASE(create_failed_stays_so),
	KUNIT_CASE(create_is_found),
	KUNIT_CASE(create_is_not_found),
	KUNIT_CASE(create_copies),
	{}
};

static struct kunit_suite create_suite = {
	.name = "wpool_create",
	.suite_init = create_suite_init,
	.suite_exit = create_suite_exit,
	.init = create_init,
	.exit = wpt_exit,
	.test_cases = create_cases,
};

kunit_test_suite(create_suite);
