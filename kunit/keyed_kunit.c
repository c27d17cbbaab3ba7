// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks with a key: one at a time and in order, without holding back others.
 */
#include <linux/kthread.h>
#include "wpool_kunit.h"

static int keyed_init(struct kunit *test)
{
	return wpt_init(test, "wpool_keyed");
}

/* A keyed task for each job, which it runs. */
static struct wpool_keyed_task *keyed(struct kunit *test, struct wpt_job *jobs, unsigned int n)
{
	struct wpool_keyed_task *ktasks = wpt_alloc(test, n * sizeof(*ktasks));
	unsigned int i;

	for (i = 0; i < n; i++)
		wpool_keyed_task_init(&ktasks[i], wpt_run_job, &jobs[i]);
	return ktasks;
}

static void clocked(struct kunit *test, struct wpt_job *jobs, unsigned int n)
{
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	unsigned int i;

	for (i = 0; i < n; i++)
		jobs[i].clock = clock;
}

static void schedule_all(struct kunit *test, struct wpool *pool,
			 struct wpool_keyed_task *ktasks, unsigned int n, u64 key)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &ktasks[i], key), 0);
}

static const u64 key_cases[] = { 0, 1, ~0ULL };

static void key_name(const u64 *key, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "key %llu", *key);
}

KUNIT_ARRAY_PARAM(key, key_cases, key_name);

/* Behind one that runs, the others of its key wait, though workers are idle. */
static void keyed_one_at_a_time(struct kunit *test)
{
	u64 key = *(const u64 *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .min_workers = 4,
	});
	struct wpt_job *head = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	struct wpt_job *other = wpt_jobs(test, 1, NULL);
	struct wpool_keyed_task *first = keyed(test, head, 1);
	struct wpool_keyed_task *behind = keyed(test, jobs, 5);
	unsigned int i;

	clocked(test, jobs, 5);
	schedule_all(test, pool, first, 1, key);
	wpt_begun(test, head);
	schedule_all(test, pool, behind, 5, key);
	WPT_EXPECT_STAT(test, pool, QUEUED, 5);
	/* a task without a key passes them by */
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &other->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, other), 0);
	WPT_ASSERT_STAT(test, pool, IDLE, 3);
	WPT_EXPECT_STAT(test, pool, QUEUED, 5);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&behind[0].task));
	wpt_open(head->gate);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, wpt_result(test, &behind[i].task), 0);
		KUNIT_EXPECT_EQ(test, jobs[i].turn, i + 1);
	}
}

/* What the tasks of one key check among themselves. */
struct lane {
	atomic_t	inside;
	int		next;
	int		wrong;
};

struct in_lane {
	struct wpool_keyed_task	ktask;
	struct lane		*lane;
	int			number;
};

static int run_in_lane(void *arg)
{
	struct in_lane *in = arg;
	struct lane *lane = in->lane;

	if (atomic_inc_return(&lane->inside) != 1 || lane->next != in->number)
		lane->wrong++;
	lane->next = in->number + 1;
	/* Some stay, or with one CPU none would ever meet another. */
	if (in->number % 8 == 0)
		schedule_timeout_idle(1);
	atomic_dec(&lane->inside);
	return 0;
}

/* More keys than buckets: each in order and one at a time, all run */
static void keyed_many_keys(struct kunit *test)
{
	const unsigned int keys = 97, n = 1000;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 6, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
	struct lane *lanes = wpt_alloc(test, keys * sizeof(*lanes));
	struct in_lane *in = wpt_alloc(test, n * sizeof(*in));
	unsigned int i, wrong = 0, ran = 0;

	for (i = 0; i < n; i++) {
		in[i].lane = &lanes[i % keys];
		in[i].number = i / keys;
		wpool_keyed_task_init(&in[i].ktask, run_in_lane, &in[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &in[i].ktask, i % keys), 0);
	}
	wpt_destroy(test, pool);
	for (i = 0; i < keys; i++) {
		wrong += lanes[i].wrong;
		ran += lanes[i].next;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, ran, n);
}

