// SPDX-License-Identifier: GPL-2.0
/*
 * The release of a task: called once for each time that the task was accepted, when the pool is
 * done with it. Here it frees the task, so KASAN sees what comes too late.
 */
#include <linux/irq_work.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "release_scene.h"

#define MANY	200

static int release_init(struct kunit *test)
{
	return wpt_init(test, "wpool_release");
}

KUNIT_ARRAY_PARAM(item_kind, item_kinds, item_kind_name);

static struct wpool *pool_of(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
}

/* 91: they run, some of them one after another in one worker */
static void release_ran(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2);
	struct ledger *ledger = ledger_new(test, NULL);

	items_submit(test, pool, ledger, item_kind(test), MANY);
	ledger_expect(test, ledger, pool, WPOOL_FATE_RAN, MANY);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->runs), MANY);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), MANY);
}

/* 91: with plain tasks between them, in batches and without */
static void release_among_plain(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *jobs = wpt_jobs(test, MANY, NULL);
	struct ledger *ledger = ledger_new(test, NULL);
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
		if (i % 3 == 0)
			item_submit(test, pool, ledger, item_kind(test));
	}
	wpt_open(hold->gate);
	ledger_expect(test, ledger, pool, WPOOL_FATE_RAN, DIV_ROUND_UP(MANY, 3));
	for (i = 0; i < MANY; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
}

/* 91: taken back one by one, before the call returns */
static void release_cancelled(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item;
	unsigned int i;

	if (item_kind(test) == ITEM_FUNCTION)
		kunit_skip(test, "nobody can cancel it");
	for (i = 0; i < 3; i++) {
		item = item_submit(test, pool, ledger, item_kind(test));
		KUNIT_EXPECT_TRUE(test, wpool_cancel(&item->ttask.task));
		KUNIT_EXPECT_EQ(test, ledger_sum(ledger), i + 1);
		KUNIT_EXPECT_PTR_EQ(test, ledger->released_by, current);
	}
	wpt_open(hold->gate);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 3);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->runs), 0);
}

/* 91: wpool_shutdown_now() hands none back, and releases all that wait */
static void release_shutdown_now(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *plain = wpt_jobs(test, 1, NULL);
	struct ledger *ledger = ledger_new(test, NULL);
	LIST_HEAD(unrun);

	items_submit(test, pool, ledger, item_kind(test), MANY);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &plain->task), 0);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), MANY + 1);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), MANY);
	KUNIT_EXPECT_PTR_EQ(test, unrun.next, &plain->task.node);
	KUNIT_EXPECT_PTR_EQ(test, unrun.prev, &plain->task.node);
	wpt_open(hold->gate);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, MANY);
}

/*
 * 91: delayed tasks, when the pool is shut down: by a thread of wpool's, and not by the one that
 * shuts it down, which may be in an interrupt handler
 */
static void release_delayed(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		item = item_new(test, ledger, ITEM_DELAYED);
		KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &item->dtask,
							     i ? 1000 * HZ : 1), 0);
	}
	WPT_ASSERT_UNTIL(test, ledger_sum(ledger) == 1);
	ledger->not_by = current;
	wpool_shutdown(pool);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->by_it), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_RAN]), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_CANCELLED]), MANY - 1);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), MANY);
}

static const enum wpool_full discards[] = { WPOOL_FULL_DISCARD, WPOOL_FULL_DISCARD_OLDEST };

static void discard_name(const enum wpool_full *full, char *desc)
{
	strscpy(desc, *full == WPOOL_FULL_DISCARD ? "the new one" : "the oldest",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(discard, discards, discard_name);

/* 91: dropped for lack of room, and released by the submitter; each kind that can be dropped */
static void release_dropped(struct kunit *test)
{
	enum wpool_full full = *(const enum wpool_full *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = full,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	unsigned int kind;

	for (kind = 0; kind < ITEM_NR_KINDS; kind++) {
		if (kind != ITEM_DELAYED)
			item_submit(test, pool, ledger, kind);
	}
	/* All but the one that waits. */
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_DROPPED]),
			ITEM_NR_KINDS - 2);
	wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_RAN]), 1);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), ITEM_NR_KINDS - 1);
}

/* 91: the function kills its worker */
static void release_died(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item = item_new(test, ledger, item_kind(test));

	item->dies = true;
	KUNIT_ASSERT_EQ(test, item_schedule(pool, item), 0);
	ledger_expect(test, ledger, pool, WPOOL_FATE_DIED, 1);
}

