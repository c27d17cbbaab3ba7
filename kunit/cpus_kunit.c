// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that go and come: how many workers a pool may have then, and where they run.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/version.h>
#include "sysfs_scene.h"

/* The one that goes: the last of those that were online when the test began. */
struct cpus {
	unsigned int	cpu;
	unsigned int	online;
	bool		gone;
};

static struct cpus cpus;

static int cpus_init(struct kunit *test)
{
	int err = wpt_init(test, "wpool_cpus");

	if (err)
		return err;
	cpus.cpu = cpumask_last(cpu_online_mask);
	cpus.online = num_online_cpus();
	cpus.gone = false;
	return 0;
}

/* Bring the CPU, or take it away. The machine is in motion for some milliseconds. */
static int cpus_change(bool gone)
{
	int err = -EOPNOTSUPP;

	if (cpus.gone == gone)
		return 0;
#ifdef CONFIG_HOTPLUG_CPU
	err = gone ? remove_cpu(cpus.cpu) : add_cpu(cpus.cpu);
#endif
	if (!err)
		cpus.gone = gone;
	return err;
}

static void cpus_exit(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, cpus_change(false), 0);
	wpt_exit(test);
}

static void needs_hotplug(struct kunit *test)
{
	if (!IS_ENABLED(CONFIG_HOTPLUG_CPU) || cpus.online < 2)
		kunit_skip(test, "needs CONFIG_HOTPLUG_CPU and two CPUs");
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
	KUNIT_ASSERT_EQ(test, cpus_change(gone), 0);
	KUNIT_ASSERT_EQ(test, wpt_call(test, call_restart, pool, NULL), 0);
}

/* 59, 69: one that goes or comes while the pool is closed counts when it opens again */
static void cpus_while_closed(struct kunit *test)
{
	struct wpool *pool;

	needs_hotplug(test);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity_percent = 200, .flags = WPOOL_PREALLOC,
	});
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * cpus.online);
	restart_with(test, pool, true);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * (cpus.online - 1));
	WPT_EXPECT_STAT(test, pool, WORKERS, 2 * (cpus.online - 1));
	restart_with(test, pool, false);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * cpus.online);
	WPT_EXPECT_STAT(test, pool, WORKERS, 2 * cpus.online);
	/* and it follows again */
	KUNIT_ASSERT_EQ(test, cpus_change(true), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 2 * (cpus.online - 1));
}

static int call_go_and_come(struct wpt_thread *self)
{
	struct wpt_gate *end = self->arg;
	int err = 0;

	while (!err && !completion_done(&end->opened))
		err = cpus_change(!cpus.gone);
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

	needs_hotplug(test);
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

static int run_where(void *arg)
{
	return raw_smp_processor_id();
}

/* What each worker is doing while its only CPU is away. */
enum meanwhile { IDLE, BUSY, IN_A_TASK };

static const enum meanwhile meanwhile_cases[] = { IDLE, BUSY, IN_A_TASK };

static void meanwhile_name(const enum meanwhile *meanwhile, char *desc)
{
	static const char * const names[] = { "idle", "at work", "in one task" };

	strscpy(desc, names[*meanwhile], KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(meanwhile, meanwhile_cases, meanwhile_name);

#define WORKERS		2

/* 69: workers go back to the CPUs that they were given when those come back */
static void cpus_mask_kept(struct kunit *test)
{
	enum meanwhile meanwhile = *(const enum meanwhile *)test->param_value;
	struct wpt_job *hold;
	struct wpool *pool;
	int i, where;

	needs_hotplug(test);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = WORKERS, .flags = WPOOL_PREALLOC, .cpumask = cpumask_of(cpus.cpu),
	});
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_where, NULL), cpus.cpu);
	hold = wpt_hold(test, pool, WORKERS);
	if (meanwhile != IN_A_TASK)
		wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, cpus_change(true), 0);
	if (meanwhile == BUSY) {
		where = wpt_run(test, pool, run_where, NULL);
		KUNIT_EXPECT_NE(test, where, cpus.cpu);
		wpt_open(wpt_hold(test, pool, WORKERS)->gate);
	}
	KUNIT_ASSERT_EQ(test, cpus_change(false), 0);
	wpt_open(hold->gate);
	/* by each of the workers */
	for (i = WORKERS - 1; i >= 0; i--) {
		KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_where, NULL), cpus.cpu);
		if (i)
			wpt_hold(test, pool, 1);
	}
	WPT_EXPECT_STAT(test, pool, CREATED, WORKERS);
}

