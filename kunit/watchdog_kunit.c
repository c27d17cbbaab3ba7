// SPDX-License-Identifier: GPL-2.0
/*
 * What takes too long is reported in the log, which these tests listen to as a
 * console. What they expect there they also promise to a reader of the log.
 */
#include <linux/cpumask.h>
#include <linux/string.h>
#include "ear.h"
#include "halt.h"

/* Short, but many ticks of a slow machine. */
#define PATIENCE_MS	40

/* What is listened for, each from the pool of the test alone. */
enum {
	IN_JOB, IN_OUTER, AWAITED, BY_SUBMITTER, IN_RELEASE, NONE_RUNS, IN_OOPS, IN_TERMINATED,
	IN_NONE, STACK, NR_WORDS
};

static char in_job[80], in_outer[80];

static const char * const words[NR_WORDS] = {
	[IN_JOB]	= in_job,
	[IN_OUTER]	= in_outer,
	[AWAITED]	= "its end has been awaited",
	[BY_SUBMITTER]	= "1 of them in their submitters",
	[IN_RELEASE]	= "the releases of 1 tasks that have ended have not returned",
	[NONE_RUNS]	= "ms: 0 tasks are running, 0 of them in their submitters",
	[IN_OOPS]	= "has been in task_oops",
	[IN_TERMINATED]	= "has been in terminated",
	[IN_NONE]	= "is not in a task",
	[STACK]		= "wpt_run_job+",
};

static int wait_for_job(void *arg);

static int watchdog_suite_init(struct kunit_suite *suite)
{
	snprintf(in_job, sizeof(in_job), "has been in %ps", wpt_run_job);
	snprintf(in_outer, sizeof(in_outer), "has been in %ps", wait_for_job);
	ear_open(words, NR_WORDS);
	return 0;
}

static void watchdog_suite_exit(struct kunit_suite *suite)
{
	ear_close();
}

static int watchdog_init(struct kunit *test)
{
	return wpt_init(test, "wpool_watchdog");
}

/* A pool of which the ear hears. */
static struct wpool *heard_pool(struct kunit *test, const struct wpool_attrs *attrs)
{
	struct wpool *pool = wpt_pool(test, attrs);

	ear_listen(pool);
	return pool;
}

/* Promises a line of this pool: once, or as often as it likes. */
#define EXPECT(pool, words)						\
	pr_info("wpool_kunit: expect: %s: .*" words "\n", wpool_name(pool))
#define EXPECT_SOME(pool, words)					\
	pr_info("wpool_kunit: expect some: %s: .*" words "\n", wpool_name(pool))

/* A task that runs too long is reported and counted, once, and not before its time. */
static void watchdog_names_once(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .watchdog_ms = PATIENCE_MS });
	unsigned long began = jiffies;
	struct wpt_job *job;
	int i;

	for (i = 1; i <= 2; i++) {
		EXPECT(pool, "worker \\d+ \\(pid \\d+\\) has been in " WPT_RUN_JOB
		       ".* for \\d+ ms");
		job = wpt_hold(test, pool, 1);
		WPT_ASSERT_STAT(test, pool, OVERDUE, i);
		WPT_EXPECT_WAITED(test, began, msecs_to_jiffies(PATIENCE_MS));
		WPT_ASSERT_UNTIL(test, ear_heard(IN_JOB) >= i);
		began = jiffies;
	}
	/* the second was named by a look at the first, too */
	KUNIT_EXPECT_EQ(test, ear_heard(IN_JOB), 2);
	WPT_EXPECT_STAT(test, pool, OVERDUE, 2);
	KUNIT_EXPECT_EQ(test, wpt_stat(pool, WPOOL_STAT_RUNNING), 2);
	wpt_open(job->gate);
}

/* Each is shown once; what is on a CPU just then may be shown without its frames. */
#define SHOWN_MOST	32

/* And its stack is shown. */
static void watchdog_shows_stack(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = SHOWN_MOST, .watchdog_ms = PATIENCE_MS });
	struct wpt_job *jobs = wpt_jobs(test, SHOWN_MOST, wpt_gate(test));
	unsigned int n = 0;

	if (!IS_ENABLED(CONFIG_KALLSYMS))
		kunit_skip(test, "needs CONFIG_KALLSYMS: a stack has no names");
	EXPECT_SOME(pool, "has been in " WPT_RUN_JOB);
	do {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[n++].task), 0);
		WPT_ASSERT_STAT(test, pool, OVERDUE, n);
	} while (n < SHOWN_MOST && !ear_heard(STACK));
	WPT_ASSERT_UNTIL(test, ear_heard(STACK));
	wpt_open(jobs->gate);
}

/* More than one look names. */
#define MANY	10

static bool all_begun(struct wpt_job *jobs)
{
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		if (!completion_done(&jobs[i].begun))
			return false;
	}
	return true;
}

/* Threads that submit a job each, together, and are all on one CPU by then. */
struct start {
	const struct cpumask	*where;
	atomic_t		ready;
	struct wpt_gate		*gate;
};

