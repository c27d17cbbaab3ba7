// SPDX-License-Identifier: GPL-2.0
/*
 * 27: what may be called from any context, from every one of them. That nothing
 * sleeps is for the kernel to notice: DEBUG_ATOMIC_SLEEP, lockdep's wait contexts.
 */
#include <linux/bottom_half.h>
#include <linux/irq_work.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include "wpool_kunit.h"

static int context_init(struct kunit *test)
{
	return wpt_init(test, "wpool_context");
}

struct trial {
	void			(*fn)(struct trial *trial);
	struct wpool		*pool;
	struct wpt_job		*job;		/* three of them */
	struct wpool_group	*group;
	struct wpool_keyed_task	*keyed;
	struct wpt_job		*held;		/* runs, in another pool */
	bool			may_allocate;
	struct completion	done;
	struct irq_work		work;
	struct timer_list	timer;
	spinlock_t		lock;		/* guards nothing: to be held */
	raw_spinlock_t		raw_lock;	/* likewise */

	bool			hardirq, softirq;
	int			first, second, third, allocated;
	bool			queued, running, cancelled, again;
	u64			nr_queued;
};

static void from_irq_work(struct irq_work *work)
{
	struct trial *trial = container_of(work, struct trial, work);

	trial->fn(trial);
	complete(&trial->done);
}

static void from_timer_softirq(struct timer_list *timer)
{
	struct trial *trial = container_of(timer, struct trial, timer);

	trial->fn(trial);
	complete(&trial->done);
}

static void in_hard_irq_work(struct trial *trial)
{
	trial->work = IRQ_WORK_INIT_HARD(from_irq_work);
	irq_work_queue(&trial->work);
	wait_for_completion(&trial->done);
	irq_work_sync(&trial->work);
}

static void in_irq_work(struct trial *trial)
{
	trial->work = IRQ_WORK_INIT(from_irq_work);
	irq_work_queue(&trial->work);
	wait_for_completion(&trial->done);
	irq_work_sync(&trial->work);
}

static void in_timer(struct trial *trial)
{
	timer_setup(&trial->timer, from_timer_softirq, 0);
	mod_timer(&trial->timer, jiffies);
	wait_for_completion(&trial->done);
	timer_delete_sync(&trial->timer);
}

static void in_spinlock(struct trial *trial)
{
	spin_lock(&trial->lock);
	trial->fn(trial);
	spin_unlock(&trial->lock);
}

static void in_raw_spinlock(struct trial *trial)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&trial->raw_lock, flags);
	trial->fn(trial);
	raw_spin_unlock_irqrestore(&trial->raw_lock, flags);
}

static void in_preempt_off(struct trial *trial)
{
	preempt_disable();
	trial->fn(trial);
	preempt_enable();
}

static void in_irq_off(struct trial *trial)
{
	local_irq_disable();
	trial->fn(trial);
	local_irq_enable();
}

static void in_bh_off(struct trial *trial)
{
	local_bh_disable();
	trial->fn(trial);
	local_bh_enable();
}

static void in_rcu(struct trial *trial)
{
	rcu_read_lock();
	trial->fn(trial);
	rcu_read_unlock();
}

struct context {
	const char	*name;
	void		(*run)(struct trial *trial);
	/* Where even GFP_ATOMIC is not allowed for code that also runs on PREEMPT_RT. */
	bool		raw;
	bool		hardirq, softirq;
};

static const struct context contexts[] = {
	{ "hard irq", in_hard_irq_work, .raw = true, .hardirq = true },
	{ "irq work", in_irq_work, .hardirq = !IS_ENABLED(CONFIG_PREEMPT_RT) },
	{ "softirq", in_timer, .softirq = true },
	{ "spinlock held", in_spinlock },
	{ "raw spinlock held", in_raw_spinlock, .raw = true },
	{ "preemption off", in_preempt_off, .raw = true },
	{ "interrupts off", in_irq_off, .raw = true },
	{ "bottom halves off", in_bh_off },
	{ "RCU read side", in_rcu },
};

