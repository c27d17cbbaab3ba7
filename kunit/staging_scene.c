// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of the inbox share; staging_scene.h says how it is used.
 */
#include "staging_scene.h"

/* Those that open it, or none. */
const unsigned int staged_ahead_cases[2] = { 2, 0 };

void staged_ahead_name(const unsigned int *ahead, char *desc)
{
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "behind %u others", *ahead);
}

/*
 * The only worker, which is held, begins the first job, nothing waits, and it is
 * open. So that it stays open, the worker must find something whenever it comes: the last
 * of three, and then what the first of them leaves it. It takes two at a time, if it is
 * quick.
 */
void staged_begin_alone(struct kunit *test, struct batch_scene *scene)
{
	struct wpt_job *three = wpt_jobs(test, 3, NULL);
	struct batch_asker *asker = batch_asker(test, &three[0], batched_ask_schedule);

	asker->pool = scene->pool;
	asker->other = scene->first;
	KUNIT_ASSERT_EQ(test, wpt_schedule_all(scene->pool, three, 3), 0);
	batched_let_go(test, scene, 0, scene->first);
	scene->warm = 4;
}

/*
 * The only worker is in a job, the first; if none is given, one behind a gate. As many as
 * the parameter of the test says wait on the queue, and n are staged.
 */
struct batch_scene *staged_fill(struct kunit *test, struct wpt_job *first, unsigned int n)
{
	struct batch_scene *scene = batch_scene(test, &(struct wpool_attrs) { .capacity = 1 });

	scene->first = first ?: wpt_jobs(test, 1, wpt_gate(test));
	if (staged_ahead(test)) {
		KUNIT_ASSERT_EQ(test, wpool_schedule(scene->pool, &scene->first->task), 0);
		batched_let_go(test, scene, 0, scene->first);
		scene->warm = 1;
	} else {
		staged_begin_alone(test, scene);
	}
	scene->rest = batched_queue(test, scene, staged_ahead(test) + n, NULL);
	return scene;
}
