// SPDX-License-Identifier: GPL-2.0
/*
 * Several pools behind one front.
 */
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/nodemask.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/topology.h>
#include "set_scene.h"

static int set_init(struct kunit *test)
{
	return wpt_init(test, "wpool_set");
}

/* The i-th pool of a set: a pointer that is good until the set is destroyed. */
static struct wpool *nth(struct kunit *test, struct front *front, unsigned int i)
{
	char name[WPOOL_NAME_MAX + 8];
	struct wpool *pool;

	snprintf(name, sizeof(name), "%s.%u", front->name, i);
	pool = wpool_find(name);
	KUNIT_ASSERT_NOT_NULL(test, pool);
	wpool_put(pool);
	return pool;
}

static void schedule_all(struct kunit *test, struct front *front, struct wpt_job *jobs,
			 unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(test, wpool_set_schedule(front->set, &jobs[i].task, i), 0);
}

static const unsigned int size_cases[] = { 1, 2, 5 };

static void size_name(const unsigned int *n, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "%u pools", *n);
}

KUNIT_ARRAY_PARAM(size, size_cases, size_name);

/* Each in turn: each gets the same number. */
static void set_round_robin(struct kunit *test)
{
	unsigned int n = *(const unsigned int *)test->param_value;
	struct front *set = front(test, NULL, n, WPOOL_RULE_ROUND_ROBIN);
	struct wpt_job *jobs = wpt_jobs(test, 6 * n, NULL);
	unsigned int i;

	schedule_all(test, set, jobs, 6 * n);
	for (i = 0; i < 6 * n; i++)
		wpt_wait(test, &jobs[i]);
	for (i = 0; i < n; i++)
		WPT_EXPECT_STAT(test, nth(test, set, i), SUBMITTED, 6);
}

static int nothing(void *arg)
{
	return 0;
}

/* Where the set puts the next task. */
static struct wpool *pick(struct front *set, u64 key)
{
	struct wpool *pool = NULL;
	struct wpool_task task;

	wpool_task_init(&task, nothing, NULL);
	if (!wpool_set_try_schedule(set->set, &task, key)) {
		pool = READ_ONCE(task.pool);
		if (!wpool_cancel(&task))
			wpool_wait(&task);
	}
	return pool;
}

/* The pools are what the attributes say, and can be used by themselves. */
static void set_of_pools(struct kunit *test)
{
	struct front *set = front(test, &(struct wpool_attrs) {
		.capacity = 3, .min_workers = 2,
	}, 4, WPOOL_RULE_ROUND_ROBIN);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	unsigned int i, j, same = 0;

	for (i = 0; i < 4; i++) {
		struct wpool *pool = nth(test, set, i);

		WPT_EXPECT_STAT(test, pool, CAPACITY, 3);
		WPT_EXPECT_STAT(test, pool, WORKERS, 2);
		KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
		for (j = 0; j < i; j++)
			same += nth(test, set, j) == pool;
		KUNIT_EXPECT_PTR_EQ(test, wpool_set_nth(set->set, i), pool);
	}
	KUNIT_EXPECT_EQ(test, same, 0);
	KUNIT_EXPECT_PTR_EQ(test, wpool_set_nth(set->set, i), (struct wpool *)NULL);
}

/* That with the fewest tasks queued and running, wherever it is. */
static void set_least_loaded(struct kunit *test)
{
	struct front *set = front(test, &(struct wpool_attrs) { .capacity = 1 }, 3,
				  WPOOL_RULE_LEAST_LOADED);
	struct wpt_job *hold[3], *jobs = wpt_jobs(test, 6, NULL);
	unsigned int i;

	for (i = 0; i < 3; i++)
		hold[i] = wpt_hold(test, nth(test, set, i), 1);
	/* 3, 1 and 2 of them */
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(nth(test, set, 0), &jobs[0], 2), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(nth(test, set, 2), &jobs[2], 1), 0);
	KUNIT_EXPECT_PTR_EQ(test, pick(set, 0), nth(test, set, 1));
	KUNIT_EXPECT_PTR_EQ(test, pick(set, 0), nth(test, set, 1));
	/* 3, 3 and 2 */
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(nth(test, set, 1), &jobs[3], 2), 0);
	KUNIT_EXPECT_PTR_EQ(test, pick(set, 0), nth(test, set, 2));
	/* 1, 3 and 2 */
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[0].task));
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&jobs[1].task));
	KUNIT_EXPECT_PTR_EQ(test, pick(set, 0), nth(test, set, 0));
	KUNIT_EXPECT_EQ(test, wpool_set_schedule(set->set, &jobs[5].task, 0), 0);
	WPT_EXPECT_STAT(test, nth(test, set, 0), QUEUED, 1);
	for (i = 0; i < 3; i++)
		wpt_open(hold[i]->gate);
}

