// SPDX-License-Identifier: GPL-2.0
/*
 * A set of pools: a rule picks the pool for the next task, and all are flushed, drained or shut
 * down together. The pools are pools like any other. set_submit.c has what submits.
 */
#include <linux/cpumask.h>
#include <linux/hash.h>
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/topology.h>

#include "create.h"
#include "current_thread.h"
#include "inbox.h"
#include "pool.h"
#include "set.h"
#include "shutdown.h"
#include "worker_list.h"

/*
 * In a set with the node rule, the pools take in turn the nodes that have CPUs: nobody submits on
 * another.
 */
static int set_nth_node(unsigned int i)
{
	const nodemask_t *nodes = &node_states[num_node_state(N_CPU) ? N_CPU : N_ONLINE];
	int node = first_node(*nodes);

	while (i--)
		node = next_node_in(node, *nodes);
	return node;
}

/* With the CPU rule, which pool is for a CPU. */
static unsigned int set_index(unsigned int n, unsigned int cpu)
{
	return cpu % n;
}

/* The CPUs of the i-th of n pools. None may be online yet, or possible at all. */
static void set_nth_cpus(unsigned int i, unsigned int n, struct cpumask *mask)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu) {
		if (set_index(n, cpu) == i)
			cpumask_set_cpu(cpu, mask);
	}
}

/**
 * struct set_plan - what a new set is to be
 * @name: the first part of the pools' names
 * @attrs: of each pool, or NULL
 * @n: how many
 * @rule: which pool is next
 * @owner: the module whose pools they are
 */
struct set_plan {
	const char			*name;
	const struct wpool_attrs	*attrs;
	unsigned int			n;
	enum wpool_rule			rule;
	struct module			*owner;
};

static const char *set_fault(const struct set_plan *plan)
{
	if (!plan->name || !*plan->name)
		return "no name";
	if ((unsigned int)plan->rule >= WPOOL_NR_RULES)
		return "unknown rule";
	if (!plan->n || plan->n > WPOOL_SET_MAX)
		return "no pools, or too many";
	if (plan->rule == WPOOL_RULE_CPU && plan->attrs && plan->attrs->cpumask)
		return "both cpumask and WPOOL_RULE_CPU";
	return NULL;
}

static struct wpool *set_make_pool(const struct set_plan *plan, unsigned int i)
{
	struct wpool_attrs own = plan->attrs ? *plan->attrs : (struct wpool_attrs) { };
	char full_name[WPOOL_NAME_MAX + 2];
	cpumask_var_t mask;
	struct wpool *pool;

	if (!zalloc_cpumask_var(&mask, GFP_KERNEL))
		return ERR_PTR(-ENOMEM);
	if (plan->rule == WPOOL_RULE_NODE)
		own.node = WPOOL_NODE(set_nth_node(i));
	if (plan->rule == WPOOL_RULE_CPU)
		set_nth_cpus(i, plan->n, mask);
	/* wpool_create() refuses a name that is too long: there is room for one character more. */
	snprintf(full_name, sizeof(full_name), "%s.%u", plan->name, i);
	pool = pool_create(full_name, &own, cpumask_empty(mask) ? NULL : mask, plan->owner);
	free_cpumask_var(mask);
	return pool;
}

/* Without its pools. */
static struct wpool_set *set_alloc(unsigned int n)
{
	struct wpool_set *set = kzalloc(struct_size(set, pools, n), GFP_KERNEL);
	unsigned int i;

	if (!set)
		return NULL;
	set->buckets = kvcalloc(n, sizeof(*set->buckets), GFP_KERNEL);
	if (!set->buckets) {
		kfree(set);
		return NULL;
	}
	for (i = 0; i < n; i++)
		raw_spin_lock_init(&set->buckets[i].lock);
	return set;
}

static void set_free(struct rcu_head *rcu)
{
	struct wpool_set *set = container_of(rcu, struct wpool_set, rcu);

	kvfree(set->buckets);
	kfree(set);
}

