// SPDX-License-Identifier: GPL-2.0
/// Who goes along a list of a pool under its lock counts the steps, so that a hold that may
/// grow without bound is found out: see core/lock_hold.h.
// Options: --no-includes --include-headers

virtual report

@counted@
iterator name list_for_each_entry, list_for_each_entry_safe;
identifier list =~ "^(workers|idle|blocked|again|held|delayed|flushers|drainers|drained)$";
expression e, n, pool;
identifier node;
position p;
@@

(
list_for_each_entry@p(e, &pool->list, node) { <+... hold_step(...) ...+> }
|
list_for_each_entry_safe@p(e, n, &pool->list, node) { <+... hold_step(...) ...+> }
)

// The manager alone lets workers begin and frees them, and goes over them without the lock.
@walked@
identifier fn != {begin_backoff, look_at_workers, report_rest, report_awaited};
iterator name list_for_each_entry, list_for_each_entry_safe;
identifier list =~ "^(workers|idle|blocked|again|held|delayed|flushers|drainers|drained)$";
expression e, n, pool;
identifier node;
statement S;
position p != counted.p;
@@

fn(...)
{
<+...
(
list_for_each_entry@p(e, &pool->list, node) S
|
list_for_each_entry_safe@p(e, n, &pool->list, node) S
)
...+>
}

@script:python depends on report@
p << walked.p;
@@

for each in p:
    coccilib.report.print_report(each, "a list of a pool, with no hold_step() for each entry")