/* 91: refused, for any reason: never called, and the memory is still the caller's */
static void release_refused(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_FAIL,
	});
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item = item_new(test, ledger, item_kind(test));
	struct wpt_job *hold = wpt_hold(test, pool, 1);

	/* A delayed one finds room when its time comes. */
	if (item_kind(test) != ITEM_DELAYED) {
		KUNIT_EXPECT_EQ(test, item_schedule(pool, item), -EAGAIN);
		KUNIT_EXPECT_EQ(test, item_try(pool, item), -EAGAIN);
	}
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, item_schedule(pool, item), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test, item_try(pool, item), -ESHUTDOWN);
	KUNIT_EXPECT_EQ(test,
			wpool_schedule_fn(NULL, item_run, item, item_release),
			-EINVAL);
	wpt_open(hold->gate);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 0);
	KUNIT_EXPECT_PTR_EQ(test, item->ledger, ledger);
	kfree(item);
}

static int fail(void *arg)
{
	item_run(arg);
	return -EIO;
}

/* 91: a group is cancelled, or fails; its tasks of wpool's own memory among others */
static void release_group(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct wpool_group *group = wpt_group(test, true);
	struct item *item;
	unsigned int i;

	for (i = 0; i < MANY; i++) {
		item = item_new(test, ledger, ITEM_FUNCTION);
		KUNIT_ASSERT_EQ(test,
				wpool_group_schedule_fn(group, pool, item_run, item, item_release),
				0);
		item = item_new(test, ledger, ITEM_TRACKED);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, &item->ttask.task), 0);
	}
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 2 * MANY);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_CANCELLED]), 2 * MANY);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);

	wpool_group_init(group, WPOOL_GROUP_FAIL_FAST);
	item = item_new(test, ledger, ITEM_FUNCTION);
	KUNIT_ASSERT_EQ(test,
			wpool_group_schedule_fn(group, pool, fail, item, item_release),
			0);
	for (i = 0; i < MANY; i++) {
		item = item_new(test, ledger, ITEM_FUNCTION);
		KUNIT_ASSERT_EQ(test,
				wpool_group_schedule_fn(group, pool, item_run, item, item_release),
				0);
	}
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_RAN]), 1);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 3 * MANY + 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->runs), 1);
}

struct runner {
	struct item		*item;
	struct task_struct	*thread;
};

static int call_item_schedule(struct wpt_thread *self)
{
	struct runner *runner = self->arg;

	runner->thread = current;
	runner->item->thread = self;
	return item_schedule(self->pool, runner->item);
}

/* 25, 91: run by the submitter, and released by it, before its call returns; or it dies */
static void release_caller_runs(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct runner *runner = wpt_alloc(test, sizeof(*runner));

	if (item_kind(test) == ITEM_KEYED || item_kind(test) == ITEM_DELAYED)
		kunit_skip(test, "waits in the pool instead");
	runner->item = item_new(test, ledger, item_kind(test));
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_item_schedule, pool, runner), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[WPOOL_FATE_RAN]), 1);
	KUNIT_EXPECT_PTR_EQ(test, ledger->released_by, runner->thread);

	runner->item = item_new(test, ledger, item_kind(test));
	runner->item->dies = true;
	wpt_thread(test, call_item_schedule, pool, NULL, runner);
	WPT_ASSERT_UNTIL(test, atomic_read(&ledger->released[WPOOL_FATE_DIED]) == 1);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 2);
	wpt_open(hold->gate);
}

static const struct await {
	const char	*name;
	int		(*call)(struct wpt_thread *self);
} awaits[] = {
	{ "flush", wpt_call_flush }, { "drain", wpt_call_drain }, { "destroy", wpt_call_destroy },
};

static void await_name(const struct await *await, char *desc)
{
	strscpy(desc, await->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(await, awaits, await_name);

/* 93: these wait until the release has returned; nor does the next task of the worker begin */
static void release_awaited(struct kunit *test)
{
	const struct await *await = test->param_value;
	struct wpool *pool = pool_of(test, 1);
	struct ledger *ledger = ledger_new(test, wpt_gate(test));
	struct wpt_job *next = wpt_jobs(test, 1, NULL);
	struct wpt_thread *thread;

	ledger->at_release = wpt_gate(test);
	item_submit(test, pool, ledger, ITEM_TRACKED);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &next->task), 0);
	wpt_open(ledger->gate);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&ledger->releasing, WPT_LIMIT), 0);
	WPT_EXPECT_STAT(test, pool, RUNNING, 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	if (await->call == wpt_call_destroy)
		wpt_forget(test, pool);
	thread = wpt_thread(test, await->call, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	KUNIT_EXPECT_EQ(test, atomic_read(&next->runs), 0);
	wpt_open(ledger->at_release);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&next->runs), 1);
}

