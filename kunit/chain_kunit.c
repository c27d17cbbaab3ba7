// SPDX-License-Identifier: GPL-2.0
/* What a task submits in a pool with WPOOL_CHAIN is left to its own worker. */
#include <linux/kthread.h>
#include "wpool_kunit.h"

static int chain_init(struct kunit *test)
{
	return wpt_init(test, "wpool_chain");
}

/* A task that submits others to its pool, and tells how many workers idle then. */
struct head {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_job		*next;
	unsigned int		nr_next;
	struct wpt_job		*asks;		/* looked for in the pool then */
	struct wpt_gate		*gate;		/* waited for then */
	u64			idle;
	int			err;
	struct completion	submitted;
	struct task_struct	*worker;
};

static int head_run(void *arg)
{
	struct head *head = arg;

	head->worker = current;
	head->err = wpt_schedule_all(head->pool, head->next, head->nr_next);
	if (head->asks)
		head->err = head->err ?: wpool_cancel(&head->asks->task);
	head->idle = wpt_stat(head->pool, WPOOL_STAT_IDLE);
	complete_all(&head->submitted);
	if (head->gate)
		wait_for_completion(&head->gate->opened);
	return 0;
}

/* Of a pool in which all workers but @busy idle. */
static struct head *head_new_watched(struct kunit *test, unsigned int workers,
				     unsigned int nr_next, struct wpt_gate *gate,
				     unsigned int watchdog_ms)
{
	struct head *head = wpt_alloc(test, sizeof(*head));

	head->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = workers, .min_workers = workers, .flags = WPOOL_CHAIN,
		.watchdog_ms = watchdog_ms,
	});
	head->nr_next = nr_next;
	init_completion(&head->submitted);
	head->next = wpt_jobs(test, nr_next, gate);
	wpool_task_init(&head->task, head_run, head);
	WPT_ASSERT_STAT(test, head->pool, IDLE, workers);
	return head;
}

static struct head *head_new(struct kunit *test, unsigned int workers, unsigned int nr_next,
			     struct wpt_gate *gate)
{
	return head_new_watched(test, workers, nr_next, gate, 0);
}

static void head_submit(struct kunit *test, struct head *head)
{
	KUNIT_ASSERT_EQ(test, wpool_schedule(head->pool, &head->task), 0);
}

/* How often it is tried: a thread that does not run for two jiffies has an idle worker woken. */
#define TRIES	50

/* 165: what a task submits wakes no idle worker, and runs in that of the task */
static void chain_stays(struct kunit *test)
{
	struct head *head = head_new(test, 2, 1, NULL);
	unsigned int i, stayed = 0;

	for (i = 0; i < TRIES; i++) {
		head_submit(test, head);
		KUNIT_ASSERT_EQ(test, wpt_result(test, &head->task), 0);
		KUNIT_ASSERT_EQ(test, head->err, 0);
		KUNIT_ASSERT_EQ(test, wpt_wait(test, head->next), 0);
		stayed += head->idle == 1 && head->worker == head->next->worker;
		WPT_ASSERT_STAT(test, head->pool, IDLE, 2);
	}
	KUNIT_EXPECT_GT(test, stayed, 0);
}

/* 165: the watchdog, which looks for tasks that nobody sees, has nothing to say about it */
static void chain_watched(struct kunit *test)
{
	struct head *head = head_new_watched(test, 2, 1, NULL, 10000);
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		reinit_completion(&head->submitted);
		head->gate = wpt_gate(test);
		head_submit(test, head);
		KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&head->submitted, WPT_LIMIT), 0);
		/* That has the manager look. */
		KUNIT_ASSERT_EQ(test, wpool_resize(head->pool, 3 + i % 2), 0);
		wpt_begun(test, head->next);
		wpt_open(head->gate);
		KUNIT_ASSERT_EQ(test, wpt_result(test, &head->task), 0);
		KUNIT_ASSERT_EQ(test, wpt_wait(test, head->next), 0);
		reinit_completion(&head->next->begun);
	}
}