/* Always the same for one key; of many keys each pool has some. */
static void set_by_key(struct kunit *test)
{
	struct front *set = front(test, NULL, 4, WPOOL_RULE_KEY);
	unsigned int i, j, wrong = 0, of[4] = { };
	struct wpool *pool;
	u64 key;

	for (key = 0; key < 400; key++) {
		pool = pick(set, key);
		for (i = 0; i < 3; i++)
			wrong += pick(set, key) != pool;
		for (j = 0; j < 4; j++)
			of[j] += nth(test, set, j) == pool;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	for (j = 0; j < 4; j++)
		KUNIT_EXPECT_GT(test, of[j], 40);
	KUNIT_EXPECT_EQ(test, of[0] + of[1] + of[2] + of[3], 400);
}

/* 64: a pool that is stuck holds back its own keys alone */
static void set_isolates(struct kunit *test)
{
	struct front *set = front(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF, .full = WPOOL_FULL_FAIL,
	}, 2, WPOOL_RULE_KEY);
	struct wpt_job *hold = wpt_hold(test, nth(test, set, 0), 1);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int refused = 0, ran = 0;
	u64 key;

	for (key = 0; key < 40; key++) {
		int err = wpool_set_schedule(set->set, &job->task, key);

		refused += err == -EAGAIN;
		if (err)
			continue;
		wpt_wait(test, job);
		KUNIT_EXPECT_PTR_EQ(test, pick(set, key), nth(test, set, 1));
		ran++;
	}
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), ran);
	KUNIT_EXPECT_EQ(test, ran + refused, 40);
	KUNIT_EXPECT_TRUE(test, ran && refused);
	wpt_open(hold->gate);
}

#define PER_NODE	3

/* How many of all picks were of a pool of another node, or too often of one of this node. */
static unsigned int wrong_picks(struct front *set, unsigned int nth_node, unsigned int nodes)
{
	unsigned int i, j, picked[PER_NODE] = { }, wrong = 0;

	for (i = 0; i < PER_NODE * nodes; i++) {
		struct wpool *pool = pick(set, 0);

		/* the pools take the nodes in turn */
		for (j = 0; j < PER_NODE && pool != set->pools[nth_node + j * nodes]; j++)
			;
		if (j == PER_NODE || ++picked[j] > nodes)
			wrong++;
	}
	return wrong;
}

static int call_pick_on_nodes(struct wpt_thread *self)
{
	unsigned int nth_node = 0, wrong = 0;
	int node;

	for_each_node_state(node, N_CPU) {
		/* It stays there: none of these CPUs goes offline meanwhile. */
		wrong += set_cpus_allowed_ptr(current, cpumask_of_node(node)) != 0;
		wrong += wrong_picks(self->arg, nth_node++, num_node_state(N_CPU));
	}
	return wrong;
}

/* One that belongs to the caller's node, whichever that is; of several, each as often. */
static void set_by_node(struct kunit *test)
{
	unsigned int i, n = PER_NODE * num_node_state(N_CPU);
	struct front *set = front(test, NULL, n, WPOOL_RULE_NODE);

	set->pools = wpt_alloc(test, n * sizeof(*set->pools));
	for (i = 0; i < n; i++)
		set->pools[i] = nth(test, set, i);
	kunit_info(test, "nodes: %d\n", num_node_state(N_CPU));
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_pick_on_nodes, NULL, set), 0);
}

/* If none belongs to it, each in turn: for a moment, this CPU is said to have no node. */
static void set_no_pool_on_node(struct kunit *test)
{
#ifdef CONFIG_USE_PERCPU_NUMA_NODE_ID
	struct front *set = front(test, NULL, 3, WPOOL_RULE_NODE);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	int node, i, j, wrong = 0;
	unsigned long flags;

	local_irq_save(flags);
	node = numa_node_id();
	set_numa_node(NUMA_NO_NODE);
	for (i = 0; i < 4; i++)
		wrong += wpool_set_try_schedule(set->set, &jobs[i].task, 0) != 0;
	set_numa_node(node);
	local_irq_restore(flags);
	KUNIT_ASSERT_EQ(test, wrong, 0);
	for (i = 0; i < 3 && READ_ONCE(jobs[0].task.pool) != nth(test, set, i); i++)
		;
	for (j = 0; j < 4; j++) {
		KUNIT_EXPECT_PTR_EQ(test, READ_ONCE(jobs[j].task.pool),
				    nth(test, set, (i + j) % 3));
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[j]), 0);
	}
#else
	kunit_skip(test, "needs CPUs that know their node");
#endif
}

