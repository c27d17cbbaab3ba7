// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that their submitters run, as the pool is full: when they do not, and what
 * such a task may do.
 */
#include "wpool_kunit.h"

static int caller_init(struct kunit *test)
{
	return wpt_init(test, "wpool_caller");
}

/* A pool with all its workers busy and no room beside them. */
static struct wpool *full_pool(struct kunit *test, struct wpool_attrs attrs,
			       struct wpt_job **hold)
{
	struct wpool *pool;

	attrs.capacity = attrs.capacity ?: 1;
	attrs.queue_depth = WPOOL_QUEUE_HANDOFF;
	attrs.full = WPOOL_FULL_CALLER_RUNS;
	pool = wpt_pool(test, &attrs);
	*hold = wpt_hold(test, pool, attrs.capacity);
	return pool;
}

/* 25, 66, 82: not in an ordered pool: one at a time, and in order */
static void caller_not_in_ordered(struct kunit *test)
{
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	struct wpt_job *hold, *jobs = wpt_jobs(test, 2, NULL);
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { .flags = WPOOL_ORDERED },
				       &hold);
	struct wpt_thread *threads[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		jobs[i].clock = clock;
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
		WPT_ASSERT_STAT(test, pool, BLOCKED, i + 1);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(clock), 0);
	wpt_open(hold->gate);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
		KUNIT_EXPECT_EQ(test, jobs[i].turn, i + 1);
		KUNIT_EXPECT_PTR_NE(test, jobs[i].worker, threads[i]->kthread);
	}
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 0);
}

/* 25, 82: a paused pool begins no task: the submitter waits as the others do */
static void caller_not_while_paused(struct kunit *test)
{
	struct wpt_job *hold, *jobs = wpt_jobs(test, 2, NULL);
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { }, &hold);
	struct wpt_thread *threads[2];

	wpool_pause(pool);
	threads[0] = wpt_thread(test, wpt_call_schedule, pool, &jobs[0], NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 0);
	wpool_resume(pool);
	/* from now on the submitter runs it */
	threads[1] = wpt_thread(test, wpt_call_schedule, pool, &jobs[1], NULL);
	KUNIT_EXPECT_EQ(test, wpt_join(test, threads[1]), 0);
	KUNIT_EXPECT_PTR_EQ(test, jobs[1].worker, threads[1]->kthread);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, threads[0]), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
}

static int call_cancel_sync(struct wpt_thread *self)
{
	return wpool_cancel_sync(self->arg);
}

/* 50, 82: asked to stop, it sees that, and the caller waits for it */
static void caller_cancel_sync(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { }, &hold);
	struct wpt_thread *thread;

	wpool_task_init(&job->task, wpt_run_until_stopped, job);
	thread = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	KUNIT_EXPECT_PTR_EQ(test, job->worker, thread->kthread);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_cancel_sync, pool, &job->task), false);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), WPT_STOPPED);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_open(hold->gate);
}

/* 54, 82: also by the end of its pool */
static void caller_shutdown_now(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { }, &hold);
	struct wpt_thread *thread;

	wpool_task_init(&job->task, wpt_run_until_stopped, job);
	thread = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), WPT_STOPPED);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
}

/* Notes in whose task it is, before, inside and after what it submits to other pools. */
struct place {
	struct wpool_task	task;
	struct wpool		*next_pool;
	struct place		*next;
	struct wpool		*before, *after;
	bool			stop;
};

static int run_place(void *arg)
{
	struct place *place = arg;
	int err = 0;

	place->before = wpool_current();
	if (place->next)
		err = wpool_schedule(place->next_pool, &place->next->task);
	if (place->next && !err)
		err = wpool_wait(&place->next->task);
	place->after = wpool_current();
	place->stop = wpool_should_stop();
	return err;
}

static int call_place(struct wpt_thread *self)
{
	struct place *place = self->arg;
	int err = wpool_schedule(self->pool, &place->task);

	return err ?: wpool_current() ? -ERANGE : 0;
}

/*
 * 25, 82: the pool of the innermost task is the current one: of a submitter's, of one that
 * this has its submitter run in another pool, and of one that the worker runs as it waits
 */
