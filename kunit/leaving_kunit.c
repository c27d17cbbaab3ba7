// SPDX-License-Identifier: GPL-2.0
/*
 * A worker that is on its way out, and whose worker_stop uses the pool once more: what it is
 * inside there it goes on with, as any other worker does.
 */
#include "actor.h"

static int leaving_init(struct kunit *test)
{
	return wpt_init(test, "wpool_leaving");
}

/* What the first worker that leaves does in its worker_stop. */
struct leaver {
	atomic_t		left;
	struct wpt_job		*fills, *blocks;	/* what it submits, in a task */
	int			got;
	struct completion	done;
};

static int fill_and_block(void *arg)
{
	struct leaver *leaver = arg;
	struct wpool *pool = wpool_current();

	leaver->got = wpool_try_schedule(pool, &leaver->fills->task);
	if (!leaver->got)
		leaver->got = wpool_schedule_timeout(pool, &leaver->blocks->task,
						     MAX_SCHEDULE_TIMEOUT);
	return 0;
}

static void on_stop(struct wpool *pool)
{
	struct leaver *leaver = wpool_priv(pool);

	if (atomic_inc_return(&leaver->left) != 1)
		return;
	leaver->got = wpool_run(pool, fill_and_block, leaver) ?: leaver->got;
	complete_all(&leaver->done);
}

static const struct wpool_ops leaver_ops = { .worker_stop = on_stop };

/* Of two workers one has begun to act, and the other leaves. */
static struct leaver *leave(struct kunit *test, struct actor *stays, struct wpool **pool)
{
	struct leaver *leaver = wpt_alloc(test, sizeof(*leaver));
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	leaver->fills = &jobs[0];
	leaver->blocks = &jobs[1];
	init_completion(&leaver->done);
	*pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 1, .min_workers = 2,
		.ops = &leaver_ops, .priv = leaver,
	});
	stays->pool = *pool;
	stays->other = &wpt_jobs(test, 1, NULL)->task;
	actor_start(test, stays);
	KUNIT_ASSERT_EQ(test, wpool_resize(*pool, 1), 0);
	return leaver;
}

static void expect_served(struct kunit *test, struct leaver *leaver)
{
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&leaver->done, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, leaver->got, 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, leaver->fills), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, leaver->blocks), 0);
}

static int call_nothing(struct actor *self)
{
	return 0;
}

/* 81: one that leaves is not all that there is: the other makes room */
static void leaving_blocks(struct kunit *test)
{
	struct actor *stays = actor(test, NULL, call_nothing, NULL);
	struct wpool *pool;
	struct leaver *leaver = leave(test, stays, &pool);

	WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_BLOCKED) ||
			 completion_done(&leaver->done));
	wpt_open(stays->gate);
	expect_served(test, leaver);
	KUNIT_EXPECT_EQ(test, actor_end(test, stays), 0);
}

/* 81: but if both would wait for room, nobody could make any */
static void leaving_and_staying_block(struct kunit *test)
{
	struct actor *stays = actor(test, NULL, actor_call_schedule, NULL);
	struct wpool *pool;
	struct leaver *leaver = leave(test, stays, &pool);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpt_open(stays->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, stays), -EDEADLK);
	expect_served(test, leaver);
}

static struct kunit_case leaving_cases[] = {
	KUNIT_CASE(leaving_blocks),
	KUNIT_CASE(leaving_and_staying_block),
	{}
};

static struct kunit_suite leaving_suite = {
	.name = "wpool_leaving",
	.init = leaving_init,
	.exit = wpt_exit,
	.test_cases = leaving_cases,
};

kunit_test_suite(leaving_suite);
