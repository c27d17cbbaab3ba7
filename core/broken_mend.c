// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are gone although the pool still has them.
 *
 * A queued task is memory of its owner and contains the links of our lists. If the owner frees
 * it, overwrites it, sets it up again or returns from the function on whose stack it lies, the
 * links lead anywhere. That is a bug of the owner, but it must not harm the other users of the
 * pool, and links are followed under pool->lock. So before the pool follows a link or writes to
 * a neighbour, it checks that the task is what it was: the task names this pool, its state says
 * that it waits, and its neighbours name it. These reads expect that the memory may be unmapped
 * (broken_mend.h), so they cannot fault.
 *
 * If the check fails, the list is mended in the same hold of the lock: the whole part from the
 * head on and the whole part from the tail back are joined. What lay between is lost: one task
 * as a rule. If several were broken, the tasks between them are lost too, because nobody can
 * find them any more. If the owner of such a task waits for it or takes it back, the task is
 * found, and queue_recover() puts it on the queue again.
 *
 * The same hold also counts again what waits, so the lists and their counters agree at any
 * time. How many tasks of which color (flush_color.c) were lost is known when all that have not
 * ended are counted. The manager counts them and reports what happened, see broken_count.c. A
 * list is walked once for each time that it is found broken, under the lock, however long it
 * is: this is the one exception to lock_hold.h, and no step is counted.
 *
 * The task of a run is checked in the same way when the run ends: a task that is not what it
 * was is not touched. All that the end needs is in struct wpool_run, except for the waiters.
 *
 * Some faults cannot be handled. Memory that was freed and still has its content is not seen;
 * then the task is run. User Mode Linux does not survive a fault of its kernel. A broken
 * delayed task is not survived, because its timer belongs to the kernel, nor is a broken group.
 * The waiters of a lost task, or of its group, wait for ever, and the module of the task stays
 * pinned.
 */
#include <linux/lockdep.h>
#include <linux/rbtree.h>

#include "broken_mend.h"
#include "key_tree.h"
#include "lock_hold.h"
#include "marks.h"
#include "pool.h"
#include "task_lists.h"
#include "worker_list.h"

/* A list that is being mended. */
struct mending {
	struct wpool		*pool;
	struct list_head	*list;
	unsigned int		left;	/* how many more there may be */
	unsigned int		found;
	bool			cursor;	/* the cursor is among them */
};

static struct wpool_task *entry_task(struct wpool *pool, struct list_head *list,
				     struct list_head *entry)
{
	return list == list_of_deferred(pool) ? mend_deferred_task(entry) :
						list_entry(entry, struct wpool_task, node);
}

static struct list_head *step(const struct list_head *entry, bool back)
{
	return (struct list_head *)mend_peek(back ? &entry->prev : &entry->next);
}

/*
 * Goes along the list from one of its ends, as long as each entry and the one before it agree,
 * but not as far as @stop. Return: the last entry that is whole, or the list. It meets no entry
 * twice, as each says which one it comes after.
 */
static struct list_head *walk_whole(struct mending *m, struct list_head *stop, bool back)
{
	struct list_head *last = m->list, *entry;

	for (; m->left; m->left--) {
		entry = step(last, back);
		if (entry == stop || step(entry, !back) != last ||
		    !mend_waits(m->pool, entry_task(m->pool, m->list, entry)))
			break;
		m->cursor |= entry == walk_next(m->pool);
		m->found++;
		last = entry;
	}
	return last;
}

/* Is it whole, of @n entries at most? Context: as for mend_list(). */
static bool list_is_whole(struct wpool *pool, struct list_head *list, unsigned int n)
{
	struct mending m = { .pool = pool, .list = list, .left = n };
	struct list_head *last = walk_whole(&m, list, false);

	return last->next == list && list->prev == last;
}

/* Are all lists of a pool whole? Context: as for mend_lists(). */
bool mend_is_whole(struct wpool *pool)
{
	unsigned int prio;

	lockdep_assert_held(&pool->lock);
	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++) {
		if (!list_is_whole(pool, list_of_prio(pool, prio), tasks_queued(pool)))
			return false;
	}
	return list_is_whole(pool, list_of_deferred(pool), tasks_queued(pool));
}