static void context_name(const struct context *context, char *desc)
{
	strscpy(desc, context->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(contexts, contexts, context_name);

static struct trial *new_trial(struct kunit *test, struct wpool *pool,
			       void (*fn)(struct trial *trial))
{
	const struct context *context = test->param_value;
	struct trial *trial = wpt_alloc(test, sizeof(*trial));

	trial->fn = fn;
	trial->pool = pool;
	trial->job = wpt_jobs(test, 3, NULL);
	trial->may_allocate = !context->raw;
	init_completion(&trial->done);
	spin_lock_init(&trial->lock);
	raw_spin_lock_init(&trial->raw_lock);
	return trial;
}

static void run_trial(struct kunit *test, struct trial *trial)
{
	const struct context *context = test->param_value;

	context->run(trial);
	/* it was where it meant to be */
	KUNIT_EXPECT_EQ(test, trial->hardirq, context->hardirq);
	KUNIT_EXPECT_EQ(test, trial->softirq, context->softirq);
}

static void note_context(struct trial *trial)
{
	trial->hardirq = in_hardirq();
	/* An interrupt may have hit a softirq. */
	trial->softirq = in_serving_softirq() && !in_hardirq();
}

static void try_all(struct trial *trial)
{
	struct wpt_job *job = trial->job;

	note_context(trial);
	trial->first = wpool_try_schedule(trial->pool, &job[0].task);
	trial->second = wpool_try_schedule(trial->pool, &job[1].task);
	if (trial->may_allocate)
		trial->allocated = wpool_try_schedule_fn(trial->pool,
							 wpt_run_job, &job[1],
							 NULL);
	trial->queued = wpool_task_queued(&job[0].task);
	trial->running = wpool_task_running(&job[0].task);
	trial->nr_queued = wpt_stat(trial->pool, WPOOL_STAT_QUEUED);
	trial->cancelled = wpool_cancel(&job[0].task);
	trial->again = wpool_cancel(&job[0].task);
	trial->third = wpool_try_schedule(wpool_get(trial->pool), &job[2].task);
	wpool_put(trial->pool);
}

/* 27: submit, be refused, look, cancel, submit again */
static void context_try_schedule(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct trial *trial = new_trial(test, pool, try_all);

	run_trial(test, trial);
	KUNIT_EXPECT_EQ(test, trial->first, 0);
	KUNIT_EXPECT_EQ(test, trial->second, -EAGAIN);
	KUNIT_EXPECT_EQ(test, trial->allocated, trial->may_allocate ? -EAGAIN : 0);
	KUNIT_EXPECT_TRUE(test, trial->queued);
	KUNIT_EXPECT_FALSE(test, trial->running);
	KUNIT_EXPECT_EQ(test, trial->nr_queued, 1);
	KUNIT_EXPECT_TRUE(test, trial->cancelled);
	KUNIT_EXPECT_FALSE(test, trial->again);
	KUNIT_EXPECT_EQ(test, trial->third, 0);

	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &trial->job[2]), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &trial->job[0]), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&trial->job[1].runs), 0);
}

static void try_more(struct trial *trial)
{
	note_context(trial);
	trial->first = wpool_try_schedule(trial->pool, &trial->job[0].task);
	trial->second = wpool_try_schedule(trial->pool, &trial->job[1].task);
	if (trial->may_allocate)
		trial->allocated = wpool_try_schedule_fn(trial->pool,
							 wpt_run_job,
							 &trial->job[2], NULL);
	trial->nr_queued = wpt_stat(trial->pool, WPOOL_STAT_QUEUED);
}

/* 27: behind others, and so by the inbox (core/inbox.c), not under the pool's lock */
static void context_more(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct trial *trial = new_trial(test, pool, try_more);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, wpt_jobs(test, 2, NULL), 2), 0);
	run_trial(test, trial);
	KUNIT_EXPECT_EQ(test, trial->first, 0);
	KUNIT_EXPECT_EQ(test, trial->second, 0);
	KUNIT_EXPECT_EQ(test, trial->allocated, 0);
	KUNIT_EXPECT_EQ(test, trial->nr_queued, 4 + trial->may_allocate);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &trial->job[0]), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &trial->job[1]), 0);
	WPT_ASSERT_STAT(test, pool, COMPLETED, 5 + trial->may_allocate);
}

static void try_others(struct trial *trial)
{
	note_context(trial);
	trial->first = wpool_try_schedule_keyed(trial->pool, trial->keyed, 1);
	trial->second = wpool_group_try_schedule(trial->group, trial->pool, &trial->job[0].task);
	trial->third = wpool_group_try_schedule(trial->group, trial->pool, &trial->job[1].task);
	trial->again = wpool_try_schedule_keyed(trial->pool, trial->keyed, 1) == -EBUSY;
}

