// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that a worker has taken several at a time: but for the order in which they
 * may end, nothing of that is to be seen. See core/hand.c.
 *
 * A hand is taken by a worker that finds more ready tasks than there are workers,
 * with all of them busy. So all are held, tasks are queued, and one worker is let go
 * on: it begins a task and has at least one more in hand, and more if it has ended
 * some hands quickly before.
 */
#include <linux/kthread.h>
#include <linux/slab.h>
#include "wpool_kunit.h"

static int hand_init(struct kunit *test)
{
	return wpt_init(test, "wpool_hand");
}

#define MAX_WORKERS	3

/* A pool whose workers are all held, each behind a gate of its own. */
struct table {
	struct wpool	*pool;
	struct wpt_job	*held[MAX_WORKERS];
	atomic_t	*clock;
	unsigned int	warm;	/* quick ones that have run before what is tested */
	struct wpt_job	*first;	/* runs, behind its gate */
	struct wpt_job	*rest;	/* wait behind it: of them some are in its hand */
};

static struct table *set_table(struct kunit *test, const struct wpool_attrs *attrs)
{
	struct table *table = wpt_alloc(test, sizeof(*table));
	unsigned int i;

	table->pool = wpt_pool(test, attrs);
	table->clock = wpt_alloc(test, sizeof(*table->clock));
	for (i = 0; i < attrs->capacity; i++)
		table->held[i] = wpt_hold(test, table->pool, 1);
	return table;
}

static struct wpt_job *clocked_jobs(struct kunit *test, struct table *table, unsigned int n,
				    struct wpt_gate *gate)
{
	struct wpt_job *jobs = wpt_jobs(test, n, gate);
	unsigned int i;

	for (i = 0; i < n; i++)
		jobs[i].clock = table->clock;
	return jobs;
}

static struct wpt_job *queue_jobs(struct kunit *test, struct table *table, unsigned int n,
				  struct wpt_gate *gate)
{
	struct wpt_job *jobs = clocked_jobs(test, table, n, gate);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(table->pool, jobs, n), 0);
	return jobs;
}

/* One of the workers that are held goes on, until it is in a job. */
static void let_go_until(struct kunit *test, struct table *table, unsigned int worker,
			 struct wpt_job *job)
{
	wpt_open(table->held[worker]->gate);
	wpt_begun(test, job);
}

/* Not counted by the clock; as many as the parameter of the test says. */
static void warm_up(struct kunit *test, struct table *table)
{
	struct wpt_job *jobs;

	if (test->param_value)
		table->warm = *(const unsigned int *)test->param_value;
	if (!table->warm)
		return;
	jobs = wpt_jobs(test, table->warm, NULL);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(table->pool, jobs, table->warm), 0);
}

/* The first worker is in a job, with others of the n behind it in hand. */
static struct table *deal(struct kunit *test, const struct wpool_attrs *attrs, unsigned int n)
{
	struct table *table = set_table(test, attrs);

	warm_up(test, table);
	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	table->rest = queue_jobs(test, table, n, NULL);
	let_go_until(test, table, 0, table->first);
	return table;
}

/*
 * A worker's hands hold 1, 2, 4 and 8 beside the task that it begins as it takes them,
 * if it is quick. So it has its 13th task in the middle of a hand.
 */
static const unsigned int warm_cases[] = { 0, 12 };

static void warm_name(const unsigned int *warm, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "after %u quick ones", *warm);
}

KUNIT_ARRAY_PARAM(warm, warm_cases, warm_name);

static unsigned int count_runs(struct wpt_job *jobs, unsigned int n)
{
	unsigned int runs = 0;

	while (n--)
		runs += atomic_read(&jobs[n].runs);
	return runs;
}

/*
 * The result of a job. Only looked at until it has ended: who waits for one that is in
 * a hand has all hands put back, and so would hide that nobody else did.
 */
static int result_of(struct kunit *test, struct wpt_job *job)
{
	WPT_ASSERT_UNTIL(test, !wpool_task_queued(&job->task) &&
			       !wpool_task_running(&job->task));
	return wpt_wait(test, job);
}

/* All have run, once each. */
static void expect_run(struct kunit *test, struct wpt_job *jobs, unsigned int n)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, result_of(test, &jobs[i]), 0);
		wrong += atomic_read(&jobs[i].runs) != 1;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* And in order, as one worker alone must. */
