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

static int host_and_die(void *arg)
{
	struct wpool_group group;
	struct dead_host *host = arg;

	wpool_group_init(&group, 0);
	host->group = &group;
	host->thread = current;
	complete(&host->ready);
	wait_for_completion(&host->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

struct dead_host *dead_host(struct kunit *test, struct wpool *pool)
{
	struct dead_host *host = wpt_alloc(test, sizeof(*host));

	host->gate = wpt_gate(test);
	init_completion(&host->ready);
	wpool_task_init(&host->task, host_and_die, host);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &host->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&host->ready, WPT_LIMIT), 0);
	return host;
}

void dead_host_die(struct kunit *test, struct dead_host *host)
{
	wpt_open(host->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &host->task), -EOWNERDEAD);
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

/* A task that sees whether anybody writes to its stack until its gate opens. */
static int guard_stack(void *arg)
{
	struct wpt_job *job = arg;
	u8 area[900];

	memset(area, 0xff, sizeof(area));
	barrier_data(area);
	complete_all(&job->begun);
	wait_for_completion(&job->gate->opened);
	return memchr_inv(area, 0xff, sizeof(area)) ? -EIO : 0;
}

struct wpt_job *dead_use_stacks(struct kunit *test, struct wpool *pool)
{
	struct wpt_job *guards = wpt_jobs(test, DEAD_GUARDS, wpt_gate(test));
	unsigned int i;

	KUNIT_EXPECT_EQ(test, wpool_resize(pool, DEAD_GUARDS), 0);
	for (i = 0; i < DEAD_GUARDS; i++) {
		wpool_task_init(&guards[i].task, guard_stack, &guards[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &guards[i].task), 0);
	}
	for (i = 0; i < DEAD_GUARDS; i++)
		wpt_begun(test, &guards[i]);
	return guards;
}

void dead_expect_untouched(struct kunit *test, struct wpt_job *guards)
{
	unsigned int i;

	wpt_open(guards->gate);
	for (i = 0; i < DEAD_GUARDS; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &guards[i]), 0);
}
