// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that kill their worker. They end their thread themselves, which
 * takes the same way out as an oops does and works on every kernel.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/version.h>
#include "detour.h"
#include "wpool_kunit.h"

static int oops_init(struct kunit *test)
{
	return wpt_init(test, "wpool_oops");
}

static int die_in_run(void *arg)
{
	struct wpt_job *job = arg;

	complete_all(&job->begun);
	if (job->gate)
		wait_for_completion(&job->gate->opened);
	atomic_inc(&job->runs);
	kthread_complete_and_exit(NULL, job->result);
	return 0;
}

/* Jobs that do not return. */
static struct wpt_job *fatal_jobs(struct kunit *test, unsigned int n, struct wpt_gate *gate)
{
	struct wpt_job *jobs = wpt_jobs(test, n, gate);
	unsigned int i;

	for (i = 0; i < n; i++)
		wpool_task_init(&jobs[i].task, die_in_run, &jobs[i]);
	return jobs;
}

static const int code_cases[] = { 0, -EIO, 9 };

static void code_name(const int *code, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "exit code %d", *code);
}

KUNIT_ARRAY_PARAM(code, code_cases, code_name);

/* 37, 39: a task ends its own thread: its waiter gets -EOWNERDEAD */
static void oops_tells_waiter(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *job = fatal_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *waiter;

	job->result = *(const int *)test->param_value;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_begun(test, job);
	waiter = wpt_thread(test, wpt_call_wait, pool, job, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -EOWNERDEAD);
	/* a later wait returns the same */
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), -EOWNERDEAD);
	KUNIT_EXPECT_FALSE(test, wpool_task_running(&job->task));
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 35, 36: without a handler the pool lives: running and the slot come back */
static void oops_pool_lives(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *fatal = fatal_jobs(test, 1, NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, fatal), -EOWNERDEAD);
	/* the one that is always kept is made again, without being asked for */
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	WPT_EXPECT_STAT(test, pool, OOPSED, 1);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 1);
	WPT_ASSERT_STAT(test, pool, RUNNING, 0);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

/* 35: many deaths in a row on one slot */
static void oops_again_and_again(struct kunit *test)
{
	const unsigned int n = 40;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *job = fatal_jobs(test, 1, NULL);
	unsigned int i;

	for (i = 0; i < n; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
		KUNIT_ASSERT_EQ(test, wpt_wait(test, job), -EOWNERDEAD);
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), n);
	WPT_EXPECT_STAT(test, pool, DIED, n);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

/* 36: what waits behind the dead runs elsewhere */
static void oops_work_goes_on(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *fatal = fatal_jobs(test, 1, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 20, NULL);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 20), 0);
	wpt_open(fatal->gate);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
}

/* 35: a death frees room for a submitter that is refused while the queue is full */
static void oops_frees_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *fatal = fatal_jobs(test, 1, wpt_gate(test));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_try_schedule(pool, &job->task), -EAGAIN);
	wpt_open(fatal->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, fatal), -EOWNERDEAD);
	KUNIT_ASSERT_EQ(test, wpool_try_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* 38: all workers die while submitters block: those are served */
static void oops_all_die(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *fatal = fatal_jobs(test, 3, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	struct wpt_thread *threads[5];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal[i].task), 0);
		wpt_begun(test, &fatal[i]);
	}
	for (i = 0; i < 5; i++) {
		threads[i] = wpt_thread(test, wpt_call_schedule, pool, &jobs[i], NULL);
		WPT_ASSERT_STAT(test, pool, BLOCKED, i + 1);
	}
	wpt_open(fatal->gate);
	for (i = 0; i < 5; i++) {
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	}
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &fatal[i]), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, pool, DIED, 3);
}

/* 40: a death while destroy waits for the task */
static void oops_during_destroy(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *fatal = fatal_jobs(test, 1, wpt_gate(test));
	struct wpt_job *behind = wpt_jobs(test, 3, NULL);
	struct wpt_thread *thread;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	wpt_begun(test, fatal);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, behind, 3), 0);
	wpool_get(pool);
	wpt_forget(test, pool);
	thread = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(pool) == WPOOL_STATE_SHUTDOWN);
	wpt_open(fatal->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, fatal), -EOWNERDEAD);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&behind[i].runs), 1);
	wpool_put(pool);
}

/* 36: flush and drain do not wait for the dead */
static void oops_flush(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *fatal = fatal_jobs(test, 4, NULL);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, fatal, 4), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 4), 0);
	wpt_call(test, wpt_call_flush, pool, NULL);
	WPT_EXPECT_STAT(test, pool, OOPSED, 4);
	WPT_EXPECT_STAT(test, pool, COMPLETED, 4);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, fatal, 4), 0);
	wpt_call(test, wpt_call_drain, pool, NULL);
	WPT_EXPECT_STAT(test, pool, OOPSED, 8);
}

/* 36: a task of the pool's own cache, or one that is detached, may die as well */
static void oops_nobody_waits(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *fatal = fatal_jobs(test, 2, NULL);

	wpool_task_set_detached(&fatal[1].task);
	KUNIT_ASSERT_EQ(test,
			wpool_schedule_fn(pool, die_in_run, &fatal[0], NULL),
			0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal[1].task), 0);
	wpt_call(test, wpt_call_drain, pool, NULL);
	WPT_EXPECT_STAT(test, pool, OOPSED, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&fatal[0].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&fatal[1].runs), 1);
}

