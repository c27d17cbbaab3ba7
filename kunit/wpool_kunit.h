/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the tests share: things that end when their test does.
 *
 * Whatever a test makes (pools, threads, gates, memory) belongs to its fixture
 * and is taken down by wpt_exit(), also after a failed assertion: gates are
 * opened, pools shut down, threads joined, and only then is memory freed. What
 * a thread or a task touches therefore never lies on a test's stack.
 *
 * Nothing here waits without a limit. If a thread or a pool does not end within
 * WPT_LIMIT, the test fails, and all that it made is leaked, this module
 * pinned: a failure must be reported, not crash the machine.
 */
#ifndef _WPOOL_KUNIT_H
#define _WPOOL_KUNIT_H

#include <kunit/test.h>
#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/wpool.h>

#include "ways.h"

/*
 * How long a test waits for what must happen; says nothing about speed. Shorter
 * where a bug is planted to keep it from happening, see scripts/mutate.
 */
#ifndef WPT_SECONDS
#define WPT_SECONDS	30
#endif
/*
 * Longer with many CPUs, which may be virtual and take turns on a few: the kernel hands its
 * spinlocks on in order, also to a CPU that does not have its turn. A hundred threads that end at
 * the same time then hold each other up for tens of seconds.
 */
#define WPT_LIMIT	(WPT_SECONDS * HZ * max(num_online_cpus() / 16, 1U))

/* Where a shell finds the pools. */
#define WPT_POOLS	"/sys/kernel/debug/wpool"

/* Closed until it is opened, for good. */
struct wpt_gate {
	struct list_head	node;
	struct completion	opened;
};

/* A task that tells what became of it. */
struct wpt_job {
	struct wpool_task	task;
	struct wpt_gate		*gate;		/* waited for while running */
	atomic_t		*clock;		/* where it takes its turn */
	int			turn;		/* which one it was, from 1 */
	int			result;		/* what it returns */
	atomic_t		runs;
	struct completion	begun;
	struct task_struct	*worker;	/* ran it last; no reference */
};

/* A kthread that makes one call, in the test's stead, and keeps its result. */
struct wpt_thread {
	struct list_head	node;
	struct task_struct	*kthread;	/* with a reference */
	int			(*fn)(struct wpt_thread *self);
	struct wpool		*pool;
	struct wpt_job		*job;
	void			*arg;
	bool			calling;
	struct completion	done;
	int			result;
};

/* A task that submits a job to its own pool, and waits for it; see wpt_run_nest(). */
struct wpt_nest {
	struct wpool_task	task;
	struct wpool		*pool;
	struct wpt_job		*inner;
};

/* What wpt_run_until_stopped() returns. */
#define WPT_STOPPED	33
#define WPT_NOT_STOPPED	34

#ifdef CONFIG_LOCKDEP
/* Of wpool's own, for tests alone: see core/lock_hold.h. */
#define WPT_HOLD_MAX	256	/* WPOOL_HOLD_MAX there */
unsigned int wpool_longest_hold(const struct wpool *pool);
#endif

