// SPDX-License-Identifier: GPL-2.0
/*
 * Threads that give up a wait: completed at that very moment, and workers.
 *
 * A waiter is completed under a lock, and woken after: a waiter whose time runs
 * out between the two has been completed, but is woken later, through memory on its stack. The
 * scene makes it so, whatever the machine's speed: an event of wpool's under the lock
 * has an interrupt hit the waker when it drops the lock, and the interrupt stays until
 * the waiter has given up, and sleeps again.
 */
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include "at_event.h"
#include "wpool_kunit.h"

/* An interrupt that was asked for is there by then. */
#define TWO_TICKS	(2 * TICK_NSEC)
/* The shortest that a waiter waits, in jiffies, and the longest. */
#define FIRST_TRY	8UL
#define LAST_TRY	(4UL * HZ)

static struct {
	struct irq_work		interrupt;
	const struct wpool_task	*task;		/* whose end tells the waiter */
	struct task_struct	*waiter;
	unsigned long		slept;		/* how often it had */
	bool			placed;		/* on its CPU: it sleeps in its call alone */
	bool			returned;	/* out of the call in which it waits */
	bool			too_early;	/* before it was woken */
} late;

/* The waiter has been completed, and will be woken after this. */
static void hold_back(struct irq_work *work)
{
	u64 end = ktime_get_mono_fast_ns() + 2ULL * LAST_TRY * TICK_NSEC;

	while (READ_ONCE(late.waiter->nvcsw) == late.slept && !READ_ONCE(late.returned) &&
	       ktime_get_mono_fast_ns() < end)
		cpu_relax();
	late.too_early = READ_ONCE(late.returned);
}

/* Under the pool's lock, before the waiter is completed. */
static void at_cancel(void *unused, const char *pool, const struct wpool_task *task,
		      wpool_fn_t fn)
{
	u64 end = ktime_get_mono_fast_ns() + TWO_TICKS;

	if (task != READ_ONCE(late.task))
		return;
	WRITE_ONCE(late.task, NULL);
	late.slept = READ_ONCE(late.waiter->nvcsw);
	irq_work_queue(&late.interrupt);
	while (ktime_get_mono_fast_ns() < end)
		cpu_relax();
}

static struct wpt_event cancel_event = { .name = "wpool_task_cancel", .probe = at_cancel };

static int giveup_suite_init(struct kunit_suite *suite)
{
	late.interrupt = IRQ_WORK_INIT_HARD(hold_back);
	return wpt_event_on(&cancel_event);
}

static void giveup_suite_exit(struct kunit_suite *suite)
{
	wpt_event_off(&cancel_event);
	irq_work_sync(&late.interrupt);
}

static int giveup_init(struct kunit *test)
{
	return wpt_init(test, "wpool_giveup");
}

/* A wait of a limited time that ends early when a task is cancelled. */
struct wait {
	int			(*fn)(struct wait *wait);
	unsigned long		timeout;
	struct wpool		*pool;
	struct wpool_group	*group;
	struct wpt_job		*queued;	/* to be cancelled */
	struct wpt_job		*job;		/* to be accepted then */
	int			result;		/* of the task */
};

static int call_late_wait(struct wpt_thread *self)
{
	struct wait *wait = self->arg;
	int ret;

	/* The first is likely to be the one that counts the time. */
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	WRITE_ONCE(late.placed, true);
	ret = wait->fn(wait);
	WRITE_ONCE(late.returned, true);
	return ret;
}

static int call_late_cancel(struct wpt_thread *self)
{
	unsigned int cpu = cpumask_next(cpumask_first(cpu_online_mask), cpu_online_mask);
	struct wait *wait = self->arg;

	set_cpus_allowed_ptr(current, cpumask_of(cpu));
	WRITE_ONCE(late.task, &wait->queued->task);
	return wpool_cancel(&wait->queued->task);
}

/*
 * The waiter is completed, and gives up before it is woken. Whether it gives up even before
 * it is completed depends on the machine: then it waits for longer, and all begins again.
 * Return: what its call returns.
 */
static int tell_late(struct kunit *test, struct wait *wait,
		     void (*prepare)(struct kunit *test, struct wait *wait))
{
	struct wpt_thread *waiter;
	int ret = -ETIMEDOUT;

	if (!cancel_event.tracepoint || num_online_cpus() < 2)
		kunit_skip(test, "needs tracepoints and two CPUs");
	for (wait->timeout = FIRST_TRY; ret == -ETIMEDOUT && wait->timeout <= LAST_TRY;
	     wait->timeout *= 2) {
		prepare(test, wait);
		late.returned = false;
		late.placed = false;
		waiter = wpt_thread(test, call_late_wait, wait->pool, NULL, wait);
		late.waiter = waiter->kthread;
		wpt_until((READ_ONCE(late.placed) && wpt_asleep(waiter)) ||
			  READ_ONCE(late.returned));
		KUNIT_EXPECT_TRUE(test, wpt_call(test, call_late_cancel, wait->pool, wait));
		ret = wpt_join(test, waiter);
	}
	KUNIT_EXPECT_FALSE(test, late.too_early);
	return ret;
}

