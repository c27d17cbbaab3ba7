// SPDX-License-Identifier: GPL-2.0
/*
 * How workers come about: made, in their worker_start for as long as that takes, or
 * dead before they have run a task; and who waits for them to be made.
 */
#include <linux/console.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "wpool_kunit.h"

/* What the worker_start of a pool does; its priv. */
struct start {
	atomic_t	calls;
	atomic_t	at_gate;	/* how many have come to the gate */
	struct wpt_gate	*gate;		/* for each call after the first, if set */
	atomic_t	deaths;		/* of so many, after that */
};

static void on_start(struct wpool *pool)
{
	struct start *start = wpool_priv(pool);
	bool first = atomic_inc_return(&start->calls) == 1;

	if (start->gate && !first) {
		atomic_inc(&start->at_gate);
		wait_for_completion(&start->gate->opened);
	}
	if (atomic_dec_if_positive(&start->deaths) >= 0)
		kthread_complete_and_exit(NULL, 0);
}

static const struct wpool_ops start_ops = { .worker_start = on_start };

static struct wpool *start_pool(struct kunit *test, struct wpool_attrs attrs,
				struct start **start)
{
	*start = wpt_alloc(test, sizeof(**start));
	attrs.ops = &start_ops;
	attrs.priv = *start;
	return wpt_pool(test, &attrs);
}

/* 64, 15: an idle worker has the task at once, while another is still in its worker_start */
static void spawn_idle_beside_starting(struct kunit *test)
{
	struct start *start;
	struct wpool *pool = start_pool(test, (struct wpool_attrs) { .capacity = 2 }, &start);
	struct wpt_job *jobs = wpt_jobs(test, 20, NULL);
	unsigned int i;

	start->gate = wpt_gate(test);
	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	wpt_prestart(test, pool, 1);
	WPT_ASSERT_UNTIL(test, atomic_read(&start->at_gate) == 1);
	for (i = 0; i < 20; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	}
	KUNIT_EXPECT_FALSE(test, completion_done(&start->gate->opened));
	wpt_open(start->gate);
}

/* 15: no more workers are made than tasks wait for one, however long they take to start */
static void spawn_no_more_than_wanted(struct kunit *test)
{
	struct start *start;
	struct wpool *pool = start_pool(test, (struct wpool_attrs) { .capacity = 8 }, &start);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	int i, j;

	start->gate = wpt_gate(test);
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
		WPT_ASSERT_UNTIL(test, atomic_read(&start->at_gate) == i + 1);
		for (j = 0; j < 5; j++) {
			KUNIT_ASSERT_EQ(test, wpool_resize(pool, 8 - j % 2), 0);
			wpt_prestart(test, pool, 0);
		}
		WPT_EXPECT_STAT(test, pool, WORKERS, i + 2);
	}
	wpt_open(start->gate);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	wpt_open(hold->gate);
}

/* 64: those idle when tasks come beside starting workers are woken for as many */
static void spawn_starting_not_counted_on(struct kunit *test)
{
	struct start *start;
	struct wpool *pool = start_pool(test, (struct wpool_attrs) { .capacity = 6 }, &start);
	struct wpt_job *hold;

	KUNIT_ASSERT_EQ(test, wpool_prestart(pool, 2), 2);
	WPT_ASSERT_STAT(test, pool, IDLE, 3);
	start->gate = wpt_gate(test);
	wpt_prestart(test, pool, 3);
	WPT_ASSERT_UNTIL(test, atomic_read(&start->at_gate) == 3);
	hold = wpt_hold(test, pool, 3);
	wpt_open(hold->gate);
	wpt_open(start->gate);
}

/* What the first worker has run as it starts. */
struct submits {
	atomic_t	calls;
	struct wpt_job	*jobs;
	int		got;
};

static int submit_two(void *arg)
{
	struct submits *submits = arg;
	unsigned int i;

	for (i = 0; i < 2 && !submits->got; i++)
		submits->got = wpool_schedule_timeout(wpool_current(), &submits->jobs[i].task,
						      MAX_SCHEDULE_TIMEOUT);
	return 0;
}

static void run_at_start(struct wpool *pool)
{
	struct submits *submits = wpool_priv(pool);

	if (atomic_inc_return(&submits->calls) == 1)
		submits->got = wpool_run(pool, submit_two, submits) ?: submits->got;
}

