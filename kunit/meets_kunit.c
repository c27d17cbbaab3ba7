// SPDX-License-Identifier: GPL-2.0
/*
 * Where two parts meet: a wait for a group and a task in another pool, a key, a hook, a task
 * that comes late; a death, or a worker that leaves, and a hook that takes its time.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include "halt.h"
#include "wpool_kunit.h"

static int meets_init(struct kunit *test)
{
	return wpt_init(test, "wpool_meets");
}

/* A task that calls when its gate is opened. */
struct actor {
	struct wpool_task	task;
	struct wpool		*pool;
	int			(*call)(struct actor *self);
	struct wpool_group	*group;
	struct wpt_job		*job;
	struct wpt_gate		*gate;
	struct completion	begun;
	struct task_struct	*worker;	/* once it is about to call; no reference */
	int			got;
};

static int act(void *arg)
{
	struct actor *self = arg;

	complete(&self->begun);
	wait_for_completion(&self->gate->opened);
	WRITE_ONCE(self->worker, current);
	self->got = self->call(self);
	return 0;
}

static int call_group_wait(struct actor *self)
{
	return wpool_group_wait(self->group);
}

static int call_schedule(struct actor *self)
{
	return wpool_schedule(self->pool, &self->job->task);
}

static struct actor *new_actor(struct kunit *test, struct wpool *pool,
			       int (*call)(struct actor *), struct wpool_group *group)
{
	struct actor *actor = wpt_alloc(test, sizeof(*actor));

	actor->pool = pool;
	actor->call = call;
	actor->group = group;
	actor->job = wpt_jobs(test, 1, NULL);
	actor->gate = wpt_gate(test);
	actor->got = -ENODATA;
	init_completion(&actor->begun);
	wpool_task_init(&actor->task, act, actor);
	return actor;
}

/* Has it call, and waits until that sleeps. */
static void go_to_sleep(struct kunit *test, struct actor *actor)
{
	wpt_open(actor->gate);
	WPT_ASSERT_UNTIL(test, READ_ONCE(actor->worker) &&
			       READ_ONCE(actor->worker->__state) & TASK_UNINTERRUPTIBLE);
}

/*
 * 81: a task of the group comes in another pool while a worker waits: that one is not asleep
 * for good from then on, so the last of the others may wait for room
 */
static void meets_elsewhere(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF, .flags = WPOOL_KEEP_IDLE,
	});
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *elsewhere = wpt_jobs(test, 1, wpt_gate(test));
	struct actor *waits = new_actor(test, pool, call_group_wait, group);
	struct actor *blocks = new_actor(test, pool, call_schedule, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &waits->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &blocks->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&blocks->begun, WPT_LIMIT), 0);
	go_to_sleep(test, waits);
	wpt_group_schedule(test, group, other, elsewhere, 1);
	wpt_open(blocks->gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	/* but when that has ended they wait for one another */
	wpt_open(elsewhere->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &blocks->task), 0);
	KUNIT_EXPECT_EQ(test, blocks->got, -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &waits->task), 0);
	KUNIT_EXPECT_EQ(test, waits->got, 0);
}

/* 16: a deferred task comes to the queue: its waiter may be the only one to run it */
static void meets_key(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *head = wpt_jobs(test, 1, wpt_gate(test)), *next = wpt_jobs(test, 1, NULL);
	struct wpool_keyed_task *ktasks = wpt_alloc(test, 2 * sizeof(*ktasks));
	struct actor *waits = new_actor(test, pool, call_group_wait, group);

	wpool_keyed_task_init(&ktasks[0], wpt_run_job, head);
	wpool_keyed_task_init(&ktasks[1], wpt_run_job, next);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &ktasks[0], 0), 0);
	wpt_begun(test, head);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_keyed(group, pool, &ktasks[1], 0), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &waits->task), 0);
	go_to_sleep(test, waits);
	wpool_pause(pool);
	wpt_open(head->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &waits->task), 0);
	KUNIT_EXPECT_EQ(test, waits->got, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&next->runs), 1);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
}

/* A task of a group that has itself run once more. */
struct again {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpool_group	*group;
	struct wpt_gate		*gate;
	atomic_t		runs;
};

static int run_again(void *arg)
{
	struct again *again = arg;

	if (atomic_inc_return(&again->runs) > 1)
		return 0;
	wait_for_completion(&again->gate->opened);
	return wpool_group_schedule(again->group, again->pool, &again->task);
}

