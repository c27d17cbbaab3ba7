// SPDX-License-Identifier: GPL-2.0
/*
 * Several threads that submit at the same time, to a pool whose inbox is open and
 * shut meanwhile. See core/inbox.c.
 */
#include "batch_scene.h"

static int staging_race_init(struct kunit *test)
{
	return wpt_init(test, "wpool_staging_race");
}

#define THREADS		4
#define DEPTH		500
#define RACES		1000

/* All workers are held, and two tasks wait: so the inbox is open. */
static struct batch_scene *open_scene(struct kunit *test, const struct wpool_attrs *attrs)
{
	struct batch_scene *scene = batch_scene(test, attrs);

	scene->rest = batched_queue(test, scene, 2, NULL);
	return scene;
}

static void let_all_go(struct batch_scene *scene, unsigned int nr_workers)
{
	unsigned int i;

	for (i = 0; i < nr_workers; i++)
		wpt_open(scene->held[i]->gate);
}

struct filler {
	struct wpool	*pool;
	struct wpt_job	*jobs;
	bool		high;	/* now and then one that goes by the pool's lock */
	unsigned int	accepted;
};

static int fill(struct wpt_thread *self)
{
	struct filler *filler = self->arg;
	int err = 0;

	while (!err && filler->accepted < DEPTH) {
		struct wpool_task *task = &filler->jobs[filler->accepted].task;

		if (filler->high && filler->accepted % 7 == 0)
			wpool_task_set_priority(task, WPOOL_PRIO_HIGH);
		err = wpool_try_schedule(filler->pool, task);
		filler->accepted += !err;
	}
	return err;
}

static const bool high_cases[] = { false, true };

static void high_name(const bool *high, char *desc)
{
	strscpy(desc, *high ? "some by the pool's lock" : "all staged", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(high, high_cases, high_name);

/* 17: the bound is exact if all come at once; and what was accepted runs once */
static void staging_race_for_room(struct kunit *test)
{
	struct batch_scene *scene = open_scene(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = DEPTH,
	});
	struct filler *fillers = wpt_alloc(test, THREADS * sizeof(*fillers));
	struct wpt_thread *threads[THREADS];
	unsigned int i, accepted = 0;

	for (i = 0; i < THREADS; i++) {
		fillers[i].pool = scene->pool;
		fillers[i].jobs = wpt_jobs(test, DEPTH, NULL);
		fillers[i].high = *(const bool *)test->param_value && i % 2;
		threads[i] = wpt_thread(test, fill, scene->pool, NULL, &fillers[i]);
	}
	for (i = 0; i < THREADS; i++) {
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), -EAGAIN);
		accepted += fillers[i].accepted;
	}
	KUNIT_EXPECT_EQ(test, accepted, DEPTH - 2);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, DEPTH);
	let_all_go(scene, 2);
	for (i = 0; i < THREADS; i++)
		batched_expect_run(test, fillers[i].jobs, fillers[i].accepted);
}

struct racer {
	struct wpool	*pool;
	struct wpt_job	*jobs;
	int		n;
	atomic_t	*arrived, *accepted;
};

static int race(struct wpt_thread *self)
{
	struct racer *racer = self->arg;
	int err, i;

	for (i = 0; i < racer->n; i++) {
		atomic_inc(racer->arrived);
		while (atomic_read(racer->arrived) < 2 * (i + 1))
			cond_resched();
		err = wpool_try_schedule(racer->pool, &racer->jobs[i].task);
		if (err && err != -EBUSY)
			return err;
		atomic_add(!err, racer->accepted);
	}
	return 0;
}

/* 6: a task that two threads submit at the same time is accepted once */
static void staging_race_for_a_task(struct kunit *test)
{
	struct batch_scene *scene = open_scene(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = RACES + 2,
	});
	atomic_t *counts = wpt_alloc(test, 2 * sizeof(*counts));
	struct racer *racer = wpt_alloc(test, sizeof(*racer));
	struct wpt_thread *threads[2];
	unsigned int i;

	racer->pool = scene->pool;
	/* On one CPU each of them takes a tick, and nobody races. */
	racer->n = num_online_cpus() > 1 ? RACES : RACES / 20;
	racer->jobs = wpt_jobs(test, racer->n, NULL);
	racer->arrived = &counts[0];
	racer->accepted = &counts[1];
	for (i = 0; i < 2; i++)
		threads[i] = wpt_thread(test, race, scene->pool, NULL, racer);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(racer->accepted), racer->n);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, racer->n + 2);
	let_all_go(scene, 2);
	batched_expect_run(test, racer->jobs, racer->n);
}

