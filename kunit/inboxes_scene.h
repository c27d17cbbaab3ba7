/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks in several inboxes of a pool at once, see core/staging.c.
 *
 * Several are open while all of two workers are busy and more than one task waits. Which
 * of them a thread uses goes by its number: so there are clerks, threads of all numbers
 * modulo CLERKS, which is as many as there may be inboxes. Then all are in use, whatever
 * the number of CPUs, and the next clerk uses another one.
 *
 * A clerk submits when it is told to, and says when it has: so the order of all is known.
 * Both workers are held; then one goes on, and begins all in the order of the queue.
 */
#ifndef _WPOOL_INBOXES_SCENE_H
#define _WPOOL_INBOXES_SCENE_H

#include "batch_scene.h"

#define CLERKS		8

struct clerk {
	struct office		*office;
	unsigned int		id;		/* which one it is there */
	struct wpt_thread	*thread;
	struct wpt_gate		*gate;		/* opened when there is something to do */
	int			(*call)(struct clerk *clerk);	/* what; NULL is no more */
	struct completion	done;
	int			result;		/* of the call */
	struct wpt_job		*jobs;		/* its own */
	unsigned int		next;		/* of them */
	unsigned int		n;		/* how many of them it is to submit */
	struct wpt_job		*other;		/* not its own */
};

struct office {
	struct wpool		*pool;
	struct batch_scene	*table;		/* its rest is what waits ahead of all */
	struct clerk		*clerks[CLERKS];
	void			*arg;		/* for calls of the test's own */
};

/* How the inboxes came to be open: for KUNIT_ARRAY_PARAM(). */
struct opening {
	const char	*name;
	bool		by_worker;	/* that has been there since, and left them open */
};

extern const struct opening openings[2];
void opening_name(const struct opening *opening, char *desc);

struct office *office_make(struct kunit *test, const struct wpool_attrs *attrs,
			   unsigned int each);
void office_open(struct kunit *test, struct office *office, struct wpt_job *first);
struct office *office_opened(struct kunit *test, const struct wpool_attrs *attrs,
			     unsigned int each);
void office_go(struct office *office);

void clerk_ask(struct kunit *test, struct clerk *clerk, int (*call)(struct clerk *clerk),
	       unsigned int n);
int clerk_join(struct kunit *test, struct clerk *clerk);
int clerk_do(struct kunit *test, struct clerk *clerk, int (*call)(struct clerk *clerk),
	     unsigned int n);
void office_submit(struct kunit *test, struct office *office, unsigned int rounds);

/* What a clerk may be asked to do with its next jobs, or with another. */
int clerk_schedule(struct clerk *clerk);
int clerk_schedule_fn(struct clerk *clerk);
int clerk_fill(struct clerk *clerk);		/* until there is no room; how many */
int clerk_try_other(struct clerk *clerk);

unsigned int office_total(struct office *office);
unsigned int office_runs(struct office *office);
void office_expect_order(struct kunit *test, struct office *office);

#define for_each_clerk(office, clerk)						\
	for (unsigned int __c = 0;						\
	     __c < CLERKS && ((clerk) = (office)->clerks[__c], true); __c++)

#endif /* _WPOOL_INBOXES_SCENE_H */
