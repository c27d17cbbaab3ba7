// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks accepted beyond the bound of the queue, by a call or because the pool is recursive, and
 * tasks accepted only if they need not wait for a worker.
 */
#include "wpool_kunit.h"

static int forced_init(struct kunit *test)
{
	return wpt_init(test, "wpool_forced");
}

/* Full: one task runs, one waits. */
struct scene {
	struct wpool	*pool;
	struct wpt_job	*hold;
	struct wpt_job	*first;
	struct wpt_job	*more;		/* eight */
};

static struct scene *full_scene(struct kunit *test, enum wpool_full full, unsigned int flags)
{
	struct scene *scene = wpt_alloc(test, sizeof(*scene));

	scene->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = full, .flags = flags,
	});
	scene->hold = wpt_hold(test, scene->pool, 1);
	scene->first = wpt_jobs(test, 1, NULL);
	scene->more = wpt_jobs(test, 8, NULL);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, scene->first, 1), 0);
	return scene;
}

/* 101: whatever the policy is, all are accepted, counted, and run in order */
static void forced_whatever_policy(struct kunit *test)
{
	static const enum wpool_full policies[] = {
		WPOOL_FULL_BLOCK, WPOOL_FULL_FAIL, WPOOL_FULL_CALLER_RUNS,
		WPOOL_FULL_DISCARD, WPOOL_FULL_DISCARD_OLDEST,
	};
	struct scene *scene;
	unsigned int i, k;
	atomic_t *clock;

	for (k = 0; k < ARRAY_SIZE(policies); k++) {
		scene = full_scene(test, policies[k], 0);
		clock = wpt_alloc(test, sizeof(*clock));
		for (i = 0; i < 8; i++) {
			scene->more[i].clock = clock;
			KUNIT_ASSERT_EQ(test, wpool_force_schedule(scene->pool,
								   &scene->more[i].task), 0);
		}
		KUNIT_EXPECT_EQ(test, wpool_force_schedule(scene->pool, &scene->more[0].task),
				-EBUSY);
		WPT_EXPECT_STAT(test, scene->pool, QUEUED, 9);
		WPT_EXPECT_STAT(test, scene->pool, FORCED, 8);
		WPT_EXPECT_STAT(test, scene->pool, REJECTED, 0);
		wpt_open(scene->hold->gate);
		for (i = 0; i < 8; i++) {
			KUNIT_EXPECT_EQ(test, wpt_wait(test, &scene->more[i]), 0);
			KUNIT_EXPECT_EQ(test, scene->more[i].turn, i + 1);
		}
	}
}

/* 101: where there is room it is a submission like any other */
static void forced_with_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 2,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, 3, NULL);

	KUNIT_ASSERT_EQ(test, wpool_force_schedule(pool, &jobs[0].task), 0);
	KUNIT_ASSERT_EQ(test, wpool_force_schedule(pool, &jobs[1].task), 0);
	WPT_EXPECT_STAT(test, pool, FORCED, 0);
	KUNIT_ASSERT_EQ(test, wpool_force_schedule(pool, &jobs[2].task), 0);
	WPT_EXPECT_STAT(test, pool, FORCED, 1);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[2]), 0);
}

