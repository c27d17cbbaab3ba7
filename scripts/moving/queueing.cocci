// SPDX-License-Identifier: GPL-2.0
// Queueing.

// The kernel's own queues.
@@
expression E, D;
@@
(
- schedule_work(E)
+ queue_work(system_wq, E)
|
- schedule_delayed_work(E, D)
+ queue_delayed_work(system_wq, E, D)
)

// What would be a value without a use.
@@
expression A, Q, E, R, F, D;
@@
(
- A && queue_work(Q, E);
+ if (A)
+ queue_work(Q, E);
|
- A || queue_work(Q, E);
+ if (!(A))
+ queue_work(Q, E);
|
- A && queue_delayed_work(Q, E, D);
+ if (A)
+ queue_delayed_work(Q, E, D);
|
- A ? queue_work(Q, E) : queue_work(R, F);
+ if (A)
+ queue_work(Q, E);
+ else
+ queue_work(R, F);
)

// A delayed task is submitted by calls of its own.
@@
expression Q;
expression E : script:python () { named("delayed", E) };
@@
(
- queue_work(Q, &E.work)
+ queue_delayed_work(Q, &E, 0)
|
- queue_work(Q, &E->work)
+ queue_delayed_work(Q, E, 0)
)

// A submission that is refused for another reason than that the task waits already is
// a bug, as it was.
@@
expression Q : script:python () { is_default(Q) };
expression E;
statement S1, S2;
@@
(
- (void)queue_work(Q, E);
+ WARN_ON_ONCE(wpool_schedule_how(wpool_default(), TASK_OF(E), FORCED) == -ENOENT);
|
- queue_work(Q, E);
+ WARN_ON_ONCE(wpool_schedule_how(wpool_default(), TASK_OF(E), FORCED) == -ENOENT);
|
 if (
- !queue_work(Q, E)
+ wpool_schedule_how(wpool_default(), TASK_OF(E), FORCED)
 ) S1
|
 if (
- !queue_work(Q, E)
+ wpool_schedule_how(wpool_default(), TASK_OF(E), FORCED)
 ) S1 else S2
)

@@
expression Q : script:python () { is_default(Q) };
expression E;
@@
(
- !queue_work(Q, E)
+ !!wpool_schedule_how(wpool_default(), TASK_OF(E), FORCED)
|
- queue_work(Q, E)
+ !wpool_schedule_how(wpool_default(), TASK_OF(E), FORCED)
)

@@
expression Q, E;
statement S1, S2;
@@
(
- (void)queue_work(Q, E);
+ WARN_ON_ONCE(SUBMIT(Q, TASK_OF(E)) == -ESHUTDOWN);
|
- queue_work(Q, E);
+ WARN_ON_ONCE(SUBMIT(Q, TASK_OF(E)) == -ESHUTDOWN);
|
 if (
- !queue_work(Q, E)
+ SUBMIT(Q, TASK_OF(E))
 ) S1
|
 if (
- !queue_work(Q, E)
+ SUBMIT(Q, TASK_OF(E))
 ) S1 else S2
)

@@
expression Q, E;
@@
(
- !queue_work(Q, E)
+ !!SUBMIT(Q, TASK_OF(E))
|
- queue_work(Q, E)
+ !SUBMIT(Q, TASK_OF(E))
)

@@
expression Q, E, D;
statement S1, S2;
@@
(
- (void)queue_delayed_work(Q, E, D);
+ WARN_ON_ONCE(wpool_schedule_delayed(Q, E, D) == -ESHUTDOWN);
|
- queue_delayed_work(Q, E, D);
+ WARN_ON_ONCE(wpool_schedule_delayed(Q, E, D) == -ESHUTDOWN);
|
 if (
- !queue_delayed_work(Q, E, D)
+ wpool_schedule_delayed(Q, E, D)
 ) S1
|
 if (
- !queue_delayed_work(Q, E, D)
+ wpool_schedule_delayed(Q, E, D)
 ) S1 else S2
|
- (void)mod_delayed_work(Q, E, D);
+ WARN_ON_ONCE(wpool_modify_delayed(Q, E, D) == -ESHUTDOWN);
|
- mod_delayed_work(Q, E, D);
+ WARN_ON_ONCE(wpool_modify_delayed(Q, E, D) == -ESHUTDOWN);
)

@@
expression Q, E, D;
@@
(
- !queue_delayed_work(Q, E, D)
+ !!wpool_schedule_delayed(Q, E, D)
|
- queue_delayed_work(Q, E, D)
+ !wpool_schedule_delayed(Q, E, D)
)

@depends on blocking@
@@
- SUBMIT
+ wpool_schedule

@depends on !blocking@
@@
- SUBMIT
+ wpool_try_schedule
