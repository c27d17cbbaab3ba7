/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wpool_torture: random use of everything at once, with an oracle.
 *
 * wpool_torture.c	parameters, the master, progress, verdict
 * torture_consumer.c	the consumers, and the gate behind which they rest
 * torture_kinds.c	what was exercised, and how often
 * torture_ops.c	what a consumer thread does to tasks
 * torture_pool_ops.c	what it does to pools
 * torture_scene.c	what must happen in one order, on a pool of one's own
 * torture_task.c	a task's memory and account
 * torture_self.c	tasks that free themselves, submitted again and again
 * torture_submit.c	submitting, and the answers that are right
 * torture_wait.c	waiting for tasks, and taking them back
 * torture_setting.c	what an administrator changes
 * torture_fn.c		what goes on inside a task
 * torture_frame.c	what a thread is inside, and its death
 * torture_pool.c	a pool's life
 * torture_account.c	what must hold of a pool, at any time and at rest
 * torture_hooks.c	a pool's hooks
 * torture_pairs.c	which acts met which
 * torture_rules.c	which do not, by contract
 * torture_arena.c	pools on which few threads seek the pairs that are rare
 * torture_duel.c	duels there, which two threads have
 * torture_meet.c	how the two of a duel meet
 * torture_choose.c	which two
 * torture_acts.c	what those do, an act each
 * torture_back.c	what wpool_shutdown_now() hands back
 * torture_depend.c	tasks that wait for what others do
 * torture_inside.c	what their tasks do
 * torture_trouble.c	threads that cannot be made, CPUs that come and go
 * torture_freeze.c	the freezer
 * torture_watch.c	threads that hang
 *
 * So that what hangs is wpool's fault, a task never waits for another pool but
 * a younger one, and what runs in its submitter waits for nothing.
 */
#ifndef _WPOOL_TORTURE_H
#define _WPOOL_TORTURE_H

#undef pr_fmt
#define pr_fmt(fmt) "wpool_torture: " fmt

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/timer.h>
#include <linux/wpool.h>
#include "torture_kinds.h"
#include "torture_pairs.h"
#include "ways.h"

#define TORT_MAX_THREADS	64U
#define TORT_POOLS		6	/* besides the default pool */
#define TORT_SET_MAX		3
#define TORT_KEYS		4
#define TORT_MANY		8	/* tasks of a batch, at most */
#define TORT_MAX_CAPACITY	8
#define TORT_MAX_QUEUED		200	/* of an unbounded pool */
#define TORT_MAX_GEN		5	/* tasks submitted by tasks by tasks ... */

/* Tasks of one key: submitted one at a time, so that their order is known. */
struct tort_key {
	struct mutex		order;		/* held while submitting */
	u64			submitted;
	u64			begun;
	atomic_t		busy;
};

/*
 * A pool, or a set of pools, and what must come out in the end. Its creator's
 * reference is dropped after the pool is destroyed, and each user has another, so
 * the last one finds it at rest.
 */
struct tort_pool {
	struct kref		ref;
	unsigned int		id;	/* counted up: the younger the higher */
	char			name[WPOOL_NAME_MAX + 1];
	struct wpool		*pools[TORT_SET_MAX];
	unsigned int		n;
	struct wpool_set	*set;
	struct rw_semaphore	set_sem;	/* a set has no references */
	struct wpool_attrs	attrs;
	bool			fifo;	/* one at a time, in order */
	bool			fixed;	/* its capacity is not ours to change */
	bool			is_default;
	bool			lossy;	/* may end tasks that nobody cancelled */
	bool			closing;
	bool			raced;	/* anybody may destroy it */
	atomic_t		restarters;	/* how many are about to restart it */

	/* how many may run at once, and how many do */
	raw_spinlock_t		size_lock;
	unsigned int		bound[TORT_SET_MAX];
	unsigned int		running;
	atomic_t		paused;

	struct mutex		order;	/* of submission, if fifo */
	u64			submitted;
	u64			begun;
	struct tort_key		keys[TORT_KEYS];

	raw_spinlock_t		unwaited_lock;
	struct list_head	unwaited;	/* tasks that nobody waits for */

	atomic64_t		accepted;	/* never less than wpool's own */
	atomic64_t		unsure;		/* perhaps accepted besides */
	atomic64_t		returned;
	atomic64_t		in_caller;
	atomic64_t		died;
	atomic64_t		worker_start, worker_stop;
	atomic64_t		task_begin, task_end, task_oops;
	atomic64_t		terminated, reopened, reopenings;
	struct wpool_stats	base;	/* of the default pool: before us */
	unsigned int		stuck;	/* samples without a change */
	u64			mark;

