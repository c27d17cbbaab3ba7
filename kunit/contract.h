/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract that contract_table.h tells: its columns, its rules, and one row of it as it is
 * run. contract_rows.c reads the table and chooses rows, contract_scene.c brings one about,
 * contract_calls.c makes the calls.
 */
#ifndef _WPOOL_CONTRACT_H
#define _WPOOL_CONTRACT_H

#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/irq_work.h>
#include <linux/limits.h>
#include <linux/timer.h>
#include "wpool_kunit.h"

/* The columns, and the calls: numbers first, sets of them with the names of the table. */
enum contract_column { CALL_COLUMN, WHO_COLUMN, STATE_COLUMN, KIND_COLUMN, EVENT_COLUMN,
		       NR_COLUMNS };

#define WHO(name, ...)		name##_NR,
enum {
#include "contract_table.h"
	NR_WHO
};

#define STATE(name, ...)	name##_NR,
enum {
#include "contract_table.h"
	NR_STATES
};

#define KIND(name, ...)		name##_NR,
enum {
#include "contract_table.h"
	NR_KINDS
};

#define EVENT(name, ...)	name##_NR,
enum {
#include "contract_table.h"
	NR_EVENTS
};

#define TRAIT(name, ...)	name##_NR,
enum {
#include "contract_table.h"
	NR_TRAITS
};

#include "contract_sets.h"

#define CALL(name, ...)		CALL_##name,
enum contract_call_nr {
#include "contract_table.h"
	NR_CALLS
};

#define REASON(name, ...)	REASON_##name,
enum {
#include "contract_table.h"
	NR_REASONS
};

/* One row: a value of each column. */
struct contract_row {
	unsigned int	value[NR_COLUMNS];
};

struct contract_scene;

/* A call of the API. */
struct contract_call {
	const char	*name;
	unsigned int	traits;
	int		returns;
	int		(*make)(struct contract_scene *scene);
};

extern const struct contract_call contract_calls[NR_CALLS];

/* --- contract_rows.c ------------------------------------------------------------------------ */

/* Nothing has been run. Return: false if the table makes no sense, which is a failure. */
bool contract_begin(struct kunit *test);
/* The next row for this call, if one of its pairs, or any pair with @all, is left. */
bool contract_next(unsigned int call, struct contract_row *row);
void contract_ran(const struct contract_row *row);
int contract_returns(const struct contract_row *row);
int contract_end(const struct contract_row *row);
/* Prints how many pairs there are, were run, and are excluded. Return: how many are left. */
unsigned int contract_account(struct kunit *test);
const char *contract_text(const struct contract_row *row, char *text, size_t size);

/* --- contract_scene.c ----------------------------------------------------------------------- */

/* Workers of the pool at most; tasks that hold them; those that fill it. */
#define CONTRACT_WORKERS	3
#define CONTRACT_ROOM		8
#define CONTRACT_FILLERS	(2 * CONTRACT_ROOM + CONTRACT_WORKERS)

struct contract_scene {
	struct contract_row	row;
	struct kunit		*test;
	struct wpool		*pool;
	struct wpool_set	*set;		/* of which it is, or NULL */
	struct device		*device;	/* or NULL */
	struct wpt_gate		*gate;		/* of all that must not end before the call */
	struct wpt_gate		*go;		/* the call may be made */
	struct wpt_gate		*last;		/* of the hook terminated */
	struct wpt_gate		*nest;		/* of the task that nests */
	struct wait_queue_head	wq;		/* woken when the gate opens */

	/* the task; its memory is this, or a stack */
	struct wpool_task	*task;		/* or NULL: a function */
	struct wpool_task	plain;
	struct wpool_keyed_task	keyed;
	struct wpool_delayed_task delayed;
	struct wpool_release_task tracked;
	struct wpool_group	group, other_group;	/* the task's, of others */
	struct wpool_stats	stats;
	struct wpt_thread	*host;		/* the stack */
	struct completion	hosted, begun, begun_outer;
	struct completion	over;
	atomic_t		begins, returns;
	atomic_t		fates[WPOOL_FATE_DIED + 1];	/* of its releases */
	unsigned int		submissions;	/* accepted, of the scene's own */
	bool			placed;		/* submitted before the call */

	struct wpt_job		*holders, *fillers, *killer;
	struct wpool_task	outer, actor;	/* tasks that call, or in which hooks do */
	struct wpt_thread	*thread;
	struct irq_work		work;
	struct timer_list	timer;
	struct completion	there;		/* the caller is where it is to call */
	struct completion	tidying;
	struct completion	returned;
	struct task_struct	*caller;	/* with a reference */
	bool			armed, calling, back;	/* back: the call has returned */
	atomic_t		called;
	u64			before;		/* tasks that had run before this one */
	int			got, result;
};

/* Brings the row about, and says what came of it. Return: 0, or -ETIMEDOUT: it hangs. */
int contract_play(struct kunit *test, const struct contract_row *row, int *returned, int *end);
/* The function of tasks that calls have made. Return: RESULT. */
int contract_fn(void *arg);

static inline const struct contract_call *contract_call_of(const struct contract_scene *scene)
{
	return &contract_calls[scene->row.value[CALL_COLUMN]];
}

static inline bool contract_is(const struct contract_scene *scene, enum contract_column column,
			       unsigned int set)
{
	return set >> scene->row.value[column] & 1;
}

#endif /* _WPOOL_CONTRACT_H */