static void expect_run_in_order(struct kunit *test, struct wpt_job *jobs, unsigned int n)
{
	unsigned int i, wrong = 0;

	expect_run(test, jobs, n);
	for (i = 1; i < n; i++)
		wrong += jobs[i].turn <= jobs[i - 1].turn;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* 64: what one worker has in hand is run by another while it is busy */
static void hand_runs_elsewhere(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 2 }, 20);

	wpt_open(table->held[1]->gate);
	expect_run(test, table->rest, 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->first->runs), 0);
}

/* 64: and by one that is made for it */
static void hand_runs_in_new_worker(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 20);

	KUNIT_ASSERT_EQ(test, wpool_resize(table->pool, 2), 0);
	expect_run_in_order(test, table->rest, 20);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->first->runs), 0);
}

/* 64: those that were taken long ago go before those that are queued, in their order */
static void hand_goes_first_when_old(struct kunit *test)
{
	struct table *table = set_table(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpt_job *second, *taken[2], *queued;
	unsigned long dealt;

	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	taken[0] = queue_jobs(test, table, 1, NULL);
	second = queue_jobs(test, table, 1, wpt_gate(test));
	taken[1] = queue_jobs(test, table, 1, NULL);
	queued = queue_jobs(test, table, 6, NULL);
	let_go_until(test, table, 0, table->first);
	let_go_until(test, table, 1, second);
	dealt = jiffies;
	WPT_ASSERT_UNTIL(test, time_after(jiffies, dealt + 2));
	wpt_open(table->held[2]->gate);
	expect_run(test, queued, 6);
	expect_run(test, taken[0], 1);
	expect_run(test, taken[1], 1);
	KUNIT_EXPECT_LT(test, taken[0]->turn, taken[1]->turn);
	KUNIT_EXPECT_LT(test, taken[1]->turn, queued[0].turn);
}

/* 43, 44: the counters are exact while a worker is inside a task of its hand */
static void hand_is_counted(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 20);
	unsigned int i, wrong = 0;

	WPT_EXPECT_STAT(test, table->pool, QUEUED, 20);
	WPT_EXPECT_STAT(test, table->pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, table->pool, COMPLETED, 1 + table->warm);
	WPT_EXPECT_STAT(test, table->pool, SUBMITTED, 22 + table->warm);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, table->pool,
					   "[ $(cat queued) = 20 ] && [ $(cat running) = 1 ]"), 0);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&table->first->task));
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&table->first->task));
	for (i = 0; i < 20; i++) {
		wrong += !wpool_task_queued(&table->rest[i].task);
		wrong += wpool_task_running(&table->rest[i].task);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	wpt_open(table->first->gate);
	expect_run_in_order(test, table->rest, 20);
	WPT_ASSERT_STAT(test, table->pool, RUNNING, 0);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, table->pool, COMPLETED, 22 + table->warm);
}

/* 47, 48: each of them can be cancelled, once, and the one that runs cannot */
static void hand_is_cancelled(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 6);
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, wpool_cancel(&table->first->task));
	for (i = 0; i < 6; i += 2) {
		KUNIT_EXPECT_TRUE(test, wpool_cancel(&table->rest[i].task));
		KUNIT_EXPECT_FALSE(test, wpool_cancel(&table->rest[i].task));
		WPT_EXPECT_STAT(test, table->pool, QUEUED, 5 - i / 2);
		KUNIT_EXPECT_EQ(test, result_of(test, &table->rest[i]), -ECANCELED);
	}
	wpt_open(table->first->gate);
	for (i = 1; i < 6; i += 2)
		KUNIT_EXPECT_EQ(test, result_of(test, &table->rest[i]), 0);
	KUNIT_EXPECT_EQ(test, count_runs(table->rest, 6), 3);
	WPT_EXPECT_STAT(test, table->pool, CANCELLED, 3);
}

/* 14, 49: who waits for one of them, or for the one that runs, is told its result */
static void hand_is_awaited(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 4);
	struct wpt_thread *waiters[3];
	unsigned int i;

	table->first->result = 10;
	table->rest[0].result = 11;
	table->rest[3].result = 12;
	waiters[0] = wpt_thread(test, wpt_call_wait, table->pool, table->first, NULL);
	waiters[1] = wpt_thread(test, wpt_call_wait, table->pool, &table->rest[0], NULL);
	waiters[2] = wpt_thread(test, wpt_call_wait, table->pool, &table->rest[3], NULL);
	for (i = 0; i < 3; i++)
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiters[i]));
	wpt_open(table->first->gate);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiters[i]), 10 + i);
	KUNIT_EXPECT_EQ(test, result_of(test, &table->rest[1]), 0);
	KUNIT_EXPECT_EQ(test, result_of(test, &table->rest[2]), 0);
}

