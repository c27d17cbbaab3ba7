// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_stress: parameters, cases, verdicts, threads.
 *
 * Loading the module is a run, and fails if one of its cases did. Each says in the
 * log "ok - NAME" or "not ok - NAME # WHY", and every few seconds how far it is.
 * Before a complaint of the kernel that a case provokes, it says which line is to
 * come: "expect: REGEX".
 */
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <linux/stdarg.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include "stress.h"

static char *run = "";
module_param(run, charp, 0444);
MODULE_PARM_DESC(run, "What to do: deaths (oopses), load, pools, memory (out of it), irq, hold (until go=1), leave (fail to load)");

unsigned int stress_tasks = 10000000;
module_param_named(tasks, stress_tasks, uint, 0444);
MODULE_PARM_DESC(tasks, "load: how many tasks the producers submit (default 10000000)");

unsigned int stress_producers = 64;
module_param_named(producers, stress_producers, uint, 0444);
MODULE_PARM_DESC(producers, "load: how many threads submit (default 64)");

unsigned int stress_workers = 1000;
module_param_named(workers, stress_workers, uint, 0444);
MODULE_PARM_DESC(workers, "load: workers of the large pool (default 1000)");

unsigned int stress_queue = 10000;
module_param_named(queue, stress_queue, uint, 0444);
MODULE_PARM_DESC(queue, "load: its queue depth (default 10000)");

unsigned int stress_queued = 1000000;
module_param_named(queued, stress_queued, uint, 0444);
MODULE_PARM_DESC(queued, "load: how many tasks wait at once (default 1000000)");

unsigned int stress_npools = 10000;
module_param_named(pools, stress_npools, uint, 0444);
MODULE_PARM_DESC(pools, "pools: how many are made and destroyed (default 10000)");

unsigned int stress_row = 1000;
module_param_named(row, stress_row, uint, 0444);
MODULE_PARM_DESC(row, "deaths: how many in a row end their thread (default 1000)");

unsigned int stress_hard_row = 20;
module_param_named(hard_row, stress_hard_row, uint, 0444);
MODULE_PARM_DESC(hard_row, "deaths: how many oopses in a row, of all kinds together (default 20)");

static const struct {
	const char			*name;
	const struct stress_case	*cases;
} runs[] = {
	{ "deaths",	stress_deaths },
	{ "load",	stress_load },
	{ "pools",	stress_pools },
	{ "memory",	stress_memory },
	{ "irq",	stress_irq },
};

static DEFINE_SPINLOCK(why_lock);
static char why[160];
const char *stress_trying;

void stress_fail(const char *fmt, ...)
{
	struct va_format vaf = { .fmt = fmt };
	va_list args;

	va_start(args, fmt);
	vaf.va = &args;
	spin_lock(&why_lock);
	if (!why[0])
		scnprintf(why, sizeof(why), "%s%s%pV", stress_trying ?: "",
			  stress_trying ? ": " : "", &vaf);
	spin_unlock(&why_lock);
	va_end(args);
}

u64 stress_stat(struct wpool *pool, enum wpool_stat which)
{
	struct wpool_stats stats;

	wpool_stats(pool, &stats);
	return stats.count[which];
}

/* --- threads ----------------------------------------------------------------------- */

static int call_main(void *data)
{
	struct stress_call *call = data;

	call->ret = call->fn(call);
	kthread_complete_and_exit(&call->done, 0);
}

/* False if there is no thread for it. */
bool stress_call(struct stress_call *call)
{
	init_completion(&call->done);
	call->thread = kthread_create(call_main, call, "stress/%u", call->nr);
	if (IS_ERR(call->thread)) {
		stress_fail("no thread: %pe", call->thread);
		return false;
	}
	get_task_struct(call->thread);
	wake_up_process(call->thread);
	return true;
}

/* Until it is asleep in its call, which is not where its thread began. */
void stress_call_sleeps(struct stress_call *call)
{
	stress_until(READ_ONCE(call->thread->__state) &
		     (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE));
}

int stress_call_end(struct stress_call *call, unsigned long limit)
{
	if (!wait_for_completion_timeout(&call->done, limit)) {
		pr_err("HANG: %ps does not return\n", call->fn);
		sched_show_task(call->thread);
		wait_for_completion(&call->done);
	}
	put_task_struct(call->thread);
	return call->ret;
}

/* --- how far it is ------------------------------------------------------------------- */

#define SAY_EVERY	(3 * HZ)

DEFINE_PER_CPU(unsigned long, stress_runs);

static unsigned long began, runs_before;	/* of this case */

static unsigned long runs_so_far(void)
{
	unsigned long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu(stress_runs, cpu));
	return sum;
}

static void say_how_far(const char *what)
{
	pr_info("%s %u ms, %lu tasks run\n", what, jiffies_to_msecs(jiffies - began),
		runs_so_far() - runs_before);
}

static void go_on_saying(struct work_struct *work)
{
	say_how_far("so far");
	schedule_delayed_work(to_delayed_work(work), SAY_EVERY);
}

static DECLARE_DELAYED_WORK(saying, go_on_saying);

/* --- cases -------------------------------------------------------------------------- */

static bool run_case(const struct stress_case *each)
{
	began = jiffies;
	runs_before = runs_so_far();
	why[0] = 0;
	stress_trying = NULL;
	pr_info("begins: %s\n", each->name);
	schedule_delayed_work(&saying, SAY_EVERY);
	each->run(each->arg);
	cancel_delayed_work_sync(&saying);
	say_how_far("took");
	if (why[0])
		pr_err("not ok - %s # %s\n", each->name, why);
	else
		pr_info("ok - %s\n", each->name);
	return !why[0];
}

static int __init stress_init(void)
{
	const struct stress_case *each;
	unsigned int n = 0;
	int i, ret = 0;

	stress_producers = max(stress_producers, 1U);
	if (!strcmp(run, "hold"))
		return stress_hold();
	if (!strcmp(run, "leave"))
		return stress_leave();
	if (!strcmp(run, "forget"))
		return stress_forget();
	for (i = 0; i < ARRAY_SIZE(runs) && strcmp(run, runs[i].name); i++)
		;
	if (i == ARRAY_SIZE(runs)) {
		pr_err("run=%s: not one of deaths, load, pools, memory, irq, hold, leave, forget\n",
		       run);
		return -EINVAL;
	}
	for (each = runs[i].cases; each->name; each++, n++) {
		if (!run_case(each))
			ret = -EIO;
	}
	pr_info("%u cases in all\n", n);
	return ret;
}

static void __exit stress_exit(void)
{
	stress_hold_end();
}

module_init(stress_init);
module_exit(stress_exit);

MODULE_DESCRIPTION("What takes a machine down, or should: never load it into one of yours");
MODULE_LICENSE("GPL");