/* 9: of different keys as many run at a time as there are workers */
static void keyed_in_parallel(struct kunit *test)
{
	const unsigned int n = 4;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = n });
	struct wpt_job *jobs = wpt_jobs(test, n, wpt_gate(test));
	struct wpool_keyed_task *ktasks = keyed(test, jobs, n);
	unsigned int i;

	for (i = 0; i < n; i++)
		schedule_all(test, pool, &ktasks[i], 1, i);
	for (i = 0; i < n; i++)
		wpt_begun(test, &jobs[i]);
	wpt_open(jobs->gate);
}

/* 64: a key that stalls, whatever waits behind it, stalls no other */
static void keyed_stalled(struct kunit *test)
{
	const unsigned int n = 30;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *stalled = wpt_jobs(test, n, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	struct wpool_keyed_task *behind = keyed(test, stalled, n);
	struct wpool_keyed_task *others = keyed(test, jobs, n);
	unsigned int i;

	schedule_all(test, pool, behind, n, 7);
	for (i = 0; i < n; i++)
		schedule_all(test, pool, &others[i], 1, 100 + i % 3);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &others[i].task), 0);
	wpt_begun(test, stalled);
	WPT_EXPECT_STAT(test, pool, QUEUED, n - 1);
	WPT_EXPECT_STAT(test, pool, RUNNING, 1);
	wpt_open(stalled->gate);
}

static int call_wait_keyed(struct wpt_thread *self)
{
	struct wpool_keyed_task *ktask = self->arg;

	return wpool_wait(&ktask->task);
}

static const unsigned int place_cases[] = { 1, 2, 4 };

static void place_name(const unsigned int *place, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "place %u of 5", *place);
}

KUNIT_ARRAY_PARAM(place, place_cases, place_name);

/* 47, 48, 49: one behind others is taken back; those around it keep their order */
static void keyed_cancel_follower(struct kunit *test)
{
	unsigned int place = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpt_gate *gate = wpt_gate(test);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	struct wpool_keyed_task *ktasks = keyed(test, jobs, 5);
	struct wpt_thread *waiter;
	unsigned int i, turn = 0;

	clocked(test, jobs, 5);
	jobs[0].gate = gate;
	schedule_all(test, pool, ktasks, 5, 1);
	wpt_begun(test, &jobs[0]);
	waiter = wpt_thread(test, call_wait_keyed, pool, NULL, &ktasks[place]);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	WPT_EXPECT_STAT(test, pool, QUEUED, 4);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&ktasks[place].task));
	KUNIT_EXPECT_FALSE(test, wpool_cancel(&ktasks[place].task));
	WPT_EXPECT_STAT(test, pool, QUEUED, 3);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	wpt_open(gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, jobs[i].turn, i == place ? 0 : ++turn);
}

/* 47: the first one, before it began: the next takes its place */
static void keyed_cancel_head(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *hold = wpt_hold(test, pool, 2);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	struct wpool_keyed_task *ktasks = keyed(test, jobs, 4);
	unsigned int i;

	clocked(test, jobs, 4);
	schedule_all(test, pool, ktasks, 4, 1);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_TRUE(test, wpool_cancel(&ktasks[i].task));
	WPT_EXPECT_STAT(test, pool, QUEUED, 2);
	wpt_open(hold->gate);
	for (i = 2; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, wpt_result(test, &ktasks[i].task), 0);
		KUNIT_EXPECT_EQ(test, jobs[i].turn, i - 1);
	}
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs) + atomic_read(&jobs[1].runs), 0);
}

