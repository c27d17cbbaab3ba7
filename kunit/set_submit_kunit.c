// SPDX-License-Identifier: GPL-2.0
/*
 * What a set does as one pool would: a task stays where it is, and a flush or a drain is of all.
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include "set_scene.h"

#define POOLS	3

static int set_submit_init(struct kunit *test)
{
	return wpt_init(test, "wpool_set_submit");
}

/* A set whose pools take turns. */
static struct front *new_front(struct kunit *test, const struct wpool_attrs *attrs)
{
	return front(test, attrs, POOLS, WPOOL_RULE_ROUND_ROBIN);
}

static struct wpool *nth(struct front *front, unsigned int i)
{
	return wpool_set_nth(front->set, i);
}

/* How many tasks all pools have accepted. */
static u64 accepted(struct front *front)
{
	unsigned int i;
	u64 n = 0;

	for (i = 0; i < POOLS; i++)
		n += wpt_stat(nth(front, i), WPOOL_STAT_SUBMITTED);
	return n;
}

/* A task that tells where it ran, and how many threads were inside. */
struct guest {
	struct wpool_release_task ttask;
	struct wpool_task	*task;
	struct wpt_gate		*gate;
	struct wpool		*pools[2];	/* of its first runs */
	atomic_t		runs;
	atomic_t		inside;
	bool			met;		/* another run of itself */
	struct completion	begun;
};

static int guest_fn(void *arg)
{
	struct guest *guest = arg;
	unsigned int run = atomic_read(&guest->runs);

	if (atomic_inc_return(&guest->inside) > 1)
		WRITE_ONCE(guest->met, true);
	if (run < ARRAY_SIZE(guest->pools))
		guest->pools[run] = wpool_current();
	complete(&guest->begun);
	if (guest->gate)
		wait_for_completion(&guest->gate->opened);
	atomic_dec(&guest->inside);
	atomic_inc(&guest->runs);
	return 0;
}

static struct guest *new_guest(struct kunit *test, struct wpt_gate *gate, bool self_freeing)
{
	struct guest *guest = wpt_alloc(test, sizeof(*guest));

	guest->gate = gate;
	guest->task = &guest->ttask.task;
	init_completion(&guest->begun);
	wpool_release_task_init(&guest->ttask, guest_fn, guest);
	if (self_freeing)
		wpool_task_set_detached(&guest->ttask.task);
	return guest;
}

static const bool kind_cases[] = { false, true };

static void kind_name(const bool *self_freeing, char *desc)
{
	strscpy(desc, *self_freeing ? "frees itself" : "ordinary", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kind, kind_cases, kind_name);

static bool kind_of(struct kunit *test)
{
	return *(const bool *)test->param_value;
}

static void drain(struct kunit *test, struct front *front)
{
	unsigned int i;

	for (i = 0; i < POOLS; i++)
		wpt_call(test, wpt_call_drain, nth(front, i), NULL);
}

/* 184: a task that runs is submitted to the pool that runs it: there it runs once more, after */
static void set_submit_stays_running(struct kunit *test)
{
	struct front *front = new_front(test, NULL);
	struct guest *guest = new_guest(test, wpt_gate(test), kind_of(test));

	KUNIT_ASSERT_EQ(test, wpool_set_try_schedule(front->set, guest->task, 0), 0);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&guest->begun, WPT_LIMIT));
	KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(front->set, guest->task, 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(front->set, guest->task, 0), -EBUSY);
	wpt_open(guest->gate);
	drain(test, front);
	KUNIT_EXPECT_EQ(test, atomic_read(&guest->runs), 2);
	KUNIT_EXPECT_PTR_EQ(test, guest->pools[1], guest->pools[0]);
	KUNIT_EXPECT_FALSE(test, guest->met);
}

