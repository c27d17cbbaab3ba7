// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that are not there any more although the pool has them.
 *
 * A queued task is its owner's memory and has the links of our lists in it. If its owner
 * frees it, overwrites it, sets it up again or returns from the function on whose stack it
 * lies, the links lead anywhere. That is the owner's fault, but not that of the others who
 * use the pool, and who follows such a link does so under pool->lock. So before a link is
 * followed, or a neighbour written to, it is looked whether the task is what it was: it
 * names this pool, its state says that it waits, its neighbours say that they are its own.
 * That is read as one reads what may be unmapped (broken_mend.h), so it cannot fault.
 *
 * Where it is not, the list is mended in the same hold: what is whole from its head on and
 * what is whole from its end back are joined. What lay between is lost: one task as a
 * rule; more if there were several that are broken, and then also those between them, which
 * nobody can find any more. Should one of these be found by its owner, who waits for it or
 * takes it back, it is put on the queue anew: queue_recover().
 *
 * What waits is counted anew in that hold, so the lists and what is said of them agree
 * at any time. How many of which color (flush_color.c) have been lost is known when all that have
 * not ended are counted. The manager does that and says what has happened, see broken_count.c. Each
 * list is gone through once for each that is found broken, with the lock held, however long
 * it is: the one exception to lock_hold.h, and no step is counted.
 *
 * The same goes for the task of a run, at its end: it is not touched if it is not what it
 * was. All that its end needs but for the waiters is in struct wpool_run.
 *
 * What cannot be seen: memory that was freed and has all it had; then the task is run. User
 * Mode Linux does not survive a fault of its kernel. And it is not for us to survive a
 * delayed task that is broken, as its timer is the kernel's, or a group. Those who wait for
 * a lost task, or for its group, wait for ever, and its module stays pinned.
 */
#include <linux/lockdep.h>
#include <linux/rbtree.h>

#include "broken_mend.h"
#include "counter.h"
#include "lock_hold.h"
#include "pool.h"

/* One list, as it is mended. */
struct mending {
	struct wpool		*pool;
	struct list_head	*list;
	unsigned int		left;	/* how many more there may be */
	unsigned int		found;
	bool			cursor;	/* is among them */
};

static struct wpool_task *entry_task(struct wpool *pool, struct list_head *list,
				     struct list_head *entry)
{
	return list == &pool->deferred ? mend_held_task(entry) :
				     list_entry(entry, struct wpool_task, node);
}

static struct list_head *step(const struct list_head *entry, bool back)
{
	return (struct list_head *)mend_peek(back ? &entry->prev : &entry->next);
}

/*
 * Goes along the list, from one of its ends, as long as each entry and the one before it
 * say the same, and not as far as @stop. Return: the last that is whole, or the list. No
 * entry is met twice, as it says which one it comes after.
 */
static struct list_head *walk_whole(struct mending *m, struct list_head *stop, bool back)
{
	struct list_head *last = m->list, *entry;

	for (; m->left; m->left--) {
		entry = step(last, back);
		if (entry == stop || step(entry, !back) != last ||
		    !mend_waits(m->pool, entry_task(m->pool, m->list, entry)))
			break;
		m->cursor |= entry == m->pool->cursor;
		m->found++;
		last = entry;
	}
	return last;
}

/* Context: pool->lock held. */
static void ask_manager(struct wpool *pool)
{
	WRITE_ONCE(pool->mend.pending, true);
	pool_mark(pool, MARK_MANAGER);
}

/**
 * mend_note() - have the manager count, and name a task that is broken
 * @pool: the pool
 * @broken: the task; only the first is named
 * @beside: one that was linked to it and is whole, or NULL
 *
 * Context: pool->lock held.
 */
void mend_note(struct wpool *pool, const struct wpool_task *broken,
	       const struct wpool_task *beside)
{
	struct wpool_mend *mend = &pool->mend;

	lockdep_assert_held(&pool->lock);
	ask_manager(pool);
	if (mend->broken)
		return;
	mend->broken = true;
	mend->fn = (wpool_fn_t)mend_peek(&broken->fn);
	mend->beside = beside ? beside->fn : NULL;
}

/* The same for the task of a run, which is known by its function. */
void mend_note_run(struct wpool *pool, const struct wpool_run *run)
{
	lockdep_assert_held(&pool->lock);
	ask_manager(pool);
	pool->mend.run_broken = true;
	pool->mend.run_fn = run->fn;
}

/* What is between two entries of a list that are whole is not. */
static void note_gap(struct mending *m, struct list_head *front, struct list_head *back)
{
	struct list_head *broken = front->next, *beside = front == m->list ? back : front;

	/* One: it was between these two. Else nobody knows what is between. */
	if (front->next != back->prev)
		m->pool->mend.islands = true;
	if (broken == m->list)
		broken = back->prev;
	mend_note(m->pool, entry_task(m->pool, m->list, broken),
		  beside == m->list ? NULL : entry_task(m->pool, m->list, beside));
}

/**
 * mend_list() - leave on a list what is whole
 * @pool: the pool
 * @list: one of its lists of tasks that wait
 * @n: how many there should be, at most
 *
 * Context: pool->lock held, and the list's own if it has one.
 * Return: how many there are.
 */
unsigned int mend_list(struct wpool *pool, struct list_head *list, unsigned int n)
{
	/* Some more: who calls may have one in hand. */
	struct mending m = { .pool = pool, .list = list, .left = n + WPOOL_CHUNK };
	struct list_head *front, *back;

	front = walk_whole(&m, list, false);
	if (front->next == list && list->prev == front)
		return m.found;
	back = walk_whole(&m, front, true);
	note_gap(&m, front, back);
	front->next = back;
	back->prev = front;
	if (pool->walked == list && pool->cursor != list && !m.cursor)
		pool->cursor = back;
	return m.found;
}

