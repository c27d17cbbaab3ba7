// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that their submitters run because the pool is full, and that kill their submitters.
 */
#include <linux/kthread.h>
#include "wpool_kunit.h"

static int caller_death_init(struct kunit *test)
{
	return wpt_init(test, "wpool_caller_death");
}

/* A pool with all its workers but some busy, and room for so many more. */
static struct wpool *full_pool(struct kunit *test, unsigned int capacity, unsigned int held,
			       int depth, struct wpt_job **hold)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .queue_depth = depth, .full = WPOOL_FULL_CALLER_RUNS,
	});

	*hold = wpt_hold(test, pool, held);
	return pool;
}

/* A task that kills its thread, perhaps after it has submitted itself. */
struct fatal {
	struct wpool_task	task;
	struct wpt_thread	*thread;	/* that the test waits for, or NULL */
	struct wpt_gate		*gate;		/* waited for before, or NULL */
	struct completion	begun;
	atomic_t		runs;
	bool			again;
	int			err;
};

static int die_in_run(void *arg)
{
	struct fatal *fatal = arg;

	if (atomic_inc_return(&fatal->runs) == 1 && fatal->again)
		fatal->err = wpool_schedule(wpool_current(), &fatal->task);
	complete_all(&fatal->begun);
	if (fatal->gate)
		wait_for_completion(&fatal->gate->opened);
	if (fatal->thread)
		complete_all(&fatal->thread->done);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* The same in the condition of a wait that a stop would end. */
static bool die_awake(void *arg)
{
	__set_current_state(TASK_RUNNING);
	return die_in_run(arg);
}

static int die_in_condition(void *arg)
{
	DECLARE_WAIT_QUEUE_HEAD_ONSTACK(wq);

	return wpool_wait_event_stop(wq, die_awake(arg));
}

static void fatal_set_up(struct fatal *fatal)
{
	wpool_task_init(&fatal->task, die_in_run, fatal);
	init_completion(&fatal->begun);
}

static struct fatal *fatal(struct kunit *test)
{
	struct fatal *fatal = wpt_alloc(test, sizeof(*fatal));

	fatal_set_up(fatal);
	return fatal;
}

static int call_die(struct wpt_thread *self)
{
	struct fatal *fatal = self->arg;

	fatal->thread = self;
	return wpool_schedule(self->pool, &fatal->task);
}

/* 37, 39, 82: it takes down a thread that is no worker: the pool notices that, too */
static void caller_death(struct kunit *test)
{
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, 1, 1, WPOOL_QUEUE_HANDOFF, &hold);
	struct fatal *deed = fatal(test);
	struct wpt_thread *waiter;

	deed->gate = wpt_gate(test);
	wpt_thread(test, call_die, pool, NULL, deed);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&deed->begun, WPT_LIMIT), 0);
	waiter = wpt_thread(test, wpt_call_flush, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpt_open(deed->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &deed->task), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, pool, OOPSED, 1);
	WPT_EXPECT_STAT(test, pool, DIED, 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 0);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	WPT_EXPECT_STAT(test, pool, RUNNING, 1);
	wpt_open(hold->gate);
	wpt_join(test, waiter);
	wpt_destroy(test, pool);
}

/* 35, 82: again and again */
static void caller_death_often(struct kunit *test)
{
	const unsigned int n = 40;
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, 1, 1, WPOOL_QUEUE_HANDOFF, &hold);
	struct fatal *deed = fatal(test);
	unsigned int i;

	for (i = 0; i < n; i++) {
		wpt_join(test, wpt_thread(test, call_die, pool, NULL, deed));
		KUNIT_ASSERT_EQ(test, wpt_result(test, &deed->task), -EOWNERDEAD);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&deed->runs), n);
	WPT_EXPECT_STAT(test, pool, OOPSED, n);
	wpt_open(hold->gate);
}

