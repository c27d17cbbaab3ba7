// SPDX-License-Identifier: GPL-2.0
/*
 * 83: how long a pool's lock is held, whoever waits and however many. In steps, as in
 * hold_kunit.c.
 */
#include <linux/cpumask.h>
#include <linux/math.h>
#include "hold_scene.h"

static int hold_waits_init(struct kunit *test)
{
	return wpt_init(test, "wpool_hold_waits");
}

static int call_wait(struct member *self)
{
	return wpool_wait(self->crowd->what);
}

/* 16, 83: any number of workers waits for one task */
static void hold_waits_workers(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct crowd *all = hold_crowd(test, 1, call_wait, &job->task);

	job->result = 5;
	KUNIT_ASSERT_EQ(test, wpool_schedule(all->pool, &job->task), 0);
	wpt_begun(test, job);
	hold_go_to_sleep(test, all);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, 5), 0);
	hold_expect_bounded(test, all->pool);
}

static int call_group_wait(struct member *self)
{
	return wpool_group_wait(self->crowd->what);
}

/* 52, 83: or for one group, and looks again when it grows */
static void hold_waits_group_workers(struct kunit *test)
{
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 2, wpt_gate(test));
	struct crowd *all = hold_crowd(test, 1, call_group_wait, group);

	jobs[1].gate = NULL;
	wpt_group_schedule(test, group, all->pool, &jobs[0], 1);
	wpt_begun(test, &jobs[0]);
	hold_go_to_sleep(test, all);
	wpt_group_schedule(test, group, all->pool, &jobs[1], 1);
	wpt_wait(test, &jobs[1]);	/* by one of them */
	WPT_ASSERT_UNTIL(test, hold_nr_asleep(all) == CROWD);
	wpt_open(jobs[0].gate);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, 0), 0);
	hold_expect_bounded(test, all->pool);
}

static int call_wait_for_own(struct member *self)
{
	struct wpool_keyed_task *keyed = self->crowd->what;

	return wpool_wait(&keyed[self->nr + 1].task);
}

/* 16, 83: or each for another task of one key */
static void hold_waits_for_key(struct kunit *test)
{
	struct wpool_keyed_task *keyed = wpt_alloc(test, (CROWD + 1) * sizeof(*keyed));
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct crowd *all = hold_crowd(test, 1, call_wait_for_own, keyed);
	unsigned int i, wrong = 0;

	for (i = 0; i <= CROWD; i++) {
		wpool_keyed_task_init(&keyed[i], wpt_run_job, job);
		wrong += wpool_schedule_keyed(all->pool, &keyed[i], 7) != 0;
	}
	KUNIT_ASSERT_EQ(test, wrong, 0);
	wpt_begun(test, job);
	hold_go_to_sleep(test, all);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, 0), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), CROWD + 1);
	hold_expect_bounded(test, all->pool);
}

/* 6, 83: any number of threads waits for one task */
static void hold_waits_threads(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_hold(test, pool, 1);
	struct wpt_thread **all = hold_threads(test, wpt_call_wait, pool, job, NULL);

	job->result = 9;
	wpt_open(job->gate);
	hold_expect_joined(test, all, 9);
	hold_expect_bounded(test, pool);
}

/* Waits that are given up and begun again. */
struct tries {
	atomic_t	gave_up;
	bool		all_at_once;
};

/*
 * In jiffies: some of the threads give up in each; at last all do. If they did so all the time,
 * one slow CPU would do nothing else; and so would two that carry many virtual ones, as a lock
 * goes from one of these to the next in order, whether that has its turn or not.
 */
#define A_WHILE		(max(WPT_SECONDS / 30, 1) * CROWD / 8 * \
			 DIV_ROUND_UP(num_online_cpus(), 4))

static int call_wait_a_while(struct wpt_thread *self)
{
	struct tries *tries = self->arg;
	int result = 0, ret;

	while ((ret = wpool_wait_timeout(&self->job->task,
					 READ_ONCE(tries->all_at_once) ? 1 : A_WHILE,
					 &result)) == -ETIMEDOUT)
		atomic_inc(&tries->gave_up);
	return ret ?: result;
}

/* Waits as long as some do; see WPT_ASSERT_WHILE_BUSY() for how long that may take. */
static bool have_given_up(struct tries *tries, int n)
{
	int before;

	do {
		before = atomic_read(&tries->gave_up);
		if (wpt_until(atomic_read(&tries->gave_up) > n))
			return true;
	} while (atomic_read(&tries->gave_up) != before);
	return false;
}

/* 20, 83: also if they give up and come again all the time; in a group, too */
static void hold_waits_give_up(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_group *group = wpt_group(test, false);
	struct tries *tries = wpt_alloc(test, sizeof(*tries));
	struct wpt_thread **all;

	job->result = 3;
	wpt_group_schedule(test, group, pool, job, 1);
	wpt_begun(test, job);
	all = hold_threads(test, call_wait_a_while, pool, job, tries);
	KUNIT_ASSERT_TRUE(test, have_given_up(tries, CROWD));
	WRITE_ONCE(tries->all_at_once, true);
	KUNIT_ASSERT_TRUE(test, have_given_up(tries, 3 * CROWD));
	wpt_open(job->gate);
	hold_expect_joined(test, all, 3);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	hold_expect_bounded(test, pool);
}

