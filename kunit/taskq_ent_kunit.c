// SPDX-License-Identifier: GPL-2.0
/*
 * taskq(9F) on wpool: entries that belong to their dispatchers, the end of a taskq, and what
 * is called inside one.
 */
/* Alone, so this also shows that linux/wpool_taskq.h, its first, needs no other before it. */
#include "taskq_scene.h"
#include "ear.h"

#define MANY	300

/* What is listened for. */
static const char * const words[] = { "is going away", "is queued already" };

enum { GOING, ALREADY };

static int taskq_ent_suite_init(struct kunit_suite *suite)
{
	ear_open(words, ARRAY_SIZE(words));
	return 0;
}

static void taskq_ent_suite_exit(struct kunit_suite *suite)
{
	ear_close();
}

static int taskq_ent_init(struct kunit *test)
{
	return wpt_init(test, "wpool_taskq_ent");
}

static taskq_ent_t *entry(struct kunit *test)
{
	taskq_ent_t *ent = wpt_alloc(test, sizeof(*ent));

	taskq_init_ent(ent);
	return ent;
}

/* 159: an entry that waits is left alone; it is empty as soon as its function runs */
static void ent_in_flight(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, 0);
	struct wpt_job *hold = scene_hold(test, tq, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, wpt_gate(test));
	taskq_ent_t *ent = entry(test), *front = entry(test);
	struct wpt_job *last = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_TRUE(test, taskq_empty_ent(ent));
	taskq_dispatch_ent(tq, scene_run, last, TQ_NOQUEUE, ent);
	KUNIT_EXPECT_TRUE(test, taskq_empty_ent(ent));
	taskq_dispatch_ent(tq, scene_run, last, 0, front);
	taskq_dispatch_ent(tq, scene_run, &jobs[0], TQ_FRONT, ent);
	KUNIT_EXPECT_FALSE(test, taskq_empty_ent(ent));
	ear_listen(tq);
	taskq_dispatch_ent(tq, scene_run, &jobs[1], 0, ent);
	WPT_ASSERT_UNTIL(test, ear_heard(ALREADY));
	wpt_open(hold->gate);
	wpt_begun(test, &jobs[0]);
	KUNIT_EXPECT_TRUE(test, taskq_empty_ent(ent));
	KUNIT_EXPECT_FALSE(test, taskq_empty_ent(front));
	wpt_open(jobs->gate);
	scene_wait(test, tq);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&last->runs), 1);
	scene_end(test, tq);
}

/* Goes from one taskq to the other and back, and is freed by its function in the end. */
struct traveller {
	taskq_ent_t		ent;
	taskq_t			*tqs[2];
	unsigned int		left;
	struct completion	*arrived;
};

static void travel(void *arg)
{
	struct traveller *traveller = arg;
	struct completion *arrived = traveller->arrived;

	if (traveller->left--) {
		taskq_dispatch_ent(traveller->tqs[traveller->left % 2], travel, traveller, 0,
				   &traveller->ent);
		return;
	}
	kfree(traveller);
	complete(arrived);
}

/* 159: the function may dispatch it again, to whatever taskq, or free it */
static void ent_is_the_functions(struct kunit *test)
{
	struct completion *arrived = wpt_alloc(test, sizeof(*arrived));
	taskq_t *tqs[] = { scene_taskq(test, 2, INT_MAX, 0), scene_taskq(test, 1, INT_MAX, 0) };
	struct traveller *traveller;
	unsigned int i;

	init_completion(arrived);
	for (i = 0; i < 10; i++) {
		traveller = kzalloc(sizeof(*traveller), GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, traveller);
		memcpy(traveller->tqs, tqs, sizeof(tqs));
		traveller->left = MANY;
		traveller->arrived = arrived;
		taskq_init_ent(&traveller->ent);
		taskq_dispatch_ent(tqs[0], travel, traveller, 0, &traveller->ent);
	}
	for (i = 0; i < 10; i++)
		KUNIT_ASSERT_NE(test, wait_for_completion_timeout(arrived, WPT_LIMIT), 0);
	scene_end(test, tqs[0]);
	scene_end(test, tqs[1]);
}

static void count(void *arg)
{
	atomic_inc(arg);
}

