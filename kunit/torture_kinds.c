// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what was exercised, and how often.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include "torture.h"

static const char * const kind_names[] = {
	[TORT_SCHEDULE]		= "schedule",
	[TORT_TRY_SCHEDULE]	= "try_schedule",
	[TORT_SCHEDULE_TIMEOUT]	= "schedule_timeout",
	[TORT_SCHEDULE_FN]	= "schedule_fn",
	[TORT_TRY_SCHEDULE_FN]	= "try_schedule_fn",
	[TORT_BATCH]		= "batch",
	[TORT_RUN]		= "run",
	[TORT_RUN_TIMEOUT]	= "run_timeout",
	[TORT_KEYED]		= "keyed",
	[TORT_DELAYED]		= "delayed",
	[TORT_GROUP_SCHEDULE]	= "group_schedule",
	[TORT_GROUP_KEYED]	= "group_keyed",
	[TORT_GROUP_SCHEDULE_FN] = "group_schedule_fn",
	[TORT_SET_SCHEDULE]	= "set_schedule",
	[TORT_SET_TRY_SCHEDULE]	= "set_try_schedule",
	[TORT_PROCESS]		= "process",
	[TORT_SOFTIRQ]		= "softirq",
	[TORT_HARDIRQ]		= "hardirq",
	[TORT_IRQS_OFF]		= "irqs_off",
	[TORT_IN_TASK]		= "in_task",
	[TORT_DETACHED]		= "detached",
	[TORT_SELF_FREEING]	= "self_freeing",
	[TORT_SELF_IN_SET]	= "self_freeing_in_set",
	[TORT_SELF_AGAIN]	= "self_freeing_again",
	[TORT_PRIORITY]		= "priority",
	[TORT_ORDERED_CHECK]	= "in_order",
	[TORT_RESUBMIT]		= "resubmit",
	[TORT_SHARED_SUBMIT]	= "shared_submit",
	[TORT_STOPPED]		= "stopped",
	[TORT_SLOW]		= "slow",
	[TORT_OVERDUE]		= "overdue",
	[TORT_NESTED]		= "nested",
	[TORT_DEATH]		= "death",
	[TORT_NESTED_DEATH]	= "nested_death",
	[TORT_FULL_BLOCK]	= "block",
	[TORT_FULL_FAIL]	= "fail",
	[TORT_CALLER_RUNS]	= "caller_runs",
	[TORT_FULL_DISCARD]	= "discard",
	[TORT_FULL_DISCARD_OLDEST] = "discard_oldest",
	[TORT_CANCEL]		= "cancel",
	[TORT_CANCELLED]	= "cancelled",
	[TORT_CANCEL_SYNC]	= "cancel_sync",
	[TORT_CANCEL_DELAYED]	= "cancel_delayed",
	[TORT_MODIFY_DELAYED]	= "modify_delayed",
	[TORT_PERIODIC]		= "periodic",
	[TORT_WAIT]		= "wait",
	[TORT_WAIT_TIMEOUT]	= "wait_timeout",
	[TORT_WAIT_SHARED]	= "wait_shared",
	[TORT_WAIT_INSIDE]	= "wait_inside",
	[TORT_QUERY]		= "query",
	[TORT_GROUP_WAIT]	= "group_wait",
	[TORT_GROUP_WAIT_TIMEOUT] = "group_wait_timeout",
	[TORT_GROUP_CANCEL]	= "group_cancel",
	[TORT_GROUP_FAIL_FAST]	= "group_fail_fast",
	[TORT_GROUP_INSIDE]	= "group_inside",
	[TORT_CREATE]		= "create",
	[TORT_CREATE_SET]	= "create_set",
	[TORT_DESTROY]		= "destroy",
	[TORT_DESTROY_RACE]	= "destroy_race",
	[TORT_DESTROY_INSIDE]	= "destroy_inside",
	[TORT_SHUTDOWN]		= "shutdown",
	[TORT_SHUTDOWN_NOW]	= "shutdown_now",
	[TORT_AWAIT]		= "await",
	[TORT_RESTART]		= "restart",
	[TORT_FLUSH]		= "flush",
	[TORT_DRAIN]		= "drain",
	[TORT_RESIZE]		= "resize",
	[TORT_PAUSE]		= "pause",
	[TORT_PRESTART]		= "prestart",
	[TORT_SETTING]		= "setting",
	[TORT_STATS]		= "stats",
	[TORT_FIND]		= "find",
	[TORT_REST]		= "rest",
	[TORT_RELEASE]		= "release",
	[TORT_SCENE_CONSERVE]	= "scene_conserve",
	[TORT_SCENE_START_ORDER] = "scene_start_order",
	[TORT_SCENE_HANDBACK]	= "scene_handback",
	[TORT_SCENE_PRIORITY]	= "scene_priority",
	[TORT_SCENE_DISCARD]	= "scene_discard",
	[TORT_SCENE_BARRIER]	= "scene_barrier",
	[TORT_SCENE_KILL]	= "scene_kill",
	[TORT_SCENE_DEPEND]	= "scene_depend",
	[TORT_SCENE_THREADS]	= "scene_depend_threads",
	[TORT_ROUND]		= "round",
	[TORT_DUEL]		= "duel",
	[TORT_KILL]		= "kill",
	[TORT_FAIL_ALLOC]	= "fail_alloc",
	[TORT_FAIL_SPAWN]	= "fail_spawn",
	[TORT_HOTPLUG]		= "hotplug",
	[TORT_FREEZE]		= "freeze",
	[TORT_BURST]		= "burst",
	[TORT_RET_EAGAIN]	= "EAGAIN",
	[TORT_RET_EBUSY]	= "EBUSY",
	[TORT_RET_ESHUTDOWN]	= "ESHUTDOWN",
	[TORT_RET_EDEADLK]	= "EDEADLK",
	[TORT_RET_ETIMEDOUT]	= "ETIMEDOUT",
	[TORT_RET_EINTR]	= "EINTR",
	[TORT_RET_ECANCELED]	= "ECANCELED",
	[TORT_RET_EOWNERDEAD]	= "EOWNERDEAD",
};

static_assert(ARRAY_SIZE(kind_names) == TORT_NR_KINDS);

atomic64_t tort_counts[TORT_NR_KINDS];

void tort_print_counts(void)
{
	unsigned int i;

	for (i = 0; i < TORT_NR_KINDS; i++)
		pr_info("count %s %lld\n", kind_names[i], atomic64_read(&tort_counts[i]));
}

/* On this kernel, and with these parameters. */
static bool is_possible(enum tort_kind kind)
{
	switch (kind) {
	case TORT_DEATH:
	case TORT_NESTED_DEATH:
	case TORT_RET_EOWNERDEAD:
		return tort_kill;
	case TORT_FAIL_ALLOC:
		return tort_fail_alloc;
	case TORT_FAIL_SPAWN:
		return tort_has_fail_spawn();
	case TORT_HOTPLUG:
		return tort_has_hotplug();
	case TORT_FREEZE:
		return tort_has_freezer();
	case TORT_SETTING:
		return tort_has_settings();
	default:
		return true;
	}
}

/* A test that does not do what it claims to is a failure. */
void tort_check_exercised(void)
{
	unsigned int i;

	for (i = 0; i < TORT_NR_KINDS; i++)
		tort_check(!is_possible(i) || atomic64_read(&tort_counts[i]),
			   "never exercised: %s", kind_names[i]);
}
