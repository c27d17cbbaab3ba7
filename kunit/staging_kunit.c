// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that came by the inbox are run, counted, cancelled and awaited as all others are.
 * See core/inbox.c.
 */
#include "staging_scene.h"

static int staged_init(struct kunit *test)
{
	return wpt_init(test, "wpool_staging");
}

KUNIT_ARRAY_PARAM(ahead, staged_ahead_cases, staged_ahead_name);

/* 65: those that are staged begin in order, behind those that waited before */
static void staged_keeps_order(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 20);

	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, staged_ahead(test) + 20);
}

/* Another call that submits, for a job. */
struct way {
	const char	*name;
	int		(*take)(struct kunit *test, struct wpool *pool, struct wpt_job *job);
};

static int schedule_keyed(struct kunit *test, struct wpool *pool, struct wpt_job *job, u64 key)
{
	struct wpool_keyed_task *keyed = wpt_alloc(test, sizeof(*keyed));

	wpool_keyed_task_init(keyed, wpt_run_job, job);
	return wpool_schedule_keyed(pool, keyed, key);
}

/* A key that no other has. */
static int take_key(struct kunit *test, struct wpool *pool, struct wpt_job *job)
{
	return schedule_keyed(test, pool, job, (uintptr_t)job);
}

static int take_group(struct kunit *test, struct wpool *pool, struct wpt_job *job)
{
	return wpool_group_schedule(wpt_group(test, false), pool, &job->task);
}

static int take_batch(struct kunit *test, struct wpool *pool, struct wpt_job *job)
{
	struct wpool_task *batch = &job->task;

	return wpool_schedule_batch(pool, &batch, 1) - 1;
}

static int take_function(struct kunit *test, struct wpool *pool, struct wpt_job *job)
{
	return wpool_schedule_fn(pool, wpt_run_job, job, NULL);
}

static int take_delayed(struct kunit *test, struct wpool *pool, struct wpt_job *job,
			unsigned long delay)
{
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));
	u64 queued = wpt_stat(pool, WPOOL_STAT_QUEUED);
	int err;

	wpool_delayed_task_init(dtask, wpt_run_job, job);
	err = wpool_schedule_delayed(pool, dtask, delay);
	WPT_ASSERT_STAT(test, pool, QUEUED, queued + 1);
	return err;
}

static int take_delay(struct kunit *test, struct wpool *pool, struct wpt_job *job)
{
	return take_delayed(test, pool, job, 1);
}

static int take_no_delay(struct kunit *test, struct wpool *pool, struct wpt_job *job)
{
	return take_delayed(test, pool, job, 0);
}

static const struct way ways[] = {
	{ "key", take_key },
	{ "group", take_group },
	{ "batch", take_batch },
	{ "function", take_function },
	{ "delay", take_delay },
	{ "no delay", take_no_delay },
};

static void way_name(const struct way *way, char *desc)
{
	strscpy(desc, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_name);

static void expect_turns(struct kunit *test, struct batch_scene *scene, struct wpt_job *jobs,
			 unsigned int n)
{
	unsigned int i, wrong = 0;

	wpt_call(test, wpt_call_drain, scene->pool, NULL);
	for (i = 0; i < n; i++)
		wrong += jobs[i].turn != i + 1 || atomic_read(&jobs[i].runs) != 1;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* 65: one that comes another way is behind those that are staged, and before later ones */
static void staged_is_mixed(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *jobs = batched_jobs(test, scene, 13, NULL);
	unsigned int i;

	for (i = 0; i < 13; i++)
		KUNIT_ASSERT_EQ(test, i % 6 == 5 ? way->take(test, scene->pool, &jobs[i]) :
				wpool_schedule(scene->pool, &jobs[i].task), 0);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 13);
	wpt_open(scene->held[0]->gate);
	expect_turns(test, scene, jobs, 13);
}

/* 65: functions without a task of their own, in the memory of those before them */
static void staged_of_functions(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *before = wpt_jobs(test, 4, NULL), *hold;
	struct wpt_job *jobs = batched_jobs(test, scene, 8, NULL);
	unsigned int i;

	for (i = 0; i < 4; i++)
		KUNIT_ASSERT_EQ(test,
				wpool_schedule_fn(scene->pool, wpt_run_job, &before[i], NULL),
				0);
	wpt_open(scene->held[0]->gate);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
	hold = wpt_hold(test, scene->pool, 1);
	for (i = 0; i < 8; i++)
		KUNIT_ASSERT_EQ(test,
				wpool_schedule_fn(scene->pool, wpt_run_job, &jobs[i], NULL),
				0);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 8);
	wpt_open(hold->gate);
	expect_turns(test, scene, jobs, 8);
}

