// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: which pairs of acts were met.
 *
 * The pair "B while A" is met when B begins on a pool where A is in flight. What is
 * in flight is counted by who does it, in its pool: up before the call, and down when
 * it has returned. Of what ends where nobody of ours is, wpool itself is
 * asked: a worker that dies, a submitter that is blocked, a pool that is shut down but
 * not at its end; and a task that waits in the queue, if its memory is ours.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include "torture.h"
#include "torture_arena.h"

static const char * const act_names[ACT_HOOK] = {
	[ACT_SCHEDULE]		= "schedule",
	[ACT_TRY]		= "try_schedule",
	[ACT_TIMEOUT]		= "schedule_timeout",
	[ACT_FN]		= "schedule_fn",
	[ACT_TRY_FN]		= "try_schedule_fn",
	[ACT_BATCH]		= "batch",
	[ACT_KEYED]		= "keyed",
	[ACT_DELAYED]		= "delayed",
	[ACT_GROUP]		= "group",
	[ACT_GROUP_FN]		= "group_fn",
	[ACT_RUN]		= "run",
	[ACT_RUN_TIMEOUT]	= "run_timeout",
	[ACT_BLOCK]		= "full:block",
	[ACT_FAIL]		= "full:fail",
	[ACT_CALLER_RUNS]	= "full:caller_runs",
	[ACT_DISCARD]		= "full:discard",
	[ACT_DISCARD_OLDEST]	= "full:discard_oldest",
	[ACT_WAIT]		= "wait",
	[ACT_WAIT_INSIDE]	= "wait_inside",
	[ACT_WAIT_TIMEOUT]	= "wait_timeout",
	[ACT_GROUP_WAIT]	= "group_wait",
	[ACT_GROUP_WAIT_INSIDE]	= "group_wait_inside",
	[ACT_GROUP_WAIT_TIMEOUT] = "group_wait_timeout",
	[ACT_FLUSH]		= "flush",
	[ACT_DRAIN]		= "drain",
	[ACT_AWAIT]		= "await",
	[ACT_CANCEL]		= "cancel",
	[ACT_CANCEL_SYNC]	= "cancel_sync",
	[ACT_CANCEL_DELAYED]	= "cancel_delayed",
	[ACT_MODIFY_DELAYED]	= "modify_delayed",
	[ACT_GROUP_CANCEL]	= "group_cancel",
	[ACT_RESIZE]		= "resize",
	[ACT_PAUSE]		= "pause",
	[ACT_PRESTART]		= "prestart",
	[ACT_SHUTDOWN]		= "shutdown",
	[ACT_SHUTDOWN_NOW]	= "shutdown_now",
	[ACT_RESTART]		= "restart",
	[ACT_DESTROY]		= "destroy",
	[ACT_HOTPLUG]		= "hotplug",
	[ACT_BACK_WAIT]		= "back:wait",
	[ACT_BACK_CANCEL]	= "back:cancel",
	[ACT_BACK_FREE]		= "back:free",
	[ACT_BACK_SUBMIT]	= "back:submit",
	[ACT_STACK_TASK]	= "stack:task",
	[ACT_STACK_KEYED]	= "stack:keyed",
	[ACT_STACK_GROUP]	= "stack:group",
	[ACT_DEPEND]		= "depend",
	[ACT_DEATH]		= "death",
};

static const char * const hook_names[TORT_NR_HOOKS] = {
	[TORT_HOOK_WORKER_START]	= "worker_start",
	[TORT_HOOK_WORKER_STOP]		= "worker_stop",
	[TORT_HOOK_TASK_BEGIN]		= "task_begin",
	[TORT_HOOK_TASK_END]		= "task_end",
	[TORT_HOOK_TASK_OOPS]		= "task_oops",
	[TORT_HOOK_TERMINATED]		= "terminated",
};

static const char * const mood_names[TORT_NR_MOODS] = {
	[TORT_MOOD_SLEEPS]	= "sleeps",
	[TORT_MOOD_DIES]	= "dies",
	[TORT_MOOD_CALLS]	= "calls",
};

static unsigned int met[NR_ACTS][NR_FLIGHTS];

/* --- which cannot be --------------------------------------------------------- */

/*
 * Items of the issue that are not mended yet: what is known to break because of
 * them is not done. By and by this list becomes empty, and goes.
 */
