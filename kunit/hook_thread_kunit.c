// SPDX-License-Identifier: GPL-2.0
/*
 * The hooks that no worker can call, as it is dead or there is none any more:
 * task_oops, worker_stop of the dead, terminated. Whatever they do costs their own
 * pool alone.
 */
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include "wpool_kunit.h"

static int hook_thread_init(struct kunit *test)
{
	return wpt_init(test, "wpool_hook_thread");
}

enum hook { OOPS, STOP, TERMINATED, NR_HOOKS };

/* What one pool's hooks do; its priv. */
struct trouble {
	atomic_t		calls[NR_HOOKS];
	enum hook		where;		/* which of them does it, when first called */
	void			(*what)(struct trouble *trouble, struct wpool *pool);
	struct wpt_gate		*gate;		/* waited for by hook_sleep() */
	struct wpool		*other;		/* the pool of a hook that calls */
	int			(*call)(struct wpool *own, struct wpool *other);
	struct completion	begun;
	struct task_struct	*thread;	/* with a reference */
	int			result;
};

static void hook_called(struct wpool *pool, enum hook hook)
{
	struct trouble *trouble = wpool_priv(pool);

	if (atomic_inc_return(&trouble->calls[hook]) > 1 || hook != trouble->where ||
	    !trouble->what)
		return;
	trouble->thread = get_task_struct(current);
	complete_all(&trouble->begun);
	trouble->what(trouble, pool);
}

static void on_oops(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	hook_called(pool, OOPS);
}

/* Of the dead alone. */
static void on_stop(struct wpool *pool)
{
	if (!wpool_current())
		hook_called(pool, STOP);
}

static void on_terminated(struct wpool *pool)
{
	hook_called(pool, TERMINATED);
}

static const struct wpool_ops trouble_ops = {
	.worker_stop	= on_stop,
	.task_oops	= on_oops,
	.terminated	= on_terminated,
};

static void hook_sleep(struct trouble *trouble, struct wpool *pool)
{
	wait_for_completion(&trouble->gate->opened);
}

static void hook_call(struct trouble *trouble, struct wpool *pool)
{
	WRITE_ONCE(trouble->result, trouble->call(pool, trouble->other));
}

static struct wpt_job *fatal_jobs(struct kunit *test, unsigned int n)
{
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	unsigned int i;

	for (i = 0; i < n; i++)
		wpool_task_init(&jobs[i].task, wpt_die, &jobs[i]);
	return jobs;
}

static struct trouble *trouble_alloc(struct kunit *test, enum hook where,
				     void (*what)(struct trouble *, struct wpool *))
{
	struct trouble *trouble = wpt_alloc(test, sizeof(*trouble));

	trouble->where = where;
	trouble->what = what;
	trouble->gate = wpt_gate(test);
	trouble->result = -EINPROGRESS;
	init_completion(&trouble->begun);
	return trouble;
}

static struct wpool *trouble_pool(struct kunit *test, struct trouble *trouble)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .ops = &trouble_ops, .priv = trouble,
	});
}

/* Bring about that the hook is called. For the last one the pool is shut down. */
static void call_for_trouble(struct kunit *test, struct wpool *pool,
			     struct trouble *trouble)
{
	struct wpt_job *fatal = fatal_jobs(test, 1);
	long left;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	if (trouble->where == TERMINATED) {
		KUNIT_EXPECT_EQ(test, wpt_wait(test, fatal), -EOWNERDEAD);
		wpool_shutdown(pool);
	}
	left = wait_for_completion_timeout(&trouble->begun, WPT_LIMIT);
	KUNIT_ASSERT_TRUE_MSG(test, left > 0, "the hook was not called");
}

static const enum hook hook_cases[] = { OOPS, STOP, TERMINATED };

