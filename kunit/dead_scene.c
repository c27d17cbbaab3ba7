// SPDX-License-Identifier: GPL-2.0
/* See dead_scene.h. */
#include <linux/kthread.h>
#include <linux/string.h>
#include "dead_scene.h"

const bool dead_own_cases[2] = { false, true };

void dead_own_name(const bool *own, char *desc)
{
	strscpy(desc, *own ? "in its own pool" : "in another pool", KUNIT_PARAM_DESC_SIZE);
}

struct wpool *dead_pool(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
}

int dead_die(void *arg)
{
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

void dead_expect_balance(struct kunit *test, struct wpool *pool, u64 never_ran)
{
	wpt_call(test, wpt_call_drain, pool, NULL);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, never_ran);
	KUNIT_EXPECT_EQ(test, wpt_stat(pool, WPOOL_STAT_SUBMITTED),
			wpt_stat(pool, WPOOL_STAT_COMPLETED) +
			wpt_stat(pool, WPOOL_STAT_CANCELLED) +
			wpt_stat(pool, WPOOL_STAT_OOPSED));
	wpt_destroy(test, pool);
}
