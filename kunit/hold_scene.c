// SPDX-License-Identifier: GPL-2.0
/* See hold_scene.h. */
#include <linux/cpumask.h>
#include "hold_scene.h"

void hold_expect_bounded(struct kunit *test, struct wpool *pool)
{
#ifdef CONFIG_LOCKDEP
	KUNIT_EXPECT_GT(test, wpool_longest_hold(pool), 0);
	KUNIT_EXPECT_LE(test, wpool_longest_hold(pool), WPT_HOLD_MAX);
#endif
}

static int run_member(void *arg)
{
	struct member *self = arg;

	WRITE_ONCE(self->worker, current);
	atomic_inc(&self->crowd->begun);
	wait_for_completion(&self->crowd->gate->opened);
	WRITE_ONCE(self->calling, true);
	self->got = self->crowd->call(self);
	return self->nr;
}

bool hold_asleep(struct member *self)
{
	return READ_ONCE(self->calling) &&
	       (READ_ONCE(self->worker->__state) & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE));
}

unsigned int hold_nr_asleep(struct crowd *crowd)
{
	unsigned int i, n = 0;

	for (i = 0; i < crowd->n; i++)
		n += hold_asleep(&crowd->members[i]);
	return n;
}

/* All are inside their tasks when it returns. */
struct crowd *hold_crowd_in(struct kunit *test, struct wpool *pool, unsigned int n,
			      int (*call)(struct member *), void *what)
{
	struct crowd *crowd = wpt_alloc(test, sizeof(*crowd));
	unsigned int i;

	crowd->pool = pool;
	crowd->members = wpt_alloc(test, n * sizeof(*crowd->members));
	crowd->n = n;
	crowd->call = call;
	crowd->what = what;
	crowd->gate = wpt_gate(test);
	for (i = 0; i < n; i++) {
		crowd->members[i].crowd = crowd;
		crowd->members[i].nr = i;
		wpool_task_init(&crowd->members[i].task, run_member, &crowd->members[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(crowd->pool, &crowd->members[i].task), 0);
	}
	WPT_ASSERT_UNTIL(test, atomic_read(&crowd->begun) == n);
	return crowd;
}

/*
 * On so many CPUs at most: of virtual ones that take turns on few real ones each hold of the lock
 * has to wait for the turn of the next.
 */
#define CPUS	8

static const struct cpumask *few_cpus(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, cpumask_size());
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		if (cpumask_weight(mask) < CPUS)
			cpumask_set_cpu(cpu, mask);
	}
	return mask;
}

/* The same in a pool of their own, of which @spare workers more may be made. */
struct crowd *hold_crowd(struct kunit *test, unsigned int spare,
			       int (*call)(struct member *), void *what)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = CROWD + spare, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
		.cpumask = few_cpus(test),
	});

	return hold_crowd_in(test, pool, CROWD, call, what);
}

void hold_go_to_sleep(struct kunit *test, struct crowd *crowd)
{
	wpt_open(crowd->gate);
	WPT_ASSERT_UNTIL(test, hold_nr_asleep(crowd) == crowd->n);
}

/* Each has returned from its call with @got, but for some that have -EDEADLK. */
unsigned int hold_expect_got(struct kunit *test, struct crowd *crowd, int got)
{
	unsigned int i, refused = 0, wrong = 0;

	for (i = 0; i < crowd->n; i++) {
		struct member *member = &crowd->members[i];

		wrong += wpt_result(test, &member->task) != i;
		refused += member->got == -EDEADLK;
		wrong += member->got != -EDEADLK && member->got != got;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	return refused;
}

struct wpt_thread **hold_threads(struct kunit *test, int (*call)(struct wpt_thread *),
				   struct wpool *pool, struct wpt_job *job, void *arg)
{
	struct wpt_thread **threads = wpt_alloc(test, CROWD * sizeof(*threads));
	unsigned int i;

	for (i = 0; i < CROWD; i++)
		threads[i] = wpt_thread(test, call, pool, job, arg);
	for (i = 0; i < CROWD; i++)
		WPT_ASSERT_UNTIL(test, wpt_asleep(threads[i]));
	return threads;
}

void hold_expect_joined(struct kunit *test, struct wpt_thread **threads, int result)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < CROWD; i++)
		wrong += wpt_join(test, threads[i]) != result;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

