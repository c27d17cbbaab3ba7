// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of the batch share; batch_scene.h says how it is used.
 */
#include <linux/kthread.h>
#include "batch_scene.h"

struct batch_scene *batch_scene(struct kunit *test, const struct wpool_attrs *attrs)
{
	struct batch_scene *scene = wpt_alloc(test, sizeof(*scene));
	unsigned int i;

	scene->pool = wpt_pool(test, attrs);
	scene->clock = wpt_alloc(test, sizeof(*scene->clock));
	for (i = 0; i < attrs->capacity; i++)
		scene->held[i] = wpt_hold(test, scene->pool, 1);
	return scene;
}

struct wpt_job *batched_jobs(struct kunit *test, struct batch_scene *scene, unsigned int n,
			  struct wpt_gate *gate)
{
	struct wpt_job *jobs = wpt_jobs(test, n, gate);
	unsigned int i;

	for (i = 0; i < n; i++)
		jobs[i].clock = scene->clock;
	return jobs;
}

struct wpt_job *batched_queue(struct kunit *test, struct batch_scene *scene, unsigned int n,
			   struct wpt_gate *gate)
{
	struct wpt_job *jobs = batched_jobs(test, scene, n, gate);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, jobs, n), 0);
	return jobs;
}

/* One of the workers that are held goes on, until it is in a job. */
void batched_let_go(struct kunit *test, struct batch_scene *scene, unsigned int worker,
		 struct wpt_job *job)
{
	wpt_open(scene->held[worker]->gate);
	wpt_begun(test, job);
}

/*
 * Then the worker begins what is tested in the middle of a batch.
 */
const unsigned int batched_warm_cases[2] = { 0, 12 };

void batched_warm_name(const unsigned int *warm, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "after %u quick ones", *warm);
}

/* Not counted by the clock; as many as the parameter of the test says. */
void batched_warm_up(struct kunit *test, struct batch_scene *scene)
{
	struct wpt_job *jobs;

	if (test->param_value)
		scene->warm = *(const unsigned int *)test->param_value;
	if (!scene->warm)
		return;
	jobs = wpt_jobs(test, scene->warm, NULL);
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, jobs, scene->warm), 0);
}

/* The first worker is in a job, with others of the n behind it in the batch. */
struct batch_scene *batched_fill(struct kunit *test, const struct wpool_attrs *attrs,
				 unsigned int n)
{
	struct batch_scene *scene = batch_scene(test, attrs);

	batched_warm_up(test, scene);
	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, n, NULL);
	batched_let_go(test, scene, 0, scene->first);
	return scene;
}

unsigned int batched_runs(struct wpt_job *jobs, unsigned int n)
{
	unsigned int runs = 0;

	while (n--)
		runs += atomic_read(&jobs[n].runs);
	return runs;
}

/*
 * The result of a job. Only looked at until it has ended: who waits for one that is in
 * a batched task reclaims the batch, and so would hide that nobody else did.
 */
int batched_result(struct kunit *test, struct wpt_job *job)
{
	WPT_ASSERT_UNTIL(test, !wpool_task_queued(&job->task) &&
			       !wpool_task_running(&job->task));
	return wpt_wait(test, job);
}

/* All have run, once each. */
void batched_expect_run(struct kunit *test, struct wpt_job *jobs, unsigned int n)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < n; i++) {
		KUNIT_EXPECT_EQ(test, batched_result(test, &jobs[i]), 0);
		wrong += atomic_read(&jobs[i].runs) != 1;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* And in order, as one worker alone must. */
void batched_expect_order(struct kunit *test, struct wpt_job *jobs, unsigned int n)
{
	unsigned int i, wrong = 0;

	batched_expect_run(test, jobs, n);
	for (i = 1; i < n; i++)
		wrong += jobs[i].turn <= jobs[i - 1].turn;
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static int run_asker(void *arg)
{
	struct batch_asker *asker = arg;
	int err = wpt_run_job(asker->job);

	return err ?: asker->call(asker);
}

struct batch_asker *batch_asker(struct kunit *test, struct wpt_job *job,
			      int (*call)(struct batch_asker *asker))
{
	struct batch_asker *asker = wpt_alloc(test, sizeof(*asker));

	asker->job = job;
	asker->call = call;
	wpool_task_init(&job->task, run_asker, asker);
	return asker;
}

int batched_ask_wait(struct batch_asker *asker)
{
	return wpool_wait(&asker->other->task);
}

int batched_ask_schedule(struct batch_asker *asker)
{
	return wpool_schedule(asker->pool, &asker->other->task);
}

int batched_die(struct batch_asker *asker)
{
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

/* Are these the jobs that were handed back next? */
bool batched_unrun_begins(struct list_head *unrun, struct wpt_job *jobs, unsigned int n)
{
	struct wpool_task *task;
	unsigned int i;

	for (i = 0; i < n; i++) {
		task = list_first_entry_or_null(unrun, struct wpool_task, node);
		if (task != &jobs[i].task)
			return false;
		list_del(&task->node);
	}
	return true;
}

/* As batched_fill(), and the first is an asker. */
struct batch_asker *batched_fill_for_asker(struct kunit *test, const struct wpool_attrs *attrs,
				      struct batch_scene **scene, unsigned int n,
				      int (*call)(struct batch_asker *asker))
{
	struct batch_scene *t = batch_scene(test, attrs);
	struct batch_asker *asker;

	batched_warm_up(test, t);
	t->first = batched_jobs(test, t, 1, wpt_gate(test));
	asker = batch_asker(test, t->first, call);
	asker->pool = t->pool;
	KUNIT_ASSERT_EQ(test, wpool_schedule(t->pool, &t->first->task), 0);
	t->rest = batched_queue(test, t, n, NULL);
	batched_let_go(test, t, 0, t->first);
	*scene = t;
	return asker;
}

/* As batched_fill(), of two workers, with the other in a job of the caller's. */
struct batch_scene *batched_fill_beside(struct kunit *test, struct wpt_job *job, unsigned int n)
{
	struct batch_scene *scene = wpt_alloc(test, sizeof(*scene));

	scene->pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	scene->clock = wpt_alloc(test, sizeof(*scene->clock));
	scene->held[0] = wpt_hold(test, scene->pool, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &job->task), 0);
	wpt_begun(test, job);
	batched_warm_up(test, scene);
	scene->first = batched_queue(test, scene, 1, wpt_gate(test));
	scene->rest = batched_queue(test, scene, n, NULL);
	batched_let_go(test, scene, 0, scene->first);
	return scene;
}
