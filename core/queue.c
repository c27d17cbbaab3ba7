// SPDX-License-Identifier: GPL-2.0
/*
 * The tasks that wait, and the submitters that wait to add one.
 *
 * Everything here needs pool->lock. It keeps up to date what else knows of a task that comes or
 * goes: the inbox, its key, group and color, the run that it is inside
 * of, and the watchdog's timer. It never sleeps, wakes no thread and calls nothing that is the
 * user's: it marks what may have changed (marks.h) and completes submitters in the pool's wake
 * queue, now or a little later, and pool_unlock() does the rest.
 *
 * There is one rule of admission: a task is accepted if fewer tasks are queued than the queue
 * depth plus the workers that are free or could be made. So what a worker takes at once never
 * counts against the depth. While a submitter waits for room there is none for a newcomer.
 * scripts/model/handover.pml models how room is handed over.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <trace/events/wpool.h>

#include "admitted.h"
#include "capacity_slots.h"
#include "counter.h"
#include "flush_color.h"
#include "group.h"
#include "how.h"
#include "inbox.h"
#include "key.h"
#include "latency.h"
#include "lock_hold.h"
#include "manager_kick.h"
#include "marks.h"
#include "objects.h"
#include "pool.h"
#include "queue.h"
#include "self_run.h"
#include "task.h"
#include "task_lists.h"
#include "task_waiters.h"
#include "waiter.h"
#include "worker_list.h"
#include "worker_stack.h"

static bool queue_has_room(const struct wpool *pool)
{
	unsigned int waiting = tasks_queued(pool);

	return likely(waiting < pool->conf.queue_depth) ||
	       (workers_running(pool) < pool_capacity(pool) &&
		waiting - pool->conf.queue_depth < pool_capacity(pool) - workers_running(pool));
}

/* For a newcomer. Mostly it need not look at the submitters that wait. */
static bool queue_has_room_left(const struct wpool *pool)
{
	return likely(tasks_queued(pool) < pool->blocked.open_depth) ||
	       (!queue_blocked(pool) && queue_has_room(pool));
}

/* For a newcomer that does not wait: a worker is free for it, or may be made. */
static bool queue_has_worker_left(const struct wpool *pool)
{
	unsigned int busy = workers_running(pool) + tasks_queued(pool);

	return !queue_blocked(pool) && !pool_is_paused(pool) && busy < pool_capacity(pool);
}

/*
 * All tasks of an ordered pool have one priority.
 * Context: pool->lock held.
 */
void queue_link(struct wpool *pool, struct wpool_task *task)
{
	struct list_head *queue = list_of_prio(pool, WPOOL_PRIO_NORMAL);

	/* What is in the inbox came first. */
	inbox_collect(pool);
	if (unlikely(task->prio != WPOOL_PRIO_NORMAL) && !(pool->conf.flags & WPOOL_ORDERED)) {
		queue = list_of_prio(pool, task->prio);
		if (task->prio < WPOOL_PRIO_NORMAL)
			pool_watch(pool, WATCH_HIGH, true);
	}
	list_add_tail(&task->node, queue);
}

/* Takes a task off its list; this must be possible. Context: pool->lock held. */
static __always_inline void unlink_task(struct wpool *pool, struct wpool_task *task)
{
	hold_step(pool);
	walk_del(pool, &task->node);
	if (key_is_follower(task))
		key_undefer(pool, task);
	queued_add(pool, -1);
	pool_mark_end(pool);
}

static struct wpool_task *first_on(struct list_head *list)
{
	return list_first_entry_or_null(list, struct wpool_task, node);
}

/* The task of the lowest priority that has waited longest. Context: pool->lock held. */
struct wpool_task *queue_pop_oldest(struct wpool *pool)
{
	struct wpool_task *task;
	int prio;

	for (prio = WPOOL_NR_PRIOS - 1; prio >= 0; prio--) {
		task = first_on(list_of_prio(pool, prio));
		if (task) {
			unlink_task(pool, task);
			return task;
		}
	}
	return NULL;
}

