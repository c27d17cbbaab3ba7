// SPDX-License-Identifier: GPL-2.0
/*
 * What lockdep reports of waits for tasks and pools, and what it must not report.
 *
 * A report turns lockdep off until the next boot, and what it would say of all other tests
 * with it. So each is provoked in a machine of its own, by a parameter: provoke=NAME.
 */
#include <linux/debug_locks.h>
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include "wpool_kunit.h"

static int lockdep_init_suite(struct kunit *test)
{
	int ret = wpt_init(test, "wpool_lockdep");

	if (!ret && !IS_ENABLED(CONFIG_PROVE_LOCKING))
		kunit_skip(test, "this kernel does not prove locking");
	if (!ret && !debug_locks)
		kunit_skip(test, "lockdep is off");
	if (!ret && !wpt_provoked("") && strcmp(test->name, "lockdep_reports"))
		kunit_skip(test, "something is to be reported");
	return ret;
}

static DEFINE_MUTEX(lock);

static int take_lock(void *arg)
{
	mutex_lock(&lock);
	mutex_unlock(&lock);
	return 0;
}

/* To lockdep it takes the lock, whatever its argument is. */
static int take_lock_if(void *arg)
{
	return arg ? take_lock(arg) : 0;
}

static int wait_under_lock(void *arg)
{
	mutex_lock(&lock);
	wpool_wait(arg);
	mutex_unlock(&lock);
	return 0;
}

/* What a provocation has: a task that has taken the lock, and ended. */
struct scene {
	struct wpool		*pool;
	struct wpool		*other;
	struct wpool_task	task;
	struct wpool_group	group;
};

static void by_wait(struct scene *scene)
{
	wait_under_lock(&scene->task);
}

static void by_cancel_sync(struct scene *scene)
{
	mutex_lock(&lock);
	wpool_cancel_sync(&scene->task);
	mutex_unlock(&lock);
}

/* What lockdep says of it is looked at, and nothing else. */
static void run(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	WARN_ON(wpool_run(pool, fn, arg));
}

static void by_run(struct scene *scene)
{
	run(scene->pool, take_lock_if, &lock);
	mutex_lock(&lock);
	run(scene->pool, take_lock_if, NULL);
	mutex_unlock(&lock);
}

static void by_flush(struct scene *scene)
{
	mutex_lock(&lock);
	wpool_flush(scene->pool);
	mutex_unlock(&lock);
}

static void by_drain(struct scene *scene)
{
	mutex_lock(&lock);
	wpool_drain(scene->pool);
	mutex_unlock(&lock);
}

static void by_await(struct scene *scene)
{
	wpool_shutdown(scene->pool);
	mutex_lock(&lock);
	wpool_await_termination(scene->pool, MAX_SCHEDULE_TIMEOUT);
	mutex_unlock(&lock);
}

static void by_destroy(struct scene *scene)
{
	struct wpool *pool = wpool_create("lockdep", NULL);

	if (IS_ERR(pool))
		return;
	run(pool, take_lock, NULL);
	mutex_lock(&lock);
	wpool_destroy(pool);
	mutex_unlock(&lock);
}

static void by_group(struct scene *scene)
{
	wpool_group_init(&scene->group, 0);
	if (!wpool_group_schedule(&scene->group, scene->pool, &scene->task))
		wpool_group_wait(&scene->group);
	mutex_lock(&lock);
	wpool_group_wait(&scene->group);
	mutex_unlock(&lock);
}

static void by_other_pool(struct scene *scene)
{
	run(scene->other, wait_under_lock, &scene->task);
}

static int flush_it(void *arg)
{
	return wpool_flush(arg);
}

/* Both at once would hang. */
static void by_each_other(struct scene *scene)
{
	run(scene->pool, flush_it, scene->other);
	run(scene->other, flush_it, scene->pool);
}

static const struct provocation {
	const char	*name;
	void		(*fn)(struct scene *scene);
} provocations[] = {
	{ "wait", by_wait },
	{ "cancel_sync", by_cancel_sync },
	{ "run", by_run },
	{ "flush", by_flush },
	{ "drain", by_drain },
	{ "await", by_await },
	{ "destroy", by_destroy },
	{ "group", by_group },
	{ "other_pool", by_other_pool },
	{ "each_other", by_each_other },
};

