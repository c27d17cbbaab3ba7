// SPDX-License-Identifier: GPL-2.0
/*
 * Functions that return with more than they were called with: preemption, interrupts
 * or softirqs off, inside RCU, with a lock held. The culprit is reported, in the
 * log, which these tests listen to as a console; and the next task is spared it.
 */
#include <linux/debug_locks.h>
#include <linux/interrupt.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/ratelimit.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include "ear.h"

/* What is listened for, each from the pool of the test alone. */
enum { GUILTY, SECOND, INNOCENT, HOOK, KEEPER, ONE_LOCK, NR_WORDS };

static const char * const words[NR_WORDS] = {
	[GUILTY]	= "BUG: run_guilty",
	[SECOND]	= "BUG: run_second",
	[INNOCENT]	= "BUG: run_innocent",
	[HOOK]		= "BUG: hook_",
	[KEEPER]	= "BUG: run_keeper",
	[ONE_LOCK]	= " 1 more locks",
};

static int leaks_suite_init(struct kunit_suite *suite)
{
	ear_open(words, NR_WORDS);
	return 0;
}

static void leaks_suite_exit(struct kunit_suite *suite)
{
	ear_close();
}

static int leaks_init(struct kunit *test)
{
	int err = wpt_init(test, "wpool_leaks");

	if (!err && !IS_ENABLED(CONFIG_KALLSYMS))
		kunit_skip(test, "a kernel without symbols cannot name the culprit");
	return err;
}

/* A pool of one worker, of which the ear hears. */
static struct wpool *heard_pool(struct kunit *test, const struct wpool_ops *ops)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .ops = ops,
	});

	ear_listen(pool);
	/* some, but not all: what was said of a function before is said seldom */
	pr_info("wpool_kunit: expect some: BUG: (run_guilty|run_second|run_keeper|run_giver|hook_)\n");
	return pool;
}

/* What is left behind, how often. */
struct leak {
	const char	*name;
	unsigned int	preempt, irqs, bh, rcu;
};

static const struct leak leak_cases[] = {
	{ "preemption off",	.preempt = 1 },
	{ "twice",		.preempt = 2 },
	{ "interrupts off",	.irqs = 1 },
	{ "softirqs off",	.bh = 1 },
	{ "inside RCU",		.rcu = 1 },
	{ "twice inside RCU",	.rcu = 2 },
	{ "all at once",	.preempt = 1, .irqs = 1, .bh = 2, .rcu = 1 },
};

static void leak_name(const struct leak *leak, char *desc)
{
	strscpy(desc, leak->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(leak, leak_cases, leak_name);

/* What this kernel knows of a thread: it need not count how often preemption is off. */
static const struct leak leak_seen = {
	.preempt = IS_ENABLED(CONFIG_PREEMPT_COUNT), .bh = !IS_ENABLED(CONFIG_PREEMPT_COUNT),
};

static void leave_behind(const struct leak *leak)
{
	unsigned int i;

	for (i = 0; i < leak->rcu; i++) {
		rcu_read_lock();
		__release(RCU);
	}
	for (i = 0; i < leak->bh; i++)
		local_bh_disable();
	for (i = 0; i < leak->preempt; i++)
		preempt_disable();
	if (leak->irqs)
		local_irq_disable();
}

/* One for each case: that it is said of a function is sure only once. */
#define GUILTY_FN(n)							\
static int run_guilty_##n(void *arg)					\
{									\
	leave_behind(arg);						\
	return 3;							\
}

GUILTY_FN(0)
GUILTY_FN(1)
GUILTY_FN(2)
GUILTY_FN(3)
GUILTY_FN(4)
GUILTY_FN(5)
GUILTY_FN(6)

static const wpool_fn_t run_guilty[] = {
	run_guilty_0, run_guilty_1, run_guilty_2, run_guilty_3, run_guilty_4,
	run_guilty_5, run_guilty_6,
};

static_assert(ARRAY_SIZE(run_guilty) == ARRAY_SIZE(leak_cases));

static struct wpool_task *guilty_task(struct kunit *test)
{
	const struct leak *leak = test->param_value;
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));

	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT) && !leak->irqs && !leak->bh)
		kunit_skip(test, "this kernel does not count that");
	wpool_task_init(task, run_guilty[leak - leak_cases], (void *)leak);
	return task;
}

static int run_second(void *arg)
{
	leave_behind(arg);
	return 4;
}

/* What a task found when it began. */
struct found {
	struct wpool_task	task;
	bool			sleeps;
	int			preempt, rcu;
	bool			irqs_off, bh_off;
	bool			in_rcu;
};

static void look_around(struct found *found)
{
	found->preempt = preempt_count();
	found->irqs_off = irqs_disabled();
	found->bh_off = softirq_count();
	found->rcu = rcu_preempt_depth();
	found->in_rcu = IS_ENABLED(CONFIG_PROVE_LOCKING) && debug_locks &&
			rcu_read_lock_held();	/* without lockdep it says yes */
}