/* 65: one of high priority goes before those that are staged, one of low after later ones */
static void staged_has_one_priority(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 3);
	struct wpt_job *low = batched_jobs(test, scene, 1, NULL);
	struct wpt_job *high = batched_jobs(test, scene, 1, NULL), *later;

	wpool_task_set_priority(&low->task, WPOOL_PRIO_LOW);
	wpool_task_set_priority(&high->task, WPOOL_PRIO_HIGH);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &low->task), 0);
	later = batched_queue(test, scene, 3, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &high->task), 0);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, staged_ahead(test) + 3);
	batched_expect_order(test, later, 3);
	KUNIT_EXPECT_EQ(test, batched_result(test, low), 0);
	KUNIT_EXPECT_EQ(test, high->turn, 1);
	KUNIT_EXPECT_EQ(test, low->turn, staged_ahead(test) + 8);
}

/* 65: of two with one key, submitted while the inbox is open, the second waits */
static void staged_has_no_keys(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *jobs = wpt_jobs(test, 2, wpt_gate(test));

	scene->rest = batched_queue(test, scene, 3, NULL);
	KUNIT_ASSERT_EQ(test, schedule_keyed(test, scene->pool, &jobs[0], 1), 0);
	KUNIT_ASSERT_EQ(test, schedule_keyed(test, scene->pool, &jobs[1], 1), 0);
	wpt_open(scene->held[0]->gate);
	wpt_open(scene->held[1]->gate);
	wpt_begun(test, &jobs[0]);
	batched_expect_run(test, scene->rest, 3);
	WPT_ASSERT_STAT(test, scene->pool, IDLE, 1);
	KUNIT_EXPECT_FALSE(test, completion_done(&jobs[1].begun));
	wpt_open(jobs->gate);
	wpt_begun(test, &jobs[1]);
}

/* 43, 44: the counters are exact while tasks are staged */
static void staged_is_counted(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 6);
	unsigned int n = staged_ahead(test) + 6, i, wrong = 0;

	WPT_EXPECT_STAT(test, scene->pool, QUEUED, n);
	WPT_EXPECT_STAT(test, scene->pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, scene->pool, COMPLETED, scene->warm);
	WPT_EXPECT_STAT(test, scene->pool, SUBMITTED, scene->warm + 1 + n);
	for (i = 0; i < n; i++) {
		wrong += !wpool_task_queued(&scene->rest[i].task);
		wrong += wpool_task_running(&scene->rest[i].task);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, n);
	WPT_ASSERT_STAT(test, scene->pool, RUNNING, 0);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 0);
	WPT_ASSERT_STAT(test, scene->pool, COMPLETED, scene->warm + 1 + n);
	WPT_EXPECT_STAT(test, scene->pool, SUBMITTED, scene->warm + 1 + n);
}

struct full_case {
	enum wpool_full	full;
	const char	*name;
	int		ret;		/* of the one for which there is no room */
	int		lost;		/* which one never runs, or -1 */
};

static const struct full_case full_cases[] = {
	{ WPOOL_FULL_BLOCK, "block", 0, -1 },
	{ WPOOL_FULL_FAIL, "fail", -EAGAIN, 6 },
	{ WPOOL_FULL_CALLER_RUNS, "caller runs", 0, -1 },
	{ WPOOL_FULL_DISCARD, "discard", 0, 6 },
	{ WPOOL_FULL_DISCARD_OLDEST, "discard oldest", 0, 0 },
};