/* 184: one that waits stays where it waits */
static void set_submit_stays_queued(struct kunit *test)
{
	struct front *front = new_front(test, &(struct wpool_attrs) { .capacity = 1 });
	struct guest *guest = new_guest(test, NULL, kind_of(test));
	unsigned int i;

	for (i = 0; i < POOLS; i++)
		wpool_pause(nth(front, i));
	KUNIT_ASSERT_EQ(test, wpool_set_try_schedule(front->set, guest->task, 0), 0);
	for (i = 0; i < POOLS; i++)
		KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(front->set, guest->task, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, accepted(front), 1);
	for (i = 0; i < POOLS; i++)
		wpool_resume(nth(front, i));
	drain(test, front);
	KUNIT_EXPECT_EQ(test, atomic_read(&guest->runs), 1);
}

/* 184: when it has ended the rule picks its next pool */
static void set_submit_moves_on(struct kunit *test)
{
	struct front *front = new_front(test, NULL);
	struct guest *guest = new_guest(test, NULL, kind_of(test));
	unsigned int i;

	for (i = 0; i < 2; i++) {
		KUNIT_ASSERT_EQ(test, wpool_set_try_schedule(front->set, guest->task, 0), 0);
		drain(test, front);
	}
	KUNIT_ASSERT_EQ(test, atomic_read(&guest->runs), 2);
	KUNIT_EXPECT_PTR_NE(test, guest->pools[1], guest->pools[0]);
}

/* 184: another pool that has it is none of the set: it is refused, and not submitted there */
static void set_submit_had_elsewhere(struct kunit *test)
{
	struct wpool *alone = wpt_pool(test, NULL);
	struct front *front = new_front(test, NULL);
	struct guest *guest = new_guest(test, wpt_gate(test), false);

	KUNIT_ASSERT_EQ(test, wpool_schedule(alone, guest->task), 0);
	KUNIT_ASSERT_TRUE(test, wait_for_completion_timeout(&guest->begun, WPT_LIMIT));
	KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(front->set, guest->task, 0), -EBUSY);
	wpt_open(guest->gate);
	wpt_call(test, wpt_call_drain, alone, NULL);
	KUNIT_EXPECT_EQ(test, atomic_read(&guest->runs), 1);
	WPT_EXPECT_STAT(test, alone, SUBMITTED, 1);
}

/* The pool in which the task was is freed: the set does not look at it. */
static void expect_runs_here(struct kunit *test, struct guest *guest)
{
	struct front *front = new_front(test, NULL);

	KUNIT_ASSERT_EQ(test, atomic_read(&guest->runs), 1);
	rcu_barrier();	/* it is */
	KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(front->set, guest->task, 0), 0);
	drain(test, front);
	KUNIT_EXPECT_EQ(test, atomic_read(&guest->runs), 2);
	KUNIT_EXPECT_EQ(test, accepted(front), 1);
}

/* 184: its last pool may be one alone that is gone; KASAN sees if that is touched */
static void set_submit_after_pool(struct kunit *test)
{
	struct guest *guest = new_guest(test, NULL, kind_of(test));
	struct wpool *alone = wpt_pool(test, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(alone, guest->task), 0);
	wpt_destroy(test, alone);
	expect_runs_here(test, guest);
}

/* 184: or one of another set */
static void set_submit_after_set(struct kunit *test)
{
	struct guest *guest = new_guest(test, NULL, kind_of(test));
	struct front *other = new_front(test, NULL);

	KUNIT_ASSERT_EQ(test, wpool_set_try_schedule(other->set, guest->task, 0), 0);
	front_destroy(test, other);
	expect_runs_here(test, guest);
}

#define SUBMITTERS	2
#define ROUNDS		2000
#define ROUNDS_LIMIT	(WPT_LIMIT / 10)	/* a machine that others use has fewer rounds */

/* Threads that submit one task at the same moment, round by round. */
struct race {
	struct front	*front;
	struct guest	*guest;
	unsigned long	end;
	bool		over;		/* one has seen that, in a round of both */
	atomic_t	ready;		/* threads, in all rounds */
	atomic_t	done;
	atomic_t	taken;
};

