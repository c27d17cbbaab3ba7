// SPDX-License-Identifier: GPL-2.0
// From a workqueue, or a kthread_worker, to a pool. Run by scripts/from-workqueue, which looks at
// all files of the module first, hides what is not to be changed, and hands over what it has found
// out (see "facts" in scripts/harness/moving.py); it also translates the calls that make a queue.
//
// A task is called with a pointer to itself. So a work function keeps its container_of().
virtual plain, blocking

@initialize:python@
@@
import json
import os
import re

with open(os.environ["WPOOL_MOVING_FACTS"], encoding="utf-8") as facts_file:
    FACTS = json.load(facts_file)

def member(expression):
    """What an expression such as &a->b is called in the end."""
    words = re.findall(r"\w+", expression)
    return words[-1] if words else ""

def named(kind, expression):
    return member(expression) in FACTS[kind]

def is_queue(expression):
    return bool(re.fullmatch(r"[\w.>\-\s\[\]]+", expression)) and named("queues", expression)

def is_default(expression):
    return expression.strip() in FACTS["system"]

@init_self_freeing@
expression E, F;
identifier init = {INIT_WORK_SELF_FREEING, kthread_init_work_SELF_FREEING};
@@
- init(E, F);
+ wpool_tracked_task_init(E, F, E);
+ wpool_task_set_self_freeing(E);

@init_delayed_self_freeing@
expression E, F;
identifier init = {INIT_DELAYED_WORK_SELF_FREEING, INIT_DEFERRABLE_WORK_SELF_FREEING,
		   kthread_init_delayed_work_SELF_FREEING};
@@
- init(E, F);
+ wpool_delayed_task_init(E, F, E);
+ wpool_task_set_self_freeing(E);

@init_delayed@
expression E, F;
identifier init = {INIT_DELAYED_WORK, INIT_DEFERRABLE_WORK, kthread_init_delayed_work};
@@
- init(E, F)
+ wpool_delayed_task_init(E, F, E)

@init_plain depends on plain@
expression E, F;
identifier init = {INIT_WORK, INIT_WORK_ONSTACK, kthread_init_work};
@@
- init(E, F)
+ wpool_task_init(E, F, E)

@init_tracked depends on !plain@
expression E, F;
identifier init = {INIT_WORK, INIT_WORK_ONSTACK, kthread_init_work};
@@
- init(E, F)
+ wpool_tracked_task_init(E, F, E)

// What waits for the work comes before it.
@on_stack@
expression E;
@@
- destroy_work_on_stack(E);

// One name for each thing.
@@
@@
- struct kthread_work
+ struct work_struct

@@
@@
- struct kthread_delayed_work
+ struct delayed_work

@@
@@
- struct kthread_worker
+ struct workqueue_struct

@@
typedef kthread_work_func_t, work_func_t;
@@
- kthread_work_func_t
+ work_func_t

@work_function@
identifier F : script:python () { named("functions", F) };
identifier W;
@@
- void F(struct work_struct *W)
+ int F(void *W)
 {
 ...
+return 0;
 }

// The same for one that does more with its argument than to look what it is in.
@work_function_typed@
identifier F : script:python () { named("typed", F) };
identifier W;
@@
- void F(struct work_struct *W)
+ int F(void *arg)
 {
+struct work_struct *W = arg;
+
 ...
+return 0;
 }

@work_function_returns@
identifier F : script:python () { named("functions", F) or named("typed", F) };
@@
 F(...) {
<...
- return;
+ return 0;
...>
 }

@@
expression C, Q, E, D;
@@
(
- schedule_work(E)
+ queue_work(system_wq, E)
|
- schedule_delayed_work(E, D)
+ queue_delayed_work(system_wq, E, D)
|
- kthread_queue_work(Q, E)
+ queue_work(Q, E)
|
- kthread_queue_delayed_work(Q, E, D)
+ queue_delayed_work(Q, E, D)
|
- kthread_mod_delayed_work(Q, E, D)
+ mod_delayed_work(Q, E, D)
|
- queue_work_ON_ANY(C, Q, E)
+ queue_work(Q, E)
|
- queue_delayed_work_ON_ANY(C, Q, E, D)
+ queue_delayed_work(Q, E, D)
|
- mod_delayed_work_ON_ANY(C, Q, E, D)
+ mod_delayed_work(Q, E, D)
|
- kthread_flush_work(E)
+ flush_work(E)
|
- kthread_cancel_work_sync(E)
+ cancel_work_sync(E)
|
- kthread_cancel_delayed_work_sync(E)
+ cancel_delayed_work_sync(E)
|
- kthread_flush_worker(Q)
+ flush_workqueue(Q)
|
- kthread_destroy_worker(Q)
+ destroy_workqueue(Q)
)

// Static delayed tasks are set up when the module is loaded, behind the declarations there.
@@
identifier F : script:python () { named("starts", F) };
statement S1, S2;
@@
 F(...) {
 ... when != S1
+ START_OF(F);
 S2
 ... when any
 }

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

