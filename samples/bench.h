/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of wpool_bench share.
 *
 * A work is what is measured; its lanes are those that do it, in turn, round after
 * round: a peer each, or one peer with different numbers. All peers get the same
 * items, call the same function and count their end in the same place.
 */
#ifndef _WPOOL_BENCH_H
#define _WPOOL_BENCH_H

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/padata.h>
#include <linux/printk.h>
#include <linux/workqueue.h>
#include <linux/wpool.h>

/* The spin_us of the lanes that look on before they sleep. */
#define BENCH_SPIN_US		50U

/* Figures are kept in thousandths of their unit. */
#define BENCH_SCALE		1000ULL

struct seq_file;

/* A task of any peer: what it wants embedded, and no more. */
struct bench_item {
	union {
		struct wpool_task	wpool;
		struct work_struct	work;
		struct kthread_work	kwork;
		struct padata_priv	padata;
		struct llist_node	node;
	};
} ____cacheline_aligned;

struct bench_consumer;
struct bench_padata;

/**
 * struct bench_lane - one who does the work
 * @label: in the tables; "wpool..." is judged, "(...)" is a floor
 * @peer: by what means
 * @workers: how many there may be; 0 is one a CPU
 * @arg: the work's
 */
struct bench_lane {
	const char		*label;
	const struct bench_peer	*peer;
	unsigned int		workers;
	unsigned int		arg;
	/* while it is open, the peer's */
	union {
		struct wpool		*pool;
		struct wpool_set	*set;
		struct workqueue_struct	*wq;
		struct kthread_worker	*kworker;
		struct bench_padata	*padata;
		struct bench_consumer	*consumer;
	};
};

/**
 * struct bench_peer - a way to have functions called
 * @threads: how the names begin of those that call them, or NULL
 * @open: makes what it needs
 * @close: nothing is to be done any more
 * @init: sets up an item, once
 * @submit: has bench_now.fn called with the item
 * @start: there is going to be something to do; or NULL
 * @stop: all have ended; waits until no item is touched any more. Or NULL
 * @submit_many: in its own way, or NULL
 * @submit_new: of memory that it allocates; the item is garbage. Or NULL
 * @wait: in its own way, or NULL
 * @longest_hold: the most tasks, waiters and so on in one hold of its lock; or NULL
 *
 * @submit may be called in hard interrupts, of those that can.
 */
struct bench_peer {
	const char *threads;
	int (*open)(struct bench_lane *lane);
	void (*close)(struct bench_lane *lane);
	void (*init)(struct bench_item *item);
	void (*submit)(struct bench_lane *lane, struct bench_item *item);
	void (*start)(struct bench_lane *lane);
	void (*stop)(struct bench_lane *lane);
	void (*submit_many)(struct bench_lane *lane, struct bench_item *items,
			    unsigned int n);
	void (*submit_new)(struct bench_lane *lane);
	void (*wait)(struct bench_lane *lane, struct bench_item *item);
	unsigned int (*longest_hold)(const struct bench_lane *lane);
};

#if defined(CONFIG_LOCKDEP) && IS_ENABLED(CONFIG_KUNIT)
/* wpool's own, for the tests and the bench alone: see core/lock_hold.h. */
unsigned int wpool_longest_hold(const struct wpool *pool);
#else
static inline unsigned int wpool_longest_hold(const struct wpool *pool)
{
	return 0;
}
#endif

extern const struct bench_peer bench_wpool, bench_wpool_spin, bench_wpool_by_cpu,
	bench_wpool_ordered, bench_unbound, bench_unbound_system, bench_percpu, bench_ordered,
	bench_kworker, bench_kthread, bench_call, bench_inline, bench_llist;
#ifdef CONFIG_PADATA
extern const struct bench_peer bench_padata;
#endif

/* How a producer schedules. */
enum bench_way {
	BENCH_ONE,	/* an item at a time */
	BENCH_MANY,	/* many at a time, by the lanes that can */
	BENCH_NEW,	/* one at a time, allocated */
};

struct bench_kind;

/**
 * struct bench_work - what is measured
 * @name: the first word in the tables
 * @lanes: who does it; the last has no label
 * @sample: one lane, one round; calls bench_record()
 * @tasks: how many
 * @producers: threads that schedule them; or, for work by the clock, on how many CPUs it would take
 *	the share @arg, 0: on all
 * @arg: the work's own
 * @way: how they schedule
 * @kind: of bench_growth.c or bench_real.c, and of no other
 * @ahead: no worker keeps a producer off its CPU
 * @asked: done only if the parameter works= names it
 */