/* 40, 82: while the end of the pool waits for it */
static void caller_death_during_destroy(struct kunit *test)
{
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, 1, 1, WPOOL_QUEUE_HANDOFF, &hold);
	struct fatal *deed = fatal(test);
	struct wpt_thread *thread;

	deed->gate = wpt_gate(test);
	wpt_thread(test, call_die, pool, NULL, deed);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&deed->begun, WPT_LIMIT), 0);
	wpool_get(pool);
	wpt_forget(test, pool);
	thread = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(pool) == WPOOL_STATE_SHUTDOWN);
	wpt_open(hold->gate);
	WPT_ASSERT_STAT(test, pool, WORKERS, 0);
	wpt_open(deed->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &deed->task), -EOWNERDEAD);
	wpool_put(pool);
}

/* A task that submits another, which its thread has to run and dies in. */
struct outer {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpool_task	*inner;
	struct fatal		*deed;
};

static int run_outer(void *arg)
{
	struct outer *outer = arg;

	return wpool_schedule(outer->pool, outer->inner);
}

static struct outer *outer(struct kunit *test, struct wpool *pool, struct wpool_task *inner,
			   struct fatal *deed)
{
	struct outer *outer = wpt_alloc(test, sizeof(*outer));

	outer->pool = pool;
	outer->inner = inner;
	outer->deed = deed;
	wpool_task_init(&outer->task, run_outer, outer);
	return outer;
}

static int call_outer(struct wpt_thread *self)
{
	struct outer *outer = self->arg;

	outer->deed->thread = self;
	return wpool_schedule(self->pool, &outer->task);
}

/* 42, 82: the submitter is a worker of the pool itself: both of its tasks end */
static void caller_death_of_worker(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = full_pool(test, 2, 1, WPOOL_QUEUE_HANDOFF, &hold);
	struct fatal *deed = fatal(test);
	struct outer *around = outer(test, pool, &deed->task, deed);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &around->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &around->task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &deed->task), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	WPT_EXPECT_STAT(test, pool, OOPSED, 2);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	wpt_open(hold->gate);
}

/* 42, 82: or of another pool; its submitter in a third, and a thread that is no worker */
static void caller_death_of_others(struct kunit *test)
{
	struct wpt_job *holds[2];
	struct wpool *full[2], *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	unsigned int i, round;

	for (i = 0; i < 2; i++)
		full[i] = full_pool(test, 1, 1, WPOOL_QUEUE_HANDOFF, &holds[i]);
	for (round = 1; round <= 2; round++) {
		struct fatal *deed = fatal(test);
		struct outer *middle = outer(test, full[1], &deed->task, deed);
		struct outer *around = outer(test, full[0], &middle->task, deed);

		if (round == 1) {
			KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &around->task), 0);
			KUNIT_EXPECT_EQ(test, wpt_result(test, &around->task), -EOWNERDEAD);
		} else {
			wpt_join(test, wpt_thread(test, call_outer, full[0], NULL, middle));
		}
		KUNIT_EXPECT_EQ(test, wpt_result(test, &middle->task), -EOWNERDEAD);
		KUNIT_EXPECT_EQ(test, wpt_result(test, &deed->task), -EOWNERDEAD);
		for (i = 0; i < 2; i++)
			WPT_EXPECT_STAT(test, full[i], OOPSED, round);
	}
	WPT_EXPECT_STAT(test, pool, DIED, 1);
	for (i = 0; i < 2; i++) {
		wpt_open(holds[i]->gate);
		wpt_destroy(test, full[i]);
	}
}

/* As call_die(), from what is gone then. */
struct of_stack {
	struct wpool_group	*group;
	bool			again;
};

static int call_die_on_stack(struct wpt_thread *self)
{
	struct of_stack *of_stack = self->arg;
	struct fatal deed = { .thread = self, .again = of_stack->again };

	fatal_set_up(&deed);
	if (of_stack->group)
		return wpool_group_schedule(of_stack->group, self->pool, &deed.task);
	return wpool_schedule(self->pool, &deed.task);
}

static int run_die_on_stack(void *arg)
{
	struct of_stack *of_stack = arg;
	struct fatal deed = { .again = of_stack->again };

	fatal_set_up(&deed);
	if (of_stack->group)
		return wpool_group_schedule(of_stack->group, wpool_current(), &deed.task);
	return wpool_schedule(wpool_current(), &deed.task);
}