/* 20: who waits for a limited time goes, and both run on as if he had not been there */
static void hand_is_awaited_in_vain(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 4);

	table->first->result = 10;
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&table->first->task, 1, NULL), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&table->rest[0].task, 1, NULL), -ETIMEDOUT);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 4);
	wpt_open(table->first->gate);
	KUNIT_EXPECT_EQ(test, result_of(test, table->first), 10);
	expect_run_in_order(test, table->rest, 4);
}

/* A job that, when its gate is open, makes a call for another. */
struct asker {
	struct wpt_job	*job;
	int		(*call)(struct asker *asker);
	struct wpool	*pool;
	struct wpt_job	*other;
};

static int run_asker(void *arg)
{
	struct asker *asker = arg;
	int err = wpt_run_job(asker->job);

	return err ?: asker->call(asker);
}

static struct asker *make_asker(struct kunit *test, struct wpt_job *job,
				int (*call)(struct asker *asker))
{
	struct asker *asker = wpt_alloc(test, sizeof(*asker));

	asker->job = job;
	asker->call = call;
	wpool_task_init(&job->task, run_asker, asker);
	return asker;
}

/* As deal(), and the first is an asker. */
static struct asker *deal_to_asker(struct kunit *test, const struct wpool_attrs *attrs,
				   struct table **table, unsigned int n,
				   int (*call)(struct asker *asker))
{
	struct table *t = set_table(test, attrs);
	struct asker *asker;

	warm_up(test, t);
	t->first = clocked_jobs(test, t, 1, wpt_gate(test));
	asker = make_asker(test, t->first, call);
	asker->pool = t->pool;
	KUNIT_ASSERT_EQ(test, wpool_schedule(t->pool, &t->first->task), 0);
	t->rest = queue_jobs(test, t, n, NULL);
	let_go_until(test, t, 0, t->first);
	*table = t;
	return asker;
}

static int ask_wait(struct asker *asker)
{
	return wpool_wait(&asker->other->task);
}

/* 16, 64: a worker that waits for a task of its own hand runs it itself */
static void hand_is_awaited_by_its_worker(struct kunit *test)
{
	struct table *table;
	struct asker *asker = deal_to_asker(test, &(struct wpool_attrs) { .capacity = 1 },
					    &table, 5, ask_wait);

	asker->other = &table->rest[0];
	table->rest[0].result = 17;
	wpt_open(table->first->gate);
	KUNIT_EXPECT_EQ(test, result_of(test, table->first), 17);
	WPT_EXPECT_STAT(test, table->pool, NESTED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->rest[0].runs), 1);
	expect_run_in_order(test, &table->rest[1], 4);
}

/* As deal(), of two workers, with the other in a job of the caller's. */
static struct table *deal_beside(struct kunit *test, struct wpt_job *job, unsigned int n)
{
	struct table *table = wpt_alloc(test, sizeof(*table));

	table->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	table->clock = wpt_alloc(test, sizeof(*table->clock));
	table->held[0] = wpt_hold(test, table->pool, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(table->pool, &job->task), 0);
	wpt_begun(test, job);
	warm_up(test, table);
	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	table->rest = queue_jobs(test, table, n, NULL);
	let_go_until(test, table, 0, table->first);
	return table;
}

/* 16, 64: a worker that waits for a task in another's hand runs it too */
static void hand_is_awaited_by_another_worker(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct asker *asker = make_asker(test, job, ask_wait);
	struct table *table = deal_beside(test, job, 4);

	asker->other = &table->rest[0];
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, result_of(test, job), 0);
	WPT_EXPECT_STAT(test, table->pool, NESTED, 1);
	expect_run(test, table->rest, 4);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->first->runs), 0);
}

static int ask_schedule(struct asker *asker)
{
	return wpool_schedule(asker->pool, &asker->other->task);
}

/* 16: a worker that would wait for the room that its own hand takes up is refused */
static void hand_blocks_its_worker(struct kunit *test)
{
	struct table *table;
	struct asker *asker = deal_to_asker(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2,
	}, &table, 1, ask_schedule);

	queue_jobs(test, table, 1, NULL);
	asker->other = wpt_jobs(test, 1, NULL);
	wpt_open(table->first->gate);
	KUNIT_EXPECT_EQ(test, result_of(test, table->first), -EDEADLK);
	expect_run(test, table->rest, 1);
}

