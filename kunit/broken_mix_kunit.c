// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are broken, in whole or in part, while others are batched, wait for their time, run
 * again, or are walked over.
 */
#include <linux/kthread.h>
#include <linux/string.h>
#include "broken_scene.h"

static int broken_mix_init(struct kunit *test)
{
	return wpt_init(test, "wpool_broken_mix");
}

static const enum wpool_priority prio_cases[] = { WPOOL_PRIO_NORMAL, WPOOL_PRIO_LOW };

static void prio_name(const enum wpool_priority *prio, char *desc)
{
	strscpy(desc, *prio == WPOOL_PRIO_LOW ? "low" : "normal", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(prio, prio_cases, prio_name);

/* 84: one becomes what it was before others came behind it: as if it was the last */
static void broken_mix_as_it_was(struct kunit *test)
{
	enum wpool_priority prio = *(const enum wpool_priority *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, 4, NULL);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	struct wpool_task *was = wpt_alloc(test, sizeof(*was));
	unsigned int i;

	for (i = 0; i < 4; i++) {
		jobs[i].clock = clock;
		wpool_task_set_priority(&jobs[i].task, prio);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
		wpool_resume(pool);	/* it is on the queue from here on */
		if (i == 1)
			*was = jobs[i].task;
	}
	broken_listen(pool, IS_ENABLED(CONFIG_KALLSYMS) ? "its function reads wpt_run_job" :
		      "its function reads 0x");
	jobs[1].task = *was;
	wpt_open(hold->gate);
	for (i = 0; i < 4; i++) {
		WPT_ASSERT_UNTIL(test, atomic_read(&jobs[i].runs));
		KUNIT_EXPECT_EQ(test, jobs[i].turn, i + 1);
	}
	broken_expect_end(test, pool);
}

/* 84: behind the batch, which comes back to the queue: nobody writes to what is broken */
static void broken_mix_behind_batch(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL), *none = wpt_jobs(test, 1, NULL);
	struct wpool_keyed_task *keyed = wpt_alloc(test, sizeof(*keyed));

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, first, 1), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 3), 0);
	wpt_open(hold->gate);
	wpt_begun(test, first);
	wpool_keyed_task_init(keyed, wpt_run_job, none);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, keyed, 0), 0);
	broken_listen(pool, "while it was queued");
	broken_overwrite(&keyed->task, sizeof(*keyed), ZEROED);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[1].task));
	wpt_open(first->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[2]), 0);
	WPT_ASSERT_STAT(test, pool, CANCELLED, 2);
	broken_expect_end(test, pool);
	KUNIT_EXPECT_NULL(test, memchr_inv(keyed, 0, sizeof(*keyed)));
}

/* 84: one is broken in part, its links are not: a walk along the queue goes on behind it */
static void broken_mix_walked_over(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, 4, NULL);
	struct wpool_group *group = wpt_group(test, false);
	unsigned int i;

	wpt_group_schedule(test, group, pool, jobs, 4);
	broken_listen(pool, "while it was queued");
	broken_unseen(&jobs[1].task);
	broken_unseen(group);	/* never empty again */
	jobs[1].task.pool = NULL;
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 3);
	for (i = 0; i < 4; i++) {
		if (i != 1)
			KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), -ECANCELED);
	}
	WPT_ASSERT_STAT(test, pool, CANCELLED, 4);
	wpt_open(hold->gate);
	broken_expect_end(test, pool);
}

/*
 * 84: those are counted that are left, wherever they are: waiting for their time, to run again,
 * run by their submitters
 */
static void broken_mix_counted(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 3, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *again = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, 2, NULL);
	struct wpt_job *own = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_delayed_task *late = wpt_alloc(test, sizeof(*late));
	struct wpt_thread *submitter;

	wpool_delayed_task_init(late, wpt_run_job, again);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, late, 1000 * HZ), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &again->task), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	wpool_resume(pool);	/* both are on the queue from here on */
	submitter = wpt_thread(test, wpt_call_schedule, pool, own, NULL);
	wpt_begun(test, own);
	broken_listen(pool, "while it was queued");
	broken_overwrite(&jobs[0].task, sizeof(jobs[0].task), ZEROED);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[1].task));
	WPT_ASSERT_STAT(test, pool, CANCELLED, 2);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel_delayed(late));
	wpt_open(own->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), 0);
	wpt_open(again->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, again), 0);
	broken_expect_end(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&again->runs), 2);
}

