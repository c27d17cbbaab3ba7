// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that their submitters run, as the pool is full: what lies on stacks, and submitters
 * and pools of a special kind.
 */
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include <linux/task_work.h>
#include <linux/umh.h>
#include "dead_scene.h"

static int caller_odd_init(struct kunit *test)
{
	return wpt_init(test, "wpool_caller_odd");
}

static struct wpool *caller_pool(struct kunit *test)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
}

/* A task that submits itself to a group, and takes that back; it may go with its stack. */
struct doubter {
	struct wpool_task	task;
	struct wpool_group	*group;
	bool			shutdown;
	bool			anew;		/* submits itself once more */
	unsigned int		runs;
	unsigned int		cancelled;
	int			err;
};

static int run_doubter(void *arg)
{
	struct doubter *self = arg;
	struct wpool *pool = wpool_current();

	if (self->runs++)
		return 0;
	self->err = wpool_group_schedule(self->group, pool, &self->task);
	self->cancelled = self->shutdown ? wpool_shutdown_now(pool, NULL) :
					   wpool_group_cancel(self->group);
	if (self->anew && !self->err)
		self->err = wpool_schedule(pool, &self->task);
	return 0;
}

static int doubt(struct wpool *pool, const struct doubter *how)
{
	struct doubter self = *how;
	int err;

	wpool_task_init(&self.task, run_doubter, &self);
	err = wpool_schedule(pool, &self.task);
	if (!err)
		err = wpool_wait(&self.task);
	if (err || self.err)
		return err ?: self.err;
	return self.runs == 1 + self.anew && self.cancelled == 1 ? 0 : -ERANGE;
}

static int doubt_in_worker(void *arg)
{
	return doubt(wpool_current(), arg);
}

static int doubt_in_thread(struct wpt_thread *self)
{
	return doubt(self->pool, self->arg);
}

/* 12, 53, 54, 82: a task on the stack of the thread that runs it, to be run again: taken back */
static void caller_odd_taken_back(struct kunit *test)
{
	struct doubter *how = wpt_alloc(test, sizeof(*how));
	unsigned int i;

	for (i = 0; i < 6; i++) {
		struct wpool *pool = caller_pool(test);
		struct wpt_job *hold;

		how->group = wpt_group(test, false);
		how->shutdown = i & 2;
		how->anew = i & 4;
		if (i & 1) {
			KUNIT_EXPECT_EQ(test, wpt_run(test, pool, doubt_in_worker, how), 0);
		} else {
			hold = wpt_hold(test, pool, 1);
			KUNIT_EXPECT_EQ(test, wpt_call(test, doubt_in_thread, pool, how), 0);
			wpt_open(hold->gate);
		}
		KUNIT_EXPECT_EQ(test, wpt_group_wait(test, how->group), -ECANCELED);
		WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
		WPT_EXPECT_STAT(test, pool, QUEUED, 0);
		wpt_destroy(test, pool);
	}
}

/* A group on the stack of a worker that dies, after a submitter runs a task of it. */
struct heir {
	struct wpool		*full;
	struct wpool_group	*group;
	struct completion	has_group;
	struct wpt_gate		*gate;
	struct wpt_job		*job;
};

static int die_with_group(void *arg)
{
	struct heir *heir = arg;
	struct wpool_group group;

	wpool_group_init(&group, 0);
	heir->group = &group;
	complete_all(&heir->has_group);
	wait_for_completion(&heir->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static int call_inherit(struct wpt_thread *self)
{
	struct heir *heir = self->arg;

	return wpool_group_schedule(heir->group, heir->full, &heir->job->task);
}

/* 82: the group is gone, the task goes on, and ends in no group */
static void caller_odd_dead_group(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct heir *heir = wpt_alloc(test, sizeof(*heir));
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	struct wpt_job *hold;
	struct wpt_thread *caller;

	heir->full = caller_pool(test);
	heir->gate = wpt_gate(test);
	heir->job = wpt_jobs(test, 1, wpt_gate(test));
	init_completion(&heir->has_group);
	hold = wpt_hold(test, heir->full, 1);
	wpool_task_init(task, die_with_group, heir);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&heir->has_group, WPT_LIMIT), 0);
	caller = wpt_thread(test, call_inherit, NULL, NULL, heir);
	wpt_begun(test, heir->job);
	wpt_open(heir->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, heir->full, CALLER_RUNS, 1);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&heir->job->task));
	wpt_open(heir->job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, heir->job), 0);
	wpt_open(hold->gate);
}