/* Has the manager count all that have not ended. Context: pool->lock held. */
void mend_count(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	WRITE_ONCE(pool->mend.pending, true);
	pool_mark(pool, MARK_MANAGER);
}

/**
 * mend_note() - have the manager count and report a broken task
 * @pool: the pool
 * @broken: the task; only the first is reported
 * @beside: a whole task that was linked to it, or NULL
 *
 * Context: pool->lock held.
 */
void mend_note(struct wpool *pool, const struct wpool_task *broken,
	       const struct wpool_task *beside)
{
	struct wpool_mend *mend = &pool->mend;

	lockdep_assert_held(&pool->lock);
	mend_count(pool);
	if (mend->broken)
		return;
	mend->broken = true;
	mend->fn = (wpool_fn_t)mend_peek(&broken->fn);
	mend->beside = beside ? beside->fn : NULL;
}

/* The same for the task of a run. It is reported by its function. */
void mend_note_run(struct wpool *pool, const struct wpool_run *run)
{
	lockdep_assert_held(&pool->lock);
	mend_count(pool);
	pool->mend.run_broken = true;
	pool->mend.run_fn = run->fn;
}

/* Two entries of a list are whole, and what is between them is not. */
static void note_gap(struct mending *m, struct list_head *front, struct list_head *back)
{
	struct list_head *broken = front->next, *beside = front == m->list ? back : front;

	/* One task is lost, and it was between these two. Otherwise nobody knows how many. */
	if (front->next != back->prev)
		m->pool->mend.islands = true;
	if (broken == m->list)
		broken = back->prev;
	mend_note(m->pool, entry_task(m->pool, m->list, broken),
		  beside == m->list ? NULL : entry_task(m->pool, m->list, beside));
}

/**
 * mend_list() - drop from a list what is not whole
 * @pool: the pool
 * @list: one of its lists of tasks that wait
 * @n: how many tasks it should have, at most
 *
 * Context: pool->lock held, and the list's own if it has one.
 * Return: how many tasks it has.
 */
unsigned int mend_list(struct wpool *pool, struct list_head *list, unsigned int n)
{
	/* A few more: the caller may have taken some off already. */
	struct mending m = { .pool = pool, .list = list, .left = n + WPOOL_CHUNK };
	struct list_head *front, *back;

	front = walk_whole(&m, list, false);
	if (front->next == list && list->prev == front)
		return m.found;
	back = walk_whole(&m, front, true);
	note_gap(&m, front, back);
	front->next = back;
	back->prev = front;
	if (walk_is_on(pool, list) && !m.cursor)
		walk_go_to(pool, back);
	return m.found;
}

/* Where the head of a key is linked, or would be linked. All heads are whole. */
static struct rb_node **place_of(struct wpool *pool, u64 key, struct rb_node **parent)
{
	struct rb_node **place = keys_root(pool);

	*parent = NULL;
	while (*place && link_head(*place)->key != key) {
		*parent = *place;
		place = keys_below(*place, key);
	}
	return place;
}

/* Mends the key of a task inside its function, if it is the only task of the key. */
static void mend_running(struct wpool *pool, struct wpool_run *run)
{
	struct wpool_task *task = run->task;
	struct rb_node *parent, **place;

	/* A task without a key may be batched, and end here and now. */
	if (!run->keyed || !task || !mend_run_ok(run) || task->pool != pool ||
	    !(task->state & TASK_IN_FN) || !(task->flags & WPOOL_TASK_KEYED))
		return;
	place = place_of(pool, to_keyed(task)->key, &parent);
	if (!*place)
		keys_insert(pool, to_keyed(task), parent, place);
}