/* A task that has another on its stack, in a pool. */
struct lender {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_job		*job;		/* as which the other runs */
	int			err;
};

static int lend_break_and_die(void *arg)
{
	struct lender *lender = arg;
	struct wpool_task lent;

	wpool_task_init(&lent, wpt_run_job, lender->job);
	lender->err = wpool_schedule(lender->pool, &lent);
	if (!wait_for_completion_timeout(&lender->job->begun, WPT_LIMIT))
		lender->err = -ETIMEDOUT;
	broken_overwrite(&lent, sizeof(lent), ZEROED);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* 84: one that runs is on the stack of a worker that overwrites it and dies */
static void broken_mix_lent(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct lender *lender = wpt_alloc(test, sizeof(*lender));

	lender->pool = pool;
	lender->job = wpt_jobs(test, 1, wpt_gate(test));
	wpool_task_init(&lender->task, lend_break_and_die, lender);
	broken_listen(pool, "while it ran");
	KUNIT_ASSERT_EQ(test, wpool_schedule(other, &lender->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &lender->task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, lender->err, 0);
	wpt_open(lender->job->gate);
	broken_expect_end(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->job->runs), 1);
}

/* A task that frees itself, and what lies behind it. */
struct fenced {
	struct wpool_tracked_task	ttask;
	u8				fence[1024];
	struct wpool			*pool;
	atomic_t			runs;
	int				errs[2];
};

static int submit_and_set_up(void *arg);

static void fenced_set_up(struct fenced *fenced)
{
	wpool_tracked_task_init(&fenced->ttask, submit_and_set_up, fenced);
	wpool_task_set_self_freeing(&fenced->ttask);
}

static int submit_and_set_up(void *arg)
{
	struct fenced *fenced = arg;

	if (atomic_inc_return(&fenced->runs) > 1)
		return 0;
	fenced->errs[0] = wpool_schedule(fenced->pool, &fenced->ttask.task);
	broken_unseen(&fenced->ttask.task);
	fenced_set_up(fenced);
	fenced->errs[1] = wpool_schedule(fenced->pool, &fenced->ttask.task);
	return 0;
}

static int submit_fenced(struct wpt_thread *self)
{
	struct fenced *fenced = self->arg;

	return wpool_schedule(self->pool, &fenced->ttask.task);
}

/*
 * 84, 158: one that its submitter runs is to run again, and is set up and submitted once more:
 * nobody writes behind it
 */
static void broken_mix_fenced(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct fenced *fenced = wpt_alloc(test, sizeof(*fenced));

	fenced->pool = pool;
	fenced_set_up(fenced);
	broken_listen(pool, "while it ran");
	KUNIT_EXPECT_EQ(test, wpt_join(test, wpt_thread(test, submit_fenced, pool, NULL, fenced)),
			0);
	KUNIT_EXPECT_EQ(test, fenced->errs[0], 0);
	KUNIT_EXPECT_EQ(test, fenced->errs[1], 0);
	KUNIT_EXPECT_NULL(test, memchr_inv(fenced->fence, 0, sizeof(fenced->fence)));
	wpt_open(hold->gate);
	broken_expect_end(test, pool);
}

static struct kunit_case broken_mix_cases[] = {
	KUNIT_CASE_PARAM(broken_mix_as_it_was, prio_gen_params),
	KUNIT_CASE(broken_mix_behind_batch),
	KUNIT_CASE(broken_mix_walked_over),
	KUNIT_CASE(broken_mix_counted),
	KUNIT_CASE(broken_mix_lent),
	KUNIT_CASE(broken_mix_fenced),
	{}
};

static struct kunit_suite broken_mix_suite = {
	.name = "wpool_broken_mix",
	.suite_init = broken_suite_init,
	.suite_exit = broken_suite_exit,
	.init = broken_mix_init,
	.exit = wpt_exit,
	.test_cases = broken_mix_cases,
};

kunit_test_suite(broken_mix_suite);
