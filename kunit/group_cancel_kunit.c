// SPDX-License-Identifier: GPL-2.0
/*
 * Groups: what is taken back wherever it waits, and how long a worker helps.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include "actor.h"
#include "dead_scene.h"
#include "halt.h"
#include "release_scene.h"

static int group_cancel_init(struct kunit *test)
{
	return wpt_init(test, "wpool_group_cancel");
}

/*
 * A job that its submitter runs, in a pool that has room again, and that is submitted
 * once more, to a group if one is given.
 */
static struct wpool *run_by_caller(struct kunit *test, struct wpt_job *job,
				   struct wpool_group *group)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_CALLER_RUNS,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_job *fill = wpt_jobs(test, 1, NULL);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, fill, 1), 0);
	wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	wpt_begun(test, job);
	WPT_EXPECT_STAT(test, pool, CALLER_RUNS, 1);
	wpt_open(hold->gate);
	wpt_wait(test, fill);
	if (group)
		wpt_group_schedule(test, group, pool, job, 1);
	else
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	return pool;
}

/* 53: also the second run of a task whose submitter is inside the first */
static void group_cancel_in_caller(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool_group *group = wpt_group(test, false);
	struct wpool *pool = run_by_caller(test, job, group);

	KUNIT_EXPECT_EQ(test, wpool_group_cancel(group), 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, CANCELLED, 1);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* 54: wpool_shutdown_now() counts that one too */
static void group_cancel_shutdown_now(struct kunit *test)
{
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	struct wpool *pool = run_by_caller(test, job, NULL);
	LIST_HEAD(unrun);

	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(pool, &unrun), 1);
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
}

/* A task that waits for a group for a while, as soon as the group is there. */
struct helper {
	struct wpool_group	*group;
	struct wpt_gate		*gate;
	unsigned int		timeout;
};

static int wait_for_group(void *arg)
{
	struct helper *helper = arg;

	wait_for_completion(&helper->gate->opened);
	return wpool_group_wait_timeout(helper->group, helper->timeout);
}

/* Each is as long as the helper is to wait for all of them. */
static int run_long(void *arg)
{
	struct helper *helper = arg;

	schedule_timeout_idle(helper->timeout + 1);
	return 0;
}

/* 20: a worker that helps looks at the clock before each task: it begins one too many */
static void group_wait_is_limited(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct helper *helper = wpt_alloc(test, sizeof(*helper));
	struct wpool_task *tasks = wpt_alloc(test, 6 * sizeof(*tasks));
	unsigned int i;

	helper->group = wpt_group(test, false);
	helper->gate = wpt_gate(test);
	helper->timeout = HZ / 20 + 1;
	wpool_task_init(&tasks[0], wait_for_group, helper);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &tasks[0]), 0);
	for (i = 1; i < 6; i++) {
		wpool_task_init(&tasks[i], run_long, helper);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule(helper->group, pool, &tasks[i]), 0);
	}
	wpt_open(helper->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tasks[0]), -ETIMEDOUT);
	KUNIT_EXPECT_LE(test, wpt_stat(pool, WPOOL_STAT_NESTED), 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, helper->group), 0);
	if (!wpt_stat(pool, WPOOL_STAT_NESTED))
		kunit_skip(test, "the time was over before it looked");
}

static const bool keyed_cases[] = { false, true };

