// SPDX-License-Identifier: GPL-2.0
// From a workqueue, or a kthread_worker, to a pool. Run by scripts/from-workqueue, which looks at
// all files of the module first, hides what is not to be changed, and hands over what it has found
// out (see "facts" in scripts/harness/moving.py); it also translates the calls that make a queue,
// and the heads and returns of work functions. The files beside this one are joined to one semantic
// patch, this one first: see PARTS there.
//
// A task is called with a pointer to itself. So a work function keeps its container_of().
virtual blocking

@initialize:python@
@@
import json
import os
import re

from harness.csource import last_word

with open(os.environ["WPOOL_MOVING_FACTS"], encoding="utf-8") as facts_file:
    FACTS = json.load(facts_file)

def named(kind, expression):
    return last_word(expression) in FACTS[kind]

def is_queue(expression):
    return bool(re.fullmatch(r"[\w.>\-\s\[\]]+", expression)) and named("queues", expression)

def is_default(expression):
    return expression.strip() in FACTS["system"]