static int call_submit_when_told(struct wpt_thread *self)
{
	struct start *start = self->arg;

	set_cpus_allowed_ptr(current, start->where);
	atomic_inc(&start->ready);
	wait_for_completion(&start->gate->opened);
	return wpool_schedule(self->pool, &self->job->task);
}

static const bool submitter_cases[] = { false, true };

static void submitter_name(const bool *submitter, char *desc)
{
	strscpy(desc, *submitter ? "submitters" : "workers", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(submitter, submitter_cases, submitter_name);

/* One look names a few, so that it ends; the next one names the others. */
static void watchdog_names_many(struct kunit *test)
{
	bool submitters = *(const bool *)test->param_value;
	struct wpt_job *jobs = wpt_jobs(test, MANY, wpt_gate(test));
	struct start *start = wpt_alloc(test, sizeof(*start));
	struct wpt_halt *halt;
	unsigned long late;
	struct wpool *pool;
	unsigned int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	start->where = cpumask_of(cpumask_first(cpu_online_mask));
	start->gate = wpt_gate(test);
	pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = submitters ? 1 : MANY, .flags = WPOOL_PREALLOC,
		.queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_CALLER_RUNS,
		.watchdog_ms = PATIENCE_MS, .cpumask = start->where });
	EXPECT_SOME(pool, "has been in " WPT_RUN_JOB);
	if (submitters)
		wpt_hold(test, pool, 1);
	for (i = 0; i < MANY; i++)
		wpt_thread(test, call_submit_when_told, pool, &jobs[i], start);
	WPT_ASSERT_UNTIL(test, atomic_read(&start->ready) == MANY);
	set_cpus_allowed_ptr(current, start->where);
	halt = wpt_halt_manager(test);
	wpt_open(start->gate);
	wpt_busy_until(all_begun(jobs));
	late = jiffies + 2 * msecs_to_jiffies(PATIENCE_MS);
	wpt_busy_until(time_after(jiffies, late));
	wpt_go_on(halt);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	/* and the one that keeps the pool full */
	WPT_ASSERT_UNTIL(test, ear_heard(IN_JOB) == MANY + submitters);
	WPT_EXPECT_STAT(test, pool, OVERDUE, MANY + submitters);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, submitters ? MANY : 0);
	wpt_open(jobs->gate);
	if (halt->early)
		kunit_skip(test, "the manager was not kept from looking");
}

static int wait_for_job(void *arg)
{
	struct wpt_job *job = arg;

	return wpool_wait(&job->task);
}

/* A task that waits for one that does not end is as late as that one. */
static void watchdog_names_nested(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .watchdog_ms = PATIENCE_MS });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *inner = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_task *outer = wpt_alloc(test, sizeof(*outer));

	EXPECT_SOME(pool, "has been in " WPT_RUN_JOB);
	EXPECT(pool, "has been in " WPT_FN("wait_for_job"));
	wpool_task_init(outer, wait_for_job, inner);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, outer), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &inner->task), 0);
	wpt_open(hold->gate);
	wpt_begun(test, inner);
	WPT_ASSERT_UNTIL(test, ear_heard(IN_OUTER) == 1 && ear_heard(IN_JOB));
	wpt_open(inner->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, outer), 0);
}

/* Tasks that end in time are nobody's business. */
static void watchdog_spares_quick(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .watchdog_ms = jiffies_to_msecs(WPT_LIMIT) });
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .watchdog_ms = PATIENCE_MS });
	struct wpt_job *jobs = wpt_jobs(test, 20, NULL), *hold;

	EXPECT(other, "has been in " WPT_RUN_JOB);
	hold = wpt_hold(test, pool, 1);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 20), 0);
	/* as long as another pool's task needs to be named */
	wpt_hold(test, other, 1);
	WPT_ASSERT_STAT(test, other, OVERDUE, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[19]), 0);
	WPT_EXPECT_STAT(test, pool, OVERDUE, 0);
	KUNIT_EXPECT_EQ(test, ear_heard(IN_JOB), 0);
}

/* A wait for the end of a pool reports what it waits for, again and again, with its stack. */
static void watchdog_names_awaited(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .watchdog_ms = PATIENCE_MS });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *destroyer;

	EXPECT_SOME(pool, "has been in " WPT_RUN_JOB);
	wpt_forget(test, pool);
	destroyer = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	/* once for itself, and once each time the end is awaited longer */
	WPT_ASSERT_UNTIL(test, ear_heard(AWAITED) >= 3 && ear_heard(IN_JOB) >= 3);
	/* Once as it runs too long; a thread that is on a CPU just then may show another. */
	if (IS_ENABLED(CONFIG_KALLSYMS))
		WPT_ASSERT_UNTIL(test, ear_heard(STACK) >= 2);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroyer), 0);
}

/* A task whose release waits for a gate. */
struct slow_release {
	struct wpool_release_task	ttask;
	struct wpt_gate			*gate;
	struct completion		begun;
};

static void release_slowly(void *arg, enum wpool_fate fate)
{
	struct slow_release *slow = arg;

	complete(&slow->begun);
	wait_for_completion(&slow->gate->opened);
}

