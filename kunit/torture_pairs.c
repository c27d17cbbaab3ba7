// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: which pairs of acts were met.
 *
 * The pair "B while A" is met when B begins on a pool where A is in flight. What is
 * in flight is counted by its caller, in its pool: up before the call, and down when
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
	[ACT_SETTING]		= "setting",
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
	[ACT_RELEASE]		= "release",
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
static u8 tried[NR_ACTS][NR_FLIGHTS];	/* how often it was chosen; that may be lost */
static atomic_t chosen;			/* of all */

#define PAIRS		(NR_ACTS * NR_FLIGHTS)
#define MOST_PATIENCE	4U

static unsigned short left[PAIRS];
static unsigned int nr_left;
module_param_array(left, ushort, &nr_left, 0444);
MODULE_PARM_DESC(left, "Pairs that runs before this one have left: they are tried first");

/* By runs before this one. */
static DECLARE_BITMAP(met_before, PAIRS);

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

/* One that may turn out to be none: the pool was not full, or not terminated. */
static struct tort_maybe *maybe_of(struct tort_pool *tp, unsigned int what)
{
	switch (what) {
	case ACT_FAIL:
		return &tp->flights.maybe[0];
	case ACT_DISCARD:
		return &tp->flights.maybe[1];
	case ACT_DISCARD_OLDEST:
		return &tp->flights.maybe[2];
	case ACT_RESTART:
		return &tp->flights.maybe[3];
	default:
		return NULL;
	}
}

/* @sure: it was then that it happened; else it may have been a little later. */
static void count_one(struct tort_pool *tp, unsigned int act, unsigned int flight, bool sure)
{
	const char *why = tort_pair_rule(act, flight);

	tort_check(!sure || !why, "%s: %s while %s: yet %s", tp->name, tort_act_name(act),
		   tort_act_name(flight), why);
	if (!why)
		WRITE_ONCE(met[act][flight], READ_ONCE(met[act][flight]) + 1);
}

static void count(const struct tort_mark *mark, bool sure)
{
	struct tort_maybe *maybe;
	unsigned int i;

	for_each_set_bit(i, mark->seen, NR_FLIGHTS) {
		maybe = maybe_of(mark->tp, i);
		if (!maybe) {
			count_one(mark->tp, mark->act, i, sure);
			continue;
		}
		/* That counts it as it ends, unless it has ended already. */
		set_bit(mark->act, maybe->begun);
		if (atomic_read(&maybe->happened) !=
		    mark->happened[maybe - mark->tp->flights.maybe])
			count_one(mark->tp, mark->act, i, false);
	}
	tort_duel_met(mark->tp, mark->act, mark->seen);
}

static void forget_begun(struct tort_maybe *maybe)
{
	unsigned int i;

	for (i = 0; i < BITS_TO_LONGS(NR_ACTS); i++)
		WRITE_ONCE(maybe->begun[i], 0);
}

/* It was what it may be: so what has begun meanwhile counts. */
static void count_maybe(const struct tort_mark *mark)
{
	struct tort_maybe *maybe = maybe_of(mark->tp, mark->act);
	unsigned int i;

	count(mark, false);
	if (!maybe)
		return;
	atomic_inc(&maybe->happened);
	/* Bit by bit, as others set more of them: each look is marked. */
	for (i = 0; i < NR_ACTS; i++) {
		if (test_bit(i, maybe->begun))
			count_one(mark->tp, i, mark->act, false);
	}
}

static void look(struct tort_mark *mark)
{
	unsigned int i;

	for (i = 0; i < NR_MAYBE; i++)
		mark->happened[i] = atomic_read(&mark->tp->flights.maybe[i].happened);
	tort_in_flight(mark->tp, mark->seen);
}

/**
 * tort_begin_maybe() - an act begins that may turn out to be none
 * @ctx: of the thread that does it, or NULL
 * @mark: on its stack, until tort_end_maybe()
 * @tp: where; of a set it is not known in which of its pools, so it is not counted
 * @act: which; the caller has called tort_duel_before()
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
	look(mark);
	if (atomic_inc_return(&tp->flights.count[act]) == 1 && maybe_of(tp, act))
		forget_begun(maybe_of(tp, act));
	if (ctx && ctx->frame) {
		mark->outer = ctx->frame->marks;
		ctx->frame->marks = mark;
	}
	tort_arena_beat(tp);
	tort_duel_begun(tp, act);
}

void tort_begin(struct tort_ctx *ctx, struct tort_mark *mark, struct tort_pool *tp,
		enum tort_act act)
{
	tort_duel_before(tp, act);
	tort_begin_maybe(ctx, mark, tp, act);
	if (mark->tp)
		count(mark, true);
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
		count_maybe(mark);
	tort_end(ctx, mark);
}

/* A task that came by this way begins. Context: Any. */
void tort_fly(struct tort_pool *tp, enum tort_act way)
{
	if (way >= NR_WAYS)
		return;
	tort_duel_before(tp, TASK_OF(way));
	atomic_inc(&tp->flights.count[TASK_OF(way)]);
	tort_duel_begun(tp, TASK_OF(way));
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
		if (!tort_pair_why_not(act, i))
			gain += 64 / (1 + min(READ_ONCE(met[act][i]), 63U));
	}
	return gain;
}

