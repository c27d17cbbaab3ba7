// SPDX-License-Identifier: GPL-2.0
/*
 * How tickets end: each with its submission, in whatever way that ends; and where a wait for one
 * is refused, or given up.
 */
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "release_scene.h"

#define MANY	70	/* more than are ended in one hold of the lock */

static int ticket_end_init(struct kunit *test)
{
	return wpt_init(test, "wpool_ticket_end");
}

KUNIT_ARRAY_PARAM(item_kind, item_kinds, item_kind_name);

/* A wait for a ticket, in a thread. */
struct wait {
	u64	ticket;
	int	(*call)(struct wpool *pool, u64 ticket);
	int	sig;		/* that may end it, or 0 */
};

static int thread_wait(struct wpt_thread *self)
{
	struct wait *wait = self->arg;
	int ret;

	if (wait->sig)
		allow_signal(wait->sig);
	ret = wait->call(self->pool, wait->ticket);
	if (wait->sig) {
		flush_signals(current);
		disallow_signal(wait->sig);
	}
	return ret;
}

static struct wpt_thread *wait_begin(struct kunit *test, struct wpool *pool, u64 ticket,
				     int (*call)(struct wpool *pool, u64 ticket), int sig)
{
	struct wait *wait = wpt_alloc(test, sizeof(*wait));
	struct wpt_thread *thread;

	*wait = (struct wait) { ticket, call, sig };
	thread = wpt_thread(test, thread_wait, pool, NULL, wait);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread) || completion_done(&thread->done));
	return thread;
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

/* 113: its function kills the worker */
static void ticket_end_died(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct ledger *ledger = ledger_new(test, wpt_gate(test));
	struct item *item = item_new(test, ledger, item_kind(test));
	struct wpt_thread *waits;
	u64 ticket;

	item->dies = true;
	KUNIT_ASSERT_EQ(test, item_schedule_ticket(pool, item, &ticket), 0);
	waits = wait_begin(test, pool, ticket, wpool_wait_id, 0);
	wpt_open(ledger->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waits), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_DIED]), 1);
}

/* A release that does not return. */
struct slow_release {
	struct completion	begun;
	struct wpt_gate		*gate;
};

static void release_waits(void *arg, enum wpool_fate fate)
{
	struct slow_release *slow = arg;

	complete(&slow->begun);
	wait_for_completion(&slow->gate->opened);
}

/* 188: also while wpool's thread of releases is held up, if there is none to call */
static void ticket_end_without_release(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct slow_release *slow = wpt_alloc(test, sizeof(*slow));
	u64 ticket;

	init_completion(&slow->begun);
	slow->gate = wpt_gate(test);
	/* Called by that thread, as the worker is dead. */
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn_release(pool, wpt_die, slow, release_waits), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&slow->begun, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn_ticket(pool, wpt_die, NULL, NULL, &ticket), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, wait_begin(test, pool, ticket, wpool_wait_id, 0)), 0);
	WPT_EXPECT_STAT(test, pool, DIED, 2);
	wpt_open(slow->gate);
}

static const enum wpool_full discards[] = { WPOOL_FULL_DISCARD, WPOOL_FULL_DISCARD_OLDEST };

static void discard_name(const enum wpool_full *full, char *desc)
{
	strscpy(desc, *full == WPOOL_FULL_DISCARD ? "the new one" : "the oldest",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(discard, discards, discard_name);

/* 113: dropped for lack of room: the submission is accepted, and over */
static void ticket_end_dropped(struct kunit *test)
{
	enum wpool_full full = *(const enum wpool_full *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = full,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	unsigned int kind, n = 0;
	u64 waits, dropped;

	waits = submit(test, pool, ledger, ITEM_TRACKED);
	for (kind = 0; kind < ITEM_NR_KINDS; kind++) {
		if (kind == ITEM_DELAYED)
			continue;	/* it comes without room */
		dropped = submit(test, pool, ledger, kind);
		if (full == WPOOL_FULL_DISCARD_OLDEST)
			swap(waits, dropped);
		KUNIT_EXPECT_EQ(test, wpool_wait_id(pool, dropped), 0);
		KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, dropped), -ENOENT);
		KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_DROPPED]), ++n);
	}
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, waits), 0);
	wpt_open(hold->gate);
}

/* 113: a pool that is shut down now, with threads that wait for each of them */
static void ticket_end_shutdown(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct wpt_thread *threads[8];
	u64 tickets[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++)
		tickets[i] = submit(test, pool, ledger, item_kind(test));
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = wait_begin(test, pool, tickets[i * 9],
					i % 2 ? wpool_wait_id : wpool_flush_to, 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, NULL), MANY);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_CANCELLED]), MANY);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, tickets[i]), -ENOENT);
	wpt_open(hold->gate);
}

