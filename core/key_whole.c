// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the tree of keys may be followed and changed: its links lie in tasks, which may be
 * broken, see broken_mend.c.
 *
 * It is a red-black tree. A change of it goes on from the place where a link comes or goes up
 * towards the root, but as a rule not far: so the colors are asked how far it will go, and only
 * the tasks are looked at whose links it may read or write on the way. What each step of it does
 * is said in the kernel's lib/rbtree.c.
 *
 * Everything here needs pool->lock.
 */
#include <linux/rbtree_augmented.h>

#include "broken_mend.h"
#include "key_tree.h"
#include "key_whole.h"

/* How far below the link where it turns the tree a rotation may write. */
#define TURN_DEPTH	4

/* Does it say that it is a head, and the child of @parent? */
bool key_link_ok(const struct wpool *pool, struct rb_node *link, struct rb_node *parent)
{
	const struct wpool_task *task = &rb_entry(link, struct wpool_keyed_task, link)->task;

	return mend_points(&task->pool, pool) &&
	       task->state & TASK_ACCEPTED && task->flags & WPOOL_TASK_KEYED &&
	       rb_parent(link) == parent;
}

static bool below_ok(const struct wpool *pool, struct rb_node *link, unsigned int depth)
{
	struct rb_node *below[] = { link->rb_left, link->rb_right };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(below); i++) {
		if (!below[i])
			continue;
		if (!key_link_ok(pool, below[i], link) ||
		    (depth > 1 && !below_ok(pool, below[i], depth - 1)))
			return false;
	}
	return true;
}

static struct rb_node *other_child(const struct rb_node *parent, const struct rb_node *child)
{
	return parent->rb_left == child ? parent->rb_right : parent->rb_left;
}

/*
 * Are a head, what is above it, and so much of what is below it, what they say? The other child
 * is looked at, too: it may be the one that is to come here, which was set up again and is not
 * where the tree has it. Then its parent would have it twice, and nobody could tell.
 */
static bool around_ok(const struct wpool *pool, struct rb_node *link, unsigned int depth)
{
	struct rb_node *parent = rb_parent(link), *other;

	if (!below_ok(pool, link, depth))
		return false;
	if (!parent)
		return keys_begin_with(pool, link);
	if ((!mend_points(&parent->rb_left, link) && !mend_points(&parent->rb_right, link)) ||
	    !key_link_ok(pool, parent, rb_parent(parent)))
		return false;
	other = other_child(parent, link);
	return !other || key_link_ok(pool, other, parent);
}

static bool is_red(const struct rb_node *link)
{
	return link && rb_is_red(link);
}

/*
 * May a head be linked below @parent? A red one comes there. Below a black one nothing is turned;
 * below a red one the tree is turned at the parent of that, which is the end, unless the other
 * child is red, too: then that parent becomes red, and all is as before, two levels up.
 */
bool keys_may_insert(const struct wpool *pool, struct rb_node *parent)
{
	struct rb_node *above;

	for (; parent; parent = rb_parent(above)) {
		if (!around_ok(pool, parent, TURN_DEPTH))
			return false;
		above = rb_parent(parent);
		if (!above || rb_is_black(parent))
			return true;
		if (!around_ok(pool, above, TURN_DEPTH))
			return false;
		if (!is_red(other_child(above, parent)))
			return true;
	}
	return true;
}

/* May another head take the place of this one? */
bool keys_may_replace(const struct wpool *pool, struct rb_node *link)
{
	return around_ok(pool, link, 1);
}

/*
 * May a black link without children go? On its side of the tree a black one is missing then. If
 * there is a red one near, it becomes the missing one, and this is the end; else it is missing on
 * both sides, and so one level up.
 */
static bool gap_ok(const struct wpool *pool, struct rb_node *link)
{
	struct rb_node *parent, *other;

	for (parent = rb_parent(link); parent; link = parent, parent = rb_parent(parent)) {
		if (!around_ok(pool, parent, TURN_DEPTH))
			return false;
		other = other_child(parent, link);
		if (!other)
			return false;
		if (rb_is_red(parent) || rb_is_red(other) || is_red(other->rb_left) ||
		    is_red(other->rb_right))
			return true;
	}
	return true;
}

/*
 * Are the links from a head to the next one in the order of keys whole, and those of the heads
 * below that, and beside it? It is below the head.
 */
static bool way_to_next_ok(const struct wpool *pool, struct rb_node *link, struct rb_node **next)
{
	struct rb_node *parent = link;

	for (*next = link->rb_right; ; *next = (*next)->rb_left) {
		if (!key_link_ok(pool, *next, parent))
			return false;
		if (!(*next)->rb_left)
			return below_ok(pool, *next, 1) && below_ok(pool, parent, 1);
		parent = *next;
	}
}

/*
 * May a head go? If it has two children, the next one takes its place and color, and the change
 * begins where that was. What leaves that place is red, or has one child, which is red and takes
 * its color, or leaves a gap.
 */
bool keys_may_erase(const struct wpool *pool, struct rb_node *link)
{
	struct rb_node *leaves = link;

	if (!around_ok(pool, link, 1))
		return false;
	if (link->rb_left && link->rb_right && !way_to_next_ok(pool, link, &leaves))
		return false;
	if (rb_is_red(leaves) || leaves->rb_left || leaves->rb_right)
		return true;
	return gap_ok(pool, leaves);
}