static const unsigned int unmended[] = {
	1, 2, 3, 4, 11,
};

static unsigned int dare;
module_param(dare, uint, 0444);
MODULE_PARM_DESC(dare, "A bit for each item to be tried nevertheless (default 0)");

bool tort_mended(unsigned int item)
{
	unsigned int i;

	if (dare & BIT(item))
		return true;
	for (i = 0; i < ARRAY_SIZE(unmended); i++) {
		if (unmended[i] == item)
			return false;
	}
	return true;
}

struct rule {
	enum tort_act	act;		/* does not begin */
	unsigned int	first, last;	/* while these are in flight */
	const char	*why;
};

#define POLICY_OF_ANOTHER "a pool has one policy"
#define NOT_TERMINATED	"only a terminated pool is opened again: it has no task, worker or hook"

/* Whatever kernel, whatever parameters. */
static const struct rule rules[] = {
	{ ACT_BLOCK, ACT_FAIL, ACT_DISCARD_OLDEST, POLICY_OF_ANOTHER },
	{ ACT_FAIL, ACT_CALLER_RUNS, ACT_DISCARD_OLDEST, POLICY_OF_ANOTHER },
	{ ACT_CALLER_RUNS, ACT_FAIL, ACT_FAIL, POLICY_OF_ANOTHER },
	{ ACT_CALLER_RUNS, ACT_DISCARD, ACT_DISCARD_OLDEST, POLICY_OF_ANOTHER },
	{ ACT_DISCARD, ACT_FAIL, ACT_CALLER_RUNS, POLICY_OF_ANOTHER },
	{ ACT_DISCARD, ACT_DISCARD_OLDEST, ACT_DISCARD_OLDEST, POLICY_OF_ANOTHER },
	{ ACT_DISCARD_OLDEST, ACT_FAIL, ACT_DISCARD, POLICY_OF_ANOTHER },
	{ ACT_RESTART, TASK_OF(0), TASK_OF(NR_WAYS - 1), NOT_TERMINATED },
	{ ACT_RESTART, ACT_BLOCK, ACT_BLOCK, NOT_TERMINATED },
	{ ACT_RESTART, ACT_CALLER_RUNS, ACT_CALLER_RUNS, NOT_TERMINATED },
	{ ACT_RESTART, ACT_WAIT_INSIDE, ACT_WAIT_INSIDE, NOT_TERMINATED },
	{ ACT_RESTART, ACT_GROUP_WAIT_INSIDE, ACT_GROUP_WAIT_INSIDE, NOT_TERMINATED },
	{ ACT_RESTART, ACT_STACK_TASK, NR_ACTS - 1, NOT_TERMINATED },
};

/* On this kernel, with these parameters, and as long as something is not mended. */
static const char *why_not_here(unsigned int what)
{
	if (what >= ACT_HOOK && what < NR_ACTS)
		return tort_hook_why_not((what - ACT_HOOK) / TORT_NR_MOODS,
					 (what - ACT_HOOK) % TORT_NR_MOODS);
	switch (what) {
	case ACT_HOTPLUG:
		return tort_has_hotplug() ? NULL : "no CPU goes or comes here";
	case ACT_DEATH:
		return tort_kill ? NULL : "nobody is to die";
	case ACT_DEPEND:
		return tort_mended(0) ? NULL : "item 0: tasks in hands";
	case ACT_GROUP_WAIT_INSIDE:
		return tort_mended(11) ? NULL : "item 11: who waits for a group is not asleep";
	case ACT_STACK_GROUP:
	case ACT_STACK_KEYED:
		return tort_mended(1) ? NULL : "item 1: dead stacks";
	case ACT_STACK_TASK:
		return tort_mended(2) ? NULL : "item 2: a refused wait";
	case ACT_BACK_WAIT:
	case ACT_BACK_CANCEL:
	case ACT_BACK_FREE:
	case ACT_BACK_SUBMIT:
		return tort_mended(6) ? NULL : "item 6: what is handed back";
	default:
		return NULL;
	}
}

bool tort_act_here(enum tort_act act)
{
	return !why_not_here(act);
}

