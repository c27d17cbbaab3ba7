// SPDX-License-Identifier: GPL-2.0
/*
 * Which worker is refused when workers wait for one another, and who owns the memory
 * then.
 */
#include "actor.h"

static int refused_init(struct kunit *test)
{
	return wpt_init(test, "wpool_refused");
}

static int call_cancel_sync(struct actor *self)
{
	bool cancelled = wpool_cancel_sync(self->other);

	self->left = wpool_task_queued(self->other) || wpool_task_running(self->other);
	return cancelled;
}

static struct wpool *pool_of(struct kunit *test, unsigned int capacity, int depth)
{
	return wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .queue_depth = depth, .flags = WPOOL_KEEP_IDLE,
	});
}

/* --- circles ---------------------------------------------------------------- */

/* A function that has another task run, and waits for it with what lies in its frame. */
struct family {
	struct actor		*parent, *child;
	struct wpool_task	*heap;	/* if it is not to lie in the frame */
	bool			child_first;
};

static int act_child(void *arg)
{
	struct family *family = arg;

	return actor_act(family->child);
}

static int call_have_child(struct actor *self)
{
	struct family *family = self->other;
	struct wpool_task on_stack, *task = family->heap ?: &on_stack;
	unsigned long end;
	int err;

	wpool_task_init(task, act_child, family);
	err = wpool_schedule(self->pool, task);
	if (err)
		return err;
	wait_for_completion(&family->child->begun);
	wait_for_completion(&family->child->gate->opened);
	end = jiffies + WPT_LIMIT;
	while (family->child_first && !actor_sleeps(family->child) && time_before(jiffies, end))
		cond_resched();
	err = wpool_wait(task);
	self->left = wpool_task_queued(task) || wpool_task_running(task);
	/* So that the test goes on. */
	wpool_cancel_sync(task);
	return err;
}

struct circle_case {
	const char	*name;
	bool		heap, child_first;
};

static const struct circle_case circle_cases[] = {
	{ "on the stack, it waits first", false, false },
	{ "on the stack, it waits last", false, true },
	{ "allocated, it waits first", true, false },
	{ "allocated, it waits last", true, true },
};

static void circle_name(const struct circle_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(circle, circle_cases, circle_name);

static int call_wait_in_turn(struct actor *self)
{
	struct actor *parent = self->other;
	unsigned long end = jiffies + WPT_LIMIT;

	/* the parent's wait first, or if that is delayed, this one */
	while (!actor_asleep(parent->thread) && time_before(jiffies, end))
		cond_resched();
	return wpool_wait(&parent->task);
}

/* 81: never the one that submitted what it waits for: its memory goes when it returns */
static void refused_not_its_submitter(struct kunit *test)
{
	const struct circle_case *param = test->param_value;
	struct wpool *pool = pool_of(test, 2, 0);
	struct family *family = wpt_alloc(test, sizeof(*family));
	struct actor *parent = actor(test, pool, call_have_child, family);
	struct actor *child = actor(test, pool, param->child_first ? actor_call_wait :
					call_wait_in_turn,
					param->child_first ? (void *)&parent->task : parent);

	family->parent = parent;
	family->child = child;
	family->child_first = param->child_first;
	if (param->heap)
		family->heap = wpt_alloc(test, sizeof(*family->heap));
	wpt_open(parent->gate);
	actor_start(test, parent);
	actor_begun(test, child);
	wpt_open(child->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, parent), 0);
	KUNIT_EXPECT_FALSE(test, parent->left);
	KUNIT_EXPECT_EQ(test, child->got, -EDEADLK);
}

/* 50, 81: a circle does not end a wpool_cancel_sync() before its promise is kept */
static void refused_not_cancel_sync(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2, 0);
	struct actor *cancels = actor(test, pool, call_cancel_sync, NULL);
	struct actor *waits = actor(test, pool, actor_call_wait, &cancels->task);

	cancels->other = &waits->task;
	actor_start(test, cancels);
	actor_start(test, waits);
	actor_go_to_sleep(test, cancels);
	wpt_open(waits->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, cancels), 0);
	KUNIT_EXPECT_FALSE(test, cancels->left);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), -EDEADLK);
}

/* 50: two that cancel one another: one of them returns, or neither would */
static void refused_cancel_both(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2, 0);
	struct actor *one = actor(test, pool, call_cancel_sync, NULL);
	struct actor *two = actor(test, pool, call_cancel_sync, &one->task);

	one->other = &two->task;
	actor_start(test, one);
	actor_start(test, two);
	actor_go_to_sleep(test, one);
	wpt_open(two->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, one), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, two), 0);
	KUNIT_EXPECT_FALSE(test, one->left);
	KUNIT_EXPECT_TRUE(test, two->left);
}

struct keyed {
	struct wpool_keyed_task	ktask;
	struct wpool		*pool;
	int			got;
	bool			left;
};

static int nothing(void *arg)
{
	return 0;
}