/* A task in a queue that is full with it. */
static void queue_one(struct kunit *test, struct wait *wait)
{
	wait->queued = wpt_jobs(test, 1, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(wait->pool, &wait->queued->task), 0);
}

static struct wait *wait_in_full_pool(struct kunit *test, int (*fn)(struct wait *wait),
				      struct wpt_job **hold)
{
	struct wait *wait = wpt_alloc(test, sizeof(*wait));

	wait->fn = fn;
	wait->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1, .queue_depth = 1 });
	*hold = wpt_hold(test, wait->pool, 1);
	return wait;
}

static int wait_for_room(struct wait *wait)
{
	return wpool_schedule_timeout(wait->pool, &wait->job->task, wait->timeout);
}

static void queue_one_before(struct kunit *test, struct wait *wait)
{
	if (wait->queued)	/* and another was not accepted in its place */
		KUNIT_EXPECT_FALSE(test, wpool_task_queued(&wait->job->task));
	queue_one(test, wait);
}

/* 18, 20: it has the room that it was given, and the task is the pool's */
static void giveup_submitter_told(struct kunit *test)
{
	struct wpt_job *hold;
	struct wait *wait = wait_in_full_pool(test, wait_for_room, &hold);

	wait->job = wpt_jobs(test, 1, NULL);
	KUNIT_EXPECT_EQ(test, tell_late(test, wait, queue_one_before), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&wait->job->task));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, wait->job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&wait->job->runs), 1);
}

static int wait_for_end(struct wait *wait)
{
	return wpool_wait_timeout(&wait->queued->task, wait->timeout, &wait->result);
}

/* 20, 49: it has the result of its completion */
static void giveup_waiter_told(struct kunit *test)
{
	struct wpt_job *hold;
	struct wait *wait = wait_in_full_pool(test, wait_for_end, &hold);

	KUNIT_EXPECT_EQ(test, tell_late(test, wait, queue_one), 0);
	KUNIT_EXPECT_EQ(test, wait->result, -ECANCELED);
	wpt_open(hold->gate);
}

static int wait_for_group(struct wait *wait)
{
	return wpool_group_wait_timeout(wait->group, wait->timeout);
}

static void queue_group(struct kunit *test, struct wait *wait)
{
	wait->group = wpt_group(test, false);
	wait->queued = wpt_jobs(test, 1, NULL);
	wpt_group_schedule(test, wait->group, wait->pool, wait->queued, 1);
}

/* 20, 52: it has the error of the group from its completion */
static void giveup_group_told(struct kunit *test)
{
	struct wpt_job *hold;
	struct wait *wait = wait_in_full_pool(test, wait_for_group, &hold);

	KUNIT_EXPECT_EQ(test, tell_late(test, wait, queue_group), -ECANCELED);
	wpt_open(hold->gate);
}

/* A task that blocks on its own pool, is killed, and blocks again. */
struct twice {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_job		*job;
	struct task_struct	*worker;
	int			first, second;
};

static int block_twice(void *arg)
{
	struct twice *twice = arg;

	allow_signal(SIGKILL);
	WRITE_ONCE(twice->worker, current);
	twice->first = wpool_schedule(twice->pool, &twice->job->task);
	disallow_signal(SIGKILL);
	twice->second = wpool_schedule(twice->pool, &twice->job->task);
	return 0;
}

/* 16, 21: a worker that gave up does not count as one that sleeps: no false -EDEADLK */
static void giveup_worker_killed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct twice *twice = wpt_alloc(test, sizeof(*twice));

	twice->pool = pool;
	twice->job = wpt_jobs(test, 1, NULL);
	wpool_task_init(&twice->task, block_twice, twice);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &twice->task), 0);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	send_sig(SIGKILL, twice->worker, 1);
	WPT_ASSERT_STAT(test, pool, REJECTED, 1);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &twice->task), 0);
	KUNIT_EXPECT_EQ(test, twice->first, -EINTR);
	KUNIT_EXPECT_EQ(test, twice->second, 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, twice->job), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&twice->job->runs), 1);
	WPT_EXPECT_STAT(test, pool, REJECTED, 1);
}

static struct kunit_case giveup_cases[] = {
	KUNIT_CASE(giveup_submitter_told),
	KUNIT_CASE(giveup_waiter_told),
	KUNIT_CASE(giveup_group_told),
	KUNIT_CASE(giveup_worker_killed),
	{}
};

static struct kunit_suite giveup_suite = {
	.name = "wpool_giveup",
	.suite_init = giveup_suite_init,
	.suite_exit = giveup_suite_exit,
	.init = giveup_init,
	.exit = wpt_exit,
	.test_cases = giveup_cases,
};

kunit_test_suite(giveup_suite);
