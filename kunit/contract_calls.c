// SPDX-License-Identifier: GPL-2.0
/*
 * Each public call, as the table's rows make it. What several of them give back is made one
 * int: the error, or else the result, a count, or 1 for true.
 */
#include <linux/device.h>
#include <linux/err.h>
#include "contract.h"
#include "delayed_scene.h"

#define LIMIT	WPT_LIMIT

static struct wpool_keyed_task *keyed_of(struct contract_scene *s)
{
	return &s->keyed;
}

/* A pool that was made is not needed. */
static int made(struct wpool *pool)
{
	return IS_ERR(pool) ? PTR_ERR(pool) : wpool_destroy(pool);
}

static int made_set(struct wpool_set *set)
{
	return IS_ERR(set) ? PTR_ERR(set) : wpool_set_destroy(set);
}

static int with_ref(struct wpool *pool)
{
	wpool_put(pool);
	return !!pool;
}

/* Nothing is to be released: the scene stays. */
static void released(void *arg, enum wpool_fate fate)
{
}

#define NAME_SIZE	24

static const char *new_name(char *name)
{
	static atomic_t made_names;

	snprintf(name, NAME_SIZE, "contract-%d", atomic_inc_return(&made_names));
	return name;
}

/* int make_CALL(scene), of an expression in which s is the scene. */
#define MAKE(call, expression)						\
	static int make_##call(struct contract_scene *s)		\
	{								\
		return expression;					\
	}

/* Of what returns nothing. */
#define MAKE_VOID(call, statement)					\
	static int make_##call(struct contract_scene *s)		\
	{								\
		statement;						\
		return NOTHING;						\
	}

/* Of a wait that has an error and a result. */
static int either(int err, const int *result)
{
	return err ?: *result;
}

MAKE_VOID(wpool_task_init, wpool_task_init(s->task, contract_fn, s))
MAKE_VOID(wpool_keyed_task_init, wpool_keyed_task_init(&s->keyed, contract_fn, s))
MAKE_VOID(wpool_delayed_task_init, wpool_delayed_task_init(&s->delayed, contract_fn, s))
MAKE_VOID(wpool_task_set_priority, wpool_task_set_priority(s->task, WPOOL_PRIO_HIGH))
MAKE_VOID(wpool_task_set_detached, wpool_task_set_detached(s->task))
MAKE(wpool_schedule, wpool_schedule(s->pool, s->task))
MAKE(wpool_try_schedule, wpool_try_schedule(s->pool, s->task))
MAKE(wpool_schedule_timeout, wpool_schedule_timeout(s->pool, s->task, 1))
MAKE(wpool_schedule_how_INTERRUPTIBLE, wpool_schedule_interruptible(s->pool, s->task))
MAKE(wpool_schedule_how_IF_FREE, wpool_schedule_if_free(s->pool, s->task))
MAKE(wpool_schedule_how_FORCE, wpool_force_schedule(s->pool, s->task))
MAKE(wpool_schedule_how_KEYED_FORCE, wpool_force_schedule_keyed(s->pool, keyed_of(s), 1))
MAKE(wpool_schedule_batch, wpool_schedule_batch(s->pool, &s->task, 1))
MAKE_VOID(wpool_release_task_init,
	  wpool_release_task_init(&s->tracked, contract_fn, s))
MAKE_VOID(wpool_task_set_release, wpool_task_set_release(&s->tracked, released))
MAKE(wpool_schedule_fn, wpool_schedule_fn(s->pool, contract_fn, s, NULL))
MAKE(wpool_try_schedule_fn,
	wpool_try_schedule_fn(s->pool, contract_fn, s, NULL))
MAKE(wpool_schedule_keyed, wpool_schedule_keyed(s->pool, keyed_of(s), 1))
MAKE(wpool_schedule_how_KEYED_NOWAIT, wpool_try_schedule_keyed(s->pool, keyed_of(s), 1))
MAKE(wpool_schedule_how_KEYED_TIMED, wpool_schedule_keyed_timeout(s->pool, keyed_of(s), 1, 1))
MAKE(wpool_schedule_how_KEYED_INTERRUPTIBLE,
	wpool_schedule_keyed_interruptible(s->pool, keyed_of(s), 1))
MAKE(wpool_schedule_delayed, wpool_schedule_delayed(s->pool, &s->delayed, 1))
MAKE(wpool_schedule_how_AT, wpool_schedule_at(s->pool, &s->delayed, 0))
MAKE(wpool_schedule_every, wpool_schedule_every(s->pool, &s->delayed, NEVER))
MAKE(wpool_periods_skipped, wpool_periods_skipped(&s->delayed))
MAKE(wpool_modify_delayed, wpool_modify_delayed(s->pool, &s->delayed, 0))
MAKE(wpool_run, wpool_run(s->pool, contract_fn, s))
MAKE(wpool_run_timeout,
	wpool_run_timeout(s->pool, contract_fn, s, LIMIT, NULL))