struct bench_work {
	const char		*name;
	struct bench_lane	*lanes;
	void (*sample)(const struct bench_work *work, struct bench_lane *lane);
	unsigned int		tasks;
	unsigned int		producers;
	unsigned int		arg;
	enum bench_way		way;
	const struct bench_kind	*kind;
	bool			ahead;
	bool			asked;
};

/*
 * All that tasks may be left with and waited for; those with a worker for each CPU; and those where
 * one thread at a time runs what one thread schedules: the only one, or that of the submitter's
 * CPU. The last are compared with one another, not with those that have more workers.
 */
extern struct bench_lane bench_lanes[], bench_wide_lanes[], bench_single_lanes[];

/* Each file's works; the last has no name. */
extern const struct bench_work bench_rate_works[];
extern const struct bench_work bench_mixed_works[];
extern const struct bench_work bench_bounded_works[];
extern const struct bench_work bench_calls_works[];
extern const struct bench_work bench_trip_works[];
extern const struct bench_work bench_flat_works[];
extern const struct bench_work bench_wait_works[];
extern const struct bench_work bench_rest_works[];
extern const struct bench_work bench_growth_works[];
extern const struct bench_work bench_real_works[];

/**
 * struct bench_now - the sample that is being taken
 * @fn: what every item calls
 * @error: why an item was refused; then no figure counts
 * @began: when the sample did
 * @left: how many items have not ended
 * @end: when the last one did
 * @done: and this tells
 */
struct bench_now {
	void (*fn)(struct bench_item *item);
	int			error;
	u64			began;
	atomic_t		left ____cacheline_aligned_in_smp;
	u64			end;
	struct completion	done;
};

extern struct bench_now bench_now;
extern struct bench_item *bench_items;
extern unsigned int bench_rounds;
extern bool bench_warming;

/* bench_main.c */
void bench_init_items(struct bench_lane *lane, unsigned int n);
void bench_begin(struct bench_lane *lane, unsigned int n,
		 void (*fn)(struct bench_item *item));
void bench_end(struct bench_lane *lane);
u64 bench_await(struct bench_lane *lane);
u64 bench_submit_all(const struct bench_work *work, struct bench_lane *lane,
		     void (*fn)(struct bench_item *item));
void bench_empty_fn(struct bench_item *item);
void bench_refused(int error);
int bench_open(struct bench_lane *lanes);
void bench_close(struct bench_lane *lanes);
int bench_stopped(void);

/* bench_counts.c */
extern bool bench_counts;
void bench_counts_init(void);
void bench_counts_exit(void);
void bench_counts_begin(void);
void bench_counts_end(const struct bench_work *work, const struct bench_lane *lane);

/* bench_report.c */
void bench_record(const char *work, const char *label, const char *unit, u64 value);
void bench_record_each(const struct bench_work *work, const struct bench_lane *lane, u64 ns);
void bench_record_count(const char *name, const char *label, const char *unit, u64 value);
void bench_forget(void);
void bench_report_work(const char *name);
int bench_samples_show(struct seq_file *seq, void *unused);
int bench_table_show(struct seq_file *seq, void *unused);
int bench_verdicts_show(struct seq_file *seq, void *unused);

/* bench_rate.c */
void bench_rate(const struct bench_work *work, struct bench_lane *lane,
		void (*fn)(struct bench_item *item));

/* bench_wait.c */
void bench_calibrate(void);
void bench_burn(unsigned int us);
void bench_waits(const struct bench_work *work, struct bench_lane *lane, u64 task_ns,
		 void (*run)(unsigned int nr));

/* bench_rest.c */
struct bench_usage {
	u64	cpu;		/* ns */
	u64	switches;	/* to another thread */
};

void bench_usage(const char *threads, struct bench_usage *usage);

static inline void bench_ended(void)
{
	if (atomic_dec_and_test(&bench_now.left)) {
		bench_now.end = ktime_get_ns();
		complete(&bench_now.done);
	}
}

static inline unsigned int bench_item_nr(const struct bench_item *item)
{
	return item - bench_items;
}

#endif /* _WPOOL_BENCH_H */
