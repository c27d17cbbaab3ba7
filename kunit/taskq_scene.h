/* SPDX-License-Identifier: GPL-2.0 */
/* Taskqs for the tests, and calls on them that a thread of its own makes. */
#ifndef _WPOOL_TASKQ_SCENE_H
#define _WPOOL_TASKQ_SCENE_H

#include <linux/wpool_taskq.h>
#include "wpool_kunit.h"

static inline taskq_t *scene_taskq(struct kunit *test, int nthreads, int maxalloc,
				   unsigned int flags)
{
	taskq_t *tq = taskq_create("kunit", nthreads, minclsyspri, 0, maxalloc, flags);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tq);
	return wpt_adopt(test, tq);
}

static inline int call_taskq_destroy(struct wpt_thread *self)
{
	taskq_destroy(self->pool);
	return 0;
}

static inline int call_taskq_wait(struct wpt_thread *self)
{
	taskq_wait(self->pool);
	return 0;
}

/* Each test ends so: what the fixture would destroy is only the pool. */
static inline void scene_end(struct kunit *test, taskq_t *tq)
{
	wpt_forget(test, tq);
	wpt_join(test, wpt_thread(test, call_taskq_destroy, tq, NULL, NULL));
}

static inline void scene_wait(struct kunit *test, taskq_t *tq)
{
	wpt_join(test, wpt_thread(test, call_taskq_wait, tq, NULL, NULL));
}

/* A task_func_t; arg: a job. */
static inline void scene_run(void *arg)
{
	wpt_run_job(arg);
}

/* Has that many threads begin a job each, behind one gate. */
static inline struct wpt_job *scene_hold(struct kunit *test, taskq_t *tq, unsigned int n)
{
	struct wpt_job *jobs = wpt_jobs(test, n, wpt_gate(test));
	unsigned int i;

	for (i = 0; i < n; i++)
		KUNIT_ASSERT_NE(test, taskq_dispatch(tq, scene_run, &jobs[i], TQ_SLEEP), 0);
	for (i = 0; i < n; i++)
		wpt_begun(test, &jobs[i]);
	return jobs;
}

#endif /* _WPOOL_TASKQ_SCENE_H */