static void hook_name(const enum hook *hook, char *desc)
{
	static const char * const names[] = { "task_oops", "worker_stop", "terminated" };

	strscpy(desc, names[*hook], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(hook, hook_cases, hook_name);

static int live(struct wpt_thread *self)
{
	char *name = self->arg;
	struct wpool *pool = wpool_create(name, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = self->job;
	int ret;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	ret = wpool_schedule(pool, &job->task);
	if (!ret && wpool_wait(&job->task) != -EOWNERDEAD)
		ret = -EIO;
	/* by another worker */
	wpool_task_init(&job->task, wpt_run_job, job);
	if (!ret)
		ret = wpool_schedule(pool, &job->task) ?: wpool_wait(&job->task);
	return ret ?: wpool_destroy(pool);
}

/* The whole life of another pool, a death in it too, while this one has its trouble. */
static void expect_others_live(struct kunit *test)
{
	char *name = wpt_alloc(test, WPOOL_NAME_MAX + 1);
	struct wpt_thread *thread;

	wpt_name(test, name, WPOOL_NAME_MAX + 1);
	thread = wpt_thread(test, live, NULL, fatal_jobs(test, 1), name);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
}

/* 76: a hook that sleeps: all other pools, and the other workers of its own, go on */
static void hook_thread_sleeps(struct kunit *test)
{
	enum hook where = *(const enum hook *)test->param_value;
	struct trouble *trouble = trouble_alloc(test, where, hook_sleep);
	struct wpool *pool = trouble_pool(test, trouble);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	call_for_trouble(test, pool, trouble);
	expect_others_live(test);
	if (where != TERMINATED) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
		wpool_shutdown(pool);
	}
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 1), -ETIMEDOUT);
	wpt_open(trouble->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&trouble->calls[OOPS]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&trouble->calls[STOP]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&trouble->calls[TERMINATED]), 1);
	put_task_struct(trouble->thread);
}

static int call_create_destroy(struct wpool *own, struct wpool *other)
{
	struct wpool *pool = wpool_create("kunit-by-hook", NULL);

	return IS_ERR(pool) ? PTR_ERR(pool) : wpool_destroy(pool);
}

static int call_restart(struct wpool *own, struct wpool *other)
{
	wpool_shutdown(other);
	return wpool_await_termination(other, MAX_SCHEDULE_TIMEOUT) ?: wpool_restart(other);
}

static int call_prestart(struct wpool *own, struct wpool *other)
{
	int started = wpool_prestart(other, 1);

	return started == 1 ? 0 : started;
}

static int call_run(struct wpool *own, struct wpool *other)
{
	return wpool_run(other, wpt_die, NULL) == -EOWNERDEAD ? 0 : -EIO;
}

static int call_drain(struct wpool *own, struct wpool *other)
{
	int ret = wpool_schedule_fn(other, wpt_die, NULL, NULL);

	wpool_drain(other);
	return ret;
}

static int call_own_prestart(struct wpool *own, struct wpool *other)
{
	return wpool_prestart(own, 0) == -EDEADLK ? 0 : -EIO;
}

static int call_own_destroy(struct wpool *own, struct wpool *other)
{
	return wpool_destroy(own) == -EDEADLK ? 0 : -EIO;
}

static int call_own_await(struct wpool *own, struct wpool *other)
{
	return wpool_await_termination(own, MAX_SCHEDULE_TIMEOUT) == -EDEADLK ? 0 : -EIO;
}

static int call_own_flush(struct wpool *own, struct wpool *other)
{
	wpool_flush(own);
	return 0;
}

static int call_own_drain(struct wpool *own, struct wpool *other)
{
	wpool_drain(own);
	return 0;
}

struct call_case {
	const char	*name;
	int		(*call)(struct wpool *own, struct wpool *other);
};

static const struct call_case call_cases[] = {
	{ "creates and destroys", call_create_destroy },
	{ "restarts", call_restart },
	{ "prestarts", call_prestart },
	{ "runs", call_run },
	{ "drains", call_drain },
	{ "prestarts its own", call_own_prestart },
	{ "destroys its own", call_own_destroy },
	{ "awaits its own", call_own_await },
	{ "flushes its own", call_own_flush },
	{ "drains its own", call_own_drain },
};

