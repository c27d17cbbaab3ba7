// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are freed or overwritten while they run, by their own function as a rule; and
 * several that are broken while they are queued, with whole ones between them.
 */
#include <linux/kthread.h>
#include <linux/string.h>
#include "broken_scene.h"

static int broken_run_init(struct kunit *test)
{
	return wpt_init(test, "wpool_broken_run");
}

/* How the function ends that has broken its task. */
enum ending { RETURNS, DIES, SUBMITS_AND_RETURNS, SUBMITS_AND_DIES, NR_ENDINGS };

static const char *const endings[NR_ENDINGS] = {
	[RETURNS]		= "returns",
	[DIES]			= "dies",
	[SUBMITS_AND_RETURNS]	= "submits itself, returns",
	[SUBMITS_AND_DIES]	= "submits itself, dies",
};

struct run_case {
	enum broken_way	way;
	enum ending	ending;
};

/* Those ways that there are for one that runs. */
static const enum broken_way ways[] = {
	FREED, UNMAPPED, ZEROED, ALL_ONES, POISONED, SET_UP,
};

static struct run_case run_cases[ARRAY_SIZE(ways) * NR_ENDINGS];

static int broken_run_init_suite(struct kunit_suite *suite)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(run_cases); i++) {
		run_cases[i].way = ways[i / NR_ENDINGS];
		run_cases[i].ending = i % NR_ENDINGS;
	}
	return broken_suite_init(suite);
}

static void run_name(struct run_case *what, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %s", broken_ways[what->way],
		 endings[what->ending]);
}

KUNIT_ARRAY_PARAM(run, run_cases, run_name);

/* A task that breaks itself. */
struct breaker {
	struct kunit		*test;
	struct broken_victim	*victim;
	enum ending		ending;
	bool			keyed;
	int			err;
};

static int run_breaker(void *arg)
{
	struct breaker *breaker = arg;
	struct broken_victim *victim = breaker->victim;

	atomic_inc(&victim->runs);
	if (breaker->ending >= SUBMITS_AND_RETURNS)
		breaker->err = breaker->keyed ?
			       wpool_schedule_keyed(victim->pool, victim->keyed, 1) :
			       wpool_schedule(victim->pool, victim->task);
	broken_break(breaker->test, victim);
	if (breaker->ending == DIES || breaker->ending == SUBMITS_AND_DIES)
		kthread_complete_and_exit(NULL, 0);
	return 0;
}

static struct breaker *breaker(struct kunit *test, struct wpool *pool, bool keyed)
{
	const struct run_case *what = test->param_value;
	struct breaker *breaker = wpt_alloc(test, sizeof(*breaker));

	if (what->way == UNMAPPED && IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "a fault in the kernel turns interrupts on");
	breaker->test = test;
	breaker->victim = broken_victim(test, pool, what->way, keyed);
	breaker->ending = what->ending;
	breaker->keyed = keyed;
	if (keyed)
		wpool_keyed_task_init(breaker->victim->keyed, run_breaker, breaker);
	else
		wpool_task_init(breaker->victim->task, run_breaker, breaker);
	return breaker;
}

/* Which has been accepted, and runs once. */
static void expect_ended(struct kunit *test, struct breaker *breaker)
{
	broken_expect_end(test, breaker->victim->pool);
	KUNIT_EXPECT_EQ(test, breaker->err, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&breaker->victim->runs), 1);
}

/* 84: a task breaks itself; its run, or its reaping, ends without it */
static void broken_run_itself(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct breaker *breaks = breaker(test, pool, false);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	unsigned int i;

	broken_listen(pool, "while it ran");
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, breaks->victim->task), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 3), 0);
	wpt_open(hold->gate);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	expect_ended(test, breaks);
}

/* 84: the head of a key does: those that follow it run */
static void broken_run_with_key(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct breaker *breaks = breaker(test, pool, true);
	struct wpool_keyed_task *keyed = wpt_alloc(test, 3 * sizeof(*keyed));
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	unsigned int i;

	broken_listen(pool, "while it ran");
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, breaks->victim->keyed, 1), 0);
	for (i = 0; i < 3; i++) {
		wpool_keyed_task_init(&keyed[i], wpt_run_job, &jobs[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &keyed[i], 1), 0);
	}
	wpt_open(hold->gate);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[i].task), 0);
	expect_ended(test, breaks);
}

