// SPDX-License-Identifier: GPL-2.0
/*
 * Documented calls, composed as their users may, where two parts of the pool meet.
 */
#include <linux/kthread.h>
#include "actor.h"

static int compose_init(struct kunit *test)
{
	return wpt_init(test, "wpool_compose");
}

static struct actor *start(struct kunit *test, struct wpool *pool,
			   int (*call)(struct actor *), void *other)
{
	struct actor *caller = actor(test, pool, call, other);

	actor_start(test, caller);
	return caller;
}

static int end(struct kunit *test, struct actor *caller)
{
	wpt_open(caller->gate);
	return actor_end(test, caller);
}

/* --- groups and delays --------------------------------------------------------- */

struct late {
	struct wpool_delayed_task dtask;
	atomic_t		runs;
	atomic_t		done;
};

static int run_late(void *arg)
{
	struct late *late = arg;

	atomic_inc(&late->runs);
	return 0;
}

static int fails(void *arg)
{
	atomic_inc(arg);
	return -EIO;
}

static struct late *new_late(struct kunit *test)
{
	struct late *late = wpt_alloc(test, sizeof(*late));

	wpool_delayed_task_init(&late->dtask, run_late, late);
	return late;
}

/* A task of a group is queued, and then put off until somebody says when; sleeps only then. */
static int wait_for_late_group(struct actor *self)
{
	struct late *late = self->other;
	int ret;

	ret = wpool_group_schedule_delayed(&self->group, self->pool, &late->dtask, 1);
	while (!ret && !wpt_stat(self->pool, WPOOL_STAT_QUEUED))
		cond_resched();
	if (!ret)
		ret = wpool_modify_delayed(self->pool, &late->dtask, MAX_SCHEDULE_TIMEOUT);
	return ret ?: wpool_group_wait(&self->group);
}

/* A task of a group is delayed from the beginning. */
static int wait_for_delayed_group(struct actor *self)
{
	struct late *late = self->other;
	int ret = wpool_group_schedule_delayed(&self->group, self->pool, &late->dtask,
					       MAX_SCHEDULE_TIMEOUT);

	return ret ?: wpool_group_wait(&self->group);
}

struct late_case {
	const char	*name;
	int		(*call)(struct actor *self);
};

static const struct late_case late_cases[] = {
	{ "put off", wait_for_late_group },
	{ "delayed", wait_for_delayed_group },
};

static void late_name(const struct late_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(late, late_cases, late_name);

/* 52: a worker that waits for a group runs what was put off, once its time has come */
static void compose_group_put_off(struct kunit *test)
{
	const struct late_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct late *late = new_late(test);
	struct actor *waits = start(test, pool, param->call, late);

	actor_go_to_sleep(test, waits);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &late->dtask, 1), 0);
	KUNIT_EXPECT_EQ(test, end(test, waits), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 1);
}

static int call_schedule(struct actor *self)
{
	return wpool_schedule(self->pool, self->other);
}

/*
 * 81: one that waits for a group with such a task is not asleep for good, so another that
 * blocks is not refused
 */
static void compose_room_behind_late_group(struct kunit *test)
{
	const struct late_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 1, .flags = WPOOL_KEEP_IDLE,
	});
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct late *late = new_late(test);
	struct actor *waits = start(test, pool, param->call, late);
	struct actor *blocks = start(test, pool, call_schedule, &jobs[1].task);

	actor_go_to_sleep(test, waits);
	KUNIT_ASSERT_EQ(test, wpool_try_schedule(pool, &jobs[0].task), 0);
	wpt_open(blocks->gate);
	WPT_ASSERT_UNTIL(test, actor_sleeps(blocks) || wpool_task_running(&blocks->task) == 0);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &late->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, end(test, waits), 0);
	KUNIT_EXPECT_EQ(test, end(test, blocks), 0);
	if (!blocks->got)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
}

static int call_modify(struct wpt_thread *self)
{
	struct late *late = self->arg;
	unsigned long end = jiffies + WPT_LIMIT / 4;
	unsigned int i, n = 50000;
	int ret = 0;

	for (i = 0; i < n && !ret && time_before(jiffies, end); i++) {
		ret = wpool_modify_delayed(self->pool, &late->dtask, 100 * HZ);
		cond_resched();
	}
	atomic_inc(&late->done);
	return ret;
}

static int call_cancel_often(struct wpt_thread *self)
{
	struct late *late = self->arg;

	while (atomic_read(&late->done) < 2) {
		wpool_cancel(&late->dtask.task);
		cond_resched();
	}
	return 0;
}

/* 78: two that put the same task off at once both have it */
static void compose_two_modify(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct late *late = new_late(test);
	struct wpt_thread *one = wpt_thread(test, call_modify, pool, NULL, late);
	struct wpt_thread *two = wpt_thread(test, call_modify, pool, NULL, late);
	struct wpt_thread *cancels = wpt_thread(test, call_cancel_often, pool, NULL, late);

	KUNIT_EXPECT_EQ(test, wpt_join(test, one), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, two), 0);
	wpt_join(test, cancels);
	wpool_cancel_sync(&late->dtask.task);
}