/* 52, 83: or for one group */
static void hold_waits_group(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_thread **all;

	job->result = -EIO;
	wpt_group_schedule(test, group, pool, job, 1);
	wpt_begun(test, job);
	all = hold_threads(test, wpt_call_group_wait, pool, NULL, group);
	wpt_open(job->gate);
	hold_expect_joined(test, all, -EIO);
	hold_expect_bounded(test, pool);
}

static int call_await(struct wpt_thread *self)
{
	return wpool_await_termination(self->pool,
				       self->arg ? 10 * WPT_LIMIT : MAX_SCHEDULE_TIMEOUT);
}

/* 55, 83: or for the end of a pool, which may be restarted then */
static void hold_waits_end(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_thread **all;
	unsigned int round;

	wpt_open(wpt_hold(test, pool, 1)->gate);
	for (round = 0; round < 2; round++) {
		all = hold_threads(test, call_await, pool, NULL, round ? pool : NULL);
		wpool_shutdown(pool);
		hold_expect_joined(test, all, 0);
		KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 0), 0);
		KUNIT_EXPECT_EQ(test, wpool_restart(pool), 0);
		KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, 0), -ETIMEDOUT);
	}
	hold_expect_bounded(test, pool);
}

static int call_schedule_the_same(struct wpt_thread *self)
{
	int ret = wpool_schedule(self->pool, &self->job->task);

	return ret == -EBUSY ? 0 : ret;
}

/* 18, 83: any number that blocks with one task: one is let in, and the others learn why not */
static void hold_waits_the_same(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *last = wpt_jobs(test, 1, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread **all = hold_threads(test, call_schedule_the_same, pool, job, NULL);
	struct wpt_thread *behind = wpt_thread(test, wpt_call_schedule, pool, last, NULL);

	WPT_ASSERT_STAT(test, pool, BLOCKED, CROWD + 1);
	wpt_open(hold->gate);
	wpt_begun(test, job);
	wpt_open(job->gate);
	hold_expect_joined(test, all, 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, behind), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, last), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&job->runs), 0);
	hold_expect_bounded(test, pool);
}

/* A task with a key, perhaps in a group, is accepted. */
static struct wpool_task *accept_keyed(struct kunit *test, struct wpool *pool,
				       struct wpool_group *group, u64 key, struct wpt_job *job)
{
	struct wpool_keyed_task *keyed = wpt_alloc(test, sizeof(*keyed));

	wpool_keyed_task_init(keyed, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, group ? wpool_group_schedule_keyed(group, pool, keyed, key) :
				      wpool_schedule_keyed(pool, keyed, key), 0);
	return &keyed->task;
}

static struct wpool_group *new_groups(struct kunit *test, unsigned int n)
{
	struct wpool_group *groups = wpt_alloc(test, n * sizeof(*groups));

	while (n--)
		wpool_group_init(&groups[n], 0);
	return groups;
}

static int call_wait_task(struct wpt_thread *self)
{
	return wpool_wait(self->arg);
}

static struct wpt_thread *await_task(struct kunit *test, struct wpool_task *task)
{
	struct wpt_thread *thread = wpt_thread(test, call_wait_task, NULL, NULL, task);

	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	return thread;
}

static int call_wait_own_group(struct member *self)
{
	struct wpool_group *groups = self->crowd->what;

	return wpool_group_wait(&groups[self->nr]);
}

#define HEADS	32

/*
 * 83: the first tasks of many keys are taken back, each with waiters, and before one that a thread
 * waits for, and a worker, as a group; and many submitters sleep for the room.
 */
static void hold_waits_heads(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2 * HEADS,
	});
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = HEADS, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, HEADS + 1, NULL);
	struct wpool_group *group = wpt_group(test, false), *groups = new_groups(test, HEADS);
	struct wpt_thread **on_heads = wpt_alloc(test, 2 * HEADS * sizeof(*on_heads));
	struct wpt_thread **on_behind = wpt_alloc(test, HEADS * sizeof(*on_behind));
	struct wpt_thread **blocked = wpt_alloc(test, HEADS * sizeof(*blocked));
	struct wpool_task *heads[HEADS], *behind[HEADS];
	struct crowd *crowd;
	unsigned int i;

	for (i = 0; i < HEADS; i++) {
		heads[i] = accept_keyed(test, pool, group, i, &jobs[HEADS]);
		behind[i] = accept_keyed(test, pool, &groups[i], i, &jobs[HEADS]);
	}
	crowd = hold_crowd_in(test, other, HEADS, call_wait_own_group, groups);
	hold_go_to_sleep(test, crowd);
	for (i = 0; i < HEADS; i++) {
		on_heads[i] = await_task(test, heads[0]);
		on_heads[HEADS + i] = await_task(test, heads[i]);
		on_behind[i] = await_task(test, behind[i]);
		blocked[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
	}
	WPT_ASSERT_STAT(test, pool, BLOCKED, HEADS);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), HEADS);
	hold_expect_bounded(test, pool);
	wpt_open(hold->gate);
	for (i = 0; i < 2 * HEADS; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, on_heads[i]), -ECANCELED);
	for (i = 0; i < HEADS; i++) {
		KUNIT_EXPECT_EQ(test, wpt_join(test, on_behind[i]), 0);
		KUNIT_EXPECT_EQ(test, wpt_join(test, blocked[i]), 0);
	}
	hold_expect_got(test, crowd, 0);
}

