// SPDX-License-Identifier: GPL-2.0
/*
 * A group on the stack of a worker that dies. The group is gone with the thread, so all who
 * know of it must have let go of it by then: its tasks, wherever they are, and whoever
 * waits for it or blocks to submit to it.
 */
#include "dead_scene.h"

static int dead_group_init(struct kunit *test)
{
	return wpt_init(test, "wpool_dead_group");
}

/* A task that waits for a group on its stack, and is taken down by the last task of it. */
struct nester {
	struct wpool_task	task;
	struct wpool_task	last;
	struct wpool		*pool;
	struct wpt_job		*jobs;
	unsigned int		n;		/* how many of them come before the last */
	bool			deeper;		/* that is taken down inside one more */
};

static int nest_deeper(void *arg)
{
	struct nester *nester = arg;

	return wpool_run(nester->pool, dead_die, NULL);
}

static int nest_and_die(void *arg)
{
	struct nester *nester = arg;
	struct wpool_group group;
	unsigned int i;
	int err = 0;

	wpool_group_init(&group, 0);
	for (i = 0; i < 4 && !err; i++) {
		if (i == nester->n)
			err = wpool_group_schedule(&group, nester->pool, &nester->last);
		err = err ?: wpool_group_schedule(&group, nester->pool, &nester->jobs[i].task);
	}
	return err ?: wpool_group_wait(&group);
}

struct nest_case {
	const char	*name;
	unsigned int	n;
	bool		deeper;
};

static const struct nest_case nest_cases[] = {
	{ "by its first task", 0, false },
	{ "by a later one", 2, false },
	{ "two deep", 1, true },
};

static void nest_name(const struct nest_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(nest, nest_cases, nest_name);

/* 75, 42: the worker helps, and dies of a task of the group */
static void dead_group_nested(struct kunit *test)
{
	const struct nest_case *param = test->param_value;
	struct nester *nester = wpt_alloc(test, sizeof(*nester));
	struct wpool *pool = dead_pool(test, 1);
	unsigned int i;

	nester->pool = pool;
	nester->n = param->n;
	nester->jobs = wpt_jobs(test, 4, NULL);
	wpool_task_init(&nester->last, param->deeper ? nest_deeper : dead_die, nester);
	wpool_task_init(&nester->task, nest_and_die, nester);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &nester->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &nester->task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &nester->last), -EOWNERDEAD);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &nester->jobs[i]),
				i < param->n ? 0 : -ECANCELED);
	WPT_EXPECT_STAT(test, pool, OOPSED, param->deeper ? 3 : 2);
	dead_expect_balance(test, pool, 4 - param->n);
}

KUNIT_ARRAY_PARAM(own, dead_own_cases, dead_own_name);

/* 75: its tasks wait, among others: those go on */
static void dead_group_queued(struct kunit *test)
{
	bool own = dead_own(test);
	struct wpool *pool = dead_pool(test, 2), *other = dead_pool(test, 1);
	struct wpt_job *jobs = wpt_jobs(test, 6, NULL), *hold;
	struct dead_host *host = dead_host(test, own ? pool : other);
	struct wpt_job *guards;
	unsigned int i;

	hold = wpt_hold(test, pool, own ? 1 : 2);
	for (i = 0; i < 6; i++) {
		wpool_task_set_priority(&jobs[i].task, i / 2);
		if (i % 2)
			KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
		else
			wpt_group_schedule(test, host->group, pool, &jobs[i], 1);
	}
	dead_host_die(test, host);
	guards = dead_use_stacks(test, other);
	wpt_open(hold->gate);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), i % 2 ? 0 : -ECANCELED);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 3);
}

/* 75: a task of it runs in another worker: that goes on, and its end touches nothing */
static void dead_group_running(struct kunit *test)
{
	bool own = dead_own(test);
	struct wpool *pool = dead_pool(test, 2), *other = dead_pool(test, 1);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct dead_host *host = dead_host(test, own ? pool : other);
	struct wpt_job *guards;

	wpt_group_schedule(test, host->group, pool, job, 1);
	wpt_begun(test, job);
	dead_host_die(test, host);
	guards = dead_use_stacks(test, other);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 0);
}

/* 75: one runs, and was submitted again: that run does not come */
static void dead_group_again(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 2), *other = dead_pool(test, 1);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct dead_host *host = dead_host(test, other);
	struct wpt_job *guards;

	wpt_group_schedule(test, host->group, pool, job, 1);
	wpt_begun(test, job);
	wpt_group_schedule(test, host->group, pool, job, 1);
	dead_host_die(test, host);
	guards = dead_use_stacks(test, other);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 1);
}

