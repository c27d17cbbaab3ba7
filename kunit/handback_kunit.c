// SPDX-License-Identifier: GPL-2.0
/*
 * What wpool_shutdown_now() hands back, and whose it is then.
 */
#include <linux/cpumask.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include "wpool_kunit.h"

static int handback_init(struct kunit *test)
{
	return wpt_init(test, "wpool_handback");
}

/* The only worker is inside a task, so that the next wait. */
static struct wpool *busy_pool(struct kunit *test, struct wpt_job **hold)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });

	*hold = wpt_hold(test, pool, 1);
	return pool;
}

/* Are the tasks of these jobs on the list, in this order, and no others? */
static bool list_is(struct list_head *list, struct wpt_job **jobs, unsigned int n)
{
	struct wpool_task *task;
	unsigned int i = 0;

	list_for_each_entry(task, list, node) {
		if (i == n || task != &jobs[i]->task)
			return false;
		i++;
	}
	return i == n;
}

/* 77: what somebody waits for is its waiter's: told, and not handed back */
static void handback_awaited(struct kunit *test)
{
	struct wpt_job *hold, *jobs = wpt_jobs(test, 3, NULL);
	struct wpool *pool = busy_pool(test, &hold);
	struct wpt_job *rest[] = { &jobs[0], &jobs[2] };
	struct wpt_thread *waiter;
	LIST_HEAD(unrun);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 3), 0);
	waiter = wpt_thread(test, wpt_call_wait, pool, &jobs[1], NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 3);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	KUNIT_EXPECT_TRUE(test, list_is(&unrun, rest, 2));
	wpt_open(hold->gate);
}

static int call_wait_and_free(struct wpt_thread *self)
{
	struct wpool_task *task = self->arg;
	int ret = wpool_wait(task);

	kfree(task);
	return ret;
}

/* 77: a waiter frees it while the call goes on: nothing is linked through it any more */
static void handback_waiters_free(struct kunit *test)
{
	struct wpt_job *hold, *jobs = wpt_jobs(test, 200, NULL);
	struct wpool *pool = busy_pool(test, &hold);
	struct wpt_thread *waiters[8];
	unsigned int i, listed = 0;
	struct wpool_task *task;
	LIST_HEAD(unrun);

	for (i = 0; i < 200; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
		if (i % 25)
			continue;
		task = kmalloc(sizeof(*task), GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
		wpool_task_init(task, wpt_run_job, hold);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, task), 0);
		waiters[i / 25] = wpt_thread(test, call_wait_and_free, pool, NULL, task);
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiters[i / 25]));
	}
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 208);
	for (i = 0; i < 8; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiters[i]), -ECANCELED);
	list_for_each_entry(task, &unrun, node)
		KUNIT_EXPECT_PTR_EQ(test, task, &jobs[listed++].task);
	KUNIT_EXPECT_EQ(test, listed, 200);
	wpt_open(hold->gate);
}

/* 77: nor is a task with a wait that timed out: its waiter may come again */
static void handback_given_up(struct kunit *test)
{
	struct wpt_job *hold, *jobs = wpt_jobs(test, 2, NULL);
	struct wpool *pool = busy_pool(test, &hold);
	struct wpt_job *rest[] = { &jobs[1] };
	LIST_HEAD(unrun);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&jobs[0].task, 1, NULL), -ETIMEDOUT);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 2);
	KUNIT_EXPECT_TRUE(test, list_is(&unrun, rest, 1));
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), -ECANCELED);
	wpt_open(hold->gate);
}

/* 77: of a submission that was waited for, the next one knows nothing */
static void handback_waited_before(struct kunit *test)
{
	struct wpt_job *hold, *job = wpt_jobs(test, 1, NULL);
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	unsigned int i;
	LIST_HEAD(unrun);

	for (i = 0; i < 2; i++) {
		hold = wpt_hold(test, pool, 1);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&job->task, 0, NULL), -ETIMEDOUT);
		if (i)
			KUNIT_EXPECT_TRUE(test, wpool_cancel(&job->task));
		wpt_open(hold->gate);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, job), i ? -ECANCELED : 0);
	}
	hold = wpt_hold(test, pool, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 1);
	KUNIT_EXPECT_TRUE(test, list_is(&unrun, &job, 1));
	wpt_open(hold->gate);
}

/* 77: a task in a group belongs to the group: it ends there, for the group's waiters */
static void handback_grouped(struct kunit *test)
{
	struct wpt_job *hold, *jobs = wpt_jobs(test, 3, NULL);
	struct wpool *pool = busy_pool(test, &hold);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *rest[] = { &jobs[0], &jobs[2] };
	LIST_HEAD(unrun);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[0].task), 0);
	wpt_group_schedule(test, group, pool, &jobs[1], 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[2].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 3);
	KUNIT_EXPECT_TRUE(test, list_is(&unrun, rest, 2));
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[1]), -ECANCELED);
	wpt_open(hold->gate);
}