/* 65: one of high priority goes before those in hand */
static void hand_waits_for_high(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 4);
	struct wpt_job *high = clocked_jobs(test, table, 1, NULL);

	wpool_task_set_priority(&high->task, WPOOL_PRIO_HIGH);
	KUNIT_ASSERT_EQ(test, wpool_schedule(table->pool, &high->task), 0);
	wpt_open(table->first->gate);
	expect_run_in_order(test, table->rest, 4);
	KUNIT_EXPECT_EQ(test, high->turn, table->first->turn + 1);
}

/* 65: one of low priority does not begin while others are in hand */
static void hand_goes_before_low(struct kunit *test)
{
	struct table *table = set_table(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *low = clocked_jobs(test, table, 3, NULL);
	unsigned int i;

	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	table->rest = queue_jobs(test, table, 1, NULL);
	for (i = 0; i < 3; i++)
		wpool_task_set_priority(&low[i].task, WPOOL_PRIO_LOW);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(table->pool, low, 3), 0);
	let_go_until(test, table, 0, table->first);
	wpt_open(table->held[1]->gate);
	expect_run(test, table->rest, 1);
	expect_run(test, low, 3);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_GT(test, low[i].turn, table->rest->turn);
}

/* A pause holds for those in hand too. */
static void hand_is_paused(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 8);

	wpool_pause(table->pool);
	wpt_open(table->first->gate);
	WPT_ASSERT_STAT(test, table->pool, IDLE, 1);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 8);
	KUNIT_EXPECT_EQ(test, count_runs(table->rest, 8), 0);
	wpool_resume(table->pool);
	expect_run_in_order(test, table->rest, 8);
}

/* 54: shutdown drains the hands */
static void hand_is_drained_by_shutdown(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 8);

	wpool_shutdown(table->pool);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 8);
	wpt_open(table->first->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(table->pool, WPT_LIMIT), 0);
	expect_run_in_order(test, table->rest, 8);
}

/* Are these the jobs that were handed back next? */
static bool unrun_begins(struct list_head *unrun, struct wpt_job *jobs, unsigned int n)
{
	struct wpool_task *task;
	unsigned int i;

	for (i = 0; i < n; i++) {
		task = list_first_entry_or_null(unrun, struct wpool_task, node);
		if (task != &jobs[i].task)
			return false;
		list_del(&task->node);
	}
	return true;
}

/*
 * 55: shutdown_now hands back those in the hands of two workers too, in the order in
 * which they were submitted, also if one hand was looked into before.
 */
static void hand_is_handed_back(struct kunit *test)
{
	struct table *table = set_table(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *second, *taken[2], *queued;
	LIST_HEAD(unrun);

	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	taken[0] = queue_jobs(test, table, 1, NULL);
	second = queue_jobs(test, table, 1, wpt_gate(test));
	taken[1] = queue_jobs(test, table, 1, NULL);
	queued = queue_jobs(test, table, 4, NULL);
	let_go_until(test, table, 0, table->first);
	let_go_until(test, table, 1, second);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&taken[0]->task, 0, NULL), -ETIMEDOUT);

	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(table->pool, &unrun), 6);
	KUNIT_EXPECT_TRUE(test, unrun_begins(&unrun, taken[0], 1));
	KUNIT_EXPECT_TRUE(test, unrun_begins(&unrun, taken[1], 1));
	KUNIT_EXPECT_TRUE(test, unrun_begins(&unrun, queued, 4));
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	KUNIT_EXPECT_EQ(test, result_of(test, taken[0]), -ECANCELED);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 0);
	wpt_open(table->first->gate);
	wpt_open(second->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(table->pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, count_runs(taken[0], 1) + count_runs(taken[1], 1), 0);
}

/* 55: and of a hand of many */
static void hand_of_many_is_handed_back(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 20);
	LIST_HEAD(unrun);

	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(table->pool, &unrun), 20);
	KUNIT_EXPECT_TRUE(test, unrun_begins(&unrun, table->rest, 20));
	wpt_open(table->first->gate);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(table->pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, count_runs(table->rest, 20), 0);
}

/* A flush waits for those in hand, and for none that came later. */
static void hand_is_flushed(struct kunit *test)
{
	struct table *table = set_table(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *last, *later;
	struct wpt_thread *flusher;

	warm_up(test, table);
	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	table->rest = queue_jobs(test, table, 3, NULL);
	last = queue_jobs(test, table, 1, wpt_gate(test));
	let_go_until(test, table, 0, table->first);
	flusher = wpt_thread(test, wpt_call_flush, table->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flusher));
	later = queue_jobs(test, table, 1, wpt_gate(test));
	wpt_open(table->first->gate);
	wpt_begun(test, last);
	KUNIT_EXPECT_EQ(test, count_runs(table->rest, 3), 3);
	KUNIT_EXPECT_FALSE(test, completion_done(&flusher->done));
	wpt_open(last->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flusher), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&last->runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&later->runs), 0);
}

