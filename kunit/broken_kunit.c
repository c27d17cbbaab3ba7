// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks whose owner frees them, overwrites them, sets them up again or returns from their
 * stack while they are queued. That task is lost; everybody else gets what is theirs.
 */
#include <linux/kthread.h>
#include "broken_scene.h"

static int broken_init(struct kunit *test)
{
	return wpt_init(test, "wpool_broken");
}

/* How many wait, one of them the victim. */
#define WAITING		5

#define KEY		7

struct broken_case {
	enum broken_way	way;
	unsigned int	at;	/* which of them it is */
};

/* Each way at the head, in the middle and at the end. */
#define ENDS	3

static struct broken_case broken_cases[NR_WAYS * ENDS];

static int broken_init_suite(struct kunit_suite *suite)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(broken_cases); i++) {
		broken_cases[i].way = i / ENDS;
		broken_cases[i].at = i % ENDS * (WAITING - 1) / (ENDS - 1);
	}
	return broken_suite_init(suite);
}

static void broken_name(struct broken_case *what, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "number %u %s", what->at, broken_ways[what->way]);
}

KUNIT_ARRAY_PARAM(broken, broken_cases, broken_name);

/* For what need not meet each of them. */
static struct broken_case few_cases[] = {
	{ ZEROED, 0 }, { ZEROED, 2 }, { ZEROED, WAITING - 1 },
	{ SET_UP_QUEUED, 0 }, { SET_UP_QUEUED, 2 }, { SET_UP_QUEUED, WAITING - 1 },
	{ FREED, 2 }, { UNMAPPED, 2 },
};

KUNIT_ARRAY_PARAM(few, few_cases, broken_name);

/* How the tasks wait. */
struct broken_place {
	unsigned int		ahead;	/* so many wait before them */
	bool			batched;
	bool			keyed;
	bool			one_key;
	enum wpool_priority	prio;
	struct wpool_group	*group;
};

struct broken_scene {
	const struct broken_case	*what;
	const struct broken_place	*place;
	struct wpool			*pool, *other;
	struct wpt_job			*held, *first, *ahead;
	struct wpt_job			*jobs;	/* the others, and one of no use */
	struct wpool_keyed_task		*keyed;	/* as which they are submitted, if keyed */
	atomic_t			*clock;
	struct broken_victim		*victim;
};

static struct wpool_task *nth_task(const struct broken_scene *scene, unsigned int n)
{
	return scene->place->keyed ? &scene->keyed[n].task : &scene->jobs[n].task;
}

static void submit_other(struct kunit *test, struct broken_scene *scene, unsigned int n)
{
	const struct broken_place *place = scene->place;
	struct wpool_task *task = nth_task(scene, n);
	int err;

	scene->jobs[n].clock = scene->clock;
	if (place->keyed)
		wpool_keyed_task_init(&scene->keyed[n], wpt_run_job, &scene->jobs[n]);
	wpool_task_set_priority(task, place->prio);
	if (place->keyed)
		err = wpool_schedule_keyed(scene->pool, &scene->keyed[n],
					   place->one_key ? KEY : n);
	else if (place->group)
		err = wpool_group_schedule(place->group, scene->pool, task);
	else
		err = wpool_schedule(scene->pool, task);
	KUNIT_ASSERT_EQ(test, err, 0);
}

static void submit_all(struct kunit *test, struct broken_scene *scene)
{
	unsigned int i;

	for (i = 0; i < WAITING; i++) {
		if (i == scene->what->at)
			broken_submit(test, scene->victim);
		else
			submit_other(test, scene, i);
	}
}