static void call_name(const struct call_case *which, char *desc)
{
	strscpy(desc, which->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(call, call_cases, call_name);

/* 76, 62: a hook that calls: another pool's function does it, its own would be a wait for itself */
static void hook_thread_calls(struct kunit *test)
{
	const struct call_case *which = test->param_value;
	enum hook where;

	for (where = OOPS; where < NR_HOOKS; where++) {
		struct trouble *trouble = trouble_alloc(test, where, hook_call);
		struct wpool *pool = trouble_pool(test, trouble);

		trouble->other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
		trouble->call = which->call;
		call_for_trouble(test, pool, trouble);
		WPT_ASSERT_UNTIL(test, READ_ONCE(trouble->result) != -EINPROGRESS);
		KUNIT_EXPECT_EQ(test, trouble->result, 0);
		wpt_destroy(test, pool);
		KUNIT_EXPECT_EQ(test, atomic_read(&trouble->calls[TERMINATED]), 1);
		put_task_struct(trouble->thread);
	}
}

/* Of a set whose pools have this hook; its priv. */
struct set_trouble {
	struct wpool_set	*set;
	struct completion	called;
	int			result;
};

static void on_oops_destroy_set(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct set_trouble *trouble = wpool_priv(pool);

	WRITE_ONCE(trouble->result, wpool_set_destroy(trouble->set));
	complete_all(&trouble->called);
}

/* 76, 62: a hook of one of a set's pools cannot destroy the set, and nothing of it ends */
static void hook_thread_destroys_set(struct kunit *test)
{
	static const struct wpool_ops ops = { .task_oops = on_oops_destroy_set };
	struct set_trouble *trouble = wpt_alloc(test, sizeof(*trouble));
	struct wpt_job *fatal = fatal_jobs(test, 1), *jobs = wpt_jobs(test, 2, NULL);
	char name[WPOOL_NAME_MAX + 1];
	long left;

	init_completion(&trouble->called);
	trouble->set = wpool_set_create(wpt_name(test, name, sizeof(name)),
					&((struct wpool_attrs) { .ops = &ops, .priv = trouble }),
					2, WPOOL_RULE_ROUND_ROBIN);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, trouble->set);
	KUNIT_EXPECT_EQ(test, wpool_set_schedule(trouble->set, &fatal->task, 0), 0);
	left = wait_for_completion_timeout(&trouble->called, WPT_LIMIT);
	KUNIT_EXPECT_GT(test, left, 0);
	KUNIT_EXPECT_EQ(test, trouble->result, -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpool_set_schedule(trouble->set, &jobs[0].task, 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_set_schedule(trouble->set, &jobs[1].task, 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_set_destroy(trouble->set), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs) + atomic_read(&jobs[1].runs), 2);
}

/* 34: the waiter of the task is woken after its hook has returned: its memory is there */
static void hook_thread_before_waiters(struct kunit *test)
{
	struct trouble *trouble = trouble_alloc(test, STOP, hook_sleep);
	struct wpool *pool = trouble_pool(test, trouble);
	struct wpt_job *fatal = fatal_jobs(test, 1);
	struct wpt_thread *waiter;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	waiter = wpt_thread(test, wpt_call_wait, pool, fatal, NULL);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&trouble->begun, WPT_LIMIT), 0);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&fatal->task));
	WPT_EXPECT_STAT(test, pool, OOPSED, 0);
	wpt_open(trouble->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -EOWNERDEAD);
	put_task_struct(trouble->thread);
}

/* 40, 76: wpool_destroy() returns after the hook has */
static void hook_thread_during_destroy(struct kunit *test)
{
	enum hook where = *(const enum hook *)test->param_value;
	struct trouble *trouble = trouble_alloc(test, where, hook_sleep);
	struct wpool *pool = trouble_pool(test, trouble);
	struct wpt_job *fatal = fatal_jobs(test, 1);
	struct wpt_thread *destroyer;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	wpool_get(pool);
	wpt_forget(test, pool);
	destroyer = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&trouble->begun, WPT_LIMIT), 0);
	WPT_ASSERT_UNTIL(test, wpt_asleep(destroyer));
	KUNIT_EXPECT_NE(test, wpt_state(pool), WPOOL_STATE_TERMINATED);
	KUNIT_EXPECT_FALSE(test, completion_done(&destroyer->done));
	wpt_open(trouble->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroyer), 0);
	put_task_struct(trouble->thread);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_TERMINATED);
	wpool_put(pool);
}

/* 59: after a restart they are called again */
static void hook_thread_restart(struct kunit *test)
{
	struct trouble *trouble = trouble_alloc(test, OOPS, NULL);
	struct wpool *pool = trouble_pool(test, trouble);
	struct wpt_job *fatal = fatal_jobs(test, 1);
	int i;

	for (i = 1; i <= 3; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
		wpool_shutdown(pool);
		KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&trouble->calls[OOPS]), i);
		KUNIT_EXPECT_EQ(test, atomic_read(&trouble->calls[STOP]), i);
		KUNIT_EXPECT_EQ(test, atomic_read(&trouble->calls[TERMINATED]), i);
		KUNIT_ASSERT_EQ(test, wpool_restart(pool), 0);
	}
}

static struct kunit_case hook_thread_cases[] = {
	KUNIT_CASE_PARAM(hook_thread_sleeps, hook_gen_params),
	KUNIT_CASE(hook_thread_before_waiters),
	KUNIT_CASE_PARAM(hook_thread_during_destroy, hook_gen_params),
	KUNIT_CASE(hook_thread_restart),
	KUNIT_CASE(hook_thread_destroys_set),
	KUNIT_CASE_PARAM(hook_thread_calls, call_gen_params),
	{}
};

static struct kunit_suite hook_thread_suite = {
	.name = "wpool_hook_thread",
	.init = hook_thread_init,
	.exit = wpt_exit,
	.test_cases = hook_thread_cases,
};

kunit_test_suite(hook_thread_suite);