/* A drain waits for all; it may be called while a hand is half done. */
static void hand_is_waited_for_by_drain(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 4);
	struct wpt_thread *drainer;

	drainer = wpt_thread(test, wpt_call_drain, table->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(drainer));
	wpt_open(table->first->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drainer), 0);
	KUNIT_EXPECT_EQ(test, count_runs(table->first, 1) + count_runs(table->rest, 4), 5);
	WPT_EXPECT_STAT(test, table->pool, COMPLETED, 6 + table->warm);
}

/* 28: a worker that is one too many begins nothing that is in a hand */
static void hand_is_left_behind(struct kunit *test)
{
	struct table *table = set_table(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *second;

	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	table->rest = queue_jobs(test, table, 1, NULL);
	second = queue_jobs(test, table, 1, wpt_gate(test));
	queue_jobs(test, table, 4, NULL);
	let_go_until(test, table, 0, table->first);
	let_go_until(test, table, 1, second);
	KUNIT_ASSERT_EQ(test, wpool_resize(table->pool, 1), 0);
	wpt_open(table->first->gate);
	WPT_ASSERT_STAT(test, table->pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 5);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->rest->runs), 0);
	wpt_open(second->gate);
	expect_run(test, table->rest, 1);
}

/* A worker on its way out, which waits for a task in its hook. */
static void stop_hook(struct wpool *pool)
{
	struct asker *asker = wpool_priv(pool);
	struct wpt_job *other = xchg(&asker->other, NULL);

	if (!other)
		return;
	wpool_wait(&other->task);
	complete_all(&asker->job->begun);
	wait_for_completion(&asker->job->gate->opened);
}

/* 28: nor does it take any when it runs what its hook waits for */
static void hand_is_not_for_who_leaves(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_stop = stop_hook };
	struct asker *asker = wpt_alloc(test, sizeof(*asker));
	struct table *table = set_table(test, &(struct wpool_attrs) {
		.capacity = 2, .ops = &ops, .priv = asker,
	});

	asker->job = wpt_jobs(test, 1, wpt_gate(test));
	table->rest = queue_jobs(test, table, 6, NULL);
	asker->other = &table->rest[0];
	KUNIT_ASSERT_EQ(test, wpool_resize(table->pool, 1), 0);
	let_go_until(test, table, 0, asker->job);
	KUNIT_EXPECT_EQ(test, count_runs(table->rest, 6), 1);
	wpt_open(asker->job->gate);
	wpt_open(table->held[1]->gate);
	expect_run(test, table->rest, 6);
}

/* 17: those in hand take up room, the one that runs does not: the bound is exact */
static void hand_takes_up_room(struct kunit *test)
{
	struct table *table = set_table(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 4,
	});
	struct wpt_job *more = clocked_jobs(test, table, 2, NULL);

	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	table->rest = queue_jobs(test, table, 3, NULL);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(table->pool, &more[0].task), -EAGAIN);
	let_go_until(test, table, 0, table->first);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(table->pool, &more[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(table->pool, &more[1].task), -EAGAIN);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 4);
	wpt_open(table->first->gate);
	expect_run_in_order(test, table->rest, 3);
	KUNIT_EXPECT_EQ(test, result_of(test, &more[0]), 0);
}

static const bool detached_cases[] = { false, true };

static void detached_name(const bool *detached, char *desc)
{
	strscpy(desc, *detached ? "detached" : "plain", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(detached, detached_cases, detached_name);

/* 18: a blocked submitter gets the room that a task of a hand frees as it ends */
static void hand_serves_the_blocked(struct kunit *test)
{
	struct table *table = set_table(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2,
	});
	struct wpt_job *more = clocked_jobs(test, table, 2, NULL);
	struct wpt_thread *submitter;

	table->first = clocked_jobs(test, table, 1, wpt_gate(test));
	if (*(const bool *)test->param_value)
		wpool_task_set_detached(&table->first->task);
	KUNIT_ASSERT_EQ(test, wpool_schedule(table->pool, &table->first->task), 0);
	table->rest = queue_jobs(test, table, 1, wpt_gate(test));
	let_go_until(test, table, 0, table->first);
	KUNIT_ASSERT_EQ(test, wpool_schedule(table->pool, &more[0].task), 0);
	submitter = wpt_thread(test, wpt_call_schedule, table->pool, &more[1], NULL);
	WPT_ASSERT_STAT(test, table->pool, BLOCKED, 1);
	wpt_open(table->first->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), 0);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->rest->runs), 0);
	wpt_open(table->rest->gate);
	KUNIT_EXPECT_EQ(test, result_of(test, &more[1]), 0);
}

