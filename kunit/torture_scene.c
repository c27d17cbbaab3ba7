// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: what must happen in one order, on a pool that nobody else uses, while
 * the others keep the machine busy.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include "torture.h"

#define MOST	24

struct scene {
	struct tort_pool	*tp;
	struct completion	gate;
	atomic_t		begun;
	unsigned int		meet;	/* as many open the gate */
	unsigned int		n;
	struct tort_task	*tts[MOST];
	int			turn[MOST];
};

static unsigned int index_of(const struct scene *scene, const struct tort_task *tt)
{
	unsigned int i = 0;

	while (scene->tts[i] != tt)
		i++;
	return i;
}

static void take_turn(struct tort_task *tt)
{
	struct scene *scene = tt->scene_arg;

	scene->turn[index_of(scene, tt)] = atomic_inc_return(&scene->begun);
}

static void hold(struct tort_task *tt)
{
	struct scene *scene = tt->scene_arg;

	take_turn(tt);
	wait_for_completion(&scene->gate);
}

static void meet(struct tort_task *tt)
{
	struct scene *scene = tt->scene_arg;

	take_turn(tt);
	if (atomic_read(&scene->begun) == scene->meet)
		complete_all(&scene->gate);
	wait_for_completion(&scene->gate);
}

static struct scene *scene_begin(struct tort_ctx *ctx, const struct wpool_attrs *attrs)
{
	struct scene *scene = kzalloc(sizeof(*scene), GFP_KERNEL);

	if (!scene)
		return NULL;
	init_completion(&scene->gate);
	scene->tp = tort_pool_create(ctx, attrs);
	if (scene->tp)
		return scene;
	kfree(scene);
	return NULL;
}

/* One more task. NULL, and it is not there, if memory is short or it is refused. */
static struct tort_task *scene_add(struct tort_ctx *ctx, struct scene *scene,
				   void (*deed)(struct tort_task *tt), int prio)
{
	struct tort_task *tt = tort_task_new(ctx, scene->tp, TORT_TASK_PLAIN, GFP_KERNEL);

	if (!tt)
		return NULL;
	tt->resubmits = 0;
	tt->may_die = false;
	tt->scene = deed;
	tt->scene_arg = scene;
	wpool_task_set_priority(&tt->task, prio);
	scene->tts[scene->n++] = tt;
	if (!tort_submit(ctx, tt, TORT_TRY_SCHEDULE))
		return tt;
	scene->n--;
	tort_task_put(tt);
	return NULL;
}

/* The pool goes before its tasks, so that these have ended. */
static void scene_end(struct scene *scene)
{
	unsigned int i;

	complete_all(&scene->gate);
	tort_pool_destroy(scene->tp);
	for (i = 0; i < scene->n; i++)
		tort_task_put(scene->tts[i]);
	kfree(scene);
}

static void wait_begun(struct scene *scene, int n)
{
	while (atomic_read(&scene->begun) < n)
		schedule_timeout_idle(1);
}

/* 64: one task that lasts holds back no other. */
static void scene_conserve(struct tort_ctx *ctx)
{
	struct wpool_attrs attrs = {
		.capacity = 2,
		.spin_us = tort_pick(ctx, 2) * 50,
		.idle_timeout_ms = 1 + tort_pick(ctx, 5),
	};
	struct scene *scene = scene_begin(ctx, &attrs);
	unsigned int i;
	int result;

	if (!scene)
		return;
	scene_add(ctx, scene, hold, WPOOL_PRIO_NORMAL);
	while (scene->n && scene->n < MOST &&
	       scene_add(ctx, scene, take_turn, WPOOL_PRIO_NORMAL))
		;
	for (i = 1; i < scene->n; i++)
		tort_wait(ctx, scene->tts[i], &result);
	tort_count(TORT_SCENE_CONSERVE);
	scene_end(scene);
}

