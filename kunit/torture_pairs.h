/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Torture by pairs: which act was begun while which other was in flight on the same
 * pool, that is between that one's begin and its end.
 */
#ifndef _WPOOL_TORTURE_PAIRS_H
#define _WPOOL_TORTURE_PAIRS_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/types.h>

struct tort_arena;
struct tort_ctx;
struct tort_pool;
struct tort_task;

/* The hooks of a pool, in the order of struct wpool_ops. */
enum tort_hook {
	TORT_HOOK_WORKER_START,
	TORT_HOOK_WORKER_STOP,
	TORT_HOOK_TASK_BEGIN,
	TORT_HOOK_TASK_END,
	TORT_HOOK_TASK_OOPS,
	TORT_HOOK_TERMINATED,
	TORT_NR_HOOKS
};

/* What a hook does, beside being counted. */
enum tort_mood {
	TORT_MOOD_SLEEPS,
	TORT_MOOD_DIES,
	TORT_MOOD_CALLS,
	TORT_NR_MOODS
};

/* What may be begun. Names in torture_pairs.c. */
enum tort_act {
	/* submitting: the call */
	ACT_SCHEDULE,
	ACT_TRY,
	ACT_TIMEOUT,
	ACT_FN,
	ACT_TRY_FN,
	ACT_BATCH,
	ACT_KEYED,
	ACT_DELAYED,
	ACT_GROUP,
	ACT_GROUP_FN,
	ACT_RUN,
	ACT_RUN_TIMEOUT,
	NR_WAYS,
	/* what the policy of a full pool does */
	ACT_BLOCK = NR_WAYS,
	ACT_FAIL,
	ACT_CALLER_RUNS,
	ACT_DISCARD,
	ACT_DISCARD_OLDEST,
	/* waiting, from outside and by a worker of the pool */
	ACT_WAIT,
	ACT_WAIT_INSIDE,
	ACT_WAIT_TIMEOUT,
	ACT_GROUP_WAIT,
	ACT_GROUP_WAIT_INSIDE,
	ACT_GROUP_WAIT_TIMEOUT,
	ACT_FLUSH,
	ACT_DRAIN,
	ACT_AWAIT,
	/* taking back */
	ACT_CANCEL,
	ACT_CANCEL_SYNC,
	ACT_CANCEL_DELAYED,
	ACT_MODIFY_DELAYED,
	ACT_GROUP_CANCEL,
	/* the pool */
	ACT_RESIZE,
	ACT_PAUSE,
	ACT_PRESTART,
	ACT_SETTING,
	ACT_SHUTDOWN,
	ACT_SHUTDOWN_NOW,
	ACT_RESTART,
	ACT_DESTROY,
	ACT_HOTPLUG,
	/* what shutdown_now handed back */
	ACT_BACK_WAIT,
	ACT_BACK_CANCEL,
	ACT_BACK_FREE,
	ACT_BACK_SUBMIT,
	/* on the stack of a worker */
	ACT_STACK_TASK,
	ACT_STACK_KEYED,
	ACT_STACK_GROUP,
	/* a task that waits for what another does */
	ACT_DEPEND,
	ACT_RELEASE,
	ACT_DEATH,
	ACT_HOOK,
	NR_ACTS = ACT_HOOK + TORT_NR_HOOKS * TORT_NR_MOODS
};

/* What may be in flight: an act, or a task that was submitted, queued or running. */
#define TASK_OF(way)	(NR_ACTS + (way))
#define NR_FLIGHTS	TASK_OF(NR_WAYS)

static inline enum tort_act tort_hook_act(enum tort_hook hook, enum tort_mood mood)
{
	return ACT_HOOK + hook * TORT_NR_MOODS + mood;
}

/* How many acts there are that may turn out to be none. */
#define NR_MAYBE	4

/**
 * struct tort_mark - an act in flight, on the stack of the thread that does it
 * @outer: of a frame: the one around it; a dying thread ends them all
 * @tp: where; NULL if it is not counted
 * @act: which
 * @seen: what was in flight there as it began
 * @happened: how often each of those that may be none had happened
 */
struct tort_mark {
	struct tort_mark	*outer;
	struct tort_pool	*tp;
	enum tort_act		act;
	DECLARE_BITMAP(seen, NR_FLIGHTS);
	int			happened[NR_MAYBE];
};

/* Of one that may turn out to be none: what has met it counts when that is known. */
struct tort_maybe {
	atomic_t		happened;		/* so often */
	DECLARE_BITMAP(begun, NR_ACTS);		/* while it was in flight */
};

/* Of a pool: how many of each are in flight. */
struct tort_flights {
	atomic_t		count[NR_FLIGHTS];
	struct tort_maybe	maybe[NR_MAYBE];
	atomic64_t		deaths;		/* of workers, asked for */
};

/**
 * struct tort_duel - two threads see to it that an act is begun while another is in flight
 * @act: the act that will begin
 * @flight: while this is in flight
 * @before: how often they have met before, in this run
 * @again: have they, in this run or in one before?
 * @patience: how many times as long as else they wait for each other: on a slow machine
 *	most of what is slow is met only so
 * @come: of the two threads
 * @waiting: how many are about to begin the act, as soon as the other is in flight
 * @met: it has begun since the other was in flight last
 * @over: neither is waited for any more
 */
struct tort_duel {
	unsigned int		act, flight;
	unsigned int		before;
	bool			again;
	unsigned int		patience;
	atomic_t		come;
	atomic_t		waiting;
	bool			met;
	bool			over;
};

/* torture_pairs.c */
int tort_pairs_init(void);
void tort_begin(struct tort_ctx *ctx, struct tort_mark *mark, struct tort_pool *tp,
		enum tort_act act);
void tort_begin_maybe(struct tort_ctx *ctx, struct tort_mark *mark,
		      struct tort_pool *tp, enum tort_act act);
void tort_end(struct tort_ctx *ctx, struct tort_mark *mark);
void tort_end_maybe(struct tort_ctx *ctx, struct tort_mark *mark, bool happened);
void tort_fly(struct tort_pool *tp, enum tort_act way);
void tort_land(struct tort_pool *tp, enum tort_act way);
void tort_in_flight(struct tort_pool *tp, unsigned long *seen);
unsigned int tort_wanted(enum tort_act act, const unsigned long *seen);
bool tort_pair_met(const struct tort_duel *duel);
bool tort_choose_pair(struct tort_ctx *ctx, const struct tort_pool *tp,
		      bool (*fits)(const struct tort_pool *tp, const struct tort_duel *duel),
		      struct tort_duel *duel);
const char *tort_act_name(unsigned int what);
void tort_print_pairs(void);

/* torture_rules.c */
const char *tort_pair_rule(unsigned int act, unsigned int flight);
const char *tort_act_why_not(unsigned int what);
const char *tort_pair_why_not(unsigned int act, unsigned int flight);
bool tort_act_here(enum tort_act act);

/* torture_duel.c */
void tort_duel_before(struct tort_pool *tp, unsigned int what);
void tort_duel_begun(struct tort_pool *tp, unsigned int what);
void tort_duel_met(struct tort_pool *tp, unsigned int act, const unsigned long *seen);

#endif /* _WPOOL_TORTURE_PAIRS_H */
