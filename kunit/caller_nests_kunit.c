// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that their submitters run because the pool is full: how many run inside one another.
 */
#include <linux/minmax.h>
#include <linux/sched/task_stack.h>
#include "wpool_kunit.h"

static int caller_nests_init(struct kunit *test)
{
	return wpt_init(test, "wpool_caller_nests");
}

/* A pool with all its workers but some busy, and room for so many more. */
static struct wpool *full_pool(struct kunit *test, unsigned int capacity, unsigned int held,
			       int depth, struct wpt_job **hold)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = capacity, .queue_depth = depth, .full = WPOOL_FULL_CALLER_RUNS,
	});

	*hold = wpt_hold(test, pool, held);
	return pool;
}

#define NODES	1000
#define LEAVES	64

/* A list, each of whose nodes submits the next. */
struct nodes {
	struct wpool_task	tasks[NODES];
	struct wpool		*pool;
	unsigned int		run;
	unsigned long		least;		/* stack that was left for one of them */
	int			err;
};

static int run_node(void *arg)
{
	struct nodes *nodes = arg;
	unsigned long here = (unsigned long)__builtin_frame_address(0);
	unsigned int next = nodes->run + 1;
	int err = 0;

	/* Marked: the test counts them meanwhile. */
	WRITE_ONCE(nodes->run, next);
	nodes->least = min(nodes->least, here - (unsigned long)task_stack_page(current));
	if (next < NODES)
		err = wpool_schedule(nodes->pool, &nodes->tasks[next]);
	if (err)
		nodes->err = err;
	return 0;
}

static struct nodes *nodes(struct kunit *test, struct wpool *pool)
{
	struct nodes *nodes = wpt_alloc(test, sizeof(*nodes));
	unsigned int i;

	nodes->pool = pool;
	nodes->least = THREAD_SIZE;
	for (i = 0; i < NODES; i++)
		wpool_task_init(&nodes->tasks[i], run_node, nodes);
	return nodes;
}

/* Submits the first, when the queue is full. */
struct starter {
	struct wpt_job		job;
	struct nodes		*nodes;
};

static int run_starter(void *arg)
{
	struct starter *starter = arg;

	complete_all(&starter->job.begun);
	wait_for_completion(&starter->job.gate->opened);
	return wpool_schedule(starter->nodes->pool, &starter->nodes->tasks[0]);
}

static int call_starter(struct wpt_thread *self)
{
	return run_starter(self->arg);
}

static struct starter *starter(struct kunit *test, struct wpool *pool, struct wpt_gate *gate)
{
	struct starter *starter = wpt_alloc(test, sizeof(*starter));

	starter->nodes = nodes(test, pool);
	starter->job.gate = gate;
	init_completion(&starter->job.begun);
	wpool_task_init(&starter->job.task, run_starter, starter);
	return starter;
}

static const bool worker_cases[] = { false, true };

static void worker_name(const bool *worker, char *desc)
{
	strscpy(desc, *worker ? "from a worker" : "from a thread", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(worker, worker_cases, worker_name);

/* 82: so many are run inside one another as the stack has room for: then the submitter waits */
static void caller_nests(struct kunit *test)
{
	bool worker = *(const bool *)test->param_value;
	struct wpt_job *hold, *leaves = wpt_jobs(test, LEAVES, NULL);
	struct wpool *pool = full_pool(test, 3, worker ? 2 : 3, LEAVES, &hold);
	struct starter *list = starter(test, pool, wpt_gate(test));
	u64 nested;

	if (worker)
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &list->job.task), 0);
	else
		wpt_thread(test, call_starter, pool, NULL, list);
	wpt_begun(test, &list->job);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, leaves, LEAVES), 0);
	wpt_open(list->job.gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	nested = wpt_stat(pool, WPOOL_STAT_CALLER_RUNS);
	KUNIT_EXPECT_GE(test, nested, 1);
	KUNIT_EXPECT_LE(test, nested, WPOOL_MAX_NESTING);
	KUNIT_EXPECT_EQ(test, READ_ONCE(list->nodes->run), nested);
	/* Half, but for what lies between the look and the function. */
	KUNIT_EXPECT_GT(test, list->nodes->least, THREAD_SIZE * 3 / 8);
	wpt_open(hold->gate);
	WPT_ASSERT_WHILE_BUSY(test, pool, wpt_until(READ_ONCE(list->nodes->run) == NODES));
	KUNIT_EXPECT_EQ(test, list->nodes->err, 0);
	wpt_call(test, wpt_call_drain, pool, NULL);
}

/* 81, 82: by all workers: only a submitter that can make no room is refused, and nothing is lost */
static void caller_nests_everywhere(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .queue_depth = LEAVES, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *leaves = wpt_jobs(test, LEAVES, NULL);
	struct wpt_gate *gate = wpt_gate(test);
	unsigned int i, refused = 0, run = 0;
	struct starter *lists[3];

	for (i = 0; i < 3; i++) {
		lists[i] = starter(test, pool, gate);
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &lists[i]->job.task), 0);
		wpt_begun(test, &lists[i]->job);
	}
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, leaves, LEAVES), 0);
	wpt_open(gate);
	wpt_call(test, wpt_call_drain, pool, NULL);
	for (i = 0; i < 3; i++) {
		run += lists[i]->nodes->run;
		refused += lists[i]->nodes->err == -EDEADLK;
		KUNIT_EXPECT_TRUE(test, lists[i]->nodes->err == -EDEADLK ||
				  lists[i]->nodes->run == NODES);
	}
	KUNIT_EXPECT_LT(test, refused, 3);
	WPT_EXPECT_STAT(test, pool, COMPLETED, run + 3 + LEAVES);
	WPT_EXPECT_STAT(test, pool, REJECTED, refused);
}

static struct kunit_case caller_nests_cases[] = {
	KUNIT_CASE_PARAM(caller_nests, worker_gen_params),
	KUNIT_CASE(caller_nests_everywhere),
	{}
};

static struct kunit_suite caller_nests_suite = {
	.name = "wpool_caller_nests",
	.init = caller_nests_init,
	.exit = wpt_exit,
	.test_cases = caller_nests_cases,
};

kunit_test_suite(caller_nests_suite);
