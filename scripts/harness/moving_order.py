# SPDX-License-Identifier: GPL-2.0
"""Delays of 0, which are a tick in a pool, and queues whose order that may change."""
import re

from harness import moving_queues
from harness.csource import last_word

QUEUEING = ("queue", "delay")
TIMES = r"(?:msecs|usecs|nsecs|secs)_to_jiffies|round_jiffies_relative|min|max"


def queues(survey):
    """The names of those that run one work at a time."""
    names = set()
    for site in survey.sites:
        into = re.search(r"([\w.>\-\[\]]+)\s*=\s*$", site.source.code[:site.call.start][-200:])
        if site.what == "create" and into and not moving_queues.why_left(
                site.call, site.source.code):
            _, flags, active, _ = moving_queues.parts_of(site.call)
            if not moving_queues.capacity_of(flags, active):
                names.add(last_word(into[1]))
    return names


def delay_of(survey, site):
    """0, "some" for a constant, or "any"."""
    if site.what == "queue":
        return 0 if survey.in_delayed(site.work) else None
    delay = site.call.args[-1]
    if re.fullmatch(r"0[uUlL]*", delay):
        return 0
    words = re.sub(rf"\b(?:{TIMES})\b", "", delay)
    return "any" if re.search(r"[a-z_]\w*", words) else "some"


def shared(survey, site):
    """Is its queue an ordered one, in which other works may come just after it?"""
    queue, work = last_word(site.queue), survey.work_of(site)
    return queue in survey.ordered and any(
        last_word(other.queue) == queue and not survey.work_of(other).may_be(work)
        and delay_of(survey, other) != "some"
        for other in survey.sites if other.what in QUEUEING)


def inverts(survey, site):
    return delay_of(survey, site) == 0 and shared(survey, site)


def note(survey, site):
    """What a human is to know of its delay, or nothing."""
    delay = delay_of(survey, site)
    if delay == 0:
        return "a delay of 0 is a tick"
    if delay == "any" and shared(survey, site):
        return "if this delay is 0 it is a tick, and what is queued meanwhile comes first"
    return ""