	struct tort_flights	flights;
	struct tort_arena	*arena;	/* or NULL */
	unsigned int		moods[TORT_NR_HOOKS];	/* a bit for each that it may have */
	unsigned long		hooks_die;	/* a bit for each hook that has */
};

enum tort_task_kind {
	TORT_TASK_PLAIN,
	TORT_TASK_KEYED,
	TORT_TASK_DELAYED,
};

#define TORT_MAGIC	0x746f7274	/* "tort" */

/*
 * A task. One that is unwaited is freed by its function, or, if that is never
 * called, with its pool; another when its last user has put it and it has ended.
 */
struct tort_task {
	union {
		struct wpool_task		task;
		struct wpool_release_task	tracked;
		struct wpool_keyed_task		keyed;
		struct wpool_delayed_task	delayed;
	};
	u32			magic;
	enum tort_task_kind	kind;
	struct tort_pool	*tp;	/* a reference, unless unwaited */
	struct wpool		*pool;	/* of tp */
	struct list_head	node;	/* on tp->unwaited */
	bool			unwaited;
	bool			self_freeing;	/* and has a reference for each submission */
	atomic_t		inside;		/* threads in such a one */
	bool			shared;		/* others may submit it */
	bool			periodic;	/* its pool submits it as it begins */
	bool			lossy;		/* may end although nobody cancelled it */
	bool			own;		/* see torture_back.c */
	bool			grouped;	/* of a group awaited in a task, or made by one */
	bool			may_die;
	bool			died;
	bool			releases;	/* has a reference for each, until its release */
	atomic_t		released;
	refcount_t		refs;
	struct llist_node	reap;
	struct llist_node	hoard;		/* of an arena */
	int			slot;		/* among the published, or -1 */

	atomic_t		accepted;
	atomic_t		begun;
	atomic_t		cancels;
	int			result;		/* what it returns */
	int			resubmits;		/* how often it submits itself */
	int			resubmitted;
	u64			rnd;
	unsigned int		gen;
	u64			seq;		/* 0: in no order */
	struct tort_key		*key;
	unsigned int		key_nr;
	unsigned long		due;		/* not before, or 0 */
	void			(*scene)(struct tort_task *tt);
	void			*scene_arg;
	enum tort_act		way;		/* by which it came last */
	void			(*deed)(struct tort_ctx *ctx);	/* in an arena */
	void			*deed_arg;
	struct rcu_head		rcu;		/* when it is freed */
};

/* What a thread needs to act: a consumer's own, or that of the task it is in. */
struct tort_ctx {
	u64			rnd;
	struct tort_pool	*tp;
	struct tort_frame	*frame;		/* NULL outside of tasks */
	struct tort_thread	*thread;	/* NULL inside of tasks */
	bool			submitting;	/* so that a call may run a task */
	bool			private;	/* what it makes nobody else will know */
	struct tort_task	*tt;		/* for tort_anywhere() */
	enum tort_kind		way;		/* likewise */
	int			ret;		/* likewise */
	unsigned long		slept;		/* how often, in the last submission */
};

/*
 * One call of a task's function. On the stack: a dying thread takes its frames off
 * their list first.
 */
struct tort_frame {
	struct hlist_node	node;
	struct task_struct	*task;
	struct tort_frame	*outer;
	struct tort_ctx		ctx;
	struct tort_task	*tt;		/* NULL if it may be freed by now */
	struct tort_task	*self;		/* frees itself; until the end of its function */
	struct tort_task	*child;		/* waited for, with a reference */
	struct tort_group	*group;		/* likewise */
	struct tort_key		*key;
	unsigned int		gen;
	int			result;
	bool			grouped;
	bool			in_caller;
	bool			counted;
	bool			may_die;
	bool			hook;		/* not of a task: of a hook around it */
	bool			no_worker;	/* whose death is counted */
	struct tort_mark	*marks;		/* what it is at, innermost first */
	struct tort_mark	caller_runs;
	enum tort_act		way;
	void			(*deed)(struct tort_ctx *ctx);
	void			*deed_arg;
};

struct tort_group {
	struct wpool_group	group;
	struct llist_node	reap;
	struct tort_pool	*tp;
};

/* A thread that the watchdog looks at. */
struct tort_thread {
	struct task_struct	*task;
	int			id;
	const char		*op;
	struct tort_pool	*tp;
	unsigned long		since;
	unsigned long		ops;
	bool			killable;
	bool			parked;
	struct tort_ctx		ctx;

	/* to act from another context */
	void			(*call)(struct tort_ctx *ctx);
	struct irq_work		work;
	struct timer_list	timer;
	struct completion	called;
};

