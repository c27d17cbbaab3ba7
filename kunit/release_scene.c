// SPDX-License-Identifier: GPL-2.0
#include <linux/kthread.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "release_scene.h"

const enum item_kind item_kinds[] = {
	ITEM_TRACKED, ITEM_DETACHED, ITEM_KEYED, ITEM_DELAYED, ITEM_FUNCTION,
};

void item_kind_name(const enum item_kind *kind, char *desc)
{
	static const char * const names[] = {
		[ITEM_TRACKED] = "tracked", [ITEM_DETACHED] = "detached",
		[ITEM_KEYED] = "keyed", [ITEM_DELAYED] = "delayed", [ITEM_FUNCTION] = "function",
	};

	strscpy(desc, names[*kind], KUNIT_PARAM_DESC_SIZE);
}

struct ledger *ledger_new(struct kunit *test, struct wpt_gate *gate)
{
	struct ledger *ledger = wpt_alloc(test, sizeof(*ledger));

	ledger->gate = gate;
	init_completion(&ledger->begun);
	init_completion(&ledger->releasing);
	return ledger;
}

unsigned int ledger_sum(const struct ledger *ledger)
{
	unsigned int fate, sum = 0;

	for (fate = 0; fate < NR_FATES; fate++)
		sum += atomic_read(&ledger->released[fate]);
	return sum;
}

void ledger_expect(struct kunit *test, struct ledger *ledger, struct wpool *pool,
		   enum wpool_fate fate, unsigned int n)
{
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->released[fate]), n);
	KUNIT_EXPECT_EQ(test, ledger_sum(ledger), n);
}

int item_run(void *arg)
{
	struct item *item = arg;
	struct ledger *ledger = item->ledger;
	struct wpt_thread *thread = item->thread;
	bool dies = item->dies;

	complete(&ledger->begun);
	if (ledger->gate)
		wait_for_completion(&ledger->gate->opened);
	atomic_inc(&ledger->runs);
	/* Once it has begun a detached one is its function's to release. */
	if (item->kind == ITEM_DETACHED)
		item_release(item, dies ? WPOOL_FATE_DIED : WPOOL_FATE_RAN);
	if (!dies)
		return 7;
	if (thread)
		complete_all(&thread->done);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/*
 * A release must not sleep, as it does not know where it is called. One that waits for a gate
 * is called by a worker, at which nothing keeps it from that: so a test holds it there.
 */
void item_release(void *arg, enum wpool_fate fate)
{
	struct item *item = arg;
	struct ledger *ledger = item->ledger;

	/* Where no spinlock may be taken, no memory is freed. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && in_hardirq())
		kfree_rcu(item, rcu);
	else
		kfree(item);
	WRITE_ONCE(ledger->released_by, current);
	WRITE_ONCE(ledger->in_hardirq, in_hardirq());
	if (current == ledger->not_by)
		atomic_inc(&ledger->by_it);
	complete(&ledger->releasing);
	if (ledger->at_release)
		wait_for_completion(&ledger->at_release->opened);
	atomic_inc(&ledger->released[fate]);
	if (xchg(&ledger->kills, 0))
		kthread_complete_and_exit(NULL, 0);
}

struct item *item_new(struct kunit *test, struct ledger *ledger, enum item_kind kind)
{
	struct item *item = kzalloc(sizeof(*item), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, item);
	item->ledger = ledger;
	item->kind = kind;
	if (kind == ITEM_KEYED) {
		wpool_keyed_task_init(&item->ktask, item_run, item);
		wpool_task_set_release(&item->ktask, item_release);
	} else if (kind == ITEM_DELAYED) {
		wpool_delayed_task_init(&item->dtask, item_run, item);
		wpool_task_set_release(&item->dtask, item_release);
	} else if (kind != ITEM_FUNCTION) {
		wpool_release_task_init(&item->ttask, item_run, item);
		wpool_task_set_release(&item->ttask, item_release);
	}
	if (kind == ITEM_DETACHED)
		wpool_task_set_detached(&item->ttask.task);
	return item;
}

int item_schedule(struct wpool *pool, struct item *item)
{
	switch (item->kind) {
	case ITEM_FUNCTION:
		return wpool_schedule_fn(pool, item_run, item, item_release);
	case ITEM_KEYED:
		return wpool_schedule_keyed(pool, &item->ktask, 0);
	case ITEM_DELAYED:
		return wpool_schedule_delayed(pool, &item->dtask, 1);
	default:
		return wpool_schedule(pool, &item->ttask.task);
	}
}

int item_try(struct wpool *pool, struct item *item)
{
	switch (item->kind) {
	case ITEM_FUNCTION:
		return wpool_try_schedule_fn(pool, item_run, item,
					     item_release);
	case ITEM_KEYED:
		return wpool_try_schedule_keyed(pool, &item->ktask, 0);
	case ITEM_DELAYED:
		return wpool_schedule_delayed(pool, &item->dtask, 1);
	default:
		return wpool_try_schedule(pool, &item->ttask.task);
	}
}

/* It waits in the queue, as the others do. */
static void item_come(struct kunit *test, struct wpool *pool, enum item_kind kind)
{
	if (kind == ITEM_DELAYED)
		WPT_ASSERT_STAT(test, pool, DELAYED, 0);
}

struct item *item_submit(struct kunit *test, struct wpool *pool, struct ledger *ledger,
			 enum item_kind kind)
{
	struct item *item = item_new(test, ledger, kind);

	KUNIT_ASSERT_EQ(test, item_schedule(pool, item), 0);
	item_come(test, pool, kind);
	return item;
}

void items_submit(struct kunit *test, struct wpool *pool, struct ledger *ledger,
		  enum item_kind kind, unsigned int n)
{
	while (n--)
		KUNIT_ASSERT_EQ(test, item_schedule(pool, item_new(test, ledger, kind)), 0);
	item_come(test, pool, kind);
}