#define LINKS		20
#define AWAY		10	/* the link in which the CPU goes and comes back */

/* A chain of tasks, each of which submits the next one. */
struct chain {
	struct wpool_task	tasks[LINKS];
	bool			kept[LINKS];	/* its worker had to be on that CPU as it began */
	unsigned int		begun;
	struct completion	steps[2];
	struct wpt_gate		*gates[2];	/* opened while it is away, and when it is back */
};

static int run_link(void *arg)
{
	struct chain *chain = arg;
	unsigned int i = chain->begun++;

	chain->kept[i] = cpumask_equal(&current->cpus_mask, cpumask_of(cpus.cpu));
	if (i == AWAY) {
		complete(&chain->steps[0]);
		wait_for_completion(&chain->gates[0]->opened);
		complete(&chain->steps[1]);
		wait_for_completion(&chain->gates[1]->opened);
	}
	return i + 1 < LINKS ? wpool_schedule(wpool_current(), &chain->tasks[i + 1]) : 0;
}

/* 69: a worker that takes one task of a chain after the other goes back with the next one */
static void cpus_mask_kept_in_chain(struct kunit *test)
{
	struct chain *chain = wpt_alloc(test, sizeof(*chain));
	struct wpool *pool;
	unsigned int i;

	needs_hotplug(test);
	for (i = 0; i < 2; i++) {
		chain->gates[i] = wpt_gate(test);
		init_completion(&chain->steps[i]);
	}
	for (i = 0; i < LINKS; i++)
		wpool_task_init(&chain->tasks[i], run_link, chain);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = cpumask_of(cpus.cpu),
	});
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &chain->tasks[0]), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&chain->steps[0], WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, cpus_change(true), 0);
	/* It runs elsewhere, and loses its mask by that. */
	wpt_open(chain->gates[0]);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&chain->steps[1], WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, cpus_change(false), 0);
	wpt_open(chain->gates[1]);
	WPT_ASSERT_STAT(test, pool, COMPLETED, LINKS);
	for (i = 0; i < LINKS; i++)
		KUNIT_EXPECT_TRUE(test, chain->kept[i]);
}

static int run_may_be_there(void *arg)
{
	return cpumask_test_cpu(cpus.cpu, &current->cpus_mask);
}

/* 69: also if the pool was made while none of them was online but one of the mask */
static void cpus_mask_grows(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));
	struct wpool *pool;
	int i, seen = 0;

	needs_hotplug(test);
	cpumask_set_cpu(0, mask);
	cpumask_set_cpu(cpus.cpu, mask);
	KUNIT_ASSERT_EQ(test, cpus_change(true), 0);
	pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1, .cpumask = mask });
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_where, NULL), 0);
	KUNIT_ASSERT_EQ(test, cpus_change(false), 0);
	for (i = 0; i < 20; i++) {
		int where = wpt_run(test, pool, run_where, NULL);

		seen += !cpumask_test_cpu(where, mask);
	}
	KUNIT_EXPECT_EQ(test, seen, 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_may_be_there, NULL), 1);
}

/* 176: a pool of a node: its CPUs may be offline as it is made, and come later */
static void cpus_node_grows(struct kunit *test)
{
	struct wpool *pool;

	needs_hotplug(test);
	KUNIT_ASSERT_EQ(test, cpus_change(true), 0);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .node = WPOOL_NODE(cpu_to_node(cpus.cpu)),
	});
	KUNIT_EXPECT_GE(test, wpt_run(test, pool, run_may_be_there, NULL), 0);
	KUNIT_ASSERT_EQ(test, cpus_change(false), 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_may_be_there, NULL), 1);
}

static int run_mask(void *arg)
{
	cpumask_copy(arg, current->cpus_ptr);
	return 0;
}

static int run_pid(void *arg)
{
	return task_pid_nr(current);
}