static int wait_behind_own_key(void *arg)
{
	struct wpool_keyed_task behind;
	struct keyed *self = arg;

	wpool_keyed_task_init(&behind, nothing, NULL);
	self->got = wpool_schedule_keyed(self->pool, &behind, 1) ?: wpool_wait(&behind.task);
	self->left = wpool_task_queued(&behind.task);
	wpool_cancel(&behind.task);
	return 0;
}

/* 81: what is deferred behind the waiter's own task is taken back with the refusal */
static void refused_own_key(struct kunit *test)
{
	struct keyed *keyed = wpt_alloc(test, sizeof(*keyed));

	keyed->pool = pool_of(test, 2, 0);
	wpool_keyed_task_init(&keyed->ktask, wait_behind_own_key, keyed);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(keyed->pool, &keyed->ktask, 1), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed->ktask.task), 0);
	KUNIT_EXPECT_EQ(test, keyed->got, -EDEADLK);
	KUNIT_EXPECT_FALSE(test, keyed->left);
}

static int call_run_forever(struct actor *self)
{
	return wpool_run_timeout(self->pool, actor_act, self->other,
				 MAX_SCHEDULE_TIMEOUT, NULL);
}

/* 81: no limit is no limit: the wait is in the circle */
static void refused_run_without_limit(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2, WPOOL_QUEUE_HANDOFF);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct actor *runs = actor(test, pool, call_run_forever, NULL);
	struct actor *inner = actor(test, pool, actor_call_wait, &runs->task);

	runs->other = inner;
	actor_start(test, runs);
	wpt_open(runs->gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	/* whose worker comes for the task before the other can run it itself */
	wpt_open(hold->gate);
	actor_begun(test, inner);
	WPT_ASSERT_UNTIL(test, actor_asleep(runs->thread));
	wpt_open(inner->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, runs), 0);
	KUNIT_EXPECT_EQ(test, inner->got, -EDEADLK);
}

/* --- depth ------------------------------------------------------------------ */

/* Waits for itself, as it were, again and again, until it is nested too deep. */
struct deep {
	struct wpool_task	task;
	struct wpool		*pool;
	bool			by_group;
	struct task_struct	*worker;
	int			got;
};

static int go_deeper(void *arg)
{
	struct wpool_group group;
	struct deep *deep = arg;
	int err;

	WRITE_ONCE(deep->worker, current);
	wpool_group_init(&group, 0);
	if (deep->by_group)
		err = wpool_group_schedule_fn(&group, deep->pool, go_deeper,
					      deep, NULL) ?:
		      wpool_group_wait(&group);
	else
		err = wpool_run(deep->pool, go_deeper, deep);
	if (err)
		deep->got = err;
	return 0;
}

static const bool group_cases[] = { false, true };

static void group_name(const bool *by_group, char *desc)
{
	strscpy(desc, *by_group ? "for a group" : "for a task", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(group, group_cases, group_name);

/* 81: a worker that is too deep for its task gives up when the last other one waits for it */
static void refused_too_deep_at_last(struct kunit *test)
{
	struct wpool *pool = pool_of(test, 2, 0);
	struct deep *deep = wpt_alloc(test, sizeof(*deep));
	struct actor *other = actor(test, pool, actor_call_wait, &deep->task);

	deep->pool = pool;
	deep->by_group = *(const bool *)test->param_value;
	wpool_task_init(&deep->task, go_deeper, deep);
	actor_start(test, other);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &deep->task), 0);
	WPT_ASSERT_UNTIL(test, actor_asleep(READ_ONCE(deep->worker)));
	wpt_open(other->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, other), 0);
	KUNIT_EXPECT_EQ(test, deep->got, -EDEADLK);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
}

/* --- room ------------------------------------------------------------------- */

static const bool order_cases[] = { false, true };

static void order_name(const bool *blocks_first, char *desc)
{
	strscpy(desc, *blocks_first ? "it waits for room first" : "it waits for room last",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(order, order_cases, order_name);

/*
 * One waits for what comes without a worker's doing; the other has no room, and is to get
 * it when the first has ended. Those who fill the queue are n.
 */
static void waits_and_blocks(struct kunit *test, struct actor *waits, struct actor *blocks)
{
	bool blocks_first = *(const bool *)test->param_value;

	if (blocks_first) {
		wpt_open(blocks->gate);
		WPT_ASSERT_STAT(test, blocks->pool, BLOCKED, 1);
		actor_go_to_sleep(test, waits);
	} else {
		actor_go_to_sleep(test, waits);
		wpt_open(blocks->gate);
		WPT_ASSERT_UNTIL(test, blocks->got != -ENODATA ||
				 wpt_stat(blocks->pool, WPOOL_STAT_BLOCKED) == 1);
	}
}

/* 81: a delayed task will come by itself, and make its waiter go on */
static void refused_not_for_delayed(struct kunit *test)
{
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));
	struct wpool *pool = pool_of(test, 2, WPOOL_QUEUE_HANDOFF);
	struct actor *waits = actor(test, pool, actor_call_wait, &dtask->task);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct actor *blocks = actor(test, pool, actor_call_schedule, &job->task);

	actor_start(test, waits);
	actor_start(test, blocks);
	wpool_delayed_task_init(dtask, nothing, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, dtask, 3600 * HZ), 0);
	waits_and_blocks(test, waits, blocks);
	KUNIT_ASSERT_EQ(test, wpool_modify_delayed(pool, dtask, 1), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, blocks), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* 81: what its submitter runs will end by itself as well */
