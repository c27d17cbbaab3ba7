// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are broken, in whole or in part, while others follow them by a key, and workers wait
 * for these.
 */
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/string.h>
#include "actor.h"
#include "broken_scene.h"

static int broken_key_init(struct kunit *test)
{
	return wpt_init(test, "wpool_broken_key");
}

/* That of a task which is given none. */
#define KEY	0

/* Tasks of one key: the first is inside its function, and holds the others back. */
struct row {
	struct wpool		*pool;
	struct wpool_keyed_task	*keyed;
	struct wpt_job		*jobs;
};

static void submit_keyed(struct kunit *test, struct wpool *pool,
			 struct wpool_keyed_task *keyed, u64 key, struct wpt_job *job)
{
	wpool_keyed_task_init(keyed, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, keyed, key), 0);
}

static struct row *row(struct kunit *test, unsigned int capacity, unsigned int n)
{
	struct row *row = wpt_alloc(test, sizeof(*row));
	unsigned int i;

	row->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = capacity });
	row->keyed = wpt_alloc(test, n * sizeof(*row->keyed));
	row->jobs = wpt_jobs(test, n, NULL);
	row->jobs[0].gate = wpt_gate(test);
	for (i = 0; i < n; i++)
		submit_keyed(test, row->pool, &row->keyed[i], KEY, &row->jobs[i]);
	wpt_begun(test, &row->jobs[0]);
	return row;
}

/* One more of that key, in a group or NULL. */
static void follow(struct kunit *test, struct wpool *pool, struct wpool_keyed_task *keyed,
		   struct wpt_job *job, struct wpool_group *group)
{
	if (!group) {
		submit_keyed(test, pool, keyed, KEY, job);
		return;
	}
	wpool_keyed_task_init(keyed, wpt_run_job, job);
	KUNIT_ASSERT_EQ(test, wpool_group_schedule_keyed(group, pool, keyed, KEY), 0);
}

/* A worker that waits for one of them, or for its group, asleep. */
static struct actor *waits_for(struct kunit *test, struct wpool *pool,
			       struct wpool_keyed_task *keyed, struct wpool_group *group)
{
	struct actor *waits = group ? actor(test, pool, actor_call_group_wait, group) :
				      actor(test, pool, actor_call_wait, &keyed->task);

	actor_start(test, waits);
	actor_go_to_sleep(test, waits);
	return waits;
}

/* Somewhere else, where it can be read: User Mode Linux does not survive more. */
static struct list_head *elsewhere(struct kunit *test)
{
	struct list_head *links = wpt_alloc(test, sizeof(*links));

	INIT_LIST_HEAD(links);
	return links;
}

/* All but the first run, when that has ended; none was lost. */
static void expect_row_ends(struct kunit *test, struct row *row, unsigned int n)
{
	unsigned int i;

	wpt_open(row->jobs[0].gate);
	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, wpt_result(test, &row->keyed[i].task), 0);
		KUNIT_EXPECT_EQ(test, atomic_read(&row->jobs[i].runs), 1);
	}
	WPT_EXPECT_STAT(test, row->pool, CANCELLED, 0);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_drain, row->pool, NULL), 0);
	wpt_destroy(test, row->pool);
}

static const bool group_cases[] = { false, true };

static void group_name(const bool *group, char *desc)
{
	strscpy(desc, *group ? "for a group" : "for one", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(group, group_cases, group_name);

/* A group, or NULL for one task alone. */
static struct wpool_group *chosen_group(struct kunit *test)
{
	return *(const bool *)test->param_value ? wpt_group(test, false) : NULL;
}

/*
 * 84: one that runs holds another back, and is overwritten: a worker that waits for the other
 * runs that, as it is free to begin and nobody else is
 */
static void broken_key_head(struct kunit *test)
{
	struct wpool_group *group = chosen_group(test);
	struct row *all = row(test, 2, 1);
	struct wpool *pool = all->pool;
	struct wpool_keyed_task *keyed = wpt_alloc(test, 2 * sizeof(*keyed));
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct actor *waits;

	follow(test, pool, &keyed[0], &jobs[0], group);
	waits = waits_for(test, pool, &keyed[0], group);
	broken_listen(pool, "while it ran");
	broken_overwrite(&all->keyed->task, sizeof(*all->keyed), ZEROED);
	/* The next call meets it. */
	submit_keyed(test, pool, &keyed[1], KEY, &jobs[1]);
	WPT_ASSERT_UNTIL(test, atomic_read(&jobs[0].runs));
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[1].task), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&all->jobs->runs), 0);
	wpt_open(all->jobs->gate);
	broken_expect_end(test, pool);
}