static void caller_current(struct kunit *test)
{
	struct wpt_job *holds[2];
	struct wpool *full[2], *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct place *places = wpt_alloc(test, 4 * sizeof(*places));
	struct wpool *of[4];
	unsigned int i;

	for (i = 0; i < 2; i++)
		full[i] = full_pool(test, (struct wpool_attrs) { }, &holds[i]);
	for (i = 0; i < 4; i++) {
		of[i] = i % 3 ? full[i - 1] : pool;
		wpool_task_init(&places[i].task, run_place, &places[i]);
		if (i)
			places[i - 1].next = &places[i];
		if (i)
			places[i - 1].next_pool = of[i];
	}
	/* pool's worker: full[0] as a submitter: full[1] likewise: pool, nested as it waits */
	KUNIT_ASSERT_EQ(test, wpt_call(test, call_place, pool, places), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &places[0].task), 0);
	/* and from a thread that is no worker */
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_PTR_EQ(test, places[i].before, of[i]);
		KUNIT_EXPECT_PTR_EQ(test, places[i].after, of[i]);
		KUNIT_EXPECT_FALSE(test, places[i].stop);
	}
	places[2].next = NULL;
	KUNIT_ASSERT_EQ(test, wpt_call(test, call_place, full[0], &places[1]), 0);
	for (i = 1; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ(test, places[i].after, of[i]);
		KUNIT_EXPECT_FALSE(test, places[i].stop);
	}
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
	for (i = 0; i < 2; i++)
		wpt_open(holds[i]->gate);
}

/* As the tour has it. */
struct lap {
	struct wpool_task	task;
	unsigned int		runs;
	unsigned int		elsewhere;
	struct task_struct	*thread;
};

#define LAPS	5

static int run_lap(void *arg)
{
	struct lap *lap = arg;

	lap->elsewhere += lap->thread && lap->thread != current;
	if (++lap->runs < LAPS)
		return wpool_schedule(wpool_current(), &lap->task);
	return lap->runs;
}

static int run_laps(struct wpool *pool, struct lap *lap, bool here)
{
	int err;

	*lap = (struct lap) { .thread = here ? current : NULL };
	wpool_task_init(&lap->task, run_lap, lap);
	err = wpool_schedule(pool, &lap->task);
	return err ?: wpool_wait(&lap->task) == LAPS && !lap->elsewhere ? 0 : -ERANGE;
}

static int call_laps(struct wpt_thread *self)
{
	return run_laps(self->pool, self->arg, true);
}

static int call_laps_on_stack(struct wpt_thread *self)
{
	struct lap lap;

	return run_laps(self->pool, &lap, true);
}

struct self_case {
	const char	*name;
	int		(*call)(struct wpt_thread *self);
};

static const struct self_case self_cases[] = {
	{ "in memory of its own", call_laps },
	{ "on the stack", call_laps_on_stack },
};

static void self_name(const struct self_case *self, char *desc)
{
	strscpy(desc, self->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(self, self_cases, self_name);

/* 12, 82: it submits itself: its submitter runs it again, and waits for no room */
static void caller_self(struct kunit *test)
{
	const struct self_case *self = test->param_value;
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { }, &hold);

	KUNIT_EXPECT_EQ(test, wpt_call(test, self->call, pool,
				       wpt_alloc(test, sizeof(struct lap))), 0);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, LAPS);
	WPT_EXPECT_STAT(test, pool, COMPLETED, LAPS);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, LAPS + 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_open(hold->gate);
}

static int run_laps_inside(void *arg)
{
	struct lap lap;

	return run_laps(wpool_current(), arg ?: &lap, false);
}

/* 12, 16, 82: by the only worker, with the queue full: also nested, on its own stack */
static void caller_self_by_worker(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
	struct lap *lap = wpt_alloc(test, sizeof(*lap));

	wpool_task_init(&lap->task, run_lap, lap);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &lap->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &lap->task), LAPS);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_laps_inside, lap), 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_laps_inside, NULL), 0);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

static int run_and_pause(void *arg)
{
	struct lap *lap = arg;
	struct wpool *pool = wpool_current();
	int err;

	if (lap->runs++)
		return lap->runs;
	err = wpool_schedule(pool, &lap->task);
	wpool_pause(pool);
	return err;
}

static int call_schedule_task(struct wpt_thread *self)
{
	return wpool_schedule(self->pool, self->arg);
}

/* 12, 82: paused meanwhile, it is the pool's to run again */
static void caller_self_paused(struct kunit *test)
{
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { }, &hold);
	struct lap *lap = wpt_alloc(test, sizeof(*lap));

	wpool_task_init(&lap->task, run_and_pause, lap);
	KUNIT_ASSERT_EQ(test, wpt_call(test, call_schedule_task, pool, &lap->task), 0);
	KUNIT_EXPECT_EQ(test, lap->runs, 1);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&lap->task));
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	wpool_resume(pool);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &lap->task), 2);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
}

struct released_lap {
	struct wpool_release_task	ttask;
	struct task_struct		*threads[2];
	unsigned int			runs;
	atomic_t			releases;
};

static int run_released_lap(void *arg)
{
	struct released_lap *lap = arg;

	lap->threads[lap->runs++] = current;
	return lap->runs == 1 ? wpool_schedule(wpool_current(), &lap->ttask.task) : 0;
}