/* How a thread submits a task that lies on its stack. */
struct way {
	const char	*name;
	int		(*submit)(struct wpool *pool, struct wpool_task *task);
};

static int submit_try(struct wpool *pool, struct wpool_task *task)
{
	return wpool_try_schedule(pool, task);
}

static int submit_timeout(struct wpool *pool, struct wpool_task *task)
{
	return wpool_schedule_timeout(pool, task, WPT_LIMIT);
}

static int submit_batch(struct wpool *pool, struct wpool_task *task)
{
	return wpool_schedule_batch(pool, &task, 1) == 1 ? 0 : -EIO;
}

static const struct way ways[] = {
	{ "wpool_schedule()", wpool_schedule },
	{ "wpool_try_schedule()", submit_try },
	{ "wpool_schedule_timeout()", submit_timeout },
	{ "wpool_schedule_batch()", submit_batch },
};

static void way_name(const struct way *way, char *desc)
{
	strscpy(desc, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_name);

struct stack_call {
	const struct way	*way;
	struct wpt_gate		*gate;
	struct completion	submitted;
	struct list_head	*node;
	int			error;
};

static int call_with_stack_task(struct wpt_thread *self)
{
	struct stack_call *call = self->arg;
	struct wpool_task task;

	wpool_task_init(&task, wpt_run_job, self->job);
	call->node = &task.node;
	call->error = call->way->submit(self->pool, &task);
	complete_all(&call->submitted);
	/* It does something else first: nobody waits for the task yet. */
	wait_for_completion(&call->gate->opened);
	return call->error ?: wpool_wait(&task);
}

/* 77: what lies on its submitter's stack is not handed to somebody else */
static void handback_on_stack(struct kunit *test)
{
	struct wpt_job *hold, *jobs = wpt_jobs(test, 100, NULL);
	struct wpool *pool = busy_pool(test, &hold);
	struct stack_call *call = wpt_alloc(test, sizeof(*call));
	unsigned int i = 0, listed = 0;
	struct wpt_thread *thread;
	struct list_head *node;
	LIST_HEAD(unrun);

	call->way = test->param_value;
	call->gate = wpt_gate(test);
	init_completion(&call->submitted);
	/* So many that tasks may be accepted without the pool's lock. */
	for (; i < 50; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
	thread = wpt_thread(test, call_with_stack_task, pool, &jobs[0], call);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&call->submitted, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, call->error, 0);
	for (; i < 100; i++)
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 101);
	list_for_each(node, &unrun) {
		KUNIT_EXPECT_PTR_NE(test, node, call->node);
		listed++;
	}
	KUNIT_EXPECT_EQ(test, listed, 100);
	wpt_open(call->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ECANCELED);
	wpt_open(hold->gate);
}

/* 77: awaited, cancelled, submitted elsewhere, waited for, freed by its owner at once */
static void handback_to_owner(struct kunit *test)
{
	struct wpool *other = wpt_pool(test, NULL);
	struct wpool_task *task, *next;
	struct wpt_job *hold;
	struct wpool *pool = busy_pool(test, &hold);
	unsigned int i, wrong = 0;
	LIST_HEAD(unrun);

	for (i = 0; i < 300; i++) {
		task = kmalloc(sizeof(*task), GFP_KERNEL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, task);
		wpool_task_init(task, wpt_run_job, hold);
		KUNIT_EXPECT_EQ(test, wpool_schedule(pool, task), 0);
	}
	wpool_shutdown_now(pool, &unrun);
	/* the pool is closed, but not at its end */
	wpt_open(hold->gate);
	i = 0;
	list_for_each_entry_safe(task, next, &unrun, node) {
		list_del(&task->node);
		wrong += wpool_task_queued(task) || wpool_cancel(task);
		if (i % 3)
			wrong += wpool_wait(task) != -ECANCELED;
		if (i++ % 2) {
			wrong += wpool_schedule(other, task) != 0;
			wrong += wpt_result(test, task) != 0;
		}
		kfree(task);
	}
	KUNIT_EXPECT_EQ(test, i, 300);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
}

/* A shutdown that is kept off its CPU half-way, for as long as the rest of the test needs. */
struct halt {
	struct wpool		*pool;
	unsigned int		n;	/* taken back by the call */
	int			cpu;	/* where the call is */
	struct completion	start;
	bool			halted, go;
	bool			early;	/* went on before it was told to */
};

#define MANY	20000

/* Far below what RCU calls a stall. */
#define HALT_LIMIT	(5 * HZ)