/*
 * 84: any other is overwritten while a worker waits for a group behind a key: what comes before
 * the group is still run by that worker, if no other is free
 */
static void broken_key_beside_awaited(struct kunit *test)
{
	struct wpool_group *group = wpt_group(test, false);
	struct row *all = row(test, 2, 2);
	struct wpool_keyed_task *last = wpt_alloc(test, sizeof(*last));
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL), *busy = wpt_jobs(test, 1, wpt_gate(test));
	struct actor *waits;

	follow(test, all->pool, last, &jobs[0], group);
	waits = waits_for(test, all->pool, last, group);
	KUNIT_ASSERT_EQ(test, wpool_schedule(all->pool, &busy->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(all->pool, &jobs[1].task), 0);
	broken_listen(all->pool, "while it was queued");
	broken_overwrite(&jobs[1].task, sizeof(jobs[1].task), ZEROED);
	/* The next call meets it. */
	KUNIT_ASSERT_EQ(test, wpool_schedule(all->pool, &jobs[2].task), 0);
	KUNIT_EXPECT_TRUE(test, broken_heard());
	wpt_open(all->jobs->gate);
	wpt_begun(test, busy);
	WPT_ASSERT_UNTIL(test, atomic_read(&jobs[0].runs));
	wpt_open(busy->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &all->keyed[1].task), 0);
	broken_expect_end(test, all->pool);
}

/* How often its thread has gone to sleep, all told. */
static unsigned long sleeps_of(const struct actor *actor)
{
	return READ_ONCE(actor->thread->nvcsw);
}

/*
 * 84: two of those that follow one are overwritten: a worker that waits for another of them sleeps
 * until that can begin
 */
static void broken_key_between_awaited(struct kunit *test)
{
	enum { HEAD, BROKEN, WHOLE, BROKEN_TOO, LAST, N };
	struct row *all = row(test, 2, N);
	struct wpool *other = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct actor *waits = waits_for(test, all->pool, &all->keyed[LAST], NULL);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned long slept;
	unsigned int i;

	broken_listen(all->pool, "while it was queued");
	for (i = BROKEN; i < LAST; i += BROKEN_TOO - BROKEN)
		broken_overwrite(&all->keyed[i].task, sizeof(*all->keyed), ZEROED);
	/* This meets them. */
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&all->keyed[WHOLE].task));
	KUNIT_EXPECT_TRUE(test, broken_heard());
	slept = sleeps_of(waits);
	for (i = 0; i < 100; i++) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(other, &job->task), 0);
		KUNIT_ASSERT_EQ(test, wpool_wait(&job->task), 0);
	}
	KUNIT_EXPECT_LT(test, sleeps_of(waits), slept + 10);
	wpt_open(all->jobs[HEAD].gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), 0);
	broken_expect_end(test, all->pool);
}

/* 84: of those that follow one by its key and are awaited the last has strange links */
static void broken_key_last_awaited(struct kunit *test)
{
	struct row *all = row(test, 3, 3);
	struct actor *first = waits_for(test, all->pool, &all->keyed[1], NULL), *second;

	all->keyed[1].awaited.next = elsewhere(test);
	all->keyed[1].awaited.prev = elsewhere(test);
	second = waits_for(test, all->pool, &all->keyed[2], NULL);
	expect_row_ends(test, all, 3);
	KUNIT_EXPECT_EQ(test, actor_end(test, first), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, second), 0);
}

/* 84: or the first does, and the one before them ends */
static void broken_key_first_awaited(struct kunit *test)
{
	struct wpool_group *group = chosen_group(test);
	struct row *all = row(test, 3, 2);
	struct wpool_keyed_task *keyed = wpt_alloc(test, 2 * sizeof(*keyed));
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);
	struct actor *first, *second;

	follow(test, all->pool, &keyed[0], &jobs[0], group);
	follow(test, all->pool, &keyed[1], &jobs[1], NULL);
	first = waits_for(test, all->pool, &keyed[0], group);
	second = waits_for(test, all->pool, &keyed[1], NULL);
	keyed[0].awaited.next = elsewhere(test);
	wpt_open(all->jobs->gate);
	KUNIT_EXPECT_EQ(test, actor_end(test, first), 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, second), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 1);
	expect_row_ends(test, all, 2);
}

