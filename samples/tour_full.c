// SPDX-License-Identifier: GPL-2.0
/*
 * What happens when a pool is full. Here a pool is full when its one worker is
 * busy and one more task waits.
 */
#include <linux/sched.h>
#include <linux/slab.h>
#include "tour.h"

static int nothing(void *arg)
{
	return 0;
}

/* A pool made full, and a third task, for which there is no room. */
struct full_pool {
	struct wpool		*pool;
	struct tour_hold	hold;
	struct tour_letter	letters[2];
	struct tour_page	page;
};

static int fill(struct full_pool *f, const char *name, const struct wpool_attrs *attrs)
{
	int err;

	f->pool = wpool_create(name, attrs);
	if (IS_ERR(f->pool))
		return PTR_ERR(f->pool);
	tour_letters_init(f->letters, 2, &f->page, "ab");
	err = tour_hold(f->pool, &f->hold);
	if (!err) {
		err = wpool_schedule(f->pool, &f->letters[0].task);
		if (err)
			tour_release(&f->hold);
	}
	if (err)
		wpool_destroy(f->pool);
	return err;
}

static void empty(struct full_pool *f)
{
	tour_release(&f->hold);
	wpool_destroy(f->pool);
}

static int let_go_later(void *arg)
{
	struct full_pool *f = arg;

	/* Not before the submitter is asleep. */
	tour_until(tour_stat(f->pool, WPOOL_STAT_BLOCKED));
	complete_all(&f->hold.end);
	return 0;
}

/* The submitter sleeps until there is room. */
static int show_block(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_BLOCK };
	struct full_pool f;
	bool waited = false;
	int err;

	err = fill(&f, "tour-block", &attrs);
	if (err)
		return err;
	err = wpool_schedule_fn(tour_pool, let_go_later, &f, NULL);
	if (!err) {
		err = wpool_schedule(f.pool, &f.letters[1].task);
		waited = completion_done(&f.hold.end);
		wpool_flush(tour_pool);
	}
	empty(&f);
	if (err)
		return err;
	return tour_show(waited && !strcmp(f.page.text, "ab"),
			 "full, block: the submitter slept until there was room; ran \"%s\"",
			 f.page.text);
}

static int show_fail(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_FAIL };
	struct full_pool f;
	int err, refused;

	err = fill(&f, "tour-fail", &attrs);
	if (err)
		return err;
	refused = wpool_schedule(f.pool, &f.letters[1].task);
	empty(&f);
	return tour_show(refused == -EAGAIN && !strcmp(f.page.text, "a"),
			 "full, fail: %pe; ran \"%s\"", ERR_PTR(refused), f.page.text);
}

/* The task's function tells in whose context it runs. */
static int who_fn(void *arg)
{
	*(struct task_struct **)arg = current;
	return 0;
}

static int show_caller_runs(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = 1,
				     .full = WPOOL_FULL_CALLER_RUNS };
	struct task_struct *who = NULL;
	struct wpool_task task;
	struct full_pool f;
	int err;

	err = fill(&f, "tour-caller", &attrs);
	if (err)
		return err;
	wpool_task_init(&task, who_fn, &who);
	err = wpool_schedule(f.pool, &task);	/* has run when this returns */
	empty(&f);
	if (err)
		return err;
	return tour_show(who == current, "full, caller runs: the submitter ran the task itself");
}

static int show_discard(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_DISCARD };
	struct full_pool f;
	int err, result;
	u64 dropped;

	err = fill(&f, "tour-discard", &attrs);
	if (err)
		return err;
	err = wpool_schedule(f.pool, &f.letters[1].task);
	result = err ?: wpool_wait(&f.letters[1].task);
	dropped = tour_stat(f.pool, WPOOL_STAT_DROPPED);
	empty(&f);
	if (err)
		return err;
	return tour_show(result == -ECANCELED && dropped == 1 && !strcmp(f.page.text, "a"),
			 "full, discard: the new task was dropped (%pe); ran \"%s\"",
			 ERR_PTR(result), f.page.text);
}