/*
 * A task of the pool's own module is not pinned: the module's exit destroys the pool, which
 * waits for the task.
 */
static bool queue_pin_owner(struct wpool *pool, struct wpool_task *task)
{
	if (!task->owner || task->owner == pool->owner)
		return true;
	if (!try_module_get(task->owner))
		return false;
	WRITE_ONCE(task->flags, task->flags | WPOOL_TASK_PINNED);
	return true;
}

/* The rest of run_clean(): the task does not wait any more, but its state still says so. */
void __run_clean(struct wpool_task *task)
{
	task->run->revoked = false;
	task_take_group(task);
	queue_take_pin(task);
	WRITE_ONCE(task->state, TASK_IN_FN);
}

/*
 * May the task be accepted, under *@key unless @key is NULL? Context: pool->lock held; the
 * task's state may be under the lock of another pool.
 */
int queue_check(struct wpool *pool, struct wpool_task *task, const u64 *key)
{
	/* Pairs with the release in task_settle(), perhaps in another pool. */
	u8 state = smp_load_acquire(&task->state);

	lockdep_assert_held(&pool->lock);
	if (pool->state != WPOOL_STATE_RUNNING)
		return -ESHUTDOWN;
	if (likely(!(state & TASK_ACCEPTED)))
		return 0;
	if (READ_ONCE(task->pool) != pool)
		return -EBUSY;
	run_clean(task);
	if (run_was_asked(task))
		return -ECANCELED;
	if (READ_ONCE(task->state) & TASK_WAITS)
		return -EBUSY;
	/* A task inside its function is the head of its key. */
	return key && !key_is(task, *key) ? -EBUSY : 0;
}

/* What a task is part of from its acceptance on. */
static __always_inline void queue_enter(struct wpool *pool, struct wpool_task *task,
					struct wpool_group *group, const u64 *key)
{
	if (unlikely(task->flags & WPOOL_TASK_KEYED))
		key_take(task, key);
	if (group) {
		task_add_group(task, group);
		group_task_accepted(group);
	}
	objects_task_accepted(task);
	task_count(pool, task);
	latency_accept(pool, task);
	trace_wpool_task_queue(pool->name, task, task->fn);
}

/**
 * queue_take() - make a task the pool's, whether there is room or not
 * @pool: the pool
 * @task: passed queue_check(); the caller sets its state
 * @group: the group that it will belong to, or NULL
 * @key: the key that it gets, or NULL to keep the one it has
 *
 * Context: pool->lock held.
 * Return: 0, or -ENOENT: its module is going away.
 */
int queue_take(struct wpool *pool, struct wpool_task *task,
	       struct wpool_group *group, const u64 *key)
{
	lockdep_assert_held(&pool->lock);
	if (!queue_pin_owner(pool, task))
		return -ENOENT;
	queue_enter(pool, task, group, key);
	return 0;
}

/* Notes what the run must know of the next one if the function kills its thread. */
static void queue_put_again(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_run *run = task->run;

	run->again = task;
	run->later = false;
	run->revoked = false;
	list_add_tail(&run->again_node, list_of_again(pool));
	if (!run->worker)
		runs_outside_add(pool, 1);
	run->again_owner = task->flags & WPOOL_TASK_PINNED ? task->owner : NULL;
	run->again_group = task_group_of(task);
	run->again_alive = run->caller && !READ_ONCE(run->caller->thread->exit_state);
	run->again_color = task->color;
}

/**
 * queue_put_later() - let a task wait after queue_take(), until its function has ended and its
 *	time has come
 * @pool: the pool
 * @task: inside its function
 *
 * It does not count as queued: when its function has ended it is not ready yet.
 *
 * Context: pool->lock held.
 */
void queue_put_later(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	queue_put_again(pool, task);
	task->run->later = true;
	later_add(pool, 1);
	WRITE_ONCE(task->state, TASK_IN_FN | TASK_DELAYED);
}