/* 75: tasks with a key, one deferred behind the other */
static void dead_group_keyed(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 1), *other = dead_pool(test, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL), *hold = wpt_hold(test, pool, 1);
	struct dead_host *host = dead_host(test, other);
	struct wpt_job *guards;
	struct wpool_keyed_task *keyed[3];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		keyed[i] = wpt_alloc(test, sizeof(*keyed[i]));
		wpool_keyed_task_init(keyed[i], wpt_run_job, &jobs[i]);
		KUNIT_ASSERT_EQ(test, i == 2 ? wpool_schedule_keyed(pool, keyed[i], 0) :
				wpool_group_schedule_keyed(host->group, pool, keyed[i], 0), 0);
	}
	dead_host_die(test, host);
	guards = dead_use_stacks(test, other);
	wpt_open(hold->gate);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[i]->task), i == 2 ? 0 : -ECANCELED);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 2);
}

/* kmemleak does not see what a stale word on some stack points to: of several it sees most. */
#define DEATHS	6

/* The time of one has not come. */
static void group_delayed_dies(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 1), *other = dead_pool(test, 1);
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct dead_host *host = dead_host(test, other);
	struct wpt_job *guards;

	wpool_delayed_task_init(dtask, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(host->group, pool, dtask,
							   MAX_SCHEDULE_TIMEOUT), 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	dead_host_die(test, host);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &dtask->task), -ECANCELED);
	guards = dead_use_stacks(test, other);
	wpt_open(hold->gate);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 1);
}

/* 75, 78: the time of one has not come; nothing of the worker is left where kmemleak can tell */
static void dead_group_delayed(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < DEATHS; i++)
		group_delayed_dies(test);
}

/* Waits for the group, with a limit that is not reached. */
static int call_wait_timeout(struct wpt_thread *self)
{
	return wpool_group_wait_timeout(self->arg, WPT_LIMIT);
}

static const bool limit_cases[] = { false, true };

static void limit_name(const bool *limit, char *desc)
{
	strscpy(desc, *limit ? "with a limit" : "for ever", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(limit, limit_cases, limit_name);

/* 75: another thread waits for it, for tasks that wait or run: it is woken */
static void dead_group_awaited(struct kunit *test)
{
	bool limit = *(const bool *)test->param_value;
	struct wpool *pool = dead_pool(test, 1), *other = dead_pool(test, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, wpt_gate(test));
	struct dead_host *host = dead_host(test, other);
	struct wpt_job *guards;
	struct wpt_thread *waiter;

	wpt_group_schedule(test, host->group, pool, jobs, 2);
	wpt_begun(test, &jobs[0]);
	waiter = wpt_thread(test, limit ? call_wait_timeout : wpt_call_group_wait, NULL, NULL,
			    host->group);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	dead_host_die(test, host);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -EOWNERDEAD);
	guards = dead_use_stacks(test, other);
	wpt_open(jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 1);
}

static int wait_for_group(void *arg)
{
	return wpool_group_wait(arg);
}

/* A task that waits for a group when it is told to. */
struct heir {
	struct wpool_task	task;
	struct wpool_group	*group;
	struct wpt_job		*job;
};

static int wait_when_told(void *arg)
{
	struct heir *heir = arg;

	wpt_run_job(heir->job);
	return wpool_group_wait(heir->group);
}

static bool sleeps(struct task_struct *worker)
{
	return READ_ONCE(worker->__state) & TASK_UNINTERRUPTIBLE;
}

/* It is begun. */
static struct heir *heir_in(struct kunit *test, struct wpool *pool, struct wpool_group *group)
{
	struct heir *heir = wpt_alloc(test, sizeof(*heir));

	heir->group = group;
	heir->job = wpt_jobs(test, 1, wpt_gate(test));
	wpool_task_init(&heir->task, wait_when_told, heir);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &heir->task), 0);
	wpt_begun(test, heir->job);
	return heir;
}

static void heir_go_to_sleep(struct kunit *test, struct heir *heir)
{
	wpt_open(heir->job->gate);
	WPT_ASSERT_UNTIL(test, atomic_read(&heir->job->runs) && sleeps(heir->job->worker));
}

/* 75: a worker waits for it, counted as asleep with all others of its pool */
static void dead_group_awaited_by_worker(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 2), *other = dead_pool(test, 1);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct dead_host *host = dead_host(test, other);
	struct wpt_job *guards;
	struct heir *waiter;

	wpt_group_schedule(test, host->group, pool, job, 1);
	wpt_begun(test, job);
	waiter = heir_in(test, pool, host->group);
	heir_go_to_sleep(test, waiter);
	dead_host_die(test, host);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &waiter->task), -EOWNERDEAD);
	guards = dead_use_stacks(test, other);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 0);
}

