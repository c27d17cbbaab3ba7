// SPDX-License-Identifier: GPL-2.0
/*
 * The claim of a pool's workers on the CPUs: where they run, and how nice they are. It comes
 * from the attributes, and an administrator may change it while they run.
 *
 * A new worker takes the claim itself, because the kernel sets its own mask when a thread first
 * runs; it is on the list of workers before. A thread that changes the claim gives it to all on
 * that list. If the two meet, the worker may be the last to set what is out of date: so it
 * looks again, after it has set it. If it sees no change under pool->lock, the change is made
 * under that lock later, and the thread that makes it finds what the worker has set, and
 * replaces it.
 *
 * A mask is never changed, but replaced; a thread that uses it without the lock has a reference.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/sched/prio.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "claim.h"
#include "compat.h"
#include "marks.h"
#include "pool.h"
#include "pool_lock.h"
#include "worker_list.h"

/**
 * struct wpool_cpus - where workers are to run
 * @refs: the pool has one, and each thread that uses the mask without pool->lock
 * @bits: I: the mask, as long as the machine needs
 */
struct wpool_cpus {
	refcount_t	refs;
	unsigned long	bits[];
};

static struct wpool_cpus *cpus_alloc(void)
{
	struct wpool_cpus *cpus = kzalloc(sizeof(*cpus) + cpumask_size(), GFP_KERNEL);

	if (cpus)
		refcount_set(&cpus->refs, 1);
	return cpus;
}

static struct cpumask *cpus_mask(struct wpool_cpus *cpus)
{
	return to_cpumask(cpus->bits);
}

static void cpus_put(struct wpool_cpus *cpus)
{
	if (cpus && refcount_dec_and_test(&cpus->refs))
		kfree(cpus);
}

/* Takes a reference. Context: pool->lock held. Return: NULL if the kernel chooses. */
static struct wpool_cpus *cpus_get(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	if (pool->claim.cpus)
		refcount_inc(&pool->claim.cpus->refs);
	return pool->claim.cpus;
}

static void claim_set_kept(struct wpool *pool, bool kept)
{
	pool->claim.kept = kept;
	pool_watch(pool, WATCH_WORKER, kept || pool->conf.flags & WPOOL_FREEZABLE);
}

/* The same for a caller without the lock; NULL also if @kept, or not, is not so. */
static struct wpool_cpus *cpus_get_if(struct wpool *pool, bool kept)
{
	struct wpool_cpus *cpus = NULL;
	unsigned long flags;

	pool_lock(pool, flags);
	if (pool->claim.kept == kept)
		cpus = cpus_get(pool);
	pool_unlock(pool, flags);
	return cpus;
}

/*
 * Leaves those of the node, also such as are offline: cpumask_of_node() has not those. Or all, if
 * the node has none online. The node of a CPU that is not present is not known yet.
 */
static void keep_to_node(struct cpumask *mask, int node)
{
	unsigned int cpu;
	bool any = false;

	for_each_cpu(cpu, mask)
		any |= cpu_online(cpu) && cpu_to_node(cpu) == node;
	if (!any)
		return;
	for_each_cpu(cpu, mask) {
		if (!cpu_present(cpu) || cpu_to_node(cpu) != node)
			cpumask_clear_cpu(cpu, mask);
	}
}

/*
 * The CPUs for kthreads that nobody has given an affinity: no isolated CPUs, and those of the
 * node if there is one. Newer kernels do all this (HK_TYPE_KTHREAD has become HK_TYPE_DOMAIN
 * there), and follow when CPUs are isolated later.
 *
 * Context: rcu_read_lock() held. Return: false if the kernel does it without us.
 */
static bool default_cpumask(struct cpumask *mask, int node)
{
	bool has_node = node != NUMA_NO_NODE;
	bool isolated = HK_TYPE_KTHREAD != HK_TYPE_DOMAIN && housekeeping_enabled(HK_TYPE_DOMAIN);

	cpumask_and(mask, housekeeping_cpumask(HK_TYPE_DOMAIN),
		    housekeeping_cpumask(HK_TYPE_KTHREAD));
	if (has_node)
		keep_to_node(mask, node);
	return isolated || (has_node && !WPOOL_KTHREADS_KEEP_CPUS);
}

