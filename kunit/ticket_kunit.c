// SPDX-License-Identifier: GPL-2.0
/*
 * Tickets: numbers by which a task is taken back and waited for that nobody else has. Here each
 * task is freed by its release, so KASAN sees whoever touches it too late.
 */
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/slab.h>
#include "release_scene.h"

#define MANY	100

static int ticket_init(struct kunit *test)
{
	return wpt_init(test, "wpool_ticket");
}

KUNIT_ARRAY_PARAM(item_kind, item_kinds, item_kind_name);

static struct wpool *pool_of(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
}

static u64 submit(struct kunit *test, struct wpool *pool, struct ledger *ledger,
		  enum item_kind kind)
{
	struct item *item = item_new(test, ledger, kind);
	u64 ticket;

	KUNIT_ASSERT_EQ(test, item_schedule_ticket(pool, item, &ticket), 0);
	/* It waits in the queue, as the others do. */
	if (kind == ITEM_DELAYED)
		WPT_ASSERT_STAT(test, pool, DELAYED, 0);
	return ticket;
}

/* For wpt_thread(); arg: the ticket. */
static int call_wait_id(struct wpt_thread *self)
{
	return wpool_wait_id(self->pool, *(u64 *)self->arg);
}

static int call_flush_to(struct wpt_thread *self)
{
	return wpool_flush_to(self->pool, *(u64 *)self->arg);
}

static struct wpt_thread *thread_for(struct kunit *test, int (*call)(struct wpt_thread *self),
				     struct wpool *pool, u64 ticket)
{
	u64 *arg = wpt_alloc(test, sizeof(*arg));

	*arg = ticket;
	return wpt_thread(test, call, pool, NULL, arg);
}

/* 113, 115: each has its own, never one again; it has ended when the wait for it returns */
static void ticket_ran(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2);
	struct ledger *ledger = ledger_new(test, NULL);
	u64 ticket = 0, before;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		before = ticket;
		ticket = submit(test, pool, ledger, item_kind(test));
		KUNIT_EXPECT_GT(test, ticket, before);
		if (i % 4)
			continue;
		KUNIT_ASSERT_EQ(test, wpt_join(test, thread_for(test, call_wait_id, pool, ticket)),
				0);
		KUNIT_EXPECT_GT(test, ledger_sum(ledger), i / 2);
		KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, ticket), -ENOENT);
	}
	ledger_expect(test, ledger, pool, WPOOL_FATE_RAN, MANY);
	wpt_destroy(test, pool);
}

/* 113: it is where the submitter wants it before the function can look there; and no release */
static int look_for_ticket(void *arg)
{
	u64 *tickets = arg;

	tickets[1] = READ_ONCE(tickets[0]);
	return 0;
}

static void ticket_before_function(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2);
	u64 *tickets = wpt_alloc(test, 2 * sizeof(*tickets));
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		tickets[0] = 0;
		if (i % 2)
			KUNIT_ASSERT_EQ(test, wpool_schedule_fn_ticket(pool, look_for_ticket,
								       tickets, NULL, tickets), 0);
		else
			KUNIT_ASSERT_EQ(test, wpool_try_schedule_fn_ticket(pool, look_for_ticket,
								tickets, NULL, tickets), 0);
		KUNIT_ASSERT_EQ(test, wpt_join(test, thread_for(test, call_wait_id, pool,
								tickets[0])), 0);
		KUNIT_ASSERT_EQ(test, tickets[1], tickets[0]);
		KUNIT_ASSERT_EQ(test, tickets[0], i + 1);
	}
}

/* 113: also if it is called before the submission returns, by the submitter */
static void ticket_before_caller_runs(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_tracked_task *ttask = wpt_alloc(test, sizeof(*ttask));
	u64 *tickets = wpt_alloc(test, 2 * sizeof(*tickets));

	wpool_tracked_task_init(ttask, look_for_ticket, tickets);
	KUNIT_ASSERT_EQ(test, wpool_with_ticket(pool, ttask, GFP_KERNEL, tickets,
						wpool_schedule(pool, &ttask->task)), 0);
	KUNIT_EXPECT_NE(test, tickets[0], 0);
	KUNIT_EXPECT_EQ(test, tickets[1], tickets[0]);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, tickets[0]), -ENOENT);
	wpt_open(hold->gate);
}