static void full_name(const struct full_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(full, full_cases, full_name);

/* 17, 18, 23-25: with the inbox open as many are accepted as there is room for */
static void staged_is_bounded(struct kunit *test)
{
	const struct full_case *param = test->param_value;
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 6, .full = param->full,
	});
	struct wpt_job *jobs = batched_queue(test, scene, 6, NULL);
	struct wpt_job *more = batched_jobs(test, scene, 2, NULL);
	struct wpt_thread *submitter;
	int i;

	submitter = wpt_thread(test, wpt_call_schedule, scene->pool, &more[0], NULL);
	if (param->full == WPOOL_FULL_BLOCK)
		WPT_ASSERT_STAT(test, scene->pool, BLOCKED, 1);
	else
		KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), param->ret);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &more[1].task), -EAGAIN);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 6);
	wpt_open(scene->held[0]->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), param->ret);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), i != param->lost);
	KUNIT_EXPECT_EQ(test, atomic_read(&more[0].runs), 6 != param->lost);
	KUNIT_EXPECT_EQ(test, atomic_read(&more[1].runs), 0);
}

/* 17: room comes back as tasks begin, not sooner; those in the batch have not */
static void staged_gives_room_back(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 6,
	});
	struct wpt_job *more = wpt_jobs(test, 1, NULL);

	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, 4, NULL);
	batched_let_go(test, scene, 0, scene->first);
	/* Shuts the inbox, and opens it with another count. */
	KUNIT_ASSERT_EQ(test, take_group(test, scene->pool, more), 0);
	more = wpt_jobs(test, 2, NULL);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &more[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, &more[1].task), -EAGAIN);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 6);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, 4);
	batched_expect_run(test, more, 1);
}

/* 17: of a batch those are accepted for which the inbox has room, and then no more */
static void staged_takes_part_of_a_batch(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 5, .full = WPOOL_FULL_FAIL,
	});
	struct wpt_job *jobs = batched_jobs(test, scene, 8, NULL);
	struct wpool_task *batch[6];
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, jobs, 2), 0);
	for (i = 0; i < 6; i++)
		batch[i] = &jobs[2 + i].task;
	KUNIT_EXPECT_EQ(test, wpool_schedule_batch(scene->pool, batch, 6), 3);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 5);
	wpt_open(scene->held[0]->gate);
	expect_turns(test, scene, jobs, 5);
	KUNIT_EXPECT_EQ(test, batched_runs(&jobs[5], 3), 0);
}

/* 13: of a batch with a fault those before it are staged, and none behind it is accepted */
static void staged_until_a_fault(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *jobs = batched_jobs(test, scene, 6, NULL);
	struct wpool_task *batch[4] = {
		&jobs[2].task, &jobs[3].task, NULL, &jobs[4].task,
	};

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, jobs, 2), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_batch(scene->pool, batch, 4), 2);
	KUNIT_EXPECT_EQ(test, wpool_schedule_batch(scene->pool, batch + 2, 2), -EINVAL);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 4);
	wpt_open(scene->held[0]->gate);
	expect_turns(test, scene, jobs, 4);
	KUNIT_EXPECT_EQ(test, batched_runs(&jobs[4], 1), 0);
}

/* 6: one that is staged is not accepted again, by this pool or another */
static void staged_has_it_once(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 3), *other = staged_fill(test, NULL, 1);
	struct wpool_task *task = &scene->rest[staged_ahead(test) + 1].task;

	KUNIT_EXPECT_EQ(test, wpool_try_schedule(other->pool, task), -EBUSY);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(scene->pool, task), -EBUSY);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, staged_ahead(test) + 3);
	WPT_EXPECT_STAT(test, other->pool, QUEUED, staged_ahead(test) + 1);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, staged_ahead(test) + 3);
	wpt_open(other->first->gate);
	batched_expect_run(test, other->rest, staged_ahead(test) + 1);
}

