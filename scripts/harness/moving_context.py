# SPDX-License-Identifier: GPL-2.0
"""Contexts in which nobody sleeps, as far as the function around a call shows them."""
import re

PAIRS = [(r"(?:raw_)?(?:spin|read|write)_(?:try)?lock(?:_irqsave|_irq|_bh|_nested)?",
          r"(?:raw_)?(?:spin|read|write)_unlock(?:_irqrestore|_irq|_bh)?"),
         (r"rcu_read_lock(?:_bh|_sched)?", r"rcu_read_unlock(?:_bh|_sched)?"),
         (r"local_bh_disable", r"local_bh_enable"),
         (r"preempt_disable", r"preempt_enable"),
         (r"local_irq_(?:save|disable)", r"local_irq_(?:restore|enable)"),
         (r"get_cpu(?:_ptr|_var)?", r"put_cpu(?:_ptr|_var)?")]
CALLBACKS = {r"\birqreturn_t\b": "a handler of interrupts",
             r"\bstruct\s+timer_list\s*\*": "the function of a timer",
             r"\benum\s+hrtimer_restart\b": "the function of a timer",
             r"\bstruct\s+tasklet_struct\s*\*": "a tasklet",
             r"\bstruct\s+rcu_head\s*\*": "called by RCU",
             r"\bstruct\s+irq_work\s*\*": "an irq_work",
             r"\bstruct\s+napi_struct\s*\*": "called by NAPI",
             r"\bnetdev_tx_t\b": "a network device sends",
             r"\bend_?io\w*\(": "the end of a bio"}


def _before(source, site):
    """What has been run in this function when the call comes, without the ways out of it."""
    text = source.code[site.function.body:site.call.start]
    while True:
        done = re.sub(r"\{[^{}]*\b(?:return|goto|break|continue)\b[^{}]*\}", "", text)
        done = re.sub(r"\{([^{}]*)\}", r"\1", done)
        if done == text:
            return text
        text = done


def atomic(site):
    """Why nobody may sleep there, or nothing if that is not seen."""
    if not site.function:
        return ""
    head = site.source.code[site.function.start:site.function.body]
    for form, what in CALLBACKS.items():
        if re.search(form, head):
            return f"{site.function.name}() is {what}"
    text = _before(site.source, site)
    for opens, closes in PAIRS:
        opened = re.findall(rf"\b({opens})\s*\(", text)
        if len(opened) > len(re.findall(rf"\b(?:{closes})\s*\(", text)):
            return f"{opened[-1]}() before it"
    return ""
