// SPDX-License-Identifier: GPL-2.0
/* See delayed_scene.h. */
#include "delayed_scene.h"

int late_run(void *arg)
{
	struct late *late = arg;

	late->ran = jiffies;
	complete_all(&late->begun);
	if (late->gate)
		wait_for_completion(&late->gate->opened);
	atomic_inc(&late->runs);
	return 5;
}

struct late *late_tasks(struct kunit *test, unsigned int n, struct wpt_gate *gate)
{
	struct late *late = wpt_alloc(test, n * sizeof(*late));
	unsigned int i;

	for (i = 0; i < n; i++) {
		wpool_delayed_task_init(&late[i].dtask, late_run, &late[i]);
		init_completion(&late[i].begun);
		late[i].gate = gate;
	}
	return late;
}

int late_call_wait(struct wpt_thread *self)
{
	struct late *late = self->arg;

	return wpool_wait(&late->dtask.task);
}
