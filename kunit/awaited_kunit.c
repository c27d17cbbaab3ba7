// SPDX-License-Identifier: GPL-2.0
/*
 * Whose a task is that submits itself inside its function while a thread waits for it, if the pool
 * is shut down before it runs again, and just while that thread is awake: it spins, has run the
 * task itself, or has been told to look again.
 */
#include <linux/cpumask.h>
#include <linux/ktime.h>
#include "at_event.h"
#include "halt.h"
#include "wpool_kunit.h"

/* A worker that wakes a thread is kept from going on, below what RCU calls a stall. */
#define WAKE_LIMIT	(8ULL * NSEC_PER_SEC)

static struct {
	struct task_struct	*waker, *woken;
	bool			met;
	bool			go;
} wake;

/* The waker has dropped its pool's lock, and takes it again after this. */
static void at_waking(void *unused, struct task_struct *woken)
{
	u64 end;

	if (woken != READ_ONCE(wake.woken) || current != wake.waker)
		return;
	WRITE_ONCE(wake.woken, NULL);
	WRITE_ONCE(wake.met, true);
	end = ktime_get_mono_fast_ns() + WAKE_LIMIT;
	while (!READ_ONCE(wake.go) && ktime_get_mono_fast_ns() < end)
		cpu_relax();
}

static struct wpt_event waking_event = { .name = "sched_waking", .probe = at_waking };

static int awaited_suite_init(struct kunit_suite *suite)
{
	return wpt_event_on(&waking_event);
}

static void awaited_suite_exit(struct kunit_suite *suite)
{
	wpt_event_off(&waking_event);
}

static int awaited_init(struct kunit *test)
{
	return wpt_init(test, "wpool_awaited");
}

static const struct cpumask *here(void)
{
	return cpumask_of(cpumask_first(cpu_online_mask));
}

static const struct cpumask *there(void)
{
	return cpumask_of(cpumask_last(cpu_online_mask));
}

/*
 * A task that submits itself so many times. The last time another comes before it, which shuts the
 * pool down: in the only worker, right after the run has ended.
 */
struct again {
	struct wpool_task	task, closer, helper;
	struct wpool		*pool;
	struct wpool_group	*group;
	struct wpt_gate		*gate, *waits;
	struct completion	begun;
	struct task_struct	*worker;
	unsigned int		runs, times;
	bool			has_closer;
	struct list_head	unrun;
	unsigned int		n;	/* taken back */
	u64			lost[2]; /* spins in vain, before the wait and the shutdown */
	int			got;	/* of the helper's wait */
};

static int submit_itself(void *arg)
{
	struct again *again = arg;
	int ret = 0;

	complete_all(&again->begun);
	wait_for_completion(&again->gate->opened);
	if (++again->runs > again->times)
		return 0;
	if (again->has_closer && again->runs == again->times)
		ret = wpool_schedule(again->pool, &again->closer);
	return ret ?: wpool_schedule(again->pool, &again->task);
}

static int close_pool(void *arg)
{
	struct again *again = arg;

	again->lost[1] = wpt_stat(again->pool, WPOOL_STAT_SPINS_LOST);
	again->n = wpool_shutdown_now(again->pool, &again->unrun);
	return 0;
}

static int help(void *arg)
{
	struct again *again = arg;

	set_cpus_allowed_ptr(current, there());
	again->worker = current;
	again->got = wpool_group_schedule(again->group, again->pool, &again->task);
	complete_all(&again->begun);
	wait_for_completion(&again->waits->opened);
	again->got = again->got ?: wpool_wait(&again->task);
	return 0;
}

static struct again *new_again(struct kunit *test, unsigned int spin_us)
{
	struct again *again = wpt_alloc(test, sizeof(*again));

	again->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .spin_us = spin_us, .cpumask = spin_us ? here() : NULL,
	});
	again->gate = wpt_gate(test);
	again->waits = wpt_gate(test);
	again->times = 1;
	init_completion(&again->begun);
	INIT_LIST_HEAD(&again->unrun);
	wpool_task_init(&again->task, submit_itself, again);
	wpool_task_init(&again->closer, close_pool, again);
	wpool_task_init(&again->helper, help, again);
	return again;
}

static void begin(struct kunit *test, struct again *again, struct wpool_task *task)
{
	reinit_completion(&again->begun);
	KUNIT_ASSERT_EQ(test, wpool_schedule(again->pool, task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&again->begun, WPT_LIMIT), 0);
}

/* Its gate is opened, and it has been taken back. Is it handed to the one who shut the pool? */
static bool handed_back(struct kunit *test, struct again *again)
{
	KUNIT_EXPECT_EQ(test, wpt_result(test, &again->closer), 0);
	KUNIT_EXPECT_EQ(test, again->n, 1);
	KUNIT_EXPECT_EQ(test, again->runs, again->times);
	return !list_empty(&again->unrun);
}

/* 77: nobody waits for it */
static void awaited_by_nobody(struct kunit *test)
{
	struct again *again = new_again(test, 0);

	again->has_closer = true;
	again->times = 2;
	wpt_open(again->gate);
	begin(test, again, &again->task);
	WPT_ASSERT_STAT(test, again->pool, CANCELLED, 1);
	KUNIT_EXPECT_TRUE(test, handed_back(test, again));
	KUNIT_EXPECT_PTR_EQ(test, again->unrun.next, &again->task.node);
}

/* 77: a thread has waited for its first run in vain, and may come again */
static void awaited_in_vain(struct kunit *test)
{
	struct again *again = new_again(test, 0);

	again->has_closer = true;
	again->times = 2;
	begin(test, again, &again->task);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&again->task, 1, NULL), -ETIMEDOUT);
	wpt_open(again->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &again->task), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, handed_back(test, again));
}

