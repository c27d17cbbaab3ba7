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

/* 91, 167: of tasks that their workers have died in: by none of wpool's threads that others need */
static void release_of_dead(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item;
	unsigned int i;

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

/* A task that dies, and whose release waits for its own pool. */
struct waits {
	struct wpool_release_task	ttask;
	struct wpool			*pool;
	struct completion		done;
	int				err;
};

static void release_flushes(void *arg, enum wpool_fate fate)
{
	struct waits *waits = arg;

	waits->err = wpool_flush(waits->pool);
	complete(&waits->done);
}

/* 62: and one that would wait for itself is refused */
static void release_death_waits(struct kunit *test)
{
	struct waits *waits = wpt_alloc(test, sizeof(*waits));

	waits->pool = pool_of(test, 1);
	init_completion(&waits->done);
	wpool_release_task_init(&waits->ttask, wpt_die, waits);
	wpool_task_set_release(&waits->ttask, release_flushes);
	KUNIT_ASSERT_EQ(test, wpool_schedule(waits->pool, &waits->ttask.task), 0);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&waits->done, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, waits->err, -EDEADLK);
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

/* The hook of a pool whose priv is a canceller; one worker takes the item back. */
static void cancel_at_stop(struct wpool *pool)
{
	struct canceller *canceller = wpool_priv(pool);
	struct item *item = xchg(&canceller->item, NULL);

	if (item)
		wpool_cancel(&item->ttask.task);
}

/* 34, 167: so does that of one which its worker takes back as it leaves */
static void release_death_in_stop(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_stop = cancel_at_stop };
	struct canceller *canceller = wpt_alloc(test, sizeof(*canceller));
	struct wpool *other = pool_of(test, 1), *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .idle_timeout_ms = 1, .ops = &ops, .priv = canceller,
	});
	struct wpt_job *hold = wpt_hold(test, other, 1), *stays = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);

	canceller->item = item_submit(test, other, ledger, ITEM_TRACKED);
	ledger->kills = true;
	KUNIT_ASSERT_EQ(test, wpool_prestart(pool, 1), 1);
	WPT_ASSERT_STAT(test, pool, DIED, 1);
	WPT_ASSERT_STAT(test, pool, WORKERS, 1);
	wpt_open(hold->gate);
	wpt_open(stays->gate);
	ledger_expect(test, ledger, other, WPOOL_FATE_CANCELLED, 1);
	wpt_destroy(test, pool);
	wpt_destroy(test, other);
}

/* What a worker does to the tasks of a pool, all at once; see below. */
struct ender {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpool_group	*group;
	struct ledger		*ledger;
	unsigned int		released;	/* when the call has returned */
};

static int cancel_group(void *arg)
{
	struct ender *ender = arg;
	int n = wpool_group_cancel(ender->group);

	ender->released = ledger_sum(ender->ledger);
	return n;
}

static int shut_down_now(void *arg)
{
	struct ender *ender = arg;
	int n = wpool_shutdown_now(ender->pool, NULL);

	ender->released = ledger_sum(ender->ledger);
	return n;
}

/* A worker ends what waits in another pool; the first release may end its thread. */
static void end_all(struct kunit *test, wpool_fn_t fn, bool kills)
{
	struct ender *ender = wpt_alloc(test, sizeof(*ender));
	struct wpool *pool = pool_of(test, 1), *other = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, other, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item;
	unsigned int i;

	ender->pool = other;
	ender->ledger = ledger;
	ender->group = wpt_group(test, false);
	for (i = 0; i < 3; i++) {
		item = item_new(test, ledger, ITEM_TRACKED);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule(ender->group, other,
							   &item->ttask.task), 0);
	}
	wpool_task_init(&ender->task, fn, ender);
	ledger->kills = kills;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &ender->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &ender->task), kills ? -EOWNERDEAD : 3);
	if (!kills)
		KUNIT_EXPECT_EQ(test, ender->released, 3);
	WPT_EXPECT_STAT(test, pool, DIED, kills);
	wpt_open(hold->gate);
	ledger_expect(test, ledger, other, WPOOL_FATE_CANCELLED, 3);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, ender->group), -ECANCELED);
	/* What walks along all pools, and along its tasks, does so again. */
	KUNIT_EXPECT_EQ(test, wpool_group_cancel(ender->group), 0);
	wpt_destroy(test, other);
}

static const bool kills_cases[] = { false, true };