/* 114: one that waits is taken back, once, and released before the call returns */
static void ticket_cancelled(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	u64 first = submit(test, pool, ledger, item_kind(test));
	u64 second = submit(test, pool, ledger, item_kind(test));

	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, first), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_CANCELLED]), 1);
	KUNIT_EXPECT_PTR_EQ(test, ledger->released_by, current);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, first), -ENOENT);
	KUNIT_EXPECT_EQ(test, wpool_wait_id(pool, first), 0);
	KUNIT_EXPECT_EQ(test, wpool_flush_to(pool, first), 0);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, 0), -ENOENT);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, second + 1), -ENOENT);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(NULL, second), -EINVAL);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, wpt_join(test, thread_for(test, call_wait_id, pool, second)), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_RAN]), 1);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 2);
}

/* 114: one whose time has not come */
static void ticket_delayed(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item;
	u64 tickets[2];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		item = item_new(test, ledger, ITEM_DELAYED);
		KUNIT_ASSERT_EQ(test, wpool_with_ticket(pool, &item->dtask, GFP_KERNEL,
				&tickets[i], wpool_schedule_delayed(pool, &item->dtask,
								    i ? 1000 * HZ : 2)), 0);
	}
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, tickets[1]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_CANCELLED]), 1);
	KUNIT_ASSERT_EQ(test, wpt_join(test, thread_for(test, call_wait_id, pool, tickets[0])), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_RAN]), 1);
	/* It would end with its first time. */
	item = item_new(test, ledger, ITEM_DELAYED);
	wpool_task_set_release(&item->dtask, NULL);
	KUNIT_EXPECT_EQ(test, wpool_with_ticket(pool, &item->dtask, GFP_KERNEL, &tickets[0],
			wpool_schedule_every(pool, &item->dtask, HZ)), -EINVAL);
	KUNIT_EXPECT_EQ(test, tickets[0], 0);
	kfree(item);
}

/* 114, 115: one that runs is not taken back; it is waited for, and so is its release */
static void ticket_runs(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2);
	struct ledger *ledger = ledger_new(test, wpt_gate(test));
	struct wpt_thread *threads[40];
	unsigned int i;
	u64 ticket;

	ledger->at_release = wpt_gate(test);
	ticket = submit(test, pool, ledger, item_kind(test));
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&ledger->begun, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, ticket), -EBUSY);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = thread_for(test, i % 2 ? call_wait_id : call_flush_to, pool, ticket);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		WPT_ASSERT_UNTIL(test, wpt_asleep(threads[i]));
	wpt_open(ledger->gate);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&ledger->releasing, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, ticket), -EBUSY);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KUNIT_EXPECT_FALSE(test, completion_done(&threads[i]->done));
	wpt_open(ledger->at_release);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 1);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, ticket), -ENOENT);
}

/* 113, 114: a task that runs and is submitted again has two, and the second can be taken back */
static void ticket_again(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2);
	struct wpt_gate *gate = wpt_gate(test);
	struct wpt_job *job = wpt_jobs(test, 1, gate);
	struct wpool_tracked_task *ttask = wpt_alloc(test, sizeof(*ttask));
	u64 first, second, third = 7;

	wpool_tracked_task_init(ttask, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_with_ticket(pool, ttask, GFP_KERNEL, &first,
						wpool_schedule(pool, &ttask->task)), 0);
	wpt_begun(test, job);
	KUNIT_ASSERT_EQ(test, wpool_with_ticket(pool, ttask, GFP_KERNEL, &second,
						wpool_schedule(pool, &ttask->task)), 0);
	KUNIT_EXPECT_EQ(test, wpool_with_ticket(pool, ttask, GFP_KERNEL, &third,
						wpool_schedule(pool, &ttask->task)), -EBUSY);
	KUNIT_EXPECT_EQ(test, third, 7);	/* it may be that of another submitter */
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, first), -EBUSY);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, second), 0);
	KUNIT_ASSERT_EQ(test, wpool_with_ticket(pool, ttask, GFP_KERNEL, &third,
						wpool_schedule(pool, &ttask->task)), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_id(pool, second), 0);
	wpt_open(gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread_for(test, call_wait_id, pool, first)), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread_for(test, call_wait_id, pool, third)), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 2);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &ttask->task), 0);
}

