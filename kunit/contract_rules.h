/* SPDX-License-Identifier: GPL-2.0 */
/* The second half of contract_table.h: the exceptions, and what is not run. */

/* --- submitting ----------------------------------------------------------------------------- */

/* Full. What waits for a limited time does so whatever the policy is. */
RETURNS(T_SUBMITS, ANY, S_FULL, ANY, ANY, -EAGAIN)
RETURNS(T_OWN_FN, ANY, S_FULL, ANY, ANY, -EAGAIN)
RETURNS(T_SUBMITS | T_TIMED, ANY, S_FULL, ANY, ANY, -ETIMEDOUT)
RETURNS(T_SUBMITS | T_NO_BOUND, ANY, S_FULL, ANY, ANY, 0)
RETURNS_OF(wpool_run_timeout, ANY, S_FULL, ANY, ANY, RESULT)
RETURNS_OF(wpool_run_timeout_release, ANY, S_FULL, ANY, ANY, RESULT)
RETURNS_OF(wpool_schedule_if_free, ANY, S_PAUSED, ANY, ANY, -EAGAIN)
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
RETURNS(T_GROUP_WAITS, ANY, ANY, K_GROUPED, ~E_NOTHING, AS_END)
/* The first error in the group: that of the second run, which has been handed back. */
RETURNS(T_GROUP_WAITS, ANY, S_STOP, K_GROUPED, E_AGAIN, -ECANCELED)

/* --- taking it back, looking at it ------------------------------------------------------------ */

RETURNS(T_NAMES_TASK | T_CANCELS, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED | E_AGAIN, YES)
RETURNS(T_GROUP | T_CANCELS, ANY, S_OPEN | S_SHUTDOWN, K_GROUPED, E_QUEUED | E_AGAIN, YES)
RETURNS(T_NAMES_TASK | T_CANCELS, ANY, S_OPEN | S_SHUTDOWN, K_PERIODIC, E_INSIDE, YES)
RETURNS(T_CANCELS, ANY, S_SHUTDOWN, ANY, E_DROPPED, NO)
ENDS(T_NAMES_TASK | T_CANCELS, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED, -ECANCELED)
ENDS(T_GROUP | T_CANCELS, ANY, S_OPEN | S_SHUTDOWN, K_GROUPED, E_QUEUED, -ECANCELED)
RETURNS_OF(wpool_task_queued, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED | E_AGAIN, YES)
RETURNS_OF(wpool_task_queued, ANY, S_OPEN | S_SHUTDOWN, K_PERIODIC, E_INSIDE, YES)
RETURNS_OF(wpool_task_queued, ANY, S_SHUTDOWN, ANY, E_DROPPED, NO)
RETURNS_OF(wpool_task_running, ANY, ~S_ENDED, ~K_LET_GO, E_INSIDE, YES)
RETURNS_OF(wpool_ask_stop, ANY, ~S_ENDED, ~K_LET_GO, E_INSIDE, YES)
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
ENDS_OF(wpool_task_set_detached, ANY, ANY, ~K_LET_GO, ANY, -EINVAL)

/* --- the whole pool --------------------------------------------------------------------------- */

RETURNS_OF(wpool_await_termination, ANY, S_TERMINATED, ANY, ANY, 0)
RETURNS(T_OF_ALL, W_WORKERS | W_HOOKS, ANY, ANY, ANY, -EDEADLK)
RETURNS_OF(wpool_resize, ANY, S_CLOSED, ANY, ANY, -ESHUTDOWN)
RETURNS_OF(wpool_prestart, ANY, S_CLOSED, ANY, ANY, -ESHUTDOWN)
RETURNS_OF(wpool_restart, ANY, S_TERMINATED, ANY, ANY, 0)
RETURNS_OF(wpool_shutdown_now, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED | E_AGAIN, YES)
/* What waits for its time is not queued. */
RETURNS_OF(wpool_shutdown_now, ANY, S_OPEN | S_SHUTDOWN, K_DELAYED, E_AGAIN, NO)
RETURNS_OF(wpool_shutdown_now, ANY, S_FULL, ANY, ANY, YES)
/* It accepts no more, so nothing is dropped any more; and delayed tasks do not outlive it. */
ENDS(T_CLOSES, ANY, S_OPEN, ANY, E_DROPPED, RESULT)
ENDS(T_CLOSES, ANY, S_OPEN, K_TIMED, E_WAITS | E_CANCELLED, -ECANCELED)
ENDS(T_HANDS_BACK, ANY, S_OPEN | S_SHUTDOWN, ANY, E_QUEUED, -ECANCELED)
ENDS(T_OF_ALL | T_CLOSES, W_WORKERS | W_HOOKS | W_IRQ, S_OPEN, ANY, E_WAITS, RESULT)
ENDS(T_OF_ALL | T_CLOSES, W_WORKERS | W_HOOKS | W_IRQ, S_OPEN, ANY, E_CANCELLED | E_DROPPED,
	-ECANCELED)
