// SPDX-License-Identifier: GPL-2.0
/*
 * Documented calls, composed: what one of them leaves behind is what another meets.
 */
#include "wpool_kunit.h"

static int crossed_init(struct kunit *test)
{
	return wpt_init(test, "wpool_crossed");
}

/* 24: a task with a key that is dropped before it has waited leaves the keys as they are */
static void crossed_discard_keyed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 1, .full = WPOOL_FULL_DISCARD,
	});
	struct wpool_keyed_task *ktasks = wpt_alloc(test, 3 * sizeof(*ktasks));
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	struct wpt_job *hold;

	wpool_keyed_task_init(&ktasks[0], wpt_run_job, first);
	wpool_keyed_task_init(&ktasks[1], wpt_run_job, &jobs[0]);
	wpool_keyed_task_init(&ktasks[2], wpt_run_job, &jobs[1]);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &ktasks[0], 1), 0);
	wpt_begun(test, first);
	hold = wpt_hold(test, pool, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[2].task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &ktasks[1], 2), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &ktasks[1].task), -ECANCELED);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[2]), 0);
	WPT_ASSERT_STAT(test, pool, RUNNING, 1);

	/* Behind the first, which still runs. */
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &ktasks[2], 1), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[3].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[3]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
	wpt_open(first->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &ktasks[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &ktasks[2].task), 0);
}

struct call {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpool_group	*group;
	struct wpool_keyed_task	*ktasks;
	struct wpool_task	*other;
	struct wpt_gate		*gate;
	struct completion	begun;
	struct task_struct	*thread;
	unsigned int		n;
	bool			once;
	int			got;
};

static struct call *new_call(struct kunit *test, struct wpool *pool, wpool_fn_t fn)
{
	struct call *call = wpt_alloc(test, sizeof(*call));

	call->pool = pool;
	call->gate = wpt_gate(test);
	init_completion(&call->begun);
	wpool_task_init(&call->task, fn, call);
	return call;
}

/* The first is in no group; the second is, behind it. */
static int wait_for_group_behind(void *arg)
{
	struct call *call = arg;
	int ret;

	ret = wpool_schedule_keyed(call->pool, &call->ktasks[0], 0);
	ret = ret ?: wpool_group_schedule_keyed(call->group, call->pool, &call->ktasks[1], 0);
	call->got = ret ?: wpool_group_wait(call->group);
	return 0;
}

/* 16: the only worker waits for a group whose task is deferred by one of no group */
static void crossed_group_behind(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct call *call = new_call(test, pool, wait_for_group_behind);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	call->group = wpt_group(test, false);
	call->ktasks = wpt_alloc(test, 2 * sizeof(*call->ktasks));
	wpool_keyed_task_init(&call->ktasks[0], wpt_run_job, &jobs[0]);
	wpool_keyed_task_init(&call->ktasks[1], wpt_run_job, &jobs[1]);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &call->task), 0);
	if (wpool_wait_timeout(&call->task, WPT_LIMIT, NULL)) {
		wpool_cancel(&call->ktasks[1].task);
		KUNIT_FAIL(test, "the worker sleeps for ever");
	}
	KUNIT_EXPECT_EQ(test, wpt_result(test, &call->task), 0);
	KUNIT_EXPECT_EQ(test, call->got, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 1);
}

static int wait_for_group(void *arg)
{
	struct call *call = arg;

	call->thread = current;
	complete_all(&call->begun);
	call->got = wpool_group_wait(call->group);
	return 0;
}

static int wait_now(void *arg)
{
	struct call *call = arg;

	call->thread = current;
	complete_all(&call->begun);
	call->got = wpool_wait(call->other);
	return 0;
}

/* Its function has begun, and sleeps in its call. */
static void call_sleeps(struct kunit *test, struct call *call)
{
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&call->begun, WPT_LIMIT), 0);
	WPT_ASSERT_UNTIL(test, READ_ONCE(call->thread->__state) & TASK_UNINTERRUPTIBLE);
}