/* What a worker submits before its first task. */
struct starter {
	struct wpool_task	task;
	struct wpt_gate		*full;
	bool			armed;
	int			err;
};

static int run_starter(void *arg)
{
	struct starter *starter = arg;

	return wpool_wait(&starter->task);
}

static void submit_at_start(struct wpool *pool)
{
	struct starter *starter = wpool_priv(pool);

	if (!READ_ONCE(starter->armed))
		return;
	wait_for_completion(&starter->full->opened);
	starter->err = wpool_schedule(pool, &starter->task);
}

static const struct wpool_ops starter_ops = { .worker_start = submit_at_start };

/* 76, 82: a worker that is in no task yet runs one as a submitter; it does not wait for itself */
static void caller_odd_hook(struct kunit *test)
{
	struct starter *starter = wpt_alloc(test, sizeof(*starter));
	struct wpt_job *hold;
	struct wpool *pool;

	wpool_task_init(&starter->task, run_starter, starter);
	starter->full = wpt_gate(test);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 1, .full = WPOOL_FULL_CALLER_RUNS,
		.flags = WPOOL_KEEP_IDLE, .ops = &starter_ops, .priv = starter,
	});
	hold = wpt_hold(test, pool, 1);
	WRITE_ONCE(starter->armed, true);
	/* two that wait, and a worker to be made for one of them */
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, wpt_jobs(test, 2, NULL), 2), 0);
	wpt_open(starter->full);
	WPT_ASSERT_STAT(test, pool, CALLER_RUNS, 1);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &starter->task), -EDEADLK);
	wpt_open(hold->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_EQ(test, starter->err, 0);
}

/* 61, 82: a pool that is needed to free memory takes none that it would have to wait for */
static void caller_odd_reclaim(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .min_workers = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.flags = WPOOL_MEM_RECLAIM, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *caller;

	caller = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_CALLER_RUNS) ||
			 wpt_stat(pool, WPOOL_STAT_BLOCKED));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* A task of a group that lies on the stack of the thread that runs it, and ends in it. */
struct mourned {
	struct wpool_task	task;
	struct wpool_group	*group;
	struct wpt_thread	*thread;
	bool			again;		/* submits itself to it before */
	unsigned int		runs;
	int			err;
};