/* 27, 88: tasks with a key and tasks of a group, of which one is refused */
static void context_others(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct trial *trial = new_trial(test, pool, try_others);

	trial->group = wpt_group(test, false);
	trial->keyed = wpt_alloc(test, sizeof(*trial->keyed));
	wpool_keyed_task_init(trial->keyed, wpt_run_job, &trial->job[2]);
	run_trial(test, trial);
	KUNIT_EXPECT_EQ(test, trial->first, 0);
	KUNIT_EXPECT_EQ(test, trial->second, 0);
	KUNIT_EXPECT_EQ(test, trial->third, -EAGAIN);
	KUNIT_EXPECT_TRUE(test, trial->again);

	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &trial->keyed->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, trial->group), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&trial->job[0].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&trial->job[1].runs), 0);
}

static void try_idle(struct trial *trial)
{
	unsigned int i;

	note_context(trial);
	for (i = 0; i < 3 && !trial->first; i++)
		trial->first = wpool_try_schedule(trial->pool, &trial->job[i].task);
	if (trial->may_allocate)
		trial->allocated = wpool_try_schedule_fn(trial->pool, wpt_run_job,
							 &trial->job[0], NULL);
}

/* 27: with a worker to be woken and others to be made */
static void context_wakes(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });
	struct trial *trial = new_trial(test, pool, try_idle);
	unsigned int i;

	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	run_trial(test, trial);
	KUNIT_EXPECT_EQ(test, trial->first, 0);
	KUNIT_EXPECT_EQ(test, trial->allocated, 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &trial->job[i]), 0);
	WPT_ASSERT_STAT(test, pool, COMPLETED, 3 + trial->may_allocate);
}

/* Calls that would have to sleep, from where nothing may: the pool is full, and its task waits. */
static void sleep_all(struct trial *trial)
{
	struct wpool_task *task = &trial->job[0].task, *held = &trial->held->task;

	note_context(trial);
	trial->first = wpool_schedule(trial->pool, task);
	trial->second = wpool_group_schedule(trial->group, trial->pool, task);
	trial->third = wpool_schedule_keyed(trial->pool, trial->keyed, 1);
	trial->again = wpool_schedule_timeout(trial->pool, task, 1) == -EINVAL &&
		       wpool_schedule_interruptible(trial->pool, task) == -EINVAL &&
		       wpool_schedule_batch(trial->pool, &task, 1) == -EINVAL &&
		       wpool_run(trial->pool, wpt_run_job, &trial->job[0]) == -EINVAL &&
		       wpool_wait(held) == -EINVAL &&
		       wpool_wait_timeout(held, 1, NULL) == -EINVAL &&
		       wpool_wait_killable(held, NULL) == -EINVAL &&
		       wpool_group_wait(trial->group) == -EINVAL &&
		       wpool_group_wait_timeout(trial->group, 1) == -EINVAL &&
		       wpool_flush(trial->pool) == -EINVAL &&
		       wpool_drain(trial->pool) == -EINVAL &&
		       wpool_restart(trial->pool) == -EINVAL &&
		       wpool_sleep(1) == -EINVAL &&
		       wpool_await_termination(trial->pool, 1) == -EINVAL &&
		       wpool_prestart(trial->pool, 1) == -EINVAL &&
		       wpool_destroy(trial->pool) == -EINVAL;
	trial->cancelled = wpool_cancel_sync(held);
}

