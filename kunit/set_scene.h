/* SPDX-License-Identifier: GPL-2.0 */
/* Sets of pools that end with their test. */
#ifndef _WPOOL_SET_SCENE_H
#define _WPOOL_SET_SCENE_H

#include "wpool_kunit.h"

/* A set, and a thread that destroys it when its gate is opened, so at the latest in teardown. */
struct front {
	struct wpool_set	*set;
	struct wpool		**pools;	/* of a test that looks at them */
	struct wpt_gate		*end;
	struct wpt_thread	*destroyer;
	char			name[WPOOL_NAME_MAX + 1];
};

struct front *front(struct kunit *test, const struct wpool_attrs *attrs, unsigned int n,
		    enum wpool_rule rule);
void front_destroy(struct kunit *test, struct front *front);

#endif /* _WPOOL_SET_SCENE_H */