/* What comes of a call that has to sleep where nothing may is no fault of this run. */
static inline void wpt_expect_atomic(void)
{
	pr_info("wpool_kunit: expect some: BUG: .* has to sleep in atomic context: refused\n");
	if (IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		pr_info("wpool_kunit: expect some: sleeping function called from invalid context at .*core/\n");
}

/* As whose a call may be made that is refused to all modules but one. */
extern const struct module wpt_other_module;

/* What is built into the kernel has no module that could be pinned, or that owns a pool. */
static inline void wpt_needs_module(struct kunit *test)
{
	if (!__is_defined(MODULE))
		kunit_skip(test, "needs a module: this is built into the kernel");
	if (!IS_ENABLED(CONFIG_MODULE_UNLOAD))
		kunit_skip(test, "needs CONFIG_MODULE_UNLOAD: nobody counts who uses a module");
}

/* How often a module is pinned. */
static inline int wpt_pins(struct module *module)
{
#ifdef CONFIG_MODULE_UNLOAD
	return module_refcount(module);
#else
	return 0;
#endif
}

/* For the init and exit members of every suite. */
int wpt_init(struct kunit *test, const char *suite);
void wpt_exit(struct kunit *test);

/* All these assert success. */
void *wpt_alloc(struct kunit *test, size_t size);
struct wpool *wpt_pool(struct kunit *test, const struct wpool_attrs *attrs);
struct wpool *wpt_adopt(struct kunit *test, struct wpool *pool);
struct wpt_gate *wpt_gate(struct kunit *test);
struct module *wpt_module(struct kunit *test, enum module_state state);
struct wpt_job *wpt_jobs(struct kunit *test, unsigned int n, struct wpt_gate *gate);
struct wpt_thread *wpt_thread(struct kunit *test, int (*fn)(struct wpt_thread *),
			      struct wpool *pool, struct wpt_job *job, void *arg);

const char *wpt_name(struct kunit *test, char *buffer, size_t size);
void wpt_forget(struct kunit *test, struct wpool *pool);
void wpt_destroy(struct kunit *test, struct wpool *pool);
void wpt_open(struct wpt_gate *gate);
int wpt_run_job(void *arg);
int wpt_schedule_all(struct wpool *pool, struct wpt_job *jobs, unsigned int n);
struct wpt_job *wpt_hold(struct kunit *test, struct wpool *pool, unsigned int n);
void wpt_begun(struct kunit *test, struct wpt_job *job);
int wpt_result(struct kunit *test, struct wpool_task *task);
int wpt_wait(struct kunit *test, struct wpt_job *job);
int wpt_join(struct kunit *test, struct wpt_thread *thread);
struct wpt_thread *wpt_prestart(struct kunit *test, struct wpool *pool, unsigned int n);
int wpt_call(struct kunit *test, int (*fn)(struct wpt_thread *),
	     struct wpool *pool, void *arg);
int wpt_run(struct kunit *test, struct wpool *pool, wpool_fn_t fn, void *arg);
bool wpt_asleep(struct wpt_thread *thread);
bool wpt_fail_spawn(unsigned int interval);
bool wpt_provoked(const char *what);
struct task_struct *wpt_thread_named(const char *name);
struct task_struct *wpt_manager(void);
struct task_struct *wpt_maker(void);
/* Has one of those two nothing to do? Only its own loop sleeps so, not what it calls. */
bool wpt_has_settled(const struct task_struct *thread);
int wpt_shell(const char *script);
int wpt_shell_in(struct kunit *test, struct wpool *pool, const char *script);

/*
 * Functions of tasks: of a job, until it is told to stop or its gate opens; of a nest; that end
 * their thread.
 */
int wpt_run_until_stopped(void *arg);
int wpt_run_nest(void *arg);
int wpt_die(void *unused);

struct wpool_group *wpt_group(struct kunit *test, bool fail_fast);
void wpt_group_schedule(struct kunit *test, struct wpool_group *group, struct wpool *pool,
			struct wpt_job *jobs, unsigned int n);
int wpt_group_wait(struct kunit *test, struct wpool_group *group);

/* Calls for wpt_thread(); those on a pool alone also for wpt_call(). */
int wpt_call_schedule(struct wpt_thread *self);
int wpt_call_wait(struct wpt_thread *self);
int wpt_call_destroy(struct wpt_thread *self);
int wpt_call_flush(struct wpt_thread *self);
int wpt_call_drain(struct wpt_thread *self);
int wpt_call_submit_and_cancel(struct wpt_thread *self);	/* until its job's gate opens */
int wpt_call_group_wait(struct wpt_thread *self);	/* arg: the group */

static inline u64 wpt_stat(struct wpool *pool, enum wpool_stat which)
{
	struct wpool_stats stats;

	wpool_stats(pool, &stats);
	return stats.count[which];
}

static inline enum wpool_state wpt_state(struct wpool *pool)
{
	struct wpool_stats stats;

	wpool_stats(pool, &stats);
	return stats.state;
}

/* A function of the tests, as the log has it: in an expression of what is expected there. */
#ifdef CONFIG_KALLSYMS
#define WPT_FN(name)	name
#else
#define WPT_FN(name)	"0x[0-9a-f]*"
#endif
#define WPT_RUN_JOB	WPT_FN("wpt_run_job")

/*
 * Between two looks at what nobody signals: at first @us, then twice as long each time, and at
 * last a jiffy. Most of it comes long before a jiffy has passed, and the tests look a thousand
 * times.
 */
static inline void wpt_look_later(unsigned int *us)
{
	if (*us >= jiffies_to_usecs(1)) {
		schedule_timeout_idle(1);
		return;
	}
	usleep_range_state(*us, 2 * *us, TASK_IDLE);
	*us *= 2;
}

/*
 * Wait for a condition that nobody signals. False if it did not come true
 * within the limit.
 */
#define wpt_until(condition)						\
({									\
	unsigned long __end = jiffies + WPT_LIMIT;			\
	unsigned int __us = 20;						\
	bool __true;							\
									\
	while (!(__true = (condition)) && time_before(jiffies, __end))	\
		wpt_look_later(&__us);					\
	__true;								\
})

#define WPT_ASSERT_UNTIL(test, condition)				\
do {									\
	bool __came = wpt_until(condition);				\
									\
	KUNIT_ASSERT_TRUE_MSG(test, __came, "never came true: %s", #condition); \
} while (0)

/*
 * Wait for what many tasks must bring about: for WPT_LIMIT, and again as long as some
 * end. How many do in that time is up to the machine: the kernel's spinlocks are handed
 * on in order, so on virtual CPUs that take turns on one each hold of a pool's lock may
 * take milliseconds. @wait is false after WPT_LIMIT.
 */
#define WPT_ASSERT_WHILE_BUSY(test, pool, wait)				\
do {									\
	bool __came;							\
	u64 __ended;							\
									\
	do {								\
		__ended = wpt_stat(pool, WPOOL_STAT_COMPLETED);		\
		__came = (wait);					\
	} while (!__came && wpt_stat(pool, WPOOL_STAT_COMPLETED) != __ended); \
	KUNIT_ASSERT_TRUE_MSG(test, __came, "no task ends, nor came true: %s", #wait); \
} while (0)

#define WPT_ASSERT_STAT(test, pool, which, value)			\
do {									\
	u64 which, __value = (value);					\
									\
	wpt_until((which = wpt_stat(pool, WPOOL_STAT_##which)) == __value); \
	KUNIT_ASSERT_EQ(test, which, __value);				\
} while (0)

#define WPT_EXPECT_STAT(test, pool, which, value)			\
do {									\
	u64 which = wpt_stat(pool, WPOOL_STAT_##which), __value = (value); \
									\
	KUNIT_EXPECT_EQ(test, which, __value);				\
} while (0)

/*
 * A wait of so many jiffies was not cut short: they have passed, beside the one
 * that had begun. In jiffies, for in a machine whose ticks come late, a whole
 * bundle of them may pass at once, and nothing that counts them can know.
 */
#define WPT_EXPECT_WAITED(test, began, timeout)				\
	KUNIT_EXPECT_TRUE(test, !(timeout) || time_after(jiffies, (began) + (timeout)))

#endif /* _WPOOL_KUNIT_H */
