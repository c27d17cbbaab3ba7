// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks of a pool: called in pairs, whatever happens, and under no lock.
 */
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/sched/task_stack.h>
#include "wpool_kunit.h"

static int hooks_init(struct kunit *test)
{
	return wpt_init(test, "wpool_hooks");
}

enum hook { START, STOP, BEGIN, END, OOPS, TERMINATED, NR_HOOKS };

#define MAX_LOG		64

/* What the hooks of one pool were called with; its priv. */
struct diary {
	spinlock_t	lock;		/* guards count, n and log */
	unsigned int	count[NR_HOOKS];
	unsigned int	n;		/* of the entries */
	struct {
		enum hook		hook;
		void			*arg;
		int			result;
		struct task_struct	*thread;
		unsigned long		depth;	/* how much of the stack is in use, in bytes */
	} log[MAX_LOG];
	unsigned int	in_atomic;	/* calls from where one may not sleep */
	unsigned int	holding;	/* calls with a lock held */
	unsigned int	elsewhere;	/* calls of a worker's hook by somebody else */
	bool		sleeps;
};

/*
 * Maps that lockdep takes for locks: a run has that of its pool and that of its function, a work
 * item two likewise.
 */
static int maps_held(enum hook hook)
{
	return hook == BEGIN || hook == END || current->flags & PF_WQ_WORKER ? 2 : 0;
}

static void note(struct wpool *pool, enum hook hook, void *arg, int result)
{
	struct diary *diary = wpool_priv(pool);

	if (preempt_count() || irqs_disabled())
		diary->in_atomic++;
	else if (diary->sleeps)
		schedule_timeout_idle(1);
	if (lockdep_depth(current) > maps_held(hook))
		diary->holding++;
	spin_lock(&diary->lock);
	diary->count[hook]++;
	if (diary->n < MAX_LOG) {
		diary->log[diary->n].hook = hook;
		diary->log[diary->n].arg = arg;
		diary->log[diary->n].result = result;
		diary->log[diary->n].depth = (unsigned long)task_stack_page(current) + THREAD_SIZE -
					     (unsigned long)__builtin_frame_address(0);
		diary->log[diary->n++].thread = current;
	}
	spin_unlock(&diary->lock);
}

static void note_by_worker(struct wpool *pool, enum hook hook, void *arg, int result)
{
	struct diary *diary = wpool_priv(pool);

	if (wpool_current() != pool)
		diary->elsewhere++;
	note(pool, hook, arg, result);
}

static void on_start(struct wpool *pool)
{
	note_by_worker(pool, START, NULL, 0);
}

static void on_stop(struct wpool *pool)
{
	note(pool, STOP, NULL, 0);
}

static void on_begin(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	note_by_worker(pool, BEGIN, arg, fn == wpt_run_job);
}

static void on_end(struct wpool *pool, wpool_fn_t fn, void *arg, int result)
{
	note_by_worker(pool, END, arg, result);
}

static void on_oops(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	note(pool, OOPS, arg, 0);
}

static void on_terminated(struct wpool *pool)
{
	note(pool, TERMINATED, NULL, 0);
}

static const struct wpool_ops diary_ops = {
	.worker_start	= on_start,
	.worker_stop	= on_stop,
	.task_begin	= on_begin,
	.task_end	= on_end,
	.task_oops	= on_oops,
	.terminated	= on_terminated,
};

static struct wpool *diary_pool(struct kunit *test, struct wpool_attrs attrs,
				struct diary **diary)
{
	*diary = wpt_alloc(test, sizeof(**diary));
	spin_lock_init(&(*diary)->lock);
	attrs.ops = &diary_ops;
	attrs.priv = *diary;
	return wpt_pool(test, &attrs);
}

