// SPDX-License-Identifier: GPL-2.0
/*
 * What ends with tasks in the batch: the pool, a flush, the worker, the task itself; and
 * what comes after.
 */
#include <linux/slab.h>
#include "batch_scene.h"

static int batched_changes_init(struct kunit *test)
{
	return wpt_init(test, "wpool_batched_changes");
}

KUNIT_ARRAY_PARAM(warm, batched_warm_cases, batched_warm_name);

/* 54: shutdown runs those in the batch */
static void batched_is_drained_by_shutdown(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 8);

	wpool_shutdown(scene->pool);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 8);
	wpt_open(scene->first->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	batched_expect_order(test, scene->rest, 8);
}

/*
 * 55: shutdown_now hands back those in the batch too, in the order in which they were
 * submitted, also with two workers at it.
 */
static void batched_is_handed_back(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *second, *taken[2], *queued;
	unsigned int ran;
	LIST_HEAD(unrun);

	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	taken[0] = batched_queue(test, scene, 1, NULL);
	second = batched_queue(test, scene, 1, wpt_gate(test));
	taken[1] = batched_queue(test, scene, 1, NULL);
	queued = batched_queue(test, scene, 4, NULL);
	batched_let_go(test, scene, 0, scene->first);
	batched_let_go(test, scene, 1, second);
	ran = batched_runs(taken[0], 1);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&taken[0]->task, 0, NULL),
			ran ? 0 : -ETIMEDOUT);

	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(scene->pool, &unrun), 6 - ran);
	KUNIT_EXPECT_TRUE(test, ran || batched_unrun_begins(&unrun, taken[0], 1));
	KUNIT_EXPECT_TRUE(test, batched_unrun_begins(&unrun, taken[1], 1));
	KUNIT_EXPECT_TRUE(test, batched_unrun_begins(&unrun, queued, 4));
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	KUNIT_EXPECT_EQ(test, batched_result(test, taken[0]), ran ? 0 : -ECANCELED);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 0);
	wpt_open(scene->first->gate);
	wpt_open(second->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, batched_runs(taken[0], 1) + batched_runs(taken[1], 1), ran);
}

/* 55: and of a batch of many */
static void batched_of_many_is_handed_back(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 20);
	LIST_HEAD(unrun);

	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(scene->pool, &unrun), 20);
	KUNIT_EXPECT_TRUE(test, batched_unrun_begins(&unrun, scene->rest, 20));
	wpt_open(scene->first->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, 20), 0);
}

/* A flush waits for those in the batch, and for none that came later. */
static void batched_is_flushed(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *last, *later;
	struct wpt_thread *flusher;

	batched_warm_up(test, scene);
	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, 3, NULL);
	last = batched_queue(test, scene, 1, wpt_gate(test));
	batched_let_go(test, scene, 0, scene->first);
	flusher = wpt_thread(test, wpt_call_flush, scene->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flusher));
	later = batched_queue(test, scene, 1, wpt_gate(test));
	wpt_open(scene->first->gate);
	wpt_begun(test, last);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, 3), 3);
	KUNIT_EXPECT_FALSE(test, completion_done(&flusher->done));
	wpt_open(last->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flusher), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&last->runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&later->runs), 0);
}

/* A drain waits for all; it may be called while a batch is half done. */
static void batched_is_waited_for_by_drain(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 4);
	struct wpt_thread *drainer;

	drainer = wpt_thread(test, wpt_call_drain, scene->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(drainer));
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drainer), 0);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->first, 1) + batched_runs(scene->rest, 4), 5);
	WPT_EXPECT_STAT(test, scene->pool, COMPLETED, 6 + scene->warm);
}

/* 41: a worker dies in a batched task: the others of the batch run in order */
static void batched_survives_its_worker(struct kunit *test)
{
	struct batch_scene *scene;

	batched_fill_for_asker(test, &(struct wpool_attrs) { .capacity = 1 }, &scene, 20,
			      batched_die);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, 20);
	KUNIT_EXPECT_EQ(test, batched_result(test, scene->first), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, scene->pool, OOPSED, 1);
	WPT_EXPECT_STAT(test, scene->pool, DIED, 1);
	WPT_EXPECT_STAT(test, scene->pool, COMPLETED, 21 + scene->warm);
	WPT_EXPECT_STAT(test, scene->pool, SUBMITTED, 22 + scene->warm);
}