static int put_off_and_fail(struct actor *self)
{
	struct late *late = self->other;
	int ret;

	wpool_group_init(&self->group, WPOOL_GROUP_FAIL_FAST);
	ret = wpool_group_schedule_delayed(&self->group, self->pool, &late->dtask,
					   MAX_SCHEDULE_TIMEOUT);
	if (!ret)
		ret = wpool_group_schedule_fn(&self->group, self->pool, fails,
					      &late->runs, NULL);
	return ret ?: wpool_group_wait(&self->group);
}

/* 52: what was put off does not keep a group from its end that fails fast */
static void compose_fail_fast_put_off(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct late *late = new_late(test);
	struct actor *waits = start(test, pool, put_off_and_fail, late);

	KUNIT_EXPECT_EQ(test, end(test, waits), -EIO);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &late->dtask.task), -ECANCELED);
}

/* 53: nor is it missed when the group is cancelled */
static void compose_group_cancel_put_off(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct late *late = new_late(test);

	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(group, pool, &late->dtask, 0), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &late->dtask, MAX_SCHEDULE_TIMEOUT), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 1);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&late->dtask.task));
	wpool_cancel(&late->dtask.task);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
}

/* --- hooks ------------------------------------------------------------------------ */

struct hooked {
	atomic_t	starts, stops, begins, oopses;
	void		(*at_start)(struct wpool *pool);
	void		(*at_stop)(struct wpool *pool);
	struct wpool	*other;		/* full, for a task that its submitter runs */
};

static void on_start(struct wpool *pool)
{
	struct hooked *hooked = wpool_priv(pool);

	atomic_inc(&hooked->starts);
	if (hooked->at_start)
		hooked->at_start(pool);
}

static void on_stop(struct wpool *pool)
{
	struct hooked *hooked = wpool_priv(pool);

	if (atomic_inc_return(&hooked->stops) == 1 && hooked->at_stop)
		hooked->at_stop(pool);
}

static void on_begin(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct hooked *hooked = wpool_priv(pool);

	atomic_inc(&hooked->begins);
}

static void on_oops(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct hooked *hooked = wpool_priv(pool);

	atomic_inc(&hooked->oopses);
}

static const struct wpool_ops hooked_ops = {
	.worker_start	= on_start,
	.worker_stop	= on_stop,
	.task_begin	= on_begin,
	.task_oops	= on_oops,
};

static void run_and_die(struct wpool *pool)
{
	WARN_ON(!wpool_run(pool, wpt_die, NULL));
}

#define RETRY	(HZ / 10 + 1)	/* WPOOL_SPAWN_RETRY */

/* 33: a worker that dies in a task while it starts is not replaced at once, for ever */
static void compose_dies_in_task_as_it_starts(struct kunit *test)
{
	struct hooked *hooked = wpt_alloc(test, sizeof(*hooked));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .ops = &hooked_ops, .priv = hooked,
	});
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned long began;

	/* The first is to come to the job. */
	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	hooked->at_start = run_and_die;
	wpool_task_init(&job->task, wpt_die, job);
	began = jiffies;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -EOWNERDEAD);
	/* one in the job, one at once, and after RETRY, 2 RETRY, 4 RETRY */
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_DIED) >= 5);
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, began + 7 * RETRY));
	hooked->at_start = NULL;
}

/* 34: a worker dies in a task while it leaves: the hook is called */
static void compose_dies_in_task_as_it_leaves(struct kunit *test)
{
	struct hooked *hooked = wpt_alloc(test, sizeof(*hooked));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .ops = &hooked_ops, .priv = hooked, .idle_timeout_ms = 1,
	});
	/* The other is busy, so the worker that leaves runs the task itself. */
	struct wpt_job *hold = wpt_hold(test, pool, 1);

	hooked->at_stop = run_and_die;
	KUNIT_ASSERT_EQ(test, wpool_prestart(pool, 1), 1);
	WPT_ASSERT_STAT(test, pool, OOPSED, 1);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&hooked->oopses), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&hooked->begins), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&hooked->starts), 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&hooked->stops), 2);
}

static void submit_and_die(struct wpool *pool)
{
	struct hooked *hooked = wpool_priv(pool);
	struct wpool_task task;

	wpool_task_init(&task, wpt_die, NULL);
	WARN_ON(!wpool_schedule(hooked->other, &task));
}

/* 34: or in a task that it runs there as its submitter: it has died, too */
static void compose_dies_as_submitter_as_it_leaves(struct kunit *test)
{
	struct hooked *hooked = wpt_alloc(test, sizeof(*hooked));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .ops = &hooked_ops, .priv = hooked, .idle_timeout_ms = 1,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *full;

	hooked->other = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_CALLER_RUNS,
	});
	full = wpt_hold(test, hooked->other, 1);
	hooked->at_stop = submit_and_die;
	KUNIT_ASSERT_EQ(test, wpool_prestart(pool, 1), 1);
	WPT_ASSERT_STAT(test, hooked->other, OOPSED, 1);
	/* That is counted first. */
	WPT_ASSERT_STAT(test, pool, DIED, 1);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, OOPSED, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&hooked->stops), 1);
	wpt_open(hold->gate);
	wpt_open(full->gate);
	wpt_destroy(test, pool);
}

