/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests of tasks share that their owner breaks: ways to do it, and an ear for what
 * is said of it.
 */
#ifndef _WPOOL_BROKEN_SCENE_H
#define _WPOOL_BROKEN_SCENE_H

#include "wpool_kunit.h"

/* What an owner does to a task that a pool has. */
enum broken_way {
	FREED,		/* its memory is the allocator's */
	UNMAPPED,	/* or nobody's: to read it is a fault */
	ZEROED,		/* all bits of it are changed */
	ALL_ONES,
	POISONED,
	SET_UP,		/* again, as if it was new */
	SET_UP_QUEUED,	/* and submitted again */
	RETURNED,	/* from the function on whose stack it was */
	NR_WAYS
};

extern const char *const broken_ways[NR_WAYS];

/* A task in memory of its own. Keyed or not, all of it is broken. */
struct broken_victim {
	struct wpool_keyed_task	*keyed;
	struct wpool_task	*task;		/* the same */
	struct wpool		*pool;
	enum broken_way		way;
	bool			has_key;
	u64			key;
	enum wpool_priority	prio;
	struct wpool_group	*group;
	atomic_t		runs;
	int			err;
	struct wpt_thread	*owner;		/* of one on a stack */
	struct completion	told, done;
};

struct broken_victim *broken_victim(struct kunit *test, struct wpool *pool,
				    enum broken_way way, bool has_key);
void broken_submit(struct kunit *test, struct broken_victim *victim);
void broken_break(struct kunit *test, struct broken_victim *victim);
void broken_unseen(void *object);
void broken_overwrite(struct wpool_task *task, size_t size, enum broken_way way);

/* What the log says of a pool from now on. */
void broken_listen(const struct wpool *pool, const char *what);
bool broken_heard(void);
void broken_expect_end(struct kunit *test, struct wpool *pool);
int broken_suite_init(struct kunit_suite *suite);
void broken_suite_exit(struct kunit_suite *suite);

#endif /* _WPOOL_BROKEN_SCENE_H */
