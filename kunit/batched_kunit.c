// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that a worker has taken several at a time are run, counted, cancelled and
 * awaited as those on the queue are. See core/task_run.c.
 */
#include "batch_scene.h"

static int batched_init(struct kunit *test)
{
	return wpt_init(test, "wpool_batched");
}

KUNIT_ARRAY_PARAM(warm, batched_warm_cases, batched_warm_name);

/* 64: what one worker has batched is run by another while it is busy */
static void batched_runs_elsewhere(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 2 }, 20);

	wpt_open(scene->held[1]->gate);
	batched_expect_run(test, scene->rest, 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->first->runs), 0);
}

/* 64: and by one that is made for it */
static void batched_runs_in_new_worker(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 20);

	KUNIT_ASSERT_EQ(test, wpool_resize(scene->pool, 2), 0);
	batched_expect_order(test, scene->rest, 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->first->runs), 0);
}

/* 64: and by one that idles, and is woken though nothing but the batch is left */
static void batched_wakes_the_idle(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 2 });

	wpool_pause(scene->pool);
	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, 5, NULL);
	wpt_open(scene->held[0]->gate);
	wpt_open(scene->held[1]->gate);
	WPT_ASSERT_STAT(test, scene->pool, IDLE, 2);
	wpool_resume(scene->pool);
	batched_expect_run(test, scene->rest, 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->first->runs), 0);
}

/* 73: those in the batch go before those that are queued, in their order */
static void batched_goes_first(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpt_job *second, *taken[2], *queued;

	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	taken[0] = batched_queue(test, scene, 1, NULL);
	second = batched_queue(test, scene, 1, wpt_gate(test));
	taken[1] = batched_queue(test, scene, 1, NULL);
	queued = batched_queue(test, scene, 6, NULL);
	batched_let_go(test, scene, 0, scene->first);
	batched_let_go(test, scene, 1, second);
	wpt_open(scene->held[2]->gate);
	batched_expect_run(test, queued, 6);
	batched_expect_run(test, taken[0], 1);
	batched_expect_run(test, taken[1], 1);
	KUNIT_EXPECT_LT(test, taken[0]->turn, taken[1]->turn);
	KUNIT_EXPECT_LT(test, taken[1]->turn, queued[0].turn);
}

/* 43, 44: the counters are exact while a worker is inside a task of the batch */
static void batched_is_counted(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 20);
	const char *counts = "[ $(cat queued) = 20 ] && [ $(cat running) = 1 ]";
	unsigned int i, wrong = 0;

	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 20);
	WPT_EXPECT_STAT(test, scene->pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, scene->pool, COMPLETED, 1 + scene->warm);
	WPT_EXPECT_STAT(test, scene->pool, SUBMITTED, 22 + scene->warm);
	if (!wpt_shell("test -d " WPT_POOLS))	/* There is a shell, and a mounted debugfs. */
		KUNIT_EXPECT_EQ(test, wpt_shell_in(test, scene->pool, counts), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&scene->first->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&scene->first->task));
	for (i = 0; i < 20; i++) {
		wrong += !wpool_task_queued(&scene->rest[i].task);
		wrong += wpool_task_running(&scene->rest[i].task);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, 20);
	WPT_ASSERT_STAT(test, scene->pool, RUNNING, 0);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 0);
	WPT_ASSERT_STAT(test, scene->pool, COMPLETED, 22 + scene->warm);
}

/* 47, 48: each of them can be cancelled, once, and the one that runs cannot */
static void batched_is_cancelled(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 6);
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, wpool_cancel(&scene->first->task));
	for (i = 0; i < 6; i += 2) {
		KUNIT_EXPECT_TRUE(test, wpool_cancel(&scene->rest[i].task));
		KUNIT_EXPECT_FALSE(test, wpool_cancel(&scene->rest[i].task));
		WPT_EXPECT_STAT(test, scene->pool, QUEUED, 5 - i / 2);
		KUNIT_EXPECT_EQ(test, batched_result(test, &scene->rest[i]), -ECANCELED);
	}
	wpt_open(scene->first->gate);
	for (i = 1; i < 6; i += 2)
		KUNIT_EXPECT_EQ(test, batched_result(test, &scene->rest[i]), 0);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, 6), 3);
	WPT_EXPECT_STAT(test, scene->pool, CANCELLED, 3);
}