/* 12, 16: its second run comes to the queue when the first has ended: the same */
static void meets_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct again *again = wpt_alloc(test, sizeof(*again));
	struct wpool_group *group = wpt_group(test, false);
	struct actor *waits = new_actor(test, pool, call_group_wait, group);

	again->pool = pool;
	again->group = group;
	again->gate = wpt_gate(test);
	wpool_task_init(&again->task, run_again, again);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &again->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &waits->task), 0);
	go_to_sleep(test, waits);
	wpool_pause(pool);
	wpt_open(again->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &waits->task), 0);
	KUNIT_EXPECT_EQ(test, waits->got, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&again->runs), 2);
	WPT_EXPECT_STAT(test, pool, NESTED, 1);
}

/* A hook that waits, in the second worker; the priv of a pool. */
struct start {
	struct wpool_group	*group;
	atomic_t		workers;
	struct completion	waiting, done;
	int			got;
};

static void wait_at_start(struct wpool *pool)
{
	struct start *start = wpool_priv(pool);

	if (atomic_inc_return(&start->workers) != 2)
		return;
	complete(&start->waiting);
	start->got = wpool_group_wait(start->group);
	complete(&start->done);
}

/* 76, 81: a hook waits for a group of its own pool: it is in no task, and counts for none */
static void meets_hook(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_start = wait_at_start };
	struct start *start = wpt_alloc(test, sizeof(*start));
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test)), *blocked = wpt_jobs(test, 1, NULL);
	struct wpt_thread *submitter;
	struct wpool *pool;

	start->group = wpt_group(test, false);
	init_completion(&start->waiting);
	init_completion(&start->done);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF, .ops = &ops, .priv = start,
	});
	wpt_group_schedule(test, start->group, pool, job, 1);
	wpt_begun(test, job);
	wpt_prestart(test, pool, 1);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&start->waiting, WPT_LIMIT), 0);
	submitter = wpt_thread(test, wpt_call_schedule, pool, blocked, NULL);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), 0);
	wpt_open(job->gate);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&start->done, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, start->got, 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, blocked), 0);
}

/* So many that looking at all of them takes a while. */
#define MANY	80000

/* How often it is tried to come while a worker looks at them. */
#define ROUNDS	10

/*
 * A worker that waits for a group, and looks at all that is queued whenever the last of its
 * tasks elsewhere has ended. On the last CPU, as is the other pool.
 */
struct looker {
	struct wpool		*pool, *other;
	struct wpool_group	*group;
	struct actor		*waits;
};

static bool is_asleep(const struct looker *looker)
{
	return READ_ONCE(looker->waits->worker->__state) & TASK_UNINTERRUPTIBLE;
}

/* While it looks, and finds none, one of high priority comes. Return: was it met half-way? */
static bool come_as_it_looks(struct kunit *test, struct looker *looker, unsigned int us)
{
	struct wpt_job *elsewhere = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *high = wpt_jobs(test, 1, NULL);
	struct wpt_halt *halt;
	bool halfway;
	u64 began;

	wpool_task_set_priority(&high->task, WPOOL_PRIO_HIGH);
	wpt_group_schedule(test, looker->group, looker->other, elsewhere, 1);
	wpt_begun(test, elsewhere);
	WPT_ASSERT_UNTIL(test, is_asleep(looker));
	wpt_open(elsewhere->gate);
	wpt_spin_until(!is_asleep(looker));
	/* past those of high priority, of which there are none */
	began = ktime_get_mono_fast_ns();
	wpt_spin_until(ktime_get_mono_fast_ns() - began > us * NSEC_PER_USEC);
	halt = wpt_halt_other(test);
	halfway = !READ_ONCE(looker->waits->worker->__state);
	wpt_group_schedule(test, looker->group, looker->pool, high, 1);
	wpt_go_on(halt);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, high), 0);
	return halfway && !READ_ONCE(halt->early);
}

/*
 * 16: a worker that waits for a group has looked at those of high priority when such a one
 * comes: it looks again before it sleeps, as nobody else will run it
 */