/* 26: one shutdown closes all, and what was accepted still runs */
static void set_shutdown(struct kunit *test)
{
	struct front *set = front(test, &(struct wpool_attrs) { .capacity = 1 }, 3,
				  WPOOL_RULE_ROUND_ROBIN);
	struct wpt_job *hold = wpt_jobs(test, 3, wpt_gate(test));
	struct wpt_job *jobs = wpt_jobs(test, 6, NULL);
	struct wpt_job *late = wpt_jobs(test, 1, NULL);
	unsigned int i;

	schedule_all(test, set, hold, 3);
	schedule_all(test, set, jobs, 6);
	wpool_set_shutdown(set->set);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, wpt_state(nth(test, set, i)), WPOOL_STATE_SHUTDOWN);
		KUNIT_EXPECT_EQ(test, wpool_set_schedule(set->set, &late->task, i), -ESHUTDOWN);
	}
	wpool_set_shutdown(set->set);
	wpt_open(hold->gate);
	for (i = 0; i < 6; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&late->runs), 0);
}

static bool name_is_free(struct front *set, unsigned int i)
{
	char name[WPOOL_NAME_MAX + 8];
	struct wpool *pool;

	snprintf(name, sizeof(name), "%s.%u", set->name, i);
	pool = wpool_find(name);
	wpool_put(pool);
	return !pool;
}

/* 54: destroying waits for all, having closed all first; then the names are free */
static void set_destroy(struct kunit *test)
{
	struct front *set = front(test, NULL, 3, WPOOL_RULE_ROUND_ROBIN);
	struct wpt_job *hold = wpt_hold(test, nth(test, set, 0), 1);
	struct wpool *first = wpool_get(nth(test, set, 0));
	struct wpool *last = wpool_get(nth(test, set, 2));
	unsigned int i;
	bool closed;

	wpt_open(set->end);
	/* while it waits for the first pool, the last one comes to its end */
	closed = wpt_until(wpt_state(last) == WPOOL_STATE_TERMINATED);
	KUNIT_EXPECT_TRUE(test, closed);
	KUNIT_EXPECT_EQ(test, wpt_state(first), WPOOL_STATE_SHUTDOWN);
	KUNIT_EXPECT_FALSE(test, completion_done(&set->destroyer->done));
	wpool_put(first);
	wpool_put(last);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, set->destroyer), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_TRUE(test, name_is_free(set, i));
}

/* In the last pool of a set that is destroyed. */
struct laggard {
	struct front		*set;
	struct wpool_task	task;
	struct wpt_job		*job;		/* that it submits */
	bool			in_time;
	unsigned int		refused;
};

static int lag(void *arg)
{
	struct laggard *laggard = arg;
	struct wpool_set *set = laggard->set->set;
	struct wpool_task *task = &laggard->job->task;
	unsigned int i;

	/* The destroyer has come to the second pool: the first one has ended. */
	laggard->in_time = wpt_until(name_is_free(laggard->set, 1));
	rcu_barrier();
	for (i = 0; i < 3; i++) {
		laggard->refused += wpool_set_schedule(set, task, i) == -ESHUTDOWN;
		laggard->refused += wpool_set_try_schedule(set, task, i) == -ESHUTDOWN;
	}
	return 0;
}

static const enum wpool_rule rule_cases[] = { WPOOL_RULE_ROUND_ROBIN, WPOOL_RULE_LEAST_LOADED };

static void rule_name(const enum wpool_rule *rule, char *desc)
{
	strscpy(desc, *rule == WPOOL_RULE_LEAST_LOADED ? "least loaded" : "in turn",
		KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(rule, rule_cases, rule_name);

/* 54: its tasks may submit meanwhile, also to a pool that has ended; KASAN sees if that is gone */
static void set_destroy_beside(struct kunit *test)
{
	struct laggard *laggard = wpt_alloc(test, sizeof(*laggard));
	struct front *set = front(test, NULL, 3, *(const enum wpool_rule *)test->param_value);

	laggard->set = set;
	laggard->job = wpt_jobs(test, 1, NULL);
	wpool_task_init(&laggard->task, lag, laggard);
	KUNIT_ASSERT_EQ(test, wpool_schedule(nth(test, set, 2), &laggard->task), 0);
	front_destroy(test, set);
	KUNIT_EXPECT_TRUE(test, laggard->in_time);
	KUNIT_EXPECT_EQ(test, laggard->refused, 6);
	KUNIT_EXPECT_EQ(test, atomic_read(&laggard->job->runs), 0);
}

static int destroy_from_inside(void *arg)
{
	return wpool_set_destroy(arg);
}

/* 62: from inside one of its pools it is -EDEADLK, and the set lives on */
static void set_destroy_inside(struct kunit *test)
{
	struct front *set = front(test, NULL, 2, WPOOL_RULE_ROUND_ROBIN);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		struct wpool *pool = nth(test, set, i);

		KUNIT_EXPECT_EQ(test, wpt_run(test, pool, destroy_from_inside, set->set), -EDEADLK);
		KUNIT_EXPECT_EQ(test, wpt_state(pool), WPOOL_STATE_RUNNING);
	}
	schedule_all(test, set, jobs, 2);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
}

/* 5: a pool that cannot be made takes those before it along */
static void set_unwinds(struct kunit *test)
{
	char base[WPOOL_NAME_MAX + 1], name[WPOOL_NAME_MAX + 8];
	struct wpool *third;
	struct wpool_set *set;
	unsigned int i;

	wpt_name(test, base, sizeof(base));
	snprintf(name, sizeof(name), "%s.2", base);
	third = wpool_create(name, NULL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, third);
	set = wpool_set_create(base, NULL, 4, WPOOL_RULE_KEY);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(set), -EEXIST);
	if (!IS_ERR(set))
		wpool_set_destroy(set);
	for (i = 0; i < 4; i++) {
		struct wpool *found;

		snprintf(name, sizeof(name), "%s.%u", base, i);
		found = wpool_find(name);
		KUNIT_EXPECT_PTR_EQ(test, found, i == 2 ? third : NULL);
		wpool_put(found);
	}
	KUNIT_EXPECT_EQ(test, wpool_destroy(third), 0);
}