static int submit_delayed(struct wpt_thread *self)
{
	return wpool_schedule_delayed(self->pool, self->arg, 1000 * HZ);
}

/*
 * 113: another thread submits the task between the draw and a call that sets its delay: the ticket
 * is for that submission, and there can be another afterwards
 */
static void ticket_end_modified(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_thread *other;
	u64 ticket;

	wpool_delayed_task_init(dtask, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_with_ticket(pool, dtask, GFP_KERNEL, &ticket, ({
		other = wpt_thread(test, submit_delayed, pool, NULL, dtask);
		wpt_until(completion_done(&other->done)) ? wpool_modify_delayed(pool, dtask, 1) :
							    -ETIMEDOUT;
	})), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_id(pool, ticket), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	KUNIT_EXPECT_EQ(test, wpool_with_ticket(pool, dtask, GFP_KERNEL, &ticket,
						wpool_schedule_delayed(pool, dtask, 1)), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_id(pool, ticket), 0);
}

/* 113: delayed tasks without a release, when the pool is shut down before their time */
static void ticket_end_delayed(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_delayed_task *dtasks = wpt_alloc(test, MANY * sizeof(*dtasks));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct wpt_thread *waits;
	unsigned int i;
	u64 ticket;

	for (i = 0; i < MANY; i++) {
		wpool_delayed_task_init(&dtasks[i], wpt_run_job, job);
		KUNIT_ASSERT_EQ(test, wpool_with_ticket(pool, &dtasks[i], GFP_KERNEL, &ticket,
				wpool_schedule_delayed(pool, &dtasks[i], 1000 * HZ)), 0);
	}
	waits = wait_begin(test, pool, ticket, wpool_flush_to, 0);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waits), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, MANY);
}

/* 113: members of a group that is cancelled; and one taken back by its ticket is an error of it */
static void ticket_end_group(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_tracked_task *ttasks = wpt_alloc(test, MANY * sizeof(*ttasks));
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct wpool_group *group = wpt_group(test, false);
	u64 tickets[MANY];
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		wpool_tracked_task_init(&ttasks[i], wpt_run_job, job);
		KUNIT_ASSERT_EQ(test, wpool_with_ticket(pool, &ttasks[i], GFP_KERNEL, &tickets[i],
				wpool_group_schedule(group, pool, &ttasks[i].task)), 0);
	}
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, tickets[1]), 0);
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), MANY - 1);
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, wpool_wait_id(pool, tickets[i]), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	wpt_open(hold->gate);
}

/* 113: refused: there is none, and the task is the caller's, who may submit it again */
static void ticket_end_refused(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_FAIL,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item;
	u64 ticket = 1;

	if (item_kind(test) == ITEM_DELAYED)
		kunit_skip(test, "it needs no room");
	item = item_new(test, ledger, item_kind(test));
	KUNIT_EXPECT_EQ(test, item_schedule_ticket(pool, item, &ticket), -EAGAIN);
	KUNIT_EXPECT_EQ(test, ticket, 0);
	ticket = 1;
	KUNIT_EXPECT_EQ(test, item_try_ticket(pool, item, &ticket), -EAGAIN);
	KUNIT_EXPECT_EQ(test, ticket, 0);
	KUNIT_EXPECT_EQ(test, item_try_ticket(NULL, item, &ticket), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_flush_to(pool, U64_MAX), 0);
	wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, item_try_ticket(pool, item, &ticket), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, wait_begin(test, pool, ticket, wpool_wait_id, 0)), 0);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 1);
}

static int do_nothing(void *arg)
{
	return 0;
}

/* 115: one that is queued without a release is not handed back: its waiter may free it */
static void ticket_end_handed_back(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpool_tracked_task *ttasks = wpt_alloc(test, 2 * sizeof(*ttasks));
	LIST_HEAD(unrun);
	u64 ticket;

	wpool_tracked_task_init(&ttasks[0], do_nothing, NULL);
	wpool_tracked_task_init(&ttasks[1], do_nothing, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &ttasks[0].task), 0);
	KUNIT_ASSERT_EQ(test, wpool_with_ticket(pool, &ttasks[1], GFP_KERNEL, &ticket,
						wpool_schedule(pool, &ttasks[1].task)), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 2);
	KUNIT_EXPECT_TRUE(test, list_is_singular(&unrun));
	KUNIT_EXPECT_PTR_EQ(test, unrun.next, &ttasks[0].task.node);
	KUNIT_EXPECT_EQ(test, wpool_wait_id(pool, ticket), 0);
	wpt_open(hold->gate);
}