/* 23: the oldest, which is dropped, may be one in a hand */
static void hand_is_the_oldest(struct kunit *test)
{
	struct table *table = set_table(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 3, .full = WPOOL_FULL_DISCARD_OLDEST,
	});
	struct wpt_job *more = clocked_jobs(test, table, 2, NULL);

	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	table->rest = queue_jobs(test, table, 2, NULL);
	let_go_until(test, table, 0, table->first);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(table->pool, more, 1), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(table->pool, &more[1].task), 0);
	KUNIT_EXPECT_EQ(test, result_of(test, &table->rest[0]), -ECANCELED);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 3);
	wpt_open(table->first->gate);
	KUNIT_EXPECT_EQ(test, result_of(test, &table->rest[1]), 0);
	KUNIT_EXPECT_EQ(test, result_of(test, &more[0]), 0);
	KUNIT_EXPECT_EQ(test, result_of(test, &more[1]), 0);
	KUNIT_EXPECT_EQ(test, count_runs(table->rest, 2), 1);
	WPT_EXPECT_STAT(test, table->pool, DROPPED, 1);
}

static int die(struct asker *asker)
{
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* 41: a worker dies with a hand: what it had not begun runs in order */
static void hand_survives_its_worker(struct kunit *test)
{
	struct table *table;

	deal_to_asker(test, &(struct wpool_attrs) { .capacity = 1 }, &table, 20, die);
	wpt_open(table->first->gate);
	expect_run_in_order(test, table->rest, 20);
	KUNIT_EXPECT_EQ(test, result_of(test, table->first), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, table->pool, OOPSED, 1);
	WPT_EXPECT_STAT(test, table->pool, DIED, 1);
	WPT_EXPECT_STAT(test, table->pool, COMPLETED, 21 + table->warm);
	WPT_EXPECT_STAT(test, table->pool, SUBMITTED, 22 + table->warm);
}

/* 37, 41: who waits for the one that it dies in is told, and who drains is too */
static void hand_death_is_told(struct kunit *test)
{
	struct wpt_thread *waiter, *drainer;
	struct table *table;

	deal_to_asker(test, &(struct wpool_attrs) { .capacity = 1 }, &table, 4, die);
	waiter = wpt_thread(test, wpt_call_wait, table->pool, table->first, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	drainer = wpt_thread(test, wpt_call_drain, table->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(drainer));
	wpt_open(table->first->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drainer), 0);
	KUNIT_EXPECT_EQ(test, count_runs(table->rest, 4), 4);
}

/* 41, 64: another worker dies: what is in a hand is reason enough to make a new one */
static void hand_is_found_after_a_death(struct kunit *test)
{
	struct wpt_job *fatal = wpt_jobs(test, 1, wpt_gate(test));
	struct table *table;

	make_asker(test, fatal, die);
	table = deal_beside(test, fatal, 2);
	/* It is on the queue, and would be reason enough alone. */
	KUNIT_ASSERT_TRUE(test, wpool_cancel(&table->rest[1].task));
	wpt_open(fatal->gate);
	expect_run(test, table->rest, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->first->runs), 0);
}

static int ask_again_once(struct asker *asker)
{
	if (atomic_read(&asker->job->runs) > 1)
		return 0;
	return wpool_schedule(asker->pool, &asker->job->task);
}

/* 12: one that submits itself again runs again after those that wait */
static void hand_comes_again(struct kunit *test)
{
	struct table *table;

	deal_to_asker(test, &(struct wpool_attrs) { .capacity = 1 }, &table, 6, ask_again_once);
	wpt_open(table->first->gate);
	KUNIT_EXPECT_EQ(test, result_of(test, table->first), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->first->runs), 2);
	expect_run_in_order(test, table->rest, 6);
	KUNIT_EXPECT_EQ(test, table->first->turn, table->rest[5].turn + 1);
	WPT_ASSERT_STAT(test, table->pool, RUNNING, 0);
	WPT_EXPECT_STAT(test, table->pool, COMPLETED, 9 + table->warm);
}

