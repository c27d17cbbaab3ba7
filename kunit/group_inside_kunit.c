// SPDX-License-Identifier: GPL-2.0
/*
 * Groups that workers wait for, inside tasks of theirs.
 */
#include "wpool_kunit.h"

static int group_inside_init(struct kunit *test)
{
	return wpt_init(test, "wpool_group_inside");
}

/* Waits inside a task, the last of whose group's tasks may be a while away. */
struct leader {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpool_group	*group;
	struct wpt_job		*jobs;
	unsigned int		n;
	unsigned long		timeout;
	int			waited;
};

static int lead(void *arg)
{
	struct leader *leader = arg;
	unsigned int i;
	int err = 0;

	for (i = 0; i < leader->n && !err; i++)
		err = wpool_group_schedule(leader->group, leader->pool, &leader->jobs[i].task);
	if (err)
		return err;
	leader->waited = leader->timeout ?
			 wpool_group_wait_timeout(leader->group, leader->timeout) :
			 wpool_group_wait(leader->group);
	return 1;
}

static struct leader *leader(struct kunit *test, struct wpool *pool, struct wpool_group *group,
			     struct wpt_job *jobs, unsigned int n)
{
	struct leader *leader = wpt_alloc(test, sizeof(*leader));

	leader->pool = pool;
	leader->group = group;
	leader->jobs = jobs;
	leader->n = n;
	wpool_task_init(&leader->task, lead, leader);
	return leader;
}

/* 16, 52: a worker, the only one, waits for a group: it runs its tasks itself */
static void group_inside_alone(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	struct leader *outer = leader(test, pool, group, jobs, 5);
	unsigned int i;

	jobs[3].result = -EIO;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &outer->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->task), 1);
	KUNIT_EXPECT_EQ(test, outer->waited, -EIO);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	WPT_EXPECT_STAT(test, pool, NESTED, 5);
	WPT_EXPECT_STAT(test, pool, LARGEST, 1);
}

/* 16: tasks that come to the group while a worker sleeps for it */
static void group_inside_grows(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, NULL);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_job *late = wpt_jobs(test, 2, NULL);
	struct leader *outer = leader(test, other, group, first, 1);

	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &outer->task), 0);
	wpt_begun(test, first);
	wpt_group_schedule(test, group, pool, late, 2);
	/* its own pool has no other worker */
	wpt_wait(test, &late[0]);
	wpt_wait(test, &late[1]);
	KUNIT_EXPECT_TRUE(test, wpool_task_running(&outer->task));
	wpt_open(first->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->task), 1);
	KUNIT_EXPECT_EQ(test, outer->waited, 0);
}

static int wait_for_task(void *arg)
{
	return wpool_wait(arg);
}

/*
 * 16: a task that is to run again waits, and all but the worker that waits for its
 * group wait for that one's task
 */
static void group_inside_again(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct leader *outer = leader(test, pool, group, NULL, 0);
	struct wpt_job *other = wpt_jobs(test, 1, NULL);

	wpt_group_schedule(test, group, pool, job, 1);
	wpt_begun(test, job);
	wpt_group_schedule(test, group, pool, job, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &outer->task), 0);
	WPT_ASSERT_STAT(test, pool, RUNNING, 2);
	wpool_task_init(&other->task, wait_for_task, &outer->task);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &other->task), 0);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, other), 1);
	KUNIT_EXPECT_EQ(test, outer->waited, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 2);
}

/* A task of a group that has another join it again and again, as soon as that has run. */
struct usher {
	struct wpool_task	task;
	struct wpool_group	*group;
	struct wpool		*pool;
	struct wpt_job		*late;
	unsigned int		rounds;
};

static int run_usher(void *arg)
{
	unsigned long end = jiffies + WPT_LIMIT, enough = jiffies + HZ / 2;
	struct usher *usher = arg;
	struct wpool_task *late = &usher->late->task;
	int err = 0;

	do {
		err = wpool_group_schedule(usher->group, usher->pool, late);
		usher->rounds += !err;
		while (wpool_task_queued(late) || wpool_task_running(late)) {
			if (time_after(jiffies, end))
				return -ETIMEDOUT;
			cond_resched();
		}
	} while (!err && time_before(jiffies, enough));
	return err;
}

/* 16: a task comes to the group just when the only worker goes to sleep for it */
static void group_inside_races(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false);
	struct usher *usher = wpt_alloc(test, sizeof(*usher));
	struct leader *outer = leader(test, pool, group, NULL, 0);

	usher->group = group;
	usher->pool = pool;
	usher->late = wpt_jobs(test, 1, NULL);
	wpool_task_init(&usher->task, run_usher, usher);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, other, &usher->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &outer->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->task), 1);
	KUNIT_EXPECT_EQ(test, outer->waited, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&usher->late->runs), usher->rounds);
	KUNIT_EXPECT_GT(test, usher->rounds, 0);
}

