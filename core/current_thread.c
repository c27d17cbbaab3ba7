// SPDX-License-Identifier: GPL-2.0
/*
 * What the current thread is: a worker, inside the work of hooks.c or late.c, or inside a task that
 * it runs as its submitter; and which function it is inside.
 *
 * A worker finds the innermost task that it runs as a submitter in &wpool_worker.caller. Any
 * other thread finds it in a table, which has only threads that are inside such a task.
 */
#include <linux/hash.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/printk.h>
#include <linux/ratelimit.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "current_thread.h"
#include "pool.h"

/* The main function of the workers; set when wpool is loaded. */
static int (*main_of_workers)(void *data) __ro_after_init;

void __init current_init(int (*worker)(void *data))
{
	main_of_workers = worker;
}

/**
 * worker_current() - the worker that the current thread is
 * @pool: of this pool, or NULL for any
 *
 * Context: any.
 * Return: the worker or NULL; in an interrupt that hit a worker it is NULL.
 */
struct wpool_worker *worker_current(struct wpool *pool)
{
	struct wpool_worker *worker;

	if (!in_task() || !(current->flags & PF_KTHREAD) ||
	    kthread_func(current) != main_of_workers)
		return NULL;
	worker = kthread_data(current);
	return !pool || worker->pool == pool ? worker : NULL;
}

#define TABLE_BITS	6

/* The innermost run of each thread comes first. Written under the lock, read under RCU. */
static struct {
	raw_spinlock_t		lock;
	struct hlist_head	buckets[1 << TABLE_BITS];
} table = {
	.lock = __RAW_SPIN_LOCK_UNLOCKED(table.lock),
};

static struct hlist_head *table_bucket(const struct task_struct *thread)
{
	return &table.buckets[hash_ptr(thread, TABLE_BITS)];
}

/**
 * caller_current() - the innermost task that the current thread runs as its submitter
 * @worker: the worker that the thread is, of whatever pool, or NULL
 *
 * Context: any.
 * Return: the run, or NULL. Only this thread ends it.
 */
struct wpool_caller *caller_current(const struct wpool_worker *worker)
{
	struct hlist_head *bucket = table_bucket(current);
	struct wpool_caller *caller;

	if (worker)
		return worker->caller;
	if (!in_task() || likely(hlist_empty(bucket)))
		return NULL;
	rcu_read_lock();
	hlist_for_each_entry_rcu(caller, bucket, hash) {
		if (caller->thread == current)
			break;
	}
	rcu_read_unlock();
	return caller;
}

/* Is the current thread, as its submitter, inside a task of this pool? Context: any. */
bool caller_inside(const struct wpool *pool)
{
	const struct wpool_caller *caller = caller_current(worker_current(NULL));

	while (caller && caller->pool != pool)
		caller = caller->outer;
	return caller;
}

/* The current thread, which is not a worker, is inside a task from here on. */
void current_enter(struct wpool_caller *caller)
{
	raw_spin_lock(&table.lock);
	hlist_add_head_rcu(&caller->hash, table_bucket(caller->thread));
	raw_spin_unlock(&table.lock);
}

/* The thread has left the task, or has died. */
void current_leave(struct wpool_caller *caller)
{
	raw_spin_lock(&table.lock);
	hlist_del_rcu(&caller->hash);
	raw_spin_unlock(&table.lock);
}

/**
 * run_current() - the innermost function that the current thread is inside
 * @pool: set to the pool of its task; to the worker's own pool if it is inside none; or to NULL
 *
 * Context: any.
 * Return: the run, or NULL: none, or in an interrupt.
 */
const struct wpool_run *run_current(struct wpool **pool)
{
	struct wpool_worker *worker = worker_current(NULL);
	struct wpool_caller *caller = caller_current(worker);

	if (caller && (!worker || caller->nested == worker->nesting)) {
		*pool = caller->pool;
		return &caller->run;
	}
	*pool = worker ? worker->pool : NULL;
	return worker && worker->nesting ? &worker->runs[worker->nesting - 1] : NULL;
}

/* Is the current thread inside this function? Context: process. */
bool run_is_of_current(const struct wpool_run *run)
{
	return current == (run->caller ? run->caller->thread : run->worker->thread);
}

