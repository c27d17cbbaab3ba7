/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Checks of tasks that may be gone, before their links are followed; see broken_mend.c. All
 * need pool->lock unless they say otherwise.
 *
 * They read only what the caller is about to write anyway, so a check costs a few instructions
 * and no cache miss.
 */
#ifndef _WPOOL_BROKEN_MEND_H
#define _WPOOL_BROKEN_MEND_H

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/kconfig.h>
#include <linux/list.h>
#include <linux/uaccess.h>

#include "pool.h"
#include "ticket.h"
#include "types.h"

unsigned int mend_list(struct wpool *pool, struct list_head *list, unsigned int n);
void mend_note(struct wpool *pool, const struct wpool_task *broken,
	       const struct wpool_task *beside);
void mend_note_run(struct wpool *pool, const struct wpool_run *run);
void mend_count(struct wpool *pool);
bool mend_is_whole(struct wpool *pool);
void mend_lists(struct wpool *pool);
void mend_take(struct wpool *pool, struct wpool_mend *was);
bool mend_entry_ok(const struct wpool *pool, const struct list_head *entry,
		   const struct wpool_task *task);

/* Has the manager yet to count? Read anywhere. */
static inline bool mend_is_pending(const struct wpool *pool)
{
	return READ_ONCE(pool->mend.pending);
}

/* May some have been lost that are whole? */
static inline bool mend_has_islands(const struct wpool *pool)
{
	return pool->mend.islands;
}

/*
 * The same, since the manager asked last. It asks without the lock: whoever sets it has the
 * manager look afterwards.
 */
static inline bool mend_take_islands(struct wpool *pool)
{
	return xchg(&pool->mend.new_islands, false);
}

/* Was anything mended, ever? */
static inline bool mend_was_needed(const struct wpool *pool)
{
	return pool->mend.times;
}

/* The task of an entry of &wpool_lists.deferred. */
static inline struct wpool_task *mend_deferred_task(struct list_head *entry)
{
	return &list_entry(entry, struct wpool_keyed_task, deferred)->task;
}

/*
 * Reads a word at an address that is, or was, kernel memory. Return: 0 if nothing is there now.
 * KASAN does not see the read, as the memory may have been freed. Needs no lock.
 */
static __always_inline unsigned long mend_peek_known(const void *from)
{
#ifdef CONFIG_UML
	/* The UML kernel does not survive a fault, and modules cannot use its way to try a read. */
	return READ_ONCE_NOCHECK(*(const unsigned long *)from);
#else
	unsigned long word;

	__get_kernel_nofault(&word, from, unsigned long, gone);
	return word;
gone:
	/*
	 * GCC bug 113921, in 12.2 and others: what is only moved to a register on the way out of
	 * an asm goto is lost. So the 0 is made here.
	 */
	word = 0;
	OPTIMIZER_HIDE_VAR(word);
	return word;
#endif
}

/* Is that word this pointer? Return: false if nothing is there now. Needs no lock. */
static __always_inline bool mend_points_known(const void *from, const void *to)
{
#ifdef CONFIG_UML
	return mend_peek_known(from) == (unsigned long)to;
#else
	unsigned long word;

	__get_kernel_nofault(&word, from, unsigned long, gone);
	return word == (unsigned long)to;
gone:
	barrier();	/* the same bug: this way out must not be empty */
	return false;
#endif
}

/*
 * Checks that an address read from such memory may be read in turn. It may be anything, and on
 * x86 an address that is not the kernel's faults in another way.
 */
static __always_inline bool mend_may_peek(const void *address)
{
	return !IS_ENABLED(CONFIG_X86_64) || IS_ENABLED(CONFIG_UML) ||
	       likely((unsigned long)address >= ~0UL << (BITS_PER_LONG - 8));
}

/* The word there. Return: 0 if nothing is there. Needs no lock. */
static __always_inline unsigned long mend_peek(const void *from)
{
	return mend_may_peek(from) ? mend_peek_known(from) : 0;
}

