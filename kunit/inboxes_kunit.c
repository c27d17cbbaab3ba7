// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that came by several inboxes at once are run, counted, bounded, cancelled and
 * awaited as all others are, and those of each thread in its order. See core/staging.c.
 */
#include <linux/irq_work.h>
#include "inboxes_scene.h"

static int inboxes_init(struct kunit *test)
{
	return wpt_init(test, "wpool_inboxes");
}

KUNIT_ARRAY_PARAM(opening, openings, opening_name);

/* 65: one worker begins the tasks of each thread in order; they come in no regular turn */
static void inboxes_keep_order(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, CLERKS + 1);
	struct clerk *clerk;

	for_each_clerk(office, clerk) {
		office_submit(test, office, 1);
		KUNIT_ASSERT_EQ(test, clerk_do(test, clerk, clerk_schedule, 1), 0);
	}
	office_go(office);
	office_expect_order(test, office);
}

#define MIXED		(2 * CLERKS)

/* What the other ways in need beside the job. */
struct mixer {
	struct wpool_keyed_task	keyed[MIXED];
	struct wpool_group	group;
	unsigned int		used;
};

/* With a key that no other has. */
static int clerk_keyed(struct clerk *clerk)
{
	struct mixer *mixer = clerk->office->arg;
	struct wpool_keyed_task *keyed = &mixer->keyed[mixer->used++];

	wpool_keyed_task_init(keyed, wpt_run_job, &clerk->jobs[clerk->next++]);
	return wpool_schedule_keyed(clerk->office->pool, keyed, (uintptr_t)keyed);
}

static int clerk_group(struct clerk *clerk)
{
	struct mixer *mixer = clerk->office->arg;
	int err = wpool_group_schedule(&mixer->group, clerk->office->pool,
				       &clerk->jobs[clerk->next].task);

	clerk->next += !err;
	return err;
}

static int clerk_batch(struct clerk *clerk)
{
	struct wpool_task *batch[3];
	unsigned int i;

	for (i = 0; i < 3; i++)
		batch[i] = &clerk->jobs[clerk->next++].task;
	return wpool_schedule_batch(clerk->office->pool, batch, 3) - 3;
}

/* For clerk_keyed() and clerk_group(). */
static void office_mixes(struct kunit *test, struct office *office)
{
	struct mixer *mixer = wpt_alloc(test, sizeof(*mixer));

	wpool_group_init(&mixer->group);
	office->arg = mixer;
}

static const struct way {
	const char	*name;
	int		(*call)(struct clerk *clerk);
} ways[] = {
	{ "key", clerk_keyed },
	{ "group", clerk_group },
	{ "batch", clerk_batch },
	{ "function", clerk_schedule_fn },
};