struct irq_cancel {
	struct irq_work		work;
	struct wpool		*pool;
	u64			ticket;
	int			ret;
	struct completion	done;
};

static void cancel_in_irq(struct irq_work *work)
{
	struct irq_cancel *cancel = container_of(work, struct irq_cancel, work);

	cancel->ret = wpool_cancel_id(cancel->pool, cancel->ticket);
	complete(&cancel->done);
}

/* 27, 114: from a hard interrupt */
static void ticket_in_hardirq(struct kunit *test)
{
	struct irq_cancel *cancel = wpt_alloc(test, sizeof(*cancel));
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct wpt_thread *waits;

	cancel->pool = pool;
	cancel->ticket = submit(test, pool, ledger, ITEM_FUNCTION);
	waits = thread_for(test, call_wait_id, pool, cancel->ticket);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waits));
	init_completion(&cancel->done);
	cancel->work = IRQ_WORK_INIT_HARD(cancel_in_irq);
	irq_work_queue(&cancel->work);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&cancel->done, WPT_LIMIT), 0);
	irq_work_sync(&cancel->work);
	KUNIT_EXPECT_EQ(test, cancel->ret, 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waits), 0);
	KUNIT_EXPECT_TRUE(test, ledger->in_hardirq);
	wpt_open(hold->gate);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 1);
}

/* A task that an interrupt submits while its thread is about to, with a ticket. */
struct irq_submit {
	struct irq_work			work;
	struct wpool			*pool;
	struct wpool_tracked_task	ttask;
	u64				ticket, drawn;
	int				ret;
	struct completion		done;
};

static void submit_in_irq(struct irq_work *work)
{
	struct irq_submit *submit = container_of(work, struct irq_submit, work);

	submit->ret = wpool_try_schedule(submit->pool, &submit->ttask.task);
	complete(&submit->done);
}

static int submit_after_irq(struct irq_submit *submit)
{
	unsigned long end = jiffies + WPT_LIMIT;

	submit->drawn = submit->ticket;
	/* It is to hit this thread, so the thread keeps its CPU until it has. */
	preempt_disable();
	irq_work_queue(&submit->work);
	while (!completion_done(&submit->done) && time_before(jiffies, end))
		cpu_relax();
	preempt_enable();
	if (!completion_done(&submit->done))
		return -ETIMEDOUT;
	return wpool_schedule(submit->pool, &submit->ttask.task);
}

/* 113: the ticket of a thread is not for what an interrupt submits in it meanwhile */
static void ticket_not_of_interrupt(struct kunit *test)
{
	struct irq_submit *submit = wpt_alloc(test, sizeof(*submit));
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);

	submit->pool = pool;
	init_completion(&submit->done);
	submit->work = IRQ_WORK_INIT_HARD(submit_in_irq);
	wpool_tracked_task_init(&submit->ttask, wpt_run_job, job);
	KUNIT_EXPECT_EQ(test, wpool_with_ticket(pool, &submit->ttask, GFP_KERNEL, &submit->ticket,
						submit_after_irq(submit)), -EBUSY);
	irq_work_sync(&submit->work);
	KUNIT_EXPECT_EQ(test, submit->ret, 0);
	KUNIT_EXPECT_EQ(test, submit->ticket, 0);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, submit->drawn), -ENOENT);
	KUNIT_EXPECT_TRUE(test, wpool_task_queued(&submit->ttask.task));
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* A task that a soft interrupt submits likewise. */
struct soft_submit {
	struct tasklet_struct		tasklet;
	struct wpool			*pool;
	struct wpool_tracked_task	ttask;
	u64				ticket, drawn;
	int				ret;
	struct completion		done;
};