static int show_discard_oldest(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = 1,
				     .full = WPOOL_FULL_DISCARD_OLDEST };
	struct full_pool f;
	int err, result;

	err = fill(&f, "tour-oldest", &attrs);
	if (err)
		return err;
	err = wpool_schedule(f.pool, &f.letters[1].task);
	result = err ?: wpool_wait(&f.letters[0].task);
	empty(&f);
	if (err)
		return err;
	return tour_show(result == -ECANCELED && !strcmp(f.page.text, "b"),
			 "full, discard oldest: the task that waited was dropped (%pe); ran \"%s\"",
			 ERR_PTR(result), f.page.text);
}

/* Whatever the policy is: these two decide for themselves. */
static int show_limits(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = 1, .full = WPOOL_FULL_DISCARD };
	struct full_pool f;
	unsigned long start, waited;
	int err, at_once, later;

	err = fill(&f, "tour-limits", &attrs);
	if (err)
		return err;
	at_once = wpool_try_schedule(f.pool, &f.letters[1].task);
	start = jiffies;
	later = wpool_schedule_timeout(f.pool, &f.letters[1].task, msecs_to_jiffies(20));
	waited = jiffies - start;
	empty(&f);
	return tour_show(at_once == -EAGAIN && later == -ETIMEDOUT &&
			 waited >= msecs_to_jiffies(20),
			 "full, with a limit of 20 ms: %pe at once, %pe after %u ms",
			 ERR_PTR(at_once), ERR_PTR(later), jiffies_to_msecs(waited));
}

static int sleep_for_room(void *arg)
{
	struct full_pool *f = arg;

	return wpool_schedule(f->pool, &f->letters[1].task);
}

/* A bound on the submitters too: only so many may sleep. */
static int show_max_blocked(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = 1, .max_blocked = 1 };
	struct wpool_task first, second;
	struct full_pool f;
	int err, refused;

	err = fill(&f, "tour-blocked", &attrs);
	if (err)
		return err;
	wpool_task_init(&first, sleep_for_room, &f);
	wpool_task_init(&second, nothing, NULL);
	err = wpool_schedule(tour_pool, &first);
	if (!err && !tour_until(tour_stat(f.pool, WPOOL_STAT_BLOCKED) == 1))
		err = -ETIMEDOUT;
	refused = wpool_schedule_timeout(f.pool, &second, HZ);
	tour_release(&f.hold);
	wpool_flush(tour_pool);		/* its task still uses the other pool */
	wpool_destroy(f.pool);
	if (err)
		return err;
	return tour_show(refused == -EAGAIN, "max_blocked: one submitter sleeps, the next gets %pe",
			 ERR_PTR(refused));
}

/* Many at once; as many as there is room for, where the policy is not to wait. */
static int show_batch(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = 3, .full = WPOOL_FULL_FAIL };
	struct tour_letter letters[5];
	struct wpool_task *tasks[5];
	struct tour_page page;
	struct tour_hold hold;
	struct wpool *pool;
	int i, n;

	pool = wpool_create("tour-batch", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tour_letters_init(letters, 5, &page, "abcde");
	for (i = 0; i < 5; i++)
		tasks[i] = &letters[i].task;
	n = tour_hold(pool, &hold);
	if (!n) {
		n = wpool_schedule_batch(pool, tasks, 5);
		tour_release(&hold);
	}
	wpool_destroy(pool);
	if (n < 0)
		return n;
	return tour_show(n == 3 && !strcmp(page.text, "abc"),
			 "batch: of 5 tasks %d were accepted; ran \"%s\"", n, page.text);
}

/* From no queue at all to one without an end. */
static int show_depth(void)
{
	static const int depths[] = { WPOOL_QUEUE_HANDOFF, 2, WPOOL_QUEUE_UNBOUNDED };
	struct wpool_attrs attrs = { .capacity = 1, .full = WPOOL_FULL_FAIL };
	int accepted[3] = { };
	struct tour_hold hold;
	struct wpool *pool;
	int i, err;

	for (i = 0; i < 3; i++) {
		attrs.queue_depth = depths[i];
		pool = wpool_create("tour-depth", &attrs);
		if (IS_ERR(pool))
			return PTR_ERR(pool);
		err = tour_hold(pool, &hold);
		if (!err) {
			while (accepted[i] < 3000 && !wpool_schedule_fn(pool, nothing, NULL, NULL))
				accepted[i]++;
			tour_release(&hold);
		}
		wpool_destroy(pool);
		if (err)
			return err;
	}
	return tour_show(accepted[0] == 0 && accepted[1] == 2 && accepted[2] == 3000,
			 "queue_depth: behind a busy worker waited %d (hand-off), %d (depth 2), %d (unbounded)",
			 accepted[0], accepted[1], accepted[2]);
}

