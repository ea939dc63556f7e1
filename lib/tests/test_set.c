/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets: against a naive twin (an array of bool) with random operations, and the edges of masks and of cpu_set_t. */
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <numaperf.h>

#include "harness.h"

#define SEED 20240521u
#define ROUNDS 20000

static unsigned random_state;

static unsigned random_below(unsigned limit)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (random_state >> 8) % limit;
}

/* Mostly small ids, where sets meet; sometimes any. */
static unsigned random_id(void)
{
	return random_below(random_below(20) ? 200 : NUMAPERF_SET_IDS_MAX);
}

struct twin {
	bool has[NUMAPERF_SET_IDS_MAX];
};

static struct twin twins[2];

static size_t twin_count(const struct twin *twin)
{
	size_t count = 0;

	for (size_t i = 0; i < NUMAPERF_SET_IDS_MAX; i++)
		count += twin->has[i];
	return count;
}

static void twin_combine(struct twin *dst, const struct twin *other, char operation)
{
	for (size_t i = 0; i < NUMAPERF_SET_IDS_MAX; i++) {
		bool a = dst->has[i], b = other->has[i];

		dst->has[i] = operation == '&' ? a && b : operation == '|' ? a || b : a && !b;
	}
}

#define DEFINE_RANDOM_TEST(T)                                                                                          \
	static void T##_expect_twin(const struct numaperf_##T *set, const struct twin *twin)                           \
	{                                                                                                              \
		int id = -1;                                                                                           \
                                                                                                                       \
		assert_int_equal(numaperf_##T##_count(set), twin_count(twin));                                         \
		assert_int_equal(numaperf_##T##_is_empty(set), twin_count(twin) == 0);                                 \
		for (int i = 0; i < NUMAPERF_SET_IDS_MAX; i++) {                                                       \
			if (!twin->has[i])                                                                             \
				continue;                                                                              \
			id = numaperf_##T##_next(set, id);                                                             \
			assert_int_equal(id, i);                                                                       \
			assert_true(numaperf_##T##_has(set, (unsigned)i));                                             \
		}                                                                                                      \
		assert_int_equal(numaperf_##T##_next(set, id), -1);                                                    \
	}                                                                                                              \
                                                                                                                       \
	static void T##_expect_relations(struct numaperf_##T *const sets[2])                                           \
	{                                                                                                              \
		bool equal = true, subset = true, intersects = false;                                                  \
                                                                                                                       \
		for (size_t i = 0; i < NUMAPERF_SET_IDS_MAX; i++) {                                                    \
			equal = equal && twins[0].has[i] == twins[1].has[i];                                           \
			subset = subset && (!twins[0].has[i] || twins[1].has[i]);                                      \
			intersects = intersects || (twins[0].has[i] && twins[1].has[i]);                               \
		}                                                                                                      \
		assert_int_equal(numaperf_##T##_equal(sets[0], sets[1]), equal);                                       \
		assert_int_equal(numaperf_##T##_equal(sets[1], sets[0]), equal);                                       \
		assert_int_equal(numaperf_##T##_subset(sets[0], sets[1]), subset);                                     \
		assert_int_equal(numaperf_##T##_intersects(sets[0], sets[1]), intersects);                             \
		assert_int_equal(numaperf_##T##_intersects(sets[1], sets[0]), intersects);                             \
	}                                                                                                              \
                                                                                                                       \
	/* The text of the set is read back as the same set. */                                                        \
	static void T##_expect_round_trip(const struct numaperf_##T *set)                                              \
	{                                                                                                              \
		size_t length = (size_t)numaperf_##T##_format(set, NULL, 0);                                           \
		char *text = malloc(length + 1);                                                                       \
		struct numaperf_##T *back = NULL;                                                                      \
                                                                                                                       \
		assert_non_null(text);                                                                                 \
		assert_int_equal(numaperf_##T##_format(set, text, length + 1), length);                                \
		assert_int_equal(strlen(text), length);                                                                \
		assert_int_equal(numaperf_##T##_parse(text, &back), 0);                                                \
		assert_true(numaperf_##T##_equal(set, back));                                                          \
		numaperf_##T##_free(back);                                                                             \
		free(text);                                                                                            \
	}                                                                                                              \
                                                                                                                       \
	static void T##_random_step(struct numaperf_##T *sets[2])                                                      \
	{                                                                                                              \
		unsigned which = random_below(2), id = random_id(), last = id + random_below(150);                     \
		struct numaperf_##T *set = sets[which], *other = sets[!which];                                         \
		struct twin *twin = &twins[which], *twin_other = &twins[!which];                                       \
                                                                                                                       \
		switch (random_below(100)) {                                                                           \
		case 0:                                                                                                \
			numaperf_##T##_clear(set);                                                                     \
			memset(twin, 0, sizeof(*twin));                                                                \
			break;                                                                                         \
		case 1:                                                                                                \
			assert_int_equal(numaperf_##T##_and(set, other), 0);                                           \
			twin_combine(twin, twin_other, '&');                                                           \
			break;                                                                                         \
		case 2:                                                                                                \
			assert_int_equal(numaperf_##T##_or(set, other), 0);                                            \
			twin_combine(twin, twin_other, '|');                                                           \
			break;                                                                                         \
		case 3:                                                                                                \
			assert_int_equal(numaperf_##T##_andnot(set, other), 0);                                        \
			twin_combine(twin, twin_other, '-');                                                           \
			break;                                                                                         \
		case 4:                                                                                                \
			numaperf_##T##_free(set);                                                                      \
			assert_int_equal(numaperf_##T##_copy(other, &sets[which]), 0);                                 \
			*twin = *twin_other;                                                                           \
			break;                                                                                         \
		case 5:                                                                                                \
			if (last >= NUMAPERF_SET_IDS_MAX) {                                                            \
				assert_int_equal(numaperf_##T##_add_range(set, id, last), -ERANGE);                    \
				break;                                                                                 \
			}                                                                                              \
			assert_int_equal(numaperf_##T##_add_range(set, id, last), 0);                                  \
			memset(&twin->has[id], true, last - id + 1);                                                   \
			break;                                                                                         \
		default:                                                                                               \
			if (random_below(3)) {                                                                         \
				assert_int_equal(numaperf_##T##_add(set, id), 0);                                      \
				twin->has[id] = true;                                                                  \
			} else {                                                                                       \
				assert_int_equal(numaperf_##T##_remove(set, id), 0);                                   \
				twin->has[id] = false;                                                                 \
			}                                                                                              \
		}                                                                                                      \
	}                                                                                                              \
                                                                                                                       \
	static void T##_behaves_like_its_twin(void **state)                                                            \
	{                                                                                                              \
		struct numaperf_##T *sets[2] = { NULL, NULL };                                                         \
                                                                                                                       \
		(void)state;                                                                                           \
		random_state = SEED;                                                                                   \
		memset(twins, 0, sizeof(twins));                                                                       \
		assert_int_equal(numaperf_##T##_new(&sets[0]), 0);                                                     \
		assert_int_equal(numaperf_##T##_new(&sets[1]), 0);                                                     \
		for (unsigned round = 0; round < ROUNDS; round++) {                                                    \
			T##_random_step(sets);                                                                         \
			if (round % 50)                                                                                \
				continue;                                                                              \
			T##_expect_twin(sets[0], &twins[0]);                                                           \
			T##_expect_twin(sets[1], &twins[1]);                                                           \
			T##_expect_relations(sets);                                                                    \
			T##_expect_round_trip(sets[0]);                                                                \
		}                                                                                                      \
		numaperf_##T##_free(sets[0]);                                                                          \
		numaperf_##T##_free(sets[1]);                                                                          \
	}

DEFINE_RANDOM_TEST(cpuset)
DEFINE_RANDOM_TEST(nodeset)

static struct numaperf_cpuset *cpus(const char *list)
{
	struct numaperf_cpuset *set = NULL;

	assert_int_equal(numaperf_cpuset_parse(list, &set), 0);
	return set;
}

static void ids_have_a_limit(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = cpus("");
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *nodes = NULL;

	(void)state;
	assert_int_equal(numaperf_nodeset_new(&nodes), 0);
	assert_int_equal(numaperf_cpuset_add(set, NUMAPERF_SET_IDS_MAX - 1), 0);
	assert_int_equal(numaperf_cpuset_add(set, NUMAPERF_SET_IDS_MAX), -ERANGE);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_CPU);
	assert_int_equal(numaperf_nodeset_add(nodes, UINT32_MAX), -ERANGE);
	assert_int_equal(numaperf_last_error()->kind, NUMAPERF_ERROR_INVALID_NODE);
	assert_int_equal(numaperf_cpuset_remove(set, NUMAPERF_SET_IDS_MAX), -ERANGE);
	assert_int_equal(numaperf_cpuset_add_range(set, 0, UINT32_MAX), -ERANGE);
	assert_int_equal(numaperf_cpuset_add_range(set, 5, 4), -EINVAL);
	assert_false(numaperf_cpuset_has(set, UINT32_MAX));
	assert_int_equal(numaperf_cpuset_count(set), 1);
	assert_int_equal(numaperf_cpuset_next(set, NUMAPERF_SET_IDS_MAX - 1), -1);
	assert_int_equal(numaperf_cpuset_next(set, INT32_MAX), -1);
	assert_int_equal(numaperf_cpuset_next(set, INT32_MIN), NUMAPERF_SET_IDS_MAX - 1);
	numaperf_cpuset_free(NULL);
	numaperf_nodeset_free(NULL);
}

static void a_set_combines_with_itself(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = cpus("1,64-70,200");

	(void)state;
	assert_int_equal(numaperf_cpuset_and(set, set), 0);
	assert_int_equal(numaperf_cpuset_or(set, set), 0);
	assert_int_equal(numaperf_cpuset_count(set), 9);
	assert_int_equal(numaperf_cpuset_andnot(set, set), 0);
	assert_true(numaperf_cpuset_is_empty(set));
}

static void a_cleared_set_can_be_filled_again(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = cpus("0-500");

	(void)state;
	numaperf_cpuset_clear(set);
	assert_int_equal(numaperf_cpuset_add(set, 300), 0);
	assert_int_equal(numaperf_cpuset_count(set), 1);
	assert_int_equal(numaperf_cpuset_next(set, -1), 300);
}

static void masks_hold_the_bits_they_say(void **state)
{
	const unsigned long all[2] = { ~0UL, ~0UL };
	unsigned long mask[3] = { 7, 7, 7 };
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *set = NULL;
	NUMAPERF_AUTO(nodeset) struct numaperf_nodeset *empty = NULL;

	(void)state;
	assert_int_equal(numaperf_nodeset_from_mask(all, 70, &set), 0);
	assert_int_equal(numaperf_nodeset_count(set), 70);
	assert_int_equal(numaperf_nodeset_to_mask(set, mask, 69), -ERANGE);
	assert_int_equal(mask[0], 7); /* nothing was written */
	assert_int_equal(numaperf_nodeset_to_mask(set, mask, 70), 0);
	assert_int_equal(mask[0], ~0UL);
	assert_int_equal(mask[1], 0x3f);
	assert_int_equal(mask[2], 7); /* nor beyond the array */
	assert_int_equal(numaperf_nodeset_from_mask(NULL, 0, &empty), 0);
	assert_true(numaperf_nodeset_is_empty(empty));
	assert_int_equal(numaperf_nodeset_to_mask(empty, NULL, 0), 0);
}

static void large_masks_need_no_large_ids(void **state)
{
	size_t words = 2 * NUMAPERF_SET_IDS_MAX / (8 * sizeof(unsigned long));
	unsigned long *mask = calloc(words, sizeof(*mask));
	struct numaperf_cpuset *set = NULL;

	(void)state;
	assert_non_null(mask);
	mask[0] = 5;
	assert_int_equal(numaperf_cpuset_from_mask(mask, 2 * NUMAPERF_SET_IDS_MAX, &set), 0);
	assert_int_equal(numaperf_cpuset_count(set), 2);
	numaperf_cpuset_free(set);
	set = NULL;
	mask[words - 1] = 1;
	assert_int_equal(numaperf_cpuset_from_mask(mask, 2 * NUMAPERF_SET_IDS_MAX, &set), -ERANGE);
	assert_null(set);
	free(mask);
}

static void cpu_sets_of_glibc_convert(void **state)
{
	cpu_set_t small;
	size_t bytes = CPU_ALLOC_SIZE(4096);
	cpu_set_t *large = CPU_ALLOC(4096);
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = cpus("0,63,64,4095");
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *back = NULL;

	(void)state;
	assert_non_null(large);
	assert_int_equal(numaperf_cpuset_to_cpu_set(set, &small, sizeof(small)), -ERANGE);
	assert_int_equal(numaperf_cpuset_to_cpu_set(set, large, bytes), 0);
	assert_int_equal(CPU_COUNT_S(bytes, large), 4);
	assert_true(CPU_ISSET_S(4095, bytes, large));
	assert_int_equal(numaperf_cpuset_from_cpu_set(large, bytes, &back), 0);
	assert_true(numaperf_cpuset_equal(set, back));
	assert_int_equal(numaperf_cpuset_to_cpu_set(set, large, bytes - 1), -EINVAL);
	CPU_FREE(large);
}

static void loops_visit_each_member_once(void **state)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *set = cpus("3,64,65");
	int seen[3] = { -1, -1, -1 }, count = 0;

	(void)state;
	NUMAPERF_FOREACH_CPU (cpu, set)
		seen[count++] = cpu;
	assert_int_equal(count, 3);
	assert_int_equal(seen[0], 3);
	assert_int_equal(seen[1], 64);
	assert_int_equal(seen[2], 65);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpuset_behaves_like_its_twin),
		cmocka_unit_test(nodeset_behaves_like_its_twin),
		cmocka_unit_test(ids_have_a_limit),
		cmocka_unit_test(a_set_combines_with_itself),
		cmocka_unit_test(a_cleared_set_can_be_filled_again),
		cmocka_unit_test(masks_hold_the_bits_they_say),
		cmocka_unit_test(large_masks_need_no_large_ids),
		cmocka_unit_test(cpu_sets_of_glibc_convert),
		cmocka_unit_test(loops_visit_each_member_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