/* A pool of one worker, which an administrator has given two CPUs. The first is there to stay. */
static struct wpool *pool_of_two(struct kunit *test, struct cpumask *mask)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .flags = WPOOL_PREALLOC,
	});
	char text[20];

	if (cpus.online < 2 || cpus.cpu > 31 || !sysfs_is_there(pool, "cpumask"))
		kunit_skip(test, "needs two CPUs, no more than 32, and a mounted sysfs");
	cpumask_set_cpu(0, mask);
	cpumask_set_cpu(cpus.cpu, mask);
	snprintf(text, sizeof(text), "%lx", BIT(0) | BIT(cpus.cpu));
	KUNIT_ASSERT_EQ(test, sysfs_write(pool, "cpumask", text), 0);
	return pool;
}

/* A user gives the worker one CPU. A module cannot call sched_setaffinity(). */
static void taskset(struct kunit *test, struct wpool *pool, unsigned int cpu)
{
	char script[80];

	snprintf(script, sizeof(script), "taskset -p %lx %d >/dev/null", BIT(cpu),
		 wpt_run(test, pool, run_pid, NULL));
	if (wpt_shell(script))
		kunit_skip(test, "needs a shell that has taskset");
}

/* 69: a worker that a user has given less than its mask goes on, where both allow */
static void cpus_mask_of_user(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));
	struct cpumask *seen = wpt_alloc(test, sizeof(*seen));
	struct wpool *pool = pool_of_two(test, mask);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		unsigned int cpu = i % 2 ? 0 : cpus.cpu;

		taskset(test, pool, cpu);
		KUNIT_ASSERT_EQ(test, wpt_run(test, pool, run_mask, seen), 0);
		/* older kernels forget it when the worker moves */
		if (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0))
			KUNIT_EXPECT_TRUE(test, cpumask_equal(seen, cpumask_of(cpu)));
		else
			KUNIT_EXPECT_TRUE(test, cpumask_equal(seen, mask));
	}
}

/* 69: and has all of its mask again when the kernel has forgotten that, as the CPU went */
static void cpus_mask_of_user_ends(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));
	struct cpumask *seen = wpt_alloc(test, sizeof(*seen));
	struct wpool *pool;

	needs_hotplug(test);
	pool = pool_of_two(test, mask);
	taskset(test, pool, cpus.cpu);
	KUNIT_ASSERT_EQ(test, wpt_run(test, pool, run_mask, seen), 0);
	KUNIT_ASSERT_EQ(test, cpus_change(true), 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_where, NULL), 0);
	KUNIT_ASSERT_EQ(test, wpt_run(test, pool, run_mask, seen), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(seen, mask));
	KUNIT_ASSERT_EQ(test, cpus_change(false), 0);
	KUNIT_ASSERT_EQ(test, wpt_run(test, pool, run_mask, seen), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(seen, mask));
}

#ifdef CONFIG_HOTPLUG_CPU
/* What a task finds that is run while a CPU is going. */
static struct {
	struct wpool	*pool;
	int		err;
	bool		allowed;	/* its worker is where its mask allows */
	bool		vetoed;
} going;

static int run_allowed(void *arg)
{
	going.allowed = cpumask_test_cpu(raw_smp_processor_id(), &current->cpus_mask);
	return 0;
}

static int cpu_going(unsigned int cpu)
{
	int died;

	if (going.vetoed) {
		going.err = wpool_run_timeout(going.pool, run_allowed, NULL, WPT_LIMIT);
		return -EBUSY;
	}
	died = wpool_run_timeout(going.pool, wpt_die, NULL, WPT_LIMIT);
	going.err = died != -EOWNERDEAD ? died :
		    wpool_run_timeout(going.pool, run_allowed, NULL, WPT_LIMIT);
	return 0;
}

/*
 * 69: a worker that begins while the only CPU of its mask is going is no thread on a wrong CPU.
 * (From 7.0 on the kernel sees to that.)
 */
