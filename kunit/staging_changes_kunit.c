// SPDX-License-Identifier: GPL-2.0
/*
 * What befalls a pool while tasks lie in its inbox: it is flushed, paused, resized, shut
 * down, its worker dies, another one idles, and all CPUs submit at once.
 */
#include "staging_scene.h"

static int staging_changes_init(struct kunit *test)
{
	return wpt_init(test, "wpool_staging_changes");
}

KUNIT_ARRAY_PARAM(ahead, staged_ahead_cases, staged_ahead_name);

/* A flush waits for those that are staged, and for none that came there later. */
static void staged_is_flushed(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 4);
	unsigned int before = staged_ahead(test) + 3;
	struct wpt_job *last = &scene->rest[before], *later;
	struct wpt_thread *flusher;

	last->gate = wpt_gate(test);
	flusher = wpt_thread(test, wpt_call_flush, scene->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flusher));
	later = batched_queue(test, scene, 5, wpt_gate(test));
	wpt_open(scene->first->gate);
	wpt_begun(test, last);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, before), before);
	KUNIT_EXPECT_TRUE(test, wpt_asleep(flusher));
	wpt_open(last->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flusher), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&last->runs), 1);
	KUNIT_EXPECT_EQ(test, batched_runs(later, 5), 0);
	wpt_open(later->gate);
	batched_expect_order(test, later, 5);
}

/* A drain waits for all, also for one that is staged when nothing else is left. */
static void staged_is_drained(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_thread *drainer;

	scene->first = wpt_jobs(test, 1, wpt_gate(test));
	drainer = wpt_thread(test, wpt_call_drain, scene->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(drainer));
	staged_begin_alone(test, scene);
	scene->rest = batched_queue(test, scene, 1, wpt_gate(test));
	wpt_open(scene->first->gate);
	wpt_begun(test, scene->rest);
	KUNIT_EXPECT_TRUE(test, wpt_asleep(drainer));
	wpt_open(scene->rest->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drainer), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->rest->runs), 1);
}

/* A pause holds for those that are staged, and for those that come after. */
static void staged_is_paused(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 4);
	unsigned int n = staged_ahead(test) + 4;
	struct wpt_job *more;

	wpool_pause(scene->pool);
	more = batched_queue(test, scene, 4, NULL);
	wpt_open(scene->first->gate);
	WPT_ASSERT_STAT(test, scene->pool, IDLE, 1);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, n + 4);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, n) + batched_runs(more, 4), 0);
	wpool_resume(scene->pool);
	batched_expect_order(test, scene->rest, n);
	batched_expect_order(test, more, 4);
	KUNIT_EXPECT_GT(test, more[0].turn, scene->rest[n - 1].turn);
}

/* 28, 64: a worker that there may be from now on gets those that are staged at once */
static void staged_is_for_a_new_worker(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 4);

	KUNIT_ASSERT_EQ(test, wpool_resize(scene->pool, 2), 0);
	batched_expect_order(test, scene->rest, staged_ahead(test) + 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->first->runs), 0);
}

/* 64: of two workers one has come to the end of all: what comes next it begins at once */
static void staged_is_shut_by_who_idles(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *hold = scene->held[0];
	unsigned int round;

	for (round = 0; round < 5; round++) {
		scene->rest = batched_queue(test, scene, 5, NULL);
		wpt_open(hold->gate);
		batched_expect_order(test, scene->rest, 5);
		WPT_ASSERT_STAT(test, scene->pool, IDLE, 1);
		batched_expect_run(test, batched_queue(test, scene, 1, NULL), 1);
		hold = wpt_hold(test, scene->pool, 1);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->held[1]->runs), 0);
}

/* 64: while one worker is woken for the first of many, the others are not forgotten */
static void staged_is_seen_by_those_who_idle(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .flags = WPOOL_PREALLOC,
	});
	struct wpt_job *held, *jobs;
	unsigned int round;

	for (round = 0; round < 20; round++) {
		held = wpt_jobs(test, 2, wpt_gate(test));
		jobs = wpt_jobs(test, 4, NULL);
		WPT_ASSERT_STAT(test, pool, IDLE, 3);
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, held, 2), 0);
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, &jobs[2], 2), 0);
		wpt_begun(test, &held[0]);
		wpt_begun(test, &held[1]);
		batched_expect_run(test, jobs, 4);
		wpt_open(held->gate);
	}
}