/* Is the word there this pointer? Needs no lock. */
static __always_inline bool mend_points(const void *from, const void *to)
{
	return mend_may_peek(from) && mend_points_known(from, to);
}

/* Does an entry of a list say that it comes after another? Needs the lock of the list. */
static __always_inline bool mend_follows(const struct list_head *entry,
					 const struct list_head *before)
{
	return mend_may_peek(entry) && mend_points_known(&entry->prev, before);
}

/* Does the last entry of a list say that it is? Needs the lock of the list. */
static __always_inline bool mend_tail_ok(const struct list_head *list)
{
	return mend_points_known(&list->prev->next, list);
}

/*
 * Adds an entry to the end of a list of which mend_tail_ok() has just been true. So this leaves
 * out what list_add_tail() would look at once more on a kernel with CONFIG_DEBUG_LIST. Needs the
 * lock of the list.
 */
static __always_inline void mend_add_tail(struct list_head *entry, struct list_head *list)
{
	struct list_head *last = list->prev;

	entry->next = list;
	entry->prev = last;
	WRITE_ONCE(last->next, entry);
	list->prev = entry;
}

/* Do the neighbours of an entry know it? The entry itself exists. */
static inline bool mend_linked(const struct list_head *entry)
{
	return mend_follows(entry->next, entry) &&
	       mend_points(&entry->prev->next, entry);
}

/* Does the task say that it waits in the pool? */
static __always_inline bool mend_waits(const struct wpool *pool,
				       const struct wpool_task *task)
{
	return mend_points_known(&task->pool, pool) &&
	       READ_ONCE(task->state) == TASK_QUEUED;
}

/* May the first task of a list be taken off it? Needs the lock of the list. */
static __always_inline bool mend_first_ok(const struct wpool *pool,
					  const struct list_head *list,
					  const struct wpool_task *task)
{
	return mend_points_known(&task->node.prev, list) &&
	       task->pool == pool && mend_follows(task->node.next, &task->node);
}

/* The same, if it is to be the only one. Needs the lock of the list. */
static __always_inline bool mend_only_ok(const struct wpool *pool, const struct list_head *list,
					 const struct wpool_task *task)
{
	return mend_points_known(&task->node.next, list) && list->prev == &task->node &&
	       mend_points_known(&task->node.prev, list) && task->pool == pool;
}

/*
 * A batched task has this instead of a link, and has no further checks. Needs batch->lock, or
 * an empty batch.
 */
static __always_inline void mend_mark_batched(void *batch,
					      struct wpool_task *task)
{
	task->node.next = (struct list_head *)batch;
}

/* Is a batched task what it was? Needs batch->lock alone. */
static __always_inline bool mend_batched_ok(const void *batch,
					    const struct wpool_task *task)
{
	return mend_points_known(&task->node.next, batch);
}

/* Is the task that is to run again after a run what it was? */
static inline bool mend_again_ok(const struct wpool_run *run)
{
	return mend_points_known(&run->again->run, run);
}

/* Does the task of a ticket that has one still have the ticket, in the pool? */
static inline bool mend_ticket_ok(const struct wpool_ticket *ticket)
{
	struct wpool_release_task *ttask =
		container_of(ticket->task, struct wpool_release_task, task);

	return mend_points_known(&ttask->tracking.ticket, ticket) &&
	       mend_points_known(&ttask->task.pool, ticket->pool);
}

/* Is a task of this run what it was? */
static __always_inline bool mend_is_run_of(const struct wpool_run *run,
					   const struct wpool_task *task)
{
	return mend_points_known(&task->run, run);
}

/* Is the task that a run has what it was? Needs batch->lock, or pool->lock. */
static __always_inline bool mend_run_ok(const struct wpool_run *run)
{
	return mend_is_run_of(run, run->task);
}

#endif /* _WPOOL_BROKEN_MEND_H */
