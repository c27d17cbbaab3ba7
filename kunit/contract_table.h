/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract of wpool as a table: what each public call returns, and how the task that it is
 * about ends, for every caller, state of the pool, kind of task, and for what befalls that task
 * meanwhile. kunit/contract_kunit.c runs it; Documentation/contract.md is made from it, by
 * scripts/contract. Both read it from the top: of the lines that fit, the last one holds.
 *
 * A set is an expression of C: names with |, & and ~, or ANY. In place of a set of calls, a
 * set of traits stands for the calls that have all of them. See contributing.md.
 */
#ifndef WHO
#define WHO(name, text)
#endif
#ifndef STATE
#define STATE(name, text)
#endif
#ifndef KIND
#define KIND(name, text)
#endif
#ifndef EVENT
#define EVENT(name, end, text)
#endif
#ifndef TRAIT
#define TRAIT(name, text)
#endif
#ifndef CALL
#define CALL(name, traits, returns)
#endif
#ifndef RETURNS
#define RETURNS(traits, who, state, kind, event, outcome)
#endif
#ifndef RETURNS_OF
#define RETURNS_OF(call, who, state, kind, event, outcome)
#endif
#ifndef ENDS
#define ENDS(traits, who, state, kind, event, outcome)
#endif
#ifndef ENDS_OF
#define ENDS_OF(call, who, state, kind, event, outcome)
#endif
#ifndef REASON
#define REASON(name, text)
#endif
#ifndef EXCLUDE
#define EXCLUDE(reason, traits, who, state, kind, event)
#endif
#ifndef EXCLUDE_OF
#define EXCLUDE_OF(reason, call, who, state, kind, event)
#endif

/* --- who calls -------------------------------------------------------------------------- */

WHO(W_THREAD, "a thread")
WHO(W_WORKER, "a task of the pool")
WHO(W_NESTED, "a task that a worker runs while it waits for it")
WHO(W_START, "worker_start")
WHO(W_STOP, "worker_stop")
WHO(W_BEGIN, "task_begin")
WHO(W_END, "task_end")
WHO(W_OOPS, "task_oops")
WHO(W_DIED, "worker_died")
WHO(W_TERMINATED, "terminated")
WHO(W_SOFTIRQ, "a softirq")
WHO(W_HARDIRQ, "a hard interrupt")

/* --- the pool: three workers at most; a policy that does not wait ------------------------- */

STATE(S_RUNNING, "runs")
STATE(S_FULL, "runs, and has no room; its policy is WPOOL_FULL_FAIL")
STATE(S_PAUSED, "paused")
STATE(S_SHUTDOWN, "SHUTDOWN: a task runs")
STATE(S_STOP, "STOP: a task runs")
STATE(S_TIDYING, "TIDYING")
STATE(S_TERMINATED, "TERMINATED")
STATE(S_RESTARTED, "runs again, by wpool_restart()")

/* --- the task --------------------------------------------------------------------------- */

KIND(K_PLAIN, "plain")
KIND(K_STACK, "on a stack")
KIND(K_FUNCTION, "a function, by wpool_schedule_fn()")
KIND(K_DETACHED, "detached")
KIND(K_KEYED, "keyed")
KIND(K_DELAYED, "delayed")
KIND(K_GROUPED, "in the group")
KIND(K_RELEASE, "has a release")
KIND(K_SELF_FREEING, "frees itself, and does not run beside itself")
KIND(K_PERIODIC, "periodic; its function ends it, unless it is ended before")

/* --- what befalls it: after the call, or while that sleeps; before in S_ENDED ------------- */

EVENT(E_NOTHING, -EINVAL, "nothing: it was not submitted")
EVENT(E_DONE, RESULT, "it has run before")
EVENT(E_RUNS, RESULT, "it is inside its function, and returns")
EVENT(E_WAITS, RESULT, "it waits, and runs")
EVENT(E_CANCELLED, -ECANCELED, "it waits, and is cancelled")
EVENT(E_DROPPED, -ECANCELED, "it waits, and is dropped by WPOOL_FULL_DISCARD_OLDEST")
EVENT(E_DIES, -EOWNERDEAD, "it is inside its function, and dies")
EVENT(E_AGAIN, RESULT, "it is inside its function, is submitted again, and runs twice")

/* --- the calls ---------------------------------------------------------------------------- */

TRAIT(T_SLEEPS, "may sleep, and is refused where nothing may")
TRAIT(T_SILENT, "may sleep, and has no error for that")
TRAIT(T_SUBMITS, "submits the task")
TRAIT(T_OWN_FN, "submits a function, not the task")
TRAIT(T_TIMED, "waits for a jiffy at most")
TRAIT(T_NO_BOUND, "does not wait for room")
TRAIT(T_NAMES_TASK, "is about the task")
TRAIT(T_WAITS, "waits for the task")
TRAIT(T_CANCELS, "takes the task back")
TRAIT(T_SETS_UP, "is for a task that the pool has not")
TRAIT(T_PLAIN, "for a task that is neither keyed nor delayed")
TRAIT(T_KEYED, "for a keyed task")
TRAIT(T_DELAYED, "for a delayed task")
TRAIT(T_GROUP, "is about the group")
TRAIT(T_GROUP_WAITS, "waits for the group")
TRAIT(T_OF_ALL, "waits for the whole pool, for all workers or for tickets")
TRAIT(T_CLOSES, "shuts the pool down")
TRAIT(T_HANDS_BACK, "takes back all that waits")
TRAIT(T_SET, "is about a set of which the pool is the only one")
TRAIT(T_ACCEPTED, "has submitted the task: returned 0, or how many")

