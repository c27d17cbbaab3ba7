// SPDX-License-Identifier: GPL-2.0
/*
 * Detached tasks, which their function may free, and which do not run beside themselves.
 *
 * Such a task is not touched once its function has begun: the memory may be gone, or belong to
 * another task. What is known of it is its address, in the run. The runs of these tasks are in a
 * tree, by address and function. When a detached task comes to the queue, queue_put()
 * looks there. If there is a run, the task waits behind it as if it were that task, submitted
 * again inside its function: see &wpool_run.again, and run_finish_self() in run_finish.c.
 *
 * There is at most one run of each: a task that waits is on the queue only if none was found,
 * and as long as it waits no other task can be at its address.
 *
 * All here needs pool->lock.
 */
#include <linux/lockdep.h>
#include <linux/rbtree.h>

#include "marks.h"
#include "pool.h"
#include "self_run.h"

/* By address, then by function: < 0 if the task comes before the run. */
static int compare(const struct wpool_task *task, wpool_fn_t fn, const struct wpool_run *run)
{
	if (task != run->self)
		return (unsigned long)task < (unsigned long)run->self ? -1 : 1;
	if (fn != run->fn)
		return (unsigned long)fn < (unsigned long)run->fn ? -1 : 1;
	return 0;
}

static struct wpool_run *node_run(struct rb_node *node)
{
	return rb_entry(node, struct wpool_run, self_node);
}

/**
 * self_begin() - a function is about to be called that may free its task
 * @pool: the pool
 * @run: the run; its function is known
 * @task: the task
 */
void self_begin(struct wpool *pool, struct wpool_run *run, const struct wpool_task *task)
{
	struct rb_node **place = &pool->selves.rb_node, *parent = NULL;

	lockdep_assert_held(&pool->lock);
	run->self = task;
	while (*place) {
		parent = *place;
		place = compare(task, run->fn, node_run(parent)) < 0 ? &parent->rb_left :
								      &parent->rb_right;
	}
	rb_link_node(&run->self_node, parent, place);
	rb_insert_color(&run->self_node, &pool->selves);
}

/* It has returned, or its thread is dead. */
void self_end(struct wpool *pool, struct wpool_run *run)
{
	lockdep_assert_held(&pool->lock);
	rb_erase(&run->self_node, &pool->selves);
	run->self = NULL;
}

struct wpool_run *__self_find(struct wpool *pool, const struct wpool_task *task)
{
	struct rb_node *node = pool->selves.rb_node;
	int where;

	lockdep_assert_held(&pool->lock);
	while (node) {
		where = compare(task, task->fn, node_run(node));
		if (!where)
			return node_run(node);
		node = where < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

/**
 * __self_join() - a task comes to the queue that may have to wait behind a run
 * @pool: the pool
 * @task: the task, which is on no list
 *
 * If a function is inside a detached task at this address, this one is from here on
 * as if it had been submitted inside that function. There is another one already only if that
 * was freed while it waited, which is its owner's bug.
 *
 * Return: true if there is.
 */
bool __self_join(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_run *run = __self_find(pool, task);

	if (!run || run->again)
		return false;
	task->run = run;
	/* Release: a thread that sees this state may lock task->pool; see task_lock_pool(). */
	smp_store_release(&task->state, TASK_IN_FN);
	/* It may have been the last that came to the queue by itself; see pool_all_asleep(). */
	pool_mark_end(pool);
	return true;
}
