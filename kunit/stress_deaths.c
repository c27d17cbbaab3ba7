// SPDX-License-Identifier: GPL-2.0
/*
 * Stress: tasks that kill their worker, in every way that a kernel survives,
 * in every situation. What a dead task owes must be paid each time: its waiter is
 * told, the hook called, the counters right, the slot and the module's reference
 * back, and the pool comes to its end.
 *
 * A dying thread says so, "POOL: pid N dies in FUNCTION"; wpool must say the same.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include "stress_scene.h"

static int call_wait(struct stress_call *call)
{
	return wpool_wait(call->task);
}

static int call_wait_timeout(struct stress_call *call)
{
	int result = 0;

	return wpool_wait_timeout(call->task, 2 * STRESS_LIMIT, &result) ?: result;
}

static void play_waited_for(struct scene *s)
{
	struct job *victim = scene_victims(s, 1);
	struct stress_call calls[] = {
		{ .fn = call_wait, .task = &victim->task },
		{ .fn = call_wait_timeout, .task = &victim->task, .nr = 1 },
	};
	int i;

	stress_equal("a wait of one jiffy", wpool_wait_timeout(&victim->task, 1, NULL),
		     -ETIMEDOUT);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		if (!stress_call(&calls[i]))
			return;
		stress_call_sleeps(&calls[i]);
	}
	scene_behind(s, 1);
	scene_open_gate(s);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		stress_equal("what a waiter gets", stress_call_end(&calls[i], STRESS_LIMIT),
			     -EOWNERDEAD);
	scene_all_told(s);
}

static void play_called(struct scene *s)
{
	struct job *victim = scene_victim_new(s);

	victim->unknown = true;
	victim->wanted_runs = 2;
	stress_equal("wpool_run()", wpool_run(s->pool, scene_job, victim), -EOWNERDEAD);
	stress_equal("wpool_run_timeout()",
		     wpool_run_timeout(s->pool, scene_job, victim, STRESS_LIMIT, NULL),
		     -EOWNERDEAD);
	scene_behind(s, 1);
	scene_all_told(s);
}

static void play_in_group(struct scene *s)
{
	struct wpool_group group;
	struct job *jobs[3];
	int i;

	wpool_group_init(&group, 0);
	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = i == 1 ? scene_victim_new(s) : scene_job_new(s, scene_job);
		jobs[i]->gated = true;
		stress_equal("wpool_group_schedule()",
			     wpool_group_schedule(&group, s->pool, &jobs[i]->task), 0);
	}
	stress_equal("a group's wait of one jiffy", wpool_group_wait_timeout(&group, 1),
		     -ETIMEDOUT);
	scene_open_gate(s);
	stress_equal("wpool_group_wait_timeout()",
		     wpool_group_wait_timeout(&group, STRESS_LIMIT), -EOWNERDEAD);
	scene_all_told(s);
}

static int run_inner(void *arg)
{
	struct job *job = arg;

	stress_ran();
	atomic_inc(&job->runs);
	return wpool_run(job->s->pool, scene_job, job->inner);
}

static int wait_for_inner(void *arg)
{
	struct job *job = arg;

	stress_ran();
	atomic_inc(&job->runs);
	return wpool_schedule(job->s->pool, &job->inner->task) ?: wpool_wait(&job->inner->task);
}

/* With one worker, the inner task is run inside the outer, and takes it along. */
static void play_nested(struct scene *s)
{
	struct job *on_stack = scene_job_new(s, run_inner);
	struct job *waits = scene_job_new(s, wait_for_inner);

	on_stack->inner = scene_victim_new(s);
	on_stack->inner->unknown = true;
	on_stack->wanted = -EOWNERDEAD;
	waits->inner = scene_victim_new(s);
	waits->wanted = -EOWNERDEAD;
	scene_submit(s, on_stack);
	scene_submit(s, waits);
	scene_behind(s, 3);
	scene_all_told(s);
}

static int call_schedule(struct stress_call *call)
{
	return wpool_schedule(call->pool, call->task);
}

static int call_schedule_timeout(struct stress_call *call)
{
	return wpool_schedule_timeout(call->pool, call->task, 2 * STRESS_LIMIT);
}

