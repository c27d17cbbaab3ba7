// SPDX-License-Identifier: GPL-2.0
/*
 * The table of the contract as data, and which of its rows are run: so many that each pair of
 * values of two columns is met, but for those that the table excludes.
 */
#include <linux/bitmap.h>
#include <linux/prandom.h>
#include "contract.h"

/* Rows are tried from a place that is as good as random, but the same in each run. */
#define SEED	20261121

/* A line that says what comes of some rows, or why they are not run. */
struct rule {
	int		call;		/* or -1: those with all the traits */
	unsigned int	traits, set[NR_COLUMNS];	/* that of the calls is not used */
	int		outcome;	/* or the number of a reason */
};

#define RULE(of, all, who, state, kind, event, what)			\
	{ of, all, { 0, who, state, kind, event }, what },

static const struct rule returns[] = {
#define RETURNS(traits, who, state, kind, event, outcome)		\
	RULE(-1, traits, who, state, kind, event, outcome)
#define RETURNS_OF(call, who, state, kind, event, outcome)		\
	RULE(CALL_##call, 0, who, state, kind, event, outcome)
#include "contract_table.h"
};

static const struct rule ends[] = {
#define EVENT(name, end, ...)	RULE(-1, 0, ANY, ANY, ANY, name, end)
#include "contract_table.h"
#define ENDS(traits, who, state, kind, event, outcome)			\
	RULE(-1, traits, who, state, kind, event, outcome)
#define ENDS_OF(call, who, state, kind, event, outcome)			\
	RULE(CALL_##call, 0, who, state, kind, event, outcome)
#include "contract_table.h"
};

static const struct rule excluded[] = {
#define EXCLUDE(reason, traits, who, state, kind, event)		\
	RULE(-1, traits, who, state, kind, event, REASON_##reason)
#define EXCLUDE_OF(reason, call, who, state, kind, event)		\
	RULE(CALL_##call, 0, who, state, kind, event, REASON_##reason)
#include "contract_table.h"
};

#define WHO(name, text)							\
	[name##_NR] = text,
static const char * const callers[] = {
#include "contract_table.h"
};

#define STATE(name, text)							\
	[name##_NR] = text,
static const char * const states[] = {
#include "contract_table.h"
};

#define KIND(name, text)							\
	[name##_NR] = text,
static const char * const kinds[] = {
#include "contract_table.h"
};

#define EVENT(name, ...)						\
	[name##_NR] = #name,
static const char * const events[] = {
#include "contract_table.h"
};

#define REASON(name, text)						\
	[REASON_##name] = text,
static const char * const reasons[] = {
#include "contract_table.h"
};

static const unsigned int sizes[NR_COLUMNS] = {
	NR_CALLS, NR_WHO, NR_STATES, NR_KINDS, NR_EVENTS
};

/* Pairs of values; each value has a number of its own among those of all columns. */
#define NR_VALUES	(NR_CALLS + NR_WHO + NR_STATES + NR_KINDS + NR_EVENTS)
static DECLARE_BITMAP(met, NR_VALUES * NR_VALUES);
static DECLARE_BITMAP(out, NR_VALUES * NR_VALUES);
static unsigned int nr_excluded[NR_REASONS], nr_pairs, nr_out, nr_rows;

#define NR_ROWS		(NR_WHO * NR_STATES * NR_KINDS * NR_EVENTS)
/*
 * What each row of the call that was asked for last was worth at the last look, which is never less
 * than it is now. 0 for those that are excluded.
 */
static u8 most[NR_ROWS];
static unsigned int most_call;

static unsigned int number(enum contract_column column, unsigned int value)
{
	while (column)
		value += sizes[--column];
	return value;
}

/* @first comes before @second. */
static unsigned int pair(enum contract_column first, unsigned int one,
			 enum contract_column second, unsigned int other)
{
	return number(first, one) * NR_VALUES + number(second, other);
}

static unsigned int pair_of(const struct contract_row *row, enum contract_column first,
			    enum contract_column second)
{
	return pair(first, row->value[first], second, row->value[second]);
}

static bool fits_call(const struct rule *rule, unsigned int call, unsigned int more)
{
	unsigned int traits = contract_calls[call].traits | more;

	return rule->call < 0 ? (traits & rule->traits) == rule->traits : rule->call == call;
}

static bool fits(const struct rule *rule, const struct contract_row *row, unsigned int more)
{
	unsigned int column;

	for (column = WHO_COLUMN; column < NR_COLUMNS; column++) {
		if (!(rule->set[column] >> row->value[column] & 1))
			return false;
	}
	return fits_call(rule, row->value[CALL_COLUMN], more);
}

static const struct rule *last(const struct rule *rules, unsigned int n,
			       const struct contract_row *row, unsigned int more)
{
	while (n--) {
		if (fits(&rules[n], row, more))
			return &rules[n];
	}
	return NULL;
}

static int end_of(const struct contract_row *row, unsigned int more)
{
	return last(ends, ARRAY_SIZE(ends), row, more)->outcome;
}

int contract_returns(const struct contract_row *row)
{
	const struct rule *rule = last(returns, ARRAY_SIZE(returns), row, 0);
	int outcome = rule ? rule->outcome : contract_calls[row->value[CALL_COLUMN]].returns;

	return outcome == AS_END ? end_of(row, 0) : outcome;
}

int contract_end(const struct contract_row *row)
{
	bool submits = contract_calls[row->value[CALL_COLUMN]].traits & T_SUBMITS;

	return end_of(row, submits && contract_returns(row) >= 0 ? T_ACCEPTED : 0);
}

const char *contract_text(const struct contract_row *row, char *text, size_t size)
{
	snprintf(text, size, "%s() by: %s; pool: %s; task: %s; meanwhile: %s",
		 contract_calls[row->value[CALL_COLUMN]].name, callers[row->value[WHO_COLUMN]],
		 states[row->value[STATE_COLUMN]], kinds[row->value[KIND_COLUMN]],
		 events[row->value[EVENT_COLUMN]]);
	return text;
}

/* --- pairs that are excluded ---------------------------------------------------------------- */

/* Does the rule say something of all values of the column? */
static bool is_any(const struct rule *rule, enum contract_column column)
{
	unsigned int all;

	if (column == CALL_COLUMN)
		return rule->call < 0 && !rule->traits;
	all = GENMASK(sizes[column] - 1, 0);
	return (rule->set[column] & all) == all;
}

static bool has_value(const struct rule *rule, enum contract_column column, unsigned int value)
{
	return column == CALL_COLUMN ? fits_call(rule, value, 0) :
	       rule->set[column] >> value & 1;
}

/* A pair is excluded only by a line that is about these two columns and no other. */
static void exclude_pair(const struct rule *rule, enum contract_column first, unsigned int one,
			 enum contract_column second, unsigned int other)
{
	if (has_value(rule, first, one) && has_value(rule, second, other) &&
	    !test_and_set_bit(pair(first, one, second, other), out)) {
		nr_excluded[rule->outcome]++;
		nr_out++;
	}
}

static void exclude_by(const struct rule *rule, enum contract_column first,
		       enum contract_column second)
{
	unsigned int column, one, other;

	for (column = 0; column < NR_COLUMNS; column++) {
		if (column != first && column != second && !is_any(rule, column))
			return;
	}
	for (one = 0; one < sizes[first]; one++) {
		for (other = 0; other < sizes[second]; other++)
			exclude_pair(rule, first, one, second, other);
	}
}

static void exclude_all(void)
{
	unsigned int i, first, second;

	for (first = 0; first < NR_COLUMNS; first++) {
		for (second = first + 1; second < NR_COLUMNS; second++) {
			nr_pairs += sizes[first] * sizes[second];
			for (i = 0; i < ARRAY_SIZE(excluded); i++)
				exclude_by(&excluded[i], first, second);
		}
	}
}

bool contract_begin(struct kunit *test)
{
	bitmap_zero(met, NR_VALUES * NR_VALUES);
	bitmap_zero(out, NR_VALUES * NR_VALUES);
	memset(nr_excluded, 0, sizeof(nr_excluded));
	nr_pairs = 0;
	nr_out = 0;
	nr_rows = 0;
	most_call = NR_CALLS;
	exclude_all();
	KUNIT_EXPECT_LE_MSG(test, nr_out * 100, nr_pairs * 30, "too much is excluded");
	return nr_out * 100 <= nr_pairs * 30;
}

/* --- rows ----------------------------------------------------------------------------------- */

static void row_at(struct contract_row *row, unsigned int call, unsigned int place)
{
	unsigned int column;

	row->value[CALL_COLUMN] = call;
	for (column = WHO_COLUMN; column < NR_COLUMNS; column++) {
		row->value[column] = place % sizes[column];
		place /= sizes[column];
	}
}

static void find_possible(unsigned int call)
{
	struct contract_row row;
	unsigned int i;

	for (i = 0; i < NR_ROWS; i++) {
		row_at(&row, call, i);
		most[i] = last(excluded, ARRAY_SIZE(excluded), &row, 0) ? 0 : U8_MAX;
	}
	most_call = call;
}

/* How much a row would be worth: its pairs that have not been met, those of the call first. */
static unsigned int worth(const struct contract_row *row, bool all)
{
	unsigned int first, second, found = 0, own = 0;

	for (first = 0; first < NR_COLUMNS; first++) {
		for (second = first + 1; second < NR_COLUMNS; second++) {
			if (test_bit(pair_of(row, first, second), met))
				continue;
			found++;
			own += first == CALL_COLUMN;
		}
	}
	return own || all ? found + 10 * own : 0;
}

bool contract_next(unsigned int call, struct contract_row *row)
{
	struct rnd_state random;
	unsigned int i, begin, place, best = 0, best_place = 0;

	if (most_call != call)
		find_possible(call);
	prandom_seed_state(&random, SEED + nr_rows);
	begin = prandom_u32_state(&random) % NR_ROWS;
	for (i = 0; i < NR_ROWS; i++) {
		place = (begin + i) % NR_ROWS;
		if (most[place] <= best)
			continue;
		row_at(row, call, place);
		most[place] = worth(row, call == NR_CALLS - 1);
		if (most[place] > best) {
			best = most[place];
			best_place = place;
		}
	}
	row_at(row, call, best_place);
	return best;
}

void contract_ran(const struct contract_row *row)
{
	unsigned int first, second;

	for (first = 0; first < NR_COLUMNS; first++) {
		for (second = first + 1; second < NR_COLUMNS; second++)
			set_bit(pair_of(row, first, second), met);
	}
	nr_rows++;
}

static const char *value_text(enum contract_column column, unsigned int value)
{
	static const char * const *const texts[] = { NULL, callers, states, kinds, events };

	return column == CALL_COLUMN ? contract_calls[value].name : texts[column][value];
}

/* Names those that were not met. Return: how many these are. */
static unsigned int name_unmet(struct kunit *test, enum contract_column first,
			       enum contract_column second)
{
	unsigned int one, other, left = 0;

	for (one = 0; one < sizes[first]; one++) {
		for (other = 0; other < sizes[second]; other++) {
			unsigned int nr = pair(first, one, second, other);

			if (test_bit(nr, met) || test_bit(nr, out))
				continue;
			kunit_info(test, "not run: %s, %s\n", value_text(first, one),
				   value_text(second, other));
			left++;
		}
	}
	return left;
}

unsigned int contract_account(struct kunit *test)
{
	unsigned int first, second, i, left = 0;

	for (first = 0; first < NR_COLUMNS; first++) {
		for (second = first + 1; second < NR_COLUMNS; second++)
			left += name_unmet(test, first, second);
	}
	kunit_info(test, "%u pairs: %u run by %u rows (seed %u), %u not run, %u excluded: %u%%\n",
		   nr_pairs, nr_pairs - nr_out - left, nr_rows, SEED, left, nr_out,
		   nr_out * 100 / nr_pairs);
	for (i = 0; i < NR_REASONS; i++)
		kunit_info(test, "excluded, %s: %u\n", reasons[i], nr_excluded[i]);
	return left;
}