/* 37, 41: the waiter of the task that kills it is woken, and so is a drain */
static void batched_death_is_told(struct kunit *test)
{
	struct wpt_thread *waiter, *drainer;
	struct batch_scene *scene;

	batched_fill_for_asker(test, &(struct wpool_attrs) { .capacity = 1 }, &scene, 4,
			      batched_die);
	waiter = wpt_thread(test, wpt_call_wait, scene->pool, scene->first, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	drainer = wpt_thread(test, wpt_call_drain, scene->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(drainer));
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drainer), 0);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, 4), 4);
}

/* 41, 64: another worker dies: what is in the batch is reason enough to make a new one */
static void batched_is_found_after_a_death(struct kunit *test)
{
	struct wpt_job *fatal = wpt_jobs(test, 1, wpt_gate(test));
	struct batch_scene *scene;

	batch_asker(test, fatal, batched_die);
	scene = batched_fill_beside(test, fatal, 2);
	/* It is on the queue, and would be reason enough alone. */
	KUNIT_ASSERT_TRUE(test, wpool_cancel(&scene->rest[1].task));
	wpt_open(fatal->gate);
	batched_expect_run(test, scene->rest, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->first->runs), 0);
}

static int ask_again_once(struct batch_asker *asker)
{
	if (atomic_read(&asker->job->runs) > 1)
		return 0;
	return wpool_schedule(asker->pool, &asker->job->task);
}

/* 12: one that submits itself again runs again after those that wait */
static void batched_comes_again(struct kunit *test)
{
	struct batch_scene *scene;

	batched_fill_for_asker(test, &(struct wpool_attrs) { .capacity = 1 }, &scene, 6,
			   ask_again_once);
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, scene->first), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->first->runs), 2);
	batched_expect_order(test, scene->rest, 6);
	KUNIT_EXPECT_EQ(test, scene->first->turn, scene->rest[5].turn + 1);
	WPT_ASSERT_STAT(test, scene->pool, RUNNING, 0);
	WPT_ASSERT_STAT(test, scene->pool, COMPLETED, 9 + scene->warm);
}

/* 12: and so does one that is submitted while it runs, unless that is taken back */
static void batched_is_submitted_while_it_runs(struct kunit *test)
{
	struct batch_scene *scene = batched_fill(test, &(struct wpool_attrs) { .capacity = 1 }, 3);

	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &scene->first->task), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &scene->first->task), -EBUSY);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &scene->rest[0].task), -EBUSY);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&scene->first->task));
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &scene->first->task), 0);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 4);
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, scene->first), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->first->runs), 2);
	batched_expect_order(test, scene->rest, 3);
}

static int ask_until_stopped(struct batch_asker *asker)
{
	while (!wpool_should_stop())
		schedule_timeout_idle(1);
	return WPT_STOPPED;
}

static int ask_whether_to_stop(struct batch_asker *asker)
{
	return wpool_should_stop() ? WPT_STOPPED : WPT_NOT_STOPPED;
}

/* 50: one that runs is asked to stop, and those behind it are not */
static void batched_is_stopped_alone(struct kunit *test)
{
	struct wpt_job *behind = wpt_jobs(test, 8, NULL);
	struct batch_scene *scene;
	unsigned int i;

	batched_fill_for_asker(test, &(struct wpool_attrs) { .capacity = 1 }, &scene, 2,
			   ask_until_stopped);
	for (i = 0; i < 8; i++)
		batch_asker(test, &behind[i], ask_whether_to_stop);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, behind, 8), 0);
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_FALSE(test, wpool_cancel_sync(&scene->first->task));
	KUNIT_EXPECT_EQ(test, batched_result(test, scene->first), WPT_STOPPED);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, batched_result(test, &behind[i]), WPT_NOT_STOPPED);
}

/* One in the batch whose time has come may be delayed again, or cancelled. */
static void batched_is_delayed_again(struct kunit *test)
{
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	wpool_delayed_task_init(dtask, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(scene->pool, dtask, 0), 0);
	WPT_ASSERT_STAT(test, scene->pool, QUEUED, 2);
	scene->rest = batched_queue(test, scene, 3, NULL);
	batched_let_go(test, scene, 0, scene->first);

	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(scene->pool, dtask, 100 * WPT_LIMIT), 0);
	WPT_EXPECT_STAT(test, scene->pool, DELAYED, 1);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 3);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, 3);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&dtask->task));
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

struct loner {
	struct wpool_task	task;
	atomic_t		*runs;
};

static int free_oneself(void *arg)
{
	struct loner *loner = arg;
	atomic_t *runs = loner->runs;

	memset(loner, 0x5a, sizeof(*loner));
	kfree(loner);
	atomic_inc(runs);
	return 0;
}