static void play_submitters_block(struct scene *s)
{
	struct stress_call calls[4] = {};
	int i;

	scene_victims(s, 1);
	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		calls[i] = (struct stress_call) {
			.fn = i % 2 ? call_schedule_timeout : call_schedule,
			.pool = s->pool, .task = &scene_job_new(s, scene_job)->task, .nr = i,
		};
		if (!stress_call(&calls[i]))
			return;
		stress_until(stress_stat(s->pool, WPOOL_STAT_BLOCKED) == i + 1);
	}
	scene_open_gate(s);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		stress_equal("a submitter that blocked",
			     stress_call_end(&calls[i], STRESS_LIMIT), 0);
	scene_all_told(s);
}

static void play_shutdown(struct scene *s)
{
	scene_victims(s, 2);
	scene_behind(s, 3);
	wpool_shutdown(s->pool);
	scene_open_gate(s);
	stress_equal("wpool_await_termination()",
		     wpool_await_termination(s->pool, STRESS_LIMIT), 0);
	scene_all_told(s);
}

static void play_shutdown_now(struct scene *s)
{
	struct job *unrun;
	LIST_HEAD(list);
	int i;

	scene_victims(s, 2);
	unrun = scene_behind(s, 3);
	for (i = 0; i < 3; i++) {
		unrun[i].wanted = -ECANCELED;
		unrun[i].wanted_runs = 0;
	}
	stress_equal("wpool_shutdown_now()", wpool_shutdown_now(s->pool, &list), 3);
	scene_open_gate(s);
	stress_equal("wpool_await_termination()",
		     wpool_await_termination(s->pool, STRESS_LIMIT), 0);
	scene_all_told(s);
}

static void play_destroy(struct scene *s)
{
	struct stress_call call = { .fn = scene_call_destroy, .pool = s->pool };

	scene_victims(s, 2);
	scene_behind(s, 3);
	if (!stress_call(&call))
		return;
	stress_call_sleeps(&call);
	s->destroyed = true;
	scene_open_gate(s);
	stress_equal("wpool_destroy()", stress_call_end(&call, STRESS_LIMIT), 0);
	scene_all_told(s);
}

/* Slots that are owed, because the capacity was lowered, are paid by the dead. */
static void play_resize(struct scene *s)
{
	scene_victims(s, 4);
	stress_equal("wpool_resize()", wpool_resize(s->pool, 1), 0);
	scene_behind(s, 4);
	scene_open_gate(s);
	scene_all_told(s);
	stress_until(stress_stat(s->pool, WPOOL_STAT_WORKERS) <= 1);
	stress_equal("wpool_resize()", wpool_resize(s->pool, 4), 0);
}

static void play_pause(struct scene *s)
{
	struct job *victim = scene_victims(s, 2), *waiting;
	int i;

	wpool_pause(s->pool);
	waiting = scene_behind(s, 3);
	scene_open_gate(s);
	scene_told(&victim[0]);
	scene_told(&victim[1]);
	stress_until(stress_stat(s->pool, WPOOL_STAT_WORKERS) >= 1);
	for (i = 0; i < 3; i++)
		stress_equal("runs in a pause", atomic_read(&waiting[i].runs), 0);
	stress_equal("queued in a pause", stress_stat(s->pool, WPOOL_STAT_QUEUED), 3);
	wpool_resume(s->pool);
	scene_all_told(s);
}

static void play_all_at_once(struct scene *s)
{
	scene_victims(s, 8);
	scene_behind(s, 32);
	scene_open_gate(s);
	scene_all_told(s);
}

/* Nothing is asked of the pool after: it makes itself the worker that it keeps. */
static void play_last_worker(struct scene *s)
{
	struct job *victim = scene_victims(s, 1);

	scene_open_gate(s);
	scene_told(victim);
	stress_until(stress_stat(s->pool, WPOOL_STAT_WORKERS) == 1);
	stress_equal("running", stress_stat(s->pool, WPOOL_STAT_RUNNING), 0);
}

/* With work behind each. The oopses are shared out among the ways. */
static void play_row(struct scene *s)
{
	unsigned int n = s->way->expect[0] ? stress_hard_row / (scene_nr_ways - 1) : stress_row;
	struct job *victim = scene_victim_new(s), *lives = scene_job_new(s, scene_job);
	unsigned int i;

	victim->wanted_runs = n;
	lives->wanted_runs = n;
	for (i = 0; i < n; i++) {
		scene_submit(s, victim);
		scene_submit(s, lives);
		scene_told(victim);
		scene_told(lives);
	}
}