/*
 * 16: the head of its task's key is deferred itself when the worker goes to sleep; later
 * nobody but that worker is left to run it
 */
static void crossed_group_far_behind(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_keyed_task *ktasks = wpt_alloc(test, 3 * sizeof(*ktasks));
	struct call *call = new_call(test, pool, wait_for_group);
	struct call *last = new_call(test, pool, wait_now);
	struct wpt_job *head = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	wpool_keyed_task_init(&ktasks[0], wpt_run_job, head);
	wpool_keyed_task_init(&ktasks[1], wpt_run_job, &jobs[0]);
	wpool_keyed_task_init(&ktasks[2], wpt_run_job, &jobs[1]);
	call->group = wpt_group(test, false);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &ktasks[0], 0), 0);
	wpt_begun(test, head);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &ktasks[1], 0), 0);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_keyed(call->group, pool, &ktasks[2], 0), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &call->task), 0);
	call_sleeps(test, call);
	last->other = &call->task;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &last->task), 0);
	wpt_open(head->gate);
	if (wpool_wait_timeout(&last->task, WPT_LIMIT, NULL)) {
		wpool_cancel(&ktasks[2].task);
		KUNIT_FAIL(test, "the workers sleep for ever");
	}
	KUNIT_EXPECT_EQ(test, wpt_result(test, &last->task), 0);
	KUNIT_EXPECT_EQ(test, call->got, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 1);
}

static int group_of_itself(void *arg)
{
	struct call *call = arg;

	if (call->once)
		return 0;
	call->once = true;
	call->got = wpool_group_schedule(call->group, call->pool, &call->task) ?:
		    wpool_group_wait(call->group);
	return 0;
}

/* 81: a task that is to run again in a group, and waits for that */
static void crossed_group_own(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct call *call = new_call(test, pool, group_of_itself);

	call->group = wpt_group(test, false);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &call->task), 0);
	if (wpool_wait_timeout(&call->task, WPT_LIMIT, NULL)) {
		wpool_cancel(&call->task);
		KUNIT_FAIL(test, "the worker sleeps for ever");
	}
	KUNIT_EXPECT_EQ(test, wpt_result(test, &call->task), 0);
	KUNIT_EXPECT_EQ(test, call->got, -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, call->group), 0);
}

static int wait_for_other(void *arg)
{
	struct call *call = arg;

	complete_all(&call->begun);
	if (call->n++)
		return 0;
	wait_for_completion(&call->gate->opened);
	call->got = wpool_wait(call->other);
	return 0;
}

/* 81: what is to run again does so, though a wait for it is refused */
static void crossed_refused_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct call *one = new_call(test, pool, wait_for_other);
	struct call *two = new_call(test, pool, wait_for_other);

	one->other = &two->task;
	two->other = &one->task;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &one->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&one->begun, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &two->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&two->begun, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &one->task), 0);
	wpt_open(one->gate);
	wpt_open(two->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &one->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &two->task), 0);
	KUNIT_EXPECT_EQ(test, two->got, -EDEADLK);
	KUNIT_EXPECT_EQ(test, one->got, 0);
	KUNIT_EXPECT_EQ(test, one->n, 2);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 0);
}

static int submit_and_wait(void *arg)
{
	struct call *call = arg;

	complete_all(&call->begun);
	wait_for_completion(&call->gate->opened);
	call->got = wpool_schedule(call->pool, call->other) ?: wpool_wait(call->other);
	return 0;
}