static void meets_high(struct kunit *test)
{
	const struct cpumask *there = cpumask_of(cpumask_last(cpu_online_mask));
	struct looker *looker = wpt_alloc(test, sizeof(*looker));
	struct wpt_job *plain = wpt_jobs(test, MANY, NULL);
	unsigned int i, met = 0;
	struct wpt_job *keep;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	looker->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_UNBOUNDED, .cpumask = there,
	});
	looker->other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1, .cpumask = there });
	looker->group = wpt_group(test, false);
	looker->waits = new_actor(test, looker->pool, call_group_wait, looker->group);
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	KUNIT_ASSERT_EQ(test, wpool_schedule(looker->pool, &looker->waits->task), 0);
	/* the other worker is busy with one of the group, so this has not ended */
	keep = wpt_jobs(test, 1, wpt_gate(test));
	wpt_group_schedule(test, looker->group, looker->pool, keep, 1);
	wpt_begun(test, keep);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(looker->pool, plain, MANY), 0);
	go_to_sleep(test, looker->waits);
	for (i = 0; i < ROUNDS; i++)
		met += come_as_it_looks(test, looker, 50 << (i % 5));
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	WPT_EXPECT_STAT(test, looker->pool, NESTED, ROUNDS);
	wpt_open(keep->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &looker->waits->task), 0);
	KUNIT_EXPECT_EQ(test, looker->waits->got, 0);
	if (!met)
		kunit_skip(test, "the call was not met half-way");
}

/* A hook that kills a worker, and others that wait; the priv of a pool. */
struct slow_stop {
	struct wpt_gate	*gate;
	atomic_t	deaths;
};

static void die_at_start(struct wpool *pool)
{
	struct slow_stop *slow = wpool_priv(pool);

	if (atomic_dec_if_positive(&slow->deaths) >= 0)
		kthread_complete_and_exit(NULL, 0);
}

static void stop_slowly(struct wpool *pool)
{
	struct slow_stop *slow = wpool_priv(pool);

	wait_for_completion(&slow->gate->opened);
}

static const struct wpool_ops slow_ops = {
	.worker_start = die_at_start, .worker_stop = stop_slowly,
};

static struct wpool *slow_pool(struct kunit *test, struct wpool_attrs *attrs,
			       struct slow_stop **slow, int deaths)
{
	*slow = wpt_alloc(test, sizeof(**slow));
	(*slow)->gate = wpt_gate(test);
	atomic_set(&(*slow)->deaths, deaths);
	attrs->ops = &slow_ops;
	attrs->priv = *slow;
	return wpt_pool(test, attrs);
}

/* 64, 76: a worker that dies as it starts has its hook called: its task waits for no hook */
static void meets_stop_of_dead(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 2 };
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct slow_stop *slow;
	struct wpool *pool = slow_pool(test, &attrs, &slow, 1);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
	/* the dead one has not been seen off yet */
	WPT_EXPECT_STAT(test, pool, WORKERS, 2);
	wpt_open(slow->gate);
}

/* 28, 81, 76: the last that could go on leaves, with a slow hook: the others are refused before */
static void meets_stop_of_last(struct kunit *test)
{
	struct wpool_attrs attrs = {
		.capacity = 3, .queue_depth = 1, .flags = WPOOL_KEEP_IDLE,
	};
	struct wpt_job *waiting = wpt_jobs(test, 1, NULL);
	struct actor *actors[2];
	struct slow_stop *slow;
	struct wpool *pool = slow_pool(test, &attrs, &slow, 0);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		actors[i] = new_actor(test, pool, call_schedule, NULL);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &actors[i]->task), 0);
	}
	WPT_ASSERT_STAT(test, pool, RUNNING, 3);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &waiting->task), 0);
	for (i = 0; i < 2; i++)
		wpt_open(actors[i]->gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 2);
	KUNIT_ASSERT_EQ(test, wpool_resize(pool, 2), 0);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 2);
	wpt_open(hold->gate);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &actors[i]->task), 0);
	KUNIT_EXPECT_EQ(test, (actors[0]->got == -EDEADLK) + (actors[1]->got == -EDEADLK), 1);
	WPT_EXPECT_STAT(test, pool, REJECTED, 1);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, waiting), 0);
	wpt_open(slow->gate);
}

static struct kunit_case meets_cases[] = {
	KUNIT_CASE(meets_elsewhere),
	KUNIT_CASE(meets_key),
	KUNIT_CASE(meets_again),
	KUNIT_CASE(meets_hook),
	KUNIT_CASE(meets_high),
	KUNIT_CASE(meets_stop_of_dead),
	KUNIT_CASE(meets_stop_of_last),
	{}
};

static struct kunit_suite meets_suite = {
	.name = "wpool_meets",
	.init = meets_init,
	.exit = wpt_exit,
	.test_cases = meets_cases,
};

kunit_test_suite(meets_suite);
