// SPDX-License-Identifier: GPL-2.0
/*
 * Groups that end on their first error, and what else may become of their tasks.
 */
#include <linux/slab.h>
#include "wpool_kunit.h"

static int group_mix_init(struct kunit *test)
{
	return wpt_init(test, "wpool_group_mix");
}

static const bool watched_cases[] = { false, true };

static void watched_name(const bool *watched, char *desc)
{
	strscpy(desc, *watched ? "while somebody waits" : "nobody waits", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(watched, watched_cases, watched_name);

/* 52, 53: after the first error those that have not begun do not; others do */
static void group_fail_fast(struct kunit *test)
{
	bool watched = *(const bool *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, true);
	struct wpool_group *other = wpt_group(test, true);
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 8, NULL);
	struct wpt_thread *waiter = NULL;
	unsigned int i;

	first->result = -EIO;
	wpt_group_schedule(test, group, pool, first, 1);
	for (i = 0; i < 8; i += 2) {
		wpt_group_schedule(test, group, pool, &jobs[i], 1);
		wpt_group_schedule(test, other, pool, &jobs[i + 1], 1);
	}
	if (watched) {
		waiter = wpt_thread(test, wpt_call_group_wait, NULL, NULL, group);
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	}
	wpt_open(first->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	if (watched)
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -EIO);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, other), 0);
	for (i = 0; i < 8; i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), i % 2);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), i % 2 ? 0 : -ECANCELED);
	}
	WPT_EXPECT_STAT(test, pool, CANCELLED, 4);
}

/* 53: also those that are submitted later */
static void group_fail_fast_later(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_group *group = wpt_group(test, true);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	jobs[0].result = -EIO;
	wpt_group_schedule(test, group, pool, &jobs[0], 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	wpt_group_schedule(test, group, pool, &jobs[1], 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
}

/* 53: at once if somebody waits, who knows that it has failed */
static void group_fail_fast_joined(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, true);
	struct wpt_job *early = wpt_jobs(test, 1, NULL);
	struct wpt_job *fails = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *stays = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *late = wpt_jobs(test, 1, NULL);
	struct wpt_thread *waiter;

	fails->result = -EIO;
	wpt_group_schedule(test, group, pool, fails, 1);
	wpt_group_schedule(test, group, other, stays, 1);
	WPT_ASSERT_STAT(test, other, RUNNING, 1);
	wpt_group_schedule(test, group, other, early, 1);
	waiter = wpt_thread(test, wpt_call_group_wait, NULL, NULL, group);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpt_open(fails->gate);
	/* It has no worker: the waiter has taken it back. */
	KUNIT_EXPECT_EQ(test, wpt_wait(test, early), -ECANCELED);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpool_pause(pool);
	wpt_group_schedule(test, group, pool, late, 1);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, late), -ECANCELED);
	wpt_open(stays->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -EIO);
	wpool_resume(pool);
}

/* 53: in several pools */
static void group_fail_fast_pools(struct kunit *test)
{
	struct wpool *one = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *two = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, two, 1);
	struct wpool_group *group = wpt_group(test, true);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	unsigned int i;

	jobs[0].result = -EIO;
	wpt_group_schedule(test, group, two, &jobs[1], 4);
	wpt_group_schedule(test, group, one, &jobs[0], 1);
	/* the other pool is busy: the waiter takes its tasks back from there */
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	for (i = 1; i < 5; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), -ECANCELED);
	wpt_open(hold->gate);
}

/* 37, 52: a task that kills its worker is an error of the group */
static void group_death(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);

	wpool_task_init(&jobs[1].task, wpt_die, NULL);
	wpt_group_schedule(test, group, pool, jobs, 3);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EOWNERDEAD);
	/* and one that has no task of its own */
	wpool_group_init(group, 0);
	KUNIT_ASSERT_EQ(test,
			wpool_group_schedule_fn(group, pool, wpt_die, NULL, NULL),
			0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EOWNERDEAD);
}

/* 24, 52: one that is dropped, taken back by itself, or handed back likewise */
static void group_ends_otherwise(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_DISCARD_OLDEST,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct wpool_group *groups[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		groups[i] = wpt_group(test, false);
		wpt_group_schedule(test, groups[i], pool, &jobs[i], 1);
		if (i == 1)
			KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[1].task));
	}
	wpool_shutdown_now(pool, NULL);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_group_wait(test, groups[i]), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, DROPPED, 1);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 2);
	wpt_open(hold->gate);
}

/* 12: a task of a group that runs may be submitted again, to it or to another */
static void group_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpool_group *other = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *behind = wpt_jobs(test, 1, wpt_gate(test));

	wpt_group_schedule(test, group, pool, job, 1);
	wpt_begun(test, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &behind->task), 0);
	wpt_group_schedule(test, other, pool, job, 1);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	wpt_begun(test, behind);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(other, 0), -ETIMEDOUT);
	wpt_open(behind->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, other), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 2);
}

/* 53: of a task that is to run once more, that run is taken back */
static void group_cancel_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));

	wpt_group_schedule(test, group, pool, job, 1);
	wpt_begun(test, job);
	wpt_group_schedule(test, group, pool, job, 1);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 1);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

static int nothing(void *arg)
{
	return 0;
}

static int call_free_at_once(struct wpt_thread *self)
{
	unsigned int i, j;
	int wrong = 0;

	for (i = 0; i < 100; i++) {
		struct wpool_group *group = kmalloc(sizeof(*group), GFP_KERNEL);
		struct wpool_task *tasks = kmalloc_array(3, sizeof(*tasks), GFP_KERNEL);

		if (!group || !tasks) {
			kfree(group);
			kfree(tasks);
			return -ENOMEM;
		}
		wpool_group_init(group, 0);
		for (j = 0; j < 3; j++) {
			wpool_task_init(&tasks[j], nothing, NULL);
			wrong += wpool_group_schedule(group, self->pool, &tasks[j]) != 0;
		}
		wrong += wpool_group_wait(group) != 0;
		kfree(group);
		for (j = 0; j < 3; j++)
			wrong += wpool_wait(&tasks[j]) != 0;
		kfree(tasks);
	}
	return wrong;
}

/* When the wait has returned, the group is the caller's to free: KASAN watches. */
static void group_freed_at_once(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_free_at_once, pool, NULL), 0);
}

static struct kunit_case group_mix_cases[] = {
	KUNIT_CASE_PARAM(group_fail_fast, watched_gen_params),
	KUNIT_CASE(group_fail_fast_later),
	KUNIT_CASE(group_fail_fast_joined),
	KUNIT_CASE(group_fail_fast_pools),
	KUNIT_CASE(group_death),
	KUNIT_CASE(group_ends_otherwise),
	KUNIT_CASE(group_again),
	KUNIT_CASE(group_cancel_again),
	KUNIT_CASE(group_freed_at_once),
	{}
};

static struct kunit_suite group_mix_suite = {
	.name = "wpool_group_mix",
	.init = group_mix_init,
	.exit = wpt_exit,
	.test_cases = group_mix_cases,
};

kunit_test_suite(group_mix_suite);
