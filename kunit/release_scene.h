/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks whose release frees them, and a ledger of what became of them.
 */
#ifndef _WPOOL_RELEASE_SCENE_H
#define _WPOOL_RELEASE_SCENE_H

#include "wpool_kunit.h"

#define NR_FATES	(WPOOL_FATE_DIED + 1)

/* The test's; outlives the items. */
struct ledger {
	atomic_t		released[NR_FATES];
	atomic_t		runs;
	struct wpt_gate		*gate;		/* waited for while running; or NULL */
	struct completion	begun;
	struct wpt_gate		*at_release;	/* waited for in the release, see there; or NULL */
	struct completion	releasing;
	struct task_struct	*released_by;	/* the last; no reference */
	int			kills;		/* the next release ends its thread */
	bool			in_hardirq;
	struct task_struct	*not_by;	/* must release none; or NULL */
	atomic_t		by_it;		/* but has */
};

enum item_kind {
	ITEM_TRACKED,
	ITEM_DETACHED,
	ITEM_KEYED,
	ITEM_DELAYED,
	ITEM_FUNCTION,
	ITEM_NR_KINDS,
};

/* Freed by its release. */
struct item {
	union {
		struct wpool_release_task	ttask;
		struct wpool_keyed_task		ktask;
		struct wpool_delayed_task	dtask;
	};
	struct rcu_head		rcu;
	enum item_kind		kind;
	struct ledger		*ledger;
	bool			dies;		/* its function ends its thread */
	struct wpt_thread	*thread;	/* that the test waits for then, or NULL */
};

/* For KUNIT_ARRAY_PARAM(). */
extern const enum item_kind item_kinds[ITEM_NR_KINDS];
void item_kind_name(const enum item_kind *kind, char *desc);

static inline enum item_kind item_kind(struct kunit *test)
{
	return *(const enum item_kind *)test->param_value;
}

struct ledger *ledger_new(struct kunit *test, struct wpt_gate *gate);
unsigned int ledger_sum(const struct ledger *ledger);
/* That many have ended, and all of them in this way; after a flush of the pool. */
void ledger_expect(struct kunit *test, struct ledger *ledger, struct wpool *pool,
		   enum wpool_fate fate, unsigned int n);

struct item *item_new(struct kunit *test, struct ledger *ledger, enum item_kind kind);
/* What became of one that was refused is the caller's. */
int item_schedule(struct wpool *pool, struct item *item);
int item_try(struct wpool *pool, struct item *item);
struct item *item_submit(struct kunit *test, struct wpool *pool, struct ledger *ledger,
			 enum item_kind kind);
void items_submit(struct kunit *test, struct wpool *pool, struct ledger *ledger,
		  enum item_kind kind, unsigned int n);
int item_run(void *arg);
void item_release(void *arg, enum wpool_fate fate);

#endif /* _WPOOL_RELEASE_SCENE_H */
