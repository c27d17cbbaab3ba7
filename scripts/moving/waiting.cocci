// SPDX-License-Identifier: GPL-2.0
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
+ wpool_cancel_sync(MEMBER_OF(E))
|
- cancel_delayed_work(E)
+ wpool_cancel(MEMBER_OF(E))
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
