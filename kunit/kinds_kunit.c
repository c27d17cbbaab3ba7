// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks with a key and delayed tasks have calls of their own: any other call refuses them, and
 * theirs refuse all others. Otherwise the key or the delay would not count, and nobody would know.
 */
#include "delayed_scene.h"
#include "ear.h"

static const char * const words[] = {
	"refused: a keyed task, scheduled without a key",
	"refused: a delayed task, scheduled without a delay",
	"refused: a plain task, scheduled with a key or a delay",
};

enum { KEYED, DELAYED, PLAIN };

static int kinds_suite_init(struct kunit_suite *suite)
{
	ear_open(words, ARRAY_SIZE(words));
	return 0;
}

static void kinds_suite_exit(struct kunit_suite *suite)
{
	ear_close();
}

static int kinds_init(struct kunit *test)
{
	return wpt_init(test, "wpool_kinds");
}

/* One task of each kind, and all that a call needs. */
struct kinds {
	struct wpool			*pool;
	struct wpool_set		*set;
	struct wpool_group		*group;
	struct wpool_task		*task;	/* what is submitted */
	struct wpool_task		plain;
	struct wpool_keyed_task		keyed;
	struct wpool_delayed_task	delayed;
};

static int fn(void *arg)
{
	return 7;
}

static struct kinds *new_kinds(struct kunit *test)
{
	struct kinds *kinds = wpt_alloc(test, sizeof(*kinds));

	kinds->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	kinds->group = wpt_group(test, false);
	wpool_task_init(&kinds->plain, fn, NULL);
	wpool_keyed_task_init(&kinds->keyed, fn, NULL);
	wpool_delayed_task_init(&kinds->delayed, fn, NULL);
	return kinds;
}

/* --- calls for plain tasks -------------------------------------------------------------------- */

static int by_schedule(struct kinds *kinds)
{
	return wpool_schedule(kinds->pool, kinds->task);
}

static int by_try(struct kinds *kinds)
{
	return wpool_try_schedule(kinds->pool, kinds->task);
}

static int by_timeout(struct kinds *kinds)
{
	return wpool_schedule_timeout(kinds->pool, kinds->task, 1);
}

static int by_interruptible(struct kinds *kinds)
{
	return wpool_schedule_interruptible(kinds->pool, kinds->task);
}

static int by_if_free(struct kinds *kinds)
{
	return wpool_schedule_if_free(kinds->pool, kinds->task);
}

static int by_force(struct kinds *kinds)
{
	return wpool_force_schedule(kinds->pool, kinds->task);
}

static int by_batch(struct kinds *kinds)
{
	int n = wpool_schedule_batch(kinds->pool, &kinds->task, 1);

	return n < 0 ? n : n - 1;
}

static int by_group(struct kinds *kinds)
{
	return wpool_group_schedule(kinds->group, kinds->pool, kinds->task);
}

static int by_group_try(struct kinds *kinds)
{
	return wpool_group_try_schedule(kinds->group, kinds->pool, kinds->task);
}

static int by_group_force(struct kinds *kinds)
{
	return wpool_group_force_schedule(kinds->group, kinds->pool, kinds->task);
}

static int by_group_timeout(struct kinds *kinds)
{
	return wpool_group_schedule_timeout(kinds->group, kinds->pool, kinds->task, 1);
}

static int by_group_interruptible(struct kinds *kinds)
{
	return wpool_group_schedule_interruptible(kinds->group, kinds->pool, kinds->task);
}

/* --- calls for others, of a task of the wrong type -------------------------------------------- */

static struct wpool_keyed_task *as_keyed(struct kinds *kinds)
{
	return container_of(kinds->task, struct wpool_keyed_task, task);
}

static struct wpool_delayed_task *as_delayed(struct kinds *kinds)
{
	return container_of(kinds->task, struct wpool_delayed_task, task);
}

static int by_keyed(struct kinds *kinds)
{
	return wpool_schedule_keyed(kinds->pool, as_keyed(kinds), 1);
}

static int by_try_keyed(struct kinds *kinds)
{
	return wpool_try_schedule_keyed(kinds->pool, as_keyed(kinds), 1);
}

static int by_force_keyed(struct kinds *kinds)
{
	return wpool_force_schedule_keyed(kinds->pool, as_keyed(kinds), 1);
}

