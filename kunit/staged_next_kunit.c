// SPDX-License-Identifier: GPL-2.0
/*
 * A task that another one has submitted, and that the worker takes straight from the inbox
 * when it comes back: see inbox_pop_only() in core/inbox.c. Whatever befalls the pool then, it is
 * like any other task.
 */
#include <linux/kthread.h>
#include "staging_scene.h"

static int next_init(struct kunit *test)
{
	return wpt_init(test, "wpool_staged_next");
}

/* A job that submits @other to the pool of the scene when its gate is open. */
static struct wpt_job *asks_for(struct kunit *test, struct batch_scene *scene,
				struct wpt_job *job, struct wpt_job *other)
{
	struct batch_asker *asker = batch_asker(test, job, batched_ask_schedule);

	asker->pool = scene->pool;
	asker->other = other;
	return job;
}

/* A job of this scene that submits @other. */
static struct wpt_job *asker_of(struct kunit *test, struct batch_scene *scene,
				struct wpt_job *other, struct wpt_gate *gate)
{
	return asks_for(test, scene, batched_jobs(test, scene, 1, gate), other);
}

/* How many tasks are in between: only the first is taken with the lock of the batch. */
static const unsigned int link_cases[] = { 0, 1 };

static void link_name(const unsigned int *links, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "after %u", *links);
}

KUNIT_ARRAY_PARAM(link, link_cases, link_name);

static unsigned int links_of(struct kunit *test)
{
	return test->param_value ? *(const unsigned int *)test->param_value : 0;
}

/* A job that submits @next, or the one of which that is submitted. */
static struct wpt_job *first_of(struct kunit *test, struct batch_scene *scene,
				struct wpt_job *next)
{
	unsigned int i;

	for (i = 0; i < links_of(test); i++)
		next = asker_of(test, scene, next, NULL);
	return asker_of(test, scene, next, NULL);
}

/*
 * One worker of a pool in which all are held goes on with a job that submits @next, and is inside
 * of that when this returns.
 */
static void next_begin(struct kunit *test, struct batch_scene *scene, unsigned int worker,
		       struct wpt_job *next)
{
	struct wpt_job *first = first_of(test, scene, next);

	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &first->task), 0);
	batched_let_go(test, scene, worker, next);
}

static struct batch_scene *next_scene(struct kunit *test, unsigned int workers)
{
	return batch_scene(test, &(struct wpool_attrs) {
		.capacity = workers, .min_workers = workers,
	});
}

#define LINKS	600

/* 65: each submits the next: they begin in order, once each, and the counters are right */
static void next_keeps_order(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *links = batched_jobs(test, scene, LINKS, NULL);
	unsigned int i;

	for (i = 0; i + 1 < LINKS; i++)
		asks_for(test, scene, &links[i], &links[i + 1]);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &links[0].task), 0);
	wpt_open(scene->held[0]->gate);
	batched_expect_order(test, links, LINKS);
	WPT_ASSERT_STAT(test, scene->pool, COMPLETED, LINKS + 1);
	WPT_EXPECT_STAT(test, scene->pool, SUBMITTED, LINKS + 1);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 0);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
}

/* 65: of two that come meanwhile none is lost, and the first begins first */
static void next_of_two(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *next = batched_jobs(test, scene, 1, wpt_gate(test)), *two;

	next_begin(test, scene, 0, next);
	two = batched_queue(test, scene, 2, NULL);
	wpt_open(next->gate);
	batched_expect_order(test, two, 2);
}

/* 65: the same if somebody has looked at the pool, and the first of them is on the queue */
static void next_is_looked_at(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *next = batched_jobs(test, scene, 1, wpt_gate(test)), *two;

	next_begin(test, scene, 0, next);
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&next->task));
	two = batched_queue(test, scene, 2, NULL);
	wpt_open(next->gate);
	batched_expect_order(test, two, 2);
}

/* 65: one that waits on the queue, because it is no task for the batch, begins before it */
static void next_is_behind_the_queue(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *next = batched_jobs(test, scene, 1, NULL);
	struct wpt_job *first = asker_of(test, scene, next, NULL), *member, *last;
	struct wpool_group *group = wpt_group(test, false);

	member = batched_jobs(test, scene, 1, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &first->task), 0);
	wpt_group_schedule(test, group, scene->pool, member, 1);
	last = batched_queue(test, scene, 1, NULL);
	batched_let_go(test, scene, 0, next);
	KUNIT_EXPECT_EQ(test, batched_result(test, next), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	KUNIT_EXPECT_EQ(test, member->turn, 2);
	KUNIT_EXPECT_EQ(test, last->turn, 3);
	KUNIT_EXPECT_EQ(test, next->turn, 4);
}