static int die_in_run(void *arg)
{
	struct wpt_job *job = arg;

	complete_all(&job->begun);
	if (job->gate)
		wait_for_completion(&job->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static void expect_sound(struct kunit *test, const struct diary *diary)
{
	KUNIT_EXPECT_EQ(test, diary->in_atomic, 0);
	KUNIT_EXPECT_EQ(test, diary->holding, 0);
	KUNIT_EXPECT_EQ(test, diary->elsewhere, 0);
}

/* 63: around each task its own pair, with its argument and its result */
static void hooks_around_tasks(struct kunit *test)
{
	static const enum hook expected[] = {
		START, BEGIN, END, BEGIN, END, BEGIN, END, STOP, TERMINATED,
	};
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) { .capacity = 1 }, &diary);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	unsigned int i;

	for (i = 0; i < 3; i++)
		jobs[i].result = 10 + i;
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 3), 0);
	wpt_destroy(test, pool);
	KUNIT_ASSERT_EQ(test, diary->n, ARRAY_SIZE(expected));
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		KUNIT_EXPECT_EQ(test, diary->log[i].hook, expected[i]);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_PTR_EQ(test, diary->log[1 + 2 * i].arg, (void *)&jobs[i]);
		KUNIT_EXPECT_EQ(test, diary->log[1 + 2 * i].result, true);
		KUNIT_EXPECT_PTR_EQ(test, diary->log[2 + 2 * i].arg, (void *)&jobs[i]);
		KUNIT_EXPECT_EQ(test, diary->log[2 + 2 * i].result, 10 + i);
		/* by the thread that runs the task */
		KUNIT_EXPECT_PTR_EQ(test, diary->log[1 + 2 * i].thread, jobs[i].worker);
		KUNIT_EXPECT_PTR_EQ(test, diary->log[2 + 2 * i].thread, jobs[i].worker);
	}
	expect_sound(test, diary);
}

/* 63: before the waiters of a task are woken */
static void hooks_before_result(struct kunit *test)
{
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) { .capacity = 2 }, &diary);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	diary->sleeps = true;
	for (i = 0; i < 5; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		wpt_wait(test, job);
		KUNIT_EXPECT_EQ(test, READ_ONCE(diary->count[END]), i + 1);
	}
	expect_sound(test, diary);
}

/* 63: what never runs has none */
static void hooks_not_for_unrun(struct kunit *test)
{
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_DISCARD,
	}, &diary);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	unsigned int i;

	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, wpt_join(test, wpt_thread(test, wpt_call_schedule, pool,
								&jobs[i], NULL)), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[0].task));
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, diary->count[BEGIN], 1);
	KUNIT_EXPECT_EQ(test, diary->count[END], 1);
}

/* 34, 63: a death: once, with the task's argument, and the worker's pair is closed */
static void hooks_death(struct kunit *test)
{
	static const enum hook expected[] = { START, BEGIN, OOPS, STOP };
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) { .capacity = 1 }, &diary);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	wpool_task_init(&job->task, die_in_run, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -EOWNERDEAD);
	for (i = 0; i < ARRAY_SIZE(expected); i++)
		KUNIT_EXPECT_EQ(test, diary->log[i].hook, expected[i]);
	KUNIT_EXPECT_PTR_EQ(test, diary->log[1].arg, (void *)job);
	KUNIT_EXPECT_PTR_EQ(test, diary->log[2].arg, (void *)job);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, diary->count[OOPS], 1);
	KUNIT_EXPECT_EQ(test, diary->count[END], 0);
	KUNIT_EXPECT_EQ(test, diary->count[START], diary->count[STOP]);
	expect_sound(test, diary);
}

static const bool fatal_cases[] = { false, true };

static void fatal_name(const bool *fatal, char *desc)
{
	strscpy(desc, *fatal ? "the inner one dies" : "both return", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(fatal, fatal_cases, fatal_name);

/* 42, 63: nested runs: pairs inside one another, also when both die at once */
static void hooks_nested(struct kunit *test)
{
	bool fatal = *(const bool *)test->param_value;
	enum hook end = fatal ? OOPS : END;
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) { .capacity = 1 }, &diary);
	struct wpt_nest *nest = wpt_alloc(test, sizeof(*nest));

	nest->pool = pool;
	nest->inner = wpt_jobs(test, 1, NULL);
	if (fatal)
		wpool_task_init(&nest->inner->task, die_in_run, nest->inner);
	wpool_task_init(&nest->task, wpt_run_nest, nest);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &nest->task), 0);
	wpt_result(test, &nest->task);
	KUNIT_ASSERT_GE(test, diary->n, 5);
	KUNIT_EXPECT_EQ(test, diary->log[1].hook, BEGIN);
	KUNIT_EXPECT_PTR_EQ(test, diary->log[1].arg, (void *)nest);
	KUNIT_EXPECT_EQ(test, diary->log[2].hook, BEGIN);
	KUNIT_EXPECT_PTR_EQ(test, diary->log[2].arg, (void *)nest->inner);
	KUNIT_EXPECT_EQ(test, diary->log[3].hook, end);
	KUNIT_EXPECT_PTR_EQ(test, diary->log[3].arg, (void *)nest->inner);
	KUNIT_EXPECT_EQ(test, diary->log[4].hook, end);
	KUNIT_EXPECT_PTR_EQ(test, diary->log[4].arg, (void *)nest);
}