static int by_group_keyed(struct kinds *kinds)
{
	return wpool_group_schedule_keyed(kinds->group, kinds->pool, as_keyed(kinds), 1);
}

static int by_group_try_keyed(struct kinds *kinds)
{
	return wpool_group_try_schedule_keyed(kinds->group, kinds->pool, as_keyed(kinds), 1);
}

static int by_group_keyed_timeout(struct kinds *kinds)
{
	return wpool_group_schedule_keyed_timeout(kinds->group, kinds->pool, as_keyed(kinds), 1, 1);
}

static int by_group_keyed_interruptible(struct kinds *kinds)
{
	return wpool_group_schedule_keyed_interruptible(kinds->group, kinds->pool, as_keyed(kinds),
							1);
}

static int by_delayed(struct kinds *kinds)
{
	return wpool_schedule_delayed(kinds->pool, as_delayed(kinds), 0);
}

static int by_at(struct kinds *kinds)
{
	return wpool_schedule_at(kinds->pool, as_delayed(kinds), 0);
}

static int by_every(struct kinds *kinds)
{
	return wpool_schedule_every(kinds->pool, as_delayed(kinds), 1);
}

static int by_modify(struct kinds *kinds)
{
	return wpool_modify_delayed(kinds->pool, as_delayed(kinds), 0);
}

static int by_group_delayed(struct kinds *kinds)
{
	return wpool_group_schedule_delayed(kinds->group, kinds->pool, as_delayed(kinds), 0);
}

struct call {
	const char	*name;
	int		(*make)(struct kinds *kinds);
	unsigned int	kind;
};

static const struct call calls[] = {
	{ "schedule", by_schedule, PLAIN },
	{ "try", by_try, PLAIN },
	{ "timeout", by_timeout, PLAIN },
	{ "interruptible", by_interruptible, PLAIN },
	{ "if free", by_if_free, PLAIN },
	{ "force", by_force, PLAIN },
	{ "batch", by_batch, PLAIN },
	{ "group", by_group, PLAIN },
	{ "group, try", by_group_try, PLAIN },
	{ "group, force", by_group_force, PLAIN },
	{ "group, timeout", by_group_timeout, PLAIN },
	{ "group, interruptible", by_group_interruptible, PLAIN },
	{ "keyed", by_keyed, KEYED },
	{ "try keyed", by_try_keyed, KEYED },
	{ "force keyed", by_force_keyed, KEYED },
	{ "group, keyed", by_group_keyed, KEYED },
	{ "group, try keyed", by_group_try_keyed, KEYED },
	{ "group, keyed, with a time limit", by_group_keyed_timeout, KEYED },
	{ "group, keyed, interruptible", by_group_keyed_interruptible, KEYED },
	{ "delayed", by_delayed, DELAYED },
	{ "at", by_at, DELAYED },
	{ "every", by_every, DELAYED },
	{ "modify", by_modify, DELAYED },
	{ "group, delayed", by_group_delayed, DELAYED },
};