/* 159: nor does its next call take the place of the one that has just begun */
static void ent_again_and_again(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 2, INT_MAX, 0);
	atomic_t *runs = wpt_alloc(test, MANY * sizeof(*runs));
	taskq_ent_t *ent = entry(test);
	unsigned int i, once = 0;

	for (i = 0; i < MANY; i++) {
		WPT_ASSERT_UNTIL(test, taskq_empty_ent(ent));
		taskq_dispatch_ent(tq, count, &runs[i], 0, ent);
	}
	scene_wait(test, tq);
	for (i = 0; i < MANY; i++)
		once += atomic_read(&runs[i]) == 1;
	KUNIT_EXPECT_EQ(test, once, MANY);
	scene_end(test, tq);
}

/* 159: one whose module is going away is not called, which the log says */
static void ent_going(struct kunit *test)
{
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	taskq_ent_t *ent = entry(test);

	wpt_needs_module(test);
	ear_listen(system_taskq);
	ent->task.owner = wpt_module(test, MODULE_STATE_GOING);
	taskq_dispatch_ent(system_taskq, scene_run, &jobs[0], 0, ent);
	KUNIT_EXPECT_TRUE(test, taskq_empty_ent(ent));
	WPT_ASSERT_UNTIL(test, ear_heard(GOING) == 1);
	taskq_dispatch_ent(system_taskq, scene_run, &jobs[0], TQ_NOQUEUE, ent);
	KUNIT_EXPECT_TRUE(test, taskq_empty_ent(ent));
	WPT_ASSERT_UNTIL(test, ear_heard(GOING) == 2);
	ent->task.owner->state = MODULE_STATE_LIVE;
	taskq_dispatch_ent(system_taskq, scene_run, &jobs[1], 0, ent);
	wpt_begun(test, &jobs[1]);
	WPT_ASSERT_UNTIL(test, wpt_pins(ent->task.owner) == 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 0);
	KUNIT_EXPECT_EQ(test, ear_heard(GOING), 2);
}

struct chain {
	taskq_t		*tq;
	unsigned int	left;
	atomic_t	runs;
};

static void run_chain(void *arg)
{
	struct chain *chain = arg;

	atomic_inc(&chain->runs);
	if (chain->left--)
		taskq_dispatch(chain->tq, run_chain, chain, TQ_SLEEP);
}

/* 160: the end waits for all: what waits, what is delayed, entries, and what these dispatch */
static void ent_destroy(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 2, INT_MAX, 0);
	struct chain *chain = wpt_alloc(test, sizeof(*chain));
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct wpt_job *slow = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *thread;

	chain->tq = tq;
	chain->left = 20;
	taskq_suspend(tq);
	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, scene_run, slow, TQ_SLEEP), 0);
	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, scene_run, &jobs[0], TQ_SLEEP), 0);
	KUNIT_EXPECT_NE(test, taskq_dispatch_delay(tq, scene_run, &jobs[1], TQ_SLEEP,
						   jiffies + HZ / 5), 0);
	taskq_dispatch_ent(tq, scene_run, &jobs[2], 0, entry(test));
	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, run_chain, chain, TQ_SLEEP), 0);
	wpt_forget(test, tq);
	thread = wpt_thread(test, call_taskq_destroy, tq, NULL, NULL);
	wpt_begun(test, slow);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	wpt_open(slow->gate);
	wpt_join(test, thread);
	KUNIT_EXPECT_EQ(test, atomic_read(&slow->runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[2].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&chain->runs), 21);
}

/* 160: nor has it anything to wait for if it has ended already, as a pool may: it goes */
static void ent_destroy_ended(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, 0);
	char *name = wpt_alloc(test, WPOOL_NAME_MAX + 1);

	strscpy(name, wpool_name(tq), WPOOL_NAME_MAX + 1);
	wpool_shutdown(tq);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(tq, WPT_LIMIT), 0);
	KUNIT_ASSERT_PTR_EQ(test, wpool_find(name), (struct wpool *)tq);
	wpool_put(tq);
	scene_end(test, tq);
	KUNIT_EXPECT_PTR_EQ(test, wpool_find(name), (struct wpool *)NULL);
}

/* 160: a taskq that is suspended begins nothing, and says so */
static void ent_suspended(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, 0);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	taskq_ent_t *ent = entry(test);

	KUNIT_EXPECT_FALSE(test, taskq_suspended(tq));
	taskq_suspend(tq);
	KUNIT_EXPECT_TRUE(test, taskq_suspended(tq));
	KUNIT_EXPECT_EQ(test, taskq_dispatch(tq, scene_run, &jobs[0], TQ_NOQUEUE), 0);
	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, scene_run, &jobs[0], TQ_SLEEP), 0);
	taskq_dispatch_ent(tq, scene_run, &jobs[1], 0, ent);
	WPT_EXPECT_STAT(test, tq, QUEUED, 2);
	taskq_resume(tq);
	KUNIT_EXPECT_FALSE(test, taskq_suspended(tq));
	scene_wait(test, tq);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 1);
	scene_end(test, tq);
}

