/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract of wpool as a table: what each public call returns, and how the task that it is
 * about ends, for every caller, state of the pool, kind of task, and for what befalls that task
 * meanwhile. kunit/contract_kunit.c runs it; Documentation/dev/contract.md is made from
 * it, by scripts/contract. Both read it from the top: of the lines that fit, the last one holds.
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

/* --- the pool: three workers at most; its policy is WPOOL_FULL_FAIL ------------------------- */

STATE(S_RUNNING, "runs")
STATE(S_FULL, "runs, and has no room; its policy is WPOOL_FULL_FAIL")
STATE(S_BLOCK, "runs, and has no room until the task may end; its policy is WPOOL_FULL_BLOCK")
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

TRAIT(T_SLEEPS, "may sleep")
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
TRAIT(T_TRACKED, "for a task with a release")
TRAIT(T_GROUP, "is about the group")
TRAIT(T_GROUP_WAITS, "waits for the group")
TRAIT(T_OF_ALL, "waits for the whole pool, or for all workers")
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
CALL(wpool_schedule_how_INTERRUPTIBLE, T_SUBMITS | T_PLAIN | T_SLEEPS, 0)
CALL(wpool_schedule_how_IF_FREE, T_SUBMITS | T_PLAIN, 0)
CALL(wpool_schedule_how_FORCE, T_SUBMITS | T_PLAIN | T_NO_BOUND, 0)
CALL(wpool_schedule_how_KEYED_FORCE, T_SUBMITS | T_NO_BOUND | T_KEYED, 0)
CALL(wpool_schedule_batch, T_SUBMITS | T_PLAIN | T_SLEEPS, YES)
CALL(wpool_release_task_init, T_NAMES_TASK | T_SETS_UP | T_TRACKED, NOTHING)
CALL(wpool_task_set_release, T_NAMES_TASK | T_SETS_UP | T_TRACKED, NOTHING)
CALL(wpool_schedule_fn, T_OWN_FN | T_SLEEPS, 0)
CALL(wpool_try_schedule_fn, T_OWN_FN, 0)
CALL(wpool_schedule_keyed, T_SUBMITS | T_SLEEPS | T_KEYED, 0)
CALL(wpool_schedule_how_KEYED_NOWAIT, T_SUBMITS | T_KEYED, 0)
CALL(wpool_schedule_how_KEYED_TIMED, T_SUBMITS | T_SLEEPS | T_KEYED | T_TIMED, 0)
CALL(wpool_schedule_how_KEYED_INTERRUPTIBLE, T_SUBMITS | T_SLEEPS | T_KEYED, 0)
CALL(wpool_schedule_delayed, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_schedule_how_AT, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_schedule_every, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_periods_skipped, T_NAMES_TASK | T_DELAYED, NO)
CALL(wpool_modify_delayed, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_run, T_OWN_FN | T_SLEEPS, RESULT)
CALL(wpool_run_timeout, T_OWN_FN | T_SLEEPS | T_NO_BOUND, RESULT)
CALL(wpool_cancel, T_NAMES_TASK | T_CANCELS, NO)
CALL(wpool_cancel_sync, T_NAMES_TASK | T_CANCELS | T_SLEEPS, NO)
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
CALL(wpool_group_schedule, T_SUBMITS | T_PLAIN | T_SLEEPS, 0)
CALL(wpool_schedule_how_group_NOWAIT, T_SUBMITS | T_PLAIN, 0)
CALL(wpool_schedule_how_group_FORCE, T_SUBMITS | T_PLAIN | T_NO_BOUND, 0)
CALL(wpool_schedule_how_group_TIMED, T_SUBMITS | T_PLAIN | T_SLEEPS | T_TIMED, 0)
CALL(wpool_schedule_how_group_INTERRUPTIBLE, T_SUBMITS | T_PLAIN | T_SLEEPS, 0)
CALL(wpool_schedule_how_group_KEYED, T_SUBMITS | T_SLEEPS | T_KEYED, 0)
CALL(wpool_schedule_how_group_AT, T_SUBMITS | T_DELAYED | T_NO_BOUND, 0)
CALL(wpool_group_wait, T_GROUP | T_GROUP_WAITS | T_SLEEPS, 0)
CALL(wpool_group_wait_killable, T_GROUP | T_GROUP_WAITS | T_SLEEPS, 0)
CALL(wpool_group_wait_interruptible, T_GROUP | T_GROUP_WAITS | T_SLEEPS, 0)
CALL(wpool_group_wait_timeout, T_GROUP | T_GROUP_WAITS | T_SLEEPS, 0)
CALL(wpool_group_cancel, T_GROUP | T_CANCELS | T_SLEEPS, NO)
CALL(wpool_group_cancel_sync, T_GROUP | T_CANCELS | T_SLEEPS, NO)
CALL(wpool_group_schedule_fn, T_OWN_FN | T_SLEEPS, 0)
CALL(wpool_create, T_SLEEPS, 0)
CALL(wpool_create_fmt, T_SLEEPS, 0)
CALL(devm_wpool_create, T_SLEEPS, 0)
CALL(wpool_default, 0, YES)
CALL(wpool_find, T_SLEEPS, YES)
CALL(wpool_get, 0, YES)
CALL(wpool_put, 0, NOTHING)
CALL(wpool_name, 0, YES)
CALL(wpool_stats, 0, NOTHING)
CALL(wpool_priv, 0, YES)
CALL(wpool_resize, 0, 0)
CALL(wpool_prestart, T_OF_ALL | T_SLEEPS, 0)
CALL(wpool_pause, 0, NOTHING)
CALL(wpool_resume, 0, NOTHING)
CALL(wpool_restart, T_SLEEPS, -EBUSY)
CALL(wpool_shutdown_now, T_CLOSES | T_HANDS_BACK | T_SLEEPS, NO)
CALL(wpool_shutdown, T_CLOSES, NOTHING)
CALL(wpool_await_termination, T_OF_ALL | T_SLEEPS | T_TIMED, -ETIMEDOUT)
CALL(wpool_destroy, T_OF_ALL | T_CLOSES | T_SLEEPS, 0)
CALL(wpool_destroy_now, T_OF_ALL | T_CLOSES | T_HANDS_BACK | T_SLEEPS, 0)
CALL(wpool_set_create, T_SLEEPS, 0)
CALL(wpool_set_nth, T_SET, YES)
CALL(wpool_set_schedule, T_SUBMITS | T_PLAIN | T_SLEEPS | T_SET, 0)
CALL(wpool_set_try_schedule, T_SUBMITS | T_PLAIN | T_SET, 0)
CALL(wpool_set_flush, T_OF_ALL | T_SLEEPS | T_SET, 0)
CALL(wpool_set_drain, T_OF_ALL | T_SLEEPS | T_SET, 0)
CALL(wpool_set_shutdown, T_CLOSES | T_SET, NOTHING)
CALL(wpool_set_destroy, T_OF_ALL | T_CLOSES | T_SLEEPS | T_SET, 0)