/* 41: its worker dies: they run on the next, in order */
static void staged_survives_its_worker(struct kunit *test)
{
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));
	unsigned int n = staged_ahead(test) + 6;
	struct batch_scene *scene;

	batch_asker(test, first, batched_die);
	scene = staged_fill(test, first, 6);
	wpt_open(first->gate);
	batched_expect_order(test, scene->rest, n);
	KUNIT_EXPECT_EQ(test, batched_result(test, first), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, scene->pool, DIED, 1);
	WPT_EXPECT_STAT(test, scene->pool, OOPSED, 1);
	WPT_EXPECT_STAT(test, scene->pool, COMPLETED, scene->warm + n);
	WPT_EXPECT_STAT(test, scene->pool, SUBMITTED, scene->warm + 1 + n);
}

/* 53: of a group that is cancelled those go that are its, and none that are staged */
static void staged_is_in_no_group(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 3);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *members = wpt_jobs(test, 2, NULL), *more;

	wpt_group_schedule(test, group, scene->pool, members, 2);
	more = batched_queue(test, scene, 3, NULL);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 2);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, staged_ahead(test) + 6);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, staged_ahead(test) + 3);
	batched_expect_order(test, more, 3);
	KUNIT_EXPECT_EQ(test, batched_runs(members, 2), 0);
}

/* 26, 54: shutdown refuses the next, and runs those that are staged */
static void staged_is_run_by_shutdown(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 6);
	unsigned int n = staged_ahead(test) + 6;
	struct wpt_job *late = wpt_jobs(test, 1, NULL);

	wpool_shutdown(scene->pool);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &late->task), -ESHUTDOWN);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, n);
	wpt_open(scene->first->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	batched_expect_order(test, scene->rest, n);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 0);
}

/* 55: shutdown_now hands them back, in order, behind those that waited before */
static void staged_is_handed_back(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 6);
	unsigned int n = staged_ahead(test) + 6, i;
	LIST_HEAD(unrun);

	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(scene->pool, &unrun), n);
	KUNIT_EXPECT_TRUE(test, batched_unrun_begins(&unrun, scene->rest, n));
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, batched_result(test, &scene->rest[i]), -ECANCELED);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 0);
	wpt_open(scene->first->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, n), 0);
}

#define PRODUCERS	4
#define OF_EACH		1000

struct crowd {
	bool			in_order;	/* one worker begins all */
	int			most;		/* that may wait */
	atomic_t		waiting;	/* known to be accepted, and not begun */
	atomic_t		wrong;
	struct producer {
		struct product {
			struct wpool_task	task;
			struct producer		*producer;
			atomic_t		runs;
		} products[OF_EACH];
		struct crowd		*crowd;
		struct product		*last;	/* to have begun */
	} producers[PRODUCERS];
};

static int run_product(void *arg)
{
	struct product *product = arg;
	struct producer *producer = product->producer;
	struct crowd *crowd = producer->crowd;

	atomic_dec(&crowd->waiting);
	atomic_inc(&product->runs);
	if (crowd->in_order) {
		atomic_add(product <= producer->last, &crowd->wrong);
		producer->last = product;
	}
	return 0;
}

static int produce(struct wpt_thread *self)
{
	struct producer *producer = self->arg;
	struct crowd *crowd = producer->crowd;
	int i, err = 0;

	for (i = 0; i < OF_EACH && !err; i++) {
		struct product *product = &producer->products[i];

		product->producer = producer;
		wpool_task_init(&product->task, run_product, product);
		err = i % 8 ? wpool_try_schedule(self->pool, &product->task) :
			      wpool_schedule_fn(self->pool, run_product,
						product, NULL);
		if (err == -EAGAIN)
			err = wpool_schedule_timeout(self->pool, &product->task, WPT_LIMIT);
		if (!err && atomic_inc_return(&crowd->waiting) > crowd->most)
			atomic_inc(&crowd->wrong);
	}
	return err;
}

