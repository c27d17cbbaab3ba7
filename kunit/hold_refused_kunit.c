// SPDX-License-Identifier: GPL-2.0
/*
 * 83: how long a pool's lock is held to find a worker that gives up if none can go on. In
 * steps, as in hold_kunit.c.
 */
#include <linux/cpumask.h>
#include "halt.h"
#include "hold_scene.h"

/* Of those that have deep stacks. */
#define DIVERS	100

static int hold_refused_init(struct kunit *test)
{
	return wpt_init(test, "wpool_hold_refused");
}

static int call_wait(struct member *self)
{
	return wpool_wait(self->crowd->what);
}

static int call_wait_for_next(struct member *self)
{
	struct crowd *crowd = self->crowd;
	int ret = wpool_wait(&crowd->members[(self->nr + 1) % crowd->n].task);

	/* the number of the one that it has waited for */
	return ret == (self->nr + 1) % crowd->n ? 0 : ret;
}

/* 81, 83: a circle of any number of workers: one is refused, and the others go on */
static void hold_refused_circle(struct kunit *test)
{
	struct crowd *all = hold_crowd(test, 1, call_wait_for_next, NULL);

	wpt_open(all->gate);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, 0), 1);
	hold_expect_bounded(test, all->pool);
}

/* Two circles of workers that close at once. */
static int call_wait_in_halves(struct member *self)
{
	unsigned int half = self->crowd->n / 2, first = self->nr < half ? 0 : half;
	unsigned int next = first + (self->nr - first + 1) % half;
	int ret = wpool_wait(&self->crowd->members[next].task);

	return ret == next ? 0 : ret;
}

/* 81, 83: or two of them */
static void hold_refused_circles(struct kunit *test)
{
	struct crowd *all = hold_crowd(test, 1, call_wait_in_halves, NULL);

	wpt_open(all->gate);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, 0), 2);
	hold_expect_bounded(test, all->pool);
}

static int call_wait_in_chain(struct member *self)
{
	struct crowd *crowd = self->crowd;
	struct wpt_job *job = crowd->what;
	int ret;

	if (self->nr == crowd->n - 1)
		return wpool_wait(&job->task);
	ret = wpool_wait(&crowd->members[self->nr + 1].task);
	return ret == self->nr + 1 ? 0 : ret;
}

/* 81, 83: a chain that is no circle: nobody is */
static void hold_refused_no_circle(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct crowd *all = hold_crowd(test, 2, call_wait_in_chain, job);

	KUNIT_ASSERT_EQ(test, wpool_schedule(all->pool, &job->task), 0);
	wpt_begun(test, job);
	hold_go_to_sleep(test, all);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, 0), 0);
	hold_expect_bounded(test, all->pool);
}

/* Tasks one inside another, as deep as their worker runs them. */
struct dive {
	struct wpool_task	task;
	struct wpool		*pool;
	struct divers		*all;		/* or NULL */
	unsigned int		depth, most;
	struct task_struct	*worker;
};

/* Those that are at @bottom stay there until the gate opens, and wait for a task then. */
struct divers {
	struct wpool		*pool;
	struct dive		**dives, *last;
	unsigned int		bottom;
	atomic_t		there;
	struct wpt_gate		*start, *gate;
	struct wpool_task	*what;
	struct task_struct	*waiter;	/* the last of them that began to wait for it */
};

/*
 * Return: how deep it was when it was refused; or what the wait at the bottom gave; or -ENODATA
 * if it came deeper than @most.
 */
