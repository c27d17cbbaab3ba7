// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: parameters, the master, progress and verdict.
 *
 * Loading the module begins a run; its parameter `verdict` says "running", then
 * "passed" or "failed", and the log says why. After a hang it cannot be unloaded.
 */
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/stdarg.h>
#include "torture_arena.h"

static unsigned int seconds = 60;
module_param(seconds, uint, 0444);
MODULE_PARM_DESC(seconds, "How long to run (default 60)");

static unsigned int seed;
module_param(seed, uint, 0444);
MODULE_PARM_DESC(seed, "Of the choices made; 0 for one that is printed (default 0)");

unsigned int tort_threads = 12;
module_param_named(threads, tort_threads, uint, 0444);
MODULE_PARM_DESC(threads, "How many consumers, 1 to 64 (default 12)");

module_param_named(stall, tort_stall, uint, 0444);
MODULE_PARM_DESC(stall, "Seconds without progress that are a hang (default 30)");

bool tort_kill = true;
module_param_named(kill, tort_kill, bool, 0444);
MODULE_PARM_DESC(kill, "Whether tasks may end their thread (default 1)");

bool tort_kill_hard;
module_param_named(kill_hard, tort_kill_hard, bool, 0444);
MODULE_PARM_DESC(kill_hard, "Whether they do so by dereferencing NULL (default 0)");

bool tort_fail_alloc;
module_param_named(fail_alloc, tort_fail_alloc, bool, 0444);
MODULE_PARM_DESC(fail_alloc, "Whether the consumers' allocations are marked to fail (default 0)");

static bool patch;
module_param(patch, bool, 0444);
MODULE_PARM_DESC(patch, "Whether the kernel's text is patched all the time, which emulators get wrong (default 0)");

static char *verdict = "running";
module_param(verdict, charp, 0444);
MODULE_PARM_DESC(verdict, "To be read only");

static unsigned long began;
static char last_progress[120];
static char *progress = last_progress;
module_param(progress, charp, 0444);
MODULE_PARM_DESC(progress, "To be read only");

#define MOST_FAULTS	20	/* that are printed */

atomic_t tort_live;
static atomic_t faults;
static bool stopping, hung, bursting, freezing_all;

static struct tort_thread master;
static struct task_struct *watchdog;
static struct wpool *keeper;

bool tort_stopping(void)
{
	return READ_ONCE(stopping);
}

/* Are tasks to wait for no others? They would keep us, or the freezer, from the end. */
bool tort_tame(void)
{
	return tort_stopping() || READ_ONCE(freezing_all);
}

/* Now and then tasks do nothing at all, and many are submitted. */
bool tort_bursting(void)
{
	return READ_ONCE(bursting);
}

void tort_fault(const char *fmt, ...)
{
	struct va_format vaf;
	va_list args;

	WRITE_ONCE(stopping, true);
	if (atomic_inc_return(&faults) > MOST_FAULTS)
		return;
	va_start(args, fmt);
	vaf.fmt = fmt;
	vaf.va = &args;
	pr_err("FAULT: %pV\n", &vaf);
	va_end(args);
}

/* The watched threads in turn: consumers, master, those of the arenas; NULL ends. */
struct tort_thread *tort_thread(unsigned int i)
{
	if (i < tort_threads)
		return tort_consumer(i);
	return i == tort_threads ? &master : tort_arena_thread(i - tort_threads - 1);
}

static void set_verdict(const char *why)
{
	bool passed = !why && !atomic_read(&faults);

	tort_print_counts();
	tort_print_pairs();
	pr_info("verdict: %s%s%s, seed %u, %u seconds, %u threads, %d faults\n",
		passed ? "passed" : "failed", why ? ": " : "", why ?: "", seed, seconds,
		tort_threads, atomic_read(&faults));
	kernel_param_lock(THIS_MODULE);
	verdict = passed ? "passed" : "failed";
	kernel_param_unlock(THIS_MODULE);
}

/* A thread that hangs has our code on its stack. */
void tort_hang(struct tort_thread *thread)
{
	WRITE_ONCE(hung, true);
	__module_get(THIS_MODULE);
	tort_fault("thread %d hangs in: %s", thread->id, thread->op);
	set_verdict("a hang");
}

/* --- the master: rest, trouble, progress ------------------------------------------------- */