static void begin_in_order(struct tort_task *tt)
{
	struct scene *scene = tt->scene_arg;
	unsigned int i, own = index_of(scene, tt);

	for (i = 0; i < own; i++)
		tort_check(!wpool_task_queued(&scene->tts[i]->task),
			   "%s: task %u begins, and task %u waits", scene->tp->name, own, i);
	take_turn(tt);
	if (tt->rnd & BIT_ULL(40))
		schedule_timeout_idle(1);
}

/* 71: when a task begins, none waits that was submitted before it. */
static void scene_start_order(struct tort_ctx *ctx)
{
	struct wpool_attrs attrs = {
		.capacity = 2 + tort_pick(ctx, 3),
		.flags = tort_one_in(ctx, 2) ? WPOOL_PREALLOC : 0,
		.spin_us = tort_pick(ctx, 2) * 50,
	};
	struct scene *scene = scene_begin(ctx, &attrs);

	if (!scene)
		return;
	/* On a fresh pool, and on one whose workers are there. */
	while (scene->n < MOST / 2 &&
	       scene_add(ctx, scene, begin_in_order, WPOOL_PRIO_NORMAL))
		;
	if (tort_one_in(ctx, 2))
		wait_begun(scene, scene->n);
	while (scene->n < MOST && scene_add(ctx, scene, begin_in_order, WPOOL_PRIO_NORMAL))
		;
	wpool_flush(scene->tp->pools[0]);
	tort_count(TORT_SCENE_START_ORDER);
	scene_end(scene);
}

/* 54: wpool_shutdown_now() hands back exactly what waits, in order. */
static void scene_handback(struct tort_ctx *ctx)
{
	struct wpool_attrs attrs = { .capacity = 1 + tort_pick(ctx, 2) };
	struct scene *scene = scene_begin(ctx, &attrs);
	struct wpool_task *task;
	unsigned int i, count, held;
	LIST_HEAD(unrun);

	if (!scene)
		return;
	for (i = 0; i < attrs.capacity; i++)
		scene_add(ctx, scene, hold, WPOOL_PRIO_NORMAL);
	held = scene->n;
	wait_begun(scene, held);
	/* With a worker less, for want of memory, the next would not wait. */
	while (held == attrs.capacity && scene->n < MOST / 2 &&
	       scene_add(ctx, scene, hold, WPOOL_PRIO_NORMAL))
		;
	scene->tp->closing = true;
	scene->tp->lossy = true;
	count = wpool_shutdown_now(scene->tp->pools[0], &unrun);
	tort_check(count == scene->n - held, "%s: %u handed back of %u",
		   scene->tp->name, count, scene->n - held);
	i = held;
	list_for_each_entry(task, &unrun, node)
		tort_check(i < scene->n && task == &scene->tts[i++]->task,
			   "%s: handed back in another order", scene->tp->name);
	tort_check(i == scene->n, "%s: %u listed of %u", scene->tp->name, i - held, count);
	tort_count(TORT_SCENE_HANDBACK);
	scene_end(scene);
}

/* 65: strict priority, first in first out within one. */
static void scene_priority(struct tort_ctx *ctx)
{
	struct wpool_attrs attrs = { .capacity = 1 };
	struct scene *scene = scene_begin(ctx, &attrs);
	unsigned int i, k;

	if (!scene)
		return;
	scene_add(ctx, scene, hold, WPOOL_PRIO_NORMAL);
	wait_begun(scene, scene->n);
	while (scene->n && scene->n < MOST &&
	       scene_add(ctx, scene, take_turn, tort_pick(ctx, WPOOL_NR_PRIOS)))
		;
	complete_all(&scene->gate);
	wpool_flush(scene->tp->pools[0]);
	for (i = 1; i < scene->n; i++) {
		for (k = i + 1; k < scene->n; k++) {
			bool first = scene->tts[i]->task.prio <= scene->tts[k]->task.prio;

			tort_check(first == (scene->turn[i] < scene->turn[k]),
				   "%s: task %u of priority %u and task %u of %u began in another order",
				   scene->tp->name, i, scene->tts[i]->task.prio, k,
				   scene->tts[k]->task.prio);
		}
	}
	tort_count(TORT_SCENE_PRIORITY);
	scene_end(scene);
}