ENDS(T_OF_ALL | T_CLOSES, W_WORKERS | W_HOOKS | W_IRQ, S_SHUTDOWN, ~K_TIMED, E_WAITS, RESULT)

/* --- inside a task ---------------------------------------------------------------------------- */

RETURNS_OF(wpool_current, W_WORKERS, ANY, ANY, ANY, YES)
RETURNS_OF(wpool_of_thread, W_WORKERS, ANY, ANY, ANY, YES)
RETURNS_OF(wpool_should_stop, W_IN_TASK, S_STOP, ANY, ANY, YES)
RETURNS_OF(wpool_sleep, W_IN_TASK, S_STOP, ANY, ANY, -ECANCELED)
RETURNS_OF(wpool_wait_event_stop, W_IN_TASK, S_STOP, ANY, ANY, -ECANCELED)

/* --- where nothing may sleep ------------------------------------------------------------------ */

RETURNS(T_SLEEPS, W_IRQ, ANY, ANY, ANY, -EINVAL)

/* --- what is not run -------------------------------------------------------------------------- */

REASON(NOT_THERE, "may not be called there, and has no error to say so")
REASON(NO_HANDLE, "nobody has a pointer to the task")
REASON(TYPE, "takes a task of another type")
REASON(NO_WORKER, "the pool has no worker then")
REASON(ONLY_THEN, "is called in TIDYING alone")
REASON(POOL_HAS_IT, "may be called only while the pool has not the task")
REASON(NO_SUCH, "cannot befall such a task")
REASON(HANGS, "waits for itself, by contract")

EXCLUDE(NOT_THERE, T_SILENT, W_IRQ, ANY, ANY, ANY)
EXCLUDE(NO_HANDLE, T_NAMES_TASK, ANY, ANY, K_FUNCTION, ANY)
EXCLUDE(NO_HANDLE, T_SUBMITS, ANY, ANY, K_FUNCTION, ANY)
EXCLUDE(NO_HANDLE, 0, ANY, ANY, K_FUNCTION, E_CANCELLED | E_AGAIN)
EXCLUDE(TYPE, T_KEYED, ANY, ANY, ~K_KEYED, ANY)
EXCLUDE(TYPE, T_DELAYED, ANY, ANY, ~K_TIMED, ANY)
EXCLUDE_OF(TYPE, wpool_task_init, ANY, ANY, K_KEYED | K_TIMED, ANY)
EXCLUDE_OF(TYPE, wpool_task_set_detached, ANY, ANY, K_KEYED, ANY)
EXCLUDE_OF(TYPE, wpool_cancel_sync, ANY, ANY, K_LET_GO, ANY)
EXCLUDE(NO_WORKER, 0, W_WORKERS | W_OOPS | W_DIED, S_ENDED, ANY, ANY)
EXCLUDE(ONLY_THEN, 0, W_TERMINATED, ~S_TIDYING, ANY, ANY)
EXCLUDE(POOL_HAS_IT, T_SETS_UP | T_NAMES_TASK, ANY, ~S_ENDED, ANY, E_QUEUED | E_INSIDE)
EXCLUDE(POOL_HAS_IT, T_SETS_UP | T_GROUP, ANY, ~S_ENDED, K_GROUPED, E_QUEUED | E_INSIDE)
EXCLUDE(NO_SUCH, 0, ANY, S_FULL, ANY, E_DROPPED)
EXCLUDE(NO_SUCH, 0, ANY, ANY, K_DETACHED, E_AGAIN)
/* A run of it is dropped, and it goes on; it runs again whoever submits it. */
EXCLUDE(NO_SUCH, 0, ANY, ANY, K_PERIODIC, E_DROPPED | E_AGAIN)
/* The thread of the hooks is inside one, and ends the tasks that have died. */
EXCLUDE(HANGS, T_WAITS, W_OOPS | W_DIED, ANY, ANY, E_DIES)
EXCLUDE(HANGS, T_GROUP_WAITS, W_OOPS | W_DIED, ANY, K_GROUPED, E_DIES)
EXCLUDE(HANGS, T_CANCELS, W_OOPS | W_DIED, ANY, ANY, E_DIES)