/* 43, 44: it runs, and is counted so */
static void next_is_counted(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *next = batched_jobs(test, scene, 1, wpt_gate(test));

	next_begin(test, scene, 0, next);
	WPT_EXPECT_STAT(test, scene->pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, scene->pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, scene->pool, COMPLETED, 2 + links_of(test));
	WPT_EXPECT_STAT(test, scene->pool, SUBMITTED, 3 + links_of(test));
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&next->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&next->task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&next->task));
}

/* A flush waits for it. */
static void next_is_flushed(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *next = batched_jobs(test, scene, 1, wpt_gate(test));
	struct wpt_thread *flusher;

	next_begin(test, scene, 0, next);
	flusher = wpt_thread(test, wpt_call_flush, scene->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flusher));
	wpt_open(next->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flusher), 0);
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&next->task));
}

/* One that was submitted after a flush began is none of those that it waits for. */
static void next_of_another_color(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 2);
	struct wpt_job *before = batched_jobs(test, scene, 1, wpt_gate(test));
	struct wpt_job *beside = batched_jobs(test, scene, 1, wpt_gate(test));
	struct wpt_job *after = batched_jobs(test, scene, 1, wpt_gate(test));
	struct wpt_thread *flusher;

	next_begin(test, scene, 0, before);
	flusher = wpt_thread(test, wpt_call_flush, scene->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flusher));
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &beside->task), 0);
	batched_let_go(test, scene, 1, beside);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &after->task), 0);
	wpt_open(before->gate);
	wpt_begun(test, after);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flusher), 0);
	wpt_open(after->gate);
	wpt_open(beside->gate);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
}

/* A drain that waits finds the end of what came as one of a batch, and of what that submitted. */
static void next_is_drained(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *next = batched_jobs(test, scene, 1, NULL);
	struct wpt_thread *drainer;
	struct wpt_job *first;

	drainer = wpt_thread(test, wpt_call_drain, scene->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(drainer));
	batched_queue(test, scene, 1, NULL);
	first = asker_of(test, scene, next, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &first->task), 0);
	wpt_open(scene->held[0]->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drainer), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&next->runs), 1);
}

/* 14: a waiter gets its result */
static void next_is_awaited(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *next = batched_jobs(test, scene, 1, wpt_gate(test));
	struct wpt_thread *waiter;

	next->result = 12;
	next_begin(test, scene, 0, next);
	waiter = wpt_thread(test, wpt_call_wait, scene->pool, next, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpt_open(next->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 12);
}

/* 14: the same if meanwhile another worker takes one in the same way, and one more is staged */
static void next_of_two_workers(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 2);
	struct wpt_job *next = batched_jobs(test, scene, 1, wpt_gate(test));
	struct wpt_job *beside = batched_jobs(test, scene, 1, wpt_gate(test));
	struct wpt_job *after = batched_jobs(test, scene, 1, NULL);
	struct wpt_thread *waiter;

	next->result = 12;
	next_begin(test, scene, 0, next);
	waiter = wpt_thread(test, wpt_call_wait, scene->pool, next, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	next_begin(test, scene, 1, beside);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &after->task), 0);
	wpt_open(next->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), 12);
	batched_expect_run(test, after, 1);
	wpt_open(beside->gate);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
}

static int cancel_until_over(struct wpt_thread *self)
{
	while (!wpool_cancel(&self->job->task)) {
		if (completion_done(&self->job->gate->opened))
			return 0;
		cond_resched();
	}
	return 1;
}

#define RACES	300

/* 47, 48: either a thread takes it back as it begins, or it runs */
static void next_is_cancelled(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *hold = scene->held[0], *next, *first;
	struct wpt_thread *canceller;
	unsigned int i, wrong = 0;
	bool taken;

	for (i = 0; i < RACES; i++) {
		next = batched_jobs(test, scene, 1, wpt_gate(test));
		first = first_of(test, scene, next);
		KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &first->task), 0);
		canceller = wpt_thread(test, cancel_until_over, scene->pool, next, NULL);
		wpt_open(hold->gate);
		WPT_ASSERT_UNTIL(test, completion_done(&next->begun) ||
				       completion_done(&canceller->done));
		wpt_open(next->gate);
		taken = wpt_join(test, canceller);
		KUNIT_ASSERT_EQ(test, batched_result(test, next), taken ? -ECANCELED : 0);
		wrong += atomic_read(&next->runs) + taken != 1;
		hold = wpt_hold(test, scene->pool, 1);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* A pause holds for what it submits then. */