/* 101: a pool that is closed, or never had a queue */
static void forced_refused(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, 2, NULL);
	DEFINE_WPOOL_TASK(nothing, NULL, NULL);

	KUNIT_EXPECT_EQ(test, wpool_try_schedule(pool, &jobs[0].task), -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpool_force_schedule(pool, &jobs[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_force_schedule(pool, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_force_schedule(NULL, &jobs[1].task), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_force_schedule(pool, &nothing), -EINVAL);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_force_schedule(pool, &jobs[1].task), -ESHUTDOWN);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
}

/* 101: submitters that sleep for room sleep on until the queue is within its bound again */
static void forced_past_blocked(struct kunit *test)
{
	struct scene *scene = full_scene(test, WPOOL_FULL_BLOCK, 0);
	struct wpt_job *blocked = wpt_jobs(test, 1, NULL), *last;
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	struct wpt_gate *gate = wpt_gate(test);
	struct wpt_thread *thread;
	unsigned int i;

	thread = wpt_thread(test, wpt_call_schedule, scene->pool, blocked, NULL);
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, 1);
	for (i = 0; i < 8; i++) {
		scene->more[i].clock = clock;
		KUNIT_ASSERT_EQ(test, wpool_force_schedule(scene->pool, &scene->more[i].task), 0);
	}
	blocked->clock = clock;
	last = &scene->more[7];
	last->gate = gate;
	wpt_open(scene->hold->gate);
	/* It is the only one that the queue has, or has had: now there is room for one. */
	wpt_begun(test, last);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	wpt_open(gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, blocked), 0);
	KUNIT_EXPECT_EQ(test, last->turn, 8);
	KUNIT_EXPECT_EQ(test, blocked->turn, 9);
}

/* 101: tasks with a key, in the order of the key; and tasks of a group */
static void forced_keyed_and_grouped(struct kunit *test)
{
	struct scene *scene = full_scene(test, WPOOL_FULL_FAIL, 0);
	struct wpool_keyed_task *ktasks = wpt_alloc(test, 4 * sizeof(*ktasks));
	struct wpool_group *group = wpt_group(test, false);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	unsigned int i;

	for (i = 0; i < 4; i++) {
		scene->more[i].clock = clock;
		wpool_keyed_task_init(&ktasks[i], wpt_run_job, &scene->more[i]);
		KUNIT_ASSERT_EQ(test, wpool_force_schedule_keyed(scene->pool, &ktasks[i], 3), 0);
		KUNIT_ASSERT_EQ(test, wpool_group_force_schedule(group, scene->pool,
								 &scene->more[i + 4].task), 0);
	}
	KUNIT_EXPECT_EQ(test, wpool_group_force_schedule(NULL, scene->pool,
							 &scene->more[0].task), -EINVAL);
	WPT_EXPECT_STAT(test, scene->pool, FORCED, 8);
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, wpt_result(test, &ktasks[i].task), 0);
		KUNIT_EXPECT_EQ(test, scene->more[i].turn, i + 1);
		KUNIT_EXPECT_EQ(test, atomic_read(&scene->more[i + 4].runs), 1);
	}
}

#define NODES	2000

/* A tree of tasks: each submits its children to the pool that it runs in. */
struct tree {
	struct wpool		*pool;
	struct wpool_group	*group;
	struct wpt_node {
		struct wpool_task	task;
		struct tree		*tree;
	} *nodes;
	atomic_t		visited, refused;
};

static int visit(void *arg)
{
	struct wpt_node *node = arg;
	struct tree *tree = node->tree;
	unsigned int i, child, place = node - tree->nodes;
	int ret;

	atomic_inc(&tree->visited);
	for (i = 1; i <= 3; i++) {
		child = 3 * place + i;
		if (child >= NODES)
			break;
		ret = wpool_group_schedule(tree->group, tree->pool, &tree->nodes[child].task);
		if (ret)
			atomic_inc(&tree->refused);
	}
	return 0;
}

static struct tree *walk_tree(struct kunit *test, const struct wpool_attrs *attrs)
{
	struct tree *tree = wpt_alloc(test, sizeof(*tree));
	unsigned int i;
	int err;

	tree->pool = wpt_pool(test, attrs);
	tree->group = wpt_group(test, false);
	tree->nodes = wpt_alloc(test, NODES * sizeof(*tree->nodes));
	for (i = 0; i < NODES; i++) {
		wpool_task_init(&tree->nodes[i].task, visit, &tree->nodes[i]);
		tree->nodes[i].tree = tree;
	}
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(tree->group, tree->pool,
						   &tree->nodes[0].task), 0);
	WPT_ASSERT_WHILE_BUSY(test, tree->pool, ({
		err = wpool_group_wait_timeout(tree->group, WPT_LIMIT);
		err != -ETIMEDOUT;
	}));
	KUNIT_EXPECT_EQ(test, err, 0);
	return tree;
}