static int call_wait(struct wpt_thread *self)
{
	set_cpus_allowed_ptr(current, there());
	return wpool_wait(&((struct again *)self->arg)->task);
}

static void needs_two_cpus(struct kunit *test)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
}

/* 77: told at the end of the first run, its waiter has not yet run when the second ends */
static void awaited_told(struct kunit *test)
{
	struct again *again = new_again(test, 1);
	struct wpt_thread *waiter;
	struct wpt_halt *halt;
	bool cancelled;

	needs_two_cpus(test);
	set_cpus_allowed_ptr(current, here());
	again->has_closer = true;
	again->times = 2;
	begin(test, again, &again->task);
	waiter = wpt_thread(test, call_wait, NULL, NULL, again);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	halt = wpt_halt_thread(test, waiter->kthread);
	wpt_open(again->gate);
	cancelled = wpt_busy_until(wpt_stat(again->pool, WPOOL_STAT_CANCELLED));
	wpt_go_on(halt);
	KUNIT_EXPECT_TRUE(test, cancelled);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, handed_back(test, again));
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	if (halt->early)
		kunit_skip(test, "the waiter went on before");
}

static int call_group_wait(struct wpt_thread *self)
{
	set_cpus_allowed_ptr(current, here());
	return wpool_group_wait(self->arg);
}

/* 77: its waiter is a worker that has just run it itself */
static void awaited_helped(struct kunit *test)
{
	struct again *again = new_again(test, 0);
	struct wpt_thread *other;
	bool met;

	needs_two_cpus(test);
	if (!waking_event.tracepoint)
		kunit_skip(test, "needs tracepoints");
	set_cpus_allowed_ptr(current, here());
	again->group = wpt_group(test, false);
	wpt_open(again->gate);
	begin(test, again, &again->helper);
	/* Woken by the worker at the end of the run, when that has dropped the lock. */
	other = wpt_thread(test, call_group_wait, NULL, NULL, again->group);
	WPT_ASSERT_UNTIL(test, wpt_asleep(other));
	wake.waker = again->worker;
	wake.met = false;
	wake.go = false;
	WRITE_ONCE(wake.woken, other->kthread);
	wpt_open(again->waits);
	met = wpt_busy_until(READ_ONCE(wake.met));
	again->n = wpool_shutdown_now(again->pool, &again->unrun);
	WRITE_ONCE(wake.go, true);
	WRITE_ONCE(wake.woken, NULL);
	KUNIT_EXPECT_TRUE(test, met);
	KUNIT_EXPECT_EQ(test, wpt_join(test, other), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &again->helper), 0);
	KUNIT_EXPECT_EQ(test, again->got, -ECANCELED);
	KUNIT_EXPECT_EQ(test, again->n, 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&again->unrun));
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

/* Far longer than the rest of the test. */
#define LONG_US		500000U

/* The task has begun, and a thread spins until it ends; or NULL. */
static struct wpt_thread *spinning_waiter(struct kunit *test, struct again *again)
{
	u64 spins = wpt_stat(again->pool, WPOOL_STAT_SPINS);
	struct wpt_thread *waiter;

	again->lost[0] = wpt_stat(again->pool, WPOOL_STAT_SPINS_LOST);
	waiter = wpt_thread(test, call_wait, NULL, NULL, again);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter) ||
			 wpt_stat(again->pool, WPOOL_STAT_SPINS) > spins);
	return wpt_stat(again->pool, WPOOL_STAT_SPINS) > spins ? waiter : NULL;
}

/* The task has begun, with a thread that spins until it ends. */
static struct wpt_thread *begin_with_spin(struct kunit *test, struct again *again)
{
	struct wpt_thread *waiter;
	unsigned int i;

	for (i = 0; i < 500; i++) {
		again->gate = wpt_gate(test);
		again->runs = again->times;	/* not this time */
		begin(test, again, &again->task);
		waiter = spinning_waiter(test, again);
		if (waiter)
			return waiter;
		wpt_open(again->gate);
		KUNIT_ASSERT_EQ(test, wpt_result(test, &again->task), 0);
	}
	KUNIT_ASSERT_TRUE_MSG(test, false, "no waiter spins");
	return NULL;
}

/* Who spins makes way for any other thread. Return: did the spin last until the shutdown? */
static bool close_at_spin(struct kunit *test)
{
	struct again *again = new_again(test, LONG_US);
	struct wpt_thread *waiter = begin_with_spin(test, again);

	again->runs = 0;
	again->has_closer = true;
	wpt_open(again->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	KUNIT_EXPECT_FALSE(test, handed_back(test, again));
	return again->lost[0] == again->lost[1];
}

/* 77: its waiter spins */
static void awaited_spins(struct kunit *test)
{
	unsigned int i;
	bool met = false;

	needs_two_cpus(test);
	set_cpus_allowed_ptr(current, here());
	for (i = 0; i < 20 && !met; i++)
		met = close_at_spin(test);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	if (!met)
		kunit_skip(test, "each spin ended before");
}

static struct kunit_case awaited_cases[] = {
	KUNIT_CASE(awaited_by_nobody),
	KUNIT_CASE(awaited_in_vain),
	KUNIT_CASE(awaited_told),
	KUNIT_CASE(awaited_helped),
	KUNIT_CASE(awaited_spins),
	{}
};

static struct kunit_suite awaited_suite = {
	.name = "wpool_awaited",
	.suite_init = awaited_suite_init,
	.suite_exit = awaited_suite_exit,
	.init = awaited_init,
	.exit = wpt_exit,
	.test_cases = awaited_cases,
};

kunit_test_suite(awaited_suite);
