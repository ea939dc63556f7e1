/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Making, asking and ending pins. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "affinity/mask.h"
#include "affinity/permitted.h"
#include "affinity/pin.h"
#include "core/error.h"
#include "core/kmod.h"
#include "core/log.h"
#include "core/options.h"
#include "core/set.h"

#define LIST_SIZE 96 /* a list of CPUs in a sentence, cut if longer */

struct request {
	const struct numaperf_cpuset *asked;
	struct numaperf_pin_options options;
	const char *operation;
};

/* ------------------------------------------------------------------ which CPUs */

static int fail_cpu(const struct request *request, unsigned cpu)
{
	return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_CPU, request->operation, "CPU %u %s.", cpu, permitted_why_not(cpu));
}

/* The first asked CPU that the pin does not have. */
static int fail_first_missing(const struct request *request, const struct numaperf_cpuset *have)
{
	NUMAPERF_FOREACH_CPU(cpu, request->asked) {
		if (!numaperf_cpuset_has(have, (unsigned)cpu))
			return fail_cpu(request, (unsigned)cpu);
	}
	return np_fail(EINVAL, NUMAPERF_ERROR_PINNING, request->operation, "The kernel widened the affinity while it was being set.");
}

/* pin->saved and pin->cpus. */
static int choose_cpus(const struct request *request, struct numaperf_pin *pin)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *permitted = NULL;
	const struct numaperf_pin *outermost = pins_outermost();
	int r = mask_get(0, &pin->saved);

	if (r == 0)
		r = permitted_cpus(outermost ? outermost->saved : pin->saved, &permitted);
	if (r == 0)
		r = numaperf_cpuset_copy(request->asked, &pin->cpus);
	if (r == 0)
		r = numaperf_cpuset_and(pin->cpus, permitted);
	if (r < 0)
		return np_fail(-r, NUMAPERF_ERROR_PINNING, request->operation, "The thread's affinity can't be read: %s.", numaperf_strerror(r));
	if (numaperf_cpuset_is_empty(pin->cpus) ||
	    (request->options.mode == NUMAPERF_MODE_HARD && !numaperf_cpuset_equal(pin->cpus, request->asked)))
		return fail_first_missing(request, pin->cpus);
	return 0;
}

/* ------------------------------------------------------------------ applying */

/* A locked affinity can't even be set to what it is. */
static bool is_locked(const struct numaperf_pin *pin)
{
	return mask_set(pin->saved) == -EINVAL;
}

static int fail_locked(const struct request *request)
{
	return np_fail_reason(EBUSY, NUMAPERF_ERROR_PINNING, NUMAPERF_REASON_ALREADY_PINNED, request->operation,
			      "The thread is strictly pinned already, by a pin of its own or one inherited: release that first.");
}

/* What the kernel really took: it leaves out what the cpuset forbids, and what is offline. */
static int read_back(const struct request *request, struct numaperf_pin *pin)
{
	struct numaperf_cpuset *now;
	int r = mask_get(0, &now);

	if (r < 0)
		return np_fail(-r, NUMAPERF_ERROR_PINNING, request->operation, "The new affinity can't be verified: %s.", numaperf_strerror(r));
	numaperf_cpuset_free(pin->cpus);
	pin->cpus = now;
	pin->whole = numaperf_cpuset_equal(now, request->asked);
	if (!numaperf_cpuset_subset(now, request->asked) || (request->options.mode == NUMAPERF_MODE_HARD && !pin->whole))
		return fail_first_missing(request, now);
	return 0;
}

static void restore(const struct numaperf_pin *pin)
{
	int r = mask_set(pin->saved);

	/* The CPUs from before may be gone by now. */
	if (r < 0)
		np_log(NUMAPERF_LOG_WARNING, "The thread's affinity from before the pin can't be restored: %s.", numaperf_strerror(r));
}

/* Soft mode can do without being allowed to; hard mode can't. */
static int denied(const struct request *request, struct numaperf_pin *pin, int result)
{
	bool locked = result == -EINVAL && is_locked(pin);

	if (result == -EINVAL && !locked)
		return fail_cpu(request, (unsigned)numaperf_cpuset_next(pin->cpus, -1));
	if (request->options.mode == NUMAPERF_MODE_SOFT) {
		pin->denied = locked ? EBUSY : -result;
		np_log(NUMAPERF_LOG_WARNING, "A soft pin was not applied: %s.",
		       locked ? "the thread is strictly pinned already" : numaperf_strerror(result));
		return 0;
	}
	if (locked)
		return fail_locked(request);
	return np_fail(-result, NUMAPERF_ERROR_PINNING, request->operation, "sched_setaffinity failed: %s.", numaperf_strerror(result));
}

