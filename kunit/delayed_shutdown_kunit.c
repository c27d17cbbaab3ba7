// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that wait for a time, and the end of their pool.
 */
#include <linux/slab.h>
#include "delayed_scene.h"

static int delayed_shutdown_init(struct kunit *test)
{
	return wpt_init(test, "wpool_delayed_shutdown");
}

/* 40: closing cancels, tells, and leaves no timer: freed at once, ODEBUG watches */
static void delayed_shutdown_cancels(struct kunit *test)
{
	const unsigned int n = 20;
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = kcalloc(n, sizeof(*late), GFP_KERNEL);
	unsigned int i, told = 0;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, late);
	for (i = 0; i < n; i++) {
		wpool_delayed_task_init(&late[i].dtask, late_run, &late[i]);
		init_completion(&late[i].begun);
		/* some may just fire */
		KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &late[i].dtask,
							     i % 5 ? NEVER : i), 0);
	}
	wpt_destroy(test, pool);
	for (i = 0; i < n; i++) {
		int result = wpool_wait(&late[i].dtask.task);

		told += result == -ECANCELED && !atomic_read(&late[i].runs);
		KUNIT_EXPECT_TRUE(test, result == -ECANCELED || (i % 5 == 0 && result == 5));
	}
	kfree(late);
	KUNIT_EXPECT_GE(test, told, n - n / 5);
}

/* 57: a waiter of one is woken when the pool closes */
static void delayed_shutdown_tells(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 1, NULL);
	struct wpt_thread *waiter;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, NEVER), 0);
	waiter = wpt_thread(test, late_call_wait, pool, NULL, late);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, 0), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &late->dtask, 0), -ESHUTDOWN);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
}

/* 57: each call that is refused then is counted */
static void delayed_shutdown_refuses(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 1, NULL);
	struct wpool_group *group = wpt_group(test, false);

	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, 0), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpool_schedule_at(pool, &late->dtask, 0), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, &late->dtask, 1), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &late->dtask, 1), -ESHUTDOWN);
	WPT_EXPECT_STAT(test, pool, REJECTED, 4);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_delayed(group, pool, &late->dtask, 1),
			-ESHUTDOWN);
	WPT_EXPECT_STAT(test, pool, REJECTED, 5);
}

static struct kunit_case delayed_shutdown_cases[] = {
	KUNIT_CASE(delayed_shutdown_cancels),
	KUNIT_CASE(delayed_shutdown_tells),
	KUNIT_CASE(delayed_shutdown_refuses),
	{}
};

static struct kunit_suite delayed_shutdown_suite = {
	.name = "wpool_delayed_shutdown",
	.init = delayed_shutdown_init,
	.exit = wpt_exit,
	.test_cases = delayed_shutdown_cases,
};

kunit_test_suite(delayed_shutdown_suite);
