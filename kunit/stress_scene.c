// SPDX-License-Identifier: GPL-2.0
/*
 * Stress: how tasks die, what they say before, and what is owed after.
 */
#include <linux/bug.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "stress_scene.h"

/* --- ways to die --------------------------------------------------------------------- */

static void end_thread(void)
{
	kthread_complete_and_exit(NULL, 0);
}

#ifndef CONFIG_UML	/* which does not survive a fault of its own */

/* What the kernel says of a death, by architecture. */
#ifdef CONFIG_ARM64
#define SAYS_NULL	"kernel NULL pointer dereference", "Internal error: Oops: "
#define SAYS_BUG	"kernel BUG at", "Internal error: Oops - BUG"
#define SAYS_NONSENSE	"Unable to handle kernel paging request", "Internal error: Oops: "
#elif defined(CONFIG_S390)
#define SAYS_NULL	"Unable to handle kernel pointer dereference", "Oops: 0004"
#define SAYS_BUG	"kernel BUG at"
#define SAYS_NONSENSE	"Unable to handle kernel pointer dereference", "Oops: 0038"
#elif defined(CONFIG_RISCV)
#define SAYS_NULL	"Unable to handle kernel NULL pointer dereference", "Oops "
#define SAYS_NONSENSE	"Unable to handle kernel paging request", "Oops "
#else
#define SAYS_NULL	"BUG: kernel NULL pointer dereference", "Oops: 0002"
#define SAYS_BUG	"kernel BUG at", "invalid opcode: 0000"
#ifdef CONFIG_X86_32	/* half of that address is near NULL */
#define SAYS_NONSENSE	SAYS_NULL
#else
#define SAYS_NONSENSE	"general protection fault, probably for"
#endif
#endif

static int *nowhere;

static noinline __no_sanitize_address void write_nowhere(void)
{
	int *where = READ_ONCE(nowhere);

	WRITE_ONCE(*where, 0);
}

#ifdef SAYS_BUG	/* riscv takes it for one in an interrupt, and panics */
static void hit_bug(void)
{
	BUG();
}
#endif

/* Not an address, whichever way the kernel lays out its own. */
static noinline __no_sanitize_address void write_nonsense(void)
{
	WRITE_ONCE(*(int *)0xdead000000000100UL, 0);
}

static void write_nowhere_atomically(void)
{
	local_irq_disable();
	write_nowhere();
}

#endif

const struct way scene_ways[] = {
	{ "thread ended", end_thread },
#ifndef CONFIG_UML
	{ "NULL", write_nowhere, { SAYS_NULL } },
#ifdef SAYS_BUG
	{ "BUG()", hit_bug, { SAYS_BUG } },
#endif
	{ "bad address", write_nonsense, { SAYS_NONSENSE } },
	{ "NULL, interrupts off", write_nowhere_atomically, { SAYS_NULL } },
#endif
};

const unsigned int scene_nr_ways = ARRAY_SIZE(scene_ways);

/* --- a scene: a pool, its tasks, and what must come of them ---------------------------- */

void scene_die(struct scene *s, const void *fn)
{
	const char *pool = wpool_name(wpool_current() ?: s->pool);
	const char * const *expect;

	if (fn)
		pr_info("%s: pid %d dies in %ps\n", pool, current->pid, fn);
	else
		pr_info("%s: pid %d dies outside of a task\n", pool, current->pid);
	for (expect = s->way->expect; *expect; expect++)
		pr_info("expect: %s\n", *expect);
	s->way->die();
}

int scene_job(void *arg)
{
	struct job *job = arg;

	complete_all(&job->begun);
	if (job->gated)
		wait_for_completion(&job->s->gate);
	stress_ran();
	atomic_inc(&job->runs);
	if (job->dies)
		scene_die(job->s, scene_job);
	return SCENE_LIVED;
}

static void on_start(struct wpool *pool)
{
	struct scene *s = wpool_priv(pool);

	atomic_inc(&s->starts);
	if (atomic_dec_if_positive(&s->deaths_at_start) >= 0)
		scene_die(s, NULL);
}

static void on_stop(struct wpool *pool)
{
	struct scene *s = wpool_priv(pool);

	atomic_inc(&s->stops);
}

static void on_oops(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	struct job *job = arg;

	atomic_inc(&job->oopses);
}

static void on_end(struct wpool *pool)
{
	struct scene *s = wpool_priv(pool);

	atomic_inc(&s->ends);
}

static const struct wpool_ops ops = {
	.worker_start	= on_start,
	.worker_stop	= on_stop,
	.task_oops	= on_oops,
	.terminated	= on_end,
};

/* How often this module is pinned, if the kernel counts it. */
int scene_pins(void)
{
#ifdef CONFIG_MODULE_UNLOAD
	return module_refcount(THIS_MODULE);
#else
	return 0;
#endif
}

bool scene_begin(struct scene *s, const struct situation *situation,
			const struct way *way)
{
	struct wpool_attrs attrs = situation->attrs;

	*s = (struct scene) { .way = way, .shared = situation->shared };
	init_completion(&s->gate);
	atomic_set(&s->deaths_at_start, situation->deaths_at_start);
	s->deaths = situation->deaths_at_start;
	s->pins = scene_pins();
	s->jobs = kcalloc(SCENE_MOST_JOBS, sizeof(*s->jobs), GFP_KERNEL);
	if (!s->jobs)
		return false;
	attrs.ops = &ops;
	attrs.priv = s;
	s->pool = s->shared ? wpool_default() : wpool_create("deaths", &attrs);
	if (IS_ERR(s->pool)) {
		kfree(s->jobs);
		return false;
	}
	wpool_get(s->pool);
	if (s->shared)
		wpool_stats(s->pool, &s->base);
	return true;
}