static int apply(const struct request *request, struct numaperf_pin *pin)
{
	int r = mask_set(pin->cpus);

	if (r < 0)
		return denied(request, pin, r);
	pin->applied = true;
	r = read_back(request, pin);
	if (r < 0)
		restore(pin);
	return r;
}

/* ------------------------------------------------------------------ holding */

static unsigned pin_flags(const struct numaperf_pin_options *options)
{
	return (options->inherit_threads ? NUMAPERF_PIN_INHERIT_THREADS : 0) |
	       (options->inherit_children ? NUMAPERF_PIN_INHERIT_CHILDREN : 0) | (options->keep_on_exec ? NUMAPERF_PIN_KEEP_ON_EXEC : 0);
}

/* A lease lives at most as long as its session, so for a lease that outlives exec the descriptor must, too. */
static int keep_session(const struct request *request, int session)
{
	if (!request->options.keep_on_exec || fcntl(session, F_SETFD, 0) == 0)
		return 0;
	return np_fail(errno, NUMAPERF_ERROR_PINNING, request->operation, "The session can't be kept over exec: %s.", strerror(errno));
}

static int verify_held(const struct request *request, struct numaperf_pin *pin)
{
	struct numaperf_enforcement enforcement;
	int r = numaperf_pin_enforcement(pin, &enforcement);

	if (r < 0)
		return np_fail_in(r, NUMAPERF_ERROR_PINNING, request->operation);
	if (enforcement.level != NUMAPERF_LEVEL_STRICT)
		return np_fail_reason(EBUSY, NUMAPERF_ERROR_PINNING, enforcement.reason, request->operation,
				      "The pin did not hold when it was verified: %s", enforcement.message);
	return 0;
}

static int take_lease(const struct request *request, int session, struct numaperf_pin *pin)
{
	struct numaperf_ioc_thread_pin args = { .flags = pin_flags(&request->options) };
	int r = keep_session(request, session);

	if (r < 0)
		return r;
	args.cpus = (uintptr_t)np_cpuset_words(pin->cpus, &args.cpus_bits);
	r = kmod_thread_pin(session, &args);
	if (r < 0)
		return np_fail_in(r, NUMAPERF_ERROR_NONE, request->operation);
	pin->lease = (struct lease){ .session = session, .id = args.lease };
	r = verify_held(request, pin);
	if (r < 0)
		(void)kmod_release(session, args.lease);
	return r;
}

/* Without the module nothing is touched; after any later failure nothing stays. */
static int apply_hard(const struct request *request, struct numaperf_pin *pin)
{
	int session;
	int r = kmod_session_get(request->operation, &session);

	if (r < 0)
		return r;
	r = apply(request, pin);
	if (r < 0)
		goto err_session;
	r = take_lease(request, session, pin);
	if (r < 0)
		goto err_mask;
	return 0;

err_mask:
	restore(pin);
err_session:
	kmod_session_put();
	return r;
}

/* ------------------------------------------------------------------ public */

static int pin_new(const struct request *request, struct numaperf_pin **ret_pin)
{
	struct numaperf_pin *pin = calloc(1, sizeof(*pin));
	int r;

	if (!pin)
		return np_fail_nomem(request->operation);
	pin->owner = np_owner_here();
	pin->thread = thread_number();
	pin->tid = gettid();
	r = choose_cpus(request, pin);
	if (r == 0)
		r = request->options.mode == NUMAPERF_MODE_HARD ? apply_hard(request, pin) : apply(request, pin);
	if (r < 0) {
		pin_free(pin);
		return r;
	}
	pins_push(pin);
	*ret_pin = pin;
	return 0;
}

static int take_options(const struct numaperf_pin_options *options, struct request *request)
{
	int r = np_options_take(options, &request->options, sizeof(request->options), request->operation);

	if (r < 0)
		return r;
	if (request->options.mode != NUMAPERF_MODE_SOFT && request->options.mode != NUMAPERF_MODE_HARD)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_ARGUMENT, request->operation, "There is no mode %d.", (int)request->options.mode);
	return 0;
}

int numaperf_pin_cpus(const struct numaperf_cpuset *set, const struct numaperf_pin_options *options, struct numaperf_pin **ret_pin)
{
	struct request request = { .asked = set, .operation = "pin_cpus" };
	int r = take_options(options, &request);

	if (r < 0)
		return r;
	if (!set || numaperf_cpuset_is_empty(set))
		return np_fail(EINVAL, NUMAPERF_ERROR_EMPTY_CPU_SET, request.operation, "The set of CPUs to pin to is empty.");
	return pin_new(&request, ret_pin);
}