/* Spins, so that all go on at once. Return: false if the others do not come. */
static bool meet(atomic_t *here, int round)
{
	unsigned long end = jiffies + WPT_LIMIT;

	atomic_inc_return(here);	/* with what was stored before */
	while (atomic_read_acquire(here) < SUBMITTERS * (round + 1)) {
		if (time_after(jiffies, end))
			return false;
		cond_resched();
	}
	return true;
}

static int submit_at_once(struct wpt_thread *self)
{
	struct race *race = self->arg;
	int round, ret;

	for (round = 0; round < ROUNDS && !READ_ONCE(race->over); round++) {
		if (!meet(&race->ready, round))
			return -ETIMEDOUT;
		ret = wpool_set_try_schedule(race->front->set, race->guest->task, 0);
		if (!ret)
			atomic_inc(&race->taken);
		else if (ret != -EBUSY)
			return ret;
		if (time_after(jiffies, race->end))
			WRITE_ONCE(race->over, true);
		if (!meet(&race->done, round))
			return -ETIMEDOUT;
		if (!wpt_until(atomic_read(&race->guest->runs) == atomic_read(&race->taken)))
			return -ETIMEDOUT;
	}
	return 0;
}

/* 184: several threads may submit one task: it never runs beside itself, and no run is lost */
static void set_submit_race(struct kunit *test)
{
	struct race *race = wpt_alloc(test, sizeof(*race));
	struct wpt_thread *threads[SUBMITTERS];
	unsigned int i;

	if (num_online_cpus() < SUBMITTERS)
		kunit_skip(test, "needs two CPUs");
	race->front = new_front(test, NULL);
	race->guest = new_guest(test, NULL, kind_of(test));
	race->end = jiffies + ROUNDS_LIMIT;
	for (i = 0; i < SUBMITTERS; i++)
		threads[i] = wpt_thread(test, submit_at_once, NULL, NULL, race);
	for (i = 0; i < SUBMITTERS; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	drain(test, race->front);
	KUNIT_EXPECT_FALSE(test, race->guest->met);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->guest->runs), atomic_read(&race->taken));
	KUNIT_EXPECT_EQ(test, accepted(race->front), atomic_read(&race->taken));
}

/* 17: it never sleeps: a full pool refuses it */
static void set_submit_full(struct kunit *test)
{
	struct front *front = new_front(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
	});
	struct wpt_job *jobs = wpt_jobs(test, POOLS + 1, NULL), *hold[POOLS];
	unsigned int i;

	for (i = 0; i < POOLS; i++)
		hold[i] = wpt_hold(test, nth(front, i), 1);
	for (i = 0; i < POOLS; i++)
		KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(front->set, &jobs[i].task, 0), 0);
	KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(front->set, &jobs[i].task, 0), -EAGAIN);
	for (i = 0; i < POOLS; i++)
		wpt_open(hold[i]->gate);
	drain(test, front);
	wpool_set_shutdown(front->set);
	KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(front->set, &jobs[i].task, 0), -ESHUTDOWN);
}

static int call_set_flush(struct wpt_thread *self)
{
	return wpool_set_flush(self->arg);
}

static int call_set_drain(struct wpt_thread *self)
{
	return wpool_set_drain(self->arg);
}

/* It goes on waiting: it sleeps, and has not returned. */
static void expect_waits(struct kunit *test, struct wpt_thread *thread)
{
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
}

