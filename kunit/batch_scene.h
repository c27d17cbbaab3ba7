/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pools with tasks in their batch, see core/task_run.c.
 *
 * A worker that takes a task from the queue fills the batch if more wait. So all workers
 * are held, tasks are queued, and one worker is let go on: it begins a task, and the next
 * are in the batch.
 */
#ifndef _WPOOL_BATCH_SCENE_H
#define _WPOOL_BATCH_SCENE_H

#include "wpool_kunit.h"

#define BATCH_MAX_WORKERS	3

/* A pool whose workers are all held, each behind a gate of its own. */
struct batch_scene {
	struct wpool	*pool;
	struct wpt_job	*held[BATCH_MAX_WORKERS];
	atomic_t	*clock;
	unsigned int	warm;	/* quick ones that have run before what is tested */
	struct wpt_job	*first;	/* runs, behind its gate */
	struct wpt_job	*rest;	/* wait behind it: the next of them are in the batch */
};

/* A job that, when its gate is open, makes a call for another. */
struct batch_asker {
	struct wpt_job	*job;
	int		(*call)(struct batch_asker *asker);
	struct wpool	*pool;
	struct wpt_job	*other;
};

/* How many quick ones run before what is tested: for KUNIT_ARRAY_PARAM(). */
extern const unsigned int batched_warm_cases[2];
void batched_warm_name(const unsigned int *warm, char *desc);

struct batch_scene *batch_scene(struct kunit *test, const struct wpool_attrs *attrs);
struct wpt_job *batched_jobs(struct kunit *test, struct batch_scene *scene, unsigned int n,
			  struct wpt_gate *gate);
struct wpt_job *batched_queue(struct kunit *test, struct batch_scene *scene, unsigned int n,
			   struct wpt_gate *gate);
void batched_let_go(struct kunit *test, struct batch_scene *scene, unsigned int worker,
		 struct wpt_job *job);
void batched_warm_up(struct kunit *test, struct batch_scene *scene);
struct batch_scene *batched_fill(struct kunit *test, const struct wpool_attrs *attrs,
				 unsigned int n);
unsigned int batched_runs(struct wpt_job *jobs, unsigned int n);
int batched_result(struct kunit *test, struct wpt_job *job);
void batched_expect_run(struct kunit *test, struct wpt_job *jobs, unsigned int n);
void batched_expect_order(struct kunit *test, struct wpt_job *jobs, unsigned int n);
struct batch_asker *batch_asker(struct kunit *test, struct wpt_job *job,
			      int (*call)(struct batch_asker *asker));
int batched_ask_wait(struct batch_asker *asker);
int batched_ask_schedule(struct batch_asker *asker);
int batched_die(struct batch_asker *asker);
bool batched_unrun_begins(struct list_head *unrun, struct wpt_job *jobs, unsigned int n);
struct batch_asker *batched_fill_for_asker(struct kunit *test, const struct wpool_attrs *attrs,
				      struct batch_scene **scene, unsigned int n,
				      int (*call)(struct batch_asker *asker));
struct batch_scene *batched_fill_beside(struct kunit *test, struct wpt_job *job, unsigned int n);

#endif /* _WPOOL_BATCH_SCENE_H */
