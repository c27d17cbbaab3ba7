/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The lists on which tasks wait, and how many do.
 *
 * Others put tasks on these lists and take them off, each in its own way. What is counted here
 * they count at once. A thread takes an entry off with walk_del(), as a walk may be about to
 * come to it; see queue_walk.c. Needs pool->lock, except where a comment says otherwise.
 */
#ifndef _WPOOL_TASK_LISTS_H
#define _WPOOL_TASK_LISTS_H

#include "counter.h"
#include "marks.h"
#include "pool.h"
#include "types.h"

/**
 * struct walk_entry - a task that waits, for a walk that looks for some
 * @task: only for comparison
 * @group: to which it belongs, or NULL
 * @owner: its module; while the task is inside its function, only if the module is pinned
 */
struct walk_entry {
	const struct wpool_task		*task;
	const struct wpool_group	*group;
	const struct module		*owner;
};

typedef bool (*walk_wants_t)(const struct walk_entry *entry, const void *arg);

static inline void lists_init(struct wpool *pool)
{
	int prio;

	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++)
		INIT_LIST_HEAD(&pool->lists.queue[prio]);
	INIT_LIST_HEAD(&pool->lists.again);
	INIT_LIST_HEAD(&pool->lists.deferred);
	INIT_LIST_HEAD(&pool->lists.delayed);
}

/* The tasks for any worker to take, the oldest of this priority first. */
static inline struct list_head *list_of_prio(struct wpool *pool, unsigned int prio)
{
	return &pool->lists.queue[prio];
}

/* The runs, of workers and of callers, whose task waits to run again. */
static inline struct list_head *list_of_again(struct wpool *pool)
{
	return &pool->lists.again;
}

/* The tasks deferred behind another of their key, oldest first. */
static inline struct list_head *list_of_deferred(struct wpool *pool)
{
	return &pool->lists.deferred;
}

/* The tasks whose time has not come. */
static inline struct list_head *list_of_delayed(struct wpool *pool)
{
	return &pool->lists.delayed;
}

/* Those that wait on the queue, or are deferred; read anywhere. */
static inline unsigned int tasks_queued(const struct wpool *pool)
{
	return READ_ONCE(pool->lists.nr_queued);
}

static inline void queued_add(struct wpool *pool, int n)
{
	shared_add(pool->lists.nr_queued, n);
}

/* Those of them that are not on the queue; read anywhere. */
static inline unsigned int tasks_deferred(const struct wpool *pool)
{
	return READ_ONCE(pool->lists.nr_deferred);
}

static inline void deferred_add(struct wpool *pool, int n)
{
	shared_add(pool->lists.nr_deferred, n);
}

/* Those whose time has not come; read anywhere. */
static inline unsigned int tasks_delayed(const struct wpool *pool)
{
	return READ_ONCE(pool->lists.nr_delayed);
}

/* Those of them that have a timer: the others are still inside their function. */
static inline unsigned int tasks_timed(const struct wpool *pool)
{
	return pool->lists.nr_delayed - pool->lists.nr_later;
}

/*
 * Those of them that will come by themselves, and may then be of use to workers that wait. A
 * periodic task does not count: one always will.
 */
static inline unsigned int tasks_to_come(const struct wpool *pool)
{
	return tasks_timed(pool) - pool->lists.nr_periodic;
}

static inline void periodic_add(struct wpool *pool, int n)
{
	pool->lists.nr_periodic += n;
}

static inline void delayed_add(struct wpool *pool, int n)
{
	shared_add(pool->lists.nr_delayed, n);
}

/* Those that are still inside their function. */
static inline void later_add(struct wpool *pool, int n)
{
	delayed_add(pool, n);
	pool->lists.nr_later += n;
}

/* Runs whose task waits to run again, in threads that are no workers of the pool. */
static inline unsigned int runs_outside(const struct wpool *pool)
{
	return pool->lists.nr_outside;
}

static inline void runs_outside_add(struct wpool *pool, int n)
{
	pool->lists.nr_outside += n;
}

/* Is no task begun? */
static inline bool pool_is_paused(const struct wpool *pool)
{
	return pool->lists.paused;
}

static inline void pool_set_paused(struct wpool *pool, bool paused)
{
	pool->lists.paused = paused;
	pool_watch(pool, WATCH_PAUSED, paused);
}

/* Are there tasks on the queue, for any worker to take? */
static inline bool queue_ready(const struct wpool *pool)
{
	return pool->lists.nr_queued > pool->lists.nr_deferred && !pool->lists.paused;
}

/* The tasks there. */
static inline unsigned int queue_nr_ready(const struct wpool *pool)
{
	return pool_is_paused(pool) ? 0 : tasks_queued(pool) - tasks_deferred(pool);
}

/* Nothing is left to do and nothing will come. */
static inline bool pool_is_over(const struct wpool *pool)
{
	return pool->state != WPOOL_STATE_RUNNING && !queue_nr_ready(pool) &&
	       !tasks_delayed(pool) && !tasks_deferred(pool);
}

/* Begins to walk along a list. */
static inline void walk_begin(struct wpool *pool, struct list_head *list)
{
	pool->lists.cursor = list->next;
}

/* The next entry of a walk, or the list itself; NULL if there is no walk. */
static inline struct list_head *walk_next(const struct wpool *pool)
{
	return pool->lists.cursor;
}

static inline void walk_go_to(struct wpool *pool, struct list_head *entry)
{
	pool->lists.cursor = entry;
}

static inline void walk_end(struct wpool *pool)
{
	pool->lists.cursor = NULL;
}

/* Takes an entry off a list that may be walked, see queue_walk.c. */
static inline void walk_del(struct wpool *pool, struct list_head *entry)
{
	if (unlikely(pool->lists.cursor == entry))
		pool->lists.cursor = entry->next;
	list_del(entry);
}

/* A walk along all lists begins, to take back what it @wants. */
static inline void walk_look_for(struct wpool *pool, walk_wants_t wants, const void *arg)
{
	pool->lists.wants = wants;
	pool->lists.wants_arg = arg;
	pool->lists.moved = false;
}

/*
 * It is over, or @stops. Return: false if it may have missed a task that has moved: it is to begin
 * anew.
 */
static inline bool walk_finish(struct wpool *pool, bool stops)
{
	bool over = stops || !pool->lists.moved;

	if (over)
		pool->lists.wants = NULL;
	return over;
}

/*
 * A task that waits moves to a list that is walked before its own, or to another place on its own.
 * @group: its group, or NULL.
 */
static inline void walk_moved(struct wpool *pool, const struct wpool_task *task,
			      const struct wpool_group *group)
{
	struct walk_entry entry = { task, group, task->owner };

	if (unlikely(pool->lists.wants) && pool->lists.wants(&entry, pool->lists.wants_arg))
		pool->lists.moved = true;
}

#endif /* _WPOOL_TASK_LISTS_H */
