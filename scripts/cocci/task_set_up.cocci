// SPDX-License-Identifier: GPL-2.0
/// A task is set up by wpool_task_init() or DEFINE_WPOOL_TASK(), which see whether it lies on a
/// stack, and who its owner is.
// Options: --no-includes --include-headers

virtual report

@by_hand@
identifier fn != __wpool_task_init;
initializer list is;
position p;
@@

fn(...)
{
<+...
  (struct wpool_task@p) { is }
...+>
}

@defined@
identifier task;
initializer i;
position p;
@@

struct wpool_task task@p = i;

@script:python depends on report@
p << by_hand.p;
@@

for each in p:
    coccilib.report.print_report(each, "a task that is not set up by wpool_task_init()")

@script:python depends on report@
p << defined.p;
@@

for each in p:
    coccilib.report.print_report(each, "a task that is not defined by DEFINE_WPOOL_TASK()")