static void way_name(const struct way *way, char *desc)
{
	strscpy(desc, way->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(way, ways, way_name);

/* 65: also if some go another way, which shuts the inboxes; the next but one finds them open */
static void inboxes_are_mixed(struct kunit *test)
{
	const struct way *way = test->param_value;
	struct office *office = office_make(test, &(struct wpool_attrs) { .capacity = 2 },
					    3 * MIXED);
	unsigned int round;
	struct clerk *clerk;

	office_mixes(test, office);
	office_open(test, office, NULL);
	for (round = 0; round < MIXED; round++) {
		clerk = office->clerks[round % CLERKS];
		office_submit(test, office, 1);
		KUNIT_ASSERT_EQ(test, clerk_do(test, clerk, way->call, 1), 0);
	}
	office_go(office);
	office_expect_order(test, office);
}

/* An interrupt that submits in a clerk's stead: itself one more clerk. */
struct caller {
	struct clerk		clerk;
	struct irq_work		work;
	struct completion	done;
};

static void interrupt(struct irq_work *work)
{
	struct caller *caller = container_of(work, struct caller, work);

	caller->clerk.result = clerk_fill(&caller->clerk);
	complete(&caller->done);
}

static struct caller *office_caller(struct kunit *test, struct office *office,
				    unsigned int n)
{
	struct caller *caller = wpt_alloc(test, sizeof(*caller));

	office->arg = caller;
	init_completion(&caller->done);
	caller->work = IRQ_WORK_INIT_HARD(interrupt);
	caller->clerk.office = office;
	caller->clerk.jobs = batched_jobs(test, office->table, n, NULL);
	caller->clerk.n = 1;
	return caller;
}

/* Does not sleep meanwhile, so that the interrupt hits this thread. */
static int call(struct caller *caller)
{
	irq_work_queue(&caller->work);
	while (!completion_done(&caller->done))
		cpu_relax();
	wait_for_completion(&caller->done);
	irq_work_sync(&caller->work);
	return caller->clerk.result;
}

static int clerk_interrupt(struct clerk *clerk)
{
	return call(clerk->office->arg);
}

/* 27, 65: those of interrupts begin in order as well, whomever the interrupt hit */
static void inboxes_keep_order_of_interrupts(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, 3);
	struct caller *caller = office_caller(test, office, 3 * CLERKS);
	struct clerk *clerk;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		for_each_clerk(office, clerk) {
			KUNIT_ASSERT_EQ(test, clerk_do(test, clerk, clerk_interrupt, 0), 1);
			KUNIT_ASSERT_EQ(test, clerk_do(test, clerk, clerk_schedule, 1), 0);
		}
	}
	office_go(office);
	office_expect_order(test, office);
	batched_expect_order(test, caller->clerk.jobs, 3 * CLERKS);
}

#define STREAM		30

/* Whatever begins has an interrupt submit one more: always by the same inbox. */
static void stream_on(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct caller *caller = *(struct caller **)wpool_priv(pool);

	if (caller && caller->clerk.next < STREAM)
		call(caller);
}

static const struct wpool_ops stream_ops = { .task_begin = stream_on };

/* 64: no inbox is left out while always more is found in another */
static void inboxes_are_all_looked_at(struct kunit *test)
{
	struct caller **caller = wpt_alloc(test, sizeof(*caller));
	struct office *office = office_opened(test, &(struct wpool_attrs) {
		.capacity = 2, .ops = &stream_ops, .priv = caller,
	}, 1);
	struct wpt_job *last;
	struct clerk *clerk;

	*caller = office_caller(test, office, STREAM);
	last = &(*caller)->clerk.jobs[STREAM - 1];
	KUNIT_ASSERT_EQ(test, clerk_do(test, office->clerks[0], clerk_interrupt, 0), 1);
	office_submit(test, office, 1);
	office_go(office);
	/* Who waited by a call of the pool's would shut them all. */
	wpt_begun(test, last);
	office_expect_order(test, office);
	for_each_clerk(office, clerk)
		KUNIT_EXPECT_LT(test, clerk->jobs->turn, last->turn);
}

static const struct alone {
	const char	*name;
	unsigned int	capacity;
	int		depth;
} alone_cases[] = {
	{ "one worker", 1, 0 },
	{ "room for 100", 2, 100 },
};