/* The only worker is in a job, behind which all wait, and one of them is the victim. */
static struct broken_scene *broken_scene(struct kunit *test, const struct broken_case *what,
					 const struct broken_place *place)
{
	struct broken_scene *scene = wpt_alloc(test, sizeof(*scene));

	if (what->way == UNMAPPED && IS_ENABLED(CONFIG_UML))
		kunit_skip(test, "a fault in the kernel turns interrupts on");
	scene->what = what;
	scene->place = place;
	scene->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	scene->other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	scene->clock = wpt_alloc(test, sizeof(*scene->clock));
	scene->jobs = wpt_jobs(test, WAITING, NULL);
	scene->keyed = wpt_alloc(test, WAITING * sizeof(*scene->keyed));
	scene->victim = broken_victim(test, scene->pool, what->way, place->keyed);
	scene->victim->prio = place->prio;
	scene->victim->key = place->one_key ? KEY : what->at;
	scene->victim->group = place->group;
	scene->held = wpt_hold(test, scene->pool, 1);
	scene->first = wpt_jobs(test, 1, wpt_gate(test));
	if (place->batched)
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, scene->first, 1), 0);
	if (place->ahead) {
		scene->ahead = wpt_jobs(test, place->ahead, NULL);
		KUNIT_ASSERT_EQ(test,
				wpt_schedule_all(scene->pool, scene->ahead, place->ahead), 0);
	}
	/* A function that has returned may have its stack overwritten at once. */
	broken_listen(scene->pool, "while it was queued");
	submit_all(test, scene);
	if (!place->batched && !place->ahead)
		wpool_resume(scene->pool);	/* all are on the queue from here on */
	if (place->batched) {
		wpt_open(scene->held->gate);
		wpt_begun(test, scene->first);
	}
	broken_break(test, scene->victim);
	return scene;
}

static void let_go(struct broken_scene *scene)
{
	wpt_open(scene->held->gate);
	wpt_open(scene->first->gate);
}

/* It is one of the pool's as if nothing had been. */
static bool is_queued_again(const struct broken_scene *scene)
{
	return scene->what->way == SET_UP_QUEUED;
}

/* Another pool does not notice. */
static void expect_other(struct kunit *test, struct broken_scene *scene)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->other, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* The pool has lost nothing but the victim, which has run so often. */
static void expect_end(struct kunit *test, struct broken_scene *scene, int runs)
{
	broken_expect_end(test, scene->pool);
	expect_other(test, scene);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->victim->runs), runs);
}

/* One by one and in order, but for those that have been taken back. */
static void expect_others_run(struct kunit *test, struct broken_scene *scene)
{
	unsigned int i, turn = 0;

	for (i = 0; i < WAITING; i++) {
		if (i == scene->what->at)
			continue;
		WPT_ASSERT_UNTIL(test, atomic_read(&scene->jobs[i].runs));
		KUNIT_EXPECT_EQ(test, scene->jobs[i].turn, ++turn);
		KUNIT_EXPECT_EQ(test, wpt_result(test, nth_task(scene, i)), 0);
	}
}

static void break_one(struct kunit *test, const struct broken_place *place)
{
	struct broken_scene *scene = broken_scene(test, test->param_value, place);

	expect_other(test, scene);
	let_go(scene);
	expect_others_run(test, scene);
	WPT_ASSERT_STAT(test, scene->pool, CANCELLED, 1);
	expect_end(test, scene, is_queued_again(scene));
}

/* 84: on the queue */
static void broken_on_queue(struct kunit *test)
{
	break_one(test, &(struct broken_place) { .prio = WPOOL_PRIO_NORMAL });
}

/* 84: among those of another priority */
static void broken_of_low_priority(struct kunit *test)
{
	break_one(test, &(struct broken_place) { .prio = WPOOL_PRIO_LOW });
}

/* 84: accepted without the lock, and nobody has looked at it yet */
static void broken_in_staging(struct kunit *test)
{
	break_one(test, &(struct broken_place) { .prio = WPOOL_PRIO_NORMAL, .ahead = 6 });
}

/* 84: at the head of the queue, from which it is taken without the lock */
static void broken_in_batch(struct kunit *test)
{
	break_one(test, &(struct broken_place) { .prio = WPOOL_PRIO_NORMAL, .batched = true });
}

/* 84: in order with others, which it holds back or follows */
static void broken_with_key(struct kunit *test)
{
	break_one(test, &(struct broken_place) {
		.prio = WPOOL_PRIO_NORMAL, .keyed = true, .one_key = true,
	});
}

/* 84: one key of several */
static void broken_with_own_key(struct kunit *test)
{
	break_one(test, &(struct broken_place) { .prio = WPOOL_PRIO_NORMAL, .keyed = true });
}

/* 84: in a group: the others of it run */
static void broken_in_group(struct kunit *test)
{
	break_one(test, &(struct broken_place) {
		.prio = WPOOL_PRIO_NORMAL, .group = wpt_group(test, false),
	});
}