static const struct crowd_case {
	unsigned int	capacity, held, depth;
} crowd_cases[] = { { 1, 0, 4 }, { 1, 0, 64 }, { 3, 0, 64 }, { 2, 1, 600 }, { 3, 0, 600 } };

static void crowd_name(const struct crowd_case *param, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u of %u workers, room for %u",
		 param->capacity - param->held, param->capacity, param->depth);
}

KUNIT_ARRAY_PARAM(crowd, crowd_cases, crowd_name);

/*
 * 6, 10, 17, 46: many submit at once, to few workers and with little room: each task runs
 * once, no more wait than may, and one worker begins those of each submitter in order.
 */
static void staged_serves_a_crowd(struct kunit *test)
{
	const struct crowd_case *param = test->param_value;
	struct crowd *crowd = wpt_alloc(test, sizeof(*crowd));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = param->capacity, .queue_depth = param->depth,
	});
	struct wpt_job *held = param->held ? wpt_hold(test, pool, param->held) : NULL;
	struct wpt_thread *threads[PRODUCERS];
	unsigned int i, j, wrong = 0;

	crowd->in_order = param->capacity - param->held == 1;
	crowd->most = param->depth + param->capacity - param->held;
	for (i = 0; i < PRODUCERS; i++) {
		crowd->producers[i].crowd = crowd;
		threads[i] = wpt_thread(test, produce, pool, NULL, &crowd->producers[i]);
	}
	for (i = 0; i < PRODUCERS; i++) {
		WPT_ASSERT_WHILE_BUSY(test, pool, wpt_until(completion_done(&threads[i]->done)));
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	}
	/* A worker that is held must begin none of them. */
	WPT_ASSERT_STAT(test, pool, COMPLETED, PRODUCERS * OF_EACH);
	if (held)
		wpt_open(held->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	for (i = 0; i < PRODUCERS; i++) {
		for (j = 0; j < OF_EACH; j++)
			wrong += atomic_read(&crowd->producers[i].products[j].runs) != 1;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&crowd->wrong), 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, param->held + PRODUCERS * OF_EACH);
	WPT_EXPECT_STAT(test, pool, COMPLETED, param->held + PRODUCERS * OF_EACH);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
}

static int count_up(void *arg)
{
	atomic_inc(arg);
	return 0;
}

/* 64: shut as its worker idles; a task that the pool has to spare is not staged any more */
static void staged_not_when_shut(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });
	atomic_t *runs = wpt_alloc(test, sizeof(*runs));
	const unsigned int n = 8;	/* of which the third is staged, and those behind it */
	unsigned int i;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test,
				wpool_schedule_fn(scene->pool, count_up, runs, NULL),
				0);
	wpt_open(scene->held[0]->gate);
	WPT_ASSERT_UNTIL(test, atomic_read(runs) == n);
	WPT_ASSERT_STAT(test, scene->pool, IDLE, 1);
	KUNIT_ASSERT_EQ(test,
			wpool_schedule_fn(scene->pool, count_up, runs, NULL),
			0);
	WPT_ASSERT_UNTIL(test, atomic_read(runs) == n + 1);
}

static struct kunit_case staging_changes_cases[] = {
	KUNIT_CASE_PARAM(staged_is_flushed, ahead_gen_params),
	KUNIT_CASE(staged_is_drained),
	KUNIT_CASE_PARAM(staged_is_paused, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_is_for_a_new_worker, ahead_gen_params),
	KUNIT_CASE(staged_is_shut_by_who_idles),
	KUNIT_CASE(staged_is_seen_by_those_who_idle),
	KUNIT_CASE_PARAM(staged_survives_its_worker, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_is_in_no_group, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_is_run_by_shutdown, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_is_handed_back, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_serves_a_crowd, crowd_gen_params),
	KUNIT_CASE(staged_not_when_shut),
	{}
};

static struct kunit_suite staging_changes_suite = {
	.name = "wpool_staging_changes",
	.init = staging_changes_init,
	.exit = wpt_exit,
	.test_cases = staging_changes_cases,
};

kunit_test_suite(staging_changes_suite);