static void keyed_name(const bool *keyed, char *desc)
{
	strscpy(desc, *keyed ? "deferred by a key" : "on the queue", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(keyed, keyed_cases, keyed_name);

/* Many times as many as are looked at in one hold of the pool's lock. */
#define MANY		1024
#define CHUNK		32
#define ROUNDS		10

struct crowd {
	struct wpool_keyed_task	*ktasks;
	unsigned int		first;		/* of those that are on the same list */
};

/* Takes back the one that a walk is to go on with, as soon as it has come so far. */
static int cancel_ahead(struct wpt_thread *self)
{
	unsigned long end = jiffies + WPT_LIMIT;
	struct crowd *crowd = self->arg;
	unsigned int i, n = 0;

	for (i = crowd->first + CHUNK; i < MANY; i += CHUNK) {
		while (wpool_task_queued(&crowd->ktasks[i - 1].task) && time_before(jiffies, end))
			cond_resched();
		n += wpool_cancel(&crowd->ktasks[i].task);
	}
	return n;
}

/* Submits the nth of them, with a key if the first of them is to go to the queue alone. */
static int add_to_crowd(struct crowd *crowd, unsigned int n, struct wpool_group *group,
			struct wpool *pool, struct wpt_job *job)
{
	struct wpool_keyed_task *ktask = &crowd->ktasks[n];

	if (crowd->first) {
		wpool_keyed_task_init(ktask, wpt_run_job, job);
		return wpool_group_schedule_keyed(group, pool, ktask, 0);
	}
	wpool_task_init(&ktask->task, wpt_run_job, job);
	return wpool_group_schedule(group, pool, &ktask->task);
}

/* 53: a group is taken back while others take back tasks of it: each once, and none is missed */
static void group_cancel_beside_cancel(struct kunit *test)
{
	bool keyed = *(const bool *)test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct wpool_group *group = wpt_group(test, false);
	struct crowd *crowd = wpt_alloc(test, sizeof(*crowd));
	struct wpt_thread *thread;
	unsigned int i, round, n;

	crowd->ktasks = wpt_alloc(test, MANY * sizeof(*crowd->ktasks));
	crowd->first = keyed;		/* the head of the key is on the queue */
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < MANY; i++)
			KUNIT_ASSERT_EQ(test, add_to_crowd(crowd, i, group, pool, job), 0);
		thread = wpt_thread(test, cancel_ahead, pool, NULL, crowd);
		n = wpool_group_cancel(group);
		KUNIT_EXPECT_EQ(test, wpt_join(test, thread) + n, MANY);
		KUNIT_ASSERT_EQ(test, wpt_group_wait(test, group), -ECANCELED);
		WPT_EXPECT_STAT(test, pool, QUEUED, 0);
		wpool_group_init(group, 0);
	}
	wpt_open(hold->gate);
	WPT_EXPECT_STAT(test, pool, CANCELLED, ROUNDS * MANY);
}

/* So many that looking at all of them takes a while. */
#define CROWD		80000

static int call_group_cancel(struct wpt_thread *self)
{
	set_cpus_allowed_ptr(current, cpumask_of(cpumask_last(cpu_online_mask)));
	return wpool_group_cancel(self->arg);
}

/* wpool_group_cancel() while it looks at what lies between the tasks of its group. */
struct half_way {
	struct wpool		*pool;
	struct wpool_group	*group;
	struct wpt_job		*hold, *first;
	struct wpt_thread	*thread;
	struct wpt_halt		*halt;
	bool			met;
};

/* The group's first task and the crowd wait; the test adds more of the group behind them. */
static struct half_way *half_way(struct kunit *test)
{
	const struct cpumask *here = cpumask_of(cpumask_first(cpu_online_mask));
	struct half_way *scene = wpt_alloc(test, sizeof(*scene));

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	set_cpus_allowed_ptr(current, here);
	scene->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED, .cpumask = here,
	});
	scene->group = wpt_group(test, false);
	scene->hold = wpt_hold(test, scene->pool, 1);
	scene->first = wpt_jobs(test, 1, NULL);
	wpt_group_schedule(test, scene->group, scene->pool, scene->first, 1);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, wpt_jobs(test, CROWD, NULL), CROWD), 0);
	return scene;
}

/* The call halts after it has taken back the first, and as a rule no more: then it is met. */
static void half_way_halt(struct kunit *test, struct half_way *scene)
{
	scene->thread = wpt_thread(test, call_group_cancel, scene->pool, NULL, scene->group);
	wpt_spin_until(!wpool_task_queued(&scene->first->task));
	scene->halt = wpt_halt_other(test);
	scene->met = !completion_done(&scene->thread->done) &&
		     wpt_stat(scene->pool, WPOOL_STAT_CANCELLED) == 1;
}