/* 166: one does not wait for a task that goes on: it has a worker after two jiffies */
static void chain_is_short(struct kunit *test)
{
	struct head *head = head_new(test, 2, 1, NULL);

	head->gate = wpt_gate(test);
	head_submit(test, head);
	wpt_begun(test, head->next);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, head->next), 0);
	WPT_EXPECT_STAT(test, head->pool, RUNNING, 1);
	wpt_open(head->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &head->task), 0);
}

/* 166: if the task submits one more, a worker is woken at once */
static void chain_of_two(struct kunit *test)
{
	struct wpt_gate *gate = wpt_gate(test);
	struct head *head = head_new(test, 2, 2, gate);

	head_submit(test, head);
	KUNIT_ASSERT_EQ(test, wpt_result(test, &head->task), 0);
	KUNIT_EXPECT_EQ(test, head->err, 0);
	KUNIT_EXPECT_EQ(test, head->idle, 0);
	wpt_open(gate);
}

/* 166: and if it calls the pool again, where it may be about to sleep */
static void chain_calls(struct kunit *test)
{
	struct wpt_gate *gate = wpt_gate(test);
	struct head *head = head_new(test, 3, 1, gate);

	head->asks = wpt_hold(test, head->pool, 1);
	head_submit(test, head);
	KUNIT_ASSERT_EQ(test, wpt_result(test, &head->task), 0);
	KUNIT_EXPECT_EQ(test, head->err, 0);
	KUNIT_EXPECT_EQ(test, head->idle, 0);
	wpt_open(gate);
}

/* 166: and if another thread submits one */
static void chain_beside(struct kunit *test)
{
	struct wpt_gate *gate = wpt_gate(test);
	struct head *head = head_new(test, 2, 1, gate);
	struct wpt_job *other = wpt_jobs(test, 1, gate);

	head->gate = gate;
	head_submit(test, head);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&head->submitted, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(head->pool, other, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_stat(head->pool, WPOOL_STAT_IDLE), 0);
	wpt_open(gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, other), 0);
}

/* 166: nor is it put off that another thread submits the same task later */
static void chain_over(struct kunit *test)
{
	struct head *head = head_new(test, 2, 1, NULL);
	struct wpt_gate *gate;
	unsigned int i;

	for (i = 0; i < TRIES; i++) {
		head->next->gate = NULL;
		head_submit(test, head);
		KUNIT_ASSERT_EQ(test, wpt_result(test, &head->task), 0);
		KUNIT_ASSERT_EQ(test, wpt_wait(test, head->next), 0);
		WPT_ASSERT_STAT(test, head->pool, IDLE, 2);
		gate = wpt_gate(test);
		head->next->gate = gate;
		KUNIT_ASSERT_EQ(test, wpool_schedule(head->pool, &head->next->task), 0);
		KUNIT_ASSERT_EQ(test, wpt_stat(head->pool, WPOOL_STAT_IDLE), 1);
		wpt_open(gate);
		KUNIT_ASSERT_EQ(test, wpt_wait(test, head->next), 0);
		WPT_ASSERT_STAT(test, head->pool, IDLE, 2);
	}
}

static int head_dies(void *arg)
{
	struct head *head = arg;

	head->err = wpt_schedule_all(head->pool, head->next, head->nr_next);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* 166: a task that dies takes none with it */
static void chain_dies(struct kunit *test)
{
	struct head *head = head_new(test, 2, 1, NULL);

	wpool_task_init(&head->task, head_dies, head);
	head_submit(test, head);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &head->task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, head->next), 0);
}

static struct kunit_case chain_cases[] = {
	KUNIT_CASE(chain_stays),
	KUNIT_CASE(chain_watched),
	KUNIT_CASE(chain_is_short),
	KUNIT_CASE(chain_of_two),
	KUNIT_CASE(chain_calls),
	KUNIT_CASE(chain_beside),
	KUNIT_CASE(chain_over),
	KUNIT_CASE(chain_dies),
	{}
};

static struct kunit_suite chain_suite = {
	.name = "wpool_chain",
	.init = chain_init,
	.exit = wpt_exit,
	.test_cases = chain_cases,
};

kunit_test_suite(chain_suite);
