/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workers with tasks in hand, see core/hand.c.
 *
 * A hand is taken by a worker that finds more ready tasks than there are workers,
 * with all of them busy. So all are held, tasks are queued, and one worker is let go
 * on: it begins a task and has at least one more in hand, and more if it has ended
 * some hands quickly before.
 */
#ifndef _WPOOL_HAND_SCENE_H
#define _WPOOL_HAND_SCENE_H

#include "wpool_kunit.h"

#define HAND_MAX_WORKERS	3

/* A pool whose workers are all held, each behind a gate of its own. */
struct hand_table {
	struct wpool	*pool;
	struct wpt_job	*held[HAND_MAX_WORKERS];
	atomic_t	*clock;
	unsigned int	warm;	/* quick ones that have run before what is tested */
	struct wpt_job	*first;	/* runs, behind its gate */
	struct wpt_job	*rest;	/* wait behind it: of them some are in its hand */
};

/* A job that, when its gate is open, makes a call for another. */
struct hand_asker {
	struct wpt_job	*job;
	int		(*call)(struct hand_asker *asker);
	struct wpool	*pool;
	struct wpt_job	*other;
};

/* How many quick ones run before what is tested: for KUNIT_ARRAY_PARAM(). */
extern const unsigned int hand_warm_cases[2];
void hand_warm_name(const unsigned int *warm, char *desc);

struct hand_table *hand_table(struct kunit *test, const struct wpool_attrs *attrs);
struct wpt_job *hand_jobs(struct kunit *test, struct hand_table *table, unsigned int n,
			  struct wpt_gate *gate);
struct wpt_job *hand_queue(struct kunit *test, struct hand_table *table, unsigned int n,
			   struct wpt_gate *gate);
void hand_let_go(struct kunit *test, struct hand_table *table, unsigned int worker,
		 struct wpt_job *job);
void hand_warm_up(struct kunit *test, struct hand_table *table);
struct hand_table *hand_deal(struct kunit *test, const struct wpool_attrs *attrs, unsigned int n);
unsigned int hand_runs(struct wpt_job *jobs, unsigned int n);
int hand_result(struct kunit *test, struct wpt_job *job);
void hand_expect_run(struct kunit *test, struct wpt_job *jobs, unsigned int n);
void hand_expect_order(struct kunit *test, struct wpt_job *jobs, unsigned int n);
struct hand_asker *hand_asker(struct kunit *test, struct wpt_job *job,
			      int (*call)(struct hand_asker *asker));
int hand_ask_wait(struct hand_asker *asker);
int hand_ask_schedule(struct hand_asker *asker);
int hand_die(struct hand_asker *asker);
bool hand_unrun_begins(struct list_head *unrun, struct wpt_job *jobs, unsigned int n);
struct hand_asker *hand_deal_to_asker(struct kunit *test, const struct wpool_attrs *attrs,
				      struct hand_table **table, unsigned int n,
				      int (*call)(struct hand_asker *asker));
struct hand_table *hand_deal_beside(struct kunit *test, struct wpt_job *job, unsigned int n);

#endif /* _WPOOL_HAND_SCENE_H */
