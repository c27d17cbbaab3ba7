// SPDX-License-Identifier: GPL-2.0
// What is left of the names.

// The work in a delayed work.
@@
expression E : script:python () { named("delayed", E) };
@@
(
- TASK_OF(&E.work)
+ &E.task
|
- TASK_OF(&E->work)
+ &E->task
|
- &E.work
+ &E
|
- &E->work
+ E
)

@@
expression E;
@@
(
- TASK_OF(E)
+ E
|
- MEMBER_OF(&E)
+ &E.task
|
- MEMBER_OF(E)
+ &E->task
)

// Types.
@@
@@
- struct work_struct
+ struct wpool_task

@@
@@
- struct delayed_work
+ struct wpool_delayed_task

@@
@@
- struct workqueue_struct
+ struct wpool

@@
typedef work_func_t, wpool_fn_t;
@@
- work_func_t
+ wpool_fn_t