/* 56: once in a life, when no task and no worker is left, before the waiters are woken */
static void hooks_terminated(struct kunit *test)
{
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) { .capacity = 2 }, &diary);
	struct wpt_job *hold = wpt_hold(test, pool, 2);

	diary->sleeps = true;
	wpool_shutdown(pool);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 1), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, READ_ONCE(diary->count[TERMINATED]), 0);
	wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, diary->count[TERMINATED], 1);
	KUNIT_EXPECT_EQ(test, diary->log[diary->n - 1].hook, TERMINATED);
	KUNIT_EXPECT_EQ(test, diary->count[STOP], diary->count[START]);

	KUNIT_ASSERT_EQ(test, wpool_restart(pool), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, diary->count[TERMINATED], 2);
	expect_sound(test, diary);
}

/* 63: workers that come and go by resizing and expiry */
static void hooks_around_workers(struct kunit *test)
{
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) {
		.capacity = 6, .idle_timeout_ms = 1,
	}, &diary);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		struct wpt_job *hold = wpt_hold(test, pool, 6);

		KUNIT_ASSERT_EQ(test, wpool_resize(pool, 2), 0);
		wpt_open(hold->gate);
		WPT_ASSERT_STAT(test, pool, WORKERS, 1);
		KUNIT_ASSERT_EQ(test, wpool_resize(pool, 6), 0);
	}
	KUNIT_EXPECT_EQ(test, READ_ONCE(diary->count[STOP]), READ_ONCE(diary->count[START]) - 1);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, diary->count[STOP], diary->count[START]);
	KUNIT_EXPECT_GE(test, diary->count[START], 16);
	expect_sound(test, diary);
}

/* 63: many tasks on many workers, a tenth of which die_in_run, with hooks that sleep */
static void hooks_all_pair(struct kunit *test)
{
	const unsigned int n = 150;
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) {
		.capacity = 4, .idle_timeout_ms = 1,
	}, &diary);
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	unsigned int i;

	diary->sleeps = true;
	for (i = 0; i < n; i += 10)
		wpool_task_init(&jobs[i].task, die_in_run, &jobs[i]);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, n), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, diary->count[BEGIN], n);
	KUNIT_EXPECT_EQ(test, diary->count[END], n - n / 10);
	KUNIT_EXPECT_EQ(test, diary->count[OOPS], n / 10);
	KUNIT_EXPECT_EQ(test, diary->count[START], diary->count[STOP]);
	KUNIT_EXPECT_EQ(test, diary->count[TERMINATED], 1);
	expect_sound(test, diary);
}

/* 5, 63: a pool that comes into being by half has its workers' pairs closed */
static void hooks_failed_creation(struct kunit *test)
{
	struct diary *diary = wpt_alloc(test, sizeof(*diary));
	char name[WPOOL_NAME_MAX + 1];
	struct wpool *pool;

	spin_lock_init(&diary->lock);
	if (!wpt_fail_spawn(3))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	pool = wpool_create(wpt_name(test, name, sizeof(name)), &((struct wpool_attrs) {
		.capacity = 6, .min_workers = 6, .ops = &diary_ops, .priv = diary,
	}));
	wpt_fail_spawn(0);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(pool), -ENOMEM);
	if (!IS_ERR(pool))
		wpool_destroy(pool);
	KUNIT_EXPECT_EQ(test, diary->count[START], 2);
	KUNIT_EXPECT_EQ(test, diary->count[STOP], 2);
	expect_sound(test, diary);
}