/* 81: also if the function whose wait is refused has submitted it itself, while it ran */
static void crossed_refused_submitter(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct call *one = new_call(test, pool, wait_for_other);
	struct call *two = new_call(test, pool, submit_and_wait);

	one->other = &two->task;
	two->other = &one->task;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &one->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&one->begun, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &two->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&two->begun, WPT_LIMIT), 0);
	wpt_open(two->gate);
	WPT_ASSERT_UNTIL(test, wpool_task_queued(&one->task));
	wpt_open(one->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &one->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &two->task), 0);
	KUNIT_EXPECT_EQ(test, two->got, -EDEADLK);
	KUNIT_EXPECT_EQ(test, one->got, 0);
	KUNIT_EXPECT_EQ(test, one->n, 2);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 0);
}

#define FOLLOWERS 3

static int follow_and_block(void *arg)
{
	struct call *call = arg;
	int i, ret = 0;

	for (i = 0; i < FOLLOWERS && !ret; i++)
		ret = wpool_schedule_keyed(call->pool, &call->ktasks[1 + i], 1);
	complete_all(&call->begun);
	wait_for_completion(&call->gate->opened);
	call->got = ret ?: wpool_schedule(call->pool, call->other);
	return 0;
}

/*
 * A pool of three workers, full of deferred tasks: one is inside @slow; @head blocks for
 * room that its own followers take; @waits waits for @slow, and makes room when it ends.
 */
struct jam {
	struct wpool		*pool;
	struct wpool_task	*slow;
	struct call		*head, *waits[2];
	struct wpool_delayed_task *dtasks[2];
	struct wpt_job		*jobs;
};

static struct jam *new_jam(struct kunit *test, unsigned int capacity)
{
	struct jam *jam = wpt_alloc(test, sizeof(*jam));

	jam->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .min_workers = capacity, .queue_depth = 2,
	});
	return jam;
}

/* Queued beyond the bound, as the pool is full. */
static void jam_wait(struct kunit *test, struct jam *jam, unsigned int i)
{
	struct call *waits = new_call(test, jam->pool, wait_now);
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));

	waits->other = jam->slow;
	wpool_delayed_task_init(dtask, wait_now, waits);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(jam->pool, dtask, 0), 0);
	call_sleeps(test, waits);
	jam->waits[i] = waits;
	jam->dtasks[i] = dtask;
}

/* @slow is running, and nothing else. */
static void jam_fill(struct kunit *test, struct jam *jam, unsigned int waiters)
{
	struct call *head = new_call(test, jam->pool, follow_and_block);
	unsigned int i;

	jam->jobs = wpt_jobs(test, 1 + FOLLOWERS, NULL);
	head->ktasks = wpt_alloc(test, (1 + FOLLOWERS) * sizeof(*head->ktasks));
	wpool_keyed_task_init(&head->ktasks[0], follow_and_block, head);
	for (i = 0; i < FOLLOWERS; i++)
		wpool_keyed_task_init(&head->ktasks[1 + i], wpt_run_job, &jam->jobs[1 + i]);
	head->other = &jam->jobs[0].task;
	jam->head = head;
	WPT_ASSERT_STAT(test, jam->pool, RUNNING, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(jam->pool, &head->ktasks[0], 1), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&head->begun, WPT_LIMIT), 0);
	for (i = 0; i < waiters; i++)
		jam_wait(test, jam, i);
	wpt_open(head->gate);
	WPT_ASSERT_STAT(test, jam->pool, BLOCKED, 1);
}

/* @slow is about to end, and no worker must be refused. */
static void jam_ends(struct kunit *test, struct jam *jam, unsigned int waiters)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, wpt_result(test, &jam->head->ktasks[0].task), 0);
	KUNIT_EXPECT_EQ(test, jam->head->got, 0);
	for (i = 0; i < waiters; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &jam->dtasks[i]->task), 0);
	wpt_call(test, wpt_call_drain, jam->pool, NULL);
}

