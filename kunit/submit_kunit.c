// SPDX-License-Identifier: GPL-2.0
/*
 * A full queue: which submitter is refused, which waits, which gets the room.
 */
#include <linux/sched/signal.h>
#include "wpool_kunit.h"

static int submit_init(struct kunit *test)
{
	return wpt_init(test, "wpool_submit");
}

struct full_case {
	const char	*name;
	unsigned int	capacity;
	int		queue_depth;
	unsigned int	room;		/* beyond the running ones */
};

static const struct full_case full_cases[] = {
	{ "hand-off, one worker", 1, WPOOL_QUEUE_HANDOFF, 0 },
	{ "hand-off, three workers", 3, WPOOL_QUEUE_HANDOFF, 0 },
	{ "depth 1", 1, 1, 1 },
	{ "depth 5, two workers", 2, 5, 5 },
};

static void full_name(const struct full_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(full, full_cases, full_name);

/* 17, 22: full exactly when capacity and depth are, room again when one ends */
static void submit_full(struct kunit *test)
{
	const struct full_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = param->capacity, .queue_depth = param->queue_depth,
		.full = WPOOL_FULL_FAIL,
	});
	struct wpt_job *one = wpt_hold(test, pool, 1);
	struct wpt_job *others = wpt_jobs(test, param->capacity - 1, wpt_gate(test));
	struct wpt_job *queued = wpt_jobs(test, param->room, NULL);
	struct wpt_job *late = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, others, param->capacity - 1), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, queued, param->room), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &late->task), -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &late->task), -EAGAIN);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&late->task));
	WPT_EXPECT_STAT(test, pool, REJECTED, 2);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, param->capacity + param->room);

	wpt_open(one->gate);
	wpt_wait(test, one);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &late->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, late), 0);
	WPT_EXPECT_STAT(test, pool, REJECTED, 2);
}

/* 17: below the capacity nobody is refused, workers or not */
static void submit_below_capacity(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 6, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *jobs = wpt_jobs(test, 6, wpt_gate(test));
	unsigned int i;

	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &jobs[i].task), 0);
	for (i = 0; i < 6; i++)
		wpt_begun(test, &jobs[i]);
	wpt_open(jobs->gate);
}

/* An unbounded queue is never full. */
static void submit_unbounded(struct kunit *test)
{
	const unsigned int n = 4 * WPOOL_DEFAULT_DEPTH;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	unsigned int i, refused = 0;

	for (i = 0; i < n; i++)
		refused += wpool_try_schedule(pool, &jobs[i].task) != 0;
	KUNIT_EXPECT_EQ(test, refused, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, n);
	wpt_open(hold->gate);
}

/* A thread that submits a job of its own and blocks. */
static struct wpt_thread *blocked(struct kunit *test, struct wpool *pool,
				  struct wpt_gate *gate)
{
	u64 before = wpt_stat(pool, WPOOL_STAT_BLOCKED);
	struct wpt_thread *thread = wpt_thread(test, wpt_call_schedule, pool,
					       wpt_jobs(test, 1, gate), NULL);

	WPT_ASSERT_STAT(test, pool, BLOCKED, before + 1);
	return thread;
}

/* 18: the room that a task leaves goes to blocked submitters, the longest first */
static void submit_room_by_end(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *first = blocked(test, pool, wpt_gate(test));
	struct wpt_thread *second = blocked(test, pool, NULL);
	struct wpt_job *other = wpt_jobs(test, 1, NULL);

	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, first), 0);
	wpt_begun(test, first->job);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 1);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &other->task), -EAGAIN);

	wpt_open(first->job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, second), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, second->job), 0);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
}

/* 18: the room that a cancelled task leaves, likewise */
static void submit_room_by_cancel(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *queued = wpt_jobs(test, 1, NULL);
	struct wpt_thread *thread;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &queued->task), 0);
	thread = blocked(test, pool, NULL);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&queued->task));
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	/* in the queue in its place, before anybody else could be */
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&thread->job->task));
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &queued->task), -EAGAIN);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, thread->job), 0);
}

static const unsigned int timeout_cases[] = { 0, 1, HZ / 50 + 2, HZ / 10 };

static void timeout_name(const unsigned int *timeout, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u jiffies", *timeout);
}

KUNIT_ARRAY_PARAM(timeout, timeout_cases, timeout_name);

/* 20: -ETIMEDOUT, never early, whatever the policy; and nothing is left */
static void submit_times_out(struct kunit *test)
{
	unsigned int timeout = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_FAIL,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned long began = jiffies;

	KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(pool, &job->task, timeout), -ETIMEDOUT);
	WPT_EXPECT_WAITED(test, began, timeout);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
	WPT_EXPECT_STAT(test, pool, REJECTED, 1);

	/* a submitter that gave up does not get the room */
	wpt_open(hold->gate);
	wpt_wait(test, hold);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

static int call_schedule_timeout(struct wpt_thread *self)
{
	return wpool_schedule_timeout(self->pool, &self->job->task, 10 * WPT_LIMIT);
}

/* 20: served before its time is over */
static void submit_in_time(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_FAIL,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *thread = wpt_thread(test, call_schedule_timeout, pool,
					       wpt_jobs(test, 1, NULL), NULL);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, thread->job), 0);
	WPT_EXPECT_STAT(test, pool, REJECTED, 0);
}

static int call_killable(struct wpt_thread *self)
{
	int err;

	allow_signal(SIGKILL);
	err = wpool_schedule(self->pool, &self->job->task);
	flush_signals(current);
	return err;
}