static int dive(void *arg)
{
	struct dive *outer = arg;
	struct dive inner = {
		.pool = outer->pool, .all = outer->all, .depth = outer->depth + 1,
		.most = outer->most,
	};
	struct divers *all = outer->all;
	int ret;

	WRITE_ONCE(outer->worker, current);
	if (all && (outer->depth == 1 || outer->depth == all->bottom)) {
		atomic_inc(&all->there);
		wait_for_completion(outer->depth == 1 ? &all->start->opened : &all->gate->opened);
	}
	if (all && outer->depth == all->bottom) {
		WRITE_ONCE(all->waiter, current);
		return wpool_wait(all->what);
	}
	if (outer->depth > outer->most)
		return -ENODATA;
	wpool_task_init(&inner.task, dive, &inner);
	ret = wpool_schedule(inner.pool, &inner.task) ?: wpool_wait(&inner.task);
	return ret == -EDEADLK && !all ? outer->depth : ret;
}

static bool is_asleep(struct task_struct *const *where)
{
	struct task_struct *worker = READ_ONCE(*where);

	return worker && READ_ONCE(worker->__state) & TASK_UNINTERRUPTIBLE;
}

/* Of one that has been told to go on: it waits for a task. */
static bool dive_sleeps(struct dive *deep)
{
	return is_asleep(&deep->worker);
}

static struct dive *new_dive(struct kunit *test, struct wpool *pool, struct divers *all,
			     unsigned int most)
{
	struct dive *deep = wpt_alloc(test, sizeof(*deep));

	deep->pool = pool;
	deep->all = all;
	deep->depth = 1;
	deep->most = most;
	wpool_task_init(&deep->task, dive, deep);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &deep->task), 0);
	return deep;
}

/* 81, 83: the one that is refused for being nested too deep, behind any number of others */
static void hold_refused_too_deep(struct kunit *test)
{
	struct crowd *all = hold_crowd(test, 1, call_wait, NULL);
	struct dive *deep = new_dive(test, all->pool, NULL, WPOOL_MAX_NESTING);
	int depth;

	all->what = &deep->task;
	WPT_ASSERT_UNTIL(test, wpool_task_running(&deep->task));
	wpt_open(all->gate);
	depth = wpt_result(test, &deep->task);
	KUNIT_EXPECT_GT(test, depth, 1);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, all, depth), 0);
	hold_expect_bounded(test, all->pool);
}

/* How deep a worker runs them, in a pool with these hooks: they take some of its stack. */
static int deepest(struct kunit *test, const struct wpool_attrs *attrs)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .ops = attrs->ops, .priv = attrs->priv,
	});

	return wpt_result(test, &new_dive(test, pool, NULL, WPOOL_MAX_NESTING)->task);
}

/*
 * All workers of a pool but one have gone as deep as they can when it returns; the last
 * one, too, and sleeps. The others are about to wait for that one.
 */
static struct divers *new_divers(struct kunit *test, const struct wpool_attrs *attrs)
{
	struct divers *all = wpt_alloc(test, sizeof(*all));
	unsigned int i;

	all->pool = wpt_pool(test, attrs);
	all->dives = wpt_alloc(test, DIVERS * sizeof(*all->dives));
	all->bottom = deepest(test, attrs);
	all->start = wpt_gate(test);
	all->gate = wpt_gate(test);
	KUNIT_ASSERT_GT(test, all->bottom, 1);
	for (i = 0; i < DIVERS; i++)
		all->dives[i] = new_dive(test, all->pool, all, all->bottom);
	WPT_ASSERT_UNTIL(test, atomic_read(&all->there) == DIVERS);
	wpool_pause(all->pool);	/* each runs its own */
	wpt_open(all->start);
	WPT_ASSERT_UNTIL(test, atomic_read(&all->there) == 2 * DIVERS);
	wpool_resume(all->pool);
	all->last = new_dive(test, all->pool, NULL, all->bottom);
	all->what = &all->last->task;
	WPT_ASSERT_STAT(test, all->pool, QUEUED, 1);
	WPT_ASSERT_UNTIL(test, dive_sleeps(all->last));
	return all;
}

static void divers_expect(struct kunit *test, struct divers *all, int got)
{
	unsigned int i;

	KUNIT_EXPECT_EQ(test, wpt_result(test, &all->last->task), got);
	for (i = 0; i < DIVERS; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &all->dives[i]->task), got);
	hold_expect_bounded(test, all->pool);
}