MAKE(wpool_cancel, wpool_cancel(s->task))
MAKE(wpool_cancel_sync, wpool_cancel_sync(s->task))
MAKE(wpool_wait, wpool_wait(s->task))
MAKE(wpool_wait_killable, either(wpool_wait_killable(s->task, &s->result), &s->result))
MAKE(wpool_wait_interruptible, either(wpool_wait_interruptible(s->task, &s->result), &s->result))
MAKE(wpool_wait_timeout, either(wpool_wait_timeout(s->task, LIMIT, &s->result), &s->result))
MAKE(wpool_task_queued, wpool_task_queued(s->task))
MAKE(wpool_task_running, wpool_task_running(s->task))
MAKE(wpool_flush, wpool_flush(s->pool))
MAKE(wpool_drain, wpool_drain(s->pool))
MAKE(wpool_current, wpool_current() == s->pool)
MAKE(wpool_ask_stop, wpool_ask_stop(s->task))
MAKE(wpool_should_stop, wpool_should_stop())
MAKE(wpool_sleep, wpool_sleep(1))
MAKE(wpool_wait_event_stop,
	wpool_wait_event_stop(s->wq, completion_done(&s->last->opened)))
MAKE_VOID(wpool_group_init, wpool_group_init(&s->group, 0))
MAKE(wpool_group_schedule, wpool_group_schedule(&s->group, s->pool, s->task))
MAKE(wpool_schedule_how_group_NOWAIT, wpool_group_try_schedule(&s->group, s->pool, s->task))
MAKE(wpool_schedule_how_group_FORCE, wpool_group_force_schedule(&s->group, s->pool, s->task))
MAKE(wpool_schedule_how_group_TIMED,
	wpool_group_schedule_timeout(&s->group, s->pool, s->task, 1))
MAKE(wpool_schedule_how_group_INTERRUPTIBLE,
	wpool_group_schedule_interruptible(&s->group, s->pool, s->task))
MAKE(wpool_schedule_how_group_KEYED,
	wpool_group_schedule_keyed(&s->group, s->pool, keyed_of(s), 1))
MAKE(wpool_schedule_how_group_AT,
	wpool_group_schedule_delayed(&s->group, s->pool, &s->delayed, 1))
MAKE(wpool_group_wait, wpool_group_wait(&s->group))
MAKE(wpool_group_wait_killable, wpool_group_wait_killable(&s->group))
MAKE(wpool_group_wait_interruptible, wpool_group_wait_interruptible(&s->group))
MAKE(wpool_group_wait_timeout, wpool_group_wait_timeout(&s->group, LIMIT))
MAKE(wpool_group_cancel, wpool_group_cancel(&s->group))
MAKE(wpool_group_cancel_sync, wpool_group_cancel_sync(&s->group))
MAKE(wpool_group_schedule_fn,
	wpool_group_schedule_fn(&s->other_group, s->pool, contract_fn, s, NULL))
MAKE(wpool_create, made(wpool_create(new_name((char[NAME_SIZE]) {}), NULL)))
MAKE(wpool_create_fmt, made(wpool_create_fmt(NULL, "%s", new_name((char[NAME_SIZE]) {}))))
MAKE(devm_wpool_create,
	PTR_ERR_OR_ZERO(devm_wpool_create(s->device, new_name((char[NAME_SIZE]) {}), NULL)))
MAKE(wpool_default, !!wpool_default())
MAKE(wpool_find, with_ref(wpool_find(wpool_name(s->pool))))
MAKE(wpool_get, with_ref(wpool_get(s->pool)))
MAKE_VOID(wpool_put, wpool_put(wpool_get(s->pool)))
MAKE(wpool_name, !!wpool_name(s->pool))
MAKE_VOID(wpool_stats, wpool_stats(s->pool, &s->stats))
MAKE(wpool_priv, wpool_priv(s->pool) == s)
MAKE(wpool_resize, wpool_resize(s->pool, CONTRACT_WORKERS))
MAKE(wpool_prestart, min(wpool_prestart(s->pool, 1), 0))
MAKE_VOID(wpool_pause, wpool_pause(s->pool))
MAKE_VOID(wpool_resume, wpool_resume(s->pool))
MAKE(wpool_restart, wpool_restart(s->pool))
MAKE(wpool_shutdown_now, wpool_shutdown_now(s->pool, NULL) > 0)
MAKE_VOID(wpool_shutdown, wpool_shutdown(s->pool))
MAKE(wpool_await_termination, wpool_await_termination(s->pool, 1))
MAKE(wpool_destroy, wpool_destroy(s->pool))
MAKE(wpool_destroy_now, wpool_destroy_now(s->pool))
MAKE(wpool_set_create, made_set(wpool_set_create(new_name((char[NAME_SIZE]) {}), NULL, 1,
						 WPOOL_RULE_ROUND_ROBIN)))
MAKE(wpool_set_nth, wpool_set_nth(s->set, 0) == s->pool)
MAKE(wpool_set_schedule, wpool_set_schedule(s->set, s->task, 0))
MAKE(wpool_set_try_schedule, wpool_set_try_schedule(s->set, s->task, 0))
MAKE(wpool_set_flush, wpool_set_flush(s->set))
MAKE(wpool_set_drain, wpool_set_drain(s->set))
MAKE_VOID(wpool_set_shutdown, wpool_set_shutdown(s->set))
MAKE(wpool_set_destroy, wpool_set_destroy(s->set))

#define CALL(call, all, outcome)					\
	{ .name = #call, .traits = all, .returns = outcome, .make = make_##call },

const struct contract_call contract_calls[NR_CALLS] = {
#include "contract_table.h"
};