static void say(const char *op)
{
	WRITE_ONCE(master.since, jiffies);
	WRITE_ONCE(master.op, op);
}

static u64 accepted_in_all;

static void add_accepted(struct tort_pool *tp)
{
	accepted_in_all += atomic64_read(&tp->accepted);
}

static void drain_pool(struct tort_pool *tp)
{
	unsigned int i;

	for (i = 0; i < tp->n; i++)
		wpool_drain(tp->pools[i]);
}

/* Tasks submit tasks to other pools: until none has come while we drained. */
static void drain_all(void)
{
	u64 before;

	do {
		accepted_in_all = 0;
		tort_pool_for_each(add_accepted);
		before = accepted_in_all;
		tort_pool_for_each(drain_pool);
		accepted_in_all = 0;
		tort_pool_for_each(add_accepted);
	} while (accepted_in_all != before);
}

/* All come to rest, and the accounts of all pools must balance. */
static void rest(void)
{
	say("waiting for the consumers to rest");
	tort_gate_close();
	say("draining the pools");
	drain_all();
	tort_pool_for_each(tort_pool_check_rest);
	tort_count(TORT_REST);
}

static void open_gate(void)
{
	tort_gate_open();
	say(NULL);
}

/* Once a second, whatever the master is at. */
void tort_say_progress(void)
{
	u64 ops = 0;
	unsigned int i;

	for (i = 0; i < tort_threads; i++)
		ops += READ_ONCE(tort_consumer(i)->ops);
	kernel_param_lock(THIS_MODULE);
	scnprintf(last_progress, sizeof(last_progress),
		  "%lu s: %llu calls, %d tasks held, %lld deaths, %lld pools made, %lld gone",
		  (jiffies - began) / HZ, ops, atomic_read(&tort_live),
		  atomic64_read(&tort_counts[TORT_DEATH]),
		  atomic64_read(&tort_counts[TORT_CREATE]) +
		  atomic64_read(&tort_counts[TORT_CREATE_SET]),
		  atomic64_read(&tort_counts[TORT_DESTROY]));
	pr_info("%s\n", last_progress);
	kernel_param_unlock(THIS_MODULE);
}

static void stutter(unsigned int round)
{
	rest();
	/* Long enough for idle workers to go, at times. */
	schedule_timeout_idle(round % 8 == 3 ? HZ / 5 : 1);
	open_gate();
}

/* With everybody at work, but on tasks that end by themselves. */
static void freeze(void)
{
	rest();
	WRITE_ONCE(freezing_all, true);
	open_gate();
	say("freezing");
	tort_freeze(&master.ctx);
	say(NULL);
	WRITE_ONCE(freezing_all, false);
}

static void burst(bool on)
{
	WRITE_ONCE(bursting, on);
	if (on)
		tort_count(TORT_BURST);
}

static void make_trouble(unsigned int round)
{
	burst(round % 7 == 3);
	tort_fail_spawn(round % 5 == 2);
	if (round % 4 == 1) {
		say("CPU hotplug");
		tort_hotplug(&master.ctx);
		say(NULL);
	}
	if (round % 4 == 3)
		stutter(round);
	if (round % 12 == 6 && tort_has_freezer())
		freeze();
}

static void run(void)
{
	unsigned long end = jiffies + seconds * HZ;
	unsigned int round;

	for (round = 1; time_before(jiffies, end) && !tort_stopping(); round++) {
		schedule_timeout_idle(HZ);
		make_trouble(round);
	}
}

/* --- the end ---------------------------------------------------------------------------- */

static void stop_consumers(void)
{
	unsigned int i;

	WRITE_ONCE(stopping, true);
	rest();
	open_gate();
	say("ending the consumers");
	for (i = 0; i < tort_threads; i++) {
		kthread_stop(tort_consumer(i)->task);
		put_task_struct(tort_consumer(i)->task);
	}
}

static void end_pools(void)
{
	struct tort_pool *tp;
	unsigned int i;

	say("destroying the pools");
	for (i = 0; i <= TORT_POOLS; i++) {
		tp = tort_pool_swap(i, NULL);
		if (tp)
			tort_pool_destroy(tp);
	}
	wpool_destroy(keeper);
	say("ending the arenas and the reaper");
	tort_arenas_stop();
	tort_reaper_stop();
	tort_check(!atomic_read(&tort_live), "%d tasks left", atomic_read(&tort_live));
}

