// SPDX-License-Identifier: GPL-2.0
/*
 * What comes in between two holds of a pool's lock: a call that has dropped it, and is to
 * take it again, is halted there, and finds the pool as another call has left it meanwhile.
 */
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/string.h>
#include "at_event.h"
#include "halt.h"
#include "wpool_kunit.h"

/* The next task that is cancelled in this pool, or the next shutdown of it, if there is one. */
static struct {
	const char	*pool;		/* its name */
	bool		shuts;
	bool		met;
	bool		halts;		/* the thread that met it, before it takes the lock again */
} between;

/* The task that was cancelled last in this pool, if there is one. */
static struct {
	const char	*pool;
	const void	*task;
} told;

/* A task that runs from the batch. It ends while this pool's lock is held at a cancel. */
static struct {
	const char		*pool;
	struct wpool_task	*task;
	bool			may_end;
	bool			seen;		/* to have ended, by the thread with the lock */
} last;

/* A worker that ends it needs some microseconds; this gives it 20,000. */
static void look_for_end(void)
{
	unsigned int i;

	WRITE_ONCE(last.may_end, true);
	for (i = 0; i < 20000 && !last.seen; i++) {
		last.seen = !wpool_task_running(last.task);
		udelay(1);
	}
}

/* Called by the call to halt, on the last of the CPUs and under the pool's lock. */
static void meet(const char *pool, bool shuts)
{
	const char *wanted = READ_ONCE(between.pool);

	if (!wanted || strcmp(pool, wanted) || between.shuts != shuts)
		return;
	WRITE_ONCE(between.pool, NULL);
	WRITE_ONCE(between.met, true);
	between.halts = wpt_await_halt();
}

static void at_cancel(void *unused, const char *pool, const void *task, wpool_fn_t fn)
{
	const char *named = READ_ONCE(told.pool);

	if (named && !strcmp(pool, named))
		told.task = task;
	named = READ_ONCE(last.pool);
	if (named && !strcmp(pool, named))
		look_for_end();
	meet(pool, false);
}

static void at_state(void *unused, const char *pool, int from, int to)
{
	if (to == WPOOL_STATE_SHUTDOWN)
		meet(pool, true);
}

static struct wpt_event cancel_event = { .name = "wpool_task_cancel", .probe = at_cancel };
static struct wpt_event state_event = { .name = "wpool_pool_state", .probe = at_state };

static int between_suite_init(struct kunit_suite *suite)
{
	return wpt_event_on(&cancel_event) ?: wpt_event_on(&state_event);
}

static void between_suite_exit(struct kunit_suite *suite)
{
	wpt_event_off(&state_event);
	wpt_event_off(&cancel_event);
}

static int between_init(struct kunit *test)
{
	int err = wpt_init(test, "wpool_between");

	if (!err && !cancel_event.tracepoint)
		kunit_skip(test, "needs tracepoints");
	return err;
}

static const struct cpumask *here(void)
{
	return cpumask_of(cpumask_first(cpu_online_mask));
}

static const struct cpumask *there(void)
{
	return cpumask_of(cpumask_last(cpu_online_mask));
}

static void arm_for(struct kunit *test, struct wpool *pool, bool shuts)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	set_cpus_allowed_ptr(current, here());
	between.shuts = shuts;
	between.met = false;
	between.halts = false;
	WRITE_ONCE(between.pool, wpool_name(pool));
}

static void arm(struct kunit *test, struct wpool *pool)
{
	arm_for(test, pool, false);
}

/* The call is between two holds of the lock when it returns. */
static struct wpt_halt *halt_it(struct kunit *test)
{
	wpt_busy_until(READ_ONCE(between.met));
	return wpt_halt_other(test);
}

/* Has there been what the test is about? */
static void expect_halted(struct kunit *test, const struct wpt_halt *halt)
{
	KUNIT_ASSERT_TRUE(test, between.met);
	if (!between.halts || halt->early)
		kunit_skip(test, "the call went on before");
}