static struct wpool_set *set_make(const struct set_plan *plan)
{
	struct wpool_set *set = set_alloc(plan->n);
	struct wpool *pool;

	if (!set)
		return ERR_PTR(-ENOMEM);
	set->rule = plan->rule;
	for (; set->n < plan->n; set->n++) {
		pool = set_make_pool(plan, set->n);
		if (IS_ERR(pool)) {
			wpool_set_destroy(set);
			return ERR_CAST(pool);
		}
		set->pools[set->n] = pool;
	}
	return set;
}

/* Behind wpool_set_create(). */
struct wpool_set *__wpool_set_create(const char *name,
				     const struct wpool_attrs *attrs,
				     unsigned int n, enum wpool_rule rule,
				     struct module *owner)
{
	struct set_plan plan = {
		.name = name, .attrs = attrs, .n = n, .rule = rule, .owner = owner,
	};
	const char *fault;

	might_sleep();
	if (rule == WPOOL_RULE_CPU && !n)
		plan.n = min_t(unsigned int, nr_cpu_ids, WPOOL_SET_MAX);
	fault = set_fault(&plan);
	if (fault) {
		pr_err("\"%s\": not a set of pools: %s (%u pools, rule %d)\n", name ?: "", fault,
		       plan.n, rule);
		return ERR_PTR(-EINVAL);
	}
	return set_make(&plan);
}
EXPORT_SYMBOL_GPL(__wpool_set_create);

/* Reads without a lock: the values may be out of date, which is good enough. */
static struct wpool *set_least_loaded(const struct wpool_set *set)
{
	unsigned int i, load, least = UINT_MAX;
	struct wpool *best = set->pools[0];

	for (i = 0; i < set->n; i++) {
		struct wpool *pool = set->pools[i];

		load = tasks_queued(pool) + inbox_count(pool) + workers_running(pool);
		if (load < least) {
			least = load;
			best = pool;
		}
	}
	return best;
}

static struct wpool *set_for_node(struct wpool_set *set, int node)
{
	unsigned int i, start = (unsigned int)atomic_inc_return(&set->next) % set->n;

	for (i = 0; i < set->n; i++) {
		struct wpool *pool = set->pools[(start + i) % set->n];

		if (pool->conf.node == node)
			return pool;
	}
	return set->pools[start];
}

/* The pool for the next task, by the rule of the set. @key: for %WPOOL_RULE_KEY. Any context. */
struct wpool *set_pick(struct wpool_set *set, u64 key)
{
	if (IS_ERR_OR_NULL(set))
		return NULL;
	switch (set->rule) {
	case WPOOL_RULE_LEAST_LOADED:
		return set_least_loaded(set);
	case WPOOL_RULE_KEY:
		return set->pools[hash_64(key, 32) % set->n];
	case WPOOL_RULE_NODE:
		return set_for_node(set, numa_node_id());
	case WPOOL_RULE_CPU:
		/* If the caller moves meanwhile, the task runs where the caller has been. */
		return set->pools[set_index(set->n, raw_smp_processor_id())];
	default:
		return set->pools[(unsigned int)atomic_inc_return(&set->next) %
				  set->n];
	}
}

/**
 * wpool_set_nth() - get one pool of a set
 * @set: the set
 * @i: from 0 on
 *
 * For wpool_flush(), wpool_resize(), wpool_stats() and other calls for each pool. Not for
 * wpool_destroy(): the pools end with the set.
 *
 * Context: Any.
 * Return: the pool, valid as long as the set; NULL without a set, or if it has no more than @i.
 */
struct wpool *wpool_set_nth(struct wpool_set *set, unsigned int i)
{
	return IS_ERR_OR_NULL(set) || i >= set->n ? NULL : set->pools[i];
}
EXPORT_SYMBOL_GPL(wpool_set_nth);

/* Would the caller wait for itself? Says so. */
static bool set_refused(struct wpool_set *set, const char *what)
{
	unsigned int i;

	for (i = 0; i < set->n; i++) {
		if (worker_refused(set->pools[i], what))
			return true;
	}
	return false;
}