struct starter {
	struct hooked			hooked;	/* first: the pool's priv */
	struct wpool_release_task	ttask;
	struct wpool_task		blocks;	/* waits for room for the job */
	struct wpt_job			*job;
	struct wpool			*pool;
	struct completion		accepted;
	int				err, result;
};

static int return_seven(void *arg)
{
	return 7;
}

static void release_nothing(void *arg, enum wpool_fate fate)
{
}

static int block_for_job(void *arg)
{
	struct starter *starter = arg;

	wait_for_completion(&starter->accepted);
	return wpool_schedule(starter->pool, &starter->job->task);
}

static void wait_for_own(struct wpool *pool)
{
	struct starter *starter = container_of(wpool_priv(pool), struct starter, hooked);

	starter->err = wpool_try_schedule(pool, &starter->ttask.task);
	complete(&starter->accepted);
	if (wpt_until(wpt_stat(pool, WPOOL_STAT_BLOCKED)))
		starter->result = wpool_wait(&starter->ttask.task);
}

/* 81: the end of a task makes the room that a worker waits for before its release is called */
static void compose_room_before_release(struct kunit *test)
{
	struct starter *starter = wpt_alloc(test, sizeof(*starter));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF, .ops = &hooked_ops,
		.priv = &starter->hooked,
	});

	starter->pool = pool;
	starter->job = wpt_jobs(test, 1, NULL);
	init_completion(&starter->accepted);
	wpool_task_init(&starter->blocks, block_for_job, starter);
	wpool_release_task_init(&starter->ttask, return_seven, NULL);
	wpool_task_set_release(&starter->ttask, release_nothing);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &starter->blocks), 0);
	WPT_ASSERT_STAT(test, pool, RUNNING, 1);
	starter->hooked.at_start = wait_for_own;
	wpt_prestart(test, pool, 1);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &starter->blocks), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, starter->job), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, starter->err, 0);
	KUNIT_EXPECT_EQ(test, starter->result, 7);
}

struct leaver {
	struct hooked		hooked;		/* first: the pool's priv */
	struct wpt_job		*job;
	struct wpt_gate		*gate;
	struct completion	ready;
	struct wpool_group	*group;
	int			ret;
};

static void leave_group_behind(struct wpool *pool)
{
	struct leaver *leaver = wpool_priv(pool);
	struct wpool_group group;

	wpool_group_init(&group, 0);
	leaver->ret = wpool_group_schedule(&group, pool, &leaver->job->task);
	leaver->group = &group;
	complete_all(&leaver->ready);
	wait_for_completion(&leaver->gate->opened);
	kthread_complete_and_exit(NULL, 0);
}

/* 75: a group on the stack of a worker that dies as it leaves */
static void compose_dies_with_group_as_it_leaves(struct kunit *test)
{
	struct leaver *leaver = wpt_alloc(test, sizeof(*leaver));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .ops = &hooked_ops, .priv = leaver, .idle_timeout_ms = 1,
	});
	struct wpt_thread *waiter;
	unsigned long left;

	leaver->job = wpt_jobs(test, 1, wpt_gate(test));
	leaver->gate = wpt_gate(test);
	init_completion(&leaver->ready);
	leaver->hooked.at_stop = leave_group_behind;
	KUNIT_ASSERT_EQ(test, wpool_prestart(pool, 1), 1);
	left = wait_for_completion_timeout(&leaver->ready, WPT_LIMIT);
	KUNIT_ASSERT_GT(test, left, 0);
	KUNIT_ASSERT_EQ(test, leaver->ret, 0);
	wpt_begun(test, leaver->job);
	waiter = wpt_thread(test, wpt_call_group_wait, pool, NULL, leaver->group);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpt_open(leaver->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -EOWNERDEAD);
	wpt_open(leaver->job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, leaver->job), 0);
}

static struct kunit_case compose_cases[] = {
	KUNIT_CASE_PARAM(compose_group_put_off, late_gen_params),
	KUNIT_CASE_PARAM(compose_room_behind_late_group, late_gen_params),
	KUNIT_CASE(compose_two_modify),
	KUNIT_CASE(compose_fail_fast_put_off),
	KUNIT_CASE(compose_group_cancel_put_off),
	KUNIT_CASE(compose_dies_in_task_as_it_starts),
	KUNIT_CASE(compose_dies_in_task_as_it_leaves),
	KUNIT_CASE(compose_dies_as_submitter_as_it_leaves),
	KUNIT_CASE(compose_room_before_release),
	KUNIT_CASE(compose_dies_with_group_as_it_leaves),
	{ }
};

static struct kunit_suite compose_suite = {
	.name		= "wpool_compose",
	.init		= compose_init,
	.exit		= wpt_exit,
	.test_cases	= compose_cases,
};

kunit_test_suites(&compose_suite);