/* wpool_torture.c */
extern bool tort_kill_hard;
extern bool tort_kill;
extern bool tort_fail_alloc;
extern atomic_t tort_live;
extern unsigned int tort_threads;
bool tort_stopping(void);
bool tort_tame(void);
bool tort_bursting(void);
void tort_say_progress(void);
void tort_hang(struct tort_thread *thread);
__printf(1, 2) void tort_fault(const char *fmt, ...);
struct tort_thread *tort_thread(unsigned int i);
int tort_make_thread(struct tort_thread *thread, int id, int (*fn)(void *),
		     const char *name);

/* torture_consumer.c */
struct tort_thread *tort_consumer(unsigned int i);
struct tort_thread *tort_any_thread(struct tort_ctx *ctx);
int tort_consume(void *data);
void tort_gate_close(void);
void tort_gate_open(void);

#define tort_check(condition, ...)					\
({									\
	bool __holds = !!(condition);					\
									\
	if (!__holds)							\
		tort_fault(__VA_ARGS__);				\
	__holds;							\
})

/* Knuth's generator: a run's choices depend on its seed alone. */
static inline u32 tort_rnd(u64 *state, u32 below)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(*state >> 33) % below;
}

static inline u32 tort_pick(struct tort_ctx *ctx, u32 below)
{
	return tort_rnd(&ctx->rnd, below);
}

static inline bool tort_one_in(struct tort_ctx *ctx, u32 n)
{
	return !tort_pick(ctx, n);
}

/* torture_task.c */

/* May another thread use it that does not know whether it was submitted? */
static inline bool tort_is_shared(const struct tort_task *tt)
{
	return tt->shared || READ_ONCE(tt->slot) >= 0;
}

struct tort_task *tort_task_new(struct tort_ctx *ctx, struct tort_pool *tp,
				enum tort_task_kind kind, gfp_t gfp);
struct tort_task *tort_task_unwaited(struct tort_ctx *ctx, struct tort_pool *tp,
				     bool detached, gfp_t gfp);
struct tort_task *tort_task_self_freeing(struct tort_ctx *ctx, struct tort_pool *tp, gfp_t gfp);
void tort_task_releases(struct tort_task *tt);
void tort_task_may_release(struct tort_ctx *ctx, struct tort_task *tt);
void tort_task_get(struct tort_task *tt);
void tort_task_put(struct tort_task *tt);
void tort_task_free(struct tort_task *tt);
void tort_task_unlink(struct tort_task *tt);
void tort_task_finish(struct tort_task *tt);
void tort_task_verify(struct tort_task *tt, int result);
void tort_accept(struct tort_task *tt);
void tort_unaccept(struct tort_task *tt);
void tort_publish(struct tort_ctx *ctx, struct tort_task *tt);
void tort_unpublish(struct tort_task *tt);
struct tort_task *tort_victim(struct tort_ctx *ctx);
void tort_reap_group(struct tort_group *group);
int tort_reaper_start(void);
void tort_reaper_stop(void);

/* torture_self.c */
void tort_self_begins(struct tort_frame *frame, struct tort_task *tt);
void tort_self_ends(struct tort_frame *frame);
void tort_self_again(struct tort_ctx *ctx);
void tort_self(struct tort_ctx *ctx);

/* torture_submit.c */
int tort_account(struct tort_ctx *ctx, struct tort_pool *tp, int ret,
		 enum tort_kind way, bool shared);
int tort_submit(struct tort_ctx *ctx, struct tort_task *tt, enum tort_kind way);
unsigned int tort_submit_batch(struct tort_ctx *ctx, struct wpool *pool,
			       struct tort_task **tts, unsigned int n);
int tort_submit_group(struct tort_ctx *ctx, struct tort_group *group,
		      struct tort_task *tt);
void tort_group_lossy(struct tort_ctx *ctx, struct tort_task *tt);
int tort_submit_group_fn(struct tort_ctx *ctx, struct wpool_group *group,
			 struct tort_task *tt);
void tort_run(struct tort_ctx *ctx, enum tort_act act);

/* torture_wait.c */
bool tort_wait(struct tort_ctx *ctx, struct tort_task *tt, int *result);
void tort_wait_timeout(struct tort_ctx *ctx, struct tort_task *tt);
void tort_poll(struct tort_ctx *ctx, struct tort_task *tt);
void tort_cancel(struct tort_ctx *ctx, struct tort_task *tt);
void tort_cancel_sync(struct tort_ctx *ctx, struct tort_task *tt);
void tort_cancel_delayed(struct tort_ctx *ctx, struct tort_task *tt);
void tort_modify_delayed(struct tort_ctx *ctx, struct tort_task *tt);
int tort_group_wait(struct tort_ctx *ctx, struct wpool_group *group);
int tort_group_wait_timeout(struct tort_ctx *ctx, struct wpool_group *group);
void tort_group_cancel(struct tort_ctx *ctx, struct wpool_group *group);
void tort_flush(struct tort_ctx *ctx, struct wpool *pool, bool drain);

