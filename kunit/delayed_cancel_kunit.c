// SPDX-License-Identifier: GPL-2.0
/*
 * Taking back tasks whose time has not come, by the calls for all tasks.
 */
#include <linux/irq_work.h>
#include <linux/slab.h>
#include "delayed_scene.h"

static int delayed_cancel_init(struct kunit *test)
{
	return wpt_init(test, "wpool_delayed_cancel");
}

static struct wpool_delayed_task *delayed_job(struct kunit *test, struct wpt_job *job)
{
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));

	wpool_delayed_task_init(dtask, wpt_run_job, job);
	return dtask;
}

/* 78: it waits, though not in the queue */
static void delayed_cancel_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, job);

	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&dtask->task));
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, NEVER), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&dtask->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&dtask->task));
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&dtask->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&dtask->task));
}

static int call_wait_for(struct wpt_thread *self)
{
	return wpool_wait(self->arg);
}

/* 78: wpool_cancel() takes it off its delay, once, and tells its waiter */
static void delayed_cancel_plain(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, job);
	struct wpt_thread *waiter;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, NEVER), 0);
	waiter = wpt_thread(test, call_wait_for, pool, NULL, &dtask->task);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&dtask->task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&dtask->task));
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	/* else this would wait for ever */
	wpool_cancel(&dtask->task);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

static int call_cancel_sync(struct wpt_thread *self)
{
	return wpool_cancel_sync(self->arg);
}

/* 78: wpool_cancel_sync() does not sleep out its delay, and does not let it run */
static void delayed_cancel_sync(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, job);
	struct wpt_thread *thread;
	bool waits;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, NEVER), 0);
	thread = wpt_thread(test, call_cancel_sync, pool, NULL, &dtask->task);
	WPT_ASSERT_UNTIL(test, completion_done(&thread->done) || wpt_asleep(thread));
	waits = !wpt_stat(pool, WPOOL_STAT_CANCELLED);
	KUNIT_EXPECT_FALSE(test, waits);
	wpool_cancel(&dtask->task);
	KUNIT_EXPECT_TRUE(test, wpt_join(test, thread));
	KUNIT_EXPECT_EQ(test, wpt_result(test, &dtask->task), -ECANCELED);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* 78: what was put off again is taken back as well */
static void delayed_cancel_modified(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, job);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, dtask, NEVER), 0);
		KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, dtask, 2 * NEVER), 0);
		if (i % 2)
			KUNIT_EXPECT_TRUE(test, wpool_cancel(&dtask->task));
		else
			KUNIT_EXPECT_TRUE(test, wpt_call(test, call_cancel_sync, pool,
							 &dtask->task));
	}
	WPT_EXPECT_STAT(test, pool, CANCELLED, 3);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

/* A worker that is held, and behind it a task whose delay is over. */
static struct wpool_delayed_task *fired(struct kunit *test, struct wpool *pool,
					struct wpt_job *job)
{
	struct wpool_delayed_task *dtask = delayed_job(test, job);

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, 0), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	return dtask;
}

/* 54, 78: a pool that closes does not put one off again that waits in its queue */
static void delayed_modified_at_end(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = fired(test, pool, job);

	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, dtask, NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &dtask->task), -ECANCELED);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
}

/* 18: a task that is delayed again has left the queue: a blocked submitter has its room */
static void delayed_modified_makes_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, 2, NULL);
	struct wpool_delayed_task *dtask = fired(test, pool, &jobs[0]);
	struct wpt_thread *submitter = wpt_thread(test, wpt_call_schedule, pool, &jobs[1], NULL);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, dtask, NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
}

/* How it is taken back, and from where. */
struct taking {
	const char	*name;
	bool		(*cancel)(struct wpool_delayed_task *dtask);
};

static bool by_task(struct wpool_delayed_task *dtask)
{
	return wpool_cancel(&dtask->task);
}

static bool by_sync(struct wpool_delayed_task *dtask)
{
	return wpool_cancel_sync(&dtask->task);
}

static bool by_task_locked(struct wpool_delayed_task *dtask)
{
	raw_spinlock_t lock;
	unsigned long flags;
	bool ret;

	raw_spin_lock_init(&lock);
	raw_spin_lock_irqsave(&lock, flags);
	ret = wpool_cancel(&dtask->task);
	raw_spin_unlock_irqrestore(&lock, flags);
	return ret;
}

