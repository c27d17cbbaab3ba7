// SPDX-License-Identifier: GPL-2.0
/*
 * What an administrator changes of a pool in sysfs: the files are read and written here as a
 * process would, and what the pool does then is looked at.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include "sysfs_scene.h"

static int sysfs_settings_begin(struct kunit *test)
{
	return sysfs_begin(test, "wpool_sysfs");
}

struct setting_case {
	const char	*name;
	const char	*first;		/* as the pool was made, see setting_pool() */
	const char	*write;
	int		err;		/* of that write */
};

static const struct setting_case setting_cases[] = {
	{ "capacity", "4", "7\n", 0 },
	{ "capacity", "4", "1", 0 },
	{ "capacity", "4", "0", -EINVAL },
	{ "capacity", "4", "10001", -EINVAL },
	{ "capacity", "4", "-1", -EINVAL },
	{ "capacity", "4", "4294967297", -EINVAL },
	{ "capacity", "4", "7abc", -EINVAL },
	{ "capacity", "4", "\n", -EINVAL },
	{ "idle_timeout_ms", "60001", "7\n", 0 },
	{ "idle_timeout_ms", "60001", "4294967295", 0 },
	{ "idle_timeout_ms", "60001", "0", -EINVAL },
	{ "idle_timeout_ms", "60001", "abc", -EINVAL },
	{ "spin_us", "2", "1000000\n", 0 },
	{ "spin_us", "2", "0", 0 },
	{ "spin_us", "2", "1000001", -EINVAL },
	{ "spin_us", "2", "-1", -EINVAL },
	{ "watchdog_ms", "60003", "60007\n", 0 },
	{ "watchdog_ms", "60003", "0", 0 },
	{ "watchdog_ms", "60003", "4294967296", -EINVAL },
	{ "latency", "0", "0\n", 0 },
	{ "latency", "0", "2", -EINVAL },
	{ "latency", "0", "-1", -EINVAL },
	{ "latency", "0", "on", -EINVAL },
	{ "nice", "-3", "19\n", 0 },
	{ "nice", "-3", "-20", 0 },
	{ "nice", "-3", "20", -EINVAL },
	{ "nice", "-3", "-21", -EINVAL },
	{ "nice", "-3", "x", -EINVAL },
	{ "cpumask", NULL, "1\n", 0 },
	{ "cpumask", NULL, "0", -EINVAL },
	{ "cpumask", NULL, "\n", -EINVAL },
	{ "cpumask", NULL, "xyz", -EINVAL },
	{ "cpumask", NULL, "1ffffffff", -EINVAL },
};

static void setting_name(const struct setting_case *param, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%s: %s", param->name,
		 *param->write == '\n' ? "a newline" : param->write);
	desc[strcspn(desc, "\n")] = '\0';
}

KUNIT_ARRAY_PARAM(setting, setting_cases, setting_name);

static struct wpool *setting_pool(struct kunit *test)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .idle_timeout_ms = 60001, .spin_us = 2, .watchdog_ms = 60003,
		.nice = -3, .cpumask = cpu_online_mask,
	});
}

/* A mask has leading zeroes, and commas. */
static bool says(const char *text, const char *wanted)
{
	size_t len = strcspn(wanted, "\n"), skip = strspn(text, "0,");

	text += min(skip, strlen(text) - 1);
	return strlen(text) == len && !memcmp(text, wanted, len);
}

/* 142, 143: a setting is read, and written; what is refused changes nothing */
static void sysfs_setting(struct kunit *test)
{
	const struct setting_case *param = test->param_value;
	struct wpool *pool = setting_pool(test);
	const char *first = sysfs_read(test, pool, param->name);
	const char *then;

	if (param->first)
		KUNIT_EXPECT_STREQ(test, first, param->first);
	KUNIT_EXPECT_EQ(test, sysfs_write(pool, param->name, param->write), param->err);
	then = sysfs_read(test, pool, param->name);
	if (param->err)
		KUNIT_EXPECT_STREQ(test, then, first);
	else
		KUNIT_EXPECT_TRUE_MSG(test, says(then, param->write), "it says %s", then);
}

/* 142: the capacity is the pool's, whoever changes it; a pool that is closed has none to change */
static void sysfs_capacity(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });

	KUNIT_EXPECT_EQ(test, sysfs_write(pool, "capacity", "5"), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 5);
	KUNIT_ASSERT_EQ(test, wpool_resize(pool, 3), 0);
	KUNIT_EXPECT_STREQ(test, sysfs_read(test, pool, "capacity"), "3");
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, sysfs_write(pool, "capacity", "5"), -ESHUTDOWN);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 3);
}

