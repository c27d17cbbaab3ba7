// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that were lost from the queue together with broken ones, and are put there again when
 * their owner calls the pool with them; see broken_mend.c.
 */
#include <linux/list.h>
#include <linux/lockdep.h>

#include "broken_mend.h"
#include "key.h"
#include "marks.h"
#include "pool.h"
#include "queue.h"
#include "task_lists.h"

/* Is a task on the list that it should be on? The lists are whole. Context: pool->lock held. */
static bool is_on_list(struct wpool *pool, const struct wpool_task *task)
{
	struct list_head *entry;
	unsigned int prio;

	if (key_is_follower(task)) {
		list_for_each(entry, list_of_deferred(pool)) {
			if (mend_deferred_task(entry) == task)
				return true;
		}
		return false;
	}
	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++) {
		list_for_each(entry, list_of_prio(pool, prio)) {
			if (entry == &task->node)
				return true;
		}
	}
	return false;
}

/**
 * queue_recover() - make sure that a task can be taken off its lists
 * @pool: its pool
 * @task: queued, not inside its function; its owner has called the pool with it
 *
 * If it was lost together with broken tasks, it is put on the queue again; see broken_mend.c.
 * Context: pool->lock held.
 */
void queue_recover(struct wpool *pool, struct wpool_task *task)
{
	bool linked = mend_linked(&task->node) && (!key_is_follower(task) || key_linked(task));

	lockdep_assert_held(&pool->lock);
	if (likely(linked && !mend_has_islands(pool)))
		return;
	/*
	 * What is whole is not mended again: a worker that waits looks here each time that
	 * something was mended.
	 */
	if (!linked || !mend_is_whole(pool))
		mend_lists(pool);
	if (is_on_list(pool, task))
		return;
	queue_put(pool, task);
	mend_count(pool);
	/* Where nothing begins, the manager takes it back: see pool_go_on_closing(). */
	if (pool->state >= WPOOL_STATE_STOP)
		pool_mark(pool, MARK_MANAGER);
}