/* 64: one that waits for room in a task that it runs as it starts is not to take the next */
static void spawn_starting_inside_task(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_start = run_at_start };
	struct submits *submits = wpt_alloc(test, sizeof(*submits));
	unsigned int i;

	submits->jobs = wpt_jobs(test, 2, NULL);
	wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF, .ops = &ops, .priv = submits,
	});
	for (i = 0; i < 2; i++) {
		WPT_ASSERT_UNTIL(test, atomic_read(&submits->jobs[i].runs));
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &submits->jobs[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, submits->got, 0);
}

#define RETRY	(HZ / 10 + 1)	/* WPOOL_SPAWN_RETRY */

/* 33: workers that die as they start are not made again and again: after twice as long each time */
static void spawn_backs_off(struct kunit *test)
{
	struct start *start;
	struct wpool *pool = start_pool(test, (struct wpool_attrs) { .capacity = 1 }, &start);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned long began;

	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	atomic_set(&start->deaths, 4);
	began = jiffies;
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn(pool, wpt_die, NULL, NULL), 0);
	WPT_ASSERT_STAT(test, pool, OOPSED, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	/* one died in its task, one at once, and after RETRY, 2 RETRY, 4 RETRY; then 8 RETRY */
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_TRUE(test, time_after_eq(jiffies, began + 15 * RETRY));
	WPT_EXPECT_STAT(test, pool, DIED, 5);
}

/* 33: a worker that has run a task ends it: the next death waits no longer than the first */
static void spawn_back_off_ends(struct kunit *test)
{
	struct start *start;
	struct wpool *pool = start_pool(test, (struct wpool_attrs) { .capacity = 1 }, &start);
	unsigned long began, shortest = ULONG_MAX;
	int i;

	for (i = 0; i < 8; i++) {
		atomic_set(&start->deaths, 1);
		KUNIT_ASSERT_EQ(test,
				wpool_schedule_fn(pool, wpt_die, NULL, NULL),
				0);
		WPT_ASSERT_STAT(test, pool, DIED, 2 * i + 2);
		began = jiffies;
		wpt_run(test, pool, wpt_run_job, wpt_jobs(test, 1, NULL));
		if (i >= 6)
			shortest = min(shortest, jiffies - began);
	}
	/* time is the subject; without an end to it these would be 64 and 128 RETRY, or 10 s */
	KUNIT_EXPECT_LT(test, shortest, 32 * RETRY);
}

static int call_prestart(struct wpt_thread *self)
{
	return wpool_prestart(self->pool, 1);
}

/* 4, 33: a thread that asks for workers meanwhile gets an error, as if none could be made */
static void spawn_back_off_told(struct kunit *test)
{
	struct start *start;
	struct wpool *pool = start_pool(test, (struct wpool_attrs) { .capacity = 1 }, &start);

	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	atomic_set(&start->deaths, INT_MAX);
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn(pool, wpt_die, NULL, NULL), 0);
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_DIED) >= 4);
	/* 0 if it comes as the next one has begun to start */
	WPT_ASSERT_UNTIL(test, wpt_call(test, call_prestart, pool, NULL) == -EOWNERDEAD);
	atomic_set(&start->deaths, 0);
	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_prestart, pool, NULL), 0);
}

/* 40: a pool whose workers die as they start comes to its end all the same */
static void spawn_back_off_destroyed(struct kunit *test)
{
	struct start *start;
	struct wpool *pool = start_pool(test, (struct wpool_attrs) { .capacity = 4 }, &start);

	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	atomic_set(&start->deaths, INT_MAX);
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn(pool, wpt_die, NULL, NULL), 0);
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_DIED) >= 3);
	wpt_destroy(test, pool);
}

/*
 * Holds the manager up where it says that it cannot make a worker, once for each of two
 * pools, until the test lets it go on. It has a CPU to itself, and the threads of the
 * test have another: interrupts may be off meanwhile.
 */
static struct {
	char			pool[2][WPOOL_NAME_MAX + 3];
	bool			held[2], go[2];
	bool			left[2];
	bool			early;		/* it went on before it was told to */
	struct task_struct	*manager;	/* while there is a brake */
	struct cpumask		cpus;		/* its own */
} brake;