/* 143: of workers inside a task, of idle ones, and of those made later */
static void sysfs_nice(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .min_workers = 2 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);

	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "nice", "7"), 0);
	KUNIT_EXPECT_EQ(test, task_nice(hold->worker), 7);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, sysfs_run_nice, NULL), 7);
	wpt_hold(test, pool, 1);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, sysfs_run_nice, NULL), 7);
	WPT_EXPECT_STAT(test, pool, CREATED, 3);
	wpt_open(hold->gate);
}

/* 143: however many there are */
static void sysfs_nice_of_many(struct kunit *test)
{
	const unsigned int n = 70;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = n });
	struct wpt_job *hold = wpt_hold(test, pool, n);
	unsigned int i, wrong = 0;

	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "nice", "3"), 0);
	for (i = 0; i < n; i++)
		wrong += task_nice(hold[i].worker) != 3;
	KUNIT_EXPECT_EQ(test, wrong, 0);
	wpt_open(hold->gate);
}

static int run_mask(void *arg)
{
	cpumask_copy(arg, current->cpus_ptr);
	return 0;
}

/* 143: the same of the CPUs */
static void sysfs_cpumask(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));
	unsigned int cpu = cpumask_last(cpu_online_mask);
	struct wpt_job *hold;
	struct wpool *pool;
	char text[20];

	if (num_online_cpus() < 2 || cpu > 31)
		kunit_skip(test, "needs two CPUs, and no more than 32");
	snprintf(text, sizeof(text), "%lx", BIT(cpu));
	pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3, .min_workers = 2 });
	hold = wpt_hold(test, pool, 1);
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "cpumask", text), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(hold->worker->cpus_ptr, cpumask_of(cpu)));
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_mask, mask), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(mask, cpumask_of(cpu)));
	wpt_hold(test, pool, 1);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_mask, mask), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(mask, cpumask_of(cpu)));
	WPT_EXPECT_STAT(test, pool, CREATED, 3);
	/* and to another, from one that was written */
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "cpumask", "1"), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(hold->worker->cpus_ptr, cpumask_of(0)));
	wpt_open(hold->gate);
}

/* A task that cannot migrate, and kills its worker when its gate opens. */
static int run_bound_and_die(void *arg)
{
	struct wpt_job *job = arg;

	migrate_disable();
	job->turn = raw_smp_processor_id();
	complete_all(&job->begun);
	wait_for_completion(&job->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static int call_other_cpus(struct wpt_thread *self)
{
	char mask[20];

	snprintf(mask, sizeof(mask), "%lx", 1UL << !self->job->turn);
	return sysfs_write(self->pool, "cpumask", mask);
}

/* 144: a thread that waits for such a worker is not left alone with a dead one */
static void sysfs_cpumask_of_dead(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *writer;

	if (!cpu_online(0) || !cpu_online(1))
		kunit_skip(test, "needs two CPUs");
	wpool_task_init(&job->task, run_bound_and_die, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_begun(test, job);
	writer = wpt_thread(test, call_other_cpus, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(writer));
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, writer), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &job->task), -EOWNERDEAD);
}

/* Changes the niceness again and again, and last to 5. */
static int call_renice(struct wpt_thread *self)
{
	struct wpt_gate *end = self->arg;
	int err = 0;

	while (!err && !completion_done(&end->opened)) {
		err = sysfs_write(self->pool, "nice", "1");
		err = err ?: sysfs_write(self->pool, "nice", "2");
	}
	return err ?: sysfs_write(self->pool, "nice", "5");
}

/* 143: also of those that are just being made */
static void sysfs_nice_of_new(struct kunit *test)
{
	const unsigned int n = 12;
	unsigned int i, round, wrong = 0;

	for (round = 0; round < 10; round++) {
		struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = n });
		struct wpt_gate *end = wpt_gate(test);
		struct wpt_thread *thread = wpt_thread(test, call_renice, pool, NULL, end);
		struct wpt_job *hold = wpt_hold(test, pool, n);

		wpt_open(end);
		KUNIT_ASSERT_EQ(test, wpt_join(test, thread), 0);
		for (i = 0; i < n; i++)
			wrong += task_nice(hold[i].worker) != 5;
		wpt_open(hold->gate);
		wpt_destroy(test, pool);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* 143: workers that idle already leave after the new time */