/* 111: they are refused, and nothing changes */
static void context_may_not_sleep(struct kunit *test)
{
	const struct context *context = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct trial *trial = new_trial(test, pool, sleep_all);

	if (context->run == in_rcu && !IS_ENABLED(CONFIG_PREEMPT_RT))
		kunit_skip(test, "the kernel does not say that it is in one");
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT) &&
	    (context->run == in_spinlock || context->run == in_preempt_off))
		kunit_skip(test, "this kernel does not count what forbids to sleep");
	if (IS_ENABLED(CONFIG_PROVE_LOCKING) && (context->hardirq || context->softirq))
		kunit_skip(test, "lockdep would learn of a wait in an interrupt");
	wpt_expect_atomic();
	trial->group = wpt_group(test, false);
	trial->keyed = wpt_alloc(test, sizeof(*trial->keyed));
	wpool_keyed_task_init(trial->keyed, wpt_run_job, &trial->job[2]);
	trial->held = wpt_jobs(test, 1, wpt_gate(test));
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(trial->group, pool, &trial->held->task), 0);
	WPT_ASSERT_STAT(test, pool, RUNNING, 1);
	run_trial(test, trial);
	KUNIT_EXPECT_EQ(test, trial->first, -EINVAL);
	KUNIT_EXPECT_EQ(test, trial->second, -EINVAL);
	KUNIT_EXPECT_EQ(test, trial->third, -EINVAL);
	KUNIT_EXPECT_TRUE(test, trial->again);
	KUNIT_EXPECT_FALSE(test, trial->cancelled);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, 1);
	WPT_EXPECT_STAT(test, pool, BLOCKED, 0);
	wpt_open(trial->held->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, trial->group), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &trial->job[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &trial->job[0]), 0);
}

/* Forced, beyond the bound; and one that no worker is free for. */
static void force_all(struct trial *trial)
{
	note_context(trial);
	trial->first = wpool_force_schedule(trial->pool, &trial->job[0].task);
	trial->second = wpool_group_force_schedule(trial->group, trial->pool,
						   &trial->job[1].task);
	trial->third = wpool_force_schedule_keyed(trial->pool, trial->keyed, 1);
	trial->again = wpool_schedule_if_free(trial->pool, &trial->job[2].task) == -EAGAIN;
}

/* 27, 101 */
static void context_forced(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct trial *trial = new_trial(test, pool, force_all);

	trial->group = wpt_group(test, false);
	trial->keyed = wpt_alloc(test, sizeof(*trial->keyed));
	wpool_keyed_task_init(trial->keyed, wpt_run_job, &trial->job[2]);
	run_trial(test, trial);
	KUNIT_EXPECT_EQ(test, trial->first, 0);
	KUNIT_EXPECT_EQ(test, trial->second, 0);
	KUNIT_EXPECT_EQ(test, trial->third, 0);
	KUNIT_EXPECT_TRUE(test, trial->again);
	WPT_EXPECT_STAT(test, pool, FORCED, 3);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &trial->keyed->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, trial->group), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &trial->job[0]), 0);
}

static void try_resize(struct trial *trial)
{
	note_context(trial);
	trial->first = wpool_resize(trial->pool, 2);
}

/* 27: resize, with a submitter that it wakes */
static void context_resize(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct trial *trial = new_trial(test, pool, try_resize);
	struct wpt_thread *thread = wpt_thread(test, wpt_call_schedule, pool,
					       wpt_jobs(test, 1, NULL), NULL);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	run_trial(test, trial);
	KUNIT_EXPECT_EQ(test, trial->first, 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, thread->job), 0);
	wpt_open(hold->gate);
}

static void try_shutdown(struct trial *trial)
{
	note_context(trial);
	wpool_shutdown(trial->pool);
	trial->first = wpool_try_schedule(trial->pool, &trial->job[0].task);
}

/* 27: shutdown, with a submitter that it wakes */
static void context_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct trial *trial = new_trial(test, pool, try_shutdown);
	struct wpt_thread *thread = wpt_thread(test, wpt_call_schedule, pool,
					       wpt_jobs(test, 1, NULL), NULL);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	run_trial(test, trial);
	KUNIT_EXPECT_EQ(test, trial->first, -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), -ESHUTDOWN);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
}

static struct kunit_case context_cases[] = {
	KUNIT_CASE_PARAM(context_try_schedule, contexts_gen_params),
	KUNIT_CASE_PARAM(context_more, contexts_gen_params),
	KUNIT_CASE_PARAM(context_others, contexts_gen_params),
	KUNIT_CASE_PARAM(context_may_not_sleep, contexts_gen_params),
	KUNIT_CASE_PARAM(context_forced, contexts_gen_params),
	KUNIT_CASE_PARAM(context_wakes, contexts_gen_params),
	KUNIT_CASE_PARAM(context_resize, contexts_gen_params),
	KUNIT_CASE_PARAM(context_shutdown, contexts_gen_params),
	{}
};

static struct kunit_suite context_suite = {
	.name = "wpool_context",
	.init = context_init,
	.exit = wpt_exit,
	.test_cases = context_cases,
};

kunit_test_suite(context_suite);