struct interrupt {
	struct irq_work			work;
	struct wpool_delayed_task	*dtask;
	bool				(*cancel)(struct wpool_delayed_task *dtask);
	bool				cancelled;
};

static void interrupted(struct irq_work *work)
{
	struct interrupt *interrupt = container_of(work, struct interrupt, work);

	interrupt->cancelled = interrupt->cancel(interrupt->dtask);
}

static bool by_hard_irq(struct wpool_delayed_task *dtask,
			bool (*cancel)(struct wpool_delayed_task *dtask))
{
	struct interrupt interrupt = { .dtask = dtask, .cancel = cancel };

	interrupt.work = IRQ_WORK_INIT_HARD(interrupted);
	irq_work_queue(&interrupt.work);
	irq_work_sync(&interrupt.work);
	return interrupt.cancelled;
}

static bool by_task_in_irq(struct wpool_delayed_task *dtask)
{
	return by_hard_irq(dtask, by_task);
}

static const struct taking takings[] = {
	{ "wpool_cancel()", by_task },
	{ "wpool_cancel_sync()", by_sync },
	{ "wpool_cancel(), raw lock held", by_task_locked },
	{ "wpool_cancel(), hard irq", by_task_in_irq },
};

static void taking_name(const struct taking *taking, char *desc)
{
	strscpy(desc, taking->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(taking, takings, taking_name);

/* 78: in time it is taken back, whatever context that is done from */
static void delayed_cancel_context(struct kunit *test)
{
	const struct taking *taking = test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpool_delayed_task *dtask = delayed_job(test, job);

	KUNIT_EXPECT_FALSE(test, taking->cancel(dtask));
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, NEVER), 0);
	KUNIT_EXPECT_TRUE(test, taking->cancel(dtask));
	KUNIT_EXPECT_FALSE(test, taking->cancel(dtask));
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
}

/* 78: beside its timer it is one or the other; freed at once if it was taken back */
static void delayed_cancel_fires(struct kunit *test)
{
	const struct taking *taking = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	const unsigned int n = 40;
	unsigned int i, wrong = 0, cancelled = 0;

	for (i = 0; i < n; i++) {
		struct wpool_delayed_task *dtask = kmalloc(sizeof(*dtask), GFP_KERNEL);
		struct wpt_job *job = wpt_jobs(test, 1, NULL);
		unsigned long end;
		int result = 0;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dtask);
		wpool_delayed_task_init(dtask, wpt_run_job, job);
		wrong += wpool_schedule_delayed(pool, dtask, 1) != 0;
		/* about when it fires */
		end = jiffies + 2 + i % 2;
		while (time_before(READ_ONCE(jiffies), end))
			cpu_relax();
		if (taking->cancel(dtask)) {
			cancelled++;
			wrong += atomic_read(&job->runs);
			kfree(dtask);
			continue;
		}
		if (wpool_wait_timeout(&dtask->task, WPT_LIMIT, &result)) {
			/* Not ours to free, then. */
			KUNIT_FAIL(test, "neither run nor taken back");
			return;
		}
		wrong += result || atomic_read(&job->runs) != 1;
		kfree(dtask);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, cancelled);
	WPT_EXPECT_STAT(test, pool, COMPLETED, n - cancelled);
}

static struct kunit_case delayed_cancel_cases[] = {
	KUNIT_CASE(delayed_cancel_queued),
	KUNIT_CASE(delayed_cancel_plain),
	KUNIT_CASE(delayed_cancel_sync),
	KUNIT_CASE(delayed_cancel_modified),
	KUNIT_CASE(delayed_modified_at_end),
	KUNIT_CASE(delayed_modified_makes_room),
	KUNIT_CASE_PARAM(delayed_cancel_context, taking_gen_params),
	KUNIT_CASE_PARAM(delayed_cancel_fires, taking_gen_params),
	{}
};

static struct kunit_suite delayed_cancel_suite = {
	.name = "wpool_delayed_cancel",
	.init = delayed_cancel_init,
	.exit = wpt_exit,
	.test_cases = delayed_cancel_cases,
};

kunit_test_suite(delayed_cancel_suite);