/* --- submitting ----------------------------------------------------------------------------- */

/* Full. What waits for a limited time does so whatever the policy is. */
RETURNS(T_SUBMITS, ANY, S_FULL, ANY, ANY, -EAGAIN)
RETURNS(T_OWN_FN, ANY, S_FULL, ANY, ANY, -EAGAIN)
RETURNS(T_SUBMITS | T_TIMED, ANY, S_FULL, ANY, ANY, -ETIMEDOUT)
RETURNS(T_SUBMITS | T_NO_BOUND, ANY, S_FULL, ANY, ANY, 0)
RETURNS_OF(wpool_run_timeout, ANY, S_FULL, ANY, ANY, RESULT)
/* What may sleep, and has no limit, waits for the room. */
RETURNS(T_SUBMITS, ANY, S_BLOCK, ANY, ANY, -EAGAIN)
RETURNS(T_OWN_FN, ANY, S_BLOCK, ANY, ANY, -EAGAIN)
RETURNS(T_SUBMITS | T_SLEEPS, ANY, S_BLOCK, ANY, ANY, 0)
RETURNS(T_OWN_FN | T_SLEEPS, ANY, S_BLOCK, ANY, ANY, 0)
RETURNS(T_SUBMITS | T_TIMED, ANY, S_BLOCK, ANY, ANY, -ETIMEDOUT)
RETURNS(T_SUBMITS | T_NO_BOUND, ANY, S_BLOCK, ANY, ANY, 0)
RETURNS_OF(wpool_schedule_batch, ANY, S_BLOCK, ANY, ANY, YES)
RETURNS_OF(wpool_run, ANY, S_BLOCK, ANY, ANY, RESULT)
RETURNS_OF(wpool_run_timeout, ANY, S_BLOCK, ANY, ANY, RESULT)
RETURNS_OF(wpool_schedule_how_IF_FREE, ANY, S_PAUSED, ANY, ANY, -EAGAIN)
/* The pool has it already. */
RETURNS(T_SUBMITS, ANY, S_OPEN, ANY, E_QUEUED | E_AGAIN, -EBUSY)
RETURNS_OF(wpool_modify_delayed, ANY, S_OPEN, ANY, E_QUEUED | E_AGAIN, 0)
/* So it is if a periodic task runs: there will be another run. */
RETURNS(T_SUBMITS, ANY, S_OPEN, K_PERIODIC, E_INSIDE, -EBUSY)
RETURNS_OF(wpool_modify_delayed, ANY, S_OPEN, K_PERIODIC, E_INSIDE, 0)
/* Closed; that comes first. */
RETURNS(T_SUBMITS, ANY, S_CLOSED, ANY, ANY, -ESHUTDOWN)
RETURNS(T_OWN_FN, ANY, S_CLOSED, ANY, ANY, -ESHUTDOWN)
/* It has calls of its own; that comes before all else. */
RETURNS(T_PLAIN, ANY, ANY, K_KEYED | K_TIMED, ANY, -EINVAL)
/* Its second run is cancelled then. */
RETURNS_OF(wpool_modify_delayed, ANY, S_SHUTDOWN, ANY, E_AGAIN, 0)
RETURNS_OF(wpool_modify_delayed, ANY, S_SHUTDOWN, K_PERIODIC, E_INSIDE, 0)
ENDS(T_ACCEPTED, ANY, ANY, ANY, ANY, RESULT)
/* The suite cancels it then, before its first time has come. */
ENDS_OF(wpool_schedule_every, ANY, S_OPEN, ANY, E_NOTHING | E_DONE, -ECANCELED)
ENDS_OF(wpool_schedule_every, ANY, S_OPEN, ANY, E_DIES, -EOWNERDEAD)
ENDS_OF(wpool_modify_delayed, ANY, ANY, ANY, E_CANCELLED | E_DROPPED, -ECANCELED)
ENDS_OF(wpool_modify_delayed, ANY, ANY, K_PERIODIC, E_DIES, -EOWNERDEAD)

