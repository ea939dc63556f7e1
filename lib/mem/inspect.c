/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a region's enforcement is: from a look at its pages, its lease, and what happened when it was made. */
#include <errno.h>

#include "core/error.h"
#include "core/kmod.h"
#include "core/log.h"
#include "mem/placement.h"
#include "mem/region.h"

#define LIST_SIZE 64 /* a list of nodes in a sentence, cut if longer */

/* In order of weight: the first that applies. */
static void judge_soft(const struct numaperf_region *region, const char *nodes, struct numaperf_enforcement *e)
{
	unsigned long long right = e->pages_right, wrong = e->pages_wrong;

	if (region->denied)
		enforcement_say(e, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_DENIED, "The kernel refused to place it on nodes %s: %s.", nodes,
				numaperf_strerror(-region->denied));
	else if (wrong && region->spills)
		enforcement_say(e, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_SPILLED, "Nodes %s had too little memory when it was made: %llu pages are there, %llu elsewhere.",
				nodes, right, wrong);
	else if (wrong)
		enforcement_say(e, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_MOVED, "%llu pages are not on nodes %s: moved, or touched before.", wrong,
				nodes);
	else if (!right)
		enforcement_say(e, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_NOT_TOUCHED, "No page is resident yet: there is nothing to verify.");
	else if (region->no_numa)
		enforcement_say(e, NUMAPERF_LEVEL_BEST_EFFORT, NUMAPERF_WHY_NO_NUMA, "The kernel knows no nodes: there is one place only.");
	else
		enforcement_say(e, NUMAPERF_LEVEL_BEST_EFFORT, NUMAPERF_WHY_NOTHING_HOLDS_IT,
				"%llu pages, all on nodes %s; nothing holds them there.", right, nodes);
}

/* Local memory that others may touch first: every page may be right, but right for whom is not known. */
static void judge_local(struct numaperf_enforcement *e)
{
	if (!e->pages_right)
		enforcement_say(e, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_NOT_TOUCHED, "No page is resident yet: there is nothing to verify.");
	else
		enforcement_say(e, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_PREFERENCE,
				"%llu pages: each on the node of its first toucher, if that had memory; nothing holds them.",
				(unsigned long long)e->pages_right);
}

static void judge_hard(const struct numaperf_region *region, const char *nodes, struct numaperf_enforcement *e)
{
	if (e->pages_wrong || e->pages_absent)
		enforcement_say(e, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_MOVED, "%llu pages are not on nodes %s, %llu are not resident.",
				(unsigned long long)e->pages_wrong, nodes, (unsigned long long)e->pages_absent);
	else
		enforcement_say(e, NUMAPERF_LEVEL_STRICT, NUMAPERF_WHY_AS_ASKED, "%llu pages, all held on nodes %s by lease %llu.",
				(unsigned long long)e->pages_right, nodes, (unsigned long long)region->lease.id);
}

static int judge(const struct numaperf_region *region, const char *operation, struct numaperf_enforcement *e)
{
	char nodes[LIST_SIZE];
	int r;

	if (!region->nodes) {
		judge_local(e);
		return 0;
	}
	(void)numaperf_nodeset_format(region->nodes, nodes, sizeof(nodes));
	if (!region->lease.id) {
		judge_soft(region, nodes, e);
		return 0;
	}
	r = lease_check(&region->lease, operation, e);
	if (r > 0)
		judge_hard(region, nodes, e);
	return r < 0 ? r : 0;
}

static void count(const struct numaperf_region *region, const struct numaperf_placement *placement, struct numaperf_enforcement *e)
{
	e->pages_absent = placement->absent;
	if (region->nodes)
		placement_split(placement, region->nodes, &e->pages_right, &e->pages_wrong);
	else
		placement_split(placement, placement->nodes, &e->pages_right, &e->pages_wrong);
}

/* Keeps it, and tells the log of every step down. */
static void publish(struct numaperf_region *region, const struct numaperf_enforcement *e)
{
	if (e->level < region->enforcement.level)
		np_log(NUMAPERF_LOG_WARNING, "A region is no longer %s: %s", numaperf_level_to_string(region->enforcement.level), e->message);
	region->enforcement = *e;
}

static int look(const struct numaperf_region *region, const char *operation, struct numaperf_enforcement *e)
{
	NUMAPERF_AUTO(placement) struct numaperf_placement *placement = NULL;
	int r = placement_read(region->data, region->size, operation, &placement);

	if (r == 0)
		count(region, placement, e);
	if (r == 0 || region->lease.id)
		return r;
	/* Soft mode does not fail for want of being told. */
	enforcement_say(e, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_DENIED, "The kernel does not tell where the pages are: %s.", numaperf_strerror(r));
	return 1;
}

int region_inspect(struct numaperf_region *region, const char *operation)
{
	struct numaperf_enforcement e = { .lease = region->lease.id };
	int r;

	pthread_mutex_lock(&region->lock);
	r = look(region, operation, &e);
	if (r == 0)
		r = judge(region, operation, &e);
	if (r >= 0)
		publish(region, &e);
	pthread_mutex_unlock(&region->lock);
	return r < 0 ? r : 0;
}

int numaperf_region_enforcement(struct numaperf_region *region, struct numaperf_enforcement *ret_enforcement)
{
	struct numaperf_enforcement e;
	int r = np_owner_check(region->owner, "region_enforcement");

	if (r < 0)
		return r;
	pthread_mutex_lock(&region->lock);
	e = region->enforcement;
	r = region->lease.id ? lease_check(&region->lease, "region_enforcement", &e) : 1;
	if (r == 0)
		publish(region, &e);
	if (r >= 0)
		*ret_enforcement = e;
	pthread_mutex_unlock(&region->lock);
	return r < 0 ? r : 0;
}

int numaperf_region_verify(struct numaperf_region *region, size_t *ret_first_wrong)
{
	bool found = false;
	size_t offset;
	int r = np_owner_check(region->owner, "region_verify");

	if (r == 0)
		r = region_inspect(region, "region_verify");
	if (r == 0 && region->nodes)
		r = placement_find_wrong(region->data, region->size, region->nodes, "region_verify", &found, &offset);
	if (r < 0)
		return r;
	if (found && ret_first_wrong)
		*ret_first_wrong = offset;
	return found;
}

int numaperf_region_placement(struct numaperf_region *region, struct numaperf_placement **ret_placement)
{
	int r = np_owner_check(region->owner, "region_placement");

	return r < 0 ? r : placement_read(region->data, region->size, "region_placement", ret_placement);
}