/**
 * claim_init() - set up the claim of a new pool
 * @pool: the pool; has its node
 * @nice: how nice the workers are
 * @mask: where they run; NULL if nobody has asked
 *
 * Sets no affinity that nobody needs: it would undo what the kernel, or an administrator, does
 * to all kthreads. A caller that wants isolated CPUs names them; the kernel does not keep its
 * kthreads there, so the workers do it themselves.
 *
 * Context: Process context; may sleep.
 * Return: 0 or -ENOMEM.
 */
int claim_init(struct wpool *pool, int nice, const struct cpumask *mask)
{
	bool wanted = true, names_isolated = false;
	struct wpool_cpus *cpus = cpus_alloc();

	mutex_init(&pool->claim.lock);
	pool->claim.nice = nice;
	if (!cpus)
		return -ENOMEM;
	rcu_read_lock();	/* newer kernels replace the housekeeping masks */
	if (mask) {
		/* A caller may have set all bits; those of no CPU are not isolated ones. */
		cpumask_and(cpus_mask(cpus), mask, cpu_possible_mask);
		names_isolated = !cpumask_subset(cpus_mask(cpus),
						 housekeeping_cpumask(HK_TYPE_DOMAIN));
	} else {
		wanted = default_cpumask(cpus_mask(cpus), pool->conf.node);
	}
	rcu_read_unlock();
	if (!wanted) {
		cpus_put(cpus);
		return 0;
	}
	pool->claim.cpus = cpus;
	pool->claim.nr_cpus = cpumask_weight(cpus_mask(cpus));
	claim_set_kept(pool, !WPOOL_KTHREADS_KEEP_CPUS || names_isolated);
	return 0;
}

/* For a pool without workers. */
void claim_free(struct wpool *pool)
{
	struct wpool_cpus *cpus;
	unsigned long flags;

	pool_lock(pool, flags);
	cpus = pool->claim.cpus;
	pool->claim.cpus = NULL;
	claim_set_kept(pool, false);
	pool_unlock(pool, flags);
	cpus_put(cpus);
}

/**
 * claim_prepare() - let the kernel know of a worker's CPUs, if it keeps the worker there
 * @pool: the pool
 * @thread: the worker, which has not run yet
 *
 * Context: the maker; may sleep.
 * Return: 0, or the error of the kernel.
 */
int claim_prepare(struct wpool *pool, struct task_struct *thread)
{
	struct wpool_cpus *cpus = cpus_get_if(pool, false);
	int err = 0;

	if (cpus)
		err = kthread_affine_preferred(thread, cpus_mask(cpus));
	cpus_put(cpus);
	return err;
}

/* One of these CPUs that is there to stay, or at least nr_cpu_ids. */
static unsigned int staying_cpu(const struct cpumask *mask)
{
	unsigned int cpu;

	for_each_cpu_and(cpu, mask, cpu_online_mask) {
		if (!cpu_dying(cpu))
			break;
	}
	return cpu;
}

/*
 * Moves a thread to these CPUs. On one that is about to go the scheduler does not let a kernel
 * thread in any more; the thread would have the mask all the same, and on PREEMPT_RT a warning when
 * it next enables migration. So it is moved to one that stays, and nowhere if there is none. A CPU
 * that begins to go just now is not seen; that costs the warning.
 *
 * Return: 0, -EAGAIN if there is none, or the error of the kernel: then the thread has what it had,
 * or the one CPU.
 */
static int move_to(struct task_struct *thread, const struct cpumask *mask)
{
	unsigned int cpu = staying_cpu(mask);

	if (cpu >= nr_cpu_ids)
		return -EAGAIN;
	if (cpumask_intersects(mask, cpu_dying_mask))
		set_cpus_allowed_ptr(thread, cpumask_of(cpu));
	return set_cpus_allowed_ptr(thread, mask);
}

/* A worker that is just taking what it was takes it again. */
static void claim_changed(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	pool->claim.turn++;
}