/* 14, 49: a waiter of one of them, or of the one that runs, gets its result */
static void batched_is_awaited(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 4);
	struct wpt_thread *waiters[3];
	unsigned int i;

	scene->first->result = 10;
	scene->rest[0].result = 11;
	scene->rest[3].result = 12;
	waiters[0] = wpt_thread(test, wpt_call_wait, scene->pool, scene->first, NULL);
	waiters[1] = wpt_thread(test, wpt_call_wait, scene->pool, &scene->rest[0], NULL);
	waiters[2] = wpt_thread(test, wpt_call_wait, scene->pool, &scene->rest[3], NULL);
	for (i = 0; i < 3; i++)
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiters[i]));
	wpt_open(scene->first->gate);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiters[i]), 10 + i);
	KUNIT_EXPECT_EQ(test, batched_result(test, &scene->rest[1]), 0);
	KUNIT_EXPECT_EQ(test, batched_result(test, &scene->rest[2]), 0);
}

/* 20: a waiter with a time limit goes, and both run on as if it had not been there */
static void batched_is_awaited_in_vain(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 4);

	scene->first->result = 10;
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&scene->first->task, 1, NULL), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&scene->rest[0].task, 1, NULL), -ETIMEDOUT);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 4);
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, scene->first), 10);
	batched_expect_order(test, scene->rest, 4);
}

/* 16, 64: a worker that waits for a task in the batch runs it itself */
static void batched_is_awaited_by_its_worker(struct kunit *test)
{
	struct batch_scene *scene;
	struct wpool_attrs attrs = { .capacity = 1 };
	struct batch_asker *asker = batched_fill_for_asker(test, &attrs,
						      &scene, 5, batched_ask_wait);

	asker->other = &scene->rest[0];
	scene->rest[0].result = 17;
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, scene->first), 17);
	WPT_EXPECT_STAT(test, scene->pool, NESTED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->rest[0].runs), 1);
	batched_expect_order(test, &scene->rest[1], 4);
}

/* 16, 64: a worker that waits for a task that another has batched runs it too */
static void batched_is_awaited_by_another_worker(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct batch_asker *asker = batch_asker(test, job, batched_ask_wait);
	struct batch_scene *scene = batched_fill_beside(test, job, 4);

	asker->other = &scene->rest[0];
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, job), 0);
	WPT_EXPECT_STAT(test, scene->pool, NESTED, 1);
	batched_expect_run(test, scene->rest, 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->first->runs), 0);
}

/* 16: a worker that would wait for the room that the batch takes up is refused */
static void batched_blocks_its_worker(struct kunit *test)
{
	struct batch_scene *scene;
	struct batch_asker *asker = batched_fill_for_asker(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2,
	}, &scene, 1, batched_ask_schedule);

	batched_queue(test, scene, 1, NULL);
	asker->other = wpt_jobs(test, 1, NULL);
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, scene->first), -EDEADLK);
	batched_expect_run(test, scene->rest, 1);
}

/* 65: one of high priority goes before those in the batch */
static void batched_waits_for_high(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 4);
	struct wpt_job *high = batched_jobs(test, scene, 1, NULL);

	wpool_task_set_priority(&high->task, WPOOL_PRIO_HIGH);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &high->task), 0);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, 4);
	KUNIT_EXPECT_EQ(test, high->turn, scene->first->turn + 1);
}

/* 65: one of low priority does not begin while others are in the batch */
static void batched_goes_before_low(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *low = batched_jobs(test, scene, 3, NULL);
	unsigned int i;

	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, 1, NULL);
	for (i = 0; i < 3; i++)
		wpool_task_set_priority(&low[i].task, WPOOL_PRIO_LOW);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, low, 3), 0);
	batched_let_go(test, scene, 0, scene->first);
	wpt_open(scene->held[1]->gate);
	batched_expect_run(test, scene->rest, 1);
	batched_expect_run(test, low, 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_GT(test, low[i].turn, scene->rest->turn);
}

/* A pause holds for those in the batch too. */
static void batched_is_paused(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 8);

	wpool_pause(scene->pool);
	wpt_open(scene->first->gate);
	WPT_ASSERT_STAT(test, scene->pool, IDLE, 1);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 8);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, 8), 0);
	wpool_resume(scene->pool);
	batched_expect_order(test, scene->rest, 8);
}

