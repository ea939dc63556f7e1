/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <linux/numaperf.h>

#include <numaperf/error.h>

#include "core/names.h"
#include "core/reason.h"

static const struct {
	const char *name;
	const char *sentence;
} reasons[] = {
	[NUMAPERF_REASON_NONE] = { "none", "No reason was given." },

	[NUMAPERF_REASON_DISABLED] = { "disabled", "It is turned off by a parameter of the module." },
	[NUMAPERF_REASON_NO_HOOK] = { "no-hook", "This kernel lacks what the module would hook into." },
	[NUMAPERF_REASON_NO_BALANCING] = { "no-balancing", "This kernel is built without NUMA balancing." },
	[NUMAPERF_REASON_NOT_REQUESTED] = { "not-requested", "It was not asked for when counting began." },

	[NUMAPERF_REASON_OUTSIDE_SET] = { "outside-set", "The thread may run on CPUs outside of the asked set." },
	[NUMAPERF_REASON_ALREADY_PINNED] = { "already-pinned",
		"The thread is strictly pinned already (or bound by the kernel itself); release that pin first." },
	[NUMAPERF_REASON_DEADLINE] = { "deadline",
		"SCHED_DEADLINE and a strict pin exclude each other; use SCHED_FIFO, or a soft pin." },
	[NUMAPERF_REASON_FOREIGN_THREAD] = { "foreign-thread",
		"The thread is not one of this process; it has to pin itself." },
	[NUMAPERF_REASON_UNREACHABLE] = { "unreachable", "The thread could not be reached in time; try again." },
	[NUMAPERF_REASON_PRIVILEGE] = { "privilege",
		"The module lets only CAP_SYS_NICE of the initial user namespace take strict thread pins "
		"(parameter strict_pin=cap), or exclusive ones: run as root, or load it with strict_pin=any." },
	[NUMAPERF_REASON_EXCLUSIVE] = { "exclusive",
		"A CPU is held by another strict pin, and one of the two is exclusive (numaperf leases)." },

	[NUMAPERF_REASON_UNMAPPED] = { "unmapped", "A part of the range is not mapped." },
	[NUMAPERF_REASON_ABSENT] = { "absent", "A page of the range is not resident; write to every page first." },
	[NUMAPERF_REASON_WRONG_NODE] = { "wrong-node", "A page of the range is on a node outside of the asked set." },
	[NUMAPERF_REASON_MOVABLE_ONLY] = { "movable-only",
		"A page of the range is in movable memory (ZONE_MOVABLE or CMA), which can't be held where it "
		"is; use a node with ordinary memory (numaperf topo shows each node's kind)." },
	[NUMAPERF_REASON_READ_ONLY] = { "read-only", "A mapping of the range is not writable." },
	[NUMAPERF_REASON_FILE_MAPPING] = { "file-mapping",
		"A part of the range maps a file that is neither shared memory (tmpfs, memfd) nor hugetlb; its "
		"pages can't be held." },
	[NUMAPERF_REASON_DEVICE_MAPPING] = { "device-mapping",
		"A part of the range is memory of a device, which can't be held." },

	[NUMAPERF_REASON_LOCKED_MEMORY] = { "locked-memory",
		"The locked memory of this user is used up: raise it with `ulimit -l`, LimitMEMLOCK= of the "
		"systemd unit, or docker run --ulimit memlock=BYTES." },
	[NUMAPERF_REASON_LEASE_QUOTA] = { "lease-quota",
		"This user holds as many leases as the module allows; release some (numaperf leases)." },
	[NUMAPERF_REASON_THREAD_QUOTA] = { "thread-quota",
		"This user counts as many threads as the module allows; end other measurements first." },
	[NUMAPERF_REASON_NODE_CEILING] = { "node-ceiling",
		"As much of the node's memory is held in place as the module allows for all users together (its "
		"parameter node_locked_max, percent)." },
	[NUMAPERF_REASON_NO_MEMORY] = { "no-memory", "The kernel had no memory for its bookkeeping." },

	[NUMAPERF_REASON_CPUSET] = { "cpuset", "The CPUs left the cpuset of the thread." },
	[NUMAPERF_REASON_CPU_OFFLINE] = { "cpu-offline", "The CPUs went offline." },
	[NUMAPERF_REASON_UNMAPPED_PART] = { "unmapped-part", "A part of the range was unmapped, moved or discarded." },

	[NUMAPERF_REASON_RELEASED] = { "released", "It was released." },
	[NUMAPERF_REASON_CLOSED] = { "closed", "Its session was closed." },
	[NUMAPERF_REASON_EXITED] = { "exited", "The thread or process exited." },
	[NUMAPERF_REASON_EXECED] = { "execed", "The process executed another program." },
	[NUMAPERF_REASON_REVOKED] = { "revoked", "An administrator revoked it." },
	[NUMAPERF_REASON_UNMAPPED_ALL] = { "unmapped-all", "The whole range was unmapped." },
	[NUMAPERF_REASON_CREDENTIALS] = { "credentials",
		"The process changed its credentials or executed a set-id program." },
};

const char *numaperf_reason_to_string(unsigned reason)
{
	return reason < NP_COUNT(reasons) && reasons[reason].name ? reasons[reason].name : "unknown";
}

const char *np_reason_sentence(unsigned reason)
{
	return reason < NP_COUNT(reasons) && reasons[reason].sentence
		       ? reasons[reason].sentence
		       : "The module gave a reason that this version of the library does not know.";
}
