// SPDX-License-Identifier: GPL-2.0
/*
 * Calls that are refused where few look at the error: the log names the pool and the fault. Not
 * each time, if there are many; so these call until it does.
 */
#include <linux/debugfs.h>
#include <linux/irqflags.h>
#include "ear.h"

static const char * const words[] = {
	"said_flush_atomically+",
	"has to sleep in atomic context: refused",
	"sleeping function called",
	"refused: a task scheduled by one of its own workers: the queue is full, and all workers would wait; see WPOOL_RECURSIVE",
	"in atomic context refused: nothing can be allocated there",
	"in atomic context has got a spare task: nothing can be allocated there",
	"there is no debugfs: WPOOL_LATENCY is ignored",
};

enum {
	CALLER, ATOMIC, SLEEPS, FULL, NO_MEMORY, SPARE, NO_DEBUGFS,
};

static int said_suite_init(struct kunit_suite *suite)
{
	ear_open(words, ARRAY_SIZE(words));
	return 0;
}

static void said_suite_exit(struct kunit_suite *suite)
{
	ear_close();
}

static int said_init(struct kunit *test)
{
	return wpt_init(test, "wpool_said");
}

/* A kernel without preemption cannot tell that it is off, but of interrupts each can. */
static noinline int said_flush_atomically(struct wpool *pool)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = wpool_flush(pool);
	local_irq_restore(flags);
	return err;
}

/* 111, 169: one that would sleep in atomic context, with who has called it; and by might_sleep() */
static void said_in_atomic(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *hold = wpt_hold(test, pool, 1);

	wpt_expect_atomic();
	ear_listen_to("BUG");
	KUNIT_EXPECT_EQ(test, said_flush_atomically(pool), -EINVAL);
	WPT_ASSERT_UNTIL(test, ear_heard(ATOMIC) || said_flush_atomically(pool) != -EINVAL);
	KUNIT_EXPECT_GT(test, ear_heard(ATOMIC), 0);
	if (IS_ENABLED(CONFIG_KALLSYMS))
		KUNIT_EXPECT_GT(test, ear_heard(CALLER), 0);
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		WPT_ASSERT_UNTIL(test, ear_heard(SLEEPS) || said_flush_atomically(pool) != -EINVAL);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_flush(pool), 0);
}

static noinline int said_fn_atomically(struct wpool *pool, struct wpt_job *job)
{
	unsigned long flags;
	int err;

	local_irq_save(flags);
	err = wpool_try_schedule_fn(pool, wpt_run_job, job, NULL);
	local_irq_restore(flags);
	return err;
}

/*
 * 119: what allocates, where PREEMPT_RT cannot. With a spare task the call works, but nothing
 * promises a spare: a kernel for debugging says that one was used.
 */
static void said_fn_in_atomic(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "this kernel can allocate there");
	ear_listen(pool);
	WPT_ASSERT_UNTIL(test, said_fn_atomically(pool, job) != -ENOMEM || ear_heard(NO_MEMORY));
	KUNIT_EXPECT_GT(test, ear_heard(NO_MEMORY), 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 0);

	/* What has run is kept as a spare. */
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn(pool, wpt_run_job, job, NULL),
			0);
	WPT_ASSERT_UNTIL(test, !said_fn_atomically(pool, job));
	if (!IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		kunit_skip(test, "this kernel says nothing if there is a spare");
	WPT_ASSERT_UNTIL(test, ear_heard(SPARE) || said_fn_atomically(pool, job) == -EINVAL);
	KUNIT_EXPECT_GT(test, ear_heard(SPARE), 0);
	KUNIT_EXPECT_EQ(test, wpool_flush(pool), 0);
}

/* 119: a spare task that is refused there stays a spare one */
static void said_fn_keeps_spare(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_FAIL,
	});
	struct wpt_job *job = wpt_jobs(test, 1, NULL), *hold;
	unsigned int i;

	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "this kernel can allocate there");
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn(pool, wpt_run_job, job, NULL),
			0);
	KUNIT_ASSERT_EQ(test, wpool_flush(pool), 0);
	hold = wpt_hold(test, pool, 1);
	/* Perhaps it is kept a moment after its end. */
	WPT_ASSERT_UNTIL(test, said_fn_atomically(pool, job) == -EAGAIN);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, said_fn_atomically(pool, job), -EAGAIN);
	wpt_open(hold->gate);
	WPT_EXPECT_STAT(test, pool, REJECTED, 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

static int submit_to_own(void *arg)
{
	struct wpt_job *job = arg;

	return wpool_schedule(wpool_current(), &job->task);
}

/* 170: a task of a worker whose pool is full, and would never have room */
static void said_full_of_own(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	ear_listen(pool);
	KUNIT_EXPECT_EQ(test, wpool_run(pool, submit_to_own, job), -EDEADLK);
	WPT_ASSERT_UNTIL(test, ear_heard(FULL) || wpool_run(pool, submit_to_own, job) != -EDEADLK);
	KUNIT_EXPECT_GT(test, ear_heard(FULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* 173: a flag that the kernel has nothing for */
static void said_latency_left_out(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 1, .flags = WPOOL_LATENCY };
	struct wpool *pool = wpool_create("said_latency", NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	/* The next one has the same name. */
	ear_listen(pool);
	wpool_destroy(pool);
	pool = wpool_create("said_latency", &attrs);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, pool);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpool_destroy(pool);
	WPT_ASSERT_UNTIL(test, ear_heard(NO_DEBUGFS) || debugfs_initialized());
	KUNIT_EXPECT_EQ(test, ear_heard(NO_DEBUGFS), !debugfs_initialized());
}

static struct kunit_case said_cases[] = {
	KUNIT_CASE(said_in_atomic),
	KUNIT_CASE(said_fn_in_atomic),
	KUNIT_CASE(said_fn_keeps_spare),
	KUNIT_CASE(said_full_of_own),
	KUNIT_CASE(said_latency_left_out),
	{}
};

static struct kunit_suite said_suite = {
	.name = "wpool_said",
	.suite_init = said_suite_init,
	.suite_exit = said_suite_exit,
	.init = said_init,
	.exit = wpt_exit,
	.test_cases = said_cases,
};

kunit_test_suite(said_suite);