/* torture_setting.c */
bool tort_has_settings(void);
void tort_setting(struct tort_ctx *ctx);

/* torture_frame.c */
struct tort_frame *tort_current_frame(void);
void tort_frame_begin(struct tort_frame *frame, struct tort_task *tt);
void tort_frame_end(struct tort_frame *frame);
bool tort_may_die(const struct tort_frame *frame);
void tort_settle_death(struct tort_frame *innermost);
void tort_oops_if_hard(void);

/* Kills the worker, and with it all that it is inside. */
static __always_inline void __noreturn tort_die(struct tort_frame *innermost)
{
	tort_settle_death(innermost);
	kthread_complete_and_exit(NULL, 0);
}

/* torture_fn.c */
int tort_fn(void *arg);
void tort_nap(struct tort_ctx *ctx, unsigned int most);

/* torture_ops.c */
extern const struct tort_op {
	const char		*name;
	void			(*fn)(struct tort_ctx *ctx);
	unsigned int		weight;
} tort_task_ops[], tort_pool_ops[], tort_scenes[];	/* NULL ends each */
void tort_anywhere(struct tort_ctx *ctx, void (*call)(struct tort_ctx *ctx));
void tort_later(struct tort_ctx *ctx, void (*call)(struct tort_ctx *ctx));
void tort_called(struct tort_ctx *ctx);
void tort_thread_setup(struct tort_thread *thread);

/* torture_pool_ops.c */
void tort_pause(struct tort_ctx *ctx);
void tort_prestart(struct tort_ctx *ctx);
unsigned int tort_shutdown_now(struct tort_ctx *ctx, struct tort_pool *tp,
			       struct list_head *unrun);
void tort_shutdown(struct tort_ctx *ctx, struct tort_pool *tp);
int tort_await(struct tort_ctx *ctx, struct tort_pool *tp, struct wpool *pool);
void tort_restart(struct tort_ctx *ctx, struct tort_pool *tp, struct wpool *pool);
void tort_destroy_race(struct tort_ctx *ctx);

/* torture_hooks.c */
extern const struct wpool_ops tort_hooks;

/* torture_pool.c */
void tort_random_attrs(struct tort_ctx *ctx, struct wpool_attrs *attrs);
struct tort_pool *tort_pool_create(struct tort_ctx *ctx,
				   const struct wpool_attrs *attrs);
struct tort_pool *tort_pool_wrap_default(void);
struct tort_pool *tort_pool_get(struct tort_pool *tp);
void tort_pool_put(struct tort_pool *tp);
void tort_pool_destroy(struct tort_pool *tp);
struct tort_pool *tort_pool_any(struct tort_ctx *ctx);
struct tort_pool *tort_pool_swap(unsigned int slot, struct tort_pool *tp);
struct wpool *tort_pool_pick(struct tort_ctx *ctx, struct tort_pool *tp);
bool tort_pool_is_current(const struct tort_pool *tp);
void tort_pool_for_each(void (*fn)(struct tort_pool *tp));

/* torture_account.c */
u64 tort_stat(struct wpool *pool, enum wpool_stat which);
void tort_pool_enter(struct tort_pool *tp, bool counted);
void tort_pool_leave(struct tort_pool *tp, bool counted);
void tort_pool_resize(struct tort_ctx *ctx);
void tort_pool_sample(struct tort_pool *tp);
void tort_pool_check_rest(struct tort_pool *tp);

/* torture_trouble.c */
bool tort_fail_thread(bool on);
void tort_fail_spawn(bool on);
bool tort_has_fail_spawn(void);
extern struct mutex tort_machine;
void tort_hotplug(struct tort_ctx *ctx);
void tort_print_hotplug(unsigned int *possible, unsigned int *found);
bool tort_has_hotplug(void);

/* torture_freeze.c */
int tort_freezer_start(void);
void tort_freezer_stop(void);
bool tort_has_freezer(void);
void tort_freeze(struct tort_ctx *ctx);
bool tort_frozen(void);

/* torture_watch.c */
extern unsigned int tort_stall;
int tort_watchdog(void *unused);
void tort_dump(void);

#endif /* _WPOOL_TORTURE_H */
