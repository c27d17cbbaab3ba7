// SPDX-License-Identifier: GPL-2.0
/*
 * Brings about one row of the table: a pool, its caller, the task and what befalls it, and the
 * state of the pool. The caller waits where it is to call until all is ready; after the call,
 * or when it sleeps in it, the rest befalls the task, and then all may go on.
 */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include "actor.h"
#include "contract.h"
#include "contract_scene.h"
#include "delayed_scene.h"

/* Is the task where it is to be when the call is made, or has all befallen it before? */
static bool is_past(const struct contract_scene *scene)
{
	return contract_is(scene, STATE_COLUMN, S_ENDED) ||
	       (contract_is(scene, STATE_COLUMN, S_STOP) &&
		contract_is(scene, EVENT_COLUMN, E_CANCELLED | E_DROPPED)) ||
	       (contract_is(scene, STATE_COLUMN, S_SHUTDOWN) &&
		contract_is(scene, EVENT_COLUMN, E_DROPPED));
}

static int subject_fn(void *arg)
{
	struct contract_scene *scene = arg;

	if (atomic_inc_return(&scene->begins) == 1) {
		complete_all(&scene->begun);
		if (contract_is(scene, EVENT_COLUMN, E_INSIDE))
			wait_for_completion(&scene->gate->opened);
		if (contract_is(scene, EVENT_COLUMN, E_DIES))
			kthread_complete_and_exit(NULL, 0);
	}
	if (contract_is(scene, KIND_COLUMN, K_PERIODIC))
		wpool_cancel(&scene->delayed.task);
	atomic_inc(&scene->returns);
	return RESULT;
}

static void subject_release(void *arg, enum wpool_fate fate)
{
	struct contract_scene *scene = arg;

	atomic_inc(&scene->fates[fate]);
}

int contract_fn(void *arg)
{
	return RESULT;
}

/* A thread on whose stack the task lies until all is over. */
static int host_task(struct wpt_thread *self)
{
	struct contract_scene *scene = self->arg;
	struct wpool_task task;

	wpool_task_init(&task, subject_fn, scene);
	scene->task = &task;
	complete(&scene->hosted);
	wait_for_completion(&scene->over);
	return 0;
}

static void set_up_task(struct contract_scene *scene)
{
	wpool_task_init(&scene->plain, subject_fn, scene);
	scene->task = &scene->plain;
	if (contract_is(scene, KIND_COLUMN, K_KEYED)) {
		wpool_keyed_task_init(&scene->keyed, subject_fn, scene);
		scene->task = &scene->keyed.task;
	} else if (contract_is(scene, KIND_COLUMN, K_TIMED)) {
		wpool_delayed_task_init(&scene->delayed, subject_fn, scene);
		scene->task = &scene->delayed.task;
	} else if (contract_is(scene, KIND_COLUMN, K_RELEASE)) {
		wpool_release_task_init(&scene->tracked, subject_fn, scene);
		wpool_task_set_release(&scene->tracked, subject_release);
		scene->task = &scene->tracked.task;
	} else if (contract_is(scene, KIND_COLUMN, K_DETACHED)) {
		wpool_task_set_detached(scene->task);
	} else if (contract_is(scene, KIND_COLUMN, K_STACK)) {
		scene->host = wpt_thread(scene->test, host_task, NULL, NULL, scene);
		KUNIT_ASSERT_GT(scene->test,
				wait_for_completion_timeout(&scene->hosted, WPT_LIMIT), 0);
	} else if (contract_is(scene, KIND_COLUMN, K_FUNCTION)) {
		scene->task = NULL;
	}
}

static int submit_every(struct contract_scene *scene, bool later)
{
	int err = wpool_schedule_every(scene->pool, &scene->delayed, NEVER);

	if (!err && !later)
		err = wpool_modify_delayed(scene->pool, &scene->delayed, 0);
	return err;
}

static int submit_task(struct contract_scene *scene)
{
	/* Not a second run either, before the first may end. */
	bool later = contract_is(scene, EVENT_COLUMN, E_WAITS | E_CANCELLED) || scene->placed;

	scene->placed = true;
	scene->submissions++;
	if (contract_is(scene, KIND_COLUMN, K_PERIODIC))
		return submit_every(scene, later);
	if (contract_is(scene, KIND_COLUMN, K_KEYED))
		return wpool_schedule_keyed(scene->pool, &scene->keyed, 1);
	if (contract_is(scene, KIND_COLUMN, K_DELAYED))
		return wpool_schedule_delayed(scene->pool, &scene->delayed, later ? NEVER : 0);
	if (contract_is(scene, KIND_COLUMN, K_FUNCTION))
		return wpool_schedule_fn(scene->pool, subject_fn, scene, NULL);
	if (contract_is(scene, KIND_COLUMN, K_GROUPED))
		return wpool_group_schedule(&scene->group, scene->pool, scene->task);
	return wpool_schedule(scene->pool, scene->task);
}