static void go_on(struct wpt_halt *halt)
{
	wpt_go_on(halt);
	WRITE_ONCE(between.pool, NULL);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

static void let_it_go(struct kunit *test, struct wpt_halt *halt)
{
	go_on(halt);
	expect_halted(test, halt);
}

static int call_cancel_sync(struct wpt_thread *self)
{
	set_cpus_allowed_ptr(current, there());
	return wpool_cancel_sync(&self->job->task);
}

/* 47, 48: the waiter of a task that a call takes back is woken before the call returns */
static void between_cancelled_is_told(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	told.task = NULL;
	WRITE_ONCE(told.pool, wpool_name(pool));
	KUNIT_EXPECT_TRUE(test, wpool_cancel_sync(&job->task));
	WRITE_ONCE(told.pool, NULL);
	KUNIT_EXPECT_PTR_EQ(test, told.task, (const void *)&job->task);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpool_resume(pool);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* 48, 50: submitted again when it has just been taken back: it is taken back once more */
static void between_cancel_and_wait(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_thread *canceller;
	struct wpt_halt *halt;
	int err;

	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	arm(test, pool);
	canceller = wpt_thread(test, call_cancel_sync, NULL, job, NULL);
	halt = halt_it(test);
	err = wpool_schedule(pool, &job->task);
	let_it_go(test, halt);
	KUNIT_EXPECT_EQ(test, err, 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, canceller), true);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&job->task));
	WPT_EXPECT_STAT(test, pool, CANCELLED, 2);
	wpool_resume(pool);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* A task that another thread takes back and asks to stop, again and again. */
struct often {
	struct wpool_task	task;
	unsigned int		calls;
	bool			enough;
};

#define HALTS	40

static int sleep_until_asked(void *arg)
{
	return wpool_sleep(10 * WPT_LIMIT);
}

static int call_cancel_sync_often(struct wpt_thread *self)
{
	struct often *often = self->arg;

	set_cpus_allowed_ptr(current, there());
	while (!READ_ONCE(often->enough)) {
		wpool_cancel_sync(&often->task);
		WRITE_ONCE(often->calls, often->calls + 1);
		cond_resched();
	}
	return 0;
}

/* The call is halted anywhere, the task begins, and the call goes on. */
static bool begins_meanwhile(struct kunit *test, struct wpool *pool, struct often *often)
{
	unsigned int calls = READ_ONCE(often->calls);
	struct wpt_halt *halt;
	bool ran;

	wpt_busy_until(READ_ONCE(often->calls) != calls);
	halt = wpt_halt_other(test);
	ran = !wpool_try_schedule(pool, &often->task) &&
	      wpt_busy_until(wpool_task_running(&often->task));
	wpt_go_on(halt);
	/* A call that went on early may have taken the task back. */
	return ran ? wpt_until(!wpool_task_running(&often->task)) : halt->early;
}

/* 50: a run that begins between the steps of the call is asked as well */
static void between_steps_of_cancel(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .min_workers = 1, .cpumask = here(),
	});
	struct often *often = wpt_alloc(test, sizeof(*often));
	struct wpt_thread *canceller;
	unsigned int i;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	wpool_task_init(&often->task, sleep_until_asked, NULL);
	set_cpus_allowed_ptr(current, here());
	canceller = wpt_thread(test, call_cancel_sync_often, NULL, NULL, often);
	for (i = 0; i < HALTS && begins_meanwhile(test, pool, often); i++)
		;
	WRITE_ONCE(often->enough, true);
	wpool_ask_stop(&often->task);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	wpt_join(test, canceller);
	KUNIT_EXPECT_EQ(test, i, HALTS);
}

/* A task that has two on its stack, one that runs elsewhere and one that waits, and dies. */
struct lender {
	struct wpool_task	task;
	struct wpool		*pool;		/* where it submits them */
	struct wpool_task	*lent;		/* the first */
	struct wpt_job		*job;		/* as which that runs */
	struct completion	ready;
	struct completion	again;		/* the first is to submit itself ... */
	bool			there;		/* ... for it is still there */
	struct completion	done;
	int			err;
};

static int run_again(void *arg)
{
	struct lender *lender = arg;

	complete_all(&lender->job->begun);
	wait_for_completion(&lender->again);
	if (lender->there)
		lender->err = wpool_schedule(lender->pool, lender->lent);
	complete_all(&lender->done);
	return wpt_run_job(lender->job);
}

