// SPDX-License-Identifier: GPL-2.0
/*
 * What the system does to pools: CPUs that go and come, and sleep.
 *
 * The system is sent to sleep in earnest, and held on the way, when all is frozen
 * that can be, by a device that does not let it pass. When the test has looked, the
 * device refuses, and all is thawed.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/device.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/suspend.h>
#include "periodic_scene.h"

static int system_init(struct kunit *test)
{
	return wpt_init(test, "wpool_system");
}

static const unsigned int percent_cases[] = { 1, 50, 100, 200, 1000, WPOOL_MAX_PERCENT };

static void percent_name(const unsigned int *percent, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u percent", *percent);
}

KUNIT_ARRAY_PARAM(percent, percent_cases, percent_name);

/* A share of the CPUs online, and one at least. */
static void system_percent(struct kunit *test)
{
	unsigned int percent = *(const unsigned int *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity_percent = percent });
	u64 capacity = wpt_stat(pool, WPOOL_STAT_CAPACITY);
	u64 share = (u64)num_online_cpus() * percent;

	KUNIT_EXPECT_GE(test, capacity, 1);
	/* the nearest number, to one side or the other */
	KUNIT_EXPECT_GT(test, capacity * 100 + 100, share);
	KUNIT_EXPECT_TRUE(test, capacity == 1 || capacity * 100 < share + 100);
}

/* Takes a CPU away, and brings it back when its gate is opened. */
struct absence {
	unsigned int	cpu;
	struct wpt_gate	*end;
	struct completion gone;
	int		err;
};

static int call_absence(struct wpt_thread *self)
{
	struct absence *absence = self->arg;

#ifdef CONFIG_HOTPLUG_CPU
	absence->err = remove_cpu(absence->cpu);
#else
	absence->err = -EOPNOTSUPP;
#endif
	complete_all(&absence->gone);
	wait_for_completion(&absence->end->opened);
#ifdef CONFIG_HOTPLUG_CPU
	return absence->err ?: add_cpu(absence->cpu);
#else
	return absence->err;
#endif
}

/* 69: it follows the CPUs as they go and come; tasks on others go on */
static void system_hotplug(struct kunit *test)
{
	struct absence *absence = wpt_alloc(test, sizeof(*absence));
	unsigned int cpus = num_online_cpus();
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool, *other;
	struct wpt_thread *thread;

	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || cpus < 2)
		kunit_skip(test, "needs CONFIG_HOTPLUG_CPU and two CPUs");
	pool = wpt_pool(test, &(struct wpool_attrs) { .capacity_percent = 200 });
	other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	hold = wpt_hold(test, pool, 2 * cpus);
	absence->cpu = cpumask_last(cpu_online_mask);
	absence->end = wpt_gate(test);
	init_completion(&absence->gone);
	thread = wpt_thread(test, call_absence, NULL, NULL, absence);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&absence->gone, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, absence->err, 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * (cpus - 1));
	WPT_EXPECT_STAT(test, other, CAPACITY, 3);
	KUNIT_EXPECT_EQ(test, wpool_schedule(other, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	/* the bound holds as soon as running tasks end */
	wpt_open(hold->gate);
	WPT_ASSERT_STAT(test, pool, WORKERS, 2 * (cpus - 1));
	wpt_open(absence->end);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * cpus);
	wpt_open(wpt_hold(test, pool, 2 * cpus)->gate);
}

#define RING		8
#define ROUNDS		5

/* What goes on in a pool until it is told to end. */
struct traffic {
	struct wpt_gate	*end;
	unsigned int	accepted;
};

static int call_traffic(struct wpt_thread *self)
{
	struct traffic *traffic = self->arg;
	unsigned int n;
	int err = 0;

	for (n = 0; !err && !completion_done(&traffic->end->opened); n++) {
		struct wpt_job *job = &self->job[n % RING];

		if (n >= RING)
			err = wpool_wait_timeout(&job->task, WPT_LIMIT, NULL);
		if (!err)
			err = wpool_schedule_timeout(self->pool, &job->task, WPT_LIMIT);
		traffic->accepted += !err;
	}
	return err;
}