static int call_flush(struct stress_call *call)
{
	wpool_flush(call->pool);
	return 0;
}

static int call_drain(struct stress_call *call)
{
	wpool_drain(call->pool);
	return 0;
}

static void play_nobody_waits(struct scene *s)
{
	struct stress_call calls[] = {
		{ .fn = call_flush, .pool = s->pool }, { .fn = call_drain, .pool = s->pool },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		struct job *victim = scene_victim_new(s), *detached = scene_victim_new(s);

		victim->unknown = true;
		detached->unknown = true;
		wpool_task_set_detached(&detached->task);
		stress_equal("wpool_schedule_fn()",
			     wpool_schedule_fn(s->pool, scene_job, victim, NULL),
			     0);
		scene_submit(s, detached);
		scene_behind(s, 2);
		if (stress_call(&calls[i]))
			stress_call_end(&calls[i], STRESS_LIMIT);
		stress_equal("died so far", stress_stat(s->pool, WPOOL_STAT_DIED), 2 * i + 2);
	}
	scene_all_told(s);
}

/* The next task of a key is not deferred for ever; one that was delayed may die. */
static void play_keyed(struct scene *s)
{
	struct job *jobs[3];
	int i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = i == 1 ? scene_job_new(s, scene_job) : scene_victim_new(s);
		wpool_keyed_task_init(&jobs[i]->keyed, scene_job, jobs[i]);
		stress_equal("wpool_schedule_keyed()",
			     wpool_schedule_keyed(s->pool, &jobs[i]->keyed, 1), 0);
	}
	jobs[0] = scene_victim_new(s);
	wpool_delayed_task_init(&jobs[0]->delayed, scene_job, jobs[0]);
	stress_equal("wpool_schedule_delayed()",
		     wpool_schedule_delayed(s->pool, &jobs[0]->delayed, 2), 0);
	scene_all_told(s);
}

static int call_cancel_sync(struct stress_call *call)
{
	return wpool_cancel_sync(call->task);
}

static void play_cancel(struct scene *s)
{
	struct job *victim = scene_victims(s, 1);
	struct stress_call call = { .fn = call_cancel_sync, .task = &victim->task };

	stress_check(!wpool_cancel(&victim->task), "cancelled although it runs");
	if (!stress_call(&call))
		return;
	stress_call_sleeps(&call);
	scene_open_gate(s);
	stress_equal("wpool_cancel_sync()", stress_call_end(&call, STRESS_LIMIT), false);
	scene_all_told(s);
}

/* The module of the dead is pinned by a pool that is not its own, until then. */
static void play_shared(struct scene *s)
{
	scene_victims(s, 3);
	if (IS_ENABLED(CONFIG_MODULE_UNLOAD))
		stress_equal("references to the module", scene_pins(), s->pins + 3);
	scene_behind(s, 5);
	scene_open_gate(s);
	scene_all_told(s);
}

/* Kills its worker with tasks and a group on the stack, while all of them wait. */
static int lend_and_die(void *arg)
{
	struct wpool_keyed_task keyed[2];
	struct wpool_group group;
	struct job *job = arg;
	int i, err = 0;

	wpool_group_init(&group, 0);
	for (i = 0; i < ARRAY_SIZE(keyed); i++) {
		wpool_keyed_task_init(&keyed[i], scene_job, job);
		err = err ?: wpool_schedule_keyed(job->s->pool, &keyed[i], 1);
	}
	err = err ?: wpool_group_schedule(&group, job->s->pool, &job->inner->task);
	stress_equal("submitted from a stack", err, 0);
	complete_all(&job->begun);
	wait_for_completion(&job->s->gate);
	stress_ran();
	atomic_inc(&job->runs);
	scene_die(job->s, lend_and_die);
	return 0;
}

static struct job *cancelled_job(struct scene *s)
{
	struct job *job = scene_job_new(s, scene_job);

	job->wanted = -ECANCELED;
	job->wanted_runs = 0;
	return job;
}

