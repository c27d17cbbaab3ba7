// SPDX-License-Identifier: GPL-2.0
/*
 * What lies on the stack of a worker that dies, and is in a pool. The stack is gone with
 * the thread, so the pools must have let go of it by then: what has not begun never
 * does, its waiters are woken, and all others go on.
 */
#include <linux/kthread.h>
#include <linux/sched/task_stack.h>
#include "dead_scene.h"
#include "ear.h"

static const char * const words[] = { "was freed or overwritten" };

static int dead_stack_suite_init(struct kunit_suite *suite)
{
	ear_open(words, ARRAY_SIZE(words));
	return 0;
}

static void dead_stack_suite_exit(struct kunit_suite *suite)
{
	ear_close();
}

static int dead_stack_init(struct kunit *test)
{
	return wpt_init(test, "wpool_dead_stack");
}

/* How many tasks a lender has on its stack. */
#define LENT	3

#define KEY	7

/*
 * A task that submits others, on its stack, one each time that it is told to, and kills
 * its worker when its gate opens.
 */
struct lender {
	struct wpool_task	task;
	struct wpool		*pool;		/* where it submits them */
	struct wpt_job		*jobs;		/* as which they run */
	bool			keyed;		/* all have KEY */
	struct wpt_gate		*gate;
	struct completion	turn;
	struct completion	done;
	struct wpool_task	*lent[LENT];
	int			err;
	unsigned long		stack;		/* of its worker, once that has begun */
};

static int lend(struct lender *lender, struct wpool_keyed_task *lent, struct wpt_job *job)
{
	if (!lender->keyed) {
		wpool_task_init(&lent->task, wpt_run_job, job);
		return wpool_schedule(lender->pool, &lent->task);
	}
	wpool_keyed_task_init(lent, wpt_run_job, job);
	return wpool_schedule_keyed(lender->pool, lent, KEY);
}

static int lend_and_die(void *arg)
{
	struct wpool_keyed_task lent[LENT];
	struct lender *lender = arg;
	unsigned int n = 0;

	WRITE_ONCE(lender->stack, (unsigned long)task_stack_page(current));
	while (!completion_done(&lender->gate->opened)) {
		if (n == LENT || !try_wait_for_completion(&lender->turn)) {
			schedule_timeout_idle(1);
			continue;
		}
		lender->lent[n] = &lent[n].task;
		lender->err = lend(lender, &lent[n], &lender->jobs[n]);
		n++;
		complete(&lender->done);
	}
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* Begun, in a pool of its own or in that where it lends. */
static struct lender *make_lender(struct kunit *test, struct wpool *its_own,
				  struct wpool *pool, struct wpt_gate *gate)
{
	struct lender *lender = wpt_alloc(test, sizeof(*lender));

	lender->pool = pool;
	lender->jobs = wpt_jobs(test, LENT, gate);
	lender->gate = wpt_gate(test);
	init_completion(&lender->turn);
	init_completion(&lender->done);
	wpool_task_init(&lender->task, lend_and_die, lender);
	KUNIT_ASSERT_EQ(test, wpool_schedule(its_own, &lender->task), 0);
	return lender;
}

static void lend_one(struct kunit *test, struct lender *lender)
{
	complete(&lender->turn);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&lender->done, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, lender->err, 0);
}

static void die_now(struct kunit *test, struct lender *lender)
{
	wpt_open(lender->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &lender->task), -EOWNERDEAD);
}

KUNIT_ARRAY_PARAM(own, dead_own_cases, dead_own_name);

/* 75: tasks that wait, among others: those go on in their order */
static void dead_stack_queued(struct kunit *test)
{
	bool own = dead_own(test);
	struct wpool *pool = dead_pool(test, 2), *other = dead_pool(test, 1);
	struct wpt_job *jobs = wpt_jobs(test, LENT + 1, NULL), *hold;
	struct lender *lender;
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	unsigned int i;

	lender = make_lender(test, own ? pool : other, pool, NULL);
	hold = wpt_hold(test, pool, own ? 1 : 2);
	for (i = 0; i <= LENT; i++) {
		jobs[i].clock = clock;
		KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[i].task), 0);
		if (i < LENT)
			lend_one(test, lender);
	}
	die_now(test, lender);
	wpt_open(hold->gate);
	for (i = 0; i <= LENT; i++) {
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
		if (!own)
			KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	}
	for (i = 0; i < LENT; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&lender->jobs[i].runs), 0);
	dead_expect_balance(test, pool, LENT);
}

/* 75: two that die, with tasks of both side by side, and none of the living among them */
static void dead_stack_two(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 1), *other = dead_pool(test, 2);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL), *hold = wpt_hold(test, pool, 1);
	struct lender *lenders[2];
	unsigned int i;

	for (i = 0; i < 2; i++)
		lenders[i] = make_lender(test, other, pool, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[0].task), 0);
	for (i = 0; i < 2 * LENT; i++)
		lend_one(test, lenders[i % 2]);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[1].task), 0);
	for (i = 0; i < 2; i++)
		wpt_open(lenders[i]->gate);
	for (i = 0; i < 2; i++)
		die_now(test, lenders[i]);
	wpt_open(hold->gate);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
	dead_expect_balance(test, pool, 2 * LENT);
}

