// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that wait for a time before they wait in the queue.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include "delayed_scene.h"

static int delayed_init(struct kunit *test)
{
	return wpt_init(test, "wpool_delayed");
}

static const unsigned int delay_cases[] = { 0, 1, 2, HZ / 50 + 2, HZ / 5 };

static void delay_name(const unsigned int *delay, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u jiffies", *delay);
}

KUNIT_ARRAY_PARAM(delay, delay_cases, delay_name);

/* 6, 20: runs once, and never early: the jiffy in which it begins is not a whole one */
static void delayed_not_early(struct kunit *test)
{
	unsigned int delay = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 1, NULL);
	unsigned long before = jiffies;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, delay), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &late->dtask.task), 5);
	KUNIT_EXPECT_GE(test, late->ran - before, delay ? delay + 1UL : 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 1);
}

/* A delayed task around @job, which tells its turn on @clock. */
static struct wpool_delayed_task *late_job(struct kunit *test, struct wpt_job *job, atomic_t *clock)
{
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));

	job->clock = clock;
	wpool_delayed_task_init(dtask, wpt_run_job, job);
	return dtask;
}

/* 99: without a delay, or for a time that has passed: queued at once, in the order of calls */
static void delayed_at_once(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, 5, NULL);
	struct wpool_group *group = wpt_group(test, false);
	struct wpool_delayed_task *dtasks[5];
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	unsigned int i;

	for (i = 0; i < 5; i++)
		dtasks[i] = late_job(test, &jobs[i], clock);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtasks[1], NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, dtasks[0], 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, dtasks[1], 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_at(pool, dtasks[2], get_jiffies_64() - 1), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_delayed(group, pool, dtasks[3], 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_every(pool, dtasks[4], NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, dtasks[4], 0), 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 5);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, jobs[i].turn, i + 1);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(group, 0), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel_sync(&dtasks[4]->task));
}

/* A group whose tasks are delayed for no time, and a worker that waits for it. */
struct helped {
	struct wpool			*pool;
	struct wpool_group		*group;
	struct wpool_delayed_task	*dtasks[2];
};

static int wait_for_helped(void *arg)
{
	struct helped *helped = arg;
	struct wpool_group *group = helped->group;
	struct wpool *pool = helped->pool;

	return wpool_group_schedule_delayed(group, pool, helped->dtasks[0], NEVER) ?:
	       wpool_group_schedule_delayed(group, pool, helped->dtasks[1], 0) ?:
	       wpool_modify_delayed(pool, helped->dtasks[0], 0) ?:
	       wpool_group_wait(group);
}

/* 99, 16: a worker that waits for their group, at capacity 1, runs them itself */
static void delayed_at_once_helped(struct kunit *test)
{
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct helped *helped = wpt_alloc(test, sizeof(*helped));
	unsigned int i;

	helped->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	helped->group = wpt_group(test, false);
	for (i = 0; i < 2; i++)
		helped->dtasks[i] = late_job(test, &jobs[i], NULL);
	KUNIT_EXPECT_EQ(test, wpt_run(test, helped->pool, wait_for_helped, helped), 0);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	WPT_EXPECT_STAT(test, helped->pool, LARGEST, 1);
}

/* 46: accepted and counted at once, but neither queued nor running */
static void delayed_is_counted(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 3, NULL);
	unsigned int i;

	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late[i].dtask, NEVER), 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 3);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 3);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&late->dtask.task));
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&late->dtask.task, 0, NULL), -ETIMEDOUT);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&late[0].dtask.task));
	WPT_EXPECT_STAT(test, pool, DELAYED, 2);
	wpt_destroy(test, pool);
}

/* A flush waits for it, and so does a drain. */
static void delayed_is_flushed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 1, NULL);
	struct wpt_thread *flush, *drain;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, NEVER), 0);
	flush = wpt_thread(test, wpt_call_flush, pool, NULL, NULL);
	drain = wpt_thread(test, wpt_call_drain, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flush) && wpt_asleep(drain));
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &late->dtask, 0), 0);
	wpt_join(test, flush);
	wpt_join(test, drain);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 1);
}

/* 47, 49: taken back once, its waiter told, and free for another submission */
static void delayed_cancel(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 1, NULL);
	struct wpt_thread *waiter;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, NEVER), 0);
	waiter = wpt_thread(test, late_call_wait, pool, NULL, late);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&late->dtask.task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&late->dtask.task));
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, 0), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &late->dtask.task), 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 1);
}