static void alone_name(const struct alone *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(alone, alone_cases, alone_name);

/* 65: with one worker, or little room, the order of all is kept across the threads */
static void inboxes_are_one(struct kunit *test)
{
	const struct alone *param = test->param_value;
	struct office *office = office_make(test, &(struct wpool_attrs) {
		.capacity = param->capacity, .queue_depth = param->depth,
	}, 4);
	struct clerk *clerk;
	unsigned int i;
	int turn = 2;

	office_open(test, office, NULL);
	office_submit(test, office, 4);
	office_go(office);
	office_expect_order(test, office);
	for (i = 0; i < 4; i++) {
		unsigned int c = CLERKS;

		while (c--) {
			clerk = office->clerks[c];
			KUNIT_EXPECT_EQ(test, clerk->jobs[i].turn, ++turn);
		}
	}
}

/* 43, 44, 46: the counters are exact while tasks lie in several, and afterwards */
static void inboxes_are_counted(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, 3);
	unsigned int n = 3 * CLERKS, wrong = 0, i;
	struct wpool *pool = office->pool;
	u64 warm = office->table->warm;
	struct clerk *clerk;

	office_submit(test, office, 3);
	WPT_EXPECT_STAT(test, pool, QUEUED, 2 + n);
	WPT_EXPECT_STAT(test, pool, RUNNING, 2);
	WPT_EXPECT_STAT(test, pool, COMPLETED, warm);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, warm + 4 + n);
	for_each_clerk(office, clerk) {
		for (i = 0; i < 3; i++) {
			wrong += !wpool_task_queued(&clerk->jobs[i].task);
			wrong += wpool_task_running(&clerk->jobs[i].task);
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	office_go(office);
	office_expect_order(test, office);
	WPT_ASSERT_STAT(test, pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, warm + 3 + n);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, warm + 4 + n);
}

#define DEPTH		2000

/* The worker that goes on begins one, has all from the inboxes, and gives room for more. */
static unsigned int office_begin_one(struct kunit *test, struct office *office)
{
	wpt_open(office->table->first->gate);
	wpt_begun(test, office->table->rest);
	return 1;
}

/*
 * 17: as many are accepted as there is room for, to the one, also if a worker has been
 * there since; who comes first gets what was given out to others, who then get none
 */
static void inboxes_are_bounded(struct kunit *test)
{
	const struct opening *opening = test->param_value;
	struct office *office = office_make(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = DEPTH,
	}, DEPTH);
	unsigned int left = DEPTH - 2 - 200 * CLERKS;
	struct clerk *clerk;

	office_open(test, office, NULL);
	for_each_clerk(office, clerk)
		KUNIT_ASSERT_EQ(test, clerk_do(test, clerk, clerk_fill, 200), 200);
	if (opening->by_worker)
		left += office_begin_one(test, office);
	for_each_clerk(office, clerk) {
		KUNIT_EXPECT_EQ(test, clerk_do(test, clerk, clerk_fill, DEPTH - 200), left);
		left = 0;
	}
	WPT_EXPECT_STAT(test, office->pool, QUEUED, DEPTH);
	office_go(office);
	office_expect_order(test, office);
}

/* 17: room comes back as tasks begin, for one by whichever inbox */
static void inboxes_give_room_back(struct kunit *test)
{
	struct office *office = office_make(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = DEPTH,
	}, DEPTH);
	struct clerk *clerk;

	office_open(test, office, NULL);
	KUNIT_ASSERT_EQ(test, clerk_do(test, office->clerks[0], clerk_fill, DEPTH), DEPTH - 2);
	office_begin_one(test, office);
	for_each_clerk(office, clerk)
		KUNIT_EXPECT_EQ(test, clerk_do(test, clerk, clerk_fill, 2), !clerk->id);
	WPT_EXPECT_STAT(test, office->pool, QUEUED, DEPTH);
	office_go(office);
	office_expect_order(test, office);
}

/* Only by pool->lock. */
static int clerk_fill_group(struct clerk *clerk)
{
	unsigned int accepted = 0;

	while (accepted < clerk->n && !clerk_group(clerk))
		accepted++;
	return accepted;
}

static const struct way fillings[] = {
	{ "all by inboxes", clerk_fill },
	{ "one by the lock", clerk_fill_group },
};

KUNIT_ARRAY_PARAM(filling, fillings, way_name);