static int fail_node_without_cpus(struct numaperf_topology *topology, int node, const char *operation)
{
	int nearest = numaperf_topology_nearest_cpus(topology, node);

	if (nearest < 0)
		return np_fail(EINVAL, NUMAPERF_ERROR_EMPTY_CPU_SET, operation, "Node %d has no CPU that this process may use.", node);
	return np_fail(EINVAL, NUMAPERF_ERROR_EMPTY_CPU_SET, operation,
		       "Node %d has no CPU that this process may use; the nearest node that has is %d.", node, nearest);
}

int numaperf_pin_node(struct numaperf_topology *topology, int node, const struct numaperf_pin_options *options,
		      struct numaperf_pin **ret_pin)
{
	const struct numaperf_node *found = numaperf_topology_node(topology, node);
	struct request request = { .operation = "pin_node" };
	int r = take_options(options, &request);

	if (r < 0)
		return r;
	if (!found)
		return np_fail(EINVAL, NUMAPERF_ERROR_INVALID_NODE, request.operation, "There is no node %d, or it is not online.", node);
	request.asked = numaperf_node_cpus(found, NUMAPERF_CPU_ALLOWED);
	if (numaperf_cpuset_is_empty(request.asked))
		return fail_node_without_cpus(topology, node, request.operation);
	return pin_new(&request, ret_pin);
}

/* The thread's affinity against the pin's; lists are cut where they are long. */
static void say_affinity(const struct numaperf_pin *pin, const struct numaperf_cpuset *now, struct numaperf_enforcement *enforcement)
{
	char wanted[LIST_SIZE], have[LIST_SIZE];

	(void)numaperf_cpuset_format(pin->cpus, wanted, sizeof(wanted));
	(void)numaperf_cpuset_format(now, have, sizeof(have));
	if (!numaperf_cpuset_subset(now, pin->cpus))
		enforcement_say(enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_MOVED, "Pinned to CPUs %s, but the affinity is now %s.", wanted,
				have);
	else if (pin->lease.id)
		enforcement_say(enforcement, NUMAPERF_LEVEL_STRICT, NUMAPERF_WHY_AS_ASKED, "Held on CPUs %s by lease %llu.", have,
				(unsigned long long)pin->lease.id);
	else
		enforcement_say(enforcement, NUMAPERF_LEVEL_BEST_EFFORT, NUMAPERF_WHY_NOTHING_HOLDS_IT, "Pinned to CPUs %s%s; nothing holds it.",
				have, pin->whole ? "" : " (others asked for are offline or forbidden)");
}

static int check_affinity(const struct numaperf_pin *pin, struct numaperf_enforcement *enforcement)
{
	NUMAPERF_AUTO(cpuset) struct numaperf_cpuset *now = NULL;
	int r = mask_get(pin->tid, &now);

	if (r == -ESRCH)
		enforcement_say(enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_MOVED, "The pinned thread has ended.");
	else if (r < 0)
		return np_fail(-r, NUMAPERF_ERROR_PINNING, "pin_enforcement", "The thread's affinity can't be read: %s.", numaperf_strerror(r));
	else
		say_affinity(pin, now, enforcement);
	return 0;
}

int numaperf_pin_enforcement(struct numaperf_pin *pin, struct numaperf_enforcement *ret_enforcement)
{
	struct numaperf_enforcement enforcement = { .lease = pin->lease.id };
	int r = np_owner_check(pin->owner, "pin_enforcement");

	if (r < 0)
		return r;
	if (pin->denied) {
		enforcement_say(&enforcement, NUMAPERF_LEVEL_NONE, NUMAPERF_WHY_DENIED, "The affinity was not changed: %s.",
				pin->denied == EBUSY ? "the thread is strictly pinned already" : numaperf_strerror(-pin->denied));
	} else {
		r = pin->lease.id ? lease_check(&pin->lease, "pin_enforcement", &enforcement) : 1;
		if (r > 0)
			r = check_affinity(pin, &enforcement);
		if (r < 0)
			return r;
	}
	*ret_enforcement = enforcement;
	return 0;
}

/* Its tid may be another thread's of this process by now: then it is not known to have ended. */
static bool maker_has_ended(const struct numaperf_pin *pin)
{
	return tgkill(pin->owner.pid, pin->tid, 0) < 0 && errno == ESRCH;
}

int numaperf_pin_release(struct numaperf_pin *pin)
{
	bool own;

	if (!pin)
		return 0;
	own = np_owner_is_here(pin->owner) && pin->thread == thread_number();
	if (np_owner_is_here(pin->owner) && !own && !maker_has_ended(pin))
		return np_fail(EPERM, NUMAPERF_ERROR_PINNING, "pin_release", "Thread %d made this pin; only it can release it.", (int)pin->tid);
	if (np_owner_is_here(pin->owner)) /* a forked child only forgets it */
		lease_end(&pin->lease);
	if (!pins_remove(pin) && pin->applied && own)
		restore(pin);
	pin_free(pin);
	return 0;
}
