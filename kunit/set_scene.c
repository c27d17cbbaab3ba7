// SPDX-License-Identifier: GPL-2.0
/*
 * Sets of pools that end with their test.
 */
#include <linux/err.h>
#include "set_scene.h"

static int call_set_destroy(struct wpt_thread *self)
{
	struct front *front = self->arg;

	wait_for_completion(&front->end->opened);
	return wpool_set_destroy(front->set);
}

struct front *front(struct kunit *test, const struct wpool_attrs *attrs, unsigned int n,
		    enum wpool_rule rule)
{
	struct front *front = wpt_alloc(test, sizeof(*front));

	front->end = wpt_gate(test);
	wpt_name(test, front->name, sizeof(front->name));
	front->set = wpool_set_create(front->name, attrs, n, rule);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, front->set);
	front->destroyer = wpt_thread(test, call_set_destroy, NULL, NULL, front);
	return front;
}

/* Now. */
void front_destroy(struct kunit *test, struct front *front)
{
	wpt_open(front->end);
	KUNIT_ASSERT_EQ(test, wpt_join(test, front->destroyer), 0);
}