// Queueing. A submission that is refused for another reason than that the task waits already is
// a bug, as it was.
@@
expression Q : script:python () { is_default(Q) };
expression E;
statement S1, S2;
@@
(
- (void)queue_work(Q, E);
+ WARN_ON_ONCE(wpool_force_schedule(wpool_default(), TASK_OF(E)) == -ENOENT);
|
- queue_work(Q, E);
+ WARN_ON_ONCE(wpool_force_schedule(wpool_default(), TASK_OF(E)) == -ENOENT);
|
 if (
- !queue_work(Q, E)
+ wpool_force_schedule(wpool_default(), TASK_OF(E))
 ) S1
|
 if (
- !queue_work(Q, E)
+ wpool_force_schedule(wpool_default(), TASK_OF(E))
 ) S1 else S2
)

@@
expression Q : script:python () { is_default(Q) };
expression E;
@@
(
- !queue_work(Q, E)
+ wpool_force_schedule(wpool_default(), TASK_OF(E)) != 0
|
- queue_work(Q, E)
+ !wpool_force_schedule(wpool_default(), TASK_OF(E))
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
+ SUBMIT(Q, TASK_OF(E)) != 0
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
+ wpool_schedule_delayed(Q, E, D) != 0
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

// Waiting and taking back.
@@
expression E, Q;
@@
(
- (void)flush_work(E);
+ wpool_wait(TASK_OF(E));
|
- flush_work(E);
+ wpool_wait(TASK_OF(E));
|
// What its works queue while it ends is run, too.
- destroy_workqueue(Q);
+ wpool_drain(Q);
+ wpool_destroy(Q);
)

@@
expression E, Q;
@@
(
- cancel_work_sync(E)
+ wpool_cancel_sync(TASK_OF(E))
|
- cancel_work(E)
+ wpool_cancel(TASK_OF(E))
|
- cancel_delayed_work_sync(E)
+ wpool_cancel_delayed_sync(E)
|
- cancel_delayed_work(E)
+ wpool_cancel_delayed(E)
|
- work_pending(E)
+ wpool_task_queued(TASK_OF(E))
|
- delayed_work_pending(E)
+ wpool_task_queued(MEMBER_OF(E))
|
- to_delayed_work(E)
+ E
|
- flush_workqueue(Q)
+ wpool_flush(Q)
|
- drain_workqueue(Q)
+ wpool_drain(Q)
)

// A pool that was not made is an error pointer.
@made@
expression Q : script:python () { is_queue(Q) };
statement S;
@@
(
 Q = alloc_workqueue(...);
|
 Q = alloc_ordered_workqueue(...);
|
 Q = create_workqueue(...);
|
 Q = create_singlethread_workqueue(...);
|
 Q = create_freezable_workqueue(...);
)
 if (
- !Q
+ IS_ERR(Q)
 ) S

@@
expression Q : script:python () { is_queue(Q) };
expression R;
@@
- !(Q = R)
+ IS_ERR(Q = R)

@@
expression Q : script:python () { is_queue(Q) };
@@
(
- !Q
+ IS_ERR_OR_NULL(Q)
|
- Q == NULL
+ IS_ERR_OR_NULL(Q)
|
- Q != NULL
+ !IS_ERR_OR_NULL(Q)
)

@@
expression Q : script:python () { is_queue(Q) };
statement S1, S2;
@@
(
 if (
- Q
+ !IS_ERR_OR_NULL(Q)
 ) S1
|
 if (
- Q
+ !IS_ERR_OR_NULL(Q)
 ) S1 else S2
|
 while (
- Q
+ !IS_ERR_OR_NULL(Q)
 ) S1
)

@@
expression Q : script:python () { is_queue(Q) };
expression A, B;
@@
(
- Q ? A : B
+ !IS_ERR_OR_NULL(Q) ? A : B
|
- Q && A
+ !IS_ERR_OR_NULL(Q) && A
|
- Q || A
+ !IS_ERR_OR_NULL(Q) || A
)

@@
expression Q : script:python () { is_queue(Q) };
expression A;
@@
(
- A && Q
+ A && !IS_ERR_OR_NULL(Q)
|
- A || Q
+ A || !IS_ERR_OR_NULL(Q)
)

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
identifier N : script:python () { named("fixed", N) };
@@
- TASK_OF(&N)
+ &N

@depends on plain@
expression E;
@@
- TASK_OF(E)
+ E

@@
expression E;
@@
(
- TASK_OF(&E)
+ &E.task
|
- TASK_OF(E)
+ &E->task
|
- MEMBER_OF(&E)
+ &E.task
|
- MEMBER_OF(E)
+ &E->task
)

// Types.
@depends on plain@
@@
- struct work_struct
+ struct wpool_task

@depends on !plain@
@@
- struct work_struct
+ struct wpool_tracked_task

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