#define KEYS	33
#define BEHIND	10

/* What hold_waits_shutdown() has in the pool, and who waits for it. */
struct behind {
	struct wpt_job		*running, *next, *last;
	struct wpool_group	*group, *own;	/* of the last of all keys; of each key's next */
	/* on_last: for the first of those of its key */
	struct wpt_thread	*on_next[2 * KEYS], *on_last[KEYS], *on_own[KEYS];
	struct crowd		*crowd;
};

/* A task of each key runs, one comes next, and behind it are some of one group. */
static struct behind *behind_set_up(struct kunit *test, struct wpool *pool)
{
	struct behind *behind = wpt_alloc(test, sizeof(*behind));
	struct wpool_task *next[KEYS], *last[KEYS];
	unsigned int i, n;

	behind->running = wpt_jobs(test, 1, wpt_gate(test));
	behind->next = wpt_jobs(test, 1, wpt_gate(test));
	behind->last = wpt_jobs(test, 1, NULL);
	behind->group = wpt_group(test, false);
	behind->own = new_groups(test, KEYS);
	for (i = 0; i < KEYS; i++)
		accept_keyed(test, pool, NULL, i, behind->running);
	WPT_ASSERT_STAT(test, pool, RUNNING, KEYS);
	for (i = 0; i < KEYS; i++) {
		next[i] = accept_keyed(test, pool, &behind->own[i], i, behind->next);
		last[i] = accept_keyed(test, pool, behind->group, i, behind->last);
		for (n = 1; n < BEHIND; n++)
			accept_keyed(test, pool, behind->group, i, behind->last);
	}
	behind->crowd = hold_crowd_in(test, pool, 1, call_group_wait, behind->group);
	hold_go_to_sleep(test, behind->crowd);
	for (i = 0; i < KEYS; i++) {
		behind->on_next[i] = await_task(test, next[i]);
		behind->on_next[KEYS + i] = await_task(test, next[1]);
		behind->on_last[i] = await_task(test, last[i]);
		behind->on_own[i] = wpt_thread(test, wpt_call_group_wait, pool, NULL,
					       &behind->own[i]);
		WPT_ASSERT_UNTIL(test, wpt_asleep(behind->on_own[i]));
	}
	return behind;
}

/* 83: the same when the pool is shut down, with a worker that waits for what is behind all keys */
static void hold_waits_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = KEYS + 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
	struct behind *behind = behind_set_up(test, pool);
	unsigned int i;

	/* So that what comes next stays queued, but for one that the waiting worker runs. */
	wpool_pause(pool);
	wpt_open(behind->running->gate);
	wpt_begun(test, behind->next);
	WPT_ASSERT_STAT(test, pool, RUNNING, 1);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, NULL), KEYS - 1 + KEYS * BEHIND);
	hold_expect_bounded(test, pool);
	wpt_open(behind->next->gate);
	for (i = 0; i < KEYS; i++) {
		wpt_join(test, behind->on_next[i]);
		wpt_join(test, behind->on_next[KEYS + i]);
		wpt_join(test, behind->on_own[i]);
		KUNIT_EXPECT_EQ(test, wpt_join(test, behind->on_last[i]), -ECANCELED);
	}
	hold_expect_got(test, behind->crowd, -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
}

static struct kunit_case hold_waits_cases[] = {
	KUNIT_CASE(hold_waits_workers),
	KUNIT_CASE(hold_waits_group_workers),
	KUNIT_CASE(hold_waits_for_key),
	KUNIT_CASE(hold_waits_threads),
	KUNIT_CASE(hold_waits_give_up),
	KUNIT_CASE(hold_waits_group),
	KUNIT_CASE(hold_waits_end),
	KUNIT_CASE(hold_waits_the_same),
	KUNIT_CASE(hold_waits_heads),
	KUNIT_CASE(hold_waits_shutdown),
	{}
};

static struct kunit_suite hold_waits_suite = {
	.name = "wpool_hold_waits",
	.init = hold_waits_init,
	.exit = wpt_exit,
	.test_cases = hold_waits_cases,
};

kunit_test_suite(hold_waits_suite);