/* May the worker that is to be there be moved now? Context: pool->lock held. */
bool claim_may_keep(const struct wpool *pool)
{
	return staying_cpu(cpus_mask(pool->claim.cpus)) < nr_cpu_ids;
}

/*
 * How many CPUs fewer than the mask the current worker has; less than 0 if it has more. Context:
 * the lock of its pool held, as for the next one.
 */
static int claim_lacks(const struct wpool *pool)
{
	return (int)pool->claim.nr_cpus - current->nr_cpus_allowed;
}

/* Has it others than those of the mask? */
static bool claim_strays(const struct wpool *pool)
{
	return pool->claim.cpus && !cpumask_subset(current->cpus_ptr, cpus_mask(pool->claim.cpus));
}

/*
 * Has the worker, which is current, lost the mask? Also if a CPU that was going has stayed, for
 * which there is no call. Context: the lock of its pool held.
 *
 * A worker may lack CPUs for ever: since 6.2, if a user has given a mask to the thread, or to
 * kthreadd before it was made, the kernel gives it only what both masks have in common. So it is
 * not moved twice for what it has. A change of that moves it once: the kernel has let it go
 * anywhere, and has forgotten the user's mask; a user has set another one; or the pool has another
 * one that could not be given to it. (Not seen: a user has set as many others of the same mask.)
 */
bool claim_is_lost(const struct wpool_worker *worker)
{
	return claim_lacks(worker->pool) != worker->lacks ||
	       claim_strays(worker->pool) != worker->strays;
}

/*
 * Notes what the current worker has, which has just been moved; see claim_is_lost(). If it has
 * more CPUs than the mask, or others, it has lost the mask again meanwhile: this is to be seen, so
 * it is not noted. But if the kernel has refused, as the CPUs that both the mask and a user allow
 * are offline, the worker is not moved for that again: if one of them comes, hotplug_came changes.
 */
static void note_lack(struct wpool_worker *worker, int err)
{
	int lacks = claim_lacks(worker->pool);

	lockdep_assert_held(&worker->pool->lock);
	worker->lacks = err ? lacks : max(lacks, 0);
	worker->strays = err && claim_strays(worker->pool);
}

/* Sets it for the current worker, until it has not changed meanwhile. Return: as move_to(). */
static int take(struct wpool_worker *worker, bool with_nice)
{
	struct wpool *pool = worker->pool;
	struct wpool_cpus *cpus;
	unsigned long flags;
	unsigned int turn;
	int nice, err;

	pool_lock(pool, flags);
	do {
		turn = pool->claim.turn;
		nice = pool->claim.nice;
		cpus = pool->claim.kept ? cpus_get(pool) : NULL;
		pool_unlock(pool, flags);
		if (with_nice)
			set_user_nice(current, nice);
		err = cpus ? move_to(current, cpus_mask(cpus)) : 0;
		cpus_put(cpus);
		pool_lock(pool, flags);
	} while (turn != pool->claim.turn);
	note_lack(worker, err);
	pool_unlock(pool, flags);
	return err;
}

/* The worker, which is current, begins. Return: as claim_keep_cpus(). */
bool claim_take(struct wpool_worker *worker)
{
	return take(worker, true) != -EAGAIN;
}

/*
 * Moves the worker, which is current, to the CPUs of the pool's mask. Return: false if none of them
 * is online, or all are going: it stays where it is until claim_may_keep().
 */
bool claim_keep_cpus(struct wpool_worker *worker)
{
	return take(worker, false) != -EAGAIN;
}

/* How many threads are taken off the list at a time, to be changed. */
#define AT_A_TIME	32

/*
 * Takes the next living workers, or the @first, in the order in which they have begun, which is
 * that of their turns. Return: how many, with a reference each.
 */
static unsigned int next_threads(struct wpool *pool, struct task_struct **threads, bool first,
				 unsigned int *next_turn)
{
	struct wpool_worker *worker;
	unsigned int n = 0;

	rcu_read_lock();
	for_each_worker_rcu(worker, pool) {
		/* Turns may go round. */
		if (first)
			*next_turn = worker->turn;
		first = false;
		if ((int)(worker->turn - *next_turn) < 0 || READ_ONCE(worker->dead))
			continue;
		/* worker_free() drops that of the worker, after this critical section. */
		threads[n] = get_task_struct(worker->thread);
		*next_turn = worker->turn + 1;
		if (++n == AT_A_TIME)
			break;
	}
	rcu_read_unlock();
	return n;
}