#define IN_ORDER	5000

static int submit_in_order(struct wpt_thread *self)
{
	int i, err = 0;

	for (i = 0; i < IN_ORDER && !err; i++)
		err = wpool_try_schedule(self->pool, &self->job[i].task);
	return err;
}

/* 73: none of a thread's tasks overtakes another, though the queue is shut again and again */
static void staging_race_with_shut(struct kunit *test)
{
	struct batch_scene *scene = open_scene(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
	struct wpt_thread *thread;
	struct wpt_job *jobs;
	unsigned int i;

	for (i = 0; i < 4; i++) {
		jobs = batched_jobs(test, scene, IN_ORDER, NULL);
		thread = wpt_thread(test, submit_in_order, scene->pool, jobs, NULL);
		while (!completion_done(&thread->done)) {
			wpool_resume(scene->pool);	/* takes the lock; nothing is paused */
			cond_resched();
		}
		KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
		let_all_go(scene, 1);
		batched_expect_order(test, jobs, IN_ORDER);
		scene->held[0] = wpt_hold(test, scene->pool, 1);
		scene->rest = batched_queue(test, scene, 2, NULL);
	}
	let_all_go(scene, 1);
}

#define BLOCK_ROUNDS	200

/* Submits the last one, and so sleeps if there is no room. */
static int submit_last(struct wpt_thread *self)
{
	struct racer *racer = self->arg;

	atomic_inc(racer->arrived);
	while (atomic_read(racer->arrived) < 2)
		cond_resched();
	return wpool_schedule(racer->pool, &self->job->task);
}

/* One is about to begin, and one waits; the last but one as well, or has room. */
static void race_to_block(struct kunit *test, struct wpool *pool, struct racer *racer)
{
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *quick = wpt_jobs(test, 1, NULL), *slow = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *late = wpt_jobs(test, 2, NULL);
	struct wpt_thread *last;

	atomic_set(racer->arrived, 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &quick->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &slow->task), 0);
	last = wpt_thread(test, submit_last, pool, &late[1], racer);
	WPT_ASSERT_UNTIL(test, atomic_read(racer->arrived) == 1);
	wpt_open(hold->gate);
	WPT_ASSERT_UNTIL(test, !wpool_try_schedule(pool, &late->task));
	atomic_inc(racer->arrived);
	/* The slow one begins, and then there is room for both. */
	wpt_begun(test, slow);
	KUNIT_EXPECT_EQ(test, wpt_join(test, last), 0);
	wpt_open(slow->gate);
	wpt_wait(test, &late[0]);
	wpt_wait(test, &late[1]);
}

/* 18: a task begins just as a submitter finds no room: the sleeping submitter gets it */
static void staging_race_to_block(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2,
	});
	struct racer *racer = wpt_alloc(test, sizeof(*racer));
	unsigned int i;

	racer->pool = pool;
	racer->arrived = wpt_alloc(test, sizeof(*racer->arrived));
	for (i = 0; i < BLOCK_ROUNDS; i++)
		race_to_block(test, pool, racer);
}

static struct kunit_case staging_race_cases[] = {
	KUNIT_CASE_PARAM(staging_race_for_room, high_gen_params),
	KUNIT_CASE(staging_race_for_a_task),
	KUNIT_CASE(staging_race_with_shut),
	KUNIT_CASE(staging_race_to_block),
	{}
};

static struct kunit_suite staging_race_suite = {
	.name = "wpool_staging_race",
	.init = staging_race_init,
	.exit = wpt_exit,
	.test_cases = staging_race_cases,
};

kunit_test_suite(staging_race_suite);