/* Return: what the call gave. */
static int half_way_go_on(struct kunit *test, struct half_way *scene)
{
	int ret;

	wpt_go_on(scene->halt);
	scene->met &= !scene->halt->early;
	ret = wpt_join(test, scene->thread);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	return ret;
}

static void half_way_skip(struct kunit *test, const struct half_way *scene)
{
	if (!scene->met)
		kunit_skip(test, "the call was not met half-way");
}

/* 53: workers take what is before the tasks of a group while these are looked for */
static void group_cancel_beside_workers(struct kunit *test)
{
	struct wpt_job *slow, *grouped = wpt_jobs(test, 64, NULL);
	struct half_way *scene = half_way(test);

	slow = wpt_jobs(test, 1, wpt_gate(test));
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &slow->task), 0);
	wpt_group_schedule(test, scene->group, scene->pool, grouped, 64);
	half_way_halt(test, scene);
	wpt_open(scene->hold->gate);
	WPT_ASSERT_WHILE_BUSY(test, scene->pool, wpt_until(completion_done(&slow->begun)));
	KUNIT_EXPECT_EQ(test, half_way_go_on(test, scene), 65);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, scene->group), -ECANCELED);
	WPT_EXPECT_STAT(test, scene->pool, COMPLETED, CROWD + 1);
	wpt_open(slow->gate);
	half_way_skip(test, scene);
}

/* 53: a task of the group that waits in the queue is delayed again meanwhile */
static void group_cancel_beside_delay(struct kunit *test)
{
	struct wpool_delayed_task *late = wpt_alloc(test, sizeof(*late));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct half_way *scene = half_way(test);
	int found, ended;
	bool left;

	wpool_delayed_task_init(late, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_delayed(scene->group, scene->pool, late, 0), 0);
	KUNIT_ASSERT_TRUE(test, wpool_task_queued(&late->task));
	half_way_halt(test, scene);
	if (scene->met)
		KUNIT_EXPECT_EQ(test, wpool_modify_delayed(scene->pool, late, 10 * WPT_LIMIT), 0);
	found = half_way_go_on(test, scene);
	ended = wpool_group_wait_timeout(scene->group, 0);
	left = wpool_cancel(&late->task);
	wpt_open(scene->hold->gate);
	half_way_skip(test, scene);
	KUNIT_EXPECT_EQ(test, found, 2);
	KUNIT_EXPECT_EQ(test, ended, -ECANCELED);
	KUNIT_EXPECT_FALSE(test, left);
}

static int call_cancel(struct wpt_thread *self)
{
	return wpool_group_cancel(self->arg);
}

/* 53: and while a worker looks for a task of its group, which waits far behind */
static void group_cancel_beside_helper(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_group *group = wpt_group(test, false), *elsewhere = wpt_group(test, false);
	struct actor *helper = actor(test, pool, actor_call_group_wait, elsewhere);
	struct wpt_job *hold = wpt_jobs(test, 1, wpt_gate(test));
	struct ledger *ledger = ledger_new(test, NULL);
	struct wpt_thread *thread;
	unsigned int i;

	wpt_group_schedule(test, elsewhere, other, hold, 1);
	wpt_begun(test, hold);
	actor_start(test, helper);
	ledger->at_release = wpt_gate(test);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_EQ(test, wpool_group_schedule(group, pool,
				&item_new(test, ledger, ITEM_TRACKED)->ttask.task), 0);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, wpt_jobs(test, 40, NULL), 40), 0);

	/* It is half-way as long as the first release has not returned. */
	thread = wpt_thread(test, call_cancel, NULL, NULL, group);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&ledger->releasing, WPT_LIMIT), 0);
	actor_go_to_sleep(test, helper);
	wpt_open(ledger->at_release);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 2);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, helper), 0);
	ledger_expect(test, ledger, pool, WPOOL_FATE_CANCELLED, 2);
}

