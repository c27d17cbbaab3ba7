# SPDX-License-Identifier: GPL-2.0
"""What a human should look at, though it was converted: (file, place in it, what)."""
import re

from harness import moving_queues, moving_unclear, moving_which
from harness.moving_calls import QUEUEING

FLUSHES = {"flush_workqueue", "kthread_flush_worker", "destroy_workqueue", "drain_workqueue"}
OF_A_CPU = re.compile(r"\b(?:raw_)?smp_processor_id\b|\b(?:__|raw_)?this_cpu_|\braw_cpu_|"
                      r"\bget_cpu(?:_ptr|_var)?\b")
VARIABLE = re.compile(r"\b(?!unsigned\b|int\b)[a-z_]\w*\b(?!\s*\()")


def of(survey):
    notes = []
    for key, functions in sorted(survey.functions.items()):
        for source, function in functions if key not in survey.left_functions else ():
            notes += _of_function(survey, key, source, function)
    for site in survey.sites:
        if not site.left:
            notes += [(site.source, site.call.start, what) for what in _of_site(survey, site)]
    return notes


def _inside(source, call):
    function = source.function_at(call.start)
    return function and call.start >= function.body


def _on_its_cpu(survey, key):
    """Do all works with this function go to queues that are sets with a pool for each CPU?"""
    works = [survey.work_of(site) for site in survey.sites if survey.function_of(site) == key]
    sites = [site for work in works for site in survey.queueings_of(work)]
    # With --any-cpu, what was queued on a certain CPU runs on that of the submitter.
    return sites and all(survey.queue_name(site) in survey.options.on_cpu and not
                         site.call.name.endswith("_on") for site in sites)


def _of_function(survey, key, source, function):
    name = function.name
    if OF_A_CPU.search(source.body(function)) and not _on_its_cpu(survey, key):
        yield source, function.body, (f"{name}() looks at its CPU: it runs on any CPU now, unless "
                                      "&wpool_attrs.cpumask says otherwise")
    for each in survey.sources:
        for call in each.calls({name}):
            if _inside(each, call) and survey.known.key(each, name) == key:
                yield each, call.start, f"{name}() is also called directly"
    for call in source.calls(FLUSHES, function.body, function.end):
        yield source, call.start, (f"{call.name}() in a work function: of its own pool it is "
                                   "refused with -EDEADLK")
    doubts = survey.freeing.doubts(key) if survey.waited_for(key) else []
    if doubts:
        calls = ", ".join(f"{each}()" for each in doubts)
        yield source, function.body, (f"{name}() is waited for, and gives its object, or what that holds, "
                                      f"to {calls}: may another thread free it before the function returns?")


def _of_site(survey, site):
    if site.what == "create":
        yield from _of_queue(site, moving_queues.target(site.source.code, site.call.start) in
                             survey.options.on_cpu)
    if site.work and site.what in moving_unclear.INITS and _in_several(survey, survey.work_of(site)):
        yield "it goes to several queues: " + (
            "in two pools it may run beside itself" if survey.detached(site)
            else "another pool refuses it while it runs")
    if "DEFERRABLE" in site.call.name:
        yield "the timer of a task is not deferrable: it wakes an idle CPU"
    if site.what == "init" and not survey.detached(site) and _may_run(survey, site):
        yield "set up where it is queued: not while a pool has it"
    if survey.options.blocking and site.what == "queue":
        yield "may sleep now, and fails with -EINTR if the caller is killed"


def _of_queue(site, kept):
    name, flags, active, args = moving_queues.parts_of(site.call)
    if not moving_queues.is_literal(name) or not all(map(moving_queues.is_literal, _strings(name, args))):
        yield "the name of a pool has no space and no slash"
    if re.search(r"%(?!%|(?:\.\d+)?(?:l|ll|h|z)?[duxis])", name):
        yield "how long is its name? That of a pool has at most 31 characters"
    if active != "ordered" and VARIABLE.search(active):
        yield "is max_active ever 0? That means the default of a workqueue, 256 in 6.1, and another of a pool"
    if "WQ_SYSFS" in "".join(site.call.args):
        yield "WQ_SYSFS: a pool's settings are in /sys/kernel/wpool"
    if not kept and moving_queues.capacity_of(flags, active) and "WQ_UNBOUND" not in flags:
        yield "a work ran on the CPU that queued it, and a task runs on any; how many run at " \
              "once was for each CPU, and is for all together"


def _strings(name, args):
    """The arguments that are put into a name as strings."""
    kinds = re.findall(r"%(?!%)[^a-zA-Z]*(?:l|ll|h|z)?([a-zA-Z])", name)
    return [arg for kind, arg in zip(kinds, args) if kind == "s"]


def _in_several(survey, work):
    """Is it seen to go to more than one queue, and does nobody wait for it, who would be told?"""
    queues = set().union(*(survey.which.of(site) for site in survey.queueings_of(work)))
    return len(queues - {moving_which.UNKNOWN}) > 1 and not survey.sites_of(work, *moving_unclear.AWAITING)


def _may_run(survey, site):
    """Is it set up each time that it is queued, in memory that is not new?"""
    function = site.function
    if not function or site.call.name == "INIT_WORK_ONSTACK" or re.search(
            r"__init\b|alloc\w*\(", site.source.code[function.start:function.end]):
        return False
    return any(other.function is function
               for other in survey.sites_of(survey.work_of(site), *QUEUEING))