/* 67, 93: a pool of another module pins that of the task until the release has returned */
static void release_pins(struct kunit *test)
{
	struct ledger *ledger = ledger_new(test, NULL);
	int before;

	wpt_needs_module(test);
	before = wpt_pins(THIS_MODULE);
	ledger->at_release = wpt_gate(test);
	item_submit(test, wpool_default(), ledger, item_kind(test));
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&ledger->releasing, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, wpt_pins(THIS_MODULE), before + 1);
	wpt_open(ledger->at_release);
	WPT_ASSERT_UNTIL(test, wpt_pins(THIS_MODULE) == before);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), 1);
}

struct irq_cancel {
	struct irq_work		work;
	struct item		*item;
	bool			cancelled;
	struct completion	done;
};

static void cancel_in_irq(struct irq_work *work)
{
	struct irq_cancel *cancel = container_of(work, struct irq_cancel, work);

	cancel->cancelled = wpool_cancel(&cancel->item->ttask.task);
	complete(&cancel->done);
}

/* 27, 91: in the context of the thread that ends the task */
static void release_in_hardirq(struct kunit *test)
{
	struct irq_cancel *cancel = wpt_alloc(test, sizeof(*cancel));
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);

	cancel->item = item_submit(test, pool, ledger, ITEM_TRACKED);
	init_completion(&cancel->done);
	cancel->work = IRQ_WORK_INIT_HARD(cancel_in_irq);
	irq_work_queue(&cancel->work);
	wait_for_completion(&cancel->done);
	irq_work_sync(&cancel->work);
	KUNIT_EXPECT_TRUE(test, cancel->cancelled);
	KUNIT_EXPECT_TRUE(test, ledger->in_hardirq);
	wpt_open(hold->gate);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 1);
}

struct waits {
	struct wpool_keyed_task	ktask;
	struct wpool		*pool;
	struct item		*item;
	struct task_struct	*thread;
	int			got;
};

/* Has the key that the other waits for. */
static int wait_behind_own_key(void *arg)
{
	struct waits *waits = arg;

	waits->thread = current;
	waits->got = wpool_schedule_keyed(waits->pool, &waits->item->ktask, 1) ?:
		     wpool_wait(&waits->item->ktask.task);
	return 0;
}

/* 81, 91: a worker whose wait is refused takes the task back, and releases it */
static void release_deadlock(struct kunit *test)
{
	struct waits *waits = wpt_alloc(test, sizeof(*waits));
	struct wpool *pool = pool_of(test, 1);
	struct ledger *ledger = ledger_new(test, NULL);

	waits->pool = pool;
	waits->item = item_new(test, ledger, ITEM_KEYED);
	wpool_keyed_task_init(&waits->ktask, wait_behind_own_key, waits);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &waits->ktask, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &waits->ktask.task), 0);
	KUNIT_EXPECT_EQ(test, waits->got, -EDEADLK);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 1);
	KUNIT_EXPECT_PTR_EQ(test, ledger->released_by, waits->thread);
}

static struct kunit_case release_cases[] = {
	KUNIT_CASE_PARAM(release_ran, item_kind_gen_params),
	KUNIT_CASE_PARAM(release_among_plain, item_kind_gen_params),
	KUNIT_CASE_PARAM(release_cancelled, item_kind_gen_params),
	KUNIT_CASE_PARAM(release_shutdown_now, item_kind_gen_params),
	KUNIT_CASE(release_delayed),
	KUNIT_CASE_PARAM(release_dropped, discard_gen_params),
	KUNIT_CASE_PARAM(release_died, item_kind_gen_params),
	KUNIT_CASE_PARAM(release_refused, item_kind_gen_params),
	KUNIT_CASE(release_group),
	KUNIT_CASE_PARAM(release_caller_runs, item_kind_gen_params),
	KUNIT_CASE_PARAM(release_awaited, await_gen_params),
	KUNIT_CASE_PARAM(release_pins, item_kind_gen_params),
	KUNIT_CASE(release_in_hardirq),
	KUNIT_CASE(release_deadlock),
	{}
};

static struct kunit_suite release_suite = {
	.name = "wpool_release",
	.init = release_init,
	.exit = wpt_exit,
	.test_cases = release_cases,
};

kunit_test_suite(release_suite);