/* 47: its time has come, and it waits in the queue: taken back from there */
static void delayed_cancel_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct late *late = late_tasks(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, 0), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&late->dtask.task));
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&late->dtask.task));
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 0);
}

/* 47: one that runs or has run, and one that was never submitted */
static void delayed_cancel_fails(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 1, wpt_gate(test));

	KUNIT_EXPECT_FALSE(test, wpool_cancel(&late->dtask.task));
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, 0), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&late->begun, WPT_LIMIT), 0);
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&late->dtask.task));
	wpt_open(late->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &late->dtask.task), 5);
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&late->dtask.task));
	KUNIT_EXPECT_EQ(test, wpt_result(test, &late->dtask.task), 5);
}

/* 47: against its own timer: one of the two has it; freed at once, KASAN watches */
static void delayed_cancel_races(struct kunit *test)
{
	const unsigned int n = 200;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	unsigned int i, cancelled = 0, told = 0, wrong = 0;

	for (i = 0; i < n; i++) {
		struct late *late = kzalloc(sizeof(*late), GFP_KERNEL);
		int result = 0;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, late);
		wpool_delayed_task_init(&late->dtask, late_run, late);
		init_completion(&late->begun);
		wrong += wpool_schedule_delayed(pool, &late->dtask, 1) != 0;
		if (i % 4)
			schedule_timeout_idle(i % 3);
		cancelled += wpool_cancel(&late->dtask.task);
		if (wpool_wait_timeout(&late->dtask.task, WPT_LIMIT, &result)) {
			/* Not ours to free, then. */
			KUNIT_FAIL(test, "neither run nor taken back");
			return;
		}
		told += result == -ECANCELED;
		wrong += atomic_read(&late->runs) != (result == 5);
		kfree(late);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, told, cancelled);
	WPT_EXPECT_STAT(test, pool, CANCELLED, cancelled);
	WPT_EXPECT_STAT(test, pool, COMPLETED, n - cancelled);
}

/* 20: from now on, and neither early nor twice */
static void delayed_modify(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 1, NULL);
	unsigned long before;

	/* one that is not submitted yet is */
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &late->dtask, NEVER), 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &late->dtask, 2 * NEVER), 0);
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	before = jiffies;
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &late->dtask, HZ / 20), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &late->dtask.task), 5);
	KUNIT_EXPECT_GT(test, late->ran - before, (unsigned long)HZ / 20);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 1);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 1);
}

static int call_modify_all_the_time(struct wpt_thread *self)
{
	struct wpt_gate *stop = self->job->gate;
	struct late *late = self->arg;
	int wrong = 0;

	while (!completion_done(&stop->opened)) {
		wrong += wpool_modify_delayed(self->pool, &late->dtask, NEVER) != 0;
		cond_resched();
	}
	return wrong;
}

/* A reader without the pool's lock never sees a task in between as not accepted. */
static void delayed_modify_races_look(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool *other = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 1, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *thread;
	unsigned long end;
	int ret;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, NEVER), 0);
	thread = wpt_thread(test, call_modify_all_the_time, pool, job, late);
	WPT_ASSERT_UNTIL(test, READ_ONCE(thread->calling));
	end = jiffies + HZ / 2;
	do {
		ret = wpool_schedule_delayed(other, &late->dtask, 0);
	} while (ret == -EBUSY && time_before(jiffies, end));
	KUNIT_EXPECT_EQ(test, ret, -EBUSY);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&late->dtask.task));
}

/* From the queue it is delayed again, and its place goes to a blocked submitter. */
static void delayed_modify_queued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct late *late = late_tasks(test, 1, NULL);
	struct wpt_thread *thread;

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, 0), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	thread = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &late->dtask, NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&job->task));
	WPT_EXPECT_STAT(test, pool, DELAYED, 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&late->dtask.task));
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 0);
}

/* Busy: delayed or queued; then neither it nor its delay changes. */
static void delayed_busy(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct late *late = late_tasks(test, 1, wpt_gate(test));

	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, HZ / 50), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, NEVER), -EBUSY);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, NEVER), -EBUSY);
	wpt_open(hold->gate);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&late->begun, WPT_LIMIT), 0);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&late->dtask.task));
	wpt_open(late->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &late->dtask.task), 5);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 2);
	WPT_EXPECT_STAT(test, pool, DELAYED, 0);
}