CALL(wpool_task_init, T_NAMES_TASK | T_SETS_UP, NOTHING)
CALL(wpool_keyed_task_init, T_NAMES_TASK | T_SETS_UP | T_KEYED, NOTHING)
CALL(wpool_delayed_task_init, T_NAMES_TASK | T_SETS_UP | T_DELAYED, NOTHING)
CALL(wpool_task_set_priority, T_NAMES_TASK | T_SETS_UP, NOTHING)
CALL(wpool_task_set_detached, T_NAMES_TASK | T_SETS_UP, NOTHING)
CALL(wpool_schedule, T_SUBMITS | T_PLAIN | T_SLEEPS, 0)
CALL(wpool_try_schedule, T_SUBMITS | T_PLAIN, 0)
CALL(wpool_schedule_timeout, T_SUBMITS | T_PLAIN | T_SLEEPS | T_TIMED, 0)
CALL(wpool_schedule_interruptible, T_SUBMITS | T_PLAIN | T_SLEEPS, 0)
CALL(wpool_schedule_if_free, T_SUBMITS | T_PLAIN, 0)
CALL(wpool_force_schedule, T_SUBMITS | T_PLAIN | T_NO_BOUND, 0)
CALL(wpool_force_schedule_keyed, T_SUBMITS | T_NO_BOUND | T_KEYED, 0)
CALL(wpool_schedule_batch, T_SUBMITS | T_PLAIN | T_SLEEPS, YES)
CALL(wpool_tracked_task_init, 0, NOTHING)
CALL(wpool_task_set_release, 0, NOTHING)
CALL(wpool_task_set_self_freeing, 0, NOTHING)
CALL(wpool_schedule_fn_release, T_OWN_FN | T_SLEEPS, 0)
CALL(wpool_try_schedule_fn_release, T_OWN_FN, 0)
CALL(wpool_run_timeout_release, T_OWN_FN | T_SLEEPS | T_NO_BOUND, RESULT)
CALL(wpool_group_schedule_fn_release, T_OWN_FN | T_SLEEPS, 0)
CALL(wpool_with_ticket, T_OWN_FN, 0)
CALL(wpool_schedule_fn_ticket, T_OWN_FN | T_SLEEPS, 0)
CALL(wpool_try_schedule_fn_ticket, T_OWN_FN, 0)
CALL(wpool_cancel_id, 0, -ENOENT)
CALL(wpool_wait_id, T_OF_ALL | T_SLEEPS, 0)
CALL(wpool_wait_id_killable, T_OF_ALL | T_SLEEPS, 0)
CALL(wpool_wait_id_interruptible, T_OF_ALL | T_SLEEPS, 0)
CALL(wpool_flush_to, T_OF_ALL | T_SLEEPS, 0)
CALL(wpool_schedule_fn, T_OWN_FN | T_SLEEPS, 0)
CALL(wpool_try_schedule_fn, T_OWN_FN, 0)
CALL(wpool_schedule_keyed, T_SUBMITS | T_SLEEPS | T_KEYED, 0)
CALL(wpool_try_schedule_keyed, T_SUBMITS | T_KEYED, 0)
CALL(wpool_schedule_keyed_timeout, T_SUBMITS | T_SLEEPS | T_KEYED | T_TIMED, 0)
CALL(wpool_schedule_keyed_interruptible, T_SUBMITS | T_SLEEPS | T_KEYED, 0)
CALL(wpool_schedule_delayed, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_schedule_at, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_schedule_every, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_periods_skipped, T_NAMES_TASK | T_DELAYED, NO)
CALL(wpool_modify_delayed, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_cancel_delayed, T_NAMES_TASK | T_CANCELS | T_DELAYED, NO)
CALL(wpool_cancel_delayed_sync, T_NAMES_TASK | T_CANCELS | T_DELAYED | T_SILENT, NO)
CALL(wpool_run, T_OWN_FN | T_SLEEPS, RESULT)
CALL(wpool_run_timeout, T_OWN_FN | T_SLEEPS | T_NO_BOUND, RESULT)
CALL(wpool_cancel, T_NAMES_TASK | T_CANCELS, NO)
CALL(wpool_cancel_sync, T_NAMES_TASK | T_CANCELS | T_SILENT, NO)
CALL(wpool_wait, T_NAMES_TASK | T_WAITS | T_SLEEPS, AS_END)
CALL(wpool_wait_killable, T_NAMES_TASK | T_WAITS | T_SLEEPS, AS_END)
CALL(wpool_wait_interruptible, T_NAMES_TASK | T_WAITS | T_SLEEPS, AS_END)
CALL(wpool_wait_timeout, T_NAMES_TASK | T_WAITS | T_SLEEPS, AS_END)
CALL(wpool_task_queued, T_NAMES_TASK, NO)
CALL(wpool_task_running, T_NAMES_TASK, NO)
CALL(wpool_flush, T_OF_ALL | T_SLEEPS, 0)
CALL(wpool_drain, T_OF_ALL | T_SLEEPS, 0)
CALL(wpool_current, 0, NO)
CALL(wpool_ask_stop, T_NAMES_TASK, NO)
CALL(wpool_should_stop, 0, NO)
CALL(wpool_sleep, T_SLEEPS | T_TIMED, 0)
CALL(wpool_wait_event_stop, T_SLEEPS, 0)
CALL(wpool_group_init, T_SETS_UP | T_GROUP, NOTHING)
CALL(wpool_group_init_fail_fast, T_SETS_UP | T_GROUP, NOTHING)
CALL(wpool_group_schedule, T_SUBMITS | T_PLAIN | T_SLEEPS, 0)
CALL(wpool_group_try_schedule, T_SUBMITS | T_PLAIN, 0)
CALL(wpool_group_force_schedule, T_SUBMITS | T_PLAIN | T_NO_BOUND, 0)
CALL(wpool_group_schedule_timeout, T_SUBMITS | T_PLAIN | T_SLEEPS | T_TIMED, 0)
CALL(wpool_group_schedule_interruptible, T_SUBMITS | T_PLAIN | T_SLEEPS, 0)
CALL(wpool_group_schedule_keyed, T_SUBMITS | T_SLEEPS | T_KEYED, 0)
CALL(wpool_group_try_schedule_keyed, T_SUBMITS | T_KEYED, 0)
CALL(wpool_group_schedule_delayed, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_group_wait, T_GROUP | T_GROUP_WAITS | T_SLEEPS, 0)
CALL(wpool_group_wait_killable, T_GROUP | T_GROUP_WAITS | T_SLEEPS, 0)
CALL(wpool_group_wait_interruptible, T_GROUP | T_GROUP_WAITS | T_SLEEPS, 0)
CALL(wpool_group_wait_timeout, T_GROUP | T_GROUP_WAITS | T_SLEEPS, 0)
CALL(wpool_group_cancel, T_GROUP | T_CANCELS | T_SILENT, NO)
CALL(wpool_group_cancel_sync, T_GROUP | T_CANCELS | T_SLEEPS, NO)
CALL(wpool_group_schedule_fn, T_OWN_FN | T_SLEEPS, 0)
CALL(wpool_create, T_SLEEPS, 0)
CALL(wpool_create_fmt, T_SLEEPS, 0)
CALL(devm_wpool_create, T_SLEEPS, 0)
CALL(wpool_default, 0, YES)
CALL(wpool_find, T_SILENT, YES)
CALL(wpool_get, 0, YES)
CALL(wpool_put, 0, NOTHING)
CALL(wpool_name, 0, YES)
CALL(wpool_stats, 0, NOTHING)
CALL(wpool_priv, 0, YES)
CALL(wpool_of_thread, T_SILENT, NO)
CALL(wpool_is_own, 0, YES)
CALL(wpool_resize, 0, 0)
CALL(wpool_prestart, T_SLEEPS, 0)
CALL(wpool_wait_started, T_OF_ALL | T_SLEEPS, 0)
CALL(wpool_pause, 0, NOTHING)
CALL(wpool_resume, 0, NOTHING)
CALL(wpool_restart, T_SLEEPS, -EBUSY)
CALL(wpool_shutdown_now, T_CLOSES | T_HANDS_BACK | T_SILENT, NO)
CALL(wpool_shutdown, T_CLOSES, NOTHING)
CALL(wpool_await_termination, T_OF_ALL | T_SLEEPS | T_TIMED, -ETIMEDOUT)
CALL(wpool_destroy, T_OF_ALL | T_CLOSES | T_SLEEPS, 0)
CALL(wpool_destroy_now, T_OF_ALL | T_CLOSES | T_HANDS_BACK | T_SLEEPS, 0)
CALL(wpool_set_create, T_SLEEPS, 0)
CALL(wpool_set_pick, T_SET, YES)
CALL(wpool_set_nth, T_SET, YES)
CALL(wpool_set_schedule, T_SUBMITS | T_PLAIN | T_SLEEPS | T_SET, 0)
CALL(wpool_set_shutdown, T_CLOSES | T_SET, NOTHING)
CALL(wpool_set_destroy, T_OF_ALL | T_CLOSES | T_SLEEPS | T_SET, 0)

#include "contract_rules.h"

#undef WHO
#undef STATE
#undef KIND
#undef EVENT
#undef TRAIT
#undef CALL
#undef RETURNS
#undef RETURNS_OF
#undef ENDS
#undef ENDS_OF
#undef REASON
#undef EXCLUDE
#undef EXCLUDE_OF