/**
 * queue_put() - let a task wait after queue_take()
 * @pool: the pool
 * @task: the task
 *
 * Context: pool->lock held.
 */
void queue_put(struct wpool *pool, struct wpool_task *task)
{
	u8 in_fn;

	lockdep_assert_held(&pool->lock);
	if (self_join(pool, task))
		walk_moved(pool, task, task_group_of(task));
	in_fn = task->state & TASK_IN_FN;
	if (unlikely(in_fn))
		queue_put_again(pool, task);
	hold_step(pool);
	watchdog_arm(pool);
	if (unlikely(in_fn))
		deferred_add(pool, 1);
	else if (!key_defer(pool, task))
		queue_link(pool, task);
	queued_add(pool, 1);
	/* Release: a thread that sees this state may lock task->pool; see task_lock_pool(). */
	smp_store_release(&task->state, in_fn | TASK_QUEUED);
}

/*
 * Gives a task its place and its state: from here on it is this pool's, and no other thread accepts
 * it. The rest comes in the same hold of pool->lock. Context: between inbox_hold() and
 * inbox_release(). @lent: there is a place that the inbox was given.
 */
static __always_inline int claim(struct wpool *pool, struct wpool_task *task, const u64 *key,
				 bool lent, bool (*has_room)(const struct wpool *pool))
{
	int ret = queue_check(pool, task, key);

	if (ret)
		return ret;
	if ((!lent || has_room == queue_has_worker_left) && unlikely(!has_room(pool)))
		return -EAGAIN;
	if (!queue_pin_owner(pool, task))
		return -ENOENT;
	if (lent)
		inbox_take_place(pool);
	WRITE_ONCE(task->pool, pool);
	/* Release: as in queue_put(). */
	smp_store_release(&task->state, (READ_ONCE(task->state) & TASK_IN_FN) | TASK_QUEUED);
	return 0;
}

/* @has_room: queue_has_room() for the first submitter that waits, or another for a newcomer. */
static __always_inline int accept(struct wpool *pool, struct wpool_task *task,
				  struct wpool_group *group, const u64 *key,
				  bool (*has_room)(const struct wpool *pool))
{
	bool held = inbox_hold(pool);
	int ret = claim(pool, task, key, inbox_is_open(pool), has_room);

	inbox_release(pool, held);
	if (ret)
		return ret;
	queue_enter(pool, task, group, key);
	queue_put(pool, task);
	return 0;
}

/**
 * queue_accept() - accept the task of a newcomer, or say why not
 * @pool: the pool
 * @task: the task; its state may be under the lock of another pool
 * @how: as its submitter said
 *
 * Context: pool->lock held.
 * Return: 0, -ESHUTDOWN, -EBUSY, -ECANCELED, -EAGAIN, -ENOENT as in wpool_schedule_how().
 */
int __flatten queue_accept(struct wpool *pool, struct wpool_task *task, const struct wpool_how *how)
{
	if (unlikely(how->flags & WPOOL_IF_FREE))
		return accept(pool, task, how->group, how_key(how), queue_has_worker_left);
	return accept(pool, task, how->group, how_key(how), queue_has_room_left);
}

/*
 * Takes a task off its list that is queued, and not inside its function. The caller sets its
 * state. Context: pool->lock held.
 */
void queue_remove(struct wpool *pool, struct wpool_task *task)
{
	lockdep_assert_held(&pool->lock);
	unlink_task(pool, task);
}

/**
 * queue_pop() - take the task that is to run next
 * @pool: the pool
 *
 * Context: pool->lock held.
 * Return: the oldest of the highest priority, or NULL.
 */
struct wpool_task * __flatten queue_pop(struct wpool *pool)
{
	struct wpool_task *task;
	struct list_head *queue;

	if (list_empty(list_of_prio(pool, WPOOL_PRIO_NORMAL)))
		inbox_refill(pool);
	if (list_empty(list_of_prio(pool, WPOOL_PRIO_HIGH)))
		pool_watch(pool, WATCH_HIGH, false);
	if (!queue_ready(pool))
		return NULL;
	for (queue = list_of_prio(pool, 0); list_empty(queue); queue++)
		;
	task = list_first_entry(queue, struct wpool_task, node);
	unlink_task(pool, task);
	return task;
}