static void submit_in_softirq(unsigned long data)
{
	struct soft_submit *submit = (struct soft_submit *)data;

	submit->ret = wpool_try_schedule(submit->pool, &submit->ttask.task);
	complete(&submit->done);
}

static int submit_after_softirq(struct soft_submit *submit)
{
	submit->drawn = submit->ticket;
	/* As a rule it runs in this thread. */
	local_bh_disable();
	tasklet_schedule(&submit->tasklet);
	local_bh_enable();
	wait_for_completion(&submit->done);
	return wpool_schedule(submit->pool, &submit->ttask.task);
}

/* 113: nor for what a soft interrupt submits, which with PREEMPT_RT is the thread itself */
static void ticket_not_of_softirq(struct kunit *test)
{
	struct soft_submit *submit = wpt_alloc(test, sizeof(*submit));
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);

	submit->pool = pool;
	init_completion(&submit->done);
	tasklet_init(&submit->tasklet, submit_in_softirq, (unsigned long)submit);
	wpool_tracked_task_init(&submit->ttask, wpt_run_job, job);
	KUNIT_EXPECT_EQ(test, wpool_with_ticket(pool, &submit->ttask, GFP_KERNEL, &submit->ticket,
						submit_after_softirq(submit)), -EBUSY);
	tasklet_kill(&submit->tasklet);
	KUNIT_EXPECT_EQ(test, submit->ret, 0);
	KUNIT_EXPECT_EQ(test, submit->ticket, 0);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, submit->drawn), -ENOENT);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 116: for all up to the ticket, and for none after it */
static void ticket_flush_to(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 8);
	struct ledger *ledgers[4];
	struct wpt_thread *thread;
	u64 tickets[4];
	unsigned int i;

	if (item_kind(test) == ITEM_KEYED)
		kunit_skip(test, "they run one after another");
	for (i = 0; i < 4; i++) {
		ledgers[i] = ledger_new(test, wpt_gate(test));
		tickets[i] = submit(test, pool, ledgers[i], item_kind(test));
	}
	thread = thread_for(test, call_flush_to, pool, tickets[2]);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	for (i = 3; i--; ) {
		KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
		wpt_open(ledgers[i]->gate);
		KUNIT_EXPECT_EQ(test, wpt_join(test, thread_for(test, call_wait_id, pool,
								tickets[i])), 0);
	}
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledgers[3]), 0);
	wpt_open(ledgers[3]->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread_for(test, call_flush_to, pool, U64_MAX)), 0);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledgers[3]), 1);
}

static struct kunit_case ticket_cases[] = {
	KUNIT_CASE_PARAM(ticket_ran, item_kind_gen_params),
	KUNIT_CASE(ticket_before_function),
	KUNIT_CASE(ticket_before_caller_runs),
	KUNIT_CASE_PARAM(ticket_cancelled, item_kind_gen_params),
	KUNIT_CASE(ticket_delayed),
	KUNIT_CASE_PARAM(ticket_runs, item_kind_gen_params),
	KUNIT_CASE(ticket_again),
	KUNIT_CASE(ticket_in_hardirq),
	KUNIT_CASE(ticket_not_of_interrupt),
	KUNIT_CASE(ticket_not_of_softirq),
	KUNIT_CASE_PARAM(ticket_flush_to, item_kind_gen_params),
	{}
};

static struct kunit_suite ticket_suite = {
	.name = "wpool_ticket",
	.init = ticket_init,
	.exit = wpt_exit,
	.test_cases = ticket_cases,
};

kunit_test_suite(ticket_suite);