/* Has the last CPU go and come, and the capacity of a pool of 200 percent follow. */
static int call_go_and_come(struct wpt_thread *self)
{
	unsigned int wrong = 0;
#ifdef CONFIG_HOTPLUG_CPU
	unsigned int cpus = num_online_cpus(), cpu = cpumask_last(cpu_online_mask), round;

	for (round = 0; round < ROUNDS; round++) {
		u64 before;

		wrong += remove_cpu(cpu) != 0;
		wrong += wpt_stat(self->pool, WPOOL_STAT_CAPACITY) != 2 * (cpus - 1);
		before = wpt_stat(self->pool, WPOOL_STAT_COMPLETED);
		wrong += !wpt_until(wpt_stat(self->pool, WPOOL_STAT_COMPLETED) > before + RING);
		wrong += add_cpu(cpu) != 0;
		wrong += wpt_stat(self->pool, WPOOL_STAT_CAPACITY) != 2 * cpus;
	}
#endif
	return wrong;
}

/* 69: under load: no task is lost, also of a pool whose only CPU it is that goes */
static void system_hotplug_load(struct kunit *test)
{
	struct wpt_gate *end = wpt_gate(test);
	unsigned int cpus = num_online_cpus(), i, j;
	struct wpt_thread *threads[4];
	struct traffic *traffic = wpt_alloc(test, ARRAY_SIZE(threads) * sizeof(*traffic));
	struct wpool *pool, *bound;

	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || cpus < 2)
		kunit_skip(test, "needs CONFIG_HOTPLUG_CPU and two CPUs");
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity_percent = 200, .queue_depth = RING,
	});
	bound = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .cpumask = cpumask_of(cpumask_last(cpu_online_mask)),
	});
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		traffic[i].end = end;
		threads[i] = wpt_thread(test, call_traffic, i ? pool : bound,
					wpt_jobs(test, RING, NULL), &traffic[i]);
	}
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_go_and_come, pool, NULL), 0);
	wpt_open(end);
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		unsigned int runs = 0;

		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
		wpt_call(test, wpt_call_drain, threads[i]->pool, NULL);
		for (j = 0; j < RING; j++)
			runs += atomic_read(&threads[i]->job[j].runs);
		KUNIT_EXPECT_EQ(test, runs, traffic[i].accepted);
	}
	KUNIT_EXPECT_LE(test, wpt_stat(pool, WPOOL_STAT_LARGEST), 2 * cpus);
}

static int is_freezable(void *arg)
{
	return !(current->flags & PF_NOFREEZE);
}

/* 70: the freezer stops the workers of a freezable pool, and of no other */
static void system_freezable(struct kunit *test)
{
	struct wpool *freezable = wpt_pool(test, &(struct wpool_attrs) {
		.flags = WPOOL_FREEZABLE,
	});
	struct wpool *other = wpt_pool(test, NULL);

	if (!IS_ENABLED(CONFIG_FREEZER))
		kunit_skip(test, "needs CONFIG_FREEZER");
	KUNIT_EXPECT_EQ(test, wpt_run(test, freezable, is_freezable, NULL), 1);
	KUNIT_EXPECT_EQ(test, wpt_run(test, other, is_freezable, NULL), 0);
}

/* What holds the system on its way to sleep. */
struct night {
	struct completion	fallen;		/* all is frozen that can be */
	struct wpt_gate		*dawn;
	struct wpt_thread	*thread;	/* sends it to sleep */
};

static int night_prepare(struct device *dev)
{
	struct night *night = dev_get_drvdata(dev);

	complete_all(&night->fallen);
	wait_for_completion(&night->dawn->opened);
	return -ECANCELED;
}

static void night_release(struct device *dev)
{
	kfree(dev);
}

static const struct dev_pm_ops night_pm = { .prepare = night_prepare };

static const struct device_type night_type = {
	.pm		= &night_pm,
	.release	= night_release,
};

static int call_sleep(struct wpt_thread *self)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int err;

	if (!dev)
		return -ENOMEM;
	device_initialize(dev);
	dev->type = &night_type;
	dev_set_drvdata(dev, self->arg);
	err = dev_set_name(dev, "kunit-night") ?: device_add(dev);
	if (!err) {
		err = pm_suspend(PM_SUSPEND_TO_IDLE);
		device_del(dev);
	}
	put_device(dev);
	return err;
}

/* From here to dawn() all is frozen that can be, the threads of the tests not. */
static struct night *nightfall(struct kunit *test)
{
	struct night *night = wpt_alloc(test, sizeof(*night));