/* 28: a worker that is one too many begins nothing that is in the batch */
static void batched_is_left_behind(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *second = batched_queue(test, scene, 1, wpt_gate(test));

	batched_let_go(test, scene, 1, second);
	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, 1, NULL);
	batched_queue(test, scene, 4, NULL);
	batched_let_go(test, scene, 0, scene->first);
	KUNIT_ASSERT_EQ(test, wpool_resize(scene->pool, 1), 0);
	wpt_open(scene->first->gate);
	WPT_ASSERT_STAT(test, scene->pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->rest->runs), 0);
	wpt_open(second->gate);
	batched_expect_run(test, scene->rest, 1);
}

/* A worker on its way out, which waits for a task in its hook. */
static void stop_hook(struct wpool *pool)
{
	struct batch_asker *asker = wpool_priv(pool);
	struct wpt_job *other = xchg(&asker->other, NULL);

	if (!other)
		return;
	wpool_wait(&other->task);
	complete_all(&asker->job->begun);
	wait_for_completion(&asker->job->gate->opened);
}

/* 28: nor does it take any when it runs what its hook waits for */
static void batched_is_not_for_who_leaves(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_stop = stop_hook };
	struct batch_asker *asker = wpt_alloc(test, sizeof(*asker));
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) {
		.capacity = 2, .ops = &ops, .priv = asker,
	});

	asker->job = wpt_jobs(test, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, 6, NULL);
	asker->other = &scene->rest[0];
	KUNIT_ASSERT_EQ(test, wpool_resize(scene->pool, 1), 0);
	batched_let_go(test, scene, 0, asker->job);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, 6), 1);
	wpt_open(asker->job->gate);
	wpt_open(scene->held[1]->gate);
	batched_expect_run(test, scene->rest, 6);
}

/* 17: those in the batch take up room, the one that runs does not: the bound is exact */
static void batched_takes_up_room(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 4,
	});
	struct wpt_job *more = batched_jobs(test, scene, 2, NULL);

	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, 3, NULL);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &more[0].task), -EAGAIN);
	batched_let_go(test, scene, 0, scene->first);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &more[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &more[1].task), -EAGAIN);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 4);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, 3);
	KUNIT_EXPECT_EQ(test, batched_result(test, &more[0]), 0);
}

static const bool detached_cases[] = { false, true };

static void detached_name(const bool *detached, char *desc)
{
	strscpy(desc, *detached ? "detached" : "plain", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(detached, detached_cases, detached_name);

/* 18: a blocked submitter gets the room that a task of the batch frees as it begins */
static void batched_serves_the_blocked(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2,
	});
	struct wpt_job *more = batched_jobs(test, scene, 2, NULL);
	struct wpt_thread *submitter;

	scene->first = batched_jobs(test, scene, 1, wpt_gate(test));
	if (*(const bool *)test->param_value)
		wpool_task_set_detached(&scene->first->task);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &scene->first->task), 0);
	scene->rest = batched_queue(test, scene, 1, wpt_gate(test));
	batched_let_go(test, scene, 0, scene->first);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &more[0].task), 0);
	submitter = wpt_thread(test, wpt_call_schedule, scene->pool, &more[1], NULL);
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, 1);
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), 0);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->rest->runs), 0);
	wpt_open(scene->rest->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, &more[1]), 0);
}

/*
 * 18: while one more blocks than can be let in, none of the room that comes is the batch's own:
 * nobody comes by to let the other in but the worker that makes it
 */
static void batched_spares_the_blocked(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 4,
	});
	struct wpt_job *more = batched_jobs(test, scene, 2, NULL);
	struct wpt_thread *submitters[2];
	unsigned int i;

	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, 1, wpt_gate(test));
	batched_queue(test, scene, 2, NULL);
	for (i = 0; i < 2; i++) {
		submitters[i] = wpt_thread(test, wpt_call_schedule, scene->pool, &more[i], NULL);
		WPT_ASSERT_STAT(test, scene->pool, BLOCKED, i + 1);
	}
	batched_let_go(test, scene, 0, scene->first);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitters[0]), 0);
	WPT_EXPECT_STAT(test, scene->pool, BLOCKED, 1);
	wpt_open(scene->first->gate);
	wpt_begun(test, scene->rest);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitters[1]), 0);
	wpt_open(scene->rest->gate);
	batched_expect_run(test, more, 2);
}