static void next_is_paused(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *last = batched_jobs(test, scene, 1, NULL);
	struct wpt_job *next = asker_of(test, scene, last, wpt_gate(test));

	next_begin(test, scene, 0, next);
	wpool_pause(scene->pool);
	wpt_open(next->gate);
	WPT_ASSERT_STAT(test, scene->pool, IDLE, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&last->runs), 0);
	wpool_resume(scene->pool);
	batched_expect_run(test, last, 1);
}

/* 28: a worker that is one too many leaves before it takes one */
static void next_is_not_for_one_too_many(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 2);
	struct wpt_job *last = batched_jobs(test, scene, 1, NULL);
	struct wpt_job *next = asker_of(test, scene, last, wpt_gate(test));

	next_begin(test, scene, 0, next);
	KUNIT_ASSERT_EQ(test, wpool_resize(scene->pool, 1), 0);
	wpt_open(next->gate);
	WPT_ASSERT_STAT(test, scene->pool, WORKERS, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&last->runs), 0);
	wpt_open(scene->held[1]->gate);
	batched_expect_run(test, last, 1);
}

/* 41: its worker dies in it: what it has submitted runs on the next */
static void next_dies(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *next = batched_jobs(test, scene, 1, wpt_gate(test));
	struct wpt_job *last = batched_jobs(test, scene, 1, NULL);

	batch_asker(test, next, batched_die);
	next_begin(test, scene, 0, next);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &last->task), 0);
	wpt_open(next->gate);
	batched_expect_run(test, last, 1);
	KUNIT_EXPECT_EQ(test, batched_result(test, next), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, scene->pool, DIED, 1);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
}

static int ask_again(struct batch_asker *asker)
{
	if (atomic_read(&asker->job->runs) > 1)
		return 0;
	return wpool_schedule(asker->pool, &asker->job->task);
}

/* 12: it submits itself again: it runs once more */
static void next_comes_again(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct wpt_job *next = batched_jobs(test, scene, 1, NULL);

	batch_asker(test, next, ask_again)->pool = scene->pool;
	next_begin(test, scene, 0, next);
	KUNIT_EXPECT_EQ(test, batched_result(test, next), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&next->runs), 2);
}

/* A task with two others on its stack, which kills its worker when its gate opens. */
struct host {
	struct wpool_task	task;
	struct wpool_task	lends;		/* submits the other one */
	struct wpool		*pool;
	struct wpool_task	*lent;
	struct wpt_job		*job;		/* as which that runs */
	struct wpt_job		*own;		/* as one that it submits itself */
	struct wpt_gate		*gate;
	struct completion	ready;
	int			err;
};

static int host_and_die(void *arg)
{
	struct host *host = arg;
	struct wpool_task lent, own;

	wpool_task_init(&lent, wpt_run_job, host->job);
	wpool_task_init(&own, wpt_run_job, host->own);
	host->err = wpool_schedule(host->pool, &own);
	host->lent = &lent;
	complete(&host->ready);
	wait_for_completion(&host->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static int lend(void *arg)
{
	struct host *host = arg;

	/* After an assertion has failed the stack may be gone. */
	return completion_done(&host->gate->opened) ? -ECANCELED :
	       wpool_schedule(host->pool, host->lent);
}

static int note_stop(void *arg)
{
	bool *stops = arg;

	*stops = wpool_should_stop();
	return 0;
}

/* One worker is inside of the host, and another one inside of what lies on its stack. */
static struct host *host_begin(struct kunit *test, struct batch_scene *scene)
{
	struct host *host = wpt_alloc(test, sizeof(*host));

	host->pool = scene->pool;
	host->job = wpt_jobs(test, 1, wpt_gate(test));
	host->own = wpt_jobs(test, 1, NULL);
	host->gate = wpt_gate(test);
	init_completion(&host->ready);
	wpool_task_init(&host->task, host_and_die, host);
	wpool_task_init(&host->lends, lend, host);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &host->task), 0);
	wpt_open(scene->held[0]->gate);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&host->ready, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, host->err, 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &host->lends), 0);
	batched_let_go(test, scene, 1, host->job);
	return host;
}

/* 55: that is asked to stop, and goes with the stack: the next in its worker is not asked */
static void next_is_not_asked(struct kunit *test)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 3 });
	struct host *host = host_begin(test, scene);
	struct wpt_job *beside = batched_jobs(test, scene, 1, wpt_gate(test));
	struct wpool_task *next = wpt_alloc(test, sizeof(*next));
	bool *stops = wpt_alloc(test, sizeof(*stops));

	*stops = true;
	wpool_task_init(next, note_stop, stops);
	KUNIT_ASSERT_TRUE(test, wpool_ask_stop(host->lent));
	wpt_open(host->gate);
	KUNIT_ASSERT_EQ(test, wpt_result(test, &host->task), -EOWNERDEAD);
	KUNIT_ASSERT_EQ(test, wpool_resize(scene->pool, 2), 0);
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_manager()));
	/* Both that are left are busy, and then the queue is empty. */
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &beside->task), 0);
	batched_let_go(test, scene, 2, beside);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, next), 0);
	wpt_open(host->job->gate);
	WPT_ASSERT_UNTIL(test, !wpool_task_queued(next) && !wpool_task_running(next));
	KUNIT_EXPECT_FALSE(test, *stops);
}

