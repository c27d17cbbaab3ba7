// SPDX-License-Identifier: GPL-2.0
/// A delayed task has a timer that is set up as one that is not on a stack.
// Options: --no-includes --include-headers

virtual report

@on_stack@
identifier fn, task;
position p;
@@

fn(...)
{
<+...
(
struct wpool_delayed_task task@p;
|
struct wpool_delayed_task task@p = ...;
|
struct wpool_delayed_task task@p[...];
)
...+>
}

@script:python depends on report@
p << on_stack.p;
@@

for each in p:
    coccilib.report.print_report(each, "a delayed task on a stack")