	init_completion(&night->fallen);
	night->dawn = wpt_gate(test);
	night->thread = wpt_thread(test, call_sleep, NULL, NULL, night);
	KUNIT_ASSERT_TRUE_MSG(test, wait_for_completion_timeout(&night->fallen, WPT_LIMIT) > 0,
			      "something cannot be frozen");
	return night;
}

static void dawn(struct kunit *test, struct night *night)
{
	wpt_open(night->dawn);
	KUNIT_EXPECT_EQ(test, wpt_join(test, night->thread), -ECANCELED);
}

static struct wpool *freezable_pool(struct kunit *test, unsigned int capacity,
				    unsigned int min_workers)
{
	if (!IS_ENABLED(CONFIG_SUSPEND))
		kunit_skip(test, "needs CONFIG_SUSPEND");
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .min_workers = min_workers, .flags = WPOOL_FREEZABLE,
	});
}

/* A pool that does not freeze runs some, in which time another would have begun. */
static void expect_not_begun(struct kunit *test, struct wpt_job *job)
{
	struct wpool *awake = wpt_pool(test, NULL);
	struct wpt_job *jobs = wpt_jobs(test, 20, NULL);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(awake, jobs, 20), 0);
	wpt_call(test, wpt_call_drain, awake, NULL);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&job->task, HZ / 10, NULL), -ETIMEDOUT);
	KUNIT_EXPECT_FALSE(test, completion_done(&job->begun));
}

/* A task that submits itself until it is asked not to. */
struct lap {
	struct wpool_task	task;
	atomic_t		runs;
};

static int run_lap(void *arg)
{
	struct lap *lap = arg;

	atomic_inc(&lap->runs);
	return wpool_should_stop() ? 0 : wpool_schedule(wpool_current(), &lap->task);
}

#define LAPS		4

/* 70: in the midst of work: each worker ends its task, and begins no other */
static void system_freeze_busy(struct kunit *test)
{
	struct wpool *pool = freezable_pool(test, 2, 0);
	struct lap *laps = wpt_alloc(test, LAPS * sizeof(*laps));
	struct wpt_job *late = wpt_jobs(test, 1, NULL);
	unsigned int i, before[LAPS];
	struct night *night;

	for (i = 0; i < LAPS; i++) {
		wpool_task_init(&laps[i].task, run_lap, &laps[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &laps[i].task), 0);
	}
	WPT_ASSERT_UNTIL(test, atomic_read(&laps[LAPS - 1].runs));
	night = nightfall(test);
	WPT_EXPECT_STAT(test, pool, RUNNING, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, LAPS);
	for (i = 0; i < LAPS; i++)
		before[i] = atomic_read(&laps[i].runs);
	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &late->task), 0);
	expect_not_begun(test, late);
	for (i = 0; i < LAPS; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&laps[i].runs), before[i]);
	dawn(test, night);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, late), 0);
	for (i = 0; i < LAPS; i++) {
		WPT_ASSERT_UNTIL(test, atomic_read(&laps[i].runs) > before[i]);
		wpool_cancel_sync(&laps[i].task);
	}
}

/* 70: a frozen pool is not woken, and accepts work and gives it back */
static void system_freeze_idle(struct kunit *test)
{
	const unsigned int n = 5;
	struct wpool *pool = freezable_pool(test, 3, 3);
	struct wpt_job *jobs = wpt_jobs(test, n, NULL);
	struct night *night;
	unsigned int i;

	WPT_ASSERT_STAT(test, pool, IDLE, 3);
	night = nightfall(test);
	KUNIT_EXPECT_EQ(test, wpt_schedule_all(pool, jobs, n), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, n);
	expect_not_begun(test, &jobs[0]);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[n - 1].task));
	WPT_EXPECT_STAT(test, pool, QUEUED, n - 1);
	dawn(test, night);
	for (i = 0; i < n; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), i < n - 1 ? 0 : -ECANCELED);
}

