// SPDX-License-Identifier: GPL-2.0
/*
 * What comes to a group, moves or fails while a thread takes its tasks back, or is about to sleep
 * until it ends.
 */
#include <linux/delay.h>
#include "actor.h"
#include "delayed_scene.h"
#include "release_scene.h"

#define RACES	300

static int group_late_init(struct kunit *test)
{
	return wpt_init(test, "wpool_group_late");
}

static struct wpool *pool_of(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
}

static int call_cancel_sync(struct wpt_thread *self)
{
	return wpool_group_cancel_sync(self->arg);
}

/* 104: one that joins with a delay, in another pool, while the call sleeps, is taken back */
static void group_late_delayed(struct kunit *test)
{
	struct wpool *home = pool_of(test, 1), *other = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *busy = wpt_jobs(test, 1, wpt_gate(test));
	struct late *late = late_tasks(test, 1, NULL);
	struct wpt_thread *canceller;

	wpt_group_schedule(test, group, home, busy, 1);
	wpt_begun(test, busy);
	canceller = wpt_thread(test, call_cancel_sync, NULL, NULL, group);
	WPT_ASSERT_UNTIL(test, wpt_asleep(canceller));
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(group, other, &late->dtask,
							   MAX_SCHEDULE_TIMEOUT), 0);
	wpt_open(busy->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, canceller), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 0);
}

/* A task of the group whose release does something with another. */
struct first {
	struct wpool_delayed_task	dtask;
	struct wpool			*pool;
	struct wpool_group		*group;
	struct wpool_delayed_task	*other;
	int				err;
};

static struct first *first_of(struct kunit *test, struct wpool *pool, struct wpool_group *group,
			      wpool_release_t release)
{
	struct first *first = wpt_alloc(test, sizeof(*first));

	first->pool = pool;
	first->group = group;
	first->other = &late_tasks(test, 1, NULL)->dtask;
	wpool_delayed_task_init(&first->dtask, late_run, NULL);
	wpool_task_set_release(&first->dtask, release);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(group, pool, &first->dtask, NEVER), 0);
	return first;
}

static void submit_other(void *arg, enum wpool_fate fate)
{
	struct first *first = container_of(arg, struct first, dtask);

	first->err = wpool_group_schedule_delayed(first->group, first->pool, first->other, NEVER);
}

/* 104: nor is one missed that joins when the call has looked for it, before it sleeps */
static void group_late_successor(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, false);
	struct first *first = first_of(test, pool, group, submit_other);

	first->dtask.task.arg = &first->dtask;
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_cancel_sync, NULL, group), 0);
	KUNIT_EXPECT_EQ(test, first->err, 0);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&first->other->task));
}

/* 52: a group that has failed before a thread comes to wait: that thread takes the rest back */
static void group_late_failed(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1), *other = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, true);
	struct wpt_job *fails = wpt_jobs(test, 1, NULL);
	struct late *late = late_tasks(test, 1, NULL);

	fails->result = -EIO;
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(group, other, &late->dtask, NEVER), 0);
	wpt_group_schedule(test, group, pool, fails, 1);
	KUNIT_ASSERT_EQ(test, wpt_wait(test, fails), -EIO);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	KUNIT_EXPECT_FALSE(test, wpool_task_queued(&late->dtask.task));
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 0);
}

/* 52: a group that fails as a thread goes to sleep for it: that thread takes the rest back */
static void group_late_failure(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1), *other = pool_of(test, 1);
	struct wpool_group *group;
	struct wpt_thread *waiter;
	struct wpt_job *fails;
	struct late *late;
	unsigned int i;

	for (i = 0; i < RACES; i++) {
		group = wpt_group(test, true);
		fails = wpt_jobs(test, 1, wpt_gate(test));
		fails->result = -EIO;
		late = late_tasks(test, 1, NULL);
		wpt_group_schedule(test, group, pool, fails, 1);
		wpt_begun(test, fails);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(group, other, &late->dtask,
								   NEVER), 0);
		waiter = wpt_thread(test, wpt_call_group_wait, NULL, NULL, group);
		wpt_until(READ_ONCE(waiter->calling));
		udelay(i % 50);
		wpt_open(fails->gate);
		KUNIT_ASSERT_EQ(test, wpt_join(test, waiter), -EIO);
	}
}

/* 91: a submitter to a group that has failed calls no release: it may hold a lock of that */
static void group_late_release(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpool_group *group = wpt_group(test, true);
	struct wpt_job *fails = wpt_jobs(test, 1, NULL);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item = item_new(test, ledger, ITEM_DELAYED);
	unsigned long flags;

	fails->result = -EIO;
	wpt_group_schedule(test, group, pool, fails, 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	ledger->not_by = current;
	local_irq_save(flags);
	KUNIT_EXPECT_EQ(test, wpool_group_schedule_delayed(group, pool, &item->dtask, NEVER), 0);
	local_irq_restore(flags);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->by_it), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 1);
}

static struct kunit_case group_late_cases[] = {
	KUNIT_CASE(group_late_delayed),
	KUNIT_CASE(group_late_successor),
	KUNIT_CASE(group_late_failed),
	KUNIT_CASE(group_late_failure),
	KUNIT_CASE(group_late_release),
	{}
};

static struct kunit_suite group_late_suite = {
	.name = "wpool_group_late",
	.init = group_late_init,
	.exit = wpt_exit,
	.test_cases = group_late_cases,
};

kunit_test_suite(group_late_suite);