static const struct broken_place on_queue = { .prio = WPOOL_PRIO_NORMAL };
static const struct broken_place with_key = {
	.prio = WPOOL_PRIO_NORMAL, .keyed = true, .one_key = true,
};

/* Those beside the victim are taken back. */
static void cancel_beside(struct kunit *test, const struct broken_place *place)
{
	const struct broken_case *what = test->param_value;
	struct broken_scene *scene = broken_scene(test, what, place);
	unsigned int i, cancelled = 1;

	for (i = 0; i < WAITING; i++) {
		if (i + 1 != what->at && i != what->at + 1)
			continue;
		KUNIT_EXPECT_TRUE(test, wpool_cancel(nth_task(scene, i)));
		cancelled++;
	}
	let_go(scene);
	for (i = 0; i < WAITING; i++) {
		if (i + 1 < what->at || i > what->at + 1)
			KUNIT_EXPECT_EQ(test, wpt_result(test, nth_task(scene, i)), 0);
	}
	WPT_ASSERT_STAT(test, scene->pool, CANCELLED, cancelled);
	expect_end(test, scene, is_queued_again(scene));
}

/* 84: a neighbour is cancelled */
static void broken_beside_cancelled(struct kunit *test)
{
	cancel_beside(test, &on_queue);
}

/* 84: one of the same key is */
static void broken_beside_key_cancelled(struct kunit *test)
{
	cancel_beside(test, &with_key);
}

/* 84: more is submitted behind it */
static void broken_before_more(struct kunit *test)
{
	struct broken_scene *scene = broken_scene(test, test->param_value, &on_queue);
	struct wpt_job *more = wpt_jobs(test, 3, NULL);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, more, 3), 0);
	let_go(scene);
	expect_others_run(test, scene);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &more[i]), 0);
	expect_end(test, scene, is_queued_again(scene));
}

/* 84: a walk along the queue comes to it: a group is cancelled */
static void broken_walked_over(struct kunit *test)
{
	struct broken_place place = {
		.prio = WPOOL_PRIO_NORMAL, .group = wpt_group(test, false),
	};
	struct broken_scene *scene = broken_scene(test, test->param_value, &place);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, wpool_group_cancel(place.group), WAITING - 1 +
			is_queued_again(scene));
	let_go(scene);
	for (i = 0; i < WAITING; i++) {
		if (i != scene->what->at)
			KUNIT_EXPECT_EQ(test, wpt_result(test, nth_task(scene, i)), -ECANCELED);
	}
	expect_end(test, scene, 0);
}

/* 84: the pool is shut down, and hands back the others */
static void broken_shut_down(struct kunit *test)
{
	struct broken_scene *scene = broken_scene(test, test->param_value, &on_queue);
	LIST_HEAD(unrun);

	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(scene->pool, &unrun), WAITING - 1 +
			is_queued_again(scene));
	let_go(scene);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_TRUE(test, broken_heard());
	expect_other(test, scene);
}

static struct kunit_case broken_tests[] = {
	KUNIT_CASE_PARAM(broken_on_queue, broken_gen_params),
	KUNIT_CASE_PARAM(broken_of_low_priority, few_gen_params),
	KUNIT_CASE_PARAM(broken_in_staging, few_gen_params),
	KUNIT_CASE_PARAM(broken_in_batch, few_gen_params),
	KUNIT_CASE_PARAM(broken_with_key, few_gen_params),
	KUNIT_CASE_PARAM(broken_with_own_key, few_gen_params),
	KUNIT_CASE_PARAM(broken_in_group, few_gen_params),
	KUNIT_CASE_PARAM(broken_beside_cancelled, few_gen_params),
	KUNIT_CASE_PARAM(broken_beside_key_cancelled, few_gen_params),
	KUNIT_CASE_PARAM(broken_before_more, few_gen_params),
	KUNIT_CASE_PARAM(broken_walked_over, few_gen_params),
	KUNIT_CASE_PARAM(broken_shut_down, few_gen_params),
	{}
};

static struct kunit_suite broken_suite = {
	.name = "wpool_broken",
	.suite_init = broken_init_suite,
	.suite_exit = broken_suite_exit,
	.init = broken_init,
	.exit = wpt_exit,
	.test_cases = broken_tests,
};

kunit_test_suite(broken_suite);