static const enum wpool_full full_cases[] = {
	WPOOL_FULL_BLOCK, WPOOL_FULL_FAIL, WPOOL_FULL_CALLER_RUNS, WPOOL_FULL_DISCARD,
	WPOOL_FULL_DISCARD_OLDEST,
};

static void full_name(const enum wpool_full *full, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "policy %d", *full);
}

KUNIT_ARRAY_PARAM(full, full_cases, full_name);

/* 17: a full queue, whatever its policy, loses neither it nor what waits there */
static void delayed_full_queue(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
		.full = *(const enum wpool_full *)test->param_value,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct late *late = late_tasks(test, 2, NULL);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late[i].dtask, i), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, 3);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &late[i].dtask.task), 5);
	WPT_EXPECT_STAT(test, pool, DROPPED, 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 4);
}

static int wait_for_late(void *arg)
{
	struct late *late = arg;

	return wpool_wait(&late->dtask.task);
}

/* 16: a worker that waits for one, at capacity 1, runs it when its time has come */
static void delayed_wait_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct late *late = late_tasks(test, 1, NULL);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));

	wpool_task_init(task, wait_for_late, late);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &late->dtask, NEVER), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
	WPT_ASSERT_STAT(test, pool, RUNNING, 1);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, &late->dtask, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), 5);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

static int free_late(void *arg)
{
	kfree(arg);
	return 0;
}

/* Detached: its function frees it, its timer with it. */
static void delayed_detached(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		struct wpool_delayed_task *dtask = kmalloc(sizeof(*dtask), GFP_KERNEL);
		int err;

		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dtask);
		wpool_delayed_task_init(dtask, free_late, dtask);
		wpool_task_set_detached(&dtask->task);
		err = wpool_schedule_delayed(pool, dtask, i % 3);
		if (err)
			kfree(dtask);
		KUNIT_EXPECT_EQ(test, err, 0);
	}
	WPT_ASSERT_STAT(test, pool, COMPLETED, 20);
}

/* 67: from its acceptance on, its module is pinned */
static void delayed_pins(struct kunit *test)
{
	struct late *late = late_tasks(test, 1, NULL);
	int before;

	wpt_needs_module(test);
	before = wpt_pins(THIS_MODULE);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(wpool_default(), &late->dtask, NEVER), 0);
	KUNIT_EXPECT_EQ(test, wpt_pins(THIS_MODULE), before + 1);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&late->dtask.task));
	KUNIT_EXPECT_EQ(test, wpt_pins(THIS_MODULE), before);
}

/* 27: neither sleeps nor allocates, interrupts off */
static void delayed_in_atomic(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct late *late = late_tasks(test, 2, NULL);
	int i, err;

	for (i = 0; i < 2; i++) {
		local_irq_disable();
		err = wpool_schedule_delayed(pool, &late[i].dtask, i);
		local_irq_enable();
		KUNIT_ASSERT_EQ(test, err, 0);
		KUNIT_EXPECT_EQ(test, wpt_result(test, &late[i].dtask.task), 5);
	}
}

static struct kunit_case delayed_cases[] = {
	KUNIT_CASE_PARAM(delayed_not_early, delay_gen_params),
	KUNIT_CASE(delayed_at_once),
	KUNIT_CASE(delayed_at_once_helped),
	KUNIT_CASE(delayed_is_counted),
	KUNIT_CASE(delayed_is_flushed),
	KUNIT_CASE(delayed_cancel),
	KUNIT_CASE(delayed_cancel_queued),
	KUNIT_CASE(delayed_cancel_fails),
	KUNIT_CASE(delayed_cancel_races),
	KUNIT_CASE(delayed_modify),
	KUNIT_CASE(delayed_modify_races_look),
	KUNIT_CASE(delayed_modify_queued),
	KUNIT_CASE(delayed_busy),
	KUNIT_CASE_PARAM(delayed_full_queue, full_gen_params),
	KUNIT_CASE(delayed_wait_inside),
	KUNIT_CASE(delayed_detached),
	KUNIT_CASE(delayed_pins),
	KUNIT_CASE(delayed_in_atomic),
	{}
};

static struct kunit_suite delayed_suite = {
	.name = "wpool_delayed",
	.init = delayed_init,
	.exit = wpt_exit,
	.test_cases = delayed_cases,
};

kunit_test_suite(delayed_suite);