/* --- waiting for the task ------------------------------------------------------------------- */

RETURNS(T_WAITS, ANY, ANY, K_LET_GO, ANY, -EINVAL)
/* A worker runs what it waits for, so it is too late for anybody to take it back. */
ENDS(T_WAITS, W_WORKERS, S_OPEN, ~(K_LET_GO | K_TIMED), E_CANCELLED | E_DROPPED, RESULT)
ENDS(T_WAITS, W_WORKERS, S_SHUTDOWN, ~(K_LET_GO | K_TIMED), E_CANCELLED, RESULT)
ENDS(T_WAITS, W_WORKERS, S_OPEN, K_DELAYED, E_DROPPED, RESULT)
ENDS(T_GROUP_WAITS, W_WORKERS, S_OPEN, K_GROUPED, E_CANCELLED | E_DROPPED, RESULT)
ENDS(T_GROUP_WAITS, W_WORKERS, S_SHUTDOWN, K_GROUPED, E_CANCELLED, RESULT)
/* Not with a time limit. */
ENDS_OF(wpool_wait_timeout, W_WORKERS, ANY, ANY, E_CANCELLED | E_DROPPED, -ECANCELED)
ENDS_OF(wpool_group_wait_timeout, W_WORKERS, ANY, ANY, E_CANCELLED | E_DROPPED, -ECANCELED)
RETURNS(T_GROUP_WAITS, ANY, ANY, K_GROUPED, ~E_NOTHING, AS_END)
/* The first error in the group: that of the second run, which has been handed back. */
RETURNS(T_GROUP_WAITS, ANY, S_STOP, K_GROUPED, E_AGAIN, -ECANCELED)

/* --- taking it back, looking at it ------------------------------------------------------------ */