struct countdown {
	struct wpool	*pool;
	unsigned int	left;
	int		err;
};

static int count_down(void *arg)
{
	struct countdown *countdown = arg;

	if (--countdown->left)
		countdown->err = wpool_schedule_fn(countdown->pool,
						   count_down, countdown,
						   NULL);
	return countdown->err;
}

/* 65: functions without a task of their own */
static void next_of_functions(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 1);
	struct countdown *countdown = wpt_alloc(test, sizeof(*countdown));

	*countdown = (struct countdown) { .pool = scene->pool, .left = LINKS };
	KUNIT_ASSERT_EQ(test,
			wpool_schedule_fn(scene->pool, count_down, countdown, NULL),
			0);
	wpt_open(scene->held[0]->gate);
	WPT_ASSERT_STAT(test, scene->pool, COMPLETED, LINKS + 1);
	KUNIT_EXPECT_EQ(test, countdown->err, 0);
	KUNIT_EXPECT_EQ(test, countdown->left, 0);
	wpt_call(test, wpt_call_drain, scene->pool, NULL);
}

#define REFUSED	7

static int wait_in_vain(struct batch_asker *asker)
{
	return wpool_wait(&asker->other->task) == -EDEADLK ? REFUSED : 0;
}

/* Waits for the other when that has begun, and so for one that waits for this one. */
static int submit_and_wait(struct batch_asker *asker)
{
	int err = batched_ask_schedule(asker);

	if (err)
		return err;
	wait_for_completion(&asker->other->begun);
	return wpool_wait(&asker->other->task);
}

/* 16: of two that wait for each other the one that did not submit the other is refused */
static void next_is_younger(struct kunit *test)
{
	struct batch_scene *scene = next_scene(test, 2);
	struct wpt_job *holds = batched_queue(test, scene, 1, wpt_gate(test));
	struct wpt_job *jobs = batched_jobs(test, scene, 2, NULL);
	struct batch_asker *older = batch_asker(test, &jobs[0], submit_and_wait);
	struct batch_asker *younger = batch_asker(test, &jobs[1], wait_in_vain);
	struct wpt_job *first = asker_of(test, scene, older->job, NULL);

	older->pool = scene->pool;
	older->other = younger->job;
	younger->other = older->job;
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &first->task), 0);
	batched_let_go(test, scene, 0, holds);
	batched_let_go(test, scene, 1, older->job);
	WPT_ASSERT_STAT(test, scene->pool, QUEUED, 1);
	wpt_open(holds->gate);
	KUNIT_EXPECT_EQ(test, batched_result(test, older->job), REFUSED);
	KUNIT_EXPECT_EQ(test, batched_result(test, younger->job), REFUSED);
}

static struct kunit_case next_cases[] = {
	KUNIT_CASE(next_keeps_order),
	KUNIT_CASE_PARAM(next_of_two, link_gen_params),
	KUNIT_CASE_PARAM(next_is_looked_at, link_gen_params),
	KUNIT_CASE(next_is_behind_the_queue),
	KUNIT_CASE_PARAM(next_is_counted, link_gen_params),
	KUNIT_CASE_PARAM(next_is_flushed, link_gen_params),
	KUNIT_CASE_PARAM(next_of_another_color, link_gen_params),
	KUNIT_CASE(next_is_drained),
	KUNIT_CASE_PARAM(next_is_awaited, link_gen_params),
	KUNIT_CASE_PARAM(next_of_two_workers, link_gen_params),
	KUNIT_CASE_PARAM(next_is_cancelled, link_gen_params),
	KUNIT_CASE_PARAM(next_is_paused, link_gen_params),
	KUNIT_CASE_PARAM(next_is_not_for_one_too_many, link_gen_params),
	KUNIT_CASE_PARAM(next_dies, link_gen_params),
	KUNIT_CASE_PARAM(next_comes_again, link_gen_params),
	KUNIT_CASE(next_is_not_asked),
	KUNIT_CASE(next_of_functions),
	KUNIT_CASE(next_is_younger),
	{}
};

static struct kunit_suite next_suite = {
	.name = "wpool_staged_next",
	.init = next_init,
	.exit = wpt_exit,
	.test_cases = next_cases,
};

kunit_test_suite(next_suite);