/* 16: from inside with a time limit */
static void group_inside_times_out(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, NULL);
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct leader *outer = leader(test, other, group, job, 1);

	outer->timeout = 1;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &outer->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->task), 1);
	KUNIT_EXPECT_EQ(test, outer->waited, -ETIMEDOUT);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
}

static const unsigned int capacity_cases[] = { 1, 2, 4 };

static void capacity_name(const unsigned int *capacity, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "capacity %u", *capacity);
}

KUNIT_ARRAY_PARAM(capacity, capacity_cases, capacity_name);

/* 20, 174: and then it runs no task of its own pool either, though no other worker is free */
static void group_inside_limited(struct kunit *test)
{
	unsigned int capacity = *(const unsigned int *)test->param_value, i;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
	struct wpool_group *group = wpt_group(test, false);
	struct wpt_job *jobs = wpt_jobs(test, 3, wpt_gate(test));
	struct leader *outer = leader(test, pool, group, jobs, 3);

	if (capacity > 1)
		wpt_hold(test, pool, capacity - 1);
	outer->timeout = HZ / 20 + 1;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &outer->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->task), 1);
	KUNIT_EXPECT_EQ(test, outer->waited, -ETIMEDOUT);
	wpt_open(jobs->gate);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	WPT_EXPECT_STAT(test, pool, NESTED, 0);
}

/* 53: the worker that waits begins none either after the first error */
static void group_inside_fail_fast(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, true);
	struct wpt_job *jobs = wpt_jobs(test, 5, NULL);
	struct leader *outer = leader(test, pool, group, jobs, 5);
	unsigned int i;

	jobs[1].result = -EIO;
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &outer->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->task), 1);
	KUNIT_EXPECT_EQ(test, outer->waited, -EIO);
	for (i = 0; i < 5; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), i < 2 ? 1 : 0);
}

/* A chain of tasks: each puts the next into a group of its own, and waits for it. */
struct link {
	struct wpool_task	task;
	struct wpool_group	group;
	struct wpool		*pool;
	struct link		*next;
	int			waited;
};

static int run_link(void *arg)
{
	struct link *link = arg;

	wpool_group_init(&link->group, 0);
	if (!link->next)
		return 0;
	link->waited = wpool_group_schedule(&link->group, link->pool, &link->next->task) ?:
		       wpool_group_wait(&link->group);
	return 0;
}

/*
 * The only worker is nested too deep to run what it waits for: it is refused, once, and the
 * group is empty then.
 */
static void group_inside_too_deep(struct kunit *test)
{
	const unsigned int n = WPOOL_MAX_NESTING + 8;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct link *links = wpt_alloc(test, n * sizeof(*links));
	unsigned int i, ran;

	for (i = 0; i < n; i++) {
		wpool_task_init(&links[i].task, run_link, &links[i]);
		links[i].pool = pool;
		links[i].next = i + 1 < n ? &links[i + 1] : NULL;
	}
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &links->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &links->task), 0);
	ran = wpt_stat(pool, WPOOL_STAT_COMPLETED);
	KUNIT_ASSERT_GT(test, ran, 1);
	KUNIT_ASSERT_LE(test, ran, WPOOL_MAX_NESTING);
	for (i = 0; i < ran - 1; i++)
		KUNIT_EXPECT_EQ(test, links[i].waited, 0);
	KUNIT_EXPECT_EQ(test, links[i].waited, -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpool_group_wait_timeout(&links[i].group, 0), -ECANCELED);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &links[ran].task), -ECANCELED);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, ran + 1);
}

static int wait_for_group(void *arg)
{
	struct wpool_group *group = arg;

	return wpool_group_wait_timeout(group, WPT_LIMIT) == -EDEADLK ? 0 : -EINVAL;
}

/* A task that waits for the group that it belongs to. */
static void group_inside_itself(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_group *group = wpt_group(test, false);
	struct wpool_task *task = wpt_alloc(test, sizeof(*task));

	wpool_task_init(task, wait_for_group, group);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool, task), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), 0);
}

static struct kunit_case group_inside_cases[] = {
	KUNIT_CASE(group_inside_alone),
	KUNIT_CASE(group_inside_grows),
	KUNIT_CASE(group_inside_again),
	KUNIT_CASE(group_inside_races),
	KUNIT_CASE(group_inside_times_out),
	KUNIT_CASE_PARAM(group_inside_limited, capacity_gen_params),
	KUNIT_CASE(group_inside_fail_fast),
	KUNIT_CASE(group_inside_too_deep),
	KUNIT_CASE(group_inside_itself),
	{}
};

static struct kunit_suite group_inside_suite = {
	.name = "wpool_group_inside",
	.init = group_inside_init,
	.exit = wpt_exit,
	.test_cases = group_inside_cases,
};

kunit_test_suite(group_inside_suite);