static void refused_not_for_caller(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF, .flags = WPOOL_KEEP_IDLE,
		.full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *runs = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct actor *waits = actor(test, pool, actor_call_wait, &runs->task);
	struct actor *blocks = actor(test, pool, actor_call_schedule, &job->task);
	struct wpt_thread *caller;

	actor_start(test, waits);
	actor_start(test, blocks);
	caller = wpt_thread(test, wpt_call_schedule, pool, runs, NULL);
	wpt_begun(test, runs);
	waits_and_blocks(test, waits, blocks);
	wpt_open(runs->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, caller), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, blocks), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
}

/* Of two workers one is to wait for a group, and the other for room. */
struct duo {
	struct wpool		*pool;
	struct wpool_group	*group;
	struct actor		*waits, *blocks;
	struct wpt_job		*job;		/* for which there is no room */
	struct wpt_job		*elsewhere;	/* of the group, in another pool; or NULL */
};

/* Both have begun; the task of the other is one of the group, if it is a @member. */
static struct duo *duo(struct kunit *test, bool member, bool elsewhere)
{
	struct duo *duo = wpt_alloc(test, sizeof(*duo));

	duo->pool = pool_of(test, 2, WPOOL_QUEUE_HANDOFF);
	duo->group = wpt_group(test, false);
	duo->job = wpt_jobs(test, 1, NULL);
	duo->waits = actor(test, duo->pool, actor_call_group_wait, duo->group);
	duo->blocks = actor(test, duo->pool, actor_call_schedule, &duo->job->task);
	actor_start(test, duo->waits);
	if (member) {
		KUNIT_ASSERT_EQ(test, wpool_group_schedule(duo->group, duo->pool,
							   &duo->blocks->task), 0);
		actor_begun(test, duo->blocks);
	} else {
		actor_start(test, duo->blocks);
	}
	if (elsewhere) {
		duo->elsewhere = wpt_jobs(test, 1, wpt_gate(test));
		wpt_group_schedule(test, duo->group, pool_of(test, 1, 0), duo->elsewhere, 1);
	}
	return duo;
}

static void duo_expect(struct kunit *test, struct duo *duo, int blocked)
{
	KUNIT_EXPECT_EQ(test, actor_end(test, duo->blocks), blocked);
	KUNIT_EXPECT_EQ(test, actor_end(test, duo->waits), 0);
}

/* 81: nor while a task of the group that is waited for runs elsewhere */
static void refused_not_for_other_pool(struct kunit *test)
{
	struct duo *two = duo(test, false, true);

	waits_and_blocks(test, two->waits, two->blocks);
	wpt_open(two->elsewhere->gate);
	duo_expect(test, two, 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, two->job), 0);
}

/* 81: but when the group's own task is the one that has no room */
static void refused_for_group(struct kunit *test)
{
	struct duo *two = duo(test, true, false);

	waits_and_blocks(test, two->waits, two->blocks);
	duo_expect(test, two, -EDEADLK);
}

/* 81: a task elsewhere has ended meanwhile, and left those here to themselves */
static void refused_for_group_at_last(struct kunit *test)
{
	struct duo *two = duo(test, true, true);

	waits_and_blocks(test, two->waits, two->blocks);
	KUNIT_EXPECT_EQ(test, wpt_stat(two->pool, WPOOL_STAT_BLOCKED), 1);
	wpt_open(two->elsewhere->gate);
	duo_expect(test, two, -EDEADLK);
}

static struct kunit_case refused_cases[] = {
	KUNIT_CASE_PARAM(refused_not_its_submitter, circle_gen_params),
	KUNIT_CASE(refused_not_cancel_sync),
	KUNIT_CASE(refused_cancel_both),
	KUNIT_CASE(refused_own_key),
	KUNIT_CASE(refused_run_without_limit),
	KUNIT_CASE_PARAM(refused_too_deep_at_last, group_gen_params),
	KUNIT_CASE_PARAM(refused_not_for_delayed, order_gen_params),
	KUNIT_CASE_PARAM(refused_not_for_caller, order_gen_params),
	KUNIT_CASE_PARAM(refused_not_for_other_pool, order_gen_params),
	KUNIT_CASE_PARAM(refused_for_group, order_gen_params),
	KUNIT_CASE_PARAM(refused_for_group_at_last, order_gen_params),
	{}
};

static struct kunit_suite refused_suite = {
	.name = "wpool_refused",
	.init = refused_init,
	.exit = wpt_exit,
	.test_cases = refused_cases,
};

kunit_test_suite(refused_suite);
