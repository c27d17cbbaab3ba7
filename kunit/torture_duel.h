/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Torture: what its duels have in common.
 */
#ifndef _WPOOL_TORTURE_DUEL_H
#define _WPOOL_TORTURE_DUEL_H

#include "torture_arena.h"

#define TORT_LATE	(2 * HZ)	/* for one of the threads to come */

static inline bool tort_is_policy(unsigned int what)
{
	return what >= ACT_BLOCK && what <= ACT_DISCARD_OLDEST;
}

static inline bool tort_is_hook(unsigned int what)
{
	return what >= ACT_HOOK && what < NR_ACTS;
}

static inline bool tort_is_back(unsigned int what)
{
	return what >= ACT_BACK_WAIT && what <= ACT_BACK_SUBMIT;
}

/* Does it cost a pool the thread of its hooks? */
static inline bool tort_is_lethal(unsigned int what)
{
	return what == tort_hook_act(TORT_HOOK_TASK_OOPS, TORT_MOOD_DIES) ||
	       what == tort_hook_act(TORT_HOOK_TERMINATED, TORT_MOOD_DIES);
}

static inline bool tort_has_destroy(const struct tort_duel *duel)
{
	return duel->act == ACT_DESTROY || duel->flight == ACT_DESTROY;
}

/* torture_meet.c */
struct tort_duel *tort_duel_on(const struct tort_pool *tp);

#endif /* _WPOOL_TORTURE_DUEL_H */
