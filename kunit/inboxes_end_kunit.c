// SPDX-License-Identifier: GPL-2.0
/*
 * What befalls a pool while tasks lie in several inboxes: it is flushed, paused, resized,
 * shut down, destroyed, and its worker dies.
 */
#include "inboxes_scene.h"

static int inboxes_end_init(struct kunit *test)
{
	return wpt_init(test, "wpool_inboxes_end");
}

KUNIT_ARRAY_PARAM(opening, openings, opening_name);

/* Which clerk a test is about. */
static const unsigned int clerk_cases[CLERKS] = { 0, 1, 2, 3, 4, 5, 6, 7 };

static void clerk_name(const unsigned int *id, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "clerk %u", *id);
}

KUNIT_ARRAY_PARAM(clerk, clerk_cases, clerk_name);

/* How many of the clerks' have begun. */
static unsigned int office_begun(struct office *office)
{
	unsigned int begun = 0, i;
	struct clerk *clerk;

	for_each_clerk(office, clerk) {
		for (i = 0; i < clerk->next; i++)
			begun += completion_done(&clerk->jobs[i].begun);
	}
	return begun;
}

/* A clerk's last job lies alone in its inbox. */
static void office_submit_last(struct kunit *test, struct office *office, struct clerk *clerk,
			       struct wpt_job *last)
{
	office_submit(test, office, 1);
	/* Shuts all; the next task goes by the lock, and opens them. */
	KUNIT_ASSERT_EQ(test, wpool_resize(office->pool, 2), 0);
	KUNIT_ASSERT_EQ(test, clerk_do(test, clerk, clerk_schedule, 1), 0);
	clerk->other = last;
	KUNIT_ASSERT_EQ(test, clerk_do(test, clerk, clerk_try_other, 0), 0);
}

/* A flush waits for those in every inbox, and for none that came later, to whichever. */
static void inboxes_are_flushed(struct kunit *test)
{
	struct office *office = office_make(test, &(struct wpool_attrs) { .capacity = 2 }, 4);
	struct clerk *clerk = office->clerks[*(const unsigned int *)test->param_value];
	struct wpt_job *last = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_gate *gate = wpt_gate(test);
	struct wpt_thread *flusher;
	unsigned int before;

	office_open(test, office, NULL);
	office_submit_last(test, office, clerk, last);
	before = office_total(office);
	flusher = wpt_thread(test, wpt_call_flush, office->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(flusher));
	for_each_clerk(office, clerk) {
		clerk->jobs[clerk->next].gate = gate;
		clerk->jobs[clerk->next + 1].gate = gate;
	}
	office_submit(test, office, 2);
	office_go(office);
	wpt_begun(test, last);
	/* The other worker ends what was before, too, and begins what came later. */
	wpt_open(office->table->held[1]->gate);
	WPT_ASSERT_UNTIL(test, office_begun(office) > before);
	KUNIT_EXPECT_TRUE(test, wpt_asleep(flusher));
	wpt_open(last->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, flusher), 0);
	KUNIT_EXPECT_EQ(test, office_runs(office), before);
	wpt_open(gate);
	WPT_ASSERT_UNTIL(test, office_runs(office) == office_total(office));
}

/* A drain waits for those that came since, to whichever inbox, as well. */
static void inboxes_are_drained(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, 3);
	struct wpt_thread *drainer;

	office_submit(test, office, 1);
	drainer = wpt_thread(test, wpt_call_drain, office->pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_asleep(drainer));
	office_submit(test, office, 2);
	wpt_open(office->table->held[1]->gate);
	office_go(office);
	KUNIT_EXPECT_EQ(test, wpt_join(test, drainer), 0);
	KUNIT_EXPECT_EQ(test, office_runs(office), 3 * CLERKS);
	WPT_EXPECT_STAT(test, office->pool, QUEUED, 0);
}

