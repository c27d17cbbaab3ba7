// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of several inboxes share; inboxes_scene.h says how it is used.
 */
#include "inboxes_scene.h"

const struct opening openings[2] = {
	{ "opened by a submitter" },
	{ "left open by a worker", .by_worker = true },
};

void opening_name(const struct opening *opening, char *desc)
{
	strscpy(desc, opening->name, KUNIT_PARAM_DESC_SIZE);
}

static int clerk_main(struct wpt_thread *self)
{
	struct clerk *clerk = self->arg;

	for (;;) {
		struct wpt_gate *gate = clerk->gate;

		clerk->call = NULL;
		complete(&clerk->done);
		wait_for_completion(&gate->opened);
		/* The end of the test opens all gates. */
		if (!clerk->call)
			return 0;
		clerk->result = clerk->call(clerk);
	}
}

void clerk_ask(struct kunit *test, struct clerk *clerk, int (*call)(struct clerk *clerk),
	       unsigned int n)
{
	struct wpt_gate *gate = clerk->gate;

	clerk->gate = wpt_gate(test);
	clerk->call = call;
	clerk->n = n;
	wpt_open(gate);
}

int clerk_join(struct kunit *test, struct clerk *clerk)
{
	KUNIT_ASSERT_TRUE_MSG(test, wait_for_completion_timeout(&clerk->done, WPT_LIMIT) > 0,
			      "%ps does not return", clerk->call);
	return clerk->result;
}

int clerk_do(struct kunit *test, struct clerk *clerk, int (*call)(struct clerk *clerk),
	     unsigned int n)
{
	clerk_ask(test, clerk, call, n);
	return clerk_join(test, clerk);
}

/* All clerks in turn, last to first, submit one job each; so many times. */
void office_submit(struct kunit *test, struct office *office, unsigned int rounds)
{
	unsigned int i = rounds * CLERKS;

	while (i--)
		KUNIT_ASSERT_EQ(test, clerk_do(test, office->clerks[i % CLERKS],
					       clerk_schedule, 1), 0);
}

int clerk_schedule(struct clerk *clerk)
{
	struct wpt_job *jobs = clerk->jobs + clerk->next;

	clerk->next += clerk->n;
	return wpt_schedule_all(clerk->office->pool, jobs, clerk->n);
}

int clerk_schedule_fn(struct clerk *clerk)
{
	int err = 0;

	for (; clerk->n && !err; clerk->n--)
		err = wpool_schedule_fn(clerk->office->pool, wpt_run_job,
					&clerk->jobs[clerk->next++]);
	return err;
}

int clerk_fill(struct clerk *clerk)
{
	unsigned int accepted = 0;
	int err = 0;

	while (accepted < clerk->n && !err) {
		err = wpool_try_schedule(clerk->office->pool, &clerk->jobs[clerk->next].task);
		clerk->next += !err;
		accepted += !err;
	}
	return err && err != -EAGAIN ? err : accepted;
}

int clerk_try_other(struct clerk *clerk)
{
	return wpool_try_schedule(clerk->office->pool, &clerk->other->task);
}

/* It has its place if there is none of such a number yet. */
static bool office_hire(struct kunit *test, struct office *office)
{
	struct clerk *clerk = wpt_alloc(test, sizeof(*clerk));

	clerk->office = office;
	clerk->gate = wpt_gate(test);
	init_completion(&clerk->done);
	clerk->thread = wpt_thread(test, clerk_main, NULL, NULL, clerk);
	clerk_join(test, clerk);
	clerk->id = clerk->thread->kthread->pid % CLERKS;
	if (office->clerks[clerk->id])
		return false;
	office->clerks[clerk->id] = clerk;
	return true;
}

/* All workers are held, and the clerks have so many jobs each. */
struct office *office_make(struct kunit *test, const struct wpool_attrs *attrs,
			   unsigned int each)
{
	struct office *office = wpt_alloc(test, sizeof(*office));
	unsigned int hired = 0, tried;
	struct clerk *clerk;

	office->table = batch_scene(test, attrs);
	office->pool = office->table->pool;
	for (tried = 0; hired < CLERKS && tried < 50 * CLERKS; tried++)
		hired += office_hire(test, office);
	KUNIT_ASSERT_EQ(test, hired, CLERKS);
	for_each_clerk(office, clerk)
		clerk->jobs = batched_jobs(test, office->table, each, NULL);
	return office;
}

/*
 * Two wait, behind a gate, and the inboxes are open. If a first job is given, a worker
 * has come since and begun it: of the two it has one in hand, and has emptied the inbox
 * of the other. Then the first has a gate of its own.
 */
void office_open(struct kunit *test, struct office *office, struct wpt_job *first)
{
	struct batch_scene *table = office->table;

	if (first)
		KUNIT_ASSERT_EQ(test, wpt_schedule_all(office->pool, first, 1), 0);
	table->first = first ?: table->held[0];
	table->rest = batched_queue(test, table, 2, wpt_gate(test));
	if (first) {
		batched_let_go(test, table, 0, first);
		table->warm = 1;
	}
}

/* Of two workers, and opened as the parameter of the test says. */
struct office *office_opened(struct kunit *test, const struct wpool_attrs *attrs,
			     unsigned int each)
{
	const struct opening *opening = test->param_value;
	struct office *office = office_make(test, attrs ?: &(struct wpool_attrs) {
		.capacity = 2,
	}, each);

	office_open(test, office, opening && opening->by_worker ?
				  wpt_jobs(test, 1, wpt_gate(test)) : NULL);
	return office;
}

/* One worker goes on, and is not stopped by what waits ahead. */
void office_go(struct office *office)
{
	wpt_open(office->table->rest->gate);
	wpt_open(office->table->first->gate);
}

/* How many the clerks have submitted. */
unsigned int office_total(struct office *office)
{
	unsigned int total = 0;
	struct clerk *clerk;

	for_each_clerk(office, clerk)
		total += clerk->next;
	return total;
}

unsigned int office_runs(struct office *office)
{
	unsigned int runs = 0;
	struct clerk *clerk;

	for_each_clerk(office, clerk)
		runs += batched_runs(clerk->jobs, clerk->next);
	return runs;
}

/* All that the clerks have submitted runs, once, and those of each begin in order. */
void office_expect_order(struct kunit *test, struct office *office)
{
	unsigned int total = office_total(office), wrong = 0, i;
	struct clerk *clerk;

	WPT_ASSERT_WHILE_BUSY(test, office->pool, wpt_until(office_runs(office) >= total));
	for_each_clerk(office, clerk) {
		for (i = 0; i < clerk->next; i++) {
			wrong += atomic_read(&clerk->jobs[i].runs) != 1;
			wrong += i && clerk->jobs[i].turn <= clerk->jobs[i - 1].turn;
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}