static const char *why_by_rule(unsigned int act, unsigned int flight)
{
	const struct rule *rule;

	for (rule = rules; rule < rules + ARRAY_SIZE(rules); rule++) {
		if (act == rule->act && flight >= rule->first && flight <= rule->last)
			return rule->why;
	}
	return NULL;
}

/* NULL if the pair is to be met. */
static const char *why_never(unsigned int act, unsigned int flight)
{
	return why_by_rule(act, flight) ?: why_not_here(act) ?: why_not_here(flight);
}

/* --- what is in flight --------------------------------------------------------- */

/**
 * tort_in_flight() - what is in flight on a pool at this moment
 * @tp: the pool
 * @seen: gets a bit for each
 *
 * Context: Any.
 */
void tort_in_flight(struct tort_pool *tp, unsigned long *seen)
{
	struct wpool_stats stats;
	unsigned int i;

	bitmap_zero(seen, NR_FLIGHTS);
	for (i = 0; i < NR_FLIGHTS; i++) {
		if (atomic_read(&tp->flights.count[i]))
			__set_bit(i, seen);
	}
	/* It may be about to find room, so only if wpool says so. */
	__clear_bit(ACT_BLOCK, seen);
	tort_arena_queued(tp, seen);
	wpool_stats(tp->pools[0], &stats);
	if (stats.count[WPOOL_STAT_BLOCKED])
		__set_bit(ACT_BLOCK, seen);
	if (stats.count[WPOOL_STAT_DIED] < atomic64_read(&tp->flights.deaths))
		__set_bit(ACT_DEATH, seen);
	/* A shutdown goes on until the pool has come to its end. */
	if (stats.state == WPOOL_STATE_SHUTDOWN)
		__set_bit(ACT_SHUTDOWN, seen);
	if (stats.state == WPOOL_STATE_STOP)
		__set_bit(ACT_SHUTDOWN_NOW, seen);
}

static void count(const struct tort_mark *mark)
{
	unsigned int i;

	for_each_set_bit(i, mark->seen, NR_FLIGHTS) {
		WRITE_ONCE(met[mark->act][i], READ_ONCE(met[mark->act][i]) + 1);
		tort_check(!why_by_rule(mark->act, i), "%s: %s while %s: yet %s",
			   mark->tp->name, tort_act_name(mark->act), tort_act_name(i),
			   why_by_rule(mark->act, i));
	}
}

/**
 * tort_begin_maybe() - an act begins that may turn out to be none
 * @ctx: of who does it, or NULL
 * @mark: on its stack, until tort_end_maybe()
 * @tp: where; of a set it is not known in which of its pools, so it is not counted
 * @act: which
 *
 * Context: Any.
 */
void tort_begin_maybe(struct tort_ctx *ctx, struct tort_mark *mark,
		      struct tort_pool *tp, enum tort_act act)
{
	mark->tp = tp->n == 1 && !tp->is_default ? tp : NULL;
	mark->act = act;
	mark->outer = NULL;
	if (!mark->tp)
		return;
	tort_in_flight(tp, mark->seen);
	atomic_inc(&tp->flights.count[act]);
	if (ctx && ctx->frame) {
		mark->outer = ctx->frame->marks;
		ctx->frame->marks = mark;
	}
	tort_arena_beat(ctx, tp, act);
}

void tort_begin(struct tort_ctx *ctx, struct tort_mark *mark, struct tort_pool *tp,
		enum tort_act act)
{
	tort_begin_maybe(ctx, mark, tp, act);
	if (mark->tp)
		count(mark);
}

void tort_end(struct tort_ctx *ctx, struct tort_mark *mark)
{
	if (!mark->tp)
		return;
	if (ctx && ctx->frame)
		ctx->frame->marks = mark->outer;
	atomic_dec(&mark->tp->flights.count[mark->act]);
}

/**
 * tort_end_maybe() - an act has ended, or was none
 * @ctx: as for tort_begin_maybe()
 * @mark: likewise
 * @happened: what it was
 *
 * Context: Any.
 */
void tort_end_maybe(struct tort_ctx *ctx, struct tort_mark *mark, bool happened)
{
	if (mark->tp && happened)
		count(mark);
	tort_end(ctx, mark);
}

/* A task that came by this way begins. Context: Any. */
void tort_fly(struct tort_pool *tp, enum tort_act way)
{
	if (way < NR_WAYS)
		atomic_inc(&tp->flights.count[TASK_OF(way)]);
}