/* Waits for a task that lies on the stack of a lender. */
static int call_wait_lent(struct wpt_thread *self)
{
	return wpool_wait(self->arg);
}

/* 75, 49: a waiter of one of them learns that it never ran */
static void dead_stack_awaited(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 1), *other = dead_pool(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct lender *lender = make_lender(test, other, pool, NULL);
	struct wpt_thread *waiter;

	lend_one(test, lender);
	waiter = wpt_thread(test, call_wait_lent, NULL, NULL, lender->lent[0]);
	WPT_ASSERT_UNTIL(test, wpt_asleep(waiter));
	die_now(test, lender);
	KUNIT_EXPECT_EQ(test, wpt_join(test, waiter), -ECANCELED);
	wpt_open(hold->gate);
	dead_expect_balance(test, pool, 1);
}

/* 75, 18: the room that they took goes to a submitter that waits for it */
static void dead_stack_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = LENT,
	});
	struct wpool *other = dead_pool(test, 1);
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct lender *lender = make_lender(test, other, pool, NULL);
	struct wpt_thread *submitter;
	unsigned int i;

	for (i = 0; i < LENT; i++)
		lend_one(test, lender);
	submitter = wpt_thread(test, wpt_call_schedule, pool, job, NULL);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	die_now(test, lender);
	KUNIT_EXPECT_EQ(test, wpt_join(test, submitter), 0);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	dead_expect_balance(test, pool, LENT);
}

/* 75: one that another worker is inside goes on, and its end touches nothing */
static void dead_stack_running(struct kunit *test)
{
	bool own = dead_own(test);
	struct wpool *pool = dead_pool(test, 2), *other = dead_pool(test, 1);
	struct wpt_gate *gate = wpt_gate(test);
	struct lender *lender = make_lender(test, own ? pool : other, pool, gate);

	lend_one(test, lender);
	wpt_begun(test, &lender->jobs[0]);
	die_now(test, lender);
	/* others have its stack now */
	KUNIT_EXPECT_EQ(test, wpool_resize(other, 8), 0);
	KUNIT_EXPECT_GE(test, wpool_prestart(other, 8), 7);
	wpt_open(gate);
	dead_expect_balance(test, pool, 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&lender->jobs[0].runs), 1);
}

/* A task with the key of the lenders'. */
static struct wpool_keyed_task *keyed_job(struct kunit *test, struct wpt_job *job)
{
	struct wpool_keyed_task *keyed = wpt_alloc(test, sizeof(*keyed));

	wpool_keyed_task_init(keyed, wpt_run_job, job);
	return keyed;
}

/* 75: the first of its key, with others behind it: they run, and so do those that come later */
static void dead_stack_key_head(struct kunit *test)
{
	bool own = dead_own(test);
	struct wpool *pool = dead_pool(test, 2), *other = dead_pool(test, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL), *hold;
	struct lender *lender = make_lender(test, own ? pool : other, pool, NULL);
	struct wpool_keyed_task *keyed[3];
	unsigned int i;

	hold = wpt_hold(test, pool, own ? 1 : 2);
	lender->keyed = true;
	lend_one(test, lender);
	for (i = 0; i < 3; i++) {
		keyed[i] = keyed_job(test, &jobs[i]);
		if (i == 2)
			break;
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, keyed[i], KEY), 0);
		lend_one(test, lender);
	}
	die_now(test, lender);
	wpt_open(hold->gate);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, keyed[2], KEY), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[i]->task), 0);
	dead_expect_balance(test, pool, 3);
}

/* 75: behind one of their key that lives: that is where they are taken from */
static void dead_stack_key_followers(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 2), *other = dead_pool(test, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct lender *lender = make_lender(test, other, pool, NULL);
	struct wpool_keyed_task *keyed[3];
	unsigned int i;

	jobs[0].gate = wpt_gate(test);
	lender->keyed = true;
	for (i = 0; i < 3; i++) {
		keyed[i] = keyed_job(test, &jobs[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, keyed[i], KEY), 0);
		lend_one(test, lender);
	}
	die_now(test, lender);
	wpt_open(jobs[0].gate);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[i]->task), 0);
	dead_expect_balance(test, pool, 3);
}

/* 75: the first of its key, while another worker is inside it */
static void dead_stack_key_running(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 2), *other = dead_pool(test, 1);
	struct wpt_gate *gate = wpt_gate(test);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct lender *lender = make_lender(test, other, pool, gate);
	struct wpool_keyed_task *keyed[2];
	unsigned int i;

	lender->keyed = true;
	lend_one(test, lender);
	wpt_begun(test, &lender->jobs[0]);
	for (i = 0; i < 2; i++) {
		keyed[i] = keyed_job(test, &jobs[i]);
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, keyed[i], KEY), 0);
	}
	die_now(test, lender);
	wpt_open(gate);
	for (i = 0; i < 2; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[i]->task), 0);
	dead_expect_balance(test, pool, 0);
}

