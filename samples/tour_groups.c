// SPDX-License-Identifier: GPL-2.0
/*
 * Groups: tasks that are waited for, or cancelled, together. Sets: pools behind
 * one front.
 */
#include <linux/nodemask.h>
#include <linux/smp.h>
#include <linux/topology.h>
#include "tour.h"

static int result_fn(void *arg)
{
	return (long)arg;
}

/* Tasks of a group may be in several pools. Their first error is the group's. */
static int show_group(void)
{
	struct wpool *pools[] = { tour_pool, wpool_default() };
	struct wpool_task tasks[4];
	struct wpool_group group;
	int i, err = 0, result;

	wpool_group_init(&group, 0);
	for (i = 0; i < 4 && !err; i++) {
		wpool_task_init(&tasks[i], result_fn, i == 2 ? (void *)(long)-ENOSPC : NULL);
		err = wpool_group_schedule(&group, pools[i % 2], &tasks[i]);
	}
	if (!err)
		err = wpool_group_schedule_fn(&group, tour_pool, result_fn, NULL, NULL);
	result = wpool_group_wait(&group);
	if (err)
		return err;
	return tour_show(result == -ENOSPC, "group: 5 tasks in 2 pools, the first error is %pe",
			 ERR_PTR(result));
}

/* Schedules members until there is none left, or one is refused. */
static int join_all(struct wpool_group *group, struct wpool *pool,
		    struct tour_letter *letters, unsigned int n)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < n && !err; i++)
		err = wpool_group_schedule(group, pool, &letters[i].task);
	return err;
}