/**
 * wpool_should_stop() - check whether the calling task was asked to stop
 *
 * By wpool_ask_stop(), wpool_cancel_sync(), wpool_group_cancel_sync(), wpool_shutdown_now(), or a
 * timeout of wpool_run_timeout(). A long task should check now and then. When the task is asked,
 * these end with -ECANCELED: wpool_sleep(), wpool_wait_event_stop(), a sleep for room, and a wait
 * that has a limit, is killable or interruptible. No other sleep does.
 *
 * Context: any.
 * Return: true if it was; false outside of a task. The hooks @task_begin and @task_end are inside
 * their task.
 */
bool wpool_should_stop(void)
{
	const struct wpool_run *run;
	struct wpool *pool;

	run = run_current(&pool);
	if (!run)
		return false;
	/* pairs with the release in stop_run() */
	if (smp_load_acquire(&run->stop))
		return true;
	/* pairs with the release in pool_set_state() */
	return smp_load_acquire(&pool->state) >= WPOOL_STATE_STOP;
}
EXPORT_SYMBOL_GPL(wpool_should_stop);

/* From now on the calling task is woken, or not, when it is asked to stop. Return: as before. */
bool current_set_naps(bool naps)
{
	struct wpool *pool;
	const struct wpool_run *run = run_current(&pool);
	bool *mark, before;

	if (!run)
		return false;
	mark = run->caller ? &run->caller->naps : &run->worker->naps;
	before = *mark;
	WRITE_ONCE(*mark, naps);
	return before;
}

/**
 * wpool_current() - get the pool of the calling task
 *
 * Inside nested tasks it is the pool of the innermost. In a hook that a worker calls it is the
 * worker's pool.
 *
 * Context: any.
 * Return: the pool, valid until the task or hook returns, or NULL outside of these.
 */
struct wpool *wpool_current(void)
{
	struct wpool *pool;

	run_current(&pool);
	return pool;
}
EXPORT_SYMBOL_GPL(wpool_current);

/* As what the calling thread belongs to the pool, or NULL. Context: any. */
static const char *current_role(struct wpool *pool)
{
	return worker_current(pool) ? "workers" :
	       in_task() && current == READ_ONCE(pool->hooks.thread) ? "hooks" :
	       in_task() && current == READ_ONCE(pool->late.thread) ? "releases" :
	       caller_inside(pool) ? "tasks" : NULL;
}

/*
 * Is the calling thread a worker of the pool, inside a task of it, or in a hook or a release that
 * hooks.c or late.c calls for it?
 */
bool current_is_of(struct wpool *pool)
{
	return current_role(pool);
}

/*
 * On PREEMPT_RT a softirq and the holder of a spinlock can be preempted. They still may not
 * sleep; that they are such is seen from what they count.
 */
static bool may_not_sleep(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return !preemptible() || softirq_count() || rcu_preempt_depth();
	if (IS_ENABLED(CONFIG_PREEMPT_COUNT))
		return !preemptible();
	return in_interrupt() || irqs_disabled();
}

/**
 * sleep_refused() - refuse to let the current thread sleep where nothing may
 *
 * might_sleep() says so on kernels with DEBUG_ATOMIC_SLEEP. On others the sleep would hang the
 * machine, or let another thread into a critical section.
 *
 * Context: any.
 * Return: true, after a message with the stack: there is the call, and who made it.
 */
bool sleep_refused(void)
{
	static DEFINE_RATELIMIT_STATE(said, HZ, 1);

	if (likely(!may_not_sleep()))
		return false;
	if (__ratelimit(&said)) {
		pr_err("BUG: %s/%d has to sleep in atomic context: refused\n", current->comm,
		       current->pid);
		dump_stack();
	}
	return true;
}

/**
 * worker_refused() - refuse to let a thread of a pool wait for the pool
 * @pool: the pool
 * @what: the call
 *
 * Context: any.
 * Return: true, after a message, if the caller would wait for itself.
 */
bool worker_refused(struct wpool *pool, const char *what)
{
	const char *who = current_role(pool);

	if (who)
		pr_err_ratelimited("%s: %s by one of its own %s refused: it would wait for itself\n",
				   pool->name, what, who);
	return who;
}
