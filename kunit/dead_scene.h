/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Workers that die with something on their stacks that pools know of.
 */
#ifndef _WPOOL_DEAD_SCENE_H
#define _WPOOL_DEAD_SCENE_H

#include "wpool_kunit.h"

/* Does the worker die in the pool that knows of it? For KUNIT_ARRAY_PARAM(). */
extern const bool dead_own_cases[2];
void dead_own_name(const bool *own, char *desc);

static inline bool dead_own(struct kunit *test)
{
	return *(const bool *)test->param_value;
}

/* Of any number of tasks. */
struct wpool *dead_pool(struct kunit *test, unsigned int capacity);

/* A function of tasks, which kills the thread. */
int dead_die(void *arg);

/**
 * struct dead_host - a task with a group on its stack, which kills its worker when its gate opens
 * @task: its run
 * @group: the group
 * @thread: the worker's; no reference, only as long as its stack is needed
 * @gate: opened by dead_host_die(), or by the test
 * @ready: completed when @group and @thread are set
 */
struct dead_host {
	struct wpool_task	task;
	struct wpool_group	*group;
	struct task_struct	*thread;
	struct wpt_gate		*gate;
	struct completion	ready;
};

/* Begun, in a pool. */
struct dead_host *dead_host(struct kunit *test, struct wpool *pool);
void dead_host_die(struct kunit *test, struct dead_host *host);

/*
 * Others have stacks now, in a pool that has nothing to do: those of the dead among them,
 * and until they are asked they see whether anybody writes there.
 */
#define DEAD_GUARDS	8
struct wpt_job *dead_use_stacks(struct kunit *test, struct wpool *pool);
void dead_expect_untouched(struct kunit *test, struct wpt_job *guards);

/* All that was accepted has ended, and the pool comes to its end, which is here. */
void dead_expect_balance(struct kunit *test, struct wpool *pool, u64 never_ran);

#endif /* _WPOOL_DEAD_SCENE_H */