/* All of a key are taken back: the key can be used again */
static void keyed_cancel_all(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct wpool_keyed_task *ktasks = keyed(test, jobs, 3);
	unsigned int i;

	schedule_all(test, pool, ktasks, 3, 1);
	for (i = 3; i--; )
		KUNIT_EXPECT_TRUE(test, wpool_cancel(&ktasks[i].task));
	schedule_all(test, pool, ktasks, 3, 1);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, wpool_cancel(&ktasks[i].task));
	schedule_all(test, pool, ktasks, 3, 1);
	wpt_open(hold->gate);
	wpt_destroy(test, pool);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
}

/* Waits for one of several keyed tasks that it has submitted. */
struct nest {
	struct wpool_keyed_task	ktask;		/* itself */
	struct wpool		*pool;
	struct wpool_keyed_task	*inner;
	unsigned int		n;
	u64			key;
	struct wpt_gate		*gate, *other;
	struct task_struct	*worker;	/* that is inside it */
};

static int wait_for_last(void *arg)
{
	struct nest *nest = arg;
	unsigned int i;
	int err = 0;

	WRITE_ONCE(nest->worker, current);
	for (i = 0; i < nest->n && !err; i++)
		err = wpool_schedule_keyed(nest->pool, &nest->inner[i], nest->key);
	return err ?: wpool_wait(&nest->inner[nest->n - 1].task);
}

static struct nest *nest(struct kunit *test, struct wpool *pool, struct wpt_job *jobs,
			 unsigned int n)
{
	struct nest *nest = wpt_alloc(test, sizeof(*nest));

	nest->pool = pool;
	nest->inner = keyed(test, jobs, n);
	nest->n = n;
	nest->key = 1;
	wpool_keyed_task_init(&nest->ktask, wait_for_last, nest);
	return nest;
}

/* 16: a worker, the only one, waits for a follower: it runs those before it first */
static void keyed_wait_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct nest *outer = nest(test, pool, jobs, 3);
	unsigned int i;

	clocked(test, jobs, 3);
	jobs[2].result = 8;
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &outer->ktask, 2), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->ktask.task), 8);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, jobs[i].turn, i + 1);
	WPT_EXPECT_STAT(test, pool, NESTED, 3);
}

/* 16: the one before it runs elsewhere: it sleeps, and is not forgotten */
static void keyed_wait_inside_busy(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *head = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct nest *outer = nest(test, pool, jobs, 2);
	struct wpool_keyed_task *first = keyed(test, head, 1);

	jobs[1].result = 8;
	schedule_all(test, pool, first, 1, 1);
	wpt_begun(test, head);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &outer->ktask, 2), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, 2);
	WPT_ASSERT_STAT(test, pool, RUNNING, 2);
	wpt_open(head->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->ktask.task), 8);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 1);
	WPT_EXPECT_STAT(test, pool, LARGEST, 2);
}

/* The worker that is inside it sleeps: it waits for the last of its tasks. */
static bool sleeps(const struct nest *nest)
{
	struct task_struct *worker = READ_ONCE(nest->worker);

	return worker && READ_ONCE(worker->__state) & TASK_UNINTERRUPTIBLE;
}

/* One worker inside the head of a key, another asleep in wait for the @n-th behind it. */
static struct nest *asleep_behind(struct kunit *test, struct wpool *pool,
				  struct wpt_job *head, unsigned int n)
{
	struct nest *outer = nest(test, pool, wpt_jobs(test, n, NULL), n);

	schedule_all(test, pool, keyed(test, head, 1), 1, 1);
	wpt_begun(test, head);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &outer->ktask, 2), 0);
	WPT_ASSERT_STAT(test, pool, QUEUED, n);
	WPT_ASSERT_UNTIL(test, sleeps(outer));
	return outer;
}

static const unsigned int behind_cases[] = { 1, 2, 5 };

static void behind_name(const unsigned int *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u behind", *n);
}

KUNIT_ARRAY_PARAM(behind, behind_cases, behind_name);