/* 21: a killed submitter returns -EINTR and leaves nothing */
static void submit_killed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *killed = wpt_thread(test, call_killable, pool,
					       wpt_jobs(test, 1, NULL), NULL);
	struct wpt_thread *other;

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	other = blocked(test, pool, NULL);
	send_sig(SIGKILL, killed->kthread, 1);
	KUNIT_EXPECT_EQ(test, wpt_join(test, killed), -EINTR);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&killed->job->task));
	WPT_EXPECT_STAT(test, pool, BLOCKED, 1);
	WPT_EXPECT_STAT(test, pool, REJECTED, 1);

	/* the room goes to one that still waits for it */
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, other), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, other->job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&killed->job->runs), 0);
	/* and its task is free */
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &killed->job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, killed->job), 0);
}

struct insider {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_gate		*gate;
	struct completion	begun;
	struct wpt_job		*job;
	int			scheduled;
};

static int submit_from_inside(void *arg)
{
	struct insider *insider = arg;

	complete_all(&insider->begun);
	wait_for_completion(&insider->gate->opened);
	insider->scheduled = wpool_schedule(insider->pool, &insider->job->task);
	return 0;
}

/* A task that runs, and submits another to its pool when its gate is opened. */
static struct insider *new_insider(struct kunit *test, struct wpool *pool)
{
	struct insider *insider = wpt_alloc(test, sizeof(*insider));

	insider->pool = pool;
	insider->gate = wpt_gate(test);
	insider->job = wpt_jobs(test, 1, NULL);
	init_completion(&insider->begun);
	wpool_task_init(&insider->task, submit_from_inside, insider);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &insider->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&insider->begun, WPT_LIMIT), 0);
	return insider;
}

static void end_insider(struct kunit *test, struct insider *insider, int scheduled)
{
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&insider->task, WPT_LIMIT, NULL), 0);
	KUNIT_EXPECT_EQ(test, insider->scheduled, scheduled);
}

/* A worker that would block for ever on its own full pool is refused. */
static void submit_inside_full(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct insider *insider = new_insider(test, pool);

	wpt_open(insider->gate);
	end_insider(test, insider, -EDEADLK);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&insider->job->task));
}

/* As long as another may still make room, it blocks; the last one may not. */
static void submit_inside_all(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct insider *first = new_insider(test, pool);
	struct insider *second = new_insider(test, pool);

	wpt_open(first->gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpt_open(second->gate);
	end_insider(test, second, -EDEADLK);
	end_insider(test, first, 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, first->job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&second->job->runs), 0);
}

struct hasty {
	atomic_t	accepted;
	atomic_t	wrong;
};

/* Ends with the tick, and so when submitters that have waited for one give up. */
static int sleep_a_tick(void *arg)
{
	struct wpt_job *job = arg;

	schedule_timeout_idle(1);
	atomic_inc(&job->runs);
	return 0;
}

#define HASTE		40

static int call_hasty(struct wpt_thread *self)
{
	struct hasty *hasty = self->arg;
	unsigned int i;

	for (i = 0; i < HASTE; i++) {
		int err = wpool_schedule_timeout(self->pool, &self->job[i].task, i % 3);

		if (!err)
			atomic_inc(&hasty->accepted);
		else if (err != -ETIMEDOUT)
			atomic_inc(&hasty->wrong);
	}
	return 0;
}

/* 18, 20: room for a submitter that gives up at that moment is not lost, nor is the task */
static void submit_timeout_races_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct hasty *hasty = wpt_alloc(test, sizeof(*hasty));
	struct wpt_job *jobs = wpt_jobs(test, 4 * HASTE, NULL);
	struct wpt_job *last = wpt_jobs(test, 1, NULL);
	struct wpt_thread *threads[4];
	unsigned int i;
	int ran = 0;

	for (i = 0; i < 4 * HASTE; i++)
		wpool_task_init(&jobs[i].task, sleep_a_tick, &jobs[i]);
	for (i = 0; i < 4; i++)
		threads[i] = wpt_thread(test, call_hasty, pool, &jobs[HASTE * i], hasty);
	for (i = 0; i < 4; i++)
		wpt_join(test, threads[i]);
	/* a slot that was lost would be missed here */
	KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(pool, &last->task, WPT_LIMIT), 0);
	wpt_destroy(test, pool);
	for (i = 0; i < 4 * HASTE; i++)
		ran += atomic_read(&jobs[i].runs);
	KUNIT_EXPECT_EQ(test, ran, atomic_read(&hasty->accepted));
	KUNIT_EXPECT_EQ(test, atomic_read(&hasty->wrong), 0);
}

static struct kunit_case submit_cases[] = {
	KUNIT_CASE_PARAM(submit_full, full_gen_params),
	KUNIT_CASE(submit_below_capacity),
	KUNIT_CASE(submit_unbounded),
	KUNIT_CASE(submit_room_by_end),
	KUNIT_CASE(submit_room_by_cancel),
	KUNIT_CASE_PARAM(submit_times_out, timeout_gen_params),
	KUNIT_CASE(submit_in_time),
	KUNIT_CASE(submit_killed),
	KUNIT_CASE(submit_inside_full),
	KUNIT_CASE(submit_inside_all),
	KUNIT_CASE(submit_timeout_races_room),
	{}
};

static struct kunit_suite submit_suite = {
	.name = "wpool_submit",
	.init = submit_init,
	.exit = wpt_exit,
	.test_cases = submit_cases,
};

kunit_test_suite(submit_suite);