static void kills_name(const bool *kills, char *desc)
{
	strscpy(desc, *kills ? "the first ends its worker" : "they return", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(kills, kills_cases, kills_name);

/* 167: in a call that ends many tasks it leaves none of them behind */
static void release_death_in_group_cancel(struct kunit *test)
{
	end_all(test, cancel_group, *(const bool *)test->param_value);
}

/* 167: nor in one that nobody else would go on with */
static void release_death_in_shutdown(struct kunit *test)
{
	end_all(test, shut_down_now, *(const bool *)test->param_value);
}

static int fail(void *arg)
{
	return -EIO;
}

/* 167: a worker that has dropped tasks of a group that failed calls releases again, and dies */
static void release_death_after_drop(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct wpool_group *group = wpt_group(test, true);
	unsigned int i;

	KUNIT_ASSERT_EQ(test,
			wpool_group_schedule_fn(group, pool, fail, NULL, NULL),
			0);
	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test,
				wpool_group_schedule_fn(group, pool, item_run,
							item_new(test, ledger, ITEM_FUNCTION),
							item_release),
				0);
	}
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -EIO);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 3);
	ledger->kills = true;
	KUNIT_ASSERT_EQ(test, item_schedule(pool, item_new(test, ledger, ITEM_TRACKED)), 0);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	WPT_ASSERT_STAT(test, pool, DIED, 1);
}

/* A task that waits for an item of its own key, which could not begin before it ends. */
struct behind {
	struct wpool_keyed_task	ktask;
	struct wpool		*pool;
	struct item		*item;
};

static int wait_behind_own_key(void *arg)
{
	struct behind *behind = arg;

	return wpool_schedule_keyed(behind->pool, &behind->item->ktask, 1) ?:
	       wpool_wait(&behind->item->ktask.task);
}

/* Of a task that a refused wait takes back. */
static void refused_dies(struct kunit *test)
{
	struct behind *behind = wpt_alloc(test, sizeof(*behind));
	struct wpool *pool = pool_of(test, 1);
	struct ledger *ledger = ledger_new(test, NULL);

	ledger->kills = true;
	behind->pool = pool;
	behind->item = item_new(test, ledger, ITEM_KEYED);
	wpool_keyed_task_init(&behind->ktask, wait_behind_own_key, behind);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &behind->ktask, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &behind->ktask.task), -EOWNERDEAD);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 1);
	WPT_EXPECT_STAT(test, pool, DIED, 1);
	wpt_destroy(test, pool);
}

/* kmemleak does not see what a stale word on some stack points to: of several it sees most. */
#define DEATHS	6

/* 81, 167: it costs nothing else there either; on debug kmemleak finds a pool that is lost */
static void release_death_of_refused(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < DEATHS; i++)
		refused_dies(test);
}

/* A task that calls a function in another pool, and waits. */
struct runner {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_job		*job;
};

static int run_job(void *arg)
{
	struct runner *runner = arg;

	return wpool_run(runner->pool, wpt_run_job, runner->job);
}

/* 75, 167: its own task has been accepted in place of that whose release ends the worker */
static void release_death_of_displaced(struct kunit *test)
{
	struct runner *runner = wpt_alloc(test, sizeof(*runner));
	struct wpool *other = pool_of(test, 1), *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_DISCARD_OLDEST,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct ledger *ledger = ledger_new(test, NULL);

	item_submit(test, pool, ledger, ITEM_TRACKED);
	ledger->kills = true;
	runner->pool = pool;
	runner->job = wpt_jobs(test, 1, NULL);
	wpool_task_init(&runner->task, run_job, runner);
	KUNIT_ASSERT_EQ(test, wpool_schedule(other, &runner->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &runner->task), -EOWNERDEAD);
	wpt_open(hold->gate);
	ledger_expect(test, ledger, pool, WPOOL_FATE_DROPPED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&runner->job->runs), 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	wpt_destroy(test, pool);
}

static struct kunit_case release_death_cases[] = {
	KUNIT_CASE_PARAM(release_death_worker, item_kind_gen_params),
	KUNIT_CASE_PARAM(release_of_dead, item_kind_gen_params),
	KUNIT_CASE(release_death_waits),
	KUNIT_CASE(release_death_of_cancelled),
	KUNIT_CASE(release_death_in_stop),
	KUNIT_CASE(release_death_of_refused),
	KUNIT_CASE(release_death_of_displaced),
	KUNIT_CASE(release_death_after_drop),
	KUNIT_CASE_PARAM(release_death_in_group_cancel, kills_gen_params),
	KUNIT_CASE_PARAM(release_death_in_shutdown, kills_gen_params),
	{}
};

static struct kunit_suite release_death_suite = {
	.name = "wpool_release_death",
	.init = release_death_init,
	.exit = wpt_exit,
	.test_cases = release_death_cases,
};

kunit_test_suite(release_death_suite);