/* 53, 75: its releases come when it has been in all pools; the group may be gone by then */
static void group_cancel_beside_death(struct kunit *test)
{
	struct wpool *own = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 }), *pools[2];
	struct wpt_job *holds[2];
	struct ledger *ledgers[2];
	struct dead_host *host = dead_host(test, own);
	struct wpt_thread *thread;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		pools[i] = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
		holds[i] = wpt_hold(test, pools[i], 1);
		ledgers[i] = ledger_new(test, NULL);
		KUNIT_ASSERT_EQ(test, wpool_group_schedule(host->group, pools[i],
				&item_new(test, ledgers[i], ITEM_TRACKED)->ttask.task), 0);
	}
	ledgers[0]->at_release = wpt_gate(test);
	thread = wpt_thread(test, call_cancel, NULL, NULL, host->group);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&ledgers[0]->releasing, WPT_LIMIT), 0);
	wpt_open(host->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &host->task), -EOWNERDEAD);
	wpt_open(ledgers[0]->at_release);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 2);
	for (i = 0; i < 2; i++) {
		wpt_open(holds[i]->gate);
		ledger_expect(test, ledgers[i], pools[i], WPOOL_FATE_CANCELLED, 1);
	}
}

/* What the first worker of a pool does while others are still made; the pool's priv. */
struct early {
	atomic_t		calls;
	struct wpool_group	*group;
	struct wpt_job		*job;
	int			submitted;
	unsigned int		cancelled;
	bool			over;
};

static void cancel_at_start(struct wpool *pool)
{
	struct early *early = wpool_priv(pool);

	if (atomic_inc_return(&early->calls) != 1)
		return;
	wpool_pause(pool);
	early->submitted = wpool_group_schedule(early->group, pool, &early->job->task);
	early->cancelled = wpool_group_cancel(early->group);
	wpool_resume(pool);
	WRITE_ONCE(early->over, true);
}

/* As many as it takes for the first to run before the last is made. */
#define AT_ONCE	64

/* 53: also in a pool whose creator has not returned, and whose first worker runs */
static void group_cancel_in_the_making(struct kunit *test)
{
	static const struct wpool_ops ops = { .worker_start = cancel_at_start };
	struct early *early = wpt_alloc(test, sizeof(*early));

	early->group = wpt_group(test, false);
	early->job = wpt_jobs(test, 1, NULL);
	wpt_pool(test, &(struct wpool_attrs) {
		.capacity = AT_ONCE, .min_workers = AT_ONCE, .ops = &ops, .priv = early,
	});
	WPT_ASSERT_UNTIL(test, READ_ONCE(early->over));
	KUNIT_EXPECT_EQ(test, early->submitted, 0);
	KUNIT_EXPECT_EQ(test, early->cancelled, 1);
	KUNIT_EXPECT_EQ(test, wpt_group_wait(test, early->group), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&early->job->runs), 0);
}

static struct kunit_case group_cancel_cases[] = {
	KUNIT_CASE(group_cancel_in_caller),
	KUNIT_CASE(group_cancel_shutdown_now),
	KUNIT_CASE(group_wait_is_limited),
	KUNIT_CASE_PARAM(group_cancel_beside_cancel, keyed_gen_params),
	KUNIT_CASE(group_cancel_beside_workers),
	KUNIT_CASE(group_cancel_beside_delay),
	KUNIT_CASE(group_cancel_beside_helper),
	KUNIT_CASE(group_cancel_beside_death),
	KUNIT_CASE(group_cancel_in_the_making),
	{}
};

static struct kunit_suite group_cancel_suite = {
	.name = "wpool_group_cancel",
	.init = group_cancel_init,
	.exit = wpt_exit,
	.test_cases = group_cancel_cases,
};

kunit_test_suite(group_cancel_suite);
