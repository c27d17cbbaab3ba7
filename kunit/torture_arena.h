/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Torture: arenas, pools on which a few threads seek the pairs that are rare.
 */
#ifndef _WPOOL_TORTURE_ARENA_H
#define _WPOOL_TORTURE_ARENA_H

#include "torture.h"

#define ARENAS		3
#define ARENA_THREADS	4
#define ARENA_TASKS	16
#define ARENA_DUELS	12
#define HOOK_DEATHS	4

/**
 * struct tort_arena - a pool, the threads that use it, and the tasks that they share
 * @tp: the pool
 * @busy: held by the consumer that has one of them going
 * @bell: the threads wait here for a round
 * @round: which
 * @fighting: threads that have not done with it
 * @over: they have
 * @beats: acts begun, by threads that may wake
 * @beaten: a thread that holds something waits here for more of them
 * @lock: guards @tasks
 * @tasks: with a reference each; what to wait for or take back
 * @hoards: tasks are freed with the arena, so that those may be handed back to anybody
 *	that others have in hand
 * @hoard: those
 * @handing: write: there is a list of such; read: one that has ended is submitted again
 * @duels: see torture_duel.c; the last is for the end
 * @nr_duels: how many there are before that
 * @duel: the one that is on, or NULL
 * @duelling: how many have not done with those
 * @hook_deaths: how many threads may yet be taken down by hooks
 * @ending: the duels are over, and the pool may be ended
 * @ends_first: it is, for good, before all do so at random
 */
struct tort_arena {
	struct tort_pool	*tp;
	struct mutex		busy;		/* outermost */
	wait_queue_head_t	bell;
	unsigned int		round;
	atomic_t		fighting;
	struct completion	over;
	atomic_t		beats;
	wait_queue_head_t	beaten;
	raw_spinlock_t		lock;
	struct tort_task	*tasks[ARENA_TASKS];
	bool			hoards;
	struct llist_head	hoard;
	struct rw_semaphore	handing;
	struct tort_duel	duels[ARENA_DUELS];
	unsigned int		nr_duels;
	struct tort_duel	*duel;
	atomic_t		duelling;
	atomic_t		hook_deaths;
	bool			ending;
	bool			ends_first;
};

/* Which thread may do an act, and how. */
#define ACT_OUTSIDE	0x01	/* a thread of the arena */
#define ACT_INSIDE	0x02	/* one of its tasks */
#define ACT_SHORT	0x04	/* is over at once: is met by aiming */
#define ACT_ENDS	0x08	/* ends the pool, or tries */

struct tort_deed {
	void		(*fn)(struct tort_ctx *ctx, enum tort_act act);
	unsigned int	flags;
};

/* May the tasks of its pool end that already? */
static inline unsigned int tort_arena_ends(const struct tort_pool *tp)
{
	return READ_ONCE(tp->arena->ending) ? ACT_ENDS : 0;
}

/* torture_arena.c */
int tort_arenas_start(void);
void tort_arenas_stop(void);
struct tort_thread *tort_arena_thread(unsigned int i);
void tort_arena(struct tort_ctx *ctx);
void tort_arena_for_each(void (*fn)(struct tort_pool *tp));
bool tort_arena_crowded(struct tort_pool *tp);
void tort_arena_hold(struct tort_ctx *ctx);
void tort_arena_beat(struct tort_pool *tp);
void tort_arena_do(struct tort_ctx *ctx, enum tort_act act);
void tort_arena_queued(struct tort_pool *tp, unsigned long *seen);
void tort_arena_keep(struct tort_ctx *ctx, struct tort_task *tt);
struct tort_task *tort_arena_target(struct tort_ctx *ctx, bool delayed);
void tort_arena_hoard(struct tort_ctx *ctx, struct tort_task *tt);
enum tort_act tort_arena_choose(struct tort_ctx *ctx, unsigned int flags);

/* torture_duel.c */
void tort_duel_suit(struct tort_ctx *ctx, struct tort_duel *duel, struct wpool_attrs *attrs);
bool tort_duel_hoards(const struct tort_duel *duel);
void tort_duels_choose(struct tort_ctx *ctx, struct tort_arena *arena);
void tort_duel(struct tort_ctx *ctx, struct tort_duel *duel, bool first);
bool tort_duel_holds(struct tort_pool *tp);
bool tort_duel_may_die(struct tort_pool *tp, enum tort_act act);
void tort_duel_support(struct tort_ctx *ctx);
void tort_duel_at_end(struct tort_ctx *ctx, bool first);

/* torture_acts.c */
extern const struct tort_deed tort_deeds[NR_ACTS];
void tort_fill(struct tort_ctx *ctx);
bool tort_act_possible(struct tort_pool *tp, enum tort_act act, unsigned int flags);

/* torture_hooks.c */
const char *tort_hook_why_not(enum tort_hook hook, enum tort_mood mood);
bool tort_hooks_kill(const struct tort_pool *tp);
bool tort_no_worker(const struct tort_pool *tp, int ret);

/* torture_frame.c */
void tort_hook_begin(struct tort_frame *frame, struct tort_pool *tp);
void tort_hook_end(struct tort_frame *frame);
bool tort_hook_may_die(const struct tort_frame *frame, enum tort_hook hook);
void tort_hook_dies(struct tort_frame *frame, enum tort_hook hook);

/* torture_back.c */
void tort_back(struct tort_ctx *ctx, enum tort_act act);

/* torture_depend.c */
void tort_depend(struct tort_ctx *ctx, enum tort_act act);
void tort_scene_depend(struct tort_ctx *ctx);

/* torture_inside.c */
void tort_deed(struct tort_ctx *ctx);
void tort_deed_hold(struct tort_ctx *ctx);
void tort_stack_group(struct tort_ctx *ctx, enum tort_act act);
void tort_wait_inside(struct tort_ctx *ctx, enum tort_act act);
void tort_group_inside(struct tort_ctx *ctx, enum tort_act act);

#endif /* _WPOOL_TORTURE_ARENA_H */
