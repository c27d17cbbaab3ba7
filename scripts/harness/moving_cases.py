# SPDX-License-Identifier: GPL-2.0
"""What scripts/from-workqueue says of forms that checkpatch does not want to see in a file.

Of each: the options, the text, what the report must have behind its first lines, and what must become
of the text.
"""
HEAD = """#include <linux/workqueue.h>

struct desk {
	struct workqueue_struct *wq;
	struct workqueue_struct *slow_wq;
	struct workqueue_struct *event_wq;
	struct work_struct macro, member, event, one;
};

static DEFINE_PER_CPU(int, papers);

static void desk_fn(struct work_struct *work)
{
}

static void one_fn(struct work_struct *work)
{
	this_cpu_inc(papers);
}

static int make(struct desk *d)
{
	INIT_WORK(&d->macro, desk_fn);
	INIT_WORK(&d->member, desk_fn);
	INIT_WORK(&d->event, desk_fn);
	INIT_WORK(&d->one, one_fn);
	d->wq = alloc_workqueue("desk", 0, 0);
	return d->wq ? 0 : -ENOMEM;
}
"""
SLOW = HEAD.replace("d->wq", "d->slow_wq")
MACROS = """
#define LATER(d, w)	queue_work((d)->slow_wq, &(d)->w)
#define INTO(d, q, w)	queue_work((d)->q, &(d)->w)
#define KIND(d, kind)	queue_work((d)->kind##_wq, &(d)->kind)
"""
SEVERAL = """
static void kick(struct desk *d, struct desk *e)
{
	LATER(d, macro);
	queue_work(d->wq, &d->macro);
	INTO(d, wq, member);
	INTO(d, slow_wq, member);
	KIND(d, event);
	KIND(e, event);
}

static void stop(struct desk *d)
{
	cancel_work_sync(&d->macro);
	cancel_work_sync(&d->member);
	cancel_work_sync(&d->event);
}
"""
TYPEDEFS = """
typedef struct {
	struct workqueue_struct *queue;
} left_t;

typedef struct {
	struct workqueue_struct *queue;
} right_t;

static void kick(struct desk *d, left_t *left, right_t *right)
{
	queue_work(left->queue, &d->one);
	queue_work(left->queue, &d->event);
	queue_work(right->queue, &d->event);
}

static void stop(struct desk *d)
{
	cancel_work_sync(&d->one);
	cancel_work_sync(&d->event);
}
"""
STAYS = """
static void kick(struct desk *d)
{
	INTO(d, %s, one);
}
"""
NAMES = """
static int more(struct desk *d)
{
	d->slow_wq = alloc_workqueue("desk " "%d", WQ_UNBOUND, WQ_DFL_ACTIVE, 1);
	if (!d->slow_wq)
		return -ENOMEM;
	d->event_wq = create_singlethread_workqueue("one" " " "two");
	return d->event_wq ? 0 : -ENOMEM;
}
"""
QUEUES = "it is waited for and goes to several queues: a running task is refused by another pool"
ANY_CPU = "one_fn() looks at its CPU: it runs on any CPU now, unless &wpool_attrs.cpumask says otherwise"
CASES = [
    ({}, HEAD + MACROS + SEVERAL, [f"cancel_work_sync(): {QUEUES}"] * 2 + [ANY_CPU],
     ["wpool_cancel_sync(&d->event);", "cancel_work_sync(&d->macro);"]),
    ({}, HEAD + TYPEDEFS, [f"cancel_work_sync(): {QUEUES}", ANY_CPU], ["wpool_cancel_sync(&d->one);"]),
    ({}, HEAD + MACROS + STAYS % "wq", [ANY_CPU], []),
    ({"on_cpu": ("slow_wq",)}, SLOW + MACROS.replace("(d)->q,", "(d)->slow_wq,") + STAYS % "x", [],
     ["struct wpool_set *slow_wq;"]),
    ({"on_cpu": ("slow_wq",)}, SLOW + MACROS
     + "static void kick(struct desk *d)\n{\n\tINTO(d, wq, one);\n\tqueue_work(d->slow_wq, &d->one);\n}\n",
     [ANY_CPU, "it goes to several queues: in two pools it may run beside itself"],
     ["struct wpool_set *slow_wq;"]),
    ({}, HEAD + NAMES, [ANY_CPU], ["\"desk-%d\", 1)", "\"one-two\")", ".capacity = 256,"]),
]
