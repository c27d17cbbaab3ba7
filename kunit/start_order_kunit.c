// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks begin in the order of their submission, whatever the number of workers and of
 * submitters; so a task may wait for what an earlier or the next one does.
 */
#include <linux/irq_work.h>
#include <linux/slab.h>
#include "wpool_kunit.h"

static int start_order_init(struct kunit *test)
{
	return wpt_init(test, "wpool_start_order");
}

/* Rounds of each scene; a debug kernel takes ten times as long for each. */
#define ROUNDS	(IS_ENABLED(CONFIG_KASAN) ? 10 : 40)

#define MOST_PAIRS	64

/* X waits for what its Y gives. */
struct pair {
	struct wpool_task	x, y;
	struct completion	given;
	struct scene		*scene;
};

struct scene {
	struct wpool		*pool;
	unsigned int		nr_workers;
	unsigned int		nr_pairs;
	struct pair		*pairs;
	atomic_t		left;		/* tasks that have not ended */
	struct completion	all;		/* have */
	struct completion	go;		/* those that keep the workers busy */
	struct wpool_task	busy[4];
	int			error;		/* of a submission */
	struct irq_work		work;
	struct completion	ys_are_in, xs_are_in;	/* between threads */
	bool			over;
};

static void scene_count(struct scene *scene)
{
	if (atomic_dec_and_test(&scene->left))
		complete(&scene->all);
}

static int run_x(void *arg)
{
	struct pair *pair = arg;

	wait_for_completion(&pair->given);
	scene_count(pair->scene);
	return 0;
}

static int run_y(void *arg)
{
	struct pair *pair = arg;
	struct scene *scene = pair->scene;

	complete(&pair->given);
	scene_count(scene);
	return 0;
}

static int run_busy(void *arg)
{
	struct scene *scene = arg;

	wait_for_completion(&scene->go);
	scene_count(scene);
	return 0;
}

static int run_quick(void *arg)
{
	return 0;
}

static struct scene *scene_make(struct kunit *test, unsigned int nr_workers,
				unsigned int nr_pairs)
{
	struct scene *scene = wpt_alloc(test, sizeof(*scene));
	unsigned int i;

	scene->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = nr_workers,
			       .flags = WPOOL_PREALLOC });
	scene->nr_workers = nr_workers;
	scene->nr_pairs = nr_pairs;
	scene->pairs = wpt_alloc(test, nr_pairs * sizeof(*scene->pairs));
	init_completion(&scene->ys_are_in);
	init_completion(&scene->xs_are_in);
	for (i = 0; i < nr_pairs; i++)
		scene->pairs[i].scene = scene;
	return scene;
}

static void scene_keep_busy(struct scene *scene)
{
	unsigned int i;

	for (i = 0; i < scene->nr_workers; i++) {
		wpool_task_init(&scene->busy[i], run_busy, scene);
		atomic_inc(&scene->left);
		scene->error = wpool_schedule(scene->pool, &scene->busy[i]) ?: scene->error;
	}
}

/* Every other round finds the workers busy, and lets them go when all are submitted. */
static void scene_set_up(struct scene *scene, unsigned int round, bool detached)
{
	unsigned int i;

	init_completion(&scene->all);
	init_completion(&scene->go);
	atomic_set(&scene->left, 2 * scene->nr_pairs);
	for (i = 0; i < scene->nr_pairs; i++) {
		struct pair *pair = &scene->pairs[i];

		init_completion(&pair->given);
		wpool_task_init(&pair->x, run_x, pair);
		wpool_task_init(&pair->y, run_y, pair);
		if (detached) {
			wpool_task_set_detached(&pair->x);
			wpool_task_set_detached(&pair->y);
		}
	}
	if (round % 2)
		scene_keep_busy(scene);
}

/* If some are stuck they are set free, so that the test can end. */
static bool scene_ends(struct scene *scene)
{
	unsigned int i;

	complete_all(&scene->go);
	if (wait_for_completion_timeout(&scene->all, WPT_LIMIT))
		return true;
	for (i = 0; i < scene->nr_pairs; i++)
		complete_all(&scene->pairs[i].given);
	return false;
}