/* 81, 83: workers that are as deep, but wait for a task that runs */
static void hold_refused_all_deep(struct kunit *test)
{
	struct divers *all = new_divers(test, &(struct wpool_attrs) { .capacity = DIVERS + 1 });

	wpt_open(all->gate);
	divers_expect(test, all, all->bottom);
}

static bool all_sleep(struct divers *all)
{
	unsigned int i;

	for (i = 0; i < DIVERS; i++) {
		if (!dive_sleeps(all->dives[i]))
			return false;
	}
	return true;
}

/* The hook of workers that take their time, once they are told to; the priv of a pool. */
struct start {
	struct wpt_gate		*gate;
	bool			slow;
};

static void start_slowly(struct wpool *pool)
{
	struct start *start = wpool_priv(pool);

	if (READ_ONCE(start->slow))
		wait_for_completion(&start->gate->opened);
}

/* The manager comes by each pool that it was asked to, in turn. */
static void let_manager_look(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < DIVERS / 10; i++)
		wpt_destroy(test, wpt_pool(test, &(struct wpool_attrs) { .min_workers = 1 }));
}

/* 81, 83: the same, but before all of them have been looked at one more worker is starting */
static void hold_refused_in_time(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_start = start_slowly };
	const struct cpumask *here = cpumask_of(cpumask_first(cpu_online_mask));
	struct start *start = wpt_alloc(test, sizeof(*start));
	struct wpt_halt *halt;
	struct divers *all;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	start->gate = wpt_gate(test);
	all = new_divers(test, &(struct wpool_attrs) {
		.capacity = DIVERS + 1, .cpumask = here, .ops = &ops, .priv = start,
	});
	WRITE_ONCE(start->slow, true);
	set_cpus_allowed_ptr(current, here);
	halt = wpt_halt_manager(test);
	wpt_open(all->gate);
	wpt_busy_until(all_sleep(all));
	KUNIT_EXPECT_EQ(test, wpool_resize(all->pool, DIVERS + 2), 0);
	wpt_go_on(halt);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	if (halt->early)
		kunit_skip(test, "the manager was not kept from looking");
	let_manager_look(test);
	wpt_open(start->gate);
	divers_expect(test, all, -ENODATA);
}

#define TWICE		5

/* A task that is submitted twice; and a peer, which waits for the dive that waits for it. */
struct twice {
	struct wpool_release_task ttask;
	atomic_t		runs, cancelled;
	struct wpool_task	peer;
	struct wpool_task	*deep;
	struct wpt_gate		*gate;
	struct task_struct	*waiter;
};

static int run_twice(void *arg)
{
	struct twice *twice = arg;

	atomic_inc(&twice->runs);
	return TWICE;
}

static void release_twice(void *arg, enum wpool_fate fate)
{
	struct twice *twice = arg;

	if (fate == WPOOL_FATE_CANCELLED)
		atomic_inc(&twice->cancelled);
}

static int wait_for_deep(void *arg)
{
	struct twice *twice = arg;
	int err = set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));

	wait_for_completion(&twice->gate->opened);
	WRITE_ONCE(twice->waiter, current);
	return err ?: wpool_wait(twice->deep);
}

/* One of two workers sleeps for a task, too deep to run it; the other can wait for that one. */
static struct divers *new_diver(struct kunit *test, struct twice *twice)
{
	const struct wpool_attrs attrs = { .capacity = 2 };
	struct divers *all = wpt_alloc(test, sizeof(*all));

