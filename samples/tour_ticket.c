// SPDX-License-Identifier: GPL-2.0
/*
 * Tickets: numbers for submissions, where nobody keeps the task.
 */
#include <linux/kref.h>
#include <linux/slab.h>
#include "tour.h"

/* Something that expires; each submission of its task has a reference. */
struct lease {
	struct kref			kref;
	struct wpool_delayed_task	dtask;
	atomic_t			*expired, *freed;
};

static void lease_free(struct kref *kref)
{
	struct lease *lease = container_of(kref, struct lease, kref);

	atomic_inc(lease->freed);
	kfree(lease);
}

static int lease_expire(void *arg)
{
	struct lease *lease = arg;

	atomic_inc(lease->expired);
	return 0;
}

/* Drops the reference of the submission, whatever became of it. */
static void lease_release(void *arg, enum wpool_fate fate)
{
	struct lease *lease = arg;

	kref_put(&lease->kref, lease_free);
}

static struct lease *lease_new(atomic_t *expired, atomic_t *freed)
{
	struct lease *lease = kzalloc(sizeof(*lease), GFP_KERNEL);

	if (!lease)
		return NULL;
	kref_init(&lease->kref);
	lease->expired = expired;
	lease->freed = freed;
	wpool_delayed_task_init(&lease->dtask, lease_expire, lease);
	wpool_task_set_release(&lease->dtask, lease_release);
	return lease;
}

/* The lease may be gone as soon as it is submitted; its ticket is not. */
static int lease_begin(struct wpool *pool, struct lease *lease, unsigned long delay, u64 *expiry)
{
	int err;

	if (!lease)
		return -ENOMEM;
	err = wpool_with_ticket(pool, &lease->dtask, GFP_KERNEL, expiry,
				wpool_schedule_delayed(pool, &lease->dtask, delay));
	if (err)
		kref_put(&lease->kref, lease_free);
	return err;
}

/* One expires, and one is taken back before, by a number alone. */
static int show_ticket(void)
{
	atomic_t expired = ATOMIC_INIT(0), freed = ATOMIC_INIT(0);
	int i, err = 0, late = 0, early = 0;
	u64 tickets[2] = { };

	for (i = 0; i < 2 && !err; i++)
		err = lease_begin(tour_pool, lease_new(&expired, &freed), i ? 1000 * HZ : 1,
				  &tickets[i]);
	if (!err) {
		early = wpool_cancel_id(tour_pool, tickets[1]);
		wpool_wait_id(tour_pool, tickets[0]);
		late = wpool_cancel_id(tour_pool, tickets[0]);
	}
	wpool_flush(tour_pool);
	if (err)
		return err;
	return tour_show(!early && late == -ENOENT && atomic_read(&expired) == 1 &&
			 atomic_read(&freed) == 2,
			 "ticket: %d expired, the other was taken back; both freed; too late is %pe",
			 atomic_read(&expired), ERR_PTR(late));
}

static int count(void *arg)
{
	atomic_inc(arg);
	return 0;
}

/* For functions; one waits for those that came first, and for no other. */
static int show_ticket_fn(void)
{
	atomic_t runs = ATOMIC_INIT(0);
	struct tour_hold hold;
	u64 tickets[2] = { };
	struct wpool *pool;
	int err;

	pool = wpool_create("tour-ticket", &(struct wpool_attrs) { .capacity = 2 });
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	err = tour_hold(pool, &hold) ?:
	      wpool_schedule_fn_ticket(pool, count, &runs, NULL, &tickets[0]) ?:
	      wpool_try_schedule_fn_ticket(pool, count, &runs, NULL, &tickets[1]) ?:
	      wpool_flush_to(pool, tickets[1]) ?:
	      wpool_wait_id_killable(pool, tickets[0]) ?:
	      wpool_wait_id_interruptible(pool, tickets[1]);
	tour_release(&hold);
	wpool_destroy(pool);
	if (err)
		return err;
	return tour_show(atomic_read(&runs) == 2 && tickets[1] > tickets[0],
			 "ticket: %llu and %llu were waited for, while another task ran",
			 tickets[0], tickets[1]);
}

const struct tour_stop tour_tickets[] = {
	{ "ticket",		show_ticket },
	{ "ticket of functions", show_ticket_fn },
	{ }
};