/* 17: likewise if all come at once, and the inboxes are shut and opened meanwhile */
static void inboxes_are_filled_at_once(struct kunit *test)
{
	const struct way *filling = test->param_value;
	struct office *office = office_make(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = DEPTH, .full = WPOOL_FULL_FAIL,
	}, DEPTH);
	unsigned int accepted = 0;
	struct clerk *clerk;

	office_mixes(test, office);
	office_open(test, office, NULL);
	for_each_clerk(office, clerk)
		clerk_ask(test, clerk, clerk->id ? clerk_fill : filling->call, DEPTH);
	for_each_clerk(office, clerk)
		accepted += clerk_join(test, clerk);
	KUNIT_EXPECT_EQ(test, accepted, DEPTH - 2);
	KUNIT_EXPECT_EQ(test, office_total(office), DEPTH - 2);
	WPT_EXPECT_STAT(test, office->pool, QUEUED, DEPTH);
	office_go(office);
	office_expect_order(test, office);
}

/* 6: one that lies in an inbox is not accepted again by way of another, or by another pool */
static void inboxes_have_it_once(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, 2 * CLERKS);
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct clerk *clerk, *next;

	for_each_clerk(office, clerk) {
		office_submit(test, office, 2);
		next = office->clerks[(clerk->id + 1) % CLERKS];
		next->other = &clerk->jobs[clerk->next - 1];
		KUNIT_EXPECT_EQ(test, clerk_do(test, next, clerk_try_other, 0), -EBUSY);
		KUNIT_EXPECT_EQ(test, wpool_try_schedule(other, &next->other->task), -EBUSY);
		WPT_EXPECT_STAT(test, office->pool, QUEUED, 2 + office_total(office));
	}
	WPT_EXPECT_STAT(test, other, SUBMITTED, 0);
	office_go(office);
	office_expect_order(test, office);
}

#define RACES		200

/* Two clerks submit the same jobs, at the same time. */
struct race {
	struct wpt_job	*jobs;
	atomic_t	arrived;
	atomic_t	accepted;
};

/* Its own come first, so that the inboxes are open. */
static int clerk_race(struct clerk *clerk)
{
	struct race *race = clerk->office->arg;
	int err, i, wrong = 0;

	clerk->n = 1;
	for (i = 0; i < RACES; i++) {
		wrong += clerk_schedule(clerk) != 0;
		atomic_inc(&race->arrived);
		while (atomic_read(&race->arrived) < 2 * (i + 1))
			cond_resched();
		err = wpool_try_schedule(clerk->office->pool, &race->jobs[i].task);
		atomic_add(!err, &race->accepted);
		wrong += err && err != -EBUSY;
	}
	return wrong;
}

/* 6: one that two threads submit at the same time, by different inboxes, is accepted once */
static void inboxes_race_for_it(struct kunit *test)
{
	struct office *office = office_make(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = DEPTH,
	}, RACES);
	struct race *race = wpt_alloc(test, sizeof(*race));
	unsigned int i;

	office->arg = race;
	race->jobs = wpt_jobs(test, RACES, NULL);
	office_open(test, office, NULL);
	for (i = 0; i < 2; i++)
		clerk_ask(test, office->clerks[i], clerk_race, 0);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, clerk_join(test, office->clerks[i]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&race->accepted), RACES);
	WPT_EXPECT_STAT(test, office->pool, QUEUED, 2 + 3 * RACES);
	office_go(office);
	office_expect_order(test, office);
	batched_expect_run(test, race->jobs, RACES);
}

/* 14, 20: who waits for one is told its result; who waits for a limited time goes */
static void inboxes_are_awaited(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, CLERKS + 1);
	struct wpt_thread *waiters[CLERKS];
	struct clerk *clerk;
	struct wpt_job *job;

	for_each_clerk(office, clerk) {
		office_submit(test, office, 1);
		job = &clerk->jobs[clerk->next - 1];
		KUNIT_EXPECT_EQ(test, wpool_wait_timeout(&job->task, 1, NULL), -ETIMEDOUT);
	}
	for_each_clerk(office, clerk)
		clerk->jobs[clerk->next].result = 20 + clerk->id;
	office_submit(test, office, 1);
	for_each_clerk(office, clerk) {
		job = &clerk->jobs[clerk->next - 1];
		waiters[clerk->id] = wpt_thread(test, wpt_call_wait, office->pool, job, NULL);
		WPT_ASSERT_UNTIL(test, wpt_asleep(waiters[clerk->id]));
	}
	office_go(office);
	for_each_clerk(office, clerk)
		KUNIT_EXPECT_EQ(test, wpt_join(test, waiters[clerk->id]), 20 + clerk->id);
	office_expect_order(test, office);
}

