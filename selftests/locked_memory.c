// SPDX-License-Identifier: GPL-2.0
/* The limit on locked memory: summed over a user's processes, exact to the page, and always given back. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "np_test.h"

#define LIMIT_PAGES 16

/* What a child is told to pin: so many pages; it answers with the errno and holds until it is let go. */
struct request {
	int node;
	size_t pages;
	bool absent;		/* one page of it isn't there */
};

FIXTURE(limit) {
	struct np_topo topo;
	struct request request;
};

FIXTURE_SETUP(limit)
{
	struct rlimit limit = {
		.rlim_cur = LIMIT_PAGES * np_page_size(), .rlim_max = LIMIT_PAGES * np_page_size(),
	};

	ASSERT_EQ(0, np_topo_read(&self->topo));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	self->request.node = self->topo.near;
}

FIXTURE_TEARDOWN(limit)
{
}

struct pinned {
	int fd;
	char *area;
	size_t length;
	struct numaperf_ioc_range_pin pin;
};

static int pin_some(struct pinned *pinned, const struct request *request)
{
	struct np_set node = np_set_of(request->node);

	if (!pinned->fd)
		pinned->fd = np_open(O_CLOEXEC);
	pinned->length = request->pages * np_page_size();
	pinned->area = np_map_on(request->node, pinned->length);
	if (request->absent)
		madvise(pinned->area, np_page_size(), MADV_DONTNEED);
	return np_pin_range(pinned->fd, pinned->area, pinned->length, &node, 0, &pinned->pin);
}

static int pin_once(struct np_child *me, void *arg)
{
	struct pinned pinned = { 0 };

	(void)me;
	return np_status(pin_some(&pinned, arg));
}

static int pin_for_reason(struct np_child *me, void *arg)
{
	struct pinned pinned = { 0 };

	(void)me;
	pin_some(&pinned, arg);
	return pinned.pin.reason;
}

static int pin_and_hold(struct np_child *me, void *arg)
{
	struct pinned pinned = { 0 };
	__u64 word;

	np_say(me, np_status(pin_some(&pinned, arg)));
	np_hear(me, &word);
	return 0;
}

TEST_F(limit, can_be_used_up_to_the_last_page)
{
	self->request.pages = LIMIT_PAGES;
	EXPECT_EQ(0, np_run(NP_NOBODY, pin_once, &self->request));
}

TEST_F(limit, one_page_more_is_EDQUOT)
{
	self->request.pages = LIMIT_PAGES + 1;
	EXPECT_EQ(EDQUOT, np_run(NP_NOBODY, pin_once, &self->request));
}

TEST_F(limit, refusal_names_the_quota)
{
	self->request.pages = LIMIT_PAGES + 1;
	EXPECT_EQ(NUMAPERF_REASON_LOCKED_MEMORY, np_run(NP_NOBODY, pin_for_reason, &self->request));
}

TEST_F(limit, does_not_bind_root)
{
	self->request.pages = 4 * LIMIT_PAGES;
	EXPECT_EQ(0, np_run(0, pin_once, &self->request));
}

static int pin_from_namespace(struct np_child *me, void *arg)
{
	return np_enter_user_namespace() ? NP_NO_NAMESPACE : pin_once(me, arg);
}

TEST_F(limit, binds_root_of_a_user_namespace)
{
	int status;

	self->request.pages = LIMIT_PAGES + 1;
	status = np_run(NP_NOBODY, pin_from_namespace, &self->request);
	NP_NEED(status != NP_NO_NAMESPACE, "no user namespaces for unprivileged users");
	EXPECT_EQ(EDQUOT, status);
}

static int pin_until_full(struct np_child *me, void *arg)
{
	struct request *request = arg;
	struct pinned first = { 0 }, second = { 0 };

	(void)me;
	if (pin_some(&first, request))
		return 255;
	second.fd = first.fd;
	return np_status(pin_some(&second, request));
}

TEST_F(limit, is_summed_over_leases)
{
	self->request.pages = LIMIT_PAGES / 2 + 1;
	EXPECT_EQ(EDQUOT, np_run(NP_NOBODY, pin_until_full, &self->request));
}

