// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the table of the contract, contract_table.h: so many of its rows that each pair of the
 * values of two columns is met. A row that comes out otherwise than the table says is a failure.
 */
#include "contract.h"

/* The description of a row. */
#define TEXT_SIZE	300

/* The row that is played, if it fails half-way. */
static char playing[TEXT_SIZE];

static int contract_init(struct kunit *test)
{
	return wpt_init(test, "wpool_contract");
}

static void contract_exit(struct kunit *test)
{
	if (*playing)
		kunit_info(test, "failed half-way: %s\n", playing);
	*playing = 0;
	wpt_exit(test);
}

static void call_name(const struct contract_call *call, char *desc)
{
	strscpy(desc, call->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(calls, contract_calls, call_name);

/* 130: what is not run is less than a third, and each line says why */
static void contract_excludes_little(struct kunit *test)
{
	contract_begin(test);
}

/* 130: the call does what the table says, whoever calls, and whatever befalls the task */
static void contract_call(struct kunit *test)
{
	const struct contract_call *call = test->param_value;
	struct contract_row row;

	while (contract_next(call - contract_calls, &row)) {
		int returned, end;

		contract_text(&row, playing, sizeof(playing));
		KUNIT_ASSERT_EQ_MSG(test, contract_play(test, &row, &returned, &end), 0,
				    "hangs: %s", playing);
		KUNIT_EXPECT_EQ_MSG(test, returned, contract_returns(&row), "call: %s", playing);
		KUNIT_EXPECT_EQ_MSG(test, end, contract_end(&row), "task: %s", playing);
		contract_ran(&row);
	}
	*playing = 0;
}

/* 130: every pair is either run or excluded */
static void contract_pairs(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, contract_account(test), 0);
}

static struct kunit_case contract_cases[] = {
	KUNIT_CASE(contract_excludes_little),
	KUNIT_CASE_PARAM(contract_call, calls_gen_params),
	KUNIT_CASE(contract_pairs),
	{}
};

static struct kunit_suite contract_suite = {
	.name = "wpool_contract",
	.init = contract_init,
	.exit = contract_exit,
	.test_cases = contract_cases,
};

kunit_test_suite(contract_suite);