/* 47, 48: each of them can be cancelled, once */
static void staged_is_cancelled(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 4);
	struct wpt_job *victim = &scene->rest[staged_ahead(test) + 3], *more;

	KUNIT_EXPECT_TRUE(test, wpool_cancel(&victim->task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&victim->task));
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, staged_ahead(test) + 3);
	KUNIT_EXPECT_EQ(test, batched_result(test, victim), -ECANCELED);
	more = batched_queue(test, scene, 3, NULL);
	KUNIT_EXPECT_TRUE(test, wpool_cancel_sync(&more[2].task));
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, staged_ahead(test) + 5);
	wpt_open(scene->first->gate);
	batched_expect_order(test, scene->rest, staged_ahead(test) + 3);
	batched_expect_order(test, more, 2);
	KUNIT_EXPECT_EQ(test, batched_runs(victim, 1) + batched_runs(&more[2], 1), 0);
}

/* 14, 20: a waiter of one gets its result; a waiter with a time limit goes */
static void staged_is_awaited(struct kunit *test)
{
	struct batch_scene *scene = staged_fill(test, NULL, 3);
	struct wpt_thread *waiter;
	struct wpt_job *more;

	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&scene->rest[staged_ahead(test)].task, 1, NULL),
			-ETIMEDOUT);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, staged_ahead(test) + 3);
	more = batched_queue(test, scene, 3, NULL);
	more[1].result = 12;
	waiter = wpt_thread(test, wpt_call_wait, scene->pool, &more[1], NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpt_open(scene->first->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 12);
	batched_expect_order(test, scene->rest, staged_ahead(test) + 3);
	batched_expect_run(test, &more[2], 1);
}

/* 16, 64: a worker that waits for one runs it itself */
static void staged_is_awaited_by_its_worker(struct kunit *test)
{
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));
	struct batch_asker *asker = batch_asker(test, first, batched_ask_wait);
	struct batch_scene *scene = staged_fill(test, first, 3);

	asker->other = &scene->rest[staged_ahead(test)];
	asker->other->result = 17;
	wpt_open(first->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, first), 17);
	WPT_EXPECT_STAT(test, scene->pool, NESTED, 1);
	KUNIT_EXPECT_EQ(test, asker->other->turn, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&asker->other->runs), 1);
	batched_expect_order(test, asker->other + 1, 2);
	batched_expect_order(test, scene->rest, staged_ahead(test));
}

static int ask_again_and_other(struct batch_asker *asker)
{
	int err;

	if (atomic_read(&asker->job->runs) > 1)
		return 0;
	err = wpool_schedule(asker->pool, &asker->job->task);
	return err ?: wpool_schedule(asker->pool, &asker->other->task);
}

/* 12, 65: one that submits itself again is behind those that came before it has ended */
static void staged_goes_before_who_comes_again(struct kunit *test)
{
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));
	struct batch_asker *asker = batch_asker(test, first, ask_again_and_other);
	struct batch_scene *scene = staged_fill(test, first, 3);

	asker->pool = scene->pool;
	asker->other = batched_jobs(test, scene, 1, NULL);
	first->clock = scene->clock;
	wpt_open(first->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, first), 0);
	batched_expect_order(test, scene->rest, staged_ahead(test) + 3);
	batched_expect_run(test, asker->other, 1);
	KUNIT_EXPECT_EQ(test, first->turn, asker->other->turn + 1);
}

static struct kunit_case staged_cases[] = {
	KUNIT_CASE_PARAM(staged_keeps_order, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_is_mixed, way_gen_params),
	KUNIT_CASE(staged_of_functions),
	KUNIT_CASE_PARAM(staged_has_one_priority, ahead_gen_params),
	KUNIT_CASE(staged_has_no_keys),
	KUNIT_CASE_PARAM(staged_is_counted, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_is_bounded, full_gen_params),
	KUNIT_CASE(staged_gives_room_back),
	KUNIT_CASE(staged_takes_part_of_a_batch),
	KUNIT_CASE(staged_until_a_fault),
	KUNIT_CASE_PARAM(staged_has_it_once, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_is_cancelled, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_is_awaited, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_is_awaited_by_its_worker, ahead_gen_params),
	KUNIT_CASE_PARAM(staged_goes_before_who_comes_again, ahead_gen_params),
	{}
};

static struct kunit_suite staged_suite = {
	.name = "wpool_staging",
	.init = staged_init,
	.exit = wpt_exit,
	.test_cases = staged_cases,
};

kunit_test_suite(staged_suite);