/* A pause holds for those in all of them, and for those that come after. */
static void inboxes_are_paused(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, 3);

	office_submit(test, office, 2);
	wpool_pause(office->pool);
	office_submit(test, office, 1);
	office_go(office);
	WPT_ASSERT_STAT(test, office->pool, IDLE, 1);
	WPT_EXPECT_STAT(test, office->pool, QUEUED, 2 + 3 * CLERKS);
	KUNIT_EXPECT_EQ(test, office_begun(office), 0);
	wpool_resume(office->pool);
	office_expect_order(test, office);
}

/* 28, 65: to one worker, and to two again: from one change to the next the order of all */
static void inboxes_are_resized(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, 5);
	unsigned int i, wrong = 0;
	struct clerk *clerk;
	int turn;

	office_submit(test, office, 2);
	KUNIT_ASSERT_EQ(test, wpool_resize(office->pool, 1), 0);
	office_submit(test, office, 2);
	KUNIT_ASSERT_EQ(test, wpool_resize(office->pool, 2), 0);
	office_submit(test, office, 1);
	office_go(office);
	office_expect_order(test, office);
	turn = office->clerks[CLERKS - 1]->jobs[2].turn;
	for (i = 2; i < 4; i++) {
		for_each_clerk(office, clerk)
			wrong += clerk->jobs[i].turn != turn + CLERKS - 1 - clerk->id;
		turn += CLERKS;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* 28, 61, 65: likewise while all submit: one worker at a time begins those of each in order */
static void inboxes_are_resized_under_load(struct kunit *test)
{
	struct office *office = office_make(test, &(struct wpool_attrs) { .capacity = 2 }, 400);
	const unsigned int all = 1 + 2 + 400 * CLERKS;
	struct wpool *pool = office->pool;
	unsigned int round, ended;
	struct clerk *clerk;

	office_open(test, office, NULL);
	office_go(office);
	for_each_clerk(office, clerk)
		clerk_ask(test, clerk, clerk_schedule, 400);
	for (round = 0; round < 20; round++) {
		KUNIT_ASSERT_EQ(test, wpool_resize(pool, 1), 0);
		ended = wpt_stat(pool, WPOOL_STAT_COMPLETED);
		KUNIT_ASSERT_EQ(test, wpool_resize(pool, 2), 0);
		WPT_ASSERT_UNTIL(test, wpt_stat(pool, WPOOL_STAT_COMPLETED) >
				       min(ended, all - 1));
	}
	for_each_clerk(office, clerk)
		KUNIT_EXPECT_EQ(test, clerk_join(test, clerk), 0);
	office_expect_order(test, office);
	WPT_ASSERT_STAT(test, pool, COMPLETED, all);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, SUBMITTED, all + 1);
}

/* 41: its worker dies: they run on the next, those of each in order */
static void inboxes_survive_their_worker(struct kunit *test)
{
	struct office *office = office_make(test, &(struct wpool_attrs) { .capacity = 2 }, 3);
	struct wpt_job *first = wpt_jobs(test, 1, wpt_gate(test));

	batch_asker(test, first, batched_die);
	office_open(test, office, first);
	office_submit(test, office, 3);
	office_go(office);
	office_expect_order(test, office);
	KUNIT_EXPECT_EQ(test, batched_result(test, first), -EOWNERDEAD);
	WPT_ASSERT_STAT(test, office->pool, RUNNING, 1);
	WPT_EXPECT_STAT(test, office->pool, DIED, 1);
	WPT_EXPECT_STAT(test, office->pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, office->pool, COMPLETED, 1 + 2 + 3 * CLERKS);
}

static void office_expect_refusal(struct kunit *test, struct office *office)
{
	struct clerk *clerk;

	for_each_clerk(office, clerk) {
		clerk->other = wpt_jobs(test, 1, NULL);
		KUNIT_EXPECT_EQ(test, clerk_do(test, clerk, clerk_try_other, 0), -ESHUTDOWN);
		KUNIT_EXPECT_FALSE(test, wpool_task_queued(&clerk->other->task));
	}
}