/* 113: a task that waits without one gets none: its run would end it */
static void ticket_end_of_waiting(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item = item_new(test, ledger, ITEM_TRACKED);
	u64 ticket = 7;

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &item->ttask.task), 0);
	KUNIT_EXPECT_EQ(test, item_schedule_ticket(pool, item, &ticket), -EBUSY);
	KUNIT_EXPECT_EQ(test, ticket, 7);
	KUNIT_EXPECT_EQ(test, wpool_flush_to(pool, U64_MAX), 0);
	wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 1);
}

/* 113: nor does one on the stack, which can be submitted without as before; nor none at all */
static void ticket_end_on_stack(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_tracked_task *none = NULL, ttask;
	u64 ticket = 7;

	wpool_tracked_task_init(&ttask, do_nothing, NULL);
	KUNIT_EXPECT_EQ(test, wpool_with_ticket(pool, &ttask, GFP_KERNEL, &ticket,
						wpool_schedule(pool, &ttask.task)), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_with_ticket(pool, none, GFP_KERNEL, &ticket, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, ticket, 7);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &ttask.task), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait(&ttask.task), 0);
}

/* A task of a pool that waits for a ticket there. */
struct inside {
	struct wpool	*pool;
	u64		ticket;
	int		waited, interruptible, killable, flushed;
};

static int wait_inside(void *arg)
{
	struct inside *inside = arg;

	inside->waited = wpool_wait_id(inside->pool, inside->ticket);
	inside->killable = wpool_wait_id_killable(inside->pool, inside->ticket);
	inside->interruptible = wpool_wait_id_interruptible(inside->pool, inside->ticket);
	inside->flushed = wpool_flush_to(inside->pool, inside->ticket);
	return 0;
}

/* 115, 116: refused in a task of the pool, its own or another; not in another pool */
static void ticket_end_inside(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, NULL);
	struct inside *inside = wpt_alloc(test, sizeof(*inside));
	u64 ticket;

	inside->pool = pool;
	KUNIT_ASSERT_EQ(test, wpool_schedule_fn_ticket(pool, wait_inside, inside, NULL,
						       &inside->ticket), 0);
	ticket = READ_ONCE(inside->ticket);
	KUNIT_EXPECT_EQ(test, wpt_join(test, wait_begin(test, pool, ticket, wpool_wait_id, 0)), 0);
	KUNIT_EXPECT_EQ(test, inside->waited, -EDEADLK);
	KUNIT_EXPECT_EQ(test, inside->killable, -EDEADLK);
	KUNIT_EXPECT_EQ(test, inside->interruptible, -EDEADLK);
	KUNIT_EXPECT_EQ(test, inside->flushed, -EDEADLK);
	KUNIT_ASSERT_EQ(test, wpt_run(test, other, wait_inside, inside), 0);
	KUNIT_EXPECT_EQ(test, inside->waited, 0);
	KUNIT_EXPECT_EQ(test, inside->flushed, 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_id(NULL, ticket), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_flush_to(NULL, ticket), -EINVAL);
}

/* 115: a signal ends the wait, and the ticket goes on with its other waiters */
static void ticket_end_signals(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct ledger *ledger = ledger_new(test, wpt_gate(test));
	u64 ticket = submit(test, pool, ledger, ITEM_FUNCTION);
	struct wpt_thread *killed, *interrupted, *waits;

	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&ledger->begun, WPT_LIMIT), 0);
	killed = wait_begin(test, pool, ticket, wpool_wait_id_killable, SIGKILL);
	interrupted = wait_begin(test, pool, ticket, wpool_wait_id_interruptible, SIGUSR1);
	waits = wait_begin(test, pool, ticket, wpool_wait_id_killable, SIGUSR1);
	send_sig(SIGUSR1, waits->kthread, 1);
	send_sig(SIGUSR1, interrupted->kthread, 1);
	send_sig(SIGKILL, killed->kthread, 1);
	KUNIT_EXPECT_EQ(test, wpt_join(test, interrupted), -EINTR);
	KUNIT_EXPECT_EQ(test, wpt_join(test, killed), -EINTR);
	KUNIT_EXPECT_FALSE(test, completion_done(&waits->done));
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, ticket), -EBUSY);
	wpt_open(ledger->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waits), 0);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 1);
}

