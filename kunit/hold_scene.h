/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests share that are about how long a pool's lock is held: see hold_kunit.c.
 */
#ifndef _WPOOL_HOLD_SCENE_H
#define _WPOOL_HOLD_SCENE_H

#include "wpool_kunit.h"

/* Threads, or workers: more than a hold may take. */
#define CROWD	300

/* Workers of one pool, each inside a task of its own, that make the same call together. */
struct crowd {
	struct wpool		*pool;
	struct member		*members;
	unsigned int		n;
	int			(*call)(struct member *self);
	void			*what;		/* the call is about */
	atomic_t		begun;
	struct wpt_gate		*gate;
};

struct member {
	struct wpool_task	task;
	struct crowd		*crowd;
	unsigned int		nr;
	struct task_struct	*worker;
	bool			calling;
	int			got;
};

/* No hold of the pool's lock took more steps than it may, if the kernel counts. */
void hold_expect_bounded(struct kunit *test, struct wpool *pool);

/*
 * All are inside their tasks when it returns: CROWD of them in a pool of their own, of
 * which @spare workers more may be made, or @n.
 */
struct crowd *hold_crowd(struct kunit *test, unsigned int spare,
			 int (*call)(struct member *), void *what);
struct crowd *hold_crowd_in(struct kunit *test, struct wpool *pool, unsigned int n,
			    int (*call)(struct member *), void *what);

bool hold_asleep(struct member *member);
unsigned int hold_nr_asleep(struct crowd *crowd);
void hold_go_to_sleep(struct kunit *test, struct crowd *crowd);
unsigned int hold_expect_got(struct kunit *test, struct crowd *crowd, int got);

/* CROWD of them; when it returns all have been asleep. */
struct wpt_thread **hold_threads(struct kunit *test, int (*call)(struct wpt_thread *),
				 struct wpool *pool, struct wpt_job *job, void *arg);
void hold_expect_joined(struct kunit *test, struct wpt_thread **threads, int result);

#endif /* _WPOOL_HOLD_SCENE_H */