/* Where the head of a key is linked, or would be. All heads are whole. */
static struct rb_node **place_of(struct wpool *pool, u64 key, struct rb_node **parent)
{
	struct rb_node **place = &pool->keys.rb_node;
	struct wpool_keyed_task *head;

	*parent = NULL;
	while (*place) {
		head = rb_entry(*place, struct wpool_keyed_task, link);
		if (head->key == key)
			break;
		*parent = *place;
		place = key < head->key ? &(*place)->rb_left : &(*place)->rb_right;
	}
	return place;
}

static void insert_head(struct wpool *pool, struct wpool_keyed_task *keyed,
			struct rb_node **place, struct rb_node *parent)
{
	INIT_LIST_HEAD(&keyed->followers);
	INIT_LIST_HEAD(&keyed->awaited);
	rb_link_node(&keyed->link, parent, place);
	rb_insert_color(&keyed->link, &pool->keys);
}

static struct wpool_keyed_task *keyed_of(struct wpool_task *task)
{
	return task->flags & WPOOL_TASK_KEYED ?
	       container_of(task, struct wpool_keyed_task, task) : NULL;
}

/* One that is inside its function, if it has a key and is the only one of it. */
static void mend_running(struct wpool *pool, struct wpool_run *run)
{
	struct wpool_task *task = run->task;
	struct wpool_keyed_task *keyed = NULL;
	struct rb_node *parent, **place;

	if (task && mend_run_ok(run) && task->pool == pool && task->state & TASK_IN_FN)
		keyed = keyed_of(task);
	if (!keyed)
		return;
	place = place_of(pool, keyed->key, &parent);
	if (!*place)
		insert_head(pool, keyed, place, parent);
}

/* One that is on the queue. If there is a head already it waits with the others. */
static void mend_queued(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_keyed_task *keyed = keyed_of(task);
	struct rb_node *parent, **place;

	if (!keyed)
		return;
	place = place_of(pool, keyed->key, &parent);
	if (!*place) {
		insert_head(pool, keyed, place, parent);
		return;
	}
	walk_del(pool, &task->node);
	RB_CLEAR_NODE(&keyed->link);
	list_add_tail(&keyed->deferred, &pool->deferred);
	shared_inc(pool->nr_deferred);
}

/* One that was held back. If what did so has been lost, it is the head now. */
static void mend_held(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_keyed_task *keyed = keyed_of(task);
	unsigned int prio = pool->flags & WPOOL_ORDERED ? WPOOL_PRIO_NORMAL : task->prio;
	struct rb_node *parent, **place = place_of(pool, keyed->key, &parent);

	if (*place) {
		INIT_LIST_HEAD(&keyed->awaited);
		list_add_tail(&task->node,
			      &rb_entry(*place, struct wpool_keyed_task, link)->followers);
		return;
	}
	walk_del(pool, &keyed->deferred);
	shared_dec(pool->nr_deferred);
	list_add_tail(&task->node, &pool->queue[prio]);
	insert_head(pool, keyed, place, parent);
}

/* Puts all keys in order anew, from the lists. Context: pool->lock held. */
static void mend_keys(struct wpool *pool)
{
	struct wpool_worker *worker;
	struct wpool_task *task, *next;
	struct list_head *entry, *n;
	unsigned int i;

	pool->mend.keys = true;
	pool->keys = RB_ROOT;
	list_for_each_entry(worker, &pool->workers, node) {
		for (i = 0; i < worker->nesting; i++)
			mend_running(pool, &worker->runs[i]);
	}
	for (i = 0; i < WPOOL_NR_PRIOS; i++) {
		list_for_each_entry_safe(task, next, &pool->queue[i], node)
			mend_queued(pool, task);
	}
	list_for_each_safe(entry, n, &pool->deferred)
		mend_held(pool, mend_held_task(entry));
}

/**
 * mend_lists() - leave on a pool's lists what is whole, and count it
 * @pool: the pool, of which something has been found broken
 *
 * All tasks that count as queued are on a list when this is called, but for those in the
 * batch, which do not. Context: pool->lock held.
 */
void mend_lists(struct wpool *pool)
{
	unsigned int prio, queued = 0, held, again = 0;
	struct wpool_run *run;

	lockdep_assert_held(&pool->lock);
	pool->mend.times++;
	for (prio = 0; prio < WPOOL_NR_PRIOS; prio++)
		queued += mend_list(pool, &pool->queue[prio], pool->nr_queued);
	held = mend_list(pool, &pool->deferred, pool->nr_queued);
	list_for_each_entry(run, &pool->again, again_node)
		again++;
	WRITE_ONCE(pool->nr_queued, queued + held + again);
	WRITE_ONCE(pool->nr_deferred, held + again);
	if (pool->keys.rb_node)
		mend_keys(pool);
	pool_mark(pool, MARK_ROOM | MARK_ASLEEP);
	ask_manager(pool);
}

/**
 * mend_entry_ok() - may an entry of a list be taken off it, or followed
 * @pool: the pool
 * @entry: somewhere on &wpool.deferred, or one of &wpool.queue
 * @task: the task that it belongs to
 *
 * Context: pool->lock held.
 */
bool mend_entry_ok(const struct wpool *pool, const struct list_head *entry,
		   const struct wpool_task *task)
{
	const struct list_head *next = step(entry, false), *prev = step(entry, true);

	/* At last what KASAN tells of if it was freed: in the links it has left something. */
	return mend_peek_known(&task->pool) == (unsigned long)pool &&
	       mend_follows(next, entry) && step(prev, false) == entry &&
	       READ_ONCE(task->state) == TASK_QUEUED;
}