/* 185: a flush waits for what all pools had accepted; not for what comes to one that is flushed */
static void set_submit_flush(struct kunit *test)
{
	struct front *front = new_front(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *first = wpt_hold(test, nth(front, 0), 1);
	struct wpt_job *last = wpt_hold(test, nth(front, POOLS - 1), 1);
	struct wpt_job *later = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *thread = wpt_thread(test, call_set_flush, NULL, NULL, front->set);

	expect_waits(test, thread);
	wpt_open(first->gate);
	KUNIT_ASSERT_EQ(test, wpt_wait(test, first), 0);
	expect_waits(test, thread);
	KUNIT_ASSERT_EQ(test, wpool_schedule(nth(front, 0), &later->task), 0);
	wpt_begun(test, later);
	wpt_open(last->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_open(later->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, later), 0);
}

/* When its gate opens it submits a job to another pool. */
struct sender {
	struct wpool_task	task;
	struct wpt_gate		*gate;
	struct wpool		*to;
	struct wpt_job		*job;
};

static int sender_fn(void *arg)
{
	struct sender *sender = arg;

	wait_for_completion(&sender->gate->opened);
	return wpool_schedule(sender->to, &sender->job->task);
}

/* 185: a drain waits also for what the last pool has submitted to the first meanwhile */
static void set_submit_drain(struct kunit *test)
{
	struct front *front = new_front(test, NULL);
	struct sender *sender = wpt_alloc(test, sizeof(*sender));
	struct wpt_thread *thread;

	sender->gate = wpt_gate(test);
	sender->to = nth(front, 0);
	sender->job = wpt_jobs(test, 1, wpt_gate(test));
	wpool_task_init(&sender->task, sender_fn, sender);
	KUNIT_ASSERT_EQ(test, wpool_schedule(nth(front, POOLS - 1), &sender->task), 0);
	thread = wpt_thread(test, call_set_drain, NULL, NULL, front->set);
	expect_waits(test, thread);
	wpt_open(sender->gate);
	KUNIT_ASSERT_EQ(test, wpt_result(test, &sender->task), 0);
	wpt_begun(test, sender->job);
	WPT_ASSERT_STAT(test, nth(front, POOLS - 1), RUNNING, 0);
	expect_waits(test, thread);
	wpt_open(sender->job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&sender->job->runs), 1);
}

static int flush_inside(void *set)
{
	return wpool_set_flush(set);
}

static int drain_inside(void *set)
{
	return wpool_set_drain(set);
}

/* 62: both would wait for themselves in a task of any of the pools, which is refused */
static void set_submit_inside(struct kunit *test)
{
	struct front *front = new_front(test, NULL);
	unsigned int i;

	for (i = 0; i < POOLS; i++) {
		KUNIT_EXPECT_EQ(test, wpt_run(test, nth(front, i), flush_inside, front->set),
				-EDEADLK);
		KUNIT_EXPECT_EQ(test, wpt_run(test, nth(front, i), drain_inside, front->set),
				-EDEADLK);
	}
}

/* No set, or no task. */
static void set_submit_null(struct kunit *test)
{
	struct front *front = new_front(test, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(NULL, &job->task, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_set_try_schedule(front->set, NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_set_flush(NULL), 0);
	KUNIT_EXPECT_EQ(test, wpool_set_drain(NULL), 0);
}

static struct kunit_case set_submit_cases[] = {
	KUNIT_CASE_PARAM(set_submit_stays_running, kind_gen_params),
	KUNIT_CASE_PARAM(set_submit_stays_queued, kind_gen_params),
	KUNIT_CASE_PARAM(set_submit_moves_on, kind_gen_params),
	KUNIT_CASE(set_submit_had_elsewhere),
	KUNIT_CASE_PARAM(set_submit_after_pool, kind_gen_params),
	KUNIT_CASE_PARAM(set_submit_after_set, kind_gen_params),
	KUNIT_CASE_PARAM(set_submit_race, kind_gen_params),
	KUNIT_CASE(set_submit_full),
	KUNIT_CASE(set_submit_flush),
	KUNIT_CASE(set_submit_drain),
	KUNIT_CASE(set_submit_inside),
	KUNIT_CASE(set_submit_null),
	{}
};

static struct kunit_suite set_submit_suite = {
	.name = "wpool_set_submit",
	.init = set_submit_init,
	.exit = wpt_exit,
	.test_cases = set_submit_cases,
};

kunit_test_suite(set_submit_suite);
