// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests share: tasks that tell what becomes of them, groups, and calls that are
 * made for them. What all of these are made of is in fixture_kunit.c.
 */
#include <linux/kthread.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include "wpool_kunit.h"

/* A thread that is there for as long as the caller uses it; or NULL. */
struct task_struct *wpt_thread_named(const char *name)
{
	struct task_struct *process, *found = NULL;

	rcu_read_lock();
	for_each_process(process) {
		if (!strcmp(process->comm, name))
			found = process;
	}
	rcu_read_unlock();
	return found;
}

/* The manager's. */
struct task_struct *wpt_manager(void)
{
	return wpt_thread_named("wpool-manager");
}

/* That which makes workers. */
struct task_struct *wpt_maker(void)
{
	return wpt_thread_named("wpool-maker");
}

/* It sets the state before it looks for more: only off the CPU it has found nothing. */
bool wpt_has_settled(const struct task_struct *thread)
{
	return READ_ONCE(thread->__state) == TASK_IDLE && !READ_ONCE(thread->on_rq);
}

int wpt_run_job(void *arg)
{
	struct wpt_job *job = arg;

	job->worker = current;
	if (job->clock)
		job->turn = atomic_inc_return(job->clock);
	complete_all(&job->begun);
	/* Teardown opens every gate, so this ends. */
	if (job->gate)
		wait_for_completion(&job->gate->opened);
	atomic_inc(&job->runs);
	return job->result;
}

int wpt_die(void *unused)
{
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

struct wpt_job *wpt_jobs(struct kunit *test, unsigned int n, struct wpt_gate *gate)
{
	struct wpt_job *jobs = wpt_alloc(test, n * sizeof(*jobs));
	unsigned int i;

	for (i = 0; i < n; i++) {
		wpool_task_init(&jobs[i].task, wpt_run_job, &jobs[i]);
		init_completion(&jobs[i].begun);
		jobs[i].gate = gate;
	}
	return jobs;
}

/*
 * 0, or the first error; the jobs after it are not submitted. Waits for room,
 * but not for ever.
 */
int wpt_schedule_all(struct wpool *pool, struct wpt_job *jobs, unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = wpool_schedule_timeout(pool, &jobs[i].task, WPT_LIMIT);
	return err;
}

void wpt_begun(struct kunit *test, struct wpt_job *job)
{
	KUNIT_ASSERT_TRUE_MSG(test, wait_for_completion_timeout(&job->begun, WPT_LIMIT) > 0,
			      "the job never began");
}

/* Let n workers begin a job each, behind a gate that all of them share. */
struct wpt_job *wpt_hold(struct kunit *test, struct wpool *pool, unsigned int n)
{
	struct wpt_job *jobs = wpt_jobs(test, n, wpt_gate(test));
	unsigned int i;

	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, &jobs[i], 1), 0);
		wpt_begun(test, &jobs[i]);
	}
	return jobs;
}

/* The result of a task. */
int wpt_result(struct kunit *test, struct wpool_task *task)
{
	int result = 0;

	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(task, WPT_LIMIT, &result), 0);
	return result;
}

/* The result of a job. */
int wpt_wait(struct kunit *test, struct wpt_job *job)
{
	return wpt_result(test, &job->task);
}

int wpt_run_until_stopped(void *arg)
{
	struct wpt_job *job = arg;
	bool stop;

	job->worker = current;
	complete_all(&job->begun);
	do {
		stop = wpool_should_stop();
	} while (!stop && !wait_for_completion_timeout(&job->gate->opened, 1));
	atomic_inc(&job->runs);
	return stop ? WPT_STOPPED : WPT_NOT_STOPPED;
}

int wpt_run_nest(void *arg)
{
	struct wpt_nest *nest = arg;
	int err = wpool_schedule(nest->pool, &nest->inner->task);

	return err ?: wpool_wait(&nest->inner->task);
}

/* --- groups ------------------------------------------------------------------------ */

struct wpool_group *wpt_group(struct kunit *test, bool fail_fast)
{
	struct wpool_group *group = wpt_alloc(test, sizeof(*group));

	if (fail_fast)
		wpool_group_init(group, WPOOL_GROUP_FAIL_FAST);
	else
		wpool_group_init(group, 0);
	return group;
}

void wpt_group_schedule(struct kunit *test, struct wpool_group *group, struct wpool *pool,
			struct wpt_job *jobs, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &jobs[i].task), 0);
}

int wpt_group_wait(struct kunit *test, struct wpool_group *group)
{
	return wpt_call(test, wpt_call_group_wait, NULL, group);
}

/* --- calls for threads ---------------------------------------------------------------- */

/* Have a thread make a call, so that the test goes on if it never returns. */
int wpt_call(struct kunit *test, int (*fn)(struct wpt_thread *),
	     struct wpool *pool, void *arg)
{
	return wpt_join(test, wpt_thread(test, fn, pool, NULL, arg));
}

static int call_prestart(struct wpt_thread *self)
{
	int ret;

	/* Busy until the manager has made those of the call before. */
	while ((ret = wpool_prestart(self->pool, (unsigned long)self->arg)) == -EBUSY)
		cond_resched();
	return ret;
}

/* Has @n more workers made, and does not wait until they have started. */
struct wpt_thread *wpt_prestart(struct kunit *test, struct wpool *pool, unsigned int n)
{
	u64 workers = wpt_stat(pool, WPOOL_STAT_WORKERS) + n;
	struct wpt_thread *thread = wpt_thread(test, call_prestart, pool, NULL,
					       (void *)(unsigned long)n);

	WPT_ASSERT_STAT(test, pool, WORKERS, workers);
	if (!n)
		WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	return thread;
}

struct function {
	wpool_fn_t	fn;
	void		*arg;
};

static int call_run(struct wpt_thread *self)
{
	struct function *function = self->arg;

	return wpool_run(self->pool, function->fn, function->arg);
}

int wpt_run(struct kunit *test, struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct function *function = wpt_alloc(test, sizeof(*function));

	function->fn = fn;
	function->arg = arg;
	return wpt_call(test, call_run, pool, function);
}

int wpt_call_schedule(struct wpt_thread *self)
{
	return wpool_schedule(self->pool, &self->job->task);
}

int wpt_call_wait(struct wpt_thread *self)
{
	return wpool_wait(&self->job->task);
}

int wpt_call_destroy(struct wpt_thread *self)
{
	return wpool_destroy(self->pool);
}

int wpt_call_flush(struct wpt_thread *self)
{
	return wpool_flush(self->pool);
}

int wpt_call_drain(struct wpt_thread *self)
{
	return wpool_drain(self->pool);
}

int wpt_call_submit_and_cancel(struct wpt_thread *self)
{
	struct wpool_task *task = &self->job->task;
	int wrong = 0;

	while (!completion_done(&self->job->gate->opened)) {
		wrong += wpool_try_schedule(self->pool, task) != 0;
		wrong += !wpool_cancel(task);
		cond_resched();
	}
	return wrong;
}

int wpt_call_group_wait(struct wpt_thread *self)
{
	return wpool_group_wait(self->arg);
}