/* 102: tasks that submit tasks: all are visited, with any number of workers */
static void forced_recursive(struct kunit *test)
{
	struct tree *tree;
	unsigned int n;

	for (n = 1; n <= 4; n++) {
		tree = walk_tree(test, &(struct wpool_attrs) {
			.capacity = n, .queue_depth = 4, .flags = WPOOL_RECURSIVE,
		});
		KUNIT_EXPECT_EQ(test, atomic_read(&tree->refused), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&tree->visited), NODES);
		KUNIT_EXPECT_GT(test, wpt_stat(tree->pool, WPOOL_STAT_FORCED), 0ULL);
		WPT_EXPECT_STAT(test, tree->pool, REJECTED, 0);
	}
}

/* 102: with the policy to run them itself it does so, and beyond its depth lets them wait */
static void forced_recursive_caller_runs(struct kunit *test)
{
	struct tree *tree = walk_tree(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 4, .full = WPOOL_FULL_CALLER_RUNS,
		.flags = WPOOL_RECURSIVE,
	});

	KUNIT_EXPECT_EQ(test, atomic_read(&tree->refused), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&tree->visited), NODES);
	KUNIT_EXPECT_GT(test, wpt_stat(tree->pool, WPOOL_STAT_CALLER_RUNS), 0ULL);
}

struct asker {
	struct wpool	*pool;
	struct wpt_job	*jobs;		/* four */
	int		got[4];
};

static int ask_all(void *arg)
{
	struct asker *asker = arg;

	asker->got[0] = wpool_schedule(asker->pool, &asker->jobs[0].task);
	asker->got[1] = wpool_schedule_timeout(asker->pool, &asker->jobs[1].task, WPT_LIMIT);
	asker->got[2] = wpool_schedule_interruptible(asker->pool, &asker->jobs[2].task);
	asker->got[3] = wpool_try_schedule(asker->pool, &asker->jobs[3].task);
	return 0;
}

static struct asker *new_asker(struct kunit *test, struct wpool *pool)
{
	struct asker *asker = wpt_alloc(test, sizeof(*asker));

	asker->pool = pool;
	asker->jobs = wpt_jobs(test, 4, NULL);
	return asker;
}

static void expect_three(struct kunit *test, struct asker *asker)
{
	unsigned int i;

	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, asker->got[i], 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &asker->jobs[i]), 0);
	}
	KUNIT_EXPECT_EQ(test, asker->got[3], -EAGAIN);
	WPT_EXPECT_STAT(test, asker->pool, FORCED, 3);
}

/* 102: each call that would sleep for room is accepted; a try still says that it is full */
static void forced_recursive_calls(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .flags = WPOOL_RECURSIVE,
	});
	struct asker *asker = new_asker(test, pool);

	KUNIT_ASSERT_EQ(test, wpt_run(test, pool, ask_all, asker), 0);
	expect_three(test, asker);
}

static int run_nothing(void *arg)
{
	return 0;
}

static void ask_before(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	if (fn == run_nothing)
		ask_all(arg);
}

static const struct wpool_ops asking_ops = { .task_begin = ask_before };

/* 102: a hook of the pool does not wait for it either */
static void forced_recursive_hook(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .flags = WPOOL_RECURSIVE,
		.ops = &asking_ops,
	});
	struct asker *asker = new_asker(test, pool);

	KUNIT_ASSERT_EQ(test, wpt_run(test, pool, run_nothing, asker), 0);
	expect_three(test, asker);
}

static int ask_timed(void *arg)
{
	struct asker *asker = arg;

	asker->got[0] = wpool_schedule_timeout(asker->pool, &asker->jobs[0].task, WPT_LIMIT);
	return 0;
}