/* Tasks that take all workers, before the task that is to wait. */
static void hold_workers(struct contract_scene *scene, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_EQ(scene->test, wpool_schedule(scene->pool,
							    &scene->holders[i].task), 0);
	/* The caller has one worker at most, and the task one. */
	for (i = 0; i < min(n, CONTRACT_WORKERS - 2u); i++)
		wpt_begun(scene->test, &scene->holders[i]);
}

static void befall(struct contract_scene *scene)
{
	unsigned int i;

	if (contract_is(scene, EVENT_COLUMN, E_CANCELLED))
		wpool_cancel(scene->task);
	if (!contract_is(scene, EVENT_COLUMN, E_DROPPED))
		return;
	/* What waits for its time is not dropped. */
	WPT_ASSERT_STAT(scene->test, scene->pool, DELAYED, 0);
	for (i = 0; i < CONTRACT_FILLERS && !wpt_stat(scene->pool, WPOOL_STAT_DROPPED); i++) {
		if (wpool_schedule(scene->pool, &scene->fillers[i].task))
			break;
	}
}

/* The task is where the call is to meet it. */
static void place_task(struct contract_scene *scene)
{
	struct kunit *test = scene->test;
	bool queued = contract_is(scene, EVENT_COLUMN, E_QUEUED);
	bool full = contract_is(scene, STATE_COLUMN, S_NO_ROOM);
	bool keep = contract_is(scene, STATE_COLUMN, S_SHUTDOWN | S_STOP);

	if (contract_is(scene, EVENT_COLUMN, E_DONE | E_INSIDE)) {
		KUNIT_ASSERT_EQ(test, submit_task(scene), 0);
		KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&scene->begun, WPT_LIMIT), 0);
	}
	if (contract_is(scene, EVENT_COLUMN, E_AGAIN))
		KUNIT_ASSERT_EQ(test, submit_task(scene), 0);
	/* Not only its function: the pool has it no longer, in no hold of its lock. */
	if (contract_is(scene, EVENT_COLUMN, E_DONE)) {
		WPT_ASSERT_STAT(test, scene->pool, COMPLETED, scene->before + 1);
		wpool_resume(scene->pool);	/* takes the lock */
	}
	hold_workers(scene, queued || full ? CONTRACT_WORKERS : keep);
	if (queued)
		KUNIT_ASSERT_EQ(test, submit_task(scene), 0);
	/* What waits for its time is not dropped, nor as old as what is queued before. */
	if (contract_is(scene, EVENT_COLUMN, E_DROPPED))
		WPT_ASSERT_STAT(test, scene->pool, DELAYED, 0);
}

/* A periodic task that runs would run again and again. */
static bool is_repeating(const struct contract_scene *scene)
{
	return contract_is(scene, KIND_COLUMN, K_PERIODIC) &&
	       contract_is(scene, EVENT_COLUMN, E_INSIDE);
}

static void open_gate(struct contract_scene *scene)
{
	wpt_open(scene->gate);
	wake_up_all(&scene->wq);
}

/* What it was that should befall the task is over before the call. */
static void get_over(struct contract_scene *scene)
{
	struct kunit *test = scene->test;

	if (contract_is(scene, KIND_COLUMN, K_TIMED) &&
	    contract_is(scene, EVENT_COLUMN, E_WAITS | E_AGAIN)) {
		KUNIT_ASSERT_EQ(test, wpool_modify_delayed(scene->pool, &scene->delayed, 0), 0);
		open_gate(scene);
		/* For the time of a periodic one a flush does not wait. */
		KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&scene->begun, WPT_LIMIT), 0);
	}
	if (is_repeating(scene))
		wpool_cancel(&scene->delayed.task);
	open_gate(scene);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, scene->pool, NULL), 0);
}