static int run_innocent(void *arg)
{
	struct found *found = arg;

	look_around(found);
	/* the kernel complains if it may not */
	if (found->sleeps)
		schedule_timeout_idle(1);
	return 0;
}

static struct found *innocents(struct kunit *test, unsigned int n)
{
	struct found *found = wpt_alloc(test, n * sizeof(*found));
	unsigned int i;

	for (i = 0; i < n; i++)
		wpool_task_init(&found[i].task, run_innocent, &found[i]);
	found[n - 1].sleeps = true;
	return found;
}

static void expect_clean(struct kunit *test, struct found *found)
{
	KUNIT_EXPECT_EQ(test, wpt_result(test, &found->task), 0);
	KUNIT_EXPECT_EQ(test, found->preempt, 0);
	KUNIT_EXPECT_EQ(test, found->rcu, 0);
	KUNIT_EXPECT_FALSE(test, found->irqs_off);
	KUNIT_EXPECT_FALSE(test, found->bh_off);
	KUNIT_EXPECT_FALSE(test, found->in_rcu);
}

#define INNOCENTS	4

/* the culprit is reported, once; the next tasks of its worker see nothing of it */
static void leaks_spare_the_next(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_task *guilty = guilty_task(test);
	struct found *found = innocents(test, INNOCENTS);
	int i;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, guilty), 0);
	for (i = 0; i < INNOCENTS; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &found[i].task), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, guilty), 3);
	for (i = 0; i < INNOCENTS; i++)
		expect_clean(test, &found[i]);
	WPT_ASSERT_UNTIL(test, ear_heard(GUILTY));
	KUNIT_EXPECT_EQ(test, ear_heard(GUILTY), 1);
	KUNIT_EXPECT_EQ(test, ear_heard(INNOCENT), 0);
}

#define FLOOD		100

/* The first, and what the limit lets through: two of its intervals may be cut by the ends. */
static unsigned int may_be_said(unsigned long elapsed)
{
	return 1 + DEFAULT_RATELIMIT_BURST * (elapsed / DEFAULT_RATELIMIT_INTERVAL + 2);
}

/* one that does it again and again does not fill the log, nor hide another that does */
static void leaks_ratelimited(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, NULL);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	unsigned long begun = jiffies;
	unsigned int most;
	int i;

	for (i = 0; i < FLOOD; i++) {
		wpool_task_init(task, run_guilty[0], (void *)&leak_seen);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
		KUNIT_ASSERT_EQ(test, wpt_result(test, task), 3);
	}
	most = may_be_said(jiffies - begun);
	wpool_task_init(task, run_second, (void *)&leak_seen);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), 4);
	WPT_ASSERT_UNTIL(test, ear_heard(SECOND));
	KUNIT_EXPECT_EQ(test, ear_heard(SECOND), 1);
	if (most >= FLOOD)
		kunit_skip(test, "the log is so slow that none was too many");
	KUNIT_EXPECT_LE(test, ear_heard(GUILTY), most);
}

/*
 * A task that leaves a lock held; and one that gives it back, in the same thread, of which it is
 * said that it has one less.
 */
struct kept {
	struct wpool_task	keeper, giver;
	struct mutex		lock;	/* held between the two */
};

static int run_keeper(void *arg)
{
	struct kept *kept = arg;

	mutex_lock(&kept->lock);
	return 5;
}

static int run_giver(void *arg)
{
	struct kept *kept = arg;

	mutex_unlock(&kept->lock);
	return 6;
}

static struct kept *kept_lock(struct kunit *test)
{
	struct kept *kept = wpt_alloc(test, sizeof(*kept));

	mutex_init(&kept->lock);
	wpool_task_init(&kept->keeper, run_keeper, kept);
	wpool_task_init(&kept->giver, run_giver, kept);
	return kept;
}

/* where lockdep counts locks, who leaves one held is reported, and not the next task */
static void leaks_lock(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct found *found = innocents(test, 1);
	struct kept *kept = kept_lock(test);

	if (!IS_ENABLED(CONFIG_LOCKDEP) || !debug_locks)
		kunit_skip(test, "nobody counts locks");
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &kept->keeper), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &found->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &kept->giver), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &kept->keeper), 5);
	expect_clean(test, found);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &kept->giver), 6);
	WPT_ASSERT_UNTIL(test, ear_heard(KEEPER));
	KUNIT_EXPECT_EQ(test, ear_heard(KEEPER), 1);
	KUNIT_EXPECT_EQ(test, ear_heard(ONE_LOCK), 1);
	KUNIT_EXPECT_EQ(test, ear_heard(INNOCENT), 0);
}

/* A task that holds a lock, as it may, while it waits for another. */
struct outer {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpool_task	*inner;
	struct mutex		lock;	/* held across the wait */
	struct found		after;
};

static int run_outer(void *arg)
{
	struct outer *outer = arg;
	int ret;

	mutex_lock(&outer->lock);
	ret = wpool_schedule(outer->pool, outer->inner) ?: wpool_wait(outer->inner);
	look_around(&outer->after);
	mutex_unlock(&outer->lock);
	return ret;
}