static void provocation_name(const struct provocation *provocation, char *desc)
{
	strscpy(desc, provocation->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(provocation, provocations, provocation_name);

/* A wait with a lock held that the task takes: reported although the task has ended */
static void lockdep_reports(struct kunit *test)
{
	const struct provocation *provocation = test->param_value;
	struct scene *scene;

	if (!wpt_provoked(provocation->name))
		kunit_skip(test, "only with provoke=%s: lockdep is off from then on",
			   provocation->name);
	scene = wpt_alloc(test, sizeof(*scene));
	scene->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	scene->other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	wpool_task_init(&scene->task, take_lock, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &scene->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait(&scene->task), 0);

	pr_info("wpool_kunit: expect: WARNING: possible circular locking dependency detected\n");
	KUNIT_EXPECT_TRUE(test, debug_locks);
	provocation->fn(scene);
	KUNIT_EXPECT_FALSE_MSG(test, debug_locks, "not a word");
}

/* A task, and how deep it goes down: each waits for two below it. */
struct level {
	struct wpool	*pools[4];
	unsigned int	depth;
	bool		locks;
};

static struct mutex level_locks[4];
static int go_down(void *arg);

/* Another function than that above it. */
static int go_on_down(void *arg)
{
	return go_down(arg);
}

static int go_down(void *arg)
{
	const struct level *level = arg;
	struct level below = *level;
	struct wpool_task tasks[2];
	int i, ret = 0;

	if (!level->depth)
		return 0;
	below.depth--;
	if (level->locks)
		mutex_lock_nested(&level_locks[level->depth], level->depth);
	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		wpool_task_init(&tasks[i], i ? go_on_down : go_down, &below);
		ret = ret ?: wpool_schedule(level->pools[below.depth], &tasks[i]);
	}
	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		ret = ret ?: wpool_wait(&tasks[i]);
	if (level->locks)
		mutex_unlock(&level_locks[level->depth]);
	return ret;
}

static const struct tree {
	unsigned int	capacity;
	bool		stacked;
	bool		locks;
} trees[] = {
	{ .capacity = 1 },
	{ .capacity = 4 },
	{ .capacity = 1, .locks = true },
	{ .capacity = 8, .stacked = true },
};

static void tree_name(const struct tree *tree, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u workers%s%s", tree->capacity,
		 tree->stacked ? ", a pool for each level" : "", tree->locks ? ", with locks" : "");
}

KUNIT_ARRAY_PARAM(tree, trees, tree_name);

/* 16: tasks of one function, and of two by turns, wait for one another: no word of it */
static void lockdep_allows_tree(struct kunit *test)
{
	const struct tree *tree = test->param_value;
	struct wpool_attrs attrs = { .capacity = tree->capacity };
	struct level *level = wpt_alloc(test, sizeof(*level));
	int i;

	for (i = 0; i < ARRAY_SIZE(level->pools); i++) {
		mutex_init(&level_locks[i]);
		level->pools[i] = i && !tree->stacked ? level->pools[0] : wpt_pool(test, &attrs);
	}
	level->depth = ARRAY_SIZE(level->pools) - 1;
	level->locks = tree->locks;
	KUNIT_EXPECT_EQ(test, wpt_run(test, level->pools[level->depth], go_down, level), 0);
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

static int do_nothing(void *arg)
{
	return 0;
}

/* A wait with a lock held that the task does not take, although others of the pool do */
static void lockdep_allows_others(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));

	KUNIT_EXPECT_EQ(test, wpool_run(pool, take_lock, NULL), 0);
	wpool_task_init(task, do_nothing, NULL);
	mutex_lock(&lock);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_EXPECT_EQ(test, wpool_wait(task), 0);
	wpool_task_init(task, take_lock_if, NULL);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, task), 0);	/* has a limit */
	mutex_unlock(&lock);
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

/* A pool waits for another, whose tasks take what was held over a wait for a third one */
static void lockdep_allows_chain(struct kunit *test)
{
	struct wpool *pools[3];
	int i;

	for (i = 0; i < ARRAY_SIZE(pools); i++)
		pools[i] = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	KUNIT_EXPECT_EQ(test, wpool_run(pools[0], flush_it, pools[1]), 0);
	KUNIT_EXPECT_EQ(test, wpool_run(pools[1], flush_it, pools[2]), 0);
	KUNIT_EXPECT_EQ(test, wpool_run(pools[1], take_lock, NULL), 0);
	mutex_lock(&lock);
	KUNIT_EXPECT_EQ(test, wpool_flush(pools[2]), 0);
	mutex_unlock(&lock);
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

static int die_at_depth(void *arg)
{
	struct level *level = arg;

	if (level->depth--)
		return wpool_run(level->pools[0], die_at_depth, level);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* A worker dies inside of tasks: what it held for them goes with it */
static void lockdep_outlives_worker(struct kunit *test)
{
	struct level *level = wpt_alloc(test, sizeof(*level));

	level->pools[0] = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	KUNIT_EXPECT_EQ(test, wpt_run(test, level->pools[0], die_at_depth, level), -EOWNERDEAD);
	level->depth = 3;
	KUNIT_EXPECT_EQ(test, wpt_run(test, level->pools[0], die_at_depth, level), -EOWNERDEAD);
	wpt_destroy(test, level->pools[0]);
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

/* Pools come and go: what lockdep knows of them goes with them */
static void lockdep_forgets_pools(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < 40; i++) {
		struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });

		KUNIT_EXPECT_EQ(test, wpool_run(pool, take_lock, NULL), 0);
		wpt_destroy(test, pool);
	}
	KUNIT_EXPECT_TRUE(test, debug_locks);
}

static struct kunit_case lockdep_cases[] = {
	KUNIT_CASE_PARAM(lockdep_allows_tree, tree_gen_params),
	KUNIT_CASE(lockdep_allows_others),
	KUNIT_CASE(lockdep_allows_chain),
	KUNIT_CASE(lockdep_outlives_worker),
	KUNIT_CASE(lockdep_forgets_pools),
	KUNIT_CASE_PARAM(lockdep_reports, provocation_gen_params),
	{}
};

static struct kunit_suite lockdep_suite = {
	.name = "wpool_lockdep",
	.init = lockdep_init_suite,
	.exit = wpt_exit,
	.test_cases = lockdep_cases,
};

kunit_test_suite(lockdep_suite);