/* For a task that must not fail, and for one that is worth no wait. */
static int show_forced(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .queue_depth = 1 };
	struct full_pool f;
	int err, only, must;
	u64 forced;

	err = fill(&f, "tour-forced", &attrs);
	if (err)
		return err;
	only = wpool_schedule_how(f.pool, &f.letters[1].task, &(struct wpool_how) {
		.flags = WPOOL_IF_FREE,
	});
	must = wpool_schedule_how(f.pool, &f.letters[1].task, &(struct wpool_how) {
		.flags = WPOOL_FORCE,
	});
	forced = tour_stat(f.pool, WPOOL_STAT_FORCED);
	empty(&f);
	return tour_show(only == -EAGAIN && !must && forced == 1 && !strcmp(f.page.text, "ab"),
			 "full, forced: only if free %pe; beyond the bound %llu; ran \"%s\"",
			 ERR_PTR(only), forced, f.page.text);
}

#define TREE_NODES	40

/* A tree, of which each node is visited by a task; three below each. */
struct tree {
	struct wpool_group	group;
	struct tree_node {
		struct wpool_task	task;
		struct tree		*tree;
	} nodes[TREE_NODES];
	atomic_t		visited;
};

static int visit(void *arg)
{
	struct tree_node *node = arg;
	struct tree *tree = node->tree;
	unsigned int below = 3 * (node - tree->nodes) + 1, i;
	int err = 0;

	atomic_inc(&tree->visited);
	for (i = below; i < below + 3 && i < TREE_NODES && !err; i++)
		err = wpool_group_schedule(&tree->group, wpool_current(), &tree->nodes[i].task);
	return err;	/* the group's error then */
}

static int walk_tree(struct wpool *pool, struct tree *tree)
{
	unsigned int i;
	int err;

	wpool_group_init(&tree->group, 0);
	for (i = 0; i < TREE_NODES; i++) {
		wpool_task_init(&tree->nodes[i].task, visit, &tree->nodes[i]);
		tree->nodes[i].tree = tree;
	}
	err = wpool_group_schedule(&tree->group, pool, &tree->nodes[0].task);
	return err ?: wpool_group_wait(&tree->group);
}

/* Tasks that schedule tasks: only they could make room. */
static int show_recursive(void)
{
	struct wpool_attrs attrs = { .capacity = 2, .queue_depth = 4, .flags = WPOOL_RECURSIVE };
	struct wpool *pool = wpool_create("tour-tree", &attrs);
	struct tree *tree;
	int err, visited;

	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tree = kzalloc(sizeof(*tree), GFP_KERNEL);
	err = tree ? walk_tree(pool, tree) : -ENOMEM;
	visited = tree ? atomic_read(&tree->visited) : 0;
	wpool_destroy(pool);
	kfree(tree);
	if (err)
		return err;
	return tour_show(visited == TREE_NODES,
			 "full, recursive: tasks scheduled tasks, and visited %d of %d nodes",
			 visited, TREE_NODES);
}

const struct tour_stop tour_full[] = {
	{ "full, block",		show_block },
	{ "full, fail",			show_fail },
	{ "full, caller runs",		show_caller_runs },
	{ "full, discard",		show_discard },
	{ "full, discard oldest",	show_discard_oldest },
	{ "full, with a limit",		show_limits },
	{ "max_blocked",		show_max_blocked },
	{ "batch",			show_batch },
	{ "queue_depth",		show_depth },
	{ "full, forced",		show_forced },
	{ "full, recursive",		show_recursive },
	{ }
};
