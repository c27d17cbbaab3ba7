// SPDX-License-Identifier: GPL-2.0
/*
 * Where workers run, as CPUs of their mask go and come.
 */
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/version.h>
#include "hotplug_scene.h"
#include "sysfs_scene.h"

static int mask_init(struct kunit *test)
{
	return hotplug_init(test, "wpool_cpus_mask");
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
static void mask_kept(struct kunit *test)
{
	enum meanwhile meanwhile = *(const enum meanwhile *)test->param_value;
	struct wpt_job *hold;
	struct wpool *pool;
	int i, where;

	hotplug_needed(test);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = WORKERS, .flags = WPOOL_PREALLOC, .cpumask = cpumask_of(hotplug.cpu),
	});
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, hotplug_where, NULL), hotplug.cpu);
	hold = wpt_hold(test, pool, WORKERS);
	if (meanwhile != IN_A_TASK)
		wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, hotplug_change(true), 0);
	if (meanwhile == BUSY) {
		where = wpt_run(test, pool, hotplug_where, NULL);
		KUNIT_EXPECT_NE(test, where, hotplug.cpu);
		wpt_open(wpt_hold(test, pool, WORKERS)->gate);
	}
	KUNIT_ASSERT_EQ(test, hotplug_change(false), 0);
	wpt_open(hold->gate);
	/* by each of the workers */
	for (i = WORKERS - 1; i >= 0; i--) {
		KUNIT_EXPECT_EQ(test, wpt_run(test, pool, hotplug_where, NULL), hotplug.cpu);
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

	chain->kept[i] = cpumask_equal(&current->cpus_mask, cpumask_of(hotplug.cpu));
	if (i == AWAY) {
		complete(&chain->steps[0]);
		wait_for_completion(&chain->gates[0]->opened);
		complete(&chain->steps[1]);
		wait_for_completion(&chain->gates[1]->opened);
	}
	return i + 1 < LINKS ? wpool_schedule(wpool_current(), &chain->tasks[i + 1]) : 0;
}

/* 69: a worker that takes one task of a chain after the other goes back with the next one */
static void mask_kept_in_chain(struct kunit *test)
{
	struct chain *chain = wpt_alloc(test, sizeof(*chain));
	struct wpool *pool;
	unsigned int i;

	hotplug_needed(test);
	for (i = 0; i < 2; i++) {
		chain->gates[i] = wpt_gate(test);
		init_completion(&chain->steps[i]);
	}
	for (i = 0; i < LINKS; i++)
		wpool_task_init(&chain->tasks[i], run_link, chain);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = cpumask_of(hotplug.cpu),
	});
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &chain->tasks[0]), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&chain->steps[0], WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, hotplug_change(true), 0);
	/* It runs elsewhere, and loses its mask by that. */
	wpt_open(chain->gates[0]);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&chain->steps[1], WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, hotplug_change(false), 0);
	wpt_open(chain->gates[1]);
	WPT_ASSERT_STAT(test, pool, COMPLETED, LINKS);
	for (i = 0; i < LINKS; i++)
		KUNIT_EXPECT_TRUE(test, chain->kept[i]);
}

#define BATCH		10

/* Tasks of which the first three are long; the first two while the CPU goes and comes back. */
struct batch {
	struct batch_task {
		struct wpool_task	task;
		struct batch		*batch;
		bool			kept;	/* as in a chain */
	} tasks[BATCH];
	struct completion	begun[3], moved[2];
	struct wpt_gate		*away, *gates[3];
};

static int run_batched(void *arg)
{
	struct batch_task *task = arg;
	struct batch *batch = task->batch;
	unsigned int i = task - batch->tasks;

	task->kept = cpumask_equal(&current->cpus_mask, cpumask_of(hotplug.cpu));
	if (i >= ARRAY_SIZE(batch->begun))
		return 0;
	complete(&batch->begun[i]);
	wait_for_completion(&batch->away->opened);
	if (i < ARRAY_SIZE(batch->moved))
		complete(&batch->moved[i]);
	wait_for_completion(&batch->gates[i]->opened);
	return 0;
}

static void batch_init(struct kunit *test, struct batch *batch)
{
	unsigned int i;

	batch->away = wpt_gate(test);
	for (i = 0; i < ARRAY_SIZE(batch->gates); i++) {
		batch->gates[i] = wpt_gate(test);
		init_completion(&batch->begun[i]);
	}
	for (i = 0; i < ARRAY_SIZE(batch->moved); i++)
		init_completion(&batch->moved[i]);
	for (i = 0; i < BATCH; i++) {
		batch->tasks[i].batch = batch;
		wpool_task_init(&batch->tasks[i].task, run_batched, &batch->tasks[i]);
	}
}