static struct outer *outer_task(struct kunit *test, struct wpool *pool,
				struct wpool_task *inner)
{
	struct outer *outer = wpt_alloc(test, sizeof(*outer));

	outer->pool = pool;
	outer->inner = inner;
	mutex_init(&outer->lock);
	wpool_task_init(&outer->task, run_outer, outer);
	return outer;
}

/* 16: nested: what the outer task holds is not blamed on the one inside it */
static void leaks_not_of_outer(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct found *found = innocents(test, 1);
	struct outer *outer = outer_task(test, pool, &found->task);

	ear_listen(pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &outer->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->task), 0);
	expect_clean(test, found);
	KUNIT_EXPECT_EQ(test, ear_heard(INNOCENT), 0);
}

/* 16: nested: what the inner one leaves behind does not befall the outer */
static void leaks_spare_the_outer(struct kunit *test)
{
	struct wpool *pool = heard_pool(test, NULL);
	struct wpool_task *guilty = guilty_task(test);
	struct outer *outer = outer_task(test, pool, guilty);
	struct found *found = &outer->after;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &outer->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->task), 3);
	KUNIT_EXPECT_EQ(test, found->preempt, 0);
	KUNIT_EXPECT_EQ(test, found->rcu, 0);
	KUNIT_EXPECT_FALSE(test, found->irqs_off || found->bh_off || found->in_rcu);
}

static void hook_start(struct wpool *pool)
{
	leave_behind(&leak_seen);
}

static void hook_begin(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	leave_behind(&leak_seen);
}

static void hook_end(struct wpool *pool, wpool_fn_t fn, void *arg, int result)
{
	leave_behind(&leak_seen);
}

static const struct wpool_ops hook_cases[] = {
	{ .worker_start = hook_start }, { .task_begin = hook_begin }, { .task_end = hook_end },
};

static void hook_name(const struct wpool_ops *ops, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", ops->worker_start ? "worker_start" :
		 ops->task_begin ? "task_begin" : "task_end");
}

KUNIT_ARRAY_PARAM(hook, hook_cases, hook_name);

/* 63: what a hook leaves behind is not blamed on the task beside it */
static void leaks_of_hooks(struct kunit *test)
{
	const struct wpool_ops *ops = test->param_value;
	struct wpool *pool = heard_pool(test, ops);
	struct found *found = innocents(test, 2);
	int i;

	/* the worker that was made with the pool may have spoken too soon to be heard */
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &found[i].task), 0);
	for (i = 0; i < 2; i++)
		expect_clean(test, &found[i]);
	if (!ops->worker_start)
		WPT_ASSERT_UNTIL(test, ear_heard(HOOK));
	KUNIT_EXPECT_EQ(test, ear_heard(INNOCENT), 0);
}

static void hook_stop(struct wpool *pool)
{
	leave_behind(&leak_seen);
}

static void hook_oops(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	leave_behind(&leak_seen);
}

static void hook_terminated(struct wpool *pool)
{
	leave_behind(&leak_seen);
}

static const struct wpool_ops late_hook_cases[] = {
	{ .worker_stop = hook_stop }, { .task_oops = hook_oops }, { .terminated = hook_terminated },
};

static void late_hook_name(const struct wpool_ops *ops, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s", ops->worker_stop ? "worker_stop" :
		 ops->task_oops ? "task_oops" : "terminated");
}

KUNIT_ARRAY_PARAM(late_hook, late_hook_cases, late_hook_name);

/* 76: nor does it harm a worker that leaves, or the thread of the other hooks */
static void leaks_of_late_hooks(struct kunit *test)
{
	const struct wpool_ops *ops = test->param_value;
	struct wpool *pool = heard_pool(test, ops);

	if (!ops->worker_stop) {
		KUNIT_ASSERT_EQ(test,
				wpool_schedule_fn(pool, wpt_die, NULL, NULL),
				0);
		WPT_ASSERT_STAT(test, pool, DIED, 1);
	}
	wpt_destroy(test, pool);
	KUNIT_EXPECT_GT(test, ear_heard(HOOK), 0);
}

static struct kunit_case leaks_cases[] = {
	KUNIT_CASE_PARAM(leaks_spare_the_next, leak_gen_params),
	KUNIT_CASE(leaks_ratelimited),
	KUNIT_CASE(leaks_lock),
	KUNIT_CASE(leaks_not_of_outer),
	KUNIT_CASE_PARAM(leaks_spare_the_outer, leak_gen_params),
	KUNIT_CASE_PARAM(leaks_of_hooks, hook_gen_params),
	KUNIT_CASE_PARAM(leaks_of_late_hooks, late_hook_gen_params),
	{}
};

static struct kunit_suite leaks_suite = {
	.name = "wpool_leaks",
	.suite_init = leaks_suite_init,
	.suite_exit = leaks_suite_exit,
	.init = leaks_init,
	.exit = wpt_exit,
	.test_cases = leaks_cases,
};

kunit_test_suite(leaks_suite);