static void cpus_mask_going(struct kunit *test)
{
	int state;

	needs_hotplug(test);
	going.err = -ENODATA;
	going.vetoed = false;
	going.pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = cpumask_of(cpus.cpu),
	});
	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "wpool:test", NULL, cpu_going);
	KUNIT_ASSERT_GT(test, state, 0);
	KUNIT_EXPECT_EQ(test, cpus_change(true), 0);
	cpuhp_remove_state_nocalls(state);
	KUNIT_EXPECT_EQ(test, going.err, 0);
	KUNIT_EXPECT_TRUE(test, going.allowed);
	KUNIT_ASSERT_EQ(test, cpus_change(false), 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, going.pool, run_where, NULL), cpus.cpu);
}

/*
 * 69: the only CPU of a worker's mask is going, and stays: so does the worker, or it comes back.
 * (Before 7.0; from then on the kernel sees to the CPUs, and loses them so.)
 */
static void cpus_mask_vetoed(struct kunit *test)
{
	int state;

	needs_hotplug(test);
	if (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0))
		kunit_skip(test, "the kernel sees to the CPUs of its threads");
	going.err = -ENODATA;
	going.vetoed = true;
	going.pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = cpumask_of(cpus.cpu),
	});
	KUNIT_ASSERT_EQ(test, wpt_run(test, going.pool, run_where, NULL), cpus.cpu);
	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "wpool:test", NULL, cpu_going);
	KUNIT_ASSERT_GT(test, state, 0);
	KUNIT_EXPECT_EQ(test, cpus_change(true), -EBUSY);
	cpuhp_remove_state_nocalls(state);
	KUNIT_EXPECT_EQ(test, going.err, 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, going.pool, run_where, NULL), cpus.cpu);
}
#endif

static int call_mask(struct wpt_thread *self)
{
	return run_mask(self->arg);
}

/* Without CPUs in the attributes workers may run where any other kthread may. */
static void cpus_unasked(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct cpumask *workers = wpt_alloc(test, sizeof(*workers));
	struct cpumask *others = wpt_alloc(test, sizeof(*others));

	/* older kernels do not do it by themselves */
	if (HK_TYPE_KTHREAD != HK_TYPE_DOMAIN && housekeeping_enabled(HK_TYPE_DOMAIN))
		kunit_skip(test, "CPUs are isolated");
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_mask, workers), 0);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_mask, NULL, others), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(workers, others));
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
	int i, err;

	needs_hotplug(test);
	KUNIT_ASSERT_EQ(test, cpus_change(true), 0);
	by->set = make_by_cpu(test, 0);
	by->n = nr_cpu_ids;
	by->cpu = cpus.cpu;
	for (i = 0; i < 2; i++) {
		err = cpus_change(false);
		KUNIT_EXPECT_EQ(test, err, 0);
		KUNIT_EXPECT_EQ(test, wpt_call(test, call_submit_from, NULL, by), 0);
		err = cpus_change(true);
		KUNIT_EXPECT_EQ(test, err, 0);
		/* Its pool goes on without it. */
		KUNIT_EXPECT_NE(test, wpool_run(wpool_set_nth(by->set, cpus.cpu), run_where, NULL),
				cpus.cpu);
	}
	KUNIT_EXPECT_EQ(test, wpool_set_destroy(by->set), 0);
}

static struct kunit_case cpus_cases[] = {
	KUNIT_CASE(cpus_while_closed),
	KUNIT_CASE(cpus_while_created),
	KUNIT_CASE_PARAM(cpus_mask_kept, meanwhile_gen_params),
	KUNIT_CASE(cpus_mask_kept_in_chain),
	KUNIT_CASE(cpus_mask_grows),
	KUNIT_CASE(cpus_node_grows),
	KUNIT_CASE(cpus_mask_of_user),
	KUNIT_CASE(cpus_mask_of_user_ends),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE(cpus_mask_going),
	KUNIT_CASE(cpus_mask_vetoed),
#endif
	KUNIT_CASE(cpus_unasked),
	KUNIT_CASE_PARAM(cpus_rule, by_cpu_gen_params),
	KUNIT_CASE(cpus_rule_follows),
	{}
};

static struct kunit_suite cpus_suite = {
	.name = "wpool_cpus",
	.init = cpus_init,
	.exit = cpus_exit,
	.test_cases = cpus_cases,
};

kunit_test_suite(cpus_suite);