static int die_in_group(void *arg)
{
	struct mourned *self = arg;

	if (self->runs++)
		return 0;
	if (self->again)
		self->err = wpool_group_schedule(self->group, wpool_current(), &self->task);
	complete_all(&self->thread->done);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static int submit_to_own_group(struct wpt_thread *self)
{
	struct mourned *mourned = self->arg;
	struct wpool_group group;

	wpool_group_init(&group, 0);
	mourned->group = &group;
	mourned->thread = self;
	return wpool_group_schedule(&group, self->pool, &mourned->task);
}

static const bool again_cases[] = { false, true };

static void again_name(const bool *again, char *desc)
{
	strscpy(desc, *again ? "and is to run again" : "and ends", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(again, again_cases, again_name);

/* 36, 75, 82: the group goes with its submitter's stack, the task goes on in none */
static void caller_odd_own_group(struct kunit *test)
{
	struct mourned *mourned = wpt_alloc(test, sizeof(*mourned));
	struct wpool *pool = caller_pool(test);
	struct wpt_job *hold = wpt_hold(test, pool, 1), *guards;

	mourned->again = *(const bool *)test->param_value;
	wpool_task_init(&mourned->task, die_in_group, mourned);
	wpt_call(test, submit_to_own_group, pool, mourned);
	WPT_ASSERT_STAT(test, pool, OOPSED, 1);
	guards = dead_use_stacks(test, wpt_pool(test, NULL));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &mourned->task), mourned->again ? 0 : -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, mourned->runs, 1 + mourned->again);
	KUNIT_EXPECT_EQ(test, mourned->err, 0);
	dead_expect_untouched(test, guards);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_destroy(test, pool);
}

/*
 * Of a process that has another thread: the kernel tells nobody of the end of the first one
 * before that of the other. It comes back from the kernel, and submits a task on its way.
 */
struct visitor {
	struct callback_head	work;
	struct task_struct	*thread;	/* with a reference */
	struct pid		*process;	/* with one, too */
	struct wpool		*pool;
	struct wpool_task	task;
};

static bool find_visitor(struct visitor *visitor, bool leader)
{
	struct task_struct *process, *thread;

	rcu_read_lock();
	for_each_process(process) {
		/* With PROVE_RCU_LIST for_each_thread() has a lock that modules do not see. */
		list_for_each_entry_rcu(thread, &process->signal->thread_head, thread_node) {
			if (visitor->thread || strcmp(thread->comm, "helper") ||
			    thread_group_empty(thread) || thread_group_leader(thread) != leader)
				continue;
			visitor->thread = get_task_struct(thread);
			visitor->process = get_task_pid(thread, PIDTYPE_TGID);
		}
	}
	rcu_read_unlock();
	return visitor->thread;
}

static void submit_on_way(struct callback_head *work)
{
	struct visitor *visitor = container_of(work, struct visitor, work);

	/* The submitter itself runs it, and dies: nothing is returned. */
	if (wpool_schedule(visitor->pool, &visitor->task))
		pr_err("the visitor's task was not accepted\n");
}

static int die_as_visitor(void *arg)
{
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* A thread of a new process: see scripts/guest/helper.c. */
static struct visitor *visitor(struct kunit *test, struct wpool *pool, bool leader)
{
	struct visitor *visitor = wpt_alloc(test, sizeof(*visitor));
	char *argv[3] = { "/helper", "thread" }, *envp[1] = { NULL };

	visitor->pool = pool;
	wpool_task_init(&visitor->task, die_as_visitor, NULL);
	init_task_work(&visitor->work, submit_on_way);
	if (call_usermodehelper(argv[0], argv, envp, UMH_WAIT_EXEC))
		kunit_skip(test, "needs the helper of the test machine");
	WPT_ASSERT_UNTIL(test, find_visitor(visitor, leader));
	return visitor;
}

static bool is_there(struct pid *process)
{
	bool there;

	rcu_read_lock();
	there = pid_task(process, PIDTYPE_TGID);
	rcu_read_unlock();
	return there;
}

static void end_process(struct kunit *test, struct visitor *visitor)
{
	kill_pid(visitor->process, SIGKILL, 1);
	WPT_ASSERT_UNTIL(test, !is_there(visitor->process));
	put_pid(visitor->process);
	put_task_struct(visitor->thread);
}

static const bool leader_cases[] = { true, false };

static void leader_name(const bool *leader, char *desc)
{
	strscpy(desc, *leader ? "its first thread" : "another thread", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(leader, leader_cases, leader_name);

/* 37, 82: a thread of a process that has others dies in it: the pool finds out by itself */
static void caller_odd_process(struct kunit *test)
{
	struct wpool *pool = caller_pool(test);
	struct visitor *visits;
	struct wpt_job *hold;

#ifndef kthread_exit
	kunit_skip(test, "its kthread_complete_and_exit() is for threads of the kernel alone");
#endif
	visits = visitor(test, pool, *(const bool *)test->param_value);
	hold = wpt_hold(test, pool, 1);
	KUNIT_ASSERT_EQ(test, task_work_add(visits->thread, &visits->work, TWA_SIGNAL), 0);
	WPT_ASSERT_STAT(test, pool, OOPSED, 1);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &visits->task), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	WPT_EXPECT_STAT(test, pool, DIED, 0);
	end_process(test, visits);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
}

static struct kunit_case caller_odd_cases[] = {
	KUNIT_CASE(caller_odd_taken_back),
	KUNIT_CASE(caller_odd_dead_group),
	KUNIT_CASE(caller_odd_hook),
	KUNIT_CASE_PARAM(caller_odd_own_group, again_gen_params),
	KUNIT_CASE(caller_odd_reclaim),
	KUNIT_CASE_PARAM(caller_odd_process, leader_gen_params),
	{}
};

static struct kunit_suite caller_odd_suite = {
	.name = "wpool_caller_odd",
	.init = caller_odd_init,
	.exit = wpt_exit,
	.test_cases = caller_odd_cases,
};

kunit_test_suite(caller_odd_suite);
