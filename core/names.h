/* SPDX-License-Identifier: GPL-2.0 */
/* What users call states, counters, policies and flags; see names.c. */
#ifndef _WPOOL_NAMES_H
#define _WPOOL_NAMES_H

#include <linux/wpool.h>

const char *state_name(enum wpool_state state);
const char *stat_name(enum wpool_stat stat);
const char *full_name(enum wpool_full full);
int full_by_name(const char *name);
const char *flag_name(unsigned int bit);

#endif /* _WPOOL_NAMES_H */