/* 12: and so does one that is submitted while it runs, unless that is taken back */
static void hand_is_submitted_while_it_runs(struct kunit *test)
{
	struct table *table = deal(test, &(struct wpool_attrs) { .capacity = 1 }, 3);

	KUNIT_EXPECT_EQ(test, wpool_try_schedule(table->pool, &table->first->task), 0);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(table->pool, &table->first->task), -EBUSY);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(table->pool, &table->rest[0].task), -EBUSY);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&table->first->task));
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(table->pool, &table->first->task), 0);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 4);
	wpt_open(table->first->gate);
	KUNIT_EXPECT_EQ(test, result_of(test, table->first), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&table->first->runs), 2);
	expect_run_in_order(test, table->rest, 3);
}

static int ask_until_stopped(struct asker *asker)
{
	while (!wpool_should_stop())
		schedule_timeout_idle(1);
	return WPT_STOPPED;
}

static int ask_whether_to_stop(struct asker *asker)
{
	return wpool_should_stop() ? WPT_STOPPED : WPT_NOT_STOPPED;
}

/* 50: one that runs is asked to stop, and those behind it are not */
static void hand_is_stopped_alone(struct kunit *test)
{
	struct wpt_job *behind = wpt_jobs(test, 8, NULL);
	struct table *table;
	unsigned int i;

	deal_to_asker(test, &(struct wpool_attrs) { .capacity = 1 }, &table, 2,
		      ask_until_stopped);
	for (i = 0; i < 8; i++)
		make_asker(test, &behind[i], ask_whether_to_stop);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(table->pool, behind, 8), 0);
	wpt_open(table->first->gate);
	KUNIT_EXPECT_FALSE(test, wpool_cancel_sync(&table->first->task));
	KUNIT_EXPECT_EQ(test, result_of(test, table->first), WPT_STOPPED);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, result_of(test, &behind[i]), WPT_NOT_STOPPED);
}

/* One in a hand whose time has come may be delayed again, or cancelled. */
static void hand_is_delayed_again(struct kunit *test)
{
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));
	struct table *table = set_table(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	table->first = queue_jobs(test, table, 1, wpt_gate(test));
	wpool_delayed_task_init(dtask, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(table->pool, dtask, 0), 0);
	WPT_ASSERT_STAT(test, table->pool, QUEUED, 2);
	table->rest = queue_jobs(test, table, 3, NULL);
	let_go_until(test, table, 0, table->first);

	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(table->pool, dtask, 100 * WPT_LIMIT), 0);
	WPT_EXPECT_STAT(test, table->pool, DELAYED, 1);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 3);
	wpt_open(table->first->gate);
	expect_run_in_order(test, table->rest, 3);
	KUNIT_EXPECT_TRUE(test, wpool_cancel_delayed(dtask));
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
}

struct loner {
	struct wpool_task	task;
	atomic_t		*runs;
};

static int free_oneself(void *arg)
{
	struct loner *loner = arg;
	atomic_t *runs = loner->runs;

	memset(loner, 0x5a, sizeof(*loner));
	kfree(loner);
	atomic_inc(runs);
	return 0;
}

/* Tasks that are freed by their function, and those of the pool itself, run once. */
static void hand_of_the_detached(struct kunit *test)
{
	const unsigned int n = 100;
	struct table *table = set_table(test, &(struct wpool_attrs) { .capacity = 1 });
	atomic_t *runs = wpt_alloc(test, sizeof(*runs));
	struct loner *loner;
	unsigned int i;

	for (i = 0; i < 2 * n; i++) {
		loner = kzalloc(sizeof(*loner), GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, loner);
		loner->runs = runs;
		wpool_task_init(&loner->task, free_oneself, loner);
		wpool_task_set_detached(&loner->task);
		KUNIT_ASSERT_EQ(test, i % 2 ? wpool_schedule(table->pool, &loner->task) :
				wpool_schedule_fn(table->pool, free_oneself, loner), 0);
	}
	wpt_open(table->held[0]->gate);
	wpt_call(test, wpt_call_drain, table->pool, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(runs), 2 * n);
	WPT_EXPECT_STAT(test, table->pool, COMPLETED, 2 * n + 1);
}

#define CANARY	0xa5

/* Until the task has ended, and as soon as it has; without the lock. */
static bool watch_end(struct wpool_task *task)
{
	unsigned long end = jiffies + WPT_LIMIT;

	while (wpool_task_queued(task) || wpool_task_running(task)) {
		if (time_after(jiffies, end))
			return false;
		cond_resched();
	}
	return true;
}

