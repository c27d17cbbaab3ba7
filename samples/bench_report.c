// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: the figures, their medians, and what is asked of them.
 */
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "bench.h"
#include "bench_targets.h"

#define NAME_MAX_LENGTH	40

/* What one lane was measured to take, round after round. */
struct row {
	struct list_head	node;
	char			work[NAME_MAX_LENGTH];
	char			label[NAME_MAX_LENGTH];
	const char		*unit;
	unsigned int		n;
	u64			value[];
};

static LIST_HEAD(rows);
static DEFINE_MUTEX(rows_lock);

static struct row *row_find(const char *work, const char *label)
{
	struct row *row;

	list_for_each_entry(row, &rows, node) {
		if (!strcmp(row->work, work) && !strcmp(row->label, label))
			return row;
	}
	return NULL;
}

/* After the last one of the same work. */
static void row_link(struct row *row)
{
	struct row *other;

	list_for_each_entry_reverse(other, &rows, node) {
		if (!strcmp(other->work, row->work)) {
			list_add(&row->node, &other->node);
			return;
		}
	}
	list_add_tail(&row->node, &rows);
}

static struct row *row_make(const char *work, const char *label, const char *unit)
{
	struct row *row = kzalloc(struct_size(row, value, bench_rounds), GFP_KERNEL);

	if (row) {
		strscpy(row->work, work, sizeof(row->work));
		strscpy(row->label, label, sizeof(row->label));
		row->unit = unit;
		row_link(row);
	}
	return row;
}

static void record(const char *work, const char *label, const char *unit, u64 value)
{
	struct row *row;

	mutex_lock(&rows_lock);
	row = row_find(work, label) ?: row_make(work, label, unit);
	if (!row)
		bench_now.error = -ENOMEM;
	else if (!bench_warming && row->n < bench_rounds)
		row->value[row->n++] = value;
	mutex_unlock(&rows_lock);
}

/**
 * bench_record() - keep a figure
 * @work: what was done
 * @label: of the contestant
 * @unit: of what
 * @value: in thousandths of it, the smaller the better
 *
 * Not if counts are kept instead.
 */
void bench_record(const char *work, const char *label, const char *unit, u64 value)
{
	if (!bench_counts)
		record(work, label, unit, value);
}

/**
 * bench_record_count() - keep how often something happened; see bench_counts.c
 * @name: while what was done, and what it is
 * @label: of the contestant
 * @unit: of what
 * @value: in thousandths of it
 */
void bench_record_count(const char *name, const char *label, const char *unit, u64 value)
{
	record(name, label, unit, value);
}

/**
 * bench_record_each() - keep what a task of a work took
 * @work: what was done
 * @lane: of the contestant
 * @ns: how long all of its tasks took
 */
void bench_record_each(const struct bench_work *work, const struct bench_lane *lane, u64 ns)
{
	bench_record(work->name, lane->label, "ns", div_u64(ns * BENCH_SCALE, work->tasks));
}

void bench_forget(void)
{
	struct row *row, *next;

	mutex_lock(&rows_lock);
	list_for_each_entry_safe(row, next, &rows, node) {
		list_del(&row->node);
		kfree(row);
	}
	mutex_unlock(&rows_lock);
}