/* 75: a worker helps, and is inside a task of it: it finds the group gone as it comes back */
static void dead_group_helped(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 1), *other = dead_pool(test, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, wpt_gate(test));
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_task *waiter = wpt_alloc(test, sizeof(*waiter));
	struct dead_host *host = dead_host(test, other);
	struct wpt_job *guards;

	wpool_task_init(waiter, wait_for_group, host->group);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, waiter), 0);
	wpt_group_schedule(test, host->group, pool, jobs, 2);
	wpt_open(hold->gate);
	wpt_begun(test, &jobs[0]);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
	dead_host_die(test, host);
	guards = dead_use_stacks(test, other);
	wpt_open(jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, waiter), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), -ECANCELED);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 1);
}

static int call_group_schedule(struct wpt_thread *self)
{
	return wpool_group_schedule(self->arg, self->pool, &self->job->task);
}

/* A task of the group that keeps a worker busy. */
static struct wpt_job *hold_in_group(struct kunit *test, struct wpool *pool, struct dead_host *host)
{
	struct wpt_job *hold = wpt_jobs(test, 1, wpt_gate(test));

	wpt_group_schedule(test, host->group, pool, hold, 1);
	wpt_begun(test, hold);
	return hold;
}

/* 75, 18: a thread blocks to submit to it, and another waits for it */
static void dead_group_blocked(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
	});
	struct wpool *other = dead_pool(test, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct dead_host *host = dead_host(test, other);
	struct wpt_job *guards, *hold = hold_in_group(test, pool, host);
	struct wpt_thread *submitter, *waiter;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[0].task), 0);
	submitter = wpt_thread(test, call_group_schedule, pool, &jobs[1], host->group);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	waiter = wpt_thread(test, wpt_call_group_wait, NULL, NULL, host->group);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	dead_host_die(test, host);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -EOWNERDEAD);
	guards = dead_use_stacks(test, other);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 0);
	/* it was not accepted: its owner may do so */
	KUNIT_EXPECT_EQ(test, wpool_schedule(other, &jobs[1].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
}

/* 75, 18: the group has no task but the one whose submitter is blocked */
static void dead_group_joining(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpool *other = dead_pool(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct dead_host *host = dead_host(test, other);
	struct wpt_thread *submitter;
	struct wpt_job *guards;

	submitter = wpt_thread(test, call_group_schedule, pool, job, host->group);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	dead_host_die(test, host);
	guards = dead_use_stacks(test, other);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 0);
}

/* 75, 81: a worker of the pool where a thread blocks to submit to it: counted as asleep */
static void dead_group_awaited_at_home(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpool *other = dead_pool(test, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct dead_host *host = dead_host(test, other);
	struct wpt_job *guards, *hold = hold_in_group(test, pool, host);
	struct heir *heir = heir_in(test, pool, host->group);
	struct wpt_thread *submitter;

	submitter = wpt_thread(test, call_group_schedule, pool, job, host->group);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	heir_go_to_sleep(test, heir);
	dead_host_die(test, host);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &heir->task), -EOWNERDEAD);
	guards = dead_use_stacks(test, other);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), -EOWNERDEAD);
	wpt_open(hold->gate);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 0);
}

/* 75: an empty group, and one that was waited for, are none of anybody's */
static void dead_group_empty(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 1), *other = dead_pool(test, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct dead_host *host = dead_host(test, other);
	struct wpt_job *guards;

	wpt_group_schedule(test, host->group, pool, job, 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, host->group), 0);
	dead_host_die(test, host);
	guards = dead_use_stacks(test, other);
	dead_expect_untouched(test, guards);
	dead_expect_balance(test, pool, 0);
	dead_expect_balance(test, other, 0);
}

static struct kunit_case dead_group_cases[] = {
	KUNIT_CASE(dead_group_empty),
	KUNIT_CASE_PARAM(dead_group_running, own_gen_params),
	KUNIT_CASE_PARAM(dead_group_queued, own_gen_params),
	KUNIT_CASE(dead_group_again),
	KUNIT_CASE(dead_group_keyed),
	KUNIT_CASE(dead_group_delayed),
	KUNIT_CASE_PARAM(dead_group_awaited, limit_gen_params),
	KUNIT_CASE(dead_group_awaited_by_worker),
	KUNIT_CASE(dead_group_helped),
	KUNIT_CASE(dead_group_blocked),
	KUNIT_CASE(dead_group_joining),
	KUNIT_CASE(dead_group_awaited_at_home),
	KUNIT_CASE_PARAM(dead_group_nested, nest_gen_params),
	{}
};

static struct kunit_suite dead_group_suite = {
	.name = "wpool_dead_group",
	.init = dead_group_init,
	.exit = wpt_exit,
	.test_cases = dead_group_cases,
};

kunit_test_suite(dead_group_suite);