/* A task that waits for one of its own, with a key, and is taken down by that. */
struct nester {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_job		*job;		/* begun when its own waits */
};

static int nest_and_die(void *arg)
{
	struct nester *nester = arg;
	struct wpool_keyed_task own;
	int err;

	wpool_keyed_task_init(&own, dead_die, NULL);
	err = wpool_schedule_keyed(nester->pool, &own, KEY);
	complete_all(&nester->job->begun);
	wait_for_completion(&nester->job->gate->opened);
	return err ?: wpool_wait(&own.task);
}

/* 75, 42: nested: the worker runs a task of its own stack that has a key, and dies of it */
static void dead_stack_key_nested(struct kunit *test)
{
	struct wpool *pool = dead_pool(test, 1);
	struct nester *nester = wpt_alloc(test, sizeof(*nester));
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct wpool_keyed_task *keyed[3];
	unsigned int i;

	nester->pool = pool;
	nester->job = wpt_jobs(test, 1, wpt_gate(test));
	wpool_task_init(&nester->task, nest_and_die, nester);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &nester->task), 0);
	wpt_begun(test, nester->job);
	for (i = 0; i < 3; i++) {
		keyed[i] = keyed_job(test, &jobs[i]);
		if (i < 2)
			KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, keyed[i], KEY), 0);
	}
	wpt_open(nester->job->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &nester->task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpool_schedule_keyed(pool, keyed[2], KEY), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[i]->task), 0);
	WPT_EXPECT_STAT(test, pool, OOPSED, 2);
	dead_expect_balance(test, pool, 0);
}

/* A worker that dies in a task of its own, and is not reaped while the hook waits. */
struct nest {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_gate		*gate;
	struct completion	in_hook;
	unsigned long		stack;
};

static void wait_in_hook(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct nest *nest = wpool_priv(pool);

	complete_all(&nest->in_hook);
	wait_for_completion(&nest->gate->opened);
}

static const struct wpool_ops nest_ops = { .task_oops = wait_in_hook };

static int run_and_die(void *arg)
{
	struct nest *nest = arg;

	nest->stack = (unsigned long)task_stack_page(current);
	return wpool_run(nest->pool, dead_die, NULL);
}

static struct nest *dead_unreaped(struct kunit *test)
{
	struct nest *nest = wpt_alloc(test, sizeof(*nest));

	nest->gate = wpt_gate(test);
	init_completion(&nest->in_hook);
	nest->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .ops = &nest_ops, .priv = nest,
	});
	wpool_task_init(&nest->task, run_and_die, nest);
	KUNIT_ASSERT_EQ(test, wpool_schedule(nest->pool, &nest->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&nest->in_hook, WPT_LIMIT), 0);
	return nest;
}

#define HEIRS	32

/* 75: a worker that has the stack of a dead one, and dies as well, leaves its own alone */
static void dead_stack_inherited(struct kunit *test)
{
	struct nest *nest = dead_unreaped(test);
	struct wpool *other = dead_pool(test, HEIRS);
	struct lender *heirs[HEIRS];
	unsigned int i, n = 0;
	bool met = false;

	ear_listen(nest->pool);
	while (!met && n < HEIRS) {
		heirs[n] = make_lender(test, other, nest->pool, NULL);
		WPT_ASSERT_UNTIL(test, READ_ONCE(heirs[n]->stack));
		met = heirs[n++]->stack == nest->stack;
	}
	if (met)
		lend_one(test, heirs[n - 1]);
	for (i = n; i--;)
		die_now(test, heirs[i]);
	wpt_open(nest->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &nest->task), -EOWNERDEAD);
	wpt_destroy(test, nest->pool);
	KUNIT_EXPECT_EQ(test, ear_heard(0), 0);
	if (!met)
		kunit_skip(test, "no worker got that stack");
}

static struct kunit_case dead_stack_cases[] = {
	KUNIT_CASE_PARAM(dead_stack_running, own_gen_params),
	KUNIT_CASE_PARAM(dead_stack_queued, own_gen_params),
	KUNIT_CASE(dead_stack_two),
	KUNIT_CASE(dead_stack_awaited),
	KUNIT_CASE(dead_stack_room),
	KUNIT_CASE_PARAM(dead_stack_key_head, own_gen_params),
	KUNIT_CASE(dead_stack_key_followers),
	KUNIT_CASE(dead_stack_key_running),
	KUNIT_CASE(dead_stack_key_nested),
	KUNIT_CASE(dead_stack_inherited),
	{}
};

static struct kunit_suite dead_stack_suite = {
	.name = "wpool_dead_stack",
	.suite_init = dead_stack_suite_init,
	.suite_exit = dead_stack_suite_exit,
	.init = dead_stack_init,
	.exit = wpt_exit,
	.test_cases = dead_stack_cases,
};

kunit_test_suite(dead_stack_suite);