static void set_state(struct contract_scene *scene)
{
	unsigned int i;

	if (contract_is(scene, STATE_COLUMN, S_PAUSED))
		wpool_pause(scene->pool);
	if (contract_is(scene, STATE_COLUMN, S_SHUTDOWN | S_ENDED))
		wpool_shutdown(scene->pool);
	if (contract_is(scene, STATE_COLUMN, S_STOP))
		wpool_shutdown_now(scene->pool, NULL);
	if (contract_is(scene, STATE_COLUMN, S_TIDYING))
		KUNIT_ASSERT_GT(scene->test, wait_for_completion_timeout(&scene->tidying,
									 WPT_LIMIT), 0);
	if (contract_is(scene, STATE_COLUMN, S_TERMINATED))
		KUNIT_ASSERT_EQ(scene->test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	if (!contract_is(scene, STATE_COLUMN, S_NO_ROOM))
		return;
	for (i = 0; i < CONTRACT_FILLERS; i++) {
		if (wpool_try_schedule(scene->pool, &scene->fillers[i].task))
			return;
	}
	KUNIT_FAIL(scene->test, "the pool does not fill");
}

/* Everything up to the call. */
static void prepare(struct contract_scene *scene)
{
	contract_summon(scene);
	set_up_task(scene);
	scene->before = wpt_stat(scene->pool, WPOOL_STAT_COMPLETED);
	place_task(scene);
	if (is_past(scene))
		befall(scene);
	if (contract_is(scene, STATE_COLUMN, S_ENDED))
		get_over(scene);
	set_state(scene);
}

/* Until the call has returned, or sleeps; those that wait for a jiffy do return. */
static bool await_call(struct contract_scene *scene)
{
	const struct contract_call *call = contract_call_of(scene);
	unsigned long end = jiffies + WPT_LIMIT;

	while (!wait_for_completion_timeout(&scene->returned, 1)) {
		/* Acquire: pairs with act(). */
		if (!(call->traits & T_TIMED) && smp_load_acquire(&scene->calling) &&
		    actor_asleep(scene->caller))
			return true;
		if (time_after(jiffies, end))
			return false;
	}
	scene->back = true;
	return true;
}

/* Nothing keeps the task from its end any more. */
static void let_go(struct contract_scene *scene)
{
	if (contract_is(scene, KIND_COLUMN, K_TIMED) &&
	    contract_is(scene, EVENT_COLUMN, E_WAITS | E_AGAIN) && !is_past(scene) &&
	    wpool_task_queued(scene->task))
		KUNIT_EXPECT_EQ(scene->test,
				wpool_modify_delayed(scene->pool, &scene->delayed, 0), 0);
	/* It would end by nothing else. */
	if (is_repeating(scene) ||
	    (scene->row.value[CALL_COLUMN] == CALL_wpool_schedule_every && !scene->got))
		wpool_cancel(&scene->delayed.task);
	wpt_open(scene->last);
	open_gate(scene);
	wpool_resume(scene->pool);
}

/* How the task ended, for what nobody can wait for: the pool has ended. */
static int end_seen(struct contract_scene *scene)
{
	if (atomic_read(&scene->returns))
		return RESULT;
	if (atomic_read(&scene->begins))
		return -EOWNERDEAD;
	return scene->placed ? -ECANCELED : -EINVAL;
}

/* Each submission was released once, as what became of it. */
static void check_fates(struct contract_scene *scene)
{
	int begins = atomic_read(&scene->begins), returns = atomic_read(&scene->returns);
	int dropped = atomic_read(&scene->fates[WPOOL_FATE_DROPPED]);
	int cancelled = atomic_read(&scene->fates[WPOOL_FATE_CANCELLED]);

	KUNIT_EXPECT_EQ(scene->test, atomic_read(&scene->fates[WPOOL_FATE_RAN]), returns);
	KUNIT_EXPECT_EQ(scene->test, atomic_read(&scene->fates[WPOOL_FATE_DIED]),
			begins - returns);
	KUNIT_EXPECT_EQ(scene->test, begins + dropped + cancelled, scene->submissions);
	if (!contract_is(scene, EVENT_COLUMN, E_DROPPED))
		KUNIT_EXPECT_EQ(scene->test, dropped, 0);
}

static bool is_unnamed(struct contract_scene *scene)
{
	return contract_is(scene, KIND_COLUMN, K_FUNCTION | K_LET_GO);
}

static int finish(struct contract_scene *scene, int *returned, int *end)
{
	const struct contract_call *call = contract_call_of(scene);
	int result;

	let_go(scene);
	if (!scene->back && !wait_for_completion_timeout(&scene->returned, WPT_LIMIT))
		return -ETIMEDOUT;
	*returned = scene->got;
	if (!is_unnamed(scene)) {
		*end = wpool_wait_timeout(scene->task, WPT_LIMIT, &result);
		if (*end == -ETIMEDOUT)
			return *end;
		*end = *end ?: result;
	}
	contract_dismiss(scene);
	if (call->traits & T_SUBMITS && scene->got >= 0) {
		scene->submissions++;
		scene->placed |= contract_is(scene, KIND_COLUMN, K_LET_GO);
	}
	if (contract_is(scene, KIND_COLUMN, K_RELEASE))
		check_fates(scene);
	if (is_unnamed(scene))
		*end = end_seen(scene);
	complete_all(&scene->over);
	return 0;
}

int contract_play(struct kunit *test, const struct contract_row *row, int *returned, int *end)
{
	struct contract_scene *scene = contract_scene(test, row);

	prepare(scene);
	contract_cue(scene);
	if (!await_call(scene))
		return -ETIMEDOUT;
	if (!is_past(scene))
		befall(scene);
	return finish(scene, returned, end);
}