#define MANAGERS_CPU	0
#define OTHER_CPU	1
#define BRAKE_MS	5000	/* far below what RCU calls a stall */

static void brake_hear(struct console *console, const char *line, unsigned int len)
{
	int i, ms;

	if (!strnstr(line, "cannot make a worker", len))
		return;
	for (i = 0; i < 2; i++) {
		if (!brake.pool[i][0] || !strnstr(line, brake.pool[i], len))
			continue;
		WRITE_ONCE(brake.held[i], true);
		for (ms = 0; ms < BRAKE_MS && !READ_ONCE(brake.go[i]); ms++)
			mdelay(1);
		if (!READ_ONCE(brake.go[i]))
			WRITE_ONCE(brake.early, true);
		smp_store_release(&brake.left[i], true);	/* after brake.early */
	}
}

static struct console brake_console = {
	.name	= "wptbrake",
	.write	= brake_hear,
	.flags	= CON_ENABLED,
	.index	= -1,
};

/* For the rest of the test. */
static void brake_arm(struct kunit *test, struct wpool *first, struct wpool *second)
{
	snprintf(brake.pool[0], sizeof(brake.pool[0]), "%s: ", wpool_name(first));
	snprintf(brake.pool[1], sizeof(brake.pool[1]), "%s: ", wpool_name(second));
	brake.manager = wpt_manager();
	KUNIT_ASSERT_NOT_NULL(test, brake.manager);
	cpumask_copy(&brake.cpus, brake.manager->cpus_ptr);
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(current, cpumask_of(OTHER_CPU)), 0);
	KUNIT_ASSERT_EQ(test, set_cpus_allowed_ptr(brake.manager,
						   cpumask_of(MANAGERS_CPU)), 0);
}

/* The manager is where it says so of that pool. */
static void brake_await(struct kunit *test, int i)
{
	if (!wpt_until(READ_ONCE(brake.held[i])))
		kunit_skip(test, "the manager says nothing: messages are limited");
}

/* On a busy machine it may have gone on before, and the test is about nothing. */
static void brake_let_go(struct kunit *test, int i)
{
	WRITE_ONCE(brake.go[i], true);
	WPT_ASSERT_UNTIL(test, smp_load_acquire(&brake.left[i]));	/* before brake.early */
	if (READ_ONCE(brake.early))
		kunit_skip(test, "the manager went on before it was told to");
}

static void brake_disarm(void)
{
	if (!brake.manager)
		return;
	WRITE_ONCE(brake.go[0], true);
	WRITE_ONCE(brake.go[1], true);
	set_cpus_allowed_ptr(brake.manager, &brake.cpus);
	WRITE_ONCE(brake.manager, NULL);
}

static int spawn_suite_init(struct kunit_suite *suite)
{
	register_console(&brake_console);
	return 0;
}

static void spawn_suite_exit(struct kunit_suite *suite)
{
	unregister_console(&brake_console);
}

static int spawn_init(struct kunit *test)
{
	memset(&brake, 0, sizeof(brake));
	return wpt_init(test, "wpool_spawn");
}

static void spawn_exit(struct kunit *test)
{
	brake_disarm();
	wpt_exit(test);
}

/* These wait for their turn. If that comes as a skipped test ends, the pool is to stay shut. */
static int call_restart_then(struct wpt_thread *self)
{
	struct wpt_gate *turn = self->arg;

	wait_for_completion(&turn->opened);
	return READ_ONCE(brake.manager) ? wpool_restart(self->pool) : 0;
}

static int call_prestart_then(struct wpt_thread *self)
{
	struct wpt_gate *turn = self->arg;

	wait_for_completion(&turn->opened);
	return wpool_prestart(self->pool, 1);
}

static struct wpt_thread *thread_beside(struct kunit *test, int (*fn)(struct wpt_thread *),
					struct wpool *pool, struct wpt_gate *turn)
{
	struct wpt_thread *thread = wpt_thread(test, fn, pool, NULL, turn);

	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	set_cpus_allowed_ptr(thread->kthread, cpumask_of(OTHER_CPU));
	return thread;
}