/* 16: while the pool is paused only a waiter may run them */
static void keyed_wait_inside_paused(struct kunit *test)
{
	unsigned int n = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *head = wpt_jobs(test, 1, wpt_gate(test));
	struct nest *outer = asleep_behind(test, pool, head, n);

	wpool_pause(pool);
	wpt_open(head->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->ktask.task), 0);
	WPT_EXPECT_STAT(test, pool, NESTED, n);
}

static int wait_for_outer(void *arg)
{
	struct nest *outer = arg;

	return wpool_wait(&outer->ktask.task);
}

/* 16: all others wait for the one that waits: no circle, it runs the task itself */
static void keyed_wait_inside_all(struct kunit *test)
{
	unsigned int n = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *head = wpt_jobs(test, 1, wpt_gate(test));
	struct nest *outer = asleep_behind(test, pool, head, n);
	struct wpt_job *other = wpt_jobs(test, 1, NULL);

	wpool_task_init(&other->task, wait_for_outer, outer);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &other->task), 0);
	wpt_open(head->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->ktask.task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, other), 0);
	WPT_EXPECT_STAT(test, pool, NESTED, n);
}

static int let_the_other_idle(void *arg)
{
	struct nest *nest = arg;

	wpt_open(nest->other);
	return wpt_until(wpt_stat(nest->pool, WPOOL_STAT_IDLE) == 1) ? 0 : -ETIMEDOUT;
}

static int wait_for_first_and_stay(void *arg)
{
	struct nest *nest = arg;
	unsigned int i;
	int err = 0;

	for (i = 0; i < nest->n && !err; i++)
		err = wpool_schedule_keyed(nest->pool, &nest->inner[i], nest->key);
	err = err ?: wpool_wait(&nest->inner[0].task);
	wait_for_completion(&nest->gate->opened);
	return err;
}

/* 10: the head ends inside another task: the next does not wait for that one's end */
static void keyed_head_inside(struct kunit *test)
{
	/* Else an idle worker that leaves after a while makes up for a lost wake-up. */
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .flags = WPOOL_KEEP_IDLE });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct nest *outer = nest(test, pool, jobs, 2);

	outer->gate = wpt_gate(test);
	outer->other = hold->gate;
	wpool_keyed_task_init(&outer->ktask, wait_for_first_and_stay, outer);
	wpool_keyed_task_init(&outer->inner[0], let_the_other_idle, outer);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &outer->ktask, 2), 0);
	wpt_begun(test, &jobs[1]);
	wpt_open(outer->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->ktask.task), 0);
}

/* A task that waits for one behind itself is refused, and that one is taken back. */
static void keyed_wait_for_own(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *jobs = wpt_jobs(test, 1, NULL);
	struct nest *outer = nest(test, pool, jobs, 1);

	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &outer->ktask, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->ktask.task), -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->inner->task), -ECANCELED);
}

static struct kunit_case keyed_cases[] = {
	KUNIT_CASE_PARAM(keyed_one_at_a_time, key_gen_params),
	KUNIT_CASE(keyed_many_keys),
	KUNIT_CASE(keyed_in_parallel),
	KUNIT_CASE(keyed_stalled),
	KUNIT_CASE_PARAM(keyed_cancel_follower, place_gen_params),
	KUNIT_CASE(keyed_cancel_head),
	KUNIT_CASE(keyed_cancel_all),
	KUNIT_CASE(keyed_wait_inside),
	KUNIT_CASE(keyed_wait_inside_busy),
	KUNIT_CASE_PARAM(keyed_wait_inside_paused, behind_gen_params),
	KUNIT_CASE_PARAM(keyed_wait_inside_all, behind_gen_params),
	KUNIT_CASE(keyed_head_inside),
	KUNIT_CASE(keyed_wait_for_own),
	{}
};

static struct kunit_suite keyed_suite = {
	.name = "wpool_keyed",
	.init = keyed_init,
	.exit = wpt_exit,
	.test_cases = keyed_cases,
};

kunit_test_suite(keyed_suite);
