// SPDX-License-Identifier: GPL-2.0
/*
 * A dead worker that waits for the hooks of its pool is still inside its tasks: what becomes of
 * those meanwhile.
 */
#include <linux/kthread.h>
#include <linux/sched/task.h>
#include <linux/string.h>
#include "actor.h"
#include "dead_scene.h"
#include "release_scene.h"

static int dead_reap_init(struct kunit *test)
{
	return wpt_init(test, "wpool_dead_reap");
}

static void dead_reap_exit(struct kunit *test)
{
	wpt_fail_spawn(0);
	wpt_exit(test);
}

static int call_nest_item(struct actor *self)
{
	struct item *item = self->other;

	return wpool_schedule(self->pool, &item->ttask.task) ?: wpool_wait(&item->ttask.task);
}

/* A task that submits another to a group on its stack, and kills its worker when the gate opens. */
struct host {
	struct wpool_task	task;
	struct actor		*member;
	struct wpt_gate		*gate;
	struct completion	ready;
	struct task_struct	*thread;	/* with a reference */
	int			err;
};

static int host_and_die(void *arg)
{
	struct host *host = arg;
	struct actor *member = host->member;
	struct wpool_group group;

	wpool_group_init(&group, 0);
	host->err = wpool_group_schedule(&group, member->pool, &member->task);
	host->thread = get_task_struct(current);
	complete(&host->ready);
	wait_for_completion(&host->gate->opened);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static struct host *make_host(struct kunit *test, struct wpool *pool, struct actor *member)
{
	struct host *host = wpt_alloc(test, sizeof(*host));

	host->member = member;
	host->gate = wpt_gate(test);
	init_completion(&host->ready);
	wpool_task_init(&host->task, host_and_die, host);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &host->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&host->ready, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, host->err, 0);
	return host;
}

/* It dies, and its stack is gone. */
static void host_dies(struct kunit *test, struct host *host)
{
	wpt_open(host->gate);
	WPT_ASSERT_UNTIL(test, READ_ONCE(host->thread->exit_state));
	put_task_struct(host->thread);
}

/* The pool whose dead worker is not reaped while its hook waits. */
struct home {
	struct wpool		*pool;
	struct wpt_gate		*gate;
	struct completion	in_hook;
};

static void wait_in_hook(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct home *home = wpool_priv(pool);

	complete(&home->in_hook);
	wait_for_completion(&home->gate->opened);
}

static const struct wpool_ops home_ops = { .task_oops = wait_in_hook };

static struct home *make_home(struct kunit *test)
{
	struct home *home = wpt_alloc(test, sizeof(*home));

	home->gate = wpt_gate(test);
	init_completion(&home->in_hook);
	home->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
		.ops = &home_ops, .priv = home,
	});
	return home;
}

/* A thread that sees whether anybody writes to its stack until its gate opens. */
static int call_guard(struct wpt_thread *self)
{
	u8 area[900];

	memset(area, 0xff, sizeof(area));
	barrier_data(area);
	complete_all(&self->job->begun);
	wait_for_completion(&self->job->gate->opened);
	return memchr_inv(area, 0xff, sizeof(area)) ? -EIO : 0;
}

/* 75: a group goes with the stack of a dead worker, and its task was in another, not yet reaped */
static void dead_reap_group(struct kunit *test)
{
	struct home *home = make_home(test);
	struct wpool *other = dead_pool(test, 1);
	struct ledger *ledger = ledger_new(test, NULL);
	struct item *item = item_new(test, ledger, ITEM_TRACKED);
	struct actor *member = actor(test, home->pool, call_nest_item, item);
	struct host *host = make_host(test, other, member);
	struct wpt_job *guarded = wpt_jobs(test, DEAD_GUARDS, wpt_gate(test));
	struct wpt_thread *guards[DEAD_GUARDS];
	unsigned int i;

	item->dies = true;
	wpt_open(member->gate);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&home->in_hook, WPT_LIMIT), 0);
	host_dies(test, host);
	for (i = 0; i < DEAD_GUARDS; i++)
		guards[i] = wpt_thread(test, call_guard, NULL, &guarded[i], NULL);
	for (i = 0; i < DEAD_GUARDS; i++)
		wpt_begun(test, &guarded[i]);
	wpt_open(home->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &member->task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &host->task), -EOWNERDEAD);
	wpt_open(guarded->gate);
	for (i = 0; i < DEAD_GUARDS; i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, guards[i]), 0);
	ledger_expect(test, ledger, home->pool, WPOOL_FATE_DIED, 1);
	dead_expect_balance(test, home->pool, 0);
}

/* 81: no thread can be made, and a worker sleeps for the room that the end of the dead one makes */
static void dead_reap_makes_room(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .min_workers = 2, .queue_depth = 1,
	});
	struct ledger *ledger = ledger_new(test, wpt_gate(test));
	struct item *item = item_new(test, ledger, ITEM_TRACKED);
	struct actor *outer = actor(test, pool, call_nest_item, item);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct actor *sleeper = actor(test, pool, actor_call_schedule, &jobs[2].task);

	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	item->dies = true;
	actor_start(test, sleeper);
	actor_start(test, outer);
	wpt_open(outer->gate);
	WPT_ASSERT_STAT(test, pool, NESTED, 1);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 2), 0);
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_maker()) && wpt_has_settled(wpt_manager()));
	actor_go_to_sleep(test, sleeper);
	wpt_open(ledger->gate);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &outer->task), -EOWNERDEAD);
	KUNIT_EXPECT_EQ(test, actor_end(test, sleeper), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[2]), 0);
	ledger_expect(test, ledger, pool, WPOOL_FATE_DIED, 1);
	dead_expect_balance(test, pool, 0);
}

static struct kunit_case dead_reap_cases[] = {
	KUNIT_CASE(dead_reap_group),
	KUNIT_CASE(dead_reap_makes_room),
	{}
};

static struct kunit_suite dead_reap_suite = {
	.name = "wpool_dead_reap",
	.init = dead_reap_init,
	.exit = dead_reap_exit,
	.test_cases = dead_reap_cases,
};

kunit_test_suite(dead_reap_suite);
