// SPDX-License-Identifier: GPL-2.0
// A kthread_worker has other names for what a workqueue has.

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

@@
expression Q, E, D;
@@
(
- kthread_queue_work(Q, E)
+ queue_work(Q, E)
|
- kthread_queue_delayed_work(Q, E, D)
+ queue_delayed_work(Q, E, D)
|
- kthread_mod_delayed_work(Q, E, D)
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