static int compare_values(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

struct spread {
	u64	least;
	u64	median;
	u64	most;
};

/* Context: rows_lock held. Return: false if there is no figure. */
static bool row_spread(const struct row *row, struct spread *spread)
{
	u64 *sorted;

	if (!row->n)
		return false;
	sorted = kmemdup(row->value, row->n * sizeof(u64), GFP_KERNEL);
	if (!sorted)
		return false;
	sort(sorted, row->n, sizeof(u64), compare_values, NULL);
	spread->least = sorted[0];
	spread->median = (sorted[(row->n - 1) / 2] + sorted[row->n / 2]) / 2;
	spread->most = sorted[row->n - 1];
	kfree(sorted);
	return true;
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

static bool is_rival(const struct target *target, const struct row *row)
{
	if (strcmp(row->work, target->work) || !strcmp(row->label, target->ours))
		return false;
	if (target->but && begins(row->label, target->but))
		return false;
	if (!*target->other)
		return !begins(row->label, "wpool") && *row->label != '(';
	return begins(row->label, target->other);
}

/* What is judged of a lane. Return: false if it was not measured. */
static bool figure_of(const struct target *target, const struct row *row, u64 *figure)
{
	struct spread spread, base;

	if (!row || !row_spread(row, &spread))
		return false;
	*figure = spread.median;
	if (!target->over)
		return true;
	row = row_find(target->over, row->label);
	if (!row || !row_spread(row, &base))
		return false;
	*figure = div64_u64(spread.median * BENCH_SCALE, max(base.median, 1ULL));
	return true;
}

/* The one that takes least of those that a lane is compared with, or NULL. */
static const struct row *best_rival(const struct target *target, u64 *least)
{
	const struct row *row, *best = NULL;
	u64 figure;

	list_for_each_entry(row, &rows, node) {
		if (!is_rival(target, row) || !figure_of(target, row, &figure))
			continue;
		if (!best || figure < *least) {
			best = row;
			*least = figure;
		}
	}
	return best;
}

struct verdict {
	const char	*other;
	u64		ratio;	/* in hundredths */
	bool		pass;
};

/* Context: rows_lock held. Return: false if it was not measured. */
static bool judge(const struct target *target, struct verdict *verdict)
{
	const struct row *ours = row_find(target->work, target->ours), *rival;
	u64 figure, other;

	if (!figure_of(target, ours, &figure))
		return false;
	if (!target->other) {
		verdict->other = ours->unit;
		verdict->ratio = div64_u64(figure, BENCH_SCALE / 100);
		verdict->pass = verdict->ratio <= target->limit;
		return true;
	}
	rival = best_rival(target, &other);
	if (!rival)
		return false;
	verdict->other = rival->label;
	if (target->ahead)
		verdict->ratio = div64_u64(other * 100, max(figure, 1ULL));
	else
		verdict->ratio = div64_u64(figure * 100, max(other, 1ULL));
	verdict->pass = target->ahead ? verdict->ratio >= target->limit :
					verdict->ratio <= target->limit;
	return true;
}

/* What was found, in words; 0 if nothing. */
static int verdict_text(const struct target *target, char *text, size_t size)
{
	struct verdict verdict;

	if (!judge(target, &verdict))
		return 0;
	return snprintf(text, size, "%s  %s%s%s: %s %s %llu.%02llu%s%s, %s %u.%02u",
			verdict.pass ? "PASS " : "SHORT", target->work,
			target->over ? " over " : "", target->over ?: "", target->ours,
			target->ahead ? "is ahead by" : "takes",
			verdict.ratio / 100, verdict.ratio % 100,
			target->other ? " x " : " ", verdict.other,
			target->ahead ? "at least" : "at most",
			target->limit / 100, target->limit % 100);
}

static bool about(const struct target *target, const char *work)
{
	return begins(target->work, work);
}

/**
 * bench_report_work() - tell the log what came out
 * @name: of the work
 */
void bench_report_work(const char *name)
{
	unsigned int i;
	char text[160];

	mutex_lock(&rows_lock);
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		if (about(&targets[i], name) && verdict_text(&targets[i], text, sizeof(text)))
			pr_info("%s\n", text);
	}
	mutex_unlock(&rows_lock);
}

/* What a lane takes compared with wpool in the same work. */
static void show_ratio(struct seq_file *seq, const struct row *row, u64 median)
{
	const struct row *ours = row_find(row->work, "wpool");
	struct spread spread;

	if (!ours || ours == row || !row_spread(ours, &spread) || !spread.median) {
		seq_puts(seq, "\n");
		return;
	}
	median = div64_u64(median * 100, spread.median);
	seq_printf(seq, " %7llu.%02llu\n", median / 100, median % 100);
}

static void show_value(struct seq_file *seq, u64 value)
{
	seq_printf(seq, " %10llu.%llu", value / BENCH_SCALE,
		   value % BENCH_SCALE / (BENCH_SCALE / 10));
}

/* For people: medians, from the least to the most, and as a multiple of wpool's. */
int bench_table_show(struct seq_file *seq, void *unused)
{
	const struct row *row, *last = NULL;
	struct spread spread;
	char text[160];
	unsigned int i;

	seq_printf(seq, "%-37s %-18s %12s %12s %12s %10s\n", "work", "by", "median", "least",
		   "most", "x wpool");
	mutex_lock(&rows_lock);
	list_for_each_entry(row, &rows, node) {
		if (!row_spread(row, &spread))
			continue;
		if (last && strcmp(last->work, row->work))
			seq_puts(seq, "\n");
		last = row;
		seq_printf(seq, "%-37s %-18s", row->work, row->label);
		show_value(seq, spread.median);
		show_value(seq, spread.least);
		show_value(seq, spread.most);
		seq_printf(seq, " %s", row->unit);
		show_ratio(seq, row, spread.median);
	}
	seq_puts(seq, "\n");
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		if (verdict_text(&targets[i], text, sizeof(text)))
			seq_printf(seq, "%s\n", text);
	}
	mutex_unlock(&rows_lock);
	return 0;
}

/* For programs: every figure. */
int bench_samples_show(struct seq_file *seq, void *unused)
{
	const struct row *row;
	unsigned int i;

	seq_puts(seq, "work,by,unit,round,value\n");
	mutex_lock(&rows_lock);
	list_for_each_entry(row, &rows, node) {
		for (i = 0; i < row->n; i++)
			seq_printf(seq, "\"%s\",%s,%s,%u,%llu.%03llu\n", row->work, row->label,
				   row->unit, i + 1, row->value[i] / BENCH_SCALE,
				   row->value[i] % BENCH_SCALE);
	}
	mutex_unlock(&rows_lock);
	return 0;
}

int bench_verdicts_show(struct seq_file *seq, void *unused)
{
	struct verdict v;
	unsigned int i;

	seq_puts(seq, "work,ours,other,how,limit,ratio,verdict\n");
	mutex_lock(&rows_lock);
	for (i = 0; i < ARRAY_SIZE(targets); i++) {
		const struct target *t = &targets[i];

		if (judge(t, &v))
			seq_printf(seq, "\"%s%s%s\",%s,%s,%s,%u.%02u,%llu.%02llu,%s\n",
				   t->work, t->over ? " over " : "", t->over ?: "",
				   t->ours, v.other, t->ahead ? "at least" : "at most",
				   t->limit / 100, t->limit % 100, v.ratio / 100, v.ratio % 100,
				   v.pass ? "PASS" : "SHORT");
	}
	mutex_unlock(&rows_lock);
	return 0;
}