static int call_shutdown_now(struct wpt_thread *self)
{
	struct halt *halt = self->arg;

	set_cpus_allowed_ptr(current, cpumask_of(halt->cpu));
	halt->n = wpool_shutdown_now(self->pool, NULL);
	return 0;
}

/* With interrupts on: what the CPU has in hand for others is not held up. */
static int call_halt(struct wpt_thread *self)
{
	struct halt *halt = self->arg;
	unsigned long end;

	set_cpus_allowed_ptr(current, cpumask_of(halt->cpu));
	sched_set_fifo(current);
	wait_for_completion(&halt->start);
	WRITE_ONCE(halt->halted, true);
	end = jiffies + HALT_LIMIT;
	while (!READ_ONCE(halt->go) && time_before(READ_ONCE(jiffies), end))
		cpu_relax();
	WRITE_ONCE(halt->early, !READ_ONCE(halt->go));
	return 0;
}

/*
 * Halts the call between two chunks: who has the pool's lock has interrupts off, and does
 * not leave its CPU. Return: false if it was through already, or had not begun.
 */
static bool halt_call(struct wpt_thread *thread, struct halt *halt)
{
	unsigned long end = jiffies + WPT_LIMIT;

	while (!wpt_stat(halt->pool, WPOOL_STAT_CANCELLED) && time_before(jiffies, end))
		cond_resched();
	complete_all(&halt->start);
	return wpt_until(READ_ONCE(halt->halted)) && !completion_done(&thread->done) &&
	       wpt_stat(halt->pool, WPOOL_STAT_CANCELLED) < MANY;
}

/* 59: a call under way takes back nothing that was accepted after a restart */
static void handback_not_after_restart(struct kunit *test)
{
	int here = raw_smp_processor_id(), other = cpumask_any_but(cpu_online_mask, here);
	struct wpool_attrs attrs = {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED, .cpumask = cpumask_of(here),
	};
	struct wpt_job *hold, *jobs = wpt_jobs(test, MANY, NULL);
	struct halt *halt = wpt_alloc(test, sizeof(*halt));
	struct wpt_thread *thread, *halter;
	struct wpool *pool;
	unsigned int rest;
	bool halted;

	if (other >= nr_cpu_ids)
		kunit_skip(test, "needs two CPUs");
	set_cpus_allowed_ptr(current, cpumask_of(here));
	pool = wpt_pool(test, &attrs);
	hold = wpt_hold(test, pool, 1);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, MANY), 0);
	halt->pool = pool;
	halt->cpu = other;
	init_completion(&halt->start);
	halter = wpt_thread(test, call_halt, pool, NULL, halt);
	WPT_ASSERT_UNTIL(test, wpt_asleep(halter));
	thread = wpt_thread(test, call_shutdown_now, pool, NULL, halt);
	halted = halt_call(thread, halt);
	rest = wpool_shutdown_now(pool, NULL);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpool_restart(pool), 0);
	hold = wpt_hold(test, pool, 1);
	KUNIT_EXPECT_EQ(test, wpt_schedule_all(pool, jobs, 10), 0);
	WRITE_ONCE(halt->go, true);
	wpt_join(test, thread);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	WPT_EXPECT_STAT(test, pool, QUEUED, 10);
	KUNIT_EXPECT_EQ(test, halt->n + rest, MANY);
	wpt_open(hold->gate);
	if (!halted || READ_ONCE(halt->early))
		kunit_skip(test, "the call was not met half-way");
}

static int nothing(void *arg)
{
	return 0;
}

static DEFINE_WPOOL_TASK(defined_task, nothing, NULL);

/* 77: of a task that was set up by the compiler it is known at its submission where it lies */
static void handback_defined(struct kunit *test)
{
	struct wpt_job *hold;
	struct wpool *pool = busy_pool(test, &hold);
	LIST_HEAD(unrun);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &defined_task), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 1);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&unrun));
	KUNIT_EXPECT_PTR_EQ(test, unrun.next, &defined_task.node);
	/* In a further round it is on no list. */
	INIT_LIST_HEAD(&unrun);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
}

static struct kunit_case handback_cases[] = {
	KUNIT_CASE(handback_awaited),
	KUNIT_CASE(handback_waiters_free),
	KUNIT_CASE(handback_given_up),
	KUNIT_CASE(handback_waited_before),
	KUNIT_CASE(handback_grouped),
	KUNIT_CASE_PARAM(handback_on_stack, way_gen_params),
	KUNIT_CASE(handback_to_owner),
	KUNIT_CASE(handback_defined),
	KUNIT_CASE(handback_not_after_restart),
	{}
};

static struct kunit_suite handback_suite = {
	.name = "wpool_handback",
	.init = handback_init,
	.exit = wpt_exit,
	.test_cases = handback_cases,
};

kunit_test_suite(handback_suite);
