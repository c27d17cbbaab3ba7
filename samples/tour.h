/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the stops of the tour share: a way to say what was seen, and two tasks to
 * see it with.
 */
#ifndef _WPOOL_TOUR_H
#define _WPOOL_TOUR_H

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/wpool.h>

/* How long a stop waits for what must happen, in milliseconds. */
#define TOUR_LIMIT_MS	10000

/* One feature. A stop leaves no task and no pool behind, whatever it returns. */
struct tour_stop {
	const char	*name;
	int		(*show)(void);
};

/* Each file's stops; the last has no name. */
extern const struct tour_stop tour_tasks[];
extern const struct tour_stop tour_waits[];
extern const struct tour_stop tour_full[];
extern const struct tour_stop tour_order[];
extern const struct tour_stop tour_groups[];
extern const struct tour_stop tour_workers[];
extern const struct tour_stop tour_life[];
extern const struct tour_stop tour_looks[];
extern const struct tour_stop tour_signals[];
extern const struct tour_stop tour_driver[];
extern const struct tour_stop tour_releases[];
extern const struct tour_stop tour_recipes[];
extern const struct tour_stop tour_recipes_time[];

/* Two workers; for the stops that need nothing special of their pool. */
extern struct wpool *tour_pool;

/* Prints what was seen; an error if it is not what should have been. */
#define tour_show(ok, fmt, ...)						\
({									\
	bool __ok = (ok);						\
									\
	if (__ok)							\
		pr_info(fmt "\n", ##__VA_ARGS__);			\
	else								\
		pr_err(fmt "; NOT SO: %s\n", ##__VA_ARGS__, #ok);	\
	__ok ? 0 : -EPROTO;						\
})

/* Waits for what nobody signals. False if it does not come true. */
#define tour_until(condition)						\
({									\
	unsigned long __end = jiffies + msecs_to_jiffies(TOUR_LIMIT_MS);	\
	bool __true;							\
									\
	while (!(__true = (condition)) && time_before(jiffies, __end))	\
		usleep_range(1000, 2000);						\
	__true;								\
})

/* A task that keeps a worker busy until it is released. */
struct tour_hold {
	struct wpool_task	task;
	struct completion	begun;
	struct completion	end;
};

void tour_hold_init(struct tour_hold *hold);
int tour_hold(struct wpool *pool, struct tour_hold *hold);
void tour_release(struct tour_hold *hold);

/* The function of a task that ends its thread, as an oops does. */
int tour_end_worker(void *arg);

/* Where tasks write a letter each, in the order in which they run. */
struct tour_page {
	atomic_t	length;
	char		text[32];
};

struct tour_letter {
	struct wpool_task	task;
	struct tour_page	*page;
	char			letter;
};

void tour_write(struct tour_page *page, char letter);
int tour_letter_fn(void *arg);
void tour_letters_init(struct tour_letter *letters, unsigned int n,
		       struct tour_page *page, const char *text);

static inline u64 tour_stat(struct wpool *pool, enum wpool_stat which)
{
	struct wpool_stats stats;

	wpool_stats(pool, &stats);
	return stats.count[which];
}

#endif /* _WPOOL_TOUR_H */