/* Some, or none at all. */
static void hooks_some(struct kunit *test)
{
	static const struct wpool_ops none, only_end = { .task_end = on_end };
	struct diary *diary = wpt_alloc(test, sizeof(*diary));
	struct wpool *without = wpt_pool(test, &(struct wpool_attrs) { .ops = &none });
	struct wpool *with = wpt_pool(test, &(struct wpool_attrs) {
		.ops = &only_end, .priv = diary,
	});
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	spin_lock_init(&diary->lock);
	wpool_task_init(&jobs[0].task, die_in_run, &jobs[0]);
	KUNIT_ASSERT_EQ(test, wpool_schedule(without, &jobs[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), -EOWNERDEAD);
	KUNIT_ASSERT_EQ(test, wpool_schedule(with, &jobs[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), -EOWNERDEAD);
	KUNIT_ASSERT_EQ(test, wpool_schedule(with, &jobs[1].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
	wpt_destroy(test, with);
	KUNIT_EXPECT_EQ(test, diary->n, 1);
	KUNIT_EXPECT_EQ(test, diary->count[END], 1);
	KUNIT_EXPECT_PTR_EQ(test, wpool_priv(without), NULL);
	KUNIT_EXPECT_PTR_EQ(test, wpool_priv(NULL), NULL);
}

/* 75: a worker's hook begins as far down its stack as a task: a death needs what is above */
static void hooks_below(struct kunit *test)
{
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) { .capacity = 1 }, &diary);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, diary->count[START] + diary->count[STOP], 2);
	for (i = 0; i < diary->n; i++) {
		if (diary->log[i].hook == TERMINATED)
			continue;
		KUNIT_EXPECT_GE(test, diary->log[i].depth, THREAD_SIZE / 8);
		KUNIT_EXPECT_LE(test, diary->log[i].depth, THREAD_SIZE / 2);
	}
}

static int run_and_die(void *arg)
{
	struct wpt_job inner = { .gate = NULL };

	init_completion(&inner.begun);
	return wpool_run(wpool_current(), die_in_run, &inner);
}

/* 63: what lay on the stack of the dead is not given to a hook */
static void hooks_argument_gone(struct kunit *test)
{
	struct diary *diary;
	struct wpool *pool = diary_pool(test, (struct wpool_attrs) { .capacity = 1 }, &diary);
	struct wpool_task task;
	void *args[2] = { test, test };
	unsigned int i, oopses = 0;

	wpool_task_init(&task, run_and_die, diary);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &task), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait(&task), -EOWNERDEAD);
	wpt_destroy(test, pool);
	for (i = 0; i < diary->n; i++) {
		if (diary->log[i].hook == OOPS && oopses < 2)
			args[oopses++] = diary->log[i].arg;
	}
	KUNIT_EXPECT_EQ(test, diary->count[OOPS], 2);
	KUNIT_EXPECT_PTR_EQ(test, args[0], NULL);
	KUNIT_EXPECT_PTR_EQ(test, args[1], (void *)diary);
}

static struct kunit_case hooks_cases[] = {
	KUNIT_CASE(hooks_around_tasks),
	KUNIT_CASE(hooks_before_result),
	KUNIT_CASE(hooks_not_for_unrun),
	KUNIT_CASE(hooks_death),
	KUNIT_CASE_PARAM(hooks_nested, fatal_gen_params),
	KUNIT_CASE(hooks_terminated),
	KUNIT_CASE(hooks_around_workers),
	KUNIT_CASE(hooks_all_pair),
	KUNIT_CASE(hooks_failed_creation),
	KUNIT_CASE(hooks_some),
	KUNIT_CASE(hooks_below),
	KUNIT_CASE(hooks_argument_gone),
	{}
};

static struct kunit_suite hooks_suite = {
	.name = "wpool_hooks",
	.init = hooks_init,
	.exit = wpt_exit,
	.test_cases = hooks_cases,
};

kunit_test_suite(hooks_suite);