/* 115: while the pool is destroyed: the waiter has a reference, and the wait ends with the task */
static void ticket_end_destroyed(struct kunit *test)
{
	struct wpool *pool = wpool_get(wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 }));
	struct ledger *ledger = ledger_new(test, wpt_gate(test));
	u64 ticket = submit(test, pool, ledger, item_kind(test));
	struct wpt_thread *waits, *destroys;

	waits = wait_begin(test, pool, ticket, wpool_wait_id, 0);
	wpt_forget(test, pool);
	destroys = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(pool) != WPOOL_STATE_RUNNING);
	KUNIT_EXPECT_FALSE(test, completion_done(&waits->done));
	wpt_open(ledger->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waits), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroys), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait_id(pool, ticket), 0);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, ticket), -ENOENT);
	wpool_put(pool);
}

/* A task that two submit, one of them with a ticket. */
struct contest {
	struct wpool_tracked_task	ttask;
	u64				ticket;
};

static int call_with_ticket(struct wpt_thread *self)
{
	struct contest *contest = self->arg;

	return wpool_with_ticket(self->pool, &contest->ttask, GFP_KERNEL, &contest->ticket,
				 wpool_schedule(self->pool, &contest->ttask.task));
}

/*
 * 113: the ticket is for the submission that it was drawn for: another one of the same task, which
 * is accepted while that one waits for room, has no part in it, and neither has its run.
 */
static void ticket_end_contested(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1,
	});
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *then = wpt_jobs(test, 1, wpt_gate(test)), *last = wpt_jobs(test, 1, NULL);
	struct contest *contest = wpt_alloc(test, sizeof(*contest));
	struct wpt_thread *submits;
	u64 ticket;

	wpool_tracked_task_init(&contest->ttask, wpt_run_job, job);
	wpool_task_set_priority(&contest->ttask.task, WPOOL_PRIO_HIGH);
	/* One for the worker, and one for the queue. */
	wpool_pause(pool);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, then, 1), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, last, 1), 0);
	submits = wpt_thread(test, call_with_ticket, pool, NULL, contest);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	ticket = READ_ONCE(contest->ticket);
	KUNIT_ASSERT_EQ(test, wpool_force_schedule(pool, &contest->ttask.task), 0);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, ticket), -EBUSY);
	KUNIT_ASSERT_TRUE(test, wpool_task_queued(&contest->ttask.task));
	wpool_resume(pool);
	wpt_begun(test, job);
	KUNIT_EXPECT_EQ(test, wpt_stat(pool, WPOOL_STAT_BLOCKED), 1);
	wpt_open(job->gate);
	wpt_begun(test, then);
	/* The forced one has ended; then there is room, and it is accepted, and does not begin. */
	KUNIT_EXPECT_EQ(test, wpt_stat(pool, WPOOL_STAT_BLOCKED), 1);
	wpool_pause(pool);
	wpt_open(then->gate);
	KUNIT_ASSERT_EQ(test, wpt_join(test, submits), 0);
	KUNIT_EXPECT_EQ(test, wpool_cancel_id(pool, ticket), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, wait_begin(test, pool, ticket, wpool_wait_id, 0)), 0);
	wpool_resume(pool);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

static struct kunit_case ticket_end_cases[] = {
	KUNIT_CASE_PARAM(ticket_end_died, item_kind_gen_params),
	KUNIT_CASE(ticket_end_without_release),
	KUNIT_CASE_PARAM(ticket_end_dropped, discard_gen_params),
	KUNIT_CASE_PARAM(ticket_end_shutdown, item_kind_gen_params),
	KUNIT_CASE(ticket_end_modified),
	KUNIT_CASE(ticket_end_delayed),
	KUNIT_CASE(ticket_end_group),
	KUNIT_CASE_PARAM(ticket_end_refused, item_kind_gen_params),
	KUNIT_CASE(ticket_end_handed_back),
	KUNIT_CASE(ticket_end_of_waiting),
	KUNIT_CASE(ticket_end_on_stack),
	KUNIT_CASE(ticket_end_contested),
	KUNIT_CASE(ticket_end_inside),
	KUNIT_CASE(ticket_end_signals),
	KUNIT_CASE_PARAM(ticket_end_destroyed, item_kind_gen_params),
	{}
};

static struct kunit_suite ticket_end_suite = {
	.name = "wpool_ticket_end",
	.init = ticket_end_init,
	.exit = wpt_exit,
	.test_cases = ticket_end_cases,
};

kunit_test_suite(ticket_end_suite);
