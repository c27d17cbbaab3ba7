// SPDX-License-Identifier: GPL-2.0
/*
 * Taking a task back.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include "wpool_kunit.h"

static int cancel_init(struct kunit *test)
{
	return wpt_init(test, "wpool_cancel");
}

/* 47: succeeds once on a queued task, which then never runs */
static void cancel_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&job->task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&job->task));
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* 47: fails on one that runs, and on one that has run */
static void cancel_running(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_hold(test, pool, 1);

	job->result = 5;
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&job->task));
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&job->task));
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 5);
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&job->task));
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 5);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 0);
}

static const unsigned int place_cases[] = { 0, 2, 4 };

static void place_name(const unsigned int *place, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "place %u of 5", *place);
}

KUNIT_ARRAY_PARAM(place, place_cases, place_name);

/* 48: queued falls at once, and only that task is gone */
static void cancel_place(struct kunit *test)
{
	unsigned int place = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 5), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 5);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[place].task));
	WPT_EXPECT_STAT(test, pool, QUEUED, 4);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&jobs[place].task));
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), i == place ? 0 : 1);
}

/* 49: the waiters of a cancelled task return */
static void cancel_tells_waiters(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_thread *waiters[3];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	for (i = 0; i < 3; i++) {
		waiters[i] = wpt_thread(test, wpt_call_wait, pool, job, NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiters[i]));
	}
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&job->task));
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiters[i]), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -ECANCELED);
	wpt_open(hold->gate);
}

/* 47: a cancelled task may be submitted again */
static void cancel_and_submit(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		KUNIT_EXPECT_TRUE(test, wpool_cancel(&job->task));
	}
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 47: of one that runs and is queued again, the second run is taken back */
static void cancel_requeued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *job = wpt_hold(test, pool, 1);

	job->result = 3;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&job->task));
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&job->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_open(job->gate);
	wpt_wait(test, job);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* The memory of a cancelled task is the caller's at once: KASAN watches. */
static void cancel_freed_at_once(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	unsigned int i;

	for (i = 0; i < 100; i++) {
		struct wpool_task *task = kmalloc(sizeof(*task), GFP_KERNEL);

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
		wpool_task_init(task, wpt_run_job, hold);
		KUNIT_EXPECT_EQ(test, wpool_schedule(pool, task), 0);
		KUNIT_EXPECT_TRUE(test, wpool_cancel(task));
		kfree(task);
	}
	wpt_open(hold->gate);
	wpt_wait(test, hold);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 100);
}

struct race {
	atomic_t	cancelled;
	struct wpt_gate	*stop;
};

#define RACERS		8

static int call_cancel(struct wpt_thread *self)
{
	struct race *race = self->arg;
	unsigned int i;

	while (!completion_done(&race->stop->opened)) {
		for (i = 0; i < RACERS; i++) {
			if (wpool_cancel(&self->job[i].task))
				atomic_inc(&race->cancelled);
		}
		cond_resched();
	}
	return 0;
}

/* 47: against a worker that takes it: one of the two has it, never both */
static void cancel_races_worker(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *jobs = wpt_jobs(test, RACERS, NULL);
	struct race *race = wpt_alloc(test, sizeof(*race));
	struct wpt_thread *threads[2];
	unsigned int i, accepted = 0, said_cancelled = 0, runs = 0;

	race->stop = wpt_gate(test);
	for (i = 0; i < 2; i++)
		threads[i] = wpt_thread(test, call_cancel, pool, jobs, race);
	for (i = 0; i < 400; i++) {
		struct wpt_job *job = &jobs[i % RACERS];

		if (i >= RACERS)
			said_cancelled += wpt_wait(test, job) == -ECANCELED;
		accepted += !wpool_schedule(pool, &job->task);
	}
	for (i = 0; i < RACERS; i++)
		said_cancelled += wpt_wait(test, &jobs[i]) == -ECANCELED;
	wpt_open(race->stop);
	for (i = 0; i < 2; i++)
		wpt_join(test, threads[i]);
	for (i = 0; i < RACERS; i++)
		runs += atomic_read(&jobs[i].runs);
	KUNIT_EXPECT_EQ(test, accepted, 400);
	KUNIT_EXPECT_EQ(test, runs + atomic_read(&race->cancelled), accepted);
	KUNIT_EXPECT_EQ(test, said_cancelled, atomic_read(&race->cancelled));
	WPT_EXPECT_STAT(test, pool, CANCELLED, said_cancelled);
	WPT_EXPECT_STAT(test, pool, COMPLETED, runs);
}

#define LINE		200
#define ROUNDS		150

/* Cancel each second one, about when the worker comes to it; how many were. */
static unsigned int cancel_in_time(struct wpt_job *jobs, bool *ours)
{
	unsigned long end = jiffies + WPT_LIMIT;
	unsigned int i, cancelled = 0;

	for (i = 1; i < LINE; i += 2) {
		while (wpool_task_queued(&jobs[i - 1].task) && time_before(jiffies, end))
			cond_resched();
		/* it is inside the one before */
		ndelay(i / 2 % 50 * 100);
		ours[i] = wpool_cancel(&jobs[i].task);
		cancelled += ours[i];
	}
	return cancelled;
}

/* 47: when the worker comes to take it, either the worker or the test has it */
static void cancel_races_queue(struct kunit *test)
{
	struct wpt_job *jobs = wpt_jobs(test, LINE, NULL);
	bool *ours = wpt_alloc(test, LINE * sizeof(*ours));
	/* on another CPU, if there is one: threads of one CPU never meet */
	unsigned int cpu = cpumask_any_but(cpu_online_mask, raw_smp_processor_id());
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = cpu < nr_cpu_ids ? cpumask_of(cpu) : NULL,
	});
	unsigned int i, round, wrong = 0, cancelled = 0, runs = 0;

	for (round = 0; round < ROUNDS; round++) {
		struct wpt_job *hold = wpt_hold(test, pool, 1);

		for (i = 0; i < LINE; i++)
			KUNIT_ASSERT_EQ(test, wpool_try_schedule(pool, &jobs[i].task), 0);
		wpt_open(hold->gate);
		cancelled += cancel_in_time(jobs, ours);
		for (i = 0; i < LINE; i++)
			wrong += (wpt_wait(test, &jobs[i]) == -ECANCELED) != ours[i];
	}
	wpt_destroy(test, pool);
	for (i = 0; i < LINE; i++)
		runs += atomic_read(&jobs[i].runs);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, runs + cancelled, ROUNDS * LINE);
}

static struct kunit_case cancel_cases[] = {
	KUNIT_CASE(cancel_queued),
	KUNIT_CASE(cancel_running),
	KUNIT_CASE_PARAM(cancel_place, place_gen_params),
	KUNIT_CASE(cancel_tells_waiters),
	KUNIT_CASE(cancel_and_submit),
	KUNIT_CASE(cancel_requeued),
	KUNIT_CASE(cancel_freed_at_once),
	KUNIT_CASE(cancel_races_worker),
	KUNIT_CASE(cancel_races_queue),
	{}
};

static struct kunit_suite cancel_suite = {
	.name = "wpool_cancel",
	.init = cancel_init,
	.exit = wpt_exit,
	.test_cases = cancel_cases,
};

kunit_test_suite(cancel_suite);