/* 71: three workers, and eight tasks each of which ends on request */
static void start_order_of_eight(struct kunit *test)
{
	bool warm = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3,
				      .flags = WPOOL_PREALLOC });
	struct wpt_job *jobs[8], *before = wpt_jobs(test, 200, NULL);
	unsigned int i, at;

	if (warm) {
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, before, 200), 0);
		wpt_wait(test, &before[199]);
		KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
	}
	for (i = 0; i < 8; i++)
		jobs[i] = wpt_jobs(test, 1, wpt_gate(test));
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i]->task), 0);
	/* 1 2 3, 4 5 6, 7 8: those behind begin when those before them have ended. */
	for (at = 0; at < 8; at += 3) {
		for (i = at; i < min(at + 3, 8U); i++)
			wpt_begun(test, jobs[i]);
		for (; i < 8; i++)
			KUNIT_EXPECT_FALSE(test, completion_done(&jobs[i]->begun));
		for (i = at; i < min(at + 3, 8U); i++)
			wpt_open(jobs[i]->gate);
	}
}

static const unsigned int warm_cases[] = { 0, 1 };

static void warm_name(const unsigned int *warm, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s pool", *warm ? "warm" : "fresh");
}

KUNIT_ARRAY_PARAM(warm, warm_cases, warm_name);

enum kind { PLAIN, DETACHED, ALLOCATED, BATCH, HARD_IRQ };

static const char * const kind_names[] = { "plain", "detached", "allocated", "batch", "hard irq" };

static void submit_from_irq(struct irq_work *work)
{
	struct scene *scene = container_of(work, struct scene, work);
	unsigned int i;

	for (i = 0; i < scene->nr_pairs; i++) {
		struct pair *pair = &scene->pairs[i];

		scene->error = wpool_try_schedule(scene->pool, &pair->x) ?:
			       wpool_try_schedule(scene->pool, &pair->y) ?: scene->error;
	}
}

static int submit_batch(struct scene *scene)
{
	struct wpool_task *tasks[2 * MOST_PAIRS];
	unsigned int i;
	int ret;

	for (i = 0; i < scene->nr_pairs; i++) {
		tasks[2 * i] = &scene->pairs[i].x;
		tasks[2 * i + 1] = &scene->pairs[i].y;
	}
	ret = wpool_schedule_batch(scene->pool, tasks, 2 * scene->nr_pairs);
	return ret == 2 * scene->nr_pairs ? 0 : ret < 0 ? ret : -EIO;
}

/* X Y X Y, by one thread. */
static int submit_pairs(struct scene *scene, enum kind kind)
{
	unsigned int i;
	int ret = 0;

	if (kind == BATCH)
		return submit_batch(scene);
	if (kind == HARD_IRQ) {
		scene->work = IRQ_WORK_INIT_HARD(submit_from_irq);
		irq_work_queue(&scene->work);
		irq_work_sync(&scene->work);
		return scene->error;
	}
	for (i = 0; i < scene->nr_pairs && !ret; i++) {
		struct pair *pair = &scene->pairs[i];

		if (kind == ALLOCATED)
			ret = wpool_schedule_fn(scene->pool, run_x, pair,
						NULL) ?:
			      wpool_schedule_fn(scene->pool, run_y, pair,
						NULL);
		else
			ret = wpool_schedule(scene->pool, &pair->x) ?:
			      wpool_schedule(scene->pool, &pair->y);
	}
	return ret;
}

static const struct pairs_case {
	enum kind	kind;
	unsigned int	workers, pairs;
} pairs_cases[] = {
	{ PLAIN, 2, 2 }, { PLAIN, 2, 8 }, { PLAIN, 2, 64 },
	{ PLAIN, 4, 2 }, { PLAIN, 4, 8 }, { PLAIN, 4, 64 },
	{ DETACHED, 2, 2 }, { DETACHED, 2, 64 }, { DETACHED, 4, 8 }, { DETACHED, 4, 64 },
	{ ALLOCATED, 2, 2 }, { ALLOCATED, 2, 64 }, { ALLOCATED, 4, 8 }, { ALLOCATED, 4, 64 },
	{ BATCH, 2, 2 }, { BATCH, 2, 64 }, { BATCH, 4, 8 }, { BATCH, 4, 64 },
	{ HARD_IRQ, 2, 2 }, { HARD_IRQ, 2, 64 }, { HARD_IRQ, 4, 8 }, { HARD_IRQ, 4, 64 },
};

static void pairs_name(const struct pairs_case *pairs, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s, %u workers, %u pairs", kind_names[pairs->kind],
		 pairs->workers, pairs->pairs);
}

KUNIT_ARRAY_PARAM(pairs, pairs_cases, pairs_name);