struct job *scene_job_new(struct scene *s, wpool_fn_t fn)
{
	struct job *job = &s->jobs[s->nr_jobs++];

	*job = (struct job) { .s = s, .wanted = SCENE_LIVED, .wanted_runs = 1 };
	init_completion(&job->begun);
	wpool_task_init(&job->task, fn, job);
	return job;
}

struct job *scene_victim_new(struct scene *s)
{
	struct job *job = scene_job_new(s, scene_job);

	job->dies = true;
	job->wanted = -EOWNERDEAD;
	return job;
}

void scene_submit(struct scene *s, struct job *job)
{
	stress_equal("wpool_schedule_timeout()",
		     wpool_schedule_timeout(s->pool, &job->task, STRESS_LIMIT), 0);
}

static void begins(struct job *job)
{
	stress_check(wait_for_completion_timeout(&job->begun, STRESS_LIMIT),
		     "a task does not begin");
}

/* So many tasks that have begun, and die when the gate is opened. */
struct job *scene_victims(struct scene *s, unsigned int n)
{
	struct job *first = &s->jobs[s->nr_jobs], *job;

	while (n--) {
		job = scene_victim_new(s);
		job->gated = true;
		scene_submit(s, job);
		begins(job);
	}
	return first;
}

/* So many tasks that live. */
struct job *scene_behind(struct scene *s, unsigned int n)
{
	struct job *first = &s->jobs[s->nr_jobs];

	while (n--)
		scene_submit(s, scene_job_new(s, scene_job));
	return first;
}

void scene_told(struct job *job)
{
	int result = 0;

	if (job->unknown)
		return;
	stress_equal("wpool_wait_timeout()",
		     wpool_wait_timeout(&job->task, STRESS_LIMIT, &result), 0);
	stress_equal("the result", result, job->wanted);
}

void scene_all_told(struct scene *s)
{
	unsigned int i;

	for (i = 0; i < s->nr_jobs; i++)
		scene_told(&s->jobs[i]);
}

void scene_open_gate(struct scene *s)
{
	complete_all(&s->gate);
}

/* All slots are back: as many as may can run at once. */
static void all_meet(struct scene *s)
{
	unsigned int first = s->nr_jobs, i;

	reinit_completion(&s->gate);
	for (i = 0; i < stress_stat(s->pool, WPOOL_STAT_CAPACITY); i++) {
		struct job *job = scene_job_new(s, scene_job);

		job->gated = true;
		scene_submit(s, job);
	}
	for (i = first; i < s->nr_jobs; i++)
		begins(&s->jobs[i]);
	scene_open_gate(s);
	for (i = first; i < s->nr_jobs; i++)
		scene_told(&s->jobs[i]);
}

/* --- what is owed ---------------------------------------------------------------------- */

static u64 counted(struct scene *s, enum wpool_stat which)
{
	return stress_stat(s->pool, which) - s->base.count[which];
}

/* The tasks, one by one, and what they add up to. */
static void check_jobs(struct scene *s)
{
	unsigned int killed = 0, cancelled = 0, ran = 0, deaths = s->deaths, i;

	for (i = 0; i < s->nr_jobs; i++) {
		struct job *job = &s->jobs[i];
		unsigned int oopses = job->wanted == -EOWNERDEAD ? job->wanted_runs : 0;

		stress_equal("runs of a task", atomic_read(&job->runs), job->wanted_runs);
		if (!s->shared)
			stress_equal("calls of task_oops", atomic_read(&job->oopses), oopses);
		killed += oopses;
		deaths += job->dies ? oopses : 0;
		ran += job->wanted_runs - oopses;
		cancelled += job->wanted == -ECANCELED;
	}
	stress_equal("oopsed", counted(s, WPOOL_STAT_OOPSED), killed);
	stress_equal("died", counted(s, WPOOL_STAT_DIED), deaths);
	stress_equal("completed", counted(s, WPOOL_STAT_COMPLETED), ran);
	stress_equal("cancelled", counted(s, WPOOL_STAT_CANCELLED), cancelled);
	stress_equal("submitted", counted(s, WPOOL_STAT_SUBMITTED), killed + ran + cancelled);
	stress_until(scene_pins() == s->pins);
}

static void check_end(struct scene *s)
{
	struct wpool_stats stats;
	int i;

	wpool_stats(s->pool, &stats);
	stress_equal("the state", stats.state, WPOOL_STATE_TERMINATED);
	for (i = WPOOL_STAT_WORKERS; i <= WPOOL_STAT_BLOCKED; i++)
		stress_check(!stats.count[i], "at its end counter %d is %llu", i, stats.count[i]);
	stress_equal("calls of worker_stop", atomic_read(&s->stops), atomic_read(&s->starts));
	stress_equal("calls of terminated", atomic_read(&s->ends), 1);
}

int scene_call_destroy(struct stress_call *call)
{
	return wpool_destroy(call->pool);
}

void scene_end(struct scene *s)
{
	struct stress_call call = { .fn = scene_call_destroy, .pool = s->pool };
	struct wpool_stats stats;

	wpool_stats(s->pool, &stats);
	if (stats.state == WPOOL_STATE_RUNNING && !s->shared)
		all_meet(s);
	if (!s->shared && !s->destroyed && stress_call(&call))
		stress_equal("wpool_destroy()", stress_call_end(&call, STRESS_LIMIT), 0);
	check_jobs(s);
	if (!s->shared)
		check_end(s);
	wpool_put(s->pool);
	kfree(s->jobs);
}