/* How many wait, of which the second and the fourth are broken. */
#define WAITING	5

struct islands {
	struct wpool	*pool;
	struct wpt_job	*held, *jobs;
};

static struct islands *islands(struct kunit *test)
{
	struct islands *scene = wpt_alloc(test, sizeof(*scene));
	unsigned int i;

	scene->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	scene->held = wpt_hold(test, scene->pool, 1);
	scene->jobs = wpt_jobs(test, WAITING, NULL);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, scene->jobs, WAITING), 0);
	wpool_resume(scene->pool);	/* all are on the queue from here on */
	broken_listen(scene->pool, "while it was queued");
	for (i = 1; i < WAITING; i += 2)
		broken_overwrite(&scene->jobs[i].task, sizeof(scene->jobs[i].task), ZEROED);
	return scene;
}

/* The pool has noticed: it knows of two tasks. */
static void notice(struct kunit *test, struct islands *scene)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_TRUE(test, wpool_cancel(&scene->jobs[0].task));
	WPT_ASSERT_STAT(test, scene->pool, QUEUED, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &job->task), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&job->task));
}

static void expect_islands_end(struct kunit *test, struct islands *scene)
{
	wpt_open(scene->held->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &scene->jobs[4]), 0);
	broken_expect_end(test, scene->pool);
}

/* 84: a whole task between two broken ones is lost with them, until somebody waits for it */
static void broken_run_between_awaited(struct kunit *test)
{
	struct islands *scene = islands(test);

	notice(test, scene);
	wpt_open(scene->held->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &scene->jobs[2]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->jobs[2].runs), 1);
	expect_islands_end(test, scene);
}

/* 84: or takes it back */
static void broken_run_between_cancelled(struct kunit *test)
{
	struct islands *scene = islands(test);

	notice(test, scene);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&scene->jobs[2].task));
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &scene->jobs[2]), -ECANCELED);
	expect_islands_end(test, scene);
}

/* 84, 105: or waits for it when the pool was stopped, in which nothing begins */
static void broken_run_between_stopped(struct kunit *test)
{
	struct islands *scene = islands(test);

	notice(test, scene);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(scene->pool, NULL), 1);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &scene->jobs[2]), -ECANCELED);
	wpt_open(scene->held->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->jobs[2].runs), 0);
	KUNIT_EXPECT_TRUE(test, broken_heard());
}

/* 84: the pool ends without it */
static void broken_run_between_left(struct kunit *test)
{
	struct islands *scene = islands(test);

	notice(test, scene);
	expect_islands_end(test, scene);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->jobs[2].runs), 0);
	broken_unseen(&scene->jobs[2].task);
}

/* 84: submitters that wait for room get that of a lost task as well */
static void broken_run_makes_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 3,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	struct wpt_thread *blocked[2];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 3), 0);
	for (i = 0; i < 2; i++) {
		blocked[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[3 + i], NULL);
		WPT_ASSERT_STAT(test, pool, BLOCKED, i + 1);
	}
	broken_listen(pool, "while it was queued");
	broken_overwrite(&jobs[0].task, sizeof(jobs[0].task), ZEROED);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[1].task));
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, blocked[i]), 0);
	wpt_open(hold->gate);
	for (i = 2; i < 5; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	broken_expect_end(test, pool);
}

static struct kunit_case broken_run_tests[] = {
	KUNIT_CASE_PARAM(broken_run_itself, run_gen_params),
	KUNIT_CASE_PARAM(broken_run_with_key, run_gen_params),
	KUNIT_CASE(broken_run_between_awaited),
	KUNIT_CASE(broken_run_between_cancelled),
	KUNIT_CASE(broken_run_between_stopped),
	KUNIT_CASE(broken_run_between_left),
	KUNIT_CASE(broken_run_makes_room),
	{}
};

static struct kunit_suite broken_run_suite = {
	.name = "wpool_broken_run",
	.suite_init = broken_run_init_suite,
	.suite_exit = broken_suite_exit,
	.init = broken_run_init,
	.exit = wpt_exit,
	.test_cases = broken_run_tests,
};

kunit_test_suite(broken_run_suite);
