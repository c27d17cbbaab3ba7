// SPDX-License-Identifier: GPL-2.0
/// Of what the waiters of a task are linked to only core/task_waiters.c knows, and the chain of tasks
/// that nobody needs; both go by functions of their own.
// Options: --no-includes --include-headers

virtual report

@followed@
identifier fn != {task_unchain, task_free_chain};
struct wpool_task *task;
type T;
position p;
@@

fn(...)
{
<+...
  (T *)task->waiters@p
...+>
}

@script:python depends on report@
p << followed.p;
@@

for each in p:
    coccilib.report.print_report(each, "a link of a task, followed where it is not known what it is")