/* Gives the workers that there are what has changed: @cpus, or with NULL the niceness. */
static void give(struct wpool *pool, struct wpool_cpus *cpus)
{
	struct task_struct *threads[AT_A_TIME];
	unsigned int next_turn, i, n = 0;

	lockdep_assert_held(&pool->claim.lock);
	do {
		n = next_threads(pool, threads, !n, &next_turn);
		for (i = 0; i < n; i++) {
			if (cpus)
				move_to(threads[i], cpus_mask(cpus));
			else
				set_user_nice(threads[i], pool->claim.nice);
			put_task_struct(threads[i]);
		}
		cond_resched();
	} while (n == AT_A_TIME);
}

/**
 * claim_set_nice() - change how nice the workers are
 * @pool: the pool
 * @nice: -20 to 19
 *
 * Context: Process context; may sleep.
 * Return: 0, or -EINVAL (out of range, or a pool with a real-time policy) with nothing changed.
 */
int claim_set_nice(struct wpool *pool, int nice)
{
	unsigned long flags;

	if (nice < MIN_NICE || nice > MAX_NICE || pool->conf.policy)
		return -EINVAL;
	mutex_lock(&pool->claim.lock);
	pool_lock(pool, flags);
	WRITE_ONCE(pool->claim.nice, nice);
	claim_changed(pool);
	pool_unlock(pool, flags);
	give(pool, NULL);
	mutex_unlock(&pool->claim.lock);
	return 0;
}

/* Context: pool->claim.lock held. Return: the mask until now, with its reference. */
static struct wpool_cpus *replace_cpus(struct wpool *pool, struct wpool_cpus *cpus)
{
	struct wpool_cpus *old;
	unsigned long flags;

	lockdep_assert_held(&pool->claim.lock);
	pool_lock(pool, flags);
	old = pool->claim.cpus;
	pool->claim.cpus = cpus;
	pool->claim.nr_cpus = cpumask_weight(cpus_mask(cpus));
	/* Whatever the kernel did for them, it has other CPUs in mind. */
	claim_set_kept(pool, true);
	claim_changed(pool);
	pool_unlock(pool, flags);
	return old;
}

/**
 * claim_set_cpus() - change where the workers run
 * @pool: the pool
 * @mask: the CPUs; isolated ones may be among them
 *
 * A worker that has forbidden its migration is waited for.
 *
 * Context: Process context; may sleep.
 * Return: 0, or with nothing changed -EINVAL (none of them is online, and stays) or
 * -ENOMEM.
 */
int claim_set_cpus(struct wpool *pool, const struct cpumask *mask)
{
	struct wpool_cpus *cpus;

	if (staying_cpu(mask) >= nr_cpu_ids)
		return -EINVAL;
	cpus = cpus_alloc();
	if (!cpus)
		return -ENOMEM;
	cpumask_and(cpus_mask(cpus), mask, cpu_possible_mask);
	mutex_lock(&pool->claim.lock);
	cpus_put(replace_cpus(pool, cpus));
	give(pool, cpus);	/* nobody else replaces it now */
	mutex_unlock(&pool->claim.lock);
	return 0;
}

/**
 * claim_cpus() - where the workers of a pool are to run
 * @pool: the pool
 * @mask: gets the CPUs
 *
 * Context: Process context.
 * Return: false if the kernel chooses among these.
 */
bool claim_cpus(struct wpool *pool, struct cpumask *mask)
{
	struct wpool_cpus *cpus;
	unsigned long flags;

	pool_lock(pool, flags);
	cpus = cpus_get(pool);
	pool_unlock(pool, flags);
	if (cpus) {
		cpumask_copy(mask, cpus_mask(cpus));
		cpus_put(cpus);
		return true;
	}
	rcu_read_lock();
	default_cpumask(mask, pool->conf.node);
	rcu_read_unlock();
	return false;
}
