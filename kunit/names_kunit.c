// SPDX-License-Identifier: GPL-2.0
/* Names of pools and of their threads, and whose a pool is. */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "wpool_kunit.h"

/* 85: a name is formatted as by printk() */
static void names_formatted(struct kunit *test)
{
	struct wpool *pool = wpool_create_fmt(NULL, "kunit-%s.%d", "disk", 7);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_EXPECT_STREQ(test, wpool_name(pool), "kunit-disk.7");
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
}

/* 85, 2: a name that comes out too long is refused, not cut */
static void names_formatted_too_long(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(wpool_create_fmt(NULL, "kunit-%026d", 1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(wpool_create_fmt(NULL, "kunit-%0300d", 1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(wpool_create_fmt(NULL, "%s", "")), -EINVAL);
}

/* 85: each numbered pool has a name of its own, and is found by it */
static void names_numbered(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 1, .flags = WPOOL_NUMBERED };
	struct wpool *pools[3], *found;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pools); i++) {
		pools[i] = wpool_create("kunit-same", &attrs);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pools[i]);
		KUNIT_EXPECT_TRUE(test, strstarts(wpool_name(pools[i]), "kunit-same-"));
	}
	for (i = 0; i < ARRAY_SIZE(pools); i++) {
		found = wpool_find(wpool_name(pools[i]));
		KUNIT_EXPECT_PTR_EQ(test, found, pools[i]);
		wpool_put(found);
	}
	for (i = 0; i < ARRAY_SIZE(pools); i++)
		KUNIT_EXPECT_EQ(test, wpool_destroy(pools[i]), 0);
}

/* 85: a number that a literal name has already is passed over */
static void names_number_taken(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 1, .flags = WPOOL_NUMBERED };
	struct wpool *first, *literal, *second;
	unsigned int number;

	first = wpool_create("kunit-next", &attrs);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, first);
	KUNIT_ASSERT_EQ(test, kstrtouint(wpool_name(first) + strlen("kunit-next-"), 10, &number),
			0);
	literal = wpool_create_fmt(NULL, "kunit-next-%u", number + 1);
	second = wpool_create("kunit-next", &attrs);
	KUNIT_EXPECT_FALSE(test, IS_ERR_OR_NULL(literal));
	KUNIT_EXPECT_FALSE(test, IS_ERR_OR_NULL(second));
	if (!IS_ERR_OR_NULL(second)) {
		KUNIT_EXPECT_STRNEQ(test, wpool_name(second), wpool_name(literal));
		KUNIT_EXPECT_EQ(test, wpool_destroy(second), 0);
	}
	if (!IS_ERR_OR_NULL(literal))
		KUNIT_EXPECT_EQ(test, wpool_destroy(literal), 0);
	KUNIT_EXPECT_EQ(test, wpool_destroy(first), 0);
}

/* 85, 2: a name that leaves no room for a number */
static void names_no_room_for_number(struct kunit *test)
{
	struct wpool_attrs attrs = { .flags = WPOOL_NUMBERED };
	struct wpool *pool = wpool_create("kunit-0123456789-0123456789-012", &attrs);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -ENAMETOOLONG);
}

static int call_name(void *arg)
{
	strscpy(arg, current->comm, TASK_COMM_LEN);
	return 0;
}

/* 85: the 15 characters of a worker's name begin with the name of its pool */
static void names_of_threads(struct kunit *test)
{
	struct wpool *pool = wpool_create("kunit-thread", &(struct wpool_attrs) { .capacity = 1 });
	char comm[TASK_COMM_LEN] = "";

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_EXPECT_EQ(test, wpool_run(pool, call_name, comm), 0);
	KUNIT_EXPECT_STREQ(test, comm, "kunit-thread/0");
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
}

/* 86: a module that has only found a pool does not destroy it, and keeps its reference */
static void names_found_not_destroyed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool *found = wpool_find(wpool_name(pool));

	KUNIT_ASSERT_PTR_EQ(test, found, pool);
	/* As if called from another module. */
	KUNIT_EXPECT_EQ(test, __wpool_destroy(found, &wpt_other_module), -EPERM);
	KUNIT_EXPECT_EQ(test, wpt_state(found), WPOOL_STATE_RUNNING);
	KUNIT_EXPECT_EQ(test, wpool_schedule(found, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	wpool_put(found);
}

/* 86: nor while the creator destroys it; that goes on */
static void names_destroyed_by_creator(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool *found = wpool_find(wpool_name(pool));
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *creator;

	wpt_forget(test, pool);
	creator = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(found) != WPOOL_STATE_RUNNING);
	KUNIT_EXPECT_EQ(test, __wpool_destroy(found, &wpt_other_module), -EPERM);
	KUNIT_EXPECT_FALSE(test, completion_done(&creator->done));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, creator), 0);
	KUNIT_EXPECT_EQ(test, __wpool_destroy(found, &wpt_other_module), -EPERM);
	KUNIT_EXPECT_EQ(test, wpt_state(found), WPOOL_STATE_TERMINATED);
	wpool_put(found);
}

/* 86: the default pool has the capacity that the administrator gives it */
static void names_default_not_resized(struct kunit *test)
{
	struct wpool *pool = wpool_default();
	u64 capacity = wpt_stat(pool, WPOOL_STAT_CAPACITY);

	KUNIT_EXPECT_EQ(test, wpool_resize(pool, capacity > 1 ? 1 : 2), -EPERM);
	KUNIT_EXPECT_EQ(test, wpt_stat(pool, WPOOL_STAT_CAPACITY), capacity);
}

static struct kunit_case names_cases[] = {
	KUNIT_CASE(names_formatted),
	KUNIT_CASE(names_formatted_too_long),
	KUNIT_CASE(names_numbered),
	KUNIT_CASE(names_number_taken),
	KUNIT_CASE(names_no_room_for_number),
	KUNIT_CASE(names_of_threads),
	KUNIT_CASE(names_found_not_destroyed),
	KUNIT_CASE(names_destroyed_by_creator),
	KUNIT_CASE(names_default_not_resized),
	{}
};

static int names_init(struct kunit *test)
{
	return wpt_init(test, "wpool_names");
}

static struct kunit_suite names_suite = {
	.name = "wpool_names",
	.init = names_init,
	.exit = wpt_exit,
	.test_cases = names_cases,
};

kunit_test_suite(names_suite);