/* Tasks that are freed by their function, and those of the pool itself, run once. */
static void batched_of_the_detached(struct kunit *test)
{
	const unsigned int n = 100;
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });
	atomic_t *runs = wpt_alloc(test, sizeof(*runs));
	struct loner *loner;
	unsigned int i;

	for (i = 0; i < 2 * n; i++) {
		loner = kzalloc(sizeof(*loner), GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, loner);
		loner->runs = runs;
		wpool_task_init(&loner->task, free_oneself, loner);
		wpool_task_set_detached(&loner->task);
		KUNIT_ASSERT_EQ(test, i % 2 ? wpool_schedule(scene->pool, &loner->task) :
				wpool_schedule_fn(scene->pool, free_oneself, loner, NULL),
				0);
	}
	wpt_open(scene->held[0]->gate);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(runs), 2 * n);
	WPT_EXPECT_STAT(test, scene->pool, COMPLETED, 2 * n + 1);
}

#define CANARY	0xa5

/* Until the task has ended, and as soon as it has; without the lock. */
static bool watch_end(struct wpool_task *task)
{
	unsigned long end = jiffies + WPT_LIMIT;

	while (wpool_task_queued(task) || wpool_task_running(task)) {
		if (time_after(jiffies, end))
			return false;
		cond_resched();
	}
	return true;
}

/* From when a task is seen to have ended its memory is its owner's. */
static void batched_lets_go(struct kunit *test)
{
	const unsigned int n = 1000;
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_task *tasks = wpt_alloc(test, n * sizeof(*tasks));
	unsigned int i;

	scene->rest = wpt_jobs(test, n, NULL);
	for (i = 0; i < n; i++) {
		wpool_task_init(&tasks[i], wpt_run_job, &scene->rest[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &tasks[i]), 0);
	}
	wpt_open(scene->held[0]->gate);
	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_TRUE(test, watch_end(&tasks[i]));
		memset(&tasks[i], CANARY, sizeof(*tasks));
	}
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(tasks, CANARY, n * sizeof(*tasks)), NULL);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, n), n);
}

/* 46: the balance holds at rest, whatever befell the batch */
static void batched_balances(struct kunit *test)
{
	const unsigned int n = 600;
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 2 });
	unsigned int i, cancelled = 0;

	scene->rest = batched_queue(test, scene, n, NULL);
	wpt_open(scene->held[0]->gate);
	wpt_open(scene->held[1]->gate);
	for (i = n; i--; ) {
		cancelled += i % 3 == 0 && wpool_cancel(&scene->rest[i].task);
		if (i % 50 == 0)
			wpool_wait_timeout(&scene->rest[n - 1 - i].task, 1, NULL);
	}
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
	KUNIT_EXPECT_EQ(test, batched_runs(scene->rest, n), n - cancelled);
	WPT_EXPECT_STAT(test, scene->pool, SUBMITTED, n + 2);
	WPT_EXPECT_STAT(test, scene->pool, CANCELLED, cancelled);
	WPT_EXPECT_STAT(test, scene->pool, COMPLETED, n + 2 - cancelled);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 0);
	WPT_ASSERT_STAT(test, scene->pool, RUNNING, 0);
}

static struct kunit_case batched_changes_cases[] = {
	KUNIT_CASE_PARAM(batched_is_drained_by_shutdown, warm_gen_params),
	KUNIT_CASE(batched_is_handed_back),
	KUNIT_CASE_PARAM(batched_of_many_is_handed_back, warm_gen_params),
	KUNIT_CASE_PARAM(batched_is_flushed, warm_gen_params),
	KUNIT_CASE_PARAM(batched_is_waited_for_by_drain, warm_gen_params),
	KUNIT_CASE_PARAM(batched_survives_its_worker, warm_gen_params),
	KUNIT_CASE_PARAM(batched_death_is_told, warm_gen_params),
	KUNIT_CASE(batched_is_found_after_a_death),
	KUNIT_CASE_PARAM(batched_comes_again, warm_gen_params),
	KUNIT_CASE_PARAM(batched_is_submitted_while_it_runs, warm_gen_params),
	KUNIT_CASE_PARAM(batched_is_stopped_alone, warm_gen_params),
	KUNIT_CASE(batched_is_delayed_again),
	KUNIT_CASE(batched_of_the_detached),
	KUNIT_CASE(batched_lets_go),
	KUNIT_CASE(batched_balances),
	{}
};

static struct kunit_suite batched_changes_suite = {
	.name = "wpool_batched_changes",
	.init = batched_changes_init,
	.exit = wpt_exit,
	.test_cases = batched_changes_cases,
};

kunit_test_suite(batched_changes_suite);