/* It ends. Context: Any. */
void tort_land(struct tort_pool *tp, enum tort_act way)
{
	if (way < NR_WAYS)
		atomic_dec(&tp->flights.count[TASK_OF(way)]);
}

/* --- steering ---------------------------------------------------------------------- */

/* How much is gained by beginning this while that is in flight. */
unsigned int tort_wanted(enum tort_act act, const unsigned long *seen)
{
	unsigned int i, gain = 0;

	for_each_set_bit(i, seen, NR_FLIGHTS) {
		if (!why_never(act, i))
			gain += 64 / (1 + min(READ_ONCE(met[act][i]), 63U));
	}
	return gain;
}

/* In how many pairs it is yet to be met. */
unsigned int tort_unmet(enum tort_act act)
{
	unsigned int i, n = 0;

	for (i = 0; i < NR_FLIGHTS; i++)
		n += !READ_ONCE(met[act][i]) && !why_never(act, i);
	for (i = 0; i < NR_ACTS; i++)
		n += !READ_ONCE(met[i][act]) && !why_never(i, act);
	return n;
}

/* --- the account -------------------------------------------------------------------- */

/* Of an act, or of a task by its way. */
const char *tort_act_name(unsigned int what)
{
	static char names[NR_FLIGHTS - ACT_HOOK][28];
	static bool named;
	unsigned int i;

	if (!named) {
		for (i = 0; i < TORT_NR_HOOKS * TORT_NR_MOODS; i++)
			snprintf(names[i], sizeof(names[i]), "%s:%s",
				 hook_names[i / TORT_NR_MOODS],
				 mood_names[i % TORT_NR_MOODS]);
		for (i = 0; i < NR_WAYS; i++)
			snprintf(names[TASK_OF(i) - ACT_HOOK], sizeof(names[0]), "%s's_task",
				 act_names[i]);
		named = true;
	}
	return what < ACT_HOOK ? act_names[what] : names[what - ACT_HOOK];
}

#define LINE_MAX_LEN	100

/* The pairs of one act that were possible and not met, in lines of some length. */
static void print_missed(enum tort_act act)
{
	char line[LINE_MAX_LEN + 32];
	unsigned int i, len = 0;

	for (i = 0; i < NR_FLIGHTS; i++) {
		if (met[act][i] || why_never(act, i))
			continue;
		len += scnprintf(line + len, sizeof(line) - len, " %s", tort_act_name(i));
		if (len < LINE_MAX_LEN)
			continue;
		pr_info("pairs missed: %s while%s\n", tort_act_name(act), line);
		len = 0;
	}
	if (len)
		pr_info("pairs missed: %s while%s\n", tort_act_name(act), line);
}

static bool said_before(const char *why, const char *const *said, unsigned int n)
{
	while (n--) {
		if (said[n] == why)
			return true;
	}
	return false;
}

/* Each reason once, and how many pairs it excludes. */
static void print_excluded(void)
{
	static const char *said[ARRAY_SIZE(rules) + 8];
	unsigned int act, flight, i, k, n, nr_said = 0;
	const char *why;

	for (i = 0; i < NR_ACTS * NR_FLIGHTS; i++) {
		why = why_never(i / NR_FLIGHTS, i % NR_FLIGHTS);
		if (!why || nr_said == ARRAY_SIZE(said) || said_before(why, said, nr_said))
			continue;
		said[nr_said++] = why;
		for (n = 0, k = i; k < NR_ACTS * NR_FLIGHTS; k++) {
			act = k / NR_FLIGHTS;
			flight = k % NR_FLIGHTS;
			n += why_never(act, flight) == why;
		}
		pr_info("pairs excluded: %u: %s\n", n, why);
	}
}

/* How many of how many, which not, and why. */
void tort_print_pairs(void)
{
	unsigned int act, i, possible = 0, found = 0;

	for (act = 0; act < NR_ACTS; act++) {
		for (i = 0; i < NR_FLIGHTS; i++) {
			if (why_never(act, i))
				continue;
			possible++;
			found += !!met[act][i];
		}
		print_missed(act);
	}
	print_excluded();
	tort_print_hotplug();
	pr_info("pairs: %u of %u met\n", found, possible);
}