	all->pool = wpt_pool(test, &attrs);
	all->bottom = deepest(test, &attrs);
	all->start = wpt_gate(test);
	all->gate = wpt_gate(test);
	all->what = &twice->ttask.task;
	all->last = new_dive(test, all->pool, all, all->bottom);
	WPT_ASSERT_UNTIL(test, atomic_read(&all->there) == 1);
	twice->gate = wpt_gate(test);
	twice->deep = &all->last->task;
	wpool_task_init(&twice->peer, wait_for_deep, twice);
	KUNIT_ASSERT_EQ(test, wpool_schedule(all->pool, &twice->peer), 0);
	WPT_ASSERT_UNTIL(test, wpool_task_running(&twice->peer));
	wpt_open(all->start);
	WPT_ASSERT_UNTIL(test, atomic_read(&all->there) == 2);
	wpool_release_task_init(&twice->ttask, run_twice, twice);
	wpool_task_set_release(&twice->ttask, release_twice);
	KUNIT_ASSERT_EQ(test, wpool_schedule(all->pool, all->what), 0);
	wpt_open(all->gate);
	WPT_ASSERT_UNTIL(test, is_asleep(&all->waiter));
	return all;
}

/* 81: the refusal of a wait takes back what was waited for, and not what was submitted since */
static void hold_refused_before(struct kunit *test)
{
	struct twice *twice = wpt_alloc(test, sizeof(*twice));
	struct divers *all;
	struct wpt_halt *halt;
	bool refused, taken_back;
	int again;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	all = new_diver(test, twice);
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_first(cpu_online_mask)));
	halt = wpt_halt_thread(test, all->waiter);
	wpt_open(twice->gate);
	refused = wpt_busy_until(is_asleep(&twice->waiter));
	taken_back = wpool_cancel(all->what);
	again = wpool_try_schedule(all->pool, all->what);
	wpool_resize(all->pool, 3);
	wpt_go_on(halt);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	if (halt->early)
		kunit_skip(test, "the worker went on before");
	KUNIT_EXPECT_TRUE(test, refused);
	KUNIT_EXPECT_TRUE(test, taken_back);
	KUNIT_ASSERT_EQ(test, again, 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, all->what), TWICE);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &twice->peer), TWICE);
	KUNIT_EXPECT_EQ(test, atomic_read(&twice->runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&twice->cancelled), 1);
}

static int call_schedule(struct member *self)
{
	struct member *first = &self->crowd->members[0];

	if (!self->nr)
		return wpool_schedule(self->crowd->pool, self->crowd->what);
	wpt_until(hold_asleep(first));
	return wpool_wait(&first->task);
}

/* 81, 83: a worker that must be refused room, behind any number of threads that wait for it */
static void hold_refused_room(struct kunit *test)
{
	struct wpt_job *jobs = wpt_jobs(test, CROWD + 1, NULL);
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct crowd *two = hold_crowd_in(test, pool, 2, call_schedule, &jobs[CROWD].task);
	struct wpt_thread **all = wpt_alloc(test, CROWD * sizeof(*all));
	unsigned int i;

	for (i = 0; i < CROWD; i++)
		all[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, CROWD);
	wpt_open(two->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &two->members[1].task), 1);
	KUNIT_EXPECT_EQ(test, hold_expect_got(test, two, 0), 1);
	hold_expect_joined(test, all, 0);
	hold_expect_bounded(test, pool);
}

static struct kunit_case hold_refused_cases[] = {
	KUNIT_CASE(hold_refused_circle),
	KUNIT_CASE(hold_refused_circles),
	KUNIT_CASE(hold_refused_no_circle),
	KUNIT_CASE(hold_refused_too_deep),
	KUNIT_CASE(hold_refused_all_deep),
	KUNIT_CASE(hold_refused_before),
	KUNIT_CASE(hold_refused_in_time),
	KUNIT_CASE(hold_refused_room),
	{}
};

static struct kunit_suite hold_refused_suite = {
	.name = "wpool_hold_refused",
	.init = hold_refused_init,
	.exit = wpt_exit,
	.test_cases = hold_refused_cases,
};

kunit_test_suite(hold_refused_suite);