static void play_on_stack(struct scene *s)
{
	struct job *victim = scene_job_new(s, lend_and_die);

	victim->dies = true;
	victim->wanted = -EOWNERDEAD;
	victim->inner = cancelled_job(s);
	/* They stand for those on the stack, which nobody can ask. */
	cancelled_job(s)->unknown = true;
	cancelled_job(s)->unknown = true;
	scene_submit(s, victim);
	stress_check(wait_for_completion_timeout(&victim->begun, STRESS_LIMIT),
		     "it does not begin");
	scene_behind(s, 2);
	scene_open_gate(s);
	scene_all_told(s);
}

static void release_dies(void *arg, enum wpool_fate fate)
{
	struct job *job = arg;

	scene_die(job->s, release_dies);
}

static void submit_released(struct scene *s, struct job *job)
{
	wpool_release_task_init(&job->tracked, scene_job, job);
	wpool_task_set_release(&job->tracked, release_dies);
	scene_submit(s, job);
}

/* In a worker, after the function. */
static void play_released(struct scene *s)
{
	submit_released(s, scene_job_new(s, scene_job));
	s->deaths++;
	scene_behind(s, 2);
	scene_all_told(s);
}

/* In a hook, before the first task. */
static void play_outside(struct scene *s)
{
	scene_behind(s, 4);
	scene_all_told(s);
}

static void run_situation(const void *arg)
{
	const struct situation *situation = arg;
	struct scene s;
	int i;

	for (i = 0; i < scene_nr_ways; i++) {
		stress_trying = scene_ways[i].name;
		if (!scene_begin(&s, situation, &scene_ways[i])) {
			stress_fail("no pool");
			return;
		}
		situation->play(&s);
		scene_end(&s);
	}
	/* An oops turns it off, and the cases to come look at events. */
	tracing_on();
}

static int warn(void *arg)
{
	stress_ran();
	pr_info("expect: WARNING:\n");
	WARN(1, "as promised\n");
	return SCENE_LIVED;
}

/* A warning kills nobody. */
static void run_warning(const void *unused)
{
	struct wpool *pool = wpool_create("deaths", NULL);

	if (!stress_check(!IS_ERR(pool), "no pool"))
		return;
	stress_equal("wpool_run()", wpool_run(pool, warn, NULL), SCENE_LIVED);
	stress_equal("died", stress_stat(pool, WPOOL_STAT_DIED), 0);
	stress_equal("completed", stress_stat(pool, WPOOL_STAT_COMPLETED), 1);
	wpool_destroy(pool);
}

#define SITUATION(name, play, ...)					\
	{ name, run_situation, &(const struct situation) { play, __VA_ARGS__ } }

const struct stress_case stress_deaths[] = {
	SITUATION("37: death while it is waited for", play_waited_for, { .capacity = 2 }),
	SITUATION("37: death in wpool_run()", play_called, { .capacity = 1 }),
	SITUATION("death in a group", play_in_group, { .capacity = 3 }),
	SITUATION("42: death in a nested run", play_nested, { .capacity = 1 }),
	SITUATION("38: death while submitters block", play_submitters_block,
		  { .capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF }),
	SITUATION("40: death during shutdown", play_shutdown, { .capacity = 2 }),
	SITUATION("40: death during shutdown_now", play_shutdown_now, { .capacity = 2 }),
	SITUATION("40: death during destroy", play_destroy, { .capacity = 2 }),
	SITUATION("35: death during resize", play_resize, { .capacity = 4 }),
	SITUATION("death in a pause", play_pause, { .capacity = 2 }),
	SITUATION("38, 41: death of all workers at once", play_all_at_once, { .capacity = 8 }),
	SITUATION("36: death of the last worker", play_last_worker, { .capacity = 1 }),
	SITUATION("35: deaths in a row, with work behind each", play_row, { .capacity = 1 }),
	SITUATION("36: death that nobody waits for", play_nobody_waits, { .capacity = 2 }),
	SITUATION("death of tasks with a key, and with a delay", play_keyed, { .capacity = 2 }),
	SITUATION("death of a task that is being cancelled", play_cancel, { .capacity = 1 }),
	SITUATION("67: death in another module's pool", play_shared, .shared = true),
	SITUATION("167: death in a release", play_released, { .capacity = 2 }),
	SITUATION("75: death with tasks and a group on the stack", play_on_stack,
		  { .capacity = 1 }),
	SITUATION("death before the first task", play_outside, { .capacity = 1 },
		  .deaths_at_start = 2),
	{ "a warning is no death", run_warning },
	{}
};