static void call_name(const struct call *call, char *desc)
{
	strscpy(desc, call->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(calls, calls, call_name);

static struct wpool_task *task_of(struct kinds *kinds, unsigned int kind)
{
	return kind == KEYED ? &kinds->keyed.task :
	       kind == DELAYED ? &kinds->delayed.task : &kinds->plain;
}

/* By a call of its own. */
static int submit(struct kinds *kinds, unsigned int kind, unsigned long delay)
{
	return kind == KEYED ? wpool_schedule_keyed(kinds->pool, &kinds->keyed, 1) :
	       kind == DELAYED ? wpool_schedule_delayed(kinds->pool, &kinds->delayed, delay) :
	       wpool_schedule(kinds->pool, &kinds->plain);
}

/* 117: nothing has happened to the task, to the group or to the pool; then its own call takes it */
static void kinds_refused(struct kunit *test)
{
	const struct call *call = test->param_value;
	struct kinds *kinds = new_kinds(test);
	unsigned int kind;

	for (kind = KEYED; kind <= PLAIN; kind++) {
		if (kind == call->kind)
			continue;
		kinds->task = task_of(kinds, kind);
		KUNIT_EXPECT_EQ(test, call->make(kinds), -EINVAL);
		KUNIT_EXPECT_FALSE(test, wpool_task_queued(kinds->task));
	}
	WPT_EXPECT_STAT(test, kinds->pool, SUBMITTED, 0);
	WPT_EXPECT_STAT(test, kinds->pool, REJECTED, 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, kinds->group), 0);
	for (kind = KEYED; kind <= PLAIN; kind++) {
		KUNIT_EXPECT_EQ(test, submit(kinds, kind, 0), 0);
		KUNIT_EXPECT_EQ(test, wpt_result(test, task_of(kinds, kind)), 7);
	}
	WPT_EXPECT_STAT(test, kinds->pool, SUBMITTED, 3);
}

/* 117: while the pool has it, too: it keeps its key, or its delay, and can be taken back */
static void kinds_refused_waiting(struct kunit *test)
{
	const struct call *call = test->param_value;
	struct kinds *kinds = new_kinds(test);
	struct wpt_job *hold = wpt_hold(test, kinds->pool, 1);
	unsigned int kind;

	if (call->kind != PLAIN)
		kunit_skip(test, "the type of the task is right");
	for (kind = KEYED; kind <= DELAYED; kind++) {
		kinds->task = task_of(kinds, kind);
		KUNIT_ASSERT_EQ(test, submit(kinds, kind, NEVER), 0);
		KUNIT_EXPECT_EQ(test, call->make(kinds), -EINVAL);
		KUNIT_EXPECT_TRUE(test, wpool_task_queued(kinds->task));
	}
	WPT_EXPECT_STAT(test, kinds->pool, QUEUED, 1);
	WPT_EXPECT_STAT(test, kinds->pool, DELAYED, 1);
	for (kind = KEYED; kind <= DELAYED; kind++) {
		KUNIT_EXPECT_TRUE(test, wpool_cancel(task_of(kinds, kind)));
		KUNIT_EXPECT_EQ(test, wpt_result(test, task_of(kinds, kind)), -ECANCELED);
	}
	wpt_open(hold->gate);
}

static void refuse_staged(struct kunit *test, const struct call *call, unsigned int kind)
{
	struct kinds *kinds = new_kinds(test);
	struct wpt_job *hold = wpt_hold(test, kinds->pool, 1), *jobs = wpt_jobs(test, 4, NULL);

	kinds->task = task_of(kinds, kind);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(kinds->pool, jobs, 4), 0);
	KUNIT_EXPECT_EQ(test, call->make(kinds), -EINVAL);
	WPT_EXPECT_STAT(test, kinds->pool, QUEUED, 4);
	WPT_EXPECT_STAT(test, kinds->pool, DELAYED, 0);
	wpt_open(hold->gate);
}

/* 117: while more wait than the worker can take, and plain tasks come by the shortest way */
static void kinds_refused_staged(struct kunit *test)
{
	const struct call *call = test->param_value;
	unsigned int kind;

	for (kind = KEYED; kind <= PLAIN; kind++) {
		if (kind != call->kind)
			refuse_staged(test, call, kind);
	}
}

/* 117: a set has plain tasks only */
static void kinds_refused_by_set(struct kunit *test)
{
	struct kinds *kinds = new_kinds(test);
	char name[WPOOL_NAME_MAX + 1];
	unsigned int kind;

	wpt_name(test, name, sizeof(name));
	kinds->set = wpool_set_create(name, NULL, 2, WPOOL_RULE_KEY);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, kinds->set);
	for (kind = KEYED; kind <= DELAYED; kind++)
		KUNIT_EXPECT_EQ(test, wpool_set_schedule(kinds->set, task_of(kinds, kind), 1),
				-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_set_destroy(kinds->set), 0);
}

/* 117: the log names the pool and the fault */
static void kinds_named(struct kunit *test)
{
	struct kinds *kinds = new_kinds(test);
	unsigned int kind;

	ear_listen(kinds->pool);
	for (kind = KEYED; kind <= PLAIN; kind++) {
		kinds->task = task_of(kinds, kind);
		WPT_ASSERT_UNTIL(test, ear_heard(kind) || (kind == PLAIN ? by_delayed(kinds) :
							   by_try(kinds)) != -EINVAL);
	}
	WPT_EXPECT_STAT(test, kinds->pool, SUBMITTED, 0);
}

/* --- in groups -------------------------------------------------------------------------------- */