/* 84: or one does, and a worker that waits for it is refused, as it would wait for ever */
static void broken_key_refused(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_keyed_task *keyed = wpt_alloc(test, 2 * sizeof(*keyed));
	struct actor *waits = actor(test, pool, actor_call_wait, &keyed[1].task);
	struct actor *head = actor(test, pool, actor_call_wait, &waits->task);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	wpool_keyed_task_init(&keyed[0], actor_act, head);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &keyed[0], KEY), 0);
	actor_begun(test, head);
	submit_keyed(test, pool, &keyed[1], KEY, job);
	actor_start(test, waits);
	actor_go_to_sleep(test, waits);
	keyed[1].awaited.next = elsewhere(test);
	keyed[1].awaited.prev = elsewhere(test);
	wpt_open(head->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[0].task), 0);
	KUNIT_EXPECT_EQ(test, head->got, 0);
	KUNIT_EXPECT_EQ(test, actor_end(test, waits), -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[1].task), -ECANCELED);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 0);
	wpt_destroy(test, pool);
}

/* 84: the first of the deferred tasks is broken, and the pool hands back the others */
static void broken_key_handed_back(struct kunit *test)
{
	struct row *all = row(test, 1, 3);
	LIST_HEAD(unrun);

	broken_listen(all->pool, "while it was queued");
	broken_overwrite(&all->keyed[1].task, sizeof(all->keyed[1]), ZEROED);
	KUNIT_EXPECT_EQ(test, wpool_shutdown_now(all->pool, &unrun), 1);
	KUNIT_EXPECT_PTR_EQ(test, list_first_entry_or_null(&unrun, struct wpool_task, node),
			    &all->keyed[2].task);
	wpt_open(all->jobs->gate);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(all->pool, WPT_LIMIT), 0);
	KUNIT_EXPECT_TRUE(test, broken_heard());
	KUNIT_EXPECT_EQ(test, wpt_result(test, &all->keyed->task), 0);
}

/* 84: a key is overwritten with that of another: the two do not run at once */
static void broken_key_same_key(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_keyed_task *keyed = wpt_alloc(test, 3 * sizeof(*keyed));
	struct wpt_job *hold = wpt_hold(test, pool, 2), *jobs = wpt_jobs(test, 3, NULL);
	unsigned int i;

	jobs[1].gate = wpt_gate(test);
	for (i = 0; i < 3; i++)
		submit_keyed(test, pool, &keyed[i], i, &jobs[i]);
	broken_listen(pool, "while it was queued");
	broken_overwrite(&keyed[0].task, sizeof(keyed[0]), ZEROED);
	keyed[2].key = keyed[1].key;
	wpt_open(hold->gate);
	wpt_begun(test, &jobs[1]);
	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	WPT_EXPECT_STAT(test, pool, QUEUED, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[2].runs), 0);
	wpt_open(jobs[1].gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[2].task), 0);
	WPT_ASSERT_STAT(test, pool, CANCELLED, 1);
	broken_expect_end(test, pool);
}

/*
 * In this order the tree of keys becomes one that is turned when the first key goes, as far down as
 * the task of another.
 */
static const u64 keys_turned[] = { 13, 12, 3, 0, 1, 10, 2, 11, 7, 8, 9, 4, 6, 5 };

#define TURNS		0	/* this key */
#define TURNED		4	/* and this one */

/* 84: the tree of keys is turned above one: nobody writes to what is broken */
static void broken_key_turned(struct kunit *test)
{
	unsigned int i, n = ARRAY_SIZE(keys_turned);
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_keyed_task *keyed = wpt_alloc(test, n * sizeof(*keyed)), *broken;
	struct wpt_job *hold = wpt_hold(test, pool, 1), *jobs = wpt_jobs(test, n, NULL);

	for (i = 0; i < n; i++)
		submit_keyed(test, pool, &keyed[keys_turned[i]], keys_turned[i], &jobs[i]);
	broken_listen(pool, "while it was queued");
	broken = &keyed[TURNED];
	broken_overwrite(&broken->task, sizeof(*broken), ZEROED);
	KUNIT_EXPECT_TRUE(test, wpool_cancel(&keyed[TURNS].task));
	KUNIT_EXPECT_NULL(test, memchr_inv(broken, 0, sizeof(*broken)));
	wpt_open(hold->gate);
	WPT_ASSERT_STAT(test, pool, CANCELLED, 2);
	broken_expect_end(test, pool);
	KUNIT_EXPECT_NULL(test, memchr_inv(broken, 0, sizeof(*broken)));
}