/* Tasks of the batch that wait behind those that run. */
static void batch_add(struct kunit *test, struct wpool *pool, struct batch *batch,
		      unsigned int from, unsigned int to)
{
	for (; from < to; from++)
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &batch->tasks[from].task), 0);
}

static void batch_await(struct kunit *test, struct completion *steps, unsigned int n)
{
	while (n--)
		KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&steps[n], WPT_LIMIT), 0);
}

/* 69: so does one that took its task from a batch, though another worker has come by since */
static void mask_kept_in_batch(struct kunit *test)
{
	struct batch *batch = wpt_alloc(test, sizeof(*batch));
	struct wpt_job *hold;
	struct wpool *pool;
	unsigned int i;

	hotplug_needed(test);
	batch_init(test, batch);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = WORKERS, .flags = WPOOL_PREALLOC, .cpumask = cpumask_of(hotplug.cpu),
	});
	hold = wpt_hold(test, pool, WORKERS);
	batch_add(test, pool, batch, 0, BATCH / 2);
	wpt_open(hold->gate);
	batch_await(test, batch->begun, 2);
	KUNIT_ASSERT_EQ(test, hotplug_change(true), 0);
	/* Both run elsewhere, and lose their mask by that. */
	wpt_open(batch->away);
	batch_await(test, batch->moved, 2);
	KUNIT_ASSERT_EQ(test, hotplug_change(false), 0);
	batch_add(test, pool, batch, BATCH / 2, BATCH);
	/* One of them takes the third, and is busy; the other takes all that follow. */
	wpt_open(batch->gates[0]);
	batch_await(test, &batch->begun[2], 1);
	wpt_open(batch->gates[1]);
	WPT_ASSERT_STAT(test, pool, COMPLETED, WORKERS + BATCH - 1);
	for (i = 0; i < BATCH; i++)
		KUNIT_EXPECT_TRUE(test, batch->tasks[i].kept);
	wpt_open(batch->gates[2]);
}

static int run_may_be_there(void *arg)
{
	return cpumask_test_cpu(hotplug.cpu, &current->cpus_mask);
}

/* 69: also if the pool was made while none of them was online but one of the mask */
static void mask_grows(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));
	struct wpool *pool;
	int i, seen = 0;

	hotplug_needed(test);
	cpumask_set_cpu(0, mask);
	cpumask_set_cpu(hotplug.cpu, mask);
	KUNIT_ASSERT_EQ(test, hotplug_change(true), 0);
	pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1, .cpumask = mask });
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, hotplug_where, NULL), 0);
	KUNIT_ASSERT_EQ(test, hotplug_change(false), 0);
	for (i = 0; i < 20; i++) {
		int where = wpt_run(test, pool, hotplug_where, NULL);

		seen += !cpumask_test_cpu(where, mask);
	}
	KUNIT_EXPECT_EQ(test, seen, 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_may_be_there, NULL), 1);
}

/* 176: a pool of a node: its CPUs may be offline as it is made, and come later */
static void mask_of_node_grows(struct kunit *test)
{
	struct wpool *pool;

	hotplug_needed(test);
	KUNIT_ASSERT_EQ(test, hotplug_change(true), 0);
	pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .node = WPOOL_NODE(cpu_to_node(hotplug.cpu)),
	});
	KUNIT_EXPECT_GE(test, wpt_run(test, pool, run_may_be_there, NULL), 0);
	KUNIT_ASSERT_EQ(test, hotplug_change(false), 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, run_may_be_there, NULL), 1);
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

	if (hotplug.online < 2 || hotplug.cpu > 31 || !sysfs_is_there(pool, "cpumask"))
		kunit_skip(test, "needs two CPUs, no more than 32, and a mounted sysfs");
	cpumask_set_cpu(0, mask);
	cpumask_set_cpu(hotplug.cpu, mask);
	snprintf(text, sizeof(text), "%lx", BIT(0) | BIT(hotplug.cpu));
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
static void mask_of_user(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));
	struct cpumask *seen = wpt_alloc(test, sizeof(*seen));
	struct wpool *pool = pool_of_two(test, mask);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		unsigned int cpu = i % 2 ? 0 : hotplug.cpu;

		taskset(test, pool, cpu);
		KUNIT_ASSERT_EQ(test, wpt_run(test, pool, hotplug_mask, seen), 0);
		/* older kernels forget it when the worker moves */
		if (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0))
			KUNIT_EXPECT_TRUE(test, cpumask_equal(seen, cpumask_of(cpu)));
		else
			KUNIT_EXPECT_TRUE(test, cpumask_equal(seen, mask));
	}
}