struct refused_case {
	const char		*what;
	const char		*name;
	unsigned int		n;
	enum wpool_rule		rule;
	struct wpool_attrs	attrs;
};

static const struct refused_case refused_cases[] = {
	{ "no name", NULL, 2, WPOOL_RULE_KEY },
	{ "empty name", "", 2, WPOOL_RULE_KEY },
	{ "name with a slash", "kunit/set", 2, WPOOL_RULE_KEY },
	{ "name of 31 characters", "kunit-set-0123456789-0123456789", 2, WPOOL_RULE_KEY },
	{ "no pools", "kunit-set", 0, WPOOL_RULE_KEY },
	{ "too many pools", "kunit-set", WPOOL_SET_MAX + 1, WPOOL_RULE_KEY },
	{ "-1 pools", "kunit-set", -1, WPOOL_RULE_KEY },
	{ "unknown rule", "kunit-set", 2, WPOOL_NR_RULES },
	{ "rule -1", "kunit-set", 2, -1 },
	{ "no pools, by node", "kunit-set", 0, WPOOL_RULE_NODE },
	{ "CPUs, by CPU", "kunit-set", 2, WPOOL_RULE_CPU, { .cpumask = cpu_possible_mask } },
	{ "bad attributes", "kunit-set", 2, WPOOL_RULE_KEY, { .capacity = 2, .min_workers = 3 } },
};

static void refused_name(const struct refused_case *param, char *desc)
{
	strscpy(desc, param->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(refused, refused_cases, refused_name);

/* 2: garbage is refused, and nothing is left */
static void set_refuses(struct kunit *test)
{
	const struct refused_case *param = test->param_value;
	struct wpool_set *set = wpool_set_create(param->name, &param->attrs, param->n, param->rule);

	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(set), -EINVAL);
	if (!IS_ERR_OR_NULL(set))
		wpool_set_destroy(set);
	KUNIT_EXPECT_PTR_EQ(test, wpool_find("kunit-set.0"), (struct wpool *)NULL);
}

/* No set. */
static void set_null(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_PTR_EQ(test, wpool_set_nth(NULL, 0), (struct wpool *)NULL);
	KUNIT_EXPECT_EQ(test, wpool_set_schedule(NULL, &job->task, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, wpool_set_destroy(NULL), -EINVAL);
	wpool_set_shutdown(NULL);
}

static struct kunit_case set_cases[] = {
	KUNIT_CASE_PARAM(set_round_robin, size_gen_params),
	KUNIT_CASE(set_of_pools),
	KUNIT_CASE(set_least_loaded),
	KUNIT_CASE(set_by_key),
	KUNIT_CASE(set_isolates),
	KUNIT_CASE(set_by_node),
	KUNIT_CASE(set_no_pool_on_node),
	KUNIT_CASE(set_shutdown),
	KUNIT_CASE(set_destroy),
	KUNIT_CASE_PARAM(set_destroy_beside, rule_gen_params),
	KUNIT_CASE(set_destroy_inside),
	KUNIT_CASE(set_unwinds),
	KUNIT_CASE_PARAM(set_refuses, refused_gen_params),
	KUNIT_CASE(set_null),
	{}
};

static struct kunit_suite set_suite = {
	.name = "wpool_set",
	.init = set_init,
	.exit = wpt_exit,
	.test_cases = set_cases,
};

kunit_test_suite(set_suite);