/* 47, 48: each of them can be cancelled, once, in whichever it lies */
static void inboxes_are_cancelled(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, CLERKS + 1);
	struct wpt_job *victims[CLERKS];
	unsigned int left = 2;
	struct clerk *clerk;

	for_each_clerk(office, clerk) {
		office_submit(test, office, 1);
		victims[clerk->id] = wpt_jobs(test, 1, NULL);
		clerk->other = victims[clerk->id];
		KUNIT_ASSERT_EQ(test, clerk_do(test, clerk, clerk_try_other, 0), 0);
		left += CLERKS;
		WPT_EXPECT_STAT(test, office->pool, QUEUED, left + 1);
		KUNIT_EXPECT_TRUE(test, wpool_cancel(&clerk->other->task));
		KUNIT_EXPECT_FALSE(test, wpool_cancel(&clerk->other->task));
		WPT_EXPECT_STAT(test, office->pool, QUEUED, left);
		KUNIT_EXPECT_EQ(test, batched_result(test, clerk->other), -ECANCELED);
	}
	office_go(office);
	office_expect_order(test, office);
	for_each_clerk(office, clerk)
		KUNIT_EXPECT_EQ(test, atomic_read(&victims[clerk->id]->runs), 0);
	WPT_ASSERT_STAT(test, office->pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, office->pool, CANCELLED, CLERKS);
	WPT_EXPECT_STAT(test, office->pool, QUEUED, 0);
}

/* 6: functions without a task of their own, in the memory of those before them */
static void inboxes_of_functions(struct kunit *test)
{
	struct office *office = office_make(test, &(struct wpool_attrs) { .capacity = 2 }, 20);
	struct wpool *pool = office->pool;
	unsigned int round, i;

	for (round = 0; round < 2; round++) {
		office_open(test, office, NULL);
		for (i = 0; i < 10 * CLERKS; i++)
			KUNIT_ASSERT_EQ(test, clerk_do(test, office->clerks[i * 3 % CLERKS],
						       clerk_schedule_fn, 1), 0);
		WPT_EXPECT_STAT(test, pool, QUEUED, 2 + 10 * CLERKS);
		office_go(office);
		office_expect_order(test, office);
		WPT_ASSERT_STAT(test, pool, IDLE, 1);
		WPT_EXPECT_STAT(test, pool, COMPLETED, (round + 1) * (3 + 10 * CLERKS));
		office->table->held[0] = wpt_hold(test, pool, 1);
	}
}

static struct kunit_case inboxes_cases[] = {
	KUNIT_CASE_PARAM(inboxes_keep_order, opening_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_mixed, way_gen_params),
	KUNIT_CASE_PARAM(inboxes_keep_order_of_interrupts, opening_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_all_looked_at, opening_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_one, alone_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_counted, opening_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_bounded, opening_gen_params),
	KUNIT_CASE(inboxes_give_room_back),
	KUNIT_CASE_PARAM(inboxes_are_filled_at_once, filling_gen_params),
	KUNIT_CASE_PARAM(inboxes_have_it_once, opening_gen_params),
	KUNIT_CASE(inboxes_race_for_it),
	KUNIT_CASE_PARAM(inboxes_are_awaited, opening_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_cancelled, opening_gen_params),
	KUNIT_CASE(inboxes_of_functions),
	{}
};

static struct kunit_suite inboxes_suite = {
	.name = "wpool_inboxes",
	.init = inboxes_init,
	.exit = wpt_exit,
	.test_cases = inboxes_cases,
};

kunit_test_suite(inboxes_suite);