static int die_at_once(void *arg)
{
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static int call_free_at_once(struct wpt_thread *self)
{
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < 20; i++) {
		struct wpool_task *task = kmalloc(sizeof(*task), GFP_KERNEL);

		if (!task)
			return -ENOMEM;
		wpool_task_init(task, die_at_once, NULL);
		wrong += wpool_schedule(self->pool, task) != 0;
		wrong += wpool_wait(task) != -EOWNERDEAD;
		kfree(task);
		/* and on the stack */
		wrong += wpool_run(self->pool, die_at_once, NULL) != -EOWNERDEAD;
	}
	return wrong;
}

/* The memory of a task is the caller's when -EOWNERDEAD is: KASAN watches. */
static void oops_freed_at_once(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });

	KUNIT_EXPECT_EQ(test, wpt_call(test, call_free_at_once, pool, NULL), 0);
}

/* 12: submitted again while it ran: the death of that run does not lose the next */
static void oops_requeued(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *fatal = fatal_jobs(test, 1, wpt_gate(test));

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	wpt_begun(test, fatal);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &fatal->task), 0);
	wpt_open(fatal->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, fatal), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, atomic_read(&fatal->runs), 2);
	WPT_EXPECT_STAT(test, pool, OOPSED, 2);
}

/* 42: a nested run kills the one around it as well, and the waiters of both are woken */
static void oops_nested(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_nest *nest = wpt_alloc(test, sizeof(*nest));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	int result = 0;

	nest->pool = pool;
	nest->inner = fatal_jobs(test, 1, NULL);
	wpool_task_init(&nest->task, wpt_run_nest, nest);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &nest->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&nest->task, WPT_LIMIT, &result), 0);
	KUNIT_EXPECT_EQ(test, result, -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, nest->inner), -EOWNERDEAD);
	WPT_EXPECT_STAT(test, pool, OOPSED, 2);
	WPT_EXPECT_STAT(test, pool, DIED, 1);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* In 7.2 llist_add_batch() is inline: there is nothing to break at. */
#if defined(WPT_MAY_DETOUR) && defined(CONFIG_SMP) && \
	LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)

static struct task_struct *manager;
static atomic_t nr_put;

/*
 * A worker that ends, and no other thread, is about to put itself on the manager's list, of
 * which the register has the address: only when that sleeps, and so for good if nobody wakes
 * it after this.
 */
static void at_llist_add(struct pt_regs *regs)
{
	u64 end = ktime_get_mono_fast_ns() + NSEC_PER_SEC;

	if (!(current->flags & PF_EXITING) || strncmp(current->comm, "kunit-", 6) ||
	    regs->dx < MODULES_VADDR || regs->dx >= MODULES_END)
		return;
	while ((READ_ONCE(manager->__state) != TASK_IDLE || READ_ONCE(manager->on_cpu)) &&
	       ktime_get_mono_fast_ns() < end)
		cpu_relax();
	atomic_inc(&nr_put);
}

/* 37: the manager sleeps whenever it could miss that somebody has died */
static void oops_wakes_manager(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .cpumask = cpumask_of(cpumask_first(cpu_online_mask)),
	});
	struct wpt_job *job = fatal_jobs(test, 1, wpt_gate(test));

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	atomic_set(&nr_put, 0);
	manager = wpt_manager();
	KUNIT_ASSERT_NOT_NULL(test, manager);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	wpt_begun(test, job);
	KUNIT_ASSERT_EQ(test, wpt_break(llist_add_batch, at_llist_add), 0);
	set_cpus_allowed_ptr(manager, cpumask_of(cpumask_last(cpu_online_mask)));
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&job->task, WPT_LIMIT, NULL), 0);
	set_cpus_allowed_ptr(manager, cpu_possible_mask);
	wpt_break_end();
	KUNIT_EXPECT_EQ(test, atomic_read(&nr_put), 1);
}
#else
static void oops_wakes_manager(struct kunit *test)
{
	kunit_skip(test, "needs breakpoints of x86, and Linux 6.1");
}
#endif

static struct kunit_case oops_cases[] = {
	KUNIT_CASE(oops_wakes_manager),
	KUNIT_CASE_PARAM(oops_tells_waiter, code_gen_params),
	KUNIT_CASE(oops_pool_lives),
	KUNIT_CASE(oops_again_and_again),
	KUNIT_CASE(oops_work_goes_on),
	KUNIT_CASE(oops_frees_room),
	KUNIT_CASE(oops_all_die),
	KUNIT_CASE(oops_during_destroy),
	KUNIT_CASE(oops_flush),
	KUNIT_CASE(oops_nobody_waits),
	KUNIT_CASE(oops_freed_at_once),
	KUNIT_CASE(oops_requeued),
	KUNIT_CASE(oops_nested),
	{}
};

static struct kunit_suite oops_suite = {
	.name = "wpool_oops",
	.init = oops_init,
	.exit = wpt_exit,
	.test_cases = oops_cases,
};

kunit_test_suite(oops_suite);