/* 81: the waiter of a task begun from the batch makes room when that has ended */
static void crossed_batched_end(struct kunit *test)
{
	struct jam *jam = new_jam(test, 3);
	struct wpt_job *slow = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *quick = wpt_jobs(test, 1, NULL);

	jam->slow = &slow->task;
	wpool_pause(jam->pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(jam->pool, &slow->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(jam->pool, &quick->task), 0);
	wpool_resume(jam->pool);
	wpt_begun(test, slow);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, quick), 0);
	jam_fill(test, jam, 1);
	wpt_open(slow->gate);
	jam_ends(test, jam, 1);
}

/* 81: likewise of one that was to run again, and does not as it was asked to stop */
static void crossed_stopped_end(struct kunit *test)
{
	struct jam *jam = new_jam(test, 4);
	struct wpt_job *slow = wpt_jobs(test, 1, wpt_gate(test));

	jam->slow = &slow->task;
	KUNIT_ASSERT_EQ(test, wpool_schedule(jam->pool, &slow->task), 0);
	wpt_begun(test, slow);
	KUNIT_ASSERT_EQ(test, wpool_schedule(jam->pool, &slow->task), 0);
	KUNIT_ASSERT_TRUE(test, wpool_ask_stop(&slow->task));
	jam_fill(test, jam, 2);
	wpt_open(slow->gate);
	jam_ends(test, jam, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&slow->runs), 1);
}

struct doomed {
	struct wpool_task	task;
	struct wpool_delayed_task inner;
	struct wpool		*pool;
	struct wpt_gate		*gate;
	struct completion	begun;
};

static int die_inside(void *arg)
{
	struct doomed *self = arg;

	complete_all(&self->begun);
	wait_for_completion(&self->gate->opened);
	return wpool_schedule_delayed(self->pool, &self->inner, 0) ?:
	       wpool_wait(&self->inner.task);
}

/* 42, 81: likewise of one whose worker is taken down by a task that it runs inside it */
static void crossed_nested_death(struct kunit *test)
{
	struct jam *jam = new_jam(test, 3);
	struct doomed *doomed = wpt_alloc(test, sizeof(*doomed));

	doomed->pool = jam->pool;
	doomed->gate = wpt_gate(test);
	init_completion(&doomed->begun);
	wpool_task_init(&doomed->task, die_inside, doomed);
	wpool_delayed_task_init(&doomed->inner, wpt_die, NULL);
	jam->slow = &doomed->task;
	KUNIT_ASSERT_EQ(test, wpool_schedule(jam->pool, &doomed->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&doomed->begun, WPT_LIMIT), 0);
	jam_fill(test, jam, 1);
	wpt_open(doomed->gate);
	jam_ends(test, jam, 1);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &doomed->task), -EOWNERDEAD);
}

static int batch_of_two(struct wpt_thread *self)
{
	struct wpool_task *tasks[] = { &self->job[0].task, &self->job[1].task };

	return wpool_schedule_batch(self->pool, tasks, 2);
}

/* 26: a batch that is refused is counted */
static void crossed_batch_rejected(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_thread *thread;

	wpool_shutdown(pool);
	thread = wpt_thread(test, batch_of_two, pool, wpt_jobs(test, 2, NULL), NULL);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ESHUTDOWN);
	WPT_EXPECT_STAT(test, pool, REJECTED, 1);
}

static struct kunit_case crossed_cases[] = {
	KUNIT_CASE(crossed_discard_keyed),
	KUNIT_CASE(crossed_group_behind),
	KUNIT_CASE(crossed_group_far_behind),
	KUNIT_CASE(crossed_group_own),
	KUNIT_CASE(crossed_refused_again),
	KUNIT_CASE(crossed_refused_submitter),
	KUNIT_CASE(crossed_batched_end),
	KUNIT_CASE(crossed_stopped_end),
	KUNIT_CASE(crossed_nested_death),
	KUNIT_CASE(crossed_batch_rejected),
	{}
};

static struct kunit_suite crossed_suite = {
	.name = "wpool_crossed",
	.init = crossed_init,
	.exit = wpt_exit,
	.test_cases = crossed_cases,
};

kunit_test_suite(crossed_suite);
