# SPDX-License-Identifier: GPL-2.0
"""The calls of workqueues and of kthread_worker, and where their arguments are."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
    what: str
    work: int = None  # which argument is the work
    queue: int = None  # and the queue
    left: str = ""  # why it is always left for a human


def _kinds(what, names, **kwargs):
    return {name: Kind(what, **kwargs) for name in names.split()}


# What puts a work into a queue: at once, or after a delay.
QUEUEING = ("queue", "delay")
_DELAYED_ON = "work is queued on a certain CPU (--any-cpu: on any)"
_DELAYED_NOW = "a pool cannot begin a delayed task at once and wait for that run only"

CALLS = {
    **_kinds("init", "INIT_WORK kthread_init_work INIT_WORK_ONSTACK", work=0),
    **_kinds("init", "INIT_DELAYED_WORK INIT_DEFERRABLE_WORK kthread_init_delayed_work", work=0),
    **_kinds("static", "DECLARE_WORK DEFINE_KTHREAD_WORK", work=0),
    **_kinds("static delayed", "DECLARE_DELAYED_WORK DECLARE_DEFERRABLE_WORK "
             "DEFINE_KTHREAD_DELAYED_WORK", work=0),
    **_kinds("queue", "queue_work kthread_queue_work", queue=0, work=1),
    **_kinds("queue", "schedule_work", work=0),
    **_kinds("delay", "queue_delayed_work kthread_queue_delayed_work", queue=0, work=1),
    **_kinds("delay", "schedule_delayed_work", work=0),
    **_kinds("delay", "mod_delayed_work kthread_mod_delayed_work", queue=0, work=1),
    **_kinds("queue", "queue_work_on", queue=1, work=2, left=_DELAYED_ON),
    **_kinds("delay", "queue_delayed_work_on mod_delayed_work_on", queue=1, work=2,
             left=_DELAYED_ON),
    **_kinds("queue", "schedule_work_on", work=1, left=_DELAYED_ON),
    **_kinds("delay", "schedule_delayed_work_on", work=1, left=_DELAYED_ON),
    **_kinds("queue", "queue_work_node", queue=1, work=2,
             left="a pool belongs to a node as a whole: &wpool_attrs.node"),
    **_kinds("wait", "flush_work kthread_flush_work", work=0),
    **_kinds("wait", "flush_delayed_work", work=0, left=_DELAYED_NOW),
    **_kinds("cancel_sync", "cancel_work_sync kthread_cancel_work_sync "
             "cancel_delayed_work_sync kthread_cancel_delayed_work_sync", work=0),
    **_kinds("cancel", "cancel_work cancel_delayed_work", work=0),
    **_kinds("pending", "work_pending delayed_work_pending", work=0),
    **_kinds("stack", "destroy_work_on_stack", work=0),
    **_kinds("flush", "flush_workqueue drain_workqueue kthread_flush_worker", queue=0),
    **_kinds("destroy", "destroy_workqueue kthread_destroy_worker", queue=0),
    **_kinds("create", "alloc_workqueue alloc_ordered_workqueue create_workqueue "
             "create_singlethread_workqueue create_freezable_workqueue "
             "kthread_create_worker kthread_run_worker"),
    **_kinds("wait", "work_busy", work=0, left="a task that may be freed by its function cannot "
             "be asked whether it runs"),
    **_kinds("other", "INIT_DELAYED_WORK_ONSTACK INIT_DEFERRABLE_WORK_ONSTACK "
             "destroy_delayed_work_on_stack", work=0,
             left="a delayed task is not on the stack"),
    **_kinds("other", "INIT_RCU_WORK queue_rcu_work flush_rcu_work",
             left="no task waits for an RCU grace period: call_rcu() and submit there"),
    **_kinds("other", "workqueue_set_max_active", queue=0,
             left="wpool_resize() counts for all CPUs together"),
    **_kinds("other", "workqueue_congested", queue=0,
             left="wpool_stats() has the numbers"),
    **_kinds("other", "alloc_workqueue_attrs apply_workqueue_attrs free_workqueue_attrs",
             left="attributes of threads are in struct wpool_attrs, when the pool is made"),
    **_kinds("other", "enable_work disable_work disable_work_sync enable_delayed_work "
             "disable_delayed_work disable_delayed_work_sync", work=0,
             left="no single task is disabled: wpool_pause() is for a pool"),
    **_kinds("other", "enable_and_queue_work", queue=0, work=1,
             left="no single task is disabled: wpool_pause() is for a pool"),
    **_kinds("other", "current_work set_worker_desc current_is_workqueue_rescuer",
             left="wpool_current() says in which pool a task runs"),
    **_kinds("other", "schedule_on_each_cpu execute_in_process_context",
             left="not of a queue of the module's own"),
    **_kinds("other", "flush_scheduled_work",
             left="a flush of a pool that all modules share"),
    **_kinds("other", "kthread_create_worker_on_cpu kthread_run_worker_on_cpu",
             left="a thread on one CPU: &wpool_attrs.cpumask"),
    **_kinds("other", "kthread_init_worker DEFINE_KTHREAD_WORKER",
             left="a worker whose thread the module makes itself"),
}

SYSTEM = {"system_wq", "system_long_wq", "system_unbound_wq", "system_power_efficient_wq",
          "system_percpu_wq", "system_dfl_wq"}
# These are not as the default pool is.
SYSTEM_OTHER = {"system_highpri_wq", "system_freezable_wq",
                "system_freezable_power_efficient_wq", "system_bh_wq", "system_bh_highpri_wq"}
CREATORS = [name for name, kind in CALLS.items() if kind.what == "create"]
