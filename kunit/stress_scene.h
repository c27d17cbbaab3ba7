/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Stress: a scene is a pool, its tasks, of which some die in one way, and what must
 * come of them.
 */
#ifndef _WPOOL_STRESS_SCENE_H
#define _WPOOL_STRESS_SCENE_H

#include "stress.h"

#define SCENE_LIVED	7	/* the result of a task that does not die */
#define SCENE_MOST_JOBS	64

/* How to die. */
struct way {
	const char	*name;
	void		(*die)(void);
	const char	*expect[3];	/* what the kernel says to it; NULL ends */
};

extern const struct way scene_ways[];
extern const unsigned int scene_nr_ways;

struct scene {
	struct wpool		*pool;
	const struct way	*way;
	bool			shared;		/* the pool is everybody's */
	bool			destroyed;
	struct wpool_stats	base;		/* of the pool: before us */
	int			pins;		/* on this module: before us */
	struct completion	gate;
	struct job		*jobs;
	unsigned int		nr_jobs;
	atomic_t		deaths_at_start;	/* to come */
	unsigned int		deaths;			/* outside of tasks */
	atomic_t		starts, stops, ends;
};

struct job {
	union {
		struct wpool_task		task;
		struct wpool_keyed_task		keyed;
		struct wpool_delayed_task	delayed;
		struct wpool_release_task	tracked;
	};
	struct scene		*s;
	struct job		*inner;
	struct completion	begun;
	bool			dies;
	bool			gated;		/* goes on when the gate is open */
	bool			unknown;	/* nobody can wait for it */
	int			wanted;		/* its result */
	unsigned int		wanted_runs;
	atomic_t		runs, oopses;
};

struct situation {
	void			(*play)(struct scene *s);
	struct wpool_attrs	attrs;
	unsigned int		deaths_at_start;
	bool			shared;
};

int scene_pins(void);
bool scene_begin(struct scene *s, const struct situation *situation,
		 const struct way *way);
void scene_end(struct scene *s);

void scene_die(struct scene *s, const void *fn);
int scene_job(void *arg);
struct job *scene_job_new(struct scene *s, wpool_fn_t fn);
struct job *scene_victim_new(struct scene *s);
void scene_submit(struct scene *s, struct job *job);
struct job *scene_victims(struct scene *s, unsigned int n);
struct job *scene_behind(struct scene *s, unsigned int n);
void scene_open_gate(struct scene *s);
void scene_told(struct job *job);
void scene_all_told(struct scene *s);
int scene_call_destroy(struct stress_call *call);

#endif /* _WPOOL_STRESS_SCENE_H */