struct inside {
	taskq_t			*tq;
	taskqid_t		own;
	int			cancelled;
	struct wpt_gate		*told;	/* its id */
	struct completion	begun;
};

static void call_inside(void *arg)
{
	struct inside *inside = arg;

	wait_for_completion(&inside->told->opened);
	taskq_wait(inside->tq);
	taskq_wait_id(inside->tq, inside->own);
	taskq_wait_outstanding(inside->tq, 0);
	taskq_wait_outstanding(inside->tq, inside->own);
	inside->cancelled = taskq_cancel_id(inside->tq, inside->own);
	taskq_destroy(inside->tq);
	complete(&inside->begun);
}

/* 161: what would wait for itself returns; the taskq goes on */
static void ent_inside(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, 0);
	struct inside *inside = wpt_alloc(test, sizeof(*inside));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	inside->tq = tq;
	inside->told = wpt_gate(test);
	init_completion(&inside->begun);
	inside->own = taskq_dispatch(tq, call_inside, inside, TQ_SLEEP);
	wpt_open(inside->told);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&inside->begun, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, inside->cancelled, EBUSY);
	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, scene_run, job, TQ_SLEEP), 0);
	scene_wait(test, tq);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	scene_end(test, tq);
}

struct below {
	taskq_t			*tq;
	struct wpool		*full;
	struct wpool_task	task;
	struct wpt_job		*job;	/* not to begin */
	int			ret;
	struct completion	done;
};

static int destroy_above(void *arg)
{
	struct below *below = arg;

	taskq_destroy(below->tq);
	return 0;
}

static void call_below(void *arg)
{
	struct below *below = arg;

	taskq_suspend(below->tq);
	taskq_dispatch(below->tq, scene_run, below->job, TQ_SLEEP);
	below->ret = wpool_schedule(below->full, &below->task);
	complete(&below->done);
}

/* 161: nor does its end, refused inside a task of another pool, resume it */
static void ent_inside_below(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 2, INT_MAX, 0);
	struct below *below = wpt_alloc(test, sizeof(*below));
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);

	below->tq = tq;
	below->full = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_CALLER_RUNS,
	});
	hold = wpt_hold(test, below->full, 1);
	wpool_task_init(&below->task, destroy_above, below);
	init_completion(&below->done);
	below->job = job;
	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, call_below, below, TQ_SLEEP), 0);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&below->done, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, below->ret, 0);
	WPT_EXPECT_STAT(test, below->full, CALLER_RUNS, 1);
	KUNIT_EXPECT_TRUE(test, taskq_suspended(tq));
	WPT_EXPECT_STAT(test, tq, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	taskq_resume(tq);
	scene_wait(test, tq);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	wpt_open(hold->gate);
	scene_end(test, tq);
}

static int call_wait_system(struct wpt_thread *self)
{
	taskq_wait_id(system_taskq, *(taskqid_t *)self->arg);
	return 0;
}

/* 161: there is one for all, which nobody suspends */
static void ent_system(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	taskqid_t *id = wpt_alloc(test, sizeof(*id));

	taskq_suspend(system_taskq);
	KUNIT_EXPECT_FALSE(test, taskq_suspended(system_taskq));
	*id = taskq_dispatch(system_taskq, scene_run, job, TQ_SLEEP);
	KUNIT_EXPECT_NE(test, *id, TASKQID_INVALID);
	wpt_join(test, wpt_thread(test, call_wait_system, system_taskq, NULL, id));
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

static struct kunit_case taskq_ent_cases[] = {
	KUNIT_CASE(ent_in_flight),
	KUNIT_CASE(ent_is_the_functions),
	KUNIT_CASE(ent_again_and_again),
	KUNIT_CASE(ent_going),
	KUNIT_CASE(ent_destroy),
	KUNIT_CASE(ent_destroy_ended),
	KUNIT_CASE(ent_suspended),
	KUNIT_CASE(ent_inside),
	KUNIT_CASE(ent_inside_below),
	KUNIT_CASE(ent_system),
	{}
};

static struct kunit_suite taskq_ent_suite = {
	.name = "wpool_taskq_ent",
	.suite_init = taskq_ent_suite_init,
	.suite_exit = taskq_ent_suite_exit,
	.init = taskq_ent_init,
	.exit = wpt_exit,
	.test_cases = taskq_ent_cases,
};

kunit_test_suite(taskq_ent_suite);