/* 52, 117: in a group by its own call: in order of its key, and the group waits for both */
static void kinds_group_keyed(struct kunit *test)
{
	struct kinds *kinds = new_kinds(test);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct wpool_keyed_task *ktasks = wpt_alloc(test, 2 * sizeof(*ktasks));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });

	jobs[0].gate = wpt_gate(test);
	wpool_keyed_task_init(&ktasks[0], wpt_run_job, &jobs[0]);
	wpool_keyed_task_init(&ktasks[1], wpt_run_job, &jobs[1]);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_keyed(kinds->group, pool, &ktasks[0], 3), 0);
	KUNIT_ASSERT_EQ(test, wpool_group_try_schedule_keyed(kinds->group, pool, &ktasks[1], 3),
			0);
	wpt_begun(test, &jobs[0]);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule_keyed(pool, &ktasks[1], 4), -EBUSY);
	wpt_open(jobs[0].gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, kinds->group), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 1);
}

static int call_group_wait(struct wpt_thread *self)
{
	return wpool_group_wait(self->arg);
}

/* 52, 117: its time has not come: the group waits for it, and is not cut short */
static void kinds_group_delayed(struct kunit *test)
{
	struct kinds *kinds = new_kinds(test);
	struct wpt_thread *waits;

	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(kinds->group, kinds->pool,
							   &kinds->delayed, NEVER), 0);
	WPT_EXPECT_STAT(test, kinds->pool, DELAYED, 1);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_delayed(kinds->group, kinds->pool,
							   &kinds->delayed, 0), -EBUSY);
	waits = wpt_thread(test, call_group_wait, NULL, NULL, kinds->group);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waits));
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(kinds->pool, &kinds->delayed, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waits), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &kinds->delayed.task), 7);
}

static int fail(void *arg)
{
	return -EIO;
}

/* 52, 117: the group has failed already: it ends at once, and does not run */
static void kinds_group_failed(struct kunit *test)
{
	struct kinds *kinds = new_kinds(test);
	struct wpool_group *group = wpt_group(test, true);

	KUNIT_ASSERT_EQ(test,
			wpool_group_schedule_fn(group, kinds->pool, fail, NULL, NULL),
			0);
	WPT_ASSERT_STAT(test, kinds->pool, COMPLETED, 1);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_delayed(group, kinds->pool, &kinds->delayed,
							   NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &kinds->delayed.task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	WPT_EXPECT_STAT(test, kinds->pool, CANCELLED, 1);
	WPT_EXPECT_STAT(test, kinds->pool, DELAYED, 0);
}

/* 52, 117: the pool is closed, or there is no group: the group is as before */
static void kinds_group_refused(struct kunit *test)
{
	struct kinds *kinds = new_kinds(test);

	KUNIT_EXPECT_EQ(test, wpool_group_schedule_delayed(NULL, kinds->pool, &kinds->delayed, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_delayed(kinds->group, kinds->pool, NULL, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed(NULL, kinds->pool, &kinds->keyed, 0),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_group_try_schedule_keyed(kinds->group, kinds->pool, NULL, 0),
			-EINVAL);
	wpool_shutdown(kinds->pool);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_delayed(kinds->group, kinds->pool,
							   &kinds->delayed, 0), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_keyed(kinds->group, kinds->pool,
							 &kinds->keyed, 0), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, kinds->group), 0);
}

static struct kunit_case kinds_cases[] = {
	KUNIT_CASE_PARAM(kinds_refused, calls_gen_params),
	KUNIT_CASE_PARAM(kinds_refused_waiting, calls_gen_params),
	KUNIT_CASE_PARAM(kinds_refused_staged, calls_gen_params),
	KUNIT_CASE(kinds_refused_by_set),
	KUNIT_CASE(kinds_named),
	KUNIT_CASE(kinds_group_keyed),
	KUNIT_CASE(kinds_group_delayed),
	KUNIT_CASE(kinds_group_failed),
	KUNIT_CASE(kinds_group_refused),
	{}
};

static struct kunit_suite kinds_suite = {
	.name		= "wpool_kinds",
	.suite_init	= kinds_suite_init,
	.suite_exit	= kinds_suite_exit,
	.init		= kinds_init,
	.exit		= wpt_exit,
	.test_cases	= kinds_cases,
};

kunit_test_suite(kinds_suite);