/* 102: nor does a task that its submitter runs */
static void forced_recursive_in_caller(struct kunit *test)
{
	struct scene *scene = full_scene(test, WPOOL_FULL_CALLER_RUNS, WPOOL_RECURSIVE);
	struct asker *asker = new_asker(test, scene->pool);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));

	wpool_task_init(task, ask_timed, asker);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, task), 0);
	WPT_EXPECT_STAT(test, scene->pool, CALLER_RUNS, 1);
	WPT_EXPECT_STAT(test, scene->pool, FORCED, 1);
	KUNIT_EXPECT_EQ(test, asker->got[0], 0);
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &asker->jobs[0]), 0);
}

/* 102: others wait for room, as before */
static void forced_recursive_others_wait(struct kunit *test)
{
	struct scene *scene = full_scene(test, WPOOL_FULL_BLOCK, WPOOL_RECURSIVE);
	struct wpt_job *blocked = wpt_jobs(test, 1, NULL);
	struct wpt_thread *thread;

	KUNIT_EXPECT_EQ(test, wpool_schedule_timeout(scene->pool, &scene->more[0].task, 1),
			-ETIMEDOUT);
	thread = wpt_thread(test, wpt_call_schedule, scene->pool, blocked, NULL);
	WPT_ASSERT_STAT(test, scene->pool, BLOCKED, 1);
	WPT_EXPECT_STAT(test, scene->pool, FORCED, 0);
	wpt_open(scene->hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, blocked), 0);
}

/* 103: as many as there may be workers, and no more, whatever room the queue has */
static void forced_if_free(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 3 });
	struct wpt_job *jobs = wpt_jobs(test, 4, wpt_gate(test)), *last = wpt_jobs(test, 1, NULL);
	unsigned int i;

	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpool_schedule_if_free(pool, &jobs[i].task), 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_if_free(pool, &jobs[3].task), -EAGAIN);
	/* without a wait: all three have workers of their own */
	for (i = 0; i < 3; i++)
		wpt_begun(test, &jobs[i]);
	KUNIT_EXPECT_EQ(test, wpool_schedule_if_free(pool, &jobs[3].task), -EAGAIN);
	KUNIT_EXPECT_EQ(test, wpool_schedule_if_free(pool, NULL), -EINVAL);
	wpt_open(jobs[0].gate);
	WPT_ASSERT_STAT(test, pool, RUNNING, 0);
	KUNIT_EXPECT_EQ(test, wpool_schedule_if_free(pool, &last->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, last), 0);
	WPT_EXPECT_STAT(test, pool, REJECTED, 2);
}

/* 103: none is free in a pool that is paused, or closed */
static void forced_if_free_paused(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	wpool_pause(pool);
	KUNIT_EXPECT_EQ(test, wpool_schedule_if_free(pool, &jobs[0].task), -EAGAIN);
	wpool_resume(pool);
	KUNIT_EXPECT_EQ(test, wpool_schedule_if_free(pool, &jobs[0].task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_schedule_if_free(pool, &jobs[1].task), -ESHUTDOWN);
}

static struct kunit_case forced_cases[] = {
	KUNIT_CASE(forced_whatever_policy),
	KUNIT_CASE(forced_with_room),
	KUNIT_CASE(forced_refused),
	KUNIT_CASE(forced_past_blocked),
	KUNIT_CASE(forced_keyed_and_grouped),
	KUNIT_CASE(forced_recursive),
	KUNIT_CASE(forced_recursive_caller_runs),
	KUNIT_CASE(forced_recursive_calls),
	KUNIT_CASE(forced_recursive_hook),
	KUNIT_CASE(forced_recursive_in_caller),
	KUNIT_CASE(forced_recursive_others_wait),
	KUNIT_CASE(forced_if_free),
	KUNIT_CASE(forced_if_free_paused),
	{}
};

static struct kunit_suite forced_suite = {
	.name = "wpool_forced",
	.init = forced_init,
	.exit = wpt_exit,
	.test_cases = forced_cases,
};

kunit_test_suite(forced_suite);