/* 70, 95: a periodic task that is due waits once, and what passes meanwhile is skipped */
static void system_freeze_periodic(struct kunit *test)
{
	struct wpool *pool = freezable_pool(test, 2, 2);
	struct tick *tick = tick_every(test, pool, NULL, 2);
	struct night *night;
	int before;
	u64 dusk;

	tick_begun(test, tick);
	night = nightfall(test);
	WPT_ASSERT_STAT(test, pool, QUEUED, 1);
	before = atomic_read(&tick->runs);
	dusk = get_jiffies_64();
	tick_await(test, dusk + 20);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&tick->runs), before);
	dawn(test, night);
	WPT_ASSERT_UNTIL(test, atomic_read(&tick->runs) > before + 1);
	KUNIT_EXPECT_GE(test, wpool_periods_skipped(&tick->dtask), 9);
	wpt_call(test, tick_call_cancel_sync, pool, tick);
}

static int call_prestart(struct wpt_thread *self)
{
	return wpool_prestart(self->pool, 3);
}

/* 70: workers can be made meanwhile, and begin nothing either */
static void system_freeze_new_workers(struct kunit *test)
{
	struct wpool *pool = freezable_pool(test, 4, 1);
	struct wpt_job *jobs = wpt_jobs(test, 4, wpt_gate(test));
	struct night *night = nightfall(test);
	struct wpt_thread *prestart = wpt_thread(test, call_prestart, pool, NULL, NULL);
	unsigned int i;

	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_CREATED) == 4);
	KUNIT_EXPECT_EQ(test, wpt_schedule_all(pool, jobs, 4), 0);
	expect_not_begun(test, &jobs[0]);
	KUNIT_EXPECT_FALSE(test, completion_done(&prestart->done));
	WPT_EXPECT_STAT(test, pool, RUNNING, 0);
	dawn(test, night);
	KUNIT_EXPECT_EQ(test, wpt_join(test, prestart), 3);
	for (i = 0; i < 4; i++)
		wpt_begun(test, &jobs[i]);
	wpt_open(jobs[0].gate);
	WPT_EXPECT_STAT(test, pool, CREATED, 4);
}

/* 70: a pool that ends meanwhile does so when the system is awake, its tasks run */
static void system_freeze_destroy(struct kunit *test)
{
	struct wpool *pool = freezable_pool(test, 2, 2);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	struct night *night = nightfall(test);
	struct wpt_thread *destroy;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, wpt_schedule_all(pool, jobs, 4), 0);
	wpool_get(pool);
	wpt_forget(test, pool);
	destroy = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(pool) == WPOOL_STATE_SHUTDOWN);
	expect_not_begun(test, &jobs[0]);
	KUNIT_EXPECT_FALSE(test, completion_done(&destroy->done));
	dawn(test, night);
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroy), 0);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	wpool_put(pool);
}

/* 70, 82: nor does a submitter to a full one run the task itself: it waits for room */
static void system_freeze_caller(struct kunit *test)
{
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct wpt_thread *thread;
	struct night *night;
	struct wpool *pool;

	if (!IS_ENABLED(CONFIG_SUSPEND))
		kunit_skip(test, "needs CONFIG_SUSPEND");
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .flags = WPOOL_FREEZABLE,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
	night = nightfall(test);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 1), 0);
	thread = wpt_thread(test, wpt_call_schedule, pool, &jobs[1], NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
	dawn(test, night);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), 0);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 0);
}

static struct kunit_case system_cases[] = {
	KUNIT_CASE_PARAM(system_percent, percent_gen_params),
	KUNIT_CASE(system_hotplug),
	KUNIT_CASE(system_hotplug_load),
	KUNIT_CASE(system_freezable),
	KUNIT_CASE(system_freeze_busy),
	KUNIT_CASE(system_freeze_idle),
	KUNIT_CASE(system_freeze_periodic),
	KUNIT_CASE(system_freeze_new_workers),
	KUNIT_CASE(system_freeze_destroy),
	KUNIT_CASE(system_freeze_caller),
	{}
};

/*
 * The thread that loads this module sleeps, not to be frozen, until the tests have ended: the
 * freezer must not wait for it.
 */
static int system_suite_init(struct kunit_suite *suite)
{
	current->flags |= PF_NOFREEZE;
	return 0;
}

static void system_suite_exit(struct kunit_suite *suite)
{
	current->flags &= ~PF_NOFREEZE;
}

static struct kunit_suite system_suite = {
	.name = "wpool_system",
	.suite_init = system_suite_init,
	.suite_exit = system_suite_exit,
	.init = system_init,
	.exit = wpt_exit,
	.test_cases = system_cases,
};

kunit_test_suite(system_suite);