TEST_F(limit, leases_fill_it_exactly)
{
	self->request.pages = LIMIT_PAGES / 2;
	EXPECT_EQ(0, np_run(NP_NOBODY, pin_until_full, &self->request));
}

/* Holds most of the limit while another process of @uid asks for the same again. */
static int ask_beside_holder(struct request *request, uid_t uid)
{
	struct np_child holder;
	__u64 word = ~0ULL;
	int status;

	request->pages = LIMIT_PAGES / 2 + 1;
	if (np_spawn(&holder, NP_NOBODY, pin_and_hold, request) || np_hear(&holder, &word) || word)
		return -1;
	status = np_run(uid, pin_once, request);
	np_reap(&holder);
	return status;
}

TEST_F(limit, is_summed_over_processes_of_a_user)
{
	EXPECT_EQ(EDQUOT, ask_beside_holder(&self->request, NP_NOBODY));
}

TEST_F(limit, is_each_users_own)
{
	EXPECT_EQ(0, ask_beside_holder(&self->request, NP_SOMEBODY));
}

/* ------------------------------------------------------- given back when */

FIXTURE(given_back) {
	struct np_topo topo;
	struct request request;
};

/* @end lets go of a full limit; then the whole of it must be free again. */
FIXTURE_VARIANT(given_back) {
	void (*end)(struct pinned *pinned);
};

static void end_by_release(struct pinned *pinned)
{
	np_release(pinned->fd, pinned->pin.lease);
}

static void end_by_close(struct pinned *pinned)
{
	close(pinned->fd);
	pinned->fd = 0;
}

static void end_by_munmap(struct pinned *pinned)
{
	np_unmap(pinned->area, pinned->length);
}

FIXTURE_VARIANT_ADD(given_back, by_release) { .end = end_by_release };
FIXTURE_VARIANT_ADD(given_back, by_close) { .end = end_by_close };
FIXTURE_VARIANT_ADD(given_back, by_munmap) { .end = end_by_munmap };

FIXTURE_SETUP(given_back)
{
	struct rlimit limit = {
		.rlim_cur = LIMIT_PAGES * np_page_size(), .rlim_max = LIMIT_PAGES * np_page_size(),
	};

	ASSERT_EQ(0, np_topo_read(&self->topo));
	ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
	self->request = (struct request) { .node = self->topo.near, .pages = LIMIT_PAGES };
}

FIXTURE_TEARDOWN(given_back)
{
}

struct again {
	struct request request;
	void (*end)(struct pinned *pinned);
};

static int pin_end_pin(struct np_child *me, void *arg)
{
	struct again *again = arg;
	struct pinned pinned = { 0 };

	(void)me;
	if (pin_some(&pinned, &again->request))
		return 255;
	again->end(&pinned);
	return np_eventually(pin_some(&pinned, &again->request) == 0) ? 0 : EDQUOT;
}

TEST_F(given_back, whole)
{
	struct again again = { .request = self->request, .end = variant->end };

	EXPECT_EQ(0, np_run(NP_NOBODY, pin_end_pin, &again));
}

static int pin_and_wait_forever(struct np_child *me, void *arg)
{
	pin_and_hold(me, arg);
	pause();
	return 0;
}

TEST_F(limit, is_given_back_by_kill)
{
	struct np_child child;
	__u64 word;

	self->request.pages = LIMIT_PAGES;
	ASSERT_EQ(0, np_spawn(&child, NP_NOBODY, pin_and_wait_forever, &self->request));
	ASSERT_EQ(0, np_hear(&child, &word));
	ASSERT_EQ(0, word);
	np_kill(&child);
	EXPECT_TRUE(np_eventually(np_run(NP_NOBODY, pin_once, &self->request) == 0));
}

static int refuse_then_fill(struct np_child *me, void *arg)
{
	struct request *request = arg;
	struct pinned pinned = { 0 };

	(void)me;
	request->absent = true;
	if (pin_some(&pinned, request) != -ENODATA)
		return 255;
	request->absent = false;
	return np_status(pin_some(&pinned, request));
}

TEST_F(limit, is_not_charged_by_a_refused_pin)
{
	self->request.pages = LIMIT_PAGES;
	EXPECT_EQ(0, np_run(NP_NOBODY, refuse_then_fill, &self->request));
}

TEST_HARNESS_MAIN