/* From when a task is seen to have ended its memory is its owner's. */
static void hand_lets_go(struct kunit *test)
{
	const unsigned int n = 1000;
	struct table *table = set_table(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_task *tasks = wpt_alloc(test, n * sizeof(*tasks));
	unsigned int i;

	table->rest = wpt_jobs(test, n, NULL);
	for (i = 0; i < n; i++) {
		wpool_task_init(&tasks[i], wpt_run_job, &table->rest[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(table->pool, &tasks[i]), 0);
	}
	wpt_open(table->held[0]->gate);
	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_TRUE(test, watch_end(&tasks[i]));
		memset(&tasks[i], CANARY, sizeof(*tasks));
	}
	wpt_call(test, wpt_call_drain, table->pool, NULL);
	KUNIT_EXPECT_PTR_EQ(test, memchr_inv(tasks, CANARY, n * sizeof(*tasks)), NULL);
	KUNIT_EXPECT_EQ(test, count_runs(table->rest, n), n);
}

/* 46: the balance holds at rest, whatever befell the hands */
static void hand_balances(struct kunit *test)
{
	const unsigned int n = 600;
	struct table *table = set_table(test, &(struct wpool_attrs) { .capacity = 2 });
	unsigned int i, cancelled = 0;

	table->rest = queue_jobs(test, table, n, NULL);
	wpt_open(table->held[0]->gate);
	wpt_open(table->held[1]->gate);
	for (i = n; i--; ) {
		cancelled += i % 3 == 0 && wpool_cancel(&table->rest[i].task);
		if (i % 50 == 0)
			wpool_wait_timeout(&table->rest[n - 1 - i].task, 1, NULL);
	}
	wpt_call(test, wpt_call_drain, table->pool, NULL);
	KUNIT_EXPECT_EQ(test, count_runs(table->rest, n), n - cancelled);
	WPT_EXPECT_STAT(test, table->pool, SUBMITTED, n + 2);
	WPT_EXPECT_STAT(test, table->pool, CANCELLED, cancelled);
	WPT_EXPECT_STAT(test, table->pool, COMPLETED, n + 2 - cancelled);
	WPT_EXPECT_STAT(test, table->pool, QUEUED, 0);
	WPT_ASSERT_STAT(test, table->pool, RUNNING, 0);
}

static struct kunit_case hand_cases[] = {
	KUNIT_CASE_PARAM(hand_runs_elsewhere, warm_gen_params),
	KUNIT_CASE_PARAM(hand_runs_in_new_worker, warm_gen_params),
	KUNIT_CASE(hand_goes_first_when_old),
	KUNIT_CASE_PARAM(hand_is_counted, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_cancelled, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_awaited, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_awaited_in_vain, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_awaited_by_its_worker, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_awaited_by_another_worker, warm_gen_params),
	KUNIT_CASE(hand_blocks_its_worker),
	KUNIT_CASE_PARAM(hand_waits_for_high, warm_gen_params),
	KUNIT_CASE(hand_goes_before_low),
	KUNIT_CASE_PARAM(hand_is_paused, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_drained_by_shutdown, warm_gen_params),
	KUNIT_CASE(hand_is_handed_back),
	KUNIT_CASE_PARAM(hand_of_many_is_handed_back, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_flushed, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_waited_for_by_drain, warm_gen_params),
	KUNIT_CASE(hand_is_left_behind),
	KUNIT_CASE(hand_is_not_for_who_leaves),
	KUNIT_CASE(hand_takes_up_room),
	KUNIT_CASE_PARAM(hand_serves_the_blocked, detached_gen_params),
	KUNIT_CASE(hand_is_the_oldest),
	KUNIT_CASE_PARAM(hand_survives_its_worker, warm_gen_params),
	KUNIT_CASE_PARAM(hand_death_is_told, warm_gen_params),
	KUNIT_CASE(hand_is_found_after_a_death),
	KUNIT_CASE_PARAM(hand_comes_again, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_submitted_while_it_runs, warm_gen_params),
	KUNIT_CASE_PARAM(hand_is_stopped_alone, warm_gen_params),
	KUNIT_CASE(hand_is_delayed_again),
	KUNIT_CASE(hand_of_the_detached),
	KUNIT_CASE(hand_lets_go),
	KUNIT_CASE(hand_balances),
	{}
};

static struct kunit_suite hand_suite = {
	.name = "wpool_hand",
	.init = hand_init,
	.exit = wpt_exit,
	.test_cases = hand_cases,
};

kunit_test_suite(hand_suite);
