// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: which acts do not begin while which others are in flight, by contract.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include "torture_arena.h"

struct rule {
	enum tort_act	act;		/* does not begin */
	unsigned int	first, last;	/* while these are in flight */
	const char	*why;
};

#define POLICY_OF_ANOTHER "a pool has one policy"
#define NOT_TERMINATED	"only a terminated pool is opened again, without a task, worker or hook"
#define NOT_AT_END	"terminated is called when no task and no worker is left, and no other hook"
#define ONE_THREAD	"the hooks of the dead are called by one thread"
#define CLOSED_FIRST	"a pool that is closed refuses before its policy is asked"
#define ONE_CPU		"the kernel has one CPU at a time go or come"

/* Of policies a pool has one; what runs in its caller may be of any. */
static const struct rule rules[] = {
	{ ACT_BLOCK, ACT_FAIL, ACT_DISCARD_OLDEST, POLICY_OF_ANOTHER },
	{ ACT_FAIL, ACT_CALLER_RUNS, ACT_DISCARD_OLDEST, POLICY_OF_ANOTHER },
	{ ACT_CALLER_RUNS, ACT_FAIL, ACT_FAIL, POLICY_OF_ANOTHER },
	{ ACT_CALLER_RUNS, ACT_DISCARD, ACT_DISCARD_OLDEST, POLICY_OF_ANOTHER },
	{ ACT_DISCARD, ACT_FAIL, ACT_CALLER_RUNS, POLICY_OF_ANOTHER },
	{ ACT_DISCARD, ACT_DISCARD_OLDEST, ACT_DISCARD_OLDEST, POLICY_OF_ANOTHER },
	{ ACT_DISCARD_OLDEST, ACT_FAIL, ACT_DISCARD, POLICY_OF_ANOTHER },
	{ ACT_HOTPLUG, ACT_HOTPLUG, ACT_HOTPLUG, ONE_CPU },
};

/* Does it go on only where a task, a worker or a hook is? */
static bool needs_life(unsigned int what)
{
	switch (what) {
	case ACT_CALLER_RUNS:
	case ACT_WAIT_INSIDE:
	case ACT_GROUP_WAIT_INSIDE:
		return true;
	default:
		return what >= ACT_STACK_TASK;
	}
}

static bool is_hook(unsigned int what, enum tort_hook hook)
{
	return what >= tort_hook_act(hook, 0) && what < tort_hook_act(hook + 1, 0);
}

/* NULL, or why the one is not begun while the other is in flight, whatever the kernel. */
const char *tort_pair_rule(unsigned int act, unsigned int flight)
{
	bool alive = needs_life(flight) || flight == ACT_BLOCK;
	const struct rule *rule;

	if (act == ACT_RESTART && alive)
		return NOT_TERMINATED;
	if (is_hook(act, TORT_HOOK_TERMINATED) && alive)
		return NOT_AT_END;
	/* That hook may die itself. */
	if (is_hook(flight, TORT_HOOK_TERMINATED) && needs_life(act) &&
	    (act != ACT_DEATH ||
	     flight != tort_hook_act(TORT_HOOK_TERMINATED, TORT_MOOD_DIES)))
		return NOT_AT_END;
	if (is_hook(flight, TORT_HOOK_TERMINATED) &&
	    act >= ACT_BLOCK && act <= ACT_DISCARD_OLDEST)
		return CLOSED_FIRST;
	if (is_hook(flight, TORT_HOOK_TASK_OOPS) && is_hook(act, TORT_HOOK_TASK_OOPS))
		return ONE_THREAD;
	for (rule = rules; rule < rules + ARRAY_SIZE(rules); rule++) {
		if (act == rule->act && flight >= rule->first && flight <= rule->last)
			return rule->why;
	}
	return NULL;
}

/* NULL, or why it is not done on this kernel, with these parameters. */
const char *tort_act_why_not(unsigned int what)
{
	if (what >= ACT_HOOK && what < NR_ACTS)
		return tort_hook_why_not((what - ACT_HOOK) / TORT_NR_MOODS,
					 (what - ACT_HOOK) % TORT_NR_MOODS);
	switch (what) {
	case ACT_HOTPLUG:
		return tort_has_hotplug() ? NULL : "no CPU goes or comes here";
	case ACT_SETTING:
		return tort_has_settings() ? NULL : "sysfs is not mounted here";
	case ACT_DEATH:
		return tort_kill ? NULL : "nobody is to die";
	default:
		return NULL;
	}
}

bool tort_act_here(enum tort_act act)
{
	return !tort_act_why_not(act);
}

/* NULL if the pair must be met. */
const char *tort_pair_why_not(unsigned int act, unsigned int flight)
{
	return tort_pair_rule(act, flight) ?: tort_act_why_not(act) ?: tort_act_why_not(flight);
}