/* Cancelled are those of the group that have not begun, and no others. */
static int show_group_cancel(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct tour_letter letters[4];
	struct wpool_group group;
	struct tour_page page;
	struct tour_hold hold;
	struct wpool *pool;
	int err, early = 0, late = 0;
	unsigned int n = 0;

	pool = wpool_create("tour-group", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tour_letters_init(letters, 4, &page, "abcd");
	wpool_group_init(&group, 0);
	err = tour_hold(pool, &hold);
	if (!err) {
		err = join_all(&group, pool, letters, 3) ?: wpool_schedule(pool, &letters[3].task);
		early = wpool_group_wait_timeout(&group, msecs_to_jiffies(10));
		n = wpool_group_cancel(&group);
		late = wpool_group_wait(&group);
		tour_release(&hold);
	}
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(early == -ETIMEDOUT && n == 3 && late == -ECANCELED &&
			 !strcmp(page.text, "d"),
			 "group, cancelled: %pe while it waited, %u cancelled, then %pe; ran \"%s\"",
			 ERR_PTR(early), n, ERR_PTR(late), page.text);
}

/* The first error cancels the rest of the group. */
static int show_fail_fast(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct tour_letter letters[3];
	struct wpool_task failing;
	struct wpool_group group;
	struct tour_page page;
	struct tour_hold hold;
	struct wpool *pool;
	int err, result = 0;

	pool = wpool_create("tour-failfast", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	tour_letters_init(letters, 3, &page, "abc");
	wpool_task_init(&failing, result_fn, (void *)(long)-EIO);
	wpool_group_init(&group, WPOOL_GROUP_FAIL_FAST);
	err = tour_hold(pool, &hold);
	if (!err) {
		err = wpool_group_schedule(&group, pool, &failing) ?:
		      join_all(&group, pool, letters, 3);
		tour_release(&hold);
		result = wpool_group_wait(&group);
	}
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(result == -EIO && !page.text[0],
			 "group, fail fast: after %pe none of the other 3 ran", ERR_PTR(result));
}

static int nap_fn(void *arg)
{
	return wpool_sleep(MAX_SCHEDULE_TIMEOUT);
}

/* All of a group are gone when the call returns: one slept, two had not begun. */
static int show_group_cancel_sync(void)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct wpool_task naps, letters[2];
	struct wpool_group group;
	struct wpool *pool;
	int err, n;

	pool = wpool_create("tour-end", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	wpool_group_init(&group, 0);
	wpool_task_init(&naps, nap_fn, NULL);
	wpool_task_init(&letters[0], result_fn, NULL);
	wpool_task_init(&letters[1], result_fn, NULL);
	err = wpool_group_schedule(&group, pool, &naps);
	if (!err && !tour_until(wpool_task_running(&naps)))
		err = -ETIMEDOUT;
	if (!err)
		err = wpool_group_schedule(&group, pool, &letters[0]) ?:
		      wpool_group_schedule(&group, pool, &letters[1]);
	n = wpool_group_cancel(&group);
	err = err ?: wpool_group_cancel_sync(&group);
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(n == 2 && wpool_wait(&naps) == -ECANCELED,
			 "group, ended: %d cancelled, one was asked to stop", n);
}

#define SET_POOLS	3

static struct wpool_set *make_set(enum wpool_rule rule)
{
	struct wpool_attrs attrs = { .capacity = 1 };

	return wpool_set_create("tour-set", &attrs, SET_POOLS, rule);
}

/* How many pools of the set have been given exactly n tasks. */
static int with_tasks(u64 n)
{
	static const char * const names[] = { "tour-set.0", "tour-set.1", "tour-set.2" };
	struct wpool *pool;
	int i, count = 0;

	for (i = 0; i < SET_POOLS; i++) {
		pool = wpool_find(names[i]);
		if (pool && tour_stat(pool, WPOOL_STAT_SUBMITTED) == n)
			count++;
		wpool_put(pool);
	}
	return count;
}

static int show_round_robin(void)
{
	struct wpool_set *set = make_set(WPOOL_RULE_ROUND_ROBIN);
	struct wpool_task tasks[6];
	int i, err = 0, even;

	if (IS_ERR(set))
		return PTR_ERR(set);
	for (i = 0; i < 6 && !err; i++) {
		wpool_task_init(&tasks[i], result_fn, NULL);
		err = wpool_set_schedule(set, &tasks[i], 0);
	}
	even = with_tasks(2);
	wpool_set_destroy(set);
	if (err)
		return err;
	return tour_show(even == SET_POOLS, "set, round robin: 6 tasks, 2 in each of %d pools",
			 even);
}

static int where_fn(void *arg)
{
	*(struct wpool **)arg = wpool_current();
	return raw_smp_processor_id();
}

/* The pool in which the next task runs. */
static struct wpool *where(struct wpool_set *set, u64 key)
{
	struct wpool *pool = NULL;
	struct wpool_task task;

	wpool_task_init(&task, where_fn, &pool);
	if (!wpool_set_schedule(set, &task, key))
		wpool_wait(&task);
	return pool;
}

/* One that is busy is passed over. */
static int show_least_loaded(void)
{
	struct wpool_set *set = make_set(WPOOL_RULE_LEAST_LOADED);
	struct tour_hold hold;
	struct wpool *busy;
	int i, err, met = 0;

	if (IS_ERR(set))
		return PTR_ERR(set);
	busy = wpool_set_nth(set, 0);
	err = tour_hold(busy, &hold);
	if (!err) {
		for (i = 0; i < 6; i++)
			met += where(set, 0) == busy;
		tour_release(&hold);
	}
	wpool_set_destroy(set);
	if (err)
		return err;
	return tour_show(!met, "set, least loaded: 6 tasks, none in the pool that is busy");
}

static int show_by_key(void)
{
	struct wpool_set *set = make_set(WPOOL_RULE_KEY);
	struct wpool *first, *other;
	bool same = true;
	u64 key;
	int i;

	if (IS_ERR(set))
		return PTR_ERR(set);
	first = where(set, 42);
	for (i = 0; i < 10; i++)
		same = same && where(set, 42) == first;
	for (key = 0, other = first; key < 100 && other == first; key++)
		other = where(set, key);
	same = tour_show(same && other != first,
			 "set, by key: key 42 always meets %s, others meet others too",
			 wpool_name(first)) == 0;
	wpool_set_destroy(set);
	return same ? 0 : -EPROTO;
}

/* A node's own pool, on machines with so many nodes; else any. */
static int show_by_node(void)
{
	struct wpool_set *set = make_set(WPOOL_RULE_NODE);
	struct wpool_task task;
	int err, closed;

	if (IS_ERR(set))
		return PTR_ERR(set);
	wpool_task_init(&task, result_fn, (void *)5L);
	err = wpool_set_schedule(set, &task, 0) ?: wpool_wait(&task);
	wpool_set_shutdown(set);
	closed = wpool_set_schedule(set, &task, 0);
	wpool_set_destroy(set);
	return tour_show(err == 5 && closed == -ESHUTDOWN,
			 "set, by node: on one of %d nodes; all its pools shut down as one (%pe)",
			 num_online_nodes(), ERR_PTR(closed));
}

/* One pool for each CPU. */
static int show_by_cpu(void)
{
	struct wpool_set *set = wpool_set_create("tour-set", NULL, 0, WPOOL_RULE_CPU);
	struct wpool_task task;
	struct wpool *pool;
	int cpu, err, ran;

	if (IS_ERR(set))
		return PTR_ERR(set);
	wpool_task_init(&task, where_fn, &pool);
	cpu = get_cpu();
	err = wpool_set_try_schedule(set, &task, 0);
	put_cpu();
	ran = err ?: wpool_wait(&task);
	err = pool == wpool_set_nth(set, cpu) ? err : -EPROTO;
	wpool_set_destroy(set);
	return tour_show(!err && ran == cpu, "set, by CPU: scheduled on CPU %d, has run on CPU %d",
			 cpu, ran);
}

static int count_fn(void *runs)
{
	atomic_inc(runs);
	return 0;
}

/* One task, scheduled again and again, which stays in the pool that has it. */
static int show_as_one(void)
{
	struct wpool_set *set = wpool_set_create("tour-cpus", NULL, 0, WPOOL_RULE_CPU);
	struct wpool_task task;
	atomic_t runs = ATOMIC_INIT(0);
	int i, err, accepted = 0;

	if (IS_ERR(set))
		return PTR_ERR(set);
	wpool_task_init(&task, count_fn, &runs);
	for (i = 0; i < 10; i++) {
		err = wpool_set_try_schedule(set, &task, 0);
		if (!err)
			accepted++;
		else if (err != -EBUSY)
			break;
	}
	err = wpool_set_flush(set) ?: wpool_set_drain(set);
	wpool_set_destroy(set);
	return tour_show(i == 10 && !err && atomic_read(&runs) == accepted,
			 "set, as one: one task scheduled 10 times, %d while it waited, %d runs",
			 10 - accepted, atomic_read(&runs));
}

const struct tour_stop tour_groups[] = {
	{ "group",		show_group },
	{ "group, cancelled",	show_group_cancel },
	{ "group, fail fast",	show_fail_fast },
	{ "group, ended",	show_group_cancel_sync },
	{ "set, round robin",	show_round_robin },
	{ "set, least loaded",	show_least_loaded },
	{ "set, by key",	show_by_key },
	{ "set, by node",	show_by_node },
	{ "set, by CPU",	show_by_cpu },
	{ "set, as one",	show_as_one },
	{ }
};