/* 23: the oldest, which is dropped, may be one in the batch */
static void batched_is_the_oldest(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 3, .full = WPOOL_FULL_DISCARD_OLDEST,
	});
	struct wpt_job *more = batched_jobs(test, scene, 2, NULL);

	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, 2, NULL);
	batched_let_go(test, scene, 0, scene->first);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, more, 1), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &more[1].task), 0);
	KUNIT_EXPECT_EQ(test, batched_result(test, &scene->rest[0]), -ECANCELED);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 3);
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, &scene->rest[1]), 0);
	KUNIT_EXPECT_EQ(test, batched_result(test, &more[0]), 0);
	KUNIT_EXPECT_EQ(test, batched_result(test, &more[1]), 0);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, 2), 1);
	WPT_EXPECT_STAT(test, scene->pool, DROPPED, 1);
}

/* A task that a thread submits for all that it counts, queued already or not. */
struct news {
	struct wpool_task	task;
	struct wpool		*pool;
	unsigned int		count;	/* by the thread */
	unsigned int		seen;	/* by the task */
};

static int read_news(void *arg)
{
	struct news *news = arg;

	WRITE_ONCE(news->seen, READ_ONCE(news->count));
	return 0;
}

static int nothing(void *arg)
{
	return 0;
}

#define NEWS	200

/* Others come before and behind, so that it is batched. Return: 0, or a submission's error. */
static int submit_news(struct news *news)
{
	int err;

	err = wpool_schedule_fn(news->pool, nothing, NULL, NULL);
	WRITE_ONCE(news->count, news->count + 1);
	err = err ?: wpool_schedule(news->pool, &news->task);
	if (err == -EBUSY)
		err = 0;
	return err ?: wpool_schedule_fn(news->pool, nothing, NULL, NULL);
}

/* 183: whether it was queued already or not, its last run sees all */
static void batched_sees_news(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct news *news = wpt_alloc(test, sizeof(*news));
	unsigned int i, round, wrong = 0;

	news->pool = pool;
	wpool_task_init(&news->task, read_news, news);
	for (round = 0; round < NEWS; round++) {
		for (i = 0; i < NEWS; i++)
			KUNIT_ASSERT_EQ(test, submit_news(news), 0);
		KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
		wrong += news->seen != news->count;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static struct kunit_case batched_cases[] = {
	KUNIT_CASE_PARAM(batched_runs_elsewhere, warm_gen_params),
	KUNIT_CASE_PARAM(batched_runs_in_new_worker, warm_gen_params),
	KUNIT_CASE(batched_wakes_the_idle),
	KUNIT_CASE(batched_goes_first),
	KUNIT_CASE(batched_sees_news),
	KUNIT_CASE_PARAM(batched_is_counted, warm_gen_params),
	KUNIT_CASE_PARAM(batched_is_cancelled, warm_gen_params),
	KUNIT_CASE_PARAM(batched_is_awaited, warm_gen_params),
	KUNIT_CASE_PARAM(batched_is_awaited_in_vain, warm_gen_params),
	KUNIT_CASE_PARAM(batched_is_awaited_by_its_worker, warm_gen_params),
	KUNIT_CASE_PARAM(batched_is_awaited_by_another_worker, warm_gen_params),
	KUNIT_CASE(batched_blocks_its_worker),
	KUNIT_CASE_PARAM(batched_waits_for_high, warm_gen_params),
	KUNIT_CASE(batched_goes_before_low),
	KUNIT_CASE_PARAM(batched_is_paused, warm_gen_params),
	KUNIT_CASE(batched_is_left_behind),
	KUNIT_CASE(batched_is_not_for_who_leaves),
	KUNIT_CASE(batched_takes_up_room),
	KUNIT_CASE_PARAM(batched_serves_the_blocked, detached_gen_params),
	KUNIT_CASE(batched_spares_the_blocked),
	KUNIT_CASE(batched_is_the_oldest),
	{}
};

static struct kunit_suite batched_suite = {
	.name = "wpool_batched",
	.init = batched_init,
	.exit = wpt_exit,
	.test_cases = batched_cases,
};

kunit_test_suite(batched_suite);
