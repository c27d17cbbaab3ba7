// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that are woken together: none has to wait until another lets the waker go on.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/sched.h>
#include "wpool_kunit.h"

#define WAITERS		3
#define FIRST_TO_RUN	1

static int woken_init(struct kunit *test)
{
	return wpt_init(test, "wpool_woken");
}

/* Threads that wait for one task. One of them takes the waker's CPU as soon as it is woken. */
struct woken {
	struct wpt_job		*job;
	struct wpt_thread	*threads[WAITERS];
	struct completion	ready;		/* that one is about to wait */
};

static int stay_here(void)
{
	return set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
}

/* Return: how many of the others have not been woken yet. */
static int call_first_to_run(struct wpt_thread *self)
{
	struct woken *woken = self->arg;
	int i, err, asleep = 0;

	err = stay_here();
	if (err)
		return err;
	sched_set_fifo(current);
	complete(&woken->ready);
	err = wpool_wait(&woken->job->task);
	for (i = 0; i < WAITERS; i++)
		asleep += i != FIRST_TO_RUN && wpt_asleep(woken->threads[i]);
	return err == -ECANCELED ? asleep : err;
}

static int call_cancel(struct wpt_thread *self)
{
	struct woken *woken = self->arg;

	return stay_here() ?: !wpool_cancel(&woken->job->task);
}

/* 186: those that an event wakes together are awake before one of them takes the waker's CPU */
static void woken_together(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct woken *woken = wpt_alloc(test, sizeof(*woken));
	int i;

	wpt_hold(test, pool, 1);
	init_completion(&woken->ready);
	woken->job = wpt_jobs(test, 1, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &woken->job->task), 0);
	for (i = 0; i < WAITERS; i++) {
		if (i == FIRST_TO_RUN) {
			woken->threads[i] = wpt_thread(test, call_first_to_run, pool, NULL, woken);
			KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&woken->ready, WPT_LIMIT),
					0);
		} else {
			woken->threads[i] = wpt_thread(test, wpt_call_wait, pool, woken->job,
						       NULL);
		}
		WPT_ASSERT_UNTIL(test, wpt_asleep(woken->threads[i]));
	}
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_cancel, pool, woken), 0);
	for (i = 0; i < WAITERS; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, woken->threads[i]),
				i == FIRST_TO_RUN ? 0 : -ECANCELED);
}

static struct kunit_case woken_cases[] = {
	KUNIT_CASE(woken_together),
	{}
};

static struct kunit_suite woken_suite = {
	.name = "wpool_woken",
	.init = woken_init,
	.exit = wpt_exit,
	.test_cases = woken_cases,
};

kunit_test_suite(woken_suite);
