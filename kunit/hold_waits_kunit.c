// SPDX-License-Identifier: GPL-2.0
/*
 * 83: how long a pool's lock is held, whoever waits and however many. In steps, as in
 * hold_kunit.c.
 */
#include "hold_scene.h"

static int hold_waits_init(struct kunit *test)
{
	return wpt_init(test, "wpool_hold_waits");
}

static int call_wait(struct member *self)
{
	return wpool_wait(self->crowd->what);
}

/* 16, 83: any number of workers waits for one task */
static void hold_waits_workers(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct crowd *all = hold_crowd(test, 1, call_wait, &job->task);

	job->result = 5;
	KUNIT_ASSERT_EQ(test, wpool_schedule(all->pool, &job->task), 0);
	wpt_begun(test, job);
	hold_go_to_sleep(test, all);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, 5), 0);
	hold_expect_bounded(test, all->pool);
}

static int call_group_wait(struct member *self)
{
	return wpool_group_wait(self->crowd->what);
}

/* 52, 83: or for one group, and looks again when it grows */
static void hold_waits_group_workers(struct kunit *test)
{
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 2, wpt_gate(test));
	struct crowd *all = hold_crowd(test, 1, call_group_wait, group);

	jobs[1].gate = NULL;
	wpt_group_schedule(test, group, all->pool, &jobs[0], 1);
	wpt_begun(test, &jobs[0]);
	hold_go_to_sleep(test, all);
	wpt_group_schedule(test, group, all->pool, &jobs[1], 1);
	wpt_wait(test, &jobs[1]);	/* by one of them */
	WPT_ASSERT_UNTIL(test, hold_nr_asleep(all) == CROWD);
	wpt_open(jobs[0].gate);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, 0), 0);
	hold_expect_bounded(test, all->pool);
}

static int call_wait_for_own(struct member *self)
{
	struct wpool_keyed_task *keyed = self->crowd->what;

	return wpool_wait(&keyed[self->nr + 1].task);
}

/* 16, 83: or each for another task of one key */
static void hold_waits_for_key(struct kunit *test)
{
	struct wpool_keyed_task *keyed = wpt_alloc(test, (CROWD + 1) * sizeof(*keyed));
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct crowd *all = hold_crowd(test, 1, call_wait_for_own, keyed);
	unsigned int i, wrong = 0;

	for (i = 0; i <= CROWD; i++) {
		wpool_keyed_task_init(&keyed[i], wpt_run_job, job);
		wrong += wpool_schedule_keyed(all->pool, &keyed[i], 7) != 0;
	}
	KUNIT_ASSERT_EQ(test, wrong, 0);
	wpt_begun(test, job);
	hold_go_to_sleep(test, all);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), CROWD + 1);
	hold_expect_bounded(test, all->pool);
}

/* 6, 83: any number of threads waits for one task */
static void hold_waits_threads(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_hold(test, pool, 1);
	struct wpt_thread **all = hold_threads(test, wpt_call_wait, pool, job, NULL);

	job->result = 9;
	wpt_open(job->gate);
	hold_expect_joined(test, all, 9);
	hold_expect_bounded(test, pool);
}

/* Waits that are given up and begun again. */
struct tries {
	atomic_t	gave_up;
	bool		all_at_once;
};

/*
 * In jiffies: some of the threads give up in each; at last all do. If they did so all the time, one
 * slow CPU would do nothing else.
 */
#define A_WHILE		(max(WPT_SECONDS / 30, 1) * CROWD / 8)

static int call_wait_a_while(struct wpt_thread *self)
{
	struct tries *tries = self->arg;
	int result = 0, ret;

	while ((ret = wpool_wait_timeout(&self->job->task,
					 READ_ONCE(tries->all_at_once) ? 1 : A_WHILE,
					 &result)) == -ETIMEDOUT)
		atomic_inc(&tries->gave_up);
	return ret ?: result;
}

/* 20, 83: also if they give up and come again all the time; in a group, too */
static void hold_waits_give_up(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_group *group = wpt_group(test, false);
	struct tries *tries = wpt_alloc(test, sizeof(*tries));
	struct wpt_thread **all;

	job->result = 3;
	wpt_group_schedule(test, group, pool, job, 1);
	wpt_begun(test, job);
	all = hold_threads(test, call_wait_a_while, pool, job, tries);
	WPT_ASSERT_UNTIL(test, atomic_read(&tries->gave_up) > CROWD);
	WRITE_ONCE(tries->all_at_once, true);
	WPT_ASSERT_UNTIL(test, atomic_read(&tries->gave_up) > 3 * CROWD);
	wpt_open(job->gate);
	hold_expect_joined(test, all, 3);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	hold_expect_bounded(test, pool);
}

/* 52, 83: or for one group */
static void hold_waits_group(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_thread **all;

	job->result = -EIO;
	wpt_group_schedule(test, group, pool, job, 1);
	wpt_begun(test, job);
	all = hold_threads(test, wpt_call_group_wait, pool, NULL, group);
	wpt_open(job->gate);
	hold_expect_joined(test, all, -EIO);
	hold_expect_bounded(test, pool);
}

static int call_await(struct wpt_thread *self)
{
	return wpool_await_termination(self->pool, self->arg ? WPT_LIMIT : MAX_SCHEDULE_TIMEOUT);
}

/* 55, 83: or for the end of a pool, which may be restarted then */
static void hold_waits_end(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_thread **all;
	unsigned int round;

	wpt_open(wpt_hold(test, pool, 1)->gate);
	for (round = 0; round < 2; round++) {
		all = hold_threads(test, call_await, pool, NULL, round ? pool : NULL);
		wpool_shutdown(pool);
		hold_expect_joined(test, all, 0);
		KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 0), 0);
		KUNIT_EXPECT_EQ(test, wpool_restart(pool), 0);
		KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 0), -ETIMEDOUT);
	}
	hold_expect_bounded(test, pool);
}

static int call_schedule_the_same(struct wpt_thread *self)
{
	int ret = wpool_schedule(self->pool, &self->job->task);

	return ret == -EBUSY ? 0 : ret;
}

/* 18, 83: any number that blocks with one task: one is let in, and the others learn why not */
static void hold_waits_the_same(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *last = wpt_jobs(test, 1, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread **all = hold_threads(test, call_schedule_the_same, pool, job, NULL);
	struct wpt_thread *behind = wpt_thread(test, wpt_call_schedule, pool, last, NULL);

	WPT_ASSERT_STAT(test, pool, BLOCKED, CROWD + 1);
	wpt_open(hold->gate);
	wpt_begun(test, job);
	wpt_open(job->gate);
	hold_expect_joined(test, all, 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, behind), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, last), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&job->runs), 0);
	hold_expect_bounded(test, pool);
}

static struct kunit_case hold_waits_cases[] = {
	KUNIT_CASE(hold_waits_workers),
	KUNIT_CASE(hold_waits_group_workers),
	KUNIT_CASE(hold_waits_for_key),
	KUNIT_CASE(hold_waits_threads),
	KUNIT_CASE(hold_waits_give_up),
	KUNIT_CASE(hold_waits_group),
	KUNIT_CASE(hold_waits_end),
	KUNIT_CASE(hold_waits_the_same),
	{}
};

static struct kunit_suite hold_waits_suite = {
	.name = "wpool_hold_waits",
	.init = hold_waits_init,
	.exit = wpt_exit,
	.test_cases = hold_waits_cases,
};

kunit_test_suite(hold_waits_suite);