/* 69: and has all of its mask again when the kernel has forgotten that, as the CPU went */
static void mask_of_user_ends(struct kunit *test)
{
	struct cpumask *mask = wpt_alloc(test, sizeof(*mask));
	struct cpumask *seen = wpt_alloc(test, sizeof(*seen));
	struct wpool *pool;

	hotplug_needed(test);
	pool = pool_of_two(test, mask);
	taskset(test, pool, hotplug.cpu);
	KUNIT_ASSERT_EQ(test, wpt_run(test, pool, hotplug_mask, seen), 0);
	KUNIT_ASSERT_EQ(test, hotplug_change(true), 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, hotplug_where, NULL), 0);
	KUNIT_ASSERT_EQ(test, wpt_run(test, pool, hotplug_mask, seen), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(seen, mask));
	KUNIT_ASSERT_EQ(test, hotplug_change(false), 0);
	KUNIT_ASSERT_EQ(test, wpt_run(test, pool, hotplug_mask, seen), 0);
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
		going.err = wpool_run_timeout(going.pool, run_allowed, NULL,
					      WPT_LIMIT, NULL);
		return -EBUSY;
	}
	died = wpool_run_timeout(going.pool, wpt_die, NULL, WPT_LIMIT, NULL);
	going.err = died != -EOWNERDEAD ? died :
		    wpool_run_timeout(going.pool, run_allowed, NULL,
				      WPT_LIMIT, NULL);
	return 0;
}

/*
 * 69: a worker that begins while the only CPU of its mask is going is no thread on a wrong CPU.
 * (From 7.0 on the kernel sees to that.)
 */
static void mask_going(struct kunit *test)
{
	int state;

	hotplug_needed(test);
	going.err = -ENODATA;
	going.vetoed = false;
	going.pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = cpumask_of(hotplug.cpu),
	});
	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "wpool:test", NULL, cpu_going);
	KUNIT_ASSERT_GT(test, state, 0);
	KUNIT_EXPECT_EQ(test, hotplug_change(true), 0);
	cpuhp_remove_state_nocalls(state);
	KUNIT_EXPECT_EQ(test, going.err, 0);
	KUNIT_EXPECT_TRUE(test, going.allowed);
	KUNIT_ASSERT_EQ(test, hotplug_change(false), 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, going.pool, hotplug_where, NULL), hotplug.cpu);
}

/*
 * 69: the only CPU of a worker's mask is going, and stays: so does the worker, or it comes back.
 * (Before 7.0; from then on the kernel sees to the CPUs, and loses them so.)
 */
static void mask_vetoed(struct kunit *test)
{
	int state;

	hotplug_needed(test);
	if (LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0))
		kunit_skip(test, "the kernel sees to the CPUs of its threads");
	going.err = -ENODATA;
	going.vetoed = true;
	going.pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = cpumask_of(hotplug.cpu),
	});
	KUNIT_ASSERT_EQ(test, wpt_run(test, going.pool, hotplug_where, NULL), hotplug.cpu);
	state = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "wpool:test", NULL, cpu_going);
	KUNIT_ASSERT_GT(test, state, 0);
	KUNIT_EXPECT_EQ(test, hotplug_change(true), -EBUSY);
	cpuhp_remove_state_nocalls(state);
	KUNIT_EXPECT_EQ(test, going.err, 0);
	KUNIT_EXPECT_EQ(test, wpt_run(test, going.pool, hotplug_where, NULL), hotplug.cpu);
}
#endif

static int call_mask(struct wpt_thread *self)
{
	return hotplug_mask(self->arg);
}

/* Without CPUs in the attributes workers may run where any other kthread may. */
static void mask_unasked(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct cpumask *workers = wpt_alloc(test, sizeof(*workers));
	struct cpumask *others = wpt_alloc(test, sizeof(*others));

	/* older kernels do not do it by themselves */
	if (HK_TYPE_KTHREAD != HK_TYPE_DOMAIN && housekeeping_enabled(HK_TYPE_DOMAIN))
		kunit_skip(test, "CPUs are isolated");
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, hotplug_mask, workers), 0);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_mask, NULL, others), 0);
	KUNIT_EXPECT_TRUE(test, cpumask_equal(workers, others));
}

static struct kunit_case mask_cases[] = {
	KUNIT_CASE_PARAM(mask_kept, meanwhile_gen_params),
	KUNIT_CASE(mask_kept_in_chain),
	KUNIT_CASE(mask_kept_in_batch),
	KUNIT_CASE(mask_grows),
	KUNIT_CASE(mask_of_node_grows),
	KUNIT_CASE(mask_of_user),
	KUNIT_CASE(mask_of_user_ends),
#ifdef CONFIG_HOTPLUG_CPU
	KUNIT_CASE(mask_going),
	KUNIT_CASE(mask_vetoed),
#endif
	KUNIT_CASE(mask_unasked),
	{}
};

static struct kunit_suite mask_suite = {
	.name = "wpool_cpus_mask",
	.init = mask_init,
	.exit = hotplug_exit,
	.test_cases = mask_cases,
};

kunit_test_suite(mask_suite);