/* 37, 82: the task goes with the stack of its submitter: the pool and a group do not */
static void caller_death_on_stack(struct kunit *test)
{
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, 2, 1, WPOOL_QUEUE_HANDOFF, &hold);
	struct of_stack *of_stack = wpt_alloc(test, sizeof(*of_stack));
	struct wpt_job *fill, *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		of_stack->again = i & 1;
		of_stack->group = i & 2 ? wpt_group(test, false) : NULL;
		fill = wpt_hold(test, pool, 1);
		wpt_join(test, wpt_thread(test, call_die_on_stack, pool, NULL, of_stack));
		if (of_stack->group)
			KUNIT_EXPECT_EQ(test, wpt_group_wait(test, of_stack->group), -EOWNERDEAD);
		WPT_ASSERT_STAT(test, pool, OOPSED, 3 * i + 1);
		wpt_open(fill->gate);
		wpt_wait(test, fill);
		/* and of a worker of the pool, which is inside two then */
		wpool_task_init(&job->task, run_die_on_stack, of_stack);
		if (of_stack->group)
			of_stack->group = wpt_group(test, false);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -EOWNERDEAD);
		if (of_stack->group)
			KUNIT_EXPECT_EQ(test, wpt_group_wait(test, of_stack->group), -EOWNERDEAD);
		WPT_ASSERT_STAT(test, pool, OOPSED, 3 * i + 3);
	}
	WPT_EXPECT_STAT(test, pool, CANCELLED, 4);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
}

/* 12, 36, 82: what was to run again after that runs elsewhere */
static void caller_death_again(struct kunit *test)
{
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, 1, 1, WPOOL_QUEUE_HANDOFF, &hold);
	struct fatal *deed = fatal(test);

	deed->again = true;
	wpt_join(test, wpt_thread(test, call_die, pool, NULL, deed));
	KUNIT_EXPECT_EQ(test, deed->err, 0);
	deed->thread = NULL;
	WPT_ASSERT_STAT(test, pool, OOPSED, 1);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &deed->task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, atomic_read(&deed->runs), 2);
	WPT_EXPECT_STAT(test, pool, OOPSED, 2);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
}

static int call_die_fn(struct wpt_thread *self)
{
	struct fatal *fatal = self->arg;

	fatal->thread = self;
	return wpool_schedule_fn(self->pool, die_in_run, fatal, NULL);
}

/* 37, 82: a function without a task of its own */
static void caller_death_fn(struct kunit *test)
{
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, 1, 1, WPOOL_QUEUE_HANDOFF, &hold);

	wpt_join(test, wpt_thread(test, call_die_fn, pool, NULL, fatal(test)));
	WPT_ASSERT_STAT(test, pool, OOPSED, 1);
	wpt_open(hold->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
}

/* 82, 90: it dies where a stop would wake it: who stops the pool leaves it alone */
static void caller_death_napping(struct kunit *test)
{
	struct fatal *fatal_task = fatal(test);
	struct wpt_job *hold;
	struct wpool *pool = full_pool(test, 1, 1, WPOOL_QUEUE_HANDOFF, &hold);

	wpool_task_init(&fatal_task->task, die_in_condition, fatal_task);
	wpt_join(test, wpt_thread(test, call_die, pool, NULL, fatal_task));
	wpool_ask_stop(&fatal_task->task);	/* perhaps before its end is known */
	KUNIT_EXPECT_EQ(test, wpt_result(test, &fatal_task->task), -EOWNERDEAD);
	wpool_shutdown_now(pool, NULL);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
}

static struct kunit_case caller_death_cases[] = {
	KUNIT_CASE(caller_death),
	KUNIT_CASE(caller_death_often),
	KUNIT_CASE(caller_death_during_destroy),
	KUNIT_CASE(caller_death_of_worker),
	KUNIT_CASE(caller_death_of_others),
	KUNIT_CASE(caller_death_on_stack),
	KUNIT_CASE(caller_death_again),
	KUNIT_CASE(caller_death_fn),
	KUNIT_CASE(caller_death_napping),
	{}
};

static struct kunit_suite caller_death_suite = {
	.name = "wpool_caller_death",
	.init = caller_death_init,
	.exit = wpt_exit,
	.test_cases = caller_death_cases,
};

kunit_test_suite(caller_death_suite);