/* 72, 74: a task waits for what the next one does */
static void start_order_of_pairs(struct kunit *test)
{
	const struct pairs_case *param = test->param_value;
	struct scene *scene = scene_make(test, param->workers, param->pairs);
	unsigned int round;

	for (round = 0; round < ROUNDS; round++) {
		scene_set_up(scene, round, param->kind == DETACHED);
		KUNIT_ASSERT_EQ(test, submit_pairs(scene, param->kind), 0);
		KUNIT_ASSERT_TRUE_MSG(test, scene_ends(scene), "round %u hangs", round);
		/* All have been inside their functions: nothing to wait for but their ends. */
		wpool_drain(scene->pool);
	}
}

/* Submits the Xs of each round when the Ys are in. */
static int submit_xs(struct wpt_thread *self)
{
	struct scene *scene = self->arg;
	unsigned int i;

	for (;;) {
		wait_for_completion(&scene->ys_are_in);
		if (READ_ONCE(scene->over))
			return 0;
		for (i = 0; i < scene->nr_pairs; i++)
			scene->error = wpool_schedule(scene->pool, &scene->pairs[i].x) ?:
				       scene->error;
		complete(&scene->xs_are_in);
	}
}

/* Leaves room to the others, which may submit while the workers are busy. */
static int submit_quick(struct wpt_thread *self)
{
	struct scene *scene = self->arg;
	int ret = 0;

	while (!READ_ONCE(scene->over) && !ret) {
		if (wpt_stat(scene->pool, WPOOL_STAT_QUEUED) < 100)
			ret = wpool_schedule_fn(scene->pool, run_quick, NULL,
						NULL);
		else
			schedule_timeout_idle(1);
	}
	return ret;
}

static const struct threads_case {
	unsigned int	workers;
	bool		quick;		/* a third thread submits quick tasks */
} threads_cases[] = { { 1, false }, { 2, false }, { 4, false }, { 2, true }, { 4, true } };

static void threads_name(const struct threads_case *threads, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u workers%s", threads->workers,
		 threads->quick ? ", quick tasks beside" : "");
}

KUNIT_ARRAY_PARAM(threads, threads_cases, threads_name);

/* One round of Ys, and Xs by the other thread. Return: it came to its end. */
static bool threads_round(struct scene *scene, unsigned int round)
{
	unsigned int i;

	scene_set_up(scene, round, false);
	for (i = 0; i < scene->nr_pairs; i++)
		scene->error = wpool_schedule(scene->pool, &scene->pairs[i].y) ?: scene->error;
	complete(&scene->ys_are_in);
	wait_for_completion(&scene->xs_are_in);
	return scene_ends(scene);
}

/* 73: as many Xs as workers, by a thread that knows that their Ys have been submitted */
static void start_order_of_threads(struct kunit *test)
{
	const struct threads_case *param = test->param_value;
	struct scene *scene = scene_make(test, param->workers, param->workers);
	struct wpt_thread *other, *quick = NULL;
	unsigned int round, i;
	bool ended = true;

	other = wpt_thread(test, submit_xs, scene->pool, NULL, scene);
	if (param->quick)
		quick = wpt_thread(test, submit_quick, scene->pool, NULL, scene);
	for (round = 0; round < ROUNDS && ended && !scene->error; round++) {
		ended = threads_round(scene, round);
		for (i = 0; i < scene->nr_pairs && ended; i++)
			ended = !wpool_wait(&scene->pairs[i].x) && !wpool_wait(&scene->pairs[i].y);
		for (i = 0; i < scene->nr_workers && round % 2 && ended; i++)
			ended = !wpool_wait(&scene->busy[i]);
	}
	WRITE_ONCE(scene->over, true);
	complete(&scene->ys_are_in);
	KUNIT_EXPECT_EQ(test, wpt_join(test, other), 0);
	if (quick)
		KUNIT_EXPECT_EQ(test, wpt_join(test, quick), 0);
	KUNIT_EXPECT_EQ(test, scene->error, 0);
	KUNIT_EXPECT_TRUE_MSG(test, ended, "round %u hangs", round - 1);
}

static struct kunit_case start_order_cases[] = {
	KUNIT_CASE_PARAM(start_order_of_eight, warm_gen_params),
	KUNIT_CASE_PARAM(start_order_of_pairs, pairs_gen_params),
	KUNIT_CASE_PARAM(start_order_of_threads, threads_gen_params),
	{}
};

static struct kunit_suite start_order_suite = {
	.name = "wpool_start_order",
	.init = start_order_init,
	.exit = wpt_exit,
	.test_cases = start_order_cases,
};

kunit_test_suite(start_order_suite);