/* It has come to where it waits for the manager. */
static void take_turn(struct kunit *test, struct wpt_thread *thread, struct wpt_gate *turn)
{
	wpt_open(turn);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread) || READ_ONCE(brake.early));
}

/*
 * 4, 59: a thread that waits for workers of a pool that closes and reopens is woken. The
 * manager is held up twice, so that it has that pool's end before it, and then another
 * pool before it comes by again.
 */
static void spawn_restart_tells_starter(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_gate *start = wpt_gate(test), *restart = wpt_gate(test);
	struct wpt_thread *starter, *restarter;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs another CPU than that of the manager");
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "a thread of its own writes to the console, not the manager");
	wpt_hold(test, other, 1);
	starter = thread_beside(test, call_prestart_then, pool, start);
	restarter = thread_beside(test, call_restart_then, pool, restart);
	brake_arm(test, pool, other);
	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn(pool, wpt_die, NULL, NULL), 0);
	brake_await(test, 0);

	KUNIT_ASSERT_EQ(test, wpool_schedule(other, &job->task), 0);
	take_turn(test, starter, start);
	wpool_shutdown(pool);
	brake_let_go(test, 0);
	brake_await(test, 1);

	KUNIT_ASSERT_EQ(test, wpt_state(pool), WPOOL_STATE_TERMINATED);
	take_turn(test, restarter, restart);
	wpt_fail_spawn(0);
	brake_let_go(test, 1);
	KUNIT_EXPECT_EQ(test, wpt_join(test, starter), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpt_join(test, restarter), 0);
}

static int call_restart_now(struct wpt_thread *self)
{
	return wpool_restart(self->pool);
}

/* Has each worker killed that the pool makes, until the gate opens. */
static int call_storm(struct wpt_thread *self)
{
	struct wpt_gate *end = self->arg;

	while (!completion_done(&end->opened)) {
		if (wpool_try_schedule_fn(self->pool, wpt_die, NULL, NULL))
			schedule_timeout_idle(1);
	}
	return 0;
}

/* 175: a restart waits for so many workers to begin, not for all of them to live at once */
static void spawn_restart_in_storm(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 16, .queue_depth = 16, .flags = WPOOL_PREALLOC,
	});
	struct wpt_gate *end = wpt_gate(test);
	struct wpt_thread *storm, *restarter;
	bool restarted;

	wpool_shutdown(pool);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	storm = wpt_thread(test, call_storm, pool, NULL, end);
	restarter = wpt_thread(test, call_restart_now, pool, NULL, NULL);
	restarted = wpt_until(completion_done(&restarter->done));
	wpt_open(end);
	KUNIT_EXPECT_EQ(test, wpt_join(test, storm), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, restarter), 0);
	KUNIT_EXPECT_TRUE(test, restarted);
}

/* 4: whatever number is asked for: the call returns why none could be made */
static void spawn_prestart_most(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .min_workers = 1,
	});

	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, wpt_die, NULL), -EOWNERDEAD);
	WPT_ASSERT_STAT(test, pool, WORKERS, 0);
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_maker()) && wpt_has_settled(wpt_manager()));
	KUNIT_EXPECT_EQ(test, wpool_prestart(pool, UINT_MAX), -ENOMEM);
	wpt_fail_spawn(0);
}

static struct kunit_case spawn_cases[] = {
	KUNIT_CASE(spawn_idle_beside_starting),
	KUNIT_CASE(spawn_no_more_than_wanted),
	KUNIT_CASE(spawn_starting_not_counted_on),
	KUNIT_CASE(spawn_starting_inside_task),
	KUNIT_CASE(spawn_restart_tells_starter),
	KUNIT_CASE(spawn_restart_in_storm),
	KUNIT_CASE(spawn_prestart_most),
	KUNIT_CASE(spawn_backs_off),
	KUNIT_CASE(spawn_back_off_ends),
	KUNIT_CASE(spawn_back_off_told),
	KUNIT_CASE(spawn_back_off_destroyed),
	{}
};

static struct kunit_suite spawn_suite = {
	.name = "wpool_spawn",
	.suite_init = spawn_suite_init,
	.suite_exit = spawn_suite_exit,
	.init = spawn_init,
	.exit = spawn_exit,
	.test_cases = spawn_cases,
};

kunit_test_suite(spawn_suite);