/* 84: one is set up and submitted again, behind another key: no third key has two heads then */
static void broken_key_two_places(struct kunit *test)
{
	enum { ABOVE, LEFT, RIGHT, BELOW, AGAIN, N };
	static const u64 keys[N] = { 20, 10, 30, 25, 25 };
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpool_keyed_task *keyed = wpt_alloc(test, N * sizeof(*keyed));
	struct wpt_job *jobs = wpt_jobs(test, N, NULL);
	unsigned int i;

	wpool_pause(pool);
	for (i = ABOVE; i <= BELOW; i++) {
		jobs[i].gate = i == ABOVE ? NULL : wpt_gate(test);
		wpool_keyed_task_init(&keyed[i], wpt_run_job, &jobs[i]);
		if (i == ABOVE || i == RIGHT)
			wpool_task_set_priority(&keyed[i].task, WPOOL_PRIO_LOW);
		KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &keyed[i], keys[i]), 0);
	}
	wpool_resume(pool);
	wpt_begun(test, &jobs[LEFT]);
	wpt_begun(test, &jobs[BELOW]);
	broken_listen(pool, "while it was queued");
	broken_unseen(&keyed[RIGHT]);
	submit_keyed(test, pool, &keyed[RIGHT], keys[LEFT], &jobs[RIGHT]);
	wpt_open(jobs[LEFT].gate);
	wpt_begun(test, &jobs[RIGHT]);
	submit_keyed(test, pool, &keyed[AGAIN], keys[AGAIN], &jobs[AGAIN]);
	wpt_open(jobs[RIGHT].gate);
	WPT_ASSERT_STAT(test, pool, IDLE, 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[AGAIN].runs), 0);
	wpt_open(jobs[BELOW].gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &keyed[AGAIN].task), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[RIGHT].runs), 1);
	broken_expect_end(test, pool);
}

/* One that kills its worker, and that nobody is to touch when it is released. */
struct dying {
	struct wpool_keyed_task	keyed;
	struct wpool_keyed_task	as_released;
	struct wpool_keyed_task	*follower;	/* taken back then */
	struct wpt_gate		*gate;
	struct completion	released;
	bool			taken;
};

static int wait_and_die(void *arg)
{
	struct dying *dying = arg;

	wait_for_completion(&dying->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static void note_released(void *arg, enum wpool_fate fate)
{
	struct dying *dying = arg;

	dying->as_released = dying->keyed;
	dying->taken = wpool_cancel(&dying->follower->task);
	complete(&dying->released);
}

/* One that follows is overwritten, and the first kills its worker. */
static void dying_head(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 1 });
	struct wpool_keyed_task *keyed = wpt_alloc(test, 2 * sizeof(*keyed));
	struct dying *dying = wpt_alloc(test, sizeof(*dying));
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	dying->follower = &keyed[1];
	dying->gate = wpt_gate(test);
	init_completion(&dying->released);
	wpool_keyed_task_init(&dying->keyed, wait_and_die, dying);
	wpool_task_set_release(&dying->keyed, note_released);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &dying->keyed, KEY), 0);
	submit_keyed(test, pool, &keyed[0], KEY, &jobs[0]);
	submit_keyed(test, pool, &keyed[1], KEY, &jobs[1]);
	WPT_ASSERT_STAT(test, pool, RUNNING, 1);
	broken_listen(pool, "while it was queued");
	broken_overwrite(&keyed[0].task, sizeof(keyed[0]), ZEROED);
	wpool_pause(pool);	/* the other does not begin before the first is released */
	wpt_open(dying->gate);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&dying->released, WPT_LIMIT), 0);
	KUNIT_EXPECT_TRUE(test, dying->taken);
	wpool_resume(pool);
	broken_expect_end(test, pool);
	KUNIT_EXPECT_EQ(test, memcmp(&dying->keyed, &dying->as_released,
				     sizeof(dying->keyed)), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
}

/* 75, 84: it has ended for good, also before the manager has put all in order: often enough */
static void broken_key_dies(struct kunit *test)
{
	struct task_struct *releaser = wpt_releaser();
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, releaser);
	sched_set_fifo(releaser);
	for (i = 0; i < 40; i++)
		dying_head(test);
	sched_set_normal(releaser, 0);
}

static struct kunit_case broken_key_cases[] = {
	KUNIT_CASE_PARAM(broken_key_head, group_gen_params),
	KUNIT_CASE(broken_key_beside_awaited),
	KUNIT_CASE(broken_key_between_awaited),
	KUNIT_CASE(broken_key_last_awaited),
	KUNIT_CASE_PARAM(broken_key_first_awaited, group_gen_params),
	KUNIT_CASE(broken_key_refused),
	KUNIT_CASE(broken_key_handed_back),
	KUNIT_CASE(broken_key_same_key),
	KUNIT_CASE(broken_key_turned),
	KUNIT_CASE(broken_key_two_places),
	KUNIT_CASE(broken_key_dies),
	{}
};

static struct kunit_suite broken_key_suite = {
	.name = "wpool_broken_key",
	.suite_init = broken_suite_init,
	.suite_exit = broken_suite_exit,
	.init = broken_key_init,
	.exit = wpt_exit,
	.test_cases = broken_key_cases,
};

kunit_test_suite(broken_key_suite);