static int nothing(void *arg)
{
	return 0;
}

static int take_back(struct wpt_thread *self)
{
	struct slow_release *slow = self->arg;

	return wpool_cancel(&slow->ttask.task);
}

/* A task whose release has not returned runs nowhere, yet the end waits for it. */
static void watchdog_counts_releases(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .watchdog_ms = PATIENCE_MS });
	struct slow_release *slow = wpt_alloc(test, sizeof(*slow));
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *canceller, *destroyer;

	EXPECT_SOME(pool, "the releases of 1 tasks that have ended have not returned");
	slow->gate = wpt_gate(test);
	init_completion(&slow->begun);
	wpool_release_task_init(&slow->ttask, nothing, slow);
	wpool_task_set_release(&slow->ttask, release_slowly);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &slow->ttask.task), 0);
	canceller = wpt_thread(test, take_back, pool, NULL, slow);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&slow->begun, WPT_LIMIT), 0);
	wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, wpt_wait(test, hold), 0);
	wpt_forget(test, pool);
	destroyer = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, ear_heard(IN_RELEASE) && ear_heard(NONE_RUNS));
	wpt_open(slow->gate);
	KUNIT_EXPECT_TRUE(test, wpt_join(test, canceller));
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroyer), 0);
}

/* A task that its submitter runs is on no worker, yet the end waits for it. */
static void watchdog_counts_caller_runs(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.full = WPOOL_FULL_CALLER_RUNS, .watchdog_ms = PATIENCE_MS });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *submitter, *destroyer;

	EXPECT_SOME(pool, "has been in " WPT_RUN_JOB);
	submitter = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	wpt_forget(test, pool);
	destroyer = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, ear_heard(BY_SUBMITTER));
	wpt_open(hold->gate);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroyer), 0);
}

/* Hooks that do not return; the priv of a pool. */
struct stuck {
	struct wpt_gate	*in_oops;
	struct wpt_gate	*in_terminated;
};

static void stuck_oops(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct stuck *stuck = wpool_priv(pool);

	wait_for_completion(&stuck->in_oops->opened);
}

static void stuck_terminated(struct wpool *pool)
{
	struct stuck *stuck = wpool_priv(pool);

	wait_for_completion(&stuck->in_terminated->opened);
}

/* 76: a hook that does not return is reported during a wait for the end of its pool. */
static void watchdog_names_hook(struct kunit *test)
{
	static const struct wpool_ops ops = {
		.task_oops = stuck_oops, .terminated = stuck_terminated,
	};
	struct stuck *stuck = wpt_alloc(test, sizeof(*stuck));
	struct wpool *pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .watchdog_ms = PATIENCE_MS, .ops = &ops, .priv = stuck });
	struct wpt_thread *destroyer;

	stuck->in_oops = wpt_gate(test);
	stuck->in_terminated = wpt_gate(test);
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn(pool, wpt_die, NULL, NULL), 0);
	wpt_forget(test, pool);
	destroyer = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, ear_heard(IN_OOPS) >= 2);
	wpt_open(stuck->in_oops);
	WPT_ASSERT_UNTIL(test, ear_heard(IN_TERMINATED) >= 2);
	wpt_open(stuck->in_terminated);
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroyer), 0);
}

static void stuck_stop(struct wpool *pool)
{
	struct wpt_gate *gate = wpool_priv(pool);

	wait_for_completion(&gate->opened);
}

/* Nor does the end come while a worker's own hook does not return. */
static void watchdog_names_stop(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_stop = stuck_stop };
	struct wpt_gate *gate = wpt_gate(test);
	struct wpool *pool = heard_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .watchdog_ms = PATIENCE_MS, .ops = &ops, .priv = gate });
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_thread *destroyer;

	EXPECT_SOME(pool, "worker \\d+ \\(pid \\d+\\) is not in a task");
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_forget(test, pool);
	destroyer = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, ear_heard(IN_NONE) >= 2);
	wpt_open(gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroyer), 0);
}

static struct kunit_case watchdog_cases[] = {
	KUNIT_CASE(watchdog_names_once),
	KUNIT_CASE(watchdog_shows_stack),
	KUNIT_CASE_PARAM(watchdog_names_many, submitter_gen_params),
	KUNIT_CASE(watchdog_names_nested),
	KUNIT_CASE(watchdog_spares_quick),
	KUNIT_CASE(watchdog_names_awaited),
	KUNIT_CASE(watchdog_counts_caller_runs),
	KUNIT_CASE(watchdog_counts_releases),
	KUNIT_CASE(watchdog_names_hook),
	KUNIT_CASE(watchdog_names_stop),
	{}
};

static struct kunit_suite watchdog_suite = {
	.name = "wpool_watchdog",
	.suite_init = watchdog_suite_init,
	.suite_exit = watchdog_suite_exit,
	.init = watchdog_init,
	.exit = wpt_exit,
	.test_cases = watchdog_cases,
};

kunit_test_suite(watchdog_suite);