RETURNS(T_NAMES_TASK | T_CANCELS, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED | E_AGAIN, YES)
RETURNS_OF(wpool_group_cancel, ANY, S_OPEN | S_SHUTDOWN, K_GROUPED, E_QUEUED | E_AGAIN, YES)
RETURNS(T_NAMES_TASK | T_CANCELS, ANY, S_OPEN | S_SHUTDOWN, K_PERIODIC, E_INSIDE, YES)
RETURNS(T_CANCELS, ANY, S_SHUTDOWN, ANY, E_DROPPED, NO)
ENDS(T_NAMES_TASK | T_CANCELS, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED, -ECANCELED)
ENDS(T_GROUP | T_CANCELS, ANY, S_OPEN | S_SHUTDOWN, K_GROUPED, E_QUEUED, -ECANCELED)
RETURNS_OF(wpool_task_queued, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED | E_AGAIN, YES)
RETURNS_OF(wpool_task_queued, ANY, S_OPEN | S_SHUTDOWN, K_PERIODIC, E_INSIDE, YES)
RETURNS_OF(wpool_task_queued, ANY, S_SHUTDOWN, ANY, E_DROPPED, NO)
RETURNS_OF(wpool_task_running, ANY, ~S_ENDED, ~K_LET_GO, E_INSIDE, YES)
RETURNS_OF(wpool_ask_stop, ANY, ~S_ENDED, ~K_LET_GO, E_INSIDE, YES)
/* What waits behind the run stands for it. */
RETURNS_OF(wpool_task_running, ANY, S_OPEN | S_SHUTDOWN, K_DETACHED, E_AGAIN, YES)
RETURNS_OF(wpool_ask_stop, ANY, S_OPEN | S_SHUTDOWN, K_DETACHED, E_AGAIN, YES)
/* A delayed task whose time has not come does not outlive the shutdown. */
ENDS(0, ANY, S_SHUTDOWN, K_TIMED, E_QUEUED, -ECANCELED)
RETURNS(T_CANCELS, ANY, S_SHUTDOWN, K_TIMED, E_QUEUED, NO)
RETURNS_OF(wpool_task_queued, ANY, S_SHUTDOWN, K_TIMED, E_QUEUED, NO)
/* What waited has been handed back. */
ENDS(0, ANY, S_STOP, ANY, E_QUEUED, -ECANCELED)

/* --- setting up ------------------------------------------------------------------------------- */

ENDS_OF(wpool_task_init, ANY, ANY, ~K_LET_GO, ANY, -EINVAL)
ENDS_OF(wpool_keyed_task_init, ANY, ANY, ANY, ANY, -EINVAL)
ENDS_OF(wpool_delayed_task_init, ANY, ANY, ANY, ANY, -EINVAL)
ENDS_OF(wpool_release_task_init, ANY, ANY, ~K_LET_GO, ANY, -EINVAL)
ENDS_OF(wpool_task_set_detached, ANY, ANY, ~K_LET_GO, ANY, -EINVAL)

/* --- the whole pool --------------------------------------------------------------------------- */

RETURNS_OF(wpool_await_termination, ANY, S_TERMINATED, ANY, ANY, 0)
RETURNS_OF(wpool_prestart, ANY, S_CLOSED, ANY, ANY, -ESHUTDOWN)
RETURNS(T_OF_ALL, W_WORKERS | W_HOOKS, ANY, ANY, ANY, -EDEADLK)
RETURNS_OF(wpool_resize, ANY, S_CLOSED, ANY, ANY, -ESHUTDOWN)
RETURNS_OF(wpool_restart, ANY, S_TERMINATED, ANY, ANY, 0)
RETURNS_OF(wpool_shutdown_now, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED | E_AGAIN, YES)
/* What waits for its time is not queued. */
RETURNS_OF(wpool_shutdown_now, ANY, S_OPEN | S_SHUTDOWN, K_DELAYED, E_AGAIN, NO)
RETURNS_OF(wpool_shutdown_now, ANY, S_NO_ROOM, ANY, ANY, YES)
/* It accepts no more, so nothing is dropped any more; and delayed tasks do not outlive it. */
ENDS(T_CLOSES, ANY, S_OPEN, ANY, E_DROPPED, RESULT)
ENDS(T_CLOSES, ANY, S_OPEN, K_TIMED, E_WAITS | E_CANCELLED, -ECANCELED)
ENDS(T_HANDS_BACK, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED, -ECANCELED)
/* Where it is refused, it changes nothing. */
ENDS(T_OF_ALL | T_CLOSES, W_WORKERS | W_HOOKS, S_OPEN, ANY, E_WAITS, RESULT)
ENDS(T_OF_ALL | T_CLOSES, W_WORKERS | W_HOOKS, S_OPEN, ANY, E_CANCELLED | E_DROPPED, -ECANCELED)
ENDS(T_OF_ALL | T_CLOSES, W_WORKERS | W_HOOKS, S_SHUTDOWN, ~K_TIMED, E_WAITS, RESULT)