static int master_main(void *unused)
{
	run();
	tort_fail_spawn(false);
	stop_consumers();
	end_pools();
	say(NULL);
	kthread_stop(watchdog);
	if (!READ_ONCE(hung)) {
		if (!atomic_read(&faults))
			tort_check_exercised();
		set_verdict(NULL);
	}
	while (!kthread_should_stop())
		schedule_timeout_idle(HZ);
	return 0;
}

/* --- loading and unloading ---------------------------------------------------------------- */

int tort_make_thread(struct tort_thread *thread, int id, int (*fn)(void *),
		     const char *name)
{
	struct task_struct *task;

	thread->id = id;
	thread->ctx.rnd = seed + id * 0x9e3779b97f4a7c15ULL;
	thread->since = jiffies;
	tort_thread_setup(thread);
	task = kthread_create(fn, thread, "%s/%d", name, id);
	if (IS_ERR(task))
		return PTR_ERR(task);
	thread->task = get_task_struct(task);
	return 0;
}

/* Nobody runs before all are there, so a failure is easily taken back. */
static int __init make_threads(void)
{
	unsigned int i;
	int ret;

	for (i = 0; i <= tort_threads; i++) {
		if (i < tort_threads)
			ret = tort_make_thread(tort_consumer(i), i, tort_consume, "torture");
		else
			ret = tort_make_thread(&master, i, master_main, "torture-master");
		if (ret)
			goto stop;
	}
	for (i = 0; i <= tort_threads; i++)
		wake_up_process(tort_thread(i)->task);
	return 0;
stop:
	while (i--) {
		kthread_stop(tort_thread(i)->task);
		put_task_struct(tort_thread(i)->task);
	}
	return ret;
}

static int __init start_watchdog(void)
{
	watchdog = kthread_create(tort_watchdog, NULL, "torture-watchdog");
	if (IS_ERR(watchdog))
		return PTR_ERR(watchdog);
	get_task_struct(watchdog);
	wake_up_process(watchdog);
	return 0;
}

/* While a pool with WPOOL_LATENCY is there, others change no static key. */
static int __init keep_patched(void)
{
	struct wpool_attrs attrs = { .capacity = 1, .flags = WPOOL_LATENCY };

	if (!patch)
		keeper = wpool_create("torture-keeper", &attrs);
	return PTR_ERR_OR_ZERO(keeper);
}

static int __init torture_init(void)
{
	int ret;

	tort_threads = clamp(tort_threads, 1U, TORT_MAX_THREADS);
	seed = seed ?: get_random_u32();
	began = jiffies;
	pr_info("seed %u, %u seconds, %u threads\n", seed, seconds, tort_threads);
	ret = tort_pairs_init();
	if (ret)
		return ret;
	if (!tort_pool_wrap_default())
		return -ENOMEM;
	ret = keep_patched();
	if (ret)
		goto free_default;
	ret = tort_reaper_start();
	if (ret)
		goto destroy_keeper;
	tort_fail_spawn(false);
	ret = tort_freezer_start();
	if (ret)
		goto stop_reaper;
	ret = start_watchdog();
	if (ret)
		goto stop_freezer;
	ret = tort_arenas_start();
	if (ret)
		goto stop_watchdog;
	ret = make_threads();
	if (ret)
		goto stop_arenas;
	return 0;

stop_arenas:
	tort_arenas_stop();
stop_watchdog:
	kthread_stop(watchdog);
	put_task_struct(watchdog);
stop_freezer:
	tort_freezer_stop();
stop_reaper:
	tort_reaper_stop();
destroy_keeper:
	wpool_destroy(keeper);
free_default:
	tort_pool_destroy(tort_pool_swap(TORT_POOLS, NULL));
	return ret;
}

static void __exit torture_exit(void)
{
	WRITE_ONCE(stopping, true);
	kthread_stop(master.task);
	put_task_struct(master.task);
	put_task_struct(watchdog);
	tort_freezer_stop();
}

module_init(torture_init);
module_exit(torture_exit);

MODULE_DESCRIPTION("Random use of wpool, with an oracle");
MODULE_LICENSE("GPL");
