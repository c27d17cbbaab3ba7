// SPDX-License-Identifier: GPL-2.0
/*
 * Stress: calls from hard interrupts that hit a CPU in the middle of an allocation.
 * On PREEMPT_RT the allocator's locks sleep, so such a call must not allocate or free:
 * it would wait for the very thread that it interrupts.
 */
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/smp.h>
#include "stress.h"

#define HITS	20000	/* interrupts; one in some ten finds an allocation under way */
#define POOLS	200

struct irq_scene {
	struct wpool	*shut;		/* refuses all, so that tasks come and go */
	struct wpool	*stocked;	/* likewise, and has tasks to spare */
	struct wpool	*last;		/* its last reference is dropped */
	struct wpool_release_task *tracked;
	unsigned int	cpu;		/* that is hit */
	int		wrong;		/* what was returned and should not have been */
	unsigned int	without;	/* memory */
	bool		enough;
};

static int never(void *unused)
{
	stress_fail("a task that was refused runs");
	return 0;
}

/* Allocates and frees one task after the other, on the CPU that is hit. */
static int allocate(struct stress_call *call)
{
	struct irq_scene *s = call->arg;
	int ret = set_cpus_allowed_ptr(current, cpumask_of(s->cpu));

	while (!ret && !READ_ONCE(s->enough)) {
		ret = wpool_schedule_fn(s->shut, never, NULL, NULL);
		ret = ret == -ESHUTDOWN ? 0 : ret ?: -EPROTO;
		cond_resched();
	}
	return ret;
}

static void no_release(void *unused, enum wpool_fate fate)
{
	stress_fail("a task that was refused is released");
}

/* By a call that needs memory of its own each time. */
static void expect_refused(struct irq_scene *s, int ret)
{
	if (ret != (IS_ENABLED(CONFIG_PREEMPT_RT) ? -ENOMEM : -ESHUTDOWN))
		s->wrong = ret ?: -EPROTO;
}

static void try_schedule(void *arg)
{
	struct irq_scene *s = arg;
	int ret = wpool_try_schedule_fn(s->shut, never, NULL, NULL);

	if (ret == -ENOMEM && IS_ENABLED(CONFIG_PREEMPT_RT))
		s->without++;
	else if (ret != -ESHUTDOWN)
		s->wrong = ret ?: -EPROTO;
	expect_refused(s,
		       wpool_try_schedule_fn(s->shut, never, NULL, no_release));
	/* What it takes of these is given back. */
	ret = wpool_try_schedule_fn(s->stocked, never, NULL, NULL);
	if (ret != -ESHUTDOWN)
		s->wrong = ret ?: -EPROTO;
}

static void put_last(void *arg)
{
	struct irq_scene *s = arg;

	wpool_put(s->last);
}

static int ran(void *unused)
{
	stress_ran();
	return 0;
}

/* A pool that has tasks of its own to free, and somebody who keeps it beyond its end. */
static struct wpool *kept_pool(void)
{
	struct wpool *pool = wpool_create("irq-last", NULL);
	int i;

	if (!stress_check(!IS_ERR(pool), "no pool: %pe", pool))
		return NULL;
	for (i = 0; i < 16; i++)
		stress_equal("wpool_schedule_fn()",
			     wpool_schedule_fn(pool, ran, NULL, NULL), 0);
	wpool_get(pool);
	stress_equal("wpool_destroy()", wpool_destroy(pool), 0);
	return pool;
}

static void hit_often(struct irq_scene *s)
{
	unsigned int i;

	s->stocked = kept_pool();
	if (!s->stocked)
		return;
	for (i = 0; i < HITS; i++) {
		smp_call_function_single(s->cpu, try_schedule, s, true);
		cond_resched();
	}
	stress_equal("wpool_try_schedule_fn()", s->wrong, 0);
	wpool_put(s->stocked);
	pr_info("%u calls from hard interrupts, %u of them without memory\n", 5 * HITS, s->without);
}

static void hit_last(struct irq_scene *s)
{
	unsigned int i;

	for (i = 0; i < POOLS; i++) {
		s->last = kept_pool();
		if (!s->last)
			return;
		smp_call_function_single(s->cpu, put_last, s, true);
	}
}

static void beside_allocations(struct irq_scene *s, void (*hit)(struct irq_scene *s))
{
	struct stress_call call = { .fn = allocate, .arg = s };

	if (!stress_call(&call))
		return;
	hit(s);
	WRITE_ONCE(s->enough, true);
	stress_equal("wpool_schedule_fn() beside", stress_call_end(&call, STRESS_LIMIT), 0);
}

static void hit_allocations(void (*hit)(struct irq_scene *s))
{
	static struct wpool_release_task tracked;
	struct irq_scene s = { .cpu = cpumask_first(cpu_online_mask), .tracked = &tracked };

	wpool_release_task_init(&tracked, never, NULL);
	s.shut = wpool_create("irq-shut", NULL);
	if (!stress_check(!IS_ERR(s.shut), "no pool: %pe", s.shut))
		return;
	wpool_shutdown(s.shut);
	beside_allocations(&s, hit);
	stress_equal("wpool_destroy()", wpool_destroy(s.shut), 0);
}

static void submissions(const void *unused)
{
	hit_allocations(hit_often);
}

static void last_references(const void *unused)
{
	hit_allocations(hit_last);
}

const struct stress_case stress_irq[] = {
	{ "27: submissions from hard interrupts that hit an allocation", submissions },
	{ "the last references, dropped in such", last_references },
	{}
};