/* 23: of a full queue the oldest is dropped, and no other. */
static void scene_discard(struct tort_ctx *ctx)
{
	struct wpool_attrs attrs = {
		.capacity = 1,
		.queue_depth = 3,
		.full = WPOOL_FULL_DISCARD_OLDEST,
	};
	struct scene *scene = scene_begin(ctx, &attrs);
	struct tort_task *tt;
	int result = 0;

	if (!scene)
		return;
	scene_add(ctx, scene, hold, WPOOL_PRIO_NORMAL);
	wait_begun(scene, scene->n);
	while (scene->n && scene->n < 4 &&
	       scene_add(ctx, scene, take_turn, WPOOL_PRIO_NORMAL))
		;
	tt = scene->n < 4 ? NULL : tort_task_new(ctx, scene->tp, TORT_TASK_PLAIN, GFP_KERNEL);
	if (tt) {
		tt->resubmits = 0;
		wpool_task_set_priority(&tt->task, WPOOL_PRIO_NORMAL);
		tort_submit(ctx, tt, TORT_SCHEDULE);
		tort_wait(ctx, scene->tts[1], &result);
		tort_check(result == -ECANCELED && wpool_task_queued(&scene->tts[2]->task) &&
			   wpool_task_queued(&tt->task), "%s: another than the oldest dropped",
			   scene->tp->name);
		complete_all(&scene->gate);
		tort_task_put(tt);
		tort_count(TORT_SCENE_DISCARD);
	}
	scene_end(scene);
}

/* 9: as many as the capacity run at once. */
static void scene_barrier(struct tort_ctx *ctx)
{
	struct wpool_attrs attrs = {
		.capacity = 2 + tort_pick(ctx, TORT_MAX_CAPACITY - 1),
		.queue_depth = WPOOL_QUEUE_HANDOFF,
	};
	struct scene *scene = scene_begin(ctx, &attrs);

	if (!scene)
		return;
	scene->meet = attrs.capacity;
	while (scene->n < attrs.capacity && scene_add(ctx, scene, meet, WPOOL_PRIO_NORMAL))
		;
	/* Else those that came would wait for ever. */
	if (scene->n < attrs.capacity)
		complete_all(&scene->gate);
	wpool_flush(scene->tp->pools[0]);
	tort_count(TORT_SCENE_BARRIER);
	scene_end(scene);
}

static void call_kill(struct tort_ctx *ctx)
{
	send_sig(SIGKILL, ctx->thread->task, 1);
}

/* 21: a submitter that is killed while it waits for room returns, and leaves nothing. */
static void scene_kill(struct tort_ctx *ctx)
{
	struct wpool_attrs attrs = {
		.capacity = 1,
		.queue_depth = WPOOL_QUEUE_HANDOFF,
	};
	struct scene *scene = scene_begin(ctx, &attrs);
	struct tort_task *tt;

	if (!scene)
		return;
	scene_add(ctx, scene, hold, WPOOL_PRIO_NORMAL);
	tt = scene->n ? tort_task_new(ctx, scene->tp, TORT_TASK_PLAIN, GFP_KERNEL) : NULL;
	if (tt) {
		tort_later(ctx, call_kill);
		tort_check(tort_submit(ctx, tt, TORT_SCHEDULE) == -EINTR,
			   "%s: killed, and not told", scene->tp->name);
		tort_called(ctx);
		tort_task_put(tt);
		tort_count(TORT_SCENE_KILL);
		tort_count(TORT_FULL_BLOCK);
	}
	scene_end(scene);
}

const struct tort_op tort_scenes[] = {
	{ "scene: conserve",	scene_conserve,		1 },
	{ "scene: start order",	scene_start_order,	1 },
	{ "scene: hand back",	scene_handback,		1 },
	{ "scene: priority",	scene_priority,		1 },
	{ "scene: discard",	scene_discard,		1 },
	{ "scene: barrier",	scene_barrier,		1 },
	{ "scene: kill",	scene_kill,		1 },
	{ }
};
