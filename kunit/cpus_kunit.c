// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that go and come: how many workers a pool may have then, and which pool of a set runs what a
 * CPU submits.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/sched.h>
#include "hotplug_scene.h"

static int cpus_init(struct kunit *test)
{
	return hotplug_init(test, "wpool_cpus");
}

static int call_restart(struct wpt_thread *self)
{
	return wpool_restart(self->pool);
}

/* Closes the pool, lets the CPU go or come, and opens it again. */
static void restart_with(struct kunit *test, struct wpool *pool, bool gone)
{
	wpool_shutdown(pool);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, hotplug_change(gone), 0);
	KUNIT_ASSERT_EQ(test, wpt_call(test, call_restart, pool, NULL), 0);
}

/* 59, 69: one that goes or comes while the pool is closed counts when it opens again */
static void cpus_while_closed(struct kunit *test)
{
	struct wpool *pool;

	hotplug_needed(test);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity_percent = 200, .flags = WPOOL_PREALLOC,
	});
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * hotplug.online);
	restart_with(test, pool, true);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * (hotplug.online - 1));
	WPT_EXPECT_STAT(test, pool, WORKERS, 2 * (hotplug.online - 1));
	restart_with(test, pool, false);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * hotplug.online);
	WPT_EXPECT_STAT(test, pool, WORKERS, 2 * hotplug.online);
	/* and it follows again */
	KUNIT_ASSERT_EQ(test, hotplug_change(true), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * (hotplug.online - 1));
}

static int call_go_and_come(struct wpt_thread *self)
{
	struct wpt_gate *end = self->arg;
	int err = 0;

	while (!err && !completion_done(&end->opened))
		err = hotplug_change(!hotplug.gone);
	return err;
}

/* 69: nor is one missed that goes or comes while the pool is being created */
static void cpus_while_created(struct kunit *test)
{
	/* Some 20 workers, and one more or less for a CPU at least. */
	const unsigned int percent = max(2000 / num_online_cpus(), 100U), rounds = 30;
	struct wpt_gate *end = wpt_gate(test);
	struct wpt_thread *thread;
	unsigned int i, wrong = 0;

	hotplug_needed(test);
	thread = wpt_thread(test, call_go_and_come, NULL, NULL, end);
	for (i = 0; i < rounds; i++) {
		struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
			.capacity_percent = percent, .flags = WPOOL_PREALLOC,
		});

		/* Nothing is in motion now, and all waiters are woken. */
		cpus_read_lock();
		wrong += wpt_stat(pool, WPOOL_STAT_CAPACITY) !=
			 DIV_ROUND_UP(num_online_cpus() * percent, 100);
		cpus_read_unlock();
		wpt_destroy(test, pool);
	}
	wpt_open(end);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

#define TASKS_OF_CPU	10

/* What a set with WPOOL_RULE_CPU is looked at from. */
struct by_cpu {
	struct wpool_set	*set;
	unsigned int		n;	/* pools */
	unsigned int		cpu;	/* of the submitter */
};

static bool shares_pool(const struct by_cpu *by, unsigned int cpu)
{
	return cpu % by->n == by->cpu % by->n;
}

/* Return: how wrong it is here, and on how many CPUs this thread might be wrongly. */
static int run_by_cpu(void *arg)
{
	const struct by_cpu *by = arg;
	int cpu, wrong = !shares_pool(by, raw_smp_processor_id());

	for_each_cpu(cpu, current->cpus_ptr)
		wrong += !shares_pool(by, cpu);
	return wrong;
}

/* Return: 0 if each task ran on the submitter's CPU, or one that has the same pool. */
static int call_submit_from(struct wpt_thread *self)
{
	struct by_cpu *by = self->arg;
	struct wpool_task task;
	int i, err;

	err = set_cpus_allowed_ptr(current, cpumask_of(by->cpu));
	wpool_task_init(&task, run_by_cpu, by);
	for (i = 0; i < TASKS_OF_CPU && !err; i++)
		err = wpool_set_schedule(by->set, &task, 0) ?: wpool_wait(&task);
	return err;
}

static struct wpool_set *make_by_cpu(struct kunit *test, unsigned int n)
{
	char name[WPOOL_NAME_MAX + 1];
	struct wpool_set *set;

	wpt_name(test, name, sizeof(name));
	set = wpool_set_create(name, &(struct wpool_attrs) { .capacity = 2 }, n, WPOOL_RULE_CPU);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, set);
	return set;
}

static const unsigned int by_cpu_cases[] = { 0, 1, 2, 3 };

static void by_cpu_name(const unsigned int *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u pools", *n);
}

KUNIT_ARRAY_PARAM(by_cpu, by_cpu_cases, by_cpu_name);

/* 163: what a CPU submits runs on it, or on one of those with the same pool */
static void cpus_rule(struct kunit *test)
{
	unsigned int n = *(const unsigned int *)test->param_value;
	struct by_cpu *by = wpt_alloc(test, sizeof(*by));

	by->set = make_by_cpu(test, n);
	by->n = n ?: nr_cpu_ids;
	for_each_online_cpu(by->cpu)
		KUNIT_EXPECT_EQ(test, wpt_call(test, call_submit_from, NULL, by), 0);
	KUNIT_EXPECT_EQ(test, wpool_set_destroy(by->set), 0);
}

/* 164: also of a CPU that comes when the set is there, has gone, and comes again */
static void cpus_rule_follows(struct kunit *test)
{
	struct by_cpu *by = wpt_alloc(test, sizeof(*by));
	struct wpool *pool;
	int i, err;

	hotplug_needed(test);
	KUNIT_ASSERT_EQ(test, hotplug_change(true), 0);
	by->set = make_by_cpu(test, 0);
	pool = wpool_set_nth(by->set, hotplug.cpu);
	by->n = nr_cpu_ids;
	by->cpu = hotplug.cpu;
	for (i = 0; i < 2; i++) {
		err = hotplug_change(false);
		KUNIT_EXPECT_EQ(test, err, 0);
		KUNIT_EXPECT_EQ(test, wpt_call(test, call_submit_from, NULL, by), 0);
		err = hotplug_change(true);
		KUNIT_EXPECT_EQ(test, err, 0);
		/* Its pool goes on without it. */
		KUNIT_EXPECT_NE(test, wpool_run(pool, hotplug_where, NULL), hotplug.cpu);
	}
	KUNIT_EXPECT_EQ(test, wpool_set_destroy(by->set), 0);
}

static struct kunit_case cpus_cases[] = {
	KUNIT_CASE(cpus_while_closed),
	KUNIT_CASE(cpus_while_created),
	KUNIT_CASE_PARAM(cpus_rule, by_cpu_gen_params),
	KUNIT_CASE(cpus_rule_follows),
	{}
};

static struct kunit_suite cpus_suite = {
	.name = "wpool_cpus",
	.init = cpus_init,
	.exit = hotplug_exit,
	.test_cases = cpus_cases,
};

kunit_test_suite(cpus_suite);