/* --- inside a task ---------------------------------------------------------------------------- */

RETURNS_OF(wpool_current, W_WORKERS, ANY, ANY, ANY, YES)
RETURNS_OF(wpool_should_stop, W_IN_TASK, S_STOP, ANY, ANY, YES)
RETURNS_OF(wpool_sleep, W_IN_TASK, S_STOP, ANY, ANY, -ECANCELED)
RETURNS_OF(wpool_wait_event_stop, W_IN_TASK, S_STOP, ANY, ANY, -ECANCELED)

/* --- what is not run -------------------------------------------------------------------------- */

REASON(NOT_THERE, "may not be called there")
REASON(NO_HANDLE, "nobody has a pointer to the task")
REASON(TYPE, "takes a task of another type")
REASON(NO_WORKER, "the pool has no worker then")
REASON(ONLY_THEN, "is called in TIDYING alone")
REASON(POOL_HAS_IT, "may be called only while the pool has not the task")
REASON(NO_SUCH, "cannot befall such a task")
REASON(HANGS, "waits for itself, by contract")

EXCLUDE(NOT_THERE, T_SLEEPS, W_IRQ, ANY, ANY, ANY)
EXCLUDE(NO_HANDLE, T_NAMES_TASK, ANY, ANY, K_FUNCTION, ANY)
EXCLUDE(NO_HANDLE, T_SUBMITS, ANY, ANY, K_FUNCTION, ANY)
EXCLUDE(NO_HANDLE, 0, ANY, ANY, K_FUNCTION, E_CANCELLED | E_AGAIN)
EXCLUDE(TYPE, T_KEYED, ANY, ANY, ~K_KEYED, ANY)
EXCLUDE(TYPE, T_DELAYED, ANY, ANY, ~K_TIMED, ANY)
EXCLUDE(TYPE, T_TRACKED, ANY, ANY, ~K_RELEASE, ANY)
EXCLUDE_OF(TYPE, wpool_task_init, ANY, ANY, K_KEYED | K_TIMED, ANY)
EXCLUDE_OF(TYPE, wpool_task_set_detached, ANY, ANY, K_KEYED, ANY)
EXCLUDE_OF(TYPE, wpool_cancel_sync, ANY, ANY, K_LET_GO, ANY)
EXCLUDE(NO_WORKER, 0, W_WORKERS | W_OOPS | W_DIED, S_ENDED, ANY, ANY)
EXCLUDE(ONLY_THEN, 0, W_TERMINATED, ~S_TIDYING, ANY, ANY)
EXCLUDE(POOL_HAS_IT, T_SETS_UP | T_NAMES_TASK, ANY, ~S_ENDED, ANY, E_QUEUED | E_INSIDE)
EXCLUDE(POOL_HAS_IT, T_SETS_UP | T_GROUP, ANY, ~S_ENDED, K_GROUPED, E_QUEUED | E_INSIDE)
EXCLUDE(NO_SUCH, 0, ANY, S_NO_ROOM, ANY, E_DROPPED)
/* A run of it is dropped, and it goes on; it runs again whoever submits it. */
EXCLUDE(NO_SUCH, 0, ANY, ANY, K_PERIODIC, E_DROPPED | E_AGAIN)
/* The thread of the hooks is inside one, and ends the tasks that have died. */
/* It waits for room whatever the policy is, and nobody makes any. */
EXCLUDE_OF(HANGS, wpool_schedule_how_INTERRUPTIBLE, ANY, S_FULL, ANY, ANY)
EXCLUDE_OF(HANGS, wpool_schedule_how_KEYED_INTERRUPTIBLE, ANY, S_FULL, ANY, ANY)
EXCLUDE_OF(HANGS, wpool_schedule_how_group_INTERRUPTIBLE, ANY, S_FULL, ANY, ANY)
EXCLUDE(HANGS, T_WAITS, W_OOPS | W_DIED, ANY, ANY, E_DIES)
EXCLUDE(HANGS, T_GROUP_WAITS, W_OOPS | W_DIED, ANY, K_GROUPED, E_DIES)
EXCLUDE(HANGS, T_CANCELS, W_OOPS | W_DIED, ANY, ANY, E_DIES)

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