/* What is not among those that were left has been met. */
int __init tort_pairs_init(void)
{
	unsigned int i;

	if (nr_left)
		bitmap_fill(met_before, PAIRS);
	for (i = 0; i < nr_left; i++) {
		if (left[i] >= PAIRS)
			return -EINVAL;
		__clear_bit(left[i], met_before);
	}
	return 0;
}

/* How often, for the choice: with the runs before. */
static unsigned int times_met(unsigned int act, unsigned int flight)
{
	return min(READ_ONCE(met[act][flight]), U16_MAX) +
	       test_bit(act * NR_FLIGHTS + flight, met_before);
}

/* Of how many duels one comes to something: on a slow machine most are over too soon. */
static unsigned int slowness(void)
{
	unsigned int met_so = atomic64_read(&tort_counts[TORT_DUEL]);

	/* not by the first few */
	return max(1U, atomic_read(&chosen) / (met_so + 16));
}

/* The more, the more often it was tried in vain. */
static unsigned int patience(const struct tort_duel *duel)
{
	unsigned int before = READ_ONCE(tried[duel->act][duel->flight]) + !!nr_left;

	return duel->again ? 1 : min(slowness() + before, MOST_PATIENCE);
}

bool tort_pair_met(const struct tort_duel *duel)
{
	return READ_ONCE(met[duel->act][duel->flight]) != duel->before;
}

/**
 * tort_choose_pair() - a pair that has been met least, and of those, tried least
 * @ctx: of the caller
 * @tp: passed on
 * @fits: may this one be chosen? NULL: any
 * @duel: gets it
 *
 * Return: false if there is none.
 */
bool tort_choose_pair(struct tort_ctx *ctx, const struct tort_pool *tp,
		      bool (*fits)(const struct tort_pool *tp, const struct tort_duel *duel),
		      struct tort_duel *duel)
{
	/* In an order of its own, so that what comes after many that have met has no advantage. */
	static const unsigned int steps[] = { 19, 29, 523, 1009, 1511, 2003, 3001, 4001 };
	unsigned int step = steps[tort_pick(ctx, ARRAY_SIZE(steps))];
	unsigned int i, k, n, least = UINT_MAX;
	unsigned int first = tort_pick(ctx, PAIRS);

	for (i = 0; i < PAIRS && least; i++) {
		struct tort_duel pair = {};

		k = (first + i * step) % PAIRS;
		pair.act = k / NR_FLIGHTS;
		pair.flight = k % NR_FLIGHTS;
		n = times_met(pair.act, pair.flight) * U8_MAX +
		    READ_ONCE(tried[pair.act][pair.flight]);
		if (n >= least || tort_pair_why_not(pair.act, pair.flight) ||
		    (fits && !fits(tp, &pair)))
			continue;
		least = n;
		*duel = pair;
		duel->before = READ_ONCE(met[pair.act][pair.flight]);
		duel->again = times_met(pair.act, pair.flight);
	}
	if (least == UINT_MAX)
		return false;
	duel->patience = patience(duel);
	atomic_inc(&chosen);
	if (tried[duel->act][duel->flight] < U8_MAX)
		tried[duel->act][duel->flight]++;
	return true;
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
		if (met[act][i] || tort_pair_why_not(act, i))
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

/* In lines of some length. */
static void print_names(const char *what, unsigned int n)
{
	char line[LINE_MAX_LEN + 32];
	unsigned int i, len = 0;

	for (i = 0; i < n; i++) {
		len += scnprintf(line + len, sizeof(line) - len, " %s", tort_act_name(i));
		if (len < LINE_MAX_LEN && i < n - 1)
			continue;
		pr_info("pairs %s:%s\n", what, line);
		len = 0;
	}
}

/* Those of one act that cannot be, a line for each run of them with one reason. */
static void print_excluded(enum tort_act act)
{
	char line[LINE_MAX_LEN + 32];
	unsigned int i, len = 0;
	const char *why, *next;

	for (i = 0; i < NR_FLIGHTS; i++) {
		why = tort_pair_rule(act, i);
		if (!why)
			continue;
		next = i + 1 < NR_FLIGHTS ? tort_pair_rule(act, i + 1) : NULL;
		len += scnprintf(line + len, sizeof(line) - len, " %s", tort_act_name(i));
		if (len < LINE_MAX_LEN && next == why)
			continue;
		pr_info("pairs excluded: %s while%s: %s\n", tort_act_name(act), line, why);
		len = 0;
	}
}

/* What there is, for scripts/harness/pairs.py. */
static void print_acts(void)
{
	unsigned int i;

	print_names("acts", NR_ACTS);
	print_names("flights", NR_FLIGHTS);
	for (i = 0; i < NR_FLIGHTS; i++) {
		if (tort_act_why_not(i))
			pr_info("pairs absent: %s: %s\n", tort_act_name(i), tort_act_why_not(i));
	}
	for (i = 0; i < NR_ACTS; i++)
		print_excluded(i);
}

/* How many of how many, which not, and why. */
void tort_print_pairs(void)
{
	unsigned int act, i, possible = 0, found = 0;

	for (act = 0; act < NR_ACTS; act++) {
		for (i = 0; i < NR_FLIGHTS; i++) {
			if (tort_pair_why_not(act, i))
				continue;
			possible++;
			found += !!met[act][i];
		}
		print_missed(act);
	}
	print_acts();
	tort_print_hotplug(&possible, &found);
	pr_info("pairs: %u of %u met\n", found, possible);
}
