// SPDX-License-Identifier: GPL-2.0
/*
 * What users call states, counters, policies and flags: in debugfs and in the module
 * parameters. These names are stable.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "names.h"

static const char * const states[] = {
	[WPOOL_STATE_RUNNING]		= "RUNNING",
	[WPOOL_STATE_SHUTDOWN]		= "SHUTDOWN",
	[WPOOL_STATE_STOP]		= "STOP",
	[WPOOL_STATE_TIDYING]		= "TIDYING",
	[WPOOL_STATE_TERMINATED]	= "TERMINATED",
};

static const char * const stats[] = {
	[WPOOL_STAT_SUBMITTED]	= "submitted",
	[WPOOL_STAT_COMPLETED]	= "completed",
	[WPOOL_STAT_CANCELLED]	= "cancelled",
	[WPOOL_STAT_DROPPED]	= "dropped",
	[WPOOL_STAT_OOPSED]	= "oopsed",
	[WPOOL_STAT_REJECTED]	= "rejected",
	[WPOOL_STAT_NESTED]	= "nested",
	[WPOOL_STAT_CALLER_RUNS] = "caller_runs",
	[WPOOL_STAT_FORCED] = "forced",
	[WPOOL_STAT_CREATED]	= "created",
	[WPOOL_STAT_EXPIRED]	= "expired",
	[WPOOL_STAT_DIED]	= "died",
	[WPOOL_STAT_SKIPPED]	= "skipped",
	[WPOOL_STAT_OVERDUE]	= "overdue",
	[WPOOL_STAT_SPINS]	= "spins",
	[WPOOL_STAT_SPINS_LOST]	= "spins_lost",
	[WPOOL_STAT_LARGEST]	= "largest",
	[WPOOL_STAT_CAPACITY]	= "capacity",
	[WPOOL_STAT_WORKERS]	= "workers",
	[WPOOL_STAT_IDLE]	= "idle",
	[WPOOL_STAT_RUNNING]	= "running",
	[WPOOL_STAT_QUEUED]	= "queued",
	[WPOOL_STAT_DELAYED]	= "delayed",
	[WPOOL_STAT_BLOCKED]	= "blocked",
};

static_assert(ARRAY_SIZE(stats) == WPOOL_NR_STATS);

static const char * const policies[] = {
	[WPOOL_FULL_BLOCK]		= "block",
	[WPOOL_FULL_FAIL]		= "fail",
	[WPOOL_FULL_CALLER_RUNS]	= "caller_runs",
	[WPOOL_FULL_DISCARD]		= "discard",
	[WPOOL_FULL_DISCARD_OLDEST]	= "discard_oldest",
};

/* By the number of the bit. */
static const char * const flags[] = {
	[ilog2(WPOOL_PREALLOC)]		= "prealloc",
	[ilog2(WPOOL_ORDERED)]		= "ordered",
	[ilog2(WPOOL_FREEZABLE)]	= "freezable",
	[ilog2(WPOOL_MEM_RECLAIM)]	= "mem_reclaim",
	[ilog2(WPOOL_KEEP_IDLE)]	= "keep_idle",
	[ilog2(WPOOL_LATENCY)]		= "latency",
	[ilog2(WPOOL_NUMBERED)]		= "numbered",
	[ilog2(WPOOL_RECURSIVE)]	= "recursive",
	[ilog2(WPOOL_ROUND_DOWN)]	= "round_down",
	[ilog2(WPOOL_NO_SYSFS)]		= "no_sysfs",
};

const char *state_name(enum wpool_state state)
{
	return states[state];
}

const char *stat_name(enum wpool_stat stat)
{
	return stats[stat];
}

/* Of a policy for a full pool. */
const char *full_name(enum wpool_full full)
{
	return policies[full];
}

/* Return: the policy, or a negative number. */
int full_by_name(const char *name)
{
	return match_string(policies, ARRAY_SIZE(policies), name);
}

/* Return: of a bit of &wpool_attrs.flags, by its number; NULL if it is none. */
const char *flag_name(unsigned int bit)
{
	return bit < ARRAY_SIZE(flags) ? flags[bit] : NULL;
}