/**
 * queue_find() - find a task that waits: on the queue or deferred
 * @pool: the pool
 *
 * Context: pool->lock held.
 * Return: a task for queue_take_back(), also one that is to wait for its time when its function
 * has ended; or NULL.
 */
struct wpool_task *queue_find(struct wpool *pool)
{
	struct wpool_task *task;
	struct wpool_run *run;
	unsigned int prio;

	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++) {
		task = first_on(list_of_prio(pool, prio));
		if (task)
			return task;
	}
	task = key_first_deferred(pool);
	if (task)
		return task;
	run = list_first_entry_or_null(list_of_again(pool), struct wpool_run, again_node);
	return run ? run->again : NULL;
}

/* A task is not accepted. Context: pool->lock held. */
void queue_count_refused(struct wpool *pool, const struct wpool_task *task, int err)
{
	stat_inc(pool, WPOOL_STAT_REJECTED);
	trace_wpool_task_refuse(pool->name, task, task->fn, err);
}

/* Puts a submitter behind the others that wait for room. Context: pool->lock held. */
void queue_block(struct wpool *pool, struct wpool_waiter *waiter)
{
	lockdep_assert_held(&pool->lock);
	list_add_tail(&waiter->node, &pool->blocked.list);
	pool->blocked.nr++;
	submitter_sleeps(pool);
	pool->blocked.open_depth = 0;
	pool_set_end_mark(pool, MARK_ROOM, true);
}

/* It does not wait for room any more, but may sleep on. */
static void unlink_blocked(struct wpool *pool, struct wpool_waiter *waiter)
{
	list_del(&waiter->node);
	list_del_init(&waiter->stuck);
	pool->blocked.nr--;
	if (!pool->blocked.nr)
		pool->blocked.open_depth = pool->conf.queue_depth;
	pool_set_end_mark(pool, MARK_ROOM, pool->blocked.nr);
}

/* Takes a submitter off the list that is to wake, or has woken. Context: pool->lock held. */
void queue_unblock(struct wpool *pool, struct wpool_waiter *waiter)
{
	lockdep_assert_held(&pool->lock);
	unlink_blocked(pool, waiter);
	submitter_wakes(pool);
}

/**
 * queue_admit_blocked() - give the room to the submitters that wait for it
 * @pool: the pool
 *
 * The submitter that has blocked longest comes first. Its task is queued here, so a later
 * submitter cannot take the room. Called for %MARK_ROOM, so if submitters are blocked there is
 * no room. Room appears for only a few at once; but any number may be refused, because the pool
 * is closed or their task was submitted elsewhere.
 *
 * Context: pool->lock held.
 * Return: true if more must be refused.
 */
bool queue_admit_blocked(struct wpool *pool)
{
	struct wpool_waiter *waiter;
	unsigned int turned_away = 0;
	int ret;

	lockdep_assert_held(&pool->lock);
	while ((waiter = list_first_entry_or_null(&pool->blocked.list,
						  struct wpool_waiter, node))) {
		if (turned_away && wake_queue_is_long(pool))
			return true;
		ret = stack_is_ending(waiter->owner) ? -EOWNERDEAD :
		      accept(pool, waiter->task, waiter->group, waiter->key, queue_has_room);
		if (ret == -EAGAIN)
			break;
		hold_step(pool);
		unlink_blocked(pool, waiter);
		if (ret == -ESHUTDOWN)
			queue_count_refused(pool, waiter->task, ret);
		turned_away += ret != 0;
		if (!ret && waiter->group)
			group_task_waits(waiter->group, waiter->task);
		if (!ret) {
			admitted_add(pool, waiter);
		} else {
			submitter_wakes(pool);
			waiter_complete(waiter, ret, pool_wake_queue(pool));
		}
	}
	return false;
}