/* Mends the key of a task on the queue. If there is a head already, the task is deferred too. */
static void mend_queued(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_keyed_task *keyed = to_keyed(task);
	struct rb_node *parent, **place;

	if (!(task->flags & WPOOL_TASK_KEYED))
		return;
	place = place_of(pool, keyed->key, &parent);
	if (!*place) {
		keys_insert(pool, keyed, parent, place);
		return;
	}
	walk_del(pool, &task->node);
	RB_CLEAR_NODE(&keyed->link);
	list_add_tail(&keyed->deferred, list_of_deferred(pool));
	deferred_add(pool, 1);
}

/* Mends the key of a deferred task. If the head has been lost, this task is the head now. */
static void mend_deferred(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_keyed_task *keyed = to_keyed(task);
	unsigned int prio = pool->conf.flags & WPOOL_ORDERED ? WPOOL_PRIO_NORMAL : task->prio;
	struct rb_node *parent, **place = place_of(pool, keyed->key, &parent);

	if (*place) {
		INIT_LIST_HEAD(&keyed->awaited);
		list_add_tail(&task->node, &link_head(*place)->followers);
		return;
	}
	walk_del(pool, &keyed->deferred);
	deferred_add(pool, -1);
	list_add_tail(&task->node, list_of_prio(pool, prio));
	keys_insert(pool, keyed, parent, place);
}

/* Rebuilds all keys from the lists. Context: pool->lock held. */
static void mend_keys(struct wpool *pool)
{
	struct wpool_worker *worker;
	struct wpool_task *task, *next;
	struct list_head *entry, *n;
	unsigned int i;

	pool->mend.keys = true;
	keys_forget(pool);
	for_each_worker(worker, pool) {
		for (i = 0; i < worker->nesting; i++)
			mend_running(pool, &worker->runs[i]);
	}
	for (i = 0; i < WPOOL_NR_PRIOS; i++) {
		list_for_each_entry_safe(task, next, list_of_prio(pool, i), node)
			mend_queued(pool, task);
	}
	list_for_each_safe(entry, n, list_of_deferred(pool))
		mend_deferred(pool, mend_deferred_task(entry));
}

/**
 * mend_lists() - drop from a pool's lists what is not whole, and count the rest
 * @pool: the pool; something of it has been found broken
 *
 * When this is called, all tasks that count as queued are on a list. Those in the batch are
 * not, and do not count as queued. Context: pool->lock held.
 */
void mend_lists(struct wpool *pool)
{
	unsigned int prio, queued = 0, deferred, again = 0;
	struct wpool_run *run;

	lockdep_assert_held(&pool->lock);
	pool->mend.times++;
	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++)
		queued += mend_list(pool, list_of_prio(pool, prio), tasks_queued(pool));
	deferred = mend_list(pool, list_of_deferred(pool), tasks_queued(pool));
	list_for_each_entry(run, list_of_again(pool), again_node)
		again += !run->later;
	lists_recounted(pool, queued + deferred + again, deferred + again);
	if (keys_in_use(pool))
		mend_keys(pool);
	pool_mark(pool, MARK_ROOM | MARK_ASLEEP);
	mend_count(pool);
}

/* Takes what was noted, for the manager. Context: pool->lock held. */
void mend_take(struct wpool *pool, struct wpool_mend *was)
{
	lockdep_assert_held(&pool->lock);
	*was = pool->mend;
	pool->mend.broken = false;
	pool->mend.run_broken = false;
	pool->mend.keys = false;
	WRITE_ONCE(pool->mend.pending, false);
}

/**
 * mend_entry_ok() - check that a list entry may be taken off or followed
 * @pool: the pool
 * @entry: somewhere on &wpool_lists.deferred, or one of &wpool_lists.queue
 * @task: the task that it belongs to
 *
 * Context: pool->lock held.
 */
bool mend_entry_ok(const struct wpool *pool, const struct list_head *entry,
		   const struct wpool_task *task)
{
	const struct list_head *next = step(entry, false), *prev = step(entry, true);

	/* The state comes last: KASAN sees this read, and the links of a freed task fail before. */
	return mend_points_known(&task->pool, pool) &&
	       mend_follows(next, entry) && step(prev, false) == entry &&
	       READ_ONCE(task->state) == TASK_QUEUED;
}