static void release_lap(void *arg, enum wpool_fate fate)
{
	struct released_lap *lap = arg;

	atomic_inc(&lap->releases);
}

/* 12, 82: with a release, which comes first and may kill the thread: the pool runs it again */
static void caller_self_released(struct kunit *test)
{
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { }, &hold);
	struct released_lap *lap = wpt_alloc(test, sizeof(*lap));

	wpool_release_task_init(&lap->ttask, run_released_lap, lap);
	wpool_task_set_release(&lap->ttask, release_lap);
	KUNIT_ASSERT_EQ(test, wpt_call(test, call_schedule_task, pool, &lap->ttask.task), 0);
	KUNIT_EXPECT_EQ(test, lap->runs, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&lap->releases), 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, lap->runs, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&lap->releases), 2);
	KUNIT_EXPECT_PTR_NE(test, lap->threads[1], lap->threads[0]);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
}

/* 12: submitted by another thread meanwhile: that waits for room, then it runs again */
static void caller_submitted_again(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { }, &hold);
	struct wpt_thread *first, *second;

	first = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	second = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, second), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&job->task));
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, first), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 2);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
}

/* A task that would wait for itself in every way there is. */
struct selfish {
	struct wpool_task	task;
	struct wpool_group	group;
	unsigned int		wrong;
};

static int run_selfish(void *arg)
{
	struct selfish *selfish = arg;
	struct wpool *pool = wpool_current();

	selfish->wrong += wpool_wait(&selfish->task) != -EDEADLK;
	selfish->wrong += wpool_wait_timeout(&selfish->task, WPT_LIMIT, NULL) != -EDEADLK;
	selfish->wrong += wpool_cancel_sync(&selfish->task);
	selfish->wrong += wpool_group_wait(&selfish->group) != -EDEADLK;
	selfish->wrong += wpool_await_termination(pool, WPT_LIMIT) != -EDEADLK;
	selfish->wrong += wpool_destroy(pool) != -EDEADLK;
	wpool_flush(pool);
	wpool_drain(pool);
	return 0;
}

static int call_selfish(struct wpt_thread *self)
{
	struct selfish *selfish = self->arg;

	return wpool_group_schedule(&selfish->group, self->pool, &selfish->task);
}

/* 62, 81, 82: refused at once, as a worker is */
static void caller_waits_for_itself(struct kunit *test)
{
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { }, &hold);
	struct selfish *selfish = wpt_alloc(test, sizeof(*selfish));

	wpool_task_init(&selfish->task, run_selfish, selfish);
	wpool_group_init(&selfish->group, 0);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_selfish, pool, selfish), 0);
	KUNIT_EXPECT_EQ(test, selfish->wrong, 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, &selfish->group), 0);
	wpt_open(hold->gate);
}

/* 25, 68: it is seen in debugfs, with its function */
static void caller_in_debugfs(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { }, &hold);
	struct wpt_thread *thread;

	if (wpt_shell_in(test, pool, "cat tasks >/dev/null"))
		kunit_skip(test, "needs a mounted debugfs and /bin/sh");
	thread = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool,
					   "grep -q ' running .*" WPT_RUN_JOB "' tasks"), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool,
					   "grep -q ' submitter .*" WPT_RUN_JOB "' tasks"), 0);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "! grep -q submitter tasks"), 0);
	wpt_open(hold->gate);
}

/* 82: it is named if it takes too long, as one of a worker is */
static void caller_overdue(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool *pool = full_pool(test, (struct wpool_attrs) { .watchdog_ms = 20 }, &hold);

	wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	WPT_ASSERT_STAT(test, pool, OVERDUE, 2);
	wpt_open(job->gate);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
}

static struct kunit_case caller_cases[] = {
	KUNIT_CASE(caller_not_in_ordered),
	KUNIT_CASE(caller_not_while_paused),
	KUNIT_CASE(caller_cancel_sync),
	KUNIT_CASE(caller_shutdown_now),
	KUNIT_CASE(caller_current),
	KUNIT_CASE_PARAM(caller_self, self_gen_params),
	KUNIT_CASE(caller_self_by_worker),
	KUNIT_CASE(caller_self_paused),
	KUNIT_CASE(caller_self_released),
	KUNIT_CASE(caller_submitted_again),
	KUNIT_CASE(caller_waits_for_itself),
	KUNIT_CASE(caller_in_debugfs),
	KUNIT_CASE(caller_overdue),
	{}
};

static struct kunit_suite caller_suite = {
	.name = "wpool_caller",
	.init = caller_init,
	.exit = wpt_exit,
	.test_cases = caller_cases,
};

kunit_test_suite(caller_suite);
