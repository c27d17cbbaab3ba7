// SPDX-License-Identifier: GPL-2.0
// Tasks are set up.

@init_detached@
expression E, F;
identifier init = {INIT_WORK_DETACHED, kthread_init_work_DETACHED};
@@
- init(E, F);
+ wpool_task_init(E, F, E);
+ wpool_task_set_detached(E);

@init_delayed_detached@
expression E, F;
identifier init = {INIT_DELAYED_WORK_DETACHED, INIT_DEFERRABLE_WORK_DETACHED,
		   kthread_init_delayed_work_DETACHED};
@@
- init(E, F);
+ wpool_delayed_task_init(E, F, E);
+ wpool_task_set_detached(MEMBER_OF(E));

@init_delayed@
expression E, F;
identifier init = {INIT_DELAYED_WORK, INIT_DEFERRABLE_WORK, kthread_init_delayed_work};
@@
- init(E, F)
+ wpool_delayed_task_init(E, F, E)

@init_task@
expression E, F;
identifier init = {INIT_WORK, INIT_WORK_ONSTACK, kthread_init_work};
@@
- init(E, F)
+ wpool_task_init(E, F, E)

// What waits for the work comes before it.
@on_stack@
expression E;
@@
- destroy_work_on_stack(E);

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