static void sysfs_idle_timeout(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .idle_timeout_ms = 3600000 });

	wpt_open(wpt_hold(test, pool, 4)->gate);
	WPT_ASSERT_STAT(test, pool, IDLE, 4);
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "idle_timeout_ms", "1"), 0);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, EXPIRED, 3);
}

/* 143: a task that runs already is watched from then on, and those after it, also of a batch */
static void sysfs_watchdog(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 100 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, 20, NULL);
	struct wpt_job *slow[2];
	int i;

	for (i = 0; i < ARRAY_SIZE(slow); i++) {
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs + 10 * i, 10), 0);
		slow[i] = wpt_jobs(test, 1, wpt_gate(test));
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, slow[i], 1), 0);
	}
	wpt_open(hold->gate);
	wpt_begun(test, slow[0]);
	WPT_EXPECT_STAT(test, pool, OVERDUE, 0);
	/* Where threads are kept off their CPUs others may take as long. */
	pr_info("wpool_kunit: expect some: %s: .*has been in " WPT_RUN_JOB ".* for \\d+ ms\n",
		wpool_name(pool));
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "watchdog_ms", "10"), 0);
	WPT_ASSERT_STAT(test, pool, OVERDUE, 1);
	wpt_open(slow[0]->gate);
	wpt_begun(test, slow[1]);
	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_OVERDUE) >= 2);
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "watchdog_ms", "0"), 0);
	wpt_open(slow[1]->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, slow[1]), 0);
}

/* A worker finds it soon after the last one. */
static void one_task(struct kunit *test, struct wpool *pool)
{
	u64 completed = wpt_stat(pool, WPOOL_STAT_COMPLETED);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &wpt_jobs(test, 1, NULL)->task), 0);
	WPT_ASSERT_STAT(test, pool, COMPLETED, completed + 1);
}

/* 143: workers spin from then on, if it pays */
static void sysfs_spin(struct kunit *test)
{
	struct wpool *pool;
	unsigned int i;

	if (num_online_cpus() == 1)
		kunit_skip(test, "needs two CPUs: on one nobody spins");
	pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	for (i = 0; i < 20; i++)
		one_task(test, pool);
	WPT_EXPECT_STAT(test, pool, SPINS, 0);
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "spin_us", "50000"), 0);
	for (i = 0; i < 500 && !wpt_stat(pool, WPOOL_STAT_SPINS); i++)
		one_task(test, pool);
	KUNIT_EXPECT_GE(test, wpt_stat(pool, WPOOL_STAT_SPINS), 1);
}

/* 145: an ordered pool stays one, and a real-time thread has no niceness */
static void sysfs_read_only(struct kunit *test)
{
	struct wpool *ordered = wpt_pool(test, &(struct wpool_attrs) { .flags = WPOOL_ORDERED });
	struct wpool *fifo = wpt_pool(test, &(struct wpool_attrs) {
		.policy = SCHED_FIFO, .rt_priority = 2 });

	KUNIT_EXPECT_STREQ(test, sysfs_read(test, ordered, "capacity"), "1");
	KUNIT_EXPECT_EQ(test, sysfs_write(ordered, "capacity", "1"), -EACCES);
	KUNIT_EXPECT_EQ(test, sysfs_write(ordered, "nice", "1"), 0);
	KUNIT_EXPECT_STREQ(test, sysfs_read(test, fifo, "nice"), "0");
	KUNIT_EXPECT_EQ(test, sysfs_write(fifo, "nice", "1"), -EACCES);
	KUNIT_EXPECT_EQ(test, sysfs_write(fifo, "capacity", "1"), 0);
}

static struct kunit_case sysfs_cases[] = {
	KUNIT_CASE_PARAM(sysfs_setting, setting_gen_params),
	KUNIT_CASE(sysfs_capacity),
	KUNIT_CASE(sysfs_nice),
	KUNIT_CASE(sysfs_nice_of_many),
	KUNIT_CASE(sysfs_nice_of_new),
	KUNIT_CASE(sysfs_cpumask),
	KUNIT_CASE(sysfs_cpumask_of_dead),
	KUNIT_CASE(sysfs_idle_timeout),
	KUNIT_CASE(sysfs_watchdog),
	KUNIT_CASE(sysfs_spin),
	KUNIT_CASE(sysfs_read_only),
	{}
};

static struct kunit_suite sysfs_suite = {
	.name = "wpool_sysfs",
	.init = sysfs_settings_begin,
	.exit = wpt_exit,
	.test_cases = sysfs_cases,
};

kunit_test_suite(sysfs_suite);
