// SPDX-License-Identifier: GPL-2.0
/* See ear.h. */
#include <linux/console.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "ear.h"

#define MOST_WORDS	12

static struct {
	char			pool[WPOOL_NAME_MAX + 3];
	const char * const	*words;
	unsigned int		n;
	atomic_t		heard[MOST_WORDS];
} ear;

/* One line; the kernel's consoles are called one at a time. */
static void hear(struct console *console, const char *line, unsigned int len)
{
	bool of_pool = strnstr(line, ear.pool, len);
	unsigned int i;

	if (strnstr(line, "expect", len))
		return;
	for (i = 0; i < ear.n; i++) {
		if ((of_pool || strchr(ear.words[i], '+')) && strnstr(line, ear.words[i], len))
			atomic_inc(&ear.heard[i]);
	}
}

static struct console ear_console = {
	.name	= "wpt",
	.write	= hear,
};

void ear_open(const char * const *words, unsigned int n)
{
	ear.words = words;
	ear.n = min_t(unsigned int, n, MOST_WORDS);
	/* Of no pool yet. */
	strscpy(ear.pool, "\f", sizeof(ear.pool));
	/* The kernel changes both. */
	ear_console.flags = CON_ENABLED;
	ear_console.index = -1;
	register_console(&ear_console);
}

void ear_close(void)
{
	unregister_console(&ear_console);
}

void ear_listen_to(const char *name)
{
	unsigned int i;

	snprintf(ear.pool, sizeof(ear.pool), "%s: ", name);
	for (i = 0; i < MOST_WORDS; i++)
		atomic_set(&ear.heard[i], 0);
}

void ear_listen(const struct wpool *pool)
{
	ear_listen_to(pool ? wpool_name(pool) : "-");
}

int ear_heard(unsigned int n)
{
	return atomic_read(&ear.heard[n]);
}