/**
 * wpool_set_flush() - wait until all tasks that the pools of a set had accepted have ended
 * @set: the set; NULL is ignored
 *
 * As wpool_flush() of each pool.
 *
 * Context: Process context; may sleep. The set is not destroyed meanwhile.
 * Return: as wpool_flush(), with -EDEADLK for a caller in any of the pools.
 */
int wpool_set_flush(struct wpool_set *set)
{
	unsigned int i;
	int ret = 0;

	if (IS_ERR_OR_NULL(set))
		return 0;
	if (set_refused(set, "wpool_set_flush()"))
		return -EDEADLK;
	for (i = 0; i < set->n && !ret; i++)
		ret = wpool_flush(set->pools[i]);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_set_flush);

/* Tasks that its pools have ever accepted. */
static u64 set_accepted(struct wpool_set *set)
{
	struct wpool_stats stats;
	unsigned int i;
	u64 n = 0;

	for (i = 0; i < set->n; i++) {
		wpool_stats(set->pools[i], &stats);
		n += stats.count[WPOOL_STAT_SUBMITTED];
	}
	return n;
}

/**
 * wpool_set_drain() - wait until no task is queued, delayed or running in all pools of a set
 * @set: the set; NULL is ignored
 *
 * Also for tasks that one pool schedules into another. It keeps nobody out: tasks that are
 * scheduled meanwhile prolong the wait, as do periodic tasks of several pools, if one of them
 * always runs.
 *
 * Context: Process context; may sleep. The set is not destroyed meanwhile.
 * Return: as wpool_set_flush().
 */
int wpool_set_drain(struct wpool_set *set)
{
	unsigned int i;
	int ret = 0;
	u64 before;

	if (IS_ERR_OR_NULL(set))
		return 0;
	if (set_refused(set, "wpool_set_drain()"))
		return -EDEADLK;
	/* If none was accepted since the first was empty, all are. */
	do {
		before = set_accepted(set);
		for (i = 0; i < set->n && !ret; i++)
			ret = wpool_drain(set->pools[i]);
	} while (!ret && set_accepted(set) != before);
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_set_drain);

/**
 * wpool_set_shutdown() - accept no more tasks in any pool of a set
 * @set: the set; NULL is ignored
 *
 * Context: Any but NMI.
 */
void wpool_set_shutdown(struct wpool_set *set)
{
	unsigned int i;

	for (i = 0; !IS_ERR_OR_NULL(set) && i < set->n; i++)
		wpool_shutdown(set->pools[i]);
}
EXPORT_SYMBOL_GPL(wpool_set_shutdown);

/**
 * wpool_set_destroy() - shut a set down, wait for its pools to end, free it
 * @set: the set; not to be used any more, unless an error is returned
 *
 * Shuts down all pools before it waits for the first. Its tasks, hooks and releases may still
 * schedule into the set until they end: that is refused.
 *
 * Context: Process context; may sleep, for as long as the tasks take.
 * Return: 0, -EINVAL (NULL or atomic context), -EDEADLK (as wpool_set_flush()).
 */
int wpool_set_destroy(struct wpool_set *set)
{
	unsigned int i;

	might_sleep();
	if (sleep_refused() || IS_ERR_OR_NULL(set))
		return -EINVAL;
	if (set_refused(set, "wpool_set_destroy()"))
		return -EDEADLK;
	wpool_set_shutdown(set);
	/* A task of the last pool may still submit to the first one. */
	for (i = 0; i < set->n; i++)
		wpool_get(set->pools[i]);
	for (i = 0; i < set->n; i++)
		pool_destroy(set->pools[i], false);
	for (i = 0; i < set->n; i++)
		wpool_put(set->pools[i]);
	/*
	 * A submitter may still have the lock of its bucket, though its task has ended and the
	 * caller knows that by the task. It has interrupts off, so it is an RCU reader.
	 */
	call_rcu(&set->rcu, set_free);
	return 0;
}
EXPORT_SYMBOL_GPL(wpool_set_destroy);
