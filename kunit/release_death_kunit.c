// SPDX-License-Identifier: GPL-2.0
/* Releases that end the thread that calls them. */
#include "release_scene.h"

static int release_death_init(struct kunit *test)
{
	return wpt_init(test, "wpool_release_death");
}

KUNIT_ARRAY_PARAM(item_kind, item_kinds, item_kind_name);

static struct wpool *pool_of(struct kunit *test, unsigned int capacity)
{
	return wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
}

/* 167: one that ends its worker costs that worker: it counts as returned, and the pool goes on */
static void release_death_worker(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct ledger *ledger = ledger_new(test, NULL);

	ledger->kills = true;
	item_submit(test, pool, ledger, item_kind(test));
	ledger_expect(test, ledger, pool, WPOOL_FATE_RAN, 1);
	WPT_ASSERT_STAT(test, pool, DIED, 1);
	item_submit(test, pool, ledger, item_kind(test));
	ledger_expect(test, ledger, pool, WPOOL_FATE_RAN, 2);
	wpt_destroy(test, pool);
}

/*
 * 168: one that a dead worker has left, as its argument is what has killed that, costs neither the
 * manager nor those behind it
 */
static void release_death_of_dead(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item;
	unsigned int i;

	ledger->kills = true;
	ledger->not_by = wpt_manager();
	for (i = 0; i < 2; i++) {
		item = item_new(test, ledger, item_kind(test));
		item->dies = true;
		KUNIT_ASSERT_EQ(test, item_schedule(pool, item), 0);
	}
	ledger_expect(test, ledger, pool, WPOOL_FATE_DIED, 2);
	KUNIT_EXPECT_EQ(test, atomic_read(&ledger->by_it), 0);
	/* New workers are made, so the manager lives. */
	wpt_open(wpt_hold(test, pool, 2)->gate);
	WPT_EXPECT_STAT(test, pool, DIED, 2);
}

/* A task that takes back another one, whose release ends its thread. */
struct canceller {
	struct wpool_task	task;
	struct wpool		*pool;
	struct item		*item;
};

static int cancel_item(void *arg)
{
	struct canceller *canceller = arg;

	return wpool_cancel(&canceller->item->ttask.task);
}

/* 167: so does that of a task of another pool, which its worker takes back inside a task */
static void release_death_of_cancelled(struct kunit *test)
{
	struct canceller *canceller = wpt_alloc(test, sizeof(*canceller));
	struct wpool *pool = pool_of(test, 1), *other = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, other, 1);
	struct ledger *ledger = ledger_new(test, NULL);

	canceller->item = item_submit(test, other, ledger, ITEM_TRACKED);
	wpool_task_init(&canceller->task, cancel_item, canceller);
	ledger->kills = true;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &canceller->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &canceller->task), -EOWNERDEAD);
	wpt_open(hold->gate);
	ledger_expect(test, ledger, other, WPOOL_FATE_CANCELLED, 1);
	wpt_destroy(test, other);
}

static struct kunit_case release_death_cases[] = {
	KUNIT_CASE_PARAM(release_death_worker, item_kind_gen_params),
	KUNIT_CASE_PARAM(release_death_of_dead, item_kind_gen_params),
	KUNIT_CASE(release_death_of_cancelled),
	{}
};

static struct kunit_suite release_death_suite = {
	.name = "wpool_release_death",
	.init = release_death_init,
	.exit = wpt_exit,
	.test_cases = release_death_cases,
};

kunit_test_suite(release_death_suite);