/* 26, 54: shutdown refuses the next, by whichever inbox, and runs those in all of them */
static void inboxes_are_run_by_shutdown(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, 3);

	office_submit(test, office, 3);
	wpool_shutdown(office->pool);
	office_expect_refusal(test, office);
	WPT_EXPECT_STAT(test, office->pool, QUEUED, 2 + 3 * CLERKS);
	office_go(office);
	office_expect_order(test, office);
	wpt_open(office->table->held[1]->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(office->pool, WPT_LIMIT), 0);
}

/* How many of those handed back are the clerks', those of each in order. */
static unsigned int office_handed_back(struct office *office, struct list_head *unrun)
{
	unsigned int seen[CLERKS] = { 0 }, n = 0;
	struct wpool_task *task, *next;
	struct clerk *clerk;

	list_for_each_entry_safe(task, next, unrun, node) {
		for_each_clerk(office, clerk) {
			if (task != &clerk->jobs[seen[clerk->id]].task)
				continue;
			list_del(&task->node);
			seen[clerk->id]++;
			n++;
			break;
		}
	}
	return n;
}

/* 54: shutdown_now hands those in all of them back, once */
static void inboxes_are_handed_back(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, 4);
	unsigned int n = 3 * CLERKS, i;
	struct clerk *clerk;
	LIST_HEAD(unrun);

	office_submit(test, office, 3);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(office->pool, &unrun), 2 + n);
	KUNIT_EXPECT_TRUE(test, batched_unrun_begins(&unrun, office->table->rest, 2));
	KUNIT_EXPECT_EQ(test, office_handed_back(office, &unrun), n);
	KUNIT_EXPECT_TRUE(test, list_empty(&unrun));
	WPT_EXPECT_STAT(test, office->pool, QUEUED, 0);
	office_expect_refusal(test, office);
	for_each_clerk(office, clerk) {
		for (i = 0; i < 3; i++)
			KUNIT_EXPECT_EQ(test, batched_result(test, &clerk->jobs[i]), -ECANCELED);
	}
	office_go(office);
	wpt_open(office->table->held[1]->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(office->pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_EQ(test, office_begun(office), 0);
}

/* 54: destroy waits for those in all of them */
static void inboxes_are_run_by_destroy(struct kunit *test)
{
	struct office *office = office_opened(test, NULL, 3);
	struct wpool *pool = wpool_get(office->pool);
	struct wpt_thread *destroyer;

	office_submit(test, office, 3);
	wpt_forget(test, pool);
	destroyer = wpt_thread(test, wpt_call_destroy, pool, NULL, NULL);
	WPT_ASSERT_UNTIL(test, wpt_state(pool) == WPOOL_STATE_SHUTDOWN);
	WPT_EXPECT_STAT(test, pool, QUEUED, 2 + 3 * CLERKS);
	office_go(office);
	wpt_open(office->table->held[1]->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, destroyer), 0);
	KUNIT_EXPECT_EQ(test, office_runs(office), 3 * CLERKS);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	WPT_EXPECT_STAT(test, pool, COMPLETED, office->table->warm + 4 + 3 * CLERKS);
	wpool_put(pool);
}

static struct kunit_case inboxes_end_cases[] = {
	KUNIT_CASE_PARAM(inboxes_are_flushed, clerk_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_drained, opening_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_paused, opening_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_resized, opening_gen_params),
	KUNIT_CASE(inboxes_are_resized_under_load),
	KUNIT_CASE(inboxes_survive_their_worker),
	KUNIT_CASE_PARAM(inboxes_are_run_by_shutdown, opening_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_handed_back, opening_gen_params),
	KUNIT_CASE_PARAM(inboxes_are_run_by_destroy, opening_gen_params),
	{}
};

static struct kunit_suite inboxes_end_suite = {
	.name = "wpool_inboxes_end",
	.init = inboxes_end_init,
	.exit = wpt_exit,
	.test_cases = inboxes_end_cases,
};

kunit_test_suite(inboxes_end_suite);