static int lend_and_die(void *arg)
{
	struct wpool_task running, waiting;
	struct lender *lender = arg;

	lender->lent = &running;
	wpool_task_init(&running, run_again, lender);
	wpool_task_init(&waiting, wpt_run_job, lender->job);
	lender->err = wpool_schedule(lender->pool, &running);
	wait_for_completion(&lender->job->begun);
	lender->err = lender->err ?: wpool_schedule(lender->pool, &waiting);
	complete_all(&lender->ready);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static struct lender *lender(struct kunit *test, struct wpool *pool)
{
	struct lender *lender = wpt_alloc(test, sizeof(*lender));

	lender->pool = pool;
	lender->job = wpt_jobs(test, 1, wpt_gate(test));
	init_completion(&lender->ready);
	init_completion(&lender->again);
	init_completion(&lender->done);
	wpool_task_init(&lender->task, lend_and_die, lender);
	return lender;
}

/*
 * 75: one that another worker is inside submits itself as the dead worker's thread has looked
 * for those that are to run again: it does not
 */
static void between_look_and_let_go(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = here(),
	});
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = there(),
	});
	struct lender *deed = lender(test, pool);
	struct wpt_halt *halt;
	bool done;

	arm(test, pool);
	KUNIT_ASSERT_EQ(test, wpool_schedule(other, &deed->task), 0);
	halt = halt_it(test);
	deed->there = between.halts;
	complete_all(&deed->again);
	done = wait_for_completion_timeout(&deed->done, WPT_LIMIT);
	let_it_go(test, halt);
	KUNIT_EXPECT_TRUE(test, done);
	KUNIT_EXPECT_EQ(test, deed->err, 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &deed->task), -EOWNERDEAD);
	wpt_open(deed->job->gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&deed->job->runs), 1);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 1);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 2);
	wpt_destroy(test, pool);
}

static int call_restart(struct wpt_thread *self)
{
	return wpool_restart(self->pool);
}

static int call_restart_there(struct wpt_thread *self)
{
	set_cpus_allowed_ptr(current, there());
	return call_restart(self);
}

/* One that exists before the other CPU is halted, where kthreadd may be. */
static int call_restart_here(struct wpt_thread *self)
{
	struct wpt_gate *gate = self->arg;

	set_cpus_allowed_ptr(current, here());
	wait_for_completion(&gate->opened);
	return call_restart(self);
}

/* 59: another comes when one that fails has shut the pool down again, and has not seen its end */
static void between_restarts(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_gate *gate = wpt_gate(test);
	struct wpt_thread *first, *second;
	struct wpt_halt *halt;
	int failed, came;
	bool ended;

	wpool_shutdown(pool);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	arm_for(test, pool, true);
	set_cpus_allowed_ptr(wpt_manager(), here());
	second = wpt_thread(test, call_restart_here, pool, NULL, gate);
	WPT_ASSERT_UNTIL(test, wpt_asleep(second));
	first = wpt_thread(test, call_restart_there, pool, NULL, NULL);
	halt = halt_it(test);
	ended = wpt_busy_until(wpt_state(pool) == WPOOL_STATE_TERMINATED);
	wpt_fail_spawn(0);
	wpt_open(gate);
	/* It waits for the first; or is through, which the first must not miss. */
	wpt_busy_until(wpt_asleep(second) || completion_done(&second->done));
	set_cpus_allowed_ptr(wpt_manager(), cpu_possible_mask);
	go_on(halt);
	/* Before the test may end: they restart what that would shut down. */
	failed = wpt_join(test, first);
	came = wpt_join(test, second);
	expect_halted(test, halt);
	KUNIT_EXPECT_TRUE(test, ended);
	KUNIT_EXPECT_EQ(test, failed, -ENOMEM);
	KUNIT_EXPECT_EQ(test, came, 0);
	KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
}

static int end_when_it_may(void *arg)
{
	complete(arg);
	while (!READ_ONCE(last.may_end))
		cpu_relax();
	return 0;
}

/* 43: a thread that sees the end of the last task of the batch finds the worker free */
static void between_end_and_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = there(),
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, 2, NULL);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));
	DECLARE_COMPLETION_ONSTACK(begun);

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	wpool_task_init(task, end_when_it_may, &begun);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[0].task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[1].task), 0);
	set_cpus_allowed_ptr(current, here());
	last.task = task;
	last.may_end = false;
	last.seen = false;
	wpt_open(hold->gate);
	wait_for_completion(&begun);
	WRITE_ONCE(last.pool, wpool_name(pool));
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[1].task));
	WRITE_ONCE(last.pool, NULL);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	KUNIT_EXPECT_FALSE(test, last.seen);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), 0);
}

static struct kunit_case between_cases[] = {
	KUNIT_CASE(between_cancelled_is_told),
	KUNIT_CASE(between_cancel_and_wait),
	KUNIT_CASE(between_steps_of_cancel),
	KUNIT_CASE(between_look_and_let_go),
	KUNIT_CASE(between_restarts),
	KUNIT_CASE(between_end_and_room),
	{}
};

static struct kunit_suite between_suite = {
	.name = "wpool_between",
	.suite_init = between_suite_init,
	.suite_exit = between_suite_exit,
	.init = between_init,
	.exit = wpt_exit,
	.test_cases = between_cases,
};

kunit_test_suite(between_suite);
